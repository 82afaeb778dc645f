//! What all handles of one context share.

use crate::after::After;
use crate::block::Block;
use crate::clock;
use crate::debug::{DebugLevel, DebugOutput, Lines};
use crate::event::Queued;
use crate::group::Group;
use crate::identity::Authentication;
use crate::io::IoLoop;
use crate::io::wake::{Alarm, Poller};
use crate::listener::ListenerBlock;
use crate::sync::{Gate, Inside, lock};
use gamesockets_endpoint::config::{ConfigTree, Scope};
use gamesockets_endpoint::slab::{ConnId, ListenerId, PollGroupId, Slab, SlabId};
use gamesockets_proto::config::ConnConfig;
use gamesockets_wire::Timestamp;
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::{JoinHandle, ThreadId};

/// Poll groups of one context.
pub(crate) const POLL_GROUPS_MAX: usize = 4096;
/// More undelivered events than this are reported: the application has forgotten to look at them. Their number is
/// bounded by the connections, each of which makes at most four until its handle is closed.
const EVENTS_SUSPICIOUS: usize = 100;

/// One loop and what leads to it. A context has one; several of them could share a listen address.
#[derive(Debug)]
pub(crate) struct Shard {
    pub(crate) io: Gate<IoLoop>,
    pub(crate) alarm: Alarm,
    /// Connections with something staged, each once.
    dirty: Mutex<Vec<Arc<Block>>>,
}

impl Shard {
    pub(crate) const fn new(io: Gate<IoLoop>, alarm: Alarm) -> Self {
        Self { io, alarm, dirty: Mutex::new(Vec::new()) }
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
}

/// Who runs the loop.
#[derive(Debug)]
pub(crate) enum Runner {
    /// Our thread; `None` once it was waited for.
    Thread(Mutex<Option<JoinHandle<()>>>),
    /// The application.
    Manual(Mutex<Poller>),
}

/// Blocks by slot of their handle.
#[derive(Debug, Default)]
struct Blocks(Vec<Option<Arc<Block>>>);

/// See the module.
///
/// Locks, outer ones first: the gate of the shard, then any one of the others, which are leaves.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) shard: Shard,
    pub(crate) runner: std::sync::OnceLock<Runner>,
    pub(crate) debug: DebugOutput,
    pub(crate) config: Mutex<ConfigTree>,
    pub(crate) groups: Mutex<Slab<PollGroupId, Arc<Group>>>,
    pub(crate) listeners: Mutex<BTreeMap<ListenerId, Arc<ListenerBlock>>>,
    pub(crate) authentication: Mutex<Authentication>,
    /// Connections whose tasks wait for room to send.
    #[cfg(feature = "async")]
    pub(crate) wait_for_room: Mutex<Vec<Arc<Block>>>,
    events: Mutex<VecDeque<Queued>>,
    blocks: RwLock<Blocks>,
    /// The loop is to end, and nothing new is to begin.
    pub(crate) stopping: AtomicBool,
    /// The thread inside [`Context::poll`](crate::Context::poll).
    pub(crate) polled_by: Mutex<Option<ThreadId>>,
    /// Context objects that exist.
    pub(crate) owners: AtomicUsize,
}

impl Shared {
    pub(crate) fn new(shard: Shard, config: ConfigTree, authentication: Authentication) -> Self {
        Self {
            shard,
            runner: std::sync::OnceLock::new(),
            debug: DebugOutput::default(),
            config: Mutex::new(config),
            groups: Mutex::new(Slab::new(POLL_GROUPS_MAX)),
            listeners: Mutex::default(),
            authentication: Mutex::new(authentication),
            #[cfg(feature = "async")]
            wait_for_room: Mutex::default(),
            events: Mutex::default(),
            blocks: RwLock::default(),
            stopping: AtomicBool::new(false),
            polled_by: Mutex::new(None),
            owners: AtomicUsize::new(1),
        }
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// Carries out a command of the application: waits for its turn, does it, sends what it led to, hands over what
    /// came of it, and wakes the loop if it would sleep too long now.
    pub(crate) fn command<T>(&self, work: impl FnOnce(&mut IoLoop, Timestamp) -> T) -> T {
        let io = self.shard.io.enter();
        self.work_inside(io, work)
    }

    /// The same without waiting: `None` if the loop is at work.
    pub(crate) fn try_command<T>(&self, work: impl FnOnce(&mut IoLoop, Timestamp) -> T) -> Option<T> {
        let io = self.shard.io.try_enter()?;
        Some(self.work_inside(io, work))
    }

    fn work_inside<T>(
        &self,
        mut io: Inside<'_, IoLoop>,
        work: impl FnOnce(&mut IoLoop, Timestamp) -> T,
    ) -> T {
        let now = clock::now();
        let result = work(&mut io, now);
        let more = io.settle(self, now);
        let next = if more { now } else { io.next_deadline(now) };
        let after = io.after.take();
        drop(io);
        self.shard.alarm.ring_by(next);
        after.run(&self.debug);
        result
    }

    /// Looks something up in the loop's state.
    pub(crate) fn query<T>(&self, look: impl FnOnce(&mut IoLoop, Timestamp) -> T) -> T {
        let mut io = self.shard.io.enter();
        look(&mut io, clock::now())
    }

    /// The block of a connection whose handle is not closed.
    pub(crate) fn block(&self, id: ConnId) -> Option<Arc<Block>> {
        let blocks = self.blocks.read().unwrap_or_else(PoisonError::into_inner);
        blocks.0.get(id.index())?.clone().filter(|b| b.id == id)
    }

    pub(crate) fn add_block(&self, block: &Arc<Block>) {
        let mut blocks = self.blocks.write().unwrap_or_else(PoisonError::into_inner);
        let slot = block.id.index();
        if blocks.0.len() <= slot {
            blocks.0.resize(slot + 1, None);
        }
        if let Some(place) = blocks.0.get_mut(slot) {
            *place = Some(block.clone());
        }
    }

    /// Takes a connection out of everything that leads to it.
    pub(crate) fn remove_block(&self, id: ConnId) -> Option<Arc<Block>> {
        let removed = {
            let mut blocks = self.blocks.write().unwrap_or_else(PoisonError::into_inner);
            blocks.0.get_mut(id.index()).and_then(|place| place.take_if(|b| b.id == id))
        };
        if removed.is_some() {
            lock(&self.config).remove_connection(id.to_raw());
        }
        removed
    }

    /// All connections whose handles are not closed.
    pub(crate) fn blocks(&self) -> Vec<Arc<Block>> {
        let blocks = self.blocks.read().unwrap_or_else(PoisonError::into_inner);
        blocks.0.iter().flatten().cloned().collect()
    }

    /// Makes room in the settings for a connection that came in, and gives those that count for it.
    pub(crate) fn config_of_incoming(
        &self,
        conn: ConnId,
        listener: Option<ListenerId>,
    ) -> Option<ConnConfig> {
        let mut config = lock(&self.config);
        config.add_connection(conn.to_raw(), listener.map(ListenerId::to_raw), &[]).ok()?;
        config.resolve_conn(Scope::Connection(conn.to_raw())).ok()
    }

    /// Queues an event. `lines` is told when the queue grows suspiciously long.
    pub(crate) fn post(&self, event: Queued, lines: &mut Lines) {
        let waiting = {
            let mut events = lock(&self.events);
            // Asked under the lock, so that nothing slips in after `silence`.
            if !matches!(&event, Queued::Status { block, .. } if block.quiet.load(Ordering::Relaxed)) {
                events.push_back(event);
            }
            events.len()
        };
        if waiting == EVENTS_SUSPICIOUS + 1 {
            lines.push(&self.debug, DebugLevel::Bug, || {
                format!(
                    "more than {EVENTS_SUSPICIOUS} events wait: call poll_events or run_callbacks every frame"
                )
            });
        }
    }

    /// From now on nothing is told by events about a connection; what waits in the queue is dropped.
    pub(crate) fn silence(&self, block: &Arc<Block>) {
        let mut events = lock(&self.events);
        block.quiet.store(true, Ordering::Relaxed);
        events.retain(|e| !matches!(e, Queued::Status { block: b, .. } if Arc::ptr_eq(b, block)));
    }

    /// Takes the whole queue of events.
    pub(crate) fn take_events(&self) -> VecDeque<Queued> {
        std::mem::take(&mut *lock(&self.events))
    }

    /// Hands an incoming connection to whoever waits for those of its listen socket, or gives `None`. What comes back
    /// has to be closed, since nobody will get it.
    #[cfg(feature = "async")]
    pub(crate) fn offer_to_waiting_listener(
        &self,
        block: &Arc<Block>,
        after: &mut After,
    ) -> Option<Vec<Arc<Block>>> {
        let listener = lock(&self.listeners).get(&block.listener?).cloned()?;
        let mut unwanted = Vec::new();
        listener.offer(block, after, &mut unwanted).then_some(unwanted)
    }

    /// Nobody waits without the async adapter.
    #[cfg(not(feature = "async"))]
    #[allow(clippy::unused_self, reason = "the same signature as with the adapter")]
    pub(crate) const fn offer_to_waiting_listener(
        &self,
        _: &Arc<Block>,
        _: &mut After,
    ) -> Option<Vec<Arc<Block>>> {
        None
    }

    /// The end: no handle leads anywhere any more.
    pub(crate) fn forget_everything(&self) {
        let mut after = After::default();
        for block in self.blocks() {
            self.remove_block(block.id);
            block.close();
            after.notify(&block);
        }
        let groups: Vec<PollGroupId> = lock(&self.groups).ids().collect();
        for id in groups {
            if let Some(group) = lock(&self.groups).remove(id) {
                group.close();
            }
        }
        let listeners = std::mem::take(&mut *lock(&self.listeners));
        for listener in listeners.values() {
            listener.close(&mut after);
        }
        self.shard.io.enter().sockets.close_all();
        after.run(&self.debug);
    }
}
