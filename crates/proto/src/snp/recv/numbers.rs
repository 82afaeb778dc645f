//! Which packets arrived: replay protection, what to acknowledge, what to report missing (protocol.md §3.6, §3.8, §3.9).

use crate::limits::{ACK_BLOCKS_MAX, MARKS_MAX, RECEIVED_RANGES_MAX, REPLAY_WINDOW};
use crate::util::ranges::Ranges;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use gamesockets_wire::snp::{ack_block_len, put_ack_block, put_ack_header};
use gamesockets_wire::time::Timestamp;

/// A fresh gap may be reordering: it is reported missing after this time, microseconds (protocol.md §3.9) …
const GAP_RIPENS_US: u64 = 3_000;
/// … or later where packets are seen to come later than that, but not later than this.
const GAP_RIPENS_MAX_US: u64 = 60_000;
/// How often the newest number is noted with its time while there are gaps, as a share of the ripening time.
const MARKS_PER_RIPENING: u64 = 16;
/// Bytes of an ack frame before its blocks, the explicit count byte included.
const ACK_HEADER_BYTES: usize = 6;

/// What a packet number means before the packet is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// Not seen before; the packet is worth opening.
    New(u64),
    /// Received already.
    Duplicate,
    /// So far behind that nothing is known about it; refused.
    TooOld,
}

/// The newest number at some time in the past: gaps below it are at least that old.
#[derive(Clone, Copy, Debug)]
struct Mark {
    at: Timestamp,
    highest: u64,
}

/// The packet numbers received on a connection.
#[derive(Debug)]
pub struct PacketNumbers {
    received: Ranges,
    highest: u64,
    highest_at: Option<Timestamp>,
    /// Opened, but not taken in whole: missing for the peer, and still not to be opened again.
    refused: Ranges,
    /// Numbers below are refused: duplicates cannot be told from late packets any more.
    floor: u64,
    stop_waiting: u64,
    /// Number of the packet that set the present stop-waiting value.
    stop_waiting_by: u64,
    /// Marks of the last ripening time, oldest first; only kept while there are gaps.
    marks: VecDeque<Mark>,
    /// Gaps below this number are ripe.
    ripe_below: u64,
    /// How long a gap stays fresh at present, microseconds.
    ripens_us: u64,
    partial_acks: bool,
    /// The last partial ack frame reached up to this number.
    described_to: u64,
}

impl PacketNumbers {
    /// The state right after the handshake, which counts as packet 1.
    pub fn new() -> Self {
        Self {
            received: Ranges::of(1..2),
            highest: 1,
            highest_at: None,
            refused: Ranges::new(),
            floor: 0,
            stop_waiting: 0,
            stop_waiting_by: 0,
            marks: VecDeque::new(),
            ripe_below: 0,
            ripens_us: GAP_RIPENS_US,
            partial_acks: false,
            described_to: 0,
        }
    }

    /// A peer of a protocol before version 10: its handshake has no number, its first packet tells where it starts.
    pub fn start_with_first(&mut self) {
        self.received = Ranges::new();
        self.highest = 0;
    }

    /// The highest number received.
    pub const fn highest(&self) -> u64 {
        self.highest
    }

    /// Gives the full number for 16 bits from the wire, and whether the packet is new.
    pub fn classify(&self, wire: u16) -> (u64, Arrival) {
        if self.highest == 0 {
            let number = u64::from(wire).max(1);
            return (number, Arrival::New(number));
        }
        let gap = i64::from(wire.wrapping_sub(self.highest as u16) as i16);
        let Some(number) = self.highest.checked_add_signed(gap).filter(|n| *n > 0) else {
            return (0, Arrival::TooOld);
        };
        let arrival = if number > self.highest && !self.refused.contains(number) {
            Arrival::New(number)
        } else if self.received.contains(number) || self.refused.contains(number) {
            Arrival::Duplicate
        } else if number < self.floor {
            Arrival::TooOld
        } else {
            Arrival::New(number)
        };
        (number, arrival)
    }

    /// Notes a packet that must not be taken a second time. `acked` is whether it may be acknowledged: a packet that
    /// could not be taken in whole is only refused later, and stays missing for the peer. Returns whether it opened a
    /// gap.
    pub fn on_packet(&mut self, now: Timestamp, number: u64, acked: bool) -> bool {
        if !acked {
            self.refused.insert(number..number + 1);
            while self.refused.span_count() > RECEIVED_RANGES_MAX {
                if let Some(r) = self.refused.pop_first() {
                    self.floor = self.floor.max(r.end.min(self.highest));
                }
            }
            return false;
        }
        let opens_gap = self.highest > 0 && number > self.highest + 1;
        if number < self.highest {
            self.learn_lateness(now, number);
        } else {
            self.highest = number;
            self.highest_at = Some(now);
            if opens_gap || !self.marks.is_empty() {
                self.mark(now);
            }
        }
        self.received.insert(number..number + 1);
        while self.received.span_count() > RECEIVED_RANGES_MAX {
            if let Some(r) = self.received.pop_first() {
                self.floor = self.floor.max(r.end);
            }
        }
        self.trim();
        opens_gap
    }

    /// Takes a stop-waiting frame of packet `number` in (protocol.md §3.5).
    ///
    /// # Errors
    /// The value is not below the packet's number, or went down in a newer packet: the connection has to end.
    pub fn on_stop_waiting(&mut self, number: u64, offset: u64) -> Result<(), StopWaitingError> {
        let value = number.checked_sub(offset).and_then(|n| n.checked_sub(1));
        let Some(value) = value else { return Err(StopWaitingError::Underflow { number, offset }) };
        let value = value.min(self.highest);
        if value < self.stop_waiting {
            if number >= self.stop_waiting_by {
                return Err(StopWaitingError::Reduced { from: self.stop_waiting, to: value, number });
            }
            return Ok(());
        }
        if value > self.stop_waiting {
            self.stop_waiting = value;
            self.stop_waiting_by = number;
            self.trim();
        }
        Ok(())
    }

    fn trim(&mut self) {
        let keep = self.stop_waiting.min(self.highest.saturating_sub(REPLAY_WINDOW));
        if keep > self.floor {
            self.floor = keep;
            self.received.remove_below(keep);
            self.refused.remove_below(keep);
            self.refused.shrink();
        }
        if self.gap_above(self.stop_waiting.max(self.ripe_below)).is_none() {
            self.marks.clear();
            self.ripe_below = self.highest;
        }
    }

    /// Notes the newest number with its time.
    fn mark(&mut self, now: Timestamp) {
        let fresh = self.ripens_us / MARKS_PER_RIPENING;
        if let Some(m) = self.marks.back_mut().filter(|m| now.micros_since(m.at) < fresh) {
            // Close enough: gaps look older than they are by a sixteenth at most.
            m.highest = self.highest;
            return;
        }
        if self.marks.len() == MARKS_MAX {
            self.marks.pop_front();
        }
        self.marks.push_back(Mark { at: now, highest: self.highest });
    }

    /// A packet fills a gap: gaps stay fresh a little longer than that took, if it was because of reordering.
    fn learn_lateness(&mut self, now: Timestamp, number: u64) {
        let passed = self.marks.iter().find(|m| m.highest > number);
        let late = passed.map_or(0, |m| now.micros_since(m.at));
        let wanted = (late + late / 4).clamp(GAP_RIPENS_US, GAP_RIPENS_MAX_US);
        if wanted > self.ripens_us {
            self.ripens_us = wanted;
        } else {
            // Forgotten slowly: an eighth of the way down with each late packet that was not so late.
            self.ripens_us -= (self.ripens_us - wanted) / 8;
        }
    }

    /// The first missing number above `from` that something newer was received after.
    fn gap_above(&self, from: u64) -> Option<u64> {
        let after = self.received.iter_from(from + 1).next()?;
        let missing = if after.start > from + 1 { from + 1 } else { after.end };
        (missing < self.highest).then_some(missing)
    }

    /// When the next gap becomes reportable.
    pub fn next_ripe_at(&self) -> Option<Timestamp> {
        let gap = self.gap_above(self.ripe_below.max(self.stop_waiting))?;
        let mark = self.marks.iter().find(|m| m.highest > gap)?;
        Some(mark.at.plus_micros(self.ripens_us))
    }

    /// Lets gaps ripen. Returns whether one did that is still open: the peer should hear of it soon.
    pub fn ripen(&mut self, now: Timestamp) -> bool {
        let before = self.ripe_below.max(self.stop_waiting);
        while let Some(m) = self.marks.front().filter(|m| now.micros_since(m.at) >= self.ripens_us) {
            self.ripe_below = self.ripe_below.max(m.highest);
            self.marks.pop_front();
        }
        self.gap_above(before).is_some_and(|gap| gap < self.ripe_below)
    }

    /// The newest number that an ack may report: gaps that may still be reordering stay out of it.
    fn reportable(&self) -> u64 {
        match self.gap_above(self.ripe_below.max(self.stop_waiting)) {
            Some(gap) => (gap - 1).max(self.stop_waiting),
            None => self.highest,
        }
    }

    /// The peer is of our own kind: it understands partial ack frames.
    pub const fn allow_partial_acks(&mut self) {
        self.partial_acks = true;
    }

    /// Appends ack frames of at most `room` bytes to `out`. Returns whether there was room for one.
    ///
    /// The first describes everything from the stop-waiting value up, as far as it fits. When that is not all and the
    /// peer understands it, partial frames follow: full ones, of [`ACK_BLOCKS_MAX`] blocks, which say nothing about what
    /// lies below their blocks.
    pub fn put_ack(&mut self, now: Timestamp, out: &mut Vec<u8>, room: usize) -> bool {
        if room < ACK_HEADER_BYTES {
            return false;
        }
        let end = out.len() + room;
        let latest = self.reportable();
        let (blocks, first) = self.blocks(latest);
        // Blocks from the oldest up: when they do not all fit, the newest stay out and `latest` goes down.
        let most = if self.partial_acks { ACK_BLOCKS_MAX - 1 } else { ACK_BLOCKS_MAX };
        let mut left = room - ACK_HEADER_BYTES;
        let fits = |b: &&Block| {
            let len = b.len();
            let fits = len <= left;
            left = left.saturating_sub(len);
            fits
        };
        let count = blocks.iter().take(most).take_while(fits).count();
        let (base, rest) = blocks.split_at(count);
        let reported = base.last().map_or(first, |b| b.latest);
        self.put_frame(now, out, reported, base);
        if self.partial_acks && !rest.is_empty() && blocks.len() >= ACK_BLOCKS_MAX {
            self.put_partial_acks(now, out, end, count, &blocks);
        }
        true
    }

    /// Appends partial frames for the blocks from index `base` on: those first that come after the ones of last time.
    fn put_partial_acks(
        &mut self,
        now: Timestamp,
        out: &mut Vec<u8>,
        end: usize,
        base: usize,
        blocks: &[Block],
    ) {
        let last_start = blocks.len() - ACK_BLOCKS_MAX;
        let next = blocks.partition_point(|b| b.latest <= self.described_to);
        let mut start = if next >= blocks.len() { base } else { next.max(base) };
        for _ in 0..=blocks.len() / ACK_BLOCKS_MAX {
            let at = start.min(last_start);
            let Some(frame) = blocks.get(at..at + ACK_BLOCKS_MAX) else { return };
            let len: usize = ACK_HEADER_BYTES + frame.iter().map(Block::len).sum::<usize>();
            let Some(newest) = frame.last().filter(|_| out.len() + len <= end) else { return };
            self.put_frame(now, out, newest.latest, frame);
            self.described_to = newest.latest;
            start = at + ACK_BLOCKS_MAX;
            if start >= blocks.len() {
                return;
            }
        }
    }

    /// The gaps above the stop-waiting value with what was received after each, oldest first; and the newest number
    /// before the first gap.
    fn blocks(&self, latest: u64) -> (Vec<Block>, u64) {
        let mut blocks: Vec<Block> = Vec::new();
        let mut first = self.stop_waiting;
        let mut gap_from = self.stop_waiting + 1;
        for span in self.received.iter_from(gap_from) {
            let start = span.start.max(self.stop_waiting + 1);
            let end = span.end.min(latest + 1);
            if start >= end {
                break;
            }
            let missing = start - gap_from;
            if missing > 0 {
                blocks.push(Block {
                    acked: saturate(end - start),
                    missing: saturate(missing),
                    latest: end - 1,
                });
            } else {
                first = end - 1;
            }
            gap_from = end;
        }
        (blocks, first)
    }

    fn put_frame(&self, now: Timestamp, out: &mut Vec<u8>, latest: u64, blocks: &[Block]) {
        let delay = match self.highest_at {
            Some(at) if latest == self.highest => Some(now.micros_since(at)),
            _ => None,
        };
        put_ack_header(out, latest, delay, blocks.len() as u8);
        for block in blocks.iter().rev() {
            put_ack_block(out, block.acked, block.missing);
        }
    }
}

/// A gap in the received numbers, and what was received after it.
#[derive(Clone, Copy, Debug)]
struct Block {
    acked: u32,
    missing: u32,
    /// The newest of the received ones.
    latest: u64,
}

impl Block {
    const fn len(&self) -> usize {
        ack_block_len(self.acked, self.missing)
    }
}

impl Default for PacketNumbers {
    fn default() -> Self {
        Self::new()
    }
}

fn saturate(n: u64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// Why a stop-waiting frame ends the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StopWaitingError {
    /// The value would lie at or below zero.
    #[error("stop-waiting offset {offset} in packet {number} points below the first packet")]
    Underflow {
        /// Number of the packet.
        number: u64,
        /// The offset it carried.
        offset: u64,
    },
    /// The value went down although the packet is newer.
    #[error("stop-waiting value fell from {from} to {to} in the newer packet {number}")]
    Reduced {
        /// The value before.
        from: u64,
        /// The value in this packet.
        to: u64,
        /// Number of the packet.
        number: u64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use gamesockets_wire::snp::{Frame, FrameReader};

    fn at(us: u64) -> Timestamp {
        Timestamp::from_micros(us)
    }

    fn feed(n: &mut PacketNumbers, now: u64, numbers: impl IntoIterator<Item = u64>) {
        for number in numbers {
            n.on_packet(at(now), number, true);
        }
    }

    fn ack(n: &mut PacketNumbers, now: u64, room: usize) -> Vec<u8> {
        let mut out = Vec::new();
        assert!(n.put_ack(at(now), &mut out, room));
        assert!(out.len() <= room);
        out
    }

    #[test]
    fn golden_acks() {
        let mut n = PacketNumbers::new();
        assert_eq!(ack(&mut n, 5, 100), [0x98, 1, 0, 0xff, 0xff]);
        feed(&mut n, 1_000, [2, 3]);
        assert_eq!(ack(&mut n, 51_112, 100), [0x98, 3, 0, 0x1e, 0x06]);
        // protocol.md §3.6: latest 101, [1 ack, 50 missing], [1 ack, 1 missing].
        let mut n = PacketNumbers::new();
        feed(&mut n, 1_000, (2..=48).chain([50, 101]));
        n.ripen(at(10_000));
        assert_eq!(ack(&mut n, 1_000 + 0x62 * 32, 100), [0x9a, 0x65, 0, 0x62, 0, 0x1a, 6, 0x11]);
    }

    #[test]
    fn fresh_gaps_stay_out_of_acks_until_ripe() {
        let mut n = PacketNumbers::new();
        feed(&mut n, 1_000, [2, 3, 5]);
        assert_eq!(&ack(&mut n, 1_500, 100)[..3], [0x98, 3, 0], "reported up to the gap only");
        assert_eq!(n.next_ripe_at(), Some(at(4_000)));
        assert!(!n.ripen(at(3_999)));
        assert!(n.ripen(at(4_000)));
        assert_eq!(&ack(&mut n, 4_000, 100)[..3], [0x99, 5, 0]);
        // Filled while fresh: nothing to report.
        feed(&mut n, 5_000, [7, 6]);
        assert!(!n.ripen(at(9_000)));
    }

    #[test]
    fn replays_and_ancient_packets_are_refused() {
        let mut n = PacketNumbers::new();
        feed(&mut n, 1, (2..12_000).step_by(2));
        assert_eq!(n.classify(11_998).1, Arrival::Duplicate);
        assert_eq!(n.classify(11_999).1, Arrival::New(11_999));
        assert_eq!(n.classify(11_997).1, Arrival::New(11_997));
        assert_eq!(n.classify(4).1, Arrival::TooOld, "more gaps than are remembered");
        assert_eq!(n.classify(1).1, Arrival::TooOld);
        let (number, arrival) = PacketNumbers::new().classify(1);
        assert_eq!((number, arrival), (1, Arrival::Duplicate), "the handshake was packet 1");
    }

    #[test]
    fn all_gaps_are_described_to_a_peer_of_our_kind() {
        use crate::limits::UNACKED_SPAN_OWN_MAX;
        use crate::message::Gauges;
        use crate::rate::FixedRate;
        use crate::snp::send::Sender;
        use alloc::sync::Arc;
        use gamesockets_wire::snp::{Frame, FrameReader};
        const SENT: u64 = 6_000;
        const { assert!(SENT < UNACKED_SPAN_OWN_MAX) };
        let mut n = PacketNumbers::new();
        n.allow_partial_acks();
        let mut sender = Sender::new(Arc::new(Gauges::default()));
        sender.set_peer_keeps(1 << 20);
        let mut rate = FixedRate::new(1, 1);
        for number in 2..=SENT {
            sender.on_packet_sent(at(number), 100, 0, false);
            if number % 3 != 0 {
                n.on_packet(at(number), number, true);
            }
        }
        n.on_packet(at(SENT + 1), SENT, true);
        n.ripen(at(1_000_000));
        let mut acked = 0;
        let mut packets = 0;
        while acked < SENT * 2 / 3 - 1 {
            packets += 1;
            assert!(packets < 20, "{acked} of {SENT} packets reported");
            let mut out = Vec::new();
            assert!(n.put_ack(at(1_000_000), &mut out, 1100) && out.len() <= 1100);
            let mut frames = FrameReader::new(&out);
            while let Some(Frame::Ack(frame)) = frames.next().unwrap() {
                let report = sender.on_ack(at(1_000_000), &frame, &mut rate).unwrap();
                acked += u64::from(report.acked_packets);
            }
        }
        assert_eq!(sender.bytes_in_flight(), 0, "the others are known to be missing");
    }

    #[test]
    fn numbers_wrap_on_the_wire_only() {
        let mut n = PacketNumbers::new();
        for k in 1..40u64 {
            let number = k * 10_000;
            assert_eq!(n.classify(number as u16), (number, Arrival::New(number)));
            feed(&mut n, k, [number]);
        }
    }

    #[test]
    fn stop_waiting_never_falls_in_newer_packets() {
        let mut n = PacketNumbers::new();
        feed(&mut n, 1, 2..=20);
        assert_eq!(n.on_stop_waiting(21, 9), Ok(()));
        assert_eq!(n.on_stop_waiting(20, 10), Ok(()), "an older packet may carry less");
        assert!(matches!(n.on_stop_waiting(22, 12), Err(StopWaitingError::Reduced { from: 11, to: 9, .. })));
        assert!(matches!(n.on_stop_waiting(5, 5), Err(StopWaitingError::Underflow { .. })));
        assert!(matches!(n.on_stop_waiting(5, u64::MAX), Err(StopWaitingError::Underflow { .. })));
    }

    proptest::proptest! {
        /// What an ack frame says never claims a packet that did not come, whatever its room.
        #[test]
        fn acks_tell_the_truth(
            numbers in proptest::collection::vec(2u64..400, 1..300),
            stop in 0u64..300,
            room in 6usize..200,
        ) {
            let mut n = PacketNumbers::new();
            feed(&mut n, 1, numbers.iter().copied());
            n.ripen(at(1_000_000));
            let highest = n.highest();
            let stop = stop.min(highest - 1);
            let _ = n.on_stop_waiting(highest + 1, highest - stop);
            let bytes = ack(&mut n, 1_000_000, room);
            let mut frames = FrameReader::new(&bytes);
            let Ok(Some(Frame::Ack(frame))) = frames.next() else { panic!("not an ack: {bytes:x?}") };
            let latest = gamesockets_wire::snp::expand_ack_latest(highest + 1, frame.latest).unwrap();
            proptest::prop_assert!(latest <= highest);
            let mut cursor = latest + 1;
            let mut blocks = frame.blocks;
            let came = |k: u64| k == 1 || numbers.contains(&k);
            while let Some(b) = blocks.next().unwrap() {
                for k in cursor - u64::from(b.acked)..cursor {
                    proptest::prop_assert!(came(k), "{k} acked and never came");
                }
                cursor -= u64::from(b.acked);
                for k in cursor - u64::from(b.missing)..cursor {
                    proptest::prop_assert!(!came(k), "{k} came and is called missing");
                }
                cursor -= u64::from(b.missing);
            }
            for k in (stop + 1).max(1)..cursor {
                proptest::prop_assert!(came(k), "{k} acked silently and never came");
            }
        }
    }
}
