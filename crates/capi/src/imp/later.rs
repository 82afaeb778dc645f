//! Peers behind NAT, relays, tickets, hosted servers and fake addresses: answers of a library that has none of it.

use super::connections::connection;
use super::debug;
use super::identity::fake_type_of;
use super::instance::with;
use crate::abi::numbers::{DISABLED, FAIL, FAKE_IP_NOT_FAKE, INVALID_PARAM, IP_NOT_FOUND, NO_MATCH};
use crate::abi::structs::{ConfigValue, FakeIPResult, HostedAddress, IPAddr, Identity, ServerLogin, Ticket};
use crate::ffi::callbacks::{CustomOnConnectRequest, CustomRelease, CustomSendRejection, CustomSendSignal};
use crate::ffi::message::MessageArray;
use crate::ffi::objects::{FakeUDPPort, Interface, RecvContext, Signaling, Sockets, Utils, custom_signaling};
use crate::ffi::ptr::{Bytes, In, Opaque, Out, Room, zeroed};

fn missing(what: &str) {
    debug::failed(what, &"connections between peers are not part of this library yet");
}

pub(crate) fn listen_p2p(
    _: Interface<Sockets>,
    _local_virtual_port: i32,
    _options_count: i32,
    _options: In<'_, ConfigValue>,
) -> u32 {
    missing("CreateListenSocketP2P");
    0
}

pub(crate) fn connect_p2p(
    _: Interface<Sockets>,
    _identity_remote: In<'_, Identity>,
    _remote_virtual_port: i32,
    _options_count: i32,
    _options: In<'_, ConfigValue>,
) -> u32 {
    missing("ConnectP2P");
    0
}

/// The signaling object belongs to the library from the call on, also if it fails.
pub(crate) fn connect_custom(
    _: Interface<Sockets>,
    signaling: Interface<Signaling>,
    _peer_identity: In<'_, Identity>,
    _remote_virtual_port: i32,
    _options_count: i32,
    _options: In<'_, ConfigValue>,
) -> u32 {
    missing("ConnectP2PCustomSignaling");
    signaling.release();
    0
}

pub(crate) fn received_signal(
    _: Interface<Sockets>,
    _msg: Bytes<'_>,
    _msg_len: i32,
    _context: Interface<RecvContext>,
) -> bool {
    missing("ReceivedP2PCustomSignal");
    false
}

pub(crate) fn received_signal_functions(
    _: Interface<Sockets>,
    _msg: Bytes<'_>,
    _msg_len: i32,
    _ctx: Opaque,
    _on_connect_request: CustomOnConnectRequest,
    _send_rejection_signal: CustomSendRejection,
) -> bool {
    missing("ReceivedP2PCustomSignal2");
    false
}

pub(crate) fn create_signaling(
    ctx: Opaque,
    send_signal: CustomSendSignal,
    release: CustomRelease,
) -> Interface<Signaling> {
    custom_signaling(ctx, send_signal, release)
}

pub(crate) const fn received_ticket(
    _: Interface<Sockets>,
    _ticket: Bytes<'_>,
    _ticket_len: i32,
    _parsed_ticket: Out<'_, Ticket>,
) -> bool {
    false
}

pub(crate) const fn find_ticket(
    _: Interface<Sockets>,
    _identity_game_server: In<'_, Identity>,
    _remote_virtual_port: i32,
    _parsed_ticket: Out<'_, Ticket>,
) -> i32 {
    0
}

pub(crate) const fn connect_hosted(
    _: Interface<Sockets>,
    _identity_target: In<'_, Identity>,
    _remote_virtual_port: i32,
    _options_count: i32,
    _options: In<'_, ConfigValue>,
) -> u32 {
    0
}

pub(crate) const fn hosted_port(_: Interface<Sockets>) -> u16 {
    0
}

pub(crate) const fn hosted_pop(_: Interface<Sockets>) -> u32 {
    0
}

pub(crate) fn hosted_address(_: Interface<Sockets>, routing: Out<'_, HostedAddress>) -> i32 {
    routing.set(zeroed());
    FAIL
}

pub(crate) const fn listen_hosted(
    _: Interface<Sockets>,
    _local_virtual_port: i32,
    _options_count: i32,
    _options: In<'_, ConfigValue>,
) -> u32 {
    0
}

pub(crate) fn server_login(
    _: Interface<Sockets>,
    _login_info: Out<'_, ServerLogin>,
    signed_blob_size: Out<'_, i32>,
    _blob: Room<'_>,
) -> i32 {
    signed_blob_size.set(0);
    FAIL
}

pub(crate) const fn request_fake_ip(_: Interface<Sockets>, _num_ports: i32) -> bool {
    false
}

pub(crate) fn fake_ip(_: Interface<Sockets>, first_port: i32, info: Out<'_, FakeIPResult>) {
    let mut result: FakeIPResult = zeroed();
    result.result = if first_port == 0 { NO_MATCH } else { INVALID_PARAM };
    info.set(result);
}

pub(crate) const fn listen_fake_ip(
    _: Interface<Sockets>,
    _idx_fake_port: i32,
    _options_count: i32,
    _options: In<'_, ConfigValue>,
) -> u32 {
    0
}

pub(crate) fn remote_fake_ip(_: Interface<Sockets>, conn: u32, addr: Out<'_, IPAddr>) -> i32 {
    addr.set(IPAddr::default());
    with(
        INVALID_PARAM,
        |context| {
            if connection(context, conn).is_some() { IP_NOT_FOUND } else { INVALID_PARAM }
        },
    )
}

pub(crate) const fn fake_port(_: Interface<Sockets>, _idx_fake_server_port: i32) -> Interface<FakeUDPPort> {
    Interface::NONE
}

pub(crate) fn real_identity(
    _: Interface<Utils>,
    fake_ip: In<'_, IPAddr>,
    real_identity: Out<'_, Identity>,
) -> i32 {
    real_identity.set(Identity::invalid());
    match fake_ip.get() {
        Some(addr) if fake_type_of(addr) > FAKE_IP_NOT_FAKE => DISABLED,
        _ => INVALID_PARAM,
    }
}

/// There are no ports, so none can be meant.
pub(crate) const fn port_destroy(_: Interface<FakeUDPPort>) {}

pub(crate) const fn port_send(
    _: Interface<FakeUDPPort>,
    _remote_address: In<'_, IPAddr>,
    _data: Bytes<'_>,
    _data_len: u32,
    _send_flags: i32,
) -> i32 {
    DISABLED
}

pub(crate) const fn port_receive(
    _: Interface<FakeUDPPort>,
    _messages: MessageArray<'_>,
    _max_messages: i32,
) -> i32 {
    0
}

pub(crate) const fn port_cleanup(_: Interface<FakeUDPPort>, _remote_address: In<'_, IPAddr>) {}
