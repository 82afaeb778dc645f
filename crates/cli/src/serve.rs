//! `gamesockets serve`: somebody to connect to.

use crate::exit::Failure;
use crate::net::{Net, News, REASON_OK, Rates, resolve, stop_requested};
use clap::Args;
use gamesockets::{Connection, ConnectionHandle, LaneConfig, Message, SendFlags};
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;

/// Port of a server that names none.
pub(crate) const PORT: u16 = 27022;
const TURN: Duration = Duration::from_millis(20);
/// Connections at one time: this is for trying things out.
const CONNECTIONS_MAX: usize = 1000;
const REASON_FULL: u32 = 1001;

const AFTER_HELP: &str = "\
The first line of output is `listening ADDRESS`, with the port that the system chose if 0 was asked for.
JSON lines (--json): event `listening` (address), `connected` (peer), `ended` (peer, reason).

Examples:
  gamesockets serve
  gamesockets serve --listen 127.0.0.1:0 --sink
  gamesockets serve --threads 4";

/// Accepts everybody and sends every message back: something to ping and to try clients on.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct ServeArgs {
    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "[::]:27022")]
    listen: String,
    /// Send nothing back
    #[arg(long)]
    sink: bool,
    /// Bytes per second to send at most
    #[arg(long, value_parser = crate::text::parse_size)]
    rate: Option<u64>,
    /// I/O threads that share the work; a client stays with one of them
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=64))]
    threads: u8,
    /// Print JSON lines
    #[arg(long)]
    json: bool,
}

struct Guest {
    connection: Connection,
    peer: String,
    lanes: u16,
}

pub(crate) fn run(args: &ServeArgs) -> Result<(), Failure> {
    let rates = Rates { rate: args.rate.unwrap_or(0), ..Rates::default() };
    let mut net = Net::with_threads(usize::from(args.threads), &rates.options())?;
    let listener = net.listen(resolve(&args.listen, PORT)?)?;
    say(args, "listening", &listener.local_addr().to_string(), None);
    let stop = stop_requested()?;
    let mut guests: BTreeMap<ConnectionHandle, Guest> = BTreeMap::new();
    while !stop.is_set() {
        let news = net.wait(TURN)?;
        for message in net.messages() {
            if let Some(guest) = guests.get_mut(&message.connection()).filter(|_| !args.sink) {
                guest.echo(&message);
            }
        }
        for news in news {
            match news {
                News::Incoming(connection) => welcome(&mut guests, &connection),
                News::Connected(connection) => {
                    if let Some(guest) = guests.get(&connection.handle()) {
                        say(args, "connected", &guest.peer, None);
                    }
                }
                News::Ended(connection, end) => {
                    Net::close(&connection, REASON_OK, "", false);
                    if let Some(guest) = guests.remove(&connection.handle()) {
                        say(args, "ended", &guest.peer, Some(&end.to_string()));
                    }
                }
            }
        }
    }
    let all: Vec<Connection> = guests.into_values().map(|g| g.connection).collect();
    net.finish(&all, REASON_OK, "the server ends")
}

fn welcome(guests: &mut BTreeMap<ConnectionHandle, Guest>, connection: &Connection) {
    if guests.len() >= CONNECTIONS_MAX {
        return Net::close(connection, REASON_FULL, "too many are here", false);
    }
    if connection.accept().is_err() {
        // The request went away in the meantime.
        return Net::close(connection, REASON_OK, "", false);
    }
    let guest = Guest { peer: Net::peer_of(connection), connection: connection.clone(), lanes: 1 };
    guests.insert(connection.handle(), guest);
}

impl Guest {
    /// Sends a message back as it came. What finds no room is dropped: the guest sends faster than it reads.
    fn echo(&mut self, message: &Message) {
        let lane = message.lane();
        if lane >= self.lanes {
            self.lanes = lane + 1;
            let lanes = vec![LaneConfig::default(); usize::from(self.lanes)];
            if self.connection.configure_lanes(&lanes).is_err() {
                return;
            }
        }
        let flags = if message.is_reliable() { SendFlags::RELIABLE } else { SendFlags::UNRELIABLE };
        let _ = self.connection.send_owned(message.payload().clone(), flags | SendFlags::NO_NAGLE, lane);
    }
}

fn say(args: &ServeArgs, event: &str, who: &str, why: Option<&str>) {
    if args.json {
        let key = if event == "listening" { "address" } else { "peer" };
        println!("{}", json!({ "event": event, key: who, "reason": why }));
    } else {
        println!("{event} {who}{}", why.map(|w| format!(" ({w})")).unwrap_or_default());
    }
}
