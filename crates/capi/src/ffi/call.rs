//! Coming in from C, and calling out to it.

use super::message;
use super::ptr::ToC;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Does the work of an exported function. A panic becomes the return value that says failure. Buffers that were given up
/// meanwhile go back to their owners at the end, when no lock is held.
#[inline]
pub(crate) fn guarded<R: ToC>(work: impl FnOnce() -> R) -> R {
    let result = catch_unwind(AssertUnwindSafe(work)).unwrap_or(R::FAILED);
    message::bury();
    result
}
