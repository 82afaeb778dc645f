//! Counting samples by size: the buckets that travel on the wire, and finer bins for percentiles.

use alloc::boxed::Box;

/// Ping samples by milliseconds: up to 25, 50, 75, 100, 125, 150, 200, 300, more (protocol.md §3.16, fields 41–49).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PingCounts(pub [u32; 9]);

/// Quality intervals by percent: 100, from 99, 97, 95, 90, 75, 50, 1, dead (protocol.md §3.16, fields 21–29).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QualityCounts(pub [u32; 9]);

/// Jitter samples by milliseconds: below 1, 2, 5, 10, 20, the rest (protocol.md §3.16, fields 61–66).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JitterCounts(pub [u32; 6]);

/// Inclusive upper edges, milliseconds; what is above the last goes to the ninth bucket.
const PING_EDGES_MS: [u16; 8] = [25, 50, 75, 100, 125, 150, 200, 300];
/// Inclusive lower edges, percent; what is below the last is dead.
const QUALITY_EDGES_PCT: [u8; 8] = [100, 99, 97, 95, 90, 75, 50, 1];
/// Exclusive upper edges, microseconds; what is above the last goes to the sixth bucket.
const JITTER_EDGES_US: [u32; 5] = [1_000, 2_000, 5_000, 10_000, 20_000];

fn bump(counts: &mut [u32], bucket: usize) {
    if let Some(count) = counts.get_mut(bucket) {
        *count = count.saturating_add(1);
    }
}

fn total(counts: &[u32]) -> u64 {
    counts.iter().map(|&count| u64::from(count)).sum()
}

impl PingCounts {
    /// Counts one sample of `ms` milliseconds.
    pub fn add(&mut self, ms: u16) {
        bump(&mut self.0, PING_EDGES_MS.partition_point(|&edge| edge < ms));
    }

    /// All samples.
    pub fn total(&self) -> u64 {
        total(&self.0)
    }
}

impl QualityCounts {
    /// Counts one interval of `percent`; 0 means that the peer was silent although it was asked.
    pub fn add(&mut self, percent: u8) {
        bump(&mut self.0, QUALITY_EDGES_PCT.partition_point(|&edge| edge > percent));
    }

    /// All intervals.
    pub fn total(&self) -> u64 {
        total(&self.0)
    }
}

impl JitterCounts {
    /// Counts one deviation of `us` microseconds.
    pub fn add(&mut self, us: u32) {
        bump(&mut self.0, JITTER_EDGES_US.partition_point(|&edge| edge <= us));
    }

    /// All samples.
    pub fn total(&self) -> u64 {
        total(&self.0)
    }
}

/// Samples by bin, for percentiles over a whole lifetime in fixed memory.
///
/// A bin that would overflow halves all bins: proportions stay, and newer samples slowly outweigh old ones. The
/// reference keeps a random selection of samples instead, which would need entropy here.
#[derive(Clone, Debug)]
pub(super) struct Distribution<const N: usize> {
    bins: [u16; N],
}

impl<const N: usize> Distribution<N> {
    pub(super) const fn new() -> Self {
        Self { bins: [0; N] }
    }

    /// Counts one sample in `bin`; the last bin takes what lies beyond.
    pub(super) fn add(&mut self, bin: usize) {
        let bin = bin.min(N.saturating_sub(1));
        if self.bins.get(bin).is_some_and(|&count| count == u16::MAX) {
            for count in &mut self.bins {
                *count /= 2;
            }
        }
        if let Some(count) = self.bins.get_mut(bin) {
            *count += 1;
        }
    }

    /// The lowest bin at or below which `percent` of the samples lie; `None` with fewer than `least` samples.
    pub(super) fn percentile(&self, percent: u32, least: u32) -> Option<usize> {
        let total: u32 = self.bins.iter().map(|&count| u32::from(count)).sum();
        if total < least.max(1) {
            return None;
        }
        let wanted = (u64::from(total) * u64::from(percent)).div_ceil(100).max(1);
        let mut seen = 0u64;
        self.bins.iter().position(|&count| {
            seen += u64::from(count);
            seen >= wanted
        })
    }
}

/// Percentiles need this many samples to mean something: 2 for the median, 4 for quarters, 20 for 5 %, 50 for 2 %.
pub(super) const fn samples_needed(percent: u32) -> u32 {
    let tail = if percent > 50 { 100 - percent } else { percent };
    match tail {
        0..=4 => 50,
        5..=24 => 20,
        25..=49 => 4,
        _ => 2,
    }
}

/// One bin per percent, 0 to 100.
pub(super) const QUALITY_BINS: usize = 101;
/// Below 32 ms one bin each, above that 16 bins per doubling, up to 2047 ms: an error of at most one in sixteen.
pub(super) const PING_BINS: usize = 128;

const EXACT_MS: u16 = 32;
const BINS_PER_DOUBLING_LOG2: u32 = 4;

/// The bin of a ping.
pub(super) const fn ping_bin(ms: u16) -> usize {
    if ms < EXACT_MS {
        return ms as usize;
    }
    // Keep the leading bit and the four bits after it.
    let shift = ms.ilog2() - BINS_PER_DOUBLING_LOG2;
    ((shift as usize) << BINS_PER_DOUBLING_LOG2) + (ms >> shift) as usize
}

/// The largest ping that falls into `bin`, milliseconds.
pub(super) const fn ping_bin_top(bin: usize) -> u16 {
    let bin = if bin < PING_BINS { bin as u16 } else { PING_BINS as u16 - 1 };
    if bin < EXACT_MS {
        return bin;
    }
    let shift = (bin >> BINS_PER_DOUBLING_LOG2) - 1;
    let leading = bin - (shift << BINS_PER_DOUBLING_LOG2);
    ((leading + 1) << shift) - 1
}

/// What a link collects once it carries traffic.
#[derive(Clone, Debug)]
pub(super) struct LinkHistograms {
    pub(super) quality: QualityCounts,
    pub(super) quality_bins: Distribution<QUALITY_BINS>,
    pub(super) jitter: JitterCounts,
}

impl LinkHistograms {
    pub(super) fn boxed() -> Box<Self> {
        Box::new(Self {
            quality: QualityCounts::default(),
            quality_bins: Distribution::new(),
            jitter: JitterCounts::default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket_of(counts: &[u32]) -> usize {
        counts.iter().position(|&count| count == 1).unwrap()
    }

    #[test]
    fn ping_buckets_have_inclusive_upper_edges() {
        let table = [
            (0, 0),
            (25, 0),
            (26, 1),
            (50, 1),
            (51, 2),
            (75, 2),
            (76, 3),
            (100, 3),
            (101, 4),
            (125, 4),
            (126, 5),
            (150, 5),
            (151, 6),
            (200, 6),
            (201, 7),
            (300, 7),
            (301, 8),
            (2000, 8),
            (u16::MAX, 8),
        ];
        for (ms, bucket) in table {
            let mut counts = PingCounts::default();
            counts.add(ms);
            assert_eq!(bucket_of(&counts.0), bucket, "{ms} ms");
            assert_eq!(counts.total(), 1);
        }
    }

    #[test]
    fn quality_buckets_have_inclusive_lower_edges() {
        let table = [
            (100, 0),
            (99, 1),
            (98, 2),
            (97, 2),
            (96, 3),
            (95, 3),
            (94, 4),
            (90, 4),
            (89, 5),
            (75, 5),
            (74, 6),
            (50, 6),
            (49, 7),
            (1, 7),
            (0, 8),
        ];
        for (percent, bucket) in table {
            let mut counts = QualityCounts::default();
            counts.add(percent);
            assert_eq!(bucket_of(&counts.0), bucket, "{percent} %");
        }
    }

    #[test]
    fn jitter_buckets_have_exclusive_upper_edges() {
        let table = [
            (0, 0),
            (999, 0),
            (1_000, 1),
            (1_999, 1),
            (2_000, 2),
            (4_999, 2),
            (5_000, 3),
            (9_999, 3),
            (10_000, 4),
            (19_999, 4),
            (20_000, 5),
            (u32::MAX, 5),
        ];
        for (us, bucket) in table {
            let mut counts = JitterCounts::default();
            counts.add(us);
            assert_eq!(bucket_of(&counts.0), bucket, "{us} µs");
        }
    }

    #[test]
    fn counts_saturate() {
        let mut counts = PingCounts([u32::MAX; 9]);
        counts.add(10);
        assert_eq!(counts.0[0], u32::MAX);
        assert_eq!(counts.total(), 9 * u64::from(u32::MAX));
    }

    #[test]
    fn bins_are_contiguous_and_tops_belong_to_them() {
        let mut last = 0;
        for ms in 0..=2047 {
            let bin = ping_bin(ms);
            assert!(bin == last || bin == last + 1, "{ms} ms in {bin} after {last}");
            assert!(ping_bin_top(bin) >= ms, "{ms}");
            assert!(u32::from(ping_bin_top(bin) - ms) * 16 <= u32::from(ms).max(1), "{ms}");
            last = bin;
        }
        assert_eq!(last, PING_BINS - 1);
        for bin in 0..PING_BINS {
            assert_eq!(ping_bin(ping_bin_top(bin)), bin);
        }
        assert_eq!(ping_bin_top(usize::MAX), 2047);
    }

    #[test]
    fn percentiles_by_nearest_rank() {
        let mut d = Distribution::<QUALITY_BINS>::new();
        assert_eq!(d.percentile(50, 2), None);
        d.add(80);
        assert_eq!(d.percentile(50, 2), None);
        d.add(100);
        assert_eq!(d.percentile(50, 2), Some(80));
        for _ in 0..98 {
            d.add(100);
        }
        assert_eq!(d.percentile(1, 50), Some(80));
        assert_eq!(d.percentile(2, 50), Some(100));
        assert_eq!(d.percentile(50, 2), Some(100));
        assert_eq!(d.percentile(0, 1), Some(80));
        assert_eq!(d.percentile(100, 1), Some(100));
    }

    #[test]
    fn full_bins_halve_and_keep_proportions() {
        let mut d = Distribution::<4>::new();
        for _ in 0..20_000 {
            d.add(0);
        }
        for _ in 0..70_000 {
            d.add(9); // beyond the end: last bin
        }
        assert_eq!(d.bins, [10_000, 0, 0, 37_232]);
        assert_eq!(d.percentile(5, 1), Some(0));
        assert_eq!(d.percentile(50, 1), Some(3));
    }

    #[test]
    fn least_samples_per_percentile() {
        let table = [(2, 50), (5, 20), (25, 4), (50, 2), (75, 4), (95, 20), (98, 50)];
        for (percent, least) in table {
            assert_eq!(samples_needed(percent), least, "{percent} %");
        }
    }
}
