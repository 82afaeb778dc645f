//! The documents: the API's without warnings, README and book with examples that compile and
//! commands that exist, links that lead somewhere.

use super::{Ask, BOOK, GODOT};
use crate::docs::{self, Complaint, Gamesockets};
use crate::process::{Step, run as run_step, tool};
use crate::program::{self, Profile};
use crate::report::Report;
use crate::testrun;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Documenting compiles everything once.
const LIMIT: Duration = Duration::from_secs(1800);

pub(super) fn run(ask: &Ask<'_>) -> Report {
    let mut report = Report::default();
    api(ask, &mut report);
    report.absorb(testrun::run_doctests(
        ask.repository,
        "examples in README and book",
        &[BOOK.to_owned()],
        ask.verbose,
    ));
    match docs::pages(ask.repository) {
        Ok(pages) => {
            check(&mut report, "links", || docs::links(ask.repository, &pages));
            check(&mut report, "the book is whole", || docs::book(ask.repository, &pages));
            match program::build(ask.repository, Profile::Debug, ask.verbose) {
                Ok(program) => {
                    check(&mut report, "commands in examples", || {
                        docs::examples(&pages, &mut Program { program })
                    });
                }
                Err(done) => report.step("commands in examples", &done),
            }
        }
        Err(problem) => report.fail("reading the documents", problem, 0.0),
    }
    report
}

/// `cargo doc` with warnings as errors. Libraries only: the command has the name of one of them.
fn api(ask: &Ask<'_>, report: &mut Report) {
    let mut command = tool("cargo");
    command
        .current_dir(&ask.repository.root)
        .args([
            "doc",
            "--workspace",
            "--exclude",
            GODOT,
            "--lib",
            "--no-deps",
            "--keep-going",
            "--document-private-items",
            "--all-features",
        ])
        .env("RUSTDOCFLAGS", "-D warnings")
        .env("CARGO_TERM_COLOR", "never");
    let log = ask.repository.target.join("x/doc.log");
    let done = run_step(Step { label: "cargo doc", command, log, limit: LIMIT, verbose: ask.verbose });
    report.step("cargo doc", &done);
}

fn check(report: &mut Report, name: &str, look: impl FnOnce() -> Vec<Complaint>) {
    let started = Instant::now();
    let complaints = look();
    let seconds = started.elapsed().as_secs_f64();
    if complaints.is_empty() {
        report.pass(name, seconds);
    } else {
        report.fail(name, complaints.join("\n"), seconds);
    }
}

/// The command as it was built.
struct Program {
    program: PathBuf,
}

impl Gamesockets for Program {
    fn help(&mut self, words: &[String]) -> Option<String> {
        let output = tool(&self.program.to_string_lossy()).args(words).arg("--help").output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }
}
