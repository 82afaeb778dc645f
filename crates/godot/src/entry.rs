//! Where the engine enters.

use crate::{registration, varcall};
use godot::init::{ExtensionLibrary, InitStage, gdextension};
use godot::sys;

/// The extension.
#[derive(Debug)]
struct Gamesockets;

// SAFETY: the only entry point besides is ours, which calls it, and nothing else does.
#[gdextension(entry_symbol = gamesockets_godot_rust_init)]
unsafe impl ExtensionLibrary for Gamesockets {
    fn on_stage_init(stage: InitStage) {
        if stage == InitStage::Scene {
            registration::start();
        }
    }

    fn on_stage_deinit(stage: InitStage) {
        if stage == InitStage::Scene {
            registration::stop();
        }
    }
}

/// godot-rust's entry point, with our way of registering methods in place of the engine's.
// SAFETY: no other library of ours has a function of this name.
#[unsafe(no_mangle)]
unsafe extern "C" fn gdext_rust_init(
    get_proc_address: sys::GDExtensionInterfaceGetProcAddress,
    library: sys::GDExtensionClassLibraryPtr,
    init: *mut sys::GDExtensionInitialization,
) -> sys::GDExtensionBool {
    // SAFETY: what the engine passes is handed on, and the other look-up finds the same functions but one.
    unsafe { gamesockets_godot_rust_init(varcall::finding(get_proc_address), library, init) }
}
