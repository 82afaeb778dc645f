//! Settings: kept in the tree, pushed to whatever they count for.

use super::Context;
use crate::block::Block;
use crate::io::IoLoop;
use crate::shard::Shard;
use crate::shared::Shared;
use crate::sync::lock;
use gamesockets_endpoint::config::{
    AddError, ConfigKey, ConfigValue, GetError, GetValue, NoSuchObject, OptionError, Scope, ScopeKind,
    SetError,
};
use gamesockets_endpoint::slab::ConnId;
use gamesockets_proto::config::ConnConfig;
use gamesockets_wire::Timestamp;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Values given with the creation of something.
pub(crate) type Options = [(ConfigKey, ConfigValue)];

/// The number under which options are tried out before there is a handle; it is none.
const NO_HANDLE: u32 = 0;

impl Context {
    /// A configuration value as it counts for an object. [`ConfigKey::info`] tells what there is.
    ///
    /// # Errors
    /// See [`GetError`].
    ///
    /// ```
    /// use gamesockets::Context;
    /// use gamesockets::config::{ConfigKey, ConfigValue, Scope};
    ///
    /// let context = Context::new()?;
    /// context.set_config(Scope::Global, ConfigKey::SendRateMax, Some(ConfigValue::Int32(2_000_000)))?;
    /// let listener = context.listen("127.0.0.1:0".parse()?)?;
    /// let inherited = listener.config(ConfigKey::SendRateMax)?;
    /// assert_eq!((inherited.value, inherited.inherited), (ConfigValue::Int32(2_000_000), true));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn config(&self, scope: Scope, key: ConfigKey) -> Result<GetValue, GetError> {
        lock(&self.shared.config).get(scope, key)
    }

    /// Sets a configuration value, or takes it back to the inherited one. It takes effect at once, also for everything
    /// that inherits it.
    ///
    /// # Errors
    /// See [`SetError`].
    pub fn set_config(
        &self,
        scope: Scope,
        key: ConfigKey,
        value: Option<ConfigValue>,
    ) -> Result<(), SetError> {
        self.shared.set_config(scope, key, value.as_ref())
    }

    /// Sets several values of one object, or none of them.
    ///
    /// # Errors
    /// See [`OptionError`].
    pub fn set_config_all(
        &self,
        scope: Scope,
        options: &[(ConfigKey, ConfigValue)],
    ) -> Result<(), OptionError> {
        self.shared.set_config_all(scope, options)
    }

    /// The configuration values there are, in the order of their numbers; with `developer` also those that are not
    /// meant for settings menus.
    pub fn config_keys(developer: bool) -> impl Iterator<Item = ConfigKey> {
        ConfigKey::listed(developer)
    }
}

impl Shared {
    pub(crate) fn set_config(
        &self,
        scope: Scope,
        key: ConfigKey,
        value: Option<&ConfigValue>,
    ) -> Result<(), SetError> {
        lock(&self.config).set(scope, key, value)?;
        self.push_config(scope, &[key]);
        Ok(())
    }

    pub(crate) fn set_config_all(&self, scope: Scope, options: &Options) -> Result<(), OptionError> {
        lock(&self.config).apply_options(scope, options)?;
        let keys: Vec<ConfigKey> = options.iter().map(|(key, _)| *key).collect();
        self.push_config(scope, &keys);
        Ok(())
    }

    /// Has changed values take effect wherever they reach.
    fn push_config(&self, scope: Scope, keys: &[ConfigKey]) {
        match scope {
            Scope::Connection(id) => {
                if let Some(id) = ConnId::from_raw(id) {
                    let shard = self.shards.of(id);
                    self.command(shard, |io, now| self.push_config_to(io, now, scope, keys));
                }
            }
            _ => self.everywhere(|io, now| self.push_config_to(io, now, scope, keys)),
        }
    }

    /// Has changed values take effect in one shard. The tree is read here, so that of two changes the later one wins.
    fn push_config_to(&self, io: &mut IoLoop, now: Timestamp, scope: Scope, keys: &[ConfigKey]) {
        if keys.iter().any(|k| k.info().rules.scope == ScopeKind::Global) {
            let (fake, trace) = {
                let config = lock(&self.config);
                (config.resolve_fakenet(), config.global_int(ConfigKey::PacketTraceMaxBytes))
            };
            io.endpoint.set_fake_network(fake);
            io.trace_bytes = trace;
        }
        if keys.iter().all(|k| k.info().rules.scope == ScopeKind::Global) {
            return;
        }
        for block in self.concerned(scope, self.shards.get(io.number)) {
            if let Some(config) = self.resolve(Scope::Connection(block.id.to_raw())) {
                block.set_config(&config);
                if keys.contains(&ConfigKey::CallbackConnectionStatusChanged) {
                    self.read_status_callback(&block);
                }
                if keys.contains(&ConfigKey::ConnectionUserData) {
                    block.set_user_data(config.user_data);
                }
                io.endpoint.set_config(now, block.local, Arc::new(config));
            }
        }
        if matches!(scope, Scope::Connection(_)) {
            return;
        }
        for (local, id) in &io.listeners {
            if let Some(config) = self.resolve(Scope::ListenSocket(id.to_raw())) {
                // It exists: it is in the list.
                let _ = io.endpoint.set_listener_config(*local, Arc::new(config));
            }
        }
    }

    /// The connections of a shard that a change of settings may reach.
    fn concerned(&self, scope: Scope, shard: &Shard) -> Vec<Arc<Block>> {
        match scope {
            Scope::Connection(id) => ConnId::from_raw(id).and_then(|id| self.block(id)).into_iter().collect(),
            Scope::ListenSocket(id) => {
                let mut blocks = shard.blocks();
                blocks.retain(|b| b.listener.is_some_and(|l| l.to_raw() == id));
                blocks
            }
            _ => shard.blocks(),
        }
    }

    /// Has a connection remember who is to be told about its changes of state.
    pub(crate) fn read_status_callback(&self, block: &Block) {
        let key = ConfigKey::CallbackConnectionStatusChanged;
        let value = lock(&self.config).get(Scope::Connection(block.id.to_raw()), key);
        let callback = value.ok().and_then(|v| v.value.as_ptr()).unwrap_or(0);
        block.status_callback.store(callback, Ordering::Relaxed);
    }

    fn resolve(&self, scope: Scope) -> Option<ConnConfig> {
        lock(&self.config).resolve_conn(scope).ok()
    }

    /// What a connection with these options will be like.
    pub(crate) fn try_connection_options(&self, options: &Options) -> Result<ConnConfig, OptionError> {
        let mut config = lock(&self.config);
        config.add_connection(NO_HANDLE, None, options).map_err(option_error)?;
        let resolved = config.resolve_conn(Scope::Connection(NO_HANDLE));
        config.remove_connection(NO_HANDLE);
        Ok(resolved.unwrap_or_default())
    }

    /// What a listen socket with these options will be like.
    pub(crate) fn try_listener_options(&self, options: &Options) -> Result<ConnConfig, OptionError> {
        let mut config = lock(&self.config);
        config.add_listener(NO_HANDLE, options).map_err(option_error)?;
        let resolved = config.resolve_conn(Scope::ListenSocket(NO_HANDLE));
        config.remove_listener(NO_HANDLE);
        Ok(resolved.unwrap_or_default())
    }

    /// Keeps the settings of a connection made here whose options were tried.
    pub(crate) fn keep_connection_options(&self, id: ConnId, options: &Options) {
        let mut config = lock(&self.config);
        // Tried before, and handles are unique.
        let _ = config.add_connection(id.to_raw(), None, options);
        let _ = config.lock_after_handshake(id.to_raw());
    }
}

/// With a number that is in use by nobody and no listen socket to inherit from, only options can be wrong.
fn option_error(e: AddError) -> OptionError {
    match e {
        AddError::Option(e) => e,
        _ => OptionError { index: 0, error: NoSuchObject { scope: Scope::Connection(NO_HANDLE) }.into() },
    }
}
