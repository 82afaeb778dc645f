//! The test suites. A new one is a file here and a line in [`SUITES`].

mod counts;
mod demo;
mod docs;
mod godot;
mod interop;
mod sim;
mod tidy;
mod unit;

use crate::commands::Args;
use crate::counts::NEEDS as INSTRUMENT;
use crate::packages::{Need, provide};
use crate::report::{Counts, Report, closing_line};
use crate::repository::Repository;

/// Packages whose tests belong to a suite of their own.
pub(crate) const SIMULATOR: &str = "gamesockets-sim";
/// The package whose documentation tests are the code blocks of README and book.
pub(crate) const BOOK: &str = "gamesockets-book";
/// The package of these tasks.
pub(crate) const XTASK: &str = "xtask";
/// The Godot extension. Only its own suite builds it: the bindings of a whole engine take a minute.
pub(crate) const GODOT: &str = "gamesockets-godot";
/// The package and the name of the tests against the reference library.
pub(crate) const INTEROP: (&str, &str) = ("gamesockets", "interop");

/// What a suite may ask about the call.
pub(crate) struct Ask<'a> {
    /// Where everything is.
    pub(crate) repository: &'a Repository,
    /// Show the output of every step.
    pub(crate) verbose: bool,
    /// How long the soak runs.
    pub(crate) soak_seconds: u64,
}

/// One suite.
pub(crate) struct Suite {
    /// `./x test NAME`.
    pub(crate) name: &'static str,
    about: &'static str,
    /// Programs outside the repository; without them the suite is skipped.
    needs: &'static [Need],
    run: fn(&Ask<'_>) -> Report,
}

/// All suites, in the order of a whole run: what fails fastest comes first.
pub(crate) const SUITES: &[Suite] = &[
    Suite {
        name: "tidy",
        about: "house rules, their own tests, formatting, lints, licences of dependencies",
        needs: &[],
        run: tidy::run,
    },
    Suite {
        name: "unit",
        about: "unit, integration and documentation tests of every crate",
        needs: &[],
        run: unit::run,
    },
    Suite {
        name: "docs",
        about: "API documentation without warnings, examples of README and book, links",
        needs: &[],
        run: docs::run,
    },
    Suite {
        name: "sim",
        about: "tests of the simulator and a soak of drawn worlds, seeded by the commit",
        needs: &[],
        run: sim::run,
    },
    Suite {
        name: "interop",
        about: "against the reference library, where variables name it (CONTRIBUTING.md)",
        needs: &[],
        run: interop::run,
    },
    Suite {
        name: "godot",
        about: "the Godot extension: lints, tests, documentation, GDScript in a real engine",
        needs: &[],
        run: godot::run,
    },
    Suite {
        name: "counts",
        about: "instructions of fixed pieces of work, within 3 % of the record",
        needs: INSTRUMENT,
        run: counts::run,
    },
    Suite { name: "demo", about: "the demonstration in short form", needs: &[], run: demo::run },
];

/// `./x test`.
pub(crate) fn run(repository: &Repository, args: &Args) -> Result<bool, String> {
    if args.has("--list") {
        SUITES.iter().for_each(|suite| println!("{:<10}{}", suite.name, suite.about));
        return Ok(true);
    }
    if let Some(unknown) = args.words.iter().find(|word| find(word).is_none()) {
        return Err(format!("no suite is named `{unknown}`; see `./x test --list`"));
    }
    let ask = Ask {
        repository,
        verbose: args.has("--verbose"),
        soak_seconds: args.number("--seconds", sim::SECONDS)?,
    };
    let mut total = Counts::default();
    let mut lines = Vec::new();
    for suite in SUITES
        .iter()
        .filter(|suite| args.words.is_empty() || args.words.iter().any(|word| word == suite.name))
    {
        let report = match provide(suite.needs) {
            Ok(()) => (suite.run)(&ask),
            Err(missing) => {
                let mut report = Report::default();
                report.skip(suite.name, &missing);
                report
            }
        };
        print!("{}", report.render(&format!("{}: {}", suite.name, suite.about)));
        total.add(report.counts());
        lines.push(format!("  {:<10}{}", suite.name, closing_line(report.counts())));
    }
    println!("\n== all\n{}\n", lines.join("\n"));
    println!("{}", closing_line(total));
    Ok(total.failed == 0)
}

/// The suite of that name.
pub(crate) fn find(name: &str) -> Option<&'static Suite> {
    SUITES.iter().find(|suite| suite.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_suites_are_unique() {
        let mut names: Vec<&str> = SUITES.iter().map(|suite| suite.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), SUITES.len());
    }

    #[test]
    fn the_packages_named_here_exist() {
        let repository = Repository::find().unwrap();
        for name in [SIMULATOR, BOOK, XTASK, GODOT, INTEROP.0] {
            assert!(repository.package(name).is_some(), "{name}");
        }
    }
}
