//! Where C and Rust meet: the files below hold all `unsafe` of the crate.
//!
//! What C passes becomes a value of one of the types here as soon as it arrives. They check for null, copy what is asked
//! for and know no lifetime beyond the call, so that the code behind them is ordinary Rust.

pub(crate) mod call;
pub(crate) mod callbacks;
#[macro_use]
pub(crate) mod export;
pub(crate) mod message;
pub(crate) mod objects;
pub(crate) mod ptr;
