//! Ping in milliseconds, as statistics and time-outs use it.

use super::histogram::{Distribution, PING_BINS, PingCounts, ping_bin, ping_bin_top, samples_needed};
use super::report::PingNtiles;
use alloc::boxed::Box;
use core::time::Duration;
use gamesockets_wire::time::Timestamp;

/// Largest believable ping, milliseconds (protocol.md §3.15).
const SAMPLE_MAX_MS: i64 = 2_000;
/// A clock tick between two readings can make a sample this negative; below it the sample is nonsense.
const SAMPLE_MIN_MS: i64 = -1;
/// Three samples are looked at; a fourth within this time of the newest only improves it.
const SPACING_US: u32 = 100_000;
const RECENT: usize = 3;

/// Retransmission time-out while no ping is known.
const RTO_UNKNOWN: Duration = Duration::from_secs(1);
/// Longest time an ack may be held back (50 ms) and slop (10 ms).
const RTO_EXTRA_MS: u64 = 60;
const RTO_PINGS: u64 = 3;

const CONSERVATIVE_MAX_MS: u64 = 1_250;
const CONSERVATIVE_EXTRA_MS: u64 = 250;
const CONSERVATIVE_PINGS: u64 = 2;

/// Samples at most this far apart mean traffic rather than keep-alives: only then the distribution is allocated.
const TRAFFIC_SPACING: Duration = Duration::from_secs(2);

/// The three most recent pings and what follows from them (protocol.md §3.15).
#[derive(Clone, Debug, Default)]
pub struct PingTracker {
    /// Newest first.
    recent: [u16; RECENT],
    known: u8,
    /// How long before `last_at` the newest of `recent` was opened, microseconds.
    newest_open_us: u32,
    last_at: Option<Timestamp>,
    counts: PingCounts,
    distribution: Option<Box<Distribution<PING_BINS>>>,
}

impl PingTracker {
    /// Knows nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a round trip of `ms` milliseconds, the peer's own delay already subtracted. −1 counts as 0; what is
    /// below −1 or above 2000 is not believed, changes nothing and returns `false`.
    pub fn on_sample(&mut self, now: Timestamp, ms: i64) -> bool {
        if !(SAMPLE_MIN_MS..=SAMPLE_MAX_MS).contains(&ms) {
            return false;
        }
        let ms = u16::try_from(ms).unwrap_or(0);
        self.keep_distribution(now, ms);
        let waited = self.last_at.map_or(0, |last| u32::try_from(now.micros_since(last)).unwrap_or(u32::MAX));
        let open_us = self.newest_open_us.saturating_add(waited);
        self.last_at = Some(now);
        let full = usize::from(self.known) == RECENT;
        let [newest, middle, oldest] = &mut self.recent;
        if full && open_us < SPACING_US {
            *newest = (*newest).min(ms);
            self.newest_open_us = open_us;
        } else {
            // The first three are taken however fast they come, so that an estimate exists early.
            *oldest = *middle;
            *middle = *newest;
            *newest = ms;
            self.known = (self.known + 1).min(RECENT as u8);
            self.newest_open_us = 0;
        }
        true
    }

    fn keep_distribution(&mut self, now: Timestamp, ms: u16) {
        self.counts.add(ms);
        let traffic = usize::from(self.known) == RECENT
            && self.last_at.is_some_and(|last| now.saturating_since(last) <= TRAFFIC_SPACING);
        if traffic && self.distribution.is_none() {
            self.distribution = Some(Box::new(Distribution::new()));
        }
        if let Some(distribution) = &mut self.distribution {
            distribution.add(ping_bin(ms));
        }
    }

    fn known(&self) -> &[u16] {
        self.recent.get(..usize::from(self.known)).unwrap_or(&self.recent)
    }

    /// The ping to show and to reckon with, milliseconds: one sample as it is, of two the smaller, of three the mean
    /// of the two smallest.
    pub fn smoothed_ms(&self) -> Option<u32> {
        let sum: u32 = self.known().iter().map(|&ms| u32::from(ms)).sum();
        let worst = self.worst_ms()?;
        Some(match self.known {
            1 => worst,
            2 => sum - worst,
            _ => (sum - worst) / 2,
        })
    }

    /// The largest of the recent samples, milliseconds.
    pub fn worst_ms(&self) -> Option<u32> {
        self.known().iter().max().map(|&ms| u32::from(ms))
    }

    /// After how long without an ack a packet counts as lost: 3 × smoothed + 60 ms; 1 s without samples
    /// (protocol.md §3.10).
    pub fn rto(&self) -> Duration {
        self.smoothed_ms()
            .map_or(RTO_UNKNOWN, |ms| Duration::from_millis(RTO_PINGS * u64::from(ms) + RTO_EXTRA_MS))
    }

    /// How long an immediate reply may take before its absence is noted: 2 × worst + 250 ms, at most 1.25 s, which
    /// is also the answer without samples. [`Liveness`](super::Liveness) adds what a delayed reply may take longer.
    pub fn conservative_timeout(&self) -> Duration {
        let ms = self.worst_ms().map_or(CONSERVATIVE_MAX_MS, |worst| {
            (CONSERVATIVE_PINGS * u64::from(worst) + CONSERVATIVE_EXTRA_MS).min(CONSERVATIVE_MAX_MS)
        });
        Duration::from_millis(ms)
    }

    /// When the latest believable sample came.
    pub fn last_sample_at(&self) -> Option<Timestamp> {
        self.last_at
    }

    /// All believable samples by size.
    pub fn counts(&self) -> &PingCounts {
        &self.counts
    }

    /// Percentiles over the connection's life, from the first stretch of traffic on; rounded up by at most one in
    /// sixteen above 32 ms.
    pub fn ntiles(&self) -> PingNtiles {
        let at = |percent| {
            let bin = self.distribution.as_ref()?.percentile(percent, samples_needed(percent))?;
            Some(ping_bin_top(bin))
        };
        PingNtiles { p5: at(5), p50: at(50), p75: at(75), p95: at(95), p98: at(98) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_micros(1_000_000 + ms * 1_000)
    }

    fn fed(samples: &[(u64, i64)]) -> PingTracker {
        let mut ping = PingTracker::new();
        for &(time, ms) in samples {
            assert!(ping.on_sample(at(time), ms));
        }
        ping
    }

    #[test]
    fn smoothing_table() {
        // (samples as (time, ms), smoothed, worst)
        type Row<'a> = (&'a [(u64, i64)], Option<u32>, Option<u32>);
        let table: &[Row<'_>] = &[
            (&[], None, None),
            (&[(0, 40)], Some(40), Some(40)),
            (&[(0, 40), (100, 30)], Some(30), Some(40)),
            (&[(0, 30), (100, 40)], Some(30), Some(40)),
            (&[(0, 40), (100, 30), (200, 90)], Some(35), Some(90)),
            (&[(0, 40), (100, 31), (200, 90)], Some(35), Some(90)), // 35.5 rounds down
            (&[(0, 90), (100, 40), (200, 30), (300, 50)], Some(35), Some(50)), // the oldest fell out
            // The first three come in however close; after that, within 100 ms, the newest keeps the minimum.
            (&[(0, 40), (1, 50), (2, 60)], Some(45), Some(60)),
            (&[(0, 40), (1, 50), (2, 60), (101, 70)], Some(45), Some(60)),
            (&[(0, 40), (1, 50), (2, 60), (101, 20)], Some(30), Some(50)),
            (&[(0, 40), (1, 50), (2, 60), (102, 70)], Some(55), Some(70)),
            (&[(0, 0), (1, -1), (2, 2000)], Some(0), Some(2000)),
        ];
        for (samples, smoothed, worst) in table {
            let ping = fed(samples);
            assert_eq!(ping.smoothed_ms(), *smoothed, "{samples:?}");
            assert_eq!(ping.worst_ms(), *worst, "{samples:?}");
        }
    }

    #[test]
    fn spacing_counts_from_the_sample_that_opened_the_slot() {
        // A sample every 60 ms: every second one opens a slot, however dense the stream.
        let mut ping = fed(&[(0, 50), (100, 50), (200, 50)]);
        for i in 1..=10 {
            ping.on_sample(at(200 + 60 * i), 50 + i as i64);
        }
        // Slots opened at 320, 440, 560, 680, 800 by the samples 52, 54, 56, 58, 60.
        assert_eq!(ping.recent, [60, 58, 56]);
    }

    #[test]
    fn sanity_limits() {
        for (ms, believed) in
            [(-2, false), (-1, true), (0, true), (2_000, true), (2_001, false), (i64::MIN, false)]
        {
            let mut ping = PingTracker::new();
            assert_eq!(ping.on_sample(at(0), ms), believed, "{ms}");
            assert_eq!(ping.smoothed_ms().is_some(), believed, "{ms}");
            assert_eq!(ping.last_sample_at().is_some(), believed, "{ms}");
            assert_eq!(ping.counts().total(), u64::from(believed), "{ms}");
        }
        assert_eq!(fed(&[(0, -1)]).smoothed_ms(), Some(0));
    }

    #[test]
    fn retransmission_timeout() {
        assert_eq!(PingTracker::new().rto(), Duration::from_secs(1));
        assert_eq!(fed(&[(0, 3)]).rto(), Duration::from_millis(69));
        assert_eq!(fed(&[(0, 2000)]).rto(), Duration::from_millis(6060));
    }

    #[test]
    fn conservative_timeout_follows_the_worst_sample() {
        assert_eq!(PingTracker::new().conservative_timeout(), Duration::from_millis(1250));
        assert_eq!(fed(&[(0, 0)]).conservative_timeout(), Duration::from_millis(250));
        assert_eq!(fed(&[(0, 10), (100, 100), (200, 20)]).conservative_timeout(), Duration::from_millis(450));
        assert_eq!(fed(&[(0, 500)]).conservative_timeout(), Duration::from_millis(1250));
        assert_eq!(fed(&[(0, 501)]).conservative_timeout(), Duration::from_millis(1250));
    }

    #[test]
    fn keep_alives_allocate_nothing() {
        let mut ping = PingTracker::new();
        for i in 0..1_000 {
            ping.on_sample(at(i * 10_000), 30);
        }
        assert!(ping.distribution.is_none());
        assert_eq!(ping.counts().0[1], 1_000);
        assert_eq!(ping.ntiles(), PingNtiles::default());
    }

    #[test]
    fn percentiles_appear_with_traffic() {
        let mut ping = PingTracker::new();
        for i in 0..3 {
            ping.on_sample(at(i), 500);
        }
        for i in 0..100 {
            ping.on_sample(at(1_000 + i * 100), (i % 20) as i64 + 1);
        }
        let ntiles = ping.ntiles();
        assert_eq!(
            ntiles,
            PingNtiles { p5: Some(1), p50: Some(10), p75: Some(15), p95: Some(19), p98: Some(20) }
        );
        assert_eq!(ping.counts().total(), 103);
    }

    #[test]
    fn percentiles_wait_for_enough_samples() {
        let mut ping = fed(&[(0, 9), (1, 9), (2, 9)]);
        let mut known = [0usize; 5];
        for n in 1..=60 {
            ping.on_sample(at(100 * n), 9);
            let t = ping.ntiles();
            for (first, value) in known.iter_mut().zip([t.p5, t.p50, t.p75, t.p95, t.p98]) {
                if value.is_some() && *first == 0 {
                    *first = n as usize;
                }
            }
        }
        assert_eq!(known, [20, 2, 4, 20, 50]);
    }
}
