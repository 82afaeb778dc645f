//! Messages out and in.

use super::connections::{connection, poll_group};
use super::instance::with;
use super::results;
use crate::abi::numbers::{INVALID_PARAM, OK};
use crate::abi::structs::{Identity, Message as CMessage};
use crate::ffi::message::{self, MessageArray, MessagePtr, Received, Taken};
use crate::ffi::objects::{Interface, Sockets, Utils};
use crate::ffi::ptr::{Bytes, Out, zeroed};
use gamesockets::{Connection, Context, Message, SendFlags};
use std::cell::RefCell;

/// In the generation before 1.5 a batch always belongs to the library, and the array is not written to.
const ALWAYS_TAKEN: bool = cfg!(feature = "abi-1-4");
/// The bit of the send flags that messages received show.
const RELIABLE: i32 = SendFlags::RELIABLE.0 as i32;
/// From this size on a message is not copied: the engine keeps the application's buffer.
const KEPT_FROM_BYTES: usize = 4097;

thread_local! {
    /// So that receiving asks for no memory.
    static ARRIVED: RefCell<Vec<Message>> = const { RefCell::new(Vec::new()) };
}

const fn flags(number: i32) -> SendFlags {
    SendFlags(number as u32)
}

fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(crate) fn send(
    _: Interface<Sockets>,
    conn: u32,
    data: Bytes<'_>,
    data_len: u32,
    send_flags: i32,
    message_number: Out<'_, i64>,
) -> i32 {
    with(INVALID_PARAM, |context| {
        let Some(connection) = connection(context, conn) else { return INVALID_PARAM };
        let Some(data) = data.get(data_len as usize) else { return INVALID_PARAM };
        match connection.send(data, flags(send_flags)) {
            Ok(sent) => {
                message_number.set(number(sent));
                OK
            }
            Err(why) => {
                message_number.set(-1);
                results::of_send(&why)
            }
        }
    })
}

pub(crate) fn send_messages(
    _: Interface<Sockets>,
    messages_count: i32,
    messages: MessageArray<'_>,
    results: Out<'_, i64>,
    delete_failed_messages: bool,
) {
    let count = usize::try_from(messages_count).unwrap_or(0);
    if messages.is_null() {
        (0..count).for_each(|i| results.set_at(i, i64::from(-INVALID_PARAM)));
        return;
    }
    let delete = ALWAYS_TAKEN || delete_failed_messages;
    with((), |context| {
        let mut batch = Batch { context, connection: None, failed: Vec::new() };
        for index in 0..count {
            let Some(message) = messages.take(index) else {
                results.set_at(index, i64::from(-INVALID_PARAM));
                continue;
            };
            match batch.send(message) {
                Ok(sent) => {
                    results.set_at(index, number(sent));
                    if !delete {
                        messages.put(index, std::ptr::null_mut());
                    }
                }
                Err((message, result)) => {
                    results.set_at(index, i64::from(-result));
                    if let Some(message) = message.filter(|_| !delete) {
                        message.give_back();
                    }
                }
            }
        }
    });
}

/// Messages of one call.
struct Batch<'a> {
    context: &'a Context,
    /// The connection of the message before.
    connection: Option<(u32, Connection)>,
    /// Connections that did not take a message: they get no further ones.
    failed: Vec<u32>,
}

impl Batch<'_> {
    /// Sends one; or gives it back with the reason, 0 if it was not tried.
    fn send(&mut self, message: Taken) -> Result<u64, (Option<Taken>, i32)> {
        let conn = message.conn();
        if self.failed.contains(&conn) {
            return Err((Some(message), 0));
        }
        let result = self.try_send(conn, message);
        if result.is_err() && conn != 0 {
            self.failed.push(conn);
        }
        result
    }

    fn try_send(&mut self, conn: u32, message: Taken) -> Result<u64, (Option<Taken>, i32)> {
        if self.connection.as_ref().is_none_or(|(handle, _)| *handle != conn) {
            self.connection = connection(self.context, conn).map(|connection| (conn, connection));
        }
        let Some((_, connection)) = &self.connection else { return Err((Some(message), INVALID_PARAM)) };
        let Some(data) = message.bytes() else { return Err((Some(message), INVALID_PARAM)) };
        let (flags, lane) = (flags(message.flags()), message.lane());
        if data.len() < KEPT_FROM_BYTES && !connection.is_pipe() {
            return match connection.send_on_lane(data, flags, lane) {
                Ok(sent) => Ok(sent),
                Err(why) => Err((Some(message), results::of_send(&why))),
            };
        }
        let (bytes, ticket) = message.into_bytes();
        match connection.send_owned(bytes, flags, lane) {
            Ok(sent) => Ok(sent),
            Err(why) => Err((ticket.redeem(), results::of_send(&why))),
        }
    }
}

pub(crate) fn flush(_: Interface<Sockets>, conn: u32) -> i32 {
    with(INVALID_PARAM, |context| {
        let Some(connection) = connection(context, conn) else { return INVALID_PARAM };
        connection.flush().map_or_else(results::of_flush, |()| OK)
    })
}

pub(crate) fn receive(
    _: Interface<Sockets>,
    conn: u32,
    messages: MessageArray<'_>,
    max_messages: i32,
) -> i32 {
    with(-1, |context| {
        let Some(connection) = connection(context, conn) else { return -1 };
        fetch(messages, max_messages, |out, max| connection.receive_into(out, max).is_ok())
    })
}

pub(crate) fn receive_on_group(
    _: Interface<Sockets>,
    group: u32,
    messages: MessageArray<'_>,
    max_messages: i32,
) -> i32 {
    with(-1, |context| {
        let Some(group) = poll_group(context, group) else { return -1 };
        fetch(messages, max_messages, |out, max| group.receive_into(out, max).is_ok())
    })
}

/// Has `receive` fetch messages and puts them into the caller's array. Returns how many.
fn fetch(
    messages: MessageArray<'_>,
    max: i32,
    receive: impl FnOnce(&mut Vec<Message>, usize) -> bool,
) -> i32 {
    let max = if messages.is_null() { 0 } else { usize::try_from(max).unwrap_or(0) };
    if max == 0 {
        return 0;
    }
    let mut arrived = ARRIVED.with(RefCell::take);
    let worked = receive(&mut arrived, max);
    let count = arrived.len();
    let mut about = About::default();
    for (index, message) in arrived.drain(..).enumerate() {
        messages.put(index, about.hand_out(message));
    }
    ARRIVED.with(|place| place.replace(arrived));
    if worked { i32::try_from(count).unwrap_or(i32::MAX) } else { -1 }
}

/// Who sent the message before: mostly the next one's sender too.
struct About {
    conn: u32,
    identity: Identity,
}

impl Default for About {
    fn default() -> Self {
        Self { conn: 0, identity: zeroed() }
    }
}

impl About {
    fn hand_out(&mut self, message: Message) -> *mut CMessage {
        let conn = message.connection().to_raw();
        if conn != self.conn {
            *self = Self { conn, identity: message.with_identity(Identity::of) };
        }
        let about = Received {
            conn,
            identity: self.identity,
            conn_user_data: message.user_data(),
            time_received: number(message.received_at().as_micros()),
            number: number(message.number()),
            flags: if message.is_reliable() { RELIABLE } else { 0 },
            lane: message.lane(),
            piped: message.is_piped(),
        };
        message::received(message.into_payload(), &about)
    }
}

pub(crate) fn allocate(_: Interface<Utils>, size: i32) -> *mut CMessage {
    message::allocate(size)
}

pub(crate) fn release(message: MessagePtr) {
    message.release();
}
