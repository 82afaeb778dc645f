//! `./x godot arena`: a whole match with one command.

use super::match_run::Match;
use super::{Profile, Project, build};
use crate::commands::Args;
use crate::engine::Engine;
use crate::repository::Repository;

/// More would not fit onto the field.
const CLIENTS_MAX: u64 = 32;

/// Plays a match as the options say; true if all states agreed.
pub(super) fn command(repository: &Repository, args: &Args) -> Result<bool, String> {
    let verbose = args.has("--verbose");
    let usual = Match::default();
    let game = Match {
        clients: args.number("--clients", usual.clients)?,
        seconds: args.number("--seconds", usual.seconds)?,
        lag_ms: args.number("--lag", usual.lag_ms)?,
        loss_percent: args.number("--loss", usual.loss_percent)?,
        alter: args.has("--alter"),
        windows: args.has("--windows"),
        ..usual
    };
    if !(1..=CLIENTS_MAX).contains(&game.clients) {
        return Err(format!("--clients: 1 to {CLIENTS_MAX}"));
    }
    let mut engine = Engine::provide(verbose)?;
    if game.windows {
        engine = engine.with_display(verbose)?;
    }
    let library = build(repository, Profile::Debug, verbose)?;
    let project = Project::prepare(repository, &engine, "arena", &library, "command")?;
    match game.play(&project, &engine, verbose) {
        Ok(agreement) => {
            println!("arena: {} processes agree: {}", agreement.processes, agreement.said);
            Ok(true)
        }
        Err(why) => {
            println!("arena: {why}");
            Ok(false)
        }
    }
}
