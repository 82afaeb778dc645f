//! Callbacks by themselves each frame, and letting go of scripts before the engine takes scripting down.

use crate::api::{NetworkingSockets, NetworkingSocketsContext};
use crate::settings;
use godot::classes::{Engine, Object, SceneTree};
use godot::prelude::*;
use std::sync::{Mutex, PoisonError};

const SIGNALS: [&str; 3] =
    ["fake_ip_result", "network_authentication_status", "network_connection_status_changed"];

/// The objects that were asked for anything.
static LIVE: Mutex<Vec<InstanceId>> = Mutex::new(Vec::new());

/// An object that may have events from now on.
pub(crate) fn add(id: InstanceId) {
    LIVE.lock().unwrap_or_else(PoisonError::into_inner).push(id);
}

/// An object that is gone.
pub(crate) fn remove(id: InstanceId) {
    LIVE.lock().unwrap_or_else(PoisonError::into_inner).retain(|known| *known != id);
}

fn live() -> Vec<InstanceId> {
    LIVE.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Waits for the scene tree, which is made after extensions are loaded.
pub(crate) fn start() {
    let hook = |_: &[&Variant]| hook_tree();
    Callable::from_fn("gamesockets: hook the scene tree", hook).call_deferred(&[]);
}

fn hook_tree() {
    let tree = Engine::singleton().get_main_loop().and_then(|main| main.try_cast::<SceneTree>().ok());
    let Some(mut tree) = tree else { return };
    if settings::automatic_callbacks() {
        let callable = Callable::from_fn("gamesockets: callbacks", |_: &[&Variant]| deliver());
        connect(tree.upcast_mut(), "process_frame", &callable);
    }
    if let Some(mut root) = tree.get_root() {
        let callable = Callable::from_fn("gamesockets: let go of scripts", |_: &[&Variant]| let_go());
        connect(root.upcast_mut(), "tree_exiting", &callable);
    }
}

/// Connects for as long as the object lives. By name: in the editor the bindings would undo it at the end, and warn
/// every developer that they did, for the sake of reloading, which this extension does not offer.
fn connect(object: &mut Object, signal: &str, callable: &Callable) {
    object.call("connect", &[signal.to_variant(), callable.to_variant()]);
}

/// Runs the callbacks of all objects.
fn deliver() {
    for id in live() {
        if let Ok(context) = Gd::<NetworkingSocketsContext>::try_from_instance_id(id) {
            context.bind().deliver();
        } else if let Ok(singleton) = Gd::<NetworkingSockets>::try_from_instance_id(id) {
            singleton.bind().deliver();
        }
    }
}

/// Disconnects everything: a lambda that is still connected when scripting is taken down crashes the engine.
fn let_go() {
    let singleton = NetworkingSockets::singleton();
    singleton.bind().forget_scripts();
    disconnect(singleton.upcast::<Object>());
    for id in live() {
        if let Ok(context) = Gd::<NetworkingSocketsContext>::try_from_instance_id(id) {
            context.bind().forget_scripts();
            disconnect(context.upcast::<Object>());
        }
    }
}

fn disconnect(mut object: Gd<Object>) {
    for signal in SIGNALS {
        let connections = object.get_signal_connection_list(signal);
        for connection in connections.iter_shared() {
            if let Some(Ok(callable)) =
                connection.get("callable").map(|callable| callable.try_to::<Callable>())
            {
                object.disconnect(signal, &callable);
            }
        }
    }
}
