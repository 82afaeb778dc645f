//! Listen sockets.

use crate::after::After;
#[cfg(feature = "async")]
use crate::block::Block;
use crate::context::config::Options;
use crate::shared::Shared;
use crate::sync::lock;
use gamesockets_endpoint::config::{
    ConfigKey, ConfigValue, GetError, GetValue, OptionError, Scope, SetError,
};
use gamesockets_endpoint::slab::ListenerId;
use gamesockets_endpoint::types::BadHandle;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What is kept about a listen socket outside the loop.
#[derive(Debug)]
pub(crate) struct ListenerBlock {
    pub(crate) id: ListenerId,
    pub(crate) local: SocketAddr,
    closed: AtomicBool,
    #[cfg(feature = "async")]
    pub(crate) backlog: crate::asynchronous::Backlog,
}

impl ListenerBlock {
    pub(crate) fn new(id: ListenerId, local: SocketAddr) -> Self {
        Self {
            id,
            local,
            closed: AtomicBool::new(false),
            #[cfg(feature = "async")]
            backlog: crate::asynchronous::Backlog::default(),
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    #[cfg(feature = "async")]
    pub(crate) fn offer(
        &self,
        block: &Arc<Block>,
        after: &mut After,
        unwanted: &mut Vec<Arc<Block>>,
    ) -> bool {
        self.backlog.offer(block, after, unwanted)
    }

    #[cfg_attr(
        not(feature = "async"),
        allow(unused_variables, clippy::needless_pass_by_ref_mut, reason = "wakers")
    )]
    pub(crate) fn close(&self, after: &mut After) {
        self.closed.store(true, Ordering::SeqCst);
        #[cfg(feature = "async")]
        self.backlog.close(after);
    }
}

/// A listen socket: peers connect to its address.
///
/// Dropping this object does not close the listen socket; [`close`](Self::close) does, and so does the end of the
/// context. Clones name the same listen socket.
///
/// ```
/// use gamesockets::Context;
///
/// let context = Context::new()?;
/// let listener = context.listen("127.0.0.1:0".parse()?)?;
/// println!("listening at {}", listener.local_addr());
/// listener.close()?;
/// assert!(listener.close().is_err(), "a closed handle is recognised");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Listener {
    pub(crate) shared: Arc<Shared>,
    pub(crate) block: Arc<ListenerBlock>,
}

impl Listener {
    /// The handle: a number for tables, other languages and logs.
    pub fn handle(&self) -> ListenerId {
        self.block.id
    }

    /// The address it is bound to, with the port that the system chose if 0 was asked for. `[::]` and `0.0.0.0` stand
    /// for every address of the machine.
    pub fn local_addr(&self) -> SocketAddr {
        self.block.local
    }

    /// Whether the handle still names a listen socket.
    pub fn is_open(&self) -> bool {
        !self.block.is_closed()
    }

    /// Stops listening. All connections that came in through it are destroyed at once; their peers are not told, and
    /// find out by time-out or when they next send. Close the connections first to say goodbye.
    ///
    /// # Errors
    /// It was closed before.
    pub fn close(&self) -> Result<(), BadHandle> {
        if self.shared.close_listener(&self.block) { Ok(()) } else { Err(BadHandle) }
    }

    /// A configuration value as it counts for connections that come in.
    ///
    /// # Errors
    /// See [`GetError`].
    pub fn config(&self, key: ConfigKey) -> Result<GetValue, GetError> {
        lock(&self.shared.config).get(self.scope(), key)
    }

    /// Sets a configuration value for the connections of this listen socket, or takes it back to the inherited one.
    ///
    /// # Errors
    /// See [`SetError`].
    pub fn set_config(&self, key: ConfigKey, value: Option<ConfigValue>) -> Result<(), SetError> {
        self.shared.set_config(self.scope(), key, value.as_ref())
    }

    /// Sets several values, or none of them.
    ///
    /// # Errors
    /// See [`OptionError`].
    pub fn set_config_all(&self, options: &Options) -> Result<(), OptionError> {
        self.shared.set_config_all(self.scope(), options)
    }

    fn scope(&self) -> Scope {
        Scope::ListenSocket(self.block.id.to_raw())
    }
}

impl Shared {
    /// Closes a listen socket in all shards. Returns whether it was open.
    pub(crate) fn close_listener(&self, block: &ListenerBlock) -> bool {
        let mut open = None;
        self.everywhere(|io, _| {
            let open = *open.get_or_insert_with(|| lock(&self.listeners).remove(block.id).is_some());
            if open {
                block.close(&mut io.after);
                io.close_listener(block.id);
            }
        });
        let open = open.unwrap_or(false);
        if open {
            lock(&self.config).remove_listener(block.id.to_raw());
        }
        open
    }
}

impl PartialEq for Listener {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.block, &other.block)
    }
}

impl Eq for Listener {}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener")
            .field("handle", &self.block.id)
            .field("local_addr", &self.block.local)
            .finish_non_exhaustive()
    }
}
