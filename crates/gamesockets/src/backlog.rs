//! Incoming connections of a listen socket that are fetched there instead of being told of by events.

use crate::after::After;
use crate::block::Block;
use crate::sync::lock;
use gamesockets_proto::connection::ConnectionState;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// Connections that wait to be fetched; further ones are closed. As many as may wait undecided at all.
const BACKLOG_MAX: usize = gamesockets_endpoint::endpoint::UNDECIDED_MAX;

/// What waits at one listen socket.
#[derive(Debug, Default)]
pub(crate) struct Backlog {
    kept: AtomicBool,
    queue: Mutex<VecDeque<Arc<Block>>>,
    /// Tasks that want the next one.
    #[cfg(feature = "async")]
    pub(crate) waiting: crate::asynchronous::Waiting,
}

impl Backlog {
    /// From now on new connections are kept here.
    pub(crate) fn keep(&self) {
        self.kept.store(true, Ordering::Release);
    }

    /// Takes a new connection in, if they are kept at all. Those that nobody will get go to `unwanted`: they are of
    /// the same shard, whose loop is about to close them.
    #[cfg_attr(
        not(feature = "async"),
        allow(unused_variables, clippy::needless_pass_by_ref_mut, reason = "wakers")
    )]
    pub(crate) fn offer(
        &self,
        block: &Arc<Block>,
        after: &mut After,
        unwanted: &mut Vec<Arc<Block>>,
    ) -> bool {
        if !self.kept.load(Ordering::Acquire) {
            return false;
        }
        block.quiet.store(true, Ordering::Relaxed);
        let mut queue = lock(&self.queue);
        if queue.len() >= BACKLOG_MAX {
            let (waiting, over): (VecDeque<_>, VecDeque<_>) = queue
                .drain(..)
                .partition(|b| b.shard != block.shard || b.state() == ConnectionState::Connecting);
            *queue = waiting;
            unwanted.extend(over);
        }
        if queue.len() < BACKLOG_MAX {
            queue.push_back(block.clone());
        } else {
            unwanted.push(block.clone());
        }
        drop(queue);
        #[cfg(feature = "async")]
        self.waiting.take(&mut after.wakers);
        true
    }

    /// Takes in one that came before they were kept.
    pub(crate) fn push(&self, block: Arc<Block>) {
        lock(&self.queue).push_back(block);
    }

    /// The one that waits longest.
    pub(crate) fn pop(&self) -> Option<Arc<Block>> {
        lock(&self.queue).pop_front()
    }

    /// The listen socket is gone.
    #[cfg_attr(
        not(feature = "async"),
        allow(unused_variables, clippy::needless_pass_by_ref_mut, reason = "wakers")
    )]
    pub(crate) fn close(&self, after: &mut After) {
        lock(&self.queue).clear();
        #[cfg(feature = "async")]
        self.waiting.take(&mut after.wakers);
    }
}
