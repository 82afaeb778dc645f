//! SHA-256 of files, in one go or piece by piece.

use crate::text::hex;
use aws_lc_rs::digest::{Context, SHA256};
use std::fmt;
use std::io::{self, Read};

/// Bytes read at once.
pub(crate) const PIECE_BYTES: usize = 256 * 1024;

/// A SHA-256 value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sha256(pub(crate) [u8; 32]);

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A hash in the making.
#[derive(Clone)]
pub(crate) struct Hasher(Context);

impl Hasher {
    pub(crate) fn new() -> Self {
        Self(Context::new(&SHA256))
    }

    pub(crate) fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    /// The value for what came so far; more may follow.
    pub(crate) fn value(&self) -> Sha256 {
        let digest = self.0.clone().finish();
        let mut out = [0; 32];
        // A SHA-256 value has 32 bytes.
        for (to, from) in out.iter_mut().zip(digest.as_ref()) {
            *to = *from;
        }
        Sha256(out)
    }

    /// Takes in up to `len` bytes of `from`, and tells how many there were.
    ///
    /// # Errors
    /// Reading failed.
    pub(crate) fn update_from(&mut self, from: &mut impl Read, len: u64) -> io::Result<u64> {
        let mut buffer = vec![0; PIECE_BYTES];
        let mut left = len;
        while left > 0 {
            let want = usize::try_from(left).unwrap_or(usize::MAX).min(PIECE_BYTES);
            let got = match from.read(buffer.get_mut(..want).unwrap_or_default()) {
                Ok(0) => break,
                Ok(got) => got,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(e),
            };
            self.update(buffer.get(..got).unwrap_or_default());
            left -= got as u64;
        }
        Ok(len - left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        let mut h = Hasher::new();
        assert_eq!(h.value().to_string(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        h.update(b"abc");
        assert_eq!(h.value().to_string(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        let mut piecewise = Hasher::new();
        assert_eq!(piecewise.update_from(&mut &b"abcdef"[..], 3).unwrap(), 3);
        assert_eq!(piecewise.value(), h.value());
        assert_eq!(piecewise.update_from(&mut &b"x"[..], 3).unwrap(), 1);
    }
}
