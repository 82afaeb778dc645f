//! Threads end before the library that holds their code is unloaded, also those of objects that a game never frees.

use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Something with threads of its own.
pub(crate) trait Stop: Send + Sync {
    /// Ends them, soon.
    fn stop(&self);
}

static WATCHED: Mutex<Vec<Weak<dyn Stop>>> = Mutex::new(Vec::new());

/// Has this stopped when the extension goes, if it is still there.
pub(crate) fn watch<T: Stop + 'static>(one: &Arc<T>) {
    let mut watched = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
    watched.retain(|one| one.strong_count() > 0);
    let one: Arc<dyn Stop> = Arc::clone(one) as Arc<dyn Stop>;
    watched.push(Arc::downgrade(&one));
}

/// Stops everything that is still there.
pub(crate) fn stop_all() {
    let watched = std::mem::take(&mut *WATCHED.lock().unwrap_or_else(PoisonError::into_inner));
    for one in watched.iter().filter_map(Weak::upgrade) {
        one.stop();
    }
}
