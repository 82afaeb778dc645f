//! Settings. Those of the process outlive the context: they can be made before Init, and stay after Kill.

use super::instance::{exists, hold_still, lock, with};
use crate::abi::numbers::{
    CONFIG_BAD_SCOPE_OBJ, CONFIG_BAD_VALUE, CONFIG_BUFFER_TOO_SMALL, CONFIG_OK, CONFIG_OK_INHERITED,
};
use crate::abi::structs::ConfigValue as CValue;
use crate::ffi::callbacks::{
    AuthStatusChanged, ConnStatusChanged, FakeIPResultFn, RelayStatusChanged, SessionFailedFn,
    SessionRequestFn,
};
use crate::ffi::objects::{Interface, Sockets, Utils};
use crate::ffi::ptr::{Bytes, In, Opaque, Out, Room, Text};
use gamesockets::Context;
use gamesockets::config::{ConfigKey, ConfigValue, DataType, GetError, GetValue, Scope, ScopeKind};
use std::collections::BTreeMap;
use std::ffi::{CString, c_char, c_void};
use std::sync::{LazyLock, Mutex};

/// Most options of one call; there are fewer settings than that.
const OPTIONS_MAX: usize = 256;
/// Longest text of a setting, bytes.
const TEXT_BYTES_MAX: usize = 8192;
/// Set to 1, connections estimate what the network takes, unless the program says otherwise.
const ESTIMATION_VARIABLE: &str = "GAMESOCKETS_BANDWIDTH_ESTIMATION";
/// Limits of the send rate then, bytes per second: slow enough for any line, and none.
const ESTIMATED: [(ConfigKey, i32); 2] =
    [(ConfigKey::SendRateMin, 64 * 1024), (ConfigKey::SendRateMax, 0x1000_0000)];

/// Settings of the process while there is no context.
static KEPT: Mutex<BTreeMap<ConfigKey, ConfigValue>> = Mutex::new(BTreeMap::new());

static NAMES: LazyLock<BTreeMap<ConfigKey, CString>> = LazyLock::new(|| {
    let named = |key: &ConfigKey| (*key, CString::new(key.info().api_name).unwrap_or_default());
    ConfigKey::ALL.iter().map(named).collect()
});

/// What counts when the program sets nothing, where that is not what the table says.
fn own_default(key: ConfigKey) -> Option<ConfigValue> {
    static ON: LazyLock<bool> =
        LazyLock::new(|| std::env::var(ESTIMATION_VARIABLE).is_ok_and(|value| value == "1"));
    let (_, value) = ESTIMATED.iter().find(|(k, _)| *k == key).filter(|_| *ON)?;
    Some(ConfigValue::Int32(*value))
}

/// Gives a new context what was set before.
pub(crate) fn hand_over(context: &Context) {
    let mut values = lock(&KEPT).clone();
    for (key, _) in ESTIMATED {
        if let Some(value) = own_default(key) {
            values.entry(key).or_insert(value);
        }
    }
    for (key, value) in values {
        // It was checked when it was set.
        let _ = context.set_config(Scope::Global, key, Some(value));
    }
}

/// Keeps what was set in a context that goes.
pub(crate) fn take_back(context: &Context) {
    let mut kept = BTreeMap::new();
    for key in ConfigKey::ALL {
        let default = own_default(*key).unwrap_or_else(|| key.info().default_value());
        let value = context.config(Scope::Global, *key).map(|v| v.value);
        if let Some(value) = value.ok().filter(|value| *value != default && !key.info().rules.read_only) {
            kept.insert(*key, value);
        }
    }
    *lock(&KEPT) = kept;
}

/// The object that a call names.
fn scope(kind: i32, object: isize) -> Option<Scope> {
    let handle = u32::try_from(object).ok();
    match ScopeKind::try_from(kind).ok()? {
        ScopeKind::Global => Some(Scope::Global),
        ScopeKind::SocketsInterface => {
            (object == Sockets::object().address() as isize).then_some(Scope::SocketsInterface)
        }
        ScopeKind::ListenSocket => handle.map(Scope::ListenSocket),
        ScopeKind::Connection => handle.map(Scope::Connection),
    }
}

/// Sets a value or, with `None`, takes it back. Whether that was possible.
fn set(scope: Scope, key: ConfigKey, value: Option<ConfigValue>) -> bool {
    let value = value.or_else(|| if scope == Scope::Global { own_default(key) } else { None });
    if !exists() {
        let _still = hold_still();
        if !exists() {
            return scope == Scope::Global && keep(key, value.as_ref());
        }
    }
    with(false, |context| match context.set_config(scope, key, value) {
        Ok(()) => true,
        Err(why) => {
            super::debug::failed("SetConfigValue", &why);
            false
        }
    })
}

fn keep(key: ConfigKey, value: Option<&ConfigValue>) -> bool {
    let info = key.info();
    if info.rules.read_only {
        return false;
    }
    let Some(value) = value else {
        lock(&KEPT).remove(&key);
        return true;
    };
    match info.fit(value) {
        Ok(value) => {
            lock(&KEPT).insert(key, value);
            true
        }
        Err(_) => false,
    }
}

fn get(scope: Scope, key: ConfigKey) -> Result<GetValue, GetError> {
    if !exists() {
        if scope != Scope::Global {
            return Err(GetError::BadScopeObject { scope });
        }
        let kept = lock(&KEPT).get(&key).cloned().or_else(|| own_default(key));
        let value = kept.unwrap_or_else(|| key.info().default_value());
        return Ok(GetValue { value, inherited: false });
    }
    with(Err(GetError::BadScopeObject { scope }), |context| context.config(scope, key))
}

/// A value that lies where C says, as the type that C says.
fn value(data_type: i32, arg: Bytes<'_>) -> Option<ConfigValue> {
    match DataType::try_from(data_type).ok()? {
        DataType::Int32 => arg.number().map(ConfigValue::Int32),
        DataType::Int64 => arg.number().map(ConfigValue::Int64),
        DataType::Float => arg.number::<u32>().map(|bits| ConfigValue::Float(f32::from_bits(bits))),
        DataType::String => arg.text().get(TEXT_BYTES_MAX).map(ConfigValue::text),
        DataType::Ptr => arg.number::<*const c_void>().map(|p| ConfigValue::Ptr(p as usize as u64)),
    }
}

/// The options of a call that makes something; `None` if one of them is none.
pub(crate) fn options(count: i32, options: In<'_, CValue>) -> Option<Vec<(ConfigKey, ConfigValue)>> {
    let count = usize::try_from(count).ok().filter(|n| *n <= OPTIONS_MAX)?;
    let option = |index| {
        let option = options.at(index)?;
        Some((ConfigKey::try_from(option.value).ok()?, value(option.data_type, option.arg())?))
    };
    let read: Option<Vec<_>> = (0..count).map(option).collect();
    if read.is_none() {
        super::debug::say(gamesockets::DebugLevel::Error, "an option is malformed or names no setting");
    }
    read
}

pub(crate) fn set_value(
    _: Interface<Utils>,
    number: i32,
    scope_type: i32,
    scope_obj: isize,
    data_type: i32,
    arg: Bytes<'_>,
) -> bool {
    let Ok(key) = ConfigKey::try_from(number) else { return false };
    let Some(scope) = scope(scope_type, scope_obj) else { return false };
    if arg.is_null() {
        return set(scope, key, None);
    }
    value(data_type, arg).is_some_and(|value| set(scope, key, Some(value)))
}

pub(crate) fn set_struct(
    this: Interface<Utils>,
    option: In<'_, CValue>,
    scope_type: i32,
    scope_obj: isize,
) -> bool {
    let Some(option) = option.get() else { return false };
    set_value(this, option.value, scope_type, scope_obj, option.data_type, option.arg())
}

pub(crate) fn get_value(
    _: Interface<Utils>,
    number: i32,
    scope_type: i32,
    scope_obj: isize,
    data_type: Out<'_, i32>,
    result: Room<'_>,
    size_inout: Out<'_, usize>,
) -> i32 {
    let Ok(key) = ConfigKey::try_from(number) else { return CONFIG_BAD_VALUE };
    let Some(found) = scope(scope_type, scope_obj).and_then(|scope| get(scope, key).ok()) else {
        return CONFIG_BAD_SCOPE_OBJ;
    };
    data_type.set(found.value.data_type().number());
    let bytes = match &found.value {
        ConfigValue::Int32(v) => v.to_ne_bytes().to_vec(),
        ConfigValue::Int64(v) => v.to_ne_bytes().to_vec(),
        ConfigValue::Float(v) => v.to_ne_bytes().to_vec(),
        ConfigValue::String(v) => v.bytes().chain([0]).collect(),
        ConfigValue::Ptr(v) => v.to_ne_bytes().to_vec(),
    };
    let room = if result.is_null() { 0 } else { size_inout.get().unwrap_or(0) };
    size_inout.set(bytes.len());
    if room < bytes.len() {
        return CONFIG_BUFFER_TOO_SMALL;
    }
    result.put(&bytes);
    if found.inherited { CONFIG_OK_INHERITED } else { CONFIG_OK }
}

pub(crate) fn get_info(
    _: Interface<Utils>,
    number: i32,
    data_type: Out<'_, i32>,
    scope: Out<'_, i32>,
) -> *const c_char {
    let Ok(key) = ConfigKey::try_from(number) else { return std::ptr::null() };
    data_type.set(key.info().data_type().number());
    scope.set(key.info().rules.scope.number());
    NAMES.get(&key).map_or(std::ptr::null(), |name| name.as_ptr())
}

pub(crate) fn iterate(_: Interface<Utils>, current: i32, developer: bool) -> i32 {
    let next = match current {
        0 => ConfigKey::listed(developer).next(),
        current => ConfigKey::try_from(current).ok().and_then(|key| key.next_listed(developer)),
    };
    next.map_or(0, ConfigKey::number)
}

fn set_number(scope: Scope, number: i32, value: ConfigValue) -> bool {
    ConfigKey::try_from(number).is_ok_and(|key| set(scope, key, Some(value)))
}

fn set_text(scope: Scope, number: i32, text: Text<'_>) -> bool {
    if text.is_null() {
        return ConfigKey::try_from(number).is_ok_and(|key| set(scope, key, None));
    }
    text.get(TEXT_BYTES_MAX).is_some_and(|text| set_number(scope, number, ConfigValue::text(text)))
}

pub(crate) fn set_global_int(_: Interface<Utils>, number: i32, val: i32) -> bool {
    set_number(Scope::Global, number, ConfigValue::Int32(val))
}

pub(crate) fn set_global_float(_: Interface<Utils>, number: i32, val: f32) -> bool {
    set_number(Scope::Global, number, ConfigValue::Float(val))
}

pub(crate) fn set_global_text(_: Interface<Utils>, number: i32, val: Text<'_>) -> bool {
    set_text(Scope::Global, number, val)
}

pub(crate) fn set_global_ptr(_: Interface<Utils>, number: i32, val: Opaque) -> bool {
    set_number(Scope::Global, number, ConfigValue::Ptr(val.0 as usize as u64))
}

pub(crate) fn set_connection_int(_: Interface<Utils>, conn: u32, number: i32, val: i32) -> bool {
    set_number(Scope::Connection(conn), number, ConfigValue::Int32(val))
}

pub(crate) fn set_connection_float(_: Interface<Utils>, conn: u32, number: i32, val: f32) -> bool {
    set_number(Scope::Connection(conn), number, ConfigValue::Float(val))
}

pub(crate) fn set_connection_text(_: Interface<Utils>, conn: u32, number: i32, val: Text<'_>) -> bool {
    set_text(Scope::Connection(conn), number, val)
}

/// Fills in a setting and its value; a number lies at the start of the eight bytes.
fn fill(this: Out<'_, CValue>, number: i32, data_type: DataType, value: &[u8]) {
    let mut val = [0; 8];
    for (to, from) in val.iter_mut().zip(value) {
        *to = *from;
    }
    this.set(CValue::new(number, data_type.number(), val));
}

pub(crate) fn option_int32(this: Out<'_, CValue>, number: i32, data: i32) {
    fill(this, number, DataType::Int32, &data.to_ne_bytes());
}

pub(crate) fn option_int64(this: Out<'_, CValue>, number: i32, data: i64) {
    fill(this, number, DataType::Int64, &data.to_ne_bytes());
}

pub(crate) fn option_float(this: Out<'_, CValue>, number: i32, data: f32) {
    fill(this, number, DataType::Float, &data.to_ne_bytes());
}

pub(crate) fn option_ptr(this: Out<'_, CValue>, number: i32, data: Opaque) {
    fill(this, number, DataType::Ptr, &(data.0 as usize).to_ne_bytes());
}

pub(crate) fn option_text(this: Out<'_, CValue>, number: i32, data: Text<'_>) {
    fill(this, number, DataType::String, &data.address().to_ne_bytes());
}

macro_rules! callbacks {
    ($($function:ident($type:ty) = $key:ident;)+) => {
        $(pub(crate) fn $function(_: Interface<Utils>, callback: $type) -> bool {
            set(Scope::Global, ConfigKey::$key, Some(ConfigValue::Ptr(callback.to_setting())))
        })+
    };
}

callbacks! {
    on_connection_status(ConnStatusChanged) = CallbackConnectionStatusChanged;
    on_auth_status(AuthStatusChanged) = CallbackAuthStatusChanged;
    on_relay_status(RelayStatusChanged) = CallbackRelayNetworkStatusChanged;
    on_fake_ip(FakeIPResultFn) = CallbackFakeIpResult;
    on_session_request(SessionRequestFn) = CallbackMessagesSessionRequest;
    on_session_failed(SessionFailedFn) = CallbackMessagesSessionFailed;
}

/// What a setting of the process holds, as a number.
pub(crate) fn global_ptr(context: &Context, key: ConfigKey) -> u64 {
    context.config(Scope::Global, key).ok().and_then(|v| v.value.as_ptr()).unwrap_or(0)
}
