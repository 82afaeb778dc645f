//! The calls to the system that move datagrams, as far as they are not the same everywhere.
//!
//! Linux has an implementation of its own, for what a connection needs there: a socket is set up with half the calls of
//! the portable one, and received datagrams come without what nobody looks at (their time of arrival, addresses, marks).

#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod portable;

#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) use linux::{CLOSING_UNWATCHES, Calls, Reader, open};
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) use portable::{CLOSING_UNWATCHES, Calls, Reader, open};
