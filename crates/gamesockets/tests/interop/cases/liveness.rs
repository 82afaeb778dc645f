//! Silence: connections that idle, and peers that vanish.

use super::ensure;
use crate::env::Need;
use crate::harness::{Case, Outcome, PEER};
use crate::side::{CONNECTED, PROBLEM};
use crate::world::{HANDSHAKE, Peer, Role, Who, World, start};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Longer than any keepalive interval and any time-out.
const IDLE: Duration = Duration::from_secs(25);
/// A dead peer is noticed after a keepalive interval of silence, some probes and the time-out.
const NOTICED: std::ops::Range<f64> = 8.0..32.0;
/// The reason for a peer that no longer answers.
const TIMEOUT: i32 = 5003;
/// A peer process ends by itself after this time, whatever happens to its parent.
const PEER_LIFE: Duration = Duration::from_secs(60);

pub(super) const CASES: &[Case] = &[
    Case { name: "idle::both_roles", needs: &[Need::Lib], limit: 60, run: idle },
    Case { name: "killed::both_sides_and_roles", needs: &[Need::Lib], limit: 70, run: killed },
];

fn idle() -> Outcome {
    let mut w = World::start()?;
    let mut links = Vec::new();
    for role in Role::BOTH {
        links.push((role, w.link(role, &[], &[])?));
    }
    w.run_for(IDLE);
    for (role, link) in links {
        for who in Who::BOTH {
            let facts = w.facts(who, link)?;
            ensure!(
                facts.state == CONNECTED,
                "{role:?}: {who:?} is in state {} ({})",
                facts.state,
                facts.end_debug
            );
            let figures = w.figures(who, link)?;
            ensure!(
                (0..=50).contains(&figures.ping_ms),
                "{role:?}: {who:?} has a ping of {} ms",
                figures.ping_ms
            );
            w.send(who, link, b"still there?", true, 0)?;
            w.until(HANDSHAKE, "a message after the silence", |w| {
                Ok(w.receive(who.other(), link).iter().any(|m| m.data == b"still there?"))
            })?;
        }
    }
    Ok(format!("2 connections up after {} s of silence", IDLE.as_secs()))
}

/// A process of this program that holds one side of a connection.
struct Process {
    child: Child,
    lines: BufReader<std::process::ChildStdout>,
}

impl Process {
    fn start(who: Who, to: Option<SocketAddr>) -> Result<Self, String> {
        let program = std::env::current_exe().map_err(|e| e.to_string())?;
        let name = if who == Who::Ours { "ours" } else { "gns" };
        let mut command = Command::new(program);
        command.args([PEER, name]).args(to.map(|to| to.to_string()));
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().map_err(|e| e.to_string())?;
        let lines = BufReader::new(child.stdout.take().ok_or("no output")?);
        Ok(Self { child, lines })
    }

    fn line(&mut self) -> Result<String, String> {
        let mut line = String::new();
        self.lines.read_line(&mut line).map_err(|e| e.to_string())?;
        Ok(line.trim().to_owned())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a peer process does: listens or connects, says so, and carries on until it is killed.
pub(super) fn peer(words: &[String]) -> Result<(), String> {
    let who = if words.first().is_some_and(|word| word == "ours") { Who::Ours } else { Who::Gns };
    let mut peer = start(who, Some("str:peer"))?;
    let address = match words.get(1) {
        Some(to) => {
            let to: SocketAddr = to.parse().map_err(|e| format!("{to}: {e}"))?;
            peer.side.connect(to, &[])?;
            to
        }
        None => peer.side.listen(&[])?.1,
    };
    println!("{address}");
    let started = Instant::now();
    while started.elapsed() < PEER_LIFE {
        peer.pump();
        sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// Somebody who is left alone: one peer process listens for it, another one connects to it.
struct Survivor {
    peer: Peer,
    server: Process,
    client: Process,
    /// The connection it made, and the one it accepted.
    conns: [u32; 2],
}

impl Survivor {
    fn start(victim: Who) -> Result<Self, String> {
        let mut peer = start(victim.other(), Some("str:survivor"))?;
        let mut server = Process::start(victim, None)?;
        let to = server.line()?.parse().map_err(|e| format!("the peer process says no address: {e}"))?;
        let made = peer.side.connect(to, &[])?;
        let at = peer.side.listen(&[])?.1;
        let mut client = Process::start(victim, Some(at))?;
        client.line()?;
        let started = Instant::now();
        let accepted = loop {
            peer.pump();
            let accepted = peer.requests().next();
            if let Some(conn) = accepted
                && peer.state(made) == CONNECTED
                && peer.state(conn) == CONNECTED
            {
                break conn;
            }
            ensure!(started.elapsed() < HANDSHAKE, "{victim:?}: the peer processes are not connected");
            sleep(Duration::from_millis(2));
        };
        Ok(Self { peer, server, client, conns: [made, accepted] })
    }

    fn kill(&mut self) -> Result<(), String> {
        self.server.child.kill().and_then(|()| self.client.child.kill()).map_err(|e| e.to_string())
    }
}

/// The peer processes are killed without a chance to say goodbye.
fn killed() -> Outcome {
    let mut survivors = [Survivor::start(Who::Gns)?, Survivor::start(Who::Ours)?];
    // Let all settle, so that what follows is silence and not the end of the handshake.
    let settled = Instant::now();
    while settled.elapsed() < Duration::from_secs(1) {
        survivors.iter_mut().for_each(|s| s.peer.pump());
        sleep(Duration::from_millis(2));
    }
    survivors.iter_mut().try_for_each(Survivor::kill)?;
    let killed = Instant::now();
    let mut noticed = [[None; 2]; 2];
    while noticed.iter().flatten().any(Option::is_none) {
        let seconds = killed.elapsed().as_secs_f64();
        let late = seconds > NOTICED.end;
        ensure!(!late, "after {seconds:.1} s not all losses are noticed: {noticed:.1?}");
        for (survivor, noticed) in survivors.iter_mut().zip(&mut noticed) {
            survivor.peer.pump();
            for (seen, conn) in noticed.iter_mut().zip(survivor.conns) {
                let Some(facts) = survivor.peer.reported(conn, PROBLEM) else { continue };
                ensure!(facts.end_reason == TIMEOUT, "ended with {} ({})", facts.end_reason, facts.end_debug);
                seen.get_or_insert(seconds);
            }
        }
        sleep(Duration::from_millis(2));
    }
    for seconds in noticed.iter().flatten().flatten() {
        ensure!(NOTICED.contains(seconds), "noticed after {seconds:.1} s");
    }
    let [[a, b], [c, d]] = noticed.map(|pair| pair.map(Option::unwrap_or_default));
    Ok(format!(
        "{TIMEOUT} seen by us after {a:.1} s (connected) and {b:.1} s (listened), by them after {c:.1} s and {d:.1} s"
    ))
}
