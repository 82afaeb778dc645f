//! Checks of the machines above the decoders: what a peer or a stranger sends never breaks them.
//!
//! Every function takes any bytes. It panics if a promise is broken, and returns quietly otherwise.

use std::net::SocketAddr;
use std::sync::Arc;

use gamesockets_endpoint::{ConnId, Endpoint, EndpointConfig, Event, SocketId};
use gamesockets_proto::config::ConnConfig;
use gamesockets_proto::connection::ConnectionState;
use gamesockets_proto::message::{Gauges, SendFlags};
use gamesockets_proto::rate::FixedRate;
use gamesockets_proto::snp::recv::{Receiver, RecvLimits};
use gamesockets_proto::snp::send::{Outbox, SendLimits, Sender};
use gamesockets_wire::time::Timestamp;

/// A check and the name of its target.
pub type Target = (&'static str, fn(&[u8]));

/// All checks of this module.
pub const TARGETS: &[Target] =
    &[("packet_content", packet_content), ("endpoint_datagrams", endpoint_datagrams)];

/// Steps taken from one input.
const STEPS_MAX: usize = 200;

/// Cuts the next step off the input: a byte of choice, a byte of length, that many bytes (fewer at the end).
fn step<'a>(data: &mut &'a [u8]) -> Option<(u8, &'a [u8])> {
    let (&[choice, len], rest) = data.split_first_chunk::<2>()?;
    // Lengths grow faster than the byte, so that full packets are reachable.
    let len = (usize::from(len) * usize::from(len) / 40).min(rest.len());
    let (bytes, rest) = rest.split_at(len);
    *data = rest;
    Some((choice, bytes))
}

/// The plaintext of authentic packets, in a receiver whose sender has packets in flight.
pub fn packet_content(mut data: &[u8]) {
    let gauges = Gauges::new();
    let (mut sender, mut receiver) = (Sender::new(gauges.clone()), Receiver::new(gauges.clone()));
    let mut rate = FixedRate::new(1 << 20, 1 << 20);
    let mut now = Timestamp::from_micros(1_000_000);
    let send_limits = SendLimits {
        message_bytes_max: 1 << 19,
        buffer_bytes_max: 1 << 20,
        nagle_us: 0,
        connected: true,
        engine_pending: 0,
        rate: 1 << 20,
    };
    let mut outbox = Outbox::new();
    for n in 0..8u8 {
        let flags = if n % 2 == 0 { SendFlags::RELIABLE } else { SendFlags::UNRELIABLE };
        let _ = outbox.send(now, &[n; 700], flags, 0, &send_limits);
    }
    sender.absorb(&mut outbox);
    let limits = RecvLimits {
        ahead_bytes: 1 << 16,
        unread_bytes_max: 1 << 16,
        buffer_messages: 50,
        message_bytes_max: 1 << 15,
        segments_per_packet: 100,
        accept_unreliable: true,
        discard_reliable: false,
    };
    let mut number = 1;
    for _ in 0..STEPS_MAX {
        let Some((choice, plain)) = step(&mut data) else { break };
        now = now.plus_micros(u64::from(choice) * 100);
        number += 1 + u64::from(choice >> 6);
        let mut out = Vec::new();
        let (segments, _) = sender.fill(&mut out, 1232);
        sender.on_packet_sent(now, out.len() as u16, segments, choice & 1 == 1);
        match receiver.on_packet(now, number, plain, &limits, &mut sender, &mut rate) {
            Ok(report) => {
                receiver.numbers.on_packet(now, number, report.complete && !report.never_sent);
            }
            Err(_) => return,
        }
        receiver.numbers.ripen(now);
        out.clear();
        receiver.numbers.put_ack(now, &mut out, 6 + usize::from(choice));
        assert!(out.len() <= 6 + usize::from(choice));
        sender.on_timeout(now, std::time::Duration::from_millis(60), &mut rate);
        if choice & 2 == 2 {
            let mut messages = Vec::new();
            receiver.inbox.take(&mut messages);
            let bytes: usize = messages.iter().map(|m| m.payload.len()).sum();
            assert!(
                bytes <= limits.unread_bytes_max as usize
                    && messages.len() <= limits.buffer_messages as usize
            );
            gauges.on_read(messages.len() as u32, bytes as u64);
            let _ = receiver.unblock(now, &limits);
        }
    }
}

const SERVER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1)), 1);
const CLIENT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 2)), 2);
const STRANGER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 3)), 3);

/// Moves everything between two endpoints until neither has anything to send.
fn pump(now: Timestamp, server: &mut Endpoint, client: &mut Endpoint) {
    let mut buf = Vec::new();
    loop {
        let mut moved = false;
        while let Some(t) = client.poll_transmit(now, &mut buf, 8) {
            server.handle_datagrams(now, SocketId(0), CLIENT, &mut buf, t.segment);
            moved = true;
        }
        while let Some(t) = server.poll_transmit(now, &mut buf, 8) {
            client.handle_datagrams(now, SocketId(0), SERVER, &mut buf, t.segment);
            moved = true;
        }
        if !moved {
            return;
        }
    }
}

/// A server and a client that are connected without encryption, so that forged packets are taken for real.
fn connected(now: Timestamp) -> Option<(Endpoint, ConnId, u32)> {
    let config = Arc::new(ConnConfig { unencrypted: 3, ..ConnConfig::default() });
    let mut server = Endpoint::new(EndpointConfig::default(), [1; 32], now);
    let mut client = Endpoint::new(EndpointConfig::default(), [2; 32], now);
    server.listen(now, SocketId(0), SERVER, config.clone()).ok()?;
    client.connect(now, SocketId(0), SERVER, config).ok()?;
    let mut conn = None;
    for _ in 0..4 {
        pump(now, &mut server, &mut client);
        while let Some(event) = server.poll_event() {
            if let Event::StateChanged { conn: id, new: ConnectionState::Connecting, .. } = event {
                server.accept(now, id).ok()?;
                conn = Some(id);
            }
        }
    }
    let conn = conn.filter(|id| server.state(*id) == ConnectionState::Connected)?;
    // `#<id> from …`: our id on the wire, which a forger would have to know.
    let description = server.info(conn).ok()?.description;
    let wire_id = description.trim_start_matches('#').split(' ').next()?.parse().ok()?;
    Some((server, conn, wire_id))
}

/// Datagrams from a connected peer and from a stranger, any of them forged.
pub fn endpoint_datagrams(mut data: &[u8]) {
    let mut now = Timestamp::from_micros(1_000_000);
    let Some((mut server, conn, wire_id)) = connected(now) else { panic!("no connection to begin with") };
    let mut number = 2u16;
    let (mut stranger_in, mut stranger_out) = (0, 0);
    let mut buf = Vec::new();
    for _ in 0..STEPS_MAX {
        let Some((choice, bytes)) = step(&mut data) else { break };
        let mut datagram = bytes.to_vec();
        let from = if choice & 1 == 1 { STRANGER } else { CLIENT };
        if choice & 2 == 2 {
            // A data packet with the right address and number around the given content.
            let mut packet = vec![0x80];
            packet.extend(wire_id.to_le_bytes());
            packet.extend(number.to_le_bytes());
            packet.extend(&datagram);
            datagram = packet;
            number = number.wrapping_add(1);
        }
        if from == STRANGER {
            stranger_in += datagram.len();
        }
        let stride = if choice & 4 == 4 { 40 } else { datagram.len().max(1) };
        server.handle_datagrams(now, SocketId(0), from, &mut datagram, stride);
        now = now.plus_micros(1 << (choice >> 3));
        server.handle_timeout(now);
        while let Some(t) = server.poll_transmit(now, &mut buf, 16) {
            assert_eq!(t.len, buf.len());
            if t.to == STRANGER {
                stranger_out += t.len;
            }
        }
        assert!(stranger_out <= stranger_in, "{stranger_out} bytes to somebody who sent {stranger_in}");
        while server.poll_event().is_some() {}
        let mut messages = Vec::new();
        let _ = server.receive(conn, &mut messages, 100);
    }
    assert!(server.connection_count() <= 2);
}
