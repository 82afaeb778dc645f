//! What a peer with keys may do wrong.

use super::insider::Session;
use gamesockets_crypto::rng::Rng;
use gamesockets_wire::snp::stream::put_message_header;
use gamesockets_wire::snp::{
    FirstOrGap, FirstOrNext, SizeField, put_ack_block, put_ack_header, put_reliable_header, put_select_lane,
    put_stop_waiting, put_unreliable_header,
};

/// Bytes of content that fit into every packet.
const ROOM: usize = 1100;

/// A habit of a peer with keys.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Deed {
    /// Acknowledges everything and is otherwise quiet.
    Behave,
    /// Nothing at all after the handshake.
    Silent,
    /// Sends its own data and never acknowledges any.
    NeverAck,
    /// Acknowledges packets that were never sent.
    AckUnsent,
    /// Acknowledgements with as many blocks as fit.
    AckStorm,
    /// The malformed content with this index in [`BAD_FRAMES`].
    BadFrame(u8),
    /// Random bytes.
    Noise,
    /// Sends on all lanes there are.
    ManyLanes,
    /// Begins large messages on all lanes and never ends one.
    HalfMessages,
    /// Sends reliable data with a hole at its beginning, for ever.
    Holes,
    /// Sends fragments of unreliable messages that never become whole.
    Fragments,
    /// Skips packet numbers.
    PacketJumps,
    /// Many small messages as fast as it can.
    Flood,
    /// Reliable data at random positions, overlapping.
    Overlaps,
}

/// Names of contents that must end a connection with 5002.
pub const BAD_FRAMES: [&str; 16] = [
    "reserved lead byte",
    "cut short in a message number",
    "segment longer than the packet",
    "reserved size code",
    "reserved position form",
    "lane out of range",
    "ack cut short",
    "ack range below zero",
    "missing range below zero",
    "stop waiting below zero",
    "stop waiting going back",
    "message number jump",
    "message header malformed",
    "message too large",
    "message number lurch over many headers",
    "unreliable message too large",
];

impl Deed {
    /// Fills the session's outbox with what it does now.
    pub(super) fn act(self, rng: &mut Rng, s: &mut Session) {
        s.progress += 1;
        match self {
            Self::Silent => {}
            Self::Behave => {
                let plain = packet(s, |_| ());
                s.outbox.push_back(plain);
            }
            Self::NeverAck => never_ack(s),
            Self::AckUnsent => ack_unsent(rng, s),
            Self::AckStorm => ack_storm(rng, s),
            Self::BadFrame(kind) => {
                for plain in bad_frame(kind, s) {
                    s.outbox.push_back(plain);
                }
            }
            Self::Noise => {
                let mut plain = vec![0; rng.range_u64(ROOM as u64) as usize];
                rng.fill(&mut plain);
                s.outbox.push_back(plain);
            }
            Self::ManyLanes => many_lanes(s),
            Self::HalfMessages => half_messages(s),
            Self::Holes => holes(s),
            Self::Fragments => fragments(rng, s),
            Self::PacketJumps => {
                s.next_number += rng.range_u64(3000);
                let plain = packet(s, |_| ());
                s.outbox.push_back(plain);
            }
            Self::Flood => flood(s),
            Self::Overlaps => overlaps(rng, s),
        }
    }

    /// Whether the victim's connection must end with 5002 because of it.
    pub const fn is_fatal(self) -> bool {
        matches!(self, Self::BadFrame(_))
    }
}

/// A packet that acknowledges everything received, with more content behind.
fn packet(s: &Session, more: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    put_stop_waiting(&mut out, s.next_number + s.outbox.len() as u64, 0);
    put_ack_header(&mut out, s.highest, Some(0), 0);
    more(&mut out);
    out
}

fn number(n: u64) -> FirstOrNext {
    FirstOrNext::First(n)
}

/// A reliable segment on lane 0.
fn reliable(out: &mut Vec<u8>, pos: u64, data: &[u8]) {
    put_reliable_header(out, FirstOrGap::First(pos), SizeField::Explicit(data.len() as u16));
    out.extend_from_slice(data);
}

fn never_ack(s: &mut Session) {
    let mut out = Vec::new();
    let (progress, next) = (s.progress, s.next_number);
    put_stop_waiting(&mut out, next, 0);
    put_unreliable_header(&mut out, number(progress), 0, true, SizeField::Explicit(4));
    out.extend_from_slice(b"here");
    s.outbox.push_back(out);
}

fn ack_unsent(rng: &mut Rng, s: &mut Session) {
    let mut out = Vec::new();
    put_stop_waiting(&mut out, s.next_number, 0);
    put_ack_header(&mut out, s.highest + 1000 + rng.range_u64(20_000), Some(0), 0);
    s.outbox.push_back(out);
}

fn ack_storm(rng: &mut Rng, s: &mut Session) {
    let mut out = Vec::new();
    put_stop_waiting(&mut out, s.next_number, 0);
    let blocks = 255.min(s.highest / 20) as u8;
    put_ack_header(&mut out, s.highest, Some(rng.range_u64(100_000)), blocks);
    for _ in 0..blocks {
        put_ack_block(&mut out, rng.range_u64(9) as u32 + 1, rng.range_u64(9) as u32 + 1);
    }
    s.outbox.push_back(out);
}

fn bad_frame(kind: u8, s: &Session) -> Vec<Vec<u8>> {
    let explicit = |n: u16| SizeField::Explicit(n);
    let one = |more: &dyn Fn(&mut Vec<u8>)| vec![packet(s, |out| more(out))];
    match kind {
        0 => one(&|out| out.push(0x60)),
        1 => one(&|out| out.extend([0x10, 1])),
        2 => one(&|out| {
            put_unreliable_header(out, number(1), 0, true, explicit(500));
            out.push(0);
        }),
        3 => one(&|out| out.extend([0x25, 1, 0, 9, 9])),
        4 => one(&|out| out.extend([0x40 | 3 << 3, 0, 0, 0, 0, 0, 0])),
        5 => one(&|out| out.extend([0x8f, 0x80, 0x02])),
        6 => one(&|out| out.extend([0x98, 1])),
        7 => one(&|out| {
            put_ack_header(out, s.highest, None, 1);
            put_ack_block(out, s.highest as u32 + 50, 1);
        }),
        8 => one(&|out| {
            put_ack_header(out, s.highest, None, 1);
            put_ack_block(out, 1, s.highest as u32 + 50);
        }),
        9 => one(&|out| out.extend([0x83, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f])),
        10 => stop_waiting_back(s),
        11 => one(&|out| {
            let mut stream = Vec::new();
            put_message_header(&mut stream, 2_000_000, 4);
            stream.extend_from_slice(b"jump");
            reliable(out, 1, &stream);
        }),
        12 => one(&|out| reliable(out, 1, &[0xff; 30])),
        13 => one(&|out| {
            let mut stream = Vec::new();
            put_message_header(&mut stream, 1, 1 << 40);
            reliable(out, 1, &stream);
        }),
        14 => one(&|out| {
            let mut stream = Vec::new();
            for _ in 0..3 {
                put_message_header(&mut stream, 9_999, 0);
            }
            put_message_header(&mut stream, 500_000, 0);
            reliable(out, 1, &stream);
        }),
        _ => unreliable_too_large(s),
    }
}

fn stop_waiting_back(s: &Session) -> Vec<Vec<u8>> {
    // The next two packets: the first waits for none before itself, the second again for all.
    let mut first = Vec::new();
    put_stop_waiting(&mut first, s.next_number, s.next_number - 1);
    let mut second = Vec::new();
    put_stop_waiting(&mut second, s.next_number + 1, 0);
    vec![first, second]
}

/// More than 64 bytes, which is the limit that the victim of this one has set.
fn unreliable_too_large(s: &Session) -> Vec<Vec<u8>> {
    vec![packet(s, |out| {
        put_unreliable_header(out, number(1), 0, true, SizeField::Explicit(900));
        out.extend_from_slice(&[7; 900]);
    })]
}

fn many_lanes(s: &mut Session) {
    let base = s.progress;
    for start in [0u32, 64, 128, 192] {
        let plain = packet(s, |out| {
            for lane in start..(start + 64).min(255) {
                put_select_lane(out, lane as u8);
                put_unreliable_header(out, number(base), 0, true, SizeField::Explicit(3));
                out.extend_from_slice(b"abc");
            }
        });
        s.outbox.push_back(plain);
    }
}

fn half_messages(s: &mut Session) {
    // Lane after lane: a header that promises 500,000 bytes, then one packet of them each turn.
    for lane in 0..255u16 {
        let progress = s.progress;
        let plain = packet(s, |out| {
            put_select_lane(out, lane as u8);
            let mut stream = Vec::new();
            put_message_header(&mut stream, 1, 500_000);
            let header = stream.len() as u64;
            let (pos, data) = if progress == 1 {
                stream.resize(ROOM, 1);
                (1, stream)
            } else {
                (1 + header + (ROOM as u64 - header) + (progress - 2) * ROOM as u64, vec![1; ROOM])
            };
            reliable(out, pos, &data);
        });
        s.outbox.push_back(plain);
    }
}

fn holes(s: &mut Session) {
    for k in 0..20u64 {
        let pos = 100 + (s.progress * 20 + k) * ROOM as u64;
        let lane = (k % 8) as u8;
        let plain = packet(s, |out| {
            put_select_lane(out, lane);
            reliable(out, pos, &[2; ROOM]);
        });
        s.outbox.push_back(plain);
    }
}

fn fragments(rng: &mut Rng, s: &mut Session) {
    for k in 0..20u64 {
        let n = s.progress * 20 + k;
        let offset = rng.range_u64(30_000) as u32;
        let lane = rng.range_u64(255) as u8;
        let plain = packet(s, |out| {
            put_select_lane(out, lane);
            put_unreliable_header(out, number(n), offset, false, SizeField::Explicit(1000));
            out.extend_from_slice(&[3; 1000]);
        });
        s.outbox.push_back(plain);
    }
}

fn flood(s: &mut Session) {
    for k in 0..10u64 {
        let from = (s.progress * 10 + k) * 300;
        let plain = packet(s, |out| {
            put_unreliable_header(out, number(from + 1), 0, true, SizeField::Explicit(0));
            for _ in 0..300 {
                put_unreliable_header(out, FirstOrNext::Next, 0, true, SizeField::Explicit(0));
            }
        });
        s.outbox.push_back(plain);
    }
}

fn overlaps(rng: &mut Rng, s: &mut Session) {
    // A stream of empty messages, cut anywhere and sent in any order: legal bytes at every position.
    for _ in 0..10 {
        let pos = 1 + rng.range_u64(4000);
        let len = 1 + rng.range_u64(900) as usize;
        let plain = packet(s, |out| reliable(out, pos, &vec![0; len]));
        s.outbox.push_back(plain);
    }
}
