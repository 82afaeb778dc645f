//! Bandwidth estimation over bottlenecks of all kinds, in virtual time.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]
#![allow(clippy::print_stdout, reason = "the figures are worth seeing")]

mod common;
#[path = "common/cubic.rs"]
mod cubic;

use common::{Client, Pair, RELIABLE, SECOND, UNRELIABLE};
use cubic::Cubic;
use gamesockets_endpoint::slab::ConnId;
use gamesockets_proto::config::ConnConfig;
use gamesockets_proto::connection::ConnectionState;
use gamesockets_proto::snp::send::LaneConfig;
use gamesockets_sim::LinkConfig;
use std::collections::BTreeMap;
use std::sync::Arc;

/// 1, 10 and 100 Mbit/s in bytes per second.
const MBIT: u64 = 125_000;
const TICK_US: u64 = 1000;
/// Messages of 8000 bytes that wait in a bulk flow.
const BULK_MESSAGES: u32 = 100;

fn adaptive() -> ConnConfig {
    ConnConfig {
        send_rate_min: 16 * 1024,
        send_rate_max: 100 << 20,
        send_buffer_size: 2 << 20,
        recv_buffer_size: 16 << 20,
        recv_buffer_messages: 100_000,
        ..ConnConfig::default()
    }
}

fn bottleneck(rate: u64, one_way_ms: u64, queue_ms: u64) -> LinkConfig {
    let queue_bytes = (rate * queue_ms / 1000).max(16 * 1024);
    LinkConfig { rate: Some(rate), queue_bytes, ..LinkConfig::delay_ms(one_way_ms) }
}

/// Bulk flows from one client to one server, all over the same link.
struct Lab {
    p: Pair,
    flows: Vec<ConnId>,
    active: usize,
    bytes: BTreeMap<ConnId, u64>,
    queue_us: Vec<u64>,
    cubic: Option<Cubic>,
    voice: Option<u16>,
    voice_sent: BTreeMap<u64, u64>,
    voice_delay_us: Vec<u64>,
}

impl Lab {
    fn new(seed: u64, flows: usize, there: LinkConfig, back: LinkConfig) -> Self {
        let config = adaptive();
        let mut p = Pair::connected(seed, LinkConfig::delay_ms(there.delay_us / 1000), &config);
        let mut conns = vec![p.c];
        for _ in 1..flows {
            let c = p.world.ctx(p.client).connect(p.address, &Arc::new(config)).unwrap();
            conns.push(c);
        }
        p.run(SECOND);
        p.world.set_link(p.client, p.server, there);
        p.world.set_link(p.server, p.client, back);
        Self {
            p,
            active: flows,
            flows: conns,
            bytes: BTreeMap::new(),
            queue_us: Vec::new(),
            cubic: None,
            voice: None,
            voice_sent: BTreeMap::new(),
            voice_delay_us: Vec::new(),
        }
    }

    /// One more flow connects over the link as it is now.
    fn join(&mut self) {
        let config = Arc::new(adaptive());
        let c = self.p.world.ctx(self.p.client).connect(self.p.address, &config).unwrap();
        let client = self.p.client;
        let connected = ConnectionState::Connected;
        self.p.world.run_until(10 * SECOND, |w| w.ctx(client).state(c) == connected).unwrap();
        self.flows.push(c);
        self.active = self.flows.len();
    }

    fn rate(&mut self, rate: u64, queue_ms: u64) {
        let link = bottleneck(rate, 25, queue_ms);
        self.p.world.set_link(self.p.client, self.p.server, link);
    }

    /// Fills the bulk flows' buffers for so long; returns bytes per second that arrived, by flow.
    fn run(&mut self, us: u64) -> Vec<f64> {
        self.bytes.clear();
        let end = self.p.world.now_us() + us;
        while self.p.world.now_us() < end {
            self.tick();
        }
        let by_flow: Vec<f64> = self.bytes.values().map(|b| *b as f64 * 1e6 / us as f64).collect();
        by_flow
    }

    fn tick(&mut self) {
        let (client, server) = (self.p.client, self.p.server);
        let now = self.p.world.now_us();
        for c in &self.flows[..self.active] {
            // Room is left for others' messages.
            let waiting = self.p.world.ctx(client).status(*c, 0).unwrap().0.pending_reliable;
            for _ in waiting / 8000..BULK_MESSAGES {
                self.p.world.ctx(client).send(*c, 8000, RELIABLE, 0).unwrap().unwrap();
            }
        }
        if let Some(lane) = self.voice
            && now / 20_000 != (now - TICK_US) / 20_000
        {
            let number = self.p.send(Client, 100, UNRELIABLE, lane);
            self.voice_sent.insert(number, now);
        }
        self.p.run(TICK_US);
        let now = self.p.world.now_us();
        if let Some(cubic) = &mut self.cubic {
            cubic.step(now, |bytes| self.p.world.carry_foreign(client, server, bytes));
        }
        self.queue_us.push(self.p.world.link(client, server).backlog_us(now));
        for got in self.p.got_by_server.borrow_mut().drain(..) {
            if Some(got.message.lane) == self.voice {
                let sent = self.voice_sent.get(&got.message.number).unwrap();
                self.voice_delay_us.push(got.at_us - sent);
            } else {
                *self.bytes.entry(got.conn).or_default() += got.message.payload.len() as u64;
            }
        }
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

fn bottleneck_of(rate: u64) {
    let mut lab = Lab::new(rate, 1, bottleneck(rate, 25, 200), LinkConfig::delay_ms(25));
    let start = lab.run(3 * SECOND)[0];
    lab.queue_p95_ms();
    let first = lab.run(SECOND)[0] / rate as f64;
    let share = lab.run(10 * SECOND)[0] / rate as f64;
    let p95 = lab.queue_p95_ms();
    let estimate = lab.p.status(Client).send_rate_bytes_per_sec;
    println!(
        "{rate}: 0-3 s {start:.0}, 3-4 s {first:.3}, 4-14 s {share:.3}, p95 {p95:.1} ms, est {estimate}"
    );
    assert!(first >= 0.85 && share >= 0.85 && p95 < 30.0);
}

#[test]
fn one_megabit() {
    bottleneck_of(MBIT);
}

#[test]
fn ten_megabit() {
    bottleneck_of(10 * MBIT);
}

#[test]
fn a_hundred_megabit() {
    bottleneck_of(100 * MBIT);
}

#[test]
fn steps_are_followed_within_two_seconds() {
    let mut lab = Lab::new(22, 1, bottleneck(20 * MBIT, 25, 200), LinkConfig::delay_ms(25));
    lab.run(5 * SECOND);
    for to in [80 * MBIT, 20 * MBIT, 40 * MBIT, 4 * MBIT] {
        lab.rate(to, 200);
        lab.run(2 * SECOND);
        lab.queue_p95_ms();
        let share = lab.run(3 * SECOND)[0] / to as f64;
        let p95 = lab.queue_p95_ms();
        println!("step to {to}: {share:.3} after 2 s, p95 {p95:.1} ms");
        assert!(share >= 0.85 && p95 < 30.0);
    }
}

fn with_loss(loss: f64) -> f64 {
    let link = bottleneck(10_000_000, 50, 200).with_loss(loss);
    let mut lab = Lab::new(23, 1, link, LinkConfig::delay_ms(50));
    lab.run(4 * SECOND);
    let share = lab.run(8 * SECOND)[0] / (10_000_000.0 * (1.0 - loss));
    let status = lab.p.status(Client);
    println!("loss {loss}: {share:.3} of what is possible, est {}", status.send_rate_bytes_per_sec);
    share
}

#[test]
fn one_percent_of_random_loss() {
    assert!(with_loss(0.01) >= 0.85);
}

#[test]
fn five_percent_of_random_loss() {
    assert!(with_loss(0.05) >= 0.85);
}

#[test]
fn reordering_by_ten_milliseconds() {
    let link = LinkConfig { reorder: 0.1, reorder_us: 10_000, ..bottleneck(20 * MBIT, 25, 200) };
    let mut lab = Lab::new(24, 1, link, LinkConfig::delay_ms(25));
    lab.run(3 * SECOND);
    let share = lab.run(8 * SECOND)[0] / (20 * MBIT) as f64;
    println!("reordering: {share:.3}");
    assert!(share >= 0.85);
}

#[test]
fn late_acknowledgements() {
    let back = LinkConfig { jitter_us: 20_000, ..LinkConfig::delay_ms(45) };
    let mut lab = Lab::new(25, 1, bottleneck(20 * MBIT, 25, 200), back);
    lab.run(3 * SECOND);
    lab.queue_p95_ms();
    let share = lab.run(8 * SECOND)[0] / (20 * MBIT) as f64;
    let p95 = lab.queue_p95_ms();
    println!("late acks: {share:.3}, p95 {p95:.1} ms");
    assert!(share >= 0.85 && p95 < 30.0);
}

#[test]
fn idle_and_then_in_bulk() {
    let mut lab = Lab::new(26, 1, bottleneck(40 * MBIT, 25, 200), LinkConfig::delay_ms(25));
    lab.run(4 * SECOND);
    lab.active = 0;
    lab.run(5 * SECOND);
    lab.active = 1;
    lab.queue_p95_ms();
    let first = lab.run(SECOND)[0] / (40 * MBIT) as f64;
    let then = lab.run(3 * SECOND)[0] / (40 * MBIT) as f64;
    let p95 = lab.queue_p95_ms();
    println!("after silence: first second {first:.3}, then {then:.3}, p95 {p95:.1} ms");
    assert!(first >= 0.7 && then >= 0.85 && p95 < 30.0);
}

#[test]
fn voice_beside_bulk() {
    let mut lab = Lab::new(27, 1, bottleneck(10 * MBIT, 25, 200), LinkConfig::delay_ms(25));
    let lanes = [LaneConfig { priority: 1, weight: 1 }, LaneConfig { priority: 0, weight: 1 }];
    let (client, c) = (lab.p.client, lab.p.c);
    lab.p.world.ctx(client).configure_lanes(c, &lanes).unwrap();
    lab.run(3 * SECOND);
    lab.voice = Some(1);
    lab.run(20 * SECOND);
    let p99 = percentile(&mut lab.voice_delay_us, 99);
    println!("voice: p99 {p99:.1} ms of {}", lab.voice_delay_us.len());
    assert!(p99 < 70.0 && lab.voice_delay_us.len() > 900);
}

#[test]
fn beside_cubic() {
    let mut lab = Lab::new(28, 1, bottleneck(20 * MBIT, 25, 50), LinkConfig::delay_ms(25));
    lab.cubic = Some(Cubic::new(25_000));
    lab.run(10 * SECOND);
    let before = lab.cubic.as_ref().unwrap().delivered;
    let own = lab.run(30 * SECOND)[0] * 30.0;
    let other = (lab.cubic.as_ref().unwrap().delivered - before) as f64;
    let share = own / (own + other);
    println!("beside Cubic: {share:.3}, total {:.3}", (own + other) / (30 * 20 * MBIT) as f64);
    assert!((0.3..=0.7).contains(&share));
}

/// Twice the same flow, the second one from three to four seconds on; after five more seconds: their ratio, their
/// common share of the link, and the queue's p95 in milliseconds.
fn two_flows(seed: u64, rate: u64) -> (f64, f64, f64) {
    let mut lab = Lab::new(seed, 1, bottleneck(rate, 25, 200), LinkConfig::delay_ms(25));
    lab.run(3 * SECOND + seed * 137_000 % SECOND);
    lab.join();
    lab.run(5 * SECOND);
    lab.queue_p95_ms();
    let both = lab.run(20 * SECOND);
    let (low, high) = (both[0].min(both[1]), both[0].max(both[1]));
    (high / low, (low + high) / rate as f64, lab.queue_p95_ms())
}

/// Median and largest of a figure.
fn spread(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let mut all: Vec<f64> = values.collect();
    all.sort_by(f64::total_cmp);
    (all[all.len() / 2], all[all.len() - 1])
}

fn two_flows_meet(rate: u64, seeds: u64, worst: f64, queue_ms: f64) {
    let all: Vec<_> = (100..100 + seeds).map(|seed| two_flows(seed, rate)).collect();
    let ratio = spread(all.iter().map(|a| a.0));
    let lost = spread(all.iter().map(|a| 1.0 - a.1));
    let queue = spread(all.iter().map(|a| a.2));
    println!(
        "two flows at {rate}, median and worst: ratio {ratio:.3?}, unused {lost:.3?}, p95 {queue:.1?} ms"
    );
    assert!(ratio.0 < 1.15 && ratio.1 < worst && lost.1 < 0.1 && queue.0 < queue_ms);
}

#[test]
fn two_flows_meet_at_one_megabit() {
    two_flows_meet(MBIT, 20, 2.0, 60.0);
}

#[test]
fn two_flows_meet_at_ten_megabit() {
    two_flows_meet(10 * MBIT, 20, 1.3, 30.0);
}

#[test]
fn two_flows_meet_at_a_hundred_megabit() {
    // The unoptimised build is slow.
    let seeds = if cfg!(debug_assertions) { 3 } else { 20 };
    two_flows_meet(100 * MBIT, seeds, 1.3, 30.0);
}
