//! What is measured, and the figures.

use super::cable::{Lab, Link};
use super::flows::{Ours, Tcp, kernel_has};
use crate::bench::plot::{Axis, Lines, Series};
use crate::exit::Failure;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Bytes per second.
const MBIT: u64 = 125_000;
const ONE_WAY: Duration = Duration::from_millis(25);
/// How long a flow may look for its rate.
const FIND: Duration = Duration::from_secs(3);
/// How long a step may take.
const FOLLOW: Duration = Duration::from_secs(2);
/// How long flows may take to share.
const SHARE: Duration = Duration::from_secs(8);
/// Between two points of a picture.
const STEP: Duration = Duration::from_millis(100);
/// The smallest queue, bytes.
const QUEUE_MIN: u64 = 16 * 1024;

/// What is beside the first flow, or happens to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum With {
    Nothing,
    Tcp(&'static str),
    Second,
    /// The link changes from this many Mbit/s.
    Step(u64),
    Voice,
}

pub(super) struct Scenario {
    pub(super) key: &'static str,
    mbit: u64,
    queue_ms: u64,
    /// Per mille.
    loss: u64,
    with: With,
}

const fn scenario(key: &'static str, mbit: u64, queue_ms: u64, loss: u64, with: With) -> Scenario {
    Scenario { key, mbit, queue_ms, loss, with }
}

pub(super) const ALL: [Scenario; 10] = [
    scenario("mbit_1", 1, 200, 0, With::Nothing),
    scenario("mbit_10", 10, 200, 0, With::Nothing),
    scenario("mbit_100", 100, 200, 0, With::Nothing),
    scenario("cubic", 20, 50, 0, With::Tcp("cubic")),
    scenario("bbr", 20, 50, 0, With::Tcp("bbr")),
    scenario("two_flows", 10, 200, 0, With::Second),
    scenario("step_up", 40, 200, 0, With::Step(10)),
    scenario("step_down", 10, 200, 0, With::Step(40)),
    scenario("voice", 10, 200, 0, With::Voice),
    scenario("loss_1", 10, 200, 10, With::Nothing),
];

/// The figures of one scenario.
#[derive(Debug, Default)]
pub(super) struct Row {
    key: &'static str,
    mbit: u64,
    of_possible: Option<f64>,
    share: Option<f64>,
    queue_p50_ms: Option<f64>,
    queue_p95_ms: Option<f64>,
    voice_p99_ms: Option<f64>,
    estimate_mbit: Option<f64>,
    skipped: Option<String>,
    /// Seconds, our rate in percent of the link's, mean wait in milliseconds.
    course: Vec<(f64, f64, f64)>,
}

impl Scenario {
    fn link(&self, mbit: u64) -> Link {
        let rate = mbit * MBIT;
        let queue_bytes = (rate * self.queue_ms / 1000).max(QUEUE_MIN);
        Link { rate, delay: ONE_WAY, queue_bytes, loss: self.loss }
    }

    pub(super) fn run(&self, lab: &Lab, span: Duration) -> Result<Row, Failure> {
        let mut row = Row { key: self.key, mbit: self.mbit, ..Row::default() };
        if let With::Tcp(name) = self.with
            && !kernel_has(name)
        {
            row.skipped = Some(format!("the kernel has no TCP congestion control {name}"));
            return Ok(row);
        }
        let began_at = if let With::Step(from) = self.with { from } else { self.mbit };
        lab.set(self.link(began_at));
        let mut ours = Ours::new(lab)?;
        ours.join()?;
        run_for(&mut ours, FIND)?;
        let tcp = self.disturb(lab, &mut ours)?;
        let other = || tcp.as_ref().map_or(0, Tcp::arrived);
        lab.take_waits();
        ours.voice_us.clear();
        let before: Vec<u64> = ours.flows.iter().map(|f| f.arrived).collect();
        let (other_before, began) = (other(), Instant::now());
        let mut waits = self.watch(lab, &mut ours, span, &mut row)?;
        let seconds = began.elapsed().as_secs_f64();
        let theirs = (other() - other_before) as f64;
        let each: Vec<f64> = ours.flows.iter().zip(before).map(|(f, b)| (f.arrived - b) as f64).collect();
        let all = each.iter().sum::<f64>() + theirs;
        row.of_possible = Some(all / seconds / (self.mbit * MBIT) as f64);
        row.share = match self.with {
            With::Tcp(_) => Some((all - theirs) / all),
            With::Second => Some(each.iter().copied().fold(f64::INFINITY, f64::min) / all),
            _ => None,
        };
        row.queue_p50_ms = percentile_ms(&mut waits, 50);
        row.queue_p95_ms = percentile_ms(&mut waits, 95);
        row.voice_p99_ms = percentile_ms(&mut ours.voice_us, 99);
        row.estimate_mbit = Some(f64::from(ours.estimate()?) / MBIT as f64);
        Ok(row)
    }

    /// Lets time pass, and notes the course of it; returns how long packets waited, microseconds.
    fn watch(
        &self,
        lab: &Lab,
        ours: &mut Ours<'_>,
        span: Duration,
        row: &mut Row,
    ) -> Result<Vec<u64>, Failure> {
        let (began, mut all) = (Instant::now(), Vec::new());
        let mut at = began;
        let mut arrived: u64 = ours.flows.iter().map(|f| f.arrived).sum();
        while began.elapsed() < span {
            run_for(ours, STEP.min(span.saturating_sub(began.elapsed())))?;
            let (now, total) = (Instant::now(), ours.flows.iter().map(|f| f.arrived).sum::<u64>());
            let rate = (total - arrived) as f64 / (now - at).as_secs_f64() / (self.mbit * MBIT) as f64;
            let waits = lab.take_waits();
            let mean_us = waits.iter().sum::<u64>() as f64 / waits.len().max(1) as f64;
            row.course.push(((now - began).as_secs_f64(), rate * 100.0, mean_us / 1000.0));
            all.extend(waits);
            (at, arrived) = (now, total);
        }
        Ok(all)
    }

    /// Lets happen what the scenario is about, and time pass until it is to be measured.
    fn disturb(&self, lab: &Lab, ours: &mut Ours<'_>) -> Result<Option<Tcp>, Failure> {
        let mut tcp = None;
        match self.with {
            With::Nothing => return Ok(None),
            With::Tcp(name) => {
                tcp = Some(Tcp::start(lab, name)?);
                run_for(ours, SHARE)?;
            }
            With::Second => {
                ours.join()?;
                run_for(ours, SHARE)?;
            }
            With::Step(_) => {
                lab.set(self.link(self.mbit));
                run_for(ours, FOLLOW)?;
            }
            With::Voice => {
                ours.start_voice()?;
                run_for(ours, FOLLOW)?;
            }
        }
        Ok(tcp)
    }
}

fn run_for(ours: &mut Ours<'_>, span: Duration) -> Result<(), Failure> {
    let end = Instant::now() + span;
    while Instant::now() < end {
        ours.turn()?;
    }
    Ok(())
}

fn percentile_ms(us: &mut [u64], percent: usize) -> Option<f64> {
    us.sort_unstable();
    us.get((us.len() * percent / 100).min(us.len().checked_sub(1)?)).map(|v| *v as f64 / 1000.0)
}

impl Row {
    pub(super) fn json(&self) -> Value {
        json!({
            "key": self.key,
            "rate_mbit": self.mbit,
            "of_possible": self.of_possible,
            "share": self.share,
            "queue_p50_ms": self.queue_p50_ms,
            "queue_p95_ms": self.queue_p95_ms,
            "voice_p99_ms": self.voice_p99_ms,
            "estimate_mbit": self.estimate_mbit,
            "skipped": self.skipped,
        })
    }

    /// Our rate and the queue over time.
    pub(super) fn lines(&self) -> Lines {
        let axis = |label: &str| Axis { label: label.to_owned(), log: false };
        let rate = self.course.iter().map(|c| (c.0, c.1)).collect();
        let queue = self.course.iter().map(|c| (c.0, c.2)).collect();
        Lines {
            title: format!("{}: a link of {} Mbit/s", self.key, self.mbit),
            x: axis("seconds"),
            y: axis("% of the link, ms"),
            series: vec![
                Series { name: "our rate, %".into(), points: rate },
                Series { name: "queueing delay, ms".into(), points: queue },
            ],
        }
    }

    /// For people.
    pub(super) fn line(&self) -> String {
        if let Some(why) = &self.skipped {
            return format!("{:10} {:4} Mbit/s  skipped: {why}", self.key, self.mbit);
        }
        let or_dash = |v: Option<f64>, scale: f64, unit: &str| {
            v.map_or_else(|| "-".to_owned(), |v| format!("{:.1}{unit}", v * scale))
        };
        format!(
            "{:10} {:4} Mbit/s  used {:>6}  share {:>6}  queue p50 {:>8} p95 {:>8}  voice p99 {:>8}  estimate {:>7} Mbit/s",
            self.key,
            self.mbit,
            or_dash(self.of_possible, 100.0, "%"),
            or_dash(self.share, 100.0, "%"),
            or_dash(self.queue_p50_ms, 1.0, "ms"),
            or_dash(self.queue_p95_ms, 1.0, "ms"),
            or_dash(self.voice_p99_ms, 1.0, "ms"),
            or_dash(self.estimate_mbit, 1.0, ""),
        )
    }
}
