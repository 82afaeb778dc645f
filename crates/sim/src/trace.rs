//! What happened lately, for the reader of a failure, and a fingerprint of everything that ever happened.

use crate::link::Lost;
use crate::rng::spread;
use core::fmt;
use core::net::SocketAddr;
use gamesockets_proto::connection::ConnectionState;
use std::collections::VecDeque;

/// Steps that a failure shows unless told otherwise.
pub const TRACE_STEPS: usize = 300;

/// A host of the world.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct HostId(pub u32);

/// A connection as one side has it; counted over the whole world, never used twice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FlowId(pub u32);

impl fmt::Display for HostId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "h{}", self.0)
    }
}

impl fmt::Display for FlowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "c{}", self.0)
    }
}

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Step {
    /// A host sent a datagram.
    Sent {
        /// From.
        from: SocketAddr,
        /// To.
        to: SocketAddr,
        /// Bytes.
        len: usize,
        /// Its first byte.
        lead: u8,
        /// Why it will not arrive, if it will not.
        lost: Option<Lost>,
    },
    /// A datagram reached a socket.
    Arrived {
        /// From.
        from: SocketAddr,
        /// To.
        to: SocketAddr,
        /// Bytes.
        len: usize,
    },
    /// A host's loop ran a turn.
    Turn {
        /// The host.
        host: HostId,
        /// Datagrams it took in.
        datagrams: usize,
        /// Whether a deadline was due.
        timeout: bool,
    },
    /// A connection changed its state.
    State {
        /// The connection.
        flow: FlowId,
        /// Before.
        old: ConnectionState,
        /// After.
        new: ConnectionState,
        /// Why it ended, or 0.
        reason: u32,
    },
    /// A connection is gone.
    Destroyed(FlowId),
    /// An application sent a message.
    Send {
        /// On this connection.
        flow: FlowId,
        /// On this lane.
        lane: u16,
        /// The message's number, or 0 if it was refused.
        number: u64,
        /// Bytes.
        len: usize,
        /// Flags as in the interface.
        flags: u32,
    },
    /// An application read a message.
    Received {
        /// On this connection.
        flow: FlowId,
        /// On this lane.
        lane: u16,
        /// The message's number.
        number: u64,
        /// Bytes.
        len: usize,
    },
    /// An application did something else with a connection.
    Did {
        /// The connection.
        flow: FlowId,
        /// What.
        what: &'static str,
    },
    /// Something about the world itself.
    Note(String),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sent { from, to, len, lead, lost } => {
                write!(f, "{from} -> {to} {} {len} bytes", lead_name(*lead))?;
                lost.map_or(Ok(()), |why| write!(f, ", lost: {why:?}"))
            }
            Self::Arrived { from, to, len } => write!(f, "{to} got {len} bytes from {from}"),
            Self::Turn { host, datagrams, timeout } => {
                write!(f, "{host} turn: {datagrams} datagrams{}", if *timeout { ", deadline" } else { "" })
            }
            Self::State { flow, old, new, reason: 0 } => write!(f, "{flow} {old:?} -> {new:?}"),
            Self::State { flow, old, new, reason } => write!(f, "{flow} {old:?} -> {new:?} ({reason})"),
            Self::Destroyed(flow) => write!(f, "{flow} destroyed"),
            Self::Send { flow, lane, number: 0, len, flags } => {
                write!(f, "{flow} refused to send {len} bytes on lane {lane}, flags {flags}")
            }
            Self::Send { flow, lane, number, len, flags } => {
                write!(f, "{flow} sends {lane}:{number}, {len} bytes, flags {flags}")
            }
            Self::Received { flow, lane, number, len } => {
                write!(f, "{flow} reads {lane}:{number}, {len} bytes")
            }
            Self::Did { flow, what } => write!(f, "{flow} {what}"),
            Self::Note(text) => f.write_str(text),
        }
    }
}

fn lead_name(lead: u8) -> &'static str {
    match lead {
        32 => "challenge request",
        33 => "challenge reply",
        34 => "connect request",
        35 => "connect ok",
        36 => "closed",
        37 => "no connection",
        0x80.. => "data",
        _ => "garbage",
    }
}

impl Step {
    /// The step as numbers, for the fingerprint.
    fn words(&self) -> [u64; 4] {
        let address = |a: &SocketAddr| u64::from(a.port()) << 32 | u64::from(last_bytes(a));
        match self {
            Self::Sent { from, to, len, lead, lost } => {
                let fate = lost.map_or(0, |l| l as u64 + 1);
                [1 << 8 | u64::from(*lead), address(from), address(to), (*len as u64) << 8 | fate]
            }
            Self::Arrived { from, to, len } => [2, address(from), address(to), *len as u64],
            Self::Turn { host, datagrams, timeout } => {
                [3, host.0.into(), *datagrams as u64, (*timeout).into()]
            }
            Self::State { flow, old, new, reason } => {
                [4, flow.0.into(), (*old as u64) << 8 | *new as u64, (*reason).into()]
            }
            Self::Destroyed(flow) => [5, flow.0.into(), 0, 0],
            Self::Send { flow, lane, number, len, flags } => {
                [6 | u64::from(*lane) << 8, flow.0.into(), *number, (*len as u64) << 8 | u64::from(*flags)]
            }
            Self::Received { flow, lane, number, len } => {
                [7 | u64::from(*lane) << 8, flow.0.into(), *number, *len as u64]
            }
            Self::Did { flow, what } => [8, flow.0.into(), what.len() as u64, 0],
            Self::Note(text) => [9, text.len() as u64, 0, 0],
        }
    }
}

fn last_bytes(a: &SocketAddr) -> u32 {
    match a {
        SocketAddr::V4(a) => a.ip().to_bits(),
        SocketAddr::V6(a) => a.ip().to_bits() as u32,
    }
}

/// The last steps, and a fingerprint of all of them.
#[derive(Debug)]
pub struct Trace {
    steps: VecDeque<(u64, u64, Step)>,
    keep: usize,
    count: u64,
    hash: u64,
}

impl Default for Trace {
    fn default() -> Self {
        Self { steps: VecDeque::new(), keep: TRACE_STEPS, count: 0, hash: 0 }
    }
}

impl Trace {
    /// Remembers so many steps from now on.
    pub const fn keep(&mut self, steps: usize) {
        self.keep = steps;
    }

    /// Notes a step.
    pub fn push(&mut self, now_us: u64, step: Step) {
        self.mix(now_us);
        for word in step.words() {
            self.mix(word);
        }
        if self.steps.len() >= self.keep {
            self.steps.pop_front();
        }
        self.steps.push_back((self.count, now_us, step));
        self.count += 1;
    }

    /// Adds a number to the fingerprint.
    pub const fn mix(&mut self, word: u64) {
        self.hash = spread(self.hash ^ word);
    }

    /// Steps so far.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Differs for worlds that differ in any step.
    pub const fn hash(&self) -> u64 {
        self.hash
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, at_us, step) in &self.steps {
            writeln!(f, "{n:>8} {:>11.6} s  {step}", *at_us as f64 / 1e6)?;
        }
        Ok(())
    }
}

/// A rule that was broken, in words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Broken(pub String);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Shorthand: what a check gives.
pub type Check = Result<(), Broken>;

/// Builds a [`Broken`] from a format string.
macro_rules! broken {
    ($($arg:tt)*) => {
        $crate::trace::Broken(format!($($arg)*))
    };
}

/// Returns a [`Broken`] unless the condition holds.
macro_rules! rule {
    ($holds:expr, $($arg:tt)*) => {
        if !$holds {
            return Err($crate::trace::Broken(format!($($arg)*)));
        }
    };
}
pub(crate) use {broken, rule};

/// A world in which a rule was broken, with all that is needed to see it again.
#[derive(Clone)]
pub struct Failure {
    /// The seed of the world.
    pub seed: u64,
    /// Steps done before.
    pub step: u64,
    /// Virtual time, microseconds.
    pub at_us: u64,
    /// The rule and how it was broken.
    pub message: String,
    /// The scenario, if it was drawn.
    pub scenario: String,
    /// The last steps.
    pub trace: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.trace)?;
        writeln!(
            f,
            "seed {} failed at step {}, {:.6} s of virtual time:",
            self.seed,
            self.step,
            self.at_us as f64 / 1e6
        )?;
        writeln!(f, "  {}", self.message)?;
        if self.scenario.is_empty() {
            return Ok(());
        }
        writeln!(f, "scenario: {}", self.scenario)?;
        write!(f, "see it again: gamesockets soak --seed {} --seeds 1", self.seed)
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_last_steps_and_a_fingerprint_of_all() {
        let run = |n: u64, odd: u64| {
            let mut t = Trace::default();
            for i in 0..n {
                let len = if i == odd { 1 } else { 0 };
                t.push(i, Step::Received { flow: FlowId(1), lane: 0, number: i, len });
            }
            t
        };
        let t = run(1000, 5);
        assert_eq!(t.to_string().lines().count(), TRACE_STEPS);
        assert_eq!(t.hash(), run(1000, 5).hash());
        assert_ne!(t.hash(), run(1000, 6).hash(), "a step long gone still counts");
    }
}
