//! A source file that no `mod` names is never compiled; nobody would notice.

use super::Finding;
use super::scan::{find_word, is_word};
use super::tree::{Tree, module_folder};
use std::collections::BTreeSet;

/// Looks for files under `src` that no other file declares.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut declared = BTreeSet::new();
    for (file, source) in tree.rust() {
        let folder = module_folder(&file.path);
        let named = file.named.iter().filter_map(|(path, _)| path.strip_suffix(".rs"));
        declared.extend(named.map(str::to_owned));
        for line in &source.code {
            declared.extend(module_name(line).map(|name| format!("{folder}/{name}")));
        }
    }
    let mut findings = Vec::new();
    for (file, _) in tree.rust() {
        let Some((_, inside)) = file.path.split_once("/src/") else { continue };
        let root = matches!(inside, "lib.rs" | "main.rs") || inside.starts_with("bin/");
        let stem =
            file.path.strip_suffix("/mod.rs").or_else(|| file.path.strip_suffix(".rs")).unwrap_or(&file.path);
        if !root && !declared.contains(stem) {
            findings.push(Finding::new(
                &file.path,
                0,
                "no `mod` names this file, so nothing compiles it: declare it or remove it",
            ));
        }
    }
    findings
}

/// The name in a line `mod name;`, whatever stands before it.
fn module_name(line: &str) -> Option<String> {
    let at = find_word(line, "mod")?;
    let rest = line[at + 3..].trim_start();
    let name: String = rest.chars().take_while(|c| is_word(*c)).collect();
    let ends = rest[name.len()..].trim_start().starts_with(';');
    (ends && !name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_nobody_declares_is_caught() {
        let tree = Tree::of(&[
            ("crates/a/src/lib.rs", "//! x\npub mod one;\nmod two;\n// mod three;\n"),
            ("crates/a/src/one.rs", "//! x\nmod deep;\n"),
            ("crates/a/src/one/deep.rs", "//! x\n"),
            ("crates/a/src/two/mod.rs", "//! x\nmod part;\n#[path = \"../other.rs\"]\nmod four;\n"),
            ("crates/a/src/other.rs", "//! x\n"),
            ("crates/a/src/two/part.rs", "//! x\n"),
            ("crates/a/src/three.rs", "//! x\n"),
            ("crates/a/src/bin/tool.rs", "//! x\n"),
            ("crates/a/tests/t.rs", "//! x\n"),
        ]);
        let found = check(&tree);
        assert_eq!(
            found.iter().map(|finding| finding.path.as_str()).collect::<Vec<_>>(),
            ["crates/a/src/three.rs"]
        );
    }
}
