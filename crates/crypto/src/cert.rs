//! Certificates: who owns a signing key, and who vouches for that (protocol.md §2.1, §2.2, §2.4, §2.8 to §2.10).
//!
//! A certificate binds an Ed25519 key to an identity, to applications and, for hosted servers, to places. Either the
//! connection made it for itself ([`LocalCertificate::self_signed`]), in which case it proves nothing but that the
//! peer stays the same one; or an authority signed it, whose key leads over at most [`MAX_CHAIN_LEN`] steps to a root
//! that the application put into its [`TrustStore`]. There is no built-in root.
//!
//! | task | start at |
//! |---|---|
//! | present ourselves to a peer | [`LocalCertificate`] |
//! | judge a peer | [`claimed_identity`], then [`check_peer`], then [`VerifiedCert::session_info`] |
//! | ask an authority for a certificate, install its answer | [`request`], [`install`](install()) |
//! | be an authority | [`issue_root`], [`issue_intermediate`], [`issue`](issue()) |
//!
//! The bytes of a certificate are signed and hashed as they travelled; nothing here encodes a received one again.

mod body;
mod check;
mod error;
mod install;
mod issue;
mod local;
mod store;

pub use body::{BodyError, CertBody};
pub use check::{CertPolicy, VerifiedCert, check_peer, claimed_identity};
pub use error::CertError;
pub use install::{InstallError, Installed, install};
pub use issue::{IssueError, Template, bundle, issue, issue_intermediate, issue_root};
pub use local::{CertRequest, LocalCertificate, parse_request, request};
pub use store::{Distrust, Scope, StoreError, TrustStore};

/// Longest certificate that is looked at, in bytes: the signed body and, separately, the whole with its signature.
/// A peer's has 60 to 200; one that lists many applications or places still fits.
pub const MAX_CERT_LEN: usize = 4096;
/// Most roots in a store. An application has one, two while it changes them.
pub const MAX_ROOTS: usize = 16;
/// Most intermediate certificates in a store; a network configuration lists tens.
pub const MAX_INTERMEDIATES: usize = 256;
/// Most revoked key ids in a store (8 bytes each, plus the tree).
pub const MAX_REVOCATIONS: usize = 4096;
/// Most certificates between a leaf and its root. Real chains have one or two.
pub const MAX_CHAIN_LEN: usize = 8;
