//! The error of the per-packet and key agreement operations.

/// Why a packet could not be sealed or opened, or a key agreement not be used.
///
/// The first three say that the peer (or somebody in between) sent something unusable; the caller counts it and
/// drops the packet. The last two are mistakes of the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CryptoError {
    /// The chunk is shorter than the authentication tag that must end it.
    #[error("encrypted chunk of {len} bytes is shorter than its 16-byte tag; drop the packet")]
    ChunkTooShort {
        /// Length of the chunk in bytes.
        len: usize,
    },
    /// The tag does not fit: the packet was altered, is of another session, or has another packet number.
    #[error("packet does not authenticate under the session key; drop it")]
    Forged,
    /// The peer's X25519 key forces a known shared secret (all zero), so the agreement protects nothing.
    #[error("peer offered a key-exchange key of small order; refuse the handshake")]
    WeakPeerKey,
    /// The plaintext is too long for one AES-GCM call.
    #[error("plaintext of {len} bytes is too long to encrypt as one packet")]
    PlaintextTooLong {
        /// Length of the plaintext in bytes.
        len: usize,
    },
    /// The start of the range to encrypt lies behind the end of the buffer.
    #[error("asked to encrypt from byte {from} of a buffer of {len} bytes")]
    OutOfRange {
        /// Where the plaintext was said to start.
        from: usize,
        /// Length of the buffer in bytes.
        len: usize,
    },
}
