//! The sending side's network and terminal.

use super::outgoing::Outgoing;
use super::{PORT, REASON_DONE, REASON_FAILED, SendArgs, bar_style, names};
use crate::exit::{Code, Failure};
use crate::net::{Net, News, Rates, resolve, stop_requested};
use crate::text::{bytes, clock};
use gamesockets::{Connection, Message, SendError, SendFlags};
use indicatif::ProgressBar;
use serde_json::json;
use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long one turn waits for something to happen.
const TURN: Duration = Duration::from_millis(5);
/// Bytes that wait inside the library: enough for a few turns at the highest rate.
const SEND_BUFFER_BYTES: i32 = 8 << 20;
/// Rate without `--rate` to this machine, and to others.
const RATE_HERE: u64 = 200_000_000;
const RATE_ELSEWHERE: u64 = 4_000_000;

pub(super) fn run(args: &SendArgs) -> Result<(), Failure> {
    let (file, size) = open(&args.file)?;
    let name = name_of(args)?;
    let to = resolve(&args.address, PORT)?;
    let usual = if to.ip().is_loopback() { RATE_HERE } else { RATE_ELSEWHERE };
    let rate = args.rate.unwrap_or(usual);
    let mut net = Net::new(&Rates { rate, send_buffer: SEND_BUFFER_BYTES, ..Rates::default() }.options())?;
    let connection = net.connect_and_wait(to)?;
    let mut sending = Sending {
        net,
        connection,
        outgoing: Outgoing::new(file, &name, size),
        held: None,
        bar: ProgressBar::new(size).with_style(bar_style()).with_message(name.clone()),
    };
    let begin = Instant::now();
    let result = sending.run();
    sending.bar.finish_and_clear();
    let elapsed = begin.elapsed();
    let (reason, text) =
        if result.is_ok() { (REASON_DONE, "done") } else { (REASON_FAILED, "transfer failed") };
    Net::close(&sending.connection, reason, text, true);
    sending.net.context().shutdown();
    result.map_err(|failure| failure.about(args.file.display()))?;
    report(args, &name, size, &sending.outgoing, elapsed);
    Ok(())
}

struct Sending {
    net: Net,
    connection: Connection,
    outgoing: Outgoing<File>,
    /// A message that found no room.
    held: Option<Vec<u8>>,
    bar: ProgressBar,
}

impl Sending {
    fn run(&mut self) -> Result<(), Failure> {
        let stop = stop_requested()?;
        self.held = Some(self.outgoing.offer());
        let mut resumed = false;
        while !self.outgoing.is_done() {
            if stop.is_set() {
                return Err(Failure::new(Code::Interrupted, "interrupted; send again to continue"));
            }
            self.fill()?;
            let news = self.net.wait(TURN)?;
            // Messages first: the receiver's last words came before the end of the connection.
            let messages = self.net.messages();
            self.take(&messages)?;
            for news in news {
                if let News::Ended(connection, end) = news {
                    self.take(&Net::rest_of(&connection))?;
                    if !self.outgoing.is_done() {
                        return Err(end.failure());
                    }
                }
            }
            if !resumed && self.outgoing.resumed_at() > 0 {
                resumed = true;
                self.bar.reset_eta();
            }
            self.bar.set_position(self.outgoing.written());
        }
        Ok(())
    }

    fn take(&mut self, messages: &[Message]) -> Result<(), Failure> {
        for message in messages {
            if let Some(answer) = self.outgoing.on_message(message.payload())? {
                // Nothing is under way when an answer is due, so nothing is held.
                self.held = Some(answer);
            }
        }
        Ok(())
    }

    /// Hands messages over until the library or the receiver has enough.
    fn fill(&mut self) -> Result<(), Failure> {
        loop {
            let next = match self.held.take() {
                Some(message) => Some(message),
                None => self.outgoing.next_message()?,
            };
            let Some(message) = next else { return Ok(()) };
            match self.connection.send(&message, SendFlags::RELIABLE | SendFlags::NO_NAGLE) {
                Ok(_) => {}
                Err(SendError::LimitExceeded { .. }) => {
                    self.held = Some(message);
                    return Ok(());
                }
                // The event that tells why comes with the next turn.
                Err(SendError::NoConnection) => return Ok(()),
                Err(error) => return Err(Failure::new(Code::Failed, error)),
            }
        }
    }
}

fn open(path: &Path) -> Result<(File, u64), Failure> {
    let failed = |e: std::io::Error| Failure::new(Code::File, e).about(path.display());
    let file = File::open(path).map_err(failed)?;
    let meta = file.metadata().map_err(failed)?;
    if !meta.is_file() {
        return Err(Failure::new(Code::File, "is not a plain file; name a file, or pack a folder first")
            .about(path.display()));
    }
    Ok((file, meta.len()))
}

fn name_of(args: &SendArgs) -> Result<String, Failure> {
    let own = || args.file.file_name().and_then(|n| n.to_str()).map(str::to_owned);
    let Some(name) = args.name.clone().or_else(own) else {
        return Err(Failure::new(
            Code::Usage,
            "the name of the file is not UTF-8; give it another one with --name",
        ));
    };
    names::check(&name).map_err(|e| Failure::new(Code::Usage, format!("{e} (or use --name)")))?;
    Ok(name)
}

fn report(args: &SendArgs, name: &str, size: u64, outgoing: &Outgoing<File>, elapsed: Duration) {
    let (sha256, resumed_at) = (outgoing.sha256().to_string(), outgoing.resumed_at());
    let seconds = elapsed.as_secs_f64();
    let rate = (size - resumed_at) as f64 / seconds.max(1e-9);
    if args.json {
        let line = json!({
            "event": "sent", "name": name, "size": size, "resumed_at": resumed_at, "sha256": sha256,
            "seconds": seconds, "bytes_per_sec": rate,
        });
        println!("{line}");
    } else {
        let resumed = if resumed_at > 0 {
            format!(", continued at {}", bytes(resumed_at as f64))
        } else {
            String::new()
        };
        println!("sent {name} {size} {sha256}");
        println!("{} in {}, {}/s{resumed}", bytes(size as f64), clock(elapsed), bytes(rate));
    }
}
