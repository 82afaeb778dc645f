//! Signatures: Ed25519 (protocol.md §2.1, §2.8), and the text forms of its keys.

mod openssh;

use core::fmt;

use alloc::sync::Arc;
use aws_lc_rs::digest;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use zeroize::Zeroizing;

use crate::rng::Rng;

pub use openssh::{KeyTextError, MAX_COMMENT_LEN, MAX_KEY_TEXT_LEN, public_from_openssh, public_to_openssh};

/// Bytes of a signature.
pub const SIGNATURE_LEN: usize = 64;

/// Why a signature was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// A signature has 64 bytes; this one has not.
    #[error("signature has {len} bytes instead of 64")]
    Length {
        /// Length that was found, in bytes.
        len: usize,
    },
    /// The public key is one of the few for which anybody can forge signatures.
    #[error("public key is not a usable Ed25519 key")]
    PublicKey,
    /// The signature is not of this key over this text, or the key is not a point of the curve at all.
    #[error("signature does not match the signed bytes")]
    Mismatch,
}

/// An Ed25519 private key. Wiped on drop.
///
/// Signing is deterministic: key and message alone fix the signature.
#[derive(Clone)]
pub struct SigningKey {
    seed: Zeroizing<[u8; 32]>,
    pair: Arc<Ed25519KeyPair>,
    public: [u8; 32],
}

impl SigningKey {
    /// The key of a 32-byte seed (what RFC 8032 calls the private key).
    #[expect(clippy::expect_used, reason = "every 32 bytes are a seed, and its public key has 32 as well")]
    pub fn from_seed(seed: [u8; 32]) -> Self {
        let seed = Zeroizing::new(seed);
        let pair = Ed25519KeyPair::from_seed_unchecked(&*seed).expect("32 bytes are a seed");
        let public = pair.public_key().as_ref().try_into().expect("it has 32 bytes");
        Self { seed, pair: Arc::new(pair), public }
    }

    /// Draws a new key.
    pub fn generate(rng: &mut Rng) -> Self {
        Self::from_seed(rng.bytes32())
    }

    /// The seed, for storage. Keep it as secret as the key.
    pub fn seed(&self) -> Zeroizing<[u8; 32]> {
        self.seed.clone()
    }

    /// The public key.
    pub const fn public(&self) -> [u8; 32] {
        self.public
    }

    /// Signs a message of any length.
    #[expect(clippy::expect_used, reason = "a signature of this kind has 64 bytes")]
    pub fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_LEN] {
        self.pair.sign(message).as_ref().try_into().expect("64 bytes")
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey(id {}, ..)", key_id(&self.public()))
    }
}

/// The y coordinates of the eight points of small order: two points each but for the first two. Their sign bit and
/// the forms with the field's prime added name the same points.
const SMALL_ORDER: [[u8; 32]; 7] = [
    // 1: the neutral element.
    y([1, 0, 0, 0, 0, 0, 0, 0], [0; 16], [0; 8]),
    // -1: order two.
    y(
        [0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        [0xff; 16],
        [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
    ),
    // 0: order four.
    y([0; 8], [0; 16], [0; 8]),
    // Order eight, two coordinates.
    y(
        [0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0],
        [0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39],
        [0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05],
    ),
    y(
        [0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f],
        [0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6],
        [0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a],
    ),
    // 0 and 1 with the prime added.
    y(
        [0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        [0xff; 16],
        [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
    ),
    y(
        [0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        [0xff; 16],
        [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
    ),
];

const fn y(low: [u8; 8], middle: [u8; 16], high: [u8; 8]) -> [u8; 32] {
    let mut out = [0; 32];
    let mut i = 0;
    while i < 32 {
        out[i] = match i {
            0..8 => low[i],
            8..24 => middle[i - 8],
            _ => high[i - 24],
        };
        i += 1;
    }
    out
}

/// Whether an encoded point is one of the few under which anybody can make signatures.
fn is_small_order(point: &[u8]) -> bool {
    SMALL_ORDER.iter().any(|small| match (small.split_last(), point.split_last()) {
        (Some((high, low)), Some((last, rest))) => low == rest && *high == last & 0x7f,
        _ => false,
    })
}

/// Checks a signature.
///
/// Public keys and nonces of small order are refused, also where plain RFC 8032 would let them pass.
///
/// # Errors
/// Says whether the length, a key that anybody could use, or the signature is at fault.
pub fn verify(public: &[u8; 32], message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
    let nonce = match signature.split_at_checked(SIGNATURE_LEN / 2) {
        Some((nonce, _)) if signature.len() == SIGNATURE_LEN => nonce,
        _ => return Err(SignatureError::Length { len: signature.len() }),
    };
    if is_small_order(public) {
        return Err(SignatureError::PublicKey);
    }
    if is_small_order(nonce) {
        return Err(SignatureError::Mismatch);
    }
    let key = UnparsedPublicKey::new(&ED25519, public);
    key.verify(message, signature).map_err(|_| SignatureError::Mismatch)
}

/// The number by which certificates name a CA key: the first eight bytes of the SHA-256 of the public key, read as
/// little endian (protocol.md §2.8).
pub fn key_id(public: &[u8; 32]) -> u64 {
    let hash = digest::digest(&digest::SHA256, public);
    hash.as_ref().iter().take(8).rev().fold(0, |id, byte| id << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_and_verifies() {
        let key = SigningKey::generate(&mut Rng::new([1; 32]));
        let signature = key.sign(b"message");
        assert_eq!(verify(&key.public(), b"message", &signature), Ok(()));
        assert_eq!(verify(&key.public(), b"massage", &signature), Err(SignatureError::Mismatch));
        assert_eq!(key.sign(b"message"), signature);
        assert_eq!(SigningKey::from_seed(*key.seed()).public(), key.public());
    }

    #[test]
    fn malformed_input_is_named() {
        let key = SigningKey::from_seed([2; 32]);
        let signature = key.sign(b"m");
        assert_eq!(verify(&key.public(), b"m", &[]), Err(SignatureError::Length { len: 0 }));
        assert_eq!(verify(&key.public(), b"m", &signature[..63]), Err(SignatureError::Length { len: 63 }));
        // The neutral element: every message has a valid signature under it in lax verifiers.
        let mut neutral = [0; 32];
        neutral[0] = 1;
        assert_eq!(verify(&neutral, b"m", &signature), Err(SignatureError::PublicKey));
        let mut off_curve = [0; 32];
        off_curve[0] = 2;
        assert_eq!(verify(&off_curve, b"m", &signature), Err(SignatureError::Mismatch));
    }

    #[test]
    fn keys_and_nonces_of_small_order_are_refused() {
        let key = SigningKey::from_seed([2; 32]);
        let mut signature = key.sign(b"m");
        for point in SMALL_ORDER {
            for sign in [0, 0x80] {
                let mut point = point;
                point[31] |= sign;
                assert_eq!(verify(&point, b"m", &signature), Err(SignatureError::PublicKey));
                signature[..32].copy_from_slice(&point);
                assert_eq!(verify(&key.public(), b"m", &signature), Err(SignatureError::Mismatch));
            }
        }
        // With such a key an empty signature holds for every text, if nobody looks at the key.
        let mut neutral = [0; 32];
        neutral[0] = 1;
        let mut empty = [0; 64];
        empty[..32].copy_from_slice(&neutral);
        assert!(UnparsedPublicKey::new(&ED25519, neutral).verify(b"any text", &empty).is_ok());
        assert_eq!(verify(&neutral, b"any text", &empty), Err(SignatureError::PublicKey));
    }

    #[test]
    fn every_bit_of_a_signature_counts() {
        let key = SigningKey::from_seed([3; 32]);
        let signature = key.sign(b"m");
        for bit in 0..512 {
            let mut changed = signature;
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(verify(&key.public(), b"m", &changed), Err(SignatureError::Mismatch), "bit {bit}");
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let key = SigningKey::from_seed([4; 32]);
        let id = key_id(&key.public());
        assert_eq!(alloc::format!("{key:?}"), alloc::format!("SigningKey(id {id}, ..)"));
    }
}
