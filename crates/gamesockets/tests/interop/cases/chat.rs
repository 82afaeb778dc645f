//! Whole programs: the reference library's example chat and our own, in one room.

use super::ensure;
use crate::chat::Talker;
use crate::env::Need;
use crate::harness::{Case, Outcome};

pub(super) const CASES: &[Case] = &[
    Case { name: "chat::their_clients_in_our_room", needs: &[Need::Chat], limit: 60, run: our_room },
    Case { name: "chat::our_client_in_their_room", needs: &[Need::Chat], limit: 60, run: their_room },
];

/// Longer than one packet, within what their program takes.
fn long_line() -> String {
    "long ".repeat(170).trim_end().to_owned()
}

fn our_room() -> Outcome {
    let (_server, at) = Talker::our_server()?;
    let mut first = Talker::their_client(at, "their first client")?;
    first.hears("Welcome! Others see you as guest-1")?;
    let mut second = Talker::their_client(at, "their second client")?;
    second.hears("guest-1 is here.")?;
    first.hears("guest-2 joined.")?;
    let mut own = Talker::our_client(at, "Ours")?;
    second.hears("guest-3 is now known as Ours.")?;
    first.says("/nick Ada")?;
    first.hears("You are now known as Ada.")?;
    second.hears("guest-1 is now known as Ada.")?;
    first.says("hello, room")?;
    second.hears("Ada: hello, room")?;
    own.hears("Ada: hello, room")?;
    own.says("good morning")?;
    first.hears("Ours: good morning")?;
    second.says(&long_line())?;
    first.hears(&format!("guest-2: {}", long_line()))?;
    own.hears(&format!("guest-2: {}", long_line()))?;
    ensure!(!first.heard("Ada: hello"), "the one who spoke heard its own words");
    first.says("/quit")?;
    second.hears("Ada left.")?;
    own.hears("Ada left.")?;
    Ok("2 of their clients and 1 of ours: names, words both ways, leaving".to_owned())
}

fn their_room() -> Outcome {
    let (server, at) = Talker::their_server()?;
    let mut own = Talker::our_client(at, "Ada")?;
    own.hears("Welcome, stranger.")?;
    own.hears("Ye shall henceforth be known as Ada")?;
    server.hears("Connection request from")?;
    let mut other = Talker::their_client(at, "their client")?;
    other.hears("Ada")?;
    own.hears("A stranger hath joined")?;
    other.says("/nick Bob")?;
    own.hears("shall henceforth be known as Bob")?;
    own.says("hello from afar")?;
    other.hears("Ada: hello from afar")?;
    other.says("well met")?;
    own.hears("Bob: well met")?;
    own.says(&long_line())?;
    other.hears(&format!("Ada: {}", long_line()))?;
    own.says("/nick Grace")?;
    other.hears("Ada shall henceforth be known as Grace")?;
    own.says("/quit")?;
    other.hears("Grace hath departed")?;
    Ok("our client and 1 of theirs: names, words both ways, leaving".to_owned())
}
