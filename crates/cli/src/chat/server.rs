//! The room's network: everybody's messages in, everybody's lines out.

use super::room::{Departure, Line, Room};
use super::{MESSAGE_BYTES_MAX, PORT, ServerArgs};
use crate::exit::Failure;
use crate::net::{End, Net, News, REASON_OK, resolve, stop_requested};
use crate::process::stdin_lines;
use crate::text::harmless;
use gamesockets::{Connection, ConnectionHandle, Message, SendFlags};
use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::Duration;

/// How long one turn waits for something to happen.
const TURN: Duration = Duration::from_millis(10);
/// Reason numbers we close with.
const REASON_FULL: u32 = 1001;
const REASON_SLOW: u32 = 2001;

struct Server {
    net: Net,
    room: Room<ConnectionHandle>,
    members: BTreeMap<ConnectionHandle, Connection>,
}

pub(super) fn run(args: &ServerArgs) -> Result<(), Failure> {
    let net = Net::new(&[])?;
    let listener = net.listen(resolve(&args.listen, PORT)?)?;
    println!("listening {}", listener.local_addr());
    let stop = stop_requested()?;
    let input = (!args.detached).then(stdin_lines);
    let mut server = Server { net, room: Room::new(), members: BTreeMap::new() };
    while !stop.is_set() && !input.as_ref().is_some_and(wants_to_quit) {
        server.turn()?;
    }
    server.say_goodbye()
}

/// Whether the one who runs the server wants it to end.
fn wants_to_quit(input: &Receiver<String>) -> bool {
    loop {
        match input.try_recv() {
            Ok(line) if line.trim() == "/quit" => return true,
            Ok(line) if line.trim().is_empty() => {}
            Ok(_) => println!("the server knows one command: /quit"),
            Err(TryRecvError::Empty) => return false,
            Err(TryRecvError::Disconnected) => return true,
        }
    }
}

impl Server {
    fn turn(&mut self) -> Result<(), Failure> {
        let news = self.net.wait(TURN)?;
        for message in self.net.messages() {
            self.hear(&message);
        }
        for news in news {
            match news {
                News::Incoming(connection) => self.welcome(&connection),
                News::Connected(connection) => println!("+ {}", self.describe(connection.handle())),
                News::Ended(connection, end) => self.farewell(&connection, &end),
            }
        }
        Ok(())
    }

    fn welcome(&mut self, connection: &Connection) {
        let id = connection.handle();
        let lines = match self.room.join(id) {
            Ok(lines) => lines,
            Err(full) => return Net::close(connection, REASON_FULL, &full.to_string(), false),
        };
        if let Err(error) = connection.accept() {
            // The request went away in the meantime; nobody was told of it yet.
            self.room.leave(id, &Departure::Left);
            eprintln!("gamesockets: {error}");
            return Net::close(connection, REASON_OK, "", false);
        }
        self.members.insert(id, connection.clone());
        self.deliver(lines);
    }

    fn farewell(&mut self, connection: &Connection, end: &End) {
        let id = connection.handle();
        for message in Net::rest_of(connection) {
            self.hear(&message);
        }
        Net::close(connection, REASON_OK, "", false);
        let how = if end.by_peer { Departure::Left } else { Departure::Lost(end.text.clone()) };
        if self.members.remove(&id).is_some() {
            println!("- {} ({end})", self.describe(id));
        }
        let lines = self.room.leave(id, &how);
        self.deliver(lines);
    }

    fn hear(&mut self, message: &Message) {
        let payload = message.payload();
        let text = payload.get(..MESSAGE_BYTES_MAX).unwrap_or(payload);
        let id = message.connection();
        if let Some(nick) = self.room.nick(id) {
            println!("{nick}: {}", harmless(text, MESSAGE_BYTES_MAX).trim());
        }
        let lines = self.room.message(id, text);
        self.deliver(lines);
    }

    fn deliver(&mut self, lines: Vec<Line<ConnectionHandle>>) {
        for Line { to, text } in lines {
            let Some(connection) = self.members.get(&to) else { continue };
            if let Err(error) = connection.send(text.as_bytes(), SendFlags::RELIABLE) {
                // The end of a connection is told by an event; one that takes nothing any more is ended here.
                if matches!(error, gamesockets::SendError::LimitExceeded { .. }) {
                    self.expel(to);
                }
            }
        }
    }

    /// A member that does not read: it would hold everybody's lines in memory.
    fn expel(&mut self, id: ConnectionHandle) {
        let Some(connection) = self.members.remove(&id) else { return };
        println!("- {} (does not read)", self.describe(id));
        Net::close(&connection, REASON_SLOW, "too slow: lines wait in vain", false);
        let lines = self.room.leave(id, &Departure::Lost("does not read".into()));
        // At most as deep as there are members: each call has one fewer.
        self.deliver(lines);
    }

    fn describe(&self, id: ConnectionHandle) -> String {
        self.room.nick(id).unwrap_or("somebody").to_owned()
    }

    fn say_goodbye(mut self) -> Result<(), Failure> {
        println!("closing");
        let lines = self.room.announce("The server is closing. Goodbye.");
        self.deliver(lines);
        let all: Vec<Connection> = self.members.into_values().collect();
        self.net.finish(&all, REASON_OK, "the server is closing")
    }
}
