//! Packets and bytes in one direction: totals, five-second intervals, and a smoothed rate.

use super::SECOND_US;
use gamesockets_wire::time::Timestamp;

/// Seconds in one quality interval (protocol.md §3.16).
pub(super) const INTERVAL_SECONDS: u8 = 5;
/// After so many seconds without events the running and the completed interval are both empty, and the rest of a pause
/// needs no stepping: one second with counts, up to four to the end of its interval, five of an empty interval.
pub(super) const SECONDS_STEPPED: u64 = 2 * INTERVAL_SECONDS as u64;
/// A new second weighs 1/4 in the smoothed rate: it follows a change in some four seconds. The first seconds weigh
/// 1, 1/2, 1/3, so that the rate of a young connection is their plain mean.
const SMOOTHING: u8 = 4;
/// After so many empty seconds even the largest rate has decayed to zero.
const DECAY_SECONDS: u64 = 80;
/// Smoothed packet rates keep eight bits below the point; connections of a few packets per second are common.
const PACKET_SCALE: u32 = 256;

/// Divides time into seconds and these into intervals; advanced by whoever comes next, however late.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    second_start: Timestamp,
    /// Number of the running second within its interval.
    second: u8,
    /// Completed seconds, up to [`SMOOTHING`].
    completed: u8,
}

impl Clock {
    pub(super) fn new(now: Timestamp) -> Self {
        Self { second_start: now, second: 0, completed: 0 }
    }

    /// Whole seconds that ended since the last call.
    pub(super) fn take_elapsed(&mut self, now: Timestamp) -> u64 {
        let elapsed = now.micros_since(self.second_start);
        if elapsed < SECOND_US {
            return 0;
        }
        let seconds = elapsed / SECOND_US;
        self.second_start = self.second_start.plus_micros(seconds * SECOND_US);
        seconds
    }

    /// Ends one second. Returns its weight in smoothed rates (one part in …) and whether an interval ended with it.
    pub(super) fn end_second(&mut self) -> (u8, bool) {
        self.completed = (self.completed + 1).min(SMOOTHING);
        self.second += 1;
        let interval_ended = self.second >= INTERVAL_SECONDS;
        if interval_ended {
            self.second = 0;
        }
        (self.completed, interval_ended)
    }

    /// Ends `seconds` in which nothing happened and which follow at least [`SECONDS_STEPPED`] such seconds.
    pub(super) fn skip(&mut self, seconds: u64) {
        let phase =
            (u64::from(self.second) + seconds % u64::from(INTERVAL_SECONDS)) % u64::from(INTERVAL_SECONDS);
        self.second = u8::try_from(phase).unwrap_or(0);
    }

    /// Whether a full second has passed since the start.
    pub(super) fn has_history(&self) -> bool {
        self.completed > 0
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    packets: u32,
    bytes: u32,
}

/// One direction of a connection. All counts saturate.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Flow {
    packets: u64,
    bytes: u64,
    second: Count,
    /// The completed seconds of the running interval.
    interval: Count,
    completed: Count,
    /// Packets per second times [`PACKET_SCALE`], bytes per second.
    smooth: Count,
}

impl Flow {
    pub(super) fn add(&mut self, bytes: usize) {
        self.packets = self.packets.saturating_add(1);
        self.bytes = self.bytes.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        self.second.packets = self.second.packets.saturating_add(1);
        self.second.bytes = self.second.bytes.saturating_add(u32::try_from(bytes).unwrap_or(u32::MAX));
    }

    pub(super) fn end_second(&mut self, weight: u8) {
        let now = self.second;
        self.smooth.packets = mix(self.smooth.packets, now.packets.saturating_mul(PACKET_SCALE), weight);
        self.smooth.bytes = mix(self.smooth.bytes, now.bytes, weight);
        self.interval.packets = self.interval.packets.saturating_add(now.packets);
        self.interval.bytes = self.interval.bytes.saturating_add(now.bytes);
        self.second = Count::default();
    }

    pub(super) fn end_interval(&mut self) {
        self.completed = self.interval;
        self.interval = Count::default();
    }

    /// `seconds` without packets passed, after the running and the completed interval were already empty.
    pub(super) fn skip(&mut self, seconds: u64) {
        for _ in 0..seconds.min(DECAY_SECONDS) {
            self.smooth.packets = mix(self.smooth.packets, 0, SMOOTHING);
            self.smooth.bytes = mix(self.smooth.bytes, 0, SMOOTHING);
        }
    }

    pub(super) fn packets(&self) -> u64 {
        self.packets
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Packets in the completed seconds of the running interval.
    pub(super) fn interval_packets(&self) -> u32 {
        self.interval.packets
    }

    /// Ten times the packets per second of the last completed interval.
    pub(super) fn packets_x10(&self) -> u32 {
        self.completed.packets.saturating_mul(10) / u32::from(INTERVAL_SECONDS)
    }

    /// Bytes per second of the last completed interval.
    pub(super) fn bytes_per_sec(&self) -> u32 {
        self.completed.bytes / u32::from(INTERVAL_SECONDS)
    }

    /// Smoothed packets and bytes per second; in the first second of a connection what has passed so far.
    pub(super) fn smoothed(&self, clock: &Clock) -> (f32, f32) {
        if !clock.has_history() {
            return (self.second.packets as f32, self.second.bytes as f32);
        }
        (self.smooth.packets as f32 / PACKET_SCALE as f32, self.smooth.bytes as f32)
    }
}

/// `old` moved towards `new` by one part in `parts`.
fn mix(old: u32, new: u32, parts: u8) -> u32 {
    let parts = u64::from(parts.max(1));
    let mixed = (u64::from(old) * (parts - 1) + u64::from(new)) / parts;
    u32::try_from(mixed).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_saturate() {
        let mut flow = Flow { packets: u64::MAX, bytes: u64::MAX - 1, ..Flow::default() };
        flow.second = Count { packets: u32::MAX, bytes: u32::MAX - 5 };
        flow.interval = flow.second;
        flow.add(1_000);
        assert_eq!((flow.packets, flow.bytes), (u64::MAX, u64::MAX));
        flow.end_second(1);
        flow.end_interval();
        assert_eq!((flow.completed.packets, flow.completed.bytes), (u32::MAX, u32::MAX));
        assert_eq!(flow.packets_x10(), u32::MAX / 5);
    }

    #[test]
    fn the_largest_rate_decays_to_zero() {
        let mut flow = Flow { smooth: Count { packets: u32::MAX, bytes: u32::MAX }, ..Flow::default() };
        flow.skip(u64::MAX);
        assert_eq!((flow.smooth.packets, flow.smooth.bytes), (0, 0));
    }

    #[test]
    fn skipping_keeps_the_phase() {
        let mut stepped = Clock::new(Timestamp::from_micros(1));
        let mut skipped = stepped;
        for n in [1u64, 4, 5, 7, 1_000_003] {
            for _ in 0..n % 50 {
                stepped.end_second();
            }
            skipped.skip(n % 50);
            assert_eq!(stepped.second, skipped.second);
        }
        skipped.skip(u64::MAX); // no overflow
    }
}
