//! The one context of the process, from Init to Kill.

use arc_swap::ArcSwapOption;
use gamesockets::{Connection, ConnectionHandle, Context};
use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Changes whenever the context does.
static GENERATION: AtomicU64 = AtomicU64::new(0);
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

thread_local! {
    /// The connection that this thread used last. Looking one up costs as much as a good part of sending a message, and
    /// mostly it is the same one. A closed connection answers as one that is not found.
    static LAST: RefCell<Option<Last>> = const { RefCell::new(None) };
}

struct Last {
    generation: u64,
    handle: u32,
    connection: Connection,
}

/// Does something with a connection; `none` if there is no such handle.
pub(crate) fn with_connection<R>(handle: u32, none: R, work: impl FnOnce(&Connection) -> R) -> R {
    let generation = GENERATION.load(Ordering::Acquire);
    LAST.with(|last| {
        // It cannot be borrowed for writing: that is done below, where nothing else happens meanwhile.
        let borrowed = last.borrow();
        match &*borrowed {
            Some(known) if known.handle == handle && known.generation == generation => {
                work(&known.connection)
            }
            _ => {
                drop(borrowed);
                find(last, generation, handle).map_or(none, |connection| work(&connection))
            }
        }
    })
}

/// Looks a connection up and remembers it, unless this thread is just using the one that it remembers.
#[cold]
fn find(last: &RefCell<Option<Last>>, generation: u64, handle: u32) -> Option<Connection> {
    let connection = with(None, |context| context.connection(ConnectionHandle::from_raw(handle)?))?;
    let found = Some(Last { generation, handle, connection: connection.clone() });
    let before = last.try_borrow_mut().ok().and_then(|mut last| std::mem::replace(&mut *last, found));
    // Outside of the borrow: the last trace of a context may go with it.
    drop(before);
    Some(connection)
}

/// Whether there is a context.
pub(crate) fn exists() -> bool {
    CONTEXT.load().is_some()
}

/// Makes this the context.
pub(crate) fn publish(context: Context) {
    CONTEXT.store(Some(Arc::new(context)));
    GENERATION.fetch_add(1, Ordering::AcqRel);
}

/// Takes the context away from all that come from now on.
pub(crate) fn withdraw() -> Option<Arc<Context>> {
    let context = CONTEXT.swap(None);
    GENERATION.fetch_add(1, Ordering::AcqRel);
    // What other threads remember goes with their next call; so does what this one is just using.
    drop(LAST.with(|last| last.try_borrow_mut().ok().and_then(|mut last| last.take())));
    context
}
