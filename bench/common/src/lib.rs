//! What the measuring programs share: statistics, accounting of processors and memory, a noise meter,
//! sockets with batched calls, and packet protection for the raw baselines.
//!
//! Linux only: accounting reads `/proc`, and the baselines use segmentation offload.

pub mod batch;
pub mod noise;
pub mod process;
pub mod seal;
pub mod socket;
pub mod stats;
pub mod window;

/// What went wrong, for a person to read.
pub type Error = Box<dyn std::error::Error + Send + Sync>;
/// A result whose error is for a person to read.
pub type Result<T> = std::result::Result<T, Error>;
