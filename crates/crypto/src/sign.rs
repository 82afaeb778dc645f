//! Signatures: Ed25519 (protocol.md §2.1, §2.8), and the text forms of its keys.

mod openssh;

use core::fmt;

use ed25519_dalek::{Signature, Signer as _, VerifyingKey};
use ring::digest;
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
    /// The public key is not a point of the curve, or one of the few for which anybody can forge signatures.
    #[error("public key is not a usable Ed25519 key")]
    PublicKey,
    /// Key and signature are well formed, but the signature is not of this key over this text.
    #[error("signature does not match the signed bytes")]
    Mismatch,
}

/// An Ed25519 private key. Wiped on drop.
///
/// Signing is deterministic: key and message alone fix the signature.
#[derive(Clone)]
pub struct SigningKey {
    key: ed25519_dalek::SigningKey,
}

impl SigningKey {
    /// The key of a 32-byte seed (what RFC 8032 calls the private key).
    pub fn from_seed(seed: [u8; 32]) -> Self {
        let seed = Zeroizing::new(seed);
        Self { key: ed25519_dalek::SigningKey::from_bytes(&seed) }
    }

    /// Draws a new key.
    pub fn generate(rng: &mut Rng) -> Self {
        Self::from_seed(rng.bytes32())
    }

    /// The seed, for storage. Keep it as secret as the key.
    pub fn seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.key.to_bytes())
    }

    /// The public key.
    pub fn public(&self) -> [u8; 32] {
        self.key.verifying_key().to_bytes()
    }

    /// Signs a message of any length.
    pub fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_LEN] {
        self.key.sign(message).to_bytes()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey(id {}, ..)", key_id(&self.public()))
    }
}

/// Checks a signature.
///
/// Public keys and nonces of small order are refused, also where plain RFC 8032 would let them pass.
///
/// # Errors
/// Says whether length, key or signature is at fault.
pub fn verify(public: &[u8; 32], message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
    let signature =
        Signature::from_slice(signature).map_err(|_| SignatureError::Length { len: signature.len() })?;
    let key = VerifyingKey::from_bytes(public).map_err(|_| SignatureError::PublicKey)?;
    if key.is_weak() {
        return Err(SignatureError::PublicKey);
    }
    key.verify_strict(message, &signature).map_err(|_| SignatureError::Mismatch)
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
        assert_eq!(verify(&off_curve, b"m", &signature), Err(SignatureError::PublicKey));
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
