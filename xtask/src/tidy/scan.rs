//! A line scanner for Rust: tells code, comments and strings apart, and test code from the rest.
//! Not a parser; it knows just enough to look for words where they count.

/// One Rust file, split by what its characters are.
#[derive(Debug, Default)]
pub(super) struct Source {
    /// The text with comments and strings blanked out, line by line.
    pub(super) code: Vec<String>,
    /// Only the comments, line by line.
    pub(super) comments: Vec<String>,
    /// Whether the line belongs to an item under `#[cfg(test)]`.
    pub(super) test: Vec<bool>,
    /// Modules declared as `#[cfg(test)] mod name;`: their files are test code as a whole.
    pub(super) test_modules: Vec<String>,
}

/// What the scanner is inside of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Code,
    LineComment,
    /// Comments nest.
    BlockComment(u32),
    Text,
    /// A raw string ends at a quote with this many hashes behind it.
    RawText(usize),
}

impl Source {
    /// Scans a whole file.
    pub(super) fn scan(text: &str) -> Self {
        let mut scanner =
            Scanner { chars: text.chars().collect(), at: 0, code: String::new(), comments: String::new() };
        scanner.run();
        let lines = |text: &str| text.split('\n').map(str::to_owned).collect::<Vec<_>>();
        let mut source =
            Self { code: lines(&scanner.code), comments: lines(&scanner.comments), ..Self::default() };
        source.mark_tests();
        source
    }

    /// Lines outside test code, with their numbers counted from 1.
    pub(super) fn product_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.code
            .iter()
            .zip(&self.test)
            .enumerate()
            .filter(|(_, (_, test))| !**test)
            .map(|(at, (line, _))| (at + 1, line.as_str()))
    }

    fn mark_tests(&mut self) {
        self.test = vec![false; self.code.len()];
        let mut at = 0;
        while at < self.code.len() {
            if !is_test_attribute(&self.code[at]) {
                at += 1;
                continue;
            }
            let end = item_end(&self.code, at);
            self.test_modules.extend(declared_module(&self.code[at..=end]));
            self.test[at..=end].iter_mut().for_each(|test| *test = true);
            at = end + 1;
        }
    }
}

/// `#[cfg(test)]` and `#[cfg(all(test, …))]`; a doctest's configuration counts too.
fn is_test_attribute(line: &str) -> bool {
    let line: String = line.chars().filter(|c| !c.is_whitespace()).collect();
    ["#[cfg(test)]", "#[cfg(doctest)]", "#[cfg(all(test,"].iter().any(|start| line.starts_with(start))
}

/// The name in `mod name;` at the end of these lines.
fn declared_module(lines: &[String]) -> Option<String> {
    let text = lines.join(" ");
    let (_, rest) = text.rsplit_once("mod ")?;
    let name = rest.trim().strip_suffix(';')?.trim();
    (!name.is_empty() && name.chars().all(is_word)).then(|| name.to_owned())
}

/// The last line of the item whose attribute stands at `from`: a `;` or the brace that closes it.
fn item_end(code: &[String], from: usize) -> usize {
    let mut depth = 0_usize;
    let mut brackets = 0_usize;
    for (at, line) in code.iter().enumerate().skip(from) {
        for c in line.chars() {
            match c {
                '[' | '(' => brackets += 1,
                ']' | ')' => brackets = brackets.saturating_sub(1),
                '{' => depth += 1,
                '}' => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return at;
                    }
                }
                ';' if depth == 0 && brackets == 0 => return at,
                _ => {}
            }
        }
    }
    code.len().saturating_sub(1)
}

struct Scanner {
    chars: Vec<char>,
    at: usize,
    code: String,
    comments: String,
}

impl Scanner {
    fn run(&mut self) {
        let mut state = State::Code;
        while self.at < self.chars.len() {
            state = match state {
                State::Code => self.in_code(),
                State::LineComment => self.in_line_comment(),
                State::BlockComment(depth) => self.in_block_comment(depth),
                State::Text => self.in_text(),
                State::RawText(hashes) => self.in_raw_text(hashes),
            };
        }
    }

    fn peek(&self, ahead: usize) -> char {
        self.chars.get(self.at + ahead).copied().unwrap_or('\0')
    }

    /// Moves over `count` characters, keeping them as code, as comment or as neither.
    fn take(&mut self, count: usize, code: bool, comment: bool) {
        for _ in 0..count {
            let c = self.peek(0);
            let blank = |keep: bool| if keep || c == '\n' { c } else { ' ' };
            self.code.push(blank(code));
            self.comments.push(blank(comment));
            self.at += 1;
        }
    }

    fn in_code(&mut self) -> State {
        match (self.peek(0), self.peek(1)) {
            ('/', '/') => {
                self.take(2, false, true);
                return State::LineComment;
            }
            ('/', '*') => {
                self.take(2, false, true);
                return State::BlockComment(1);
            }
            ('"', _) => {
                self.take(1, true, false);
                return State::Text;
            }
            ('\'', _) => self.quote(),
            (c, _) if is_word(c) => return self.word(),
            _ => self.take(1, true, false),
        }
        State::Code
    }

    /// A whole word, so that the `r` of `for"…"` is never taken for the start of a raw string.
    fn word(&mut self) -> State {
        let mut length = 0;
        while is_word(self.peek(length)) {
            length += 1;
        }
        let word: String = self.chars[self.at..self.at + length].iter().collect();
        self.take(length, true, false);
        if !matches!(word.as_str(), "r" | "br" | "cr") {
            return State::Code;
        }
        let mut hashes = 0;
        while self.peek(hashes) == '#' {
            hashes += 1;
        }
        if self.peek(hashes) != '"' {
            return State::Code;
        }
        self.take(hashes + 1, true, false);
        State::RawText(hashes)
    }

    /// A quote begins a character or a lifetime.
    fn quote(&mut self) {
        let escaped = self.peek(1) == '\\';
        if !escaped && self.peek(2) != '\'' {
            return self.take(1, true, false);
        }
        // The character after a backslash never closes the literal; it may be a quote itself.
        let mut length = if escaped { 3 } else { 2 };
        while self.peek(length) != '\'' && self.peek(length) != '\0' && self.peek(length) != '\n' {
            length += 1;
        }
        self.take(length + 1, false, false);
    }

    fn in_line_comment(&mut self) -> State {
        let ends = self.peek(0) == '\n';
        self.take(1, false, true);
        if ends { State::Code } else { State::LineComment }
    }

    fn in_block_comment(&mut self, depth: u32) -> State {
        match (self.peek(0), self.peek(1)) {
            ('/', '*') => {
                self.take(2, false, true);
                State::BlockComment(depth + 1)
            }
            ('*', '/') => {
                self.take(2, false, true);
                if depth == 1 { State::Code } else { State::BlockComment(depth - 1) }
            }
            _ => {
                self.take(1, false, true);
                State::BlockComment(depth)
            }
        }
    }

    fn in_text(&mut self) -> State {
        match self.peek(0) {
            '\\' => {
                self.take(2, false, false);
                State::Text
            }
            '"' => {
                self.take(1, true, false);
                State::Code
            }
            _ => {
                self.take(1, false, false);
                State::Text
            }
        }
    }

    fn in_raw_text(&mut self, hashes: usize) -> State {
        let closes = self.peek(0) == '"' && (1..=hashes).all(|ahead| self.peek(ahead) == '#');
        if closes {
            self.take(hashes + 1, true, false);
            return State::Code;
        }
        self.take(1, false, false);
        State::RawText(hashes)
    }
}

/// Whether the character can be part of a word.
pub(super) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Where `word` stands by itself in the line, counted in bytes.
pub(super) fn find_word(line: &str, word: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(found) = line.get(from..)?.find(word) {
        let at = from + found;
        let before = line[..at].chars().next_back().is_some_and(is_word);
        let after = line[at + word.len()..].chars().next().is_some_and(is_word);
        // A word that itself ends in a symbol (`dbg!`) has no neighbour to check there.
        let open_end = !word.ends_with(is_word);
        let open_start = !word.starts_with(is_word);
        if (open_start || !before) && (open_end || !after) {
            return Some(at);
        }
        from = at + word.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_and_comments_are_not_code() {
        let source = Source::scan(
            "let a = \"dbg!(1)\"; // dbg!(2)\nlet b = r#\"x\" dbg!(3)\"#; dbg!(4);\n/* dbg!(5) /* in */ out */ c",
        );
        assert!(!source.code[0].contains("dbg!"));
        assert!(source.comments[0].contains("dbg!(2)"));
        assert!(source.code[1].contains("dbg!(4)"));
        assert!(!source.code[1].contains("dbg!(3)"));
        assert!(
            !source.code[2].contains("dbg!")
                && !source.code[2].contains("out")
                && source.code[2].ends_with('c')
        );
    }

    #[test]
    fn characters_and_lifetimes_are_told_apart() {
        let source =
            Source::scan("fn f<'a>(x: &'a str) -> char { '\"' }\nlet q = '\\''; let s = \"a\\\"b\"; end");
        assert!(source.code[0].contains("'a str"));
        assert!(source.code[0].ends_with('}'));
        assert!(source.code[1].ends_with("end"));
        assert!(!source.code[1].contains('b'));
        let bytes = Source::scan("let x = b'\\\\'; let y = '\\u{1f600}'; end");
        assert!(bytes.code[0].ends_with("end"));
    }

    #[test]
    fn test_items_are_marked_with_everything_inside() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() { {} }\n}\nfn c() {}\n#[cfg(test)]\nextern crate std;\nfn d() {}\n";
        let source = Source::scan(text);
        assert_eq!(source.test[..9], [false, true, true, true, true, false, true, true, false]);
        let lines: Vec<usize> = source.product_lines().map(|(number, _)| number).collect();
        assert_eq!(lines[..3], [1, 6, 9]);
    }

    #[test]
    fn a_test_module_in_another_file_is_named() {
        let source = Source::scan("#[cfg(test)]\npub(crate) mod harness;\nmod other;\n");
        assert_eq!(source.test_modules, ["harness"]);
        assert_eq!(source.test[..3], [true, true, false]);
    }

    #[test]
    fn words_stand_alone() {
        assert_eq!(find_word("unsafe_code", "unsafe"), None);
        assert_eq!(find_word("x unsafe {", "unsafe"), Some(2));
        assert_eq!(find_word("my_dbg!(1) dbg!(2)", "dbg!"), Some(11));
        assert_eq!(find_word("std::time", "std::"), Some(0));
        assert_eq!(find_word("my_std::time", "std::"), None);
    }

    #[test]
    fn any_text_is_scanned_without_panic_and_keeps_its_lines() {
        for text in [
            "'",
            "\"",
            "r#\"",
            "/*",
            "b'",
            "'\\",
            "r###",
            "é'é'\n\"\n",
            "#[cfg(test)]",
            "#[cfg(test)]\nmod x;",
        ] {
            let source = Source::scan(text);
            assert_eq!(source.code.len(), text.split('\n').count(), "{text}");
        }
    }
}
