//! The `gamesockets` command: demonstration, chat, file transfer, measurements and tests of the library.

#![forbid(unsafe_code)]

mod bench;
mod cert;
mod chat;
mod decode;
mod demo;
mod exit;
mod limits;
mod net;
mod ping;
mod process;
mod scratch;
mod screen;
mod serve;
mod soak;
mod text;
mod transfer;

use clap::{CommandFactory as _, Parser, Subcommand};
use clap_complete::Shell;
use exit::Failure;
use std::io::Write as _;
use std::process::ExitCode;

/// Encrypted, message-oriented UDP for games: try it, measure it, use it from scripts.
#[derive(Debug, Parser)]
#[command(name = "gamesockets", version, after_help = exit::HELP, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::DemoArgs),
    Chat(chat::ChatArgs),
    Send(transfer::SendArgs),
    Recv(transfer::RecvArgs),
    Ping(ping::PingArgs),
    Serve(serve::ServeArgs),
    Bench(bench::BenchArgs),
    Soak(soak::SoakArgs),
    Cert(cert::CertArgs),
    Decode(decode::DecodeArgs),
    /// Prints a completion script for a shell
    #[command(after_help = "Example:\n  gamesockets completions bash > /etc/bash_completion.d/gamesockets")]
    Completions {
        /// The shell
        shell: Shell,
    },
    /// One process of a measurement
    #[command(hide = true)]
    BenchPeer(bench::peer::PeerArgs),
    /// One process of the demonstration
    #[command(hide = true)]
    DemoPeer(demo::peer::PeerArgs),
}

fn main() -> ExitCode {
    // Wrong arguments end the program here, with code 2 and an explanation; --help and --version with 0.
    let cli = Cli::parse();
    match run(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // If nobody reads standard error there is nobody to tell.
            let _ = writeln!(std::io::stderr(), "gamesockets: {failure}");
            ExitCode::from(failure.code as u8)
        }
    }
}

fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Demo(args) => demo::run(&args),
        Command::Chat(args) => chat::run(&args),
        Command::Send(args) => transfer::send(&args),
        Command::Recv(args) => transfer::recv(&args),
        Command::Ping(args) => ping::run(&args),
        Command::Serve(args) => serve::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Soak(args) => soak::run(&args),
        Command::Cert(args) => cert::run(&args),
        Command::Decode(args) => decode::run(&args),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "gamesockets", &mut std::io::stdout());
            Ok(())
        }
        Command::BenchPeer(args) => bench::peer::run(&args),
        Command::DemoPeer(args) => demo::peer::run(&args),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
