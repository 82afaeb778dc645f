//! How connections begin and end.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]

mod common;

use common::{Client, End, PORT, Pair, RELIABLE, SECOND, Server, UNRELIABLE, named};
use gamesockets_endpoint::endpoint::EndpointConfig;
use gamesockets_proto::config::ConnConfig;
use gamesockets_proto::connection::ConnectionState as State;
use gamesockets_proto::message::{SendError, SendFlags};
use gamesockets_sim::book::Flow;
use gamesockets_sim::{HostId, LinkConfig, Plain, World};
use std::sync::Arc;

#[test]
fn an_idle_connection_lives_for_an_hour_on_few_packets() {
    let mut p = Pair::connected(1, LinkConfig::delay_ms(30), &ConnConfig::default());
    p.world.idle(60).unwrap();
    let sent = p.world.host(p.client).counters().sent + p.world.host(p.server).counters().sent;
    assert!(sent < 60 * 40, "{sent} datagrams in an hour of silence");
    p.finish();
}

#[test]
fn a_server_that_never_accepts_costs_the_client_ten_seconds() {
    let server = Plain { accept: false, ..Plain::default() };
    let mut p = Pair::starting(2, LinkConfig::delay_ms(30), &ConnConfig::default(), server);
    let explain = p.world.explain();
    (explain.connect_timeouts, explain.retries) = (true, true);
    p.run(12 * SECOND);
    p.s = p.incoming().first().copied();
    assert_eq!(p.state(Client), State::ProblemDetectedLocally);
    for end in [Client, Server] {
        // The server may hear it from the client before its own time is up.
        assert_eq!(p.reason(end), Some(5003));
        let at = p.ended_at(end);
        assert!((9.9..10.3).contains(&at), "{end:?} gave up at {at} s");
    }
    p.finish();
}

#[test]
fn nobody_at_the_address_costs_ten_seconds_too() {
    let mut world = World::new(3);
    let client = world.add_host(named("client"), Plain::default());
    world.explain().connect_timeouts = true;
    let to = "10.0.7.7:99".parse().unwrap();
    let c = world.ctx(client).connect(to, &Arc::default()).unwrap();
    world.run_for(11 * SECOND).unwrap();
    assert_eq!(world.ctx(client).state(c), State::ProblemDetectedLocally);
    world.close_all().unwrap();
}

#[test]
fn a_late_accept_still_works() {
    let server = Plain { accept: false, ..Plain::default() };
    let mut p = Pair::starting(4, LinkConfig::delay_ms(30), &ConnConfig::default(), server);
    p.world.explain().retries = true;
    p.send(Client, 500, RELIABLE, 0);
    p.run(5 * SECOND);
    let s = p.incoming()[0];
    assert!(p.world.ctx(p.server).accept(s).is_none());
    p.meet(1);
    p.finish();
}

#[test]
fn a_refusal_comes_with_reason_and_text() {
    let server = Plain { accept: false, ..Plain::default() };
    let mut p = Pair::starting(5, LinkConfig::delay_ms(30), &ConnConfig::default(), server);
    p.run(SECOND);
    let s = p.incoming()[0];
    p.world.ctx(p.server).close(s, 1234, "full house", false).unwrap();
    p.run(SECOND);
    let ended = flow(&p, Client).ended.clone().unwrap();
    assert_eq!((ended.state, ended.reason.0, ended.text.as_str()), (State::ClosedByPeer, 1234, "full house"));
    p.finish();
}

fn flow(p: &Pair, end: End) -> &Flow {
    p.world.book().flow(p.flow(end))
}

#[test]
fn every_reason_and_text_reaches_the_other_side() {
    let long = "é".repeat(100);
    let reasons = [(0, 1000), (1000, 1000), (1500, 1500), (1999, 1999), (2000, 2000), (2999, 2999)];
    let odd = [(1, 1999), (999, 1999), (3000, 1999), (5003, 1999), (u32::MAX, 1999)];
    let mut seed = 10;
    for (given, seen) in reasons.into_iter().chain(odd) {
        for text in ["", "good bye", long.as_str()] {
            for (closer, other) in [(Client, Server), (Server, Client)] {
                for linger in [false, true] {
                    seed += 1;
                    let mut p = Pair::connected(seed, LinkConfig::delay_ms(5), &ConnConfig::default());
                    p.run(100_000);
                    let (host, conn) = p.at(closer);
                    p.world.ctx(host).close(conn, given, text, linger).unwrap();
                    p.run(SECOND);
                    let ended = flow(&p, other).ended.clone().unwrap();
                    assert_eq!((ended.state, ended.reason.0), (State::ClosedByPeer, seen), "{given} {text}");
                    assert!(!ended.text.is_empty() && ended.text.len() <= 127);
                    if !text.is_empty() && given == seen {
                        assert!(text.starts_with(&ended.text), "{}", ended.text);
                    }
                    let (host, conn) = p.at(other);
                    p.world.ctx(host).close(conn, 0, "", false).unwrap();
                    p.run(7 * SECOND);
                    assert_eq!(p.world.host(host).endpoint().connection_count(), 0);
                }
            }
        }
    }
}

#[test]
fn lingering_delivers_what_was_promised() {
    for loss in [0.0, 0.2] {
        let mut p = Pair::connected(20, LinkConfig::delay_ms(40).with_loss(loss), &ConnConfig::default());
        for n in 0..50 {
            p.send(Client, n * 150, RELIABLE, 0);
        }
        p.world.ctx(p.client).close(p.c, 0, "done", true).unwrap();
        let (server, s) = p.at(Server);
        p.world.run_until(20 * SECOND, |w| w.ctx(server).state(s) == State::ClosedByPeer).unwrap();
        assert_eq!(p.got_by_server.borrow().len(), 50, "loss {loss}");
        p.finish();
    }
}

#[test]
fn without_lingering_what_waits_is_dropped() {
    let mut p = Pair::connected(21, LinkConfig::delay_ms(40), &ConnConfig::default());
    for _ in 0..100 {
        p.send(Client, 4000, RELIABLE, 0);
    }
    p.world.ctx(p.client).close(p.c, 0, "", false).unwrap();
    p.run(SECOND);
    assert_eq!(p.state(Server), State::ClosedByPeer);
    assert!(p.got_by_server.borrow().len() < 5);
    p.finish();
}

#[test]
fn lingering_ends_when_the_peer_is_gone() {
    let mut p = Pair::connected(22, LinkConfig::delay_ms(40), &ConnConfig::default());
    p.send(Client, 4000, RELIABLE, 0);
    p.world.crash(p.server);
    p.world.ctx(p.client).close(p.c, 0, "", true).unwrap();
    p.run(40 * SECOND);
    assert_eq!(p.world.host(p.client).endpoint().connection_count(), 0);
}

#[test]
fn both_sides_close_at_the_same_moment() {
    let mut p = Pair::connected(23, LinkConfig::delay_ms(40), &ConnConfig::default());
    p.send(Client, 4000, RELIABLE, 0);
    for end in [Client, Server] {
        let (host, conn) = p.at(end);
        p.world.ctx(host).close(conn, 0, "", true).unwrap();
    }
    p.run(15 * SECOND);
    for host in [p.client, p.server] {
        assert_eq!(p.world.host(host).endpoint().connection_count(), 0);
    }
}

#[test]
fn messages_stay_readable_after_the_peer_closed() {
    let server = Plain { read: false, ..Plain::default() };
    let mut p = Pair::starting(24, LinkConfig::delay_ms(10), &ConnConfig::default(), server);
    p.meet(5);
    for _ in 0..20 {
        p.send(Client, 100, RELIABLE, 0);
        p.send(Client, 100, UNRELIABLE, 0);
    }
    p.run(SECOND);
    p.world.ctx(p.client).close(p.c, 0, "", false).unwrap();
    p.run(30 * SECOND);
    assert_eq!(p.state(Server), State::ClosedByPeer);
    let (host, conn) = p.at(Server);
    assert_eq!(p.world.ctx(host).read_all(conn).unwrap().len(), 40);
    let refused = p.world.ctx(host).send(conn, 1, RELIABLE, 0).unwrap();
    assert_eq!(refused, Err(SendError::NoConnection));
    p.finish();
}

#[test]
fn a_closed_listen_socket_takes_its_connections_along_without_a_word() {
    let mut p = Pair::connected(25, LinkConfig::delay_ms(10), &ConnConfig::default());
    let listener = p.world.host(p.server).listener(PORT).unwrap();
    p.world.ctx(p.server).close_listener(listener).unwrap();
    p.run(SECOND);
    assert_eq!(p.state(Server), State::None);
    assert_eq!(p.state(Client), State::Connected, "nobody told it");
    p.run(25 * SECOND);
    assert_eq!((p.state(Client), p.reason(Client)), (State::ProblemDetectedLocally, Some(5003)));
    p.finish();
}

/// A client that lost power comes back on the same port.
#[test]
fn a_restarted_client_waits_for_its_old_connection_to_end() {
    let mut world = World::new(30);
    world.set_default_link(LinkConfig::delay_ms(20));
    let server = world.add_host(named("server"), Plain { close: true, ..Plain::default() });
    let client = world.add_host(named("client"), Plain::default());
    let config = Arc::new(ConnConfig { timeout_initial_ms: 60_000, ..ConnConfig::default() });
    let (_, address) = world.ctx(server).listen(PORT, &config).unwrap();
    let start = |world: &mut World, client: HostId| {
        let mut ctx = world.ctx(client);
        let socket = ctx.bind(Some(5000)).unwrap();
        ctx.connect_from(socket, address, &config).unwrap()
    };
    let first = start(&mut world, client);
    world.run_until(5 * SECOND, |w| w.ctx(client).state(first) == State::Connected).unwrap();
    world.ctx(client).send(first, 1000, SendFlags::RELIABLE, 0).unwrap().unwrap();
    world.run_for(SECOND).unwrap();
    world.crash(client);
    world.run_for(SECOND).unwrap();
    world.restart(client, named("client"), Plain::default());
    let begin = world.now_us();
    let second = start(&mut world, client);
    world.run_until(60 * SECOND, |w| w.ctx(client).state(second) == State::Connected).unwrap();
    let took = (world.now_us() - begin) as f64 / 1e6;
    assert!((15.0..30.0).contains(&took), "{took} s");
    world.ctx(client).send(second, 1000, SendFlags::RELIABLE, 0).unwrap().unwrap();
    world.settle(60 * SECOND).unwrap();
    world.close_all().unwrap();
}

#[test]
fn a_client_back_from_another_port_is_let_in_at_once() {
    let mut world = World::new(31);
    world.set_default_link(LinkConfig::delay_ms(20));
    let server = world.add_host(named("server"), Plain { close: true, ..Plain::default() });
    let client = world.add_host(named("client"), Plain::default());
    let config = Arc::default();
    let (_, address) = world.ctx(server).listen(PORT, &config).unwrap();
    let first = world.ctx(client).connect(address, &config).unwrap();
    world.run_until(5 * SECOND, |w| w.ctx(client).state(first) == State::Connected).unwrap();
    world.crash(client);
    world.restart(client, named("client"), Plain::default());
    let mut ctx = world.ctx(client);
    let socket = ctx.bind(Some(7777)).unwrap();
    let second = ctx.connect_from(socket, address, &config).unwrap();
    world.run_until(SECOND, |w| w.ctx(client).state(second) == State::Connected).unwrap();
    world.settle(60 * SECOND).unwrap();
    world.close_all().unwrap();
}

#[test]
fn messages_sent_while_connecting_go_out_after_it() {
    let mut p = Pair::starting(40, LinkConfig::delay_ms(50), &ConnConfig::default(), Plain::default());
    for n in 0..10 {
        p.send(Client, n * 100, if n % 2 == 0 { RELIABLE } else { UNRELIABLE }, 0);
    }
    let refused = p.world.ctx(p.client).send(p.c, 10, SendFlags::NO_DELAY, 0).unwrap();
    assert_eq!(refused, Err(SendError::Ignored));
    p.meet(5);
    p.run(SECOND);
    assert_eq!(p.totals(Client), (10, 10));
    p.finish();
}

#[test]
fn pairs_within_one_process() {
    let mut world = World::new(41);
    let host = world.add_host(EndpointConfig::default(), Plain::default());
    let config = Arc::default();
    let memory = world.ctx(host).pair_memory(&config).unwrap();
    let network = world.ctx(host).pair_network(&config).unwrap();
    for pair in [memory, network] {
        for from in pair {
            for n in 0..100 {
                let flags = if n % 2 == 0 { RELIABLE } else { UNRELIABLE };
                world.ctx(host).send(from, n * 40, flags, 0).unwrap().unwrap();
            }
        }
    }
    world.run_for(5 * SECOND).unwrap();
    for flow in world.book().flows() {
        assert_eq!(flow.totals(), (100, 100), "{:?}", flow.role);
    }
    let [a, b] = memory;
    world.ctx(host).close(a, 1111, "pop", false).unwrap();
    world.run_for(SECOND).unwrap();
    assert_eq!(world.ctx(host).state(b), State::ClosedByPeer);
    world.settle(30 * SECOND).unwrap();
    world.close_all().unwrap();
}
