//! The handshake written out by hand, so that every field of it can be wrong.

use gamesockets_crypto::aead::PacketKey;
use gamesockets_crypto::cert::LocalCertificate;
use gamesockets_crypto::kex::KexSecret;
use gamesockets_crypto::rng::Rng;
use gamesockets_crypto::schedule::{KeyInputs, derive};
use gamesockets_wire::identity::Identity;
use gamesockets_wire::msg::{self, Message as _};

/// One side's half of a key exchange.
#[derive(Debug)]
pub(super) struct Hello {
    cert: LocalCertificate,
    kex: KexSecret,
    nonce: u64,
    info: Vec<u8>,
}

/// A peer's half, as it came.
#[derive(Clone, Debug)]
pub(super) struct Heard {
    pub(super) cert: Vec<u8>,
    pub(super) info: Vec<u8>,
    pub(super) crypt: msg::SessionCryptInfo,
}

impl Heard {
    pub(super) fn read(
        cert: Option<&msg::CertificateSigned>,
        crypt: Option<&msg::SessionCryptInfoSigned>,
    ) -> Option<Self> {
        let cert = cert?.cert.clone()?;
        let info = crypt?.info.clone()?;
        let crypt = msg::decode(&info).ok()?;
        Some(Self { cert, info, crypt })
    }
}

impl Hello {
    pub(super) fn new(
        rng: &mut Rng,
        identity: &Identity,
        app_id: u32,
        version: u32,
        ciphers: &[i32],
    ) -> Self {
        let cert = LocalCertificate::self_signed(rng, identity, app_id);
        let kex = KexSecret::generate(rng);
        let nonce = rng.next_u64();
        let info = msg::SessionCryptInfo {
            key_type: Some(msg::KEY_EXCHANGE_CURVE25519),
            key_data: Some(kex.public().to_vec()),
            nonce: Some(nonce),
            protocol_version: Some(version),
            ciphers: ciphers.to_vec(),
            keeps_ahead_kib: None,
        };
        Self { cert, kex, nonce, info: info.encode_to_vec() }
    }

    pub(super) fn cert(&self) -> msg::CertificateSigned {
        self.cert.signed().clone()
    }

    pub(super) fn crypt(&self) -> msg::SessionCryptInfoSigned {
        self.cert.sign_info(self.info.clone())
    }

    /// The keys for sending and for receiving. `ids` are the client's and the server's.
    pub(super) fn keys(&self, client: bool, ids: (u32, u32), peer: &Heard) -> Option<(PacketKey, PacketKey)> {
        let public = <[u8; 32]>::try_from(peer.crypt.key_data.as_deref()?).ok()?;
        let shared = self.kex.agree(&public).ok()?;
        let own = (self.nonce, self.cert.cert_bytes(), self.info.as_slice());
        let other = (peer.crypt.nonce.unwrap_or(0), peer.cert.as_slice(), peer.info.as_slice());
        let (c, s) = if client { (own, other) } else { (other, own) };
        let keys = derive(&KeyInputs {
            client_id: ids.0,
            server_id: ids.1,
            client_nonce: c.0,
            server_nonce: s.0,
            client_cert: c.1,
            server_cert: s.1,
            client_info: c.2,
            server_info: s.2,
            shared: &shared,
        });
        let (up, down) = (keys.client_key(), keys.server_key());
        Some(if client { (up, down) } else { (down, up) })
    }
}
