//! The peer without Godot: links to other peers, packets in and out, what there is to tell.

use super::hello::{Greeting, HelloError, Kind, Step};
use super::limits::{
    BATCH, CHANNELS_MAX, HELLO_TIME, PACKET_BYTES_MAX, PART_BYTES_MAX, QUEUE_BYTES_MAX, QUEUE_PACKETS_MAX,
    RECV_BYTES_MAX, RECV_MESSAGES_MAX, SEND_BYTES_MAX, SEND_RATES, UNFINISHED_BYTES_MAX,
    UNFINISHED_TOTAL_MAX, UNREAD_TIME,
};
use super::packet::{Assembly, HEADER_BYTES_MAX, Header, Mode, PacketError, Part, Payload, lane, lanes_for};
use super::reason::{self, text as text_of};
use crate::monitor;
use crate::stopping::{Stop, watch};
use gamesockets::config::{ConfigKey, ConfigValue};
use gamesockets::{
    Bytes, Connection, ConnectionHandle, ConnectionState, Context, LaneConfig, Listener, Message, PollGroup,
    SendFlags,
};
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The server's unique id.
pub(super) const SERVER: i32 = 1;

/// Something to tell the game, once no lock is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    Connected(i32),
    /// Why a peer went, or was never reached; comes before `Disconnected`.
    Ended {
        id: i32,
        reason: u32,
        text: String,
    },
    Disconnected(i32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Disconnected,
    Connecting,
    Connected,
}

/// A packet for the game.
#[derive(Debug)]
pub(super) struct Packet {
    pub(super) from: i32,
    pub(super) mode: Mode,
    pub(super) channel: u8,
    pub(super) data: Bytes,
}

/// Why a packet was not taken.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum PutError {
    #[error("there is no peer {0}")]
    NoPeer(i32),
    #[error("the packet has {0} bytes; at most {PACKET_BYTES_MAX} are possible, and at least one")]
    Size(usize),
    #[error("{0} bytes do not fit behind what waits for peer {1} already; send less or wait")]
    Full(usize, i32),
    #[error("sending to peer {0} failed: {1}")]
    Send(i32, String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// We said hello, or wait for it.
    Greeting,
    /// We said welcome.
    Welcomed,
    Open,
}

/// A connection to another peer.
#[derive(Debug)]
struct Link {
    connection: Connection,
    /// We made it.
    outgoing: bool,
    phase: Phase,
    /// The peer's unique id, or the one that is expected; 0 unknown.
    id: i32,
    since: Instant,
    /// When its end was seen.
    over: Option<Instant>,
    assembly: Assembly,
    /// Lanes configured so far.
    lanes: usize,
    /// Numbers of ordered packets, by channel.
    numbers: [u32; CHANNELS_MAX as usize],
}

/// The context, whose threads end before the library goes, also where a game never frees the peer.
#[derive(Debug)]
struct Running(Context);

impl Stop for Running {
    fn stop(&self) {
        self.0.shutdown();
    }
}

/// A server, a client or a member of a mesh.
#[derive(Debug)]
pub(super) struct Session {
    context: Arc<Running>,
    listener: Option<Listener>,
    group: PollGroup,
    kind: Kind,
    id: i32,
    status: Status,
    peers_max: usize,
    pub(super) refuses: bool,
    links: BTreeMap<ConnectionHandle, Link>,
    by_id: BTreeMap<i32, ConnectionHandle>,
    queue: VecDeque<Packet>,
    queue_bytes: usize,
    signals: VecDeque<Signal>,
    last_end: (u32, String),
    pub(super) unread_time: Duration,
}

type Options = [(ConfigKey, ConfigValue)];

/// The settings that connections get unless the game gives others.
fn with_defaults(options: &Options) -> Vec<(ConfigKey, ConfigValue)> {
    let [slowest, fastest] = SEND_RATES;
    let mut all = vec![
        (ConfigKey::SendRateMin, ConfigValue::Int32(slowest)),
        (ConfigKey::SendRateMax, ConfigValue::Int32(fastest)),
        (ConfigKey::SendBufferSize, ConfigValue::Int32(SEND_BYTES_MAX)),
        (ConfigKey::RecvBufferSize, ConfigValue::Int32(RECV_BYTES_MAX)),
        (ConfigKey::RecvBufferMessages, ConfigValue::Int32(RECV_MESSAGES_MAX)),
    ];
    all.retain(|(key, _)| options.iter().all(|(given, _)| given != key));
    all.extend_from_slice(options);
    all
}

impl Session {
    fn new(kind: Kind, id: i32, status: Status, peers_max: usize) -> Result<Self, String> {
        let context = Context::new().map_err(|why| why.to_string())?;
        monitor::watch("NetworkingSocketsMultiplayerPeer", &context);
        let group = context.create_poll_group().map_err(|why| why.to_string())?;
        let context = Arc::new(Running(context));
        watch(&context);
        Ok(Self {
            context,
            listener: None,
            group,
            kind,
            id,
            status,
            peers_max,
            refuses: false,
            links: BTreeMap::new(),
            by_id: BTreeMap::new(),
            queue: VecDeque::new(),
            queue_bytes: 0,
            signals: VecDeque::new(),
            last_end: (0, String::new()),
            unread_time: UNREAD_TIME,
        })
    }

    /// A server, unique id 1.
    pub(super) fn server(at: SocketAddr, peers_max: usize, options: &Options) -> Result<Self, String> {
        let mut session = Self::new(Kind::Star, SERVER, Status::Connected, peers_max)?;
        session.listen(at, options)?;
        Ok(session)
    }

    /// A client of a server.
    pub(super) fn client(to: SocketAddr, id: i32, options: &Options) -> Result<Self, String> {
        let mut session = Self::new(Kind::Star, id, Status::Connecting, 1)?;
        session.connect(to, SERVER, options)?;
        Ok(session)
    }

    /// A member of a mesh; without an address it only connects.
    pub(super) fn mesh(
        id: i32,
        at: Option<SocketAddr>,
        peers_max: usize,
        options: &Options,
    ) -> Result<Self, String> {
        let mut session = Self::new(Kind::Mesh, id, Status::Connected, peers_max)?;
        if let Some(at) = at {
            session.listen(at, options)?;
        }
        Ok(session)
    }

    fn listen(&mut self, at: SocketAddr, options: &Options) -> Result<(), String> {
        let made = self.context.0.listen_with(at, &with_defaults(options));
        self.listener = Some(made.map_err(|why| why.to_string())?);
        Ok(())
    }

    /// Connects to a peer whose unique id is known.
    pub(super) fn connect(&mut self, to: SocketAddr, id: i32, options: &Options) -> Result<(), String> {
        let known = self.links.values().any(|link| link.id == id);
        if id < 1 || id == self.id || known {
            return Err(format!("unique id {id} is taken already, or is none"));
        }
        if self.links.len() >= self.peers_max {
            return Err(format!("there are {} peers already", self.peers_max));
        }
        let connection =
            self.context.0.connect_with(to, &with_defaults(options)).map_err(|why| why.to_string())?;
        self.watch(connection, true, id);
        Ok(())
    }

    fn watch(&mut self, connection: Connection, outgoing: bool, id: i32) {
        // It was made just now; one that is closed already shows so in its state.
        let _ = connection.set_poll_group(Some(&self.group));
        let handle = connection.handle();
        let link = Link {
            connection,
            outgoing,
            phase: Phase::Greeting,
            id,
            since: Instant::now(),
            over: None,
            assembly: Assembly::default(),
            lanes: 1,
            numbers: [0; CHANNELS_MAX as usize],
        };
        if outgoing {
            self.greet(&link, Step::Hello);
        }
        self.links.insert(handle, link);
    }

    fn greet(&self, link: &Link, step: Step) {
        let greeting = Greeting {
            step,
            kind: self.kind,
            id: self.id,
            expects: link.id,
            channels: CHANNELS_MAX,
            packet_max: PACKET_BYTES_MAX as u32,
        };
        // If it ended meanwhile, its state says so.
        let _ = link.connection.send(&greeting.encode(), SendFlags::RELIABLE | SendFlags::NO_NAGLE);
    }

    /// Does what there is to do. To be called every frame.
    pub(super) fn poll(&mut self) {
        self.context.0.poll_events();
        self.accept_all();
        // Before messages are taken: what arrived before the end is read first.
        let over: Vec<_> = self
            .links
            .values()
            .filter(|l| l.connection.ended().is_some())
            .map(|l| l.connection.handle())
            .collect();
        let all_read = self.receive_all();
        for handle in over {
            let Some(link) = self.links.get_mut(&handle) else { continue };
            let since = *link.over.get_or_insert_with(Instant::now);
            let unread = !all_read || self.queue.iter().any(|packet| packet.from == link.id);
            if !unread || since.elapsed() > self.unread_time {
                self.end(handle);
            }
        }
        let late = |l: &&Link| l.phase != Phase::Open && l.since.elapsed() > HELLO_TIME;
        let late: Vec<_> = self.links.values().filter(late).map(|l| l.connection.handle()).collect();
        for handle in late {
            self.refuse(handle, reason::NO_HELLO);
        }
    }

    fn accept_all(&mut self) {
        let Some(listener) = self.listener.as_ref().map(Listener::handle) else { return };
        for connection in self.context.0.connections() {
            if connection.listener() != Some(listener) || self.links.contains_key(&connection.handle()) {
                continue;
            }
            let refusal = match self.links.len() {
                _ if self.refuses => Some(reason::REFUSED),
                count if count >= self.peers_max => Some(reason::FULL),
                _ => None,
            };
            if let Some(reason) = refusal {
                let _ = connection.close(reason, text_of(reason), false);
            } else if connection.accept().is_ok() {
                self.watch(connection, false, 0);
            } else {
                let _ = connection.close(0, "", false);
            }
        }
    }

    /// Takes messages until there are none, or too many; says whether all are read.
    fn receive_all(&mut self) -> bool {
        let mut batch = Vec::with_capacity(BATCH);
        while self.queue.len() < QUEUE_PACKETS_MAX && self.queue_bytes < QUEUE_BYTES_MAX {
            batch.clear();
            if self.group.receive_into(&mut batch, BATCH).unwrap_or(0) == 0 {
                return true;
            }
            for message in batch.drain(..) {
                self.take(message);
            }
        }
        false
    }

    fn take(&mut self, message: Message) {
        let handle = message.connection();
        if message.lane() == 0 {
            return self.take_greeting(handle, message.payload());
        }
        let unfinished: usize = self.links.values().map(|l| l.assembly.unfinished_bytes()).sum();
        let Some(link) = self.links.get_mut(&handle) else { return };
        match link.phase {
            Phase::Open => {}
            // It knows us, or it could not send packets: as good as ready.
            Phase::Welcomed => self.open(handle),
            Phase::Greeting => return self.refuse(handle, reason::NO_HELLO),
        }
        let Some(link) = self.links.get_mut(&handle) else { return };
        let own = link.assembly.unfinished_bytes();
        let room = UNFINISHED_BYTES_MAX.min(own + UNFINISHED_TOTAL_MAX.saturating_sub(unfinished));
        let from = link.id;
        match link.assembly.take(message.lane(), message.payload(), room) {
            Ok(None) => {}
            Ok(Some(arrived)) => {
                let data = match arrived.data {
                    Payload::InMessage(at) => message.into_payload().slice(at..),
                    Payload::Own(data) => data.into(),
                };
                self.queue_bytes += data.len();
                self.queue.push_back(Packet { from, mode: arrived.mode, channel: arrived.channel, data });
            }
            Err(PacketError::TooMuch) => self.refuse(handle, reason::TOO_MUCH),
            Err(_) => self.refuse(handle, reason::PROTOCOL),
        }
    }

    fn take_greeting(&mut self, handle: ConnectionHandle, bytes: &[u8]) {
        let Some(link) = self.links.get(&handle) else { return };
        let greeting = match Greeting::decode(bytes) {
            Ok(greeting) => greeting,
            Err(HelloError::Version(_)) => return self.refuse(handle, reason::VERSION),
            Err(_) => return self.refuse(handle, reason::NO_HELLO),
        };
        let wrong = greeting.kind != self.kind || greeting.expects != 0 && greeting.expects != self.id;
        match (greeting.step, link.phase, link.outgoing) {
            _ if wrong => self.refuse(handle, reason::WRONG_PEER),
            (Step::Hello, Phase::Greeting, false) => self.welcome(handle, greeting.id),
            (Step::Welcome, Phase::Greeting, true) if greeting.id == link.id => {
                self.greet(link, Step::Ready);
                self.open(handle);
            }
            (Step::Welcome, Phase::Greeting, true) => self.refuse(handle, reason::WRONG_PEER),
            (Step::Ready, Phase::Welcomed, false) => self.open(handle),
            // A packet on another lane was faster.
            (Step::Ready, Phase::Open, false) => {}
            _ => self.refuse(handle, reason::PROTOCOL),
        }
    }

    /// Somebody said hello.
    fn welcome(&mut self, handle: ConnectionHandle, id: i32) {
        let other =
            self.links.values().find(|l| l.id == id).map(|l| (l.connection.handle(), l.outgoing, l.phase));
        if id == self.id {
            return self.refuse(handle, reason::ID_TAKEN);
        }
        match other {
            // Both connected to each other at once: the connection that the lower id made stays.
            Some((ours, true, Phase::Greeting)) if id < self.id => {
                if let Some(link) = self.links.remove(&ours) {
                    let _ = link.connection.close(reason::TWICE, text_of(reason::TWICE), false);
                }
            }
            Some((_, true, Phase::Greeting)) => return self.refuse(handle, reason::TWICE),
            Some(_) => return self.refuse(handle, reason::ID_TAKEN),
            None => {}
        }
        if let Some(link) = self.links.get_mut(&handle) {
            link.id = id;
            link.phase = Phase::Welcomed;
        }
        if let Some(link) = self.links.get(&handle) {
            self.greet(link, Step::Welcome);
        }
    }

    fn open(&mut self, handle: ConnectionHandle) {
        let Some(link) = self.links.get_mut(&handle) else { return };
        link.phase = Phase::Open;
        self.by_id.insert(link.id, handle);
        self.status = Status::Connected;
        // For those who look at connections. One that has ended meanwhile needs no name.
        let _ = link.connection.set_name(&format!("peer {}", link.id));
        self.signals.push_back(Signal::Connected(link.id));
    }

    /// Ends a link from this side.
    fn refuse(&mut self, handle: ConnectionHandle, reason: u32) {
        let Some(link) = self.links.remove(&handle) else { return };
        let _ = link.connection.close(reason, text_of(reason), false);
        self.gone(&link, reason, text_of(reason).to_owned());
    }

    /// A link ended.
    fn end(&mut self, handle: ConnectionHandle) {
        let Some(link) = self.links.remove(&handle) else { return };
        let (reason, text) = link.connection.ended().map(|e| (e.reason.0, e.text)).unwrap_or_default();
        let _ = link.connection.close(0, "", false);
        // The other connection of the pair stays.
        if reason != reason::TWICE || link.phase == Phase::Open {
            self.gone(&link, reason, text);
        }
    }

    fn gone(&mut self, link: &Link, reason: u32, text: String) {
        let was_open = link.phase == Phase::Open;
        if was_open || link.outgoing {
            self.last_end = (reason, text.clone());
            self.signals.push_back(Signal::Ended { id: link.id, reason, text });
        }
        if was_open {
            self.by_id.remove(&link.id);
            self.drop_packets(link.id);
            self.signals.push_back(Signal::Disconnected(link.id));
        }
        if self.is_client() {
            self.status = Status::Disconnected;
        }
    }

    fn drop_packets(&mut self, from: i32) {
        self.queue.retain(|packet| packet.from != from);
        self.queue_bytes = self.queue.iter().map(|packet| packet.data.len()).sum();
    }

    fn is_client(&self) -> bool {
        self.kind == Kind::Star && self.id != SERVER
    }

    /// Disconnects a peer; what was sent before still arrives unless this is forced. Says whether there was one.
    pub(super) fn disconnect(&mut self, id: i32, force: bool) -> bool {
        let Some(handle) = self.by_id.remove(&id) else { return false };
        let Some(link) = self.links.remove(&handle) else { return false };
        let (reason, text) = (reason::DISCONNECTED, text_of(reason::DISCONNECTED));
        let _ = link.connection.close(reason, text, !force);
        if force {
            self.drop_packets(id);
            // Nobody hears of a peer that is gone on demand.
            self.signals.retain(|s| !matches!(s, Signal::Connected(other) if *other == id));
            if self.is_client() {
                self.status = Status::Disconnected;
            }
        } else {
            self.gone(&link, reason, text.to_owned());
        }
        true
    }

    /// Sends a packet: to one peer, to all (0), or to all but one (negative).
    pub(super) fn put(&mut self, target: i32, mode: Mode, channel: u8, data: &[u8]) -> Result<(), PutError> {
        if data.is_empty() || data.len() > PACKET_BYTES_MAX {
            return Err(PutError::Size(data.len()));
        }
        if target > 0 && !self.by_id.contains_key(&target) {
            // While one end is told of, the engine still writes to others whose end it has not heard of.
            let untold = self.signals.contains(&Signal::Disconnected(target));
            return if untold { Ok(()) } else { Err(PutError::NoPeer(target)) };
        }
        let mut result = Ok(());
        for (&id, handle) in &self.by_id {
            if target > 0 && id != target || target < 0 && Some(id) == target.checked_neg() {
                continue;
            }
            if let Some(link) = self.links.get_mut(handle) {
                // Also after one that could not: the others get theirs.
                let put = link.put(mode, channel, data);
                result = result.and(put);
            }
        }
        result
    }

    pub(super) fn pop(&mut self) -> Option<Packet> {
        let packet = self.queue.pop_front()?;
        self.queue_bytes -= packet.data.len();
        Some(packet)
    }

    pub(super) fn next(&self) -> Option<&Packet> {
        self.queue.front()
    }

    pub(super) fn waiting(&self) -> usize {
        self.queue.len()
    }

    pub(super) fn signal(&mut self) -> Option<Signal> {
        self.signals.pop_front()
    }

    pub(super) fn status(&self) -> Status {
        self.status
    }

    pub(super) fn id(&self) -> i32 {
        self.id
    }

    pub(super) fn has_relay(&self) -> bool {
        self.kind == Kind::Star
    }

    /// Reason and text of the last end; 0 if nothing ended.
    pub(super) fn last_end(&self) -> &(u32, String) {
        &self.last_end
    }

    /// The connection to a peer.
    pub(super) fn connection(&self, id: i32) -> Option<&Connection> {
        self.links.get(self.by_id.get(&id)?).map(|link| &link.connection)
    }

    /// Where it listens.
    #[cfg(test)]
    pub(super) fn local(&self) -> Option<SocketAddr> {
        self.listener.as_ref().map(Listener::local_addr)
    }
}

impl Drop for Session {
    /// Says goodbye. What was sent still goes, for at most two seconds.
    fn drop(&mut self) {
        for link in self.links.values() {
            let open = link.connection.state() == ConnectionState::Connected;
            let _ = link.connection.close(reason::LEFT, text_of(reason::LEFT), open);
        }
    }
}

impl Link {
    fn put(&mut self, mode: Mode, channel: u8, data: &[u8]) -> Result<(), PutError> {
        if self.connection.ended().is_some() {
            // The next poll tells of it; until then nobody can know.
            return Ok(());
        }
        let failed = |id: i32, why: &dyn ToString| PutError::Send(id, why.to_string());
        let lanes = lanes_for(channel);
        if self.lanes < lanes {
            let config = vec![LaneConfig { priority: 0, weight: 1 }; lanes];
            self.connection.configure_lanes(&config).map_err(|why| failed(self.id, &why))?;
            self.lanes = lanes;
        }
        let count = data.len().div_ceil(PART_BYTES_MAX);
        if count > 1 {
            // All parts or none.
            let status = self.connection.status().map_err(|why| failed(self.id, &why))?;
            let waiting = status.pending_reliable as usize + status.pending_unreliable as usize;
            if waiting + data.len() + count * HEADER_BYTES_MAX > SEND_BYTES_MAX as usize {
                return Err(PutError::Full(data.len(), self.id));
            }
        }
        let mut number = 0;
        if mode == Mode::Ordered
            && let Some(next) = self.numbers.get_mut(usize::from(channel))
        {
            number = *next;
            *next = next.wrapping_add(1);
        }
        let reliable = mode == Mode::Reliable || count > 1;
        let flags = if reliable { SendFlags::RELIABLE } else { SendFlags::UNRELIABLE };
        for (at, chunk) in data.chunks(PART_BYTES_MAX).enumerate() {
            let part = match at {
                _ if count == 1 => Part::Whole,
                0 => Part::First { bytes: data.len() as u32 },
                _ if at + 1 == count => Part::Last,
                _ => Part::Middle,
            };
            let mut message = Vec::with_capacity(HEADER_BYTES_MAX + chunk.len());
            Header { mode, part, number }.write(&mut message);
            message.extend_from_slice(chunk);
            self.connection.send_owned(message.into(), flags, lane(channel, reliable)).map_err(|why| {
                match why {
                    gamesockets::SendError::LimitExceeded { .. } => PutError::Full(data.len(), self.id),
                    why => failed(self.id, &why),
                }
            })?;
        }
        Ok(())
    }
}
