//! The singleton.

use crate::face::Face;
use godot::prelude::*;

/// Encrypted, message-oriented UDP transport for games.
#[derive(GodotClass)]
#[class(tool, init, singleton, base = Object)]
struct NetworkingSockets {
    face: Face,
}

#[godot_api]
impl NetworkingSockets {
    /// Our own identity as text.
    #[func(rename = getIdentity)]
    fn get_identity(&self) -> GString {
        match self.face.identity() {
            Ok(identity) => GString::from(&identity),
            Err(fault) => {
                godot_error!("getIdentity: {}", fault.why);
                fault.answer.map(|text| GString::from(&text)).unwrap_or_default()
            }
        }
    }
}
