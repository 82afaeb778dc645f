//! Instruction counts of fixed pieces of work, beside those on record.
//!
//! The program is `crates/sim/examples/counts.rs`, the instrument callgrind. Both are deterministic, so the margin is
//! for other linkers and libraries, not for noise.

use crate::commands::Args;
use crate::packages::{Need, provide};
use crate::process::{Done, Step, run as run_step, tool};
use crate::repository::Repository;
use crate::suites::SIMULATOR;
use serde_json::{Map, Value, json};
use std::path::PathBuf;
use std::time::Duration;

/// What the instrument needs.
pub(crate) const NEEDS: &[Need] = &[Need { program: "valgrind", package: "valgrind" }];

/// Where the record is, relative to the root.
pub(crate) const RECORD: &str = "testdata/counts/instructions.json";
/// The example of the simulator's package that does the work.
const PROGRAM: &str = "counts";
/// How far a count may be from the record, either way, in percent.
const MARGIN_PERCENT: f64 = 3.0;
/// A cold build on a small machine takes a few minutes; more than this is a hang.
const BUILD_LIMIT: Duration = Duration::from_secs(1800);
/// One case takes seconds.
const CASE_LIMIT: Duration = Duration::from_secs(300);

/// A case: the run that contains it, and the run that lacks it and nothing else.
struct Case {
    name: &'static str,
    about: &'static str,
    with: &'static str,
    without: &'static str,
}

const CASES: &[Case] = &[
    Case { name: "handshake", about: "one handshake, both ends", with: "handshake", without: "nothing" },
    Case { name: "sends", about: "1,000 reliable messages of 64 B", with: "sends", without: "handshake" },
    Case { name: "bulk", about: "1 MiB reliable", with: "bulk", without: "handshake" },
    Case { name: "idle", about: "an idle hour", with: "idle", without: "handshake" },
];

/// What one measurement found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Counted {
    /// Version of the compiler and the machine it builds for.
    compiler: String,
    /// The processor's abilities as the program saw them under the instrument.
    cpu: String,
    /// Instructions of each case, by name.
    instructions: Vec<(String, u64)>,
}

/// What came of a comparison.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// Every case is within the margin.
    Holds(String),
    /// Some are not: the table, and what to do.
    Differs(String),
    /// The record was made by another compiler or for another processor.
    Incomparable(String),
}

/// `./x counts`.
pub(crate) fn command(repository: &Repository, args: &Args) -> Result<bool, String> {
    provide(NEEDS)?;
    let counted = measure(repository, args.has("--verbose"))?;
    if args.has("--update") {
        let old = Counted::read(repository).ok();
        println!("{}", table(&counted, old.as_ref()));
        counted.write(repository)?;
        println!("recorded in {RECORD}");
        return Ok(true);
    }
    match compare(repository, &counted) {
        Verdict::Holds(text) => {
            println!("{text}");
            Ok(true)
        }
        Verdict::Differs(text) | Verdict::Incomparable(text) => {
            println!("{text}");
            Ok(false)
        }
    }
}

/// Builds the program and counts every case.
pub(crate) fn measure(repository: &Repository, verbose: bool) -> Result<Counted, String> {
    let explain = |done: Done| if done.success { Ok(done) } else { Err(done.explain()) };
    let mut build = tool("cargo");
    build.current_dir(&repository.root);
    build.args(["build", "--release", "--package", SIMULATOR, "--example", PROGRAM]);
    let log = |name: &str| repository.target.join("x").join(format!("counts-{name}.log"));
    let label = "building the work to be counted (release)";
    explain(run_step(Step { label, command: build, log: log("build"), limit: BUILD_LIMIT, verbose }))?;
    let program = repository.target.join("release/examples").join(PROGRAM);
    let mut runs: Vec<(&str, u64)> = Vec::new();
    let mut cpu = String::new();
    for case in CASES.iter().flat_map(|case| [case.without, case.with]) {
        if runs.iter().any(|(name, _)| *name == case) {
            continue;
        }
        let mut command = tool("valgrind");
        command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(&program).arg(case);
        let label = format!("counting {case}");
        let step = Step { label: &label, command, log: log(case), limit: CASE_LIMIT, verbose };
        let output = explain(run_step(step))?.output;
        let total = total(&output).ok_or_else(|| format!("callgrind printed no total:\n{output}"))?;
        cpu = output.lines().find_map(|line| line.strip_prefix("cpu ")).unwrap_or_default().to_owned();
        runs.push((case, total));
    }
    let get = |name: &str| runs.iter().find(|(run, _)| *run == name).map_or(0, |(_, total)| *total);
    let instructions =
        CASES.iter().map(|case| (case.name.to_owned(), get(case.with).saturating_sub(get(case.without))));
    Ok(Counted { compiler: compiler()?, cpu, instructions: instructions.collect() })
}

/// Compares with the record.
pub(crate) fn compare(repository: &Repository, counted: &Counted) -> Verdict {
    match Counted::read(repository) {
        Ok(record) => judge(counted, &record),
        Err(why) => Verdict::Differs(why),
    }
}

fn judge(counted: &Counted, record: &Counted) -> Verdict {
    for (what, now, then) in
        [("compiler", &counted.compiler, &record.compiler), ("processor", &counted.cpu, &record.cpu)]
    {
        if now != then {
            return Verdict::Incomparable(format!(
                "the record is of another {what} ({then}; here {now}): `./x counts --update` makes a new one"
            ));
        }
    }
    let table = table(counted, Some(record));
    let off = |(name, now): &(String, u64)| {
        record.get(name).is_none_or(|then| change(*now, then).abs() > MARGIN_PERCENT)
    };
    if counted.instructions.iter().any(off) {
        return Verdict::Differs(format!(
            "{table}\nmore than {MARGIN_PERCENT} % from the record: find the reason, then run `./x counts --update`"
        ));
    }
    Verdict::Holds(table)
}

impl Counted {
    fn get(&self, name: &str) -> Option<u64> {
        self.instructions.iter().find(|(case, _)| case == name).map(|(_, count)| *count)
    }

    fn read(repository: &Repository) -> Result<Self, String> {
        let missing = |why: String| format!("{RECORD}: {why}; `./x counts --update` makes it");
        let text = std::fs::read_to_string(path(repository)).map_err(|error| missing(error.to_string()))?;
        let json: Value = serde_json::from_str(&text).map_err(|error| missing(error.to_string()))?;
        let word = |key: &str| json[key].as_str().unwrap_or_default().to_owned();
        let cases = json["instructions"].as_object().ok_or_else(|| missing("no counts inside".into()))?;
        let instructions =
            cases.iter().filter_map(|(name, count)| Some((name.clone(), count.as_u64()?))).collect();
        Ok(Self { compiler: word("compiler"), cpu: word("cpu"), instructions })
    }

    fn write(&self, repository: &Repository) -> Result<(), String> {
        let path = path(repository);
        let cases: Map<String, Value> =
            self.instructions.iter().map(|(name, count)| (name.clone(), json!(count))).collect();
        let json = json!({ "compiler": self.compiler, "cpu": self.cpu, "instructions": cases });
        let text = format!("{json:#}\n");
        let folder = path.parent().map_or(Ok(()), std::fs::create_dir_all);
        folder.and_then(|()| std::fs::write(&path, text)).map_err(|error| format!("{RECORD}: {error}"))
    }
}

fn path(repository: &Repository) -> PathBuf {
    repository.root.join(RECORD)
}

/// The number behind callgrind's `Collected :`.
fn total(output: &str) -> Option<u64> {
    let line = output.lines().rev().find_map(|line| line.split_once("Collected :"))?;
    line.1.trim().parse().ok()
}

/// `rustc 1.90.0, x86_64-unknown-linux-gnu`.
fn compiler() -> Result<String, String> {
    let output =
        tool("rustc").arg("-vV").output().map_err(|error| format!("rustc did not start: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let word = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default().trim();
    Ok(format!("rustc {}, {}", word("release:"), word("host:")))
}

/// In percent; more is positive.
fn change(now: u64, then: u64) -> f64 {
    100.0 * (now as f64 - then as f64) / then.max(1) as f64
}

fn table(counted: &Counted, record: Option<&Counted>) -> String {
    let mut lines =
        vec![format!("{:<34} {:>12} {:>12} {:>9}", "instructions", "counted", "recorded", "change")];
    for case in CASES {
        let now = counted.get(case.name).unwrap_or_default();
        let then = record.and_then(|record| record.get(case.name));
        let change = then.map(|then| format!("{:+.2} %", change(now, then))).unwrap_or_default();
        let then = then.map(|then| then.to_string()).unwrap_or_default();
        lines.push(format!("{:<34} {now:>12} {then:>12} {change:>9}", case.about));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(scale: u64) -> Counted {
        let instructions = CASES.iter().map(|case| (case.name.to_owned(), 10 * scale)).collect();
        Counted { compiler: "rustc 1".into(), cpu: "+aes".into(), instructions }
    }

    #[test]
    fn losses_and_gains_beyond_the_margin_both_count() {
        assert!(matches!(judge(&counted(102), &counted(100)), Verdict::Holds(_)));
        assert!(matches!(judge(&counted(97), &counted(100)), Verdict::Holds(_)));
        for scale in [104, 96] {
            let Verdict::Differs(text) = judge(&counted(scale), &counted(100)) else {
                unreachable!("{scale}")
            };
            assert!(text.contains("--update") && text.contains("4.00 %"), "{text}");
        }
    }

    #[test]
    fn a_case_without_a_record_differs() {
        let empty = Counted { instructions: Vec::new(), ..counted(1) };
        assert!(matches!(judge(&counted(1), &empty), Verdict::Differs(_)));
    }

    #[test]
    fn another_compiler_or_processor_is_not_compared() {
        let other = Counted { compiler: "rustc 2".into(), ..counted(1) };
        assert!(matches!(judge(&counted(1), &other), Verdict::Incomparable(_)));
        let other = Counted { cpu: "-aes".into(), ..counted(1) };
        assert!(matches!(judge(&counted(1), &other), Verdict::Incomparable(_)));
    }

    #[test]
    fn the_total_is_found() {
        assert_eq!(total("==1== Events    : Ir\n==1== Collected : 373115\n==1==\n"), Some(373_115));
        assert_eq!(total("nothing"), None);
    }

    #[test]
    fn the_record_names_every_case() {
        let record = Counted::read(&Repository::find().unwrap()).unwrap();
        assert!(CASES.iter().all(|case| record.get(case.name).is_some_and(|count| count > 0)));
    }
}
