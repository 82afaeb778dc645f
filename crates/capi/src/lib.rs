//! `libGameNetworkingSockets`: the C interface of Valve's library of that name, with this project's engine behind it.
//!
//! Programs written for that library run with this one in its place. What is exported, and how structs lie in memory,
//! is written down in `testdata/capi/abi.json` and compared by tests; `include/gamesockets.h` is made from the same.
//!
//! | where | what |
//! |---|---|
//! | [`abi`] | layouts and numbers |
//! | [`exports`] | every exported function, one line each: name, parameters, what does the work |
//! | `imp` | the work, in ordinary Rust |
//! | [`ffi`] | all `unsafe`: pointers, messages, functions and objects of the application's |
//!
//! Every call comes in through `ffi::call::guarded`, which ends panics and calls out for buffers that are no longer used.
//! No lock is held while the application's code runs.

#![allow(non_snake_case, reason = "the name that programs look for")]

pub mod abi;
#[macro_use]
pub mod ffi;
pub mod exports;
mod imp;

pub use ffi::objects::{MESSAGES_METHODS, SOCKETS_METHODS, UTILS_METHODS};
