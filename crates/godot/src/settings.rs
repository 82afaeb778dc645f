//! Project settings.

use crate::face::ROOTS_SETTING as TRUSTED_ROOTS;
use godot::builtin::{AnyArray, PackedStringArray, VarDictionary, Variant, VariantType, vdict};
use godot::classes::{Engine, ProjectSettings};
use godot::meta::ToGodot;
use godot::obj::{EngineEnum, Singleton};

const REGISTER_AS_STEAM: &str = "gamesockets/register_as_steam";
const AUTOMATIC_CALLBACKS: &str = "gamesockets/automatic_callbacks";
/// From this version on, callbacks run by themselves unless the project says otherwise.
const AUTOMATIC_FROM: (i64, i64) = (4, 5);

/// Adds the settings with their defaults, so that the project settings dialog shows them.
pub(crate) fn register() {
    let own = [
        (REGISTER_AS_STEAM, VariantType::BOOL, false.to_variant()),
        (AUTOMATIC_CALLBACKS, VariantType::BOOL, automatic_by_default().to_variant()),
        (TRUSTED_ROOTS, VariantType::PACKED_STRING_ARRAY, PackedStringArray::new().to_variant()),
    ];
    let mut settings = ProjectSettings::singleton();
    for (name, kind, default) in own {
        if !settings.has_setting(name) {
            settings.set_setting(name, &default);
        }
        settings.set_initial_value(name, &default);
        settings.set_as_basic(name, true);
        let info: VarDictionary =
            vdict! { "name" => name, "type" => kind.ord(), "hint" => 0_i64, "hint_string" => "" };
        settings.add_property_info(&info);
    }
}

fn get(name: &str) -> Variant {
    ProjectSettings::singleton().get_setting(name)
}

/// Whether the singleton also answers to the name `Steam`.
pub(crate) fn register_as_steam() -> bool {
    get(REGISTER_AS_STEAM).booleanize()
}

/// Whether callbacks run by themselves each frame.
pub(crate) fn automatic_callbacks() -> bool {
    get(AUTOMATIC_CALLBACKS).booleanize()
}

/// Who vouches for peers: public keys as OpenSSH writes them. What is no list of texts is handed on as a key that is
/// none, so that a slip of the pen does not mean that everybody is trusted.
pub(crate) fn trusted_roots() -> Vec<String> {
    let value = get(TRUSTED_ROOTS);
    match value.get_type() {
        VariantType::NIL => Vec::new(),
        VariantType::PACKED_STRING_ARRAY => {
            value.to::<PackedStringArray>().as_slice().iter().map(ToString::to_string).collect()
        }
        VariantType::ARRAY => {
            value.to::<AnyArray>().iter_shared().map(|key| key.stringify().to_string()).collect()
        }
        _ => vec![value.stringify().to_string()],
    }
}

fn automatic_by_default() -> bool {
    let version = Engine::singleton().get_version_info();
    let part = |name: &str| version.get(name).and_then(|part| part.try_to::<i64>().ok()).unwrap_or(0);
    (part("major"), part("minor")) >= AUTOMATIC_FROM
}
