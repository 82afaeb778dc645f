//! One lane's incoming byte stream: holds what comes early, cuts messages out of what is contiguous (protocol.md §3.4, §3.14).

use super::payload::Payloads;
use super::receiver::{Budget, Inbox, RecvLimits, StreamError};
use crate::limits::{HELD_SEGMENT_OVERHEAD, HELD_SEGMENTS_MAX, NUMBER_DELTA_MAX, NUMBER_LURCH_MAX};
use crate::message::Message;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use bytes::Bytes;
use gamesockets_wire::snp::stream::{MAX_HEADER_LEN, MessageHeader, MessageHeaderReader};
use gamesockets_wire::time::Timestamp;

/// A message's buffer grows at most this far ahead of the bytes that arrived: a header alone reserves little.
const RESERVE_AHEAD_BYTES: usize = 64 * 1024;

/// Whether a segment was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    Yes,
    /// No room now: the packet must stay unacknowledged.
    Refused,
}

/// Where the cutting of the contiguous stream stands.
#[derive(Debug)]
enum Cut {
    Header { bytes: [u8; MAX_HEADER_LEN], len: usize },
    Body { number: u64, size: usize, data: Vec<u8> },
}

impl Cut {
    const fn start() -> Self {
        Self::Header { bytes: [0; MAX_HEADER_LEN], len: 0 }
    }
}

/// The receiving end of one lane's reliable stream.
#[derive(Debug)]
pub(super) struct ReliableIn {
    /// First position not yet cut.
    pos: u64,
    cut: Cut,
    last_number: u64,
    held: BTreeMap<u64, Box<[u8]>>,
    held_bytes: usize,
    /// Contiguous bytes wait for room in the inbox.
    blocked: bool,
}

/// What cutting needs from its surroundings.
pub(super) struct Ctx<'a, 'p> {
    pub(super) now: Timestamp,
    pub(super) lane: u16,
    pub(super) limits: &'a RecvLimits,
    pub(super) inbox: &'a mut Inbox,
    pub(super) budget: &'a mut Budget,
    /// Highest message number of either kind seen on the lane.
    pub(super) highest_number: &'a mut u64,
    pub(super) payloads: &'a mut Payloads<'p>,
}

impl Ctx<'_, '_> {
    /// The same surroundings for other bytes than those of the present packet.
    fn with<'b, 'q>(&'b mut self, payloads: &'b mut Payloads<'q>) -> Ctx<'b, 'q> {
        Ctx {
            now: self.now,
            lane: self.lane,
            limits: self.limits,
            inbox: self.inbox,
            budget: self.budget,
            highest_number: self.highest_number,
            payloads,
        }
    }
}

impl ReliableIn {
    pub(super) const fn new() -> Self {
        Self {
            pos: 1,
            cut: Cut::start(),
            last_number: 0,
            held: BTreeMap::new(),
            held_bytes: 0,
            blocked: false,
        }
    }

    /// The position the receiver expects next, for the expansion of short positions (protocol.md §3.3).
    pub(super) const fn expected(&self) -> u64 {
        self.pos
    }

    pub(super) const fn is_blocked(&self) -> bool {
        self.blocked
    }

    /// Whether a message arrived in part.
    pub(super) const fn is_partial(&self) -> bool {
        match &self.cut {
            Cut::Header { len, .. } => *len > 0 || self.held_bytes > 0,
            Cut::Body { .. } => true,
        }
    }

    /// Takes `data`, which starts at stream position `pos`.
    pub(super) fn on_segment(
        &mut self,
        pos: u64,
        data: &[u8],
        ctx: &mut Ctx<'_, '_>,
    ) -> Result<Taken, StreamError> {
        let Some(end) = pos.checked_add(data.len() as u64) else { return Ok(Taken::Refused) };
        if end <= self.pos || data.is_empty() {
            return Ok(Taken::Yes);
        }
        if end - self.pos > ctx.limits.ahead_bytes as u64 {
            return Ok(Taken::Refused);
        }
        if pos > self.pos || self.blocked {
            return Ok(self.hold(pos.max(self.pos), pos, data, ctx));
        }
        let fresh =
            usize::try_from(self.pos - pos).ok().and_then(|skip| data.get(skip..)).unwrap_or_default();
        let used = self.cut(fresh, ctx)?;
        let rest = fresh.get(used..).unwrap_or_default();
        if !rest.is_empty() {
            // The inbox is full: the rest waits here for room. Without room for that either it comes again.
            self.blocked = true;
            return Ok(self.hold(self.pos, self.pos, rest, ctx));
        }
        self.drain(ctx)?;
        Ok(Taken::Yes)
    }

    /// Keeps bytes that cannot be cut yet.
    fn hold(&mut self, from: u64, pos: u64, data: &[u8], ctx: &mut Ctx<'_, '_>) -> Taken {
        let fresh = usize::try_from(from - pos).ok().and_then(|skip| data.get(skip..)).unwrap_or_default();
        if let Some(there) = self.held.get(&from)
            && there.len() >= fresh.len()
        {
            return Taken::Yes;
        }
        let cost = fresh.len() + HELD_SEGMENT_OVERHEAD;
        let lane_max = ctx.limits.ahead_bytes.saturating_mul(2);
        if self.held.len() >= HELD_SEGMENTS_MAX
            || self.held_bytes + cost > lane_max
            || !ctx.budget.hold(cost, ctx.limits)
        {
            return Taken::Refused;
        }
        self.held_bytes += cost;
        if let Some(old) = self.held.insert(from, fresh.into()) {
            self.unhold(old.len(), ctx);
        }
        Taken::Yes
    }

    /// Keeps bytes that start at the present position, unless more of the same are held there already.
    fn keep(&mut self, rest: &[u8], ctx: &mut Ctx<'_, '_>) {
        if self.held.get(&self.pos).is_some_and(|there| there.len() >= rest.len()) {
            return;
        }
        self.held_bytes += rest.len() + HELD_SEGMENT_OVERHEAD;
        ctx.budget.force_hold(rest.len() + HELD_SEGMENT_OVERHEAD);
        if let Some(old) = self.held.insert(self.pos, rest.into()) {
            self.unhold(old.len(), ctx);
        }
    }

    fn unhold(&mut self, len: usize, ctx: &mut Ctx<'_, '_>) {
        self.held_bytes -= len + HELD_SEGMENT_OVERHEAD;
        ctx.budget.unhold(len + HELD_SEGMENT_OVERHEAD);
    }

    /// Cuts held segments that became contiguous.
    pub(super) fn drain(&mut self, ctx: &mut Ctx<'_, '_>) -> Result<(), StreamError> {
        self.blocked = false;
        while self.held.first_key_value().is_some_and(|(start, _)| *start <= self.pos) {
            let Some((start, data)) = self.held.pop_first() else { break };
            self.unhold(data.len(), ctx);
            let data = Bytes::from(data);
            let skip = usize::try_from(self.pos - start).unwrap_or(usize::MAX);
            let fresh = data.get(skip..).unwrap_or_default();
            let used = self.cut(fresh, &mut ctx.with(&mut Payloads::of_buffer(&data)))?;
            let rest = fresh.get(used..).unwrap_or_default();
            if !rest.is_empty() {
                // The inbox is full: what was acknowledged already stays here, whatever the budget says.
                self.keep(rest, ctx);
                self.blocked = true;
                break;
            }
        }
        Ok(())
    }

    /// Cuts messages out of contiguous bytes. Returns how many bytes were used: all, unless the inbox is full.
    fn cut(&mut self, mut bytes: &[u8], ctx: &mut Ctx<'_, '_>) -> Result<usize, StreamError> {
        let before = bytes.len();
        while !bytes.is_empty() {
            let used = match &mut self.cut {
                Cut::Header { .. } => self.cut_header(bytes, ctx)?,
                Cut::Body { .. } => self.cut_body(bytes, ctx)?,
            };
            let Some(used) = used else { break };
            self.pos += used as u64;
            bytes = bytes.get(used..).unwrap_or_default();
        }
        Ok(before - bytes.len())
    }

    fn cut_header(&mut self, bytes: &[u8], ctx: &mut Ctx<'_, '_>) -> Result<Option<usize>, StreamError> {
        let Cut::Header { bytes: kept, len } = &mut self.cut else { return Ok(None) };
        // Mostly the whole header is at hand; only a header split between segments is put together here.
        let had = *len;
        let (header, used) = if had == 0 {
            match MessageHeaderReader::decode(bytes)? {
                Some(found) => found,
                None => {
                    let n = bytes.len().min(MAX_HEADER_LEN);
                    kept.iter_mut().zip(bytes).for_each(|(k, b)| *k = *b);
                    *len = n;
                    return Ok(Some(n));
                }
            }
        } else {
            let more = bytes.len().min(MAX_HEADER_LEN - had);
            kept.iter_mut().skip(had).zip(bytes).for_each(|(k, b)| *k = *b);
            match MessageHeaderReader::decode(kept.get(..had + more).unwrap_or_default())? {
                Some((header, all)) => (header, all - had),
                None => {
                    *len = had + more;
                    return Ok(Some(more));
                }
            }
        };
        let (number, size) = self.check_header(&header, ctx)?;
        let rest = bytes.get(used..).unwrap_or_default();
        if let Some(body) = rest.get(..size) {
            if !ctx.inbox.has_room(size, ctx.limits) {
                // The header bytes stay unread, except those kept from before, which will be decoded again.
                return Ok(None);
            }
            let payload = ctx.payloads.copy(body);
            self.deliver(number, payload, ctx);
            self.cut = Cut::start();
            return Ok(Some(used + size));
        }
        ctx.budget.reserve(size)?;
        self.cut = Cut::Body { number, size, data: Vec::new() };
        Ok(Some(used))
    }

    fn check_header(&self, h: &MessageHeader, ctx: &Ctx<'_, '_>) -> Result<(u64, usize), StreamError> {
        let number = self.last_number.saturating_add(h.delta);
        if h.delta > NUMBER_DELTA_MAX || number > ctx.highest_number.saturating_add(NUMBER_LURCH_MAX) {
            return Err(StreamError::NumberLurch { from: self.last_number, to: number });
        }
        let unread = usize::try_from(ctx.limits.unread_bytes_max).unwrap_or(usize::MAX);
        let limit = ctx.limits.message_bytes_max.min(unread);
        match usize::try_from(h.size) {
            Ok(size) if size <= limit => Ok((number, size)),
            _ => Err(StreamError::MessageTooLarge { size: h.size, limit }),
        }
    }

    fn cut_body(&mut self, bytes: &[u8], ctx: &mut Ctx<'_, '_>) -> Result<Option<usize>, StreamError> {
        let Cut::Body { number, size, data } = &mut self.cut else { return Ok(None) };
        let take = bytes.len().min(*size - data.len());
        let completes = data.len() + take == *size;
        if completes && !ctx.inbox.has_room(*size, ctx.limits) {
            return Ok(None);
        }
        if data.capacity() - data.len() < take {
            let ahead = (*size - data.len()).min(data.len().max(RESERVE_AHEAD_BYTES)).max(take);
            data.reserve_exact(ahead);
        }
        data.extend_from_slice(bytes.get(..take).unwrap_or_default());
        if completes {
            let (number, data) = (*number, core::mem::take(data));
            ctx.budget.release(data.len());
            self.deliver(number, Bytes::from(data), ctx);
            self.cut = Cut::start();
        }
        Ok(Some(take))
    }

    fn deliver(&mut self, number: u64, payload: Bytes, ctx: &mut Ctx<'_, '_>) {
        self.last_number = number;
        *ctx.highest_number = (*ctx.highest_number).max(number);
        ctx.inbox.push(Message { payload, number, lane: ctx.lane, reliable: true, received_at: ctx.now });
    }
}
