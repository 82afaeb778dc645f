//! Delivering events: on the thread that asks, with no lock held.

use super::Context;
use crate::connection::Connection;
use crate::event::{Event, Queued};

impl Context {
    /// Takes all events that happened since the last call, oldest first. To be called regularly, as every frame.
    pub fn poll_events(&self) -> Vec<Event> {
        self.shared.take_events().into_iter().map(|queued| self.event(queued)).collect()
    }

    /// Calls `handle` with each event that happened since the last call. Everything may be called from inside it;
    /// events that happen meanwhile wait for the next time. Returns how many there were.
    ///
    /// ```
    /// use gamesockets::{ConnectionState, Context, Event};
    ///
    /// let context = Context::new()?;
    /// let connection = context.connect("127.0.0.1:9".parse()?)?;
    /// context.run_callbacks(|event| {
    ///     if let Event::ConnectionStatusChanged { connection, new, .. } = event {
    ///         assert_eq!(new, ConnectionState::Connecting);
    ///         connection.close(0, "changed our mind", false).ok();
    ///     }
    /// });
    /// assert_eq!(connection.state(), ConnectionState::None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn run_callbacks(&self, mut handle: impl FnMut(Event)) -> usize {
        let queue = self.shared.take_events();
        let count = queue.len();
        for queued in queue {
            handle(self.event(queued));
        }
        count
    }

    fn event(&self, queued: Queued) -> Event {
        match queued {
            Queued::Status { block, old, new, info, callback } => Event::ConnectionStatusChanged {
                listener: block.listener,
                connection: Connection::new(&self.shared, block),
                old,
                new,
                info: *info,
                callback,
            },
            Queued::Authentication(status) => Event::AuthenticationStatus(status),
        }
    }
}
