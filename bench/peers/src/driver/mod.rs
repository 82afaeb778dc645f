//! The driver: starts a server and a client process for every measurement, the libraries by turns, and collects what
//! they say.
//!
//! # How any other program can take part
//!
//! `--exec NAME=PROGRAM` starts PROGRAM in both roles, with these arguments:
//!
//! ```text
//! PROGRAM server NAME --scenario S --size N --secs S --warmup S --count N --concurrency N [--cpu K] [--set KEY=VALUE]…
//! PROGRAM client NAME … --port P
//! ```
//!
//! Scenarios: `reliable`, `unreliable` (send messages of `--size` bytes as fast as possible), `rtt` (one message to and
//! fro at a time; with `--set poll=busy` without sleeping), `setup` (connect and close, `--concurrency` at a time),
//! `idle` (`--count` connections that do nothing), `lossy` (as `reliable`, over a path). `--set rate=auto` says that
//! no rate is known. What is not understood should be ignored, or end the program with a complaint on its error output.
//!
//! Both say lines of `key value`. A server on 127.0.0.1 says `port N` first; when its standard input ends it says its
//! results and ends with status 0. A client connects to 127.0.0.1:P, says its results and ends by itself.
//!
//! | scenario | who | results |
//! |---|---|---|
//! | `reliable`, `unreliable`, `lossy` | server | `rx_msgs_per_s`, `rx_MB_per_s` in the `--secs` that begin `--warmup` after the first message; `rx_MB` in all |
//! | | client | nothing needed; it sends for `--warmup` + `--secs` + 0.3 s |
//! | `rtt` | client | `rtt_p50_us`, `rtt_p99_us` over `--secs` |
//! | `setup` | client | `conn_per_s`, `connect_p50_us`, `connect_p99_us` over `--secs` |
//! | `idle` | client | `base N` with the first few connections; then it waits for a line, opens the rest, says `ready N`, and ends when its standard input does |
//!
//! Processor time and memory are seen from outside. A process that says nothing in time is stopped; its cell stays
//! empty, and the table's footnote says why.

mod chart;
mod goal;
mod job;
mod json;
mod plan;
mod process;
mod table;
mod text;

use crate::child::Scenario;
use crate::libraries::GNS_VARIABLE;
use bench_common::stats::{short, spread};
use bench_common::{Result, seal};
use clap::Args;
use indicatif::{HumanDuration, ProgressBar, ProgressStyle};
use job::{Job, Path, Pin};
use plan::{Derived, DerivedPlan, Entry, Measurement, Scale};
use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use table::{Cells, Row};

const FULL: Scale = Scale { secs: 2.0, far_secs: 8.0, far_warmup: 3.0, idle: 5000, idle_secs: 10.0 };
const QUICK: Scale = Scale { secs: 0.6, far_secs: 3.0, far_warmup: 2.0, idle: 500, idle_secs: 3.0 };
/// How long the state of the machine is looked at.
const SEAL_SPAN: Duration = Duration::from_millis(300);
/// Failures of one cell after which it is not tried again.
const FAILURES_MAX: usize = 2;

const AFTER_HELP: &str = "\
Every measurement starts two processes on loopback (a third for the path that loses) and repeats the libraries by turns;
the table shows medians. Goals are ratios to what was measured beside us in the same run. A value is marked ~ where other
programs took more than 15 % of a core during most of its runs. A library that fails leaves its cell empty, and a footnote
says why. Columns: raw (plain UDP: no reliability), gamesockets, gns (only where GAMESOCKETS_GNS_LIB names the shared
library), quinn, renet, enet, and the names of --exec; how a program takes part is described in peers/src/driver/mod.rs.

JSON (--json): {
  machine: {cpus, cpu, kernel, seal_mb_per_s: [before, after]},
  runs, quick,
  bulk_over_raw_sealed, ping_p50_over_raw: the two rows of that key, ours, or null,
  rows: [{
    key, name, unit, better: \"higher\" or \"lower\",
    values: {CELL: {median, min, max, noisy}},
    goal: {target: [{text, factor, measured, met}], stretch: [the same]} or null,
    met: true, false, or null where a value is missing or there is no goal,
    stretch_met: the same
  }],
  failures: [{row, cell, runs, error}]
}
A CELL is a column's name, with a variant behind an underscore: raw_plain, raw_plain_sealed, raw_gso, raw_sealed (the
limits: a call per packet, or segmentation offload; AES-256-GCM or none), raw (ping-pong), gamesockets, gamesockets_16MB
(a rate set by hand), gns_5MB, quinn_one_stream (else a stream per message), quinn_cubic (else BBR; one stream on
lossy paths).
Row keys: bulk_16k, mb_per_cpu_s, bulk_256k, reliable_64, unreliable_64, ping_p50, ping_p99, busy_p50, busy_p99, setups,
connect_p50, idle_kb, idle_cpu, lossy_1, lossy_5, path_1, path_5; computed from these: bulk_over_raw_sealed,
ping_p50_over_raw, busy_p50_over_raw, and X_highest_over_best for the last four (goodput at the highest rate set by hand
over that at the best one).

Examples:
  peers table --quick
  peers table --only bulk,ping --runs 5 --json out.json --png out.png
  peers table --libraries gamesockets,quinn --only lossy
  peers table --exec mine=./my-program";

/// Options of the table.
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct TableArgs {
    /// One short run with fewer connections
    #[arg(long)]
    quick: bool,
    /// Only rows whose key contains one of these, comma separated
    #[arg(long, value_name = "ROWS", value_delimiter = ',')]
    only: Vec<String>,
    /// Only these columns, comma separated
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    libraries: Vec<String>,
    /// Runs of each measurement [default: 3, with --quick 1]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100))]
    runs: Option<u32>,
    /// Write JSON to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Draw a bar chart into this file
    #[arg(long, value_name = "FILE")]
    png: Option<PathBuf>,
    /// Another program that takes part
    #[arg(long, value_name = "NAME=PROGRAM", value_parser = guest)]
    exec: Vec<(String, PathBuf)>,
}

/// Options of a single measurement.
#[derive(Args, Debug)]
pub(crate) struct RunArgs {
    /// raw, gamesockets, gns, quinn, renet, enet, or a name of --exec
    peer: String,
    /// What is measured
    #[arg(long, value_enum)]
    scenario: Scenario,
    /// Bytes of a message
    #[arg(long, default_value_t = 64)]
    size: u32,
    /// Seconds that are measured
    #[arg(long, default_value_t = 2.0)]
    secs: f64,
    /// Seconds before them
    #[arg(long, default_value_t = 0.3)]
    warmup: f64,
    /// Idle connections
    #[arg(long, default_value_t = 1000)]
    count: usize,
    /// Connection attempts at one time
    #[arg(long, default_value_t = 1)]
    concurrency: usize,
    /// Where the processes run
    #[arg(long, value_enum, default_value_t = Pin::Free)]
    pin: Pin,
    /// Setting of the library; see its file in peers/src/libraries
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Percent of packets lost each way, over a path
    #[arg(long)]
    loss: Option<f64>,
    /// Milliseconds each way on that path
    #[arg(long, default_value_t = 50)]
    delay_ms: u64,
    /// Megabytes per second on that path; 0: no limit
    #[arg(long, default_value_t = 0.0)]
    path_mb: f64,
    /// How often
    #[arg(long, default_value_t = 1)]
    runs: u32,
    /// A program that takes part under the name
    #[arg(long, value_name = "NAME=PROGRAM", value_parser = guest)]
    exec: Vec<(String, PathBuf)>,
}

fn guest(text: &str) -> std::result::Result<(String, PathBuf), String> {
    let (name, program) = text.split_once('=').ok_or("say NAME=PROGRAM")?;
    let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if plain {
        Ok((name.to_owned(), program.into()))
    } else {
        Err(format!("`{name}` is no name: letters and digits"))
    }
}

/// A cell that failed.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    measurement: &'static str,
    /// Row keys that lack the cell.
    rows: Vec<&'static str>,
    cell: String,
    /// How often; 0: it worked, and there is something to know about it.
    times: usize,
    error: String,
    /// For repeating it.
    command: String,
}

/// One measurement, everything it says.
pub(crate) fn run_one(args: &RunArgs) -> Result<()> {
    let job = Job {
        peer: args.peer.clone(),
        program: args.exec.iter().find(|(name, _)| *name == args.peer).map(|(_, program)| program.clone()),
        scenario: args.scenario,
        size: args.size,
        secs: args.secs,
        warmup: args.warmup,
        count: args.count,
        concurrency: args.concurrency,
        set: args.set.clone(),
        pin: args.pin,
        path: args.loss.map(|loss| Path { loss, delay_ms: args.delay_ms, megabytes: args.path_mb }),
    };
    let mut all: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for run in 0..args.runs.max(1) {
        eprintln!("run {} of {}: {}", run + 1, args.runs.max(1), job.command_line());
        let sample = job.run(true)?;
        for (key, value) in sample.values {
            all.entry(key).or_default().push(value);
        }
        all.entry("noise_percent".to_owned()).or_default().push(sample.noise * 100.0);
    }
    for (key, values) in all {
        if let Some(s) = spread(&values) {
            println!("{key:<26}{:>14}   ({} to {})", short(s.median), short(s.min), short(s.max));
        }
    }
    Ok(())
}

/// The whole table.
pub(crate) fn table(args: &TableArgs) -> Result<()> {
    let scale = if args.quick { QUICK } else { FULL };
    let runs = args.runs.unwrap_or(if args.quick { 1 } else { 3 });
    let list = select(plan::measurements(&scale, &args.exec), args)?;
    let before = seal::seal_megabytes_per_second(SEAL_SPAN)?;
    let (mut rows, failures) = measure(&list, runs, !args.quick);
    let after = seal::seal_megabytes_per_second(SEAL_SPAN)?;
    for plan in plan::derived() {
        let row = derive(&plan, &rows);
        let place = rows.iter().position(|row| row.key == plan.from);
        if let Some((row, place)) = row.zip(place).filter(|_| wanted(plan.key, args)) {
            rows.insert(place + 1, row);
        }
    }
    table::judge(&mut rows);
    rows.retain(|row| wanted(&row.key, args));
    let labels = list.iter().flat_map(|m| &m.entries).map(|e| (e.key.clone(), e.label.clone())).collect();
    print!("{}", text::render(&rows, &labels, &failures, runs));
    let machine = json::Machine::new([before, after]);
    if let Some(path) = &args.json {
        let text = format!("{:#}\n", json::report(&machine, runs, args.quick, &rows, &failures));
        std::fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    if let Some(path) = &args.png {
        chart::draw(&rows, path)?;
    }
    Ok(())
}

fn wanted(key: &str, args: &TableArgs) -> bool {
    args.only.is_empty() || args.only.iter().any(|word| key.contains(word.as_str()))
}

/// The measurements and cells that were asked for and can be made.
fn select(mut list: Vec<Measurement>, args: &TableArgs) -> Result<Vec<Measurement>> {
    let sources: Vec<&str> = plan::derived().iter().filter(|d| wanted(d.key, args)).map(|d| d.from).collect();
    list.retain(|m| m.rows.iter().any(|row| wanted(row.key, args) || sources.contains(&row.key)));
    if list.is_empty() {
        return Err(format!("--only {} matches no row; see --help for the keys", args.only.join(",")).into());
    }
    let unknown = args
        .libraries
        .iter()
        .find(|name| !list.iter().flat_map(|m| &m.entries).any(|entry| entry.column == **name));
    if let Some(name) = unknown {
        return Err(format!("--libraries: there is no {name} in these rows; see --help").into());
    }
    let gns = std::env::var_os(GNS_VARIABLE).is_some_and(|path| !path.is_empty());
    if !gns {
        println!("no column gns: {GNS_VARIABLE} does not name its shared library");
    }
    let chosen = |entry: &Entry| args.libraries.is_empty() || args.libraries.contains(&entry.column);
    list.iter_mut().for_each(|m| m.entries.retain(|entry| chosen(entry) && (gns || entry.column != "gns")));
    Ok(list)
}

/// All runs: the runs outside, the libraries inside, so that a slow moment of the machine falls on all of them.
fn measure(list: &[Measurement], runs: u32, patient: bool) -> (Vec<Row>, Vec<Failure>) {
    let mut rows: Vec<Vec<Row>> = list.iter().map(empty_rows).collect();
    let mut failures: Vec<Failure> = Vec::new();
    let total = list.iter().map(|m| m.entries.len() as u64).sum::<u64>() * u64::from(runs);
    let mut progress = Progress::new(total);
    for _ in 0..runs {
        for (m, rows) in list.iter().zip(&mut rows) {
            for entry in &m.entries {
                progress.next(&format!("{}: {}", m.name, entry.key));
                let given_up =
                    |f: &&Failure| f.measurement == m.name && f.cell == entry.key && f.times >= FAILURES_MAX;
                if failures.iter().any(|f| given_up(&f)) {
                    continue;
                }
                match entry.job.run(patient) {
                    Ok(sample) => take(m, rows, entry, &sample, &mut failures),
                    Err(error) => fail(m, entry, error.to_string(), &mut failures),
                }
            }
        }
    }
    progress.end();
    (rows.into_iter().flatten().filter(|row| !row.cells.is_empty()).collect(), failures)
}

fn empty_rows(m: &Measurement) -> Vec<Row> {
    let row = |plan: &plan::RowPlan| Row {
        key: plan.key.to_owned(),
        name: plan.name.to_owned(),
        unit: plan.unit,
        better: plan.better,
        cells: Cells::default(),
        goal: plan.goal.clone(),
        target: Vec::new(),
        stretch: Vec::new(),
    };
    m.rows.iter().map(row).collect()
}

fn take(m: &Measurement, rows: &mut [Row], entry: &Entry, sample: &job::Sample, failures: &mut Vec<Failure>) {
    if let Some(open) = sample.values.get("connected").filter(|open| **open < entry.job.count as f64) {
        note(
            m,
            entry,
            format!("only {open} of {} connections; its CPU is scaled up", entry.job.count),
            failures,
        );
    }
    for (plan, row) in m.rows.iter().zip(rows) {
        match (plan.figure)(&sample.values).filter(|value| value.is_finite()) {
            Some(value) => row.cells.add(&entry.column, &entry.key, value, sample.noise),
            None => fail(m, entry, format!("no figure for {}", plan.key), failures),
        }
    }
}

fn fail(m: &Measurement, entry: &Entry, error: String, failures: &mut Vec<Failure>) {
    note(m, entry, error, failures);
    let failure = failures.iter_mut().find(|f| f.measurement == m.name && f.cell == entry.key);
    failure.into_iter().for_each(|failure| failure.times += 1);
}

/// Something to know about a cell, once.
fn note(m: &Measurement, entry: &Entry, error: String, failures: &mut Vec<Failure>) {
    match failures.iter_mut().find(|f| f.measurement == m.name && f.cell == entry.key) {
        // What failed is more than a remark.
        Some(failure) if failure.times == 0 => failure.error = error,
        Some(_) => {}
        None => failures.push(Failure {
            measurement: m.name,
            rows: m.rows.iter().map(|row| row.key).collect(),
            cell: entry.key.clone(),
            times: 0,
            error,
            command: entry.job.command_line(),
        }),
    }
}

/// A row computed from another; `None` where that has no values for it.
fn derive(plan: &DerivedPlan, rows: &[Row]) -> Option<Row> {
    let from = rows.iter().find(|row| row.key == plan.from)?;
    let mut cells = Cells::default();
    let mut add = |column: &str, key: &str, value: f64| {
        let noisy = from.cells.value(key).is_some_and(|value| value.noisy);
        cells.add(column, key, value, if noisy { 1.0 } else { 0.0 });
    };
    match plan.how {
        Derived::Over(base) => {
            let base = from.cells.median(base)?;
            for (column, key) in from.cells.keys() {
                from.cells.median(key).into_iter().for_each(|value| add(column, key, value / base));
            }
        }
        Derived::HighestOverBest => {
            for column in ["gamesockets", "gns"] {
                // In the order of their rates, as planned.
                let by_hand: Vec<f64> = from
                    .cells
                    .of_column(column)
                    .filter(|key| key.ends_with("MB"))
                    .filter_map(|key| from.cells.median(key))
                    .collect();
                let best = by_hand.iter().copied().fold(0.0, f64::max);
                by_hand
                    .last()
                    .filter(|_| best > 0.0)
                    .into_iter()
                    .for_each(|last| add(column, column, last / best));
            }
        }
    }
    let row = Row {
        key: plan.key.to_owned(),
        name: plan.name.to_owned(),
        unit: "x",
        better: plan.better,
        cells,
        goal: plan.goal.clone(),
        target: Vec::new(),
        stretch: Vec::new(),
    };
    (!row.cells.is_empty()).then_some(row)
}

/// What is being measured, on a terminal as a bar and elsewhere as lines.
struct Progress {
    bar: Option<ProgressBar>,
    done: u64,
    total: u64,
    begin: Instant,
}

impl Progress {
    fn new(total: u64) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| ProgressBar::new(total));
        if let (Some(bar), Ok(style)) =
            (&bar, ProgressStyle::with_template("{bar:30} {pos}/{len} {eta} left  {msg}"))
        {
            bar.set_style(style);
            bar.enable_steady_tick(Duration::from_millis(500));
        }
        Self { bar, done: 0, total, begin: Instant::now() }
    }

    fn next(&mut self, what: &str) {
        match &self.bar {
            Some(bar) => {
                bar.set_position(self.done);
                bar.set_message(what.to_owned());
            }
            None => {
                let elapsed = HumanDuration(self.begin.elapsed());
                eprintln!("{:>4}/{} after {elapsed:#}: {what}", self.done + 1, self.total);
            }
        }
        self.done += 1;
    }

    fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
