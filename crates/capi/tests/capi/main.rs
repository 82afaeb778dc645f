//! The C interface, called as C calls it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]
#![allow(non_snake_case, reason = "names of the C interface")]

#[macro_use]
mod c;
mod bad_input;
mod behaviour;
mod header;
mod layout;
mod messages;
mod programs;
mod reference;
mod symbols;
mod tables;
mod talk;
