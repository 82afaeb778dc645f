//! Callbacks by themselves each frame, and letting go of scripts before the engine takes scripting down.

use crate::api::{NetworkingSockets, NetworkingSocketsContext, Weak};
use crate::settings;
use godot::classes::{Engine, Object, SceneTree};
use godot::prelude::*;
use std::sync::{Mutex, MutexGuard, PoisonError};

const SIGNALS: [&str; 3] =
    ["fake_ip_result", "network_authentication_status", "network_connection_status_changed"];

/// The objects that were asked for anything.
static LIVE: Mutex<Vec<Live>> = Mutex::new(Vec::new());

struct Live {
    id: InstanceId,
    object: Weak,
}

fn locked() -> MutexGuard<'static, Vec<Live>> {
    LIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An object that may have events from now on.
pub(crate) fn add(object: &Gd<Object>) {
    if let Some(weak) = Weak::to(object) {
        locked().push(Live { id: object.instance_id(), object: weak });
    }
}

/// An object that goes right now.
pub(crate) fn remove(id: InstanceId) {
    let mut live = locked();
    let gone = live.iter().position(|known| known.id == id).map(|at| live.swap_remove(at));
    drop(live);
    drop(gone);
}

/// Forgets all objects, before classes go.
pub(crate) fn stop() {
    let live = std::mem::take(&mut *locked());
    drop(live);
}

/// References to all that are not on their way out. Another thread may be about to free one: it then waits in `remove`
/// while this looks, and the engine's weak references do not bring back what is on its way.
fn live() -> Vec<Variant> {
    let live = locked();
    live.iter().map(|one| one.object.get()).collect()
}

/// Waits for the main loop, which is made after extensions are loaded.
pub(crate) fn start() {
    let hook = |_: &[&Variant]| hook_main_loop();
    Callable::from_fn("gamesockets: hook the main loop", hook).call_deferred(&[]);
}

/// Goes with the main loop.
struct WithMainLoop;

impl Drop for WithMainLoop {
    fn drop(&mut self) {
        let_go();
    }
}

fn hook_main_loop() {
    let Some(mut main) = Engine::singleton().get_main_loop() else { return };
    // What scripts connect in the main loop's last function. This is a signal that every main loop has; what is connected
    // to it goes when the main loop does.
    let last = WithMainLoop;
    let keep = move |_: &[&Variant]| {
        let _ = &last;
    };
    connect(
        main.upcast_mut(),
        "on_request_permissions_result",
        &Callable::from_fn("gamesockets: the end", keep),
    );
    let Ok(mut tree) = main.try_cast::<SceneTree>() else { return };
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
    for object in live() {
        if let Ok(context) = object.try_to::<Gd<NetworkingSocketsContext>>() {
            NetworkingSocketsContext::deliver(&context);
        } else if let Ok(singleton) = object.try_to::<Gd<NetworkingSockets>>() {
            NetworkingSockets::deliver(&singleton);
        }
    }
}

/// Disconnects everything: a lambda that is still connected when scripting is taken down crashes the engine.
fn let_go() {
    let singleton = NetworkingSockets::singleton();
    singleton.bind().forget_scripts();
    disconnect(singleton.upcast::<Object>());
    for object in live() {
        if let Ok(context) = object.try_to::<Gd<NetworkingSocketsContext>>() {
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
