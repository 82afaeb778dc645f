//! Where the engine enters.

use crate::registration;
use godot::init::{ExtensionLibrary, InitStage, gdextension};

/// The extension.
#[derive(Debug)]
struct Gamesockets;

// SAFETY: the macro makes the only entry point of this library, and nothing else calls it.
#[gdextension]
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
