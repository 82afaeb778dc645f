//! A packet on its way out: as messages, which are the same for every peer that gets it.

use super::limits::PART_BYTES_MAX;
use super::packet::{HEADER_BYTES_MAX, Header, Mode, Part, lane};
use gamesockets::{Bytes, SendFlags};

/// A packet as messages. They are made once; a large one is shared by all connections that send it.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) channel: u8,
    pub(super) flags: SendFlags,
    pub(super) lane: u16,
    /// Bytes of the packet.
    pub(super) bytes: usize,
    /// The only message, or the first of several.
    first: Bytes,
    rest: Vec<Bytes>,
}

impl Outgoing {
    /// The messages of a packet that has at least one byte. `number` counts if the mode is ordered.
    pub(super) fn new(mode: Mode, channel: u8, number: u32, data: &[u8]) -> Self {
        let count = data.len().div_ceil(PART_BYTES_MAX);
        let mut messages = data.chunks(PART_BYTES_MAX).enumerate().map(|(at, chunk)| {
            let part = match at {
                _ if count == 1 => Part::Whole,
                0 => Part::First { bytes: data.len() as u32 },
                _ if at + 1 == count => Part::Last,
                _ => Part::Middle,
            };
            let mut message = Vec::with_capacity(HEADER_BYTES_MAX + chunk.len());
            Header { mode, part, number }.write(&mut message);
            message.extend_from_slice(chunk);
            Bytes::from(message)
        });
        let first = messages.next().unwrap_or_default();
        let reliable = mode == Mode::Reliable || count > 1;
        let flags = if reliable { SendFlags::RELIABLE } else { SendFlags::UNRELIABLE };
        let lane = lane(channel, reliable);
        Self { channel, flags, lane, bytes: data.len(), first, rest: messages.collect() }
    }

    /// The messages, in order.
    pub(super) fn messages(&self) -> impl Iterator<Item = &Bytes> {
        std::iter::once(&self.first).chain(&self.rest)
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        1 + self.rest.len()
    }
}

#[cfg(test)]
mod tests {
    use super::super::packet::{Assembly, Payload, Room};
    use super::*;

    #[test]
    fn messages_become_the_packet_again() {
        for bytes in [1, 100, PART_BYTES_MAX, PART_BYTES_MAX + 1, 3 * PART_BYTES_MAX + 7] {
            for mode in [Mode::Unreliable, Mode::Ordered, Mode::Reliable] {
                let data: Vec<u8> = (0..bytes).map(|n| (n % 251) as u8).collect();
                let outgoing = Outgoing::new(mode, 5, 9, &data);
                assert_eq!((outgoing.count(), outgoing.bytes), (bytes.div_ceil(PART_BYTES_MAX), bytes));
                let mut assembly = Assembly::default();
                let mut arrived = None;
                for message in outgoing.messages() {
                    assert!(arrived.is_none(), "not before the last");
                    arrived = assembly.take(outgoing.lane, message, Room::default()).unwrap();
                    if let Some(Payload::InMessage(at)) = arrived.as_ref().map(|a| &a.data) {
                        assert!(message[*at..] == data);
                    }
                }
                let arrived = arrived.unwrap();
                assert_eq!((arrived.mode, arrived.channel), (mode, 5));
                if let Payload::Own(whole) = arrived.data {
                    assert!(whole == data);
                }
            }
        }
    }
}
