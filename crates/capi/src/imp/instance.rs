//! The one context of the process, from Init to Kill.

use arc_swap::ArcSwapOption;
use gamesockets::Context;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

static CONTEXT: ArcSwapOption<Context> = ArcSwapOption::const_empty();
/// Held while the context is made or taken down, and while something is kept for the next one.
static CHANGING: Mutex<()> = Mutex::new(());

/// Locks. What a panicking thread left behind is used as it is.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Nobody makes or takes down the context until this is dropped. Nothing is called out to meanwhile.
pub(crate) fn hold_still() -> MutexGuard<'static, ()> {
    lock(&CHANGING)
}

/// Does something with the context; `none` if there is none.
pub(crate) fn with<R>(none: R, work: impl FnOnce(&Context) -> R) -> R {
    match &*CONTEXT.load() {
        Some(context) => work(context),
        None => none,
    }
}

/// Whether there is a context.
pub(crate) fn exists() -> bool {
    CONTEXT.load().is_some()
}

/// Makes this the context.
pub(crate) fn publish(context: Context) {
    CONTEXT.store(Some(Arc::new(context)));
}

/// Takes the context away from all that come from now on.
pub(crate) fn withdraw() -> Option<Arc<Context>> {
    CONTEXT.swap(None)
}
