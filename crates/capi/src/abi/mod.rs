//! The binary interface: layouts and numbers.

pub mod numbers;
pub mod structs;
