//! Bandwidth estimation towards a peer that receives as the reference library does.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]
#![allow(clippy::print_stdout, reason = "the figures are worth seeing")]

mod common;
#[path = "common/cubic.rs"]
mod cubic;
#[path = "common/reference.rs"]
mod reference;

use common::{RELIABLE, SECOND, UNRELIABLE, named};
use cubic::Cubic;
use gamesockets_endpoint::slab::ConnId;
use gamesockets_proto::config::ConnConfig;
use gamesockets_proto::connection::ConnectionState;
use gamesockets_proto::snp::send::LaneConfig;
use gamesockets_sim::attack::{Deed, Insider, InsiderConfig, Side};
use gamesockets_sim::{HostId, LinkConfig, Plain, World};
use reference::Reference;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

const MBIT: u64 = 125_000;
const TICK_US: u64 = 1000;
const BULK_MESSAGES: u32 = 100;

fn adaptive() -> Arc<ConnConfig> {
    Arc::new(ConnConfig {
        send_rate_min: 16 * 1024,
        send_rate_max: 100 << 20,
        send_buffer_size: 2 << 20,
        ..ConnConfig::default()
    })
}

fn bottleneck(rate: u64, queue_ms: u64) -> LinkConfig {
    let queue_bytes = (rate * queue_ms / 1000).max(16 * 1024);
    LinkConfig { rate: Some(rate), queue_bytes, ..LinkConfig::delay_ms(25) }
}

/// Bulk flows from one client of ours to the model.
struct Lab {
    world: World,
    client: HostId,
    peer: usize,
    to: SocketAddr,
    flows: Vec<ConnId>,
    sessions: Vec<(SocketAddr, Reference)>,
    queue_us: Vec<u64>,
    cubic: Option<Cubic>,
    voice: bool,
    voice_sent: BTreeMap<u64, u64>,
    voice_delay_us: Vec<u64>,
}

impl Lab {
    fn new(seed: u64, there: LinkConfig) -> Self {
        let mut world = World::new(seed);
        world.set_default_link(LinkConfig::delay_ms(25));
        let client = world.add_host(named("client"), Plain::default());
        let config = InsiderConfig {
            side: Side::Server,
            deed: Deed::Silent,
            period_us: 60 * SECOND,
            ..InsiderConfig::default()
        };
        let insider = Insider::new(config, [seed as u8; 32]);
        let to = insider.address();
        let peer = world.add_insider(insider);
        world.set_link(client, Insider::host(peer), there);
        Self {
            world,
            client,
            peer,
            to,
            flows: Vec::new(),
            sessions: Vec::new(),
            queue_us: Vec::new(),
            cubic: None,
            voice: false,
            voice_sent: BTreeMap::new(),
            voice_delay_us: Vec::new(),
        }
    }

    fn one(seed: u64, there: LinkConfig) -> Self {
        let mut lab = Self::new(seed, there);
        lab.join();
        lab
    }

    /// One more flow.
    fn join(&mut self) {
        let (client, to) = (self.client, self.to);
        let c = self.world.ctx(client).connect(to, &adaptive()).unwrap();
        for _ in 0..1000 {
            self.tick();
            if self.world.ctx(client).state(c) == ConnectionState::Connected {
                self.flows.push(c);
                return;
            }
        }
        panic!("no connection");
    }

    fn rate(&mut self, rate: u64, queue_ms: u64) {
        self.world.set_link(self.client, Insider::host(self.peer), bottleneck(rate, queue_ms));
    }

    /// Fills the flows for so long; returns bytes per second that arrived, by flow.
    fn run(&mut self, us: u64) -> Vec<f64> {
        let before: Vec<u64> = self.sessions.iter().map(|s| s.1.delivered()).collect();
        let end = self.world.now_us() + us;
        while self.world.now_us() < end {
            self.tick();
        }
        let each = self.sessions.iter().zip(before);
        each.map(|(s, before)| (s.1.delivered() - before) as f64 * 1e6 / us as f64).collect()
    }

    fn tick(&mut self) {
        let client = self.client;
        let now = self.world.now_us();
        for c in &self.flows {
            let waiting = self.world.ctx(client).status(*c, 0).unwrap().0.pending_reliable;
            for _ in waiting / 8000..BULK_MESSAGES {
                self.world.ctx(client).send(*c, 8000, RELIABLE, 0).unwrap().unwrap();
            }
        }
        if self.voice && now / 20_000 != (now - TICK_US) / 20_000 {
            let number = self.world.ctx(client).send(self.flows[0], 100, UNRELIABLE, 1).unwrap().unwrap();
            self.voice_sent.insert(number, now);
        }
        self.world.run_for(TICK_US).unwrap();
        let now = self.world.now_us();
        let there = Insider::host(self.peer);
        if let Some(cubic) = &mut self.cubic {
            cubic.step(now, |bytes| self.world.carry_foreign(client, there, bytes));
        }
        self.queue_us.push(self.world.link(client, there).backlog_us(now));
        self.receive(now);
    }

    fn receive(&mut self, now: u64) {
        let insider = self.world.insider(self.peer);
        let here: Vec<SocketAddr> = insider.sessions().map(|(remote, _)| *remote).collect();
        for remote in here {
            if !self.sessions.iter().any(|s| s.0 == remote) {
                self.sessions.push((remote, Reference::default()));
            }
        }
        for (remote, model) in &mut self.sessions {
            model.turn(now, insider.session(*remote).unwrap());
            for (number, at) in model.unreliable.drain(..) {
                let sent = self.voice_sent.get(&number).unwrap();
                self.voice_delay_us.push(at - sent);
            }
        }
    }

    fn refused(&self) -> u64 {
        self.sessions.iter().map(|s| s.1.refused).sum()
    }

    /// The 95th percentile of the queueing delay since the last call, milliseconds.
    fn queue_p95_ms(&mut self) -> f64 {
        percentile(&mut std::mem::take(&mut self.queue_us), 95)
    }
}

fn percentile(us: &mut [u64], percent: usize) -> f64 {
    us.sort_unstable();
    us[(us.len() * percent / 100).min(us.len() - 1)] as f64 / 1000.0
}

#[test]
fn three_rates() {
    for rate in [MBIT, 10 * MBIT, 100 * MBIT] {
        let mut lab = Lab::one(rate, bottleneck(rate, 200));
        let start = lab.run(3 * SECOND)[0];
        lab.queue_p95_ms();
        let share = lab.run(8 * SECOND)[0] / rate as f64;
        let (p95, refused) = (lab.queue_p95_ms(), lab.refused());
        println!("{rate}: 0-3 s {start:.0}, then {share:.3}, p95 {p95:.1} ms, refused {refused}");
        assert!(share >= 0.75 && p95 < 30.0);
    }
}

/// Median and largest of a figure.
fn spread(mut all: Vec<f64>) -> (f64, f64) {
    all.sort_by(f64::total_cmp);
    (all[all.len() / 2], all[all.len() - 1])
}

#[test]
fn steps_are_followed_within_two_seconds() {
    for (from, to) in [(10, 40), (40, 10)] {
        let mut queues = Vec::new();
        for seed in 0..10 {
            let mut lab = Lab::one(seed, bottleneck(from * MBIT, 200));
            lab.run(3 * SECOND + seed * 173_000);
            lab.rate(to * MBIT, 200);
            lab.run(2 * SECOND);
            lab.queue_p95_ms();
            let share = lab.run(8 * SECOND)[0] / (to * MBIT) as f64;
            let (p95, refused) = (lab.queue_p95_ms(), lab.refused());
            println!("{from} to {to}: {share:.3} after 2 s, p95 {p95:.1} ms, refused {refused}");
            assert!(share >= 0.75);
            queues.push(p95);
        }
        let queue = spread(queues);
        println!("{from} to {to}: p95 median {:.1}, worst {:.1} ms", queue.0, queue.1);
        assert!(queue.0 < 30.0 && queue.1 < 60.0);
    }
}

#[test]
fn voice_beside_bulk() {
    let mut lab = Lab::one(27, bottleneck(10 * MBIT, 200));
    let lanes = [LaneConfig { priority: 1, weight: 1 }, LaneConfig { priority: 0, weight: 1 }];
    lab.world.ctx(lab.client).configure_lanes(lab.flows[0], &lanes).unwrap();
    lab.run(3 * SECOND);
    lab.voice = true;
    let bulk = lab.run(20 * SECOND)[0] / (10 * MBIT) as f64;
    let p99 = percentile(&mut lab.voice_delay_us, 99);
    println!("voice: p99 {p99:.1} ms of {}, bulk {bulk:.3}", lab.voice_delay_us.len());
    assert!(p99 < 70.0 && lab.voice_delay_us.len() > 900 && bulk > 0.75);
}

#[test]
fn beside_cubic() {
    let mut lab = Lab::one(28, bottleneck(20 * MBIT, 50));
    lab.cubic = Some(Cubic::new(25_000));
    lab.run(10 * SECOND);
    let before = lab.cubic.as_ref().unwrap().delivered;
    let own = lab.run(30 * SECOND)[0] * 30.0;
    let other = (lab.cubic.as_ref().unwrap().delivered - before) as f64;
    let share = own / (own + other);
    println!("beside Cubic: {share:.3}, refused {}", lab.refused());
    assert!((0.3..=0.7).contains(&share));
}

#[test]
fn two_flows_meet() {
    let mut ratios = Vec::new();
    for seed in 0..10 {
        let mut lab = Lab::one(seed, bottleneck(10 * MBIT, 200));
        lab.run(3 * SECOND + seed * 137_000);
        lab.join();
        lab.run(5 * SECOND);
        lab.queue_p95_ms();
        let both = lab.run(15 * SECOND);
        let (low, high) = (both[0].min(both[1]), both[0].max(both[1]));
        let p95 = lab.queue_p95_ms();
        println!("two flows: {:.3}, p95 {p95:.1} ms, refused {}", high / low, lab.refused());
        assert!(p95 < 30.0);
        ratios.push(high / low);
    }
    let ratio = spread(ratios);
    assert!(ratio.0 < 1.15 && ratio.1 < 1.3);
}

#[test]
fn random_loss() {
    for loss in [0.01, 0.05] {
        let mut lab = Lab::one(29, bottleneck(10 * MBIT, 200).with_loss(loss));
        lab.run(4 * SECOND);
        let share = lab.run(8 * SECOND)[0] / (10.0 * MBIT as f64 * (1.0 - loss));
        println!("loss {loss}: {share:.3}, refused {}", lab.refused());
        assert!(share >= 0.85);
    }
}
