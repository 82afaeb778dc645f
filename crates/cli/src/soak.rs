//! `gamesockets soak`: worlds drawn from seeds, without a network, until one breaks a rule.

use crate::exit::{Code, Failure};
use crate::net::{Stop, stop_requested};
use crate::text::parse_seconds;
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use clap::Args;
use gamesockets_sim::soak::Progress;
use gamesockets_sim::{Budget, Failure as Broken, SoakReport, soak};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// How long it goes on when nothing is said about that.
const SECONDS: Duration = Duration::from_secs(60);
/// Time between two lines of output that is not a terminal.
const BRIEF: Duration = Duration::from_secs(10);
/// Last steps shown of a world that broke a rule.
const TRACE_LINES: usize = 30;

const AFTER_HELP: &str = "\
Each seed makes a world: hosts, applications, bad links and attackers under a virtual clock, with rules that are checked
after every step (exactly once, in order, intact, nothing without a cause). The same seed gives the same world, step by
step, on every machine. Ends with code 1 at the first broken rule and says how to see it again.

JSON keys (--json): seed, seeds, ok, virtual_seconds, steps, datagrams, sent, delivered, connections, hash, seconds;
failure: null, or seed, step, at_us, message, scenario, replay.

Examples:
  gamesockets soak
  gamesockets soak --seed 1 --seeds 1000
  gamesockets soak --seconds 3600 --json";

/// Runs simulated worlds until one breaks a rule.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct SoakArgs {
    /// First seed [default: a random one]
    #[arg(long)]
    seed: Option<u64>,
    /// How many seeds
    #[arg(long, conflicts_with = "seconds", value_parser = clap::value_parser!(u64).range(1..))]
    seeds: Option<u64>,
    /// How long [default: 60]
    #[arg(long, value_parser = parse_seconds)]
    seconds: Option<Duration>,
    /// Print all steps that are kept of a world that broke a rule, not only the last ones
    #[arg(long)]
    trace: bool,
    /// Print JSON at the end, and nothing else
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &SoakArgs) -> Result<(), Failure> {
    let stop = stop_requested()?;
    let seed = match args.seed {
        Some(seed) => seed,
        None => random_seed()?,
    };
    let budget = args.seeds.map_or(Budget::UntilStopped, Budget::Seeds);
    let limit = if args.seeds.is_some() { None } else { Some(args.seconds.unwrap_or(SECONDS)) };
    if !args.json {
        println!("first seed {seed}");
    }
    let begin = Instant::now();
    let mut shown = Shown::new(args, begin);
    let report = soak(seed, budget, &mut |progress| {
        shown.update(progress);
        if is_enough(&stop, limit, begin) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    shown.bar.finish_and_clear();
    conclude(args, seed, &report, begin.elapsed())
}

fn is_enough(stop: &Stop, limit: Option<Duration>, begin: Instant) -> bool {
    stop.is_set() || limit.is_some_and(|limit| begin.elapsed() >= limit)
}

/// Short, so that it is easily written down.
fn random_seed() -> Result<u64, Failure> {
    let mut bytes = [0; 4];
    let drawn = SystemRandom::new().fill(&mut bytes);
    drawn.map_err(|_| Failure::new(Code::Failed, "the system gave no random number; give a --seed"))?;
    Ok(u32::from_le_bytes(bytes).into())
}

/// How the soak is seen while it runs.
struct Shown {
    bar: ProgressBar,
    lines: bool,
    begin: Instant,
    printed: Instant,
}

impl Shown {
    fn new(args: &SoakArgs, begin: Instant) -> Self {
        let bar = args.seeds.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
        let template =
            if args.seeds.is_some() { "{bar:30} {pos}/{len} {msg}" } else { "{spinner} {elapsed} {msg}" };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self { lines: bar.is_hidden() && !args.json, bar, begin, printed: begin }
    }

    fn update(&mut self, progress: &Progress<'_>) {
        self.bar.set_position(progress.done);
        self.bar.set_message(format!("seed {}", progress.seed));
        if self.lines && self.printed.elapsed() >= BRIEF {
            self.printed = Instant::now();
            let seconds = self.begin.elapsed().as_secs();
            println!("{seconds} s: {} seeds done, the last one {}", progress.done, progress.seed);
        }
    }
}

fn conclude(args: &SoakArgs, seed: u64, report: &SoakReport, elapsed: Duration) -> Result<(), Failure> {
    if args.json {
        println!("{}", to_json(seed, report, elapsed));
    } else {
        println!(
            "{} seeds, {} s of virtual time, {} steps, {} connections, {} datagrams, {} messages sent, {} delivered",
            report.seeds,
            report.virtual_seconds,
            report.steps,
            report.connections,
            report.datagrams,
            report.sent,
            report.delivered
        );
        println!("fingerprint {:016x}, {:.1} s", report.hash, elapsed.as_secs_f64());
    }
    match &report.failure {
        None => Ok(()),
        Some(failure) => {
            if !args.json {
                let lines: Vec<&str> = failure.trace.lines().collect();
                let skipped = if args.trace { 0 } else { lines.len().saturating_sub(TRACE_LINES) };
                lines.iter().skip(skipped).for_each(|line| println!("{line}"));
                println!("scenario: {}", failure.scenario);
            }
            let Broken { seed, step, at_us, message, .. } = failure;
            let at = *at_us as f64 / 1e6;
            let again = replay(*seed);
            let text = format!(
                "seed {seed} broke a rule at step {step}, {at:.6} s: {message}\nsee it again: {again}"
            );
            Err(Failure::new(Code::Failed, text))
        }
    }
}

fn replay(seed: u64) -> String {
    format!("gamesockets soak --seed {seed} --seeds 1")
}

fn to_json(seed: u64, report: &SoakReport, elapsed: Duration) -> Value {
    let failure = report.failure.as_ref().map(|f| {
        json!({
            "seed": f.seed,
            "step": f.step,
            "at_us": f.at_us,
            "message": f.message,
            "scenario": f.scenario,
            "replay": replay(f.seed),
        })
    });
    json!({
        "seed": seed,
        "seeds": report.seeds,
        "ok": failure.is_none(),
        "virtual_seconds": report.virtual_seconds,
        "steps": report.steps,
        "datagrams": report.datagrams,
        "sent": report.sent,
        "delivered": report.delivered,
        "connections": report.connections,
        "hash": format!("{:016x}", report.hash),
        "seconds": elapsed.as_secs_f64(),
        "failure": failure,
    })
}
