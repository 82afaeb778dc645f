//! Figures for the application (semantics: getConnectionRealTimeStatus).

use super::{Connection, ConnectionState, Phase};
use alloc::string::String;
use core::fmt::Write as _;
use gamesockets_wire::time::Timestamp;

/// A connection's figures at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RealTimeStatus {
    /// State as the application sees it.
    pub state: ConnectionState,
    /// Smoothed round trip in milliseconds; -1 unknown.
    pub ping_ms: i32,
    /// Share of the peer's packets that arrive in good order, 0 to 1; -1 unknown.
    pub quality_local: f32,
    /// The same, as the peer sees ours; -1 unknown.
    pub quality_remote: f32,
    /// Packets sent per second.
    pub out_packets_per_sec: f32,
    /// Bytes sent per second.
    pub out_bytes_per_sec: f32,
    /// Packets received per second.
    pub in_packets_per_sec: f32,
    /// Bytes received per second.
    pub in_bytes_per_sec: f32,
    /// Rate at which data may be sent now, bytes per second.
    pub send_rate_bytes_per_sec: u32,
    /// Unreliable bytes that wait to be sent.
    pub pending_unreliable: u32,
    /// Reliable bytes that wait to be sent, for the first time or again.
    pub pending_reliable: u32,
    /// Reliable bytes in flight.
    pub sent_unacked_reliable: u32,
    /// How long a message queued now would wait, microseconds; `i64::MAX` when not connected.
    pub queue_time_us: i64,
    /// Largest jitter since the last time it was read, microseconds; -1 none.
    pub max_jitter_us: i32,
}

/// Figures of one lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct LaneStatus {
    /// Unreliable bytes that wait to be sent.
    pub pending_unreliable: u32,
    /// Reliable bytes that wait to be sent, for the first time or again.
    pub pending_reliable: u32,
    /// Reliable bytes in flight.
    pub sent_unacked_reliable: u32,
    /// How long a message queued on this lane now would wait, microseconds; `i64::MAX` when not connected.
    pub queue_time_us: i64,
}

fn narrow(n: u64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

impl Connection {
    /// The present figures. Reading the jitter clears it.
    pub fn status(&mut self, now: Timestamp) -> RealTimeStatus {
        let (unreliable, reliable, unacked) = self.sender.total_bytes();
        let link = self.stats.status(now);
        RealTimeStatus {
            state: self.state(),
            ping_ms: self.ping.smoothed_ms().and_then(|ms| i32::try_from(ms).ok()).unwrap_or(-1),
            quality_local: link.quality_local,
            quality_remote: link.quality_remote,
            out_packets_per_sec: link.out_packets_per_sec,
            out_bytes_per_sec: link.out_bytes_per_sec,
            in_packets_per_sec: link.in_packets_per_sec,
            in_bytes_per_sec: link.in_bytes_per_sec,
            send_rate_bytes_per_sec: narrow(self.rate.estimate()),
            pending_unreliable: narrow(unreliable),
            pending_reliable: narrow(reliable),
            sent_unacked_reliable: narrow(unacked),
            queue_time_us: self.queue_time(unreliable + reliable),
            max_jitter_us: self.stats.take_max_jitter_us(),
        }
    }

    /// The figures of lane `lane`, if it exists.
    pub fn lane_status(&self, lane: usize) -> Option<LaneStatus> {
        let (unreliable, reliable, unacked) = self.sender.lane_bytes(lane)?;
        Some(LaneStatus {
            pending_unreliable: narrow(unreliable),
            pending_reliable: narrow(reliable),
            sent_unacked_reliable: narrow(unacked),
            queue_time_us: self.queue_time(self.sender.bytes_ahead(lane)),
        })
    }

    fn queue_time(&self, bytes: u64) -> i64 {
        if self.phase != Phase::Connected {
            return i64::MAX;
        }
        let debt = u64::try_from(-self.pacer.balance()).unwrap_or(0);
        let us = (bytes + debt).saturating_mul(1_000_000) / self.rate.estimate().max(1);
        i64::try_from(us).unwrap_or(i64::MAX)
    }

    /// Everything worth knowing about the connection, as text for a developer.
    pub fn detailed_status(&mut self, now: Timestamp) -> String {
        let mut s = String::new();
        let status = self.status(now);
        let c = self.stats.counters();
        let age = now.saturating_since(self.created_at);
        // Writing into a String does not fail.
        let _ = writeln!(s, "{}", self.describe());
        let _ = writeln!(
            s,
            "  state {:?}, age {:.1} s, protocol {}",
            status.state,
            age.as_secs_f32(),
            self.peer_version
        );
        let _ = writeln!(
            s,
            "  {}, {}",
            if self.encrypted { "encrypted (AES-256-GCM)" } else { "NOT encrypted" },
            if self.authenticated { "peer authenticated" } else { "peer not authenticated" }
        );
        if let Some(end) = &self.end {
            let _ = writeln!(s, "  ended: {} {} ({})", end.reason.0, end.reason.name(), end.text);
        }
        let _ = writeln!(s, "  ping {} ms, jitter peak {} us", status.ping_ms, status.max_jitter_us);
        if let (Some(smoothed), Some(min), Some(var)) =
            (self.rtt.smoothed_us(), self.rtt.min_us(), self.rtt.variation_us())
        {
            let _ = writeln!(s, "  round trip: smoothed {smoothed} us, least {min} us, variation {var} us");
        }
        let _ =
            writeln!(s, "  quality: here {:.2}, there {:.2}", status.quality_local, status.quality_remote);
        let _ = writeln!(
            s,
            "  out {:.1} packets/s {:.0} bytes/s, in {:.1} packets/s {:.0} bytes/s, allowed {} bytes/s",
            status.out_packets_per_sec,
            status.out_bytes_per_sec,
            status.in_packets_per_sec,
            status.in_bytes_per_sec,
            status.send_rate_bytes_per_sec
        );
        let _ = writeln!(
            s,
            "  packets: sent {} received {} lost {} reordered {} duplicate {} lurch {}",
            c.packets_sent, c.packets_received, c.dropped, c.out_of_order, c.duplicate, c.lurch
        );
        for lane in 0..self.lane_count() {
            let Some(l) = self.lane_status(lane) else { break };
            let _ = writeln!(
                s,
                "  lane {lane}: waiting {} unreliable, {} reliable; in flight {}",
                l.pending_unreliable, l.pending_reliable, l.sent_unacked_reliable
            );
        }
        s
    }
}
