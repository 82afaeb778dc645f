//! The receiving half: packet numbers and acks, reliable streams, unreliable fragments.

mod numbers;
mod payload;
mod receiver;
mod reliable;
mod unreliable;

pub use numbers::{Arrival, PacketNumbers, StopWaitingError};
pub use receiver::{Inbox, PacketReport, Receiver, RecvLimits, StreamError};
