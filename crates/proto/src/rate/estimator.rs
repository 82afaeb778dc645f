//! Bandwidth estimation: BBR, version 3, for games.
//!
//! The model and the states are those of draft-ietf-ccwg-bbr-02 (sections named below): the highest delivery rate of
//! the last two probing cycles, the smallest round trip of the last seconds, and from their product how much belongs
//! in flight. What is different here, and why:
//!
//! * **Delay ends probing and start-up, not only loss.** A round whose *smallest* round trip is well above the path's
//!   minimum means a queue. Games want short queues, and most home routers have long ones that never lose.
//! * **Loss counts only with such a queue**, or when it is very high ([`LOSS_HEAVY_PERCENT`]). Radio links lose some
//!   percent at random; the draft's limit of 2 % alone would take that for congestion.
//! * **A path that became slower is believed after two rounds** that deliver less than 80 % of the estimate in front of
//!   a queue, or one that lost a fifth there as well. The draft waits until the filter forgets, which takes seconds while
//!   the queue grows.
//! * **Cruising yields to a queue**: it paces below the estimate and lowers the estimate itself while one stands
//!   ([`YIELD_MAX`], [`CONCEDE_PERCENT`]). What a flow accepts falls with the root of its rate, so of two flows the larger
//!   one concedes more and they meet; the draft relies on loss for that. A queue that stays whatever is conceded belongs
//!   to a flow that fills buffers, such as Cubic: then nothing is conceded ([`FOREIGN_CYCLES`]).
//! * **Probes are stronger and shorter**: half more than the estimate instead of a quarter, until a queue is seen.
//! * **Probing for the minimum round trip** halves the pacing instead of closing the window: a voice message never
//!   waits behind a closed window.
//! * **Probing for bandwidth** comes about once a second instead of every two to three, so that a faster path is found
//!   within two seconds.
//! * **Late acknowledgements** widen the window by what arrives during the longest recent lateness; that is measured
//!   directly (age of the oldest packet newly acknowledged, less the round trip, but no more than the time since the
//!   acknowledgement before) in place of the draft's "extra_acked". A peer whose acknowledgements come late, as those of
//!   the reference library do (50 ms), is asked for prompt ones while probing: a probe ends when its queue is seen.
//!
//! Integers only. Nothing here reads a clock or draws random numbers; probing times are spread by a seeded counter.

use super::RateController;
use super::delivery::{Batch, Delivery};
use super::fixed::{INITIAL_BYTES, RTT_UNKNOWN_US};
use gamesockets_wire::time::Timestamp;

/// Bytes of a full packet, for bounds.
const PACKET: u64 = 1255;
/// The pacing rate stays this far below the model, percent ("Pacing Rate": BBRPacingMarginPercent).
const MARGIN_PERCENT: u64 = 1;
/// The window is never smaller, bytes ("Minimum Congestion Window").
const WINDOW_MIN: u64 = 4 * PACKET;
/// The window in multiples of what the path holds ("Congestion Window": BBRDefaultCwndGain).
const WINDOW_GAIN: u64 = 2;
/// Start-up ends when the estimate grew by less than this, percent, … ("Startup": full bandwidth).
const FULL_GROWTH_PERCENT: u64 = 125;
/// … for so many rounds.
const FULL_ROUNDS: u8 = 3;
/// Loss that ends probing where there is a queue, percent of a round ("BBRLossThresh").
const LOSS_PERCENT: u64 = 2;
/// Loss that does so without a queue: a policer, or a buffer of a few packets.
const LOSS_HEAVY_PERCENT: u64 = 20;
/// Fewer bytes than this lost in a round are no sign of anything.
const LOSS_BYTES_MIN: u64 = 3 * PACKET;
/// What is left of a bound after congestive loss, percent ("BBRBeta").
const BETA_PERCENT: u64 = 70;
/// A round that delivers less than this part of the estimate in front of a queue, percent, …
const SLOWER_PERCENT: u64 = 80;
/// … so many times in a row: the path became slower.
const SLOWER_ROUNDS: u8 = 2;
/// The smallest queueing delay that counts, microseconds.
const QUEUE_MIN_US: u64 = 5_000;
/// How far cruising goes below the estimate in front of a long queue, per mille.
const YIELD_MAX: u64 = 250;
/// The same beside a flow that does not yield.
const YIELD_FOREIGN_MAX: u64 = 50;
/// Queueing delays below this are noise, microseconds.
const QUEUE_NOISE_US: u64 = 500;
/// Queueing delay that a cruising flow of [`YIELD_RATE`] accepts, microseconds; it falls with the root of the rate.
const YIELD_US: u64 = 4_000;
/// Bytes per second.
const YIELD_RATE: u64 = 1_250_000;
/// Of every round's yielding so much, percent, is taken off the estimate for good: others want the path, too.
const CONCEDE_PERCENT: u64 = 40;
/// Cruising takes no more than this off the estimate between two probes, per mille.
const CONCEDE_MAX: u64 = 250;
/// A queue that from probe to probe never gets shorter than half of what is accepted, so many times in a row, is made by
/// a flow that does not yield.
const FOREIGN_CYCLES: u8 = 2;
/// Paths that hold fewer bytes are probed gently: one packet more is a queue there.
const SMALL_PATH: u64 = 16 * PACKET;
/// Pacing of such a probe, percent.
const SMALL_UP_GAIN: u64 = 120;
/// In flight when a probe has filled the path, percent of what the path holds.
const UP_FILL_PERCENT: u64 = 140;
/// After this long without a round trip near the minimum, the minimum is probed, microseconds ("ProbeRTT").
const MIN_RTT_FRESH_US: u64 = 5_000_000;
/// How long that takes beyond a round trip, microseconds.
const PROBE_RTT_US: u64 = 200_000;
/// Time between probes for bandwidth, microseconds: this …
const PROBE_WAIT_US: u64 = 700_000;
/// … and up to this more, …
const PROBE_SPREAD_US: u64 = 400_000;
/// … and at least so many round trips.
const PROBE_WAIT_ROUNDS: u64 = 6;
/// A probe that finds neither more bandwidth nor a queue ends after so many rounds.
const UP_ROUNDS_MAX: u8 = 4;
/// Lateness of acknowledgements is believed up to this, microseconds.
const LATENESS_MAX_US: u64 = 100_000;
/// How long the largest lateness is remembered at least, microseconds.
const LATENESS_STRETCH_US: u64 = 5_000_000;
/// Shortest time between requests for acknowledgements, microseconds.
const ASK_EVERY_MIN_US: u64 = 10_000;
/// The same while probing for more, microseconds.
const ASK_PROBING_US: u64 = 5_000;
/// Acknowledgements that are never later than this come by themselves often enough, microseconds.
const PROMPT_US: u64 = 30_000;

/// What the estimator is doing ("State Machine Operation").
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// Doubling each round until the path is full.
    Startup,
    /// Emptying the queue that start-up made.
    Drain,
    /// Emptying the queue that a probe made.
    Down,
    /// Sending at the estimate.
    Cruise,
    /// Filling the path before a probe.
    Refill,
    /// Probing for more bandwidth.
    Up,
    /// Probing for the smallest round trip.
    ProbeRtt,
}

impl State {
    /// Pacing as a part of the estimate, percent.
    const fn gain(self) -> u64 {
        match self {
            Self::Startup => 277,
            Self::Drain => 36,
            Self::Down => 60,
            Self::Cruise | Self::Refill => 100,
            Self::Up => 150,
            Self::ProbeRtt => 50,
        }
    }
}

/// One round trip's worth of packets.
#[derive(Clone, Copy, Debug)]
struct Round {
    /// Over when a packet sent after so much was delivered is acknowledged.
    ends_at: u64,
    began_at: u64,
    lost: u64,
    best_rate: u64,
    app_limited: bool,
    /// Smallest and largest round trip in it, microseconds.
    min_rtt: Option<u64>,
    max_rtt: u64,
}

/// What loss took away, in case it was none.
#[derive(Clone, Copy, Debug)]
struct Undo {
    bw_short: Option<u64>,
    inflight_high: Option<u64>,
    state: State,
    /// Lost bytes that are still believed, and how many it took.
    believed: u64,
    needed: u64,
}

/// Estimates what the path carries, from acknowledgements alone.
#[derive(Debug)]
pub struct Estimator {
    min: u64,
    max: u64,
    initial: u64,
    delivery: Delivery,
    round: Round,
    /// Highest delivery rates of the previous and the present cycle, bytes per second.
    bw: [u64; 2],
    /// Whether the present cycle has seen the path's own rate.
    cycle_measured: bool,
    /// Short-term bound after loss.
    bw_short: Option<u64>,
    /// Most bytes in flight that the path took without much loss.
    inflight_high: Option<u64>,
    undo: Option<Undo>,
    min_rtt: Option<u64>,
    min_rtt_at: Timestamp,
    probe_min_rtt: Option<u64>,
    lateness: [u64; 2],
    lateness_since: Timestamp,
    full_bw: u64,
    full_rounds: u8,
    full_reached: bool,
    slower_rounds: u8,
    /// When that was believed last: packets sent before are no sign of anything more.
    believed_at: Timestamp,
    up_rounds: u8,
    previous_best: u64,
    /// Smallest queueing delay of the last round, microseconds.
    queue_us: u64,
    queue_before_us: u64,
    /// Smallest since the last probe, and how many times in a row that was long.
    cycle_queue_us: Option<u64>,
    foreign_cycles: u8,
    /// Taken off the estimate since the last probe, per mille, and rounds of cruising since then.
    conceded: u64,
    cruise_rounds: u8,
    last_rtt: u64,
    state: State,
    state_since: Timestamp,
    probe_wait_us: u64,
    seed: u64,
    probes: u64,
    in_flight: u64,
    asked_at: Timestamp,
    pacing: u64,
    window: u64,
}

impl Estimator {
    /// Knows nothing yet. Limits in bytes per second.
    pub fn new(now: Timestamp, min: u64, max: u64, seed: u64) -> Self {
        let mut e = Self {
            min,
            max: max.max(min),
            initial: INITIAL_BYTES * 1_000_000 / RTT_UNKNOWN_US,
            delivery: Delivery::new(now),
            round: Round {
                ends_at: 0,
                began_at: 0,
                lost: 0,
                best_rate: 0,
                app_limited: false,
                min_rtt: None,
                max_rtt: 0,
            },
            bw: [0; 2],
            cycle_measured: false,
            bw_short: None,
            inflight_high: None,
            undo: None,
            min_rtt: None,
            min_rtt_at: now,
            probe_min_rtt: None,
            lateness: [0; 2],
            lateness_since: now,
            full_bw: 0,
            full_rounds: 0,
            full_reached: false,
            slower_rounds: 0,
            believed_at: now,
            up_rounds: 0,
            previous_best: 0,
            queue_us: 0,
            queue_before_us: 0,
            cycle_queue_us: None,
            foreign_cycles: 0,
            conceded: 0,
            cruise_rounds: 0,
            last_rtt: 0,
            state: State::Startup,
            state_since: now,
            probe_wait_us: PROBE_WAIT_US,
            seed,
            probes: 0,
            in_flight: 0,
            asked_at: now,
            pacing: 0,
            window: 0,
        };
        e.set_outputs();
        e
    }

    /// The estimate without short-term bounds, bytes per second.
    fn bw_long(&self) -> u64 {
        let [before, present] = self.bw;
        let best = before.max(present);
        if best == 0 { self.initial } else { best }
    }

    fn bw_now(&self) -> u64 {
        self.bw_long().min(self.bw_short.unwrap_or(u64::MAX))
    }

    fn rtt(&self) -> u64 {
        self.min_rtt.unwrap_or(RTT_UNKNOWN_US).max(1)
    }

    /// Bytes that the path holds without a queue.
    fn path_bytes(&self, bw: u64) -> u64 {
        bw.clamp(self.min.max(1), self.max.max(1)).saturating_mul(self.rtt()) / 1_000_000
    }

    /// Queueing delay from which on a queue counts as standing, microseconds.
    fn queue_limit(&self) -> u64 {
        let packets = 2 * PACKET * 1_000_000 / self.bw_long().max(1);
        (self.rtt() * 3 / 8).max(QUEUE_MIN_US) + packets
    }

    fn round_had_queue(&self) -> bool {
        self.round.min_rtt.is_some_and(|r| r > self.rtt() + self.queue_limit())
    }

    /// Queueing delay that this flow leaves alone while it cruises, microseconds.
    fn accepted_queue(&self) -> u64 {
        let ratio = (YIELD_RATE << 16) / self.bw_long().max(1);
        ((YIELD_US * ratio.isqrt()) >> 8).max(QUEUE_NOISE_US)
    }

    /// By how much cruising goes below the estimate in front of such a queue, per mille: in proportion to the queue
    /// beyond what is accepted. All flows see the same queue; those that have more accept less of it, so they yield to
    /// those that have less.
    fn yields_to(&self, queue_us: u64) -> u64 {
        let accepted = self.accepted_queue();
        let beyond = queue_us.saturating_sub(accepted);
        let most = if self.foreign_cycles >= FOREIGN_CYCLES { YIELD_FOREIGN_MAX } else { YIELD_MAX };
        (beyond.saturating_mul(YIELD_MAX) / accepted).min(most)
    }

    /// Lowers the estimate itself while cruising in front of a queue. One flow alone finds its rate again with the
    /// next probe; of several the larger ones concede more.
    fn concede(&mut self) {
        self.cruise_rounds = self.cruise_rounds.saturating_add(1);
        self.cycle_queue_us = Some(self.cycle_queue_us.map_or(self.queue_us, |q| q.min(self.queue_us)));
        // A queue for one round may be a late acknowledgement.
        let both = self.queue_us.min(core::mem::replace(&mut self.queue_before_us, self.queue_us));
        // The first round still sees the probe's own queue.
        if self.cruise_rounds < 2 || self.foreign_cycles >= FOREIGN_CYCLES {
            return;
        }
        let part =
            (self.yields_to(both) * CONCEDE_PERCENT / 100).min(CONCEDE_MAX.saturating_sub(self.conceded));
        self.conceded += part;
        self.bw = self.bw.map(|bw| bw * (1000 - part) / 1000);
    }

    /// Pacing and window from the model ("Updating Control Parameters").
    fn set_outputs(&mut self) {
        let bw = self.bw_now();
        let mut gain = self.state.gain();
        match self.state {
            State::Cruise => gain -= self.yields_to(self.queue_us) / 10,
            State::Up if self.path_bytes(bw) < SMALL_PATH => gain = SMALL_UP_GAIN,
            _ => {}
        }
        let paced = bw.saturating_mul(gain) / 100 * (100 - MARGIN_PERCENT) / 100;
        // Until the path was full once the rate only rises.
        self.pacing = if self.full_reached { paced } else { paced.max(self.pacing) };
        let extra = bw.saturating_mul(self.late()) / 1_000_000 + 3 * PACKET;
        let mut window = self.path_bytes(bw).saturating_mul(WINDOW_GAIN);
        if self.state == State::Startup {
            window = window.max(INITIAL_BYTES * 2).saturating_mul(3) / 2;
        } else if let Some(high) = self.inflight_high
            && self.state != State::Up
        {
            window = window.min(high);
        }
        self.window = (window + extra).max(WINDOW_MIN);
    }

    fn enter(&mut self, now: Timestamp, state: State) {
        self.state = state;
        self.state_since = now;
        match state {
            State::Cruise => {
                self.probes = self.probes.wrapping_add(1);
                let mixed = (self.seed ^ self.probes.wrapping_mul(0x9E37_79B9_7F4A_7C15))
                    .wrapping_mul(0xD6E8_FEB8_6659_FD93);
                self.probe_wait_us = PROBE_WAIT_US + (mixed >> 32) % PROBE_SPREAD_US;
            }
            State::Refill => {
                self.bw_short = None;
                self.up_rounds = 0;
                self.begin_round();
            }
            State::Up => {
                self.up_rounds = 0;
                self.begin_round();
            }
            State::ProbeRtt => self.probe_min_rtt = None,
            State::Startup | State::Drain | State::Down => {}
        }
    }

    fn begin_round(&mut self) {
        self.round = Round {
            ends_at: self.delivery.delivered(),
            began_at: self.delivery.delivered(),
            lost: 0,
            best_rate: 0,
            app_limited: self.delivery.is_app_limited(),
            min_rtt: None,
            max_rtt: 0,
        };
    }

    fn take_rtt(&mut self, now: Timestamp, rtt: u64) {
        let rtt = rtt.max(1);
        self.last_rtt = rtt;
        self.round.min_rtt = Some(self.round.min_rtt.map_or(rtt, |r| r.min(rtt)));
        self.round.max_rtt = self.round.max_rtt.max(rtt);
        self.probe_min_rtt = Some(self.probe_min_rtt.map_or(rtt, |r| r.min(rtt)));
        let Some(min) = self.min_rtt else {
            self.min_rtt = Some(rtt);
            self.min_rtt_at = now;
            return;
        };
        self.min_rtt = Some(min.min(rtt));
        // Near the minimum is proof enough that there is no queue.
        if rtt <= min + min / 32 + 500 {
            self.min_rtt_at = now;
        }
    }

    /// The largest lateness of the last seconds, microseconds.
    fn late(&self) -> u64 {
        self.lateness[0].max(self.lateness[1])
    }

    fn take_lateness(&mut self, now: Timestamp, batch: &Batch, rtt: Option<u64>) {
        if now.micros_since(self.lateness_since) > LATENESS_STRETCH_US {
            self.lateness = [0, self.lateness[0]];
            self.lateness_since = now;
        }
        if let (Some(age), Some(rtt)) = (batch.oldest_age_us, rtt) {
            // What is older than the last acknowledgement was lost for a while, or waited in a queue that is gone.
            let late = age.saturating_sub(rtt).min(batch.interval_us).min(LATENESS_MAX_US);
            self.lateness[0] = self.lateness[0].max(late);
        }
    }

    /// Takes the sample in ("Updating the BBR.max_bw Max Filter"): app-limited ones only raise the estimate.
    fn take_sample(&mut self, batch: &Batch) {
        let Some(sample) = batch.sample else { return };
        self.round.app_limited |= sample.app_limited;
        self.round.best_rate = self.round.best_rate.max(sample.rate);
        if !sample.app_limited {
            self.cycle_measured = true;
        }
        if !sample.app_limited || sample.rate >= self.bw_long() {
            self.bw[1] = self.bw[1].max(sample.rate);
        }
    }

    /// Whether the present round lost so much that the path is overloaded ("Loss Signals", and see the module).
    fn overloaded(&self) -> bool {
        let percent = self.lost_percent();
        self.round.lost >= LOSS_BYTES_MIN
            && (percent >= LOSS_HEAVY_PERCENT || percent >= LOSS_PERCENT && self.round_had_queue())
    }

    /// Percent of the present round's bytes that were lost.
    fn lost_percent(&self) -> u64 {
        let delivered = self.delivery.delivered() - self.round.began_at;
        self.round.lost * 100 / (delivered + self.round.lost).max(1)
    }

    /// Lowers the bounds after a round with too much loss.
    fn on_overload(&mut self, now: Timestamp) {
        self.undo = Some(Undo {
            bw_short: self.bw_short,
            inflight_high: self.inflight_high,
            state: self.state,
            believed: self.round.lost,
            needed: self.round.lost / 2,
        });
        let bw = self.bw_now();
        let path = self.path_bytes(bw);
        match self.state {
            State::Startup => {
                self.full_reached = true;
                self.inflight_high = Some(path.max(self.in_flight * BETA_PERCENT / 100));
                self.enter(now, State::Drain);
            }
            State::Up => {
                self.inflight_high = Some((self.in_flight.max(path)).max(WINDOW_MIN));
                self.end_cycle(now);
            }
            State::ProbeRtt | State::Drain => {}
            State::Down | State::Cruise | State::Refill => {
                let least = bw * BETA_PERCENT / 100;
                self.bw_short = Some(self.round.best_rate.max(least));
            }
        }
    }

    /// A packet taken for lost arrived after all: if too few are left, what they caused is taken back.
    fn on_spurious(&mut self, now: Timestamp, bytes: u64) {
        self.round.lost = self.round.lost.saturating_sub(bytes);
        let Some(undo) = &mut self.undo else { return };
        undo.believed = undo.believed.saturating_sub(bytes);
        if undo.believed >= undo.needed {
            return;
        }
        let undo = *undo;
        self.undo = None;
        self.bw_short = undo.bw_short;
        self.inflight_high = undo.inflight_high;
        if undo.state == State::Startup {
            self.full_reached = false;
            self.full_rounds = 0;
            self.enter(now, State::Startup);
        }
    }

    /// The present probing cycle is over: the one before the previous is forgotten.
    fn end_cycle(&mut self, now: Timestamp) {
        if self.cycle_measured && self.bw[1] > 0 {
            self.bw = [self.bw[1], 0];
            self.cycle_measured = false;
        }
        let long = self.cycle_queue_us.take().is_some_and(|q| q > self.accepted_queue() / 2);
        self.foreign_cycles = if long { self.foreign_cycles.saturating_add(1) } else { 0 };
        self.conceded = 0;
        self.cruise_rounds = 0;
        self.enter(now, State::Down);
    }

    fn end_round(&mut self, now: Timestamp) {
        let queue = self.round_had_queue();
        self.queue_us = self.round.min_rtt.map_or(0, |r| r.saturating_sub(self.rtt()));
        if self.overloaded() {
            self.on_overload(now);
        }
        match self.state {
            State::Startup => self.check_full(now, queue),
            State::Refill => self.enter(now, State::Up),
            State::Up => self.up_rounds = self.up_rounds.saturating_add(1),
            State::Cruise => self.concede(),
            _ => {}
        }
        self.check_slower(now, queue);
        self.previous_best = self.round.best_rate;
        self.begin_round();
    }

    /// Start-up is over when the estimate stops growing ("Exiting Startup Based on Bandwidth Plateau"); in front of a
    /// queue one such round is enough.
    fn check_full(&mut self, now: Timestamp, queue: bool) {
        if self.round.app_limited {
            return;
        }
        let bw = self.bw_long();
        if bw * 100 >= self.full_bw * FULL_GROWTH_PERCENT {
            self.full_bw = bw;
            self.full_rounds = 0;
            return;
        }
        self.full_rounds += 1;
        if self.full_rounds >= FULL_ROUNDS || queue {
            self.full_reached = true;
            self.enter(now, State::Drain);
        }
    }

    fn check_slower(&mut self, now: Timestamp, queue: bool) {
        let best = self.round.best_rate;
        // While draining or probing the round trip, less is sent on purpose.
        let full_speed = !matches!(self.state, State::Startup | State::Drain | State::Down | State::ProbeRtt);
        // Yielding is no slowness.
        let expected = self.bw_now().min(self.pacing);
        if !full_speed || best == 0 || best * 100 >= expected * SLOWER_PERCENT {
            self.slower_rounds = 0;
            return;
        }
        // Heavy loss empties the queue that caused it before the round is over: its longest round trip tells, then.
        // Nobody has to wait for a second round, or for more to send.
        let had_queue = self.round.max_rtt > self.rtt() + self.queue_limit();
        if had_queue && self.lost_percent() >= LOSS_HEAVY_PERCENT {
            self.believe_slower(now, best);
        } else if queue && !self.round.app_limited {
            self.slower_rounds += 1;
            if self.slower_rounds >= SLOWER_ROUNDS {
                self.believe_slower(now, best.max(self.previous_best));
            }
        } else {
            self.slower_rounds = 0;
        }
    }

    fn believe_slower(&mut self, now: Timestamp, rate: u64) {
        self.slower_rounds = 0;
        self.bw = [0, rate.min(self.bw_long())];
        self.bw_short = None;
        self.inflight_high = None;
        self.believed_at = now;
        self.enter(now, State::Drain);
    }

    fn step(&mut self, now: Timestamp) {
        let since = now.micros_since(self.state_since);
        let path = self.path_bytes(self.bw_now());
        let rtt = self.rtt();
        match self.state {
            State::Startup => {}
            State::Drain | State::Down => {
                if self.in_flight <= path.max(2 * PACKET) || since > 4 * rtt + PROBE_RTT_US {
                    self.enter(now, State::Cruise);
                }
            }
            State::Cruise => {
                let wait = self.probe_wait_us.max(PROBE_WAIT_ROUNDS * rtt);
                if since >= wait && !self.delivery.is_app_limited() {
                    self.enter(now, State::Refill);
                }
            }
            State::Refill => {}
            State::Up => {
                let queue = self.last_rtt > rtt + self.accepted_queue();
                let filled = queue && self.in_flight >= path * UP_FILL_PERCENT / 100;
                if since > rtt && filled || self.up_rounds >= UP_ROUNDS_MAX && self.bw_stalled() {
                    self.raise_inflight_high();
                    self.end_cycle(now);
                }
            }
            State::ProbeRtt => {
                if since >= PROBE_RTT_US + 2 * rtt {
                    self.min_rtt = self.probe_min_rtt.or(self.min_rtt);
                    self.min_rtt_at = now;
                    self.enter(now, State::Cruise);
                }
            }
        }
        let stale = now.micros_since(self.min_rtt_at) > MIN_RTT_FRESH_US;
        if stale && !matches!(self.state, State::Startup | State::ProbeRtt) {
            self.enter(now, State::ProbeRtt);
        }
    }

    /// Whether the probe found nothing in its last round.
    fn bw_stalled(&self) -> bool {
        self.delivery.is_app_limited() || self.previous_best * 110 < self.bw_long() * 121
    }

    /// The path took what was in flight: the bound on it rises, and goes when it has no effect any more.
    fn raise_inflight_high(&mut self) {
        if let Some(high) = self.inflight_high {
            let higher = high.max(self.in_flight) + high / 8;
            let no_bound = higher > self.path_bytes(self.bw_long()) * WINDOW_GAIN;
            self.inflight_high = (!no_bound).then_some(higher);
        }
    }
}

impl RateController for Estimator {
    fn set_limits(&mut self, _now: Timestamp, min: u64, max: u64) {
        self.min = min;
        self.max = max.max(min);
        self.set_outputs();
    }

    fn on_ping(&mut self, _now: Timestamp, rtt_us: u64) {
        if self.min_rtt.is_none() {
            self.initial = INITIAL_BYTES * 1_000_000 / rtt_us.max(1);
            self.set_outputs();
        }
    }

    fn on_sent(&mut self, now: Timestamp, number: u64, bytes: u16, in_flight: u64, app_limited: bool) {
        let first = self.delivery.on_sent(now, number, u64::from(bytes), in_flight, app_limited);
        self.in_flight = in_flight;
        if first {
            // "Restarting from Idle": the old estimate, without a probe; a round trip is measured by what follows.
            self.min_rtt_at = now;
            self.asked_at = self.asked_at.max(now);
            self.queue_us = 0;
            if matches!(self.state, State::Up | State::Refill | State::Down | State::ProbeRtt) {
                self.enter(now, State::Cruise);
                self.set_outputs();
            }
        }
    }

    fn on_acked(&mut self, now: Timestamp, number: u64, sent_at: Timestamp, bytes: u16, was_lost: bool) {
        self.delivery.on_acked(now, number, sent_at, u64::from(bytes), was_lost);
        if was_lost {
            self.on_spurious(now, u64::from(bytes));
        }
    }

    fn on_lost(&mut self, _now: Timestamp, number: u64, sent_at: Timestamp, bytes: u16) {
        self.delivery.on_lost(number);
        if sent_at >= self.believed_at {
            self.round.lost += u64::from(bytes);
        }
    }

    fn on_ack_done(&mut self, now: Timestamp, rtt_us: Option<u64>, in_flight: u64) {
        self.in_flight = in_flight;
        if let Some(rtt) = rtt_us {
            self.take_rtt(now, rtt);
        }
        let batch = self.delivery.take(now, self.min_rtt.unwrap_or(1));
        if let Some(prior) = batch.prior_delivered {
            // A peer that acknowledges promptly by itself need not be asked.
            if self.late() < PROMPT_US {
                self.asked_at = now;
            }
            self.take_lateness(now, &batch, rtt_us);
            self.take_sample(&batch);
            if prior >= self.round.ends_at {
                self.end_round(now);
            }
        }
        self.step(now);
        self.set_outputs();
    }

    fn rate(&self) -> u64 {
        self.pacing.clamp(self.min, self.max)
    }

    fn estimate(&self) -> u64 {
        self.bw_now().clamp(self.min, self.max)
    }

    fn window(&self) -> Option<u64> {
        Some(self.window)
    }

    fn wants_ack(&mut self, now: Timestamp) -> bool {
        let every = (self.rtt() / 4).max(ASK_EVERY_MIN_US);
        let tight = self.in_flight + 2 * PACKET >= self.window;
        // A probe ends when its queue is seen.
        let probes =
            self.late() >= PROMPT_US && matches!(self.state, State::Startup | State::Refill | State::Up);
        let every = match (probes, tight) {
            (true, _) => ASK_PROBING_US,
            (false, true) => ASK_EVERY_MIN_US,
            (false, false) => every.max(25_000),
        };
        if now.micros_since(self.asked_at) < every {
            return false;
        }
        self.asked_at = now;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::VecDeque;
    use proptest::prelude::*;

    const BYTES: u16 = 1250;
    const RTT_US: u64 = 40_000;
    const MAX: u64 = 100 << 20;

    fn at(us: u64) -> Timestamp {
        Timestamp::from_micros(us)
    }

    /// A sender that always (or never) has data, a bottleneck of `rate` with an endless queue, and an acknowledgement
    /// for every packet.
    struct Path {
        e: Estimator,
        now: u64,
        rate: u64,
        /// The sender's own pace, if it has less to send than it may.
        app_rate: Option<u64>,
        free_us: u64,
        credit: u64,
        number: u64,
        in_flight: u64,
        /// Number, sent at, acknowledged at.
        flying: VecDeque<(u64, u64, u64)>,
        /// Every so manyeth packet is lost.
        lose_every: u64,
        delivered: u64,
        queue_us: u64,
        seen: Vec<State>,
    }

    impl Path {
        fn new(rate: u64) -> Self {
            Self {
                e: Estimator::new(at(1), 10_000, MAX, 7),
                now: 1,
                rate,
                app_rate: None,
                free_us: 0,
                credit: 0,
                number: 0,
                in_flight: 0,
                flying: VecDeque::new(),
                lose_every: u64::MAX,
                delivered: 0,
                queue_us: 0,
                seen: vec![State::Startup],
            }
        }

        fn run(&mut self, us: u64) -> &mut Self {
            let end = self.now + us;
            while self.now < end {
                self.now += 500;
                self.acknowledge();
                self.send();
                if self.seen.last() != Some(&self.e.state) {
                    self.seen.push(self.e.state);
                }
                self.queue_us = self.free_us.saturating_sub(self.now);
            }
            self
        }

        fn acknowledge(&mut self) {
            while let Some((number, sent, due)) = self.flying.front().copied()
                && due <= self.now
            {
                self.flying.pop_front();
                self.in_flight -= u64::from(BYTES);
                if number % self.lose_every == self.lose_every - 1 {
                    self.e.on_lost(at(self.now), number, at(sent), BYTES);
                    continue;
                }
                self.delivered += u64::from(BYTES);
                self.e.on_acked(at(self.now), number, at(sent), BYTES, false);
                self.e.on_ack_done(at(self.now), Some(self.now - sent), self.in_flight);
            }
        }

        fn send(&mut self) {
            let pace = self.app_rate.unwrap_or(u64::MAX).min(self.e.rate());
            self.credit = (self.credit + pace * 500).min(pace * 500 + u64::from(BYTES) * 1_000_000);
            while self.credit >= u64::from(BYTES) * 1_000_000 && self.in_flight < self.e.window {
                self.credit -= u64::from(BYTES) * 1_000_000;
                self.in_flight += u64::from(BYTES);
                self.free_us = self.free_us.max(self.now) + u64::from(BYTES) * 1_000_000 / self.rate;
                let app_limited = self.app_rate.is_some();
                self.e.on_sent(at(self.now), self.number, BYTES, self.in_flight, app_limited);
                self.flying.push_back((self.number, self.now, self.free_us + RTT_US));
                self.number += 1;
            }
        }

        fn within(&self, percent: u64) -> bool {
            self.e.estimate().abs_diff(self.rate) * 100 <= self.rate * percent
        }
    }

    #[test]
    fn start_up_finds_the_rate_and_drains_its_queue() {
        for rate in [200_000, 1_000_000, 20_000_000] {
            let mut p = Path::new(rate);
            p.run(3_000_000);
            assert!(p.within(10), "{} of {rate}", p.e.estimate());
            assert_eq!(p.seen[..3], [State::Startup, State::Drain, State::Cruise]);
            assert!(p.e.full_reached && p.e.min_rtt.unwrap().abs_diff(RTT_US) < 8000);
        }
        let mut p = Path::new(1_000_000);
        p.run(3_000_000).seen.clear();
        while p.e.state != State::Cruise || p.now - p.e.state_since.as_micros() < 300_000 {
            p.run(500);
        }
        assert!(p.queue_us < 5000, "{} us of queue while cruising", p.queue_us);
    }

    #[test]
    fn probes_follow_each_other_and_find_a_faster_path() {
        let mut p = Path::new(1_000_000);
        p.run(3_000_000).seen.clear();
        p.run(3_000_000);
        let cycle = [State::Cruise, State::Refill, State::Up, State::Down, State::Cruise];
        assert!(p.seen.windows(5).any(|w| w == cycle), "{:?}", p.seen);
        assert!(p.within(10));
        p.rate = 3_000_000;
        p.run(4_000_000);
        assert!(p.within(10), "{}", p.e.estimate());
    }

    #[test]
    fn heavy_loss_in_front_of_a_queue_is_believed_at_once() {
        let mut e = Estimator::new(at(1), 1000, MAX, 7);
        (e.bw, e.state, e.min_rtt) = ([1_000_000; 2], State::Cruise, Some(40_000));
        e.set_outputs();
        let round = |e: &mut Estimator, lost, max_rtt| {
            e.begin_round();
            (e.round.best_rate, e.round.min_rtt, e.round.max_rtt) = (300_000, Some(40_000), max_rtt);
            e.round.app_limited = true;
            e.on_lost(at(200_000), 0, at(100_000), lost);
            e.end_round(at(200_000));
            e.bw_long()
        };
        assert_eq!(round(&mut e, 50_000, 45_000), 1_000_000, "no queue: it may be the radio");
        assert_eq!(round(&mut e, 0, 250_000), 1_000_000, "no loss, and the queue went");
        assert_eq!(round(&mut e, 50_000, 250_000), 300_000);
        assert_eq!(e.state, State::Drain);
        e.enter(at(200_000), State::Cruise);
        (e.bw, e.bw_short) = ([1_000_000; 2], None);
        assert_eq!(round(&mut e, 50_000, 250_000), 1_000_000, "lost before that was believed");
    }

    #[test]
    fn a_slower_path_is_believed_soon() {
        let mut p = Path::new(4_000_000);
        p.run(3_000_000).rate = 1_000_000;
        p.run(2_000_000);
        assert!(p.within(15), "{}", p.e.estimate());
    }

    #[test]
    fn little_to_send_does_not_lower_the_estimate() {
        let mut p = Path::new(2_000_000);
        p.run(3_000_000);
        let before = p.e.estimate();
        p.app_rate = Some(50_000);
        p.run(8_000_000);
        assert!(p.e.estimate() * 100 >= before * 95, "{} after {before}", p.e.estimate());
    }

    #[test]
    fn after_silence_the_old_estimate_holds_and_no_probe_goes_on() {
        let mut p = Path::new(2_000_000);
        p.run(3_000_000);
        while p.e.state != State::Up {
            p.run(500);
        }
        p.app_rate = Some(0);
        p.run(5_000_000);
        let before = p.e.estimate();
        p.app_rate = None;
        p.run(1000);
        assert_eq!((p.e.estimate(), p.e.state, p.e.queue_us), (before, State::Cruise, 0));
        p.run(1_000_000);
        assert!(p.within(10));
    }

    #[test]
    fn random_loss_is_no_congestion_but_heavy_loss_is() {
        let mut p = Path::new(1_000_000);
        p.lose_every = 20;
        p.run(6_000_000);
        assert!(p.e.estimate() > 850_000 && p.e.bw_short.is_none(), "{}", p.e.estimate());
        while p.e.state != State::Cruise || p.now - p.e.state_since.as_micros() < 100_000 {
            p.run(500);
        }
        let before = p.e.estimate();
        p.lose_every = 2;
        p.run(150_000);
        assert!(p.e.bw_short.is_some() && p.e.estimate() < before * 9 / 10, "{}", p.e.estimate());
    }

    /// An estimator that cruises, with a round in which far too much was lost.
    fn overloaded() -> (Estimator, Option<u64>, u64) {
        let mut p = Path::new(1_000_000);
        p.run(3_000_000);
        while p.e.state != State::Cruise {
            p.run(500);
        }
        let (short, before) = (p.e.bw_short, p.e.estimate());
        p.e.round.lost = 1_000_000;
        p.e.round.best_rate = 0;
        p.e.on_overload(at(p.now));
        (p.e, short, before)
    }

    #[test]
    fn loss_that_was_none_is_taken_back() {
        let (mut e, short, before) = overloaded();
        assert!(e.estimate() <= before * 71 / 100);
        e.on_spurious(at(9_000_000), 499_000);
        assert!(e.estimate() < before, "half of it is still lost");
        e.on_spurious(at(9_000_000), 2000);
        assert_eq!((e.bw_short, e.estimate()), (short, before));
        assert!(e.undo.is_none());
    }

    #[test]
    fn loss_in_start_up_that_was_none_resumes_it() {
        let mut e = Estimator::new(at(1), 1000, MAX, 7);
        e.round.lost = 100_000;
        e.on_overload(at(2));
        assert_eq!((e.state, e.full_reached), (State::Drain, true));
        e.on_spurious(at(3), 60_000);
        assert_eq!((e.state, e.full_reached, e.inflight_high), (State::Startup, false, None));
    }

    #[test]
    fn a_probe_that_loses_bounds_what_is_in_flight_and_good_ones_lift_that() {
        let (mut e, ..) = overloaded();
        let path = e.path_bytes(e.bw_now());
        e.state = State::Up;
        e.in_flight = path;
        e.on_overload(at(9_000_000));
        assert_eq!((e.state, e.inflight_high), (State::Down, Some(path.max(WINDOW_MIN))));
        for _ in 0..20 {
            e.in_flight = 0;
            e.raise_inflight_high();
        }
        assert_eq!(e.inflight_high, None);
    }

    #[test]
    fn a_stale_round_trip_is_measured_anew_without_stopping() {
        let mut p = Path::new(1_000_000);
        p.run(3_000_000);
        // The path became longer by itself: nothing comes near the old minimum.
        p.e.min_rtt = Some(20_000);
        p.e.min_rtt_at = at(p.now);
        p.run(MIN_RTT_FRESH_US + 100_000);
        assert!(p.seen.contains(&State::ProbeRtt), "{:?}", p.seen);
        while p.e.state == State::ProbeRtt {
            assert!(p.e.window >= WINDOW_MIN && p.e.rate() >= 300_000, "{}", p.e.rate());
            p.run(500);
        }
        assert!(p.e.min_rtt.unwrap().abs_diff(RTT_US) < 8000, "{:?}", p.e.min_rtt);
    }

    #[test]
    fn of_two_flows_the_larger_one_concedes_more() {
        let conceded = |bw: u64| {
            let mut e = Estimator::new(at(1), 1000, MAX, 7);
            (e.bw, e.state, e.queue_us, e.queue_before_us) = ([0, bw], State::Cruise, 7000, 7000);
            e.cruise_rounds = 1;
            e.concede();
            (bw - e.bw[1]) * 1000 / bw
        };
        let (small, large) = (conceded(500_000), conceded(2_000_000));
        assert!(small < large && large <= YIELD_MAX * CONCEDE_PERCENT / 100 + 1, "{small} {large}");
        let mut e = Estimator::new(at(1), 1000, MAX, 7);
        (e.bw, e.queue_us, e.queue_before_us, e.cruise_rounds) = ([0, 1_000_000], 50_000, 50_000, 1);
        (0..50).for_each(|_| e.concede());
        assert!(e.bw[1] >= 1_000_000 * (1000 - CONCEDE_MAX) / 1000, "{}", e.bw[1]);
        (e.bw, e.conceded, e.foreign_cycles) = ([0, 1_000_000], 0, FOREIGN_CYCLES);
        e.concede();
        assert_eq!(e.bw[1], 1_000_000, "beside a flow that fills buffers nothing is conceded");
    }

    #[test]
    fn the_limits_hold() {
        let mut p = Path::new(1_000_000);
        p.e.set_limits(at(1), 10_000, 400_000);
        p.run(3_000_000);
        assert!(p.e.rate() <= 400_000 && p.e.estimate() == 400_000);
        let mut p = Path::new(50_000);
        p.e.set_limits(at(1), 200_000, MAX);
        p.run(2_000_000);
        assert!(p.e.rate() >= 200_000 && p.e.estimate() >= 200_000);
    }

    proptest! {
        /// Whatever is reported, in whatever order: within the limits, a window that lets something through, no panic.
        #[test]
        fn anything_may_happen(
            min in 1u64..1_000_000,
            more in 0u64..u64::from(u32::MAX),
            events in prop::collection::vec((0u8..7, 0u64..300_000, 0u16..1500, 0u64..10_000_000), 0..300),
        ) {
            let mut e = Estimator::new(at(1), min, min + more, 3);
            let (mut now, mut number) = (1u64, 0u64);
            for (kind, us, bytes, big) in events {
                now += us;
                let some = big % (number + 3);
                let before = at(now.saturating_sub(big).max(1));
                match kind {
                    0 | 1 => {
                        e.on_sent(at(now), number, bytes, big, kind == 0);
                        number += 1 + u64::from(big % 50 == 0);
                    }
                    2 => e.on_acked(at(now), some, before, bytes, big % 5 == 0),
                    3 => e.on_lost(at(now), some, before, bytes),
                    4 => e.on_ack_done(at(now), (big % 3 > 0).then_some(us * 7), big),
                    5 => e.on_ping(at(now), us),
                    _ => e.set_limits(at(now), min, min + big),
                }
                let _ = e.wants_ack(at(now));
                prop_assert!((e.min..=e.max).contains(&e.rate()) && (e.min..=e.max).contains(&e.estimate()));
                prop_assert!(e.window().is_some_and(|w| w >= WINDOW_MIN));
            }
        }
    }
}
