//! What a connection knows about its link: round trips, rates, losses, and whether the peer is alive.
//!
//! Four parts that do not know each other; the connection feeds them and takes the earliest of their deadlines.
//!
//! | part | answers | source |
//! |---|---|---|
//! | [`PingTracker`] | milliseconds as the peer and the application see them; retransmission time-out | protocol.md §3.15 |
//! | [`Rtt`] | microseconds for loss recovery and pacing | RFC 9002 section 5 |
//! | [`LinkStats`] | counters, rates, quality, jitter; statistics blobs to and from the peer | protocol.md §3.16 |
//! | [`Liveness`] | when to probe, when to give up | protocol.md §3.16 |
//!
//! Memory: the four together take under 400 bytes. Distributions live on the heap and appear only with real traffic:
//! the ping distribution once samples come less than two seconds apart, the link's once five seconds held more than
//! five packets or the peer sent packet times. A connection that only keeps itself alive never allocates them.
//!
//! Nothing here needs a timer to stay correct: intervals end when the next event or question comes after their end.

mod flow;
mod histogram;
mod link;
mod liveness;
mod ping;
mod report;
mod rtt;
mod schedule;

pub use histogram::{JitterCounts, PingCounts, QualityCounts};
pub use link::{LinkCounters, LinkStats, LinkStatus, SequencedEvent};
pub use liveness::{AckRequest, Liveness};
pub use ping::PingTracker;
pub use report::{InstantaneousReport, LifetimeReport, PingNtiles, QualityNtiles, RemoteStats};
pub use rtt::Rtt;
pub use schedule::StatsWanted;

/// How much the connection wants something inside its next packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Want {
    /// Not now.
    #[default]
    No,
    /// If a packet leaves anyway and has room; never a reason to send one.
    MayRide,
    /// Now. For statistics this is a reason to send a packet by itself.
    Must,
}

/// Microseconds in a second.
const SECOND_US: u64 = 1_000_000;

#[cfg(test)]
mod tests;
