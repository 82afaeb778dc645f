//! The world: hosts, links between them, one clock, one seed.

use crate::app::App;
use crate::attack::{INSIDER_HOSTS, Insider, Outsider};
use crate::book::Book;
use crate::ctx::Ctx;
use crate::explain::Explain;
use crate::host::{DriverConfig, Host};
use crate::link::{Link, LinkConfig};
use crate::rng::SimRng;
use crate::shared::{Shared, Todo};
use crate::trace::{Broken, Check, Failure, HostId, Step, broken};
use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use gamesockets_endpoint::endpoint::EndpointConfig;
use gamesockets_endpoint::fakenet::FakeNetConfig;
use gamesockets_endpoint::types::{SocketErrorKind, SocketId};
use std::collections::VecDeque;

/// Round trips longer than this make clients repeat parts of their handshake, microseconds.
const RETRY_RTT_US: u64 = 400_000;
/// Loss from which on a connection attempt may fail altogether.
const ATTEMPT_LOSS: f64 = 0.15;

/// A change of a link at some time.
#[derive(Clone, Debug)]
struct Weather {
    from: HostId,
    to: HostId,
    config: LinkConfig,
}

/// Everything there is. All of it follows from the seed and from what is done to it.
#[derive(Debug)]
pub struct World {
    seed: u64,
    pub(crate) rng: SimRng,
    pub(crate) shared: Shared,
    pub(crate) hosts: Vec<Host>,
    weather: Vec<Weather>,
    pub(crate) outsiders: Vec<Outsider>,
    pub(crate) insiders: Vec<Insider>,
    scenario: String,
}

impl World {
    /// An empty world with perfect links.
    pub fn new(seed: u64) -> Self {
        let mut rng = SimRng::new(seed);
        let shared = Shared::new(rng.fork(1));
        Self {
            seed,
            rng: rng.fork(2),
            shared,
            hosts: Vec::new(),
            weather: Vec::new(),
            outsiders: Vec::new(),
            insiders: Vec::new(),
            scenario: String::new(),
        }
    }

    /// Describes the world for failures.
    pub fn set_scenario(&mut self, text: String) {
        self.scenario = text;
    }

    /// Adds a host that runs `app`. Its clock started at some other time than the world's.
    pub fn add_host(&mut self, config: EndpointConfig, app: impl App + 'static) -> HostId {
        let id = HostId(self.hosts.len() as u32);
        let [high, low] = (id.0 as u16).to_be_bytes();
        let address = IpAddr::from(Ipv4Addr::new(10, 0, high, low));
        let mut rng = self.rng.fork(u64::from(id.0) + 100);
        let offset_us = match id.0 % 3 {
            0 => rng.below(1_000_000),
            1 => rng.below(1_000_000_000_000),
            _ => 1 << 40,
        };
        let mut host = Host::new(id, address, config, offset_us, self.shared.now_us, rng);
        host.app = Some(Box::new(app));
        self.hosts.push(host);
        self.shared.machines.insert(address, id);
        id
    }

    /// Virtual time, microseconds.
    pub const fn now_us(&self) -> u64 {
        self.shared.now_us
    }

    /// The books.
    pub const fn book(&self) -> &Book {
        &self.shared.book
    }

    /// What may happen besides what the links do, for the scenario to say.
    pub const fn explain(&mut self) -> &mut Explain {
        &mut self.shared.book.explain
    }

    /// A host.
    pub fn host(&self, id: HostId) -> &Host {
        &self.hosts[id.0 as usize]
    }

    /// How many hosts there are.
    pub const fn host_count(&self) -> usize {
        self.hosts.len()
    }

    /// All hosts' numbers.
    pub fn host_ids(&self) -> impl Iterator<Item = HostId> + use<> {
        (0..self.hosts.len() as u32).map(HostId)
    }

    /// Sets how a host's loop behaves.
    pub fn set_driver(&mut self, id: HostId, driver: DriverConfig) {
        let slow = driver.late_us.max(driver.period_us) * 8 > RETRY_RTT_US;
        self.shared.book.explain.retries |= slow;
        self.hosts[id.0 as usize].set_driver(driver);
    }

    /// A host as its application sees it, to act on from outside.
    pub fn ctx(&mut self, id: HostId) -> Ctx<'_> {
        Ctx::new(&mut self.hosts[id.0 as usize], &mut self.shared)
    }

    /// A fingerprint of everything that happened so far.
    pub const fn trace_hash(&self) -> u64 {
        self.shared.trace.hash()
    }

    /// Steps so far.
    pub const fn steps(&self) -> u64 {
        self.shared.trace.count()
    }

    /// Makes failures show so many steps.
    pub const fn keep_steps(&mut self, steps: usize) {
        self.shared.trace.keep(steps);
    }

    /// Writes a remark into the trace.
    pub fn note(&mut self, text: &str) {
        self.shared.note(Step::Note(text.to_owned()));
    }

    fn explain_link(&mut self, config: &LinkConfig) {
        let queue_us = config.rate.map_or(0, |r| config.queue_bytes.saturating_mul(1_000_000) / r.max(1));
        let one_way_us = config.delay_us + config.jitter_us + queue_us;
        let heavy = config.loss >= ATTEMPT_LOSS || config.burst.is_some() || config.rate.is_some();
        self.shared.book.explain.add(&Explain {
            loss: config.loses(),
            reorder: config.reorder > 0.0 || config.duplicate > 0.0,
            duplicate: config.duplicate > 0.0,
            corrupt: config.corrupt > 0.0,
            retries: one_way_us * 2 > RETRY_RTT_US || config.loses(),
            connect_timeouts: heavy || config.corrupt > 0.0 || one_way_us > 1_000_000,
            ..Explain::default()
        });
    }

    /// How all links behave that are not told otherwise. Only links not yet used are affected.
    pub fn set_default_link(&mut self, config: LinkConfig) {
        self.explain_link(&config);
        self.shared.default_link = config;
    }

    /// How one direction of a link behaves from now on.
    pub fn set_link(&mut self, from: HostId, to: HostId, config: LinkConfig) {
        self.explain_link(&config);
        self.shared.link(from, to).set_config(config);
    }

    /// How both directions of a link behave from now on.
    pub fn set_path(&mut self, a: HostId, b: HostId, config: &LinkConfig) {
        self.set_link(a, b, config.clone());
        self.set_link(b, a, config.clone());
    }

    /// A link between two hosts, one direction.
    pub fn link(&mut self, from: HostId, to: HostId) -> &Link {
        self.shared.link(from, to)
    }

    /// Somebody else's datagram of `bytes` bytes takes its place on a link. Returns when it arrives, microseconds, if it
    /// does.
    pub fn carry_foreign(&mut self, from: HostId, to: HostId, bytes: usize) -> Option<u64> {
        let now_us = self.shared.now_us;
        let mut arrivals = Vec::new();
        let lost = self.shared.link(from, to).carry(now_us, vec![0; bytes], &mut arrivals);
        if lost.is_some() { None } else { arrivals.first().map(|a| a.0) }
    }

    /// One direction of a link will behave like this from `at_us` on.
    pub fn forecast(&mut self, at_us: u64, from: HostId, to: HostId, config: LinkConfig) {
        self.explain_link(&config);
        self.weather.push(Weather { from, to, config });
        self.shared.push(at_us, Todo::Weather(self.weather.len() - 1));
    }

    /// Takes both directions of a link down for a span of time, microseconds.
    pub fn black_out(&mut self, a: HostId, b: HostId, from_us: u64, to_us: u64) {
        let explain = &mut self.shared.book.explain;
        explain.loss = true;
        explain.retries = true;
        explain.connect_timeouts = true;
        self.shared.link(a, b).black_out(from_us, to_us);
        self.shared.link(b, a).black_out(from_us, to_us);
    }

    /// Ends all faults: links only delay, attackers are gone.
    pub fn heal(&mut self) {
        self.note("the faults are over");
        self.weather.clear();
        self.outsiders.clear();
        for insider in &mut self.insiders {
            insider.silence();
        }
        self.shared.tap = None;
        if self.shared.delays_inside {
            for id in self.host_ids() {
                self.ctx(id).set_fake_network(FakeNetConfig::default());
            }
        }
        self.shared.default_link = self.shared.default_link.healed();
        for link in self.shared.links.values_mut() {
            let healed = link.config().healed();
            link.set_config(healed);
            link.clear_blackouts();
        }
    }

    /// Lets somebody without keys loose on the wires.
    pub fn add_outsider(&mut self, outsider: Outsider) {
        self.shared.book.explain.attack = true;
        self.shared.book.explain.connect_timeouts = true;
        self.shared.book.explain.retries = true;
        self.shared.tap.get_or_insert_with(VecDeque::new);
        self.outsiders.push(outsider);
        let index = self.outsiders.len() - 1;
        self.shared.push(self.shared.now_us, Todo::Attack(index));
    }

    /// Adds a peer that speaks the protocol with real keys and as it likes. Returns its place.
    pub fn add_insider(&mut self, insider: Insider) -> usize {
        self.shared.book.explain.insider = true;
        let index = self.insiders.len();
        self.shared.machines.insert(insider.address().ip(), HostId(INSIDER_HOSTS + index as u32));
        self.insiders.push(insider);
        self.shared.push(self.shared.now_us, Todo::Insider(index));
        index
    }

    /// A peer made by [`add_insider`](Self::add_insider); wakes it up.
    pub fn insider(&mut self, index: usize) -> &mut Insider {
        self.shared.push(self.shared.now_us, Todo::Insider(index));
        &mut self.insiders[index]
    }

    /// Runs until virtual time has moved by `us` microseconds.
    ///
    /// # Errors
    /// A rule was broken.
    pub fn run_for(&mut self, us: u64) -> Result<(), Failure> {
        self.run_to(self.shared.now_us + us)
    }

    /// Runs until virtual time is `until_us`.
    ///
    /// # Errors
    /// A rule was broken.
    pub fn run_to(&mut self, until_us: u64) -> Result<(), Failure> {
        while let Some(todo) = self.shared.pop(until_us) {
            self.step(todo).map_err(|b| self.failure(&b))?;
        }
        Ok(())
    }

    /// Runs until `done`, at most `limit_us` microseconds.
    ///
    /// # Errors
    /// A rule was broken, or the time was up.
    pub fn run_until(
        &mut self,
        limit_us: u64,
        mut done: impl FnMut(&mut Self) -> bool,
    ) -> Result<(), Failure> {
        let end = self.shared.now_us + limit_us;
        while !done(self) {
            match self.shared.pop(end) {
                Some(todo) => self.step(todo).map_err(|b| self.failure(&b))?,
                None if done(self) => break,
                None => {
                    return Err(self.failure(&broken!("what was waited for did not happen in {limit_us} us")));
                }
            }
        }
        Ok(())
    }

    fn step(&mut self, todo: Todo) -> Check {
        match todo {
            Todo::Arrive { from, to, data } => self.arrive(from, to, data),
            Todo::Turn(id) => {
                let Some(host) = self.hosts.get_mut(id.0 as usize) else { return Ok(()) };
                if host.takes_turn(self.shared.now_us) { host.turn(&mut self.shared) } else { Ok(()) }
            }
            Todo::Think { host, token } => {
                let Some(host) = self.hosts.get_mut(host.0 as usize) else { return Ok(()) };
                host.with_app(&mut self.shared, |app, ctx| app.on_think(ctx, token))
            }
            Todo::Weather(i) => {
                if let Some(w) = self.weather.get(i).cloned() {
                    self.note(&format!("{} -> {} changes: {:?}", w.from, w.to, w.config));
                    self.shared.link(w.from, w.to).set_config(w.config);
                }
                Ok(())
            }
            Todo::Attack(i) => {
                if let Some(outsider) = self.outsiders.get_mut(i) {
                    outsider.act(&mut self.shared, i);
                }
                Ok(())
            }
            Todo::Insider(i) => {
                if let Some(insider) = self.insiders.get_mut(i) {
                    insider.act(&mut self.shared, i);
                }
                Ok(())
            }
        }
    }

    fn arrive(&mut self, from: SocketAddr, to: SocketAddr, data: Vec<u8>) -> Check {
        if let Some((id, socket)) = self.shared.addresses.get(&to).copied() {
            if let Some(host) = self.hosts.get_mut(id.0 as usize) {
                host.arrive(&mut self.shared, (socket, to), from, data);
            }
            return Ok(());
        }
        if let Some(i) = self.insiders.iter().position(|x| x.address() == to) {
            self.insiders[i].arrive(&mut self.shared, from, data);
            self.shared.push(self.shared.now_us, Todo::Insider(i));
            return Ok(());
        }
        self.bounce(from, to);
        Ok(())
    }

    /// Nobody is at `to`; the sender may hear of it.
    fn bounce(&mut self, from: SocketAddr, to: SocketAddr) {
        let Some((id, socket)) = self.shared.addresses.get(&from).copied() else { return };
        let Some(host) = self.hosts.get_mut(id.0 as usize) else { return };
        if host.rng.chance(host.driver().socket_errors) {
            host.endpoint.handle_socket_error(socket, Some(to), SocketErrorKind::Refused);
        }
    }

    /// A host loses power: everything on it is gone, and nobody is told.
    pub fn crash(&mut self, id: HostId) {
        self.note(&format!("{id} loses power"));
        let now_us = self.shared.now_us;
        let explain = &mut self.shared.book.explain;
        explain.reuse = true;
        explain.retries = true;
        explain.connect_timeouts = true;
        self.shared.book.on_crash(id, now_us);
        let host = &mut self.hosts[id.0 as usize];
        for address in host.sockets.values() {
            self.shared.addresses.remove(address);
        }
        host.crash();
    }

    /// A host that lost power starts again.
    pub fn restart(&mut self, id: HostId, config: EndpointConfig, app: impl App + 'static) {
        self.note(&format!("{id} starts again"));
        let offset_us = self.rng.below(1 << 36);
        let now_us = self.shared.now_us;
        self.hosts[id.0 as usize].restart(config, offset_us, now_us, Box::new(app));
    }

    /// Wraps a broken rule up with everything needed to see it again.
    pub fn failure(&self, broken: &Broken) -> Failure {
        Failure {
            seed: self.seed,
            step: self.steps(),
            at_us: self.shared.now_us,
            message: broken.0.clone(),
            scenario: self.scenario.clone(),
            trace: self.shared.trace.to_string(),
        }
    }

    /// The socket bound to an address, with its host.
    pub fn socket_at(&self, address: SocketAddr) -> Option<(HostId, SocketId)> {
        self.shared.addresses.get(&address).copied()
    }
}
