//! `gamesockets demo`: a server and two clients, a bad network, a file and a game at the same time.

mod client;
mod material;
pub(crate) mod peer;
mod protocol;
mod server;
mod view;

use crate::exit::{Code, Failure};
use crate::process::Peer;
use crate::scratch::Scratch;
use crate::screen::Screen;
use crate::text::{bytes, digits, parse_seconds, parse_size};
use clap::Args;
use peer::{PeerArgs, Role};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::mpsc::TryRecvError;
use std::time::{Duration, Instant};
use view::{LinkStatus, View};

/// Names of the two clients.
const CLIENTS: [&str; 2] = ["ada", "bob"];
/// What everything together may take beyond the time asked for and the time the file needs.
const SLACK: Duration = Duration::from_secs(60);
/// Time between two looks at what the processes say.
const LOOK: Duration = Duration::from_millis(100);
/// Time between two lines of output that is not a terminal.
const BRIEF: Duration = Duration::from_secs(1);

const AFTER_HELP: &str = "\
Three processes on loopback: a server and two clients, each with --loss and --lag on what it sends, so both ways suffer.
The file (made for the purpose, the same every time) goes reliably to both clients on a lane of low priority; meanwhile
state messages go both ways 60 times a second, unreliably, and chat lines reliably, on lanes of high priority.
Ends with code 1 if a file or a chat line is lost or changed. State messages may get lost: that is what they are for.

JSON keys (--json): file {size, seed, sha256}, loss_percent, lag_ms, seconds, ok, faults[], clients[]: name, sha256, bytes,
chat_received, chat_expected, state_received, state_lost, state_age_p50_ms, state_age_p99_ms; server: the same figures of
the state messages it received, and its own sha256.

Examples:
  gamesockets demo
  gamesockets demo --seconds 3 --size 2M
  gamesockets demo --loss 15 --lag 100 --json";

/// Shows everything at once: a file, a chat and a game over a bad network.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct DemoArgs {
    /// Least time the game goes on
    #[arg(long, value_parser = parse_seconds, default_value = "8")]
    seconds: Duration,
    /// Size of the file
    #[arg(long, value_parser = parse_size, default_value = "24M")]
    size: u64,
    /// Percent of the packets that each process loses of what it sends
    #[arg(long, default_value_t = 5.0)]
    loss: f32,
    /// Milliseconds that each process delays what it sends
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u16).range(0..=5000))]
    lag: u16,
    /// Bytes per second of each connection
    #[arg(long, value_parser = parse_size, default_value = "4M")]
    rate: u64,
    /// Print JSON at the end, and nothing else
    #[arg(long)]
    json: bool,
}

/// What a client found at the end.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct ClientResult {
    name: String,
    sha256: String,
    bytes: u64,
    chat: Vec<String>,
    chat_expected: usize,
    state: StateResult,
}

/// What the server found.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct ServerResult {
    sha256: String,
    state: StateResult,
}

/// The state messages that one process received.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct StateResult {
    received: usize,
    /// Share that did not arrive, 0 to 1.
    lost: f64,
    /// Ages in milliseconds; -1 if there were none.
    p50_ms: f64,
    p99_ms: f64,
}

pub(crate) fn run(args: &DemoArgs) -> Result<(), Failure> {
    if !(0.0..=90.0).contains(&args.loss) {
        return Err(Failure::new(Code::Usage, "--loss has to be 0 to 90 percent"));
    }
    let scratch = Scratch::new("demo")?;
    let file = scratch.path().join("world.pak");
    let sha256 = material::make(&file, args.size)?.to_string();
    if !args.json {
        println!(
            "file: {}, SplitMix64 numbers from seed {}, SHA-256 {sha256}",
            bytes(args.size as f64),
            material::SEED
        );
        println!("network: loopback, {} % loss and {} ms lag each way", args.loss, args.lag);
    }
    let begin = Instant::now();
    let mut cast = Cast::start(args, &file)?;
    let limit =
        args.seconds * 2 + SLACK + Duration::from_secs_f64(4.0 * args.size as f64 / args.rate.max(1) as f64);
    cast.watch(args, begin, limit)?;
    finish(args, &sha256, begin.elapsed(), &cast)
}

/// The processes, and what they reported.
struct Cast {
    server: Peer,
    clients: Vec<Peer>,
    view: View,
    server_result: Option<ServerResult>,
    client_results: Vec<ClientResult>,
}

impl Cast {
    fn start(args: &DemoArgs, file: &Path) -> Result<Self, Failure> {
        let mut peer = PeerArgs {
            role: Role::Server,
            name: "server".into(),
            port: 0,
            file: file.to_owned(),
            seconds: args.seconds,
            loss: args.loss,
            lag: args.lag,
            rate: args.rate,
        };
        let server = Peer::start("server", &peer.to_command_line())?;
        let port = server.expect("port", SLACK)?;
        peer.port = port.as_u64().and_then(|p| u16::try_from(p).ok()).unwrap_or(0);
        peer.role = Role::Client;
        let mut clients = Vec::new();
        for name in CLIENTS {
            peer.name = name.into();
            peer.file = file.with_file_name(format!("world of {name}.pak"));
            clients.push(Peer::start(name, &peer.to_command_line())?);
        }
        Ok(Self { server, clients, view: View::default(), server_result: None, client_results: Vec::new() })
    }

    /// Shows what happens until all have reported their results.
    fn watch(&mut self, args: &DemoArgs, begin: Instant, limit: Duration) -> Result<(), Failure> {
        let mut screen = Screen::new(!args.json);
        let mut printed = Instant::now();
        while self.server_result.is_none() || self.client_results.len() < self.clients.len() {
            if begin.elapsed() > limit {
                let text = format!("the demonstration did not end within {} s", limit.as_secs());
                return Err(Failure::new(Code::Timeout, text));
            }
            for line in self.take_reports()? {
                if !args.json {
                    screen.keep(&line)?;
                }
            }
            if screen.is_live() {
                screen.draw(&self.view.lines(begin.elapsed()))?;
            } else if !args.json && printed.elapsed() >= BRIEF {
                printed = Instant::now();
                println!("{}", self.view.brief(begin.elapsed()));
            }
            std::thread::sleep(LOOK);
        }
        screen.draw(&[])?;
        if !args.json {
            for line in self.view.lines(begin.elapsed()) {
                println!("{line}");
            }
        }
        Ok(())
    }

    /// Takes in what the processes printed; gives lines to show.
    fn take_reports(&mut self) -> Result<Vec<String>, Failure> {
        let mut shown = Vec::new();
        for peer in self.clients.iter().chain([&self.server]) {
            loop {
                let line = match peer.try_line() {
                    Ok(line) => line,
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => {
                        let reported = |c: &ClientResult| c.name == peer.name();
                        let is_server = peer.name() == self.server.name();
                        let done = if is_server {
                            self.server_result.is_some()
                        } else {
                            self.client_results.iter().any(reported)
                        };
                        if done {
                            break;
                        }
                        return Err(Failure::new(Code::Failed, "ended without a result").about(peer.name()));
                    }
                };
                if let Some(error) = line.get("error").and_then(Value::as_str) {
                    return Err(Failure::new(Code::Failed, error).about(peer.name()));
                }
                if let Some(link) = line.get("link") {
                    self.view.update(LinkStatus::deserialize(link)?);
                } else if let Some(chat) = line.get("chat").and_then(Value::as_str) {
                    shown.push(format!("  [{} reads] {chat}", peer.name()));
                } else if let Some(result) = line.get("client") {
                    self.client_results.push(ClientResult::deserialize(result)?);
                } else if let Some(result) = line.get("server") {
                    self.server_result = Some(ServerResult::deserialize(result)?);
                }
            }
        }
        Ok(shown)
    }
}

/// Compares what arrived with what was sent, and says so.
fn finish(args: &DemoArgs, sha256: &str, elapsed: Duration, cast: &Cast) -> Result<(), Failure> {
    let server = cast.server_result.clone().unwrap_or_default();
    let mut clients = cast.client_results.clone();
    clients.sort_by(|a, b| a.name.cmp(&b.name));
    let faults = faults(sha256, args.size, &server, &clients);
    if args.json {
        let line = json!({
            "file": { "size": args.size, "seed": material::SEED, "sha256": sha256 },
            "loss_percent": args.loss,
            "lag_ms": args.lag,
            "seconds": elapsed.as_secs_f64(),
            "ok": faults.is_empty(),
            "faults": faults,
            "server": {
                "sha256": server.sha256,
                "state_received": server.state.received,
                "state_lost": server.state.lost,
                "state_age_p50_ms": server.state.p50_ms,
                "state_age_p99_ms": server.state.p99_ms,
            },
            "clients": clients.iter().map(client_json).collect::<Vec<_>>(),
        });
        println!("{line}");
    } else {
        for line in summary(&server, &clients, elapsed) {
            println!("{line}");
        }
    }
    if faults.is_empty() {
        return Ok(());
    }
    let code = if faults.iter().any(|f| f.contains("SHA-256")) { Code::Integrity } else { Code::Failed };
    Err(Failure::new(code, faults.join("; ")))
}

fn client_json(client: &ClientResult) -> Value {
    json!({
        "name": client.name,
        "sha256": client.sha256,
        "bytes": client.bytes,
        "chat_received": client.chat,
        "chat_expected": client.chat_expected,
        "state_received": client.state.received,
        "state_lost": client.state.lost,
        "state_age_p50_ms": client.state.p50_ms,
        "state_age_p99_ms": client.state.p99_ms,
    })
}

/// What was lost or changed that should not have been.
fn faults(sha256: &str, size: u64, server: &ServerResult, clients: &[ClientResult]) -> Vec<String> {
    let mut faults = Vec::new();
    if server.sha256 != sha256 {
        faults.push(format!("the server sent SHA-256 {}, the file has {sha256}", server.sha256));
    }
    for client in clients {
        let name = &client.name;
        if client.bytes != size {
            faults.push(format!("{name} got {} of {size} bytes", client.bytes));
        }
        if client.sha256 != sha256 {
            faults.push(format!("{name} got SHA-256 {} instead of {sha256}", client.sha256));
        }
        let others = CLIENTS.iter().filter(|other| *other != name);
        let expected: Vec<String> = others.flat_map(|other| client::lines_of(other)).collect();
        if client.chat != expected {
            faults.push(format!(
                "{name} read {} chat lines, {} were said",
                client.chat.len(),
                expected.len()
            ));
        }
        if client.state.received == 0 {
            faults.push(format!("{name} got no state message at all"));
        }
    }
    if server.state.received == 0 {
        faults.push("the server got no state message at all".into());
    }
    faults
}

fn summary(server: &ServerResult, clients: &[ClientResult], elapsed: Duration) -> Vec<String> {
    let state = |who: &str, s: &StateResult| {
        format!(
            "state at {who}: {} messages, {:.1} % lost, age p50 {} ms, p99 {} ms",
            s.received,
            100.0 * s.lost,
            digits(s.p50_ms),
            digits(s.p99_ms)
        )
    };
    let mut lines = vec![format!("sent      SHA-256 {}", server.sha256)];
    lines.extend(clients.iter().map(|c| format!("{:9} SHA-256 {} ({} bytes)", c.name, c.sha256, c.bytes)));
    lines.extend(clients.iter().map(|c| state(&c.name, &c.state)));
    lines.push(state("server", &server.state));
    lines.extend(
        clients
            .iter()
            .map(|c| format!("chat at {}: {} of {} lines, in order", c.name, c.chat.len(), c.chat_expected)),
    );
    lines.push(format!("took {:.1} s", elapsed.as_secs_f64()));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_found() {
        let state = StateResult { received: 1, ..StateResult::default() };
        let server = ServerResult { sha256: "x".into(), state: state.clone() };
        let client = |name: &str, other: &str| ClientResult {
            name: name.into(),
            sha256: "x".into(),
            bytes: 7,
            chat: client::lines_of(other).collect(),
            chat_expected: 0,
            state: state.clone(),
        };
        let good = [client("ada", "bob"), client("bob", "ada")];
        assert_eq!(faults("x", 7, &server, &good), [] as [String; 0]);
        let mut bad = good;
        bad[0].chat.swap(0, 1);
        bad[1].sha256 = "y".into();
        bad[1].state.received = 0;
        assert_eq!(faults("x", 7, &server, &bad).len(), 3);
    }
}
