//! When which connection wants to be woken.
//!
//! A binary heap with lazy entries: setting a deadline later than the one queued costs nothing, because the queued
//! entry fires early, its owner finds nothing due and sets the deadline anew. Only an earlier deadline is pushed; the
//! entry it replaces stays behind, stale, and is dropped when it comes up.

use alloc::collections::BinaryHeap;
use alloc::vec::Vec;
use core::cmp::Reverse;
use gamesockets_wire::time::Timestamp;

use crate::slab::SlabId;

/// Stale entries tolerated beside one for each id with a deadline. Below this many, clearing them out would cost more
/// than they do.
pub const STALE_MAX: usize = 64;

/// Deadline, owner, and which push it was: the last one makes every entry unique.
type Entry<K> = (Timestamp, K, u64);

/// The only entry of a slot that counts; the slot's others in the heap are stale.
#[derive(Clone, Copy, Debug)]
struct Queued<K> {
    id: K,
    at: Timestamp,
    push: u64,
}

/// Deadlines of slab entries, at most one per slot.
///
/// Each id has at most one live entry. Stale entries never outnumber the live ones by more than [`STALE_MAX`], so the
/// size is bounded by the slab's. Equal deadlines come up in the order of the ids: the outcome depends on nothing but
/// the calls.
#[derive(Clone, Debug)]
pub struct DeadlineHeap<K> {
    heap: BinaryHeap<Reverse<Entry<K>>>,
    /// By slot index.
    queued: Vec<Option<Queued<K>>>,
    live: usize,
    pushes: u64,
}

impl<K: SlabId> Default for DeadlineHeap<K> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: SlabId> DeadlineHeap<K> {
    /// No deadlines.
    pub const fn new() -> Self {
        Self { heap: BinaryHeap::new(), queued: Vec::new(), live: 0, pushes: 0 }
    }

    /// Makes sure that `id` comes up at `at` or earlier.
    ///
    /// An earlier deadline that is queued already stays: then `id` comes up early and has to ask again. A deadline of
    /// another id in the same slot is forgotten, for that one is gone.
    pub fn schedule(&mut self, id: K, at: Timestamp) {
        let index = id.index();
        if self.queued.len() <= index {
            self.queued.resize(index + 1, None);
        }
        let Some(slot) = self.queued.get_mut(index) else { return };
        match slot {
            Some(queued) if queued.id == id && queued.at <= at => return,
            Some(_) => {}
            None => self.live += 1,
        }
        self.pushes += 1;
        *slot = Some(Queued { id, at, push: self.pushes });
        self.heap.push(Reverse((at, id, self.pushes)));
        self.clear_out();
    }

    /// Forgets the deadline of `id`; for an id that goes away.
    pub fn cancel(&mut self, id: K) {
        if let Some(slot) = self.queued.get_mut(id.index())
            && slot.is_some_and(|q| q.id == id)
        {
            *slot = None;
            self.live -= 1;
            self.clear_out();
        }
    }

    /// The earliest deadline.
    pub fn next_deadline(&mut self) -> Option<Timestamp> {
        self.top().map(|(at, ..)| at)
    }

    /// Takes out the first id whose deadline is not after `now`. It has no deadline from then on.
    pub fn pop_due(&mut self, now: Timestamp) -> Option<K> {
        let (at, id, _) = self.top()?;
        if at > now {
            return None;
        }
        self.heap.pop();
        if let Some(slot) = self.queued.get_mut(id.index()) {
            *slot = None;
            self.live -= 1;
        }
        Some(id)
    }

    /// How many ids have a deadline.
    pub const fn len(&self) -> usize {
        self.live
    }

    /// Whether no id has a deadline.
    pub const fn is_empty(&self) -> bool {
        self.live == 0
    }

    /// The first live entry, once the stale ones before it are gone.
    fn top(&mut self) -> Option<Entry<K>> {
        loop {
            let Reverse(entry) = *self.heap.peek()?;
            if is_live(&self.queued, &entry) {
                return Some(entry);
            }
            self.heap.pop();
        }
    }

    /// Drops all stale entries when there are too many. What it costs is paid for by the calls that made them.
    fn clear_out(&mut self) {
        if self.heap.len() > 2 * self.live + STALE_MAX {
            self.heap.retain(|Reverse(entry)| is_live(&self.queued, entry));
        }
    }
}

fn is_live<K: SlabId>(queued: &[Option<Queued<K>>], (_, id, push): &Entry<K>) -> bool {
    queued.get(id.index()).copied().flatten().is_some_and(|q| q.push == *push)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slab::ConnId;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn at(us: u64) -> Timestamp {
        Timestamp::from_micros(us)
    }

    fn id(index: u32, generation: u16) -> ConnId {
        ConnId::from_parts(index, generation)
    }

    #[test]
    fn an_earlier_deadline_wins_and_a_later_one_costs_nothing() {
        let mut heap = DeadlineHeap::new();
        heap.schedule(id(0, 0), at(100));
        heap.schedule(id(0, 0), at(200));
        assert_eq!((heap.heap.len(), heap.next_deadline()), (1, Some(at(100))));
        heap.schedule(id(0, 0), at(50));
        assert_eq!((heap.heap.len(), heap.next_deadline()), (2, Some(at(50))));
        assert_eq!(heap.pop_due(at(49)), None);
        assert_eq!(heap.pop_due(at(50)), Some(id(0, 0)));
        assert_eq!((heap.pop_due(at(1000)), heap.next_deadline(), heap.len()), (None, None, 0));
    }

    #[test]
    fn ties_break_by_id() {
        let mut heap = DeadlineHeap::new();
        for index in [3, 1, 2, 0] {
            heap.schedule(id(index, 0), at(7));
        }
        let order: Vec<_> = core::iter::from_fn(|| heap.pop_due(at(7))).map(|i| i.index()).collect();
        assert_eq!(order, [0, 1, 2, 3]);
    }

    #[test]
    fn the_deadline_of_a_slots_former_occupant_is_forgotten() {
        let mut heap = DeadlineHeap::new();
        heap.schedule(id(5, 0), at(10));
        heap.schedule(id(5, 1), at(20));
        assert_eq!(heap.len(), 1);
        assert_eq!(heap.pop_due(at(10)), None);
        assert_eq!(heap.pop_due(at(20)), Some(id(5, 1)));
        heap.schedule(id(5, 2), at(30));
        heap.cancel(id(5, 1));
        assert_eq!(heap.next_deadline(), Some(at(30)));
        heap.cancel(id(5, 2));
        assert!(heap.is_empty() && heap.next_deadline().is_none());
    }

    #[test]
    fn ever_earlier_deadlines_do_not_pile_up() {
        let mut heap = DeadlineHeap::new();
        heap.schedule(id(1, 0), at(5));
        for us in (10..100_000).rev() {
            heap.schedule(id(0, 0), at(us));
            assert!(heap.heap.len() <= 2 * heap.len() + STALE_MAX);
        }
        for generation in 0..10_000 {
            let short_lived = id(2, generation % 1024);
            heap.schedule(short_lived, at(1_000_000));
            heap.cancel(short_lived);
            assert!(heap.heap.len() <= 2 * heap.len() + STALE_MAX);
        }
        assert_eq!(heap.pop_due(at(10)), Some(id(1, 0)));
        assert_eq!(heap.pop_due(at(10)), Some(id(0, 0)));
        assert!(heap.is_empty());
    }

    proptest! {
        /// Any sequence of calls agrees with a sorted map of the earliest deadline of each id.
        #[test]
        fn behaves_as_a_sorted_map(calls in prop::collection::vec((0_u8..6, 0_u32..5, 0_u16..3, 0_u64..50), 0..400)) {
            let mut heap = DeadlineHeap::new();
            let mut model: BTreeMap<ConnId, Timestamp> = BTreeMap::new();
            let mut now = 1;
            for (call, index, generation, us) in calls {
                let who = id(index, generation);
                match call {
                    0..3 => {
                        model.retain(|other, _| other.index() != who.index() || *other == who);
                        let deadline = at(now + us);
                        let earliest = model.entry(who).or_insert(deadline);
                        *earliest = deadline.min(*earliest);
                        heap.schedule(who, deadline);
                    }
                    3 => {
                        model.remove(&who);
                        heap.cancel(who);
                    }
                    _ => {
                        now += us / 4;
                        let first = model.iter().map(|(id, at)| (*at, *id)).min().filter(|(t, _)| *t <= at(now));
                        prop_assert_eq!(heap.pop_due(at(now)), first.map(|(_, id)| id));
                        if let Some((_, id)) = first {
                            model.remove(&id);
                        }
                    }
                }
                prop_assert_eq!(heap.next_deadline(), model.values().min().copied());
                prop_assert_eq!(heap.len(), model.len());
                prop_assert!(heap.heap.len() <= 2 * heap.len() + STALE_MAX);
            }
        }
    }
}
