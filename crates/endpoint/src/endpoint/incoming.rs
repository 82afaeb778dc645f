//! Strangers at a listen socket: challenge without state, then a connection (protocol.md §1.5, §1.6).

use super::{Endpoint, Entry, STATELESS_MAX, Stateless, UNDECIDED_MAX, allows_unsigned, env};
use crate::slab::ListenerId;
use crate::types::SocketId;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::SocketAddr;
use gamesockets_proto::connection::{Connection, Drop, Env, Setup};
use gamesockets_proto::handshake::{MessageFields, VERSION_CURRENT, claimed_identity};
use gamesockets_proto::message::Gauges;
use gamesockets_wire::datagram::Control;
use gamesockets_wire::msg;
use gamesockets_wire::reason::EndReason;
use gamesockets_wire::time::Timestamp;

impl Endpoint {
    /// Queues an answer to somebody who has no connection. None of them is larger than the question.
    pub(super) fn answer(&mut self, socket: SocketId, to: SocketAddr, control: &Control) {
        if self.stateless.len() >= STATELESS_MAX {
            self.counters.answers_shed = self.counters.answers_shed.saturating_add(1);
            return;
        }
        let mut data = Vec::with_capacity(32);
        control.encode(&mut data);
        self.stateless.push_back(Stateless { socket, to, data });
    }

    pub(super) fn challenge(
        &mut self,
        now: Timestamp,
        listener: ListenerId,
        from: SocketAddr,
        m: &msg::ChallengeRequest,
    ) {
        let Some(id) = m.connection_id.filter(|id| *id != 0) else {
            self.counters.count_drop(Drop::Unexpected);
            return;
        };
        let Some(l) = self.listeners.get(listener) else { return };
        let reply = msg::ChallengeReply {
            connection_id: Some(id),
            challenge: Some(l.challenge.make(now, from)),
            your_timestamp: m.my_timestamp,
            protocol_version: Some(VERSION_CURRENT),
        };
        let socket = l.socket;
        self.counters.challenges = self.counters.challenges.saturating_add(1);
        self.answer(socket, from, &Control::ChallengeReply(reply));
    }

    pub(super) fn connect_request(
        &mut self,
        now: Timestamp,
        listener: ListenerId,
        from: SocketAddr,
        m: &msg::ConnectRequest,
    ) {
        let Some(l) = self.listeners.get(listener) else { return };
        let (socket, config) = (l.socket, l.config.clone());
        if l.challenge.check(now, from, m.challenge.unwrap_or(0)).is_err() {
            self.counters.drop_challenge = self.counters.drop_challenge.saturating_add(1);
            return;
        }
        let Some(client_id) = m.client_connection_id.filter(|id| *id != 0) else {
            self.counters.count_drop(Drop::Unexpected);
            return;
        };
        let Ok(claimed) = claimed_identity(m.cert.as_ref(), MessageFields::from(m), from) else {
            self.counters.count_drop(Drop::UnusableIdentity);
            return;
        };
        let allow = allows_unsigned(&config, from);
        if claimed.anonymous && !allow {
            self.counters.count_drop(Drop::UnusableIdentity);
            return;
        }
        let claim = (claimed.identity.clone(), client_id);
        if self.claims.contains_key(&claim) {
            self.answer(
                socket,
                from,
                &Control::ConnectionClosed(msg::ConnectionClosed {
                    debug: Some(String::from("a connection with that id exists already")),
                    reason_code: Some(EndReason::MISC_GENERIC.0),
                    to_connection_id: Some(client_id),
                    from_connection_id: None,
                }),
            );
            return;
        }
        if self.undecided >= UNDECIDED_MAX || !self.reserve(1) {
            self.counters.drop_limit = self.counters.drop_limit.saturating_add(1);
            return;
        }
        let setup = Setup {
            local_id: self.draw_wire_id(),
            cert: self.local_certificate(),
            config: config.clone(),
            gauges: Gauges::new(),
        };
        let mut env = env!(self, now, allow);
        let Ok(conn) = Connection::incoming(&mut env, now, setup, m, claimed) else {
            self.give_back();
            // Silence, as the reference: a stranger learns nothing from failing.
            self.counters.drop_handshake = self.counters.drop_handshake.saturating_add(1);
            return;
        };
        self.counters.incoming = self.counters.incoming.saturating_add(1);
        self.undecided += 1;
        let entry = Entry {
            listener: Some(listener),
            decided: false,
            user_data: config.user_data,
            ..Entry::new(conn, socket, from)
        };
        if let Some(id) = self.insert(entry) {
            self.claims.insert(claim, id);
        } else {
            self.give_back();
        }
    }
}
