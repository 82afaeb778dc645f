//! Threads end before the library that holds their code is unloaded, also those of objects that a game never frees.

use crate::ending;
use gamesockets::{Context, WeakContext};
use std::sync::{Mutex, PoisonError};

static WATCHED: Mutex<Vec<WeakContext>> = Mutex::new(Vec::new());

/// Has this end when the extension goes, if it is still there.
pub(crate) fn watch(context: &Context) {
    let mut watched = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
    watched.retain(WeakContext::is_alive);
    watched.push(context.downgrade());
}

/// Ends everything that is still there.
pub(crate) fn stop_all() {
    ending::finish_all();
    let watched = std::mem::take(&mut *WATCHED.lock().unwrap_or_else(PoisonError::into_inner));
    for context in watched.iter().filter_map(WeakContext::upgrade) {
        context.shutdown();
    }
}
