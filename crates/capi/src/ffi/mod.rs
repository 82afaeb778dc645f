//! Where C and Rust meet: the files below hold all `unsafe` of the crate.
//!
//! What C passes becomes a value of one of the types here as soon as it arrives. They check for null, copy what is asked
//! for and know no lifetime beyond the call, so that the code behind them is ordinary Rust.

pub mod call;
pub mod callbacks;
#[macro_use]
pub mod export;
pub mod message;
pub mod objects;
pub mod ptr;
