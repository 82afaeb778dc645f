//! The Godot 4 extension: the networking sockets page under its own names, without Steam.
//!
//! `face` does the work in plain Rust, `api` is what Godot sees of it, `peer` is the multiplayer peer.
//! Classes register themselves; `registration` adds what they cannot say.
#![allow(unreachable_pub, reason = "godot-rust's macros make public items of private classes")]

mod api;
mod ending;
mod entry;
mod face;
mod monitor;
mod peer;
mod pump;
mod registration;
mod settings;
mod varcall;
