//! The sending half of a connection: lanes, packets in flight, acknowledgements, loss.

use super::assemble::{Assembler, Packed, wake};
use super::inflight::{Fate, Inflight, LaneSpan};
use super::lane::{Ahead, LaneConfig, SendLane};
use super::outbox::Outbox;
use crate::limits::{
    ACK_BLOCKS_MAX, ISLANDS_OWN, LANES_MAX, PROBE_PACKETS, PROBES_MAX, UNACKED_SPAN_ASK, UNACKED_SPAN_MAX,
    UNACKED_SPAN_OWN_MAX,
};
use crate::message::Gauges;
use crate::rate::RateController;
use crate::util::ranges::Ranges;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::ops::Range;
use core::sync::atomic::Ordering::Relaxed;
use core::time::Duration;
use gamesockets_wire::snp::{AckFrame, FrameError, expand_ack_latest};
use gamesockets_wire::time::Timestamp;

/// The handshake counts as packet 1 in both directions (protocol.md §3.8).
const FIRST_NUMBER: u64 = 2;
/// The time-out for retransmission doubles at most this often while nothing is acknowledged.
const BACKOFF_MAX: u32 = 4;
/// Longest retransmission time-out.
const RTO_MAX: Duration = Duration::from_secs(2);
/// Lost packets stay known for this long beyond two time-outs, so that a late ack still counts (protocol.md §3.10).
const LOST_MEMORY: Duration = Duration::from_secs(1);

/// What an acknowledgement told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AckReport {
    /// Round trip of the newest packet it covers, microseconds, ack delay taken off; only if that packet is newly
    /// acknowledged and the peer gave a delay.
    pub rtt_us: Option<u64>,
    /// Packets newly acknowledged.
    pub acked_packets: u32,
    /// Whether the packet that carried statistics was among them.
    pub stats_acked: bool,
    /// Whether a packet with statistics was found lost.
    pub stats_lost: bool,
    /// Whether it had blocks: the peer waits for us to move its stop-waiting line.
    pub blocks: u8,
    /// Set when the peer acknowledged a packet that was never sent: the whole packet must be ignored.
    pub never_sent: bool,
}

/// Lanes, packets in flight, and what the peer has.
#[derive(Debug)]
pub struct Sender {
    /// Made when something is sent on them first.
    lanes: Vec<SendLane>,
    inflight: Inflight,
    /// The newest packet the peer reported.
    highest_acked: u64,
    /// The newest packet up to which the peer reported everything; travels as the stop-waiting value.
    reported_to: u64,
    /// The stop-waiting value in the last packet sent: the peer's acks leave out everything below.
    stop_waiting_sent: u64,
    /// Packet numbers newly acknowledged are found against this set.
    acked: Ranges,
    backoff: u32,
    /// How far streams may run ahead of the peer.
    ahead: Ahead,
    /// The peer told what it keeps: it understands larger jumps, and its full ack frames are partial.
    own_kind: bool,
    gauges: Arc<Gauges>,
}

impl Sender {
    /// A sender with one lane.
    pub fn new(gauges: Arc<Gauges>) -> Self {
        Self {
            lanes: Vec::new(),
            inflight: Inflight::new(FIRST_NUMBER),
            highest_acked: 0,
            reported_to: 0,
            stop_waiting_sent: 0,
            acked: Ranges::new(),
            backoff: 0,
            ahead: Ahead::default(),
            own_kind: false,
            gauges,
        }
    }

    /// Packets to a peer of a protocol before version 10 count from 1; only before the first packet.
    pub fn count_from_one(&mut self) {
        if self.inflight.is_empty() && self.inflight.next_number() == FIRST_NUMBER {
            self.inflight = Inflight::new(1);
        }
    }

    /// The peer is of our own kind and keeps `bytes` beyond a hole in a lane's stream.
    pub fn set_peer_keeps(&mut self, bytes: u64) {
        self.ahead = Ahead { bytes: bytes.max(self.ahead.bytes), islands: ISLANDS_OWN };
        self.own_kind = true;
        for lane in &mut self.lanes {
            lane.ahead = self.ahead;
        }
    }

    /// Takes over everything staged in `outbox`.
    pub fn absorb(&mut self, outbox: &mut Outbox) {
        while self.lanes.len() < outbox.lanes.len() {
            self.lanes.push(SendLane::new(self.ahead));
        }
        let mut added = 0;
        for (i, out) in outbox.lanes.iter_mut().enumerate() {
            if out.runs.is_empty() {
                continue;
            }
            added += out.staged_reliable + out.staged_unreliable;
            let idle = self.lanes.get(i).is_some_and(|l| !l.has_work());
            if idle && self.lanes.len() > 1 {
                wake(&mut self.lanes, i);
            }
            if let Some(lane) = self.lanes.get_mut(i) {
                lane.absorb(out);
            }
        }
        outbox.mark_absorbed();
        self.gauges.send_pending.fetch_add(added, Relaxed);
        if outbox.take_release() {
            self.release();
        }
    }

    /// Lets everything that waits go at once.
    pub fn release(&mut self) {
        self.lanes.iter_mut().for_each(SendLane::release);
    }

    /// Sets number, priorities and weights of the lanes; data already waiting follows the new order. Never fewer than
    /// before; surplus entries are ignored.
    pub fn configure_lanes(&mut self, lanes: &[LaneConfig]) {
        let lanes = lanes.get(..lanes.len().min(LANES_MAX)).unwrap_or_default();
        while self.lanes.len() < lanes.len() {
            self.lanes.push(SendLane::new(self.ahead));
        }
        for (lane, config) in self.lanes.iter_mut().zip(lanes) {
            lane.config = *config;
            lane.served = 0;
        }
    }

    /// How many lanes there are, at least one.
    pub fn lane_count(&self) -> usize {
        self.lanes.len().max(1)
    }

    /// Waiting unreliable bytes, waiting reliable bytes, and reliable bytes in flight of a lane.
    pub fn lane_bytes(&self, lane: usize) -> Option<(u64, u64, u64)> {
        match self.lanes.get(lane) {
            Some(l) => Some((l.pending_unreliable, l.pending_reliable(), l.unacked())),
            None => (lane < self.lane_count()).then_some((0, 0, 0)),
        }
    }

    /// Like [`lane_bytes`](Self::lane_bytes), over all lanes.
    pub fn total_bytes(&self) -> (u64, u64, u64) {
        self.lanes.iter().fold((0, 0, 0), |t, l| {
            (t.0 + l.pending_unreliable, t.1 + l.pending_reliable(), t.2 + l.unacked())
        })
    }

    /// Bytes that go before everything that waits on lane `lane` has gone, for its queue time: all of the lanes served
    /// before it, its own, and of lanes of the same priority what their weights let through meanwhile.
    pub fn bytes_ahead(&self, lane: usize) -> u64 {
        let Some(own) = self.lanes.get(lane) else { return 0 };
        let waiting = |l: &SendLane| l.pending_unreliable + l.pending_reliable();
        let own_bytes = waiting(own);
        let goes_before = |l: &SendLane| match l.config.priority.cmp(&own.config.priority) {
            Ordering::Less => waiting(l),
            Ordering::Equal => {
                let share = own_bytes.saturating_mul(u64::from(l.config.weight));
                waiting(l).min(share / u64::from(own.config.weight.max(1)))
            }
            Ordering::Greater => 0,
        };
        self.lanes.iter().map(goes_before).sum()
    }

    /// Whether reliable data has not reached the peer yet.
    pub fn reliable_outstanding(&self) -> bool {
        self.lanes.iter().any(SendLane::reliable_outstanding)
    }

    /// Whether anything waits to be sent.
    pub fn has_work(&self) -> bool {
        self.lanes.iter().any(SendLane::has_work)
    }

    /// Whether anything waits, be it only for room at the peer: a sender that waits for that does not lack data.
    pub fn is_waiting(&self) -> bool {
        self.lanes.iter().any(SendLane::is_waiting)
    }

    /// When waiting data should go: at once when a packet can be filled or something was lost, else when the oldest
    /// message has waited long enough (protocol.md §3.12). Microseconds; 0 is now.
    pub fn data_ready_at(&self, packet_bytes: u64) -> Option<u64> {
        let mut ready: Option<u64> = None;
        let mut waiting = 0;
        for lane in self.lanes.iter().filter(|l| l.has_work()) {
            waiting += lane.pending_unreliable + lane.pending_reliable();
            let hold = lane.hold_until().unwrap_or(0);
            ready = Some(ready.map_or(hold, |r| r.min(hold)));
        }
        if waiting >= packet_bytes { Some(0) } else { ready }
    }

    /// The number that the next packet will have.
    pub fn next_number(&self) -> u64 {
        self.inflight.next_number()
    }

    /// The stop-waiting value for the next packet.
    pub const fn stop_waiting(&self) -> u64 {
        self.reported_to
    }

    /// Whether so many packets are unacknowledged that a further one could confuse the peer.
    pub fn span_exhausted(&self) -> bool {
        let most = if self.own_kind { UNACKED_SPAN_OWN_MAX } else { UNACKED_SPAN_MAX };
        self.next_number() - self.highest_acked.max(1) > most
    }

    /// Whether so much is unacknowledged that the peer should be asked for an acknowledgement.
    pub fn should_ask_for_ack(&self) -> bool {
        let span = self.next_number() - self.highest_acked.max(1);
        let many = span > UNACKED_SPAN_ASK && span.is_multiple_of(UNACKED_SPAN_ASK / 8);
        many || self.lanes.iter().any(SendLane::is_nearly_ahead)
    }

    /// Bytes in packets neither acknowledged nor lost.
    pub const fn bytes_in_flight(&self) -> u64 {
        self.inflight.bytes()
    }

    /// Writes waiting data into `out` up to index `end`. Returns the number of segments and whether anything was
    /// written; the packet must then be reported with [`on_packet_sent`](Self::on_packet_sent).
    pub fn fill(&mut self, out: &mut Vec<u8>, end: usize) -> (u16, bool) {
        let waiting = self.lanes.iter().map(|l| l.pending_unreliable + l.pending_reliable()).sum();
        let packed: Packed = Assembler::new(&mut self.lanes, &mut self.inflight, out, end).fill(waiting);
        self.gauges.send_pending.fetch_sub(packed.reliable + packed.unreliable, Relaxed);
        (packed.segments, packed.any)
    }

    /// The packet just built is on its way.
    pub fn on_packet_sent(&mut self, now: Timestamp, bytes: u16, segments: u16, stats: bool) {
        self.stop_waiting_sent = self.reported_to;
        let Self { lanes, inflight, gauges, .. } = self;
        inflight.push(now, bytes, segments, stats, |span| lose(lanes, gauges, span));
    }

    /// Takes an ack frame in (protocol.md §3.6).
    ///
    /// # Errors
    /// The frame is malformed: the connection has to end.
    pub fn on_ack(
        &mut self,
        now: Timestamp,
        frame: &AckFrame<'_>,
        rate: &mut dyn RateController,
    ) -> Result<AckReport, FrameError> {
        let next = self.next_number();
        let latest = match expand_ack_latest(next, frame.latest) {
            Some(n) if n < next => n,
            Some(_) => return Ok(AckReport { never_sent: true, ..AckReport::default() }),
            None => return Err(FrameError::AckLatestOutOfRange),
        };
        let mut report = AckReport::default();
        self.sample_rtt(now, latest, frame.delay, &mut report);
        // All ranges are read before any is applied: a malformed frame changes nothing.
        let mut cursor = latest + 1;
        let mut blocks = frame.blocks;
        let mut count = 0;
        while let Some(block) = blocks.next()? {
            count += 1;
            report.blocks = report.blocks.saturating_add(1);
            cursor = cursor.checked_sub(u64::from(block.acked)).ok_or(FrameError::AckRangeUnderflow)?;
            cursor = cursor.checked_sub(u64::from(block.missing)).ok_or(FrameError::MissingRangeUnderflow)?;
        }
        let mut cursor = latest + 1;
        let mut blocks = frame.blocks;
        while let Some(block) = blocks.next()? {
            let acked_from = cursor - u64::from(block.acked);
            self.acked_range(now, acked_from..cursor, rate, &mut report);
            cursor = acked_from - u64::from(block.missing);
            self.missing_range(now, cursor..acked_from, rate, &mut report);
        }
        // A full frame of a peer of our own kind is partial: it says nothing about what lies below.
        if count < ACK_BLOCKS_MAX || !self.own_kind {
            self.acked_range(now, self.stop_waiting_sent..cursor, rate, &mut report);
            self.reported_to = self.reported_to.max(latest);
        }
        self.highest_acked = self.highest_acked.max(latest);
        self.advance_reported();
        if report.acked_packets > 0 {
            self.backoff = 0;
        }
        rate.on_ack_done(now, report.rtt_us, self.inflight.bytes());
        Ok(report)
    }

    /// Partial frames may have told the fate of everything up to some packet: the peer need not repeat it.
    fn advance_reported(&mut self) {
        if !self.own_kind {
            return;
        }
        let next = self.next_number();
        let flying = self.inflight.oldest_flying(false).map_or(next, |(number, _)| number);
        self.reported_to = self.reported_to.max(self.highest_acked.min(flying - 1));
    }

    fn sample_rtt(&self, now: Timestamp, latest: u64, delay: Option<u32>, report: &mut AckReport) {
        let (Some(delay), Some(sent)) = (delay, self.inflight.get(latest)) else { return };
        if sent.fate == Fate::Acked {
            return;
        }
        report.rtt_us = Some(now.micros_since(sent.at).saturating_sub(u64::from(delay)));
    }

    fn acked_range(
        &mut self,
        now: Timestamp,
        range: Range<u64>,
        rate: &mut dyn RateController,
        report: &mut AckReport,
    ) {
        let range = range.start.max(self.inflight.first_number())..range.end;
        if range.is_empty() {
            return;
        }
        let Self { lanes, inflight, acked, gauges, .. } = self;
        acked.insert_with(range, |fresh| {
            for number in fresh {
                let settled = inflight.mark_acked(number, |(lane, span)| {
                    if let Some(lane) = lanes.get_mut(usize::from(lane)) {
                        let waiting = lane.pending_reliable();
                        lane.on_acked(span);
                        gauges.send_pending.fetch_sub(waiting - lane.pending_reliable(), Relaxed);
                    }
                });
                if let Some(p) = settled {
                    report.acked_packets += 1;
                    report.stats_acked |= p.stats;
                    rate.on_acked(now, number, p.at, p.bytes, p.fate == Fate::Lost);
                }
            }
        });
    }

    fn missing_range(
        &mut self,
        now: Timestamp,
        range: Range<u64>,
        rate: &mut dyn RateController,
        report: &mut AckReport,
    ) {
        let range = range.start.max(self.inflight.first_number()).max(self.stop_waiting_sent)..range.end;
        let Self { lanes, inflight, gauges, .. } = self;
        for number in range {
            if let Some(p) = inflight.mark_lost(number, |span| lose(lanes, gauges, span)) {
                report.stats_lost |= p.stats;
                rate.on_lost(now, number, p.at, p.bytes);
            }
        }
    }

    /// The present retransmission time-out: `base` grown by the back-off.
    fn rto(&self, base: Duration) -> Duration {
        base.saturating_mul(1 << self.backoff).min(RTO_MAX.max(base))
    }

    /// When the oldest reliable packet in flight is to be taken for lost.
    pub fn retransmit_at(&mut self, base_rto: Duration) -> Option<Timestamp> {
        let rto = self.rto(base_rto);
        self.inflight.oldest_flying(true).map(|(_, p)| p.at + rto)
    }

    /// When the oldest packet in flight of either kind no longer counts as that.
    pub fn oldest_given_up_at(&mut self, base_rto: Duration) -> Option<Timestamp> {
        let rto = self.rto(base_rto);
        self.inflight.oldest_flying(false).map(|(_, p)| p.at + rto)
    }

    /// Takes packets that were not acknowledged in time for lost, and forgets settled ones. Returns whether statistics
    /// were among the lost.
    ///
    /// The first times only the oldest reliable ones: sent again they draw an acknowledgement that tells what else is
    /// missing. A peer that was busy for a moment does not get everything twice.
    pub fn on_timeout(&mut self, now: Timestamp, base_rto: Duration, rate: &mut dyn RateController) -> bool {
        let rto = self.rto(base_rto);
        let mut stats_lost = false;
        let most = if self.backoff < PROBES_MAX { PROBE_PACKETS } else { usize::MAX };
        let mut again = 0;
        while again < most
            && let Some((number, p)) = self.inflight.oldest_flying(false)
        {
            if p.at + rto > now {
                break;
            }
            let Self { lanes, inflight, gauges, .. } = self;
            inflight.mark_lost(number, |span| lose(lanes, gauges, span));
            stats_lost |= p.stats;
            if p.is_reliable() {
                again += 1;
                rate.on_lost(now, number, p.at, p.bytes);
            }
        }
        if again > 0 {
            self.backoff = (self.backoff + 1).min(BACKOFF_MAX);
        }
        self.prune(now, base_rto);
        stats_lost
    }

    /// Forgets packets that are settled for good. Called from time to time; keeps the window short.
    pub fn prune(&mut self, now: Timestamp, base_rto: Duration) {
        let memory = base_rto.saturating_mul(2).saturating_add(LOST_MEMORY);
        let forget = Timestamp::from_micros(now.as_micros().saturating_sub(memory.as_micros() as u64));
        self.inflight.prune(forget);
        self.acked.remove_below(self.inflight.first_number());
        self.acked.shrink();
    }

    /// Whether all packets are settled and nothing waits: an idle sender needs no timer.
    pub fn is_quiet(&self) -> bool {
        self.inflight.is_empty() && !self.has_work()
    }

    /// Drops all data, for a connection that is over.
    pub fn clear(&mut self) {
        self.lanes.iter_mut().for_each(SendLane::clear);
        self.gauges.send_pending.store(0, Relaxed);
        self.inflight = Inflight::new(self.inflight.next_number());
        self.acked = Ranges::new();
    }
}

/// Puts a lost packet's span back among the waiting data of its lane.
fn lose(lanes: &mut [SendLane], gauges: &Gauges, (lane, span): LaneSpan) {
    if let Some(lane) = lanes.get_mut(usize::from(lane)) {
        let again = lane.on_lost(span);
        gauges.send_pending.fetch_add(again, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::AHEAD_BYTES_REFERENCE;
    use crate::message::SendFlags;
    use crate::rate::FixedRate;
    use crate::snp::send::SendLimits;

    const RTO: Duration = Duration::from_millis(100);

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_micros(1 + ms * 1000)
    }

    /// A sender with `bytes` of one lane's stream waiting.
    fn with_waiting(bytes: usize) -> Sender {
        let mut sender = Sender::new(Arc::new(Gauges::default()));
        let limits = SendLimits {
            message_bytes_max: bytes,
            buffer_bytes_max: u64::MAX,
            nagle_us: 0,
            connected: true,
            engine_pending: 0,
            rate: 1,
        };
        let mut outbox = Outbox::new();
        outbox.send(at(0), &vec![7; bytes], SendFlags::RELIABLE, 0, &limits).unwrap();
        sender.absorb(&mut outbox);
        sender
    }

    #[test]
    fn a_lane_waits_for_what_its_rivals_send_meanwhile() {
        let mut sender = Sender::new(Arc::new(Gauges::default()));
        let lane = |priority, weight| LaneConfig { priority, weight };
        sender.configure_lanes(&[lane(2, 1), lane(0, 1), lane(1, 25), lane(1, 75)]);
        let limits = SendLimits {
            message_bytes_max: 3000,
            buffer_bytes_max: u64::MAX,
            nagle_us: 0,
            connected: true,
            engine_pending: 0,
            rate: 1,
        };
        let mut outbox = Outbox::new();
        outbox.grow_lanes(4);
        for lane in 0..4 {
            outbox.send(at(0), &[7; 3000], SendFlags::UNRELIABLE, lane, &limits).unwrap();
        }
        sender.absorb(&mut outbox);
        assert_eq!([0, 1, 2, 3].map(|lane| sender.bytes_ahead(lane)), [12_000, 3000, 9000, 7000]);
        assert_eq!(sender.bytes_ahead(4), 0);
    }

    /// Sends what it may. Returns how many packets that were.
    fn send_all(sender: &mut Sender, now: Timestamp) -> usize {
        let mut packets = 0;
        while sender.has_work() {
            let mut out = Vec::new();
            let (segments, _) = sender.fill(&mut out, 1232);
            sender.on_packet_sent(now, out.len() as u16, segments, false);
            packets += 1;
        }
        packets
    }

    #[test]
    fn a_stream_runs_ahead_only_as_far_as_the_peer_keeps() {
        let mut sender = with_waiting(8 << 20);
        let packets = send_all(&mut sender, at(0));
        let sent = sender.total_bytes().2;
        assert!((AHEAD_BYTES_REFERENCE - 2048..=AHEAD_BYTES_REFERENCE).contains(&sent), "{sent} bytes");
        assert!((850..=860).contains(&packets), "{packets}");
        assert_eq!(sender.data_ready_at(1200), None, "no timer for what cannot go");
        sender.set_peer_keeps(4 << 20);
        send_all(&mut sender, at(0));
        let sent = sender.total_bytes().2;
        assert!(((4 << 20) - 2048..=4 << 20).contains(&sent), "{sent} bytes");
    }

    #[test]
    fn a_peer_is_asked_before_its_room_is_used_up() {
        let mut sender = with_waiting(8 << 20);
        let mut asked = 0;
        while sender.has_work() {
            asked += usize::from(sender.should_ask_for_ack());
            let mut out = Vec::new();
            let (segments, _) = sender.fill(&mut out, 1232);
            sender.on_packet_sent(at(0), out.len() as u16, segments, false);
        }
        assert!((2..=6).contains(&asked), "{asked} packets ask");
        assert!(sender.is_waiting(), "for room at the peer");
        let mut sender = with_waiting(100_000);
        while sender.has_work() {
            assert!(!sender.should_ask_for_ack());
            send_all(&mut sender, at(0));
        }
        assert!(!sender.is_waiting());
    }

    #[test]
    fn silence_is_probed_before_everything_counts_as_lost() {
        let mut rate = FixedRate::new(1, 1);
        let mut sender = with_waiting(100_000);
        let packets = send_all(&mut sender, at(0));
        assert!(packets > 80);
        let mut again = Vec::new();
        for ms in [99, 100, 101, 199, 200, 399, 400, 401] {
            sender.on_timeout(at(ms), RTO, &mut rate);
            again.push(send_all(&mut sender, at(ms)));
        }
        assert_eq!(again[..6], [0, PROBE_PACKETS, 0, 0, PROBE_PACKETS, 0]);
        assert!(again[6] >= packets - 2 * PROBE_PACKETS, "{again:?}: now nobody seems to be there");
    }
}
