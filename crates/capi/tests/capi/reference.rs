//! The reference's own programs on our library. Where they are, environment variables say (CONTRIBUTING.md).

use crate::symbols::shared_library;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Its test program, linked against its shared library.
const TESTS_VARIABLE: &str = "GAMESOCKETS_GNS_TEST_CONNECTION";
/// Which of its tests to run, separated by commas.
const CHOICE_VARIABLE: &str = "GAMESOCKETS_GNS_TESTS";
/// Its example chat.
const CHAT_VARIABLE: &str = "GAMESOCKETS_GNS_CHAT";
/// Its shared library, to measure beside.
pub(crate) const LIBRARY_VARIABLE: &str = "GAMESOCKETS_GNS_LIB";
/// All but those that take minutes: `quick`, `soak`, `netloopback_throughput`, `lane_quick_priority_and_background`.
const TESTS: &str = "identity,lane_quick_queueanddrain,pipe,send_buffer_full,recv_buf_full";
/// Where the chat listens.
const CHAT_PORT: &str = "27213";

pub(crate) fn variable(name: &str) -> Option<PathBuf> {
    let value = std::env::var_os(name).filter(|value| !value.is_empty());
    if value.is_none() {
        println!("skipped: {name} does not name the file");
    }
    value.map(PathBuf::from)
}

/// A program with a library of that folder in front of all others. Its lines leave one by one: it does not flush them.
fn with_library(program: &Path, library: &Path) -> Command {
    let mut command = Command::new("stdbuf");
    command.arg("-oL").arg(program).env("LD_LIBRARY_PATH", library.parent().unwrap());
    command
}

/// Processor seconds of the children of this process that ended.
fn children_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: f64 = fields[13..15].iter().map(|ticks| ticks.parse::<f64>().unwrap()).sum();
    // The unit of these figures on every Linux.
    ticks / 100.0
}

fn time_test(program: &Path, library: &Path, test: &str) -> (bool, f64, f64) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("reference");
    std::fs::create_dir_all(&folder).unwrap();
    let (began, before) = (Instant::now(), children_seconds());
    let output = with_library(program, library).arg(test).current_dir(&folder).output().unwrap();
    let seconds = began.elapsed().as_secs_f64();
    if !output.status.success() {
        println!("{}", String::from_utf8_lossy(&output.stderr));
    }
    (output.status.success(), seconds, children_seconds() - before)
}

#[test]
fn its_tests_pass_on_our_library() {
    let Some(program) = variable(TESTS_VARIABLE) else { return };
    let theirs = std::env::var_os(LIBRARY_VARIABLE).map(PathBuf::from);
    let tests = std::env::var(CHOICE_VARIABLE).unwrap_or_else(|_| TESTS.to_owned());
    let ours = shared_library();
    let mut failed = Vec::new();
    for test in tests.split(',') {
        let (passed, seconds, cpu) = time_test(&program, &ours, test);
        println!("{test}: ours {seconds:.2} s, {cpu:.2} CPU s");
        if let Some(theirs) = &theirs {
            let (_, seconds, cpu) = time_test(&program, theirs, test);
            println!("{test}: theirs {seconds:.2} s, {cpu:.2} CPU s");
        }
        if !passed {
            failed.push(test);
        }
    }
    assert!(failed.is_empty(), "{failed:?}");
}

/// A process of the chat that writes what it says into a file.
struct Chat {
    process: std::process::Child,
    said: PathBuf,
}

impl Chat {
    fn start(program: &Path, library: &Path, name: &str, arguments: &[&str]) -> Self {
        let said = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("chat-{name}.txt"));
        let file = std::fs::File::create(&said).unwrap();
        let process = with_library(program, library)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .spawn()
            .unwrap();
        Self { process, said }
    }

    fn say(&mut self, line: &str) {
        use std::io::Write as _;
        writeln!(self.process.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    fn wait_for(&self, what: &str) {
        let patience = Instant::now() + Duration::from_secs(15);
        loop {
            let said = std::fs::read_to_string(&self.said).unwrap_or_default();
            if said.contains(what) {
                return;
            }
            assert!(Instant::now() < patience, "no `{what}` in:\n{said}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Chat {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn its_chat_talks_over_either_library() {
    let Some(program) = variable(CHAT_VARIABLE) else { return };
    let ours = shared_library();
    let theirs = std::env::var_os(LIBRARY_VARIABLE).map_or_else(|| ours.clone(), PathBuf::from);
    for (server, client) in [(&ours, &ours), (&ours, &theirs), (&theirs, &ours)] {
        let address = format!("127.0.0.1:{CHAT_PORT}");
        let host = Chat::start(&program, server, "server", &["server", "--port", CHAT_PORT]);
        host.wait_for("listening");
        let mut alice = Chat::start(&program, client, "alice", &["client", &address]);
        alice.wait_for("Welcome");
        alice.say("/nick alice");
        let mut bob = Chat::start(&program, client, "bob", &["client", &address]);
        bob.wait_for("Welcome");
        bob.say("greetings");
        alice.wait_for("greetings");
        alice.say("hello yourself");
        bob.wait_for("alice: hello yourself");
    }
}
