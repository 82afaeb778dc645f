//! The peer's flat C interface, loaded while the program runs.
//!
//! The leaf with `unsafe`: calls into a foreign library have no safe form. What the library fills in
//! is read from plain byte buffers at fixed offsets, so that no foreign struct has to be described twice.

use libloading::Library;
use std::collections::VecDeque;
use std::ffi::{CStr, CString, OsStr, c_char, c_void};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::ptr;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// The peer's objects, as it hands them out.
type Object = *mut c_void;

/// Success, in the peer's result numbers.
pub const OK: i32 = 1;
/// The send buffer is full, in the peer's result numbers.
pub const LIMIT_EXCEEDED: i32 = 25;
/// Lines of the peer's log that are kept.
const LOG_LINES_MAX: usize = 4000;
/// Bytes of error texts.
const ERROR_BYTES: usize = 1024;
/// Bytes of the detailed status that are asked for.
const DETAILED_BYTES: usize = 32 * 1024;
/// Messages fetched by one call.
const FETCH: usize = 64;

const IDENTITY: usize = 136;
const INFO: usize = 696;
const STATUS_CHANGED: usize = 704;
const MESSAGE: usize = 216;

/// Room for one of the peer's structs; none of them wants a stricter alignment.
#[repr(C, align(8))]
struct Room<const N: usize>([u8; N]);

impl<const N: usize> Room<N> {
    const fn new() -> Self {
        Self([0; N])
    }

    const fn out(&mut self) -> *mut c_void {
        self.0.as_mut_ptr().cast()
    }
}

/// A setting: number, type and value as the C interface lays them out.
#[repr(C)]
#[derive(Clone, Copy)]
struct ConfigEntry {
    key: i32,
    kind: i32,
    value: [u8; 8],
}

/// The value of a setting.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    /// A whole number of 32 bits.
    Int(i32),
    /// A number with a fraction.
    Float(f32),
}

impl Value {
    fn entry(self, key: i32) -> ConfigEntry {
        let (kind, bytes) = match self {
            Self::Int(v) => (1, v.to_ne_bytes()),
            Self::Float(v) => (3, v.to_ne_bytes()),
        };
        let mut value = [0; 8];
        value[..4].copy_from_slice(&bytes);
        ConfigEntry { key, kind, value }
    }
}

/// What the peer says about one of its connections.
#[derive(Clone, Debug)]
pub struct Info {
    /// Text form of who is at the other end.
    pub identity: String,
    /// The listen socket it came in through; 0: none.
    pub listener: u32,
    /// The peer's number of the state.
    pub state: i32,
    /// The peer's number of the reason why it ended.
    pub end_reason: i32,
    /// The same in words.
    pub end_debug: String,
    /// The peer's bits about authentication and encryption.
    pub flags: i32,
}

/// A change of state that the peer reported.
#[derive(Clone, Debug)]
pub struct Change {
    /// Its handle.
    pub conn: u32,
    /// What is so now.
    pub info: Info,
}

/// A message that the peer received.
#[derive(Clone, Debug)]
pub struct Received {
    /// The payload.
    pub data: Vec<u8>,
    /// Its number.
    pub number: i64,
    /// The peer's bits about how it was sent.
    pub flags: i32,
    /// The lane it came on.
    pub lane: u16,
}

/// Figures about a connection.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    /// Round trip, milliseconds; negative: unknown.
    pub ping_ms: i32,
    /// Part of the packets that arrive here, 0 to 1; negative: unknown.
    pub quality_local: f32,
    /// The same at the other end.
    pub quality_remote: f32,
    /// Packets sent per second.
    pub out_packets: f32,
    /// Packets received per second.
    pub in_packets: f32,
}

/// Complaints that are kept.
const COMPLAINTS_MAX: usize = 20;
/// What the library's log says when it drops a packet as malformed or out of place, or finds itself in a state that
/// cannot be.
const COMPLAINTS: [&str; 2] = ["Ignored bad", "Assertion Failed"];

static COMPLAINED: Mutex<Vec<String>> = Mutex::new(Vec::new());
static SHOW: OnceLock<fn(&str)> = OnceLock::new();
static CHANGES: Mutex<Vec<(u32, Vec<u8>)>> = Mutex::new(Vec::new());
static LOG: Mutex<VecDeque<String>> = Mutex::new(VecDeque::new());

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

extern "C" fn on_change(change: *const u8) {
    // SAFETY: the library passes a struct of STATUS_CHANGED bytes that lives for the length of this call.
    let bytes = unsafe { std::slice::from_raw_parts(change, STATUS_CHANGED) };
    lock(&CHANGES).push((u32_at(bytes, 0), bytes[4..4 + INFO].to_vec()));
}

extern "C" fn on_log(_level: i32, text: *const c_char) {
    // SAFETY: the library passes a terminated string that lives for the length of this call.
    let text = unsafe { CStr::from_ptr(text) }.to_string_lossy().trim_end().to_owned();
    if COMPLAINTS.iter().any(|complaint| text.contains(complaint)) {
        // A failed assertion may be the last thing that this process does.
        if let Some(show) = SHOW.get() {
            show(&text);
        }
        let mut complained = lock(&COMPLAINED);
        if complained.len() < COMPLAINTS_MAX {
            complained.push(text.clone());
        }
    }
    let mut log = lock(&LOG);
    if log.len() >= LOG_LINES_MAX {
        log.pop_front();
    }
    log.push_back(text);
}

/// The latest lines of the peer's log, oldest first.
pub fn log_tail(lines: usize) -> Vec<String> {
    let log = lock(&LOG);
    log.iter().skip(log.len().saturating_sub(lines)).cloned().collect()
}

/// From now on `show` is told what the peer finds wrong, as soon as it does. Only the first call has an effect.
pub fn show_complaints(show: fn(&str)) {
    SHOW.get_or_init(|| show);
}

/// What the peer found wrong with our packets since the last call.
pub fn complaints() -> Vec<String> {
    std::mem::take(&mut *lock(&COMPLAINED))
}

/// How many of the kept lines of the peer's log hold the text.
pub fn log_count(text: &str) -> usize {
    lock(&LOG).iter().filter(|line| line.contains(text)).count()
}

macro_rules! functions {
    ($($field:ident = $symbol:literal: ($($arg:ty),*) $(-> $ret:ty)?;)*) => {
        struct Functions {
            $($field: unsafe extern "C" fn($($arg),*) $(-> $ret)?,)*
        }

        impl Functions {
            fn load(lib: &Library) -> Result<Self, String> {
                Ok(Self {
                    $($field: {
                        // SAFETY: the type is that of the library's public header; the pointer is used only while
                        // the library, which is never unloaded, is there.
                        let symbol = unsafe { lib.get::<unsafe extern "C" fn($($arg),*) $(-> $ret)?>($symbol) };
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
    listen = "SteamAPI_ISteamNetworkingSockets_CreateListenSocketIP": (Object, *const u8, i32, *const ConfigEntry) -> u32;
    connect = "SteamAPI_ISteamNetworkingSockets_ConnectByIPAddress": (Object, *const u8, i32, *const ConfigEntry) -> u32;
    accept = "SteamAPI_ISteamNetworkingSockets_AcceptConnection": (Object, u32) -> i32;
    close = "SteamAPI_ISteamNetworkingSockets_CloseConnection": (Object, u32, i32, *const c_char, bool) -> bool;
    send = "SteamAPI_ISteamNetworkingSockets_SendMessageToConnection": (Object, u32, *const u8, u32, i32, *mut i64) -> i32;
    send_many = "SteamAPI_ISteamNetworkingSockets_SendMessages": (Object, i32, *const *mut u8, *mut i64, bool);
    receive = "SteamAPI_ISteamNetworkingSockets_ReceiveMessagesOnConnection": (Object, u32, *mut *mut u8, i32) -> i32;
    info = "SteamAPI_ISteamNetworkingSockets_GetConnectionInfo": (Object, u32, *mut c_void) -> bool;
    status = "SteamAPI_ISteamNetworkingSockets_GetConnectionRealTimeStatus": (Object, u32, *mut c_void, i32, *mut c_void) -> i32;
    detailed = "SteamAPI_ISteamNetworkingSockets_GetDetailedConnectionStatus": (Object, u32, *mut u8, i32) -> i32;
    lanes = "SteamAPI_ISteamNetworkingSockets_ConfigureConnectionLanes": (Object, u32, i32, *const i32, *const u16) -> i32;
    run = "SteamAPI_ISteamNetworkingSockets_RunCallbacks": (Object);
    cert_request = "SteamAPI_ISteamNetworkingSockets_GetCertificateRequest": (Object, *mut i32, *mut u8, *mut c_char) -> bool;
    set_cert = "SteamAPI_ISteamNetworkingSockets_SetCertificate": (Object, *const u8, i32, *mut c_char) -> bool;
    allocate = "SteamAPI_ISteamNetworkingUtils_AllocateMessage": (Object, i32) -> *mut u8;
    release = "SteamAPI_SteamNetworkingMessage_t_Release": (*mut u8);
    set_config = "SteamAPI_ISteamNetworkingUtils_SetConfigValue": (Object, i32, i32, isize, i32, *const u8) -> bool;
    set_callback = "SteamAPI_ISteamNetworkingUtils_SetGlobalCallback_SteamNetConnectionStatusChanged": (Object, extern "C" fn(*const u8)) -> bool;
    set_log = "SteamAPI_ISteamNetworkingUtils_SetDebugOutputFunction": (Object, i32, extern "C" fn(i32, *const c_char));
    parse_identity = "SteamAPI_SteamNetworkingIdentity_ParseString": (*mut c_void, usize, *const c_char) -> bool;
    print_identity = "SteamAPI_SteamNetworkingIdentity_ToString": (*const u8, *mut c_char, usize);
}

/// Which object a setting is for.
#[derive(Clone, Copy, Debug)]
pub enum Scope {
    /// Everything.
    Global,
    /// A listen socket and what comes in through it.
    Listener(u32),
}

/// The peer's library with its one interface object. One per process, on one thread.
pub struct Gns {
    functions: Functions,
    sockets: Object,
    utils: Object,
}

impl Gns {
    /// Loads and starts the library. `identity` is its text form; without one the peer is nobody in particular.
    ///
    /// # Errors
    /// It cannot be loaded, lacks a function, or does not start: a text that says which.
    pub fn start(path: &OsStr, identity: Option<&str>) -> Result<Self, String> {
        // SAFETY: the library's initialisers are those of a C++ run time; they touch nothing of ours.
        let lib =
            unsafe { Library::new(path) }.map_err(|e| format!("cannot load {}: {e}", path.display()))?;
        let functions = Functions::load(&lib)?;
        // Threads of the library may still run when the process ends.
        std::mem::forget(lib);
        let mut who = Room::<IDENTITY>::new();
        let mut who_ptr = ptr::null();
        if let Some(text) = identity {
            let c = c_text(text)?;
            // SAFETY: the buffer has the size that is passed with it, and the text is terminated.
            let ok = unsafe { (functions.parse_identity)(who.out(), IDENTITY, c.as_ptr()) };
            if !ok {
                return Err(format!("the peer does not know the identity {text}"));
            }
            who_ptr = who.0.as_ptr();
        }
        // SAFETY: takes nothing; the object is static.
        let utils = unsafe { (functions.utils)() };
        // SAFETY: the function lives as long as the program and may be called from any thread.
        unsafe { (functions.set_log)(utils, 5, on_log) };
        let mut error = [0u8; ERROR_BYTES];
        // SAFETY: the identity is null or a struct of the right size, the error buffer has the size the header demands.
        let ok = unsafe { (functions.init)(who_ptr, error.as_mut_ptr().cast()) };
        if !ok {
            return Err(format!("the peer does not start: {}", text_in(&error)));
        }
        // SAFETY: takes nothing; the object lives until the library is shut down.
        let sockets = unsafe { (functions.sockets)() };
        if sockets.is_null() {
            return Err("the peer has no interface object".to_owned());
        }
        // SAFETY: the function lives as long as the program.
        unsafe { (functions.set_callback)(utils, on_change) };
        Ok(Self { functions, sockets, utils })
    }

    /// Listens on the address; its port must not be 0.
    ///
    /// # Errors
    /// The peer refuses.
    pub fn listen(&self, at: SocketAddr, options: &[(i32, Value)]) -> Result<u32, String> {
        let (at_bytes, options) = (address(at), entries(options));
        // SAFETY: the address has the interface's layout and the options are as many as is said.
        let id = unsafe {
            (self.functions.listen)(self.sockets, at_bytes.as_ptr(), options.len() as i32, options.as_ptr())
        };
        if id == 0 { Err(format!("the peer cannot listen on {at}")) } else { Ok(id) }
    }

    /// Starts to connect.
    ///
    /// # Errors
    /// The peer refuses.
    pub fn connect(&self, to: SocketAddr, options: &[(i32, Value)]) -> Result<u32, String> {
        let (to_bytes, options) = (address(to), entries(options));
        // SAFETY: the address has the interface's layout and the options are as many as is said.
        let id = unsafe {
            (self.functions.connect)(self.sockets, to_bytes.as_ptr(), options.len() as i32, options.as_ptr())
        };
        if id == 0 { Err(format!("the peer cannot connect to {to}")) } else { Ok(id) }
    }

    /// Accepts; gives the result number.
    pub fn accept(&self, conn: u32) -> i32 {
        // SAFETY: any number may be passed as a handle.
        unsafe { (self.functions.accept)(self.sockets, conn) }
    }

    /// Closes; `false` for a bad handle.
    ///
    /// # Errors
    /// The text holds a zero byte.
    pub fn close(&self, conn: u32, reason: i32, text: &str, linger: bool) -> Result<bool, String> {
        let text = c_text(text)?;
        // SAFETY: any number may be passed as a handle; the text is terminated and copied by the callee.
        Ok(unsafe { (self.functions.close)(self.sockets, conn, reason, text.as_ptr(), linger) })
    }

    /// Sends; gives the message's number or the result number.
    ///
    /// # Errors
    /// The peer's result number.
    pub fn send(&self, conn: u32, data: &[u8], flags: i32, lane: u16) -> Result<i64, i32> {
        if lane > 0 {
            return self.send_on_lane(conn, data, flags, lane);
        }
        let mut number = 0;
        // SAFETY: the data is as long as is said and copied by the callee; the number is ours.
        let result = unsafe {
            (self.functions.send)(
                self.sockets,
                conn,
                data.as_ptr(),
                data.len() as u32,
                flags,
                &raw mut number,
            )
        };
        if result == OK { Ok(number) } else { Err(result) }
    }

    fn send_on_lane(&self, conn: u32, data: &[u8], flags: i32, lane: u16) -> Result<i64, i32> {
        // SAFETY: the size is that of a slice and far below what the callee takes.
        let message = unsafe { (self.functions.allocate)(self.utils, data.len() as i32) };
        // SAFETY: the callee gave a message of its own, of which MESSAGE bytes are public and writable.
        let fields = unsafe { std::slice::from_raw_parts_mut(message, MESSAGE) };
        fields[12..16].copy_from_slice(&conn.to_ne_bytes());
        fields[196..200].copy_from_slice(&flags.to_ne_bytes());
        fields[208..210].copy_from_slice(&lane.to_ne_bytes());
        let payload = pointer_at(fields, 0);
        if !data.is_empty() {
            // SAFETY: the message was made with room for this many bytes, apart from ours.
            unsafe { ptr::copy_nonoverlapping(data.as_ptr(), payload, data.len()) };
        }
        let mut number = 0;
        // SAFETY: one message and one number, as is said; the callee takes the message over in any case.
        unsafe { (self.functions.send_many)(self.sockets, 1, &raw const message, &raw mut number, true) };
        if number > 0 { Ok(number) } else { Err(-number as i32) }
    }

    /// Everything that waits to be read on the connection.
    pub fn receive(&self, conn: u32) -> Vec<Received> {
        let mut all = Vec::new();
        loop {
            let mut messages = [ptr::null_mut(); FETCH];
            // SAFETY: there is room for as many pointers as is said.
            let n =
                unsafe { (self.functions.receive)(self.sockets, conn, messages.as_mut_ptr(), FETCH as i32) };
            let n = usize::try_from(n).unwrap_or(0);
            all.extend(messages[..n].iter().map(|&message| self.take(message)));
            if n < FETCH {
                return all;
            }
        }
    }

    fn take(&self, message: *mut u8) -> Received {
        // SAFETY: the callee gave a message, of which MESSAGE bytes are public; it stays until it is released below.
        let fields = unsafe { std::slice::from_raw_parts(message, MESSAGE) };
        let size = usize::try_from(i32_at(fields, 8)).unwrap_or(0);
        let payload = pointer_at(fields, 0);
        let data = if size == 0 {
            Vec::new()
        } else {
            // SAFETY: the message says that its payload has this size; it stays until the message is released.
            unsafe { std::slice::from_raw_parts(payload, size) }.to_vec()
        };
        let received = Received {
            data,
            number: i64::from_ne_bytes(array_at(fields, 168)),
            flags: i32_at(fields, 196),
            lane: u16::from_ne_bytes(array_at(fields, 208)),
        };
        // SAFETY: released once, and not touched afterwards.
        unsafe { (self.functions.release)(message) };
        received
    }

    /// Facts about a connection; `None` for a bad handle.
    pub fn info(&self, conn: u32) -> Option<Info> {
        let mut room = Room::<INFO>::new();
        // SAFETY: the room has the size of the struct that is filled in.
        let ok = unsafe { (self.functions.info)(self.sockets, conn, room.out()) };
        ok.then(|| self.read_info(&room.0))
    }

    fn read_info(&self, bytes: &[u8]) -> Info {
        let mut text = [0u8; 128];
        // SAFETY: the identity stands at the start of the struct; the buffer has the size that is passed with it.
        unsafe { (self.functions.print_identity)(bytes.as_ptr(), text.as_mut_ptr().cast(), text.len()) };
        Info {
            identity: text_in(&text),
            listener: u32_at(bytes, 144),
            state: i32_at(bytes, 176),
            end_reason: i32_at(bytes, 180),
            end_debug: text_in(&bytes[184..312]),
            flags: i32_at(bytes, 440),
        }
    }

    /// Figures about a connection.
    pub fn figures(&self, conn: u32) -> Option<Figures> {
        let mut room = Room::<120>::new();
        // SAFETY: the room has the size of the struct that is filled in; no lanes are asked for.
        let result = unsafe { (self.functions.status)(self.sockets, conn, room.out(), 0, ptr::null_mut()) };
        (result == OK).then(|| Figures {
            ping_ms: i32_at(&room.0, 4),
            quality_local: f32_at(&room.0, 8),
            quality_remote: f32_at(&room.0, 12),
            out_packets: f32_at(&room.0, 16),
            in_packets: f32_at(&room.0, 24),
        })
    }

    /// Everything the peer knows about a connection, as text.
    pub fn detailed(&self, conn: u32) -> String {
        let mut text = vec![0u8; DETAILED_BYTES];
        // SAFETY: the buffer has the size that is passed with it.
        unsafe { (self.functions.detailed)(self.sockets, conn, text.as_mut_ptr(), DETAILED_BYTES as i32) };
        text_in(&text)
    }

    /// Sets up lanes; gives the result number.
    pub fn lanes(&self, conn: u32, lanes: &[(i32, u16)]) -> i32 {
        let (priorities, weights): (Vec<i32>, Vec<u16>) = lanes.iter().copied().unzip();
        let count = lanes.len() as i32;
        // SAFETY: both lists are as long as is said.
        unsafe { (self.functions.lanes)(self.sockets, conn, count, priorities.as_ptr(), weights.as_ptr()) }
    }

    /// Changes a setting.
    ///
    /// # Errors
    /// The peer does not take it.
    pub fn configure(&self, scope: Scope, key: i32, value: Value) -> Result<(), String> {
        let (number, object) = match scope {
            Scope::Global => (1, 0),
            Scope::Listener(id) => (3, id as isize),
        };
        let entry = value.entry(key);
        // SAFETY: the value has the type that is said and is copied by the callee.
        let ok = unsafe {
            (self.functions.set_config)(self.utils, key, number, object, entry.kind, entry.value.as_ptr())
        };
        if ok { Ok(()) } else { Err(format!("the peer does not take setting {key} = {value:?} ({scope:?})")) }
    }

    /// Lets the peer report, and gives what it reported since the last call.
    pub fn changes(&self) -> Vec<Change> {
        // SAFETY: the object lives until the library is shut down.
        unsafe { (self.functions.run)(self.sockets) };
        let raw = std::mem::take(&mut *lock(&CHANGES));
        raw.into_iter().map(|(conn, bytes)| Change { conn, info: self.read_info(&bytes) }).collect()
    }

    /// The blob with which the peer asks an authority for a certificate.
    ///
    /// # Errors
    /// The peer's reason.
    pub fn certificate_request(&self) -> Result<Vec<u8>, String> {
        let mut blob = vec![0u8; 4096];
        let mut len = blob.len() as i32;
        let mut error = [0u8; ERROR_BYTES];
        // SAFETY: both buffers have the sizes that the interface knows of.
        let ok = unsafe {
            (self.functions.cert_request)(
                self.sockets,
                &raw mut len,
                blob.as_mut_ptr(),
                error.as_mut_ptr().cast(),
            )
        };
        blob.truncate(usize::try_from(len).unwrap_or(0));
        if ok { Ok(blob) } else { Err(text_in(&error)) }
    }

    /// Gives the peer a certificate.
    ///
    /// # Errors
    /// The peer's reason.
    pub fn set_certificate(&self, blob: &[u8]) -> Result<(), String> {
        let mut error = [0u8; ERROR_BYTES];
        // SAFETY: the blob is as long as is said, the error buffer has the size the header demands.
        let ok = unsafe {
            (self.functions.set_cert)(
                self.sockets,
                blob.as_ptr(),
                blob.len() as i32,
                error.as_mut_ptr().cast(),
            )
        };
        if ok { Ok(()) } else { Err(text_in(&error)) }
    }
}

impl Drop for Gns {
    fn drop(&mut self) {
        // SAFETY: nothing of the library is used afterwards.
        unsafe { (self.functions.kill)() };
    }
}

fn entries(options: &[(i32, Value)]) -> Vec<ConfigEntry> {
    options.iter().map(|(key, value)| value.entry(*key)).collect()
}

/// The address in the interface's layout: IPv6 (or mapped IPv4), then the port in the machine's byte order.
fn address(at: SocketAddr) -> [u8; 18] {
    let ip: Ipv6Addr = match at.ip() {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => v6,
    };
    let mut bytes = [0; 18];
    bytes[..16].copy_from_slice(&ip.octets());
    bytes[16..].copy_from_slice(&at.port().to_ne_bytes());
    bytes
}

fn c_text(text: &str) -> Result<CString, String> {
    CString::new(text).map_err(|_| format!("{text:?} holds a zero byte"))
}

fn text_in(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

/// `N` bytes at an offset; zeros beyond the end, which the fixed sizes above rule out.
fn array_at<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).copied().unwrap_or([0; N])
}

fn i32_at(bytes: &[u8], at: usize) -> i32 {
    i32::from_ne_bytes(array_at(bytes, at))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_ne_bytes(array_at(bytes, at))
}

fn f32_at(bytes: &[u8], at: usize) -> f32 {
    f32::from_ne_bytes(array_at(bytes, at))
}

/// A pointer that the library stored at an offset.
fn pointer_at(bytes: &[u8], at: usize) -> *mut u8 {
    ptr::with_exposed_provenance_mut(usize::from_ne_bytes(array_at(bytes, at)))
}
