//! What the functions do that the engine calls of a peer.
//!
//! Neither an error is printed nor a signal emitted while the state is locked: scripts hear of both, and may call again.

use super::class::{NetworkingSocketsMultiplayerPeer, fail};
use super::limits::PACKET_BYTES_MAX;
use super::link::PutError;
use super::packet::Mode;
use super::session::{Session, Signal, Status};
use super::state::{NotPut, State, lock};
use gamesockets::Bytes;
use godot::builtin::{Callable, Variant};
use godot::classes::multiplayer_peer::{ConnectionStatus, TransferMode};
use godot::global::{Error, godot_error};
use godot::meta::ToGodot;
use godot::obj::Gd;
use std::sync::Mutex;

type Peer = Mutex<State>;

pub(super) fn waiting(peer: &Peer) -> i32 {
    lock(peer).waiting()
}

pub(super) fn max_packet_size() -> i32 {
    PACKET_BYTES_MAX as i32
}

pub(super) fn get_packet(peer: &Peer) -> Option<Bytes> {
    let packet = lock(peer).pop();
    if packet.is_none() {
        godot_error!("get_packet: no packet waits");
    }
    packet
}

pub(super) fn put_packet(peer: &Peer, packet: &[u8]) -> Error {
    let outcome = lock(peer).put(packet);
    match outcome {
        Ok(()) => Error::OK,
        Err(NotPut::Unconnected) => fail("put_packet", "not connected", Error::ERR_UNCONFIGURED),
        Err(NotPut::Refused(why @ PutError::Full(..))) => {
            fail("put_packet", &why.to_string(), Error::ERR_OUT_OF_MEMORY)
        }
        Err(NotPut::Refused(why)) => fail("put_packet", &why.to_string(), Error::ERR_INVALID_PARAMETER),
    }
}

pub(super) fn packet_channel(peer: &Peer) -> i32 {
    lock(peer).front().map_or(0, |packet| i32::from(packet.channel))
}

pub(super) fn packet_mode(peer: &Peer) -> TransferMode {
    shown(lock(peer).front().map_or(Mode::Reliable, |packet| packet.mode))
}

pub(super) fn packet_peer(peer: &Peer) -> i32 {
    lock(peer).front().map_or(0, |packet| packet.from)
}

pub(super) fn set_channel(peer: &Peer, channel: i32) {
    let good = lock(peer).set_channel(channel);
    if !good {
        godot_error!("set_transfer_channel: {channel} is no channel; they are 0 to 63");
    }
}

pub(super) fn channel(peer: &Peer) -> i32 {
    i32::from(lock(peer).channel)
}

pub(super) fn set_mode(peer: &Peer, mode: TransferMode) {
    lock(peer).mode = match mode {
        TransferMode::UNRELIABLE => Mode::Unreliable,
        TransferMode::UNRELIABLE_ORDERED => Mode::Ordered,
        _ => Mode::Reliable,
    };
}

pub(super) fn mode(peer: &Peer) -> TransferMode {
    shown(lock(peer).mode)
}

fn shown(mode: Mode) -> TransferMode {
    match mode {
        Mode::Unreliable => TransferMode::UNRELIABLE,
        Mode::Ordered => TransferMode::UNRELIABLE_ORDERED,
        Mode::Reliable => TransferMode::RELIABLE,
    }
}

pub(super) fn set_target(peer: &Peer, target: i32) {
    lock(peer).target = target;
}

pub(super) fn is_server(peer: &Peer) -> bool {
    lock(peer).is_server()
}

pub(super) fn poll(peer: &Peer, mut object: Gd<NetworkingSocketsMultiplayerPeer>) {
    if let Some(session) = lock(peer).session.as_mut() {
        session.poll();
    }
    // One at a time: a handler may close or disconnect, which takes back what is not told yet.
    while let Some(signal) = next_signal(peer) {
        match signal {
            Signal::Connected(id) => object.emit_signal("peer_connected", &[id.to_variant()]),
            Signal::Disconnected(id) => object.emit_signal("peer_disconnected", &[id.to_variant()]),
            Signal::Ended { id, reason, text } => {
                object.emit_signal("peer_ended", &[id.to_variant(), reason.to_variant(), text.to_variant()])
            }
        };
    }
    let is_over = lock(peer).session.as_ref().is_some_and(|s| s.status() == Status::Disconnected);
    if is_over {
        close(peer);
    }
    let_go_later(object);
}

/// What there is to tell next; the lock is not held any more.
fn next_signal(peer: &Peer) -> Option<Signal> {
    lock(peer).session.as_mut().and_then(Session::signal)
}

/// Lets go of the object of a function that runs. If a handler dropped all other references, it goes afterwards.
fn let_go_later(object: Gd<NetworkingSocketsMultiplayerPeer>) {
    if object.get_reference_count() == 1 {
        let hold = move |_: &[&Variant]| _ = &object;
        Callable::from_fn("gamesockets: the end of a peer", hold).call_deferred(&[]);
    }
}

pub(super) fn close(peer: &Peer) {
    let session = lock(peer).take();
    // It says goodbye without the lock.
    drop(session);
}

pub(super) fn disconnect(peer: &Peer, id: i32, force: bool) {
    let known = lock(peer).session.as_mut().is_some_and(|s| s.disconnect(id, force));
    if !known {
        godot_error!("disconnect_peer: there is no peer {id}");
    }
}

pub(super) fn unique_id(peer: &Peer) -> i32 {
    lock(peer).id()
}

pub(super) fn set_refuses(peer: &Peer, refuses: bool) {
    let mut state = lock(peer);
    state.refuses = refuses;
    if let Some(session) = state.session.as_mut() {
        session.refuses = refuses;
    }
}

pub(super) fn refuses(peer: &Peer) -> bool {
    lock(peer).refuses
}

pub(super) fn has_relay(peer: &Peer) -> bool {
    lock(peer).has_relay()
}

pub(super) fn connection_status(peer: &Peer) -> ConnectionStatus {
    match lock(peer).status() {
        Status::Disconnected => ConnectionStatus::DISCONNECTED,
        Status::Connecting => ConnectionStatus::CONNECTING,
        Status::Connected => ConnectionStatus::CONNECTED,
    }
}
