//! The result numbers of the interface, and the errors behind them.

use gamesockets::{AcceptError, AcceptRefused, FlushError, LanesError, SendError, StatusError};

/// Success.
pub(crate) const OK: i64 = 1;
/// The build lacks what is asked for.
pub(crate) const FAIL: i64 = 2;
/// The connection is over, or there is none.
pub(crate) const NO_CONNECTION: i64 = 3;
/// A bad handle, or a number out of its range.
pub(crate) const INVALID_PARAM: i64 = 8;
/// Not in this state, or hosting is not configured.
pub(crate) const INVALID_STATE: i64 = 11;
/// The service that does this cannot be reached.
pub(crate) const SERVICE_UNAVAILABLE: i64 = 20;
/// We do not know who we are yet.
pub(crate) const NOT_LOGGED_ON: i64 = 21;
/// Too much, or once too often.
pub(crate) const LIMIT_EXCEEDED: i64 = 25;
/// The connection has no fake address.
pub(crate) const IP_NOT_FOUND: i64 = 31;
/// The peers' keys do not go together.
const HANDSHAKE_FAILED: i64 = 36;
/// Dropped, as the flags ask.
const IGNORED: i64 = 41;
/// Nobody asked for a fake address.
pub(crate) const NO_MATCH: i64 = 42;
/// The feature is not in this build.
pub(crate) const DISABLED: i64 = 80;

/// An error's number, and whether the caller made a mistake that deserves a line.
pub(super) type Verdict = (i64, bool);

pub(super) const fn of_send(error: &SendError) -> Verdict {
    match error {
        SendError::BadHandle(_) | SendError::TooBig { .. } | SendError::BadLane { .. } => {
            (INVALID_PARAM, true)
        }
        SendError::NoConnection => (NO_CONNECTION, false),
        SendError::LimitExceeded { .. } => (LIMIT_EXCEEDED, false),
        SendError::Ignored => (IGNORED, false),
    }
}

pub(super) const fn of_flush(error: &FlushError) -> Verdict {
    match error {
        FlushError::BadHandle(_) => (INVALID_PARAM, true),
        FlushError::Closed => (NO_CONNECTION, false),
        FlushError::NotConnected => (IGNORED, false),
    }
}

pub(super) const fn of_accept(error: &AcceptError) -> Verdict {
    match error {
        AcceptError::BadHandle(_) | AcceptError::Refused(AcceptRefused::NotIncoming) => (INVALID_PARAM, true),
        AcceptError::Refused(AcceptRefused::InvalidState(_)) => (INVALID_STATE, true),
        AcceptError::Refused(AcceptRefused::Handshake(_)) => (HANDSHAKE_FAILED, false),
    }
}

pub(super) const fn of_lanes(error: &LanesError) -> Verdict {
    match error {
        LanesError::BadHandle(_) => (NO_CONNECTION, true),
        LanesError::Closed => (INVALID_STATE, false),
        LanesError::Count(_) | LanesError::Reduced { .. } | LanesError::ZeroWeight { .. } => {
            (INVALID_PARAM, true)
        }
        LanesError::Peer(_) => (FAIL, false),
    }
}

pub(super) const fn of_status(error: &StatusError) -> Verdict {
    match error {
        StatusError::BadHandle(_) => (NO_CONNECTION, true),
        StatusError::NoSuchLane { .. } => (INVALID_PARAM, true),
    }
}
