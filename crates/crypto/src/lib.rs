//! Key exchange, packet protection, certificates and seeded randomness.
//!
//! The crate is pure: no clock, no socket, no thread and no entropy of the operating system. Time comes in as
//! an argument and every random bit comes from an [`rng::Rng`] that the owner seeded, so a simulated world with a
//! given seed makes the same keys, nonces and signatures every time.
//!
//! # Which library does what
//!
//! | job | library | why |
//! |---|---|---|
//! | AES-256-GCM, SHA-256, HMAC, Ed25519, X25519 | `aws-lc-rs` | level with the fastest per packet (about 240 ns for 1200 bytes, 100 ns for 64), half the time of pure Rust for a handshake, and its keys can be made from given bytes, which determinism needs |
//! | random bits | `chacha20` | the generator without the dependencies of `rand_chacha` (`ppv-lite86`, `zerocopy`); it wipes itself on drop |
//! | challenge cookies | `siphasher` | the cookie is a keyed short hash, made for each unauthenticated packet |
//!
//! `aws-lc-rs` needs `std`, the crate itself does not use it. No type of theirs appears in the public interface, so each can be replaced by
//! editing one file.
//!
//! # Secrets
//!
//! Secret values are wiped when dropped where the library underneath allows it, and no `Debug` output contains
//! one.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]
extern crate alloc;

pub mod aead;
pub mod cert;
pub mod cookie;
mod error;
pub mod kex;
pub mod rng;
pub mod schedule;
pub mod sign;
pub mod text;

pub use error::CryptoError;
