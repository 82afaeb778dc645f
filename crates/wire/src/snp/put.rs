//! Writing frames (protocol.md §3.2, §3.3, §3.5, §3.7).
//!
//! Every `put_*` function appends to a buffer that the caller sized; the matching `*_len` function says
//! beforehand how many bytes that will be.

use alloc::vec::Vec;

use super::{MAX_EXPLICIT_SIZE, lead};
use crate::varint::{put_varint, varint_len};

/// The message number of an unreliable segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstOrNext {
    /// First unreliable segment since the packet's start or a lane selection: the full number, of which 32
    /// bits are written.
    First(u64),
    /// The running number plus one.
    Next,
    /// The running number plus this.
    Delta(u64),
}

/// The stream position of a reliable segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstOrGap {
    /// First reliable segment since the packet's start or a lane selection: the full position, of which 48
    /// bits are written.
    First(u64),
    /// Directly behind the previous segment.
    Follows,
    /// This many bytes behind the end of the previous segment; 0 is the same as `Follows`.
    Gap(u32),
}

/// The size of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SizeField {
    /// This many bytes, at most [`MAX_EXPLICIT_SIZE`]. Beyond that the segment cannot be written.
    Explicit(u16),
    /// Up to the end of the packet: only for its last frame.
    ToEnd,
}

impl SizeField {
    /// The size code in the lead byte and the byte that follows the other fields.
    #[inline]
    fn code(self) -> (u8, Option<u8>) {
        match self {
            Self::ToEnd => (lead::SIZE_TO_END, None),
            Self::Explicit(size) => {
                debug_assert!(size <= MAX_EXPLICIT_SIZE, "a segment of {size} bytes has no size code");
                let [low, high] = size.to_le_bytes();
                (high & lead::SIZE_MASK, Some(low))
            }
        }
    }

    #[inline]
    const fn len(self) -> usize {
        match self {
            Self::ToEnd => 0,
            Self::Explicit(_) => 1,
        }
    }
}

/// Appends a stop-waiting frame to packet `packet_number`: packets below `value` need no acknowledgement.
/// `value` must be below `packet_number`.
#[inline]
pub fn put_stop_waiting(out: &mut Vec<u8>, packet_number: u64, value: u64) {
    let offset = stop_waiting_offset(packet_number, value);
    let bytes = offset.to_le_bytes();
    let (code, width) = match offset {
        0..=0xff => (0, 1),
        0x100..=0xffff => (1, 2),
        0x1_0000..=0xff_ffff => (2, 3),
        _ => (3, 8),
    };
    out.push(lead::STOP_WAITING | code);
    out.extend(bytes.iter().take(width));
}

/// The number of bytes [`put_stop_waiting`] appends.
#[inline]
pub fn stop_waiting_len(packet_number: u64, value: u64) -> usize {
    match stop_waiting_offset(packet_number, value) {
        0..=0xff => 2,
        0x100..=0xffff => 3,
        0x1_0000..=0xff_ffff => 4,
        _ => 9,
    }
}

#[inline]
fn stop_waiting_offset(packet_number: u64, value: u64) -> u64 {
    debug_assert!(value < packet_number, "packet {packet_number} cannot stop waiting at {value}");
    packet_number.saturating_sub(value).saturating_sub(1)
}

/// Appends a lane selection. Lanes 1 to 7 take one byte.
#[inline]
pub fn put_select_lane(out: &mut Vec<u8>, lane: u8) {
    match lane {
        1..=7 => out.push(lead::SELECT_LANE | (lane - 1)),
        _ => {
            out.push(lead::SELECT_LANE | lead::LANE_EXPLICIT);
            put_varint(out, lane.into());
        }
    }
}

/// The number of bytes [`put_select_lane`] appends.
#[inline]
pub const fn select_lane_len(lane: u8) -> usize {
    match lane {
        1..=7 => 1,
        _ => 1 + varint_len(lane as u64),
    }
}

/// Appends everything of an unreliable segment but its data. `offset` is where in the message the data
/// begins; `last` says that the message ends with it.
#[inline]
pub fn put_unreliable_header(
    out: &mut Vec<u8>,
    number: FirstOrNext,
    offset: u32,
    last: bool,
    size: SizeField,
) {
    let (size_code, size_byte) = size.code();
    let mut head = size_code;
    if last {
        head |= lead::UNRELIABLE_LAST;
    }
    if !matches!(number, FirstOrNext::Next) {
        head |= lead::UNRELIABLE_NUMBER;
    }
    if offset != 0 {
        head |= lead::UNRELIABLE_OFFSET;
    }
    out.push(head);
    match number {
        FirstOrNext::First(number) => out.extend_from_slice(&(number as u32).to_le_bytes()),
        FirstOrNext::Next => {}
        FirstOrNext::Delta(delta) => put_varint(out, delta),
    }
    if offset != 0 {
        put_varint(out, offset.into());
    }
    if let Some(low) = size_byte {
        out.push(low);
    }
}

/// The number of bytes [`put_unreliable_header`] appends.
#[inline]
pub const fn unreliable_header_len(number: FirstOrNext, offset: u32, size: SizeField) -> usize {
    let number = match number {
        FirstOrNext::First(_) => 4,
        FirstOrNext::Next => 0,
        FirstOrNext::Delta(delta) => varint_len(delta),
    };
    let offset = if offset == 0 { 0 } else { varint_len(offset as u64) };
    1 + number + offset + size.len()
}

/// Appends everything of a reliable segment but its data.
#[inline]
pub fn put_reliable_header(out: &mut Vec<u8>, position: FirstOrGap, size: SizeField) {
    let (size_code, size_byte) = size.code();
    let head = lead::RELIABLE | size_code;
    match position {
        FirstOrGap::First(position) => {
            let [a, b, c, d, e, f, ..] = position.to_le_bytes();
            out.extend_from_slice(&[head | 2 << lead::POSITION_SHIFT, a, b, c, d, e, f]);
        }
        FirstOrGap::Follows | FirstOrGap::Gap(0) => out.push(head),
        FirstOrGap::Gap(gap) => {
            let bytes = gap.to_le_bytes();
            let (form, width) = gap_form(gap);
            out.push(head | form << lead::POSITION_SHIFT);
            out.extend(bytes.iter().take(width));
        }
    }
    if let Some(low) = size_byte {
        out.push(low);
    }
}

/// The number of bytes [`put_reliable_header`] appends.
#[inline]
pub const fn reliable_header_len(position: FirstOrGap, size: SizeField) -> usize {
    let position = match position {
        FirstOrGap::First(_) => 6,
        FirstOrGap::Follows | FirstOrGap::Gap(0) => 0,
        FirstOrGap::Gap(gap) => gap_form(gap).1,
    };
    1 + position + size.len()
}

/// The position form of a gap, and its width in bytes.
#[inline]
const fn gap_form(gap: u32) -> (u8, usize) {
    match gap {
        0..=0xff => (1, 1),
        0x100..=0xffff => (2, 2),
        _ => (3, 4),
    }
}
