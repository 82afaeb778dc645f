//! Futures over the polled interface, for any executor.
//!
//! The futures only wait: all work is done by the context, which therefore needs its I/O thread (or somebody who
//! [polls](crate::Context::poll) it). Connections that are used through this module post no events.
//!
//! ```
//! use gamesockets::asynchronous::{AsyncConnection, AsyncListener};
//! use gamesockets::{Context, SendFlags};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let context = Context::new()?;
//! let listener = AsyncListener::new(context.listen("127.0.0.1:0".parse()?)?);
//! let client = AsyncConnection::new(context.connect(listener.local_addr())?);
//! let server = listener.accept().await?;
//! client.connected().await?;
//! client.send(b"hello", SendFlags::RELIABLE)?;
//! assert_eq!(server.recv().await?.payload(), "hello");
//! # Ok(())
//! # }
//! ```

use crate::after::After;
use crate::block::Block;
use crate::clock;
use crate::connection::Connection;
use crate::error::{Ended, SendError};
use crate::listener::Listener;
use crate::message::Message;
use crate::sync::lock;
use bytes::Bytes;
use gamesockets_endpoint::types::BadHandle;
use gamesockets_proto::connection::ConnectionState;
use gamesockets_proto::message::SendFlags;
use std::future::poll_fn;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context as Task, Poll, Waker};

/// Tasks that wait for something.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    /// Whether there are any: asked for every message.
    any: AtomicBool,
    wakers: Mutex<Vec<Waker>>,
}

impl Waiting {
    /// Adds a task. It has to look once more afterwards, since what it waits for may have come meanwhile.
    fn add(&self, task: &Task<'_>) {
        let mut wakers = lock(&self.wakers);
        if !wakers.iter().any(|w| w.will_wake(task.waker())) {
            wakers.push(task.waker().clone());
        }
        self.any.store(true, Ordering::SeqCst);
    }

    /// Moves all tasks to `out`, where they are woken from.
    pub(crate) fn take(&self, out: &mut Vec<Waker>) {
        if self.any.load(Ordering::SeqCst) {
            let mut wakers = lock(&self.wakers);
            self.any.store(false, Ordering::SeqCst);
            out.append(&mut wakers);
        }
    }
}

/// A listen socket whose incoming connections are awaited. They no longer show up as events.
///
/// Dropping it does not close the listen socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AsyncListener {
    listener: Listener,
}

impl AsyncListener {
    /// Awaits the connections of `listener` from now on.
    pub fn new(listener: Listener) -> Self {
        listener.keep_incoming();
        Self { listener }
    }

    /// The next connection that comes in, accepted. Those that give up before are left out.
    ///
    /// Nothing is lost when the future is dropped.
    ///
    /// # Errors
    /// The listen socket was closed.
    pub async fn accept(&self) -> Result<AsyncConnection, BadHandle> {
        loop {
            let block = poll_fn(|task| self.poll_incoming(task)).await?;
            let connection = Connection::new(&self.listener.shared, block);
            if connection.accept().is_ok() {
                return Ok(AsyncConnection { connection });
            }
            // It ended while it waited; nobody else knows its handle.
            let _ = connection.close(0, "", false);
        }
    }

    fn poll_incoming(&self, task: &Task<'_>) -> Poll<Result<Arc<Block>, BadHandle>> {
        let backlog = &self.listener.block.backlog;
        let look = || {
            if let Some(block) = backlog.pop() {
                return Poll::Ready(Ok(block));
            }
            if self.listener.is_open() { Poll::Pending } else { Poll::Ready(Err(BadHandle)) }
        };
        wait(&backlog.waiting, task, look)
    }
}

impl Deref for AsyncListener {
    type Target = Listener;
    fn deref(&self) -> &Listener {
        &self.listener
    }
}

/// Looks, and if there is nothing, has the task woken and looks again.
fn wait<T>(waiting: &Waiting, task: &Task<'_>, mut look: impl FnMut() -> Poll<T>) -> Poll<T> {
    if let Poll::Ready(found) = look() {
        return Poll::Ready(found);
    }
    waiting.add(task);
    look()
}

/// A connection whose messages are awaited. It posts no events.
///
/// Dropping it does not close the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AsyncConnection {
    connection: Connection,
}

impl AsyncConnection {
    /// Awaits things of `connection` from now on. Events about it that were not looked at yet are dropped.
    pub fn new(connection: Connection) -> Self {
        connection.mute_events();
        Self { connection }
    }

    /// The connection itself.
    pub fn into_inner(self) -> Connection {
        self.connection
    }

    /// Waits until data flows.
    ///
    /// # Errors
    /// The connection ended before it was made.
    pub async fn connected(&self) -> Result<(), Ended> {
        self.state_is(|state| state == ConnectionState::Connected).await
    }

    /// Waits until the connection is over, and tells how it ended.
    pub async fn closed(&self) -> Ended {
        match self.state_is(|_| false).await {
            Err(ended) => ended,
            // It is never in a state that is none of them.
            Ok(()) => self.end(),
        }
    }

    async fn state_is(&self, wanted: impl Fn(ConnectionState) -> bool) -> Result<(), Ended> {
        poll_fn(|task| {
            wait(&self.block.waiting, task, || {
                let state = self.state();
                if wanted(state) {
                    return Poll::Ready(Ok(()));
                }
                if is_over(state) { Poll::Ready(Err(self.end())) } else { Poll::Pending }
            })
        })
        .await
    }

    /// Waits for the next message. Messages that arrived before the end of the connection come first.
    ///
    /// Nothing is lost when the future is dropped.
    ///
    /// # Errors
    /// The connection is over and all messages were received.
    pub async fn recv(&self) -> Result<Message, Ended> {
        let mut out = Vec::with_capacity(1);
        poll_fn(move |task| {
            wait(&self.block.waiting, task, || {
                // The state first: what arrived before the end is there when the end shows.
                let over = is_over(self.state());
                // A closed handle has no messages.
                let _ = self.connection.receive_into(&mut out, 1);
                match out.pop() {
                    Some(message) => Poll::Ready(Ok(message)),
                    None if over => Poll::Ready(Err(self.end())),
                    None => Poll::Pending,
                }
            })
        })
        .await
    }

    /// Sends a message as soon as the send buffer has room for it. Returns the message's number on its lane.
    ///
    /// Nothing is sent when the future is dropped before it is ready.
    ///
    /// # Errors
    /// See [`SendError`]; never `LimitExceeded` unless the message is larger than the whole buffer.
    pub async fn send_when_possible(
        &self,
        data: Bytes,
        flags: SendFlags,
        lane: u16,
    ) -> Result<u64, SendError> {
        poll_fn(|task| {
            let look = || match self.connection.send_owned(data.clone(), flags, lane) {
                Err(SendError::LimitExceeded { size, limit, .. }) if size as u64 <= limit => Poll::Pending,
                other => Poll::Ready(other),
            };
            if let Poll::Ready(result) = look() {
                return Poll::Ready(result);
            }
            self.block.waiting.add(task);
            let mut waiting = lock(&self.shared.shard_of(&self.block).wait_for_room);
            if !waiting.iter().any(|b| Arc::ptr_eq(b, &self.block)) {
                waiting.push(self.block.clone());
            }
            drop(waiting);
            self.block.room_wanted.store(data.len() as u64, Ordering::SeqCst);
            let result = look();
            if result.is_pending() {
                // The loop may have looked in between; it looks again after this.
                self.shared.shard_of(&self.block).mark_dirty(&self.block, clock::now());
            }
            result
        })
        .await
    }

    fn end(&self) -> Ended {
        self.connection.ended().unwrap_or_else(|| Ended {
            reason: gamesockets_wire::EndReason::default(),
            text: String::new(),
            by_peer: false,
        })
    }
}

const fn is_over(state: ConnectionState) -> bool {
    matches!(
        state,
        ConnectionState::None | ConnectionState::ClosedByPeer | ConnectionState::ProblemDetectedLocally
    )
}

impl Deref for AsyncConnection {
    type Target = Connection;
    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl crate::shard::Shard {
    /// Has tasks woken that wait for room in send buffers which have it now.
    pub(crate) fn wake_who_waits_for_room(&self, after: &mut After) {
        let mut waiting = lock(&self.wait_for_room);
        if waiting.is_empty() {
            return;
        }
        waiting.retain(|block| {
            let limits = block.send_limits();
            let room = limits.buffer_bytes_max.saturating_sub(limits.engine_pending);
            let wake = is_over(block.state()) || room >= block.room_wanted.load(Ordering::SeqCst);
            if wake {
                block.waiting.take(&mut after.wakers);
            }
            !wake
        });
    }
}
