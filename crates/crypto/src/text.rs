//! Text forms: base64, and labelled blocks as in PEM files (protocol.md §2.10).
//!
//! Reading is tolerant where files pass through mail programs, editors and environment variables: white space
//! anywhere in the base64, either line end, text before and after a block. It is strict in everything else, and a
//! limit applies before anything is decoded.

use alloc::string::String;
use alloc::vec::Vec;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use zeroize::Zeroizing;

/// Label of the block that holds a signed certificate.
pub const CERT_LABEL: &str = "STEAMDATAGRAM CERT";
/// Longest certificate text that is looked at, in bytes: far above the base64 of the largest certificate.
pub const MAX_CERT_TEXT_LEN: usize = 16 * 1024;

/// Characters per line of a block.
const LINE_LEN: usize = 64;

/// Accepts a missing `=` at the end, which copying tends to lose.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Why a text could not be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TextError {
    /// The text is longer than its use allows.
    #[error("text of {len} bytes is longer than the {max} allowed")]
    TooLong {
        /// Length found, in bytes.
        len: usize,
        /// Longest length accepted, in bytes.
        max: usize,
    },
    /// No line that opens the wanted block.
    #[error("no line \"-----BEGIN {label}-----\" found")]
    NoBegin {
        /// The label looked for.
        label: &'static str,
    },
    /// The block is opened but not closed.
    #[error("no line \"-----END {label}-----\" found behind the beginning")]
    NoEnd {
        /// The label looked for.
        label: &'static str,
    },
    /// What should be base64 holds another character or an impossible length.
    #[error("not valid base64")]
    Base64,
    /// There is nothing to decode.
    #[error("text is empty")]
    Empty,
}

/// Standard base64 with padding, on one line.
pub fn encode(data: &[u8]) -> String {
    STANDARD.encode(data)
}

/// Reads standard base64, with or without padding, ignoring white space.
///
/// # Errors
/// [`TextError::TooLong`] above `max_len` bytes of text, [`TextError::Empty`], [`TextError::Base64`].
pub fn decode(text: &str, max_len: usize) -> Result<Vec<u8>, TextError> {
    if text.len() > max_len {
        return Err(TextError::TooLong { len: text.len(), max: max_len });
    }
    // May hold a private key, hence wiped; the capacity is final, so that no copies stay behind.
    let mut packed = Zeroizing::new(Vec::with_capacity(text.len()));
    packed.extend(text.bytes().filter(|b| !b.is_ascii_whitespace()));
    if packed.is_empty() {
        return Err(TextError::Empty);
    }
    LENIENT.decode(&*packed).map_err(|_| TextError::Base64)
}

/// Writes a labelled block with lines of 64 characters and a final line end.
pub fn encode_block(data: &[u8], label: &str) -> String {
    let body = Zeroizing::new(encode(data));
    let lines = body.len() / LINE_LEN + 1;
    let mut out = String::with_capacity(body.len() + lines + 2 * (label.len() + 20));
    out.push_str("-----BEGIN ");
    out.push_str(label);
    out.push_str("-----\n");
    for (i, c) in body.chars().enumerate() {
        if i != 0 && i % LINE_LEN == 0 {
            out.push('\n');
        }
        out.push(c);
    }
    out.push_str("\n-----END ");
    out.push_str(label);
    out.push_str("-----\n");
    out
}

/// Reads the first block with this label; everything outside it is ignored.
///
/// # Errors
/// [`TextError::TooLong`] above `max_len` bytes of text, [`TextError::NoBegin`], [`TextError::NoEnd`], and those of
/// [`decode`].
pub fn decode_block(text: &str, label: &'static str, max_len: usize) -> Result<Vec<u8>, TextError> {
    if text.len() > max_len {
        return Err(TextError::TooLong { len: text.len(), max: max_len });
    }
    let (_, inside) = split_at_marker(text, "BEGIN", label).ok_or(TextError::NoBegin { label })?;
    let (body, _) = split_at_marker(inside, "END", label).ok_or(TextError::NoEnd { label })?;
    decode(body, max_len)
}

/// Cuts `text` around `-----<edge> <label>-----`.
fn split_at_marker<'a>(text: &'a str, edge: &str, label: &str) -> Option<(&'a str, &'a str)> {
    let marker = alloc::format!("-----{edge} {label}-----");
    text.split_once(marker.as_str())
}

/// Writes a signed certificate as a `STEAMDATAGRAM CERT` block.
pub fn encode_cert(signed_cert: &[u8]) -> String {
    encode_block(signed_cert, CERT_LABEL)
}

/// Reads a signed certificate from a `STEAMDATAGRAM CERT` block or from bare base64.
///
/// # Errors
/// As [`decode_block`] when the text contains a `-----BEGIN`, else as [`decode`].
pub fn decode_cert(text: &str) -> Result<Vec<u8>, TextError> {
    if text.contains("-----BEGIN") {
        decode_block(text, CERT_LABEL, MAX_CERT_TEXT_LEN)
    } else {
        decode(text, MAX_CERT_TEXT_LEN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reading_is_tolerant_of_layout() {
        let data = (0u8..100).collect::<Vec<_>>();
        let block = encode_cert(&data);
        assert!(block.starts_with("-----BEGIN STEAMDATAGRAM CERT-----\n"));
        assert!(block.ends_with("\n-----END STEAMDATAGRAM CERT-----\n"));
        let mailed = alloc::format!("Dear operator,\r\n{}\r\nRegards", block.replace('\n', "\r\n \t"));
        let one_line = block.replace('\n', " ");
        let bare = alloc::format!("  {} \n", encode(&data));
        let unpadded = String::from(encode(&data).trim_end_matches('='));
        for text in [&block, &mailed, &one_line, &bare, &unpadded] {
            assert_eq!(decode_cert(text).as_ref(), Ok(&data), "{text}");
        }
    }

    #[test]
    fn faults_are_named() {
        assert_eq!(decode_cert(""), Err(TextError::Empty));
        assert_eq!(decode_cert(" \n"), Err(TextError::Empty));
        assert_eq!(decode_cert("A*=="), Err(TextError::Base64));
        assert_eq!(decode_cert("A"), Err(TextError::Base64));
        assert_eq!(decode_cert("-----BEGIN X-----\nAA==\n"), Err(TextError::NoBegin { label: CERT_LABEL }));
        let open = "-----BEGIN STEAMDATAGRAM CERT-----\nAA==\n";
        assert_eq!(decode_cert(open), Err(TextError::NoEnd { label: CERT_LABEL }));
        let long = "A".repeat(MAX_CERT_TEXT_LEN + 1);
        let too_long = TextError::TooLong { len: long.len(), max: MAX_CERT_TEXT_LEN };
        assert_eq!(decode_cert(&long), Err(too_long));
    }

    proptest! {
        #[test]
        fn blocks_round_trip(data in prop::collection::vec(any::<u8>(), 1..500)) {
            prop_assert_eq!(decode_cert(&encode_cert(&data)), Ok(data.clone()));
            prop_assert_eq!(decode_cert(&encode(&data)), Ok(data));
        }

        #[test]
        fn arbitrary_text_never_panics(text: String) {
            let _ = decode_cert(&text);
            let _ = decode_cert(&alloc::format!("-----BEGIN STEAMDATAGRAM CERT-----{text}-----END STEAMDATAGRAM CERT-----"));
        }
    }
}
