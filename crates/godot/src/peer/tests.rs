//! Sessions that talk to each other over the loopback, without an engine.

use super::link::PutError;
mod ends;
mod hostile;
mod state;

use super::packet::Mode;
use super::reason;
use super::session::{Home, SERVER, Session, Signal, Status};
use gamesockets::Context;
use gamesockets::config::{ConfigKey, ConfigValue};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

const FAST: &[(ConfigKey, ConfigValue)] = &[
    (ConfigKey::SendRateMin, ConfigValue::Int32(50_000_000)),
    (ConfigKey::SendRateMax, ConfigValue::Int32(50_000_000)),
];

fn home() -> Home {
    Home::owned(Context::new().unwrap())
}

fn loopback() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

fn server(peers_max: usize) -> (Session, SocketAddr) {
    let server = Session::server(home(), loopback(), peers_max, FAST).unwrap();
    let at = server.local().unwrap();
    (server, at)
}

/// Polls all until something holds.
fn until(sessions: &mut [&mut Session], mut holds: impl FnMut(&mut [&mut Session]) -> bool) {
    let begin = Instant::now();
    loop {
        for session in sessions.iter_mut() {
            session.poll();
        }
        if holds(sessions) {
            return;
        }
        assert!(begin.elapsed() < Duration::from_secs(30), "it does not come: {sessions:?}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn signals(session: &mut Session) -> Vec<Signal> {
    std::iter::from_fn(|| session.signal()).collect()
}

fn pair() -> (Session, Session) {
    let (mut server, at) = server(4);
    let mut client = Session::client(home(), at, 77, FAST).unwrap();
    assert_eq!(client.status(), Status::Connecting);
    until(&mut [&mut server, &mut client], |s| {
        s[0].connection(77).is_some() && s[1].connection(SERVER).is_some()
    });
    assert_eq!(client.status(), Status::Connected);
    assert_eq!(signals(&mut server), [Signal::Connected(77)]);
    assert_eq!(signals(&mut client), [Signal::Connected(SERVER)]);
    (server, client)
}

fn ended(id: i32, reason: u32) -> Signal {
    Signal::Ended { id, reason, text: reason::text(reason).to_owned() }
}

fn disconnected_here(id: i32) -> Signal {
    Signal::Ended { id, reason: reason::DISCONNECTED, text: reason::DISCONNECTED_HERE.to_owned() }
}

#[test]
fn packets_keep_mode_channel_and_sender() {
    let (mut server, mut client) = pair();
    let sent = [(Mode::Reliable, 0), (Mode::Unreliable, 3), (Mode::Ordered, 63), (Mode::Reliable, 63)];
    for (mode, channel) in sent {
        client.put(SERVER, mode, channel, &[channel]).unwrap();
    }
    until(&mut [&mut server, &mut client], |s| s[0].waiting() == sent.len());
    let mut got: Vec<_> = std::iter::from_fn(|| server.pop())
        .map(|p| (p.from, p.mode as u8, p.channel, p.data.to_vec()))
        .collect();
    got.sort();
    let mut wanted: Vec<_> = sent.iter().map(|(m, c)| (77, *m as u8, *c, vec![*c])).collect();
    wanted.sort();
    assert_eq!(got, wanted);
}

#[test]
fn large_packets_arrive_whole_in_every_mode() {
    let (mut server, mut client) = pair();
    let large: Vec<u8> = (0..1_000_000_u32).map(|n| (n % 251) as u8).collect();
    for mode in [Mode::Reliable, Mode::Ordered, Mode::Unreliable] {
        client.put(SERVER, mode, 1, &large).unwrap();
        until(&mut [&mut server, &mut client], |s| s[0].waiting() == 1);
        let packet = server.pop().unwrap();
        assert_eq!((packet.mode, packet.channel), (mode, 1));
        assert!(packet.data == large);
    }
}

#[test]
fn what_does_not_fit_is_an_error() {
    let (_server, mut client) = pair();
    let large = vec![1; 8 << 20];
    assert_eq!(
        client.put(SERVER, Mode::Reliable, 0, &[&large[..], &[1]].concat()),
        Err(PutError::Size(large.len() + 1))
    );
    assert_eq!(client.put(SERVER, Mode::Reliable, 0, &[]), Err(PutError::Size(0)));
    assert_eq!(client.put(5, Mode::Reliable, 0, &[1]), Err(PutError::NoPeer(5)));
    let full = (0..4).find_map(|_| client.put(0, Mode::Reliable, 0, &large).err());
    assert_eq!(full, Some(PutError::Full(large.len(), SERVER)));
}

#[test]
fn targets_are_one_all_or_all_but_one() {
    let (mut server, at) = server(4);
    let mut a = Session::client(home(), at, 10, FAST).unwrap();
    let mut b = Session::client(home(), at, 20, FAST).unwrap();
    until(&mut [&mut server, &mut a, &mut b], |s| {
        s[0].connection(10).is_some() && s[0].connection(20).is_some()
    });
    server.put(0, Mode::Reliable, 0, b"all").unwrap();
    server.put(-10, Mode::Reliable, 0, b"not 10").unwrap();
    server.put(10, Mode::Reliable, 0, b"10").unwrap();
    server.put(i32::MIN, Mode::Reliable, 0, b"end").unwrap();
    until(&mut [&mut server, &mut a, &mut b], |s| s[1].waiting() == 3 && s[2].waiting() == 3);
    let all = |s: &mut Session| std::iter::from_fn(|| s.pop()).map(|p| p.data.to_vec()).collect::<Vec<_>>();
    assert_eq!(all(&mut a), [&b"all"[..], b"10", b"end"]);
    assert_eq!(all(&mut b), [&b"all"[..], b"not 10", b"end"]);
}

#[test]
fn the_last_packet_is_read_before_the_end() {
    let (mut server, mut client) = pair();
    client.unread_time = Duration::MAX;
    server.put(77, Mode::Reliable, 0, b"farewell").unwrap();
    assert!(server.disconnect(77, false));
    assert!(!server.disconnect(77, false));
    assert_eq!(signals(&mut server), [disconnected_here(77), Signal::Disconnected(77)]);
    until(&mut [&mut server, &mut client], |s| s[1].waiting() == 1);
    for _ in 0..20 {
        client.poll();
    }
    assert_eq!(client.status(), Status::Connected, "until it is read");
    assert_eq!(client.pop().unwrap().data, "farewell");
    until(&mut [&mut client], |s| s[0].status() == Status::Disconnected);
    assert_eq!(signals(&mut client), [ended(SERVER, reason::DISCONNECTED), Signal::Disconnected(SERVER)]);
    assert_eq!(client.last_end().0, reason::DISCONNECTED);
}

#[test]
fn an_end_is_told_to_a_game_that_never_reads() {
    let (mut server, mut client) = pair();
    client.unread_time = Duration::from_millis(100);
    server.put(77, Mode::Reliable, 0, b"unheard").unwrap();
    assert!(server.disconnect(77, false));
    until(&mut [&mut server, &mut client], |s| s[1].status() == Status::Disconnected);
    assert_eq!(signals(&mut client), [ended(SERVER, reason::DISCONNECTED), Signal::Disconnected(SERVER)]);
    assert_eq!(client.waiting(), 0);
}

#[test]
fn the_rate_is_estimated_unless_the_game_sets_it() {
    let mut server = Session::server(home(), loopback(), 4, &[]).unwrap();
    let mut client = Session::client(home(), server.local().unwrap(), 5, &[]).unwrap();
    until(&mut [&mut server, &mut client], |s| {
        s[0].connection(5).is_some() && s[1].connection(SERVER).is_some()
    });
    let rate = |session: &Session, id, key| {
        session.connection(id).unwrap().config(key).unwrap().value.as_i32().unwrap()
    };
    for (session, id) in [(&server, 5), (&client, SERVER)] {
        assert!(rate(session, id, ConfigKey::SendRateMin) < rate(session, id, ConfigKey::SendRateMax));
    }
    let (server, _client) = pair();
    assert_eq!(rate(&server, 77, ConfigKey::SendRateMax), 50_000_000);
}

#[test]
fn a_session_that_goes_says_so() {
    let (mut server, client) = pair();
    drop(client);
    until(&mut [&mut server], |s| s[0].connection(77).is_none());
    assert_eq!(signals(&mut server), [ended(77, reason::LEFT), Signal::Disconnected(77)]);
}

#[test]
fn writing_to_a_peer_whose_end_was_not_told_yet_is_no_error() {
    let (mut server, client) = pair();
    drop(client);
    let link = server.connection(77).unwrap().clone();
    while link.ended().is_none() {
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(server.put(77, Mode::Reliable, 0, b"x"), Ok(()), "before the poll that notices");
    until(&mut [&mut server], |s| s[0].connection(77).is_none());
    assert_eq!(server.put(77, Mode::Reliable, 0, b"x"), Ok(()), "before it is told");
    signals(&mut server);
    assert_eq!(server.put(77, Mode::Reliable, 0, b"x"), Err(PutError::NoPeer(77)));
}

#[test]
fn refusals_have_their_reasons() {
    let (mut server, at) = server(2);
    let mut first = Session::client(home(), at, 10, FAST).unwrap();
    until(&mut [&mut server, &mut first], |s| s[1].status() == Status::Connected);
    let mut refused = |server: &mut Session, mut client: Session, reason| {
        until(&mut [server, &mut first, &mut client], |s| s[2].status() == Status::Disconnected);
        assert_eq!(signals(&mut client), [ended(SERVER, reason)]);
    };
    refused(&mut server, Session::client(home(), at, 10, FAST).unwrap(), reason::ID_TAKEN);
    server.refuses = true;
    refused(&mut server, Session::client(home(), at, 11, FAST).unwrap(), reason::REFUSED);
    server.refuses = false;
    let mut second = Session::client(home(), at, 12, FAST).unwrap();
    until(&mut [&mut server, &mut second], |s| s[1].status() == Status::Connected);
    refused(&mut server, Session::client(home(), at, 13, FAST).unwrap(), reason::FULL);
}

#[test]
fn nobody_there_is_an_end() {
    let options = [(ConfigKey::TimeoutInitial, ConfigValue::Int32(300))];
    let mut client = Session::client(home(), "127.0.0.1:9".parse().unwrap(), 7, &options).unwrap();
    until(&mut [&mut client], |s| s[0].status() == Status::Disconnected);
    assert_eq!(client.last_end().0, 5003);
    assert!(matches!(signals(&mut client)[..], [Signal::Ended { id: SERVER, .. }]));
}

#[test]
fn members_of_a_mesh_that_connect_to_each_other_at_once_meet_once() {
    let mut a = Session::mesh(home(), 10, Some(loopback()), 8, FAST).unwrap();
    let mut b = Session::mesh(home(), 20, Some(loopback()), 8, FAST).unwrap();
    let (to_a, to_b) = (a.local().unwrap(), b.local().unwrap());
    a.connect(to_b, 20, FAST).unwrap();
    b.connect(to_a, 10, FAST).unwrap();
    until(&mut [&mut a, &mut b], |s| s[0].connection(20).is_some() && s[1].connection(10).is_some());
    a.put(20, Mode::Reliable, 0, b"x").unwrap();
    until(&mut [&mut a, &mut b], |s| s[1].waiting() == 1);
    assert_eq!(signals(&mut a), [Signal::Connected(20)]);
    assert_eq!(signals(&mut b), [Signal::Connected(10)]);
    assert!(a.connect(to_b, 20, FAST).is_err(), "known already");
}
