//! Encrypted, message-oriented UDP transport for games.
//!
//! A [`Context`] listens ([`Context::listen`]) and connects ([`Context::connect`]); a [`Connection`] sends and receives
//! messages of up to 512 KiB, reliable or not, on up to 255 lanes with priorities. Everything is polled: a game calls
//! [`Context::poll_events`] and [`Connection::receive`] (or [`PollGroup::receive`]) every frame, while an I/O thread does
//! the work, or the game itself does with [`Context::poll`].
//!
//! The protocol is that of Valve's GameNetworkingSockets, so both libraries talk to each other.
//!
//! With the feature `async` there are futures on top, for any executor: see [`asynchronous`].
//!
//! Paths with a small MTU: datagrams of up to 1300 bytes are sent with "don't fragment". Where less gets through, lower
//! [`ConfigKey::MtuPacketSize`](config::ConfigKey::MtuPacketSize).
#![deny(unsafe_code)]
#![cfg_attr(
    not(feature = "async"),
    allow(rustdoc::broken_intra_doc_links, reason = "links into the async adapter")
)]

mod after;
#[cfg(feature = "async")]
pub mod asynchronous;
mod backlog;
mod block;
mod clock;
mod connection;
mod context;
mod debug;
mod error;
mod event;
mod group;
mod identity;
mod io;
mod listener;
mod message;
mod poll_group;
mod result_code;
mod shard;
mod shared;
mod sync;

/// Settings: what there is, and where it can be set.
pub mod config {
    pub use gamesockets_endpoint::config::{
        API_PREFIX, AuthDefault, ConfigInfo, ConfigKey, ConfigValue, ConvertError, DataType, Domain,
        GODOT_PREFIX, GetError, GetValue, Listed, Lock, NoSuchObject, OptionError, Rules, Scope, ScopeKind,
        SetError, UnknownDataType, UnknownKey, UnknownScope,
    };
}

/// Addresses as text, as people and identities write them.
pub mod addr {
    pub use gamesockets_wire::addr::{AddrError, AddrText, canonical_ip, parse, to_mapped};
}

/// Certificates: who vouches for whom.
pub mod cert {
    pub use gamesockets_crypto::cert::{InstallError, StoreError, TrustStore};
    pub use gamesockets_crypto::sign::{KeyTextError, public_from_openssh};
}

pub use bytes::Bytes;
pub use connection::{Connection, Staging};
pub use context::{Context, ContextBuilder, SocketPairKind, WeakContext};
pub use debug::{DebugLevel, UnknownLevel};
pub use error::{
    ConnectError, ContextError, CreateGroupError, Ended, GroupError, ListenError, PollError, SendError,
};
pub use event::Event;
pub use gamesockets_endpoint::counters::Counters;
pub use gamesockets_endpoint::endpoint::StatusError;
pub use gamesockets_endpoint::slab::{
    ConnId as ConnectionHandle, ListenerId as ListenerHandle, PollGroupId as PollGroupHandle,
};
pub use gamesockets_endpoint::types::{
    AcceptError, BadHandle, ConnectError as ConnectRefused, ConnectionInfo, FLAG_FAST, FLAG_LOOPBACK_BUFFERS,
    FLAG_RELAYED, FLAG_UNAUTHENTICATED, FLAG_UNENCRYPTED, FlushError, LanesError,
    ListenError as ListenRefused,
};
pub use gamesockets_proto::connection::{
    AcceptError as AcceptRefused, ConnectionState, LaneStatus, RealTimeStatus,
};
pub use gamesockets_proto::message::SendFlags;
pub use gamesockets_proto::snp::send::LaneConfig;
pub use gamesockets_wire::identity::{IdentityError, IdentityKind, IpIdentity};
pub use gamesockets_wire::{EndReason, Identity, Timestamp};
pub use identity::{AuthenticationStatus, Availability};
pub use io::LoopCounters;
pub use listener::Listener;
pub use message::{AddressedMessage, Message, OutgoingMessage};
pub use poll_group::PollGroup;
pub use result_code::ResultCode;
