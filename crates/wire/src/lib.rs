//! Bytes to values and back.
//!
//! Every packet, message, frame and identity form that travels between two peers is encoded and decoded
//! here. The crate keeps no state of a connection: what depends on earlier packets (packet numbers,
//! stream positions, acknowledgements) is handed in by the caller.
//!
//! Three rules hold for every decoder:
//!
//! * it is total: any byte string gives a value or an error, never a panic;
//! * it allocates nothing on the data path, and elsewhere never more than the input's own size;
//! * it looks only at form. Whether a value makes sense for a connection is the connection's question.
//!
//! Section numbers in the documentation of the items refer to `docs/spec/protocol.md`.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]
extern crate alloc;

pub mod addr;
pub mod base64;
pub mod datagram;
pub mod identity;
pub mod messages_header;
pub mod msg;
pub mod pop;
pub mod reader;
pub mod reason;
pub mod snp;
pub mod time;
pub mod varint;

pub use core::time::Duration;
pub use identity::Identity;
pub use pop::PopId;
pub use reason::EndReason;
pub use time::Timestamp;
