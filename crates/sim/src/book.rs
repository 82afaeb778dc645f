//! The book-keeper: every connection of the world as both sides have it, and the rules that tie the two together.

use crate::explain::Explain;
use crate::ledger::LaneLedger;
use crate::trace::{Check, FlowId, HostId, broken, rule};
use core::net::SocketAddr;
use gamesockets_endpoint::slab::ConnId;
use gamesockets_proto::config::ConnConfig;
use gamesockets_proto::connection::ConnectionState as State;
use gamesockets_proto::limits::CLOSE_TEXT_BYTES_MAX;
use gamesockets_proto::message::Message;
use gamesockets_wire::datagram::{Control, DataHeader, is_data};
use gamesockets_wire::reason::EndReason;
use gamesockets_wire::time::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How a connection came to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// Started here.
    Client,
    /// Came in through a listen socket.
    Server,
    /// One end of a socket pair over the network.
    Pair,
    /// One end of an in-process pipe.
    Pipe,
}

/// How a connection ended without its own application's doing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ended {
    /// Virtual time, microseconds.
    pub at_us: u64,
    /// `ClosedByPeer` or `ProblemDetectedLocally`.
    pub state: State,
    /// The reason.
    pub reason: EndReason,
    /// The text.
    pub text: String,
}

/// How the application closed a connection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Closed {
    /// Virtual time, microseconds.
    pub at_us: u64,
    /// State before.
    pub from: State,
    /// The reason the peer should see.
    pub reason: EndReason,
    /// The text the peer should see; `None` for the library's own.
    pub text: Option<String>,
    /// Whether reliable data was to be delivered first.
    pub linger: bool,
}

/// A connection as one side has it.
#[derive(Clone, Debug)]
pub struct Flow {
    /// Its number in this world.
    pub id: FlowId,
    /// Where it lives.
    pub host: HostId,
    /// Its handle there.
    pub conn: ConnId,
    /// How it came to be.
    pub role: Role,
    /// Its own address.
    pub local: SocketAddr,
    /// The peer's address.
    pub remote: SocketAddr,
    /// Its settings.
    pub config: Arc<ConnConfig>,
    /// Its state as the application was told.
    pub state: State,
    /// How it ended, if it did by itself.
    pub ended: Option<Ended>,
    /// How the application closed it, if it did.
    pub closed: Option<Closed>,
    /// Whether it is gone altogether.
    pub destroyed: bool,
    /// The same connection at the other end.
    pub peer: Option<FlowId>,
    /// Whether `peer` is certain: the wire showed it. Until then it is only the latest client at that address.
    pub met: bool,
    /// Its own id on the wire; 0 while unknown.
    pub wire_id: u32,
    /// The other end is not an endpoint of this world: nothing is known about what it sends.
    pub foreign: bool,
    /// Whether any message came out of it.
    pub heard: bool,
    /// What it sent, by lane.
    pub lanes: BTreeMap<u16, LaneLedger>,
    /// The last packet number it used, low half.
    last_packet: Option<u16>,
}

impl Flow {
    /// Whether both its application and its endpoint regard it as established.
    pub fn is_live(&self) -> bool {
        self.state == State::Connected && self.closed.is_none() && !self.destroyed
    }

    /// Messages sent and how many of them came out at the other end.
    pub fn totals(&self) -> (u64, u64) {
        self.lanes.values().fold((0, 0), |t, l| (t.0 + l.sent(), t.1 + l.delivered()))
    }
}

/// All connections of a world.
#[derive(Debug, Default)]
pub struct Book {
    flows: Vec<Flow>,
    by_wire_id: BTreeMap<u32, FlowId>,
    /// What the scenario makes possible.
    pub explain: Explain,
}

/// What a new flow is made of.
#[derive(Clone, Debug)]
pub(crate) struct NewFlow {
    pub(crate) host: HostId,
    pub(crate) conn: ConnId,
    pub(crate) role: Role,
    pub(crate) local: SocketAddr,
    pub(crate) remote: SocketAddr,
    pub(crate) config: Arc<ConnConfig>,
}

impl Book {
    /// All connections, dead ones included.
    pub fn flows(&self) -> &[Flow] {
        &self.flows
    }

    /// A connection.
    pub fn flow(&self, id: FlowId) -> &Flow {
        &self.flows[id.0 as usize]
    }

    pub(crate) fn flow_mut(&mut self, id: FlowId) -> &mut Flow {
        &mut self.flows[id.0 as usize]
    }

    pub(crate) fn open(&mut self, new: NewFlow) -> FlowId {
        let id = FlowId(self.flows.len() as u32);
        let NewFlow { host, conn, role, local, remote, config } = new;
        let asks = |f: &&Flow| f.role == Role::Client && f.local == remote && f.remote == local;
        let peer = if role == Role::Server { self.flows.iter().rev().find(asks).map(|f| f.id) } else { None };
        let state = match role {
            Role::Client | Role::Server => State::None,
            Role::Pair | Role::Pipe => State::Connected,
        };
        self.flows.push(Flow {
            id,
            host,
            conn,
            role,
            local,
            remote,
            config,
            state,
            ended: None,
            closed: None,
            destroyed: false,
            peer,
            met: false,
            wire_id: 0,
            foreign: false,
            heard: false,
            lanes: BTreeMap::new(),
            last_packet: None,
        });
        id
    }

    pub(crate) fn marry(&mut self, a: FlowId, b: FlowId) {
        for (one, other) in [(a, b), (b, a)] {
            let flow = self.flow_mut(one);
            flow.peer = Some(other);
            flow.met = true;
        }
    }

    /// The application closes `id` now.
    pub(crate) fn on_close(&mut self, id: FlowId, now_us: u64, reason: u32, text: &str, linger: bool) {
        self.explain.ends = true;
        let flow = self.flow_mut(id);
        let (reason, known) = match reason {
            0 => (1000, !text.is_empty()),
            1000..=2999 => (reason, !text.is_empty()),
            _ => (1999, false),
        };
        let mut end = text.len().min(CLOSE_TEXT_BYTES_MAX);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let text = known.then(|| text[..end].to_owned());
        let from = flow.state;
        flow.closed = Some(Closed { at_us: now_us, from, reason: EndReason(reason), text, linger });
    }

    /// All connections of a host vanish with it.
    pub(crate) fn on_crash(&mut self, host: HostId, now_us: u64) {
        self.explain.ends = true;
        for flow in self.flows.iter_mut().filter(|f| f.host == host && !f.destroyed) {
            flow.destroyed = true;
            let (from, reason) = (flow.state, EndReason::NONE);
            flow.closed.get_or_insert(Closed { at_us: now_us, from, reason, text: None, linger: false });
            if let Some(closed) = &mut flow.closed {
                // What it promised is lost with it.
                closed.linger = false;
            }
        }
    }

    /// The endpoint says that a state changed.
    pub(crate) fn on_state(
        &mut self,
        id: FlowId,
        now_us: u64,
        (old, new): (State, State),
        (reason, text): (EndReason, &str),
    ) -> Check {
        let flow = self.flow(id);
        rule!(!flow.destroyed, "{id} went to {new:?} after it was destroyed");
        rule!(flow.state == old, "{id} goes from {old:?} to {new:?}, but was last seen in {:?}", flow.state);
        let legal = match (old, new) {
            (State::None, State::Connecting) => flow.closed.is_none() && flow.ended.is_none(),
            (State::Connecting, State::Connected) => true,
            (State::Connecting | State::Connected, State::ClosedByPeer | State::ProblemDetectedLocally) => {
                true
            }
            // Only the application, or the end of its listen socket, makes a connection nothing.
            (_, State::None) => old != State::None && flow.closed.is_some(),
            _ => false,
        };
        rule!(legal, "{id} went from {old:?} to {new:?}, which is not possible");
        match new {
            State::ClosedByPeer => self.explain_close(id, reason, text)?,
            State::ProblemDetectedLocally => self.explain_problem(id, old, reason, text)?,
            _ => {}
        }
        let over = matches!(new, State::ClosedByPeer | State::ProblemDetectedLocally);
        let flow = self.flow_mut(id);
        flow.state = new;
        if over {
            let told = reason.0 != 0 && !text.is_empty() || self.explain.corrupt || self.explain.attack;
            let flow = self.flow_mut(id);
            rule!(told, "{id} ended in {new:?} without a reason or text");
            flow.ended = Some(Ended { at_us: now_us, state: new, reason, text: text.to_owned() });
            self.explain.ends = true;
        }
        Ok(())
    }

    fn explain_close(&self, id: FlowId, reason: EndReason, text: &str) -> Check {
        let flow = self.flow(id);
        if flow.foreign || self.explain.corrupt {
            return Ok(());
        }
        let Some(peer) = flow.peer.map(|p| self.flow(p)) else {
            rule!(self.explain.attack, "{id} was closed by a peer it does not have: {} {text}", reason.0);
            return Ok(());
        };
        if let Some(closed) = &peer.closed
            && closed.reason == reason
            && closed.text.as_deref().is_none_or(|t| t == text)
        {
            return Ok(());
        }
        if peer.ended.as_ref().is_some_and(|e| e.reason == reason && e.text == text) {
            return Ok(());
        }
        // A close that is due may be forged on its way, but none that is not due.
        let forged = self.explain.attack || reason == EndReason::MISC_PEER_SENT_NO_CONNECTION;
        if forged && !peer.is_live() {
            return Ok(());
        }
        Err(broken!(
            "{id} was closed with {} '{text}', but its peer {} is {:?}, closed {:?}, ended {:?}",
            reason.0,
            peer.id,
            peer.state,
            peer.closed,
            peer.ended
        ))
    }

    fn explain_problem(&self, id: FlowId, old: State, reason: EndReason, text: &str) -> Check {
        let flow = self.flow(id);
        if flow.foreign {
            return Ok(());
        }
        let e = &self.explain;
        let peer_is_live = flow.peer.is_some_and(|p| self.flow(p).is_live() && self.flow(p).peer == Some(id));
        let explained = match (reason, old) {
            (EndReason::MISC_TIMEOUT, State::Connecting) => flow.role == Role::Server || e.connect_timeouts,
            (EndReason::MISC_TIMEOUT, _) => !peer_is_live || e.outages || self.never_spoke(id),
            (
                EndReason::REMOTE_BAD_CRYPT
                | EndReason::REMOTE_BAD_CERT
                | EndReason::REMOTE_BAD_PROTOCOL_VERSION
                | EndReason::MISC_GENERIC,
                State::Connecting,
            ) => e.disagreement || e.corrupt || e.attack,
            _ => false,
        };
        rule!(explained, "{id} (peer {:?}) failed without a cause: {} '{text}'", flow.peer, reason.0);
        Ok(())
    }

    /// Somebody who damages handshake messages on their way can make both ends connect with different keys: the
    /// certificate is part of them, and nobody vouches for it. Then neither end ever hears the other.
    fn never_spoke(&self, id: FlowId) -> bool {
        let silent = |f: &Flow| !f.heard;
        let flow = self.flow(id);
        (self.explain.corrupt || self.explain.attack)
            && silent(flow)
            && flow.peer.is_none_or(|p| silent(self.flow(p)))
    }

    /// A message came out of connection `id`.
    pub(crate) fn on_delivered(&mut self, id: FlowId, m: &Message, now: Timestamp) -> Check {
        let flow = self.flow(id);
        rule!(flow.closed.is_none(), "{id} delivered {}:{} after its handle was closed", m.lane, m.number);
        rule!(m.received_at <= now, "{id} received a message in the future, at {:?}", m.received_at);
        if flow.foreign {
            return Ok(());
        }
        let Some(peer) = flow.peer else { return Err(broken!("{id} has no peer and received a message")) };
        self.flow_mut(id).heard = true;
        let flow = self.flow_mut(peer);
        let lane = flow.lanes.get_mut(&m.lane);
        let Some(lane) = lane else {
            return Err(broken!("{peer} never sent on lane {}, {id} got {m:?}", m.lane));
        };
        lane.on_delivered(peer, m)
    }

    /// If the peer of `id` closed lingering, all of its reliable messages must have come out by now: `id` was read to
    /// its end.
    pub(crate) fn check_linger(&mut self, id: FlowId) -> Check {
        let flow = self.flow(id);
        let closed_by_peer =
            flow.ended.as_ref().is_some_and(|e| e.state == State::ClosedByPeer && e.reason.is_app());
        if !closed_by_peer || self.explain.outages || self.explain.corrupt || self.never_spoke(id) {
            return Ok(());
        }
        let Some(peer) = flow.peer else { return Ok(()) };
        let sender = self.flow_mut(peer);
        if !sender.closed.as_ref().is_some_and(|c| c.linger && c.from == State::Connected) {
            return Ok(());
        }
        for (lane, ledger) in &mut sender.lanes {
            if let Some(number) = ledger.first_undelivered() {
                return Err(broken!("{peer} closed lingering, yet {id} never got its {lane}:{number}"));
            }
        }
        Ok(())
    }

    /// A datagram left over the route of connection `id`.
    pub(crate) fn on_datagram(&mut self, id: FlowId, datagram: &[u8]) -> Check {
        if datagram.first().is_some_and(|lead| is_data(*lead)) {
            return self.on_data(id, datagram);
        }
        let control = Control::decode(datagram).map_err(|e| broken!("{id} sent a bad message: {e}"))?;
        match control {
            Control::ChallengeRequest(m) => self.learn_id(id, m.connection_id),
            Control::ConnectRequest(m) => self.learn_id(id, m.client_connection_id),
            Control::ConnectOk(m) => {
                self.learn_id(id, m.server_connection_id);
                self.meet(id, m.client_connection_id.unwrap_or(0));
            }
            Control::ConnectionClosed(m) if self.flow(id).role == Role::Server => {
                self.learn_id(id, m.from_connection_id);
                self.meet(id, m.to_connection_id.unwrap_or(0));
            }
            _ => {}
        }
        Ok(())
    }

    fn on_data(&mut self, id: FlowId, datagram: &[u8]) -> Check {
        let header = DataHeader::decode(datagram).map_err(|e| broken!("{id} sent bad data: {e}"))?;
        let to = self.flow(id).peer.map(|p| self.flow(p).wire_id);
        // The id in the server's answer is not signed: damage or forgery on the way makes the client use another one.
        let misled = self.explain.corrupt || self.explain.attack;
        let to_peer = misled || to.is_none_or(|to| to == 0 || to == header.connection_id);
        rule!(to_peer, "{id} sent data to connection {:#x}, its peer is {to:?}", header.connection_id);
        let flow = self.flow_mut(id);
        let open = flow.state == State::Connected || flow.closed.as_ref().is_some_and(|c| c.linger);
        rule!(open && !flow.destroyed, "{id} sent data in state {:?}, closed {:?}", flow.state, flow.closed);
        let mtu = flow.config.mtu_packet_size as usize;
        rule!(datagram.len() <= mtu, "{id} sent {} bytes, its limit is {mtu}", datagram.len());
        if let Some(last) = flow.last_packet {
            let next = last.wrapping_add(1);
            rule!(header.wire_number == next, "{id} used packet number {} after {last}", header.wire_number);
        }
        flow.last_packet = Some(header.wire_number);
        Ok(())
    }

    fn learn_id(&mut self, id: FlowId, wire_id: Option<u32>) {
        if let Some(wire_id) = wire_id {
            self.flow_mut(id).wire_id = wire_id;
            self.by_wire_id.insert(wire_id, id);
        }
    }

    /// Server connection `id` answers the client that goes by `client_id` on the wire.
    fn meet(&mut self, id: FlowId, client_id: u32) {
        if self.flow(id).met || self.flow(id).foreign {
            return;
        }
        let remote = self.flow(id).remote;
        let client = self.by_wire_id.get(&client_id).map(|c| self.flow(*c));
        let client =
            client.filter(|c| c.role == Role::Client && c.local == remote).map(|c| (c.id, c.state, c.peer));
        match client {
            Some((client, state, known)) => {
                let flow = self.flow_mut(id);
                flow.peer = Some(client);
                flow.met = true;
                if known.is_none() || state <= State::Connecting {
                    self.flow_mut(client).peer = Some(id);
                }
            }
            None => {
                let flow = self.flow_mut(id);
                flow.peer = None;
                flow.foreign = true;
            }
        }
    }

    /// Every message of every connection that is established at both ends must have come out.
    ///
    /// # Errors
    /// One did not, or one end is established and the other is not.
    pub fn check_settled(&mut self) -> Check {
        for i in 0..self.flows.len() {
            let (id, peer) = (self.flows[i].id, self.flows[i].peer);
            if !self.flows[i].is_live() {
                continue;
            }
            rule!(!self.flows[i].foreign, "{id} is still established with somebody who is silent");
            let Some(peer) = peer else { return Err(broken!("{id} is established without a peer")) };
            let other = self.flow(peer);
            rule!(
                other.is_live() && other.peer == Some(id),
                "{id} is established, its peer {peer} is {:?} (closed: {}, peer {:?})",
                other.state,
                other.closed.is_some(),
                other.peer
            );
            for (lane, ledger) in &mut self.flow_mut(id).lanes {
                if let Some(number) = ledger.first_undelivered() {
                    return Err(broken!("{id} sent {lane}:{number}, {peer} never got it"));
                }
            }
        }
        Ok(())
    }

    /// No connection is on its way to being established, or to its end.
    ///
    /// # Errors
    /// One is.
    pub fn check_decided(&self) -> Check {
        let undecided = |f: &&Flow| !f.destroyed && (f.closed.is_some() || f.state <= State::FindingRoute);
        let first = self.flows.iter().find(undecided);
        first.map_or(Ok(()), |f| Err(broken!("{} is still {:?}, closed {:?}", f.id, f.state, f.closed)))
    }
}
