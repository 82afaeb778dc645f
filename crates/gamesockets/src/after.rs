//! What is done after the loop's lock was given back: calls out of the library.

use crate::block::Block;
use crate::debug::{DebugOutput, Lines};

/// Calls that wait until no lock is held.
#[derive(Debug, Default)]
pub(crate) struct After {
    pub(crate) lines: Lines,
    #[cfg(feature = "async")]
    pub(crate) wakers: Vec<std::task::Waker>,
}

impl After {
    /// Something happened to a connection that somebody may wait for.
    #[cfg(feature = "async")]
    pub(crate) fn notify(&mut self, block: &Block) {
        block.waiting.take(&mut self.wakers);
    }

    /// Nobody waits without the async adapter.
    #[cfg(not(feature = "async"))]
    #[allow(
        clippy::unused_self,
        clippy::needless_pass_by_ref_mut,
        reason = "the same signature as with the adapter"
    )]
    pub(crate) const fn notify(&mut self, _block: &Block) {}

    pub(crate) fn take(&mut self) -> Self {
        std::mem::take(self)
    }

    /// Makes the calls. Not to be called with a lock held.
    pub(crate) fn run(self, debug: &DebugOutput) {
        self.lines.flush(debug);
        #[cfg(feature = "async")]
        self.wakers.into_iter().for_each(std::task::Waker::wake);
    }
}
