//! Messages for the developer: a level and a function that gets the lines.

use std::fmt;
use std::sync::atomic::{AtomicI32, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use crate::sync::lock;

/// How important a line of debug output is; numbers as in the C interface. A smaller number is more important.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[repr(i32)]
pub enum DebugLevel {
    /// No output.
    #[default]
    None = 0,
    /// The library is used wrongly, or is wrong itself.
    Bug = 1,
    /// Something failed at run time.
    Error = 2,
    /// Rare and worth knowing.
    Important = 3,
    /// Suspicious.
    Warning = 4,
    /// What a developer usually wants to see.
    Msg = 5,
    /// State changes of connections and sockets.
    Verbose = 6,
    /// Details of the work.
    Debug = 7,
    /// Contents of packets, if their trace is switched on too.
    Everything = 8,
}

impl TryFrom<i32> for DebugLevel {
    type Error = UnknownLevel;

    fn try_from(number: i32) -> Result<Self, UnknownLevel> {
        Ok(match number {
            0 => Self::None,
            1 => Self::Bug,
            2 => Self::Error,
            3 => Self::Important,
            4 => Self::Warning,
            5 => Self::Msg,
            6 => Self::Verbose,
            7 => Self::Debug,
            8 => Self::Everything,
            _ => return Err(UnknownLevel(number)),
        })
    }
}

/// A number that names no level of debug output.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0} is no level of debug output; they are 0 to 8")]
pub struct UnknownLevel(pub i32);

type Sink = Arc<dyn Fn(DebugLevel, &str) + Send + Sync>;

/// Where lines go.
#[derive(Default)]
pub(crate) struct DebugOutput {
    level: AtomicI32,
    sink: Mutex<Option<Sink>>,
}

impl DebugOutput {
    pub(crate) fn set(&self, level: DebugLevel, sink: Option<Sink>) {
        let level = if sink.is_some() { level as i32 } else { 0 };
        *lock(&self.sink) = sink;
        self.level.store(level, Relaxed);
    }

    /// Whether somebody wants lines of this level.
    pub(crate) fn wants(&self, level: DebugLevel) -> bool {
        self.level.load(Relaxed) >= level as i32
    }

    /// Passes a line on. Not to be called with a lock held: the function behind it is the application's.
    pub(crate) fn say(&self, level: DebugLevel, line: &str) {
        if !self.wants(level) {
            return;
        }
        // Out of the lock before it is called: it may come back here.
        let sink = lock(&self.sink).clone();
        if let Some(sink) = sink {
            sink(level, line);
        }
    }
}

impl fmt::Debug for DebugOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DebugOutput").field("level", &self.level).finish_non_exhaustive()
    }
}

/// Lines that wait until no lock is held. Further ones are dropped and counted.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    lines: Vec<(DebugLevel, String)>,
    dropped: usize,
}

/// Lines kept for one turn of the loop: a packet trace of a full turn fits.
const LINES_MAX: usize = 4096;

impl Lines {
    pub(crate) fn push(&mut self, output: &DebugOutput, level: DebugLevel, line: impl FnOnce() -> String) {
        if !output.wants(level) {
            return;
        }
        if self.lines.len() >= LINES_MAX {
            self.dropped += 1;
        } else {
            self.lines.push((level, line()));
        }
    }

    /// Passes all lines on; see [`DebugOutput::say`].
    pub(crate) fn flush(self, output: &DebugOutput) {
        for (level, line) in self.lines {
            output.say(level, &line);
        }
        if self.dropped > 0 {
            output.say(DebugLevel::Warning, &format!("{} lines of debug output left out here", self.dropped));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_reach_the_function_by_level() {
        let output = DebugOutput::default();
        assert!(!output.wants(DebugLevel::Bug));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let copy = seen.clone();
        output
            .set(DebugLevel::Warning, Some(Arc::new(move |l, s: &str| lock(&copy).push((l, s.to_owned())))));
        let mut lines = Lines::default();
        lines.push(&output, DebugLevel::Msg, || unreachable!());
        lines.push(&output, DebugLevel::Bug, || "a".into());
        std::mem::take(&mut lines).flush(&output);
        for _ in 0..LINES_MAX + 2 {
            lines.push(&output, DebugLevel::Warning, || "b".into());
        }
        std::mem::take(&mut lines).flush(&output);
        let seen = lock(&seen);
        assert_eq!(seen[0], (DebugLevel::Bug, "a".into()));
        assert_eq!(seen.len(), 1 + LINES_MAX + 1);
        assert!(seen[LINES_MAX + 1].1.starts_with("2 lines"));
        output.set(DebugLevel::Everything, None);
        assert!(!output.wants(DebugLevel::Bug));
        for number in -1..10 {
            let level = DebugLevel::try_from(number);
            assert_eq!(level.is_ok(), (0..=8).contains(&number));
            assert!(level.map_or(true, |l| l as i32 == number));
        }
    }
}
