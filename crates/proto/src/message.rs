//! Messages as the application sees them, and how it asks for them to be sent.

use alloc::sync::Arc;
use bytes::Bytes;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use gamesockets_wire::time::Timestamp;

/// A message that arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The bytes the peer sent; 0 to 512 KiB by default.
    pub payload: Bytes,
    /// The sender's number of the message on its lane, from 1.
    pub number: u64,
    /// The lane it was sent on, 0 to 255.
    pub lane: u16,
    /// Whether it was sent reliably.
    pub reliable: bool,
    /// When its last byte arrived.
    pub received_at: Timestamp,
}

/// How to send a message; numbers as in the C interface (protocol.md §4.5).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub struct SendFlags(pub u32);

impl SendFlags {
    /// Best effort: may be lost, duplicated or reordered.
    pub const UNRELIABLE: Self = Self(0);
    /// Do not wait for more data to share the packet with; also releases all messages that wait.
    pub const NO_NAGLE: Self = Self(1);
    /// Drop the message rather than let it wait (not connected yet, or more than about 200 ms of data queued).
    pub const NO_DELAY: Self = Self(4);
    /// Sent again until the peer has it; in order within its lane.
    pub const RELIABLE: Self = Self(8);
    /// Do the packet work on the calling thread where possible.
    pub const USE_CURRENT_THREAD: Self = Self(16);
    /// Only for the messages interface; ignored on connections.
    pub const AUTO_RESTART_BROKEN_SESSION: Self = Self(32);

    /// Whether all bits of `other` are set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl core::ops::BitOr for SendFlags {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Why a message was not taken for sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Longer than the limit.
    #[error("the message has {size} bytes, more than the limit of {limit}; split it")]
    TooBig {
        /// Bytes of the message.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The lane was not configured.
    #[error("lane {lane} does not exist: {lanes} configured; configure lanes before sending on them")]
    BadLane {
        /// The lane asked for.
        lane: u16,
        /// How many lanes there are.
        lanes: u16,
    },
    /// The connection ended, or the handle names none.
    #[error("the connection is over")]
    NoConnection,
    /// Too much data waits already.
    #[error(
        "{pending} bytes wait to be sent and the message has {size}: more than the send buffer of {limit}; send less or raise SendBufferSize"
    )]
    LimitExceeded {
        /// Bytes that wait.
        pending: u64,
        /// Bytes of the message.
        size: usize,
        /// The limit in bytes.
        limit: u64,
    },
    /// A no-delay message would have had to wait.
    #[error("dropped as asked: the message would have had to wait")]
    Ignored,
}

/// Figures about one connection that the application's side and the engine's side both read and write without a lock.
#[derive(Debug, Default)]
pub struct Gauges {
    /// Bytes of messages that the engine took over and has not sent yet, or has to send again.
    pub send_pending: AtomicU64,
    /// Bytes received and not yet read by the application.
    pub recv_bytes: AtomicU64,
    /// Messages received and not yet read by the application.
    pub recv_messages: AtomicU32,
    /// The present send rate, bytes per second, up to 4 GB/s.
    pub send_rate: AtomicU32,
}

impl Gauges {
    /// New gauges at zero.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// `messages` messages with together `bytes` bytes are on their way to the application's receive queue.
    pub fn on_arrived(&self, messages: u32, bytes: u64) {
        self.recv_messages.fetch_add(messages, Relaxed);
        self.recv_bytes.fetch_add(bytes, Relaxed);
    }

    /// The application took `messages` messages with together `bytes` bytes out of the receive queue.
    pub fn on_read(&self, messages: u32, bytes: u64) {
        self.recv_messages.fetch_sub(messages, Relaxed);
        self.recv_bytes.fetch_sub(bytes, Relaxed);
    }
}
