//! Poll groups: one queue of messages for many connections.

mod queue;

use crate::block::Block;
use crate::message::Message;
use crate::sync::lock;
use gamesockets_endpoint::slab::PollGroupId;
use gamesockets_proto::message::Message as Arrived;
use queue::Queue;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

/// The queue of a poll group. Its size is bounded by the receive limits of the connections in it.
///
/// Each shard has a queue of its own to deliver to, so that no loop waits for another. With several shards, readers
/// gather them into one more queue, whose lock is taken before any of theirs.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) id: PollGroupId,
    closed: AtomicBool,
    queues: Box<[Mutex<Queue>]>,
    gathered: Mutex<Queue>,
}

impl Group {
    pub(crate) fn new(id: PollGroupId, shards: usize) -> Self {
        let queues = (0..shards).map(|_| Mutex::default()).collect();
        Self { id, closed: AtomicBool::new(false), queues, gathered: Mutex::default() }
    }

    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Where messages of a connection arrive.
    fn queue_of(&self, of: &Block) -> &Mutex<Queue> {
        self.queues.get(of.shard).unwrap_or(&self.gathered)
    }

    /// The queue to read from, with at least `enough` messages in it if that many wait.
    fn readable(&self, enough: usize) -> MutexGuard<'_, Queue> {
        if let [only] = &*self.queues {
            return lock(only);
        }
        let mut gathered = lock(&self.gathered);
        if gathered.len() < enough {
            for queue in &self.queues {
                gathered.merge(&mut lock(queue));
            }
        }
        gathered
    }

    pub(crate) fn deliver(&self, from: &Arc<Block>, arrived: &mut Vec<Arrived>) {
        lock(self.queue_of(from)).deliver(from, arrived);
    }

    /// Moves up to `max` messages to the end of `out`. Returns how many.
    pub(crate) fn receive(&self, out: &mut Vec<Message>, max: usize) -> usize {
        let before = out.len();
        self.readable(max).receive(out, max);
        out.len() - before
    }

    /// Takes up to `max` messages of one connection out, without booking them as read.
    pub(crate) fn take_of(&self, of: &Block, max: usize) -> VecDeque<Arrived> {
        self.readable(usize::MAX).take_of(of, max)
    }

    /// Drops what waits of a connection whose handle is gone.
    pub(crate) fn remove(&self, of: &Block) {
        // With one shard the first queue stays empty. Held all the time, or a reader could gather in between.
        let mut gathered = lock(&self.gathered);
        gathered.take_of(of, usize::MAX);
        if let Some(queue) = self.queues.get(of.shard) {
            lock(queue).take_of(of, usize::MAX);
        }
    }

    /// Takes in what waited of a connection that joins, by time of arrival.
    pub(crate) fn merge(&self, from: &Arc<Block>, joining: VecDeque<Arrived>) {
        lock(self.queue_of(from)).merge_of(from, joining);
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use bytes::Bytes;
    use gamesockets_wire::Timestamp;

    use crate::shard::Place;
    use gamesockets_endpoint::slab::{ConnId, SlabId as _};
    use gamesockets_proto::config::ConnConfig;
    use gamesockets_proto::message::Gauges;

    pub(crate) fn block(shard: usize, slot: u32) -> Arc<Block> {
        let local = ConnId::from_parts(slot, 0);
        let place = Place { shard, local, handle: ConnId::from_parts(slot * 3 + shard as u32, 0) };
        let config = ConnConfig::default();
        Arc::new(Block::new(place, None, Gauges::new(), crate::block::tests::info(), &config, false))
    }

    fn message(number: u64, at: u64) -> Arrived {
        let received_at = Timestamp::from_micros(at);
        Arrived { payload: Bytes::new(), number, lane: 0, reliable: true, received_at }
    }

    fn read(group: &Group, max: usize) -> Vec<(u32, u64)> {
        let mut out = Vec::new();
        group.receive(&mut out, max);
        out.iter().map(|m| (m.connection().index() as u32, m.number())).collect()
    }

    #[test]
    fn messages_of_several_shards_come_in_order_of_arrival() {
        let group = Group::new(PollGroupId::from_parts(0, 0), 3);
        let blocks: Vec<_> = (0..3).map(|shard| block(shard, 0)).collect();
        group.deliver(&blocks[0], &mut vec![message(1, 10), message(2, 40)]);
        group.deliver(&blocks[2], &mut vec![message(1, 20), message(2, 50)]);
        group.deliver(&blocks[1], &mut vec![message(1, 20), message(2, 20), message(3, 60)]);
        assert_eq!(read(&group, 2), [(0, 1), (1, 1)]);
        // Delivered late by its loop, but it came before others that wait gathered.
        group.deliver(&blocks[2], &mut vec![message(3, 55)]);
        group.deliver(&blocks[0], &mut vec![message(3, 70)]);
        assert_eq!(read(&group, 1), [(1, 2)], "enough is gathered, nothing is moved");
        assert_eq!(read(&group, 100), [(2, 1), (0, 2), (2, 2), (2, 3), (1, 3), (0, 3)]);
        assert!(read(&group, 1).is_empty());
    }

    #[test]
    fn what_is_gathered_leaves_with_its_connection() {
        let group = Group::new(PollGroupId::from_parts(0, 0), 3);
        let (stays, leaves, goes) = (block(0, 0), block(1, 0), block(2, 0));
        for round in [1, 2] {
            for b in [&stays, &leaves, &goes] {
                group.deliver(b, &mut vec![message(round, round), message(round + 10, round)]);
            }
            if round == 1 {
                assert_eq!(read(&group, 1), [(0, 1)], "the rest is gathered");
            }
        }
        group.remove(&goes);
        let numbers: Vec<u64> = group.take_of(&leaves, usize::MAX).iter().map(|m| m.number).collect();
        assert_eq!(numbers, [1, 11, 2, 12]);
        group.merge(&leaves, [message(7, 1)].into());
        assert_eq!(read(&group, 100), [(0, 11), (1, 7), (0, 2), (0, 12)]);
    }
}
