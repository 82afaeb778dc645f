//! Listening: on one port with all loops.

use super::Context;
use super::config::Options;
use crate::debug::DebugLevel;
use crate::error::ListenError;
use crate::io::IoLoop;
use crate::io::socket::Socket;
use crate::listener::{Listener, ListenerBlock};
use crate::shared::Shared;
use crate::sync::lock;
use gamesockets_crypto::cookie::ChallengeKey;
use gamesockets_endpoint::config::{ConfigKey, ConfigValue};
use gamesockets_endpoint::endpoint::LISTENERS_MAX;
use gamesockets_endpoint::types::ListenError as Refused;
use gamesockets_proto::config::ConnConfig;
use gamesockets_wire::Timestamp;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

impl Context {
    /// Listens at an address of this machine. Port 0 has the system choose one, see [`Listener::local_addr`]. `[::]`
    /// stands for all addresses, those of IPv4 too; where there is no IPv6, for all of IPv4.
    ///
    /// # Errors
    /// See [`ListenError`].
    pub fn listen(&self, address: SocketAddr) -> Result<Listener, ListenError> {
        self.listen_with(address, &[])
    }

    /// Listens with settings that connections coming in inherit.
    ///
    /// # Errors
    /// See [`ListenError`].
    pub fn listen_with(
        &self,
        address: SocketAddr,
        options: &[(ConfigKey, ConfigValue)],
    ) -> Result<Listener, ListenError> {
        let shared = &self.shared;
        let config = Arc::new(shared.try_listener_options(options)?);
        let bind_error = |source| ListenError::Bind { address, source };
        // All of them before the first is read: from then on the system deals datagrams out in a way that stays.
        let sockets = Socket::bind_for(address, shared.shards.len()).map_err(bind_error)?;
        let mut opening = Opening::new(shared, address, options, config, sockets);
        shared.everywhere(|io, now| opening.open(io, now));
        let block = opening.made;
        if let Some(error) = opening.error {
            if let Some(block) = block {
                shared.close_listener(&block);
            }
            return Err(error);
        }
        block.map(|block| Listener { shared: shared.clone(), block }).ok_or(ListenError::ShutDown)
    }
}

/// A listen socket that is being opened in one shard after the other.
struct Opening<'a> {
    shared: &'a Shared,
    address: SocketAddr,
    options: &'a Options,
    config: Arc<ConnConfig>,
    /// By number of the shard.
    sockets: BTreeMap<usize, Socket>,
    local: SocketAddr,
    /// The same for all, so that it does not matter who answers a challenge.
    challenge: [u8; 16],
    made: Option<Arc<ListenerBlock>>,
    error: Option<ListenError>,
}

impl<'a> Opening<'a> {
    fn new(
        shared: &'a Shared,
        address: SocketAddr,
        options: &'a Options,
        config: Arc<ConnConfig>,
        sockets: Vec<Socket>,
    ) -> Self {
        let local = sockets.first().and_then(|socket| socket.local().ok()).unwrap_or(address);
        // A single one serves the shard that has least to do.
        let alone = sockets.len() == 1;
        let first = if alone { shared.shards.least_loaded().number } else { 0 };
        let challenge = lock(&shared.authentication).challenges.array();
        let sockets = (first..).zip(sockets).collect();
        Self { shared, address, options, config, sockets, local, challenge, made: None, error: None }
    }

    /// Opens it in one shard, unless something went wrong before.
    fn open(&mut self, io: &mut IoLoop, now: Timestamp) {
        if self.error.is_none()
            && let Err(error) = self.try_open(io, now)
        {
            self.error = Some(error);
        }
    }

    fn try_open(&mut self, io: &mut IoLoop, now: Timestamp) -> Result<(), ListenError> {
        if self.shared.is_stopping() {
            return Err(ListenError::ShutDown);
        }
        // First the handle, which connections that come in ask for.
        let block = match &self.made {
            Some(block) => block.clone(),
            None => self.register()?,
        };
        let Some(socket) = self.sockets.remove(&io.number) else { return Ok(()) };
        let (address, local, abilities) = (self.address, self.local, socket.abilities());
        let socket = io.sockets.add(socket).map_err(|source| ListenError::Bind { address, source })?;
        let challenge = ChallengeKey::from_bytes(self.challenge);
        match io.endpoint.listen_with(now, socket, local, self.config.clone(), challenge) {
            Ok(id) => io.listeners.insert(id, block.id),
            Err(e) => {
                io.sockets.remove(socket);
                return Err(e.into());
            }
        };
        let debug = &self.shared.debug;
        io.after.lines.push(debug, DebugLevel::Msg, || format!("listening at {local} ({abilities})"));
        Ok(())
    }

    fn register(&mut self) -> Result<Arc<ListenerBlock>, ListenError> {
        let full = |_| ListenError::Refused(Refused::TooMany(LISTENERS_MAX));
        let mut listeners = lock(&self.shared.listeners);
        let id = listeners.insert_with(|id| Arc::new(ListenerBlock::new(id, self.local))).map_err(full)?;
        let block = listeners.get(id).cloned().ok_or(ListenError::ShutDown)?;
        drop(listeners);
        // Tried before, and handles are unique.
        let _ = lock(&self.shared.config).add_listener(id.to_raw(), self.options);
        self.made = Some(block.clone());
        Ok(block)
    }
}
