//! What suite `godot` holds about the addon, the examples and the pages of the book.

use super::chat::Chat;
use super::match_run::Match;
use super::{Profile, Project, errors_in, library, pages, rate};
use crate::engine::Engine;
use crate::process::{Done, Step, run as run_step};
use crate::report::Report;
use crate::repository::Repository;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long the match of the suite lasts; the long one is `./x godot arena --seconds 60`.
const MATCH_SECONDS: u64 = 20;
/// Feeds the panel without a game.
const PANEL: &str = "godot/tests/addon/panel.gd";
const PANEL_LIMIT: Duration = Duration::from_secs(60);
/// Reads the editor's help.
const HELP: &str = "godot/tests/addon/help.gd";
const HELP_LIMIT: Duration = Duration::from_secs(180);
/// The interface as a table.
const API: &str = "testdata/godot/seed-api.json";
/// The page that lists all of it.
const PAGE: &str = "docs/book/src/godot-functions.md";
/// The scripts that use all of it.
const CHAT: &str = "godot/examples/chat";

/// Checks everything; the library is built already.
pub(crate) fn check(repository: &Repository, engine: &Engine, verbose: bool, report: &mut Report) {
    let about = Checks { repository, engine, verbose };
    about.row(report, "chat and page: every function", || every_function_is_used(repository));
    about.row(report, "chat: a room of three", || about.chat());
    about.row(report, "addon: the panel", || about.panel());
    about.row(report, "addon: the editor's help", || about.help());
    about.row(report, "pages: every block of GDScript", || pages::run(repository, engine, verbose));
    let label = format!("arena: 9 processes, {MATCH_SECONDS} s, 5 % loss, 50 ms each way");
    about.row(report, &label, || about.arena());
    about.row(report, "arena: one state altered is noticed", || about.altered());
    // The last: it leaves another build of the library behind.
    about.row(report, "rate: every row runs", || rate::check(repository, engine, verbose));
}

struct Checks<'a> {
    repository: &'a Repository,
    engine: &'a Engine,
    verbose: bool,
}

impl Checks<'_> {
    fn row(&self, report: &mut Report, label: &str, check: impl FnOnce() -> Result<(), String>) {
        let started = Instant::now();
        let outcome = check();
        let seconds = started.elapsed().as_secs_f64();
        match outcome {
            Ok(()) => report.pass(label, seconds),
            Err(why) => report.fail(label, why, seconds),
        }
    }

    fn project(&self, example: &str, purpose: &str) -> Result<Project, String> {
        let library = library(self.repository, Profile::Debug);
        Project::prepare(self.repository, self.engine, example, &library, purpose)
    }

    fn chat(&self) -> Result<(), String> {
        let project = self.project("chat", "suite")?;
        let chat = Chat { members: 3, windows: false };
        chat.talk(self.repository, &project, self.engine, self.verbose).map(drop)
    }

    fn panel(&self) -> Result<(), String> {
        let project = self.project("arena", "panel")?;
        let script = project.folder.join("check_panel.gd");
        std::fs::copy(self.repository.root.join(PANEL), script)
            .map_err(|error| format!("{PANEL}: {error}"))?;
        let mut command = project.engine(self.engine);
        command.args(["--headless", "--path"]).arg(&project.folder);
        command.args(["--script", "res://check_panel.gd"]);
        let log = project.base.join("panel.log");
        let verbose = self.verbose;
        told_well(&run_step(Step { label: "addon: the panel", command, log, limit: PANEL_LIMIT, verbose }))
    }

    /// Every member of every class is described in the editor.
    fn help(&self) -> Result<(), String> {
        let project = self.project("arena", "help")?;
        project.add_plugin(self.repository, HELP)?;
        let mut command = project.engine(self.engine);
        command.args(["--headless", "--editor", "--path"]).arg(&project.folder);
        let log = project.base.join("help.log");
        let verbose = self.verbose;
        let label = "addon: the editor's help";
        told_well(&run_step(Step { label, command, log, limit: HELP_LIMIT, verbose }))
    }

    fn arena(&self) -> Result<(), String> {
        let game = Match { seconds: MATCH_SECONDS, ..Match::default() };
        game.play(&self.project("arena", "suite")?, self.engine, self.verbose).map(drop)
    }

    /// The comparison of states can fail.
    fn altered(&self) -> Result<(), String> {
        let game = Match { clients: 2, seconds: 3, patience: 4, alter: true, ..Match::default() };
        match game.play(&self.project("arena", "altered")?, self.engine, self.verbose) {
            Ok(agreement) => Err(format!("nobody noticed: {}", agreement.said)),
            Err(why) if why.starts_with("client 1 differs: ") => Ok(()),
            Err(why) => Err(format!("it failed for another reason: {why}")),
        }
    }
}

/// A script of ours that ran without an error and says that nothing failed.
fn told_well(done: &Done) -> Result<(), String> {
    match errors_in(done) {
        None if done.output.contains("RESULT fails=0 checks=") => Ok(()),
        None => Err(done.explain()),
        Some(why) => Err(why),
    }
}

/// Every listed function, and those they lean on, is called in the scripts of the chat, and has a row on its page.
fn every_function_is_used(repository: &Repository) -> Result<(), String> {
    let read =
        |path: &Path| std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()));
    let api: serde_json::Value = serde_json::from_str(&read(&repository.root.join(API))?)
        .map_err(|error| format!("{API}: {error}"))?;
    let mut text = String::new();
    let folder = std::fs::read_dir(repository.root.join(CHAT)).map_err(|error| format!("{CHAT}: {error}"))?;
    for path in folder.filter_map(|entry| Some(entry.ok()?.path())) {
        if path.extension().is_some_and(|ending| ending == "gd") {
            text.push_str(&read(&path)?);
        }
    }
    let functions = api["functions"].as_array().cloned().unwrap_or_default();
    let ours: Vec<&str> = functions
        .iter()
        .filter(|function| function["where"] != "backend")
        .filter_map(|function| function["name"].as_str())
        .collect();
    let page = read(&repository.root.join(PAGE))?;
    if let Some(name) = ours.iter().find(|name| !page.contains(&format!("| `{name}` |"))) {
        return Err(format!("{PAGE} has no row for {name}"));
    }
    if ours.len() < 47 {
        return Err(format!("{API} lists {} functions, 42 and 5 were expected", ours.len()));
    }
    let missing: Vec<&str> =
        ours.into_iter().filter(|name| !text.contains(&format!("NetworkingSockets.{name}("))).collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("{CHAT} never calls {}", missing.join(", "))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chat_calls_everything() {
        assert_eq!(every_function_is_used(&Repository::find().unwrap()), Ok(()));
    }
}
