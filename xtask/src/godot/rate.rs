//! `./x godot rate`: how many small messages a script gets through, and what of that is the script's own cost.
//!
//! `godot/rate` runs each row over our classes, over classes that do nothing (what is left is the script), and over
//! classes that only convert (that and the binding). Rounds are interleaved, so that whatever else the machine does
//! meets all rows.

use super::{Profile, build_with, errors_in};
use crate::commands::Args;
use crate::engine::Engine;
use crate::process::{Done, Step, run as run_step};
use crate::repository::Repository;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

const ROUNDS: u64 = 7;
const ROUNDS_MAX: u64 = 100;
const MILLISECONDS: u64 = 250;
const MILLISECONDS_MAX: u64 = 10_000;
/// Messages sent and not there yet, at most. Fewer let the I/O threads fall asleep now and then.
const WINDOW: u64 = 2048;
/// One batch at the least; more than the receiver keeps would be lost.
const WINDOWS: std::ops::RangeInclusive<u64> = 64..=8192;
/// The script and its rows, as many as there are in a round.
const SCRIPTS: &str = "godot/rate";
const ROWS: usize = 27;
/// Beside the rows' own time.
const AROUND: Duration = Duration::from_secs(60);
/// What a row's line begins with.
const ROW: &str = "ROW ";
/// The row whose messages come without a script.
const RUST: &str = "Rust alone";
/// Rows whose script cannot be told from the engine's part: it calls the functions.
const RPC: &str = "RPC";
/// Whose script's own cost is that of our peer: the same loop runs over both.
const ENET: &str = "ENetMultiplayerPeer";
const PEER: &str = "multiplayer peer";

/// `./x godot rate`.
pub(super) fn command(repository: &Repository, args: &Args) -> Result<bool, String> {
    let verbose = args.has("--verbose");
    let rounds = args.number("--rounds", ROUNDS)?;
    let milliseconds = args.number("--ms", MILLISECONDS)?;
    let window = args.number("--window", WINDOW)?;
    if !(1..=ROUNDS_MAX).contains(&rounds) || !(1..=MILLISECONDS_MAX).contains(&milliseconds) {
        return Err(format!("--rounds: 1 to {ROUNDS_MAX}; --ms: 1 to {MILLISECONDS_MAX}"));
    }
    if !WINDOWS.contains(&window) {
        return Err(format!("--window: {} to {}", WINDOWS.start(), WINDOWS.end()));
    }
    let engine = Engine::provide(verbose)?;
    let runs = run(repository, &engine, Profile::Release, [rounds, milliseconds, window], verbose)?;
    let table = tabulate(&runs)?;
    if args.has("--json") {
        println!("{:#}", Value::Array(table.iter().map(Figures::json).collect()));
    } else {
        print!("{}", render(&table));
    }
    Ok(true)
}

/// The program in short form: every row runs, and nothing reliable is lost. How fast, is not asked.
pub(super) fn check(repository: &Repository, engine: &Engine, verbose: bool) -> Result<(), String> {
    let runs = run(repository, engine, Profile::Debug, [1, 20, WINDOW], verbose)?;
    let table = tabulate(&runs)?;
    match table.iter().find(|row| row.reliable && row.lost != 0) {
        Some(row) => Err(format!("{}: {} reliable messages are lost", row.name, row.lost)),
        None => Ok(()),
    }
}

/// One row in one round.
#[derive(Debug, Clone, PartialEq)]
struct Run {
    name: String,
    /// `script`, `binding` or `whole`.
    part: String,
    reliable: bool,
    sent: u64,
    arrived: u64,
    refused: u64,
    /// Of wall clock and of all processors, per message that arrived.
    ns: f64,
    cpu_ns: f64,
}

impl Run {
    fn read(line: &str) -> Result<Self, String> {
        let value: Value = serde_json::from_str(line).map_err(|error| format!("`{line}`: {error}"))?;
        let number = |name: &str| value[name].as_u64().or_else(|| value[name].as_f64().map(|n| n as u64));
        let text = |name: &str| value[name].as_str().map(str::to_owned);
        let read = || {
            let arrived = number("arrived").filter(|arrived| *arrived > 0)?;
            Some(Self {
                name: text("row")?,
                part: text("part")?,
                reliable: value["reliable"].as_bool()?,
                sent: number("sent")?,
                arrived,
                refused: number("refused")?,
                ns: number("usec")? as f64 * 1e3 / arrived as f64,
                cpu_ns: number("cpu_ticks")? as f64 * 1e7 / arrived as f64,
            })
        };
        read().ok_or_else(|| format!("`{line}` is no row, or nothing arrived"))
    }
}

/// Runs the program.
fn run(
    repository: &Repository,
    engine: &Engine,
    profile: Profile,
    [rounds, milliseconds, window]: [u64; 3],
    verbose: bool,
) -> Result<Vec<Run>, String> {
    let library = build_with(repository, profile, &["--features", "measure"], verbose)?;
    let base = repository.target.join("x/godot-rate");
    let project = base.join("project");
    fill(repository, &library, &base).map_err(|error| format!("preparing {SCRIPTS}: {error}"))?;
    let mut command = engine.command(&base.join("home"));
    command.args(["--headless", "--path"]).arg(&project).args(["--script", "res://rate.gd", "--"]);
    command.arg(format!("--rounds={rounds}")).arg(format!("--ms={milliseconds}"));
    command.arg(format!("--window={window}"));
    let rows = u64::try_from(ROWS).unwrap_or(u64::MAX);
    let limit = AROUND + 2 * Duration::from_millis(rounds * milliseconds * rows);
    let log = base.join("output.log");
    read(&run_step(Step { label: "rate", command, log, limit, verbose }), rounds)
}

fn fill(repository: &Repository, library: &Path, base: &Path) -> std::io::Result<()> {
    let _ = std::fs::remove_dir_all(base);
    let project = base.join("project");
    std::fs::create_dir_all(base.join("home"))?;
    super::copy_folder(&repository.root.join(SCRIPTS), &project)?;
    std::fs::create_dir_all(project.join(".godot"))?;
    std::fs::write(project.join(".godot/extension_list.cfg"), "res://rate.gdextension\n")?;
    let name = library.file_name().unwrap_or_default();
    std::fs::copy(library, project.join(name)).map(drop)
}

/// The rows of a run that ended well.
fn read(done: &Done, rounds: u64) -> Result<Vec<Run>, String> {
    if let Some(why) = errors_in(done) {
        return Err(why);
    }
    let rows = done.output.lines().filter_map(|line| line.strip_prefix(ROW));
    let runs = rows.map(Run::read).collect::<Result<Vec<_>, _>>()?;
    let wanted = ROWS * usize::try_from(rounds).unwrap_or(usize::MAX);
    if !done.output.contains("RESULT problems=0") || runs.len() != wanted {
        return Err(format!("{} rows instead of {wanted}\n{}", runs.len(), done.explain()));
    }
    Ok(runs)
}

/// A line of the table. Times are medians over the rounds, in nanoseconds per message that arrived.
#[derive(Debug, Clone, PartialEq)]
struct Figures {
    name: String,
    reliable: bool,
    ns: f64,
    fastest: f64,
    slowest: f64,
    /// Of all processors, all threads.
    cpu_ns: f64,
    /// The same script where nothing is done.
    script: Option<f64>,
    /// What conversions add to that.
    binding: Option<f64>,
    sent: u64,
    lost: u64,
    refused: u64,
}

impl Figures {
    /// What is left for the sockets themselves, the waiting included.
    fn rest(&self) -> f64 {
        self.ns - self.script.unwrap_or(0.0) - self.binding.unwrap_or(0.0)
    }

    fn per_second(&self) -> f64 {
        1e9 / self.ns
    }

    fn json(&self) -> Value {
        json!({
            "row": self.name,
            "reliable": self.reliable,
            "messages_per_second": self.per_second().round(),
            "ns": self.ns.round(),
            "ns_fastest": self.fastest.round(),
            "ns_slowest": self.slowest.round(),
            "ns_script": self.script.map(f64::round),
            "ns_binding": self.binding.map(f64::round),
            "ns_rest": self.rest().round(),
            "ns_processor": self.cpu_ns.round(),
            "sent": self.sent,
            "lost": self.lost,
            "refused": self.refused,
        })
    }
}

fn median(mut numbers: Vec<f64>) -> Option<f64> {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied()
}

/// One line for each row that runs as a whole, in the order of the script.
fn tabulate(runs: &[Run]) -> Result<Vec<Figures>, String> {
    let mut table: Vec<Figures> = Vec::new();
    for first in runs.iter().filter(|run| run.part == "whole") {
        if table.iter().any(|row| row.name == first.name && row.reliable == first.reliable) {
            continue;
        }
        let all: Vec<&Run> = runs
            .iter()
            .filter(|run| run.part == "whole" && run.name == first.name && run.reliable == first.reliable)
            .collect();
        let figure = |of: fn(&Run) -> f64| median(all.iter().map(|run| of(run)).collect());
        let part = |name: &str, part: &str| {
            let same = runs.iter().filter(|run| run.name == name && run.part == part);
            median(same.map(|run| run.ns).collect())
        };
        let script = part(if first.name == ENET { PEER } else { &first.name }, "script");
        let binding = part(&first.name, "binding").zip(script).map(|(both, script)| both - script);
        if script.is_none() && first.name != RUST && !first.name.starts_with(RPC) {
            return Err(format!("{}: the script's own cost was not measured", first.name));
        }
        table.push(Figures {
            name: first.name.clone(),
            reliable: first.reliable,
            ns: figure(|run| run.ns).unwrap_or_default(),
            fastest: all.iter().map(|run| run.ns).fold(f64::INFINITY, f64::min),
            slowest: all.iter().map(|run| run.ns).fold(0.0, f64::max),
            cpu_ns: figure(|run| run.cpu_ns).unwrap_or_default(),
            script,
            binding,
            sent: all.iter().map(|run| run.sent).sum(),
            lost: all.iter().map(|run| run.sent.saturating_sub(run.arrived + run.refused)).sum(),
            refused: all.iter().map(|run| run.refused).sum(),
        });
    }
    // Reliable ones first, and the order of the script among them.
    table.sort_by_key(|row| !row.reliable);
    Ok(table)
}

/// Messages per second of a time in nanoseconds, to the thousand: `1 234 000`.
fn thousands(ns: f64) -> String {
    let number = (1e6 / ns).round();
    match (number / 1e3).trunc() {
        0.0 => format!("{number:.0} 000"),
        millions => format!("{millions:.0} {:03.0} 000", number - 1e3 * millions),
    }
}

/// The table for people, in the form of the book's.
fn render(table: &[Figures]) -> String {
    let mut text = String::from(
        "| 64-byte messages | arrived per second | fastest to slowest | ns per message | script | binding | rest | \
         processor | lost |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|\n",
    );
    for row in table {
        let mode = if row.reliable { "reliable" } else { "unreliable" };
        let optional = |number: Option<f64>| number.map_or_else(|| "-".to_owned(), |ns| format!("{ns:.0}"));
        let _ = writeln!(
            text,
            "| {}, {mode} | {} | {} to {} | {:.0} | {} | {} | {:.0} | {:.0} | {} of {} |",
            row.name,
            thousands(row.ns),
            thousands(row.slowest),
            thousands(row.fastest),
            row.ns,
            optional(row.script),
            optional(row.binding),
            row.rest(),
            row.cpu_ns,
            row.lost,
            row.sent,
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(name: &str, part: &str, reliable: bool, arrived: u64, usec: u64) -> String {
        json!({
            "row": name, "part": part, "reliable": reliable, "sent": arrived + 1, "arrived": arrived, "refused": 0,
            "usec": usec, "cpu_ticks": 10,
        })
        .to_string()
    }

    #[test]
    fn costs_are_told_apart() {
        let lines = [
            line(PEER, "script", true, 1000, 1000),
            line(PEER, "binding", true, 1000, 1500),
            line(PEER, "whole", true, 1000, 4000),
            line(PEER, "whole", true, 1000, 9000),
            line(PEER, "whole", true, 1000, 5000),
            line(ENET, "whole", true, 1000, 8000),
            line(PEER, "whole", false, 1000, 2000),
            line(RUST, "whole", true, 1000, 200),
        ];
        let runs: Vec<Run> = lines.iter().map(|line| Run::read(line).unwrap()).collect();
        let table = tabulate(&runs).unwrap();
        assert_eq!(table.len(), 4);
        let [ours, enet, rust, fast] = &table[..] else { panic!("{table:?}") };
        assert_eq!((ours.ns, ours.script, ours.binding), (5000.0, Some(1000.0), Some(500.0)));
        assert_eq!((ours.rest(), ours.fastest, ours.slowest), (3500.0, 4000.0, 9000.0));
        assert_eq!((ours.lost, ours.sent), (3, 3003));
        assert_eq!((enet.script, enet.binding, enet.rest()), (Some(1000.0), None, 7000.0));
        assert_eq!((rust.script, rust.rest()), (None, 200.0));
        assert!(!fast.reliable);
        assert_eq!((thousands(142.0), thousands(999.9)), ("7 042 000".to_owned(), "1 000 000".to_owned()));
        assert!(render(&table).contains("| 200 000 | 111 000 to 250 000 | 5000 | 1000 | 500 | 3500 |"));
    }

    #[test]
    fn a_row_without_arrivals_or_without_its_script_is_an_error() {
        assert!(Run::read(&line(PEER, "whole", true, 0, 10)).is_err());
        assert!(Run::read("{}").is_err());
        let alone = [Run::read(&line(PEER, "whole", true, 5, 10)).unwrap()];
        assert!(tabulate(&alone).is_err());
        assert!(read(&Done::for_tests(true, "RESULT problems=0\n"), 1).is_err());
    }
}
