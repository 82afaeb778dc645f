//! The five bytes in front of every message of the messages interface (protocol.md §6).
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::arithmetic_side_effects))]

use alloc::vec::Vec;

use crate::reader::{Reader, Truncated};

/// Bytes of the header.
pub const HEADER_LEN: usize = 5;

/// The value of the first byte. Receivers ignore it.
const FLAGS: u8 = 1;

/// Appends the header for `channel`.
#[inline]
pub fn put_header(out: &mut Vec<u8>, channel: i32) {
    out.push(FLAGS);
    out.extend_from_slice(&channel.to_le_bytes());
}

/// Splits a message into its channel and its body.
///
/// # Errors
/// [`Truncated`] if the message is shorter than the header; such a message is to be dropped.
#[inline]
pub fn split(message: &[u8]) -> Result<(i32, &[u8]), Truncated> {
    let mut reader = Reader::new(message);
    let _flags = reader.u8()?;
    let channel = reader.u32()?.cast_signed();
    Ok((channel, reader.take_rest()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn flags_are_ignored_and_short_messages_refused() {
        assert_eq!(split(&[0xee, 5, 0, 0, 0, 9]), Ok((5, &[9][..])));
        assert_eq!(split(&[1, 5, 0, 0]), Err(Truncated));
        assert_eq!(split(&[]), Err(Truncated));
    }

    proptest! {
        #[test]
        fn round_trip(channel: i32, body: Vec<u8>) {
            let mut out = Vec::new();
            put_header(&mut out, channel);
            prop_assert_eq!(out.len(), HEADER_LEN);
            out.extend_from_slice(&body);
            prop_assert_eq!(split(&out), Ok((channel, &body[..])));
        }
    }
}
