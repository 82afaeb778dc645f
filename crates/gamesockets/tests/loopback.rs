//! Messages over real sockets of this machine.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{accept_all, connect_to, pair, pattern, receive, wait_for, wait_until};
use gamesockets::config::{ConfigKey, ConfigValue, Scope};
use gamesockets::{ConnectionState, Context, ListenError, SendFlags};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

fn exchange(listen: &str, target: IpAddr) {
    let server = common::context();
    let client = common::context();
    let listener = server.listen(listen.parse().unwrap()).unwrap();
    assert_ne!(listener.local_addr().port(), 0);
    let to = client.connect(SocketAddr::new(target, listener.local_addr().port())).unwrap();
    let from = wait_for("a request", || accept_all(&server).pop());
    to.send(b"ping", SendFlags::RELIABLE | SendFlags::NO_NAGLE).unwrap();
    assert_eq!(receive(&from, 1)[0].payload(), "ping");
    from.send(b"pong", SendFlags::UNRELIABLE).unwrap();
    assert_eq!(receive(&to, 1)[0].payload(), "pong");
    let seen = from.info().unwrap().remote.unwrap();
    assert_eq!(seen.is_ipv4(), target.is_ipv4(), "{seen}: a mapped address must not show");
}

#[test]
fn ipv4() {
    exchange("127.0.0.1:0", Ipv4Addr::LOCALHOST.into());
    exchange("0.0.0.0:0", Ipv4Addr::LOCALHOST.into());
}

#[test]
fn ipv6() {
    exchange("[::1]:0", Ipv6Addr::LOCALHOST.into());
}

#[test]
fn dual_stack() {
    exchange("[::]:0", Ipv4Addr::LOCALHOST.into());
    exchange("[::]:0", Ipv6Addr::LOCALHOST.into());
}

#[test]
fn messages_carry_their_facts() {
    let p = pair();
    p.from.set_user_data(42).unwrap();
    let sent_at = Context::now();
    assert_eq!(p.to.send(b"", SendFlags::RELIABLE).unwrap(), 1);
    assert_eq!(p.to.send(b"two", SendFlags::RELIABLE | SendFlags::NO_NAGLE).unwrap(), 2);
    let m = receive(&p.from, 2);
    assert!(m[0].payload().is_empty());
    assert_eq!((m[1].number(), m[1].lane(), m[1].is_reliable()), (2, 0, true));
    assert_eq!((m[1].connection(), m[1].user_data()), (p.from.handle(), 42));
    assert!(m[1].received_at() >= sent_at && m[1].received_at() <= Context::now());
}

#[test]
fn largest_messages_both_ways() {
    let p = pair();
    for c in [&p.client, &p.server] {
        for key in [ConfigKey::SendRateMin, ConfigKey::SendRateMax] {
            c.set_config(Scope::Global, key, Some(ConfigValue::Int32(50 << 20))).unwrap();
        }
    }
    let (there, back) = (pattern(512 * 1024, 1), pattern(512 * 1024, 2));
    p.to.send(&there, SendFlags::RELIABLE).unwrap();
    p.from.send_owned(back.clone().into(), SendFlags::RELIABLE, 0).unwrap();
    assert_eq!(receive(&p.from, 1)[0].payload(), &there);
    assert_eq!(receive(&p.to, 1)[0].payload(), &back);
    assert!(p.to.send(&pattern(512 * 1024 + 1, 3), SendFlags::RELIABLE).is_err());
}

#[test]
fn many_messages_keep_their_order() {
    let p = pair();
    for i in 0..2000u32 {
        let flags = if i % 7 == 0 { SendFlags::RELIABLE | SendFlags::NO_NAGLE } else { SendFlags::RELIABLE };
        p.to.send(&i.to_le_bytes(), flags).unwrap();
        if i % 100 == 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    let all = receive(&p.from, 2000);
    for (i, m) in all.iter().enumerate() {
        assert_eq!(m.as_ref(), (i as u32).to_le_bytes());
        assert_eq!(m.number(), i as u64 + 1);
    }
}

#[test]
fn the_same_address_is_not_listened_at_twice() {
    let context = common::context();
    let listener = context.listen("127.0.0.1:0".parse().unwrap()).unwrap();
    let again = context.listen(listener.local_addr());
    assert!(matches!(again, Err(ListenError::Bind { address, .. }) if address == listener.local_addr()));
    assert_eq!(context.socket_count(), common::LISTEN_SOCKETS);
}

#[test]
fn two_hundred_clients_of_one_listener() {
    let server = common::context();
    let client = common::context();
    let listener = server.listen("127.0.0.1:0".parse().unwrap()).unwrap();
    let to: Vec<_> = (0..200).map(|_| client.connect(listener.local_addr()).unwrap()).collect();
    let mut from = Vec::new();
    wait_until("all of them", || {
        from.extend(accept_all(&server));
        from.len() == 200 && to.iter().all(|c| c.state() == ConnectionState::Connected)
    });
    for (i, c) in to.iter().enumerate() {
        c.set_user_data(i as i64).unwrap();
        c.send(&(i as u32).to_le_bytes(), SendFlags::RELIABLE).unwrap();
    }
    for c in &from {
        let m = receive(c, 1).remove(0);
        c.send(m.payload(), SendFlags::RELIABLE | SendFlags::NO_NAGLE).unwrap();
    }
    for (i, c) in to.iter().enumerate() {
        assert_eq!(receive(c, 1)[0].as_ref(), (i as u32).to_le_bytes());
    }
    assert_eq!((client.socket_count(), server.socket_count()), (200, common::LISTEN_SOCKETS));
}

#[test]
fn a_context_connects_to_itself() {
    let context = common::context();
    let listener = context.listen("127.0.0.1:0".parse().unwrap()).unwrap();
    let (to, from) = connect_to(&context, &context, &listener);
    to.send(b"me", SendFlags::RELIABLE).unwrap();
    assert_eq!(receive(&from, 1)[0].payload(), "me");
}
