//! Physical limits of one machine for a UDP transport on loopback: raw and sealed packet rates, what one core can
//! forward, round trips, and the cryptography of a handshake.

mod crypto;
mod relay;
mod report;
mod rtt;
mod udp;

use bench_common::Result;
use clap::{Args, Parser, Subcommand};
use report::Report;
use std::process::ExitCode;
use std::time::Duration;

/// Measures what this machine could do at best.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    how: How,
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum What {
    /// Packets per second, raw and sealed
    Udp,
    /// What one core can forward
    Relay,
    /// Ping-pong of 64 bytes, in several styles
    Rtt,
    /// AES-256-GCM, X25519, Ed25519
    Crypto,
}

/// How long and how often.
#[derive(Args, Debug)]
struct How {
    /// Repetitions
    #[arg(long, global = true, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=21))]
    reps: u32,
    /// Seconds of one measurement
    #[arg(long, global = true, default_value_t = 0.7)]
    secs: f64,
    /// Only what has this in its name
    #[arg(long, global = true, default_value = "")]
    only: String,
}

impl How {
    fn span(&self) -> Duration {
        Duration::from_secs_f64(self.secs.clamp(0.01, 10.0))
    }
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.what {
        What::Udp => udp::run(&cli.how),
        What::Relay => relay::run(&cli.how),
        What::Rtt => rtt::run(&cli.how),
        What::Crypto => crypto::run(&cli.how),
    };
    match done.and_then(print) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn print(report: Report) -> Result<()> {
    if report.is_empty() {
        return Err("--only matches nothing".into());
    }
    print!("{report}");
    Ok(())
}
