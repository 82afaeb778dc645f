//! Packet protection (protocol.md §2.7): AES-256-GCM without additional data, or the NULL cipher.
//!
//! The nonce is never on the wire: it is the direction's IV with the 64-bit packet number added to its first eight
//! bytes. The number is thereby authenticated, while everything in front of the chunk (flags, connection id, stats
//! blob, time field) is not; treat those as input from anybody.

use alloc::vec::Vec;
use core::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use zeroize::Zeroizing;

use crate::CryptoError;

/// Bytes of an AES-256 key.
pub const KEY_LEN: usize = 32;
/// Bytes of an initialisation vector.
pub const IV_LEN: usize = 12;
/// Bytes of the authentication tag behind each encrypted chunk.
pub const TAG_LEN: usize = 16;

/// Packets after which the expanded key is kept.
const KEEP_AFTER: u8 = 4;

/// Protects the packets of one direction.
///
/// The caller must never seal two plaintexts under the same packet number; packet numbers only grow, so this holds
/// by construction. The expanded key (most of a kilobyte) is kept from the fourth packet on; expanding it
/// costs about as much as one more packet. [`rest`](Self::rest) gives that memory back.
pub struct PacketKey {
    cipher: Cipher,
}

enum Cipher {
    Null,
    Aes(Aes),
}

struct Aes {
    key: Zeroizing<[u8; KEY_LEN]>,
    iv: [u8; IV_LEN],
    used: u8,
    expanded: Option<LessSafeKey>,
}

impl Aes {
    /// Does `work` with the expanded key.
    #[expect(clippy::expect_used, reason = "the key length is fixed by the type, and nothing else can fail")]
    fn with_key<T>(&mut self, work: impl FnOnce(&LessSafeKey) -> T) -> T {
        if let Some(key) = &self.expanded {
            return work(key);
        }
        let unbound =
            UnboundKey::new(&AES_256_GCM, &*self.key).expect("32 bytes is the key length of AES-256");
        let key = LessSafeKey::new(unbound);
        let result = work(&key);
        self.used += 1;
        if self.used >= KEEP_AFTER {
            self.expanded = Some(key);
        }
        result
    }
}

impl PacketKey {
    /// AES-256-GCM with a key and IV from [`crate::schedule::derive`].
    pub fn aes(key: [u8; KEY_LEN], iv: [u8; IV_LEN]) -> Self {
        Self { cipher: Cipher::Aes(Aes { key: Zeroizing::new(key), iv, used: 0, expanded: None }) }
    }

    /// Gives the memory back that only a busy connection needs.
    pub fn rest(&mut self) {
        if let Cipher::Aes(aes) = &mut self.cipher {
            (aes.used, aes.expanded) = (0, None);
        }
    }

    /// The NULL cipher: packets travel readable and unauthenticated, overhead 0.
    pub const fn null() -> Self {
        Self { cipher: Cipher::Null }
    }

    /// True for the NULL cipher.
    pub const fn is_null(&self) -> bool {
        matches!(self.cipher, Cipher::Null)
    }

    /// Bytes by which a chunk is longer than its plaintext: 16, or 0 for the NULL cipher.
    pub const fn overhead(&self) -> usize {
        match self.cipher {
            Cipher::Null => 0,
            Cipher::Aes(_) => TAG_LEN,
        }
    }

    /// Encrypts `buf[from..]` in place and appends the tag; `buf[..from]` (the packet header) is left alone.
    ///
    /// Allocates only if `buf` lacks room for [`overhead`](Self::overhead) more bytes. With the NULL cipher it does
    /// nothing.
    ///
    /// # Errors
    /// [`CryptoError::OutOfRange`] if `from` lies behind the end, [`CryptoError::PlaintextTooLong`] beyond 64 GiB.
    pub fn seal(&mut self, packet_number: u64, buf: &mut Vec<u8>, from: usize) -> Result<(), CryptoError> {
        let len = buf.len();
        let plain = buf.get_mut(from..).ok_or(CryptoError::OutOfRange { from, len })?;
        if !self.is_null() {
            let tag = self.seal_slices(packet_number, plain)?;
            buf.extend_from_slice(&tag);
        }
        Ok(())
    }

    /// Encrypts `plain` in place and returns the tag, for callers that lay out the packet themselves.
    ///
    /// With the NULL cipher `plain` stays as it is and the returned tag is all zero and must not be sent:
    /// [`overhead`](Self::overhead) tells how many of its bytes belong on the wire.
    ///
    /// # Errors
    /// [`CryptoError::PlaintextTooLong`] beyond 64 GiB.
    pub fn seal_slices(
        &mut self,
        packet_number: u64,
        plain: &mut [u8],
    ) -> Result<[u8; TAG_LEN], CryptoError> {
        let Cipher::Aes(aes) = &mut self.cipher else { return Ok([0; TAG_LEN]) };
        let nonce = Nonce::assume_unique_for_key(packet_nonce(&aes.iv, packet_number));
        let len = plain.len();
        let tag = aes
            .with_key(|key| key.seal_in_place_separate_tag(nonce, Aad::empty(), plain))
            .map_err(|_| CryptoError::PlaintextTooLong { len })?;
        let mut out = [0; TAG_LEN];
        out.copy_from_slice(tag.as_ref());
        Ok(out)
    }

    /// Checks and decrypts a chunk (ciphertext and tag) in place and returns the plaintext.
    ///
    /// After an error the content of `chunk` is unspecified. The NULL cipher accepts every chunk.
    ///
    /// # Errors
    /// [`CryptoError::ChunkTooShort`] or [`CryptoError::Forged`]; in both cases the packet must have no effect
    /// beyond a counter.
    pub fn open<'a>(&mut self, packet_number: u64, chunk: &'a mut [u8]) -> Result<&'a mut [u8], CryptoError> {
        let Cipher::Aes(aes) = &mut self.cipher else { return Ok(chunk) };
        if chunk.len() < TAG_LEN {
            return Err(CryptoError::ChunkTooShort { len: chunk.len() });
        }
        let nonce = Nonce::assume_unique_for_key(packet_nonce(&aes.iv, packet_number));
        aes.with_key(|key| key.open_in_place(nonce, Aad::empty(), chunk)).map_err(|_| CryptoError::Forged)
    }
}

impl fmt::Debug for PacketKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_null() { "PacketKey(null)" } else { "PacketKey(aes-256-gcm, ..)" })
    }
}

/// The nonce of one packet: a wrapping little-endian addition into the first eight bytes of the IV, not an XOR.
fn packet_nonce(iv: &[u8; IV_LEN], packet_number: u64) -> [u8; IV_LEN] {
    let [a, b, c, d, e, f, g, h, rest @ ..] = *iv;
    let low = u64::from_le_bytes([a, b, c, d, e, f, g, h]).wrapping_add(packet_number);
    let mut nonce = [0; IV_LEN];
    nonce[..8].copy_from_slice(&low.to_le_bytes());
    nonce[8..].copy_from_slice(&rest);
    nonce
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn unhex<const N: usize>(text: &str) -> [u8; N] {
        core::array::from_fn(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap())
    }

    #[test]
    fn nonces_add_with_carry_and_wrap() {
        let iv = unhex("a1adc7459591a9a8fae3a57d");
        assert_eq!(packet_nonce(&iv, 2), unhex("a3adc7459591a9a8fae3a57d"));
        assert_eq!(packet_nonce(&iv, 0x10001), unhex("a2adc8459591a9a8fae3a57d"));
        let iv = unhex("feffffffffffffff0a0b0c0d");
        assert_eq!(packet_nonce(&iv, 3), unhex("01000000000000000a0b0c0d"));
    }

    #[test]
    fn null_cipher_changes_nothing() {
        let mut key = PacketKey::null();
        let mut buf = alloc::vec![1, 2, 3];
        key.seal(9, &mut buf, 1).unwrap();
        assert_eq!((buf.as_slice(), key.overhead(), key.is_null()), (&[1, 2, 3][..], 0, true));
        assert_eq!(key.open(9, &mut buf).unwrap(), &[1, 2, 3]);
    }

    #[test]
    fn misuse_and_short_chunks_are_errors() {
        let mut key = PacketKey::aes([1; 32], [2; 12]);
        let mut buf = alloc::vec![0; 3];
        assert_eq!(key.seal(1, &mut buf, 4), Err(CryptoError::OutOfRange { from: 4, len: 3 }));
        assert_eq!(buf, [0; 3]);
        for len in 0..TAG_LEN {
            let mut chunk = alloc::vec![0; len];
            assert_eq!(key.open(1, &mut chunk), Err(CryptoError::ChunkTooShort { len }));
        }
    }

    #[test]
    fn debug_shows_no_key() {
        assert_eq!(alloc::format!("{:?}", PacketKey::aes([1; 32], [2; 12])), "PacketKey(aes-256-gcm, ..)");
    }

    proptest! {
        #[test]
        fn seal_then_open_restores(
            key: [u8; 32], iv: [u8; 12], number: u64, header in prop::collection::vec(any::<u8>(), 0..20),
            plain in prop::collection::vec(any::<u8>(), 0..1300),
        ) {
            let mut key = PacketKey::aes(key, iv);
            let mut buf = header.clone();
            buf.extend_from_slice(&plain);
            key.seal(number, &mut buf, header.len()).unwrap();
            prop_assert_eq!(buf.len(), header.len() + plain.len() + key.overhead());
            prop_assert_eq!(&buf[..header.len()], &header[..]);

            let mut alone = plain.clone();
            let tag = key.seal_slices(number, &mut alone).unwrap();
            prop_assert_eq!(&buf[header.len()..buf.len() - TAG_LEN], &alone[..]);
            prop_assert_eq!(&buf[buf.len() - TAG_LEN..], &tag[..]);
            prop_assert_eq!(&*key.open(number, &mut buf[header.len()..]).unwrap(), &plain[..]);
        }

        #[test]
        fn one_flipped_bit_is_refused(
            number: u64, plain in prop::collection::vec(any::<u8>(), 0..200), pick: prop::sample::Index,
        ) {
            let mut key = PacketKey::aes([5; 32], [6; 12]);
            let mut buf = plain;
            key.seal(number, &mut buf, 0).unwrap();
            let bit = pick.index(buf.len() * 8);
            buf[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(key.open(number, &mut buf), Err(CryptoError::Forged));
        }

        #[test]
        fn another_packet_number_is_refused(number: u64, other: u64) {
            prop_assume!(number != other);
            let mut key = PacketKey::aes([5; 32], [6; 12]);
            let mut buf = b"payload".to_vec();
            key.seal(number, &mut buf, 0).unwrap();
            prop_assert_eq!(key.open(other, &mut buf), Err(CryptoError::Forged));
        }
    }
}
