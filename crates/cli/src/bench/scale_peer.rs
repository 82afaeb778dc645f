//! One process of `gamesockets bench scale`: both sides do the same, after the server has listened and the client has
//! connected.

use super::ours::{Node, failed, open_all};
use super::peer::{Plan, Side, result};
use super::raw::is_over;
use super::stats::{cpu_seconds, resident_bytes};
use crate::exit::Failure;
use crate::process::report;
use gamesockets::{Connection, SendFlags};
use hdrhistogram::Histogram;
use serde_json::{Value, json};
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::{Duration, Instant};

/// Bytes at the beginning of a message: when it was sent, and its number.
pub(super) const STAMP_BYTES: usize = 16;
/// Longest time that is told apart, microseconds.
const LONGEST_US: u64 = 60_000_000;
/// Digits to which times are kept.
const TIME_DIGITS: u8 = 2;
/// Messages sent before the loop gets its turn.
const BATCH: u64 = 512;
/// How long to wait at most before looking at the schedule again.
const WAIT: Duration = Duration::from_millis(20);
/// How long messages may still arrive after the last was sent.
const DRAIN: Duration = Duration::from_secs(1);

/// An empty collection of times in microseconds.
pub(super) fn times() -> Result<Histogram<u64>, Failure> {
    Histogram::new_with_bounds(1, LONGEST_US, TIME_DIGITS).map_err(failed)
}

/// A clock that all processes of the machine share, nanoseconds.
#[cfg(unix)]
fn shared_clock() -> Result<u64, Failure> {
    let t = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    u64::try_from(t.tv_sec * 1_000_000_000 + t.tv_nsec).map_err(failed)
}

#[cfg(not(unix))]
fn shared_clock() -> Result<u64, Failure> {
    Err(failed("this system has no clock that two processes can compare; run it on Linux or macOS"))
}

/// Plays one side; `parent` says `go` when all connections are up, and ends when it has seen enough.
pub(super) fn run(plan: &Plan, mut node: Node, parent: &Receiver<String>) -> Result<(), Failure> {
    let begin = Instant::now();
    let mut connections = match plan.side {
        Side::Client => open_all(plan, &mut node)?,
        Side::Server => {
            node.listen()?;
            Vec::new()
        }
    };
    let set_up_seconds = begin.elapsed().as_secs_f64();
    report(&json!({ "opened": connections.len() }))?;
    loop {
        match parent.try_recv() {
            Ok(_) => break,
            Err(TryRecvError::Disconnected) => return Ok(()),
            Err(TryRecvError::Empty) => node.turn(WAIT)?,
        }
    }
    if plan.side == Side::Server {
        connections = node.context.connections();
    }
    if connections.is_empty() {
        return Err(failed("no connection came about"));
    }
    let mut traffic = Traffic::new(plan, connections)?;
    traffic.run(&mut node)?;
    result(traffic.told(&node, set_up_seconds))?;
    // The other side is to see everybody leave only when both have told what they saw.
    while !is_over(parent) {
        node.turn(WAIT)?;
    }
    Ok(())
}

/// Messages to everybody in turn, evenly over the time, and what comes meanwhile.
struct Traffic {
    connections: Vec<Connection>,
    /// Messages per nanosecond, to all.
    rate: f64,
    span_ns: u64,
    message: Vec<u8>,
    /// Messages whose time has come and that were handed over, taken or not.
    tried: u64,
    sent: u64,
    refused: u64,
    received: u64,
    delays: Histogram<u64>,
    late: Histogram<u64>,
    cpu_share: f64,
}

impl Traffic {
    fn new(plan: &Plan, connections: Vec<Connection>) -> Result<Self, Failure> {
        Ok(Self {
            rate: plan.hz * connections.len() as f64 / 1e9,
            span_ns: u64::try_from(plan.span.as_nanos()).map_err(failed)?,
            message: vec![0x5a; plan.size.max(STAMP_BYTES)],
            connections,
            tried: 0,
            sent: 0,
            refused: 0,
            received: 0,
            delays: times()?,
            late: times()?,
            cpu_share: f64::NAN,
        })
    }

    fn run(&mut self, node: &mut Node) -> Result<(), Failure> {
        let (cpu, begin) = (cpu_seconds(), shared_clock()?);
        let mut now = begin;
        while now - begin < self.span_ns {
            let due = ((now - begin) as f64 * self.rate) as u64;
            let end = due.min(self.tried + BATCH);
            while self.tried < end {
                self.send_one(begin)?;
            }
            let next = begin + (self.tried as f64 / self.rate) as u64;
            let wait = Duration::from_nanos(next.saturating_sub(shared_clock()?)).min(WAIT);
            now = self.turn(node, wait)?;
        }
        self.cpu_share = (cpu_seconds() - cpu) / Duration::from_nanos(now - begin).as_secs_f64();
        let until = Instant::now() + DRAIN;
        while Instant::now() < until {
            self.turn(node, WAIT)?;
        }
        Ok(())
    }

    fn send_one(&mut self, begin: u64) -> Result<(), Failure> {
        let now = shared_clock()?;
        let due = begin + (self.tried as f64 / self.rate) as u64;
        self.late.saturating_record(now.saturating_sub(due) / 1000);
        for (to, from) in self.message.iter_mut().zip([now, self.tried].iter().flat_map(|n| n.to_le_bytes()))
        {
            *to = from;
        }
        let index = self.tried % self.connections.len() as u64;
        self.tried += 1;
        let flags = SendFlags::UNRELIABLE | SendFlags::NO_NAGLE;
        let to = self.connections.get(index as usize);
        match to.map(|connection| connection.send(&self.message, flags)) {
            Some(Ok(_)) => self.sent += 1,
            // No room, or a connection that ended: both are counted.
            Some(Err(_)) | None => self.refused += 1,
        }
        Ok(())
    }

    /// One turn of the loop; gives the time after it.
    fn turn(&mut self, node: &mut Node, wait: Duration) -> Result<u64, Failure> {
        node.turn(wait)?;
        let now = shared_clock()?;
        self.received += node.inbox.len() as u64;
        for message in &node.inbox {
            if let Some(stamp) = message.payload().first_chunk::<8>() {
                let delay = now.saturating_sub(u64::from_le_bytes(*stamp));
                self.delays.saturating_record(delay / 1000);
            }
        }
        Ok(now)
    }

    fn told(&self, node: &Node, set_up_seconds: f64) -> Value {
        json!({
            "set_up_seconds": set_up_seconds,
            "open": node.open,
            "ended": node.ended,
            "last_end": node.last_end,
            "sent": self.sent,
            "refused": self.refused,
            "received": self.received,
            "cpu_share": self.cpu_share,
            "resident_bytes": resident_bytes(),
            "delays": counts(&self.delays),
            "late": counts(&self.late),
        })
    }
}

/// Times and how often each came.
fn counts(times: &Histogram<u64>) -> Vec<(u64, u64)> {
    times.iter_recorded().map(|v| (v.value_iterated_to(), v.count_at_value())).collect()
}

/// Adds what [`counts`] gave in another process.
pub(super) fn add_counts(times: &mut Histogram<u64>, told: &Value) {
    for pair in told.as_array().into_iter().flatten() {
        if let (Some(value), Some(count)) = (pair[0].as_u64(), pair[1].as_u64()) {
            times.saturating_record_n(value, count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_survive_the_way_to_the_parent() {
        let mut times = times().unwrap();
        (1..=10_000).for_each(|us| times.saturating_record(us));
        times.saturating_record(u64::MAX);
        let mut back = super::times().unwrap();
        add_counts(&mut back, &json!(counts(&times)));
        assert_eq!(back.len(), 10_001);
        for quantile in [0.5, 0.99, 0.999] {
            let (exact, kept) = (10_000.0 * quantile, back.value_at_quantile(quantile) as f64);
            assert!((kept / exact - 1.0).abs() < 0.02, "{quantile}: {kept}");
        }
        add_counts(&mut back, &json!("no list"));
        assert_eq!(back.len(), 10_001);
    }
}
