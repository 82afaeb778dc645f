//! Every crate's own tests, without those that have a suite of their own.

use super::{Ask, BOOK, GODOT, INTEROP, SIMULATOR, XTASK};
use crate::report::Report;
use crate::testrun::{self, Selection};

pub(super) fn run(ask: &Ask<'_>) -> Report {
    let elsewhere = [XTASK, BOOK, GODOT];
    let all = ask.repository.packages.iter().filter(|package| !elsewhere.contains(&package.name.as_str()));
    let with_library = all.clone().filter(|package| !package.targets_of("lib").is_empty());
    let names: Vec<String> =
        all.map(|package| package.name.clone()).filter(|name| name != SIMULATOR).collect();
    let mut report = testrun::run(
        ask.repository,
        &Selection {
            label: "unit".to_owned(),
            packages: names,
            without_test: Some((INTEROP.0.to_owned(), INTEROP.1.to_owned())),
            verbose: ask.verbose,
            ..Selection::default()
        },
    );
    let libraries: Vec<String> = with_library.map(|package| package.name.clone()).collect();
    report.absorb(testrun::run_doctests(ask.repository, "unit (documentation)", &libraries, ask.verbose));
    report
}
