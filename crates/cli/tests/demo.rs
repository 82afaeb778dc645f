//! The demonstration in its short form.

mod common;

use common::{expect_code, stdout};
use serde_json::Value;

#[test]
fn everything_arrives() {
    let output = expect_code(&["demo", "--seconds", "3", "--size", "2M", "--json"], 0);
    let report: Value = serde_json::from_str(stdout(&output).trim()).unwrap();
    assert_eq!(
        (&report["ok"], &report["loss_percent"], &report["lag_ms"]),
        (&true.into(), &5.0.into(), &40.into())
    );
    let sha256 = &report["file"]["sha256"];
    assert_eq!(sha256.as_str().unwrap().len(), 64);
    assert_eq!(&report["server"]["sha256"], sha256);
    let clients = report["clients"].as_array().unwrap();
    assert_eq!(clients.len(), 2);
    for client in clients {
        assert_eq!((&client["sha256"], &client["bytes"]), (sha256, &2_000_000.into()));
        assert_eq!(client["chat_received"].as_array().unwrap().len(), 8);
        assert!(client["state_received"].as_u64().unwrap() > 20, "{client}");
        assert!(client["state_age_p50_ms"].as_f64().unwrap() >= 40.0, "not faster than the lag: {client}");
        assert!(client["state_age_p99_ms"].as_f64().unwrap() >= client["state_age_p50_ms"].as_f64().unwrap());
    }
}

#[test]
fn words_for_people() {
    let output = expect_code(&["demo", "--seconds", "1", "--size", "100k", "--loss", "0", "--lag", "0"], 0);
    let text = stdout(&output);
    for word in ["SHA-256", "ada", "bob", "chat at", "state at server", "bulk wait", "SplitMix64"] {
        assert!(text.contains(word), "{word}: {text}");
    }
}
