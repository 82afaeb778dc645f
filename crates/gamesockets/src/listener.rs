//! Listen sockets.

use crate::after::After;
use crate::backlog::Backlog;
use crate::connection::Connection;
use crate::context::config::Options;
use crate::shared::Shared;
use crate::sync::lock;
use gamesockets_endpoint::config::{
    ConfigKey, ConfigValue, GetError, GetValue, OptionError, Scope, SetError,
};
use gamesockets_endpoint::slab::ListenerId;
use gamesockets_endpoint::types::BadHandle;
use gamesockets_proto::connection::ConnectionState;
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
    pub(crate) backlog: Backlog,
}

impl ListenerBlock {
    pub(crate) fn new(id: ListenerId, local: SocketAddr) -> Self {
        Self { id, local, closed: AtomicBool::new(false), backlog: Backlog::default() }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    pub(crate) fn close(&self, after: &mut After) {
        self.closed.store(true, Ordering::SeqCst);
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

    /// From now on connections that come in are fetched with [`next_incoming`](Self::next_incoming), those that wait
    /// already included, and no events tell of them: for layers that serve a listen socket in a context whose events
    /// others look at. Those that nobody fetches are closed when too many wait.
    ///
    /// ```
    /// use gamesockets::{ConnectionState, Context};
    ///
    /// let context = Context::new()?;
    /// let listener = context.listen("127.0.0.1:0".parse()?)?;
    /// listener.keep_incoming();
    /// let client = context.connect(listener.local_addr())?;
    /// let server = loop {
    ///     if let Some(connection) = listener.next_incoming() {
    ///         break connection;
    ///     }
    ///     std::thread::sleep(std::time::Duration::from_millis(1));
    /// };
    /// server.accept()?;
    /// assert!(listener.next_incoming().is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn keep_incoming(&self) {
        // With each loop at rest: whoever came before is found, whoever comes later finds that they are kept.
        self.shared.everywhere(|io, _| {
            self.block.backlog.keep();
            for block in self.shared.shards.get(io.number).blocks() {
                let mine = block.listener == Some(self.block.id) && !block.quiet.load(Ordering::Relaxed);
                if mine && block.state() == ConnectionState::Connecting {
                    self.shared.silence(&block);
                    self.block.backlog.push(block);
                }
            }
        });
    }

    /// The connection that waits longest to be accepted or closed. It may have ended meanwhile.
    pub fn next_incoming(&self) -> Option<Connection> {
        self.block.backlog.pop().map(|block| Connection::new(&self.shared, block))
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
