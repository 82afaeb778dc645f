//! Commands in the documents exist, with the options they are shown with.
//!
//! Looked at: lines of `sh` and `console` blocks, and code spans that begin with `./x ` or
//! `gamesockets `. Our own tasks are checked against their table, the command against its `--help`.

use super::Complaint;
use super::markdown::Page;
use crate::commands::{self, Task};
use crate::suites;

/// The help texts of the `gamesockets` command.
pub(crate) trait Gamesockets {
    /// What `gamesockets words… --help` prints; `None` when there is no such command.
    fn help(&mut self, words: &[String]) -> Option<String>;
}

/// Checks every command of every page.
pub(super) fn check(pages: &[Page], gamesockets: &mut dyn Gamesockets) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for page in pages {
        for (line, text) in commands_of(page) {
            for words in split(&text) {
                if let Err(why) = check_one(&words, gamesockets) {
                    complaints.push(format!("{}:{line}: `{}`: {why}", page.path, words.join(" ")));
                }
            }
        }
    }
    complaints
}

/// Lines that are commands, with continued lines joined.
fn commands_of(page: &Page) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = page
        .spans
        .iter()
        .filter(|(_, span)| span.starts_with("./x ") || span.starts_with("gamesockets "))
        .cloned()
        .collect();
    for block in page.blocks.iter().filter(|block| matches!(block.language.as_str(), "sh" | "console")) {
        let mut continued = false;
        for (line, text) in &block.lines {
            let text = text.trim();
            let prompt = text.strip_prefix("$ ");
            if block.language == "console" && prompt.is_none() && !continued {
                continue;
            }
            let text = prompt.unwrap_or(text);
            let body = text.strip_suffix('\\').unwrap_or(text);
            match found.last_mut().filter(|_| continued) {
                Some((_, command)) => {
                    command.push(' ');
                    command.push_str(body);
                }
                None => found.push((*line, body.to_owned())),
            }
            continued = text.ends_with('\\');
        }
    }
    found
}

/// The commands of a line: comments and assignments are left out, pipes and lists are cut.
fn split(text: &str) -> Vec<Vec<String>> {
    let mut commands = vec![Vec::new()];
    for word in text.split_whitespace() {
        if word.starts_with('#') {
            break;
        }
        if matches!(word, "|" | "&&" | "||" | ";" | "&") {
            commands.push(Vec::new());
            continue;
        }
        let Some(command) = commands.last_mut() else { break };
        let assignment = word.split_once('=').is_some_and(|(name, _)| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c == '_' || c.is_ascii_digit())
        });
        if !(command.is_empty() && assignment) {
            command.push(word.trim_end_matches(';').to_owned());
        }
        if word.ends_with(';') {
            commands.push(Vec::new());
        }
    }
    commands.retain(|command| !command.is_empty());
    commands
}

fn check_one(words: &[String], gamesockets: &mut dyn Gamesockets) -> Result<(), String> {
    match words {
        [x, rest @ ..] if x == "./x" => check_task(rest, gamesockets),
        [cargo, xtask, rest @ ..] if cargo == "cargo" && xtask == "xtask" => check_task(rest, gamesockets),
        [program, rest @ ..] if program == "gamesockets" || program.ends_with("/gamesockets") => {
            check_program(rest, gamesockets)
        }
        _ => Ok(()),
    }
}

fn check_task(words: &[String], gamesockets: &mut dyn Gamesockets) -> Result<(), String> {
    let Some((name, rest)) = words.split_first() else { return Ok(()) };
    if is_placeholder(name) || name == "help" || name == "--help" {
        return Ok(());
    }
    let task: &Task = commands::find(name).ok_or("no such task")?;
    if let Some(command) = task.passes_on_to {
        if task.names_a_flag_of_its_own(rest) {
            // The rest goes to a program that is not built for this.
            return Ok(());
        }
        let mut passed = vec![command.to_owned()];
        passed.extend_from_slice(rest);
        return check_program(&passed, gamesockets);
    }
    let rest: Vec<String> =
        rest.iter().filter(|word| !is_placeholder(word) && *word != "--help").cloned().collect();
    let args = task.parse(&rest)?;
    let unknown = args.words.iter().find(|word| task.name == "test" && suites::find(word).is_none());
    unknown.map_or(Ok(()), |word| Err(format!("no suite is named {word}")))
}

fn check_program(words: &[String], gamesockets: &mut dyn Gamesockets) -> Result<(), String> {
    let mut path: Vec<String> = Vec::new();
    let mut help = gamesockets.help(&path).ok_or("the command has no help text")?;
    for word in words {
        // `help` is there wherever there are commands, but has no help of its own.
        if word.starts_with('-') || word == "help" || is_placeholder(word) || !has_commands(&help) {
            break;
        }
        path.push(word.clone());
        help = gamesockets.help(&path).ok_or_else(|| format!("no command is named {word}"))?;
    }
    for word in words.iter().skip(path.len()).filter(|word| word.starts_with('-') && word.len() > 1) {
        let flag = word.split_once('=').map_or(word.as_str(), |(flag, _)| flag);
        let negative_number = flag[1..].starts_with(|c: char| c.is_ascii_digit());
        if !negative_number && flag != "--" && !knows(&help, flag) {
            return Err(format!("no option is named {flag}"));
        }
    }
    Ok(())
}

/// Whether the help text lists commands below this one.
fn has_commands(help: &str) -> bool {
    help.lines().any(|line| line.trim() == "Commands:")
}

/// Whether the help text describes the option.
fn knows(help: &str, flag: &str) -> bool {
    let ends = |c: char| c.is_whitespace() || matches!(c, ',' | '=' | '[');
    help.lines()
        .map(str::trim_start)
        .filter(|line| line.starts_with('-'))
        .any(|line| line.split(ends).any(|word| word == flag))
}

/// `[SUITE…]`, `NAME`, `<file>`, `…`: stands for something, is nothing.
fn is_placeholder(word: &str) -> bool {
    word.starts_with(['[', '<', '…'])
        || word.chars().all(|c| c.is_ascii_uppercase() || matches!(c, '_' | '…' | ']'))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Sample;

    impl Gamesockets for Sample {
        fn help(&mut self, words: &[String]) -> Option<String> {
            match words.join(" ").as_str() {
                "" => Some("Usage\n\nCommands:\n  demo  x\n  cert  y\n".into()),
                "demo" => Some("Options:\n  -l, --loss <PERCENT>\n      --json\n".into()),
                "cert" => Some("Commands:\n  new  z\n".into()),
                "cert new" => Some("Options:\n      --out <FILE>\n".into()),
                _ => None,
            }
        }
    }

    fn found(text: &str) -> Vec<Complaint> {
        check(&[Page::read("a.md", text)], &mut Sample)
    }

    #[test]
    fn good_commands_pass() {
        let text = "`./x test [SUITE…]` `./x test unit --verbose` `gamesockets demo --loss 5` `gamesockets help`\n```sh\n# a comment\n\
            X=1 ./x test interop && ./x tidy # more\n./x fuzz \\\n    --seconds 3\n./x demo --loss=5\ngamesockets cert new --out a -5\nls --all\n```\n\
            ```console\n$ ./x bench --help\n./x wrong output\n```\n";
        let complaints = found(text);
        assert_eq!(complaints.len(), 1, "{complaints:?}");
        assert!(complaints[0].contains("a.md:12") && complaints[0].contains("bench"), "{complaints:?}");
    }

    #[test]
    fn what_does_not_exist_is_caught() {
        for bad in [
            "`./x tests`",
            "`./x test units`",
            "`./x test --fast`",
            "`gamesockets demos`",
            "`gamesockets demo --lag 5`",
            "`gamesockets cert old`",
            "```sh\ncargo xtask nothing\n```",
        ] {
            assert_eq!(found(bad).len(), 1, "{bad}");
        }
    }
}
