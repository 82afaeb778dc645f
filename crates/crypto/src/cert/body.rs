//! The signed part of a certificate, decoded and checked for form.

use alloc::vec::Vec;

use gamesockets_wire::identity::{Identity, IdentityError};
use gamesockets_wire::msg::{self, BlobError, KEY_TYPE_ED25519};
use gamesockets_wire::{EndReason, PopId};

use super::MAX_CERT_LEN;

/// Why bytes are not the body of a usable certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BodyError {
    /// More than [`MAX_CERT_LEN`] bytes.
    #[error("certificate of {len} bytes is longer than the 4096 allowed")]
    TooLong {
        /// Length found, in bytes.
        len: usize,
    },
    /// Not the encoding of a certificate.
    #[error("certificate does not decode: {0}")]
    Malformed(BlobError),
    /// The key is not an Ed25519 key, or its type is not given.
    #[error("certificate has a key of type {found:?}, only Ed25519 (1) is supported")]
    KeyType {
        /// The type found.
        found: Option<i32>,
    },
    /// An Ed25519 key has 32 bytes; this one has not.
    #[error("certificate has a public key of {len} bytes instead of 32")]
    KeyLength {
        /// Length found, in bytes.
        len: usize,
    },
    /// There is an identity, but not one that can be understood.
    #[error("identity in the certificate is unusable: {0}")]
    Identity(IdentityError),
}

impl BodyError {
    /// The reason with which a connection ends over this.
    pub const fn reason(&self) -> EndReason {
        match self {
            Self::Identity(_) => EndReason::REMOTE_BAD_CERT,
            _ => EndReason::REMOTE_BAD_CRYPT,
        }
    }
}

/// The content of a certificate. That it decodes says nothing about who made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertBody {
    /// The Ed25519 key of the owner.
    pub public_key: [u8; 32],
    /// The owner; `None` for certificates of authorities and of anonymous hosted servers.
    pub identity: Option<Identity>,
    /// Applications the certificate is for; empty means no restriction.
    pub app_ids: Vec<u32>,
    /// Places the certificate is for; empty means no restriction.
    pub pop_ids: Vec<PopId>,
    /// When it was made, in unix seconds; 0 if not given.
    pub created: u32,
    /// The last second it is valid, in unix seconds; 0 if not given, which counts as expired where expiry counts.
    pub expires: u32,
}

impl CertBody {
    /// Decodes field 4 of a signed certificate.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn decode(bytes: &[u8]) -> Result<Self, BodyError> {
        if bytes.len() > MAX_CERT_LEN {
            return Err(BodyError::TooLong { len: bytes.len() });
        }
        let cert: msg::Certificate = msg::decode(bytes).map_err(BodyError::Malformed)?;
        if cert.key_type != Some(KEY_TYPE_ED25519) {
            return Err(BodyError::KeyType { found: cert.key_type });
        }
        let key = cert.key_data.unwrap_or_default();
        let public_key = key.as_slice().try_into().map_err(|_| BodyError::KeyLength { len: key.len() })?;
        let identity = Identity::from_fields(
            cert.identity_string.as_deref(),
            cert.legacy_identity_binary.as_ref(),
            cert.legacy_steam_id,
        )
        .map_err(BodyError::Identity)?;
        Ok(Self {
            public_key,
            identity,
            app_ids: cert.app_ids,
            pop_ids: cert.gameserver_datacenter_ids.into_iter().map(PopId).collect(),
            created: cert.time_created.unwrap_or(0),
            expires: cert.time_expiry.unwrap_or(0),
        })
    }

    /// The identity, unless it is missing or the anonymous localhost.
    pub(super) fn named_identity(&self) -> Option<&Identity> {
        self.identity.as_ref().filter(|identity| !identity.is_localhost())
    }
}
