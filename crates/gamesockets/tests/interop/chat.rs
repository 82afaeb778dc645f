//! Chat programs as child processes: the reference library's example, and our own command.

use crate::env;
use crate::side::free_port;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

/// How long a line may take from one program to another.
const HEARD: Duration = Duration::from_secs(10);

/// A running program with what it has printed so far.
pub(crate) struct Talker {
    name: String,
    child: Child,
    input: ChildStdin,
    printed: Arc<Mutex<Vec<String>>>,
}

impl Talker {
    /// Our server, on a free port.
    pub(crate) fn our_server() -> Result<(Self, SocketAddr), String> {
        let talker = Self::ours(&["chat", "server", "--listen", "127.0.0.1:0"])?;
        let line = talker.hears("listening ")?;
        let address = line.trim_start_matches("listening ").parse();
        Ok((talker, address.map_err(|e| format!("{line}: {e}"))?))
    }

    /// Our client.
    pub(crate) fn our_client(to: SocketAddr, nick: &str) -> Result<Self, String> {
        let talker = Self::ours(&["chat", "client", &to.to_string(), "--nick", nick])?;
        talker.hears("connected ")?;
        Ok(talker)
    }

    /// Their server. It cannot choose a port itself and listens on all addresses.
    pub(crate) fn their_server() -> Result<(Self, SocketAddr), String> {
        let at = free_port(Ipv4Addr::LOCALHOST.into())?;
        let talker = Self::theirs("their server", &["server", "--port", &at.port().to_string()])?;
        talker.hears("listening on port")?;
        Ok((talker, at))
    }

    /// Their client.
    pub(crate) fn their_client(to: SocketAddr, name: &str) -> Result<Self, String> {
        let talker = Self::theirs(name, &["client", &to.to_string()])?;
        talker.hears("Connected to server OK")?;
        Ok(talker)
    }

    fn ours(words: &[&str]) -> Result<Self, String> {
        let program = env::our_command().ok_or("the gamesockets command is not built")?;
        let mut command = Command::new(program);
        command.args(words);
        Self::start(&format!("our {}", words[1]), command)
    }

    /// Its standard output is written through a buffer that it does not flush, and it ends by killing itself: so lines
    /// must leave one by one.
    fn theirs(name: &str, words: &[&str]) -> Result<Self, String> {
        let program = env::gns_chat().ok_or("the chat program is not named")?;
        let library = env::gns_lib().ok_or("the library is not named")?;
        let folder = Path::new(&library).parent().unwrap_or_else(|| Path::new("."));
        let mut command = Command::new("stdbuf");
        command.arg("-oL").arg(program).args(words).env("LD_LIBRARY_PATH", folder);
        Self::start(name, command)
    }

    fn start(name: &str, mut command: Command) -> Result<Self, String> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let program = command.get_program().to_owned();
        let mut child = command.spawn().map_err(|e| format!("{}: {e}", OsStr::display(&program)))?;
        let input = child.stdin.take().ok_or("no input")?;
        let printed = Arc::new(Mutex::new(Vec::new()));
        collect(child.stdout.take(), &printed);
        collect(child.stderr.take(), &printed);
        Ok(Self { name: name.to_owned(), child, input, printed })
    }

    /// Types a line.
    pub(crate) fn says(&mut self, line: &str) -> Result<(), String> {
        writeln!(self.input, "{line}")
            .and_then(|()| self.input.flush())
            .map_err(|e| format!("{}: {e}", self.name))
    }

    /// Waits until it has printed a line that holds the text; gives the first such line.
    pub(crate) fn hears(&self, text: &str) -> Result<String, String> {
        let started = Instant::now();
        while started.elapsed() < HEARD {
            if let Some(line) = self.printed().iter().find(|line| line.contains(text)) {
                return Ok(line.clone());
            }
            sleep(Duration::from_millis(5));
        }
        let printed = self.printed().join("\n");
        Err(format!("{} has not printed '{text}' after {} s\n{printed}", self.name, HEARD.as_secs()))
    }

    /// Whether it has printed a line that holds the text.
    pub(crate) fn heard(&self, text: &str) -> bool {
        self.printed().iter().any(|line| line.contains(text))
    }

    fn printed(&self) -> MutexGuard<'_, Vec<String>> {
        self.printed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Talker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn collect(stream: Option<impl Read + Send + 'static>, into: &Arc<Mutex<Vec<String>>>) {
    let Some(stream) = stream else { return };
    let into = into.clone();
    thread::spawn(move || {
        for line in BufReader::new(stream).split(b'\n') {
            let Ok(line) = line else { return };
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            into.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
    });
}
