//! What stands in a UDP datagram: the six messages around the data stream, and the header of a data
//! packet (protocol.md §1.2, §1.3, §1.9).
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::arithmetic_side_effects))]

use alloc::string::String;
use alloc::vec::Vec;

use prost::Message;

use crate::msg::{
    ChallengeReply, ChallengeRequest, ConnectOk, ConnectRequest, ConnectionClosed, NoConnection, UdpStats,
};
use crate::reader::{Reader, Truncated};
use crate::varint::{put_varint, varint_len};

/// Largest datagram that is sent (protocol.md §1.1).
pub const MAX_SEND_LEN: usize = 1300;

/// Largest message datagram that is looked at. Nobody sends more than [`MAX_SEND_LEN`]; the rest is the
/// room up to what an Ethernet frame holds.
pub const MAX_CONTROL_LEN: usize = 1500;

/// Smallest datagram that is looked at on a plain UDP socket; shorter ones are dropped before their first
/// byte is read (protocol.md §1.1). Paths found by ICE have no such limit, so the decoders do not check it.
pub const MIN_UDP_LEN: usize = 5;

/// Smallest size of a padded message (protocol.md §1.3).
pub const PADDED_LEN: usize = 512;

/// Bytes of a data header without statistics and time.
pub const MIN_DATA_HEADER_LEN: usize = 7;

/// Largest encrypted chunk that is accepted (protocol.md §1.1).
pub const MAX_CHUNK_LEN: usize = 1300;

/// Bytes of the text in [`ConnectionClosed`] that are worth sending: receivers keep no more.
pub const MAX_DEBUG_LEN: usize = 127;

/// Microseconds in one unit of the time field of a data header.
pub const TIME_SINCE_PREV_UNIT_US: u64 = 16;

/// First byte: this is a data packet; the other bits are flags.
const DATA: u8 = 0x80;
/// Flag of a data packet: a statistics blob follows the header.
const FLAG_STATS: u8 = 0x01;
/// Flag of a data packet: the time since the previous packet follows.
const FLAG_TIME: u8 = 0x02;

/// The first byte of a message datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Lead {
    /// Client to server, padded.
    ChallengeRequest = 32,
    /// Server to client.
    ChallengeReply = 33,
    /// Client to server.
    ConnectRequest = 34,
    /// Server to client.
    ConnectOk = 35,
    /// Both ways, padded, wants an answer.
    ConnectionClosed = 36,
    /// Both ways, never answered.
    NoConnection = 37,
}

impl Lead {
    /// The kind of message that begins with this byte; `None` for data packets and unknown bytes.
    #[inline]
    pub const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            32 => Some(Self::ChallengeRequest),
            33 => Some(Self::ChallengeReply),
            34 => Some(Self::ConnectRequest),
            35 => Some(Self::ConnectOk),
            36 => Some(Self::ConnectionClosed),
            37 => Some(Self::NoConnection),
            _ => None,
        }
    }

    /// Whether the message is filled up to [`PADDED_LEN`], so that an answer is never the larger one.
    #[inline]
    pub const fn is_padded(self) -> bool {
        matches!(self, Self::ChallengeRequest | Self::ConnectionClosed)
    }

    /// A fixed short name, for counters.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ChallengeRequest => "challenge_request",
            Self::ChallengeReply => "challenge_reply",
            Self::ConnectRequest => "connect_request",
            Self::ConnectOk => "connect_ok",
            Self::ConnectionClosed => "connection_closed",
            Self::NoConnection => "no_connection",
        }
    }
}

/// Why a datagram is dropped. Anybody can send one, so this is counted and nothing more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum DatagramError {
    /// The datagram ends inside its header.
    #[error("the datagram ends inside its header")]
    Truncated,
    /// A message of more than [`MAX_CONTROL_LEN`] bytes.
    #[error("the message is longer than 1500 bytes")]
    TooLong,
    /// The first byte means nothing here.
    #[error("no such datagram begins with 0x{0:02x}")]
    UnknownLead(u8),
    /// A padded message of less than [`PADDED_LEN`] bytes.
    #[error("the message is shorter than 512 bytes")]
    NotPadded,
    /// The length of a padded message is zero or runs past the datagram.
    #[error("the length inside the message does not fit the datagram")]
    BadLength,
    /// The statistics of a data packet run past the datagram.
    #[error("the statistics run past the end of the datagram")]
    StatsOverrun,
    /// The message is not valid protobuf.
    #[error("the {} message does not parse", .0.name())]
    Malformed(Lead),
    /// The statistics of a data packet are not valid protobuf.
    #[error("the statistics do not parse")]
    MalformedStats,
}

impl DatagramError {
    /// A fixed short name, for counters.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Truncated => "truncated",
            Self::TooLong => "too_long",
            Self::UnknownLead(_) => "unknown_lead",
            Self::NotPadded => "not_padded",
            Self::BadLength => "bad_length",
            Self::StatsOverrun => "stats_overrun",
            Self::Malformed(_) => "malformed",
            Self::MalformedStats => "malformed_stats",
        }
    }
}

impl From<Truncated> for DatagramError {
    fn from(Truncated: Truncated) -> Self {
        Self::Truncated
    }
}

/// A message around the data stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Control {
    /// See [`ChallengeRequest`].
    ChallengeRequest(ChallengeRequest),
    /// See [`ChallengeReply`].
    ChallengeReply(ChallengeReply),
    /// See [`ConnectRequest`].
    ConnectRequest(ConnectRequest),
    /// See [`ConnectOk`].
    ConnectOk(ConnectOk),
    /// See [`ConnectionClosed`].
    ConnectionClosed(ConnectionClosed),
    /// See [`NoConnection`].
    NoConnection(NoConnection),
}

impl Control {
    /// Reads a message datagram.
    ///
    /// The text of a [`ConnectionClosed`] may be in any encoding; bytes that are not UTF-8 are replaced.
    ///
    /// # Errors
    /// [`DatagramError`] says why the datagram is to be dropped.
    pub fn decode(datagram: &[u8]) -> Result<Self, DatagramError> {
        let mut reader = Reader::new(datagram);
        let byte = reader.u8()?;
        let lead = Lead::from_byte(byte).ok_or(DatagramError::UnknownLead(byte))?;
        if datagram.len() > MAX_CONTROL_LEN {
            return Err(DatagramError::TooLong);
        }
        let body = if lead.is_padded() {
            if datagram.len() < PADDED_LEN {
                return Err(DatagramError::NotPadded);
            }
            let len = reader.u16()?;
            match reader.take(len.into()) {
                Ok(body) if len > 0 => body,
                _ => return Err(DatagramError::BadLength),
            }
        } else {
            reader.rest()
        };
        let message = match lead {
            Lead::ChallengeRequest => ChallengeRequest::decode(body).map(Self::ChallengeRequest),
            Lead::ChallengeReply => ChallengeReply::decode(body).map(Self::ChallengeReply),
            Lead::ConnectRequest => ConnectRequest::decode(body).map(Self::ConnectRequest),
            Lead::ConnectOk => ConnectOk::decode(body).map(Self::ConnectOk),
            Lead::ConnectionClosed => decode_closed(body).map(Self::ConnectionClosed),
            Lead::NoConnection => NoConnection::decode(body).map(Self::NoConnection),
        };
        message.map_err(|_| DatagramError::Malformed(lead))
    }

    /// Appends the datagram, filled up where the kind asks for it.
    ///
    /// The text of a [`ConnectionClosed`] is cut to [`MAX_DEBUG_LEN`] bytes. The other messages are as long
    /// as their fields make them; see that certificates leave room for [`MAX_SEND_LEN`].
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::ChallengeRequest(message) => put_padded(out, self.kind(), message),
            Self::ChallengeReply(message) => put_plain(out, self.kind(), message),
            Self::ConnectRequest(message) => put_plain(out, self.kind(), message),
            Self::ConnectOk(message) => put_plain(out, self.kind(), message),
            Self::ConnectionClosed(message) => match &message.debug {
                Some(debug) if debug.len() > MAX_DEBUG_LEN => {
                    let debug = Some(String::from(clip_debug(debug)));
                    put_padded(out, self.kind(), &ConnectionClosed { debug, ..*message });
                }
                _ => put_padded(out, self.kind(), message),
            },
            Self::NoConnection(message) => put_plain(out, self.kind(), message),
        }
    }

    /// Which message this is.
    pub const fn kind(&self) -> Lead {
        match self {
            Self::ChallengeRequest(_) => Lead::ChallengeRequest,
            Self::ChallengeReply(_) => Lead::ChallengeReply,
            Self::ConnectRequest(_) => Lead::ConnectRequest,
            Self::ConnectOk(_) => Lead::ConnectOk,
            Self::ConnectionClosed(_) => Lead::ConnectionClosed,
            Self::NoConnection(_) => Lead::NoConnection,
        }
    }
}

fn put_plain(out: &mut Vec<u8>, lead: Lead, message: &impl Message) {
    out.push(lead as u8);
    message.encode_raw(out);
}

/// Both padded kinds are far below 65,536 bytes: the only field without a fixed width is clipped text.
fn put_padded(out: &mut Vec<u8>, lead: Lead, message: &impl Message) {
    let start = out.len();
    let len = message.encoded_len() as u16;
    out.push(lead as u8);
    out.extend_from_slice(&len.to_le_bytes());
    message.encode_raw(out);
    let padded = start.saturating_add(PADDED_LEN);
    if out.len() < padded {
        out.resize(padded, 0);
    }
}

/// Cuts text to [`MAX_DEBUG_LEN`] bytes without splitting a character.
pub fn clip_debug(text: &str) -> &str {
    let mut end = text.len().min(MAX_DEBUG_LEN);
    loop {
        match text.get(..end) {
            Some(clipped) => return clipped,
            None => end = end.saturating_sub(1),
        }
    }
}

/// [`ConnectionClosed`] as a peer may send it that does not care about encodings.
#[derive(Clone, PartialEq, Eq, Message)]
struct ClosedWithAnyText {
    #[prost(bytes = "vec", optional, tag = "2")]
    debug: Option<Vec<u8>>,
    #[prost(uint32, optional, tag = "3")]
    reason_code: Option<u32>,
    #[prost(fixed32, optional, tag = "4")]
    to_connection_id: Option<u32>,
    #[prost(fixed32, optional, tag = "5")]
    from_connection_id: Option<u32>,
}

fn decode_closed(body: &[u8]) -> Result<ConnectionClosed, prost::DecodeError> {
    let closed = ClosedWithAnyText::decode(body)?;
    let debug = closed.debug.map(|bytes| match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    });
    Ok(ConnectionClosed {
        debug,
        reason_code: closed.reason_code,
        to_connection_id: closed.to_connection_id,
        from_connection_id: closed.from_connection_id,
    })
}

/// Whether a datagram with this first byte is a data packet.
#[inline]
pub const fn is_data(first: u8) -> bool {
    first & DATA != 0
}

/// The id that a data packet is addressed to; `None` for everything else. Checks nothing beyond that.
#[inline]
pub fn peek_connection_id(datagram: &[u8]) -> Option<u32> {
    match datagram.first_chunk() {
        Some(&[first, a, b, c, d]) if is_data(first) => Some(u32::from_le_bytes([a, b, c, d])),
        _ => None,
    }
}

/// The header of a data packet. Nothing in it is authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DataHeader<'a> {
    /// The recipient's connection id.
    pub connection_id: u32,
    /// The low 16 bits of the packet number.
    pub wire_number: u16,
    /// A serialized [`UdpStats`]; see [`decode_stats`]. May be empty.
    pub stats: Option<&'a [u8]>,
    /// Time since the sender's previous packet, in units of [`TIME_SINCE_PREV_UNIT_US`].
    pub time_since_prev: Option<u16>,
    /// Bytes of the header; the encrypted chunk is everything behind it.
    pub len: usize,
}

impl<'a> DataHeader<'a> {
    /// Reads the header. The statistics are located, not parsed.
    ///
    /// # Errors
    /// [`DatagramError`] says why the datagram is to be dropped.
    #[inline]
    pub fn decode(datagram: &'a [u8]) -> Result<Self, DatagramError> {
        let Some((&[first, a, b, c, d, low, high], rest)) =
            datagram.split_first_chunk::<MIN_DATA_HEADER_LEN>()
        else {
            return Err(DatagramError::Truncated);
        };
        if !is_data(first) {
            return Err(DatagramError::UnknownLead(first));
        }
        let mut header = Self {
            connection_id: u32::from_le_bytes([a, b, c, d]),
            wire_number: u16::from_le_bytes([low, high]),
            stats: None,
            time_since_prev: None,
            len: MIN_DATA_HEADER_LEN,
        };
        if first & (FLAG_STATS | FLAG_TIME) != 0 {
            header.decode_optional(first, rest)?;
        }
        Ok(header)
    }

    fn decode_optional(&mut self, first: u8, rest: &'a [u8]) -> Result<(), DatagramError> {
        let mut reader = Reader::new(rest);
        if first & FLAG_STATS != 0 {
            let len = reader.varint_u32()?;
            let len = usize::try_from(len).map_err(|_| DatagramError::StatsOverrun)?;
            self.stats = Some(reader.take(len).map_err(|Truncated| DatagramError::StatsOverrun)?);
        }
        if first & FLAG_TIME != 0 {
            self.time_since_prev = Some(reader.u16()?);
        }
        self.len = self.len.saturating_add(reader.position());
        Ok(())
    }
}

/// Parses the statistics of a data packet.
///
/// # Errors
/// [`DatagramError`]: the packet is to be dropped as a whole.
pub fn decode_stats(blob: &[u8]) -> Result<UdpStats, DatagramError> {
    if blob.len() > MAX_CONTROL_LEN {
        return Err(DatagramError::TooLong);
    }
    UdpStats::decode(blob).map_err(|_| DatagramError::MalformedStats)
}

/// Appends the header of a data packet: the recipient's id, the low 16 bits of the packet number, a
/// serialized [`UdpStats`], and the time since the previous packet in units of
/// [`TIME_SINCE_PREV_UNIT_US`].
#[inline]
pub fn put_data_header(
    out: &mut Vec<u8>,
    connection_id: u32,
    wire_number: u16,
    stats: Option<&[u8]>,
    time_since_prev: Option<u16>,
) {
    let mut first = DATA;
    if stats.is_some() {
        first |= FLAG_STATS;
    }
    if time_since_prev.is_some() {
        first |= FLAG_TIME;
    }
    let [a, b, c, d] = connection_id.to_le_bytes();
    let [low, high] = wire_number.to_le_bytes();
    out.extend_from_slice(&[first, a, b, c, d, low, high]);
    if let Some(stats) = stats {
        put_varint(out, stats.len() as u64);
        out.extend_from_slice(stats);
    }
    if let Some(time) = time_since_prev {
        out.extend_from_slice(&time.to_le_bytes());
    }
}

/// The number of bytes [`put_data_header`] appends for statistics of this length.
#[inline]
pub const fn data_header_len(stats_len: Option<usize>, time_since_prev: bool) -> usize {
    let stats = match stats_len {
        Some(len) => varint_len(len as u64).saturating_add(len),
        None => 0,
    };
    let time = if time_since_prev { 2 } else { 0 };
    MIN_DATA_HEADER_LEN.saturating_add(stats).saturating_add(time)
}
