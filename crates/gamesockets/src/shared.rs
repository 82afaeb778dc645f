//! What all handles of one context share.

use crate::after::After;
use crate::block::Block;
use crate::clock;
use crate::context::poll::NO_THREAD;
use crate::debug::{DebugLevel, DebugOutput, Lines};
use crate::event::Queued;
use crate::group::Group;
use crate::identity::Authentication;
use crate::io::IoLoop;
use crate::io::thread::OnStart;
use crate::io::wake::Poller;
use crate::listener::ListenerBlock;
use crate::shard::{Shard, Shards};
use crate::sync::{Inside, lock};
use gamesockets_endpoint::config::{ConfigTree, Scope};
use gamesockets_endpoint::endpoint::LISTENERS_MAX;
use gamesockets_endpoint::slab::{ConnId, ListenerId, PollGroupId, Slab, SlabId as _};
use gamesockets_proto::config::ConnConfig;
use gamesockets_wire::Timestamp;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// Poll groups of one context.
pub(crate) const POLL_GROUPS_MAX: usize = 4096;
/// More undelivered events than this are reported: the application has forgotten to look at them. Their number is
/// bounded by the connections, each of which makes at most four until its handle is closed.
const EVENTS_SUSPICIOUS: usize = 100;

/// Who runs the loops.
#[derive(Debug)]
pub(crate) enum Runner {
    /// Our threads; empty once they were waited for.
    Threads(Mutex<Vec<JoinHandle<()>>>),
    /// The application. There is one loop then.
    Manual(Mutex<Poller>),
}

/// See the module.
///
/// Locks, outer ones first: `across`, the gate of one shard, then any one of the others, which are leaves.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) shards: Shards,
    /// Held while something is changed in all shards, so that they do not end up different.
    across: Mutex<()>,
    pub(crate) runner: std::sync::OnceLock<Runner>,
    pub(crate) debug: DebugOutput,
    pub(crate) config: Mutex<ConfigTree>,
    pub(crate) groups: Mutex<Slab<PollGroupId, Arc<Group>>>,
    pub(crate) listeners: Mutex<Slab<ListenerId, Arc<ListenerBlock>>>,
    pub(crate) authentication: Mutex<Authentication>,
    events: Mutex<VecDeque<Queued>>,
    /// The loops are to end, and nothing new is to begin.
    pub(crate) stopping: AtomicBool,
    /// Loops that did not end yet.
    running: AtomicUsize,
    /// The number of the thread inside [`Context::poll`](crate::Context::poll).
    pub(crate) polled_by: AtomicUsize,
    /// Context objects that exist.
    pub(crate) owners: AtomicUsize,
    /// What the application wants of the loops, beside their work.
    pub(crate) wishes: Wishes,
}

/// See the builder's methods of the same names.
#[derive(Default)]
pub(crate) struct Wishes {
    pub(crate) events_need_callback: bool,
    pub(crate) after_turn: Option<OnStart>,
}

impl Wishes {
    /// A turn of a loop ended, and no lock is held.
    pub(crate) fn turn_ended(&self) {
        if let Some(after_turn) = &self.after_turn {
            after_turn();
        }
    }
}

impl std::fmt::Debug for Wishes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wishes")
            .field("events_need_callback", &self.events_need_callback)
            .finish_non_exhaustive()
    }
}

impl Shared {
    pub(crate) fn new(
        shards: Shards,
        config: ConfigTree,
        authentication: Authentication,
        wishes: Wishes,
    ) -> Self {
        Self {
            running: AtomicUsize::new(shards.len()),
            shards,
            across: Mutex::default(),
            runner: std::sync::OnceLock::new(),
            debug: DebugOutput::default(),
            config: Mutex::new(config),
            groups: Mutex::new(Slab::new(POLL_GROUPS_MAX)),
            listeners: Mutex::new(Slab::new(LISTENERS_MAX)),
            authentication: Mutex::new(authentication),
            events: Mutex::default(),
            stopping: AtomicBool::new(false),
            polled_by: AtomicUsize::new(NO_THREAD),
            owners: AtomicUsize::new(1),
            wishes,
        }
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// Has all loops end. Whether this was the first call.
    pub(crate) fn stop(&self) -> bool {
        let first = !self.stopping.swap(true, Ordering::AcqRel);
        self.shards.iter().for_each(|shard| shard.alarm.ring());
        first
    }

    /// Carries out a command of the application in one shard: waits for its turn, does it, sends what it led to, hands
    /// over what came of it, and wakes the loop if it would sleep too long now.
    pub(crate) fn command<T>(&self, shard: &Shard, work: impl FnOnce(&mut IoLoop, Timestamp) -> T) -> T {
        let (result, after) = self.work_inside(shard, shard.io.enter(), work);
        after.run(&self.debug);
        result
    }

    /// The same without waiting: `None` if the loop is at work.
    pub(crate) fn try_command<T>(
        &self,
        shard: &Shard,
        work: impl FnOnce(&mut IoLoop, Timestamp) -> T,
    ) -> Option<T> {
        let (result, after) = self.work_inside(shard, shard.io.try_enter()?, work);
        after.run(&self.debug);
        Some(result)
    }

    /// Carries out a command in all shards, one after the other and the first one first. No other command of this kind
    /// comes in between.
    pub(crate) fn everywhere(&self, mut work: impl FnMut(&mut IoLoop, Timestamp)) {
        let mut afters = Vec::with_capacity(self.shards.len());
        {
            let _turn = lock(&self.across);
            for shard in self.shards.iter() {
                afters.push(self.work_inside(shard, shard.io.enter(), &mut work).1);
            }
        }
        for after in afters {
            after.run(&self.debug);
        }
    }

    fn work_inside<T>(
        &self,
        shard: &Shard,
        mut io: Inside<'_, IoLoop>,
        work: impl FnOnce(&mut IoLoop, Timestamp) -> T,
    ) -> (T, After) {
        let now = clock::now();
        let result = work(&mut io, now);
        let more = io.settle(self, now);
        let next = if more { now } else { io.next_deadline(now) };
        let after = io.after.take();
        drop(io);
        shard.alarm.ring_by(next);
        (result, after)
    }

    /// Looks something up in the state of a shard's loop.
    pub(crate) fn query<T>(&self, shard: &Shard, look: impl FnOnce(&mut IoLoop, Timestamp) -> T) -> T {
        let mut io = shard.io.enter();
        look(&mut io, clock::now())
    }

    /// The shard that a connection lives in.
    pub(crate) fn shard_of(&self, block: &Block) -> &Shard {
        self.shards.get(block.shard)
    }

    /// The block of a connection whose handle is not closed.
    pub(crate) fn block(&self, handle: ConnId) -> Option<Arc<Block>> {
        self.shards.of(handle).block(self.shards.local(handle))
    }

    /// Takes a connection out of everything that leads to it.
    pub(crate) fn remove_block(&self, shard: &Shard, local: ConnId) -> Option<Arc<Block>> {
        let removed = shard.remove_block(local);
        if let Some(block) = &removed {
            lock(&self.config).remove_connection(block.id.to_raw());
        }
        removed
    }

    /// All connections whose handles are not closed, in the order of their slots.
    pub(crate) fn blocks(&self) -> Vec<Arc<Block>> {
        let mut blocks: Vec<_> = self.shards.iter().flat_map(Shard::blocks).collect();
        blocks.sort_by_key(|b| b.id.index());
        blocks
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
            let unwanted = match &event {
                Queued::Status { block, callback, .. } => {
                    block.quiet.load(Ordering::Relaxed) || *callback == 0 && self.wishes.events_need_callback
                }
                Queued::Authentication(_) => false,
            };
            if !unwanted {
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

    /// Hands an incoming connection to its listen socket, if that keeps them; otherwise gives `None`. What comes back has
    /// to be closed, since nobody will get it.
    pub(crate) fn offer_to_listener(&self, block: &Arc<Block>, after: &mut After) -> Option<Vec<Arc<Block>>> {
        let listener = lock(&self.listeners).get(block.listener?).cloned()?;
        let mut unwanted = Vec::new();
        listener.backlog.offer(block, after, &mut unwanted).then_some(unwanted)
    }

    /// A loop ended. The last one takes everything down: as long as one of them lingers, the sockets of all others stay
    /// open too, since the system would deal the packets of its connections out anew.
    pub(crate) fn loop_ended(&self) {
        if self.running.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.forget_everything();
        }
    }

    /// The end: no handle leads anywhere any more.
    pub(crate) fn forget_everything(&self) {
        let mut after = After::default();
        for block in self.blocks() {
            self.remove_block(self.shard_of(&block), block.local);
            block.close();
            after.notify(&block);
        }
        self.close_groups();
        for (_, listener) in self.take_listeners() {
            listener.close(&mut after);
        }
        for shard in self.shards.iter() {
            let mut io = shard.io.enter();
            io.sockets.close_all();
            // Handles may be kept for long, but not the application's buffers.
            io.endpoint.abandon_all();
        }
        after.run(&self.debug);
    }

    /// Destroys all poll groups. Their connections are about to go too.
    pub(crate) fn close_groups(&self) {
        let mut groups = lock(&self.groups);
        let ids: Vec<PollGroupId> = groups.ids().collect();
        for group in ids.into_iter().filter_map(|id| groups.remove(id)) {
            group.close();
        }
    }

    /// Takes all listen sockets out of the table.
    pub(crate) fn take_listeners(&self) -> Vec<(ListenerId, Arc<ListenerBlock>)> {
        let mut listeners = lock(&self.listeners);
        let ids: Vec<ListenerId> = listeners.ids().collect();
        ids.into_iter().filter_map(|id| Some((id, listeners.remove(id)?))).collect()
    }
}
