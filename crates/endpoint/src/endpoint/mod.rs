//! All connections and listen sockets of one thread of execution, without any input or output of its own.
//!
//! The driver calls, in any order:
//!
//! * inputs: [`Endpoint::handle_datagrams`], [`Endpoint::handle_timeout`], [`Endpoint::handle_socket_error`], and the
//!   application's commands;
//! * outputs: [`Endpoint::poll_transmit`] until it gives nothing, [`Endpoint::poll_event`], [`Endpoint::poll_readable`];
//! * then [`Endpoint::poll_timeout`] tells when to call `handle_timeout`, unless something comes in before.

mod commands;
mod incoming;
mod input;
mod output;
mod query;

pub use query::StatusError;

use crate::counters::Counters;
use crate::fakenet::{FakeNet, FakeNetConfig};
use crate::heap::DeadlineHeap;
use crate::quota::Quota;
use crate::routes::{KeyedHash, Routes};
use crate::slab::{ConnId, ListenerId, Slab};
use crate::types::{ConnectionInfo, Event, SocketId};
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::SocketAddr;
use gamesockets_crypto::cert::{LocalCertificate, TrustStore};
use gamesockets_crypto::cookie::ChallengeKey;
use gamesockets_crypto::rng::Rng;
use gamesockets_proto::config::ConnConfig;
use gamesockets_proto::connection::{Connection, ConnectionState};
use gamesockets_proto::message::Message;
use gamesockets_proto::snp::send::Outbox;
use gamesockets_wire::identity::Identity;
use gamesockets_wire::time::Timestamp;
use hashbrown::HashMap;

/// Connections an endpoint holds unless told otherwise.
pub const CONNECTIONS_MAX_DEFAULT: usize = 65_536;
/// Listen sockets of an endpoint.
pub const LISTENERS_MAX: usize = 4096;
/// Incoming connections that wait for the application's decision; further requests are ignored until some are decided.
pub const UNDECIDED_MAX: usize = 4096;
/// Answers without a connection that wait to be sent; further ones are not made.
pub const STATELESS_MAX: usize = 1024;

/// What an endpoint needs to know from the start.
#[derive(Clone, Debug)]
pub struct EndpointConfig {
    /// Application id in our certificates and asked of the peers'; 0 for everybody who has none.
    pub app_id: u32,
    /// Who we are; localhost if nobody in particular.
    pub identity: Identity,
    /// Who vouches for peers.
    pub trust: TrustStore,
    /// Wall clock at the `now` given to [`Endpoint::new`], seconds since 1970.
    pub unix_time_at_start: u64,
    /// Most connections at one time.
    pub connections_max: usize,
    /// What all endpoints of one owner may have together, if there are several.
    pub quota: Option<Arc<Quota>>,
}

impl Default for EndpointConfig {
    fn default() -> Self {
        Self {
            app_id: 0,
            identity: Identity::localhost(),
            trust: TrustStore::default(),
            unix_time_at_start: 0,
            connections_max: CONNECTIONS_MAX_DEFAULT,
            quota: None,
        }
    }
}

/// A connection and what the endpoint knows about it beside its protocol.
#[derive(Debug)]
struct Entry {
    conn: Connection,
    socket: SocketId,
    remote: SocketAddr,
    listener: Option<ListenerId>,
    /// One end of an in-process pipe, and which the other one is while it exists.
    is_pipe: bool,
    pipe: Option<ConnId>,
    user_data: i64,
    name: String,
    /// Messages taken from the connection and not yet read.
    inbox: Vec<Message>,
    /// Only for those who send through the endpoint itself.
    outbox: Option<Box<Outbox>>,
    /// The application's handle is gone; the connection lives on to say goodbye.
    handle_closed: bool,
    in_ready: bool,
    in_readable: bool,
    decided: bool,
}

#[derive(Debug)]
struct Listener {
    socket: SocketId,
    local: SocketAddr,
    config: Arc<ConnConfig>,
    challenge: ChallengeKey,
}

/// An answer to somebody who has no connection.
#[derive(Debug)]
struct Stateless {
    socket: SocketId,
    to: SocketAddr,
    data: Vec<u8>,
}

/// See the module's documentation.
#[derive(Debug)]
pub struct Endpoint {
    app_id: u32,
    identity: Identity,
    trust: TrustStore,
    started: (Timestamp, u64),
    public_rng: Rng,
    secret_rng: Rng,
    conns: Slab<ConnId, Box<Entry>>,
    quota: Option<Arc<Quota>>,
    listeners: Slab<ListenerId, Listener>,
    routes: Routes,
    /// Our ids on the wire, all different.
    wire_ids: HashMap<u32, ConnId, KeyedHash>,
    /// Who connected with which id, so that a pair comes only once.
    claims: HashMap<(Identity, u32), ConnId, KeyedHash>,
    undecided: usize,
    timers: DeadlineHeap<ConnId>,
    ready: VecDeque<ConnId>,
    readable: VecDeque<ConnId>,
    events: VecDeque<Event>,
    stateless: VecDeque<Stateless>,
    last_unasked_answer: Option<Timestamp>,
    fake: FakeNet<SocketId>,
    certificate: Option<Arc<LocalCertificate>>,
    self_made: Option<Arc<LocalCertificate>>,
    counters: Counters,
}

impl Endpoint {
    /// An endpoint that does nothing yet. The same `seed` and the same calls give the same results.
    pub fn new(config: EndpointConfig, seed: [u8; 32], now: Timestamp) -> Self {
        let mut root = Rng::new(seed);
        let mut public_rng = root.fork("public");
        let secret_rng = root.fork("secret");
        let hash = KeyedHash(public_rng.next_u64(), public_rng.next_u64());
        let fake = FakeNet::new(root.fork("fakenet"));
        Self {
            app_id: config.app_id,
            identity: config.identity,
            trust: config.trust,
            started: (now, config.unix_time_at_start),
            public_rng,
            secret_rng,
            conns: Slab::new(config.connections_max),
            quota: config.quota,
            listeners: Slab::new(LISTENERS_MAX),
            routes: Routes::new(hash),
            wire_ids: HashMap::with_hasher(hash),
            claims: HashMap::with_hasher(hash),
            undecided: 0,
            timers: DeadlineHeap::new(),
            ready: VecDeque::new(),
            readable: VecDeque::new(),
            events: VecDeque::new(),
            stateless: VecDeque::new(),
            last_unasked_answer: None,
            fake,
            certificate: None,
            self_made: None,
            counters: Counters::default(),
        }
    }

    fn unix_now(&self, now: Timestamp) -> u64 {
        self.started.1 + now.saturating_since(self.started.0).as_secs()
    }

    /// Changes the simulated network.
    pub fn set_fake_network(&mut self, config: FakeNetConfig) {
        self.fake.set_config(config);
    }

    /// Counters since the start.
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// How many connections exist, those that only say goodbye included.
    pub fn connection_count(&self) -> usize {
        self.conns.len()
    }

    /// How many connections were closed by the application and still deliver what was promised. Looks at all of them.
    pub fn lingering(&self) -> usize {
        self.conns.iter().filter(|(_, e)| e.conn.is_lingering()).count()
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// The next connection that got new messages; each comes once until its messages are taken.
    pub fn poll_readable(&mut self) -> Option<ConnId> {
        while let Some(id) = self.readable.pop_front() {
            if let Some(e) = self.conns.get_mut(id) {
                e.in_readable = false;
                return Some(id);
            }
        }
        None
    }

    /// The earliest moment at which [`handle_timeout`](Self::handle_timeout) has to be called. Valid once
    /// [`poll_transmit`](Self::poll_transmit) gives nothing more.
    pub fn poll_timeout(&mut self) -> Option<Timestamp> {
        let conns = self.timers.next_deadline();
        match (conns, self.fake.next_deadline()) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// Does what time asks for.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        self.counters.timeouts = self.counters.timeouts.saturating_add(1);
        while let Some(id) = self.timers.pop_due(now) {
            if let Some(e) = self.conns.get_mut(id) {
                e.conn.handle_timeout(now);
                self.touched(id);
            }
        }
        self.deliver_fake(now);
    }

    /// Something happened to a connection: its changes become events, its output and next deadline will be looked at.
    fn touched(&mut self, id: ConnId) {
        let Some(e) = self.conns.get_mut(id) else { return };
        if !e.in_ready {
            e.in_ready = true;
            self.ready.push_back(id);
        }
        if e.conn.has_messages() && !e.in_readable && !e.handle_closed {
            e.in_readable = true;
            self.readable.push_back(id);
        }
        while let Some(change) = e.conn.poll_change() {
            if !e.decided && change.new != ConnectionState::Connecting {
                e.decided = true;
                self.undecided -= 1;
            }
            let info = Box::new(describe(e));
            self.events.push_back(Event::StateChanged {
                conn: id,
                listener: e.listener,
                old: change.old,
                new: change.new,
                info,
            });
        }
        if e.conn.is_dead() {
            self.destroy(id);
        }
    }

    /// Makes sure that `count` more connections can be inserted, and counts them.
    fn reserve(&self, count: usize) -> bool {
        self.conns.len() + count <= self.conns.capacity()
            && self.quota.as_ref().is_none_or(|quota| quota.take(count))
    }

    /// A connection went, or was not made after all.
    fn give_back(&self) {
        if let Some(quota) = &self.quota {
            quota.give_back();
        }
    }

    /// How many connections there are as far as the limit is concerned.
    fn counted_connections(&self) -> usize {
        self.quota.as_ref().map_or(self.conns.len(), |quota| quota.used())
    }

    /// Takes a connection out of everything.
    fn destroy(&mut self, id: ConnId) {
        let Some(e) = self.conns.remove(id) else { return };
        self.give_back();
        if !e.decided {
            self.undecided -= 1;
        }
        self.wire_ids.remove(&e.conn.local_id());
        if e.listener.is_some() {
            self.claims.remove(&(e.conn.remote_identity().clone(), e.conn.remote_id()));
        }
        self.timers.cancel(id);
        if !e.is_pipe && self.routes.remove(e.socket, e.remote) {
            self.release_socket(e.socket);
        }
        self.events.push_back(Event::Destroyed { conn: id });
    }

    /// Nothing uses the socket any more: the driver may close it, and nothing late may go out of its successor.
    fn release_socket(&mut self, socket: SocketId) {
        self.fake.discard_socket(socket);
        self.stateless.retain(|answer| answer.socket != socket);
        self.events.push_back(Event::SocketUnused { socket });
    }

    /// Our certificate for new connections: the installed one unless we are nobody in particular.
    fn local_certificate(&mut self) -> Arc<LocalCertificate> {
        if let Some(cert) = self.certificate.as_ref().filter(|_| !self.identity.is_localhost()) {
            return cert.clone();
        }
        if let Some(cert) = &self.self_made {
            return cert.clone();
        }
        let cert = Arc::new(LocalCertificate::self_signed(&mut self.secret_rng, &self.identity, self.app_id));
        self.self_made = Some(cert.clone());
        cert
    }

    /// A fresh id for the wire: both halves nonzero, not in use (protocol.md §1.10).
    fn draw_wire_id(&mut self) -> u32 {
        loop {
            let id = self.public_rng.next_u32();
            if id & 0xffff != 0 && id >> 16 != 0 && !self.wire_ids.contains_key(&id) {
                return id;
            }
        }
    }
}

/// Whether a peer at `remote` may show a certificate that nobody vouches for (protocol.md §2.9).
fn allows_unsigned(config: &ConnConfig, remote: SocketAddr) -> bool {
    let mut level = config.ip_allow_without_auth;
    if remote.ip().to_canonical().is_loopback() {
        level = level.max(config.ip_localhost_allow_without_auth);
    }
    level > 0
}

/// What a connection borrows while it works. A macro, since it borrows fields of the endpoint one by one.
macro_rules! env {
    ($endpoint:expr, $now:expr, $allow_unsigned:expr) => {
        Env {
            trust: &$endpoint.trust,
            app_id: $endpoint.app_id,
            unix_now: $endpoint.started.1 + $now.saturating_since($endpoint.started.0).as_secs(),
            allow_unsigned: $allow_unsigned,
            rng: &mut $endpoint.secret_rng,
        }
    };
}
use env;

/// The facts about a connection.
fn describe(e: &Entry) -> ConnectionInfo {
    use crate::types::{FLAG_FAST, FLAG_LOOPBACK_BUFFERS, FLAG_UNAUTHENTICATED, FLAG_UNENCRYPTED};
    let mut flags = 0;
    if e.is_pipe {
        flags |= FLAG_LOOPBACK_BUFFERS | FLAG_FAST;
    } else {
        if !e.conn.is_authenticated() {
            flags |= FLAG_UNAUTHENTICATED;
        }
        if !e.conn.is_encrypted() && e.conn.state() >= ConnectionState::Connected {
            flags |= FLAG_UNENCRYPTED;
        }
        if e.remote.ip().to_canonical().is_loopback() {
            flags |= FLAG_FAST;
        }
    }
    let end = e.conn.end();
    let mut description = e.conn.describe();
    if !e.name.is_empty() {
        description.push_str(" '");
        description.push_str(&e.name);
        description.push('\'');
    }
    ConnectionInfo {
        identity: e.conn.remote_identity().clone(),
        user_data: e.user_data,
        listener: e.listener,
        remote: (!e.is_pipe).then_some(e.remote),
        state: e.conn.state(),
        end_reason: end.map(|end| end.reason).unwrap_or_default(),
        end_debug: end.map(|end| end.text.clone()).unwrap_or_default(),
        description,
        flags,
        name: e.name.clone(),
    }
}
