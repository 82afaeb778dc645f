//! Knowing a context without keeping it.

use super::Context;
use crate::shared::Shared;
use std::fmt;
use std::sync::Weak;
use std::sync::atomic::Ordering;

/// Names a context that belongs to somebody else: it ends when its owners drop it, whoever knows it like this.
#[derive(Clone, Default)]
pub struct WeakContext {
    shared: Weak<Shared>,
}

impl Context {
    /// A name for this context that does not keep it.
    ///
    /// ```
    /// let context = gamesockets::Context::new()?;
    /// let known = context.downgrade();
    /// assert!(known.upgrade().is_some());
    /// drop(context);
    /// assert!(known.upgrade().is_none());
    /// # Ok::<(), gamesockets::ContextError>(())
    /// ```
    pub fn downgrade(&self) -> WeakContext {
        WeakContext { shared: std::sync::Arc::downgrade(&self.shared) }
    }
}

impl WeakContext {
    /// The context, while it has an owner.
    pub fn upgrade(&self) -> Option<Context> {
        let shared = self.shared.upgrade()?;
        // A context whose last owner left is over, even if handles still point to it.
        let more = |owners: usize| (owners > 0).then(|| owners + 1);
        shared.owners.fetch_update(Ordering::AcqRel, Ordering::Relaxed, more).ok()?;
        Some(Context { shared })
    }

    /// Whether it has an owner at this moment.
    pub fn is_alive(&self) -> bool {
        self.shared.upgrade().is_some_and(|shared| shared.owners.load(Ordering::Acquire) > 0)
    }
}

impl fmt::Debug for WeakContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakContext").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_that_ended_is_not_had_back() {
        let context = Context::new().unwrap();
        let known = context.downgrade();
        let (a, _b) = context
            .socket_pair(crate::SocketPairKind::Memory, std::array::from_fn(|_| crate::Identity::localhost()))
            .unwrap();
        let again = known.upgrade().unwrap();
        drop(context);
        assert!(known.is_alive() && known.upgrade().is_some(), "one owner is left");
        drop(again);
        assert!(!known.is_alive());
        assert!(known.upgrade().is_none(), "a handle is left, but no owner");
        assert!(a.info().is_err());
        assert!(WeakContext::default().upgrade().is_none());
    }
}
