//! Building and running the `gamesockets` command.

use crate::process::{Done, Step, run as run_step, tool};
use crate::repository::Repository;
use crate::suites::GODOT;
use std::path::PathBuf;
use std::time::Duration;

/// The package that holds the command.
const PACKAGE: &str = "gamesockets-cli";
/// The command's name.
const BINARY: &str = "gamesockets";
/// A cold build on a small machine takes a few minutes; more than this is a hang.
const BUILD_LIMIT: Duration = Duration::from_secs(1800);

/// How it is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Quick to build, internal checks on.
    Debug,
    /// Optimised, for measuring.
    Release,
}

/// Builds the command; `Ok` is the path of the executable.
pub(crate) fn build(repository: &Repository, profile: Profile, verbose: bool) -> Result<PathBuf, Done> {
    let mut command = tool("cargo");
    // The whole workspace is selected so that features, and with them build results, stay the same
    // from task to task.
    command.current_dir(&repository.root).args(["build", "--workspace", "--exclude", GODOT, "--bin", BINARY]);
    let folder = match profile {
        Profile::Debug => "debug",
        Profile::Release => {
            command.arg("--release");
            "release"
        }
    };
    let log = repository.target.join("x").join(format!("build-{folder}.log"));
    let label = format!("building {PACKAGE} ({folder})");
    let done = run_step(Step { label: &label, command, log, limit: BUILD_LIMIT, verbose });
    if done.success { Ok(repository.target.join(folder).join(BINARY)) } else { Err(done) }
}

/// Builds the command and runs `gamesockets NAME words…` on the caller's terminal.
pub(crate) fn run(
    repository: &Repository,
    name: &str,
    words: &[String],
    profile: Profile,
) -> Result<bool, String> {
    let program = build(repository, profile, false).map_err(|done| done.explain())?;
    let status = tool(&program.to_string_lossy()).arg(name).args(words).status();
    status.map(|status| status.success()).map_err(|error| format!("{BINARY} did not start: {error}"))
}
