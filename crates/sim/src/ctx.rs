//! What an application can do on its host. Every call goes through the books.

use crate::attack::INSIDER_HOSTS;
use crate::book::{Closed, NewFlow, Role};
use crate::host::{Host, READ_MAX};
use crate::ledger::content;
use crate::rng::SimRng;
use crate::shared::{Shared, Todo};
use crate::trace::{Check, FlowId, HostId, Step, broken, rule};
use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use core::sync::atomic::Ordering::Relaxed;
use gamesockets_endpoint::fakenet::FakeNetConfig;
use gamesockets_endpoint::slab::{ConnId, ListenerId};
use gamesockets_endpoint::types::{AcceptError, ConnectError, FlushError, LanesError, ListenError, SocketId};
use gamesockets_proto::config::ConnConfig;
use gamesockets_proto::connection::{ConnectionState as State, LaneStatus, RealTimeStatus};
use gamesockets_proto::limits::UNRELIABLE_BYTES_MAX;
use gamesockets_proto::message::{Message, SendError, SendFlags};
use gamesockets_proto::snp::send::LaneConfig;
use gamesockets_wire::identity::Identity;
use gamesockets_wire::reason::EndReason;
use gamesockets_wire::time::Timestamp;
use std::sync::Arc;

/// Limits of an in-process pipe, as the endpoint sets them.
const PIPE_LIMIT: i32 = 0x1000_0000;

/// One host, at one moment, for its application.
#[derive(Debug)]
pub struct Ctx<'a> {
    host: &'a mut Host,
    shared: &'a mut Shared,
}

impl<'a> Ctx<'a> {
    pub(crate) const fn new(host: &'a mut Host, shared: &'a mut Shared) -> Self {
        Self { host, shared }
    }

    /// Virtual time since the world began, microseconds.
    pub const fn now_us(&self) -> u64 {
        self.shared.now_us
    }

    /// The host's own clock.
    pub const fn clock(&self) -> Timestamp {
        self.host.clock(self.shared.now_us)
    }

    /// The host.
    pub const fn host(&self) -> &Host {
        self.host
    }

    /// The host's number.
    pub const fn id(&self) -> HostId {
        self.host.id()
    }

    /// The host's random numbers.
    pub const fn rng(&mut self) -> &mut SimRng {
        &mut self.host.rng
    }

    /// The connection behind a handle.
    pub fn flow(&self, conn: ConnId) -> Option<FlowId> {
        self.host.flow(conn)
    }

    /// State of a connection as last announced.
    pub fn state(&self, conn: ConnId) -> State {
        self.flow(conn).map_or(State::None, |f| self.shared.book.flow(f).state)
    }

    /// Whether this side has closed the connection, be it with its listen socket.
    pub fn is_closed(&self, conn: ConnId) -> bool {
        self.flow(conn).is_none_or(|f| self.shared.book.flow(f).closed.is_some())
    }

    /// Calls the application's `on_think` with `token` at `at_us`.
    pub fn think_at(&mut self, at_us: u64, token: u64) {
        let host = self.host.id();
        self.shared.push(at_us, Todo::Think { host, token });
    }

    /// The host's loop has something to do now.
    fn wake(&mut self) {
        let now_us = self.shared.now_us;
        self.host.schedule_turn(self.shared, now_us);
    }

    fn did(&mut self, conn: ConnId, what: &'static str) {
        if let Some(flow) = self.flow(conn) {
            self.shared.note(Step::Did { flow, what });
        }
    }

    /// Binds a socket to `port` of the main address, or to a port that is free.
    ///
    /// # Errors
    /// The port is taken.
    pub fn bind(&mut self, port: Option<u16>) -> Result<SocketId, PortTaken> {
        self.bind_at(self.host.address, port)
    }

    /// Binds a socket to the loopback address of the host.
    ///
    /// # Errors
    /// The port is taken.
    pub fn bind_loopback(&mut self) -> Result<SocketId, PortTaken> {
        let [high, low] = (self.id().0 as u16).to_be_bytes();
        let ip = IpAddr::from(Ipv4Addr::new(127, 1, high, low));
        self.shared.machines.insert(ip, self.host.id());
        self.bind_at(ip, None)
    }

    fn bind_at(&mut self, ip: IpAddr, port: Option<u16>) -> Result<SocketId, PortTaken> {
        let address = match port {
            Some(port) => SocketAddr::new(ip, port),
            None => self.free_address(ip),
        };
        if self.shared.addresses.contains_key(&address) {
            return Err(PortTaken(address));
        }
        let socket = SocketId(self.host.next_socket);
        self.host.next_socket += 1;
        self.host.sockets.insert(socket, address);
        self.shared.addresses.insert(address, (self.host.id(), socket));
        Ok(socket)
    }

    fn free_address(&mut self, ip: IpAddr) -> SocketAddr {
        loop {
            let address = SocketAddr::new(ip, self.host.next_port);
            self.host.next_port = self.host.next_port.checked_add(1).unwrap_or(40_000);
            if !self.shared.addresses.contains_key(&address) {
                return address;
            }
        }
    }

    /// The address of a socket.
    pub fn local(&self, socket: SocketId) -> Option<SocketAddr> {
        self.host.sockets.get(&socket).copied()
    }

    /// Listens on a port of the main address.
    ///
    /// # Errors
    /// As the endpoint says; a taken port counts as a socket in use.
    pub fn listen(
        &mut self,
        port: u16,
        config: &Arc<ConnConfig>,
    ) -> Result<(ListenerId, SocketAddr), ListenError> {
        let socket = self.bind(Some(port)).map_err(|_| ListenError::SocketInUse)?;
        self.listen_on(socket, config)
    }

    /// Listens on a bound socket, which is given up if that fails.
    ///
    /// # Errors
    /// As the endpoint says.
    pub fn listen_on(
        &mut self,
        socket: SocketId,
        config: &Arc<ConnConfig>,
    ) -> Result<(ListenerId, SocketAddr), ListenError> {
        let local = self.local(socket).ok_or(ListenError::SocketInUse)?;
        let result = self.host.endpoint.listen(self.clock(), socket, local, config.clone());
        match &result {
            Ok(id) => {
                self.host.listeners.insert(*id, (socket, config.clone()));
            }
            Err(_) => self.unbind(socket),
        }
        self.wake();
        Ok((result?, local))
    }

    fn unbind(&mut self, socket: SocketId) {
        if let Some(address) = self.host.sockets.remove(&socket) {
            self.shared.addresses.remove(&address);
        }
    }

    /// Stops listening; everything that came in is destroyed.
    ///
    /// # Errors
    /// The endpoint did not know the listen socket.
    pub fn close_listener(&mut self, id: ListenerId) -> Check {
        let socket = self.host.listeners.remove(&id).map(|l| l.0);
        let address = socket.and_then(|s| self.local(s));
        let now_us = self.now_us();
        self.shared.book.explain.ends = true;
        let children: Vec<FlowId> = self.host.flows.values().copied().collect();
        for child in children {
            let flow = self.shared.book.flow_mut(child);
            if flow.role == Role::Server && Some(flow.local) == address && flow.closed.is_none() {
                let from = flow.state;
                let reason = EndReason::NONE;
                flow.closed = Some(Closed { at_us: now_us, from, reason, text: None, linger: false });
            }
        }
        let done = self.host.endpoint.close_listener(id);
        self.wake();
        done.map_err(|e| broken!("{} could not close {id:?}: {e}", self.host.id()))
    }

    /// Starts connecting from a socket of its own.
    ///
    /// # Errors
    /// As the endpoint says.
    pub fn connect(&mut self, to: SocketAddr, config: &Arc<ConnConfig>) -> Result<ConnId, ConnectError> {
        let socket = self.bind(None).map_err(|e| ConnectError::AddressInUse(e.0))?;
        let result = self.connect_from(socket, to, config);
        if result.is_err() {
            self.unbind(socket);
        }
        result
    }

    /// Starts connecting from a given socket.
    ///
    /// # Errors
    /// As the endpoint says.
    pub fn connect_from(
        &mut self,
        socket: SocketId,
        to: SocketAddr,
        config: &Arc<ConnConfig>,
    ) -> Result<ConnId, ConnectError> {
        let conn = self.host.endpoint.connect(self.clock(), socket, to, config.clone())?;
        let local = self.local(socket).unwrap_or(to);
        self.register(conn, Role::Client, socket, local, to, config.clone());
        self.did(conn, "connects");
        self.wake();
        Ok(conn)
    }

    fn register(
        &mut self,
        conn: ConnId,
        role: Role,
        socket: SocketId,
        local: SocketAddr,
        remote: SocketAddr,
        config: Arc<ConnConfig>,
    ) -> FlowId {
        let new = NewFlow { host: self.host.id(), conn, role, local, remote, config };
        let flow = self.shared.book.open(new);
        let machine = self.shared.machines.get(&remote.ip());
        let foreign = machine.is_some_and(|h| h.0 >= INSIDER_HOSTS);
        self.shared.book.flow_mut(flow).foreign = foreign;
        self.host.flows.insert(conn, flow);
        self.host.routes.insert((socket, remote), flow);
        flow
    }

    /// Two connected connections over the loopback of this host.
    ///
    /// # Errors
    /// As the endpoint says.
    pub fn pair_network(&mut self, config: &Arc<ConnConfig>) -> Result<[ConnId; 2], ConnectError> {
        let mut sockets = [SocketId(0); 2];
        for socket in &mut sockets {
            *socket = self.bind_loopback().map_err(|e| ConnectError::AddressInUse(e.0))?;
        }
        let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
        let addresses = sockets.map(|s| self.local(s).unwrap_or(nowhere));
        let names = [Identity::localhost(), Identity::localhost()];
        let now = self.clock();
        let pair = self.host.endpoint.create_pair_network(now, sockets, addresses, names, config)?;
        let a = self.register(pair[0], Role::Pair, sockets[0], addresses[0], addresses[1], config.clone());
        let b = self.register(pair[1], Role::Pair, sockets[1], addresses[1], addresses[0], config.clone());
        self.shared.book.marry(a, b);
        self.wake();
        Ok(pair)
    }

    /// Two connected connections without a network between.
    ///
    /// # Errors
    /// As the endpoint says.
    pub fn pair_memory(&mut self, config: &Arc<ConnConfig>) -> Result<[ConnId; 2], ConnectError> {
        let names = [Identity::localhost(), Identity::localhost()];
        let pair = self.host.endpoint.create_pair_memory(self.clock(), names, config)?;
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let config = Arc::new(ConnConfig {
            recv_buffer_size: PIPE_LIMIT,
            recv_buffer_messages: PIPE_LIMIT,
            ..**config
        });
        let none = SocketId(u32::MAX);
        let [a, b] = pair.map(|c| self.register(c, Role::Pipe, none, nowhere, nowhere, config.clone()));
        self.shared.book.marry(a, b);
        self.wake();
        Ok(pair)
    }

    /// Accepts an incoming connection.
    pub fn accept(&mut self, conn: ConnId) -> Option<AcceptError> {
        self.did(conn, "accepts");
        let result = self.host.endpoint.accept(self.clock(), conn);
        self.wake();
        result.err()
    }

    /// Closes a connection. What it received and nobody read is read first if the peer closed it.
    ///
    /// # Errors
    /// A rule was broken.
    pub fn close(&mut self, conn: ConnId, reason: u32, text: &str, linger: bool) -> Check {
        let Some(flow) = self.flow(conn) else { return Err(broken!("{conn:?} is to be closed and unknown")) };
        if self.shared.book.flow(flow).closed.is_some() {
            let again = self.host.endpoint.close(self.clock(), conn, reason, text, linger);
            rule!(again.is_err(), "{flow} was closed twice");
            return Ok(());
        }
        if self.shared.book.flow(flow).ended.is_some() {
            self.read_all(conn)?;
            self.shared.book.check_linger(flow)?;
        }
        self.did(conn, if linger { "closes, lingering" } else { "closes" });
        let now_us = self.now_us();
        self.shared.book.on_close(flow, now_us, reason, text, linger);
        self.absorb(conn);
        let closed = self.host.endpoint.close(self.clock(), conn, reason, text, linger);
        self.host.boxes.forget(conn);
        rule!(closed.is_ok(), "{flow} could not be closed: {closed:?}");
        self.wake();
        Ok(())
    }

    /// Sends a message of `len` bytes.
    ///
    /// # Errors
    /// The outer error is a broken rule; the inner one is what the endpoint says.
    pub fn send(
        &mut self,
        conn: ConnId,
        len: usize,
        flags: SendFlags,
        lane: u16,
    ) -> Result<Result<u64, SendError>, crate::trace::Broken> {
        let Some(flow) = self.flow(conn) else { return Ok(Err(SendError::NoConnection)) };
        let ledger = self.shared.book.flow(flow).lanes.get(&lane);
        let number = ledger.map_or(1, crate::ledger::LaneLedger::next_number);
        // Content that is refused anyway need not be made up.
        let pending = self.host.endpoint.gauges(conn).map_or(0, |g| g.send_pending.load(Relaxed));
        let limit = u64::try_from(self.shared.book.flow(flow).config.send_buffer_size).unwrap_or(0);
        let fits = pending + len as u64 <= limit || self.shared.book.flow(flow).role == Role::Pipe;
        let data = if fits { content(flow, lane, number, len) } else { vec![0; len] };
        let result = self.hand_over(conn, flow, data, flags, lane);
        let taken = result.unwrap_or(0);
        self.shared.note(Step::Send { flow, lane, number: taken, len, flags: flags.0 });
        if taken > 0 {
            let f = self.shared.book.flow_mut(flow);
            rule!(
                f.state <= State::Connected && f.closed.is_none(),
                "{flow} took a message in {:?}",
                f.state
            );
            let reliable = flags.contains(SendFlags::RELIABLE) || len > UNRELIABLE_BYTES_MAX;
            f.lanes.entry(lane).or_default().on_sent(taken, len, reliable)?;
            self.wake();
        }
        Ok(result)
    }

    /// Gives a message to the endpoint, or stages it.
    fn hand_over(
        &mut self,
        conn: ConnId,
        flow: FlowId,
        data: Vec<u8>,
        flags: SendFlags,
        lane: u16,
    ) -> Result<u64, SendError> {
        let now = self.clock();
        let f = self.shared.book.flow(flow);
        if !self.host.driver().boxes || f.role == Role::Pipe {
            return self.host.endpoint.send(now, conn, &data, flags, lane);
        }
        if f.state > State::Connected || f.closed.is_some() {
            return Err(SendError::NoConnection);
        }
        let about = (conn, f.state == State::Connected);
        let Host { endpoint, boxes, .. } = &mut *self.host;
        boxes.send(endpoint, now, about, &f.config, data, (flags, lane))
    }

    /// What is staged counts as sent before whatever comes next.
    fn absorb(&mut self, conn: ConnId) {
        let Host { endpoint, boxes, .. } = &mut *self.host;
        boxes.absorb(endpoint, conn);
    }

    /// Lets waiting messages go.
    ///
    /// # Errors
    /// As the endpoint says.
    pub fn flush(&mut self, conn: ConnId) -> Result<(), FlushError> {
        self.absorb(conn);
        let result = self.host.endpoint.flush(conn);
        self.wake();
        result
    }

    /// Reads at most `max` messages; every one of them is checked.
    ///
    /// # Errors
    /// A rule was broken.
    pub fn receive(&mut self, conn: ConnId, max: usize) -> Result<Vec<Message>, crate::trace::Broken> {
        let mut out = Vec::new();
        let Some(flow) = self.flow(conn) else { return Ok(out) };
        let got = if self.host.driver().boxes {
            let Host { endpoint, boxes, .. } = &mut *self.host;
            boxes.collect(endpoint, conn);
            out = boxes.receive(endpoint, conn, max);
            endpoint.info(conn).map(|_| out.len())
        } else {
            self.host.endpoint.receive(conn, &mut out, max)
        };
        let closed = self.shared.book.flow(flow).closed.is_some();
        match got {
            Ok(n) => rule!(n == out.len() && n <= max && !closed, "{flow}: {n} of {max} messages, {closed}"),
            Err(_) => rule!(closed, "{flow} cannot be read though it was not closed"),
        }
        let now = self.clock();
        for m in &out {
            let (lane, number, len) = (m.lane, m.number, m.payload.len());
            self.shared.note(Step::Received { flow, lane, number, len });
            self.shared.book.on_delivered(flow, m, now)?;
        }
        if !out.is_empty() {
            self.wake();
        }
        Ok(out)
    }

    /// Reads everything.
    ///
    /// # Errors
    /// A rule was broken.
    pub fn read_all(&mut self, conn: ConnId) -> Result<Vec<Message>, crate::trace::Broken> {
        let mut all = Vec::new();
        loop {
            let some = self.receive(conn, READ_MAX)?;
            if some.is_empty() {
                return Ok(all);
            }
            all.extend(some);
        }
    }

    /// Sets lanes.
    ///
    /// # Errors
    /// As the endpoint says.
    pub fn configure_lanes(&mut self, conn: ConnId, lanes: &[LaneConfig]) -> Result<(), LanesError> {
        self.did(conn, "configures lanes");
        let result = self.host.endpoint.configure_lanes(self.clock(), conn, lanes);
        if result.is_ok() && self.host.driver().boxes {
            self.host.boxes.grow_lanes(conn, lanes.len());
        }
        self.wake();
        result
    }

    /// Gives a connection other settings.
    pub fn set_config(&mut self, conn: ConnId, config: &Arc<ConnConfig>) {
        let Some(flow) = self.flow(conn) else { return };
        if self.shared.book.flow(flow).role == Role::Pipe {
            // Its limits are those of a pipe.
            return;
        }
        self.did(conn, "gets other settings");
        self.shared.book.flow_mut(flow).config = config.clone();
        let now = self.clock();
        self.host.endpoint.set_config(now, conn, config.clone());
        self.wake();
    }

    /// Changes the simulated network inside the endpoint.
    pub fn set_fake_network(&mut self, config: FakeNetConfig) {
        self.shared.delays_inside = true;
        self.host.endpoint.set_fake_network(config);
        self.wake();
    }

    /// Figures of a connection and of its first `lanes` lanes.
    pub fn status(&mut self, conn: ConnId, lanes: usize) -> Option<(RealTimeStatus, Vec<LaneStatus>)> {
        self.absorb(conn);
        let mut out = vec![LaneStatus::default(); lanes];
        let now = self.clock();
        let status = self.host.endpoint.status(now, conn, &mut out).ok()?;
        Some((status, out))
    }

    /// What a developer would look at.
    pub fn detailed_status(&mut self, conn: ConnId) -> String {
        let now = self.clock();
        self.host.endpoint.detailed_status(now, conn).unwrap_or_default()
    }

    /// The endpoint itself, for what is not covered here. Nothing may be sent, received or closed through it.
    pub const fn endpoint(&mut self) -> &mut gamesockets_endpoint::endpoint::Endpoint {
        &mut self.host.endpoint
    }
}

/// Somebody has the port already.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PortTaken(pub SocketAddr);

impl core::fmt::Display for PortTaken {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} is in use already", self.0)
    }
}

impl std::error::Error for PortTaken {}
