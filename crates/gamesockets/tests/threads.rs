//! Several I/O threads in one context: who is where, that nothing gets lost between them, and that all of them obey.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{accept_all, pattern, receive, wait_until};
use gamesockets::config::{ConfigKey, ConfigValue, Scope};
use gamesockets::{
    ConnectError, Connection, ConnectionState, Context, ContextError, Event, Identity, LaneConfig, Listener,
    SendError, SendFlags, SocketPairKind,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const CLIENTS: usize = 200;

fn with_threads(n: usize) -> Context {
    Context::builder().io_threads(n).build().unwrap()
}

/// A server and a client of `threads` threads each with `count` connections between them: the client's ends and the
/// server's ends, in the same order.
struct World {
    server: Context,
    client: Context,
    listener: Listener,
    to: Vec<Connection>,
    from: Vec<Connection>,
}

fn world(threads: usize, count: usize) -> World {
    let (server, client) = (with_threads(threads), with_threads(threads));
    let listener = server.listen("127.0.0.1:0".parse().unwrap()).unwrap();
    let to: Vec<_> = (0..count).map(|_| client.connect(listener.local_addr()).unwrap()).collect();
    let mut from = Vec::new();
    wait_until("all connections", || {
        from.extend(accept_all(&server));
        let both = from.iter().chain(&to);
        from.len() == count && both.clone().all(|c| c.state() == ConnectionState::Connected)
    });
    for (i, c) in to.iter().enumerate() {
        c.set_user_data(i as i64).unwrap();
        c.send(&(i as u32).to_le_bytes(), SendFlags::RELIABLE | SendFlags::NO_NAGLE).unwrap();
    }
    for c in &from {
        c.set_user_data(i64::from(word(receive(c, 1)[0].payload()))).unwrap();
    }
    from.sort_by_key(|c| c.user_data().unwrap());
    World { server, client, listener, to, from }
}

fn word(bytes: &[u8]) -> u32 {
    u32::from_le_bytes(bytes[..4].try_into().unwrap())
}

/// How many of them each thread has.
fn spread(threads: usize, connections: &[Connection]) -> Vec<usize> {
    (0..threads).map(|t| connections.iter().filter(|c| c.io_thread() == t).count()).collect()
}

fn two_hundred_connections_of_one_port(threads: usize) {
    const EACH: u32 = 50;
    let w = world(threads, CLIENTS);
    assert_eq!((w.server.io_threads(), w.client.io_threads()), (threads, threads));
    assert_eq!(spread(threads, &w.to), vec![CLIENTS / threads; threads], "ours go where there are fewest");
    if common::DEALS_OUT {
        let spread = spread(threads, &w.from);
        assert!(spread.iter().all(|n| *n >= CLIENTS / threads / 4), "{spread:?}");
        assert_eq!(w.server.socket_count(), threads);
        let per_thread: Vec<u64> = w.server.counters_of_threads().iter().map(|c| c.incoming).collect();
        assert_eq!(per_thread, spread.iter().map(|n| *n as u64).collect::<Vec<_>>());
    }
    let all = w.server.counters();
    assert_eq!(all.incoming, CLIENTS as u64);
    assert_eq!((all.drop_unknown_host, all.drop_challenge), (0, 0), "everything came to the right thread");

    // Handles lead to their connections and to no others.
    let handles: BTreeSet<_> = w.from.iter().map(Connection::handle).collect();
    assert_eq!(handles.len(), CLIENTS);
    for c in &w.from {
        assert_eq!(w.server.connection(c.handle()).unwrap(), *c);
        assert_eq!(c.listener(), Some(w.listener.handle()));
        assert_eq!(c.info().unwrap().listener, c.listener());
    }
    assert_eq!(w.server.connections().len(), CLIENTS);

    // Half of the messages are read through a group, the others one connection at a time.
    let group = w.server.create_poll_group().unwrap();
    let (grouped, single) = w.from.split_at(CLIENTS / 2);
    for c in grouped {
        c.set_poll_group(Some(&group)).unwrap();
    }
    for n in 0..EACH {
        for (i, c) in w.to.iter().enumerate() {
            c.send(&[n.to_le_bytes(), (i as u32).to_le_bytes()].concat(), SendFlags::RELIABLE).unwrap();
        }
    }
    let mut next: BTreeMap<i64, u32> = BTreeMap::new();
    let mut left = grouped.len() as u32 * EACH;
    wait_until("the messages of the group", || {
        for m in group.receive(100).unwrap() {
            let expected = next.entry(m.user_data()).or_default();
            assert_eq!((word(m.payload()), word(&m.payload()[4..])), (*expected, m.user_data() as u32));
            *expected += 1;
            left -= 1;
        }
        left == 0
    });
    for (i, c) in single.iter().enumerate() {
        for (n, m) in receive(c, EACH as usize).iter().enumerate() {
            let sender = (CLIENTS / 2 + i) as u32;
            assert_eq!((word(m.payload()), word(&m.payload()[4..])), (n as u32, sender));
        }
    }
}

#[test]
fn two_threads() {
    two_hundred_connections_of_one_port(2);
}

#[test]
fn four_threads() {
    two_hundred_connections_of_one_port(4);
}

#[test]
fn commands_reach_connections_on_every_thread() {
    let w = world(4, 24);
    for (to, from) in w.to.iter().zip(&w.from) {
        let lane = |priority| LaneConfig { priority, weight: 1 };
        from.configure_lanes(&[lane(0), lane(1)]).unwrap();
        from.send_on_lane(b"second lane", SendFlags::RELIABLE, 1).unwrap();
        from.flush().unwrap();
        assert_eq!(receive(to, 1)[0].lane(), 1);
        let (status, lanes) = from.status_with_lanes(2).unwrap();
        assert_eq!((status.state, lanes.len()), (ConnectionState::Connected, 2));
        from.set_name("somebody").unwrap();
        let info = from.info().unwrap();
        assert_eq!((info.name.as_str(), info.listener), ("somebody", Some(w.listener.handle())));
        assert!(from.detailed_status().unwrap().contains("Connected"));
    }
    // Settings of every scope.
    let small = Some(ConfigValue::Int32(5000));
    w.listener.set_config(ConfigKey::SendBufferSize, small.clone()).unwrap();
    w.client.set_config(Scope::Global, ConfigKey::SendBufferSize, small).unwrap();
    for c in w.to.iter().chain(&w.from) {
        assert!(matches!(c.send(&[0; 6000], SendFlags::RELIABLE), Err(SendError::LimitExceeded { .. })));
    }
    for c in &w.from {
        c.set_config(ConfigKey::SendBufferSize, Some(ConfigValue::Int32(7000))).unwrap();
        assert!(c.send(&[0; 6000], SendFlags::RELIABLE).is_ok());
    }
    // The simulated network.
    w.server
        .set_config(Scope::Global, ConfigKey::FakePacketDupRecv, Some(ConfigValue::Float(100.0)))
        .unwrap();
    wait_until("packets that come twice on every thread", || {
        for c in &w.to {
            c.send(b"once", SendFlags::RELIABLE | SendFlags::NO_NAGLE).unwrap();
        }
        for c in &w.from {
            c.receive(1000).unwrap();
        }
        let busy: BTreeSet<usize> = w.from.iter().map(Connection::io_thread).collect();
        let counters = w.server.counters_of_threads();
        busy.iter().all(|t| counters[*t].drop_duplicate > 0)
    });
    // Closing one by one, each with its reason.
    for (i, c) in w.from.iter().enumerate() {
        c.close(1500 + i as u32, "one by one", false).unwrap();
    }
    for (i, c) in w.to.iter().enumerate() {
        wait_until("the end", || c.state() == ConnectionState::ClosedByPeer);
        assert_eq!(c.info().unwrap().end_reason.0, 1500 + i as u32);
    }
}

#[test]
fn events_of_a_connection_stay_in_order() {
    let w = world(4, 60);
    for c in &w.from {
        c.close(1001, "", false).unwrap();
    }
    wait_until("the ends", || w.to.iter().all(|c| c.state() == ConnectionState::ClosedByPeer));
    for c in &w.to {
        c.close(0, "", false).unwrap();
    }
    let mut seen: BTreeMap<_, Vec<(i32, i32)>> = BTreeMap::new();
    for event in w.client.poll_events() {
        if let Event::ConnectionStatusChanged { connection, old, new, .. } = event {
            seen.entry(connection.handle()).or_default().push((old as i32, new as i32));
        }
    }
    assert_eq!(seen.len(), 60);
    assert!(seen.values().all(|s| *s == [(0, 1), (1, 3), (3, 4), (4, 0)]), "{seen:?}");
}

#[test]
fn a_listen_socket_closes_on_every_thread() {
    let w = world(4, 40);
    let other = w.server.listen("127.0.0.1:0".parse().unwrap()).unwrap();
    w.listener.close().unwrap();
    assert!(w.from.iter().all(|c| c.state() == ConnectionState::None));
    assert!(w.listener.close().is_err() && w.server.listener(w.listener.handle()).is_none());
    assert_eq!(w.server.socket_count(), other_sockets(4), "those of the other listen socket");
    assert!(other.is_open() && w.server.connections().is_empty());
    // The address is free again, for listening and for its peers.
    let again = w.server.listen(w.listener.local_addr()).unwrap();
    let c = w.client.connect(again.local_addr()).unwrap();
    wait_until("a connection", || {
        accept_all(&w.server);
        c.state() == ConnectionState::Connected
    });
}

const fn other_sockets(threads: usize) -> usize {
    if common::DEALS_OUT { threads } else { 1 }
}

#[test]
fn the_end_of_the_context_is_told_by_every_thread() {
    let w = world(4, 40);
    w.server.shutdown();
    for c in &w.to {
        wait_until("the goodbye", || c.state() == ConnectionState::ClosedByPeer);
        assert_eq!(c.info().unwrap().end_reason.0, 2999);
    }
    assert!(w.from.iter().all(|c| c.state() == ConnectionState::None));
    assert_eq!((w.server.socket_count(), w.server.connections().len()), (0, 0));
}

#[test]
fn lingering_connections_finish_on_every_thread() {
    let World { server, client: _client, listener: _listener, to, from } = world(4, 12);
    let data = pattern(120_000, 11);
    // Those of one thread have nothing to deliver: they end early, and the others must not be disturbed by it.
    let idle = from[0].io_thread();
    for c in &from {
        if c.io_thread() != idle {
            c.send(&data, SendFlags::RELIABLE).unwrap();
        }
        c.close(1000, "bye", true).unwrap();
    }
    drop(server);
    for (to, from) in to.iter().zip(&from) {
        if from.io_thread() != idle {
            assert_eq!(receive(to, 1)[0].payload(), &data);
        }
        wait_until("the end", || to.state() == ConnectionState::ClosedByPeer);
        assert_eq!(to.info().unwrap().end_reason.0, 1000);
    }
}

#[test]
fn all_threads_share_the_limit_of_connections() {
    let context = Context::builder().io_threads(4).connections_max(10).build().unwrap();
    let nobody = || Identity::localhost();
    let pair = || context.socket_pair(SocketPairKind::Memory, [nobody(), nobody()]);
    let nowhere = "127.0.0.1:9".parse().unwrap();
    let mut all: Vec<_> = (0..4).map(|_| pair().unwrap()).collect();
    assert!(all.iter().all(|(a, b)| a.io_thread() == b.io_thread()), "a pair is on one thread");
    let threads: BTreeSet<_> = all.iter().map(|(a, _)| a.io_thread()).collect();
    assert_eq!(threads.len(), 4);
    context.connect(nowhere).unwrap();
    assert!(matches!(pair(), Err(ConnectError::Refused(_))), "room for one, not for two");
    context.connect(nowhere).unwrap();
    assert!(matches!(context.connect(nowhere), Err(ConnectError::Refused(_))));
    let (a, b) = all.remove(0);
    a.close(0, "", false).unwrap();
    b.close(0, "", false).unwrap();
    wait_until("room for two again", || pair().is_ok());
    assert!(matches!(context.connect(nowhere), Err(ConnectError::Refused(_))));

    // Those that come in are counted too: five more than there is room for get no answer.
    let server = Context::builder().io_threads(4).connections_max(10).build().unwrap();
    let client = with_threads(2);
    let listener = server.listen("127.0.0.1:0".parse().unwrap()).unwrap();
    let to: Vec<_> = (0..15).map(|_| client.connect(listener.local_addr()).unwrap()).collect();
    wait_until("ten of them, and refusals", || {
        accept_all(&server);
        let connected = to.iter().filter(|c| c.state() == ConnectionState::Connected).count();
        connected == 10 && server.counters().drop_limit >= 5
    });
    assert_eq!(server.connections().len(), 10);
}

#[test]
fn impossible_numbers_of_threads_are_refused() {
    let build = |n, manual| Context::builder().io_threads(n).manual_poll(manual).build();
    assert!(matches!(build(0, false), Err(ContextError::IoThreads { asked: 0, max: 64 })));
    assert!(matches!(build(65, false), Err(ContextError::IoThreads { asked: 65, max: 64 })));
    assert!(matches!(build(2, true), Err(ContextError::ManualThreads { asked: 2 })));
    assert_eq!(build(64, false).unwrap().io_threads(), 64);
    assert_eq!(build(1, true).unwrap().io_threads(), 1);
}

#[test]
fn four_threads_send_while_two_close() {
    let w = world(3, 60);
    for context in [&w.client, &w.server] {
        for key in [ConfigKey::SendRateMin, ConfigKey::SendRateMax] {
            context.set_config(Scope::Global, key, Some(ConfigValue::Int32(50 << 20))).unwrap();
        }
    }
    let group = w.server.create_poll_group().unwrap();
    for c in &w.from {
        c.set_poll_group(Some(&group)).unwrap();
    }
    let (sent, stop, begin) = (AtomicUsize::new(0), AtomicBool::new(false), Instant::now());
    // The first twenty stay; of the others one half is closed by the client, the other by the server.
    let (stay, go) = (&w.to[..20], 20..60);
    let mut next = vec![[0u32; 4]; 60];
    thread::scope(|s| {
        let senders: Vec<_> = (0..4u32)
            .map(|t| {
                let (w, sent) = (&w, &sent);
                s.spawn(move || {
                    for n in 0..400u32 {
                        for (i, c) in w.to.iter().enumerate() {
                            let data = [t.to_le_bytes(), n.to_le_bytes()].concat();
                            loop {
                                match c.send(&data, SendFlags::RELIABLE) {
                                    Ok(_) => break,
                                    Err(SendError::LimitExceeded { .. }) => {
                                        thread::sleep(Duration::from_millis(1))
                                    }
                                    Err(e) => {
                                        assert!(i >= 20, "only what was closed refuses: {e}");
                                        break;
                                    }
                                }
                            }
                        }
                        sent.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        for half in 0..2 {
            let (w, sent, go) = (&w, &sent, go.clone());
            s.spawn(move || {
                for i in go.filter(|i| i % 2 == half) {
                    // Spread over the time that sending takes.
                    wait_until("some sending", || sent.load(Ordering::Relaxed) >= i * 15);
                    let c = if half == 0 { &w.to[i] } else { &w.from[i] };
                    c.close(0, "", i % 4 < 2).unwrap();
                }
            });
        }
        let (w2, stop2) = (&w, &stop);
        s.spawn(move || {
            while !stop2.load(Ordering::Relaxed) && begin.elapsed() < common::PATIENCE {
                assert_eq!(w2.server.counters_of_threads().len(), 3);
                for c in &w2.to {
                    // Closed ones answer with an error.
                    let _ = c.status();
                }
            }
        });
        let mut left = stay.len() * 4 * 400;
        wait_until("everything on those that stay", || {
            for m in group.receive(1000).unwrap() {
                let (which, t, n) = (m.user_data() as usize, word(m.payload()), word(&m.payload()[4..]));
                let expected = &mut next[which][t as usize];
                assert_eq!(n, *expected, "connection {which}, thread {t}");
                *expected += 1;
                left -= usize::from(which < 20);
            }
            left == 0 && senders.iter().all(thread::ScopedJoinHandle::is_finished)
        });
        stop.store(true, Ordering::Relaxed);
    });
    assert!(stay.iter().all(|c| c.state() == ConnectionState::Connected));
}
