//! In-process pipes: a message is in the other end's queue when the call that sends it returns.

use super::send::sendable;
use crate::block::{Block, PIPE_MESSAGE_BYTES_MAX};
use crate::error::SendError;
use crate::shared::Shared;
use crate::sync::lock;
use bytes::Bytes;
use gamesockets_endpoint::types::BadHandle;
use gamesockets_proto::message::{Message as Arrived, SendFlags};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Weak};

/// Most bytes that wait at one end of a pipe: its limits for receiving as they are reported.
const PIPE_BYTES_MAX: u64 = PIPE_MESSAGE_BYTES_MAX as u64;

/// Hands `payload` over to the other end, without copying it.
pub(super) fn send(
    shared: &Shared,
    block: &Arc<Block>,
    payload: Bytes,
    flags: SendFlags,
    lane: u16,
) -> Result<u64, SendError> {
    let other = block.other_end.get().and_then(Weak::upgrade).ok_or(BadHandle)?;
    let (result, after) = {
        // The loop's lock: both ends live in one shard, and whoever holds it delivers.
        let mut io = shared.shard_of(block).io.enter();
        let number = number(block, &other, payload.len(), lane)?;
        let reliable = flags.contains(SendFlags::RELIABLE);
        other.gauges.on_arrived(1, payload.len() as u64);
        let received_at = crate::clock::now();
        other.deliver(&mut vec![Arrived { payload, number, lane, reliable, received_at }]);
        io.delivered = true;
        io.after.notify(&other);
        (Ok(number), io.after.take())
    };
    after.run(&shared.debug);
    result
}

/// The next number of a lane, if a message of this size can be handed over.
fn number(block: &Block, other: &Block, size: usize, lane: u16) -> Result<u64, SendError> {
    let lanes = {
        let outbox = lock(&block.outbox);
        sendable(block)?;
        outbox.lane_count()
    };
    if size > PIPE_MESSAGE_BYTES_MAX {
        return Err(SendError::TooBig { size, limit: PIPE_MESSAGE_BYTES_MAX });
    }
    let pending = other.gauges.recv_bytes.load(Relaxed);
    let full = other.gauges.recv_messages.load(Relaxed) as usize >= PIPE_MESSAGE_BYTES_MAX;
    if full || pending.saturating_add(size as u64) > PIPE_BYTES_MAX {
        return Err(SendError::LimitExceeded { pending, size, limit: PIPE_BYTES_MAX });
    }
    let mut piped = lock(&block.piped);
    if piped.len() < lanes {
        piped.resize(lanes, 0);
    }
    let count = piped.get_mut(usize::from(lane)).ok_or(SendError::BadLane { lane, lanes: lanes as u16 })?;
    *count += 1;
    Ok(*count)
}
