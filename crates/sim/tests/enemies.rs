//! Strangers and peers with bad manners: nobody but their own connection is hurt.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]

mod common;

use common::{Client, PORT, Pair, RELIABLE, SECOND, Server, named};
use gamesockets_endpoint::slab::ConnId;
use gamesockets_proto::config::ConnConfig;
use gamesockets_proto::connection::ConnectionState as State;
use gamesockets_sim::attack::{
    BAD_FRAMES, Deed, Insider, InsiderConfig, Outsider, OutsiderConfig, Side, Trick,
};
use gamesockets_sim::{HostId, LinkConfig, Plain, World};
use gamesockets_wire::snp::{FirstOrGap, SizeField, put_reliable_header};
use std::fmt::Write;
use std::sync::Arc;

fn outsider(p: &Pair, tricks: &[Trick], period_us: u64, burst: u64) -> Outsider {
    let config = OutsiderConfig { tricks: tricks.to_vec(), period_us, burst, targets: vec![p.address] };
    Outsider::new(config, 99)
}

#[test]
fn each_trick_alone_changes_nothing() {
    for trick in Trick::ALL {
        let mut p = Pair::connected(1, LinkConfig::delay_ms(10), &ConnConfig::default());
        let o = outsider(&p, &[trick], 5_000, 3);
        p.world.add_outsider(o);
        p.chatter(300, 2000);
        p.run(2 * SECOND);
        for end in [Client, Server] {
            assert_eq!(p.state(end), State::Connected, "{trick:?}");
            let (sent, delivered) = p.totals(end);
            assert!(delivered * 100 >= sent * 99, "{trick:?}: {delivered} of {sent}");
        }
        p.finish();
    }
}

#[test]
fn a_flood_of_connect_attempts_keeps_nobody_out_and_nothing_in() {
    let mut p = Pair::connected(2, LinkConfig::delay_ms(10), &ConnConfig::default());
    let o = outsider(&p, &[Trick::Flood, Trick::Flood, Trick::WrongChallenge, Trick::StrayClose], 500, 20);
    p.world.add_outsider(o);
    p.run(3 * SECOND);
    let counters = *p.world.host(p.server).endpoint().counters();
    assert!(counters.challenges > 5_000, "{}", counters.challenges);
    assert_eq!((counters.incoming, p.world.host(p.server).endpoint().connection_count()), (1, 1));
    // Somebody else comes in during the flood.
    let config = Arc::default();
    let address = p.address;
    let (app, _) = Plain::recording();
    let third = p.world.add_host(named("third"), app);
    let conn = p.world.ctx(third).connect(address, &config).unwrap();
    p.world.run_until(SECOND, |w| w.ctx(third).state(conn) == State::Connected).unwrap();
    // The endpoint keeps no memory of any of them.
    assert!(size(&p.world, p.server) < 200_000, "{}", size(&p.world, p.server));
    p.finish();
}

/// How much an endpoint has to say about itself: what it holds shows in its debug form.
fn size(world: &World, host: HostId) -> usize {
    struct Count(usize);
    impl Write for Count {
        fn write_str(&mut self, s: &str) -> std::fmt::Result {
            self.0 += s.len();
            Ok(())
        }
    }
    let mut count = Count(0);
    write!(count, "{:?}", world.host(host).endpoint()).unwrap();
    count.0
}

/// A server of ours with an honest client and one insider.
struct Den {
    world: World,
    server: HostId,
    honest: HostId,
    c: ConnId,
}

impl Den {
    fn new(deed: Deed, side: fn(std::net::SocketAddr) -> Side, config: ConnConfig) -> Self {
        let mut world = World::new(3);
        world.set_default_link(LinkConfig::delay_ms(10));
        let server = world.add_host(named("server"), Plain::default());
        let honest = world.add_host(named("honest"), Plain::default());
        let config = Arc::new(config);
        let (_, address) = world.ctx(server).listen(PORT, &config).unwrap();
        let c = world.ctx(honest).connect(address, &config).unwrap();
        let bad = InsiderConfig { side: side(address), deed, period_us: 20_000, ..InsiderConfig::default() };
        let insider = Insider::new(bad, [6; 32]);
        let trap = insider.address();
        world.add_insider(insider);
        if side(address) == Side::Server {
            world.ctx(server).connect(trap, &config).unwrap();
        }
        Self { world, server, honest, c }
    }

    /// Talks with the honest client for so many seconds.
    fn talk(&mut self, seconds: u64) {
        for n in 0..seconds * 20 {
            self.world.ctx(self.honest).send(self.c, (n * 37 % 1500) as usize, RELIABLE, 0).unwrap().unwrap();
            self.world.run_for(50_000).unwrap();
            self.chat_with_victims();
        }
    }

    /// The server sends to the insider too.
    fn chat_with_victims(&mut self) {
        let foreign: Vec<ConnId> =
            self.world.book().flows().iter().filter(|f| f.foreign && f.is_live()).map(|f| f.conn).collect();
        for conn in foreign {
            let _ = self.world.ctx(self.server).send(conn, 500, RELIABLE, 0).unwrap();
        }
    }

    /// How the insider's connection ended.
    fn verdict(&self) -> Option<(State, u32)> {
        let victim = self.world.book().flows().iter().find(|f| f.foreign)?;
        victim.ended.as_ref().map(|e| (e.state, e.reason.0))
    }

    fn end(mut self) {
        assert_eq!(self.world.ctx(self.honest).state(self.c), State::Connected);
        self.world.heal();
        self.world.settle(90 * SECOND).unwrap();
        self.world.close_all().unwrap();
    }
}

#[test]
fn malformed_content_ends_only_the_connection_it_came_over() {
    for kind in 0..BAD_FRAMES.len() as u8 {
        for side in [Side::Client, |_| Side::Server] {
            // The last kind needs a limit that the honest ones do not reach.
            let config = ConnConfig { recv_max_message_size: 1500, ..ConnConfig::default() };
            let config =
                if kind == 15 { ConnConfig { recv_max_message_size: 800, ..config } } else { config };
            let mut den = Den::new(Deed::BadFrame(kind), side, config);
            for n in 0..60 {
                den.world.ctx(den.honest).send(den.c, n * 10, RELIABLE, 0).unwrap().unwrap();
                den.world.run_for(50_000).unwrap();
            }
            let name = BAD_FRAMES[usize::from(kind)];
            assert_eq!(den.verdict(), Some((State::ProblemDetectedLocally, 5002)), "{name}");
            den.end();
        }
    }
}

#[test]
fn bad_manners_that_are_not_fatal_hold_little_memory() {
    let deeds = [
        (Deed::Behave, 400_000),
        (Deed::Silent, 400_000),
        (Deed::NeverAck, 2_000_000),
        (Deed::AckUnsent, 2_000_000),
        (Deed::AckStorm, 2_000_000),
        (Deed::ManyLanes, 2_000_000),
        // Bounded by 16 MiB of reassembly, of which a byte takes up to five characters.
        (Deed::HalfMessages, 100_000_000),
        (Deed::Holes, 12_000_000),
        (Deed::Fragments, 8_000_000),
        (Deed::PacketJumps, 2_000_000),
        (Deed::Flood, 2_000_000),
        (Deed::Overlaps, 2_000_000),
    ];
    for (deed, limit) in deeds {
        for side in [Side::Client, |_| Side::Server] {
            let mut den = Den::new(deed, side, ConnConfig::default());
            den.talk(3);
            let held = size(&den.world, den.server);
            assert!(held < limit, "{deed:?}: {held} characters");
            if let Some((state, reason)) = den.verdict() {
                assert_eq!((state, reason), (State::ProblemDetectedLocally, 5002), "{deed:?}");
            }
            den.end();
        }
    }
}

#[test]
fn acknowledging_what_was_never_sent_is_ignored() {
    let mut den = Den::new(Deed::AckUnsent, Side::Client, ConnConfig::default());
    den.talk(2);
    assert!(den.world.host(den.server).endpoint().counters().drop_ack_of_unsent > 10);
    den.end();
}

#[test]
fn noise_ends_with_the_reason_for_malformed_content() {
    let mut den = Den::new(Deed::Noise, Side::Client, ConnConfig::default());
    den.talk(2);
    assert_eq!(den.verdict(), Some((State::ProblemDetectedLocally, 5002)));
    den.end();
}

#[test]
fn a_crowd_of_insiders_leaves_the_honest_ones_alone() {
    let mut p = Pair::connected(4, LinkConfig::delay_ms(10).with_loss(0.02), &ConnConfig::default());
    let deeds =
        [Deed::Flood, Deed::Holes, Deed::HalfMessages, Deed::AckStorm, Deed::BadFrame(3), Deed::NeverAck];
    for (number, deed) in deeds.into_iter().enumerate() {
        let side = Side::Client(p.address);
        let config = InsiderConfig { number: number as u16, side, deed, ..InsiderConfig::default() };
        p.world.add_insider(Insider::new(config, [number as u8; 32]));
    }
    p.chatter(200, 2000);
    assert_eq!((p.state(Client), p.state(Server)), (State::Connected, State::Connected));
    p.finish();
}

/// A reader that does not read, and a peer that sends nothing but empty messages: a byte each on the wire, far more in
/// memory. What waits behind the full queue is delivered when the peer closes, but not without limit.
#[test]
fn a_close_behind_a_heap_of_empty_messages() {
    let mut world = World::new(5);
    let server = world.add_host(named("server"), Plain { read: false, ..Plain::default() });
    let (_, address) = world.ctx(server).listen(PORT, &Arc::default()).unwrap();
    let config =
        InsiderConfig { side: Side::Client(address), deed: Deed::Silent, ..InsiderConfig::default() };
    let insider = world.add_insider(Insider::new(config, [8; 32]));
    world.run_for(SECOND).unwrap();
    let conn = world.book().flows()[0].conn;
    let session = world.insider(insider).session(address).unwrap();
    // A megabyte of empty messages, the first byte last.
    for n in (0..900u64).rev() {
        let mut plain = Vec::new();
        put_reliable_header(&mut plain, FirstOrGap::First(1 + n * 1100), SizeField::ToEnd);
        plain.resize(plain.len() + 1100, 0);
        session.outbox.push_back(plain);
    }
    session.farewell = true;
    world.run_for(SECOND).unwrap();
    assert_eq!(world.ctx(server).state(conn), State::ClosedByPeer);
    let gauges = world.host(server).endpoint().gauges(conn).unwrap();
    let unread = gauges.recv_messages.load(std::sync::atomic::Ordering::Relaxed);
    assert!(unread < 200_000, "{unread} messages wait");
    assert!(size(&world, server) < 50_000_000);
    world.close_all().unwrap();
}
