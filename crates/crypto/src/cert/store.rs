//! Which CA keys are trusted, and for what (protocol.md §2.8).

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use gamesockets_wire::PopId;
use gamesockets_wire::msg::CertificateSigned;

use super::body::{BodyError, CertBody};
use super::{MAX_CERT_LEN, MAX_CHAIN_LEN, MAX_INTERMEDIATES, MAX_REVOCATIONS, MAX_ROOTS};
use crate::sign::{self, SIGNATURE_LEN, SignatureError, key_id};

/// Certificates one question may visit. Chains of the real world need two or three; only a store filled with keys that
/// vouch for each other in circles needs more, and it gets the answer "not trusted".
const MAX_VISITS: usize = 1024;

/// Why the store did not take something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The certificate has no signed bytes.
    #[error("certificate for the trust store is empty")]
    Missing,
    /// The signed bytes are unusable.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// Certificates of authorities name nobody; this one does.
    #[error("certificate of CA key {key_id} names an identity; such a certificate cannot vouch for others")]
    HasIdentity {
        /// The key it is for.
        key_id: u64,
    },
    /// Certificates of authorities must expire.
    #[error("certificate of CA key {key_id} has no expiry time")]
    NoExpiry {
        /// The key it is for.
        key_id: u64,
    },
    /// No key id or no signature of 64 bytes.
    #[error("certificate of CA key {key_id} is not signed")]
    NotSigned {
        /// The key it is for.
        key_id: u64,
    },
    /// The certificate was not signed by the key it names as its signer.
    #[error("certificate of CA key {key_id} is not signed by key {issuer}: {why}")]
    BadSignature {
        /// The key it is for.
        key_id: u64,
        /// The key that is said to have signed.
        issuer: u64,
        /// What is wrong with it.
        why: SignatureError,
    },
    /// A root certificate vouches for itself; this one names another signer.
    #[error("certificate of CA key {key_id} is signed by {issuer} and not by itself, so it is no root")]
    NotSelfSigned {
        /// The key it is for.
        key_id: u64,
        /// The key that signed.
        issuer: u64,
    },
    /// A certificate that vouches for itself is worth nothing unless it is deliberately added as a root.
    #[error("certificate of CA key {key_id} is signed by itself; add it as a root if it is to be trusted")]
    SelfSigned {
        /// The key it is for.
        key_id: u64,
    },
    /// Another key with the same id is there already.
    #[error("two different CA keys share the id {key_id}")]
    KeyIdClash {
        /// The id of both.
        key_id: u64,
    },
    /// The public key is no curve point, or one that anybody can sign for.
    #[error("root key {key_id} is not a usable Ed25519 key")]
    BadKey {
        /// Its id.
        key_id: u64,
    },
    /// The limit of its kind is reached: [`MAX_ROOTS`], [`MAX_INTERMEDIATES`] or [`MAX_REVOCATIONS`].
    #[error("trust store is full: at most {max} {what}")]
    Full {
        /// Which table is full.
        what: &'static str,
        /// How many it takes.
        max: usize,
    },
}

/// Why a key in (or not in) the store cannot vouch for anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Distrust {
    /// The chain leads to a key of which the store has neither a root nor a certificate.
    #[error("its chain ends at key {key_id}, which is not in the trust store")]
    Unknown {
        /// The key at which the chain ends.
        key_id: u64,
    },
    /// A key of the chain is revoked.
    #[error("key {key_id} of its chain is revoked")]
    Revoked {
        /// The revoked key.
        key_id: u64,
    },
    /// A certificate of the chain is not signed by the key it names.
    #[error("the certificate of key {key_id} is not signed by key {issuer}")]
    BadSignature {
        /// The key whose certificate it is.
        key_id: u64,
        /// The key that is said to have signed.
        issuer: u64,
    },
    /// The chain comes back to a key it already passed.
    #[error("its chain runs in a circle at key {key_id}")]
    Circle {
        /// The key that is met twice.
        key_id: u64,
    },
    /// The certificates of the chain have no application or no place in common.
    #[error("the restrictions along its chain leave nothing that key {key_id} may vouch for")]
    EmptyScope {
        /// The key for which nothing is left.
        key_id: u64,
    },
    /// More than [`MAX_CHAIN_LEN`] certificates to a root, or too many ways to try.
    #[error("its chain is longer than 8 certificates or has too many branches")]
    TooLong,
}

/// What a CA key may vouch for: the common part of all certificates from the root to the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    apps: Allowed<u32>,
    pops: Allowed<PopId>,
    expires: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Allowed<T> {
    Everything,
    Only(BTreeSet<T>),
}

impl<T: Ord + Copy> Allowed<T> {
    /// A missing list means no restriction.
    fn from_list(list: &[T]) -> Self {
        if list.is_empty() { Self::Everything } else { Self::Only(list.iter().copied().collect()) }
    }

    fn contains(&self, item: T) -> bool {
        match self {
            Self::Everything => true,
            Self::Only(set) => set.contains(&item),
        }
    }

    /// The common part; `None` if there is none.
    fn common(&self, other: &Self) -> Option<Self> {
        match (self, other) {
            (Self::Everything, rest) | (rest, Self::Everything) => Some(rest.clone()),
            (Self::Only(a), Self::Only(b)) => {
                let both: BTreeSet<T> = a.intersection(b).copied().collect();
                if both.is_empty() { None } else { Some(Self::Only(both)) }
            }
        }
    }
}

impl Scope {
    const UNRESTRICTED: Self = Self { apps: Allowed::Everything, pops: Allowed::Everything, expires: None };

    fn of(body: &CertBody) -> Self {
        Self {
            apps: Allowed::from_list(&body.app_ids),
            pops: Allowed::from_list(&body.pop_ids),
            expires: Some(body.expires),
        }
    }

    /// Whether certificates for this application may be signed.
    pub fn allows_app(&self, app_id: u32) -> bool {
        self.apps.contains(app_id)
    }

    /// Whether certificates for servers at this place may be signed.
    pub fn allows_pop(&self, pop: PopId) -> bool {
        self.pops.contains(pop)
    }

    /// The last second the whole chain is valid, in unix seconds; `None` if nothing in it expires.
    pub const fn expires(&self) -> Option<u32> {
        self.expires
    }

    fn common(&self, other: &Self) -> Option<Self> {
        let expires = match (self.expires, other.expires) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        Some(Self { apps: self.apps.common(&other.apps)?, pops: self.pops.common(&other.pops)?, expires })
    }
}

/// Roots, intermediate certificates and revocations.
///
/// Roots come from the application alone. Intermediates may come from anywhere and in any order: one whose signer is
/// unknown waits for it and is worth nothing until then. Keys are named by [`sign::key_id`].
///
/// Of several certificates for one key, the valid one made last decides; that it has expired does not bring an older
/// one back.
#[derive(Debug, Clone, Default)]
pub struct TrustStore {
    keys: BTreeMap<u64, CaKey>,
    revoked: BTreeSet<u64>,
    intermediates: usize,
}

#[derive(Debug, Clone)]
struct CaKey {
    public: [u8; 32],
    anchor: Option<Anchor>,
    /// Newest first.
    certs: Vec<CaCert>,
}

/// Trust that the application declared.
#[derive(Debug, Clone)]
struct Anchor {
    /// `None` for a bare key, which outranks every root certificate.
    created: Option<u32>,
    scope: Scope,
}

#[derive(Debug, Clone)]
struct CaCert {
    issuer: u64,
    created: u32,
    scope: Scope,
    signature: Signature,
    body: Vec<u8>,
}

#[derive(Debug, Clone)]
enum Signature {
    /// The signer is not known yet.
    Waiting(Vec<u8>),
    Good,
    Bad,
}

/// A key that may vouch for others.
#[derive(Debug)]
pub(super) struct TrustedKey<'a> {
    pub(super) public: &'a [u8; 32],
    pub(super) scope: Scope,
}

impl TrustStore {
    /// A store that trusts nobody.
    pub const fn new() -> Self {
        Self { keys: BTreeMap::new(), revoked: BTreeSet::new(), intermediates: 0 }
    }

    /// Whether the application gave any root. Without one, no peer can be authenticated.
    pub fn has_roots(&self) -> bool {
        self.roots() != 0
    }

    /// Trusts a key without restriction or expiry, and returns its id.
    ///
    /// # Errors
    /// [`StoreError::BadKey`], [`StoreError::KeyIdClash`], [`StoreError::Full`].
    pub fn add_root(&mut self, public: [u8; 32]) -> Result<u64, StoreError> {
        let id = key_id(&public);
        if matches!(sign::verify(&public, &[], &[0; SIGNATURE_LEN]), Err(SignatureError::PublicKey)) {
            return Err(StoreError::BadKey { key_id: id });
        }
        self.set_anchor(id, public, Anchor { created: None, scope: Scope::UNRESTRICTED })?;
        Ok(id)
    }

    /// Trusts a self-signed certificate for what it lists and until it expires, and returns the id of its key.
    ///
    /// Of several for one key the one made last counts; a bare key given to [`add_root`](Self::add_root) outranks them.
    ///
    /// # Errors
    /// Everything in [`StoreError`] except [`StoreError::SelfSigned`] and [`StoreError::BadKey`].
    pub fn add_root_certificate(&mut self, cert: &CertificateSigned) -> Result<u64, StoreError> {
        let form = CaForm::check(cert)?;
        let CaForm { ref body, id, issuer, .. } = form;
        if issuer != id {
            return Err(StoreError::NotSelfSigned { key_id: id, issuer });
        }
        form.verify(&body.public_key)?;
        self.set_anchor(id, body.public_key, Anchor { created: Some(body.created), scope: Scope::of(body) })?;
        Ok(id)
    }

    /// Adds a certificate by which one CA key vouches for another, and returns the id of the latter.
    ///
    /// Adding the same one again changes nothing. If its signer is not known yet, the signature is checked as soon as
    /// the signer is added.
    ///
    /// # Errors
    /// Everything in [`StoreError`] except [`StoreError::NotSelfSigned`] and [`StoreError::BadKey`].
    pub fn add_intermediate(&mut self, cert: &CertificateSigned) -> Result<u64, StoreError> {
        let form = CaForm::check(cert)?;
        let CaForm { ref body, id, issuer, bytes, .. } = form;
        if issuer == id {
            return Err(StoreError::SelfSigned { key_id: id });
        }
        let signature = match self.keys.get(&issuer) {
            None => Signature::Waiting(form.signature.to_vec()),
            Some(signer) => {
                form.verify(&signer.public)?;
                Signature::Good
            }
        };
        let known = self.keys.get(&id).map_or(&[][..], |key| &key.certs);
        if known
            .iter()
            .any(|old| old.body == bytes && old.issuer == issuer && old.signature.covers(&signature))
        {
            return Ok(id);
        }
        if self.intermediates >= MAX_INTERMEDIATES {
            return Err(StoreError::Full { what: "intermediate certificates", max: MAX_INTERMEDIATES });
        }
        let created = body.created;
        let cert = CaCert { issuer, created, scope: Scope::of(body), signature, body: bytes.to_vec() };
        let certs = &mut self.key_entry(id, body.public_key)?.certs;
        let at = certs.partition_point(|old| old.created > created);
        certs.insert(at, cert);
        self.intermediates += 1;
        Ok(id)
    }

    /// Never trusts this key again, neither as an authority nor as the key of a peer.
    ///
    /// # Errors
    /// [`StoreError::Full`].
    pub fn revoke(&mut self, key_id: u64) -> Result<(), StoreError> {
        if self.revoked.len() >= MAX_REVOCATIONS && !self.revoked.contains(&key_id) {
            return Err(StoreError::Full { what: "revoked keys", max: MAX_REVOCATIONS });
        }
        self.revoked.insert(key_id);
        Ok(())
    }

    /// Whether the key is revoked.
    pub fn is_revoked(&self, key_id: u64) -> bool {
        self.revoked.contains(&key_id)
    }

    /// What the key may vouch for. Expiry is part of the answer, not of the question.
    ///
    /// # Errors
    /// Why it may vouch for nothing. Of several certificates, the newest one's fault is named.
    pub fn scope_of(&self, key_id: u64) -> Result<Scope, Distrust> {
        self.trusted(key_id).map(|key| key.scope)
    }

    pub(super) fn trusted(&self, key_id: u64) -> Result<TrustedKey<'_>, Distrust> {
        Walk { store: self, path: Vec::new(), visits_left: MAX_VISITS }.trusted(key_id)
    }

    fn roots(&self) -> usize {
        self.keys.values().filter(|key| key.anchor.is_some()).count()
    }

    fn set_anchor(&mut self, id: u64, public: [u8; 32], new: Anchor) -> Result<(), StoreError> {
        let is_new_root = self.keys.get(&id).is_none_or(|key| key.anchor.is_none());
        if is_new_root && self.roots() >= MAX_ROOTS {
            return Err(StoreError::Full { what: "roots", max: MAX_ROOTS });
        }
        let anchor = &mut self.key_entry(id, public)?.anchor;
        let keep_old = match anchor {
            None => false,
            Some(Anchor { created: None, .. }) => true,
            Some(Anchor { created: Some(old), .. }) => new.created.is_some_and(|new| new < *old),
        };
        if !keep_old {
            *anchor = Some(new);
        }
        Ok(())
    }

    /// The entry of a key. When the key is new here, signatures that waited for it are checked.
    fn key_entry(&mut self, id: u64, public: [u8; 32]) -> Result<&mut CaKey, StoreError> {
        if !self.keys.contains_key(&id) {
            for cert in self.keys.values_mut().flat_map(|key| &mut key.certs) {
                cert.settle(id, &public);
            }
        }
        let entry = self.keys.entry(id).or_insert_with(|| CaKey { public, anchor: None, certs: Vec::new() });
        if entry.public == public { Ok(entry) } else { Err(StoreError::KeyIdClash { key_id: id }) }
    }
}

impl CaCert {
    fn settle(&mut self, signer: u64, public: &[u8; 32]) {
        if let Signature::Waiting(signature) = &self.signature
            && self.issuer == signer
        {
            let good = sign::verify(public, &self.body, signature).is_ok();
            self.signature = if good { Signature::Good } else { Signature::Bad };
        }
    }
}

impl Signature {
    /// Whether a certificate that is here with this signature makes the same one with `other` superfluous. A wrong
    /// signature that came first must not keep the right one out.
    fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Good, _) => true,
            (Self::Waiting(a), Self::Waiting(b)) => a == b,
            _ => false,
        }
    }
}

/// One question about trust: goes from a key towards the roots, depth first, newest certificate first.
///
/// Nothing is remembered between branches, so that the answer does not depend on where the search began.
struct Walk<'a> {
    store: &'a TrustStore,
    path: Vec<u64>,
    visits_left: usize,
}

impl<'a> Walk<'a> {
    /// Recursion ends after [`MAX_CHAIN_LEN`] steps.
    fn trusted(&mut self, id: u64) -> Result<TrustedKey<'a>, Distrust> {
        if self.store.revoked.contains(&id) {
            return Err(Distrust::Revoked { key_id: id });
        }
        let Some(key) = self.store.keys.get(&id) else { return Err(Distrust::Unknown { key_id: id }) };
        if let Some(anchor) = &key.anchor {
            return Ok(TrustedKey { public: &key.public, scope: anchor.scope.clone() });
        }
        let mut fault = None;
        for cert in &key.certs {
            match self.step(id, cert) {
                Ok(scope) => return Ok(TrustedKey { public: &key.public, scope }),
                Err(why) => fault = fault.or(Some(why)),
            }
        }
        Err(fault.unwrap_or(Distrust::Unknown { key_id: id }))
    }

    /// What `cert` makes of the key `id`.
    fn step(&mut self, id: u64, cert: &'a CaCert) -> Result<Scope, Distrust> {
        if matches!(cert.signature, Signature::Bad) {
            return Err(Distrust::BadSignature { key_id: id, issuer: cert.issuer });
        }
        if self.path.contains(&cert.issuer) {
            return Err(Distrust::Circle { key_id: cert.issuer });
        }
        self.visits_left = self.visits_left.checked_sub(1).ok_or(Distrust::TooLong)?;
        if self.path.len() >= MAX_CHAIN_LEN {
            return Err(Distrust::TooLong);
        }
        self.path.push(id);
        let above = self.trusted(cert.issuer);
        self.path.pop();
        above?.scope.common(&cert.scope).ok_or(Distrust::EmptyScope { key_id: id })
    }
}

/// A certificate of the form that all in the store have: no identity, an expiry, a signer, a signature.
struct CaForm<'a> {
    body: CertBody,
    /// Id of the key in `body`.
    id: u64,
    /// Id of the key that is said to have signed.
    issuer: u64,
    bytes: &'a [u8],
    signature: &'a [u8],
}

impl<'a> CaForm<'a> {
    fn check(cert: &'a CertificateSigned) -> Result<Self, StoreError> {
        let bytes = cert.cert.as_deref().filter(|bytes| !bytes.is_empty()).ok_or(StoreError::Missing)?;
        let body = CertBody::decode(bytes)?;
        let id = key_id(&body.public_key);
        if body.identity.is_some() {
            return Err(StoreError::HasIdentity { key_id: id });
        }
        if body.expires == 0 {
            return Err(StoreError::NoExpiry { key_id: id });
        }
        let signature = cert.ca_signature.as_deref().filter(|signature| signature.len() == SIGNATURE_LEN);
        match (signature, cert.ca_key_id) {
            (Some(signature), Some(issuer)) if issuer != 0 => Ok(Self { body, id, issuer, bytes, signature }),
            _ => Err(StoreError::NotSigned { key_id: id }),
        }
    }

    fn verify(&self, signer: &[u8; 32]) -> Result<(), StoreError> {
        sign::verify(signer, self.bytes, self.signature).map_err(|why| StoreError::BadSignature {
            key_id: self.id,
            issuer: self.issuer,
            why,
        })
    }
}

const _: () = assert!(MAX_CERT_LEN <= gamesockets_wire::msg::MAX_BLOB_LEN);
