//! What can go wrong, one type per operation.

use gamesockets_endpoint::config::OptionError;
use gamesockets_endpoint::types::{BadHandle, ConnectError as NotConnected, ListenError as NotListening};
use gamesockets_proto::message::SendError as Refused;
use std::io;
use std::net::SocketAddr;

/// Why a [`Context`](crate::Context) could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ContextError {
    /// The operating system gave no random numbers; give a seed to do without.
    #[error("no random numbers from the operating system: {0}")]
    Entropy(#[source] io::Error),
    /// The operating system lacks what is needed to wait for sockets.
    #[error("cannot wait for sockets: {0}")]
    Poll(#[source] io::Error),
    /// No thread could be started; see [`ContextBuilder::manual_poll`](crate::ContextBuilder::manual_poll).
    #[error("cannot start the I/O thread: {0}")]
    Thread(#[source] io::Error),
    /// No I/O threads at all, or too many.
    #[error("{asked} I/O threads asked for; 1 to {max} are possible, and one per processor is enough")]
    IoThreads {
        /// Threads asked for.
        asked: usize,
        /// The most there can be.
        max: usize,
    },
    /// Polling by hand runs one loop.
    #[error("{asked} I/O threads asked for in a context that is polled by hand: leave one of the two out")]
    ManualThreads {
        /// Threads asked for.
        asked: usize,
    },
}

/// Why a listen socket was not made. Nothing is left of it.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The address cannot be bound: in use, not ours, or not allowed.
    #[error("cannot bind to {address}: {source}")]
    Bind {
        /// The address asked for.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// An option is not possible.
    #[error(transparent)]
    Option(#[from] OptionError),
    /// The transport refuses.
    #[error(transparent)]
    Refused(#[from] NotListening),
    /// The context was shut down.
    #[error("the context was shut down")]
    ShutDown,
}

/// Why a connection was not started. Nothing is left of it.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// No socket for talking to that address.
    #[error("no socket for talking to {to}: {source}")]
    Socket {
        /// The peer's address.
        to: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// An option is not possible.
    #[error(transparent)]
    Option(#[from] OptionError),
    /// The transport refuses.
    #[error(transparent)]
    Refused(#[from] NotConnected),
    /// The context was shut down.
    #[error("the context was shut down")]
    ShutDown,
}

/// Why a message was not taken for sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The handle was closed.
    #[error(transparent)]
    BadHandle(#[from] BadHandle),
    /// The connection ended; its handle waits to be closed.
    #[error("the connection is over; close its handle")]
    NoConnection,
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
    /// Too much data waits already.
    #[error(
        "{pending} bytes wait and the message has {size}: more than the send buffer of {limit}; send less or raise SendBufferSize"
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

impl From<Refused> for SendError {
    fn from(e: Refused) -> Self {
        match e {
            Refused::TooBig { size, limit } => Self::TooBig { size, limit },
            Refused::BadLane { lane, lanes } => Self::BadLane { lane, lanes },
            Refused::NoConnection => Self::NoConnection,
            Refused::LimitExceeded { pending, size, limit } => Self::LimitExceeded { pending, size, limit },
            Refused::Ignored => Self::Ignored,
        }
    }
}

/// Why a context was not polled.
#[derive(Debug, thiserror::Error)]
pub enum PollError {
    /// It has an I/O thread of its own.
    #[error("the context has its own I/O thread; build it with manual_poll to poll it yourself")]
    HasThread,
    /// It was shut down.
    #[error("the context was shut down")]
    ShutDown,
    /// The operating system cannot wait for the sockets.
    #[error("waiting for sockets failed: {0}")]
    Wait(#[source] io::Error),
}

/// Why a connection was not put into a poll group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GroupError {
    /// The connection's handle was closed.
    #[error("the connection was closed")]
    Connection,
    /// The poll group was destroyed.
    #[error("the poll group was destroyed, or belongs to another context")]
    Group,
}

/// Why no poll group was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CreateGroupError {
    /// Too many of them.
    #[error("{0} poll groups exist already; destroy one")]
    TooMany(usize),
    /// The context was shut down.
    #[error("the context was shut down")]
    ShutDown,
}

/// Why a connection ended that somebody waited for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the connection is over: {reason} ({text})")]
pub struct Ended {
    /// The reason code; 0 if we closed it.
    pub reason: gamesockets_wire::EndReason,
    /// A sentence about it.
    pub text: String,
    /// Whether the peer closed it.
    pub by_peer: bool,
}
