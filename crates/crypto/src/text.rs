//! Certificates as text: base64, or a labelled block (protocol.md §2.10).
//!
//! Certificates pass through mail programs, editors and environment variables on their way, so reading does not care
//! about white space, line ends, or text around a block.

use alloc::string::String;
use alloc::vec::Vec;

use gamesockets_wire::base64::{self, CERTIFICATE_LABEL, TextError};

/// Longest certificate text that is looked at, in bytes: far above the base64 of the largest certificate.
pub const MAX_CERT_TEXT_LEN: usize = 16 * 1024;

/// Why a text does not give a certificate blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertTextError {
    /// Nothing but white space.
    #[error("certificate text is empty")]
    Empty,
    /// The text is too long to be a certificate.
    #[error("certificate text of {len} bytes is longer than the 16384 allowed")]
    TooLong {
        /// Length found, in bytes.
        len: usize,
    },
    /// Neither a block with the right label nor base64.
    #[error("certificate text: {0}; expected base64 or a \"STEAMDATAGRAM CERT\" block")]
    Form(#[from] TextError),
}

/// Writes an encoded signed certificate as a `STEAMDATAGRAM CERT` block.
pub fn encode_cert(signed_cert: &[u8]) -> String {
    base64::encode_block(CERTIFICATE_LABEL, signed_cert)
}

/// Reads an encoded signed certificate from a `STEAMDATAGRAM CERT` block or from bare base64.
///
/// # Errors
/// [`CertTextError`]; what the bytes mean is not looked at.
pub fn decode_cert(text: &str) -> Result<Vec<u8>, CertTextError> {
    if text.len() > MAX_CERT_TEXT_LEN {
        return Err(CertTextError::TooLong { len: text.len() });
    }
    let blob = if text.contains("-----BEGIN") {
        base64::decode_block(CERTIFICATE_LABEL, text)?
    } else {
        base64::decode(text)?
    };
    if blob.is_empty() { Err(CertTextError::Empty) } else { Ok(blob) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reading_is_tolerant_of_layout() {
        let data = (0u8..100).collect::<Vec<_>>();
        let block = encode_cert(&data);
        let mailed = alloc::format!("Dear operator,\r\n{}\r\nRegards", block.replace('\n', "\r\n \t"));
        let one_line = block.replace('\n', " ");
        let bare = alloc::format!("  {} \n", base64::encode(&data));
        let unpadded = String::from(base64::encode(&data).trim_end_matches('='));
        for text in [&block, &mailed, &one_line, &bare, &unpadded] {
            assert_eq!(decode_cert(text).as_ref(), Ok(&data), "{text}");
        }
    }

    #[test]
    fn faults_are_named() {
        let long = "A".repeat(MAX_CERT_TEXT_LEN + 1);
        assert_eq!(decode_cert(&long), Err(CertTextError::TooLong { len: long.len() }));
        assert_eq!(decode_cert(" \n"), Err(CertTextError::Empty));
        assert_eq!(decode_cert("A*=="), Err(CertTextError::Form(TextError::BadBase64)));
        assert_eq!(decode_cert("-----BEGIN X-----\nAA==\n"), Err(CertTextError::Form(TextError::NoBlock)));
    }

    proptest! {
        #[test]
        fn round_trip(data in prop::collection::vec(any::<u8>(), 1..500)) {
            prop_assert_eq!(decode_cert(&encode_cert(&data)), Ok(data.clone()));
            prop_assert_eq!(decode_cert(&base64::encode(&data)), Ok(data));
        }

        #[test]
        fn arbitrary_text_never_panics(text: String) {
            let _ = decode_cert(&text);
            let _ = decode_cert(&alloc::format!("-----BEGIN {CERTIFICATE_LABEL}-----{text}"));
        }
    }
}
