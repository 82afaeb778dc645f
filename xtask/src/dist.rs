//! `./x dist`: a tarball with the C library in both generations of its interface, the header, the files by which CMake and
//! pkg-config find them, and the examples.

use crate::commands::Args;
use crate::process::{Step, run as run_step, tool};
use crate::repository::Repository;
use std::path::{Path, PathBuf};
use std::time::Duration;

const PACKAGE: &str = "gamesockets-capi";
/// A cold optimised build on a small machine takes some minutes; more than this is a hang.
const BUILD_LIMIT: Duration = Duration::from_secs(1800);
const SHARED: &str = "libGameNetworkingSockets.so";
const STATIC: &str = "libGameNetworkingSockets.a";

/// One build of the library.
struct Build {
    crate_type: &'static str,
    /// What it makes.
    file: &'static str,
    /// Generation of the interface.
    abi: &'static str,
    /// Where it goes, below the root of the tarball.
    to: &'static str,
}

const BUILDS: &[Build] = &[
    Build { crate_type: "cdylib", file: SHARED, abi: "1.5", to: "lib" },
    Build { crate_type: "staticlib", file: STATIC, abi: "1.5", to: "lib" },
    Build { crate_type: "cdylib", file: SHARED, abi: "1.4", to: "lib/abi-1.4" },
];

/// Files that go in as they are, with `@VERSION@` replaced: from below the repository, to below the tarball's root.
const FILES: &[(&str, &str)] = &[
    ("crates/capi/include/gamesockets.h", "include/gamesockets.h"),
    ("crates/capi/dist/GameNetworkingSockets.pc.in", "lib/pkgconfig/GameNetworkingSockets.pc"),
    (
        "crates/capi/dist/GameNetworkingSocketsConfig.cmake",
        "lib/cmake/GameNetworkingSockets/GameNetworkingSocketsConfig.cmake",
    ),
    (
        "crates/capi/dist/GameNetworkingSocketsConfigVersion.cmake.in",
        "lib/cmake/GameNetworkingSockets/GameNetworkingSocketsConfigVersion.cmake",
    ),
    ("crates/capi/examples/c/echo.c", "share/gamesockets/examples/echo.c"),
    ("crates/capi/examples/cpp/pair.cpp", "share/gamesockets/examples/pair.cpp"),
    ("docs/book/src/c-interface.md", "share/doc/gamesockets/c-interface.md"),
    ("CHANGELOG.md", "share/doc/gamesockets/CHANGELOG.md"),
    ("LICENSE-MIT", "share/doc/gamesockets/LICENSE-MIT"),
    ("LICENSE-APACHE", "share/doc/gamesockets/LICENSE-APACHE"),
];

/// `./x dist`.
pub(crate) fn command(repository: &Repository, args: &Args) -> Result<bool, String> {
    let version = version(&repository.root)?;
    let name = format!("gamesockets-{version}-{}-{}", std::env::consts::OS, std::env::consts::ARCH);
    let folder = repository.target.join("dist").join(&name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    for build in BUILDS {
        let made = make(repository, build, args.has("--verbose"))?;
        copy(&made, &folder.join(build.to).join(build.file))?;
    }
    for (from, to) in FILES {
        fill_in(&repository.root.join(from), &folder.join(to), &version)?;
    }
    let tarball = repository.target.join("dist").join(format!("{name}.tar.gz"));
    let mut command = tool("tar");
    command.arg("-C").arg(repository.target.join("dist")).arg("-czf").arg(&tarball).arg(&name);
    let status = command.status().map_err(|error| format!("tar did not start: {error}"))?;
    if status.success() {
        println!("{}", tarball.display());
    }
    Ok(status.success())
}

/// The version in the root's manifest.
fn version(root: &Path) -> Result<String, String> {
    let path = root.join("Cargo.toml");
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let line = text.lines().find_map(|line| line.strip_prefix("version = \""));
    let version = line.and_then(|rest| rest.split('"').next());
    version.map(str::to_owned).ok_or_else(|| format!("{} names no version", path.display()))
}

/// Builds one form of the library: alone, so that it is optimised as a whole. Each generation has a folder of its own.
fn make(repository: &Repository, build: &Build, verbose: bool) -> Result<PathBuf, String> {
    let folder = build.abi;
    let target = repository.target.join("dist/build").join(folder);
    let mut command = tool("cargo");
    command.current_dir(&repository.root).env("CARGO_TARGET_DIR", &target);
    command.env("CARGO_PROFILE_RELEASE_STRIP", "debuginfo");
    command.args(["rustc", "--release", "--package", PACKAGE, "--lib", "--crate-type", build.crate_type]);
    command.env("GAMESOCKETS_ABI", build.abi);
    let log = repository.target.join(format!("x/dist-{folder}-{}.log", build.crate_type));
    let label = format!("building {} ({folder})", build.file);
    let done = run_step(Step { label: &label, command, log, limit: BUILD_LIMIT, verbose });
    if done.success { Ok(target.join("release").join(build.file)) } else { Err(done.explain()) }
}

fn make_folder_of(file: &Path) -> Result<(), String> {
    let folder = file.parent().unwrap_or(file);
    std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))
}

fn copy(from: &Path, to: &Path) -> Result<(), String> {
    make_folder_of(to)?;
    std::fs::copy(from, to).map(|_| ()).map_err(|error| format!("{}: {error}", from.display()))
}

fn fill_in(from: &Path, to: &Path, version: &str) -> Result<(), String> {
    make_folder_of(to)?;
    let text = std::fs::read_to_string(from).map_err(|error| format!("{}: {error}", from.display()))?;
    std::fs::write(to, text.replace("@VERSION@", version))
        .map_err(|error| format!("{}: {error}", to.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_goes_in_is_there() {
        let repository = Repository::find().unwrap();
        assert!(repository.package(PACKAGE).is_some());
        for (from, to) in FILES {
            assert!(repository.root.join(from).is_file(), "{from}");
            assert!(!to.contains("@") && !to.ends_with(".in"), "{to}");
        }
        let version = version(&repository.root).unwrap();
        assert!(version.split('.').count() == 3, "{version}");
    }
}
