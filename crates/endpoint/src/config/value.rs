//! One configuration value, its type, and the conversions between types.

use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;

/// Longest text of a configuration value, bytes: room for the longest server lists and tickets in use, several times.
pub const STRING_BYTES_MAX: usize = 8192;

/// Type of a configuration value, with the numbers of the C interface (protocol.md §7).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(i32)]
pub enum DataType {
    /// 32-bit signed integer.
    Int32 = 1,
    /// 64-bit signed integer.
    Int64 = 2,
    /// 32-bit floating point.
    Float = 3,
    /// Text.
    String = 4,
    /// A pointer, carried as a number.
    Ptr = 5,
}

impl DataType {
    /// The number of the C interface, 1 to 5.
    pub const fn number(self) -> i32 {
        self as i32
    }
}

/// A number that names no data type.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0} is no data type of configuration values; they are 1 to 5")]
pub struct UnknownDataType(pub i32);

impl TryFrom<i32> for DataType {
    type Error = UnknownDataType;

    fn try_from(number: i32) -> Result<Self, UnknownDataType> {
        Ok(match number {
            1 => Self::Int32,
            2 => Self::Int64,
            3 => Self::Float,
            4 => Self::String,
            5 => Self::Ptr,
            _ => return Err(UnknownDataType(number)),
        })
    }
}

impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Int32 => "int32",
            Self::Int64 => "int64",
            Self::Float => "float",
            Self::String => "string",
            Self::Ptr => "ptr",
        })
    }
}

/// A configuration value. Cheap to clone.
#[derive(Clone, PartialEq, Debug)]
pub enum ConfigValue {
    /// 32-bit signed integer.
    Int32(i32),
    /// 64-bit signed integer.
    Int64(i64),
    /// 32-bit floating point; never NaN once it is stored.
    Float(f32),
    /// Text of at most [`STRING_BYTES_MAX`] bytes once it is stored.
    String(Arc<str>),
    /// An address that means something to the layer above; 0 is null.
    Ptr(u64),
}

/// Why a value cannot become one of another type.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ConvertError {
    /// The text does not begin with a number, or the number is NaN.
    #[error("it is not a number; write for example 250")]
    NotANumber,
    /// A 64-bit integer for a 32-bit value.
    #[error("{0} does not fit into 32 bits")]
    DoesNotFit(i64),
    /// Pointers convert into nothing, nothing converts into a pointer.
    #[error("a value of type {from} cannot become one of type {to}")]
    Mismatch {
        /// What was given.
        from: DataType,
        /// What is needed.
        to: DataType,
    },
    /// Text beyond [`STRING_BYTES_MAX`].
    #[error("the text has {0} bytes; at most {STRING_BYTES_MAX} are possible")]
    TooLong(usize),
}

impl ConfigValue {
    /// A text value.
    pub fn text(text: &str) -> Self {
        Self::String(Arc::from(text))
    }

    /// The type of the value.
    pub const fn data_type(&self) -> DataType {
        match self {
            Self::Int32(_) => DataType::Int32,
            Self::Int64(_) => DataType::Int64,
            Self::Float(_) => DataType::Float,
            Self::String(_) => DataType::String,
            Self::Ptr(_) => DataType::Ptr,
        }
    }

    /// The number, if this is an Int32.
    pub const fn as_i32(&self) -> Option<i32> {
        if let Self::Int32(v) = self { Some(*v) } else { None }
    }

    /// The number, if this is an Int64.
    pub const fn as_i64(&self) -> Option<i64> {
        if let Self::Int64(v) = self { Some(*v) } else { None }
    }

    /// The number, if this is a Float.
    pub const fn as_f32(&self) -> Option<f32> {
        if let Self::Float(v) = self { Some(*v) } else { None }
    }

    /// The text, if this is a String.
    pub const fn as_text(&self) -> Option<&Arc<str>> {
        if let Self::String(v) = self { Some(v) } else { None }
    }

    /// The address, if this is a Ptr.
    pub const fn as_ptr(&self) -> Option<u64> {
        if let Self::Ptr(v) = self { Some(*v) } else { None }
    }

    /// The value as type `to`.
    ///
    /// Numbers convert into each other and into text, text into the number that it begins with (spaces before and
    /// anything after it are ignored). Floats become integers by rounding half up; beyond the integer's range the
    /// nearest one counts. Only a 64-bit integer that needs more than 32 bits is refused.
    ///
    /// # Errors
    /// [`ConvertError`], for text without a number, NaN, pointers, and what does not fit.
    pub fn convert(&self, to: DataType) -> Result<Self, ConvertError> {
        match to {
            DataType::Int32 => self.to_i32().map(Self::Int32),
            DataType::Int64 => self.to_i64().map(Self::Int64),
            DataType::Float => self.to_f32().map(Self::Float),
            DataType::String => self.to_text().map(Self::String),
            DataType::Ptr => match self {
                Self::Ptr(v) => Ok(Self::Ptr(*v)),
                _ => Err(self.mismatch(to)),
            },
        }
    }

    const fn mismatch(&self, to: DataType) -> ConvertError {
        ConvertError::Mismatch { from: self.data_type(), to }
    }

    fn to_i32(&self) -> Result<i32, ConvertError> {
        match self {
            Self::Int32(v) => Ok(*v),
            Self::Int64(v) => i32::try_from(*v).map_err(|_| ConvertError::DoesNotFit(*v)),
            Self::Float(v) => round(*v).map(saturate),
            Self::String(text) => leading_integer(text).map(saturate),
            Self::Ptr(_) => Err(self.mismatch(DataType::Int32)),
        }
    }

    fn to_i64(&self) -> Result<i64, ConvertError> {
        match self {
            Self::Int32(v) => Ok(i64::from(*v)),
            Self::Int64(v) => Ok(*v),
            Self::Float(v) => round(*v),
            Self::String(text) => leading_integer(text),
            Self::Ptr(_) => Err(self.mismatch(DataType::Int64)),
        }
    }

    fn to_f32(&self) -> Result<f32, ConvertError> {
        match self {
            Self::Int32(v) => Ok(*v as f32),
            Self::Int64(v) => Ok(*v as f32),
            Self::Float(v) if v.is_nan() => Err(ConvertError::NotANumber),
            Self::Float(v) => Ok(*v),
            Self::String(text) => leading_float(text),
            Self::Ptr(_) => Err(self.mismatch(DataType::Float)),
        }
    }

    fn to_text(&self) -> Result<Arc<str>, ConvertError> {
        Ok(match self {
            Self::Int32(v) => Arc::from(format!("{v}")),
            Self::Int64(v) => Arc::from(format!("{v}")),
            Self::Float(v) => Arc::from(six_digits(*v)),
            Self::String(text) if text.len() > STRING_BYTES_MAX => {
                return Err(ConvertError::TooLong(text.len()));
            }
            Self::String(text) => Arc::clone(text),
            Self::Ptr(_) => return Err(self.mismatch(DataType::String)),
        })
    }
}

fn saturate(v: i64) -> i32 {
    i32::try_from(v).unwrap_or(if v < 0 { i32::MIN } else { i32::MAX })
}

/// Rounds half up.
fn round(v: f32) -> Result<i64, ConvertError> {
    if v.is_nan() {
        return Err(ConvertError::NotANumber);
    }
    let raised = f64::from(v) + 0.5;
    let cut = raised as i64; // towards zero, saturating
    Ok(if (cut as f64) > raised { cut.saturating_sub(1) } else { cut })
}

/// The text after leading white space, with its sign taken off.
fn sign_and_rest(text: &str) -> (bool, &str) {
    let text = text.trim_start_matches([' ', '\t', '\n', '\r', '\x0b', '\x0c']);
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

fn digits(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.get(..end).unwrap_or("")
}

/// The integer that the text begins with; the nearest one there is if it is too large.
fn leading_integer(text: &str) -> Result<i64, ConvertError> {
    let (negative, rest) = sign_and_rest(text);
    let digits = digits(rest);
    if digits.is_empty() {
        return Err(ConvertError::NotANumber);
    }
    let step = |v: i64, d: u8| {
        let d = i64::from(d.wrapping_sub(b'0'));
        let v = v.saturating_mul(10);
        if negative { v.saturating_sub(d) } else { v.saturating_add(d) }
    };
    Ok(digits.bytes().fold(0, step))
}

/// The decimal number that the text begins with, or `inf`.
fn leading_float(text: &str) -> Result<f32, ConvertError> {
    let (negative, rest) = sign_and_rest(text);
    if rest.get(..3).is_some_and(|t| t.eq_ignore_ascii_case("inf")) {
        return Ok(if negative { f32::NEG_INFINITY } else { f32::INFINITY });
    }
    let whole = digits(rest).len();
    let after = rest.get(whole..).unwrap_or("");
    let fraction = after.strip_prefix('.').map_or(0, |t| 1 + digits(t).len());
    let mantissa = whole + fraction;
    if whole == 0 && fraction < 2 {
        return Err(ConvertError::NotANumber);
    }
    let after = rest.get(mantissa..).unwrap_or("");
    let exponent = after.strip_prefix(['e', 'E']).map_or(0, |t| {
        let digits = digits(t.strip_prefix(['+', '-']).unwrap_or(t));
        let sign = usize::from(t.starts_with(['+', '-']));
        if digits.is_empty() { 0 } else { 1 + sign + digits.len() }
    });
    let number = rest.get(..mantissa + exponent).unwrap_or("");
    let v: f32 = number.parse().map_err(|_| ConvertError::NotANumber)?;
    Ok(if negative { -v } else { v })
}

/// Six significant digits without trailing zeros, with an exponent if the number is very small or large: the usual
/// short form of C programs.
fn six_digits(v: f32) -> String {
    if !v.is_finite() {
        return String::from(if v.is_nan() {
            "nan"
        } else if v > 0.0 {
            "inf"
        } else {
            "-inf"
        });
    }
    let scientific = format!("{v:.5e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let strip = |t: &str| String::from(t.trim_end_matches('0').trim_end_matches('.'));
    match usize::try_from(5 - exponent) {
        Ok(decimals @ 1..=9) => strip(&format!("{v:.decimals$}")),
        Ok(0) => format!("{v:.0}"),
        _ => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{}e{sign}{:02}", strip(mantissa), exponent.unsigned_abs())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ConfigValue::{Float, Int32, Int64, Ptr};
    use super::*;
    use proptest::prelude::*;

    fn text(t: &str) -> ConfigValue {
        ConfigValue::text(t)
    }

    #[test]
    fn numbers_convert_into_each_other() {
        let table = [
            (Int64(7), DataType::Int32, Ok(Int32(7))),
            (Int64(1 << 31), DataType::Int32, Err(ConvertError::DoesNotFit(1 << 31))),
            (Int64(-(1 << 31)), DataType::Int32, Ok(Int32(i32::MIN))),
            (Float(2.5), DataType::Int32, Ok(Int32(3))),
            (Float(-2.5), DataType::Int32, Ok(Int32(-2))),
            (Float(-2.6), DataType::Int32, Ok(Int32(-3))),
            (Float(2.4), DataType::Int64, Ok(Int64(2))),
            (Float(1e30), DataType::Int32, Ok(Int32(i32::MAX))),
            (Float(-1e30), DataType::Int64, Ok(Int64(i64::MIN))),
            (Float(f32::NAN), DataType::Int32, Err(ConvertError::NotANumber)),
            (Float(f32::NAN), DataType::Float, Err(ConvertError::NotANumber)),
            (Int32(-3), DataType::Int64, Ok(Int64(-3))),
            (Int32(-3), DataType::Float, Ok(Float(-3.0))),
            (Int64(1 << 40), DataType::Float, Ok(Float(1_099_511_627_776.0))),
        ];
        for (from, to, expect) in table {
            assert_eq!(from.convert(to), expect, "{from:?} to {to}");
        }
    }

    #[test]
    fn text_gives_the_number_it_begins_with() {
        let table = [
            ("250", DataType::Int32, Ok(Int32(250))),
            ("  -12 ms", DataType::Int32, Ok(Int32(-12))),
            ("\t+5.9", DataType::Int32, Ok(Int32(5))),
            ("99999999999", DataType::Int32, Ok(Int32(i32::MAX))),
            ("99999999999", DataType::Int64, Ok(Int64(99_999_999_999))),
            ("-99999999999999999999", DataType::Int64, Ok(Int64(i64::MIN))),
            ("-9223372036854775808", DataType::Int64, Ok(Int64(i64::MIN))),
            ("12.5%", DataType::Float, Ok(Float(12.5))),
            (".5", DataType::Float, Ok(Float(0.5))),
            ("-5.", DataType::Float, Ok(Float(-5.0))),
            ("1.5e2x", DataType::Float, Ok(Float(150.0))),
            ("1.5e+", DataType::Float, Ok(Float(1.5))),
            ("3e-1", DataType::Float, Ok(Float(0.3))),
            ("1e99", DataType::Float, Ok(Float(f32::INFINITY))),
            ("-Infinity", DataType::Float, Ok(Float(f32::NEG_INFINITY))),
            ("", DataType::Int32, Err(ConvertError::NotANumber)),
            ("ms 5", DataType::Int32, Err(ConvertError::NotANumber)),
            ("- 5", DataType::Int64, Err(ConvertError::NotANumber)),
            (".", DataType::Float, Err(ConvertError::NotANumber)),
            ("e5", DataType::Float, Err(ConvertError::NotANumber)),
            ("nan", DataType::Float, Err(ConvertError::NotANumber)),
        ];
        for (from, to, expect) in table {
            assert_eq!(text(from).convert(to), expect, "{from:?} to {to}");
        }
    }

    #[test]
    fn numbers_become_short_text() {
        let table = [
            (Int32(-5), "-5"),
            (Int64(1 << 40), "1099511627776"),
            (Float(0.0), "0"),
            (Float(12.5), "12.5"),
            (Float(0.1), "0.1"),
            (Float(100_000.0), "100000"),
            (Float(123_456.7), "123457"),
            (Float(999_999.6), "1e+06"),
            (Float(1_234_567.0), "1.23457e+06"),
            (Float(0.0001), "0.0001"),
            (Float(0.00001), "1e-05"),
            (Float(-2.5e20), "-2.5e+20"),
            (Float(f32::INFINITY), "inf"),
        ];
        for (from, expect) in table {
            assert_eq!(from.convert(DataType::String), Ok(text(expect)), "{from:?}");
        }
    }

    #[test]
    fn pointers_stay_pointers_and_text_has_a_limit() {
        assert_eq!(Ptr(9).convert(DataType::Ptr), Ok(Ptr(9)));
        for to in [DataType::Int32, DataType::Int64, DataType::Float, DataType::String] {
            assert_eq!(Ptr(9).convert(to), Err(ConvertError::Mismatch { from: DataType::Ptr, to }));
        }
        for from in [Int32(1), Int64(1), Float(1.0), text("1")] {
            let from_type = from.data_type();
            let expect = ConvertError::Mismatch { from: from_type, to: DataType::Ptr };
            assert_eq!(from.convert(DataType::Ptr), Err(expect));
        }
        let longest = text(&"x".repeat(STRING_BYTES_MAX));
        assert_eq!(longest.convert(DataType::String), Ok(longest.clone()));
        let longer = text(&"x".repeat(STRING_BYTES_MAX + 1));
        assert_eq!(longer.convert(DataType::String), Err(ConvertError::TooLong(STRING_BYTES_MAX + 1)));
    }

    #[test]
    fn data_types_have_the_numbers_of_the_interface() {
        for number in -1..8 {
            match DataType::try_from(number) {
                Ok(t) => assert_eq!(t.number(), number),
                Err(e) => assert!(e == UnknownDataType(number) && !(1..=5).contains(&number)),
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_converts_or_is_refused(t in "\\PC{0,40}|[ +.eE0-9-]{0,20}") {
            let value = text(&t);
            for to in [DataType::Int32, DataType::Int64, DataType::Float] {
                if let Ok(v) = value.convert(to) {
                    prop_assert_eq!(v.data_type(), to);
                }
            }
        }

        #[test]
        fn integers_survive_the_way_through_text(v in any::<i64>(), w in any::<i32>()) {
            let through = |v: ConfigValue| v.convert(DataType::String).and_then(|t| t.convert(v.data_type()));
            prop_assert_eq!(through(Int64(v)), Ok(Int64(v)));
            prop_assert_eq!(through(Int32(w)), Ok(Int32(w)));
        }

        #[test]
        fn floats_survive_the_way_through_text_but_for_rounding(v in prop::num::f32::NORMAL | prop::num::f32::ZERO) {
            let back = Float(v).convert(DataType::String).and_then(|t| t.convert(DataType::Float));
            let back = back.unwrap().as_f32().unwrap();
            prop_assert!((f64::from(back) - f64::from(v)).abs() <= f64::from(v).abs() * 1e-5 || !back.is_finite());
        }
    }
}
