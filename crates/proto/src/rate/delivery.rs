//! How fast the path delivers: samples of the delivery rate from acknowledgements (draft-ietf-ccwg-bbr-02, section
//! "Delivery Rate Samples").
//!
//! Every packet remembers how much had been delivered when it was sent, and when that was. Its acknowledgement then
//! tells how much was delivered since: one sample. Acknowledgements that come late make both ends of such a stretch
//! late alike, so they do no harm beyond noise.

use crate::limits::INFLIGHT_PACKETS_MAX;
use alloc::collections::VecDeque;
use gamesockets_wire::time::Timestamp;

/// Packets remembered, as many as the sender remembers: the oldest give way.
const RECORDS_MAX: usize = INFLIGHT_PACKETS_MAX;
/// An empty ring of more than this many places is given back: an idle connection is to be small.
const RECORDS_KEPT: usize = 16;
/// Packets neither acknowledged nor lost are forgotten after this, microseconds: packets without reliable data may
/// never be acknowledged.
const RECORD_MEMORY_US: u64 = 4_000_000;
/// Silence after which the next packet begins a new stretch even if some packets count as in flight, microseconds.
const RESTART_US: u64 = 1_000_000;

/// The state of the connection when a packet was sent.
#[derive(Clone, Copy, Debug)]
struct Record {
    delivered: u64,
    delivered_at: Timestamp,
    first_sent_at: Timestamp,
    sent_at: Timestamp,
    app_limited: bool,
    /// The last one that waited: what is acknowledged after it may come when it likes.
    last: bool,
    settled: bool,
}

/// One measurement of the delivery rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sample {
    /// Bytes per second.
    pub(super) rate: u64,
    /// The application had less to send than the path could carry: the rate is a lower bound.
    pub(super) app_limited: bool,
}

/// What one acknowledgement told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Batch {
    /// The delivery rate, if it could be measured.
    pub(super) sample: Option<Sample>,
    /// What had been delivered when the newest acknowledged packet was sent, bytes.
    pub(super) prior_delivered: Option<u64>,
    /// Age of the oldest packet acknowledged by this one for the first time, microseconds.
    pub(super) oldest_age_us: Option<u64>,
    /// Time since the acknowledgement before it, microseconds.
    pub(super) interval_us: u64,
}

/// Counts what is delivered.
#[derive(Debug)]
pub(super) struct Delivery {
    records: VecDeque<Record>,
    first_number: u64,
    delivered: u64,
    delivered_at: Timestamp,
    first_sent_at: Timestamp,
    last_sent_at: Timestamp,
    /// Samples are app-limited until so much is delivered; 0: they are not.
    app_limited_until: u64,
    newest: Option<Record>,
    oldest_sent_at: Option<Timestamp>,
    taken_at: Timestamp,
}

impl Delivery {
    pub(super) const fn new(now: Timestamp) -> Self {
        Self {
            records: VecDeque::new(),
            first_number: 0,
            delivered: 0,
            delivered_at: now,
            first_sent_at: now,
            last_sent_at: now,
            app_limited_until: 0,
            newest: None,
            oldest_sent_at: None,
            taken_at: now,
        }
    }

    /// Bytes delivered so far.
    pub(super) const fn delivered(&self) -> u64 {
        self.delivered
    }

    /// Whether the application sends less than it may.
    pub(super) const fn is_app_limited(&self) -> bool {
        self.app_limited_until > 0
    }

    /// A packet goes out. Returns whether it is the first after silence.
    pub(super) fn on_sent(
        &mut self,
        now: Timestamp,
        number: u64,
        bytes: u64,
        in_flight: u64,
        app_limited: bool,
    ) -> bool {
        let silent = now.micros_since(self.last_sent_at) > RESTART_US;
        let restart = in_flight <= bytes || silent && self.is_app_limited();
        if restart {
            self.first_sent_at = now;
            self.delivered_at = now;
        }
        self.last_sent_at = now;
        self.push(now, number, app_limited);
        if app_limited {
            self.app_limited_until = (self.delivered + in_flight).max(1);
        }
        restart
    }

    fn push(&mut self, now: Timestamp, number: u64, last: bool) {
        if self.first_number + self.records.len() as u64 != number {
            self.records.clear();
            self.first_number = number;
        }
        self.records.push_back(Record {
            delivered: self.delivered,
            delivered_at: self.delivered_at,
            first_sent_at: self.first_sent_at,
            sent_at: now,
            app_limited: self.is_app_limited(),
            last,
            settled: false,
        });
        if self.records.len() > RECORDS_MAX {
            self.records.pop_front();
            self.first_number += 1;
        }
    }

    /// A packet arrived; `was_lost` if it had been given up.
    pub(super) fn on_acked(
        &mut self,
        now: Timestamp,
        number: u64,
        sent_at: Timestamp,
        bytes: u64,
        was_lost: bool,
    ) {
        self.delivered += bytes;
        self.delivered_at = now;
        let Some(index) = number.checked_sub(self.first_number) else { return };
        let Some(record) = usize::try_from(index).ok().and_then(|i| self.records.get_mut(i)) else { return };
        record.settled = true;
        if !was_lost && !record.last {
            self.oldest_sent_at = Some(self.oldest_sent_at.map_or(sent_at, |at| at.min(sent_at)));
        }
        if self.newest.is_none_or(|n| n.sent_at <= record.sent_at) {
            self.newest = Some(*record);
        }
    }

    /// A packet was given up; it may still turn out to have arrived, but that will not be measured by it.
    pub(super) fn on_lost(&mut self, number: u64) {
        let Some(index) = number.checked_sub(self.first_number) else { return };
        if let Some(record) = usize::try_from(index).ok().and_then(|i| self.records.get_mut(i)) {
            record.settled = true;
        }
    }

    /// All of one acknowledgement was counted. Stretches shorter than `shortest_us` measure nothing.
    pub(super) fn take(&mut self, now: Timestamp, shortest_us: u64) -> Batch {
        if self.app_limited_until > 0 && self.delivered > self.app_limited_until {
            self.app_limited_until = 0;
        }
        self.forget(now);
        let oldest_age_us = self.oldest_sent_at.take().map(|at| now.micros_since(at));
        let Some(newest) = self.newest.take() else {
            return Batch { oldest_age_us, ..Batch::default() };
        };
        let interval_us = now.micros_since(core::mem::replace(&mut self.taken_at, now));
        self.first_sent_at = self.first_sent_at.max(newest.sent_at);
        let sent_us = newest.sent_at.micros_since(newest.first_sent_at);
        let acked_us = self.delivered_at.micros_since(newest.delivered_at);
        let stretch = sent_us.max(acked_us);
        let bytes = self.delivered - newest.delivered;
        let sample = (stretch >= shortest_us.max(1)).then(|| Sample {
            rate: bytes.saturating_mul(1_000_000) / stretch.max(1),
            app_limited: newest.app_limited,
        });
        Batch { sample, prior_delivered: Some(newest.delivered), oldest_age_us, interval_us }
    }

    fn forget(&mut self, now: Timestamp) {
        while let Some(r) = self.records.front()
            && (r.settled || now.micros_since(r.sent_at) > RECORD_MEMORY_US)
        {
            self.records.pop_front();
            self.first_number += 1;
        }
        if self.records.is_empty() && self.records.capacity() > RECORDS_KEPT {
            self.records = VecDeque::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(us: u64) -> Timestamp {
        Timestamp::from_micros(us)
    }

    /// Sends 300 packets of 1000 bytes, one each millisecond, acknowledged 50 ms later, ten at a time.
    fn steady(d: &mut Delivery, app_limited: bool) -> Vec<Sample> {
        let mut samples = Vec::new();
        for n in 0..300u64 {
            d.on_sent(at(1 + n * 1000), n, 1000, (n.min(50) + 1) * 1000, app_limited);
            if n >= 50 && n % 10 == 9 {
                for acked in n - 59..=n - 50 {
                    d.on_acked(at(1 + n * 1000), acked, at(1 + acked * 1000), 1000, false);
                }
                samples.extend(d.take(at(1 + n * 1000), 10_000).sample);
            }
        }
        samples
    }

    #[test]
    fn late_acknowledgements_measure_the_rate() {
        let mut d = Delivery::new(at(1));
        let samples = steady(&mut d, false);
        let last = samples.last().unwrap();
        assert!((900_000..=1_050_000).contains(&last.rate) && !last.app_limited, "{samples:?}");
    }

    #[test]
    fn an_application_with_little_to_send_marks_its_samples() {
        let mut d = Delivery::new(at(1));
        assert!(steady(&mut d, true).iter().skip(1).all(|s| s.app_limited));
    }

    #[test]
    fn silence_is_no_slowness_and_an_idle_ring_is_given_back() {
        let mut d = Delivery::new(at(1));
        steady(&mut d, false);
        for n in 250..300 {
            d.on_acked(at(350_000), n, at(1 + n * 1000), 1000, false);
        }
        d.take(at(350_000), 0);
        assert_eq!(d.records.capacity(), 0);
        assert!(d.on_sent(at(60_000_000), 300, 1000, 1000, true));
        d.on_acked(at(60_050_000), 300, at(60_000_000), 1000, false);
        let sample = d.take(at(60_050_000), 0).sample.unwrap();
        assert_eq!(sample.rate, 20_000, "a packet in 50 ms, not in a minute");
    }

    #[test]
    fn only_what_others_wait_behind_is_late() {
        let mut d = Delivery::new(at(1));
        d.on_sent(at(1), 0, 50, 50, true);
        d.on_sent(at(1_000_000), 1, 1000, 1050, false);
        d.on_sent(at(1_010_000), 2, 1000, 2050, false);
        d.on_acked(at(1_060_000), 0, at(1), 50, false);
        d.on_acked(at(1_060_000), 1, at(1_000_000), 1000, false);
        assert_eq!(d.take(at(1_060_000), 0).oldest_age_us, Some(60_000), "the first one was alone");
        d.on_acked(at(1_090_000), 2, at(1_010_000), 1000, false);
        let batch = d.take(at(1_090_000), 0);
        assert_eq!((batch.oldest_age_us, batch.interval_us), (Some(80_000), 30_000));
    }

    #[test]
    fn never_more_records_than_allowed() {
        let mut d = Delivery::new(at(1));
        for n in 0..RECORDS_MAX as u64 + 10 {
            d.on_sent(at(1 + n), n, 1000, n * 1000, false);
        }
        assert_eq!((d.records.len(), d.first_number), (RECORDS_MAX, 10));
    }
}
