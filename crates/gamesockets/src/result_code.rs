//! The result numbers of the reference's interfaces, for layers that answer with them.

use crate::error::SendError;
use gamesockets_endpoint::endpoint::StatusError;
use gamesockets_endpoint::types::{AcceptError, FlushError, LanesError};
use gamesockets_proto::connection::AcceptError as AcceptRefused;

/// What a call of the C interface or of the Godot extension answers; its numbers are those of the reference library.
///
/// ```
/// use gamesockets::{ResultCode, SendError};
///
/// assert_eq!(ResultCode::from(&SendError::NoConnection) as i32, 3);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[repr(i32)]
pub enum ResultCode {
    /// Done.
    Ok = 1,
    /// Not done, for no special reason, or the peer lacks what is asked for.
    Fail = 2,
    /// The connection is over, or there is none.
    NoConnection = 3,
    /// A bad handle, or a number out of its range.
    InvalidParam = 8,
    /// Not in this state, or not set up.
    InvalidState = 11,
    /// The service that does this cannot be reached.
    ServiceUnavailable = 20,
    /// We do not know who we are yet.
    NotLoggedOn = 21,
    /// Too much, or once too often.
    LimitExceeded = 25,
    /// The connection has no fake address.
    IpNotFound = 31,
    /// The peers' keys do not go together.
    HandshakeFailed = 36,
    /// Dropped, as the flags ask, or too early.
    Ignored = 41,
    /// Nothing fits.
    NoMatch = 42,
    /// Not part of this build.
    Disabled = 80,
}

impl From<&SendError> for ResultCode {
    fn from(error: &SendError) -> Self {
        match error {
            SendError::BadHandle(_) | SendError::TooBig { .. } | SendError::BadLane { .. } => {
                Self::InvalidParam
            }
            SendError::NoConnection => Self::NoConnection,
            SendError::LimitExceeded { .. } => Self::LimitExceeded,
            SendError::Ignored => Self::Ignored,
        }
    }
}

impl From<&FlushError> for ResultCode {
    fn from(error: &FlushError) -> Self {
        match error {
            FlushError::BadHandle(_) => Self::InvalidParam,
            FlushError::Closed => Self::NoConnection,
            FlushError::NotConnected => Self::Ignored,
        }
    }
}

impl From<&AcceptError> for ResultCode {
    fn from(error: &AcceptError) -> Self {
        match error {
            AcceptError::BadHandle(_) | AcceptError::Refused(AcceptRefused::NotIncoming) => {
                Self::InvalidParam
            }
            AcceptError::Refused(AcceptRefused::InvalidState(_)) => Self::InvalidState,
            AcceptError::Refused(AcceptRefused::Handshake(_)) => Self::HandshakeFailed,
        }
    }
}

impl From<&LanesError> for ResultCode {
    fn from(error: &LanesError) -> Self {
        match error {
            LanesError::BadHandle(_) => Self::NoConnection,
            LanesError::Closed => Self::InvalidState,
            LanesError::Count(_) | LanesError::Reduced { .. } | LanesError::ZeroWeight { .. } => {
                Self::InvalidParam
            }
            LanesError::Peer(_) => Self::Fail,
        }
    }
}

impl From<&StatusError> for ResultCode {
    fn from(error: &StatusError) -> Self {
        match error {
            StatusError::BadHandle(_) => Self::NoConnection,
            StatusError::NoSuchLane { .. } => Self::InvalidParam,
        }
    }
}
