//! A host: an endpoint with sockets, and a loop that drives it as a driver does.

use crate::app::App;
use crate::book::{NewFlow, Role};
use crate::boxes::Boxes;
use crate::ctx::Ctx;
use crate::link::Lost;
use crate::rng::SimRng;
use crate::shared::{Shared, Todo};
use crate::trace::{Check, FlowId, HostId, Step, broken, rule};
use core::net::{IpAddr, SocketAddr};
use gamesockets_endpoint::endpoint::{Endpoint, EndpointConfig};
use gamesockets_endpoint::slab::{ConnId, ListenerId};
use gamesockets_endpoint::types::{Event, SocketErrorKind, SocketId, Transmit};
use gamesockets_proto::config::ConnConfig;
use gamesockets_proto::connection::ConnectionState as State;
use gamesockets_proto::limits::DATAGRAM_BYTES_MAX;
use gamesockets_wire::datagram::is_data;
use gamesockets_wire::time::Timestamp;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Turns without progress of time after which a host counts as caught in a loop.
const TURNS_PER_MOMENT_MAX: u32 = 1000;
/// Rounds of input and output in one turn after which a host counts as caught in a loop.
const ROUNDS_PER_TURN_MAX: u32 = 50_000;
/// Messages read at once by default.
pub(crate) const READ_MAX: usize = 4096;

/// How a host's loop behaves.
#[derive(Clone, Debug, PartialEq)]
pub struct DriverConfig {
    /// It wakes up to this much later than asked, microseconds.
    pub late_us: u64,
    /// It runs only once per this time, as a game loop does; microseconds, 0 for whenever there is something to do.
    pub period_us: u64,
    /// Datagrams it takes from a socket in one call, at most.
    pub receive_batch: u64,
    /// Datagrams it asks for in one call, at most.
    pub send_batch: u64,
    /// Chance that it is told of a datagram that nobody took.
    pub socket_errors: f64,
    /// The application sends and reads through boxes of its own, as with a thread for the loop. For hosts that have no
    /// connections yet.
    pub boxes: bool,
    /// Addresses of version 4 come in the form of version 6, as from a socket for both.
    pub mapped: bool,
}

impl Default for DriverConfig {
    fn default() -> Self {
        Self {
            late_us: 0,
            period_us: 0,
            receive_batch: 64,
            send_batch: 64,
            socket_errors: 0.0,
            boxes: false,
            mapped: false,
        }
    }
}

#[derive(Debug)]
struct Rx {
    socket: SocketId,
    from: SocketAddr,
    data: Vec<u8>,
}

/// Bytes exchanged with an address that was not proven to be the sender's own.
#[derive(Clone, Copy, Debug, Default)]
struct Unproven {
    received: u64,
    sent: u64,
}

/// Work a host did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HostCounters {
    /// Turns of its loop.
    pub turns: u64,
    /// Turns because of a deadline.
    pub wakeups: u64,
    /// Datagrams sent.
    pub sent: u64,
}

/// A host.
#[derive(Debug)]
pub struct Host {
    id: HostId,
    pub(crate) endpoint: Endpoint,
    offset_us: u64,
    pub(crate) address: IpAddr,
    pub(crate) sockets: BTreeMap<SocketId, SocketAddr>,
    pub(crate) next_socket: u32,
    pub(crate) next_port: u16,
    driver: DriverConfig,
    rx: VecDeque<Rx>,
    turn_at: Option<u64>,
    moment: (u64, u32),
    pub(crate) rng: SimRng,
    pub(crate) flows: BTreeMap<ConnId, FlowId>,
    pub(crate) routes: BTreeMap<(SocketId, SocketAddr), FlowId>,
    pub(crate) listeners: BTreeMap<ListenerId, (SocketId, Arc<ConnConfig>)>,
    unproven: BTreeMap<(SocketId, SocketAddr), Unproven>,
    pub(crate) boxes: Boxes,
    pub(crate) app: Option<Box<dyn App>>,
    pub(crate) log: Vec<(u64, Event)>,
    pub(crate) counters: HostCounters,
    buffer: Vec<u8>,
}

impl Host {
    pub(crate) fn new(
        id: HostId,
        address: IpAddr,
        config: EndpointConfig,
        offset_us: u64,
        now_us: u64,
        mut rng: SimRng,
    ) -> Self {
        let now = Timestamp::from_micros(offset_us + now_us);
        Self {
            id,
            endpoint: Endpoint::new(config, rng.bytes32(), now),
            offset_us,
            address,
            sockets: BTreeMap::new(),
            next_socket: 1,
            next_port: 40_000,
            driver: DriverConfig::default(),
            rx: VecDeque::new(),
            turn_at: None,
            moment: (0, 0),
            rng,
            flows: BTreeMap::new(),
            routes: BTreeMap::new(),
            listeners: BTreeMap::new(),
            unproven: BTreeMap::new(),
            boxes: Boxes::default(),
            app: None,
            log: Vec::new(),
            counters: HostCounters::default(),
            buffer: Vec::new(),
        }
    }

    /// Loses power. What was planned for it passes by.
    pub(crate) fn crash(&mut self) {
        self.sockets.clear();
        self.rx.clear();
        self.turn_at = None;
        self.flows.clear();
        self.routes.clear();
        self.listeners.clear();
        self.unproven.clear();
        self.boxes = Boxes::default();
        self.app = None;
        self.endpoint = Endpoint::new(EndpointConfig::default(), [0; 32], Timestamp::from_micros(1));
    }

    /// Starts again with nothing remembered.
    pub(crate) fn restart(&mut self, config: EndpointConfig, offset_us: u64, now_us: u64, app: Box<dyn App>) {
        self.offset_us = offset_us;
        let now = self.clock(now_us);
        self.endpoint = Endpoint::new(config, self.rng.bytes32(), now);
        self.app = Some(app);
    }

    /// Its number.
    pub const fn id(&self) -> HostId {
        self.id
    }

    /// The endpoint itself, to look at.
    pub const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Its main address.
    pub const fn address(&self) -> IpAddr {
        self.address
    }

    /// The listen socket on a port.
    pub fn listener(&self, port: u16) -> Option<ListenerId> {
        let on_port = |s: &SocketId| self.sockets.get(s).is_some_and(|a| a.port() == port);
        self.listeners.iter().find(|(_, (socket, _))| on_port(socket)).map(|(id, _)| *id)
    }

    /// All events so far with their times, microseconds.
    pub fn log(&self) -> &[(u64, Event)] {
        &self.log
    }

    /// Work it did.
    pub const fn counters(&self) -> &HostCounters {
        &self.counters
    }

    /// How its loop behaves.
    pub const fn driver(&self) -> &DriverConfig {
        &self.driver
    }

    /// Another behaviour of its loop.
    pub fn set_driver(&mut self, driver: DriverConfig) {
        self.driver = driver;
    }

    /// The host's own clock at a virtual time.
    pub const fn clock(&self, now_us: u64) -> Timestamp {
        Timestamp::from_micros(self.offset_us + now_us)
    }

    /// The connection behind a handle, dead ones included as long as the handle was not given out again.
    pub fn flow(&self, conn: ConnId) -> Option<FlowId> {
        self.flows.get(&conn).copied()
    }

    /// When the loop runs for something that happens at `at_us`.
    fn loop_time(&mut self, at_us: u64) -> u64 {
        let late = if self.driver.late_us > 0 { self.rng.below(self.driver.late_us + 1) } else { 0 };
        let at = at_us + late;
        if self.driver.period_us == 0 { at } else { at.next_multiple_of(self.driver.period_us) }
    }

    /// Makes sure that a turn runs at `at_us` or before.
    pub(crate) fn schedule_turn(&mut self, shared: &mut Shared, at_us: u64) {
        if self.turn_at.is_none_or(|t| at_us < t) {
            self.turn_at = Some(at_us);
            shared.push(at_us, Todo::Turn(self.id));
        }
    }

    /// A datagram reached one of the sockets.
    pub(crate) fn arrive(
        &mut self,
        shared: &mut Shared,
        to: (SocketId, SocketAddr),
        from: SocketAddr,
        data: Vec<u8>,
    ) {
        shared.note(Step::Arrived { from, to: to.1, len: data.len() });
        shared.trace.mix(data.last_chunk::<8>().map_or(0, |c| u64::from_le_bytes(*c)));
        self.rx.push_back(Rx { socket: to.0, from, data });
        let at = self.loop_time(shared.now_us);
        self.schedule_turn(shared, at);
    }

    /// Whether the turn planned for now is still wanted.
    pub(crate) fn takes_turn(&mut self, now_us: u64) -> bool {
        let due = self.turn_at == Some(now_us);
        if due {
            self.turn_at = None;
        }
        due
    }

    /// One turn of the loop: everything that came in, deadlines, everything that goes out.
    pub(crate) fn turn(&mut self, shared: &mut Shared) -> Check {
        self.count_turn(shared.now_us)?;
        let now = self.clock(shared.now_us);
        let datagrams = self.rx.len();
        self.take_in(shared, now);
        let timeout = self.endpoint.poll_timeout().is_some_and(|at| at <= now);
        if timeout {
            self.counters.wakeups += 1;
            self.endpoint.handle_timeout(now);
        }
        shared.note(Step::Turn { host: self.id, datagrams, timeout });
        self.drain(shared, now)?;
        if self.counters.turns.is_multiple_of(16) {
            self.audit(shared)?;
        }
        if let Some(name) = shared.book.explain.unexplained(self.endpoint.counters()) {
            return Err(broken!("{} dropped a datagram without a cause: {name:?}", self.id));
        }
        if let Some(at) = self.endpoint.poll_timeout() {
            let at = at.as_micros().saturating_sub(self.offset_us).max(shared.now_us);
            let at = self.loop_time(at);
            self.schedule_turn(shared, at);
        }
        Ok(())
    }

    fn count_turn(&mut self, now_us: u64) -> Check {
        self.counters.turns += 1;
        if self.moment.0 == now_us {
            self.moment.1 += 1;
        } else {
            self.moment = (now_us, 1);
        }
        let caught = self.moment.1 > TURNS_PER_MOMENT_MAX;
        rule!(!caught, "{} turned {} times while time stood still", self.id, self.moment.1);
        Ok(())
    }

    /// Hands over what arrived: runs of datagrams from one source that may form a batch go in together.
    fn take_in(&mut self, shared: &Shared, now: Timestamp) {
        while let Some(first) = self.rx.pop_front() {
            let Rx { socket, from, mut data } = first;
            let stride = data.len();
            let mut count = 1;
            let batch = self.rng.between(1, self.driver.receive_batch.max(1));
            while count < batch {
                let fits = |n: &Rx| n.socket == socket && n.from == from && n.data.len() <= stride;
                let Some(next) = self.rx.front().filter(|n| fits(n) && stride > 0 && !n.data.is_empty())
                else {
                    break;
                };
                let last = next.data.len() < stride;
                data.extend_from_slice(&next.data);
                self.rx.pop_front();
                count += 1;
                if last {
                    break;
                }
            }
            if !self.sockets.contains_key(&socket) {
                continue;
            }
            if !self.has_live_route(shared, socket, from) {
                self.unproven.entry((socket, from)).or_default().received += data.len() as u64;
            }
            let from = if self.driver.mapped { mapped(from) } else { from };
            self.endpoint.handle_datagrams(now, socket, from, &mut data, stride.max(1));
        }
    }

    fn has_live_route(&self, shared: &Shared, socket: SocketId, remote: SocketAddr) -> bool {
        self.routes.get(&(socket, remote)).is_some_and(|f| !shared.book.flow(*f).destroyed)
    }

    /// Takes everything out that the endpoint has to give, and lets the application react, until nothing is left.
    fn drain(&mut self, shared: &mut Shared, now: Timestamp) -> Check {
        // What goes through an in-process pipe shows only after the transmission that moved it: two quiet rounds.
        let mut quiet = 0;
        for _ in 0..ROUNDS_PER_TURN_MAX {
            let mut any = false;
            self.boxes.absorb_all(&mut self.endpoint);
            while let Some(event) = self.endpoint.poll_event() {
                any = true;
                self.on_event(shared, event)?;
            }
            while let Some(conn) = self.endpoint.poll_readable() {
                any = true;
                if self.driver.boxes {
                    self.boxes.collect(&mut self.endpoint, conn);
                }
                self.with_app(shared, |app, ctx| app.on_readable(ctx, conn))?;
            }
            let max = self.rng.between(1, self.driver.send_batch.max(1)) as usize;
            let mut buffer = core::mem::take(&mut self.buffer);
            let sent = self.endpoint.poll_transmit(now, &mut buffer, max);
            if let Some(t) = sent {
                any = true;
                self.transmit(shared, &t, &buffer, max)?;
            }
            self.buffer = buffer;
            quiet = if any { 0 } else { quiet + 1 };
            if quiet == 2 {
                return Ok(());
            }
        }
        Err(broken!("{} has something to do after {ROUNDS_PER_TURN_MAX} rounds of one turn", self.id))
    }

    pub(crate) fn with_app(
        &mut self,
        shared: &mut Shared,
        work: impl FnOnce(&mut dyn App, &mut Ctx<'_>) -> Check,
    ) -> Check {
        let Some(mut app) = self.app.take() else { return Ok(()) };
        let done = work(&mut *app, &mut Ctx::new(self, shared));
        self.app = Some(app);
        done
    }

    fn on_event(&mut self, shared: &mut Shared, event: Event) -> Check {
        match &event {
            Event::StateChanged { conn, listener, old, new, info } => {
                let (conn, old, new) = (*conn, *old, *new);
                if old == State::None && listener.is_some() {
                    self.on_incoming(shared, conn, *listener)?;
                }
                let Some(flow) = self.flow(conn) else {
                    return Err(broken!("event of an unknown {conn:?}: {event:?}"));
                };
                let reason = info.end_reason.0;
                shared.note(Step::State { flow, old, new, reason });
                shared.book.on_state(flow, shared.now_us, (old, new), (info.end_reason, &info.end_debug))?;
            }
            Event::Destroyed { conn } => {
                let Some(flow) = self.flow(*conn) else {
                    return Err(broken!("{conn:?} was unknown and got destroyed"));
                };
                self.boxes.forget(*conn);
                shared.note(Step::Destroyed(flow));
                let f = shared.book.flow_mut(flow);
                let twice = f.destroyed;
                f.destroyed = true;
                rule!(
                    !twice && f.closed.is_some(),
                    "{flow} was destroyed, closed: {:?}, before: {twice}",
                    f.closed
                );
            }
            Event::SocketUnused { socket } => {
                let address = self.sockets.remove(socket);
                rule!(address.is_some(), "{} says that {socket:?} is unused, but it does not exist", self.id);
                if let Some(address) = address {
                    shared.addresses.remove(&address);
                }
            }
        }
        self.log.push((shared.now_us, event.clone()));
        self.with_app(shared, |app, ctx| app.on_event(ctx, &event))
    }

    fn on_incoming(&mut self, shared: &mut Shared, conn: ConnId, listener: Option<ListenerId>) -> Check {
        let info = self.endpoint.info(conn).map_err(|e| broken!("{conn:?} is new and not there: {e}"))?;
        let known = listener.and_then(|l| self.listeners.get(&l)).cloned();
        let Some(((socket, config), remote)) = known.zip(info.remote) else {
            return Err(broken!("{conn:?} came in over {listener:?}, which is unknown"));
        };
        let Some(local) = self.sockets.get(&socket).copied() else {
            return Err(broken!("{conn:?} came in over {socket:?}, which is unused"));
        };
        let new = NewFlow { host: self.id, conn, role: Role::Server, local, remote, config };
        let flow = shared.book.open(new);
        self.flows.insert(conn, flow);
        self.routes.insert((socket, remote), flow);
        Ok(())
    }

    fn transmit(&mut self, shared: &mut Shared, t: &Transmit, buffer: &[u8], max: usize) -> Check {
        let count = if t.segment == 0 { 0 } else { buffer.chunks(t.segment).count() };
        rule!(
            t.len == buffer.len() && count == t.count && t.count <= max && t.segment <= DATAGRAM_BYTES_MAX,
            "{} gave {} bytes for {t:?}, at most {max} datagrams were asked for",
            self.id,
            buffer.len()
        );
        let Some(from) = self.sockets.get(&t.socket).copied() else {
            return Err(broken!("{} sends over {:?}, which it said is unused", self.id, t.socket));
        };
        let route = self.routes.get(&(t.socket, t.to)).copied();
        let live = route.filter(|f| !shared.book.flow(*f).destroyed);
        for datagram in buffer.chunks(t.segment) {
            self.counters.sent += 1;
            match live {
                // Delayed by the endpoint's own simulated network, data may leave after its connection's end.
                Some(flow) if !shared.delays_inside => shared.book.on_datagram(flow, datagram)?,
                Some(flow) if !datagram.first().is_some_and(|b| is_data(*b)) => {
                    shared.book.on_datagram(flow, datagram)?;
                }
                Some(_) => {}
                None => self.check_unproven(shared, t, datagram)?,
            }
            let lost = shared.carry(self.id, from, t.to, datagram.to_vec());
            let lead = datagram.first().copied().unwrap_or(0);
            shared.note(Step::Sent { from, to: t.to, len: datagram.len(), lead, lost });
            if lost == Some(Lost::Down) && self.rng.chance(self.driver.socket_errors) {
                self.endpoint.handle_socket_error(t.socket, Some(t.to), SocketErrorKind::Unreachable);
            }
        }
        Ok(())
    }

    /// Nobody may be made to send more to a stranger than the stranger sent.
    fn check_unproven(&mut self, shared: &Shared, t: &Transmit, datagram: &[u8]) -> Check {
        if shared.delays_inside {
            return Ok(());
        }
        let account = self.unproven.entry((t.socket, t.to)).or_default();
        account.sent += datagram.len() as u64;
        rule!(
            account.sent <= account.received,
            "{} sent {} bytes to {} and received only {} from there",
            self.id,
            account.sent,
            t.to,
            account.received
        );
        Ok(())
    }

    /// Looks at every connection's figures and bounds.
    pub(crate) fn audit(&mut self, shared: &Shared) -> Check {
        use core::sync::atomic::Ordering::Relaxed;
        let now = self.clock(shared.now_us);
        let conns: Vec<(ConnId, FlowId)> = self.flows.iter().map(|(c, f)| (*c, *f)).collect();
        for (conn, id) in conns {
            let flow = shared.book.flow(id);
            if flow.destroyed {
                self.flows.remove(&conn);
                continue;
            }
            if flow.closed.is_some() {
                rule!(self.endpoint.info(conn).is_err(), "{id} was closed and its handle still works");
                continue;
            }
            let status =
                self.endpoint.status(now, conn, &mut []).map_err(|e| broken!("{id} has no status: {e}"))?;
            rule!(
                status.state == flow.state,
                "{id} is {:?} and was announced as {:?}",
                status.state,
                flow.state
            );
            let gauges = self.endpoint.gauges(conn).map_err(|e| broken!("{id} has no gauges: {e}"))?;
            let (messages, bytes) = (gauges.recv_messages.load(Relaxed), gauges.recv_bytes.load(Relaxed));
            let c = &flow.config;
            // What was acknowledged is delivered at the end of a connection, whether there is room or not.
            let bounded = flow.ended.is_some()
                || messages <= c.recv_buffer_messages as u32 && bytes <= c.recv_buffer_size as u64;
            rule!(bounded, "{id} holds {messages} unread messages with {bytes} bytes");
            if self.driver.boxes {
                self.boxes.check(conn, id, messages)?;
            }
            let waiting = gauges.send_pending.load(Relaxed);
            let sum = u64::from(status.pending_reliable) + u64::from(status.pending_unreliable);
            rule!(waiting == sum, "{id} counts {waiting} waiting bytes, its lanes have {sum}");
            rule!((-1..=2000).contains(&status.ping_ms), "{id} has a ping of {} ms", status.ping_ms);
        }
        Ok(())
    }
}

/// The same address as a socket for both versions shows it.
fn mapped(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V4(a) => SocketAddr::new(a.ip().to_ipv6_mapped().into(), a.port()),
        SocketAddr::V6(_) => address,
    }
}
