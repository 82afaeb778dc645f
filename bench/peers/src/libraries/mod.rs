//! The libraries that are measured. Each does every scenario with the settings that suit it best.

mod enet;
mod gns;
mod ours;
mod quinn;
mod raw;
mod renet;

use crate::child::{ChildArgs, Parent, Side};
use bench_common::Result;

/// The variable that names the library to measure through its C interface.
pub(crate) const GNS_VARIABLE: &str = "GAMESOCKETS_GNS_LIB";
/// Idle connections that exist before memory is taken for the first time: what the first ones cost is not theirs.
const BASE: usize = 10;

/// Does the task with the library it names.
pub(crate) fn run(args: &ChildArgs, side: Side, parent: &Parent) -> Result<()> {
    match (args.peer.as_str(), side) {
        ("raw", Side::Server) => raw::server(args, parent),
        ("raw", Side::Client) => raw::client(args),
        ("gamesockets", Side::Server) => ours::server(args, parent),
        ("gamesockets", Side::Client) => ours::client(args, parent),
        ("gns", Side::Server) => gns::server(args, parent),
        ("gns", Side::Client) => gns::client(args, parent),
        ("quinn", Side::Server) => quinn::server(args, parent),
        ("quinn", Side::Client) => quinn::client(args, parent),
        ("renet", Side::Server) => renet::server(args, parent),
        ("renet", Side::Client) => renet::client(args, parent),
        ("enet", Side::Server) => enet::server(args, parent),
        ("enet", Side::Client) => enet::client(args, parent),
        (name, _) => Err(format!(
            "no library is named {name}; there are raw, gamesockets, gns, quinn, renet, enet, and those of --exec"
        )
        .into()),
    }
}
