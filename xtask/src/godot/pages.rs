//! GDScript in README and book: every block runs in the engine.
//!
//! A block that begins with `extends` is a script as it is; one that defines functions is the rest of a script of a
//! node; any other is what a node does when it is ready. `# prints: x` behind a line promises a line of output.

use super::{Profile, addon, errors_in, library};
use crate::engine::Engine;
use crate::process::{Step, run as run_step};
use crate::repository::Repository;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

/// Where pages are.
const README: &str = "README.md";
const BOOK: &str = "docs/book/src";
/// Starts all blocks and lets them run a while.
const RUNNER: &str = "godot/tests/addon/pages.gd";
const LIMIT: Duration = Duration::from_secs(60);
const FENCE: &str = "```gdscript";
/// What follows is a line that the block prints.
const PRINTS: &str = "# prints: ";

/// A block and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Block {
    page: String,
    line: usize,
    text: String,
}

/// Runs every block there is; none at all is an error.
pub(super) fn run(repository: &Repository, engine: &Engine, verbose: bool) -> Result<(), String> {
    let blocks = blocks(repository)?;
    if blocks.is_empty() {
        return Err("no page holds a block of GDScript".to_owned());
    }
    let base = repository.target.join("x/godot-pages");
    let project = base.join("project");
    prepare(repository, &blocks, &base).map_err(|error| format!("preparing the pages: {error}"))?;
    let mut command = engine.command(&base.join("home"));
    command.args(["--headless", "--path"]).arg(&project).args(["--script", "res://pages.gd"]);
    let log = base.join("output.log");
    let done = run_step(Step { label: "pages: GDScript", command, log, limit: LIMIT, verbose });
    let promised = blocks.iter().flat_map(|block| block.text.lines());
    let promised = promised.filter_map(|line| line.split_once(PRINTS).map(|(_, text)| text.trim()));
    let said = |text: &str| done.output.lines().any(|line| line == text);
    if let Some(missing) = promised.into_iter().find(|text| !said(text)) {
        return Err(format!("no block printed `{missing}`\n{}", done.explain()));
    }
    let result = format!("RESULT fails=0 checks={}", blocks.len());
    match errors_in(&done) {
        None if done.output.lines().any(|line| line == result) => Ok(()),
        None => Err(format!("`{result}` was expected\n{}", done.explain())),
        Some(why) => Err(why),
    }
}

fn prepare(repository: &Repository, blocks: &[Block], base: &Path) -> std::io::Result<()> {
    let _ = std::fs::remove_dir_all(base);
    let project = base.join("project");
    std::fs::create_dir_all(project.join(".godot"))?;
    std::fs::create_dir_all(base.join("home"))?;
    addon::assemble(repository, &library(repository, Profile::Debug), &project.join("addons/gamesockets"))?;
    std::fs::write(
        project.join("project.godot"),
        "config_version=5\n\n[gamesockets]\n\nregister_as_steam=true\n",
    )?;
    let list = "res://addons/gamesockets/gamesockets.gdextension\n";
    std::fs::write(project.join(".godot/extension_list.cfg"), list)?;
    std::fs::copy(repository.root.join(RUNNER), project.join("pages.gd"))?;
    for (number, block) in blocks.iter().enumerate() {
        std::fs::write(project.join(format!("block_{number:02}.gd")), script_of(block))?;
    }
    Ok(())
}

/// The block as a script.
fn script_of(block: &Block) -> String {
    let text = &block.text;
    let mut script = format!("# {}:{}\n", block.page, block.line);
    if text.lines().any(|line| line.starts_with("extends ")) {
        return script + text;
    }
    script.push_str("extends Node\n\n");
    if text.lines().any(|line| line.starts_with("func ")) {
        return script + text;
    }
    script.push_str("func _ready() -> void:\n");
    for line in text.lines() {
        let _ = writeln!(script, "\t{line}");
    }
    script
}

fn blocks(repository: &Repository) -> Result<Vec<Block>, String> {
    let folder = std::fs::read_dir(repository.root.join(BOOK)).map_err(|error| format!("{BOOK}: {error}"))?;
    let mut pages: Vec<String> = folder
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".md"))
        .map(|name| format!("{BOOK}/{name}"))
        .collect();
    pages.push(README.to_owned());
    pages.sort();
    let mut found = Vec::new();
    for page in pages {
        let text = std::fs::read_to_string(repository.root.join(&page))
            .map_err(|error| format!("{page}: {error}"))?;
        found.extend(blocks_of(&page, &text));
    }
    Ok(found)
}

fn blocks_of(page: &str, text: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        if line.trim() != FENCE {
            continue;
        }
        let body: Vec<&str> =
            lines.by_ref().map(|(_, line)| line).take_while(|line| line.trim() != "```").collect();
        found.push(Block { page: page.to_owned(), line: at + 1, text: body.join("\n") + "\n" });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_become_scripts() {
        let text = "a\n```gdscript\nprint(1)\n```\n```rust\nx\n```\n```gdscript\nfunc f():\n\tpass\n```\n";
        let found = blocks_of("p.md", text);
        assert_eq!(found.len(), 2);
        assert_eq!(script_of(&found[0]), "# p.md:2\nextends Node\n\nfunc _ready() -> void:\n\tprint(1)\n");
        assert_eq!(script_of(&found[1]), "# p.md:8\nextends Node\n\nfunc f():\n\tpass\n");
        let whole = Block { page: "p".into(), line: 1, text: "extends Control\nfunc g(): pass\n".into() };
        assert!(script_of(&whole).ends_with(&whole.text));
    }
}
