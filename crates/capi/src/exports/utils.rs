//! The utils interface.

use crate::abi::structs::{ConfigValue, IPAddr, Identity, Message, PingLocation, RelayStatus};
use crate::ffi::callbacks::{
    AuthStatusChanged, ConnStatusChanged, DebugOutput, FakeIPResultFn, RelayStatusChanged, SessionFailedFn,
    SessionRequestFn,
};
use crate::ffi::objects::{Interface, Utils};
use crate::ffi::ptr::{Bytes, In, Opaque, Out, Room, Text, TextRoom};
use crate::imp::{calls, config, debug, identity, later, ping};
use std::ffi::c_char;

exports! {
    UTILS:
    /// A message with room for that many bytes; with 0, set data, size and free function yourself. Null if
    /// there is no memory.
    SteamAPI_ISteamNetworkingUtils_AllocateMessage(
        this: Interface<Utils>,
        allocate_buffer: i32,
    ) -> *mut Message = calls::allocate;
    /// Nothing: there are no relays in this library yet.
    SteamAPI_ISteamNetworkingUtils_InitRelayNetworkAccess(this: Interface<Utils>) = ping::init_relays;
    /// -102: there are no relays in this library yet.
    SteamAPI_ISteamNetworkingUtils_GetRelayNetworkStatus(
        this: Interface<Utils>,
        details: Out<'_, RelayStatus>,
    ) -> i32 = ping::relay_status;
    /// -1: there are no relays in this library yet.
    SteamAPI_ISteamNetworkingUtils_GetLocalPingLocation(
        this: Interface<Utils>,
        result: Out<'_, PingLocation>,
    ) -> f32 = ping::local;
    /// Milliseconds over the nearest data centre that both name; -2 if none.
    SteamAPI_ISteamNetworkingUtils_EstimatePingTimeBetweenTwoLocations(
        this: Interface<Utils>,
        location1: In<'_, PingLocation>,
        location2: In<'_, PingLocation>,
    ) -> i32 = ping::between;
    /// -2: our own location is not known.
    SteamAPI_ISteamNetworkingUtils_EstimatePingTimeFromLocalHost(
        this: Interface<Utils>,
        remote_location: In<'_, PingLocation>,
    ) -> i32 = ping::from_here;
    /// Writes a location as text, at most `buf_size` bytes with the end.
    SteamAPI_ISteamNetworkingUtils_ConvertPingLocationToString(
        this: Interface<Utils>,
        location: In<'_, PingLocation>,
        buf: TextRoom<'_>,
        buf_size: i32,
    ) = ping::to_text;
    /// Reads a location. False leaves it alone.
    SteamAPI_ISteamNetworkingUtils_ParsePingLocationString(
        this: Interface<Utils>,
        string: Text<'_>,
        result: Out<'_, PingLocation>,
    ) -> bool = ping::parse_text;
    /// False: there are no relays in this library yet.
    SteamAPI_ISteamNetworkingUtils_CheckPingDataUpToDate(
        this: Interface<Utils>,
        max_age_seconds: f32,
    ) -> bool = ping::is_up_to_date;
    /// -2: there are no relays in this library yet.
    SteamAPI_ISteamNetworkingUtils_GetPingToDataCenter(
        this: Interface<Utils>,
        pop_id: u32,
        via_relay_pop: Out<'_, u32>,
    ) -> i32 = ping::to_data_center;
    /// -2: there are no relays in this library yet.
    SteamAPI_ISteamNetworkingUtils_GetDirectPingToPOP(
        this: Interface<Utils>,
        pop_id: u32,
    ) -> i32 = ping::to_pop;
    /// 0: there are no relays in this library yet.
    SteamAPI_ISteamNetworkingUtils_GetPOPCount(this: Interface<Utils>) -> i32 = ping::pop_count;
    /// 0: there are no relays in this library yet.
    SteamAPI_ISteamNetworkingUtils_GetPOPList(
        this: Interface<Utils>,
        list: Out<'_, u32>,
        list_sz: i32,
    ) -> i32 = ping::pop_list;
    /// Microseconds on the clock of the library; never goes back.
    SteamAPI_ISteamNetworkingUtils_GetLocalTimestamp(this: Interface<Utils>) -> i64 = debug::timestamp;
    /// Has a function called with lines up to that level, from any thread; null for none.
    SteamAPI_ISteamNetworkingUtils_SetDebugOutputFunction(
        this: Interface<Utils>,
        detail_level: i32,
        func: DebugOutput,
    ) = debug::set_function;
    /// Sets a number of the process.
    SteamAPI_ISteamNetworkingUtils_SetGlobalConfigValueInt32(
        this: Interface<Utils>,
        value: i32,
        val: i32,
    ) -> bool = config::set_global_int;
    /// Sets a number of the process.
    SteamAPI_ISteamNetworkingUtils_SetGlobalConfigValueFloat(
        this: Interface<Utils>,
        value: i32,
        val: f32,
    ) -> bool = config::set_global_float;
    /// Sets text of the process; null resets it.
    SteamAPI_ISteamNetworkingUtils_SetGlobalConfigValueString(
        this: Interface<Utils>,
        value: i32,
        val: Text<'_>,
    ) -> bool = config::set_global_text;
    /// Sets a pointer of the process.
    SteamAPI_ISteamNetworkingUtils_SetGlobalConfigValuePtr(
        this: Interface<Utils>,
        value: i32,
        val: Opaque,
    ) -> bool = config::set_global_ptr;
    /// Sets a number of a connection.
    SteamAPI_ISteamNetworkingUtils_SetConnectionConfigValueInt32(
        this: Interface<Utils>,
        conn: u32,
        value: i32,
        val: i32,
    ) -> bool = config::set_connection_int;
    /// Sets a number of a connection.
    SteamAPI_ISteamNetworkingUtils_SetConnectionConfigValueFloat(
        this: Interface<Utils>,
        conn: u32,
        value: i32,
        val: f32,
    ) -> bool = config::set_connection_float;
    /// Sets text of a connection; null resets it.
    SteamAPI_ISteamNetworkingUtils_SetConnectionConfigValueString(
        this: Interface<Utils>,
        conn: u32,
        value: i32,
        val: Text<'_>,
    ) -> bool = config::set_connection_text;
    /// Sets who is told about changes of connections.
    SteamAPI_ISteamNetworkingUtils_SetGlobalCallback_SteamNetConnectionStatusChanged(
        this: Interface<Utils>,
        callback: ConnStatusChanged,
    ) -> bool = config::on_connection_status;
    /// Sets who is told about readiness to prove who we are.
    SteamAPI_ISteamNetworkingUtils_SetGlobalCallback_SteamNetAuthenticationStatusChanged(
        this: Interface<Utils>,
        callback: AuthStatusChanged,
    ) -> bool = config::on_auth_status;
    /// Sets who is told about relays.
    SteamAPI_ISteamNetworkingUtils_SetGlobalCallback_SteamRelayNetworkStatusChanged(
        this: Interface<Utils>,
        callback: RelayStatusChanged,
    ) -> bool = config::on_relay_status;
    /// Sets a value of an object; a null pointer resets it. Types convert, ranges clamp. False if there is
    /// no such value or object, or it is fixed.
    SteamAPI_ISteamNetworkingUtils_SetConfigValue(
        this: Interface<Utils>,
        value: i32,
        scope_type: i32,
        scope_obj: isize,
        data_type: i32,
        arg: Bytes<'_>,
    ) -> bool = config::set_value;
    /// The same with number, type and value in one struct.
    SteamAPI_ISteamNetworkingUtils_SetConfigValueStruct(
        this: Interface<Utils>,
        opt: In<'_, ConfigValue>,
        scope_type: i32,
        scope_obj: isize,
    ) -> bool = config::set_struct;
    /// Reads a value: 1 set there, 2 inherited, -1 no such value, -2 no such object, -3 too little room;
    /// the size comes back in any case.
    SteamAPI_ISteamNetworkingUtils_GetConfigValue(
        this: Interface<Utils>,
        value: i32,
        scope_type: i32,
        scope_obj: isize,
        data_type: Out<'_, i32>,
        result: Room<'_>,
        result_size_inout: Out<'_, usize>,
    ) -> i32 = config::get_value;
    /// Name, type and scope of a value; null if there is none.
    SteamAPI_ISteamNetworkingUtils_GetConfigValueInfo(
        this: Interface<Utils>,
        value: i32,
        data_type: Out<'_, i32>,
        scope: Out<'_, i32>,
    ) -> *const c_char = config::get_info;
    /// The value after that one; begin with 0, 0 ends.
    SteamAPI_ISteamNetworkingUtils_IterateGenericEditableConfigValues(
        this: Interface<Utils>,
        current: i32,
        enumerate_dev_vars: bool,
    ) -> i32 = config::iterate;
    /// Whether an IPv4 address is a fake one, and of which kind.
    SteamAPI_ISteamNetworkingUtils_GetIPv4FakeIPType(
        this: Interface<Utils>,
        ipv4: u32,
    ) -> i32 = identity::v4_fake_type;
    /// 80 for a fake address, 8 for others: there is nobody to ask in this library yet.
    SteamAPI_ISteamNetworkingUtils_GetRealIdentityForFakeIP(
        this: Interface<Utils>,
        fake_ip: In<'_, IPAddr>,
        real_identity: Out<'_, Identity>,
    ) -> i32 = later::real_identity;
    /// Writes an address as text.
    SteamAPI_ISteamNetworkingUtils_SteamNetworkingIPAddr_ToString(
        this: Interface<Utils>,
        addr: In<'_, IPAddr>,
        buf: TextRoom<'_>,
        buf_len: usize,
        with_port: bool,
    ) = identity::addr_to_text_method;
    /// Reads an address. False leaves it alone.
    SteamAPI_ISteamNetworkingUtils_SteamNetworkingIPAddr_ParseString(
        this: Interface<Utils>,
        addr: Out<'_, IPAddr>,
        text: Text<'_>,
    ) -> bool = identity::addr_parse_method;
    /// Whether the address is a fake one, and of which kind.
    SteamAPI_ISteamNetworkingUtils_SteamNetworkingIPAddr_GetFakeIPType(
        this: Interface<Utils>,
        addr: In<'_, IPAddr>,
    ) -> i32 = identity::addr_fake_type_method;
    /// Writes an identity as text.
    SteamAPI_ISteamNetworkingUtils_SteamNetworkingIdentity_ToString(
        this: Interface<Utils>,
        identity: In<'_, Identity>,
        buf: TextRoom<'_>,
        buf_len: usize,
    ) = identity::to_text_method;
    /// Reads an identity. False leaves it alone.
    SteamAPI_ISteamNetworkingUtils_SteamNetworkingIdentity_ParseString(
        this: Interface<Utils>,
        identity: Out<'_, Identity>,
        text: Text<'_>,
    ) -> bool = identity::parse_text_method;
    /// Whether an IPv4 address is a fake one.
    SteamAPI_ISteamNetworkingUtils_IsFakeIPv4(
        this: Interface<Utils>,
        ipv4: u32,
    ) -> bool = identity::v4_is_fake;
    /// Sets who is told about fake addresses.
    SteamAPI_ISteamNetworkingUtils_SetGlobalCallback_FakeIPResult(
        this: Interface<Utils>,
        callback: FakeIPResultFn,
    ) -> bool = config::on_fake_ip;
    /// Sets who is told about peers that want a session.
    SteamAPI_ISteamNetworkingUtils_SetGlobalCallback_MessagesSessionRequest(
        this: Interface<Utils>,
        callback: SessionRequestFn,
    ) -> bool = config::on_session_request;
    /// Sets who is told about sessions that broke.
    SteamAPI_ISteamNetworkingUtils_SetGlobalCallback_MessagesSessionFailed(
        this: Interface<Utils>,
        callback: SessionFailedFn,
    ) -> bool = config::on_session_failed;
}
