//! The life of a connection: which phases there are, and what entering one does (protocol.md §4).

use super::Connection;
use crate::handshake::close_text;
use alloc::boxed::Box;
use alloc::string::String;
use gamesockets_wire::reason::EndReason;
use gamesockets_wire::time::Timestamp;

/// State as the application sees it; numbers as in the C interface (protocol.md §4.1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[repr(i32)]
pub enum ConnectionState {
    /// No such connection, or just destroyed.
    #[default]
    None = 0,
    /// Handshake under way, or waiting to be accepted on either side.
    Connecting = 1,
    /// Accepted, looking for a path to the peer.
    FindingRoute = 2,
    /// Data flows.
    Connected = 3,
    /// The peer closed; received messages stay readable until the handle is closed.
    ClosedByPeer = 4,
    /// A time-out or fault found on this side; same duties as `ClosedByPeer`.
    ProblemDetectedLocally = 5,
}

/// Where a connection is, with the states that the application does not see.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Phase {
    Connecting,
    Connected,
    /// Closed by the application, delivering what was promised.
    Linger,
    ClosedByPeer,
    Problem,
    /// Closed by the application; answers stragglers. `NoConnection` if the peer closed first.
    FinWait {
        peer_closed: bool,
    },
    Dead,
}

impl Phase {
    pub(super) const fn api(self) -> ConnectionState {
        match self {
            Self::Connecting => ConnectionState::Connecting,
            Self::Connected => ConnectionState::Connected,
            Self::ClosedByPeer => ConnectionState::ClosedByPeer,
            Self::Problem => ConnectionState::ProblemDetectedLocally,
            Self::Linger | Self::FinWait { .. } | Self::Dead => ConnectionState::None,
        }
    }

    /// Whether data packets are exchanged.
    pub(super) const fn is_open(self) -> bool {
        matches!(self, Self::Connected | Self::Linger)
    }

    /// Whether the connection is over for the peer.
    pub(super) const fn is_closed(self) -> bool {
        matches!(self, Self::ClosedByPeer | Self::Problem | Self::FinWait { .. } | Self::Dead)
    }
}

/// How a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// The reason code.
    pub reason: EndReason,
    /// A sentence about it, at most 127 bytes.
    pub text: String,
}

/// A change that the application sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateChange {
    /// State before.
    pub old: ConnectionState,
    /// State now.
    pub new: ConnectionState,
}

impl Connection {
    pub(super) fn enter(&mut self, now: Timestamp, phase: Phase) {
        let old = self.phase.api();
        let new = phase.api();
        self.phase = phase;
        self.since = now;
        if phase.is_closed() {
            self.sender.clear();
            if matches!(phase, Phase::ClosedByPeer | Phase::Problem) {
                let limits = self.recv_limits();
                self.receiver.deliver_rest(now, &limits);
            }
            self.receiver.clear();
            self.ack.due = None;
            self.outgoing.handshake = None;
        }
        if matches!(phase, Phase::FinWait { peer_closed: false } | Phase::Problem) {
            self.outgoing.closed = true;
        }
        if old != new {
            self.changes.push_back(StateChange { old, new });
        }
    }

    /// Ends the connection for a cause found on this side.
    pub(super) fn fail(&mut self, now: Timestamp, reason: EndReason, text: &str) {
        match self.phase {
            Phase::Connecting | Phase::Connected => {
                self.set_end(reason, text);
                self.enter(now, Phase::Problem);
            }
            Phase::Linger => self.enter(now, Phase::FinWait { peer_closed: false }),
            _ => {}
        }
    }

    /// Ends the connection because the peer says so.
    pub(super) fn closed_by_peer(&mut self, now: Timestamp, reason: EndReason, text: &str) {
        match self.phase {
            Phase::Connecting | Phase::Connected => {
                self.set_end(reason, text);
                self.enter(now, Phase::ClosedByPeer);
            }
            Phase::Linger => self.enter(now, Phase::FinWait { peer_closed: true }),
            _ => {}
        }
    }

    fn set_end(&mut self, reason: EndReason, text: &str) {
        self.end = Some(Box::new(End { reason, text: close_text(text) }));
    }

    /// The application closes the connection. `reason` 0 means the default; a reason outside 1000 to 2999 is replaced,
    /// as is an empty text (protocol.md §4.4). With `linger`, reliable data that was taken is delivered first.
    pub fn close(&mut self, now: Timestamp, reason: u32, text: &str, linger: bool) {
        match self.phase {
            Phase::Connecting | Phase::Connected => {
                let (reason, text) = app_reason(reason, text);
                self.set_end(reason, text);
                let linger = linger && self.phase == Phase::Connected && self.sender.reliable_outstanding();
                let next = if linger { Phase::Linger } else { Phase::FinWait { peer_closed: false } };
                if linger {
                    self.sender.release();
                }
                self.enter(now, next);
            }
            Phase::ClosedByPeer => self.enter(now, Phase::FinWait { peer_closed: true }),
            Phase::Problem => {
                self.enter(now, Phase::FinWait { peer_closed: false });
                // The peer was told when the problem was found.
                self.outgoing.closed = false;
            }
            Phase::Linger | Phase::FinWait { .. } | Phase::Dead => {}
        }
    }
}

/// The reason and text that the peer will see for what the application gave.
fn app_reason(reason: u32, text: &str) -> (EndReason, &str) {
    match reason {
        0 | 1000..=1999 if text.is_empty() => {
            (EndReason(if reason == 0 { 1000 } else { reason }), "closed by the application")
        }
        0 => (EndReason(1000), text),
        2000..=2999 if text.is_empty() => {
            (EndReason(reason), "closed by the application for an unusual cause")
        }
        1000..=2999 => (EndReason(reason), text),
        _ => (EndReason(1999), "the application gave a reason outside 1000 to 2999"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_stay_in_the_application_ranges() {
        assert_eq!(app_reason(0, "").0.0, 1000);
        assert_eq!(app_reason(0, "x"), (EndReason(1000), "x"));
        assert_eq!(app_reason(2345, "x"), (EndReason(2345), "x"));
        for bad in [1, 999, 3000, 4001, u32::MAX] {
            let (reason, text) = app_reason(bad, "x");
            assert_eq!(reason.0, 1999);
            assert_ne!(text, "x");
        }
    }
}
