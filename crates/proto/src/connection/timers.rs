//! When a connection has to be woken, and what it does then.

use super::client::{HandshakeRef, RETRY};
use super::{Connection, HandshakePart, Phase, Role};
use core::time::Duration;
use gamesockets_wire::reason::EndReason;
use gamesockets_wire::time::Timestamp;

/// A closed connection answers stragglers for this long (protocol.md §1.7).
const FIN_WAIT: Duration = Duration::from_secs(5);
/// Data that waits for room in the receive queue is offered again after this time.
const UNBLOCK_EVERY: Duration = Duration::from_millis(5);

/// Why a connection wants to be woken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TimerReason {
    /// A message waits to be sent at once.
    Outgoing,
    /// The handshake starts over.
    HandshakeRetry,
    /// The handshake took too long.
    HandshakeTimeout,
    /// An acknowledgement is due.
    Ack,
    /// A gap in the received packets has to be reported.
    Gap,
    /// Waiting data has waited long enough, or the rate allows more of it.
    Send,
    /// Packets were not acknowledged in time.
    Retransmit,
    /// A life sign is due, or the peer is to be given up.
    Liveness,
    /// Statistics are due.
    Stats,
    /// Received data waits for room.
    Unblock,
    /// The time for answering stragglers is over.
    FinWait,
}

/// The earliest of several moments.
struct Earliest(Option<(Timestamp, TimerReason)>);

impl Earliest {
    fn offer(&mut self, at: Option<Timestamp>, reason: TimerReason) {
        if let Some(at) = at
            && self.0.is_none_or(|(t, _)| at < t)
        {
            self.0 = Some((at, reason));
        }
    }
}

impl Connection {
    /// When [`handle_timeout`](Self::handle_timeout) has to be called, and why.
    pub fn poll_timeout(&mut self) -> Option<(Timestamp, TimerReason)> {
        let mut next = Earliest(None);
        let out = &self.outgoing;
        if out.closed || out.no_connection.is_some() || out.handshake.is_some() {
            next.offer(Some(self.since), TimerReason::Outgoing);
        }
        match self.phase {
            Phase::Connecting => self.offer_connecting(&mut next),
            Phase::Connected | Phase::Linger => self.offer_open(&mut next),
            Phase::FinWait { .. } => next.offer(Some(self.since + FIN_WAIT), TimerReason::FinWait),
            Phase::ClosedByPeer | Phase::Problem | Phase::Dead => {}
        }
        next.0
    }

    fn offer_connecting(&mut self, next: &mut Earliest) {
        if let HandshakeRef::Client(hs) = self.handshake.as_client() {
            next.offer(Some(hs.last_sent + RETRY), TimerReason::HandshakeRetry);
        }
        next.offer(Some(self.since + self.timeout_initial()), TimerReason::HandshakeTimeout);
    }

    fn offer_open(&mut self, next: &mut Earliest) {
        next.offer(self.ack.due, TimerReason::Ack);
        next.offer(self.receiver.numbers.next_ripe_at(), TimerReason::Gap);
        let rto = self.ping.rto();
        if self.sender.has_work() && !self.window_open() {
            // Unreliable packets are not sent again, but as long as they count nothing follows them.
            next.offer(self.sender.oldest_given_up_at(rto), TimerReason::Retransmit);
        } else if self.sender.has_work() {
            let full = self.plain_bytes_max() as u64;
            let ready = self.sender.data_ready_at(full).map(Timestamp::from_micros);
            let paced = self.pacer.ready_at(self.rate.rate());
            next.offer(ready.map(|at| at.max(paced)), TimerReason::Send);
        }
        next.offer(self.sender.retransmit_at(rto), TimerReason::Retransmit);
        next.offer(self.liveness.next_deadline(), TimerReason::Liveness);
        next.offer(self.liveness.death_deadline(self.timeout_connected()), TimerReason::Liveness);
        next.offer(self.stats.next_deadline(), TimerReason::Stats);
        if self.receiver.is_blocked() {
            next.offer(Some(self.unblock_tried_at + UNBLOCK_EVERY), TimerReason::Unblock);
        }
    }

    fn timeout_initial(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.config.timeout_initial_ms).unwrap_or(0))
    }

    fn timeout_connected(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.config.timeout_connected_ms).unwrap_or(0))
    }

    /// Does what time asks for. Harmless when called early.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        match self.phase {
            Phase::Connecting => self.connecting_timeout(now),
            Phase::Connected | Phase::Linger => self.open_timeout(now),
            Phase::FinWait { .. } if now >= self.since + FIN_WAIT => self.enter(now, Phase::Dead),
            _ => {}
        }
    }

    fn connecting_timeout(&mut self, now: Timestamp) {
        if now >= self.since + self.timeout_initial() {
            let text = match self.role {
                Role::Client => "no answer from the peer: wrong address, not running, or not accepting",
                _ => "the application did not accept or close the incoming connection in time",
            };
            self.time_out(now, text);
            return;
        }
        if let HandshakeRef::Client(hs) = self.handshake.as_client()
            && now >= hs.last_sent + RETRY
        {
            self.outgoing.handshake = Some(HandshakePart::Challenge);
        }
    }

    fn open_timeout(&mut self, now: Timestamp) {
        if self.liveness.on_timeout(now) {
            self.stats.on_reply_timeout(now);
        }
        if self.liveness.is_dead(now, self.timeout_connected()) {
            self.time_out(now, "the peer fell silent: connection lost");
            return;
        }
        if self.receiver.numbers.ripen(now) {
            self.ack.due = Some(now);
        }
        let rto = self.ping.rto();
        if self.sender.on_timeout(now, rto, &mut *self.rate) {
            self.stats.on_stats_lost();
        }
        if self.receiver.is_blocked() && now >= self.unblock_tried_at + UNBLOCK_EVERY {
            self.unblock_tried_at = now;
            let limits = self.recv_limits();
            if let Err(e) = self.receiver.unblock(now, &limits) {
                self.fail(now, EndReason::MISC_INTERNAL_ERROR, &alloc::format!("{e}"));
            }
        }
        if self.phase == Phase::Linger && !self.sender.reliable_outstanding() {
            self.enter(now, Phase::FinWait { peer_closed: false });
        }
    }
}
