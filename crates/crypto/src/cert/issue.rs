//! Being an authority: roots, intermediates and certificates for peers (protocol.md §2.8).
//!
//! Everything issued here passes the checks of this crate; a combination that peers would refuse is refused at once.

use alloc::vec::Vec;

use gamesockets_wire::msg::{Certificate, CertificateSigned, Message as _};
use gamesockets_wire::{Identity, PopId};
use zeroize::{Zeroize as _, Zeroizing};

use super::MAX_CERT_LEN;
use super::local::{empty_body, put_identity};
use crate::sign::{SIGNATURE_LEN, SigningKey, key_id};

/// Room that key id, signature and field headers take beside the body.
const SIGNED_OVERHEAD: usize = 128;

/// What a new certificate says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Template {
    /// The owner. Must be absent for roots and intermediates; may be absent for hosted servers without an account,
    /// which need places instead.
    pub identity: Option<Identity>,
    /// Applications; empty means no restriction, which is refused together with an identity.
    pub app_ids: Vec<u32>,
    /// Places; empty means no restriction.
    pub pop_ids: Vec<PopId>,
    /// Time of making, in unix seconds.
    pub created: u32,
    /// Last second of validity, in unix seconds; after `created`.
    pub expires: u32,
}

/// Why a certificate was not issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IssueError {
    /// Authorities have no identity.
    #[error("certificate of an authority must not name an identity")]
    AuthorityWithIdentity,
    /// Nothing says whose the certificate is.
    #[error("certificate needs an identity, or data centers if it is for an anonymous hosted server")]
    NoOwner,
    /// Invalid and localhost identities stand for "nobody".
    #[error("certificate cannot be issued to an invalid or localhost identity")]
    UnusableIdentity,
    /// Peers refuse a certificate with an identity and without applications.
    #[error("certificate with an identity needs at least one app id; 0 stands for programs that set none")]
    NoApps,
    /// It would be expired from the start.
    #[error("certificate would expire at unix time {expires}, not after its creation at {created}")]
    Validity {
        /// Time of making, in unix seconds.
        created: u32,
        /// Last second of validity, in unix seconds.
        expires: u32,
    },
    /// More than [`MAX_CERT_LEN`] bytes.
    #[error(
        "certificate would have {len} bytes, more than the 4096 allowed; list fewer apps or data centers"
    )]
    TooLong {
        /// Length it would have, in bytes.
        len: usize,
    },
    /// Vouching for oneself is what [`issue_root`] is for.
    #[error("the certified key is the key of the authority itself")]
    SelfIssued,
}

/// Makes a root certificate: signed by the key it is for.
///
/// # Errors
/// [`IssueError::AuthorityWithIdentity`], [`IssueError::Validity`], [`IssueError::TooLong`].
pub fn issue_root(ca: &SigningKey, template: &Template) -> Result<CertificateSigned, IssueError> {
    no_identity(template)?;
    sign_body(ca, &ca.public(), template)
}

/// Lets `ca` vouch for another authority.
///
/// Restrictions can only narrow: what counts is the common part of all certificates up to the root.
///
/// # Errors
/// As [`issue_root`], and [`IssueError::SelfIssued`].
pub fn issue_intermediate(
    ca: &SigningKey,
    subject: &[u8; 32],
    template: &Template,
) -> Result<CertificateSigned, IssueError> {
    no_identity(template)?;
    not_self(ca, subject)?;
    sign_body(ca, subject, template)
}

/// Issues a certificate to the peer that owns the key `subject`.
///
/// The caller must have made sure that the peer is who the template says.
///
/// # Errors
/// Everything in [`IssueError`] except [`IssueError::AuthorityWithIdentity`].
pub fn issue(
    ca: &SigningKey,
    subject: &[u8; 32],
    template: &Template,
) -> Result<CertificateSigned, IssueError> {
    not_self(ca, subject)?;
    match &template.identity {
        None if template.pop_ids.is_empty() => return Err(IssueError::NoOwner),
        None => {}
        Some(identity) if identity.is_invalid() || identity.is_localhost() => {
            return Err(IssueError::UnusableIdentity);
        }
        Some(_) if template.app_ids.is_empty() => return Err(IssueError::NoApps),
        Some(_) => {}
    }
    sign_body(ca, subject, template)
}

/// Encodes a certificate together with the private key of its owner, for a file that only the owner gets.
pub fn bundle(cert: &CertificateSigned, key: &SigningKey) -> Zeroizing<Vec<u8>> {
    let mut with_key = cert.clone();
    with_key.private_key_data = Some(key.seed().to_vec());
    let blob = Zeroizing::new(with_key.encode_to_vec());
    with_key.private_key_data.zeroize();
    blob
}

const fn no_identity(template: &Template) -> Result<(), IssueError> {
    if template.identity.is_some() { Err(IssueError::AuthorityWithIdentity) } else { Ok(()) }
}

fn not_self(ca: &SigningKey, subject: &[u8; 32]) -> Result<(), IssueError> {
    if ca.public() == *subject { Err(IssueError::SelfIssued) } else { Ok(()) }
}

fn sign_body(
    ca: &SigningKey,
    subject: &[u8; 32],
    template: &Template,
) -> Result<CertificateSigned, IssueError> {
    let Template { created, expires, .. } = *template;
    if expires <= created {
        return Err(IssueError::Validity { created, expires });
    }
    let mut body = Certificate {
        gameserver_datacenter_ids: template.pop_ids.iter().map(|pop| pop.to_u32()).collect(),
        time_created: Some(created),
        time_expiry: Some(expires),
        app_ids: template.app_ids.clone(),
        ..empty_body(subject)
    };
    if let Some(identity) = &template.identity {
        put_identity(&mut body, identity);
    }
    let bytes = body.encode_to_vec();
    let len = bytes.len() + SIGNED_OVERHEAD;
    if len > MAX_CERT_LEN {
        return Err(IssueError::TooLong { len });
    }
    Ok(CertificateSigned {
        private_key_data: None,
        ca_key_id: Some(key_id(&ca.public())),
        ca_signature: Some(ca.sign(&bytes).to_vec()),
        cert: Some(bytes),
    })
}

const _: () = assert!(
    SIGNED_OVERHEAD > SIGNATURE_LEN + 32 /* private key */ + 9 /* key id */ + 3 * 3 /* headers */
);
