//! A token bucket in integers: the same result on every machine and for every seed.

use gamesockets_wire::time::Timestamp;

/// One byte in the bucket's unit.
const UNIT: i64 = 1_000_000;
/// What may be sent at once after silence, bytes (protocol.md §3.12): one full packet.
const BURST_BYTES: i64 = 1248;
/// At most this much sleep is credited when data was waiting: longer stalls are not made up for.
const LATE_CREDIT_US: u64 = 20_000;
/// Wake-ups are rounded up to this, microseconds: sleeping shorter than the poller can costs more than it evens out.
const GRANULARITY_US: u64 = 1_000;

/// Decides when the next packet may go.
#[derive(Debug, Clone)]
pub struct Pacer {
    /// Balance in bytes × 10⁶; negative after a packet that was larger than what was left.
    tokens: i64,
    filled_at: Timestamp,
    /// Whether data was waiting at the last look: time slept since then is credit, not burst.
    waiting: bool,
}

impl Pacer {
    /// A bucket that is full at `now`.
    pub const fn new(now: Timestamp) -> Self {
        Self { tokens: BURST_BYTES * UNIT, filled_at: now, waiting: false }
    }

    /// Adds what `rate` (bytes per second) gives since the last call.
    pub fn refill(&mut self, now: Timestamp, rate: u64) {
        let slept = now.micros_since(self.filled_at).min(1_000_000);
        self.filled_at = self.filled_at.max(now);
        let gained = i64::try_from(rate.saturating_mul(slept)).unwrap_or(i64::MAX);
        self.tokens = self.tokens.saturating_add(gained);
        let burst = BURST_BYTES * UNIT;
        let cap = if self.waiting {
            let late = rate.saturating_mul(LATE_CREDIT_US);
            i64::try_from(late).unwrap_or(i64::MAX).max(burst)
        } else {
            burst
        };
        self.tokens = self.tokens.min(cap);
    }

    /// Whether a packet may go now.
    pub const fn may_send(&self) -> bool {
        self.tokens >= 0
    }

    /// Takes a packet's bytes; the balance may become negative.
    pub const fn spend(&mut self, bytes: usize) {
        self.tokens = self.tokens.saturating_sub((bytes as i64).saturating_mul(UNIT));
    }

    /// Notes whether data is left waiting at the end of a turn.
    pub const fn set_waiting(&mut self, waiting: bool) {
        self.waiting = waiting;
    }

    /// When the balance is no longer negative at `rate`.
    pub fn ready_at(&self, rate: u64) -> Timestamp {
        if self.tokens >= 0 {
            return self.filled_at;
        }
        let wait = self.tokens.unsigned_abs().div_ceil(rate.max(1));
        self.filled_at.plus_micros(wait.max(GRANULARITY_US))
    }

    /// The balance, bytes, rounded towards zero.
    pub const fn balance(&self) -> i64 {
        self.tokens / UNIT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(us: u64) -> Timestamp {
        Timestamp::from_micros(us)
    }

    #[test]
    fn keeps_the_rate_over_time_with_late_wakeups() {
        let (rate, mut sent, mut now) = (1_000_000u64, 0u64, 1u64);
        let mut p = Pacer::new(at(now));
        while now < 1_000_001 {
            p.refill(at(now), rate);
            while p.may_send() {
                p.spend(1255);
                sent += 1255;
            }
            p.set_waiting(true);
            // Wakes up to 3 ms late, always at other moments.
            now = p.ready_at(rate).as_micros() + (now * 7919) % 3000;
        }
        assert!((990_000..=1_010_000).contains(&sent), "{sent} bytes in a second at 1 MB/s");
    }

    #[test]
    fn silence_gives_one_packet_not_a_burst() {
        let mut p = Pacer::new(at(1));
        p.spend(1255);
        p.set_waiting(false);
        p.refill(at(900_000), 10_000_000);
        assert_eq!(p.balance(), 1248);
    }
}
