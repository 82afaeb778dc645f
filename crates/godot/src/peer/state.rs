//! A multiplayer peer's state: what the object and the engine's calls share, behind one lock.

use super::limits::{CHANNELS_MAX, READERS_MAX};
use super::link::PutError;
use super::packet::Mode;
use super::session::{Packet, SERVER, Session, Status};
use gamesockets::Bytes;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

pub(super) type Shared = Arc<Mutex<State>>;

/// Locks. Neither is an error printed nor a signal emitted meanwhile: a script might listen, and ask the peer something.
pub(super) fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) session: Option<Session>,
    pub(super) refuses: bool,
    pub(super) target: i32,
    pub(super) channel: u8,
    pub(super) mode: Mode,
    last_end: (u32, String),
    /// The last packet that each thread got. The engine reads it without a copy until the thread gets the next one,
    /// whatever becomes of the session meanwhile.
    read: Vec<(ThreadId, Bytes)>,
}

/// Why a packet was not taken.
#[derive(Debug)]
pub(super) enum NotPut {
    /// There is nobody to send it to yet, or any more.
    Unconnected,
    Refused(PutError),
}

impl State {
    pub(super) fn waiting(&self) -> i32 {
        self.session.as_ref().map_or(0, |s| i32::try_from(s.waiting()).unwrap_or(i32::MAX))
    }

    /// The packet that is read next.
    pub(super) fn front(&self) -> Option<&Packet> {
        self.session.as_ref()?.next()
    }

    /// Takes the next packet, and keeps it until this thread takes another.
    pub(super) fn pop(&mut self) -> Option<Bytes> {
        let data = self.session.as_mut()?.pop()?.data;
        let reader = thread::current().id();
        match self.read.iter_mut().find(|(thread, _)| *thread == reader) {
            Some((_, last)) => *last = data.clone(),
            None => {
                if self.read.len() == READERS_MAX {
                    self.read.remove(0);
                }
                self.read.push((reader, data.clone()));
            }
        }
        Some(data)
    }

    /// The packets that are kept for those who read them.
    #[cfg(test)]
    pub(super) fn kept(&self) -> Vec<Bytes> {
        self.read.iter().map(|(_, packet)| packet.clone()).collect()
    }

    /// Sends a packet to the target, in the mode and on the channel that are set.
    pub(super) fn put(&mut self, data: &[u8]) -> Result<(), NotPut> {
        let connected = self.session.as_mut().filter(|s| s.status() == Status::Connected);
        let session = connected.ok_or(NotPut::Unconnected)?;
        session.put(self.target, self.mode, self.channel, data).map_err(NotPut::Refused)
    }

    /// Says whether there is such a channel.
    pub(super) fn set_channel(&mut self, channel: i32) -> bool {
        let channel = u8::try_from(channel).ok().filter(|channel| *channel < CHANNELS_MAX);
        self.channel = channel.unwrap_or(self.channel);
        channel.is_some()
    }

    pub(super) fn id(&self) -> i32 {
        self.session.as_ref().map_or(0, Session::id)
    }

    pub(super) fn is_server(&self) -> bool {
        self.session.as_ref().is_some_and(|s| s.has_relay() && s.id() == SERVER)
    }

    pub(super) fn has_relay(&self) -> bool {
        self.session.as_ref().is_some_and(Session::has_relay)
    }

    pub(super) fn status(&self) -> Status {
        self.session.as_ref().map_or(Status::Disconnected, Session::status)
    }

    /// Reason and text of the last end; 0 if nothing ended.
    pub(super) fn end(&self) -> &(u32, String) {
        self.session.as_ref().map_or(&self.last_end, Session::last_end)
    }

    /// Makes this session the peer's; gives it back if there is one already.
    pub(super) fn start(&mut self, mut session: Session) -> Option<Session> {
        if self.session.is_some() {
            return Some(session);
        }
        session.refuses = self.refuses;
        self.last_end = (0, String::new());
        self.session = Some(session);
        None
    }

    /// Takes the session out. Whoever gets it lets go of it without the lock.
    pub(super) fn take(&mut self) -> Option<Session> {
        let session = self.session.take()?;
        self.last_end = session.last_end().clone();
        Some(session)
    }
}
