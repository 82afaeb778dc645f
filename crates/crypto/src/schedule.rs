//! From the shared secret to the packet keys of a session (protocol.md §2.6).
//!
//! The shape is HKDF with SHA-256, with these deviations, each of which breaks the keys when overlooked:
//! the X25519 output is hashed first; that hash is the HMAC *key* of the extract step and the nonces are its message;
//! nonces, certificates and crypt infos go server first, connection ids go client first.

use core::fmt;

use aws_lc_rs::{digest, hmac};
use zeroize::{Zeroize, Zeroizing};

use crate::aead::{IV_LEN, KEY_LEN, PacketKey};

/// Fixed text inside the derivation context; no terminator.
const CONTEXT_LABEL: &[u8] = b"Steam datagram";

/// Everything both sides must agree on before they derive keys.
///
/// The byte strings are those that travelled, never re-encoded ones: a decoder that drops an unknown field would end
/// up with other keys than its peer.
#[derive(Clone, Copy)]
pub struct KeyInputs<'a> {
    /// Connection id chosen by the side that initiated.
    pub client_id: u32,
    /// Connection id chosen by the side that accepted.
    pub server_id: u32,
    /// `nonce` of the client's crypt info.
    pub client_nonce: u64,
    /// `nonce` of the server's crypt info.
    pub server_nonce: u64,
    /// `cert` field (number 4) of the client's signed certificate.
    pub client_cert: &'a [u8],
    /// `cert` field (number 4) of the server's signed certificate.
    pub server_cert: &'a [u8],
    /// `info` field (number 1) of the client's signed crypt info.
    pub client_info: &'a [u8],
    /// `info` field (number 1) of the server's signed crypt info.
    pub server_info: &'a [u8],
    /// Result of [`crate::kex::KexSecret::agree`].
    pub shared: &'a [u8; 32],
}

impl fmt::Debug for KeyInputs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyInputs")
            .field("client_id", &self.client_id)
            .field("server_id", &self.server_id)
            .finish_non_exhaustive()
    }
}

/// Key and IV of both directions. Wiped on drop.
pub struct SessionKeys {
    /// What the client sends with.
    pub client_to_server: ([u8; KEY_LEN], [u8; IV_LEN]),
    /// What the server sends with.
    pub server_to_client: ([u8; KEY_LEN], [u8; IV_LEN]),
}

impl SessionKeys {
    /// The packet key for what the client sends.
    pub fn client_key(&self) -> PacketKey {
        PacketKey::aes(self.client_to_server.0, self.client_to_server.1)
    }

    /// The packet key for what the server sends.
    pub fn server_key(&self) -> PacketKey {
        PacketKey::aes(self.server_to_client.0, self.server_to_client.1)
    }
}

impl Drop for SessionKeys {
    fn drop(&mut self) {
        self.client_to_server.zeroize();
        self.server_to_client.zeroize();
    }
}

impl fmt::Debug for SessionKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionKeys(..)")
    }
}

/// Derives the keys of a session. Every input leads to some keys; that the peer has the same ones shows with the
/// first packet that opens.
pub fn derive(inputs: &KeyInputs<'_>) -> SessionKeys {
    let expand = hmac::Key::new(hmac::HMAC_SHA256, &*extract(inputs));
    let client_key = expand_block(&expand, &[], inputs, 1);
    let server_key = expand_block(&expand, &*client_key, inputs, 2);
    let client_iv = expand_block(&expand, &*server_key, inputs, 3);
    let server_iv = expand_block(&expand, &*client_iv, inputs, 4);
    SessionKeys {
        client_to_server: (*client_key, first_12(&client_iv)),
        server_to_client: (*server_key, first_12(&server_iv)),
    }
}

fn extract(inputs: &KeyInputs<'_>) -> Zeroizing<[u8; 32]> {
    let premaster = digest::digest(&digest::SHA256, inputs.shared);
    let key = hmac::Key::new(hmac::HMAC_SHA256, premaster.as_ref());
    let mut hash = hmac::Context::with_key(&key);
    hash.update(&inputs.server_nonce.to_le_bytes());
    hash.update(&inputs.client_nonce.to_le_bytes());
    finish(hash)
}

fn expand_block(
    key: &hmac::Key,
    previous: &[u8],
    inputs: &KeyInputs<'_>,
    counter: u8,
) -> Zeroizing<[u8; 32]> {
    let mut hash = hmac::Context::with_key(key);
    hash.update(previous);
    hash.update(&inputs.client_id.to_le_bytes());
    hash.update(&inputs.server_id.to_le_bytes());
    hash.update(CONTEXT_LABEL);
    hash.update(inputs.server_cert);
    hash.update(inputs.client_cert);
    hash.update(inputs.server_info);
    hash.update(inputs.client_info);
    hash.update(&[counter]);
    finish(hash)
}

fn finish(hash: hmac::Context) -> Zeroizing<[u8; 32]> {
    let mut out = Zeroizing::new([0; 32]);
    out.copy_from_slice(hash.sign().as_ref());
    out
}

fn first_12(block: &[u8; 32]) -> [u8; IV_LEN] {
    let mut out = [0; IV_LEN];
    out.copy_from_slice(&block[..IV_LEN]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs<'a>() -> KeyInputs<'a> {
        KeyInputs {
            client_id: 1,
            server_id: 2,
            client_nonce: 3,
            server_nonce: 4,
            client_cert: b"client cert",
            server_cert: b"server cert",
            client_info: b"client info",
            server_info: b"server info",
            shared: &[5; 32],
        }
    }

    #[test]
    fn every_input_matters() {
        let base = derive(&inputs());
        let other = [6; 32];
        let variants = [
            KeyInputs { client_id: 9, ..inputs() },
            KeyInputs { server_id: 9, ..inputs() },
            KeyInputs { client_nonce: 9, ..inputs() },
            KeyInputs { server_nonce: 9, ..inputs() },
            KeyInputs { client_cert: b"x", ..inputs() },
            KeyInputs { server_cert: b"x", ..inputs() },
            KeyInputs { client_info: b"x", ..inputs() },
            KeyInputs { server_info: b"x", ..inputs() },
            KeyInputs { shared: &other, ..inputs() },
        ];
        for changed in variants {
            let keys = derive(&changed);
            assert_ne!(keys.client_to_server, base.client_to_server);
            assert_ne!(keys.server_to_client, base.server_to_client);
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let text = alloc::format!("{:?} {:?}", inputs(), derive(&inputs()));
        assert_eq!(text, "KeyInputs { client_id: 1, server_id: 2, .. } SessionKeys(..)");
    }
}
