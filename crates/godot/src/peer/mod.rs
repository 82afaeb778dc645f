//! The multiplayer peer.
