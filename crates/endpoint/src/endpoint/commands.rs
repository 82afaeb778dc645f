//! What the application asks for.

use super::{Endpoint, Entry, LISTENERS_MAX, Listener, allows_unsigned, env};
use crate::slab::{ConnId, ListenerId};
use crate::types::{
    AcceptError, BadHandle, ConnectError, Event, FlushError, LanesError, ListenError, SocketErrorKind,
    SocketId,
};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::{Ipv4Addr, SocketAddr};
use gamesockets_crypto::cookie::ChallengeKey;
use gamesockets_proto::config::ConnConfig;
use gamesockets_proto::connection::{Connection, ConnectionState, Env, Setup};
use gamesockets_proto::limits::{LANES_MAX, NAME_BYTES_MAX};
use gamesockets_proto::message::{Gauges, Message, SendError, SendFlags};
use gamesockets_proto::snp::send::{LaneConfig, Outbox};
use gamesockets_wire::addr::canonical;
use gamesockets_wire::identity::Identity;
use gamesockets_wire::time::Timestamp;

/// Sizes and rates of an in-process pipe: practically none.
const PIPE_LIMIT: i32 = 0x1000_0000;

impl Entry {
    pub(super) fn new(conn: Connection, socket: SocketId, remote: SocketAddr) -> Self {
        Self {
            conn,
            socket,
            remote,
            listener: None,
            is_pipe: false,
            pipe: None,
            user_data: -1,
            name: String::new(),
            inbox: Vec::new(),
            outbox: None,
            handle_closed: false,
            in_ready: false,
            in_readable: false,
            decided: true,
        }
    }
}

impl Endpoint {
    /// Listens on a socket that the driver bound to `local`.
    ///
    /// # Errors
    /// See [`ListenError`]; nothing was changed then.
    pub fn listen(
        &mut self,
        now: Timestamp,
        socket: SocketId,
        local: SocketAddr,
        config: Arc<ConnConfig>,
    ) -> Result<ListenerId, ListenError> {
        let challenge = ChallengeKey::generate(&mut self.secret_rng);
        self.listen_with(now, socket, local, config, challenge)
    }

    /// The same with a key for challenges that is given: endpoints that share an address need the same.
    ///
    /// # Errors
    /// See [`ListenError`]; nothing was changed then.
    pub fn listen_with(
        &mut self,
        _now: Timestamp,
        socket: SocketId,
        local: SocketAddr,
        config: Arc<ConnConfig>,
        challenge: ChallengeKey,
    ) -> Result<ListenerId, ListenError> {
        if config.symmetric_connect != 0 {
            return Err(ListenError::Symmetric);
        }
        if config.ip_allow_without_auth == 0 && !self.trust.has_roots() {
            return Err(ListenError::NoAuthority);
        }
        if self.routes.listener(socket).is_some() {
            return Err(ListenError::SocketInUse);
        }
        let listener = Listener { socket, local, config, challenge };
        let id = self.listeners.insert(listener).map_err(|_| ListenError::TooMany(LISTENERS_MAX))?;
        self.routes.add_listener(socket, id);
        Ok(id)
    }

    /// Stops listening. All connections that came in through the socket are destroyed at once, without a goodbye.
    ///
    /// # Errors
    /// The handle names no listen socket.
    pub fn close_listener(&mut self, id: ListenerId) -> Result<(), BadHandle> {
        let listener = self.listeners.remove(id).ok_or(BadHandle)?;
        let children: Vec<ConnId> =
            self.conns.iter().filter(|(_, e)| e.listener == Some(id)).map(|(id, _)| id).collect();
        for child in children {
            self.abandon(child);
        }
        if self.routes.remove_listener(listener.socket) {
            self.release_socket(listener.socket);
        }
        Ok(())
    }

    /// Destroys all connections without a word to anybody; what they kept is freed. For the end.
    pub fn abandon_all(&mut self) {
        let ids: Vec<ConnId> = self.conns.iter().map(|(id, _)| id).collect();
        for id in ids {
            self.abandon(id);
        }
    }

    /// Destroys a connection without telling its peer.
    fn abandon(&mut self, id: ConnId) {
        let Some(e) = self.conns.get_mut(id) else { return };
        let old = e.conn.state();
        if !e.handle_closed && old != ConnectionState::None {
            let mut info = Box::new(super::describe(e));
            info.state = ConnectionState::None;
            let listener = e.listener;
            let new = ConnectionState::None;
            self.events.push_back(Event::StateChanged { conn: id, listener, old, new, info });
        }
        self.destroy(id);
    }

    /// The address that a listen socket is bound to.
    ///
    /// # Errors
    /// The handle names no listen socket.
    pub fn listener_address(&self, id: ListenerId) -> Result<SocketAddr, BadHandle> {
        self.listeners.get(id).map(|l| l.local).ok_or(BadHandle)
    }

    /// Settings that connections coming in from now on start with.
    ///
    /// # Errors
    /// The handle names no listen socket.
    pub fn set_listener_config(&mut self, id: ListenerId, config: Arc<ConnConfig>) -> Result<(), BadHandle> {
        self.listeners.get_mut(id).ok_or(BadHandle)?.config = config;
        Ok(())
    }

    /// Starts connecting to `to` over `socket`.
    ///
    /// # Errors
    /// See [`ConnectError`]; nothing was started then.
    pub fn connect(
        &mut self,
        now: Timestamp,
        socket: SocketId,
        to: SocketAddr,
        config: Arc<ConnConfig>,
    ) -> Result<ConnId, ConnectError> {
        let to = canonical(to);
        if to.port() == 0 {
            return Err(ConnectError::NoPort);
        }
        if self.routes.contains(socket, to) {
            return Err(ConnectError::AddressInUse(to));
        }
        let allow = allows_unsigned(&config, to);
        let cert = self.local_certificate();
        if !allow && !cert.has_ca_signature() {
            return Err(ConnectError::NoCertificate);
        }
        if !self.reserve(1) {
            return Err(ConnectError::TooMany(self.counted_connections()));
        }
        let user_data = config.user_data;
        let setup = Setup { local_id: self.draw_wire_id(), cert, config, gauges: Gauges::new() };
        let mut env = env!(self, now, allow);
        let conn = Connection::outgoing(&mut env, now, setup);
        self.counters.outgoing = self.counters.outgoing.saturating_add(1);
        let entry = Entry { user_data, ..Entry::new(conn, socket, to) };
        self.insert(entry).ok_or(ConnectError::TooMany(self.conns.len()))
    }

    /// Puts a connection into everything that has to find it.
    pub(super) fn insert(&mut self, entry: Entry) -> Option<ConnId> {
        let (socket, remote, wire_id) = (entry.socket, entry.remote, entry.conn.local_id());
        let is_pipe = entry.is_pipe;
        let id = self.conns.insert(Box::new(entry)).ok()?;
        self.wire_ids.insert(wire_id, id);
        if !is_pipe {
            self.routes.add(socket, remote, id);
        }
        self.touched(id);
        Some(id)
    }

    /// Two connected connections over two sockets of this machine; `identities[n]` is who connection n sees.
    ///
    /// # Errors
    /// See [`ConnectError`]; nothing was made then.
    pub fn create_pair_network(
        &mut self,
        now: Timestamp,
        sockets: [SocketId; 2],
        addresses: [SocketAddr; 2],
        identities: [Identity; 2],
        config: &Arc<ConnConfig>,
    ) -> Result<[ConnId; 2], ConnectError> {
        let [a, b] = self.make_pair(now, identities, config)?;
        let [to_a, to_b] = addresses.map(canonical);
        let first = self.insert(Entry::new(a, sockets[0], to_b));
        let second = self.insert(Entry::new(b, sockets[1], to_a));
        first.zip(second).map(|(a, b)| [a, b]).ok_or(ConnectError::TooMany(self.conns.len()))
    }

    /// Two connected connections without a network between: nothing is lost, delayed or encrypted.
    ///
    /// # Errors
    /// See [`ConnectError`]; nothing was made then.
    pub fn create_pair_memory(
        &mut self,
        now: Timestamp,
        identities: [Identity; 2],
        config: &ConnConfig,
    ) -> Result<[ConnId; 2], ConnectError> {
        let config = Arc::new(ConnConfig {
            unencrypted: 3,
            send_rate_min: PIPE_LIMIT,
            send_rate_max: PIPE_LIMIT,
            send_buffer_size: PIPE_LIMIT,
            recv_buffer_size: PIPE_LIMIT,
            recv_buffer_messages: PIPE_LIMIT,
            recv_max_message_size: PIPE_LIMIT,
            nagle_us: 0,
            ..*config
        });
        let [a, b] = self.make_pair(now, identities, &config)?;
        let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let end = |conn| Entry { is_pipe: true, ..Entry::new(conn, SocketId(u32::MAX), nowhere) };
        let (first, second) = (self.insert(end(a)), self.insert(end(b)));
        for (id, other) in [(first, second), (second, first)] {
            if let Some(e) = id.and_then(|id| self.conns.get_mut(id)) {
                e.pipe = other;
            }
        }
        first.zip(second).map(|(a, b)| [a, b]).ok_or(ConnectError::TooMany(self.conns.len()))
    }

    fn make_pair(
        &mut self,
        now: Timestamp,
        identities: [Identity; 2],
        config: &Arc<ConnConfig>,
    ) -> Result<[Connection; 2], ConnectError> {
        let cert = self.local_certificate();
        let mut setup = || Setup {
            local_id: self.draw_wire_id(),
            cert: cert.clone(),
            config: config.clone(),
            gauges: Gauges::new(),
        };
        let setups = [setup(), setup()];
        let mut env = env!(self, now, true);
        let pair = Connection::pair(&mut env, now, setups, identities)?;
        if self.reserve(2) { Ok(pair) } else { Err(ConnectError::TooMany(self.counted_connections())) }
    }

    fn entry_mut(&mut self, id: ConnId) -> Result<&mut Entry, BadHandle> {
        self.conns.get_mut(id).map(Box::as_mut).filter(|e| !e.handle_closed).ok_or(BadHandle)
    }

    /// Accepts an incoming connection.
    ///
    /// # Errors
    /// See [`AcceptError`].
    pub fn accept(&mut self, now: Timestamp, id: ConnId) -> Result<(), AcceptError> {
        let e = self.conns.get_mut(id).filter(|e| !e.handle_closed).ok_or(BadHandle)?;
        let allow = allows_unsigned(e.conn.config(), e.remote);
        let mut env = env!(self, now, allow);
        let result = e.conn.accept(&mut env, now);
        self.touched(id);
        Ok(result?)
    }

    /// Closes a connection; its handle is dead at return. `reason` 0 is the default, 1000 to 2999 are the
    /// application's. With `linger`, reliable data is delivered first.
    ///
    /// # Errors
    /// The handle names no connection.
    pub fn close(
        &mut self,
        now: Timestamp,
        id: ConnId,
        reason: u32,
        text: &str,
        linger: bool,
    ) -> Result<(), BadHandle> {
        let e = self.entry_mut(id)?;
        e.conn.close(now, reason, text, linger);
        e.handle_closed = true;
        e.inbox = Vec::new();
        self.touched(id);
        Ok(())
    }

    /// Takes everything staged in `outbox` over for sending.
    pub fn absorb(&mut self, id: ConnId, outbox: &mut Outbox) {
        if let Some(e) = self.conns.get_mut(id) {
            e.conn.absorb(outbox);
            self.touched(id);
        }
    }

    /// Sends a message through an outbox of the endpoint's own; for owners without threads.
    ///
    /// # Errors
    /// See [`SendError`]; nothing was queued then.
    pub fn send(
        &mut self,
        now: Timestamp,
        id: ConnId,
        data: &[u8],
        flags: SendFlags,
        lane: u16,
    ) -> Result<u64, SendError> {
        let e = self.entry_mut(id).map_err(|_| SendError::NoConnection)?;
        if e.conn.state() > ConnectionState::Connected {
            return Err(SendError::NoConnection);
        }
        let limits = e.conn.send_limits();
        let lanes = e.conn.lane_count();
        let outbox = e.outbox.get_or_insert_default();
        outbox.grow_lanes(lanes);
        let number = outbox.send(now, data, flags, lane, &limits)?;
        e.conn.absorb(outbox);
        self.touched(id);
        Ok(number)
    }

    /// Lets all waiting messages go at once.
    ///
    /// # Errors
    /// See [`FlushError`].
    pub fn flush(&mut self, id: ConnId) -> Result<(), FlushError> {
        let e = self.entry_mut(id)?;
        e.conn.flush();
        let state = e.conn.state();
        self.touched(id);
        match state {
            ConnectionState::Connected => Ok(()),
            ConnectionState::Connecting | ConnectionState::FindingRoute => Err(FlushError::NotConnected),
            _ => Err(FlushError::Closed),
        }
    }

    /// Moves received messages to the end of `out`, oldest first, at most `max`. Returns how many.
    ///
    /// # Errors
    /// The handle names no connection.
    pub fn receive(&mut self, id: ConnId, out: &mut Vec<Message>, max: usize) -> Result<usize, BadHandle> {
        let e = self.entry_mut(id)?;
        e.conn.take_messages(&mut e.inbox);
        let n = e.inbox.len().min(max);
        let bytes: usize = e.inbox.iter().take(n).map(|m| m.payload.len()).sum();
        e.conn.gauges().on_read(n as u32, bytes as u64);
        out.extend(e.inbox.drain(..n));
        Ok(n)
    }

    /// Moves all received messages to the end of `out` without booking them as read: the owner of `out` does that with
    /// [`Gauges::on_read`] when the application takes them.
    pub fn take_messages(&mut self, id: ConnId, out: &mut Vec<Message>) -> bool {
        self.conns.get_mut(id).is_some_and(|e| e.conn.take_messages(out))
    }

    /// Sets number, priorities and weights of the lanes that we send on.
    ///
    /// # Errors
    /// See [`LanesError`].
    pub fn configure_lanes(
        &mut self,
        now: Timestamp,
        id: ConnId,
        lanes: &[LaneConfig],
    ) -> Result<(), LanesError> {
        let e = self.entry_mut(id)?;
        if e.conn.state() > ConnectionState::Connected {
            return Err(LanesError::Closed);
        }
        if lanes.is_empty() || lanes.len() > LANES_MAX {
            return Err(LanesError::Count(lanes.len()));
        }
        let have = e.conn.lane_count();
        if lanes.len() < have {
            return Err(LanesError::Reduced { have, asked: lanes.len() });
        }
        if let Some(lane) = lanes.iter().position(|l| l.weight == 0) {
            return Err(LanesError::ZeroWeight { lane });
        }
        let result = e.conn.configure_lanes(now, lanes);
        self.touched(id);
        result.map_err(LanesError::Peer)
    }

    /// Gives a connection other settings.
    pub fn set_config(&mut self, now: Timestamp, id: ConnId, config: Arc<ConnConfig>) {
        if let Some(e) = self.conns.get_mut(id) {
            e.conn.set_config(now, config);
            self.touched(id);
        }
    }

    /// Names a connection in logs; cut after 31 bytes at a character.
    ///
    /// # Errors
    /// The handle names no connection.
    pub fn set_name(&mut self, id: ConnId, name: &str) -> Result<(), BadHandle> {
        let mut end = name.len().min(NAME_BYTES_MAX);
        while !name.is_char_boundary(end) {
            end -= 1;
        }
        self.entry_mut(id)?.name = name.get(..end).unwrap_or_default().into();
        Ok(())
    }

    /// Sets the application's number of a connection.
    ///
    /// # Errors
    /// The handle names no connection.
    pub fn set_user_data(&mut self, id: ConnId, user_data: i64) -> Result<(), BadHandle> {
        self.entry_mut(id)?.user_data = user_data;
        Ok(())
    }

    /// The driver could not send to or receive from `to`. Never fatal by itself: time-outs decide.
    pub const fn handle_socket_error(
        &mut self,
        _socket: SocketId,
        _to: Option<SocketAddr>,
        _kind: SocketErrorKind,
    ) {
        self.counters.socket_errors = self.counters.socket_errors.saturating_add(1);
    }
}
