//! Lets values of any type through to the functions of our classes.
//!
//! godot-rust converts what a script passes before a function sees it: it refuses what Godot cannot convert, with an error
//! of its own and no answer, and makes 3 of 3.5 without a word. So each call comes by here first. A value that is not of
//! the type that the function shows stays in this frame, and one of that type goes on in its place; the argument's own
//! conversion then finds the value that was meant ([`given`]).
//!
//! The way in is the engine's function that registers methods, which godot-rust looks up by name.

use godot::builtin::{GString, PackedByteArray, StringName, VarArray, Variant, VariantType};
use godot::meta::ToGodot;
use godot::sys;
use std::cell::Cell;
use std::ffi::{CStr, c_char, c_void};
use std::sync::{Mutex, PoisonError};

/// Classes all of whose functions take arguments of `api::arg` alone.
const CLASSES: [&str; 3] = ["NetworkingSockets", "NetworkingSocketsContext", "NetworkingSocketsMonitor"];
/// Most arguments of a function.
const ARGUMENTS_MAX: usize = 8;
/// What the engine calls its function that registers methods.
const REGISTER: &CStr = c"classdb_register_extension_class_method";

type Find = unsafe extern "C" fn(*const c_char) -> sys::GDExtensionInterfaceFunctionPtr;
type Register = unsafe extern "C" fn(
    sys::GDExtensionClassLibraryPtr,
    sys::GDExtensionConstStringNamePtr,
    *const sys::GDExtensionClassMethodInfo,
);
type Call = unsafe extern "C" fn(
    *mut c_void,
    sys::GDExtensionClassInstancePtr,
    *const sys::GDExtensionConstVariantPtr,
    sys::GDExtensionInt,
    sys::GDExtensionVariantPtr,
    *mut sys::GDExtensionCallError,
);

/// The engine's own functions behind ours.
static FIND_OF_ENGINE: Mutex<Option<Find>> = Mutex::new(None);
static REGISTER_OF_ENGINE: Mutex<Option<Register>> = Mutex::new(None);

/// A method, and the types that it shows.
struct Method {
    call: Call,
    types: Vec<VariantType>,
}

/// One call on its way.
#[derive(Default)]
struct Frame {
    /// What goes on in place of arguments of other types.
    stand_ins: [Variant; ARGUMENTS_MAX],
    /// The arguments, where something else goes on.
    given: [Option<Variant>; ARGUMENTS_MAX],
}

thread_local! {
    /// The innermost call of this thread.
    static FRAME: Cell<*const Frame> = const { Cell::new(std::ptr::null()) };
}

/// The look-up that godot-rust shall use in place of the engine's.
pub(crate) fn finding(engine: sys::GDExtensionInterfaceGetProcAddress) -> Option<Find> {
    keep(&FIND_OF_ENGINE, engine);
    Some(find)
}

/// The value that a script passed where this one stands for it.
pub(crate) fn given(stand_in: &Variant) -> Option<Variant> {
    let frame = FRAME.get();
    // SAFETY: the frame lives in `call`, which takes it out of here before it returns.
    let frame = unsafe { frame.as_ref() }?;
    let at = frame.stand_ins.iter().position(|one| std::ptr::eq(one, stand_in))?;
    frame.given.get(at)?.clone()
}

fn keep<T>(place: &Mutex<Option<T>>, value: Option<T>) {
    *place.lock().unwrap_or_else(PoisonError::into_inner) = value;
}

fn kept<T: Copy>(place: &Mutex<Option<T>>) -> Option<T> {
    *place.lock().unwrap_or_else(PoisonError::into_inner)
}

unsafe extern "C" fn find(name: *const c_char) -> sys::GDExtensionInterfaceFunctionPtr {
    let engine = kept(&FIND_OF_ENGINE)?;
    // SAFETY: it is the engine's own look-up, and the name is handed on as it came.
    let found = unsafe { engine(name) }?;
    // SAFETY: names are texts that end in a zero.
    let name = unsafe { CStr::from_ptr(name) };
    if name != REGISTER {
        return Some(found);
    }
    // SAFETY: that is the type of the function with this name.
    let register_of_engine = unsafe { std::mem::transmute::<unsafe extern "C" fn(), Register>(found) };
    keep(&REGISTER_OF_ENGINE, Some(register_of_engine));
    // SAFETY: whoever asked for this name makes the same type of it again.
    Some(unsafe { std::mem::transmute::<Register, unsafe extern "C" fn()>(register) })
}

unsafe extern "C" fn register(
    library: sys::GDExtensionClassLibraryPtr,
    class: sys::GDExtensionConstStringNamePtr,
    info: *const sys::GDExtensionClassMethodInfo,
) {
    let Some(engine) = kept(&REGISTER_OF_ENGINE) else { return };
    // SAFETY: godot-rust passes a description that is its own until this returns.
    let mut info = unsafe { *info };
    // SAFETY: the class has a name, of which godot-rust's type is a view.
    let name = unsafe { &*class.cast::<StringName>() }.to_string();
    if let Some(call_func) = info.call_func
        && CLASSES.contains(&name.as_str())
    {
        // SAFETY: the description has one entry for each argument, or none if there are none.
        let method = unsafe { Method::of(call_func, &info) };
        // Classes stay registered until the library goes.
        info.method_userdata = std::ptr::from_ref(Box::leak(Box::new(method))).cast_mut().cast();
        info.call_func = Some(call);
    }
    // SAFETY: the description is godot-rust's, but for where calls go first.
    unsafe { engine(library, class, &raw const info) };
}

impl Method {
    /// # Safety
    ///
    /// The description has as many entries for arguments as it says.
    unsafe fn of(call: Call, info: &sys::GDExtensionClassMethodInfo) -> Self {
        let count = info.argument_count as usize;
        let arguments = if count == 0 {
            &[]
        } else {
            // SAFETY: the caller says so.
            unsafe { std::slice::from_raw_parts(info.arguments_info, count) }
        };
        let types = arguments.iter().map(|argument| VariantType::from_sys(argument.type_)).collect();
        Self { call, types }
    }
}

/// A value of the type, if a value of another type was given.
fn stand_in(given: VariantType, shown: VariantType) -> Option<Variant> {
    if given == shown {
        return None;
    }
    match shown {
        VariantType::INT => Some(0_i64.to_variant()),
        VariantType::FLOAT => Some(0.0_f64.to_variant()),
        VariantType::BOOL => Some(false.to_variant()),
        VariantType::STRING => Some(GString::new().to_variant()),
        VariantType::PACKED_BYTE_ARRAY => Some(PackedByteArray::new().to_variant()),
        VariantType::ARRAY => Some(VarArray::new().to_variant()),
        // Any type is shown as none.
        _ => None,
    }
}

/// The arguments of a call, as views of the engine's values.
///
/// # Safety
///
/// There are as many pointers to values as this says, and all of them live as long as the result.
unsafe fn values<'a>(
    arguments: *const sys::GDExtensionConstVariantPtr,
    count: sys::GDExtensionInt,
) -> &'a [&'a Variant] {
    match usize::try_from(count) {
        // SAFETY: godot-rust's type is a view of the engine's, and the caller says the rest.
        Ok(count) if count > 0 => unsafe { std::slice::from_raw_parts(arguments.cast(), count) },
        _ => &[],
    }
}

unsafe extern "C" fn call(
    method: *mut c_void,
    instance: sys::GDExtensionClassInstancePtr,
    arguments: *const sys::GDExtensionConstVariantPtr,
    count: sys::GDExtensionInt,
    answer: sys::GDExtensionVariantPtr,
    error: *mut sys::GDExtensionCallError,
) {
    // SAFETY: `register` put it there, and it is never freed.
    let method = unsafe { &*method.cast_const().cast::<Method>() };
    // SAFETY: that is how the engine passes arguments.
    let values = unsafe { values(arguments, count) };
    let others = values.iter().zip(&method.types).any(|(value, shown)| value.get_type() != *shown);
    if !others || values.len() > method.types.len() || values.len() > ARGUMENTS_MAX {
        // SAFETY: everything is handed on as it came.
        return unsafe { (method.call)(std::ptr::null_mut(), instance, arguments, count, answer, error) };
    }
    let mut frame = Frame::default();
    for (at, (value, shown)) in values.iter().zip(&method.types).enumerate() {
        if let Some(stand_in) = stand_in(value.get_type(), *shown) {
            frame.stand_ins[at] = stand_in;
            frame.given[at] = Some((*value).clone());
        }
    }
    let mut going_on = [std::ptr::null(); ARGUMENTS_MAX];
    for (at, value) in values.iter().enumerate() {
        let value = if frame.given[at].is_some() { &frame.stand_ins[at] } else { *value };
        going_on[at] = value.var_sys();
    }
    let outer = FRAME.replace(&raw const frame);
    // SAFETY: as above, but for some arguments that are our own, of the types that are shown.
    unsafe { (method.call)(std::ptr::null_mut(), instance, going_on.as_ptr(), count, answer, error) };
    FRAME.set(outer);
}
