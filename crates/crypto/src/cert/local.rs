//! Our own certificates, and requests for them (protocol.md §2.1, §2.2).

use alloc::vec::Vec;
use core::fmt;

use gamesockets_wire::msg::{
    Certificate, CertificateRequest, CertificateSigned, KEY_TYPE_ED25519, Message as _,
    SessionCryptInfoSigned, decode,
};
use gamesockets_wire::{Identity, PopId};
use zeroize::Zeroizing;

use super::MAX_CERT_LEN;
use super::body::{BodyError, CertBody};
use super::install::InstallError;
use crate::rng::Rng;
use crate::sign::SigningKey;

/// A certificate with the private key that belongs to it.
///
/// A connection keeps the one it started with, also when another is installed meanwhile.
#[derive(Clone)]
pub struct LocalCertificate {
    signed: CertificateSigned,
    key: SigningKey,
    identity: Option<Identity>,
    expires: Option<u32>,
}

impl LocalCertificate {
    /// Makes a throw-away key and a certificate for it that nobody vouches for; one per connection.
    ///
    /// The layout is the one older peers expect, with a legacy identity field even where it is empty. An invalid
    /// identity is left out, which a peer reads as localhost.
    pub fn self_signed(rng: &mut Rng, identity: &Identity, app_id: u32) -> Self {
        Self::self_signed_with(SigningKey::generate(rng), identity, app_id)
    }

    /// As [`self_signed`](Self::self_signed), with a given key.
    pub fn self_signed_with(key: SigningKey, identity: &Identity, app_id: u32) -> Self {
        let mut body = empty_body(&key.public());
        body.app_ids.push(app_id);
        if !identity.is_invalid() {
            put_identity(&mut body, identity);
            body.legacy_identity_binary.get_or_insert_default();
        }
        Self {
            signed: CertificateSigned { cert: Some(body.encode_to_vec()), ..CertificateSigned::default() },
            key,
            identity: Some(identity.clone()).filter(|identity| !identity.is_invalid()),
            expires: None,
        }
    }

    /// Takes an encoded signed certificate and the key it is for. Who signed it is not checked; see
    /// [`install`](super::install()) for that.
    ///
    /// # Errors
    /// [`InstallError::TooLong`], [`InstallError::Malformed`], [`InstallError::Missing`], [`InstallError::Body`] or
    /// [`InstallError::KeyPairMismatch`].
    pub fn from_signed(blob: &[u8], key: SigningKey) -> Result<Self, InstallError> {
        Self::from_opened(open_blob(blob)?, key)
    }

    pub(super) fn from_opened(opened: Opened, key: SigningKey) -> Result<Self, InstallError> {
        let Opened { signed, body, .. } = opened;
        if body.public_key != key.public() {
            return Err(InstallError::KeyPairMismatch);
        }
        let expires = signed.ca_signature.is_some().then_some(body.expires);
        Ok(Self { signed, key, identity: body.identity, expires })
    }

    /// The certificate for the handshake message. Holds no private key.
    pub const fn signed(&self) -> &CertificateSigned {
        &self.signed
    }

    /// The signed bytes, as they go into the key schedule.
    pub fn cert_bytes(&self) -> &[u8] {
        self.signed.cert.as_deref().unwrap_or_default()
    }

    /// The owner; `None` if the certificate names nobody.
    pub const fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()
    }

    /// The private key.
    pub const fn key(&self) -> &SigningKey {
        &self.key
    }

    /// Whether an authority signed it, trusted or not.
    pub const fn has_ca_signature(&self) -> bool {
        self.signed.ca_signature.is_some()
    }

    /// The last second it is valid, in unix seconds; `None` if it does not expire.
    pub const fn expires(&self) -> Option<u32> {
        self.expires
    }

    /// Whether it is too late to present it to a peer.
    pub fn is_expired(&self, now_unix: u64) -> bool {
        self.expires.is_some_and(|last| u64::from(last) < now_unix)
    }

    /// Signs encoded session data for the handshake.
    pub fn sign_info(&self, info: Vec<u8>) -> SessionCryptInfoSigned {
        let signature = Some(self.key.sign(&info).to_vec());
        SessionCryptInfoSigned { info: Some(info), signature }
    }
}

impl fmt::Debug for LocalCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalCertificate")
            .field("identity", &self.identity)
            .field("key", &self.key)
            .field("ca_key_id", &self.signed.ca_key_id)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

/// An opened blob of a signed certificate.
pub(super) struct Opened {
    /// As it may go on the wire: without the private key.
    pub(super) signed: CertificateSigned,
    pub(super) body: CertBody,
    pub(super) private_key: Option<Zeroizing<Vec<u8>>>,
}

pub(super) fn open_blob(blob: &[u8]) -> Result<Opened, InstallError> {
    if blob.len() > MAX_CERT_LEN {
        return Err(InstallError::TooLong { len: blob.len() });
    }
    let mut signed: CertificateSigned = decode(blob).map_err(InstallError::Malformed)?;
    let private_key = signed.private_key_data.take().map(Zeroizing::new);
    let body = CertBody::decode(signed.cert.as_deref().ok_or(InstallError::Missing)?)?;
    Ok(Opened { signed, body, private_key })
}

/// A blob that asks an authority for a certificate for `key`. The answer goes to [`install`](super::install()).
///
/// The identity is left out if it is invalid or localhost; the authority then decides it. `pop` is for hosted servers.
pub fn request(identity: &Identity, key: &SigningKey, pop: Option<PopId>) -> Vec<u8> {
    let mut body = empty_body(&key.public());
    body.gameserver_datacenter_ids.extend(pop.map(PopId::to_u32));
    if !identity.is_invalid() && !identity.is_localhost() {
        body.identity_string = Some(alloc::format!("{identity}"));
    }
    CertificateRequest { cert: Some(body.encode_to_vec()) }.encode_to_vec()
}

/// What a request asks for. Nothing in it is proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertRequest {
    /// The key to certify.
    pub public_key: [u8; 32],
    /// The identity the asker says it has, if it says so.
    pub identity: Option<Identity>,
    /// The places it wants to serve from; empty for clients.
    pub pop_ids: Vec<PopId>,
}

/// Reads a request made by [`request`] or by another implementation.
///
/// # Errors
/// [`BodyError`] names the fault.
pub fn parse_request(blob: &[u8]) -> Result<CertRequest, BodyError> {
    let request: CertificateRequest = decode(blob).map_err(BodyError::Malformed)?;
    let body = CertBody::decode(&request.cert.unwrap_or_default())?;
    Ok(CertRequest { public_key: body.public_key, identity: body.identity, pop_ids: body.pop_ids })
}

/// A body that holds just a key.
pub(super) fn empty_body(public: &[u8; 32]) -> Certificate {
    Certificate {
        key_type: Some(KEY_TYPE_ED25519),
        key_data: Some(public.to_vec()),
        ..Certificate::default()
    }
}

/// Writes the identity in every form that exists for it, for peers of all ages.
pub(super) fn put_identity(body: &mut Certificate, identity: &Identity) {
    body.legacy_steam_id = identity.to_legacy_steam_id();
    body.legacy_identity_binary = identity.to_legacy_binary();
    body.identity_string = Some(alloc::format!("{identity}"));
}
