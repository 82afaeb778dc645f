//! One measurement of one library, from the start of its processes to their ends.

use super::process::{Process, Values};
use crate::child::Scenario;
use bench_common::noise::{Noise, wait_quiet};
use bench_common::process::{process_cpu_ns, resident_bytes};
use bench_common::{Error, Result};
use clap::ValueEnum as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

/// What processes may take beyond what they measure.
const SLACK: Duration = Duration::from_secs(30);
/// The same where thousands of connections have to come about first.
const SLACK_IDLE: Duration = Duration::from_secs(90);
/// Rest before memory is taken: what is left of handshakes goes away.
const SETTLE_FIRST: Duration = Duration::from_millis(300);
const SETTLE: Duration = Duration::from_millis(1500);

/// Where processes run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Pin {
    /// Where the system puts them
    Free,
    /// Each on a processor of its own
    Apart,
    /// Both on one
    Together,
}

/// A path between the processes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Path {
    /// Percent each way.
    pub(crate) loss: f64,
    /// Milliseconds each way.
    pub(crate) delay_ms: u64,
    /// Megabytes per second each way; 0: no limit.
    pub(crate) megabytes: f64,
}

/// What to measure.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Job {
    pub(crate) peer: String,
    /// The program that takes part under this name; none: this one.
    pub(crate) program: Option<PathBuf>,
    pub(crate) scenario: Scenario,
    pub(crate) size: u32,
    pub(crate) secs: f64,
    pub(crate) warmup: f64,
    pub(crate) count: usize,
    pub(crate) concurrency: usize,
    pub(crate) set: Vec<String>,
    pub(crate) pin: Pin,
    pub(crate) path: Option<Path>,
}

/// What came of it.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    /// What both processes said, and what was seen from outside.
    pub(crate) values: Values,
    /// The share of one core that everything else took meanwhile.
    pub(crate) noise: f64,
}

impl Job {
    fn command(&self, role: &str, cpu: usize) -> Result<Command> {
        let program = match &self.program {
            Some(program) => program.clone(),
            None => std::env::current_exe()?,
        };
        let scenario = self.scenario.to_possible_value().map(|v| v.get_name().to_owned()).unwrap_or_default();
        let mut command = Command::new(program);
        command.args([role, &self.peer, "--scenario", &scenario]);
        command.args(["--size", &self.size.to_string(), "--secs", &self.secs.to_string()]);
        command.args(["--warmup", &self.warmup.to_string(), "--count", &self.count.to_string()]);
        command.args(["--concurrency", &self.concurrency.to_string()]);
        command.args(self.set.iter().flat_map(|pair| ["--set", pair]));
        match self.pin {
            Pin::Free => {}
            Pin::Apart => drop(command.args(["--cpu", &cpu.to_string()])),
            Pin::Together => drop(command.args(["--cpu", "0"])),
        }
        Ok(command)
    }

    /// The whole as words of a command line, for repeating it.
    pub(crate) fn command_line(&self) -> String {
        let scenario = self.scenario.to_possible_value().map(|v| v.get_name().to_owned()).unwrap_or_default();
        let pin = self.pin.to_possible_value().map(|v| v.get_name().to_owned()).unwrap_or_default();
        let mut line = format!(
            "peers run {} --scenario {scenario} --size {} --secs {}",
            self.peer, self.size, self.secs
        );
        line +=
            &format!(" --warmup {} --count {} --concurrency {}", self.warmup, self.count, self.concurrency);
        line += &format!(" --pin {pin}");
        self.set.iter().for_each(|pair| line += &format!(" --set {pair}"));
        if let Some(program) = &self.program {
            line += &format!(" --exec {}={}", self.peer, program.display());
        }
        if let Some(path) = &self.path {
            line +=
                &format!(" --loss {} --delay-ms {} --path-mb {}", path.loss, path.delay_ms, path.megabytes);
        }
        line
    }

    /// Measures. However the processes behave, it ends.
    pub(crate) fn run(&self, patient: bool) -> Result<Sample> {
        if patient {
            wait_quiet();
        }
        let idle = self.scenario == Scenario::Idle;
        let measured = Duration::from_secs_f64(self.secs + self.warmup);
        let until = Instant::now() + measured * 2 + if idle { SLACK_IDLE } else { SLACK };
        let (noise, begin) = (Noise::start(), Instant::now());
        let mut values = Values::new();
        let mut server = Process::start("server", self.command("server", 1)?)?;
        let mut port = server.expect("port", until)?;
        let proxy = self.path.as_ref().map(|path| start_proxy(path, &mut port, until)).transpose()?;
        let mut command = self.command("client", 0)?;
        command.args(["--port", &port]);
        let mut client = Process::start("client", command)?;
        if idle {
            self.watch_idle(&server, &mut client, until, &mut values)?;
        }
        let client_cpu = client.finish(until, &mut values)?;
        let proxy_cpu = proxy.map_or(Ok(0), |proxy| proxy.finish(until, &mut values))?;
        let server_cpu = server.finish(until, &mut values)?;
        let seconds = |ns: u64| ns as f64 / 1e9;
        if !idle {
            values.insert("client_cpu_s".into(), seconds(client_cpu));
            values.insert("server_cpu_s".into(), seconds(server_cpu));
            values.insert("wall_s".into(), begin.elapsed().as_secs_f64());
        }
        Ok(Sample { values, noise: noise.share(client_cpu + server_cpu + proxy_cpu) })
    }

    /// Takes memory before and after the connections come about, and then the processor time of doing nothing, scaled
    /// up where a library holds fewer connections than asked for.
    fn watch_idle(
        &self,
        server: &Process,
        client: &mut Process,
        until: Instant,
        values: &mut Values,
    ) -> Result<()> {
        let number =
            |text: String| text.parse::<f64>().map_err(|_| Error::from(format!("{text} is no number")));
        let sides = [("server", server.id()), ("client", client.id())];
        let base = number(client.expect("base", until)?)?;
        std::thread::sleep(SETTLE_FIRST);
        let memory = sides.map(|(_, id)| resident_bytes(id));
        let begin = Instant::now();
        client.tell("go")?;
        let ready = number(client.expect("ready", until)?)?;
        values.insert("connected".into(), ready);
        values.insert("ramp_conn_per_s".into(), (ready - base) / begin.elapsed().as_secs_f64());
        std::thread::sleep(SETTLE);
        for ((side, id), before) in sides.iter().zip(memory) {
            let grown = resident_bytes(*id) as f64 - before as f64;
            values.insert(format!("{side}_KB_per_conn"), grown / (ready - base) / 1024.0);
        }
        let cpu = sides.map(|(_, id)| process_cpu_ns(id));
        let begin = Instant::now();
        std::thread::sleep(Duration::from_secs_f64(self.secs));
        for ((side, id), before) in sides.iter().zip(cpu) {
            let used = process_cpu_ns(*id).saturating_sub(before) as f64;
            let percent = 100.0 * used / begin.elapsed().as_nanos() as f64;
            values.insert(format!("{side}_idle_cpu_percent"), percent * self.count as f64 / ready);
        }
        Ok(())
    }
}

/// Puts a path before the server; `port` becomes that of the path.
fn start_proxy(path: &Path, port: &mut String, until: Instant) -> Result<Process> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["proxy", "--target", port, "--loss", &path.loss.to_string()]);
    command.args(["--delay-ms", &path.delay_ms.to_string(), "--path-mb", &path.megabytes.to_string()]);
    let mut proxy = Process::start("path", command)?;
    *port = proxy.expect("port", until)?;
    Ok(proxy)
}
