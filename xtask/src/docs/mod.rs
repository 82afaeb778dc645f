//! Checks of the documents: links lead somewhere, examples are commands that exist, the book is whole.

mod book;
mod examples;
mod links;
mod markdown;

use crate::repository::Repository;
use markdown::Page;
use std::path::Path;

pub(crate) use examples::Gamesockets;

/// Where documents are; a folder stands for all pages below it.
const PLACES: &[&str] = &[
    "README.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "docs",
    "bench/README.md",
    "fuzz/README.md",
];

/// One thing that is not as the document says: place and message.
pub(crate) type Complaint = String;

/// All pages of the repository.
pub(crate) fn pages(repository: &Repository) -> Result<Vec<Page>, String> {
    let mut pages = Vec::new();
    for place in PLACES {
        collect(&repository.root, place, &mut pages)?;
    }
    pages.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(pages)
}

fn collect(root: &Path, place: &str, pages: &mut Vec<Page>) -> Result<(), String> {
    let at = root.join(place);
    if at.is_dir() {
        let entries = std::fs::read_dir(&at).map_err(|error| format!("{place}: {error}"))?;
        for entry in entries.filter_map(Result::ok) {
            collect(root, &format!("{place}/{}", entry.file_name().to_string_lossy()), pages)?;
        }
    } else if place.ends_with(".md") {
        let text = std::fs::read_to_string(&at).map_err(|error| format!("{place}: {error}"))?;
        pages.push(Page::read(place, &text));
    }
    Ok(())
}

/// Links and their anchors.
pub(crate) fn links(repository: &Repository, pages: &[Page]) -> Vec<Complaint> {
    links::check(pages, |path| repository.root.join(path).exists())
}

/// The table of contents of the book, and that its Rust examples are compiled.
pub(crate) fn book(repository: &Repository, pages: &[Page]) -> Vec<Complaint> {
    let doctests = std::fs::read_to_string(repository.root.join(book::DOCTESTS)).unwrap_or_default();
    book::check(pages, &doctests)
}

/// Commands in code blocks and code spans.
pub(crate) fn examples(pages: &[Page], gamesockets: &mut dyn Gamesockets) -> Vec<Complaint> {
    examples::check(pages, gamesockets)
}
