//! Waking the loop from other threads, and only when it would otherwise sleep too long.

use gamesockets_wire::Timestamp;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};

/// What [`Alarm::sleep_until`] says while the loop is not asleep: it will look around before it sleeps again.
const AWAKE: u64 = 0;

/// The sleeping loop's alarm clock.
///
/// The loop publishes until when it is going to sleep while it holds its state locked, then looks once more for new
/// work, then sleeps. Whoever makes work first makes it visible, then calls [`Alarm::ring_by`]: so either the loop
/// sees the work, or the caller sees the published time.
#[derive(Debug)]
pub(crate) struct Alarm {
    waker: mio::Waker,
    sleeps_until: AtomicU64,
    /// Rung, and the loop has not got up yet: once is enough.
    rung: AtomicBool,
    rings: AtomicU64,
}

impl Alarm {
    pub(crate) fn new(waker: mio::Waker) -> Self {
        Self {
            waker,
            sleeps_until: AtomicU64::new(AWAKE),
            rung: AtomicBool::new(false),
            rings: AtomicU64::new(0),
        }
    }

    /// The loop is going to sleep until then.
    pub(crate) fn sleep_until(&self, at: Timestamp) {
        self.sleeps_until.store(at.as_micros(), SeqCst);
    }

    /// The loop is up.
    pub(crate) fn awake(&self) {
        // Mostly it is awake already, and looking is cheaper than writing.
        if self.sleeps_until.load(SeqCst) != AWAKE {
            self.sleeps_until.store(AWAKE, SeqCst);
        }
        if self.rung.load(SeqCst) {
            self.rung.store(false, SeqCst);
        }
    }

    /// Something has to be done by then: wakes the loop if it would sleep longer.
    pub(crate) fn ring_by(&self, at: Timestamp) {
        if at.as_micros() < self.sleeps_until.load(SeqCst) && !self.rung.swap(true, SeqCst) {
            self.ring();
        }
    }

    /// Wakes the loop in any case.
    pub(crate) fn ring(&self) {
        self.rings.fetch_add(1, SeqCst);
        // Fails only if the system is out of resources; the loop then wakes at its own time.
        let _ = self.waker.wake();
    }

    /// How often the loop was woken.
    pub(crate) fn rings(&self) -> u64 {
        self.rings.load(SeqCst)
    }
}

/// Waits for sockets to become readable, for the alarm, or for a moment.
#[derive(Debug)]
pub(crate) struct Poller {
    poll: mio::Poll,
    events: mio::Events,
    /// Numbers of sockets that became readable and were not told to the loop's state yet.
    pub(crate) readable: Vec<u32>,
}

/// The alarm's own token; sockets have their number plus one.
const ALARM: mio::Token = mio::Token(0);
/// Events taken from the system at once.
const EVENTS_MAX: usize = 256;
/// Longest sleep, whatever the deadlines say: a day, so that every system's timeout type can hold it.
const SLEEP_MAX: std::time::Duration = std::time::Duration::from_secs(24 * 3600);

impl Poller {
    pub(crate) fn new() -> io::Result<(Self, Alarm, mio::Registry)> {
        let poll = mio::Poll::new()?;
        let registry = poll.registry().try_clone()?;
        let waker = mio::Waker::new(&registry, ALARM)?;
        let poller = Self { poll, events: mio::Events::with_capacity(EVENTS_MAX), readable: Vec::new() };
        Ok((poller, Alarm::new(waker), registry))
    }

    pub(crate) const fn token(socket: u32) -> mio::Token {
        mio::Token(socket as usize + 1)
    }

    /// Waits at most `timeout`. The system counts milliseconds and rounds up, so the loop is up to a millisecond late;
    /// the pacer makes up for that, and deadlines closer than a millisecond need no spinning.
    pub(crate) fn wait(&mut self, timeout: std::time::Duration) -> io::Result<()> {
        match self.poll.poll(&mut self.events, Some(timeout.min(SLEEP_MAX))) {
            Err(e) if e.kind() != io::ErrorKind::Interrupted => return Err(e),
            _ => {}
        }
        let tokens = self.events.iter().filter_map(|e| u32::try_from(e.token().0.checked_sub(1)?).ok());
        self.readable.extend(tokens);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    #[test]
    fn rings_once_and_only_if_the_sleep_is_too_long() {
        let (mut poller, alarm, _registry) = Poller::new().unwrap();
        let at = Timestamp::from_micros;
        alarm.ring_by(at(1));
        assert_eq!(alarm.rings(), 0, "awake: it looks around by itself");
        alarm.sleep_until(at(1000));
        alarm.ring_by(at(1000));
        assert_eq!(alarm.rings(), 0, "early enough");
        alarm.ring_by(at(999));
        alarm.ring_by(at(1));
        assert_eq!(alarm.rings(), 1);
        let begin = Instant::now();
        poller.wait(Duration::from_secs(20)).unwrap();
        assert!(begin.elapsed() < Duration::from_secs(10) && poller.readable.is_empty());
        alarm.awake();
        alarm.sleep_until(Timestamp::MAX);
        alarm.ring_by(at(5));
        assert_eq!(alarm.rings(), 2);
    }
}
