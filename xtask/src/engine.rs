//! A real Godot 4 for tests: the one that a variable names, or Debian's, unpacked beside the system.
//!
//! Debian 12 has no Godot 4, a later suite has. Its packages and their loader are kept in a folder of
//! their own, which all clones on a machine share, and which nothing else of the system sees.

use crate::process::{Step, run as run_step, tool};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Names an engine to use instead.
const OWN: &str = "GAMESOCKETS_GODOT";
/// Names the folder for what is worth keeping between runs.
const CACHE: &str = "GAMESOCKETS_CACHE";
/// The suite that has the engine, and its package.
const SUITE: &str = "forky";
const PACKAGES: &[&str] = &["godot"];
/// What it needs beside that to draw into a window: OpenGL by the processor alone.
const DISPLAY_PACKAGES: &[&str] = &["libgl1", "libglx-mesa0", "libgl1-mesa-dri"];
/// The keys that Debian signs with.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
/// About 150 MB are downloaded.
const LIMIT: Duration = Duration::from_secs(900);

/// An engine that can be started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Engine {
    program: PathBuf,
    before: Vec<OsString>,
    variables: Vec<(&'static str, OsString)>,
}

impl Engine {
    /// The engine, fetched if need be. The error says why there is none.
    pub(crate) fn provide(verbose: bool) -> Result<Self, String> {
        if let Some(own) = std::env::var_os(OWN).filter(|own| !own.is_empty()) {
            let program = PathBuf::from(own);
            if program.is_file() {
                return Ok(Self { program, ..Self::default() });
            }
            return Err(format!("{OWN} names {}, which is no file", program.display()));
        }
        let root = unpacked("godot", PACKAGES, verbose)?;
        Self::in_root(&root).ok_or_else(|| "the unpacked packages hold no engine".to_owned())
    }

    /// The same with what it takes to open windows where there is a display. An engine of one's own has that already.
    pub(crate) fn with_display(mut self, verbose: bool) -> Result<Self, String> {
        let [option, path, ..] = self.before.as_mut_slice() else { return Ok(self) };
        debug_assert_eq!(option, "--library-path");
        let libraries = libraries_of(&unpacked("godot-display", DISPLAY_PACKAGES, verbose)?);
        path.push(":");
        path.push(&libraries);
        self.variables.push(("LIBGL_DRIVERS_PATH", libraries.join("dri").into_os_string()));
        self.variables.push(("LIBGL_ALWAYS_SOFTWARE", "1".into()));
        Ok(self)
    }

    /// The same at that display.
    pub(crate) fn at_display(mut self, name: &str) -> Self {
        self.variables.push(("DISPLAY", name.into()));
        self
    }

    /// The engine inside the unpacked packages, started by their own loader.
    fn in_root(root: &Path) -> Option<Self> {
        let program = root.join("usr/bin/godot");
        let libraries = libraries_of(root);
        let is_loader = |name: &str| name.starts_with("ld-linux");
        let loader = [libraries.clone(), root.join("usr/lib"), root.join("usr/lib64")]
            .iter()
            .filter_map(|folder| std::fs::read_dir(folder).ok())
            .flatten()
            .filter_map(|entry| Some(entry.ok()?.path()))
            .find(|path| path.file_name().and_then(|name| name.to_str()).is_some_and(is_loader))?;
        let path = [libraries.clone(), libraries.join("pulseaudio")];
        let path = std::env::join_paths(path).ok()?;
        let before = vec!["--library-path".into(), path, program.clone().into_os_string()];
        program.is_file().then_some(Self { program: loader, before, variables: Vec::new() })
    }

    /// A call of the engine; it keeps its own files below `home`.
    pub(crate) fn command(&self, home: &Path) -> Command {
        let mut command = tool(&self.program.to_string_lossy());
        command.args(&self.before).env("HOME", home);
        for (name, folder) in [("DATA", "data"), ("CONFIG", "config"), ("CACHE", "cache")] {
            command.env(format!("XDG_{name}_HOME"), home.join(folder));
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// Where Debian has its libraries.
fn libraries_of(root: &Path) -> PathBuf {
    root.join(format!("usr/lib/{}-linux-gnu", std::env::consts::ARCH))
}

/// The folder with these packages and all that they need, fetched if need be. The error says why there is none.
fn unpacked(name: &str, packages: &[&str], verbose: bool) -> Result<PathBuf, String> {
    let folder = cache()?.join(name);
    let root = folder.join("root");
    if root.is_dir() {
        return Ok(root);
    }
    // Unpacked elsewhere and moved: whoever is first wins, and nobody sees half of it.
    let work = folder.join(format!("work-{}", std::process::id()));
    let fetched = fetch(&work, packages, verbose);
    let moved = fetched.map(|()| std::fs::rename(work.join("root"), &root));
    let _ = std::fs::remove_dir_all(&work);
    match moved {
        Err(why) => Err(why),
        Ok(Err(error)) if !root.is_dir() => Err(format!("{}: {error}", root.display())),
        Ok(_) => Ok(root),
    }
}

/// The folder that all clones of this user share.
fn cache() -> Result<PathBuf, String> {
    let named = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    named(CACHE)
        .or_else(|| named("XDG_CACHE_HOME").map(|folder| folder.join("gamesockets")))
        .or_else(|| named("HOME").map(|folder| folder.join(".cache/gamesockets")))
        .ok_or_else(|| format!("no folder to keep the engine in: set {CACHE}"))
}

/// Downloads the packages with a package state of its own and unpacks them into `work/root`.
fn fetch(work: &Path, packages: &[&str], verbose: bool) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{}: {error}", work.display());
    let mirror = mirror().ok_or("this system's package sources name no Debian mirror")?;
    for folder in ["lists/partial", "cache/archives/partial", "root/usr"] {
        std::fs::create_dir_all(work.join(folder)).map_err(failed)?;
    }
    std::fs::write(work.join("status"), "").map_err(failed)?;
    let line = format!("deb [signed-by={KEYRING}] {mirror} {SUITE} main\n");
    std::fs::write(work.join("sources.list"), line).map_err(failed)?;
    apt(work, &["update", "-q"], verbose)?;
    let install = ["install", "-q", "-y", "-d", "--no-install-recommends"];
    apt(work, &[&install, packages].concat(), verbose)?;
    unpack_all(work)
}

/// One call of apt-get that knows nothing of the system's own packages.
fn apt(work: &Path, words: &[&str], verbose: bool) -> Result<(), String> {
    let mut command = tool("apt-get");
    let at = |name: &str| work.join(name).to_string_lossy().into_owned();
    for (option, value) in [
        ("Dir::State::Lists", at("lists")),
        ("Dir::State::status", at("status")),
        ("Dir::Cache", at("cache")),
        ("Dir::Etc::SourceList", at("sources.list")),
        ("Dir::Etc::SourceParts", "/dev/null".to_owned()),
        ("Dir::Etc::Preferences", "/dev/null".to_owned()),
        ("Dir::Etc::PreferencesParts", "/dev/null".to_owned()),
        ("Debug::NoLocking", "1".to_owned()),
        ("APT::Sandbox::User", "root".to_owned()),
    ] {
        command.args(["-o", &format!("{option}={value}")]);
    }
    command.args(words).env("DEBIAN_FRONTEND", "noninteractive");
    let label = format!("fetching the engine: {}", words.first().copied().unwrap_or_default());
    let done = run_step(Step { label: &label, command, log: work.join("apt.log"), limit: LIMIT, verbose });
    if done.success { Ok(()) } else { Err(format!("{label}: {}", done.explain())) }
}

/// Unpacks every package, without documentation and the like.
fn unpack_all(work: &Path) -> Result<(), String> {
    let root = work.join("root");
    for name in ["lib", "lib64", "bin", "sbin"] {
        std::fs::create_dir_all(root.join("usr").join(name)).map_err(|error| error.to_string())?;
        link(&root, name).map_err(|error| format!("linking {name}: {error}"))?;
    }
    let packages = std::fs::read_dir(work.join("cache/archives")).map_err(|error| error.to_string())?;
    for package in packages.filter_map(|entry| Some(entry.ok()?.path())) {
        if package.extension().is_some_and(|ending| ending == "deb") {
            unpack(&package, &root).map_err(|error| format!("{}: {error}", package.display()))?;
        }
    }
    Ok(())
}

#[cfg(unix)]
fn link(root: &Path, name: &str) -> std::io::Result<()> {
    std::os::unix::fs::symlink(format!("usr/{name}"), root.join(name))
}

#[cfg(not(unix))]
fn link(_: &Path, _: &str) -> std::io::Result<()> {
    Err(std::io::Error::from(std::io::ErrorKind::Unsupported))
}

fn unpack(package: &Path, root: &Path) -> std::io::Result<()> {
    let mut read = tool("dpkg-deb").arg("--fsys-tarfile").arg(package).stdout(Stdio::piped()).spawn()?;
    let mut write = tool("tar");
    write
        .args(["-x", "--keep-directory-symlink", "--no-same-owner", "--exclude=./usr/share", "-C"])
        .arg(root);
    if let Some(stream) = read.stdout.take() {
        write.stdin(stream);
    }
    let unpacked = write.status()?;
    let read = read.wait()?;
    if unpacked.success() && read.success() { Ok(()) } else { Err(std::io::Error::other("not unpacked")) }
}

/// The mirror that this system's own packages come from.
fn mirror() -> Option<String> {
    let release = std::fs::read_to_string("/etc/os-release").ok()?;
    let codename = release.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME="))?.trim_matches('"');
    let mut files = vec![PathBuf::from("/etc/apt/sources.list")];
    let parts = std::fs::read_dir("/etc/apt/sources.list.d").into_iter().flatten();
    files.extend(parts.filter_map(|entry| Some(entry.ok()?.path())));
    files.sort();
    let texts = files.iter().filter_map(|file| std::fs::read_to_string(file).ok());
    texts.into_iter().find_map(|text| mirror_in(&text, codename))
}

/// The address in a list of sources, of either form, that has the system's own suite.
fn mirror_in(text: &str, codename: &str) -> Option<String> {
    let one_line = text.lines().filter(|line| line.starts_with("deb ")).find_map(|line| {
        let line = match (line.find('['), line.find(']')) {
            (Some(from), Some(to)) if from < to => format!("{}{}", &line[..from], &line[to + 1..]),
            _ => line.to_owned(),
        };
        let words: Vec<&str> = line.split_whitespace().collect();
        (words.get(2) == Some(&codename)).then(|| words[1].to_owned())
    });
    one_line.or_else(|| {
        text.split("\n\n").find_map(|paragraph| {
            let field = |name: &str| paragraph.lines().find_map(|line| line.strip_prefix(name));
            let has_suite = field("Suites:")?.split_whitespace().any(|suite| suite == codename);
            let address = field("URIs:")?.split_whitespace().next()?;
            has_suite.then(|| address.to_owned())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mirror_is_read_from_both_forms() {
        let old = "# x\ndeb [signed-by=/k] http://m.example/d bookworm-security main\n\
                   deb [arch=amd64] http://n.example/d bookworm main\n";
        assert_eq!(mirror_in(old, "bookworm").as_deref(), Some("http://n.example/d"));
        let new = "Types: deb\nURIs: http://a.example/x\nSuites: other\n\n\
                   Types: deb\nURIs: http://b.example/x\nSuites: bookworm bookworm-updates\n";
        assert_eq!(mirror_in(new, "bookworm").as_deref(), Some("http://b.example/x"));
        assert_eq!(mirror_in(new, "sid"), None);
    }
}
