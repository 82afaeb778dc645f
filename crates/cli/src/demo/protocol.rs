//! What the processes of the demonstration say to each other, and how the age of a message is taken.

use crate::bench::stats::percentile;
use std::time::{SystemTime, UNIX_EPOCH};
use thiserror::Error;

/// Lane of chat lines and of everything about the course of the demonstration.
pub(super) const CHAT_LANE: u16 = 0;
/// Lane of the state messages.
pub(super) const STATE_LANE: u16 = 1;
/// Lane of the file.
pub(super) const BULK_LANE: u16 = 2;
pub(super) const LANE_NAMES: [&str; 3] = ["chat", "state", "bulk"];
/// State messages per second.
pub(super) const STATE_HZ: u32 = 60;
/// Bytes of the file in one message.
pub(super) const PIECE_BYTES: usize = 32 * 1024;
/// Ages kept: an hour of two clients.
const AGES_MAX: usize = 2 * 3600 * STATE_HZ as usize;
/// What a state message carries beside number and time: positions, directions, the usual.
const STATE_FILLING: [u8; 48] = [0x5a; 48];

/// A message of the demonstration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Say<'a> {
    /// Client to server, first: a name.
    Hello { name: &'a str },
    /// A line for everybody, and who said it.
    Chat { from: &'a str, line: &'a str },
    /// Where things are: number, and time of sending in microseconds since 1970.
    State { number: u32, sent_us: u64 },
    /// Server to client: the file follows.
    File { size: u64, sha256: [u8; 32] },
    /// The next bytes of the file.
    Piece(&'a [u8]),
    /// Client to server: we have everything we wait for. Server to client: so have all the others.
    Finished,
}

/// Bytes that are no message of the demonstration.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("a message of {len} bytes is none of the demonstration")]
pub(super) struct NotOurs {
    len: usize,
}

impl<'a> Say<'a> {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64);
        match self {
            Self::Hello { name } => {
                out.push(1);
                out.extend(name.as_bytes());
            }
            Self::Chat { from, line } => {
                out.push(2);
                out.extend(from.as_bytes());
                out.push(0);
                out.extend(line.as_bytes());
            }
            Self::State { number, sent_us } => {
                out.push(3);
                out.extend(number.to_le_bytes());
                out.extend(sent_us.to_le_bytes());
                out.extend(STATE_FILLING);
            }
            Self::File { size, sha256 } => {
                out.push(4);
                out.extend(size.to_le_bytes());
                out.extend(sha256);
            }
            Self::Piece(data) => {
                out.reserve(data.len());
                out.push(5);
                out.extend(*data);
            }
            Self::Finished => out.push(6),
        }
        out
    }

    pub(super) fn decode(message: &'a [u8]) -> Result<Self, NotOurs> {
        Self::read(message).ok_or(NotOurs { len: message.len() })
    }

    fn read(message: &'a [u8]) -> Option<Self> {
        let (&kind, body) = message.split_first()?;
        Some(match kind {
            1 => Self::Hello { name: std::str::from_utf8(body).ok()? },
            2 => {
                let (from, line) = std::str::from_utf8(body).ok()?.split_once('\0')?;
                Self::Chat { from, line }
            }
            3 => {
                let (number, rest) = body.split_first_chunk()?;
                let (sent_us, _) = rest.split_first_chunk()?;
                Self::State { number: u32::from_le_bytes(*number), sent_us: u64::from_le_bytes(*sent_us) }
            }
            4 => {
                let (size, rest) = body.split_first_chunk()?;
                Self::File { size: u64::from_le_bytes(*size), sha256: rest.try_into().ok()? }
            }
            5 => Self::Piece(body),
            6 if body.is_empty() => Self::Finished,
            _ => return None,
        })
    }
}

/// Microseconds since 1970; all processes of the demonstration run on one machine and share its clock.
pub(super) fn wall_us() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

/// Ages of the state messages that arrived.
#[derive(Debug, Default)]
pub(super) struct Ages {
    ms: Vec<f64>,
    highest: u32,
}

impl Ages {
    pub(super) fn add(&mut self, number: u32, sent_us: u64, now_us: u64) {
        self.highest = self.highest.max(number);
        if self.ms.len() < AGES_MAX {
            self.ms.push(now_us.saturating_sub(sent_us) as f64 / 1000.0);
        }
    }

    /// Takes in the ages of another sender's messages.
    pub(super) fn merge(&mut self, other: &Self) {
        self.highest += other.highest;
        let room = AGES_MAX - self.ms.len();
        self.ms.extend(other.ms.iter().take(room));
    }

    pub(super) fn count(&self) -> usize {
        self.ms.len()
    }

    /// Share of the messages up to the newest one that did not arrive, 0 to 1. Duplicates count as arrived.
    pub(super) fn lost(&self) -> f64 {
        if self.highest == 0 { 0.0 } else { (1.0 - self.ms.len() as f64 / f64::from(self.highest)).max(0.0) }
    }

    /// Milliseconds: half of the messages were younger, and 99 of 100 were.
    pub(super) fn percentiles(&mut self) -> (f64, f64) {
        (percentile(&mut self.ms, 50.0), percentile(&mut self.ms, 99.0))
    }

    /// The same for the messages since `from` (a count), without sorting them away.
    pub(super) fn recent(&self, from: usize) -> (f64, f64) {
        let mut recent = self.ms.get(from..).unwrap_or_default().to_vec();
        (percentile(&mut recent, 50.0), percentile(&mut recent, 99.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_survives_the_way() {
        let all = [
            Say::Hello { name: "ada" },
            Say::Chat { from: "ada", line: "hö" },
            Say::State { number: 7, sent_us: 1 << 50 },
            Say::File { size: 9, sha256: [3; 32] },
            Say::Piece(b"xyz"),
            Say::Finished,
        ];
        for say in all {
            let bytes = say.encode();
            assert_eq!(Say::decode(&bytes), Ok(say));
            for end in 0..bytes.len() {
                let _ = Say::decode(&bytes[..end]);
            }
        }
        assert_eq!(Say::decode(b""), Err(NotOurs { len: 0 }));
        assert_eq!(Say::decode(&[6, 6]), Err(NotOurs { len: 2 }));
        assert_eq!(Say::decode(&[2, b'x']), Err(NotOurs { len: 2 }));
    }

    #[test]
    fn ages_and_losses() {
        let mut ages = Ages::default();
        assert_eq!(ages.lost(), 0.0);
        for n in 1..=4 {
            ages.add(n * 2, 1000, 1000 + u64::from(n) * 1000);
        }
        assert_eq!((ages.count(), ages.lost()), (4, 0.5));
        assert_eq!(ages.recent(2).1, 4.0);
        assert_eq!(ages.percentiles(), (3.0, 4.0));
    }
}
