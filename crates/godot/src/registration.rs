//! What classes cannot say about themselves: the second name of the singleton, project settings, enums.

use crate::api::{NetworkingSockets, NetworkingSocketsContext, register_constants};
use crate::{ending, monitor, pump, settings};
use godot::classes::Engine;
use godot::prelude::*;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// The name that the singleton also answers to where a setting says so.
const OTHER_NAME: &str = "Steam";

/// Whether the other name is ours to take back.
static OTHER_NAME_TAKEN: AtomicBool = AtomicBool::new(false);

/// When all classes of the extension are registered.
pub(crate) fn start() {
    register_constants::<NetworkingSockets>();
    register_constants::<NetworkingSocketsContext>();
    settings::register();
    take_other_name();
    pump::start();
}

/// Before they go, and the code of our threads with them.
pub(crate) fn stop() {
    if OTHER_NAME_TAKEN.swap(false, Relaxed) {
        Engine::singleton().unregister_singleton(OTHER_NAME);
    }
    pump::stop();
    ending::finish_all();
    monitor::shut_down_all();
}

fn take_other_name() {
    let mut engine = Engine::singleton();
    if settings::register_as_steam() && !engine.has_singleton(OTHER_NAME) {
        engine.register_singleton(OTHER_NAME, &NetworkingSockets::singleton());
        OTHER_NAME_TAKEN.store(true, Relaxed);
    }
}
