//! One process of a measurement: which part it plays, and how it is told.

use super::stats::cpu_seconds;
use super::{ours, raw, sealed};
use crate::exit::Failure;
use crate::process::{report, stdin_lines};
use crate::text::parse_seconds;
use clap::ValueEnum;
use serde_json::{Value, json};
use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// Whose transport is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Library {
    Ours,
    Raw,
    /// Plain UDP with every datagram encrypted.
    RawSealed,
    /// The same with a call to the system for each datagram.
    RawSealedSingle,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Side {
    Server,
    Client,
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scenario {
    Reliable,
    Unreliable,
    PingPong,
    /// The same without ever sleeping.
    PingPongBusy,
    Setup,
    Idle,
    Hold,
    /// Many connections with messages both ways.
    Scale,
}

/// The word for a value on the command line.
fn word(value: &impl ValueEnum) -> String {
    value.to_possible_value().map_or_else(String::new, |v| v.get_name().to_owned())
}

/// Everything a process of a measurement needs to know.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct PeerArgs {
    #[arg(long)]
    pub(crate) library: Library,
    #[arg(long)]
    pub(crate) side: Side,
    #[arg(long)]
    pub(crate) scenario: Scenario,
    #[arg(long, default_value_t = 64)]
    pub(crate) size: usize,
    #[arg(long, value_parser = parse_seconds, default_value = "1")]
    pub(crate) span: Duration,
    #[arg(long, value_parser = parse_seconds, default_value = "0.2")]
    pub(crate) warmup: Duration,
    #[arg(long, default_value_t = 1)]
    pub(crate) count: usize,
    #[arg(long, default_value_t = 1)]
    pub(crate) concurrency: usize,
    #[arg(long, default_value_t = 0)]
    pub(crate) port: u16,
    #[arg(long, default_value_t = 1.0)]
    pub(crate) hz: f64,
    #[arg(long, default_value_t = 0)]
    pub(crate) threads: usize,
    #[arg(long)]
    pub(crate) core: Option<usize>,
}

/// The same, made ready.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) side: Side,
    pub(super) scenario: Scenario,
    /// Bytes of a message.
    pub(super) size: usize,
    pub(super) span: Duration,
    pub(super) warmup: Duration,
    /// Connections, or round trips at most.
    pub(super) count: usize,
    /// Messages per second of each connection.
    pub(super) hz: f64,
    /// I/O threads of the library; 0 if the process runs its loop itself.
    pub(super) threads: usize,
    /// Connection attempts at one time.
    pub(super) concurrency: usize,
    /// Where the server is.
    pub(super) to: SocketAddr,
}

impl PeerArgs {
    /// The arguments as a command line that gives them again.
    pub(crate) fn to_command_line(&self) -> Vec<OsString> {
        let mut out: Vec<OsString> = vec!["bench-peer".into()];
        let mut add = |key: &str, value: String| out.extend([key.into(), value.into()]);
        add("--library", word(&self.library));
        add("--side", word(&self.side));
        add("--scenario", word(&self.scenario));
        add("--size", self.size.to_string());
        add("--span", self.span.as_secs_f64().to_string());
        add("--warmup", self.warmup.as_secs_f64().to_string());
        add("--count", self.count.to_string());
        add("--concurrency", self.concurrency.to_string());
        add("--port", self.port.to_string());
        add("--hz", self.hz.to_string());
        add("--threads", self.threads.to_string());
        if let Some(core) = self.core {
            add("--core", core.to_string());
        }
        out
    }

    fn plan(&self) -> Plan {
        Plan {
            side: self.side,
            scenario: self.scenario,
            size: self.size,
            span: self.span,
            warmup: self.warmup,
            count: self.count.max(1),
            hz: self.hz,
            threads: self.threads,
            concurrency: self.concurrency.max(1),
            to: (Ipv4Addr::LOCALHOST, self.port).into(),
        }
    }
}

/// Tells the parent what was measured, and what this process took of the processor.
pub(super) fn result(mut measured: Value) -> Result<(), Failure> {
    if let Some(object) = measured.as_object_mut() {
        object.insert("cpu_seconds".into(), json!(cpu_seconds()));
    }
    report(&json!({ "result": measured }))?;
    Ok(())
}

/// Plays the part.
pub(crate) fn run(args: &PeerArgs) -> Result<(), Failure> {
    let parent = stdin_lines();
    let plan = args.plan();
    if let Some(core) = args.core {
        super::cores::pin(core);
    }
    let result = match args.library {
        Library::Ours => ours::run(&plan, &parent),
        Library::Raw => raw::run(&plan, &parent),
        Library::RawSealed => sealed::run(&plan, &parent, sealed::Calls::Joined),
        Library::RawSealedSingle => sealed::run(&plan, &parent, sealed::Calls::Single),
    };
    if let Err(error) = &result {
        report(&json!({ "error": error.to_string() }))?;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: PeerArgs,
    }

    #[test]
    fn the_command_line_means_the_same() {
        let args = PeerArgs {
            library: Library::RawSealedSingle,
            side: Side::Client,
            scenario: Scenario::PingPongBusy,
            size: 99,
            span: Duration::from_millis(1500),
            warmup: Duration::from_millis(100),
            count: 3,
            concurrency: 4,
            port: 5,
            hz: 29.5,
            threads: 3,
            core: Some(1),
        };
        let line = args.to_command_line();
        let back = Line::try_parse_from(&line).unwrap().args;
        assert_eq!(back.to_command_line(), line);
        assert_eq!((back.span, back.scenario, back.core), (args.span, args.scenario, Some(1)));
        assert_eq!((back.library, back.hz, back.threads), (args.library, 29.5, 3));
    }
}
