//! Reading what `cargo test` prints.

use super::{Binary, skip_reason};

/// One test program while its lines are read.
#[derive(Default)]
struct Reader {
    binaries: Vec<Binary>,
    current: Option<Current>,
}

#[derive(Default)]
struct Current {
    binary: Binary,
    /// Tests announced and not yet summed up: the program died if any are left.
    announced: usize,
    /// The test whose output is being read, and that output.
    printed: Option<(String, String)>,
    outputs: Vec<(String, String)>,
    failed_names: Vec<String>,
}

/// The test programs in the output of `cargo test … -- --show-output`.
pub(super) fn read(output: &str) -> Vec<Binary> {
    let mut reader = Reader::default();
    output.lines().for_each(|line| reader.line(line));
    reader.finish();
    reader.binaries
}

impl Reader {
    fn line(&mut self, line: &str) {
        if let Some(name) = heading(line) {
            self.finish();
            self.current =
                Some(Current { binary: Binary { name, ..Binary::default() }, ..Current::default() });
        } else if let Some(current) = &mut self.current {
            current.line(line);
        }
    }

    fn finish(&mut self) {
        if let Some(current) = self.current.take() {
            self.binaries.push(current.finish());
        }
    }
}

impl Current {
    fn line(&mut self, line: &str) {
        if let Some(name) = line.strip_prefix("---- ").and_then(|rest| rest.strip_suffix(" stdout ----")) {
            self.close_output();
            self.printed = Some((name.to_owned(), String::new()));
        } else if matches!(line, "successes:" | "failures:") {
            self.close_output();
        } else if let Some(rest) = line.strip_prefix("test result: ") {
            self.close_output();
            self.sum(rest);
        } else if let Some((_, text)) = &mut self.printed {
            text.push_str(line);
            text.push('\n');
        } else if let Some(count) = line.strip_prefix("running ").and_then(|rest| rest.split(' ').next()) {
            self.announced += count.parse::<usize>().unwrap_or(0);
        } else if let Some((name, result)) =
            line.strip_prefix("test ").and_then(|rest| rest.rsplit_once(" ... "))
        {
            self.result(name, result);
        }
    }

    fn result(&mut self, name: &str, result: &str) {
        let name = name.strip_suffix(" - should panic").unwrap_or(name);
        if result.starts_with("FAILED") {
            self.failed_names.push(name.to_owned());
        } else if let Some(why) = result.strip_prefix("ignored") {
            let why = why.trim_start_matches([',', ' ']);
            let why = if why.is_empty() { "marked as ignored" } else { why };
            self.binary.skips.push((name.to_owned(), why.to_owned()));
        }
    }

    /// `ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s`
    fn sum(&mut self, rest: &str) {
        let count = |what: &str| {
            rest.split([';', '.'])
                .map(str::trim)
                .find_map(|part| part.strip_suffix(what)?.trim().parse().ok())
                .unwrap_or(0)
        };
        let counts = &mut self.binary.counts;
        counts.passed += count("passed");
        counts.failed += count("failed");
        counts.skipped += count("ignored");
        self.announced = 0;
    }

    fn close_output(&mut self) {
        self.outputs.extend(self.printed.take());
    }

    fn finish(mut self) -> Binary {
        self.close_output();
        let binary = &mut self.binary;
        if self.announced > 0 {
            binary.counts.failed += 1;
            binary
                .failures
                .push((binary.name.clone(), "the test program ended before its tests did".to_owned()));
        }
        for name in self.failed_names {
            let output = self.outputs.iter().find(|(test, _)| *test == name);
            binary
                .failures
                .push((name, output.map(|(_, text)| text.trim_end().to_owned()).unwrap_or_default()));
        }
        for (name, text) in &self.outputs {
            if binary.failures.iter().any(|(failed, _)| failed == name) || binary.counts.passed == 0 {
                continue;
            }
            if let Some(why) = skip_reason(text) {
                binary.counts.passed -= 1;
                binary.counts.skipped += 1;
                binary.skips.push((name.clone(), why));
            }
        }
        self.binary
    }
}

/// The name of a test program, when the line announces one.
fn heading(line: &str) -> Option<String> {
    let line = line.trim_start();
    if let Some(name) = line.strip_prefix("Doc-tests ") {
        return Some(format!("{name} (documentation)"));
    }
    let rest = line.strip_prefix("Running ")?;
    let (what, program) = rest.strip_suffix(')')?.rsplit_once(" (")?;
    // `target/debug/deps/gamesockets_wire-0123456789abcdef`: the name without folder and hash.
    let file = program.rsplit(['/', '\\']).next()?;
    let name = file.rsplit_once('-').map_or(file, |(name, _)| name);
    let what = what.strip_prefix("unittests ").unwrap_or(what);
    Some(if what == "src/lib.rs" { name.to_owned() } else { format!("{name} ({what})") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Counts;

    const SAMPLE: &str = "\
   Compiling a v0.1.0
     Running unittests src/lib.rs (target/debug/deps/game_wire-0123456789abcdef)

running 4 tests
test reader::reads ... ok
test reader::fails ... FAILED
test reader::waits ... ignored, needs a server
test peer ... ok

successes:

---- peer stdout ----
skipped: GAMESOCKETS_GNS_LIB is not set


successes:
    peer
    reader::reads

failures:

---- reader::fails stdout ----

thread 'reader::fails' panicked at src/lib.rs:3:5:
boom

failures:
    reader::fails

test result: FAILED. 2 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s

     Running tests/pair.rs (target/debug/deps/pair-0123456789abcdef)

running 2 tests
test one ... ok
   Doc-tests game_wire

running 1 test
test crates/wire/src/lib.rs - (line 3) ... ok

test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.20s
";

    #[test]
    fn counts_skips_and_failures_are_read() {
        let binaries = read(SAMPLE);
        assert_eq!(binaries.len(), 3);
        assert_eq!(binaries[0].name, "game_wire");
        assert_eq!(binaries[0].counts, Counts { passed: 1, failed: 1, skipped: 2 });
        assert_eq!(binaries[0].skips[0], ("reader::waits".into(), "needs a server".into()));
        assert_eq!(binaries[0].skips[1], ("peer".into(), "GAMESOCKETS_GNS_LIB is not set".into()));
        assert_eq!(binaries[0].failures[0].0, "reader::fails");
        assert!(binaries[0].failures[0].1.contains("boom"));
    }

    #[test]
    fn a_program_that_died_is_a_failure() {
        let binaries = read(SAMPLE);
        assert_eq!(binaries[1].name, "pair (tests/pair.rs)");
        assert_eq!(binaries[1].counts.failed, 1);
    }

    #[test]
    fn documentation_tests_have_their_own_line() {
        let binaries = read(SAMPLE);
        assert_eq!(binaries[2].name, "game_wire (documentation)");
        assert_eq!(binaries[2].counts.passed, 1);
    }
}
