//! Messages of many connections in one order, with a note per stretch of whose they are.
//!
//! A note per message would be a count that the loop's thread raises and the reader's thread lowers, for each message.

use crate::block::Block;
use crate::message::Message;
use gamesockets_proto::message::Message as Arrived;
use std::collections::VecDeque;
use std::sync::Arc;

/// The queue itself. The lengths of the runs add up to the number of messages; no run is empty.
#[derive(Debug, Default)]
pub(super) struct Queue {
    messages: VecDeque<Arrived>,
    runs: VecDeque<Run>,
}

/// So many messages that follow each other are of this connection.
#[derive(Debug)]
struct Run {
    block: Arc<Block>,
    count: usize,
}

impl Queue {
    pub(super) fn len(&self) -> usize {
        self.messages.len()
    }

    /// The last `count` messages added are of this connection.
    fn note(&mut self, of: &Arc<Block>, count: usize) {
        match self.runs.back_mut() {
            Some(last) if Arc::ptr_eq(&last.block, of) => last.count += count,
            _ if count > 0 => self.runs.push_back(Run { block: of.clone(), count }),
            _ => {}
        }
    }

    fn push(&mut self, of: &Arc<Block>, message: Arrived) {
        self.messages.push_back(message);
        self.note(of, 1);
    }

    /// Takes in what arrived on one connection, and leaves `arrived` empty. A late unreliable message goes before newer
    /// ones of its lane that still wait at the end.
    pub(super) fn deliver(&mut self, from: &Arc<Block>, arrived: &mut Vec<Arrived>) {
        let count = arrived.len();
        let last = self.runs.back().filter(|run| Arc::ptr_eq(&run.block, from));
        let own = last.map_or(0, |run| run.count);
        for (own, message) in (own..).zip(arrived.drain(..)) {
            let newer = |m: &&Arrived| m.lane == message.lane && m.number > message.number;
            let late = match message.reliable {
                true => 0,
                false => self.messages.iter().rev().take(own).take_while(newer).count(),
            };
            if late == 0 {
                self.messages.push_back(message);
            } else {
                self.messages.insert(self.messages.len() - late, message);
            }
        }
        self.note(from, count);
    }

    /// Moves up to `max` messages to the end of `out` and books them as read.
    pub(super) fn receive(&mut self, out: &mut Vec<Message>, max: usize) {
        let mut left = max;
        out.reserve(self.len().min(max));
        while let Some(run) = self.runs.front_mut().filter(|_| left > 0) {
            let count = run.count.min(left);
            let (id, user_data) = (run.block.id, run.block.user_data());
            let mut bytes = 0;
            out.extend(self.messages.drain(..count).map(|m| {
                bytes += m.payload.len() as u64;
                Message::new(m, id, user_data)
            }));
            run.block.gauges.on_read(count as u32, bytes);
            run.count -= count;
            left -= count;
            if run.count == 0 {
                self.runs.pop_front();
            }
        }
    }

    /// Takes up to `max` messages of one connection out, without booking them as read.
    pub(super) fn take_of(&mut self, of: &Block, max: usize) -> VecDeque<Arrived> {
        let mut taken = VecDeque::new();
        let mut kept = Self::default();
        for run in self.runs.drain(..) {
            let wanted = if run.block.id == of.id { run.count.min(max - taken.len()) } else { 0 };
            taken.extend(self.messages.drain(..wanted));
            kept.messages.extend(self.messages.drain(..run.count - wanted));
            kept.note(&run.block, run.count - wanted);
        }
        *self = kept;
        taken
    }

    /// Adds messages of one connection by time of arrival.
    pub(super) fn merge_of(&mut self, from: &Arc<Block>, messages: VecDeque<Arrived>) {
        let mut added = Self::default();
        added.note(from, messages.len());
        added.messages = messages;
        self.merge(&mut added);
    }

    /// Adds messages by time of arrival. Both queues keep their own order, and of those that came at the same time the
    /// ones that were there already go first. Leaves `added` empty.
    pub(super) fn merge(&mut self, added: &mut Self) {
        let Some(earliest) = added.messages.front().map(|m| m.received_at) else { return };
        // Usually none: what is added came later than what is there.
        let later = self.messages.iter().rev().take_while(|m| m.received_at > earliest).count();
        let mut tail = self.split_off(self.len() - later);
        while let Some(message) = added.messages.front() {
            if tail.messages.front().is_some_and(|m| m.received_at <= message.received_at) {
                self.move_first_of(&mut tail);
            } else {
                self.move_first_of(added);
            }
        }
        while tail.len() > 0 {
            self.move_first_of(&mut tail);
        }
    }

    fn move_first_of(&mut self, other: &mut Self) {
        let Some(run) = other.runs.front_mut() else { return };
        run.count -= 1;
        if let Some(message) = other.messages.pop_front() {
            self.push(&run.block, message);
        }
        if run.count == 0 {
            other.runs.pop_front();
        }
    }

    /// What follows the first `at` messages.
    fn split_off(&mut self, at: usize) -> Self {
        let mut tail = Self { messages: self.messages.split_off(at), runs: VecDeque::new() };
        let mut over = tail.len();
        while let Some(run) = self.runs.back_mut().filter(|_| over > 0) {
            let count = run.count.min(over);
            tail.runs.push_front(Run { block: run.block.clone(), count });
            run.count -= count;
            over -= count;
            if run.count == 0 {
                self.runs.pop_back();
            }
        }
        tail
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::tests::block;
    use bytes::Bytes;
    use gamesockets_endpoint::slab::SlabId as _;
    use gamesockets_wire::Timestamp;
    use proptest::prelude::*;

    /// The same with a note per message.
    type Model = Vec<(usize, Arrived)>;

    fn deliver(model: &mut Model, from: usize, arrived: &[Arrived]) {
        for m in arrived {
            let newer = |(b, n): &&(usize, Arrived)| *b == from && n.lane == m.lane && n.number > m.number;
            let late = if m.reliable { 0 } else { model.iter().rev().take_while(newer).count() };
            model.insert(model.len() - late, (from, m.clone()));
        }
    }

    fn merge(model: &mut Model, who: usize, added: &[Arrived]) {
        let Some(first) = added.first() else { return };
        let later = model.iter().rev().take_while(|(_, m)| m.received_at > first.received_at).count();
        let mut tail = model.split_off(model.len() - later).into_iter().peekable();
        for m in added {
            while let Some(there) = tail.next_if(|(_, t)| t.received_at <= m.received_at) {
                model.push(there);
            }
            model.push((who, m.clone()));
        }
        model.extend(tail);
    }

    fn take_of(model: &mut Model, of: usize, max: usize) -> Vec<Arrived> {
        let mut left = max;
        let mut taken = Vec::new();
        model.retain(|(b, m)| {
            let goes = *b == of && left > 0;
            if goes {
                left -= 1;
                taken.push(m.clone());
            }
            !goes
        });
        taken
    }

    fn message() -> impl Strategy<Value = Arrived> {
        (1..9u64, 0..2u16, any::<bool>(), 1..20u64).prop_map(|(number, lane, reliable, at)| Arrived {
            payload: Bytes::from(vec![7; number as usize]),
            number,
            lane,
            reliable,
            received_at: Timestamp::from_micros(at),
        })
    }

    proptest! {
        #[test]
        fn does_what_a_note_per_message_would_do(
            steps in prop::collection::vec((0..4u8, 0..3usize, 0..6usize, prop::collection::vec(message(), 0..5)), 1..40),
        ) {
            let blocks: Vec<_> = (0..3).map(|slot| block(0, slot)).collect();
            let (mut queue, mut model) = (Queue::default(), Model::new());
            for (kind, who, max, mut arrived) in steps {
                match kind {
                    0 => {
                        deliver(&mut model, who, &arrived);
                        queue.deliver(&blocks[who], &mut arrived);
                        prop_assert!(arrived.is_empty());
                    }
                    1 => {
                        let taken = queue.take_of(&blocks[who], max);
                        prop_assert_eq!(Vec::from(taken), take_of(&mut model, who, max));
                    }
                    2 => {
                        let mut read = Vec::new();
                        for b in &blocks {
                            b.gauges.on_arrived(99, 9999);
                        }
                        queue.receive(&mut read, max);
                        let of = |m: &Message| (m.connection().index(), m.number(), m.payload().clone());
                        let wanted: Vec<_> = model.drain(..max.min(model.len())).collect();
                        let wanted: Vec<_> = wanted.into_iter().map(|(b, m)| (b * 3, m.number, m.payload)).collect();
                        prop_assert_eq!(read.iter().map(of).collect::<Vec<_>>(), wanted);
                    }
                    _ => {
                        merge(&mut model, who, &arrived);
                        queue.merge_of(&blocks[who], arrived.into());
                    }
                }
                prop_assert_eq!(queue.runs.iter().map(|r| r.count).sum::<usize>(), queue.len());
                prop_assert!(queue.runs.iter().all(|r| r.count > 0));
                let order: Vec<_> = queue.runs.iter().flat_map(|r| std::iter::repeat_n(r.block.id.index() / 3, r.count)).collect();
                prop_assert_eq!(order, model.iter().map(|(b, _)| *b).collect::<Vec<_>>());
            }
        }
    }
}
