//! Every crate inherits what the workspace decides; workspaces of their own stay outside.

use super::Finding;
use super::exceptions::OWN_COMPILERS;
use super::tree::Tree;

/// What each manifest takes from the workspace.
const INHERITED: &[&str] = &["version", "edition", "rust-version", "license"];

/// Reads the manifests line by line; no more of the format is needed.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for folder in tree.crate_folders() {
        let path = format!("{folder}/Cargo.toml");
        let Some(file) = tree.file(&path) else { continue };
        let entries = entries(&file.text);
        let has = |section: &str, key: &str, value: &str| {
            entries
                .iter()
                .any(|entry| entry.section == section && entry.key == key && entry.value.starts_with(value))
        };
        if !has("lints", "workspace", "true") {
            findings.push(Finding::new(
                &path,
                0,
                "take the workspace's lints: `[lints]` and `workspace = true`",
            ));
        }
        if !has("package", "description", "\"") {
            findings.push(Finding::new(&path, 0, "say in `description` what the crate is for"));
        }
        let own_compiler = OWN_COMPILERS.contains(&folder);
        for key in INHERITED {
            if own_compiler && *key == "rust-version" {
                continue;
            }
            if !has("package", &format!("{key}.workspace"), "true") {
                findings.push(Finding::new(
                    &path,
                    0,
                    format!("take it from the workspace: `{key}.workspace = true`"),
                ));
            }
        }
        for entry in &entries {
            let dependency = entry.section.ends_with("dependencies");
            let inherits = entry.key.ends_with(".workspace") || entry.value.contains("workspace = true");
            if dependency && !inherits {
                let message = format!(
                    "`{}`: name the version in the root's [workspace.dependencies] and inherit it",
                    entry.key
                );
                findings.push(Finding::new(&path, entry.line, message));
            }
        }
    }
    findings.extend(not_excluded(tree));
    findings
}

/// Folders with a workspace of their own that the root's does not exclude: cargo would build them with everything.
fn not_excluded(tree: &Tree) -> Vec<Finding> {
    let Some(root) = tree.file("Cargo.toml") else { return Vec::new() };
    let root_entries = entries(&root.text);
    let exclude = root_entries.iter().find(|entry| entry.section == "workspace" && entry.key == "exclude");
    let excluded = exclude.map_or("", |entry| entry.value);
    let own = |text: &str| text.lines().any(|line| line.trim() == "[workspace]");
    let folders = tree.files.iter().filter_map(|file| {
        file.path.strip_suffix("/Cargo.toml").filter(|_| own(&file.text)).map(|folder| (folder, &file.path))
    });
    folders
        .filter(|(folder, _)| !excluded.contains(&format!("\"{folder}\"")))
        .map(|(folder, path)| {
            Finding::new(path, 0, format!("a workspace of its own: name `{folder}` in the root's `exclude`"))
        })
        .collect()
}

struct Entry<'a> {
    section: &'a str,
    key: &'a str,
    value: &'a str,
    line: usize,
}

/// `key = value` lines with the section they stand in; continued values are skipped.
fn entries(text: &str) -> Vec<Entry<'_>> {
    let mut section = "";
    let mut open = false;
    let mut entries = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if open {
            open = !line.ends_with([']', '}']);
        } else if line.starts_with('[') {
            section = line.trim_matches(['[', ']']);
        } else if let Some((key, value)) = line.split_once('=').filter(|_| !line.starts_with('#')) {
            let (key, value) = (key.trim(), value.trim());
            open = value.ends_with(['[', '{', ',']);
            entries.push(Entry { section, key, value, line: at + 1 });
        }
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "[package]\nname = \"a\"\ndescription = \"A.\"\nversion.workspace = true\nedition.workspace = true\n\
        rust-version.workspace = true\nlicense.workspace = true\n\n[lints]\nworkspace = true\n\n[dependencies]\n\
        bytes.workspace = true\nb = { workspace = true, features = [\n    \"x\",\n] }\n";

    fn found(text: &str) -> Vec<Finding> {
        check(&Tree::of(&[("crates/a/Cargo.toml", text), ("fuzz/Cargo.toml", "")]))
    }

    #[test]
    fn a_good_manifest_passes() {
        assert_eq!(found(GOOD), []);
    }

    #[test]
    fn what_is_missing_is_named() {
        for line in ["version.workspace = true\n", "workspace = true\n\n[dep", "description = \"A.\"\n"] {
            let bad = GOOD.replacen(line, if line.ends_with("dep") { "\n[dep" } else { "" }, 1);
            assert_eq!(found(&bad).len(), 1, "{line}");
        }
    }

    #[test]
    fn a_workspace_that_is_not_excluded_is_caught() {
        let root = ("Cargo.toml", "[workspace]\nmembers = [\"crates/*\"]\nexclude = [\"bench\"]\n");
        let own = "[workspace]\n";
        assert!(check(&Tree::of(&[root, ("bench/Cargo.toml", own)])).is_empty());
        let found = check(&Tree::of(&[root, ("bench/Cargo.toml", own), ("fuzz/Cargo.toml", own)]));
        assert_eq!(
            found.iter().map(|finding| finding.path.as_str()).collect::<Vec<_>>(),
            ["fuzz/Cargo.toml"]
        );
    }

    #[test]
    fn a_version_of_its_own_is_caught() {
        let bad = format!("{GOOD}[dev-dependencies]\nproptest = \"1\"\nserde = {{ version = \"1\" }}\n");
        let found = found(&bad);
        assert_eq!(found.len(), 2);
        assert!(found[0].message.contains("proptest"));
    }
}
