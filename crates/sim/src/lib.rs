//! A world in a box: endpoints, applications and a bad network under one virtual clock and one seed, with rules that
//! are checked after every step.
//!
//! | part | does |
//! |---|---|
//! | [`world::World`] | time, hosts, links; runs until something happens or a rule is broken |
//! | [`host`] | drives an endpoint as a driver does: batches, deadlines, late wake-ups |
//! | [`ctx::Ctx`] | what an application does; every send and every message goes through the books |
//! | [`book`], [`ledger`] | the rules: exactly once, in order, intact; no state change or drop without a cause |
//! | [`calm`] | what must hold when the faults are over |
//! | [`attack`] | strangers that forge datagrams, and peers with real keys that misbehave |
//! | [`scenario`], [`mod@soak`] | worlds drawn from seeds, by the thousand |
//!
//! Nothing here reads a clock or draws entropy: the same seed gives the same world, step by step
//! ([`world::World::trace_hash`]).
#![forbid(unsafe_code)]

pub mod actor;
pub mod app;
pub mod attack;
pub mod book;
mod boxes;
pub mod calm;
pub mod ctx;
pub mod explain;
pub mod host;
pub mod ledger;
pub mod link;
pub mod rng;
pub mod scenario;
mod shared;
pub mod soak;
pub mod trace;
pub mod world;

pub use app::{App, Plain};
pub use ctx::Ctx;
pub use link::LinkConfig;
pub use soak::{Budget, SoakReport, soak};
pub use trace::{Failure, FlowId, HostId};
pub use world::World;
