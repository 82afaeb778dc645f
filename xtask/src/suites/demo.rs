//! The demonstration, small enough for every run.

use super::Ask;
use crate::process::{Step, run as run_step, tool};
use crate::program::{self, Profile};
use crate::report::Report;
use std::time::Duration;

/// The short form: it still loses, delays and checks, but a smaller file.
const SHORT: &[&str] = &["demo", "--seconds", "3", "--size", "2M"];
/// It takes about ten seconds.
const LIMIT: Duration = Duration::from_secs(120);

pub(super) fn run(ask: &Ask<'_>) -> Report {
    let mut report = Report::default();
    let name = format!("gamesockets {}", SHORT.join(" "));
    let program = match program::build(ask.repository, Profile::Debug, ask.verbose) {
        Ok(program) => program,
        Err(done) => {
            report.step(&name, &done);
            return report;
        }
    };
    let mut command = tool(&program.to_string_lossy());
    command.current_dir(&ask.repository.root).args(SHORT);
    let log = ask.repository.target.join("x/demo.log");
    let done = run_step(Step { label: &name, command, log, limit: LIMIT, verbose: ask.verbose });
    report.step(&name, &done);
    report
}
