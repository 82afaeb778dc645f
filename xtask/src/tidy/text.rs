//! How a file looks: its first line, its white space, its end.

use super::Finding;
use super::tree::Tree;

/// Endings of files in which tabs are the rule of the language.
const TAB_LANGUAGES: &[&str] = &[".gd", ".tscn"];
/// How a block of such a language begins and ends in a page: a reader copies it into a script that has tabs.
const TAB_BLOCK: &str = "```gdscript";
const BLOCK_END: &str = "```";

/// Every Rust file opens with `//!` lines; attributes of the crate may stand before them.
pub(super) fn module_docs(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, _) in tree.rust() {
        let first =
            file.text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with("#!["));
        let documented = first.is_some_and(|line| line.starts_with("//!")) || file.text.starts_with("#![doc");
        if !documented {
            findings.push(Finding::new(&file.path, 1, "say in a `//!` line what the file is for"));
        }
    }
    findings
}

/// Trailing white space, tabs, carriage returns, and exactly one line end at the end.
pub(super) fn white_space(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &tree.files {
        let tab_language =
            file.name() == "Makefile" || TAB_LANGUAGES.iter().any(|ending| file.path.ends_with(ending));
        let mut in_block = false;
        for (at, line) in file.text.split('\n').enumerate() {
            let mut complain = |message| findings.push(Finding::new(&file.path, at + 1, message));
            if line.ends_with('\r') {
                complain("the line ends with a carriage return: use plain line ends");
            } else if line.ends_with(char::is_whitespace) {
                complain("white space at the end of the line");
            }
            in_block = if in_block { line != BLOCK_END } else { line == TAB_BLOCK };
            if line.contains('\t') && !tab_language && !in_block {
                complain("a tab: use spaces");
            }
        }
        if file.text.is_empty() {
            findings.push(Finding::new(&file.path, 0, "the file is empty: fill it or remove it"));
        } else if !file.text.ends_with('\n') || file.text.ends_with("\n\n") {
            let last = file.text.lines().count();
            findings.push(Finding::new(&file.path, last, "a file ends with exactly one line end"));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_purpose_is_caught() {
        let tree = Tree::of(&[
            ("a.rs", "use x;\n"),
            ("b.rs", "#![no_std]\n//! Purpose.\n"),
            ("c.rs", "#![doc = include_str!(\"x\")]\n"),
            ("d.rs", "//! Purpose.\n"),
            ("e.rs", "/// Not of the file.\nfn f() {}\n"),
        ]);
        let found = module_docs(&tree);
        assert_eq!(found.iter().map(|finding| finding.path.as_str()).collect::<Vec<_>>(), ["a.rs", "e.rs"]);
    }

    #[test]
    fn white_space_is_caught() {
        let bad = [
            ("a.md", "x \n"),
            ("b.md", "\tx\n"),
            ("c.md", "x"),
            ("d.md", "x\n\n"),
            ("e.md", ""),
            ("f.md", "x\r\n"),
            ("g.md", "```gdscript\nx\n```\n\tx\n"),
            ("h.md", "```sh\n\tx\n```\n"),
        ];
        for sample in bad {
            assert_eq!(white_space(&Tree::of(&[sample])).len(), 1, "{sample:?}");
        }
        assert!(white_space(&Tree::of(&[("a.md", "x\n\ny\n"), ("b.gd", "\tx\n")])).is_empty());
        assert!(white_space(&Tree::of(&[("a.md", "```gdscript\n\tx\n```\n")])).is_empty());
    }
}
