//! Arguments that may be anything.
//!
//! Godot shows their types, and checks them where a script says the type of what it passes. Where it does not, any value
//! of any type arrives here (by way of `varcall`), and is kept with what is wrong about it until the function tells.

use super::options;
use crate::varcall;
use gamesockets::config::ConfigValue;
use godot::builtin::{
    AnyArray, GString, PackedByteArray, PackedFloat32Array, PackedFloat64Array, PackedInt32Array,
    PackedInt64Array, StringName, VarArray, Variant, VariantType,
};
use godot::classes::Object;
use godot::global::type_string;
use godot::meta::conv::ByValue;
use godot::meta::error::ConvertError;
use godot::meta::shape::GodotShape;
use godot::meta::{FromGodot, GodotConvert, ToGodot};
use godot::obj::{EngineEnum as _, Gd};

/// A whole number: an int, a float without a fraction, or a bool.
#[derive(Debug, Clone)]
pub(crate) struct Int(Result<i64, String>);

/// Yes or no: a bool or a number.
#[derive(Debug, Clone)]
pub(super) struct Flag(Result<bool, String>);

/// Any number, or a bool.
#[derive(Debug, Clone)]
pub(crate) struct Real(Result<f64, String>);

/// Text, or bytes; Godot shows it as a value of any type.
#[derive(Debug, Clone)]
pub(super) struct Loose(Variant);

/// Text: a String, a StringName or a NodePath.
#[derive(Debug, Clone)]
pub(super) struct Text(Result<String, String>);

/// Bytes: a PackedByteArray.
#[derive(Debug, Clone)]
pub(super) struct Blob(Result<PackedByteArray, String>);

/// An Array of any type, a packed array of numbers, or a Dictionary.
#[derive(Debug, Clone)]
pub(crate) struct List(Variant);

fn wrong(value: &Variant, needed: &str) -> String {
    format!("is {}, {needed} is needed", described(value))
}

/// The type of a value, and the value where that is short.
fn described(value: &Variant) -> String {
    match value.get_type() {
        VariantType::NIL => "null".to_owned(),
        VariantType::FLOAT | VariantType::INT | VariantType::BOOL => value.stringify().to_string(),
        other => format!("of type {}", type_string(other.ord().into())),
    }
}

/// Largest whole number that a float holds exactly.
const FLOAT_WHOLE_MAX: f64 = 9_007_199_254_740_992.0;

pub(super) fn int_of(value: &Variant) -> Result<i64, String> {
    match value.get_type() {
        VariantType::INT => Ok(value.to()),
        VariantType::BOOL => Ok(i64::from(value.to::<bool>())),
        VariantType::FLOAT => {
            let number: f64 = value.to();
            let whole = number.fract() == 0.0 && number.abs() <= FLOAT_WHOLE_MAX;
            if whole { Ok(number as i64) } else { Err(wrong(value, "a whole number")) }
        }
        _ => Err(wrong(value, "an int")),
    }
}

pub(super) fn text_of(value: &Variant) -> Result<String, String> {
    match value.get_type() {
        VariantType::STRING => Ok(value.to::<GString>().to_string()),
        VariantType::STRING_NAME => Ok(value.to::<StringName>().to_string()),
        VariantType::NODE_PATH => Ok(value.stringify().to_string()),
        _ => Err(wrong(value, "a String")),
    }
}

pub(super) fn blob_of(value: &Variant) -> Result<PackedByteArray, String> {
    match value.get_type() {
        VariantType::PACKED_BYTE_ARRAY => Ok(value.to()),
        _ => Err(wrong(value, "a PackedByteArray")),
    }
}

fn flag_of(value: &Variant) -> Result<bool, String> {
    match value.get_type() {
        VariantType::BOOL => Ok(value.to()),
        VariantType::INT => Ok(value.to::<i64>() != 0),
        VariantType::FLOAT => Ok(value.to::<f64>() != 0.0),
        _ => Err(wrong(value, "a bool")),
    }
}

fn real_of(value: &Variant) -> Result<f64, String> {
    match value.get_type() {
        VariantType::FLOAT => Ok(value.to()),
        VariantType::INT | VariantType::BOOL => Ok(int_of(value)? as f64),
        _ => Err(wrong(value, "a float")),
    }
}

/// The value as one of the type that an argument shows; none if it is taken as it is. Lists tell themselves what is wrong.
pub(crate) fn as_shown(value: &Variant, shown: VariantType, class: &str) -> Result<Option<Variant>, String> {
    match shown {
        VariantType::INT => int_of(value).map(|number| Some(number.to_variant())),
        VariantType::FLOAT => real_of(value).map(|number| Some(number.to_variant())),
        VariantType::BOOL => flag_of(value).map(|flag| Some(flag.to_variant())),
        VariantType::STRING => text_of(value).map(|text| Some(GString::from(&text).to_variant())),
        VariantType::ARRAY => Ok(Some(VarArray::new().to_variant())),
        VariantType::NIL => Ok(None),
        VariantType::OBJECT => {
            // What is gone cannot be made an object.
            let of_class = |object: Gd<Object>| object.is_class(class);
            let fits = value.is_nil() || value.try_to().is_ok_and(of_class);
            if fits { Ok(None) } else { Err(wrong(value, &format!("a {class}"))) }
        }
        _ => Err(wrong(value, &format!("type {}", type_string(shown.ord().into())))),
    }
}

/// Most elements of a list. No function has use for more.
const ELEMENTS_MAX: usize = 65_536;

/// The elements of an Array, or of a packed array of numbers.
pub(super) fn elements_of(value: &Variant) -> Result<Vec<Variant>, String> {
    match value.get_type() {
        VariantType::ARRAY => {
            let list: AnyArray = value.to();
            elements(list.len(), || list.iter_shared().collect())
        }
        VariantType::PACKED_BYTE_ARRAY => numbers(value.to::<PackedByteArray>().as_slice()),
        VariantType::PACKED_INT32_ARRAY => numbers(value.to::<PackedInt32Array>().as_slice()),
        VariantType::PACKED_INT64_ARRAY => numbers(value.to::<PackedInt64Array>().as_slice()),
        VariantType::PACKED_FLOAT32_ARRAY => numbers(value.to::<PackedFloat32Array>().as_slice()),
        VariantType::PACKED_FLOAT64_ARRAY => numbers(value.to::<PackedFloat64Array>().as_slice()),
        _ => Err(wrong(value, "an Array")),
    }
}

fn numbers<T: ToGodot>(list: &[T]) -> Result<Vec<Variant>, String> {
    elements(list.len(), || list.iter().map(ToGodot::to_variant).collect())
}

fn elements(count: usize, all: impl FnOnce() -> Vec<Variant>) -> Result<Vec<Variant>, String> {
    if count > ELEMENTS_MAX {
        return Err(format!("has {count} elements, {ELEMENTS_MAX} are possible"));
    }
    Ok(all())
}

/// Names the argument that is wrong.
fn named<T>(value: Result<T, String>, name: &str) -> Result<T, String> {
    value.map_err(|why| format!("{name} {why}"))
}

impl Int {
    /// The number, or what is wrong with the argument of that name.
    pub(crate) fn get(self, name: &str) -> Result<i64, String> {
        named(self.0, name)
    }
}

impl Flag {
    /// The answer, or what is wrong with the argument of that name.
    pub(super) fn get(self, name: &str) -> Result<bool, String> {
        named(self.0, name)
    }
}

impl Real {
    /// The number, or what is wrong with the argument of that name.
    pub(crate) fn get(self, name: &str) -> Result<f64, String> {
        named(self.0, name)
    }
}

impl Loose {
    /// The bytes of either, or what is wrong with the argument of that name.
    pub(super) fn bytes(&self, name: &str) -> Result<Vec<u8>, String> {
        let text = || text_of(&self.0).map(String::into_bytes);
        let bytes = blob_of(&self.0).map(|bytes| bytes.to_vec()).or_else(|_| text());
        bytes.map_err(|_| format!("{name} {}", wrong(&self.0, "a String or a PackedByteArray")))
    }
}

impl Default for Loose {
    fn default() -> Self {
        Self(GString::new().to_variant())
    }
}

impl Text {
    /// The text, or what is wrong with the argument of that name.
    pub(super) fn get(self, name: &str) -> Result<String, String> {
        named(self.0, name)
    }
}

impl Blob {
    /// The bytes, or what is wrong with the argument of that name.
    pub(super) fn get(self, name: &str) -> Result<PackedByteArray, String> {
        named(self.0, name)
    }
}

impl List {
    /// The elements as numbers.
    pub(super) fn numbers(&self, name: &str) -> Result<Vec<i64>, String> {
        let elements = named(elements_of(&self.0), name)?;
        let number =
            |(at, value): (usize, &Variant)| int_of(value).map_err(|why| format!("{name}[{at}] {why}"));
        elements.iter().enumerate().map(number).collect()
    }

    /// The elements as messages, whose bytes are not copied: many may be the same large ones.
    pub(super) fn blobs(&self, name: &str) -> Result<Vec<PackedByteArray>, String> {
        if self.0.get_type() != VariantType::ARRAY {
            return named(Err(wrong(&self.0, "an Array of PackedByteArrays")), name);
        }
        let elements = named(elements_of(&self.0), name)?;
        let blob =
            |(at, value): (usize, &Variant)| blob_of(value).map_err(|why| format!("{name}[{at}] {why}"));
        elements.iter().enumerate().map(blob).collect()
    }

    /// The elements as options of something that is about to be made.
    pub(super) fn options<'a>(&self, keep: &'a options::Callables) -> Result<options::Options<'a>, String> {
        options::read(&self.0, keep)
    }
}

/// A setting's value as a script gives it.
pub(super) fn config_value(value: &Variant) -> Result<ConfigValue, String> {
    match value.get_type() {
        VariantType::BOOL | VariantType::INT => Ok(ConfigValue::Int64(int_of(value)?)),
        VariantType::FLOAT => Ok(ConfigValue::Float(value.to::<f64>() as f32)),
        VariantType::STRING | VariantType::STRING_NAME => Ok(ConfigValue::text(&text_of(value)?)),
        _ => Err(wrong(value, "an int, a float or a String")),
    }
}

/// Makes an argument of a type that Godot shows as another.
macro_rules! argument {
    ($Type:ident as $Via:ty, $from_variant:expr, $from:expr, $to:expr) => {
        impl GodotConvert for $Type {
            type Via = $Via;

            fn godot_shape() -> GodotShape {
                GodotShape::of_builtin::<$Via>()
            }
        }

        impl FromGodot for $Type {
            fn try_from_godot(via: $Via) -> Result<Self, ConvertError> {
                Ok($from(via))
            }

            fn try_from_variant(value: &Variant) -> Result<Self, ConvertError> {
                Ok(Self($from_variant(varcall::given(value).as_ref().unwrap_or(value))))
            }
        }

        // For defaults, which are always right.
        impl ToGodot for $Type {
            type Pass = ByValue;

            fn to_godot(&self) -> $Via {
                $to(self)
            }
        }
    };
}

argument!(Int as i64, int_of, |number| Int(Ok(number)), |int: &Int| int.0.clone().unwrap_or_default());
argument!(Flag as bool, flag_of, |flag| Flag(Ok(flag)), |flag: &Flag| flag.0.clone().unwrap_or_default());
argument!(Real as f64, real_of, |number| Real(Ok(number)), |real: &Real| real.0.clone().unwrap_or_default());
argument!(Text as GString, text_of, |text: GString| Text(Ok(text.to_string())), |text: &Text| {
    text.0.as_ref().map(GString::from).unwrap_or_default()
});
argument!(Blob as PackedByteArray, blob_of, |bytes| Blob(Ok(bytes)), |blob: &Blob| {
    blob.0.clone().unwrap_or_default()
});
// Typed arrays too: a call whose types are known brings them as they are.
argument!(List as AnyArray, Variant::clone, |list: AnyArray| List(list.to_variant()), |list: &List| {
    elements_of(&list.0).unwrap_or_default().into_iter().collect::<VarArray>().upcast_any_array()
});

impl GodotConvert for Loose {
    type Via = Variant;

    fn godot_shape() -> GodotShape {
        GodotShape::Variant
    }
}

impl FromGodot for Loose {
    fn try_from_godot(via: Variant) -> Result<Self, ConvertError> {
        Ok(Self(via))
    }
}

impl ToGodot for Loose {
    type Pass = ByValue;

    fn to_godot(&self) -> Variant {
        self.0.clone()
    }
}

impl From<i64> for Int {
    fn from(number: i64) -> Self {
        Self(Ok(number))
    }
}

impl From<bool> for Flag {
    fn from(flag: bool) -> Self {
        Self(Ok(flag))
    }
}

impl Blob {
    /// No bytes, for defaults.
    pub(super) fn empty() -> Self {
        Self(Ok(PackedByteArray::new()))
    }
}

impl List {
    /// No elements, for defaults.
    pub(crate) fn empty() -> Self {
        Self(VarArray::new().to_variant())
    }
}
