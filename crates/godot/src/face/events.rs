//! What happened, for signals.

use super::{Face, Facts, Fault, lock};
use gamesockets::Event;

/// Most of our own events that wait. More are a game that never runs its callbacks.
const OWN_EVENTS_MAX: usize = 100;

/// Something to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Happened {
    /// A connection entered another state.
    Status { connection: i64, facts: Box<Facts>, old: i64, callback: u64 },
    /// Our readiness to prove who we are changed.
    Authentication { available: i64, message: String },
    /// A request for a fake address ended without one.
    FakeIp { result: i64 },
}

impl Face {
    /// Everything that happened since the last call, oldest first.
    pub(crate) fn take_events(&self) -> Vec<Happened> {
        let Ok(context) = self.context() else { return Vec::new() };
        let mut all: Vec<Happened> = context.poll_events().into_iter().filter_map(told).collect();
        all.extend(lock(&self.own_events).drain(..));
        all
    }

    /// Has something told with the next events.
    pub(super) fn tell(&self, event: Happened) -> Result<(), Fault<bool>> {
        let mut events = lock(&self.own_events);
        if events.len() >= OWN_EVENTS_MAX {
            return Err(Fault::new(&format!(
                "{OWN_EVENTS_MAX} results wait: call run_callbacks every frame"
            )));
        }
        events.push_back(event);
        Ok(())
    }
}

fn told(event: Event) -> Option<Happened> {
    match event {
        Event::ConnectionStatusChanged { connection, old, new, mut info, callback, .. } => {
            info.state = new;
            Some(Happened::Status {
                connection: connection.handle().to_raw().into(),
                facts: Box::new(Facts::of(&info)),
                old: i64::from(old as i32),
                callback,
            })
        }
        Event::AuthenticationStatus(status) => Some(Happened::Authentication {
            available: i64::from(status.availability as i32),
            message: status.message,
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_told_once() {
        let face = Face::new(&[]);
        let [a, b] = face.socket_pair(false, ["", ""]).unwrap();
        face.close(a, 1003, "enough", false).unwrap();
        let mut events = Vec::new();
        while events.len() < 2 {
            events.extend(face.take_events());
            std::thread::yield_now();
        }
        let of = |handle| {
            events.iter().find_map(|event| match event {
                Happened::Status { connection, facts, old, .. } if *connection == handle => {
                    Some((facts, *old))
                }
                _ => None,
            })
        };
        let (facts, old) = of(b).unwrap();
        assert_eq!((facts.state, facts.end_reason, facts.end_debug.as_str(), old), (4, 1003, "enough", 3));
        assert_eq!(of(a).unwrap().0.state, 0);
        assert_eq!(face.take_events(), []);
    }
}
