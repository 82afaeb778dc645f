//! What the exported functions do, in ordinary Rust.

pub(crate) mod calls;
pub(crate) mod config;
pub(crate) mod connections;
pub(crate) mod convert;
pub(crate) mod debug;
pub(crate) mod identity;
pub(crate) mod instance;
pub(crate) mod later;
pub(crate) mod messages;
pub(crate) mod ping;
pub(crate) mod start;
pub(crate) mod status;
