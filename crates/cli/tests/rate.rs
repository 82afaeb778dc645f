//! Bandwidth estimation over a real link, where the machine allows network namespaces.
#![allow(clippy::panic, reason = "what goes wrong here fails the test")]
#![allow(clippy::print_stdout, reason = "a test that could not run says so")]

mod common;

use common::{expect_code, run, stdout};
use serde_json::Value;

/// Exit code of a command that lacks something on this machine.
const UNAVAILABLE: i32 = 9;

#[test]
fn a_slow_link_is_filled() {
    let output = run(&["bench", "rate", "--only", "loss_1", "--seconds", "3", "--json"]);
    if output.status.code() == Some(UNAVAILABLE) {
        println!("skipped: {}", String::from_utf8_lossy(&output.stderr).trim());
        return;
    }
    let report: Value = serde_json::from_str(&stdout(&output)).unwrap_or_else(|e| panic!("{e}: {output:?}"));
    let row = &report["rows"][0];
    println!("{row}");
    for key in ["share", "queue_p50_ms", "queue_p95_ms", "voice_p99_ms", "estimate_mbit", "skipped"] {
        assert!(row.get(key).is_some(), "{key}: {row}");
    }
    let used = row["of_possible"].as_f64().unwrap_or_default();
    // Without estimation it would be 0.2; a busy machine takes its part, and a stall of the link comes out later.
    assert!((0.4..=1.1).contains(&used), "{row}");
}

#[test]
fn unknown_rows_are_refused() {
    expect_code(&["bench", "rate", "--only", "nothing"], 2);
}
