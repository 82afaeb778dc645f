//! Where the repository is, and what cargo says about its packages.

use crate::process::tool;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The root folder and the folder of build results.
pub(crate) struct Repository {
    /// The folder that holds the workspace's `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// Where cargo builds.
    pub(crate) target: PathBuf,
    /// The packages of the workspace.
    pub(crate) packages: Vec<Package>,
}

/// One package of the workspace, as `cargo metadata` describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Package {
    /// `gamesockets-wire`.
    pub(crate) name: String,
    /// Its manifest, relative to the root, with `/`.
    pub(crate) manifest: String,
    /// What it depends on.
    pub(crate) dependencies: Vec<Dependency>,
    /// Its build targets.
    pub(crate) targets: Vec<Target>,
}

/// One dependency of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dependency {
    /// The package depended on.
    pub(crate) name: String,
    /// Only for tests, examples and benches.
    pub(crate) dev: bool,
}

/// One build target of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// Its name.
    pub(crate) name: String,
    /// `lib`, `bin`, `test`, `example`, `bench`, `custom-build`.
    pub(crate) kind: String,
}

impl Repository {
    /// Looks for the workspace upwards from the current folder and asks cargo about it.
    pub(crate) fn find() -> Result<Self, String> {
        let root = find_root()?;
        let json = metadata(&root.join("Cargo.toml"))?;
        let target = json["target_directory"].as_str().map(PathBuf::from);
        let target = target.ok_or("cargo metadata names no target directory")?;
        Ok(Self { packages: packages(&json, &root), root, target })
    }

    /// The package of that name.
    pub(crate) fn package(&self, name: &str) -> Option<&Package> {
        self.packages.iter().find(|package| package.name == name)
    }
}

impl Package {
    /// Names of its targets of that kind.
    pub(crate) fn targets_of(&self, kind: &str) -> Vec<&str> {
        self.targets.iter().filter(|target| target.kind == kind).map(|target| target.name.as_str()).collect()
    }
}

/// The folder of the workspace, upwards from the current one.
pub(crate) fn find_root() -> Result<PathBuf, String> {
    let here =
        std::env::current_dir().map_err(|error| format!("the current folder is not readable: {error}"))?;
    let is_root = |folder: &&Path| {
        std::fs::read_to_string(folder.join("Cargo.toml")).is_ok_and(|text| text.contains("[workspace]"))
    };
    here.ancestors().find(is_root).map(Path::to_path_buf).ok_or_else(|| {
        "no workspace found from the current folder upwards; run ./x from the repository".to_owned()
    })
}

/// What `cargo metadata --no-deps` says about the manifest's workspace.
pub(crate) fn metadata(manifest: &Path) -> Result<Value, String> {
    let output = tool("cargo")
        .args(["metadata", "--no-deps", "--format-version", "1", "--manifest-path"])
        .arg(manifest)
        .output()
        .map_err(|error| format!("cargo did not start: {error}"))?;
    if !output.status.success() {
        return Err(format!("cargo metadata failed:\n{}", String::from_utf8_lossy(&output.stderr)));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| format!("cargo metadata is not JSON: {error}"))
}

/// The packages inside what `cargo metadata` printed.
pub(crate) fn packages(json: &Value, root: &Path) -> Vec<Package> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let package = |value: &Value| {
        let manifest = PathBuf::from(text(&value["manifest_path"]));
        let relative = manifest.strip_prefix(root).unwrap_or(&manifest);
        Package {
            name: text(&value["name"]),
            manifest: relative.to_string_lossy().replace('\\', "/"),
            dependencies: list(&value["dependencies"])
                .iter()
                .map(|entry| Dependency { name: text(&entry["name"]), dev: entry["kind"] == "dev" })
                .collect(),
            targets: list(&value["targets"])
                .iter()
                .map(|entry| Target { name: text(&entry["name"]), kind: text(&entry["kind"][0]) })
                .collect(),
        }
    };
    list(&json["packages"]).iter().map(package).collect()
}

/// The file, relative to the root, that `link` means inside the file `from`; `None` when it climbs out.
pub(crate) fn resolve(from: &str, link: &str) -> Option<String> {
    if link.is_empty() {
        return Some(from.to_owned());
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_becomes_packages() {
        let json = serde_json::json!({"packages": [{
            "name": "a", "manifest_path": "/r/crates/a/Cargo.toml",
            "dependencies": [{"name": "b", "kind": null}, {"name": "c", "kind": "dev"}],
            "targets": [{"name": "a", "kind": ["lib"]}, {"name": "t", "kind": ["test"]}],
        }]});
        let found = packages(&json, Path::new("/r"));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].manifest, "crates/a/Cargo.toml");
        assert_eq!(found[0].dependencies[1], Dependency { name: "c".into(), dev: true });
        assert_eq!(found[0].targets_of("test"), ["t"]);
    }

    #[test]
    fn this_repository_is_found() {
        let repository = Repository::find().unwrap();
        assert!(repository.package("xtask").is_some());
    }

    #[test]
    fn paths_are_resolved() {
        assert_eq!(resolve("docs/a.md", "../README.md"), Some("README.md".into()));
        assert_eq!(resolve("docs/a.md", "./b/"), Some("docs/b".into()));
        assert_eq!(resolve("docs/a.md", ""), Some("docs/a.md".into()));
        assert_eq!(resolve("a.md", "../x"), None);
    }
}
