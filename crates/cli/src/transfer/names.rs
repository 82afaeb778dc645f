//! Which names a file may get that comes from somebody else.

use super::frames::NAME_BYTES_MAX;
use thiserror::Error;

/// End of the name of a file that is not complete yet.
pub(crate) const PARTIAL_END: &str = ".part";
/// End of the name of the journal beside it.
pub(crate) const JOURNAL_END: &str = ".part.json";

/// What is added to the name of a journal that is being written.
pub(crate) const JOURNAL_FRESH_END: &str = ".new";

/// Why a name is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum NameError {
    #[error("the file has no name")]
    Empty,
    #[error("the name has {0} bytes, more than {NAME_BYTES_MAX}; rename the file")]
    TooLong(usize),
    #[error("the name contains `{}`, which could lead out of the folder or confuse a terminal; rename the file", .0.escape_default())]
    Character(char),
    #[error("the name `{0}` means something special on some systems; rename the file")]
    Special(String),
    #[error("names that end in {PARTIAL_END} or {JOURNAL_END} are for unfinished files; rename the file")]
    Reserved,
}

/// Names of devices on Windows, whatever the extension.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "conin$", "conout$"];

/// Checks that `name` names a file directly inside a folder, on every system.
///
/// # Errors
/// See [`NameError`].
pub(crate) fn check(name: &str) -> Result<(), NameError> {
    if name.is_empty() {
        return Err(NameError::Empty);
    }
    if name.len() > NAME_BYTES_MAX {
        return Err(NameError::TooLong(name.len()));
    }
    let bad = |c: char| {
        c.is_control()
            || matches!(c, '/' | '\\' | ':' | '<' | '>' | '"' | '|' | '?' | '*')
            || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if let Some(c) = name.chars().find(|&c| bad(c)) {
        return Err(NameError::Character(c));
    }
    let lower = name.to_lowercase();
    let stem = lower.split('.').next().unwrap_or_default().trim_end();
    let numbered = |prefix: &str| stem.strip_prefix(prefix).is_some_and(|n| n.chars().count() == 1);
    let is_device = DEVICES.contains(&stem) || numbered("com") || numbered("lpt");
    if is_device || name.trim_end_matches(['.', ' ']) != name || name.starts_with(' ') {
        return Err(NameError::Special(name.to_owned()));
    }
    let fresh_journal = lower.strip_suffix(JOURNAL_FRESH_END).unwrap_or(&lower);
    if lower.ends_with(PARTIAL_END) || fresh_journal.ends_with(JOURNAL_END) {
        return Err(NameError::Reserved);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names_pass() {
        for name in
            ["a", "world.pak", ".hidden", "große datei.bin", "a..b", "console.txt", "com.txt", "comet1"]
        {
            assert_eq!(check(name), Ok(()), "{name}");
        }
    }

    #[test]
    fn nothing_leads_out_of_the_folder() {
        for name in [
            "..",
            ".",
            "../x",
            "a/b",
            "/etc/passwd",
            "a\\b",
            "C:x",
            "a\0b",
            "a\nb",
            "x ",
            "x.",
            " x",
            "con",
            "NUL.txt",
        ] {
            assert!(check(name).is_err(), "{name:?}");
        }
        for name in [
            "com1",
            "LPT9.log",
            "x.part",
            "x.PART.json",
            "x.part.json.new",
            "a\u{202e}b",
            "",
            &"x".repeat(201),
        ] {
            assert!(check(name).is_err(), "{name:?}");
        }
    }
}
