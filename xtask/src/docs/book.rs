//! The book lists all its pages, and every page with Rust in it is compiled.

use super::Complaint;
use super::markdown::Page;
use crate::repository::resolve;

/// The file that turns pages into documentation tests.
pub(super) const DOCTESTS: &str = "crates/book/src/lib.rs";
const CONTENTS: &str = "docs/book/src/SUMMARY.md";
const CHAPTERS: &str = "docs/book/src/";

/// Compares pages, contents and the list of compiled pages.
pub(super) fn check(pages: &[Page], doctests: &str) -> Vec<Complaint> {
    let Some(contents) = pages.iter().find(|page| page.path == CONTENTS) else {
        return vec![format!("{CONTENTS}: the table of contents is missing")];
    };
    let listed: Vec<String> = contents.links.iter().filter_map(|(_, link)| resolve(CONTENTS, link)).collect();
    let mut complaints = Vec::new();
    for page in pages {
        let chapter = page.path.starts_with(CHAPTERS) && page.path != CONTENTS;
        if chapter && !listed.contains(&page.path) {
            complaints.push(format!("{}:1: {CONTENTS} does not list this page", page.path));
        }
        for block in &page.blocks {
            let line = block.lines.first().map_or(1, |(line, _)| *line);
            let language = block.language.as_str();
            if language.is_empty() {
                // Without a language rustdoc would take it for Rust, and nobody would check it as anything else.
                complaints.push(format!(
                    "{}:{line}: name the language of this code block; `text` is one",
                    page.path
                ));
            } else if language.contains("ignore") {
                complaints.push(format!(
                    "{}:{line}: an ignored example proves nothing: make it compile",
                    page.path
                ));
            } else if is_rust(language) && !doctests.contains(&page.path) {
                complaints.push(format!(
                    "{}:{line}: Rust that nothing compiles: include this page in {DOCTESTS}",
                    page.path
                ));
            }
        }
    }
    complaints
}

fn is_rust(language: &str) -> bool {
    language.split(',').next() == Some("rust")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_and_blocks_that_nobody_reads_are_caught() {
        let pages = [
            Page::read(CONTENTS, "- [A](a.md)\n"),
            Page::read("docs/book/src/a.md", "```rust\nf();\n```\n```sh\n./x\n```\n"),
            Page::read("docs/book/src/b.md", "```\nx\n```\n```rust,ignore\nx\n```\n"),
        ];
        let found = check(&pages, "");
        assert_eq!(found.len(), 4, "{found:?}");
        let found = check(&pages[..2], "include_str!(\"../../../docs/book/src/a.md\")");
        assert_eq!(found, Vec::<String>::new());
        assert_eq!(check(&pages[1..], "").len(), 1);
    }
}
