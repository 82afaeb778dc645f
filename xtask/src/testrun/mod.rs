//! Running cargo's tests with whichever runner is there, and counting what really ran.
//!
//! A test that cannot run where it is (no server, no peer program) prints a line that begins with
//! `skipped:` and a reason, and returns. Both readers count it as skipped, never as passed.

mod junit;
mod libtest;

use crate::process::{Done, Step, run as run_step, tool, works};
use crate::report::{Counts, Report};
use crate::repository::Repository;
use crate::suites::GODOT;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// Building and running one selection of tests takes minutes at worst; more than this is a hang.
const LIMIT: Duration = Duration::from_secs(2400);
/// What a test prints, at the start of a line, when it cannot run here.
const SKIP_MARK: &str = "skipped:";

/// Which tests to run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selection {
    /// What the report calls them.
    pub(crate) label: String,
    /// These packages.
    pub(crate) packages: Vec<String>,
    /// Only this integration test of theirs.
    pub(crate) only_test: Option<String>,
    /// Without this integration test: package and name.
    pub(crate) without_test: Option<(String, String)>,
    /// Without tests whose name holds this text.
    pub(crate) skip_name: Option<&'static str>,
    /// By cargo's own runner in any case: nothing else is built, and a test program with a harness of its
    /// own is in charge of its tests.
    pub(crate) plain: bool,
    /// Show the output as it comes.
    pub(crate) verbose: bool,
}

/// One test program's results, from either runner.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Binary {
    /// For the table.
    pub(crate) name: String,
    /// What came of its tests.
    pub(crate) counts: Counts,
    /// Names and reasons of the skipped.
    pub(crate) skips: Vec<(String, String)>,
    /// Names of the failed and what they printed.
    pub(crate) failures: Vec<(String, String)>,
}

/// Runs unit and integration tests.
pub(crate) fn run(repository: &Repository, selection: &Selection) -> Report {
    if selection.packages.is_empty() {
        return Report::default();
    }
    if !selection.plain && works("cargo", &["nextest", "--version"]) {
        return with_nextest(repository, selection);
    }
    let mut report = Report::default();
    for (label, args) in libtest_calls(repository, selection) {
        let mut command = cargo(repository, &args);
        command.args(["--all-features", "--no-fail-fast", "--", "--show-output"]);
        if let Some(name) = selection.skip_name {
            command.args(["--skip", name]);
        }
        let done = step(repository, &label, command, selection.verbose);
        report.absorb(from_binaries(&label, libtest::read(&done.output), &done));
    }
    report
}

/// Runs the code blocks of the documentation of these packages.
pub(crate) fn run_doctests(
    repository: &Repository,
    label: &str,
    packages: &[String],
    verbose: bool,
) -> Report {
    let mut command = cargo(repository, &["test".to_owned(), "--doc".to_owned()]);
    packages.iter().for_each(|package| {
        command.args(["--package", package]);
    });
    command.args(["--all-features", "--no-fail-fast", "--", "--show-output"]);
    let done = step(repository, label, command, verbose);
    from_binaries(label, libtest::read(&done.output), &done)
}

fn with_nextest(repository: &Repository, selection: &Selection) -> Report {
    // Its store is in the workspace wherever cargo builds.
    let result = repository.root.join("target/nextest/x/junit.xml");
    // A result of an earlier run would pass for this one's if the build fails.
    let _ = std::fs::remove_file(&result);
    let mut command = cargo(
        repository,
        &["nextest", "run", "--workspace", "--all-features", "--profile", "x"].map(str::to_owned),
    );
    if !selection.packages.iter().any(|name| name == GODOT) {
        command.args(["--exclude", GODOT]);
    }
    command.args(["--hide-progress-bar", "--no-tests", "pass", "--filterset", &filterset(selection)]);
    match &selection.only_test {
        // Only this one is built: a broken neighbour is another suite's failure.
        Some(name) => command.args(["--test", name]),
        None => command.arg("--tests"),
    };
    let done = step(repository, &selection.label, command, selection.verbose);
    let binaries = std::fs::read_to_string(result).map(|text| junit::read(&text)).unwrap_or_default();
    from_binaries(&selection.label, binaries, &done)
}

/// The selection in the filter language of cargo-nextest.
fn filterset(selection: &Selection) -> String {
    let packages: Vec<String> = selection.packages.iter().map(|name| format!("package(={name})")).collect();
    let mut text = format!("({})", packages.join(" | "));
    if let Some(name) = &selection.only_test {
        text.push_str(&format!(" & binary(={name})"));
    }
    if let Some((package, name)) = &selection.without_test {
        text.push_str(&format!(" - binary_id(={package}::{name})"));
    }
    if let Some(name) = selection.skip_name {
        text.push_str(&format!(" - test({name})"));
    }
    text
}

/// The selection as calls of `cargo test`. It cannot leave one integration test out, so the package
/// that has it is called by itself with all its others named.
fn libtest_calls(repository: &Repository, selection: &Selection) -> Vec<(String, Vec<String>)> {
    let mut calls = Vec::new();
    let apart = selection.without_test.as_ref().filter(|(package, _)| selection.packages.contains(package));
    let mut args = vec!["test".to_owned()];
    for package in selection.packages.iter().filter(|name| apart.is_none_or(|(package, _)| package != *name))
    {
        args.extend(["--package".to_owned(), package.clone()]);
    }
    if args.len() > 1 {
        match &selection.only_test {
            Some(name) => args.extend(["--test".to_owned(), name.clone()]),
            None => args.push("--tests".to_owned()),
        }
        calls.push((selection.label.clone(), args));
    }
    if let Some((package, left_out)) = apart {
        let mut args = vec!["test".to_owned(), "--package".to_owned(), package.clone()];
        let found = repository.package(package);
        let has = |kind| found.is_some_and(|package| !package.targets_of(kind).is_empty());
        args.extend(
            [("lib", "--lib"), ("bin", "--bins")]
                .iter()
                .filter(|(kind, _)| has(kind))
                .map(|(_, flag)| (*flag).to_owned()),
        );
        for name in found.map(|package| package.targets_of("test")).unwrap_or_default() {
            if name != left_out {
                args.extend(["--test".to_owned(), name.to_owned()]);
            }
        }
        calls.push((format!("{} ({package})", selection.label), args));
    }
    calls
}

fn cargo(repository: &Repository, args: &[String]) -> Command {
    let mut command = tool("cargo");
    command.current_dir(&repository.root).args(args).env("CARGO_TERM_COLOR", "never");
    command
}

fn step(repository: &Repository, label: &str, command: Command, verbose: bool) -> Done {
    let name: String = label.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let log: PathBuf = repository.target.join("x").join(format!("{name}.log"));
    run_step(Step { label, command, log, limit: LIMIT, verbose })
}

/// The table of these test programs. A run that failed without naming a failed test, and one that
/// found no test at all, counts as one failure: neither may look like success.
fn from_binaries(label: &str, binaries: Vec<Binary>, done: &Done) -> Report {
    let mut report = Report::default();
    for binary in binaries {
        if binary.counts.total() > 0 {
            report.row(&binary.name, binary.counts, None);
        }
        report.skips.extend(binary.skips);
        report.failures.extend(binary.failures);
    }
    let counts = report.counts();
    if !done.success && counts.failed == 0 {
        report.fail(label, done.explain(), done.seconds);
    } else if done.success && counts.total() == 0 {
        report.fail(
            label,
            "no test was found here: a suite that runs nothing proves nothing".to_owned(),
            done.seconds,
        );
    }
    report
}

/// The reason inside a test's output, when it says that it could not run.
fn skip_reason(output: &str) -> Option<String> {
    output.lines().find_map(|line| {
        let line = line.trim();
        // With one thread the test harness puts the test's name on the line first.
        let line =
            line.strip_prefix("test ").and_then(|rest| rest.split_once(" ... ")).map_or(line, |(_, own)| own);
        let start = line.get(..SKIP_MARK.len())?;
        start.eq_ignore_ascii_case(SKIP_MARK).then(|| line[SKIP_MARK.len()..].trim().to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::{Package, Target};

    fn done(success: bool) -> Done {
        Done::for_tests(success, "the end of the output")
    }

    fn selection() -> Selection {
        Selection {
            label: "unit".into(),
            packages: vec!["a".into(), "b".into()],
            without_test: Some(("b".into(), "interop".into())),
            ..Selection::default()
        }
    }

    #[test]
    fn a_skip_is_recognised_by_its_line() {
        assert_eq!(skip_reason("x\n skipped: no peer\n"), Some("no peer".into()));
        assert_eq!(skip_reason("SKIPPED: no peer"), Some("no peer".into()));
        assert_eq!(skip_reason("it was skipped: no"), None);
        assert_eq!(skip_reason("test peer ... skipped: no peer"), Some("no peer".into()));
        assert_eq!(skip_reason("ä"), None);
    }

    #[test]
    fn a_build_failure_and_an_empty_run_are_failures() {
        assert_eq!(from_binaries("unit", Vec::new(), &done(false)).counts().failed, 1);
        assert_eq!(from_binaries("unit", Vec::new(), &done(true)).counts().failed, 1);
        let good = Binary { counts: Counts { passed: 2, ..Counts::default() }, ..Binary::default() };
        assert_eq!(from_binaries("unit", vec![good.clone()], &done(true)).counts().failed, 0);
        assert_eq!(from_binaries("unit", vec![good], &done(false)).counts().failed, 1);
    }

    #[test]
    fn the_filter_names_what_is_in_and_what_is_out() {
        assert_eq!(filterset(&selection()), "(package(=a) | package(=b)) - binary_id(=b::interop)");
    }

    #[test]
    fn cargo_test_names_the_other_tests_of_the_package_apart() {
        let target = |name: &str, kind: &str| Target { name: name.into(), kind: kind.into() };
        let package = Package {
            name: "b".into(),
            manifest: String::new(),
            dependencies: Vec::new(),
            targets: vec![target("b", "lib"), target("interop", "test"), target("loopback", "test")],
        };
        let repository = Repository { root: PathBuf::new(), target: PathBuf::new(), packages: vec![package] };
        let calls: Vec<String> =
            libtest_calls(&repository, &selection()).iter().map(|(_, args)| args.join(" ")).collect();
        assert_eq!(calls, ["test --package a --tests", "test --package b --lib --test loopback"]);
    }
}
