//! The table of tasks, their options and the help text, all from one place.

use crate::repository::Repository;
use crate::{counts, dist, fuzz, godot, peers, program, sanitize, suites, tidy};
use std::fmt::Write as _;

/// One option of a task.
pub(crate) struct Flag {
    /// With its dashes: `--seconds`.
    pub(crate) name: &'static str,
    /// What follows it, if anything does: `N`.
    pub(crate) value: Option<&'static str>,
    /// One line for the help text.
    pub(crate) help: &'static str,
}

/// One task: `./x NAME`.
pub(crate) struct Task {
    /// The word after `./x`.
    pub(crate) name: &'static str,
    /// What other words it takes, for the help text.
    words: &'static str,
    /// One line for the help text.
    about: &'static str,
    /// Its options.
    pub(crate) flags: &'static [Flag],
    /// The `gamesockets` command that receives everything this task does not know.
    pub(crate) passes_on_to: Option<&'static str>,
    /// `Ok(false)`: it ran and something is wrong. `Err`: it could not run.
    run: fn(&Repository, &Args) -> Result<bool, String>,
}

/// What stands behind the task's name, checked against its table of options.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Args {
    /// The words that are not options.
    pub(crate) words: Vec<String>,
    flags: Vec<(String, Option<String>)>,
}

const VERBOSE: Flag = Flag { name: "--verbose", value: None, help: "show the output of every step" };

/// Every task, in the order of the help text.
pub(crate) const TASKS: &[Task] = &[
    Task {
        name: "demo",
        words: "[…]",
        about: "build and run the main demo (`gamesockets demo`)",
        flags: &[],
        passes_on_to: Some("demo"),
        run: |repository, args| program::run(repository, "demo", &args.words, program::Profile::Debug),
    },
    Task {
        name: "test",
        words: "[SUITE…]",
        about: "run the test suites named, or all of them",
        flags: &[
            Flag { name: "--list", value: None, help: "name the suites and stop" },
            Flag { name: "--seconds", value: Some("N"), help: "length of the soak in suite sim (60)" },
            VERBOSE,
        ],
        passes_on_to: None,
        run: suites::run,
    },
    Task {
        name: "bench",
        words: "[…]",
        about: "measure speed, optimised (`gamesockets bench`)",
        flags: &[Flag {
            name: peers::FLAG,
            value: None,
            help: "beside other libraries instead; with --help: the options of that",
        }],
        passes_on_to: Some("bench"),
        run: |repository, args| match peers::asked_for(&args.words) {
            Some(words) => peers::run(repository, &words),
            None => program::run(repository, "bench", &args.words, program::Profile::Release),
        },
    },
    Task {
        name: "counts",
        words: "",
        about: "count the instructions of fixed pieces of work, beside those on record",
        flags: &[Flag { name: "--update", value: None, help: "make the counts the new record" }, VERBOSE],
        passes_on_to: None,
        run: counts::command,
    },
    Task {
        name: "dist",
        words: "",
        about: "make a tarball of the C library, its header and its examples",
        flags: &[VERBOSE],
        passes_on_to: None,
        run: dist::command,
    },
    Task {
        name: "godot",
        words: "WHAT",
        about: "addon: pack it; arena, chat: play the example; open EXAMPLE: in the editor; pictures: draw them anew; rate: measure",
        flags: &[
            Flag {
                name: "--clients",
                value: Some("N"),
                help: "processes beside the server (arena 8, chat 2)",
            },
            Flag { name: "--seconds", value: Some("N"), help: "arena: length of the match (60)" },
            Flag { name: "--lag", value: Some("MS"), help: "arena: of what each process sends (50)" },
            Flag { name: "--loss", value: Some("PERCENT"), help: "arena: of what each process sends (5)" },
            Flag { name: "--windows", value: None, help: "with windows, for people" },
            Flag {
                name: "--alter",
                value: None,
                help: "arena: one process falsifies its state, which must show",
            },
            Flag { name: "--rounds", value: Some("N"), help: "rate: how often each row runs, in turn (7)" },
            Flag { name: "--ms", value: Some("N"), help: "rate: length of each run (250)" },
            Flag { name: "--window", value: Some("N"), help: "rate: messages on their way at most (2048)" },
            Flag { name: "--json", value: None, help: "rate: every figure, for programs" },
            VERBOSE,
        ],
        passes_on_to: None,
        run: godot::command,
    },
    Task {
        name: "fuzz",
        words: "[TARGET…]",
        about: "fuzz the targets named, or each of them in turn",
        flags: &[
            Flag { name: "--list", value: None, help: "name the targets and stop" },
            Flag { name: "--seconds", value: Some("N"), help: "time for each target (10)" },
        ],
        passes_on_to: None,
        run: fuzz::run,
    },
    Task {
        name: "sanitize",
        words: "[threads] [miri]",
        about: "test the C interface under ThreadSanitizer and Miri, with a nightly compiler",
        flags: &[VERBOSE],
        passes_on_to: None,
        run: sanitize::run,
    },
    Task {
        name: "tidy",
        words: "[CHECK…]",
        about: "check the house rules: sizes, directions, purity, text",
        flags: &[
            Flag { name: "--list", value: None, help: "name the checks and stop" },
            Flag { name: "--soft", value: None, help: "also show what only deserves a look" },
        ],
        passes_on_to: None,
        run: tidy::command,
    },
];

/// Runs what the words ask for.
pub(crate) fn dispatch(words: &[String]) -> Result<bool, String> {
    let (name, rest) = match words.split_first() {
        None => return help(),
        Some((name, _)) if matches!(name.as_str(), "help" | "--help" | "-h") => return help(),
        Some((name, rest)) => (name, rest),
    };
    let task = find(name).ok_or_else(|| format!("no task is named `{name}`; see `./x help`"))?;
    let for_another = task.passes_on_to.is_some() && task.names_a_flag_of_its_own(rest);
    if !for_another && rest.iter().any(|word| word == "--help" || word == "-h") {
        print!("{}", task.usage());
        return Ok(true);
    }
    let args = task.parse(rest)?;
    (task.run)(&Repository::find()?, &args)
}

/// The task of that name.
pub(crate) fn find(name: &str) -> Option<&'static Task> {
    TASKS.iter().find(|task| task.name == name)
}

fn help() -> Result<bool, String> {
    println!("Tasks of this repository:\n");
    for task in TASKS {
        println!("  {:<24}{}", format!("./x {} {}", task.name, task.words), task.about);
    }
    println!("\n`./x TASK --help` shows a task's options.");
    Ok(true)
}

impl Task {
    fn usage(&self) -> String {
        let mut text = format!("./x {} {}\n  {}\n", self.name, self.words, self.about);
        for flag in self.flags {
            let left = format!("{} {}", flag.name, flag.value.unwrap_or_default());
            let _ = writeln!(text, "  {left:<16}{}", flag.help);
        }
        if let Some(command) = self.passes_on_to {
            let _ = writeln!(text, "  Everything behind the name goes to `gamesockets {command}`.");
        }
        text
    }

    /// Whether one of the words is in the task's table of options.
    pub(crate) fn names_a_flag_of_its_own(&self, words: &[String]) -> bool {
        self.flags.iter().any(|flag| words.iter().any(|word| word == flag.name))
    }

    /// Splits the words into options and others; an option that the table lacks is an error.
    pub(crate) fn parse(&self, words: &[String]) -> Result<Args, String> {
        if self.passes_on_to.is_some() {
            return Ok(Args { words: words.to_vec(), flags: Vec::new() });
        }
        let mut args = Args::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            if !word.starts_with('-') {
                args.words.push(word.clone());
                continue;
            }
            let (name, inline) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (word.as_str(), None),
            };
            let flag = self.flags.iter().find(|flag| flag.name == name);
            let flag = flag.ok_or_else(|| format!("`./x {}` has no option {name}", self.name))?;
            let value = match (flag.value, inline) {
                (None, None) => None,
                (None, Some(_)) => return Err(format!("{name} takes no value")),
                (Some(_), Some(value)) => Some(value),
                (Some(what), None) => Some(
                    words.next().cloned().ok_or_else(|| format!("{name} needs a value: {name} {what}"))?,
                ),
            };
            args.flags.push((name.to_owned(), value));
        }
        Ok(args)
    }
}

impl Args {
    /// Whether the option was given.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.flags.iter().any(|(flag, _)| flag == name)
    }

    /// The number given with the option, or `default`.
    pub(crate) fn number(&self, name: &str, default: u64) -> Result<u64, String> {
        match self.flags.iter().rev().find(|(flag, _)| flag == name) {
            Some((_, Some(text))) => {
                text.parse().map_err(|_| format!("{name}: `{text}` is not a whole number"))
            }
            _ => Ok(default),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn options_and_words_are_told_apart() {
        let args = find("test").unwrap().parse(&words("unit --seconds 5 --verbose sim")).unwrap();
        assert_eq!(args.words, ["unit", "sim"]);
        assert!(args.has("--verbose"));
        assert!(!args.has("--list"));
        assert_eq!(args.number("--seconds", 60), Ok(5));
        assert_eq!(
            find("test").unwrap().parse(&words("--seconds=7")).unwrap().number("--seconds", 60),
            Ok(7)
        );
    }

    #[test]
    fn wrong_options_are_refused_with_their_name() {
        let test = find("test").unwrap();
        assert!(test.parse(&words("--fast")).unwrap_err().contains("--fast"));
        assert!(test.parse(&words("--seconds")).unwrap_err().contains("needs a value"));
        assert!(test.parse(&words("--list=yes")).unwrap_err().contains("takes no value"));
        assert!(
            test.parse(&words("--seconds x"))
                .unwrap()
                .number("--seconds", 1)
                .unwrap_err()
                .contains("whole number")
        );
    }

    #[test]
    fn a_task_that_passes_on_takes_everything() {
        assert_eq!(find("demo").unwrap().parse(&words("--any 1")).unwrap().words, ["--any", "1"]);
    }

    #[test]
    fn a_task_that_passes_on_knows_its_own_flags() {
        let bench = find("bench").unwrap();
        assert!(bench.names_a_flag_of_its_own(&words("--quick --peers")));
        assert!(!bench.names_a_flag_of_its_own(&words("--quick --json")));
    }

    #[test]
    fn every_task_has_a_help_text_that_names_its_options() {
        for task in TASKS {
            let usage = task.usage();
            assert!(task.flags.iter().all(|flag| usage.contains(flag.name)), "{usage}");
        }
    }
}
