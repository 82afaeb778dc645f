//! A block of lines that is drawn over itself on a terminal and left out elsewhere.

use std::io::{self, IsTerminal as _, Write as _};

/// Lines drawn at most; what does not fit on a screen cannot be drawn over.
const LINES_MAX: usize = 40;
/// Columns of a terminal that does not tell.
const COLUMNS_USUAL: usize = 120;

/// The live part of the output.
pub(crate) struct Screen {
    live: bool,
    drawn: usize,
}

impl Screen {
    /// Draws on standard output if that is a terminal and `wanted`.
    pub(crate) fn new(wanted: bool) -> Self {
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self { live: wanted && io::stdout().is_terminal() && !dumb, drawn: 0 }
    }

    /// Whether [`draw`](Self::draw) shows anything.
    pub(crate) const fn is_live(&self) -> bool {
        self.live
    }

    /// Replaces the block by `lines`.
    pub(crate) fn draw(&mut self, lines: &[String]) -> io::Result<()> {
        if !self.live {
            return Ok(());
        }
        let mut out = self.back();
        let width = width();
        for line in lines.iter().take(LINES_MAX) {
            // A line that wraps would be two, and the next block begin in the wrong place.
            out.extend(line.chars().take(width));
            // Clear to the end of the line, so that a shorter line leaves nothing of a longer one.
            out.push_str("\x1b[K\n");
        }
        out.push_str("\x1b[J");
        self.drawn = lines.len().min(LINES_MAX);
        write_all(&out)
    }

    /// Prints a line that stays, above the block.
    pub(crate) fn keep(&mut self, line: &str) -> io::Result<()> {
        let mut out = self.back();
        out.push_str(line);
        out.push_str(if self.live { "\x1b[K\n\x1b[J" } else { "\n" });
        self.drawn = 0;
        write_all(&out)
    }

    /// What moves the cursor to the first line of the block.
    fn back(&self) -> String {
        if self.live && self.drawn > 0 { format!("\x1b[{}A\r", self.drawn) } else { String::new() }
    }
}

/// Columns of the terminal.
fn width() -> usize {
    #[cfg(unix)]
    let columns = rustix::termios::tcgetwinsize(io::stdout()).map_or(0, |size| usize::from(size.ws_col));
    #[cfg(not(unix))]
    let columns = 0;
    if columns == 0 { COLUMNS_USUAL } else { columns }
}

fn write_all(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}
