//! The program in C that a script of the tests talks to, and the C library that it needs.

use crate::process::{Step, run as run_step, tool, works};
use crate::repository::Repository;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What the scripts know the program by.
pub(crate) const VARIABLE: &str = "GAMESOCKETS_EXCHANGE";
const COMPILER: &str = "cc";
const SOURCE: &str = "godot/tests/c/exchange.c";
const HEADERS: &str = "crates/capi/include";
const PACKAGE: &str = "gamesockets-capi";
const FLAGS: &[&str] = &["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-O1"];
const BUILD_LIMIT: Duration = Duration::from_secs(1800);
const COMPILE_LIMIT: Duration = Duration::from_secs(60);

/// Why there is no program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Missing {
    /// This machine cannot build it.
    Compiler(String),
    /// It should have been built.
    Broken(String),
}

/// Builds library and program, and says where the program is.
pub(crate) fn provide(repository: &Repository, verbose: bool) -> Result<PathBuf, Missing> {
    if !works(COMPILER, &["--version"]) {
        return Err(Missing::Compiler(format!("NOT RUN: a C compiler named {COMPILER} is missing")));
    }
    let mut cargo = tool("cargo");
    cargo.current_dir(&repository.root).args(["build", "--package", PACKAGE]);
    step(repository, "building the C library", cargo, BUILD_LIMIT, verbose)?;
    let folder = repository.target.join("debug");
    let program = repository.target.join("x/exchange").with_extension(std::env::consts::EXE_EXTENSION);
    step(repository, "compiling exchange.c", compile(repository, &folder, &program), COMPILE_LIMIT, verbose)?;
    Ok(program)
}

/// The compiler's call. The program finds the library where it was built.
fn compile(repository: &Repository, folder: &Path, program: &Path) -> std::process::Command {
    let library =
        format!("{}GameNetworkingSockets{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let mut command = tool(COMPILER);
    command.current_dir(&repository.root).args(FLAGS).args(["-I", HEADERS, SOURCE, "-o"]).arg(program);
    command.arg(folder.join(library)).arg(format!("-Wl,-rpath,{}", folder.display()));
    command
}

fn step(
    repository: &Repository,
    label: &str,
    command: std::process::Command,
    limit: Duration,
    verbose: bool,
) -> Result<(), Missing> {
    let log = repository.target.join(format!("x/{}.log", label.replace(' ', "-")));
    let done = run_step(Step { label, command, log, limit, verbose });
    if done.success { Ok(()) } else { Err(Missing::Broken(format!("{label}: {}", done.explain()))) }
}
