//! Lines for the developer: one function for the whole process, kept beyond Kill.

use super::instance::with;
use crate::ffi::callbacks::{Arguments, DebugOutput, PreFormat};
use crate::ffi::objects::{Interface, Utils};
use crate::ffi::ptr::Text;
use gamesockets::DebugLevel;
use std::ffi::{CStr, CString};
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering::Relaxed};

/// Longest line that is put together here.
const LINE_BYTES_MAX: usize = 4096;

static LEVEL: AtomicI32 = AtomicI32::new(0);
static FUNCTION: AtomicUsize = AtomicUsize::new(0);
/// 0 for the default one.
static HANDLER: AtomicUsize = AtomicUsize::new(0);

/// The level that is asked for; levels that do not exist count as the nearest one.
pub(crate) fn level() -> DebugLevel {
    let level = LEVEL.load(Relaxed).clamp(DebugLevel::None as i32, DebugLevel::Everything as i32);
    DebugLevel::try_from(level).unwrap_or_default()
}

/// Passes a line on, if somebody wants it.
pub(crate) fn say(level: DebugLevel, line: &str) {
    if LEVEL.load(Relaxed) < level as i32 {
        return;
    }
    let line = CString::new(line.replace('\0', " ")).unwrap_or_default();
    match HANDLER.load(Relaxed) {
        0 => DebugOutput::from_number(FUNCTION.load(Relaxed)).call(level as i32, &line),
        handler => PreFormat::from_number(handler).call(level as i32, &line),
    }
}

/// The library is used wrongly.
pub(crate) fn complain(line: &str) {
    say(DebugLevel::Bug, line);
}

/// Something that was asked for did not work.
pub(crate) fn failed(what: &str, why: &dyn std::fmt::Display) {
    say(DebugLevel::Error, &format!("{what}: {why}"));
}

/// Has the context say what is wanted now.
pub(crate) fn apply() {
    with((), |context| context.set_debug_output(level(), say));
}

pub(crate) fn set_function(_: Interface<Utils>, detail: i32, function: DebugOutput) {
    let on = function.0.is_some() && detail > 0;
    FUNCTION.store(function.to_number(), Relaxed);
    HANDLER.store(0, Relaxed);
    LEVEL.store(if on { detail } else { 0 }, Relaxed);
    apply();
}

pub(crate) fn set_handler(detail: i32, handler: PreFormat) {
    if handler.0.is_none() {
        return complain(
            "a handler of debug output must not be null; SetDebugOutputFunction switches it off",
        );
    }
    HANDLER.store(handler.to_number(), Relaxed);
    LEVEL.store(detail.max(0), Relaxed);
    apply();
}

/// Puts a line together and passes it to the function.
pub(crate) fn default_handler(
    level: i32,
    is_format: bool,
    _file: Text<'_>,
    _line: i32,
    message: Text<'_>,
    arguments: Arguments,
) {
    let function = DebugOutput::from_number(FUNCTION.load(Relaxed));
    let text = CString::new(message.bytes(LINE_BYTES_MAX).unwrap_or_default()).unwrap_or_default();
    if !is_format {
        return function.call(level, &text);
    }
    let line = arguments.format::<LINE_BYTES_MAX>(&text);
    if let Ok(line) = CStr::from_bytes_until_nul(&line) {
        function.call(level, line);
    }
}

pub(crate) fn timestamp(_: Interface<Utils>) -> i64 {
    i64::try_from(gamesockets::Context::now().as_micros()).unwrap_or(i64::MAX)
}
