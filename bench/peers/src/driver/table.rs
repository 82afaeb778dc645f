//! Values of many cells over several runs, and the rows they make.

use super::goal::{Goal, Verdict, all_met};
use bench_common::noise::QUIET;
use bench_common::stats::{Spread, spread};

/// Quiet values that are enough to leave out the others.
const QUIET_ENOUGH: usize = 3;

/// Which way is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Better {
    Higher,
    Lower,
}

/// The values of one cell.
#[derive(Clone, Debug)]
struct Cell {
    column: String,
    key: String,
    /// Each with the noise while it was taken.
    samples: Vec<(f64, f64)>,
}

/// The cells of one row, in first-seen order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cells(Vec<Cell>);

/// A cell's values in short.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Value {
    pub(crate) spread: Spread,
    /// Others used the processors while most of it was taken.
    pub(crate) noisy: bool,
}

impl Cells {
    pub(crate) fn add(&mut self, column: &str, key: &str, value: f64, noise: f64) {
        match self.0.iter_mut().find(|cell| cell.key == key) {
            Some(cell) => cell.samples.push((value, noise)),
            None => {
                let (column, key) = (column.to_owned(), key.to_owned());
                self.0.push(Cell { column, key, samples: vec![(value, noise)] });
            }
        }
    }

    /// Quiet values count; all of them where too few were quiet, and then it is noisy.
    pub(crate) fn value(&self, key: &str) -> Option<Value> {
        let cell = self.0.iter().find(|cell| cell.key == key)?;
        let all: Vec<f64> = cell.samples.iter().map(|(value, _)| *value).collect();
        let quiet: Vec<f64> =
            cell.samples.iter().filter(|(_, noise)| *noise <= QUIET).map(|(value, _)| *value).collect();
        let enough = quiet.len() >= QUIET_ENOUGH || quiet.len() == all.len();
        Some(Value { spread: spread(if enough { &quiet } else { &all })?, noisy: !enough })
    }

    pub(crate) fn median(&self, key: &str) -> Option<f64> {
        self.value(key).map(|value| value.spread.median)
    }

    /// The keys of a column's cells.
    pub(crate) fn of_column(&self, column: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |cell| cell.column == column).map(|cell| cell.key.as_str())
    }

    /// Every key with its column.
    pub(crate) fn keys(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|cell| (cell.column.as_str(), cell.key.as_str()))
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A finished row.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) key: String,
    pub(crate) name: String,
    pub(crate) unit: &'static str,
    pub(crate) better: Better,
    pub(crate) cells: Cells,
    pub(crate) goal: Goal,
    pub(crate) target: Vec<Verdict>,
    pub(crate) stretch: Vec<Verdict>,
}

impl Row {
    /// Whether the target was met; `None` if that is not known, or there is none.
    pub(crate) fn met(&self) -> Option<bool> {
        all_met(&self.target)
    }
}

/// The cell of ours.
pub(crate) const OURS: &str = "gamesockets";

/// Judges every row by its goal.
pub(crate) fn judge(rows: &mut [Row]) {
    let ours: Vec<(String, Option<f64>)> =
        rows.iter().map(|row| (row.key.clone(), row.cells.median(OURS))).collect();
    let other = |key: &str| ours.iter().find(|(name, _)| name == key).and_then(|(_, value)| *value);
    for row in rows {
        let mine = row.cells.median(OURS);
        let verdicts = |terms: &[super::goal::Term]| -> Vec<Verdict> {
            terms.iter().map(|term| term.judge(row.better, mine, &row.cells, other)).collect()
        };
        let (target, stretch) = (verdicts(&row.goal.target), verdicts(&row.goal.stretch));
        row.target = target;
        row.stretch = stretch;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::driver::goal::{Base, times};

    #[test]
    fn noisy_values_are_left_out_where_enough_remain() {
        let mut cells = Cells::default();
        for (value, noise) in [(1.0, 0.0), (2.0, 0.0), (100.0, 0.9)] {
            cells.add("x", "x", value, noise);
        }
        assert_eq!(cells.value("x").map(|v| (v.spread.median, v.noisy)), Some((2.0, true)));
        cells.add("x", "x", 3.0, 0.1);
        assert_eq!(cells.value("x").map(|v| (v.spread.median, v.noisy)), Some((2.0, false)));
        assert_eq!(cells.value("y"), None);
    }

    #[test]
    fn rows_are_judged_beside_each_other() {
        let row = |key: &str, ours: f64, of| {
            let mut cells = Cells::default();
            cells.add(OURS, OURS, ours, 0.0);
            cells.add("gns", "gns", 10.0, 0.0);
            Row {
                key: key.into(),
                name: key.into(),
                unit: "us",
                better: Better::Lower,
                cells,
                goal: Goal { target: vec![times(2.0, of)], stretch: vec![times(0.1, of)] },
                target: Vec::new(),
                stretch: Vec::new(),
            }
        };
        let mut rows = [row("p50", 20.0, Base::Best("gns")), row("p99", 41.0, Base::OursIn("p50"))];
        judge(&mut rows);
        assert_eq!((rows[0].met(), rows[1].met()), (Some(true), Some(false)));
        assert_eq!(all_met(&rows[0].stretch), Some(false));
    }
}
