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
/// What part of the link is to be used, towards our own library and towards the reference library.
const USED: f64 = 0.85;
const USED_REFERENCE: f64 = 0.75;
/// What is to be the most that 95 of 100 packets wait, and that a voice message takes beyond the round trip.
const QUEUE_P95_MS: f64 = 30.0;
const VOICE_EXTRA_MS: f64 = 20.0;
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
    /// The receiver is the reference library.
    reference: bool,
}

const fn own(key: &'static str, mbit: u64, queue_ms: u64, loss: u64, with: With) -> Scenario {
    Scenario { key, mbit, queue_ms, loss, with, reference: false }
}

const fn gns(key: &'static str, mbit: u64, queue_ms: u64, loss: u64, with: With) -> Scenario {
    Scenario { key, mbit, queue_ms, loss, with, reference: true }
}

pub(super) const ALL: [Scenario; 19] = [
    own("mbit_1", 1, 200, 0, With::Nothing),
    own("mbit_10", 10, 200, 0, With::Nothing),
    own("mbit_100", 100, 200, 0, With::Nothing),
    own("cubic", 20, 50, 0, With::Tcp("cubic")),
    own("bbr", 20, 50, 0, With::Tcp("bbr")),
    own("two_flows", 10, 200, 0, With::Second),
    own("step_up", 40, 200, 0, With::Step(10)),
    own("step_down", 10, 200, 0, With::Step(40)),
    own("voice", 10, 200, 0, With::Voice),
    own("loss_1", 10, 200, 10, With::Nothing),
    gns("gns_mbit_1", 1, 200, 0, With::Nothing),
    gns("gns_mbit_10", 10, 200, 0, With::Nothing),
    gns("gns_mbit_100", 100, 200, 0, With::Nothing),
    gns("gns_cubic", 20, 50, 0, With::Tcp("cubic")),
    gns("gns_two_flows", 10, 200, 0, With::Second),
    gns("gns_step_up", 40, 200, 0, With::Step(10)),
    gns("gns_step_down", 10, 200, 0, With::Step(40)),
    gns("gns_voice", 10, 200, 0, With::Voice),
    gns("gns_loss_1", 10, 200, 10, With::Nothing),
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
    /// Complaints of the reference library about data beyond its limits.
    refused: Option<usize>,
    goals: Vec<Goal>,
    skipped: Option<String>,
    /// Seconds, our rate in percent of the link's, mean wait in milliseconds.
    course: Vec<(f64, f64, f64)>,
}

/// What a row is to reach.
#[derive(Debug)]
struct Goal {
    text: String,
    met: bool,
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
        let mut library = None;
        if self.reference {
            match gamesockets_reference::file(gamesockets_reference::GNS_LIB) {
                Ok(file) => library = Some(file),
                Err(why) => {
                    row.skipped = Some(why);
                    return Ok(row);
                }
            }
        }
        let began_at = if let With::Step(from) = self.with { from } else { self.mbit };
        lab.set(self.link(began_at));
        let mut ours = Ours::new(lab, library)?;
        ours.join()?;
        run_for(&mut ours, FIND)?;
        let tcp = self.disturb(lab, &mut ours)?;
        let other = || tcp.as_ref().map_or(0, Tcp::arrived);
        lab.take_waits();
        ours.arrivals.voice_us.clear();
        let before = ours.arrivals.bytes.clone();
        let (other_before, began) = (other(), Instant::now());
        let mut waits = self.watch(lab, &mut ours, span, &mut row)?;
        let seconds = began.elapsed().as_secs_f64();
        let theirs = (other() - other_before) as f64;
        let each: Vec<f64> = ours.arrivals.bytes.iter().zip(before).map(|(a, b)| (a - b) as f64).collect();
        let all = each.iter().sum::<f64>() + theirs;
        row.of_possible = Some(all / seconds / (self.mbit * MBIT) as f64);
        row.share = match self.with {
            With::Tcp(_) => Some((all - theirs) / all),
            With::Second => Some(each.iter().copied().fold(f64::INFINITY, f64::min) / all),
            _ => None,
        };
        row.queue_p50_ms = percentile_ms(&mut waits, 50);
        row.queue_p95_ms = percentile_ms(&mut waits, 95);
        row.voice_p99_ms = percentile_ms(&mut ours.arrivals.voice_us, 99);
        row.estimate_mbit = Some(f64::from(ours.estimate()?) / MBIT as f64);
        row.refused = self.reference.then_some(ours.arrivals.refused);
        row.goals = self.goals(&row);
        ours.end();
        Ok(row)
    }

    /// What the row is to reach, and whether it did.
    fn goals(&self, row: &Row) -> Vec<Goal> {
        let mut goals = Vec::new();
        let mut goal = |value: Option<f64>, least: f64, most: f64, text: String| {
            goals.push(Goal { text, met: value.is_some_and(|v| (least..=most).contains(&v)) });
        };
        let used = if self.reference { USED_REFERENCE } else { USED };
        match self.with {
            With::Tcp("cubic") => goal(row.share, 0.3, 0.7, "share 30 to 70 %".into()),
            With::Tcp(_) => {}
            _ => {
                goal(row.of_possible, used, f64::INFINITY, format!("used >= {:.0} %", used * 100.0));
                goal(row.queue_p95_ms, 0.0, QUEUE_P95_MS, format!("queue p95 <= {QUEUE_P95_MS:.0} ms"));
            }
        }
        match self.with {
            // The larger one has at most 1.2 times what the smaller one has.
            With::Second => goal(row.share, 1.0 / 2.2, 0.5, "share >= 45.5 %".into()),
            With::Voice => {
                let most = 2.0 * ONE_WAY.as_secs_f64() * 1000.0 + VOICE_EXTRA_MS;
                goal(row.voice_p99_ms, 0.0, most, format!("voice p99 <= {most:.0} ms"));
            }
            _ => {}
        }
        goals
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
        let mut arrived: u64 = ours.arrivals.bytes.iter().sum();
        while began.elapsed() < span {
            run_for(ours, STEP.min(span.saturating_sub(began.elapsed())))?;
            let (now, total) = (Instant::now(), ours.arrivals.bytes.iter().sum::<u64>());
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
            "refused": self.refused,
            "goals": self.goals.iter().map(|g| json!({ "goal": g.text, "met": g.met })).collect::<Vec<_>>(),
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
            return format!("{:13} {:4} Mbit/s  skipped: {why}", self.key, self.mbit);
        }
        let or_dash = |v: Option<f64>, scale: f64, unit: &str| {
            v.map_or_else(|| "-".to_owned(), |v| format!("{:.1}{unit}", v * scale))
        };
        let goals: String = self
            .goals
            .iter()
            .map(|g| format!("\n{:15}{} {}", "", if g.met { "met   " } else { "MISSED" }, g.text))
            .collect();
        let refused = self.refused.map_or_else(String::new, |n| format!("  refused {n}"));
        format!(
            "{:13} {:4} Mbit/s  used {:>6}  share {:>6}  queue p50 {:>8} p95 {:>8}  voice p99 {:>8}  estimate {:>7} Mbit/s{refused}{goals}",
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
