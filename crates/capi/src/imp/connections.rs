//! Listening, connecting, accepting, closing, poll groups, identity and certificates.

use super::instance::with;
use super::{config, convert, debug};
use crate::abi::numbers::{INVALID_PARAM, NO_CONNECTION, OK};
use crate::abi::structs::{AuthStatus, ConfigValue, ErrMsg, IPAddr, Identity, StatusChanged};
use crate::ffi::callbacks::{AuthStatusChanged, ConnStatusChanged};
use crate::ffi::objects::{Interface, Sockets};
use crate::ffi::ptr::{Bytes, In, Out, Room, Text};
use gamesockets::config::ConfigKey;
use gamesockets::{
    Connection, ConnectionHandle, Context, Event, Identity as Who, LaneConfig, Listener, ListenerHandle,
    PollGroup, PollGroupHandle, ResultCode, SocketPairKind,
};

/// Longest text of a close that is looked at; the peer gets 127 bytes.
const CLOSE_TEXT_MAX: usize = 1024;
/// More lanes than this are a mistake; the engine says how many there can be.
const LANES_LOOKED_AT: i32 = 1024;

pub(super) fn connection(context: &Context, handle: u32) -> Option<Connection> {
    context.connection(ConnectionHandle::from_raw(handle)?)
}

pub(super) fn listener(context: &Context, handle: u32) -> Option<Listener> {
    context.listener(ListenerHandle::from_raw(handle)?)
}

pub(super) fn poll_group(context: &Context, handle: u32) -> Option<PollGroup> {
    context.poll_group(PollGroupHandle::from_raw(handle)?)
}

pub(crate) fn listen_ip(
    _: Interface<Sockets>,
    local_address: In<'_, IPAddr>,
    options_count: i32,
    options: In<'_, ConfigValue>,
) -> u32 {
    let Some(address) = local_address.get().filter(|a| { a.port } != 0) else {
        debug::failed("CreateListenSocketIP", &"the address needs a port");
        return 0;
    };
    let Some(options) = config::options(options_count, options) else { return 0 };
    with(0, |context| match context.listen_with(address.socket_addr(), &options) {
        Ok(listener) => listener.handle().to_raw(),
        Err(why) => {
            debug::failed("CreateListenSocketIP", &why);
            0
        }
    })
}

pub(crate) fn connect_ip(
    _: Interface<Sockets>,
    address: In<'_, IPAddr>,
    options_count: i32,
    options: In<'_, ConfigValue>,
) -> u32 {
    let Some(address) = address.get() else { return 0 };
    let Some(options) = config::options(options_count, options) else { return 0 };
    with(0, |context| match context.connect_with(address.socket_addr(), &options) {
        Ok(connection) => connection.handle().to_raw(),
        Err(why) => {
            debug::failed("ConnectByIPAddress", &why);
            0
        }
    })
}

pub(crate) fn accept(_: Interface<Sockets>, conn: u32) -> i32 {
    with(INVALID_PARAM, |context| {
        let Some(connection) = connection(context, conn) else { return INVALID_PARAM };
        connection.accept().map_or_else(|why| ResultCode::from(&why) as i32, |()| OK)
    })
}

pub(crate) fn close(_: Interface<Sockets>, peer: u32, reason: i32, text: Text<'_>, linger: bool) -> bool {
    // Numbers that are no reason are replaced; a negative one is as wrong as a large one.
    let reason = u32::try_from(reason).unwrap_or(u32::MAX);
    let text = text.lossy(CLOSE_TEXT_MAX);
    with(false, |context| {
        connection(context, peer).is_some_and(|connection| connection.close(reason, &text, linger).is_ok())
    })
}

pub(crate) fn close_listen_socket(_: Interface<Sockets>, socket: u32) -> bool {
    with(false, |context| listener(context, socket).is_some_and(|listener| listener.close().is_ok()))
}

pub(crate) fn listen_socket_address(_: Interface<Sockets>, socket: u32, address: Out<'_, IPAddr>) -> bool {
    with(false, |context| {
        let Some(listener) = listener(context, socket) else { return false };
        address.set(IPAddr::of_local(listener.local_addr()));
        true
    })
}

impl IPAddr {
    /// An address that is bound to. Every address of the machine is all zeros, of whatever family.
    fn of_local(addr: std::net::SocketAddr) -> Self {
        if addr.ip().is_unspecified() {
            return Self { port: addr.port(), ..Self::default() };
        }
        Self::of(addr)
    }
}

pub(crate) fn socket_pair(
    _: Interface<Sockets>,
    connection1: Out<'_, u32>,
    connection2: Out<'_, u32>,
    use_network_loopback: bool,
    identity1: In<'_, Identity>,
    identity2: In<'_, Identity>,
) -> bool {
    connection1.set(0);
    connection2.set(0);
    if connection1.is_null() || connection2.is_null() {
        return false;
    }
    let who = |identity: In<'_, Identity>| {
        identity.get().map(|i| i.who()).filter(|who| !who.is_invalid()).unwrap_or_else(Who::localhost)
    };
    let kind = if use_network_loopback { SocketPairKind::Network } else { SocketPairKind::Memory };
    with(false, |context| match context.socket_pair(kind, [who(identity1), who(identity2)]) {
        Ok((a, b)) => {
            connection1.set(a.handle().to_raw());
            connection2.set(b.handle().to_raw());
            true
        }
        Err(why) => {
            debug::failed("CreateSocketPair", &why);
            false
        }
    })
}

pub(crate) fn lanes(
    _: Interface<Sockets>,
    conn: u32,
    num_lanes: i32,
    priorities: In<'_, i32>,
    weights: In<'_, u16>,
) -> i32 {
    with(NO_CONNECTION, |context| {
        let Some(connection) = connection(context, conn) else { return NO_CONNECTION };
        if num_lanes <= 0 || num_lanes > LANES_LOOKED_AT {
            return INVALID_PARAM;
        }
        let lane = |i| LaneConfig {
            priority: priorities.at(i).unwrap_or(0),
            weight: if weights.is_null() { 1 } else { weights.at(i).unwrap_or(0) },
        };
        let lanes: Vec<LaneConfig> = (0..num_lanes as usize).map(lane).collect();
        connection.configure_lanes(&lanes).map_or_else(|why| ResultCode::from(&why) as i32, |()| OK)
    })
}

pub(crate) fn create_poll_group(_: Interface<Sockets>) -> u32 {
    with(0, |context| context.create_poll_group().map_or(0, |group| group.handle().to_raw()))
}

pub(crate) fn destroy_poll_group(_: Interface<Sockets>, group: u32) -> bool {
    with(false, |context| poll_group(context, group).is_some_and(|group| group.destroy().is_ok()))
}

pub(crate) fn set_poll_group(_: Interface<Sockets>, conn: u32, group: u32) -> bool {
    with(false, |context| {
        let Some(connection) = connection(context, conn) else { return false };
        if group == 0 {
            return connection.set_poll_group(None).is_ok();
        }
        poll_group(context, group).is_some_and(|group| connection.set_poll_group(Some(&group)).is_ok())
    })
}

pub(crate) fn identity(_: Interface<Sockets>, identity: Out<'_, Identity>) -> bool {
    with(false, |context| {
        let who = context.identity();
        identity.set(Identity::of(&who));
        !who.is_invalid()
    })
}

pub(crate) fn reset_identity(_: Interface<Sockets>, identity: In<'_, Identity>) {
    let who = identity.get().map(|identity| identity.who()).filter(|who| !who.is_invalid());
    with((), |context| context.reset_identity(who));
}

pub(crate) fn init_authentication(_: Interface<Sockets>) -> i32 {
    with(0, |context| context.init_authentication() as i32)
}

fn auth_status(status: &gamesockets::AuthenticationStatus) -> AuthStatus {
    AuthStatus { avail: status.availability as i32, debug_msg: convert::field(&status.message) }
}

pub(crate) fn authentication_status(_: Interface<Sockets>, details: Out<'_, AuthStatus>) -> i32 {
    with(0, |context| {
        let status = context.authentication_status();
        details.set(auth_status(&status));
        status.availability as i32
    })
}

pub(crate) fn certificate_request(
    _: Interface<Sockets>,
    blob_size: Out<'_, i32>,
    blob: Room<'_>,
    err_msg: Out<'_, ErrMsg>,
) -> bool {
    let request = with(None, |context| Some(context.certificate_request()));
    let Some(request) = request else {
        err_msg.say("GameNetworkingSockets_Init was not called");
        return false;
    };
    let Some(room) = blob_size.get() else {
        err_msg.say("there is no place for the size of the request");
        return false;
    };
    let needed = i32::try_from(request.len()).unwrap_or(i32::MAX);
    blob_size.set(needed);
    if blob.is_null() {
        return true;
    }
    if room < needed {
        err_msg.say(&format!("the request has {needed} bytes and the buffer has {room}"));
        return false;
    }
    blob.put(&request);
    true
}

pub(crate) fn set_certificate(
    _: Interface<Sockets>,
    certificate: Bytes<'_>,
    certificate_len: i32,
    err_msg: Out<'_, ErrMsg>,
) -> bool {
    let Some(bytes) = usize::try_from(certificate_len).ok().and_then(|len| certificate.get(len)) else {
        err_msg.say("there is no certificate: the pointer is null or the size negative");
        return false;
    };
    let unready = Err("GameNetworkingSockets_Init was not called".to_owned());
    let result = with(unready, |context| context.set_certificate(bytes).map_err(|e| e.to_string()));
    match result {
        Ok(()) => true,
        Err(why) => {
            err_msg.say(&why);
            false
        }
    }
}

pub(crate) fn run_callbacks(_: Interface<Sockets>) {
    with((), |context| {
        context.run_callbacks(|event| tell(context, event));
    });
}

fn tell(context: &Context, event: Event) {
    match event {
        Event::ConnectionStatusChanged { connection, old, new, mut info, callback, .. } => {
            info.state = new;
            let change = StatusChanged {
                conn: connection.handle().to_raw(),
                info: convert::info(&info),
                old_state: old as i32,
            };
            ConnStatusChanged::from_number(callback).call(change);
        }
        Event::AuthenticationStatus(status) => {
            let callback = config::global_ptr(context, ConfigKey::CallbackAuthStatusChanged);
            AuthStatusChanged::from_number(callback).call(auth_status(&status));
        }
        _ => {}
    }
}
