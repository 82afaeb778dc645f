//! C++ objects: ours, which consist of a table of functions, and the application's.

use super::call::guarded;
use super::callbacks::{CustomRelease, CustomSendSignal};
use super::ptr::{FromC, Opaque, ToC};
use crate::abi::structs::{ConnInfo, IPAddr};
use crate::exports::{messages as m, sockets as s, utils as u};
use std::ffi::{c_char, c_void};
use std::marker::PhantomData;
use std::ptr::null_mut;

/// A table of functions with the two words that C++ has in front.
#[repr(C)]
pub struct Table<const N: usize> {
    offset_to_top: isize,
    /// Nobody asks for the type of these objects.
    type_info: *const c_void,
    slots: [*const (); N],
}

// SAFETY: it never changes.
unsafe impl<const N: usize> Sync for Table<N> {}

/// An object that is nothing but its table.
#[repr(C)]
pub struct Object<const N: usize> {
    table: &'static [*const (); N],
}

// SAFETY: it never changes.
unsafe impl<const N: usize> Sync for Object<N> {}

macro_rules! interface {
    ($(#[doc = $doc:literal])+ $type:ident = $label:literal, $object:ident, $table:ident, $names:ident, [$($function:expr => $method:literal),+ $(,)?]) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug)]
        pub struct $type;

        impl Named for $type {
            const NAME: &'static str = $label;
        }

        /// Methods by slot.
        pub const $names: &[&str] = &[$($method),+];

        static $table: Table<{ $names.len() }> = Table {
            offset_to_top: 0,
            type_info: std::ptr::null(),
            slots: [$($function as *const ()),+],
        };

        static $object: Object<{ $names.len() }> = Object { table: &$table.slots };

        impl $type {
            /// The one object.
            pub(crate) fn object() -> Interface<Self> {
                Interface((&raw const $object).cast_mut().cast(), PhantomData)
            }
        }
    };
}

/// A class, by its short name in the tables of the interface.
pub trait Named {
    /// The short name.
    const NAME: &'static str;
}

interface! {
    /// `ISteamNetworkingSockets`.
    Sockets = "Sockets", SOCKETS, SOCKETS_TABLE, SOCKETS_METHODS, [
        s::SteamAPI_ISteamNetworkingSockets_CreateListenSocketIP => "CreateListenSocketIP",
        s::SteamAPI_ISteamNetworkingSockets_ConnectByIPAddress => "ConnectByIPAddress",
        s::SteamAPI_ISteamNetworkingSockets_CreateListenSocketP2P => "CreateListenSocketP2P",
        s::SteamAPI_ISteamNetworkingSockets_ConnectP2P => "ConnectP2P",
        s::SteamAPI_ISteamNetworkingSockets_AcceptConnection => "AcceptConnection",
        s::SteamAPI_ISteamNetworkingSockets_CloseConnection => "CloseConnection",
        s::SteamAPI_ISteamNetworkingSockets_CloseListenSocket => "CloseListenSocket",
        s::SteamAPI_ISteamNetworkingSockets_SetConnectionUserData => "SetConnectionUserData",
        s::SteamAPI_ISteamNetworkingSockets_GetConnectionUserData => "GetConnectionUserData",
        s::SteamAPI_ISteamNetworkingSockets_SetConnectionName => "SetConnectionName",
        s::SteamAPI_ISteamNetworkingSockets_GetConnectionName => "GetConnectionName",
        s::SteamAPI_ISteamNetworkingSockets_SendMessageToConnection => "SendMessageToConnection",
        s::SteamAPI_ISteamNetworkingSockets_SendMessages => "SendMessages",
        s::SteamAPI_ISteamNetworkingSockets_FlushMessagesOnConnection => "FlushMessagesOnConnection",
        s::SteamAPI_ISteamNetworkingSockets_ReceiveMessagesOnConnection => "ReceiveMessagesOnConnection",
        s::SteamAPI_ISteamNetworkingSockets_GetConnectionInfo => "GetConnectionInfo",
        s::SteamAPI_ISteamNetworkingSockets_GetConnectionRealTimeStatus => "GetConnectionRealTimeStatus",
        s::SteamAPI_ISteamNetworkingSockets_GetDetailedConnectionStatus => "GetDetailedConnectionStatus",
        s::SteamAPI_ISteamNetworkingSockets_GetListenSocketAddress => "GetListenSocketAddress",
        s::SteamAPI_ISteamNetworkingSockets_CreateSocketPair => "CreateSocketPair",
        s::SteamAPI_ISteamNetworkingSockets_ConfigureConnectionLanes => "ConfigureConnectionLanes",
        s::SteamAPI_ISteamNetworkingSockets_GetIdentity => "GetIdentity",
        s::SteamAPI_ISteamNetworkingSockets_InitAuthentication => "InitAuthentication",
        s::SteamAPI_ISteamNetworkingSockets_GetAuthenticationStatus => "GetAuthenticationStatus",
        s::SteamAPI_ISteamNetworkingSockets_CreatePollGroup => "CreatePollGroup",
        s::SteamAPI_ISteamNetworkingSockets_DestroyPollGroup => "DestroyPollGroup",
        s::SteamAPI_ISteamNetworkingSockets_SetConnectionPollGroup => "SetConnectionPollGroup",
        s::SteamAPI_ISteamNetworkingSockets_ReceiveMessagesOnPollGroup => "ReceiveMessagesOnPollGroup",
        s::SteamAPI_ISteamNetworkingSockets_ReceivedRelayAuthTicket => "ReceivedRelayAuthTicket",
        s::SteamAPI_ISteamNetworkingSockets_FindRelayAuthTicketForServer => "FindRelayAuthTicketForServer",
        s::SteamAPI_ISteamNetworkingSockets_ConnectToHostedDedicatedServer => "ConnectToHostedDedicatedServer",
        s::SteamAPI_ISteamNetworkingSockets_GetHostedDedicatedServerPort => "GetHostedDedicatedServerPort",
        s::SteamAPI_ISteamNetworkingSockets_GetHostedDedicatedServerPOPID => "GetHostedDedicatedServerPOPID",
        s::SteamAPI_ISteamNetworkingSockets_GetHostedDedicatedServerAddress => "GetHostedDedicatedServerAddress",
        s::SteamAPI_ISteamNetworkingSockets_CreateHostedDedicatedServerListenSocket => "CreateHostedDedicatedServerListenSocket",
        s::SteamAPI_ISteamNetworkingSockets_GetGameCoordinatorServerLogin => "GetGameCoordinatorServerLogin",
        s::SteamAPI_ISteamNetworkingSockets_ConnectP2PCustomSignaling => "ConnectP2PCustomSignaling",
        s::SteamAPI_ISteamNetworkingSockets_ReceivedP2PCustomSignal => "ReceivedP2PCustomSignal",
        s::SteamAPI_ISteamNetworkingSockets_GetCertificateRequest => "GetCertificateRequest",
        s::SteamAPI_ISteamNetworkingSockets_SetCertificate => "SetCertificate",
        s::SteamAPI_ISteamNetworkingSockets_ResetIdentity => "ResetIdentity",
        s::SteamAPI_ISteamNetworkingSockets_RunCallbacks => "RunCallbacks",
        s::SteamAPI_ISteamNetworkingSockets_BeginAsyncRequestFakeIP => "BeginAsyncRequestFakeIP",
        s::SteamAPI_ISteamNetworkingSockets_GetFakeIP => "GetFakeIP",
        s::SteamAPI_ISteamNetworkingSockets_CreateListenSocketP2PFakeIP => "CreateListenSocketP2PFakeIP",
        s::SteamAPI_ISteamNetworkingSockets_GetRemoteFakeIPForConnection => "GetRemoteFakeIPForConnection",
        s::SteamAPI_ISteamNetworkingSockets_CreateFakeUDPPort => "CreateFakeUDPPort",
    ]
}

interface! {
    /// `ISteamNetworkingUtils`.
    Utils = "Utils", UTILS, UTILS_TABLE, UTILS_METHODS, [
        u::SteamAPI_ISteamNetworkingUtils_AllocateMessage => "AllocateMessage",
        u::SteamAPI_ISteamNetworkingUtils_GetRelayNetworkStatus => "GetRelayNetworkStatus",
        u::SteamAPI_ISteamNetworkingUtils_GetLocalPingLocation => "GetLocalPingLocation",
        u::SteamAPI_ISteamNetworkingUtils_EstimatePingTimeBetweenTwoLocations => "EstimatePingTimeBetweenTwoLocations",
        u::SteamAPI_ISteamNetworkingUtils_EstimatePingTimeFromLocalHost => "EstimatePingTimeFromLocalHost",
        u::SteamAPI_ISteamNetworkingUtils_ConvertPingLocationToString => "ConvertPingLocationToString",
        u::SteamAPI_ISteamNetworkingUtils_ParsePingLocationString => "ParsePingLocationString",
        u::SteamAPI_ISteamNetworkingUtils_CheckPingDataUpToDate => "CheckPingDataUpToDate",
        u::SteamAPI_ISteamNetworkingUtils_GetPingToDataCenter => "GetPingToDataCenter",
        u::SteamAPI_ISteamNetworkingUtils_GetDirectPingToPOP => "GetDirectPingToPOP",
        u::SteamAPI_ISteamNetworkingUtils_GetPOPCount => "GetPOPCount",
        u::SteamAPI_ISteamNetworkingUtils_GetPOPList => "GetPOPList",
        u::SteamAPI_ISteamNetworkingUtils_GetLocalTimestamp => "GetLocalTimestamp",
        u::SteamAPI_ISteamNetworkingUtils_SetDebugOutputFunction => "SetDebugOutputFunction",
        u::SteamAPI_ISteamNetworkingUtils_GetIPv4FakeIPType => "GetIPv4FakeIPType",
        u::SteamAPI_ISteamNetworkingUtils_GetRealIdentityForFakeIP => "GetRealIdentityForFakeIP",
        u::SteamAPI_ISteamNetworkingUtils_SetConfigValue => "SetConfigValue",
        u::SteamAPI_ISteamNetworkingUtils_GetConfigValue => "GetConfigValue",
        u::SteamAPI_ISteamNetworkingUtils_GetConfigValueInfo => "GetConfigValueInfo",
        u::SteamAPI_ISteamNetworkingUtils_IterateGenericEditableConfigValues => "IterateGenericEditableConfigValues",
        u::SteamAPI_ISteamNetworkingUtils_SteamNetworkingIPAddr_ToString => "SteamNetworkingIPAddr_ToString",
        u::SteamAPI_ISteamNetworkingUtils_SteamNetworkingIPAddr_ParseString => "SteamNetworkingIPAddr_ParseString",
        u::SteamAPI_ISteamNetworkingUtils_SteamNetworkingIPAddr_GetFakeIPType => "SteamNetworkingIPAddr_GetFakeIPType",
        u::SteamAPI_ISteamNetworkingUtils_SteamNetworkingIdentity_ToString => "SteamNetworkingIdentity_ToString",
        u::SteamAPI_ISteamNetworkingUtils_SteamNetworkingIdentity_ParseString => "SteamNetworkingIdentity_ParseString",
    ]
}

interface! {
    /// `ISteamNetworkingMessages`.
    Messages = "Messages", MESSAGES, MESSAGES_TABLE, MESSAGES_METHODS, [
        m::SteamAPI_ISteamNetworkingMessages_SendMessageToUser => "SendMessageToUser",
        m::SteamAPI_ISteamNetworkingMessages_ReceiveMessagesOnChannel => "ReceiveMessagesOnChannel",
        m::SteamAPI_ISteamNetworkingMessages_AcceptSessionWithUser => "AcceptSessionWithUser",
        m::SteamAPI_ISteamNetworkingMessages_CloseSessionWithUser => "CloseSessionWithUser",
        m::SteamAPI_ISteamNetworkingMessages_CloseChannelWithUser => "CloseChannelWithUser",
        m::SteamAPI_ISteamNetworkingMessages_GetSessionConnectionInfo => "GetSessionConnectionInfo",
    ]
}

/// An object of a class, handed out or passed in. Passed in, it says nothing: there is one of each.
#[derive(Debug)]
#[repr(transparent)]
pub struct Interface<T>(*mut c_void, PhantomData<T>);

impl<T> Interface<T> {
    /// No object.
    pub(crate) const NONE: Self = Self(null_mut(), PhantomData);

    /// The object as a number.
    pub(crate) fn address(&self) -> usize {
        self.0 as usize
    }

    /// The object as C has it.
    pub const fn as_ptr(&self) -> *mut c_void {
        self.0
    }
}

impl<T: Named> FromC for Interface<T> {
    type C = *mut c_void;
    fn name() -> String {
        format!("{}*", T::NAME)
    }
    unsafe fn from_c(c: *mut c_void) -> Self {
        Self(c, PhantomData)
    }
}

macro_rules! pointers {
    ($($type:ty = $name:literal, $none:expr;)+) => {
        $(impl ToC for $type {
            const NAME: &'static str = $name;
            const FAILED: Self = $none;
        })+
    };
}

pointers! {
    Interface<Sockets> = "Sockets*", Interface::NONE;
    Interface<Utils> = "Utils*", Interface::NONE;
    Interface<Messages> = "Messages*", Interface::NONE;
    Interface<Signaling> = "Signaling*", Interface::NONE;
    Interface<FakeUDPPort> = "FakeUDPPort*", Interface::NONE;
    *const c_char = "const char*", std::ptr::null();
    *const u8 = "const u8*", std::ptr::null();
    *const IPAddr = "const IPAddr*", std::ptr::null();
}

/// `ISteamNetworkingFakeUDPPort`.
#[derive(Clone, Copy, Debug)]
pub struct FakeUDPPort;

impl Named for FakeUDPPort {
    const NAME: &'static str = "FakeUDPPort";
}

/// `ISteamNetworkingConnectionSignaling`: made by the application, or by `custom_signaling`.
#[derive(Clone, Copy, Debug)]
pub struct Signaling;

impl Named for Signaling {
    const NAME: &'static str = "Signaling";
}

/// `ISteamNetworkingSignalingRecvContext`, made by the application.
#[derive(Clone, Copy, Debug)]
pub struct RecvContext;

impl Named for RecvContext {
    const NAME: &'static str = "RecvContext";
}

impl Interface<Signaling> {
    /// Calls the object's `Release`, if there is an object.
    pub(crate) fn release(&self) {
        /// Where the method stands.
        const RELEASE: usize = 1;
        type Release = unsafe extern "C" fn(*mut c_void);
        if self.0.is_null() {
            return;
        }
        // SAFETY: the caller's promise: an object of this class, whose first word is its table.
        let table = unsafe { self.0.cast::<*const Release>().read() };
        let slot = table.wrapping_add(RELEASE);
        // SAFETY: the class has two methods.
        let release = unsafe { slot.read() };
        // SAFETY: that is the method, and this its object.
        unsafe { release(self.0) };
    }
}

/// A signaling object made of functions.
#[repr(C)]
struct CustomSignaling {
    table: &'static [*const (); 2],
    context: Opaque,
    send: CustomSendSignal,
    release: CustomRelease,
}

static CUSTOM_TABLE: Table<2> = Table {
    offset_to_top: 0,
    type_info: std::ptr::null(),
    slots: [custom_send as *const (), custom_release as *const ()],
};

/// Makes a signaling object of a context and functions. It frees itself when it is released.
pub(crate) fn custom_signaling(
    context: Opaque,
    send: CustomSendSignal,
    release: CustomRelease,
) -> Interface<Signaling> {
    let object = CustomSignaling { table: &CUSTOM_TABLE.slots, context, send, release };
    Interface(Box::into_raw(Box::new(object)).cast(), PhantomData)
}

unsafe extern "C" fn custom_send(
    this: *const CustomSignaling,
    conn: u32,
    info: *const ConnInfo,
    signal: *const c_void,
    size: i32,
) -> bool {
    // SAFETY: only objects made by `custom_signaling` have this method, and this one was not released.
    let this = unsafe { &*this };
    guarded(|| this.send.call(this.context, conn, info, signal, size))
}

unsafe extern "C" fn custom_release(this: *mut CustomSignaling) {
    // SAFETY: only objects made by `custom_signaling` have this method, and they are released once.
    let this = unsafe { Box::from_raw(this) };
    guarded(|| this.release.call(this.context));
}

/// What the table of an interface leads to, for a test.
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_of_an_object_is_its_table() {
        let object = Sockets::object();
        let table = object.address() as *const *const *const ();
        // SAFETY: it was made just now.
        let slots = unsafe { table.read() };
        assert_eq!(slots, SOCKETS_TABLE.slots.as_ptr());
        assert_eq!((SOCKETS_TABLE.offset_to_top, SOCKETS_TABLE.type_info.is_null()), (0, true));
    }

    #[test]
    fn released_signaling_tells_its_maker_once() {
        static RELEASED: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
        unsafe extern "C" fn released(context: *mut c_void) {
            RELEASED.fetch_add(context as usize, std::sync::atomic::Ordering::Relaxed);
        }
        let made =
            custom_signaling(Opaque(7 as *mut c_void), CustomSendSignal(None), CustomRelease(Some(released)));
        made.release();
        assert_eq!(RELEASED.load(std::sync::atomic::Ordering::Relaxed), 7);
        Interface::<Signaling>::NONE.release();
    }
}
