//! Datagrams coming in: to the connection they belong to, or to the part that answers strangers.

use super::{Endpoint, allows_unsigned, env};
use crate::fakenet::{Direction, Packet};
use crate::slab::ConnId;
use crate::types::SocketId;
use core::net::SocketAddr;
use core::time::Duration;
use gamesockets_proto::connection::{Drop, Env};
use gamesockets_wire::addr::canonical;
use gamesockets_wire::datagram::{Control, is_data};
use gamesockets_wire::msg;
use gamesockets_wire::time::Timestamp;

/// Shorter datagrams are not looked at (protocol.md §1.1).
const DATAGRAM_BYTES_MIN: usize = 5;
/// Answers that nobody asked for leave at most once per this time, over all connections (protocol.md §1.7).
const UNASKED_ANSWER_SPACING: Duration = Duration::from_millis(250);

impl Endpoint {
    /// Takes datagrams of one source in. `data` holds them one after the other, all of `stride` bytes but the last,
    /// which may be shorter. Their bytes are overwritten.
    pub fn handle_datagrams(
        &mut self,
        now: Timestamp,
        socket: SocketId,
        from: SocketAddr,
        data: &mut [u8],
        stride: usize,
    ) {
        if data.is_empty() || stride == 0 {
            return;
        }
        let from = canonical(from);
        if self.fake.is_active(Direction::Recv) {
            for datagram in data.chunks(stride) {
                let packet = Packet { socket, peer: from, data: datagram.to_vec() };
                self.fake.submit(now, Direction::Recv, packet);
            }
            self.deliver_fake(now);
            return;
        }
        self.take_in(now, socket, from, data, stride);
    }

    /// Hands over what the simulated network lets through by now.
    pub(super) fn deliver_fake(&mut self, now: Timestamp) {
        while let Some(mut packet) = self.fake.pop_due(now, Direction::Recv) {
            let stride = packet.data.len().max(1);
            self.take_in(now, packet.socket, packet.peer, &mut packet.data, stride);
        }
    }

    fn take_in(
        &mut self,
        now: Timestamp,
        socket: SocketId,
        from: SocketAddr,
        data: &mut [u8],
        stride: usize,
    ) {
        self.counters.bytes_in = self.counters.bytes_in.saturating_add(data.len() as u64);
        for datagram in data.chunks_mut(stride) {
            self.counters.datagrams_in = self.counters.datagrams_in.saturating_add(1);
            if datagram.len() < DATAGRAM_BYTES_MIN {
                self.counters.count_drop(Drop::Malformed);
                continue;
            }
            match self.routes.find(socket, from) {
                Some(id) => self.hand_to_connection(now, id, from, datagram),
                None => self.take_from_stranger(now, socket, from, datagram),
            }
        }
    }

    pub(super) fn hand_to_connection(
        &mut self,
        now: Timestamp,
        id: ConnId,
        from: SocketAddr,
        datagram: &mut [u8],
    ) {
        let Some(e) = self.conns.get_mut(id) else { return };
        let allow = e.is_pipe || allows_unsigned(e.conn.config(), e.remote);
        let env = env!(self, now, allow);
        match e.conn.handle_datagram(&env, now, from, datagram) {
            Ok(()) => {}
            Err(why) => {
                self.counters.count_drop(why);
                if let Drop::WrongConnectionId(wrong) = why {
                    self.disown(now, id, wrong);
                }
            }
        }
        self.touched(id);
    }

    /// Tells a peer that the connection it means does not exist here (protocol.md §1.8).
    fn disown(&mut self, now: Timestamp, id: ConnId, wrong: u32) {
        let spaced = |at: Timestamp| now.saturating_since(at) >= UNASKED_ANSWER_SPACING;
        if !self.last_unasked_answer.is_none_or(spaced) {
            return;
        }
        let Some(e) = self.conns.get(id) else { return };
        let (socket, to) = (e.socket, e.remote);
        self.last_unasked_answer = Some(now);
        let answer = msg::NoConnection { from_connection_id: Some(wrong), to_connection_id: None };
        self.answer(socket, to, &Control::NoConnection(answer));
    }

    fn take_from_stranger(&mut self, now: Timestamp, socket: SocketId, from: SocketAddr, datagram: &[u8]) {
        if datagram.first().is_some_and(|lead| is_data(*lead)) {
            self.counters.drop_unknown_host = self.counters.drop_unknown_host.saturating_add(1);
            return;
        }
        let Some(listener) = self.routes.listener(socket) else {
            self.counters.drop_not_listening = self.counters.drop_not_listening.saturating_add(1);
            return;
        };
        match Control::decode(datagram) {
            Ok(Control::ChallengeRequest(m)) => self.challenge(now, listener, from, &m),
            Ok(Control::ConnectRequest(m)) => self.connect_request(now, listener, from, &m),
            Ok(Control::ConnectionClosed(m)) => {
                // Agreed: there is nothing here. Mirrored ids, so that the sender knows what is meant.
                let answer = msg::NoConnection {
                    from_connection_id: m.to_connection_id.filter(|id| *id != 0),
                    to_connection_id: m.from_connection_id.filter(|id| *id != 0),
                };
                self.answer(socket, from, &Control::NoConnection(answer));
            }
            Ok(Control::NoConnection(_)) => {}
            Ok(Control::ChallengeReply(_) | Control::ConnectOk(_)) => {
                self.counters.count_drop(Drop::Unexpected)
            }
            Err(_) => self.counters.count_drop(Drop::Malformed),
        }
    }
}
