//! Poll groups: one queue of messages for many connections.

use crate::block::Block;
use crate::message::Message;
use crate::sync::lock;
use gamesockets_endpoint::slab::PollGroupId;
use gamesockets_proto::message::Message as Arrived;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// The queue of a poll group. Its size is bounded by the receive limits of the connections in it.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) id: PollGroupId,
    closed: AtomicBool,
    queue: Mutex<VecDeque<(Arc<Block>, Arrived)>>,
}

impl Group {
    pub(crate) const fn new(id: PollGroupId) -> Self {
        Self { id, closed: AtomicBool::new(false), queue: Mutex::new(VecDeque::new()) }
    }

    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    pub(crate) fn deliver(&self, from: &Arc<Block>, arrived: &mut Vec<Arrived>) {
        let mut queue = lock(&self.queue);
        for message in arrived.drain(..) {
            // A late unreliable message goes before newer ones of its lane that still wait at the end.
            let newer = |(b, m): &&(Arc<Block>, Arrived)| {
                Arc::ptr_eq(b, from) && m.lane == message.lane && m.number > message.number
            };
            let late = if message.reliable { 0 } else { queue.iter().rev().take_while(newer).count() };
            if late == 0 {
                queue.push_back((from.clone(), message));
            } else {
                let at = queue.len() - late;
                queue.insert(at, (from.clone(), message));
            }
        }
    }

    /// Moves up to `max` messages to the end of `out`. Returns how many.
    pub(crate) fn receive(&self, out: &mut Vec<Message>, max: usize) -> usize {
        let before = out.len();
        {
            let mut queue = lock(&self.queue);
            let n = queue.len().min(max);
            out.extend(queue.drain(..n).map(|(block, m)| Message::new(m, block)));
        }
        let read = out.get(before..).unwrap_or_default();
        for run in read.chunk_by(|a, b| Arc::ptr_eq(a.block(), b.block())) {
            let bytes: usize = run.iter().map(|m| m.payload().len()).sum();
            if let Some(first) = run.first() {
                first.block().gauges.on_read(run.len() as u32, bytes as u64);
            }
        }
        read.len()
    }

    /// Moves up to `max` messages of one connection to the end of `out`, without booking them as read.
    pub(crate) fn receive_of(&self, of: &Arc<Block>, out: &mut Vec<Message>, max: usize) {
        let mut left = max;
        let mut queue = lock(&self.queue);
        let mut kept = VecDeque::with_capacity(queue.len());
        for (block, message) in queue.drain(..) {
            if left > 0 && Arc::ptr_eq(&block, of) {
                left -= 1;
                out.push(Message::new(message, block));
            } else {
                kept.push_back((block, message));
            }
        }
        *queue = kept;
    }

    /// Takes out what waits of one connection.
    pub(crate) fn take_of(&self, of: &Arc<Block>) -> VecDeque<Arrived> {
        let mut queue = lock(&self.queue);
        let (taken, kept): (VecDeque<_>, _) = queue.drain(..).partition(|(b, _)| Arc::ptr_eq(b, of));
        *queue = kept;
        taken.into_iter().map(|(_, m)| m).collect()
    }

    /// Drops what waits of a connection whose handle is gone.
    pub(crate) fn remove(&self, of: &Block) {
        lock(&self.queue).retain(|(b, _)| b.id != of.id);
    }

    /// Takes in what waited of a connection that joins, by time of arrival.
    pub(crate) fn merge(&self, from: &Arc<Block>, mut joining: VecDeque<Arrived>) {
        let mut queue = lock(&self.queue);
        let mut merged = VecDeque::with_capacity(queue.len() + joining.len());
        for (block, message) in queue.drain(..) {
            while joining.front().is_some_and(|m| m.received_at < message.received_at) {
                merged.extend(joining.pop_front().map(|m| (from.clone(), m)));
            }
            merged.push_back((block, message));
        }
        merged.extend(joining.into_iter().map(|m| (from.clone(), m)));
        *queue = merged;
    }
}
