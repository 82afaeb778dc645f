//! One match of the arena: a server and its clients, each a process of its own, and whether their worlds agree.

use super::{Project, errors_in};
use crate::engine::Engine;
use crate::process::{Done, Step, run as run_step};
use std::net::UdpSocket;
use std::path::PathBuf;
use std::time::Duration;

/// What a match needs beside its own time: starting, agreeing, ending.
const AROUND: Duration = Duration::from_secs(120);
/// The line of a process that tells its state: `STATE hash who values=… points=…`.
const STATE: &str = "STATE ";

/// How a match is played.
#[derive(Debug, Clone)]
pub(super) struct Match {
    pub(super) clients: u64,
    pub(super) seconds: u64,
    /// Of each process, for what it sends.
    pub(super) lag_ms: u64,
    pub(super) loss_percent: u64,
    /// How long the worlds may take to agree, in seconds.
    pub(super) patience: u64,
    /// One process falsifies its state.
    pub(super) alter: bool,
    /// With windows, the first client played by whoever sits there.
    pub(super) windows: bool,
    /// Where the first client puts a picture of its window.
    pub(super) picture: Option<PathBuf>,
    /// The address of an editor that debugs the server.
    pub(super) debugger: Option<String>,
}

impl Default for Match {
    fn default() -> Self {
        Self {
            clients: 8,
            seconds: 60,
            lag_ms: 50,
            loss_percent: 5,
            patience: 15,
            alter: false,
            windows: false,
            picture: None,
            debugger: None,
        }
    }
}

/// A match that all agree about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Agreement {
    /// What the server said: `hash agree=… values=… points=…`.
    pub(super) said: String,
    pub(super) processes: usize,
}

impl Match {
    /// Plays it.
    pub(super) fn play(
        &self,
        project: &Project,
        engine: &Engine,
        verbose: bool,
    ) -> Result<Agreement, String> {
        let port = free_port()?;
        let done: Vec<Done> = std::thread::scope(|scope| {
            let processes: Vec<_> = (0..=self.clients)
                .map(|number| scope.spawn(move || self.process(project, engine, number, port, verbose)))
                .collect();
            processes.into_iter().filter_map(|process| process.join().ok()).collect()
        });
        judge(&done, usize::try_from(self.clients).unwrap_or(usize::MAX))
    }

    /// Number 0 is the server.
    fn process(&self, project: &Project, engine: &Engine, number: u64, port: u16, verbose: bool) -> Done {
        let mut command = project.engine(engine);
        let seen = self.windows || (self.picture.is_some() && number == 1);
        if !seen {
            command.arg("--headless");
        }
        if let Some(debugger) = self.debugger.as_ref().filter(|_| number == 0) {
            command.args(["--remote-debug", debugger]);
        }
        command.args(["--audio-driver", "Dummy", "--path"]).arg(&project.folder).arg("--");
        command.arg(format!("--port={port}"));
        command.arg(format!("--lag={}", self.lag_ms)).arg(format!("--loss={}", self.loss_percent));
        command.arg(format!("--patience={}", self.patience));
        command.arg(format!("--clients={}", self.clients)).arg(format!("--seconds={}", self.seconds));
        let name = if number == 0 { "server".to_owned() } else { format!("client {number}") };
        if number == 0 {
            command.arg("--server");
        } else {
            command.arg("--join=127.0.0.1");
            if !(self.windows && number == 1) {
                command.arg("--bot");
            }
            if self.alter && number == 1 {
                command.arg("--alter");
            }
            if let Some(picture) = self.picture.as_ref().filter(|_| number == 1) {
                command.arg(format!("--picture={}", picture.display()));
            }
        }
        let log = project.base.join(format!("{}.log", name.replace(' ', "-")));
        let limit = AROUND + Duration::from_secs(self.seconds + self.patience);
        run_step(Step { label: &format!("arena: {name}"), command, log, limit, verbose })
    }
}

/// A port that nobody has at this moment.
pub(super) fn free_port() -> Result<u16, String> {
    let socket = UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
    socket.map(|address| address.port()).map_err(|error| format!("no free port: {error}"))
}

/// Whether everybody came to the same state without a word of trouble. The first is the server.
fn judge(done: &[Done], clients: usize) -> Result<Agreement, String> {
    let state = |done: &Done| done.output.lines().find_map(|line| Some(line.strip_prefix(STATE)?.to_owned()));
    let states: Vec<Option<String>> = done.iter().map(state).collect();
    let hash =
        |state: &Option<String>| state.as_ref().and_then(|text| Some(text.split(' ').next()?.to_owned()));
    let Some(wanted) = states.first().and_then(hash) else {
        return Err(format!(
            "the server told no state: {}",
            done.first().map(Done::explain).unwrap_or_default()
        ));
    };
    for (number, found) in states.iter().enumerate().skip(1) {
        if hash(found).as_deref() != Some(&*wanted) {
            let told = found.as_deref().unwrap_or("nothing");
            let explain = done.get(number).map(Done::explain).unwrap_or_default();
            return Err(format!("client {number} differs: {told}, the server {wanted}\n{explain}"));
        }
    }
    if let Some(why) = done.iter().find_map(errors_in) {
        return Err(why);
    }
    let said = states.into_iter().next().flatten().unwrap_or_default();
    if done.len() != clients + 1 || !said.contains(&format!("agree={clients} of={clients} ")) {
        return Err(format!("{} processes of {}: {said}", done.len(), clients + 1));
    }
    if said.contains("points=0") {
        return Err(format!("nobody played: {said}"));
    }
    Ok(Agreement { said, processes: done.len() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: &str = "arena: 1 clients, 5 s\nSTATE aa agree=1 of=1 values=3 points=7\n";

    fn outcome(server: &str, client: &str) -> Result<Agreement, String> {
        judge(&[Done::for_tests(true, server), Done::for_tests(true, client)], 1)
    }

    #[test]
    fn a_match_counts_when_all_agree_in_silence() {
        let good = outcome(SERVER, "STATE aa peer=5 values=3 points=7\n").unwrap();
        assert_eq!(good.processes, 2);
        for (server, client) in [
            (SERVER, "STATE ab peer=5 values=3 points=7\n"),
            (SERVER, ""),
            ("", "STATE aa peer=5\n"),
            (SERVER, "STATE aa peer=5\nERROR: x\n"),
            (SERVER, "STATE aa peer=5\nSCRIPT ERROR: x\n"),
            ("STATE aa agree=0 of=1 points=7\n", "STATE aa peer=5\n"),
            ("STATE aa agree=1 of=1 points=0\n", "STATE aa peer=5\n"),
        ] {
            assert!(outcome(server, client).is_err(), "{server} {client}");
        }
        assert!(judge(&[Done::for_tests(true, SERVER)], 1).is_err(), "a client is missing");
        let ended = [Done::for_tests(true, SERVER), Done::for_tests(false, "STATE aa peer=5\n")];
        assert!(judge(&ended, 1).is_err(), "a client ended badly");
    }
}
