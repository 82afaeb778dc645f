//! Links: what happens to a datagram between two addresses.

use crate::rng::SimRng;

/// Loss in bursts, after Gilbert: the link is good or bad, and changes between the two at random.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Burst {
    /// Chance per datagram to turn bad.
    pub to_bad: f64,
    /// Chance per datagram to turn good again.
    pub to_good: f64,
    /// Loss while bad.
    pub loss: f64,
}

/// How one direction of a link treats datagrams. The default is a perfect link without delay.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct LinkConfig {
    /// Delay of every datagram, microseconds.
    pub delay_us: u64,
    /// Up to this much more, different for each; microseconds. Keeps the order.
    pub jitter_us: u64,
    /// Share of datagrams that get lost, each for itself.
    pub loss: f64,
    /// Loss in bursts.
    pub burst: Option<Burst>,
    /// Share of datagrams that arrive twice.
    pub duplicate: f64,
    /// The second copy comes up to this much later, microseconds.
    pub duplicate_us: u64,
    /// Share of datagrams that are overtaken by later ones.
    pub reorder: f64,
    /// They come up to this much later, microseconds.
    pub reorder_us: u64,
    /// Share of datagrams that are damaged: bits flipped, cut short, or prolonged.
    pub corrupt: f64,
    /// Bytes per second; `None` for any number.
    pub rate: Option<u64>,
    /// Bytes that wait before the rate limit; what comes beyond is dropped.
    pub queue_bytes: u64,
}

impl LinkConfig {
    /// A perfect link with a delay.
    pub fn delay_ms(ms: u64) -> Self {
        Self { delay_us: ms * 1000, ..Self::default() }
    }

    /// The same link with this share of loss.
    #[must_use]
    pub fn with_loss(self, loss: f64) -> Self {
        Self { loss, ..self }
    }

    /// The same path without any fault: only the delay is left.
    #[must_use]
    pub fn healed(&self) -> Self {
        Self { delay_us: self.delay_us, ..Self::default() }
    }

    /// Whether datagrams may get lost.
    pub fn loses(&self) -> bool {
        self.loss > 0.0 || self.burst.is_some() || self.rate.is_some() || self.corrupt > 0.0
    }

    /// Whether datagrams may arrive in another order than they were sent, or twice.
    pub fn shuffles(&self) -> bool {
        self.reorder > 0.0 || self.duplicate > 0.0
    }
}

/// Why a datagram did not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// By chance.
    Chance,
    /// The queue before the rate limit was full.
    Queue,
    /// The link was down.
    Down,
}

/// What a link did so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkCounters {
    /// Datagrams that entered.
    pub sent: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Lost by chance.
    pub lost: u64,
    /// Dropped at the full queue.
    pub queue_drops: u64,
    /// Swallowed while down.
    pub blacked_out: u64,
    /// Second copies.
    pub duplicated: u64,
    /// Overtaken.
    pub reordered: u64,
    /// Damaged.
    pub corrupted: u64,
}

/// One direction of a link.
#[derive(Clone, Debug)]
pub struct Link {
    config: LinkConfig,
    rng: SimRng,
    bad: bool,
    /// The link is down in these spans of time, microseconds.
    blackouts: Vec<(u64, u64)>,
    /// When the rate limit is done with everything taken so far.
    busy_until_us: u64,
    /// Arrival of the last datagram that was not reordered.
    last_arrival_us: u64,
    counters: LinkCounters,
}

impl Link {
    /// A link with its own random numbers.
    pub const fn new(config: LinkConfig, rng: SimRng) -> Self {
        Self {
            config,
            rng,
            bad: false,
            blackouts: Vec::new(),
            busy_until_us: 0,
            last_arrival_us: 0,
            counters: LinkCounters {
                sent: 0,
                bytes: 0,
                lost: 0,
                queue_drops: 0,
                blacked_out: 0,
                duplicated: 0,
                reordered: 0,
                corrupted: 0,
            },
        }
    }

    /// How it treats datagrams now.
    pub const fn config(&self) -> &LinkConfig {
        &self.config
    }

    /// Another treatment from now on. Datagrams under way are not affected.
    pub fn set_config(&mut self, config: LinkConfig) {
        self.config = config;
    }

    /// Takes the link down from `from_us` until before `to_us`.
    pub fn black_out(&mut self, from_us: u64, to_us: u64) {
        self.blackouts.push((from_us, to_us));
    }

    /// Forgets all blackouts.
    pub fn clear_blackouts(&mut self) {
        self.blackouts.clear();
    }

    /// What it did so far.
    pub const fn counters(&self) -> &LinkCounters {
        &self.counters
    }

    /// How long a datagram that came now would wait before the rate limit, microseconds.
    pub const fn backlog_us(&self, now_us: u64) -> u64 {
        self.busy_until_us.saturating_sub(now_us)
    }

    /// Takes a datagram; pushes what arrives, with its time, to `out`: nothing, the datagram, or two copies.
    pub fn carry(&mut self, now_us: u64, data: Vec<u8>, out: &mut Vec<(u64, Vec<u8>)>) -> Option<Lost> {
        self.counters.sent += 1;
        self.counters.bytes += data.len() as u64;
        if self.blackouts.iter().any(|(from, to)| (*from..*to).contains(&now_us)) {
            self.counters.blacked_out += 1;
            return Some(Lost::Down);
        }
        let Some(left_us) = self.pass_rate_limit(now_us, data.len() as u64) else {
            self.counters.queue_drops += 1;
            return Some(Lost::Queue);
        };
        if self.loses_this_one() {
            self.counters.lost += 1;
            return Some(Lost::Chance);
        }
        let copies = self.rng.chance(self.config.duplicate);
        let mut at = left_us + self.config.delay_us;
        if self.config.jitter_us > 0 {
            at += self.rng.below(self.config.jitter_us + 1);
        }
        at = at.max(self.last_arrival_us);
        if self.rng.chance(self.config.reorder) {
            self.counters.reordered += 1;
            at += self.rng.between(1, self.config.reorder_us.max(1));
        } else {
            self.last_arrival_us = at;
        }
        if copies {
            self.counters.duplicated += 1;
            let later = self.rng.below(self.config.duplicate_us + 1);
            let copy = self.damage(data.clone());
            out.push((at + later, copy));
        }
        let data = self.damage(data);
        out.push((at, data));
        None
    }

    fn pass_rate_limit(&mut self, now_us: u64, bytes: u64) -> Option<u64> {
        let Some(rate) = self.config.rate else { return Some(now_us) };
        let rate = rate.max(1);
        let start = self.busy_until_us.max(now_us);
        let waiting = (start - now_us).saturating_mul(rate) / 1_000_000;
        if waiting > 0 && waiting + bytes > self.config.queue_bytes {
            return None;
        }
        self.busy_until_us = start + (bytes * 1_000_000).div_ceil(rate);
        Some(self.busy_until_us)
    }

    fn loses_this_one(&mut self) -> bool {
        let mut lost = self.rng.chance(self.config.loss);
        if let Some(burst) = self.config.burst {
            let turn = if self.bad { burst.to_good } else { burst.to_bad };
            self.bad ^= self.rng.chance(turn);
            lost |= self.bad && self.rng.chance(burst.loss);
        }
        lost
    }

    fn damage(&mut self, data: Vec<u8>) -> Vec<u8> {
        if !self.rng.chance(self.config.corrupt) {
            return data;
        }
        self.counters.corrupted += 1;
        corrupted(&mut self.rng, data)
    }
}

/// A damaged copy: some bits flipped, or cut short, or with bytes behind it.
pub(crate) fn corrupted(rng: &mut SimRng, mut data: Vec<u8>) -> Vec<u8> {
    match rng.below(4) {
        0 => data.truncate(rng.below(data.len() as u64 + 1) as usize),
        1 => {
            let more = rng.between(1, 300) as usize;
            let from = data.len();
            data.resize(from + more, 0);
            if let Some(tail) = data.get_mut(from..) {
                rng.fill(tail);
            }
        }
        _ => {
            for _ in 0..rng.between(1, 8) {
                let bit = rng.below(data.len() as u64 * 8);
                if let Some(b) = data.get_mut((bit / 8) as usize) {
                    *b ^= 1 << (bit % 8);
                }
            }
        }
    }
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    fn carry_all(config: LinkConfig, n: u64, every_us: u64) -> (Vec<(u64, u64)>, LinkCounters) {
        let mut link = Link::new(config, SimRng::new(3));
        let mut arrivals = Vec::new();
        for i in 0..n {
            let mut out = Vec::new();
            link.carry(i * every_us, i.to_le_bytes().to_vec(), &mut out);
            arrivals.extend(
                out.into_iter().filter_map(|(at, d)| Some((at, u64::from_le_bytes(d.try_into().ok()?)))),
            );
        }
        arrivals.sort();
        (arrivals, *link.counters())
    }

    #[test]
    fn a_perfect_link_only_delays() {
        let (arrivals, _) = carry_all(LinkConfig::delay_ms(20), 100, 10);
        assert!(arrivals.iter().enumerate().all(|(i, a)| *a == (i as u64 * 10 + 20_000, i as u64)));
    }

    #[test]
    fn jitter_keeps_the_order_and_reordering_does_not() {
        let jitter = LinkConfig { jitter_us: 50_000, ..LinkConfig::default() };
        let order: Vec<u64> = carry_all(jitter, 500, 100).0.iter().map(|a| a.1).collect();
        let sorted: Vec<u64> = (0..500).collect();
        // Equal arrival times sort by content here; the world orders them by sequence.
        assert_eq!(order, sorted);
        let reorder = LinkConfig { reorder: 0.2, reorder_us: 5_000, ..LinkConfig::default() };
        let (arrivals, counters) = carry_all(reorder, 500, 100);
        assert_eq!(arrivals.len(), 500);
        assert!(counters.reordered > 50);
        assert_ne!(arrivals.iter().map(|a| a.1).collect::<Vec<_>>(), sorted);
    }

    #[test]
    fn the_rate_holds_and_the_tail_is_dropped() {
        let config = LinkConfig { rate: Some(8_000), queue_bytes: 800, ..LinkConfig::default() };
        // Eight bytes each millisecond are exactly the rate; twice as many are not.
        assert_eq!(carry_all(config.clone(), 1000, 1000).1.queue_drops, 0);
        let (arrivals, counters) = carry_all(config, 1000, 500);
        assert!((380..=420).contains(&counters.queue_drops), "{}", counters.queue_drops);
        let waits = arrivals.iter().map(|(at, n)| at - n * 500).max();
        assert!(waits.is_some_and(|w| (99_000..=102_000).contains(&w)), "{waits:?}");
    }

    #[test]
    fn bursts_lose_in_runs() {
        let burst = Some(Burst { to_bad: 0.01, to_good: 0.1, loss: 1.0 });
        let (arrivals, counters) = carry_all(LinkConfig { burst, ..LinkConfig::default() }, 10_000, 10);
        assert!((500..1500).contains(&counters.lost), "{}", counters.lost);
        let gaps = arrivals.windows(2).filter(|w| w[1].1 - w[0].1 > 1).count() as u64;
        assert!(counters.lost > gaps * 4, "{} lost in {gaps} runs", counters.lost);
    }
}
