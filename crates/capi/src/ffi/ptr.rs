//! Pointers of the caller, for the length of one call.
//!
//! The promise of every exported function is that a pointer is null or leads to as much memory of its type as the call
//! says, and that nobody else writes there meanwhile. [`FromC::from_c`] is where that promise enters; the types it makes
//! borrow for the call and cannot be kept.

use crate::abi::structs::{
    AuthStatus, ConfigValue, ConnInfo, ErrMsg, FakeIPResult, HostedAddress, IPAddr, Identity, LaneStatus,
    PingLocation, RealTimeStatus, RelayStatus, ServerLogin, Ticket,
};
use std::ffi::{c_char, c_void};
use std::marker::PhantomData;

/// A parameter of an exported function.
pub trait FromC: Sized {
    /// What C passes.
    type C;

    /// The type's name in the tables of the interface.
    fn name() -> String;

    /// Takes over what C passed.
    ///
    /// # Safety
    /// Pointers are null or lead to memory of their type that stays as it is during `Self`'s lifetime, and that may be
    /// written to if `Self` writes: one value, or as many as another parameter of the same call says.
    unsafe fn from_c(c: Self::C) -> Self;
}

/// What an exported function returns.
pub trait ToC {
    /// The type's name in the tables of the interface.
    const NAME: &'static str;
    /// Returned if the function fails in a way that must not happen.
    const FAILED: Self;
}

macro_rules! numbers {
    ($($type:ty = $name:literal, $failed:expr;)+) => {
        $(
            impl FromC for $type {
                type C = Self;
                fn name() -> String {
                    $name.to_owned()
                }
                unsafe fn from_c(c: Self) -> Self {
                    c
                }
            }
            impl ToC for $type {
                const NAME: &'static str = $name;
                const FAILED: Self = $failed;
            }
        )+
    };
}

numbers! {
    i32 = "i32", 0;
    i64 = "i64", 0;
    u16 = "u16", 0;
    u32 = "u32", 0;
    u64 = "u64", 0;
    isize = "isize", 0;
    usize = "usize", 0;
    f32 = "f32", 0.0;
}

impl FromC for bool {
    /// Whatever C thinks of as a truth value: only 0 is false.
    type C = u8;
    fn name() -> String {
        "bool".to_owned()
    }
    unsafe fn from_c(c: u8) -> Self {
        c != 0
    }
}

impl ToC for bool {
    const NAME: &'static str = "bool";
    const FAILED: Self = false;
}

impl ToC for () {
    const NAME: &'static str = "void";
    const FAILED: Self = ();
}

/// A type of which any bytes are a value, and which may lie at any address.
///
/// # Safety
/// That is true of the type.
pub unsafe trait Plain: Copy + 'static {
    /// The type's name in the tables of the interface.
    const NAME: &'static str;
}

macro_rules! plain {
    ($($type:ty = $name:literal),+ $(,)?) => {
        $(
            // SAFETY: it is made of integers, floats and arrays of them, or of pointers that are only numbers to us.
            unsafe impl Plain for $type {
                const NAME: &'static str = $name;
            }
        )+
    };
}

plain! {
    i32 = "i32", i64 = "i64", u8 = "u8", u16 = "u16", u32 = "u32", u64 = "u64", usize = "usize",
    *const c_void = "const void*", *const c_char = "const char*",
    IPAddr = "IPAddr", Identity = "Identity", ConnInfo = "ConnInfo", RealTimeStatus = "RealTimeStatus",
    LaneStatus = "LaneStatus", ConfigValue = "ConfigValue", AuthStatus = "AuthStatus", RelayStatus = "RelayStatus",
    PingLocation = "PingLocation", FakeIPResult = "FakeIPResult", Ticket = "Ticket",
    HostedAddress = "HostedAddress", ServerLogin = "ServerLogin", ErrMsg = "ErrMsg",
}

/// A value of zeros.
pub(crate) fn zeroed<T: Plain>() -> T {
    // SAFETY: any bytes are a value of the type.
    unsafe { std::mem::zeroed() }
}

/// The value that begins at `at` bytes; `None` if there are too few.
pub(crate) fn read<T: Plain>(bytes: &[u8], at: usize) -> Option<T> {
    let bytes = bytes.get(at..)?;
    (bytes.len() >= size_of::<T>()).then(|| {
        // SAFETY: there are enough bytes, and any bytes are a value of the type.
        unsafe { bytes.as_ptr().cast::<T>().read_unaligned() }
    })
}

/// The caller's values to read.
#[derive(Clone, Copy)]
pub struct In<'a, T>(*const T, PhantomData<&'a T>);

/// The caller's values to write, and to read before.
#[derive(Clone, Copy)]
pub struct Out<'a, T>(*mut T, PhantomData<&'a T>);

impl<T: Plain> FromC for In<'_, T> {
    type C = *const T;
    fn name() -> String {
        format!("const {}*", T::NAME)
    }
    unsafe fn from_c(c: *const T) -> Self {
        Self(c, PhantomData)
    }
}

impl<T: Plain> FromC for Out<'_, T> {
    type C = *mut T;
    fn name() -> String {
        format!("{}*", T::NAME)
    }
    unsafe fn from_c(c: *mut T) -> Self {
        Self(c, PhantomData)
    }
}

impl<T: Plain> In<'_, T> {
    /// The value, if there is one.
    pub(crate) fn get(self) -> Option<T> {
        self.at(0)
    }

    /// One of several values, if there are any; `index` is below the number that the caller gave.
    pub(crate) fn at(self, index: usize) -> Option<T> {
        if self.0.is_null() {
            return None;
        }
        let place = self.0.wrapping_add(index);
        // SAFETY: not null, so that the caller's promise holds: there is a value here.
        Some(unsafe { place.read_unaligned() })
    }

    /// Whether there is none.
    pub(crate) const fn is_null(self) -> bool {
        self.0.is_null()
    }
}

impl<T: Plain> Out<'_, T> {
    /// Writes the value, if there is a place for it.
    pub(crate) fn set(self, value: T) {
        self.set_at(0, value);
    }

    /// Writes one of several values, if there is a place for it; `index` is below the number that the caller gave.
    pub(crate) fn set_at(self, index: usize, value: T) {
        if !self.0.is_null() {
            let place = self.0.wrapping_add(index);
            // SAFETY: not null, so that the caller's promise holds: there is a place for a value here.
            unsafe { place.write_unaligned(value) };
        }
    }

    /// What is there now, if there is a place.
    pub(crate) fn get(self) -> Option<T> {
        In(self.0.cast_const(), PhantomData).get()
    }

    /// Whether there is no place.
    pub(crate) const fn is_null(self) -> bool {
        self.0.is_null()
    }

    /// The address of the byte `offset` behind the start, to be handed back to the caller.
    pub(crate) const fn address(self, offset: usize) -> *const c_void {
        self.0.cast::<u8>().wrapping_add(offset).cast_const().cast()
    }
}

/// Bytes of the caller's to read, `const void*`.
#[derive(Clone, Copy)]
pub struct Bytes<'a>(*const c_void, PhantomData<&'a u8>);

impl FromC for Bytes<'_> {
    type C = *const c_void;
    fn name() -> String {
        "const void*".to_owned()
    }
    unsafe fn from_c(c: *const c_void) -> Self {
        Self(c, PhantomData)
    }
}

impl<'a> Bytes<'a> {
    /// The bytes, of which the caller says there are `len`. `None` for null, unless there are none.
    pub(crate) fn get(self, len: usize) -> Option<&'a [u8]> {
        if len == 0 {
            return Some(&[]);
        }
        if self.0.is_null() || isize::try_from(len).is_err() {
            return None;
        }
        // SAFETY: not null, so that the caller's promise holds: `len` bytes that nobody writes to during the call.
        Some(unsafe { std::slice::from_raw_parts(self.0.cast(), len) })
    }

    /// The number of type `T` that lies there, if anything does.
    pub(crate) fn number<T: Plain>(self) -> Option<T> {
        In::<T>(self.0.cast(), PhantomData).get()
    }

    /// The terminated text that lies there.
    pub(crate) fn text(self) -> Text<'a> {
        Text(self.0.cast(), PhantomData)
    }

    /// Whether there is nothing.
    pub(crate) const fn is_null(self) -> bool {
        self.0.is_null()
    }
}

/// Room of the caller's for bytes, `void*`.
#[derive(Clone, Copy)]
pub struct Room<'a>(*mut c_void, PhantomData<&'a u8>);

impl FromC for Room<'_> {
    type C = *mut c_void;
    fn name() -> String {
        "void*".to_owned()
    }
    unsafe fn from_c(c: *mut c_void) -> Self {
        Self(c, PhantomData)
    }
}

impl Room<'_> {
    /// Writes the bytes, for which the caller has room, if it is there.
    pub(crate) fn put(self, bytes: &[u8]) {
        if !self.0.is_null() {
            // SAFETY: not null, so that the caller's promise holds: there is room for as many bytes as it said, and
            // they are not ours.
            unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), self.0.cast(), bytes.len()) };
        }
    }

    /// Whether there is none.
    pub(crate) const fn is_null(self) -> bool {
        self.0.is_null()
    }
}

/// Terminated text of the caller's, `const char*`.
#[derive(Clone, Copy)]
pub struct Text<'a>(*const c_char, PhantomData<&'a u8>);

impl FromC for Text<'_> {
    type C = *const c_char;
    fn name() -> String {
        "const char*".to_owned()
    }
    unsafe fn from_c(c: *const c_char) -> Self {
        Self(c, PhantomData)
    }
}

impl<'a> Text<'a> {
    /// The bytes before the end of the text, or the first `max + 1` if it is longer. `None` for null.
    pub(crate) fn bytes(self, max: usize) -> Option<&'a [u8]> {
        if self.0.is_null() {
            return None;
        }
        let end = |at: &usize| {
            let place = self.0.wrapping_add(*at);
            // SAFETY: not null, so that the caller's promise holds: text up to its end, and no byte behind that is read.
            unsafe { place.read() == 0 }
        };
        let len = (0..=max).find(end).unwrap_or_else(|| max.saturating_add(1));
        // SAFETY: as many bytes were looked at just now.
        Some(unsafe { std::slice::from_raw_parts(self.0.cast(), len) })
    }

    /// The text; `None` for null, and if it has more than `max` bytes or is not UTF-8.
    pub(crate) fn get(self, max: usize) -> Option<&'a str> {
        let bytes = self.bytes(max).filter(|b| b.len() <= max)?;
        std::str::from_utf8(bytes).ok()
    }

    /// The text, what is too long cut off and what is not UTF-8 replaced. Empty for null.
    pub(crate) fn lossy(self, max: usize) -> String {
        let bytes = self.bytes(max).unwrap_or_default();
        String::from_utf8_lossy(bytes.get(..max).unwrap_or(bytes)).into_owned()
    }

    /// Where it lies, to be kept for the caller.
    pub(crate) fn address(self) -> usize {
        self.0 as usize
    }

    /// Whether there is none.
    pub(crate) const fn is_null(self) -> bool {
        self.0.is_null()
    }
}

/// Room of the caller's for text, `char*`.
#[derive(Clone, Copy)]
pub struct TextRoom<'a>(*mut c_char, PhantomData<&'a u8>);

impl FromC for TextRoom<'_> {
    type C = *mut c_char;
    fn name() -> String {
        "char*".to_owned()
    }
    unsafe fn from_c(c: *mut c_char) -> Self {
        Self(c, PhantomData)
    }
}

impl TextRoom<'_> {
    /// Writes as much of the text as fits into `room` bytes, with its end. Nothing if there is no room.
    pub(crate) fn put(self, text: &str, room: usize) {
        if room == 0 {
            return;
        }
        let mut end = text.len().min(room - 1);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let bytes = text.as_bytes().get(..end).unwrap_or_default();
        let room = Room(self.0.cast(), PhantomData);
        room.put(bytes);
        Room(self.0.wrapping_add(end).cast(), PhantomData).put_end(self.0.is_null());
    }

    /// Whether there is none.
    pub(crate) const fn is_null(self) -> bool {
        self.0.is_null()
    }
}

impl Room<'_> {
    fn put_end(self, nowhere: bool) {
        if !nowhere {
            self.put(&[0]);
        }
    }
}

impl Out<'_, ErrMsg> {
    /// Writes as much of the text as fits, if there is a place for it.
    pub(crate) fn say(self, text: &str) {
        TextRoom(self.0.cast(), PhantomData).put(text, size_of::<ErrMsg>());
    }
}

impl ConfigValue {
    /// Where the value lies: in the struct, or where the struct says if it is text.
    pub(crate) fn arg(&self) -> Bytes<'_> {
        /// Number of the type of text.
        const STRING: i32 = 4;
        if self.data_type == STRING {
            let text: *const c_void = read(&self.val, 0).unwrap_or(std::ptr::null());
            return Bytes(text, PhantomData);
        }
        Bytes(self.val.as_ptr().cast(), PhantomData)
    }
}

/// A pointer that is only handed back to the application.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Opaque(pub(crate) *mut c_void);

impl FromC for Opaque {
    type C = *mut c_void;
    fn name() -> String {
        "void*".to_owned()
    }
    unsafe fn from_c(c: *mut c_void) -> Self {
        Self(c)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_at_a_character_and_terminated() {
        for (room, expect) in [(0, "\x7f"), (1, ""), (2, "a"), (3, "a"), (4, "a\u{e4}"), (5, "a\u{e4}b")] {
            let mut buffer = [0x7f; 8];
            // SAFETY: the buffer is longer than the rooms.
            let place = unsafe { TextRoom::from_c(buffer.as_mut_ptr()) };
            place.put("a\u{e4}b", room);
            // SAFETY: it was filled with non-zero bytes and perhaps terminated.
            let text = unsafe { Text::from_c(buffer.as_ptr()) };
            assert!(text.lossy(7).starts_with(expect), "{room}");
            assert_eq!(buffer[room..].iter().filter(|c| **c != 0x7f).count(), 0, "nothing behind the room");
        }
    }

    #[test]
    fn text_that_has_no_end_is_read_within_its_limit() {
        let endless = [b'x' as c_char; 16];
        // SAFETY: at most 16 bytes are looked at.
        let text = unsafe { Text::from_c(endless.as_ptr()) };
        assert_eq!(text.get(15), None);
        assert_eq!(text.lossy(3), "xxx");
        assert_eq!(text.bytes(10).map(<[u8]>::len), Some(11));
    }

    #[test]
    fn null_is_nothing() {
        let (null, null_mut) = (std::ptr::null::<i32>(), std::ptr::null_mut::<i32>());
        // SAFETY: null is allowed.
        let read = unsafe { In::from_c(null) };
        // SAFETY: null is allowed.
        let write = unsafe { Out::from_c(null_mut) };
        assert_eq!((read.get(), write.get()), (None, None));
        write.set(5);
        // SAFETY: null is allowed.
        let bytes = unsafe { Bytes::from_c(std::ptr::null()) };
        assert_eq!((bytes.get(0), bytes.get(1)), (Some(&[][..]), None));
    }
}
