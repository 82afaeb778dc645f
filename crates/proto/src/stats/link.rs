//! Counters, rates, quality and jitter of one connection (protocol.md §3.16).

use super::flow::{Clock, Flow, SECONDS_STEPPED};
use super::histogram::{JitterCounts, LinkHistograms, QualityCounts, samples_needed};
use super::ping::PingTracker;
use super::report::{InstantaneousReport, LifetimeReport, QualityNtiles, RemoteStats};
use super::schedule::{Schedule, StatsWanted, Traffic};
use super::{SECOND_US, Want};
use alloc::boxed::Box;
use gamesockets_wire::msg;
use gamesockets_wire::time::Timestamp;

/// A forward jump of this many numbers is a lurch, not a loss (protocol.md §3.8).
const LURCH_JUMP: u64 = 100;
/// Packets further apart than this, on either side, say nothing about jitter (protocol.md §1.9).
const JITTER_GAP_MAX_US: u64 = 250_000;
/// An interval needs more received packets than this to be judged.
const QUALITY_PACKETS: u32 = 5;
/// A silent interval counts as dead if more packets than this went out, one per second, …
const DEAD_PACKETS: u32 = 5;
/// … and this many replies in a row stayed out.
const DEAD_TIMEOUTS: u8 = 2;
/// No jitter measured.
const NO_JITTER: i32 = -1;

/// How an incoming packet number relates to the ones before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SequencedEvent {
    /// The successor of the highest so far. `sender_gap_us`: the time since its predecessor by the sender's clock, if
    /// the header carried it, microseconds.
    InOrder {
        /// See above.
        sender_gap_us: Option<u32>,
    },
    /// Ahead of the successor: the `missing` numbers between did not come, so far.
    Gap {
        /// How many numbers were skipped.
        missing: u32,
    },
    /// Ahead by 100 or more.
    Lurch,
    /// Below the highest so far, and new.
    OutOfOrder,
    /// Received before.
    Duplicate,
    /// Too far below the highest so far to tell; the packet is dropped.
    TooOld,
}

impl SequencedEvent {
    /// The event for a packet `jump` numbers (at least 1) above the highest so far.
    pub fn forward(jump: u64, sender_gap_us: Option<u32>) -> Self {
        match jump {
            0 => Self::Duplicate,
            1 => Self::InOrder { sender_gap_us },
            LURCH_JUMP.. => Self::Lurch,
            _ => Self::Gap { missing: u32::try_from(jump - 1).unwrap_or(u32::MAX) },
        }
    }
}

/// Totals since the connection object was made. They saturate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkCounters {
    /// Datagrams sent, of any kind.
    pub packets_sent: u64,
    /// Their bytes, from the first byte of the UDP payload on.
    pub bytes_sent: u64,
    /// Datagrams received, of any kind.
    pub packets_received: u64,
    /// Their bytes.
    pub bytes_received: u64,
    /// Datagrams received that carried a packet number.
    pub sequenced: u64,
    /// Numbers that did not come.
    pub dropped: u64,
    /// Packets below the highest number so far, but new.
    pub out_of_order: u64,
    /// Packets received twice.
    pub duplicate: u64,
    /// Packets far ahead or too far behind.
    pub lurch: u64,
}

/// The link's share of the real-time status.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinkStatus {
    /// Packets sent per second, smoothed over a few seconds.
    pub out_packets_per_sec: f32,
    /// Bytes sent per second, likewise.
    pub out_bytes_per_sec: f32,
    /// Packets received per second, likewise.
    pub in_packets_per_sec: f32,
    /// Bytes received per second, likewise.
    pub in_bytes_per_sec: f32,
    /// Share of the peer's packets that arrived well in the last completed interval, 0 to 1; −1 unknown.
    pub quality_local: f32,
    /// The same of our packets, as the peer last reported it; −1 unknown.
    pub quality_remote: f32,
}

/// What came with packet numbers during one interval.
#[derive(Clone, Copy, Debug)]
struct Sequence {
    received: u32,
    dropped: u32,
    weird: u32,
    peak_jitter_us: i32,
}

impl Sequence {
    const EMPTY: Self = Self { received: 0, dropped: 0, weird: 0, peak_jitter_us: NO_JITTER };

    fn expected(&self) -> u64 {
        u64::from(self.received) + u64::from(self.dropped)
    }

    /// `part` in percent of what should have come, rounded down; `None` if nothing came.
    fn percent(&self, part: u32) -> Option<u8> {
        if self.received == 0 {
            return None;
        }
        let percent = u64::from(part) * 100 / self.expected();
        Some(u8::try_from(percent).unwrap_or(100).min(100))
    }

    /// 100 only if nothing at all went wrong; 0 means a dead link and is never the result of counting.
    fn quality(&self) -> Option<u8> {
        if self.received <= QUALITY_PACKETS {
            return None;
        }
        if self.dropped == 0 && self.weird == 0 {
            return Some(100);
        }
        self.percent(self.received.saturating_sub(self.weird)).map(|percent| percent.clamp(1, 99))
    }

    fn share(&self) -> Option<f32> {
        let good = self.received.saturating_sub(self.weird);
        (self.received > 0).then(|| good as f32 / self.expected() as f32)
    }
}

/// Everything countable about one connection's link, and its exchange with the peer.
///
/// Each `on_*` and each question first ends the intervals that are over at `now`; no timer is needed for that.
#[derive(Clone, Debug)]
pub struct LinkStats {
    clock: Clock,
    sent: Flow,
    received: Flow,
    sequenced: u64,
    dropped: u64,
    out_of_order: u32,
    duplicate: u32,
    lurch: u32,
    interval: Sequence,
    completed: Sequence,
    /// Peak since the application last asked.
    unread_jitter_us: i32,
    reply_timeouts: u8,
    /// When the last packet came that was not below an earlier one.
    last_forward: Option<Timestamp>,
    connected_at: Option<Timestamp>,
    schedule: Schedule,
    histograms: Option<Box<LinkHistograms>>,
    remote: Option<Box<RemoteStats>>,
}

impl LinkStats {
    /// Counting starts at `now`; statistics are exchanged only after [`on_connected`](Self::on_connected).
    pub fn new(now: Timestamp) -> Self {
        Self {
            clock: Clock::new(now),
            sent: Flow::default(),
            received: Flow::default(),
            sequenced: 0,
            dropped: 0,
            out_of_order: 0,
            duplicate: 0,
            lurch: 0,
            interval: Sequence::EMPTY,
            completed: Sequence::EMPTY,
            unread_jitter_us: NO_JITTER,
            reply_timeouts: 0,
            last_forward: None,
            connected_at: None,
            schedule: Schedule::new(now, Traffic::default()),
            histograms: None,
            remote: None,
        }
    }

    // ---- events ----------------------------------------------------------------------------------------------------

    /// The connection is established: connected time and the exchange schedule start.
    pub fn on_connected(&mut self, now: Timestamp) {
        self.connected_at = Some(now);
        self.schedule = Schedule::new(now, self.traffic());
    }

    /// A datagram of `bytes` bytes left.
    pub fn on_packet_sent(&mut self, now: Timestamp, bytes: usize) {
        self.catch_up(now);
        self.sent.add(bytes);
    }

    /// A datagram of `bytes` bytes came and belongs to this connection.
    pub fn on_packet_received(&mut self, now: Timestamp, bytes: usize) {
        self.catch_up(now);
        self.received.add(bytes);
        self.reply_timeouts = 0;
    }

    /// A packet number was judged. Forward events only for packets that decrypted.
    pub fn on_sequenced(&mut self, now: Timestamp, event: SequencedEvent) {
        self.catch_up(now);
        self.sequenced = self.sequenced.saturating_add(1);
        self.interval.received = self.interval.received.saturating_add(1);
        match event {
            SequencedEvent::InOrder { sender_gap_us } => {
                if let Some(gap) = sender_gap_us {
                    self.track_jitter(now, gap);
                }
                self.last_forward = Some(now);
            }
            SequencedEvent::Gap { missing } => {
                self.dropped = self.dropped.saturating_add(u64::from(missing));
                self.interval.dropped = self.interval.dropped.saturating_add(missing);
                self.last_forward = Some(now);
            }
            SequencedEvent::Lurch => {
                self.lurch = self.lurch.saturating_add(1);
                self.count_weird();
                self.last_forward = Some(now);
            }
            SequencedEvent::OutOfOrder => {
                // It was counted as dropped when it was overtaken, perhaps in an earlier interval.
                self.dropped = self.dropped.saturating_sub(1);
                self.interval.dropped = self.interval.dropped.saturating_sub(1);
                self.out_of_order = self.out_of_order.saturating_add(1);
                self.count_weird();
            }
            SequencedEvent::Duplicate => {
                self.duplicate = self.duplicate.saturating_add(1);
                self.count_weird();
            }
            SequencedEvent::TooOld => {
                self.lurch = self.lurch.saturating_add(1);
                self.count_weird();
            }
        }
    }

    fn count_weird(&mut self) {
        self.interval.weird = self.interval.weird.saturating_add(1);
    }

    fn track_jitter(&mut self, now: Timestamp, sender_gap_us: u32) {
        let Some(last) = self.last_forward else { return };
        let gap = now.micros_since(last);
        if gap >= JITTER_GAP_MAX_US || u64::from(sender_gap_us) >= JITTER_GAP_MAX_US {
            return;
        }
        let us = u32::try_from(gap.abs_diff(u64::from(sender_gap_us))).unwrap_or(u32::MAX);
        let peak = i32::try_from(us).unwrap_or(i32::MAX);
        self.interval.peak_jitter_us = self.interval.peak_jitter_us.max(peak);
        self.unread_jitter_us = self.unread_jitter_us.max(peak);
        self.histograms.get_or_insert_with(LinkHistograms::boxed).jitter.add(us);
    }

    /// A reply stayed out ([`Liveness::on_timeout`](super::Liveness::on_timeout) returned `true`).
    pub fn on_reply_timeout(&mut self, now: Timestamp) {
        self.catch_up(now);
        self.reply_timeouts = self.reply_timeouts.saturating_add(1);
    }

    /// The peer sent statistics, in a packet that decrypted. The blob itself is not authenticated: it is shown to the
    /// user and used for nothing else.
    pub fn on_remote_stats(&mut self, now: Timestamp, stats: &msg::ConnectionQuality) {
        if stats.instantaneous.is_none() && stats.lifetime.is_none() {
            return;
        }
        let remote = self.remote.get_or_insert_default();
        if let Some(m) = &stats.instantaneous {
            remote.instantaneous = Some((now, InstantaneousReport::from_message(m)));
        }
        if let Some(m) = &stats.lifetime {
            remote.lifetime = Some((now, LifetimeReport::from_message(m)));
        }
    }

    // ---- exchange --------------------------------------------------------------------------------------------------

    /// Which statistics the next packet should carry. Nothing before [`on_connected`](Self::on_connected) or while a
    /// blob is outstanding.
    pub fn stats_wanted(&mut self, now: Timestamp) -> StatsWanted {
        if self.connected_at.is_none() {
            return StatsWanted::default();
        }
        self.schedule.wanted(now, self.traffic())
    }

    /// The message for `wanted`, `None` if that is nothing or a blob is outstanding. Building has no effect: a blob
    /// that does not fit is simply dropped, perhaps after a second try with
    /// [`without_lifetime`](StatsWanted::without_lifetime). What does not fit even a packet of its own must be
    /// [postponed](Self::postpone_stats), or [`next_deadline`](Self::next_deadline) stays in the past.
    pub fn build(
        &mut self,
        now: Timestamp,
        wanted: StatsWanted,
        ping: &PingTracker,
    ) -> Option<msg::ConnectionQuality> {
        if !wanted.any() || self.schedule.outstanding() {
            return None;
        }
        Some(msg::ConnectionQuality {
            instantaneous: (wanted.instantaneous != Want::No)
                .then(|| self.instantaneous(now, ping).to_message()),
            lifetime: (wanted.lifetime != Want::No).then(|| self.lifetime(now, ping).to_message()),
        })
    }

    /// The message built for `sent` left in a packet. The connection remembers that packet's number and reports its
    /// fate with [`on_stats_acked`](Self::on_stats_acked) or [`on_stats_lost`](Self::on_stats_lost).
    pub fn on_stats_sent(&mut self, sent: StatsWanted) {
        self.schedule.on_sent(sent);
    }

    /// `what` does not fit even a packet without data: it becomes due anew after its usual interval.
    pub fn postpone_stats(&mut self, now: Timestamp, what: StatsWanted) {
        self.schedule.postpone(now, what);
    }

    /// The packet with the outstanding statistics was acknowledged.
    pub fn on_stats_acked(&mut self, now: Timestamp) {
        self.schedule.on_acked(now, self.traffic());
    }

    /// The packet with the outstanding statistics was lost; they become wanted again.
    pub fn on_stats_lost(&mut self) {
        self.schedule.on_lost();
    }

    /// When [`stats_wanted`](Self::stats_wanted) will be a reason to send a packet. `None` on a quiet connection. May
    /// lie in the past until `stats_wanted` was asked.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.connected_at?;
        self.schedule.next_deadline(self.traffic())
    }

    fn traffic(&self) -> Traffic {
        Traffic::new(self.sent.packets(), self.sequenced)
    }

    // ---- questions -------------------------------------------------------------------------------------------------

    /// Rates and qualities at `now`.
    pub fn status(&mut self, now: Timestamp) -> LinkStatus {
        self.catch_up(now);
        self.last_status()
    }

    /// Rates and qualities at the last event.
    pub fn last_status(&self) -> LinkStatus {
        let (out_packets_per_sec, out_bytes_per_sec) = self.sent.smoothed(&self.clock);
        let (in_packets_per_sec, in_bytes_per_sec) = self.received.smoothed(&self.clock);
        let remote = self.remote.as_ref().and_then(|remote| remote.instantaneous);
        LinkStatus {
            out_packets_per_sec,
            out_bytes_per_sec,
            in_packets_per_sec,
            in_bytes_per_sec,
            quality_local: self.completed.share().unwrap_or(-1.0),
            quality_remote: remote.and_then(|(_, report)| report.quality()).unwrap_or(-1.0),
        }
    }

    /// Largest jitter since the last call, microseconds, −1 if none was measured. Reading clears it.
    pub fn take_max_jitter_us(&mut self) -> i32 {
        core::mem::replace(&mut self.unread_jitter_us, NO_JITTER)
    }

    /// Totals.
    pub fn counters(&self) -> LinkCounters {
        LinkCounters {
            packets_sent: self.sent.packets(),
            bytes_sent: self.sent.bytes(),
            packets_received: self.received.packets(),
            bytes_received: self.received.bytes(),
            sequenced: self.sequenced,
            dropped: self.dropped,
            out_of_order: u64::from(self.out_of_order),
            duplicate: u64::from(self.duplicate),
            lurch: u64::from(self.lurch),
        }
    }

    /// What the peer told last, if anything.
    pub fn remote(&self) -> Option<&RemoteStats> {
        self.remote.as_deref()
    }

    /// The last completed interval, as sent to the peer.
    pub fn instantaneous(&mut self, now: Timestamp, ping: &PingTracker) -> InstantaneousReport {
        self.catch_up(now);
        InstantaneousReport {
            out_packets_x10: self.sent.packets_x10(),
            out_bytes: self.sent.bytes_per_sec(),
            in_packets_x10: self.received.packets_x10(),
            in_bytes: self.received.bytes_per_sec(),
            ping_ms: ping.smoothed_ms().map(|ms| u16::try_from(ms).unwrap_or(u16::MAX)),
            dropped_pct: self.completed.percent(self.completed.dropped),
            weird_pct: self.completed.percent(self.completed.weird),
            peak_jitter_us: u32::try_from(self.completed.peak_jitter_us).ok(),
        }
    }

    /// The whole life so far, as sent to the peer.
    pub fn lifetime(&mut self, now: Timestamp, ping: &PingTracker) -> LifetimeReport {
        self.catch_up(now);
        self.last_lifetime(now, ping)
    }

    /// The whole life up to the last event.
    pub fn last_lifetime(&self, now: Timestamp, ping: &PingTracker) -> LifetimeReport {
        let counters = self.counters();
        LifetimeReport {
            connected_seconds: Some(self.connected_seconds(now)),
            packets_sent: counters.packets_sent,
            kb_sent: kilobytes(counters.bytes_sent),
            packets_received: counters.packets_received,
            kb_received: kilobytes(counters.bytes_received),
            sequenced: counters.sequenced,
            dropped: counters.dropped,
            out_of_order: counters.out_of_order,
            out_of_order_corrected: 0,
            duplicate: counters.duplicate,
            lurch: counters.lurch,
            quality: self.quality_counts(),
            quality_ntiles: self.quality_ntiles(),
            ping: *ping.counts(),
            ping_ntiles: ping.ntiles(),
            jitter: self.jitter_counts(),
        }
    }

    fn connected_seconds(&self, now: Timestamp) -> u32 {
        let Some(start) = self.connected_at else { return 0 };
        let seconds = now.micros_since(start).saturating_add(SECOND_US / 2) / SECOND_US;
        u32::try_from(seconds).unwrap_or(u32::MAX).max(1)
    }

    fn quality_counts(&self) -> QualityCounts {
        self.histograms.as_ref().map(|h| h.quality).unwrap_or_default()
    }

    fn jitter_counts(&self) -> JitterCounts {
        self.histograms.as_ref().map(|h| h.jitter).unwrap_or_default()
    }

    fn quality_ntiles(&self) -> QualityNtiles {
        let at = |percent| {
            let bin = self.histograms.as_ref()?.quality_bins.percentile(percent, samples_needed(percent))?;
            u8::try_from(bin).ok()
        };
        QualityNtiles { p2: at(2), p5: at(5), p25: at(25), p50: at(50) }
    }

    // ---- intervals -------------------------------------------------------------------------------------------------

    /// Ends the seconds and intervals that are over. Everything counted so far belongs to the first of them, because
    /// every event comes through here before it counts.
    fn catch_up(&mut self, now: Timestamp) {
        let seconds = self.clock.take_elapsed(now);
        if seconds == 0 {
            return;
        }
        for _ in 0..seconds.min(SECONDS_STEPPED) {
            let (weight, interval_ended) = self.clock.end_second();
            self.sent.end_second(weight);
            self.received.end_second(weight);
            if interval_ended {
                self.end_interval();
            }
        }
        let rest = seconds.saturating_sub(SECONDS_STEPPED);
        if rest > 0 {
            self.clock.skip(rest);
            self.sent.skip(rest);
            self.received.skip(rest);
        }
    }

    fn end_interval(&mut self) {
        if let Some(quality) = self.interval.quality().or_else(|| self.is_dead_interval().then_some(0)) {
            let histograms = self.histograms.get_or_insert_with(LinkHistograms::boxed);
            histograms.quality.add(quality);
            histograms.quality_bins.add(usize::from(quality));
        }
        self.sent.end_interval();
        self.received.end_interval();
        self.completed = self.interval;
        self.interval = Sequence::EMPTY;
    }

    /// Nothing came although we tried hard: not an idle connection but a broken one.
    fn is_dead_interval(&self) -> bool {
        self.received.interval_packets() == 0
            && self.sent.interval_packets() > DEAD_PACKETS
            && self.reply_timeouts >= DEAD_TIMEOUTS
    }
}

/// Units of 1024 bytes, rounded to nearest.
fn kilobytes(bytes: u64) -> u64 {
    bytes.saturating_add(512) / 1024
}
