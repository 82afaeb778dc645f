//! Two connections over a link in memory: the handshake, messages of all sizes, loss, closing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]

use bytes::Bytes;
use core::net::SocketAddr;
use gamesockets_crypto::cert::{LocalCertificate, TrustStore};
use gamesockets_crypto::rng::Rng;
use gamesockets_proto::config::ConnConfig;
use gamesockets_proto::connection::{Connection, ConnectionState, Env, Setup};
use gamesockets_proto::handshake::{MessageFields, claimed_identity};
use gamesockets_proto::message::{Gauges, Message, SendFlags};
use gamesockets_proto::snp::send::{LaneConfig, Outbox};
use gamesockets_wire::datagram::Control;
use gamesockets_wire::identity::Identity;
use gamesockets_wire::msg;
use gamesockets_wire::time::Timestamp;
use std::sync::Arc;

const DELAY_US: u64 = 20_000;

/// One end: a connection, its outbox, and what it received.
struct End {
    conn: Connection,
    outbox: Outbox,
    got: Vec<Message>,
}

impl End {
    fn send(&mut self, now: Timestamp, data: &[u8], flags: SendFlags, lane: u16) -> u64 {
        self.outbox.grow_lanes(self.conn.lane_count());
        let limits = self.conn.send_limits();
        let n = self.outbox.send(now, data, flags, lane, &limits).unwrap();
        self.conn.absorb(&mut self.outbox);
        n
    }

    fn take(&mut self) {
        let mut new = Vec::new();
        self.conn.take_messages(&mut new);
        for m in new {
            self.conn.gauges().on_read(1, m.payload.len() as u64);
            self.got.push(m);
        }
    }
}

struct Pair {
    now: Timestamp,
    ends: [End; 2],
    /// Datagrams on their way: arrival, destination, bytes.
    wire: Vec<(u64, usize, Vec<u8>)>,
    rng: Rng,
    trust: TrustStore,
    loss: f64,
    datagrams: [usize; 2],
}

fn address(i: usize) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, i as u8 + 1], 1000))
}

fn setup(id: u32, cert: &Arc<LocalCertificate>, config: &ConnConfig) -> Setup {
    Setup { local_id: id, cert: cert.clone(), config: Arc::new(*config), gauges: Gauges::new() }
}

impl Pair {
    /// A client and a server that has accepted; both connected.
    fn connected(config: ConnConfig, loss: f64) -> Self {
        let mut rng = Rng::new([7; 32]);
        let trust = TrustStore::default();
        let identity = |name: &str| Identity::string(name).unwrap();
        let certs =
            ["alice", "bob"].map(|n| Arc::new(LocalCertificate::self_signed(&mut rng, &identity(n), 0)));
        let now = Timestamp::from_micros(1_000_000);
        let mut env = Env { trust: &trust, app_id: 0, unix_now: 0, allow_unsigned: true, rng: &mut rng };
        let mut client = Connection::outgoing(&mut env, now, setup(0x0001_0001, &certs[0], &config));
        // The stateless part of a listen socket, by hand.
        let mut out = Vec::new();
        client.poll_transmit(now, &mut out, 1).unwrap();
        let reply = Control::ChallengeReply(msg::ChallengeReply {
            connection_id: Some(0x0001_0001),
            challenge: Some(42),
            your_timestamp: None,
            protocol_version: Some(13),
        });
        let mut bytes = Vec::new();
        reply.encode(&mut bytes);
        client.handle_datagram(&env, now, address(1), &mut bytes).unwrap();
        out.clear();
        client.poll_transmit(now, &mut out, 1).unwrap();
        let Ok(Control::ConnectRequest(request)) = Control::decode(&out) else { panic!("no request") };
        assert_eq!(request.challenge, Some(42));
        let claimed =
            claimed_identity(request.cert.as_ref(), MessageFields::from(&request), address(0)).unwrap();
        let mut server =
            Connection::incoming(&mut env, now, setup(0x0002_0002, &certs[1], &config), &request, claimed)
                .unwrap();
        server.accept(&mut env, now).unwrap();
        let ends = [client, server].map(|conn| End { conn, outbox: Outbox::new(), got: Vec::new() });
        let mut pair = Self { now, ends, wire: Vec::new(), rng, trust, loss: 0.0, datagrams: [0; 2] };
        pair.run_until(|p| p.ends.iter().all(|e| e.conn.state() == ConnectionState::Connected));
        pair.loss = loss;
        pair
    }

    fn flush(&mut self) {
        for i in 0..2 {
            let mut out = Vec::new();
            while let Some(burst) = self.ends[i].conn.poll_transmit(self.now, &mut out, 10) {
                assert!(burst.count <= 10 && burst.segment <= 1300);
                assert_eq!(out.chunks(burst.segment).count(), burst.count);
                for d in out.chunks(burst.segment) {
                    self.datagrams[i] += 1;
                    if !self.rng.chance(self.loss) {
                        self.wire.push((self.now.as_micros() + DELAY_US, 1 - i, d.to_vec()));
                    }
                }
                out.clear();
            }
        }
    }

    fn step(&mut self) {
        self.flush();
        let arrival = self.wire.iter().map(|w| w.0).min();
        let timer = self.ends.iter_mut().filter_map(|e| e.conn.poll_timeout()).map(|t| t.0.as_micros()).min();
        let next = arrival.into_iter().chain(timer).min().unwrap_or(self.now.as_micros() + 1_000_000);
        self.now = Timestamp::from_micros(next.max(self.now.as_micros()));
        let due: Vec<_> = self.wire.extract_if(.., |w| w.0 <= self.now.as_micros()).collect();
        for (_, to, mut bytes) in due {
            let env =
                Env { trust: &self.trust, app_id: 0, unix_now: 0, allow_unsigned: true, rng: &mut self.rng };
            let _ = self.ends[to].conn.handle_datagram(&env, self.now, address(1 - to), &mut bytes);
        }
        for e in &mut self.ends {
            e.conn.handle_timeout(self.now);
            e.take();
        }
    }

    fn run_until(&mut self, done: impl Fn(&Self) -> bool) {
        for _ in 0..2_000_000 {
            if done(self) {
                return;
            }
            self.step();
        }
        panic!(
            "never happened; now {:?}, states {:?}",
            self.now,
            self.ends.each_ref().map(|e| e.conn.state())
        );
    }

    fn run_for(&mut self, us: u64) {
        let end = self.now.as_micros() + us;
        self.run_until(|p| p.now.as_micros() >= end);
    }
}

fn content(n: usize, len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * 31 + n * 7) as u8).collect()
}

fn fast() -> ConnConfig {
    ConnConfig {
        send_rate_min: 8 << 20,
        send_rate_max: 8 << 20,
        send_buffer_size: 16 << 20,
        ..ConnConfig::default()
    }
}

#[test]
fn the_handshake_names_both_sides() {
    let p = Pair::connected(ConnConfig::default(), 0.0);
    assert_eq!(p.ends[0].conn.remote_identity().to_string(), "str:bob");
    assert_eq!(p.ends[1].conn.remote_identity().to_string(), "str:alice");
    assert!(p.ends[0].conn.is_encrypted());
}

#[test]
fn reliable_messages_of_all_sizes_arrive_in_order_despite_loss() {
    for loss in [0.0, 0.05, 0.3] {
        let mut p = Pair::connected(fast(), loss);
        let sizes = [0, 1, 31, 32, 33, 1000, 1232, 5000, 70_000, 512 * 1024, 3, 0, 200_000];
        for (n, size) in sizes.iter().enumerate() {
            let now = p.now;
            assert_eq!(p.ends[0].send(now, &content(n, *size), SendFlags::RELIABLE, 0), n as u64 + 1);
        }
        p.run_until(|p| p.ends[1].got.len() == sizes.len());
        for (n, (m, size)) in p.ends[1].got.iter().zip(sizes).enumerate() {
            assert_eq!((m.number, m.lane, m.reliable), (n as u64 + 1, 0, true));
            assert_eq!(m.payload, Bytes::from(content(n, size)), "message {n}");
        }
        p.run_until(|p| p.ends[0].conn.gauges().send_pending.load(std::sync::atomic::Ordering::Relaxed) == 0);
        p.run_for(2_000_000);
        let status = {
            let now = p.now;
            p.ends[0].conn.status(now)
        };
        assert_eq!((status.pending_reliable, status.sent_unacked_reliable), (0, 0), "loss {loss}");
        assert!((40..=60).contains(&status.ping_ms), "ping {} ms", status.ping_ms);
    }
}

#[test]
fn mixed_kinds_on_lanes_keep_their_numbers() {
    let mut p = Pair::connected(fast(), 0.0);
    let lanes = [(0, 1), (5, 1), (5, 3), (9, 1)].map(|(priority, weight)| LaneConfig { priority, weight });
    let now = p.now;
    p.ends[0].conn.configure_lanes(now, &lanes).unwrap();
    let mut sent = Vec::new();
    for n in 0..400usize {
        let lane = (n * 7 % 4) as u16;
        let flags = if n % 3 == 0 { SendFlags::RELIABLE } else { SendFlags::UNRELIABLE };
        let data = content(n, n * 37 % 4000);
        let now = p.now;
        let number = p.ends[0].send(now, &data, flags, lane);
        sent.push((lane, number, data));
    }
    p.run_until(|p| p.ends[1].got.len() == sent.len());
    let mut got: Vec<_> = p.ends[1].got.iter().map(|m| (m.lane, m.number, m.payload.to_vec())).collect();
    got.sort();
    sent.sort();
    assert!(got == sent, "some message differs");
}

#[test]
fn closing_tells_the_peer_and_lingering_delivers() {
    let mut p = Pair::connected(fast(), 0.1);
    let now = p.now;
    for n in 0..50 {
        p.ends[0].send(now, &content(n, 3000), SendFlags::RELIABLE, 0);
    }
    p.ends[0].conn.close(now, 1234, "see you", true);
    assert_eq!(p.ends[0].conn.state(), ConnectionState::None);
    p.run_until(|p| p.ends[1].conn.state() == ConnectionState::ClosedByPeer || p.ends[0].conn.is_dead());
    assert_eq!(p.ends[1].got.len(), 50);
    if p.ends[1].conn.state() == ConnectionState::ClosedByPeer {
        let end = p.ends[1].conn.end().unwrap();
        assert_eq!((end.reason.0, end.text.as_str()), (1234, "see you"));
    }
}

#[test]
fn a_refusal_is_confirmed_with_the_numbers_it_came_with() {
    let (trust, mut rng) = (TrustStore::default(), Rng::new([7; 32]));
    let cert = Arc::new(LocalCertificate::self_signed(&mut rng, &Identity::localhost(), 0));
    let now = Timestamp::from_micros(1_000_000);
    let mut env = Env { trust: &trust, app_id: 0, unix_now: 0, allow_unsigned: true, rng: &mut rng };
    let mut client = Connection::outgoing(&mut env, now, setup(0x0001_0001, &cert, &fast()));
    let refusal = Control::ConnectionClosed(msg::ConnectionClosed {
        debug: Some("no room".into()),
        reason_code: Some(1234),
        to_connection_id: Some(0x0001_0001),
        from_connection_id: Some(0x0002_0002),
    });
    let (mut bytes, mut out) = (Vec::new(), Vec::new());
    refusal.encode(&mut bytes);
    client.poll_transmit(now, &mut out, 1).unwrap();
    client.handle_datagram(&env, now, address(1), &mut bytes).unwrap();
    assert_eq!(client.state(), ConnectionState::ClosedByPeer);
    out.clear();
    client.poll_transmit(now, &mut out, 1).unwrap();
    let answer =
        msg::NoConnection { from_connection_id: Some(0x0001_0001), to_connection_id: Some(0x0002_0002) };
    assert_eq!(Control::decode(&out).unwrap(), Control::NoConnection(answer));
}

#[test]
fn an_idle_connection_stays_alive_with_few_packets() {
    let mut p = Pair::connected(ConnConfig::default(), 0.0);
    let before = p.datagrams;
    p.run_for(600_000_000);
    assert!(p.ends.iter().all(|e| e.conn.state() == ConnectionState::Connected));
    let used = p.datagrams[0] + p.datagrams[1] - before[0] - before[1];
    assert!(used < 600, "{used} datagrams in ten idle minutes");
}

#[test]
fn silence_ends_the_connection() {
    let mut p = Pair::connected(ConnConfig::default(), 1.0);
    let start = p.now;
    p.run_until(|p| p.ends.iter().all(|e| e.conn.state() == ConnectionState::ProblemDetectedLocally));
    let took = p.now.saturating_since(start).as_secs_f64();
    assert!((19.0..23.0).contains(&took), "{took} s");
    assert_eq!(p.ends[0].conn.end().unwrap().reason.0, 5003);
}
