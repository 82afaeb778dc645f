//! This project against the reference library (GameNetworkingSockets 1.6), over the loopback interface.
//!
//! The other side is not part of this repository. Environment variables name it (see `interop/env.rs`); a case that
//! lacks something is skipped with the reason. The program is its own test harness, see `interop/harness.rs`.

#[path = "interop/cases/mod.rs"]
mod cases;
#[path = "interop/chat.rs"]
mod chat;
#[path = "interop/env.rs"]
mod env;
#[path = "interop/harness.rs"]
mod harness;
#[path = "interop/ours.rs"]
mod ours;
#[path = "interop/relay.rs"]
mod relay;
#[path = "interop/side.rs"]
mod side;
#[path = "interop/world.rs"]
mod world;

use gamesockets_reference as gns;
use std::process::ExitCode;

fn main() -> ExitCode {
    gns::show_complaints(|text| eprintln!("{text}"));
    harness::main(&cases::all(), cases::peer)
}
