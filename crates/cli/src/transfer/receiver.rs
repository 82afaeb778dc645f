//! The receiving side's network and terminal.

use super::incoming::{Folder, Incoming, IncomingError, Outcome, Received, WINDOW_BYTES};
use super::{PORT, REASON_DONE, REASON_FAILED, RecvArgs, bar_style};
use crate::exit::{Code, Failure};
use crate::net::{End, Net, News, Rates, resolve, stop_requested};
use gamesockets::{Connection, ConnectionHandle, Message, SendFlags};
use indicatif::{MultiProgress, ProgressBar};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const TURN: Duration = Duration::from_millis(5);
/// Senders at one time; each may have a window of data in our memory.
const SENDERS_MAX: usize = 64;
const REASON_FULL: u32 = 1001;
/// Bytes that may wait to be read: the window, and the small messages around it.
const RECV_BUFFER_BYTES: i32 = 2 * WINDOW_BYTES as i32;
/// How long a sender may be connected without offering anything.
const OFFER_WITHIN: Duration = Duration::from_secs(30);

struct Sender {
    connection: Connection,
    incoming: Incoming,
    peer: String,
    since: Instant,
    bar: Option<ProgressBar>,
}

struct Receiving<'a> {
    args: &'a RecvArgs,
    net: Net,
    folder: Folder,
    senders: BTreeMap<ConnectionHandle, Sender>,
    bars: MultiProgress,
    /// With `--once`: what the first file came to.
    outcome: Option<Result<(), Failure>>,
}

pub(super) fn run(args: &RecvArgs) -> Result<(), Failure> {
    std::fs::create_dir_all(&args.out).map_err(|e| Failure::new(Code::File, e).about(args.out.display()))?;
    let options = Rates { recv_buffer: RECV_BUFFER_BYTES, ..Rates::default() }.options();
    let net = Net::new(&options)?;
    let listener = net.listen(resolve(&args.listen, PORT)?)?;
    let address = listener.local_addr().to_string();
    say(args, &format!("listening {address}"), || json!({ "event": "listening", "address": address }));
    let stop = stop_requested()?;
    let folder = Folder::new(args.out.clone(), args.force, args.max_size);
    let mut receiving =
        Receiving { args, net, folder, senders: BTreeMap::new(), bars: MultiProgress::new(), outcome: None };
    let mut active = Instant::now();
    while !stop.is_set() && receiving.outcome.is_none() {
        if receiving.turn()? {
            active = Instant::now();
        } else if args.timeout.is_some_and(|limit| active.elapsed() > limit) {
            receiving.end()?;
            return Err(Failure::new(Code::Timeout, "nothing arrived within the time limit"));
        }
    }
    let outcome = receiving.outcome.take();
    receiving.end()?;
    match outcome {
        Some(result) => result,
        None if args.once => Err(Failure::new(Code::Interrupted, "interrupted before a file was complete")),
        None => Ok(()),
    }
}

impl Receiving<'_> {
    /// Returns whether anything happened.
    fn turn(&mut self) -> Result<bool, Failure> {
        let hashing = self.senders.values().any(|s| s.incoming.has_work());
        let news = self.net.wait(if hashing { Duration::ZERO } else { TURN })?;
        let messages = self.net.messages();
        let mut active = hashing || !news.is_empty() || !messages.is_empty();
        let mut ended = Vec::new();
        for news in news {
            match news {
                News::Incoming(connection) => self.welcome(&connection),
                News::Connected(_) => {}
                News::Ended(connection, end) => ended.push((connection, end)),
            }
        }
        for message in messages {
            self.take(&message);
        }
        let at_work: Vec<ConnectionHandle> =
            self.senders.iter().filter(|(_, s)| s.incoming.has_work()).map(|(id, _)| *id).collect();
        for id in at_work {
            if let Some(sender) = self.senders.get_mut(&id) {
                let result = sender.incoming.turn(&mut self.folder);
                self.settle(id, result);
            }
        }
        // After the messages: a sender's last ones count although it is gone.
        for (connection, end) in ended {
            for message in Net::rest_of(&connection) {
                self.take(&message);
            }
            active |= self.lost(&connection, &end);
        }
        self.dismiss_the_silent();
        Ok(active)
    }

    fn take(&mut self, message: &Message) {
        let id = message.connection();
        if let Some(sender) = self.senders.get_mut(&id) {
            let result = sender.incoming.on_message(&mut self.folder, message.payload());
            self.settle(id, result);
        }
    }

    fn welcome(&mut self, connection: &Connection) {
        if self.senders.len() >= SENDERS_MAX {
            let text = format!("{SENDERS_MAX} senders are here already; try again later");
            return Net::close(connection, REASON_FULL, &text, false);
        }
        if connection.accept().is_err() {
            // The request went away in the meantime.
            return Net::close(connection, REASON_FAILED, "", false);
        }
        let sender = Sender {
            peer: Net::peer_of(connection),
            connection: connection.clone(),
            incoming: Incoming::new(),
            since: Instant::now(),
            bar: None,
        };
        self.senders.insert(connection.handle(), sender);
    }

    /// Does what a message or a turn of a transfer led to.
    fn settle(&mut self, id: ConnectionHandle, result: Result<Outcome, IncomingError>) {
        let Some(sender) = self.senders.get_mut(&id) else { return };
        match result {
            Ok(outcome) => {
                sender.show_progress(&self.bars);
                if let Some(reply) = outcome.reply {
                    // A sender that reads nothing runs into its own window; its connection ends by time-out.
                    let _ = sender.connection.send(&reply, SendFlags::RELIABLE | SendFlags::NO_NAGLE);
                }
                if let Some(received) = outcome.received {
                    sender.since = Instant::now();
                    self.received(&received);
                }
            }
            Err(error) => {
                let _ = sender.connection.send(&error.refusal(), SendFlags::RELIABLE | SendFlags::NO_NAGLE);
                let peer = sender.peer.clone();
                self.part(id, REASON_FAILED, "the file was refused");
                self.refused(&peer, error);
            }
        }
    }

    fn received(&mut self, file: &Received) {
        let path = file.path.display().to_string();
        let text = format!("received {path} {} {}", file.size, file.sha256);
        let line = || {
            json!({
                "event": "received", "name": file.name, "path": path, "size": file.size,
                "resumed_at": file.resumed_at, "sha256": file.sha256.to_string(),
            })
        };
        self.bars.suspend(|| say(self.args, &text, line));
        if self.args.once {
            self.outcome = Some(Ok(()));
        }
    }

    fn refused(&mut self, peer: &str, error: IncomingError) {
        let text = error.to_string();
        let line = || json!({ "event": "refused", "peer": peer, "error": text });
        self.bars.suspend(|| complain(self.args, &format!("{peer}: {text}"), line));
        // Wrong data or a full disk will not get better by waiting; a bad name or nonsense is its sender's affair.
        let counts = matches!(
            error,
            IncomingError::Integrity { .. } | IncomingError::DiskFull { .. } | IncomingError::Disk { .. }
        );
        if self.args.once && counts {
            self.outcome = Some(Err(error.into()));
        }
    }

    /// A connection ended. Returns whether a transfer was cut off.
    fn lost(&mut self, connection: &Connection, end: &End) -> bool {
        Net::close(connection, REASON_DONE, "", false);
        let Some(mut sender) = self.senders.remove(&connection.handle()) else { return false };
        let unfinished = !sender.incoming.is_over();
        if unfinished {
            sender.incoming.give_up(&mut self.folder);
            let text = end.to_string();
            let line = || json!({ "event": "failed", "peer": sender.peer, "error": text });
            self.bars.suspend(|| {
                complain(self.args, &format!("{}: {text}; what arrived is kept", sender.peer), line)
            });
        }
        sender.clear_bar();
        unfinished
    }

    fn dismiss_the_silent(&mut self) {
        let silent = |s: &Sender| s.incoming.progress().is_none() && s.since.elapsed() > OFFER_WITHIN;
        let ids: Vec<ConnectionHandle> =
            self.senders.iter().filter(|(_, s)| silent(s)).map(|(id, _)| *id).collect();
        for id in ids {
            self.part(id, REASON_FAILED, "nothing was offered");
        }
    }

    /// Says goodbye to one sender; what was sent to it still arrives.
    fn part(&mut self, id: ConnectionHandle, reason: u32, text: &str) {
        if let Some(mut sender) = self.senders.remove(&id) {
            sender.incoming.give_up(&mut self.folder);
            sender.clear_bar();
            Net::close(&sender.connection, reason, text, true);
        }
    }

    fn end(mut self) -> Result<(), Failure> {
        for sender in self.senders.values_mut() {
            sender.incoming.give_up(&mut self.folder);
            sender.clear_bar();
        }
        let all: Vec<Connection> = self.senders.into_values().map(|s| s.connection).collect();
        self.net.finish(&all, REASON_DONE, "the receiver ends")
    }
}

impl Sender {
    fn show_progress(&mut self, bars: &MultiProgress) {
        let Some((name, size, written)) = self.incoming.progress() else { return self.clear_bar() };
        let bar = self.bar.get_or_insert_with(|| {
            bars.add(ProgressBar::new(size).with_style(bar_style()).with_message(name.to_owned()))
        });
        bar.set_position(written);
    }

    fn clear_bar(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

fn say(args: &RecvArgs, text: &str, line: impl FnOnce() -> Value) {
    if args.json { println!("{}", line()) } else { println!("{text}") }
}

fn complain(args: &RecvArgs, text: &str, line: impl FnOnce() -> Value) {
    if args.json {
        println!("{}", line());
    }
    eprintln!("gamesockets: {text}");
}
