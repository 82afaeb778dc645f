//! Thousands of drawn worlds, one after the other, until one of them breaks a rule.

use crate::scenario::{Outcome, Scenario};
use crate::trace::{Failure, broken};
use core::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// When to stop. Time is measured by the caller: a progress callback that gives [`ControlFlow::Break`] ends the soak.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Budget {
    /// After this many seeds.
    Seeds(u64),
    /// When the callback says so.
    UntilStopped,
}

/// One more seed is done.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// The seed.
    pub seed: u64,
    /// Seeds done, this one included.
    pub done: u64,
    /// What its world was.
    pub scenario: &'a Scenario,
    /// What happened in it; `None` if a rule was broken.
    pub outcome: Option<&'a Outcome>,
}

/// What a soak found.
#[derive(Clone, Debug, Default)]
pub struct SoakReport {
    /// Seeds done.
    pub seeds: u64,
    /// Virtual seconds in all worlds together.
    pub virtual_seconds: u64,
    /// Steps in all worlds together.
    pub steps: u64,
    /// Datagrams sent.
    pub datagrams: u64,
    /// Messages sent.
    pub sent: u64,
    /// Messages that came out.
    pub delivered: u64,
    /// Connections, each end counted.
    pub connections: u64,
    /// Fingerprint of everything.
    pub hash: u64,
    /// The first broken rule.
    pub failure: Option<Failure>,
}

impl SoakReport {
    fn add(&mut self, o: &Outcome) {
        self.virtual_seconds += o.virtual_us / 1_000_000;
        self.steps += o.steps;
        self.datagrams += o.datagrams;
        self.sent += o.sent;
        self.delivered += o.delivered;
        self.connections += o.connections;
        self.hash = self.hash.rotate_left(1) ^ o.hash;
    }
}

/// Runs the worlds of the seeds from `seed` on. Stops at the first broken rule.
pub fn soak(
    seed: u64,
    budget: Budget,
    progress: &mut dyn FnMut(&Progress<'_>) -> ControlFlow<()>,
) -> SoakReport {
    let mut report = SoakReport::default();
    let mut seed = seed;
    while budget != Budget::Seeds(report.seeds) {
        let scenario = Scenario::draw(seed);
        let result = run_scenario(&scenario);
        report.seeds += 1;
        let outcome = match &result {
            Ok(outcome) => {
                report.add(outcome);
                Some(outcome)
            }
            Err(failure) => {
                report.failure = Some(failure.clone());
                None
            }
        };
        let flow = progress(&Progress { seed, done: report.seeds, scenario: &scenario, outcome });
        if report.failure.is_some() || flow.is_break() {
            break;
        }
        seed = seed.wrapping_add(1);
    }
    report
}

/// Runs one world. A panic in it counts as a broken rule.
///
/// # Errors
/// A rule was broken.
pub fn run_scenario(scenario: &Scenario) -> Result<Outcome, Failure> {
    let mut world = scenario.build();
    let result = catch_unwind(AssertUnwindSafe(|| scenario.run(&mut world)));
    result.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no text");
        Err(world.failure(&broken!("panic: {text}")))
    })
}
