//! Cutting a plaintext into frames (protocol.md §3.1).
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::arithmetic_side_effects))]

use super::{
    AckFrame, Frame, FrameError, MAX_LANE, NumberField, PositionField, ReliableFrame, UnreliableFrame, lead,
};
use crate::reader::{Reader, Truncated};

/// Reads the frames of one packet, one after the other.
///
/// Which form a message number or stream position has depends on the frames before; the reader remembers
/// as much as it needs for that, and nothing beyond the packet.
#[derive(Debug, Clone)]
pub struct FrameReader<'a> {
    input: Reader<'a>,
    /// An unreliable segment came since the packet's start or the last lane selection.
    unreliable_seen: bool,
    /// A reliable segment came since the packet's start or the last lane selection.
    reliable_seen: bool,
}

impl<'a> FrameReader<'a> {
    /// Starts at the first frame of the decrypted packet `plain`.
    #[inline]
    pub const fn new(plain: &'a [u8]) -> Self {
        Self { input: Reader::new(plain), unreliable_seen: false, reliable_seen: false }
    }

    /// The next frame, or `None` behind the last one.
    ///
    /// # Errors
    /// The bytes are not a frame. The connection cannot go on: the sender was authenticated, so this is
    /// no accident. After an error there are no more frames.
    #[inline]
    #[expect(clippy::should_implement_trait, reason = "an iterator of results would go on after an error")]
    pub fn next(&mut self) -> Result<Option<Frame<'a>>, FrameError> {
        let Ok(lead) = self.input.u8() else { return Ok(None) };
        let frame = match lead {
            0x00..=0x3f => self.unreliable(lead),
            0x40..=0x5f => self.reliable(lead),
            0x80..=0x83 => self.stop_waiting(lead),
            0x88..=0x8f => self.select_lane(lead),
            0x90..=0x9f => AckFrame::read(lead, &mut self.input).map(Frame::Ack),
            _ => Err(FrameError::BadLead(lead)),
        };
        match frame {
            Ok(frame) => Ok(Some(frame)),
            Err(error) => {
                self.input = Reader::new(&[]);
                Err(error)
            }
        }
    }

    #[inline]
    fn unreliable(&mut self, lead: u8) -> Result<Frame<'a>, FrameError> {
        let wide = lead & lead::UNRELIABLE_NUMBER != 0;
        let input = &mut self.input;
        let number = match (self.unreliable_seen, wide) {
            (false, false) => input.u16().map(NumberField::Low16),
            (false, true) => input.u32().map(NumberField::Low32),
            (true, false) => Ok(NumberField::Next),
            (true, true) => input.varint_u64().map(NumberField::Delta),
        };
        let number = number.map_err(|Truncated| FrameError::Truncated("unreliable message number"))?;
        self.unreliable_seen = true;
        let offset = if lead & lead::UNRELIABLE_OFFSET != 0 {
            input.varint_u32().map_err(|Truncated| FrameError::Truncated("unreliable offset"))?
        } else {
            0
        };
        let data = segment_data(lead, input)?;
        Ok(Frame::Unreliable(UnreliableFrame {
            number,
            offset,
            last: lead & lead::UNRELIABLE_LAST != 0,
            data,
        }))
    }

    #[inline]
    fn reliable(&mut self, lead: u8) -> Result<Frame<'a>, FrameError> {
        let form = lead.wrapping_shr(lead::POSITION_SHIFT) & 3;
        let input = &mut self.input;
        let position = match (self.reliable_seen, form) {
            (false, 0) => input.u24().map(PositionField::Low24),
            (false, 1) => input.u32().map(PositionField::Low32),
            (false, 2) => input.u48().map(PositionField::Low48),
            (false, _) => return Err(FrameError::ReservedPosition),
            (true, 0) => Ok(PositionField::Follows),
            (true, 1) => input.u8().map(|gap| PositionField::Gap(gap.into())),
            (true, 2) => input.u16().map(|gap| PositionField::Gap(gap.into())),
            (true, _) => input.u32().map(PositionField::Gap),
        };
        let position = position.map_err(|Truncated| FrameError::Truncated("reliable stream position"))?;
        self.reliable_seen = true;
        let data = segment_data(lead, input)?;
        Ok(Frame::Reliable(ReliableFrame { position, data }))
    }

    #[inline]
    fn stop_waiting(&mut self, lead: u8) -> Result<Frame<'a>, FrameError> {
        let offset = match lead & 3 {
            0 => self.input.u8().map(u64::from),
            1 => self.input.u16().map(u64::from),
            2 => self.input.u24().map(u64::from),
            _ => self.input.u64(),
        };
        let offset = offset.map_err(|Truncated| FrameError::Truncated("stop-waiting offset"))?;
        Ok(Frame::StopWaiting { offset })
    }

    #[inline]
    fn select_lane(&mut self, lead: u8) -> Result<Frame<'a>, FrameError> {
        let lane = match lead & lead::LANE_EXPLICIT {
            lead::LANE_EXPLICIT => {
                self.input.varint_u32().map_err(|Truncated| FrameError::Truncated("lane number"))?
            }
            short => u32::from(short).wrapping_add(1),
        };
        if lane > MAX_LANE {
            return Err(FrameError::BadLane(lane));
        }
        self.unreliable_seen = false;
        self.reliable_seen = false;
        Ok(Frame::SelectLane(lane))
    }
}

/// The data of a segment, whose size code stands in the lead byte.
#[inline]
fn segment_data<'a>(lead: u8, input: &mut Reader<'a>) -> Result<&'a [u8], FrameError> {
    match lead & lead::SIZE_MASK {
        lead::SIZE_TO_END => Ok(input.take_rest()),
        high @ 0..=4 => {
            let low = input.u8().map_err(|Truncated| FrameError::Truncated("segment size"))?;
            let size = u16::from_le_bytes([low, high]);
            input.take(size.into()).map_err(|Truncated| FrameError::SegmentOverrun(size))
        }
        _ => Err(FrameError::BadSizeCode(lead)),
    }
}
