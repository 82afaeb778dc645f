//! Two hosts and a connection between them.
#![allow(dead_code, unreachable_pub, reason = "every test uses another part")]

use gamesockets_endpoint::endpoint::EndpointConfig;
use gamesockets_endpoint::slab::ConnId;
use gamesockets_endpoint::types::Event;
use gamesockets_proto::config::ConnConfig;
use gamesockets_proto::connection::{ConnectionState, RealTimeStatus};
use gamesockets_proto::message::SendFlags;
use gamesockets_sim::app::{Plain, Record};
use gamesockets_sim::{FlowId, HostId, LinkConfig, World};
use gamesockets_wire::identity::Identity;
use std::net::SocketAddr;
use std::sync::Arc;

pub const PORT: u16 = 27_015;
pub const SECOND: u64 = 1_000_000;
pub const RELIABLE: SendFlags = SendFlags::RELIABLE;
pub const UNRELIABLE: SendFlags = SendFlags::UNRELIABLE;

pub fn named(name: &str) -> EndpointConfig {
    EndpointConfig { identity: Identity::string(name).unwrap(), ..EndpointConfig::default() }
}

/// Which end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    Client,
    Server,
}

pub use End::{Client, Server};

pub struct Pair {
    pub world: World,
    pub server: HostId,
    pub client: HostId,
    pub address: SocketAddr,
    /// The client's handle.
    pub c: ConnId,
    /// The server's handle, once it has one.
    pub s: Option<ConnId>,
    pub got_by_server: Record,
    pub got_by_client: Record,
}

impl Pair {
    /// A server that listens and a client that starts to connect.
    pub fn starting(seed: u64, link: LinkConfig, config: &ConnConfig, server: Plain) -> Self {
        let mut world = World::new(seed);
        world.set_default_link(link);
        let record = Record::default();
        let server = Plain { record: Some(record.clone()), ..server };
        let (client, got_by_client) = Plain::recording();
        let server = world.add_host(named("server"), server);
        let client = world.add_host(named("client"), client);
        let config = Arc::new(*config);
        let (_, address) = world.ctx(server).listen(PORT, &config).unwrap();
        let c = world.ctx(client).connect(address, &config).unwrap();
        Self { world, server, client, address, c, s: None, got_by_server: record, got_by_client }
    }

    /// Both ends are connected.
    pub fn connected(seed: u64, link: LinkConfig, config: &ConnConfig) -> Self {
        let mut pair = Self::starting(seed, link, config, Plain::default());
        pair.meet(60);
        pair
    }

    /// Waits until both ends are connected.
    pub fn meet(&mut self, limit_seconds: u64) {
        let (client, c) = (self.client, self.c);
        let connected = ConnectionState::Connected;
        self.world.run_until(limit_seconds * SECOND, |w| w.ctx(client).state(c) == connected).unwrap();
        self.s = self.incoming().last().copied();
        assert!(self.s.is_some());
    }

    /// Handles of all connections that came in so far.
    pub fn incoming(&self) -> Vec<ConnId> {
        let log = self.world.host(self.server).log();
        let new = |e: &Event| match e {
            Event::StateChanged { conn, listener: Some(_), old: ConnectionState::None, .. } => Some(*conn),
            _ => None,
        };
        log.iter().filter_map(|(_, e)| new(e)).collect()
    }

    pub fn at(&self, end: End) -> (HostId, ConnId) {
        match end {
            Client => (self.client, self.c),
            Server => (self.server, self.s.unwrap()),
        }
    }

    pub fn flow(&self, end: End) -> FlowId {
        let (host, conn) = self.at(end);
        self.world.host(host).flow(conn).unwrap()
    }

    pub fn send(&mut self, end: End, len: usize, flags: SendFlags, lane: u16) -> u64 {
        let (host, conn) = self.at(end);
        self.world.ctx(host).send(conn, len, flags, lane).unwrap().unwrap()
    }

    /// Sends `count` messages from each end: sizes from nothing to `size_max`, every third unreliable, a round every
    /// 20 ms.
    pub fn chatter(&mut self, count: usize, size_max: usize) {
        for n in 0..count {
            for end in [Client, Server] {
                let len = (n * 7919 + end as usize * 31) % (size_max + 1);
                let flags = if n % 3 == 0 { UNRELIABLE } else { RELIABLE };
                let (host, conn) = self.at(end);
                // A full buffer is no error here.
                let _ = self.world.ctx(host).send(conn, len, flags, 0).unwrap();
            }
            self.run(20_000);
        }
    }

    pub fn run(&mut self, us: u64) {
        self.world.run_for(us).unwrap();
    }

    pub fn state(&mut self, end: End) -> ConnectionState {
        let (host, conn) = self.at(end);
        self.world.ctx(host).state(conn)
    }

    pub fn status(&mut self, end: End) -> RealTimeStatus {
        let (host, conn) = self.at(end);
        self.world.ctx(host).status(conn, 0).unwrap().0
    }

    pub fn reason(&self, end: End) -> Option<u32> {
        self.world.book().flow(self.flow(end)).ended.as_ref().map(|e| e.reason.0)
    }

    /// When the connection ended by itself, seconds.
    pub fn ended_at(&self, end: End) -> f64 {
        self.world.book().flow(self.flow(end)).ended.as_ref().unwrap().at_us as f64 / 1e6
    }

    /// Messages sent by an end and how many of them came out.
    pub fn totals(&self, end: End) -> (u64, u64) {
        self.world.book().flow(self.flow(end)).totals()
    }

    /// Ends the faults, then everything that must hold without them.
    pub fn finish(mut self) {
        self.world.calm_down().unwrap();
        self.world.heal();
        self.world.settle(120 * SECOND).unwrap();
        self.world.idle(1).unwrap();
        self.world.check_pings(60).unwrap();
        self.world.close_all().unwrap();
    }
}
