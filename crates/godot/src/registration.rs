//! What classes cannot say about themselves: the second name of the singleton, project settings, enums.

use godot::classes::{Engine, ProjectSettings};
use godot::prelude::*;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// The singleton, and the name that it also answers to where a setting says so.
const NAME: &str = "NetworkingSockets";
const OTHER_NAME: &str = "Steam";
/// The setting.
const REGISTER_AS_STEAM: &str = "gamesockets/register_as_steam";

/// Whether the other name is ours to take back.
static OTHER_NAME_TAKEN: AtomicBool = AtomicBool::new(false);

/// When all classes of the extension are registered.
pub(crate) fn start() {
    take_other_name();
}

/// Before they go.
pub(crate) fn stop() {
    if OTHER_NAME_TAKEN.swap(false, Relaxed) {
        Engine::singleton().unregister_singleton(OTHER_NAME);
    }
}

fn take_other_name() {
    let wanted = ProjectSettings::singleton().get_setting_ex(REGISTER_AS_STEAM).done();
    let mut engine = Engine::singleton();
    if !wanted.booleanize() || engine.has_singleton(OTHER_NAME) {
        return;
    }
    if let Some(object) = engine.get_singleton(NAME) {
        engine.register_singleton(OTHER_NAME, &object);
        OTHER_NAME_TAKEN.store(true, Relaxed);
    }
}
