//! Pure crates: no clock, no socket, no thread, no file, no entropy of the system, no unsafe.

use super::Finding;
use super::scan::find_word;
use super::tree::Tree;

/// Folders of the crates below the line in ARCHITECTURE.md.
const PURE: &[&str] =
    &["crates/wire", "crates/crypto", "crates/proto", "crates/ice", "crates/relay-proto", "crates/endpoint"];

/// What the root of a pure crate has to say, in any of the forms given.
const ATTRIBUTES: &[&[&str]] =
    &[&["#![forbid(unsafe_code)]"], &["#![no_std]", "#![cfg_attr(not(test), no_std)]"]];

/// Words that must not occur, and what to do instead.
const WORDS: &[(&str, &str)] = &[
    ("std::", "use core or alloc: clocks, sockets, threads and files are not for pure crates"),
    ("extern crate std", "only tests of a pure crate may use std"),
    ("SystemRandom", "randomness comes from the seeded generator that is passed in"),
    ("OsRng", "randomness comes from the seeded generator that is passed in"),
    ("thread_rng", "randomness comes from the seeded generator that is passed in"),
    ("getrandom", "randomness comes from the seeded generator that is passed in"),
];

/// Checks every pure crate that exists.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for folder in PURE {
        let Some(root) = tree.file(&format!("{folder}/src/lib.rs")) else { continue };
        for forms in ATTRIBUTES {
            let said =
                root.rust.iter().flat_map(|source| &source.code).any(|line| forms.contains(&line.trim()));
            if !said {
                findings.push(Finding::new(
                    &root.path,
                    0,
                    format!("a pure crate says {} at its root", forms.join(" or ")),
                ));
            }
        }
        let sources = format!("{folder}/src/");
        for file in tree.files.iter().filter(|file| file.path.starts_with(&sources)) {
            for (number, line) in file.product_lines() {
                let hits = WORDS.iter().filter(|(word, _)| find_word(line, word).is_some());
                findings.extend(hits.map(|(word, advice)| {
                    Finding::new(&file.path, number, format!("`{word}` in a pure crate: {advice}"))
                }));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "//! x\n#![cfg_attr(not(test), no_std)]\n#![forbid(unsafe_code)]\n";

    fn findings(path: &str, text: &str) -> Vec<Finding> {
        check(&Tree::of(&[(path, &format!("{HEAD}{text}"))]))
    }

    #[test]
    fn clocks_and_entropy_are_caught() {
        let found =
            findings("crates/proto/src/lib.rs", "use std::time::Instant;\nfn f() { OsRng.next(); }\n");
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].line, 4);
    }

    #[test]
    fn tests_and_comments_may_use_std() {
        let text = "// std::time is for tests\n#[cfg(test)]\nmod tests {\n    extern crate std;\n    use std::vec::Vec;\n}\n";
        assert!(findings("crates/proto/src/lib.rs", text).is_empty());
    }

    #[test]
    fn missing_attributes_are_caught() {
        assert_eq!(check(&Tree::of(&[("crates/wire/src/lib.rs", "//! x\n")])).len(), 2);
    }

    #[test]
    fn other_crates_may_use_std() {
        assert!(findings("crates/gamesockets/src/lib.rs", "use std::time::Instant;\n").is_empty());
    }
}
