//! Where the application puts messages: numbered and framed at once, handed to the engine in one go.
//!
//! An outbox is filled on any thread under a small lock; the engine takes everything staged with
//! [`Sender::absorb`](super::Sender::absorb). Numbers and stream positions are decided here, so that the caller gets
//! the message number without waiting for the engine.

use crate::limits::{LANES_MAX, UNRELIABLE_BYTES_MAX};
use crate::message::{SendError, SendFlags};
use crate::util::rope::Piece;
use alloc::vec::Vec;
use bytes::Bytes;
use gamesockets_wire::snp::stream::put_message_header;
use gamesockets_wire::time::Timestamp;

/// Messages up to this size are copied behind each other; larger owned ones keep their buffer.
const COPY_BYTES_MAX: usize = 4096;
/// Data that would wait longer than this makes a no-delay message be dropped, microseconds (semantics: send flags).
const NO_DELAY_QUEUE_US: u64 = 200_000;

/// What one run of the send queue holds, in the order of the messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Run {
    /// Reliable bytes up to this stream position.
    Reliable { end: u64 },
    /// One unreliable message: its number, and where its bytes end among the lane's unreliable bytes.
    Unreliable { number: u64, end: u64 },
}

/// A run and the time until which it may wait for more data (protocol.md §3.12).
#[derive(Clone, Copy, Debug)]
pub(super) struct Queued {
    pub(super) run: Run,
    /// Microseconds; 0 once it need not wait.
    pub(super) hold_until: u64,
}

/// Bytes on their way: small messages copied behind each other, large owned ones as they are.
#[derive(Debug, Default)]
pub(super) struct Staging {
    done: Vec<Piece>,
    tail: Vec<u8>,
}

impl Staging {
    const fn new() -> Self {
        Self { done: Vec::new(), tail: Vec::new() }
    }

    fn push_owned(&mut self, data: Bytes) {
        if !self.tail.is_empty() {
            self.done.push(Piece::Copied(core::mem::take(&mut self.tail)));
        }
        self.done.push(Piece::Owned(data));
    }

    /// Everything staged, in order; the staging is empty afterwards.
    pub(super) fn take(&mut self) -> impl Iterator<Item = Piece> {
        let tail = core::mem::take(&mut self.tail);
        core::mem::take(&mut self.done).into_iter().chain(core::iter::once(Piece::Copied(tail)))
    }
}

/// A message's bytes, and whether we may keep the buffer.
enum Body<'a> {
    Copy(&'a [u8]),
    Owned(Bytes),
}

impl Body<'_> {
    const fn len(&self) -> usize {
        match self {
            Self::Copy(b) => b.len(),
            Self::Owned(b) => b.len(),
        }
    }
}

/// Staged data and numbering of one lane.
#[derive(Debug)]
pub(super) struct OutLane {
    next_number: u64,
    last_reliable: u64,
    stream_end: u64,
    datagram_end: u64,
    pub(super) runs: Vec<Queued>,
    pub(super) stream: Staging,
    pub(super) datagrams: Staging,
    pub(super) staged_reliable: u64,
    pub(super) staged_unreliable: u64,
}

impl OutLane {
    const fn new() -> Self {
        Self {
            next_number: 1,
            last_reliable: 0,
            stream_end: 1,
            datagram_end: 0,
            runs: Vec::new(),
            stream: Staging::new(),
            datagrams: Staging::new(),
            staged_reliable: 0,
            staged_unreliable: 0,
        }
    }

    fn stage(&mut self, body: Body<'_>, reliable: bool, hold_until: u64) -> u64 {
        let number = self.next_number;
        self.next_number += 1;
        let len = body.len() as u64;
        let staging = if reliable { &mut self.stream } else { &mut self.datagrams };
        let mut framed = len;
        if reliable {
            let before = staging.tail.len();
            put_message_header(&mut staging.tail, number - self.last_reliable, len);
            framed += (staging.tail.len() - before) as u64;
        }
        match body {
            Body::Copy(b) => staging.tail.extend_from_slice(b),
            Body::Owned(b) => staging.push_owned(b),
        }
        if reliable {
            self.last_reliable = number;
            self.stream_end += framed;
            self.staged_reliable += framed;
            let end = self.stream_end;
            if let Some(Queued { run: Run::Reliable { end: e }, hold_until: h }) = self.runs.last_mut() {
                *e = end;
                *h = (*h).min(hold_until);
            } else {
                self.runs.push(Queued { run: Run::Reliable { end }, hold_until });
            }
        } else {
            self.datagram_end += len;
            self.staged_unreliable += len;
            let run = Run::Unreliable { number, end: self.datagram_end };
            self.runs.push(Queued { run, hold_until });
        }
        number
    }
}

/// What the connection's settings and state say about sending right now.
#[derive(Clone, Copy, Debug)]
pub struct SendLimits {
    /// Largest message, bytes.
    pub message_bytes_max: usize,
    /// Largest sum of waiting bytes.
    pub buffer_bytes_max: u64,
    /// How long a small message may wait for company, microseconds.
    pub nagle_us: u64,
    /// Whether the connection is established.
    pub connected: bool,
    /// Bytes that wait inside the engine already.
    pub engine_pending: u64,
    /// Present send rate, bytes per second; 0 if unknown.
    pub rate: u64,
}

/// Messages of one connection on their way to the engine.
#[derive(Debug)]
pub struct Outbox {
    /// The first one is made when something is sent.
    pub(super) lanes: Vec<OutLane>,
    staged_bytes: u64,
    /// When the oldest message staged here came.
    staged_since: Option<Timestamp>,
    release: bool,
}

impl Default for Outbox {
    fn default() -> Self {
        Self::new()
    }
}

impl Outbox {
    /// An empty outbox with one lane.
    pub const fn new() -> Self {
        Self { lanes: Vec::new(), staged_bytes: 0, staged_since: None, release: false }
    }

    /// How many lanes messages may be sent on.
    pub fn lane_count(&self) -> usize {
        self.lanes.len().max(1)
    }

    /// Allows lanes up to `count` (at most 255); never fewer than now.
    pub fn grow_lanes(&mut self, count: usize) {
        let count = count.min(LANES_MAX);
        if count > self.lanes.len() {
            self.lanes.resize_with(count, OutLane::new);
        }
    }

    /// Bytes of messages staged here; an empty message counts as one.
    pub const fn staged_bytes(&self) -> u64 {
        self.staged_bytes
    }

    /// When the oldest message staged here was sent. Sending with this time instead of the present one saves reading
    /// the clock; messages then wait for company no longer than the oldest one does.
    pub const fn staged_since(&self) -> Option<Timestamp> {
        self.staged_since
    }

    /// Whether there is something for the engine to take.
    pub const fn is_dirty(&self) -> bool {
        self.release || self.staged_bytes > 0
    }

    /// Stages a copy of `data`. Returns the message's number on its lane.
    ///
    /// # Errors
    /// The reason why nothing was staged; see [`SendError`].
    pub fn send(
        &mut self,
        now: Timestamp,
        data: &[u8],
        flags: SendFlags,
        lane: u16,
        limits: &SendLimits,
    ) -> Result<u64, SendError> {
        self.stage(now, Body::Copy(data), flags, lane, limits)
    }

    /// Stages `data` without copying it where that pays. Returns the message's number on its lane.
    ///
    /// # Errors
    /// The reason why nothing was staged; see [`SendError`].
    pub fn send_owned(
        &mut self,
        now: Timestamp,
        data: Bytes,
        flags: SendFlags,
        lane: u16,
        limits: &SendLimits,
    ) -> Result<u64, SendError> {
        if data.len() <= COPY_BYTES_MAX {
            return self.stage(now, Body::Copy(&data), flags, lane, limits);
        }
        self.stage(now, Body::Owned(data), flags, lane, limits)
    }

    /// Lets everything staged, and everything the engine holds already, go without waiting for company.
    pub const fn flush(&mut self) {
        self.release = true;
    }

    /// Whether a flush was asked for since the last call; clears the mark.
    pub(super) const fn take_release(&mut self) -> bool {
        core::mem::replace(&mut self.release, false)
    }

    pub(super) const fn mark_absorbed(&mut self) {
        self.staged_bytes = 0;
        self.staged_since = None;
    }

    fn stage(
        &mut self,
        now: Timestamp,
        body: Body<'_>,
        flags: SendFlags,
        lane: u16,
        limits: &SendLimits,
    ) -> Result<u64, SendError> {
        let size = body.len();
        self.check(size, flags, limits)?;
        let lanes = self.lane_count() as u16;
        if self.lanes.is_empty() {
            self.lanes.push(OutLane::new());
        }
        let out = self.lanes.get_mut(usize::from(lane)).ok_or(SendError::BadLane { lane, lanes })?;
        let no_nagle = flags.contains(SendFlags::NO_NAGLE);
        let hold_until = if no_nagle { 0 } else { now.as_micros().saturating_add(limits.nagle_us) };
        let reliable = flags.contains(SendFlags::RELIABLE) || size > UNRELIABLE_BYTES_MAX;
        let number = out.stage(body, reliable, hold_until);
        self.release |= no_nagle;
        self.staged_bytes += (size as u64).max(1);
        self.staged_since.get_or_insert(now);
        Ok(number)
    }

    fn check(&self, size: usize, flags: SendFlags, limits: &SendLimits) -> Result<(), SendError> {
        if size > limits.message_bytes_max {
            return Err(SendError::TooBig { size, limit: limits.message_bytes_max });
        }
        let pending = self.staged_bytes.saturating_add(limits.engine_pending);
        if flags.contains(SendFlags::NO_DELAY) {
            let wait_us = pending.saturating_mul(1_000_000).checked_div(limits.rate).unwrap_or(0);
            let late = wait_us > NO_DELAY_QUEUE_US && !flags.contains(SendFlags::RELIABLE);
            if !limits.connected || late {
                return Err(SendError::Ignored);
            }
        }
        if pending.saturating_add(size as u64) > limits.buffer_bytes_max {
            return Err(SendError::LimitExceeded { pending, size, limit: limits.buffer_bytes_max });
        }
        Ok(())
    }
}
