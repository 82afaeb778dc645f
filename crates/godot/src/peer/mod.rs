//! The multiplayer peer: formats, the session without Godot, and the class.

mod class;
mod hello;
mod limits;
mod link;
mod outgoing;
mod packet;
mod reason;
mod resolve;
mod session;
mod target;
#[cfg(test)]
mod tests;
