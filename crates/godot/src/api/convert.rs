//! From the face's values to Godot's, key by key.

use super::options::Callables;
use super::record::{Key, Record};
use crate::face::config::Setting;
use crate::face::{Arrived, FAKE_IP_IDENTITY, Facts, Happened, LaneFigures, RealTime, Sent};
use gamesockets::config::ConfigValue;
use godot::classes::Object;
use godot::prelude::*;

/// Which channel of the messages interface: none, here.
const NO_CHANNEL: i64 = -1;

/// The state of a connection whose handle is gone.
const GONE: i64 = 0;

/// The keys of a connection, without how `end_reason` looks.
fn facts_but_reason(facts: &Facts) -> VarDictionary {
    vdict! {
        "identity" => &GString::from(&facts.identity),
        "user_data" => facts.user_data,
        "listen_socket" => facts.listen_socket,
        "remote_address" => &GString::from(&facts.remote_address),
        "remote_pop" => 0_i64,
        "pop_relay" => 0_i64,
        "connection_state" => facts.state,
        "end_debug" => &GString::from(&facts.end_debug),
        "debug_description" => &GString::from(&facts.description),
        "flags" => facts.flags,
        "end_reason_code" => facts.end_reason,
    }
}

pub(super) fn info(facts: &Facts) -> VarDictionary {
    let mut dictionary = facts_but_reason(facts);
    dictionary.set("end_reason", facts.end_reason);
    dictionary
}

fn info_of_signal(facts: &Facts) -> VarDictionary {
    let mut dictionary = facts_but_reason(facts);
    dictionary.set("end_reason", &GString::from(&facts.end_reason.to_string()));
    dictionary
}

fn lane(figures: &LaneFigures) -> VarDictionary {
    vdict! {
        "pending_unreliable" => figures.pending_unreliable,
        "pending_reliable" => figures.pending_reliable,
        "sent_unacknowledged_reliatble" => figures.unacknowledged,
        "sent_unacknowledged_reliable" => figures.unacknowledged,
        "queue_time" => figures.queue_time,
    }
}

pub(super) fn real_time(status: &RealTime, get_status: bool) -> VarDictionary {
    let figures = &status.figures;
    let connection = if get_status {
        vdict! {
            "state" => i64::from(figures.state as i32),
            "ping" => i64::from(figures.ping_ms),
            "local_quality" => f64::from(figures.quality_local),
            "remote_quality" => f64::from(figures.quality_remote),
            "packets_out_per_second" => f64::from(figures.out_packets_per_sec),
            "bytes_out_per_second" => f64::from(figures.out_bytes_per_sec),
            "packets_in_per_second" => f64::from(figures.in_packets_per_sec),
            "bytes_in_per_second" => f64::from(figures.in_bytes_per_sec),
            "send_rate" => i64::from(figures.send_rate_bytes_per_sec),
            "pending_unreliable" => i64::from(figures.pending_unreliable),
            "pending_reliable" => i64::from(figures.pending_reliable),
            "send_unacknowledged_reliable" => i64::from(figures.sent_unacked_reliable),
            "sent_unacknowledged_reliable" => i64::from(figures.sent_unacked_reliable),
            "queue_time" => figures.queue_time_us,
            "max_jitter" => i64::from(figures.max_jitter_us),
        }
    } else {
        VarDictionary::new()
    };
    let lanes: VarArray = status.lanes.iter().map(|figures| lane(figures).to_variant()).collect();
    vdict! { "response" => crate::face::results::OK, "connection_status" => &connection, "lanes_status" => &lanes }
}

pub(super) fn sent(sent: Sent) -> VarDictionary {
    let mut record = Record::new();
    record.put(Key::Result, sent.result.to_variant());
    record.put(Key::MessageNumber, sent.number.to_variant());
    record.done()
}

pub(super) fn messages<'a>(arrived: &'a [Arrived]) -> VarArray {
    // Mostly they are all of one peer.
    let mut identity = ("", GString::new().to_variant());
    let one = |message: &'a Arrived| {
        if *message.identity != *identity.0 {
            identity = (&message.identity, GString::from(&*message.identity).to_variant());
        }
        message_of(message, &identity.1).to_variant()
    };
    arrived.iter().map(one).collect()
}

fn message_of(message: &Arrived, identity: &Variant) -> VarDictionary {
    let size = i64::try_from(message.payload.len()).unwrap_or(i64::MAX);
    let mut record = Record::new();
    let mut put = |key, value| record.put(key, value);
    put(Key::Payload, PackedByteArray::from(&message.payload[..]).to_variant());
    put(Key::Size, size.to_variant());
    put(Key::Connection, message.connection.to_variant());
    put(Key::Identity, identity.clone());
    put(Key::UserData, message.user_data.to_variant());
    put(Key::TimeReceived, message.time.to_variant());
    put(Key::MessageNumber, message.number.to_variant());
    put(Key::Channel, NO_CHANNEL.to_variant());
    put(Key::Flags, message.flags.to_variant());
    put(Key::ReceiverUserData, message.user_data.to_variant());
    put(Key::SenderUserData, 0_i64.to_variant());
    put(Key::Lane, message.lane.to_variant());
    put(Key::PayloadString, text_of(&message.payload).to_variant());
    record.done()
}

/// Bytes as text, as well as that goes. It ends at a zero byte, as text of Godot's does.
fn text_of(bytes: &[u8]) -> GString {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let text = String::from_utf8_lossy(bytes.get(..end).unwrap_or_default());
    GString::from(&*text)
}

pub(super) fn setting(setting: &Setting) -> VarDictionary {
    let value = match &setting.value {
        None => Variant::nil(),
        Some(ConfigValue::Int32(number)) => i64::from(*number).to_variant(),
        Some(ConfigValue::Int64(number)) => number.to_variant(),
        Some(ConfigValue::Float(number)) => f64::from(*number).to_variant(),
        Some(ConfigValue::String(text)) => GString::from(&**text).to_variant(),
        Some(ConfigValue::Ptr(number)) => number.cast_signed().to_variant(),
    };
    let kind = setting.value.as_ref().map_or(0, |value| i64::from(value.data_type().number()));
    vdict! { "result" => setting.result, "type" => kind, "value" => &value }
}

/// Emits the signal of an event, and calls the callable that the connection has for it.
pub(super) fn tell(object: &mut Gd<Object>, callables: &Callables, event: Happened) {
    match event {
        Happened::Status { connection, facts, old, callback } => {
            let values = [connection.to_variant(), info_of_signal(&facts).to_variant(), old.to_variant()];
            object.emit_signal("network_connection_status_changed", &values);
            if let Some(callable) = callables.get(callback) {
                callable.call(&values);
            }
            // Its own, not inherited: nothing more will be told of it.
            if facts.state == GONE && facts.listen_socket == 0 {
                callables.let_go(callback);
            }
        }
        Happened::Authentication { available, message } => {
            let values = [available.to_variant(), GString::from(&message).to_variant()];
            object.emit_signal("network_authentication_status", &values);
        }
        Happened::FakeIp { result } => {
            let values = [
                result.to_variant(),
                GString::from(FAKE_IP_IDENTITY).to_variant(),
                GString::from("0.0.0.0").to_variant(),
                VarArray::new().to_variant(),
            ];
            object.emit_signal("fake_ip_result", &values);
        }
    }
}
