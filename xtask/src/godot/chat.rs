//! `./x godot chat`: a room and its members with one command.

use super::match_run::free_port;
use super::{Profile, Project, build};
use crate::commands::Args;
use crate::engine::Engine;
use crate::process::{Done, Step, run as run_step};
use crate::repository::Repository;
use std::time::Duration;

/// A conversation without people takes seconds.
const LIMIT: Duration = Duration::from_secs(90);
/// With people there is no hurry.
const LIMIT_WITH_PEOPLE: Duration = Duration::from_secs(24 * 3600);
/// Where the script says which functions answer with an error line for now.
const TOUR: &str = "godot/examples/chat/tour.gd";
/// Names of members; the first is the host.
const NAMES: &[&str] = &["ann", "bob", "cyd", "dan", "eve", "fay", "guy", "hal"];

/// A conversation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chat {
    pub(super) members: usize,
    /// People instead of lines that are said by themselves.
    pub(super) windows: bool,
}

pub(super) fn command(repository: &Repository, args: &Args) -> Result<bool, String> {
    let verbose = args.has("--verbose");
    let members = usize::try_from(args.number("--clients", 2)?).unwrap_or(usize::MAX).saturating_add(1);
    if members > NAMES.len() {
        return Err(format!("--clients: 0 to {}", NAMES.len() - 1));
    }
    let chat = Chat { members, windows: args.has("--windows") };
    let mut engine = Engine::provide(verbose)?;
    if chat.windows {
        engine = engine.with_display(verbose)?;
    }
    let library = build(repository, Profile::Debug, verbose)?;
    let project = Project::prepare(repository, &engine, "chat", &library, "command")?;
    match chat.talk(repository, &project, &engine, verbose) {
        Ok(said) => {
            println!("chat: {said}");
            Ok(true)
        }
        Err(why) => {
            println!("chat: {why}");
            Ok(false)
        }
    }
}

impl Chat {
    /// Has everybody talk; what the host said about it.
    pub(super) fn talk(
        self,
        repository: &Repository,
        project: &Project,
        engine: &Engine,
        verbose: bool,
    ) -> Result<String, String> {
        let port = free_port()?;
        let done: Vec<Done> = std::thread::scope(|scope| {
            let members: Vec<_> = NAMES[..self.members]
                .iter()
                .map(|name| scope.spawn(move || self.member(project, engine, name, port, verbose)))
                .collect();
            members.into_iter().filter_map(|member| member.join().ok()).collect()
        });
        if self.windows {
            return Ok("everybody has left".to_owned());
        }
        let text = std::fs::read_to_string(repository.root.join(TOUR));
        let later = later_in(&text.map_err(|error| format!("{TOUR}: {error}"))?);
        if done.len() != self.members {
            return Err(format!("{} of {} members", done.len(), self.members));
        }
        // The host alone calls them.
        let wrong = done
            .iter()
            .enumerate()
            .find_map(|(number, member)| wrong_with(member, if number == 0 { &later } else { &[] }));
        match wrong {
            Some(why) => Err(why),
            None => Ok(format!("{} members heard everything", self.members)),
        }
    }

    fn member(self, project: &Project, engine: &Engine, name: &str, port: u16, verbose: bool) -> Done {
        let mut command = project.engine(engine);
        if !self.windows {
            command.arg("--headless");
        }
        command.args(["--audio-driver", "Dummy", "--path"]).arg(&project.folder).arg("--");
        command.arg(format!("--name={name}")).arg(format!("--port={port}"));
        command.arg(if name == NAMES[0] { "--host" } else { "--join=127.0.0.1" });
        if !self.windows {
            command.arg(format!("--members={}", self.members));
            if name == NAMES[0] {
                command.arg("--tour");
            }
        }
        let log = project.base.join(format!("{name}.log"));
        let limit = if self.windows { LIMIT_WITH_PEOPLE } else { LIMIT };
        run_step(Step { label: &format!("chat: {name}"), command, log, limit, verbose })
    }
}

/// The functions of which one error line each is expected.
fn later_in(text: &str) -> Vec<String> {
    let list = text.split_once("const LATER").and_then(|(_, rest)| rest.split_once("]\n"));
    let names = list.map(|(list, _)| list.split('"').skip(1).step_by(2));
    names.into_iter().flatten().map(str::to_owned).collect()
}

/// What is wrong with a member's run, in which each of the functions told once that it cannot do anything yet.
fn wrong_with(done: &Done, later: &[String]) -> Option<String> {
    let errors: Vec<&str> = done.output.lines().filter(|line| line.contains("ERROR:")).collect();
    let of = |name: &String| {
        let begin = format!("ERROR: {name}: ");
        errors.iter().filter(|line| line.starts_with(&begin)).count()
    };
    if let Some(name) = later.iter().find(|name| of(name) != 1) {
        return Some(format!("{} error lines of {name}, not one\n{}", of(name), done.explain()));
    }
    if errors.len() != later.len() || done.output.contains("panicked at") {
        return Some(format!("{} error lines, {} expected\n{}", errors.len(), later.len(), done.explain()));
    }
    let result = done.output.lines().rev().find(|line| line.starts_with("RESULT "));
    let good = done.success && result.is_some_and(|line| line.starts_with("RESULT fails=0 checks="));
    (!good).then(|| done.explain())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_counts_with_its_result_and_only_expected_errors() {
        let later = later_in("x\nconst LATER: Array[String] = [\"connectP2P\",\n\t\"b\"]\nrest \"c\"]\n");
        assert_eq!(later, ["connectP2P", "b"]);
        let wrong = |text: &str, later: &[String]| wrong_with(&Done::for_tests(true, text), later).is_some();
        let good = "ERROR: connectP2P: no\nERROR: b: no\nRESULT fails=0 checks=5\n";
        assert!(!wrong(good, &later));
        assert!(!wrong("RESULT fails=0 checks=5\n", &[]));
        assert!(wrong(good, &[]), "errors of somebody who calls none of them");
        for bad in [
            "RESULT fails=0 checks=5\n".to_owned(),
            good.replace("fails=0", "fails=1"),
            good.replace("RESULT", "X"),
            good.replace("ERROR: b", "ERROR: bX"),
            good.replace("ERROR: b", "USER ERROR: b"),
            format!("SCRIPT ERROR: x\n{good}"),
            format!("ERROR: b: no\n{good}"),
            format!("panicked at x\n{good}"),
        ] {
            assert!(wrong(&bad, &later), "{bad}");
        }
        assert!(wrong_with(&Done::for_tests(false, good), &later).is_some());
    }
}
