//! Describing a context before it is made.

use super::Context;
use crate::clock;
use crate::debug::DebugLevel;
use crate::error::ContextError;
use crate::identity::{Authentication, AuthenticationStatus};
use crate::io::thread::OnStart;
use crate::io::wake::Poller;
use crate::io::{IoLoop, thread};
use crate::shard::{IO_THREADS_MAX, Shard, Shards, slots_of_each};
use crate::shared::{Runner, Shared, Wishes};
use crate::sync::Gate;
use gamesockets_crypto::cert::TrustStore;
use gamesockets_crypto::rng::Rng;
use gamesockets_endpoint::config::{AuthDefault, ConfigTree};
use gamesockets_endpoint::endpoint::{CONNECTIONS_MAX_DEFAULT, Endpoint, EndpointConfig};
use gamesockets_endpoint::quota::Quota;
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
    io_threads: usize,
    connections_max: usize,
    auth_default: AuthDefault,
    debug: Option<(DebugLevel, Output)>,
    on_thread_start: Option<OnStart>,
    after_turn: Option<OnStart>,
    events_need_callback: bool,
}

impl Default for ContextBuilder {
    fn default() -> Self {
        Self {
            identity: Identity::localhost(),
            app_id: 0,
            seed: None,
            trust: TrustStore::new(),
            manual_poll: false,
            io_threads: 1,
            connections_max: CONNECTIONS_MAX_DEFAULT,
            auth_default: AuthDefault::default(),
            debug: None,
            on_thread_start: None,
            after_turn: None,
            events_need_callback: false,
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

    /// With `true` there is no I/O thread: nothing happens but while the application calls [`Context::poll`], which runs
    /// one loop: several [`io_threads`](Self::io_threads) are refused then.
    #[must_use]
    pub fn manual_poll(self, manual_poll: bool) -> Self {
        Self { manual_poll, ..self }
    }

    /// How many I/O threads share the work, 1 to 64; 1 by default, which is best for games and for servers with up to
    /// some thousands of players: one thread packs more into each call to the system. More are for servers whose one
    /// thread is busy all the time, and not more than there are processors.
    ///
    /// A connection stays on its thread for its whole life ([`Connection::io_thread`](crate::Connection::io_thread)),
    /// and threads do not wait for each other while messages flow. A listen socket is opened once for each thread, and
    /// the system gives each peer to one of them; connections made here go to the thread that has the fewest. Where the
    /// system cannot deal out the peers of one port (all but Linux and Android), a listen socket has one thread.
    ///
    /// The simulated faults of the network apply to each thread by itself, so limits of its rate count once for each.
    #[must_use]
    pub fn io_threads(self, io_threads: usize) -> Self {
        Self { io_threads, ..self }
    }

    /// Most connections at one time over all threads; 65536 by default.
    #[must_use]
    pub fn connections_max(self, connections_max: usize) -> Self {
        Self { connections_max, ..self }
    }

    /// Has `on_start` called on each I/O thread before it does anything, for its priority or a profiler.
    #[must_use]
    pub fn on_thread_start(self, on_start: impl Fn() + Send + Sync + 'static) -> Self {
        Self { on_thread_start: Some(Arc::new(on_start)), ..self }
    }

    /// Has `after_turn` called by each loop after every turn, with no lock held: for work that must not be done where it
    /// comes up, as giving buffers back to an owner whose code may call the context. It should be quick.
    #[must_use]
    pub fn after_turn(self, after_turn: impl Fn() + Send + Sync + 'static) -> Self {
        Self { after_turn: Some(Arc::new(after_turn)), ..self }
    }

    /// With `true`, changes of connections that have no `CallbackConnectionStatusChanged` make no events: for layers
    /// that keep a function there and have nobody to tell otherwise.
    #[must_use]
    pub fn events_need_callback(self, events_need_callback: bool) -> Self {
        Self { events_need_callback, ..self }
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
        self.check()?;
        let seed = match self.seed {
            Some(seed) => seed,
            None => clock::seed().map_err(ContextError::Entropy)?,
        };
        let mut config = ConfigTree::new(self.auth_default);
        config.authentication_configured(self.trust.has_roots());
        let mut rng = Rng::new(seed);
        let endpoint = EndpointConfig {
            app_id: self.app_id,
            identity: self.identity.clone(),
            trust: self.trust.clone(),
            unix_time_at_start: clock::unix_now(),
            connections_max: self.connections_max.min(slots_of_each(self.io_threads)),
            quota: (self.io_threads > 1).then(|| Arc::new(Quota::new(self.connections_max))),
        };
        let authentication = Authentication {
            identity: self.identity,
            app_id: self.app_id,
            trust: self.trust,
            key: None,
            status: AuthenticationStatus::without_certificate(),
            rng: rng.fork("certificate request"),
            challenges: rng.fork("challenges"),
        };
        let (first, poller) = make_shard(0, &endpoint, &mut rng)?;
        let others = (1..self.io_threads).map(|number| make_shard(number, &endpoint, &mut rng));
        let (others, more): (Vec<_>, Vec<_>) = others.collect::<Result<Vec<_>, _>>()?.into_iter().unzip();
        let wishes = Wishes { events_need_callback: self.events_need_callback, after_turn: self.after_turn };
        let shared = Arc::new(Shared::new(Shards::new(first, others), config, authentication, wishes));
        if let Some((level, output)) = self.debug {
            shared.debug.set(level, (level > DebugLevel::None).then_some(output));
        }
        let runner = if self.manual_poll {
            Runner::Manual(Mutex::new(poller))
        } else {
            let pollers = std::iter::once(poller).chain(more);
            start_all(&shared, pollers, self.on_thread_start.as_ref()).map_err(ContextError::Thread)?
        };
        // It is set once, here.
        let _ = shared.runner.set(runner);
        Ok(Context { shared })
    }

    fn check(&self) -> Result<(), ContextError> {
        let asked = self.io_threads;
        if asked == 0 || asked > IO_THREADS_MAX {
            return Err(ContextError::IoThreads { asked, max: IO_THREADS_MAX });
        }
        if asked > 1 && self.manual_poll {
            return Err(ContextError::ManualThreads { asked });
        }
        Ok(())
    }
}

fn make_shard(
    number: usize,
    endpoint: &EndpointConfig,
    rng: &mut Rng,
) -> Result<(Shard, Poller), ContextError> {
    let (poller, alarm, registry) = Poller::new().map_err(ContextError::Poll)?;
    let seed = rng.fork(&format!("endpoint {number}")).bytes32();
    let endpoint = Endpoint::new(endpoint.clone(), seed, clock::now());
    let io = IoLoop::new(number, endpoint, registry).map_err(ContextError::Poll)?;
    Ok((Shard::new(number, Gate::new(io), alarm), poller))
}

/// Starts the threads; all of them or none.
fn start_all(
    shared: &Arc<Shared>,
    pollers: impl Iterator<Item = Poller>,
    on_start: Option<&OnStart>,
) -> std::io::Result<Runner> {
    let mut handles = Vec::with_capacity(shared.shards.len());
    for (number, poller) in pollers.enumerate() {
        match thread::start(shared.clone(), number, poller, on_start.cloned()) {
            Ok(handle) => handles.push(handle),
            Err(e) => {
                shared.stop();
                for handle in handles {
                    // Nothing was asked of it, so it did nothing.
                    let _ = handle.join();
                }
                return Err(e);
            }
        }
    }
    Ok(Runner::Threads(Mutex::new(handles)))
}

impl fmt::Debug for ContextBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContextBuilder")
            .field("identity", &self.identity)
            .field("app_id", &self.app_id)
            .field("manual_poll", &self.manual_poll)
            .field("io_threads", &self.io_threads)
            .finish_non_exhaustive()
    }
}
