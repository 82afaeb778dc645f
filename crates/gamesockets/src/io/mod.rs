//! The loop: sockets on one side, the endpoint in the middle, shared blocks on the other side.

mod calls;
pub(crate) mod collect;
pub(crate) mod socket;
pub(crate) mod table;
pub(crate) mod thread;
pub(crate) mod transmit;
pub(crate) mod wake;

use crate::after::After;
use crate::block::Block;
use crate::clock;
use crate::debug::{DebugLevel, Lines};
use crate::shared::Shared;
use collect::Ended;
use gamesockets_endpoint::endpoint::Endpoint;
use gamesockets_endpoint::slab::ListenerId;
use gamesockets_endpoint::types::{SocketErrorKind, SocketId};
use gamesockets_proto::message::Message as Arrived;
use gamesockets_wire::Timestamp;
use socket::RecvArea;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use table::{Found, Sockets};
use transmit::Outgoing;

/// Datagrams read in one turn before the other work gets its share: about two milliseconds of work.
const RECV_DATAGRAMS_PER_TURN: usize = 1024;
/// Turns in a row that achieve nothing although one was due, after which the loop sleeps all the same.
const FRUITLESS_TURNS_MAX: u32 = 4;
/// That sleep, microseconds: the shortest there is.
const FRUITLESS_SLEEP_US: u64 = 1000;

/// What the loops did; see [`Context::loop_counters`](crate::Context::loop_counters).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoopCounters {
    /// Turns of all loops. An idle context makes almost none.
    pub turns: u64,
    /// How often another thread woke a loop.
    pub wakes: u64,
    /// Calls to the system that received something.
    pub receives: u64,
    /// Calls to the system that sent something.
    pub sends: u64,
    /// How often the system could not take more datagrams for the moment.
    pub send_blocks: u64,
}

impl LoopCounters {
    /// Each counter plus the same one of another loop.
    pub(crate) const fn plus(&self, other: &Self) -> Self {
        Self {
            turns: self.turns + other.turns,
            wakes: self.wakes + other.wakes,
            receives: self.receives + other.receives,
            sends: self.sends + other.sends,
            send_blocks: self.send_blocks + other.send_blocks,
        }
    }
}

/// Everything that one loop owns. Locked for one turn, or for one command of the application.
#[derive(Debug)]
pub(crate) struct IoLoop {
    /// Of the shard that it belongs to.
    pub(crate) number: usize,
    pub(crate) endpoint: Endpoint,
    pub(crate) sockets: Sockets,
    /// Handles of listen sockets, by what the endpoint calls them.
    pub(crate) listeners: BTreeMap<ListenerId, ListenerId>,
    area: RecvArea,
    outgoing: Outgoing,
    arrived: Vec<Arrived>,
    ended: VecDeque<Ended>,
    taken: Vec<Arc<Block>>,
    pub(crate) after: After,
    pub(crate) counters: LoopCounters,
    /// Bytes of each datagram to log; negative for none.
    pub(crate) trace_bytes: i32,
    /// Something was handed to the application since the flag was cleared.
    pub(crate) delivered: bool,
    fruitless: u32,
}

impl IoLoop {
    /// # Errors
    /// The system gives no socket, as it does to find out what it can do.
    pub(crate) fn new(number: usize, endpoint: Endpoint, registry: mio::Registry) -> io::Result<Self> {
        Ok(Self {
            number,
            endpoint,
            sockets: Sockets::new(registry),
            listeners: BTreeMap::new(),
            area: RecvArea::new()?,
            outgoing: Outgoing::default(),
            arrived: Vec::new(),
            ended: VecDeque::new(),
            taken: Vec::new(),
            after: After::default(),
            counters: LoopCounters::default(),
            trace_bytes: -1,
            delivered: false,
            fruitless: 0,
        })
    }

    /// One turn: takes datagrams in, does what time asks for, takes over what the application staged, sends, and hands
    /// over what came. Each part is bounded. Returns when the next turn is needed: now, if something was left.
    pub(crate) fn turn(&mut self, shared: &Shared) -> Timestamp {
        let before = (self.counters, self.delivered);
        self.counters.turns += 1;
        let mut more = self.receive(shared);
        let now = clock::now();
        if self.endpoint.poll_timeout().is_some_and(|at| at <= now) {
            self.endpoint.handle_timeout(now);
        }
        self.collect(shared, now);
        more |= self.settle(shared, now);
        let next = if more { now } else { self.next_deadline(now) };
        let achieved = (LoopCounters { turns: before.0.turns, ..self.counters }, self.delivered) != before;
        self.fruitless = if achieved || next > now { 0 } else { self.fruitless + 1 };
        // A deadline that stays due would otherwise keep a processor busy.
        if self.fruitless > FRUITLESS_TURNS_MAX { now.plus_micros(FRUITLESS_SLEEP_US) } else { next }
    }

    /// Takes over what the application staged, sends, and hands over what that led to. Returns whether there is more
    /// to send.
    pub(crate) fn settle(&mut self, shared: &Shared, now: Timestamp) -> bool {
        self.absorb(shared);
        let more = self.transmit(shared, now);
        self.collect(shared, now);
        self.report_unclosed(shared, now);
        #[cfg(feature = "async")]
        shared.shards.get(self.number).wake_who_waits_for_room(&mut self.after);
        more
    }

    /// What the endpoint calls a listen socket.
    pub(crate) fn local_listener(&self, handle: ListenerId) -> Option<ListenerId> {
        self.listeners.iter().find(|(_, h)| **h == handle).map(|(local, _)| *local)
    }

    /// Stops listening here, if this loop does, and destroys what came in.
    pub(crate) fn close_listener(&mut self, handle: ListenerId) {
        if let Some(local) = self.local_listener(handle) {
            // It exists: it is in the list.
            let _ = self.endpoint.close_listener(local);
            self.listeners.remove(&local);
        }
    }

    /// When something has to be done next.
    pub(crate) fn next_deadline(&mut self, now: Timestamp) -> Timestamp {
        let times = [self.endpoint.poll_timeout(), self.outgoing.retry_at(now), self.unclosed_at()];
        times.into_iter().flatten().min().unwrap_or(Timestamp::MAX)
    }

    /// Takes over what the application staged for sending.
    fn absorb(&mut self, shared: &Shared) {
        shared.shards.get(self.number).take_dirty(&mut self.taken);
        for block in self.taken.drain(..) {
            // First the mark, so that what is staged from now on is marked again.
            block.dirty.store(false, Ordering::Release);
            self.endpoint.absorb(block.local, &mut crate::sync::lock(&block.outbox));
        }
    }

    /// Reads what the sockets have, within the budget. Returns whether there may be more.
    fn receive(&mut self, shared: &Shared) -> bool {
        let gate = &shared.shards.get(self.number).io;
        let Self { endpoint, sockets, area, counters, after, trace_bytes, .. } = self;
        let trace = (*trace_bytes >= 0 && shared.debug.wants(DebugLevel::Everything))
            .then_some(*trace_bytes as usize);
        let mut budget = RECV_DATAGRAMS_PER_TURN;
        while budget > 0 {
            let Some((id, socket)) = sockets.next_readable() else { return false };
            match socket.recv(area) {
                Ok((count, drained)) => {
                    counters.receives += 1;
                    let now = clock::now();
                    for run in area.runs(count) {
                        budget = budget.saturating_sub(run.data.len().div_ceil(run.stride));
                        if let Some(max) = trace {
                            trace_datagrams(
                                &mut after.lines,
                                shared,
                                "received from",
                                run.from,
                                run.data,
                                run.stride,
                                max,
                            );
                        }
                        endpoint.handle_datagrams(now, id, run.from, run.data, run.stride);
                    }
                    sockets.after_read(id, if drained { Found::Nothing } else { Found::More });
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => sockets.after_read(id, Found::Nothing),
                Err(e) => {
                    endpoint.handle_socket_error(id, None, kind_of(&e));
                    sockets.after_read(id, Found::Error);
                }
            }
            if gate.is_wanted() {
                break;
            }
        }
        sockets.has_readable()
    }
}

pub(crate) fn kind_of(e: &io::Error) -> SocketErrorKind {
    match e.kind() {
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset => SocketErrorKind::Refused,
        io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkDown => {
            SocketErrorKind::Unreachable
        }
        _ if quinn_udp::is_msg_size_err(e) => SocketErrorKind::TooBig,
        _ => SocketErrorKind::Other,
    }
}

/// Logs each datagram of a run, with at most `max` of its bytes.
fn trace_datagrams(
    lines: &mut Lines,
    shared: &Shared,
    what: &str,
    peer: std::net::SocketAddr,
    data: &[u8],
    stride: usize,
    max: usize,
) {
    use std::fmt::Write as _;
    for datagram in data.chunks(stride.max(1)) {
        lines.push(&shared.debug, DebugLevel::Everything, || {
            let mut line = format!("{what} {peer}: {} bytes", datagram.len());
            for (i, byte) in datagram.iter().take(max).enumerate() {
                // Writing into a String does not fail.
                let _ = write!(line, "{}{byte:02x}", if i == 0 { ": " } else { " " });
            }
            line
        });
    }
}

/// The number of no socket: for connections that have none.
pub(crate) const NO_SOCKET: SocketId = SocketId(u32::MAX);
