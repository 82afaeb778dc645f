//! The messages of a file transfer. All are reliable, on lane 0; numbers are little endian.
//!
//! | first byte | from | rest |
//! |---|---|---|
//! | 1 offer | sender | version u8, size u64, name (UTF-8, to the end) |
//! | 2 start | sender | offset u64: where the data begins |
//! | 3 data | sender | bytes, directly behind those before |
//! | 4 end | sender | SHA-256 of the whole file |
//! | 16 have | receiver | offset u64, window u64, SHA-256 of the bytes before the offset |
//! | 17 written | receiver | offset u64: so much is written |
//! | 18 done | receiver | nothing: the file is complete and in place |
//! | 19 refused | receiver | reason u8, text (UTF-8, to the end) |
//!
//! offer → have → start → data … → end → done; refused may come in place of any answer. At most `window` bytes are
//! under way beyond what was reported as written.

use super::digest::Sha256;
use thiserror::Error;

/// Version of this protocol.
pub(crate) const VERSION: u8 = 1;
/// Bytes of a name on the wire.
pub(crate) const NAME_BYTES_MAX: usize = 200;
/// Bytes of file data in one message: large enough that messages cost little, small enough to share the way.
pub(crate) const DATA_BYTES_MAX: usize = 64 * 1024;
/// Bytes of an explaining text that are looked at.
const TEXT_BYTES_MAX: usize = 500;

/// Why a receiver refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Refusal {
    /// The name is not safe.
    Name = 1,
    /// There is such a file already.
    Exists = 2,
    /// Somebody else is sending a file of that name at this moment.
    Busy = 3,
    /// Larger than the receiver takes.
    TooLarge = 4,
    /// The receiver's disk is full.
    DiskFull = 5,
    /// Other trouble with the receiver's disk.
    Disk = 6,
    /// What arrived is not what was announced.
    Integrity = 7,
    /// The sender does not speak this protocol as it should.
    Protocol = 8,
}

impl Refusal {
    const ALL: [Self; 8] = [
        Self::Name,
        Self::Exists,
        Self::Busy,
        Self::TooLarge,
        Self::DiskFull,
        Self::Disk,
        Self::Integrity,
        Self::Protocol,
    ];

    fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|r| *r as u8 == number)
    }
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Frame<'a> {
    Offer { version: u8, size: u64, name: &'a str },
    Start { offset: u64 },
    Data(&'a [u8]),
    End { sha256: Sha256 },
    Have { offset: u64, window: u64, sha256: Sha256 },
    Written { offset: u64 },
    Done,
    Refused { reason: Refusal, text: &'a str },
}

/// Why a message is not one of a file transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum FrameError {
    #[error("the peer sent an empty message; is it the other half of a file transfer?")]
    Empty,
    #[error("the peer sent a message of the unknown kind {0}; is it the other half of a file transfer?")]
    Kind(u8),
    #[error("the peer sent a message of kind {kind} of the wrong length {len}")]
    Length { kind: u8, len: usize },
    #[error("the peer sent text that is not UTF-8")]
    Text,
    #[error("the peer refused with the unknown reason {0}")]
    Reason(u8),
}

impl<'a> Frame<'a> {
    /// The message as bytes.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64);
        match self {
            Self::Offer { version, size, name } => {
                out.extend([1, *version]);
                out.extend(size.to_le_bytes());
                out.extend(name.as_bytes());
            }
            Self::Start { offset } => put_number(&mut out, 2, *offset),
            Self::Data(data) => {
                out.reserve(data.len());
                out.push(3);
                out.extend(*data);
            }
            Self::End { sha256 } => {
                out.push(4);
                out.extend(sha256.0);
            }
            Self::Have { offset, window, sha256 } => {
                put_number(&mut out, 16, *offset);
                out.extend(window.to_le_bytes());
                out.extend(sha256.0);
            }
            Self::Written { offset } => put_number(&mut out, 17, *offset),
            Self::Done => out.push(18),
            Self::Refused { reason, text } => {
                out.extend([19, *reason as u8]);
                out.extend(text.as_bytes());
            }
        }
        out
    }

    /// Reads a message.
    ///
    /// # Errors
    /// The message is none of this protocol, see [`FrameError`].
    pub(crate) fn decode(message: &'a [u8]) -> Result<Self, FrameError> {
        let (&kind, body) = message.split_first().ok_or(FrameError::Empty)?;
        let wrong = FrameError::Length { kind, len: message.len() };
        Ok(match kind {
            1 => {
                let (&version, rest) = body.split_first().ok_or(wrong)?;
                let (size, name) = take_number(rest).ok_or(wrong)?;
                if name.len() > NAME_BYTES_MAX {
                    return Err(wrong);
                }
                Self::Offer { version, size, name: text(name)? }
            }
            2 => Self::Start { offset: only_number(body).ok_or(wrong)? },
            3 if body.len() <= DATA_BYTES_MAX => Self::Data(body),
            4 => Self::End { sha256: Sha256(body.try_into().map_err(|_| wrong)?) },
            16 => {
                let (offset, rest) = take_number(body).ok_or(wrong)?;
                let (window, rest) = take_number(rest).ok_or(wrong)?;
                Self::Have { offset, window, sha256: Sha256(rest.try_into().map_err(|_| wrong)?) }
            }
            17 => Self::Written { offset: only_number(body).ok_or(wrong)? },
            18 if body.is_empty() => Self::Done,
            19 => {
                let (&reason, rest) = body.split_first().ok_or(wrong)?;
                if rest.len() > TEXT_BYTES_MAX {
                    return Err(wrong);
                }
                let reason = Refusal::from_number(reason).ok_or(FrameError::Reason(reason))?;
                Self::Refused { reason, text: text(rest)? }
            }
            3 | 18 => return Err(wrong),
            other => return Err(FrameError::Kind(other)),
        })
    }
}

/// A refusal with its text cut to what the other side accepts.
pub(crate) fn refused(reason: Refusal, explanation: &str) -> Vec<u8> {
    let mut end = explanation.len().min(TEXT_BYTES_MAX);
    while !explanation.is_char_boundary(end) {
        end -= 1;
    }
    Frame::Refused { reason, text: explanation.get(..end).unwrap_or_default() }.encode()
}

fn put_number(out: &mut Vec<u8>, kind: u8, number: u64) {
    out.push(kind);
    out.extend(number.to_le_bytes());
}

fn take_number(body: &[u8]) -> Option<(u64, &[u8])> {
    let (number, rest) = body.split_first_chunk()?;
    Some((u64::from_le_bytes(*number), rest))
}

fn only_number(body: &[u8]) -> Option<u64> {
    take_number(body).filter(|(_, rest)| rest.is_empty()).map(|(number, _)| number)
}

fn text(raw: &[u8]) -> Result<&str, FrameError> {
    std::str::from_utf8(raw).map_err(|_| FrameError::Text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_frame_survives_the_way() {
        let sha256 = Sha256([7; 32]);
        let frames = [
            Frame::Offer { version: 1, size: 1 << 40, name: "bär.bin" },
            Frame::Start { offset: u64::MAX },
            Frame::Data(b"abc"),
            Frame::Data(b""),
            Frame::End { sha256 },
            Frame::Have { offset: 3, window: 4, sha256 },
            Frame::Written { offset: 9 },
            Frame::Done,
            Frame::Refused { reason: Refusal::DiskFull, text: "no room" },
        ];
        for frame in frames {
            let bytes = frame.encode();
            assert_eq!(Frame::decode(&bytes), Ok(frame));
            // Cut anywhere, it is an error or another valid frame, never a panic.
            for end in 0..bytes.len() {
                let _ = Frame::decode(&bytes[..end]);
            }
        }
    }

    #[test]
    fn nonsense_is_an_error() {
        assert_eq!(Frame::decode(b""), Err(FrameError::Empty));
        assert_eq!(Frame::decode(b"hello"), Err(FrameError::Kind(b'h')));
        assert_eq!(Frame::decode(&[2, 0]), Err(FrameError::Length { kind: 2, len: 2 }));
        assert_eq!(Frame::decode(&[18, 0]), Err(FrameError::Length { kind: 18, len: 2 }));
        assert_eq!(Frame::decode(&[19, 99]), Err(FrameError::Reason(99)));
        assert_eq!(Frame::decode(&[19, 1, 0xff]), Err(FrameError::Text));
        let long = Frame::Offer { version: 1, size: 0, name: &"x".repeat(201) }.encode();
        assert!(matches!(Frame::decode(&long), Err(FrameError::Length { .. })));
        assert!(Frame::decode(&[3; DATA_BYTES_MAX + 2]).is_err());
    }

    #[test]
    fn refusals_have_numbers_that_come_back_and_short_texts() {
        for reason in Refusal::ALL {
            assert_eq!(Refusal::from_number(reason as u8), Some(reason));
        }
        let bytes = refused(Refusal::Disk, &"ä".repeat(400));
        assert!(matches!(Frame::decode(&bytes), Ok(Frame::Refused { text, .. }) if text.len() == 500));
    }
}
