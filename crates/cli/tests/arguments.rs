//! Help, wrong arguments, exit codes.

mod common;

use common::{Running, expect_code, folder, run, stderr, stdout};
use std::net::UdpSocket;

const COMMANDS: [&[&str]; 16] = [
    &[],
    &["demo"],
    &["chat"],
    &["chat", "server"],
    &["chat", "client"],
    &["send"],
    &["recv"],
    &["ping"],
    &["serve"],
    &["bench"],
    &["bench", "connections"],
    &["soak"],
    &["cert"],
    &["cert", "issue"],
    &["decode"],
    &["completions"],
];

#[test]
fn every_command_explains_itself() {
    for command in COMMANDS {
        let mut args = command.to_vec();
        args.push("--help");
        let text = stdout(&expect_code(&args, 0));
        assert!(text.contains("Usage: gamesockets"), "{args:?}: {text}");
        let wide = text.lines().find(|l| l.chars().count() > 130);
        assert_eq!(wide, None, "{args:?}");
    }
    let top = stdout(&expect_code(&["--help"], 0));
    for word in
        ["demo", "chat", "send", "recv", "ping", "bench", "soak", "Exit codes", "cannot connect", "timeout"]
    {
        assert!(top.contains(word), "{word}: {top}");
    }
    assert!(!top.contains("bench-peer"), "processes of our own are nobody's business");
    for command in ["demo", "send", "recv", "ping", "bench", "soak"] {
        assert!(stdout(&run(&[command, "--help"])).contains("Example"), "{command}");
    }
}

#[test]
fn version_and_completions() {
    assert_eq!(stdout(&run(&["--version"])).trim(), concat!("gamesockets ", env!("CARGO_PKG_VERSION")));
    for shell in ["bash", "zsh", "fish"] {
        let text = stdout(&expect_code(&["completions", shell], 0));
        assert!(text.contains("gamesockets") && text.contains("recv"), "{shell}");
    }
}

#[test]
fn wrong_arguments_end_with_two_and_name_the_culprit() {
    let cases: [(&[&str], &str); 14] = [
        (&[], "Usage"),
        (&["frobnicate"], "frobnicate"),
        (&["demo", "--seconds", "0"], "0"),
        (&["demo", "--size", "lots"], "lots"),
        (&["demo", "--loss", "120"], "--loss"),
        (&["ping", "not an address"], "not an address"),
        (&["ping", "127.0.0.1:1", "--lanes", "0"], "--lanes"),
        (&["ping", "127.0.0.1:99999"], "99999"),
        (&["chat", "server", "--listen", "here:there"], "here:there"),
        (&["recv", "--listen", "127.0.0.1:0"], "--out"),
        (&["soak", "--seeds", "1", "--seconds", "1"], "--seconds"),
        (&["bench", "--only", "nothing-like-it"], "nothing-like-it"),
        (&["decode", "xyz"], "hexadecimal"),
        (&["cert", "issue", "--ca", "x", "--identity", "nonsense", "--out", "y"], "nonsense"),
    ];
    for (args, culprit) in cases {
        let output = expect_code(args, 2);
        assert!(stderr(&output).contains(culprit), "{args:?}: {}", stderr(&output));
    }
}

#[test]
fn nobody_there_ends_with_three() {
    // A bound socket that says nothing: the attempt has to time out by itself.
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap().to_string();
    let output = expect_code(&["chat", "client", &address], 3);
    assert!(stderr(&output).contains(&address), "{}", stderr(&output));
    expect_code(&["ping", "no-such-host.invalid:5"], 3);
}

#[test]
fn taken_and_foreign_addresses_end_with_eight() {
    let (_server, address) = Running::listening(&["serve", "--listen", "127.0.0.1:0"]);
    let output = expect_code(&["chat", "server", "--listen", &address], 8);
    assert!(stderr(&output).contains(&address) && stderr(&output).contains("another"), "{}", stderr(&output));
    // An address for documentation, surely not ours.
    expect_code(&["serve", "--listen", "192.0.2.1:0"], 8);
}

#[test]
fn files_that_cannot_be_used_end_with_seven() {
    let dir = folder("seven");
    let missing = dir.join("missing");
    let output = expect_code(&["send", missing.to_str().unwrap(), "127.0.0.1:1"], 7);
    assert!(stderr(&output).contains("missing"), "{}", stderr(&output));
    expect_code(&["send", dir.to_str().unwrap(), "127.0.0.1:1"], 7);
    let file = dir.join("file");
    std::fs::write(&file, b"x").unwrap();
    let below = file.join("below");
    expect_code(&["recv", "--listen", "127.0.0.1:0", "--out", below.to_str().unwrap()], 7);
}

#[test]
fn certificates_are_made_and_not_replaced() {
    let dir = folder("cert");
    let (ca, out) = (dir.join("ca"), dir.join("ada"));
    let (ca, out) = (ca.to_str().unwrap(), out.to_str().unwrap());
    expect_code(&["cert", "ca", "new", "--out", ca], 0);
    let issue = ["cert", "issue", "--ca", ca, "--identity", "str:ada", "--out", out, "--bundle"];
    let text = stdout(&expect_code(&issue, 0));
    assert!(text.contains("str:ada"), "{text}");
    for end in [".key", ".cert", ".bundle"] {
        let path = format!("{out}{end}");
        assert!(!std::fs::read_to_string(&path).unwrap().is_empty());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert!(end == ".cert" || mode.trailing_zeros() >= 6, "{path}: {mode:o}");
        }
    }
    expect_code(&issue, 7);
    let mut force = issue.to_vec();
    force.push("--force");
    expect_code(&force, 0);
    expect_code(&["cert", "ca", "new", "--out", ca], 7);
}

#[test]
fn datagrams_in_words() {
    let mut request = ["decode".to_owned(), "2005 00 0d01000000".into(), "00".repeat(512 - 8)];
    let args: Vec<&str> = request.iter().map(String::as_str).collect();
    let text = stdout(&expect_code(&args, 0));
    assert!(text.starts_with("challenge_request"), "{text}");
    request[2].clear();
    let args: Vec<&str> = request.iter().map(String::as_str).collect();
    assert!(stderr(&expect_code(&args, 1)).contains("512"));
}
