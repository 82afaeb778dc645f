//! Round-trip time in microseconds for loss recovery and pacing.

use core::time::Duration;
use gamesockets_wire::time::Timestamp;

/// Samples above this are cut, so that all sums fit 32 bits.
const SAMPLE_MAX_US: u32 = 60_000_000;
/// The minimum is taken over the current and the previous stretch of this length: 5 to 10 seconds back.
const MIN_STRETCH_US: u64 = 5_000_000;
/// Timers cannot tell less than this (`kGranularity` of RFC 9002 section 6.1.2).
const GRANULARITY_US: u32 = 1_000;

/// Estimator after RFC 9002 section 5, with two differences that the ack rules of this protocol ask for.
///
/// * The peer's stated delay is always subtracted, also from the minimum. Acks that wait 50 ms and more are normal
///   here, so a minimum that includes the wait would never come near the path's. A peer that overstates its delay
///   makes its own connection retransmit early and harms nobody else.
/// * The minimum forgets: it covers the last 5 to 10 seconds before the latest sample, so a path that became longer
///   is noticed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rtt {
    /// 0: no sample yet. All values in microseconds.
    smoothed: u32,
    variation: u32,
    latest: u32,
    min_now: u32,
    min_before: u32,
    stretch_start: Option<Timestamp>,
}

impl Rtt {
    /// Knows nothing yet.
    pub const fn new() -> Self {
        Self { smoothed: 0, variation: 0, latest: 0, min_now: 0, min_before: 0, stretch_start: None }
    }

    /// Takes a round trip of `rtt_us` microseconds from sending to ack, of which the peer says it held the ack for
    /// `ack_delay_us`; 0 if that is already subtracted.
    pub fn on_sample(&mut self, now: Timestamp, rtt_us: u64, ack_delay_us: u64) {
        let net = rtt_us.saturating_sub(ack_delay_us).clamp(1, u64::from(SAMPLE_MAX_US));
        let net = u32::try_from(net).unwrap_or(SAMPLE_MAX_US);
        self.latest = net;
        self.track_min(now, net);
        if self.smoothed == 0 {
            self.smoothed = net;
            self.variation = net / 2;
            return;
        }
        self.variation = mix(self.variation, self.smoothed.abs_diff(net), 4);
        self.smoothed = mix(self.smoothed, net, 8).max(1);
    }

    fn track_min(&mut self, now: Timestamp, net: u32) {
        let Some(start) = self.stretch_start else {
            self.stretch_start = Some(now);
            self.min_now = net;
            self.min_before = net;
            return;
        };
        let age = now.micros_since(start);
        if age < MIN_STRETCH_US {
            self.min_now = self.min_now.min(net);
            return;
        }
        self.min_before = if age < 2 * MIN_STRETCH_US { self.min_now } else { net };
        self.min_now = net;
        self.stretch_start = Some(now);
    }

    /// The latest sample, microseconds.
    pub fn latest_us(&self) -> Option<u32> {
        self.known(self.latest)
    }

    /// The smallest sample of the last 5 to 10 seconds before the latest one, microseconds.
    pub fn min_us(&self) -> Option<u32> {
        self.known(self.min_now.min(self.min_before))
    }

    /// The smoothed round trip, microseconds (new samples weigh one eighth).
    pub fn smoothed_us(&self) -> Option<u32> {
        self.known(self.smoothed)
    }

    /// The smoothed deviation from the smoothed round trip, microseconds (new samples weigh one quarter).
    pub fn variation_us(&self) -> Option<u32> {
        self.known(self.variation)
    }

    fn known(&self, value: u32) -> Option<u32> {
        (self.smoothed != 0).then_some(value)
    }

    /// How long a packet may be overtaken by acked ones before it counts as lost: 9/8 of the larger of smoothed and
    /// latest, at least 1 ms (RFC 9002 section 6.1.2).
    pub fn loss_delay(&self) -> Option<Duration> {
        let base = self.smoothed_us()?.max(self.latest);
        Some(micros((base + base / 8).max(GRANULARITY_US)))
    }

    /// How long to wait for any ack: smoothed + 4 × variation (at least 1 ms) + `ack_delay`, the longest the peer is
    /// expected to hold an ack (RFC 9002 section 6.2.1).
    pub fn probe_timeout(&self, ack_delay: Duration) -> Option<Duration> {
        let spread = self.variation.saturating_mul(4).max(GRANULARITY_US);
        Some(micros(self.smoothed_us()?.saturating_add(spread)).saturating_add(ack_delay))
    }
}

/// `old` moved towards `new` by one part in `parts`, in 64 bits.
fn mix(old: u32, new: u32, parts: u64) -> u32 {
    let mixed = (u64::from(old) * (parts - 1) + u64::from(new)) / parts;
    u32::try_from(mixed).unwrap_or(u32::MAX)
}

fn micros(us: u32) -> Duration {
    Duration::from_micros(u64::from(us))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(us: u64) -> Timestamp {
        Timestamp::from_micros(1_000 + us)
    }

    #[test]
    fn unknown_before_the_first_sample() {
        let rtt = Rtt::new();
        assert_eq!(rtt.latest_us(), None);
        assert_eq!(rtt.min_us(), None);
        assert_eq!(rtt.smoothed_us(), None);
        assert_eq!(rtt.variation_us(), None);
        assert_eq!(rtt.loss_delay(), None);
        assert_eq!(rtt.probe_timeout(Duration::ZERO), None);
    }

    #[test]
    fn first_and_second_sample() {
        let mut rtt = Rtt::new();
        rtt.on_sample(at(0), 40_000, 0);
        assert_eq!((rtt.smoothed_us(), rtt.variation_us()), (Some(40_000), Some(20_000)));
        rtt.on_sample(at(1), 80_000, 0);
        assert_eq!(rtt.smoothed_us(), Some(45_000)); // 7/8 · 40 + 1/8 · 80
        assert_eq!(rtt.variation_us(), Some(25_000)); // 3/4 · 20 + 1/4 · 40
        assert_eq!((rtt.latest_us(), rtt.min_us()), (Some(80_000), Some(40_000)));
        assert_eq!(rtt.loss_delay(), Some(Duration::from_micros(90_000)));
        assert_eq!(rtt.probe_timeout(Duration::from_millis(50)), Some(Duration::from_micros(195_000)));
    }

    #[test]
    fn the_peers_delay_is_subtracted() {
        let mut rtt = Rtt::new();
        for i in 0..50 {
            rtt.on_sample(at(i), 60_000, 50_000);
        }
        assert_eq!((rtt.min_us(), rtt.smoothed_us()), (Some(10_000), Some(10_000)));
        rtt.on_sample(at(50), 10_000, u64::MAX); // a lie cannot go below 1 µs
        assert_eq!(rtt.min_us(), Some(1));
    }

    #[test]
    fn the_minimum_forgets() {
        let mut rtt = Rtt::new();
        rtt.on_sample(at(0), 10_000, 0);
        rtt.on_sample(at(4_999_999), 30_000, 0);
        assert_eq!(rtt.min_us(), Some(10_000));
        rtt.on_sample(at(5_000_000), 30_000, 0);
        assert_eq!(rtt.min_us(), Some(10_000));
        rtt.on_sample(at(9_999_999), 30_000, 0);
        assert_eq!(rtt.min_us(), Some(10_000));
        rtt.on_sample(at(10_000_000), 30_000, 0);
        assert_eq!(rtt.min_us(), Some(30_000));
        rtt.on_sample(at(20_000_000), 50_000, 0); // after a pause nothing old counts
        assert_eq!(rtt.min_us(), Some(50_000));
    }

    #[test]
    fn extremes_do_not_overflow() {
        let mut rtt = Rtt::new();
        for (i, us) in [0, u64::MAX, 0, u64::MAX, 1].into_iter().enumerate() {
            rtt.on_sample(at(i as u64), us, 0);
            assert!(rtt.smoothed_us().unwrap() <= SAMPLE_MAX_US);
            assert!(rtt.loss_delay().unwrap() >= Duration::from_millis(1));
            assert!(rtt.probe_timeout(Duration::MAX).is_some());
        }
        assert_eq!(rtt.min_us(), Some(1));
    }
}
