//! One peer that floods the server beside others that do not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{PATIENCE, accept_all, receive, wait_until};
use gamesockets::config::{ConfigKey, ConfigValue, Scope};
use gamesockets::{ConnectionState, Context, SendFlags};
use std::net::UdpSocket;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const QUIET: usize = 20;

/// Datagrams that one turn of the loop reads before it sends: the budget, and what the last call to the system may
/// bring beyond it.
const READ_IN_A_TURN: u64 = 1024 + 32 * 64;

#[test]
fn a_turn_reads_a_bounded_number_of_datagrams_and_then_sends() {
    let manual = || Context::builder().manual_poll(true).build().unwrap();
    let (server, client) = (manual(), manual());
    let listener = server.listen("127.0.0.1:0".parse().unwrap()).unwrap();
    let to = client.connect(listener.local_addr()).unwrap();
    let begin = Instant::now();
    let mut from = Vec::new();
    while to.state() != ConnectionState::Connected {
        assert!(begin.elapsed() < PATIENCE);
        for context in [&client, &server] {
            context.poll(Duration::ZERO).unwrap();
        }
        from.extend(accept_all(&server));
    }
    // More rubbish than one turn reads, as far as the system keeps it.
    let chatty = UdpSocket::bind("127.0.0.1:0").unwrap();
    for _ in 0..6000 {
        chatty.send_to(b"\x80 not a packet of ours", listener.local_addr()).unwrap();
    }
    from[0].send(b"urgent", SendFlags::RELIABLE | SendFlags::NO_NAGLE).unwrap();
    let before = server.counters().datagrams_in;
    server.poll(Duration::ZERO).unwrap();
    let read = server.counters().datagrams_in - before;
    assert!((1..=READ_IN_A_TURN).contains(&read), "{read} datagrams in one turn");
    while to.receive(1).unwrap().is_empty() {
        // Only the client works: the message left with the server's first turn.
        client.poll(Duration::from_millis(1)).unwrap();
        assert!(begin.elapsed() < PATIENCE);
    }
    // The rest, turn by turn.
    loop {
        let before = server.counters().datagrams_in;
        server.poll(Duration::ZERO).unwrap();
        let read = server.counters().datagrams_in - before;
        assert!(read <= READ_IN_A_TURN, "{read} datagrams in one turn");
        if read == 0 {
            break;
        }
    }
    assert_eq!(from[0].state(), ConnectionState::Connected);
}

#[test]
fn a_flood_takes_nothing_from_quiet_clients() {
    const MESSAGES: u32 = 45;
    let (server, quiet, chatty) = (common::context(), common::context(), common::context());
    for key in [ConfigKey::SendRateMin, ConfigKey::SendRateMax] {
        chatty.set_config(Scope::Global, key, Some(ConfigValue::Int32(256 << 20))).unwrap();
    }
    let listener = server.listen("127.0.0.1:0".parse().unwrap()).unwrap();
    let mut from = Vec::new();
    let mut connect = |context: &Context| {
        let c = context.connect(listener.local_addr()).unwrap();
        wait_until("a connection", || {
            from.extend(accept_all(&server));
            c.state() == ConnectionState::Connected
        });
        c
    };
    let flooding = connect(&chatty);
    let ends: Vec<_> = (0..QUIET).map(|_| connect(&quiet)).collect();
    let (stop, flooded) = (AtomicBool::new(false), AtomicU64::new(0));
    let mut heard = 0;
    thread::scope(|s| {
        s.spawn(|| {
            let mut n = 0;
            while !stop.load(Ordering::Relaxed) {
                let flags = if n % 2 == 0 { SendFlags::RELIABLE } else { SendFlags::UNRELIABLE };
                match flooding.send(&[9; 32], flags) {
                    Ok(_) => n += 1,
                    // It is as fast as it gets: its buffer is full.
                    Err(_) => thread::yield_now(),
                }
            }
            flooded.store(n, Ordering::Relaxed);
        });
        for n in 0..MESSAGES {
            for c in &ends {
                c.send(&n.to_le_bytes(), SendFlags::RELIABLE | SendFlags::NO_NAGLE).unwrap();
            }
            heard += from[0].receive(1_000_000).unwrap().len() as u64;
            thread::sleep(Duration::from_millis(33));
        }
        for c in &from[1..] {
            for (n, m) in receive(c, MESSAGES as usize).iter().enumerate() {
                assert_eq!(m.as_ref(), (n as u32).to_le_bytes());
            }
            assert_eq!(c.state(), ConnectionState::Connected);
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert!(ends.iter().chain([&flooding]).all(|c| c.state() == ConnectionState::Connected));
    let sent = flooded.load(Ordering::Relaxed);
    let quiet_sent = u64::from(MESSAGES) * QUIET as u64;
    assert!(sent > 10 * quiet_sent && heard > quiet_sent, "a flood of {sent} messages, {heard} heard");
}
