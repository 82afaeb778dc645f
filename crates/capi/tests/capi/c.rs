//! Calling C functions: the only file of the tests with `unsafe`.

use GameNetworkingSockets::abi::structs::{ConnInfo, IPAddr, Identity, Message, StatusChanged};
use GameNetworkingSockets::exports::{library, sockets, utils};
use std::ffi::{CStr, CString, c_char, c_void};
use std::ptr::{null, null_mut};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// One call of an exported function.
macro_rules! c {
    ($call:expr) => {{
        // SAFETY: the tests pass null, or pointers to as much as the function asks for; where they break the rules of
        // the interface on purpose, they keep to those that the library promises to survive.
        unsafe { $call }
    }};
}

/// The interface that functions are called with; it is not looked at.
pub(crate) const THIS: *mut c_void = null_mut();

static LIBRARY: Mutex<()> = Mutex::new(());

/// The library, started; there is one per process, so tests take turns.
pub(crate) struct Started {
    _turn: MutexGuard<'static, ()>,
}

/// Waits for the library to be nobody's.
pub(crate) fn turn() -> MutexGuard<'static, ()> {
    LIBRARY.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn start() -> Started {
    let turn = turn();
    let mut text = [0; 1024];
    let room = (&raw mut text).cast();
    assert!(c!(library::GameNetworkingSockets_Init(null(), room)), "{}", text_of(&text));
    Started { _turn: turn }
}

impl Drop for Started {
    fn drop(&mut self) {
        c!(library::GameNetworkingSockets_Kill());
    }
}

/// A zeroed struct of plain numbers.
pub(crate) fn zeroed<T>() -> T {
    // SAFETY: the tests use it for structs of the C interface, for which zeros are a value.
    unsafe { std::mem::zeroed() }
}

/// A copy of what a pointer leads to.
pub(crate) fn copy<T: Copy>(from: *const T) -> T {
    assert!(!from.is_null());
    // SAFETY: the tests pass pointers to values that live.
    unsafe { from.read_unaligned() }
}

/// Changes a message in hand.
pub(crate) fn change(message: *mut Message, change: impl FnOnce(&mut Message)) {
    assert!(!message.is_null());
    // SAFETY: the test has it in hand.
    change(unsafe { &mut *message });
}

/// The bytes of a message in hand.
pub(crate) fn bytes(message: *mut Message) -> Vec<u8> {
    let (mut data, mut size) = (null_mut(), 0);
    change(message, |m| (data, size) = (m.data, m.size));
    if size == 0 {
        return Vec::new();
    }
    // SAFETY: the message says that so many bytes lie there.
    unsafe { std::slice::from_raw_parts(data.cast(), size as usize) }.to_vec()
}

/// Fills the bytes of a message in hand.
pub(crate) fn fill(message: *mut Message, from: &[u8]) {
    let (mut data, mut size) = (null_mut(), 0);
    change(message, |m| (data, size) = (m.data, m.size));
    assert_eq!(size as usize, from.len());
    // SAFETY: the message says that there is room for so many bytes.
    unsafe { std::ptr::copy_nonoverlapping(from.as_ptr(), data.cast(), from.len()) };
}

/// Calls the function that a message carries for its release, as C++ does.
pub(crate) fn release(message: *mut Message) {
    let mut function = None;
    change(message, |m| function = m.release);
    let function = function.expect("a message says how it is released");
    // SAFETY: that is what the function is for.
    unsafe { function(message) };
}

/// Takes a box apart that was given away as a pointer.
pub(crate) fn take_box(pointer: *mut u8, size: usize) -> Vec<u8> {
    // SAFETY: the tests made it of such a vector.
    unsafe { Vec::from_raw_parts(pointer, size, size) }
}

/// Calls any function with numbers in place of all its parameters. Further ones than it has are not looked at on this
/// platform.
pub(crate) fn call_raw(function: usize, arguments: [usize; 8]) -> usize {
    type Any = unsafe extern "C" fn(usize, usize, usize, usize, usize, usize, usize, usize) -> usize;
    // SAFETY: an exported function, called with what its type takes.
    let function = unsafe { std::mem::transmute::<usize, Any>(function) };
    let [a, b, c, d, e, f, g, h] = arguments;
    // SAFETY: as for `c!`.
    unsafe { function(a, b, c, d, e, f, g, h) }
}

/// The methods of an object.
pub(crate) fn methods(object: *const c_void, count: usize) -> Vec<usize> {
    let table: *const usize = copy(object.cast());
    (0..count).map(|slot| copy(table.wrapping_add(slot))).collect()
}

pub(crate) fn text_of(field: &[c_char]) -> String {
    let bytes: Vec<u8> = field.iter().map(|c| *c as u8).take_while(|b| *b != 0).collect();
    String::from_utf8(bytes).unwrap()
}

pub(crate) fn text_at(text: *const c_char) -> String {
    assert!(!text.is_null());
    // SAFETY: the library gives terminated text.
    unsafe { CStr::from_ptr(text) }.to_str().unwrap().to_owned()
}

pub(crate) fn text(text: &str) -> CString {
    CString::new(text).unwrap()
}

/// An address of this machine.
pub(crate) fn localhost(port: u16) -> IPAddr {
    let mut ipv6 = [0; 16];
    ipv6[10..].copy_from_slice(&[0xff, 0xff, 127, 0, 0, 1]);
    IPAddr { ipv6, port }
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

pub(crate) fn pair(network: bool) -> (u32, u32) {
    try_pair(network).expect("a pair")
}

pub(crate) fn try_pair(network: bool) -> Option<(u32, u32)> {
    let (mut a, mut b) = (0, 0);
    c!(sockets::SteamAPI_ISteamNetworkingSockets_CreateSocketPair(
        THIS,
        &raw mut a,
        &raw mut b,
        u8::from(network),
        null(),
        null()
    ))
    .then_some((a, b))
}

pub(crate) fn send(conn: u32, data: &[u8], flags: i32) -> i32 {
    c!(sockets::SteamAPI_ISteamNetworkingSockets_SendMessageToConnection(
        THIS,
        conn,
        data.as_ptr().cast(),
        data.len() as u32,
        flags,
        null_mut()
    ))
}

/// Fetches what is there.
pub(crate) fn receive(conn: u32, max: usize) -> Vec<*mut Message> {
    let mut out = vec![null_mut(); max];
    let count = c!(sockets::SteamAPI_ISteamNetworkingSockets_ReceiveMessagesOnConnection(
        THIS,
        conn,
        out.as_mut_ptr(),
        max as i32
    ));
    assert!(count >= 0, "a good handle");
    out.truncate(count as usize);
    out
}

/// Waits until something comes of `look`.
pub(crate) fn wait<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let patience = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < patience, "nothing came of it");
        std::thread::sleep(Duration::from_millis(1));
    }
}

pub(crate) fn close(conn: u32) -> bool {
    c!(sockets::SteamAPI_ISteamNetworkingSockets_CloseConnection(THIS, conn, 0, null(), 0))
}

pub(crate) fn info(conn: u32) -> Option<ConnInfo> {
    let mut info = zeroed();
    c!(sockets::SteamAPI_ISteamNetworkingSockets_GetConnectionInfo(THIS, conn, &raw mut info)).then_some(info)
}

pub(crate) fn run_callbacks() {
    c!(sockets::SteamAPI_ISteamNetworkingSockets_RunCallbacks(THIS));
}

pub(crate) fn allocate(size: i32) -> *mut Message {
    c!(utils::SteamAPI_ISteamNetworkingUtils_AllocateMessage(THIS, size))
}

/// Sends messages in hand. Returns the results and what is left in the array.
pub(crate) fn send_messages(messages: &[*mut Message], delete: bool) -> (Vec<i64>, Vec<*mut Message>) {
    let mut array = messages.to_vec();
    let mut results = vec![i64::MIN; array.len()];
    c!(sockets::SteamAPI_ISteamNetworkingSockets_SendMessages(
        THIS,
        array.len() as i32,
        array.as_mut_ptr(),
        results.as_mut_ptr(),
        u8::from(delete)
    ));
    (results, array)
}

pub(crate) static CHANGES: Mutex<Vec<StatusChanged>> = Mutex::new(Vec::new());

/// Keeps what it is told.
pub(crate) extern "C" fn on_change(change: *mut StatusChanged) {
    CHANGES.lock().unwrap_or_else(PoisonError::into_inner).push(copy(change));
}

/// What `on_change` was told since the last time.
pub(crate) fn changes() -> Vec<(u32, i32, i32)> {
    run_callbacks();
    let changes = std::mem::take(&mut *CHANGES.lock().unwrap_or_else(PoisonError::into_inner));
    changes.iter().map(|c| (c.conn, c.old_state, c.info.state)).collect()
}

pub(crate) fn listen_to_changes() {
    c!(utils::SteamAPI_ISteamNetworkingUtils_SetGlobalCallback_SteamNetConnectionStatusChanged(
        THIS,
        Some(on_change)
    ));
    CHANGES.lock().unwrap_or_else(PoisonError::into_inner).clear();
}

pub(crate) fn identity_text(identity: &Identity) -> String {
    let mut room = [0; 128];
    c!(library::SteamNetworkingIdentity_ToString(identity, room.as_mut_ptr(), room.len()));
    text_of(&room)
}
