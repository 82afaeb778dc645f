//! `./x sanitize`: the C interface under tools that the stable compiler lacks: ThreadSanitizer and Miri.
//!
//! Both belong to a nightly toolchain. Where it or a part of it is missing, the step is skipped and says so.

use crate::commands::Args;
use crate::process::{Done, Step, run as run_step, tool, works};
use crate::report::{Report, closing_line};
use crate::repository::Repository;
use std::time::Duration;

const PACKAGE: &str = "gamesockets-capi";
/// The standard library is built too, and then a million messages are sent.
const LIMIT: Duration = Duration::from_secs(1800);
/// The flags also switch on the test whose race must be found.
const THREAD_FLAGS: &str = "-Zsanitizer=thread --cfg thread_sanitizer";
/// What that test is called.
const CONTROL: &str = "a_race_of_the_program_is_seen";
/// The test without which the others show little: a million messages.
const STRESS: &str = "four_threads_send_receive_and_release ... ok";
/// Tests that start programs, or load libraries, which are not instrumented.
const NOT_INSTRUMENTED: &[&str] = &["programs::", "reference::", "talk::", "symbols::the_shared", CONTROL];

/// `./x sanitize`.
pub(crate) fn run(repository: &Repository, args: &Args) -> Result<bool, String> {
    type Run = fn(&Repository, bool, &mut Report);
    let steps: [(&str, Run); 2] = [("threads", threads), ("miri", miri)];
    if let Some(unknown) = args.words.iter().find(|word| steps.iter().all(|(name, _)| name != word)) {
        return Err(format!("no step is named `{unknown}`; there are threads and miri"));
    }
    let mut report = Report::default();
    for (name, step) in steps {
        if args.words.is_empty() || args.words.iter().any(|word| word == name) {
            step(repository, args.has("--verbose"), &mut report);
        }
    }
    print!("{}", report.render("sanitize"));
    println!("{}", closing_line(report.counts()));
    Ok(report.counts().failed == 0)
}

/// Every test of the interface that runs in one instrumented process, the stress of a million messages among them.
fn threads(repository: &Repository, verbose: bool, report: &mut Report) {
    if !source_is_there() {
        return report.skip("threads", "no nightly toolchain with the component rust-src");
    }
    // A tool that sees nothing would pass everything: it has to see a race that is there.
    let control = threads_step(repository, verbose, "thread-control", &[CONTROL]);
    if control.success || !control.output.contains("ThreadSanitizer: data race") {
        let why = format!("the race that is there on purpose was not reported\n{}", control.explain());
        return report.fail("threads: the race on purpose is seen", why, control.seconds);
    }
    report.pass("threads: the race on purpose is seen", control.seconds);
    let skips: Vec<&str> = NOT_INSTRUMENTED.iter().flat_map(|name| ["--skip", name]).collect();
    let done = threads_step(repository, verbose, "thread-tests", &skips);
    let name = "threads: no race in the tests of the C interface";
    if done.success && !done.output.contains(STRESS) {
        return report.fail(name, format!("no `{STRESS}`\n{}", done.explain()), done.seconds);
    }
    report.step(name, &done);
}

fn threads_step(repository: &Repository, verbose: bool, label: &str, words: &[&str]) -> Done {
    let mut command = tool("cargo");
    command.current_dir(&repository.root).args(["+nightly", "test", "--package", PACKAGE, "--test", "capi"]);
    command.args(["-Zbuild-std", "--target", "x86_64-unknown-linux-gnu", "--"]).args(words);
    command.env("RUSTFLAGS", THREAD_FLAGS).env("CARGO_TARGET_DIR", repository.target.join("tsan"));
    command.env("TSAN_OPTIONS", "exitcode=66 second_deadlock_stack=1");
    let log = repository.target.join(format!("x/sanitize-{label}.log"));
    run_step(Step { label, command, log, limit: LIMIT, verbose })
}

fn source_is_there() -> bool {
    let output = tool("rustc").args(["+nightly", "--print", "sysroot"]).output();
    let Some(output) = output.ok().filter(|output| output.status.success()) else { return false };
    let root = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    std::path::Path::new(&root).join("lib/rustlib/src/rust/library").is_dir()
}

/// The unit tests of the interface's crate, where no system call is in the way.
fn miri(repository: &Repository, verbose: bool, report: &mut Report) {
    if !works("cargo", &["+nightly", "miri", "--version"]) {
        return report.skip("miri", "no nightly toolchain with the component miri");
    }
    let mut command = tool("cargo");
    command.current_dir(&repository.root).args(["+nightly", "miri", "test", "--package", PACKAGE, "--lib"]);
    command.env("CARGO_TARGET_DIR", repository.target.join("miri"));
    command.env("MIRIFLAGS", "-Zmiri-permissive-provenance");
    let log = repository.target.join("x/sanitize-miri.log");
    let done = run_step(Step { label: "miri", command, log, limit: LIMIT, verbose });
    report.step("miri: unit tests of the C interface", &done);
}
