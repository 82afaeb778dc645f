//! The end of a session, behind the game's back: what was sent before still arrives, and no frame waits for it.

use super::limits::{ENDING_TICK, ENDING_TIME, ENDINGS_MAX, REBIND_TIME};
use super::reason::{self, text as text_of};
use gamesockets::{Context, Listener};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant;

/// Systems show 15 characters.
const THREAD_NAME: &str = "gamesockets-end";

/// A session that ends.
#[derive(Debug)]
struct Ending {
    listener: Option<Listener>,
    hurry: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

/// Those that end.
static ENDINGS: Mutex<Vec<Ending>> = Mutex::new(Vec::new());

fn endings() -> MutexGuard<'static, Vec<Ending>> {
    lock(&ENDINGS)
}

fn lock(endings: &Mutex<Vec<Ending>>) -> MutexGuard<'_, Vec<Ending>> {
    endings.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is left of a session when its connections were closed.
#[derive(Debug)]
pub(super) struct Rest {
    pub(super) context: Context,
    /// The context goes with the session.
    pub(super) owned: bool,
    pub(super) listener: Option<Listener>,
}

impl Rest {
    /// Lets it end, now or a little later.
    pub(super) fn end(self) {
        self.end_among(&ENDINGS, ENDINGS_MAX);
    }

    fn end_among(self, endings: &Mutex<Vec<Ending>>, most: usize) {
        if !self.owned && (self.listener.is_none() || self.context.lingering() == 0) {
            // Connections that this side made finish by themselves.
            return self.finish(false);
        }
        let (listener, hurry) = (self.listener.clone(), Arc::new(AtomicBool::new(false)));
        let mut endings = lock(endings);
        endings.retain(|ending| !ending.thread.is_finished());
        let flag = hurry.clone();
        let thread = thread::Builder::new().name(THREAD_NAME.to_owned());
        let room = endings.len() < most;
        match room.then(|| thread.spawn(move || self.go_on(&flag))) {
            Some(Ok(thread)) => endings.push(Ending { listener, hurry, thread }),
            // Too many: who came in is cut off, and the context, if it goes, makes whoever drops it wait for the others.
            _ => drop(listener.map(|listener| listener.close())),
        }
    }

    /// Waits until everything is delivered.
    fn go_on(self, hurry: &AtomicBool) {
        let begin = Instant::now();
        while self.context.lingering() > 0 && begin.elapsed() < ENDING_TIME && !hurry.load(Relaxed) {
            self.turn_away();
            thread::park_timeout(ENDING_TICK);
        }
        self.finish(hurry.load(Relaxed));
    }

    fn finish(&self, hurry: bool) {
        self.turn_away();
        if self.owned {
            self.context.shutdown();
        } else if let Some(listener) = &self.listener
            && !hurry
        {
            // Somebody else may have closed it.
            let _ = listener.close();
        }
    }

    /// Whoever comes now is late.
    fn turn_away(&self) {
        while let Some(late) = self.listener.as_ref().and_then(Listener::next_incoming) {
            let _ = late.close(reason::LEFT, text_of(reason::LEFT), false);
        }
    }
}

/// Tries again and again to get a port that sessions may have which are about to end. They get some time; then they
/// lose it. Nothing if there are none, or if it does not help.
pub(super) fn retry<T>(port: u16, mut attempt: impl FnMut() -> Option<T>) -> Option<T> {
    let of_port = |ending: &Ending| ending.listener.clone().filter(|l| l.local_addr().port() == port);
    let listeners: Vec<_> = endings().iter().filter_map(of_port).collect();
    if listeners.is_empty() {
        return None;
    }
    let begin = Instant::now();
    while begin.elapsed() < 2 * REBIND_TIME {
        if let Some(done) = attempt() {
            return Some(done);
        }
        if begin.elapsed() > REBIND_TIME {
            for listener in &listeners {
                let _ = listener.close();
            }
        }
        thread::sleep(ENDING_TICK / 5);
    }
    attempt()
}

/// Ends all that is still ending, soon: the library is about to go.
pub(crate) fn finish_all() {
    let endings = std::mem::take(&mut *endings());
    for ending in &endings {
        ending.hurry.store(true, Relaxed);
        ending.thread.thread().unpark();
    }
    for ending in endings {
        // A thread that panicked has ended too.
        let _ = ending.thread.join();
    }
}

/// How many sessions still end at that port.
#[cfg(test)]
pub(super) fn count(port: u16) -> usize {
    let at = |ending: &&Ending| ending.listener.as_ref().is_some_and(|l| l.local_addr().port() == port);
    endings().iter().filter(|ending| !ending.thread.is_finished()).filter(at).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beyond_the_most_sessions_end_at_once() {
        let own = Mutex::new(Vec::new());
        let alone = || {
            let context = Context::new().unwrap();
            let listener = context.listen("127.0.0.1:0".parse().unwrap()).unwrap();
            listener.keep_incoming();
            // Somebody who never gets what he was promised.
            let deaf = Context::builder().manual_poll(true).build().unwrap();
            let client = deaf.connect(listener.local_addr()).unwrap();
            let server = loop {
                let _ = deaf.poll(ENDING_TICK);
                if let Some(incoming) = listener.next_incoming() {
                    incoming.accept().unwrap();
                    break incoming;
                }
            };
            while client.state() != gamesockets::ConnectionState::Connected {
                let _ = deaf.poll(ENDING_TICK);
            }
            server.send(b"promised", gamesockets::SendFlags::RELIABLE).unwrap();
            server.close(0, "", true).unwrap();
            (
                Rest { context: context.clone(), owned: true, listener: Some(listener.clone()) },
                listener,
                context,
                deaf,
            )
        };
        let (first, listener, context, _deaf) = alone();
        first.end_among(&own, 1);
        assert!(listener.is_open() && context.lingering() == 1, "it goes on");
        let (second, other, cut_off, _deaf) = alone();
        assert_eq!(cut_off.lingering(), 1);
        second.end_among(&own, 1);
        assert!(!other.is_open() && cut_off.lingering() == 0, "cut off");
        assert_eq!(lock(&own).len(), 1);
        for ending in lock(&own).drain(..) {
            ending.hurry.store(true, Relaxed);
            listener.close().unwrap();
            ending.thread.join().unwrap();
        }
    }
}
