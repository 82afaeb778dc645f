//! Poll groups, as the application uses them.

use crate::group::Group;
use crate::message::Message;
use crate::shared::Shared;
use crate::sync::lock;
use gamesockets_endpoint::slab::PollGroupId;
use gamesockets_endpoint::types::BadHandle;
use std::fmt;
use std::sync::Arc;

/// One receive queue for many connections.
///
/// A server that puts every connection it accepts into a group reads all messages with one call. Messages come in the
/// order in which they arrived; those of connections on different [I/O threads](crate::ContextBuilder::io_threads) may
/// be out of order by the time that a turn of a loop takes. Dropping this object does not destroy the group. Clones name the same group.
///
/// ```
/// use gamesockets::{Context, Identity, SendFlags, SocketPairKind};
///
/// let context = Context::new()?;
/// let group = context.create_poll_group()?;
/// let (a, b) = context.socket_pair(SocketPairKind::Memory, [Identity::localhost(), Identity::localhost()])?;
/// b.set_poll_group(Some(&group))?;
/// a.send(b"hello", SendFlags::RELIABLE)?;
/// let messages = loop {
///     let messages = group.receive(10)?;
///     if !messages.is_empty() {
///         break messages;
///     }
///     std::thread::sleep(std::time::Duration::from_millis(1));
/// };
/// assert_eq!(messages[0].payload(), "hello");
/// assert_eq!(messages[0].connection(), b.handle());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct PollGroup {
    pub(crate) shared: Arc<Shared>,
    pub(crate) group: Arc<Group>,
}

impl PollGroup {
    /// The handle: a number for tables, other languages and logs.
    pub fn handle(&self) -> PollGroupId {
        self.group.id
    }

    /// Takes up to `max` messages, oldest first. Empty if none waits.
    ///
    /// # Errors
    /// The group was destroyed.
    pub fn receive(&self, max: usize) -> Result<Vec<Message>, BadHandle> {
        let mut out = Vec::new();
        self.receive_into(&mut out, max).map(|_| out)
    }

    /// Moves up to `max` messages to the end of `out`, oldest first. Returns how many.
    ///
    /// # Errors
    /// The group was destroyed.
    pub fn receive_into(&self, out: &mut Vec<Message>, max: usize) -> Result<usize, BadHandle> {
        if self.group.is_closed() {
            return Err(BadHandle);
        }
        Ok(self.group.receive(out, max))
    }

    /// Destroys the group. Its connections stay open and keep their messages.
    ///
    /// # Errors
    /// The group was destroyed before.
    pub fn destroy(&self) -> Result<(), BadHandle> {
        lock(&self.shared.groups).remove(self.group.id).ok_or(BadHandle)?;
        // Nobody joins from now on, so that after a visit of all shards nobody is in it.
        self.group.close();
        for shard in self.shared.shards.iter() {
            self.shared.query(shard, |_, _| {
                for block in shard.blocks() {
                    if block.is_in(&self.group) {
                        block.set_group(None);
                    }
                }
            });
        }
        Ok(())
    }
}

impl PartialEq for PollGroup {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.group, &other.group)
    }
}

impl Eq for PollGroup {}

impl fmt::Debug for PollGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PollGroup").field("handle", &self.group.id).finish_non_exhaustive()
    }
}
