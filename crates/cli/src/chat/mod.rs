//! `gamesockets chat`: a small conversation over reliable messages.

mod client;
mod room;
mod server;

use crate::exit::Failure;
use clap::{Args, Subcommand};

/// Port of a chat server that names none.
const PORT: u16 = 27020;
/// Bytes of a message that are looked at: lines, and what other servers of this conversation may send.
const MESSAGE_BYTES_MAX: usize = 4096;

const AFTER_HELP: &str = "\
One message is one line of UTF-8 text, reliable, on lane 0. The example chat of the reference library understands the
same: its client may join this server, and this client its server.

Examples:
  gamesockets chat server --listen 127.0.0.1:27020
  gamesockets chat client 127.0.0.1:27020 --nick Ada
  echo 'build is green' | gamesockets chat client [::1]:27020";

/// Talks, or lets others talk.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct ChatArgs {
    #[command(subcommand)]
    part: Part,
}

#[derive(Debug, Subcommand)]
enum Part {
    Server(ServerArgs),
    Client(ClientArgs),
}

/// Runs a chat server until `/quit` or the end of standard input
#[derive(Debug, Args)]
#[command(
    after_help = "The first line of output is `listening ADDRESS`, with the port that the system chose if 0 was asked for."
)]
struct ServerArgs {
    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "[::]:27020")]
    listen: String,
    /// Do not read standard input: run until killed
    #[arg(long)]
    detached: bool,
}

/// Joins a chat server; lines of standard input are said, `/nick NAME` renames, `/quit` or the end of input leaves
#[derive(Debug, Args)]
struct ClientArgs {
    /// Address of the server; without a port 27020
    #[arg(value_name = "ADDRESS")]
    server: String,
    /// Name to go by from the beginning
    #[arg(long, value_name = "NAME")]
    nick: Option<String>,
}

pub(crate) fn run(args: &ChatArgs) -> Result<(), Failure> {
    match &args.part {
        Part::Server(args) => server::run(args),
        Part::Client(args) => client::run(args),
    }
}
