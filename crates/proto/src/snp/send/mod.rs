//! The sending half: outbox, lanes, packet contents, packets in flight.

mod assemble;
mod inflight;
mod lane;
mod outbox;
mod sender;

pub use inflight::SentPacket;
pub use lane::LaneConfig;
pub use outbox::{Outbox, SendLimits};
pub use sender::{AckReport, Sender};
