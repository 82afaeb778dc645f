//! What a scenario makes possible. Whatever happens without being explained by it is a failure.

use gamesockets_endpoint::counters::Counters;

/// A packet overtaken by more than this many others is taken for a newer one, and does not open: 16 bits of its number
/// travel.
const NUMBERS_APART: u64 = 1 << 15;

/// The faults that a world contains, as far as they show at an endpoint. Everything is off in a perfect world.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Explain {
    /// Datagrams get lost.
    pub loss: bool,
    /// Datagrams are overtaken.
    pub reorder: bool,
    /// Datagrams arrive twice.
    pub duplicate: bool,
    /// Datagrams are damaged.
    pub corrupt: bool,
    /// Handshakes take so long that parts of them are repeated.
    pub retries: bool,
    /// Somebody sends forged datagrams.
    pub attack: bool,
    /// A peer holds real keys and misbehaves.
    pub insider: bool,
    /// Some pairs of settings cannot agree.
    pub disagreement: bool,
    /// Connection attempts may time out.
    pub connect_timeouts: bool,
    /// Established connections may time out.
    pub outages: bool,
    /// Sockets are used for one connection after the other.
    pub reuse: bool,
    /// Connections were closed, or listen sockets.
    pub ends: bool,
}

impl Explain {
    /// Takes over everything that `other` explains.
    pub const fn add(&mut self, other: &Self) {
        self.loss |= other.loss;
        self.reorder |= other.reorder;
        self.duplicate |= other.duplicate;
        self.corrupt |= other.corrupt;
        self.retries |= other.retries;
        self.attack |= other.attack;
        self.insider |= other.insider;
        self.disagreement |= other.disagreement;
        self.connect_timeouts |= other.connect_timeouts;
        self.outages |= other.outages;
        self.reuse |= other.reuse;
        self.ends |= other.ends;
    }

    /// The name of a counter that went up without a reason, if there is one.
    pub fn unexplained(&self, counters: &Counters) -> Option<(&'static str, u64)> {
        let hostile = self.corrupt || self.attack || self.insider;
        let untidy = self.loss || self.reorder || self.duplicate || self.retries || hostile;
        let drops = [
            ("malformed", counters.drop_malformed, hostile),
            ("wrong id", counters.drop_wrong_id, hostile || self.reuse),
            ("no keys", counters.drop_no_keys, untidy),
            ("duplicate", counters.drop_duplicate, self.duplicate || hostile),
            ("too old", counters.drop_too_old, self.reorder || self.duplicate || hostile),
            (
                "bad tag",
                counters.drop_bad_tag,
                hostile || (self.reorder && counters.datagrams_in > NUMBERS_APART),
            ),
            ("ack of unsent", counters.drop_ack_of_unsent, self.insider),
            ("unexpected", counters.drop_unexpected, untidy || self.ends),
            ("identity", counters.drop_identity, hostile || self.disagreement),
            ("closed", counters.drop_closed, self.ends || hostile || self.disagreement),
            ("unknown host", counters.drop_unknown_host, self.ends || hostile || self.outages),
            ("not listening", counters.drop_not_listening, self.ends || hostile || self.outages),
            ("challenge", counters.drop_challenge, hostile || self.retries),
            ("handshake", counters.drop_handshake, hostile || self.disagreement),
            ("limit", counters.drop_limit, hostile),
            ("answers shed", counters.answers_shed, self.attack),
        ];
        drops.into_iter().find(|(_, n, explained)| *n > 0 && !explained).map(|(name, n, _)| (name, n))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_perfect_world_explains_nothing() {
        let explain = Explain::default();
        assert_eq!(explain.unexplained(&Counters::default()), None);
        let counters = Counters { drop_duplicate: 2, datagrams_in: 9, ..Counters::default() };
        assert_eq!(explain.unexplained(&counters), Some(("duplicate", 2)));
        let explain = Explain { duplicate: true, ..explain };
        assert_eq!(explain.unexplained(&counters), None);
    }
}
