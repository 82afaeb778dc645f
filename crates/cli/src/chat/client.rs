//! One who talks.

use super::room::LINE_BYTES_MAX;
use super::{ClientArgs, MESSAGE_BYTES_MAX, PORT};
use crate::exit::{Code, Failure};
use crate::net::{End, Net, News, resolve, stop_requested};
use crate::process::stdin_lines;
use crate::text::harmless;
use gamesockets::{Connection, Message, SendError, SendFlags};
use std::sync::mpsc::TryRecvError;
use std::time::Duration;

const TURN: Duration = Duration::from_millis(10);

/// How far we are.
#[derive(PartialEq, Eq)]
enum Input {
    Open,
    /// Nothing more is to be said.
    Over,
}

pub(super) fn run(args: &ClientArgs) -> Result<(), Failure> {
    let mut net = Net::new(&[])?;
    let to = resolve(&args.server, PORT)?;
    let connection = net.connect_and_wait(to)?;
    println!("connected {to}");
    if let Some(nick) = &args.nick {
        say(&connection, &format!("/nick {nick}"))?;
    }
    let stop = stop_requested()?;
    let input = stdin_lines();
    let mut too_long = 0;
    // A line that found no room, or the state of the input.
    let mut held: Option<String> = None;
    let mut state = Input::Open;
    while state == Input::Open && !stop.is_set() {
        if let Some(end) = hear(&mut net)? {
            return farewell(&end);
        }
        loop {
            let line = match held.take().map_or_else(|| input.try_recv(), Ok) {
                Ok(line) => line.trim().to_owned(),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => {
                    state = Input::Over;
                    break;
                }
            };
            if line == "/quit" {
                state = Input::Over;
                break;
            }
            if line.len() > LINE_BYTES_MAX {
                too_long += 1;
                eprintln!(
                    "gamesockets: not said: {} bytes are too long for a line, {LINE_BYTES_MAX} fit",
                    line.len()
                );
            } else if !line.is_empty() && !say(&connection, &line)? {
                held = Some(line);
                break;
            }
        }
    }
    let left = net.leave(&connection, "goodbye");
    print_messages(&net.messages());
    left?;
    if too_long > 0 {
        return Err(Failure::new(Code::Failed, format!("{too_long} lines were too long and not said")));
    }
    Ok(())
}

/// Says a line; false if it has to wait.
fn say(connection: &Connection, line: &str) -> Result<bool, Failure> {
    match connection.send(line.as_bytes(), SendFlags::RELIABLE) {
        Ok(_) => Ok(true),
        Err(SendError::LimitExceeded { .. }) => Ok(false),
        // The end of the connection comes as an event, with its reason.
        Err(SendError::NoConnection) => Ok(true),
        Err(error) => Err(Failure::new(Code::Failed, error)),
    }
}

/// One turn: prints what came, and tells if it is over.
fn hear(net: &mut Net) -> Result<Option<End>, Failure> {
    let news = net.wait(TURN)?;
    print_messages(&net.messages());
    for news in news {
        if let News::Ended(connection, end) = news {
            print_messages(&Net::rest_of(&connection));
            return Ok(Some(end));
        }
    }
    Ok(None)
}

fn print_messages(messages: &[Message]) {
    for message in messages {
        println!("{}", harmless(message.payload(), MESSAGE_BYTES_MAX));
    }
}

fn farewell(end: &End) -> Result<(), Failure> {
    if end.by_peer && end.is_ordinary() {
        println!("the server closed the connection ({end})");
        return Ok(());
    }
    Err(end.failure())
}
