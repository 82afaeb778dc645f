//! What godot-rust has no safe way for: defaults of our own argument types, and constants in groups.

use super::arg::{Blob, Flag, Int, List, Loose};
use godot::builtin::StringName;
use godot::meta::GodotImmutable;
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
