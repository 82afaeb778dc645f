//! Nothing in the repository knows the machine it was written on, nor where packages come from.

use super::Finding;
use super::tree::Tree;
use std::path::Path;

/// Folders of people, in pieces so that this file passes its own check.
const HOMES: &[&str] = &["home", "root", "Users"];
/// Parents of a clone that are too common to mean anything.
const COMMON_PARENTS: &[&str] = &["/", "/tmp", "/usr", "/opt", "/srv", "/home", "/root", "/build", "/src"];
/// Hosts of package registries, as words between dots.
const REGISTRIES: &[&[&str]] = &[
    &["crates", "io"],
    &["pypi", "org"],
    &["pythonhosted", "org"],
    &["npmjs", "org"],
    &["npmjs", "com"],
    &["debian", "org"],
    &["golang", "org"],
    &["rubygems", "org"],
    &["nuget", "org"],
];
/// Files that a tool writes and that name their sources.
const GENERATED: &str = "Cargo.lock";

/// Looks for both in every text file.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut places: Vec<String> = HOMES.iter().map(|home| format!("/{home}/")).collect();
    places.push(["C:", "Users"].join("\\"));
    let parent = Path::new(&tree.root)
        .parent()
        .map(|parent| parent.to_string_lossy().into_owned())
        .unwrap_or_default();
    if !parent.is_empty() && !COMMON_PARENTS.contains(&parent.as_str()) {
        places.push(format!("{parent}/"));
    }
    let hosts: Vec<String> = REGISTRIES.iter().map(|parts| parts.join(".")).collect();
    let mut findings = Vec::new();
    for file in tree.files.iter().filter(|file| file.name() != GENERATED) {
        for (at, line) in file.text.lines().enumerate() {
            if let Some(place) = places.iter().find(|place| starts_a_path(line, place)) {
                let message = format!(
                    "`{place}` is a place on one machine: make it relative, or read it from a variable"
                );
                findings.push(Finding::new(&file.path, at + 1, message));
            }
            if let Some(host) = hosts.iter().find(|host| names_host(line, host)) {
                let message = format!(
                    "`{host}` is a registry's host: name the package, and leave the rest to its client"
                );
                findings.push(Finding::new(&file.path, at + 1, message));
            }
        }
    }
    findings
}

/// Whether the place stands in the line as the start of an absolute path.
fn starts_a_path(line: &str, place: &str) -> bool {
    line.match_indices(place).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '/' | '~' | '}' | ')'))
    })
}

/// Whether the host, or a name below it, stands in the line by itself.
fn names_host(line: &str, host: &str) -> bool {
    line.match_indices(host).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + host.len()..].chars().next();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '-')
            && !after.is_some_and(|c| c.is_alphanumeric() || c == '-')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> usize {
        let mut tree = Tree::of(&[("a.md", text), ("Cargo.lock", text)]);
        tree.root = "/surely/this/repository".to_owned();
        check(&tree).len()
    }

    #[test]
    fn machine_paths_are_caught() {
        for home in HOMES {
            assert_eq!(found(&format!("see /{home}/me/x\n")), 1);
            assert_eq!(found(&format!("\"/{home}/me\"\n")), 1);
            assert_eq!(found(&format!("crates/{home}/x, $X/{home}/\n")), 0);
        }
        assert_eq!(found("look at /surely/this/other\n"), 1);
        assert_eq!(found("/tmp/x and /usr/lib are anywhere\n"), 0);
    }

    #[test]
    fn registry_hosts_are_caught() {
        for parts in REGISTRIES {
            let host = parts.join(".");
            assert_eq!(found(&format!("from https://static.{host}/x\n")), 1);
            assert_eq!(found(&format!("my{host}\n")), 0);
        }
    }
}
