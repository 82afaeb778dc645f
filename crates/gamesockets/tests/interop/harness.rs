//! Runs the cases one after the other, each in a process of its own, and says what came of them.
//!
//! A process of its own: the reference library is one per process, and a case that hangs or dies must not take the
//! others along. The output is that of Rust's own test programs, so that their readers can count it, with a table
//! before the last lines.

use crate::env::Need;
use crate::gns;
use std::io::{Read, Write};
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

/// How the program is told to run one case and nothing else.
const RUN_CASE: &str = "--run-case";
/// How a case starts this program as a peer of its own.
pub(crate) const PEER: &str = "--peer";
/// What starts the line that tells the result of a case.
const RESULT: &str = "case-result: ";
/// Widest first column of the table.
const NAME_WIDTH: usize = 44;

/// `Ok` holds details for the table.
pub(crate) type Outcome = Result<String, String>;

/// One case.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) needs: &'static [Need],
    /// It is stopped after this many seconds.
    pub(crate) limit: u64,
    pub(crate) run: fn() -> Outcome,
}

enum Verdict {
    Passed(String),
    Failed(String),
    Skipped(String),
}

struct Args {
    list: bool,
    ignored: bool,
    exact: bool,
    filters: Vec<String>,
    skips: Vec<String>,
}

/// The whole program. `peer` is what runs when a case asks for a peer process.
pub(crate) fn main(cases: &[&Case], peer: fn(&[String]) -> Result<(), String>) -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.split_first() {
        Some((first, rest)) if first == RUN_CASE => return run_here(cases, rest),
        Some((first, rest)) if first == PEER => {
            return match peer(rest) {
                Ok(()) => ExitCode::SUCCESS,
                Err(text) => {
                    eprintln!("{text}");
                    ExitCode::FAILURE
                }
            };
        }
        _ => {}
    }
    let args = parse(&words);
    let chosen: Vec<&Case> = cases.iter().copied().filter(|case| args.wants(case.name)).collect();
    if args.list {
        chosen.iter().for_each(|case| println!("{}: test", case.name));
        return ExitCode::SUCCESS;
    }
    run_all(&chosen, cases.len() - chosen.len(), args.exact)
}

/// The options of Rust's test programs that matter here; others are accepted and ignored.
fn parse(words: &[String]) -> Args {
    let mut args = Args { list: false, ignored: false, exact: false, filters: Vec::new(), skips: Vec::new() };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--list" => args.list = true,
            "--ignored" => args.ignored = true,
            "--exact" => args.exact = true,
            "--skip" => args.skips.extend(words.next().cloned()),
            "--format" | "--test-threads" | "--color" | "--logfile" | "-Z" => {
                words.next();
            }
            option if option.starts_with('-') => {}
            filter => args.filters.push(filter.to_owned()),
        }
    }
    args
}

impl Args {
    fn wants(&self, name: &str) -> bool {
        let hit = |filter: &String| if self.exact { name == filter } else { name.contains(filter.as_str()) };
        !self.ignored
            && (self.filters.is_empty() || self.filters.iter().any(hit))
            && !self.skips.iter().any(hit)
    }
}

/// Runs one case in this process.
fn run_here(cases: &[&Case], words: &[String]) -> ExitCode {
    let Some(case) = cases.iter().find(|case| words.first().is_some_and(|name| case.name == name)) else {
        eprintln!("no such case: {words:?}");
        return ExitCode::FAILURE;
    };
    let outcome = (case.run)();
    let complaints = gns::complaints();
    let (word, text) = match outcome {
        Ok(_) if !complaints.is_empty() => {
            ("failed", format!("the peer complained\n{}", complaints.join("\n")))
        }
        Ok(details) => ("passed", details),
        Err(text) => ("failed", text),
    };
    let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
    println!("{rest}\n{RESULT}{word} {first}");
    ExitCode::SUCCESS
}

fn run_all(cases: &[&Case], filtered_out: usize, single: bool) -> ExitCode {
    let started = Instant::now();
    println!("\nrunning {} tests", cases.len());
    let mut rows = Vec::new();
    for case in cases {
        print!("test {} ... ", case.name);
        let _ = std::io::stdout().flush();
        let began = Instant::now();
        let verdict = match case.needs.iter().find_map(|need| need.missing()) {
            Some(why) => Verdict::Skipped(why),
            None => run_apart(case),
        };
        match &verdict {
            Verdict::Passed(_) => println!("ok"),
            Verdict::Failed(_) => println!("FAILED"),
            Verdict::Skipped(why) => println!("ignored, {why}"),
        }
        if let (true, Verdict::Skipped(why)) = (single, &verdict) {
            println!("skipped: {why}");
        }
        rows.push((case.name, began.elapsed().as_secs_f64(), verdict));
    }
    print_failures(&rows);
    print_table(&rows);
    let count = |pick: fn(&Verdict) -> bool| rows.iter().filter(|row| pick(&row.2)).count();
    let passed = count(|v| matches!(v, Verdict::Passed(_)));
    let failed = count(|v| matches!(v, Verdict::Failed(_)));
    let skipped = count(|v| matches!(v, Verdict::Skipped(_)));
    let word = if failed == 0 { "ok" } else { "FAILED" };
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "\ntest result: {word}. {passed} passed; {failed} failed; {skipped} ignored; 0 measured; {filtered_out} filtered out; finished in {seconds:.2}s\n"
    );
    println!("{passed} passed, {failed} failed, {skipped} skipped");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn print_failures(rows: &[(&str, f64, Verdict)]) {
    let failures = rows.iter().filter_map(|(name, _, verdict)| match verdict {
        Verdict::Failed(text) => Some((name, text)),
        _ => None,
    });
    let mut any = false;
    for (name, text) in failures {
        if !any {
            println!("\nfailures:\n");
        }
        any = true;
        println!("---- {name} stdout ----\n{text}\n");
    }
    if any {
        println!("failures:");
        rows.iter()
            .filter(|row| matches!(row.2, Verdict::Failed(_)))
            .for_each(|row| println!("    {}", row.0));
    }
}

fn print_table(rows: &[(&str, f64, Verdict)]) {
    let width = rows.iter().map(|row| row.0.len()).max().unwrap_or(0).min(NAME_WIDTH);
    println!("\n  {:<width$}  {:<7}  {:>7}  details", "case", "result", "seconds");
    for (name, seconds, verdict) in rows {
        let (word, text) = match verdict {
            Verdict::Passed(text) => ("passed", text.as_str()),
            Verdict::Failed(text) => ("FAILED", text.lines().next().unwrap_or_default()),
            Verdict::Skipped(text) => ("skipped", text.as_str()),
        };
        println!("  {name:<width$}  {word:<7}  {seconds:>7.1}  {text}");
    }
}

/// Runs a case in a process of its own and reads its result.
fn run_apart(case: &Case) -> Verdict {
    let child = std::env::current_exe().map_err(|e| e.to_string()).and_then(|program| {
        let mut command = Command::new(program);
        command
            .args([RUN_CASE, case.name])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command.spawn().map_err(|e| e.to_string())
    });
    let mut child = match child {
        Ok(child) => child,
        Err(e) => return Verdict::Failed(format!("the case did not start: {e}")),
    };
    let out = reader(child.stdout.take());
    let err = reader(child.stderr.take());
    let ended = wait(&mut child, Duration::from_secs(case.limit));
    let texts = [out.join().unwrap_or_default(), err.join().unwrap_or_default()];
    let result = texts[0].lines().rev().find_map(|line| line.strip_prefix(RESULT));
    let rest = || {
        let lines = texts.iter().flat_map(|text| text.lines());
        lines.filter(|line| !line.starts_with(RESULT) && !line.is_empty()).collect::<Vec<_>>().join("\n")
    };
    match (ended, result.and_then(|result| result.split_once(' '))) {
        (_, Some(("passed", details))) => Verdict::Passed(details.to_owned()),
        (_, Some((_, text))) => Verdict::Failed(format!("{text}\n{}", rest())),
        (Some(status), None) => Verdict::Failed(format!("its process ended with {status}\n{}", rest())),
        (None, None) => Verdict::Failed(format!("stopped after its limit of {} s\n{}", case.limit, rest())),
    }
}

/// Reads a stream to its end, beside everything else.
fn reader(stream: Option<impl Read + Send + 'static>) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut stream) = stream {
            // What was read until an error is kept.
            let _ = stream.read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Waits for a process; ends it after the limit, which gives `None`.
pub(crate) fn wait(child: &mut Child, limit: Duration) -> Option<std::process::ExitStatus> {
    let started = Instant::now();
    while started.elapsed() < limit {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        sleep(Duration::from_millis(5));
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}
