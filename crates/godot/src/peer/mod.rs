//! The multiplayer peer: so far the formats that it speaks, without Godot.
#![allow(dead_code, reason = "the session that uses the formats is not there yet")]

mod hello;
mod limits;
mod packet;
mod reason;
mod session;
#[cfg(test)]
mod tests;
