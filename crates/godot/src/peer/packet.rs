//! Packets in messages: one byte in front, large packets in parts, old ones dropped where that is wanted.
//!
//! Channel c sends its unreliable packets on lane 1 + 2c and its reliable ones on lane 2 + 2c, so that neither waits for
//! the other. Lane 0 is for greetings.
//!
//! ```text
//! 0   1  bits 0-1 mode: 0 unreliable, 1 unreliable ordered, 2 reliable; bits 2-3 part: 0 whole, 1 first, 2 middle, 3 last
//! 1   4  only unreliable ordered, whole or first: number of the packet on its channel, little-endian
//! .   4  only first: bytes of the whole packet, little-endian
//! ```
//! Parts always go on the reliable lane. A whole or first part there ends an unfinished packet: its sender gave it up.

use super::limits::{CHANNELS_MAX, PACKET_BYTES_MAX, UNFINISHED_BYTES_MAX, UNFINISHED_TOTAL_MAX};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// How a packet is sent; numbers as in Godot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) enum Mode {
    Unreliable = 0,
    Ordered = 1,
    #[default]
    Reliable = 2,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Whole,
    First { bytes: u32 },
    Middle,
    Last,
}

/// What stands before the payload of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) mode: Mode,
    pub(super) part: Part,
    /// Of an ordered packet's whole or first part; 0 otherwise.
    pub(super) number: u32,
}

/// Why a message is no packet, or one too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum PacketError {
    #[error("no packet header")]
    Header,
    #[error("a lane that carries no such packet")]
    Lane,
    #[error("parts of a packet that do not fit together")]
    Parts,
    #[error("more unfinished packets than one peer may have")]
    TooMuch,
    #[error("more unfinished packets than all peers may have")]
    AllTooMuch,
}

/// The most that a header takes.
pub(super) const HEADER_BYTES_MAX: usize = 9;

impl Header {
    /// Appends the header.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let part = match self.part {
            Part::Whole => 0,
            Part::First { .. } => 1,
            Part::Middle => 2,
            Part::Last => 3,
        };
        out.push(self.mode as u8 | part << 2);
        if self.mode == Mode::Ordered && part < 2 {
            out.extend_from_slice(&self.number.to_le_bytes());
        }
        if let Part::First { bytes } = self.part {
            out.extend_from_slice(&bytes.to_le_bytes());
        }
    }

    /// Reads the header; returns it and the payload's place.
    pub(super) fn read(message: &[u8]) -> Result<(Self, usize), PacketError> {
        let (&[first], mut rest) = message.split_first_chunk().ok_or(PacketError::Header)?;
        let mode = match first & 3 {
            0 => Mode::Unreliable,
            1 => Mode::Ordered,
            2 => Mode::Reliable,
            _ => return Err(PacketError::Header),
        };
        let part = first >> 2;
        let mut number = || -> Result<u32, PacketError> {
            let (bytes, after) = rest.split_first_chunk().ok_or(PacketError::Header)?;
            rest = after;
            Ok(u32::from_le_bytes(*bytes))
        };
        let ordered = if mode == Mode::Ordered && part < 2 { number()? } else { 0 };
        let part = match part {
            0 => Part::Whole,
            1 => Part::First { bytes: number()? },
            2 => Part::Middle,
            3 => Part::Last,
            _ => return Err(PacketError::Header),
        };
        Ok((Self { mode, part, number: ordered }, message.len() - rest.len()))
    }
}

/// The lane of a channel's messages.
pub(super) fn lane(channel: u8, reliable: bool) -> u16 {
    1 + 2 * u16::from(channel) + u16::from(reliable)
}

/// How many lanes there must be for a channel.
pub(super) fn lanes_for(channel: u8) -> usize {
    usize::from(lane(channel, true)) + 1
}

/// The channel of a lane, and whether it is the reliable one.
pub(super) fn channel(lane: u16) -> Option<(u8, bool)> {
    let at = lane.checked_sub(1)?;
    let channel = u8::try_from(at / 2).ok().filter(|channel| *channel < CHANNELS_MAX)?;
    Some((channel, at % 2 == 1))
}

/// An unfinished packet.
#[derive(Debug)]
struct Unfinished {
    header: Header,
    bytes: usize,
    data: Vec<u8>,
}

/// What one channel of one peer has received.
#[derive(Debug, Default)]
struct Incoming {
    unfinished: Option<Unfinished>,
    /// The newest ordered packet so far.
    newest: Option<u32>,
}

/// A packet that is whole.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Arrived {
    pub(super) mode: Mode,
    pub(super) channel: u8,
    pub(super) data: Payload,
}

/// Its bytes: those of the message, from a place on, or put together from parts.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Payload {
    InMessage(usize),
    Own(Vec<u8>),
}

/// How many bytes of unfinished packets there may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    /// Of one peer.
    pub(super) one: usize,
    /// Of all.
    pub(super) all: usize,
}

impl Default for Room {
    fn default() -> Self {
        Self { one: UNFINISHED_BYTES_MAX, all: UNFINISHED_TOTAL_MAX }
    }
}

/// Bytes of the unfinished packets of all peers. What one of them has is taken off when its assembly goes.
#[derive(Clone, Debug, Default)]
pub(super) struct Total(Arc<AtomicUsize>);

impl Total {
    pub(super) fn bytes(&self) -> usize {
        self.0.load(Relaxed)
    }
}

/// What one peer's messages become.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    channels: Vec<Incoming>,
    unfinished_bytes: usize,
    total: Total,
    /// Ordered packets that came too late.
    pub(super) dropped_late: u64,
}

impl Drop for Assembly {
    fn drop(&mut self) {
        self.let_go(self.unfinished_bytes);
    }
}

impl Assembly {
    /// One that counts what it keeps in `total` too.
    pub(super) fn new(total: &Total) -> Self {
        let mut assembly = Self::default();
        assembly.total = total.clone();
        assembly
    }

    /// Bytes of unfinished packets.
    pub(super) fn unfinished_bytes(&self) -> usize {
        self.unfinished_bytes
    }

    /// Whether there is room for so many bytes.
    fn check(&self, bytes: usize, room: Room) -> Result<(), PacketError> {
        if self.unfinished_bytes + bytes > room.one {
            return Err(PacketError::TooMuch);
        }
        if self.total.bytes() + bytes > room.all { Err(PacketError::AllTooMuch) } else { Ok(()) }
    }

    fn keep(&mut self, bytes: usize) {
        self.unfinished_bytes += bytes;
        self.total.0.fetch_add(bytes, Relaxed);
    }

    fn let_go(&mut self, bytes: usize) {
        self.unfinished_bytes -= bytes;
        self.total.0.fetch_sub(bytes, Relaxed);
    }

    /// Takes a message. If there is no room for what has to be kept of it, it can be tried again.
    pub(super) fn take(
        &mut self,
        lane: u16,
        message: &[u8],
        room: Room,
    ) -> Result<Option<Arrived>, PacketError> {
        let (channel, reliable) = channel(lane).ok_or(PacketError::Lane)?;
        let (header, at) = Header::read(message)?;
        if !reliable && (header.part != Part::Whole || header.mode == Mode::Reliable) {
            return Err(PacketError::Lane);
        }
        let payload = message.get(at..).unwrap_or_default();
        let index = usize::from(channel);
        if self.channels.len() <= index {
            self.channels.resize_with(index + 1, Incoming::default);
        }
        let incoming = self.channels.get_mut(index).ok_or(PacketError::Lane)?;
        let begins = matches!(header.part, Part::Whole | Part::First { .. });
        if reliable
            && begins
            && let Some(given_up) = incoming.unfinished.take()
        {
            self.let_go(given_up.data.len());
        }
        match header.part {
            Part::Whole => Ok(self.finish(header, channel, Payload::InMessage(at))),
            Part::First { bytes } => {
                let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
                if bytes > PACKET_BYTES_MAX || payload.is_empty() || payload.len() >= bytes {
                    return Err(PacketError::Parts);
                }
                self.check(payload.len(), room)?;
                if let Some(incoming) = self.channels.get_mut(index) {
                    incoming.unfinished = Some(Unfinished { header, bytes, data: payload.to_vec() });
                    self.keep(payload.len());
                }
                Ok(None)
            }
            Part::Middle | Part::Last => self.go_on(header, channel, payload, room),
        }
    }

    fn go_on(
        &mut self,
        header: Header,
        channel: u8,
        payload: &[u8],
        room: Room,
    ) -> Result<Option<Arrived>, PacketError> {
        let index = usize::from(channel);
        let known = self.channels.get(index).and_then(|incoming| incoming.unfinished.as_ref());
        let unfinished = known.ok_or(PacketError::Parts)?;
        let length = unfinished.data.len() + payload.len();
        let last = header.part == Part::Last;
        let fits = if last { length == unfinished.bytes } else { length < unfinished.bytes };
        if payload.is_empty() || header.mode != unfinished.header.mode || !fits {
            return Err(PacketError::Parts);
        }
        if !last {
            self.check(payload.len(), room)?;
            self.keep(payload.len());
        }
        let Some(incoming) = self.channels.get_mut(index) else { return Ok(None) };
        if !last {
            if let Some(unfinished) = incoming.unfinished.as_mut() {
                unfinished.data.extend_from_slice(payload);
            }
            return Ok(None);
        }
        let Some(mut whole) = incoming.unfinished.take() else { return Ok(None) };
        self.let_go(whole.data.len());
        whole.data.extend_from_slice(payload);
        Ok(self.finish(whole.header, channel, Payload::Own(whole.data)))
    }

    /// A packet is whole; an ordered one may be too late.
    fn finish(&mut self, header: Header, channel: u8, data: Payload) -> Option<Arrived> {
        let incoming = self.channels.get_mut(usize::from(channel))?;
        if header.mode == Mode::Ordered {
            let late = incoming.newest.is_some_and(|newest| !is_newer(header.number, newest));
            if late {
                self.dropped_late += 1;
                return None;
            }
            incoming.newest = Some(header.number);
        }
        Some(Arrived { mode: header.mode, channel, data })
    }
}

/// Whether a number is behind another, also after they wrapped around.
fn is_newer(number: u32, than: u32) -> bool {
    number != than && number.wrapping_sub(than) < 1 << 31
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message(mode: Mode, part: Part, number: u32, payload: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        Header { mode, part, number }.write(&mut out);
        out.extend_from_slice(payload);
        out
    }

    /// The messages that carry a packet in parts of a size.
    fn parts(payload: &[u8], size: usize) -> Vec<Vec<u8>> {
        let count = payload.chunks(size).count();
        let one = |(at, chunk): (usize, &[u8])| {
            let part = match at {
                _ if count == 1 => Part::Whole,
                0 => Part::First { bytes: payload.len() as u32 },
                _ if at + 1 == count => Part::Last,
                _ => Part::Middle,
            };
            message(Mode::Reliable, part, 0, chunk)
        };
        payload.chunks(size).enumerate().map(one).collect()
    }

    fn take(assembly: &mut Assembly, lane: u16, message: &[u8]) -> Result<Option<Vec<u8>>, PacketError> {
        let arrived = assembly.take(lane, message, Room::default())?;
        Ok(arrived.map(|arrived| match arrived.data {
            Payload::InMessage(at) => message[at..].to_vec(),
            Payload::Own(data) => data,
        }))
    }

    proptest! {
        #[test]
        fn parts_become_the_packet(
            payload in proptest::collection::vec(any::<u8>(), 1..2000), size in 1..700_usize, channel in 0..CHANNELS_MAX,
        ) {
            let mut assembly = Assembly::default();
            let messages = parts(&payload, size);
            for (at, message) in messages.iter().enumerate() {
                let got = take(&mut assembly, lane(channel, true), message).unwrap();
                prop_assert_eq!(got, (at + 1 == messages.len()).then(|| payload.clone()));
            }
            prop_assert_eq!(assembly.unfinished_bytes(), 0);
        }

        #[test]
        fn any_messages_are_taken_or_refused(
            messages in proptest::collection::vec(
                (0..4_usize, 0..140_u16, proptest::collection::vec(any::<u8>(), 0..40)), 0..60),
            one in 0..200_usize, all in 0..300_usize,
        ) {
            let total = Total::default();
            let mut peers: Vec<_> = (0..3).map(|_| Assembly::new(&total)).collect();
            let room = Room { one, all };
            for (peer, lane, message) in messages {
                match peers.get_mut(peer) {
                    Some(peer) => drop(peer.take(lane, &message, room)),
                    // One goes and another comes.
                    None => peers[usize::from(lane) % 3] = Assembly::new(&total),
                }
                sums_are_right(&peers, &total, room)?;
            }
            drop(peers);
            prop_assert_eq!(total.bytes(), 0);
        }

        /// As above, with messages that mostly make sense.
        #[test]
        fn the_running_total_is_the_sum(
            steps in proptest::collection::vec((0..4_usize, 0..3_u8, 0..4_u8, 1..50_usize), 0..200),
            one in 50..200_usize, all in 100..300_usize,
        ) {
            let total = Total::default();
            let mut peers: Vec<_> = (0..3).map(|_| Assembly::new(&total)).collect();
            let room = Room { one, all };
            for (peer, channel, part, bytes) in steps {
                let Some(peer) = peers.get_mut(peer) else {
                    peers[usize::from(channel)] = Assembly::new(&total);
                    continue;
                };
                let open = peer.channels.get(usize::from(channel)).and_then(|c| c.unfinished.as_ref());
                let left = open.map_or(0, |u| u.bytes - u.data.len());
                let (part, bytes) = match part {
                    0 => (Part::Whole, bytes),
                    1 => (Part::First { bytes: 3 * bytes as u32 + 1 }, bytes),
                    2 => (Part::Middle, bytes.min(left.saturating_sub(1))),
                    _ => (Part::Last, left),
                };
                let message = message(Mode::Reliable, part, 0, &vec![1; bytes]);
                let before = (peer.unfinished_bytes(), total.bytes());
                let took = peer.take(lane(channel, true), &message, room);
                let kept = !matches!(part, Part::Whole | Part::Last);
                match took {
                    Err(PacketError::TooMuch) => prop_assert!(kept && before.0 + bytes > one),
                    Err(PacketError::AllTooMuch) => prop_assert!(kept && before.1 + bytes > all),
                    _ => {}
                }
                sums_are_right(&peers, &total, room)?;
            }
        }
    }

    fn sums_are_right(peers: &[Assembly], total: &Total, room: Room) -> Result<(), TestCaseError> {
        let mut sum = 0;
        for peer in peers {
            let held: usize = peer.channels.iter().flat_map(|c| &c.unfinished).map(|u| u.data.len()).sum();
            prop_assert_eq!(peer.unfinished_bytes(), held);
            prop_assert!(held <= room.one);
            sum += held;
        }
        prop_assert_eq!(total.bytes(), sum);
        prop_assert!(sum <= room.all);
        Ok(())
    }

    #[test]
    fn older_ordered_packets_are_dropped_on_their_channel_alone() {
        let mut assembly = Assembly::default();
        let mut arrives = |channel, number| {
            let message = message(Mode::Ordered, Part::Whole, number, b"x");
            take(&mut assembly, lane(channel, false), &message).unwrap().is_some()
        };
        assert!(arrives(0, u32::MAX - 1));
        assert!(arrives(0, 2), "numbers wrap around");
        assert!(!arrives(0, u32::MAX));
        assert!(!arrives(0, 2), "a duplicate");
        assert!(arrives(1, 1), "another channel");
        assert_eq!(assembly.dropped_late, 2);
    }

    #[test]
    fn lanes_and_channels_are_one_to_one() {
        for channel_number in 0..CHANNELS_MAX {
            for reliable in [false, true] {
                assert_eq!(channel(lane(channel_number, reliable)), Some((channel_number, reliable)));
            }
        }
        assert_eq!(channel(0), None);
        assert_eq!(channel(lane(CHANNELS_MAX, false)), None);
    }

    #[test]
    fn parts_that_do_not_fit_are_refused() {
        let first = message(Mode::Reliable, Part::First { bytes: 10 }, 0, b"12345");
        let reliable = lane(0, true);
        let after_first = |then: Vec<u8>| {
            let mut assembly = Assembly::default();
            assert_eq!(take(&mut assembly, reliable, &first), Ok(None));
            take(&mut assembly, reliable, &then)
        };
        let part = |part, payload: &[u8]| message(Mode::Reliable, part, 0, payload);
        assert_eq!(after_first(part(Part::Last, b"6789a")), Ok(Some(b"123456789a".to_vec())));
        assert_eq!(after_first(part(Part::Last, b"6789")), Err(PacketError::Parts));
        assert_eq!(after_first(part(Part::Middle, b"6789a")), Err(PacketError::Parts));
        assert_eq!(after_first(part(Part::Middle, b"")), Err(PacketError::Parts));
        assert_eq!(after_first(part(Part::Whole, b"new")), Ok(Some(b"new".to_vec())), "given up");
        let mut assembly = Assembly::default();
        assert_eq!(take(&mut assembly, reliable, &part(Part::Last, b"x")), Err(PacketError::Parts));
        let huge = part(Part::First { bytes: PACKET_BYTES_MAX as u32 + 1 }, b"x");
        assert_eq!(take(&mut assembly, reliable, &huge), Err(PacketError::Parts));
        assert_eq!(take(&mut assembly, lane(0, false), &first), Err(PacketError::Lane));
        let small = |one, all| Room { one, all };
        assert_eq!(assembly.take(reliable, &first, small(4, 9)), Err(PacketError::TooMuch));
        assert_eq!(assembly.take(reliable, &first, small(9, 4)), Err(PacketError::AllTooMuch));
        assert_eq!(assembly.unfinished_bytes(), 0);
        assert_eq!(assembly.take(reliable, &first, small(5, 5)), Ok(None), "tried again");
    }
}
