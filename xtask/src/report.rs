//! What a suite found: a table of what ran, what was skipped and why, what failed.

use crate::process::Done;
use std::fmt::Write as _;

/// The widest a table's first column may get.
const NAME_WIDTH: usize = 60;

/// Three counts.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Ran and held.
    pub(crate) passed: usize,
    /// Ran and did not hold, or could not be built.
    pub(crate) failed: usize,
    /// Could not run here, for a stated reason.
    pub(crate) skipped: usize,
}

impl Counts {
    /// Adds the other counts to these.
    pub(crate) const fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }

    /// Everything together.
    pub(crate) const fn total(self) -> usize {
        self.passed + self.failed + self.skipped
    }
}

/// One line of the table.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    /// What ran.
    pub(crate) name: String,
    /// With what result.
    pub(crate) counts: Counts,
    /// How long it took, when that is known for the row by itself.
    pub(crate) seconds: Option<f64>,
}

/// Everything a suite has to say.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// The table.
    pub(crate) rows: Vec<Row>,
    /// What was skipped, and why.
    pub(crate) skips: Vec<(String, String)>,
    /// What failed, with the text that explains it.
    pub(crate) failures: Vec<(String, String)>,
}

impl Report {
    /// One thing that held.
    pub(crate) fn pass(&mut self, name: &str, seconds: f64) {
        self.row(name, Counts { passed: 1, ..Counts::default() }, Some(seconds));
    }

    /// One thing that did not hold, and the explanation.
    pub(crate) fn fail(&mut self, name: &str, why: String, seconds: f64) {
        self.row(name, Counts { failed: 1, ..Counts::default() }, Some(seconds));
        self.failures.push((name.to_owned(), why));
    }

    /// A program that ran: its status decides.
    pub(crate) fn step(&mut self, name: &str, done: &Done) {
        if done.success {
            self.pass(name, done.seconds);
        } else {
            self.fail(name, done.explain(), done.seconds);
        }
    }

    /// One thing that could not run here, and the reason.
    pub(crate) fn skip(&mut self, name: &str, why: &str) {
        self.row(name, Counts { skipped: 1, ..Counts::default() }, None);
        self.skips.push((name.to_owned(), why.to_owned()));
    }

    /// A line with its own counts.
    pub(crate) fn row(&mut self, name: &str, counts: Counts, seconds: Option<f64>) {
        self.rows.push(Row { name: name.to_owned(), counts, seconds });
    }

    /// Takes over everything the other one says.
    pub(crate) fn absorb(&mut self, other: Self) {
        self.rows.extend(other.rows);
        self.skips.extend(other.skips);
        self.failures.extend(other.failures);
    }

    /// The sum of the rows.
    pub(crate) fn counts(&self) -> Counts {
        let mut sum = Counts::default();
        self.rows.iter().for_each(|row| sum.add(row.counts));
        sum
    }

    /// The table, the skips with their reasons and the failures with their texts.
    pub(crate) fn render(&self, title: &str) -> String {
        let names = self.rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0);
        let width = names.clamp(12, NAME_WIDTH);
        let mut text = format!(
            "\n== {title}\n  {:<width$} {:>7} {:>7} {:>7} {:>9}\n",
            "", "passed", "failed", "skipped", "time"
        );
        for row in &self.rows {
            let time = row.seconds.map(|seconds| format!("{seconds:.1} s")).unwrap_or_default();
            let Counts { passed, failed, skipped } = row.counts;
            let line = format!("  {:<width$} {passed:>7} {failed:>7} {skipped:>7} {time:>9}", row.name);
            let _ = writeln!(text, "{}", line.trim_end());
        }
        for (name, why) in &self.skips {
            let _ = writeln!(text, "  skipped {name}: {why}");
        }
        for (name, why) in &self.failures {
            let _ = writeln!(text, "  FAILED {name}");
            why.lines().for_each(|line| {
                let _ = writeln!(text, "    {line}");
            });
        }
        text
    }
}

/// The line that closes a whole run, alone on its line.
pub(crate) fn closing_line(counts: Counts) -> String {
    format!("{} passed, {} failed, {} skipped", counts.passed, counts.failed, counts.skipped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_counts_and_names_everything() {
        let mut report = Report::default();
        report.pass("fmt", 0.5);
        report.skip("deny", "cargo-deny is not installed");
        report.fail("clippy", "one\ntwo".into(), 2.0);
        report.row("wire", Counts { passed: 10, failed: 0, skipped: 1 }, None);
        assert_eq!(report.counts(), Counts { passed: 11, failed: 1, skipped: 2 });
        let text = report.render("tidy");
        assert!(text.contains("skipped deny: cargo-deny is not installed"), "{text}");
        assert!(text.contains("FAILED clippy\n    one\n    two\n"), "{text}");
        assert!(text.lines().all(|line| line == line.trim_end()), "{text}");
    }

    #[test]
    fn the_closing_line_is_plain() {
        assert_eq!(
            closing_line(Counts { passed: 3, failed: 2, skipped: 1 }),
            "3 passed, 2 failed, 1 skipped"
        );
    }
}
