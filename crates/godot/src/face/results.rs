//! The result numbers of the interface, and the errors behind them.

use gamesockets::{AcceptError, AcceptRefused, FlushError, LanesError, ResultCode, SendError, StatusError};

/// Success.
pub(crate) const OK: i64 = ResultCode::Ok as i64;
/// The build lacks what is asked for.
pub(crate) const FAIL: i64 = ResultCode::Fail as i64;
/// The connection is over, or there is none.
pub(crate) const NO_CONNECTION: i64 = ResultCode::NoConnection as i64;
/// A bad handle, or a number out of its range.
pub(crate) const INVALID_PARAM: i64 = ResultCode::InvalidParam as i64;
/// Not in this state, or hosting is not configured.
pub(crate) const INVALID_STATE: i64 = ResultCode::InvalidState as i64;
/// The service that does this cannot be reached.
pub(crate) const SERVICE_UNAVAILABLE: i64 = ResultCode::ServiceUnavailable as i64;
/// We do not know who we are yet.
pub(crate) const NOT_LOGGED_ON: i64 = ResultCode::NotLoggedOn as i64;
/// Too much, or once too often.
pub(crate) const LIMIT_EXCEEDED: i64 = ResultCode::LimitExceeded as i64;
/// The connection has no fake address.
pub(crate) const IP_NOT_FOUND: i64 = ResultCode::IpNotFound as i64;
/// Nobody asked for a fake address.
pub(crate) const NO_MATCH: i64 = ResultCode::NoMatch as i64;
/// The feature is not in this build.
pub(crate) const DISABLED: i64 = ResultCode::Disabled as i64;

/// An error's number, and whether the caller made a mistake that deserves a line.
pub(super) type Verdict = (i64, bool);

/// The number of an error, and whether it is a mistake of the caller.
fn verdict<'a, E>(error: &'a E, mistake: bool) -> Verdict
where
    ResultCode: From<&'a E>,
{
    (ResultCode::from(error) as i64, mistake)
}

pub(super) fn of_send(error: &SendError) -> Verdict {
    let mistake =
        matches!(error, SendError::BadHandle(_) | SendError::TooBig { .. } | SendError::BadLane { .. });
    verdict(error, mistake)
}

pub(super) fn of_flush(error: &FlushError) -> Verdict {
    verdict(error, matches!(error, FlushError::BadHandle(_)))
}

pub(super) fn of_accept(error: &AcceptError) -> Verdict {
    verdict(error, !matches!(error, AcceptError::Refused(AcceptRefused::Handshake(_))))
}

pub(super) fn of_lanes(error: &LanesError) -> Verdict {
    verdict(error, !matches!(error, LanesError::Closed | LanesError::Peer(_)))
}

pub(super) fn of_status(error: &StatusError) -> Verdict {
    verdict(error, true)
}
