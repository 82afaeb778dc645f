//! A folder for the time being.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

static NEXT: AtomicU32 = AtomicU32::new(0);
/// Names tried before giving up: they only collide with what earlier processes of the same id left behind.
const TRIES: u32 = 100;

/// A new folder below the system's folder for temporary files; gone with the value.
#[derive(Debug)]
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new(purpose: &str) -> io::Result<Self> {
        let mut last = io::Error::other("no name was tried");
        for _ in 0..TRIES {
            let name = format!("gamesockets-{purpose}-{}-{}", std::process::id(), NEXT.fetch_add(1, Relaxed));
            let path = std::env::temp_dir().join(name);
            match fs::create_dir(&path) {
                Ok(()) => return Ok(Self(path)),
                Err(e) => last = e,
            }
        }
        Err(last)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Best effort: the system cleans its folder in the end.
        let _ = fs::remove_dir_all(&self.0);
    }
}
