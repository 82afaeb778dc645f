//! The `options` argument, and callables in it.

use super::arg::{List, config_value, elements_of, int_of};
use crate::face::{OptionValue, config};
use gamesockets::config::ConfigValue;
use godot::builtin::{Callable, VarDictionary, Variant, VariantType};
use std::sync::{Mutex, PoisonError};

/// Most different callables of one instance.
const CALLABLES_MAX: usize = 4096;
/// The settings that hold callables, and their type.
const CALLBACK_TYPE: i64 = 5;
/// An option: setting, type, value.
const PARTS: usize = 3;

/// Callables that settings name by number, from 1.
#[derive(Debug, Default)]
pub(super) struct Callables {
    kept: Mutex<Vec<Callable>>,
}

impl Callables {
    fn keep(&self, callable: Callable) -> Result<u64, String> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let at = match kept.iter().position(|known| *known == callable) {
            Some(at) => at,
            None if kept.len() >= CALLABLES_MAX => {
                return Err(format!(
                    "{CALLABLES_MAX} callables are kept already: use the same for all connections"
                ));
            }
            None => {
                kept.push(callable);
                kept.len() - 1
            }
        };
        Ok(at as u64 + 1)
    }

    /// The callable of that number, if it can still be called.
    pub(super) fn get(&self, number: u64) -> Option<Callable> {
        let at = usize::try_from(number).ok()?.checked_sub(1)?;
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(at).filter(|callable| callable.is_valid()).cloned()
    }

    /// Forgets all: the scripts that they belong to are about to go.
    pub(super) fn clear(&self) {
        let kept = std::mem::take(&mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner));
        drop(kept);
    }
}

/// Reads a list of `[setting, type, value]`, or a dictionary of settings and values.
pub(super) fn read(options: &Variant, keep: &Callables) -> Result<Vec<OptionValue>, String> {
    if options.get_type() == VariantType::DICTIONARY {
        let options: VarDictionary = options
            .try_to()
            .map_err(|_| "options is a typed Dictionary, an untyped one is needed".to_owned())?;
        config::check_count(options.len())?;
        let one = |(number, value): (Variant, Variant)| {
            let number = int_of(&number).map_err(|why| format!("a key of options {why}"))?;
            config::option(number, None, value_of(&value, keep)?).map_err(|why| format!("options: {why}"))
        };
        return options.iter_shared().map(one).collect();
    }
    let options = elements_of(options).map_err(|why| format!("options {why}"))?;
    config::check_count(options.len())?;
    let one = |(at, option): (usize, Variant)| {
        read_one(&option, keep).map_err(|why| format!("options[{at}] {why}"))
    };
    options.iter_shared().enumerate().map(one).collect()
}

/// The same where nobody would call a callable.
pub(crate) fn read_plain(options: &List) -> Result<Vec<OptionValue>, String> {
    let options = options.options(&Callables::default())?;
    match options.iter().find(|(_, value)| matches!(value, ConfigValue::Ptr(_))) {
        Some((key, _)) => Err(format!("{key} has no place here: signals tell what happens")),
        None => Ok(options),
    }
}

fn read_one(option: &Variant, keep: &Callables) -> Result<OptionValue, String> {
    let parts = elements_of(option)?;
    if parts.len() != PARTS {
        return Err(format!("has {} elements, [config value, data type, data value] has 3", parts.len()));
    }
    let number = int_of(&parts.at(0)).map_err(|why| format!("config value {why}"))?;
    let data_type = int_of(&parts.at(1)).map_err(|why| format!("data type {why}"))?;
    let value = value_of(&parts.at(2), keep).map_err(|why| format!("data value {why}"))?;
    if matches!(value, ConfigValue::Ptr(_)) != (data_type == CALLBACK_TYPE) {
        return Err(format!("has a value that is not of data type {data_type}"));
    }
    config::option(number, Some(data_type), value)
}

fn value_of(value: &Variant, keep: &Callables) -> Result<ConfigValue, String> {
    if value.get_type() == VariantType::CALLABLE {
        let callable: Callable = value.to();
        if !callable.is_valid() {
            return Err("is a Callable that cannot be called".to_owned());
        }
        return keep.keep(callable).map(ConfigValue::Ptr);
    }
    config_value(value)
}
