//! Acknowledgement frames (protocol.md §3.6).
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::arithmetic_side_effects))]

use alloc::vec::Vec;

use super::{FrameError, lead};
use crate::reader::{Reader, Truncated};
use crate::varint::{put_varint, varint_len};

/// Largest count in a block: more than any window of packets, and small enough that no sum overflows.
pub const MAX_ACK_BLOCK_COUNT: u32 = (MAX_UPPER_BITS as u32) * 8 + 7;

/// Largest value of the part of a count that is written as a varint.
const MAX_UPPER_BITS: u64 = 100_000;

/// A count of 8 and more keeps its low three bits in the nibble and sets this bit beside them.
const NIBBLE_MORE: u8 = 0x08;

/// The delay field counts in units of 1 << 5 = 32 microseconds.
const DELAY_SHIFT: u32 = 5;
/// The delay field of an unknown delay, or of one too long for the field.
const DELAY_UNKNOWN: u16 = u16::MAX;

/// What the sender of the frame has received.
///
/// The blocks describe packets downwards from `latest`. Everything below the last block down to the
/// decoder's own last stop-waiting value has been received; no blocks means nothing is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AckFrame<'a> {
    /// The newest packet the frame speaks of.
    pub latest: AckLatest,
    /// Microseconds from the arrival of that packet to the sending of this frame, a multiple of 32; `None`
    /// if not known.
    pub delay: Option<u32>,
    /// Received and missing packets, newest first.
    pub blocks: AckBlocks<'a>,
}

/// How the number of the newest packet is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AckLatest {
    /// The low 16 bits: what senders use.
    Low16(u16),
    /// The low 32 bits: legal toward peers of version 13 and later.
    Low32(u32),
}

/// A run of packets received and, below it, a run of packets missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AckBlock {
    /// Packets received, at most [`MAX_ACK_BLOCK_COUNT`].
    pub acked: u32,
    /// Packets missing below those, at most [`MAX_ACK_BLOCK_COUNT`].
    pub missing: u32,
}

/// The blocks of one acknowledgement frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AckBlocks<'a> {
    bytes: &'a [u8],
    left: u8,
}

impl<'a> AckFrame<'a> {
    /// Reads what follows the lead byte.
    #[inline]
    pub(super) fn read(lead: u8, input: &mut Reader<'a>) -> Result<Self, FrameError> {
        let latest = if lead & lead::ACK_NARROW != 0 {
            input.u16().map(AckLatest::Low16)
        } else {
            input.u32().map(AckLatest::Low32)
        };
        let latest =
            latest.map_err(|Truncated| FrameError::Truncated("latest packet of an acknowledgement"))?;
        let delay = input.u16().map_err(|Truncated| FrameError::Truncated("delay of an acknowledgement"))?;
        let delay = (delay != DELAY_UNKNOWN).then(|| u32::from(delay).wrapping_shl(DELAY_SHIFT));
        let count = match lead & lead::ACK_COUNT_EXPLICIT {
            lead::ACK_COUNT_EXPLICIT => {
                input.u8().map_err(|Truncated| FrameError::Truncated("block count of an acknowledgement"))?
            }
            short => short,
        };
        let bytes = if count == 0 { &[] } else { AckBlocks::skip(input, count)? };
        Ok(Self { latest, delay, blocks: AckBlocks { bytes, left: count } })
    }

    /// The number of blocks.
    #[inline]
    pub const fn block_count(&self) -> u8 {
        self.blocks.left
    }
}

impl<'a> AckBlocks<'a> {
    /// Walks over `count` blocks to find their end; their faults come to light here.
    fn skip(input: &mut Reader<'a>, count: u8) -> Result<&'a [u8], FrameError> {
        let mut walk = *input;
        for _ in 0..count {
            read_block(&mut walk)?;
        }
        let len = input.remaining().saturating_sub(walk.remaining());
        Ok(input.take(len).unwrap_or_default())
    }

    /// The next block, or `None` behind the last one.
    ///
    /// # Errors
    /// The block is malformed. Blocks of a frame that [`FrameReader`](super::FrameReader) gave out were
    /// checked already.
    #[inline]
    #[expect(clippy::should_implement_trait, reason = "an iterator of results would go on after an error")]
    pub fn next(&mut self) -> Result<Option<AckBlock>, FrameError> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        let mut input = Reader::new(self.bytes);
        let block = read_block(&mut input);
        self.bytes = input.rest();
        self.left = if block.is_ok() { left } else { 0 };
        block.map(Some)
    }
}

#[inline]
fn read_block(input: &mut Reader<'_>) -> Result<AckBlock, FrameError> {
    let head = input.u8().map_err(|Truncated| FrameError::Truncated("acknowledgement block"))?;
    let acked = read_count(input, head.wrapping_shr(4), FrameError::AckCountTooLarge)?;
    let missing = read_count(input, head & 0x0f, FrameError::MissingCountTooLarge)?;
    Ok(AckBlock { acked, missing })
}

#[inline]
fn read_count(
    input: &mut Reader<'_>,
    nibble: u8,
    too_large: fn(u64) -> FrameError,
) -> Result<u32, FrameError> {
    let low = u32::from(nibble & 0x07);
    if nibble & NIBBLE_MORE == 0 {
        return Ok(low);
    }
    let upper = input.varint_u64().map_err(|Truncated| FrameError::Truncated("acknowledgement block"))?;
    match u32::try_from(upper) {
        Ok(small) if upper <= MAX_UPPER_BITS => Ok(small.wrapping_shl(3) | low),
        _ => Err(too_large(upper)),
    }
}

/// Appends the head of an acknowledgement; `blocks` blocks must follow. Only the low 16 bits of `latest`
/// are written. `delay_us` is the age of that packet in microseconds, cut to a multiple of 32; `None`, and
/// more than 2.097 seconds, are written as unknown.
#[inline]
pub fn put_ack_header(out: &mut Vec<u8>, latest: u64, delay_us: Option<u64>, blocks: u8) {
    out.push(lead::ACK | lead::ACK_NARROW | short_count(blocks));
    out.extend_from_slice(&(latest as u16).to_le_bytes());
    put_delay_and_count(out, delay_us, blocks);
}

/// [`put_ack_header`] with 32 bits of `latest`. Peers before version 13 misread it; senders have no need
/// for it, and it exists so that decoders can be tested.
pub fn put_ack_header_wide(out: &mut Vec<u8>, latest: u64, delay_us: Option<u64>, blocks: u8) {
    out.push(lead::ACK | short_count(blocks));
    out.extend_from_slice(&(latest as u32).to_le_bytes());
    put_delay_and_count(out, delay_us, blocks);
}

#[inline]
fn put_delay_and_count(out: &mut Vec<u8>, delay_us: Option<u64>, blocks: u8) {
    let units = delay_us.and_then(|us| u16::try_from(us.wrapping_shr(DELAY_SHIFT)).ok());
    out.extend_from_slice(&units.unwrap_or(DELAY_UNKNOWN).to_le_bytes());
    if blocks >= lead::ACK_COUNT_EXPLICIT {
        out.push(blocks);
    }
}

#[inline]
const fn short_count(blocks: u8) -> u8 {
    if blocks < lead::ACK_COUNT_EXPLICIT { blocks } else { lead::ACK_COUNT_EXPLICIT }
}

/// The number of bytes [`put_ack_header`] appends for this number of blocks.
#[inline]
pub const fn ack_header_len(blocks: u8) -> usize {
    if blocks < lead::ACK_COUNT_EXPLICIT { 5 } else { 6 }
}

/// Appends a block: `acked` packets received, then `missing` packets missing below them. Neither may
/// exceed [`MAX_ACK_BLOCK_COUNT`]; larger values are cut to it.
#[inline]
pub fn put_ack_block(out: &mut Vec<u8>, acked: u32, missing: u32) {
    let (acked, missing) = (acked.min(MAX_ACK_BLOCK_COUNT), missing.min(MAX_ACK_BLOCK_COUNT));
    out.push(nibble(acked).wrapping_shl(4) | nibble(missing));
    for count in [acked, missing] {
        if count > 7 {
            put_varint(out, u64::from(count.wrapping_shr(3)));
        }
    }
}

/// The number of bytes [`put_ack_block`] appends.
#[inline]
pub const fn ack_block_len(acked: u32, missing: u32) -> usize {
    1usize.wrapping_add(extra_len(acked)).wrapping_add(extra_len(missing))
}

#[inline]
const fn nibble(count: u32) -> u8 {
    let low = (count & 0x07) as u8;
    if count > 7 { low | NIBBLE_MORE } else { low }
}

#[inline]
const fn extra_len(count: u32) -> usize {
    let count = if count > MAX_ACK_BLOCK_COUNT { MAX_ACK_BLOCK_COUNT } else { count };
    if count > 7 { varint_len(count.wrapping_shr(3) as u64) } else { 0 }
}
