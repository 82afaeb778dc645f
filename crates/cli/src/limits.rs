//! How many files and sockets this process may have open.

use crate::exit::Failure;

/// Files of the program itself: standard streams, the loop's, a few more.
const SPARE: u64 = 64;

/// Makes room for as many sockets as the system allows, `at_most` so many; returns how many that is.
pub(crate) fn room_for_sockets(at_most: usize) -> usize {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit};
        let hard = getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX);
        let count = at_most.min(usize::try_from(hard.saturating_sub(SPARE)).unwrap_or(usize::MAX));
        // The limit that there is already counts if it cannot be raised.
        let _ = allow_sockets(count);
        let now = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        count.min(usize::try_from(now.saturating_sub(SPARE)).unwrap_or(usize::MAX))
    }
    #[cfg(not(unix))]
    at_most
}

/// Makes room for `count` sockets.
///
/// # Errors
/// The system does not allow that many.
pub(crate) fn allow_sockets(count: usize) -> Result<(), Failure> {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let want = count as u64 + SPARE;
        let now = getrlimit(Resource::Nofile);
        if now.current.is_none_or(|n| n >= want) {
            return Ok(());
        }
        // The administrator may go beyond the hard limit; for others the system refuses.
        let maximum = now.maximum.map(|hard| hard.max(want));
        setrlimit(Resource::Nofile, Rlimit { current: Some(want), maximum }).map_err(|_| {
            let hard = now.maximum.unwrap_or(0);
            let text = format!("{count} sockets need {want} open files, the limit is {hard}; ask for fewer or raise it (ulimit -Hn)");
            Failure::new(crate::exit::Code::Failed, text)
        })
    }
    #[cfg(not(unix))]
    {
        let _ = (count, SPARE);
        Ok(())
    }
}
