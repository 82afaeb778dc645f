//! Why a peer's certificate was refused.

use alloc::vec::Vec;
use core::fmt;

use gamesockets_wire::{EndReason, Identity, PopId};

use super::body::BodyError;
use super::store::Distrust;
use crate::sign::SignatureError;

/// Why a peer's certificate, or its signature of the session, was refused (protocol.md §2.4).
///
/// The text of each variant is meant for the developer who reads it in a log or in the close reason: it names the
/// values that do not fit together. [`reason`](Self::reason) gives the number for the wire.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertError {
    /// The handshake has no certificate bytes.
    #[error("peer sent no certificate")]
    Missing,
    /// The certificate itself is unusable.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// A CA signature without a key id says nothing about who signed.
    #[error("certificate has a CA signature but no CA key id")]
    NoCaKey,
    /// The signing key is neither a root nor in the store.
    #[error(
        "certificate is signed by CA key {key_id}, which is not in the trust store; add its root or certificate"
    )]
    UnknownCa {
        /// The key that signed.
        key_id: u64,
    },
    /// The signing key, or one further up, is revoked.
    #[error("CA key {revoked} in the chain of the certificate is revoked (signed by {key_id})")]
    RevokedCa {
        /// The key that signed the certificate.
        key_id: u64,
        /// The revoked key; the same, or one that vouches for it.
        revoked: u64,
    },
    /// The signing key is known, but no chain leads from it to a root.
    #[error("CA key {key_id}, which signed the certificate, is not trusted: {why}")]
    UntrustedCa {
        /// The key that signed.
        key_id: u64,
        /// What is wrong with it.
        why: Distrust,
    },
    /// A certificate of an authority in the chain has expired.
    #[error("CA chain of key {key_id} expired {} s ago (at unix time {expired}, now {now})", now.saturating_sub(u64::from(*expired)))]
    ChainExpired {
        /// The key that signed.
        key_id: u64,
        /// The last second the chain was valid, in unix seconds.
        expired: u32,
        /// The time that was assumed, in unix seconds.
        now: u64,
    },
    /// The CA signature is not of that key over this certificate.
    #[error("signature of CA key {key_id} on the certificate is invalid: {why}")]
    BadCaSignature {
        /// The key that is said to have signed.
        key_id: u64,
        /// What is wrong with it.
        why: SignatureError,
    },
    /// The certificate has expired, or has no expiry at all (0).
    #[error("certificate expired {} s ago (at unix time {expired}, now {now}); check both clocks, then renew it", now.saturating_sub(u64::from(*expired)))]
    Expired {
        /// The last second it was valid, in unix seconds.
        expired: u32,
        /// The time that was assumed, in unix seconds.
        now: u64,
    },
    /// The key of the peer itself is revoked.
    #[error("key {key_id} of the peer is revoked")]
    RevokedKey {
        /// The id of the peer's key.
        key_id: u64,
    },
    /// The certificate belongs to somebody else.
    #[error("certificate is issued to {issued_to}, but the peer claims to be {claimed}")]
    WrongIdentity {
        /// The owner by the certificate.
        issued_to: Identity,
        /// Who the peer says it is.
        claimed: Identity,
    },
    /// A certificate with an identity must list at least one application.
    #[error("certificate of {issued_to} names no application; it must list at least one app id")]
    NotBoundToApp {
        /// The owner by the certificate.
        issued_to: Identity,
    },
    /// A signed certificate without identity, from a peer that is no anonymous game server.
    #[error(
        "CA-signed certificate names no identity, which only anonymous game servers may use; the peer is {claimed}"
    )]
    NoIdentity {
        /// Who the peer says it is.
        claimed: Identity,
    },
    /// A signed certificate without identity must be bound to places, and this one is not.
    #[error("CA-signed certificate names neither an identity nor a data center")]
    NoIdentityNoPop,
    /// The certificate is for other applications.
    #[error("certificate is not valid for app {app_id}, only for {}", List(.listed))]
    WrongApp {
        /// Our application.
        app_id: u32,
        /// The applications it is for.
        listed: Vec<u32>,
    },
    /// The certificate names our application (or none), but its CA may not vouch for it.
    #[error("CA key {key_id} may not vouch for app {app_id}")]
    ChainForbidsApp {
        /// Our application.
        app_id: u32,
        /// The key that signed.
        key_id: u64,
    },
    /// The certificate is for other places than the one the peer is said to be at.
    #[error("certificate is not valid for data center {pop}, only for {}", List(.listed))]
    WrongPop {
        /// Where the peer is said to be.
        pop: PopId,
        /// The places it is for.
        listed: Vec<PopId>,
    },
    /// The certificate names the place (or none), but its CA may not vouch for it.
    #[error("CA key {key_id} may not vouch for servers in data center {pop}")]
    ChainForbidsPop {
        /// Where the peer is said to be.
        pop: PopId,
        /// The key that signed.
        key_id: u64,
    },
    /// The peer made its certificate itself, and this connection asks for one of a trusted CA.
    #[error(
        "peer has only a self-made certificate, and connections without authentication are not allowed here"
    )]
    UnsignedNotAllowed,
    /// The handshake has no session data.
    #[error("peer sent no session data to verify")]
    MissingInfo,
    /// The session data is not signed.
    #[error("peer did not sign its session data")]
    MissingInfoSignature,
    /// The session data is not signed by the key in the certificate.
    #[error("session data is not signed by the key in the certificate: {0}")]
    BadInfoSignature(SignatureError),
}

impl CertError {
    /// The reason with which a connection ends over this: 4002 for what cannot be understood, 4003 for what is
    /// understood and not accepted.
    pub const fn reason(&self) -> EndReason {
        match self {
            Self::Body(body) => body.reason(),
            Self::Missing | Self::MissingInfo | Self::MissingInfoSignature | Self::BadInfoSignature(_) => {
                EndReason::REMOTE_BAD_CRYPT
            }
            _ => EndReason::REMOTE_BAD_CERT,
        }
    }

    /// Makes the general verdict of the store the verdict on a certificate that `key_id` signed.
    pub(super) const fn from_distrust(key_id: u64, why: Distrust) -> Self {
        match why {
            Distrust::Unknown { key_id: unknown } if unknown == key_id => Self::UnknownCa { key_id },
            Distrust::Revoked { key_id: revoked } => Self::RevokedCa { key_id, revoked },
            why => Self::UntrustedCa { key_id, why },
        }
    }
}

/// Prints the first few entries of a list that the peer made as long as it liked.
pub(super) struct List<'a, T>(pub(super) &'a [T]);

/// Entries of a [`List`] that are printed in full.
const LIST_SHOWN: usize = 4;

impl<T: fmt::Display> fmt::Display for List<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, item) in self.0.iter().take(LIST_SHOWN).enumerate() {
            write!(f, "{}{item}", if i == 0 { "" } else { ", " })?;
        }
        match self.0.len().checked_sub(LIST_SHOWN) {
            None | Some(0) => Ok(()),
            Some(more) => write!(f, " and {more} more"),
        }
    }
}
