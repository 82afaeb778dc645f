//! Messages inside the reliable stream (protocol.md §3.4).
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::arithmetic_side_effects))]

use alloc::vec::Vec;

use crate::reader::{Reader, Truncated};
use crate::varint::{MAX_VARINT_U64, put_varint, varint_len};

/// Bytes of the longest header: the lead byte and two varints.
pub const MAX_HEADER_LEN: usize = 1 + 2 * MAX_VARINT_U64;

/// Largest step between the numbers of two reliable messages of a lane.
pub const MAX_NUMBER_DELTA: u64 = 1_000_000;

/// Largest message size a header may name; receivers allow far less.
pub const MAX_SIZE: u64 = u32::MAX as u64;

/// A byte that begins a header never has this bit.
const RESERVED: u8 = 0x80;
/// A varint with the step of the message number follows.
const HAS_DELTA: u8 = 0x40;
/// A varint with the upper part of the size follows.
const HAS_UPPER_SIZE: u8 = 0x20;
/// The low bits of the size stand in the lead byte.
const LOW_SIZE_MASK: u8 = 0x1f;
const LOW_SIZE_BITS: u32 = 5;

/// What stands in front of a message in the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageHeader {
    /// The number of this message less the number of the previous reliable message of the lane, 0 to
    /// [`MAX_NUMBER_DELTA`]. Unreliable messages in between make it larger than 1.
    pub delta: u64,
    /// Bytes of the message, at most [`MAX_SIZE`]. Nothing may be allocated from it unchecked.
    pub size: u64,
}

/// The stream does not go on with a message. Ends the connection with
/// [`EndReason::MISC_INTERNAL_ERROR`](crate::EndReason::MISC_INTERNAL_ERROR) and this text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// No message begins with this byte.
    #[error("no reliable message begins with 0x{0:02x}")]
    BadLead(u8),
    /// The message number makes a step beyond [`MAX_NUMBER_DELTA`]. Also raised by the owner of the lane,
    /// when the number is too far ahead of all numbers seen.
    #[error("the number of a reliable message jumps by {0}")]
    NumberJump(u64),
    /// The message is longer than the owner of the lane, or [`MAX_SIZE`], allows; this is its size, as far
    /// as it can be told.
    #[error("a reliable message of {0} bytes is too large")]
    TooLarge(u64),
    /// A varint goes on after ten bytes.
    #[error("a number in the header of a reliable message is too long")]
    LongVarint,
}

impl HeaderError {
    /// A fixed short name, for counters.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::BadLead(_) => "bad_message_lead",
            Self::NumberJump(_) => "message_number_jump",
            Self::TooLarge(_) => "message_too_large",
            Self::LongVarint => "message_long_varint",
        }
    }
}

/// Reads headers off the front of the stream.
#[derive(Debug, Clone, Copy)]
pub struct MessageHeaderReader;

impl MessageHeaderReader {
    /// The header at the front of `stream` and its length in bytes, or `None` if more bytes are needed.
    ///
    /// # Errors
    /// [`HeaderError`]: the stream cannot be read any further.
    #[inline]
    pub fn decode(stream: &[u8]) -> Result<Option<(MessageHeader, usize)>, HeaderError> {
        let mut reader = Reader::new(stream);
        let Ok(lead) = reader.u8() else { return Ok(None) };
        if lead & RESERVED != 0 {
            return Err(HeaderError::BadLead(lead));
        }
        let mut delta = 1;
        if lead & HAS_DELTA != 0 {
            let Some(value) = varint(&mut reader)? else { return Ok(None) };
            if value > MAX_NUMBER_DELTA {
                return Err(HeaderError::NumberJump(value));
            }
            delta = value;
        }
        let mut size = u64::from(lead & LOW_SIZE_MASK);
        if lead & HAS_UPPER_SIZE != 0 {
            let Some(upper) = varint(&mut reader)? else { return Ok(None) };
            if upper > MAX_SIZE.wrapping_shr(LOW_SIZE_BITS) {
                return Err(HeaderError::TooLarge(upper.saturating_mul(32)));
            }
            size |= upper.wrapping_shl(LOW_SIZE_BITS);
        }
        Ok(Some((MessageHeader { delta, size }, reader.position())))
    }
}

/// A varint, or `None` if more bytes are needed.
#[inline]
fn varint(reader: &mut Reader<'_>) -> Result<Option<u64>, HeaderError> {
    match reader.varint_u64() {
        Ok(value) => Ok(Some(value)),
        Err(Truncated) if reader.remaining() >= MAX_VARINT_U64 => Err(HeaderError::LongVarint),
        Err(Truncated) => Ok(None),
    }
}

/// Appends the header of a message of `size` bytes whose number is `number_delta` above that of the
/// previous reliable message of the lane.
#[inline]
pub fn put_message_header(out: &mut Vec<u8>, number_delta: u64, size: u64) {
    let mut lead = (size as u8) & LOW_SIZE_MASK;
    if number_delta != 1 {
        lead |= HAS_DELTA;
    }
    let upper = size.wrapping_shr(LOW_SIZE_BITS);
    if upper != 0 {
        lead |= HAS_UPPER_SIZE;
    }
    out.push(lead);
    if number_delta != 1 {
        put_varint(out, number_delta);
    }
    if upper != 0 {
        put_varint(out, upper);
    }
}

/// The number of bytes [`put_message_header`] appends.
#[inline]
pub const fn message_header_len(number_delta: u64, size: u64) -> usize {
    let upper = size.wrapping_shr(LOW_SIZE_BITS);
    let delta = if number_delta == 1 { 0 } else { varint_len(number_delta) };
    let upper = if upper == 0 { 0 } else { varint_len(upper) };
    1usize.wrapping_add(delta).wrapping_add(upper)
}
