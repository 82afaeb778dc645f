//! The payload protocol: what stands in the plaintext of a data packet (protocol.md §3).
//!
//! [`FrameReader`] cuts a plaintext into [`Frame`]s; the `put_*` functions write them. Numbers travel
//! shortened; [`expand_number`], [`expand_position`] and [`expand_ack_latest`] bring them back with the
//! help of what the receiver knows.

mod ack;
mod expand;
mod put;
mod read;
pub mod stream;

pub use ack::{
    AckBlock, AckBlocks, AckFrame, AckLatest, MAX_ACK_BLOCK_COUNT, ack_block_len, ack_header_len,
    put_ack_block, put_ack_header, put_ack_header_wide,
};
pub use expand::{MAX_NUMBER, expand_ack_latest, expand_number, expand_position, stop_waiting_value};
pub use put::{
    FirstOrGap, FirstOrNext, SizeField, put_reliable_header, put_select_lane, put_stop_waiting,
    put_unreliable_header, reliable_header_len, select_lane_len, stop_waiting_len, unreliable_header_len,
};
pub use read::FrameReader;

/// Highest lane index (protocol.md §3.7).
pub const MAX_LANE: u32 = 255;

/// Largest segment size that the size byte can express (protocol.md §3.1).
pub const MAX_EXPLICIT_SIZE: u16 = 1279;

/// One frame of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame<'a> {
    /// A piece of an unreliable message.
    Unreliable(UnreliableFrame<'a>),
    /// A piece of the reliable stream of a lane.
    Reliable(ReliableFrame<'a>),
    /// The sender needs no acknowledgements for packets below this packet's number − `offset` − 1; see
    /// [`stop_waiting_value`].
    StopWaiting {
        /// Distance, less one, down from the number of the packet.
        offset: u64,
    },
    /// The segments that follow belong to this lane, 0 to [`MAX_LANE`]. Resets both running numbers.
    SelectLane(u32),
    /// What the sender has received.
    Ack(AckFrame<'a>),
}

/// A piece of an unreliable message (protocol.md §3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnreliableFrame<'a> {
    /// Which message.
    pub number: NumberField,
    /// Where in the message the data begins, in bytes.
    pub offset: u32,
    /// Whether the message ends with this data.
    pub last: bool,
    /// The data; may be empty.
    pub data: &'a [u8],
}

/// How a message number is written (protocol.md §3.2).
///
/// The first unreliable segment after the packet's start or a lane selection has one of the first two
/// forms, later ones have one of the last two. The later forms count from a running number: the number of
/// the previous unreliable segment, plus one for every reliable segment that came after the first
/// unreliable one in the same context.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberField {
    /// The low 16 bits.
    Low16(u16),
    /// The low 32 bits.
    Low32(u32),
    /// The running number plus one.
    Next,
    /// The running number plus this; 0 means another piece of the same message.
    Delta(u64),
}

/// A piece of the reliable stream of a lane (protocol.md §3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReliableFrame<'a> {
    /// Where in the stream the data begins. The first byte of a stream is at 1.
    pub position: PositionField,
    /// The data; may be empty.
    pub data: &'a [u8],
}

/// How a stream position is written (protocol.md §3.3). The first reliable segment after the packet's
/// start or a lane selection has one of the first three forms, later ones have one of the last two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PositionField {
    /// The low 24 bits.
    Low24(u32),
    /// The low 32 bits.
    Low32(u32),
    /// The low 48 bits.
    Low48(u64),
    /// Directly behind the previous segment.
    Follows,
    /// This many bytes behind the end of the previous segment.
    Gap(u32),
}

/// A frame that a correct peer does not send. Ends the connection with
/// [`EndReason::MISC_INTERNAL_ERROR`](crate::EndReason::MISC_INTERNAL_ERROR) and this text
/// (protocol.md §3.19).
///
/// [`FrameReader`] and [`AckBlocks`] find faults of form; faults that show only against the state of a
/// connection are raised by its owner, with the variants marked so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// No frame begins with this byte.
    #[error("no payload frame begins with 0x{0:02x}")]
    BadLead(u8),
    /// The segment has a size code that means nothing.
    #[error("payload segment 0x{0:02x} has a reserved size code")]
    BadSizeCode(u8),
    /// The packet ends inside this field.
    #[error("the packet ends inside the {0}")]
    Truncated(&'static str),
    /// A segment is longer than the rest of the packet.
    #[error("a segment of {0} bytes runs past the end of the packet")]
    SegmentOverrun(u16),
    /// The first reliable segment has a position form that means nothing.
    #[error("the first reliable segment has a reserved position form")]
    ReservedPosition,
    /// Raised by the owner: the message number is zero, negative or too large.
    #[error("an unreliable message number is out of range")]
    NumberOutOfRange,
    /// Raised by the owner: the stream position is zero, negative or too large.
    #[error("a reliable stream position is out of range")]
    PositionOutOfRange,
    /// Raised by the owner: the value would be negative.
    #[error("packet {packet} cannot stop waiting at offset {offset}")]
    StopWaitingOutOfRange {
        /// Number of the packet the frame came in.
        packet: u64,
        /// The offset in the frame.
        offset: u64,
    },
    /// Raised by the owner: the value is lower than in an older packet.
    #[error("the stop-waiting value went back from {from} to {to}")]
    StopWaitingReduced {
        /// The value before.
        from: u64,
        /// The value in the frame.
        to: u64,
    },
    /// Raised by the owner: the latest packet acknowledged would be negative.
    #[error("the latest packet of an acknowledgement is out of range")]
    AckLatestOutOfRange,
    /// An acknowledgement block claims an absurd number of packets received.
    #[error("an acknowledgement block claims {0}*8 packets received")]
    AckCountTooLarge(u64),
    /// An acknowledgement block claims an absurd number of packets missing.
    #[error("an acknowledgement block claims {0}*8 packets missing")]
    MissingCountTooLarge(u64),
    /// Raised by the owner: a block's received packets go below packet 0.
    #[error("the received packets of an acknowledgement block go below packet 0")]
    AckRangeUnderflow,
    /// Raised by the owner: a block's missing packets go below packet 0.
    #[error("the missing packets of an acknowledgement block go below packet 0")]
    MissingRangeUnderflow,
    /// There is no such lane.
    #[error("lane {0} does not exist; the highest is 255")]
    BadLane(u32),
}

impl FrameError {
    /// A fixed short name, for counters.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::BadLead(_) => "bad_lead",
            Self::BadSizeCode(_) => "bad_size_code",
            Self::Truncated(_) => "truncated",
            Self::SegmentOverrun(_) => "segment_overrun",
            Self::ReservedPosition => "reserved_position",
            Self::NumberOutOfRange => "number_out_of_range",
            Self::PositionOutOfRange => "position_out_of_range",
            Self::StopWaitingOutOfRange { .. } => "stop_waiting_out_of_range",
            Self::StopWaitingReduced { .. } => "stop_waiting_reduced",
            Self::AckLatestOutOfRange => "ack_latest_out_of_range",
            Self::AckCountTooLarge(_) => "ack_count_too_large",
            Self::MissingCountTooLarge(_) => "missing_count_too_large",
            Self::AckRangeUnderflow => "ack_range_underflow",
            Self::MissingRangeUnderflow => "missing_range_underflow",
            Self::BadLane(_) => "bad_lane",
        }
    }
}

/// The lead bytes of protocol.md §3.1 and the bits in them.
mod lead {
    /// Unreliable: this is the last segment of the message.
    pub(super) const UNRELIABLE_LAST: u8 = 0x20;
    /// Unreliable: wide first number, or a delta for later ones.
    pub(super) const UNRELIABLE_NUMBER: u8 = 0x10;
    /// Unreliable: an offset follows.
    pub(super) const UNRELIABLE_OFFSET: u8 = 0x08;
    /// Reliable segment; the two bits at `POSITION_SHIFT` choose the position form.
    pub(super) const RELIABLE: u8 = 0x40;
    pub(super) const POSITION_SHIFT: u32 = 3;
    /// Both segments: bits of the size code, and the code that means "to the end".
    pub(super) const SIZE_MASK: u8 = 0x07;
    pub(super) const SIZE_TO_END: u8 = 7;
    /// Stop waiting; the low two bits choose the width.
    pub(super) const STOP_WAITING: u8 = 0x80;
    /// Select lane; the low three bits are the lane less one, 7 means a varint follows.
    pub(super) const SELECT_LANE: u8 = 0x88;
    pub(super) const LANE_EXPLICIT: u8 = 7;
    /// Acknowledgement; the low three bits count the blocks, 7 means a byte follows.
    pub(super) const ACK: u8 = 0x90;
    /// Acknowledgement: the latest packet has 16 bits, not 32.
    pub(super) const ACK_NARROW: u8 = 0x08;
    pub(super) const ACK_COUNT_EXPLICIT: u8 = 7;
}
