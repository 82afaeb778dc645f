//! Holds no code: `cargo test --doc` compiles and runs the Rust examples of the pages named here.
//!
//! A page of the book with a `rust` block has to be in this list; `./x test docs` checks that.
#![forbid(unsafe_code)]

/// `README.md`.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
pub mod readme {}

/// `docs/book/src/getting-started.md`.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/book/src/getting-started.md")]
pub mod getting_started {}

/// `docs/book/src/concepts.md`.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/book/src/concepts.md")]
pub mod concepts {}
