//! One lane of the sender: what waits, what is in flight, what has to go again.

use super::outbox::{OutLane, Queued, Run};
use crate::limits::{AHEAD_ASK_BYTES, AHEAD_BYTES_REFERENCE, AHEAD_STEP_BYTES, ISLANDS_REFERENCE};
use crate::util::ranges::Ranges;
use crate::util::rope::Rope;
use alloc::collections::VecDeque;
use core::ops::Range;

/// How a lane shares the connection with the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaneConfig {
    /// Smaller is served first, strictly.
    pub priority: i32,
    /// Share among lanes of the same priority, 1 to 65535.
    pub weight: u16,
}

impl Default for LaneConfig {
    fn default() -> Self {
        Self { priority: 0, weight: 1 }
    }
}

/// How far a lane's stream may run ahead of what the peer has without a hole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ahead {
    /// New bytes beyond the oldest unacknowledged one.
    pub bytes: u64,
    /// Separate stretches the peer has beyond it.
    pub islands: usize,
}

impl Default for Ahead {
    /// What a receiver of the reference library takes.
    fn default() -> Self {
        Self { bytes: AHEAD_BYTES_REFERENCE, islands: ISLANDS_REFERENCE }
    }
}

/// The next thing a lane has to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Reliable bytes: again (`retry`) or for the first time.
    Reliable { span: Range<u64>, retry: bool },
    /// A part of an unreliable message: `left` bytes of it remain from `offset` on.
    Unreliable { number: u64, offset: u64, at: u64, left: u64 },
}

#[derive(Debug)]
pub(super) struct SendLane {
    queue: VecDeque<Queued>,
    stream: Rope,
    /// First stream position never sent.
    next_pos: u64,
    /// Acknowledged stream positions above `acked_to`.
    acked: Ranges,
    acked_to: u64,
    lost: Ranges,
    lost_bytes: u64,
    acked_bytes_above: u64,
    datagrams: Rope,
    /// Position in `datagrams` of the next unreliable byte to send, and how much of its message went already.
    datagram_pos: u64,
    datagram_offset: u64,
    pub(super) pending_unreliable: u64,
    pub(super) config: LaneConfig,
    pub(super) ahead: Ahead,
    /// Virtual time up to which this lane was served, for fair shares.
    pub(super) served: u64,
}

impl SendLane {
    pub(super) fn new(ahead: Ahead) -> Self {
        Self {
            ahead,
            queue: VecDeque::new(),
            stream: Rope::new(1),
            next_pos: 1,
            acked: Ranges::new(),
            acked_to: 1,
            lost: Ranges::new(),
            lost_bytes: 0,
            acked_bytes_above: 0,
            datagrams: Rope::new(0),
            datagram_pos: 0,
            datagram_offset: 0,
            pending_unreliable: 0,
            config: LaneConfig::default(),
            served: 0,
        }
    }

    /// Takes over what the application staged.
    pub(super) fn absorb(&mut self, out: &mut OutLane) {
        for piece in out.stream.take() {
            self.stream.push(piece);
        }
        for piece in out.datagrams.take() {
            self.datagrams.push(piece);
        }
        self.pending_unreliable += core::mem::take(&mut out.staged_unreliable);
        out.staged_reliable = 0;
        for queued in out.runs.drain(..) {
            match (self.queue.back_mut(), queued.run) {
                (Some(Queued { run: Run::Reliable { end }, hold_until }), Run::Reliable { end: e }) => {
                    *end = e;
                    *hold_until = (*hold_until).min(queued.hold_until);
                }
                _ => self.queue.push_back(queued),
            }
        }
    }

    /// Stream bytes waiting: never sent, or to be sent again.
    pub(super) const fn pending_reliable(&self) -> u64 {
        self.stream.end() - self.next_pos + self.lost_bytes
    }

    /// Stream bytes sent and neither acknowledged nor given up as lost.
    pub(super) const fn unacked(&self) -> u64 {
        self.next_pos - self.acked_to - self.acked_bytes_above - self.lost_bytes
    }

    /// Whether any reliable byte still has to reach the peer.
    pub(super) const fn reliable_outstanding(&self) -> bool {
        self.acked_to < self.stream.end()
    }

    /// Whether anything may be sent now.
    pub(super) fn has_work(&self) -> bool {
        self.next().is_some()
    }

    /// Whether anything waits, be it only for room at the peer.
    pub(super) fn is_waiting(&self) -> bool {
        self.has_lost() || !self.queue.is_empty()
    }

    /// Whether new stream bytes will soon have to wait for room at the peer.
    pub(super) fn is_nearly_ahead(&self) -> bool {
        let room = (self.acked_to + self.ahead.bytes).saturating_sub(self.next_pos);
        room < AHEAD_ASK_BYTES && self.stream.end() > self.next_pos
    }

    /// New stream bytes up to `end`, as far as the peer has room for them. Beyond that they would be thrown away, and
    /// sending them again would take the place of what is missing.
    fn sendable(&self, end: u64) -> Option<Range<u64>> {
        let room = (self.acked_to + self.ahead.bytes).saturating_sub(self.next_pos);
        let enough = room >= AHEAD_STEP_BYTES.min(end - self.next_pos);
        let fits = enough && self.acked.span_count() <= self.ahead.islands;
        fits.then(|| self.next_pos..end.min(self.next_pos + room))
    }

    pub(super) const fn has_lost(&self) -> bool {
        self.lost_bytes > 0
    }

    /// Lets everything queued go at once.
    pub(super) fn release(&mut self) {
        for q in &mut self.queue {
            q.hold_until = 0;
        }
    }

    /// Until when the lane's oldest waiting message may be held back, microseconds; `None` when nothing waits.
    pub(super) fn hold_until(&self) -> Option<u64> {
        if self.has_lost() {
            return Some(0);
        }
        self.queue.front().map(|q| q.hold_until)
    }

    /// What to send next.
    pub(super) fn next(&self) -> Option<Next> {
        if let Some(span) = self.lost.first() {
            return Some(Next::Reliable { span, retry: true });
        }
        match self.queue.front()?.run {
            Run::Reliable { end } => self.sendable(end).map(|span| Next::Reliable { span, retry: false }),
            Run::Unreliable { number, end } => Some(Next::Unreliable {
                number,
                offset: self.datagram_offset,
                at: self.datagram_pos,
                left: end - self.datagram_pos,
            }),
        }
    }

    pub(super) const fn stream(&self) -> &Rope {
        &self.stream
    }

    pub(super) const fn datagrams(&self) -> &Rope {
        &self.datagrams
    }

    /// `span` of the stream went into a packet.
    pub(super) fn on_stream_sent(&mut self, span: &Range<u64>, retry: bool) {
        if retry {
            let mut again = 0;
            self.lost.remove_with(span.clone(), |r| again += r.end - r.start);
            self.lost_bytes -= again;
            return;
        }
        self.next_pos = span.end;
        if let Some(Queued { run: Run::Reliable { end }, .. }) = self.queue.front()
            && *end <= span.end
        {
            self.pop_run();
        }
    }

    /// `len` bytes of the unreliable message at the front went into a packet; `last` if that was the rest of it.
    pub(super) fn on_datagram_sent(&mut self, len: u64, last: bool) {
        self.datagram_pos += len;
        self.pending_unreliable -= len;
        self.datagram_offset = if last { 0 } else { self.datagram_offset + len };
        if last {
            self.datagrams.release_below(self.datagram_pos);
            self.pop_run();
        }
    }

    fn pop_run(&mut self) {
        self.queue.pop_front();
        if self.queue.is_empty() && self.queue.capacity() > 16 {
            self.queue = VecDeque::new();
        }
    }

    /// The peer has these stream positions. Returns how many bytes are newly acknowledged.
    pub(super) fn on_acked(&mut self, span: Range<u64>) -> u64 {
        let span = span.start.max(self.acked_to)..span.end;
        if span.is_empty() {
            return 0;
        }
        let mut back = 0;
        self.lost.remove_with(span.clone(), |r| back += r.end - r.start);
        self.lost_bytes -= back;
        let mut fresh = 0;
        self.acked.insert_with(span, |r| fresh += r.end - r.start);
        self.acked_bytes_above += fresh;
        if let Some(first) = self.acked.first().filter(|r| r.start <= self.acked_to) {
            self.acked.pop_first();
            self.acked_bytes_above -= first.end - first.start;
            self.acked_to = first.end;
            self.stream.release_below(self.acked_to);
        }
        fresh
    }

    /// A packet with these stream positions is taken for lost. Returns how many bytes have to go again.
    pub(super) fn on_lost(&mut self, span: Range<u64>) -> u64 {
        let span = span.start.max(self.acked_to)..span.end;
        if span.is_empty() {
            return 0;
        }
        let mut added = 0;
        let (lost, acked) = (&mut self.lost, &self.acked);
        if acked.is_empty() {
            lost.insert_with(span, |r| added += r.end - r.start);
        } else {
            let mut cursor = span.start;
            for r in acked.iter().skip_while(|r| r.end <= span.start).take_while(|r| r.start < span.end) {
                lost.insert_with(cursor..r.start.max(cursor), |r| added += r.end - r.start);
                cursor = cursor.max(r.end);
            }
            lost.insert_with(cursor..span.end.max(cursor), |r| added += r.end - r.start);
        }
        self.lost_bytes += added;
        added
    }

    /// Forgets all data; numbering goes on.
    pub(super) fn clear(&mut self) {
        let end = self.stream.end();
        self.stream.clear();
        self.datagrams.clear();
        self.queue = VecDeque::new();
        self.acked = Ranges::new();
        self.lost = Ranges::new();
        self.next_pos = end;
        self.acked_to = end;
        self.lost_bytes = 0;
        self.acked_bytes_above = 0;
        self.datagram_pos = self.datagrams.end();
        self.datagram_offset = 0;
        self.pending_unreliable = 0;
    }
}
