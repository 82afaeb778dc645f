//! Functions of the application's.

use super::ptr::{FromC, Opaque};
use crate::abi::structs::{
    AuthStatus, ConnInfo, FakeIPResult, Identity, Message, RelayStatus, SessionFailed, SessionRequest,
    StatusChanged,
};
use std::ffi::{CStr, c_char, c_int, c_void};

/// What frees a message or its buffer.
pub type FreeFn = unsafe extern "C" fn(*mut Message);

macro_rules! functions {
    ($($(#[doc = $doc:literal])+ $name:ident = $label:literal, $type:ty;)+) => {
        $(
            $(#[doc = $doc])+
            #[derive(Clone, Copy, Debug)]
            pub struct $name(
                #[allow(dead_code, reason = "some are accepted without effect")] pub(crate) Option<$type>,
            );

            impl FromC for $name {
                type C = Option<$type>;
                fn name() -> String {
                    $label.to_owned()
                }
                unsafe fn from_c(c: Option<$type>) -> Self {
                    Self(c)
                }
            }
        )+
    };
}

functions! {
    /// Gets lines of debug output.
    DebugOutput = "fn DebugOutput", unsafe extern "C" fn(i32, *const c_char);
    /// Gets lines of debug output before they are put together.
    PreFormat = "fn(type: i32, fmt: bool, file: const char*, line: i32, msg: const char*, va_list)",
        unsafe extern "C" fn(i32, bool, *const c_char, c_int, *const c_char, *mut c_void);
    /// Is told about changes of state.
    ConnStatusChanged = "fn ConnStatusChanged", unsafe extern "C" fn(*mut StatusChanged);
    /// Is told about readiness to prove who we are.
    AuthStatusChanged = "fn AuthStatusChanged", unsafe extern "C" fn(*mut AuthStatus);
    /// Is told about the readiness of relays.
    RelayStatusChanged = "fn RelayStatusChanged", unsafe extern "C" fn(*mut RelayStatus);
    /// Is told about fake addresses.
    FakeIPResultFn = "fn FakeIPResult", unsafe extern "C" fn(*mut FakeIPResult);
    /// Is told about peers that want a session.
    SessionRequestFn = "fn SessionRequest", unsafe extern "C" fn(*mut SessionRequest);
    /// Is told about sessions that broke.
    SessionFailedFn = "fn SessionFailed", unsafe extern "C" fn(*mut SessionFailed);
    /// Sends a signal.
    CustomSendSignal = "fn CustomSendSignal",
        unsafe extern "C" fn(*mut c_void, u32, *const ConnInfo, *const c_void, i32) -> bool;
    /// Ends sending signals.
    CustomRelease = "fn CustomRelease", unsafe extern "C" fn(*mut c_void);
    /// Decides about a request for a connection.
    CustomOnConnectRequest = "fn CustomOnConnectRequest",
        unsafe extern "C" fn(*mut c_void, u32, *const Identity, i32) -> *mut c_void;
    /// Sends a refusal.
    CustomSendRejection = "fn CustomSendRejection",
        unsafe extern "C" fn(*mut c_void, *const Identity, *const c_void, i32);
    /// Gets memory.
    Malloc = "fn(usize) -> void*", unsafe extern "C" fn(usize) -> *mut c_void;
    /// Gives memory back.
    Free = "fn(void*) -> void", unsafe extern "C" fn(*mut c_void);
    /// Changes the size of memory.
    Realloc = "fn(void*, usize) -> void*", unsafe extern "C" fn(*mut c_void, usize) -> *mut c_void;
    /// Is told how long a lock was waited for or held.
    LockTime = "fn(const char*, i64) -> void", unsafe extern "C" fn(*const c_char, i64);
    /// Is told that a thread begins.
    ThreadInit = "fn() -> void", unsafe extern "C" fn();
}

impl DebugOutput {
    /// Passes a line on.
    pub(crate) fn call(self, level: i32, line: &CStr) {
        if let Some(function) = self.0 {
            // SAFETY: the application gave it for this, and the text is terminated.
            unsafe { function(level, line.as_ptr()) };
        }
    }

    /// The function as a number, 0 for none.
    pub(crate) fn to_number(self) -> usize {
        self.0.map_or(0, |f| f as usize)
    }

    /// The function that a number was made of.
    pub(crate) fn from_number(number: usize) -> Self {
        // SAFETY: the number was made of such a function, or of none.
        Self(unsafe {
            std::mem::transmute::<usize, Option<unsafe extern "C" fn(i32, *const c_char)>>(number)
        })
    }
}

/// A list of variable arguments that is empty, as the calling convention of this platform lays it out: offsets behind
/// the last register, and no memory behind that.
#[repr(C)]
struct NoArguments {
    integers: u32,
    floats: u32,
    memory: *mut c_void,
    registers: *mut c_void,
}

unsafe extern "C" {
    fn vsnprintf(to: *mut c_char, room: usize, format: *const c_char, arguments: *mut c_void) -> c_int;
}

impl PreFormat {
    /// Passes a finished line on.
    pub(crate) fn call(self, level: i32, line: &CStr) {
        let mut none = NoArguments {
            integers: 48,
            floats: 304,
            memory: std::ptr::null_mut(),
            registers: std::ptr::null_mut(),
        };
        if let Some(function) = self.0 {
            // SAFETY: the application gave it for this. It says that there is nothing to format.
            unsafe { function(level, false, c"".as_ptr(), 0, line.as_ptr(), (&raw mut none).cast()) };
        }
    }

    /// The function as a number, 0 for none.
    pub(crate) fn to_number(self) -> usize {
        self.0.map_or(0, |f| f as usize)
    }

    /// The function that a number was made of.
    pub(crate) fn from_number(number: usize) -> Self {
        type Function = unsafe extern "C" fn(i32, bool, *const c_char, c_int, *const c_char, *mut c_void);
        // SAFETY: the number was made of such a function, or of none.
        Self(unsafe { std::mem::transmute::<usize, Option<Function>>(number) })
    }
}

/// Variable arguments of the caller's, `va_list`.
#[derive(Clone, Copy)]
pub struct Arguments(*mut c_void);

impl FromC for Arguments {
    type C = *mut c_void;
    fn name() -> String {
        "va_list".to_owned()
    }
    unsafe fn from_c(c: *mut c_void) -> Self {
        Self(c)
    }
}

impl Arguments {
    /// Puts a line together, at most `N - 1` bytes of it; `format` is terminated and names these arguments.
    pub(crate) fn format<const N: usize>(self, format: &CStr) -> [u8; N] {
        let mut line = [0; N];
        if !self.0.is_null() {
            // SAFETY: the room is as large as said; format and arguments belong together, says the caller.
            unsafe { vsnprintf(line.as_mut_ptr().cast(), N, format.as_ptr(), self.0) };
        }
        line
    }
}

impl ConnStatusChanged {
    /// The function that a setting holds.
    pub(crate) fn from_number(number: u64) -> Self {
        let number = usize::try_from(number).unwrap_or(0);
        // SAFETY: the setting is documented to hold such a function, or none.
        Self(unsafe {
            std::mem::transmute::<usize, Option<unsafe extern "C" fn(*mut StatusChanged)>>(number)
        })
    }

    /// Tells it.
    pub(crate) fn call(self, mut change: StatusChanged) {
        if let Some(function) = self.0 {
            // SAFETY: the application gave it for this, and the record lives until it returns.
            unsafe { function(&raw mut change) };
        }
    }
}

impl AuthStatusChanged {
    /// The function that a setting holds.
    pub(crate) fn from_number(number: u64) -> Self {
        let number = usize::try_from(number).unwrap_or(0);
        // SAFETY: the setting is documented to hold such a function, or none.
        Self(unsafe { std::mem::transmute::<usize, Option<unsafe extern "C" fn(*mut AuthStatus)>>(number) })
    }

    /// Tells it.
    pub(crate) fn call(self, mut status: AuthStatus) {
        if let Some(function) = self.0 {
            // SAFETY: the application gave it for this, and the record lives until it returns.
            unsafe { function(&raw mut status) };
        }
    }
}

macro_rules! as_setting {
    ($($name:ident),+) => {
        $(impl $name {
            /// The function as a setting holds it.
            pub(crate) fn to_setting(self) -> u64 {
                self.0.map_or(0, |f| f as usize as u64)
            }
        })+
    };
}

as_setting!(
    ConnStatusChanged,
    AuthStatusChanged,
    RelayStatusChanged,
    FakeIPResultFn,
    SessionRequestFn,
    SessionFailedFn
);

impl ThreadInit {
    /// Tells it.
    pub(crate) fn call(self) {
        if let Some(function) = self.0 {
            // SAFETY: the application gave it for this.
            unsafe { function() };
        }
    }
}

impl CustomSendSignal {
    /// Sends a signal.
    pub(crate) fn call(
        self,
        to: Opaque,
        conn: u32,
        info: *const ConnInfo,
        signal: *const c_void,
        size: i32,
    ) -> bool {
        // SAFETY: the application gave both for this; the pointers are those of a caller that made the same promise.
        self.0.is_some_and(|function| unsafe { function(to.0, conn, info, signal, size) })
    }
}

impl CustomRelease {
    /// Ends it.
    pub(crate) fn call(self, of: Opaque) {
        if let Some(function) = self.0 {
            // SAFETY: the application gave both for this.
            unsafe { function(of.0) };
        }
    }
}
