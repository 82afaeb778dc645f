//! `gamesockets bench connections`: many of them, for a while, none lost.

use super::peer::{Library, PeerArgs, Scenario, Side};
use crate::exit::{Code, Failure};
use crate::process::Peer;
use crate::text::{bytes, digits, parse_seconds};
use clap::Args;
use indicatif::ProgressBar;
use serde_json::{Value, json};
use std::time::Duration;

/// What setting up and the last answers may take beyond the time held.
const SLACK: Duration = Duration::from_secs(300);
/// Connection attempts at one time.
const CONCURRENCY: usize = 64;

const AFTER_HELP: &str = "\
One process listens on one socket, another one has all the clients, each with a socket of its own. After the time, every
client sends a message and has to get it back. Ends with code 1 if a connection was lost.

JSON keys (--json): count, seconds, set_up_seconds, lost_client, lost_server, open_server, answered,
bytes_per_connection_client, bytes_per_connection_server, cpu_share_client (1 is one core).

Example:
  gamesockets bench connections --count 10000 --seconds 60";

/// Sets up many connections, holds them, and looks whether all are still there.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct ConnectionsArgs {
    /// How many
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    count: u32,
    /// How long to hold them
    #[arg(long, value_parser = parse_seconds, default_value = "60")]
    seconds: Duration,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &ConnectionsArgs) -> Result<(), Failure> {
    let count = args.count as usize;
    let mut peer = PeerArgs {
        library: Library::Ours,
        side: Side::Server,
        scenario: Scenario::Hold,
        size: 64,
        span: args.seconds,
        warmup: Duration::from_millis(1),
        count,
        concurrency: CONCURRENCY,
        port: 0,
        hz: 1.0,
        threads: 0,
        core: None,
    };
    let mut server = Peer::start("the server", &peer.to_command_line())?;
    let port = server.expect("port", SLACK)?;
    peer.side = Side::Client;
    peer.port = port.as_u64().and_then(|p| u16::try_from(p).ok()).unwrap_or(0);
    let mut client = Peer::start("the clients", &peer.to_command_line())?;
    let bar = ProgressBar::new_spinner();
    bar.enable_steady_tick(Duration::from_millis(200));
    bar.set_message(format!("setting up {count} connections"));
    client.expect("opened", SLACK)?;
    bar.set_message(format!("holding {count} connections for {} s", args.seconds.as_secs_f64()));
    let from_client = client.expect("result", args.seconds + SLACK)?;
    server.hang_up();
    let from_server = server.expect("result", SLACK)?;
    bar.finish_and_clear();
    client.wait()?;
    server.wait()?;
    report(args, &from_client, &from_server)
}

fn report(args: &ConnectionsArgs, client: &Value, server: &Value) -> Result<(), Failure> {
    let get = |from: &Value, key: &str| from.get(key).and_then(Value::as_f64).unwrap_or(f64::NAN);
    let count = f64::from(args.count);
    let each = |from: &Value| get(from, "grown_bytes") / count;
    let (lost_client, lost_server) = (get(client, "ended"), get(server, "ended"));
    let (answered, open) = (get(client, "answered"), get(server, "connections"));
    if args.json {
        let whole = |n: f64| if n.is_finite() { json!(n.round() as i64) } else { Value::Null };
        let line = json!({
            "count": args.count,
            "seconds": args.seconds.as_secs_f64(),
            "set_up_seconds": get(client, "set_up_seconds"),
            "lost_client": whole(lost_client),
            "lost_server": whole(lost_server),
            "open_server": whole(open),
            "answered": whole(answered),
            "bytes_per_connection_client": whole(each(client)),
            "bytes_per_connection_server": whole(each(server)),
            "cpu_share_client": get(client, "cpu_share"),
        });
        println!("{line}");
    } else {
        println!("{} connections set up in {} s", args.count, digits(get(client, "set_up_seconds")));
        println!(
            "held for {} s: {lost_client} lost at the clients, {lost_server} at the server",
            args.seconds.as_secs_f64()
        );
        println!("{answered} of {} answered at the end", args.count);
        println!(
            "memory per connection: {} at the clients, {} at the server",
            bytes(each(client)),
            bytes(each(server))
        );
        println!("the clients took {} % of a core", digits(100.0 * get(client, "cpu_share")));
    }
    if answered == count && lost_client == 0.0 && lost_server == 0.0 && open == count {
        return Ok(());
    }
    let why = [client, server].into_iter().filter_map(|v| v.get("last_end").and_then(Value::as_str));
    let why: Vec<&str> = why.filter(|text| !text.is_empty()).collect();
    let text = format!("{answered} of {} connections were there at the end ({})", args.count, why.join(", "));
    Err(Failure::new(Code::Failed, text))
}
