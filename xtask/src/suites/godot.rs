//! The Godot extension: its crate's lints, tests and documentation, and GDScript suites in a real
//! engine.
//!
//! A script counts only when the engine ended by itself with status 0, said no more errors than the
//! script announces, and printed the script's own result as the last word.

use super::{Ask, GODOT};
use crate::engine::Engine;
use crate::godot::exchange::{self, Missing};
use crate::process::{Done, Step, run as run_step, tool};
use crate::report::Report;
use crate::testrun::{self, Selection};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

/// A cold build compiles the bindings of the whole engine.
const BUILD_LIMIT: Duration = Duration::from_secs(1800);
/// A script that says nothing else is stopped after this time.
const SCRIPT_LIMIT: Duration = Duration::from_secs(60);
/// How many engines run at once.
const AT_ONCE: usize = 3;
/// Where the scripts are, and what their names begin with.
const SCRIPTS: &str = "godot/tests";
const PREFIX: &str = "test_";
/// The singleton's name, and the one that it also answers to.
const NAME: &str = "NetworkingSockets";
const OTHER_NAME: &str = "Steam";
/// What a script prints when it is through.
const RESULT: &str = "RESULT ";
/// Lines of the engine that are errors, or follow from one.
const ERRORS: &[&str] = &["ERROR:", "SCRIPT ERROR:", "USER ERROR:", "USER SCRIPT ERROR:"];
/// Words that no run may print, not even with an error that the script announces.
const NEVER: &[&str] =
    &["panicked", "[panic ", "godot-rust function call failed", "handle_crash", "Parse Error", "leaked"];

/// One script under one name of the singleton.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Case {
    /// For the report: `api (Steam)`.
    label: String,
    /// The script's file name.
    script: String,
    /// The name that the script calls the singleton by.
    name: &'static str,
    /// Lines for the project's settings.
    settings: Vec<(String, String)>,
    /// It talks to the program in C.
    needs_exchange: bool,
    limit: Duration,
}

pub(super) fn run(ask: &Ask<'_>) -> Report {
    let mut report = Report::default();
    let clippy = ["clippy", "--package", GODOT, "--all-targets", "--all-features", "--", "-D", "warnings"];
    cargo(ask, "clippy (godot)", &clippy, &mut report);
    report.absorb(testrun::run(
        ask.repository,
        &Selection {
            label: "godot: without an engine".to_owned(),
            packages: vec![GODOT.to_owned()],
            plain: true,
            verbose: ask.verbose,
            ..Selection::default()
        },
    ));
    cargo(
        ask,
        "cargo doc (godot)",
        &["doc", "--package", GODOT, "--no-deps", "--document-private-items"],
        &mut report,
    );
    if !cargo(ask, "building the extension", &["build", "--package", GODOT], &mut report) {
        return report;
    }
    match Engine::provide(ask.verbose) {
        Ok(engine) => {
            scripts(ask, &engine, &mut report);
            crate::godot::check(ask.repository, &engine, ask.verbose, &mut report);
        }
        Err(why) => report.skip("GDScript", &format!("engine tests NOT RUN: {why}")),
    }
    report
}

fn cargo(ask: &Ask<'_>, label: &str, words: &[&str], report: &mut Report) -> bool {
    let mut command = tool("cargo");
    command.current_dir(&ask.repository.root).args(words);
    command.env("CARGO_TERM_COLOR", "never").env("RUSTDOCFLAGS", "-D warnings");
    let log = ask.repository.target.join(format!("x/godot-{}.log", words[0]));
    let done = run_step(Step { label, command, log, limit: BUILD_LIMIT, verbose: ask.verbose });
    report.step(label, &done);
    done.success
}

/// Runs all scripts, a few at a time.
fn scripts(ask: &Ask<'_>, engine: &Engine, report: &mut Report) {
    let mut cases = match cases(&ask.repository.root.join(SCRIPTS)) {
        Ok(cases) => cases,
        Err(why) => return report.fail("GDScript", why, 0.0),
    };
    let program = provide_exchange(ask, &mut cases, report);
    let waiting = Mutex::new(cases.iter().enumerate());
    let done = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let next = waiting.lock().ok().and_then(|mut cases| cases.next());
                    let Some((at, case)) = next else { break };
                    let result = run_case(ask, engine, case, program.as_deref());
                    if let Ok(mut done) = done.lock() {
                        done.push((at, result));
                    }
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_default();
    done.sort_by_key(|(at, _)| *at);
    for ((_, result), case) in done.into_iter().zip(&cases) {
        match result {
            Ok(seconds) => report.pass(&case.label, seconds),
            Err((why, seconds)) => report.fail(&case.label, why, seconds),
        }
    }
}

/// The program in C, if one of the cases needs it. Without it these cases go, and the report says why.
fn provide_exchange(ask: &Ask<'_>, cases: &mut Vec<Case>, report: &mut Report) -> Option<PathBuf> {
    if !cases.iter().any(|case| case.needs_exchange) {
        return None;
    }
    let missing = match exchange::provide(ask.repository, ask.verbose) {
        Ok(program) => return Some(program),
        Err(missing) => missing,
    };
    for case in cases.extract_if(.., |case| case.needs_exchange) {
        match &missing {
            Missing::Compiler(why) => report.skip(&case.label, why),
            Missing::Broken(why) => report.fail(&case.label, why.clone(), 0.0),
        }
    }
    None
}

/// The scripts in the folder, each under every name that it asks for.
fn cases(folder: &Path) -> Result<Vec<Case>, String> {
    let entries = std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut names: Vec<String> =
        entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.retain(|name| name.starts_with(PREFIX) && name.ends_with(".gd"));
    names.sort();
    let mut cases = Vec::new();
    for script in names {
        let text =
            std::fs::read_to_string(folder.join(&script)).map_err(|error| format!("{script}: {error}"))?;
        cases.extend(read_case(&script, &text)?);
    }
    if cases.is_empty() { Err(format!("no {PREFIX}*.gd in {}", folder.display())) } else { Ok(cases) }
}

/// What the comments at the head of a script ask for: `# names:`, `# setting:`, `# needs: exchange`, `# limit:`.
fn read_case(script: &str, text: &str) -> Result<Vec<Case>, String> {
    let mut names = vec![NAME, OTHER_NAME];
    let mut settings = Vec::new();
    let mut needs_exchange = false;
    let mut limit = SCRIPT_LIMIT;
    for line in text.lines().take_while(|line| line.starts_with('#') || line.is_empty()) {
        let Some((word, value)) = line.trim_start_matches('#').trim().split_once(':') else { continue };
        let value = value.trim();
        match word {
            "names" => names.retain(|name| value.split(',').any(|wanted| wanted.trim() == *name)),
            "setting" => {
                let (key, value) =
                    value.split_once('=').ok_or_else(|| format!("{script}: `{line}` has no `=`"))?;
                settings.push((key.trim().to_owned(), value.trim().to_owned()));
            }
            "needs" if value == "exchange" => needs_exchange = true,
            "needs" => return Err(format!("{script}: `{line}`: only the program `exchange` is there")),
            "limit" => {
                limit = Duration::from_secs(value.parse().map_err(|_| format!("{script}: `{line}`"))?);
            }
            _ => {}
        }
    }
    let short = script.trim_start_matches(PREFIX).trim_end_matches(".gd");
    let case = |name: &&'static str| {
        let mut settings = settings.clone();
        if *name == OTHER_NAME {
            settings.push(("gamesockets/register_as_steam".to_owned(), "true".to_owned()));
        }
        let label = format!("{short} ({name})");
        Case { label, script: script.to_owned(), name, settings, needs_exchange, limit }
    };
    Ok(names.iter().map(case).collect())
}

/// Runs one script in a project of its own.
fn run_case(
    ask: &Ask<'_>,
    engine: &Engine,
    case: &Case,
    program: Option<&Path>,
) -> Result<f64, (String, f64)> {
    let folder = ask.repository.target.join("x/godot").join(format!("{}-{}", case.script, case.name));
    let project =
        prepare(ask, &folder, case).map_err(|error| (format!("preparing the project: {error}"), 0.0))?;
    let mut command = engine.command(&folder.join("home"));
    command
        .args(["--headless", "--path"])
        .arg(&project)
        .arg("--script")
        .arg(format!("res://{}", case.script));
    command.envs(program.map(|program| (exchange::VARIABLE, program)));
    let log = folder.join("output.log");
    let done = run_step(Step { label: &case.label, command, log, limit: case.limit, verbose: ask.verbose });
    judge(&done).map(|()| done.seconds).map_err(|why| (why, done.seconds))
}

/// A project that holds all scripts, the extension and the case's settings.
fn prepare(ask: &Ask<'_>, folder: &Path, case: &Case) -> std::io::Result<PathBuf> {
    let project = folder.join("project");
    let _ = std::fs::remove_dir_all(folder);
    std::fs::create_dir_all(project.join(".godot"))?;
    std::fs::create_dir_all(folder.join("home"))?;
    let root = &ask.repository.root;
    for entry in std::fs::read_dir(root.join(SCRIPTS))? {
        let path = entry?.path();
        let Some(name) = path.file_name() else { continue };
        if !path.is_file() {
            continue;
        }
        if name == "project.godot" {
            let text = std::fs::read_to_string(&path)?;
            std::fs::write(project.join(name), with_settings(&text, &case.settings))?;
        } else if path.extension().is_some_and(|ending| ending == "gd") && case.name != NAME {
            std::fs::write(project.join(name), renamed(&std::fs::read_to_string(&path)?, case.name))?;
        } else {
            std::fs::copy(&path, project.join(name))?;
        }
    }
    std::fs::copy(root.join("testdata/godot/seed-api.json"), project.join("seed-api.json"))?;
    let library =
        format!("{}gamesockets_godot{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    std::fs::copy(ask.repository.target.join("debug").join(&library), project.join(&library))?;
    std::fs::write(project.join(".godot/extension_list.cfg"), "res://tests.gdextension\n")?;
    Ok(project)
}

/// The project's settings and those of the case. A setting's name is `section/key`.
fn with_settings(text: &str, settings: &[(String, String)]) -> String {
    let mut text = text.to_owned();
    for (name, value) in settings {
        let (section, key) = name.split_once('/').unwrap_or(("application", name));
        text.push_str(&format!("\n[{section}]\n\n{key}={value}\n"));
    }
    text
}

/// The script with another name for the singleton. Longer names that begin the same way stay.
fn renamed(text: &str, name: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    while let Some(at) = rest.find(NAME) {
        let (before, after) = (&rest[..at], &rest[at + NAME.len()..]);
        let alone = !before.ends_with(is_word) && !after.starts_with(is_word);
        out.push_str(before);
        out.push_str(if alone { name } else { NAME });
        rest = after;
    }
    out + rest
}

/// Whether a run counts; if not, why.
fn judge(done: &Done) -> Result<(), String> {
    if !done.success {
        return Err(done.explain());
    }
    let wrong = |why: String| Err(format!("{why}\n{}", done.explain()));
    if let Some(word) = NEVER.iter().find(|word| done.output.contains(**word)) {
        return wrong(format!("the output holds `{word}`"));
    }
    let last = done.output.lines().rev().find(|line| !line.trim().is_empty());
    let Some(result) = last.and_then(|line| line.strip_prefix(RESULT)) else {
        return wrong("the last line is not the script's result".to_owned());
    };
    let number = |name: &str| {
        result.split_whitespace().find_map(|word| word.strip_prefix(name)?.parse::<usize>().ok())
    };
    if number("fails=") != Some(0) || number("checks=").unwrap_or(0) == 0 {
        return wrong(format!("the script says: {result}"));
    }
    let errors = done.output.lines().filter(|line| ERRORS.iter().any(|mark| line.starts_with(mark))).count();
    let announced = number("errors=").unwrap_or(0);
    if errors != announced {
        return wrong(format!("{errors} error lines, {announced} announced by the script"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(output: &str) -> Done {
        Done::for_tests(true, output)
    }

    #[test]
    fn a_run_counts_only_with_its_result() {
        assert_eq!(judge(&done("x\nRESULT fails=0 checks=3\n")), Ok(()));
        for bad in [
            "",
            "RESULT fails=1 checks=3\n",
            "RESULT fails=0 checks=0\n",
            "RESULT fails=0\n",
            "RESULT fails=0 checks=3\nmore\n",
            "ERROR: x\nRESULT fails=0 checks=3\n",
            "SCRIPT ERROR: x\nRESULT fails=0 checks=3\n",
            "thread panicked at\nRESULT fails=0 checks=3\n",
            "ERROR: [panic x.rs:1]\nRESULT fails=0 checks=3 errors=1\n",
            "ERROR: godot-rust function call failed: x\nRESULT fails=0 checks=3 errors=1\n",
            "RESULT fails=0 checks=3 errors=1\n",
        ] {
            assert!(judge(&done(bad)).is_err(), "{bad}");
        }
        assert_eq!(judge(&done("ERROR: x\n   at: y\nRESULT fails=0 checks=3 errors=1\n")), Ok(()));
        assert!(judge(&Done::for_tests(false, "RESULT fails=0 checks=3\n")).is_err());
    }

    #[test]
    fn only_the_whole_name_changes() {
        let text = "NetworkingSockets.a(NetworkingSocketsContext.new(), xNetworkingSockets)";
        assert_eq!(renamed(text, "Steam"), "Steam.a(NetworkingSocketsContext.new(), xNetworkingSockets)");
    }

    #[test]
    fn a_script_says_how_it_wants_to_run() {
        let text = "# About.\n# names: Steam\n# setting: gamesockets/a=false\n# needs: exchange\n# limit: 90\nextends X\n# limit: 1\n";
        let cases = read_case("test_x.gd", text).unwrap();
        assert_eq!(cases.len(), 1);
        assert!(cases[0].needs_exchange);
        assert!(read_case("test_x.gd", "# needs: luck\n").is_err());
        assert!(!read_case("test_x.gd", "extends X\n").unwrap()[0].needs_exchange);
        assert_eq!(cases[0].label, "x (Steam)");
        assert_eq!(cases[0].limit, Duration::from_secs(90));
        let settings = with_settings("[a]\n", &cases[0].settings);
        assert!(settings.contains("[gamesockets]\n\na=false\n"), "{settings}");
        assert!(settings.contains("register_as_steam=true"), "{settings}");
        assert_eq!(read_case("test_x.gd", "extends X\n").unwrap().len(), 2);
    }
}
