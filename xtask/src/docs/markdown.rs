//! As much of Markdown as the checks need: headings, links, code blocks, code spans.

/// One page, taken apart.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// Relative to the root, with `/`.
    pub(crate) path: String,
    /// Targets of links, with their lines.
    pub(crate) links: Vec<(usize, String)>,
    /// Code spans, with their lines.
    pub(crate) spans: Vec<(usize, String)>,
    /// Code blocks.
    pub(crate) blocks: Vec<Block>,
    /// What links may point at: headings in the form that anchors have.
    pub(crate) anchors: Vec<String>,
}

/// One code block.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    /// What stands behind the fence: `rust`, `sh`, `text`.
    pub(crate) language: String,
    /// Its lines, with their numbers.
    pub(crate) lines: Vec<(usize, String)>,
}

impl Page {
    /// Takes the text of a page apart.
    pub(crate) fn read(path: &str, text: &str) -> Self {
        let mut page = Self { path: path.to_owned(), ..Self::default() };
        let mut open: Option<(String, Block)> = None;
        for (at, line) in text.lines().enumerate() {
            let number = at + 1;
            match &mut open {
                Some((fence, block)) if line.trim() == fence => {
                    page.blocks.push(std::mem::take(block));
                    open = None;
                }
                Some((_, block)) => block.lines.push((number, line.to_owned())),
                None => match fence(line) {
                    Some((fence, language)) => open = Some((fence, Block { language, lines: Vec::new() })),
                    None => page.prose(number, line),
                },
            }
        }
        page.blocks.extend(open.map(|(_, block)| block));
        page
    }

    fn prose(&mut self, number: usize, line: &str) {
        let hashes = line.chars().take_while(|c| *c == '#').count();
        if (1..=6).contains(&hashes) && line[hashes..].starts_with(' ') {
            let anchor = anchor(&line[hashes..]);
            // A heading that occurs twice gets a number, as renderers do it.
            let twins = self.anchors.iter().filter(|known| **known == anchor).count();
            self.anchors.push(if twins == 0 { anchor } else { format!("{anchor}-{twins}") });
        }
        let mut outside = String::new();
        let mut parts = line.split('`');
        outside.push_str(parts.next().unwrap_or_default());
        while let Some(span) = parts.next() {
            match parts.next() {
                Some(rest) => {
                    self.spans.push((number, span.to_owned()));
                    outside.push_str(rest);
                }
                None => outside.push_str(span),
            }
        }
        let mut rest = outside.as_str();
        while let Some((_, tail)) = rest.split_once("](") {
            let (target, tail) = tail.split_once(')').unwrap_or((tail, ""));
            self.links.push((number, target.to_owned()));
            rest = tail;
        }
    }
}

/// The fence that a line opens and the language behind it.
fn fence(line: &str) -> Option<(String, String)> {
    let line = line.trim();
    let ticks: String = line.chars().take_while(|c| *c == '`').collect();
    (ticks.len() >= 3).then(|| (ticks.clone(), line[ticks.len()..].trim().to_owned()))
}

/// A heading as an anchor: lower case, words joined by hyphens, other signs left out.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect::<String>().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_taken_apart() {
        let page = Page::read(
            "a.md",
            "# One: `two`, three\n\nSee [this](b.md#x) and `./x test`, `open\n\n```sh\n./x demo\n```\n\n    ```rust,no_run\n    f();\n    ```\n## Twin\n## Twin\n",
        );
        assert_eq!(page.anchors, ["one-two-three", "twin", "twin-1"]);
        assert_eq!(page.links, [(3, "b.md#x".to_owned())]);
        assert_eq!(page.spans[1], (3, "./x test".to_owned()));
        assert_eq!(page.blocks[0], Block { language: "sh".into(), lines: vec![(6, "./x demo".into())] });
        assert_eq!(page.blocks[1].language, "rust,no_run");
    }

    #[test]
    fn an_open_block_ends_with_the_page() {
        assert_eq!(Page::read("a.md", "```text\nx\n").blocks.len(), 1);
    }
}
