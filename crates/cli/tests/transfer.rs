//! Files between real processes.
#![allow(clippy::unwrap_used, reason = "what goes wrong here fails the test")]

mod common;

use common::{Running, bytes, expect_code, folder, run, stderr, stdout};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::time::Duration;

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn receiver(out: &Path, more: &[&str]) -> (Running, String) {
    let mut args = vec!["recv", "--listen", "127.0.0.1:0", "--out", text(out)];
    args.extend(more);
    Running::listening(&args)
}

#[test]
fn files_of_several_senders_arrive() {
    let dir = folder("several");
    let out = dir.join("out");
    let (mut recv, address) = receiver(&out, &[]);
    let sizes = [("empty", 0), ("small", 1), ("large.bin", 6_000_000), ("also large.bin", 5_000_001)];
    let mut senders = Vec::new();
    for (name, size) in sizes {
        fs::write(dir.join(name), bytes(size)).unwrap();
        senders.push(Running::start(&["send", text(&dir.join(name)), &address]));
    }
    for sender in &mut senders {
        assert_eq!(sender.wait(), 0);
        sender.until("sent ");
    }
    for (name, size) in sizes {
        recv.until(&format!("{name} {size} "));
        assert_eq!(fs::read(out.join(name)).unwrap(), bytes(size), "{name}");
    }
    assert_eq!(fs::read_dir(&out).unwrap().count(), sizes.len(), "nothing unfinished is left");
    recv.interrupt();
    assert_eq!(recv.wait(), 0);
}

/// Sends slowly until the journal tells of some progress, then kills one side.
fn interrupted(dir: &Path, name: &str, kill_receiver: bool) -> u64 {
    let out = dir.join("out");
    let (mut recv, address) = receiver(&out, &[]);
    let mut sender = Running::start(&["send", text(&dir.join(name)), &address, "--rate", "6M"]);
    let journal = out.join(format!("{name}.part.json"));
    let offset = || {
        let text = fs::read_to_string(&journal).unwrap_or_default();
        serde_json::from_str::<Value>(&text).ok().and_then(|v| v["offset"].as_u64()).unwrap_or(0)
    };
    let mut waited = 0;
    while offset() < 4_000_000 {
        std::thread::sleep(Duration::from_millis(20));
        waited += 1;
        assert!(waited < 4000, "no progress");
    }
    let reached = offset();
    if kill_receiver {
        recv.kill();
        assert_eq!(sender.wait(), 4, "the receiver fell silent");
    } else {
        sender.kill();
        recv.kill();
    }
    reached
}

#[test]
fn an_interrupted_transfer_is_continued() {
    let dir = folder("continued");
    let data = bytes(20_000_000);
    fs::write(dir.join("world"), &data).unwrap();
    let reached = interrupted(&dir, "world", true);
    let out = dir.join("out");
    let (mut recv, address) = receiver(&out, &["--once", "--json"]);
    let output = expect_code(&["send", text(&dir.join("world")), &address, "--json"], 0);
    let sent: Value = serde_json::from_str(stdout(&output).trim()).unwrap();
    assert!(sent["resumed_at"].as_u64().unwrap() >= reached, "{sent}");
    let received: Value = serde_json::from_str(&recv.until("received")).unwrap();
    assert_eq!((&received["sha256"], &received["resumed_at"]), (&sent["sha256"], &sent["resumed_at"]));
    assert_eq!(recv.wait(), 0);
    assert_eq!(fs::read(out.join("world")).unwrap(), data);
    assert_eq!(fs::read_dir(&out).unwrap().count(), 1);
}

#[test]
fn a_corrupt_part_is_not_continued() {
    let dir = folder("corrupt");
    let data = bytes(20_000_000);
    fs::write(dir.join("world"), &data).unwrap();
    interrupted(&dir, "world", false);
    let part = dir.join("out/world.part");
    let mut broken = fs::read(&part).unwrap();
    broken[1_000_000] ^= 0x40;
    fs::write(&part, &broken).unwrap();
    let (mut recv, address) = receiver(&dir.join("out"), &["--once"]);
    let output = expect_code(&["send", text(&dir.join("world")), &address, "--json"], 0);
    let sent: Value = serde_json::from_str(stdout(&output).trim()).unwrap();
    assert_eq!(sent["resumed_at"], 0);
    assert_eq!(recv.wait(), 0);
    assert_eq!(fs::read(dir.join("out/world")).unwrap(), data);
}

#[test]
fn nothing_is_replaced_and_nothing_leads_out() {
    let dir = folder("safe");
    let out = dir.join("out");
    fs::create_dir(&out).unwrap();
    fs::write(dir.join("new"), b"new").unwrap();
    fs::write(out.join("old"), b"old").unwrap();
    let (mut recv, address) = receiver(&out, &["--max-size", "1k"]);
    let file = dir.join("new");
    let file = text(&file);
    let refused = expect_code(&["send", file, &address, "--name", "old"], 6);
    assert!(stderr(&refused).contains("old") && stderr(&refused).contains("--force"), "{}", stderr(&refused));
    assert_eq!(fs::read(out.join("old")).unwrap(), b"old");
    recv.until("exists already");
    for name in ["../new", "/tmp/new", "..", "a\\b", "con"] {
        expect_code(&["send", file, &address, "--name", name], 2);
    }
    fs::write(dir.join("big"), bytes(1001)).unwrap();
    let refused = run(&["send", text(&dir.join("big")), &address]);
    assert_eq!(refused.status.code(), Some(6));
    drop(recv);
    let (_recv, address) = receiver(&out, &["--force"]);
    expect_code(&["send", file, &address, "--name", "old"], 0);
    assert_eq!(fs::read(out.join("old")).unwrap(), b"new");
}

#[test]
fn a_stranger_is_told_that_this_is_no_receiver() {
    let dir = folder("stranger");
    fs::write(dir.join("x"), b"x").unwrap();
    let (_server, address) = Running::listening(&["serve", "--listen", "127.0.0.1:0"]);
    // An echo: the sender gets its own offer back.
    let output = expect_code(&["send", text(&dir.join("x")), &address], 1);
    assert!(stderr(&output).contains("receiver of files"), "{}", stderr(&output));
    let (mut recv, address) = receiver(&dir.join("out"), &["--timeout", "2"]);
    let mut client = Running::start(&["chat", "client", &address]);
    client.until("connected");
    client.say("hello?");
    recv.until("other half");
    client.until("closed the connection");
    assert_eq!(client.wait(), 1);
    assert_eq!(recv.wait(), 4, "--timeout");
}
