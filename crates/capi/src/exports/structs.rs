//! Helpers of structs.

use crate::abi::structs::{ConfigValue, HostedAddress, IPAddr, Identity};
use crate::ffi::message::MessagePtr;
use crate::ffi::ptr::{Bytes, In, Opaque, Out, Text, TextRoom};
use crate::imp::{calls, config, identity};
use std::ffi::c_char;

exports! {
    STRUCTS:
    /// All zeros.
    SteamAPI_SteamNetworkingIPAddr_Clear(this: Out<'_, IPAddr>) = identity::addr_clear;
    /// Whether the address is all zeros.
    SteamAPI_SteamNetworkingIPAddr_IsIPv6AllZeros(this: Out<'_, IPAddr>) -> bool = identity::addr_is_zeros;
    /// Sets 16 bytes and a port.
    SteamAPI_SteamNetworkingIPAddr_SetIPv6(
        this: Out<'_, IPAddr>,
        ipv6: In<'_, u8>,
        port: u16,
    ) = identity::addr_set_v6;
    /// Sets an IPv4 address, a number in the order of the machine, and a port.
    SteamAPI_SteamNetworkingIPAddr_SetIPv4(
        this: Out<'_, IPAddr>,
        ip: u32,
        port: u16,
    ) = identity::addr_set_v4;
    /// Whether it is an IPv4 address.
    SteamAPI_SteamNetworkingIPAddr_IsIPv4(this: Out<'_, IPAddr>) -> bool = identity::addr_is_v4;
    /// The IPv4 address as a number; 0 if it is none.
    SteamAPI_SteamNetworkingIPAddr_GetIPv4(this: Out<'_, IPAddr>) -> u32 = identity::addr_v4;
    /// Sets ::1 and a port.
    SteamAPI_SteamNetworkingIPAddr_SetIPv6LocalHost(
        this: Out<'_, IPAddr>,
        port: u16,
    ) = identity::addr_set_localhost;
    /// Whether it is ::1 or 127.0.0.1.
    SteamAPI_SteamNetworkingIPAddr_IsLocalHost(this: Out<'_, IPAddr>) -> bool = identity::addr_is_localhost;
    /// Whether address and port are the same.
    SteamAPI_SteamNetworkingIPAddr_IsEqualTo(
        this: Out<'_, IPAddr>,
        x: In<'_, IPAddr>,
    ) -> bool = identity::addr_equal;
    /// Writes the address as text, at most `buf_len` bytes with the end.
    SteamAPI_SteamNetworkingIPAddr_ToString(
        this: In<'_, IPAddr>,
        buf: TextRoom<'_>,
        buf_len: usize,
        with_port: bool,
    ) = identity::addr_to_text;
    /// Reads an address. False leaves it alone.
    SteamAPI_SteamNetworkingIPAddr_ParseString(
        this: Out<'_, IPAddr>,
        text: Text<'_>,
    ) -> bool = identity::addr_parse;
    /// Nobody.
    SteamAPI_SteamNetworkingIdentity_Clear(this: Out<'_, Identity>) = identity::clear;
    /// Whether it is nobody.
    SteamAPI_SteamNetworkingIdentity_IsInvalid(this: Out<'_, Identity>) -> bool = identity::is_invalid;
    /// Sets an account number.
    SteamAPI_SteamNetworkingIdentity_SetSteamID(
        this: Out<'_, Identity>,
        steam_id: u64,
    ) = identity::set_steam_id;
    /// The account number; 0 if it is none.
    SteamAPI_SteamNetworkingIdentity_GetSteamID(this: Out<'_, Identity>) -> u64 = identity::steam_id;
    /// Sets an account number.
    SteamAPI_SteamNetworkingIdentity_SetSteamID64(
        this: Out<'_, Identity>,
        steam_id: u64,
    ) = identity::set_steam_id;
    /// The account number; 0 if it is none.
    SteamAPI_SteamNetworkingIdentity_GetSteamID64(this: Out<'_, Identity>) -> u64 = identity::steam_id;
    /// Sets text of 1 to 32 bytes. False changes nothing.
    SteamAPI_SteamNetworkingIdentity_SetXboxPairwiseID(
        this: Out<'_, Identity>,
        string: Text<'_>,
    ) -> bool = identity::set_xbox;
    /// The text; null if it is none.
    SteamAPI_SteamNetworkingIdentity_GetXboxPairwiseID(
        this: Out<'_, Identity>,
    ) -> *const c_char = identity::xbox;
    /// Sets an address.
    SteamAPI_SteamNetworkingIdentity_SetIPAddr(
        this: Out<'_, Identity>,
        addr: In<'_, IPAddr>,
    ) = identity::set_addr;
    /// The address; null if it is none.
    SteamAPI_SteamNetworkingIdentity_GetIPAddr(this: Out<'_, Identity>) -> *const IPAddr = identity::addr;
    /// Sets ::1.
    SteamAPI_SteamNetworkingIdentity_SetLocalHost(this: Out<'_, Identity>) = identity::set_localhost;
    /// Whether it is ::1 or 127.0.0.1.
    SteamAPI_SteamNetworkingIdentity_IsLocalHost(this: Out<'_, Identity>) -> bool = identity::is_localhost;
    /// Sets text of up to 31 bytes. False changes nothing.
    SteamAPI_SteamNetworkingIdentity_SetGenericString(
        this: Out<'_, Identity>,
        string: Text<'_>,
    ) -> bool = identity::set_string;
    /// The text; null if it is none.
    SteamAPI_SteamNetworkingIdentity_GetGenericString(
        this: Out<'_, Identity>,
    ) -> *const c_char = identity::string;
    /// Sets up to 32 bytes. False changes nothing.
    SteamAPI_SteamNetworkingIdentity_SetGenericBytes(
        this: Out<'_, Identity>,
        data: Bytes<'_>,
        len: u32,
    ) -> bool = identity::set_bytes;
    /// The bytes and how many; null if it is none.
    SteamAPI_SteamNetworkingIdentity_GetGenericBytes(
        this: Out<'_, Identity>,
        len: Out<'_, i32>,
    ) -> *const u8 = identity::bytes;
    /// Whether both are the same.
    SteamAPI_SteamNetworkingIdentity_IsEqualTo(
        this: Out<'_, Identity>,
        x: In<'_, Identity>,
    ) -> bool = identity::equal;
    /// Writes the identity as text, at most `buf_len` bytes with the end.
    SteamAPI_SteamNetworkingIdentity_ToString(
        this: In<'_, Identity>,
        buf: TextRoom<'_>,
        buf_len: usize,
    ) = identity::to_text;
    /// Reads an identity. False leaves it alone.
    SteamAPI_SteamNetworkingIdentity_ParseString(
        this: Out<'_, Identity>,
        sizeof_identity: usize,
        text: Text<'_>,
    ) -> bool = identity::parse_text;
    /// Frees the bytes of a message, then itself. From any thread, once.
    SteamAPI_SteamNetworkingMessage_t_Release(this: MessagePtr) = calls::release;
    /// No address.
    SteamAPI_SteamDatagramHostedAddress_Clear(this: Out<'_, HostedAddress>) = identity::hosted_clear;
    /// The data centre; 0 if there is none.
    SteamAPI_SteamDatagramHostedAddress_GetPopID(this: Out<'_, HostedAddress>) -> u32 = identity::hosted_pop;
    /// An address in the plain form for development.
    SteamAPI_SteamDatagramHostedAddress_SetDevAddress(
        this: Out<'_, HostedAddress>,
        ip: u32,
        port: u16,
        popid: u32,
    ) = identity::hosted_set_dev;
    /// Whether the address is a fake one, and of which kind.
    SteamAPI_SteamNetworkingIPAddr_GetFakeIPType(this: Out<'_, IPAddr>) -> i32 = identity::addr_fake_type_of;
    /// Whether the address is a fake one.
    SteamAPI_SteamNetworkingIPAddr_IsFakeIP(this: Out<'_, IPAddr>) -> bool = identity::addr_is_fake;
    /// Whether it is a fake address, and of which kind.
    SteamAPI_SteamNetworkingIdentity_GetFakeIPType(
        this: Out<'_, Identity>,
    ) -> i32 = identity::identity_fake_type;
    /// Whether it is a fake address.
    SteamAPI_SteamNetworkingIdentity_IsFakeIP(this: Out<'_, Identity>) -> bool = identity::identity_is_fake;
    /// The IPv4 address as a number; 0 if it is none.
    SteamAPI_SteamNetworkingIdentity_GetIPv4(this: Out<'_, Identity>) -> u32 = identity::v4_of;
    /// Sets an IPv4 address and a port.
    SteamAPI_SteamNetworkingIdentity_SetIPv4Addr(
        this: Out<'_, Identity>,
        ip: u32,
        port: u16,
    ) = identity::set_v4;
    /// The number; 0 if it is none.
    SteamAPI_SteamNetworkingIdentity_GetPSNID(this: Out<'_, Identity>) -> u64 = identity::psn_id;
    /// Sets a number.
    SteamAPI_SteamNetworkingIdentity_SetPSNID(this: Out<'_, Identity>, id: u64) = identity::set_psn_id;
    /// A setting and its value, a whole number of 32 bits.
    SteamAPI_SteamNetworkingConfigValue_t_SetInt32(
        this: Out<'_, ConfigValue>,
        val: i32,
        data: i32,
    ) = config::option_int32;
    /// A setting and its value, a whole number of 64 bits.
    SteamAPI_SteamNetworkingConfigValue_t_SetInt64(
        this: Out<'_, ConfigValue>,
        val: i32,
        data: i64,
    ) = config::option_int64;
    /// A setting and its value, a number with a fraction.
    SteamAPI_SteamNetworkingConfigValue_t_SetFloat(
        this: Out<'_, ConfigValue>,
        val: i32,
        data: f32,
    ) = config::option_float;
    /// A setting and its value, a pointer.
    SteamAPI_SteamNetworkingConfigValue_t_SetPtr(
        this: Out<'_, ConfigValue>,
        val: i32,
        data: Opaque,
    ) = config::option_ptr;
    /// A setting and its value, a text, which has to stay where it is until the struct was used.
    SteamAPI_SteamNetworkingConfigValue_t_SetString(
        this: Out<'_, ConfigValue>,
        val: i32,
        data: Text<'_>,
    ) = config::option_text;
}
