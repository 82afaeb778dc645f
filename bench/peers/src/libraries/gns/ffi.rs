//! The C interface of the library, loaded at run time. The leaf with `unsafe`: calls into a foreign library have no
//! safe form. What it fills in is read from byte buffers at fixed offsets, so that no foreign struct is described here.

use bench_common::Result;
use libloading::Library;
use std::ffi::{CStr, OsStr, c_char, c_void};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::ptr;
use std::sync::{Mutex, PoisonError};

type Object = *mut c_void;

/// Success, and a full send buffer, in the library's result numbers.
const OK: i32 = 1;
const LIMIT_EXCEEDED: i32 = 25;
/// Bytes of a report about a connection's state, of the public part of a message, of an error text.
const STATUS_CHANGED: usize = 704;
const MESSAGE: usize = 216;
const ERROR: usize = 1024;
/// Messages fetched by one call.
const FETCH: usize = 256;
/// Changes that wait to be asked for.
const CHANGES_MAX: usize = 200_000;

/// What became of a connection.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) connection: u32,
    /// The listen socket it came through; 0: none.
    pub(super) listener: u32,
    pub(super) old: i32,
    pub(super) new: i32,
    pub(super) reason: i32,
    pub(super) text: String,
}

static CHANGES: Mutex<Vec<Change>> = Mutex::new(Vec::new());

extern "C" fn on_change(change: *const u8) {
    // SAFETY: the library passes a struct of STATUS_CHANGED bytes that lives for the length of this call.
    let bytes = unsafe { std::slice::from_raw_parts(change, STATUS_CHANGED) };
    let at = |offset| i32::from_ne_bytes(array_at(bytes, offset));
    let change = Change {
        connection: at(0).cast_unsigned(),
        listener: at(4 + 144).cast_unsigned(),
        old: at(700),
        new: at(4 + 176),
        reason: at(4 + 180),
        text: text_in(bytes.get(4 + 184..4 + 312).unwrap_or_default()),
    };
    let mut changes = CHANGES.lock().unwrap_or_else(PoisonError::into_inner);
    if changes.len() < CHANGES_MAX {
        changes.push(change);
    }
}

macro_rules! functions {
    ($($field:ident = $symbol:literal: ($($arg:ty),*) $(-> $ret:ty)?;)*) => {
        struct Functions {
            $($field: unsafe extern "C" fn($($arg),*) $(-> $ret)?,)*
        }

        impl Functions {
            fn load(library: &Library) -> Result<Self> {
                Ok(Self {
                    $($field: {
                        // SAFETY: the type is that of the library's public header; the library is never unloaded.
                        let symbol = unsafe { library.get::<unsafe extern "C" fn($($arg),*) $(-> $ret)?>($symbol) };
                        *symbol.map_err(|e| format!("the library lacks a function: {e}"))?
                    },)*
                })
            }
        }
    };
}

functions! {
    init = "GameNetworkingSockets_Init": (*const u8, *mut c_char) -> bool;
    kill = "GameNetworkingSockets_Kill": ();
    sockets = "SteamAPI_SteamNetworkingSockets_v009": () -> Object;
    utils = "SteamAPI_SteamNetworkingUtils_v003": () -> Object;
    listen = "SteamAPI_ISteamNetworkingSockets_CreateListenSocketIP": (Object, *const u8, i32, *const c_void) -> u32;
    connect = "SteamAPI_ISteamNetworkingSockets_ConnectByIPAddress": (Object, *const u8, i32, *const c_void) -> u32;
    accept = "SteamAPI_ISteamNetworkingSockets_AcceptConnection": (Object, u32) -> i32;
    close = "SteamAPI_ISteamNetworkingSockets_CloseConnection": (Object, u32, i32, *const c_char, bool) -> bool;
    send = "SteamAPI_ISteamNetworkingSockets_SendMessageToConnection": (Object, u32, *const u8, u32, i32, *mut i64) -> i32;
    create_group = "SteamAPI_ISteamNetworkingSockets_CreatePollGroup": (Object) -> u32;
    set_group = "SteamAPI_ISteamNetworkingSockets_SetConnectionPollGroup": (Object, u32, u32) -> bool;
    receive = "SteamAPI_ISteamNetworkingSockets_ReceiveMessagesOnPollGroup": (Object, u32, *mut *mut u8, i32) -> i32;
    run = "SteamAPI_ISteamNetworkingSockets_RunCallbacks": (Object);
    release = "SteamAPI_SteamNetworkingMessage_t_Release": (*mut u8);
    set_int = "SteamAPI_ISteamNetworkingUtils_SetGlobalConfigValueInt32": (Object, i32, i32) -> bool;
    set_callback = "SteamAPI_ISteamNetworkingUtils_SetGlobalCallback_SteamNetConnectionStatusChanged": (Object, extern "C" fn(*const u8)) -> bool;
}

/// Whether a message was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    Yes,
    /// The send buffer is full.
    Full,
    /// The library's result number.
    Refused(i32),
}

/// The library with one poll group. One per process, on one thread.
pub(super) struct Gns {
    functions: Functions,
    sockets: Object,
    utils: Object,
    group: u32,
}

impl Gns {
    /// Loads and starts the library.
    pub(super) fn start(path: &OsStr) -> Result<Self> {
        // SAFETY: the library's initialisers are those of a C++ run time; they touch nothing of ours.
        let library = unsafe { Library::new(path) }.map_err(|e| format!("{}: {e}", path.display()))?;
        let functions = Functions::load(&library)?;
        // Threads of the library may still run when the process ends.
        std::mem::forget(library);
        let mut error = [0u8; ERROR];
        // SAFETY: no identity is given; the error buffer has the size the header demands.
        let ok = unsafe { (functions.init)(ptr::null(), error.as_mut_ptr().cast()) };
        if !ok {
            return Err(format!("the library does not start: {}", text_in(&error)).into());
        }
        // SAFETY: takes nothing; the object lives until the library is shut down.
        let sockets = unsafe { (functions.sockets)() };
        // SAFETY: takes nothing; the object is static.
        let utils = unsafe { (functions.utils)() };
        if sockets.is_null() || utils.is_null() {
            return Err("the library has no interface object".into());
        }
        // SAFETY: the function lives as long as the program.
        unsafe { (functions.set_callback)(utils, on_change) };
        // SAFETY: the object is the one that the library gave.
        let group = unsafe { (functions.create_group)(sockets) };
        Ok(Self { functions, sockets, utils, group })
    }

    /// Changes a global setting by its number.
    pub(super) fn configure(&self, key: i32, value: i32) -> Result<()> {
        // SAFETY: the object is the one that the library gave.
        let ok = unsafe { (self.functions.set_int)(self.utils, key, value) };
        if ok { Ok(()) } else { Err(format!("the library does not take setting {key} = {value}").into()) }
    }

    /// Listens on the address; its port must not be 0.
    pub(super) fn listen(&self, at: SocketAddr) -> Result<()> {
        // SAFETY: the address has the interface's layout, and there are no options.
        let id = unsafe { (self.functions.listen)(self.sockets, address(at).as_ptr(), 0, ptr::null()) };
        if id == 0 { Err(format!("the library cannot listen on {at}").into()) } else { Ok(()) }
    }

    /// Starts to connect; what is received goes to the poll group.
    pub(super) fn connect(&self, to: SocketAddr) -> Result<u32> {
        // SAFETY: the address has the interface's layout, and there are no options.
        let id = unsafe { (self.functions.connect)(self.sockets, address(to).as_ptr(), 0, ptr::null()) };
        if id == 0 {
            return Err(format!("the library cannot connect to {to}").into());
        }
        self.read_with_the_others(id);
        Ok(id)
    }

    /// Accepts; what is received goes to the poll group.
    pub(super) fn accept(&self, connection: u32) -> bool {
        self.read_with_the_others(connection);
        // SAFETY: any number may be passed as a handle.
        unsafe { (self.functions.accept)(self.sockets, connection) == OK }
    }

    fn read_with_the_others(&self, connection: u32) {
        // SAFETY: any numbers may be passed as handles.
        unsafe { (self.functions.set_group)(self.sockets, connection, self.group) };
    }

    /// Closes at once.
    pub(super) fn close(&self, connection: u32) {
        // SAFETY: any number may be passed as a handle; no text is a permitted text.
        unsafe { (self.functions.close)(self.sockets, connection, 0, ptr::null(), false) };
    }

    /// Sends a copy of the data.
    pub(super) fn send(&self, connection: u32, data: &[u8], flags: i32) -> Sent {
        let (at, length) = (data.as_ptr(), data.len() as u32);
        // SAFETY: the data is as long as is said and copied by the callee; no number is asked for.
        match unsafe { (self.functions.send)(self.sockets, connection, at, length, flags, ptr::null_mut()) } {
            OK => Sent::Yes,
            LIMIT_EXCEEDED => Sent::Full,
            other => Sent::Refused(other),
        }
    }

    /// Shows every message that has come: its connection and its bytes. Gives how many there were.
    pub(super) fn receive(&self, mut show: impl FnMut(u32, &[u8])) -> usize {
        let mut count = 0;
        loop {
            let mut messages = [ptr::null_mut(); FETCH];
            // SAFETY: there is room for as many pointers as is said.
            let n = unsafe {
                (self.functions.receive)(self.sockets, self.group, messages.as_mut_ptr(), FETCH as i32)
            };
            let n = usize::try_from(n).unwrap_or(0);
            messages.iter().take(n).for_each(|&message| self.show(message, &mut show));
            count += n;
            if n < FETCH {
                return count;
            }
        }
    }

    fn show(&self, message: *mut u8, show: &mut impl FnMut(u32, &[u8])) {
        // SAFETY: the callee gave a message, of which MESSAGE bytes are public; it stays until it is released below.
        let fields = unsafe { std::slice::from_raw_parts(message, MESSAGE) };
        let size = usize::try_from(i32::from_ne_bytes(array_at(fields, 8))).unwrap_or(0);
        let payload: *const u8 = ptr::with_exposed_provenance(usize::from_ne_bytes(array_at(fields, 0)));
        if size > 0 {
            // SAFETY: the message says that its payload has this size; it stays until the message is released.
            let data = unsafe { std::slice::from_raw_parts(payload, size) };
            show(u32::from_ne_bytes(array_at(fields, 12)), data);
        }
        // SAFETY: released once, and not touched afterwards.
        unsafe { (self.functions.release)(message) };
    }

    /// Everything that became of connections since the last call.
    pub(super) fn changes(&self) -> Vec<Change> {
        // SAFETY: the object lives until the library is shut down.
        unsafe { (self.functions.run)(self.sockets) };
        std::mem::take(&mut *CHANGES.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Gns {
    fn drop(&mut self) {
        // SAFETY: nothing of the library is used afterwards.
        unsafe { (self.functions.kill)() };
    }
}

/// The address in the interface's layout: IPv6 (or mapped IPv4), then the port in the machine's byte order.
fn address(at: SocketAddr) -> [u8; 18] {
    let ip: Ipv6Addr = match at.ip() {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => v6,
    };
    let mut bytes = [0; 18];
    let (front, port) = bytes.split_at_mut(16);
    front.copy_from_slice(&ip.octets());
    port.copy_from_slice(&at.port().to_ne_bytes());
    bytes
}

fn text_in(bytes: &[u8]) -> String {
    CStr::from_bytes_until_nul(bytes).map(|text| text.to_string_lossy().into_owned()).unwrap_or_default()
}

/// `N` bytes at an offset; zeros beyond the end, which the fixed sizes above rule out.
fn array_at<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).copied().unwrap_or([0; N])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_the_layout_of_the_interface() {
        let bytes = address(([127, 0, 0, 1], 0x1234).into());
        assert_eq!(bytes[..16], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1]);
        assert_eq!(bytes[16..], 0x1234u16.to_ne_bytes());
    }

    #[test]
    fn what_is_no_library_is_refused_by_name() {
        let error = Gns::start(OsStr::new("no-such-library.so")).err().unwrap();
        assert!(error.to_string().contains("no-such-library.so"));
    }
}
