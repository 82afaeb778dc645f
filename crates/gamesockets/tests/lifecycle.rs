//! How connections, listen sockets and contexts end, and what is left of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{Pair, accept_all, connect_to, pair, pattern, receive, wait_for, wait_until};
use gamesockets::{
    AcceptError, BadHandle, ConnectError, Connection, ConnectionHandle, ConnectionState, Context,
    CreateGroupError, DebugLevel, Event, FlushError, Identity, ListenError, ListenerHandle, SendError,
    SendFlags, SocketPairKind,
};
use std::sync::{Arc, Mutex};

fn ended(of: &Connection) -> (ConnectionState, u32, String) {
    wait_until("the end", || of.state() > ConnectionState::Connected);
    let info = of.info().unwrap();
    (info.state, info.end_reason.0, info.end_debug)
}

#[test]
fn reasons_travel_both_ways() {
    let p = pair();
    p.to.close(1234, "client is done", false).unwrap();
    assert_eq!(ended(&p.from), (ConnectionState::ClosedByPeer, 1234, "client is done".into()));
    p.from.close(0, "", false).unwrap();

    let (to, from) = connect_to(&p.client, &p.server, &p.listener);
    from.close(2345, "server has a problem", false).unwrap();
    assert_eq!(ended(&to), (ConnectionState::ClosedByPeer, 2345, "server has a problem".into()));

    let (to, from) = connect_to(&p.client, &p.server, &p.listener);
    from.close(77, "no such reason", false).unwrap();
    assert_eq!(ended(&to).1, 1999);
    let (to, from) = connect_to(&p.client, &p.server, &p.listener);
    to.close(0, &"ä".repeat(100), false).unwrap();
    let (_, reason, text) = ended(&from);
    assert_eq!((reason, text.len()), (1000, 126));
}

#[test]
fn requests_can_be_refused() {
    let client = common::context();
    let server = common::context();
    let listener = server.listen("127.0.0.1:0".parse().unwrap()).unwrap();
    let to = client.connect(listener.local_addr()).unwrap();
    let from = wait_for("a request", || {
        server.poll_events().into_iter().find_map(|e| match e {
            Event::ConnectionStatusChanged { connection, new: ConnectionState::Connecting, .. } => {
                Some(connection)
            }
            _ => None,
        })
    });
    assert!(matches!(to.accept(), Err(AcceptError::Refused(_))), "our own attempt cannot be accepted");
    from.close(1001, "full", false).unwrap();
    assert_eq!(ended(&to), (ConnectionState::ClosedByPeer, 1001, "full".into()));
    assert!(matches!(from.accept(), Err(AcceptError::BadHandle(BadHandle))));
}

#[test]
fn listen_sockets_are_counted() {
    let context = common::context();
    assert!(context.listeners().is_empty());
    let listen = || context.listen("127.0.0.1:0".parse().unwrap()).unwrap();
    let (first, second) = (listen(), listen());
    let found = || context.listeners().iter().map(|listener| listener.local_addr()).collect::<Vec<_>>();
    assert_eq!(found(), [first.local_addr(), second.local_addr()]);
    first.close().unwrap();
    assert_eq!(found(), [second.local_addr()]);
}

#[test]
fn a_listen_socket_keeps_who_comes_in() {
    let (client, server) = (common::context(), common::context());
    let listener = server.listen("127.0.0.1:0".parse().unwrap()).unwrap();
    let first = client.connect(listener.local_addr()).unwrap();
    wait_until("the first request", || !server.connections().is_empty());
    listener.keep_incoming();
    listener.keep_incoming();
    let second = client.connect(listener.local_addr()).unwrap();
    let kept: [Connection; 2] = std::array::from_fn(|_| wait_for("a request", || listener.next_incoming()));
    for one in &kept {
        assert_eq!((one.listener(), one.state()), (Some(listener.handle()), ConnectionState::Connecting));
        one.accept().unwrap();
    }
    assert!(kept[0] != kept[1]);
    assert!(listener.next_incoming().is_none());
    wait_until("both connected", || {
        [&first, &second].iter().all(|one| one.state() == ConnectionState::Connected)
    });
    first.close(1000, "", false).unwrap();
    wait_until("an end", || kept.iter().any(|one| one.state() == ConnectionState::ClosedByPeer));
    assert!(server.poll_events().is_empty(), "nothing is told by events");
}

#[test]
fn who_lingers_is_counted() {
    let p = pair();
    let loss = |percent| {
        p.server.set_config(
            gamesockets::config::Scope::Global,
            gamesockets::config::ConfigKey::FakePacketLossSend,
            Some(gamesockets::config::ConfigValue::Float(percent)),
        )
    };
    loss(100.0).unwrap();
    p.from.send(b"late", SendFlags::RELIABLE).unwrap();
    assert_eq!(p.server.lingering(), 0);
    p.from.close(1000, "", true).unwrap();
    assert_eq!(p.server.lingering(), 1);
    loss(0.0).unwrap();
    wait_until("nothing to be delivered", || p.server.lingering() == 0);
    assert_eq!(receive(&p.to, 1)[0].payload(), "late");
}

#[test]
fn linger_delivers_what_was_sent() {
    let p = pair();
    let data = pattern(200_000, 9);
    for _ in 0..2 {
        p.to.send(&data, SendFlags::RELIABLE).unwrap();
    }
    p.to.close(1000, "all sent", true).unwrap();
    assert_eq!(p.to.state(), ConnectionState::None);
    for m in receive(&p.from, 2) {
        assert_eq!(m.payload(), &data);
    }
    assert_eq!(ended(&p.from).1, 1000);
    assert!(p.from.receive(10).unwrap().is_empty());
}

#[test]
fn the_end_of_the_context_lets_lingering_connections_finish() {
    let Pair { client, server, listener: _listener, to, from } = pair();
    let data = pattern(100_000, 3);
    to.send(&data, SendFlags::RELIABLE).unwrap();
    to.close(1000, "bye", true).unwrap();
    drop(client);
    assert_eq!(receive(&from, 1)[0].payload(), &data);
    assert_eq!(ended(&from).1, 1000);
    drop(server);
}

#[test]
fn unread_messages_survive_the_end_but_not_the_closing() {
    let p = pair();
    p.to.send(b"read me", SendFlags::RELIABLE).unwrap();
    p.to.close(0, "", true).unwrap();
    ended(&p.from);
    assert!(matches!(p.from.send(b"x", SendFlags::RELIABLE), Err(SendError::NoConnection)));
    assert!(matches!(p.from.flush(), Err(FlushError::Closed)));
    assert_eq!(p.from.receive(1).unwrap()[0].payload(), "read me");
    p.from.close(0, "", false).unwrap();
    assert_eq!(p.from.receive(1).unwrap_err(), BadHandle);
}

#[test]
fn closed_handles_are_recognised() {
    let p = pair();
    let (handle, other) = (p.to.handle(), p.to.clone());
    assert_eq!(p.client.connection(handle).unwrap(), p.to);
    p.to.close(0, "", false).unwrap();
    assert_eq!(other.close(0, "", false), Err(BadHandle));
    assert!(p.client.connection(handle).is_none());
    assert!(matches!(other.send(b"x", SendFlags::UNRELIABLE), Err(SendError::BadHandle(BadHandle))));
    assert!(matches!(other.flush(), Err(FlushError::BadHandle(BadHandle))));
    assert_eq!(other.receive(1).unwrap_err(), BadHandle);
    assert_eq!(other.info().unwrap_err(), BadHandle);
    assert_eq!(other.status().unwrap_err(), BadHandle);
    assert!(other.status_with_lanes(1).is_err() && other.detailed_status().is_err());
    assert!(other.accept().is_err() && other.configure_lanes(&[]).is_err());
    assert!(other.set_name("x").is_err() && other.name().is_err());
    assert!(other.set_user_data(1).is_err() && other.user_data().is_err());
    assert!(other.set_poll_group(None).is_err());
    assert!(ConnectionHandle::from_raw(0).is_none());
    assert!(ListenerHandle::from_raw(handle.to_raw()).is_none(), "kinds of handles differ");
    // The slot rests: a new connection gets another handle.
    let again = p.client.connect(p.listener.local_addr()).unwrap();
    assert_ne!(again.handle(), handle);
}

#[test]
fn closing_a_listener_destroys_its_connections() {
    let p = pair();
    p.server.poll_events();
    p.listener.close().unwrap();
    assert_eq!(p.from.state(), ConnectionState::None);
    let events = p.server.poll_events();
    assert!(matches!(
        &events[..],
        [Event::ConnectionStatusChanged { connection, new: ConnectionState::None, old: ConnectionState::Connected, info, .. }]
            if *connection == p.from && info.end_reason.0 == 0
    ));
    assert_eq!(p.server.socket_count(), 0);
    assert!(p.server.listener(p.listener.handle()).is_none());
    assert_eq!(p.listener.close(), Err(BadHandle));
}

#[test]
fn every_change_is_told_once_and_in_order() {
    let client = common::context();
    let server = common::context();
    let listener = server.listen("127.0.0.1:0".parse().unwrap()).unwrap();
    let to = client.connect(listener.local_addr()).unwrap();
    let from = wait_for("a request", || accept_all(&server).pop());
    wait_until("the connection", || to.state() == ConnectionState::Connected);
    from.close(1007, "over", false).unwrap();
    ended(&to);
    to.close(0, "", false).unwrap();
    let mut seen = Vec::new();
    let count = client.run_callbacks(|event| {
        if let Event::ConnectionStatusChanged { connection, listener, old, new, info, .. } = event {
            assert!(connection == to && listener.is_none() && info.state == new);
            // Everything may be called from here.
            assert!(connection.send(b"x", SendFlags::RELIABLE).is_err());
            seen.push((old as i32, new as i32));
        }
    });
    assert_eq!((count, seen), (4, vec![(0, 1), (1, 3), (3, 4), (4, 0)]));
    assert_eq!(client.run_callbacks(|_| ()), 0);
}

#[test]
fn nobody_there_is_a_time_out() {
    use gamesockets::config::{ConfigKey, ConfigValue};
    let context = common::context();
    let unused = context.listen("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = unused.local_addr();
    unused.close().unwrap();
    let options = [(ConfigKey::TimeoutInitial, ConfigValue::Int32(50))];
    let c = context.connect_with(address, &options).unwrap();
    let (state, reason, _) = ended(&c);
    assert_eq!((state, reason), (ConnectionState::ProblemDetectedLocally, 5003));
    assert_eq!(c.ended().unwrap().reason.0, 5003);
    assert!(matches!(context.connect("127.0.0.1:0".parse().unwrap()), Err(ConnectError::Refused(_))));
}

#[test]
fn the_end_of_the_context_is_told_to_peers_and_handles() {
    let Pair { client, server, listener, to, from } = pair();
    let second = client.clone();
    let group = client.create_poll_group().unwrap();
    drop(client);
    assert_eq!(to.state(), ConnectionState::Connected, "a clone is left");
    drop(second);
    assert_eq!(ended(&from), (ConnectionState::ClosedByPeer, 2999, "shutdown".into()));
    assert_eq!(to.state(), ConnectionState::None);
    assert!(to.send(b"x", SendFlags::RELIABLE).is_err() && group.receive(1).is_err());

    server.shutdown();
    server.shutdown();
    assert!(!listener.is_open() && listener.close().is_err());
    assert!(matches!(server.listen("127.0.0.1:0".parse().unwrap()), Err(ListenError::ShutDown)));
    assert!(matches!(server.connect("127.0.0.1:1".parse().unwrap()), Err(ConnectError::ShutDown)));
    let nobody = || Identity::localhost();
    assert!(server.socket_pair(SocketPairKind::Memory, [nobody(), nobody()]).is_err());
    assert_eq!(server.create_poll_group().unwrap_err(), CreateGroupError::ShutDown);
    assert!(server.connections().is_empty() && server.socket_count() == 0);
}

#[test]
fn the_last_context_may_go_inside_the_debug_output() {
    let held = Arc::new(Mutex::new(None::<Context>));
    let inside = held.clone();
    let context = common::builder()
        .debug_output(DebugLevel::Everything, move |_, _| {
            let last = inside.lock().unwrap().take();
            drop(last);
        })
        .build()
        .unwrap();
    let nobody = "127.0.0.1:9".parse().unwrap();
    let connection = context.connect(nobody).unwrap();
    *held.lock().unwrap() = Some(context);
    // The next line of debug output drops the context, on whatever thread it is said.
    let _ = connection.close(0, "", false);
    wait_until("the context to go", || {
        held.lock().unwrap().is_none() && connection.state() == ConnectionState::None
    });
}

#[test]
fn debug_output_tells_what_matters() {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let copy = lines.clone();
    let client = common::builder()
        .debug_output(DebugLevel::Debug, move |level, line| {
            copy.lock().unwrap().push((level, line.to_owned()))
        })
        .build()
        .unwrap();
    let listener = client.listen("127.0.0.1:0".parse().unwrap()).unwrap();
    let (to, from) = connect_to(&client, &client, &listener);
    for i in 0..50u8 {
        to.send(&[i; 500], SendFlags::RELIABLE).unwrap();
    }
    receive(&from, 50);
    let all = std::mem::take(&mut *lines.lock().unwrap());
    assert!(
        all.iter().any(|(l, s)| *l == DebugLevel::Msg && s.contains("listening at 127.0.0.1")),
        "{all:?}"
    );
    assert!(all.iter().any(|(l, s)| *l == DebugLevel::Verbose && s.contains("Connecting -> Connected")));
    assert!(all.len() < 12, "no line per packet: {all:#?}");

    use gamesockets::config::{ConfigKey, ConfigValue, Scope};
    let copy = lines.clone();
    client.set_debug_output(DebugLevel::Everything, move |level, line| {
        copy.lock().unwrap().push((level, line.to_owned()))
    });
    client.set_config(Scope::Global, ConfigKey::PacketTraceMaxBytes, Some(ConfigValue::Int32(4))).unwrap();
    to.send(b"traced", SendFlags::RELIABLE | SendFlags::NO_NAGLE).unwrap();
    receive(&from, 1);
    wait_until("the trace", || {
        let all = lines.lock().unwrap();
        let traced =
            |what: &str| all.iter().any(|(l, s)| *l == DebugLevel::Everything && s.starts_with(what));
        traced("sent to 127.0.0.1") && traced("received from 127.0.0.1")
    });
}

#[test]
fn a_forgotten_queue_of_events_is_reported_but_kept() {
    let bugs = Arc::new(Mutex::new(Vec::new()));
    let copy = bugs.clone();
    let context = Context::builder()
        .manual_poll(true)
        .debug_output(DebugLevel::Bug, move |_, line| copy.lock().unwrap().push(line.to_owned()))
        .build()
        .unwrap();
    for _ in 0..60 {
        let c = context.connect("127.0.0.1:9".parse().unwrap()).unwrap();
        c.close(0, "", false).unwrap();
    }
    assert!(matches!(&bugs.lock().unwrap()[..], [line] if line.contains("events wait")));
    assert_eq!(context.poll_events().len(), 120);
}

#[test]
fn manual_contexts_end_too_even_from_inside() {
    let held = Arc::new(Mutex::new(None::<Context>));
    let inside = held.clone();
    let context = Context::builder()
        .manual_poll(true)
        .debug_output(DebugLevel::Everything, move |_, line| {
            if line.contains("Connected") {
                let context = inside.lock().unwrap().take();
                let context = context.inspect(Context::shutdown);
                // Polling from inside polling is harmless, too.
                let _ = context.map(|c| c.poll(std::time::Duration::from_millis(1)));
            }
        })
        .build()
        .unwrap();
    *held.lock().unwrap() = Some(context.clone());
    let listener = context.listen("127.0.0.1:0".parse().unwrap()).unwrap();
    let c = context.connect(listener.local_addr()).unwrap();
    wait_until("the end", || {
        let ended = context.poll(std::time::Duration::from_millis(1)).is_err();
        accept_all(&context);
        ended
    });
    assert!(c.state() == ConnectionState::None && !listener.is_open());
}

#[test]
fn a_panic_in_the_debug_output_ends_the_context() {
    let context = common::context();
    let listener = context.listen("127.0.0.1:0".parse().unwrap()).unwrap();
    let c = context.connect(listener.local_addr()).unwrap();
    context.set_debug_output(DebugLevel::Verbose, |_, _| {
        assert!(!std::thread::current().name().is_some_and(|n| n.starts_with("gamesockets-")), "on purpose");
    });
    wait_until("the end", || {
        accept_all_gently(&context);
        c.state() == ConnectionState::None && !listener.is_open()
    });
    assert!(context.connect(listener.local_addr()).is_err());
}

/// Accepts whoever can be accepted.
fn accept_all_gently(context: &Context) {
    for event in context.poll_events() {
        if let Event::ConnectionStatusChanged { connection, new: ConnectionState::Connecting, .. } = event {
            let _ = connection.accept();
        }
    }
}

#[test]
fn every_thread_can_be_prepared() {
    let names = Arc::new(Mutex::new(Vec::new()));
    let copy = names.clone();
    let context = common::builder()
        .on_thread_start(move || {
            copy.lock().unwrap().extend(std::thread::current().name().map(str::to_owned))
        })
        .build()
        .unwrap();
    drop(context);
    let mut names = names.lock().unwrap().clone();
    names.sort();
    assert_eq!(names.len(), common::IO_THREADS);
    assert_eq!(names.last().map(String::as_str), Some("gamesockets-io"));
    names.dedup();
    assert_eq!(names.len(), common::IO_THREADS, "each has a name of its own");
}
