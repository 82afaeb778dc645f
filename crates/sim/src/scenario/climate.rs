//! How the links of a drawn world behave.

use super::Scenario;
use crate::link::{Burst, LinkConfig};
use crate::rng::SimRng;
use crate::trace::HostId;
use crate::world::World;

/// The prevailing kind of fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Climate {
    /// Links only delay.
    Perfect,
    /// Delay and jitter.
    Fair,
    /// Some loss.
    Lossy,
    /// Up to half of everything is lost.
    Awful,
    /// Loss in bursts.
    Bursty,
    /// Much reordering.
    Shuffled,
    /// Many duplicates, some very late.
    Doubled,
    /// Damaged datagrams.
    Corrupting,
    /// Narrow links with short queues.
    Narrow,
    /// Links fail for seconds.
    Interrupted,
    /// Some of everything but damage.
    Mixed,
    /// Another kind every few seconds.
    Changing,
}

impl Climate {
    const ALL: [Self; 12] = [
        Self::Perfect,
        Self::Fair,
        Self::Lossy,
        Self::Awful,
        Self::Bursty,
        Self::Shuffled,
        Self::Doubled,
        Self::Corrupting,
        Self::Narrow,
        Self::Interrupted,
        Self::Mixed,
        Self::Changing,
    ];

    pub(super) fn draw(rng: &mut SimRng) -> Self {
        rng.pick(&Self::ALL).unwrap_or(Self::Perfect)
    }

    /// Whether datagrams get damaged.
    pub const fn damages(self) -> bool {
        matches!(self, Self::Corrupting)
    }

    /// One link of this climate.
    pub fn link(self, rng: &mut SimRng) -> LinkConfig {
        let delay_us = rng.magnitude(100, 200_000);
        let base = LinkConfig { delay_us, ..LinkConfig::default() };
        let percent = |rng: &mut SimRng, low: u64, high: u64| rng.between(low, high) as f64 / 100.0;
        match self {
            Self::Perfect | Self::Interrupted => base,
            Self::Fair => LinkConfig { jitter_us: rng.magnitude(100, 50_000), ..base },
            Self::Lossy => LinkConfig { loss: percent(rng, 1, 20), jitter_us: rng.below(5_000), ..base },
            Self::Awful => LinkConfig { loss: percent(rng, 20, 50), ..base },
            Self::Bursty => {
                let burst = Burst {
                    to_bad: percent(rng, 1, 10),
                    to_good: percent(rng, 30, 60),
                    loss: percent(rng, 50, 100),
                };
                LinkConfig { burst: Some(burst), ..base }
            }
            Self::Shuffled => LinkConfig {
                reorder: percent(rng, 5, 60),
                reorder_us: rng.magnitude(1_000, 100_000),
                loss: if rng.chance(0.5) { percent(rng, 1, 10) } else { 0.0 },
                ..base
            },
            Self::Doubled => LinkConfig {
                duplicate: percent(rng, 5, 60),
                duplicate_us: rng.magnitude(1, 5_000_000),
                loss: if rng.chance(0.5) { percent(rng, 1, 10) } else { 0.0 },
                reorder: if rng.chance(0.5) { percent(rng, 1, 30) } else { 0.0 },
                reorder_us: 20_000,
                ..base
            },
            Self::Corrupting => LinkConfig {
                corrupt: percent(rng, 1, 20),
                duplicate: percent(rng, 0, 10),
                duplicate_us: 50_000,
                ..base
            },
            Self::Narrow => LinkConfig {
                rate: Some(rng.magnitude(32 * 1024, 512 * 1024)),
                queue_bytes: rng.magnitude(4 * 1024, 64 * 1024),
                ..base
            },
            Self::Mixed | Self::Changing => LinkConfig {
                loss: percent(rng, 0, 15),
                jitter_us: rng.below(20_000),
                duplicate: percent(rng, 0, 10),
                duplicate_us: rng.magnitude(1, 2_000_000),
                reorder: percent(rng, 0, 20),
                reorder_us: rng.magnitude(1, 50_000),
                rate: rng.chance(0.3).then(|| rng.magnitude(64 * 1024, 1 << 20)),
                queue_bytes: 32 * 1024,
                ..base
            },
        }
    }

    pub(super) fn apply(self, world: &mut World, rng: &mut SimRng, scenario: &Scenario) {
        let count = world.host_count() as u32;
        let pairs =
            (0..scenario.servers as u32).flat_map(|s| (0..count).map(move |c| (HostId(s), HostId(c))));
        for (a, b) in pairs.filter(|(a, b)| a != b) {
            for (from, to) in [(a, b), (b, a)] {
                world.set_link(from, to, self.link(rng));
            }
            if self == Self::Interrupted {
                self.interrupt(world, rng, (a, b), scenario.duration_us);
            }
            if self == Self::Changing {
                change(world, rng, (a, b), scenario.duration_us);
            }
        }
        if self == Self::Awful || self == Self::Interrupted {
            world.explain().outages = true;
        }
    }

    fn interrupt(self, world: &mut World, rng: &mut SimRng, (a, b): (HostId, HostId), duration_us: u64) {
        for _ in 0..rng.between(1, 3) {
            let from = rng.below(duration_us);
            let length = rng.magnitude(100_000, 40_000_000);
            world.black_out(a, b, from, from + length);
        }
    }
}

fn change(world: &mut World, rng: &mut SimRng, (a, b): (HostId, HostId), duration_us: u64) {
    let kinds = [
        Climate::Perfect,
        Climate::Fair,
        Climate::Lossy,
        Climate::Shuffled,
        Climate::Doubled,
        Climate::Narrow,
    ];
    let mut at = 0;
    for _ in 0..8 {
        at += rng.between(1_000_000, 10_000_000);
        if at > duration_us {
            return;
        }
        for (from, to) in [(a, b), (b, a)] {
            let kind = rng.pick(&kinds).unwrap_or(Climate::Fair);
            world.forecast(at, from, to, kind.link(rng));
        }
    }
}
