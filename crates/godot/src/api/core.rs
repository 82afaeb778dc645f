//! What both classes are inside.

use super::options::Callables;
use crate::face::{Face, Outcome};
use crate::{monitor, pump, settings, stopping};
use godot::global::godot_error;
use godot::obj::InstanceId;
use std::sync::OnceLock;

/// One instance. Networking starts with the first call.
#[derive(Debug, Default)]
pub(crate) struct Core {
    face: OnceLock<Face>,
    id: OnceLock<InstanceId>,
    pub(super) callables: Callables,
}

impl Core {
    /// The instance; the object that it belongs to, of that class, is remembered for its events.
    pub(super) fn face(&self, class: &'static str, object: impl FnOnce() -> InstanceId) -> &Face {
        self.face.get_or_init(|| {
            let id = object();
            if self.id.set(id).is_ok() {
                pump::add(id);
            }
            let face = Face::new(&settings::trusted_roots());
            if let Ok(context) = face.context() {
                stopping::watch(context);
                monitor::watch(class, context);
            }
            face
        })
    }

    /// The instance, if anything was ever asked of it.
    pub(super) fn started(&self) -> Option<&Face> {
        self.face.get()
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        if let Some(id) = self.id.get() {
            pump::remove(*id);
        }
    }
}

/// Makes an answer of an outcome: a mistake of the caller becomes one line with the function's name, and the answer
/// that goes with it.
pub(super) fn answer<T>(function: &str, neutral: T, outcome: Outcome<T>) -> T {
    match outcome {
        Ok(answer) => answer,
        Err(fault) => {
            godot_error!("{function}: {}", fault.why);
            fault.answer.unwrap_or(neutral)
        }
    }
}
