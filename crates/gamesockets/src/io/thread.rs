//! Who runs the loop: a thread of our own, or the application.

use super::wake::Poller;
use crate::clock;
use crate::debug::DebugLevel;
use crate::shard::Shard;
use crate::shared::Shared;
use gamesockets_wire::Timestamp;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

/// Name of the first thread; the others have their number in theirs.
pub(crate) const THREAD_NAME: &str = "gamesockets-io";
/// Connections that linger when the context goes get this much time to deliver what was promised.
const LINGER_AT_END: Duration = Duration::from_secs(2);
/// Goodbyes that the system does not take at once get this much time.
const GOODBYE_AT_END: Duration = Duration::from_millis(100);
/// Reason that peers get when the context goes.
const END_REASON: u32 = 2999;

/// Up to so many sockets are read without asking which of them have something; asking costs as much as one reading.
const LOOK_SOCKETS_MAX: usize = 2;

/// Called on each thread before it does anything else, or after each turn of its loop.
pub(crate) type OnStart = Arc<dyn Fn() + Send + Sync>;

/// Starts the thread of a shard.
pub(crate) fn start(
    shared: Arc<Shared>,
    number: usize,
    poller: Poller,
    on_start: Option<OnStart>,
) -> io::Result<JoinHandle<()>> {
    // Systems show 15 characters.
    let name = if number == 0 { THREAD_NAME.into() } else { format!("gamesockets-{number}") };
    std::thread::Builder::new().name(name).spawn(move || {
        let work = AssertUnwindSafe(|| {
            if let Some(on_start) = on_start {
                on_start();
            }
            run(&shared, shared.shards.get(number), poller);
        });
        let panicked = catch_unwind(work).is_err();
        if panicked {
            // A fault of ours, or in the application's debug output. Handles that answer with errors are better than
            // connections that silently stand still.
            shared.stop();
        }
        shared.loop_ended();
        if panicked {
            // Last, for it may panic again.
            shared.debug.say(DebugLevel::Bug, "an I/O thread panicked: the context is shut down");
        }
    })
}

fn run(shared: &Shared, shard: &Shard, mut poller: Poller) {
    while !shared.is_stopping() {
        let next = step(shared, shard, &mut poller).next;
        if let Err(e) = rest(shared, shard, &mut poller, clock::until(clock::now(), next)) {
            let line = format!("waiting for sockets failed, so the context does nothing any more: {e}");
            shared.debug.say(DebugLevel::Bug, &line);
            shared.stop();
        }
    }
    wind_down(shared, shard, &mut poller);
}

/// What a turn of the loop led to.
pub(crate) struct Turned {
    /// When the next one is needed; the alarm is set for it.
    pub(crate) next: Timestamp,
    /// Something was handed to the application, in this turn or since the one before.
    pub(crate) delivered: bool,
}

/// One turn of the loop.
pub(crate) fn step(shared: &Shared, shard: &Shard, poller: &mut Poller) -> Turned {
    let (turned, after) = {
        let mut io = shard.io.enter();
        for socket in poller.readable.drain(..) {
            io.sockets.mark_readable(socket);
        }
        let next = io.turn(shared);
        // Under the lock: commands that follow have to see it.
        shard.alarm.sleep_until(next);
        (Turned { next, delivered: std::mem::take(&mut io.delivered) }, io.after.take())
    };
    after.run(&shared.debug);
    shared.wishes.turn_ended();
    turned
}

/// One turn of the loop that asks the sockets themselves instead of waiting for the system to report them, if there are
/// few: a call less between a datagram and its reader. What is staged leaves first. `None`: there are too many.
pub(crate) fn look(shared: &Shared, shard: &Shard) -> Option<()> {
    let after = {
        let mut io = shard.io.enter();
        if io.sockets.len() > LOOK_SOCKETS_MAX {
            return None;
        }
        if shard.has_dirty() {
            io.settle(shared, clock::now());
        }
        io.sockets.mark_all_readable();
        // Nobody sleeps now, so no alarm has to be set for the next one.
        io.turn(shared);
        io.delivered = false;
        io.after.take()
    };
    after.run(&shared.debug);
    shared.wishes.turn_ended();
    Some(())
}

/// Sleeps for `span`, or until there is something to do.
pub(crate) fn rest(shared: &Shared, shard: &Shard, poller: &mut Poller, span: Duration) -> io::Result<()> {
    let busy = shard.has_dirty() || shared.is_stopping();
    let result = poller.wait(if busy { Duration::ZERO } else { span });
    shard.alarm.awake();
    result
}

/// Says goodbye on all connections of a shard and lets lingering ones finish; all of it for a moment only. Nothing is
/// taken down yet.
pub(crate) fn wind_down(shared: &Shared, shard: &Shard, poller: &mut Poller) {
    let begin = clock::now();
    {
        let mut io = shard.io.enter();
        for block in shard.blocks() {
            // A handle that is gone is what we want.
            let _ = io.endpoint.close(begin, block.local, END_REASON, "shutdown", false);
        }
    }
    loop {
        let next = step(shared, shard, poller).next;
        let now = clock::now();
        let age = now.saturating_since(begin);
        let (lingering, sent) = {
            let io = shard.io.enter();
            (io.endpoint.lingering() > 0, io.all_sent())
        };
        let wait = lingering && age < LINGER_AT_END
            || !sent && age < GOODBYE_AT_END
            || next <= now && age < GOODBYE_AT_END;
        if !wait || poller.wait(clock::until(now, next).min(GOODBYE_AT_END)).is_err() {
            break;
        }
    }
}
