//! `gamesockets bench`: how fast and how light, beside plain UDP on the same machine at the same time.

mod connections;
mod cores;
mod ours;
pub(crate) mod peer;
mod plot;
mod rate;
mod raw;
mod report;
mod scale;
mod scale_peer;
mod sealed;
pub(crate) mod stats;

use crate::exit::Failure;
use crate::process::Peer;
use crate::text::{digits, parse_seconds};
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use peer::{Library, PeerArgs, Scenario, Side};
use report::{Figure, Report};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Bytes of the largest datagram of plain UDP: what fits through every path together with headers.
const RAW_DATAGRAM_BYTES_MAX: usize = 1200;
/// What a process may take beyond the time it measures.
const SLACK: Duration = Duration::from_secs(60);
/// Connection attempts at one time, set-ups and idle connections.
const CONCURRENCY: usize = 32;

/// How long a process may take to answer a question while it measures.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

const AFTER_HELP: &str = "\
Every figure is taken from two processes on loopback, ours and plain UDP by turns; the table shows medians over the runs.
Plain UDP (raw) uses the same batching (segmentation offload, 64 datagrams per call) without encryption or reliability:
  reliable_N     received bytes per second; raw: datagrams of N bytes, at most 1200, as many as get through
  reliable_N_per_cpu  received bytes per second that both processes took of the processors, from start to end
  raw_sealed     no figure of ours; raw: datagrams of 1300 bytes like ours, each sealed with AES-256-GCM by the sender
                 and opened by the receiver, 48 per call; received bytes inside of them per second
  raw_sealed_single  the same with a call to the system for each datagram
  unreliable_64  received messages per second; raw: datagrams of 64 bytes
  ping_pong_*    round trip of a 64-byte message, one at a time; raw: the same with datagrams
  ping_pong_busy_*  the same while both sides ask for news all the time and never sleep
  set_ups        connections per second, 32 attempts at one time; raw: a new socket and two round trips of 512 bytes
  connect_p50    from connect() until the client is connected, one at a time; raw: as for set_ups
  idle_server, idle_client  resident memory per idle connection; raw: a socket, and an entry in a table of addresses
  idle_cpu_*     what all idle connections together (--idle) take of a core, in %

Where there are two processors or more, the server is kept on the last and the client on the first for reliable_*,
raw_sealed*, unreliable_64 and ping_pong_busy_*; for all others the system chooses.
Each measurement waits for a quiet moment (not with --quick) and notes what other programs took of the processor; values
taken while they took more than 15 % of a core are left out where at least three others remain, else the row is NOISY.

JSON keys (--json): bench, runs, seconds, idle_connections, cpus, bulk_over_raw_sealed (the better of reliable_16384 and
reliable_262144 by raw_sealed), ping_p50_over_raw (ping_pong_p50, ours by raw), rows[]. Each row: key, name, unit, ours,
raw, ratio (ours / raw), noisy, ours_runs[], raw_runs[]; null where there is no value.

Examples:
  gamesockets bench
  gamesockets bench --quick --json
  gamesockets bench --only reliable,raw_sealed,ping --png speed.png
  gamesockets bench scale
  gamesockets bench rate
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
    /// Idle connections [default: 5000, with --quick 200]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    idle: Option<u32>,
    /// How long the idle connections are watched [default: 12, with --quick 1]
    #[arg(long, value_name = "SECONDS", value_parser = parse_seconds)]
    idle_seconds: Option<Duration>,
    /// Only rows whose key contains one of these, comma separated
    #[arg(long, value_name = "KEYS", value_delimiter = ',')]
    only: Vec<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Draw the figures into this file
    #[arg(long, value_name = "FILE")]
    png: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Part {
    Scale(scale::ScaleArgs),
    Connections(connections::ConnectionsArgs),
    Rate(rate::RateArgs),
}

/// Round trips of one measurement at most.
const ROUND_TRIPS_MAX: usize = 1_000_000;
/// Ours, and plain UDP beside it.
const BOTH: &[Library] = &[Library::Ours, Library::Raw];

/// Pairs of processes of one run, each with one library.
struct Measurement {
    key: String,
    name: String,
    libraries: &'static [Library],
    scenario: Scenario,
    size: usize,
    count: usize,
    concurrency: usize,
    span: Duration,
    /// Each process has a processor of its own.
    pinned: bool,
}

struct Settings {
    /// Wait for quiet moments.
    patient: bool,
    runs: u32,
    span: Duration,
    idle: usize,
    idle_span: Duration,
}

impl Settings {
    fn new(args: &BenchArgs) -> Self {
        let seconds = |full: f64, quick: f64| Duration::from_secs_f64(if args.quick { quick } else { full });
        Self {
            patient: !args.quick,
            runs: args.runs.unwrap_or(if args.quick { 1 } else { 3 }),
            span: args.seconds.unwrap_or_else(|| seconds(2.0, 0.5)),
            idle: args.idle.unwrap_or(if args.quick { 200 } else { 5000 }) as usize,
            idle_span: args.idle_seconds.unwrap_or_else(|| seconds(12.0, 1.0)),
        }
    }
}

pub(crate) fn run(args: &BenchArgs) -> Result<(), Failure> {
    match &args.part {
        Some(Part::Connections(args)) => return connections::run(args),
        Some(Part::Scale(args)) => return scale::run(args),
        Some(Part::Rate(args)) => return rate::run(args),
        None => {}
    }
    let settings = Settings::new(args);
    let wanted =
        |m: &Measurement| args.only.is_empty() || args.only.iter().any(|word| m.key.contains(word.as_str()));
    let list: Vec<Measurement> = measurements(&settings).into_iter().filter(wanted).collect();
    if list.is_empty() {
        let text = format!("--only {} matches no row; see --help for the keys", args.only.join(","));
        return Err(Failure::new(crate::exit::Code::Usage, text));
    }
    let report = measure(&settings, &list)?;
    let bulk = report.best_over(&["reliable_16384", "reliable_262144"], "raw_sealed");
    let ping = report.best_over(&["ping_pong_p50"], "ping_pong_p50");
    if args.json {
        let cpus = std::thread::available_parallelism().map_or(0, usize::from);
        let all = json!({
            "bench": "gamesockets",
            "runs": settings.runs,
            "seconds": settings.span.as_secs_f64(),
            "idle_connections": settings.idle,
            "cpus": cpus,
            "bulk_over_raw_sealed": report::number(bulk),
            "ping_p50_over_raw": report::number(ping),
            "rows": report.rows_json(),
        });
        println!("{all}");
    } else {
        report.lines().iter().for_each(|line| println!("{line}"));
        println!("bulk over raw sealed: {}", digits(bulk));
        println!("ping-pong p50 over raw: {}", digits(ping));
    }
    if let Some(path) = &args.png {
        report.picture("gamesockets beside plain UDP, two processes on loopback".into()).save(path)?;
    }
    Ok(())
}

fn measurements(settings: &Settings) -> Vec<Measurement> {
    let mut list = Vec::new();
    let mut add = |key: &str, name: &str, scenario| {
        list.push(Measurement {
            key: key.into(),
            name: name.into(),
            libraries: BOTH,
            scenario,
            size: 64,
            count: 1,
            concurrency: CONCURRENCY,
            span: settings.span,
            pinned: false,
        });
        list.len() - 1
    };
    for size in [64, 1024, 16 * 1024, 256 * 1024] {
        add(&format!("reliable_{size}"), &format!("reliable, {size} B"), Scenario::Reliable);
    }
    let sealed = add("raw_sealed", "sealed datagrams", Scenario::Reliable);
    let single = add("raw_sealed_single", "sealed datagrams, single calls", Scenario::Reliable);
    add("unreliable_64", "unreliable, 64 B", Scenario::Unreliable);
    add("ping_pong", "ping-pong 64 B", Scenario::PingPong);
    add("ping_pong_busy", "ping-pong 64 B, busy", Scenario::PingPongBusy);
    add("set_ups", "set-ups", Scenario::Setup);
    let connect = add("connect", "connect", Scenario::Setup);
    add("idle", "idle", Scenario::Idle);
    for (i, m) in list.iter_mut().enumerate() {
        match m.scenario {
            Scenario::Reliable => {
                m.size = m.key.rsplit('_').next().and_then(|n| n.parse().ok()).unwrap_or(64)
            }
            Scenario::PingPong | Scenario::PingPongBusy => m.count = ROUND_TRIPS_MAX,
            Scenario::Idle => (m.count, m.span) = (settings.idle, settings.idle_span),
            _ => {}
        }
        m.pinned = matches!(m.scenario, Scenario::Reliable | Scenario::Unreliable | Scenario::PingPongBusy);
        if i == sealed {
            m.libraries = &[Library::RawSealed];
        } else if i == single {
            m.libraries = &[Library::RawSealedSingle];
        } else if i == connect {
            m.concurrency = 1;
        }
    }
    list
}

fn measure(settings: &Settings, list: &[Measurement]) -> Result<Report, Failure> {
    let mut report = Report::default();
    let pairs: usize = list.iter().map(|m| m.libraries.len()).sum();
    let bar = ProgressBar::new(pairs as u64 * u64::from(settings.runs));
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}") {
        bar.set_style(style);
    }
    // Runs outside, so that a slow moment of the machine does not fall on one row alone.
    for _ in 0..settings.runs {
        for m in list {
            for &library in m.libraries {
                bar.set_message(m.key.clone());
                if settings.patient {
                    stats::wait_quiet();
                }
                let (figures, noise) = one(m, library)?;
                figures.iter().for_each(|figure| report.add(figure, library == Library::Ours, noise));
                bar.inc(1);
            }
        }
    }
    bar.finish_and_clear();
    Ok(report)
}

/// One pair of processes, from start to end; figures, and how much other programs disturbed.
fn one(m: &Measurement, library: Library) -> Result<(Vec<Figure>, f64), Failure> {
    let noise = stats::Noise::start();
    let cores = if m.pinned { cores::pair() } else { None };
    let mut args = PeerArgs {
        library,
        side: Side::Server,
        scenario: m.scenario,
        size: m.size,
        span: m.span,
        warmup: m.span / 5,
        count: m.count,
        concurrency: m.concurrency,
        port: 0,
        hz: 1.0,
        threads: 0,
        core: cores.map(|c| c.0),
    };
    let about = |failure: Failure| failure.about(&m.key);
    let mut server = Peer::start("the server", &args.to_command_line())?;
    let port = server.expect("port", SLACK).map_err(about)?;
    args.side = Side::Client;
    args.core = cores.map(|c| c.1);
    args.port = port.as_u64().and_then(|p| u16::try_from(p).ok()).unwrap_or(0);
    let mut client = Peer::start("the client", &args.to_command_line())?;
    let within = m.span * 3 + SLACK;
    let watched = if m.scenario == Scenario::Idle {
        client.expect("settled", SLACK * 3).map_err(about)?;
        Some((Instant::now(), cpu_of(&mut server)?))
    } else {
        None
    };
    let mut from_client = client.expect("result", within).map_err(about)?;
    if let (Some((begin, before)), Some(object)) = (watched, from_client.as_object_mut()) {
        let share = (cpu_of(&mut server)? - before) / begin.elapsed().as_secs_f64();
        object.insert("cpu_share_server".into(), json!(share));
    }
    server.hang_up();
    let from_server = server.expect("result", within).map_err(about)?;
    let cpu = |from: &Value| from.get("cpu_seconds").and_then(Value::as_f64).unwrap_or(0.0);
    let noise = noise.share(cpu(&from_server) + cpu(&from_client));
    client.wait()?;
    server.wait()?;
    Ok((figures(m, &from_server, &from_client), noise))
}

/// What a server took of the processors so far, seconds.
fn cpu_of(server: &mut Peer) -> Result<f64, Failure> {
    server.say("cpu")?;
    Ok(server.expect("cpu", ANSWER_WITHIN)?.as_f64().unwrap_or(f64::NAN))
}

fn figures(m: &Measurement, server: &Value, client: &Value) -> Vec<Figure> {
    let get = |from: &Value, key: &str| from.get(key).and_then(Value::as_f64).unwrap_or(f64::NAN);
    let one = |key: &str, name: &str, unit, value| Figure { key: key.into(), name: name.into(), unit, value };
    let more = |end: &str, name: &str, unit, value| one(&format!("{}_{end}", m.key), name, unit, value);
    match m.scenario {
        Scenario::Reliable => {
            let cpu = get(server, "cpu_seconds") + get(client, "cpu_seconds");
            vec![
                one(&m.key, &m.name, "MB/s", get(server, "bytes_per_sec") / 1e6),
                more("per_cpu", "  per CPU second", "MB", get(server, "received_bytes") / 1e6 / cpu),
            ]
        }
        Scenario::Unreliable => {
            let (sent, received) = (get(client, "sent"), get(server, "received"));
            vec![
                one(&m.key, &m.name, "k/s", get(server, "messages_per_sec") / 1e3),
                more("lost", "  of these lost", "%", 100.0 * (1.0 - received / sent)),
            ]
        }
        Scenario::PingPong | Scenario::PingPongBusy => vec![
            more("p50", &format!("{}, p50", m.name), "us", get(client, "p50_us")),
            more("p99", &format!("{}, p99", m.name), "us", get(client, "p99_us")),
        ],
        Scenario::Setup if m.concurrency == 1 => {
            vec![more("p50", &format!("{}, p50", m.name), "us", get(client, "p50_us"))]
        }
        Scenario::Setup => vec![one(&m.key, &m.name, "1/s", get(client, "set_ups_per_sec"))],
        Scenario::Idle | Scenario::Hold | Scenario::Scale => {
            let each = |from: &Value| get(from, "grown_bytes") / get(from, "connections");
            let percent = |key: &str| 100.0 * get(client, key);
            vec![
                more("server", "idle connection, server", "bytes", each(server)),
                more("client", "idle connection, client", "bytes", each(client)),
                more("cpu_server", "  all of them, CPU, server", "%", percent("cpu_share_server")),
                more("cpu_client", "  all of them, CPU, client", "%", percent("cpu_share")),
            ]
        }
    }
}
