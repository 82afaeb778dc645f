//! `rusty_enet` (ENet; neither encryption nor authentication).
//!
//! The server tells the application on the other side every 64 KiB how much has come, so that the client can bound
//! what it queues. Setting: `window-kb=N`.

use crate::child::{ChildArgs, Parent, Scenario, measure_rtt, nanos, say, say_setups, say_window};
use bench_common::{Result, socket};
use rusty_enet::{EventNoRef as Event, Host, HostSettings, Packet, PeerID};
use std::net::UdpSocket;
use std::time::{Duration, Instant};

/// Longest sleep while something is measured: its smallest unit of time. And while nothing is.
const SLEEP: Duration = Duration::from_millis(1);
const LONG_SLEEP: Duration = Duration::from_millis(16);
/// How long a connection may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// An answer that takes longer was lost.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);
/// Peers of a host: below the library's limit.
const PEERS_MAX: usize = 4000;
/// Bytes after which the server tells how far it is, and that are sent at once where nobody tells.
const STEP: usize = 64 << 10;
/// The two channels.
const RELIABLE: u8 = 0;
const UNRELIABLE: u8 = 1;

/// A host with its socket.
struct Node {
    host: Host<UdpSocket>,
    socket: UdpSocket,
    busy: bool,
}

impl Node {
    fn new(args: &ChildArgs, peers: usize) -> Result<Self> {
        let socket = socket::bind()?;
        let watched = socket.try_clone()?;
        let start = Instant::now();
        let settings = HostSettings {
            peer_limit: peers,
            channel_limit: 2,
            // Milliseconds are all it uses; a monotonic clock is cheaper than its default.
            time: Box::new(move || start.elapsed()),
            ..Default::default()
        };
        let host = Host::new(socket, settings).map_err(|e| format!("enet: {e:?}"))?;
        Ok(Self { host, socket: watched, busy: args.is("poll", "busy") })
    }

    fn next(&mut self) -> Result<Option<Event>> {
        Ok(self.host.service().map_err(|e| format!("enet: {e:?}"))?.map(|event| event.no_ref()))
    }

    fn wait(&self, at_most: Duration) {
        if !self.busy {
            socket::wait_readable(&[&self.socket], at_most);
        }
    }

    fn connect(&mut self, args: &ChildArgs) -> Result<PeerID> {
        let id = self.host.connect(args.server(), 2, 0).map_err(|e| format!("enet: {e:?}"))?.id();
        let begin = Instant::now();
        while begin.elapsed() < CONNECT_WITHIN {
            while let Some(event) = self.next()? {
                if matches!(event, Event::Connect { peer, .. } if peer == id) {
                    return Ok(id);
                }
            }
            self.wait(SLEEP);
        }
        Err("no connection came about".into())
    }

    fn send(&mut self, to: PeerID, channel: u8, packet: &Packet) -> Result<()> {
        self.host.peer_mut(to).send(channel, packet).map_err(|e| format!("enet: {e:?}").into())
    }
}

fn packet(size: usize, reliable: bool) -> Packet {
    let bytes = vec![1u8; size];
    if reliable { Packet::reliable(bytes.as_slice()) } else { Packet::unreliable(bytes.as_slice()) }
}

pub(super) fn server(args: &ChildArgs, parent: &Parent) -> Result<()> {
    let mut node = Node::new(args, args.count.clamp(64, PEERS_MAX) + 64)?;
    say("port", node.socket.local_addr()?.port())?;
    let every = (STEP / args.size()).max(1) as u64;
    let sleep = if args.scenario == Scenario::Idle { LONG_SLEEP } else { SLEEP };
    let mut window = args.window();
    while !parent.is_over() {
        while let Some(event) = node.next()? {
            let Event::Receive { peer, channel_id, packet } = event else { continue };
            if args.scenario == Scenario::Rtt {
                node.send(peer, channel_id, &packet)?;
                continue;
            }
            window.add(1, packet.data().len() as u64);
            if args.scenario != Scenario::Unreliable && window.messages().is_multiple_of(every) {
                node.send(peer, RELIABLE, &Packet::reliable(window.messages().to_le_bytes().as_slice()))?;
            }
        }
        node.wait(sleep);
    }
    say_window(&window)
}

pub(super) fn client(args: &ChildArgs, parent: &Parent) -> Result<()> {
    match args.scenario {
        Scenario::Setup => set_up(args),
        Scenario::Idle => idle(args, parent),
        Scenario::Rtt => ping(args),
        Scenario::Reliable | Scenario::Lossy => flood(args),
        Scenario::Unreliable => pour(args),
    }
}

fn ping(args: &ChildArgs) -> Result<()> {
    let mut node = Node::new(args, 1)?;
    let id = node.connect(args)?;
    let message = packet(args.size(), false);
    measure_rtt(args, || {
        let begin = Instant::now();
        node.send(id, UNRELIABLE, &message)?;
        node.host.flush();
        while begin.elapsed() < ANSWER_WITHIN {
            let mut back = false;
            while let Some(event) = node.next()? {
                back |= matches!(event, Event::Receive { .. });
            }
            if back {
                return Ok(true);
            }
            node.wait(SLEEP);
        }
        Ok(false)
    })
}

fn flood(args: &ChildArgs) -> Result<()> {
    let mut node = Node::new(args, 1)?;
    let id = node.connect(args)?;
    let message = packet(args.size(), true);
    let window = args.number("window-kb", 1024)? * 1024;
    let (mut sent, mut taken) = (0u64, 0u64);
    let end = Instant::now() + args.send_for();
    while Instant::now() < end {
        while (sent - taken) * (args.size() as u64) < window {
            node.send(id, RELIABLE, &message)?;
            sent += 1;
        }
        while let Some(event) = node.next()? {
            match event {
                Event::Receive { packet, .. } => {
                    taken = packet.data().first_chunk().map_or(taken, |bytes| u64::from_le_bytes(*bytes));
                }
                Event::Disconnect { .. } => return Err("the connection ended".into()),
                Event::Connect { .. } => {}
            }
        }
        if (sent - taken) * (args.size() as u64) >= window {
            node.wait(SLEEP);
        }
    }
    say("tx_msgs", sent)?;
    say("lost_packets", node.host.peer(id).packets_lost())
}

/// Unreliable messages: nothing tells how many are too many, so that what goes at once is bounded instead.
fn pour(args: &ChildArgs) -> Result<()> {
    let mut node = Node::new(args, 1)?;
    let id = node.connect(args)?;
    let message = packet(args.size(), false);
    let mut sent = 0u64;
    let end = Instant::now() + args.send_for();
    while Instant::now() < end {
        for _ in 0..STEP / args.size() {
            node.send(id, UNRELIABLE, &message)?;
            sent += 1;
        }
        while node.next()?.is_some() {}
    }
    say("tx_msgs", sent)
}

fn set_up(args: &ChildArgs) -> Result<()> {
    let mut node = Node::new(args, PEERS_MAX)?;
    let (begin, mut times) = (Instant::now(), Vec::new());
    while begin.elapsed() < args.span() {
        let since = Instant::now();
        let id = node.connect(args)?;
        times.push(nanos(since.elapsed()));
        node.host.peer_mut(id).disconnect_now(0);
        node.host.flush();
    }
    say_setups(&mut times, begin.elapsed())
}

fn idle(args: &ChildArgs, parent: &Parent) -> Result<()> {
    let count = args.count.min(PEERS_MAX);
    let mut node = Node::new(args, count)?;
    let first = super::BASE.min(count);
    for _ in 0..first {
        node.connect(args)?;
    }
    say("base", first)?;
    parent.wait_line();
    for _ in first..count {
        node.connect(args)?;
    }
    say("ready", node.host.connected_peers().count())?;
    while !parent.is_over() {
        while node.next()?.is_some() {}
        node.wait(LONG_SLEEP);
    }
    Ok(())
}
