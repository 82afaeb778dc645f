//! A rate set by hand may be far above what the path or the receiver takes. What is sent beyond that is lost, costs both
//! sides work, and has to go again. This limits the data in flight while that happens, and only then: loss below a
//! twelfth never does anything, and below a quarter only where a queue stands as well.

use crate::limits::DATAGRAM_BYTES_MAX;
use alloc::boxed::Box;
use gamesockets_wire::time::Timestamp;

/// The window never becomes smaller: up to 2.5 MB/s over a round trip of 100 ms it is not felt at all.
const WINDOW_MIN: u64 = 256 << 10;
/// A larger window limits nothing and is forgotten.
const WINDOW_MAX: u64 = 256 << 20;
/// This share of a round lost, one in so many: the path is overrun.
const HEAVY: u64 = 4;
/// The same where a queue stands.
const NOTABLE: u64 = 12;
/// A queue stands when the round trip is twice the shortest and this longer; also what may stay of it, microseconds.
const QUEUE_US: u64 = 4_000;
/// Rounds that saw less say nothing.
const ROUND_BYTES_MIN: u64 = 64 << 10;
/// The window grows by one in so many per round without a queue, and with one.
const GROWTH: u64 = 16;
const GROWTH_SLOW: u64 = 128;
/// The shortest round trip is one of the last and the present of these spans, microseconds.
const SHORTEST_SPAN_US: u64 = 10_000_000;
/// Acknowledgements are asked for as often as this share of the window was sent, one in so many.
const ASKS: u64 = 4;

/// Bytes in flight as far as heavy loss suggests. Exists from the first loss on.
#[derive(Debug, Clone)]
pub(super) struct Overrun {
    window: u64,
    /// A round ends when this packet, the newest at its beginning, is acknowledged or lost.
    round_end: u64,
    newest: u64,
    round_over: bool,
    /// The losses of this round belong to packets sent before the window was cut.
    stale: bool,
    /// The window was nearly used up at some time of this round.
    used: bool,
    acked: u64,
    lost: u64,
    rtt_us: u64,
    /// Shortest round trip of the present span and of the one before.
    shortest_us: [u64; 2],
    span_began: Timestamp,
    in_flight: u64,
    /// Bytes sent since an acknowledgement was asked for.
    unasked: u64,
}

impl Overrun {
    /// At the first loss. `shortest_us`: the shortest round trip so far.
    pub(super) fn new(now: Timestamp, shortest_us: u64) -> Box<Self> {
        Box::new(Self {
            window: u64::MAX,
            round_end: 0,
            newest: 0,
            round_over: false,
            stale: false,
            used: false,
            acked: 0,
            lost: 0,
            rtt_us: shortest_us,
            shortest_us: [shortest_us; 2],
            span_began: now,
            in_flight: 0,
            unasked: 0,
        })
    }

    /// Most bytes to have in flight, while that is limited.
    pub(super) fn window(&self) -> Option<u64> {
        (self.window < WINDOW_MAX).then_some(self.window)
    }

    pub(super) fn on_sent(&mut self, number: u64, bytes: u16, in_flight: u64) {
        self.newest = number;
        self.unasked += u64::from(bytes);
        self.in_flight = in_flight;
        self.used |= in_flight >= self.window / 4 * 3;
    }

    pub(super) fn on_acked(&mut self, number: u64, bytes: u16) {
        self.acked += u64::from(bytes);
        self.round_over |= number >= self.round_end;
    }

    pub(super) fn on_lost(&mut self, number: u64, bytes: u16) {
        self.lost += u64::from(bytes);
        self.round_over |= number >= self.round_end;
    }

    pub(super) fn on_ack_done(&mut self, now: Timestamp, rtt_us: Option<u64>, in_flight: u64) {
        self.in_flight = in_flight;
        if let Some(us) = rtt_us {
            self.rtt_us = us;
            if now.micros_since(self.span_began) > SHORTEST_SPAN_US {
                self.span_began = now;
                self.shortest_us = [us, self.shortest_us[0]];
            }
            self.shortest_us[0] = self.shortest_us[0].min(us);
        }
        if self.round_over {
            self.end_round();
        }
    }

    fn end_round(&mut self) {
        let (acked, lost) = (core::mem::take(&mut self.acked), core::mem::take(&mut self.lost));
        let used = core::mem::take(&mut self.used);
        let stale = core::mem::take(&mut self.stale);
        self.round_end = self.newest + 1;
        self.round_over = false;
        let all = acked + lost;
        if stale || all < ROUND_BYTES_MIN {
            return;
        }
        let shortest = self.shortest_us[0].min(self.shortest_us[1]);
        let queue = self.rtt_us > shortest * 2 + QUEUE_US;
        if lost * HEAVY >= all || queue && lost * NOTABLE >= all {
            // What arrived in a round trip, without most of the queue: between a half and seven eighths of it.
            let wanted = acked.saturating_mul(shortest + QUEUE_US) / self.rtt_us.max(1);
            self.window = wanted.clamp(acked / 2, acked / 8 * 7).max(WINDOW_MIN);
            self.stale = true;
        } else if used {
            self.window = self.window.saturating_add(self.window / if queue { GROWTH_SLOW } else { GROWTH });
        }
    }

    /// Data that need not arrive is not acknowledged by itself, and would fill the window for good.
    pub(super) fn wants_ack(&mut self) -> bool {
        let Some(window) = self.window() else { return false };
        let last = self.in_flight + DATAGRAM_BYTES_MAX as u64 >= window;
        let wanted = last || self.unasked >= window / ASKS;
        if wanted {
            self.unasked = 0;
        }
        wanted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    const BYTES: u16 = 1000;

    /// A path with a shortest round trip, a rate and a queue, a round at a time; one in `one_lost_in` is lost besides.
    struct Path {
        rtt_us: u64,
        bytes_per_round_trip: u64,
        queue_bytes: u64,
        one_lost_in: u64,
    }

    impl Path {
        /// Sends `offered` bytes or what the window lets, `rounds` times. Gives the share lost in the last ten rounds,
        /// and what arrived in the last.
        fn run(&self, guard: &mut Overrun, offered: u64, rounds: u32) -> (f64, u64) {
            let (mut now, mut number) = (Timestamp::from_micros(1_000_000), guard.newest);
            let (mut sent_late, mut lost_late, mut arrived) = (0, 0, 0);
            for round in 0..rounds {
                let flight = guard.window().unwrap_or(u64::MAX).min(offered);
                let queued = flight.saturating_sub(self.bytes_per_round_trip).min(self.queue_bytes);
                let fits = self.bytes_per_round_trip + self.queue_bytes;
                let first = number + 1;
                for _ in 0..flight / u64::from(BYTES) {
                    number += 1;
                    guard.on_sent(number, BYTES, (number + 1 - first) * u64::from(BYTES));
                }
                let (mut got, mut lost) = (0, 0);
                for n in first..=number {
                    let over = (n - first) * u64::from(BYTES) >= fits;
                    if over || self.one_lost_in > 0 && n.is_multiple_of(self.one_lost_in) {
                        guard.on_lost(n, BYTES);
                        lost += 1;
                    } else {
                        guard.on_acked(n, BYTES);
                        got += 1;
                    }
                }
                let rtt = self.rtt_us + self.rtt_us * queued / self.bytes_per_round_trip;
                now = now.plus_micros(rtt);
                guard.on_ack_done(now, Some(rtt), 0);
                arrived = got * u64::from(BYTES);
                if round + 10 >= rounds {
                    (sent_late, lost_late) = (sent_late + got + lost, lost_late + lost);
                }
            }
            (lost_late as f64 / sent_late as f64, arrived)
        }
    }

    fn fresh(rtt_us: u64) -> Box<Overrun> {
        Overrun::new(Timestamp::from_micros(1_000_000), rtt_us)
    }

    #[test]
    fn heavy_loss_by_a_full_queue_is_left_behind() {
        let path =
            Path { rtt_us: 1_000, bytes_per_round_trip: 1_000_000, queue_bytes: 6_000_000, one_lost_in: 0 };
        let mut guard = fresh(1_000);
        let (lost, arrived) = path.run(&mut guard, 20_000_000, 1);
        assert!(lost > 0.6 && arrived >= 6_900_000);
        let (lost, arrived) = path.run(&mut guard, 20_000_000, 100);
        assert!(lost < 0.01 && arrived >= 1_000_000, "{lost} {arrived}");
        let window = guard.window().unwrap();
        assert!((1_000_000..7_000_000).contains(&window), "the path is full, the queue is not: {window}");
    }

    #[test]
    fn random_loss_is_no_overrun() {
        let path = Path { rtt_us: 100_000, bytes_per_round_trip: 10_000_000, queue_bytes: 0, one_lost_in: 5 };
        let mut guard = fresh(100_000);
        path.run(&mut guard, 9_000_000, 100);
        assert_eq!(guard.window(), None);
    }

    #[test]
    fn a_path_that_gets_better_is_used_again() {
        let bad =
            Path { rtt_us: 50_000, bytes_per_round_trip: 400_000, queue_bytes: 100_000, one_lost_in: 0 };
        let mut guard = fresh(50_000);
        bad.run(&mut guard, 5_000_000, 30);
        assert!(guard.window().unwrap() < 750_000, "at a quarter lost it shrinks");
        let good = Path { bytes_per_round_trip: 6_000_000, ..bad };
        let (lost, arrived) = good.run(&mut guard, 5_000_000, 60);
        assert!(lost == 0.0 && arrived >= 4_500_000, "{lost} {arrived}");
    }

    #[test]
    fn slow_connections_never_feel_it() {
        let path = Path { rtt_us: 100_000, bytes_per_round_trip: 20_000, queue_bytes: 0, one_lost_in: 0 };
        let mut guard = fresh(100_000);
        path.run(&mut guard, 200_000, 50);
        assert!(guard.window().is_none_or(|w| w >= WINDOW_MIN));
    }

    #[test]
    fn asks_for_acknowledgements_before_the_window_is_full() {
        let mut guard = fresh(1_000);
        guard.on_sent(1, BYTES, 1 << 20);
        assert!(!guard.wants_ack(), "no window");
        guard.window = 100_000;
        (guard.unasked, guard.in_flight) = (0, 0);
        let mut asked = Vec::new();
        for number in 1..=100 {
            if guard.wants_ack() {
                asked.push(number);
            }
            guard.on_sent(number, BYTES, number * u64::from(BYTES));
        }
        assert_eq!(asked, [26, 51, 76, 100], "and with the last one that fits");
    }
}
