//! Loops of one context that work beside each other, and which connection belongs to which.

use crate::block::Block;
use crate::io::IoLoop;
use crate::io::wake::Alarm;
use crate::sync::{Gate, lock};
use gamesockets_endpoint::slab::{ConnId, SLOTS_MAX, SlabId as _};
use gamesockets_wire::Timestamp;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// Most I/O threads of one context.
pub(crate) const IO_THREADS_MAX: usize = 64;

/// One loop and what leads to it. Nothing in it is touched by the other loops of the context while messages flow.
#[derive(Debug)]
pub(crate) struct Shard {
    /// From 0; see [`Shards`].
    pub(crate) number: usize,
    pub(crate) io: Gate<IoLoop>,
    pub(crate) alarm: Alarm,
    /// Connections with something staged, each once.
    dirty: Mutex<Vec<Arc<Block>>>,
    /// Connections whose tasks wait for room to send.
    #[cfg(feature = "async")]
    pub(crate) wait_for_room: Mutex<Vec<Arc<Block>>>,
    blocks: RwLock<Blocks>,
    /// Connections whose handles are not closed.
    handles: AtomicUsize,
}

/// Blocks by slot in the shard's endpoint.
#[derive(Debug, Default)]
struct Blocks(Vec<Option<Arc<Block>>>);

impl Shard {
    pub(crate) fn new(number: usize, io: Gate<IoLoop>, alarm: Alarm) -> Self {
        Self {
            number,
            io,
            alarm,
            dirty: Mutex::default(),
            #[cfg(feature = "async")]
            wait_for_room: Mutex::default(),
            blocks: RwLock::default(),
            handles: AtomicUsize::new(0),
        }
    }

    /// The application staged something that the loop has to take over by `at`.
    pub(crate) fn mark_dirty(&self, block: &Arc<Block>, at: Timestamp) {
        // Mostly it is marked already, and looking is cheaper than writing.
        if !block.dirty.load(Ordering::Acquire) && !block.dirty.swap(true, Ordering::AcqRel) {
            lock(&self.dirty).push(block.clone());
        }
        self.alarm.ring_by(at);
    }

    pub(crate) fn has_dirty(&self) -> bool {
        !lock(&self.dirty).is_empty()
    }

    /// Moves the list of connections with something staged to `into`, which is empty.
    pub(crate) fn take_dirty(&self, into: &mut Vec<Arc<Block>>) {
        std::mem::swap(&mut *lock(&self.dirty), into);
    }

    /// The block of a connection whose handle is not closed, by its id in the shard's endpoint.
    pub(crate) fn block(&self, local: ConnId) -> Option<Arc<Block>> {
        let blocks = self.blocks.read().unwrap_or_else(PoisonError::into_inner);
        blocks.0.get(local.index())?.clone().filter(|b| b.local == local)
    }

    pub(crate) fn add_block(&self, block: &Arc<Block>) {
        let mut blocks = self.blocks.write().unwrap_or_else(PoisonError::into_inner);
        let slot = block.local.index();
        if blocks.0.len() <= slot {
            blocks.0.resize(slot + 1, None);
        }
        if let Some(place) = blocks.0.get_mut(slot) {
            *place = Some(block.clone());
            self.handles.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Takes a block out of the table.
    pub(crate) fn remove_block(&self, local: ConnId) -> Option<Arc<Block>> {
        let mut blocks = self.blocks.write().unwrap_or_else(PoisonError::into_inner);
        let removed = blocks.0.get_mut(local.index())?.take_if(|b| b.local == local)?;
        self.handles.fetch_sub(1, Ordering::Relaxed);
        Some(removed)
    }

    /// All connections of the shard whose handles are not closed, in the order of their slots.
    pub(crate) fn blocks(&self) -> Vec<Arc<Block>> {
        let blocks = self.blocks.read().unwrap_or_else(PoisonError::into_inner);
        blocks.0.iter().flatten().cloned().collect()
    }
}

/// Where a connection is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Place {
    /// Number of the shard.
    pub(crate) shard: usize,
    /// What the shard's endpoint calls it.
    pub(crate) local: ConnId,
    /// What the application calls it.
    pub(crate) handle: ConnId,
}

/// The shards of a context; at least one.
///
/// A connection lives in one of them for its whole life. Its slot in that shard's endpoint and the shard's number make
/// the slot in its handle, so that handles are unique in the context and tell where to go.
#[derive(Debug)]
pub(crate) struct Shards {
    first: Shard,
    others: Box<[Shard]>,
}

impl Shards {
    pub(crate) fn new(first: Shard, others: Vec<Shard>) -> Self {
        Self { first, others: others.into_boxed_slice() }
    }

    pub(crate) const fn len(&self) -> usize {
        1 + self.others.len()
    }

    /// The first one: for work that any of them can do.
    pub(crate) const fn first(&self) -> &Shard {
        &self.first
    }

    /// A shard by its number; the first one for numbers that are none.
    pub(crate) fn get(&self, number: usize) -> &Shard {
        number.checked_sub(1).and_then(|i| self.others.get(i)).unwrap_or(&self.first)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Shard> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// The shard of a connection, by its handle.
    pub(crate) fn of(&self, handle: ConnId) -> &Shard {
        self.get(handle.index() % self.len())
    }

    /// Where a connection is that the endpoint of shard `number` knows as `local`.
    pub(crate) fn place(&self, number: usize, local: ConnId) -> Place {
        // It fits: an endpoint has no more slots than `slots_of_each`.
        let index = local.index() * self.len() + number;
        Place { shard: number, local, handle: ConnId::from_parts(index as u32, local.generation()) }
    }

    /// What a shard's endpoint calls the connection behind a handle.
    pub(crate) fn local(&self, handle: ConnId) -> ConnId {
        ConnId::from_parts((handle.index() / self.len()) as u32, handle.generation())
    }

    /// The shard with the fewest connections.
    pub(crate) fn least_loaded(&self) -> &Shard {
        self.iter().min_by_key(|s| s.handles.load(Ordering::Relaxed)).unwrap_or(&self.first)
    }
}

/// Slots of the endpoint of each of `shards` shards, so that all handles fit.
pub(crate) const fn slots_of_each(shards: usize) -> usize {
    SLOTS_MAX / if shards == 0 { 1 } else { shards }
}
