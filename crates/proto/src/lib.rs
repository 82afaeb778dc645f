//! One connection as a state machine: handshake, reliability, lanes, rate, statistics.
//!
//! Nothing here opens a socket, reads a clock, starts a thread or draws entropy: datagrams, time and random numbers
//! come in as arguments, datagrams and messages go out as return values. Section numbers refer to `docs/spec/protocol.md`.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]
extern crate alloc;

pub mod config;
pub mod connection;
pub mod handshake;
pub mod limits;
pub mod message;
pub mod rate;
pub mod snp;
pub mod stats;
pub mod util;
