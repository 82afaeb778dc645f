//! A cursor over received bytes that cannot run past their end.
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::arithmetic_side_effects))]

use crate::varint::{MAX_VARINT_U32, MAX_VARINT_U64};

/// The bytes end before the value does. A varint that goes on beyond the width of its target counts as
/// this too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error("the bytes end before the value does")]
pub struct Truncated;

/// Reads values from the front of a byte slice. Integers are little-endian (protocol.md §0).
///
/// A failed read leaves the position where it was.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    rest: &'a [u8],
    total: usize,
}

impl<'a> Reader<'a> {
    /// Starts at the first byte of `bytes`.
    #[inline]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, total: bytes.len() }
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Result<[u8; N], Truncated> {
        let (head, tail) = self.rest.split_first_chunk::<N>().ok_or(Truncated)?;
        self.rest = tail;
        Ok(*head)
    }

    /// The next byte.
    ///
    /// # Errors
    /// [`Truncated`] if nothing is left.
    #[inline]
    pub fn u8(&mut self) -> Result<u8, Truncated> {
        let (head, tail) = self.rest.split_first().ok_or(Truncated)?;
        self.rest = tail;
        Ok(*head)
    }

    /// The next 16-bit integer.
    ///
    /// # Errors
    /// [`Truncated`] if fewer than 2 bytes are left.
    #[inline]
    pub fn u16(&mut self) -> Result<u16, Truncated> {
        self.array().map(u16::from_le_bytes)
    }

    /// The next 24-bit integer.
    ///
    /// # Errors
    /// [`Truncated`] if fewer than 3 bytes are left.
    #[inline]
    pub fn u24(&mut self) -> Result<u32, Truncated> {
        let [a, b, c] = self.array()?;
        Ok(u32::from_le_bytes([a, b, c, 0]))
    }

    /// The next 32-bit integer.
    ///
    /// # Errors
    /// [`Truncated`] if fewer than 4 bytes are left.
    #[inline]
    pub fn u32(&mut self) -> Result<u32, Truncated> {
        self.array().map(u32::from_le_bytes)
    }

    /// The next 48-bit integer.
    ///
    /// # Errors
    /// [`Truncated`] if fewer than 6 bytes are left.
    #[inline]
    pub fn u48(&mut self) -> Result<u64, Truncated> {
        let [a, b, c, d, e, f] = self.array()?;
        Ok(u64::from_le_bytes([a, b, c, d, e, f, 0, 0]))
    }

    /// The next 64-bit integer.
    ///
    /// # Errors
    /// [`Truncated`] if fewer than 8 bytes are left.
    #[inline]
    pub fn u64(&mut self) -> Result<u64, Truncated> {
        self.array().map(u64::from_le_bytes)
    }

    /// The next varint, at most 5 bytes long. Bits that do not fit 32 are ignored (protocol.md §0).
    ///
    /// # Errors
    /// [`Truncated`] if the bytes end inside it or it goes on after its fifth byte.
    #[inline]
    pub fn varint_u32(&mut self) -> Result<u32, Truncated> {
        // Cut to 32 bits on purpose: the excess bits of a fifth byte have no meaning.
        self.varint::<MAX_VARINT_U32>().map(|v| v as u32)
    }

    /// The next varint, at most 10 bytes long. Bits that do not fit 64 are ignored (protocol.md §0).
    ///
    /// # Errors
    /// [`Truncated`] if the bytes end inside it or it goes on after its tenth byte.
    #[inline]
    pub fn varint_u64(&mut self) -> Result<u64, Truncated> {
        self.varint::<MAX_VARINT_U64>()
    }

    #[inline]
    fn varint<const MAX: usize>(&mut self) -> Result<u64, Truncated> {
        // Nearly all varints of the payload protocol are one byte.
        if let Some((&first, tail)) = self.rest.split_first()
            && first < 0x80
        {
            self.rest = tail;
            return Ok(u64::from(first));
        }
        self.long_varint::<MAX>()
    }

    fn long_varint<const MAX: usize>(&mut self) -> Result<u64, Truncated> {
        let mut value = 0u64;
        let mut tail = self.rest;
        for index in 0..MAX {
            let (&byte, after) = tail.split_first().ok_or(Truncated)?;
            tail = after;
            // index < MAX <= 10, so the shift is at most 63.
            value |= u64::from(byte & 0x7f).wrapping_shl((index as u32).wrapping_mul(7));
            if byte < 0x80 {
                self.rest = tail;
                return Ok(value);
            }
        }
        Err(Truncated)
    }

    /// The next `n` bytes.
    ///
    /// # Errors
    /// [`Truncated`] if fewer than `n` bytes are left.
    #[inline]
    pub fn take(&mut self, n: usize) -> Result<&'a [u8], Truncated> {
        let (head, tail) = self.rest.split_at_checked(n).ok_or(Truncated)?;
        self.rest = tail;
        Ok(head)
    }

    /// Everything not read yet. The position stays.
    #[inline]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Reads everything that is left.
    #[inline]
    pub fn take_rest(&mut self) -> &'a [u8] {
        core::mem::take(&mut self.rest)
    }

    /// Number of bytes not read yet.
    #[inline]
    pub const fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// Whether everything was read.
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Number of bytes read so far.
    #[inline]
    pub const fn position(&self) -> usize {
        // `rest` only ever shrinks, so this never saturates.
        self.total.saturating_sub(self.rest.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn integers_are_little_endian_and_positions_add_up() {
        let bytes: Vec<u8> = (1..=24).collect();
        let mut r = Reader::new(&bytes);
        assert_eq!(r.u8(), Ok(0x01));
        assert_eq!(r.u16(), Ok(0x0302));
        assert_eq!(r.u24(), Ok(0x06_0504));
        assert_eq!(r.u32(), Ok(0x0a09_0807));
        assert_eq!(r.u48(), Ok(0x100f_0e0d_0c0b));
        assert_eq!(r.u64(), Ok(0x1817_1615_1413_1211));
        assert_eq!((r.position(), r.remaining(), r.is_empty()), (24, 0, true));
        assert_eq!(r.u8(), Err(Truncated));
    }

    #[test]
    fn a_failed_read_moves_nothing() {
        let mut r = Reader::new(&[0x80, 0x80]);
        assert_eq!(r.varint_u64(), Err(Truncated));
        assert_eq!(r.u24(), Err(Truncated));
        assert_eq!(r.take(3), Err(Truncated));
        assert_eq!(r.position(), 0);
        assert_eq!(r.take(2), Ok(&[0x80, 0x80][..]));
    }

    #[test]
    fn varints_stop_at_the_width_of_the_target() {
        let all = [0xff; 10];
        assert_eq!(Reader::new(&all).varint_u32(), Err(Truncated));
        assert_eq!(Reader::new(&all).varint_u64(), Err(Truncated));
        // Excess bits of the last byte are ignored.
        assert_eq!(Reader::new(&[0xff, 0xff, 0xff, 0xff, 0x7f]).varint_u32(), Ok(u32::MAX));
        let mut ten = all;
        ten[9] = 0x7f;
        assert_eq!(Reader::new(&ten).varint_u64(), Ok(u64::MAX));
        // Overlong zeros are legal.
        assert_eq!(Reader::new(&[0x80, 0x80, 0x00]).varint_u32(), Ok(0));
    }

    #[test]
    fn rest_and_take_rest() {
        let mut r = Reader::new(b"abc");
        let _ = r.u8();
        assert_eq!(r.rest(), b"bc");
        assert_eq!(r.take_rest(), b"bc");
        assert_eq!((r.is_empty(), r.position()), (true, 3));
    }

    proptest! {
        #[test]
        fn any_reads_on_any_bytes(bytes: Vec<u8>, ops in proptest::collection::vec(0u8..10, 0..40)) {
            let mut r = Reader::new(&bytes);
            for op in ops {
                let before = r.position();
                let failed = match op {
                    0 => r.u8().is_err(),
                    1 => r.u16().is_err(),
                    2 => r.u24().is_err(),
                    3 => r.u32().is_err(),
                    4 => r.u48().is_err(),
                    5 => r.u64().is_err(),
                    6 => r.varint_u32().is_err(),
                    7 => r.varint_u64().is_err(),
                    n => r.take(usize::from(n)).is_err(),
                };
                prop_assert_eq!(failed, r.position() == before);
                prop_assert_eq!(r.position() + r.remaining(), bytes.len());
            }
        }
    }
}
