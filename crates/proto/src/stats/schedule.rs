//! When statistics go to the peer (protocol.md §3.16).

use super::{SECOND_US, Want};
use gamesockets_wire::time::Timestamp;

/// Which statistics the connection wants to put into its next packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StatsWanted {
    /// The last interval: rates, ping, loss.
    pub instantaneous: Want,
    /// The whole life: counters and histograms. A few hundred bytes once traffic was mixed.
    pub lifetime: Want,
}

impl StatsWanted {
    /// Whether there is anything to send.
    pub fn any(self) -> bool {
        self != Self::default()
    }

    /// Whether it is a reason to send a packet by itself.
    pub fn must(self) -> bool {
        self.instantaneous == Want::Must || self.lifetime == Want::Must
    }

    /// The smaller half, for a packet without room for both.
    pub fn without_lifetime(self) -> Self {
        Self { lifetime: Want::No, ..self }
    }
}

/// Instantaneous statistics may ride along this long after the peer acknowledged the last ones …
const INSTANTANEOUS_MAY_US: u64 = 20 * SECOND_US;
/// … and are forced after this.
const INSTANTANEOUS_MUST_US: u64 = 30 * SECOND_US;
/// They are worth a blob only if more than one packet per this time flowed in either direction.
const INSTANTANEOUS_US_PER_PACKET: u64 = 3 * SECOND_US;
const LIFETIME_MAY_US: u64 = 120 * SECOND_US;
const LIFETIME_MUST_US: u64 = 140 * SECOND_US;
/// Lifetime statistics are worth a blob only after more than this many packets in either direction.
const LIFETIME_PACKETS: u64 = 100;

/// Packets that passed so far, in both directions. Only differences matter, so the counts may wrap.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Traffic {
    sent: u32,
    received: u32,
}

impl Traffic {
    pub(super) fn new(sent: u64, received: u64) -> Self {
        Self { sent: sent as u32, received: received as u32 }
    }

    /// The busier direction since `mark`.
    fn since(self, mark: Self) -> u64 {
        u64::from(self.sent.wrapping_sub(mark.sent).max(self.received.wrapping_sub(mark.received)))
    }
}

/// One kind of statistics: when and at which traffic the peer last acknowledged it.
#[derive(Clone, Copy, Debug)]
struct Track {
    since: Timestamp,
    mark: Traffic,
}

impl Track {
    fn age(&self, now: Timestamp) -> u64 {
        now.micros_since(self.since)
    }
}

fn urgency(age: u64, may: u64, must: u64) -> Want {
    if age >= must {
        Want::Must
    } else if age >= may {
        Want::MayRide
    } else {
        Want::No
    }
}

/// The exchange with one peer, from the moment the connection was established. At most one blob is outstanding.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schedule {
    instantaneous: Track,
    lifetime: Track,
    instantaneous_outstanding: bool,
    lifetime_outstanding: bool,
}

impl Schedule {
    pub(super) fn new(now: Timestamp, traffic: Traffic) -> Self {
        let track = Track { since: now, mark: traffic };
        Self {
            instantaneous: track,
            lifetime: track,
            instantaneous_outstanding: false,
            lifetime_outstanding: false,
        }
    }

    pub(super) fn outstanding(&self) -> bool {
        self.instantaneous_outstanding || self.lifetime_outstanding
    }

    /// What is due. A stretch that turns out too quiet to report ends here and the next one begins; for lifetime
    /// statistics its packets keep counting, so that a slow connection reports now and then.
    pub(super) fn wanted(&mut self, now: Timestamp, traffic: Traffic) -> StatsWanted {
        if self.outstanding() {
            return StatsWanted::default();
        }
        let mut wanted = StatsWanted {
            instantaneous: urgency(self.instantaneous.age(now), INSTANTANEOUS_MAY_US, INSTANTANEOUS_MUST_US),
            lifetime: urgency(self.lifetime.age(now), LIFETIME_MAY_US, LIFETIME_MUST_US),
        };
        if wanted.instantaneous != Want::No {
            let enough = self.instantaneous.age(now) / INSTANTANEOUS_US_PER_PACKET;
            if traffic.since(self.instantaneous.mark) <= enough {
                self.instantaneous = Track { since: now, mark: traffic };
                wanted.instantaneous = Want::No;
            }
        }
        if wanted.lifetime != Want::No && traffic.since(self.lifetime.mark) <= LIFETIME_PACKETS {
            self.lifetime.since = now;
            wanted.lifetime = Want::No;
        }
        wanted
    }

    /// A packet with these statistics left.
    pub(super) fn on_sent(&mut self, sent: StatsWanted) {
        self.instantaneous_outstanding = sent.instantaneous != Want::No;
        self.lifetime_outstanding = sent.lifetime != Want::No;
    }

    /// The peer acknowledged the outstanding statistics.
    pub(super) fn on_acked(&mut self, now: Timestamp, traffic: Traffic) {
        let track = Track { since: now, mark: traffic };
        if self.instantaneous_outstanding {
            self.instantaneous = track;
        }
        if self.lifetime_outstanding {
            self.lifetime = track;
        }
        self.on_lost();
    }

    /// The packet with the outstanding statistics was lost.
    pub(super) fn on_lost(&mut self) {
        self.instantaneous_outstanding = false;
        self.lifetime_outstanding = false;
    }

    /// These statistics do not fit the largest packet: their wait starts over, the packets keep counting.
    pub(super) fn postpone(&mut self, now: Timestamp, what: StatsWanted) {
        if what.instantaneous != Want::No {
            self.instantaneous.since = now;
        }
        if what.lifetime != Want::No {
            self.lifetime.since = now;
        }
    }

    /// When statistics become a reason to send, given the packets so far. `None` while too few flowed: each further
    /// packet is an event after which the connection asks again, so an idle connection never wakes for this.
    pub(super) fn next_deadline(&self, traffic: Traffic) -> Option<Timestamp> {
        if self.outstanding() {
            return None;
        }
        let enough = INSTANTANEOUS_MUST_US / INSTANTANEOUS_US_PER_PACKET;
        let instantaneous = (traffic.since(self.instantaneous.mark) > enough)
            .then(|| self.instantaneous.since.plus_micros(INSTANTANEOUS_MUST_US));
        let lifetime = (traffic.since(self.lifetime.mark) > LIFETIME_PACKETS)
            .then(|| self.lifetime.since.plus_micros(LIFETIME_MUST_US));
        match (instantaneous, lifetime) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_micros((1_000 + seconds) * SECOND_US)
    }

    fn sent(packets: u64) -> Traffic {
        Traffic::new(packets, 0)
    }

    const BUSY: u64 = 1_000;
    const NOTHING: StatsWanted = StatsWanted { instantaneous: Want::No, lifetime: Want::No };

    fn want(instantaneous: Want, lifetime: Want) -> StatsWanted {
        StatsWanted { instantaneous, lifetime }
    }

    #[test]
    fn the_four_times() {
        use Want::{MayRide, Must, No};
        let table = [
            (0, No, No),
            (19, No, No),
            (20, MayRide, No),
            (29, MayRide, No),
            (30, Must, No),
            (119, Must, No),
            (120, Must, MayRide),
            (139, Must, MayRide),
            (140, Must, Must),
        ];
        for (seconds, instantaneous, lifetime) in table {
            let mut schedule = Schedule::new(at(0), sent(0));
            assert_eq!(
                schedule.wanted(at(seconds), sent(BUSY)),
                want(instantaneous, lifetime),
                "{seconds} s"
            );
        }
    }

    #[test]
    fn instantaneous_needs_more_than_a_packet_per_three_seconds() {
        for (seconds, packets, wanted) in [
            (20, 6, Want::No),
            (20, 7, Want::MayRide),
            (30, 10, Want::No),
            (30, 11, Want::Must),
            (33, 11, Want::No),
        ] {
            let mut schedule = Schedule::new(at(0), sent(5));
            let traffic = sent(5 + packets);
            assert_eq!(
                schedule.wanted(at(seconds), traffic).instantaneous,
                wanted,
                "{packets} in {seconds} s"
            );
            // Either direction will do.
            let mut schedule = Schedule::new(at(0), Traffic::new(0, 5));
            let traffic = Traffic::new(0, 5 + packets);
            assert_eq!(schedule.wanted(at(seconds), traffic).instantaneous, wanted);
        }
    }

    #[test]
    fn a_quiet_stretch_starts_over() {
        let mut schedule = Schedule::new(at(0), sent(0));
        assert_eq!(schedule.wanted(at(1_000), sent(3)), NOTHING);
        // 20 s after that question, not after the start.
        assert_eq!(schedule.wanted(at(1_019), sent(60)), NOTHING);
        assert_eq!(schedule.wanted(at(1_020), sent(60)).instantaneous, Want::MayRide);
    }

    #[test]
    fn lifetime_needs_more_than_a_hundred_packets_but_keeps_counting() {
        let mut schedule = Schedule::new(at(0), sent(0));
        assert_eq!(schedule.wanted(at(140), sent(100)).lifetime, Want::No);
        assert_eq!(schedule.wanted(at(259), sent(101)).lifetime, Want::No); // the clock started over
        assert_eq!(schedule.wanted(at(260), sent(101)).lifetime, Want::MayRide); // the count did not
        assert_eq!(schedule.wanted(at(280), sent(101)).lifetime, Want::Must);
    }

    #[test]
    fn one_outstanding_at_a_time_until_acked_or_lost() {
        let mut schedule = Schedule::new(at(0), sent(0));
        let wanted = schedule.wanted(at(30), sent(BUSY));
        schedule.on_sent(wanted);
        assert!(schedule.outstanding());
        assert_eq!(schedule.wanted(at(300), sent(BUSY)), NOTHING);
        assert_eq!(schedule.next_deadline(sent(BUSY)), None);

        schedule.on_lost();
        assert_eq!(schedule.wanted(at(31), sent(BUSY)).instantaneous, Want::Must);
        assert_eq!(schedule.next_deadline(sent(BUSY)), Some(at(30)));

        schedule.on_sent(wanted);
        schedule.on_acked(at(32), sent(BUSY));
        assert!(!schedule.outstanding());
        assert_eq!(schedule.wanted(at(51), sent(2 * BUSY)), NOTHING);
        assert_eq!(schedule.wanted(at(52), sent(2 * BUSY)).instantaneous, Want::MayRide);
        // The ack settled only what was in the blob.
        assert_eq!(schedule.wanted(at(140), sent(2 * BUSY)).lifetime, Want::Must);
    }

    #[test]
    fn what_did_not_fit_stays_due() {
        let mut schedule = Schedule::new(at(0), sent(0));
        let wanted = schedule.wanted(at(140), sent(BUSY));
        assert_eq!(wanted, want(Want::Must, Want::Must));
        schedule.on_sent(wanted.without_lifetime());
        schedule.on_acked(at(140), sent(BUSY));
        assert_eq!(schedule.wanted(at(141), sent(BUSY)), want(Want::No, Want::Must));
    }

    #[test]
    fn what_never_fits_is_not_wanted_at_once_again() {
        let mut schedule = Schedule::new(at(0), sent(0));
        let both = schedule.wanted(at(140), sent(BUSY));
        schedule.postpone(at(140), StatsWanted { instantaneous: Want::No, ..both });
        assert_eq!(schedule.wanted(at(140), sent(BUSY)), both.without_lifetime());
        schedule.postpone(at(140), both.without_lifetime());
        assert_eq!(schedule.wanted(at(140), sent(BUSY)), NOTHING);
        assert_eq!(schedule.next_deadline(sent(BUSY)), Some(at(170)));
        assert_eq!(schedule.wanted(at(280), sent(BUSY)).lifetime, Want::Must);
    }

    #[test]
    fn stray_acks_and_losses_change_nothing() {
        let mut schedule = Schedule::new(at(0), sent(0));
        schedule.on_acked(at(20), sent(BUSY));
        schedule.on_lost();
        assert_eq!(schedule.wanted(at(30), sent(BUSY)).instantaneous, Want::Must);
    }

    #[test]
    fn an_idle_connection_is_never_woken() {
        let mut schedule = Schedule::new(at(0), sent(0));
        assert_eq!(schedule.next_deadline(sent(0)), None);
        assert_eq!(schedule.next_deadline(sent(10)), None);
        assert_eq!(schedule.next_deadline(sent(11)), Some(at(30)));
        // Woken too late for that little traffic: the stretch ends, and so does the deadline.
        assert_eq!(schedule.wanted(at(33), sent(11)), NOTHING);
        assert_eq!(schedule.next_deadline(sent(11)), None);
        // Keep-alives: one packet each way in ten seconds.
        for n in 1..=60 {
            let traffic = Traffic::new(11 + n, n);
            assert_eq!(schedule.next_deadline(traffic), None, "{n}");
            schedule.wanted(at(33 + 10 * n), traffic);
        }
    }

    #[test]
    fn packet_counts_may_wrap() {
        let start = u64::from(u32::MAX) - 3;
        let mut schedule = Schedule::new(at(0), sent(start));
        assert_eq!(schedule.wanted(at(30), sent(start + 10)), NOTHING);
        let mut schedule = Schedule::new(at(0), sent(start));
        assert_eq!(schedule.wanted(at(30), sent(start + 11)).instantaneous, Want::Must);
    }

    #[test]
    fn lifetime_alone_sets_a_deadline() {
        let mut schedule = Schedule::new(at(0), sent(0));
        schedule.on_sent(want(Want::Must, Want::No));
        schedule.on_acked(at(100), sent(101));
        assert_eq!(schedule.next_deadline(sent(101)), Some(at(140)));
    }
}
