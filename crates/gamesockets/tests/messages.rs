//! Lanes, batches, poll groups, pairs, and a bad network.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{accept_all, connect_to, pair, pattern, receive, wait_until};
use gamesockets::config::{ConfigKey, ConfigValue, Scope};
use gamesockets::{
    AddressedMessage, BadHandle, Connection, ConnectionState, Context, FLAG_FAST, FLAG_LOOPBACK_BUFFERS,
    FLAG_UNAUTHENTICATED, FlushError, GroupError, Identity, LaneConfig, LanesError, OutgoingMessage,
    SendError, SendFlags, SocketPairKind, StatusError,
};

fn two(context: &Context, kind: SocketPairKind) -> (Connection, Connection) {
    let who = |name| Identity::string(name).unwrap();
    context.socket_pair(kind, [who("first"), who("second")]).unwrap()
}

#[test]
fn pairs_of_both_kinds() {
    let context = common::context();
    for kind in [SocketPairKind::Memory, SocketPairKind::Network] {
        let (a, b) = two(&context, kind);
        let info = a.info().unwrap();
        assert_eq!((info.state, info.identity.to_string()), (ConnectionState::Connected, "str:first".into()));
        assert_eq!(b.identity().to_string(), "str:second");
        let flags = match kind {
            SocketPairKind::Memory => FLAG_LOOPBACK_BUFFERS | FLAG_FAST,
            SocketPairKind::Network => FLAG_UNAUTHENTICATED | FLAG_FAST,
        };
        assert_eq!(info.flags, flags, "{kind:?}");
        assert!(context.poll_events().is_empty(), "making a pair posts nothing");
        let big = pattern(300_000, 7);
        a.send(&big, SendFlags::RELIABLE).unwrap();
        b.send(b"small", SendFlags::UNRELIABLE | SendFlags::NO_NAGLE).unwrap();
        assert_eq!(receive(&b, 1)[0].payload(), &big);
        assert_eq!(receive(&a, 1)[0].payload(), "small");
        a.close(1010, "bye", false).unwrap();
        wait_until("the other end", || b.state() == ConnectionState::ClosedByPeer);
        assert_eq!(b.info().unwrap().end_reason.0, 1010);
        b.close(0, "", false).unwrap();
        assert_eq!(context.poll_events().len(), 3);
    }
}

#[test]
fn pipes_take_more_than_sockets() {
    let context = common::context();
    let (a, b) = two(&context, SocketPairKind::Memory);
    let huge = pattern(2_000_000, 8);
    a.send(&huge, SendFlags::RELIABLE).unwrap();
    assert_eq!(receive(&b, 1)[0].payload(), &huge);
    let (a, _b) = two(&context, SocketPairKind::Network);
    assert!(matches!(
        a.send(&huge, SendFlags::RELIABLE),
        Err(SendError::TooBig { size: 2_000_000, limit: 524_288 })
    ));
}

#[test]
fn lanes_are_configured_and_used() {
    let p = pair();
    assert!(matches!(
        p.to.send_on_lane(b"x", SendFlags::RELIABLE, 1),
        Err(SendError::BadLane { lane: 1, lanes: 1 })
    ));
    let lane = |priority, weight| LaneConfig { priority, weight };
    p.to.configure_lanes(&[lane(1, 1), lane(0, 3), lane(0, 1)]).unwrap();
    assert!(matches!(p.to.configure_lanes(&[lane(0, 1)]), Err(LanesError::Reduced { have: 3, asked: 1 })));
    assert!(matches!(p.to.configure_lanes(&[lane(0, 0); 3]), Err(LanesError::ZeroWeight { lane: 0 })));
    assert!(matches!(p.to.configure_lanes(&vec![lane(0, 1); 256]), Err(LanesError::Count(256))));
    for i in 0..10u8 {
        for lane in 0..3 {
            let n = p.to.send_on_lane(&[i], SendFlags::RELIABLE, lane).unwrap();
            assert_eq!(n, u64::from(i) + 1, "numbers count per lane");
        }
    }
    let all = receive(&p.from, 30);
    for lane in 0..3 {
        let of_lane: Vec<u8> = all.iter().filter(|m| m.lane() == lane).map(|m| m.payload()[0]).collect();
        assert_eq!(of_lane, (0..10).collect::<Vec<u8>>());
    }
    let (_, figures) = p.to.status_with_lanes(3).unwrap();
    assert_eq!(figures.len(), 3);
    assert_eq!(p.to.status_with_lanes(4).unwrap_err(), StatusError::NoSuchLane { asked: 4, have: 3 });
}

#[test]
fn urgent_lanes_overtake() {
    let p = pair();
    let lane = |priority| LaneConfig { priority, weight: 1 };
    p.to.configure_lanes(&[lane(10), lane(0)]).unwrap();
    // About two seconds of data at the default rate; the urgent message must not wait for them.
    p.to.send(&pattern(500_000, 4), SendFlags::RELIABLE).unwrap();
    p.to.send_on_lane(b"urgent", SendFlags::RELIABLE | SendFlags::NO_NAGLE, 1).unwrap();
    assert_eq!(receive(&p.from, 1)[0].lane(), 1);
}

#[test]
fn batches_have_results_for_each_message() {
    let p = pair();
    let reliable = |text: &'static str| OutgoingMessage::new(text, SendFlags::RELIABLE);
    let mut batch = [reliable("a"), reliable("b"), reliable("c").on_lane(9), reliable("d")];
    assert_eq!(p.to.send_batch(&mut batch), 2);
    let results: Vec<_> = batch.iter().map(|m| m.result).collect();
    assert_eq!(
        results,
        [Some(Ok(1)), Some(Ok(2)), Some(Err(SendError::BadLane { lane: 9, lanes: 1 })), None]
    );
    p.to.flush().unwrap();
    assert_eq!(receive(&p.from, 2)[1].payload(), "b");

    let (other_to, other_from) = connect_to(&p.client, &p.server, &p.listener);
    let (dead, _) = connect_to(&p.client, &p.server, &p.listener);
    dead.close(0, "", false).unwrap();
    let to = |c: &Connection, text| AddressedMessage { connection: c.handle(), message: reliable(text) };
    let mut batch = [to(&p.to, "1"), to(&dead, "2"), to(&other_to, "3"), to(&p.to, "4"), to(&dead, "5")];
    assert_eq!(p.client.send_messages(&mut batch), 3);
    let results: Vec<_> = batch.iter().map(|m| m.message.result).collect();
    let gone = Some(Err(SendError::BadHandle(BadHandle)));
    assert_eq!(results, [Some(Ok(3)), gone, Some(Ok(1)), Some(Ok(4)), None]);
    assert_eq!(receive(&p.from, 2)[1].payload(), "4");
    assert_eq!(receive(&other_from, 1)[0].payload(), "3");
    assert_eq!(p.to.send_batch(&mut []), 0);
}

#[test]
fn poll_groups_gather_messages() {
    let client = common::context();
    let server = common::context();
    let listener = server.listen("127.0.0.1:0".parse().unwrap()).unwrap();
    let group = server.create_poll_group().unwrap();
    let ends: Vec<_> = (0..3).map(|_| connect_to(&client, &server, &listener)).collect();
    // One of them joins with messages that wait already.
    ends[0].0.send(b"early", SendFlags::RELIABLE | SendFlags::NO_NAGLE).unwrap();
    wait_until("the early message", || {
        ends[0].1.detailed_status().is_ok() && server.counters().datagrams_in > 0
    });
    for (i, (_, from)) in ends.iter().enumerate() {
        from.set_user_data(i as i64).unwrap();
        from.set_poll_group(Some(&group)).unwrap();
    }
    for n in 0..20u8 {
        for (to, _) in &ends {
            to.send(&[n], SendFlags::RELIABLE).unwrap();
        }
    }
    let mut all = Vec::new();
    wait_until("all messages", || {
        group.receive_into(&mut all, 7).unwrap();
        all.len() == 61
    });
    for i in 0..3i64 {
        let of: Vec<&[u8]> = all.iter().filter(|m| m.user_data() == i).map(AsRef::as_ref).collect();
        let expect: Vec<[u8; 1]> = (0..20u8).map(|n| [n]).collect();
        let tail: Vec<&[u8]> = expect.iter().map(AsRef::as_ref).collect();
        assert_eq!(of[of.len() - 20..], tail);
        assert_eq!(of.len(), if i == 0 { 21 } else { 20 });
    }
    for thread in 0..common::IO_THREADS {
        let of_thread = |m: &&gamesockets::Message| ends[m.user_data() as usize].1.io_thread() == thread;
        let times: Vec<_> = all.iter().filter(of_thread).map(gamesockets::Message::received_at).collect();
        assert!(times.is_sorted(), "across connections in order of arrival");
    }

    // A single connection of the group can be read too, and takes its messages along when it leaves.
    ends[1].0.send(b"direct", SendFlags::RELIABLE | SendFlags::NO_NAGLE).unwrap();
    ends[2].0.send(b"stays", SendFlags::RELIABLE | SendFlags::NO_NAGLE).unwrap();
    assert_eq!(receive(&ends[1].1, 1)[0].payload(), "direct");
    assert!(ends[0].1.receive(5).unwrap().is_empty());
    ends[2].1.set_poll_group(None).unwrap();
    assert_eq!(receive(&ends[2].1, 1)[0].payload(), "stays");

    ends[0].0.send(b"kept", SendFlags::RELIABLE | SendFlags::NO_NAGLE).unwrap();
    group.destroy().unwrap();
    assert_eq!(receive(&ends[0].1, 1)[0].payload(), "kept");
    assert!(group.receive(1).is_err() && group.destroy().is_err());
    assert_eq!(ends[0].1.set_poll_group(Some(&group)), Err(GroupError::Group));
    assert!(server.poll_group(group.handle()).is_none());
    let foreign = client.create_poll_group().unwrap();
    assert_eq!(ends[0].1.set_poll_group(Some(&foreign)), Err(GroupError::Group));
}

#[test]
fn what_is_sent_before_the_connection_is_made_waits() {
    let client = common::context();
    let server = common::context();
    let listener = server.listen("127.0.0.1:0".parse().unwrap()).unwrap();
    let to = client.connect(listener.local_addr()).unwrap();
    assert_eq!(to.send(b"early", SendFlags::RELIABLE).unwrap(), 1);
    assert_eq!(to.send(b"now", SendFlags::UNRELIABLE | SendFlags::NO_DELAY), Err(SendError::Ignored));
    assert!(matches!(to.flush(), Err(FlushError::NotConnected)));
    let mut from = Vec::new();
    wait_until("a request", || {
        from.extend(accept_all(&server));
        !from.is_empty()
    });
    assert_eq!(receive(&from[0], 1)[0].payload(), "early");
}

#[test]
fn the_send_buffer_has_a_limit() {
    let p = pair();
    p.to.set_config(ConfigKey::SendBufferSize, Some(ConfigValue::Int32(10_000))).unwrap();
    let mut taken = 0;
    let refused = loop {
        match p.to.send(&[7; 1000], SendFlags::RELIABLE) {
            Ok(_) => taken += 1,
            Err(e) => break e,
        }
        assert!(taken < 1000);
    };
    assert!(matches!(refused, SendError::LimitExceeded { size: 1000, limit: 10_000, .. }));
    assert!(taken >= 9);
    assert_eq!(receive(&p.from, taken).len(), taken);
    wait_until("room again", || p.to.send(b"again", SendFlags::RELIABLE).is_ok());
}

#[test]
fn nothing_reliable_is_lost_on_a_bad_network() {
    let p = pair();
    let percent = |v| Some(ConfigValue::Float(v));
    p.client.set_config(Scope::Global, ConfigKey::FakePacketLossSend, percent(5.0)).unwrap();
    p.client.set_config(Scope::Global, ConfigKey::FakePacketLossRecv, percent(5.0)).unwrap();
    p.server.set_config(Scope::Global, ConfigKey::FakePacketReorderSend, percent(5.0)).unwrap();
    p.server.set_config(Scope::Global, ConfigKey::FakePacketDupSend, percent(5.0)).unwrap();
    p.server.set_config(Scope::Global, ConfigKey::FakePacketLagSend, Some(ConfigValue::Int32(5))).unwrap();
    for i in 0..300u32 {
        p.to.send(&pattern(1 + (i as usize * 37) % 900, i), SendFlags::RELIABLE).unwrap();
        p.from.send(&i.to_le_bytes(), SendFlags::RELIABLE | SendFlags::NO_NAGLE).unwrap();
    }
    for (i, m) in receive(&p.from, 300).iter().enumerate() {
        assert_eq!(m.payload(), &pattern(1 + (i * 37) % 900, i as u32));
    }
    for (i, m) in receive(&p.to, 300).iter().enumerate() {
        assert_eq!(m.as_ref(), (i as u32).to_le_bytes());
    }
}

#[test]
fn status_tells_what_is_going_on() {
    let p = pair();
    p.to.set_name("the link").unwrap();
    assert_eq!(p.to.name().unwrap(), "the link");
    assert!(p.to.info().unwrap().description.ends_with("'the link'"));
    let fresh = p.to.status().unwrap();
    assert_eq!(fresh.state, ConnectionState::Connected);
    assert_eq!((fresh.pending_reliable, fresh.pending_unreliable), (0, 0));
    p.to.send(&pattern(400_000, 6), SendFlags::RELIABLE).unwrap();
    let busy = p.to.status().unwrap();
    assert!(busy.pending_reliable + busy.sent_unacked_reliable >= 390_000, "{busy:?}");
    assert!(busy.queue_time_us > 0);
    let text = p.to.detailed_status().unwrap();
    assert!(text.contains("Connected") && text.contains("encrypted"), "{text}");
    receive(&p.from, 1);
    wait_until("the acknowledgements", || p.to.status().unwrap().sent_unacked_reliable == 0);
    wait_until("a ping", || p.to.status().unwrap().ping_ms >= 0);
}

#[test]
fn a_pipe_delivers_at_once_and_the_same_bytes() {
    let context = common::context();
    let (a, b) = two(&context, SocketPairKind::Memory);
    assert!(a.is_pipe() && b.is_pipe());
    a.configure_lanes(&[LaneConfig::default(); 2]).unwrap();
    let data = bytes::Bytes::from(pattern(5000, 3));
    assert_eq!(a.send_owned(data.clone(), SendFlags::RELIABLE, 0), Ok(1));
    assert_eq!(a.send_on_lane(b"x", SendFlags::UNRELIABLE, 1), Ok(1));
    assert_eq!(a.send(b"y", SendFlags::RELIABLE), Ok(2));
    assert!(matches!(
        a.send_on_lane(b"z", SendFlags::RELIABLE, 2),
        Err(SendError::BadLane { lane: 2, lanes: 2 })
    ));
    let received = b.receive(10).unwrap();
    let seen: Vec<_> = received.iter().map(|m| (m.number(), m.lane(), m.is_reliable())).collect();
    assert_eq!(seen, [(1, 0, true), (1, 1, false), (2, 0, true)]);
    assert_eq!(received[0].payload().as_ptr(), data.as_ptr());
    a.close(0, "", false).unwrap();
    assert_eq!(b.state(), ConnectionState::ClosedByPeer);
    assert_eq!(b.send(b"x", SendFlags::RELIABLE), Err(SendError::NoConnection));
}

#[test]
fn messages_sent_together_are_taken_together() {
    let context = common::context();
    let (a, b) = two(&context, SocketPairKind::Network);
    let big = bytes::Bytes::from(pattern(100_000, 5));
    let results = a.send_together(|staging| {
        [
            staging.send(b"small", SendFlags::RELIABLE, 0),
            staging.send_owned(big.clone(), SendFlags::RELIABLE, 0),
            staging.send(b"none", SendFlags::RELIABLE, 4),
        ]
    });
    assert_eq!(results[..2], [Ok(1), Ok(2)]);
    assert!(matches!(results[2], Err(SendError::BadLane { .. })));
    let received = receive(&b, 2);
    assert_eq!((received[0].payload().len(), received[1].payload()), (5, &big));
    a.close(0, "", false).unwrap();
    assert_eq!(
        a.send_together(|s| s.send(b"x", SendFlags::RELIABLE, 0)),
        Err(SendError::BadHandle(BadHandle))
    );
}

#[test]
fn events_can_be_left_to_those_with_a_callback() {
    use gamesockets::Event;
    use std::sync::atomic::{AtomicUsize, Ordering};
    static TURNS: AtomicUsize = AtomicUsize::new(0);
    let turned = || {
        TURNS.fetch_add(1, Ordering::Relaxed);
    };
    let context = common::builder().events_need_callback(true).after_turn(turned).build().unwrap();
    let key = ConfigKey::CallbackConnectionStatusChanged;
    let listener =
        context.listen_with("127.0.0.1:0".parse().unwrap(), &[(key, ConfigValue::Ptr(7))]).unwrap();
    let client = context.connect(listener.local_addr()).unwrap();
    let mut events = Vec::new();
    wait_until("the request", || {
        events.extend(context.poll_events());
        !events.is_empty()
    });
    let Event::ConnectionStatusChanged { connection, callback, .. } = &events[0] else {
        panic!("{events:?}")
    };
    assert_eq!((*callback, connection.listener()), (7, Some(listener.handle())));
    connection.set_config(key, Some(ConfigValue::Ptr(8))).unwrap();
    connection.accept().unwrap();
    let accepted = connection.clone();
    wait_until("both to be connected", || {
        events.extend(context.poll_events());
        client.state() == ConnectionState::Connected && accepted.state() == ConnectionState::Connected
    });
    events.extend(context.poll_events());
    let told = events.iter().map(|event| match event {
        Event::ConnectionStatusChanged { connection, callback, .. } => (connection.handle(), *callback),
        _ => panic!("{event:?}"),
    });
    assert_eq!(told.collect::<Vec<_>>(), [(accepted.handle(), 7), (accepted.handle(), 8)]);
    assert!(TURNS.load(Ordering::Relaxed) > 0);
}
