//! Calls with values of types that the function does not show.
//!
//! godot-rust converts what a script passes before a function sees it: it refuses what Godot cannot convert, with an error
//! of its own and no answer, and makes 3 of 3.5 without a word. So each call comes by here first. Most of our functions
//! take any value and tell themselves what is wrong with it: the value stays in this frame, and an empty one of the type
//! that is shown goes on in its place; the argument's own conversion then finds the value that was meant ([`given`]).
//! Others are called only with what they show, and answered for otherwise.
//!
//! The way in is the engine's function that registers methods, which godot-rust looks up by name.

use crate::api::as_shown;
use godot::builtin::{GString, PackedByteArray, StringName, VarArray, VarDictionary, Variant, VariantType};
use godot::global::{Error, godot_error};
use godot::meta::ToGodot;
use godot::sys;
use std::cell::Cell;
use std::ffi::{CStr, c_char, c_void};
use std::sync::{Mutex, PoisonError};

/// Classes all of whose functions take arguments of `api::arg` alone, and tell themselves what is wrong with them.
const ANY_VALUE: [&str; 3] = ["NetworkingSockets", "NetworkingSocketsContext", "NetworkingSocketsMonitor"];
/// Classes whose functions take what they show, and are not called with anything else.
const AS_SHOWN: [&str; 1] = ["NetworkingSocketsMultiplayerPeer"];
/// How the type of a result shows that it is one of the engine's error numbers.
const ERROR_CLASS: &str = "Error";
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

/// A method, and what it shows of itself.
struct Method {
    call: Call,
    name: String,
    arguments: Vec<Argument>,
    wrong: Wrong,
}

struct Argument {
    name: String,
    shown: VariantType,
    /// The class of an object.
    class: String,
}

/// What becomes of a call with a value of another type than it shows.
enum Wrong {
    /// The method is called, and finds the value.
    Passed,
    /// It is answered with this and an error line, unless the value can be made one of the type.
    Refused(Answer),
}

/// Answers to calls that are refused.
#[derive(Clone, Copy)]
enum Answer {
    InvalidParameter,
    Nothing(VariantType),
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
    class_name: sys::GDExtensionConstStringNamePtr,
    info: *const sys::GDExtensionClassMethodInfo,
) {
    let Some(engine) = kept(&REGISTER_OF_ENGINE) else { return };
    // SAFETY: godot-rust passes a description that is its own until this returns.
    let mut info = unsafe { *info };
    // SAFETY: the class has a name.
    let class = unsafe { text(class_name) };
    if let Some(call_func) = info.call_func
        && (ANY_VALUE.contains(&class.as_str()) || AS_SHOWN.contains(&class.as_str()))
    {
        // SAFETY: godot-rust describes the method in full.
        let method = unsafe { Method::of(call_func, &info, ANY_VALUE.contains(&class.as_str())) };
        // Classes stay registered until the library goes.
        info.method_userdata = std::ptr::from_ref(Box::leak(Box::new(method))).cast_mut().cast();
        info.call_func = Some(call);
    }
    // SAFETY: the description is godot-rust's, but for where calls go first.
    unsafe { engine(library, class_name, &raw const info) };
}

/// # Safety
///
/// It is a name of the engine's.
unsafe fn text(name: sys::GDExtensionConstStringNamePtr) -> String {
    // SAFETY: godot-rust's type is a view of the engine's.
    unsafe { &*name.cast::<StringName>() }.to_string()
}

impl Method {
    /// # Safety
    ///
    /// The description has all that it says, and lives.
    unsafe fn of(call: Call, info: &sys::GDExtensionClassMethodInfo, any_value: bool) -> Self {
        // SAFETY: the caller says so.
        let name = unsafe { text(info.name) };
        let arguments = if info.argument_count == 0 {
            &[]
        } else {
            // SAFETY: the caller says so.
            unsafe { std::slice::from_raw_parts(info.arguments_info, info.argument_count as usize) }
        };
        let arguments = arguments.iter().map(|argument| {
            // SAFETY: the caller says so.
            let name = unsafe { text(argument.name) };
            // SAFETY: as above.
            let class = unsafe { text(argument.class_name) };
            Argument { name, shown: VariantType::from_sys(argument.type_), class }
        });
        let arguments = arguments.collect();
        let wrong = if any_value {
            Wrong::Passed
        } else if info.has_return_value == 0 {
            Wrong::Refused(Answer::Nothing(VariantType::NIL))
        } else {
            // SAFETY: the caller says so.
            let result = unsafe { &*info.return_value_info };
            // SAFETY: as above.
            Wrong::Refused(unsafe { Answer::of(result) })
        };
        Self { call, name, arguments, wrong }
    }

    /// Whether a value may be other than the argument shows. Objects may be of another class, or gone.
    fn is_other(&self, value: &Variant, argument: &Argument) -> bool {
        let is_object = argument.shown == VariantType::OBJECT;
        value.get_type() != argument.shown || is_object && matches!(self.wrong, Wrong::Refused(_))
    }

    /// What goes on in place of values of other types, or why the call is refused.
    fn frame(&self, values: &[&Variant]) -> Result<Frame, String> {
        let mut frame = Frame::default();
        for (at, (value, argument)) in values.iter().zip(&self.arguments).enumerate() {
            if !self.is_other(value, argument) {
                continue;
            }
            let stand_in = match self.wrong {
                Wrong::Passed => nothing_of(argument.shown),
                Wrong::Refused(_) => as_shown(value, argument.shown, &argument.class)
                    .map_err(|why| format!("{} {why}", argument.name))?,
            };
            if let Some(stand_in) = stand_in {
                frame.stand_ins[at] = stand_in;
                frame.given[at] = Some((*value).clone());
            }
        }
        Ok(frame)
    }
}

impl Answer {
    /// # Safety
    ///
    /// The description lives.
    unsafe fn of(info: &sys::GDExtensionPropertyInfo) -> Self {
        // SAFETY: the caller says so.
        if unsafe { text(info.class_name) } == ERROR_CLASS {
            return Self::InvalidParameter;
        }
        Self::Nothing(VariantType::from_sys(info.type_))
    }

    fn value(self) -> Variant {
        match self {
            Self::InvalidParameter => Error::ERR_INVALID_PARAMETER.to_variant(),
            Self::Nothing(kind) => nothing_of(kind).unwrap_or_default(),
        }
    }
}

/// An empty value of a type; none where any type will do.
fn nothing_of(kind: VariantType) -> Option<Variant> {
    match kind {
        VariantType::INT => Some(0_i64.to_variant()),
        VariantType::FLOAT => Some(0.0_f64.to_variant()),
        VariantType::BOOL => Some(false.to_variant()),
        VariantType::STRING => Some(GString::new().to_variant()),
        VariantType::PACKED_BYTE_ARRAY => Some(PackedByteArray::new().to_variant()),
        VariantType::ARRAY => Some(VarArray::new().to_variant()),
        VariantType::DICTIONARY => Some(VarDictionary::new().to_variant()),
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
    let mut pairs = values.iter().zip(&method.arguments);
    let others = pairs.any(|(value, argument)| method.is_other(value, argument));
    if !others || values.len() > method.arguments.len() || values.len() > ARGUMENTS_MAX {
        // SAFETY: everything is handed on as it came.
        return unsafe { (method.call)(std::ptr::null_mut(), instance, arguments, count, answer, error) };
    }
    let frame = match (method.frame(values), &method.wrong) {
        (Ok(frame), _) => frame,
        (Err(why), Wrong::Refused(refusal)) => {
            godot_error!("{}: {why}", method.name);
            // SAFETY: the engine has a value there, of which godot-rust's type is a view.
            return unsafe { *answer.cast::<Variant>() = refusal.value() };
        }
        (Err(_), Wrong::Passed) => return,
    };
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
