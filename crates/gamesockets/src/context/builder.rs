//! Describing a context before it is made.

use super::Context;
use crate::clock;
use crate::debug::DebugLevel;
use crate::error::ContextError;
use crate::identity::{Authentication, AuthenticationStatus};
use crate::io::thread::OnStart;
use crate::io::wake::Poller;
use crate::io::{IoLoop, thread};
use crate::shared::{Runner, Shard, Shared};
use crate::sync::Gate;
use gamesockets_crypto::cert::TrustStore;
use gamesockets_crypto::rng::Rng;
use gamesockets_endpoint::config::{AuthDefault, ConfigTree};
use gamesockets_endpoint::endpoint::{CONNECTIONS_MAX_DEFAULT, Endpoint, EndpointConfig};
use gamesockets_wire::Identity;
use std::fmt;
use std::sync::{Arc, Mutex};

type Output = Arc<dyn Fn(DebugLevel, &str) + Send + Sync>;

/// What a [`Context`] is to be like.
///
/// ```
/// use gamesockets::{Context, DebugLevel, Identity};
///
/// let context = Context::builder()
///     .identity(Identity::string("player-7")?)
///     .debug_output(DebugLevel::Warning, |level, line| eprintln!("{level:?}: {line}"))
///     .build()?;
/// assert_eq!(context.identity().to_string(), "str:player-7");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ContextBuilder {
    identity: Identity,
    app_id: u32,
    seed: Option<[u8; 32]>,
    trust: TrustStore,
    manual_poll: bool,
    connections_max: usize,
    auth_default: AuthDefault,
    debug: Option<(DebugLevel, Output)>,
    on_thread_start: Option<OnStart>,
}

impl Default for ContextBuilder {
    fn default() -> Self {
        Self {
            identity: Identity::localhost(),
            app_id: 0,
            seed: None,
            trust: TrustStore::new(),
            manual_poll: false,
            connections_max: CONNECTIONS_MAX_DEFAULT,
            auth_default: AuthDefault::default(),
            debug: None,
            on_thread_start: None,
        }
    }
}

impl ContextBuilder {
    /// Who we are; localhost, which is nobody in particular, by default.
    #[must_use]
    pub fn identity(self, identity: Identity) -> Self {
        Self { identity, ..self }
    }

    /// The application's number in certificates; 0 by default.
    #[must_use]
    pub fn app_id(self, app_id: u32) -> Self {
        Self { app_id, ..self }
    }

    /// Makes keys and ids from this instead of the operating system's entropy. For tests: who knows the seed knows
    /// the keys.
    #[must_use]
    pub fn seed(self, seed: [u8; 32]) -> Self {
        Self { seed: Some(seed), ..self }
    }

    /// Who vouches for peers; nobody by default. With a trusted root, peers on other machines have to prove who they
    /// are unless `IpAllowWithoutAuth` says otherwise.
    #[must_use]
    pub fn trust(self, trust: TrustStore) -> Self {
        Self { trust, ..self }
    }

    /// What `IpAllowWithoutAuth` is when nobody sets it.
    #[must_use]
    pub fn auth_default(self, auth_default: AuthDefault) -> Self {
        Self { auth_default, ..self }
    }

    /// With `true` there is no I/O thread: nothing happens but while the application calls [`Context::poll`].
    #[must_use]
    pub fn manual_poll(self, manual_poll: bool) -> Self {
        Self { manual_poll, ..self }
    }

    /// Most connections at one time; 65536 by default.
    #[must_use]
    pub fn connections_max(self, connections_max: usize) -> Self {
        Self { connections_max, ..self }
    }

    /// Has `on_start` called on the I/O thread before it does anything, for its priority or a profiler.
    #[must_use]
    pub fn on_thread_start(self, on_start: impl FnOnce() + Send + 'static) -> Self {
        Self { on_thread_start: Some(Box::new(on_start)), ..self }
    }

    /// Debug output from the beginning; see [`Context::set_debug_output`].
    #[must_use]
    pub fn debug_output(
        self,
        level: DebugLevel,
        output: impl Fn(DebugLevel, &str) + Send + Sync + 'static,
    ) -> Self {
        Self { debug: Some((level, Arc::new(output))), ..self }
    }

    /// Makes the context.
    ///
    /// # Errors
    /// See [`ContextError`].
    pub fn build(self) -> Result<Context, ContextError> {
        let seed = match self.seed {
            Some(seed) => seed,
            None => clock::seed().map_err(ContextError::Entropy)?,
        };
        let (poller, alarm, registry) = Poller::new().map_err(ContextError::Poll)?;
        let mut config = ConfigTree::new(self.auth_default);
        config.authentication_configured(self.trust.has_roots());
        let mut rng = Rng::new(seed);
        let endpoint = EndpointConfig {
            app_id: self.app_id,
            identity: self.identity.clone(),
            trust: self.trust.clone(),
            unix_time_at_start: clock::unix_now(),
            connections_max: self.connections_max,
        };
        let endpoint = Endpoint::new(endpoint, rng.fork("endpoint").bytes32(), clock::now());
        let authentication = Authentication {
            identity: self.identity,
            app_id: self.app_id,
            trust: self.trust,
            key: None,
            status: AuthenticationStatus::without_certificate(),
            rng: rng.fork("certificate request"),
        };
        let shard = Shard::new(Gate::new(IoLoop::new(endpoint, registry)), alarm);
        let shared = Arc::new(Shared::new(shard, config, authentication));
        if let Some((level, output)) = self.debug {
            shared.debug.set(level, (level > DebugLevel::None).then_some(output));
        }
        let runner = if self.manual_poll {
            Runner::Manual(Mutex::new(poller))
        } else {
            let handle =
                thread::start(shared.clone(), poller, self.on_thread_start).map_err(ContextError::Thread)?;
            Runner::Thread(Mutex::new(Some(handle)))
        };
        // It is set once, here.
        let _ = shared.runner.set(runner);
        Ok(Context { shared })
    }
}

impl fmt::Debug for ContextBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContextBuilder")
            .field("identity", &self.identity)
            .field("app_id", &self.app_id)
            .field("manual_poll", &self.manual_poll)
            .finish_non_exhaustive()
    }
}
