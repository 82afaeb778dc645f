//! House rules, formatting, lints and the licences of what we depend on.

use super::{Ask, GODOT, XTASK};
use crate::process::{Step, run as run_step, tool, works};
use crate::report::Report;
use crate::testrun::{self, Selection};
use crate::tidy;
use std::time::Duration;

/// Lints compile everything once.
const LIMIT: Duration = Duration::from_secs(1800);
/// The test in `tidy` that runs all checks on this repository: here they run by themselves.
const WHOLE: &str = "the_repository_is_tidy";

/// One of cargo's tools.
struct Tool {
    /// For the table.
    name: &'static str,
    /// Whether it is installed.
    probe: &'static [&'static str],
    /// How it is called.
    args: &'static [&'static str],
    /// What to say where it is not installed.
    missing: &'static str,
    /// The folder to call it in.
    folder: &'static str,
}

const TOOLS: &[Tool] = &[
    Tool {
        name: "rustfmt",
        probe: &["fmt", "--version"],
        args: &["fmt", "--all", "--check", "--", "--color", "never"],
        missing: "rustfmt is not installed: rustup component add rustfmt",
        folder: "",
    },
    Tool {
        name: "rustfmt (fuzz)",
        probe: &["fmt", "--version"],
        args: &["fmt", "--all", "--check", "--", "--color", "never"],
        missing: "rustfmt is not installed: rustup component add rustfmt",
        folder: "fuzz",
    },
    Tool {
        name: "rustfmt (bench)",
        probe: &["fmt", "--version"],
        args: &["fmt", "--all", "--check", "--", "--color", "never"],
        missing: "rustfmt is not installed: rustup component add rustfmt",
        folder: "bench",
    },
    Tool {
        name: "clippy",
        probe: &["clippy", "--version"],
        args: &[
            "clippy",
            "--workspace",
            "--exclude",
            GODOT,
            "--all-targets",
            "--all-features",
            "--",
            "-D",
            "warnings",
        ],
        missing: "clippy is not installed: rustup component add clippy",
        folder: "",
    },
    Tool {
        name: "cargo-deny",
        probe: &["deny", "--version"],
        args: &["deny", "check", "--hide-inclusion-graph", "bans", "licenses", "sources"],
        missing: "cargo-deny is not installed: cargo install cargo-deny",
        folder: "",
    },
];

pub(super) fn run(ask: &Ask<'_>) -> Report {
    let mut report = tidy::report(ask.repository, &[], false).unwrap_or_else(|problem| {
        let mut report = Report::default();
        report.fail("house rules", problem, 0.0);
        report
    });
    report.absorb(testrun::run(
        ask.repository,
        &Selection {
            label: "tests of the checks".to_owned(),
            packages: vec![XTASK.to_owned()],
            skip_name: Some(WHOLE),
            plain: true,
            verbose: ask.verbose,
            ..Selection::default()
        },
    ));
    TOOLS.iter().for_each(|tool| call(ask, tool, &mut report));
    report
}

fn call(ask: &Ask<'_>, what: &Tool, report: &mut Report) {
    if !works("cargo", what.probe) {
        return report.skip(what.name, what.missing);
    }
    let mut command = tool("cargo");
    command
        .current_dir(ask.repository.root.join(what.folder))
        .args(what.args)
        .env("CARGO_TERM_COLOR", "never");
    let file: String = what.name.chars().filter(char::is_ascii_alphanumeric).collect();
    let log = ask.repository.target.join(format!("x/{file}.log"));
    let done = run_step(Step { label: what.name, command, log, limit: LIMIT, verbose: ask.verbose });
    report.step(what.name, &done);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_that_is_left_out_exists() {
        assert!(include_str!("../tidy/mod.rs").contains(&format!("fn {WHOLE}()")));
    }
}
