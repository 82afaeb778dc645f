//! Which controller is in force: equal limits ask for exactly that rate, different ones for estimation.

use super::estimator::Estimator;
use super::fixed::RTT_UNKNOWN_US;
use super::overrun::Overrun;
use super::{FixedRate, RateController};
use alloc::boxed::Box;
use gamesockets_wire::time::Timestamp;

/// [`FixedRate`] while the limits are equal, an [`Estimator`] while they differ. The estimator's state exists only
/// then. A fixed rate that overruns the path is held back by a window.
#[derive(Debug)]
pub struct SelectedRate {
    fixed: FixedRate,
    estimator: Option<Box<Estimator>>,
    overrun: Option<Box<Overrun>>,
    seed: u64,
    rtt_us: Option<u64>,
    /// Of all samples so far, microseconds.
    shortest_us: u64,
}

impl SelectedRate {
    /// A controller for limits in bytes per second. Connections with different seeds probe at different times.
    pub fn new(now: Timestamp, min: u64, max: u64, seed: u64) -> Self {
        let fixed = FixedRate::new(min, max);
        let mut selected =
            Self { fixed, estimator: None, overrun: None, seed, rtt_us: None, shortest_us: u64::MAX };
        selected.set_limits(now, min, max);
        selected
    }
}

impl RateController for SelectedRate {
    fn set_limits(&mut self, now: Timestamp, min: u64, max: u64) {
        self.fixed.set_limits(now, min, max);
        if min >= max {
            self.estimator = None;
            return;
        }
        self.overrun = None;
        let (seed, rtt) = (self.seed, self.rtt_us);
        let estimator = self.estimator.get_or_insert_with(|| {
            let mut fresh = Box::new(Estimator::new(now, min, max, seed));
            if let Some(us) = rtt {
                fresh.on_ping(now, us);
            }
            fresh
        });
        estimator.set_limits(now, min, max);
    }

    fn on_ping(&mut self, now: Timestamp, rtt_us: u64) {
        self.rtt_us = Some(rtt_us);
        self.fixed.on_ping(now, rtt_us);
        if let Some(e) = &mut self.estimator {
            e.on_ping(now, rtt_us);
        }
    }

    fn on_sent(&mut self, now: Timestamp, number: u64, bytes: u16, in_flight: u64, app_limited: bool) {
        if let Some(e) = &mut self.estimator {
            e.on_sent(now, number, bytes, in_flight, app_limited);
        } else if let Some(o) = &mut self.overrun {
            o.on_sent(number, bytes, in_flight);
        }
    }

    fn on_acked(&mut self, now: Timestamp, number: u64, sent_at: Timestamp, bytes: u16, was_lost: bool) {
        if let Some(e) = &mut self.estimator {
            e.on_acked(now, number, sent_at, bytes, was_lost);
        } else if let Some(o) = &mut self.overrun {
            o.on_acked(number, bytes);
        }
    }

    fn on_lost(&mut self, now: Timestamp, number: u64, sent_at: Timestamp, bytes: u16) {
        if let Some(e) = &mut self.estimator {
            e.on_lost(now, number, sent_at, bytes);
            return;
        }
        let shortest = self.shortest_us.min(self.rtt_us.unwrap_or(RTT_UNKNOWN_US));
        self.overrun.get_or_insert_with(|| Overrun::new(now, shortest)).on_lost(number, bytes);
    }

    fn on_ack_done(&mut self, now: Timestamp, rtt_us: Option<u64>, in_flight: u64) {
        self.shortest_us = self.shortest_us.min(rtt_us.unwrap_or(u64::MAX));
        if let Some(e) = &mut self.estimator {
            e.on_ack_done(now, rtt_us, in_flight);
        } else if let Some(o) = &mut self.overrun {
            o.on_ack_done(now, rtt_us, in_flight);
        }
    }

    fn rate(&self) -> u64 {
        self.estimator.as_ref().map_or_else(|| self.fixed.rate(), |e| e.rate())
    }

    fn estimate(&self) -> u64 {
        self.estimator.as_ref().map_or_else(|| self.fixed.rate(), |e| e.estimate())
    }

    fn window(&self) -> Option<u64> {
        match &self.estimator {
            Some(e) => e.window(),
            None => self.overrun.as_ref()?.window(),
        }
    }

    fn wants_ack(&mut self, now: Timestamp) -> bool {
        match (&mut self.estimator, &mut self.overrun) {
            (Some(e), _) => e.wants_ack(now),
            (None, Some(o)) => o.wants_ack(),
            (None, None) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_turn_estimation_on_and_off() {
        let now = Timestamp::from_micros(1);
        let mut r = SelectedRate::new(now, 262_144, 262_144, 7);
        assert_eq!((r.rate(), r.window(), r.estimator.is_some()), (262_144, None, false));
        r.on_ping(now, 50_000);
        r.set_limits(now, 1024, 10 << 20);
        assert!(r.window().is_some() && r.estimate() < 262_144);
        r.set_limits(now, 500_000, 500_000);
        assert_eq!((r.rate(), r.window(), r.estimator.is_some()), (500_000, None, false));
    }

    #[test]
    fn the_state_of_an_idle_connection_is_small() {
        let bytes = size_of::<SelectedRate>() + size_of::<Estimator>();
        assert!(bytes <= 640, "{bytes} bytes");
    }
}
