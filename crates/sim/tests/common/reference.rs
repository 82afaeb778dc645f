//! A model of how the reference library receives (protocol.md §3.9, §3.14): acknowledgements 50 ms late unless asked for
//! at once, gaps told only with them, at most 62 of these; a stream kept for 1 MiB and 30 holes, beyond which packets
//! stay unacknowledged. It acts once a millisecond.
#![allow(unreachable_pub, reason = "shared by tests")]

use gamesockets_sim::attack::{Opened, Session};
use gamesockets_wire::snp::{
    Frame, FrameReader, NumberField, PositionField, expand_ack_latest, expand_number, expand_position,
    put_ack_block, put_ack_header, put_stop_waiting,
};
use std::collections::BTreeMap;

const ACK_DELAY_US: u64 = 50_000;
const RIPE_US: u64 = 3_000;
const BLOCKS_MAX: usize = 64;
const PACKET_GAPS_MAX: usize = 62;
const KEPT_BYTES: u64 = 1 << 20;
const STREAM_GAPS_MAX: usize = 30;
const STREAM_SPLITS_MAX: usize = 20;
/// Acknowledgements after a packet that was refused, at a round trip of 50 ms.
const REFUSED_US: u64 = 110_000;

/// Missing packet numbers.
#[derive(Clone, Copy, Debug)]
struct Gap {
    from: u64,
    to: u64,
    since_us: u64,
    /// When the packet before it came.
    before_us: u64,
}

#[derive(Debug, Default)]
struct Stream {
    /// Where the first hole begins, and the end of what is there.
    delivered: u64,
    end: u64,
    /// Holes, by where they begin.
    holes: BTreeMap<u64, u64>,
}

impl Stream {
    /// Takes a segment; `false` if it is beyond the limits.
    fn take(&mut self, from: u64, to: u64) -> bool {
        let from = from.max(self.delivered);
        if to <= from {
            return true;
        }
        if to - self.delivered > KEPT_BYTES {
            return false;
        }
        let new_hole = from > self.end;
        if new_hole && self.holes.len() >= STREAM_GAPS_MAX {
            return false;
        }
        let inside = |(a, b): (&u64, &u64)| *a < from && to < *b;
        if self.holes.iter().any(inside) && self.holes.len() >= STREAM_SPLITS_MAX {
            return false;
        }
        if new_hole {
            self.holes.insert(self.end, from);
        }
        let touched: Vec<_> =
            self.holes.range(..to).filter(|(_, b)| **b > from).map(|(a, b)| (*a, *b)).collect();
        for (a, b) in touched {
            self.holes.remove(&a);
            if a < from {
                self.holes.insert(a, from);
            }
            if to < b {
                self.holes.insert(to, b);
            }
        }
        self.end = self.end.max(to);
        self.delivered = self.holes.keys().next().copied().unwrap_or(self.end);
        true
    }
}

/// One connection's receiving half.
#[derive(Debug)]
pub struct Reference {
    gaps: Vec<Gap>,
    next: u64,
    next_at_us: u64,
    stop_waiting: u64,
    ack_due_us: Option<u64>,
    /// The newest of our own packets that the peer has.
    acked: u64,
    streams: BTreeMap<u32, Stream>,
    highest_unreliable: u64,
    /// Packets refused because their data was beyond the limits.
    pub refused: u64,
    /// Unreliable messages that arrived: number, and when.
    pub unreliable: Vec<(u64, u64)>,
}

impl Default for Reference {
    fn default() -> Self {
        Self {
            gaps: Vec::new(),
            next: 2,
            next_at_us: 0,
            stop_waiting: 0,
            ack_due_us: None,
            acked: 0,
            streams: BTreeMap::new(),
            highest_unreliable: 0,
            refused: 0,
            unreliable: Vec::new(),
        }
    }
}

impl Reference {
    /// Stream bytes that are there without a hole.
    pub fn delivered(&self) -> u64 {
        self.streams.values().map(|s| s.delivered.saturating_sub(1)).sum()
    }

    /// Reads what came and answers what is due.
    pub fn turn(&mut self, now_us: u64, session: &mut Session) {
        for packet in std::mem::take(&mut session.opened) {
            self.take(&packet, session.next_number);
        }
        if self.ack_due_us.is_some_and(|due| due <= now_us) {
            let plain = self.answer(now_us, session.next_number);
            session.outbox.push_back(plain);
            self.ack_due_us = None;
        }
    }

    fn due(&mut self, at_us: u64) {
        self.ack_due_us = Some(self.ack_due_us.map_or(at_us, |due| due.min(at_us)));
    }

    fn take(&mut self, packet: &Opened, own_next: u64) {
        let mut frames = FrameReader::new(&packet.plain);
        let (mut lane, mut end, mut number, mut complete) = (0, None, None, true);
        while let Some(frame) = frames.next().unwrap() {
            match frame {
                Frame::StopWaiting { offset } => self.on_stop_waiting(packet.number - offset - 1),
                Frame::Ack(ack) => {
                    self.acked = self.acked.max(expand_ack_latest(own_next, ack.latest).unwrap());
                }
                Frame::SelectLane(l) => (lane, end, number) = (l, None, None),
                Frame::Unreliable(f) => {
                    let n = match (f.number, number) {
                        (NumberField::Next, Some(n)) => n + 1,
                        (NumberField::Delta(d), Some(n)) => n + d,
                        (first, _) => expand_number(self.highest_unreliable, first).unwrap(),
                    };
                    number = Some(n);
                    self.highest_unreliable = self.highest_unreliable.max(n);
                    self.unreliable.push((n, packet.at_us));
                }
                Frame::Reliable(f) => {
                    let stream = self.streams.entry(lane).or_insert_with(|| Stream {
                        delivered: 1,
                        end: 1,
                        ..Stream::default()
                    });
                    let from = match (f.position, end) {
                        (PositionField::Follows, Some(end)) => end,
                        (PositionField::Gap(gap), Some(end)) => end + u64::from(gap),
                        (first, _) => expand_position(stream.delivered, first).unwrap(),
                    };
                    let to = from + f.data.len() as u64;
                    complete &= stream.take(from, to);
                    end = Some(to);
                }
            }
        }
        if complete {
            self.record(packet.number, packet.at_us);
            if end.is_some() {
                self.due(packet.at_us + ACK_DELAY_US);
            }
        } else {
            self.refused += 1;
            self.due(packet.at_us + REFUSED_US);
        }
        match packet.asks {
            (_, true) => self.due(packet.at_us),
            (true, false) => self.due(packet.at_us + ACK_DELAY_US),
            (false, false) => {}
        }
    }

    fn on_stop_waiting(&mut self, value: u64) {
        self.stop_waiting = self.stop_waiting.max(value.min(self.next - 1));
        self.gaps.retain(|g| g.to > self.stop_waiting + 1);
        if let Some(first) = self.gaps.first_mut() {
            first.from = first.from.max(self.stop_waiting + 1);
        }
    }

    fn record(&mut self, number: u64, now_us: u64) {
        if number >= self.next {
            if number > self.next {
                let (from, before_us) = (self.next, self.next_at_us);
                self.gaps.push(Gap { from, to: number, since_us: now_us, before_us });
            }
            self.next = number + 1;
            self.next_at_us = now_us;
        } else if let Some(i) = self.gaps.iter().position(|g| g.from <= number && number < g.to) {
            let g = self.gaps.remove(i);
            if number + 1 < g.to {
                self.gaps.insert(i, Gap { from: number + 1, before_us: now_us, ..g });
            }
            if g.from < number {
                self.gaps.insert(i, Gap { to: number, ..g });
            }
        }
        if self.gaps.len() > PACKET_GAPS_MAX {
            let between = |i: &usize| self.gaps[i + 1].from - self.gaps[*i].to;
            let i = (0..10).min_by_key(between).unwrap();
            self.gaps[i].to = self.gaps.remove(i + 1).to;
        }
    }

    /// A packet with an acknowledgement of all that is there.
    fn answer(&self, now_us: u64, number: u64) -> Vec<u8> {
        let mut plain = Vec::new();
        put_stop_waiting(&mut plain, number, self.acked);
        let mut told = self.gaps.len().min(BLOCKS_MAX);
        if self.ack_due_us.is_none() {
            told = self.gaps.iter().take_while(|g| g.since_us + RIPE_US <= now_us).count();
        }
        let (latest, at_us) = match self.gaps.get(told) {
            Some(g) => (g.from - 1, g.before_us),
            None => (self.next - 1, self.next_at_us),
        };
        put_ack_header(&mut plain, latest, (at_us > 0).then(|| now_us - at_us), told as u8);
        let mut upper = latest + 1;
        for g in self.gaps[..told].iter().rev() {
            put_ack_block(&mut plain, (upper - g.to) as u32, (g.to - g.from) as u32);
            upper = g.from;
        }
        plain
    }
}
