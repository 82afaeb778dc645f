//! Messages out and in, and lanes.

use super::fault::verdict;
use super::results::{INVALID_PARAM, NO_CONNECTION, OK, of_flush, of_lanes, of_send};
use super::{Face, Fault, Outcome};
use gamesockets::{Bytes, Connection, ConnectionHandle, LaneConfig, Message, SendFlags};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Most messages of one call. An empty message fills no send buffer, so that something has to end the call.
const MESSAGES_MAX: usize = 65_536;
/// Most lanes there can be.
const LANES_MAX: i64 = 255;
/// The bit of the flags that received messages show.
const RELIABLE: i64 = SendFlags::RELIABLE.0 as i64;

/// What came of a message to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sent {
    /// 1, or why not.
    pub(crate) result: i64,
    /// Counts from 1 on each lane; -1 if it was not taken.
    pub(crate) number: i64,
}

impl Sent {
    /// Not taken.
    pub(crate) const fn refused(result: i64) -> Self {
        Self { result, number: -1 }
    }
}

/// A message that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Arrived {
    pub(crate) payload: Bytes,
    pub(crate) connection: i64,
    /// Of the peer, as text.
    pub(crate) identity: Arc<str>,
    pub(crate) user_data: i64,
    /// Microseconds of the local clock.
    pub(crate) time: i64,
    pub(crate) number: i64,
    pub(crate) flags: i64,
    pub(crate) lane: i64,
}

/// Which lanes are served first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// Those with the larger priority.
    HighFirst,
    /// Those with the smaller one.
    LowFirst,
}

fn flags(number: i64) -> Result<SendFlags, String> {
    i32::try_from(number)
        .map(|number| SendFlags(number.cast_unsigned()))
        .map_err(|_| format!("{number} is no sum of send flags"))
}

fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl Face {
    pub(crate) fn send(&self, connection: i64, data: &[u8], send_flags: i64, lane: i64) -> Outcome<Sent> {
        let connection = self.connection(connection)?;
        let lane = u16::try_from(lane).map_err(|_| format!("{lane} is no lane"))?;
        match connection.send_on_lane(data, flags(send_flags)?, lane) {
            Ok(number) => Ok(Sent { result: OK, number: count(number) }),
            Err(why) => match of_send(&why) {
                (result, true) => Err(Fault::with(Sent::refused(result), &why)),
                (result, false) => Ok(Sent::refused(result)),
            },
        }
    }

    /// Sends the same so many times, up to the first that is not taken.
    pub(crate) fn send_copies(
        &self,
        copies: i64,
        data: &[u8],
        connection: i64,
        send_flags: i64,
    ) -> Outcome<()> {
        let connection = self.connection(connection)?;
        let copies = usize::try_from(copies).unwrap_or(0);
        if copies > MESSAGES_MAX {
            return Err(Fault::new(&format!("{copies} messages at once, {MESSAGES_MAX} are possible")));
        }
        let results = send_all(&connection, std::iter::repeat_n(data, copies), flags(send_flags)?);
        results.map(drop).map_err(|(_, why)| Fault::from(why))
    }

    /// Sends several messages. Each one's number, or what it failed with as a negative number, or 0 if it was not tried
    /// because one before it had failed.
    pub(crate) fn send_list(&self, list: &[&[u8]], connection: i64, send_flags: i64) -> Outcome<Vec<i64>> {
        let none = |result: i64| vec![-result; list.len().min(MESSAGES_MAX)];
        if list.len() > MESSAGES_MAX {
            let why = format!("{} messages at once, {MESSAGES_MAX} are possible", list.len());
            return Err(Fault::with(Vec::new(), &why));
        }
        let flags = flags(send_flags).map_err(|why| Fault::with(none(INVALID_PARAM), &why))?;
        let connection = self.connection(connection).map_err(|why| Fault::with(none(INVALID_PARAM), &why))?;
        let results = send_all(&connection, list.iter().copied(), flags);
        results.map_err(|(results, why)| Fault::with(results, &why))
    }

    pub(crate) fn flush(&self, connection: i64) -> Outcome<i64> {
        match self.connection(connection)?.flush() {
            Ok(()) => Ok(OK),
            Err(why) => verdict(of_flush(&why), &why),
        }
    }

    pub(crate) fn receive(&self, connection: i64, max: i64) -> Outcome<Vec<Arrived>> {
        let connection = self.connection(connection)?;
        let messages = connection.receive(at_most(max)).map_err(|why| Fault::new(&why))?;
        Ok(self.describe(messages))
    }

    pub(crate) fn receive_from_group(&self, group: i64, max: i64) -> Outcome<Vec<Arrived>> {
        let group = self.poll_group(group)?;
        let messages = group.receive(at_most(max)).map_err(|why| Fault::new(&why))?;
        Ok(self.describe(messages))
    }

    /// Adds who sent them.
    fn describe(&self, messages: Vec<Message>) -> Vec<Arrived> {
        let mut known = BTreeMap::new();
        let mut out = Vec::with_capacity(messages.len());
        for message in messages {
            let handle = message.connection();
            let identity = known.entry(handle).or_insert_with(|| self.name_of(handle));
            out.push(Arrived {
                connection: handle.to_raw().into(),
                identity: Arc::clone(identity),
                user_data: message.user_data(),
                time: count(message.received_at().as_micros()),
                number: count(message.number()),
                flags: if message.is_reliable() { RELIABLE } else { 0 },
                lane: message.lane().into(),
                payload: message.into_payload(),
            });
        }
        out
    }

    /// Who is at the other end, as text. A connection that is closed this moment is nobody any more.
    fn name_of(&self, handle: ConnectionHandle) -> Arc<str> {
        let found = self.context().ok().and_then(|context| context.connection(handle));
        found.map(|connection| connection.identity()).unwrap_or_default().to_string().into()
    }

    pub(crate) fn configure_lanes(
        &self,
        connection: i64,
        lanes: Result<i64, String>,
        priorities: Result<Vec<i64>, String>,
        weights: Result<Vec<i64>, String>,
        order: Order,
    ) -> Outcome<i64> {
        let connection = self.connection(connection).map_err(|why| Fault::with(NO_CONNECTION, &why))?;
        let lanes = lanes.map_err(|why| Fault::with(INVALID_PARAM, &why))?;
        let list = |list: Result<Vec<i64>, String>| list.map_err(|why| Fault::with(INVALID_PARAM, &why));
        let lanes = lanes_of(lanes, &list(priorities)?, &list(weights)?, order)?;
        match connection.configure_lanes(&lanes) {
            Ok(()) => Ok(OK),
            Err(why) => verdict(of_lanes(&why), &why),
        }
    }
}

/// How many messages a caller wants.
fn at_most(number: i64) -> usize {
    usize::try_from(number).unwrap_or(0)
}

/// Sends messages of one connection in one operation, until one is not taken.
fn send_all<'a>(
    connection: &Connection,
    messages: impl Iterator<Item = &'a [u8]>,
    flags: SendFlags,
) -> Result<Vec<i64>, (Vec<i64>, String)> {
    let mut results = Vec::new();
    let mut why = None;
    connection.send_together(|staging| {
        let mut failed = false;
        for data in messages {
            if failed {
                results.push(0);
                continue;
            }
            match staging.send(data, flags, 0) {
                Ok(number) => results.push(count(number)),
                Err(error) => {
                    let (result, mistake) = of_send(&error);
                    results.push(-result);
                    why = mistake.then(|| error.to_string());
                    failed = true;
                }
            }
        }
    });
    match why {
        None => Ok(results),
        Some(why) => Err((results, why)),
    }
}

/// What the engine calls lanes, from what the interface does: ranks in place of priorities, since the engine serves
/// smaller numbers first and the interface's numbers have no limits.
fn lanes_of(
    lanes: i64,
    priorities: &[i64],
    weights: &[i64],
    order: Order,
) -> Result<Vec<LaneConfig>, Fault<i64>> {
    let wrong = |why: String| Err(Fault::with(INVALID_PARAM, &why));
    if !(1..=LANES_MAX).contains(&lanes) {
        return wrong(format!("{lanes} lanes: 1 to {LANES_MAX} are possible"));
    }
    let lanes = usize::try_from(lanes).unwrap_or(1);
    for (name, list) in [("priorities", priorities), ("weights", weights)] {
        if !list.is_empty() && list.len() != lanes {
            return wrong(format!("{} {name} for {lanes} lanes: give one for each, or none", list.len()));
        }
    }
    let mut ranks = priorities.to_vec();
    ranks.sort_unstable();
    ranks.dedup();
    if order == Order::HighFirst {
        ranks.reverse();
    }
    let rank = |priority: i64| ranks.iter().position(|known| *known == priority).unwrap_or(0);
    let mut out = Vec::with_capacity(lanes);
    for lane in 0..lanes {
        let weight = weights.get(lane).copied().unwrap_or(1);
        let Some(weight) = u16::try_from(weight).ok().filter(|weight| *weight > 0) else {
            return wrong(format!("weight {weight} of lane {lane}: 1 to 65535 are possible"));
        };
        let priority = priorities.get(lane).map_or(0, |priority| rank(*priority));
        out.push(LaneConfig { priority: i32::try_from(priority).unwrap_or(i32::MAX), weight });
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn priorities(order: Order, numbers: &[i64]) -> Vec<i32> {
        let lanes = lanes_of(numbers.len().try_into().unwrap(), numbers, &[], order).unwrap();
        lanes.iter().map(|lane| lane.priority).collect()
    }

    #[test]
    fn larger_priorities_come_first_whatever_their_size() {
        assert_eq!(priorities(Order::HighFirst, &[i64::MIN, 5, i64::MAX, 5]), [2, 1, 0, 1]);
        assert_eq!(priorities(Order::LowFirst, &[i64::MIN, 5, i64::MAX, 5]), [0, 1, 2, 1]);
    }

    #[test]
    fn shapes_that_do_not_fit_are_told() {
        for (lanes, priorities, weights) in [
            (0, &[][..], &[][..]),
            (-1, &[], &[]),
            (256, &[], &[]),
            (2, &[1], &[]),
            (2, &[], &[1, 2, 3]),
            (1, &[], &[0]),
            (1, &[], &[65536]),
            (1, &[], &[-1]),
        ] {
            let fault = lanes_of(lanes, priorities, weights, Order::HighFirst).unwrap_err();
            assert_eq!(fault.answer, Some(INVALID_PARAM), "{}", fault.why);
        }
    }

    fn receive(face: &Face, connection: i64, wanted: usize) -> Vec<Arrived> {
        let mut all = Vec::new();
        while all.len() < wanted {
            all.extend(face.receive(connection, 100).unwrap());
            std::thread::yield_now();
        }
        all
    }

    #[test]
    fn copies_and_lists_arrive() {
        let face = Face::new(&[]);
        let [a, b] = face.socket_pair(false, ["str:a", "str:b"]).unwrap();
        assert_eq!(face.send(a, b"x", 8, 0), Ok(Sent { result: 1, number: 1 }));
        face.send_copies(3, b"y", a, 8).unwrap();
        assert_eq!(face.send_list(&[b"1", b""], a, 8), Ok(vec![5, 6]));
        let arrived = receive(&face, b, 6);
        let payloads: Vec<&[u8]> = arrived.iter().map(|message| &message.payload[..]).collect();
        assert_eq!(payloads, [&b"x"[..], b"y", b"y", b"y", b"1", b""]);
        assert!(arrived.iter().all(|message| &*message.identity == "str:b" && message.flags == 8));
    }

    #[test]
    fn mistakes_have_their_numbers() {
        let face = Face::new(&[]);
        let [a, _] = face.socket_pair(true, ["", ""]).unwrap();
        let answer = |outcome: Outcome<Sent>| outcome.unwrap_err().answer;
        assert_eq!(answer(face.send(a, &vec![0; 600_000], 8, 0)), Some(Sent::refused(8)));
        assert_eq!(answer(face.send(a, b"", 8, 1)), Some(Sent::refused(8)));
        assert!(face.send(a, b"", 1 << 40, 0).is_err());
        assert!(face.send(a, b"", 8, -1).is_err());
        assert!(face.send_copies(i64::MAX, b"", a, 8).is_err());
        assert_eq!(face.send_copies(-1, b"", a, 8), Ok(()));
        assert_eq!(face.send_list(&[b""], 5, 8).unwrap_err().answer, Some(vec![-8]));
        assert_eq!(
            face.configure_lanes(5, Ok(1), Ok(vec![]), Ok(vec![]), Order::HighFirst).unwrap_err().answer,
            Some(3)
        );
        assert_eq!(face.receive(a, i64::MIN).unwrap(), []);
    }
}
