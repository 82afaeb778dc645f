//! From numbers to the objects they name.

use super::Face;
use gamesockets::{Connection, ConnectionHandle, Listener, ListenerHandle, PollGroup, PollGroupHandle};

/// A number that may be a handle.
fn raw(number: i64) -> Option<u32> {
    u32::try_from(number).ok().filter(|number| *number != 0)
}

impl Face {
    pub(super) fn connection(&self, number: i64) -> Result<Connection, String> {
        let context = self.context()?;
        raw(number)
            .and_then(ConnectionHandle::from_raw)
            .and_then(|handle| context.connection(handle))
            .ok_or_else(|| format!("{number} is no connection: it was closed, or never existed"))
    }

    pub(super) fn listener(&self, number: i64) -> Result<Listener, String> {
        let context = self.context()?;
        raw(number)
            .and_then(ListenerHandle::from_raw)
            .and_then(|handle| context.listener(handle))
            .ok_or_else(|| format!("{number} is no listen socket: it was closed, or never existed"))
    }

    pub(super) fn poll_group(&self, number: i64) -> Result<PollGroup, String> {
        let context = self.context()?;
        raw(number)
            .and_then(PollGroupHandle::from_raw)
            .and_then(|handle| context.poll_group(handle))
            .ok_or_else(|| format!("{number} is no poll group: it was destroyed, or never existed"))
    }
}
