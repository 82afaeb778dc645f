//! Datagrams from the endpoint to the system.

use super::{IoLoop, kind_of, trace_datagrams};
use crate::debug::DebugLevel;
use crate::io::socket::SEND_SEGMENTS_MAX;
use crate::shared::Shared;
use gamesockets_endpoint::types::{SocketErrorKind, Transmit};
use gamesockets_wire::Timestamp;
use std::io;
use std::time::Duration;

/// Datagrams sent in one turn before the other work gets its share: about two milliseconds of work.
const SEND_DATAGRAMS_PER_TURN: usize = 2048;
/// Other failures to send are told at most once per this time.
const TELL_ERRORS_EVERY: Duration = Duration::from_secs(10);
/// The system's queue is full: it is tried again after this time, microseconds. The shortest sleep there is.
const RETRY_US: u64 = 1000;

/// What is being sent.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    buf: Vec<u8>,
    /// Datagrams in `buf`, and how many of its bytes are gone.
    pending: Option<(Transmit, usize)>,
    warned_too_big: bool,
    error_told_at: Option<Timestamp>,
}

impl Outgoing {
    /// When to try again, if the system took no more.
    pub(crate) fn retry_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.pending.map(|_| now.plus_micros(RETRY_US))
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.pending.is_none()
    }
}

impl IoLoop {
    /// Sends what is to be sent now, within the budget. Returns whether there is more. What the system does not take is
    /// kept and tried again; until then nothing else is sent, since its queue is shared by all sockets.
    pub(super) fn transmit(&mut self, shared: &Shared, now: Timestamp) -> bool {
        let gate = &shared.shards.get(self.number).io;
        let mut budget = SEND_DATAGRAMS_PER_TURN;
        while budget > 0 {
            if self.outgoing.pending.is_none() {
                let Some(t) = self.endpoint.poll_transmit(now, &mut self.outgoing.buf, SEND_SEGMENTS_MAX)
                else {
                    return false;
                };
                budget = budget.saturating_sub(t.count.max(1));
                self.outgoing.pending = Some((t, 0));
                self.trace_sent(shared, &t);
            }
            if !self.send_pending(shared, now) {
                self.counters.send_blocks += 1;
                return false;
            }
            if gate.is_wanted() {
                return true;
            }
        }
        true
    }

    /// Whether everything the endpoint wanted to send so far was handed to the system.
    pub(crate) const fn all_sent(&self) -> bool {
        self.outgoing.is_empty()
    }

    fn trace_sent(&mut self, shared: &Shared, t: &Transmit) {
        if let Ok(max) = usize::try_from(self.trace_bytes)
            && shared.debug.wants(DebugLevel::Everything)
        {
            let buf = &self.outgoing.buf;
            trace_datagrams(&mut self.after.lines, shared, "sent to", t.to, buf, t.segment, max);
        }
    }

    /// Hands the pending datagrams to the system. Returns whether all of them are gone.
    fn send_pending(&mut self, shared: &Shared, now: Timestamp) -> bool {
        while let Some((t, done)) = self.outgoing.pending {
            let Some(rest) = self.outgoing.buf.get(done..t.len).filter(|rest| !rest.is_empty()) else {
                self.outgoing.pending = None;
                break;
            };
            let Some(socket) = self.sockets.get(t.socket) else {
                // Closed meanwhile.
                self.outgoing.pending = None;
                break;
            };
            let segments = socket.send_segments();
            let part = rest.get(..t.segment.saturating_mul(segments)).unwrap_or(rest);
            let size = part.len();
            let sent = socket.send(t.to, part, t.segment);
            let lost_ability = socket.send_segments() < segments;
            match sent {
                Ok(()) => self.counters.sends += 1,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return false,
                // The system sends no joined datagrams after all: again, one by one.
                Err(_) if lost_ability => {
                    let line = || "the system does not send joined datagrams; sending them one by one".into();
                    self.after.lines.push(&shared.debug, DebugLevel::Msg, line);
                    continue;
                }
                Err(e) => self.sending_failed(shared, now, &t, &e),
            }
            self.outgoing.pending = Some((t, done + size));
        }
        true
    }

    /// Datagrams that cannot be sent are lost, as the network may lose any.
    fn sending_failed(&mut self, shared: &Shared, now: Timestamp, t: &Transmit, e: &io::Error) {
        let kind = kind_of(e);
        self.endpoint.handle_socket_error(t.socket, Some(t.to), kind);
        let told = self.outgoing.error_told_at;
        if kind != SocketErrorKind::TooBig && told.is_none_or(|at| now >= at + TELL_ERRORS_EVERY) {
            self.outgoing.error_told_at = Some(now);
            self.after
                .lines
                .push(&shared.debug, DebugLevel::Error, || format!("cannot send to {}: {e}", t.to));
        }
        if kind == SocketErrorKind::TooBig && !self.outgoing.warned_too_big {
            self.outgoing.warned_too_big = true;
            let line = || {
                format!(
                    "datagrams of {} bytes are too large for the way to {}: lower MTU_PacketSize",
                    t.segment, t.to
                )
            };
            self.after.lines.push(&shared.debug, DebugLevel::Warning, line);
        }
    }
}
