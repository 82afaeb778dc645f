//! `./x bench --peers`: builds the workspace in `bench/` and measures us beside other libraries.

use crate::process::{Step, run as run_step, tool};
use crate::repository::Repository;
use std::path::PathBuf;
use std::time::Duration;

/// The word that asks for it.
pub(crate) const FLAG: &str = "--peers";
/// The workspace, and the package in it that holds the program of the same name.
const FOLDER: &str = "bench";
const PACKAGE: &str = "peers";
/// A cold build of all the libraries on a small machine takes some minutes; more than this is a hang.
const BUILD_LIMIT: Duration = Duration::from_secs(2400);

/// The words for the program, if it is asked for.
pub(crate) fn asked_for(words: &[String]) -> Option<Vec<String>> {
    let rest = words.iter().filter(|word| *word != FLAG);
    words.iter().any(|word| word == FLAG).then(|| rest.cloned().collect())
}

/// Builds the program and runs its table on the caller's terminal.
pub(crate) fn run(repository: &Repository, words: &[String]) -> Result<bool, String> {
    let program = build(repository)?;
    let status = tool(&program.to_string_lossy()).arg("table").args(words).status();
    status.map(|status| status.success()).map_err(|error| format!("{PACKAGE} did not start: {error}"))
}

fn build(repository: &Repository) -> Result<PathBuf, String> {
    let target = repository.target.join(FOLDER);
    let mut command = tool("cargo");
    command.current_dir(repository.root.join(FOLDER)).env("CARGO_TARGET_DIR", &target);
    command.args(["build", "--release", "--package", PACKAGE]);
    let log = repository.target.join("x/build-peers.log");
    let label = "building us and the libraries beside us (release)";
    let done = run_step(Step { label, command, log, limit: BUILD_LIMIT, verbose: false });
    if done.success { Ok(target.join("release").join(PACKAGE)) } else { Err(done.explain()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_is_taken_out() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(asked_for(&words("--quick --peers --runs 3")), Some(words("--quick --runs 3")));
        assert_eq!(asked_for(&words("--quick")), None);
    }
}
