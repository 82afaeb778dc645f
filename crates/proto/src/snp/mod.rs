//! The payload protocol: messages to packets and back (protocol.md §3).

pub mod recv;
pub mod send;
