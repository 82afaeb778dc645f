//! This project against the reference library. Where it is, environment variables say; a case that
//! lacks one says so and counts as skipped.

use super::{Ask, INTEROP};
use crate::program::{self, Profile};
use crate::report::Report;
use crate::testrun::{self, Selection};

pub(super) fn run(ask: &Ask<'_>) -> Report {
    let mut report = Report::default();
    // Some cases let the command talk to the reference's example program.
    if let Err(done) = program::build(ask.repository, Profile::Debug, ask.verbose) {
        report.step("building the gamesockets command", &done);
    }
    report.absorb(testrun::run(
        ask.repository,
        &Selection {
            label: "interop".to_owned(),
            packages: vec![INTEROP.0.to_owned()],
            only_test: Some(INTEROP.1.to_owned()),
            // Its cases measure time, so its harness runs them one after the other.
            plain: true,
            verbose: ask.verbose,
            ..Selection::default()
        },
    ));
    report
}
