//! `./x godot`: the addon's folder, the examples, and pictures of them.
//!
//! Examples run in copies below the build folder: the engine writes into a project, and the library has to lie in it.

mod addon;
mod arena;
mod chat;
mod examples;
pub(crate) mod exchange;
mod match_run;
mod pages;
mod pictures;
mod rate;

pub(crate) use examples::check;

use crate::commands::Args;
use crate::engine::Engine;
use crate::process::{Done, Step, run as run_step, tool};
use crate::repository::Repository;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// A cold build compiles the bindings of the whole engine.
const BUILD_LIMIT: Duration = Duration::from_secs(1800);
/// Importing a small project takes seconds.
const IMPORT_LIMIT: Duration = Duration::from_secs(120);
/// The package of the extension.
const PACKAGE: &str = crate::suites::GODOT;
/// What the word behind `./x godot` may be.
const WORDS: &str = "addon, arena, chat, open, pictures or rate";

/// Which build of the library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Profile {
    Debug,
    Release,
}

impl Profile {
    const fn folder(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Release => "release",
        }
    }
}

/// `./x godot`.
pub(crate) fn command(repository: &Repository, args: &Args) -> Result<bool, String> {
    let verbose = args.has("--verbose");
    match args.words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["addon"] => addon::command(repository, verbose),
        ["arena"] => arena::command(repository, args),
        ["chat"] => chat::command(repository, args),
        ["open", example] => open(repository, example, verbose),
        ["pictures"] => pictures::command(repository, verbose),
        ["rate"] => rate::command(repository, args),
        _ => Err(format!("`./x godot` needs one word more: {WORDS}")),
    }
}

/// The editor, with an example in it.
fn open(repository: &Repository, example: &str, verbose: bool) -> Result<bool, String> {
    let engine = Engine::provide(verbose)?.with_display(verbose)?;
    let library = build(repository, Profile::Debug, verbose)?;
    let project = Project::prepare(repository, &engine, example, &library, "open")?;
    let mut command = project.engine(&engine);
    command.arg("--editor").arg("--path").arg(&project.folder);
    let status = command.status().map_err(|error| format!("the editor did not start: {error}"))?;
    Ok(status.success())
}

/// Builds the extension and says where the library is.
fn build(repository: &Repository, profile: Profile, verbose: bool) -> Result<PathBuf, String> {
    build_with(repository, profile, &[], verbose)
}

/// The same with more words for cargo.
fn build_with(
    repository: &Repository,
    profile: Profile,
    words: &[&str],
    verbose: bool,
) -> Result<PathBuf, String> {
    let mut command = tool("cargo");
    command.current_dir(&repository.root).args(["build", "--package", PACKAGE]).args(words);
    if profile == Profile::Release {
        command.arg("--release").env("CARGO_PROFILE_RELEASE_STRIP", "debuginfo");
    }
    let log = repository.target.join(format!("x/godot-build-{}.log", profile.folder()));
    let label = "building the extension";
    let done = run_step(Step { label, command, log, limit: BUILD_LIMIT, verbose });
    if done.success { Ok(library(repository, profile)) } else { Err(done.explain()) }
}

/// Where that build's library is.
fn library(repository: &Repository, profile: Profile) -> PathBuf {
    let name = format!("{}gamesockets_godot{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    repository.target.join(profile.folder()).join(name)
}

/// A copy of an example with the addon in it, ready to run.
#[derive(Debug)]
struct Project {
    /// Everything about this copy.
    base: PathBuf,
    /// What `--path` names.
    folder: PathBuf,
}

impl Project {
    /// Copies, puts the addon in and lets the engine import it once. `purpose` tells copies apart.
    fn prepare(
        repository: &Repository,
        engine: &Engine,
        example: &str,
        library: &Path,
        purpose: &str,
    ) -> Result<Self, String> {
        let from = repository.root.join("godot/examples").join(example);
        if !from.is_dir() {
            return Err(format!("there is no example named `{example}`; there are arena and chat"));
        }
        let base = repository.target.join("x/godot-examples").join(format!("{example}-{purpose}"));
        let project = Self { folder: base.join("project"), base };
        project.fill(repository, &from, library).map_err(|error| format!("preparing {example}: {error}"))?;
        let mut command = project.engine(engine);
        command.args(["--headless", "--import", "--path"]).arg(&project.folder);
        let label = format!("importing {example}");
        let log = project.base.join("import.log");
        let done = run_step(Step { label: &label, command, log, limit: IMPORT_LIMIT, verbose: false });
        match errors_in(&done) {
            None => Ok(project),
            Some(why) => Err(format!("{label}: {why}")),
        }
    }

    fn fill(&self, repository: &Repository, from: &Path, library: &Path) -> std::io::Result<()> {
        let _ = std::fs::remove_dir_all(&self.base);
        std::fs::create_dir_all(self.base.join("home"))?;
        copy_folder(from, &self.folder)?;
        addon::assemble(repository, library, &self.folder.join("addons/gamesockets"))?;
        std::fs::create_dir_all(self.folder.join(".godot"))?;
        let list = "res://addons/gamesockets/gamesockets.gdextension\n";
        std::fs::write(self.folder.join(".godot/extension_list.cfg"), list)
    }

    /// Puts a plugin of the editor, a script of the repository, into the copy and switches it on.
    fn add_plugin(&self, repository: &Repository, script: &str) -> Result<(), String> {
        const OURS: &str = "\"res://addons/gamesockets/plugin.cfg\"";
        let add = || -> std::io::Result<()> {
            let folder = self.folder.join("addons/visitor");
            std::fs::create_dir_all(&folder)?;
            std::fs::copy(repository.root.join(script), folder.join("visitor.gd"))?;
            let about = "[plugin]\n\nname=\"visitor\"\ndescription=\"\"\nauthor=\"\"\nversion=\"1\"\nscript=\"visitor.gd\"\n";
            std::fs::write(folder.join("plugin.cfg"), about)?;
            let settings = self.folder.join("project.godot");
            let text = std::fs::read_to_string(&settings)?;
            let both = format!("{OURS}, \"res://addons/visitor/plugin.cfg\"");
            std::fs::write(settings, text.replace(OURS, &both))
        };
        add().map_err(|error| format!("{script}: {error}"))
    }

    /// A call of the engine whose own files stay beside the copy.
    fn engine(&self, engine: &Engine) -> Command {
        engine.command(&self.base.join("home"))
    }
}

/// Copies a folder and all in it.
fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// What is wrong with a run of the engine: its status, or a line that no good run prints.
fn errors_in(done: &Done) -> Option<String> {
    const BAD: &[&str] =
        &["ERROR:", "SCRIPT ERROR:", "panicked at", "Parse Error", "leaked at exit", "WARNING: godot-rust"];
    if !done.success {
        return Some(done.explain());
    }
    let line = done.output.lines().find(|line| BAD.iter().any(|bad| line.contains(bad)))?;
    Some(format!("it printed `{line}`\n{}", done.explain()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_no_good_run_prints_is_found() {
        assert_eq!(errors_in(&Done::for_tests(true, "arena: 8 clients\nSTATE x\n")), None);
        for bad in [
            "ERROR: x",
            "SCRIPT ERROR: y",
            "panicked at x",
            "2 resources leaked at exit",
            "WARNING: godot-rust: z",
        ] {
            assert!(errors_in(&Done::for_tests(true, &format!("a\n{bad}\n"))).is_some(), "{bad}");
        }
        assert!(errors_in(&Done::for_tests(false, "")).is_some());
    }
}
