//! Files, functions and crates stay small; the exceptions are listed by name.

use super::Finding;
use super::exceptions::{Limit, Size};
use super::scan::{Source, is_word};
use super::tree::{File, Tree};

/// Lines of a file before its tests.
const FILE_LINES_MAX: usize = 800;
/// A function beyond this deserves a look.
const FUNCTION_LINES_SOFT: usize = 70;
/// A function beyond this is an error.
const FUNCTION_LINES_MAX: usize = 120;
/// Lines of a crate's sources without tests.
const CRATE_LINES_MAX: usize = 8000;

/// A function and its length.
#[derive(Debug, PartialEq, Eq)]
struct Function {
    name: String,
    line: usize,
    lines: usize,
}

/// Lengths of files and of crates.
pub(super) fn files(tree: &Tree, exceptions: &[Size]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, source) in tree.rust().filter(|(file, _)| !file.all_test) {
        let lines = length(file, source);
        let exception = find(exceptions, Limit::File, &file.path, "");
        findings.extend(judge(exception, lines, FILE_LINES_MAX).map(|verdict| {
            Finding::new(&file.path, 0, format!("{lines} lines before its tests; {verdict}"))
        }));
    }
    for folder in tree.crate_folders() {
        let sources = format!("{folder}/src/");
        let of_crate = tree.rust().filter(|(file, _)| !file.all_test && file.path.starts_with(&sources));
        let lines: usize = of_crate.map(|(file, source)| length(file, source)).sum();
        let exception = find(exceptions, Limit::Crate, folder, "");
        findings.extend(judge(exception, lines, CRATE_LINES_MAX).map(|verdict| {
            Finding::new(&format!("{folder}/Cargo.toml"), 0, format!("{lines} lines in the crate; {verdict}"))
        }));
    }
    let known = |path: &str| tree.file(path).is_some() || tree.crate_folders().contains(&path);
    findings.extend(gone(exceptions, &[Limit::File, Limit::Crate], known));
    findings
}

/// Lengths of functions.
pub(super) fn functions(tree: &Tree, exceptions: &[Size]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, source) in tree.rust().filter(|(file, _)| !file.all_test) {
        for function in scan(source) {
            let Function { name, line, lines } = function;
            let exception = find(exceptions, Limit::Function, &file.path, &name);
            if let Some(verdict) = judge(exception, lines, FUNCTION_LINES_MAX) {
                findings.push(Finding::new(
                    &file.path,
                    line,
                    format!("`{name}` has {lines} lines; {verdict}"),
                ));
            } else if exception.is_none() && lines > FUNCTION_LINES_SOFT {
                let message =
                    format!("`{name}` has {lines} lines; over {FUNCTION_LINES_SOFT} deserves a look");
                findings.push(Finding::soft(&file.path, line, message));
            }
        }
    }
    findings.extend(gone(exceptions, &[Limit::Function], |path| tree.file(path).is_some()));
    findings
}

/// What is wrong with this length, if anything.
fn judge(exception: Option<&Size>, lines: usize, limit: usize) -> Option<String> {
    match exception {
        None if lines > limit => Some(format!(
            "the limit is {limit}: cut it along an idea, or list it in xtask/src/tidy/exceptions.rs"
        )),
        Some(exception) if lines > exception.lines_max => Some(format!(
            "its exception allows {} ({}): cut it, or raise it",
            exception.lines_max, exception.reason
        )),
        Some(_) if lines <= limit => {
            Some("it needs no exception any more: remove it from the list".to_owned())
        }
        _ => None,
    }
}

fn find<'a>(exceptions: &'a [Size], limit: Limit, path: &str, name: &str) -> Option<&'a Size> {
    exceptions.iter().find(|size| size.limit == limit && size.path == path && size.name == name)
}

/// Exceptions for what no longer exists.
fn gone(exceptions: &[Size], limits: &[Limit], known: impl Fn(&str) -> bool) -> Vec<Finding> {
    let of_interest = exceptions.iter().filter(|size| limits.contains(&size.limit));
    of_interest
        .filter(|size| !known(size.path))
        .map(|size| {
            Finding::new(
                size.path,
                0,
                "is gone but has an exception: remove it from xtask/src/tidy/exceptions.rs",
            )
        })
        .collect()
}

/// Lines that are not under `#[cfg(test)]`, without the empty ones that end the file.
fn length(file: &File, source: &Source) -> usize {
    let total = file.text.lines().count();
    source.product_lines().take_while(|(number, _)| *number <= total).count()
}

/// Every function outside test code that has a body.
fn scan(source: &Source) -> Vec<Function> {
    let mut found = Vec::new();
    for (number, line) in source.product_lines() {
        let mut from = 0;
        while let Some(at) = line.get(from..).and_then(|rest| super::scan::find_word(rest, "fn")) {
            from += at + 2;
            let name: String = line[from..].trim_start().chars().take_while(|c| is_word(*c)).collect();
            // Without a name it is the type of a function pointer.
            if let Some(end) = body_end(&source.code, number - 1, from).filter(|_| !name.is_empty()) {
                found.push(Function { name, line: number, lines: end + 2 - number });
            }
        }
    }
    found
}

/// The line (from 0) that closes the body of the function whose name stands at `from` in `line`;
/// `None` for a declaration without a body.
fn body_end(code: &[String], line: usize, from: usize) -> Option<usize> {
    let (mut braces, mut brackets) = (0_usize, 0_usize);
    for (at, text) in code.iter().enumerate().skip(line) {
        let text = if at == line { &text[from..] } else { text.as_str() };
        for c in text.chars() {
            match c {
                '(' | '[' => brackets += 1,
                ')' | ']' => brackets = brackets.saturating_sub(1),
                ';' if braces == 0 && brackets == 0 => return None,
                '{' => braces += 1,
                '}' if braces <= 1 => return Some(at),
                '}' => braces -= 1,
                _ => {}
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn long_function(name: &str, lines: usize) -> String {
        format!("//! x\nfn {name}(a: [u8; 3]) -> u8 {{\n{}}}\n", "    a();\n".repeat(lines - 2))
    }

    fn exception(limit: Limit, path: &'static str, name: &'static str, lines_max: usize) -> Size {
        Size { limit, path, name, lines_max, reason: "a table reads best in one piece" }
    }

    #[test]
    fn functions_are_measured_from_name_to_brace() {
        let source = Source::scan(
            "fn a() {}\nfn b(x: [u8; 2])\nwhere\n    X: Y,\n{\n    if x { y } else { z }\n}\ntrait T { fn c(&self); fn d(&self) {\n} }\ntype F = fn(u8) -> u8;\n",
        );
        let found = scan(&source);
        let named =
            |name: &str| found.iter().find(|function| function.name == name).map(|function| function.lines);
        assert_eq!(named("a"), Some(1));
        assert_eq!(named("b"), Some(6));
        assert_eq!(named("c"), None);
        assert_eq!(named("d"), Some(2));
        assert_eq!(found.len(), 3);
    }

    #[test]
    fn a_long_function_is_caught_softly_and_then_hard() {
        let run = |lines| functions(&Tree::of(&[("crates/a/src/lib.rs", &long_function("f", lines))]), &[]);
        assert!(run(70).is_empty());
        assert!(run(71)[0].soft);
        assert!(run(120)[0].soft);
        assert!(!run(121)[0].soft);
        assert_eq!(run(121)[0].line, 2);
    }

    #[test]
    fn a_long_test_is_nobodys_business() {
        let text = format!("//! x\n#[cfg(test)]\nmod tests {{\n{}}}\n", long_function("f", 300));
        assert!(functions(&Tree::of(&[("crates/a/src/lib.rs", &text)]), &[]).is_empty());
        assert!(files(&Tree::of(&[("crates/a/tests/t.rs", &"x();\n".repeat(900))]), &[]).is_empty());
    }

    #[test]
    fn a_long_file_is_caught_without_its_tests() {
        let body = "a();\n".repeat(800);
        let tests = "#[cfg(test)]\nmod tests {\n    b();\n}\n";
        assert!(files(&Tree::of(&[("crates/a/src/lib.rs", &format!("{body}{tests}"))]), &[]).is_empty());
        let found = files(&Tree::of(&[("crates/a/src/lib.rs", &format!("a();\n{body}{tests}"))]), &[]);
        assert_eq!(found.len(), 1);
        assert!(found[0].message.contains("801 lines"));
    }

    #[test]
    fn a_large_crate_is_caught() {
        let half = "a();\n".repeat(700);
        let names: Vec<String> = (0..12).map(|number| format!("crates/a/src/f{number}.rs")).collect();
        let mut sources: Vec<(&str, &str)> =
            names.iter().map(|name| (name.as_str(), half.as_str())).collect();
        sources.push(("crates/a/Cargo.toml", "[package]\n"));
        assert!(files(&Tree::of(&sources), &[])[0].message.contains("8400 lines in the crate"));
    }

    #[test]
    fn exceptions_lift_the_limit_until_they_are_stale() {
        let path = "crates/a/src/lib.rs";
        let run = |lines, max| {
            let tree = Tree::of(&[(path, &long_function("f", lines))]);
            functions(&tree, &[exception(Limit::Function, path, "f", max)])
        };
        assert!(run(150, 160).is_empty());
        assert!(run(161, 160)[0].message.contains("allows 160"));
        assert!(run(100, 160)[0].message.contains("no exception"));
        let gone = functions(&Tree::of(&[]), &[exception(Limit::Function, "crates/b/src/lib.rs", "f", 200)]);
        assert!(gone[0].message.contains("gone"));
    }
}
