//! Encryption settings, certificates, and peers of other protocol versions.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]

mod common;

use common::{Client, PORT, Pair, RELIABLE, SECOND, Server, named};
use gamesockets_crypto::cert::{LocalCertificate, Template, TrustStore, bundle, issue};
use gamesockets_crypto::sign::SigningKey;
use gamesockets_endpoint::endpoint::EndpointConfig;
use gamesockets_endpoint::slab::ConnId;
use gamesockets_endpoint::types::{ConnectError, FLAG_UNAUTHENTICATED, FLAG_UNENCRYPTED, LanesError};
use gamesockets_proto::config::ConnConfig;
use gamesockets_proto::connection::ConnectionState as State;
use gamesockets_proto::snp::send::LaneConfig;
use gamesockets_sim::app::Record;
use gamesockets_sim::attack::{Deed, Insider, InsiderConfig, Side};
use gamesockets_sim::{HostId, LinkConfig, Plain, World};
use gamesockets_wire::snp::stream::put_message_header;
use gamesockets_wire::snp::{
    AckLatest, FirstOrGap, Frame, FrameReader, SizeField, put_ack_header, put_reliable_header,
    put_stop_waiting,
};
use std::net::SocketAddr;
use std::sync::Arc;

const UNIX: u64 = 1_800_000_000;

/// What comes of the server's and the client's setting: encrypted, plain, or nothing (protocol.md §2.5).
#[test]
fn every_pair_of_encryption_settings() {
    const AES: Option<bool> = Some(true);
    const NULL: Option<bool> = Some(false);
    let table =
        [[AES, AES, AES, None], [AES, AES, AES, NULL], [AES, NULL, NULL, NULL], [None, NULL, NULL, NULL]];
    for (server, row) in table.iter().enumerate() {
        for (client, wanted) in row.iter().enumerate() {
            let (server, client) = (server as i32, client as i32);
            // The client with the list {NULL, AES} and the one with {AES, NULL} are the same to a server.
            let wanted = if server == 1 && client == 2 { &AES } else { wanted };
            check_encryption(server, client, *wanted);
        }
    }
}

fn check_encryption(server: i32, client: i32, wanted: Option<bool>) {
    let with = |unencrypted| Arc::new(ConnConfig { unencrypted, ..ConnConfig::default() });
    let mut world = World::new(1);
    world.set_default_link(LinkConfig::delay_ms(10));
    let (app, record) = Plain::recording();
    let s = world.add_host(named("server"), app);
    let c = world.add_host(named("client"), Plain::default());
    let (_, address) = world.ctx(s).listen(PORT, &with(server)).unwrap();
    let conn = world.ctx(c).connect(address, &with(client)).unwrap();
    world.explain().disagreement = wanted.is_none();
    world.ctx(c).send(conn, 700, RELIABLE, 0).unwrap().unwrap();
    world.run_for(SECOND).unwrap();
    let info = world.host(c).endpoint().info(conn).unwrap();
    match wanted {
        Some(encrypted) => {
            assert_eq!(info.state, State::Connected, "server {server}, client {client}");
            assert_eq!(info.flags & FLAG_UNENCRYPTED == 0, encrypted, "server {server}, client {client}");
            assert_eq!(record.borrow().len(), 1);
        }
        None => {
            assert_eq!((info.state, info.end_reason.0), (State::ClosedByPeer, 4002), "{}", info.end_debug);
        }
    }
    world.settle(10 * SECOND).unwrap();
    world.close_all().unwrap();
}

fn authority() -> SigningKey {
    SigningKey::from_seed([7; 32])
}

fn certified(name: &str, ca: &SigningKey, days: u32) -> Arc<LocalCertificate> {
    let key = SigningKey::from_seed([name.len() as u8; 32]);
    let template = Template {
        identity: Some(gamesockets_wire::Identity::string(name).unwrap()),
        app_ids: vec![0],
        created: UNIX as u32 - 1000,
        expires: UNIX as u32 + days * 86_400,
        ..Template::default()
    };
    let signed = issue(ca, &key.public(), &template).unwrap();
    let blob = bundle(&signed, &key);
    LocalCertificate::from_signed(&blob, key).unwrap().into()
}

fn trusting(name: &str) -> EndpointConfig {
    let mut trust = TrustStore::default();
    trust.add_root(authority().public()).unwrap();
    EndpointConfig { trust, unix_time_at_start: UNIX, ..named(name) }
}

/// A server and a client of which some have certificates.
struct Door {
    world: World,
    server: HostId,
    client: HostId,
}

impl Door {
    fn new(server_cert: bool, client_cert: bool) -> Self {
        let mut world = World::new(2);
        world.set_default_link(LinkConfig::delay_ms(10));
        let server = world.add_host(trusting("server"), Plain::default());
        let client = world.add_host(trusting("client"), Plain::default());
        for (host, name, has) in [(server, "server", server_cert), (client, "client", client_cert)] {
            if has {
                world.ctx(host).endpoint().set_certificate(certified(name, &authority(), 1));
            }
        }
        Self { world, server, client }
    }

    fn knock(&mut self, server: ConnConfig, client: ConnConfig) -> Result<ConnId, ConnectError> {
        let (_, address) = self.world.ctx(self.server).listen(PORT, &Arc::new(server)).unwrap();
        let config = ConnConfig { timeout_initial_ms: 3000, ..client };
        let conn = self.world.ctx(self.client).connect(address, &Arc::new(config))?;
        let explain = self.world.explain();
        (explain.disagreement, explain.connect_timeouts, explain.retries) = (true, true, true);
        self.world.run_for(5 * SECOND).unwrap();
        Ok(conn)
    }

    fn end(mut self) {
        self.world.settle(30 * SECOND).unwrap();
        self.world.close_all().unwrap();
    }
}

fn auth(level: i32) -> ConnConfig {
    ConnConfig { ip_allow_without_auth: level, ..ConnConfig::default() }
}

#[test]
fn a_server_that_demands_certificates() {
    for (client_cert, level, wanted) in [
        (true, 0, State::Connected),
        (true, 1, State::Connected),
        (true, 2, State::Connected),
        (false, 1, State::Connected),
        (false, 2, State::Connected),
        // Strangers are answered with silence.
        (false, 0, State::ProblemDetectedLocally),
    ] {
        let mut door = Door::new(true, client_cert);
        let conn = door.knock(auth(level), auth(2)).unwrap();
        let info = door.world.host(door.client).endpoint().info(conn).unwrap();
        assert_eq!(info.state, wanted, "client certified: {client_cert}, level {level}");
        if wanted == State::Connected {
            let s = door.world.book().flows().iter().find(|f| f.host == door.server).unwrap().conn;
            let seen = door.world.host(door.server).endpoint().info(s).unwrap();
            assert_eq!(seen.flags & FLAG_UNAUTHENTICATED == 0, client_cert);
            assert_eq!(seen.identity.to_string(), "str:client");
        } else {
            assert_eq!(info.end_reason.0, 5003);
            assert_eq!(door.world.host(door.server).endpoint().counters().incoming, 0);
        }
        door.end();
    }
}

#[test]
fn a_client_that_demands_certificates() {
    for (server_cert, wanted) in [(true, State::Connected), (false, State::ProblemDetectedLocally)] {
        let mut door = Door::new(server_cert, true);
        let conn = door.knock(auth(2), auth(0)).unwrap();
        let info = door.world.host(door.client).endpoint().info(conn).unwrap();
        assert_eq!(info.state, wanted, "server certified: {server_cert}");
        if !server_cert {
            assert_eq!(info.end_reason.0, 4003, "{}", info.end_debug);
        }
        door.end();
    }
}

#[test]
fn who_demands_certificates_needs_one() {
    let mut door = Door::new(true, false);
    assert!(matches!(door.knock(auth(2), auth(0)), Err(ConnectError::NoCertificate)));
    door.end();
}

#[test]
fn neighbours_on_the_same_machine_may_have_it_easier() {
    for (local_level, wanted) in [(2, State::Connected), (0, State::ProblemDetectedLocally)] {
        let mut world = World::new(3);
        let host = world.add_host(trusting("neighbour"), Plain::default());
        let rule = ConnConfig { ip_localhost_allow_without_auth: local_level, ..auth(0) };
        let lax = ConnConfig { timeout_initial_ms: 2000, ..ConnConfig::default() };
        let explain = world.explain();
        (explain.disagreement, explain.connect_timeouts, explain.retries) = (true, true, true);
        let mut ctx = world.ctx(host);
        let socket = ctx.bind_loopback().unwrap();
        let (_, address) = ctx.listen_on(socket, &Arc::new(rule)).unwrap();
        let from = ctx.bind_loopback().unwrap();
        let conn = ctx.connect_from(from, address, &Arc::new(lax)).unwrap();
        world.run_for(4 * SECOND).unwrap();
        assert_eq!(world.ctx(host).state(conn), wanted, "level {local_level}");
        world.close_all().unwrap();
    }
}

#[test]
fn certificates_of_strangers_and_expired_ones_do_not_count() {
    let stranger = SigningKey::from_seed([9; 32]);
    for (ca, days) in [(stranger, 1), (authority(), 0)] {
        let mut door = Door::new(true, false);
        let cert = certified("client", &ca, days);
        door.world.ctx(door.client).endpoint().set_certificate(cert);
        if days == 0 {
            // It ends in the first second.
            door.world.run_for(2 * SECOND).unwrap();
        }
        let conn = door.knock(auth(0), auth(2)).unwrap();
        assert_eq!(door.world.ctx(door.client).state(conn), State::ProblemDetectedLocally);
        door.end();
    }
}

#[test]
fn programs_of_different_applications_do_not_meet() {
    let mut world = World::new(4);
    world.set_default_link(LinkConfig::delay_ms(10));
    let server = world.add_host(EndpointConfig { app_id: 480, ..named("server") }, Plain::default());
    let client = world.add_host(EndpointConfig { app_id: 570, ..named("client") }, Plain::default());
    let explain = world.explain();
    (explain.disagreement, explain.connect_timeouts, explain.retries) = (true, true, true);
    let (_, address) = world.ctx(server).listen(PORT, &Arc::default()).unwrap();
    let conn = world.ctx(client).connect(address, &Arc::default()).unwrap();
    world.run_for(11 * SECOND).unwrap();
    assert_eq!(world.ctx(client).state(conn), State::ProblemDetectedLocally);
    assert_eq!(world.host(server).endpoint().counters().incoming, 0);
    world.close_all().unwrap();
}

/// A server of ours and a client of another version, connected.
struct Elder {
    world: World,
    server: HostId,
    insider: usize,
    address: SocketAddr,
    conn: Option<ConnId>,
    got: Record,
}

impl Elder {
    fn new(version: u32, config: ConnConfig) -> Self {
        let mut world = World::new(5);
        world.set_default_link(LinkConfig::delay_ms(10));
        let (app, got) = Plain::recording();
        let server = world.add_host(named("server"), app);
        let (_, address) = world.ctx(server).listen(PORT, &Arc::new(config)).unwrap();
        let side = Side::Client(address);
        let config = InsiderConfig { side, version, deed: Deed::Silent, ..InsiderConfig::default() };
        let insider = world.add_insider(Insider::new(config, [3; 32]));
        world.run_for(SECOND).unwrap();
        let conn = world.book().flows().first().map(|f| f.conn);
        Self { world, server, insider, address, conn, got }
    }
}

#[test]
fn peers_from_version_8_on_are_served_by_their_own_rules() {
    for version in 8..=14 {
        let config = ConnConfig { send_time_since_previous: 1, ..ConnConfig::default() };
        let mut e = Elder::new(version, config);
        let conn = e.conn.unwrap();
        assert_eq!(e.world.ctx(e.server).state(conn), State::Connected, "version {version}");
        // The peer speaks first: a reliable message in its first packet.
        let first = if version < 10 { 1 } else { 2 };
        let mut plain = Vec::new();
        put_stop_waiting(&mut plain, first, 0);
        let mut stream = Vec::new();
        put_message_header(&mut stream, 1, 5);
        stream.extend_from_slice(b"hello");
        put_reliable_header(&mut plain, FirstOrGap::First(1), SizeField::ToEnd);
        plain.extend_from_slice(&stream);
        let session = e.world.insider(e.insider).session(e.address).unwrap();
        assert_eq!(session.next_number, first);
        session.outbox.push_back(plain);
        e.world.run_for(100_000).unwrap();
        assert_eq!(e.got.borrow().last().unwrap().message.payload, "hello", "version {version}");
        // And is answered.
        for _ in 0..3 {
            e.world.ctx(e.server).send(conn, 50, RELIABLE, 0).unwrap().unwrap();
            e.world.run_for(20_000).unwrap();
        }
        e.world.run_for(200_000).unwrap();
        check_answers(&mut e, version, first);
        check_lanes(&mut e, version);
    }
}

fn check_answers(e: &mut Elder, version: u32, first: u64) {
    let session = e.world.insider(e.insider).session(e.address).unwrap();
    assert_eq!((session.opened[0].number, session.unreadable), (first, 0), "version {version}");
    let time = session.opened.iter().any(|o| o.time_field);
    assert_eq!(time, version >= 12, "time field for version {version}");
    let mut acked = 0;
    let mut data = 0;
    for opened in &session.opened {
        let mut frames = FrameReader::new(&opened.plain);
        while let Some(frame) = frames.next().unwrap() {
            match frame {
                Frame::Ack(ack) => {
                    // Older peers read 16 bits, whatever the packet says.
                    assert!(matches!(ack.latest, AckLatest::Low16(_)), "version {version}");
                    acked += 1;
                }
                Frame::Reliable(_) => data += 1,
                Frame::SelectLane(_) => panic!("lanes for version {version}"),
                _ => {}
            }
        }
    }
    assert!(acked > 0 && data >= 3, "version {version}: {acked} acks, {data} segments");
}

fn check_lanes(e: &mut Elder, version: u32) {
    // What was sent is acknowledged first, so that nothing else is under way.
    let mut plain = Vec::new();
    let session = e.world.insider(e.insider).session(e.address).unwrap();
    put_stop_waiting(&mut plain, session.next_number, 0);
    put_ack_header(&mut plain, session.highest, Some(0), 0);
    session.outbox.push_back(plain);
    e.world.run_for(100_000).unwrap();
    let two = [LaneConfig { priority: 0, weight: 1 }; 2];
    let conn = e.conn.unwrap();
    let result = e.world.ctx(e.server).configure_lanes(conn, &two);
    e.world.run_for(100_000).unwrap();
    if version >= 11 {
        assert_eq!(result, Ok(()));
        return;
    }
    assert!(matches!(result, Err(LanesError::Peer(_))), "version {version}: {result:?}");
    let info = e.world.host(e.server).endpoint().info(conn).unwrap();
    assert_eq!((info.state, info.end_reason.0), (State::ProblemDetectedLocally, 4006));
    let session = e.world.insider(e.insider).session(e.address).unwrap();
    assert_eq!(session.closed.as_ref().map(|c| c.0), Some(4006));
}

#[test]
fn version_7_is_too_old() {
    let e = Elder::new(7, ConnConfig::default());
    assert_eq!(e.conn, None);
    assert!(e.world.host(e.server).endpoint().counters().drop_handshake > 0);
    // The other way round: our client, an old server.
    let mut world = World::new(6);
    let client = world.add_host(named("client"), Plain::default());
    let insider = Insider::new(InsiderConfig { version: 7, ..InsiderConfig::default() }, [4; 32]);
    let to = insider.address();
    world.add_insider(insider);
    let conn = world.ctx(client).connect(to, &Arc::default()).unwrap();
    world.run_for(SECOND).unwrap();
    let info = world.host(client).endpoint().info(conn).unwrap();
    assert_eq!((info.state, info.end_reason.0), (State::ProblemDetectedLocally, 5001));
}

#[test]
fn our_client_talks_to_servers_of_every_version() {
    for version in 8..=14 {
        let mut world = World::new(7);
        let client = world.add_host(named("client"), Plain::default());
        let config = InsiderConfig { version, ..InsiderConfig::default() };
        let insider = Insider::new(config, [5; 32]);
        let to = insider.address();
        let index = world.add_insider(insider);
        let conn = world.ctx(client).connect(to, &Arc::default()).unwrap();
        world.ctx(client).send(conn, 3000, RELIABLE, 0).unwrap().unwrap();
        world.run_for(2 * SECOND).unwrap();
        assert_eq!(world.ctx(client).state(conn), State::Connected, "version {version}");
        let (status, _) = world.ctx(client).status(conn, 0).unwrap();
        assert_eq!((status.pending_reliable, status.sent_unacked_reliable), (0, 0), "version {version}");
        let opened: Vec<u64> =
            world.insider(index).sessions().flat_map(|(_, s)| &s.opened).map(|o| o.number).collect();
        assert_eq!(opened[0], if version < 10 { 1 } else { 2 });
    }
}

#[test]
fn both_ends_agree_on_who_the_other_is() {
    let p = Pair::connected(8, LinkConfig::delay_ms(10), &ConnConfig::default());
    for (end, name) in [(Client, "str:server"), (Server, "str:client")] {
        let (host, conn) = p.at(end);
        let info = p.world.host(host).endpoint().info(conn).unwrap();
        assert_eq!(info.identity.to_string(), name);
    }
    p.finish();
}
