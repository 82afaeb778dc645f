//! Packets sent and not settled yet, and which stream bytes they carried (protocol.md §3.10).

use crate::limits::INFLIGHT_PACKETS_MAX;
use alloc::collections::VecDeque;
use core::ops::Range;
use gamesockets_wire::time::Timestamp;

/// What became of a sent packet so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fate {
    Flying,
    Lost,
    Acked,
}

/// A packet we sent.
#[derive(Clone, Copy, Debug)]
pub struct SentPacket {
    /// When it was sent.
    pub at: Timestamp,
    /// Its size as a UDP payload, bytes.
    pub bytes: u16,
    /// Whether it carried statistics.
    pub stats: bool,
    pub(super) fate: Fate,
    segments: u16,
}

impl SentPacket {
    /// Whether it carried reliable data.
    pub const fn is_reliable(&self) -> bool {
        self.segments > 0
    }
}

#[derive(Clone, Copy, Debug)]
struct Segment {
    pos: u64,
    len: u32,
    lane: u8,
}

/// A lane and a span of its stream.
pub(super) type LaneSpan = (u8, Range<u64>);

/// The window of unsettled packets: numbers are consecutive, so a packet's place follows from its number.
#[derive(Debug)]
pub(super) struct Inflight {
    packets: VecDeque<(SentPacket, u64)>,
    first_number: u64,
    segments: VecDeque<Segment>,
    first_segment: u64,
    /// No packet below this number is flying.
    flying_from: u64,
    /// No packet with reliable data below this number is flying.
    reliable_from: u64,
    /// Bytes of packets neither acknowledged nor lost.
    bytes: u64,
}

impl Inflight {
    /// An empty window; `next` is the number that the next packet will have.
    pub(super) const fn new(next: u64) -> Self {
        Self {
            packets: VecDeque::new(),
            first_number: next,
            segments: VecDeque::new(),
            first_segment: 0,
            flying_from: next,
            reliable_from: next,
            bytes: 0,
        }
    }

    /// The number of the next packet.
    pub(super) fn next_number(&self) -> u64 {
        self.first_number + self.packets.len() as u64
    }

    /// The lowest number still remembered.
    pub(super) const fn first_number(&self) -> u64 {
        self.first_number
    }

    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Notes a segment of the packet that is being built.
    pub(super) fn push_segment(&mut self, lane: u8, span: &Range<u64>) {
        self.segments.push_back(Segment { pos: span.start, len: (span.end - span.start) as u32, lane });
    }

    /// Notes the packet that was just built with its last `segments` segments. When the window is full the oldest
    /// packet is forgotten and its spans are handed to `lost`.
    pub(super) fn push(
        &mut self,
        at: Timestamp,
        bytes: u16,
        segments: u16,
        stats: bool,
        lost: impl FnMut(LaneSpan),
    ) {
        let first = self.first_segment + self.segments.len() as u64 - u64::from(segments);
        self.packets.push_back((SentPacket { at, bytes, stats, fate: Fate::Flying, segments }, first));
        self.bytes += u64::from(bytes);
        if self.packets.len() > INFLIGHT_PACKETS_MAX {
            let number = self.first_number;
            self.mark_lost(number, lost);
            self.pop_front();
        }
    }

    pub(super) fn get(&self, number: u64) -> Option<&SentPacket> {
        let i = number.checked_sub(self.first_number)?;
        self.packets.get(usize::try_from(i).ok()?).map(|(p, _)| p)
    }

    fn settle(&mut self, number: u64, fate: Fate, mut each: impl FnMut(LaneSpan)) -> Option<SentPacket> {
        let i = usize::try_from(number.checked_sub(self.first_number)?).ok()?;
        let (packet, first) = self.packets.get_mut(i)?;
        let before = *packet;
        if before.fate == Fate::Acked || before.fate == fate {
            return None;
        }
        packet.fate = fate;
        if before.fate == Fate::Flying {
            self.bytes -= u64::from(before.bytes);
        }
        let at = usize::try_from(*first - self.first_segment).ok()?;
        for s in self.segments.range(at..at + usize::from(before.segments)) {
            each((s.lane, s.pos..s.pos + u64::from(s.len)));
        }
        Some(before)
    }

    /// The peer has this packet: hands out its spans. `None` if that was known or the packet is forgotten.
    pub(super) fn mark_acked(&mut self, number: u64, each: impl FnMut(LaneSpan)) -> Option<SentPacket> {
        self.settle(number, Fate::Acked, each)
    }

    /// The packet is taken for lost: hands out its spans. `None` if it was settled already.
    pub(super) fn mark_lost(&mut self, number: u64, each: impl FnMut(LaneSpan)) -> Option<SentPacket> {
        self.settle(number, Fate::Lost, each)
    }

    /// The oldest packet that is still flying. Packets never take off again, so the search goes on where it ended.
    pub(super) fn oldest_flying(&mut self, only_reliable: bool) -> Option<(u64, SentPacket)> {
        let from = if only_reliable { &mut self.reliable_from } else { &mut self.flying_from };
        *from = (*from).max(self.first_number);
        loop {
            let i = usize::try_from(*from - self.first_number).ok()?;
            let (p, _) = self.packets.get(i)?;
            if p.fate == Fate::Flying && (!only_reliable || p.segments > 0) {
                return Some((*from, *p));
            }
            *from += 1;
        }
    }

    /// Forgets settled packets at the front: acknowledged ones at once, lost ones when they were sent before `forget`.
    pub(super) fn prune(&mut self, forget: Timestamp) {
        while let Some((p, _)) = self.packets.front() {
            match p.fate {
                Fate::Acked => {}
                Fate::Lost if p.at < forget => {}
                Fate::Flying if p.segments == 0 && p.at < forget => self.bytes -= u64::from(p.bytes),
                _ => break,
            }
            self.pop_front();
        }
        if self.packets.is_empty() && self.packets.capacity() > 32 {
            self.packets = VecDeque::new();
            self.segments = VecDeque::new();
            // Positions of segments are relative to this count; nothing refers to them any more.
            self.first_segment = 0;
        }
    }

    fn pop_front(&mut self) {
        if let Some((p, _)) = self.packets.pop_front() {
            self.first_number += 1;
            for _ in 0..p.segments {
                self.segments.pop_front();
                self.first_segment += 1;
            }
        }
    }

    /// Whether no packet is remembered.
    pub(super) fn is_empty(&self) -> bool {
        self.packets.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn at(us: u64) -> Timestamp {
        Timestamp::from_micros(us)
    }

    #[test]
    fn spans_come_back_once_per_fate() {
        let mut w = Inflight::new(2);
        for n in 0..4u64 {
            w.push_segment(n as u8, &(n * 10 + 1..n * 10 + 11));
            w.push(at(100 + n), 50, 1, false, |_| ());
        }
        assert_eq!((w.next_number(), w.bytes()), (6, 200));
        let mut spans = Vec::new();
        assert!(w.mark_lost(2, |s| spans.push(s)).is_some());
        assert!(w.mark_lost(2, |_| ()).is_none(), "lost only once");
        assert!(w.mark_acked(2, |s| spans.push(s)).is_some(), "a late ack still counts");
        assert!(w.mark_acked(2, |_| ()).is_none());
        assert_eq!(spans, [(0, 1..11), (0, 1..11)]);
        assert_eq!(w.bytes(), 150);
        assert_eq!(w.oldest_flying(true).map(|p| p.0), Some(3));
        w.prune(at(0));
        assert_eq!(w.first_number(), 3);
        spans.clear();
        w.mark_acked(5, |s| spans.push(s));
        assert_eq!(spans, [(3, 31..41)]);
    }

    #[test]
    fn bounded_by_forgetting_the_oldest() {
        let mut w = Inflight::new(2);
        let mut lost = 0;
        for n in 0..INFLIGHT_PACKETS_MAX as u64 + 3 {
            w.push_segment(0, &(n..n + 1));
            w.push(at(n + 1), 1, 1, false, |_| lost += 1);
        }
        assert_eq!(lost, 3);
        assert_eq!(w.first_number(), 5);
    }
}
