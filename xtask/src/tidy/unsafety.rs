//! `unsafe` lives in a few leaf files that are listed by name.

use super::Finding;
use super::exceptions::Unsafe;
use super::scan::find_word;
use super::tree::Tree;

/// Looks for `unsafe` outside the listed files, and for listed files that no longer need it.
pub(super) fn check(tree: &Tree, allowed: &[Unsafe]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, source) in tree.rust() {
        let hits = source.code.iter().enumerate().filter(|(_, line)| find_word(line, "unsafe").is_some());
        let lines: Vec<usize> = hits.map(|(at, _)| at + 1).collect();
        let listed = allowed.iter().any(|entry| entry.path == file.path);
        match (listed, lines.is_empty()) {
            (true, true) => findings.push(Finding::new(
                &file.path,
                0,
                "holds no unsafe any more: remove it from xtask/src/tidy/exceptions.rs",
            )),
            (false, false) => findings.extend(lines.into_iter().map(|line| {
                Finding::new(
                    &file.path,
                    line,
                    "unsafe outside the listed leaf files: say it safely, or move it to one of them",
                )
            })),
            _ => {}
        }
    }
    let gone = allowed.iter().filter(|entry| tree.file(entry.path).is_none());
    findings.extend(gone.map(|entry| {
        let message = format!("is gone ({}): remove it from xtask/src/tidy/exceptions.rs", entry.reason);
        Finding::new(entry.path, 0, message)
    }));
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &[Unsafe] =
        &[Unsafe { path: "crates/a/src/leaf.rs", reason: "a system call has no safe form" }];

    #[test]
    fn unsafe_is_caught_outside_the_list() {
        let text = "//! unsafe in words\n#![forbid(unsafe_code)]\nfn f() { unsafe { g() } }\n";
        let found = check(
            &Tree::of(&[("crates/a/src/lib.rs", text), ("crates/a/src/leaf.rs", "unsafe fn g() {}\n")]),
            LIST,
        );
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].path.as_str(), found[0].line), ("crates/a/src/lib.rs", 3));
    }

    #[test]
    fn a_stale_entry_is_caught() {
        assert!(
            check(&Tree::of(&[("crates/a/src/leaf.rs", "fn g() {}\n")]), LIST)[0]
                .message
                .contains("no unsafe any more")
        );
        assert!(check(&Tree::of(&[]), LIST)[0].message.contains("gone"));
    }
}
