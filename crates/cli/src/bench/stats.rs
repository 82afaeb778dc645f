//! Medians, percentiles, and rates inside a time window.

use std::time::{Duration, Instant};

/// Middle of the values; NaN if there are none.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let mid = sorted.len() / 2;
    match (sorted.len() % 2, mid.checked_sub(1).and_then(|i| sorted.get(i)), sorted.get(mid)) {
        (0, Some(a), Some(b)) => a.midpoint(*b),
        (1, _, Some(b)) => *b,
        _ => f64::NAN,
    }
}

/// Value below which `percent` (0 to 100) of the values lie; sorts them. NaN if there are none.
pub(crate) fn percentile(values: &mut [f64], percent: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1) as f64;
    let index = (last * percent / 100.0).round() as usize;
    values.get(index).copied().unwrap_or(f64::NAN)
}

/// Counts what arrives in a span of time that begins `warmup` after the first arrival.
pub(super) struct Window {
    warmup: Duration,
    span: Duration,
    first: Option<Instant>,
    begin: Option<Mark>,
    end: Option<Mark>,
    now: Mark,
}

#[derive(Clone, Copy)]
struct Mark {
    at: Instant,
    messages: u64,
    bytes: u64,
}

/// Messages and bytes per second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rates {
    pub(super) messages: f64,
    pub(super) bytes: f64,
}

impl Window {
    pub(super) fn new(warmup: Duration, span: Duration) -> Self {
        let now = Mark { at: Instant::now(), messages: 0, bytes: 0 };
        Self { warmup, span, first: None, begin: None, end: None, now }
    }

    /// `messages` messages with together `bytes` bytes arrived at `at`.
    pub(super) fn add(&mut self, at: Instant, messages: u64, bytes: u64) {
        self.now = Mark { at, messages: self.now.messages + messages, bytes: self.now.bytes + bytes };
        let first = *self.first.get_or_insert(at);
        match (self.begin, self.end) {
            (None, _) if at - first >= self.warmup => self.begin = Some(self.now),
            (Some(begin), None) if at - begin.at >= self.span => self.end = Some(self.now),
            _ => {}
        }
    }

    /// All messages ever added.
    pub(super) const fn messages(&self) -> u64 {
        self.now.messages
    }

    /// All bytes ever added.
    pub(super) const fn bytes(&self) -> u64 {
        self.now.bytes
    }

    /// Rates in the span; if it was not filled, of what came after the warm-up, over the whole span.
    pub(super) fn rates(&self) -> Rates {
        let Some(begin) = self.begin else { return Rates { messages: 0.0, bytes: 0.0 } };
        let end = self.end.unwrap_or(self.now);
        let mut seconds = (end.at - begin.at).as_secs_f64();
        if self.end.is_none() {
            seconds = seconds.max(self.span.as_secs_f64());
        }
        Rates {
            messages: (end.messages - begin.messages) as f64 / seconds,
            bytes: (end.bytes - begin.bytes) as f64 / seconds,
        }
    }
}

/// CPU time this process used, seconds; NaN where the system does not tell.
pub(super) fn cpu_seconds() -> f64 {
    #[cfg(unix)]
    {
        let t = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        t.tv_sec as f64 + t.tv_nsec as f64 / 1e9
    }
    #[cfg(not(unix))]
    f64::NAN
}

/// A measurement counts as undisturbed when everything else took at most this share of one core.
pub(super) const QUIET: f64 = 0.15;

/// How much everything else on the machine does in a span of time.
pub(super) struct Noise {
    begin: Instant,
    busy: Option<f64>,
    own: f64,
}

impl Noise {
    pub(super) fn start() -> Self {
        Self { begin: Instant::now(), busy: machine_busy_seconds(), own: cpu_seconds() }
    }

    /// The share of one core that everything took but this process and `others` seconds of known ones; NaN where the
    /// system does not tell.
    pub(super) fn share(&self, others: f64) -> f64 {
        let (Some(before), Some(now)) = (self.busy, machine_busy_seconds()) else { return f64::NAN };
        let known = cpu_seconds() - self.own + others;
        ((now - before - known) / self.begin.elapsed().as_secs_f64()).max(0.0)
    }
}

/// Waits for a moment in which nothing else happens, but not for long.
pub(super) fn wait_quiet() {
    const LOOK: Duration = Duration::from_millis(100);
    const LOOKS: usize = 20;
    for _ in 0..LOOKS {
        let noise = Noise::start();
        std::thread::sleep(LOOK);
        let share = noise.share(0.0);
        if share.is_nan() || share <= QUIET {
            return;
        }
    }
}

/// Time that all processors were busy since the machine started, stolen time included.
fn machine_busy_seconds() -> Option<f64> {
    /// Units of the file.
    const TICKS_PER_SECOND: f64 = 100.0;
    let text = std::fs::read_to_string("/proc/stat").ok()?;
    let fields: Vec<f64> =
        text.lines().next()?.split_whitespace().skip(1).filter_map(|f| f.parse().ok()).collect();
    // user, nice, system, then idle and waiting for disks, irq, softirq, stolen
    let busy = [0, 1, 2, 5, 6, 7].iter().filter_map(|&i: &usize| fields.get(i)).sum::<f64>();
    Some(busy / TICKS_PER_SECOND)
}

/// Resident memory of this process in bytes; `None` where the system does not tell.
pub(super) fn resident_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|l| l.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn middles() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(median(&[7.0, f64::NAN]), 7.0);
        assert!(median(&[]).is_nan());
        let mut v: Vec<f64> = (0..=100).rev().map(f64::from).collect();
        assert_eq!(
            (percentile(&mut v, 50.0), percentile(&mut v, 99.0), percentile(&mut v, 100.0)),
            (50.0, 99.0, 100.0)
        );
        assert!(percentile(&mut [], 50.0).is_nan());
    }

    #[test]
    fn a_window_leaves_out_the_warm_up() {
        let t = Instant::now();
        let mut w = Window::new(Duration::from_secs(1), Duration::from_secs(2));
        for i in 0..50 {
            w.add(t + Duration::from_millis(100 * i), 1, 10);
        }
        assert_eq!((w.rates(), w.messages()), (Rates { messages: 10.0, bytes: 100.0 }, 50));
        let mut short = Window::new(Duration::ZERO, Duration::from_secs(2));
        short.add(t, 1, 1);
        short.add(t + Duration::from_secs(1), 4, 4);
        assert_eq!(short.rates().messages, 2.0);
    }
}
