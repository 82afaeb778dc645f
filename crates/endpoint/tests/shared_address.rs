//! Several endpoints behind one address, as with several I/O threads.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]

use core::net::SocketAddr;
use gamesockets_crypto::cookie::ChallengeKey;
use gamesockets_endpoint::quota::Quota;
use gamesockets_endpoint::types::ConnectError;
use gamesockets_endpoint::{Endpoint, EndpointConfig, Event, SocketId};
use gamesockets_proto::connection::ConnectionState;
use gamesockets_wire::time::Timestamp;
use std::sync::Arc;

const NOW: Timestamp = Timestamp::from_micros(5_000_000);

fn at(n: u8) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, n], 1000))
}

fn endpoint(seed: u8) -> Endpoint {
    Endpoint::new(EndpointConfig::default(), [seed; 32], NOW)
}

/// Hands over what `from` (at address 2) has to say; returns how many datagrams those were.
fn carry(from: &mut Endpoint, source: SocketAddr, to: &mut Endpoint) -> usize {
    let (mut buf, mut count) = (Vec::new(), 0);
    while let Some(t) = from.poll_transmit(NOW, &mut buf, 16) {
        count += t.count;
        to.handle_datagrams(NOW, SocketId(0), source, &mut buf, t.segment);
    }
    count
}

/// A client asks the first endpoint for a challenge and brings the answer to the second.
fn asks_one_and_connects_to_the_other(keys: [u8; 2]) -> Endpoint {
    let (mut first, mut second, mut client) = (endpoint(1), endpoint(2), endpoint(3));
    for (end, key) in [(&mut first, keys[0]), (&mut second, keys[1])] {
        let key = ChallengeKey::from_bytes([key; 16]);
        end.listen_with(NOW, SocketId(0), at(1), Arc::default(), key).unwrap();
    }
    client.connect(NOW, SocketId(0), at(1), Arc::default()).unwrap();
    assert_eq!(carry(&mut client, at(2), &mut first), 1);
    assert_eq!(carry(&mut first, at(1), &mut client), 1);
    assert_eq!(carry(&mut client, at(2), &mut second), 1);
    second
}

#[test]
fn it_does_not_matter_who_answers_a_challenge() {
    let mut second = asks_one_and_connects_to_the_other([7, 7]);
    let event = second.poll_event();
    assert!(matches!(event, Some(Event::StateChanged { new: ConnectionState::Connecting, .. })), "{event:?}");
    assert_eq!(second.counters().drop_challenge, 0);
}

#[test]
fn with_different_keys_it_does() {
    let mut second = asks_one_and_connects_to_the_other([7, 8]);
    assert!(second.poll_event().is_none());
    assert_eq!(second.counters().drop_challenge, 1);
}

#[test]
fn endpoints_can_share_a_limit_of_connections() {
    let quota = Arc::new(Quota::new(3));
    let config = || EndpointConfig { quota: Some(quota.clone()), ..EndpointConfig::default() };
    let mut ends = [1, 2].map(|seed| Endpoint::new(config(), [seed; 32], NOW));
    let mut connect =
        |end: usize, n: u8| ends[end].connect(NOW, SocketId(u32::from(n)), at(n), Arc::default());
    connect(0, 1).unwrap();
    let id = connect(1, 2).unwrap();
    connect(1, 3).unwrap();
    assert_eq!(connect(0, 4), Err(ConnectError::TooMany(3)));
    assert_eq!(connect(1, 4), Err(ConnectError::TooMany(3)));
    // One that goes altogether makes room for another endpoint's.
    ends[1].close(NOW, id, 0, "", false).unwrap();
    let later = NOW.plus_micros(60_000_000);
    let mut buf = Vec::new();
    for _ in 0..100 {
        ends[1].handle_timeout(later);
        while ends[1].poll_transmit(later, &mut buf, 16).is_some() {}
    }
    assert_eq!(quota.used(), ends[0].connection_count() + ends[1].connection_count());
    assert!(quota.used() < 3 && ends[0].connect(later, SocketId(9), at(9), Arc::default()).is_ok());
}
