//! How much everything else on the machine disturbs a measurement.

use crate::process::own_cpu_ns;
use std::time::{Duration, Instant};

/// A sample is quiet when everything else took at most this share of one core.
pub const QUIET: f64 = 0.15;
/// One look at the machine, and how many at most.
const LOOK: Duration = Duration::from_millis(100);
const LOOKS: usize = 20;
/// Nanoseconds in a tick of the file below.
const TICK: u64 = 10_000_000;

/// Processor time that others take, from its start on.
pub struct Noise {
    begin: Instant,
    busy: u64,
    own: u64,
}

impl Noise {
    /// Begins.
    #[must_use]
    pub fn start() -> Self {
        Self { begin: Instant::now(), busy: machine_busy_ns(), own: own_cpu_ns() }
    }

    /// The share of one core that everything took but this process and `known` nanoseconds of others.
    #[must_use]
    pub fn share(&self, known: u64) -> f64 {
        let known = own_cpu_ns().saturating_sub(self.own) + known;
        let other = machine_busy_ns().saturating_sub(self.busy).saturating_sub(known);
        other as f64 / self.begin.elapsed().as_nanos() as f64
    }
}

/// Waits for a moment in which nothing else happens, for two seconds at most.
pub fn wait_quiet() {
    for _ in 0..LOOKS {
        let noise = Noise::start();
        std::thread::sleep(LOOK);
        if noise.share(0) <= QUIET {
            return;
        }
    }
}

/// Time that all processors were busy since the machine started, stolen time included; 0 where the system does not tell.
fn machine_busy_ns() -> u64 {
    let text = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    let line = text.lines().next().unwrap_or_default();
    let fields: Vec<u64> = line.split_whitespace().filter_map(|field| field.parse().ok()).collect();
    // user, nice, system, then idle and waiting for disks, irq, softirq, stolen
    [0, 1, 2, 5, 6, 7].iter().filter_map(|&i: &usize| fields.get(i)).sum::<u64>() * TICK
}
