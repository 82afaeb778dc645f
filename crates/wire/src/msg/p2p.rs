//! Signals between peers that have no direct path yet (protocol.md §5.1, §5.10).

use alloc::string::String;
use alloc::vec::Vec;

use prost::Message;

use super::{CertificateSigned, SessionCryptInfoSigned};

/// One signal. Delivered by whatever the application provides: it may be lost, doubled or late.
#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub struct P2pRendezvous {
    /// The recipient's connection id; absent exactly while it is not known.
    #[prost(fixed32, optional, tag = "1")]
    pub to_connection_id: Option<u32>,
    /// Routes of a relay network this project does not speak to.
    #[prost(bytes = "vec", optional, tag = "2")]
    pub sdr_routes: Option<Vec<u8>>,
    /// Belongs to `sdr_routes`.
    #[prost(uint32, optional, tag = "3")]
    pub ack_peer_routes_revision: Option<u32>,
    /// From the client, in every signal while it is connecting.
    #[prost(message, optional, tag = "4")]
    pub connect_request: Option<P2pConnectRequest>,
    /// From the server once it accepted, and again for every repeated request.
    #[prost(message, optional, tag = "5")]
    pub connect_ok: Option<P2pConnectOk>,
    /// The connection is over.
    #[prost(message, optional, tag = "6")]
    pub connection_closed: Option<P2pConnectionClosed>,
    /// Must be true in every signal, or the recipient gives up direct paths for good.
    #[prost(bool, optional, tag = "7")]
    pub ice_enabled: Option<bool>,
    /// Who sends this. Mandatory.
    #[prost(string, optional, tag = "8")]
    pub from_identity: Option<String>,
    /// The sender's connection id.
    #[prost(fixed32, optional, tag = "9")]
    pub from_connection_id: Option<u32>,
    /// Who is meant, if known.
    #[prost(string, optional, tag = "10")]
    pub to_identity: Option<String>,
    /// Number of the last entry of `reliable_messages` received so far.
    #[prost(uint32, optional, tag = "11")]
    pub ack_reliable_msg: Option<u32>,
    /// Number of the first entry of `reliable_messages`; the others follow without gap.
    #[prost(uint32, optional, tag = "12")]
    pub first_reliable_msg: Option<u32>,
    /// Repeated until acknowledged.
    #[prost(message, repeated, tag = "13")]
    pub reliable_messages: Vec<P2pReliableMessage>,
    /// Belongs to a relay network this project does not speak to.
    #[prost(bytes = "vec", optional, tag = "14")]
    pub hosted_server_ticket: Option<Vec<u8>>,
    /// Early unreliable data of the application.
    #[prost(message, repeated, tag = "15")]
    pub application_messages: Vec<P2pApplicationMessage>,
}

/// The client asks to be connected.
#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub struct P2pConnectRequest {
    /// The client's half of the key exchange.
    #[prost(message, optional, tag = "6")]
    pub crypt: Option<SessionCryptInfoSigned>,
    /// Who the client is.
    #[prost(message, optional, tag = "7")]
    pub cert: Option<CertificateSigned>,
    /// The port the client wants to reach.
    #[prost(uint32, optional, tag = "9")]
    pub to_virtual_port: Option<u32>,
    /// The port the client comes from; the same if absent.
    #[prost(uint32, optional, tag = "10")]
    pub from_virtual_port: Option<u32>,
    /// Not used.
    #[prost(string, optional, tag = "11")]
    pub from_fakeip: Option<String>,
}

/// The server accepts.
#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub struct P2pConnectOk {
    /// The server's half of the key exchange.
    #[prost(message, optional, tag = "5")]
    pub crypt: Option<SessionCryptInfoSigned>,
    /// Who the server is.
    #[prost(message, optional, tag = "6")]
    pub cert: Option<CertificateSigned>,
}

/// The connection is over.
#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub struct P2pConnectionClosed {
    /// Text for people.
    #[prost(string, optional, tag = "5")]
    pub debug: Option<String>,
    /// See [`EndReason`](crate::EndReason).
    #[prost(uint32, optional, tag = "6")]
    pub reason_code: Option<u32>,
}

/// One entry of the acknowledged list.
#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub struct P2pReliableMessage {
    /// The only kind there is.
    #[prost(message, optional, tag = "1")]
    pub ice: Option<IceRendezvous>,
}

/// A message of the application that travels inside a signal.
#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub struct P2pApplicationMessage {
    /// Its content.
    #[prost(bytes = "vec", optional, tag = "1")]
    pub data: Option<Vec<u8>>,
    /// Its number.
    #[prost(uint64, optional, tag = "2")]
    pub msg_num: Option<u64>,
    /// Its send flags.
    #[prost(uint32, optional, tag = "3")]
    pub flags: Option<u32>,
    /// Its lane; recipients deliver on lane 0 whatever it says.
    #[prost(uint32, optional, tag = "4")]
    pub lane_idx: Option<u32>,
}

/// One step of the path search; one of the fields is set.
#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub struct IceRendezvous {
    /// Another address to try.
    #[prost(message, optional, tag = "1")]
    pub add_candidate: Option<IceCandidate>,
    /// The password of the checks.
    #[prost(message, optional, tag = "2")]
    pub auth: Option<IceAuth>,
}

/// An address to try.
#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub struct IceCandidate {
    /// A candidate line of SDP (protocol.md §5.6).
    #[prost(string, optional, tag = "3")]
    pub candidate: Option<String>,
}

/// The password of the checks. The user name is not sent: it follows from the connection id.
#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub struct IceAuth {
    /// Five base64 characters.
    #[prost(string, optional, tag = "1")]
    pub pwd_frag: Option<String>,
}

/// How a path search went. Not exchanged between peers.
#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub struct IceSessionSummary {
    /// Kinds of own addresses, as bits.
    #[prost(uint32, optional, tag = "1")]
    pub local_candidate_types: Option<u32>,
    /// Kinds of the peer's addresses, as bits.
    #[prost(uint32, optional, tag = "2")]
    pub remote_candidate_types: Option<u32>,
    /// Kind of the first path that worked.
    #[prost(uint32, optional, tag = "3")]
    pub initial_route_kind: Option<u32>,
    /// Its round trip in milliseconds.
    #[prost(uint32, optional, tag = "4")]
    pub initial_ping: Option<u32>,
    /// Milliseconds until it worked.
    #[prost(uint32, optional, tag = "5")]
    pub negotiation_ms: Option<u32>,
    /// Its score.
    #[prost(uint32, optional, tag = "6")]
    pub initial_score: Option<u32>,
    /// Why none worked; see [`EndReason`](crate::EndReason).
    #[prost(uint32, optional, tag = "7")]
    pub failure_reason_code: Option<u32>,
    /// Seconds for which such a path was in use.
    #[prost(uint32, optional, tag = "12")]
    pub selected_seconds: Option<u32>,
    /// What the user allowed.
    #[prost(uint32, optional, tag = "13")]
    pub user_settings: Option<u32>,
    /// What the configuration allowed.
    #[prost(uint32, optional, tag = "14")]
    pub ice_enable_var: Option<u32>,
    /// Kinds of own addresses that were allowed, as bits.
    #[prost(uint32, optional, tag = "15")]
    pub local_candidate_types_allowed: Option<u32>,
    /// Kind of the best path.
    #[prost(uint32, optional, tag = "16")]
    pub best_route_kind: Option<u32>,
    /// Its round trip in milliseconds.
    #[prost(uint32, optional, tag = "17")]
    pub best_ping: Option<u32>,
    /// Its score.
    #[prost(uint32, optional, tag = "18")]
    pub best_score: Option<u32>,
    /// When it was found.
    #[prost(uint32, optional, tag = "19")]
    pub best_time: Option<u32>,
}
