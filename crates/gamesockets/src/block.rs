//! What the application's threads and the loop share about one connection.

use crate::group::Group;
use crate::message::Message;
use crate::shard::Place;
use crate::sync::lock;
use gamesockets_endpoint::slab::{ConnId, ListenerId};
use gamesockets_endpoint::types::ConnectionInfo;
use gamesockets_proto::config::ConnConfig;
use gamesockets_proto::connection::ConnectionState;
use gamesockets_proto::limits::MESSAGE_BYTES_MAX;
use gamesockets_proto::message::{Gauges, Message as Arrived};
use gamesockets_proto::snp::send::{Outbox, SendLimits};
use gamesockets_wire::Timestamp;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, Weak};

/// Largest message through an in-process pipe, bytes: what its other end takes.
pub(crate) const PIPE_MESSAGE_BYTES_MAX: usize = 0x1000_0000;
/// With this many bytes waiting a packet is full and need not wait for company; a little less than fits, so that the
/// loop is rather woken early.
const FULL_PACKET_BYTES: u64 = 1100;

/// A connection, as far as it can be used without the loop.
///
/// Its locks are leaves: nothing else is locked while one of them is held.
#[derive(Debug)]
pub(crate) struct Block {
    /// The handle.
    pub(crate) id: ConnId,
    /// What the endpoint of its shard calls it.
    pub(crate) local: ConnId,
    /// Number of the shard that it lives in.
    pub(crate) shard: usize,
    /// The handle of the listen socket, which the facts in `info` name too.
    pub(crate) listener: Option<ListenerId>,
    pub(crate) gauges: Arc<Gauges>,
    pipe: bool,
    /// The other end of an in-process pipe, which messages are handed to without the loop.
    pub(crate) other_end: OnceLock<Weak<Self>>,
    /// Messages that went into the pipe, by lane.
    pub(crate) piped: Mutex<Vec<u64>>,
    /// What the application keeps to be told about changes of state; it goes along with the events.
    pub(crate) status_callback: AtomicU64,
    state: AtomicI32,
    user_data: AtomicI64,
    send_buffer: AtomicU64,
    nagle_us: AtomicU64,
    /// In the list of connections with something for the loop to take.
    pub(crate) dirty: AtomicBool,
    pub(crate) outbox: Mutex<Outbox>,
    inbox: Mutex<Inbox>,
    info: Mutex<ConnectionInfo>,
    /// Its changes are not told by events: somebody waits for them.
    pub(crate) quiet: AtomicBool,
    #[cfg(feature = "async")]
    pub(crate) waiting: crate::asynchronous::Waiting,
    /// Bytes of the message that a task wants to send as soon as there is room.
    #[cfg(feature = "async")]
    pub(crate) room_wanted: AtomicU64,
}

#[derive(Debug, Default)]
struct Inbox {
    queue: VecDeque<Arrived>,
    /// Messages go there instead. Changed by whoever holds the loop's state, which is also who delivers.
    group: Option<Arc<Group>>,
}

impl Block {
    pub(crate) fn new(
        place: Place,
        listener: Option<ListenerId>,
        gauges: Arc<Gauges>,
        info: ConnectionInfo,
        config: &ConnConfig,
        pipe: bool,
    ) -> Self {
        let block = Self {
            id: place.handle,
            local: place.local,
            shard: place.shard,
            listener,
            gauges,
            pipe,
            other_end: OnceLock::new(),
            piped: Mutex::default(),
            status_callback: AtomicU64::new(0),
            state: AtomicI32::new(info.state as i32),
            user_data: AtomicI64::new(info.user_data),
            send_buffer: AtomicU64::new(0),
            nagle_us: AtomicU64::new(0),
            dirty: AtomicBool::new(false),
            outbox: Mutex::new(Outbox::new()),
            inbox: Mutex::default(),
            info: Mutex::new(ConnectionInfo { listener, ..info }),
            quiet: AtomicBool::new(false),
            #[cfg(feature = "async")]
            waiting: crate::asynchronous::Waiting::default(),
            #[cfg(feature = "async")]
            room_wanted: AtomicU64::new(0),
        };
        block.set_config(config);
        block
    }

    /// Whether this is an end of an in-process pipe.
    pub(crate) const fn is_pipe(&self) -> bool {
        self.pipe
    }

    /// State as the application sees it; `None` once the handle is closed.
    pub(crate) fn state(&self) -> ConnectionState {
        match self.state.load(Ordering::SeqCst) {
            1 => ConnectionState::Connecting,
            2 => ConnectionState::FindingRoute,
            3 => ConnectionState::Connected,
            4 => ConnectionState::ClosedByPeer,
            5 => ConnectionState::ProblemDetectedLocally,
            _ => ConnectionState::None,
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.state() == ConnectionState::None
    }

    /// Makes the facts that the endpoint tells those that the application is told.
    pub(crate) fn translate(&self, info: &mut ConnectionInfo) {
        info.user_data = self.user_data();
        info.listener = self.listener;
    }

    /// Takes new facts over; the user data is the application's and stays.
    pub(crate) fn publish(&self, mut info: ConnectionInfo) {
        self.translate(&mut info);
        let state = info.state;
        *lock(&self.info) = info;
        // Sequentially consistent, as its reading: whoever waits for a state first says so, then looks.
        self.state.store(state as i32, Ordering::SeqCst);
    }

    /// The handle is gone: unread messages are dropped, nothing can be sent any more.
    pub(crate) fn close(&self) {
        self.state.store(ConnectionState::None as i32, Ordering::SeqCst);
        let group = {
            let mut inbox = lock(&self.inbox);
            inbox.queue = VecDeque::new();
            inbox.group.take()
        };
        if let Some(group) = group {
            group.remove(self);
        }
        *lock(&self.outbox) = Outbox::new();
    }

    pub(crate) fn info(&self) -> ConnectionInfo {
        ConnectionInfo { user_data: self.user_data(), ..lock(&self.info).clone() }
    }

    /// Looks at the facts without copying them.
    pub(crate) fn with_info<T>(&self, look: impl FnOnce(&ConnectionInfo) -> T) -> T {
        look(&lock(&self.info))
    }

    pub(crate) fn user_data(&self) -> i64 {
        self.user_data.load(Ordering::Relaxed)
    }

    pub(crate) fn set_user_data(&self, user_data: i64) {
        self.user_data.store(user_data, Ordering::Relaxed);
    }

    pub(crate) fn set_config(&self, config: &ConnConfig) {
        let buffer =
            if self.pipe { PIPE_MESSAGE_BYTES_MAX as i64 } else { i64::from(config.send_buffer_size) };
        self.send_buffer.store(u64::try_from(buffer).unwrap_or(0), Ordering::Relaxed);
        let nagle = if self.pipe { 0 } else { u64::try_from(config.nagle_us).unwrap_or(0) };
        self.nagle_us.store(nagle, Ordering::Relaxed);
    }

    pub(crate) fn send_limits(&self) -> SendLimits {
        SendLimits {
            message_bytes_max: if self.pipe { PIPE_MESSAGE_BYTES_MAX } else { MESSAGE_BYTES_MAX },
            buffer_bytes_max: self.send_buffer.load(Ordering::Relaxed),
            nagle_us: self.nagle_us.load(Ordering::Relaxed),
            connected: self.state() == ConnectionState::Connected,
            engine_pending: self.gauges.send_pending.load(Ordering::Relaxed),
            rate: u64::from(self.gauges.send_rate.load(Ordering::Relaxed)),
        }
    }

    /// By when the loop has to take over what was staged at `now`.
    pub(crate) fn due(
        &self,
        now: Timestamp,
        outbox: &Outbox,
        at_once: bool,
        limits: &SendLimits,
    ) -> Timestamp {
        let before = limits.engine_pending;
        let filled = before < FULL_PACKET_BYTES && before + outbox.staged_bytes() >= FULL_PACKET_BYTES;
        if at_once || filled { now } else { now.plus_micros(limits.nagle_us) }
    }

    /// Takes messages that arrived in, and leaves `arrived` empty. Only whoever holds the loop's state calls this.
    pub(crate) fn deliver(self: &Arc<Self>, arrived: &mut Vec<Arrived>) {
        let group = {
            let mut inbox = lock(&self.inbox);
            if inbox.group.is_none() {
                arrived.drain(..).for_each(|m| push_in_order(&mut inbox.queue, m));
            }
            inbox.group.clone()
        };
        if let Some(group) = group {
            group.deliver(self, arrived);
        }
    }

    /// Moves up to `max` messages to the end of `out`, oldest first. Returns how many.
    pub(crate) fn receive(&self, out: &mut Vec<Message>, max: usize) -> usize {
        let before = out.len();
        let (user_data, mut bytes) = (self.user_data(), 0);
        let mut read = |m: Arrived| {
            bytes += m.payload.len() as u64;
            Message::new(m, self.id, user_data)
        };
        let group = {
            let mut inbox = lock(&self.inbox);
            let n = inbox.queue.len().min(max);
            out.extend(inbox.queue.drain(..n).map(&mut read));
            inbox.group.clone()
        };
        let left = max - (out.len() - before);
        if let Some(group) = group.filter(|_| left > 0) {
            out.extend(group.take_of(self, left).into_iter().map(read));
        }
        self.gauges.on_read((out.len() - before) as u32, bytes);
        out.len() - before
    }

    /// Joins a group, or leaves all. Messages that wait go along. Only whoever holds the loop's state calls this.
    pub(crate) fn set_group(self: &Arc<Self>, group: Option<Arc<Group>>) {
        let (old, mut queue) = {
            let mut inbox = lock(&self.inbox);
            (std::mem::replace(&mut inbox.group, group.clone()), std::mem::take(&mut inbox.queue))
        };
        if let Some(old) = old {
            queue.extend(old.take_of(self, usize::MAX));
        }
        match group {
            Some(group) => group.merge(self, queue),
            None => {
                let mut inbox = lock(&self.inbox);
                queue.append(&mut inbox.queue);
                inbox.queue = queue;
            }
        }
    }

    /// Whether the connection is in this group.
    pub(crate) fn is_in(&self, group: &Arc<Group>) -> bool {
        lock(&self.inbox).group.as_ref().is_some_and(|g| Arc::ptr_eq(g, group))
    }
}

/// Adds a message; a late unreliable one goes before newer ones of its lane that still wait at the end.
fn push_in_order(queue: &mut VecDeque<Arrived>, message: Arrived) {
    let newer = |m: &&Arrived| m.lane == message.lane && m.number > message.number;
    let late = if message.reliable { 0 } else { queue.iter().rev().take_while(newer).count() };
    queue.insert(queue.len() - late, message);
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use gamesockets_wire::{EndReason, Identity};

    /// Facts about a connection that nothing is known about.
    pub(crate) fn info() -> ConnectionInfo {
        ConnectionInfo {
            identity: Identity::localhost(),
            user_data: -1,
            listener: None,
            remote: None,
            state: ConnectionState::Connected,
            end_reason: EndReason::default(),
            end_debug: String::new(),
            description: String::new(),
            flags: 0,
            name: String::new(),
        }
    }
}
