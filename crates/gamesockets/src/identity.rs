//! Who we are, and how we prove it.

use gamesockets_crypto::cert::TrustStore;
use gamesockets_crypto::rng::Rng;
use gamesockets_crypto::sign::SigningKey;
use gamesockets_wire::Identity;

/// Whether something that needs others is ready; numbers as in the C interface.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(i32)]
pub enum Availability {
    /// Something that is needed is missing.
    CannotTry = -102,
    /// Tried, and never worked.
    Failed = -101,
    /// Worked before, but not now.
    Previously = -100,
    /// Failed, and is being tried again.
    Retrying = -10,
    /// Not known.
    Unknown = 0,
    /// Nobody asked for it yet.
    NeverTried = 1,
    /// Waits for something else.
    Waiting = 2,
    /// Being tried for the first time.
    Attempting = 3,
    /// Ready.
    Current = 100,
}

/// Our readiness to prove who we are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AuthenticationStatus {
    /// Whether peers that ask for proof can be satisfied.
    pub availability: Availability,
    /// A sentence about it.
    pub message: String,
}

impl AuthenticationStatus {
    pub(crate) fn without_certificate() -> Self {
        Self {
            availability: Availability::CannotTry,
            message: "no certificate: make a request, have an authority sign it, and install the answer"
                .into(),
        }
    }

    pub(crate) fn with_certificate(identity: &Identity) -> Self {
        Self { availability: Availability::Current, message: format!("certificate of {identity} installed") }
    }
}

/// What is known about ourselves.
#[derive(Debug)]
pub(crate) struct Authentication {
    pub(crate) identity: Identity,
    pub(crate) app_id: u32,
    pub(crate) trust: TrustStore,
    /// Made with the first certificate request, kept until the identity is reset.
    pub(crate) key: Option<SigningKey>,
    pub(crate) status: AuthenticationStatus,
    pub(crate) rng: Rng,
    /// Where the secrets of listen sockets come from.
    pub(crate) challenges: Rng,
}
