//! The checks behind the fuzz targets.
//!
//! A target in `fuzz_targets/` does nothing but call one of these functions. The crates run the same
//! functions over `seeds/` in their unit tests, so a check can be read, run and debugged without a fuzzer.

pub mod engine;
pub mod wire;
