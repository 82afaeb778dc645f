//! The greeting: three messages on lane 0 before peers know each other.
//!
//! Who connected says `Hello`, the other answers `Welcome`, the first says `Ready`. Nobody sends packets before the
//! other is known to know: the one side after `Welcome`, the other after `Ready` or a first packet. So no packet can
//! arrive that would have to be kept for a peer without a name.
//!
//! ```text
//! 0   4  "GSMP"
//! 4   2  version, little-endian; what follows is that of version 1
//! 6   1  step: 1 Hello, 2 Welcome, 3 Ready
//! 7   1  kind of session: 0 server and clients, 1 mesh
//! 8   4  unique id of the sender
//! 12  4  unique id that the sender expects of the other; 0 any
//! 16  1  channels that the sender takes
//! 17  4  bytes of the largest packet that the sender takes
//! ```

/// The version spoken here.
pub(super) const VERSION: u16 = 1;
const MAGIC: &[u8; 4] = b"GSMP";
/// Bytes of a greeting.
pub(super) const BYTES: usize = 21;

/// Which of the three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Hello = 1,
    Welcome = 2,
    Ready = 3,
}

/// What kind of session the sender is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Star = 0,
    Mesh = 1,
}

/// A greeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Greeting {
    pub(super) step: Step,
    pub(super) kind: Kind,
    pub(super) id: i32,
    pub(super) expects: i32,
    pub(super) channels: u8,
    pub(super) packet_max: u32,
}

/// Why something is no greeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum HelloError {
    #[error("not a greeting of the multiplayer peer")]
    Alien,
    #[error("the peer speaks version {0} of the greeting, this is version {VERSION}")]
    Version(u16),
    #[error("a greeting of {0} bytes; version {VERSION} has {BYTES}")]
    Length(usize),
    #[error("a field of the greeting is out of range")]
    Range,
}

impl Greeting {
    pub(super) fn encode(&self) -> [u8; BYTES] {
        let mut out = [0; BYTES];
        out[..4].copy_from_slice(MAGIC);
        out[4..6].copy_from_slice(&VERSION.to_le_bytes());
        out[6] = self.step as u8;
        out[7] = self.kind as u8;
        out[8..12].copy_from_slice(&self.id.to_le_bytes());
        out[12..16].copy_from_slice(&self.expects.to_le_bytes());
        out[16] = self.channels;
        out[17..].copy_from_slice(&self.packet_max.to_le_bytes());
        out
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, HelloError> {
        let (magic, rest) = bytes.split_first_chunk().ok_or(HelloError::Alien)?;
        let (version, rest) = rest.split_first_chunk().ok_or(HelloError::Alien)?;
        if magic != MAGIC {
            return Err(HelloError::Alien);
        }
        let version = u16::from_le_bytes(*version);
        if version != VERSION {
            return Err(HelloError::Version(version));
        }
        let length = HelloError::Length(bytes.len());
        let (&[step, kind], rest) = rest.split_first_chunk().ok_or(length)?;
        let (id, rest) = rest.split_first_chunk().ok_or(length)?;
        let (expects, rest) = rest.split_first_chunk().ok_or(length)?;
        let (&[channels], rest) = rest.split_first_chunk().ok_or(length)?;
        let packet_max = u32::from_le_bytes(rest.try_into().map_err(|_| length)?);
        let step = match step {
            1 => Step::Hello,
            2 => Step::Welcome,
            3 => Step::Ready,
            _ => return Err(HelloError::Range),
        };
        let kind = match kind {
            0 => Kind::Star,
            1 => Kind::Mesh,
            _ => return Err(HelloError::Range),
        };
        let (id, expects) = (i32::from_le_bytes(*id), i32::from_le_bytes(*expects));
        if id < 1 || expects < 0 || channels == 0 || packet_max == 0 {
            return Err(HelloError::Range);
        }
        Ok(Self { step, kind, id, expects, channels, packet_max })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_written_is_read(
            step in 0..3_usize, mesh: bool, id in 1..=i32::MAX, expects in 0..=i32::MAX,
            channels in 1..=u8::MAX, packet_max in 1..=u32::MAX,
        ) {
            let step = [Step::Hello, Step::Welcome, Step::Ready][step];
            let kind = if mesh { Kind::Mesh } else { Kind::Star };
            let greeting = Greeting { step, kind, id, expects, channels, packet_max };
            prop_assert_eq!(Greeting::decode(&greeting.encode()), Ok(greeting));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..64), known: bool) {
            let mut bytes = bytes;
            if known && bytes.len() >= 6 {
                bytes[..4].copy_from_slice(MAGIC);
                bytes[4..6].copy_from_slice(&VERSION.to_le_bytes());
            }
            if let Ok(greeting) = Greeting::decode(&bytes) {
                prop_assert_eq!(&greeting.encode()[..], &bytes[..]);
                prop_assert!(greeting.id >= 1 && greeting.expects >= 0 && greeting.channels > 0);
            }
        }
    }

    #[test]
    fn errors_name_what_is_wrong() {
        let good =
            Greeting { step: Step::Hello, kind: Kind::Star, id: 7, expects: 1, channels: 64, packet_max: 9 }
                .encode();
        assert_eq!(Greeting::decode(b""), Err(HelloError::Alien));
        assert_eq!(Greeting::decode(&good[..20]), Err(HelloError::Length(20)));
        assert_eq!(Greeting::decode(&[&good[..], &[0]].concat()), Err(HelloError::Length(22)));
        let with = |at: usize, byte: u8| {
            let mut bytes = good;
            bytes[at] = byte;
            Greeting::decode(&bytes)
        };
        assert_eq!(with(0, b'x'), Err(HelloError::Alien));
        assert_eq!(with(4, 2), Err(HelloError::Version(2)));
        for (at, byte) in [(6, 0), (6, 4), (7, 2), (8, 0), (11, 0x80), (15, 0x80), (16, 0), (17, 0)] {
            assert_eq!(with(at, byte), Err(HelloError::Range), "byte {at} = {byte}");
        }
    }
}
