//! Every exported function: its name, its parameters, and what does the work.

pub mod library;
pub mod messages;
pub mod sockets;
pub mod structs;
pub mod utils;

use crate::ffi::export::Symbol;

/// All exported functions.
pub fn all() -> impl Iterator<Item = &'static Symbol> {
    [library::LIBRARY, structs::STRUCTS, sockets::SOCKETS, utils::UTILS, messages::MESSAGES]
        .into_iter()
        .flatten()
}
