//! The monitor as Godot sees it.

use super::{Seen, SeenConnection, seen, simulate};
use crate::api::{Int, Real};
use gamesockets::LaneStatus;
use godot::prelude::*;

/// Shows every context and connection of the running game, and changes the network that it simulates. The editor's
/// debugger panel is made of it; a game can use it for a screen of its own.
///
/// All objects of this class show the same.
#[derive(Debug, GodotClass)]
#[class(tool, init, base = RefCounted)]
struct NetworkingSocketsMonitor {}

#[godot_api]
impl NetworkingSocketsMonitor {
    /// Every context that is alive, oldest first, as a dictionary: `context` (its number), `kind` (the class that it
    /// belongs to), `identity`, `simulated` (a dictionary from the number of a `NETWORKING_CONFIG_FAKE_PACKET_*`
    /// setting to its value) and `connections`.
    ///
    /// A connection has the keys of `GetConnectionRealTimeStatus` (a `state` of 3 is connected, `ping` is in
    /// milliseconds, qualities are 0 to 1, rates are per second), and `connection` (the handle), `name`, `identity`,
    /// `remote_address`, `description`, `end_reason`, `end_debug` and `lanes`, an array with one dictionary for
    /// each lane. Looking takes the largest jitter away from whoever looks next.
    #[func]
    fn contexts(&self) -> Array<VarDictionary> {
        seen().iter().map(context).collect()
    }

    /// Sets one `NETWORKING_CONFIG_FAKE_PACKET_*` value, in percent or milliseconds, of the context with that number;
    /// with 0, of all that there are and those that will be made. Returns whether it was set; if not, an error line
    /// says why.
    #[func]
    fn simulate(&self, context: Int, setting: Int, value: Real) -> bool {
        let done = context.get("context").and_then(|context| {
            let (setting, value) = (setting.get("setting")?, value.get("value")?);
            simulate(context, setting, value)
        });
        match done {
            Ok(()) => true,
            Err(why) => {
                godot_error!("simulate: {why}");
                false
            }
        }
    }
}

fn context(seen: &Seen) -> VarDictionary {
    let connections: Array<VarDictionary> = seen.connections().iter().map(connection).collect();
    let mut simulated = VarDictionary::new();
    for (number, value) in seen.simulated() {
        simulated.set(i64::from(number), f64::from(value));
    }
    vdict! {
        "context" => seen.number,
        "kind" => &GString::from(seen.kind),
        "identity" => &GString::from(&seen.context.identity().to_string()),
        "simulated" => &simulated,
        "connections" => &connections,
    }
}

fn connection(seen: &SeenConnection) -> VarDictionary {
    let (info, status) = (&seen.info, &seen.status);
    let address = info.remote.map(|address| address.to_string()).unwrap_or_default();
    let lanes: Array<VarDictionary> = seen.lanes.iter().map(lane).collect();
    vdict! {
        "connection" => seen.handle,
        "name" => &GString::from(&seen.name),
        "identity" => &GString::from(&info.identity.to_string()),
        "remote_address" => &GString::from(&address),
        "description" => &GString::from(&info.description),
        "end_reason" => i64::from(info.end_reason.0),
        "end_debug" => &GString::from(&info.end_debug),
        "state" => i64::from(status.state as i32),
        "ping" => i64::from(status.ping_ms),
        "local_quality" => f64::from(status.quality_local),
        "remote_quality" => f64::from(status.quality_remote),
        "packets_out_per_second" => f64::from(status.out_packets_per_sec),
        "bytes_out_per_second" => f64::from(status.out_bytes_per_sec),
        "packets_in_per_second" => f64::from(status.in_packets_per_sec),
        "bytes_in_per_second" => f64::from(status.in_bytes_per_sec),
        "send_rate" => i64::from(status.send_rate_bytes_per_sec),
        "pending_unreliable" => i64::from(status.pending_unreliable),
        "pending_reliable" => i64::from(status.pending_reliable),
        "sent_unacknowledged_reliable" => i64::from(status.sent_unacked_reliable),
        "queue_time" => status.queue_time_us,
        "max_jitter" => i64::from(status.max_jitter_us),
        "lanes" => &lanes,
    }
}

fn lane(lane: &LaneStatus) -> VarDictionary {
    vdict! {
        "pending_unreliable" => i64::from(lane.pending_unreliable),
        "pending_reliable" => i64::from(lane.pending_reliable),
        "sent_unacknowledged_reliable" => i64::from(lane.sent_unacked_reliable),
        "queue_time" => lane.queue_time_us,
    }
}
