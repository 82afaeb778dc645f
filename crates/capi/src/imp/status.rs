//! What is known about connections.

use super::connections::connection;
use super::convert;
use super::instance::with;
use crate::abi::numbers::{INVALID_PARAM, NO_CONNECTION, OK};
use crate::abi::structs::{ConnInfo, LaneStatus, RealTimeStatus};
use crate::ffi::objects::{Interface, Sockets};
use crate::ffi::ptr::{Out, Text, TextRoom, zeroed};
use gamesockets::{LaneStatus as Lane, RealTimeStatus as Status, ResultCode};

/// Longest name that is looked at, bytes; 31 are kept.
const NAME_LOOKED_AT: usize = 256;
/// What is offered beyond the size of a text that did not fit: it may have grown by the next time.
const SPARE: usize = 1024;

pub(crate) fn info(_: Interface<Sockets>, conn: u32, info: Out<'_, ConnInfo>) -> bool {
    with(false, |context| {
        let Some(Ok(facts)) = connection(context, conn).map(|c| c.info()) else { return false };
        info.set(convert::info(&facts));
        true
    })
}

fn count(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

pub(super) fn status(from: &Status) -> RealTimeStatus {
    let mut status: RealTimeStatus = zeroed();
    status.state = from.state as i32;
    status.ping = from.ping_ms;
    status.quality_local = from.quality_local;
    status.quality_remote = from.quality_remote;
    status.out_packets_per_sec = from.out_packets_per_sec;
    status.out_bytes_per_sec = from.out_bytes_per_sec;
    status.in_packets_per_sec = from.in_packets_per_sec;
    status.in_bytes_per_sec = from.in_bytes_per_sec;
    status.send_rate_bytes_per_second = count(from.send_rate_bytes_per_sec);
    status.pending_unreliable = count(from.pending_unreliable);
    status.pending_reliable = count(from.pending_reliable);
    status.sent_unacked_reliable = count(from.sent_unacked_reliable);
    status.queue_time = from.queue_time_us;
    status.max_jitter = from.max_jitter_us;
    status
}

fn lane(from: &Lane) -> LaneStatus {
    let mut lane: LaneStatus = zeroed();
    lane.pending_unreliable = count(from.pending_unreliable);
    lane.pending_reliable = count(from.pending_reliable);
    lane.sent_unacked_reliable = count(from.sent_unacked_reliable);
    lane.queue_time = from.queue_time_us;
    lane
}

pub(crate) fn real_time(
    _: Interface<Sockets>,
    conn: u32,
    stats: Out<'_, RealTimeStatus>,
    lanes_count: i32,
    lanes: Out<'_, LaneStatus>,
) -> i32 {
    with(NO_CONNECTION, |context| {
        let Some(connection) = connection(context, conn) else { return NO_CONNECTION };
        let Ok(wanted) = usize::try_from(lanes_count) else { return INVALID_PARAM };
        if wanted > 0 && lanes.is_null() {
            return INVALID_PARAM;
        }
        match connection.status_with_lanes(wanted) {
            Ok((mut figures, of_lanes)) => {
                if connection.is_pipe() {
                    figures.queue_time_us = i64::MAX;
                }
                stats.set(status(&figures));
                of_lanes.iter().enumerate().for_each(|(i, figures)| lanes.set_at(i, lane(figures)));
                OK
            }
            Err(why) => ResultCode::from(&why) as i32,
        }
    })
}

pub(crate) fn detailed(_: Interface<Sockets>, conn: u32, buf: TextRoom<'_>, buf_len: i32) -> i32 {
    with(-1, |context| {
        let Some(Ok(text)) = connection(context, conn).map(|c| c.detailed_status()) else { return -1 };
        let room = if buf.is_null() { 0 } else { usize::try_from(buf_len).unwrap_or(0) };
        buf.put(&text, room);
        if room > text.len() { 0 } else { i32::try_from(text.len() + 1 + SPARE).unwrap_or(i32::MAX) }
    })
}

pub(crate) fn set_user_data(_: Interface<Sockets>, peer: u32, user_data: i64) -> bool {
    with(false, |context| connection(context, peer).is_some_and(|c| c.set_user_data(user_data).is_ok()))
}

pub(crate) fn user_data(_: Interface<Sockets>, peer: u32) -> i64 {
    with(-1, |context| connection(context, peer).and_then(|c| c.user_data().ok()).unwrap_or(-1))
}

pub(crate) fn set_name(_: Interface<Sockets>, peer: u32, name: Text<'_>) {
    let name = name.lossy(NAME_LOOKED_AT);
    with((), |context| {
        if let Some(connection) = connection(context, peer) {
            // It is named now, or was closed this moment: as good as before.
            let _ = connection.set_name(&name);
        }
    });
}

pub(crate) fn name(_: Interface<Sockets>, peer: u32, name: TextRoom<'_>, max_len: i32) -> bool {
    let room = if name.is_null() { 0 } else { usize::try_from(max_len).unwrap_or(0) };
    with(false, |context| {
        let Some(Ok(text)) = connection(context, peer).map(|c| c.name()) else { return false };
        name.put(&text, room);
        true
    })
}
