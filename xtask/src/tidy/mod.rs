//! The house rules that a program can check. Each check is a function from the files of the
//! repository to findings; each is tested on a bad sample.

mod direction;
mod exceptions;
mod fuzz_seeds;
mod machine;
mod manifests;
mod orphans;
mod purity;
mod scan;
mod size;
mod text;
mod tree;
mod unsafety;
mod words;

use crate::commands::Args;
use crate::report::{Report, closing_line};
use crate::repository::{Package, Repository};
use std::fmt;
use std::time::Instant;
use tree::Tree;

/// One broken rule at one place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    /// The file, relative to the root.
    path: String,
    /// Counted from 1; 0 means the file as a whole.
    line: usize,
    /// What is wrong and what to do.
    message: String,
    /// Deserves a look, breaks nothing.
    soft: bool,
}

impl Finding {
    fn new(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, message: message.into(), soft: false }
    }

    fn soft(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self { soft: true, ..Self::new(path, line, message) }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = self.line.max(1);
        write!(f, "{}:{line}: {}{}", self.path, if self.soft { "(soft) " } else { "" }, self.message)
    }
}

/// What a check looks at.
struct Subject<'a> {
    tree: &'a Tree,
    packages: &'a [Package],
}

/// One check.
struct Check {
    name: &'static str,
    about: &'static str,
    run: fn(&Subject<'_>) -> Vec<Finding>,
}

const CHECKS: &[Check] = &[
    Check {
        name: "file-size",
        about: "files and crates stay small",
        run: |on| size::files(on.tree, exceptions::SIZES),
    },
    Check {
        name: "function-size",
        about: "functions stay small",
        run: |on| size::functions(on.tree, exceptions::SIZES),
    },
    Check {
        name: "direction",
        about: "dependencies between crates point down",
        run: |on| direction::check(on.packages),
    },
    Check {
        name: "purity",
        about: "pure crates touch no clock, socket, thread or file",
        run: |on| purity::check(on.tree),
    },
    Check {
        name: "unsafe",
        about: "no unsafe outside named leaf files",
        run: |on| unsafety::check(on.tree, exceptions::UNSAFE),
    },
    Check {
        name: "macros",
        about: "no leftovers of debugging, no printing libraries",
        run: |on| words::macros(on.tree),
    },
    Check { name: "reminders", about: "no notes about unfinished work", run: |on| words::reminders(on.tree) },
    Check { name: "ignored-tests", about: "every test runs", run: |on| words::ignored_tests(on.tree) },
    Check {
        name: "module-docs",
        about: "every source file opens with its purpose",
        run: |on| text::module_docs(on.tree),
    },
    Check {
        name: "white-space",
        about: "no trailing space, no tabs, one final newline",
        run: |on| text::white_space(on.tree),
    },
    Check {
        name: "machine",
        about: "no path of a machine, no host of a package registry",
        run: |on| machine::check(on.tree),
    },
    Check {
        name: "manifests",
        about: "crates inherit version, lints and dependency versions",
        run: |on| manifests::check(on.tree),
    },
    Check {
        name: "orphans",
        about: "every source file is part of a crate",
        run: |on| orphans::check(on.tree),
    },
    Check {
        name: "fuzz-seeds",
        about: "every fuzz target has a seed folder",
        run: |on| fuzz_seeds::check(on.tree),
    },
];

/// How many findings of one check are shown; the rest is only counted.
const SHOWN_MAX: usize = 40;

/// `./x tidy`.
pub(crate) fn command(repository: &Repository, args: &Args) -> Result<bool, String> {
    if args.has("--list") {
        for check in CHECKS {
            println!("{:<16}{}", check.name, check.about);
        }
        return Ok(true);
    }
    if let Some(unknown) =
        args.words.iter().find(|word| CHECKS.iter().all(|check| check.name != word.as_str()))
    {
        return Err(format!("no check is named `{unknown}`; see `./x tidy --list`"));
    }
    let report = report(repository, &args.words, args.has("--soft"))?;
    print!("{}", report.render("tidy"));
    println!("{}", closing_line(report.counts()));
    Ok(report.counts().failed == 0)
}

/// Runs the checks named, or all; each counts as one test.
pub(crate) fn report(repository: &Repository, only: &[String], soft: bool) -> Result<Report, String> {
    let tree = Tree::read(&repository.root)?;
    let subject = Subject { tree: &tree, packages: &repository.packages };
    let mut report = Report::default();
    for check in CHECKS.iter().filter(|check| only.is_empty() || only.iter().any(|name| name == check.name)) {
        let started = Instant::now();
        let mut findings = (check.run)(&subject);
        findings.sort();
        let seconds = started.elapsed().as_secs_f64();
        if soft {
            findings.iter().filter(|finding| finding.soft).for_each(|finding| println!("{finding}"));
        }
        findings.retain(|finding| !finding.soft);
        if findings.is_empty() {
            report.pass(check.name, seconds);
        } else {
            report.fail(check.name, list(&findings), seconds);
        }
    }
    Ok(report)
}

fn list(findings: &[Finding]) -> String {
    let mut lines: Vec<String> = findings.iter().take(SHOWN_MAX).map(Finding::to_string).collect();
    if findings.len() > SHOWN_MAX {
        lines.push(format!("… and {} more", findings.len() - SHOWN_MAX));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Named so that `./x test tidy` can leave it out: there the checks run by themselves.
    #[test]
    fn the_repository_is_tidy() {
        let report = report(&Repository::find().unwrap(), &[], false).unwrap();
        assert_eq!(report.counts().failed, 0, "{}", report.render("tidy"));
    }

    #[test]
    fn names_of_checks_are_unique() {
        let mut names: Vec<&str> = CHECKS.iter().map(|check| check.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), CHECKS.len());
    }

    #[test]
    fn a_finding_names_its_place() {
        assert_eq!(Finding::new("a/b.rs", 7, "wrong").to_string(), "a/b.rs:7: wrong");
        assert_eq!(Finding::soft("a/b.rs", 0, "long").to_string(), "a/b.rs:1: (soft) long");
    }
}
