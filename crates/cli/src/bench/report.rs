//! What was measured, as a table for people and as JSON for programs.

use super::plot::{Bar, Bars, Group};
use super::stats::{QUIET, median};
use crate::text::{digits, table};
use serde_json::{Value, json};

/// Undisturbed values that are enough to leave the others out.
const ENOUGH: usize = 3;

/// A value, and the share of a core that other programs took while it was measured.
#[derive(Clone, Copy, Debug)]
struct Sample {
    value: f64,
    noise: f64,
}

/// One figure, of ours and of plain UDP, once per run.
#[derive(Clone, Debug)]
pub(super) struct Row {
    key: String,
    name: String,
    unit: &'static str,
    ours: Vec<Sample>,
    raw: Vec<Sample>,
}

/// The values that count: the undisturbed ones if they are enough, else all.
fn counting(samples: &[Sample]) -> Vec<f64> {
    let quiet: Vec<f64> = samples.iter().filter(|s| s.noise <= QUIET).map(|s| s.value).collect();
    if quiet.len() >= ENOUGH { quiet } else { samples.iter().map(|s| s.value).collect() }
}

impl Row {
    /// Ours divided by plain UDP's, of the medians; NaN if there is nothing to divide by.
    fn ratio(&self) -> f64 {
        let raw = median(&counting(&self.raw));
        if raw > 0.0 { median(&counting(&self.ours)) / raw } else { f64::NAN }
    }

    /// Whether other programs had a part in the figures.
    fn is_noisy(&self) -> bool {
        [&self.ours, &self.raw].into_iter().any(|samples| {
            let quiet = samples.iter().filter(|s| s.noise <= QUIET).count();
            quiet < ENOUGH && samples.iter().any(|s| s.noise > QUIET)
        })
    }

    fn json(&self) -> Value {
        json!({
            "key": self.key,
            "name": self.name,
            "unit": self.unit,
            "ours": number(median(&counting(&self.ours))),
            "raw": number(median(&counting(&self.raw))),
            "ratio": number(self.ratio()),
            "noisy": self.is_noisy(),
            "ours_runs": self.ours.iter().map(|s| number(s.value)).collect::<Vec<_>>(),
            "raw_runs": self.raw.iter().map(|s| number(s.value)).collect::<Vec<_>>(),
        })
    }

    fn cells(&self) -> Vec<String> {
        let (ours, raw) = (counting(&self.ours), counting(&self.raw));
        let least = |v: &[f64]| v.iter().copied().fold(f64::INFINITY, f64::min);
        let most = |v: &[f64]| v.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        vec![
            self.name.clone(),
            self.unit.into(),
            digits(median(&ours)),
            digits(median(&raw)),
            digits(self.ratio()),
            if ours.is_empty() {
                String::new()
            } else {
                format!("{} .. {}", digits(least(&ours)), digits(most(&ours)))
            },
            if self.is_noisy() { "NOISY".into() } else { String::new() },
        ]
    }
}

/// A value and where it belongs.
pub(super) struct Figure {
    pub(super) key: String,
    pub(super) name: String,
    pub(super) unit: &'static str,
    pub(super) value: f64,
}

/// Rows in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Report {
    rows: Vec<Row>,
}

impl Report {
    /// Adds a value of one run to its row.
    pub(super) fn add(&mut self, figure: &Figure, ours: bool, noise: f64) {
        let Figure { key, name, unit, value } = figure;
        let row = match self.rows.iter_mut().position(|r| r.key == *key) {
            Some(at) => self.rows.get_mut(at),
            None => {
                let (key, name) = (key.clone(), name.clone());
                self.rows.push(Row { key, name, unit, ours: Vec::new(), raw: Vec::new() });
                self.rows.last_mut()
            }
        };
        if let Some(row) = row {
            let sample = Sample { value: *value, noise };
            if ours { row.ours.push(sample) } else { row.raw.push(sample) }
        }
    }

    fn medians(&self, key: &str) -> (f64, f64) {
        let row = self.rows.iter().find(|r| r.key == key);
        row.map_or((f64::NAN, f64::NAN), |r| (median(&counting(&r.ours)), median(&counting(&r.raw))))
    }

    /// The best of ours over `keys` by what plain UDP reaches in `raw`; NaN where one of them was not measured.
    pub(super) fn best_over(&self, keys: &[&str], raw: &str) -> f64 {
        let best = keys.iter().map(|key| self.medians(key).0).fold(f64::NAN, f64::max);
        best / self.medians(raw).1
    }

    /// A picture with a group of bars for each row.
    pub(super) fn picture(&self, title: String) -> Bars {
        let group = |row: &Row| {
            let bar = |samples: &[Sample]| {
                let value = median(&counting(samples));
                Bar { value, text: format!("{} {}", digits(value), row.unit) }
            };
            Group { label: row.name.trim().to_owned(), bars: vec![bar(&row.ours), bar(&row.raw)] }
        };
        Bars {
            title,
            names: vec!["gamesockets".into(), "plain UDP".into()],
            groups: self.rows.iter().map(group).collect(),
        }
    }

    pub(super) fn rows_json(&self) -> Value {
        self.rows.iter().map(Row::json).collect()
    }

    pub(super) fn lines(&self) -> Vec<String> {
        let head = ["measured", "unit", "ours", "raw UDP", "ratio", "ours, least .. most"];
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        rows.extend(self.rows.iter().map(Row::cells));
        let mut lines = table(&rows);
        if self.rows.iter().any(Row::is_noisy) {
            lines.push(
                "NOISY: other programs were at work on this machine; trust the ratios more than the figures"
                    .into(),
            );
        }
        lines
    }
}

/// JSON knows no NaN.
pub(super) fn number(value: f64) -> Value {
    if value.is_finite() { json!(value) } else { Value::Null }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(key: &str, value: f64) -> Figure {
        Figure { key: key.into(), name: key.to_uppercase(), unit: "MB/s", value }
    }

    #[test]
    fn medians_and_ratios() {
        let mut report = Report::default();
        for (ours, raw) in [(1.0, 4.0), (3.0, 4.0), (2.0, 4.0)] {
            report.add(&figure("a", ours), true, 0.0);
            report.add(&figure("a", raw), false, f64::NAN);
        }
        report.add(&figure("b", 5.0), true, 0.0);
        let json = report.rows_json();
        assert_eq!((&json[0]["ratio"], &json[0]["noisy"]), (&json!(0.5), &json!(false)));
        assert_eq!(json[0]["ours_runs"], json!([1.0, 3.0, 2.0]));
        assert_eq!(
            (&json[1]["ours"], &json[1]["raw"], &json[1]["ratio"]),
            (&json!(5.0), &Value::Null, &Value::Null)
        );
        assert_eq!(report.lines().len(), 3);
    }

    #[test]
    fn ours_over_another_row() {
        let mut report = Report::default();
        report.add(&figure("a", 3.0), true, 0.0);
        report.add(&figure("b", 5.0), true, 0.0);
        report.add(&figure("sealed", 10.0), false, 0.0);
        assert_eq!(report.best_over(&["a", "b"], "sealed"), 0.5);
        assert_eq!(report.best_over(&["a", "missing"], "sealed"), 0.3);
        assert!(report.best_over(&["a"], "missing").is_nan());
        let picture = report.picture("all".into());
        assert_eq!((picture.groups.len(), picture.groups[2].bars[1].value), (3, 10.0));
        assert!(picture.groups[2].bars[0].value.is_nan() && picture.groups[2].bars[0].text.contains('-'));
    }

    #[test]
    fn disturbed_values_are_left_out_where_others_are_enough() {
        let mut report = Report::default();
        for (value, noise) in [(10.0, 0.0), (11.0, 0.1), (12.0, 0.0), (1.0, 0.9)] {
            report.add(&figure("a", value), true, noise);
        }
        report.add(&figure("b", 1.0), true, 0.9);
        let json = report.rows_json();
        assert_eq!((&json[0]["ours"], &json[0]["noisy"]), (&json!(11.0), &json!(false)));
        assert_eq!((&json[1]["ours"], &json[1]["noisy"]), (&json!(1.0), &json!(true)));
        assert!(report.lines().last().unwrap().starts_with("NOISY"));
    }
}
