//! The reference library's rule: a rate between the limits, chosen once (protocol.md §3.12).

use super::RateController;
use crate::limits::CHUNK_BYTES_MAX;
use gamesockets_wire::time::Timestamp;

/// Round trip assumed while none is known, microseconds.
pub(super) const RTT_UNKNOWN_US: u64 = 200_000;
/// Bytes of the initial estimate per round trip: as RFC 5681 section 3.1 with our chunk as segment.
pub(super) const INITIAL_BYTES: u64 = {
    let two = 2 * CHUNK_BYTES_MAX as u64;
    let four = 4 * CHUNK_BYTES_MAX as u64;
    let at_least = if two > 4380 { two } else { 4380 };
    if at_least < four { at_least } else { four }
};

/// A rate that follows the configured limits and nothing else.
#[derive(Debug, Clone)]
pub struct FixedRate {
    min: u64,
    max: u64,
    initial: u64,
}

impl FixedRate {
    /// The rate for limits in bytes per second, with an unknown round trip.
    pub const fn new(min: u64, max: u64) -> Self {
        Self { min, max, initial: INITIAL_BYTES * 1_000_000 / RTT_UNKNOWN_US }
    }
}

impl RateController for FixedRate {
    fn set_limits(&mut self, _now: Timestamp, min: u64, max: u64) {
        self.min = min;
        self.max = max.max(min);
    }

    fn on_ping(&mut self, _now: Timestamp, rtt_us: u64) {
        self.initial = INITIAL_BYTES * 1_000_000 / rtt_us.max(1);
    }

    fn on_sent(&mut self, _now: Timestamp, _number: u64, _bytes: u16, _in_flight: u64, _app_limited: bool) {}
    fn on_acked(&mut self, _now: Timestamp, _number: u64, _sent_at: Timestamp, _bytes: u16, _was_lost: bool) {
    }
    fn on_lost(&mut self, _now: Timestamp, _number: u64, _sent_at: Timestamp, _bytes: u16) {}
    fn on_ack_done(&mut self, _now: Timestamp, _rtt_us: Option<u64>, _in_flight: u64) {}

    fn rate(&self) -> u64 {
        self.initial.clamp(self.min, self.max.max(self.min))
    }

    fn window(&self) -> Option<u64> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stays_between_the_limits() {
        let now = Timestamp::from_micros(1);
        let mut r = FixedRate::new(262_144, 262_144);
        assert_eq!(r.rate(), 262_144);
        r.set_limits(now, 1024, 100 << 20);
        assert_eq!(r.rate(), 4380 * 5, "four kilobytes per assumed 200 ms");
        r.on_ping(now, 10_000);
        assert_eq!(r.rate(), 438_000);
        r.on_ping(now, 0);
        assert_eq!(r.rate(), 100 << 20);
    }
}
