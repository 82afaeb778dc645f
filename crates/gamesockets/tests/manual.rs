//! Contexts without a thread: nothing happens but inside `poll`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{PATIENCE, accept_all};
use gamesockets::{ConnectionState, Context, PollError, SendFlags};
use std::time::{Duration, Instant};

fn manual() -> Context {
    Context::builder().manual_poll(true).build().unwrap()
}

#[test]
fn two_contexts_polled_by_one_thread() {
    let (server, client) = (manual(), manual());
    let listener = server.listen("127.0.0.1:0".parse().unwrap()).unwrap();
    let to = client.connect(listener.local_addr()).unwrap();
    to.send(b"hello", SendFlags::RELIABLE).unwrap();
    let begin = Instant::now();
    let (mut from, mut echoed) = (None, false);
    while !echoed {
        assert!(begin.elapsed() < PATIENCE);
        client.poll(Duration::ZERO).unwrap();
        server.poll(Duration::from_millis(1)).unwrap();
        from = from.or_else(|| accept_all(&server).pop());
        for m in from.iter().flat_map(|c| c.receive(10).unwrap()) {
            assert_eq!(m.payload(), "hello");
            from.as_ref().unwrap().send(b"echo", SendFlags::RELIABLE | SendFlags::NO_NAGLE).unwrap();
        }
        echoed = to.receive(1).unwrap().iter().any(|m| m.payload() == "echo");
    }
    assert_eq!(to.state(), ConnectionState::Connected);
}

#[test]
fn nothing_happens_without_polling() {
    let (server, client) = (manual(), manual());
    let listener = server.listen("127.0.0.1:0".parse().unwrap()).unwrap();
    let to = client.connect(listener.local_addr()).unwrap();
    std::thread::sleep(Duration::from_millis(50));
    assert!(server.poll_events().is_empty());
    assert_eq!(to.state(), ConnectionState::Connecting);
    assert_eq!((server.loop_counters().turns, client.loop_counters().turns), (0, 0));
}

#[test]
fn polling_waits_for_packets_and_not_longer_than_asked() {
    let (server, client) = (manual(), manual());
    let begin = Instant::now();
    server.poll(Duration::from_millis(20)).unwrap();
    assert!(begin.elapsed() >= Duration::from_millis(15));
    assert!(server.loop_counters().turns <= 4);
    let listener = server.listen("127.0.0.1:0".parse().unwrap()).unwrap();
    let sender = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(20));
        let _to = client.connect(listener.local_addr()).unwrap();
        for _ in 0..2000 {
            client.poll(Duration::from_millis(1)).unwrap();
        }
    });
    let begin = Instant::now();
    while server.poll_events().is_empty() {
        server.poll(Duration::from_secs(30)).unwrap();
        assert!(begin.elapsed() < PATIENCE, "the packets have to end the wait");
    }
    assert!(begin.elapsed() < Duration::from_secs(20));
    drop(server);
    sender.join().unwrap();
}

#[test]
fn sending_on_the_current_thread_needs_no_poll() {
    let (server, client) = (manual(), manual());
    let listener = server.listen("127.0.0.1:0".parse().unwrap()).unwrap();
    let to = client.connect(listener.local_addr()).unwrap();
    let begin = Instant::now();
    let mut from = None;
    while to.state() != ConnectionState::Connected || from.is_none() {
        assert!(begin.elapsed() < PATIENCE);
        client.poll(Duration::from_millis(1)).unwrap();
        server.poll(Duration::from_millis(1)).unwrap();
        from = from.or_else(|| accept_all(&server).pop());
    }
    let before = client.loop_counters();
    let flags = SendFlags::RELIABLE | SendFlags::NO_NAGLE;
    to.send(b"waits", flags).unwrap();
    assert_eq!(client.loop_counters().sends, before.sends);
    to.send(b"goes", flags | SendFlags::USE_CURRENT_THREAD).unwrap();
    assert!(client.loop_counters().sends > before.sends);
    assert_eq!(client.loop_counters().turns, before.turns);
    let from = from.unwrap();
    let mut got = Vec::new();
    while got.len() < 2 {
        assert!(begin.elapsed() < PATIENCE);
        server.poll(Duration::from_millis(1)).unwrap();
        from.receive_into(&mut got, 2).unwrap();
    }
}

#[test]
fn only_manual_contexts_are_polled() {
    let context = Context::new().unwrap();
    assert!(matches!(context.poll(Duration::ZERO), Err(PollError::HasThread)));
    let context = manual();
    context.shutdown();
    assert!(matches!(context.poll(Duration::ZERO), Err(PollError::ShutDown)));
}

#[test]
fn another_thread_ends_a_wait() {
    let context = manual();
    let (sender, receiver) = std::sync::mpsc::channel();
    let polling = {
        let context = context.clone();
        std::thread::spawn(move || {
            sender.send(()).unwrap();
            while context.poll(Duration::from_secs(600)).is_ok() {}
        })
    };
    receiver.recv().unwrap();
    std::thread::sleep(Duration::from_millis(20));
    context.shutdown();
    polling.join().unwrap();
}

#[test]
fn another_thread_s_messages_end_a_wait() {
    let context = manual();
    let nobody = gamesockets::Identity::localhost;
    let (a, b) = context.socket_pair(gamesockets::SocketPairKind::Network, [nobody(), nobody()]).unwrap();
    let sending = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(20));
        a.send(b"wake up", SendFlags::RELIABLE).unwrap();
        a
    });
    let begin = Instant::now();
    while b.receive(1).unwrap().is_empty() {
        context.poll(Duration::from_secs(600)).unwrap();
    }
    assert!(begin.elapsed() < PATIENCE);
    sending.join().unwrap();
}
