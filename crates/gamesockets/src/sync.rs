//! Locks: a mutex that does not care about panics of others, and a door that lets callers in in turn.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

/// Locks. What a panicking thread left behind is used as it is: every section below leaves its data usable.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A mutex whose waiters come in before whoever leaves it can come in again.
///
/// With a plain mutex, a thread that unlocks and locks in a loop can keep all others out. Here everybody first takes a
/// second lock, `door`, and gives it back once inside; the loop then finds the door taken by whoever waited.
#[derive(Debug, Default)]
pub(crate) struct Gate<T> {
    door: Mutex<()>,
    inside: Mutex<T>,
    waiting: AtomicU32,
}

impl<T> Gate<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { door: Mutex::new(()), inside: Mutex::new(value), waiting: AtomicU32::new(0) }
    }

    /// Waits for its turn.
    pub(crate) fn enter(&self) -> Inside<'_, T> {
        // Nobody who waits is overtaken, and a third of the writes do.
        if let Some(inside) = (!self.is_wanted()).then(|| self.try_enter()).flatten() {
            return inside;
        }
        self.waiting.fetch_add(1, Relaxed);
        let door = lock(&self.door);
        let inside = lock(&self.inside);
        drop(door);
        self.waiting.fetch_sub(1, Relaxed);
        Inside(inside)
    }

    /// Goes in if nobody is inside.
    pub(crate) fn try_enter(&self) -> Option<Inside<'_, T>> {
        match self.inside.try_lock() {
            Ok(guard) => Some(Inside(guard)),
            Err(TryLockError::Poisoned(e)) => Some(Inside(e.into_inner())),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// Whether somebody waits: who is inside should not stay longer than needed.
    pub(crate) fn is_wanted(&self) -> bool {
        self.waiting.load(Relaxed) > 0
    }
}

/// Exclusive use of what is behind a [`Gate`].
#[derive(Debug)]
pub(crate) struct Inside<'a, T>(MutexGuard<'a, T>);

impl<T> Deref for Inside<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Inside<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    #[test]
    fn a_busy_loop_does_not_keep_others_out() {
        let gate = Arc::new(Gate::new(0u64));
        let stop = Arc::new(AtomicBool::new(false));
        let looping = {
            let (gate, stop) = (gate.clone(), stop.clone());
            std::thread::spawn(move || {
                while !stop.load(Relaxed) {
                    let mut g = gate.enter();
                    for _ in 0..1000 {
                        *g = std::hint::black_box(*g + 1);
                    }
                }
            })
        };
        for _ in 0..200 {
            let _inside = gate.enter();
        }
        stop.store(true, Relaxed);
        looping.join().unwrap();
        assert!(!gate.is_wanted() && gate.try_enter().is_some());
    }
}
