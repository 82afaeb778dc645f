//! gamesockets, as somebody who cares about speed uses it: the application's thread runs the library's loop.
//!
//! Settings: `rate=N` a fixed rate in bytes per second; `rate=auto` estimates it between 64 KiB/s and no limit;
//! without it there is no limit. `poll=busy`: the loop never sleeps.

use crate::child::{ChildArgs, Parent, Scenario, measure_rtt, nanos, say, say_setups, say_window};
use bench_common::process::allow_sockets;
use bench_common::{Error, Result};
use gamesockets::config::{ConfigKey, ConfigValue, Scope};
use gamesockets::{Connection, ConnectionState, Context, Event, Message, PollGroup, SendError, SendFlags};
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

/// The rate that means no limit, bytes per second.
const NO_LIMIT: u64 = 1 << 28;
/// The floor of an estimated rate.
const FLOOR: u64 = 64 << 10;
/// Bytes that wait to be sent: on loopback, and where they stay until an answer has come from far away.
const SEND_BUFFER: i32 = 8 << 20;
const SEND_BUFFER_FAR: i32 = 64 << 20;
/// Bytes and messages that wait to be read.
const RECV_BUFFER: i32 = 64 << 20;
const RECV_MESSAGES: i32 = 1_000_000;
/// Connections of one process.
const CONNECTIONS_MAX: usize = 100_000;
/// Bytes handed over before the loop gets its turn.
const TURN_BYTES: usize = 64 << 10;
/// Longest sleep while something is to be measured, and while nothing is.
const SLEEP: Duration = Duration::from_millis(20);
const LONG_SLEEP: Duration = Duration::from_millis(250);
/// Sleep of a sender whose buffer is full: room comes with an answer, which wakes it.
const FULL_SLEEP: Duration = Duration::from_millis(1);
/// An answer that takes longer was lost.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);
/// How long a connection may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(15);

/// A context, and what has become of its connections.
struct Node {
    context: Context,
    group: PollGroup,
    inbox: Vec<Message>,
    open: usize,
    ended: Option<String>,
    sleep: Duration,
}

impl Node {
    fn new(args: &ChildArgs) -> Result<Self> {
        let context = Context::builder().manual_poll(true).connections_max(CONNECTIONS_MAX).build()?;
        let (low, high) = match args.text("rate") {
            Some("auto") => (FLOOR, NO_LIMIT),
            Some(_) => (args.number("rate", 0)?, args.number("rate", 0)?),
            None => (NO_LIMIT, NO_LIMIT),
        };
        let far = args.scenario == Scenario::Lossy;
        let settings = [
            (ConfigKey::SendRateMin, i32::try_from(low)?),
            (ConfigKey::SendRateMax, i32::try_from(high)?),
            (ConfigKey::SendBufferSize, if far { SEND_BUFFER_FAR } else { SEND_BUFFER }),
            (ConfigKey::RecvBufferSize, RECV_BUFFER),
            (ConfigKey::RecvBufferMessages, RECV_MESSAGES),
        ];
        for (key, value) in settings {
            context.set_config(Scope::Global, key, Some(ConfigValue::Int32(value)))?;
        }
        let group = context.create_poll_group()?;
        let sleep = match args.scenario {
            _ if args.is("poll", "busy") => Duration::ZERO,
            Scenario::Idle => LONG_SLEEP,
            _ => SLEEP,
        };
        Ok(Self { context, group, inbox: Vec::new(), open: 0, ended: None, sleep })
    }

    /// One turn of the loop: accepts whoever comes; what was received is in `inbox`.
    fn turn(&mut self, at_most: Duration) -> Result<()> {
        self.context.poll(at_most)?;
        for event in self.context.poll_events() {
            let Event::ConnectionStatusChanged { connection, listener, old, new, info, .. } = event else {
                continue;
            };
            match new {
                ConnectionState::Connecting if listener.is_some() => {
                    connection.set_poll_group(Some(&self.group))?;
                    // One that has left in the meantime ends by itself.
                    let _ = connection.accept();
                }
                ConnectionState::Connected => self.open += 1,
                ConnectionState::ClosedByPeer | ConnectionState::ProblemDetectedLocally => {
                    self.open -= usize::from(old == ConnectionState::Connected);
                    self.ended =
                        Some(format!("a connection ended: {} {}", info.end_reason.0, info.end_debug));
                    let _ = connection.close(0, "", false);
                }
                _ => {}
            }
        }
        self.inbox.clear();
        self.group.receive_into(&mut self.inbox, usize::MAX)?;
        Ok(())
    }

    /// No connection has ended.
    fn all_well(&self) -> Result<()> {
        self.ended.as_ref().map_or(Ok(()), |why| Err(Error::from(why.clone())))
    }

    fn connect(&self, args: &ChildArgs) -> Result<Connection> {
        let connection = self.context.connect(args.server())?;
        connection.set_poll_group(Some(&self.group))?;
        Ok(connection)
    }

    fn connected(&mut self, args: &ChildArgs) -> Result<Connection> {
        let connection = self.connect(args)?;
        let begin = Instant::now();
        while connection.state() != ConnectionState::Connected {
            self.turn(self.sleep)?;
            self.all_well()?;
            if begin.elapsed() > CONNECT_WITHIN {
                return Err("no connection came about".into());
            }
        }
        Ok(connection)
    }
}

pub(super) fn server(args: &ChildArgs, parent: &Parent) -> Result<()> {
    let mut node = Node::new(args)?;
    let listener = node.context.listen((Ipv4Addr::LOCALHOST, 0).into())?;
    say("port", listener.local_addr().port())?;
    let mut window = args.window();
    while !parent.is_over() {
        node.turn(node.sleep)?;
        if args.scenario == Scenario::Rtt {
            for message in &node.inbox {
                if let Some(connection) = node.context.connection(message.connection()) {
                    // One that is gone by now needs no answer.
                    let _ = connection.send_owned(message.payload().clone(), SendFlags::NO_NAGLE, 0);
                }
            }
        } else if !node.inbox.is_empty() {
            let bytes: usize = node.inbox.iter().map(|message| message.payload().len()).sum();
            window.add(node.inbox.len() as u64, bytes as u64);
        }
    }
    if let Some(why) = &node.ended {
        eprintln!("{why}");
    }
    say_window(&window)
}

pub(super) fn client(args: &ChildArgs, parent: &Parent) -> Result<()> {
    let node = Node::new(args)?;
    match args.scenario {
        Scenario::Reliable | Scenario::Lossy => flood(args, node, SendFlags::RELIABLE),
        Scenario::Unreliable => flood(args, node, SendFlags::UNRELIABLE),
        Scenario::Rtt => ping(args, node),
        Scenario::Setup => set_up(args, node),
        Scenario::Idle => idle(args, node, parent),
    }
}

fn flood(args: &ChildArgs, mut node: Node, flags: SendFlags) -> Result<()> {
    let connection = node.connected(args)?;
    let message = vec![0x5a; args.size()];
    let mut sent = 0u64;
    let end = Instant::now() + args.send_for();
    while Instant::now() < end {
        let mut full = false;
        for _ in 0..(TURN_BYTES / args.size()).max(1) {
            match connection.send(&message, flags) {
                Ok(_) => sent += 1,
                Err(SendError::LimitExceeded { .. }) => {
                    full = true;
                    break;
                }
                Err(e) => return Err(e.into()),
            }
        }
        node.turn(if full { FULL_SLEEP } else { Duration::ZERO })?;
        node.all_well()?;
    }
    if let Ok(status) = connection.status() {
        say("ping_ms", status.ping_ms)?;
        say("send_rate_MB", f64::from(status.send_rate_bytes_per_sec) / 1e6)?;
    }
    say("tx_msgs", sent)
}

fn ping(args: &ChildArgs, mut node: Node) -> Result<()> {
    let connection = node.connected(args)?;
    let message = vec![0x5a; args.size()];
    measure_rtt(args, || {
        let begin = Instant::now();
        connection.send(&message, SendFlags::NO_NAGLE)?;
        loop {
            node.turn(node.sleep)?;
            if !node.inbox.is_empty() {
                return Ok(true);
            }
            node.all_well()?;
            if begin.elapsed() > ANSWER_WITHIN {
                return Ok(false);
            }
        }
    })
}

fn set_up(args: &ChildArgs, mut node: Node) -> Result<()> {
    allow_sockets(args.concurrency * 8)?;
    let mut attempts = Vec::new();
    for _ in 0..args.concurrency {
        attempts.push((Instant::now(), node.connect(args)?));
    }
    let (begin, mut times) = (Instant::now(), Vec::new());
    while begin.elapsed() < args.span() {
        node.turn(SLEEP)?;
        node.all_well()?;
        for (since, connection) in &mut attempts {
            if connection.state() == ConnectionState::Connected {
                times.push(nanos(since.elapsed()));
                let _ = connection.close(0, "", false);
                (*since, *connection) = (Instant::now(), node.connect(args)?);
            }
        }
    }
    say_setups(&mut times, begin.elapsed())
}

fn idle(args: &ChildArgs, mut node: Node, parent: &Parent) -> Result<()> {
    allow_sockets(args.count)?;
    let mut all = Vec::with_capacity(args.count);
    let first = super::BASE.min(args.count);
    open(args, &mut node, &mut all, first)?;
    say("base", node.open)?;
    while !parent.has_line() {
        node.turn(SLEEP)?;
    }
    open(args, &mut node, &mut all, args.count)?;
    say("ready", node.open)?;
    while !parent.is_over() {
        node.turn(LONG_SLEEP)?;
    }
    say("still_open", node.open)
}

/// Opens connections until there are `count`, some at a time.
fn open(args: &ChildArgs, node: &mut Node, all: &mut Vec<Connection>, count: usize) -> Result<()> {
    let mut progress = (Instant::now(), node.open);
    while node.open < count {
        while all.len() < count && all.len() < node.open + args.concurrency.max(1) {
            all.push(node.connect(args)?);
        }
        node.turn(SLEEP)?;
        node.all_well()?;
        if node.open > progress.1 {
            progress = (Instant::now(), node.open);
        }
        if progress.0.elapsed() > CONNECT_WITHIN {
            return Err(format!("only {} of {count} connections came about", node.open).into());
        }
    }
    Ok(())
}
