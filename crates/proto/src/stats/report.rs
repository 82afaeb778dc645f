//! Statistics as they travel (protocol.md §3.16): plain values here, messages of optional fields on the wire.

use super::histogram::{JitterCounts, PingCounts, QualityCounts};
use gamesockets_wire::msg;
use gamesockets_wire::time::Timestamp;

/// The last completed interval of one side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InstantaneousReport {
    /// Ten times the packets sent per second.
    pub out_packets_x10: u32,
    /// Bytes sent per second.
    pub out_bytes: u32,
    /// Ten times the packets received per second.
    pub in_packets_x10: u32,
    /// Bytes received per second.
    pub in_bytes: u32,
    /// Smoothed ping, milliseconds.
    pub ping_ms: Option<u16>,
    /// Packets that should have come and did not, percent, rounded down; `None` without incoming packets.
    pub dropped_pct: Option<u8>,
    /// Packets that came out of order, twice or far ahead, percent, rounded down; `None` without incoming packets.
    pub weird_pct: Option<u8>,
    /// Largest jitter, microseconds.
    pub peak_jitter_us: Option<u32>,
}

/// Interval quality (percent) at or below which 2, 5, 25, 50 percent of the intervals lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "named by the percentile")]
pub struct QualityNtiles {
    pub p2: Option<u8>,
    pub p5: Option<u8>,
    pub p25: Option<u8>,
    pub p50: Option<u8>,
}

/// Ping (milliseconds) at or below which 5, 50, 75, 95, 98 percent of the samples lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "named by the percentile")]
pub struct PingNtiles {
    pub p5: Option<u16>,
    pub p50: Option<u16>,
    pub p75: Option<u16>,
    pub p95: Option<u16>,
    pub p98: Option<u16>,
}

/// The whole life of a connection as one side saw it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LifetimeReport {
    /// How long the connection is established; at least 1 once it is.
    pub connected_seconds: Option<u32>,
    /// Datagrams sent.
    pub packets_sent: u64,
    /// Sent, in units of 1024 bytes, rounded to nearest.
    pub kb_sent: u64,
    /// Datagrams received.
    pub packets_received: u64,
    /// Received, in units of 1024 bytes, rounded to nearest.
    pub kb_received: u64,
    /// Packets received that carried a packet number.
    pub sequenced: u64,
    /// Packet numbers that never came.
    pub dropped: u64,
    /// Packets that came after a later one.
    pub out_of_order: u64,
    /// Packets brought back into order before anyone noticed; always 0 from us.
    pub out_of_order_corrected: u64,
    /// Packets that came twice.
    pub duplicate: u64,
    /// Packets whose number was far off.
    pub lurch: u64,
    /// Intervals by quality.
    pub quality: QualityCounts,
    /// Percentiles of the intervals' quality.
    pub quality_ntiles: QualityNtiles,
    /// Samples by ping.
    pub ping: PingCounts,
    /// Percentiles of ping.
    pub ping_ntiles: PingNtiles,
    /// Samples by jitter.
    pub jitter: JitterCounts,
}

/// What the peer told about its side, and when.
#[derive(Clone, Copy, Debug, Default)]
pub struct RemoteStats {
    /// The latest interval it reported.
    pub instantaneous: Option<(Timestamp, InstantaneousReport)>,
    /// The latest report on its whole life.
    pub lifetime: Option<(Timestamp, LifetimeReport)>,
}

/// A percentage from the peer; more than everything is everything.
fn percent(value: u32) -> u8 {
    u8::try_from(value).unwrap_or(u8::MAX).min(100)
}

/// Milliseconds from the peer.
fn millis(value: u32) -> u16 {
    u16::try_from(value).unwrap_or(u16::MAX)
}

/// Empty buckets stay off the wire.
fn bucket(count: u32) -> Option<u32> {
    (count > 0).then_some(count)
}

impl InstantaneousReport {
    /// As sent: rates always, the rest only if known.
    pub fn to_message(&self) -> msg::LinkInstantaneousStats {
        msg::LinkInstantaneousStats {
            out_packets_per_sec_x10: Some(self.out_packets_x10),
            out_bytes_per_sec: Some(self.out_bytes),
            in_packets_per_sec_x10: Some(self.in_packets_x10),
            in_bytes_per_sec: Some(self.in_bytes),
            ping_ms: self.ping_ms.map(u32::from),
            packets_dropped_pct: self.dropped_pct.map(u32::from),
            packets_weird_sequence_pct: self.weird_pct.map(u32::from),
            peak_jitter_usec: self.peak_jitter_us,
        }
    }

    /// As received, by anyone: nothing is refused, everything is cut to what it may mean.
    pub fn from_message(m: &msg::LinkInstantaneousStats) -> Self {
        Self {
            out_packets_x10: m.out_packets_per_sec_x10.unwrap_or(0),
            out_bytes: m.out_bytes_per_sec.unwrap_or(0),
            in_packets_x10: m.in_packets_per_sec_x10.unwrap_or(0),
            in_bytes: m.in_bytes_per_sec.unwrap_or(0),
            ping_ms: m.ping_ms.map(millis),
            dropped_pct: m.packets_dropped_pct.map(percent),
            weird_pct: m.packets_weird_sequence_pct.map(percent),
            peak_jitter_us: m.peak_jitter_usec.map(|us| us.min(i32::MAX.unsigned_abs())),
        }
    }

    /// Share of packets that arrived well, 0 to 1; `None` if unknown.
    pub fn quality(&self) -> Option<f32> {
        let bad = u32::from(self.dropped_pct?) + u32::from(self.weird_pct.unwrap_or(0));
        Some(100u32.saturating_sub(bad) as f32 / 100.0)
    }
}

impl LifetimeReport {
    /// As sent: counters always, histogram buckets only if not empty, percentiles only if known.
    pub fn to_message(&self) -> msg::LinkLifetimeStats {
        let quality = self.quality.0.map(bucket);
        let ping = self.ping.0.map(bucket);
        let jitter = self.jitter.0.map(bucket);
        msg::LinkLifetimeStats {
            connected_seconds: self.connected_seconds,
            packets_sent: Some(self.packets_sent),
            kb_sent: Some(self.kb_sent),
            packets_recv: Some(self.packets_received),
            kb_recv: Some(self.kb_received),
            packets_recv_sequenced: Some(self.sequenced),
            packets_recv_dropped: Some(self.dropped),
            packets_recv_out_of_order: Some(self.out_of_order),
            packets_recv_out_of_order_corrected: Some(self.out_of_order_corrected),
            packets_recv_duplicate: Some(self.duplicate),
            packets_recv_lurch: Some(self.lurch),
            quality_histogram_100: quality[0],
            quality_histogram_99: quality[1],
            quality_histogram_97: quality[2],
            quality_histogram_95: quality[3],
            quality_histogram_90: quality[4],
            quality_histogram_75: quality[5],
            quality_histogram_50: quality[6],
            quality_histogram_1: quality[7],
            quality_histogram_dead: quality[8],
            quality_ntile_2nd: self.quality_ntiles.p2.map(u32::from),
            quality_ntile_5th: self.quality_ntiles.p5.map(u32::from),
            quality_ntile_25th: self.quality_ntiles.p25.map(u32::from),
            quality_ntile_50th: self.quality_ntiles.p50.map(u32::from),
            ping_histogram_25: ping[0],
            ping_histogram_50: ping[1],
            ping_histogram_75: ping[2],
            ping_histogram_100: ping[3],
            ping_histogram_125: ping[4],
            ping_histogram_150: ping[5],
            ping_histogram_200: ping[6],
            ping_histogram_300: ping[7],
            ping_histogram_max: ping[8],
            ping_ntile_5th: self.ping_ntiles.p5.map(u32::from),
            ping_ntile_50th: self.ping_ntiles.p50.map(u32::from),
            ping_ntile_75th: self.ping_ntiles.p75.map(u32::from),
            ping_ntile_95th: self.ping_ntiles.p95.map(u32::from),
            ping_ntile_98th: self.ping_ntiles.p98.map(u32::from),
            jitter_histogram_negligible: jitter[0],
            jitter_histogram_1: jitter[1],
            jitter_histogram_2: jitter[2],
            jitter_histogram_5: jitter[3],
            jitter_histogram_10: jitter[4],
            jitter_histogram_20: jitter[5],
            ..Default::default()
        }
    }

    /// As received, by anyone: nothing is refused, percentiles are cut to what they may mean, and what we have no use
    /// for (several network paths) is left out.
    pub fn from_message(m: &msg::LinkLifetimeStats) -> Self {
        let count = |field: Option<u32>| field.unwrap_or(0);
        Self {
            connected_seconds: m.connected_seconds,
            packets_sent: m.packets_sent.unwrap_or(0),
            kb_sent: m.kb_sent.unwrap_or(0),
            packets_received: m.packets_recv.unwrap_or(0),
            kb_received: m.kb_recv.unwrap_or(0),
            sequenced: m.packets_recv_sequenced.unwrap_or(0),
            dropped: m.packets_recv_dropped.unwrap_or(0),
            out_of_order: m.packets_recv_out_of_order.unwrap_or(0),
            out_of_order_corrected: m.packets_recv_out_of_order_corrected.unwrap_or(0),
            duplicate: m.packets_recv_duplicate.unwrap_or(0),
            lurch: m.packets_recv_lurch.unwrap_or(0),
            quality: QualityCounts([
                count(m.quality_histogram_100),
                count(m.quality_histogram_99),
                count(m.quality_histogram_97),
                count(m.quality_histogram_95),
                count(m.quality_histogram_90),
                count(m.quality_histogram_75),
                count(m.quality_histogram_50),
                count(m.quality_histogram_1),
                count(m.quality_histogram_dead),
            ]),
            quality_ntiles: QualityNtiles {
                p2: m.quality_ntile_2nd.map(percent),
                p5: m.quality_ntile_5th.map(percent),
                p25: m.quality_ntile_25th.map(percent),
                p50: m.quality_ntile_50th.map(percent),
            },
            ping: PingCounts([
                count(m.ping_histogram_25),
                count(m.ping_histogram_50),
                count(m.ping_histogram_75),
                count(m.ping_histogram_100),
                count(m.ping_histogram_125),
                count(m.ping_histogram_150),
                count(m.ping_histogram_200),
                count(m.ping_histogram_300),
                count(m.ping_histogram_max),
            ]),
            ping_ntiles: PingNtiles {
                p5: m.ping_ntile_5th.map(millis),
                p50: m.ping_ntile_50th.map(millis),
                p75: m.ping_ntile_75th.map(millis),
                p95: m.ping_ntile_95th.map(millis),
                p98: m.ping_ntile_98th.map(millis),
            },
            jitter: JitterCounts([
                count(m.jitter_histogram_negligible),
                count(m.jitter_histogram_1),
                count(m.jitter_histogram_2),
                count(m.jitter_histogram_5),
                count(m.jitter_histogram_10),
                count(m.jitter_histogram_20),
            ]),
        }
    }
}
