//! The files of the repository, read once.

use super::scan::Source;
use crate::repository::resolve;
use std::collections::BTreeSet;
use std::path::Path;

/// Folders that hold results or private settings, not sources.
const SKIPPED_FOLDERS: &[&str] =
    &["target", "node_modules", "fuzz/corpus", "fuzz/artifacts", "docs/book/book"];
/// Hidden folders that belong to the repository.
const HIDDEN_FOLDERS: &[&str] = &[".cargo", ".ci", ".config", ".github"];
/// Text files by the end of their names; everything else is data.
const TEXT_ENDINGS: &[&str] = &[
    "rs",
    "toml",
    "md",
    "sh",
    "json",
    "yml",
    "yaml",
    "txt",
    "css",
    "js",
    "html",
    "c",
    "h",
    "cpp",
    "hpp",
    "py",
    "gd",
    "gdextension",
    "godot",
    "tscn",
    "cfg",
    "lock",
    "in",
];
/// Text files by name.
const TEXT_NAMES: &[&str] =
    &["x", "run", "LICENSE-MIT", "LICENSE-APACHE", ".gitignore", ".gitattributes", "Makefile"];

/// One text file.
#[derive(Debug)]
pub(super) struct File {
    /// Relative to the root, with `/`.
    pub(super) path: String,
    /// The whole text.
    pub(super) text: String,
    /// For Rust files: the text split by what it is.
    pub(super) rust: Option<Source>,
    /// The whole file is test code.
    pub(super) all_test: bool,
    /// Files that `#[path = "…"]` names here, relative to the root, and whether only tests see them.
    pub(super) named: Vec<(String, bool)>,
}

/// Every text file, and the names of the others.
#[derive(Debug, Default)]
pub(super) struct Tree {
    /// Text files, in order of their paths.
    pub(super) files: Vec<File>,
    /// Paths of all other files.
    pub(super) data: Vec<String>,
    /// Where the repository is on this machine.
    pub(super) root: String,
}

impl File {
    fn new(path: String, text: String) -> Self {
        let rust = path.ends_with(".rs").then(|| Source::scan(&text));
        let all_test = path.split('/').any(|part| matches!(part, "tests" | "benches" | "examples"));
        let named = rust.as_ref().map(|source| named_paths(&path, &text, source)).unwrap_or_default();
        Self { path, text, rust, all_test, named }
    }

    /// The name without folders.
    pub(super) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// Lines of a Rust file that are neither comment, string nor test; empty for other files.
    pub(super) fn product_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.rust.iter().filter(|_| !self.all_test).flat_map(Source::product_lines)
    }
}

impl Tree {
    /// Reads the repository at `root`.
    pub(super) fn read(root: &Path) -> Result<Self, String> {
        let mut tree = Self { root: root.to_string_lossy().into_owned(), ..Self::default() };
        let mut folders = vec![String::new()];
        while let Some(folder) = folders.pop() {
            let at = root.join(&folder);
            let entries = std::fs::read_dir(&at).map_err(|error| format!("{}: {error}", at.display()))?;
            for entry in entries.filter_map(Result::ok) {
                let name = entry.file_name().to_string_lossy().into_owned();
                let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
                let kind = entry.file_type().map_err(|error| format!("{path}: {error}"))?;
                if kind.is_dir() && is_ours(&path, &name) {
                    folders.push(path);
                } else if kind.is_file() {
                    tree.add(path, &std::fs::read(entry.path()).unwrap_or_default());
                }
            }
        }
        tree.finish();
        Ok(tree)
    }

    /// A repository made up for a test.
    #[cfg(test)]
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let mut tree = Self::default();
        files.iter().for_each(|(path, text)| tree.add((*path).to_owned(), text.as_bytes()));
        tree.finish();
        tree
    }

    fn add(&mut self, path: String, bytes: &[u8]) {
        let text = if is_text(&path) { std::str::from_utf8(bytes).ok() } else { None };
        match text {
            Some(text) => self.files.push(File::new(path, text.to_owned())),
            None => self.data.push(path),
        }
    }

    /// Sorts, and marks the files of test modules that are declared elsewhere.
    fn finish(&mut self) {
        self.files.sort_by(|a, b| a.path.cmp(&b.path));
        self.data.sort();
        let mut prefixes = BTreeSet::new();
        for file in &self.files {
            let folder = module_folder(&file.path);
            let names = file.rust.iter().flat_map(|source| &source.test_modules);
            prefixes.extend(names.map(|name| format!("{folder}/{name}")));
        }
        let named = |file: &File| {
            file.named.iter().filter(|(_, test)| *test).map(|(path, _)| path.clone()).collect::<Vec<_>>()
        };
        let paths: BTreeSet<String> = self.files.iter().flat_map(named).collect();
        for file in &mut self.files {
            file.all_test |= paths.contains(&file.path);
            file.all_test |= prefixes.iter().any(|prefix| {
                file.path
                    .strip_prefix(prefix.as_str())
                    .is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
            });
        }
    }

    /// The file at this path.
    pub(super) fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// Rust files only.
    pub(super) fn rust(&self) -> impl Iterator<Item = (&File, &Source)> {
        self.files.iter().filter_map(|file| Some((file, file.rust.as_ref()?)))
    }

    /// Folders of crates, such as `crates/wire`.
    pub(super) fn crate_folders(&self) -> Vec<&str> {
        let manifests = self.files.iter().filter_map(|file| file.path.strip_suffix("/Cargo.toml"));
        manifests.filter(|folder| folder.starts_with("crates/") || *folder == "xtask").collect()
    }
}

/// What the `#[path = "…"]` attributes of a file name. The scanner blanks strings, so the names come
/// from the text.
fn named_paths(path: &str, text: &str, source: &Source) -> Vec<(String, bool)> {
    let lines = source.code.iter().zip(&source.test).zip(text.lines());
    let attributes = lines.filter(|((code, _), _)| code.trim_start().starts_with("#[path"));
    attributes
        .filter_map(|((_, test), line)| Some((resolve(path, line.split('"').nth(1)?)?, *test)))
        .collect()
}

/// The folder in which a file's submodules live.
pub(super) fn module_folder(path: &str) -> String {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    match name {
        "lib.rs" | "main.rs" | "mod.rs" => folder.to_owned(),
        _ => format!("{folder}/{}", name.strip_suffix(".rs").unwrap_or(name)),
    }
}

fn is_ours(path: &str, name: &str) -> bool {
    if SKIPPED_FOLDERS.contains(&path) || name == "target" {
        return false;
    }
    !name.starts_with('.') || HIDDEN_FOLDERS.contains(&name)
}

fn is_text(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    // Seeds of fuzz targets are data whatever their names look like.
    let seed = path.starts_with("fuzz/seeds/");
    !seed
        && (TEXT_NAMES.contains(&name)
            || name.rsplit_once('.').is_some_and(|(_, end)| TEXT_ENDINGS.contains(&end)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_sorted_into_text_and_data() {
        let tree =
            Tree::of(&[("b.rs", "//! x\n"), ("a.md", "x\n"), ("c.png", "x"), ("fuzz/seeds/t/one.json", "{")]);
        assert_eq!(tree.files.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), ["a.md", "b.rs"]);
        assert_eq!(tree.data, ["c.png", "fuzz/seeds/t/one.json"]);
    }

    #[test]
    fn test_files_are_recognised_by_folder_and_by_declaration() {
        let tree = Tree::of(&[
            ("crates/a/src/lib.rs", "//! x\n#[cfg(test)]\nmod harness;\nmod real;\n"),
            ("crates/a/src/harness.rs", "//! x\n"),
            ("crates/a/src/harness/part.rs", "//! x\n"),
            ("crates/a/src/real.rs", "//! x\n#[cfg(test)]\nmod vectors;\n"),
            ("crates/a/src/real/vectors.rs", "//! x\n"),
            ("crates/a/tests/t.rs", "//! x\n"),
            (
                "crates/a/src/part/named.rs",
                "//! x\n#[cfg(test)]\n#[path = \"../named_tests.rs\"]\nmod tests;\n",
            ),
            ("crates/a/src/named_tests.rs", "//! x\n"),
        ]);
        let all_test = |path: &str| tree.file(path).unwrap().all_test;
        assert!(all_test("crates/a/src/harness.rs") && all_test("crates/a/src/harness/part.rs"));
        assert!(all_test("crates/a/src/real/vectors.rs") && all_test("crates/a/tests/t.rs"));
        assert!(all_test("crates/a/src/named_tests.rs"));
        assert!(!all_test("crates/a/src/lib.rs") && !all_test("crates/a/src/real.rs"));
    }

    #[test]
    fn results_and_private_folders_are_left_out() {
        assert!(
            !is_ours("target", "target") && !is_ours("fuzz/target", "target") && !is_ours(".git", ".git")
        );
        assert!(is_ours(".ci", ".ci") && is_ours("crates", "crates") && !is_ours(".vscode", ".vscode"));
    }
}
