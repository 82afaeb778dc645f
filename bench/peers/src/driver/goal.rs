//! What a row should reach: ratios to what was measured beside it in the same run.

use super::table::{Better, Cells};

/// What a goal compares with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Base {
    /// The best value among the cells of a column, whatever its variants.
    Best(&'static str),
    /// One cell.
    Cell(&'static str),
    /// The cell of ours in another row.
    OursIn(&'static str),
    /// A figure of its own, and what it is.
    Figure(f64, &'static str),
}

/// One condition.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Term {
    pub(crate) factor: f64,
    pub(crate) of: Base,
}

/// What a row should reach, and what would be better still.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Goal {
    pub(crate) target: Vec<Term>,
    pub(crate) stretch: Vec<Term>,
}

/// What came of one condition.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Verdict {
    /// In words.
    pub(crate) text: String,
    /// Ours as a multiple of the base, as the condition's factor.
    pub(crate) measured: Option<f64>,
    pub(crate) factor: f64,
    /// `None`: one of the two values is missing.
    pub(crate) met: Option<bool>,
}

/// Shorthand for plans.
pub(crate) const fn times(factor: f64, of: Base) -> Term {
    Term { factor, of }
}

impl Term {
    /// Judges ours. `others` gives the cells of another row.
    pub(crate) fn judge(
        &self,
        better: Better,
        ours: Option<f64>,
        cells: &Cells,
        others: impl Fn(&str) -> Option<f64>,
    ) -> Verdict {
        let base = match self.of {
            Base::Best(column) => best(better, cells, column),
            Base::Cell(key) => cells.median(key),
            Base::OursIn(row) => others(row),
            Base::Figure(value, _) => Some(value),
        };
        let measured = ours.zip(base.filter(|base| *base != 0.0)).map(|(ours, base)| ours / base);
        let met = measured.map(|measured| match better {
            Better::Higher => measured >= self.factor,
            Better::Lower => measured <= self.factor,
        });
        Verdict { text: self.text(better), measured, factor: self.factor, met }
    }

    fn text(&self, better: Better) -> String {
        let sign = match better {
            Better::Higher => "≥",
            Better::Lower => "≤",
        };
        match self.of {
            Base::Best(name) | Base::Cell(name) => format!("{sign} {} × {name}", self.factor),
            Base::OursIn(row) => format!("{sign} {} × our {row}", self.factor),
            Base::Figure(value, "") => format!("{sign} {}", self.factor * value),
            Base::Figure(_, what) => format!("{sign} {} × {what}", self.factor),
        }
    }
}

/// All of them met; `None` when none is missed but one is unknown, or there is none.
pub(crate) fn all_met(verdicts: &[Verdict]) -> Option<bool> {
    if verdicts.iter().any(|verdict| verdict.met == Some(false)) {
        return Some(false);
    }
    let known = !verdicts.is_empty() && verdicts.iter().all(|verdict| verdict.met == Some(true));
    known.then_some(true)
}

fn best(better: Better, cells: &Cells, column: &str) -> Option<f64> {
    let values = cells.of_column(column).filter_map(|key| cells.median(key));
    values.reduce(|a, b| match better {
        Better::Higher => a.max(b),
        Better::Lower => a.min(b),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells() -> Cells {
        let mut cells = Cells::default();
        cells.add("gns", "gns", 10.0, 0.0);
        cells.add("gns", "gns_8MB", 20.0, 0.0);
        cells.add("quinn", "quinn", 100.0, 0.0);
        cells
    }

    #[test]
    fn the_best_of_a_column_is_what_counts() {
        let judge =
            |better, factor, ours| times(factor, Base::Best("gns")).judge(better, ours, &cells(), |_| None);
        assert_eq!(judge(Better::Higher, 2.0, Some(40.0)).met, Some(true));
        assert_eq!(judge(Better::Higher, 2.1, Some(40.0)).met, Some(false));
        assert_eq!(judge(Better::Lower, 0.5, Some(5.0)).met, Some(true));
        assert_eq!(judge(Better::Lower, 0.5, Some(5.1)).measured, Some(0.51));
        assert_eq!(judge(Better::Lower, 0.5, None).met, None);
        assert_eq!(judge(Better::Higher, 2.0, Some(1.0)).text, "≥ 2 × gns");
    }

    #[test]
    fn other_bases() {
        let judge = |of, ours| times(2.0, of).judge(Better::Lower, Some(ours), &cells(), |_| Some(3.0)).met;
        assert_eq!(judge(Base::Cell("gns"), 20.0), Some(true));
        assert_eq!(judge(Base::Cell("none"), 20.0), None);
        assert_eq!(judge(Base::OursIn("row"), 7.0), Some(false));
        assert_eq!(judge(Base::Figure(1.0, ""), 2.0), Some(true));
        assert_eq!(times(2.0, Base::Figure(1.0, "")).text(Better::Lower), "≤ 2");
    }

    #[test]
    fn one_miss_decides_and_one_gap_leaves_it_open() {
        let verdict = |met| Verdict { text: String::new(), measured: None, factor: 1.0, met };
        let all = |list: &[Option<bool>]| all_met(&list.iter().map(|met| verdict(*met)).collect::<Vec<_>>());
        assert_eq!(all(&[]), None);
        assert_eq!(all(&[Some(true), Some(true)]), Some(true));
        assert_eq!(all(&[Some(true), None]), None);
        assert_eq!(all(&[Some(false), None]), Some(false));
    }
}
