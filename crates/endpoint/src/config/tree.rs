//! What is set where: layers from the whole process down to one connection.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;
use core::fmt;
use gamesockets_proto::config::MTU_DATA_RESERVE;

use super::table::{ConfigKey, Lock, ScopeKind, UnknownKey};
use super::value::{ConfigValue, ConvertError};

/// Most listen sockets, and most connections, that a tree keeps settings of: as many as there are handles.
pub const LAYERS_MAX: usize = crate::slab::SLOTS_MAX;

/// Layers of connections that are remembered, so that connections with the same settings share one.
const SHARED_LAYERS_MAX: usize = 8;

/// An object that has settings of its own. The numbers are the caller's handles; the tree does not look into them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Scope {
    /// The whole process.
    Global,
    /// The sockets interface; inherits from global.
    SocketsInterface,
    /// A listen socket; inherits from the interface.
    ListenSocket(u32),
    /// A connection; inherits from the listen socket it came in through, or from the interface.
    Connection(u32),
}

impl Scope {
    /// Which kind of object this is.
    pub const fn kind(self) -> ScopeKind {
        match self {
            Self::Global => ScopeKind::Global,
            Self::SocketsInterface => ScopeKind::SocketsInterface,
            Self::ListenSocket(_) => ScopeKind::ListenSocket,
            Self::Connection(_) => ScopeKind::Connection,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Global | Self::SocketsInterface => fmt::Display::fmt(&self.kind(), f),
            Self::ListenSocket(id) | Self::Connection(id) => write!(f, "{} {id}", self.kind()),
        }
    }
}

/// What `IP_AllowWithoutAuth` is when nobody sets it (protocol.md §2.9).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum AuthDefault {
    /// 2 until [`ConfigTree::authentication_configured`], 0 from then on: who names a trusted authority means it.
    /// Peers on this machine stay free (`IPLocalHost_AllowWithoutAuth` 2).
    #[default]
    FollowsAuthentication,
    /// Always 2, as programs written for the C interface expect.
    Open,
}

/// The object does not exist (any more).
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("there is no {scope}: it was closed, or never existed")]
pub struct NoSuchObject {
    /// What was named.
    pub scope: Scope,
}

/// Why a value was not set. Nothing changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SetError {
    /// The number names no value.
    #[error(transparent)]
    Unknown(#[from] UnknownKey),
    /// The value follows from others.
    #[error("{key} cannot be set: it follows from other values")]
    ReadOnly {
        /// The value.
        key: ConfigKey,
    },
    /// The value belongs to the whole process.
    #[error("{key} can only be set globally, not for a {scope}")]
    WrongScope {
        /// The value.
        key: ConfigKey,
        /// Where it was to be set.
        scope: ScopeKind,
    },
    /// The object does not exist.
    #[error(transparent)]
    NoSuchObject(#[from] NoSuchObject),
    /// The value is fixed by now.
    #[error("{key} is fixed by now: set it with the options when the object is made")]
    Locked {
        /// The value.
        key: ConfigKey,
    },
    /// The value of a connection cannot be taken back to the inherited one.
    #[error("{key} of a connection cannot be reset, only set to something else")]
    CannotReset {
        /// The value.
        key: ConfigKey,
    },
    /// What was given is no such value.
    #[error("{key}: {why}")]
    BadValue {
        /// The value.
        key: ConfigKey,
        /// What is wrong with it.
        why: ConvertError,
    },
}

/// Why a value cannot be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum GetError {
    /// The number names no value.
    #[error(transparent)]
    NoSuchValue(#[from] UnknownKey),
    /// The object does not exist, or the value is a global one.
    #[error("{scope} does not exist or cannot have this value")]
    BadScopeObject {
        /// What was named.
        scope: Scope,
    },
}

/// Why options were refused. None of them took effect.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("option {index}: {error}")]
pub struct OptionError {
    /// Which one, from 0.
    pub index: usize,
    /// What is wrong with it.
    pub error: SetError,
}

/// Why an object was not added. Nothing changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AddError {
    /// There is one with that id.
    #[error("{0} exists already; remove it first")]
    InUse(Scope),
    /// There are [`LAYERS_MAX`].
    #[error("settings of {LAYERS_MAX} such objects are kept already; remove one first")]
    TooMany,
    /// The listen socket that the connection belongs to is unknown.
    #[error(transparent)]
    NoSuchListener(#[from] NoSuchObject),
    /// An option is not possible.
    #[error(transparent)]
    Option(#[from] OptionError),
}

/// A value as it counts for an object.
#[derive(Clone, PartialEq, Debug)]
pub struct GetValue {
    /// Of the type that the table gives.
    pub value: ConfigValue,
    /// It was not set on the object itself. Never for [`Scope::Global`].
    pub inherited: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Slot {
    value: ConfigValue,
    locked: bool,
}

pub(super) type Layer = BTreeMap<ConfigKey, Slot>;

/// The layers that count for an object, its own first.
pub(super) type Chain<'a> = [Option<&'a Layer>; 4];

#[derive(Clone, Debug)]
struct Conn {
    layer: Arc<Layer>,
    listener: Option<u32>,
}

/// All settings: those of the process, of the interface, of each listen socket and of each connection.
///
/// A value counts where it is set and further down, until a narrower object sets it too.
#[derive(Clone, Debug, Default)]
pub struct ConfigTree {
    global: Layer,
    interface: Layer,
    listeners: BTreeMap<u32, Layer>,
    connections: BTreeMap<u32, Conn>,
    /// Layers that connections got last.
    shared: VecDeque<Arc<Layer>>,
    auth_default: AuthDefault,
    authenticated: bool,
    revision: u64,
}

impl ConfigTree {
    /// Nothing is set.
    pub fn new(auth_default: AuthDefault) -> Self {
        Self { auth_default, ..Self::default() }
    }

    /// Rises with every change, so that whoever holds resolved settings knows when to resolve them again.
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    /// Says whether a trusted authority or a backend is configured; see [`AuthDefault`].
    ///
    /// Values that were set, and those of connections whose handshake has begun, stay as they are.
    pub const fn authentication_configured(&mut self, configured: bool) {
        self.authenticated = configured;
        self.revision += 1;
    }

    /// Sets a value, or with `None` takes it back to the inherited one (at [`Scope::Global`], to the default).
    ///
    /// The value is converted to the type of the table, and brought into its range without complaint. Who sets the
    /// user data of a connection also has to see to the messages that wait to be read.
    ///
    /// # Errors
    /// [`SetError`]: wrong scope, unknown object, fixed or computed value, or something that is no such value.
    pub fn set(&mut self, scope: Scope, key: ConfigKey, value: Option<&ConfigValue>) -> Result<(), SetError> {
        set_in(self.layer_mut(scope), scope, key, value)?;
        self.revision += 1;
        Ok(())
    }

    /// Sets several values of one object, or none of them. Of two for the same key the later one counts.
    ///
    /// # Errors
    /// [`OptionError`] for the first that [`Self::set`] would refuse.
    pub fn apply_options(
        &mut self,
        scope: Scope,
        options: &[(ConfigKey, ConfigValue)],
    ) -> Result<(), OptionError> {
        let missing = || OptionError { index: 0, error: NoSuchObject { scope }.into() };
        let layer = self.layer_mut(scope).ok_or_else(missing)?;
        let mut changed = layer.clone();
        set_all(&mut changed, scope, options)?;
        *layer = changed;
        self.revision += 1;
        Ok(())
    }

    /// The value as it counts for the object. `MTU_DataSize` is computed from `MTU_PacketSize` of the same object.
    ///
    /// # Errors
    /// [`GetError::BadScopeObject`] if the object does not exist, or the value is global and the object is not.
    pub fn get(&self, scope: Scope, key: ConfigKey) -> Result<GetValue, GetError> {
        if key == ConfigKey::MtuDataSize {
            let packet = self.get(scope, ConfigKey::MtuPacketSize)?;
            let size = packet.value.as_i32().unwrap_or(0).saturating_sub(MTU_DATA_RESERVE).max(0);
            return Ok(GetValue { value: ConfigValue::Int32(size), ..packet });
        }
        let misplaced = key.info().rules.scope == ScopeKind::Global && scope != Scope::Global;
        if misplaced {
            return Err(GetError::BadScopeObject { scope });
        }
        let chain = self.chain(scope).ok_or(GetError::BadScopeObject { scope })?;
        Ok(self.look_up(chain, scope, key))
    }

    /// Adds a listen socket with its options. A listen socket cannot change its mode: `SymmetricConnect` and
    /// `LocalVirtualPort` are fixed from now on.
    ///
    /// # Errors
    /// [`AddError`]; an impossible option leaves no trace of the listen socket.
    pub fn add_listener(
        &mut self,
        listener: u32,
        options: &[(ConfigKey, ConfigValue)],
    ) -> Result<(), AddError> {
        let scope = Scope::ListenSocket(listener);
        if self.listeners.contains_key(&listener) {
            return Err(AddError::InUse(scope));
        }
        if self.listeners.len() >= LAYERS_MAX {
            return Err(AddError::TooMany);
        }
        let mut layer = Layer::new();
        set_all(&mut layer, scope, options)?;
        self.listeners.insert(listener, layer);
        self.fix(scope, |key, lock| lock == Lock::Creation || key == ConfigKey::SymmetricConnect);
        self.revision += 1;
        Ok(())
    }

    /// Adds a connection with its options; one that came in inherits from its listen socket.
    ///
    /// Its user data is bound to it: later changes further up do not reach it. `LocalVirtualPort` is fixed.
    ///
    /// # Errors
    /// [`AddError`]; an impossible option leaves no trace of the connection.
    pub fn add_connection(
        &mut self,
        connection: u32,
        listener: Option<u32>,
        options: &[(ConfigKey, ConfigValue)],
    ) -> Result<(), AddError> {
        let scope = Scope::Connection(connection);
        if self.connections.contains_key(&connection) {
            return Err(AddError::InUse(scope));
        }
        if self.connections.len() >= LAYERS_MAX {
            return Err(AddError::TooMany);
        }
        if let Some(id) = listener.filter(|id| !self.listeners.contains_key(id)) {
            return Err(NoSuchObject { scope: Scope::ListenSocket(id) }.into());
        }
        let mut layer = Layer::new();
        set_all(&mut layer, scope, options)?;
        self.connections.insert(connection, Conn { layer: Arc::new(layer), listener });
        self.fix(scope, |_, lock| lock == Lock::Creation);
        self.bind(scope, ConfigKey::ConnectionUserData);
        self.share(connection);
        self.revision += 1;
        Ok(())
    }

    /// Fixes the values of a connection that shape its handshake. To be called when a connection started here begins
    /// and when an incoming one is accepted.
    ///
    /// # Errors
    /// [`NoSuchObject`] if there is no such connection.
    pub fn lock_after_handshake(&mut self, connection: u32) -> Result<(), NoSuchObject> {
        let scope = Scope::Connection(connection);
        if !self.connections.contains_key(&connection) {
            return Err(NoSuchObject { scope });
        }
        self.fix(scope, |_, lock| lock == Lock::Handshake);
        self.share(connection);
        Ok(())
    }

    /// Forgets a listen socket; `false` if there was none. Its connections inherit from the interface from now on.
    pub fn remove_listener(&mut self, listener: u32) -> bool {
        let existed = self.listeners.remove(&listener).is_some();
        if existed {
            self.revision += 1;
            for conn in self.connections.values_mut().filter(|c| c.listener == Some(listener)) {
                conn.listener = None;
            }
        }
        existed
    }

    /// Forgets a connection; `false` if there was none.
    pub fn remove_connection(&mut self, connection: u32) -> bool {
        self.connections.remove(&connection).is_some()
    }

    /// Most connections have the same settings: they share them until one is changed.
    fn share(&mut self, connection: u32) {
        let Some(conn) = self.connections.get_mut(&connection) else { return };
        if let Some(same) = self.shared.iter().find(|layer| **layer == conn.layer) {
            conn.layer = same.clone();
            return;
        }
        self.shared.truncate(SHARED_LAYERS_MAX - 1);
        self.shared.push_front(conn.layer.clone());
    }

    fn layer_mut(&mut self, scope: Scope) -> Option<&mut Layer> {
        match scope {
            Scope::Global => Some(&mut self.global),
            Scope::SocketsInterface => Some(&mut self.interface),
            Scope::ListenSocket(id) => self.listeners.get_mut(&id),
            Scope::Connection(id) => self.connections.get_mut(&id).map(|c| Arc::make_mut(&mut c.layer)),
        }
    }

    /// `None` if the object does not exist.
    pub(super) fn chain(&self, scope: Scope) -> Option<Chain<'_>> {
        let (own, parent) = match scope {
            Scope::Global => return Some([Some(&self.global), None, None, None]),
            Scope::SocketsInterface => return Some([Some(&self.interface), Some(&self.global), None, None]),
            Scope::ListenSocket(id) => (self.listeners.get(&id)?, None),
            Scope::Connection(id) => {
                let conn = self.connections.get(&id)?;
                (&*conn.layer, conn.listener.and_then(|l| self.listeners.get(&l)))
            }
        };
        Some([Some(own), parent, Some(&self.interface), Some(&self.global)])
    }

    pub(super) fn look_up(&self, chain: Chain<'_>, scope: Scope, key: ConfigKey) -> GetValue {
        let own = chain.first().copied().flatten().is_some_and(|layer| layer.contains_key(&key));
        let found = chain.into_iter().flatten().find_map(|layer| layer.get(&key));
        GetValue {
            value: found.map_or_else(|| self.default_value(key), |slot| slot.value.clone()),
            inherited: !own && scope != Scope::Global,
        }
    }

    fn default_value(&self, key: ConfigKey) -> ConfigValue {
        let strict = self.authenticated && self.auth_default == AuthDefault::FollowsAuthentication;
        if strict && key == ConfigKey::IpAllowWithoutAuth {
            return ConfigValue::Int32(0);
        }
        key.info().default_value()
    }

    /// Gives the object the value that counts for it as its own.
    fn bind(&mut self, scope: Scope, key: ConfigKey) -> Option<&mut Slot> {
        let value = self.look_up(self.chain(scope)?, scope, key).value;
        Some(self.layer_mut(scope)?.entry(key).or_insert(Slot { value, locked: false }))
    }

    /// Binds and locks the values that `which` picks.
    fn fix(&mut self, scope: Scope, which: impl Fn(ConfigKey, Lock) -> bool) {
        for key in ConfigKey::ALL.iter().filter(|key| which(**key, key.info().rules.lock)) {
            if let Some(slot) = self.bind(scope, *key) {
                slot.locked = true;
            }
        }
    }
}

/// Sets or resets one value of a layer, if that is possible.
fn set_in(
    layer: Option<&mut Layer>,
    scope: Scope,
    key: ConfigKey,
    value: Option<&ConfigValue>,
) -> Result<(), SetError> {
    let info = key.info();
    if info.rules.read_only {
        return Err(SetError::ReadOnly { key });
    }
    if info.rules.scope == ScopeKind::Global && scope != Scope::Global {
        return Err(SetError::WrongScope { key, scope: scope.kind() });
    }
    let layer = layer.ok_or(NoSuchObject { scope })?;
    if layer.get(&key).is_some_and(|slot| slot.locked) {
        return Err(SetError::Locked { key });
    }
    match value {
        Some(value) => {
            let value = info.fit(value).map_err(|why| SetError::BadValue { key, why })?;
            layer.insert(key, Slot { value, locked: false });
        }
        None if key == ConfigKey::ConnectionUserData && scope.kind() == ScopeKind::Connection => {
            return Err(SetError::CannotReset { key });
        }
        None => {
            layer.remove(&key);
        }
    }
    Ok(())
}

fn set_all(layer: &mut Layer, scope: Scope, options: &[(ConfigKey, ConfigValue)]) -> Result<(), OptionError> {
    for (index, (key, value)) in options.iter().enumerate() {
        set_in(Some(&mut *layer), scope, *key, Some(value)).map_err(|error| OptionError { index, error })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::ConfigValue::{Float, Int32, Int64, Ptr};
    use super::*;
    use gamesockets_proto::config::ConnConfig;
    use proptest::prelude::*;

    const LISTENER: Scope = Scope::ListenSocket(1);
    const CONN: Scope = Scope::Connection(7);
    const NAGLE: ConfigKey = ConfigKey::NagleTime;

    /// A listen socket 1 with a connection 7, and a connection 8 of its own.
    fn tree() -> ConfigTree {
        let mut tree = ConfigTree::new(AuthDefault::FollowsAuthentication);
        tree.add_listener(1, &[]).unwrap();
        tree.add_connection(7, Some(1), &[]).unwrap();
        tree.add_connection(8, None, &[]).unwrap();
        tree
    }

    fn int(tree: &ConfigTree, scope: Scope, key: ConfigKey) -> (i32, bool) {
        let got = tree.get(scope, key).unwrap();
        (got.value.as_i32().unwrap(), got.inherited)
    }

    fn set(tree: &mut ConfigTree, scope: Scope, key: ConfigKey, value: ConfigValue) {
        tree.set(scope, key, Some(&value)).unwrap();
    }

    #[test]
    fn values_come_from_the_narrowest_scope_that_sets_them() {
        let mut tree = tree();
        let scopes = [Scope::Global, Scope::SocketsInterface, LISTENER, CONN];
        assert_eq!(
            scopes.map(|s| int(&tree, s, NAGLE)),
            [(5000, false), (5000, true), (5000, true), (5000, true)]
        );
        for (n, scope) in scopes.into_iter().enumerate() {
            let mine = 10 + n as i32;
            set(&mut tree, scope, NAGLE, Int32(mine));
            for (m, other) in scopes.into_iter().enumerate() {
                let expect = if m <= n { (10 + m as i32, false) } else { (mine, true) };
                assert_eq!(int(&tree, other, NAGLE), expect, "{other} after {scope}");
            }
        }
        assert_eq!(int(&tree, Scope::Connection(8), NAGLE), (11, true));
        for (n, scope) in scopes.into_iter().enumerate().rev() {
            tree.set(scope, NAGLE, None).unwrap();
            let wider = if n == 0 { (5000, false) } else { (9 + n as i32, true) };
            assert_eq!(int(&tree, scope, NAGLE), wider, "{scope} reset");
        }
    }

    #[test]
    fn setting_converts_and_brings_into_range() {
        let mut tree = tree();
        let table = [
            (NAGLE, Int64(99_999), Int32(20_000)),
            (NAGLE, Float(12.6), Int32(13)),
            (NAGLE, ConfigValue::text(" 400us"), Int32(400)),
            (ConfigKey::MtuPacketSize, Int32(9000), Int32(1300)),
            (ConfigKey::FakePacketLossRecv, ConfigValue::text("2.5"), Float(2.5)),
            (ConfigKey::FakePacketLossRecv, Int32(-4), Float(0.0)),
            (ConfigKey::P2pStunServerList, Int32(5), ConfigValue::text("5")),
            (ConfigKey::ConnectionUserData, Int64(i64::MIN), Int64(i64::MIN)),
            (ConfigKey::CallbackAuthStatusChanged, Ptr(0xdead), Ptr(0xdead)),
        ];
        for (key, given, expect) in table {
            set(&mut tree, Scope::Global, key, given.clone());
            assert_eq!(tree.get(Scope::Global, key).unwrap().value, expect, "{key} from {given:?}");
        }
    }

    #[test]
    fn what_cannot_be_set_is_refused_with_its_reason() {
        let mut tree = tree();
        tree.lock_after_handshake(7).unwrap();
        let loss = ConfigKey::FakePacketLossSend;
        let mtu = ConfigKey::MtuDataSize;
        let data = ConfigKey::ConnectionUserData;
        let callback = ConfigKey::CallbackConnectionStatusChanged;
        let gone = |scope| SetError::NoSuchObject(NoSuchObject { scope });
        let bad = |key, why| SetError::BadValue { key, why };
        let mismatch = ConvertError::Mismatch { from: Int32(0).data_type(), to: Ptr(0).data_type() };
        let none = Scope::Connection(9);
        let no_listener = Scope::ListenSocket(7);
        let table = [
            (Scope::Global, mtu, Some(Int32(1000)), SetError::ReadOnly { key: mtu }),
            (CONN, mtu, None, SetError::ReadOnly { key: mtu }),
            (CONN, loss, Some(Int32(1)), SetError::WrongScope { key: loss, scope: ScopeKind::Connection }),
            (LISTENER, loss, None, SetError::WrongScope { key: loss, scope: ScopeKind::ListenSocket }),
            (none, NAGLE, Some(Int32(1)), gone(none)),
            (no_listener, NAGLE, None, gone(no_listener)),
            (CONN, ConfigKey::Unencrypted, Some(Int32(1)), SetError::Locked { key: ConfigKey::Unencrypted }),
            (CONN, ConfigKey::Unencrypted, None, SetError::Locked { key: ConfigKey::Unencrypted }),
            (CONN, data, None, SetError::CannotReset { key: data }),
            (CONN, NAGLE, Some(ConfigValue::text("soon")), bad(NAGLE, ConvertError::NotANumber)),
            (CONN, NAGLE, Some(Int64(1 << 40)), bad(NAGLE, ConvertError::DoesNotFit(1 << 40))),
            (CONN, callback, Some(Int32(1)), bad(callback, mismatch)),
        ];
        for (scope, key, value, expect) in table {
            let before = (tree.get(scope, key), tree.revision());
            assert_eq!(tree.set(scope, key, value.as_ref()), Err(expect), "{key} at {scope}");
            assert_eq!((tree.get(scope, key), tree.revision()), before);
        }
        assert!(matches!(
            ConfigKey::try_from(35).map_err(SetError::from),
            Err(SetError::Unknown(UnknownKey(35)))
        ));
        let text = SetError::WrongScope { key: loss, scope: ScopeKind::Connection }.to_string();
        assert_eq!(text, "FakePacketLoss_Send can only be set globally, not for a connection");
    }

    #[test]
    fn reading_needs_an_object_that_has_the_value() {
        let tree = tree();
        for (scope, key) in
            [(Scope::Connection(9), NAGLE), (CONN, ConfigKey::Ecn), (LISTENER, ConfigKey::Ecn)]
        {
            assert_eq!(tree.get(scope, key), Err(GetError::BadScopeObject { scope }));
        }
        assert!(tree.resolve_conn(Scope::ListenSocket(2)).is_err());
        assert_eq!(
            ConfigKey::try_from(61).map_err(GetError::from),
            Err(GetError::NoSuchValue(UnknownKey(61)))
        );
        for key in ConfigKey::ALL {
            let got = tree.get(Scope::Global, *key).unwrap();
            assert_eq!(got, GetValue { value: key.info().default_value(), inherited: false });
        }
    }

    #[test]
    fn the_data_size_follows_the_packet_size() {
        let mut tree = tree();
        set(&mut tree, LISTENER, ConfigKey::MtuPacketSize, Int32(600));
        assert_eq!(int(&tree, LISTENER, ConfigKey::MtuDataSize), (500, false));
        assert_eq!(int(&tree, CONN, ConfigKey::MtuDataSize), (500, true));
        assert_eq!(int(&tree, Scope::Global, ConfigKey::MtuDataSize), (1200, false));
        assert_eq!(tree.resolve_conn(CONN).unwrap().mtu_data_size(), 500);
        assert!(tree.get(Scope::Connection(9), ConfigKey::MtuDataSize).is_err());
    }

    #[test]
    fn options_take_effect_together_or_not_at_all() {
        let mut tree = tree();
        let good = (NAGLE, Int32(1));
        let locked = (ConfigKey::SymmetricConnect, Int32(1));
        let global = (ConfigKey::Ecn, Int32(1));
        let wrong = SetError::WrongScope { key: ConfigKey::Ecn, scope: ScopeKind::Connection };
        let refused = OptionError { index: 1, error: wrong };
        let options = [good.clone(), global.clone()];
        assert_eq!(tree.apply_options(CONN, &options), Err(refused));
        assert_eq!(tree.add_connection(9, None, &options), Err(refused.into()));
        assert_eq!(int(&tree, CONN, NAGLE), (5000, true));
        assert!(tree.get(Scope::Connection(9), NAGLE).is_err());
        assert!(tree.add_listener(2, &[good.clone(), global]).is_err() && !tree.remove_listener(2));
        assert_eq!(tree.apply_options(Scope::Connection(9), &[]).map_err(|e| e.index), Err(0));
        tree.lock_after_handshake(7).unwrap();
        assert!(tree.apply_options(CONN, &[good.clone(), locked]).is_err());
        tree.apply_options(CONN, &[(NAGLE, Int32(5)), good]).unwrap();
        assert_eq!(int(&tree, CONN, NAGLE), (1, false));
    }

    #[test]
    fn the_handshake_fixes_what_shaped_it() {
        let mut tree = tree();
        let keys: Vec<_> = ConfigKey::ALL.iter().filter(|k| k.info().rules.lock == Lock::Handshake).collect();
        let numbers: Vec<_> = keys.iter().map(|k| k.number()).collect();
        assert_eq!(numbers, [23, 30, 34, 37, 52, 104, 110]);
        set(&mut tree, CONN, ConfigKey::Unencrypted, Int32(1));
        tree.lock_after_handshake(7).unwrap();
        set(&mut tree, Scope::Global, ConfigKey::IpAllowWithoutAuth, Int32(0));
        set(&mut tree, LISTENER, ConfigKey::Unencrypted, Int32(3));
        assert_eq!(int(&tree, CONN, ConfigKey::IpAllowWithoutAuth), (2, false));
        assert_eq!(int(&tree, CONN, ConfigKey::Unencrypted), (1, false));
        assert_eq!(int(&tree, Scope::Connection(8), ConfigKey::IpAllowWithoutAuth), (0, true));
        for key in keys {
            assert_eq!(tree.set(CONN, *key, None), Err(SetError::Locked { key: *key }));
        }
        set(&mut tree, CONN, NAGLE, Int32(9));
        assert_eq!(tree.lock_after_handshake(9), Err(NoSuchObject { scope: Scope::Connection(9) }));
    }

    #[test]
    fn creation_fixes_the_mode_of_listen_sockets_and_virtual_ports() {
        let mut tree = tree();
        let (symmetric, port) = (ConfigKey::SymmetricConnect, ConfigKey::LocalVirtualPort);
        tree.add_listener(2, &[(symmetric, Int32(1)), (port, Int32(4))]).unwrap();
        tree.add_connection(9, Some(2), &[]).unwrap();
        let listener = Scope::ListenSocket(2);
        for key in [symmetric, port] {
            assert_eq!(tree.set(listener, key, Some(&Int32(0))), Err(SetError::Locked { key }));
        }
        assert!(tree.set(listener, ConfigKey::Unencrypted, Some(&Int32(1))).is_ok());
        let conn = Scope::Connection(9);
        assert_eq!((int(&tree, conn, port).0, int(&tree, conn, symmetric).0), (4, 1));
        assert_eq!(tree.set(conn, port, Some(&Int32(5))), Err(SetError::Locked { key: port }));
        set(&mut tree, conn, symmetric, Int32(0));
    }

    #[test]
    fn user_data_is_bound_when_the_connection_is_made() {
        let mut tree = tree();
        let data = ConfigKey::ConnectionUserData;
        set(&mut tree, LISTENER, data, Int64(5));
        tree.add_connection(9, Some(1), &[]).unwrap();
        tree.add_connection(10, Some(1), &[(data, Int32(6))]).unwrap();
        set(&mut tree, LISTENER, data, Int64(50));
        let got = |tree: &ConfigTree, id| tree.resolve_conn(Scope::Connection(id)).unwrap().user_data;
        assert_eq!([7, 8, 9, 10].map(|id| got(&tree, id)), [-1, -1, 5, 6]);
        assert!(!tree.get(Scope::Connection(9), data).unwrap().inherited);
        set(&mut tree, Scope::Connection(9), data, Int64(-2));
        assert_eq!(got(&tree, 9), -2);
        tree.set(LISTENER, data, None).unwrap();
    }

    #[test]
    fn authentication_changes_the_default_for_remote_peers_only() {
        let auth = |tree: &ConfigTree, scope| {
            let config = tree.resolve_conn(scope).unwrap();
            (config.allow_without_auth(false), config.allow_without_auth(true))
        };
        let mut tree = tree();
        tree.lock_after_handshake(7).unwrap();
        tree.authentication_configured(true);
        assert_eq!(
            [CONN, Scope::Connection(8), Scope::Global].map(|s| auth(&tree, s)),
            [(2, 2), (0, 2), (0, 2)]
        );
        set(&mut tree, Scope::Global, ConfigKey::IpAllowWithoutAuth, Int32(1));
        assert_eq!(auth(&tree, Scope::Connection(8)), (1, 2));
        tree.set(Scope::Global, ConfigKey::IpAllowWithoutAuth, None).unwrap();
        assert_eq!(auth(&tree, Scope::Connection(8)), (0, 2));
        tree.authentication_configured(false);
        assert_eq!(auth(&tree, Scope::Connection(8)), (2, 2));
        let mut open = ConfigTree::new(AuthDefault::Open);
        open.authentication_configured(true);
        assert_eq!(auth(&open, Scope::Global), (2, 2));
    }

    #[test]
    fn connections_share_equal_settings_until_one_changes_its_own() {
        let mut tree = tree();
        for connection in [20, 21] {
            tree.add_connection(connection, Some(1), &[]).unwrap();
        }
        let layers = |tree: &ConfigTree| [20, 21].map(|c| Arc::as_ptr(&tree.connections[&c].layer));
        let [a, b] = layers(&tree);
        assert_eq!(a, b);
        set(&mut tree, Scope::Connection(20), NAGLE, Int32(77));
        let [a, b] = layers(&tree);
        assert_ne!(a, b);
        assert_eq!(int(&tree, Scope::Connection(20), NAGLE), (77, false));
        assert!(int(&tree, Scope::Connection(21), NAGLE).1, "the other one still inherits");
        for n in 0..2 * SHARED_LAYERS_MAX as i32 {
            let options = [(NAGLE, Int32(n))];
            tree.add_connection(100 + n as u32, None, &options).unwrap();
        }
        assert!(tree.shared.len() <= SHARED_LAYERS_MAX);
    }

    #[test]
    fn objects_come_and_go() {
        let mut tree = tree();
        set(&mut tree, LISTENER, NAGLE, Int32(3));
        assert_eq!(tree.add_listener(1, &[]), Err(AddError::InUse(LISTENER)));
        assert_eq!(tree.add_connection(7, None, &[]), Err(AddError::InUse(CONN)));
        let missing = NoSuchObject { scope: Scope::ListenSocket(5) };
        assert_eq!(tree.add_connection(9, Some(5), &[]), Err(AddError::NoSuchListener(missing)));
        assert_eq!(int(&tree, CONN, NAGLE), (3, true));
        assert!(tree.remove_listener(1) && !tree.remove_listener(1));
        tree.add_listener(1, &[(NAGLE, Int32(4))]).unwrap();
        assert_eq!(int(&tree, CONN, NAGLE), (5000, true), "a new listen socket does not adopt");
        assert!(tree.remove_connection(7) && !tree.remove_connection(7));
        assert!(tree.get(CONN, NAGLE).is_err());
    }

    #[test]
    fn resolved_defaults_are_those_of_the_structures() {
        let tree = tree();
        assert_eq!(tree.resolve_conn(Scope::Global), Ok(ConnConfig::default()));
        assert_eq!(tree.resolve_conn(CONN), Ok(ConnConfig::default()));
        assert_eq!(tree.resolve_fakenet(), crate::fakenet::FakeNetConfig::default());
    }

    #[test]
    fn every_setting_of_a_connection_reaches_its_resolved_structure() {
        let computed_or_without_effect = [33, 39, 46];
        for key in ConfigKey::ALL {
            let info = key.info();
            let numeric = matches!(info.default_value(), Int32(_) | Int64(_));
            if info.rules.scope == ScopeKind::Global
                || !numeric
                || computed_or_without_effect.contains(&key.number())
            {
                continue;
            }
            let other = info.fit(&Int32(1)).unwrap();
            let other = if other == info.default_value() { info.fit(&Int32(0)).unwrap() } else { other };
            let mut tree = ConfigTree::default();
            set(&mut tree, Scope::SocketsInterface, *key, other);
            let now = tree.resolve_conn(Scope::SocketsInterface).unwrap();
            assert_ne!(now, ConnConfig::default(), "{key} has no effect");
        }
    }

    #[test]
    fn every_simulated_fault_reaches_its_direction() {
        for key in ConfigKey::ALL.iter().filter(|k| k.info().api_name.starts_with("Fake")) {
            let mut tree = ConfigTree::default();
            set(&mut tree, Scope::Global, *key, Int32(50));
            let (now, before) = (tree.resolve_fakenet(), ConfigTree::default().resolve_fakenet());
            let name = key.info().api_name;
            assert_eq!(now.send != before.send, !name.contains("Recv"), "{name}");
            assert_eq!(now.recv != before.recv, !name.contains("Send"), "{name}");
        }
    }

    proptest! {
        /// Whatever is set, what is read has the row's type and lies in its range, and an error changes nothing.
        #[test]
        fn stored_values_always_obey_the_table(
            calls in prop::collection::vec((0_u8..5, 0..ConfigKey::ALL.len(), any::<i64>(), any::<f32>()), 0..60),
        ) {
            let mut tree = tree();
            let scopes = [Scope::Global, Scope::SocketsInterface, LISTENER, CONN, Scope::Connection(9)];
            for (n, key, whole, fraction) in calls {
                let (scope, key) = (scopes[usize::from(n)], ConfigKey::ALL[key]);
                let value = match whole % 6 {
                    0 => None,
                    1 => Some(Int64(whole)),
                    2 => Some(Int32(whole as i32)),
                    3 => Some(Float(fraction)),
                    4 => Some(ConfigValue::text(&format!("{fraction}"))),
                    _ => Some(Ptr(whole as u64)),
                };
                let before = tree.get(scope, key);
                match tree.set(scope, key, value.as_ref()) {
                    Err(_) => prop_assert_eq!(tree.get(scope, key), before),
                    Ok(()) => {
                        let got = tree.get(scope, key).unwrap();
                        prop_assert_eq!(key.info().fit(&got.value), Ok(got.value.clone()));
                        prop_assert_eq!(got.inherited, value.is_none() && scope != Scope::Global);
                    }
                }
            }
        }
    }
}
