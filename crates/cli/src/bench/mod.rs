//! `gamesockets bench`: how fast and how light, beside plain UDP on the same machine at the same time.

mod connections;
mod ours;
pub(crate) mod peer;
pub(crate) mod plot;
mod raw;
mod report;
pub(crate) mod stats;

use crate::exit::Failure;
use crate::process::Peer;
use crate::text::parse_seconds;
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use peer::{Library, PeerArgs, Scenario, Side};
use report::{Figure, Report};
use serde_json::{Value, json};
use std::time::Duration;

/// Bytes of the largest datagram of plain UDP: what fits through every path together with headers.
const RAW_DATAGRAM_BYTES_MAX: usize = 1200;
/// What a process may take beyond the time it measures.
const SLACK: Duration = Duration::from_secs(60);
/// Connection attempts at one time, set-ups and idle connections.
const CONCURRENCY: usize = 32;

const AFTER_HELP: &str = "\
Every figure is taken from two processes on loopback, ours and plain UDP by turns; the table shows medians over the runs.
Plain UDP (raw) uses the same batching (segmentation offload, 64 datagrams per call) without encryption or reliability:
  reliable_N     received bytes per second; raw: datagrams of N bytes, at most 1200, as many as get through
  reliable_N_per_cpu  received bytes per second that both processes took of the processors, from start to end
  unreliable_64  received messages per second; raw: datagrams of 64 bytes
  ping_pong_*    round trip of a 64-byte message, one at a time; raw: the same with datagrams
  set_ups        connections per second, 32 attempts at one time; raw: a new socket and two round trips of 512 bytes
  idle_*         resident memory per idle connection; raw: a socket, and an entry in a table of addresses

Each measurement waits for a quiet moment (not with --quick) and notes what other programs took of the processor; values
taken while they took more than 15 % of a core are left out where at least three others remain, else the row is NOISY.

JSON keys (--json): bench, runs, seconds, cpus, rows[]. Each row: key, name, unit, ours, raw, ratio (ours / raw), noisy,
ours_runs[], raw_runs[]; null where there is no value.

Examples:
  gamesockets bench
  gamesockets bench --quick --json
  gamesockets bench --only reliable,ping
  gamesockets bench connections --count 10000 --seconds 60";

/// Measures throughput, latency, set-ups and memory beside plain UDP.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP, args_conflicts_with_subcommands = true)]
pub(crate) struct BenchArgs {
    #[command(subcommand)]
    part: Option<Part>,
    /// One short run of everything
    #[arg(long)]
    quick: bool,
    /// Runs of each measurement [default: 3, with --quick 1]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100))]
    runs: Option<u32>,
    /// Length of one measurement [default: 2, with --quick 0.5]
    #[arg(long, value_name = "SECONDS", value_parser = parse_seconds)]
    seconds: Option<Duration>,
    /// Idle connections [default: 1000, with --quick 200]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    idle: Option<u32>,
    /// Only rows whose key contains one of these, comma separated
    #[arg(long, value_name = "KEYS", value_delimiter = ',')]
    only: Vec<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Part {
    Connections(connections::ConnectionsArgs),
}

/// One thing to measure, and how to read the children's results.
struct Measurement {
    key: String,
    scenario: Scenario,
    size: usize,
    count: usize,
}

struct Settings {
    /// Wait for quiet moments.
    patient: bool,
    runs: u32,
    span: Duration,
    idle: usize,
}

pub(crate) fn run(args: &BenchArgs) -> Result<(), Failure> {
    if let Some(Part::Connections(args)) = &args.part {
        return connections::run(args);
    }
    let default_span = if args.quick { Duration::from_millis(500) } else { Duration::from_secs(2) };
    let settings = Settings {
        patient: !args.quick,
        runs: args.runs.unwrap_or(if args.quick { 1 } else { 3 }),
        span: args.seconds.unwrap_or(default_span),
        idle: args.idle.unwrap_or(if args.quick { 200 } else { 1000 }) as usize,
    };
    let wanted =
        |m: &Measurement| args.only.is_empty() || args.only.iter().any(|word| m.key.contains(word.as_str()));
    let list: Vec<Measurement> = measurements(&settings).into_iter().filter(wanted).collect();
    if list.is_empty() {
        let text = format!("--only {} matches no row; see --help for the keys", args.only.join(","));
        return Err(Failure::new(crate::exit::Code::Usage, text));
    }
    let report = measure(&settings, &list)?;
    if args.json {
        let cpus = std::thread::available_parallelism().map_or(0, usize::from);
        let all = json!({
            "bench": "gamesockets",
            "runs": settings.runs,
            "seconds": settings.span.as_secs_f64(),
            "cpus": cpus,
            "rows": report.rows_json(),
        });
        println!("{all}");
    } else {
        for line in report.lines() {
            println!("{line}");
        }
    }
    Ok(())
}

fn measurements(settings: &Settings) -> Vec<Measurement> {
    let mut list = Vec::new();
    let mut add = |key: &str, scenario, size, count| {
        list.push(Measurement { key: key.into(), scenario, size, count });
    };
    for size in [64, 1024, 16 * 1024, 256 * 1024] {
        add(&format!("reliable_{size}"), Scenario::Reliable, size, 1);
    }
    add("unreliable_64", Scenario::Unreliable, 64, 1);
    add("ping_pong", Scenario::PingPong, 64, 1_000_000);
    add("set_ups", Scenario::Setup, 64, 1);
    add("idle", Scenario::Idle, 64, settings.idle);
    list
}

fn measure(settings: &Settings, list: &[Measurement]) -> Result<Report, Failure> {
    let mut report = Report::default();
    let bar = ProgressBar::new(list.len() as u64 * u64::from(settings.runs) * 2);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}") {
        bar.set_style(style);
    }
    // Runs outside, so that a slow moment of the machine does not fall on one row alone.
    for _ in 0..settings.runs {
        for measurement in list {
            for library in [Library::Ours, Library::Raw] {
                bar.set_message(measurement.key.clone());
                if settings.patient {
                    stats::wait_quiet();
                }
                let (figures, noise) = one(settings, measurement, library)?;
                figures.iter().for_each(|figure| report.add(figure, library == Library::Ours, noise));
                bar.inc(1);
            }
        }
    }
    bar.finish_and_clear();
    Ok(report)
}

/// One pair of processes, from start to end; figures, and how much other programs disturbed.
fn one(settings: &Settings, m: &Measurement, library: Library) -> Result<(Vec<Figure>, f64), Failure> {
    let noise = stats::Noise::start();
    let mut args = PeerArgs {
        library,
        side: Side::Server,
        scenario: m.scenario,
        size: m.size,
        span: settings.span,
        warmup: settings.span / 5,
        count: m.count,
        concurrency: CONCURRENCY,
        port: 0,
    };
    let about = |failure: Failure| failure.about(&m.key);
    let mut server = Peer::start("the server", &args.to_command_line())?;
    let port = server.expect("port", SLACK).map_err(about)?;
    args.side = Side::Client;
    args.port = port.as_u64().and_then(|p| u16::try_from(p).ok()).unwrap_or(0);
    let mut client = Peer::start("the client", &args.to_command_line())?;
    let within = settings.span * 3 + SLACK;
    let from_client = client.expect("result", within).map_err(about)?;
    server.hang_up();
    let from_server = server.expect("result", within).map_err(about)?;
    let cpu = |from: &Value| from.get("cpu_seconds").and_then(Value::as_f64).unwrap_or(0.0);
    let noise = noise.share(cpu(&from_server) + cpu(&from_client));
    client.wait()?;
    server.wait()?;
    Ok((figures(m, &from_server, &from_client), noise))
}

fn figures(m: &Measurement, server: &Value, client: &Value) -> Vec<Figure> {
    let get = |from: &Value, key: &str| from.get(key).and_then(Value::as_f64).unwrap_or(f64::NAN);
    let one = |key: &str, name: &str, unit, value| Figure { key: key.into(), name: name.into(), unit, value };
    match m.scenario {
        Scenario::Reliable => {
            let name = format!("reliable, {} B", m.size);
            let cpu = get(server, "cpu_seconds") + get(client, "cpu_seconds");
            let key = format!("{}_per_cpu", m.key);
            vec![
                one(&m.key, &name, "MB/s", get(server, "bytes_per_sec") / 1e6),
                one(&key, "  per CPU second", "MB", get(server, "received_bytes") / 1e6 / cpu),
            ]
        }
        Scenario::Unreliable => {
            let (sent, received) = (get(client, "sent"), get(server, "received"));
            vec![
                one(&m.key, "unreliable, 64 B", "k/s", get(server, "messages_per_sec") / 1e3),
                one("unreliable_64_lost", "  of these lost", "%", 100.0 * (1.0 - received / sent)),
            ]
        }
        Scenario::PingPong => vec![
            one("ping_pong_p50", "ping-pong 64 B, p50", "us", get(client, "p50_us")),
            one("ping_pong_p99", "ping-pong 64 B, p99", "us", get(client, "p99_us")),
        ],
        Scenario::Setup => vec![one(&m.key, "set-ups", "1/s", get(client, "set_ups_per_sec"))],
        Scenario::Idle | Scenario::Hold => {
            let each = |from: &Value| get(from, "grown_bytes") / get(from, "connections");
            vec![
                one("idle_server", "idle connection, server", "bytes", each(server)),
                one("idle_client", "idle connection, client", "bytes", each(client)),
            ]
        }
    }
}
