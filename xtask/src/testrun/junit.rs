//! Reading the result file that cargo-nextest writes.

use super::{Binary, skip_reason};

/// One tag of the file with its attributes, or the text between two tags.
enum Piece<'a> {
    Open { name: &'a str, attributes: &'a str, empty: bool },
    Close(&'a str),
    Text(&'a str),
}

/// One test while it is read.
#[derive(Default)]
struct Case {
    name: String,
    failed: bool,
    skipped: bool,
    /// Inside the element that sums the failure up: it repeats a part of the output.
    in_summary: bool,
    summary: String,
    output: String,
}

/// The test programs in a JUnit file.
pub(super) fn read(xml: &str) -> Vec<Binary> {
    let mut binaries: Vec<Binary> = Vec::new();
    let mut case: Option<Case> = None;
    for piece in pieces(xml) {
        match piece {
            Piece::Open { name: "testsuite", attributes, .. } => {
                let name = attribute(attributes, "name");
                binaries.push(Binary { name, ..Binary::default() });
            }
            Piece::Open { name: "testcase", attributes, empty } => {
                let opened = Case { name: attribute(attributes, "name"), ..Case::default() };
                if empty {
                    close(&mut binaries, opened);
                } else {
                    case = Some(opened);
                }
            }
            Piece::Open { name, .. } => {
                if let Some(case) = &mut case {
                    case.in_summary = matches!(name, "failure" | "error");
                    case.failed |= case.in_summary;
                    case.skipped |= name == "skipped";
                }
            }
            Piece::Text(text) => {
                if let Some(case) = &mut case {
                    let place = if case.in_summary { &mut case.summary } else { &mut case.output };
                    place.push_str(&unescape(text));
                    place.push('\n');
                }
            }
            Piece::Close("testcase") => {
                if let Some(case) = case.take() {
                    close(&mut binaries, case);
                }
            }
            Piece::Close(_) => {
                if let Some(case) = &mut case {
                    case.in_summary = false;
                }
            }
        }
    }
    binaries
}

fn close(binaries: &mut [Binary], case: Case) {
    let Some(binary) = binaries.last_mut() else { return };
    let full = format!("{} {}", binary.name, case.name);
    if case.failed {
        binary.counts.failed += 1;
        let said = if case.output.trim().is_empty() { case.summary } else { case.output };
        binary.failures.push((full, said.trim().to_owned()));
    } else if let Some(why) = skip_reason(&case.output).or_else(|| case.skipped.then(String::new)) {
        binary.counts.skipped += 1;
        binary.skips.push((full, why));
    } else {
        binary.counts.passed += 1;
    }
}

/// Splits the file into tags and texts; declarations are left out.
fn pieces(xml: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = xml;
    while let Some(start) = rest.find('<') {
        let text = &rest[..start];
        if !text.trim().is_empty() {
            pieces.push(Piece::Text(text));
        }
        rest = &rest[start..];
        if let Some(body) = rest.strip_prefix("<![CDATA[") {
            let end = body.find("]]>").unwrap_or(body.len());
            pieces.push(Piece::Text(&body[..end]));
            rest = body.get(end + 3..).unwrap_or_default();
            continue;
        }
        let Some(end) = rest.find('>') else { break };
        let tag = &rest[1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            pieces.push(Piece::Close(name.trim()));
        } else if !tag.starts_with(['?', '!']) {
            let empty = tag.ends_with('/');
            let tag = tag.trim_end_matches('/');
            let (name, attributes) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
            pieces.push(Piece::Open { name, attributes, empty });
        }
    }
    pieces
}

/// The value of an attribute; empty when it is not there.
fn attribute(attributes: &str, name: &str) -> String {
    let mut rest = attributes;
    while let Some((key, tail)) = rest.split_once("=\"") {
        let Some((value, tail)) = tail.split_once('"') else { break };
        if key.trim() == name {
            return unescape(value);
        }
        rest = tail;
    }
    String::new()
}

fn unescape(text: &str) -> String {
    let plain = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
    plain.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Counts;

    const SAMPLE: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="nextest-run" tests="4" failures="1" errors="0">
    <testsuite name="game-wire" tests="3" disabled="0" errors="0" failures="1">
        <testcase name="a::good" classname="game-wire" time="0.1">
            <system-out>running 1 test</system-out>
        </testcase>
        <testcase name="a::bad" classname="game-wire" time="0.1">
            <failure message="thread &apos;a&apos; panicked" type="test failure">thread &apos;a::bad&apos; panicked: 1 &lt; 2</failure>
        </testcase>
        <testcase name="a::worse" classname="game-wire" time="0.1">
            <failure message="x" type="test failure">the summary</failure>
            <system-out>skipped: not this one</system-out>
        </testcase>
        <testcase name="a::empty" classname="game-wire" time="0.1"/>
    </testsuite>
    <testsuite name="game::interop" tests="1">
        <testcase name="peer" classname="game::interop" time="0.1">
            <system-out>
running 1 test
skipped: GAMESOCKETS_GNS_CHAT is not set
test peer ... ok
</system-out>
        </testcase>
    </testsuite>
</testsuites>
"#;

    #[test]
    fn counts_skips_and_failures_are_read() {
        let binaries = read(SAMPLE);
        assert_eq!(binaries.len(), 2);
        assert_eq!(binaries[0].name, "game-wire");
        assert_eq!(binaries[0].counts, Counts { passed: 2, failed: 2, skipped: 0 });
        assert!(binaries[0].failures[0].1.contains("1 < 2"));
        assert_eq!(binaries[0].failures[1].1, "skipped: not this one");
        assert_eq!(binaries[1].counts, Counts { passed: 0, failed: 0, skipped: 1 });
        assert_eq!(
            binaries[1].skips,
            [("game::interop peer".into(), "GAMESOCKETS_GNS_CHAT is not set".into())]
        );
    }

    #[test]
    fn a_broken_file_gives_what_it_holds_and_no_panic() {
        for end in 0..SAMPLE.len() {
            if let Some(part) = SAMPLE.get(..end) {
                let _ = read(part);
            }
        }
    }
}
