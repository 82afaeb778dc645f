//! The simulator's own tests, and worlds drawn from a seed.

use super::{Ask, SIMULATOR};
use crate::process::{Step, run as run_step, tool};
use crate::program::{self, Profile};
use crate::report::Report;
use crate::testrun::{self, Selection};
use std::time::Duration;

/// How long the soak runs unless the caller says otherwise.
pub(super) const SECONDS: u64 = 60;
/// Hexadecimal digits of the commit's hash that become the seed.
const SEED_DIGITS: usize = 8;
/// The soak ends by itself; one that has not this much later hangs.
const GRACE: Duration = Duration::from_secs(120);

pub(super) fn run(ask: &Ask<'_>) -> Report {
    let mut report = testrun::run(
        ask.repository,
        &Selection {
            label: "sim".to_owned(),
            packages: vec![SIMULATOR.to_owned()],
            verbose: ask.verbose,
            ..Selection::default()
        },
    );
    soak(ask, &mut report);
    report
}

/// With debug assertions on: the checkers inside the crates are half of the point.
fn soak(ask: &Ask<'_>, report: &mut Report) {
    let seed = commit(ask).as_deref().and_then(seed_of).unwrap_or(0).to_string();
    let seconds = ask.soak_seconds.to_string();
    let name = format!("soak --seconds {seconds} --seed {seed}");
    let program = match program::build(ask.repository, Profile::Debug, ask.verbose) {
        Ok(program) => program,
        Err(done) => return report.step(&name, &done),
    };
    let mut command = tool(&program.to_string_lossy());
    command.current_dir(&ask.repository.root).args(["soak", "--seconds", &seconds, "--seed", &seed]);
    let log = ask.repository.target.join("x/soak.log");
    let limit = Duration::from_secs(ask.soak_seconds) + GRACE;
    let done = run_step(Step { label: &name, command, log, limit, verbose: ask.verbose });
    report.step(&name, &done);
}

/// The commit under test: every change soaks other worlds, and a failure can be repeated.
fn commit(ask: &Ask<'_>) -> Option<String> {
    let output = tool("git").current_dir(&ask.repository.root).args(["rev-parse", "HEAD"]).output().ok()?;
    let hash = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !hash.is_empty()).then_some(hash)
}

/// The first digits of a commit's hash as a number; short enough to be copied by hand.
fn seed_of(hash: &str) -> Option<u64> {
    u64::from_str_radix(hash.get(..SEED_DIGITS)?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_becomes_a_seed() {
        assert_eq!(seed_of("0313268d1052e475e27eca2922b117bad834d2fe"), Some(0x0313_268d));
        assert_eq!(seed_of("none"), None);
    }
}
