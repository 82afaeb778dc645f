//! The one macro that exports functions.

/// A function that programs find by its name.
#[derive(Debug)]
pub struct Symbol {
    /// Its name.
    pub name: &'static str,
    /// What it does, for the header.
    pub doc: &'static [&'static str],
    /// Names and types of its parameters.
    pub args: fn() -> Vec<(&'static str, String)>,
    /// Type of what it returns.
    pub returns: &'static str,
    /// Its address.
    pub address: fn() -> usize,
}

/// Exports functions under their names, each a call of a function of ours, and lists them.
///
/// Every call goes through `ffi::call::guarded`: a panic ends there.
macro_rules! exports {
    ($table:ident: $($(#[doc = $doc:literal])+ $name:ident($($arg:ident: $type:ty),* $(,)?) $(-> $ret:ty)? = $work:path;)+) => {
        $(
            $(#[doc = $doc])+
            ///
            /// # Safety
            /// Pointers are null or lead to memory of their type, as much as the call says.
            #[allow(non_snake_case, reason = "the names and types of the C interface")]
            #[unsafe(no_mangle)]
            pub unsafe extern "C" fn $name($($arg: <$type as $crate::ffi::ptr::FromC>::C),*) $(-> $ret)? {
                $(
                    // SAFETY: the caller's promise.
                    let $arg = unsafe { <$type as $crate::ffi::ptr::FromC>::from_c($arg) };
                )*
                $crate::ffi::call::guarded(|| $work($($arg),*))
            }
        )+

        /// The functions of this part.
        pub const $table: &[$crate::ffi::export::Symbol] = &[$(
            $crate::ffi::export::Symbol {
                name: stringify!($name),
                doc: &[$($doc),+],
                args: || vec![$((stringify!($arg), <$type as $crate::ffi::ptr::FromC>::name())),*],
                returns: exports!(@returns $($ret)?),
                address: || $name as *const () as usize,
            }
        ),+];
    };
    (@returns) => { "void" };
    (@returns $ret:ty) => { <$ret as $crate::ffi::ptr::ToC>::NAME };
}
