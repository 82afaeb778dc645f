//! The structs, as the C headers lay them out on Linux.
//!
//! Sizes and offsets are checked when this is compiled, against numbers written here, and by a test against the published
//! tables. Fields have the names of the tables without their type letters.

use crate::ffi::callbacks::FreeFn;
use std::ffi::{c_char, c_void};
use std::mem::{align_of, offset_of, size_of};

/// Checks a struct against its row of the tables: size, alignment, offsets.
macro_rules! layout {
    ($name:ident, size $size:literal, align $align:literal { $($field:ident: $offset:literal),+ $(,)? }) => {
        const _: () = assert!(size_of::<$name>() == $size && align_of::<$name>() == $align);
        $(const _: () = assert!(offset_of!($name, $field) == $offset);)+

        impl Layout for $name {
            const SIZE: usize = $size;
            const ALIGN: usize = $align;
            const FIELDS: &'static [(&'static str, usize)] = &[$((stringify!($field), $offset)),+];
        }
    };
}

/// What a test compares with the published tables.
pub trait Layout {
    /// Bytes of the struct.
    const SIZE: usize;
    /// Its alignment.
    const ALIGN: usize;
    /// Fields and their offsets.
    const FIELDS: &'static [(&'static str, usize)];
}

/// An IP address and a port: 128 bits in network order, IPv4 as `::ffff:a.b.c.d`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(C, packed)]
pub struct IPAddr {
    /// The address.
    pub ipv6: [u8; 16],
    /// The port, in the order of the machine.
    pub port: u16,
}
layout!(IPAddr, size 18, align 1 { ipv6: 0, port: 16 });

/// Who a peer is.
#[derive(Clone, Copy, Debug)]
#[repr(C, packed)]
pub struct Identity {
    /// Which kind of identity.
    pub kind: i32,
    /// How many bytes of `data` count.
    pub size: i32,
    /// Number, text, bytes or address.
    pub data: [u8; 128],
}
layout!(Identity, size 136, align 1 { kind: 0, size: 4, data: 8 });

/// Facts about a connection.
#[derive(Clone, Copy, Debug)]
#[repr(C, packed(4))]
pub struct ConnInfo {
    /// Who the peer is.
    pub identity_remote: Identity,
    /// The application's number.
    pub user_data: i64,
    /// The listen socket it came in through, or 0.
    pub listen_socket: u32,
    /// Where the peer is, if packets go there directly.
    pub addr_remote: IPAddr,
    /// Nothing.
    pub pad: u16,
    /// Data centre of the peer, or 0.
    pub pop_remote: u32,
    /// Data centre of the relay, or 0.
    pub pop_relay: u32,
    /// State.
    pub state: i32,
    /// Why it ended; 0 while it lives.
    pub end_reason: i32,
    /// A sentence about the end.
    pub end_debug: [c_char; 128],
    /// One line that names the connection in logs.
    pub description: [c_char; 128],
    /// Sum of the flags that apply.
    pub flags: i32,
    /// Nothing.
    pub reserved: [u32; 63],
}
layout!(ConnInfo, size 696, align 4 {
    identity_remote: 0, user_data: 136, listen_socket: 144, addr_remote: 148, pad: 166, pop_remote: 168,
    pop_relay: 172, state: 176, end_reason: 180, end_debug: 184, description: 312, flags: 440, reserved: 444,
});

/// Figures of a connection at one moment.
#[derive(Clone, Copy, Debug)]
#[repr(C, packed(4))]
pub struct RealTimeStatus {
    /// State.
    pub state: i32,
    /// Round trip, milliseconds; -1 unknown.
    pub ping: i32,
    /// Share of packets that arrive here, 0 to 1; -1 unknown.
    pub quality_local: f32,
    /// Share of packets that arrive there, 0 to 1; -1 unknown.
    pub quality_remote: f32,
    /// Packets sent per second.
    pub out_packets_per_sec: f32,
    /// Bytes sent per second.
    pub out_bytes_per_sec: f32,
    /// Packets received per second.
    pub in_packets_per_sec: f32,
    /// Bytes received per second.
    pub in_bytes_per_sec: f32,
    /// Bytes per second that may be sent.
    pub send_rate_bytes_per_second: i32,
    /// Unreliable bytes that wait.
    pub pending_unreliable: i32,
    /// Reliable bytes that wait.
    pub pending_reliable: i32,
    /// Reliable bytes in flight.
    pub sent_unacked_reliable: i32,
    /// How long a message would wait, microseconds.
    pub queue_time: i64,
    /// Largest jitter since the last look, microseconds; -1 none.
    pub max_jitter: i32,
    /// Nothing.
    pub reserved: [u32; 15],
}
layout!(RealTimeStatus, size 120, align 4 {
    state: 0, ping: 4, quality_local: 8, quality_remote: 12, out_packets_per_sec: 16, out_bytes_per_sec: 20,
    in_packets_per_sec: 24, in_bytes_per_sec: 28, send_rate_bytes_per_second: 32, pending_unreliable: 36,
    pending_reliable: 40, sent_unacked_reliable: 44, queue_time: 48, max_jitter: 56, reserved: 60,
});

/// Figures of one lane.
#[derive(Clone, Copy, Debug)]
#[repr(C, packed(4))]
pub struct LaneStatus {
    /// Unreliable bytes that wait.
    pub pending_unreliable: i32,
    /// Reliable bytes that wait.
    pub pending_reliable: i32,
    /// Reliable bytes in flight.
    pub sent_unacked_reliable: i32,
    /// Nothing.
    pub pad: i32,
    /// How long a message would wait, microseconds.
    pub queue_time: i64,
    /// Nothing.
    pub reserved: [u32; 10],
}
layout!(LaneStatus, size 64, align 4 {
    pending_unreliable: 0, pending_reliable: 4, sent_unacked_reliable: 8, pad: 12, queue_time: 16, reserved: 24,
});

/// The part of a message that programs see.
#[derive(Debug)]
#[repr(C)]
pub struct Message {
    /// The bytes.
    pub data: *mut c_void,
    /// How many.
    pub size: i32,
    /// Where from, or where to.
    pub conn: u32,
    /// Who sent it.
    pub identity_peer: Identity,
    /// The connection's number of the application.
    pub conn_user_data: i64,
    /// When it arrived, microseconds.
    pub time_received: i64,
    /// Its number on its lane.
    pub message_number: i64,
    /// Frees the bytes.
    pub free_data: Option<FreeFn>,
    /// Frees the message.
    pub release: Option<FreeFn>,
    /// Channel of the messages interface; -1 for messages of connections.
    pub channel: i32,
    /// How to send it, or how it was sent.
    pub flags: i32,
    /// The application's number.
    pub user_data: i64,
    /// The lane.
    pub lane: u16,
    /// Nothing.
    pub pad: u16,
}
layout!(Message, size 216, align 8 {
    data: 0, size: 8, conn: 12, identity_peer: 16, conn_user_data: 152, time_received: 160, message_number: 168,
    free_data: 176, release: 184, channel: 192, flags: 196, user_data: 200, lane: 208, pad: 210,
});

/// Where somebody is, in terms of pings to data centres.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct PingLocation {
    /// Known to this library alone.
    pub data: [u8; 512],
}
layout!(PingLocation, size 512, align 1 { data: 0 });

/// A setting and its value.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct ConfigValue {
    /// Number of the setting.
    pub value: i32,
    /// Type of the value.
    pub data_type: i32,
    /// A number of up to eight bytes, or a pointer.
    pub val: [u8; 8],
    align: [*const c_void; 0],
}
layout!(ConfigValue, size 16, align 8 { value: 0, data_type: 4, val: 8 });

impl ConfigValue {
    /// A setting from its parts.
    pub const fn new(value: i32, data_type: i32, val: [u8; 8]) -> Self {
        Self { value, data_type, val, align: [] }
    }
}

/// The state of a connection changed.
#[derive(Clone, Copy, Debug)]
#[repr(C, packed(4))]
pub struct StatusChanged {
    /// The connection.
    pub conn: u32,
    /// The facts at that moment.
    pub info: ConnInfo,
    /// State before.
    pub old_state: i32,
}
layout!(StatusChanged, size 704, align 4 { conn: 0, info: 4, old_state: 700 });

/// Readiness to prove who we are.
#[derive(Clone, Copy, Debug)]
#[repr(C, packed(4))]
pub struct AuthStatus {
    /// How things are.
    pub avail: i32,
    /// A sentence about it.
    pub debug_msg: [c_char; 256],
}
layout!(AuthStatus, size 260, align 4 { avail: 0, debug_msg: 4 });

/// Answer to a request for a fake address.
#[derive(Clone, Copy, Debug)]
#[repr(C, packed(4))]
pub struct FakeIPResult {
    /// Whether it worked.
    pub result: i32,
    /// Whose address it is.
    pub identity: Identity,
    /// The address.
    pub ip: u32,
    /// The ports.
    pub ports: [u16; 8],
}
layout!(FakeIPResult, size 160, align 4 { result: 0, identity: 4, ip: 140, ports: 144 });

/// Readiness of relays.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct RelayStatus {
    /// How things are.
    pub avail: i32,
    /// Whether pings are being measured.
    pub ping_measurement_in_progress: i32,
    /// Whether the configuration is there.
    pub avail_network_config: i32,
    /// Whether any relay can be reached.
    pub avail_any_relay: i32,
    /// A sentence about it.
    pub debug_msg: [c_char; 256],
}
layout!(RelayStatus, size 272, align 4 {
    avail: 0, ping_measurement_in_progress: 4, avail_network_config: 8, avail_any_relay: 12, debug_msg: 16,
});

/// A peer wants a session of the messages interface.
#[derive(Clone, Copy, Debug)]
#[repr(C, packed)]
pub struct SessionRequest {
    /// Who.
    pub identity_remote: Identity,
}
layout!(SessionRequest, size 136, align 1 { identity_remote: 0 });

/// A session of the messages interface broke.
#[derive(Clone, Copy, Debug)]
#[repr(C, packed)]
pub struct SessionFailed {
    /// The facts about its connection.
    pub info: ConnInfoUnaligned,
}
layout!(SessionFailed, size 696, align 1 { info: 0 });

/// [`ConnInfo`] at any address.
#[derive(Clone, Copy, Debug)]
#[repr(C, packed)]
pub struct ConnInfoUnaligned {
    /// Its bytes.
    pub bytes: [u8; size_of::<ConnInfo>()],
}

/// How relays reach a hosted server.
#[derive(Clone, Copy, Debug)]
#[repr(C, packed(4))]
pub struct HostedAddress {
    /// Bytes that count.
    pub size: i32,
    /// The data centre's code, then what relays understand.
    pub data: [u8; 128],
}
layout!(HostedAddress, size 132, align 4 { size: 0, data: 4 });

/// A field of a ticket that the application chose.
#[derive(Clone, Copy, Debug)]
#[repr(C, packed(4))]
pub struct TicketField {
    /// 0 text, 1 number, 2 identifier.
    pub kind: i32,
    /// Its name.
    pub name: [c_char; 28],
    /// Its value.
    pub value: [u8; 128],
}
layout!(TicketField, size 160, align 4 { kind: 0, name: 4, value: 32 });

/// A ticket for a hosted server.
#[derive(Clone, Copy, Debug)]
#[repr(C, packed(4))]
pub struct Ticket {
    /// The server.
    pub identity_gameserver: Identity,
    /// Who may go there.
    pub identity_authorized_client: Identity,
    /// From where; 0 for anywhere.
    pub public_ip: u32,
    /// Until when, seconds since 1970.
    pub ticket_expiry: u32,
    /// How to reach it.
    pub routing: HostedAddress,
    /// The application.
    pub app_id: u32,
    /// The only virtual port, or -1.
    pub restrict_to_virtual_port: i32,
    /// Fields that count.
    pub extra_fields: i32,
    /// Fields of the application.
    pub vec_extra_fields: [TicketField; 16],
}
layout!(Ticket, size 2984, align 4 {
    identity_gameserver: 0, identity_authorized_client: 136, public_ip: 272, ticket_expiry: 276, routing: 280,
    app_id: 412, restrict_to_virtual_port: 416, extra_fields: 420, vec_extra_fields: 424,
});

/// What a hosted server tells its game coordinator.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct ServerLogin {
    /// The server.
    pub identity: Identity,
    /// How to reach it.
    pub routing: HostedAddress,
    /// The application.
    pub app_id: u32,
    /// When, seconds since 1970.
    pub rtime: u32,
    /// Bytes of the application's that count.
    pub app_data_size: i32,
    /// The application's bytes.
    pub app_data: [u8; 2048],
}
layout!(ServerLogin, size 2328, align 4 {
    identity: 0, routing: 136, app_id: 268, rtime: 272, app_data_size: 276, app_data: 280,
});

/// Room for the text of an error.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct ErrMsg {
    /// Terminated text.
    pub text: [c_char; 1024],
}
layout!(ErrMsg, size 1024, align 1 { text: 0 });
