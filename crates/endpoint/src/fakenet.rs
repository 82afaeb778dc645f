//! A bad network made to order: loss, delay, reordering, duplication, jitter and a rate limit (protocol.md §7).
//!
//! It sits between the endpoint and the sockets. Each direction treats a datagram in the same order as the reference
//! library: rate limit, loss, fixed delay, jitter, reordering, duplication. The outcome depends on nothing but the
//! seed and the calls; the two directions have generators of their own and do not influence each other.
//!
//! The rate limit is a token bucket that counts UDP payload. A datagram passes while the bucket is not in debt and may
//! take it into debt, so that even a burst of 0 lets whole datagrams through at the right rate. What comes during the
//! debt waits for its turn as in the queue of a router, and is dropped when the queue is full. The reference library
//! has no such queue and drops at once: [`DirectionConfig::rate_queue_bytes`] 0 does the same.

use alloc::collections::BinaryHeap;
use alloc::vec::Vec;
use core::cmp::{Ordering, Reverse};
use core::net::SocketAddr;
use gamesockets_crypto::rng::Rng;
use gamesockets_wire::time::Timestamp;

/// Most datagrams that wait in one direction: five seconds of delay at 13,000 datagrams per second.
pub const QUEUE_PACKETS_MAX: usize = 65_536;
/// Most bytes that wait in one direction: five seconds of delay at 100 Mbit/s.
pub const QUEUE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Queue before the rate limit when nothing else is said, bytes: four times the default burst, which is half a second
/// at 1 Mbit/s.
pub const RATE_QUEUE_BYTES: u32 = 64 * 1024;

/// Whole part at which an exponential draw is cut off; reached once in e^64 draws.
const EXPONENTIAL_WHOLE_MAX: u64 = 64;
/// Longest falling run of 32-bit draws that is followed; longer ones occur once in 33! draws.
const FALLING_RUN_MAX: u32 = 32;
const MICROS_PER_SECOND: i128 = 1_000_000;

/// Which way a datagram goes, seen from this host.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Direction {
    /// Out.
    Send,
    /// In.
    Recv,
}

/// What happens to datagrams of one direction. The default does nothing to them.
///
/// Numbers outside the ranges count as the nearest end.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct DirectionConfig {
    /// Share of datagrams that get lost, percent.
    pub loss_pct: f32,
    /// Delay of every datagram, milliseconds from 0.
    pub lag_ms: i32,
    /// Share of datagrams delayed by a further `reorder_ms`, percent.
    pub reorder_pct: f32,
    /// That further delay, milliseconds from 0.
    pub reorder_ms: i32,
    /// Share of datagrams that arrive twice, percent.
    pub dup_pct: f32,
    /// The second copy comes up to this much later, milliseconds from 0.
    pub dup_max_ms: i32,
    /// Mean of the exponentially distributed random delay, milliseconds from 0; 0 for none.
    pub jitter_avg_ms: f32,
    /// Longest random delay, milliseconds from 0.
    pub jitter_max_ms: f32,
    /// Share of datagrams with a random delay of their own, percent. The others only wait so as not to overtake.
    pub jitter_pct: f32,
    /// Most bytes per second; 0 for no limit.
    pub rate: i32,
    /// Bytes that may pass at once after a pause.
    pub burst: i32,
    /// Bytes that may wait because of the rate limit; beyond that datagrams are dropped.
    pub rate_queue_bytes: u32,
}

impl Default for DirectionConfig {
    fn default() -> Self {
        Self {
            loss_pct: 0.0,
            lag_ms: 0,
            reorder_pct: 0.0,
            reorder_ms: 15,
            dup_pct: 0.0,
            dup_max_ms: 10,
            jitter_avg_ms: 0.0,
            jitter_max_ms: 100.0,
            jitter_pct: 75.0,
            rate: 0,
            burst: 16_384,
            rate_queue_bytes: RATE_QUEUE_BYTES,
        }
    }
}

impl DirectionConfig {
    /// Whether any datagram can be touched.
    pub fn is_active(&self) -> bool {
        self.loss_pct > 0.0
            || self.lag_ms > 0
            || self.reorder_pct > 0.0 && self.reorder_ms > 0
            || self.dup_pct > 0.0
            || self.jitter_avg_ms > 0.0 && self.jitter_max_ms > 0.0 && self.jitter_pct > 0.0
            || self.rate > 0
    }
}

/// The simulated network of both directions.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct FakeNetConfig {
    /// Outgoing datagrams.
    pub send: DirectionConfig,
    /// Incoming datagrams.
    pub recv: DirectionConfig,
}

/// A datagram on its way through the simulated network. `S` names the driver's socket.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Packet<S> {
    /// The socket it goes out by or came in by.
    pub socket: S,
    /// The other end.
    pub peer: SocketAddr,
    /// UDP payload.
    pub data: Vec<u8>,
}

/// What became of the datagrams of one direction.
///
/// `submitted + duplicated` is the sum of `delivered`, `lost`, `rate_dropped`, `overflowed`, `discarded` and what is
/// still under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FakeNetCounters {
    /// Handed in.
    pub submitted: u64,
    /// Handed out again, second copies included.
    pub delivered: u64,
    /// Lost on purpose.
    pub lost: u64,
    /// Made to wait by the rate limit.
    pub rate_delayed: u64,
    /// Dropped by the rate limit.
    pub rate_dropped: u64,
    /// Given a random delay.
    pub jittered: u64,
    /// Given the delay for reordering.
    pub reordered: u64,
    /// Second copies made.
    pub duplicated: u64,
    /// Dropped because too many were under way.
    pub overflowed: u64,
    /// Thrown away with their socket.
    pub discarded: u64,
}

/// The simulated network.
#[derive(Debug)]
pub struct FakeNet<S> {
    send: Lane<S>,
    recv: Lane<S>,
}

impl<S: Copy + Eq> FakeNet<S> {
    /// A network that does nothing yet.
    pub fn new(mut rng: Rng) -> Self {
        let (send, recv) = (rng.fork("fakenet send"), rng.fork("fakenet recv"));
        Self { send: Lane::new(send), recv: Lane::new(recv) }
    }

    /// Changes the behaviour for datagrams submitted from now on; those under way keep their times.
    pub const fn set_config(&mut self, config: FakeNetConfig) {
        self.send.config = config.send;
        self.recv.config = config.recv;
    }

    /// Whether datagrams of this direction have to be submitted. If not, they can go straight on: nothing would
    /// happen to them and there is nothing under way that they could overtake.
    pub fn is_active(&self, direction: Direction) -> bool {
        let lane = self.lane(direction);
        lane.config.is_active() || !lane.queue.is_empty()
    }

    /// Takes a datagram in. It comes out of [`Self::pop_due`] once, twice or never.
    pub fn submit(&mut self, now: Timestamp, direction: Direction, packet: Packet<S>) {
        self.lane_mut(direction).submit(now, packet);
    }

    /// The next datagram that is through by `now`.
    pub fn pop_due(&mut self, now: Timestamp, direction: Direction) -> Option<Packet<S>> {
        self.lane_mut(direction).pop_due(now)
    }

    /// When the next datagram of either direction is through; may lie in the past.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let first = |lane: &Lane<S>| lane.queue.peek().map(|Reverse(p)| p.due);
        first(&self.send).into_iter().chain(first(&self.recv)).min()
    }

    /// Throws away all datagrams of a socket that goes away.
    pub fn discard_socket(&mut self, socket: S) {
        self.send.discard_socket(socket);
        self.recv.discard_socket(socket);
    }

    /// How many datagrams of this direction are under way.
    pub fn under_way(&self, direction: Direction) -> usize {
        self.lane(direction).queue.len()
    }

    /// What became of the datagrams of this direction so far.
    pub const fn counters(&self, direction: Direction) -> &FakeNetCounters {
        &self.lane(direction).counters
    }

    const fn lane(&self, direction: Direction) -> &Lane<S> {
        match direction {
            Direction::Send => &self.send,
            Direction::Recv => &self.recv,
        }
    }

    const fn lane_mut(&mut self, direction: Direction) -> &mut Lane<S> {
        match direction {
            Direction::Send => &mut self.send,
            Direction::Recv => &mut self.recv,
        }
    }
}

/// A datagram and when it is through; among equals the one that was queued first comes first.
#[derive(Debug)]
struct Delayed<S> {
    due: Timestamp,
    order: u64,
    packet: Packet<S>,
}

impl<S> Ord for Delayed<S> {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.due, self.order).cmp(&(other.due, other.order))
    }
}

impl<S> PartialOrd for Delayed<S> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<S> PartialEq for Delayed<S> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<S> Eq for Delayed<S> {}

/// One direction.
#[derive(Debug)]
struct Lane<S> {
    config: DirectionConfig,
    rng: Rng,
    bucket: Bucket,
    /// Jitter lets nothing through before this, so that it does not reorder.
    jitter_floor: Timestamp,
    queue: BinaryHeap<Reverse<Delayed<S>>>,
    queue_bytes: usize,
    queued: u64,
    counters: FakeNetCounters,
}

impl<S: Copy + Eq> Lane<S> {
    fn new(rng: Rng) -> Self {
        Self {
            config: DirectionConfig::default(),
            rng,
            bucket: Bucket::default(),
            jitter_floor: Timestamp::MIN,
            queue: BinaryHeap::new(),
            queue_bytes: 0,
            queued: 0,
            counters: FakeNetCounters::default(),
        }
    }

    fn submit(&mut self, now: Timestamp, packet: Packet<S>) {
        let config = self.config;
        self.counters.submitted += 1;
        let Some(departs) = self.bucket.admit(&config, now, packet.data.len()) else {
            self.counters.rate_dropped += 1;
            return;
        };
        self.counters.rate_delayed += u64::from(departs > now);
        if self.percent(config.loss_pct) {
            self.counters.lost += 1;
            return;
        }
        let reorder = self.percent(config.reorder_pct);
        let jitter = self.jitter_us();
        let duplicate = self.percent(config.dup_pct);

        let lagged = departs.plus_micros(micros(config.lag_ms));
        let mut due = lagged.plus_micros(jitter).max(self.jitter_floor);
        if due > lagged {
            self.jitter_floor = due;
        }
        if reorder {
            self.counters.reordered += 1;
            due = due.plus_micros(micros(config.reorder_ms));
        }
        let copy = duplicate.then(|| packet.clone());
        self.push(due, packet);
        if let Some(copy) = copy {
            self.counters.duplicated += 1;
            let later = 1 + self.rng.range_u64(micros(config.dup_max_ms));
            self.push(due.plus_micros(later), copy);
        }
    }

    fn push(&mut self, due: Timestamp, packet: Packet<S>) {
        let bytes = self.queue_bytes.saturating_add(packet.data.len());
        if self.queue.len() >= QUEUE_PACKETS_MAX || bytes > QUEUE_BYTES_MAX {
            self.counters.overflowed += 1;
            return;
        }
        self.queue_bytes = bytes;
        self.queued += 1;
        self.queue.push(Reverse(Delayed { due, order: self.queued, packet }));
    }

    fn pop_due(&mut self, now: Timestamp) -> Option<Packet<S>> {
        self.queue.peek().filter(|Reverse(p)| p.due <= now)?;
        let Reverse(Delayed { packet, .. }) = self.queue.pop()?;
        self.queue_bytes = self.queue_bytes.saturating_sub(packet.data.len());
        self.counters.delivered += 1;
        Some(packet)
    }

    fn discard_socket(&mut self, socket: S) {
        let before = self.queue.len();
        self.queue.retain(|Reverse(p)| p.packet.socket != socket);
        self.queue_bytes = self.queue.iter().map(|Reverse(p)| p.packet.data.len()).sum();
        self.counters.discarded += (before - self.queue.len()) as u64;
    }

    /// True with a probability in percent; draws nothing if it is zero.
    fn percent(&mut self, pct: f32) -> bool {
        pct > 0.0 && self.rng.chance(f64::from(pct) / 100.0)
    }

    /// The random delay of one datagram.
    fn jitter_us(&mut self) -> u64 {
        let config = self.config;
        let active = config.jitter_avg_ms > 0.0 && config.jitter_max_ms > 0.0;
        if !active || !self.percent(config.jitter_pct) {
            return 0;
        }
        self.counters.jittered += 1;
        let (avg, max) = (micros_f32(config.jitter_avg_ms), micros_f32(config.jitter_max_ms));
        let scaled = (u128::from(exponential(&mut self.rng)) * u128::from(avg)) >> 32;
        u64::try_from(scaled).unwrap_or(u64::MAX).min(max)
    }
}

/// A number drawn from the exponential distribution of mean 1, with 32 fraction bits.
///
/// Von Neumann's method: it compares uniform numbers and takes no logarithm, so a seed gives the same numbers on every
/// platform. The run of falling draws that starts with x has odd length with probability e^-x.
fn exponential(rng: &mut Rng) -> u64 {
    for whole in 0..EXPONENTIAL_WHOLE_MAX {
        let first = rng.next_u32();
        let (mut last, mut length) = (first, 1);
        while length < FALLING_RUN_MAX {
            let next = rng.next_u32();
            if next >= last {
                break;
            }
            (last, length) = (next, length + 1);
        }
        if length % 2 == 1 {
            return whole << 32 | u64::from(first);
        }
    }
    EXPONENTIAL_WHOLE_MAX << 32
}

/// The token bucket of one direction, in bytes × 10⁶ so that a microsecond at any rate is a whole number.
#[derive(Debug, Default)]
struct Bucket {
    /// Tokens at the moment `at`; negative in debt.
    level: i128,
    /// When the last datagram left or leaves; `None` for a full bucket.
    at: Option<Timestamp>,
}

impl Bucket {
    /// When a datagram of `len` bytes leaves, or `None` if the queue is full.
    fn admit(&mut self, config: &DirectionConfig, now: Timestamp, len: usize) -> Option<Timestamp> {
        let Some(rate) = u64::try_from(config.rate).ok().filter(|rate| *rate > 0) else {
            self.at = None;
            return Some(now);
        };
        let gained = |us: u64| i128::from(us) * i128::from(rate);
        let full = i128::from(config.burst.max(0)) * MICROS_PER_SECOND;
        let start = self.at.map_or(now, |at| at.max(now));
        let level = self.at.map_or(full, |at| full.min(self.level + gained(start.micros_since(at))));

        let debt = u128::try_from(-level).unwrap_or(0);
        let wait = u64::try_from(debt.div_ceil(u128::from(rate))).unwrap_or(u64::MAX);
        let departs = start.plus_micros(wait);
        let ahead = gained(departs.micros_since(now));
        if ahead > i128::from(config.rate_queue_bytes) * MICROS_PER_SECOND {
            return None;
        }
        let cost = i128::try_from(len).unwrap_or(i128::MAX / MICROS_PER_SECOND) * MICROS_PER_SECOND;
        self.level = full.min(level + gained(wait)) - cost;
        self.at = Some(departs);
        Some(departs)
    }
}

fn micros(ms: i32) -> u64 {
    u64::try_from(ms).unwrap_or(0) * 1000
}

/// Milliseconds to microseconds; negative and NaN give 0.
fn micros_f32(ms: f32) -> u64 {
    (f64::from(ms) * 1000.0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::net::Ipv4Addr;
    use gamesockets_crypto::rng::Rng;
    use proptest::prelude::*;

    const OFF: DirectionConfig = DirectionConfig {
        loss_pct: 0.0,
        lag_ms: 0,
        reorder_pct: 0.0,
        reorder_ms: 15,
        dup_pct: 0.0,
        dup_max_ms: 10,
        jitter_avg_ms: 0.0,
        jitter_max_ms: 100.0,
        jitter_pct: 75.0,
        rate: 0,
        burst: 16_384,
        rate_queue_bytes: RATE_QUEUE_BYTES,
    };

    fn at(us: u64) -> Timestamp {
        Timestamp::from_micros(1_000_000 + us)
    }

    fn packet(number: u32, len: usize) -> Packet<u8> {
        let mut data = number.to_le_bytes().to_vec();
        data.resize(len.max(4), 0);
        Packet { socket: 0, peer: SocketAddr::from((Ipv4Addr::LOCALHOST, 9)), data }
    }

    fn number(p: &Packet<u8>) -> u32 {
        u32::from_le_bytes(p.data[..4].try_into().unwrap())
    }

    fn net(send: DirectionConfig) -> FakeNet<u8> {
        let mut net = FakeNet::new(Rng::new([5; 32]));
        net.set_config(FakeNetConfig { send, recv: OFF });
        net
    }

    /// Sends `count` datagrams, one every `every` µs, and returns (number, µs from submission to delivery).
    fn run(net: &mut FakeNet<u8>, count: u32, every: u64, len: usize) -> Vec<(u32, u64)> {
        let mut out = Vec::new();
        let mut drain = |net: &mut FakeNet<u8>, until: Timestamp| {
            while let Some(due) = net.next_deadline().filter(|due| *due <= until) {
                while let Some(p) = net.pop_due(due, Direction::Send) {
                    let sent = at(u64::from(number(&p)) * every);
                    out.push((number(&p), due.micros_since(sent)));
                }
            }
        };
        for n in 0..count {
            let now = at(u64::from(n) * every);
            drain(net, now);
            net.submit(now, Direction::Send, packet(n, len));
        }
        drain(net, Timestamp::MAX);
        out
    }

    fn inversions(got: &[(u32, u64)]) -> usize {
        got.windows(2).filter(|w| w[1].0 < w[0].0).count()
    }

    fn near(value: f64, expect: f64, tolerance: f64) {
        assert!((value - expect).abs() <= tolerance, "{value} is not {expect} ± {tolerance}");
    }

    #[test]
    fn nothing_set_changes_nothing() {
        assert_eq!(DirectionConfig::default(), OFF);
        let mut net = net(OFF);
        assert!(!net.is_active(Direction::Send) && !net.is_active(Direction::Recv));
        let got = run(&mut net, 1000, 7, 100);
        assert!(got.iter().zip(0..).all(|(g, n)| *g == (n, 0)) && got.len() == 1000);
        assert_eq!(net.next_deadline(), None);
    }

    #[test]
    fn five_percent_get_lost() {
        let mut net = net(DirectionConfig { loss_pct: 5.0, ..OFF });
        let got = run(&mut net, 100_000, 10, 100);
        near(got.len() as f64 / 100_000.0, 0.95, 0.003);
        assert_eq!(net.counters(Direction::Send).lost + got.len() as u64, 100_000);
        assert!(got.iter().all(|g| g.1 == 0) && inversions(&got) == 0);
    }

    #[test]
    fn all_get_lost() {
        let got = run(&mut net(DirectionConfig { loss_pct: 100.0, ..OFF }), 1000, 10, 100);
        assert!(got.is_empty());
    }

    #[test]
    fn lag_is_exact_and_ends_with_the_last_datagram() {
        let mut net = net(DirectionConfig { lag_ms: 80, ..OFF });
        let got = run(&mut net, 5000, 100, 100);
        assert!(got.iter().zip(0..).all(|(g, n)| *g == (n, 80_000)) && got.len() == 5000);
        net.submit(at(0), Direction::Send, packet(0, 10));
        net.set_config(FakeNetConfig::default());
        assert!(net.is_active(Direction::Send), "one is still under way");
        assert_eq!(net.pop_due(at(79_999), Direction::Send), None);
        assert!(net.pop_due(at(80_000), Direction::Send).is_some());
        assert!(!net.is_active(Direction::Send));
    }

    #[test]
    fn ten_percent_are_overtaken() {
        let mut net = net(DirectionConfig { lag_ms: 5, reorder_pct: 10.0, reorder_ms: 15, ..OFF });
        let got = run(&mut net, 50_000, 1000, 100);
        let late = got.iter().filter(|g| g.1 == 20_000).count();
        assert!(got.iter().all(|g| g.1 == 5000 || g.1 == 20_000));
        near(late as f64 / 50_000.0, 0.1, 0.005);
        assert!(inversions(&got) > 4000);
        assert_eq!(net.counters(Direction::Send).reordered, late as u64);
    }

    #[test]
    fn a_fifth_arrive_twice_within_the_given_time() {
        let mut net = net(DirectionConfig { dup_pct: 20.0, dup_max_ms: 30, ..OFF });
        let got = run(&mut net, 50_000, 1000, 100);
        let copies: Vec<f64> = got.iter().filter(|g| g.1 > 0).map(|g| g.1 as f64).collect();
        near(copies.len() as f64 / 50_000.0, 0.2, 0.006);
        assert_eq!(got.len(), 50_000 + copies.len());
        assert!(copies.iter().all(|us| (1.0..=30_000.0).contains(us)));
        near(copies.iter().sum::<f64>() / copies.len() as f64, 15_000.0, 300.0);
    }

    #[test]
    fn jitter_is_exponential_and_keeps_the_order() {
        // Far apart: each datagram shows the delay that was drawn for it.
        let config = DirectionConfig { jitter_avg_ms: 20.0, jitter_max_ms: 200.0, jitter_pct: 100.0, ..OFF };
        let got = run(&mut net(config), 50_000, 1_000_000, 100);
        let mean = got.iter().map(|g| g.1 as f64).sum::<f64>() / 50_000.0;
        near(mean, 20_000.0, 350.0);
        for (multiple, share) in [(0.5, 0.606_53), (1.0, 0.367_88), (2.0, 0.135_34), (3.0, 0.049_79)] {
            let beyond = got.iter().filter(|g| g.1 as f64 > 20_000.0 * multiple).count();
            near(beyond as f64 / 50_000.0, share, 0.008);
        }
        // Close together: they come in clumps, but in order.
        let got = run(&mut net(DirectionConfig { jitter_pct: 30.0, ..config }), 50_000, 1000, 100);
        assert_eq!((got.len(), inversions(&got)), (50_000, 0));
        assert!(got.iter().any(|g| g.1 > 40_000));
    }

    #[test]
    fn jitter_has_a_share_and_a_maximum() {
        let config = DirectionConfig { jitter_avg_ms: 20.0, jitter_max_ms: 25.0, jitter_pct: 30.0, ..OFF };
        let mut net = net(config);
        let got = run(&mut net, 50_000, 1_000_000, 100);
        near(net.counters(Direction::Send).jittered as f64 / 50_000.0, 0.3, 0.007);
        assert_eq!(got.iter().map(|g| g.1).max(), Some(25_000));
        let capped = got.iter().filter(|g| g.1 == 25_000).count();
        near(capped as f64 / 50_000.0, 0.3 * 0.286_5, 0.005);
    }

    #[test]
    fn the_exponential_draw_has_the_right_tail() {
        let mut rng = Rng::new([9; 32]);
        let draws: Vec<f64> =
            (0..200_000).map(|_| exponential(&mut rng) as f64 / f64::from(1 << 30) / 4.0).collect();
        let n = draws.len() as f64;
        let mean = draws.iter().sum::<f64>() / n;
        near(mean, 1.0, 0.01);
        near(draws.iter().map(|d| (d - mean) * (d - mean)).sum::<f64>() / n, 1.0, 0.03);
        near(draws.iter().filter(|d| **d > 5.0).count() as f64 / n, 0.006_738, 0.0008);
    }

    #[test]
    fn the_rate_is_exact_and_the_excess_waits_then_drops() {
        let config = DirectionConfig { rate: 100_000, burst: 10_000, rate_queue_bytes: 20_000, ..OFF };
        let mut net = net(config);
        // 1000 bytes every 2 ms: five times the rate.
        let got = run(&mut net, 10_000, 2000, 1000);
        let arrival = |g: &(u32, u64)| u64::from(g.0) * 2000 + g.1;
        let (first, last) = (arrival(&got[0]), arrival(&got[got.len() - 1]));
        assert_eq!(first, 0);
        // One more than the burst passes at once, because the last one goes into debt.
        let expect = 10_000 + 1000 + last / 10;
        assert!(
            (got.len() as u64 * 1000).abs_diff(expect) <= 1000,
            "{} bytes, not {expect}",
            got.len() * 1000
        );
        assert_eq!(inversions(&got), 0);
        assert_eq!(
            got.iter().map(|g| g.1).max().map(|us| us.div_ceil(10_000)),
            Some(20),
            "20,000 bytes at most wait"
        );
        let counters = net.counters(Direction::Send);
        assert!(counters.rate_delayed > 0 && counters.rate_dropped + got.len() as u64 == 10_000);
        // In any second no more than burst, rate and the datagram that goes into debt.
        for (n, g) in got.iter().enumerate() {
            let end = got[n..].iter().take_while(|h| arrival(h) < arrival(g) + 1_000_000).count();
            assert!(end * 1000 <= 10_000 + 100_000 + 1000);
        }
    }

    #[test]
    fn without_a_queue_the_excess_is_dropped_at_once() {
        let config = DirectionConfig { rate: 100_000, burst: 10_000, rate_queue_bytes: 0, ..OFF };
        let mut net = net(config);
        let got = run(&mut net, 10_000, 2000, 1000);
        assert!(got.iter().all(|g| g.1 == 0));
        assert!((got.len() as u64 * 1000).abs_diff(10_000 + 2_000_000) <= 1000, "{}", got.len());
        assert_eq!(net.counters(Direction::Send).rate_delayed, 0);
    }

    #[test]
    fn the_bucket_fills_while_idle_and_a_burst_of_zero_still_passes() {
        let config = DirectionConfig { rate: 1_000_000, burst: 3000, rate_queue_bytes: 0, ..OFF };
        let mut idle = net(config);
        for round in 0..5 {
            let now = at(round * 1_000_000);
            for n in 0..10 {
                idle.submit(now, Direction::Send, packet(n, 1000));
            }
            let passed = core::iter::from_fn(|| idle.pop_due(now, Direction::Send)).count();
            assert_eq!(passed, 4, "three within the burst, one into debt");
        }
        let got = run(&mut net(DirectionConfig { burst: 0, ..config }), 3000, 500, 1000);
        assert_eq!(got.len(), 1500);
    }

    #[test]
    fn what_is_under_way_is_bounded() {
        let mut net = net(DirectionConfig { lag_ms: 5000, ..OFF });
        for n in 0..QUEUE_PACKETS_MAX as u32 + 10 {
            net.submit(at(0), Direction::Send, packet(n, 4));
        }
        assert_eq!(net.under_way(Direction::Send), QUEUE_PACKETS_MAX);
        assert_eq!(net.counters(Direction::Send).overflowed, 10);
        net.discard_socket(0);
        assert_eq!((net.under_way(Direction::Send), net.next_deadline()), (0, None));
        for n in 0..70 {
            net.submit(at(0), Direction::Send, packet(n, 1024 * 1024));
        }
        assert_eq!(net.under_way(Direction::Send), QUEUE_BYTES_MAX / (1024 * 1024));
        while net.pop_due(Timestamp::MAX, Direction::Send).is_some() {}
        net.submit(at(0), Direction::Send, packet(0, QUEUE_BYTES_MAX));
        assert_eq!(net.under_way(Direction::Send), 1, "what came out makes room");
    }

    #[test]
    fn discarding_spares_other_sockets_and_the_order() {
        let mut net = net(DirectionConfig { lag_ms: 1, ..OFF });
        for n in 0..100 {
            net.submit(at(0), Direction::Send, Packet { socket: (n % 3) as u8, ..packet(n, 4) });
        }
        net.discard_socket(1);
        let left: Vec<_> =
            core::iter::from_fn(|| net.pop_due(at(1000), Direction::Send)).map(|p| number(&p)).collect();
        assert!(left.iter().copied().eq((0..100).filter(|n| n % 3 != 1)));
        assert_eq!(net.counters(Direction::Send).discarded, 33);
    }

    #[test]
    fn directions_do_not_influence_each_other() {
        let config = DirectionConfig { loss_pct: 30.0, dup_pct: 30.0, jitter_avg_ms: 5.0, ..OFF };
        let alone = run(&mut net(config), 500, 100, 50);
        let mut both = net(config);
        both.set_config(FakeNetConfig { send: config, recv: DirectionConfig { loss_pct: 50.0, ..OFF } });
        for n in 0..100 {
            both.submit(at(0), Direction::Recv, packet(n, 50));
        }
        while both.pop_due(at(0), Direction::Recv).is_some() {}
        assert_eq!(run(&mut both, 500, 100, 50), alone);
        assert!((20..80).contains(&both.counters(Direction::Recv).lost));
    }

    fn configs() -> impl Strategy<Value = DirectionConfig> {
        let pct = || prop_oneof![Just(0.0_f32), 0.0_f32..=100.0, any::<f32>()];
        let ms = || prop_oneof![Just(0), 0..50, any::<i32>()];
        let rates =
            (prop_oneof![Just(0), 1000..1_000_000, any::<i32>()], prop_oneof![0..20_000, any::<i32>()]);
        (pct(), ms(), (pct(), ms()), (pct(), ms()), (pct(), pct(), pct()), rates, 0_u32..50_000).prop_map(
            |(loss_pct, lag_ms, reorder, dup, jitter, rate, rate_queue_bytes)| DirectionConfig {
                loss_pct,
                lag_ms,
                reorder_pct: reorder.0,
                reorder_ms: reorder.1,
                dup_pct: dup.0,
                dup_max_ms: dup.1,
                jitter_avg_ms: jitter.0,
                jitter_max_ms: jitter.1,
                jitter_pct: jitter.2,
                rate: rate.0,
                burst: rate.1,
                rate_queue_bytes,
            },
        )
    }

    proptest! {
        /// Any configuration, changed under way: nothing panics, everything is accounted for, nothing comes early, and
        /// the same seed gives the same outcome.
        #[test]
        fn every_datagram_is_accounted_for(
            configs in prop::collection::vec(configs(), 1..4),
            calls in prop::collection::vec((0_u64..5000, 0_usize..1500, any::<bool>()), 0..200),
        ) {
            let play = || {
                let mut net: FakeNet<u8> = FakeNet::new(Rng::new([1; 32]));
                let (mut now, mut trace) = (0, Vec::new());
                for (n, (pause, len, pop)) in calls.iter().enumerate() {
                    let send = configs[n * configs.len() / calls.len()];
                    net.set_config(FakeNetConfig { send, recv: send });
                    now += pause;
                    net.submit(at(now), Direction::Send, packet(n as u32, *len));
                    while let Some(p) = pop.then(|| net.pop_due(at(now), Direction::Send)).flatten() {
                        trace.push((now, number(&p)));
                    }
                    let c = *net.counters(Direction::Send);
                    let out = c.delivered + c.lost + c.rate_dropped + c.overflowed + c.discarded;
                    assert_eq!(c.submitted + c.duplicated, out + net.under_way(Direction::Send) as u64);
                    assert_eq!(net.is_active(Direction::Send), send.is_active() || net.under_way(Direction::Send) > 0);
                }
                (trace, *net.counters(Direction::Send), net.next_deadline())
            };
            let (first, second) = (play(), play());
            prop_assert!(first == second);
        }

        /// The bucket never lets more through than burst, rate and one datagram, over any span of time.
        #[test]
        fn the_rate_holds_over_any_span(
            rate in 1_i32..2_000_000,
            burst in 0_i32..50_000,
            rate_queue_bytes in 0_u32..100_000,
            calls in prop::collection::vec((0_u64..20_000, 0_usize..1500), 1..200),
        ) {
            let config = DirectionConfig { rate, burst, rate_queue_bytes, ..OFF };
            let mut bucket = Bucket::default();
            let (mut now, mut passed) = (0, Vec::new());
            for (pause, len) in calls {
                now += pause;
                if let Some(departs) = bucket.admit(&config, at(now), len) {
                    prop_assert!(departs >= at(now));
                    let ahead = departs.micros_since(at(now)) as u128 * rate as u128;
                    prop_assert!(ahead <= u128::from(rate_queue_bytes) * 1_000_000);
                    passed.push((departs, len));
                }
            }
            prop_assert!(passed.windows(2).all(|w| w[0].0 <= w[1].0));
            for (n, first) in passed.iter().enumerate() {
                let mut bytes = 0;
                for (departs, len) in &passed[n..] {
                    // Before this one leaves, the bucket is not in debt.
                    let allowed = burst as u128 * 1_000_000 + departs.micros_since(first.0) as u128 * rate as u128;
                    prop_assert!(bytes as u128 * 1_000_000 <= allowed + rate as u128);
                    bytes += len;
                }
            }
        }
    }
}
