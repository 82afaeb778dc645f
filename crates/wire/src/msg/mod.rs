//! The protobuf messages (protocol.md §1.4, §2.1, §3.16, §5.1, §5.10).
//!
//! Written by hand for prost's derive: there is no schema file and no code generation. Every scalar field
//! is an `Option`, because the protocol gives meaning to a field that is present with its zero value; the
//! encoders write fields in ascending order and repeated numbers one by one.
//!
//! Blobs that are signed or hashed (`cert`, `info`) stay bytes here: they must be used exactly as they
//! came. Decode through [`decode`], which bounds the input.

mod crypt;
mod p2p;
mod stats;
mod udp;

pub use crypt::{
    Certificate, CertificateRequest, CertificateSigned, IdentityLegacyBinary, SessionCryptInfo,
    SessionCryptInfoSigned,
};
pub use p2p::{
    IceAuth, IceCandidate, IceRendezvous, IceSessionSummary, P2pApplicationMessage, P2pConnectOk,
    P2pConnectRequest, P2pConnectionClosed, P2pReliableMessage, P2pRendezvous,
};
pub use prost::Message;
pub use stats::{ConnectionQuality, LinkInstantaneousStats, LinkLifetimeStats};
pub use udp::{
    ChallengeReply, ChallengeRequest, ConnectOk, ConnectRequest, ConnectionClosed, NoConnection, UdpStats,
};

/// Longest blob [`decode`] looks at. The largest legal message is a peer-to-peer signal that carries
/// certificates, candidates and a few kilobytes of early application data.
pub const MAX_BLOB_LEN: usize = 16 * 1024;

/// `key_type` of a certificate: Ed25519.
pub const KEY_TYPE_ED25519: i32 = 1;
/// `key_type` of a session: Curve25519.
pub const KEY_EXCHANGE_CURVE25519: i32 = 1;
/// `ciphers` of a session: no encryption.
pub const CIPHER_NULL: i32 = 1;
/// `ciphers` of a session: AES-256-GCM.
pub const CIPHER_AES_256_GCM: i32 = 2;

/// `flags` of [`UdpStats`]: please answer with an acknowledgement.
pub const STATS_FLAG_ACK_REQUEST_E2E: u32 = 2;
/// `flags` of [`UdpStats`]: please answer at once; means something only beside the first flag.
pub const STATS_FLAG_ACK_REQUEST_IMMEDIATE: u32 = 4;
/// `flags` of [`UdpStats`]: the path this packet took is not the sender's chosen one.
pub const STATS_FLAG_NOT_PRIMARY: u32 = 16;

/// Why a blob is not a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BlobError {
    /// More than [`MAX_BLOB_LEN`] bytes.
    #[error("the message is longer than 16384 bytes")]
    TooLong,
    /// Not the encoding of such a message.
    #[error("the message does not parse")]
    Malformed,
}

/// Reads a message from a blob of bounded size; what it allocates is bounded by the blob.
///
/// # Errors
/// [`BlobError`] says which of the two is wrong.
pub fn decode<M: Message + Default>(blob: &[u8]) -> Result<M, BlobError> {
    if blob.len() > MAX_BLOB_LEN {
        return Err(BlobError::TooLong);
    }
    M::decode(blob).map_err(|_| BlobError::Malformed)
}

impl UdpStats {
    /// The flags that hold: those written, and the acknowledgement request that `stats` implies
    /// (protocol.md §1.4).
    pub fn effective_flags(&self) -> u32 {
        self.flags.unwrap_or(0) | self.implied_flags()
    }

    /// Writes `flags` the short way: not at all if they are what `stats` implies.
    pub fn set_effective_flags(&mut self, flags: u32) {
        self.flags = (flags != self.implied_flags()).then_some(flags);
    }

    const fn implied_flags(&self) -> u32 {
        if self.stats.is_some() { STATS_FLAG_ACK_REQUEST_E2E } else { 0 }
    }
}
