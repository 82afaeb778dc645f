//! The table for programs; the keys are described in the help text.

use super::Failure;
use super::goal::{Verdict, all_met};
use super::table::{Better, OURS, Row};
use serde_json::{Map, Value, json};

/// What is known about the machine.
#[derive(Clone, Debug)]
pub(super) struct Machine {
    cpus: usize,
    cpu: String,
    kernel: String,
    /// Megabytes per second that one core seals, before and after the measurements.
    seal: [f64; 2],
}

impl Machine {
    pub(super) fn new(seal: [f64; 2]) -> Self {
        let read = |path| std::fs::read_to_string(path).unwrap_or_default();
        let info = read("/proc/cpuinfo");
        let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        Self {
            cpus: std::thread::available_parallelism().map_or(0, usize::from),
            cpu: model.map(|(_, name)| name.trim().to_owned()).unwrap_or_default(),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            seal,
        }
    }
}

/// The whole report.
pub(super) fn report(machine: &Machine, runs: u32, quick: bool, rows: &[Row], failures: &[Failure]) -> Value {
    let ours = |key: &str| rows.iter().find(|row| row.key == key).and_then(|row| row.cells.median(OURS));
    let failure = |f: &Failure| json!({ "rows": f.rows, "cell": f.cell, "runs": f.times, "error": f.error, "command": f.command });
    json!({
        "machine": {
            "cpus": machine.cpus,
            "cpu": machine.cpu,
            "kernel": machine.kernel,
            "seal_mb_per_s": machine.seal,
        },
        "runs": runs,
        "quick": quick,
        "bulk_over_raw_sealed": ours("bulk_over_raw_sealed"),
        "ping_p50_over_raw": ours("ping_p50_over_raw"),
        "rows": rows.iter().map(row_json).collect::<Vec<_>>(),
        "failures": failures.iter().map(failure).collect::<Vec<_>>(),
    })
}

fn row_json(row: &Row) -> Value {
    let mut values = Map::new();
    for (_, key) in row.cells.keys() {
        if let Some(v) = row.cells.value(key) {
            let value = json!({ "median": v.spread.median, "min": v.spread.min, "max": v.spread.max, "noisy": v.noisy });
            values.insert(key.to_owned(), value);
        }
    }
    let goal = if row.target.is_empty() {
        Value::Null
    } else {
        json!({ "target": verdicts(&row.target), "stretch": verdicts(&row.stretch) })
    };
    json!({
        "key": row.key,
        "name": row.name,
        "unit": row.unit,
        "better": if row.better == Better::Higher { "higher" } else { "lower" },
        "values": values,
        "goal": goal,
        "met": row.met(),
        "stretch_met": all_met(&row.stretch),
    })
}

fn verdicts(list: &[Verdict]) -> Vec<Value> {
    let one =
        |v: &Verdict| json!({ "text": v.text, "factor": v.factor, "measured": v.measured, "met": v.met });
    list.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::driver::goal::{Base, Goal, times};
    use crate::driver::table::{Cells, judge};

    #[test]
    fn the_report_has_the_keys_that_are_promised() {
        let mut cells = Cells::default();
        cells.add(OURS, OURS, 0.5, 0.0);
        let mut rows = vec![Row {
            key: "bulk_over_raw_sealed".into(),
            name: "x".into(),
            unit: "x",
            better: Better::Higher,
            cells,
            goal: Goal {
                target: vec![times(0.45, Base::Figure(1.0, "")), times(2.0, Base::Best("gns"))],
                stretch: vec![],
            },
            target: vec![],
            stretch: vec![],
        }];
        judge(&mut rows);
        let all = report(&Machine::new([1.0, 2.0]), 3, false, &rows, &[]);
        assert_eq!(all["bulk_over_raw_sealed"], 0.5);
        assert_eq!(all["ping_p50_over_raw"], Value::Null);
        let row = &all["rows"][0];
        assert_eq!(row["values"][OURS], json!({ "median": 0.5, "min": 0.5, "max": 0.5, "noisy": false }));
        assert_eq!((&row["better"], &row["met"]), (&json!("higher"), &Value::Null));
        assert_eq!(row["goal"]["target"][0]["met"], true);
        assert_eq!(row["goal"]["target"][1]["measured"], Value::Null);
        assert!(all["machine"]["cpus"].as_u64() > Some(0));
    }
}
