//! Codes of points of presence, the places where relays and servers stand (protocol.md §2.10).
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::arithmetic_side_effects))]

use core::fmt;
use core::str::FromStr;

/// A place, packed from up to four characters: the first three go to bits 16, 8 and 0, the fourth to
/// bits 24 to 31. `iad` is `0x696164`, `sto2` is `0x3273746f`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct PopId(pub u32);

/// The text is not the code of a place: it needs one to four printable ASCII characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a place code is one to four printable ASCII characters")]
pub struct PopIdError;

impl PopId {
    /// The number that travels on the wire.
    #[inline]
    pub const fn to_u32(self) -> u32 {
        self.0
    }

    /// The four character slots in reading order; unused slots are zero.
    const fn slots(self) -> [u8; 4] {
        let [third, second, first, fourth] = self.0.to_le_bytes();
        [first, second, third, fourth]
    }
}

impl FromStr for PopId {
    type Err = PopIdError;

    fn from_str(text: &str) -> Result<Self, PopIdError> {
        let bytes = text.as_bytes();
        if bytes.is_empty() || bytes.len() > 4 || !bytes.iter().all(u8::is_ascii_graphic) {
            return Err(PopIdError);
        }
        let at = |index: usize| bytes.get(index).copied().unwrap_or(0);
        Ok(Self(u32::from_le_bytes([at(2), at(1), at(0), at(3)])))
    }
}

impl fmt::Display for PopId {
    /// The characters, or `#` and eight hexadecimal digits if the number does not come from a code.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slots = self.slots();
        let used = slots.iter().position(|&c| c == 0).unwrap_or(slots.len());
        let (text, unused) = slots.split_at_checked(used).unwrap_or((&[], &slots));
        let clean =
            !text.is_empty() && text.iter().all(u8::is_ascii_graphic) && unused.iter().all(|&c| c == 0);
        match core::str::from_utf8(text) {
            Ok(text) if clean => f.pad(text),
            _ => write!(f, "#{:08x}", self.0),
        }
    }
}

impl fmt::Debug for PopId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PopId({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn refuses_what_is_no_code() {
        for bad in ["", "abcde", "a b", "ü", "\0", "ab\n"] {
            assert_eq!(bad.parse::<PopId>(), Err(PopIdError), "{bad:?}");
        }
    }

    #[test]
    fn numbers_without_a_code_print_as_hex() {
        assert_eq!(PopId(0).to_string(), "#00000000");
        assert_eq!(PopId(0x61).to_string(), "#00000061");
        assert_eq!(PopId(0xff69_6164).to_string(), "#ff696164");
    }

    proptest! {
        #[test]
        fn round_trip(text in "[!-~]{1,4}") {
            let id: PopId = text.parse().unwrap();
            prop_assert_eq!(id.to_string(), text);
        }

        #[test]
        fn printing_is_total(raw: u32) {
            let _ = PopId(raw).to_string();
        }
    }
}
