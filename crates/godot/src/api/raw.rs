//! What godot-rust has no safe way for: defaults of our own argument types, constants in groups, and references that
//! threads share.

use super::arg::{Blob, Flag, Int, List, Loose};
use godot::builtin::{StringName, Variant};
use godot::classes::{Object, WeakRef};
use godot::global::weakref;
use godot::meta::{GodotImmutable, ToGodot};
use godot::obj::Gd;
use godot::sys;

// SAFETY: godot-rust asks that a default cannot be changed by one call and seen by the next. A number is copied.
unsafe impl GodotImmutable for Int {}
// SAFETY: as above.
unsafe impl GodotImmutable for Flag {}
// SAFETY: packed arrays are copied when they are written to, and calls never write to their arguments.
unsafe impl GodotImmutable for Blob {}
// SAFETY: defaults are made anew for every call, and calls never write to their arguments.
unsafe impl GodotImmutable for List {}
// SAFETY: the default is text, which is copied when it is written to.
unsafe impl GodotImmutable for Loose {}

/// A reference that does not keep its object, for all threads.
pub(crate) struct Weak(Gd<WeakRef>);

// SAFETY: the engine lets every thread count references and ask weak ones; the class is closed, so nothing else is done.
unsafe impl Send for Weak {}

impl Weak {
    pub(crate) fn to(object: &Gd<Object>) -> Option<Self> {
        weakref(&object.to_variant()).try_to().ok().map(Self)
    }

    /// The object, or `null` if it is gone or on its way out. Its memory has to be there still.
    pub(crate) fn get(&self) -> Variant {
        self.0.get_ref()
    }
}

/// Adds a constant of an enum (or of none, if its name is empty) to a class of this extension.
pub(super) fn register_constant(class: &StringName, group: &StringName, name: &StringName, value: i64) {
    let register = sys::interface_fn!(classdb_register_extension_class_integer_constant);
    // SAFETY: the extension is loaded, so there is a library.
    let library = unsafe { sys::get_library() };
    // SAFETY: the names live until the call returns, which copies them; the class is registered already.
    unsafe {
        register(library, class.string_sys(), group.string_sys(), name.string_sys(), value, 0);
    }
}
