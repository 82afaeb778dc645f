//! Is the peer still there, and when must we ask?

use super::Want;
use core::time::Duration;
use gamesockets_wire::time::Timestamp;

/// After this long without a packet the peer is asked for one (protocol.md §3.16).
const KEEPALIVE_AFTER: Duration = Duration::from_secs(10);
/// The accepting side waits this much longer, so that in an idle connection one side asks and the other answers.
const KEEPALIVE_YIELD: Duration = Duration::from_millis(500);
/// Keep-alives leave when the clock shows a multiple of this, microseconds: those of many connections together, so that
/// the loop wakes for all of them at once.
const KEEPALIVE_GRID_US: u64 = 1 << 16;
/// While replies stay out the question is repeated at this interval.
const PROBE_EVERY: Duration = Duration::from_millis(200);
/// A reply to a request that is not immediate may take this much longer.
const DELAYED_REPLY_EXTRA: Duration = Duration::from_millis(200);
/// Replies that must have stayed out before the peer can be given up.
const TIMEOUTS_TO_DIE: u16 = 4;
/// A packet that leaves anyway may ask for a ping when the last one is older than this …
const TRACER_MAY: Duration = Duration::from_secs(5);
/// … and does when it is older than this.
const TRACER_MUST: Duration = Duration::from_secs(7);

/// A request for a reply, carried in the flags of the statistics blob (protocol.md §1.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AckRequest {
    /// The peer shall not hold the reply back.
    pub immediate: bool,
}

/// Life signs of one established connection (protocol.md §3.16).
///
/// Only packets that decrypted count as life: header fields, handshake messages and closes can be forged by anyone who
/// knows the addresses, and must not keep a dead connection open.
#[derive(Clone, Debug)]
pub struct Liveness {
    last_received: Timestamp,
    reply_due: Option<Timestamp>,
    /// When the first reply of the present silence stayed out.
    silent_since: Option<Timestamp>,
    last_immediate: Option<Timestamp>,
    last_ack_request: Option<Timestamp>,
    /// Replies that stayed out since the last received packet.
    timeouts: u16,
    /// The peer asks first.
    yields: bool,
}

impl Liveness {
    /// The connection was established at `now`; that counts as the first life sign.
    pub fn new(now: Timestamp) -> Self {
        Self {
            last_received: now,
            reply_due: None,
            silent_since: None,
            last_immediate: None,
            last_ack_request: None,
            timeouts: 0,
            yields: false,
        }
    }

    /// The same for the side that leaves asking to the peer while that does it.
    #[must_use]
    pub const fn yielding(mut self) -> Self {
        self.yields = true;
        self
    }

    /// A packet from the peer decrypted.
    pub fn on_packet_decrypted(&mut self, now: Timestamp) {
        self.last_received = self.last_received.max(now);
        self.reply_due = None;
        self.silent_since = None;
        self.timeouts = 0;
    }

    /// A packet with reliable data left: some reply is expected after `conservative`
    /// ([`PingTracker::conservative_timeout`](super::PingTracker::conservative_timeout)), later unless it was asked to
    /// be `immediate`. Only one reply is awaited at a time.
    pub fn on_reply_expected(&mut self, now: Timestamp, conservative: Duration, immediate: bool) {
        if immediate {
            self.last_immediate = Some(now);
        }
        if self.reply_due.is_none() {
            let extra = if immediate { Duration::ZERO } else { DELAYED_REPLY_EXTRA };
            self.reply_due = Some(now + conservative + extra);
        }
    }

    /// A packet with an ack request or with statistics left. Includes [`on_reply_expected`](Self::on_reply_expected).
    pub fn on_ack_requested(&mut self, now: Timestamp, conservative: Duration, request: AckRequest) {
        self.last_ack_request = Some(now);
        self.on_reply_expected(now, conservative, request.immediate);
    }

    /// Looks at the reply timer. `true`: it ran out just now (once per armed timer).
    pub fn on_timeout(&mut self, now: Timestamp) -> bool {
        let Some(due) = self.reply_due else { return false };
        if now < due {
            return false;
        }
        self.reply_due = None;
        self.silent_since.get_or_insert(now);
        self.timeouts = self.timeouts.saturating_add(1);
        true
    }

    /// Must a packet leave now only to get a reply? First the keep-alive after 10 s without a packet, then, once a
    /// reply stayed out, an immediate request every 200 ms. Whoever sends it calls
    /// [`on_ack_requested`](Self::on_ack_requested), which ends the wish.
    pub fn probe_wanted(&self, now: Timestamp) -> Option<AckRequest> {
        let due = self.probe_due()?;
        (due <= now).then_some(AckRequest { immediate: self.timeouts > 0 })
    }

    fn probe_due(&self) -> Option<Timestamp> {
        if self.timeouts > 0 {
            return Some(self.last_immediate.map_or(self.last_received, |last| last + PROBE_EVERY));
        }
        let extra = if self.yields { KEEPALIVE_YIELD } else { Duration::ZERO };
        self.reply_due.is_none().then(|| {
            let earliest = (self.last_received + KEEPALIVE_AFTER + extra).as_micros();
            let on_grid = earliest.checked_next_multiple_of(KEEPALIVE_GRID_US);
            Timestamp::from_micros(on_grid.unwrap_or(earliest))
        })
    }

    /// Shall the packet being built ask for a reply, only to learn the ping? `last_ping_sample` is
    /// [`PingTracker::last_sample_at`](super::PingTracker::last_sample_at). Never a reason to send a packet.
    pub fn tracer_wanted(&self, now: Timestamp, last_ping_sample: Option<Timestamp>) -> Want {
        let Some(last) = self.last_ack_request.max(last_ping_sample) else { return Want::Must };
        let age = now.saturating_since(last);
        if age > TRACER_MUST {
            Want::Must
        } else if age > TRACER_MAY {
            Want::MayRide
        } else {
            Want::No
        }
    }

    /// Whether to give the peer up: at least four replies stayed out, and `timeout_connected` has passed both since
    /// the first of them was missed and since the last packet.
    pub fn is_dead(&self, now: Timestamp, timeout_connected: Duration) -> bool {
        self.death_deadline(timeout_connected).is_some_and(|death| death <= now)
    }

    /// When [`is_dead`](Self::is_dead) becomes true if nothing comes; `None` while too few replies stayed out.
    pub fn death_deadline(&self, timeout_connected: Duration) -> Option<Timestamp> {
        if self.timeouts < TIMEOUTS_TO_DIE {
            return None;
        }
        Some(self.silent_since?.max(self.last_received) + timeout_connected)
    }

    /// When [`on_timeout`](Self::on_timeout) or [`probe_wanted`](Self::probe_wanted) next has something to say. Lies
    /// in the past while a wanted probe was not sent; a sender that cannot send must wait for its own reason instead.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        match (self.reply_due, self.probe_due()) {
            (Some(reply), Some(probe)) => Some(reply.min(probe)),
            (reply, probe) => reply.or(probe),
        }
    }

    /// When the last packet came that counts as life.
    pub fn last_received_at(&self) -> Timestamp {
        self.last_received
    }

    /// Replies that stayed out since then.
    pub fn reply_timeouts(&self) -> u16 {
        self.timeouts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(10);
    const CONSERVATIVE: Duration = Duration::from_millis(270); // ping 10 ms

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_micros(5_000_000 + ms * 1_000)
    }

    fn ms(t: Timestamp) -> u64 {
        t.micros_since(at(0)) / 1_000
    }

    const DELAYED: AckRequest = AckRequest { immediate: false };
    const IMMEDIATE: AckRequest = AckRequest { immediate: true };

    /// Runs by deadlines alone until the peer is given up; returns the probes and the time of death.
    fn run_until_dead(mut life: Liveness, conservative: Duration) -> (Vec<(u64, bool)>, u64) {
        let mut probes = Vec::new();
        for _ in 0..10_000 {
            let mut now = life.next_deadline().unwrap();
            if let Some(death) = life.death_deadline(TIMEOUT) {
                now = now.min(death);
            }
            life.on_timeout(now);
            if life.is_dead(now, TIMEOUT) {
                return (probes, ms(now));
            }
            if let Some(request) = life.probe_wanted(now) {
                probes.push((ms(now), request.immediate));
                life.on_ack_requested(now, conservative, request);
            }
        }
        panic!("never given up");
    }

    #[test]
    fn idle_connection_probes_at_ten_seconds_and_dies_at_twenty_and_a_half() {
        let (probes, death) = run_until_dead(Liveness::new(at(0)), CONSERVATIVE);
        assert_eq!(probes[..4], [(10_007, false), (10_477, true), (10_677, true), (10_877, true)]);
        assert!(probes[1..].windows(2).all(|w| w[1].0 - w[0].0 == 200));
        assert_eq!(death, 20_477);
        assert_eq!(probes.len(), 1 + 10_000 / 200);
    }

    #[test]
    fn without_ping_the_first_reply_may_take_longer() {
        let (probes, death) = run_until_dead(Liveness::new(at(0)), Duration::from_millis(1_250));
        assert_eq!(probes[..2], [(10_007, false), (11_457, true)]);
        assert_eq!(death, 21_457);
    }

    #[test]
    fn reliable_traffic_dies_ten_seconds_after_the_first_missed_reply() {
        let mut life = Liveness::new(at(0));
        life.on_reply_expected(at(1_000), CONSERVATIVE, false);
        let (probes, death) = run_until_dead(life, CONSERVATIVE);
        assert_eq!(probes[0], (1_470, true));
        assert_eq!(death, 11_470);
    }

    #[test]
    fn both_conditions_of_death() {
        // Time alone is not enough: three replies missed, an hour gone.
        let mut life = Liveness::new(at(0));
        for i in 0..3 {
            life.on_reply_expected(at(i), Duration::ZERO, true);
            assert!(life.on_timeout(at(i)));
        }
        assert!(!life.is_dead(at(3_600_000), TIMEOUT));
        assert_eq!(life.death_deadline(TIMEOUT), None);
        // The fourth completes it, and time counts from the first.
        life.on_reply_expected(at(5_000), Duration::ZERO, true);
        life.on_timeout(at(5_000));
        assert_eq!(life.reply_timeouts(), 4);
        assert!(!life.is_dead(at(9_999), TIMEOUT));
        assert!(life.is_dead(at(10_000), TIMEOUT));
        assert!(!life.is_dead(at(10_000), Duration::from_secs(11)));
        // A packet forgives everything.
        life.on_packet_decrypted(at(10_000));
        assert!(!life.is_dead(at(1_000_000), TIMEOUT));
        assert_eq!(life.reply_timeouts(), 0);
    }

    #[test]
    fn keepalive_waits_while_a_reply_is_due() {
        let mut life = Liveness::new(at(0));
        // Asked at the first multiple of the grid after ten seconds, which is 7.4 ms later here.
        assert_eq!(life.probe_wanted(at(10_007)), None);
        assert_eq!(life.probe_wanted(at(10_008)), Some(DELAYED));
        assert_eq!(life.clone().yielding().probe_wanted(at(10_499)), None);
        assert_eq!(life.clone().yielding().probe_wanted(at(10_600)), Some(DELAYED));
        life.on_reply_expected(at(9_900), CONSERVATIVE, false);
        assert_eq!(life.probe_wanted(at(10_000)), None);
        assert_eq!(life.next_deadline(), Some(at(10_370)));
        life.on_packet_decrypted(at(10_100));
        assert_eq!(life.next_deadline().map(ms), Some(20_100), "the next multiple is 0.3 ms later");
    }

    #[test]
    fn one_reply_is_awaited_at_a_time() {
        let mut life = Liveness::new(at(0));
        life.on_reply_expected(at(0), CONSERVATIVE, false);
        life.on_reply_expected(at(100), CONSERVATIVE, true);
        assert_eq!(life.next_deadline(), Some(at(470)));
        assert!(!life.on_timeout(at(469)));
        assert!(life.on_timeout(at(470)));
        assert!(!life.on_timeout(at(470)));
        // The immediate request of 100 ms was the last: the next is due 200 ms later, that is long ago.
        assert_eq!(life.probe_wanted(at(470)), Some(IMMEDIATE));
        life.on_ack_requested(at(470), CONSERVATIVE, IMMEDIATE);
        assert_eq!(life.probe_wanted(at(669)), None);
        assert_eq!(life.next_deadline(), Some(at(670)));
        assert_eq!(life.probe_wanted(at(670)), Some(IMMEDIATE));
    }

    #[test]
    fn an_immediate_reply_gets_no_extra_time() {
        let mut life = Liveness::new(at(0));
        life.on_reply_expected(at(0), CONSERVATIVE, true);
        assert_eq!(life.next_deadline(), Some(at(270)));
    }

    #[test]
    fn tracer_pings_ride_along() {
        let mut life = Liveness::new(at(0));
        assert_eq!(life.tracer_wanted(at(0), None), Want::Must);
        let sample = Some(at(0));
        assert_eq!(life.tracer_wanted(at(5_000), sample), Want::No);
        assert_eq!(life.tracer_wanted(at(5_001), sample), Want::MayRide);
        assert_eq!(life.tracer_wanted(at(7_000), sample), Want::MayRide);
        assert_eq!(life.tracer_wanted(at(7_001), sample), Want::Must);
        life.on_ack_requested(at(7_001), CONSERVATIVE, DELAYED);
        assert_eq!(life.tracer_wanted(at(12_001), sample), Want::No);
        assert_eq!(life.tracer_wanted(at(12_002), sample), Want::MayRide);
        // Reliable data alone is not a ping request.
        life.on_reply_expected(at(12_002), CONSERVATIVE, false);
        assert_eq!(life.tracer_wanted(at(14_002), sample), Want::Must);
        assert_eq!(life.tracer_wanted(at(14_002), Some(at(14_000))), Want::No);
    }

    #[test]
    fn an_answered_idle_connection_wakes_once_per_keepalive() {
        let mut life = Liveness::new(at(0));
        let mut wakes = 0;
        while let Some(now) = life.next_deadline().filter(|&t| t < at(600_000)) {
            wakes += 1;
            life.on_timeout(now);
            let request = life.probe_wanted(now).unwrap();
            life.on_ack_requested(now, CONSERVATIVE, request);
            life.on_packet_decrypted(now + Duration::from_millis(10));
        }
        assert_eq!(wakes, 59);
    }
}
