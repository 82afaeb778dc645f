//! Every maximum of one connection, with its reason, and the relations between them.

/// Largest UDP payload ever sent, bytes (protocol.md §1.1).
pub const DATAGRAM_BYTES_MAX: usize = 1300;
/// Bytes between the datagram limit and the encrypted chunk: header, inline statistics, slack (protocol.md §1.1).
pub const HEADER_RESERVE_BYTES: usize = 52;
/// Largest encrypted chunk sent, tag included (protocol.md §1.1).
pub const CHUNK_BYTES_MAX: usize = DATAGRAM_BYTES_MAX - HEADER_RESERVE_BYTES;
/// Bytes of a data packet before an inline statistics blob or the chunk (protocol.md §1.9).
pub const DATA_HEADER_BYTES: usize = 7;
/// Largest inline statistics blob we attach; what does not fit beside a full chunk waits for a shorter packet.
pub const STATS_BLOB_BYTES_MAX: usize = 700;

/// Largest application message we send, bytes (protocol.md §1.1).
pub const MESSAGE_BYTES_MAX: usize = 512 * 1024;
/// Unreliable messages above this become reliable (protocol.md §3.13).
pub const UNRELIABLE_BYTES_MAX: usize = 15 * 1100;
/// Lanes a connection can have (protocol.md §3.7).
pub const LANES_MAX: usize = 255;

/// Sent packets remembered. Twice the span in which 16 wire bits name a packet without doubt.
pub const INFLIGHT_PACKETS_MAX: usize = 0x1_0000;
/// Packets sent beyond the newest acknowledged one before new data waits. A receiver of the reference library gives a
/// connection up when it sees a jump of more than 0x4000 (protocol.md §3.8).
pub const UNACKED_SPAN_MAX: u64 = 0x3000;
/// The same towards a peer of our own kind, which understands jumps of less than 0x8000.
pub const UNACKED_SPAN_OWN_MAX: u64 = 0x6000;
/// Packets beyond the newest acknowledged one after which we ask the peer for an acknowledgement.
pub const UNACKED_SPAN_ASK: u64 = 0x400;
/// The largest send rate that can be configured, bytes per second (protocol.md §7) …
pub const SEND_RATE_TOP: i32 = 0x1000_0000;
/// … and what it stands for: faster than anything.
pub const SEND_RATE_UNLIMITED: u64 = 1 << 36;
/// Datagrams one connection may hand out in one turn, so that others get their share (protocol.md §3.12).
pub const PACKETS_PER_TURN_MAX: usize = 128;

/// Ranges of received packet numbers remembered; the lowest are forgotten (and refused) beyond that.
pub const RECEIVED_RANGES_MAX: usize = 4096;
/// Packet numbers below the newest one that stay acceptable although the peer no longer waits for their acks.
pub const REPLAY_WINDOW: u64 = 1024;
/// Moments remembered to tell how old a gap in the received numbers is.
pub const MARKS_MAX: usize = 32;
/// Blocks in one ack frame; the count travels in one byte (protocol.md §3.6).
pub const ACK_BLOCKS_MAX: usize = 255;

/// New stream bytes sent beyond the oldest unacknowledged one of a lane, towards a peer that does not say what it keeps:
/// the reference library's default receive buffer. What lies beyond it would be thrown away unacknowledged.
pub const AHEAD_BYTES_REFERENCE: u64 = 1 << 20;
/// Acknowledged islands beyond the oldest hole of a lane's stream at which new data waits, towards such a peer: the
/// reference library keeps 30 holes, and some more may be on their way.
pub const ISLANDS_REFERENCE: usize = 20;
/// The same for a peer of our own kind.
pub const ISLANDS_OWN: usize = 4096;
/// How far beyond a hole we keep what arrives, bytes per lane: at least this much, more with a larger receive buffer …
pub const AHEAD_BYTES_MIN: usize = 4 << 20;
/// … up to this.
pub const AHEAD_BYTES_MAX: usize = 64 << 20;
/// A lane whose window is nearly used up waits until so much of it is free, bytes: no packets with a few bytes each.
pub const AHEAD_STEP_BYTES: u64 = 2048;
/// With so much or less of it left the peer is asked for an acknowledgement: it might take its time, and the sender
/// would stand still.
pub const AHEAD_ASK_BYTES: u64 = 3 * AHEAD_STEP_BYTES;
/// Packets sent again when acknowledgements do not come, before everything unacknowledged is taken for lost: the answer
/// to these tells what is really missing (after RFC 8985 section 7 and RFC 9002 section 6.2.4).
pub const PROBE_PACKETS: usize = 2;
/// So many times in a row.
pub const PROBES_MAX: u32 = 2;

/// Out-of-order reliable segments held per lane.
pub const HELD_SEGMENTS_MAX: usize = 1 << 16;
/// What a held segment costs beside its bytes, for the budget.
pub const HELD_SEGMENT_OVERHEAD: usize = 64;
/// Bytes of unfinished incoming messages over all lanes of one connection, unless one message alone may be larger.
pub const REASSEMBLY_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Messages that may wait unread once the connection is over and all that was acknowledged is delivered: a megabyte of
/// nothing but empty messages would make a million.
pub const UNREAD_AT_END_MAX: u32 = 1 << 17;
/// Unreliable fragments held per lane: the largest unreliable message in the smallest packets (the reference holds 20,
/// protocol.md §3.14).
pub const FRAGMENTS_PER_LANE_MAX: usize = 256;
/// Unreliable fragments held over all lanes of a connection.
pub const FRAGMENTS_MAX: usize = 1024;
/// End of an unreliable fragment inside its message (protocol.md §3.2).
pub const FRAGMENT_END_MAX: u64 = 26_000;
/// Largest rise of the reliable message number in one header (protocol.md §3.4).
pub const NUMBER_DELTA_MAX: u64 = 1_000_000;
/// Largest reliable message number beyond the highest one seen (protocol.md §3.4).
pub const NUMBER_LURCH_MAX: u64 = 10_000;

/// Text of a close kept from a peer or sent to it, bytes (protocol.md §1.4).
pub const CLOSE_TEXT_BYTES_MAX: usize = 127;
/// Connection name kept, bytes.
pub const NAME_BYTES_MAX: usize = 31;

const _: () = assert!(CHUNK_BYTES_MAX + DATA_HEADER_BYTES <= DATAGRAM_BYTES_MAX);
const _: () = assert!((UNACKED_SPAN_MAX as usize) < INFLIGHT_PACKETS_MAX);
const _: () = assert!(UNACKED_SPAN_OWN_MAX < 0x8000);
const _: () = assert!(AHEAD_BYTES_MIN as u64 > AHEAD_STEP_BYTES);
const _: () = assert!(UNACKED_SPAN_ASK < UNACKED_SPAN_MAX);
const _: () = assert!(UNRELIABLE_BYTES_MAX as u64 <= FRAGMENT_END_MAX);
const _: () = assert!(UNRELIABLE_BYTES_MAX / 100 < FRAGMENTS_PER_LANE_MAX);
