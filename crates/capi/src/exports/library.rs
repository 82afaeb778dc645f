//! Start and end, interfaces, hooks, text.

use crate::abi::structs::{ErrMsg, IPAddr, Identity};
use crate::ffi::callbacks::{Arguments, Free, LockTime, Malloc, PreFormat, Realloc, ThreadInit};
use crate::ffi::objects::{Interface, Messages, Sockets, Utils};
use crate::ffi::ptr::{In, Out, Text, TextRoom};
use crate::imp::{debug, identity, start};

exports! {
    LIBRARY:
    /// Starts the library. A null identity is localhost, nobody in particular. False with a text in
    /// `err_msg` if it cannot; true without doing anything if it runs already.
    GameNetworkingSockets_Init(identity: In<'_, Identity>, err_msg: Out<'_, ErrMsg>) -> bool = start::init;
    /// Ends everything: connections close, handles and interface pointers die, buffers go back to their
    /// owners. Harmless if nothing runs.
    GameNetworkingSockets_Kill() = start::kill;
    /// Accepted without effect: memory comes from the system's allocator.
    SteamNetworkingSockets_SetCustomMemoryAllocator(
        pfn_malloc: Malloc,
        pfn_free: Free,
        pfn_realloc: Realloc,
    ) = start::set_allocator;
    /// Accepted without effect.
    SteamNetworkingSockets_SetLockWaitWarningThreshold(threshold: i64) = start::set_lock_threshold;
    /// Accepted without effect.
    SteamNetworkingSockets_SetLockAcquiredCallback(callback: LockTime) = start::set_lock_callback;
    /// Accepted without effect.
    SteamNetworkingSockets_SetLockHeldCallback(callback: LockTime) = start::set_lock_callback;
    /// Has a function called on the I/O thread when it begins. Before Init.
    SteamNetworkingSockets_SetServiceThreadInitCallback(callback: ThreadInit) = start::set_thread_init;
    /// The sockets interface; null before Init and after Kill.
    SteamNetworkingSockets_LibV12() -> Interface<Sockets> = start::sockets;
    /// The same as SteamNetworkingSockets_LibV12.
    SteamGameServerNetworkingSockets_LibV12() -> Interface<Sockets> = start::sockets;
    /// The utils interface; always there.
    SteamNetworkingUtils_LibV4() -> Interface<Utils> = start::utils;
    /// Writes an address as text, at most `buf_len` bytes with the end.
    SteamNetworkingIPAddr_ToString(
        addr: In<'_, IPAddr>,
        buf: TextRoom<'_>,
        buf_len: usize,
        with_port: bool,
    ) = identity::addr_to_text;
    /// Reads `1.2.3.4`, `1.2.3.4:80`, `::1`, `[::1]:80`. False leaves the address alone.
    SteamNetworkingIPAddr_ParseString(addr: Out<'_, IPAddr>, text: Text<'_>) -> bool = identity::addr_parse;
    /// Whether the address is a fake one, and of which kind.
    SteamNetworkingIPAddr_GetFakeIPType(addr: In<'_, IPAddr>) -> i32 = identity::addr_fake_type;
    /// Writes an identity as text, at most `buf_len` bytes with the end.
    SteamNetworkingIdentity_ToString(
        identity: In<'_, Identity>,
        buf: TextRoom<'_>,
        buf_len: usize,
    ) = identity::to_text;
    /// Reads an identity. False leaves it alone.
    SteamNetworkingIdentity_ParseString(
        identity: Out<'_, Identity>,
        sizeof_identity: usize,
        text: Text<'_>,
    ) -> bool = identity::parse_text;
    /// The messages interface; null before Init and after Kill.
    SteamNetworkingMessages_LibV2() -> Interface<Messages> = start::messages;
    /// The same as SteamNetworkingMessages_LibV2.
    SteamGameServerNetworkingMessages_LibV2() -> Interface<Messages> = start::messages;
    /// The same as SteamNetworkingSockets_LibV12.
    SteamAPI_SteamNetworkingSockets_v009() -> Interface<Sockets> = start::sockets;
    /// The same as SteamNetworkingUtils_LibV4.
    SteamAPI_SteamNetworkingUtils_v003() -> Interface<Utils> = start::utils;
    /// The same as SteamNetworkingMessages_LibV2.
    SteamAPI_SteamNetworkingMessages_v002() -> Interface<Messages> = start::messages;
    /// With true, the next Init starts no thread: work is done in SteamNetworkingSockets_Poll alone.
    SteamNetworkingSockets_SetManualPollMode(on: bool) = start::set_manual_poll_mode;
    /// Does the work of the I/O thread, and waits for some for up to that many milliseconds. In manual
    /// mode.
    SteamNetworkingSockets_Poll(max_wait_ms: i32) = start::poll;
    /// Has lines of debug output given to a function of five parts; they come finished, with `fmt` false.
    /// Not null.
    SteamNetworkingSockets_SetPreFormatDebugOutputHandler(
        level: i32,
        handler: PreFormat,
    ) = debug::set_handler;
    /// Puts a line together and gives it to the function of SetDebugOutputFunction.
    SteamNetworkingSockets_DefaultPreFormatDebugOutputHandler(
        level: i32,
        fmt: bool,
        file: Text<'_>,
        line: i32,
        msg: Text<'_>,
        arguments: Arguments,
    ) = debug::default_handler;
    /// The same as SteamNetworkingSockets_LibV12.
    SteamAPI_SteamNetworkingSockets_SteamAPI() -> Interface<Sockets> = start::sockets;
    /// The same as SteamNetworkingSockets_LibV12.
    SteamAPI_SteamGameServerNetworkingSockets_SteamAPI() -> Interface<Sockets> = start::sockets;
    /// The same as SteamNetworkingSockets_LibV12.
    SteamAPI_SteamNetworkingSockets_SteamAPI_v012() -> Interface<Sockets> = start::sockets;
    /// The same as SteamNetworkingSockets_LibV12.
    SteamAPI_SteamGameServerNetworkingSockets_SteamAPI_v012() -> Interface<Sockets> = start::sockets;
    /// The same as SteamNetworkingMessages_LibV2.
    SteamAPI_SteamNetworkingMessages_SteamAPI() -> Interface<Messages> = start::messages;
    /// The same as SteamNetworkingMessages_LibV2.
    SteamAPI_SteamGameServerNetworkingMessages_SteamAPI() -> Interface<Messages> = start::messages;
    /// The same as SteamNetworkingMessages_LibV2.
    SteamAPI_SteamNetworkingMessages_SteamAPI_v002() -> Interface<Messages> = start::messages;
    /// The same as SteamNetworkingMessages_LibV2.
    SteamAPI_SteamGameServerNetworkingMessages_SteamAPI_v002() -> Interface<Messages> = start::messages;
    /// The same as SteamNetworkingUtils_LibV4.
    SteamAPI_SteamNetworkingUtils_SteamAPI() -> Interface<Utils> = start::utils;
    /// The same as SteamNetworkingUtils_LibV4.
    SteamAPI_SteamNetworkingUtils_SteamAPI_v004() -> Interface<Utils> = start::utils;
}
