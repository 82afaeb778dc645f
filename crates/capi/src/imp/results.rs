//! From the errors of Rust to the result numbers of C.

use crate::abi::numbers::{
    FAIL, HANDSHAKE_FAILED, IGNORED, INVALID_PARAM, INVALID_STATE, LIMIT_EXCEEDED, NO_CONNECTION,
};
use gamesockets::{AcceptError, AcceptRefused, FlushError, LanesError, SendError, StatusError};

pub(crate) const fn of_send(error: &SendError) -> i32 {
    match error {
        SendError::BadHandle(_) | SendError::TooBig { .. } | SendError::BadLane { .. } => INVALID_PARAM,
        SendError::NoConnection => NO_CONNECTION,
        SendError::LimitExceeded { .. } => LIMIT_EXCEEDED,
        SendError::Ignored => IGNORED,
    }
}

pub(crate) const fn of_flush(error: FlushError) -> i32 {
    match error {
        FlushError::BadHandle(_) => INVALID_PARAM,
        FlushError::Closed => NO_CONNECTION,
        FlushError::NotConnected => IGNORED,
    }
}

pub(crate) const fn of_accept(error: &AcceptError) -> i32 {
    match error {
        AcceptError::BadHandle(_) | AcceptError::Refused(AcceptRefused::NotIncoming) => INVALID_PARAM,
        AcceptError::Refused(AcceptRefused::InvalidState(_)) => INVALID_STATE,
        AcceptError::Refused(AcceptRefused::Handshake(_)) => HANDSHAKE_FAILED,
    }
}

pub(crate) const fn of_lanes(error: &LanesError) -> i32 {
    match error {
        LanesError::BadHandle(_) => NO_CONNECTION,
        LanesError::Closed => INVALID_STATE,
        LanesError::Count(_) | LanesError::Reduced { .. } | LanesError::ZeroWeight { .. } => INVALID_PARAM,
        LanesError::Peer(_) => FAIL,
    }
}

pub(crate) const fn of_status(error: StatusError) -> i32 {
    match error {
        StatusError::BadHandle(_) => NO_CONNECTION,
        StatusError::NoSuchLane { .. } => INVALID_PARAM,
    }
}
