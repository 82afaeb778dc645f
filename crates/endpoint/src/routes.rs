//! From a socket and a remote address to the connection that owns them.

use crate::slab::{ConnId, ListenerId};
use crate::types::SocketId;
use alloc::collections::BTreeMap;
use core::hash::BuildHasher;
use core::net::SocketAddr;
use hashbrown::HashMap;
use siphasher::sip::SipHasher13;

/// Keys a hash map so that nobody outside can aim at its buckets, and the same seed gives the same map.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyedHash(pub(crate) u64, pub(crate) u64);

impl BuildHasher for KeyedHash {
    type Hasher = SipHasher13;
    fn build_hasher(&self) -> SipHasher13 {
        SipHasher13::new_with_keys(self.0, self.1)
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct SocketUse {
    listener: Option<ListenerId>,
    connections: u32,
}

/// Who uses which socket, and who talks to which address over it.
#[derive(Debug)]
pub(crate) struct Routes {
    by_address: HashMap<(SocketId, SocketAddr), ConnId, KeyedHash>,
    sockets: BTreeMap<SocketId, SocketUse>,
    /// The last answer: packets come in runs.
    last: Option<((SocketId, SocketAddr), ConnId)>,
}

impl Routes {
    pub(crate) fn new(hash: KeyedHash) -> Self {
        Self { by_address: HashMap::with_hasher(hash), sockets: BTreeMap::new(), last: None }
    }

    pub(crate) fn find(&mut self, socket: SocketId, from: SocketAddr) -> Option<ConnId> {
        let key = (socket, from);
        if let Some((_, id)) = self.last.filter(|(k, _)| *k == key) {
            return Some(id);
        }
        let id = *self.by_address.get(&key)?;
        self.last = Some((key, id));
        Some(id)
    }

    pub(crate) fn listener(&self, socket: SocketId) -> Option<ListenerId> {
        self.sockets.get(&socket)?.listener
    }

    pub(crate) fn contains(&self, socket: SocketId, remote: SocketAddr) -> bool {
        self.by_address.contains_key(&(socket, remote))
    }

    pub(crate) fn add(&mut self, socket: SocketId, remote: SocketAddr, id: ConnId) {
        self.by_address.insert((socket, remote), id);
        self.sockets.entry(socket).or_default().connections += 1;
    }

    /// Returns whether nothing uses the socket any more.
    pub(crate) fn remove(&mut self, socket: SocketId, remote: SocketAddr) -> bool {
        self.last = None;
        if self.by_address.remove(&(socket, remote)).is_some()
            && let Some(u) = self.sockets.get_mut(&socket)
        {
            u.connections -= 1;
        }
        self.forget_unused(socket)
    }

    pub(crate) fn add_listener(&mut self, socket: SocketId, id: ListenerId) -> bool {
        let u = self.sockets.entry(socket).or_default();
        let free = u.listener.is_none();
        if free {
            u.listener = Some(id);
        }
        free
    }

    /// Returns whether nothing uses the socket any more.
    pub(crate) fn remove_listener(&mut self, socket: SocketId) -> bool {
        if let Some(u) = self.sockets.get_mut(&socket) {
            u.listener = None;
        }
        self.forget_unused(socket)
    }

    fn forget_unused(&mut self, socket: SocketId) -> bool {
        let unused = self.sockets.get(&socket).is_some_and(|u| u.connections == 0 && u.listener.is_none());
        if unused {
            self.sockets.remove(&socket);
        }
        unused
    }
}
