//! GameNetworkingSockets through its flat C interface: the library that `GAMESOCKETS_GNS_LIB` names.
//!
//! It has a thread of its own and no call that waits, so the application looks again and again: after a short sleep,
//! or with `poll=busy` without one. Setting `rate=N`: the fixed rate in bytes per second; without it the highest;
//! `buffer-kb=N`: what may wait to be sent.

mod ffi;

use super::GNS_VARIABLE;
use crate::child::{ChildArgs, Parent, Scenario, measure_rtt, nanos, say, say_setups, say_window};
use bench_common::process::allow_sockets;
use bench_common::{Result, socket};
use ffi::{Gns, Sent};
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// The library's numbers of settings.
const TIMEOUT_INITIAL: i32 = 24;
const SEND_BUFFER: i32 = 9;
const SEND_RATE_MIN: i32 = 10;
const SEND_RATE_MAX: i32 = 11;
const RECV_BUFFER: i32 = 47;
const RECV_MESSAGES: i32 = 48;
const RECV_MESSAGE_MAX: i32 = 49;
/// Flags of a message.
const UNRELIABLE: i32 = 0;
const NO_NAGLE: i32 = 1;
const RELIABLE: i32 = 8;
/// States of a connection.
const CONNECTING: i32 = 1;
const CONNECTED: i32 = 3;
const CLOSED_BY_PEER: i32 = 4;
const PROBLEM: i32 = 5;
/// The highest rate that can be set, bytes per second.
const RATE_MAX: u64 = 1 << 28;
/// Bytes that wait to be sent on loopback: more only makes its lists longer.
const SEND_BYTES: u64 = 1 << 20;
/// The same where they stay until an answer has come from far away.
const SEND_BYTES_FAR: u64 = 64 << 20;
/// Bytes, messages, and bytes of one message that wait to be read.
const RECV_BYTES: i32 = 64 << 20;
const RECV_COUNT: i32 = 1_000_000;
const MESSAGE_BYTES: i32 = 1 << 20;
/// Messages handed over before it is looked at what came.
const TURN_BYTES: usize = 64 << 10;
/// Sleep between two looks: while something is measured, and while nothing is.
const SLEEP: Duration = Duration::from_micros(20);
const LONG_SLEEP: Duration = Duration::from_millis(100);
/// Sleep of a sender whose buffer is full.
const FULL_SLEEP: Duration = Duration::from_micros(200);
/// An answer that takes longer was lost.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);
/// How long a connection may take, in ms, and how long may pass without one that comes about.
const CONNECT_MS: i32 = 10_000;
const CONNECT_WITHIN: Duration = Duration::from_secs(15);

/// The library, and what has become of its connections.
struct Node {
    gns: Gns,
    /// Those that came about since they were last asked for.
    news: Vec<u32>,
    open: usize,
    ended: Option<String>,
    sleep: Duration,
}

impl Node {
    fn new(args: &ChildArgs) -> Result<Self> {
        let path =
            std::env::var_os(GNS_VARIABLE).ok_or_else(|| format!("{GNS_VARIABLE} names no library"))?;
        let gns = Gns::start(&path)?;
        let rate = i32::try_from(args.number("rate", RATE_MAX)?)?;
        let buffer = if args.scenario == Scenario::Lossy { SEND_BYTES_FAR } else { SEND_BYTES };
        let buffer = i32::try_from(args.number("buffer-kb", buffer >> 10)? << 10)?;
        let settings = [
            (TIMEOUT_INITIAL, CONNECT_MS),
            (SEND_RATE_MIN, rate),
            (SEND_RATE_MAX, rate),
            (SEND_BUFFER, buffer),
            (RECV_BUFFER, RECV_BYTES),
            (RECV_MESSAGES, RECV_COUNT),
            (RECV_MESSAGE_MAX, MESSAGE_BYTES),
        ];
        for (key, value) in settings {
            gns.configure(key, value)?;
        }
        let sleep = match args.scenario {
            _ if args.is("poll", "busy") => Duration::ZERO,
            Scenario::Idle => LONG_SLEEP,
            _ => SLEEP,
        };
        Ok(Self { gns, news: Vec::new(), open: 0, ended: None, sleep })
    }

    /// Accepts whoever comes, closes what ended.
    fn look(&mut self) {
        for change in self.gns.changes() {
            match change.new {
                // One that has left in the meantime ends by itself.
                CONNECTING if change.listener != 0 => drop(self.gns.accept(change.connection)),
                CONNECTED => {
                    self.open += 1;
                    self.news.push(change.connection);
                }
                CLOSED_BY_PEER | PROBLEM => {
                    self.open -= usize::from(change.old == CONNECTED);
                    self.ended = Some(format!("a connection ended: {} {}", change.reason, change.text));
                    self.gns.close(change.connection);
                }
                _ => {}
            }
        }
    }

    fn rest(&self, sleep: Duration) {
        if sleep > Duration::ZERO {
            std::thread::sleep(sleep);
        }
    }

    fn all_well(&self) -> Result<()> {
        self.ended.as_ref().map_or(Ok(()), |why| Err(why.clone().into()))
    }

    fn connected(&mut self, args: &ChildArgs) -> Result<u32> {
        let id = self.gns.connect(args.server())?;
        let begin = Instant::now();
        while self.open == 0 {
            self.look();
            self.all_well()?;
            self.rest(SLEEP);
            if begin.elapsed() > CONNECT_WITHIN {
                return Err("no connection came about".into());
            }
        }
        Ok(id)
    }
}

pub(in crate::libraries) fn server(args: &ChildArgs, parent: &Parent) -> Result<()> {
    let mut node = Node::new(args)?;
    // The library refuses port 0: take one that is free just now.
    let address = socket::bind()?.local_addr()?;
    node.gns.listen(address)?;
    say("port", address.port())?;
    let echo = args.scenario == Scenario::Rtt;
    let mut window = args.window();
    while !parent.is_over() {
        node.look();
        let (mut messages, mut bytes) = (0, 0);
        node.gns.receive(|from, data| {
            messages += 1;
            bytes += data.len() as u64;
            if echo {
                // One that is gone by now needs no answer.
                let _ = node.gns.send(from, data, UNRELIABLE | NO_NAGLE);
            }
        });
        if messages > 0 {
            window.add(messages, bytes);
        } else {
            node.rest(node.sleep);
        }
    }
    if let Some(why) = &node.ended {
        eprintln!("{why}");
    }
    say_window(&window)
}

pub(in crate::libraries) fn client(args: &ChildArgs, parent: &Parent) -> Result<()> {
    let node = Node::new(args)?;
    match args.scenario {
        Scenario::Reliable | Scenario::Lossy => flood(args, node, RELIABLE),
        Scenario::Unreliable => flood(args, node, UNRELIABLE),
        Scenario::Rtt => ping(args, node),
        Scenario::Setup => set_up(args, node),
        Scenario::Idle => idle(args, node, parent),
    }
}

fn flood(args: &ChildArgs, mut node: Node, flags: i32) -> Result<()> {
    let id = node.connected(args)?;
    let message = vec![0x5a; args.size()];
    let mut sent = 0u64;
    let end = Instant::now() + args.send_for();
    while Instant::now() < end {
        let mut full = false;
        for _ in 0..(TURN_BYTES / args.size()).max(1) {
            match node.gns.send(id, &message, flags) {
                Sent::Yes => sent += 1,
                Sent::Full => {
                    full = true;
                    break;
                }
                Sent::Refused(number) => {
                    node.look();
                    node.all_well()?;
                    return Err(format!("the library refuses a message: {number}").into());
                }
            }
        }
        node.look();
        node.all_well()?;
        if full {
            node.rest(FULL_SLEEP);
        }
    }
    say("tx_msgs", sent)
}

fn ping(args: &ChildArgs, mut node: Node) -> Result<()> {
    let id = node.connected(args)?;
    let message = vec![0x5a; args.size()];
    measure_rtt(args, || {
        let begin = Instant::now();
        if node.gns.send(id, &message, UNRELIABLE | NO_NAGLE) != Sent::Yes {
            node.look();
            node.all_well()?;
        }
        loop {
            if node.gns.receive(|_, _| ()) > 0 {
                return Ok(true);
            }
            if begin.elapsed() > ANSWER_WITHIN {
                node.look();
                node.all_well()?;
                return Ok(false);
            }
            node.rest(node.sleep);
        }
    })
}

fn set_up(args: &ChildArgs, mut node: Node) -> Result<()> {
    allow_sockets(args.concurrency * 8)?;
    let mut attempts = HashMap::new();
    for _ in 0..args.concurrency {
        attempts.insert(node.gns.connect(args.server())?, Instant::now());
    }
    let (begin, mut times) = (Instant::now(), Vec::new());
    while begin.elapsed() < args.span() {
        node.look();
        node.all_well()?;
        for id in std::mem::take(&mut node.news) {
            let Some(since) = attempts.remove(&id) else { continue };
            times.push(nanos(since.elapsed()));
            node.gns.close(id);
            attempts.insert(node.gns.connect(args.server())?, Instant::now());
        }
        node.rest(SLEEP);
    }
    say_setups(&mut times, begin.elapsed())
}

fn idle(args: &ChildArgs, mut node: Node, parent: &Parent) -> Result<()> {
    allow_sockets(args.count)?;
    let mut started = 0;
    open(args, &mut node, &mut started, super::BASE.min(args.count))?;
    say("base", node.open)?;
    while !parent.has_line() {
        node.look();
        node.rest(LONG_SLEEP);
    }
    open(args, &mut node, &mut started, args.count)?;
    say("ready", node.open)?;
    while !parent.is_over() {
        node.look();
        node.gns.receive(|_, _| ());
        node.rest(LONG_SLEEP);
    }
    say("still_open", node.open)
}

/// Opens connections until there are `count`, some at a time.
fn open(args: &ChildArgs, node: &mut Node, started: &mut usize, count: usize) -> Result<()> {
    let mut progress = (Instant::now(), node.open);
    while node.open < count {
        while *started < count && *started < node.open + args.concurrency.max(1) {
            node.gns.connect(args.server())?;
            *started += 1;
        }
        node.look();
        node.all_well()?;
        node.rest(SLEEP);
        if node.open > progress.1 {
            progress = (Instant::now(), node.open);
        }
        if progress.0.elapsed() > CONNECT_WITHIN {
            return Err(format!("only {} of {count} connections came about", node.open).into());
        }
    }
    Ok(())
}
