//! Values under names that the game gives.

use super::lock;
use std::collections::BTreeMap;
use std::sync::Mutex;

/// Most names in a table. A game has a handful; one that makes them up without end is told.
const NAMES_MAX: usize = 4096;
/// Longest name, bytes.
const NAME_BYTES_MAX: usize = 255;

/// A table of names.
#[derive(Debug)]
pub(super) struct Table<V> {
    values: Mutex<BTreeMap<String, V>>,
}

impl<V> Default for Table<V> {
    fn default() -> Self {
        Self { values: Mutex::default() }
    }
}

impl<V: Clone> Table<V> {
    /// What stands under the name.
    pub(super) fn get(&self, name: &str) -> Option<V> {
        lock(&self.values).get(name).cloned()
    }

    /// Puts something under the name.
    pub(super) fn put(&self, name: &str, value: V) -> Result<(), String> {
        if name.is_empty() {
            return Err("the reference name is empty: give it one".to_owned());
        }
        if name.len() > NAME_BYTES_MAX {
            return Err(format!(
                "the reference name has {} bytes, {NAME_BYTES_MAX} are possible",
                name.len()
            ));
        }
        let mut values = lock(&self.values);
        if values.len() >= NAMES_MAX && !values.contains_key(name) {
            return Err(format!("{NAMES_MAX} names are taken: clear some"));
        }
        values.insert(name.to_owned(), value);
        Ok(())
    }

    /// Forgets the name. Whether it was known.
    pub(super) fn remove(&self, name: &str) -> bool {
        lock(&self.values).remove(name).is_some()
    }

    /// All names in order.
    pub(super) fn all(&self) -> Vec<(String, V)> {
        lock(&self.values).iter().map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_bounded() {
        let table = Table::default();
        for name in 0..NAMES_MAX {
            table.put(&name.to_string(), 1).unwrap();
        }
        assert!(table.put("more", 1).unwrap_err().contains("clear some"));
        table.put("0", 2).unwrap();
        assert_eq!(table.get("0"), Some(2));
        assert!(table.remove("0") && !table.remove("0"));
        table.put("more", 1).unwrap();
        assert_eq!(table.all().len(), NAMES_MAX);
        assert!(table.put("", 1).is_err());
        assert!(table.put(&"x".repeat(256), 1).is_err());
    }
}
