//! What Godot sees: classes, functions of one line each, signals, constants.
#![allow(rustdoc::broken_intra_doc_links, reason = "documentation for the editor has links of its own kind")]

mod addresses;
mod arg;
mod authentication;
mod class;
mod configuration;
mod connections;
mod constants;
mod convert;
mod core;
mod delivery;
mod identities;
mod information;
mod instances;
mod later;
#[cfg(feature = "measure")]
mod measure;
mod messages;
mod options;
mod raw;
mod record;

pub(crate) use arg::{Int, List, Real, as_shown};
pub(crate) use class::{NetworkingSockets, NetworkingSocketsContext};
pub(crate) use constants::register as register_constants;
pub(crate) use core::short;
pub(crate) use options::read_plain as read_options;
pub(crate) use raw::Weak;
