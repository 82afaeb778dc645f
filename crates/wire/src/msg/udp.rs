//! The datagrams outside the data stream (protocol.md §1.4).

use alloc::string::String;

use prost::Message;

use super::{CertificateSigned, ConnectionQuality, IdentityLegacyBinary, SessionCryptInfoSigned};

/// First message of a client: asks for a cookie. Datagram kind 32.
#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub struct ChallengeRequest {
    /// The client's connection id; 0 or absent means: ignore.
    #[prost(fixed32, optional, tag = "1")]
    pub connection_id: Option<u32>,
    /// Opaque, comes back in the reply.
    #[prost(fixed64, optional, tag = "3")]
    pub my_timestamp: Option<u64>,
    /// The version the client speaks; servers do not look at it.
    #[prost(uint32, optional, tag = "4")]
    pub protocol_version: Option<u32>,
}

/// Answer to [`ChallengeRequest`], sent without keeping state. Datagram kind 33.
#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub struct ChallengeReply {
    /// The client's connection id.
    #[prost(fixed32, optional, tag = "1")]
    pub connection_id: Option<u32>,
    /// The cookie; only the server that made it understands it.
    #[prost(fixed64, optional, tag = "2")]
    pub challenge: Option<u64>,
    /// `my_timestamp` of the request.
    #[prost(fixed64, optional, tag = "3")]
    pub your_timestamp: Option<u64>,
    /// The version the server speaks; must equal the signed one that comes later.
    #[prost(uint32, optional, tag = "4")]
    pub protocol_version: Option<u32>,
}

/// The client asks to be connected. Datagram kind 34.
#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub struct ConnectRequest {
    /// The client's connection id; 0 or absent means: ignore.
    #[prost(fixed32, optional, tag = "1")]
    pub client_connection_id: Option<u32>,
    /// The cookie from the reply.
    #[prost(fixed64, optional, tag = "2")]
    pub challenge: Option<u64>,
    /// Account of the client, if its identity is one.
    #[prost(fixed64, optional, tag = "3")]
    pub legacy_client_steam_id: Option<u64>,
    /// Who the client is.
    #[prost(message, optional, tag = "4")]
    pub cert: Option<CertificateSigned>,
    /// Opaque, comes back in [`ConnectOk`].
    #[prost(fixed64, optional, tag = "5")]
    pub my_timestamp: Option<u64>,
    /// The client's round-trip estimate in milliseconds.
    #[prost(uint32, optional, tag = "6")]
    pub ping_est_ms: Option<u32>,
    /// The client's half of the key exchange.
    #[prost(message, optional, tag = "7")]
    pub crypt: Option<SessionCryptInfoSigned>,
    /// No longer used.
    #[prost(uint32, optional, tag = "8")]
    pub legacy_protocol_version: Option<u32>,
    /// Read only if the certificate names no identity.
    #[prost(message, optional, tag = "9")]
    pub legacy_identity_binary: Option<IdentityLegacyBinary>,
    /// Read only if the certificate names no identity.
    #[prost(string, optional, tag = "10")]
    pub identity_string: Option<String>,
}

/// The server accepts; it is connected from here on. Datagram kind 35.
#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub struct ConnectOk {
    /// The client's connection id.
    #[prost(fixed32, optional, tag = "1")]
    pub client_connection_id: Option<u32>,
    /// Account of the server, if its identity is one.
    #[prost(fixed64, optional, tag = "2")]
    pub legacy_server_steam_id: Option<u64>,
    /// `my_timestamp` of the request, if it is young enough to be a measurement.
    #[prost(fixed64, optional, tag = "3")]
    pub your_timestamp: Option<u64>,
    /// Microseconds the server sat on the request.
    #[prost(uint32, optional, tag = "4")]
    pub delay_time_usec: Option<u32>,
    /// The server's connection id; its low half must not be zero.
    #[prost(fixed32, optional, tag = "5")]
    pub server_connection_id: Option<u32>,
    /// The server's half of the key exchange.
    #[prost(message, optional, tag = "7")]
    pub crypt: Option<SessionCryptInfoSigned>,
    /// Who the server is.
    #[prost(message, optional, tag = "8")]
    pub cert: Option<CertificateSigned>,
    /// Read only if the certificate names no identity.
    #[prost(message, optional, tag = "10")]
    pub legacy_identity_binary: Option<IdentityLegacyBinary>,
    /// Read only if the certificate names no identity.
    #[prost(string, optional, tag = "11")]
    pub identity_string: Option<String>,
}

/// The connection is over, please confirm. Datagram kind 36.
#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub struct ConnectionClosed {
    /// Text for people; receivers keep 127 bytes.
    #[prost(string, optional, tag = "2")]
    pub debug: Option<String>,
    /// See [`EndReason`](crate::EndReason).
    #[prost(uint32, optional, tag = "3")]
    pub reason_code: Option<u32>,
    /// The recipient's connection id; absent if the sender never learned it.
    #[prost(fixed32, optional, tag = "4")]
    pub to_connection_id: Option<u32>,
    /// The sender's connection id.
    #[prost(fixed32, optional, tag = "5")]
    pub from_connection_id: Option<u32>,
}

/// There is no such connection. Never answered. Datagram kind 37.
#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub struct NoConnection {
    /// The id on the sender's side: the one that was addressed.
    #[prost(fixed32, optional, tag = "2")]
    pub from_connection_id: Option<u32>,
    /// The id on the recipient's side, if known.
    #[prost(fixed32, optional, tag = "3")]
    pub to_connection_id: Option<u32>,
}

/// Rides in the clear in front of a data packet (protocol.md §1.9).
#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub struct UdpStats {
    /// Statistics; their presence implies
    /// [`STATS_FLAG_ACK_REQUEST_E2E`](super::STATS_FLAG_ACK_REQUEST_E2E).
    #[prost(message, optional, tag = "1")]
    pub stats: Option<ConnectionQuality>,
    /// Bits `STATS_FLAG_*`; left out if they are exactly the implied ones.
    #[prost(uint32, optional, tag = "3")]
    pub flags: Option<u32>,
}
