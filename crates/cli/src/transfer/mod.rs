//! `gamesockets send` and `gamesockets recv`: files from one machine to another.

pub(crate) mod digest;
pub(crate) mod frames;
pub(crate) mod incoming;
mod journal;
mod names;
mod outgoing;
mod receiver;
mod sender;

use crate::exit::Failure;
use crate::text::{parse_seconds, parse_size};
use clap::Args;
use indicatif::ProgressStyle;
use std::path::PathBuf;
use std::time::Duration;

/// Port of a receiver that names none.
const PORT: u16 = 27021;
/// Reason numbers that the halves close with.
const REASON_DONE: u32 = 1000;
const REASON_FAILED: u32 = 2001;

const SEND_AFTER_HELP: &str = "\
The receiver tells how much of the file it has from an earlier try, and the hash of that; if it is the same file, only
the rest is sent. At the end both sides compare the SHA-256 of the whole.

--rate is what is sent, whatever the way takes; too much of it is lost and has to be sent again.

Examples:
  gamesockets send world.pak 192.0.2.7
  gamesockets send world.pak [2001:db8::7]:27021 --rate 20M
  gamesockets send build.zip localhost:27021 --json";

/// Sends a file to `gamesockets recv`, continuing where an earlier try ended.
#[derive(Debug, Args)]
#[command(after_help = SEND_AFTER_HELP)]
pub(crate) struct SendArgs {
    /// The file
    file: PathBuf,
    /// Address of the receiver; without a port 27021
    address: String,
    /// Name at the receiver [default: the file's]
    #[arg(long)]
    name: Option<String>,
    /// Bytes per second to send [default: 200M on this machine, 4M to others]
    #[arg(long, value_parser = parse_size)]
    rate: Option<u64>,
    /// Print JSON: one object at the end
    #[arg(long)]
    json: bool,
}

const RECV_AFTER_HELP: &str = "\
The first line of output is `listening ADDRESS`, with the port that the system chose if 0 was asked for; then one line
per file: `received PATH SIZE SHA256`. With --json every line is an object with the key `event`: listening, received
(name, path, size, resumed_at, sha256), failed (peer, error), refused (peer, error).

An unfinished file is NAME.part with NAME.part.json beside it; it is continued when the sender comes again. Names that
lead out of the folder are refused, and nothing is replaced without --force.

Examples:
  gamesockets recv --out incoming
  gamesockets recv --listen 127.0.0.1:0 --out incoming --once";

/// Receives files, from several senders at once.
#[derive(Debug, Args)]
#[command(after_help = RECV_AFTER_HELP)]
pub(crate) struct RecvArgs {
    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "[::]:27021")]
    listen: String,
    /// Folder for the files; made if it is missing
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// End after the first file that is complete or wrong
    #[arg(long)]
    once: bool,
    /// Replace files that exist
    #[arg(long)]
    force: bool,
    /// Largest file taken
    #[arg(long, value_name = "SIZE", value_parser = parse_size, default_value = "1000G")]
    max_size: u64,
    /// End with code 4 when nothing arrives for so long
    #[arg(long, value_name = "SECONDS", value_parser = parse_seconds)]
    timeout: Option<Duration>,
    /// Print JSON lines
    #[arg(long)]
    json: bool,
}

pub(crate) fn send(args: &SendArgs) -> Result<(), Failure> {
    sender::run(args)
}

pub(crate) fn recv(args: &RecvArgs) -> Result<(), Failure> {
    receiver::run(args)
}

/// Bar, bytes, rate and time left; shown on standard error if that is a terminal.
fn bar_style() -> ProgressStyle {
    const TEMPLATE: &str = "{msg:20!} {bar:30} {percent:>3} % {decimal_bytes:>10} of {decimal_total_bytes} {decimal_bytes_per_sec:>12} {eta:>4} left";
    ProgressStyle::with_template(TEMPLATE).unwrap_or_else(|_| ProgressStyle::default_bar())
}
