//! What every measured process has in common: its task, its ties to the driver, its answers.

use crate::libraries;
use bench_common::stats::percentile_us;
use bench_common::window::Window;
use bench_common::{Result, process};
use clap::{Args, ValueEnum};
use std::fmt::Display;
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError, sync_channel};
use std::time::{Duration, Instant};

/// A process that lasts longer has run away.
const LIFE_MAX: Duration = Duration::from_secs(180);
/// What a client sends beyond the server's window, so that the window's end is full as well.
const OVERTIME: Duration = Duration::from_millis(300);
/// Round trips that are kept.
const ROUND_TRIPS_MAX: usize = 1 << 20;
/// Lines of the driver that wait to be read.
const LINES_MAX: usize = 16;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scenario {
    /// The client sends as many reliable messages as it can
    Reliable,
    /// The same, unreliable
    Unreliable,
    /// One message to and fro at a time; `--set poll=busy`: without sleeping
    Rtt,
    /// Connections one after the other, `--concurrency` at a time
    Setup,
    /// `--count` connections that do nothing
    Idle,
    /// Reliable messages over a path that loses
    Lossy,
}

/// The two processes of a measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Server,
    Client,
}

/// The task of a measured process.
#[derive(Args, Clone, Debug)]
pub(crate) struct ChildArgs {
    /// Name of the library
    pub(crate) peer: String,
    #[arg(long, value_enum)]
    pub(crate) scenario: Scenario,
    /// Bytes of a message
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(16..=1 << 20))]
    size: u32,
    /// Length of what is measured
    #[arg(long, default_value_t = 2.0)]
    secs: f64,
    /// Time before it
    #[arg(long, default_value_t = 0.3)]
    warmup: f64,
    /// Connections
    #[arg(long, default_value_t = 1000)]
    pub(crate) count: usize,
    /// Connection attempts at one time
    #[arg(long, default_value_t = 1)]
    pub(crate) concurrency: usize,
    /// Keep to this processor
    #[arg(long)]
    cpu: Option<usize>,
    /// Where the server is
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Setting of this library
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
}

impl ChildArgs {
    pub(crate) fn size(&self) -> usize {
        self.size as usize
    }

    /// Length of what is measured, a minute at most.
    pub(crate) fn span(&self) -> Duration {
        Duration::from_secs_f64(self.secs.clamp(0.0, 60.0))
    }

    /// How long a sending client runs: warm-up, the server's window, and a little more.
    pub(crate) fn send_for(&self) -> Duration {
        Duration::from_secs_f64(self.warmup.clamp(0.0, 30.0)) + self.span() + OVERTIME
    }

    pub(crate) fn window(&self) -> Window {
        Window::new(Duration::from_secs_f64(self.warmup.clamp(0.0, 30.0)), self.span())
    }

    pub(crate) fn server(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// A setting, or nothing.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        let pairs = self.set.iter().filter_map(|pair| pair.split_once('='));
        pairs.filter(|(name, _)| *name == key).map(|(_, value)| value).next_back()
    }

    /// Whether the setting has this value.
    pub(crate) fn is(&self, key: &str, value: &str) -> bool {
        self.text(key) == Some(value)
    }

    /// A number among the settings.
    pub(crate) fn number(&self, key: &str, default: u64) -> Result<u64> {
        let Some(text) = self.text(key) else { return Ok(default) };
        text.parse().map_err(|_| format!("--set {key}={text}: not a whole number").into())
    }
}

/// Does the task.
pub(crate) fn run(args: ChildArgs, side: Side) -> Result<()> {
    bind_to_driver();
    if let Some(cpu) = args.cpu {
        process::pin(cpu)?;
    }
    libraries::run(&args, side, &Parent::new())
}

/// Ends this process with the driver's, and when it has run away.
pub(crate) fn bind_to_driver() {
    // Where the system cannot, the closed input still ends us.
    let _ = nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL);
    std::thread::spawn(|| {
        std::thread::sleep(LIFE_MAX);
        eprintln!("this process ran for {} s and ends itself", LIFE_MAX.as_secs());
        std::process::exit(3);
    });
}

/// What the driver says.
pub(crate) struct Parent(Receiver<String>);

impl Parent {
    pub(crate) fn new() -> Self {
        let (send, lines) = sync_channel(LINES_MAX);
        std::thread::spawn(move || {
            for line in std::io::stdin().lines().map_while(std::io::Result::ok) {
                if send.send(line).is_err() {
                    return;
                }
            }
        });
        Self(lines)
    }

    /// Whether the driver has seen enough.
    pub(crate) fn is_over(&self) -> bool {
        loop {
            match self.0.try_recv() {
                Ok(_) => {}
                Err(TryRecvError::Empty) => return false,
                Err(TryRecvError::Disconnected) => return true,
            }
        }
    }

    /// Whether a line has come, without waiting.
    pub(crate) fn has_line(&self) -> bool {
        self.0.try_recv() != Err(TryRecvError::Empty)
    }

    /// Waits for the end, or this long; whether it has come.
    pub(crate) fn wait_end(&self, at_most: Duration) -> bool {
        self.0.recv_timeout(at_most) == Err(RecvTimeoutError::Disconnected)
    }

    /// Waits for a line or the end.
    pub(crate) fn wait_line(&self) {
        let _ = self.0.recv();
    }
}

/// Tells the driver something: `key value`.
pub(crate) fn say(key: &str, value: impl Display) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{key} {value}")?;
    out.flush()?;
    Ok(())
}

/// The results of a server that counted.
pub(crate) fn say_window(window: &Window) -> Result<()> {
    let rates = window.rates();
    say("rx_msgs_per_s", rates.messages)?;
    say("rx_MB_per_s", rates.bytes / 1e6)?;
    say("rx_MB", window.bytes() as f64 / 1e6)?;
    say("rx_msgs", window.messages())
}

/// Takes round trips until it is over; `once` makes one and tells whether the answer came.
pub(crate) fn measure_rtt(args: &ChildArgs, mut once: impl FnMut() -> Result<bool>) -> Result<()> {
    let mut times = Vec::with_capacity(1 << 16);
    let mut unanswered = 0u32;
    let end = Instant::now() + args.span();
    while Instant::now() < end && times.len() < ROUND_TRIPS_MAX {
        let begin = Instant::now();
        if once()? {
            times.push(nanos(begin.elapsed()));
        } else {
            unanswered += 1;
        }
    }
    say_rtt(&mut times, unanswered)
}

/// The results of round trips in nanoseconds.
pub(crate) fn say_rtt(times: &mut [u64], unanswered: u32) -> Result<()> {
    say("rtt_p0_us", percentile_us(times, 0.0))?;
    say("rtt_p50_us", percentile_us(times, 50.0))?;
    say("rtt_p99_us", percentile_us(times, 99.0))?;
    say("rtt_samples", times.len())?;
    say("rtt_unanswered", unanswered)
}

/// The results of set-ups that took these nanoseconds each.
pub(crate) fn say_setups(times: &mut [u64], took: Duration) -> Result<()> {
    say("conn_per_s", times.len() as f64 / took.as_secs_f64())?;
    say("connect_p50_us", percentile_us(times, 50.0))?;
    say("connect_p99_us", percentile_us(times, 99.0))
}

/// A time in whole nanoseconds.
pub(crate) fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: ChildArgs,
    }

    #[test]
    fn settings_of_a_library_are_found() {
        let words = "x quinn --scenario rtt --set window-kb=5 --set poll=busy --set window-kb=7 --set bad=x";
        let args = Line::parse_from(words.split(' ')).args;
        assert_eq!(args.number("window-kb", 1).unwrap(), 7);
        assert_eq!(args.number("other", 1).unwrap(), 1);
        assert!(args.number("bad", 1).unwrap_err().to_string().contains("bad=x"));
        assert!(args.is("poll", "busy") && !args.is("poll", "sleep"));
    }
}
