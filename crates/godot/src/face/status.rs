//! What is known about connections.

use super::fault::verdict;
use super::results::{INVALID_PARAM, NO_CONNECTION, of_status};
use super::{Face, Fault, Outcome, addresses};
use gamesockets::{ConnectionInfo, LaneStatus, RealTimeStatus};

/// The facts about a connection at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) identity: String,
    pub(crate) user_data: i64,
    pub(crate) listen_socket: i64,
    pub(crate) remote_address: String,
    pub(crate) state: i64,
    pub(crate) end_reason: i64,
    pub(crate) end_debug: String,
    pub(crate) description: String,
    pub(crate) flags: i64,
}

impl Facts {
    pub(super) fn of(info: &ConnectionInfo) -> Self {
        Self {
            identity: info.identity.to_string(),
            user_data: info.user_data,
            listen_socket: info.listener.map_or(0, |listener| listener.to_raw().into()),
            remote_address: addresses::text_of(info.remote),
            state: i64::from(info.state as i32),
            end_reason: info.end_reason.0.into(),
            end_debug: info.end_debug.clone(),
            description: info.description.clone(),
            flags: info.flags.into(),
        }
    }
}

/// What waits in one lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LaneFigures {
    pub(crate) pending_unreliable: i64,
    pub(crate) pending_reliable: i64,
    pub(crate) unacknowledged: i64,
    pub(crate) queue_time: i64,
}

impl From<&LaneStatus> for LaneFigures {
    fn from(lane: &LaneStatus) -> Self {
        Self {
            pending_unreliable: lane.pending_unreliable.into(),
            pending_reliable: lane.pending_reliable.into(),
            unacknowledged: lane.sent_unacked_reliable.into(),
            queue_time: lane.queue_time_us,
        }
    }
}

/// How a connection does right now.
#[derive(Debug, Clone)]
pub(crate) struct RealTime {
    pub(crate) figures: RealTimeStatus,
    pub(crate) lanes: Vec<LaneFigures>,
}

impl Face {
    pub(crate) fn facts(&self, connection: i64) -> Outcome<Box<Facts>> {
        match self.connection(connection)?.info() {
            Ok(info) => Ok(Box::new(Facts::of(&info))),
            Err(why) => Err(Fault::new(&why)),
        }
    }

    /// The result number, and what there is if it is 1.
    pub(crate) fn real_time(&self, connection: i64, lanes: i64) -> Result<RealTime, Fault<i64>> {
        let connection = self.connection(connection).map_err(|why| Fault::with(NO_CONNECTION, &why))?;
        let lanes = usize::try_from(lanes)
            .map_err(|_| Fault::with(INVALID_PARAM, &format!("{lanes} lanes: give 0 or more")))?;
        match connection.status_with_lanes(lanes) {
            Ok((mut figures, of_lanes)) => {
                if connection.is_pipe() {
                    figures.queue_time_us = i64::MAX;
                }
                Ok(RealTime { figures, lanes: of_lanes.iter().map(LaneFigures::from).collect() })
            }
            Err(why) => Err(verdict(of_status(&why), &why).err().unwrap_or_else(|| Fault::new(&why))),
        }
    }

    pub(crate) fn detailed(&self, connection: i64) -> Outcome<String> {
        self.connection(connection)?.detailed_status().map_err(|why| Fault::new(&why))
    }

    pub(crate) fn user_data(&self, connection: i64) -> Outcome<i64> {
        self.connection(connection)?.user_data().map_err(|why| Fault::new(&why))
    }

    pub(crate) fn set_user_data(&self, connection: i64, user_data: i64) -> Outcome<bool> {
        match self.connection(connection)?.set_user_data(user_data) {
            Ok(()) => Ok(true),
            Err(why) => Err(Fault::new(&why)),
        }
    }

    pub(crate) fn name(&self, connection: i64) -> Outcome<String> {
        self.connection(connection)?.name().map_err(|why| Fault::new(&why))
    }

    pub(crate) fn set_name(&self, connection: i64, name: &str) -> Outcome<()> {
        self.connection(connection)?.set_name(name).map_err(|why| Fault::new(&why))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_described() {
        let face = Face::new(&[]);
        let [a, _] = face.socket_pair(false, ["str:peer", ""]).unwrap();
        face.set_name(a, "first").unwrap();
        assert_eq!(face.name(a), Ok("first".to_owned()));
        assert_eq!(face.user_data(a), Ok(-1));
        assert_eq!(face.set_user_data(a, i64::MIN), Ok(true));
        let facts = face.facts(a).unwrap();
        assert_eq!((facts.user_data, facts.state, facts.listen_socket), (i64::MIN, 3, 0));
        assert_eq!(facts.remote_address, "[::]:0");
        assert!(facts.description.contains("first"), "{}", facts.description);
        assert!(!face.detailed(a).unwrap().is_empty());
        assert_eq!(face.real_time(a, 1).unwrap().lanes.len(), 1);
        assert_eq!(face.real_time(a, 0).unwrap().figures.queue_time_us, i64::MAX);
        assert_eq!(face.real_time(a, -1).unwrap_err().answer, Some(8));
        assert_eq!(face.real_time(a, 2).unwrap_err().answer, Some(8));
        assert_eq!(face.real_time(1, 0).unwrap_err().answer, Some(3));
    }
}
