//! Medians of many repetitions, with the noise seen while they were taken.

use bench_common::Result;
use bench_common::noise::{Noise, QUIET, wait_quiet};
use bench_common::stats::{short, spread};
use std::fmt;

/// Quiet values that are enough to leave out the others.
const QUIET_ENOUGH: usize = 3;

/// One figure of one measurement.
pub(crate) struct Figure {
    pub(crate) name: String,
    pub(crate) unit: &'static str,
    pub(crate) value: f64,
}

/// Shorthand.
pub(crate) fn figure(name: &str, unit: &'static str, value: f64) -> Figure {
    Figure { name: name.to_owned(), unit, value }
}

struct Row {
    name: String,
    unit: &'static str,
    samples: Vec<(f64, f64)>,
}

/// All figures in first-seen order.
#[derive(Default)]
pub(crate) struct Report(Vec<Row>);

impl Report {
    /// Waits for a quiet moment, measures, and keeps the figures with the noise meanwhile.
    pub(crate) fn take(&mut self, measure: impl FnOnce() -> Result<Vec<Figure>>) -> Result<()> {
        wait_quiet();
        let noise = Noise::start();
        let figures = measure()?;
        let noise = noise.share(0);
        for figure in figures {
            let sample = (figure.value, noise);
            match self.0.iter_mut().find(|row| row.name == figure.name && row.unit == figure.unit) {
                Some(row) => row.samples.push(sample),
                None => self.0.push(Row { name: figure.name, unit: figure.unit, samples: vec![sample] }),
            }
        }
        Ok(())
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<48}{:<14}{:>12}{:>12}{:>12}  quiet", "", "", "median", "min", "max")?;
        for row in &self.0 {
            let all: Vec<f64> = row.samples.iter().map(|(value, _)| *value).collect();
            let is_quiet = |(value, noise): &(f64, f64)| (*noise <= QUIET).then_some(*value);
            let quiet: Vec<f64> = row.samples.iter().filter_map(is_quiet).collect();
            let enough = quiet.len() >= QUIET_ENOUGH || quiet.len() == all.len();
            let Some(s) = spread(if enough { &quiet } else { &all }) else { continue };
            write!(f, "{:<48}{:<14}", row.name, row.unit)?;
            write!(f, "{:>12}{:>12}{:>12}", short(s.median), short(s.min), short(s.max))?;
            writeln!(f, "  {}/{}{}", quiet.len(), all.len(), if enough { "" } else { " NOISY" })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetitions_of_a_figure_share_a_row() {
        let mut report = Report::default();
        assert!(report.is_empty());
        for value in [1.0, 3.0] {
            report.take(|| Ok(vec![figure("x", "1/s", value)])).unwrap();
        }
        assert!(report.take(|| Err("broken".into())).is_err());
        let text = report.to_string();
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(text.contains("2.00") && text.contains("3.00"), "{text}");
    }
}
