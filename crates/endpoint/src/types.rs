//! Values that the endpoint exchanges with its driver.

use alloc::boxed::Box;
use alloc::string::String;
use core::net::SocketAddr;
use gamesockets_proto::connection::ConnectionState;
use gamesockets_wire::identity::Identity;
use gamesockets_wire::reason::EndReason;

use crate::slab::{ConnId, ListenerId};

/// A socket of the driver's; numbers are the driver's choice, unique while in use.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SocketId(pub u32);

/// Datagrams for one destination, all of `segment` bytes but the last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Transmit {
    /// The socket to send from.
    pub socket: SocketId,
    /// Where to.
    pub to: SocketAddr,
    /// Bytes in the buffer.
    pub len: usize,
    /// Bytes of each datagram but the last, which may be shorter.
    pub segment: usize,
    /// How many datagrams.
    pub count: usize,
}

/// Something the application or the driver has to know.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The state that the application sees changed.
    StateChanged {
        /// The connection.
        conn: ConnId,
        /// The listen socket it came in through.
        listener: Option<ListenerId>,
        /// State before; `None` for a new connection.
        old: ConnectionState,
        /// State now.
        new: ConnectionState,
        /// The facts at that moment.
        info: Box<ConnectionInfo>,
    },
    /// The connection is gone altogether; its id may be given to another one later.
    Destroyed {
        /// The connection.
        conn: ConnId,
    },
    /// Nothing uses the socket any more.
    SocketUnused {
        /// The socket.
        socket: SocketId,
    },
}

/// The peer's certificate is not vouched for by an authority.
pub const FLAG_UNAUTHENTICATED: u32 = 1;
/// Packets are not encrypted.
pub const FLAG_UNENCRYPTED: u32 = 2;
/// The peer is in this process, without a network between.
pub const FLAG_LOOPBACK_BUFFERS: u32 = 4;
/// The peer is on this machine or close by.
pub const FLAG_FAST: u32 = 8;
/// Packets go through a relay.
pub const FLAG_RELAYED: u32 = 16;

/// Facts about a connection, as getConnectionInfo gives them.
#[derive(Clone, Debug, PartialEq)]
pub struct ConnectionInfo {
    /// Who the peer is; invalid while unknown.
    pub identity: Identity,
    /// The application's number; -1 by default.
    pub user_data: i64,
    /// The listen socket it came in through.
    pub listener: Option<ListenerId>,
    /// The peer's address, if packets go there directly.
    pub remote: Option<SocketAddr>,
    /// State as the application sees it.
    pub state: ConnectionState,
    /// Why it ended; 0 while it lives.
    pub end_reason: EndReason,
    /// A sentence about the end.
    pub end_debug: String,
    /// One line that names the connection in logs.
    pub description: String,
    /// Sum of the `FLAG_` constants that apply.
    pub flags: u32,
    /// The name that the application gave.
    pub name: String,
}

/// A handle that names nothing (any more).
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the handle names nothing: it was closed, or never given out")]
pub struct BadHandle;

/// Why a listen socket could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListenError {
    /// Too many listen sockets.
    #[error("{0} listen sockets exist already; close one")]
    TooMany(usize),
    /// The driver's socket serves another listen socket.
    #[error("the socket serves another listen socket already")]
    SocketInUse,
    /// Symmetric connect is for peer-to-peer connections.
    #[error("SymmetricConnect is only for peer-to-peer connections; set it to 0 for listening by address")]
    Symmetric,
    /// Peers must be authenticated but nobody is trusted and we hold no certificate.
    #[error(
        "IP_AllowWithoutAuth is 0 but there is no trusted authority: add a trusted root and install a certificate, or set it to 1 or 2"
    )]
    NoAuthority,
}

/// Why a connection could not be started.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// Too many connections.
    #[error("{0} connections exist already; close some or raise the limit")]
    TooMany(usize),
    /// The address has no port.
    #[error("port 0 cannot be connected to")]
    NoPort,
    /// The socket talks to that address already: one connection per pair.
    #[error("this socket has a connection to {0} already; use another socket")]
    AddressInUse(SocketAddr),
    /// We must prove who we are and cannot.
    #[error("IP_AllowWithoutAuth is 0 but no certificate is installed: install one, or set it to 1 or 2")]
    NoCertificate,
    /// Both ends of a pair refuse the other's way of protecting packets.
    #[error("{0}")]
    Handshake(#[from] gamesockets_proto::handshake::HandshakeError),
}

/// Why an incoming connection was not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AcceptError {
    /// No such connection.
    #[error(transparent)]
    BadHandle(#[from] BadHandle),
    /// It cannot be accepted.
    #[error(transparent)]
    Refused(#[from] gamesockets_proto::connection::AcceptError),
}

/// Why lanes were not configured.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LanesError {
    /// No such connection.
    #[error(transparent)]
    BadHandle(#[from] BadHandle),
    /// The connection ended.
    #[error("the connection is over")]
    Closed,
    /// Zero lanes or more than 255.
    #[error("{0} lanes asked for; 1 to 255 are possible")]
    Count(usize),
    /// Lanes cannot be taken away.
    #[error("{have} lanes exist, {asked} asked for: the number can only grow")]
    Reduced {
        /// Lanes there are.
        have: usize,
        /// Lanes asked for.
        asked: usize,
    },
    /// A weight of zero.
    #[error("lane {lane} has weight 0; weights are 1 to 65535")]
    ZeroWeight {
        /// The lane.
        lane: usize,
    },
    /// The peer knows no lanes; the connection ended.
    #[error("{0}")]
    Peer(gamesockets_proto::handshake::HandshakeError),
}

/// Why nothing was flushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FlushError {
    /// No such connection.
    #[error(transparent)]
    BadHandle(#[from] BadHandle),
    /// The connection ended.
    #[error("the connection is over")]
    Closed,
    /// Not connected yet; waiting messages lost their delay all the same.
    #[error("the connection is not established yet")]
    NotConnected,
}

/// What went wrong at a socket, as far as the driver can tell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SocketErrorKind {
    /// The other machine says that nobody is there.
    Refused,
    /// No way to the other machine.
    Unreachable,
    /// The datagram is larger than the path takes.
    TooBig,
    /// Anything else.
    Other,
}
