//! Worlds drawn from seeds.

mod climate;
mod people;

pub use climate::Climate;

use crate::actor::{Actor, Plan, START};
use crate::attack::{Insider, InsiderConfig, Outsider, OutsiderConfig};
use crate::host::DriverConfig;
use crate::rng::SimRng;
use crate::trace::{Failure, HostId};
use crate::world::World;
use core::fmt;
use gamesockets_endpoint::endpoint::EndpointConfig;
use gamesockets_endpoint::fakenet::FakeNetConfig;

/// Time in which everything must settle after the faults, microseconds: twice the longest time-out, and the backlog
/// at the slowest rate.
const SETTLE_US: u64 = 180_000_000;
/// What late loops add to a ping when nothing else happens, milliseconds.
const PING_SLACK_MS: u64 = 12;

/// One host of a scenario.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) endpoint: EndpointConfig,
    pub(crate) certificate: Option<std::sync::Arc<gamesockets_crypto::cert::LocalCertificate>>,
    pub(crate) plan: Plan,
    pub(crate) driver: DriverConfig,
    pub(crate) fake: Option<FakeNetConfig>,
    /// Loses power at this time and starts again half a second later, microseconds.
    pub(crate) crash_us: Option<u64>,
}

/// A world as it was drawn.
#[derive(Clone, Debug)]
pub struct Scenario {
    seed: u64,
    /// How the links are.
    pub climate: Climate,
    /// How long it goes on before the faults end, microseconds.
    pub duration_us: u64,
    pub(crate) people: Vec<Person>,
    pub(crate) servers: usize,
    /// Short remarks about what is special.
    pub(crate) tags: Vec<&'static str>,
    pub(crate) outsider: Option<OutsiderConfig>,
    pub(crate) insiders: Vec<InsiderConfig>,
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (n, s) = (self.people.len(), self.servers);
        write!(
            f,
            "{n} hosts, {s} of them servers, {:.1} s, {:?}",
            self.duration_us as f64 / 1e6,
            self.climate
        )?;
        for tag in &self.tags {
            write!(f, ", {tag}")?;
        }
        for insider in &self.insiders {
            write!(f, ", insider {:?}", insider.deed)?;
        }
        Ok(())
    }
}

/// What a world did until its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Fingerprint of every step.
    pub hash: u64,
    /// Steps.
    pub steps: u64,
    /// Virtual time, microseconds.
    pub virtual_us: u64,
    /// Datagrams sent.
    pub datagrams: u64,
    /// Messages sent by applications.
    pub sent: u64,
    /// Messages that came out.
    pub delivered: u64,
    /// Connections, each end counted.
    pub connections: u64,
}

impl Scenario {
    /// The scenario of a seed.
    pub fn draw(seed: u64) -> Self {
        let mut rng = SimRng::new(seed ^ 0x5ce7_a210);
        let duration_us = rng.magnitude(5_000_000, 120_000_000);
        let climate = Climate::draw(&mut rng);
        let mut scenario = Self {
            seed,
            climate,
            duration_us,
            people: Vec::new(),
            servers: 0,
            tags: Vec::new(),
            outsider: None,
            insiders: Vec::new(),
        };
        people::draw(&mut scenario, &mut rng);
        scenario
    }

    /// The world at its beginning.
    pub fn build(&self) -> World {
        let mut world = World::new(self.seed);
        world.set_scenario(self.to_string());
        let mut rng = world.rng.fork(77);
        for p in &self.people {
            let id = world.add_host(p.endpoint.clone(), Actor::new(p.plan.clone()));
            world.set_driver(id, p.driver.clone());
            if let Some(fake) = p.fake {
                world.ctx(id).set_fake_network(fake);
            }
            if let Some(cert) = &p.certificate {
                world.ctx(id).endpoint().set_certificate(cert.clone());
            }
            // Servers first, so that they listen when the others come.
            let at = if (id.0 as usize) < self.servers { 0 } else { 1000 };
            world.ctx(id).think_at(at, START);
        }
        self.explain(&mut world);
        self.climate.apply(&mut world, &mut rng, self);
        for config in &self.insiders {
            world.add_insider(Insider::new(config.clone(), rng.bytes32()));
        }
        if let Some(config) = &self.outsider {
            world.add_outsider(Outsider::new(config.clone(), rng.next_u64()));
        }
        world
    }

    fn explain(&self, world: &mut World) {
        let explain = world.explain();
        let tagged = |tag: &str| self.tags.contains(&tag);
        explain.disagreement = tagged("unequal ciphers") || tagged("unsigned at the door");
        explain.connect_timeouts = explain.disagreement
            || tagged("slow accept")
            || tagged("no accept")
            || tagged("relisten")
            || tagged("crashes")
            || tagged("short time-outs")
            || tagged("port reuse");
        explain.reuse = tagged("port reuse") || tagged("crashes") || tagged("relisten");
        explain.retries = tagged("slow accept") || tagged("no accept") || explain.reuse;
        if tagged("fake network") {
            explain.loss = true;
            explain.reorder = true;
            explain.duplicate = true;
            explain.retries = true;
            explain.connect_timeouts = true;
        }
    }

    /// Runs the world to its end.
    ///
    /// # Errors
    /// A rule was broken.
    pub fn run(&self, world: &mut World) -> Result<Outcome, Failure> {
        let mut crashes: Vec<(u64, usize)> =
            self.people.iter().enumerate().filter_map(|(i, p)| Some((p.crash_us?, i))).collect();
        crashes.sort_unstable();
        for (at, i) in crashes {
            world.run_to(at)?;
            self.crash(world, i)?;
        }
        world.run_to(self.duration_us)?;
        world.calm_down()?;
        world.heal();
        world.settle(SETTLE_US)?;
        world.idle(1)?;
        let lag = self.people.iter().map(|p| p.driver.late_us + p.driver.period_us).max().unwrap_or(0);
        if !world.book().explain.corrupt {
            world.check_pings(PING_SLACK_MS + lag * 3 / 1000)?;
        }
        world.close_all()?;
        Ok(outcome(world))
    }

    fn crash(&self, world: &mut World, i: usize) -> Result<(), Failure> {
        let Some(p) = self.people.get(i) else { return Ok(()) };
        let id = HostId(i as u32);
        world.crash(id);
        world.run_for(500_000)?;
        world.restart(id, p.endpoint.clone(), Actor::new(p.plan.clone()));
        if let Some(cert) = &p.certificate {
            world.ctx(id).endpoint().set_certificate(cert.clone());
        }
        let now = world.now_us();
        world.ctx(id).think_at(now, START);
        Ok(())
    }
}

fn outcome(world: &World) -> Outcome {
    let flows = world.book().flows();
    let (sent, delivered) = flows.iter().map(|f| f.totals()).fold((0, 0), |t, f| (t.0 + f.0, t.1 + f.1));
    Outcome {
        hash: world.trace_hash(),
        steps: world.steps(),
        virtual_us: world.now_us(),
        datagrams: world.host_ids().map(|h| world.host(h).counters().sent).sum(),
        sent,
        delivered,
        connections: flows.len() as u64,
    }
}
