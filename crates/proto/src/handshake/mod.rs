//! What both sides prove to each other before data flows, whatever carries it: certificates, signed key exchange,
//! cipher choice, keys (protocol.md §2).

mod identity;

pub use identity::{ClaimedIdentity, IdentityError, MessageFields, claimed_identity};

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use gamesockets_crypto::aead::PacketKey;
use gamesockets_crypto::cert::{CertError, CertPolicy, LocalCertificate, TrustStore, check_peer};
use gamesockets_crypto::kex::KexSecret;
use gamesockets_crypto::rng::Rng;
use gamesockets_crypto::schedule::{KeyInputs, derive};
use gamesockets_crypto::sign::verify;
use gamesockets_wire::identity::Identity;
use gamesockets_wire::msg;
use gamesockets_wire::reason::EndReason;
use prost::Message as _;

/// The protocol version we announce (protocol.md §1.11).
pub const VERSION_CURRENT: u32 = 13;
/// The oldest version we talk to.
pub const VERSION_MIN: u32 = 8;
/// The first version whose handshake counts as packet 1.
pub const VERSION_COUNTS_HANDSHAKE: u32 = 10;
/// The first version that understands lanes.
pub const VERSION_LANES: u32 = 11;
/// The first version that understands the time field of data packets.
pub const VERSION_TIME_FIELD: u32 = 12;
/// Longest serialized certificate or key exchange part we look at, bytes.
const SIGNED_BYTES_MAX: usize = 4096;
/// Most ciphers looked at in a peer's list.
const CIPHERS_MAX: usize = 16;

/// How packets are protected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cipher {
    /// Not at all.
    Null,
    /// AES-256-GCM.
    Aes256Gcm,
}

impl Cipher {
    /// The number on the wire.
    pub const fn number(self) -> i32 {
        match self {
            Self::Null => msg::CIPHER_NULL,
            Self::Aes256Gcm => msg::CIPHER_AES_256_GCM,
        }
    }

    const fn from_number(n: i32) -> Option<Self> {
        match n {
            msg::CIPHER_NULL => Some(Self::Null),
            msg::CIPHER_AES_256_GCM => Some(Self::Aes256Gcm),
            _ => None,
        }
    }
}

/// Our list of acceptable ciphers, best first, for the configuration value `Unencrypted` (protocol.md §2.5).
pub const fn cipher_list(unencrypted: i32) -> &'static [Cipher] {
    match unencrypted {
        1 => &[Cipher::Aes256Gcm, Cipher::Null],
        2 => &[Cipher::Null, Cipher::Aes256Gcm],
        3 => &[Cipher::Null],
        _ => &[Cipher::Aes256Gcm],
    }
}

/// Why a handshake failed, from the side that noticed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HandshakeError {
    /// The peer left its certificate or key exchange out.
    #[error("the peer's handshake has no certificate or no key exchange")]
    Missing,
    /// The peer's certificate is not acceptable.
    #[error(transparent)]
    Cert(#[from] CertError),
    /// The key exchange is not signed by the certificate's key.
    #[error("the peer's key exchange is not signed by the key in its certificate")]
    BadSignature,
    /// The key exchange cannot be read.
    #[error("the peer's key exchange cannot be read: {0}")]
    BadExchange(&'static str),
    /// The peer's software is too old.
    #[error("the peer speaks protocol version {0}, we need at least {VERSION_MIN}: update the peer")]
    TooOld(u32),
    /// The peer claims another version than before.
    #[error("the peer claims protocol version {now} now and claimed {before} earlier")]
    VersionChanged {
        /// First claim.
        before: u32,
        /// Present claim.
        now: u32,
    },
    /// We configured several lanes, the peer knows only one.
    #[error("the peer speaks protocol version {0} and knows no lanes: configure one lane or update the peer")]
    NoLanes(u32),
    /// A server must settle on one cipher.
    #[error("the server named {0} ciphers instead of one")]
    NotOneCipher(usize),
    /// No cipher is acceptable to both.
    #[error(
        "no common cipher: one side demands encryption and the other refuses it (configuration value Unencrypted)"
    )]
    NoCommonCipher,
}

impl HandshakeError {
    /// The reason with which the connection ends (protocol.md §4.6).
    pub fn reason(&self) -> EndReason {
        match self {
            Self::Cert(e) => e.reason(),
            Self::TooOld(_) | Self::VersionChanged { .. } | Self::NoLanes(_) => {
                EndReason::REMOTE_BAD_PROTOCOL_VERSION
            }
            _ => EndReason::REMOTE_BAD_CRYPT,
        }
    }
}

/// Our half of a key exchange.
#[derive(Debug)]
pub struct LocalHello {
    cert: Arc<LocalCertificate>,
    kex: KexSecret,
    nonce: u64,
    info: Vec<u8>,
    signature: [u8; 64],
    ciphers: Vec<Cipher>,
}

impl LocalHello {
    /// Draws fresh keys and signs them with the certificate's key. `keeps_ahead`: how far beyond a hole in a lane's stream
    /// we keep what arrives, bytes.
    pub fn new(cert: Arc<LocalCertificate>, ciphers: &[Cipher], keeps_ahead: usize, rng: &mut Rng) -> Self {
        let kex = KexSecret::generate(rng);
        let nonce = rng.next_u64();
        let info = msg::SessionCryptInfo {
            key_type: Some(msg::KEY_EXCHANGE_CURVE25519),
            key_data: Some(kex.public().to_vec()),
            nonce: Some(nonce),
            protocol_version: Some(VERSION_CURRENT),
            ciphers: ciphers.iter().map(|c| c.number()).collect(),
            keeps_ahead_kib: u32::try_from(keeps_ahead / 1024).ok(),
        };
        let info = info.encode_to_vec();
        let signature = cert.key().sign(&info);
        Self { cert, kex, nonce, info, signature, ciphers: ciphers.to_vec() }
    }

    /// The certificate that vouches for us.
    pub fn cert(&self) -> &LocalCertificate {
        &self.cert
    }

    /// The signed key exchange to send.
    pub fn crypt_message(&self) -> msg::SessionCryptInfoSigned {
        msg::SessionCryptInfoSigned {
            info: Some(self.info.clone()),
            signature: Some(self.signature.to_vec()),
        }
    }
}

/// A certificate as it travels: without the private key.
pub fn cert_message(cert: &LocalCertificate) -> msg::CertificateSigned {
    msg::CertificateSigned { private_key_data: None, ..cert.signed().clone() }
}

/// The account number of a Steam identity, for the field that old peers read.
pub fn steam_id(cert: &LocalCertificate) -> Option<u64> {
    match cert.identity() {
        Some(Identity::SteamId(id)) => Some(*id),
        _ => None,
    }
}

/// What a peer must show to be accepted.
#[derive(Clone, Copy, Debug)]
pub struct PeerPolicy<'a> {
    /// Who vouches for certificates.
    pub trust: &'a TrustStore,
    /// Our application id.
    pub app_id: u32,
    /// Wall clock, seconds since 1970.
    pub now_unix: u64,
    /// Whether a certificate that nobody vouches for is enough.
    pub allow_unsigned: bool,
    /// The version the peer claimed earlier, if it did.
    pub earlier_version: Option<u32>,
    /// How many lanes we want to send on.
    pub lanes: usize,
}

/// A peer's half of a key exchange, checked.
#[derive(Clone, Debug)]
pub struct PeerHello {
    cert: Vec<u8>,
    info: Vec<u8>,
    kex_public: [u8; 32],
    nonce: u64,
    ciphers: Vec<Cipher>,
    /// How far beyond a hole in a lane's stream it keeps what arrives, bytes, if it is of our kind and says so.
    pub keeps_ahead: Option<u64>,
    /// The protocol version it speaks.
    pub version: u32,
    /// Whether an authority vouches for its certificate.
    pub authenticated: bool,
}

impl PeerHello {
    /// Checks what the peer sent, in the order of protocol.md §2.4.
    ///
    /// # Errors
    /// The first check that failed.
    pub fn verify(
        cert: Option<&msg::CertificateSigned>,
        crypt: Option<&msg::SessionCryptInfoSigned>,
        identity: &Identity,
        policy: &PeerPolicy<'_>,
    ) -> Result<Self, HandshakeError> {
        let (Some(cert), Some(crypt)) = (cert, crypt) else { return Err(HandshakeError::Missing) };
        let (Some(cert_bytes), Some(info_bytes)) = (cert.cert.as_ref(), crypt.info.as_ref()) else {
            return Err(HandshakeError::Missing);
        };
        if cert_bytes.len() > SIGNED_BYTES_MAX || info_bytes.len() > SIGNED_BYTES_MAX {
            return Err(HandshakeError::BadExchange("too long"));
        }
        let cert_policy = CertPolicy {
            app_id: policy.app_id,
            now_unix: policy.now_unix,
            allow_unsigned: policy.allow_unsigned,
            expect_pop: None,
        };
        let verified = check_peer(cert, policy.trust, &cert_policy, identity)?;
        let signature = crypt.signature.as_deref().unwrap_or_default();
        verify(&verified.public_key, info_bytes, signature).map_err(|_| HandshakeError::BadSignature)?;
        let info = msg::SessionCryptInfo::decode(info_bytes.as_slice())
            .map_err(|_| HandshakeError::BadExchange("malformed"))?;
        let version = info.protocol_version.unwrap_or(0);
        check_version(version, policy)?;
        if info.key_type != Some(msg::KEY_EXCHANGE_CURVE25519) {
            return Err(HandshakeError::BadExchange("its kind of key is unknown"));
        }
        let key = info.key_data.as_deref().and_then(|k| <[u8; 32]>::try_from(k).ok());
        let kex_public = key.ok_or(HandshakeError::BadExchange("its key does not have 32 bytes"))?;
        let mut ciphers: Vec<Cipher> =
            info.ciphers.iter().take(CIPHERS_MAX).filter_map(|c| Cipher::from_number(*c)).collect();
        if info.ciphers.is_empty() {
            ciphers.push(Cipher::Aes256Gcm);
        }
        Ok(Self {
            cert: cert_bytes.clone(),
            info: info_bytes.clone(),
            kex_public,
            nonce: info.nonce.unwrap_or(0),
            ciphers,
            keeps_ahead: info.keeps_ahead_kib.map(|kib| u64::from(kib) * 1024),
            version,
            authenticated: verified.signed_by_ca,
        })
    }

    /// The one cipher that a server settled on.
    ///
    /// # Errors
    /// It named none or several.
    pub fn one_cipher(&self) -> Result<Cipher, HandshakeError> {
        match self.ciphers.as_slice() {
            [one] => Ok(*one),
            several => Err(HandshakeError::NotOneCipher(several.len())),
        }
    }

    /// The first of `own` that the peer accepts too (protocol.md §2.5).
    ///
    /// # Errors
    /// There is none.
    pub fn choose_cipher(&self, own: &[Cipher]) -> Result<Cipher, HandshakeError> {
        own.iter().copied().find(|c| self.ciphers.contains(c)).ok_or(HandshakeError::NoCommonCipher)
    }
}

fn check_version(version: u32, policy: &PeerPolicy<'_>) -> Result<(), HandshakeError> {
    if version < VERSION_MIN {
        return Err(HandshakeError::TooOld(version));
    }
    if let Some(before) = policy.earlier_version.filter(|v| *v != version) {
        return Err(HandshakeError::VersionChanged { before, now: version });
    }
    if policy.lanes > 1 && version < VERSION_LANES {
        return Err(HandshakeError::NoLanes(version));
    }
    Ok(())
}

/// Keys of an established connection.
#[derive(Debug)]
pub struct Keys {
    /// Protects what we send.
    pub seal: PacketKey,
    /// Opens what we receive.
    pub open: PacketKey,
}

/// Derives both directions' keys (protocol.md §2.6). `we_are_client` decides which is which.
///
/// # Errors
/// The peer's public key is degenerate, or the ciphers do not fit.
pub fn derive_keys(
    we_are_client: bool,
    (local_id, remote_id): (u32, u32),
    local: &LocalHello,
    peer: &PeerHello,
    cipher: Cipher,
) -> Result<Keys, HandshakeError> {
    if !local.ciphers.contains(&cipher) {
        return Err(HandshakeError::NoCommonCipher);
    }
    let shared = local
        .kex
        .agree(&peer.kex_public)
        .map_err(|_| HandshakeError::BadExchange("its key is degenerate"))?;
    let own_cert = local.cert.cert_bytes();
    let own = (local_id, local.nonce, own_cert, local.info.as_slice());
    let other = (remote_id, peer.nonce, peer.cert.as_slice(), peer.info.as_slice());
    let (client, server) = if we_are_client { (own, other) } else { (other, own) };
    let keys = derive(&KeyInputs {
        client_id: client.0,
        server_id: server.0,
        client_nonce: client.1,
        server_nonce: server.1,
        client_cert: client.2,
        server_cert: server.2,
        client_info: client.3,
        server_info: server.3,
        shared: &shared,
    });
    if cipher == Cipher::Null {
        return Ok(Keys { seal: PacketKey::null(), open: PacketKey::null() });
    }
    let up = PacketKey::aes(keys.client_to_server.0, keys.client_to_server.1);
    let down = PacketKey::aes(keys.server_to_client.0, keys.server_to_client.1);
    Ok(if we_are_client { Keys { seal: up, open: down } } else { Keys { seal: down, open: up } })
}

/// A sentence for the close text: up to a zero, since what reads it may be written in C, and at most 127 bytes, cut at a
/// character.
pub fn close_text(text: &str) -> String {
    let text = text.split('\0').next().unwrap_or_default();
    let mut end = text.len().min(crate::limits::CLOSE_TEXT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::CLOSE_TEXT_BYTES_MAX;

    #[test]
    fn close_texts_are_cut() {
        assert_eq!(close_text("as it is"), "as it is");
        assert_eq!(close_text("up to\0here"), "up to");
        assert_eq!(close_text(&"\u{e4}".repeat(64)), "\u{e4}".repeat(63), "not in the middle of a character");
    }

    #[test]
    fn sentences_about_certificates_fit_a_close_message() {
        let number = u64::MAX;
        for e in [
            CertError::UnsignedNotAllowed,
            CertError::UnknownCa { key_id: number },
            CertError::Expired { expired: 1, now: number },
        ] {
            let text = HandshakeError::from(e).to_string();
            assert!(text.len() <= CLOSE_TEXT_BYTES_MAX, "{} bytes: {text}", text.len());
        }
    }
}
