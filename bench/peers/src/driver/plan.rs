//! What the table measures, and which rows come of it.

use super::goal::{Base, Goal, Term, times};
use super::job::{Job, Path, Pin};
use super::process::Values;
use super::table::Better;
use crate::child::Scenario;
use std::path::PathBuf;

/// Bytes of messages: small ones as games send them, and two sizes of bulk.
const SMALL: u32 = 64;
const BULK: u32 = 16 << 10;
const LARGE: u32 = 256 << 10;
/// Connection attempts at one time.
const IN_FLIGHT: usize = 32;
/// Longest measurement of set-ups: closed connections keep their sockets for some seconds, and there are only so many.
const SET_UP_SECS: f64 = 1.0;
/// The path that loses: milliseconds each way, megabytes per second where it has a rate.
const DELAY_MS: u64 = 50;
const PATH_MEGABYTES: f64 = 10.0;
/// Bytes of a datagram with its headers on that path, and what is left for the application: what is possible.
const WIRE_BYTES: f64 = 1228.0;
const USEFUL_BYTES: f64 = 1140.0;
/// Hand-set rates on a path that only loses, megabytes per second: ours, and around the reference library's best.
const OUR_RATES: [u32; 3] = [16, 64, 256];
const GNS_RATES: [u32; 4] = [5, 10, 20, 64];
/// Hand-set rates on a path with a rate: just below it, and far above.
const PATH_RATES: [u32; 2] = [9, 64];
/// Goodput at the highest hand-set rate, as a share of that at the best: less than this is a collapse.
const NO_COLLAPSE: f64 = 0.9;
/// The settings that suit a library best, on loopback and far away.
const GNS_SMALL_BUFFER: &str = "buffer-kb=64";
const QUINN_NEAR: &str = "window-kb=1024";
const QUINN_FAR: &str = "window-kb=32768";
const RENET_NEAR: &str = "window-kb=256";
const RENET_FAR: &str = "window-kb=8192";
const RENET_PATH: &str = "window-kb=1024";
const ENET_FAR: &str = "window-kb=4096";

/// How much time and how many connections.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    /// Seconds of a measurement on loopback.
    pub(crate) secs: f64,
    /// Seconds of one over the path that loses, and before it.
    pub(crate) far_secs: f64,
    pub(crate) far_warmup: f64,
    /// Idle connections, and seconds they are watched.
    pub(crate) idle: usize,
    pub(crate) idle_secs: f64,
}

/// One library's part of a measurement.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) column: String,
    /// The cell's key: the column, and what sets it apart from others of that column.
    pub(crate) key: String,
    /// The same for people; empty: the column's main cell.
    pub(crate) label: String,
    pub(crate) job: Job,
}

/// The same thing measured with every library, for one or more rows.
#[derive(Clone, Debug)]
pub(crate) struct Measurement {
    pub(crate) name: &'static str,
    pub(crate) entries: Vec<Entry>,
    pub(crate) rows: Vec<RowPlan>,
}

/// A figure of a measurement.
#[derive(Clone, Debug)]
pub(crate) struct RowPlan {
    pub(crate) key: &'static str,
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) better: Better,
    pub(crate) figure: fn(&Values) -> Option<f64>,
    pub(crate) goal: Goal,
}

/// A row that is computed from another one.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Derived {
    /// Every cell over this one.
    Over(&'static str),
    /// For each column with hand-set rates: the cell with the highest rate over the best of them.
    HighestOverBest,
}

/// Such a row.
#[derive(Clone, Debug)]
pub(crate) struct DerivedPlan {
    pub(crate) key: &'static str,
    pub(crate) name: &'static str,
    pub(crate) from: &'static str,
    pub(crate) how: Derived,
    pub(crate) better: Better,
    pub(crate) goal: Goal,
}

/// Everything in the order of the table. `guests`: names and programs that take part besides.
pub(crate) fn measurements(scale: &Scale, guests: &[(String, PathBuf)]) -> Vec<Measurement> {
    let mut all = throughput(scale);
    all.extend(latency(scale));
    all.extend(connections(scale));
    all.extend(far(scale));
    for measurement in &mut all {
        let Some(job) = measurement.entries.iter().find(|e| e.column == "gamesockets").map(|e| e.job.clone())
        else {
            continue;
        };
        measurement.entries.extend(guests.iter().map(|(name, program)| {
            let job = Job { peer: name.clone(), program: Some(program.clone()), ..job.clone() };
            Entry { column: name.clone(), key: name.clone(), label: String::new(), job }
        }));
    }
    all
}

/// The rows computed from others.
pub(crate) fn derived() -> Vec<DerivedPlan> {
    let ratio = |key, name, from, cell, better, target, stretch| {
        let goal = goal(&[times(target, Base::Figure(1.0, ""))], &[times(stretch, Base::Figure(1.0, ""))]);
        DerivedPlan { key, name, from, how: Derived::Over(cell), better, goal }
    };
    let collapse = |key, name, from| {
        let goal = goal(&[times(NO_COLLAPSE, Base::Figure(1.0, ""))], &[]);
        DerivedPlan { key, name, from, how: Derived::HighestOverBest, better: Better::Higher, goal }
    };
    vec![
        ratio(
            "bulk_over_raw_sealed",
            "16 KiB bulk over raw sealed",
            "bulk_16k",
            "raw_sealed",
            Better::Higher,
            0.45,
            0.7,
        ),
        ratio("ping_p50_over_raw", "ping-pong p50 over raw", "ping_p50", "raw", Better::Lower, 1.15, 1.08),
        ratio("busy_p50_over_raw", "busy ping-pong p50 over raw", "busy_p50", "raw", Better::Lower, 2.0, 1.4),
        collapse("lossy_1_highest_over_best", "1 % loss: highest rate over best", "lossy_1"),
        collapse("lossy_5_highest_over_best", "5 % loss: highest rate over best", "lossy_5"),
        collapse("path_1_highest_over_best", "10 MB/s, 1 % loss: highest rate over best", "path_1"),
        collapse("path_5_highest_over_best", "10 MB/s, 5 % loss: highest rate over best", "path_5"),
    ]
}

fn goal(target: &[Term], stretch: &[Term]) -> Goal {
    Goal { target: target.to_vec(), stretch: stretch.to_vec() }
}

fn row(
    key: &'static str,
    name: &'static str,
    unit: &'static str,
    better: Better,
    figure: fn(&Values) -> Option<f64>,
    goal: Goal,
) -> RowPlan {
    RowPlan { key, name, unit, better, figure, goal }
}

/// A job with the defaults of this table.
fn job(scale: &Scale, peer: &str, scenario: Scenario, size: u32, set: &[&str]) -> Job {
    // A library with threads of its own does better where the system puts them; so does anything beside a path.
    let one_thread = peer != "gns" && !matches!(scenario, Scenario::Lossy | Scenario::Idle);
    let two_cores = std::thread::available_parallelism().is_ok_and(|n| n.get() > 1);
    Job {
        peer: peer.to_owned(),
        program: None,
        scenario,
        size,
        secs: scale.secs,
        warmup: 0.3,
        count: 64,
        concurrency: 1,
        set: set.iter().map(|pair| (*pair).to_owned()).collect(),
        pin: if one_thread && two_cores { Pin::Apart } else { Pin::Free },
        path: None,
    }
}

/// The library's cell `peer`, or a variant of it: `peer_variant`.
fn entry(variant: &str, label: &str, job: Job) -> Entry {
    let column = job.peer.clone();
    let key = if variant.is_empty() { column.clone() } else { format!("{column}_{variant}") };
    Entry { column, key, label: label.to_owned(), job }
}

fn megabytes(values: &Values) -> Option<f64> {
    values.get("rx_MB_per_s").copied()
}

fn messages(values: &Values) -> Option<f64> {
    values.get("rx_msgs_per_s").copied()
}

fn megabytes_per_cpu(values: &Values) -> Option<f64> {
    Some(values.get("rx_MB")? / (values.get("client_cpu_s")? + values.get("server_cpu_s")?))
}

fn p50(values: &Values) -> Option<f64> {
    values.get("rtt_p50_us").copied()
}

fn p99(values: &Values) -> Option<f64> {
    values.get("rtt_p99_us").copied()
}

/// The larger of the two sides.
fn kilobytes(values: &Values) -> Option<f64> {
    Some(values.get("server_KB_per_conn")?.max(*values.get("client_KB_per_conn")?))
}

/// Both sides together.
fn idle_cpu(values: &Values) -> Option<f64> {
    Some(values.get("server_idle_cpu_percent")? + values.get("client_idle_cpu_percent")?)
}

fn throughput(scale: &Scale) -> Vec<Measurement> {
    let entries = |scenario, size| {
        let job = |peer, set: &[&str]| job(scale, peer, scenario, size, set);
        let mut all = vec![
            entry("plain", "a call per packet, not sealed", job("raw", &["io=plain"])),
            entry("plain_sealed", "a call per packet, sealed", job("raw", &["io=plain", "seal=yes"])),
            entry("gso", "GSO and GRO, not sealed", job("raw", &["io=gso"])),
            entry("sealed", "", job("raw", &["io=gso", "seal=yes"])),
            entry("", "", job("gamesockets", &[])),
            entry("", "", job("gns", &[])),
            entry("", "", job("quinn", &[QUINN_NEAR])),
        ];
        if size == SMALL {
            all.push(entry("small_buffer", "send buffer of 64 KiB", job("gns", &[GNS_SMALL_BUFFER])));
        }
        if size == SMALL && scenario == Scenario::Reliable {
            // Its lists of many small messages make it collapse at the highest rate.
            all.push(entry("30MB", "30 MB/s by hand", job("gns", &["rate=30000000"])));
        }
        if scenario == Scenario::Reliable {
            all.push(entry("one_stream", "one stream", job("quinn", &["mode=buf", QUINN_NEAR])));
        }
        all.push(entry("", "", job("renet", &[RENET_NEAR])));
        all.push(entry("", "", job("enet", &[])));
        all
    };
    let bulk_goal = || {
        goal(
            &[
                times(10.0, Base::Best("gns")),
                times(1.5, Base::Best("quinn")),
                times(0.45, Base::Cell("raw_sealed")),
            ],
            &[
                times(15.0, Base::Best("gns")),
                times(2.2, Base::Best("quinn")),
                times(0.7, Base::Cell("raw_sealed")),
            ],
        )
    };
    let bulk = |key, name| row(key, name, "MB/s", Better::Higher, megabytes, bulk_goal());
    let small = |key, name, goal| row(key, name, "1/s", Better::Higher, messages, goal);
    let of_both = |gns, quinn| [times(gns, Base::Best("gns")), times(quinn, Base::Best("quinn"))];
    let per_cpu_goal = goal(&of_both(8.0, 1.6), &of_both(12.0, 2.4));
    let per_cpu = row(
        "mb_per_cpu_s",
        "16 KiB bulk per CPU second",
        "MB/s",
        Better::Higher,
        megabytes_per_cpu,
        per_cpu_goal,
    );
    let reliable_goal = goal(&[times(16.0, Base::Best("gns"))], &[times(24.0, Base::Best("gns"))]);
    let unreliable_goal = goal(&of_both(13.0, 1.4), &of_both(20.0, 2.1));
    vec![
        Measurement {
            name: "bulk, 16 KiB",
            entries: entries(Scenario::Reliable, BULK),
            rows: vec![bulk("bulk_16k", "reliable, 16 KiB messages"), per_cpu],
        },
        Measurement {
            name: "bulk, 256 KiB",
            entries: entries(Scenario::Reliable, LARGE),
            rows: vec![bulk("bulk_256k", "reliable, 256 KiB messages")],
        },
        Measurement {
            name: "reliable, 64 B",
            entries: entries(Scenario::Reliable, SMALL),
            rows: vec![small("reliable_64", "reliable, 64 B messages", reliable_goal)],
        },
        Measurement {
            name: "unreliable, 64 B",
            entries: entries(Scenario::Unreliable, SMALL),
            rows: vec![small("unreliable_64", "unreliable, 64 B messages", unreliable_goal)],
        },
    ]
}

fn latency(scale: &Scale) -> Vec<Measurement> {
    let ping = |peer, set: &[&str]| entry("", "", job(scale, peer, Scenario::Rtt, SMALL, set));
    let row = |key, name, figure, goal| row(key, name, "us", Better::Lower, figure, goal);
    let p50_goal = goal(
        &[times(0.45, Base::Best("gns")), times(1.15, Base::Cell("raw"))],
        &[times(1.08, Base::Cell("raw"))],
    );
    let busy_goal = goal(&[times(2.0, Base::Cell("raw"))], &[times(1.4, Base::Cell("raw"))]);
    let tail_goal = goal(&[times(2.0, Base::OursIn("busy_p50"))], &[]);
    let all = ["raw", "gamesockets", "gns", "quinn", "renet", "enet"];
    vec![
        Measurement {
            name: "ping-pong, both sides sleep",
            entries: all.map(|peer| ping(peer, &[])).to_vec(),
            rows: vec![
                row("ping_p50", "ping-pong 64 B, sleeping, p50", p50, p50_goal),
                row("ping_p99", "ping-pong 64 B, sleeping, p99", p99, Goal::default()),
            ],
        },
        Measurement {
            name: "ping-pong, busy",
            // quinn's runtime has no busy mode.
            entries: all
                .iter()
                .filter(|peer| **peer != "quinn")
                .map(|peer| ping(*peer, &["poll=busy"]))
                .collect(),
            rows: vec![
                row("busy_p50", "ping-pong 64 B, busy, p50", p50, busy_goal),
                row("busy_p99", "ping-pong 64 B, busy, p99", p99, tail_goal),
            ],
        },
    ]
}

fn connections(scale: &Scale) -> Vec<Measurement> {
    let all = ["gamesockets", "gns", "quinn", "renet", "enet"];
    let set_up = |concurrency| {
        let one = |peer: &str| {
            let job = job(scale, peer, Scenario::Setup, SMALL, &[]);
            Job { concurrency, secs: job.secs.min(SET_UP_SECS), ..job }
        };
        all.map(|peer| entry("", "", one(peer))).to_vec()
    };
    let idle = |peer: &str| {
        let job = job(scale, peer, Scenario::Idle, SMALL, &[]);
        Job { secs: scale.idle_secs, count: scale.idle, concurrency: IN_FLIGHT, ..job }
    };
    let setups_goal = goal(
        &[times(5.0, Base::Best("gns")), times(2.8, Base::Best("quinn"))],
        &[times(6.5, Base::Best("gns")), times(3.6, Base::Best("quinn"))],
    );
    let connect_goal = goal(&[times(0.4, Base::Best("gns"))], &[times(0.33, Base::Best("gns"))]);
    let memory_goal = goal(&[times(2.0, Base::Figure(1.0, ""))], &[times(1.0, Base::Figure(1.0, ""))]);
    let cpu_goal = goal(&[times(0.15, Base::Best("gns"))], &[times(0.08, Base::Best("gns"))]);
    vec![
        Measurement {
            name: "set-ups, 32 in flight",
            entries: set_up(IN_FLIGHT),
            rows: vec![row(
                "setups",
                "set-ups, 32 in flight",
                "1/s",
                Better::Higher,
                |v| v.get("conn_per_s").copied(),
                setups_goal,
            )],
        },
        Measurement {
            name: "connects, one at a time",
            entries: set_up(1),
            rows: vec![row(
                "connect_p50",
                "connect, one at a time, p50",
                "us",
                Better::Lower,
                |v| v.get("connect_p50_us").copied(),
                connect_goal,
            )],
        },
        Measurement {
            name: "idle connections",
            entries: all.map(|peer| entry("", "", idle(peer))).to_vec(),
            rows: vec![
                row(
                    "idle_kb",
                    "memory per idle connection, larger side",
                    "KB",
                    Better::Lower,
                    kilobytes,
                    memory_goal,
                ),
                row(
                    "idle_cpu",
                    "CPU of idle connections, both sides",
                    "%",
                    Better::Lower,
                    idle_cpu,
                    cpu_goal,
                ),
            ],
        },
    ]
}

fn far(scale: &Scale) -> Vec<Measurement> {
    let possible = PATH_MEGABYTES * USEFUL_BYTES / WIRE_BYTES;
    let of_best = |gns, quinn| [times(gns, Base::Best("gns")), times(quinn, Base::Best("quinn"))];
    let lossy = |name, row_key, row_name, loss, gns| Measurement {
        name,
        entries: far_entries(scale, loss, 0.0, &OUR_RATES, &GNS_RATES),
        rows: vec![row(
            row_key,
            row_name,
            "MB/s",
            Better::Higher,
            megabytes,
            goal(&of_best(gns, 0.7), &[times(1.0, Base::Best("quinn"))]),
        )],
    };
    let path = |name, row_key, row_name, loss, target, stretch| {
        let share = |factor| [times(factor, Base::Figure(possible, "what is possible"))];
        Measurement {
            name,
            entries: far_entries(scale, loss, PATH_MEGABYTES, &PATH_RATES, &PATH_RATES),
            rows: vec![row(
                row_key,
                row_name,
                "MB/s",
                Better::Higher,
                megabytes,
                goal(&share(target), &share(stretch)),
            )],
        }
    };
    vec![
        lossy("50 ms, 1 % loss", "lossy_1", "goodput, 50 ms each way, 1 % loss", 1.0, 10.0),
        lossy("50 ms, 5 % loss", "lossy_5", "goodput, 50 ms each way, 5 % loss", 5.0, 20.0),
        path("10 MB/s, 1 % loss", "path_1", "goodput on a path of 10 MB/s, 1 % loss", 1.0, 0.9, 0.96),
        path("10 MB/s, 5 % loss", "path_5", "goodput on a path of 10 MB/s, 5 % loss", 5.0, 0.85, 0.94),
    ]
}

/// Ours without a hand-set rate and with some, the reference library with some (it has no other), and the others.
fn far_entries(scale: &Scale, loss: f64, megabytes: f64, ours: &[u32], gns: &[u32]) -> Vec<Entry> {
    let job = |peer: &str, set: &[&str]| Job {
        secs: scale.far_secs,
        warmup: scale.far_warmup,
        path: Some(Path { loss, delay_ms: DELAY_MS, megabytes }),
        ..job(scale, peer, Scenario::Lossy, BULK, set)
    };
    let fixed = |peer: &str, rate: u32| {
        // The highest is the library's own limit, a power of two.
        let bytes = if rate == 256 { 1 << 28 } else { u64::from(rate) * 1_000_000 };
        entry(&format!("{rate}MB"), &format!("{rate} MB/s by hand"), job(peer, &[&format!("rate={bytes}")]))
    };
    let mut all = vec![entry("", "", job("gamesockets", &["rate=auto"]))];
    all.extend(ours.iter().map(|rate| fixed("gamesockets", *rate)));
    all.extend(gns.iter().map(|rate| fixed("gns", *rate)));
    all.push(entry("", "", job("quinn", &["mode=buf", QUINN_FAR, "cc=bbr"])));
    all.push(entry("cubic", "Cubic", job("quinn", &["mode=buf", QUINN_FAR])));
    all.push(entry("", "", job("renet", &[if megabytes > 0.0 { RENET_PATH } else { RENET_FAR }])));
    all.push(entry("", "", job("enet", &[ENET_FAR])));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const SCALE: Scale = Scale { secs: 1.0, far_secs: 1.0, far_warmup: 1.0, idle: 10, idle_secs: 1.0 };

    #[test]
    fn keys_are_unique_and_sources_exist() {
        let all = measurements(&SCALE, &[("guest".to_owned(), "x".into())]);
        let rows: Vec<&RowPlan> = all.iter().flat_map(|m| &m.rows).collect();
        let mut keys: BTreeSet<&str> = rows.iter().map(|row| row.key).collect();
        assert_eq!(keys.len(), rows.len());
        for plan in derived() {
            assert!(keys.contains(plan.from), "{}", plan.from);
            assert!(rows.iter().all(|row| row.key != plan.key), "{}", plan.key);
        }
        keys.extend(derived().iter().map(|plan| plan.key));
        assert!(keys.contains("bulk_over_raw_sealed") && keys.contains("ping_p50_over_raw"));
        for m in &all {
            let cells: BTreeSet<&str> = m.entries.iter().map(|entry| entry.key.as_str()).collect();
            assert_eq!(cells.len(), m.entries.len(), "{}", m.name);
            assert!(cells.contains("gamesockets") && cells.contains("guest"), "{}", m.name);
        }
    }

    #[test]
    fn every_goal_compares_with_something_that_is_measured() {
        for m in measurements(&SCALE, &[]) {
            let known = |of: Base| match of {
                Base::Best(column) => m.entries.iter().any(|entry| entry.column == column),
                Base::Cell(key) => m.entries.iter().any(|entry| entry.key == key),
                Base::OursIn(key) => m.rows.iter().any(|row| row.key == key),
                Base::Figure(value, _) => value > 0.0,
            };
            for row in &m.rows {
                assert!(
                    row.goal.target.iter().chain(&row.goal.stretch).all(|term| known(term.of)),
                    "{}",
                    row.key
                );
            }
        }
    }
}
