//! What both classes are inside.

use super::delivery::Delivery;
use super::instances;
use super::options::Callables;
use crate::face::{Face, Outcome};
use crate::{monitor, pump, settings};
use godot::classes::Object;
use godot::global::godot_error;
use godot::obj::{Gd, InstanceId};
use std::sync::{Arc, OnceLock};

/// Longest error line, characters. What a script passes, and is then told about, may have any length.
const LINE_MAX: usize = 400;

/// One instance. Networking starts with the first call.
#[derive(Debug, Default)]
pub(crate) struct Core {
    face: OnceLock<Arc<Face>>,
    id: OnceLock<InstanceId>,
    pub(super) callables: Arc<Callables>,
    delivery: Arc<Delivery>,
}

/// What it takes to tell handlers, while the object may go.
#[derive(Debug)]
pub(super) struct Teller {
    pub(super) face: Arc<Face>,
    pub(super) callables: Arc<Callables>,
    pub(super) delivery: Arc<Delivery>,
}

impl Core {
    /// The instance; the object that it belongs to, of that class, is remembered for its events.
    pub(super) fn face(&self, class: &'static str, object: impl FnOnce() -> Gd<Object>) -> &Arc<Face> {
        self.face.get_or_init(|| {
            let object = object();
            if self.id.set(object.instance_id()).is_ok() {
                pump::add(&object);
            }
            let face = Arc::new(Face::new(&settings::trusted_roots()));
            instances::add(object.instance_id(), &face);
            if let Ok(context) = face.context() {
                monitor::watch(class, context);
            }
            face
        })
    }

    /// What tells of events, if anything was ever asked of the instance.
    pub(super) fn teller(&self) -> Option<Teller> {
        Some(Teller {
            face: Arc::clone(self.face.get()?),
            callables: Arc::clone(&self.callables),
            delivery: Arc::clone(&self.delivery),
        })
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        if let Some(id) = self.id.get() {
            pump::remove(*id);
            instances::remove(*id);
        }
    }
}

/// Makes an answer of an outcome: a mistake of the caller becomes one line with the function's name, and the answer
/// that goes with it.
pub(super) fn answer<T>(function: &str, neutral: T, outcome: Outcome<T>) -> T {
    match outcome {
        Ok(answer) => answer,
        Err(fault) => {
            godot_error!("{function}: {}", short(&fault.why));
            fault.answer.unwrap_or(neutral)
        }
    }
}

/// The text, without its middle if it is long: what is wrong stands at the end.
pub(crate) fn short(text: &str) -> String {
    let Some((cut, _)) = text.char_indices().nth(LINE_MAX / 2) else { return text.to_owned() };
    let Some((from, _)) = text.char_indices().nth_back(LINE_MAX / 2) else { return text.to_owned() };
    if from <= cut { text.to_owned() } else { format!("{} ... {}", &text[..cut], &text[from..]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_lose_their_middle() {
        assert_eq!(short("as it is"), "as it is");
        let fits = "\u{fe}".repeat(LINE_MAX);
        assert_eq!(short(&fits), fits);
        let long = format!("begin {} end", "\u{fe}".repeat(LINE_MAX));
        let line = short(&long);
        assert!(line.starts_with("begin") && line.ends_with("end") && line.chars().count() < LINE_MAX + 10);
    }
}
