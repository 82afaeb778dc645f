//! What the other files test, once more with three I/O threads in each context.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(
    clippy::duplicate_mod,
    reason = "each file brings what it shares with the others, as when it stands alone"
)]

#[cfg(feature = "async")]
#[path = "async_adapter.rs"]
mod async_adapter;
#[path = "fairness.rs"]
mod fairness;
#[path = "lifecycle.rs"]
mod lifecycle;
#[path = "load.rs"]
mod load;
#[path = "loopback.rs"]
mod loopback;
#[path = "messages.rs"]
mod messages;
#[path = "settings.rs"]
mod settings;
