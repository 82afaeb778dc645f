//! Datagrams going out: handshake and closing messages, and bursts of data packets (protocol.md §1.8, §1.9, §3.11).

use super::{Connection, HandshakePart, Phase, QUIET};
use crate::handshake::VERSION_TIME_FIELD;
use crate::limits::{DATA_HEADER_BYTES, HEADER_RESERVE_BYTES, STATS_BLOB_BYTES_MAX};
use crate::stats::{AckRequest, StatsWanted, Want};
use alloc::vec::Vec;
use gamesockets_wire::datagram::{Control, put_data_header};
use gamesockets_wire::msg::{self, UdpStats};
use gamesockets_wire::snp::put_stop_waiting;
use gamesockets_wire::time::Timestamp;
use prost::Message as _;

/// Bytes for acknowledgements while data waits, as a share of the packet: one third.
const ACK_SHARE: usize = 3;
/// A full packet has at least this much data; less waiting data may wait for company (protocol.md §3.12).
const FULL_PACKET_SLACK: usize = 64;
/// The time field is left out above this gap, microseconds (protocol.md §1.9).
const TIME_FIELD_MAX_US: u64 = 250_000;
/// Unit of the time field, microseconds.
const TIME_FIELD_UNIT_US: u64 = 16;

/// Datagrams appended to a buffer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Burst {
    /// How many datagrams.
    pub count: usize,
    /// Size of each but the last, which may be shorter; bytes.
    pub segment: usize,
}

/// Why a data packet leaves, and what it has to carry.
#[derive(Clone, Copy, Debug)]
struct Purpose {
    data: bool,
    ack: bool,
    probe: Option<AckRequest>,
    stats: StatsWanted,
}

impl Connection {
    /// Appends datagrams that have to leave now to `out`: at most `max_datagrams`, all but the last of the same size.
    /// Call again until it gives nothing.
    pub fn poll_transmit(
        &mut self,
        now: Timestamp,
        out: &mut Vec<u8>,
        max_datagrams: usize,
    ) -> Option<Burst> {
        if let Some(control) = self.next_control(now) {
            let before = out.len();
            control.encode(out);
            let size = out.len() - before;
            self.stats.on_packet_sent(now, size);
            return Some(Burst { count: 1, segment: size });
        }
        if !self.phase.is_open() || self.keys.is_none() {
            return None;
        }
        self.pacer.refill(now, self.rate.rate());
        let mut burst = Burst { count: 0, segment: usize::from(self.mtu()) };
        while burst.count < max_datagrams {
            let Some(purpose) = self.purpose(now) else { break };
            let before = out.len();
            self.build(now, out, burst.segment, purpose);
            let size = out.len() - before;
            if size == 0 {
                break;
            }
            burst.count += 1;
            let shorter = size < burst.segment;
            if burst.count == 1 {
                burst.segment = size;
            } else if shorter {
                break;
            }
        }
        let waiting = self.sender.has_work() && self.data_ready(now);
        self.pacer.set_waiting(waiting);
        (burst.count > 0).then_some(burst)
    }

    fn next_control(&mut self, now: Timestamp) -> Option<Control> {
        if let Some(answer) = self.outgoing.no_connection.take() {
            return Some(Control::NoConnection(answer));
        }
        if core::mem::take(&mut self.outgoing.closed) {
            let end = self.end.as_deref();
            return Some(Control::ConnectionClosed(msg::ConnectionClosed {
                debug: end.map(|e| e.text.clone()),
                reason_code: end.map(|e| e.reason.0),
                to_connection_id: (self.remote_id != 0).then_some(self.remote_id),
                from_connection_id: Some(self.local_id),
            }));
        }
        match self.outgoing.handshake.take()? {
            HandshakePart::Ok => self.server_message(now),
            part => self.client_message(now, part),
        }
    }

    /// Largest UDP payload we send.
    fn mtu(&self) -> u16 {
        let max = crate::limits::DATAGRAM_BYTES_MAX as i32;
        self.config.mtu_packet_size.clamp(200, max) as u16
    }

    /// Largest plaintext of a packet.
    pub(super) fn plain_bytes_max(&self) -> usize {
        let overhead = self.keys.as_ref().map_or(0, |k| k.seal.overhead());
        usize::from(self.mtu()) - HEADER_RESERVE_BYTES - overhead
    }

    /// Whether waiting data need not wait any longer.
    pub(super) fn data_ready(&self, now: Timestamp) -> bool {
        let full = self.plain_bytes_max().saturating_sub(FULL_PACKET_SLACK) as u64;
        self.sender.data_ready_at(full).is_some_and(|at| at <= now.as_micros())
    }

    /// Whether a packet with data may leave, pacing aside.
    pub(super) fn window_open(&self) -> bool {
        let fits = self.rate.window().is_none_or(|w| self.sender.bytes_in_flight() < w);
        fits && !self.sender.span_exhausted()
    }

    fn purpose(&mut self, now: Timestamp) -> Option<Purpose> {
        let data =
            self.pacer.may_send() && self.window_open() && self.sender.has_work() && self.data_ready(now);
        let ack = self.ack.due.is_some_and(|at| at <= now);
        let mut probe = self.liveness.probe_wanted(now);
        let stats = self.stats.stats_wanted(now);
        if !data && !ack && probe.is_none() && !stats.must() {
            return None;
        }
        if probe.is_none() {
            let tracer = self.liveness.tracer_wanted(now, self.ping.last_sample_at());
            let urgent = self.sender.should_ask_for_ack() || data && self.rate.wants_ack(now);
            let rides = tracer == Want::Must || tracer == Want::MayRide && !data;
            probe = (urgent || rides).then_some(AckRequest { immediate: urgent });
        }
        Some(Purpose { data, ack, probe, stats })
    }

    /// The blob in clear in front of the chunk, and what of the statistics is in it.
    fn blob(&mut self, now: Timestamp, purpose: &Purpose, room: usize) -> Option<(Vec<u8>, StatsWanted)> {
        let mut wanted = purpose.stats;
        let mut stats = if wanted.any() { self.stats.build(now, wanted, &self.ping) } else { None };
        loop {
            if stats.is_none() && purpose.probe.is_none() {
                return None;
            }
            let immediate = purpose.probe.is_some_and(|p| p.immediate);
            // With statistics the request for an acknowledgement is implied (protocol.md §1.4).
            let flags = match (stats.is_some(), immediate) {
                (true, false) => None,
                (_, true) => Some(msg::STATS_FLAG_ACK_REQUEST_E2E | msg::STATS_FLAG_ACK_REQUEST_IMMEDIATE),
                (false, false) => Some(msg::STATS_FLAG_ACK_REQUEST_E2E),
            };
            let blob = UdpStats { stats: stats.take(), flags }.encode_to_vec();
            if blob.len() <= room.min(STATS_BLOB_BYTES_MAX) {
                return Some((blob, wanted));
            }
            if !wanted.any() {
                return None;
            }
            // The large part waits for a packet with more room.
            wanted = if wanted == wanted.without_lifetime() {
                StatsWanted::default()
            } else {
                wanted.without_lifetime()
            };
            stats = if wanted.any() { self.stats.build(now, wanted, &self.ping) } else { None };
        }
    }

    /// Statistics that are due and did not fit a packet without data would ask again at once, for nothing.
    fn postpone_left_out(&mut self, now: Timestamp, purpose: &Purpose, sent: Option<StatsWanted>) {
        let sent = sent.unwrap_or_default();
        let left = |sent, due| if sent == Want::No { due } else { Want::No };
        let left = StatsWanted {
            instantaneous: left(sent.instantaneous, purpose.stats.instantaneous),
            lifetime: left(sent.lifetime, purpose.stats.lifetime),
        };
        if left.must() && !purpose.data {
            self.stats.postpone_stats(now, left);
        }
    }

    fn time_field(&self, now: Timestamp) -> Option<u16> {
        if self.config.send_time_since_previous < 1 || self.peer_version < VERSION_TIME_FIELD {
            return None;
        }
        let gap = now.micros_since(self.last_sent_at?);
        (gap <= TIME_FIELD_MAX_US).then(|| u16::try_from(gap / TIME_FIELD_UNIT_US).ok()).flatten()
    }

    fn build(&mut self, now: Timestamp, out: &mut Vec<u8>, limit: usize, mut purpose: Purpose) {
        let Some(overhead) = self.keys.as_ref().map(|k| k.seal.overhead()) else { return };
        let start = out.len();
        let number = self.sender.next_number();
        let room = limit.saturating_sub(DATA_HEADER_BYTES + overhead + HEADER_RESERVE_BYTES);
        let blob = self.blob(now, &purpose, room);
        self.postpone_left_out(now, &purpose, blob.as_ref().map(|b| b.1));
        let time = self.time_field(now);
        put_data_header(out, self.remote_id, number as u16, blob.as_ref().map(|b| b.0.as_slice()), time);
        let chunk = out.len();
        let most = limit.saturating_sub(chunk - start + overhead);
        let end = chunk + self.plain_bytes_max().min(most);
        put_stop_waiting(out, number, self.sender.stop_waiting());
        if purpose.ack || self.ack.repeat > 0 {
            let left = end.saturating_sub(out.len());
            let room = if purpose.data { left / ACK_SHARE } else { left };
            if self.receiver.numbers.put_ack(now, out, room) {
                self.ack.repeat = self.ack.repeat.saturating_sub(1);
                self.ack.due = None;
                self.ack.unreported = 0;
            }
        }
        let mut segments = 0;
        if purpose.data {
            let (count, any) = self.sender.fill(out, end);
            segments = count;
            purpose.data = any;
        }
        if purpose.ack {
            self.ack.due = None;
        }
        if !purpose.data && !purpose.ack && blob.is_none() {
            // Nothing to say after all.
            out.truncate(start);
            return;
        }
        let Some(keys) = &mut self.keys else { return };
        if self.last_sent_at.is_some_and(|at| now.saturating_since(at) >= QUIET) {
            keys.seal.rest();
        }
        if keys.seal.seal(number, out, chunk).is_err() {
            // Only an exhausted number space could do that; the packet does not leave.
            out.truncate(start);
            return;
        }
        let sent_stats = blob.map(|b| b.1).filter(|w| w.any());
        self.note_sent(now, number, out.len() - start, segments, sent_stats, purpose.probe);
    }

    fn note_sent(
        &mut self,
        now: Timestamp,
        number: u64,
        bytes: usize,
        segments: u16,
        stats: Option<StatsWanted>,
        probe: Option<AckRequest>,
    ) {
        self.pacer.spend(bytes);
        self.sender.on_packet_sent(now, bytes as u16, segments, stats.is_some());
        let app_limited = !self.sender.is_waiting();
        self.rate.on_sent(now, number, bytes as u16, self.sender.bytes_in_flight(), app_limited);
        self.stats.on_packet_sent(now, bytes);
        self.last_sent_at = Some(now);
        if let Some(sent) = stats {
            self.stats.on_stats_sent(sent);
        }
        let asked = probe.or_else(|| stats.map(|_| AckRequest { immediate: false }));
        if asked.is_some() || segments > 0 {
            self.expect_reply(now, asked);
        }
    }

    /// Whether the application closed the connection and what it promised is still being delivered.
    pub fn is_lingering(&self) -> bool {
        self.phase == Phase::Linger
    }

    /// Whether the connection may still want to send datagrams: its owner keeps its socket open.
    pub fn needs_socket(&self) -> bool {
        self.phase != Phase::Dead
    }
}
