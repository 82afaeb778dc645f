//! OpenSSH text of Ed25519 keys (protocol.md §2.10): the `OPENSSH PRIVATE KEY` block without password, and the
//! one-line public key. The layout is that of OpenSSH's PROTOCOL.key document. Decoded key material is wiped here;
//! the text itself belongs to the caller.

use alloc::string::String;
use alloc::vec::Vec;

use gamesockets_wire::base64::{self, TextError};
use zeroize::Zeroizing;

use super::{SigningKey, key_id};

/// Longest key text that is looked at, in bytes. A file of `ssh-keygen` has about 420; the rest is comment.
pub const MAX_KEY_TEXT_LEN: usize = 4096;
/// Longest comment that is written behind a key, in bytes.
pub const MAX_COMMENT_LEN: usize = 255;

const BLOCK_LABEL: &str = "OPENSSH PRIVATE KEY";
const MAGIC: &[u8] = b"openssh-key-v1\0";
const KEY_TYPE: &str = "ssh-ed25519";
/// Unencrypted key sections are padded to this.
const PAD_TO: usize = 8;

/// Why a text was not accepted as an OpenSSH Ed25519 key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyTextError {
    /// Not the expected block, or not base64.
    #[error("key text: {0}")]
    Text(#[from] TextError),
    /// The text is too long to be a key.
    #[error("key text of {len} bytes is longer than the 4096 allowed")]
    TooLong {
        /// Length found, in bytes.
        len: usize,
    },
    /// The line does not start with `ssh-ed25519` and a blank.
    #[error("public key line must start with \"ssh-ed25519 \"")]
    NotEd25519Line,
    /// The base64 part does not hold a key file of the OpenSSH form.
    #[error("key data ends too early or is not of the OpenSSH form")]
    Malformed,
    /// The private key needs a password.
    #[error("private key is protected by a password; remove it first (ssh-keygen -p with an empty new one)")]
    Encrypted,
    /// More than one key, or none.
    #[error("key file holds {count} keys, exactly one is supported")]
    KeyCount {
        /// How many keys the file claims to hold.
        count: u32,
    },
    /// An RSA, ECDSA or other key.
    #[error("key is of another kind; only Ed25519 keys are supported (ssh-keygen -t ed25519)")]
    OtherKeyType,
    /// Public and private half do not belong together, or the check words differ: the file is damaged.
    #[error("public and private half of the key do not belong together")]
    Inconsistent,
}

impl SigningKey {
    /// Reads an `OPENSSH PRIVATE KEY` block that has no password. Text around the block is ignored.
    ///
    /// # Errors
    /// Names what is wrong with the text, never its content.
    pub fn from_openssh(text: &str) -> Result<Self, KeyTextError> {
        check_length(text)?;
        let data = Zeroizing::new(base64::decode_block(BLOCK_LABEL, text)?);
        let mut file = Fields { rest: &data };
        file.expect(MAGIC)?;
        if file.string()? != b"none" || file.string()? != b"none" || !file.string()?.is_empty() {
            return Err(KeyTextError::Encrypted);
        }
        let count = file.u32()?;
        if count != 1 {
            return Err(KeyTextError::KeyCount { count });
        }
        let outer_public = Fields { rest: file.string()? }.public_key()?;

        let mut private = Fields { rest: file.string()? };
        if private.u32()? != private.u32()? {
            return Err(KeyTextError::Inconsistent);
        }
        let inner_public = private.public_key()?;
        let pair: &[u8; 64] = private.string()?.try_into().map_err(|_| KeyTextError::Malformed)?;
        let (seed, public) = pair.split_first_chunk::<32>().ok_or(KeyTextError::Malformed)?;
        let key = Self::from_seed(*seed);
        if public != key.public() || inner_public != key.public() || outer_public != key.public() {
            return Err(KeyTextError::Inconsistent);
        }
        Ok(key)
    }

    /// Writes the key as an `OPENSSH PRIVATE KEY` block without password.
    ///
    /// The same key and comment give the same text: the check words, random in other tools, are taken from the
    /// public key. Control characters are dropped from the comment and it is cut at [`MAX_COMMENT_LEN`] bytes.
    pub fn to_openssh(&self, comment: &str) -> Zeroizing<String> {
        let public = self.public();
        let check = (key_id(&public) as u32).to_be_bytes();
        let mut pair = Zeroizing::new([0; 64]);
        pair[..32].copy_from_slice(&*self.seed());
        pair[32..].copy_from_slice(&public);

        // Room for everything up front, so that growth leaves no copies of the seed behind.
        let mut private = Zeroizing::new(Vec::with_capacity(256 + MAX_COMMENT_LEN));
        private.extend_from_slice(&check);
        private.extend_from_slice(&check);
        put_string(&mut private, KEY_TYPE.as_bytes());
        put_string(&mut private, &public);
        put_string(&mut private, &*pair);
        put_string(&mut private, clean_comment(comment).as_bytes());
        let padding = private.len().next_multiple_of(PAD_TO) - private.len();
        private.extend((1..=PAD_TO as u8).take(padding));

        let mut file = Zeroizing::new(Vec::with_capacity(512 + MAX_COMMENT_LEN));
        file.extend_from_slice(MAGIC);
        put_string(&mut file, b"none");
        put_string(&mut file, b"none");
        put_string(&mut file, b"");
        file.extend_from_slice(&1u32.to_be_bytes());
        put_string(&mut file, &public_blob(&public));
        put_string(&mut file, &private);
        Zeroizing::new(base64::encode_block(BLOCK_LABEL, &file))
    }
}

/// Writes a public key as one line, `ssh-ed25519 <base64> <comment>`, without line end.
///
/// The comment is cleaned as in [`SigningKey::to_openssh`]; an empty one is left out with its blank.
pub fn public_to_openssh(public: &[u8; 32], comment: &str) -> String {
    let mut line = String::from(KEY_TYPE);
    line.push(' ');
    line.push_str(&base64::encode(&public_blob(public)));
    let comment = clean_comment(comment);
    if !comment.is_empty() {
        line.push(' ');
        line.push_str(&comment);
    }
    line
}

/// Reads the first line of `ssh-ed25519 <base64> [comment]`; blanks around it do not matter.
///
/// # Errors
/// Names what is wrong with the line.
pub fn public_from_openssh(text: &str) -> Result<[u8; 32], KeyTextError> {
    check_length(text)?;
    let mut words = text.trim().lines().next().unwrap_or_default().split_ascii_whitespace();
    if words.next() != Some(KEY_TYPE) {
        return Err(KeyTextError::NotEd25519Line);
    }
    let data = base64::decode(words.next().unwrap_or_default())?;
    let mut fields = Fields { rest: &data };
    let public = fields.public_key()?;
    if fields.rest.is_empty() { Ok(public) } else { Err(KeyTextError::Malformed) }
}

const fn check_length(text: &str) -> Result<(), KeyTextError> {
    if text.len() > MAX_KEY_TEXT_LEN { Err(KeyTextError::TooLong { len: text.len() }) } else { Ok(()) }
}

fn public_blob(public: &[u8; 32]) -> Vec<u8> {
    let mut blob = Vec::new();
    put_string(&mut blob, KEY_TYPE.as_bytes());
    put_string(&mut blob, public);
    blob
}

fn put_string(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
    out.extend_from_slice(bytes);
}

fn clean_comment(comment: &str) -> String {
    let mut out = String::new();
    for c in comment.trim().chars().filter(|c| !c.is_control()) {
        if out.len() + c.len_utf8() > MAX_COMMENT_LEN {
            break;
        }
        out.push(c);
    }
    out
}

/// Cursor over the length-prefixed fields of a key file (big endian, unlike everything else in the protocol).
struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    fn expect(&mut self, prefix: &[u8]) -> Result<(), KeyTextError> {
        self.rest = self.rest.strip_prefix(prefix).ok_or(KeyTextError::Malformed)?;
        Ok(())
    }

    fn u32(&mut self) -> Result<u32, KeyTextError> {
        let (word, rest) = self.rest.split_first_chunk().ok_or(KeyTextError::Malformed)?;
        self.rest = rest;
        Ok(u32::from_be_bytes(*word))
    }

    fn string(&mut self) -> Result<&'a [u8], KeyTextError> {
        let len = self.u32()? as usize;
        let (string, rest) = self.rest.split_at_checked(len).ok_or(KeyTextError::Malformed)?;
        self.rest = rest;
        Ok(string)
    }

    fn public_key(&mut self) -> Result<[u8; 32], KeyTextError> {
        if self.string()? != KEY_TYPE.as_bytes() {
            return Err(KeyTextError::OtherKeyType);
        }
        self.string()?.try_into().map_err(|_| KeyTextError::Malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_the_public_line_of_a_known_root() {
        let line =
            "  ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJrsoE4XUc5iaNVpACyh4fobLbwm02tOo6AIOtNygpuE a comment \n";
        let public = public_from_openssh(line).unwrap();
        assert_eq!(key_id(&public), 18_220_590_129_359_924_542);
        assert_eq!(public_to_openssh(&public, "a comment"), line.trim());
    }

    #[test]
    fn private_text_round_trips() {
        for comment in ["", "x", "root of the test realm", "line\nbreak"] {
            let key = SigningKey::from_seed([8; 32]);
            let text = key.to_openssh(comment);
            assert!(text.starts_with("-----BEGIN OPENSSH PRIVATE KEY-----\n"));
            assert!(text.lines().all(|line| line.len() <= 70));
            let back = SigningKey::from_openssh(&text).unwrap();
            assert_eq!(back.seed(), key.seed());
        }
    }

    #[test]
    fn unusable_keys_are_named() {
        let reading = |edit: &dyn Fn(&mut Vec<u8>)| {
            let text = SigningKey::from_seed([8; 32]).to_openssh("");
            let mut data = base64::decode_block(BLOCK_LABEL, &text).unwrap();
            edit(&mut data);
            SigningKey::from_openssh(&base64::encode_block(BLOCK_LABEL, &data)).map(|_| ()).unwrap_err()
        };
        let at = MAGIC.len();
        assert_eq!(reading(&|d| d[0] ^= 1), KeyTextError::Malformed);
        assert_eq!(reading(&|d| d[at + 4] = b'b'), KeyTextError::Encrypted);
        assert_eq!(reading(&|d| d[at + 23] = 2), KeyTextError::KeyCount { count: 2 });
        assert_eq!(reading(&|d| d[at + 35] = b'x'), KeyTextError::OtherKeyType);
        assert_eq!(reading(&|d| d[at + 50] ^= 1), KeyTextError::Inconsistent);
        assert_eq!(reading(&|d| d.truncate(at + 60)), KeyTextError::Malformed);
        assert_eq!(public_from_openssh("ssh-rsa AAAA"), Err(KeyTextError::NotEd25519Line));
        assert_eq!(public_from_openssh(""), Err(KeyTextError::NotEd25519Line));
    }

    #[test]
    fn over_long_text_is_refused() {
        let text = "x".repeat(MAX_KEY_TEXT_LEN + 1);
        let expected = KeyTextError::TooLong { len: text.len() };
        assert_eq!(public_from_openssh(&text), Err(expected));
        assert_eq!(SigningKey::from_openssh(&text).map(|_| ()), Err(expected));
    }

    proptest! {
        #[test]
        fn any_seed_and_comment_round_trip(seed: [u8; 32], comment: String) {
            let key = SigningKey::from_seed(seed);
            let back = SigningKey::from_openssh(&key.to_openssh(&comment)).unwrap();
            prop_assert_eq!(back.seed(), key.seed());
            let line = public_to_openssh(&key.public(), &comment);
            prop_assert_eq!(public_from_openssh(&line), Ok(key.public()));
        }

        #[test]
        fn arbitrary_data_never_panics(data in prop::collection::vec(any::<u8>(), 0..300), text: String) {
            let mut file = MAGIC.to_vec();
            file.extend_from_slice(&data);
            let _ = SigningKey::from_openssh(&base64::encode_block(BLOCK_LABEL, &file));
            let _ = SigningKey::from_openssh(&text);
            let _ = public_from_openssh(&alloc::format!("ssh-ed25519 {text}"));
        }
    }
}
