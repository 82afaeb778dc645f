//! Key agreement: X25519 (protocol.md §2.6).

use core::fmt;

use aws_lc_rs::agreement::{PrivateKey, UnparsedPublicKey, X25519, agree};
use zeroize::Zeroizing;

use crate::CryptoError;
use crate::rng::Rng;

/// Our half of a key agreement. Wiped on drop.
///
/// Make one per connection and drop it once the session keys exist: that is what gives old sessions forward secrecy.
pub struct KexSecret {
    secret: PrivateKey,
    public: [u8; 32],
}

impl KexSecret {
    /// Draws a fresh secret.
    pub fn generate(rng: &mut Rng) -> Self {
        Self::from_bytes(rng.bytes32())
    }

    /// Takes any 32 bytes as the secret; clamping happens inside the agreement.
    #[expect(clippy::expect_used, reason = "every 32 bytes are a key, and its public key has 32 as well")]
    pub fn from_bytes(secret: [u8; 32]) -> Self {
        let secret = Zeroizing::new(secret);
        let secret = PrivateKey::from_private_key(&X25519, &*secret).expect("32 bytes are a key");
        let public = secret.compute_public_key().expect("every key has a public key");
        let public = public.as_ref().try_into().expect("it has 32 bytes");
        Self { secret, public }
    }

    /// The public key to send to the peer.
    pub const fn public(&self) -> [u8; 32] {
        self.public
    }

    /// The raw shared secret with the owner of `peer`. It is input for [`crate::schedule::derive`], not a key.
    ///
    /// # Errors
    /// [`CryptoError::WeakPeerKey`] if the result is all zero, which only a deliberately bad key causes.
    pub fn agree(&self, peer: &[u8; 32]) -> Result<Zeroizing<[u8; 32]>, CryptoError> {
        let peer = UnparsedPublicKey::new(&X25519, peer);
        // The library refuses the same keys: those whose result would be zero.
        agree(&self.secret, peer, CryptoError::WeakPeerKey, |shared| {
            shared.try_into().map(Zeroizing::new).map_err(|_| CryptoError::WeakPeerKey)
        })
    }
}

impl fmt::Debug for KexSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KexSecret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_agree() {
        let mut rng = Rng::new([9; 32]);
        let (a, b) = (KexSecret::generate(&mut rng), KexSecret::generate(&mut rng));
        assert_eq!(a.agree(&b.public()).unwrap(), b.agree(&a.public()).unwrap());
        assert_ne!(a.public(), b.public());
    }

    #[test]
    fn small_order_keys_are_refused() {
        // The points of small order in Montgomery form: 0, 1, p-1, p, p+1 (p = 2^255 - 19) and the two of order 8.
        let near_p = |low: u8| {
            let mut key = [0xff; 32];
            (key[0], key[31]) = (low, 0x7f);
            key
        };
        let mut one = [0; 32];
        one[0] = 1;
        let order_eight = [
            0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a,
            0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00,
        ];
        let secret = KexSecret::from_bytes([0x42; 32]);
        for key in [[0; 32], one, near_p(0xec), near_p(0xed), near_p(0xee), order_eight] {
            assert_eq!(secret.agree(&key), Err(CryptoError::WeakPeerKey));
        }
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(alloc::format!("{:?}", KexSecret::from_bytes([1; 32])), "KexSecret(..)");
    }
}
