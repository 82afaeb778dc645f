//! Which processors the two processes of a measurement run on.

/// The processors for the server and for the client: far apart, so that they are not two halves of one. `None` on a
/// machine with one processor, or where the system does not let us choose.
pub(super) fn pair() -> Option<(usize, usize)> {
    let all = allowed();
    let (first, last) = (*all.first()?, *all.last()?);
    (first != last).then_some((last, first))
}

/// Processors that this process may run on.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn allowed() -> Vec<usize> {
    use rustix::thread::{CpuSet, sched_getaffinity};
    let set = sched_getaffinity(None).unwrap_or_else(|_| CpuSet::new());
    (0..CpuSet::MAX_CPU).filter(|&core| set.is_set(core)).collect()
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn allowed() -> Vec<usize> {
    Vec::new()
}

/// Keeps this thread, and those it starts from now on, on one processor.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn pin(core: usize) {
    use rustix::thread::{CpuSet, sched_setaffinity};
    if core < CpuSet::MAX_CPU {
        let mut set = CpuSet::new();
        set.set(core);
        // Where that is not allowed the measurement is a bit less steady.
        let _ = sched_setaffinity(None, &set);
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn pin(_core: usize) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pinned_thread_has_one_processor() {
        if let Some((server, client)) = pair() {
            assert_ne!(server, client);
            let left = std::thread::spawn(move || {
                pin(client);
                allowed()
            });
            assert_eq!(left.join().unwrap(), [client]);
            assert_eq!(pair(), Some((server, client)), "other threads keep theirs");
        }
    }
}
