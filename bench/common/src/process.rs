//! What a process may use and what it used: processors, memory, open files.

use crate::Result;
use nix::sched::{CpuSet, sched_setaffinity};
use nix::sys::resource::{Resource, UsageWho, getrlimit, getrusage, setrlimit};
use nix::sys::time::TimeValLike as _;
use nix::time::{ClockId, clock_gettime};
use nix::unistd::Pid;
use std::fs;

/// Files of a program beside the sockets it counts.
const SPARE_FILES: u64 = 64;
/// Bytes of a page of memory on the systems that are measured.
const PAGE: u64 = 4096;

/// Keeps the calling thread, and threads it starts later, on one processor.
///
/// # Errors
/// There is no such processor.
pub fn pin(cpu: usize) -> Result<()> {
    let mut set = CpuSet::new();
    set.set(cpu)?;
    sched_setaffinity(Pid::from_raw(0), &set).map_err(|e| format!("processor {cpu}: {e}").into())
}

/// Processor time of the calling thread, nanoseconds.
#[must_use]
pub fn thread_cpu_ns() -> u64 {
    clock_ns(ClockId::CLOCK_THREAD_CPUTIME_ID)
}

/// Processor time of this process, nanoseconds.
#[must_use]
pub fn own_cpu_ns() -> u64 {
    clock_ns(ClockId::CLOCK_PROCESS_CPUTIME_ID)
}

fn clock_ns(clock: ClockId) -> u64 {
    clock_gettime(clock).map_or(0, |t| u64::try_from(t.num_nanoseconds()).unwrap_or(0))
}

/// Processor time of all children that were waited for, nanoseconds.
#[must_use]
pub fn reaped_cpu_ns() -> u64 {
    getrusage(UsageWho::RUSAGE_CHILDREN).map_or(0, |usage| {
        let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
        u64::try_from(micros).unwrap_or(0) * 1000
    })
}

/// Processor time of the live threads of a process, nanoseconds; 0 if it is gone.
#[must_use]
pub fn process_cpu_ns(pid: u32) -> u64 {
    let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else { return 0 };
    let times = tasks.flatten().filter_map(|task| {
        let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    });
    times.sum()
}

/// Resident memory of a process, bytes; 0 if it is gone.
#[must_use]
pub fn resident_bytes(pid: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/statm")).unwrap_or_default();
    text.split_whitespace().nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * PAGE
}

/// Makes room for `count` sockets.
///
/// # Errors
/// The system does not allow that many.
pub fn allow_sockets(count: usize) -> Result<()> {
    let want = count as u64 + SPARE_FILES;
    let (now, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    if now >= want {
        return Ok(());
    }
    let refused = |_| format!("{count} sockets need {want} open files, the limit is {hard} (ulimit -Hn)");
    setrlimit(Resource::RLIMIT_NOFILE, want, hard.max(want)).map_err(refused)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_shows_in_the_accounts() {
        let before = own_cpu_ns();
        let mut x = 1u64;
        while own_cpu_ns() - before < 2_000_000 {
            x = std::hint::black_box(x.wrapping_mul(3));
        }
        assert!(process_cpu_ns(std::process::id()) > 0);
        assert!(resident_bytes(std::process::id()) > PAGE);
        assert_eq!(process_cpu_ns(u32::MAX), 0);
    }
}
