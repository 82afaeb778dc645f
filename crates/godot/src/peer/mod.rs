//! The multiplayer peer: formats, the session without Godot, and the class.

mod calls;
mod class;
mod hello;
mod limits;
mod link;
mod outgoing;
mod packet;
mod reason;
mod resolve;
mod session;
mod state;
mod target;
#[cfg(test)]
mod tests;
mod virtuals;
