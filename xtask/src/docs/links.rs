//! Links inside the repository lead to a file, and to a heading where they name one.

use super::Complaint;
use super::markdown::Page;
use crate::repository::resolve;

/// Checks every link; `exists` answers for files that are no pages.
pub(super) fn check(pages: &[Page], exists: impl Fn(&str) -> bool) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for page in pages {
        for (line, target) in &page.links {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let Some(path) = resolve(&page.path, file) else {
                complaints
                    .push(format!("{}:{line}: the link {target} leads out of the repository", page.path));
                continue;
            };
            let other = pages.iter().find(|other| other.path == path);
            if other.is_none() && !exists(&path) {
                complaints.push(format!(
                    "{}:{line}: the link {target} leads nowhere: {path} does not exist",
                    page.path
                ));
            } else if let Some(other) = other
                && !anchor.is_empty()
                && !other.anchors.iter().any(|known| known == anchor)
            {
                complaints.push(format!("{}:{line}: {path} has no heading for #{anchor}", page.path));
            }
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_links_are_caught() {
        let pages = [
            Page::read(
                "docs/a.md",
                "# Top\n[good](b.md#part) [self](#top) [file](../LICENSE) [web](https://example.org)\n",
            ),
            Page::read("docs/b.md", "# Part\n[1](gone.md) [2](a.md#gone) [3](../../out)\n"),
        ];
        let found = check(&pages, |path| path == "LICENSE");
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found.iter().all(|complaint| complaint.starts_with("docs/b.md:2: ")));
    }
}
