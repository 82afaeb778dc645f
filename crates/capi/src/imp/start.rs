//! Init, Kill and what can be chosen before.

use super::instance::{exists, hold_still, publish, with, withdraw};
use super::{config, debug};
use crate::abi::structs::{ErrMsg, Identity};
use crate::ffi::callbacks::{Free, LockTime, Malloc, Realloc, ThreadInit};
use crate::ffi::objects::{Interface, Messages, Sockets, Utils};
use crate::ffi::ptr::{In, Out};
use gamesockets::cert::{TrustStore, public_from_openssh};
use gamesockets::config::AuthDefault;
use gamesockets::{Context, Identity as Who};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

/// Names a file of public keys, one a line, whose owners may vouch for peers.
const ROOTS_VARIABLE: &str = "GAMESOCKETS_TRUSTED_ROOTS";
/// Largest such file: sixteen keys with comments, many times.
const ROOTS_BYTES_MAX: u64 = 65_536;

static MANUAL_POLL: AtomicBool = AtomicBool::new(false);
static THREAD_INIT: Mutex<ThreadInit> = Mutex::new(ThreadInit(None));

pub(crate) fn init(identity: In<'_, Identity>, err_msg: Out<'_, ErrMsg>) -> bool {
    let result = start(identity.get());
    match &result {
        Ok(()) => debug::apply(),
        Err(why) => {
            err_msg.say(why);
            debug::failed("GameNetworkingSockets_Init", why);
        }
    }
    result.is_ok()
}

fn start(identity: Option<Identity>) -> Result<(), String> {
    let who = match identity {
        None => Who::localhost(),
        Some(identity) if { identity.kind } == 0 => Who::localhost(),
        Some(identity) => Some(identity.who())
            .filter(|who| !who.is_invalid())
            .ok_or("the identity is malformed: fill it in with its Set functions, or pass null")?,
    };
    let _still = hold_still();
    if exists() {
        return Ok(());
    }
    let mut builder = Context::builder()
        .identity(who)
        .trust(trusted_roots()?)
        .auth_default(AuthDefault::Open)
        .manual_poll(MANUAL_POLL.load(Relaxed))
        .events_need_callback(true)
        .after_turn(crate::ffi::message::bury)
        .debug_output(debug::level(), debug::say);
    let thread_init = *super::instance::lock(&THREAD_INIT);
    if thread_init.0.is_some() {
        builder = builder.on_thread_start(move || thread_init.call());
    }
    let context = builder.build().map_err(|e| e.to_string())?;
    config::hand_over(&context);
    publish(context);
    Ok(())
}

/// Who may vouch for peers: nobody, unless the environment names some.
fn trusted_roots() -> Result<TrustStore, String> {
    let mut store = TrustStore::new();
    let Some(path) = std::env::var_os(ROOTS_VARIABLE).filter(|path| !path.is_empty()) else {
        return Ok(store);
    };
    let named = |why: &dyn std::fmt::Display| format!("{ROOTS_VARIABLE}, {}: {why}", path.display());
    let size = std::fs::metadata(&path).map_err(|e| named(&e))?.len();
    if size > ROOTS_BYTES_MAX {
        return Err(named(&format!("more than {ROOTS_BYTES_MAX} bytes")));
    }
    let text = std::fs::read_to_string(&path).map_err(|e| named(&e))?;
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let key = public_from_openssh(line).map_err(|e| named(&e))?;
        store.add_root(key).map_err(|e| named(&e))?;
    }
    Ok(store)
}

pub(crate) fn kill() {
    let context = {
        let _still = hold_still();
        with((), config::take_back);
        withdraw()
    };
    if let Some(context) = context {
        context.shutdown();
        drop(context);
        crate::ffi::message::bury();
    }
}

pub(crate) fn set_manual_poll_mode(on: bool) {
    MANUAL_POLL.store(on, Relaxed);
    if exists() {
        debug::complain("SetManualPollMode counts from the next Init on: call it before");
    }
}

pub(crate) fn poll(max_wait_ms: i32) {
    let wait = Duration::from_millis(u64::try_from(max_wait_ms).unwrap_or(0));
    let result = with(Ok(()), |context| context.poll(wait));
    if let Err(why) = result {
        debug::failed("SteamNetworkingSockets_Poll", &why);
    }
}

pub(crate) fn set_thread_init(callback: ThreadInit) {
    *super::instance::lock(&THREAD_INIT) = callback;
}

/// Memory comes from the system's allocator all the same.
pub(crate) const fn set_allocator(_: Malloc, _: Free, _: Realloc) {}

/// Locks are held too shortly here to be worth a warning.
pub(crate) const fn set_lock_threshold(_: i64) {}

/// See [`set_lock_threshold`].
pub(crate) const fn set_lock_callback(_: LockTime) {}

pub(crate) fn sockets() -> Interface<Sockets> {
    if exists() { Sockets::object() } else { Interface::NONE }
}

pub(crate) fn utils() -> Interface<Utils> {
    Utils::object()
}

pub(crate) fn messages() -> Interface<Messages> {
    if exists() { Messages::object() } else { Interface::NONE }
}
