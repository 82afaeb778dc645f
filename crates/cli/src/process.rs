//! Other processes of this program: they print JSON line by line, and end when their standard input does.

use crate::exit::{Code, Failure};
use serde_json::Value;
use std::ffi::OsStr;
use std::io::{self, BufRead as _, BufReader, Read, Write as _};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

/// Lines of one child that wait to be looked at; a child that says more has to wait itself.
const LINES_MAX: usize = 4096;
/// Bytes of one line; a longer one ends the reading.
const LINE_BYTES_MAX: u64 = 1 << 20;
/// How long a child that was asked to end may take before it is killed.
const END_WAIT: Duration = Duration::from_secs(20);

/// A child process that runs this very program. Killed when dropped.
pub(crate) struct Peer {
    name: String,
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<Value>,
}

impl Peer {
    /// Starts this program with `args`; `name` is for messages.
    pub(crate) fn start<S: AsRef<OsStr>>(name: &str, args: &[S]) -> Result<Self, Failure> {
        let program = std::env::current_exe()
            .map_err(|e| Failure::new(Code::Failed, format!("cannot find this program on the disk: {e}")))?;
        let mut child =
            Command::new(&program).args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(
                |e| Failure::new(Code::Failed, format!("cannot start {}: {e}", program.display())),
            )?;
        let stdin = child.stdin.take();
        let (to_us, lines) = sync_channel(LINES_MAX);
        if let Some(stdout) = child.stdout.take() {
            thread::spawn(move || read_lines(stdout, &to_us));
        }
        Ok(Self { name: name.to_owned(), child, stdin, lines })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Says something to the child: a line of its standard input.
    pub(crate) fn say(&mut self, line: &str) -> io::Result<()> {
        // A child that is gone shows when its answer is waited for.
        self.stdin.as_mut().map_or(Ok(()), |stdin| writeln!(stdin, "{line}").and_then(|()| stdin.flush()))
    }

    /// Closes the child's standard input: it is to end.
    pub(crate) fn hang_up(&mut self) {
        self.stdin = None;
    }

    /// The next line that is there already; `Disconnected` once the process has said everything.
    pub(crate) fn try_line(&self) -> Result<Value, TryRecvError> {
        self.lines.try_recv()
    }

    /// Waits for a line whose object has `key`, and gives that value; other lines are dropped.
    pub(crate) fn expect(&self, key: &str, within: Duration) -> Result<Value, Failure> {
        let deadline = Instant::now() + within;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(mut line) => {
                    if let Some(error) = line.get("error") {
                        return Err(Failure::new(Code::Failed, format!("{}: {}", self.name, plain(error))));
                    }
                    if let Some(value) = line.get_mut(key) {
                        return Ok(value.take());
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    let text = format!("{} did not report `{key}` within {} s", self.name, within.as_secs());
                    return Err(Failure::new(Code::Timeout, text));
                }
                Err(RecvTimeoutError::Disconnected) => {
                    let text = format!("{} ended before it reported `{key}`", self.name);
                    return Err(Failure::new(Code::Failed, text));
                }
            }
        }
    }

    /// Waits for the child to end by itself after [`hang_up`](Self::hang_up); kills it if it takes too long.
    pub(crate) fn wait(&mut self) -> io::Result<ExitStatus> {
        self.hang_up();
        let deadline = Instant::now() + END_WAIT;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            if Instant::now() >= deadline {
                self.child.kill()?;
                return self.child.wait();
            }
            // Nobody shall wait for a full pipe that nobody reads.
            while self.lines.try_recv().is_ok() {}
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // Both fail if the child has ended, and then nothing is left to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A JSON string without its quotes, anything else as JSON.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn read_lines(from: impl Read, to: &SyncSender<Value>) {
    let mut from = BufReader::new(from);
    let mut line = String::new();
    loop {
        line.clear();
        match (&mut from).take(LINE_BYTES_MAX).read_line(&mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        // A child prints JSON and nothing else; what is none is of no use here.
        if let Ok(value) = serde_json::from_str(&line)
            && to.send(value).is_err()
        {
            return;
        }
    }
}

/// Prints one JSON line; for the child's side.
pub(crate) fn report(value: &Value) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{value}")?;
    out.flush()
}

/// Lines from standard input, read by a thread of its own; the channel ends with the input. A child ends when it does.
pub(crate) fn stdin_lines() -> Receiver<String> {
    let (tx, rx) = sync_channel(LINES_MAX);
    thread::spawn(move || {
        let mut input = io::stdin().lock();
        let mut raw = Vec::new();
        loop {
            raw.clear();
            match (&mut input).take(LINE_BYTES_MAX).read_until(b'\n', &mut raw) {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
            if tx.send(String::from_utf8_lossy(&raw).into_owned()).is_err() {
                return;
            }
        }
    });
    rx
}
