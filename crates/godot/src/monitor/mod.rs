//! What runs in this process: every context under a number, and the network that is simulated. For those who watch, and
//! for the end, when all of it has to stop before the library goes that holds its code.
//!
//! Contexts are known weakly. A list that others keep would end them late.

mod class;

use gamesockets::config::{ConfigKey, ConfigValue, Scope};
use gamesockets::{
    Connection, ConnectionInfo, Context, LaneStatus, RealTimeStatus, StatusError, WeakContext,
};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// More than a connection has.
const LANES_MAX: usize = 256;

/// What can be simulated, with the largest sensible value.
pub(crate) const SIMULATED: &[ConfigKey] = &[
    ConfigKey::FakePacketLossSend,
    ConfigKey::FakePacketLossRecv,
    ConfigKey::FakePacketLagSend,
    ConfigKey::FakePacketLagRecv,
    ConfigKey::FakePacketReorderSend,
    ConfigKey::FakePacketReorderRecv,
    ConfigKey::FakePacketReorderTime,
    ConfigKey::FakePacketDupSend,
    ConfigKey::FakePacketDupRecv,
    ConfigKey::FakePacketDupTimeMax,
    ConfigKey::FakePacketJitterSendAvg,
    ConfigKey::FakePacketJitterRecvAvg,
];

static WATCHED: Mutex<Watched> = Mutex::new(Watched::new());

/// Everything that is known, and what contexts made from now on shall simulate.
#[derive(Debug)]
struct Watched {
    /// As many as are alive: each has a thread of its own.
    entries: Vec<Entry>,
    last: i64,
    simulated: BTreeMap<i32, f32>,
}

/// One context.
#[derive(Debug, Clone)]
struct Entry {
    number: i64,
    kind: &'static str,
    context: WeakContext,
}

/// One context that is alive.
pub(crate) struct Seen {
    pub(crate) number: i64,
    /// The class that it belongs to.
    pub(crate) kind: &'static str,
    pub(crate) context: Context,
}

/// One connection of it.
pub(crate) struct SeenConnection {
    pub(crate) handle: i64,
    pub(crate) name: String,
    pub(crate) info: ConnectionInfo,
    pub(crate) status: RealTimeStatus,
    pub(crate) lanes: Vec<LaneStatus>,
}

impl Watched {
    const fn new() -> Self {
        Self { entries: Vec::new(), last: 0, simulated: BTreeMap::new() }
    }

    /// Its number.
    fn add(&mut self, kind: &'static str, context: &Context) -> i64 {
        self.entries.retain(|entry| entry.context.is_alive());
        self.last += 1;
        self.entries.push(Entry { number: self.last, kind, context: context.downgrade() });
        self.last
    }
}

fn watched() -> MutexGuard<'static, Watched> {
    WATCHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes a new context known under the name of its class, and has it simulate what all shall simulate. Returns its number.
pub(crate) fn watch(kind: &'static str, context: &Context) -> i64 {
    let (number, simulated) = {
        let mut watched = watched();
        (watched.add(kind, context), watched.simulated.clone())
    };
    for (setting, value) in simulated {
        if let Ok(key) = ConfigKey::try_from(setting) {
            // A value that was good for others is good here.
            let _ = context.set_config(Scope::Global, key, Some(ConfigValue::Float(value)));
        }
    }
    number
}

/// All contexts that are alive, oldest first.
pub(crate) fn seen() -> Vec<Seen> {
    let entries = watched().entries.clone();
    let alive = |entry: Entry| {
        Some(Seen { number: entry.number, kind: entry.kind, context: entry.context.upgrade()? })
    };
    entries.into_iter().filter_map(alive).collect()
}

/// Ends every context that is alive, also those of objects that a game never frees.
pub(crate) fn shut_down_all() {
    seen().iter().for_each(|seen| seen.context.shutdown());
}

impl Seen {
    /// Its connections. One that ends meanwhile is left out.
    pub(crate) fn connections(&self) -> Vec<SeenConnection> {
        self.context.connections().iter().filter_map(look_at).collect()
    }

    /// What it simulates, by the numbers of settings.
    pub(crate) fn simulated(&self) -> Vec<(i32, f32)> {
        let value = |key: &ConfigKey| {
            let found = self.context.config(Scope::Global, *key).ok()?;
            let value = found.value.as_f32().or_else(|| found.value.as_i32().map(|number| number as f32));
            Some((key.number(), value?))
        };
        SIMULATED.iter().filter_map(value).collect()
    }
}

fn look_at(connection: &Connection) -> Option<SeenConnection> {
    let lanes = match connection.status_with_lanes(LANES_MAX) {
        Err(StatusError::NoSuchLane { have, .. }) => have,
        _ => 0,
    };
    let (status, lanes) = connection.status_with_lanes(lanes).ok()?;
    Some(SeenConnection {
        handle: connection.handle().to_raw().into(),
        name: connection.name().ok()?,
        info: connection.info().ok()?,
        status,
        lanes,
    })
}

/// Sets one value of the simulated network, of the context with that number or, with 0, of all that are and will be.
///
/// # Errors
/// What is wrong with the arguments; then nothing has changed.
pub(crate) fn simulate(number: i64, setting: i64, value: f64) -> Result<(), String> {
    let key = i32::try_from(setting).ok().and_then(|number| ConfigKey::try_from(number).ok());
    let key = key
        .filter(|key| SIMULATED.contains(key))
        .ok_or_else(|| format!("{setting} is no setting of the simulated network"))?;
    if !(0.0..=f64::from(f32::MAX)).contains(&value) {
        return Err(format!("{key}: {value} is no value; give 0 or more"));
    }
    let value = value as f32;
    let set = |seen: &Seen| {
        let set = seen.context.set_config(Scope::Global, key, Some(ConfigValue::Float(value)));
        set.map_err(|why| format!("{key}: {why}"))
    };
    if number == 0 {
        // Remembered first: whoever comes meanwhile has it twice rather than not at all.
        watched().simulated.insert(key.number(), value);
        return seen().iter().try_for_each(set);
    }
    match seen().iter().find(|seen| seen.number == number) {
        Some(seen) => set(seen),
        None => Err(format!("there is no context with the number {number}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gamesockets::SocketPairKind;

    fn lag_of(seen: &Seen) -> f32 {
        let lag = ConfigKey::FakePacketLagSend.number();
        seen.simulated().iter().find(|(number, _)| *number == lag).unwrap().1
    }

    fn find(number: i64) -> Seen {
        seen().into_iter().find(|seen| seen.number == number).unwrap()
    }

    #[test]
    fn contexts_are_seen_while_they_are() {
        let context = Context::new().unwrap();
        let number = watch("Test", &context);
        let who = || gamesockets::Identity::localhost();
        let (a, _b) = context.socket_pair(SocketPairKind::Memory, [who(), who()]).unwrap();
        a.set_name("first").unwrap();
        a.configure_lanes(&[gamesockets::LaneConfig::default(); 3]).unwrap();
        let it = find(number);
        let connections = it.connections();
        assert_eq!(connections.len(), 2);
        assert_eq!((connections[0].name.as_str(), connections[0].lanes.len()), ("first", 3));
        drop((it, context));
        assert!(seen().iter().all(|seen| seen.number != number));
    }

    #[test]
    fn a_network_is_simulated_in_one_or_in_all() {
        let lag = i64::from(ConfigKey::FakePacketLagSend.number());
        let context = Context::new().unwrap();
        let it = find(watch("Test", &context));
        simulate(it.number, lag, 7.0).unwrap();
        assert_eq!(lag_of(&it), 7.0);
        simulate(0, lag, 9.0).unwrap();
        assert_eq!(lag_of(&it), 9.0);
        let later = Context::new().unwrap();
        assert_eq!(lag_of(&find(watch("Test", &later))), 9.0);
        simulate(0, lag, 0.0).unwrap();
        for (number, setting, value) in
            [(-1, lag, 1.0), (0, 12, 1.0), (0, i64::MAX, 1.0), (0, lag, -1.0), (0, lag, f64::NAN)]
        {
            assert!(simulate(number, setting, value).is_err(), "{number} {setting} {value}");
        }
        assert_eq!(lag_of(&it), 0.0);
    }
}
