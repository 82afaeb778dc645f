//! The one place where the machine's clocks and its entropy are read.

use gamesockets_wire::Timestamp;
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// What the clock shows when it is first read: 30 days, so that programs may subtract from it without fear.
const START_US: u64 = 30 * 24 * 3600 * 1_000_000;

/// Microseconds on a clock that all contexts of the process share, never goes backwards and starts at 30 days.
pub(crate) fn now() -> Timestamp {
    static START: OnceLock<Instant> = OnceLock::new();
    #[allow(clippy::disallowed_methods, reason = "the driver's clock")]
    let now = Instant::now();
    let since = now.saturating_duration_since(*START.get_or_init(|| now));
    let us = u64::try_from(since.as_micros()).unwrap_or(u64::MAX);
    Timestamp::from_micros(START_US.saturating_add(us))
}

/// Wall clock, seconds since 1970; 0 if the machine believes in an earlier time.
pub(crate) fn unix_now() -> u64 {
    #[allow(clippy::disallowed_methods, reason = "the driver's clock")]
    let now = SystemTime::now();
    now.duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs())
}

/// How long from `now` until `at`; zero if that has passed.
pub(crate) const fn until(now: Timestamp, at: Timestamp) -> Duration {
    at.saturating_since(now)
}

/// A seed from the operating system.
pub(crate) fn seed() -> Result<[u8; 32], std::io::Error> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|e| std::io::Error::other(e.to_string()))?;
    Ok(seed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_late_and_does_not_go_back() {
        let a = now();
        let b = now();
        assert!(a.as_micros() >= START_US && b >= a);
        assert!(unix_now() > 1_600_000_000);
        assert_ne!(seed().unwrap(), seed().unwrap());
    }
}
