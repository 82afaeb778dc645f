//! The reference library (GameNetworkingSockets 1.6) as a peer: its C interface, loaded while the program runs.
//!
//! For tests and measurements; nothing of the library is in this repository. An environment variable
//! names the file ([`file()`]); without it whoever wants the peer says what was skipped.

mod library;

pub use library::{
    Change, Figures, Gns, Info, LIMIT_EXCEEDED, OK, Received, Scope, Value, complaints, log_count, log_tail,
    show_complaints,
};

use std::env;
use std::ffi::OsString;
use std::path::Path;

/// The environment variable that names the shared library.
pub const GNS_LIB: &str = "GAMESOCKETS_GNS_LIB";

/// The file that an environment variable such as [`GNS_LIB`] names.
///
/// # Errors
/// The variable is not set, or names no file: a text that says so.
pub fn file(variable: &str) -> Result<OsString, String> {
    match env::var_os(variable).filter(|value| !value.is_empty()) {
        Some(path) if Path::new(&path).is_file() => Ok(path),
        Some(path) => Err(format!("{variable} names no file: {}", path.display())),
        None => Err(format!("{variable} is not set")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;

    #[test]
    fn what_is_missing_is_said() {
        assert_eq!(file("GAMESOCKETS_NO_SUCH").unwrap_err(), "GAMESOCKETS_NO_SUCH is not set");
        let error = Gns::start(OsStr::new("no-such-library.so"), None).err().unwrap();
        assert!(error.contains("no-such-library.so"), "{error}");
    }
}
