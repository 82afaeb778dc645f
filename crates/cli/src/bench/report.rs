//! What was measured, as a table for people and as JSON for programs.

use super::stats::median;
use crate::text::{digits, table};
use serde_json::{Value, json};

/// One figure, of ours and of plain UDP, once per run.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) key: String,
    pub(super) name: String,
    pub(super) unit: &'static str,
    pub(super) ours: Vec<f64>,
    pub(super) raw: Vec<f64>,
}

impl Row {
    /// Ours divided by plain UDP's, of the medians; NaN if there is nothing to divide by.
    fn ratio(&self) -> f64 {
        let raw = median(&self.raw);
        if raw > 0.0 { median(&self.ours) / raw } else { f64::NAN }
    }

    fn json(&self) -> Value {
        json!({
            "key": self.key,
            "name": self.name,
            "unit": self.unit,
            "ours": number(median(&self.ours)),
            "raw": number(median(&self.raw)),
            "ratio": number(self.ratio()),
            "ours_runs": self.ours.iter().copied().map(number).collect::<Vec<_>>(),
            "raw_runs": self.raw.iter().copied().map(number).collect::<Vec<_>>(),
        })
    }

    fn cells(&self) -> Vec<String> {
        let least = |v: &[f64]| v.iter().copied().fold(f64::INFINITY, f64::min);
        let most = |v: &[f64]| v.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        vec![
            self.name.clone(),
            self.unit.into(),
            digits(median(&self.ours)),
            digits(median(&self.raw)),
            digits(self.ratio()),
            format!("{} .. {}", digits(least(&self.ours)), digits(most(&self.ours))),
        ]
    }
}

/// Rows in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Report {
    rows: Vec<Row>,
}

impl Report {
    /// Adds a value of one run to the row `key`.
    pub(super) fn add(&mut self, key: &str, name: &str, unit: &'static str, ours: bool, value: f64) {
        let row = match self.rows.iter_mut().position(|r| r.key == key) {
            Some(at) => self.rows.get_mut(at),
            None => {
                let (key, name) = (key.to_owned(), name.to_owned());
                self.rows.push(Row { key, name, unit, ours: Vec::new(), raw: Vec::new() });
                self.rows.last_mut()
            }
        };
        if let Some(row) = row {
            if ours { row.ours.push(value) } else { row.raw.push(value) }
        }
    }

    pub(super) fn rows_json(&self) -> Value {
        self.rows.iter().map(Row::json).collect()
    }

    pub(super) fn lines(&self) -> Vec<String> {
        let head = ["measured", "unit", "ours", "raw UDP", "ratio", "ours, least .. most"];
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        rows.extend(self.rows.iter().map(Row::cells));
        table(&rows)
    }
}

/// JSON knows no NaN.
fn number(value: f64) -> Value {
    if value.is_finite() { json!(value) } else { Value::Null }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_ratios() {
        let mut report = Report::default();
        for (ours, raw) in [(1.0, 4.0), (3.0, 4.0), (2.0, 4.0)] {
            report.add("a", "A", "MB/s", true, ours);
            report.add("a", "A", "MB/s", false, raw);
        }
        report.add("b", "B", "bytes", true, 5.0);
        let json = report.rows_json();
        assert_eq!(json[0]["ratio"], 0.5);
        assert_eq!(json[0]["ours_runs"], json!([1.0, 3.0, 2.0]));
        assert_eq!(
            (&json[1]["ours"], &json[1]["raw"], &json[1]["ratio"]),
            (&json!(5.0), &Value::Null, &Value::Null)
        );
        assert_eq!(report.lines().len(), 3);
    }
}
