//! Whole transfers in memory and on a real folder.

use super::super::outgoing::{Outgoing, OutgoingError};
use super::*;
use crate::scratch::Scratch;
use std::io::Cursor;

fn folder(dir: &Scratch) -> Folder {
    Folder::new(dir.path().to_owned(), false, u64::MAX)
}

fn data(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * 7 + i / 251) as u8).collect()
}

/// Runs a transfer until it is over or `stop_after` bytes arrived.
fn run(
    folder: &mut Folder,
    name: &str,
    data: &[u8],
    stop_after: u64,
) -> Result<Option<Received>, Result<OutgoingError, IncomingError>> {
    let mut outgoing = Outgoing::new(Cursor::new(data), name, data.len() as u64);
    let mut incoming = Incoming::new();
    let mut to_receiver = vec![outgoing.offer()];
    let mut received = None;
    loop {
        let mut outcomes = Vec::new();
        for message in to_receiver.drain(..) {
            outcomes.push(incoming.on_message(folder, &message).map_err(Err)?);
        }
        while incoming.has_work() {
            outcomes.push(incoming.turn(folder).map_err(Err)?);
        }
        for outcome in outcomes {
            received = outcome.received.or(received);
            if let Some(reply) = outcome.reply {
                to_receiver.extend(outgoing.on_message(&reply).map_err(Ok)?);
            }
        }
        if outgoing.is_done() {
            assert!(incoming.is_over() && folder.busy.is_empty());
            assert_eq!(received.as_ref().map(|r| r.sha256), Some(outgoing.sha256()));
            return Ok(received);
        }
        if incoming.progress().is_some_and(|(_, _, offset)| offset >= stop_after) {
            incoming.give_up(folder);
            return Ok(None);
        }
        to_receiver.extend(outgoing.next_message().map_err(Ok)?);
    }
}

#[test]
fn files_arrive_whole_and_leave_nothing_else() {
    let dir = Scratch::new("incoming").unwrap();
    let mut folder = folder(&dir);
    for (name, len) in [("empty", 0), ("one", 1), ("odd", 65_537), ("more.bin", 3_000_000)] {
        let data = data(len);
        let received = run(&mut folder, name, &data, u64::MAX).unwrap().unwrap();
        assert_eq!((received.size, received.resumed_at), (len as u64, 0));
        assert_eq!(fs::read(received.path).unwrap(), data);
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 4);
}

#[test]
fn an_interrupted_transfer_continues() {
    let dir = Scratch::new("incoming").unwrap();
    let mut folder = folder(&dir);
    let data = data(12_000_000);
    assert_eq!(run(&mut folder, "x", &data, 5_000_000).unwrap(), None);
    let received = run(&mut folder, "x", &data, u64::MAX).unwrap().unwrap();
    assert!(received.resumed_at >= 5_000_000, "{received:?}");
    assert_eq!(fs::read(dir.path().join("x")).unwrap(), data);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn a_corrupt_beginning_is_sent_again() {
    let dir = Scratch::new("incoming").unwrap();
    let mut folder = folder(&dir);
    let data = data(6_000_000);
    run(&mut folder, "x", &data, 5_000_000).unwrap();
    let partial = dir.path().join("x.part");
    let mut bytes = fs::read(&partial).unwrap();
    bytes[1234] ^= 1;
    fs::write(&partial, &bytes).unwrap();
    let received = run(&mut folder, "x", &data, u64::MAX).unwrap().unwrap();
    assert_eq!(received.resumed_at, 0);
    assert_eq!(fs::read(dir.path().join("x")).unwrap(), data);
}

#[test]
fn a_shortened_or_foreign_beginning_is_not_trusted() {
    let dir = Scratch::new("incoming").unwrap();
    let mut folder = folder(&dir);
    let data = data(6_000_000);
    run(&mut folder, "x", &data, 5_000_000).unwrap();
    File::options().write(true).open(dir.path().join("x.part")).unwrap().set_len(1_000_000).unwrap();
    assert_eq!(run(&mut folder, "x", &data, u64::MAX).unwrap().unwrap().resumed_at, 1_000_000);
    run(&mut folder, "y", &data, 5_000_000).unwrap();
    let other = vec![9; 6_000_001];
    assert_eq!(run(&mut folder, "y", &other, u64::MAX).unwrap().unwrap().resumed_at, 0);
    assert_eq!(fs::read(dir.path().join("y")).unwrap(), other);
}

#[test]
fn nothing_is_replaced_unless_asked_for() {
    let dir = Scratch::new("incoming").unwrap();
    fs::write(dir.path().join("x"), b"old").unwrap();
    let error = run(&mut folder(&dir), "x", b"new", u64::MAX).unwrap_err();
    assert!(matches!(error, Err(IncomingError::Exists(_))));
    let mut force = Folder::new(dir.path().to_owned(), true, u64::MAX);
    run(&mut force, "x", b"new", u64::MAX).unwrap();
    assert_eq!(fs::read(dir.path().join("x")).unwrap(), b"new");
    // A file that appears while the transfer runs stays.
    fs::write(dir.path().join("x.part"), b"part").unwrap();
    let error = place(&dir.path().join("x.part"), &dir.path().join("x"), false).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
}

#[test]
fn the_announced_hash_counts() {
    let dir = Scratch::new("incoming").unwrap();
    let mut folder = folder(&dir);
    let mut incoming = Incoming::new();
    let mut say = |folder: &mut Folder, frame: Frame<'_>| incoming.on_message(folder, &frame.encode());
    say(&mut folder, Frame::Offer { version: 1, size: 3, name: "x" }).unwrap();
    say(&mut folder, Frame::Start { offset: 0 }).unwrap();
    say(&mut folder, Frame::Data(b"abc")).unwrap();
    let error = say(&mut folder, Frame::End { sha256: Sha256([0; 32]) }).unwrap_err();
    assert!(matches!(error, IncomingError::Integrity { .. }));
    assert_eq!(Failure::from(error).code, Code::Integrity);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    assert!(folder.busy.is_empty() && incoming.is_over());
}

#[test]
fn a_sender_out_of_order_is_refused() {
    let dir = Scratch::new("incoming").unwrap();
    let mut folder = Folder::new(dir.path().to_owned(), false, 100);
    let offer = |size, name| Frame::Offer { version: 1, size, name }.encode();
    let refuse = |folder: &mut Folder, messages: &[Vec<u8>]| {
        let mut incoming = Incoming::new();
        let (last, first) = messages.split_last().unwrap();
        for message in first {
            incoming.on_message(folder, message).unwrap();
        }
        let error = incoming.on_message(folder, last).unwrap_err();
        assert!(incoming.is_over() && folder.busy.is_empty());
        match Frame::decode(&error.refusal()).unwrap() {
            Frame::Refused { reason, .. } => reason,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(refuse(&mut folder, &[offer(101, "x")]), Refusal::TooLarge);
    assert_eq!(refuse(&mut folder, &[offer(1, "../x")]), Refusal::Name);
    assert_eq!(refuse(&mut folder, &[b"hello".to_vec()]), Refusal::Protocol);
    assert_eq!(refuse(&mut folder, &[Frame::Data(b"x").encode()]), Refusal::Protocol);
    let version = Frame::Offer { version: 9, size: 1, name: "x" }.encode();
    assert_eq!(refuse(&mut folder, &[version]), Refusal::Protocol);
    let start = |offset| Frame::Start { offset }.encode();
    assert_eq!(refuse(&mut folder, &[offer(5, "x"), start(3)]), Refusal::Protocol);
    let too_much = [offer(5, "x"), start(0), Frame::Data(b"abcdef").encode()];
    assert_eq!(refuse(&mut folder, &too_much), Refusal::Protocol);
    let too_little = [offer(5, "x"), start(0), Frame::End { sha256: Sha256([0; 32]) }.encode()];
    assert_eq!(refuse(&mut folder, &too_little), Refusal::Protocol);
}

#[test]
fn one_sender_per_name_at_a_time() {
    let dir = Scratch::new("incoming").unwrap();
    let mut folder = folder(&dir);
    let offer = |name| Frame::Offer { version: 1, size: 5, name }.encode();
    let (mut a, mut b) = (Incoming::new(), Incoming::new());
    a.on_message(&mut folder, &offer("x")).unwrap();
    assert!(matches!(b.on_message(&mut folder, &offer("X")), Err(IncomingError::Busy(_))));
    a.give_up(&mut folder);
    b = Incoming::new();
    b.on_message(&mut folder, &offer("X")).unwrap();
}

#[test]
fn disk_trouble_is_named() {
    let full = IncomingError::disk(Path::new("f"), io::ErrorKind::StorageFull.into());
    assert!(matches!(Frame::decode(&full.refusal()), Ok(Frame::Refused { reason: Refusal::DiskFull, .. })));
    assert_eq!(Failure::from(full).code, Code::File);
    let dir = Scratch::new("incoming").unwrap();
    fs::create_dir(dir.path().join("x.part")).unwrap();
    let error = run(&mut folder(&dir), "x", b"new", u64::MAX).unwrap_err();
    assert!(matches!(error, Err(IncomingError::Disk { .. })));
}
