//! What happened, for the application to look at when it likes.

use crate::block::Block;
use crate::connection::Connection;
use crate::identity::AuthenticationStatus;
use gamesockets_endpoint::slab::ListenerId;
use gamesockets_endpoint::types::ConnectionInfo;
use gamesockets_proto::connection::ConnectionState;
use std::sync::Arc;

/// Something happened. Records are made when it happens and never change afterwards.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A connection entered another state.
    ///
    /// * `old` `None`, `new` `Connecting`, with a listener: somebody wants to connect. Accept or close it.
    /// * `new` `Connected`: data flows.
    /// * `new` `ClosedByPeer` or `ProblemDetectedLocally`: it ended; read what is left, then close it.
    /// * `new` `None`: its handle is gone, by our own doing.
    ConnectionStatusChanged {
        /// The connection.
        connection: Connection,
        /// The listen socket it came in through.
        listener: Option<ListenerId>,
        /// State before.
        old: ConnectionState,
        /// State now; the connection itself may be further already.
        new: ConnectionState,
        /// The facts at that moment.
        info: ConnectionInfo,
        /// What `CallbackConnectionStatusChanged` was at that moment; 0 for nothing. It means something to layers for
        /// other languages, which keep a function there.
        callback: u64,
    },
    /// Our readiness to prove who we are changed.
    AuthenticationStatus(AuthenticationStatus),
}

/// An event in the queue. It does not keep the context alive.
#[derive(Debug)]
pub(crate) enum Queued {
    Status {
        block: Arc<Block>,
        old: ConnectionState,
        new: ConnectionState,
        info: Box<ConnectionInfo>,
        callback: u64,
    },
    Authentication(AuthenticationStatus),
}
