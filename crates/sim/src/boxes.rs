//! How a driver with threads sends and reads: messages are staged in an outbox that the loop takes over in one go, and
//! wait in an inbox that the application empties without the loop.

use crate::trace::{Broken, Check, FlowId, rule};
use core::sync::atomic::Ordering::Relaxed;
use gamesockets_endpoint::endpoint::Endpoint;
use gamesockets_endpoint::slab::ConnId;
use gamesockets_proto::config::ConnConfig;
use gamesockets_proto::limits::MESSAGE_BYTES_MAX;
use gamesockets_proto::message::{Message, SendError, SendFlags};
use gamesockets_proto::snp::send::{Outbox, SendLimits};
use gamesockets_wire::time::Timestamp;
use std::collections::{BTreeMap, VecDeque};

/// What one connection has outside its endpoint.
#[derive(Debug, Default)]
struct Block {
    outbox: Outbox,
    inbox: VecDeque<Message>,
}

/// Outboxes and inboxes of a host's connections.
#[derive(Debug, Default)]
pub(crate) struct Boxes {
    blocks: BTreeMap<ConnId, Block>,
}

impl Boxes {
    /// Stages a message. Every second one gives its buffer away.
    pub(crate) fn send(
        &mut self,
        endpoint: &Endpoint,
        now: Timestamp,
        (conn, connected): (ConnId, bool),
        config: &ConnConfig,
        data: Vec<u8>,
        (flags, lane): (SendFlags, u16),
    ) -> Result<u64, SendError> {
        let gauges = endpoint.gauges(conn).map_err(|_| SendError::NoConnection)?;
        let limits = SendLimits {
            message_bytes_max: MESSAGE_BYTES_MAX,
            buffer_bytes_max: config.send_buffer_size as u64,
            nagle_us: config.nagle_us as u64,
            connected,
            engine_pending: gauges.send_pending.load(Relaxed),
            rate: u64::from(gauges.send_rate.load(Relaxed)),
        };
        let outbox = &mut self.blocks.entry(conn).or_default().outbox;
        if data.len().is_multiple_of(2) {
            outbox.send(now, &data, flags, lane, &limits)
        } else {
            outbox.send_owned(now, data.into(), flags, lane, &limits)
        }
    }

    /// The connection has so many lanes now.
    pub(crate) fn grow_lanes(&mut self, conn: ConnId, lanes: usize) {
        self.blocks.entry(conn).or_default().outbox.grow_lanes(lanes);
    }

    /// The loop takes over what is staged for one connection.
    pub(crate) fn absorb(&mut self, endpoint: &mut Endpoint, conn: ConnId) {
        if let Some(block) = self.blocks.get_mut(&conn).filter(|b| b.outbox.is_dirty()) {
            endpoint.absorb(conn, &mut block.outbox);
        }
    }

    /// The loop takes over everything that is staged.
    pub(crate) fn absorb_all(&mut self, endpoint: &mut Endpoint) {
        for (conn, block) in &mut self.blocks {
            if block.outbox.is_dirty() {
                endpoint.absorb(*conn, &mut block.outbox);
            }
        }
    }

    /// The loop hands over what arrived.
    pub(crate) fn collect(&mut self, endpoint: &mut Endpoint, conn: ConnId) {
        let mut arrived = Vec::new();
        if endpoint.take_messages(conn, &mut arrived) {
            self.blocks.entry(conn).or_default().inbox.extend(arrived);
        }
    }

    /// The application reads.
    pub(crate) fn receive(&mut self, endpoint: &Endpoint, conn: ConnId, max: usize) -> Vec<Message> {
        let Some(block) = self.blocks.get_mut(&conn) else { return Vec::new() };
        let n = block.inbox.len().min(max);
        let read: Vec<Message> = block.inbox.drain(..n).collect();
        if let Ok(gauges) = endpoint.gauges(conn) {
            gauges.on_read(read.len() as u32, read.iter().map(|m| m.payload.len() as u64).sum());
        }
        read
    }

    /// The handle is dead.
    pub(crate) fn forget(&mut self, conn: ConnId) {
        self.blocks.remove(&conn);
    }

    /// What waits in the inbox must be what the gauges count.
    pub(crate) fn check(&self, conn: ConnId, flow: FlowId, messages: u32) -> Check {
        let waiting = self.blocks.get(&conn).map_or(0, |b| b.inbox.len());
        rule!(messages as usize == waiting, "{flow} counts {messages} unread messages, {waiting} wait");
        Ok::<(), Broken>(())
    }
}
