//! The functions that the engine calls of a peer, registered without godot-rust's attribute.
//!
//! An RPC makes the engine call a dozen functions of the peer, there and back. The attribute borrows the object for each,
//! which takes two locks, two look-ups and a call of the system: that was 5 of the 7 microseconds of an RPC. Here they
//! find the peer's state in a table, and are registered as the attribute does it. The compiler checks them against the
//! engine's signatures all the same.

use super::calls;
use super::class::NetworkingSocketsMultiplayerPeer;
use super::state::Shared;
use godot::classes::multiplayer_peer::{ConnectionStatus, TransferMode};
use godot::global::Error;
use godot::obj::Gd;
use godot::obj::cap::ImplementsGodotVirtual;
use godot::private::virtuals::MultiplayerPeerExtension as virtuals;
use godot::private::{
    CallContext, ClassShard, ITraitImpl, ShardItem, Signature, Storage, as_storage, handle_fallible_ptrcall,
};
use godot::sys;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

type Instance = sys::GDExtensionClassInstancePtr;
type Arguments = *const sys::GDExtensionConstTypePtr;
type Answer = sys::GDExtensionTypePtr;

/// The states of all peers that the engine asked something, by the addresses of their objects.
static STATES: RwLock<BTreeMap<usize, Shared>> = RwLock::new(BTreeMap::new());

/// The object goes.
pub(super) fn forget(object: sys::GDExtensionObjectPtr) {
    let state = STATES.write().unwrap_or_else(PoisonError::into_inner).remove(&(object as usize));
    // What it holds goes without the lock.
    drop(state);
}

/// A peer that the engine calls a function of.
struct Called(Instance);

impl Called {
    fn state(&self) -> Shared {
        // SAFETY: the engine passes an instance of the class, which lives while it is called.
        let storage = unsafe { as_storage::<NetworkingSocketsMultiplayerPeer>(self.0) };
        let object = storage.base().obj_sys() as usize;
        if let Some(state) = STATES.read().unwrap_or_else(PoisonError::into_inner).get(&object) {
            return Arc::clone(state);
        }
        let state = Arc::clone(&Storage::get(storage).state);
        STATES.write().unwrap_or_else(PoisonError::into_inner).insert(object, Arc::clone(&state));
        state
    }

    fn object(&self) -> Gd<NetworkingSocketsMultiplayerPeer> {
        // SAFETY: as above.
        Storage::get_gd(unsafe { as_storage::<NetworkingSocketsMultiplayerPeer>(self.0) })
    }
}

/// Functions by their names, with the types of arguments that godot-rust knows from the engine.
macro_rules! functions {
    ($($function:ident = |$peer:ident, $arguments:tt: $Arguments:ident| -> $Answer:ty { $work:expr })*) => {
        impl ImplementsGodotVirtual for NetworkingSocketsMultiplayerPeer {
            fn __virtual_call(name: &str) -> sys::GDExtensionClassCallVirtual {
                match name {
                    $(virtuals::$function => {
                        unsafe extern "C" fn call(instance: Instance, arguments: Arguments, answer: Answer) {
                            let context =
                                CallContext::func("NetworkingSocketsMultiplayerPeer", stringify!($function));
                            let work = |instance: Instance, $arguments: virtuals::$Arguments| -> $Answer {
                                let $peer = Called(instance);
                                $work
                            };
                            handle_fallible_ptrcall(&context, || {
                                // SAFETY: the engine passes arguments of the types of the function with that name, and a
                                // place for its answer.
                                unsafe {
                                    Signature::<virtuals::$Arguments, $Answer>::in_ptrcall(
                                        instance, &context, arguments, answer, work, sys::PtrcallType::Virtual,
                                    )
                                }
                            });
                        }
                        Some(call)
                    })*
                    _ => None,
                }
            }
        }
    };
}

functions! {
    get_available_packet_count = |peer, (): Sig_get_available_packet_count| -> i32 { calls::waiting(&peer.state()) }
    get_max_packet_size = |_peer, (): Sig_get_max_packet_size| -> i32 { calls::max_packet_size() }
    get_packet_rawptr = |peer, at: Sig_get_packet_rawptr| -> Error { get_packet(&peer, at) }
    put_packet_rawptr = |peer, packet: Sig_put_packet_rawptr| -> Error { put_packet(&peer, packet) }
    get_packet_channel = |peer, (): Sig_get_packet_channel| -> i32 { calls::packet_channel(&peer.state()) }
    get_packet_mode = |peer, (): Sig_get_packet_mode| -> TransferMode { calls::packet_mode(&peer.state()) }
    get_packet_peer = |peer, (): Sig_get_packet_peer| -> i32 { calls::packet_peer(&peer.state()) }
    set_transfer_channel = |peer, (channel,): Sig_set_transfer_channel| -> () {
        calls::set_channel(&peer.state(), channel)
    }
    get_transfer_channel = |peer, (): Sig_get_transfer_channel| -> i32 { calls::channel(&peer.state()) }
    set_transfer_mode = |peer, (mode,): Sig_set_transfer_mode| -> () { calls::set_mode(&peer.state(), mode) }
    get_transfer_mode = |peer, (): Sig_get_transfer_mode| -> TransferMode { calls::mode(&peer.state()) }
    set_target_peer = |peer, (target,): Sig_set_target_peer| -> () { calls::set_target(&peer.state(), target) }
    is_server = |peer, (): Sig_is_server| -> bool { calls::is_server(&peer.state()) }
    poll = |peer, (): Sig_poll| -> () { calls::poll(&peer.state(), peer.object()) }
    close = |peer, (): Sig_close| -> () { calls::close(&peer.state()) }
    disconnect_peer = |peer, (id, force): Sig_disconnect_peer| -> () {
        calls::disconnect(&peer.state(), id, force)
    }
    get_unique_id = |peer, (): Sig_get_unique_id| -> i32 { calls::unique_id(&peer.state()) }
    set_refuse_new_connections = |peer, (refuses,): Sig_set_refuse_new_connections| -> () {
        calls::set_refuses(&peer.state(), refuses)
    }
    is_refusing_new_connections = |peer, (): Sig_is_refusing_new_connections| -> bool {
        calls::refuses(&peer.state())
    }
    is_server_relay_supported = |peer, (): Sig_is_server_relay_supported| -> bool {
        calls::has_relay(&peer.state())
    }
    get_connection_status = |peer, (): Sig_get_connection_status| -> ConnectionStatus {
        calls::connection_status(&peer.state())
    }
}

sys::shard_add!(
    godot::private::__GODOT_SHARD_REGISTRY;
    ClassShard::new::<NetworkingSocketsMultiplayerPeer>(ShardItem::ITraitImpl(
        ITraitImpl::new::<NetworkingSocketsMultiplayerPeer>()
    ))
);

/// Shows the engine a packet where it is. The state keeps it until this thread gets the next one.
fn get_packet(peer: &Called, (place, size): virtuals::Sig_get_packet_rawptr) -> Error {
    let Some(packet) = calls::get_packet(&peer.state()) else { return Error::ERR_UNAVAILABLE };
    // SAFETY: the engine asks for the packet's address in this place.
    unsafe { place.ptr().cast::<*const u8>().write(packet.as_ptr()) };
    // SAFETY: and for its size in this one.
    unsafe { size.ptr().write(i32::try_from(packet.len()).unwrap_or(i32::MAX)) };
    Error::OK
}

fn put_packet(peer: &Called, (at, size): virtuals::Sig_put_packet_rawptr) -> Error {
    let packet = match usize::try_from(size) {
        // SAFETY: the engine passes a packet of that many bytes, which stays until we return.
        Ok(size) if size > 0 => unsafe { std::slice::from_raw_parts(at.ptr(), size) },
        _ => &[],
    };
    calls::put_packet(&peer.state(), packet)
}
