//! Holds no code: `cargo test --doc` compiles and runs the Rust examples of the pages named here.
//!
//! A page with a `rust` block has to be in this list; `./x test docs` checks that.
#![forbid(unsafe_code)]

/// The front page.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
pub mod readme {}

/// The chapter with the first program.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/book/src/getting-started.md")]
pub mod getting_started {}

/// The chapter on connections.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/book/src/connections.md")]
pub mod connections {}

/// The chapter on messages.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/book/src/messages.md")]
pub mod messages {}

/// The chapter on lanes.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/book/src/lanes.md")]
pub mod lanes {}

/// The chapter on the send rate.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/book/src/send-rate.md")]
pub mod send_rate {}

/// The chapter on speed.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/book/src/speed.md")]
pub mod speed {}

/// The chapter on settings.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/book/src/configuration.md")]
pub mod configuration {}
