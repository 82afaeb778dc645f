//! Packet protection for the raw baselines: AES-256-GCM of the same library that gamesockets uses.

use crate::Result;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use std::time::{Duration, Instant};

/// Bytes before the sealed part, in the clear and authenticated.
const HEAD: usize = 12;
/// Bytes of the tag behind it.
const TAG: usize = 16;
/// What a sealed packet adds to its payload.
pub const OVERHEAD: usize = HEAD + TAG;
/// A key for measuring only.
const KEY: [u8; 32] = [7; 32];

/// Seals and opens packets of at least [`OVERHEAD`] bytes in place.
pub struct Seal(LessSafeKey);

impl Seal {
    /// With a fixed key.
    ///
    /// # Errors
    /// The cipher refuses the key.
    pub fn new() -> Result<Self> {
        let key = UnboundKey::new(&AES_256_GCM, &KEY).map_err(|_| "the cipher refuses its key")?;
        Ok(Self(LessSafeKey::new(key)))
    }

    /// Seals packet number `number`: the first 12 bytes become its header, the last 16 its tag.
    ///
    /// # Errors
    /// The packet is too short.
    pub fn seal(&self, number: u64, packet: &mut [u8]) -> Result<()> {
        let mut head = [0; HEAD];
        head[HEAD - 8..].copy_from_slice(&number.to_le_bytes());
        let (front, rest) = packet.split_first_chunk_mut::<HEAD>().ok_or("too short for a header")?;
        let (body, tag) = rest.split_last_chunk_mut::<TAG>().ok_or("too short for a tag")?;
        *front = head;
        let made =
            self.0.seal_in_place_separate_tag(Nonce::assume_unique_for_key(head), Aad::from(head), body);
        tag.copy_from_slice(made.map_err(|_| "sealing failed")?.as_ref());
        Ok(())
    }

    /// Opens a packet.
    ///
    /// # Errors
    /// It is too short or was changed.
    pub fn open(&self, packet: &mut [u8]) -> Result<()> {
        let (front, rest) = packet.split_first_chunk_mut::<HEAD>().ok_or("too short for a header")?;
        let head = *front;
        let opened = self.0.open_in_place(Nonce::assume_unique_for_key(head), Aad::from(head), rest);
        opened.map(|_| ()).map_err(|_| "a packet was changed on the way".into())
    }
}

/// Megabytes per second that one core seals in packets of 1200 bytes: tells in which state the machine is.
///
/// # Errors
/// The cipher refuses.
pub fn seal_megabytes_per_second(span: Duration) -> Result<f64> {
    const PACKETS: usize = 64;
    let seal = Seal::new()?;
    let mut packet = [0; 1200];
    let (begin, mut number) = (Instant::now(), 0);
    while begin.elapsed() < span {
        for _ in 0..PACKETS {
            seal.seal(number, &mut packet)?;
            number += 1;
        }
    }
    Ok(number as f64 * packet.len() as f64 / begin.elapsed().as_secs_f64() / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_opens_and_what_was_changed_does_not() {
        let seal = Seal::new().unwrap();
        let mut packet = [5; 100];
        seal.seal(1, &mut packet).unwrap();
        assert_ne!(packet[20], 5);
        let mut changed = packet;
        changed[50] ^= 1;
        assert!(seal.open(&mut changed).is_err());
        seal.open(&mut packet).unwrap();
        assert_eq!(packet[HEAD..100 - TAG], [5; 72]);
        assert!(seal.seal(2, &mut [0; 20]).is_err());
        assert!(seal.open(&mut [0; 5]).is_err());
    }
}
