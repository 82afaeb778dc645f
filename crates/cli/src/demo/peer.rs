//! One process of the demonstration: its arguments, and what all of them share.

use super::protocol::{Ages, BULK_LANE, CHAT_LANE, STATE_HZ, STATE_LANE, Say, wall_us};
use super::view::LinkStatus;
use super::{StateResult, client, server};
use crate::exit::{Code, Failure};
use crate::net::{Net, Rates};
use crate::process::report;
use crate::text::parse_seconds;
use clap::ValueEnum;
use gamesockets::config::{ConfigKey, ConfigValue};
use gamesockets::{Connection, LaneConfig, LaneStatus, SendError, SendFlags};
use serde_json::json;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Most bytes that wait inside the library. The server puts in far less at a time; but when the other end is silent for a
/// while, all that is under way waits again.
const SEND_BUFFER_BYTES: i32 = 64 << 20;
const RECV_BUFFER_BYTES: i32 = 16 << 20;
const RECV_MESSAGES: i32 = 100_000;
/// Time between two reports to the parent.
pub(super) const REPORT_EVERY: Duration = Duration::from_millis(250);

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Role {
    Server,
    Client,
}

/// What a process of the demonstration is told.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct PeerArgs {
    #[arg(long)]
    pub(super) role: Role,
    #[arg(long)]
    pub(super) name: String,
    #[arg(long)]
    pub(super) port: u16,
    /// The file to send, or to write
    #[arg(long)]
    pub(super) file: PathBuf,
    #[arg(long, value_parser = parse_seconds)]
    pub(super) seconds: Duration,
    #[arg(long)]
    pub(super) loss: f32,
    #[arg(long)]
    pub(super) lag: u16,
    #[arg(long)]
    pub(super) rate: u64,
}

impl PeerArgs {
    pub(super) fn to_command_line(&self) -> Vec<OsString> {
        let role = if self.role == Role::Server { "server" } else { "client" };
        let mut out: Vec<OsString> = vec!["demo-peer".into(), "--file".into(), self.file.clone().into()];
        let mut add = |key: &str, value: String| out.extend([key.into(), value.into()]);
        add("--role", role.into());
        add("--name", self.name.clone());
        add("--port", self.port.to_string());
        add("--seconds", self.seconds.as_secs_f64().to_string());
        add("--loss", self.loss.to_string());
        add("--lag", self.lag.to_string());
        add("--rate", self.rate.to_string());
        out
    }

    /// The library with the bad network switched on.
    pub(super) fn net(&self) -> Result<Net, Failure> {
        let rates = Rates {
            rate: self.rate,
            send_buffer: SEND_BUFFER_BYTES,
            recv_buffer: RECV_BUFFER_BYTES,
            recv_messages: RECV_MESSAGES,
        };
        let mut options = rates.options();
        options.push((ConfigKey::FakePacketLossSend, ConfigValue::Float(self.loss)));
        options.push((ConfigKey::FakePacketLagSend, ConfigValue::Int32(self.lag.into())));
        Net::new(&options)
    }
}

/// Chat and state before the file: a smaller number is served first.
pub(super) fn set_up_lanes(connection: &Connection) -> Result<(), Failure> {
    let mut lanes = [LaneConfig::default(); 3];
    for (lane, priority) in [(CHAT_LANE, 0), (STATE_LANE, 0), (BULK_LANE, 1)] {
        if let Some(config) = lanes.get_mut(usize::from(lane)) {
            *config = LaneConfig { priority, weight: 1 };
        }
    }
    connection.configure_lanes(&lanes).map_err(|e| Failure::new(Code::Failed, e))
}

/// A figure that JSON can carry.
pub(super) fn known(value: f64) -> f64 {
    if value.is_finite() { value } else { -1.0 }
}

pub(super) fn state_result(ages: &mut Ages) -> StateResult {
    let (p50, p99) = ages.percentiles();
    StateResult { received: ages.count(), lost: ages.lost(), p50_ms: known(p50), p99_ms: known(p99) }
}

/// When state messages are due.
pub(super) struct Ticker {
    begin: Instant,
    ticks: u64,
    sent: u32,
}

impl Ticker {
    pub(super) fn new() -> Self {
        Self { begin: Instant::now(), ticks: 0, sent: 0 }
    }

    /// The number of the next message if one is due. Moments that were missed are not made up for.
    pub(super) fn due(&mut self) -> Option<u32> {
        let ticks = (self.begin.elapsed().as_secs_f64() * f64::from(STATE_HZ)) as u64;
        if ticks <= self.ticks {
            return None;
        }
        self.ticks = ticks;
        self.sent += 1;
        Some(self.sent)
    }
}

/// Sends a message; the end of a connection is told by an event.
pub(super) fn send(
    connection: &Connection,
    say: &Say<'_>,
    flags: SendFlags,
    lane: u16,
) -> Result<(), Failure> {
    ended_or(connection.send_on_lane(&say.encode(), flags, lane))
}

/// Sends where things are now; where there is no room, later ones will tell.
pub(super) fn send_state(connection: &Connection, number: u32) -> Result<(), Failure> {
    let state = Say::State { number, sent_us: wall_us() }.encode();
    match connection.send_on_lane(&state, SendFlags::NO_NAGLE, STATE_LANE) {
        Err(SendError::LimitExceeded { .. }) => Ok(()),
        result => ended_or(result),
    }
}

/// A connection that is over is told by an event, not here.
fn ended_or(result: Result<u64, SendError>) -> Result<(), Failure> {
    match result {
        Ok(_) | Err(SendError::NoConnection | SendError::BadHandle(_)) => Ok(()),
        Err(e) => Err(Failure::new(Code::Failed, e)),
    }
}

/// The figures of one direction, as its sender has them; `aged` ages are known already.
pub(super) fn link_status(
    connection: &Connection,
    from: &str,
    to: &str,
    ages: &Ages,
    aged: usize,
) -> LinkStatus {
    let mut link = LinkStatus { from: from.into(), to: to.into(), ..LinkStatus::default() };
    let Ok((status, lanes)) = connection.status_with_lanes(3) else { return link };
    let (p50, p99) = ages.recent(aged);
    let wait =
        |l: &LaneStatus| if l.queue_time_us == i64::MAX { -1.0 } else { l.queue_time_us as f64 / 1000.0 };
    link.ping_ms = status.ping_ms;
    link.loss_in = if status.quality_local < 0.0 { -1.0 } else { 1.0 - status.quality_local };
    link.state_lost = ages.lost();
    link.out_bytes_per_sec = status.out_bytes_per_sec;
    link.in_bytes_per_sec = status.in_bytes_per_sec;
    link.lane_delay_ms = lanes.iter().map(wait).collect();
    link.state_p50_ms = known(p50);
    link.state_p99_ms = known(p99);
    link
}

/// Plays the part.
pub(crate) fn run(args: &PeerArgs) -> Result<(), Failure> {
    let result = match args.role {
        Role::Server => server::run(args),
        Role::Client => client::run(args),
    };
    if let Err(error) = &result {
        report(&json!({ "error": error.to_string() }))?;
    }
    result
}
