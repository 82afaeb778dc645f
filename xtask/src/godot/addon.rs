//! `./x godot addon`: the folder that a project copies, and an archive of it.

use super::{Profile, build, copy_folder};
use crate::process::tool;
use crate::repository::Repository;
use std::path::{Path, PathBuf};

/// Where the addon's own files are.
const SOURCE: &str = "godot/addons/gamesockets";
/// The library for Windows, where somebody built it.
const WINDOWS: &str = "x86_64-pc-windows-gnu/release/gamesockets_godot.dll";
/// Texts that go with it.
const TEXTS: &[&str] = &["LICENSE-MIT", "LICENSE-APACHE"];

/// Builds, assembles, packs.
pub(super) fn command(repository: &Repository, verbose: bool) -> Result<bool, String> {
    let library = build(repository, Profile::Release, verbose)?;
    let name = format!("gamesockets-godot-{}", env!("CARGO_PKG_VERSION"));
    let dist = repository.target.join("dist");
    let folder = dist.join(&name);
    let _ = std::fs::remove_dir_all(&folder);
    let addon = folder.join("addons/gamesockets");
    assemble(repository, &library, &addon).map_err(|error| format!("{}: {error}", addon.display()))?;
    let windows = repository.target.join(WINDOWS);
    if windows.is_file() {
        place(&windows, &addon.join("bin/windows.x86_64")).map_err(|error| format!("{WINDOWS}: {error}"))?;
    }
    let archive = dist.join(format!("{name}.tar.gz"));
    let mut pack = tool("tar");
    pack.arg("-C").arg(&folder).arg("-czf").arg(&archive).arg("addons");
    let status = pack.status().map_err(|error| format!("tar did not start: {error}"))?;
    println!("{}\n{}", addon.display(), archive.display());
    Ok(status.success())
}

/// The addon's files with the library where `gamesockets.gdextension` says.
pub(super) fn assemble(repository: &Repository, library: &Path, to: &Path) -> std::io::Result<()> {
    copy_folder(&repository.root.join(SOURCE), to)?;
    for text in TEXTS {
        std::fs::copy(repository.root.join(text), to.join(text))?;
    }
    place(library, &to.join(binaries())).map(drop)
}

/// The folder of this system's libraries in the addon.
fn binaries() -> String {
    format!("bin/{}.{}", std::env::consts::OS, std::env::consts::ARCH)
}

/// Copies a library into a folder.
fn place(library: &Path, folder: &Path) -> std::io::Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    let to = folder.join(library.file_name().unwrap_or_default());
    std::fs::copy(library, &to)?;
    Ok(to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_extension_file_names_is_there() {
        let repository = Repository::find().unwrap();
        let folder = repository.root.join(SOURCE);
        let text = std::fs::read_to_string(folder.join("gamesockets.gdextension")).unwrap();
        let value = |line: &str| Some(line.split_once(" = \"")?.1.trim_end_matches('"').to_owned());
        let icons: Vec<String> =
            text.lines().skip_while(|line| *line != "[icons]").filter_map(value).collect();
        assert!(icons.len() >= 4, "{icons:?}");
        for icon in icons {
            assert!(folder.join(&icon).is_file(), "{icon}");
        }
        assert!(
            text.contains("linux.release.x86_64 = \"bin/linux.x86_64/libgamesockets_godot.so\""),
            "{text}"
        );
        let plugin = std::fs::read_to_string(folder.join("plugin.cfg")).unwrap();
        assert!(plugin.contains(&format!("version=\"{}\"", env!("CARGO_PKG_VERSION"))), "{plugin}");
        for text in TEXTS {
            assert!(repository.root.join(text).is_file(), "{text}");
        }
    }
}
