//! Text for bytes: the five-character fragments of ICE (protocol.md §5.6) and the labelled blocks in
//! which certificates and keys are passed around (protocol.md §2.10).
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::arithmetic_side_effects))]

use alloc::string::String;
use alloc::vec::Vec;

use ::base64::Engine as _;
use ::base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Longest text that [`decode`] and [`decode_block`] look at. A certificate takes a few hundred bytes;
/// this leaves room for chains.
pub const MAX_TEXT_LEN: usize = 64 * 1024;

/// Label of the block that holds a certificate.
pub const CERTIFICATE_LABEL: &str = "STEAMDATAGRAM CERT";

/// Characters on a line of a block.
const LINE_LEN: usize = 64;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Standard alphabet; writes padding, reads with or without.
const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &::base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Why a text does not give bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// More than [`MAX_TEXT_LEN`] bytes.
    #[error("the text is longer than 65536 bytes")]
    TooLong,
    /// Not base64.
    #[error("the text is not base64")]
    BadBase64,
    /// The lines that begin and end the block are missing or carry another label.
    #[error("the text has no block with the expected label")]
    NoBlock,
}

/// The low 30 bits of `bits` as five base64 characters, most significant first. This is how a connection
/// id becomes an ICE user name and a random number becomes an ICE password (protocol.md §5.6).
pub const fn fragment30(bits: u32) -> [u8; 5] {
    [digit(bits >> 24), digit(bits >> 18), digit(bits >> 12), digit(bits >> 6), digit(bits)]
}

#[expect(clippy::indexing_slicing, reason = "the index is below 64, the length of the table")]
const fn digit(bits: u32) -> u8 {
    ALPHABET[(bits & 63) as usize]
}

/// Base64 in one line, with padding.
pub fn encode(bytes: &[u8]) -> String {
    ENGINE.encode(bytes)
}

/// Reads base64 with or without padding; white space anywhere is skipped.
///
/// # Errors
/// [`TextError::TooLong`] or [`TextError::BadBase64`].
pub fn decode(text: &str) -> Result<Vec<u8>, TextError> {
    if text.len() > MAX_TEXT_LEN {
        return Err(TextError::TooLong);
    }
    let dense: Vec<u8> = text.bytes().filter(|c| !c.is_ascii_whitespace()).collect();
    ENGINE.decode(dense).map_err(|_| TextError::BadBase64)
}

/// A block of base64 lines between `-----BEGIN label-----` and `-----END label-----`.
pub fn encode_block(label: &str, bytes: &[u8]) -> String {
    let dense = encode(bytes);
    let mut out = String::new();
    for part in ["-----BEGIN ", label, "-----\n"] {
        out.push_str(part);
    }
    for (index, digit) in dense.chars().enumerate() {
        if index > 0 && index % LINE_LEN == 0 {
            out.push('\n');
        }
        out.push(digit);
    }
    out.push('\n');
    for part in ["-----END ", label, "-----\n"] {
        out.push_str(part);
    }
    out
}

/// Reads the first block with this label; text around it is skipped.
///
/// # Errors
/// [`TextError`] says what is wrong.
pub fn decode_block(label: &str, text: &str) -> Result<Vec<u8>, TextError> {
    if text.len() > MAX_TEXT_LEN {
        return Err(TextError::TooLong);
    }
    let (_, rest) = split_at_marker(text, "-----BEGIN ", label).ok_or(TextError::NoBlock)?;
    let (body, _) = split_at_marker(rest, "-----END ", label).ok_or(TextError::NoBlock)?;
    decode(body)
}

/// Splits `text` around the first `<kind><label>-----`.
fn split_at_marker<'a>(text: &'a str, kind: &str, label: &str) -> Option<(&'a str, &'a str)> {
    let mut start = 0usize;
    loop {
        let found = text.get(start..)?.find(kind)?;
        let at = start.checked_add(found)?;
        let behind = text.get(at..)?.strip_prefix(kind)?;
        if let Some(rest) = behind.strip_prefix(label).and_then(|rest| rest.strip_prefix("-----")) {
            return Some((text.get(..at)?, rest));
        }
        start = at.checked_add(kind.len())?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn blocks_are_found_among_other_text() {
        let block = encode_block(CERTIFICATE_LABEL, &[7; 100]);
        assert!(block.starts_with("-----BEGIN STEAMDATAGRAM CERT-----\n"));
        assert!(block.lines().all(|line| line.len() <= LINE_LEN));
        let text = format!("noise\n{}{}\n", encode_block("OTHER", b"x"), block.replace('\n', "\r\n  "));
        assert_eq!(decode_block(CERTIFICATE_LABEL, &text), Ok(vec![7; 100]));
        assert_eq!(decode_block("OTHER", &text), Ok(b"x".to_vec()));
        assert_eq!(decode_block("MISSING", &text), Err(TextError::NoBlock));
        assert_eq!(decode_block("OTHER", "-----BEGIN OTHER-----\nAAAA"), Err(TextError::NoBlock));
        assert_eq!(
            decode_block("OTHER", "-----BEGIN OTHER-----\n?-----END OTHER-----"),
            Err(TextError::BadBase64)
        );
    }

    #[test]
    fn padding_and_white_space_are_optional() {
        for text in ["AQID", "A Q\r\nI\tD", "AQI=", "AQI"] {
            assert!(decode(text).is_ok(), "{text:?}");
        }
        assert_eq!(decode("AQ_-"), Err(TextError::BadBase64));
        assert_eq!(decode(&"A".repeat(MAX_TEXT_LEN + 4)), Err(TextError::TooLong));
        assert_eq!(decode_block("X", &"A".repeat(MAX_TEXT_LEN + 4)), Err(TextError::TooLong));
    }

    proptest! {
        #[test]
        fn round_trip(bytes: Vec<u8>) {
            prop_assert_eq!(decode(&encode(&bytes)), Ok(bytes.clone()));
            prop_assert_eq!(decode_block("L", &encode_block("L", &bytes)), Ok(bytes));
        }

        #[test]
        fn any_text_is_answered(text in "(-----BEGIN |-----END |L|-----|\\PC){0,20}") {
            let _ = decode_block("L", &text);
            let _ = decode(&text);
        }

        #[test]
        fn fragments_hold_thirty_bits(bits: u32) {
            let fragment = fragment30(bits);
            prop_assert_eq!(fragment, fragment30(bits & 0x3fff_ffff));
            let value = fragment.iter().fold(0u32, |acc, c| {
                (acc << 6) | ALPHABET.iter().position(|a| a == c).unwrap() as u32
            });
            prop_assert_eq!(value, bits & 0x3fff_ffff);
        }
    }
}
