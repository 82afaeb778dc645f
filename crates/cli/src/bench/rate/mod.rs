//! `gamesockets bench rate`: bandwidth estimation over a link with a bottleneck, in network namespaces made for it.

#[cfg(target_os = "linux")]
mod cable;
#[cfg(target_os = "linux")]
mod flows;
#[cfg(target_os = "linux")]
mod peer;
#[cfg(target_os = "linux")]
mod scenario;

use crate::exit::{Code, Failure};
use crate::text::parse_seconds;
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

const AFTER_HELP: &str = "\
Two network namespaces, each with a TUN device, and between them a link in user space: 25 ms each way, the named rate
from the sender to the receiver, a queue of 200 ms (50 ms beside TCP). Needs Linux, /dev/net/tun, and root or
unprivileged user namespaces; without them it says what is missing and ends with code 9. Nothing is left behind.

Rows: mbit_1, mbit_10, mbit_100 (one flow; measured from the third second on), cubic and bbr (beside one TCP flow of the
kernel), two_flows, step_up (10 to 40 Mbit/s), step_down (40 to 10; both measured from two seconds after the step on),
voice (100 bytes, 50 times a second on a lane of their own beside a full one), loss_1 (1 % at random).
gns_*: the same, but bbr, with the reference library (GameNetworkingSockets, its default settings) as receiver; needs
GAMESOCKETS_GNS_LIB, the path of its shared library.

JSON keys (--json): bench, seconds, rows[]. Each row: key, rate_mbit, and null or
  of_possible   payload of all flows, as a share of the link's rate; 0.95 is the most that headers leave
  share         ours, of what ours and the other flow got; two_flows: the smaller one of both
  queue_p50_ms, queue_p95_ms  how long packets waited for the link
  voice_p99_ms  from sending a voice message to its arrival
  estimate_mbit what the first flow reports at the end
  refused       times the reference library complained about data beyond its limits
  skipped       why the row was not measured
and goals[], each with
  goal          what the row is to reach, in words
  met           whether it did

Examples:
  gamesockets bench rate
  gamesockets bench rate --only mbit_10,cubic --seconds 20 --json
  gamesockets bench rate --only step_down --png step.png";

/// Measures bandwidth estimation over a slow link in network namespaces
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct RateArgs {
    /// Length of one measurement, without what comes before it
    #[arg(long, value_name = "SECONDS", value_parser = parse_seconds, default_value = "10")]
    seconds: Duration,
    /// Only rows whose key contains one of these, comma separated
    #[arg(long, value_name = "KEYS", value_delimiter = ',')]
    only: Vec<String>,
    /// Draw our rate and the queueing delay over time, if one row was asked for
    #[arg(long, value_name = "FILE")]
    png: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[cfg(target_os = "linux")]
pub(super) fn run(args: &RateArgs) -> Result<(), Failure> {
    // A whole key means that row alone, even if others contain it.
    let is_key = |word: &str| scenario::ALL.iter().any(|s| s.key == word);
    let names = |word: &str, key: &str| if is_key(word) { key == word } else { key.contains(word) };
    let wanted = |key: &str| args.only.is_empty() || args.only.iter().any(|word| names(word, key));
    let list: Vec<_> = scenario::ALL.iter().filter(|s| wanted(s.key)).collect();
    if list.is_empty() {
        let text = format!("--only {} matches no row; see --help for the keys", args.only.join(","));
        return Err(Failure::new(Code::Usage, text));
    }
    if args.png.is_some() && list.len() > 1 {
        return Err(Failure::new(Code::Usage, "--png draws one row; choose it with --only"));
    }
    let lab = cable::Lab::new()?;
    let mut rows = Vec::new();
    for scenario in list {
        let row = scenario.run(&lab, args.seconds).map_err(|e| e.about(scenario.key))?;
        if !args.json {
            println!("{}", row.line());
        }
        rows.push(row);
    }
    if let (Some(path), Some(row)) = (&args.png, rows.first()) {
        row.lines().save(path)?;
    }
    if args.json {
        let rows: Vec<_> = rows.iter().map(scenario::Row::json).collect();
        let all = serde_json::json!({ "bench": "rate", "seconds": args.seconds.as_secs_f64(), "rows": rows });
        println!("{all}");
    }
    Ok(())
}

#[cfg(not(target_os = "linux"))]
pub(super) fn run(_args: &RateArgs) -> Result<(), Failure> {
    Err(Failure::new(Code::Unavailable, "the test network needs network namespaces, which only Linux has"))
}

#[cfg(target_os = "linux")]
fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::new(Code::Failed, error)
}
