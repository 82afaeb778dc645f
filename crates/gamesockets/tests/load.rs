//! Many threads at once, ends in the middle of work, and idleness.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{accept_all, connect_to, pair, pattern, receive, wait_until};
use gamesockets::config::{ConfigKey, ConfigValue, Scope};
use gamesockets::{ConnectionState, Context, Identity, SendError, SendFlags, SocketPairKind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

fn fast(context: &Context) {
    for key in [ConfigKey::SendRateMin, ConfigKey::SendRateMax] {
        context.set_config(Scope::Global, key, Some(ConfigValue::Int32(50 << 20))).unwrap();
    }
}

#[test]
fn four_threads_send_on_the_same_connections() {
    const EACH: u32 = 2000;
    let p = pair();
    fast(&p.client);
    fast(&p.server);
    let (other_to, other_from) = connect_to(&p.client, &p.server, &p.listener);
    let group = p.server.create_poll_group().unwrap();
    for c in [&p.from, &other_from] {
        c.set_poll_group(Some(&group)).unwrap();
    }
    let mut next = [[0u32; 4]; 2];
    thread::scope(|s| {
        for t in 0..4u32 {
            let ends = [&p.to, &other_to];
            s.spawn(move || {
                for i in 0..EACH {
                    for c in ends {
                        let data = [t.to_le_bytes(), i.to_le_bytes()].concat();
                        let flags = if i % 5 == 0 { SendFlags::NO_NAGLE } else { SendFlags::UNRELIABLE };
                        while let Err(e) = c.send(&data, flags | SendFlags::RELIABLE) {
                            assert!(matches!(e, SendError::LimitExceeded { .. }), "{e}");
                            thread::sleep(Duration::from_millis(1));
                        }
                    }
                    if i % 100 == 0 {
                        assert!(ends[0].status().is_ok() && ends[1].info().is_ok());
                        ends[0].set_name("busy").unwrap();
                    }
                }
            });
        }
        let mut left = 2 * 4 * EACH;
        wait_until("all messages", || {
            for m in group.receive(1000).unwrap() {
                let which = usize::from(m.connection() == other_from.handle());
                let word = |r: std::ops::Range<usize>| u32::from_le_bytes(m.payload()[r].try_into().unwrap());
                let (thread, i) = (word(0..4), word(4..8));
                let expected = &mut next[which][thread as usize];
                assert_eq!(i, *expected, "each thread's messages stay in order");
                *expected += 1;
                left -= 1;
            }
            left == 0
        });
    });
    assert!(group.receive(1).unwrap().is_empty());
}

#[test]
fn connections_come_and_go_on_four_threads() {
    let server = common::context();
    let client = common::context();
    let listener = server.listen("127.0.0.1:0".parse().unwrap()).unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|s| {
        let serving = s.spawn(|| {
            let mut open = Vec::new();
            while !done.load(Ordering::Relaxed) || !open.is_empty() {
                open.extend(accept_all(&server));
                open.retain(|c: &gamesockets::Connection| {
                    for m in c.receive(10).unwrap() {
                        let _ = c.send(m.payload(), SendFlags::RELIABLE | SendFlags::NO_NAGLE);
                    }
                    let over = c.state() > ConnectionState::Connected;
                    if over {
                        c.close(0, "", false).unwrap();
                    }
                    !over
                });
                thread::sleep(Duration::from_millis(1));
            }
        });
        let clients: Vec<_> = (0..4u8)
            .map(|t| {
                let (client, listener) = (client.clone(), &listener);
                s.spawn(move || {
                    for i in 0..25u8 {
                        let c = client.connect(listener.local_addr()).unwrap();
                        c.send(&[t, i], SendFlags::RELIABLE | SendFlags::NO_NAGLE).unwrap();
                        assert_eq!(receive(&c, 1)[0].as_ref(), [t, i]);
                        c.close(0, "", false).unwrap();
                    }
                })
            })
            .collect();
        for c in clients {
            c.join().unwrap();
        }
        done.store(true, Ordering::Relaxed);
        serving.join().unwrap();
    });
    assert!(server.connections().is_empty() && client.connections().is_empty());
}

#[test]
fn ending_in_the_middle_of_work() {
    for round in 0..5 {
        let p = pair();
        fast(&p.client);
        let stop = AtomicBool::new(false);
        thread::scope(|s| {
            for _ in 0..2 {
                let (to, from, stop) = (p.to.clone(), p.from.clone(), &stop);
                s.spawn(move || {
                    let data = pattern(1000, 3);
                    while !stop.load(Ordering::Relaxed) {
                        let _ = to.send(&data, SendFlags::RELIABLE);
                        let _ = from.receive(100);
                        let _ = to.status();
                    }
                });
            }
            let (client, address, stop) = (p.client.clone(), p.listener.local_addr(), &stop);
            s.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    match client.connect(address) {
                        Ok(c) => drop(c.close(0, "", false)),
                        Err(_) => break,
                    }
                }
            });
            thread::sleep(Duration::from_millis(20 + round * 7));
            p.client.shutdown();
            p.server.shutdown();
            stop.store(true, Ordering::Relaxed);
        });
        assert_eq!((p.to.state(), p.from.state()), (ConnectionState::None, ConnectionState::None));
        assert_eq!((p.client.socket_count(), p.server.socket_count()), (0, 0));
    }
}

#[test]
fn an_idle_context_sleeps() {
    let context = common::context();
    let _listener = context.listen("[::]:0".parse().unwrap()).unwrap();
    thread::sleep(Duration::from_millis(100));
    let before = context.loop_counters().turns;
    thread::sleep(Duration::from_secs(1));
    assert!(context.loop_counters().turns - before <= 2, "nothing to do, nothing done");
}

#[test]
fn an_idle_connection_costs_almost_nothing() {
    let p = pair();
    thread::sleep(Duration::from_millis(500));
    let before = (p.client.loop_counters(), p.server.loop_counters());
    thread::sleep(Duration::from_secs(2));
    let after = (p.client.loop_counters(), p.server.loop_counters());
    let turns = (after.0.turns - before.0.turns, after.1.turns - before.1.turns);
    assert!(turns.0 < 60 && turns.1 < 60, "{turns:?} turns in two seconds without data");
}

#[test]
fn a_game_wakes_the_loop_about_once_per_frame() {
    let p = pair();
    let before = p.client.loop_counters();
    for frame in 0..30u32 {
        for part in 0..20u32 {
            p.to.send(&[frame as u8, part as u8], SendFlags::RELIABLE).unwrap();
        }
        thread::sleep(Duration::from_millis(16));
    }
    let after = p.client.loop_counters();
    assert_eq!(receive(&p.from, 600).len(), 600);
    let (wakes, turns) = (after.wakes - before.wakes, after.turns - before.turns);
    // About one wake per frame; three leave room for a machine that is busy with other things.
    assert!(wakes <= 90, "{wakes} wakes and {turns} turns for 600 messages in 30 frames");
}

#[test]
fn traffic_through_pipes_does_not_keep_others_waiting() {
    let context = common::context();
    let nobody = || Identity::localhost();
    let (a, b) = context.socket_pair(SocketPairKind::Memory, [nobody(), nobody()]).unwrap();
    let data = pattern(100_000, 1);
    let received = thread::spawn(move || receive(&b, 100).len());
    for _ in 0..100 {
        a.send(&data, SendFlags::RELIABLE).unwrap();
        assert!(a.info().is_ok() && context.counters().datagrams_in < u64::MAX);
    }
    assert_eq!(received.join().unwrap(), 100);
}
