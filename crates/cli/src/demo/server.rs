//! The server of the demonstration: sends the file to everybody, passes chat on, plays.

use super::ServerResult;
use super::peer::{
    PeerArgs, REPORT_EVERY, Ticker, link_status, send, send_state, set_up_lanes, state_result,
};
use super::protocol::{Ages, BULK_LANE, CHAT_LANE, PIECE_BYTES, Say, wall_us};
use crate::exit::{Code, Failure};
use crate::net::{Net, News, REASON_OK};
use crate::process::{report, stdin_lines};
use crate::transfer::digest::{Hasher, Sha256};
use gamesockets::{Connection, ConnectionHandle, Message, SendFlags};
use serde_json::json;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::net::Ipv4Addr;
use std::sync::mpsc::TryRecvError;
use std::time::{Duration, Instant};

/// Clients at one time.
const CLIENTS_MAX: usize = 16;
const REASON_FULL: u32 = 1001;
/// Bytes of the file that wait inside the library, per client; the rest of its buffer is for state and chat.
const BACKLOG_BYTES: u32 = 256 * 1024;
/// Chat lines kept for those who come later.
const HISTORY_MAX: usize = 1000;
/// Clients that have to say that they have everything.
const CLIENTS_EXPECTED: usize = super::CLIENTS.len();

struct Client {
    connection: Connection,
    name: String,
    file: File,
    sent: u64,
    ages: Ages,
    aged: usize,
    ticker: Ticker,
    finished: bool,
    /// Its connection is over.
    gone: bool,
}

struct Server<'a> {
    args: &'a PeerArgs,
    clients: BTreeMap<ConnectionHandle, Client>,
    /// Everything said so far: who, and what. Newcomers get it first.
    history: Vec<(String, String)>,
    size: u64,
    sha256: Sha256,
}

pub(super) fn run(args: &PeerArgs) -> Result<(), Failure> {
    let parent = stdin_lines();
    let (size, sha256) = measure(args)?;
    let mut net = args.net()?;
    let listener = net.listen((Ipv4Addr::LOCALHOST, 0).into())?;
    report(&json!({ "port": listener.local_addr().port() }))?;
    let mut server = Server { args, clients: BTreeMap::new(), history: Vec::new(), size, sha256 };
    let mut reported = Instant::now();
    while !server.is_over() {
        if parent.try_recv() == Err(TryRecvError::Disconnected) {
            return Err(Failure::new(Code::Interrupted, "the parent is gone"));
        }
        server.turn(&mut net)?;
        if reported.elapsed() >= REPORT_EVERY {
            reported = Instant::now();
            server.report_links()?;
        }
    }
    server.release()?;
    let mut ages = Ages::default();
    server.clients.values().for_each(|c| ages.merge(&c.ages));
    let result = ServerResult { sha256: sha256.to_string(), state: state_result(&mut ages) };
    report(&json!({ "server": result }))?;
    let all: Vec<Connection> = server.clients.into_values().map(|c| c.connection).collect();
    net.finish(&all, REASON_OK, "goodbye")
}

/// Size and hash of the file that will be sent.
fn measure(args: &PeerArgs) -> Result<(u64, Sha256), Failure> {
    let failed = |e: std::io::Error| Failure::new(Code::File, e).about(args.file.display());
    let mut hasher = Hasher::new();
    let size = hasher.update_from(&mut File::open(&args.file).map_err(failed)?, u64::MAX).map_err(failed)?;
    Ok((size, hasher.value()))
}

impl Server<'_> {
    /// Everybody has everything.
    fn is_over(&self) -> bool {
        self.clients.len() >= CLIENTS_EXPECTED && self.clients.values().all(|c| c.finished)
    }

    fn turn(&mut self, net: &mut Net) -> Result<(), Failure> {
        let news = net.wait(Duration::from_millis(4))?;
        for message in net.messages() {
            self.hear(&message)?;
        }
        for news in news {
            match news {
                News::Incoming(connection) => self.welcome(&connection)?,
                News::Connected(_) => {}
                News::Ended(connection, end) => {
                    for message in Net::rest_of(&connection) {
                        self.hear(&message)?;
                    }
                    Net::close(&connection, REASON_OK, "", false);
                    match self.clients.get_mut(&connection.handle()) {
                        Some(client) if client.finished => client.gone = true,
                        _ => return Err(end.failure()),
                    }
                }
            }
        }
        for client in self.clients.values_mut().filter(|c| !c.gone) {
            if let Some(number) = client.ticker.due() {
                send_state(&client.connection, number)?;
            }
            client.feed(self.size)?;
        }
        Ok(())
    }

    fn welcome(&mut self, connection: &Connection) -> Result<(), Failure> {
        if self.clients.len() >= CLIENTS_MAX {
            Net::close(connection, REASON_FULL, "full", false);
            return Ok(());
        }
        connection.accept().map_err(|e| Failure::new(Code::Failed, e))?;
        set_up_lanes(connection)?;
        let announcement = Say::File { size: self.size, sha256: self.sha256.0 };
        send(connection, &announcement, SendFlags::RELIABLE, BULK_LANE)?;
        for (from, line) in &self.history {
            say_chat(connection, from, line)?;
        }
        let client = Client {
            connection: connection.clone(),
            name: String::new(),
            file: File::open(&self.args.file)?,
            sent: 0,
            ages: Ages::default(),
            aged: 0,
            ticker: Ticker::new(),
            finished: false,
            gone: false,
        };
        self.clients.insert(connection.handle(), client);
        Ok(())
    }

    fn hear(&mut self, message: &Message) -> Result<(), Failure> {
        let say = Say::decode(message.payload()).map_err(|e| Failure::new(Code::Failed, e))?;
        let id = message.connection();
        let Some(client) = self.clients.get_mut(&id) else { return Ok(()) };
        match say {
            Say::Hello { name } => client.name = name.to_owned(),
            Say::State { number, sent_us } => client.ages.add(number, sent_us, wall_us()),
            Say::Chat { line, .. } => {
                let from = client.name.clone();
                for (_, other) in self.clients.iter().filter(|(other, _)| **other != id) {
                    say_chat(&other.connection, &from, line)?;
                }
                if self.history.len() < HISTORY_MAX {
                    self.history.push((from, line.to_owned()));
                }
            }
            Say::Finished => client.finished = true,
            Say::File { .. } | Say::Piece(_) => {}
        }
        Ok(())
    }

    /// Lets everybody go, now that the last one has everything: nobody missed a line of somebody who is slower.
    fn release(&self) -> Result<(), Failure> {
        for client in self.clients.values() {
            send(&client.connection, &Say::Finished, SendFlags::RELIABLE | SendFlags::NO_NAGLE, CHAT_LANE)?;
        }
        Ok(())
    }

    fn report_links(&mut self) -> Result<(), Failure> {
        for client in self.clients.values_mut().filter(|c| !c.gone && !c.name.is_empty()) {
            let mut link = link_status(&client.connection, "server", &client.name, &client.ages, client.aged);
            client.aged = client.ages.count();
            (link.sent, link.size) = (client.sent, self.size);
            report(&json!({ "link": link }))?;
        }
        Ok(())
    }
}

fn say_chat(to: &Connection, from: &str, line: &str) -> Result<(), Failure> {
    send(to, &Say::Chat { from, line }, SendFlags::RELIABLE | SendFlags::NO_NAGLE, CHAT_LANE)
}

impl Client {
    /// Hands over as much of the file as keeps the connection busy.
    fn feed(&mut self, size: u64) -> Result<(), Failure> {
        if self.sent >= size {
            return Ok(());
        }
        let Ok(status) = self.connection.status() else { return Ok(()) };
        let mut room = BACKLOG_BYTES.saturating_sub(status.pending_reliable) as usize;
        while room >= PIECE_BYTES && self.sent < size {
            let mut piece = Vec::with_capacity(PIECE_BYTES);
            (&mut self.file).take(PIECE_BYTES as u64).read_to_end(&mut piece)?;
            if piece.is_empty() {
                return Err(Failure::new(Code::File, "the file became shorter"));
            }
            self.sent += piece.len() as u64;
            room -= PIECE_BYTES;
            send(&self.connection, &Say::Piece(&piece), SendFlags::RELIABLE, BULK_LANE)?;
        }
        Ok(())
    }
}
