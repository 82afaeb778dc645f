//! Loading of the vectors in `testdata/wire`.

use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde_json::Value;

/// The cases of one vector file.
pub(crate) fn cases<T: DeserializeOwned>(name: &str) -> Vec<T> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("../../testdata/wire/{name}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut file: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
    let cases: Vec<T> =
        serde_json::from_value(file["cases"].take()).unwrap_or_else(|e| panic!("{name}: {e}"));
    assert!(!cases.is_empty(), "{name} has no cases");
    cases
}

/// Bytes from hexadecimal digits; spaces are for the reader.
pub(crate) fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|c| *c != b' ').collect();
    let (pairs, odd) = digits.as_chunks::<2>();
    assert!(odd.is_empty(), "odd number of digits: {text}");
    let byte = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    pairs.iter().map(byte).collect()
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
