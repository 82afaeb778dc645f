//! Handles and the tables they point into.
//!
//! A handle is 32 bits: two bits say what kind of thing it names, ten bits are the generation of the slot, twenty
//! bits its index. So a handle of one kind never passes for another, and a handle whose thing is gone is told apart
//! from one of the slot's next occupant.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;
use core::num::NonZeroU32;

/// Bits of a raw id that hold the slot index.
pub const INDEX_BITS: u32 = 20;
/// Bits of a raw id that hold the slot's generation.
pub const GENERATION_BITS: u32 = 10;
/// Most slots of one slab: every index there is.
pub const SLOTS_MAX: usize = 1 << INDEX_BITS;
/// Free slots that a slab keeps aside before it uses one again, as long as it can grow. With that many resting slots
/// a handle can only come back after [`RESTING_SLOTS`] × 1024 removals.
pub const RESTING_SLOTS: usize = 256;

const INDEX_MASK: u32 = (1 << INDEX_BITS) - 1;
const GENERATION_MASK: u16 = (1 << GENERATION_BITS) - 1;

/// What a slab gives out: a typed view of a raw id. Implemented by [`ConnId`], [`ListenerId`] and [`PollGroupId`].
pub trait SlabId: Copy + Ord + fmt::Debug {
    /// The id of a slot; both numbers are cut to their width.
    fn from_parts(index: u32, generation: u16) -> Self;
    /// The slot, below [`SLOTS_MAX`].
    fn index(self) -> usize;
    /// Which of the slot's occupants, 0 to 1023.
    fn generation(self) -> u16;
}

macro_rules! slab_id {
    ($(#[$doc:meta])* $name:ident, kind $kind:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(NonZeroU32);

        impl $name {
            const KIND: NonZeroU32 = match NonZeroU32::new($kind << (INDEX_BITS + GENERATION_BITS)) {
                Some(kind) => kind,
                None => NonZeroU32::MAX,
            };

            /// The number for use outside; never 0.
            pub const fn to_raw(self) -> u32 {
                self.0.get()
            }

            /// The id behind a number from outside; `None` if it is 0 or names another kind of thing.
            ///
            /// Whether anything is in that slot is for the slab to say.
            pub fn from_raw(raw: u32) -> Option<Self> {
                let id = NonZeroU32::new(raw)?;
                (raw >> (INDEX_BITS + GENERATION_BITS) == $kind).then_some(Self(id))
            }
        }

        impl SlabId for $name {
            fn from_parts(index: u32, generation: u16) -> Self {
                let generation = u32::from(generation & GENERATION_MASK);
                Self(Self::KIND | generation << INDEX_BITS | index & INDEX_MASK)
            }

            fn index(self) -> usize {
                (self.0.get() & INDEX_MASK) as usize
            }

            fn generation(self) -> u16 {
                (self.0.get() >> INDEX_BITS) as u16 & GENERATION_MASK
            }
        }

        impl fmt::Debug for $name {
            /// Slot and generation, as in `ConnId(12.3)`.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({}.{})"), self.index(), self.generation())
            }
        }

        impl fmt::Display for $name {
            /// The raw number.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.to_raw(), f)
            }
        }
    };
}

slab_id! {
    /// A connection.
    ConnId, kind 1
}
slab_id! {
    /// A listen socket.
    ListenerId, kind 2
}
slab_id! {
    /// A poll group.
    PollGroupId, kind 3
}

/// A slab has no slot left.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("all {capacity} slots are taken: remove something first or raise the limit")]
pub struct Full {
    /// How many slots there are.
    pub capacity: usize,
}

#[derive(Clone, Debug)]
struct Entry<T> {
    /// Of the occupant, or of the next one if the slot is free.
    generation: u16,
    value: Option<T>,
}

/// A table that gives out ids.
///
/// Slots are reused first in, first out, and only once [`RESTING_SLOTS`] of them are free or the table cannot grow.
/// A slot's generation counts its removals and wraps to 0 after 1024 of them: a handle kept for that long may name a
/// new occupant. The ids given out depend on nothing but the sequence of calls.
#[derive(Clone, Debug)]
pub struct Slab<K, T> {
    entries: Vec<Entry<T>>,
    free: VecDeque<u32>,
    capacity: usize,
    key: PhantomData<fn() -> K>,
}

impl<K: SlabId, T> Slab<K, T> {
    /// An empty table for `capacity` entries; at most [`SLOTS_MAX`] count.
    pub fn new(capacity: usize) -> Self {
        Self {
            entries: Vec::new(),
            free: VecDeque::new(),
            capacity: capacity.min(SLOTS_MAX),
            key: PhantomData,
        }
    }

    /// How many entries there can be.
    pub const fn capacity(&self) -> usize {
        self.capacity
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len().saturating_sub(self.free.len())
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the next insertion fails.
    pub fn is_full(&self) -> bool {
        self.len() >= self.capacity
    }

    /// Adds an entry.
    ///
    /// # Errors
    /// [`Full`] if all slots are taken; `value` is dropped.
    pub fn insert(&mut self, value: T) -> Result<K, Full> {
        self.insert_with(|_| value)
    }

    /// Adds an entry that knows its id.
    ///
    /// # Errors
    /// [`Full`] if all slots are taken; `make` is not called.
    pub fn insert_with(&mut self, make: impl FnOnce(K) -> T) -> Result<K, Full> {
        let grow = self.entries.len() < self.capacity && self.free.len() < RESTING_SLOTS;
        if !grow
            && let Some(index) = self.free.pop_front()
            && let Some(entry) = self.entries.get_mut(index as usize)
        {
            let id = K::from_parts(index, entry.generation);
            entry.value = Some(make(id));
            return Ok(id);
        }
        if !grow {
            return Err(Full { capacity: self.capacity });
        }
        let index = u32::try_from(self.entries.len()).map_err(|_| Full { capacity: self.capacity })?;
        let id = K::from_parts(index, 0);
        self.entries.push(Entry { generation: 0, value: Some(make(id)) });
        Ok(id)
    }

    /// The entry, if it still exists.
    pub fn get(&self, id: K) -> Option<&T> {
        let entry = self.entries.get(id.index())?;
        if entry.generation == id.generation() { entry.value.as_ref() } else { None }
    }

    /// The entry, if it still exists.
    pub fn get_mut(&mut self, id: K) -> Option<&mut T> {
        let entry = self.entries.get_mut(id.index())?;
        if entry.generation == id.generation() { entry.value.as_mut() } else { None }
    }

    /// Whether the entry exists.
    pub fn contains(&self, id: K) -> bool {
        self.get(id).is_some()
    }

    /// Takes the entry out; its id is dead from now on.
    pub fn remove(&mut self, id: K) -> Option<T> {
        let entry = self.entries.get_mut(id.index())?;
        if entry.generation != id.generation() {
            return None;
        }
        let value = entry.value.take()?;
        entry.generation = entry.generation.wrapping_add(1) & GENERATION_MASK;
        self.free.push_back(u32::try_from(id.index()).ok()?);
        Some(value)
    }

    /// All entries in the order of their slots.
    pub fn iter(&self) -> impl Iterator<Item = (K, &T)> {
        self.entries.iter().zip(0..).filter_map(|(entry, index)| {
            entry.value.as_ref().map(|value| (K::from_parts(index, entry.generation), value))
        })
    }

    /// All entries in the order of their slots.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (K, &mut T)> {
        self.entries.iter_mut().zip(0..).filter_map(|(entry, index)| {
            let generation = entry.generation;
            entry.value.as_mut().map(|value| (K::from_parts(index, generation), value))
        })
    }

    /// The ids of all entries in the order of their slots.
    pub fn ids(&self) -> impl Iterator<Item = K> {
        self.iter().map(|(id, _)| id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::{BTreeMap, HashMap, HashSet};

    type Conns<T> = Slab<ConnId, T>;

    #[test]
    fn raw_ids_tell_the_kinds_apart_and_are_never_zero() {
        let conn = ConnId::from_parts(0, 0);
        let listener = ListenerId::from_parts(0, 0);
        let group = PollGroupId::from_parts(SLOTS_MAX as u32 - 1, 1023);
        assert_eq!((conn.to_raw(), listener.to_raw(), group.to_raw()), (1 << 30, 2 << 30, u32::MAX));
        assert_eq!(ConnId::from_raw(conn.to_raw()), Some(conn));
        for raw in [0, 1, listener.to_raw(), group.to_raw()] {
            assert_eq!(ConnId::from_raw(raw), None);
        }
        assert_eq!((group.index(), group.generation()), (SLOTS_MAX - 1, 1023));
        assert_eq!(PollGroupId::from_raw(u32::MAX), Some(group));
        assert_eq!(format!("{:?} {conn}", ConnId::from_parts(12, 3)), "ConnId(12.3) 1073741824");
        assert_eq!(size_of::<Option<ConnId>>(), 4);
    }

    #[test]
    fn a_stale_id_names_nothing() {
        let mut slab = Conns::new(1);
        let a = slab.insert('a').unwrap();
        assert_eq!(slab.insert('x'), Err(Full { capacity: 1 }));
        assert_eq!(slab.remove(a), Some('a'));
        let b = slab.insert('b').unwrap();
        assert_eq!(a.index(), b.index());
        assert!(slab.get(a).is_none() && slab.get_mut(a).is_none() && slab.remove(a).is_none());
        assert_eq!(slab.get(b), Some(&'b'));
    }

    #[test]
    fn generations_wrap_after_1024_occupants_of_the_same_slot() {
        let mut slab = Conns::new(1);
        let first = slab.insert(0).unwrap();
        slab.remove(first);
        for n in 1..1024 {
            let id = slab.insert(n).unwrap();
            assert_ne!(id, first);
            slab.remove(id);
        }
        assert_eq!(slab.insert(1024), Ok(first));
    }

    #[test]
    fn slots_rest_before_they_are_used_again() {
        let mut slab = Conns::new(SLOTS_MAX);
        let mut seen = HashSet::new();
        for n in 0..RESTING_SLOTS * 1024 {
            let id = slab.insert(n).unwrap();
            assert!(seen.insert(id), "{id:?} came back after {n} insertions");
            slab.remove(id);
        }
        assert_eq!(slab.entries.len(), RESTING_SLOTS);
        assert!(!seen.insert(slab.insert(0).unwrap()));
    }

    #[test]
    fn the_capacity_is_exact() {
        let mut slab = Conns::new(3);
        let ids: Vec<_> = (0..3).map(|n| slab.insert(n).unwrap()).collect();
        assert!(slab.is_full());
        assert!(slab.insert_with(|_| unreachable!()).is_err());
        slab.remove(ids[1]);
        assert_eq!((slab.len(), slab.is_full(), slab.is_empty()), (2, false, false));
        assert!(slab.insert(9).is_ok());
        assert_eq!(Conns::<()>::new(usize::MAX).capacity(), SLOTS_MAX);
        assert_eq!(Conns::new(0).insert(()), Err(Full { capacity: 0 }));
    }

    proptest! {
        /// Any sequence of calls agrees with a plain map, iteration is in slot order, ids are unique among the living.
        #[test]
        fn behaves_as_a_map(capacity in 0_usize..12, calls in prop::collection::vec((0_u8..3, any::<u16>()), 0..400)) {
            let mut slab = Conns::new(capacity);
            let mut model: HashMap<ConnId, u16> = HashMap::new();
            let mut given = Vec::new();
            for (call, n) in calls {
                let known = given.get(usize::from(n) % given.len().max(1)).copied();
                match (call, known) {
                    (0, _) | (_, None) => match slab.insert_with(|_| n) {
                        Ok(id) => {
                            prop_assert_eq!(model.insert(id, n), None);
                            given.push(id);
                        }
                        Err(Full { capacity: c }) => prop_assert!(c == capacity && model.len() == capacity),
                    },
                    (1, Some(id)) => {
                        if let Some(v) = slab.get_mut(id) {
                            *v = v.wrapping_add(1);
                        }
                        if let Some(v) = model.get_mut(&id) {
                            *v = v.wrapping_add(1);
                        }
                    }
                    (_, Some(id)) => prop_assert_eq!(slab.remove(id), model.remove(&id)),
                }
                for id in &given {
                    prop_assert_eq!(slab.get(*id), model.get(id));
                }
                prop_assert_eq!((slab.len(), slab.is_full()), (model.len(), model.len() == capacity));
                let by_slot: BTreeMap<_, _> = model.iter().map(|(id, v)| (id.index(), (*id, *v))).collect();
                prop_assert!(slab.iter().map(|(id, v)| (id, *v)).eq(by_slot.values().copied()));
                prop_assert!(slab.iter_mut().map(|(id, v)| (id, *v)).eq(by_slot.values().copied()));
            }
        }
    }
}
