//! Sending: into the outbox of the connection, and a ring of the alarm if the loop would sleep too long.

use super::{Connection, pipe};
use crate::block::Block;
use crate::clock;
use crate::error::SendError;
use crate::message::OutgoingMessage;
use crate::shared::Shared;
use crate::sync::lock;
use bytes::Bytes;
use gamesockets_endpoint::types::{BadHandle, FlushError};
use gamesockets_proto::connection::ConnectionState;
use gamesockets_proto::message::{SendError as Refused, SendFlags};
use gamesockets_proto::snp::send::{Outbox, SendLimits};
use gamesockets_wire::Timestamp;
use std::sync::{Arc, MutexGuard};

impl Connection {
    /// Sends a copy of `data` on lane 0. Returns the number of the message: 1, 2, 3 ... on each lane.
    ///
    /// # Errors
    /// See [`SendError`]; nothing was queued then.
    pub fn send(&self, data: &[u8], flags: SendFlags) -> Result<u64, SendError> {
        self.send_on_lane(data, flags, 0)
    }

    /// Sends a copy of `data` on a lane that was [configured](Self::configure_lanes).
    ///
    /// # Errors
    /// See [`SendError`]; nothing was queued then.
    pub fn send_on_lane(&self, data: &[u8], flags: SendFlags, lane: u16) -> Result<u64, SendError> {
        if self.block.is_pipe() {
            return pipe::send(&self.shared, &self.block, Bytes::copy_from_slice(data), flags, lane);
        }
        stage(&self.shared, &self.block, flags, |outbox, now, limits| {
            outbox.send(now, data, flags, lane, limits)
        })
    }

    /// Sends `data`; a large message is not copied but kept until the peer has it. Through an in-process pipe no message
    /// is copied.
    ///
    /// # Errors
    /// See [`SendError`]; nothing was queued then.
    pub fn send_owned(&self, data: Bytes, flags: SendFlags, lane: u16) -> Result<u64, SendError> {
        if self.block.is_pipe() {
            return pipe::send(&self.shared, &self.block, data, flags, lane);
        }
        stage(&self.shared, &self.block, flags, |outbox, now, limits| {
            outbox.send_owned(now, data, flags, lane, limits)
        })
    }

    /// Sends several messages, in order and in one go. Each gets its own result; after the first that is not taken the
    /// others are not tried. Returns how many were taken.
    ///
    /// ```
    /// use gamesockets::{Context, Identity, OutgoingMessage, SendFlags, SocketPairKind};
    ///
    /// let context = Context::new()?;
    /// let (a, _b) = context.socket_pair(SocketPairKind::Memory, [Identity::localhost(), Identity::localhost()])?;
    /// let mut batch = [
    ///     OutgoingMessage::new("position", SendFlags::UNRELIABLE),
    ///     OutgoingMessage::new("chat", SendFlags::RELIABLE).on_lane(7),
    ///     OutgoingMessage::new("score", SendFlags::RELIABLE),
    /// ];
    /// assert_eq!(a.send_batch(&mut batch), 1);
    /// assert_eq!(batch[0].result, Some(Ok(1)));
    /// assert!(matches!(batch[1].result, Some(Err(_))), "there is no lane 7");
    /// assert_eq!(batch[2].result, None, "not tried");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn send_batch(&self, batch: &mut [OutgoingMessage]) -> usize {
        send_all(&self.shared, Some(&self.block), batch.iter_mut())
    }

    /// Sends messages together: the loop takes over none of them before `work` returns, and then all. The connection is
    /// locked meanwhile, so `work` should do nothing else, least of all with the connection.
    ///
    /// ```
    /// use gamesockets::{Context, Identity, SendFlags, SocketPairKind};
    ///
    /// let context = Context::new()?;
    /// let (a, _b) = context.socket_pair(SocketPairKind::Network, [Identity::localhost(), Identity::localhost()])?;
    /// let numbers = a.send_together(|staging| {
    ///     [b"one", b"two"].map(|data| staging.send(data, SendFlags::RELIABLE, 0).ok())
    /// });
    /// assert_eq!(numbers, [Some(1), Some(2)]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn send_together<T>(&self, work: impl FnOnce(&mut Staging<'_>) -> T) -> T {
        let mut staging = Staging::begin(&self.shared, &self.block);
        let result = work(&mut staging);
        staging.end();
        result
    }

    /// Lets all messages that wait for company go at once.
    ///
    /// # Errors
    /// See [`FlushError`].
    pub fn flush(&self) -> Result<(), FlushError> {
        let state = self.block.state();
        match state {
            ConnectionState::None => return Err(BadHandle.into()),
            ConnectionState::ClosedByPeer | ConnectionState::ProblemDetectedLocally => {
                return Err(FlushError::Closed);
            }
            _ => {}
        }
        lock(&self.block.outbox).flush();
        self.shared.shard_of(&self.block).mark_dirty(&self.block, clock::now());
        if state == ConnectionState::Connected { Ok(()) } else { Err(FlushError::NotConnected) }
    }
}

/// Whether a message may be staged. To be asked with the outbox locked: the closing of a handle first shows in the
/// state and then replaces the outbox, and the new one's numbers are not those that the engine goes on with.
pub(super) fn sendable(block: &Block) -> Result<(), SendError> {
    match block.state() {
        ConnectionState::None => Err(SendError::BadHandle(BadHandle)),
        ConnectionState::ClosedByPeer | ConnectionState::ProblemDetectedLocally => {
            Err(SendError::NoConnection)
        }
        _ => Ok(()),
    }
}

/// Stages one message.
fn stage(
    shared: &Shared,
    block: &Arc<Block>,
    flags: SendFlags,
    put: impl FnOnce(&mut Outbox, Timestamp, &SendLimits) -> Result<u64, Refused>,
) -> Result<u64, SendError> {
    let mut outbox = lock(&block.outbox);
    sendable(block)?;
    let now = outbox.staged_since().unwrap_or_else(clock::now);
    let limits = block.send_limits();
    let number = put(&mut outbox, now, &limits)?;
    let due = block.due(now, &outbox, flags.contains(SendFlags::NO_NAGLE), &limits);
    drop(outbox);
    announce(shared, block, due, flags);
    Ok(number)
}

/// The loop has to take over what was staged; or this thread does its work right now, if that was asked for and nobody
/// else is at it.
fn announce(shared: &Shared, block: &Arc<Block>, due: Timestamp, flags: SendFlags) {
    let shard = shared.shard_of(block);
    if flags.contains(SendFlags::USE_CURRENT_THREAD) {
        shard.mark_dirty(block, Timestamp::MAX);
        if shared.try_command(shard, |_, _| ()).is_some() {
            return;
        }
    }
    shard.mark_dirty(block, due);
}

/// Stages messages for one connection, until one is not taken. Returns how many were taken.
pub(crate) fn send_all<'a>(
    shared: &Shared,
    block: Option<&Arc<Block>>,
    mut batch: impl Iterator<Item = &'a mut OutgoingMessage>,
) -> usize {
    let Some(block) = block else {
        refuse(&mut batch, SendError::BadHandle(BadHandle));
        return 0;
    };
    let mut staging = Staging::begin(shared, block);
    let mut taken = 0;
    for message in batch.by_ref() {
        let result = staging.send_owned(message.payload.clone(), message.flags, message.lane);
        let failed = result.is_err();
        message.result = Some(result);
        if failed {
            break;
        }
        taken += 1;
    }
    staging.end();
    batch.for_each(|untried| untried.result = None);
    taken
}

/// Messages that are sent together; see [`Connection::send_together`].
#[derive(Debug)]
pub struct Staging<'a> {
    shared: &'a Shared,
    block: &'a Arc<Block>,
    /// `None` for a pipe.
    outbox: Option<MutexGuard<'a, Outbox>>,
    now: Timestamp,
    /// By when the loop has to take over what was staged; `None` if nothing was.
    due: Option<Timestamp>,
    flags: SendFlags,
}

impl<'a> Staging<'a> {
    fn begin(shared: &'a Shared, block: &'a Arc<Block>) -> Self {
        let outbox = (!block.is_pipe()).then(|| lock(&block.outbox));
        let now = outbox.as_ref().and_then(|o| o.staged_since()).unwrap_or_else(clock::now);
        Self { shared, block, outbox, now, due: None, flags: SendFlags::UNRELIABLE }
    }

    fn end(self) {
        let Self { shared, block, outbox, due, flags, .. } = self;
        drop(outbox);
        if let Some(due) = due {
            announce(shared, block, due, flags);
        }
    }

    /// Sends a copy of `data`. Returns the number of the message on its lane.
    ///
    /// # Errors
    /// See [`SendError`]; the message was not queued then.
    pub fn send(&mut self, data: &[u8], flags: SendFlags, lane: u16) -> Result<u64, SendError> {
        if self.outbox.is_none() {
            return pipe::send(self.shared, self.block, Bytes::copy_from_slice(data), flags, lane);
        }
        self.stage(flags, |outbox, now, limits| outbox.send(now, data, flags, lane, limits))
    }

    /// Sends `data`, which is not copied if it is large.
    ///
    /// # Errors
    /// See [`SendError`]; the message was not queued then.
    pub fn send_owned(&mut self, data: Bytes, flags: SendFlags, lane: u16) -> Result<u64, SendError> {
        if self.outbox.is_none() {
            return pipe::send(self.shared, self.block, data, flags, lane);
        }
        self.stage(flags, |outbox, now, limits| outbox.send_owned(now, data, flags, lane, limits))
    }

    fn stage(
        &mut self,
        flags: SendFlags,
        put: impl FnOnce(&mut Outbox, Timestamp, &SendLimits) -> Result<u64, Refused>,
    ) -> Result<u64, SendError> {
        let Some(outbox) = self.outbox.as_mut() else { return Err(BadHandle.into()) };
        sendable(self.block)?;
        let limits = self.block.send_limits();
        let number = put(outbox, self.now, &limits)?;
        let due = self.block.due(self.now, outbox, flags.contains(SendFlags::NO_NAGLE), &limits);
        self.due = Some(self.due.map_or(due, |earlier| earlier.min(due)));
        self.flags = self.flags | flags;
        Ok(number)
    }
}

/// The first message gets the error; the others are not tried.
fn refuse<'a>(batch: &mut impl Iterator<Item = &'a mut OutgoingMessage>, error: SendError) {
    if let Some(first) = batch.next() {
        first.result = Some(Err(error));
    }
    batch.for_each(|untried| untried.result = None);
}
