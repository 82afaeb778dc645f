//! Judging a peer's certificate (protocol.md §2.4, §2.8, §2.9).

use gamesockets_wire::msg::{CertificateSigned, SessionCryptInfoSigned};
use gamesockets_wire::{Identity, PopId};

use super::body::CertBody;
use super::error::CertError;
use super::store::{Scope, TrustStore};
use crate::sign::{self, key_id};

/// What a connection asks of its peer's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CertPolicy {
    /// Our application; 0 if none was set. The certificate must be valid for it.
    pub app_id: u32,
    /// The wall clock, in unix seconds.
    pub now_unix: u64,
    /// Whether a certificate that no trusted CA signed is good enough (protocol.md §2.9).
    pub allow_unsigned: bool,
    /// The place the peer claims to serve from, if it does.
    pub expect_pop: Option<PopId>,
}

/// What is known about a peer whose certificate passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedCert {
    /// The owner by the certificate; `None` if it names nobody.
    pub identity: Option<Identity>,
    /// The key that must have signed the session data: see [`session_info`](Self::session_info).
    pub public_key: [u8; 32],
    /// Whether a trusted CA vouches for it. If not, the connection is unauthenticated.
    pub signed_by_ca: bool,
    /// Why a CA signature that was there did not count, when an unsigned certificate was good enough.
    pub ca_fault: Option<CertError>,
}

impl VerifiedCert {
    /// Checks that the owner of the certificate signed the session data, and returns these bytes for decoding and for
    /// the key schedule.
    ///
    /// # Errors
    /// [`CertError::MissingInfo`], [`CertError::MissingInfoSignature`], [`CertError::BadInfoSignature`].
    pub fn session_info<'a>(&self, crypt: &'a SessionCryptInfoSigned) -> Result<&'a [u8], CertError> {
        let info = crypt.info.as_deref().ok_or(CertError::MissingInfo)?;
        let signature = crypt.signature.as_deref().ok_or(CertError::MissingInfoSignature)?;
        sign::verify(&self.public_key, info, signature).map_err(CertError::BadInfoSignature)?;
        Ok(info)
    }
}

/// The identity that a certificate names, before anything about it is checked; `None` if it names none.
///
/// It takes precedence over the identity in the handshake message (protocol.md §2.3). The result is what
/// [`check_peer`] is to be asked about.
///
/// # Errors
/// [`CertError::Missing`] or [`CertError::Body`].
pub fn claimed_identity(cert: &CertificateSigned) -> Result<Option<Identity>, CertError> {
    Ok(CertBody::decode(signed_bytes(cert)?)?.identity)
}

/// Judges the certificate of a peer that claims to be `peer_identity`.
///
/// A CA signature that does not hold is fatal only where unsigned certificates are not allowed; otherwise the
/// certificate counts as unsigned, and [`VerifiedCert::ca_fault`] says why. All other faults are fatal either way.
///
/// # Errors
/// The first fault in the order of protocol.md §2.4.
pub fn check_peer(
    cert: &CertificateSigned,
    store: &TrustStore,
    policy: &CertPolicy,
    peer_identity: &Identity,
) -> Result<VerifiedCert, CertError> {
    let body = CertBody::decode(signed_bytes(cert)?)?;
    let (authority, ca_fault) = match check_authority(cert, &body, store, policy.now_unix) {
        Ok(authority) => (authority, None),
        Err(fault) if policy.allow_unsigned => (None, Some(fault)),
        Err(fault) => return Err(fault),
    };
    check_owner(&body, authority.is_some(), peer_identity)?;
    check_app(&body, authority.as_ref(), policy.app_id)?;
    if let Some(pop) = policy.expect_pop {
        check_pop(&body, authority.as_ref(), pop)?;
    }
    if authority.is_none() && !policy.allow_unsigned {
        return Err(CertError::UnsignedNotAllowed);
    }
    Ok(VerifiedCert {
        identity: body.identity,
        public_key: body.public_key,
        signed_by_ca: authority.is_some(),
        ca_fault,
    })
}

/// The CA key behind a certificate and what it may vouch for.
#[derive(Debug)]
pub(super) struct Authority {
    key_id: u64,
    scope: Scope,
}

/// Follows the CA signature; `None` if there is none.
pub(super) fn check_authority(
    cert: &CertificateSigned,
    body: &CertBody,
    store: &TrustStore,
    now: u64,
) -> Result<Option<Authority>, CertError> {
    let Some(signature) = cert.ca_signature.as_deref() else { return Ok(None) };
    let ca = cert.ca_key_id.filter(|id| *id != 0).ok_or(CertError::NoCaKey)?;
    let trusted = store.trusted(ca).map_err(|why| CertError::from_distrust(ca, why))?;
    if let Some(expired) = trusted.scope.expires().filter(|last| u64::from(*last) < now) {
        return Err(CertError::ChainExpired { key_id: ca, expired, now });
    }
    sign::verify(trusted.public, signed_bytes(cert)?, signature)
        .map_err(|why| CertError::BadCaSignature { key_id: ca, why })?;
    if u64::from(body.expires) < now {
        return Err(CertError::Expired { expired: body.expires, now });
    }
    let own = key_id(&body.public_key);
    if store.is_revoked(own) {
        return Err(CertError::RevokedKey { key_id: own });
    }
    Ok(Some(Authority { key_id: ca, scope: trusted.scope }))
}

fn check_owner(body: &CertBody, signed_by_ca: bool, peer: &Identity) -> Result<(), CertError> {
    if let Some(identity) = body.named_identity() {
        if identity != peer {
            return Err(CertError::WrongIdentity { issued_to: identity.clone(), claimed: peer.clone() });
        }
        if body.app_ids.is_empty() {
            return Err(CertError::NotBoundToApp { issued_to: identity.clone() });
        }
    } else if signed_by_ca {
        if !is_anonymous_game_server(peer) {
            return Err(CertError::NoIdentity { claimed: peer.clone() });
        }
        if body.pop_ids.is_empty() {
            return Err(CertError::NoIdentityNoPop);
        }
    }
    Ok(())
}

pub(super) fn check_app(
    body: &CertBody,
    authority: Option<&Authority>,
    app_id: u32,
) -> Result<(), CertError> {
    if !body.app_ids.is_empty() && !body.app_ids.contains(&app_id) {
        return Err(CertError::WrongApp { app_id, listed: body.app_ids.clone() });
    }
    match authority {
        Some(ca) if !ca.scope.allows_app(app_id) => {
            Err(CertError::ChainForbidsApp { app_id, key_id: ca.key_id })
        }
        _ => Ok(()),
    }
}

fn check_pop(body: &CertBody, authority: Option<&Authority>, pop: PopId) -> Result<(), CertError> {
    if !body.pop_ids.is_empty() && !body.pop_ids.contains(&pop) {
        return Err(CertError::WrongPop { pop, listed: body.pop_ids.clone() });
    }
    match authority {
        Some(ca) if !ca.scope.allows_pop(pop) => Err(CertError::ChainForbidsPop { pop, key_id: ca.key_id }),
        _ => Ok(()),
    }
}

fn signed_bytes(cert: &CertificateSigned) -> Result<&[u8], CertError> {
    cert.cert.as_deref().filter(|bytes| !bytes.is_empty()).ok_or(CertError::Missing)
}

/// Game servers without an account of their own: account type 4 in bits 52 to 55 (protocol.md §2.3).
const fn is_anonymous_game_server(identity: &Identity) -> bool {
    const ANONYMOUS_GAME_SERVER: u64 = 4;
    matches!(identity, Identity::SteamId(account) if *account >> 52 & 0xf == ANONYMOUS_GAME_SERVER)
}
