//! Datagrams coming in (protocol.md §1.2, §1.8, §1.9).

use super::{Connection, Drop, Env, Handshake, Phase, QUIET, Role};
use crate::snp::recv::{Arrival, PacketReport};
use crate::stats::{AckRequest, SequencedEvent};
use alloc::boxed::Box;
use core::net::SocketAddr;
use core::time::Duration;
use gamesockets_wire::datagram::{Control, DataHeader, is_data};
use gamesockets_wire::msg::{self, UdpStats};
use gamesockets_wire::reason::EndReason;
use gamesockets_wire::time::Timestamp;
use prost::Message as _;

/// Reliable data is acknowledged within this time (the reference: 50 ms, protocol.md §3.9). Shorter, since the sender
/// learns the path from it; long enough to ride on the next packet of a game that sends 60 times a second.
const ACK_DELAY: Duration = Duration::from_millis(25);
/// Packets with reliable data after which an acknowledgement does not wait any longer.
const ACK_EVERY: u32 = 16;
/// An acknowledgement rides along in this many further packets, in case one is lost.
const ACK_REPEAT: u8 = 2;
/// An ack request is answered within this time (protocol.md §3.9).
const ACK_REQUESTED_DELAY: Duration = Duration::from_millis(50);
/// An ack frame with blocks is answered within this time divided by the number of blocks (protocol.md §3.9).
const ACK_FOR_BLOCKS: Duration = Duration::from_millis(250);
/// At most one answer to packets for a connection that is over, per this time: an answer is larger than a question.
const STRAGGLER_SPACING: Duration = Duration::from_millis(20);
/// Unit of the time field, microseconds (protocol.md §1.9).
const TIME_FIELD_UNIT_US: u32 = 16;

impl Connection {
    /// Takes one datagram of the peer in; `from` is where it came from. Its bytes are overwritten.
    ///
    /// # Errors
    /// Why it had no effect; worth a counter, nothing else.
    pub fn handle_datagram(
        &mut self,
        env: &Env<'_>,
        now: Timestamp,
        from: SocketAddr,
        datagram: &mut [u8],
    ) -> Result<(), Drop> {
        self.stats.on_packet_received(now, datagram.len());
        match datagram.first() {
            Some(lead) if is_data(*lead) => self.on_data(now, datagram),
            Some(_) => self.on_control(env, now, from, datagram),
            None => Err(Drop::Malformed),
        }
    }

    fn on_control(
        &mut self,
        env: &Env<'_>,
        now: Timestamp,
        from: SocketAddr,
        datagram: &[u8],
    ) -> Result<(), Drop> {
        match Control::decode(datagram).map_err(|_| Drop::Malformed)? {
            Control::ChallengeRequest(m) => self.on_repeated_request(now, m.connection_id, m.my_timestamp),
            Control::ConnectRequest(m) => {
                self.on_repeated_request(now, m.client_connection_id, m.my_timestamp)
            }
            Control::ChallengeReply(m) => self.on_challenge_reply(now, &m),
            Control::ConnectOk(m) => self.on_connect_ok(env, now, from, &m),
            Control::ConnectionClosed(m) => self.on_connection_closed(now, &m),
            Control::NoConnection(m) => self.on_no_connection(now, &m),
        }
    }

    fn on_connection_closed(&mut self, now: Timestamp, m: &msg::ConnectionClosed) -> Result<(), Drop> {
        let to = m.to_connection_id.unwrap_or(0);
        let from = m.from_connection_id.unwrap_or(0);
        let ours = to == self.local_id || (to == 0 && from != 0 && from == self.remote_id);
        if !ours {
            return Err(Drop::Unexpected);
        }
        // Agreed, with the peer's own numbers: while connecting we know no other one of it.
        self.outgoing.no_connection = Some(msg::NoConnection {
            from_connection_id: (to != 0).then_some(to),
            to_connection_id: (from != 0).then_some(from),
        });
        let reason = EndReason(m.reason_code.unwrap_or(0));
        let text = m.debug.as_deref().filter(|t| !t.is_empty()).unwrap_or("the peer closed the connection");
        self.closed_by_peer(now, reason, text);
        Ok(())
    }

    fn on_no_connection(&mut self, now: Timestamp, m: &msg::NoConnection) -> Result<(), Drop> {
        if m.to_connection_id != Some(self.local_id) || m.from_connection_id != Some(self.remote_id) {
            return Err(Drop::Unexpected);
        }
        let text = "the peer knows no such connection (any more)";
        self.closed_by_peer(now, EndReason::MISC_PEER_SENT_NO_CONNECTION, text);
        Ok(())
    }

    /// A packet came for a connection that is over: the peer is told, but not for every packet.
    pub(super) fn answer_straggler(&mut self, now: Timestamp) {
        if self.straggler_answered_at.is_some_and(|at| now.saturating_since(at) < STRAGGLER_SPACING) {
            return;
        }
        self.straggler_answered_at = Some(now);
        match self.phase {
            Phase::ClosedByPeer | Phase::FinWait { peer_closed: true } => {
                self.outgoing.no_connection = Some(msg::NoConnection {
                    from_connection_id: Some(self.local_id),
                    to_connection_id: (self.remote_id != 0).then_some(self.remote_id),
                });
            }
            _ => self.outgoing.closed = true,
        }
    }

    fn on_data(&mut self, now: Timestamp, datagram: &mut [u8]) -> Result<(), Drop> {
        let header = DataHeader::decode(datagram).map_err(|_| Drop::Malformed)?;
        if header.connection_id != self.local_id {
            return Err(Drop::WrongConnectionId(header.connection_id));
        }
        if self.phase.is_closed() {
            self.answer_straggler(now);
            return Err(Drop::Closed);
        }
        // The blob is in clear and worth nothing before its packet has opened; most packets have none.
        let blob = match header.stats {
            None => None,
            Some(bytes) => Some(Box::new(UdpStats::decode(bytes).map_err(|_| Drop::Malformed)?)),
        };
        let (wire_number, time_field, start) = (header.wire_number, header.time_since_prev, header.len);
        let (number, arrival) = self.receiver.numbers.classify(wire_number);
        let Some(keys) = &mut self.keys else { return Err(Drop::NoKeys) };
        match arrival {
            Arrival::New(_) => {}
            Arrival::Duplicate => {
                self.stats.on_sequenced(now, SequencedEvent::Duplicate);
                return Err(Drop::Duplicate);
            }
            Arrival::TooOld => {
                self.stats.on_sequenced(now, SequencedEvent::TooOld);
                return Err(Drop::TooOld);
            }
        }
        let chunk = datagram.get_mut(start..).unwrap_or_default();
        let plain = keys.open.open(number, chunk).map_err(|_| Drop::BadTag)?;
        // Only what opens counts: forgeries would have the key expanded for each of them.
        if now.saturating_since(self.liveness.last_received_at()) >= QUIET {
            keys.open.rest();
        }
        self.liveness.on_packet_decrypted(now);
        let limits = self.recv_limits();
        let before = self.receiver.numbers.highest();
        let report =
            match self.receiver.on_packet(now, number, plain, &limits, &mut self.sender, &mut *self.rate) {
                Ok(report) => report,
                Err(e) => {
                    self.fail(now, EndReason::MISC_INTERNAL_ERROR, &alloc::format!("{e}"));
                    return Ok(());
                }
            };
        if report.never_sent {
            return Err(Drop::AckOfUnsent);
        }
        let gap_us = time_field.map(|unit| u32::from(unit) * TIME_FIELD_UNIT_US);
        self.stats.on_sequenced(
            now,
            match number.checked_sub(before) {
                Some(jump) if jump > 0 => SequencedEvent::forward(jump, gap_us),
                _ => SequencedEvent::OutOfOrder,
            },
        );
        self.after_data(now, number, &report);
        if let Some(blob) = blob {
            self.on_stats(now, &blob);
        }
        Ok(())
    }

    fn after_data(&mut self, now: Timestamp, number: u64, report: &PacketReport) {
        if matches!(self.handshake, Handshake::Server(_)) && self.role == Role::Server {
            // Data proves that the client heard the answer: it need not be kept for repeating.
            self.handshake = Handshake::Done;
        }
        self.receiver.numbers.on_packet(now, number, report.complete);
        if let Some(ack) = report.ack {
            if let Some(rtt) = ack.rtt_us {
                // The peer's delay is off already.
                self.take_rtt(now, rtt, 0);
            }
            if ack.stats_acked {
                self.stats.on_stats_acked(now);
            }
            if ack.stats_lost {
                self.stats.on_stats_lost();
            }
            if ack.blocks > 0 {
                self.ack_within(now, ACK_FOR_BLOCKS / u32::from(ack.blocks));
            }
            self.sender.prune(now, self.ping.rto());
            if self.phase == Phase::Linger && !self.sender.reliable_outstanding() {
                self.enter(now, Phase::FinWait { peer_closed: false });
                return;
            }
        }
        self.ack.repeat = ACK_REPEAT;
        if !report.complete {
            let ping = self.ping.smoothed_ms().unwrap_or(100).min(100);
            self.ack_within(now, Duration::from_millis(2 * (u64::from(ping) + 5)));
        } else if report.reliable {
            self.ack.unreported += 1;
            let wait = if self.ack.unreported >= ACK_EVERY { Duration::ZERO } else { ACK_DELAY };
            self.ack_within(now, wait);
        }
    }

    fn ack_within(&mut self, now: Timestamp, wait: Duration) {
        let at = now + wait;
        self.ack.due = Some(self.ack.due.map_or(at, |due| due.min(at)));
    }

    fn on_stats(&mut self, now: Timestamp, blob: &UdpStats) {
        let flags = blob.flags.unwrap_or(0);
        let asked = flags & msg::STATS_FLAG_ACK_REQUEST_E2E != 0 || blob.stats.is_some();
        if asked {
            let immediate = flags & msg::STATS_FLAG_ACK_REQUEST_IMMEDIATE != 0;
            // A side that sends nothing has nothing for the answer to ride on.
            let quiet = self.last_sent_at.is_none_or(|at| now.saturating_since(at) >= QUIET);
            let wait = if immediate || quiet { Duration::ZERO } else { ACK_REQUESTED_DELAY };
            self.ack_within(now, wait);
        }
        if let Some(quality) = &blob.stats {
            self.stats.on_remote_stats(now, quality);
        }
    }

    /// A packet goes out that the peer has to react to.
    pub(super) fn expect_reply(&mut self, now: Timestamp, request: Option<AckRequest>) {
        let wait = self.ping.conservative_timeout();
        match request {
            Some(request) => self.liveness.on_ack_requested(now, wait, request),
            None => self.liveness.on_reply_expected(now, wait, false),
        }
    }
}
