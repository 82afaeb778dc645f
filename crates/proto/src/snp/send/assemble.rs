//! Packing waiting data into the frames of one packet (protocol.md §3.11).

use super::inflight::Inflight;
use super::lane::{Next, SendLane};
use alloc::vec::Vec;
use gamesockets_wire::snp::{
    FirstOrGap, FirstOrNext, SizeField, put_reliable_header, put_select_lane, put_unreliable_header,
    reliable_header_len, select_lane_len, unreliable_header_len,
};

/// A part of a message is only begun when at least this many bytes of it fit, or all of it.
const WORTHWHILE_BYTES: usize = 16;
/// Virtual time for one byte at weight 1; a multiple of no weight in particular, large enough for exact shares.
const SERVICE_SCALE: u64 = 1 << 16;

/// What went into a packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Packed {
    pub(super) segments: u16,
    /// Stream bytes sent, again or for the first time.
    pub(super) reliable: u64,
    pub(super) unreliable: u64,
    /// Whether any segment, even an empty one, was written.
    pub(super) any: bool,
}

/// Writes segments behind what `out` holds until `end` (an index into `out`) or until nothing waits.
pub(super) struct Assembler<'a> {
    pub(super) lanes: &'a mut [SendLane],
    pub(super) inflight: &'a mut Inflight,
    pub(super) out: &'a mut Vec<u8>,
    pub(super) end: usize,
    /// Room for segments when nothing was written yet.
    room_at_start: usize,
    packed: Packed,
    /// Set by a segment that runs to the end of the packet.
    closed: bool,
    lane: Option<u8>,
    last_number: Option<u64>,
    last_position: Option<u64>,
}

impl<'a> Assembler<'a> {
    pub(super) fn new(
        lanes: &'a mut [SendLane],
        inflight: &'a mut Inflight,
        out: &'a mut Vec<u8>,
        end: usize,
    ) -> Self {
        let packed = Packed::default();
        let room_at_start = end.saturating_sub(out.len());
        Self {
            lanes,
            inflight,
            out,
            end,
            room_at_start,
            packed,
            closed: false,
            lane: None,
            last_number: None,
            last_position: None,
        }
    }

    /// Fills the packet. `waiting` is the number of bytes that wait on all lanes, to know the last segment.
    pub(super) fn fill(mut self, mut waiting: u64) -> Packed {
        while let Some(i) = pick(self.lanes) {
            if self.spoils_ack_trigger(i) {
                break;
            }
            let before = self.packed;
            self.fill_from(i, &mut waiting);
            if self.packed == before {
                break;
            }
            let sent = self.packed.reliable + self.packed.unreliable - before.reliable - before.unreliable;
            charge(self.lanes, i, sent);
            if self.closed || self.room() < WORTHWHILE_BYTES {
                break;
            }
        }
        self.packed
    }

    /// The reference library acknowledges a packet promptly only when the lane selected last carries reliable data
    /// (protocol.md §3.9), so a lane without any never follows one that has some.
    fn spoils_ack_trigger(&self, lane: u8) -> bool {
        let next = self.lanes.get(usize::from(lane)).and_then(SendLane::next);
        self.packed.segments > 0 && self.lane != Some(lane) && matches!(next, Some(Next::Unreliable { .. }))
    }

    const fn room(&self) -> usize {
        self.end.saturating_sub(self.out.len())
    }

    fn fill_from(&mut self, lane: u8, waiting: &mut u64) {
        // Selecting resets the contexts, so the first segment carries its number or position in full.
        let select = if self.lane == Some(lane) || (self.lane.is_none() && lane == 0) {
            0
        } else {
            select_lane_len(lane)
        };
        let mut pending_select = select > 0;
        if self.lane != Some(lane) {
            self.last_number = None;
            self.last_position = None;
        }
        while let Some(next) = self.lanes.get(usize::from(lane)).and_then(SendLane::next) {
            let extra = if pending_select { select } else { 0 };
            let written = match next {
                Next::Reliable { span, retry } => self.reliable(lane, extra, span, retry, waiting),
                Next::Unreliable { number, offset, at, left } => {
                    self.unreliable(lane, extra, (number, offset, at, left), waiting)
                }
            };
            if !written {
                break;
            }
            self.lane = Some(lane);
            pending_select = false;
            if self.closed {
                break;
            }
        }
    }

    /// How many of `left` bytes fit behind a header of `explicit` or `to_end` bytes, and with which size form.
    fn fit(
        &self,
        extra: usize,
        explicit: usize,
        to_end: usize,
        left: u64,
        waiting: u64,
    ) -> Option<(u64, SizeField)> {
        let room = self.room();
        let room_to_end = room.checked_sub(extra + to_end)?;
        let last_of_all = waiting <= left;
        if left > room_to_end as u64 {
            // Fills the packet; a part that is too small is better begun in the next one.
            return (room_to_end >= WORTHWHILE_BYTES).then_some((room_to_end as u64, SizeField::ToEnd));
        }
        if last_of_all {
            return Some((left, SizeField::ToEnd));
        }
        let room_explicit = room.checked_sub(extra + explicit)? as u64;
        if left <= room_explicit {
            return Some((left, SizeField::Explicit(left as u16)));
        }
        // Exactly one byte short of an explicit size: it is the last segment of this packet then.
        Some((left, SizeField::ToEnd))
    }

    fn reliable(
        &mut self,
        lane: u8,
        extra: usize,
        span: core::ops::Range<u64>,
        retry: bool,
        waiting: &mut u64,
    ) -> bool {
        let form = match self.last_position {
            None => FirstOrGap::First(span.start),
            Some(end) if end == span.start => FirstOrGap::Follows,
            Some(end) => match span.start.checked_sub(end).and_then(|g| u32::try_from(g).ok()) {
                Some(gap) => FirstOrGap::Gap(gap),
                // Backwards (new data before, a retry now): another packet will carry it.
                None => return false,
            },
        };
        let left = span.end - span.start;
        let explicit = reliable_header_len(form, SizeField::Explicit(1));
        let to_end = reliable_header_len(form, SizeField::ToEnd);
        let Some((len, size)) = self.fit(extra, explicit, to_end, left, *waiting) else { return false };
        if extra > 0 {
            put_select_lane(self.out, lane);
        }
        put_reliable_header(self.out, form, size);
        let sent = span.start..span.start + len;
        if let Some(l) = self.lanes.get_mut(usize::from(lane)) {
            l.stream().copy_to(sent.start, len as usize, self.out);
            l.on_stream_sent(&sent, retry);
        }
        self.inflight.push_segment(lane, &sent);
        self.packed.segments += 1;
        self.packed.reliable += len;
        self.packed.any = true;
        self.last_position = Some(sent.end);
        // The receiver counts a reliable segment as one message number (protocol.md §3.2).
        self.last_number = self.last_number.map(|n| n + 1);
        *waiting = waiting.saturating_sub(len);
        self.closed = size == SizeField::ToEnd;
        true
    }

    /// Whether an unreliable message of `size` bytes, too long for what is left of this packet, has room at the start of
    /// one. It waits for that: in two packets it would be lost twice as often. Packets of equal messages become equally
    /// large with it, so that the system takes many of them at once.
    fn fits_fresh_packet(&self, lane: u8, size: u64) -> bool {
        let select = if lane == 0 { 0 } else { select_lane_len(lane) };
        let header = select + unreliable_header_len(FirstOrNext::First(0), 0, SizeField::ToEnd);
        size + header as u64 <= self.room_at_start as u64
    }

    fn unreliable(&mut self, lane: u8, extra: usize, part: (u64, u64, u64, u64), waiting: &mut u64) -> bool {
        let (number, offset, at, left) = part;
        let form = match self.last_number {
            None => FirstOrNext::First(number),
            Some(n) if n + 1 == number => FirstOrNext::Next,
            Some(n) if n < number => FirstOrNext::Delta(number - n),
            // The running number ran ahead (reliable segments in between): start a context in another packet.
            Some(_) => return false,
        };
        // The message is shorter than 64 KiB: larger ones are reliable.
        let at_offset = offset as u32;
        let explicit = unreliable_header_len(form, at_offset, SizeField::Explicit(1));
        let to_end = unreliable_header_len(form, at_offset, SizeField::ToEnd);
        let Some((len, size)) = self.fit(extra, explicit, to_end, left, *waiting) else { return false };
        let last = len == left;
        if !last && offset == 0 && self.fits_fresh_packet(lane, left) {
            return false;
        }
        if extra > 0 {
            put_select_lane(self.out, lane);
        }
        put_unreliable_header(self.out, form, at_offset, last, size);
        if let Some(l) = self.lanes.get_mut(usize::from(lane)) {
            l.datagrams().copy_to(at, len as usize, self.out);
            l.on_datagram_sent(len, last);
        }
        self.packed.unreliable += len;
        self.packed.any = true;
        self.last_number = Some(number);
        *waiting = waiting.saturating_sub(len);
        self.closed = size == SizeField::ToEnd;
        true
    }
}

/// The lane to serve next: smallest priority number first, then the one served least for its weight.
fn pick(lanes: &[SendLane]) -> Option<u8> {
    if let [only] = lanes {
        return only.has_work().then_some(0);
    }
    let busy = lanes.iter().enumerate().filter(|(_, l)| l.has_work());
    busy.min_by_key(|(i, l)| (l.config.priority, l.served, *i)).and_then(|(i, _)| u8::try_from(i).ok())
}

/// Books `bytes` of service for lane `i`.
fn charge(lanes: &mut [SendLane], i: u8, bytes: u64) {
    let Some(lane) = lanes.get_mut(usize::from(i)) else { return };
    let cost = bytes.max(1).saturating_mul(SERVICE_SCALE) / u64::from(lane.config.weight.max(1));
    lane.served = lane.served.saturating_add(cost);
}

/// Lane `i` has work after it had none: it starts level with the busy lanes of its class, without credit for silence.
pub(super) fn wake(lanes: &mut [SendLane], i: usize) {
    let Some(priority) = lanes.get(i).map(|l| l.config.priority) else { return };
    let class = |(j, l): &(usize, &mut SendLane)| *j != i && l.config.priority == priority;
    let others = lanes.iter_mut().enumerate().filter(class);
    let level = others.filter(|(_, l)| l.has_work()).map(|(_, l)| l.served).min();
    match level {
        Some(level) => {
            if let Some(lane) = lanes.get_mut(i) {
                lane.served = lane.served.max(level);
            }
        }
        // The class was idle: everybody starts anew, so that the counts stay small.
        None => lanes.iter_mut().filter(|l| l.config.priority == priority).for_each(|l| l.served = 0),
    }
}
