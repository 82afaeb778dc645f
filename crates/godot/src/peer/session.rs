//! The peer without Godot: links to other peers, packets in and out, what there is to tell.

use super::hello::{Greeting, HelloError, Kind, Step};
use super::limits::{
    ADDRESS_TIME_MS, BATCH, CHANNELS_MAX, HELLO_TIME, PACKET_BYTES_MAX, QUEUE_BYTES_MAX, QUEUE_PACKETS_MAX,
    RECV_BYTES_MAX, RECV_MESSAGES_MAX, SEND_BYTES_MAX, SEND_RATES, UNREAD_TIME,
};
use super::link::{Link, Phase, PutError};
use super::outgoing::Outgoing;
use super::packet::{Mode, PacketError, Payload, Room, Total};
use super::reason::{self, text as text_of};
use super::target::{Dialing, Lookup};
use crate::ending::{self, Rest};
use crate::monitor;
use gamesockets::config::{ConfigKey, ConfigValue, Scope};
use gamesockets::{
    BadHandle, Bytes, Connection, ConnectionHandle, ConnectionState, Context, Listener, Message, PollGroup,
    SendFlags,
};
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
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

/// The context that a session is in.
#[derive(Clone, Debug)]
pub(super) struct Home {
    context: Context,
    /// It goes with the session.
    owned: bool,
}

impl Home {
    /// One that somebody else keeps, and has his own connections in.
    pub(super) fn shared(context: Context) -> Self {
        Self { context, owned: false }
    }

    /// One made for the session.
    pub(super) fn owned(context: Context) -> Self {
        monitor::watch("NetworkingSocketsMultiplayerPeer", &context);
        Self { context, owned: true }
    }

    /// The settings of connections: those that the game gives here, then what it set for the whole context, then ours.
    fn with_defaults(&self, options: &Options) -> Vec<(ConfigKey, ConfigValue)> {
        let [slowest, fastest] = SEND_RATES;
        let ours = [
            (ConfigKey::SendRateMin, ConfigValue::Int32(slowest)),
            (ConfigKey::SendRateMax, ConfigValue::Int32(fastest)),
            (ConfigKey::SendBufferSize, ConfigValue::Int32(SEND_BYTES_MAX)),
            (ConfigKey::RecvBufferSize, ConfigValue::Int32(RECV_BYTES_MAX)),
            (ConfigKey::RecvBufferMessages, ConfigValue::Int32(RECV_MESSAGES_MAX)),
        ];
        let untouched = |key: &ConfigKey| {
            let now = self.context.config(Scope::Global, *key);
            now.is_ok_and(|now| now.value == key.info().default_value())
        };
        // Those of the game first: errors name them by their place.
        let mut all = options.to_vec();
        all.extend(
            ours.into_iter()
                .filter(|(key, _)| options.iter().all(|(given, _)| given != key) && untouched(key)),
        );
        all
    }
}

/// A server, a client or a member of a mesh.
#[derive(Debug)]
pub(super) struct Session {
    home: Home,
    listener: Option<Listener>,
    group: PollGroup,
    kind: Kind,
    id: i32,
    status: Status,
    peers_max: usize,
    pub(super) refuses: bool,
    /// The server, of which only the name is known so far.
    dialing: Option<Dialing>,
    links: BTreeMap<ConnectionHandle, Link>,
    /// The context has nothing of ours any more.
    is_cut_off: bool,
    /// Links that are open.
    by_id: BTreeMap<i32, ConnectionHandle>,
    unfinished: Total,
    queue: VecDeque<Packet>,
    queue_bytes: usize,
    /// Of the next ordered packet, by channel. Receivers only ask which of two is newer.
    numbers: [u32; CHANNELS_MAX as usize],
    signals: VecDeque<Signal>,
    last_end: (u32, String),
    pub(super) unread_time: Duration,
    pub(super) hello_time: Duration,
    pub(super) room: Room,
}

type Options = [(ConfigKey, ConfigValue)];

impl Session {
    fn new(home: Home, kind: Kind, id: i32, status: Status, peers_max: usize) -> Result<Self, String> {
        let group = home.context.create_poll_group().map_err(|why| why.to_string())?;
        Ok(Self {
            home,
            listener: None,
            group,
            kind,
            id,
            status,
            peers_max,
            refuses: false,
            dialing: None,
            is_cut_off: false,
            links: BTreeMap::new(),
            by_id: BTreeMap::new(),
            unfinished: Total::default(),
            queue: VecDeque::new(),
            queue_bytes: 0,
            numbers: [0; CHANNELS_MAX as usize],
            signals: VecDeque::new(),
            last_end: (0, String::new()),
            unread_time: UNREAD_TIME,
            hello_time: HELLO_TIME,
            room: Room::default(),
        })
    }

    /// A server, unique id 1.
    pub(super) fn server(
        home: Home,
        at: SocketAddr,
        peers_max: usize,
        options: &Options,
    ) -> Result<Self, String> {
        let mut session = Self::new(home, Kind::Star, SERVER, Status::Connected, peers_max)?;
        session.listen(at, options)?;
        Ok(session)
    }

    /// A client of a server.
    pub(super) fn client(home: Home, to: SocketAddr, id: i32, options: &Options) -> Result<Self, String> {
        let mut session = Self::new(home, Kind::Star, id, Status::Connecting, 1)?;
        session.connect(to, SERVER, options)?;
        Ok(session)
    }

    /// A client of a server whose address is being looked up.
    pub(super) fn client_of_name(
        home: Home,
        lookup: Lookup,
        port: u16,
        id: i32,
        options: &Options,
    ) -> Result<Self, String> {
        let mut session = Self::new(home, Kind::Star, id, Status::Connecting, 1)?;
        session.dialing = Some(Dialing::new(lookup, port, options));
        Ok(session)
    }

    /// A member of a mesh; without an address it only connects.
    pub(super) fn mesh(
        home: Home,
        id: i32,
        at: Option<SocketAddr>,
        peers_max: usize,
        options: &Options,
    ) -> Result<Self, String> {
        let mut session = Self::new(home, Kind::Mesh, id, Status::Connected, peers_max)?;
        if let Some(at) = at {
            session.listen(at, options)?;
        }
        Ok(session)
    }

    fn listen(&mut self, at: SocketAddr, options: &Options) -> Result<(), String> {
        let options = self.home.with_defaults(options);
        let made = ending::listen(at.port(), || self.home.context.listen_with(at, &options));
        let listener = made.map_err(|why| why.to_string())?;
        listener.keep_incoming();
        self.listener = Some(listener);
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
        let options = self.home.with_defaults(options);
        let made = self.home.context.connect_with(to, &options).map_err(|why| why.to_string())?;
        made.mute_events();
        self.watch(made, true, id);
        Ok(())
    }

    fn watch(&mut self, connection: Connection, outgoing: bool, id: i32) {
        // It was made just now; one that is closed already shows so in its state.
        let _ = connection.set_poll_group(Some(&self.group));
        let handle = connection.handle();
        let link = Link::new(connection, outgoing, id, &self.unfinished);
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
        if self.home.owned {
            // Connections of sessions have none; what is left concerns nobody.
            self.home.context.poll_events();
        }
        self.dial();
        self.accept_all();
        // Before messages are taken: what arrived before the end is read first.
        let over = self.links_that(|link| link.connection.ended().is_some());
        let (open, not_yet): (Vec<_>, Vec<_>) = over.into_iter().partition(|handle| self.is_open(*handle));
        let told_before = self.signals.len();
        let all_read = self.receive_all();
        // Who came while others went has not met those.
        let news = self.signals.split_off(told_before);
        self.end_if_read(&open, all_read);
        self.signals.extend(news);
        self.end_if_read(&not_yet, all_read);
        if self.is_cut_off && self.links.is_empty() {
            self.status = Status::Disconnected;
        }
        let most = self.hello_time;
        for handle in self.links_that(|link| link.phase != Phase::Open && link.since.elapsed() > most) {
            self.refuse(handle, reason::NO_HELLO);
        }
    }

    fn is_open(&self, handle: ConnectionHandle) -> bool {
        self.links.get(&handle).is_some_and(|link| link.phase == Phase::Open)
    }

    /// Ends links that are over, once the game has read what came before.
    fn end_if_read(&mut self, over: &[ConnectionHandle], all_read: bool) {
        for handle in over {
            let Some(link) = self.links.get_mut(handle) else { continue };
            let since = *link.over.get_or_insert_with(Instant::now);
            let unread = !all_read || link.unread > 0;
            if !unread || since.elapsed() > self.unread_time {
                self.end(*handle);
            }
        }
    }

    fn links_that(&self, are: impl Fn(&Link) -> bool) -> Vec<ConnectionHandle> {
        self.links.iter().filter(|(_, link)| are(link)).map(|(handle, _)| *handle).collect()
    }

    /// Goes on looking for a server that is known by name.
    fn dial(&mut self) {
        let Some(dialing) = self.dialing.as_mut() else { return };
        if let Err(why) = dialing.look() {
            self.never_reached(reason::NO_HOST, why);
        } else if dialing.lookup.is_none() && self.links.is_empty() {
            self.dial_next("it has no address");
        }
    }

    /// Tries the next address of the server's name.
    fn dial_next(&mut self, why_not: &str) {
        let mut why_not = why_not.to_owned();
        while let Some(dialing) = self.dialing.as_mut() {
            let Some(ip) = dialing.left.pop_front() else {
                return self.never_reached(reason::NO_HOST, why_not);
            };
            let (to, mut options) = (SocketAddr::new(ip, dialing.port), dialing.options.clone());
            if !dialing.left.is_empty() {
                hurry(&mut options);
            }
            match self.connect(to, SERVER, &options) {
                Ok(()) => return,
                Err(why) => why_not = why,
            }
        }
    }

    /// A client gives up before it had a connection.
    fn never_reached(&mut self, reason: u32, text: String) {
        self.dialing = None;
        self.last_end = (reason, text.clone());
        self.signals.push_back(Signal::Ended { id: SERVER, reason, text });
        self.status = Status::Disconnected;
    }

    fn accept_all(&mut self) {
        while let Some(connection) = self.listener.as_ref().and_then(Listener::next_incoming) {
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
            match self.group.receive_into(&mut batch, BATCH) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(BadHandle) => {
                    // The game has reset the context, or it is shut down: connections and listen socket went too.
                    self.is_cut_off = true;
                    return true;
                }
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
        match self.links.get(&handle).map(|link| link.phase) {
            None => return,
            Some(Phase::Open) => {}
            // It knows us, or it could not send packets: as good as ready.
            Some(Phase::Welcomed) => self.open(handle),
            Some(Phase::Greeting) => return self.refuse(handle, reason::NO_HELLO),
        }
        while let Some(link) = self.links.get_mut(&handle) {
            match link.assembly.take(message.lane(), message.payload(), self.room) {
                Ok(None) => return,
                Ok(Some(arrived)) => {
                    let data = match arrived.data {
                        Payload::InMessage(at) => message.into_payload().slice(at..),
                        Payload::Own(data) => data.into(),
                    };
                    link.unread += 1;
                    self.queue_bytes += data.len();
                    let (from, mode, channel) = (link.id, arrived.mode, arrived.channel);
                    return self.queue.push_back(Packet { from, mode, channel, data });
                }
                Err(PacketError::TooMuch) => return self.refuse(handle, reason::TOO_MUCH),
                // Whoever has most is at fault; then there is room.
                Err(PacketError::AllTooMuch) => {
                    self.refuse(self.hoarder().unwrap_or(handle), reason::TOO_MUCH)
                }
                Err(_) => return self.refuse(handle, reason::PROTOCOL),
            }
        }
    }

    /// The link with most bytes in unfinished packets.
    fn hoarder(&self) -> Option<ConnectionHandle> {
        let most = self.links.iter().max_by_key(|(_, link)| link.assembly.unfinished_bytes())?;
        Some(*most.0)
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
        self.dialing = None;
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
        let (reason, text, by_peer) =
            link.connection.ended().map(|e| (e.reason.0, e.text, e.by_peer)).unwrap_or_default();
        let heard = link.phase != Phase::Greeting || by_peer;
        let _ = link.connection.close(0, "", false);
        let more = self.dialing.as_ref().is_some_and(|dialing| !dialing.left.is_empty());
        if more && !heard {
            self.dial_next(&text);
        } else if reason != reason::TWICE || link.phase == Phase::Open {
            // Otherwise the other connection of the pair stays.
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
            self.drop_packets(link);
            self.signals.push_back(Signal::Disconnected(link.id));
        }
        if self.is_client() {
            self.status = Status::Disconnected;
            self.dialing = None;
        }
    }

    /// Drops what the game has not read of a link that is gone.
    fn drop_packets(&mut self, link: &Link) {
        if link.unread > 0 {
            self.queue.retain(|packet| packet.from != link.id);
            self.queue_bytes = self.queue.iter().map(|packet| packet.data.len()).sum();
        }
    }

    fn is_client(&self) -> bool {
        self.kind == Kind::Star && self.id != SERVER
    }

    /// Disconnects a peer; what was sent before still arrives unless this is forced. Says whether there was one.
    pub(super) fn disconnect(&mut self, id: i32, force: bool) -> bool {
        let Some(handle) = self.by_id.remove(&id) else { return false };
        let Some(link) = self.links.remove(&handle) else { return false };
        let reason = reason::DISCONNECTED;
        let _ = link.connection.close(reason, text_of(reason), !force);
        if force {
            self.drop_packets(&link);
            // Nobody hears of a peer that is gone on demand.
            self.signals.retain(|s| !matches!(s, Signal::Connected(other) if *other == id));
            if self.is_client() {
                self.status = Status::Disconnected;
            }
        } else {
            self.gone(&link, reason, reason::DISCONNECTED_HERE.to_owned());
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
        let number = self.number(mode, channel);
        let packet = Outgoing::new(mode, channel, number, data);
        let mut result = Ok(());
        let all_but = target.checked_neg();
        let one = (target > 0).then(|| self.by_id.get_key_value(&target)).flatten();
        let several = (target <= 0).then(|| self.by_id.iter().filter(|(id, _)| Some(**id) != all_but));
        for (_, handle) in one.into_iter().chain(several.into_iter().flatten()) {
            if let Some(link) = self.links.get_mut(handle) {
                // Also after one that could not: the others get theirs.
                let put = link.put(&packet);
                result = result.and(put);
            }
        }
        result
    }

    /// The number of the next packet.
    fn number(&mut self, mode: Mode, channel: u8) -> u32 {
        match self.numbers.get_mut(usize::from(channel)) {
            Some(next) if mode == Mode::Ordered => {
                *next = next.wrapping_add(1);
                *next
            }
            _ => 0,
        }
    }

    pub(super) fn pop(&mut self) -> Option<Packet> {
        let packet = self.queue.pop_front()?;
        self.queue_bytes -= packet.data.len();
        if let Some(link) = self.by_id.get(&packet.from).and_then(|handle| self.links.get_mut(handle)) {
            link.unread -= 1;
        }
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

    /// Bytes of unfinished packets of all peers.
    #[cfg(test)]
    pub(super) fn unfinished_bytes(&self) -> usize {
        self.unfinished.bytes()
    }

    /// Where its messages come in.
    #[cfg(test)]
    pub(super) fn group(&self) -> gamesockets::PollGroupHandle {
        self.group.handle()
    }

    /// How many connections it has, those included that did not greet yet.
    #[cfg(test)]
    pub(super) fn links(&self) -> usize {
        self.links.len()
    }

    /// Where it listens.
    #[cfg(test)]
    pub(super) fn local(&self) -> Option<SocketAddr> {
        self.listener.as_ref().map(Listener::local_addr)
    }
}

impl Drop for Session {
    /// Says goodbye. What was sent before still goes, in the background.
    fn drop(&mut self) {
        for link in self.links.values() {
            let open = link.connection.state() == ConnectionState::Connected;
            let _ = link.connection.close(reason::LEFT, text_of(reason::LEFT), open);
        }
        let Home { context, owned } = self.home.clone();
        if !owned {
            let _ = self.group.destroy();
        }
        let listeners = self.listener.take().into_iter().collect();
        Rest { context, owned, listeners, farewell: (reason::LEFT, text_of(reason::LEFT)) }.end();
    }
}

/// Less time to answer than connections usually have.
fn hurry(options: &mut Vec<(ConfigKey, ConfigValue)>) {
    let most = |value: &ConfigValue| value.as_i32().unwrap_or(ADDRESS_TIME_MS).min(ADDRESS_TIME_MS);
    match options.iter_mut().find(|(key, _)| *key == ConfigKey::TimeoutInitial) {
        Some((_, value)) => *value = ConfigValue::Int32(most(value)),
        None => options.push((ConfigKey::TimeoutInitial, ConfigValue::Int32(ADDRESS_TIME_MS))),
    }
}
