//! The published tables of the interface.

use serde_json::Value;
use std::sync::LazyLock;

pub(crate) static ABI: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../../../testdata/capi/abi.json")).unwrap());

pub(crate) fn rows(table: &str) -> &'static [Value] {
    ABI[table].as_array().unwrap()
}

pub(crate) fn row(table: &str, name: &str) -> &'static Value {
    rows(table).iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("{name} in {table}"))
}

pub(crate) fn number(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}
