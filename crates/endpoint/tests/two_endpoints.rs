//! Two endpoints joined by a cable in memory: connecting, accepting, messages, closing, handles.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]

use core::net::SocketAddr;
use gamesockets_endpoint::types::{AcceptError, BadHandle, ConnectError};
use gamesockets_endpoint::{ConnId, Endpoint, EndpointConfig, Event, SocketId};
use gamesockets_proto::config::ConnConfig;
use gamesockets_proto::connection::ConnectionState;
use gamesockets_proto::message::SendFlags;
use gamesockets_wire::time::Timestamp;
use std::sync::Arc;

/// A server listening on one address and a client endpoint on another; nothing is lost, everything takes 1 ms.
struct World {
    now: Timestamp,
    ends: [Endpoint; 2],
    events: [Vec<Event>; 2],
}

const SERVER: usize = 0;
const CLIENT: usize = 1;

fn address(end: usize, socket: SocketId) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, end as u8 + 1], 1000 + socket.0 as u16))
}

impl World {
    fn new() -> Self {
        let now = Timestamp::from_micros(5_000_000);
        let end = |seed| Endpoint::new(EndpointConfig::default(), [seed; 32], now);
        let mut w = Self { now, ends: [end(1), end(2)], events: [Vec::new(), Vec::new()] };
        w.ends[SERVER].listen(now, SocketId(0), address(SERVER, SocketId(0)), Arc::default()).unwrap();
        w
    }

    fn run(&mut self, us: u64) {
        let end = self.now.plus_micros(us);
        while self.now < end {
            let mut moved = Vec::new();
            for (i, e) in self.ends.iter_mut().enumerate() {
                e.handle_timeout(self.now);
                let mut buf = Vec::new();
                while let Some(t) = e.poll_transmit(self.now, &mut buf, 16) {
                    assert_eq!(t.len, buf.len());
                    moved.push((i, t, buf.clone()));
                }
                self.events[i].extend(core::iter::from_fn(|| e.poll_event()));
            }
            self.now = self.now.plus_micros(1_000);
            for (from, t, mut data) in moved {
                let source = address(from, t.socket);
                let to = SocketId(u32::from(t.to.port()) - 1000);
                self.ends[1 - from].handle_datagrams(self.now, to, source, &mut data, t.segment);
            }
        }
    }

    fn connect(&mut self, socket: u32) -> ConnId {
        let to = address(SERVER, SocketId(0));
        self.ends[CLIENT].connect(self.now, SocketId(socket), to, Arc::default()).unwrap()
    }

    /// The connection that waits to be accepted.
    fn incoming(&self) -> ConnId {
        let waiting = |e: &Event| match e {
            Event::StateChanged { conn, old: ConnectionState::None, .. } => Some(*conn),
            _ => None,
        };
        self.events[SERVER].iter().rev().find_map(waiting).unwrap()
    }
}

#[test]
fn connect_accept_talk_close() {
    let mut w = World::new();
    let c = w.connect(7);
    w.run(100_000);
    let s = w.incoming();
    assert_eq!(w.ends[CLIENT].state(c), ConnectionState::Connecting, "not before it is accepted");
    w.ends[SERVER].accept(w.now, s).unwrap();
    w.run(20_000);
    assert_eq!(w.ends[CLIENT].state(c), ConnectionState::Connected);
    let now = w.now;
    assert!(matches!(w.ends[SERVER].accept(now, s), Err(AcceptError::Refused(_))));
    assert!(matches!(w.ends[CLIENT].accept(now, c), Err(AcceptError::Refused(_))));
    for (end, id) in [(CLIENT, c), (SERVER, s)] {
        let flags = SendFlags::RELIABLE | SendFlags::NO_NAGLE;
        assert_eq!(w.ends[end].send(now, id, b"hello", flags, 0), Ok(1));
    }
    w.run(20_000);
    for (end, id) in [(CLIENT, c), (SERVER, s)] {
        assert_eq!(w.ends[end].poll_readable(), Some(id));
        let mut got = Vec::new();
        assert_eq!(w.ends[end].receive(id, &mut got, 10), Ok(1));
        assert_eq!((&*got[0].payload, got[0].number), (&b"hello"[..], 1));
    }
    w.ends[CLIENT].close(w.now, c, 1500, "done", false).unwrap();
    assert_eq!(w.ends[CLIENT].info(c), Err(BadHandle), "a closed handle is recognised");
    w.run(20_000);
    let info = w.ends[SERVER].info(s).unwrap();
    assert_eq!((info.state, info.end_reason.0), (ConnectionState::ClosedByPeer, 1500));
    assert_eq!(info.end_debug, "done");
    w.ends[SERVER].close(w.now, s, 0, "", false).unwrap();
    w.run(6_000_000);
    assert_eq!([w.ends[0].connection_count(), w.ends[1].connection_count()], [0, 0]);
    let gone = |e: &Event| matches!(e, Event::SocketUnused { socket: SocketId(7) });
    assert!(w.events[CLIENT].iter().any(gone), "the client's socket is free");
}

#[test]
fn an_unaccepted_connection_times_out_on_both_sides() {
    let mut w = World::new();
    let c = w.connect(7);
    w.run(11_000_000);
    let s = w.incoming();
    for (end, id) in [(CLIENT, c), (SERVER, s)] {
        let info = w.ends[end].info(id).unwrap();
        assert_eq!(info.end_reason.0, 5003, "{}", info.end_debug);
    }
}

#[test]
fn pairs_of_both_kinds_talk() {
    let mut w = World::new();
    let id = gamesockets_wire::identity::Identity::localhost;
    let e = &mut w.ends[CLIENT];
    let [a, b] = e.create_pair_memory(w.now, [id(), id()], &ConnConfig::default()).unwrap();
    let big = vec![7u8; 300_000];
    e.send(w.now, a, &big, SendFlags::RELIABLE, 0).unwrap();
    e.send(w.now, b, b"x", SendFlags::UNRELIABLE, 0).unwrap();
    w.run(50_000);
    let (mut at_a, mut at_b) = (Vec::new(), Vec::new());
    let e = &mut w.ends[CLIENT];
    e.receive(a, &mut at_a, 9).unwrap();
    e.receive(b, &mut at_b, 9).unwrap();
    assert_eq!((at_a.len(), at_b.len()), (1, 1));
    assert_eq!(at_b[0].payload, big);
    e.close(w.now, a, 0, "", false).unwrap();
    w.run(10_000);
    assert_eq!(w.ends[CLIENT].state(b), ConnectionState::ClosedByPeer);
}

#[test]
fn bad_arguments_get_typed_errors() {
    let mut w = World::new();
    let c = w.connect(7);
    let now = w.now;
    let e = &mut w.ends[CLIENT];
    let to = address(SERVER, SocketId(0));
    assert_eq!(e.connect(now, SocketId(7), to, Arc::default()), Err(ConnectError::AddressInUse(to)));
    let no_port = SocketAddr::from(([1, 2, 3, 4], 0));
    assert_eq!(e.connect(now, SocketId(8), no_port, Arc::default()), Err(ConnectError::NoPort));
    let strict = ConnConfig { ip_allow_without_auth: 0, ..ConnConfig::default() };
    assert_eq!(e.connect(now, SocketId(8), to, Arc::new(strict)), Err(ConnectError::NoCertificate));
    assert!(e.configure_lanes(now, c, &[]).is_err());
    assert!(e.send(now, c, b"x", SendFlags::RELIABLE, 1).is_err(), "lane 1 does not exist");
    assert!(e.send(now, c, &vec![0; 600_000], SendFlags::RELIABLE, 0).is_err());
    assert!(e.send(now, c, b"x", SendFlags(5), 0).is_err(), "no-delay while connecting");
    assert_eq!(e.send(now, c, b"x", SendFlags(0), 0), Ok(1), "queued while connecting");
}

/// Found by a simulated world: an answer to a stranger's datagram waited while its socket was given back.
#[test]
fn no_answer_leaves_over_a_socket_that_was_given_back() {
    let mut w = World::new();
    let now = w.now;
    let client = &mut w.ends[CLIENT];
    let c = client.connect(now, SocketId(7), address(SERVER, SocketId(0)), Arc::default()).unwrap();
    client.close(now, c, 0, "", false).unwrap();
    // A packet of an earlier connection, which deserves an answer: lead byte, id, number, time field, sealed rest.
    let mut stale = vec![0x80, 4, 0, 3, 0, 1, 0, 0, 0];
    stale.resize(64, 0x5a);
    let (mut given_back, mut answers) = (false, 0);
    for step in 0..60 {
        let now = now.plus_micros(step * 300_000);
        client.handle_datagrams(now, SocketId(7), address(SERVER, SocketId(0)), &mut stale.clone(), 64);
        client.handle_timeout(now);
        while let Some(event) = client.poll_event() {
            given_back |= matches!(event, Event::SocketUnused { socket: SocketId(7) });
        }
        let mut buf = Vec::new();
        while let Some(t) = client.poll_transmit(now, &mut buf, 1) {
            assert!(!given_back, "{} bytes to {} after the socket was given back", t.len, t.to);
            answers += 1;
        }
    }
    assert!(given_back && answers > 0);
}
