//! `gamesockets ping`: how a connection fares.

use crate::exit::{Code, Failure};
use crate::net::{Net, News, resolve, stop_requested};
use crate::screen::Screen;
use crate::text::{bytes, digits, parse_seconds, table};
use clap::Args;
use gamesockets::{Connection, LaneConfig, LaneStatus, RealTimeStatus, SendFlags};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Port of a server that names none, as of `gamesockets serve`.
const PORT: u16 = crate::serve::PORT;
/// Bytes of a message that still goes into one packet.
const PROBE_BYTES_MAX: u32 = 1200;

const AFTER_HELP: &str = "\
Any server of this protocol that accepts connections will do, for example `gamesockets serve`. The figures are those of
the transport itself; a round trip is measured when packets flow, so an idle connection learns little: --probe has an
unreliable message of that many bytes sent each time (a chat server would take it for a line).

JSON lines (--json): event `connected` (address), then `status` per interval (n, ping_ms, jitter_us, quality_local,
quality_remote, out_packets_per_sec, out_bytes_per_sec, in_packets_per_sec, in_bytes_per_sec, send_rate_bytes_per_sec,
lanes[]: pending_reliable, pending_unreliable, unacked_reliable, queue_us), then `end` (count, ping_min_ms, ping_avg_ms,
ping_max_ms). Unknown figures are null.

Examples:
  gamesockets ping 192.0.2.7
  gamesockets ping localhost:27022 --count 10 --interval 0.5 --probe 64 --json";

/// Connects and shows round trip, quality, rates and queues.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct PingArgs {
    /// Address of a server; without a port 27022
    address: String,
    /// End after so many lines; without it, when interrupted
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// Time between two lines
    #[arg(long, value_name = "SECONDS", value_parser = parse_seconds, default_value = "1")]
    interval: Duration,
    /// Bytes of a message to send each time
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u32).range(0..=i64::from(PROBE_BYTES_MAX)))]
    probe: Option<u32>,
    /// Lanes to set up and show
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..))]
    lanes: u8,
    /// Print JSON lines
    #[arg(long)]
    json: bool,
}

/// The round trips seen.
#[derive(Default)]
struct Seen {
    count: u64,
    known: u64,
    sum: i64,
    min: Option<i32>,
    max: Option<i32>,
}

pub(crate) fn run(args: &PingArgs) -> Result<(), Failure> {
    let mut net = Net::new(&[])?;
    let to = resolve(&args.address, PORT)?;
    let connection = net.connect_and_wait(to)?;
    let lanes = vec![LaneConfig::default(); usize::from(args.lanes)];
    connection.configure_lanes(&lanes).map_err(|e| Failure::new(Code::Failed, e))?;
    if args.json {
        println!("{}", json!({ "event": "connected", "address": to.to_string() }));
    } else {
        println!("connected {to}");
    }
    let stop = stop_requested()?;
    let mut screen = Screen::new(!args.json);
    let mut seen = Seen::default();
    while !stop.is_set() && args.count.is_none_or(|count| seen.count < count) {
        pause(args, &mut net, &connection)?;
        let figures = connection.status_with_lanes(lanes.len());
        let (status, lanes) = figures.map_err(|e| Failure::new(Code::Failed, e))?;
        seen.add(&status);
        show(args, &mut screen, &seen, &status, &lanes)?;
    }
    if args.json {
        println!("{}", seen.json());
    } else {
        println!("{}", seen.line());
    }
    net.leave(&connection, "goodbye")
}

/// Lets one interval pass, and the probe through.
fn pause(args: &PingArgs, net: &mut Net, connection: &Connection) -> Result<(), Failure> {
    let until = Instant::now() + args.interval;
    if let Some(size) = args.probe {
        // One that is not taken is a lost probe, as one on the way; the end of the connection is an event.
        let _ = connection.send(&vec![0x70; size as usize], SendFlags::NO_NAGLE);
    }
    let stop = stop_requested()?;
    while Instant::now() < until && !stop.is_set() {
        let left = until.saturating_duration_since(Instant::now());
        for news in net.wait(left.min(Duration::from_millis(50)))? {
            if let News::Ended(_, end) = news {
                return Err(end.failure());
            }
        }
        // Answers are of no interest, but must not pile up.
        net.messages();
    }
    Ok(())
}

fn show(
    args: &PingArgs,
    screen: &mut Screen,
    seen: &Seen,
    status: &RealTimeStatus,
    lanes: &[LaneStatus],
) -> Result<(), Failure> {
    if args.json {
        println!("{}", status_json(seen.count, status, lanes));
    } else if screen.is_live() {
        screen.draw(&live(seen, status, lanes))?;
    } else {
        println!("{}", brief(seen, status, lanes));
    }
    Ok(())
}

fn status_json(n: u64, s: &RealTimeStatus, lanes: &[LaneStatus]) -> Value {
    let known = |n: i64| if n < 0 || n == i64::MAX { Value::Null } else { json!(n) };
    let share = |q: f32| if q < 0.0 { Value::Null } else { json!(q) };
    let lane = |l: &LaneStatus| {
        json!({
            "pending_reliable": l.pending_reliable,
            "pending_unreliable": l.pending_unreliable,
            "unacked_reliable": l.sent_unacked_reliable,
            "queue_us": known(l.queue_time_us),
        })
    };
    json!({
        "event": "status",
        "n": n,
        "ping_ms": known(s.ping_ms.into()),
        "jitter_us": known(s.max_jitter_us.into()),
        "quality_local": share(s.quality_local),
        "quality_remote": share(s.quality_remote),
        "out_packets_per_sec": s.out_packets_per_sec,
        "out_bytes_per_sec": s.out_bytes_per_sec,
        "in_packets_per_sec": s.in_packets_per_sec,
        "in_bytes_per_sec": s.in_bytes_per_sec,
        "send_rate_bytes_per_sec": s.send_rate_bytes_per_sec,
        "lanes": lanes.iter().map(lane).collect::<Vec<_>>(),
    })
}

fn percent(share: f32) -> String {
    if share < 0.0 { "-".into() } else { format!("{:.1} %", 100.0 * share) }
}

fn loss(quality: f32) -> String {
    if quality < 0.0 { "-".into() } else { percent(1.0 - quality) }
}

fn ms(n: i32) -> String {
    if n < 0 { "-".into() } else { format!("{n} ms") }
}

fn queue(us: i64) -> String {
    if us == i64::MAX { "-".into() } else { format!("{} ms", digits(us as f64 / 1000.0)) }
}

/// One line, for output that is not a terminal.
fn brief(seen: &Seen, s: &RealTimeStatus, lanes: &[LaneStatus]) -> String {
    let queues: Vec<String> = lanes.iter().map(|l| queue(l.queue_time_us)).collect();
    format!(
        "{:4}  RTT {}  quality here {} there {}  out {}/s in {}/s  queue {}",
        seen.count,
        ms(s.ping_ms),
        percent(s.quality_local),
        percent(s.quality_remote),
        bytes(s.out_bytes_per_sec.into()),
        bytes(s.in_bytes_per_sec.into()),
        queues.join(" ")
    )
}

fn live(seen: &Seen, s: &RealTimeStatus, lanes: &[LaneStatus]) -> Vec<String> {
    let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
    let rate = |packets: f32, n: f32| format!("{packets:.0} packets, {}/s", bytes(n.into()));
    let mut lines = vec![seen.line()];
    lines.extend(table(&[
        row(["", "from us", "to us"]),
        row(["quality", &percent(s.quality_remote), &percent(s.quality_local)]),
        row(["loss", &loss(s.quality_remote), &loss(s.quality_local)]),
        row([
            "rate",
            &rate(s.out_packets_per_sec, s.out_bytes_per_sec),
            &rate(s.in_packets_per_sec, s.in_bytes_per_sec),
        ]),
    ]));
    lines.push(format!(
        "RTT now {}, largest jitter {}, allowed rate {}/s",
        ms(s.ping_ms),
        if s.max_jitter_us < 0 { "-".into() } else { format!("{} us", s.max_jitter_us) },
        bytes(s.send_rate_bytes_per_sec.into())
    ));
    let mut rows = vec![
        ["lane", "wait", "reliable waiting", "under way", "unreliable waiting"].map(str::to_owned).to_vec(),
    ];
    rows.extend(lanes.iter().enumerate().map(|(i, l)| {
        vec![
            i.to_string(),
            queue(l.queue_time_us),
            bytes(l.pending_reliable.into()),
            bytes(l.sent_unacked_reliable.into()),
            bytes(l.pending_unreliable.into()),
        ]
    }));
    lines.extend(table(&rows));
    lines
}

impl Seen {
    fn add(&mut self, status: &RealTimeStatus) {
        self.count += 1;
        let ping = status.ping_ms;
        if ping >= 0 {
            self.known += 1;
            self.sum += i64::from(ping);
            self.min = Some(self.min.map_or(ping, |m| m.min(ping)));
            self.max = Some(self.max.map_or(ping, |m| m.max(ping)));
        }
    }

    fn average(&self) -> Option<f64> {
        (self.known > 0).then(|| self.sum as f64 / self.known as f64)
    }

    fn line(&self) -> String {
        match (self.min, self.average(), self.max) {
            (Some(min), Some(avg), Some(max)) => {
                format!("{} looks, RTT min {min} avg {avg:.1} max {max} ms", self.count)
            }
            _ => format!("{} looks, RTT unknown", self.count),
        }
    }

    fn json(&self) -> Value {
        json!({
            "event": "end",
            "count": self.count,
            "ping_min_ms": self.min,
            "ping_avg_ms": self.average(),
            "ping_max_ms": self.max,
        })
    }
}
