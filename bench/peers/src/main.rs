//! Measures transport libraries beside each other over loopback, client and server in separate processes.
//!
//! `peers table` makes the whole table, `peers run` takes one measurement of one library. Both start this program
//! again as `peers server …`, `peers client …` and `peers proxy …`; see `driver/mod.rs` for what is said between them,
//! and for how any other program can take part.

mod child;
mod driver;
mod libraries;
mod proxy;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Measures transport libraries beside each other over loopback.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Measures everything and prints the table
    Table(driver::TableArgs),
    /// Takes one measurement of one library and prints everything that is known about it
    Run(driver::RunArgs),
    /// A measured process: the side that listens
    #[command(hide = true)]
    Server(child::ChildArgs),
    /// A measured process: the side that connects
    #[command(hide = true)]
    Client(child::ChildArgs),
    /// A path with delay, loss and a rate
    #[command(hide = true)]
    Proxy(proxy::ProxyArgs),
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Table(args) => driver::table(&args),
        Command::Run(args) => driver::run_one(&args),
        Command::Server(args) => child::run(args, child::Side::Server),
        Command::Client(args) => child::run(args, child::Side::Client),
        Command::Proxy(args) => proxy::run(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let causes = std::iter::successors(error.source(), |cause| cause.source());
            eprintln!("{}", causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}")));
            ExitCode::FAILURE
        }
    }
}
