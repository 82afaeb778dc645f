//! `gamesockets bench scale`: many connections that talk like players, and how late their messages come.

use super::peer::{Library, PeerArgs, Scenario, Side};
use super::plot::{Axis, Lines, Series};
use super::report::number;
use super::scale_peer::{STAMP_BYTES, add_counts, times};
use super::{SLACK, cores};
use crate::exit::{Code, Failure};
use crate::process::Peer;
use crate::text::{bytes, digits, parse_seconds, table};
use clap::Args;
use hdrhistogram::Histogram;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// What setting up may take, for each connection and in any case.
const SET_UP_EACH: Duration = Duration::from_millis(20);
/// Connection attempts at one time.
const CONCURRENCY: usize = 64;
/// Time between two steps of the progress bar.
const TICK: Duration = Duration::from_millis(100);

const AFTER_HELP: &str = "\
Two processes on loopback, one with a listen socket, one with all the clients. When all connections are up, each of them
sends unreliable messages both ways at the given rate, spread evenly over the period; each process does it with one
thread that runs the library's loop itself, and reads through one poll group. Where there are two processors or more the
server is kept on the last and the clients on the first. With --threads each process has that many I/O threads of the
library and one thread that sends and looks for messages every half a millisecond, and no processor is chosen.

The delay of a message is the time from the call that sends it until the other process has it in hand, taken from the
monotonic clock of the system, which both processes share; the time when it was sent travels in the message. How late the
sender was with its call, against its schedule, is told beside it. Both directions count together.
Ends with code 1 if a connection was lost.

JSON keys (--json): bench, hz, bytes, seconds, threads, cpus, scales[]. Each scale: connections, set_up_seconds, lost_connections,
sent, refused (by the library, not counted as sent), received, lost_share (of those sent), messages_per_sec (received),
delay_p50_us, delay_p99_us, delay_p999_us, late_p50_us, late_p99_us, cpu_share_client, cpu_share_server (1 is one core,
while messages were sent), resident_bytes_client, resident_bytes_server; null where there is no value.

Examples:
  gamesockets bench scale
  gamesockets bench scale --connections 200 --hz 60 --seconds 10 --png scale.png";

/// Has many connections send messages both ways, like players.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct ScaleArgs {
    /// How many; one measurement for each number
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', default_value = "1000,10000",
        value_parser = clap::value_parser!(u32).range(1..=100_000))]
    connections: Vec<u32>,
    /// Messages per second of each connection, each way
    #[arg(long, default_value_t = 30.0, value_parser = parse_hz)]
    hz: f64,
    /// Bytes of a message
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(STAMP_BYTES as i64..=1000))]
    bytes: u32,
    /// How long, for each number of connections
    #[arg(long, value_parser = parse_seconds, default_value = "60")]
    seconds: Duration,
    /// I/O threads of each process [default: none, each runs the library's loop itself]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=64))]
    threads: Option<u32>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Draw the delays into this file
    #[arg(long, value_name = "FILE")]
    png: Option<PathBuf>,
}

fn parse_hz(text: &str) -> Result<f64, String> {
    let hz: f64 = text.parse().map_err(|_| format!("`{text}` is no number"))?;
    if (0.1..=1000.0).contains(&hz) { Ok(hz) } else { Err(format!("{hz} is not between 0.1 and 1000")) }
}

/// What one number of connections gave.
struct Outcome {
    connections: u32,
    client: Value,
    server: Value,
    delays: Histogram<u64>,
    late: Histogram<u64>,
}

pub(super) fn run(args: &ScaleArgs) -> Result<(), Failure> {
    let bar = ProgressBar::new(1000);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {msg}") {
        bar.set_style(style);
    }
    let mut all = Vec::new();
    for &connections in &args.connections {
        all.push(measure(args, connections, &bar)?);
    }
    bar.finish_and_clear();
    if args.json {
        println!("{}", json(args, &all));
    } else {
        lines(&all).iter().for_each(|line| println!("{line}"));
    }
    if let Some(path) = &args.png {
        picture(args, &all).save(path)?;
    }
    all.iter().find(|o| o.lost() > 0).map_or(Ok(()), |o| Err(o.failure()))
}

fn measure(args: &ScaleArgs, connections: u32, bar: &ProgressBar) -> Result<Outcome, Failure> {
    let count = connections as usize;
    let threads = args.threads.map_or(0, |n| n as usize);
    let cores = if threads == 0 { cores::pair() } else { None };
    let mut peer = PeerArgs {
        library: Library::Ours,
        side: Side::Server,
        scenario: Scenario::Scale,
        size: args.bytes as usize,
        span: args.seconds,
        warmup: Duration::from_millis(1),
        count,
        concurrency: CONCURRENCY,
        port: 0,
        hz: args.hz,
        threads,
        core: cores.map(|c| c.0),
    };
    bar.set_position(0);
    bar.set_message(format!("setting up {count} connections"));
    bar.enable_steady_tick(TICK);
    let mut server = Peer::start("the server", &peer.to_command_line())?;
    let port = server.expect("port", SLACK)?;
    peer.side = Side::Client;
    peer.core = cores.map(|c| c.1);
    peer.port = port.as_u64().and_then(|p| u16::try_from(p).ok()).unwrap_or(0);
    let mut client = Peer::start("the clients", &peer.to_command_line())?;
    client.expect("opened", SLACK + SET_UP_EACH * connections)?;
    server.say("go")?;
    client.say("go")?;
    bar.set_message(format!("{count} connections, {} messages per second each way", args.hz));
    let begin = Instant::now();
    while begin.elapsed() < args.seconds {
        bar.set_position((1000.0 * begin.elapsed().as_secs_f64() / args.seconds.as_secs_f64()) as u64);
        std::thread::sleep(TICK.min(args.seconds));
    }
    let from_client = client.expect("result", SLACK)?;
    let from_server = server.expect("result", SLACK)?;
    client.wait()?;
    server.wait()?;
    let (mut delays, mut late) = (times()?, times()?);
    for from in [&from_client, &from_server] {
        add_counts(&mut delays, &from["delays"]);
        add_counts(&mut late, &from["late"]);
    }
    Ok(Outcome { connections, client: from_client, server: from_server, delays, late })
}

/// `None` for a quantile of nothing.
fn quantile(times: &Histogram<u64>, quantile: f64) -> Option<u64> {
    (!times.is_empty()).then(|| times.value_at_quantile(quantile))
}

impl Outcome {
    /// A count of both sides together.
    fn both(&self, key: &str) -> u64 {
        [&self.client, &self.server].into_iter().filter_map(|v| v[key].as_u64()).sum()
    }

    /// Connections that one side or the other has not any more.
    fn lost(&self) -> u64 {
        let open = [&self.client, &self.server].map(|v| v["open"].as_u64().unwrap_or(0));
        u64::from(self.connections).saturating_sub(open.into_iter().min().unwrap_or(0))
    }

    fn lost_share(&self) -> f64 {
        1.0 - self.both("received") as f64 / self.both("sent") as f64
    }

    fn failure(&self) -> Failure {
        let why = [&self.client, &self.server].into_iter().filter_map(|v| v["last_end"].as_str());
        let why: Vec<&str> = why.filter(|text| !text.is_empty()).collect();
        let text =
            format!("{} of {} connections were lost ({})", self.lost(), self.connections, why.join(", "));
        Failure::new(Code::Failed, text)
    }

    fn json(&self, seconds: f64) -> Value {
        json!({
            "connections": self.connections,
            "set_up_seconds": self.client["set_up_seconds"],
            "lost_connections": self.lost(),
            "sent": self.both("sent"),
            "refused": self.both("refused"),
            "received": self.both("received"),
            "lost_share": number(self.lost_share()),
            "messages_per_sec": self.both("received") as f64 / seconds,
            "delay_p50_us": quantile(&self.delays, 0.5),
            "delay_p99_us": quantile(&self.delays, 0.99),
            "delay_p999_us": quantile(&self.delays, 0.999),
            "late_p50_us": quantile(&self.late, 0.5),
            "late_p99_us": quantile(&self.late, 0.99),
            "cpu_share_client": self.client["cpu_share"],
            "cpu_share_server": self.server["cpu_share"],
            "resident_bytes_client": self.client["resident_bytes"],
            "resident_bytes_server": self.server["resident_bytes"],
        })
    }

    fn cells(&self) -> Vec<String> {
        let us = |times, q| quantile(times, q).map_or_else(|| "-".into(), |us| us.to_string());
        let share = |from: &Value| digits(100.0 * from["cpu_share"].as_f64().unwrap_or(f64::NAN));
        let memory = |from: &Value| from["resident_bytes"].as_f64().map_or_else(|| "-".into(), bytes);
        vec![
            self.connections.to_string(),
            self.lost().to_string(),
            self.both("sent").to_string(),
            self.both("refused").to_string(),
            format!("{:.4} %", 100.0 * self.lost_share()),
            us(&self.delays, 0.5),
            us(&self.delays, 0.99),
            us(&self.delays, 0.999),
            us(&self.late, 0.99),
            format!("{} + {}", share(&self.client), share(&self.server)),
            format!("{} + {}", memory(&self.client), memory(&self.server)),
        ]
    }
}

fn json(args: &ScaleArgs, all: &[Outcome]) -> Value {
    let seconds = args.seconds.as_secs_f64();
    json!({
        "bench": "scale",
        "hz": args.hz,
        "bytes": args.bytes,
        "seconds": seconds,
        "threads": args.threads,
        "cpus": std::thread::available_parallelism().map_or(0, usize::from),
        "scales": all.iter().map(|o| o.json(seconds)).collect::<Vec<_>>(),
    })
}

fn lines(all: &[Outcome]) -> Vec<String> {
    let head = [
        "connections",
        "lost",
        "sent",
        "refused",
        "not received",
        "p50",
        "p99",
        "p99.9",
        "late p99",
        "CPU",
        "memory",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(all.iter().map(Outcome::cells));
    let mut lines = table(&rows);
    lines.push("Delays in microseconds; CPU in % of a core and memory: clients + server".into());
    lines
}

/// Which share of the messages came within which time.
fn picture(args: &ScaleArgs, all: &[Outcome]) -> Lines {
    let series = all.iter().map(|o| {
        let total = o.delays.len().max(1) as f64;
        let mut sum = 0.0;
        let points = o.delays.iter_recorded().map(|v| {
            sum += v.count_since_last_iteration() as f64;
            (v.value_iterated_to() as f64, 100.0 * sum / total)
        });
        Series { name: format!("{} connections", o.connections), points: points.collect() }
    });
    Lines {
        title: format!("Delay of {} B messages at {} Hz, both ways", args.bytes, args.hz),
        x: Axis { label: "microseconds".into(), log: true },
        y: Axis { label: "% received within".into(), log: false },
        series: series.collect(),
    }
}
