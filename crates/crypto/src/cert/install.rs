//! Taking a certificate that an authority made for us (protocol.md §2.10; the checks of the `SetCertificate` call).

use alloc::vec::Vec;

use gamesockets_wire::Identity;
use gamesockets_wire::msg::BlobError;
use zeroize::Zeroizing;

use super::body::{BodyError, CertBody};
use super::check::{check_app, check_authority};
use super::error::{CertError, List};
use super::local::{LocalCertificate, open_blob};
use super::store::TrustStore;
use crate::sign::SigningKey;

/// Why a certificate was not installed. The one in use, if any, stays.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InstallError {
    /// The blob is too long to be a certificate.
    #[error("certificate blob of {len} bytes is longer than the 4096 allowed")]
    TooLong {
        /// Length found, in bytes.
        len: usize,
    },
    /// The blob does not decode.
    #[error("blob is not a signed certificate: {0}; if it is text, decode its base64 first")]
    Malformed(BlobError),
    /// The blob decodes but holds no certificate.
    #[error("blob holds no certificate")]
    Missing,
    /// The certificate in it is unusable.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// The certificate names nobody, or localhost.
    #[error("certificate names no identity, so it cannot be ours")]
    NoIdentity,
    /// The certificate is somebody else's.
    #[error("certificate is issued to {issued_to}, but our identity is {ours}")]
    WrongIdentity {
        /// The owner by the certificate.
        issued_to: Identity,
        /// Who we are.
        ours: Identity,
    },
    /// The private key in the blob is not 32 bytes (or 64 with the public key beside it).
    #[error("private key in the blob has {len} bytes instead of 32")]
    PrivateKeyLength {
        /// Length found, in bytes.
        len: usize,
    },
    /// We have a private key already, and the blob brings another one.
    #[error(
        "private key in the blob is not the one we already use; reset the identity first, or ask for a certificate for our key"
    )]
    PrivateKeyConflict,
    /// There is no private key, neither here nor in the blob.
    #[error(
        "no private key: make a certificate request first, or supply a certificate that contains its key"
    )]
    NoPrivateKey,
    /// The certificate is for another key than the private one.
    #[error("public key in the certificate does not belong to the private key")]
    KeyPairMismatch,
    /// The certificate lists no application, so every peer would refuse it.
    #[error("certificate of {issued_to} names no application; it must list app {app_id}")]
    NotBoundToApp {
        /// The owner by the certificate.
        issued_to: Identity,
        /// Our application.
        app_id: u32,
    },
    /// The certificate is for other applications.
    #[error("certificate is not valid for our app {app_id}, only for {}", List(.listed))]
    WrongApp {
        /// Our application.
        app_id: u32,
        /// The applications it is for.
        listed: Vec<u32>,
    },
    /// It has expired, or has no expiry at all (0).
    #[error("certificate expired {} s ago (at unix time {expired}, now {now}); check the clock, then renew it", now.saturating_sub(u64::from(*expired)))]
    Expired {
        /// The last second it was valid, in unix seconds.
        expired: u32,
        /// The time that was assumed, in unix seconds.
        now: u64,
    },
}

/// A certificate that passed [`install`].
#[derive(Debug, Clone)]
pub struct Installed {
    /// To be presented to peers from now on. Its identity is the one to adopt if we had none.
    pub certificate: LocalCertificate,
    /// Why our own store does not trust it, if so. That is worth a warning and no more: what counts is the store of
    /// the peers.
    pub distrust: Option<CertError>,
}

/// Checks a signed certificate that is meant for us.
///
/// `ours` is the private key made for the request, if there was one; the blob may bring the key along instead. An
/// `identity` that is invalid or localhost takes on the one of the certificate.
///
/// # Errors
/// The first reason not to use it.
pub fn install(
    blob: &[u8],
    ours: Option<&SigningKey>,
    identity: &Identity,
    app_id: u32,
    now_unix: u64,
    store: &TrustStore,
) -> Result<Installed, InstallError> {
    let opened = open_blob(blob)?;
    let (signed, body) = (&opened.signed, &opened.body);
    check_identity(body, identity)?;
    let supplied = opened.private_key.as_ref().map(|data| data.as_slice());
    let key = choose_key(ours, supplied, &body.public_key)?;
    check_use(body, app_id, now_unix)?;
    let distrust = match check_authority(signed, body, store, now_unix) {
        Err(fault) => Some(fault),
        Ok(None) => Some(CertError::UnsignedNotAllowed),
        Ok(Some(authority)) => check_app(body, Some(&authority), app_id).err(),
    };
    let certificate = LocalCertificate::from_opened(opened, key)?;
    Ok(Installed { certificate, distrust })
}

fn check_identity(body: &CertBody, ours: &Identity) -> Result<(), InstallError> {
    let issued_to = body.named_identity().ok_or(InstallError::NoIdentity)?;
    if issued_to == ours || ours.is_invalid() || ours.is_localhost() {
        return Ok(());
    }
    Err(InstallError::WrongIdentity { issued_to: issued_to.clone(), ours: ours.clone() })
}

/// The private key to use with a certificate for `public`.
fn choose_key(
    ours: Option<&SigningKey>,
    supplied: Option<&[u8]>,
    public: &[u8; 32],
) -> Result<SigningKey, InstallError> {
    let supplied = supplied.map(|data| read_private_key(data, public)).transpose()?;
    let key = match (ours, supplied) {
        (Some(ours), Some(supplied)) if ours.public() != supplied.public() => {
            return Err(InstallError::PrivateKeyConflict);
        }
        (Some(ours), _) => ours.clone(),
        (None, Some(supplied)) => supplied,
        (None, None) => return Err(InstallError::NoPrivateKey),
    };
    if key.public() == *public { Ok(key) } else { Err(InstallError::KeyPairMismatch) }
}

/// Reads a private key of 32 bytes, or of 64 with the public key in front or behind: both orders are in use.
fn read_private_key(data: &[u8], public: &[u8; 32]) -> Result<SigningKey, InstallError> {
    let wrong_length = || InstallError::PrivateKeyLength { len: data.len() };
    let (first, rest) = data.split_first_chunk::<32>().ok_or_else(wrong_length)?;
    let seed = match <&[u8; 32]>::try_from(rest) {
        Ok(second) if first == public => second,
        Err(_) if !rest.is_empty() => return Err(wrong_length()),
        _ => first,
    };
    Ok(SigningKey::from_seed(*Zeroizing::new(*seed)))
}

fn check_use(body: &CertBody, app_id: u32, now: u64) -> Result<(), InstallError> {
    if body.app_ids.is_empty() {
        let issued_to = body.identity.clone().unwrap_or_else(Identity::localhost);
        return Err(InstallError::NotBoundToApp { issued_to, app_id });
    }
    if !body.app_ids.contains(&app_id) {
        return Err(InstallError::WrongApp { app_id, listed: body.app_ids.clone() });
    }
    if u64::from(body.expires) < now {
        return Err(InstallError::Expired { expired: body.expires, now });
    }
    Ok(())
}
