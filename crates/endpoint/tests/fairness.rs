//! One connection with very much to send beside many with little: everybody's turn comes after a bounded number of the
//! other's datagrams. Counted, not timed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]

use core::net::SocketAddr;
use gamesockets_endpoint::{ConnId, Endpoint, EndpointConfig, Event, SocketId};
use gamesockets_proto::config::ConnConfig;
use gamesockets_proto::connection::ConnectionState;
use gamesockets_proto::limits::SEND_RATE_TOP;
use gamesockets_proto::message::SendFlags;
use gamesockets_wire::time::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

const QUIET: usize = 20;
/// Datagrams asked for in one call.
const BURST: usize = 48;
const NOW: SendFlags = SendFlags(SendFlags::RELIABLE.0 | SendFlags::NO_NAGLE.0);

fn server_address() -> SocketAddr {
    SocketAddr::from(([10, 0, 0, 1], 1000))
}

fn client_address(socket: SocketId) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, 2], 2000 + socket.0 as u16))
}

/// A server and 21 connections to it; the first is the chatty one.
struct World {
    now: Timestamp,
    server: Endpoint,
    clients: Endpoint,
    /// The server's ends, by the address of the other end.
    ends: BTreeMap<SocketAddr, ConnId>,
}

impl World {
    fn new() -> Self {
        let now = Timestamp::from_micros(5_000_000);
        let config = Arc::new(ConnConfig {
            send_rate_min: SEND_RATE_TOP,
            send_rate_max: SEND_RATE_TOP,
            send_buffer_size: 32 << 20,
            recv_buffer_size: 32 << 20,
            ..ConnConfig::default()
        });
        let end = |seed| Endpoint::new(EndpointConfig::default(), [seed; 32], now);
        let mut w = Self { now, server: end(1), clients: end(2), ends: BTreeMap::new() };
        w.server.listen(now, SocketId(0), server_address(), config.clone()).unwrap();
        for n in 0..=QUIET {
            w.clients.connect(now, SocketId(n as u32), server_address(), config.clone()).unwrap();
        }
        for _ in 0..300 {
            w.pass_time();
        }
        assert_eq!(w.ends.len(), QUIET + 1);
        assert!(w.ends.values().all(|id| w.server.state(*id) == ConnectionState::Connected));
        w
    }

    /// A millisecond in which everything that is to be sent arrives.
    fn pass_time(&mut self) {
        let mut buf = Vec::new();
        self.server.handle_timeout(self.now);
        self.clients.handle_timeout(self.now);
        while let Some(t) = self.server.poll_transmit(self.now, &mut buf, BURST) {
            let socket = SocketId(u32::from(t.to.port()) - 2000);
            self.clients.handle_datagrams(self.now, socket, server_address(), &mut buf, t.segment);
        }
        while let Some(t) = self.clients.poll_transmit(self.now, &mut buf, BURST) {
            let from = client_address(t.socket);
            self.server.handle_datagrams(self.now, SocketId(0), from, &mut buf, t.segment);
        }
        while let Some(event) = self.server.poll_event() {
            if let Event::StateChanged { conn, old: ConnectionState::None, info, .. } = event {
                self.server.accept(self.now, conn).unwrap();
                self.ends.insert(info.remote.unwrap(), conn);
            }
        }
        while self.clients.poll_event().is_some() {}
        self.now = self.now.plus_micros(1_000);
    }

    /// What the server sends next: to whom, and how many datagrams.
    fn burst(&mut self) -> Option<(SocketAddr, usize)> {
        let t = self.server.poll_transmit(self.now, &mut Vec::new(), BURST)?;
        Some((t.to, t.count))
    }
}

#[test]
fn a_bulk_connection_gets_one_burst_between_the_turns_of_others() {
    let mut w = World::new();
    let (chatty_at, chatty) = w.ends.pop_first().unwrap();
    for _ in 0..40 {
        w.server.send(w.now, chatty, &[7; 500_000], NOW, 0).unwrap();
    }
    let quiet = w.ends.clone();
    let mut sum = 0;
    for round in 0..5 {
        for id in quiet.values() {
            w.server.send(w.now, *id, b"position", NOW, 0).unwrap();
        }
        let (mut waiting, mut chatted, mut bursts) = (quiet.clone(), 0, 0);
        while !waiting.is_empty() {
            let (to, count) = w.burst().expect("the quiet ones have something to send");
            if to == chatty_at {
                chatted += count;
                bursts += 1;
            }
            waiting.remove(&to);
        }
        sum += chatted;
        // Nothing arrives meanwhile: what is left stays to be sent.
        w.now = w.now.plus_micros(1_000);
        w.server.handle_timeout(w.now);
        assert!(bursts <= 2 && chatted <= 2 * BURST, "round {round}: {chatted} datagrams in {bursts} bursts");
    }
    // It had more to send all the time: only the turns of the others kept it back.
    let rest = core::iter::from_fn(|| w.burst()).filter(|(to, _)| *to == chatty_at).map(|(_, count)| count);
    assert!(sum > 3 * BURST && rest.sum::<usize>() > 0, "{sum} datagrams of the chatty one");
}

#[test]
fn a_flood_that_comes_in_costs_others_no_turn() {
    let mut w = World::new();
    // Fifty times as many messages come from the first client as from each of the others.
    let all: Vec<SocketAddr> = w.ends.keys().copied().collect();
    let mut delivered: BTreeMap<SocketAddr, usize> = BTreeMap::new();
    let mut client_ids = Vec::new();
    for (n, _) in all.iter().enumerate() {
        // The clients' handles are those of their slots, in the order of connecting.
        client_ids.push(gamesockets_endpoint::slab::SlabId::from_parts(n as u32, 0));
    }
    for _ in 0..200 {
        for (n, id) in client_ids.iter().enumerate() {
            for k in 0..if n == 0 { 50 } else { 1 } {
                let flags = if k % 2 == 0 { NOW } else { SendFlags(SendFlags::NO_NAGLE.0) };
                w.clients.send(w.now, *id, b"12345678", flags, 0).unwrap();
            }
        }
        w.pass_time();
        // Whatever the flood, the messages of this millisecond are there after it.
        let mut got = Vec::new();
        for (from, id) in &w.ends {
            got.clear();
            w.server.receive(*id, &mut got, usize::MAX).unwrap();
            *delivered.entry(*from).or_default() += got.len();
            assert!(*from == all[0] || got.len() == 1, "{from}: {} messages", got.len());
        }
    }
    assert_eq!(delivered[&all[0]], 200 * 50);
    assert!(all[1..].iter().all(|a| delivered[a] == 200));
    assert!(w.ends.values().all(|id| w.server.state(*id) == ConnectionState::Connected));
}
