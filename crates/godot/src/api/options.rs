//! The `options` argument, and callables in it.

use super::arg::{List, config_value, elements_of, int_of};
use crate::face::{OptionValue, config};
use gamesockets::config::ConfigValue;
use godot::builtin::{AnyDictionary, Callable, Variant, VariantType};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Most different callables of one instance.
const CALLABLES_MAX: usize = 4096;
/// The settings that hold callables, and their type.
const CALLBACK_TYPE: i64 = 5;

/// Callables that settings name by number, from 1.
#[derive(Debug, Default)]
pub(super) struct Callables {
    kept: Mutex<Vec<Option<Kept>>>,
}

/// A callable, and how many options name it.
#[derive(Debug)]
struct Kept {
    callable: Callable,
    uses: usize,
}

impl Callables {
    fn locked(&self) -> MutexGuard<'_, Vec<Option<Kept>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, callable: Callable) -> Result<u64, String> {
        let mut all = self.locked();
        if let Some((at, known)) = all.iter_mut().enumerate().find_map(|(at, slot)| {
            slot.as_mut().filter(|kept| kept.callable == callable).map(|kept| (at, kept))
        }) {
            known.uses += 1;
            return Ok(at as u64 + 1);
        }
        let kept = Some(Kept { callable, uses: 1 });
        if let Some(at) = all.iter().position(Option::is_none) {
            all[at] = kept;
            return Ok(at as u64 + 1);
        }
        if all.len() >= CALLABLES_MAX {
            return Err(format!(
                "{CALLABLES_MAX} callables are kept already: use the same for all connections"
            ));
        }
        all.push(kept);
        Ok(all.len() as u64)
    }

    /// One option fewer names it.
    pub(super) fn let_go(&self, number: u64) {
        let mut all = self.locked();
        let slot = usize::try_from(number).ok().and_then(|number| all.get_mut(number.checked_sub(1)?));
        let Some(slot) = slot else { return };
        let gone = match slot {
            Some(kept) if kept.uses > 1 => {
                kept.uses -= 1;
                None
            }
            last => last.take(),
        };
        // What a lambda holds on to may run code when it goes.
        drop(all);
        drop(gone);
    }

    /// The callable of that number, if it can still be called.
    pub(super) fn get(&self, number: u64) -> Option<Callable> {
        let at = usize::try_from(number).ok()?.checked_sub(1)?;
        let all = self.locked();
        let kept = all.get(at)?.as_ref()?;
        kept.callable.is_valid().then(|| kept.callable.clone())
    }

    /// Forgets all: the scripts that they belong to are about to go.
    pub(super) fn clear(&self) {
        let all = std::mem::take(&mut *self.locked());
        drop(all);
    }
}

/// Options of something that is about to be made. Unless it is, the callables among them are let go of.
#[derive(Debug)]
pub(super) struct Options<'a> {
    values: Vec<OptionValue>,
    callables: &'a Callables,
    unsettled: Vec<u64>,
}

impl<'a> Options<'a> {
    const fn none(callables: &'a Callables) -> Self {
        Self { values: Vec::new(), callables, unsettled: Vec::new() }
    }

    pub(super) fn values(&self) -> &[OptionValue] {
        &self.values
    }

    /// It was made.
    pub(super) fn settle(mut self) {
        self.unsettled.clear();
    }

    /// A setting's value, or a number for a callable.
    fn value_of(&mut self, value: &Variant) -> Result<ConfigValue, String> {
        if value.get_type() != VariantType::CALLABLE {
            return config_value(value);
        }
        let callable: Callable = value.to();
        if !callable.is_valid() {
            return Err("is a Callable that cannot be called".to_owned());
        }
        let number = self.callables.keep(callable)?;
        self.unsettled.push(number);
        Ok(ConfigValue::Ptr(number))
    }

    /// One `[setting, type, value]`.
    fn add(&mut self, option: &Variant) -> Result<(), String> {
        let parts = elements_of(option)?;
        let [number, data_type, value] = parts.as_slice() else {
            return Err(format!("has {} elements, [config value, data type, data value] has 3", parts.len()));
        };
        let number = int_of(number).map_err(|why| format!("config value {why}"))?;
        let data_type = int_of(data_type).map_err(|why| format!("data type {why}"))?;
        let value = self.value_of(value).map_err(|why| format!("data value {why}"))?;
        if matches!(value, ConfigValue::Ptr(_)) != (data_type == CALLBACK_TYPE) {
            return Err(format!("has a value that is not of data type {data_type}"));
        }
        self.values.push(config::option(number, Some(data_type), value)?);
        Ok(())
    }

    /// One setting, and its value of whatever type it has.
    fn add_entry(&mut self, number: &Variant, value: &Variant) -> Result<(), String> {
        let number = int_of(number).map_err(|why| format!("a key of options {why}"))?;
        let option = self.value_of(value).and_then(|value| config::option(number, None, value));
        self.values.push(option.map_err(|why| format!("options: {number}: {why}"))?);
        Ok(())
    }
}

impl Drop for Options<'_> {
    fn drop(&mut self) {
        for number in self.unsettled.drain(..) {
            self.callables.let_go(number);
        }
    }
}

/// Reads a list of `[setting, type, value]`, or a dictionary of settings and values.
pub(super) fn read<'a>(options: &Variant, keep: &'a Callables) -> Result<Options<'a>, String> {
    let mut read = Options::none(keep);
    if options.get_type() == VariantType::DICTIONARY {
        let options: AnyDictionary = options.to();
        config::check_count(options.len())?;
        options.iter_shared().try_for_each(|(number, value)| read.add_entry(&number, &value))?;
        return Ok(read);
    }
    let options = elements_of(options).map_err(|why| format!("options {why}"))?;
    config::check_count(options.len())?;
    for (at, option) in options.iter().enumerate() {
        read.add(option).map_err(|why| format!("options[{at}] {why}"))?;
    }
    Ok(read)
}

/// The same where nobody would call a callable.
pub(crate) fn read_plain(options: &List) -> Result<Vec<OptionValue>, String> {
    let nobody = Callables::default();
    let options = options.options(&nobody)?;
    match options.values().iter().find(|(_, value)| matches!(value, ConfigValue::Ptr(_))) {
        Some((key, _)) => Err(format!("{key} has no place here: signals tell what happens")),
        None => Ok(options.values().to_vec()),
    }
}
