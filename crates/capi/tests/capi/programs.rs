//! Programs in C and C++, built and run here: as they are, with sanitizers, and under valgrind.

use crate::symbols::shared_library;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A program and how it is built.
pub(crate) struct Program {
    source: &'static str,
    compiler: &'static str,
    standard: &'static str,
}

const ECHO: Program = Program { source: "examples/c/echo.c", compiler: "cc", standard: "-std=c99" };
const PAIR: Program = Program { source: "examples/cpp/pair.cpp", compiler: "c++", standard: "-std=c++17" };
const TWICE: Program = Program { source: "tests/c/twice.c", compiler: "cc", standard: "-std=c99" };
/// See [`crate::talk`].
pub(crate) const TALK: Program = Program { source: "tests/c/talk.c", compiler: "cc", standard: "-std=c99" };
/// Pairs of connections in each of the two rounds, unless the variable says otherwise: valgrind takes its time.
const TWICE_PAIRS: &str = "200";
const PAIRS_VARIABLE: &str = "GAMESOCKETS_CAPI_PAIRS";

fn is_there(tool: &str) -> bool {
    Command::new(tool).arg("--version").output().is_ok_and(|output| output.status.success())
}

/// Whether a small program can be built with these.
fn builds(compiler: &str, flags: &[&str], folder: &Path) -> bool {
    let source = folder.join("probe.c");
    std::fs::write(&source, "int main(void) { return 0; }\n").unwrap();
    let mut command = Command::new(compiler);
    command.args(flags).arg("-o").arg(folder.join("probe")).arg("-x").arg("c").arg(&source);
    command.output().is_ok_and(|output| output.status.success())
}

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("c-{name}"));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn build(program: &Program, flags: &[&str], folder: &Path) -> PathBuf {
    let library = shared_library();
    let binary = folder.join("program");
    let output = Command::new(program.compiler)
        .args([program.standard, "-Wall", "-Wextra", "-Werror", "-pedantic", "-g", "-O1"])
        .args(flags)
        .arg("-I")
        .arg(root().join("include"))
        .arg(root().join(program.source))
        .arg("-o")
        .arg(&binary)
        .arg(&library)
        .arg(format!("-Wl,-rpath,{}", library.parent().unwrap().display()))
        .arg("-lpthread")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    binary
}

fn check(output: &Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}\n{out}\n{err}", output.status);
    format!("{out}{err}")
}

/// The program, built as it is, unless there is no compiler.
pub(crate) fn built(name: &str, program: &Program) -> Option<PathBuf> {
    let folder = folder(name);
    if !is_there(program.compiler) {
        println!("skipped: no {}", program.compiler);
        return None;
    }
    Some(build(program, &["-Wl,--enable-new-dtags"], &folder))
}

/// Builds the program and runs it, unless the machine lacks what that needs.
fn run(name: &str, program: &Program, flags: &[&str], under: &[&str], arguments: &[&str]) -> Option<String> {
    let folder = folder(name);
    if !is_there(program.compiler) || !builds(program.compiler, flags, &folder) {
        println!("skipped: no {} that builds with {flags:?}", program.compiler);
        return None;
    }
    if let Some(tool) = under.first().filter(|tool| !is_there(tool)) {
        println!("skipped: no {tool}");
        return None;
    }
    let binary = build(program, flags, &folder);
    let mut words = under.iter().map(std::ffi::OsStr::new).chain([binary.as_os_str()]);
    let mut command = Command::new(words.next().unwrap());
    command.args(words).args(arguments).env("ASAN_OPTIONS", "detect_leaks=1");
    Some(check(&command.output().unwrap()))
}

const SANITIZERS: &[&str] = &["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
const VALGRIND: &[&str] = &[
    "valgrind",
    "-q",
    "--error-exitcode=9",
    "--leak-check=full",
    "--show-leak-kinds=definite,indirect",
    "--errors-for-leak-kinds=definite,indirect",
];

#[test]
fn the_c_example_runs() {
    if let Some(said) = run("echo", &ECHO, &[], &[], &[]) {
        assert!(said.contains("the server said: hello"), "{said}");
    }
}

#[test]
fn the_cpp_example_runs() {
    if let Some(said) = run("pair", &PAIR, &[], &[], &[]) {
        assert_eq!(said.matches("message").count(), 11, "{said}");
    }
}

#[test]
fn the_examples_run_with_sanitizers() {
    run("echo-san", &ECHO, SANITIZERS, &[], &[]);
    run("pair-san", &PAIR, SANITIZERS, &[], &[]);
}

#[test]
fn the_examples_run_under_valgrind() {
    run("echo-grind", &ECHO, &[], VALGRIND, &[]);
    run("pair-grind", &PAIR, &[], VALGRIND, &[]);
}

#[test]
fn nothing_leaks_from_init_to_kill() {
    let pairs = std::env::var(PAIRS_VARIABLE).unwrap_or_else(|_| TWICE_PAIRS.to_owned());
    run("twice", &TWICE, &[], VALGRIND, &[&pairs]);
}
