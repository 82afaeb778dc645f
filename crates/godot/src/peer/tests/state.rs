//! The state that the object and the engine's calls share.

use super::super::limits::READERS_MAX;
use super::super::state::{NotPut, State};
use super::*;

/// A client whose packets wait for the state's session, a server.
fn with_packets(packets: &[&[u8]]) -> (State, Session) {
    let (mut server, mut client) = pair();
    for packet in packets {
        client.put(SERVER, Mode::Reliable, 0, packet).unwrap();
    }
    until(&mut [&mut client, &mut server], |s| s[1].waiting() == packets.len());
    let mut state = State::default();
    assert!(state.start(server).is_none());
    (state, client)
}

#[test]
fn a_packet_stays_where_it_is_until_its_thread_takes_another() {
    let (mut state, _client) = with_packets(&[b"first", b"second", b"third"]);
    let first = state.pop().unwrap();
    assert_eq!((&first[..], state.waiting(), state.kept()), (&b"first"[..], 2, vec![first.clone()]));
    let second = std::thread::scope(|scope| scope.spawn(|| state.pop()).join()).unwrap().unwrap();
    assert_eq!(state.kept(), [first, second.clone()]);
    let third = state.pop().unwrap();
    assert_eq!(state.kept(), [third.clone(), second.clone()]);
    assert!(state.pop().is_none());
    drop(state.take());
    assert_eq!(state.kept(), [third, second], "a session that is closed takes no packet away");
}

#[test]
fn packets_of_so_many_threads_are_kept() {
    let packets = vec![&b"x"[..]; READERS_MAX + 1];
    let (mut state, _client) = with_packets(&packets);
    for _ in &packets {
        std::thread::scope(|scope| scope.spawn(|| state.pop()).join()).unwrap().unwrap();
    }
    assert_eq!(state.kept().len(), READERS_MAX);
}

#[test]
fn a_session_that_comes_second_is_given_back() {
    let mut state = State::default();
    assert!(matches!(state.put(b"x"), Err(NotPut::Unconnected)));
    state.refuses = true;
    let (first, second) = (server(1).0, server(1).0);
    let at = first.local();
    assert!(state.start(first).is_none());
    assert!(state.session.as_ref().unwrap().refuses);
    assert!(state.start(second).is_some());
    assert_eq!(state.session.as_ref().unwrap().local(), at);
    assert!(state.take().is_some() && state.take().is_none());
    assert_eq!((state.id(), state.status()), (0, Status::Disconnected));
}

#[test]
fn there_are_64_channels() {
    let mut state = State::default();
    assert!(state.set_channel(63) && !state.set_channel(64) && !state.set_channel(-1));
    assert_eq!(state.channel, 63);
}
