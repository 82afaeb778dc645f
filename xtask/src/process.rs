//! Starting programs: with a heartbeat, a time limit, and their output kept for the report.

use std::fs::File;
use std::io::{BufRead, BufReader, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

/// How often a silent step says that it is still there, when no terminal watches.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long output may still trickle in after a program has ended.
const DRAIN: Duration = Duration::from_secs(2);
/// How many of the last lines of a failed step are shown.
const TAIL_LINES: usize = 60;

/// One program to run.
pub(crate) struct Step<'a> {
    /// For progress lines: `unit: build and run`.
    pub(crate) label: &'a str,
    /// What to start.
    pub(crate) command: Command,
    /// Where the whole output goes.
    pub(crate) log: PathBuf,
    /// It is stopped after this time.
    pub(crate) limit: Duration,
    /// Show the output as it comes.
    pub(crate) verbose: bool,
}

/// What came of a step.
#[derive(Debug)]
pub(crate) struct Done {
    /// It ended by itself with status 0.
    pub(crate) success: bool,
    /// Both output streams, in order.
    pub(crate) output: String,
    /// How long it took.
    pub(crate) seconds: f64,
    /// Why it failed, in words; empty on success.
    pub(crate) reason: String,
    log: PathBuf,
}

impl Done {
    /// A finished step that nothing was run for.
    #[cfg(test)]
    pub(crate) fn for_tests(success: bool, output: &str) -> Self {
        Self { success, output: output.to_owned(), seconds: 0.0, reason: String::new(), log: PathBuf::new() }
    }

    /// Why it failed, and the end of what it said.
    pub(crate) fn explain(&self) -> String {
        format!("{}\n{}", self.reason, self.tail())
    }

    /// The last lines of the output and the place of the rest.
    fn tail(&self) -> String {
        let lines: Vec<&str> = self.output.lines().collect();
        let from = lines.len().saturating_sub(TAIL_LINES);
        let mut text = lines[from..].join("\n");
        if from > 0 {
            text.push_str(&format!("\n({from} lines before these are in {})", self.log.display()));
        }
        text
    }
}

/// A command without the variables that `cargo run` set for us: they would make cargo inside cargo
/// believe that things have changed.
pub(crate) fn tool(program: &str) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") || text == "CARGO" {
            command.env_remove(&name);
        }
    }
    command
}

/// Whether `program args…` starts and ends well; its output is thrown away.
pub(crate) fn works(program: &str, args: &[&str]) -> bool {
    let quiet =
        tool(program).args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    quiet.is_ok_and(|status| status.success())
}

/// Runs the step to its end or its limit. A program that does not start is a failed step, not an error.
pub(crate) fn run(step: Step<'_>) -> Done {
    let started = Instant::now();
    eprintln!("-- {}", step.label);
    let log = step.log.clone();
    match run_inner(step, started) {
        Ok(done) => done,
        Err(error) => Done {
            success: false,
            output: String::new(),
            seconds: started.elapsed().as_secs_f64(),
            reason: format!("did not start: {error}"),
            log,
        },
    }
}

fn run_inner(step: Step<'_>, started: Instant) -> std::io::Result<Done> {
    let Step { label, mut command, log, limit, verbose } = step;
    let mut copy = create_log(&log)?;
    let (read, write) = std::io::pipe()?;
    let mut child = command.stdin(Stdio::null()).stdout(write.try_clone()?).stderr(write).spawn()?;
    // The command holds our copies of the writing end: the pipe ends only when they are gone.
    drop(command);
    let lines = read_lines(read);
    let mut pulse = Pulse::new(label, started);
    let mut output = String::new();
    let mut ended: Option<(Instant, std::process::ExitStatus)> = None;
    let mut stopped = false;
    loop {
        match lines.recv_timeout(Duration::from_millis(250)) {
            Ok(line) => {
                writeln!(copy, "{line}")?;
                if verbose {
                    pulse.clear();
                    eprintln!("{line}");
                }
                pulse.last = line.clone();
                output.push_str(&line);
                output.push('\n');
            }
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {}
        }
        if ended.is_none() {
            ended = child.try_wait()?.map(|status| (Instant::now(), status));
        }
        if ended.is_some_and(|(when, _)| when.elapsed() > DRAIN) {
            break;
        }
        if !stopped && ended.is_none() && started.elapsed() > limit {
            stop_tree(&mut child);
            stopped = true;
        }
        pulse.beat();
    }
    pulse.clear();
    let status = child.wait()?;
    let reason = match (stopped, status.success()) {
        (true, _) => format!("stopped after its limit of {} s", limit.as_secs()),
        (false, true) => String::new(),
        (false, false) => format!("ended with {status}"),
    };
    let seconds = started.elapsed().as_secs_f64();
    Ok(Done { success: reason.is_empty(), output, seconds, reason, log })
}

fn create_log(path: &Path) -> std::io::Result<File> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    File::create(path)
}

fn read_lines(read: std::io::PipeReader) -> Receiver<String> {
    let (send, lines) = mpsc::channel();
    std::thread::spawn(move || {
        let mut read = BufReader::new(read);
        let mut bytes = Vec::new();
        while read.read_until(b'\n', &mut bytes).is_ok_and(|count| count > 0) {
            let line = String::from_utf8_lossy(&bytes).trim_end_matches(['\n', '\r']).to_owned();
            bytes.clear();
            if send.send(line).is_err() {
                break;
            }
        }
    });
    lines
}

/// Ends the child and, where `/proc` tells who they are, everything it started.
fn stop_tree(child: &mut Child) {
    let mut family = vec![child.id()];
    let mut next = 0;
    let parents = parents();
    while let Some(&id) = family.get(next) {
        family.extend(parents.iter().filter(|(_, parent)| *parent == id).map(|(id, _)| *id));
        next += 1;
    }
    let _ = child.kill();
    for id in family.iter().skip(1) {
        let _ = Command::new("kill").args(["-KILL", &id.to_string()]).stderr(Stdio::null()).status();
    }
}

/// Every process with its parent; empty where there is no `/proc`.
fn parents() -> Vec<(u32, u32)> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let parent_of = |id: u32| {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        // The name in parentheses may hold anything; state and parent follow the last one.
        stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|id| Some((id, parent_of(id)?)))
        .collect()
}

/// The progress line of a running step.
struct Pulse<'a> {
    label: &'a str,
    started: Instant,
    shown: Instant,
    last: String,
    terminal: bool,
    on_screen: bool,
}

impl<'a> Pulse<'a> {
    fn new(label: &'a str, started: Instant) -> Self {
        let terminal = std::io::stderr().is_terminal();
        Self { label, started, shown: started, last: String::new(), terminal, on_screen: false }
    }

    fn beat(&mut self) {
        let every = if self.terminal { Duration::from_secs(1) } else { HEARTBEAT };
        if self.shown.elapsed() < every {
            return;
        }
        self.shown = Instant::now();
        let last: String = self.last.trim().chars().take(70).collect();
        let line = format!("   {} … {} s  {last}", self.label, self.started.elapsed().as_secs());
        if self.terminal {
            eprint!("\r\x1b[2K{line}");
            self.on_screen = true;
        } else {
            eprintln!("{line}");
        }
    }

    fn clear(&mut self) {
        if self.on_screen {
            eprint!("\r\x1b[2K");
            self.on_screen = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, limit: Duration, name: &str) -> Done {
        let mut command = tool("sh");
        command.args(["-c", script]);
        let log = std::env::temp_dir().join(format!("xtask-{}-{name}.log", std::process::id()));
        let done = run(Step { label: name, command, log: log.clone(), limit, verbose: false });
        let _ = std::fs::remove_file(log);
        done
    }

    #[test]
    fn both_streams_arrive_in_order() {
        let done = shell("echo one; echo two >&2; echo three", Duration::from_secs(20), "order");
        assert!(done.success);
        assert_eq!(done.output, "one\ntwo\nthree\n");
    }

    #[test]
    fn a_failure_says_its_status() {
        let done = shell("echo why; exit 3", Duration::from_secs(20), "status");
        assert!(!done.success);
        assert!(done.reason.contains('3'), "{}", done.reason);
        assert!(done.tail().contains("why"));
    }

    #[test]
    fn a_step_over_its_limit_is_stopped_with_its_children() {
        let started = Instant::now();
        let done = shell("sleep 60 & sleep 60; wait", Duration::from_millis(300), "limit");
        assert!(!done.success);
        assert!(done.reason.contains("limit"), "{}", done.reason);
        assert!(started.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn a_missing_program_is_a_failed_step() {
        let command = tool("surely-no-such-program");
        let log = std::env::temp_dir().join(format!("xtask-{}-missing.log", std::process::id()));
        let done = run(Step { label: "x", command, log, limit: Duration::from_secs(1), verbose: false });
        assert!(done.reason.contains("did not start"));
    }
}
