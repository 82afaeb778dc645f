//! The small file beside an unfinished one: which file it is, and how much of it is certainly on the disk.

use super::names::JOURNAL_FRESH_END;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

/// Bytes of a journal that are looked at; a real one has far fewer.
const JOURNAL_BYTES_MAX: u64 = 4096;
const FORMAT: u32 = 1;

/// What the journal says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Journal {
    format: u32,
    pub(super) name: String,
    pub(super) size: u64,
    /// Bytes from the start that were written and synchronised to the disk.
    pub(super) offset: u64,
}

impl Journal {
    pub(super) fn new(name: &str, size: u64, offset: u64) -> Self {
        Self { format: FORMAT, name: name.to_owned(), size, offset }
    }

    /// Reads a journal; `None` if there is none, or one that makes no sense: the transfer then starts anew.
    pub(super) fn load(path: &Path) -> Option<Self> {
        let meta = fs::symlink_metadata(path).ok()?;
        if !meta.is_file() || meta.len() > JOURNAL_BYTES_MAX {
            return None;
        }
        let journal: Self = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
        (journal.format == FORMAT && journal.offset <= journal.size).then_some(journal)
    }

    /// Replaces the journal at `path`; after a crash there is the old one or the new one, never half of one.
    pub(super) fn store(&self, path: &Path) -> io::Result<()> {
        let mut fresh = path.as_os_str().to_owned();
        fresh.push(JOURNAL_FRESH_END);
        let mut file = fs::File::create(&fresh)?;
        file.write_all(serde_json::to_string(self)?.as_bytes())?;
        file.sync_data()?;
        fs::rename(fresh, path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn comes_back_and_nonsense_does_not() {
        let dir = Scratch::new("journal").unwrap();
        let path = dir.path().join("x.part.json");
        assert_eq!(Journal::load(&path), None);
        let journal = Journal::new("x", 10, 3);
        journal.store(&path).unwrap();
        assert_eq!(Journal::load(&path), Some(journal));
        Journal::new("x", 10, 11).store(&path).unwrap();
        assert_eq!(Journal::load(&path), None, "more than the file has");
        for text in ["", "{}", "[1]", "{\"format\":2,\"name\":\"x\",\"size\":1,\"offset\":0}"] {
            fs::write(&path, text).unwrap();
            assert_eq!(Journal::load(&path), None, "{text}");
        }
        fs::write(&path, " ".repeat(5000)).unwrap();
        assert_eq!(Journal::load(&path), None);
    }
}
