//! The multiplayer peer: formats, the session without Godot, and the class.

mod class;
mod hello;
mod limits;
mod packet;
mod reason;
mod session;
#[cfg(test)]
mod tests;
