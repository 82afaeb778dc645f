//! Our side of the measurements: one thread per process, which runs the library's loop itself.

use super::peer::{Plan, Scenario, Side, result};
use super::raw::{is_over, is_over_or_answer, report_arrivals, report_times};
use super::stats::{Window, cpu_seconds, percentile, resident_bytes};
use crate::exit::{Code, Failure};
use crate::limits::{allow_sockets, room_for_sockets};
use crate::net::Rates;
use crate::process::report;
use gamesockets::config::Scope;
use gamesockets::{Connection, ConnectionState, Context, Event, Message, PollGroup, SendError, SendFlags};
use serde_json::json;
use std::net::Ipv4Addr;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

/// As fast as can be asked for.
const RATES: Rates =
    Rates { rate: 1 << 28, send_buffer: 8 << 20, recv_buffer: 64 << 20, recv_messages: 1_000_000 };
/// Connections of one process: beyond what anybody asks for.
const CONNECTIONS_MAX: usize = 200_000;
/// Messages sent before the loop gets its turn.
const BATCH: usize = 1024;
/// How long to wait at most before looking whether it is over.
const WAIT: Duration = Duration::from_millis(20);
/// The same where nothing but silence is measured.
const IDLE_WAIT: Duration = Duration::from_millis(200);
/// Time between two looks at the queues that the library's own threads fill.
const LOOK_EVERY: Duration = Duration::from_micros(500);
/// Connections set up in one measurement at most. Each keeps its socket for five seconds after it was closed, to answer
/// stragglers, and systems limit open files.
const SET_UPS_MAX: usize = 15_000;
/// Time between two connections that are set up one after the other.
const REST: Duration = Duration::from_millis(1);
/// How long an answer may take before it counts as lost.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);
/// How long idle connections rest before their memory is taken.
const SETTLE: Duration = Duration::from_secs(1);
/// How long everything that has to be set up or answered may take.
const ALL_WITHIN: Duration = Duration::from_secs(120);
/// Time between two reports of progress.
const REPORT_EVERY: Duration = Duration::from_secs(1);

/// Runs this process's part of a measurement; `parent` ends when the parent has seen enough.
pub(super) fn run(plan: &Plan, parent: &Receiver<String>) -> Result<(), Failure> {
    let node = Node::new(plan.threads)?;
    match (plan.side, plan.scenario) {
        (Side::Server, Scenario::Reliable | Scenario::Unreliable) => sink(plan, node, parent),
        (Side::Server, Scenario::PingPong | Scenario::Setup) => echo(node, parent, WAIT),
        (Side::Server, Scenario::PingPongBusy) => echo(node, parent, Duration::ZERO),
        (Side::Server, Scenario::Idle | Scenario::Hold) => keep(node, parent),
        (Side::Client, Scenario::Reliable) => flood(plan, node, SendFlags::RELIABLE),
        (Side::Client, Scenario::Unreliable) => flood(plan, node, SendFlags::UNRELIABLE),
        (Side::Client, Scenario::PingPong) => ping_pong(plan, node, WAIT),
        (Side::Client, Scenario::PingPongBusy) => ping_pong(plan, node, Duration::ZERO),
        (Side::Client, Scenario::Setup) => set_up(plan, node),
        (Side::Client, Scenario::Idle) => idle(plan, node, parent),
        (Side::Client, Scenario::Hold) => hold(plan, node, parent),
        (_, Scenario::Scale) => super::scale_peer::run(plan, node, parent),
    }
}

pub(super) fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::new(Code::Failed, error)
}

/// A context and what is counted about its connections.
pub(super) struct Node {
    pub(super) context: Context,
    /// Whether nobody else runs the loop.
    manual: bool,
    group: PollGroup,
    pub(super) inbox: Vec<Message>,
    /// Connections that are up.
    pub(super) open: usize,
    /// Connections that ended by themselves, or by the peer.
    pub(super) ended: usize,
    pub(super) last_end: String,
}

impl Node {
    /// With no I/O threads this process runs the loop itself.
    fn new(threads: usize) -> Result<Self, Failure> {
        let builder = Context::builder().connections_max(CONNECTIONS_MAX);
        let builder = if threads == 0 { builder.manual_poll(true) } else { builder.io_threads(threads) };
        let context = builder.build().map_err(failed)?;
        for (key, value) in RATES.options() {
            context.set_config(Scope::Global, key, Some(value)).map_err(failed)?;
        }
        let group = context.create_poll_group().map_err(failed)?;
        let manual = threads == 0;
        Ok(Self { context, manual, group, inbox: Vec::new(), open: 0, ended: 0, last_end: String::new() })
    }

    fn connect(&self, plan: &Plan) -> Result<Connection, Failure> {
        let connection = self.context.connect(plan.to).map_err(failed)?;
        connection.set_poll_group(Some(&self.group)).map_err(failed)?;
        Ok(connection)
    }

    /// Connects and waits for it.
    fn connected(&mut self, plan: &Plan) -> Result<Connection, Failure> {
        let connection = self.connect(plan)?;
        while self.open == 0 {
            self.turn(WAIT)?;
            self.check_all()?;
        }
        Ok(connection)
    }

    fn check_all(&self) -> Result<(), Failure> {
        if self.ended == 0 { Ok(()) } else { Err(failed(&self.last_end).about("a connection ended")) }
    }

    pub(super) fn listen(&self) -> Result<(), Failure> {
        let listener = self.context.listen((Ipv4Addr::LOCALHOST, 0).into()).map_err(failed)?;
        report(&json!({ "port": listener.local_addr().port() }))?;
        Ok(())
    }

    /// One turn of the loop; accepts whoever comes, closes whoever left. Messages are in `inbox` then.
    pub(super) fn turn(&mut self, at_most: Duration) -> Result<(), Failure> {
        if self.manual {
            self.context.poll(at_most).map_err(failed)?;
        } else {
            std::thread::sleep(at_most.min(LOOK_EVERY));
        }
        for event in self.context.poll_events() {
            let Event::ConnectionStatusChanged { connection, listener, old, new, info, .. } = event else {
                continue;
            };
            match new {
                ConnectionState::Connecting if listener.is_some() => {
                    connection.set_poll_group(Some(&self.group)).map_err(failed)?;
                    // A request that went away in the meantime ends by itself.
                    let _ = connection.accept();
                }
                ConnectionState::Connected => self.open += 1,
                ConnectionState::ClosedByPeer | ConnectionState::ProblemDetectedLocally => {
                    self.open -= usize::from(old == ConnectionState::Connected);
                    self.ended += 1;
                    self.last_end = format!("{} {}", info.end_reason.0, info.end_debug);
                    let _ = connection.close(0, "", false);
                }
                _ => {}
            }
        }
        self.inbox.clear();
        // All of them: what stays behind would count against the receive limits, and then packets are dropped.
        self.group.receive_into(&mut self.inbox, usize::MAX).map_err(failed)?;
        Ok(())
    }
}

fn sink(plan: &Plan, mut node: Node, parent: &Receiver<String>) -> Result<(), Failure> {
    node.listen()?;
    let mut window = Window::new(plan.warmup, plan.span);
    while !is_over(parent) {
        node.turn(WAIT)?;
        let bytes: usize = node.inbox.iter().map(|m| m.payload().len()).sum();
        if !node.inbox.is_empty() {
            window.add(Instant::now(), node.inbox.len() as u64, bytes as u64);
        }
    }
    report_arrivals(&window)
}

fn echo(mut node: Node, parent: &Receiver<String>, wait: Duration) -> Result<(), Failure> {
    node.listen()?;
    while !is_over(parent) {
        node.turn(wait)?;
        for message in &node.inbox {
            if let Some(connection) = node.context.connection(message.connection()) {
                // One that is gone by now needs no answer.
                let _ = connection.send_owned(message.payload().clone(), SendFlags::NO_NAGLE, 0);
            }
        }
    }
    result(json!({}))
}

/// Keeps connections, answers what comes, and tells what they cost.
fn keep(mut node: Node, parent: &Receiver<String>) -> Result<(), Failure> {
    node.listen()?;
    let before = resident_bytes();
    while !is_over_or_answer(parent)? {
        node.turn(IDLE_WAIT)?;
        for message in &node.inbox {
            if let Some(connection) = node.context.connection(message.connection()) {
                let flags = SendFlags::RELIABLE | SendFlags::NO_NAGLE;
                connection.send_owned(message.payload().clone(), flags, 0).map_err(failed)?;
            }
        }
    }
    let grown = resident_bytes().zip(before).map(|(after, before)| after.saturating_sub(before));
    result(json!({
        "connections": node.open,
        "ended": node.ended,
        "last_end": node.last_end,
        "grown_bytes": grown,
    }))
}

fn flood(plan: &Plan, mut node: Node, flags: SendFlags) -> Result<(), Failure> {
    let connection = node.connected(plan)?;
    let message = vec![0x5a; plan.size];
    let until = Instant::now() + plan.warmup + plan.span + plan.span / 4;
    let mut sent = 0u64;
    while Instant::now() < until {
        let mut full = false;
        // Large messages in smaller numbers: about as many bytes per turn.
        for _ in 0..(BATCH * 64 / plan.size.max(64)).max(1) {
            match connection.send(&message, flags) {
                Ok(_) => sent += 1,
                Err(SendError::LimitExceeded { .. }) => {
                    full = true;
                    break;
                }
                Err(e) => return Err(failed(e)),
            }
        }
        node.turn(if full { Duration::from_millis(1) } else { Duration::ZERO })?;
        node.check_all()?;
    }
    result(json!({ "sent": sent }))?;
    let _ = connection.close(0, "", false);
    Ok(())
}

fn ping_pong(plan: &Plan, mut node: Node, wait: Duration) -> Result<(), Failure> {
    let connection = node.connected(plan)?;
    let ball = vec![0x5a; plan.size];
    let mut times = Vec::new();
    let until = Instant::now() + plan.span;
    while Instant::now() < until && times.len() < plan.count {
        let start = Instant::now();
        connection.send(&ball, SendFlags::NO_NAGLE).map_err(failed)?;
        let mut back = false;
        while !back && start.elapsed() < ANSWER_WITHIN {
            node.turn(wait)?;
            back = !node.inbox.is_empty();
            node.check_all()?;
        }
        if back {
            times.push(start.elapsed().as_secs_f64() * 1e6);
        }
    }
    report_times(&mut times)?;
    let _ = connection.close(0, "", false);
    Ok(())
}

fn set_up(plan: &Plan, mut node: Node) -> Result<(), Failure> {
    let room = room_for_sockets(SET_UPS_MAX).saturating_sub(plan.concurrency);
    let begin = Instant::now();
    let mut attempts = Vec::new();
    for _ in 0..plan.concurrency {
        attempts.push((Instant::now(), node.connect(plan)?));
    }
    let mut times = Vec::new();
    while begin.elapsed() < plan.span && times.len() < room {
        node.turn(WAIT)?;
        node.check_all()?;
        for (start, attempt) in &mut attempts {
            if attempt.state() == ConnectionState::Connected {
                times.push(start.elapsed().as_secs_f64() * 1e6);
                let _ = attempt.close(0, "", false);
                if plan.concurrency == 1 {
                    // The goodbye is no part of the next one's time.
                    node.turn(REST)?;
                }
                *start = Instant::now();
                *attempt = node.connect(plan)?;
            }
        }
    }
    let per_sec = times.len() as f64 / begin.elapsed().as_secs_f64();
    result(json!({ "set_ups_per_sec": per_sec, "p50_us": percentile(&mut times, 50.0) }))
}

/// Sets up `plan.count` connections, some at a time.
pub(super) fn open_all(plan: &Plan, node: &mut Node) -> Result<Vec<Connection>, Failure> {
    allow_sockets(plan.count)?;
    let mut all = Vec::with_capacity(plan.count);
    let mut reported = Instant::now();
    let begin = Instant::now();
    while node.open < plan.count {
        while all.len() < plan.count && all.len() < node.open + plan.concurrency {
            all.push(node.connect(plan)?);
        }
        node.turn(WAIT)?;
        node.check_all()?;
        if reported.elapsed() >= REPORT_EVERY {
            reported = Instant::now();
            report(&json!({ "progress": node.open }))?;
        }
        if begin.elapsed() > ALL_WITHIN {
            return Err(failed(format!("only {} of {} connections came about", node.open, plan.count)));
        }
    }
    Ok(all)
}

fn idle(plan: &Plan, mut node: Node, parent: &Receiver<String>) -> Result<(), Failure> {
    let before = resident_bytes();
    let all = open_all(plan, &mut node)?;
    let until = Instant::now() + SETTLE;
    while Instant::now() < until {
        node.turn(WAIT)?;
    }
    let grown = resident_bytes().zip(before).map(|(after, before)| after.saturating_sub(before));
    report(&json!({ "settled": all.len() }))?;
    let (cpu, begin) = (cpu_seconds(), Instant::now());
    while begin.elapsed() < plan.span {
        node.turn(IDLE_WAIT.min(plan.span))?;
    }
    let cpu_share = (cpu_seconds() - cpu) / begin.elapsed().as_secs_f64();
    node.check_all()?;
    result(json!({ "connections": all.len(), "grown_bytes": grown, "cpu_share": cpu_share }))?;
    while !is_over(parent) {
        node.turn(WAIT)?;
    }
    Ok(())
}

/// Holds connections for the time asked for, then has every one of them answer.
fn hold(plan: &Plan, mut node: Node, parent: &Receiver<String>) -> Result<(), Failure> {
    let before = resident_bytes();
    let begin = Instant::now();
    let all = open_all(plan, &mut node)?;
    let set_up_seconds = begin.elapsed().as_secs_f64();
    report(&json!({ "opened": all.len() }))?;
    let (cpu, until) = (cpu_seconds(), Instant::now() + plan.span);
    while Instant::now() < until {
        node.turn(WAIT)?;
    }
    let cpu_share = (cpu_seconds() - cpu) / plan.span.as_secs_f64();
    let grown = resident_bytes().zip(before).map(|(after, before)| after.saturating_sub(before));
    for connection in &all {
        // One that ended by now shows in the count of answers.
        let _ = connection.send(b"still there?", SendFlags::RELIABLE | SendFlags::NO_NAGLE);
    }
    let (mut answered, until) = (0, Instant::now() + ALL_WITHIN);
    while answered < all.len() && Instant::now() < until && node.ended == 0 {
        node.turn(WAIT)?;
        answered += node.inbox.len();
    }
    result(json!({
        "connections": all.len(),
        "set_up_seconds": set_up_seconds,
        "ended": node.ended,
        "last_end": node.last_end,
        "answered": answered,
        "cpu_share": cpu_share,
        "grown_bytes": grown,
    }))?;
    while !is_over(parent) {
        node.turn(WAIT)?;
    }
    Ok(())
}
