//! The sockets of one loop.

use super::calls::CLOSING_UNWATCHES;
use super::socket::Socket;
use super::wake::Poller;
use gamesockets_endpoint::types::SocketId;
use mio::Interest;
use std::collections::VecDeque;
use std::io;

/// Errors in a row after which a socket is left alone until the system reports something new.
const ERRORS_MAX: u8 = 8;

/// What reading a socket showed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Found {
    /// Datagrams, and perhaps there are more.
    More,
    /// Nothing is left for now.
    Nothing,
    /// An error; most are about earlier datagrams and do not mean that there is nothing to read.
    Error,
}

/// Sockets by number, and which of them may have something to read.
#[derive(Debug)]
pub(crate) struct Sockets {
    registry: mio::Registry,
    slots: Vec<Option<Socket>>,
    free: Vec<u32>,
    readable: VecDeque<SocketId>,
}

impl Sockets {
    pub(crate) const fn new(registry: mio::Registry) -> Self {
        Self { registry, slots: Vec::new(), free: Vec::new(), readable: VecDeque::new() }
    }

    /// Adds a socket and starts watching it.
    pub(crate) fn add(&mut self, mut socket: Socket) -> io::Result<SocketId> {
        let id = self.free.pop().unwrap_or(self.slots.len() as u32);
        // Only for reading: a socket is writable again after every datagram that leaves the machine, which is no news.
        if let Err(e) = self.registry.register(&mut socket.inner, Poller::token(id), Interest::READABLE) {
            if (id as usize) < self.slots.len() {
                self.free.push(id);
            }
            return Err(e);
        }
        if id as usize == self.slots.len() {
            self.slots.push(None);
        }
        if let Some(slot) = self.slots.get_mut(id as usize) {
            *slot = Some(socket);
        }
        Ok(SocketId(id))
    }

    /// Closes a socket.
    pub(crate) fn remove(&mut self, id: SocketId) -> Option<Socket> {
        let mut socket = self.slots.get_mut(id.0 as usize)?.take()?;
        if !CLOSING_UNWATCHES {
            // A socket that is about to be closed need not be watched; failing to say so changes nothing.
            let _ = self.registry.deregister(&mut socket.inner);
        }
        self.readable.retain(|s| *s != id);
        self.free.push(id.0);
        Some(socket)
    }

    pub(crate) fn get(&self, id: SocketId) -> Option<&Socket> {
        self.slots.get(id.0 as usize)?.as_ref()
    }

    /// The system says that there is something to read, or that there may be.
    pub(crate) fn mark_readable(&mut self, id: u32) {
        if let Some(socket) = self.slots.get_mut(id as usize).and_then(Option::as_mut)
            && !socket.readable
        {
            socket.readable = true;
            self.readable.push_back(SocketId(id));
        }
    }

    /// All of them may have something to read.
    pub(crate) fn mark_all_readable(&mut self) {
        for id in 0..self.slots.len() as u32 {
            self.mark_readable(id);
        }
    }

    /// The socket whose turn it is to be read.
    pub(crate) fn next_readable(&mut self) -> Option<(SocketId, &mut Socket)> {
        let id = *self.readable.front()?;
        Some((id, self.slots.get_mut(id.0 as usize)?.as_mut()?))
    }

    /// The socket was read: others come first, if it is not empty.
    pub(crate) fn after_read(&mut self, id: SocketId, found: Found) {
        self.readable.pop_front();
        let Some(socket) = self.slots.get_mut(id.0 as usize).and_then(Option::as_mut) else { return };
        socket.errors = if found == Found::Error { socket.errors + 1 } else { 0 };
        let again = match found {
            Found::More => true,
            Found::Nothing => false,
            Found::Error => socket.errors < ERRORS_MAX,
        };
        if again {
            self.readable.push_back(id);
        } else {
            socket.readable = false;
            socket.errors = 0;
        }
    }

    /// Closes all of them.
    pub(crate) fn close_all(&mut self) {
        for id in 0..self.slots.len() as u32 {
            self.remove(SocketId(id));
        }
    }

    pub(crate) fn has_readable(&self) -> bool {
        !self.readable.is_empty()
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_closed_socket_is_not_watched_any_more() {
        let (mut poller, _alarm, registry) = Poller::new().unwrap();
        let mut sockets = Sockets::new(registry);
        let open = || Socket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let (kept, closed) = (sockets.add(open()).unwrap(), sockets.add(open()).unwrap());
        let addresses = [kept, closed].map(|id| sockets.get(id).unwrap().local().unwrap());
        // Something waits in both; then one of them goes.
        let sender = open();
        for to in addresses {
            sender.send(to, b"hello", 5).unwrap();
        }
        assert!(sockets.remove(closed).is_some() && sockets.remove(closed).is_none());
        // Its number goes to the next one, which has got nothing.
        assert_eq!(sockets.add(open()).unwrap(), closed);
        poller.wait(Duration::from_secs(10)).unwrap();
        assert_eq!(poller.readable, [kept.0]);
        assert_eq!(sockets.len(), 2);
    }
}
