//! Messages out and in.

use super::connections::poll_group;
use super::instance::{exists, with, with_connection};
use crate::abi::numbers::{INVALID_PARAM, OK};
use crate::abi::structs::{Identity, Message as CMessage};
use crate::ffi::message::{self, MessageArray, MessagePtr, Received, Taken};
use crate::ffi::objects::{Interface, Sockets, Utils};
use crate::ffi::ptr::{Bytes, Out, zeroed};
use gamesockets::{Connection, Context, Message, ResultCode, SendFlags, Staging};
use std::cell::RefCell;

/// In the generation before 1.5 a batch always belongs to the library, and the array is not written to.
const ALWAYS_TAKEN: bool = cfg!(abi_1_4);
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
    with_connection(conn, INVALID_PARAM, |connection| {
        let Some(data) = data.get(data_len as usize) else { return INVALID_PARAM };
        match connection.send(data, flags(send_flags)) {
            Ok(sent) => {
                message_number.set(number(sent));
                OK
            }
            Err(why) => {
                message_number.set(-1);
                ResultCode::from(&why) as i32
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
    let batch = Batch { messages, results, delete: ALWAYS_TAKEN || delete_failed_messages };
    if count == 1 {
        if let Some(entry) = batch.take(0) {
            batch.send(entry, &mut std::iter::empty());
        }
        return;
    }
    let mut entries: Vec<Entry> = (0..count).filter_map(|index| batch.take(index)).collect();
    // Stable: the order within a connection stays.
    entries.sort_by_key(|entry| entry.conn);
    let mut entries = entries.into_iter().peekable();
    while let Some(first) = entries.next() {
        let conn = first.conn;
        let mut more = std::iter::from_fn(|| entries.next_if(|entry| entry.conn == conn));
        batch.send(first, &mut more);
    }
}

/// A message of a batch and its place there.
struct Entry {
    index: usize,
    conn: u32,
    message: Taken,
}

/// The arrays of one call.
struct Batch<'a> {
    messages: MessageArray<'a>,
    results: Out<'a, i64>,
    delete: bool,
}

impl Batch<'_> {
    /// Takes a message of the caller's; where none is, the result says so.
    fn take(&self, index: usize) -> Option<Entry> {
        let entry = self.messages.take(index).map(|message| Entry { index, conn: message.conn(), message });
        if entry.is_none() {
            self.results.set_at(index, i64::from(-INVALID_PARAM));
        }
        entry
    }

    /// Sends messages of one connection, until one is not taken. The others are not tried.
    fn send(&self, first: Entry, others: &mut dyn Iterator<Item = Entry>) {
        let mut first = Some(first);
        // Copied messages are released when the connection is not locked any more: that may call out.
        let mut copied = Vec::new();
        let mut refused = None;
        let conn = first.as_ref().map_or(0, |entry| entry.conn);
        with_connection(conn, (), |connection| {
            let piped = connection.is_pipe();
            connection.send_together(|staging| {
                for entry in first.take().into_iter().chain(&mut *others) {
                    match put(staging, entry.message, piped) {
                        Ok((sent, message)) => {
                            copied.extend(message);
                            self.accept(entry.index, sent);
                        }
                        Err((message, why)) => {
                            refused = Some((entry.index, message, why));
                            break;
                        }
                    }
                }
            });
        });
        drop(copied);
        // Handle 0 is a mistake in each message, and so is everything before Init; another bad handle is a connection
        // that is gone for all of them.
        let untried = if conn == 0 || !exists() { INVALID_PARAM } else { 0 };
        if let Some(first) = first {
            self.refuse(first.index, Some(first.message), INVALID_PARAM);
        }
        if let Some((index, message, why)) = refused {
            self.refuse(index, message, why);
        }
        others.for_each(|entry| self.refuse(entry.index, Some(entry.message), untried));
    }

    fn accept(&self, index: usize, sent: u64) {
        self.results.set_at(index, number(sent));
        if !self.delete {
            self.messages.put(index, std::ptr::null_mut());
        }
    }

    /// Deals with a message that was not taken for a reason, 0 if it was not tried.
    fn refuse(&self, index: usize, message: Option<Taken>, why: i32) {
        self.results.set_at(index, i64::from(-why));
        if let Some(message) = message.filter(|_| !self.delete) {
            message.give_back();
        }
    }
}

/// Sends a message. Returns its number and, if it was copied, the message; or the message with the reason.
#[allow(clippy::type_complexity, reason = "two pairs")]
fn put(
    staging: &mut Staging<'_>,
    message: Taken,
    piped: bool,
) -> Result<(u64, Option<Taken>), (Option<Taken>, i32)> {
    let (flags, lane) = (flags(message.flags()), message.lane());
    let Some(data) = message.bytes() else { return Err((Some(message), INVALID_PARAM)) };
    if data.len() < KEPT_FROM_BYTES && !piped {
        return match staging.send(data, flags, lane) {
            Ok(sent) => Ok((sent, Some(message))),
            Err(why) => Err((Some(message), ResultCode::from(&why) as i32)),
        };
    }
    let (bytes, ticket) = message.into_bytes();
    match staging.send_owned(bytes, flags, lane) {
        Ok(sent) => Ok((sent, None)),
        Err(why) => Err((ticket.redeem(), ResultCode::from(&why) as i32)),
    }
}

pub(crate) fn flush(_: Interface<Sockets>, conn: u32) -> i32 {
    with_connection(conn, INVALID_PARAM, |connection| {
        connection.flush().map_or_else(|why| ResultCode::from(&why) as i32, |()| OK)
    })
}

pub(crate) fn receive(
    _: Interface<Sockets>,
    conn: u32,
    messages: MessageArray<'_>,
    max_messages: i32,
) -> i32 {
    with_connection(conn, -1, |connection| {
        let about = About::new(Sender::One(connection));
        fetch(messages, max_messages, about, |out, max| connection.receive_into(out, max).is_ok())
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
        let about = About::new(Sender::Any(context));
        fetch(messages, max_messages, about, |out, max| group.receive_into(out, max).is_ok())
    })
}

/// Has `receive` fetch messages and puts them into the caller's array. Returns how many.
fn fetch(
    messages: MessageArray<'_>,
    max: i32,
    mut about: About<'_>,
    receive: impl FnOnce(&mut Vec<Message>, usize) -> bool,
) -> i32 {
    let max = if messages.is_null() { 0 } else { usize::try_from(max).unwrap_or(0) };
    if max == 0 {
        return 0;
    }
    let mut arrived = ARRIVED.with(RefCell::take);
    let worked = receive(&mut arrived, max);
    let count = arrived.len();
    for (index, message) in arrived.drain(..).enumerate() {
        messages.put(index, about.hand_out(message));
    }
    ARRIVED.with(|place| place.replace(arrived));
    if worked { i32::try_from(count).unwrap_or(i32::MAX) } else { -1 }
}

/// Where to find who sent a message.
enum Sender<'a> {
    /// It can only be this one.
    One(&'a Connection),
    /// Any connection of a poll group.
    Any(&'a Context),
}

/// Who sent the message before: mostly the next one's sender too.
struct About<'a> {
    sender: Sender<'a>,
    conn: u32,
    identity: Identity,
    piped: bool,
}

impl<'a> About<'a> {
    fn new(sender: Sender<'a>) -> Self {
        Self { sender, conn: 0, identity: zeroed(), piped: false }
    }

    /// A connection that is closed this moment is nobody any more.
    fn look_up(&mut self, message: &Message) {
        self.conn = message.connection().to_raw();
        let found = match self.sender {
            Sender::One(connection) => Some(connection.clone()),
            Sender::Any(context) => context.connection(message.connection()),
        };
        self.identity = found.as_ref().map_or_else(Identity::invalid, |c| Identity::of(&c.identity()));
        self.piped = found.is_some_and(|connection| connection.is_pipe());
    }

    fn hand_out(&mut self, message: Message) -> *mut CMessage {
        let conn = message.connection().to_raw();
        if conn != self.conn {
            self.look_up(&message);
        }
        let about = Received {
            conn,
            identity: &self.identity,
            conn_user_data: message.user_data(),
            time_received: number(message.received_at().as_micros()),
            number: number(message.number()),
            flags: if message.is_reliable() { RELIABLE } else { 0 },
            lane: message.lane(),
            piped: self.piped,
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
