//! The whole transport without input or output: connections, listen sockets, timers, settings, a simulated bad network.
//!
//! [`endpoint::Endpoint`] is driven by somebody who owns sockets and a clock (crate `gamesockets`) or a simulated world
//! (crate `gamesockets-sim`).
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]
extern crate alloc;

pub mod config;
pub mod counters;
pub mod endpoint;
pub mod fakenet;
pub mod heap;
pub mod quota;
mod routes;
pub mod slab;
pub mod types;

pub use endpoint::{Endpoint, EndpointConfig};
pub use slab::{ConnId, ListenerId, PollGroupId};
pub use types::{Event, SocketId, Transmit};
