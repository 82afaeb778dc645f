//! Takes the plaintext of packets apart and hands every part to its lane (protocol.md §3).

use super::numbers::{PacketNumbers, StopWaitingError};
use super::payload::Payloads;
use super::reliable::{Ctx, ReliableIn, Taken};
use super::unreliable::Fragments;
use crate::limits::{FRAGMENTS_MAX, LANES_MAX, REASSEMBLY_BYTES_MAX, UNREAD_AT_END_MAX};
use crate::message::{Gauges, Message};
use crate::rate::RateController;
use crate::snp::send::{AckReport, Sender};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::Ordering::Relaxed;
use gamesockets_wire::snp::stream::HeaderError;
use gamesockets_wire::snp::{
    Frame, FrameError, FrameReader, NumberField, PositionField, ReliableFrame, UnreliableFrame,
    expand_number, expand_position,
};
use gamesockets_wire::time::Timestamp;

/// Lanes are numbered 0 to this on the wire (protocol.md §3.7).
const LANE_MAX: u32 = LANES_MAX as u32;

/// Settings of the receiving half.
#[derive(Clone, Copy, Debug)]
pub struct RecvLimits {
    /// The span of one lane's stream beyond a hole that may be held, bytes.
    pub ahead_bytes: usize,
    /// Bytes that may wait unread.
    pub unread_bytes_max: u64,
    /// Messages that may wait unread.
    pub buffer_messages: u32,
    /// Largest message.
    pub message_bytes_max: usize,
    /// Segments taken from one packet.
    pub segments_per_packet: u32,
    /// Whether unreliable data is taken (not while lingering).
    pub accept_unreliable: bool,
    /// Whether reliable data is thrown away although acknowledged (while lingering).
    pub discard_reliable: bool,
}

/// Why a peer's data ends the connection. All of these are the peer's fault: the packet was authentic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StreamError {
    /// A frame that the protocol does not know or that is cut short.
    #[error("malformed packet content from the peer: {0}")]
    Frame(#[from] FrameError),
    /// A message header that the protocol does not know.
    #[error("malformed reliable message header from the peer: {0}")]
    Header(#[from] HeaderError),
    /// An impossible stop-waiting value.
    #[error("{0}")]
    StopWaiting(#[from] StopWaitingError),
    /// An unreliable message number at or below zero.
    #[error("unreliable message number below the first one, on lane {lane}")]
    NumberUnderflow {
        /// The lane.
        lane: u32,
    },
    /// A stream position at or below zero.
    #[error("reliable stream position below the first one, on lane {lane}")]
    PositionUnderflow {
        /// The lane.
        lane: u32,
    },
    /// A reliable message number that jumps too far.
    #[error("reliable message number jumped from {from} to {to}")]
    NumberLurch {
        /// Number of the reliable message before.
        from: u64,
        /// The number it claims.
        to: u64,
    },
    /// A message larger than this side accepts.
    #[error(
        "the peer sends a message of {size} bytes, the limit is {limit}: raise RecvMaxMessageSize and RecvBufferSize or send less"
    )]
    MessageTooLarge {
        /// Its size.
        size: u64,
        /// The limit.
        limit: usize,
    },
    /// A lane beyond the last one.
    #[error("the peer sends on lane {lane}, the last one is {max}")]
    InvalidLane {
        /// The lane.
        lane: u32,
        /// The last lane.
        max: u32,
    },
    /// Unfinished messages on too many lanes at once.
    #[error("the peer has {bytes} bytes of unfinished messages open, the limit is {limit}")]
    TooMuchUnfinished {
        /// Sum of the sizes of unfinished messages.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
}

/// Messages that arrived and were not taken out yet by the owner of the connection.
#[derive(Debug)]
pub struct Inbox {
    messages: Vec<Message>,
    /// Bytes of `messages`. What waits here is added to the gauges when it leaves, all at once.
    bytes: u64,
    gauges: Arc<Gauges>,
}

impl Inbox {
    fn new(gauges: Arc<Gauges>) -> Self {
        Self { messages: Vec::new(), bytes: 0, gauges }
    }

    pub(super) fn has_room(&self, size: usize, limits: &RecvLimits) -> bool {
        let messages = self.gauges.recv_messages.load(Relaxed) as usize + self.messages.len();
        let bytes = self.gauges.recv_bytes.load(Relaxed) + self.bytes;
        messages < limits.buffer_messages as usize && bytes + size as u64 <= limits.unread_bytes_max
    }

    pub(super) fn push(&mut self, message: Message) {
        self.bytes += message.payload.len() as u64;
        self.messages.push(message);
    }

    /// Puts a late unreliable message before the newer ones of its lane that nobody has taken yet (protocol.md §3.14).
    fn push_unreliable(&mut self, message: Message) {
        let late = |m: &Message| m.lane == message.lane && m.number > message.number;
        let newer = self.messages.iter().rev().take_while(|m| late(m)).count();
        if newer == 0 {
            return self.push(message);
        }
        self.bytes += message.payload.len() as u64;
        let at = self.messages.len() - newer;
        self.messages.insert(at, message);
    }

    /// Whether messages wait here.
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// Moves all messages to the end of `out`.
    pub fn take(&mut self, out: &mut Vec<Message>) {
        let count = u32::try_from(self.messages.len()).unwrap_or(u32::MAX);
        self.gauges.on_arrived(count, core::mem::take(&mut self.bytes));
        if out.is_empty() && out.capacity() < self.messages.len() {
            core::mem::swap(out, &mut self.messages);
        } else {
            out.append(&mut self.messages);
        }
    }
}

/// Memory of unfinished data over all lanes of a connection.
#[derive(Debug, Default)]
pub(super) struct Budget {
    partial: usize,
    held: usize,
}

impl Budget {
    pub(super) fn reserve(&mut self, size: usize) -> Result<(), StreamError> {
        let bytes = self.partial + size;
        let limit = REASSEMBLY_BYTES_MAX.max(size);
        if bytes > limit {
            return Err(StreamError::TooMuchUnfinished { bytes, limit });
        }
        self.partial = bytes;
        Ok(())
    }

    pub(super) const fn release(&mut self, size: usize) {
        self.partial = self.partial.saturating_sub(size);
    }

    pub(super) fn hold(&mut self, cost: usize, limits: &RecvLimits) -> bool {
        let fits = self.held + cost <= REASSEMBLY_BYTES_MAX.max(limits.ahead_bytes.saturating_mul(2));
        if fits {
            self.held += cost;
        }
        fits
    }

    pub(super) const fn force_hold(&mut self, cost: usize) {
        self.held += cost;
    }

    pub(super) const fn unhold(&mut self, cost: usize) {
        self.held = self.held.saturating_sub(cost);
    }
}

#[derive(Debug)]
struct RecvLane {
    highest_number: u64,
    reliable: ReliableIn,
    fragments: Fragments,
}

impl RecvLane {
    const fn new() -> Self {
        Self { highest_number: 0, reliable: ReliableIn::new(), fragments: Fragments::new() }
    }
}

/// What a packet did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PacketReport {
    /// All of it was taken in; if not it must stay unacknowledged.
    pub complete: bool,
    /// It carried reliable data: an acknowledgement is owed soon.
    pub reliable: bool,
    /// It acknowledges a packet never sent: it must be ignored altogether.
    pub never_sent: bool,
    /// What its last ack frame told.
    pub ack: Option<AckReport>,
}

/// The receiving half of a connection.
#[derive(Debug)]
pub struct Receiver {
    /// Packet numbers received.
    pub numbers: PacketNumbers,
    /// Messages that arrived.
    pub inbox: Inbox,
    lanes: Vec<RecvLane>,
    budget: Budget,
    fragments: usize,
}

/// What frames of one packet refer to.
struct Context {
    lane: u32,
    number: Option<u64>,
    stream_end: Option<u64>,
}

impl Receiver {
    /// A receiver with nothing received.
    pub fn new(gauges: Arc<Gauges>) -> Self {
        Self {
            numbers: PacketNumbers::new(),
            inbox: Inbox::new(gauges),
            lanes: Vec::new(),
            budget: Budget::default(),
            fragments: 0,
        }
    }

    /// Takes the plaintext of packet `packet` in.
    ///
    /// # Errors
    /// The content is malformed or beyond a limit: the connection has to end with it.
    pub fn on_packet(
        &mut self,
        now: Timestamp,
        packet: u64,
        plain: &[u8],
        limits: &RecvLimits,
        sender: &mut Sender,
        rate: &mut dyn RateController,
    ) -> Result<PacketReport, StreamError> {
        let mut report = PacketReport { complete: true, ..PacketReport::default() };
        let mut frames = FrameReader::new(plain);
        let mut payloads = Payloads::new(plain);
        let mut context = Context { lane: 0, number: None, stream_end: None };
        let mut segments = 0;
        while let Some(frame) = frames.next()? {
            match frame {
                Frame::StopWaiting { offset } => self.numbers.on_stop_waiting(packet, offset)?,
                Frame::Ack(ack) => {
                    let told = sender.on_ack(now, &ack, rate)?;
                    if told.never_sent {
                        return Ok(PacketReport { never_sent: true, ..report });
                    }
                    report.ack = Some(merge(report.ack, told));
                }
                Frame::SelectLane(lane) => {
                    if lane > LANE_MAX {
                        return Err(StreamError::InvalidLane { lane, max: LANE_MAX });
                    }
                    context = Context { lane, number: None, stream_end: None };
                }
                Frame::Unreliable(f) => {
                    report.complete &= self.unreliable(now, &f, limits, &mut context, &mut payloads)?;
                    segments += 1;
                }
                Frame::Reliable(f) => {
                    report.reliable = true;
                    report.complete &= self.reliable(now, &f, limits, &mut context, &mut payloads)?;
                    segments += 1;
                }
            }
            if segments > limits.segments_per_packet {
                report.complete = false;
                break;
            }
        }
        Ok(report)
    }

    fn lane(&mut self, lane: u32) -> &mut RecvLane {
        let i = lane as usize;
        while self.lanes.len() <= i {
            self.lanes.push(RecvLane::new());
        }
        &mut self.lanes[i]
    }

    fn unreliable(
        &mut self,
        now: Timestamp,
        f: &UnreliableFrame<'_>,
        limits: &RecvLimits,
        context: &mut Context,
        payloads: &mut Payloads<'_>,
    ) -> Result<bool, StreamError> {
        let underflow = StreamError::NumberUnderflow { lane: context.lane };
        let lane = self.lane(context.lane);
        let number = match (f.number, context.number) {
            (NumberField::Next, Some(n)) => n.saturating_add(1),
            (NumberField::Delta(d), Some(n)) => n.saturating_add(d),
            (first, _) => expand_number(lane.highest_number, first).ok_or(underflow)?,
        };
        context.number = Some(number);
        lane.highest_number = lane.highest_number.max(number);
        if !limits.accept_unreliable {
            return Ok(false);
        }
        let payload = if f.offset == 0 && f.last {
            payloads.copy(f.data)
        } else {
            let before = lane.fragments.len();
            let whole = lane.fragments.add(number, f.offset, f.last, f.data);
            let after = lane.fragments.len();
            self.fragments = self.fragments + after - before;
            if self.fragments > FRAGMENTS_MAX {
                self.drop_fragments();
            }
            let Some(whole) = whole else { return Ok(true) };
            whole
        };
        if payload.len() > limits.message_bytes_max {
            return Err(StreamError::MessageTooLarge {
                size: payload.len() as u64,
                limit: limits.message_bytes_max,
            });
        }
        if !self.inbox.has_room(payload.len(), limits) {
            return Ok(false);
        }
        let lane = context.lane as u16;
        self.inbox.push_unreliable(Message { payload, number, lane, reliable: false, received_at: now });
        Ok(true)
    }

    /// Frees the oldest unfinished unreliable message of the fullest lane.
    fn drop_fragments(&mut self) {
        if let Some(lane) = self.lanes.iter_mut().max_by_key(|l| l.fragments.len()) {
            let before = lane.fragments.len();
            lane.fragments.drop_oldest();
            self.fragments -= before - lane.fragments.len();
        }
    }

    fn reliable(
        &mut self,
        now: Timestamp,
        f: &ReliableFrame<'_>,
        limits: &RecvLimits,
        context: &mut Context,
        payloads: &mut Payloads<'_>,
    ) -> Result<bool, StreamError> {
        let underflow = StreamError::PositionUnderflow { lane: context.lane };
        let expected = self.lane(context.lane).reliable.expected();
        let pos = match (f.position, context.stream_end) {
            (PositionField::Follows, Some(end)) => end,
            (PositionField::Gap(gap), Some(end)) => end.saturating_add(u64::from(gap)),
            (first, _) => expand_position(expected, first).ok_or(underflow)?,
        };
        context.stream_end = Some(pos.saturating_add(f.data.len() as u64));
        // A reliable segment counts as one message number (protocol.md §3.2).
        context.number = context.number.map(|n| n.saturating_add(1));
        if limits.discard_reliable {
            return Ok(true);
        }
        let lane_index = context.lane as u16;
        self.with_lane(now, lane_index, limits, payloads, |lane, ctx| lane.on_segment(pos, f.data, ctx))
            .map(|taken| taken == Some(Taken::Yes))
    }

    fn with_lane<'p, T>(
        &mut self,
        now: Timestamp,
        index: u16,
        limits: &RecvLimits,
        payloads: &mut Payloads<'p>,
        work: impl FnOnce(&mut ReliableIn, &mut Ctx<'_, 'p>) -> Result<T, StreamError>,
    ) -> Result<Option<T>, StreamError> {
        let Self { lanes, inbox, budget, .. } = self;
        let Some(lane) = lanes.get_mut(usize::from(index)) else { return Ok(None) };
        let highest_number = &mut lane.highest_number;
        let mut ctx = Ctx { now, lane: index, limits, inbox, budget, highest_number, payloads };
        work(&mut lane.reliable, &mut ctx).map(Some)
    }

    /// Whether acknowledged data waits for room in the inbox.
    pub fn is_blocked(&self) -> bool {
        self.lanes.iter().any(|l| l.reliable.is_blocked())
    }

    /// Tries again to deliver what waits for room in the inbox.
    ///
    /// # Errors
    /// What waits is malformed: the connection has to end.
    pub fn unblock(&mut self, now: Timestamp, limits: &RecvLimits) -> Result<(), StreamError> {
        for i in 0..self.lanes.len() as u16 {
            self.with_lane(now, i, limits, &mut Payloads::default(), |lane, ctx| {
                if lane.is_blocked() { lane.drain(ctx) } else { Ok(()) }
            })?;
        }
        Ok(())
    }

    /// Delivers what was acknowledged and waits for room, beyond the limits that hold otherwise: the connection is over,
    /// and nobody would send it again.
    pub fn deliver_rest(&mut self, now: Timestamp, limits: &RecvLimits) {
        let limits = RecvLimits {
            buffer_messages: limits.buffer_messages.max(UNREAD_AT_END_MAX),
            unread_bytes_max: u64::MAX,
            ..*limits
        };
        // Malformed data ends here; the connection has ended already.
        let _ = self.unblock(now, &limits);
    }

    /// Whether a message arrived in part.
    pub fn is_partial(&self) -> bool {
        self.lanes.iter().any(|l| l.reliable.is_partial() || !l.fragments.is_empty())
    }

    /// Drops everything unfinished, for a connection that is over. Messages in the inbox stay.
    pub fn clear(&mut self) {
        self.lanes = Vec::new();
        self.budget = Budget::default();
        self.fragments = 0;
    }
}

/// Two ack frames in one packet count as one.
fn merge(a: Option<AckReport>, b: AckReport) -> AckReport {
    let Some(a) = a else { return b };
    AckReport {
        rtt_us: b.rtt_us.or(a.rtt_us),
        acked_packets: a.acked_packets + b.acked_packets,
        stats_acked: a.stats_acked | b.stats_acked,
        stats_lost: a.stats_lost | b.stats_lost,
        blocks: a.blocks.max(b.blocks),
        never_sent: false,
    }
}
