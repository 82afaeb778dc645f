//! How many files and sockets this process may have open.

use crate::exit::{Code, Failure};

/// Files of the program itself: standard streams, the loop's, a few more.
const SPARE: u64 = 64;

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
            Failure::new(Code::Failed, text)
        })
    }
    #[cfg(not(unix))]
    {
        let _ = (count, SPARE);
        Ok(())
    }
}
