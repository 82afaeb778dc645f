//! Connecting, and pairs of connections.

use super::Context;
use super::config::Options;
use crate::block::Block;
use crate::connection::Connection;
use crate::debug::DebugLevel;
use crate::error::ConnectError;
use crate::io::collect::local_text;
use crate::io::socket::Socket;
use crate::io::{IoLoop, NO_SOCKET};
use gamesockets_endpoint::config::{ConfigKey, ConfigValue};
use gamesockets_endpoint::slab::ConnId;
use gamesockets_endpoint::types::{ConnectError as Refused, SocketId};
use gamesockets_proto::config::ConnConfig;
use gamesockets_wire::Identity;
use gamesockets_wire::addr::canonical;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

/// What is between the ends of a socket pair.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum SocketPairKind {
    /// Nothing: messages are handed over inside the process, without loss, delay or encryption.
    Memory,
    /// Two sockets of this machine: everything is as over a network, the simulated faults included.
    Network,
}

/// Limits of an in-process pipe: practically none.
const PIPE_LIMIT: ConfigValue = ConfigValue::Int32(0x1000_0000);
/// Settings that make a pipe of a connection.
const PIPE_OPTIONS: &Options = &[
    (ConfigKey::Unencrypted, ConfigValue::Int32(3)),
    (ConfigKey::SendRateMin, PIPE_LIMIT),
    (ConfigKey::SendRateMax, PIPE_LIMIT),
    (ConfigKey::SendBufferSize, PIPE_LIMIT),
    (ConfigKey::RecvBufferSize, PIPE_LIMIT),
    (ConfigKey::RecvBufferMessages, PIPE_LIMIT),
    (ConfigKey::RecvMaxMessageSize, PIPE_LIMIT),
    (ConfigKey::NagleTime, ConfigValue::Int32(0)),
];

impl Context {
    /// Starts connecting to a listen socket. Watch for the events of the connection, or for its state; messages sent
    /// meanwhile wait.
    ///
    /// # Errors
    /// See [`ConnectError`].
    pub fn connect(&self, address: SocketAddr) -> Result<Connection, ConnectError> {
        self.connect_with(address, &[])
    }

    /// Starts connecting, with settings of the connection.
    ///
    /// # Errors
    /// See [`ConnectError`].
    pub fn connect_with(
        &self,
        address: SocketAddr,
        options: &[(ConfigKey, ConfigValue)],
    ) -> Result<Connection, ConnectError> {
        let (shared, to) = (&self.shared, canonical(address));
        if to.port() == 0 {
            return Err(Refused::NoPort.into());
        }
        let config = shared.try_connection_options(options)?;
        let socket_error = |source| ConnectError::Socket { to, source };
        let socket = Socket::bind_towards(to).map_err(socket_error)?;
        shared.command(shared.shards.least_loaded(), |io, now| {
            if shared.is_stopping() {
                return Err(ConnectError::ShutDown);
            }
            let socket = io.sockets.add(socket).map_err(socket_error)?;
            match io.endpoint.connect(now, socket, to, Arc::new(config)) {
                Ok(id) => {
                    let opened = io.sockets.get(socket);
                    io.after.lines.push(&shared.debug, DebugLevel::Debug, || {
                        format!("socket {} opened for {to}", opened.map(local_text).unwrap_or_default())
                    });
                    self.adopt(io, id, &config, options, false)
                }
                Err(e) => {
                    io.sockets.remove(socket);
                    Err(e.into())
                }
            }
        })
    }

    /// Makes the shared block of a connection that was made here.
    fn adopt(
        &self,
        io: &IoLoop,
        id: ConnId,
        config: &ConnConfig,
        options: &Options,
        pipe: bool,
    ) -> Result<Connection, ConnectError> {
        // It was made just now, with the loop locked all the time.
        let gone = |_| ConnectError::Refused(Refused::TooMany(0));
        let gauges = io.endpoint.gauges(id).map_err(gone)?;
        let info = io.endpoint.info(id).map_err(gone)?;
        let place = self.shared.shards.place(io.number, id);
        let block = Arc::new(Block::new(place, None, gauges, info, config, pipe));
        self.shared.keep_connection_options(place.handle, options);
        self.shared.read_status_callback(&block);
        self.shared.shard_of(&block).add_block(&block);
        Ok(Connection::new(&self.shared, block))
    }

    /// Two connections that are connected with each other. `identities[n]` is who connection n sees as its peer. Their
    /// making posts no events; both have to be closed.
    ///
    /// # Errors
    /// See [`ConnectError`].
    pub fn socket_pair(
        &self,
        kind: SocketPairKind,
        identities: [Identity; 2],
    ) -> Result<(Connection, Connection), ConnectError> {
        let (shared, pipe) = (&self.shared, kind == SocketPairKind::Memory);
        let options = if pipe { PIPE_OPTIONS } else { &[] };
        let config = shared.try_connection_options(options)?;
        let to = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let socket_error = |source| ConnectError::Socket { to, source };
        let sockets = if pipe {
            None
        } else {
            Some((Socket::bind(to).map_err(socket_error)?, Socket::bind(to).map_err(socket_error)?))
        };
        shared.command(shared.shards.least_loaded(), |io, now| {
            if shared.is_stopping() {
                return Err(ConnectError::ShutDown);
            }
            let made = match sockets {
                None => io.endpoint.create_pair_memory(now, identities, &config),
                Some((a, b)) => {
                    let addresses = [a.local().map_err(socket_error)?, b.local().map_err(socket_error)?];
                    let ids = add_both(io, a, b).map_err(socket_error)?;
                    let made =
                        io.endpoint.create_pair_network(now, ids, addresses, identities, &Arc::new(config));
                    if made.is_err() {
                        for id in ids {
                            io.sockets.remove(id);
                        }
                    }
                    made
                }
            };
            let [a, b] = made?;
            let a = self.adopt(io, a, &config, options, pipe)?;
            let b = self.adopt(io, b, &config, options, pipe)?;
            if pipe {
                // They were made just now: neither has another end yet.
                let _ = a.block.other_end.set(Arc::downgrade(&b.block));
                let _ = b.block.other_end.set(Arc::downgrade(&a.block));
            }
            Ok((a, b))
        })
    }
}

fn add_both(io: &mut IoLoop, a: Socket, b: Socket) -> std::io::Result<[SocketId; 2]> {
    let mut ids = [NO_SOCKET; 2];
    ids[0] = io.sockets.add(a)?;
    match io.sockets.add(b) {
        Ok(id) => ids[1] = id,
        Err(e) => {
            io.sockets.remove(ids[0]);
            return Err(e);
        }
    }
    Ok(ids)
}
