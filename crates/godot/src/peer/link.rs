//! A connection to another peer.

use super::limits::{CHANNELS_MAX, PACKET_BYTES_MAX};
use super::outgoing::Outgoing;
use super::packet::{Assembly, HEADER_BYTES_MAX, Total, lanes_for};
use gamesockets::config::ConfigKey;
use gamesockets::{Connection, LaneConfig, SendError};
use std::time::Instant;

/// Why a packet was not taken.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum PutError {
    #[error("there is no peer {0}")]
    NoPeer(i32),
    #[error("the packet has {0} bytes; at most {PACKET_BYTES_MAX} are possible, and at least one")]
    Size(usize),
    #[error("{0} bytes do not fit behind what waits for peer {1} already; send less or wait")]
    Full(usize, i32),
    #[error("sending to peer {0} failed: {1}")]
    Send(i32, String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// We said hello, or wait for it.
    Greeting,
    /// We said welcome.
    Welcomed,
    Open,
}

/// A connection to another peer.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) connection: Connection,
    /// We made it.
    pub(super) outgoing: bool,
    pub(super) phase: Phase,
    /// The peer's unique id, or the one that is expected; 0 unknown.
    pub(super) id: i32,
    pub(super) since: Instant,
    /// When its end was seen.
    pub(super) over: Option<Instant>,
    pub(super) assembly: Assembly,
    /// Its packets that the game has not read yet.
    pub(super) unread: usize,
    /// Lanes configured so far.
    lanes: usize,
}

impl Link {
    pub(super) fn new(connection: Connection, outgoing: bool, id: i32, total: &Total) -> Self {
        Self {
            connection,
            outgoing,
            phase: Phase::Greeting,
            id,
            since: Instant::now(),
            over: None,
            assembly: Assembly::new(total),
            unread: 0,
            lanes: 1,
        }
    }

    /// Sends a packet: all of it or nothing.
    pub(super) fn put(&mut self, packet: &Outgoing) -> Result<(), PutError> {
        if self.connection.ended().is_some() {
            // The next poll tells of it; until then nobody can know.
            return Ok(());
        }
        self.prepare(packet)?;
        for message in packet.messages() {
            self.connection.send_owned(message.clone(), packet.flags, packet.lane).map_err(
                |why| match why {
                    SendError::LimitExceeded { .. } => PutError::Full(packet.bytes, self.id),
                    why => self.failed(&why),
                },
            )?;
        }
        Ok(())
    }

    /// Sees to the lanes, and that there is room for several messages.
    fn prepare(&mut self, packet: &Outgoing) -> Result<(), PutError> {
        let lanes = lanes_for(packet.channel);
        if self.lanes < lanes {
            debug_assert!(packet.channel < CHANNELS_MAX);
            let config = vec![LaneConfig { priority: 0, weight: 1 }; lanes];
            self.connection.configure_lanes(&config).map_err(|why| self.failed(&why))?;
            self.lanes = lanes;
        }
        if packet.count() > 1 {
            let status = self.connection.status().map_err(|why| self.failed(&why))?;
            let most = self.connection.config(ConfigKey::SendBufferSize).map_err(|why| self.failed(&why))?;
            let most = most.value.as_i32().and_then(|most| usize::try_from(most).ok()).unwrap_or(0);
            let waiting = status.pending_reliable as usize + status.pending_unreliable as usize;
            if waiting + packet.bytes + packet.count() * HEADER_BYTES_MAX > most {
                return Err(PutError::Full(packet.bytes, self.id));
            }
        }
        Ok(())
    }

    fn failed(&self, why: &dyn ToString) -> PutError {
        PutError::Send(self.id, why.to_string())
    }
}
