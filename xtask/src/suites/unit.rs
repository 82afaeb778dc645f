//! Every crate's own tests, without those that have a suite of their own.

use super::{Ask, BOOK, GODOT, INTEROP, SIMULATOR, XTASK};
use crate::process::{Step, run as run_step, tool};
use crate::report::Report;
use crate::testrun::{self, Selection};
use std::time::Duration;

/// The package whose code makes two libraries, and how the second one is built and what tests it.
const SECOND: &[&str] = &["test", "--package", "gamesockets-capi", "--test", "capi", "messages::"];
/// A test that is there in the second library alone.
const SECOND_RAN: &str = "a_batch_of_the_first_generation_belongs_to_the_library ... ok";
const LIMIT: Duration = Duration::from_secs(1200);

pub(super) fn run(ask: &Ask<'_>) -> Report {
    let elsewhere = [XTASK, BOOK, GODOT];
    let all = ask.repository.packages.iter().filter(|package| !elsewhere.contains(&package.name.as_str()));
    let with_library = all.clone().filter(|package| !package.targets_of("lib").is_empty());
    let names: Vec<String> =
        all.map(|package| package.name.clone()).filter(|name| name != SIMULATOR).collect();
    // First: what is left in the target folder afterwards is the library of the present.
    let mut report = second_generation(ask);
    report.absorb(testrun::run(
        ask.repository,
        &Selection {
            label: "unit".to_owned(),
            packages: names,
            without_test: Some((INTEROP.0.to_owned(), INTEROP.1.to_owned())),
            verbose: ask.verbose,
            ..Selection::default()
        },
    ));
    let libraries: Vec<String> = with_library.map(|package| package.name.clone()).collect();
    report.absorb(testrun::run_doctests(ask.repository, "unit (documentation)", &libraries, ask.verbose));
    report
}

/// The C interface as it was before 1.5.
fn second_generation(ask: &Ask<'_>) -> Report {
    let mut report = Report::default();
    let mut command = tool("cargo");
    command.current_dir(&ask.repository.root).args(SECOND).env("GAMESOCKETS_ABI", "1.4");
    let log = ask.repository.target.join("x/abi-1.4.log");
    let done = run_step(Step { label: "abi 1.4", command, log, limit: LIMIT, verbose: ask.verbose });
    let name = "capi for programs before 1.5";
    if done.success && !done.output.contains(SECOND_RAN) {
        report.fail(name, format!("no `{SECOND_RAN}`\n{}", done.explain()), done.seconds);
    } else {
        report.step(name, &done);
    }
    report
}
