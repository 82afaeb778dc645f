//! Running the loop by hand, and ending it.

use super::Context;
use crate::clock;
use crate::error::PollError;
use crate::io::thread::{look, rest, step, wind_down};
use crate::io::wake::Poller;
use crate::shared::Runner;
use crate::sync::lock;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// What [`this_thread`] never gives.
pub(crate) const NO_THREAD: usize = 0;

/// A number that no other living thread has, without the cost of asking for the thread's own.
fn this_thread() -> usize {
    thread_local!(static MARK: u8 = const { 0 });
    MARK.with(|mark| std::ptr::from_ref(mark) as usize)
}

impl Context {
    /// Does the work that is to be done, in a context without a thread of its own. If there is none, waits for some, but
    /// not longer than `timeout`; zero means not to wait. Meant to be called again and again.
    ///
    /// # Errors
    /// See [`PollError`].
    ///
    /// ```
    /// use gamesockets::{Context, SendFlags};
    /// use std::time::Duration;
    ///
    /// let context = Context::builder().manual_poll(true).build()?;
    /// let listener = context.listen("127.0.0.1:0".parse()?)?;
    /// let client = context.connect(listener.local_addr())?;
    /// while context.poll_events().is_empty() {
    ///     context.poll(Duration::from_millis(10))?;
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn poll(&self, timeout: Duration) -> Result<(), PollError> {
        let Some(Runner::Manual(poller)) = self.shared.runner.get() else { return Err(PollError::HasThread) };
        if self.is_inside_poll() {
            // From inside the debug output: the work is being done already.
            return Ok(());
        }
        let mut poller = lock(poller);
        if self.shared.is_stopping() {
            return Err(PollError::ShutDown);
        }
        self.shared.polled_by.store(this_thread(), Ordering::Relaxed);
        let result = self.poll_once(&mut poller, timeout);
        self.shared.polled_by.store(NO_THREAD, Ordering::Relaxed);
        self.shared.shards.first().alarm.awake();
        if self.shared.is_stopping() {
            self.end_polling(&mut poller);
        }
        result
    }

    fn poll_once(&self, poller: &mut Poller, timeout: Duration) -> Result<(), PollError> {
        let (shared, shard) = (&self.shared, self.shared.shards.first());
        if timeout.is_zero() && look(shared, shard).is_some() {
            return Ok(());
        }
        // First what was staged meanwhile, so that one look at the sockets does for sending and receiving.
        let turned = step(shared, shard, poller);
        let waits = !timeout.is_zero() && !turned.delivered;
        if waits {
            let now = clock::now();
            rest(shared, shard, poller, clock::until(now, turned.next.min(now + timeout)))
        } else {
            rest(shared, shard, poller, Duration::ZERO)
        }
        .map_err(PollError::Wait)?;
        if waits || !poller.readable.is_empty() {
            step(shared, shard, poller);
        }
        Ok(())
    }

    fn end_polling(&self, poller: &mut Poller) {
        wind_down(&self.shared, self.shared.shards.first(), poller);
        self.shared.forget_everything();
    }

    fn is_inside_poll(&self) -> bool {
        // Only this thread writes its own number.
        self.shared.polled_by.load(Ordering::Relaxed) == this_thread()
    }

    /// Ends the context now, as dropping the last clone of it does: closes all connections with reason 2999 and waits
    /// for the I/O threads to end. Further calls on its handles fail.
    pub fn shutdown(&self) {
        let shared = &self.shared;
        if !shared.stop() {
            return;
        }
        // If this very thread polls, and got here from inside the debug output, its polling ends with it.
        let inside_poll = self.is_inside_poll();
        match shared.runner.get() {
            Some(Runner::Threads(handles)) => {
                let handles = std::mem::take(&mut *lock(handles));
                let own = std::thread::current().id();
                // Not by one of them: the debug output may own the last context.
                if handles.iter().all(|h| h.thread().id() != own) {
                    for handle in handles {
                        // A thread that panicked has ended too.
                        let _ = handle.join();
                    }
                }
            }
            Some(Runner::Manual(poller)) if !inside_poll => self.end_polling(&mut lock(poller)),
            _ => {}
        }
        shared.take_events();
    }
}
