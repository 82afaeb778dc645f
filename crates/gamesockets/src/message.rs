//! Messages that arrived, and messages to send in batches.

use crate::error::SendError;
use bytes::Bytes;
use gamesockets_endpoint::slab::ConnId;
use gamesockets_proto::message::{Message as Arrived, SendFlags};
use gamesockets_wire::Timestamp;
use std::fmt;

/// A message that arrived. It keeps nothing alive but its own bytes, or those of the packet it came in.
#[derive(Clone)]
pub struct Message {
    arrived: Arrived,
    user_data: i64,
    connection: ConnId,
}

impl Message {
    pub(crate) const fn new(arrived: Arrived, connection: ConnId, user_data: i64) -> Self {
        Self { arrived, user_data, connection }
    }

    /// The bytes that the peer sent.
    pub const fn payload(&self) -> &Bytes {
        &self.arrived.payload
    }

    /// The bytes that the peer sent, without copying them.
    pub fn into_payload(self) -> Bytes {
        self.arrived.payload
    }

    /// The peer's number of the message: 1, 2, 3 ... on each lane.
    pub const fn number(&self) -> u64 {
        self.arrived.number
    }

    /// The lane it came on.
    pub const fn lane(&self) -> u16 {
        self.arrived.lane
    }

    /// Whether it was sent reliably. The peer's library sends large unreliable messages reliably too.
    pub const fn is_reliable(&self) -> bool {
        self.arrived.reliable
    }

    /// When its last byte arrived, on the clock of [`Context::now`](crate::Context::now).
    pub const fn received_at(&self) -> Timestamp {
        self.arrived.received_at
    }

    /// The connection it came over. [`Context::connection`](crate::Context::connection) finds it, and with it who the
    /// peer is, as long as it is not closed.
    pub const fn connection(&self) -> ConnId {
        self.connection
    }

    /// The user data that the connection had when the message was taken out of the queue.
    pub const fn user_data(&self) -> i64 {
        self.user_data
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("connection", &self.connection)
            .field("number", &self.arrived.number)
            .field("lane", &self.arrived.lane)
            .field("reliable", &self.arrived.reliable)
            .field("bytes", &self.arrived.payload.len())
            .finish_non_exhaustive()
    }
}

impl AsRef<[u8]> for Message {
    fn as_ref(&self) -> &[u8] {
        &self.arrived.payload
    }
}

/// One message of a batch to send.
#[derive(Clone, Debug)]
pub struct OutgoingMessage {
    /// The bytes.
    pub payload: Bytes,
    /// How to send it.
    pub flags: SendFlags,
    /// The lane to send it on.
    pub lane: u16,
    /// The message's number on its lane, or why it was not taken. `None` before the batch is sent, and afterwards if
    /// an earlier message to the same connection was not taken: then this one was not tried.
    pub result: Option<Result<u64, SendError>>,
}

impl OutgoingMessage {
    /// A message for lane 0.
    pub fn new(payload: impl Into<Bytes>, flags: SendFlags) -> Self {
        Self { payload: payload.into(), flags, lane: 0, result: None }
    }

    /// The same for another lane.
    #[must_use]
    pub fn on_lane(self, lane: u16) -> Self {
        Self { lane, ..self }
    }
}

/// A message of a batch over several connections.
#[derive(Clone, Debug)]
pub struct AddressedMessage {
    /// Where to.
    pub connection: ConnId,
    /// What.
    pub message: OutgoingMessage,
}
