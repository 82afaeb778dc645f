//! The table for people.

use super::Failure;
use super::goal::Verdict;
use super::table::{Cells, OURS, Row};
use bench_common::stats::short;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Widths of the columns.
const NAME: usize = 44;
const UNIT: usize = 5;
const VALUE: usize = 12;
/// The columns that are always in this order; others come behind.
const ORDER: [&str; 6] = ["raw", OURS, "gns", "quinn", "renet", "enet"];

/// Rows, the verdicts below each, and footnotes. `labels`: what a cell's key means, empty for a main cell.
pub(super) fn render(
    rows: &[Row],
    labels: &BTreeMap<String, String>,
    failures: &[Failure],
    runs: u32,
) -> String {
    let columns = columns(rows);
    let mut out = format!("{:NAME$} {:UNIT$}", format!("medians of {runs} runs"), "");
    columns.iter().for_each(|column| out += &format!("{column:>VALUE$}"));
    out.push('\n');
    for row in rows {
        render_row(row, &columns, labels, &mut out);
    }
    if rows.iter().any(|row| row.cells.keys().any(|(_, key)| row.cells.value(key).is_some_and(|v| v.noisy))) {
        out += "~ other programs used the processors in most of these runs\n";
    }
    for failure in failures {
        let Failure { rows, cell, times, error, command, .. } = failure;
        let rows = rows.join(", ");
        let _ = match times {
            0 => writeln!(out, "{rows}, {cell}: {error}"),
            _ => {
                writeln!(out, "{rows}, {cell}: failed ({times} of {runs} runs): {error}\n  repeat: {command}")
            }
        };
    }
    let count = |met| rows.iter().filter(|row| row.met() == met && !row.target.is_empty()).count();
    let (met, missed, open) = (count(Some(true)), count(Some(false)), count(None));
    let _ = writeln!(out, "goals: {met} met, {missed} missed, {open} not known");
    out
}

fn columns(rows: &[Row]) -> Vec<String> {
    let present: BTreeSet<&str> =
        rows.iter().flat_map(|row| row.cells.keys().map(|(column, _)| column)).collect();
    let known = ORDER.iter().copied().filter(|name| present.contains(name));
    let others = present.iter().copied().filter(|name| !ORDER.contains(name));
    known.chain(others).map(str::to_owned).collect()
}

fn render_row(row: &Row, columns: &[String], labels: &BTreeMap<String, String>, out: &mut String) {
    let label = |key: &str| labels.get(key).map_or("", String::as_str);
    let line = |name: &str, unit: &str, wanted: &dyn Fn(&str) -> bool| {
        let mut line = format!("{name:NAME$} {unit:UNIT$}");
        for column in columns {
            let key = row.cells.of_column(column).find(|key| wanted(key));
            line += &format!("{:>VALUE$}", key.map(|key| value(&row.cells, key)).unwrap_or_default());
        }
        line.trim_end().to_owned() + "\n"
    };
    *out += &line(&row.name, row.unit, &|key| label(key).is_empty());
    let mut variants: Vec<&str> = Vec::new();
    for (_, key) in row.cells.keys() {
        if !label(key).is_empty() && !variants.contains(&label(key)) {
            variants.push(label(key));
        }
    }
    for variant in variants {
        *out += &line(&format!("  {variant}"), "", &|key| label(key) == variant);
    }
    let mut verdict = |what: &str, verdicts: &[Verdict]| {
        if !verdicts.is_empty() {
            let _ = writeln!(
                out,
                "  {what:8}{}",
                verdicts.iter().map(verdict_text).collect::<Vec<_>>().join(", ")
            );
        }
    };
    verdict(met_text(row.met()), &row.target);
    verdict("stretch", &row.stretch);
}

/// `met`, `missed`, or neither.
pub(super) const fn met_text(met: Option<bool>) -> &'static str {
    match met {
        Some(true) => "met",
        Some(false) => "missed",
        None => "goal",
    }
}

fn verdict_text(verdict: &Verdict) -> String {
    let measured = verdict.measured.map_or_else(|| "not known".to_owned(), short);
    let mark = match verdict.met {
        Some(true) => "yes",
        Some(false) => "NO",
        None => "?",
    };
    format!("{}: {measured} {mark}", verdict.text)
}

fn value(cells: &Cells, key: &str) -> String {
    cells.value(key).map_or_else(String::new, |v| short(v.spread.median) + if v.noisy { "~" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::driver::goal::{Base, Goal, times};
    use crate::driver::table::{Better, judge};

    #[test]
    fn a_row_shows_values_variants_and_verdicts() {
        let mut cells = Cells::default();
        cells.add("quinn", "quinn", 600.0, 0.0);
        cells.add("quinn", "quinn_one_stream", 700.0, 0.0);
        cells.add(OURS, OURS, 1200.0, 0.9);
        cells.add(OURS, OURS, 1200.0, 0.0);
        let mut rows = vec![Row {
            key: "bulk".into(),
            name: "bulk".into(),
            unit: "MB/s",
            better: Better::Higher,
            cells,
            goal: Goal { target: vec![times(2.0, Base::Best("quinn"))], stretch: vec![] },
            target: vec![],
            stretch: vec![],
        }];
        judge(&mut rows);
        let labels = BTreeMap::from([("quinn_one_stream".to_owned(), "one stream".to_owned())]);
        let failure = Failure {
            measurement: "m",
            rows: vec!["bulk"],
            cell: "renet".into(),
            times: 1,
            error: "it broke".into(),
            command: "peers run".into(),
        };
        let text = render(&rows, &labels, &[failure], 2);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].contains("gamesockets") && lines[0].ends_with("quinn"), "{text}");
        assert!(
            lines[1].starts_with("bulk") && lines[1].contains("1,200~") && lines[1].ends_with("600"),
            "{text}"
        );
        assert!(lines[2].starts_with("  one stream") && lines[2].ends_with("700"), "{text}");
        assert!(lines[3].starts_with("  missed") && lines[3].contains("≥ 2 × quinn: 1.71 NO"), "{text}");
        assert!(text.contains("bulk, renet: failed (1 of 2 runs): it broke"), "{text}");
        assert!(text.ends_with("goals: 0 met, 1 missed, 0 not known\n"), "{text}");
    }
}
