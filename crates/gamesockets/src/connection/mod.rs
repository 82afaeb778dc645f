//! Connections, as the application uses them.

mod pipe;
mod send;

use crate::block::Block;
use crate::context::config::Options;
use crate::error::{Ended, GroupError};
use crate::io::IoLoop;
use crate::message::Message;
use crate::poll_group::PollGroup;
use crate::shared::Shared;
use crate::sync::lock;
use gamesockets_endpoint::config::{
    ConfigKey, ConfigValue, GetError, GetValue, OptionError, Scope, SetError,
};
use gamesockets_endpoint::endpoint::StatusError;
use gamesockets_endpoint::slab::{ConnId, ListenerId};
use gamesockets_endpoint::types::{AcceptError, BadHandle, ConnectionInfo, LanesError};
use gamesockets_proto::connection::{ConnectionState, LaneStatus, RealTimeStatus};
use gamesockets_proto::snp::send::LaneConfig;
use gamesockets_wire::{Identity, Timestamp};
use std::fmt;
use std::sync::Arc;

pub use send::Staging;
pub(crate) use send::send_all;

/// One end of a connection.
///
/// Clones name the same connection. Dropping all of them does **not** close it: [`close`](Self::close) does, and so
/// does the end of the context. A connection that ended by itself (states `ClosedByPeer` and
/// `ProblemDetectedLocally`) keeps its handle until it is closed.
///
/// Sending and receiving touch nothing but this connection: they never wait for the I/O thread.
///
/// ```
/// use gamesockets::{Context, Identity, SendFlags, SocketPairKind};
///
/// let context = Context::new()?;
/// let (a, b) = context.socket_pair(SocketPairKind::Network, [Identity::localhost(), Identity::localhost()])?;
/// assert_eq!(a.send(b"first", SendFlags::RELIABLE)?, 1);
/// assert_eq!(a.send(b"second", SendFlags::RELIABLE | SendFlags::NO_NAGLE)?, 2);
/// let mut messages = Vec::new();
/// while messages.len() < 2 {
///     b.receive_into(&mut messages, 10)?;
///     std::thread::sleep(std::time::Duration::from_millis(1));
/// }
/// assert_eq!(messages[1].payload(), "second");
/// a.close(1000, "that was all", false)?;
/// assert!(a.send(b"third", SendFlags::RELIABLE).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Connection {
    pub(crate) shared: Arc<Shared>,
    pub(crate) block: Arc<Block>,
}

impl Connection {
    pub(crate) fn new(shared: &Arc<Shared>, block: Arc<Block>) -> Self {
        Self { shared: shared.clone(), block }
    }

    /// The handle: a number for tables, other languages and logs.
    pub fn handle(&self) -> ConnId {
        self.block.id
    }

    /// State as of now; `None` once the handle is closed.
    pub fn state(&self) -> ConnectionState {
        self.block.state()
    }

    /// The listen socket it came in through.
    pub fn listener(&self) -> Option<ListenerId> {
        self.block.listener
    }

    /// Whether this is an end of an in-process pipe ([`SocketPairKind::Memory`](crate::SocketPairKind::Memory)).
    pub fn is_pipe(&self) -> bool {
        self.block.is_pipe()
    }

    /// Who the peer is; invalid while unknown. Still known after the handle was closed.
    pub fn identity(&self) -> Identity {
        self.block.with_info(|info| info.identity.clone())
    }

    /// Which of the context's I/O threads serves it, from 0. It stays the same for the whole life of the connection;
    /// see [`ContextBuilder::io_threads`](crate::ContextBuilder::io_threads).
    pub fn io_thread(&self) -> usize {
        self.block.shard
    }

    fn command<T>(&self, work: impl FnOnce(&mut IoLoop, Timestamp) -> T) -> T {
        self.shared.command(self.shared.shard_of(&self.block), work)
    }

    fn query<T>(&self, look: impl FnOnce(&mut IoLoop, Timestamp) -> T) -> T {
        self.shared.query(self.shared.shard_of(&self.block), look)
    }

    fn open(&self) -> Result<&Arc<Block>, BadHandle> {
        if self.block.is_closed() { Err(BadHandle) } else { Ok(&self.block) }
    }

    /// Accepts a connection that came in through a listen socket and waits in state `Connecting`.
    ///
    /// # Errors
    /// See [`AcceptError`].
    pub fn accept(&self) -> Result<(), AcceptError> {
        let block = self.open()?;
        self.command(|io, now| {
            io.endpoint.accept(now, block.local)?;
            // The connection was found just now, so its settings are there.
            let _ = lock(&self.shared.config).lock_after_handshake(block.id.to_raw());
            Ok(())
        })
    }

    /// Closes the connection; the handle is dead at return, and messages not read yet are dropped.
    ///
    /// `reason` is what the peer gets: 0 for the default, or a number of your own from 1000 to 2999, of which those
    /// from 2000 mean that something went wrong. Others are replaced by 1999. `text` is a sentence for the peer's log,
    /// cut after 127 bytes. With `linger`, reliable messages sent before are delivered first, in the background;
    /// without, they are dropped and the peer is told at once.
    ///
    /// # Errors
    /// It was closed before.
    pub fn close(&self, reason: u32, text: &str, linger: bool) -> Result<(), BadHandle> {
        let block = self.open()?;
        self.command(|io, now| {
            // What was staged counts as sent before.
            io.endpoint.absorb(block.local, &mut lock(&block.outbox));
            io.endpoint.close(now, block.local, reason, text, linger)
        })
    }

    /// Takes up to `max` messages, oldest first. Empty if none waits.
    ///
    /// # Errors
    /// The handle was closed.
    pub fn receive(&self, max: usize) -> Result<Vec<Message>, BadHandle> {
        let mut out = Vec::new();
        self.receive_into(&mut out, max).map(|_| out)
    }

    /// Moves up to `max` messages to the end of `out`, oldest first. Returns how many.
    ///
    /// # Errors
    /// The handle was closed.
    pub fn receive_into(&self, out: &mut Vec<Message>, max: usize) -> Result<usize, BadHandle> {
        Ok(self.open()?.receive(out, max))
    }

    /// Puts the connection into a poll group, from which its messages are read then, or takes it out of the one it is
    /// in. Messages that wait go along.
    ///
    /// # Errors
    /// See [`GroupError`].
    pub fn set_poll_group(&self, group: Option<&PollGroup>) -> Result<(), GroupError> {
        self.query(|_, _| {
            if self.block.is_closed() {
                return Err(GroupError::Connection);
            }
            if group.is_some_and(|g| g.group.is_closed() || !Arc::ptr_eq(&g.shared, &self.shared)) {
                return Err(GroupError::Group);
            }
            self.block.set_group(group.map(|g| g.group.clone()));
            Ok(())
        })
    }

    /// The facts about the connection, consistent in themselves.
    ///
    /// # Errors
    /// The handle was closed.
    pub fn info(&self) -> Result<ConnectionInfo, BadHandle> {
        Ok(self.open()?.info())
    }

    /// Figures of the connection as of now. Reading the jitter clears it.
    ///
    /// # Errors
    /// The handle was closed.
    pub fn status(&self) -> Result<RealTimeStatus, BadHandle> {
        match self.status_of(&mut []) {
            Ok(status) => Ok(status),
            Err(_) => Err(BadHandle),
        }
    }

    /// Figures of the connection and of its first `lanes` lanes.
    ///
    /// # Errors
    /// See [`StatusError`].
    pub fn status_with_lanes(&self, lanes: usize) -> Result<(RealTimeStatus, Vec<LaneStatus>), StatusError> {
        let have = lock(&self.open()?.outbox).lane_count();
        if lanes > have {
            return Err(StatusError::NoSuchLane { asked: lanes, have });
        }
        let mut figures = vec![LaneStatus::default(); lanes];
        let status = self.status_of(&mut figures)?;
        Ok((status, figures))
    }

    fn status_of(&self, lanes: &mut [LaneStatus]) -> Result<RealTimeStatus, StatusError> {
        let block = self.open()?;
        self.query(|io, now| {
            // So that the figures include what was staged up to now.
            io.endpoint.absorb(block.local, &mut lock(&block.outbox));
            io.endpoint.status(now, block.local, lanes)
        })
    }

    /// Everything worth knowing about the connection, as text for a developer. The format may change.
    ///
    /// # Errors
    /// The handle was closed.
    pub fn detailed_status(&self) -> Result<String, BadHandle> {
        let block = self.open()?;
        self.query(|io, now| {
            io.endpoint.absorb(block.local, &mut lock(&block.outbox));
            io.endpoint.detailed_status(now, block.local)
        })
    }

    /// Sets number, priorities and weights of the lanes that we send on, 1 to 255, never fewer than before. A lane with
    /// a smaller priority number is always served first; lanes of equal priority share by weight.
    ///
    /// # Errors
    /// See [`LanesError`].
    ///
    /// ```
    /// use gamesockets::{Context, Identity, LaneConfig, SendFlags, SocketPairKind};
    ///
    /// let context = Context::new()?;
    /// let (a, _b) = context.socket_pair(SocketPairKind::Memory, [Identity::localhost(), Identity::localhost()])?;
    /// let urgent = LaneConfig { priority: 0, weight: 1 };
    /// let bulk = LaneConfig { priority: 1, weight: 1 };
    /// a.configure_lanes(&[urgent, bulk])?;
    /// a.send_on_lane(b"a large map", SendFlags::RELIABLE, 1)?;
    /// a.send_on_lane(b"overtakes it", SendFlags::RELIABLE, 0)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn configure_lanes(&self, lanes: &[LaneConfig]) -> Result<(), LanesError> {
        let block = self.open()?;
        self.command(|io, now| {
            io.endpoint.configure_lanes(now, block.local, lanes)?;
            lock(&block.outbox).grow_lanes(lanes.len());
            Ok(())
        })
    }

    /// Names the connection in logs and in its description; cut after 31 bytes.
    ///
    /// # Errors
    /// The handle was closed.
    pub fn set_name(&self, name: &str) -> Result<(), BadHandle> {
        let block = self.open()?;
        self.query(|io, _| {
            io.endpoint.set_name(block.local, name)?;
            block.publish(io.endpoint.info(block.local)?);
            Ok(())
        })
    }

    /// The name that was set; empty if none was.
    ///
    /// # Errors
    /// The handle was closed.
    pub fn name(&self) -> Result<String, BadHandle> {
        Ok(self.open()?.with_info(|info| info.name.clone()))
    }

    /// Keeps a number of the application's with the connection. Messages that wait to be received get it too.
    ///
    /// # Errors
    /// The handle was closed.
    pub fn set_user_data(&self, user_data: i64) -> Result<(), BadHandle> {
        self.open()?.set_user_data(user_data);
        let value = ConfigValue::Int64(user_data);
        // It is not locked, and fits: it cannot be refused unless the handle was closed this moment.
        let _ = lock(&self.shared.config).set(self.scope(), ConfigKey::ConnectionUserData, Some(&value));
        Ok(())
    }

    /// The application's number; -1 unless set.
    ///
    /// # Errors
    /// The handle was closed.
    pub fn user_data(&self) -> Result<i64, BadHandle> {
        Ok(self.open()?.user_data())
    }

    /// A configuration value as it counts for the connection.
    ///
    /// # Errors
    /// See [`GetError`].
    pub fn config(&self, key: ConfigKey) -> Result<GetValue, GetError> {
        lock(&self.shared.config).get(self.scope(), key)
    }

    /// Sets a configuration value of the connection, or takes it back to the inherited one.
    ///
    /// # Errors
    /// See [`SetError`].
    pub fn set_config(&self, key: ConfigKey, value: Option<ConfigValue>) -> Result<(), SetError> {
        self.shared.set_config(self.scope(), key, value.as_ref())
    }

    /// Sets several values, or none of them.
    ///
    /// # Errors
    /// See [`OptionError`].
    pub fn set_config_all(&self, options: &Options) -> Result<(), OptionError> {
        self.shared.set_config_all(self.scope(), options)
    }

    fn scope(&self) -> Scope {
        Scope::Connection(self.block.id.to_raw())
    }

    /// Stops events about this connection, those that nobody looked at yet included: for layers that watch the state
    /// themselves.
    pub fn mute_events(&self) {
        self.shared.silence(&self.block);
    }

    /// How the connection ended, if it did.
    pub fn ended(&self) -> Option<Ended> {
        let by_peer = match self.block.state() {
            ConnectionState::ClosedByPeer => true,
            ConnectionState::ProblemDetectedLocally | ConnectionState::None => false,
            _ => return None,
        };
        Some(self.block.with_info(|info| Ended {
            reason: info.end_reason,
            text: info.end_debug.clone(),
            by_peer,
        }))
    }
}

impl PartialEq for Connection {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.block, &other.block)
    }
}

impl Eq for Connection {}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("handle", &self.block.id)
            .field("state", &self.block.state())
            .finish_non_exhaustive()
    }
}
