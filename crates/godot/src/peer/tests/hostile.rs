//! Peers that mean harm, or are broken.

use super::*;
use crate::peer::hello::{BYTES, Greeting, Kind, Step};
use crate::peer::packet::{Header, Part, Room, lane};
use gamesockets::{Connection, ConnectionState, Context, LaneConfig, SendFlags};
use proptest::prelude::*;

/// Somebody who speaks the transport, and sends what he likes.
struct Stranger {
    connection: Connection,
    _context: Context,
}

impl Stranger {
    fn at(to: SocketAddr) -> Self {
        let context = Context::new().unwrap();
        let options = [FAST, &[(ConfigKey::SendBufferSize, ConfigValue::Int32(64 << 20))]].concat();
        let connection = context.connect_with(to, &options).unwrap();
        connection.configure_lanes(&[LaneConfig { priority: 0, weight: 1 }; 255]).unwrap();
        Self { connection, _context: context }
    }

    /// One who has greeted as he should.
    fn known(server: &mut Session, to: SocketAddr, id: i32) -> Self {
        let stranger = Self::at(to);
        stranger.says(0, &hello(Step::Hello, id));
        stranger.says(0, &hello(Step::Ready, id));
        until(&mut [server], |s| s[0].connection(id).is_some());
        assert_eq!(signals(server), [Signal::Connected(id)]);
        stranger
    }

    fn says(&self, lane: u16, bytes: &[u8]) {
        self.connection.send_on_lane(bytes, SendFlags::RELIABLE | SendFlags::NO_NAGLE, lane).unwrap();
    }

    /// The reason for which he is shown the door.
    fn thrown_out(&self, server: &mut Session) -> u32 {
        until(&mut [server], |_| self.connection.state() == ConnectionState::ClosedByPeer);
        self.connection.ended().unwrap().reason.0
    }
}

fn hello(step: Step, id: i32) -> [u8; BYTES] {
    Greeting { step, kind: Kind::Star, id, expects: SERVER, channels: 64, packet_max: 1 << 20 }.encode()
}

fn part(part: Part, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    Header { mode: Mode::Reliable, part, number: 0 }.write(&mut out);
    out.extend_from_slice(payload);
    out
}

#[test]
fn who_does_not_greet_is_thrown_out() {
    let (mut server, at) = server(4);
    let mut version = hello(Step::Hello, 7);
    version[4] = 9;
    let with = |change: fn(&mut Greeting)| {
        let mut greeting = Greeting::decode(&hello(Step::Hello, 7)).unwrap();
        change(&mut greeting);
        greeting.encode().to_vec()
    };
    let cases: [(u16, Vec<u8>, u32); 10] = [
        (0, b"GET / HTTP/1.1".to_vec(), reason::NO_HELLO),
        (0, Vec::new(), reason::NO_HELLO),
        (0, vec![0xff; 500_000], reason::NO_HELLO),
        (0, version.to_vec(), reason::VERSION),
        (0, with(|g| g.kind = Kind::Mesh), reason::WRONG_PEER),
        (0, with(|g| g.expects = 5), reason::WRONG_PEER),
        (0, with(|g| g.id = SERVER), reason::ID_TAKEN),
        (0, hello(Step::Welcome, 7).to_vec(), reason::PROTOCOL),
        (0, hello(Step::Ready, 7).to_vec(), reason::PROTOCOL),
        (lane(0, true), part(Part::Whole, b"too early"), reason::NO_HELLO),
    ];
    for (lane, bytes, wanted) in cases {
        let stranger = Stranger::at(at);
        stranger.says(lane, &bytes);
        assert_eq!(stranger.thrown_out(&mut server), wanted, "{:?}", &bytes[..bytes.len().min(30)]);
    }
    let silent = Stranger::at(at);
    server.hello_time = Duration::from_millis(100);
    assert_eq!(silent.thrown_out(&mut server), reason::NO_HELLO);
    assert_eq!(signals(&mut server), [], "the game hears of none of them");
}

#[test]
fn who_sends_nonsense_is_thrown_out() {
    let (mut server, at) = server(4);
    let over = (8 << 20) + 1;
    let cases: [(u16, Vec<u8>, u32); 9] = [
        (0, hello(Step::Hello, 7).to_vec(), reason::PROTOCOL),
        (0, b"x".to_vec(), reason::NO_HELLO),
        (1, Vec::new(), reason::PROTOCOL),
        (2, vec![0xff], reason::PROTOCOL),
        (lane(0, true), part(Part::Middle, b"of nothing"), reason::PROTOCOL),
        (lane(63, true), part(Part::First { bytes: over }, b"x"), reason::PROTOCOL),
        (lane(63, true), part(Part::First { bytes: u32::MAX }, b"x"), reason::PROTOCOL),
        (lane(0, false), part(Part::First { bytes: 9 }, b"x"), reason::PROTOCOL),
        (254, part(Part::Whole, b"beyond the last channel"), reason::PROTOCOL),
    ];
    for (lane, bytes, wanted) in cases {
        let stranger = Stranger::known(&mut server, at, 7);
        stranger.says(lane, &bytes);
        assert_eq!(stranger.thrown_out(&mut server), wanted, "{:?}", &bytes[..bytes.len().min(30)]);
        assert_eq!(signals(&mut server), [ended(7, wanted), Signal::Disconnected(7)]);
    }
    assert_eq!(server.waiting(), 0);
}

#[test]
fn who_never_finishes_packets_is_thrown_out() {
    let (mut server, at) = server(4);
    server.room = Room { one: 100_000, all: 150_000 };
    let first = part(Part::First { bytes: 1 << 20 }, &[1; 40_000]);
    let hoarder = Stranger::known(&mut server, at, 7);
    let other = Stranger::known(&mut server, at, 8);
    let third = Stranger::known(&mut server, at, 9);
    // As much as one may have, all together more than there may be: whoever has most goes.
    for (who, channels) in [(&hoarder, 2), (&other, 1)] {
        for channel in 0..channels {
            who.says(lane(channel, true), &first);
        }
    }
    until(&mut [&mut server], |s| s[0].unfinished_bytes() == 120_000);
    third.says(lane(0, true), &first);
    assert_eq!(hoarder.thrown_out(&mut server), reason::TOO_MUCH);
    assert_eq!(signals(&mut server), [ended(7, reason::TOO_MUCH), Signal::Disconnected(7)]);
    until(&mut [&mut server], |s| s[0].unfinished_bytes() == 80_000);
    // More than one may have.
    other.says(lane(1, true), &first);
    other.says(lane(2, true), &first);
    assert_eq!(other.thrown_out(&mut server), reason::TOO_MUCH);
    assert_eq!(server.unfinished_bytes(), 40_000);
    third.connection.close(0, "", false).unwrap();
    until(&mut [&mut server], |s| s[0].unfinished_bytes() == 0);
}

#[test]
fn a_flood_fills_the_queue_and_no_more() {
    let (mut server, at) = server(4);
    let stranger = Stranger::known(&mut server, at, 7);
    let most = crate::peer::limits::QUEUE_PACKETS_MAX;
    let batch = crate::peer::limits::BATCH;
    let packet = part(Part::Whole, b"x");
    let mut sent = 0;
    let mut polls_at_full = 0;
    while polls_at_full < 50 {
        while sent < 2 * most
            && stranger.connection.send_on_lane(&packet, SendFlags::RELIABLE, lane(0, true)).is_ok()
        {
            sent += 1;
        }
        server.poll();
        assert!(server.waiting() < most + batch);
        polls_at_full += usize::from(server.waiting() >= most);
    }
    // What was held back comes when the game reads.
    let mut read = 0;
    until(&mut [&mut server], |s| {
        read += std::iter::from_fn(|| s[0].pop()).count();
        read == sent
    });
    assert_eq!(server.waiting(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// Nothing that a stranger sends does more than get him thrown out; others do not notice.
    #[test]
    fn whatever_is_sent_others_go_on(
        greets: bool,
        messages in proptest::collection::vec((0..255_u16, proptest::collection::vec(any::<u8>(), 0..30)), 1..20),
    ) {
        let (mut server, at) = server(4);
        let mut client = Session::client(home(), at, 5, FAST).unwrap();
        until(&mut [&mut server, &mut client], |s| s[1].status() == Status::Connected && s[0].connection(5).is_some());
        let stranger = Stranger::at(at);
        if greets {
            stranger.says(0, &hello(Step::Hello, 7));
        }
        for (lane, bytes) in &messages {
            let _ = stranger.connection.send_on_lane(bytes, SendFlags::RELIABLE | SendFlags::NO_NAGLE, *lane);
        }
        let _ = stranger.connection.close(1000, "", true);
        until(&mut [&mut server], |s| s[0].links() == 1);
        client.put(SERVER, Mode::Reliable, 0, b"fine").unwrap();
        until(&mut [&mut server, &mut client], |s| s[0].pop().is_some_and(|p| p.from == 5 && p.data == "fine"));
        prop_assert_eq!(server.unfinished_bytes(), 0);
        prop_assert!(client.connection(SERVER).is_some());
    }
}
