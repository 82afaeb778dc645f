//! The context: one identity, one loop or several, and everything that hangs on them.

mod builder;
pub(crate) mod config;
mod connect;
mod events;
mod identity;
mod listen;
pub(crate) mod poll;
mod weak;

pub use builder::ContextBuilder;
pub use connect::SocketPairKind;
pub use weak::WeakContext;

use crate::connection::{Connection, send_all};
use crate::debug::DebugLevel;
use crate::error::{ContextError, CreateGroupError};
use crate::group::Group;
use crate::io::LoopCounters;
use crate::listener::Listener;
use crate::message::AddressedMessage;
use crate::poll_group::PollGroup;
use crate::shared::{POLL_GROUPS_MAX, Shared};
use crate::{clock, sync::lock};
use gamesockets_endpoint::counters::Counters;
use gamesockets_endpoint::slab::{ConnId, ListenerId, PollGroupId};
use gamesockets_wire::Timestamp;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Everything that belongs together: an identity, settings, sockets, connections, and the loops that serve them.
///
/// A program usually has one. Clones name the same context. When the last one is dropped, every connection is closed
/// with reason 2999, peers are told, connections that were closed with `linger` get up to two seconds to finish, and
/// the I/O threads end. Handles that are left then answer with errors.
///
/// All methods can be called from any thread. Those that send, receive or look something up return at once; those that
/// change something (listen, connect, accept, close, lanes, settings) may wait for the loop to finish what it is doing,
/// which takes well below a millisecond.
///
/// ```
/// use gamesockets::{ConnectionState, Context, Event, SendFlags};
///
/// let context = Context::new()?;
/// let listener = context.listen("127.0.0.1:0".parse()?)?;
/// let client = context.connect(listener.local_addr())?;
/// client.send(b"hello", SendFlags::RELIABLE)?;
///
/// let server = loop {
///     for event in context.poll_events() {
///         if let Event::ConnectionStatusChanged { connection, listener: Some(_), new: ConnectionState::Connecting, .. } = event {
///             connection.accept()?;
///         }
///     }
///     let accepted = context.connections().into_iter().find(|c| c.listener().is_some());
///     if let Some(server) = accepted.filter(|c| c.state() == ConnectionState::Connected) {
///         break server;
///     }
///     std::thread::sleep(std::time::Duration::from_millis(1));
/// };
/// let message = loop {
///     match server.receive(1)?.pop() {
///         Some(message) => break message,
///         None => std::thread::sleep(std::time::Duration::from_millis(1)),
///     }
/// };
/// assert_eq!(message.payload(), "hello");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Context {
    pub(crate) shared: Arc<Shared>,
}

impl Context {
    /// A context with an I/O thread of its own, for nobody in particular; see [`Context::builder`] for more.
    ///
    /// # Errors
    /// See [`ContextError`].
    pub fn new() -> Result<Self, ContextError> {
        Self::builder().build()
    }

    /// Starts describing a context.
    pub fn builder() -> ContextBuilder {
        ContextBuilder::default()
    }

    /// The connection behind a handle, if it was not closed.
    pub fn connection(&self, handle: ConnId) -> Option<Connection> {
        self.shared.block(handle).map(|block| Connection::new(&self.shared, block))
    }

    /// All connections whose handles were not closed, in the order of their slots.
    pub fn connections(&self) -> Vec<Connection> {
        self.shared.blocks().into_iter().map(|block| Connection::new(&self.shared, block)).collect()
    }

    /// The listen socket behind a handle, if it was not closed.
    pub fn listener(&self, handle: ListenerId) -> Option<Listener> {
        let block = lock(&self.shared.listeners).get(handle)?.clone();
        Some(Listener { shared: self.shared.clone(), block })
    }

    /// All listen sockets that were not closed, in the order of their slots.
    pub fn listeners(&self) -> Vec<Listener> {
        let listeners = lock(&self.shared.listeners);
        let blocks = listeners.ids().filter_map(|id| listeners.get(id).cloned());
        blocks.map(|block| Listener { shared: self.shared.clone(), block }).collect()
    }

    /// The poll group behind a handle, if it was not destroyed.
    pub fn poll_group(&self, handle: PollGroupId) -> Option<PollGroup> {
        let group = lock(&self.shared.groups).get(handle)?.clone();
        Some(PollGroup { shared: self.shared.clone(), group })
    }

    /// Makes a poll group.
    ///
    /// # Errors
    /// See [`CreateGroupError`].
    pub fn create_poll_group(&self) -> Result<PollGroup, CreateGroupError> {
        if self.shared.is_stopping() {
            return Err(CreateGroupError::ShutDown);
        }
        let mut groups = lock(&self.shared.groups);
        let id = groups
            .insert_with(|id| Arc::new(Group::new(id, self.shared.shards.len())))
            .map_err(|_| CreateGroupError::TooMany(POLL_GROUPS_MAX))?;
        let group = groups.get(id).cloned().ok_or(CreateGroupError::TooMany(POLL_GROUPS_MAX))?;
        drop(groups);
        Ok(PollGroup { shared: self.shared.clone(), group })
    }

    /// Sends messages over several connections. Messages to one connection are taken in order; after the first that is
    /// not taken, the others to the same connection are not tried. Returns how many were taken.
    pub fn send_messages(&self, batch: &mut [AddressedMessage]) -> usize {
        let mut by_connection: Vec<&mut AddressedMessage> = batch.iter_mut().collect();
        // Stable: the order within a connection stays.
        by_connection.sort_by_key(|m| m.connection);
        by_connection
            .chunk_by_mut(|a, b| a.connection == b.connection)
            .map(|run| {
                let block = run.first().and_then(|m| self.shared.block(m.connection));
                send_all(&self.shared, block.as_ref(), run.iter_mut().map(|m| &mut m.message))
            })
            .sum()
    }

    /// The local clock: microseconds since some moment, shared by all contexts of the process. It never goes backwards,
    /// starts above zero, and is what [`Message::received_at`](crate::Message::received_at) shows.
    pub fn now() -> Timestamp {
        clock::now()
    }

    /// What was dropped and why, and other counts since the start.
    pub fn counters(&self) -> Counters {
        self.counters_of_threads().iter().fold(Counters::default(), |sum, one| sum.plus(one))
    }

    /// The same for each [I/O thread](ContextBuilder::io_threads) by itself, in the order of their numbers.
    pub fn counters_of_threads(&self) -> Vec<Counters> {
        let shards = self.shared.shards.iter();
        shards.map(|shard| self.shared.query(shard, |io, _| *io.endpoint.counters())).collect()
    }

    /// What the loops did since the start.
    pub fn loop_counters(&self) -> LoopCounters {
        self.shared.shards.iter().fold(LoopCounters::default(), |sum, shard| {
            let wakes = shard.alarm.rings();
            sum.plus(&self.shared.query(shard, |io, _| LoopCounters { wakes, ..io.counters }))
        })
    }

    /// How many I/O threads there are; 1 also if the application runs the loop itself.
    pub fn io_threads(&self) -> usize {
        self.shared.shards.len()
    }

    /// How many sockets are open. A listen socket counts once for each I/O thread that serves it.
    pub fn socket_count(&self) -> usize {
        let shards = self.shared.shards.iter();
        shards.map(|shard| self.shared.query(shard, |io, _| io.sockets.len())).sum()
    }

    /// How many connections were closed with `linger` and have not delivered yet what was promised.
    pub fn lingering(&self) -> usize {
        let shards = self.shared.shards.iter();
        shards.map(|shard| self.shared.query(shard, |io, _| io.endpoint.lingering())).sum()
    }

    /// Has `output` called with every line of debug output that is at least as important as `level`; `None` for no
    /// output. It is called from the thread that the line is about, often the I/O thread, with no lock held; it may use
    /// the context but should not take long.
    pub fn set_debug_output(
        &self,
        level: DebugLevel,
        output: impl Fn(DebugLevel, &str) + Send + Sync + 'static,
    ) {
        let sink = (level > DebugLevel::None).then(|| Arc::new(output) as Arc<_>);
        self.shared.debug.set(level, sink);
    }
}

impl Clone for Context {
    fn clone(&self) -> Self {
        self.shared.owners.fetch_add(1, Ordering::Relaxed);
        Self { shared: self.shared.clone() }
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        if self.shared.owners.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.shutdown();
        }
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("identity", &self.identity()).finish_non_exhaustive()
    }
}
