//! Unsigned LEB128 integers, the variable-length form of protobuf (protocol.md §0).

use alloc::vec::Vec;

/// Bytes of the longest varint that holds 32 bits.
pub const MAX_VARINT_U32: usize = 5;
/// Bytes of the longest varint that holds 64 bits.
pub const MAX_VARINT_U64: usize = 10;

/// Appends the shortest varint of `v`: one to ten bytes.
#[inline]
pub fn put_varint(out: &mut Vec<u8>, mut v: u64) {
    while v >= 0x80 {
        out.push((v & 0x7f) as u8 | 0x80);
        v >>= 7;
    }
    out.push(v as u8);
}

/// The number of bytes [`put_varint`] appends for `v`.
#[inline]
pub const fn varint_len(v: u64) -> usize {
    // One byte per started group of seven bits; zero takes one byte as well.
    let bits = 64 - (v | 1).leading_zeros() as usize;
    bits.div_ceil(7)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reader::Reader;
    use proptest::prelude::*;

    #[test]
    fn lengths_change_where_seven_bits_are_full() {
        let cases = [
            (0, 1),
            (1, 1),
            (127, 1),
            (128, 2),
            (16_383, 2),
            (16_384, 3),
            (u64::MAX >> 1, 9),
            (u64::MAX, 10),
        ];
        for (value, len) in cases {
            assert_eq!(varint_len(value), len, "{value}");
        }
    }

    proptest! {
        #[test]
        fn round_trip(shift in 0u32..64, raw: u64) {
            let value = raw >> shift;
            let mut out = Vec::new();
            put_varint(&mut out, value);
            prop_assert_eq!(out.len(), varint_len(value));
            let mut reader = Reader::new(&out);
            prop_assert_eq!(reader.varint_u64(), Ok(value));
            prop_assert!(reader.is_empty());
            let mut reader = Reader::new(&out);
            match u32::try_from(value) {
                Ok(small) => prop_assert_eq!(reader.varint_u32(), Ok(small)),
                Err(_) if out.len() > MAX_VARINT_U32 => prop_assert!(reader.varint_u32().is_err()),
                Err(_) => prop_assert_eq!(reader.varint_u32(), Ok(value as u32)),
            }
        }
    }
}
