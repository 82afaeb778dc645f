//! Instruction counts against the record.

use super::Ask;
use crate::counts::{Verdict, compare, measure};
use crate::report::Report;
use std::time::Instant;

const NAME: &str = "instructions";

pub(super) fn run(ask: &Ask<'_>) -> Report {
    let mut report = Report::default();
    let started = Instant::now();
    let verdict = measure(ask.repository, ask.verbose).map(|counted| compare(ask.repository, &counted));
    let seconds = started.elapsed().as_secs_f64();
    match verdict {
        Ok(Verdict::Holds(table)) => {
            println!("\n{table}");
            report.pass(NAME, seconds);
        }
        Ok(Verdict::Incomparable(why)) => report.skip(NAME, &why),
        Ok(Verdict::Differs(why)) | Err(why) => report.fail(NAME, why, seconds),
    }
    report
}
