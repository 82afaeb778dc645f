//! How many connections several endpoints may have together.

use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// A number of connections that endpoints on several threads share. It is asked when a connection is made and when it
/// goes, never for a message.
#[derive(Debug)]
pub struct Quota {
    max: usize,
    used: AtomicUsize,
}

impl Quota {
    /// At most `max` connections over all endpoints that are given this quota.
    pub const fn new(max: usize) -> Self {
        Self { max, used: AtomicUsize::new(0) }
    }

    /// How many connections there are.
    pub fn used(&self) -> usize {
        self.used.load(Relaxed)
    }

    /// Takes room for `count` connections, or nothing if there is not enough.
    pub(crate) fn take(&self, count: usize) -> bool {
        let fits = |used: usize| used.checked_add(count).filter(|sum| *sum <= self.max);
        self.used.fetch_update(Relaxed, Relaxed, fits).is_ok()
    }

    /// Gives the room of one connection back.
    pub(crate) fn give_back(&self) {
        // Never below zero: every connection that goes was counted when it was made.
        let _ = self.used.fetch_update(Relaxed, Relaxed, |used| used.checked_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_or_nothing_and_back() {
        let quota = Quota::new(3);
        assert!(quota.take(2) && !quota.take(2) && quota.take(1) && !quota.take(1));
        assert!(!quota.take(usize::MAX) && quota.used() == 3);
        quota.give_back();
        assert!(quota.take(1) && quota.used() == 3);
        (0..5).for_each(|_| quota.give_back());
        assert_eq!(quota.used(), 0);
    }
}
