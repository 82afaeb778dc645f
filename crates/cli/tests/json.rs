//! Output for programs.
#![allow(clippy::panic, reason = "what goes wrong here fails the test")]

mod common;

use common::{Running, expect_code, run, stdout};
use serde_json::Value;

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|l| serde_json::from_str(l).unwrap_or_else(|e| panic!("{e}: {l}"))).collect()
}

#[test]
fn ping_tells_what_it_promises() {
    let (mut server, address) = Running::listening(&["serve", "--listen", "127.0.0.1:0"]);
    let args =
        ["ping", &address, "--count", "5", "--interval", "0.1", "--probe", "64", "--lanes", "2", "--json"];
    let all = lines(&stdout(&expect_code(&args, 0)));
    assert_eq!(all.len(), 7);
    assert_eq!((&all[0]["event"], &all[6]["event"]), (&Value::from("connected"), &Value::from("end")));
    assert_eq!(all[6]["count"], 5);
    let status = &all[5];
    for key in [
        "n",
        "ping_ms",
        "jitter_us",
        "quality_local",
        "quality_remote",
        "out_packets_per_sec",
        "out_bytes_per_sec",
        "in_packets_per_sec",
        "in_bytes_per_sec",
        "send_rate_bytes_per_sec",
    ] {
        assert!(status.get(key).is_some(), "{key}: {status}");
    }
    assert!(status["ping_ms"].as_u64().is_some(), "{status}");
    assert_eq!(status["lanes"].as_array().unwrap().len(), 2);
    assert!(status["lanes"][1]["queue_us"].is_number(), "{status}");
    server.until("ended");
    assert!(stdout(&run(&["ping", &address, "--count", "1", "--interval", "0.1"])).contains("RTT"));
}

#[test]
fn serve_speaks_json_too() {
    let (mut server, address) = Running::listening(&["serve", "--listen", "127.0.0.1:0", "--json"]);
    expect_code(&["ping", &address, "--count", "1", "--interval", "0.1"], 0);
    let ended: Value = serde_json::from_str(&server.until("ended")).unwrap();
    assert!(ended["peer"].is_string() && ended["reason"].as_str().unwrap().starts_with("1000"), "{ended}");
    server.interrupt();
    assert_eq!(server.wait(), 0);
}

#[test]
fn bench_has_the_documented_keys() {
    let picture = common::folder("bench-picture").join("bench.png");
    let mut args = vec!["bench", "--quick", "--seconds", "0.3", "--idle", "20", "--json", "--png"];
    args.push(picture.to_str().unwrap());
    let all = lines(&stdout(&expect_code(&args, 0)));
    assert_eq!(all.len(), 1);
    let report = &all[0];
    assert_eq!((&report["bench"], &report["runs"]), (&Value::from("gamesockets"), &Value::from(1)));
    assert_eq!(report["idle_connections"], 20);
    assert!(report["bulk_over_raw_sealed"].as_f64().unwrap() > 0.0, "{report}");
    assert!(report["ping_p50_over_raw"].as_f64().unwrap() > 0.0, "{report}");
    let rows = report["rows"].as_array().unwrap();
    let keys: Vec<&str> = rows.iter().map(|r| r["key"].as_str().unwrap()).collect();
    let expected = [
        "reliable_64",
        "reliable_64_per_cpu",
        "reliable_1024",
        "reliable_1024_per_cpu",
        "reliable_16384",
        "reliable_16384_per_cpu",
        "reliable_262144",
        "reliable_262144_per_cpu",
        "raw_sealed",
        "raw_sealed_per_cpu",
        "raw_sealed_single",
        "raw_sealed_single_per_cpu",
        "unreliable_64",
        "unreliable_64_lost",
        "ping_pong_p50",
        "ping_pong_p99",
        "ping_pong_busy_p50",
        "ping_pong_busy_p99",
        "set_ups",
        "connect_p50",
        "idle_server",
        "idle_client",
        "idle_cpu_server",
        "idle_cpu_client",
    ];
    assert_eq!(keys, expected);
    for row in rows {
        for key in ["name", "unit", "ours", "raw", "ratio", "ours_runs", "raw_runs"] {
            assert!(row.get(key).is_some(), "{key}: {row}");
        }
        let key = row["key"].as_str().unwrap();
        // The rest can be zero, and memory is not known everywhere.
        if !key.ends_with("_lost") && !key.starts_with("idle_") {
            assert!(row["raw"].as_f64().unwrap() > 0.0, "{row}");
            // Sealed datagrams alone are no figure of ours.
            let ours = row["ours"].as_f64().is_some_and(|value| value > 0.0);
            assert_eq!(ours, !key.starts_with("raw_sealed"), "{row}");
        }
    }
    common::expect_picture(&picture);
    let table = stdout(&expect_code(&["bench", "--quick", "--seconds", "0.2", "--only", "ping"], 0));
    assert!(table.contains("p99") && !table.contains("set-ups"), "{table}");
    assert!(
        table.contains("ping-pong p50 over raw: ") && table.contains("bulk over raw sealed: -"),
        "{table}"
    );
}

#[test]
fn players_both_ways_have_the_documented_keys() {
    let picture = common::folder("scale-picture").join("scale.png");
    let args = ["bench", "scale", "--connections", "20,5", "--seconds", "1", "--json", "--png"];
    let args: Vec<&str> = args.into_iter().chain(picture.to_str()).collect();
    let all = lines(&stdout(&expect_code(&args, 0)));
    let report = &all[0];
    assert_eq!((&report["bench"], &report["bytes"]), (&Value::from("scale"), &Value::from(100)));
    assert_eq!((&report["hz"], &report["seconds"]), (&Value::from(30.0), &Value::from(1.0)));
    let scales = report["scales"].as_array().unwrap();
    for (scale, connections) in scales.iter().zip([20u64, 5]) {
        let whole = |key: &str| scale[key].as_u64().unwrap_or_else(|| panic!("{key}: {scale}"));
        assert_eq!((whole("connections"), whole("lost_connections"), whole("refused")), (connections, 0, 0));
        // Both ways; a busy machine may leave out the last of them.
        let (sent, received) = (whole("sent"), whole("received"));
        assert!(received > 0 && received <= sent && sent <= 2 * 30 * connections, "{scale}");
        assert!(whole("delay_p50_us") <= whole("delay_p99_us"), "{scale}");
        assert!(whole("delay_p99_us") <= whole("delay_p999_us"), "{scale}");
        assert!(whole("late_p50_us") <= whole("late_p99_us"), "{scale}");
        for key in
            ["set_up_seconds", "lost_share", "messages_per_sec", "cpu_share_client", "cpu_share_server"]
        {
            assert!(scale[key].is_number(), "{key}: {scale}");
        }
        for key in ["resident_bytes_client", "resident_bytes_server"] {
            assert!(scale.get(key).is_some(), "{key}: {scale}");
        }
    }
    assert_eq!((scales.len(), scales[0]["connections"].as_u64()), (2, Some(20)));
    common::expect_picture(&picture);
    let args = ["bench", "scale", "--connections", "9", "--seconds", "0.5", "--threads", "2", "--json"];
    let report = lines(&stdout(&expect_code(&args, 0))).remove(0);
    assert_eq!(
        (&report["threads"], &report["scales"][0]["lost_connections"]),
        (&Value::from(2), &Value::from(0))
    );
    assert!(report["scales"][0]["received"].as_u64().unwrap() > 0, "{report}");
    expect_code(&["bench", "scale", "--connections", "0"], 2);
    expect_code(&["bench", "scale", "--hz", "nan"], 2);
}

#[test]
fn many_connections_stay() {
    let args = ["bench", "connections", "--count", "100", "--seconds", "1", "--json"];
    let all = lines(&stdout(&expect_code(&args, 0)));
    let report = &all[0];
    assert_eq!(
        (&report["lost_client"], &report["lost_server"]),
        (&Value::from(0), &Value::from(0)),
        "{report}"
    );
    assert_eq!(
        (&report["answered"], &report["open_server"]),
        (&Value::from(100), &Value::from(100)),
        "{report}"
    );
}

#[test]
fn soak_repeats_itself() {
    let args = ["soak", "--seed", "1", "--seeds", "3", "--json"];
    let first = lines(&stdout(&run(&args)));
    let second = lines(&stdout(&run(&args)));
    assert_eq!(first[0]["seed"], 1);
    assert!(first[0]["steps"].as_u64().unwrap() > 0 && first[0].get("failure").is_some(), "{}", first[0]);
    for key in ["seeds", "ok", "steps", "datagrams", "sent", "delivered", "connections", "hash"] {
        assert_eq!(first[0][key], second[0][key], "{key}");
    }
}
