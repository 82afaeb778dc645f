//! Whose connection this is, from what the peer claims and where it comes from (protocol.md §2.3).

use core::net::SocketAddr;
use gamesockets_wire::identity::Identity;
use gamesockets_wire::msg;
use prost::Message as _;

/// What a peer claims to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedIdentity {
    /// The identity; for an anonymous peer the address it was seen at.
    pub identity: Identity,
    /// It claimed nothing: only good where nobody has to prove who he is.
    pub anonymous: bool,
}

/// Why an identity cannot be used. All of these are answered with silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// The certificate cannot be read.
    #[error("the certificate cannot be read")]
    BadCertificate,
    /// The identity text or bytes mean nothing.
    #[error("the identity cannot be read")]
    Unreadable,
    /// An address as identity counts only inside a certificate.
    #[error("an address as identity must be in the certificate")]
    BareAddress,
}

/// Identity fields of a handshake message beside the certificate.
#[derive(Clone, Copy, Debug)]
pub struct MessageFields<'a> {
    pub(crate) text: Option<&'a str>,
    pub(crate) binary: Option<&'a msg::IdentityLegacyBinary>,
    pub(crate) steam_id: Option<u64>,
}

/// Reads one place where an identity can stand; `None` where nothing stands.
fn read(fields: MessageFields<'_>) -> Result<Option<Identity>, IdentityError> {
    if let Some(text) = fields.text.filter(|t| !t.is_empty()) {
        return text.parse().map(Some).map_err(|_| IdentityError::Unreadable);
    }
    if let Some(binary) = fields.binary {
        // An empty submessage is written for kinds that have no such form (protocol.md §2.2).
        if *binary != msg::IdentityLegacyBinary::default() {
            return Identity::from_legacy_binary(binary).map(Some).map_err(|_| IdentityError::Unreadable);
        }
    }
    Ok(fields.steam_id.filter(|id| *id != 0).map(Identity::SteamId))
}

/// The identity that a peer's handshake message claims, seen from `from`.
///
/// # Errors
/// Nothing usable: the message is to be ignored.
pub fn claimed_identity(
    cert: Option<&msg::CertificateSigned>,
    outside: MessageFields<'_>,
    from: SocketAddr,
) -> Result<ClaimedIdentity, IdentityError> {
    let bytes = cert.and_then(|c| c.cert.as_deref()).unwrap_or_default();
    let cert = msg::Certificate::decode(bytes).map_err(|_| IdentityError::BadCertificate)?;
    let inside = MessageFields {
        text: cert.identity_string.as_deref(),
        binary: cert.legacy_identity_binary.as_ref(),
        steam_id: cert.legacy_steam_id,
    };
    let (identity, proven) = match read(inside)? {
        Some(identity) => (identity, true),
        None => (read(outside)?.unwrap_or_else(Identity::localhost), false),
    };
    if identity.is_localhost() {
        return Ok(ClaimedIdentity { identity: Identity::from_ip(from), anonymous: true });
    }
    if matches!(identity, Identity::Ip(_)) && !proven {
        return Err(IdentityError::BareAddress);
    }
    Ok(ClaimedIdentity { identity, anonymous: false })
}

impl<'a> From<&'a msg::ConnectRequest> for MessageFields<'a> {
    fn from(m: &'a msg::ConnectRequest) -> Self {
        Self {
            text: m.identity_string.as_deref(),
            binary: m.legacy_identity_binary.as_ref(),
            steam_id: m.legacy_client_steam_id,
        }
    }
}

impl<'a> From<&'a msg::ConnectOk> for MessageFields<'a> {
    fn from(m: &'a msg::ConnectOk) -> Self {
        Self {
            text: m.identity_string.as_deref(),
            binary: m.legacy_identity_binary.as_ref(),
            steam_id: m.legacy_server_steam_id,
        }
    }
}
