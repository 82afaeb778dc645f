//! What all hosts of a world have in common: time, the queue of things to come, addresses, links, the books.

use crate::book::Book;
use crate::link::{Link, LinkConfig, Lost};
use crate::rng::SimRng;
use crate::trace::{HostId, Step, Trace};
use core::cmp::{Ordering, Reverse};
use core::net::{IpAddr, SocketAddr};
use gamesockets_endpoint::types::SocketId;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};

/// Datagrams that a listener on the wires remembers.
const TAPPED_MAX: usize = 256;

/// Something that will happen.
#[derive(Debug)]
pub(crate) enum Todo {
    /// A datagram reaches its destination.
    Arrive { from: SocketAddr, to: SocketAddr, data: Vec<u8> },
    /// A host's loop runs.
    Turn(HostId),
    /// An application does what it planned.
    Think { host: HostId, token: u64 },
    /// A link changes.
    Weather(usize),
    /// An attacker acts.
    Attack(usize),
    /// A peer with keys and bad manners acts.
    Insider(usize),
}

#[derive(Debug)]
struct Item {
    at_us: u64,
    seq: u64,
    todo: Todo,
}

impl PartialEq for Item {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Item {}

impl PartialOrd for Item {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Item {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at_us, self.seq).cmp(&(other.at_us, other.seq))
    }
}

/// A datagram as somebody on the wire saw it.
#[derive(Clone, Debug)]
pub(crate) struct Tapped {
    pub(crate) from: SocketAddr,
    pub(crate) to: SocketAddr,
    pub(crate) data: Vec<u8>,
}

/// What hosts share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) now_us: u64,
    pub(crate) trace: Trace,
    pub(crate) book: Book,
    pub(crate) addresses: BTreeMap<SocketAddr, (HostId, SocketId)>,
    /// Which host an address belongs to, bound or not.
    pub(crate) machines: BTreeMap<IpAddr, HostId>,
    /// Whether endpoints delay datagrams by themselves (simulated network inside).
    pub(crate) delays_inside: bool,
    pub(crate) default_link: LinkConfig,
    pub(crate) links: BTreeMap<(HostId, HostId), Link>,
    /// The last datagrams on any wire, if somebody listens.
    pub(crate) tap: Option<VecDeque<Tapped>>,
    queue: BinaryHeap<Reverse<Item>>,
    seq: u64,
    rng: SimRng,
    arrivals: Vec<(u64, Vec<u8>)>,
}

impl Shared {
    pub(crate) fn new(rng: SimRng) -> Self {
        Self {
            now_us: 0,
            trace: Trace::default(),
            book: Book::default(),
            addresses: BTreeMap::new(),
            machines: BTreeMap::new(),
            delays_inside: false,
            default_link: LinkConfig::default(),
            links: BTreeMap::new(),
            tap: None,
            queue: BinaryHeap::new(),
            seq: 0,
            rng,
            arrivals: Vec::new(),
        }
    }

    pub(crate) fn push(&mut self, at_us: u64, todo: Todo) {
        let at_us = at_us.max(self.now_us);
        self.queue.push(Reverse(Item { at_us, seq: self.seq, todo }));
        self.seq += 1;
    }

    /// The next thing to happen, not later than `until_us`; time moves there.
    pub(crate) fn pop(&mut self, until_us: u64) -> Option<Todo> {
        if self.queue.peek().is_none_or(|Reverse(i)| i.at_us > until_us) {
            self.now_us = self.now_us.max(until_us);
            return None;
        }
        let Reverse(item) = self.queue.pop()?;
        self.now_us = item.at_us;
        Some(item.todo)
    }

    pub(crate) fn note(&mut self, step: Step) {
        self.trace.push(self.now_us, step);
    }

    /// The link between two hosts, one direction.
    pub(crate) fn link(&mut self, from: HostId, to: HostId) -> &mut Link {
        let rng = &mut self.rng;
        let default = &self.default_link;
        self.links.entry((from, to)).or_insert_with(|| {
            let config = if from == to { LinkConfig::default() } else { default.clone() };
            Link::new(config, rng.fork(u64::from(from.0) << 32 | u64::from(to.0)))
        })
    }

    /// Sends a datagram over the link between two hosts.
    pub(crate) fn carry(
        &mut self,
        host: HostId,
        from: SocketAddr,
        to: SocketAddr,
        data: Vec<u8>,
    ) -> Option<Lost> {
        if let Some(tap) = &mut self.tap {
            if tap.len() == TAPPED_MAX {
                tap.pop_front();
            }
            tap.push_back(Tapped { from, to, data: data.clone() });
        }
        let Some(target) = self.machines.get(&to.ip()).copied() else {
            return Some(Lost::Down);
        };
        let now_us = self.now_us;
        let mut arrivals = core::mem::take(&mut self.arrivals);
        let lost = self.link(host, target).carry(now_us, data, &mut arrivals);
        for (at_us, data) in arrivals.drain(..) {
            self.push(at_us, Todo::Arrive { from, to, data });
        }
        self.arrivals = arrivals;
        lost
    }
}
