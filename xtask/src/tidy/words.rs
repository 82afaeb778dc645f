//! Words that have no place in a finished file.

use super::Finding;
use super::scan::find_word;
use super::tree::Tree;

/// Leftovers of work in progress: nowhere, not even in tests.
const LEFTOVERS: &[(&str, &str)] = &[
    ("todo!", "write the code or leave the function out"),
    ("unimplemented!", "write the code or leave the function out"),
    ("dbg!", "remove it, or use tracing"),
];

/// A library does not own the terminal.
const PRINTING: &[&str] = &["println!", "print!", "eprintln!", "eprint!"];

/// Words that announce unfinished work. Written in pieces so that this file passes its own check.
const REMINDERS: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME"), concat!("X", "XX")];

/// Debugging leftovers everywhere, printing in libraries.
pub(super) fn macros(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, source) in tree.rust() {
        for (at, line) in source.code.iter().enumerate() {
            let hits = LEFTOVERS.iter().filter(|(word, _)| find_word(line, word).is_some());
            findings.extend(
                hits.map(|(word, advice)| Finding::new(&file.path, at + 1, format!("`{word}`: {advice}"))),
            );
        }
        if !is_library(tree, &file.path) {
            continue;
        }
        for (number, line) in file.product_lines() {
            let hits = PRINTING.iter().filter(|word| find_word(line, word).is_some());
            findings.extend(hits.map(|word| {
                Finding::new(
                    &file.path,
                    number,
                    format!("`{word}` in a library: return it, count it, or use tracing"),
                )
            }));
        }
    }
    findings
}

/// Reminders in comments, documents and settings.
pub(super) fn reminders(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &tree.files {
        let lines: Vec<String> = match &file.rust {
            Some(source) => source.comments.clone(),
            None => file.text.lines().map(without_code_spans).collect(),
        };
        for (at, line) in lines.iter().enumerate() {
            let hits = REMINDERS.iter().filter(|word| find_word(line, word).is_some());
            findings.extend(hits.map(|word| {
                Finding::new(&file.path, at + 1, format!("`{word}`: do it, or say as a fact what is missing"))
            }));
        }
    }
    findings
}

/// Tests that are switched off.
pub(super) fn ignored_tests(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, source) in tree.rust() {
        for (at, line) in source.code.iter().enumerate() {
            let line: String = line.chars().filter(|c| !c.is_whitespace()).collect();
            if line.contains("#[ignore") {
                let message =
                    "an ignored test: make it run, or let it print a line `skipped: why` where it cannot";
                findings.push(Finding::new(&file.path, at + 1, message));
            }
        }
    }
    findings
}

/// A source file of a crate that has a library, and not of its programs.
fn is_library(tree: &Tree, path: &str) -> bool {
    let Some((folder, inside)) = path.split_once("/src/") else { return false };
    let program = inside == "main.rs" || inside.starts_with("bin/");
    !program && tree.file(&format!("{folder}/src/lib.rs")).is_some()
}

/// The line with everything between backticks blanked: naming a word is not using it.
fn without_code_spans(line: &str) -> String {
    let mut parts = line.split('`');
    let mut text = parts.next().unwrap_or_default().to_owned();
    while let (Some(_), outside) = (parts.next(), parts.next()) {
        text.push(' ');
        text.push_str(outside.unwrap_or_default());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leftovers_are_caught_in_tests_too() {
        let tree = Tree::of(&[
            ("crates/a/tests/t.rs", "fn f() { dbg!(1); }\n"),
            ("crates/a/src/main.rs", "fn g() {\n    todo!()\n}\n// todo!() in words\n"),
        ]);
        let found = macros(&tree);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].line, 2);
    }

    #[test]
    fn libraries_do_not_print_but_programs_do() {
        let print = "fn f() { println!(\"x\"); }\n";
        let test = "#[cfg(test)]\nmod tests {\n    fn f() { println!(\"x\"); }\n}\n";
        let tree = Tree::of(&[
            ("crates/a/src/lib.rs", test),
            ("crates/a/src/part.rs", print),
            ("crates/a/src/bin/tool.rs", print),
            ("crates/b/src/main.rs", print),
            ("crates/b/src/part.rs", print),
        ]);
        let found = macros(&tree);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].path, "crates/a/src/part.rs");
    }

    #[test]
    fn reminders_are_caught_where_they_are_meant() {
        let word = REMINDERS[0];
        let comment = format!("let s = \"{word}\"; // {word} later\n");
        let tree = Tree::of(&[
            ("a.rs", &comment),
            ("b.md", &format!("no `{word}` here\n")),
            ("c.toml", &format!("# {word}\n")),
        ]);
        let found = reminders(&tree);
        assert_eq!(found.iter().map(|finding| finding.path.as_str()).collect::<Vec<_>>(), ["a.rs", "c.toml"]);
    }

    #[test]
    fn ignored_tests_are_caught() {
        let tree = Tree::of(&[("crates/a/tests/t.rs", "#[test]\n#[ignore = \"slow\"]\nfn f() {}\n")]);
        assert_eq!(ignored_tests(&tree)[0].line, 2);
        assert!(ignored_tests(&Tree::of(&[("a.rs", "// #[ignore]\n")])).is_empty());
    }
}
