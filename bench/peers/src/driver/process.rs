//! One measured process: started, listened to, and ended in bounded time whatever it does.

use bench_common::Result;
use bench_common::process::reaped_cpu_ns;
use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Read, Write as _};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Lines of a process that wait to be read.
const LINES_MAX: usize = 1000;
/// Last lines of its error output that are kept.
const COMPLAINTS_MAX: usize = 20;
/// Bytes of such a line.
const COMPLAINT_BYTES_MAX: usize = 300;
/// How often it is looked whether a process has ended.
const LOOK: Duration = Duration::from_millis(2);
/// How long a process may take to end after its output has ended.
const END_WITHIN: Duration = Duration::from_secs(5);
/// How long its error output may trickle in after that.
const HEAR_OUT: Duration = Duration::from_millis(500);

/// What a process said: numbers by their keys.
pub(super) type Values = BTreeMap<String, f64>;

/// A running process, with its name for error texts.
pub(super) struct Process {
    name: &'static str,
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    complaints: Arc<Mutex<VecDeque<String>>>,
    /// Reads them.
    complaining: Option<JoinHandle<()>>,
}

impl Process {
    pub(super) fn start(name: &'static str, mut command: Command) -> Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let program = command.get_program().to_string_lossy().into_owned();
        let mut child = command.spawn().map_err(|e| format!("the {name} does not start: {program}: {e}"))?;
        let stdin = child.stdin.take();
        let (send, lines) = sync_channel(LINES_MAX);
        if let Some(out) = child.stdout.take() {
            for_each_line(out, move |line| send.send(line).is_ok());
        }
        let complaints = Arc::new(Mutex::new(VecDeque::new()));
        let complaining = child.stderr.take().map(|err| {
            let kept = Arc::clone(&complaints);
            for_each_line(err, move |line| {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.truncate(COMPLAINTS_MAX - 1);
                kept.push_front(line.chars().take(COMPLAINT_BYTES_MAX).collect());
                true
            })
        });
        Ok(Self { name, child, stdin, lines, complaints, complaining })
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the line with this key; gives its value. Other lines before it are passed over.
    pub(super) fn expect(&mut self, key: &str, until: Instant) -> Result<String> {
        loop {
            match self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    let (name, value) = line.split_once(' ').unwrap_or((&line, ""));
                    if name == key {
                        return Ok(value.trim().to_owned());
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    return Err(self.failed(&format!("said no `{key}` in time")));
                }
                Err(RecvTimeoutError::Disconnected) => {
                    let how =
                        self.reap(Instant::now() + END_WITHIN).map_or_else(|e| e.to_string(), how_it_ended);
                    return Err(self.failed(&how));
                }
            }
        }
    }

    /// Says a line.
    pub(super) fn tell(&mut self, line: &str) -> Result<()> {
        let told = self.stdin.as_mut().map(|stdin| writeln!(stdin, "{line}").and_then(|()| stdin.flush()));
        match told {
            Some(Ok(())) => Ok(()),
            _ => Err(self.failed("does not listen")),
        }
    }

    /// Ends what we say, reads everything that is left, and waits for the end; gives the processor time, nanoseconds.
    pub(super) fn finish(mut self, until: Instant, into: &mut Values) -> Result<u64> {
        self.stdin = None;
        loop {
            match self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    let pair = line.split_once(' ').and_then(|(k, v)| Some((k, v.trim().parse().ok()?)));
                    into.extend(pair.map(|(key, value)| (key.to_owned(), value)));
                }
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    return Err(self.failed("did not end in time and was stopped"));
                }
            }
        }
        let before = reaped_cpu_ns();
        let status = self.reap(until.max(Instant::now() + END_WITHIN))?;
        if status.success() { Ok(reaped_cpu_ns() - before) } else { Err(self.failed(&how_it_ended(status))) }
    }

    fn reap(&mut self, until: Instant) -> Result<ExitStatus> {
        loop {
            if let Some(status) = self.child.try_wait()? {
                self.hear_out();
                return Ok(status);
            }
            if Instant::now() >= until {
                return Err(self.failed("did not end in time and was stopped"));
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Waits until the last complaints of a process that has ended are read; a descendant may hold the stream open.
    fn hear_out(&self) {
        let until = Instant::now() + HEAR_OUT;
        while self.complaining.as_ref().is_some_and(|thread| !thread.is_finished()) && Instant::now() < until
        {
            std::thread::sleep(LOOK);
        }
    }

    /// Why it failed, with the last thing it complained about.
    fn failed(&self, what: &str) -> bench_common::Error {
        let complaints = self.complaints.lock().unwrap_or_else(PoisonError::into_inner);
        let last = complaints.iter().find(|line| !line.trim().is_empty());
        let why = last.map(|line| format!(": {}", line.trim())).unwrap_or_default();
        format!("the {} {what}{why}", self.name).into()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            // One that has ended in this moment needs no end.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

fn how_it_ended(status: ExitStatus) -> String {
    format!("ended early ({status})")
}

/// Hands every line of a stream to `take`, on a thread of its own, until that says no.
fn for_each_line(
    stream: impl Read + Send + 'static,
    take: impl Fn(String) -> bool + Send + 'static,
) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut stream = BufReader::new(stream);
        let mut bytes = Vec::new();
        while stream.read_until(b'\n', &mut bytes).is_ok_and(|count| count > 0) {
            let line = String::from_utf8_lossy(&bytes).trim_end().to_owned();
            bytes.clear();
            if !take(line) {
                return;
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Process {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Process::start("server", command).unwrap()
    }

    fn soon(seconds: u64) -> Instant {
        Instant::now() + Duration::from_secs(seconds)
    }

    #[test]
    fn values_are_read_to_the_end() {
        let mut process = shell("echo port 7; read x; echo a 1.5; echo words are no numbers; echo b $x");
        assert_eq!(process.expect("port", soon(20)).unwrap(), "7");
        process.tell("3").unwrap();
        let mut values = Values::new();
        process.finish(soon(20), &mut values).unwrap();
        assert_eq!(values, Values::from([("a".to_owned(), 1.5), ("b".to_owned(), 3.0)]));
    }

    #[test]
    fn a_process_that_hangs_is_stopped() {
        let process = shell("exec sleep 1000");
        let id = process.id();
        let error = process.finish(soon(0), &mut Values::new()).unwrap_err().to_string();
        assert!(error.contains("was stopped"), "{error}");
        assert!(!std::path::Path::new(&format!("/proc/{id}")).exists());
    }

    #[test]
    fn a_process_that_fails_says_why() {
        let process = shell("echo 'no such thing' >&2; exit 3");
        let error = process.finish(soon(20), &mut Values::new()).unwrap_err().to_string();
        assert!(error.contains('3') && error.contains("no such thing"), "{error}");
        let error = shell("echo gone >&2").expect("port", soon(20)).unwrap_err().to_string();
        assert!(error.contains("ended early"), "{error}");
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = Process::start("client", Command::new("no-such-program")).err().unwrap();
        assert!(error.to_string().contains("no-such-program"));
    }
}
