//! The messages interface. Its sessions are connections between peers, which this library does not make yet.

use super::debug;
use crate::abi::numbers::{FAIL, INVALID_PARAM};
use crate::abi::structs::{ConnInfo, Identity, RealTimeStatus};
use crate::ffi::message::MessageArray;
use crate::ffi::objects::{Interface, Messages};
use crate::ffi::ptr::{Bytes, In, Out, zeroed};

/// Largest message, bytes.
const MESSAGE_BYTES_MAX: u32 = 512 * 1024;

pub(crate) fn send(
    _: Interface<Messages>,
    identity_remote: In<'_, Identity>,
    data: Bytes<'_>,
    data_len: u32,
    _send_flags: i32,
    _remote_channel: i32,
) -> i32 {
    let invalid = identity_remote.get().is_none_or(|identity| identity.who().is_invalid());
    if invalid || data_len > MESSAGE_BYTES_MAX || data_len > 0 && data.is_null() {
        return INVALID_PARAM;
    }
    debug::failed("SendMessageToUser", &"connections between peers are not part of this library yet");
    FAIL
}

pub(crate) const fn receive(
    _: Interface<Messages>,
    _local_channel: i32,
    _messages: MessageArray<'_>,
    _max_messages: i32,
) -> i32 {
    0
}

pub(crate) const fn accept(_: Interface<Messages>, _identity_remote: In<'_, Identity>) -> bool {
    false
}

pub(crate) const fn close(_: Interface<Messages>, _identity_remote: In<'_, Identity>) -> bool {
    false
}

pub(crate) const fn close_channel(
    _: Interface<Messages>,
    _identity_remote: In<'_, Identity>,
    _local_channel: i32,
) -> bool {
    false
}

pub(crate) fn info(
    _: Interface<Messages>,
    _identity_remote: In<'_, Identity>,
    connection_info: Out<'_, ConnInfo>,
    quick_status: Out<'_, RealTimeStatus>,
) -> i32 {
    connection_info.set(zeroed());
    quick_status.set(zeroed());
    0
}
