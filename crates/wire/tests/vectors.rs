//! Every golden vector of protocol.md §9 and of the tables in §3 that this crate can read or write.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod support;

use std::collections::BTreeMap;

use gamesockets_wire::datagram::{self, Control, DataHeader};
use gamesockets_wire::identity::Identity;
use gamesockets_wire::msg::{self, Message};
use gamesockets_wire::snp::stream::{self, HeaderError, MessageHeader, MessageHeaderReader};
use gamesockets_wire::snp::{
    self, AckLatest, FirstOrGap, FirstOrNext, Frame, FrameError, FrameReader, NumberField, PositionField,
    SizeField,
};
use gamesockets_wire::{PopId, base64, messages_header};
use serde::Deserialize;
use serde_json::{Value, json};
use support::{cases, hex, unhex};

#[derive(Deserialize)]
struct IdentityCase {
    text: String,
    legacy: Option<String>,
    steam_id: Option<u64>,
}

#[test]
fn identities() {
    for IdentityCase { text, legacy, steam_id } in cases("identities") {
        let identity: Identity = text.parse().unwrap();
        assert_eq!(identity.to_string(), text);
        assert_eq!(identity.to_legacy_steam_id(), steam_id, "{text}");
        let binary = identity.to_legacy_binary();
        assert_eq!(binary.as_ref().map(|msg| hex(&msg.encode_to_vec())), legacy, "{text}");
        if let Some(legacy) = legacy {
            let msg = msg::decode(&unhex(&legacy)).unwrap();
            assert_eq!(Identity::from_legacy_binary(&msg), Ok(identity));
        }
    }
}

#[derive(Deserialize)]
struct PlaceCase {
    text: String,
    number: u32,
}

#[test]
fn places() {
    for PlaceCase { text, number } in cases("places") {
        assert_eq!(text.parse(), Ok(PopId(number)));
        assert_eq!(PopId(number).to_string(), text);
    }
}

#[derive(Deserialize)]
struct FragmentCase {
    bits: u32,
    text: String,
}

#[test]
fn fragments() {
    for FragmentCase { bits, text } in cases("fragments") {
        assert_eq!(&base64::fragment30(bits)[..], text.as_bytes());
    }
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum CryptCase {
    Certificate { hex: String, key: String, identity: String, legacy: String, app_ids: Vec<u32> },
    Session { hex: String, key: String, nonce: u64, version: u32, ciphers: Vec<i32> },
}

#[test]
fn certificates_and_key_exchange_halves() {
    for case in cases("crypt") {
        match case {
            CryptCase::Certificate { hex, key, identity, legacy, app_ids } => {
                let cert = msg::Certificate {
                    key_type: Some(msg::KEY_TYPE_ED25519),
                    key_data: Some(unhex(&key)),
                    app_ids,
                    legacy_identity_binary: Some(msg::decode(&unhex(&legacy)).unwrap()),
                    identity_string: Some(identity),
                    ..Default::default()
                };
                assert_eq!(msg::decode(&unhex(&hex)), Ok(cert.clone()));
                assert_eq!(support::hex(&cert.encode_to_vec()), hex);
            }
            CryptCase::Session { hex, key, nonce, version, ciphers } => {
                let info = msg::SessionCryptInfo {
                    key_type: Some(msg::KEY_EXCHANGE_CURVE25519),
                    key_data: Some(unhex(&key)),
                    nonce: Some(nonce),
                    protocol_version: Some(version),
                    ciphers,
                    keeps_ahead_kib: None,
                };
                assert_eq!(msg::decode(&unhex(&hex)), Ok(info.clone()));
                assert_eq!(support::hex(&info.encode_to_vec()), hex);
            }
        }
    }
}

#[derive(Deserialize)]
struct ControlCase {
    kind: String,
    hex: String,
    pad: usize,
    len: usize,
    fields: ControlFields,
}

#[derive(Deserialize)]
struct ControlFields {
    connection_id: Option<u32>,
    client_connection_id: Option<u32>,
    server_connection_id: Option<u32>,
    to_connection_id: Option<u32>,
    from_connection_id: Option<u32>,
    my_timestamp: Option<u64>,
    your_timestamp: Option<u64>,
    challenge: Option<u64>,
    protocol_version: Option<u32>,
    ping_est_ms: Option<u32>,
    delay_time_usec: Option<u32>,
    cert: Option<String>,
    info: Option<String>,
    signature: Option<String>,
    debug: Option<String>,
    reason_code: Option<u32>,
}

fn signed_cert(cert: Option<&String>) -> Option<msg::CertificateSigned> {
    let cert = Some(unhex(cert?));
    Some(msg::CertificateSigned { cert, ..Default::default() })
}

fn signed_info(info: Option<&String>, signature: Option<&String>) -> Option<msg::SessionCryptInfoSigned> {
    Some(msg::SessionCryptInfoSigned { info: Some(unhex(info?)), signature: signature.map(|s| unhex(s)) })
}

fn control(kind: &str, fields: ControlFields) -> Control {
    let cert = signed_cert(fields.cert.as_ref());
    let crypt = signed_info(fields.info.as_ref(), fields.signature.as_ref());
    match kind {
        "challenge_request" => Control::ChallengeRequest(msg::ChallengeRequest {
            connection_id: fields.connection_id,
            my_timestamp: fields.my_timestamp,
            protocol_version: fields.protocol_version,
        }),
        "challenge_reply" => Control::ChallengeReply(msg::ChallengeReply {
            connection_id: fields.connection_id,
            challenge: fields.challenge,
            your_timestamp: fields.your_timestamp,
            protocol_version: fields.protocol_version,
        }),
        "connect_request" => Control::ConnectRequest(msg::ConnectRequest {
            client_connection_id: fields.client_connection_id,
            challenge: fields.challenge,
            cert,
            my_timestamp: fields.my_timestamp,
            ping_est_ms: fields.ping_est_ms,
            crypt,
            ..Default::default()
        }),
        "connect_ok" => Control::ConnectOk(msg::ConnectOk {
            client_connection_id: fields.client_connection_id,
            your_timestamp: fields.your_timestamp,
            delay_time_usec: fields.delay_time_usec,
            server_connection_id: fields.server_connection_id,
            crypt,
            cert,
            ..Default::default()
        }),
        "connection_closed" => Control::ConnectionClosed(msg::ConnectionClosed {
            debug: fields.debug,
            reason_code: fields.reason_code,
            to_connection_id: fields.to_connection_id,
            from_connection_id: fields.from_connection_id,
        }),
        "no_connection" => Control::NoConnection(msg::NoConnection {
            from_connection_id: fields.from_connection_id,
            to_connection_id: fields.to_connection_id,
        }),
        kind => panic!("no such kind: {kind}"),
    }
}

#[test]
fn control_datagrams() {
    for ControlCase { kind, hex, pad, len, fields } in cases("control") {
        let mut datagram = unhex(&hex);
        datagram.resize(datagram.len().max(pad), 0);
        assert_eq!(datagram.len(), len);
        let message = control(&kind, fields);
        assert_eq!(message.kind().name(), kind);
        assert_eq!(Control::decode(&datagram).as_ref(), Ok(&message));
        let mut out = Vec::new();
        message.encode(&mut out);
        assert_eq!(support::hex(&out), support::hex(&datagram), "{kind}");
    }
}

#[derive(Deserialize)]
struct DataHeaderCase {
    hex: String,
    connection_id: u32,
    number: u16,
    stats: Option<String>,
    time: Option<u16>,
    chunk: String,
}

#[test]
fn data_headers() {
    for case in cases::<DataHeaderCase>("data_headers") {
        let datagram = unhex(&case.hex);
        let header = DataHeader::decode(&datagram).unwrap();
        assert!(datagram::is_data(datagram[0]));
        assert_eq!(datagram::peek_connection_id(&datagram), Some(case.connection_id));
        assert_eq!((header.connection_id, header.wire_number), (case.connection_id, case.number));
        assert_eq!((header.stats.map(hex), header.time_since_prev), (case.stats, case.time));
        assert_eq!(hex(&datagram[header.len..]), case.chunk);
        let mut out = Vec::new();
        datagram::put_data_header(
            &mut out,
            header.connection_id,
            header.wire_number,
            header.stats,
            header.time_since_prev,
        );
        assert_eq!(out, datagram[..header.len]);
    }
}

#[derive(Deserialize)]
struct FrameCase {
    r#where: String,
    hex: String,
    packet: Option<u64>,
    encode: bool,
    frames: Vec<Value>,
}

/// The frame as the vectors spell it, without what only its writer knows.
fn describe(frame: &Frame<'_>) -> Value {
    match *frame {
        Frame::Unreliable(segment) => {
            let (form, value) = match segment.number {
                NumberField::Low16(low) => ("low16", low.into()),
                NumberField::Low32(low) => ("low32", low.into()),
                NumberField::Next => ("next", 0),
                NumberField::Delta(delta) => ("delta", delta),
            };
            let (offset, last, data) = (segment.offset, segment.last, hex(segment.data));
            json!({"type": "unreliable", "form": form, "value": value, "offset": offset, "last": last, "data": data})
        }
        Frame::Reliable(segment) => {
            let (form, value) = match segment.position {
                PositionField::Low24(low) => ("low24", low.into()),
                PositionField::Low32(low) => ("low32", low.into()),
                PositionField::Low48(low) => ("low48", low),
                PositionField::Follows => ("follows", 0),
                PositionField::Gap(gap) => ("gap", gap.into()),
            };
            json!({"type": "reliable", "form": form, "value": value, "data": hex(segment.data)})
        }
        Frame::StopWaiting { offset } => json!({"type": "stop_waiting", "offset": offset}),
        Frame::SelectLane(lane) => json!({"type": "lane", "lane": lane}),
        Frame::Ack(ack) => {
            let (latest, wide) = match ack.latest {
                AckLatest::Low16(low) => (u32::from(low), false),
                AckLatest::Low32(low) => (low, true),
            };
            let mut blocks = Vec::new();
            let mut reader = ack.blocks;
            while let Some(block) = reader.next().unwrap() {
                blocks.push(json!([block.acked, block.missing]));
            }
            assert_eq!(blocks.len(), usize::from(ack.block_count()));
            json!({"type": "ack", "latest": latest, "wide": wide, "delay_us": ack.delay, "blocks": blocks})
        }
    }
}

/// Writes a frame from its description.
fn put(out: &mut Vec<u8>, frame: &Value, packet: Option<u64>) {
    let number = |key: &str| frame[key].as_u64().unwrap();
    let data = frame["data"].as_str().map(unhex).unwrap_or_default();
    let size = match frame["end"].as_bool() {
        Some(false) => SizeField::Explicit(data.len().try_into().unwrap()),
        _ => SizeField::ToEnd,
    };
    let form = frame["form"].as_str().unwrap_or_default();
    match frame["type"].as_str().unwrap() {
        "unreliable" => {
            let value = number("value");
            let first = match form {
                "low32" => FirstOrNext::First(value),
                "next" => FirstOrNext::Next,
                "delta" => FirstOrNext::Delta(value),
                form => panic!("senders do not write {form}"),
            };
            let offset = number("offset").try_into().unwrap();
            snp::put_unreliable_header(out, first, offset, frame["last"].as_bool().unwrap(), size);
        }
        "reliable" => {
            let value = number("value");
            let first = match form {
                "low48" => FirstOrGap::First(value),
                "follows" => FirstOrGap::Follows,
                "gap" => FirstOrGap::Gap(value.try_into().unwrap()),
                form => panic!("senders do not write {form}"),
            };
            snp::put_reliable_header(out, first, size);
        }
        "stop_waiting" => {
            let packet = packet.unwrap();
            snp::put_stop_waiting(out, packet, packet - 1 - number("offset"));
        }
        "lane" => snp::put_select_lane(out, number("lane").try_into().unwrap()),
        "ack" => {
            let blocks = frame["blocks"].as_array().unwrap();
            let count = blocks.len().try_into().unwrap();
            let delay = frame["delay_us"].as_u64();
            match frame["wide"].as_bool().unwrap() {
                false => snp::put_ack_header(out, number("latest"), delay, count),
                true => snp::put_ack_header_wide(out, number("latest"), delay, count),
            }
            for block in blocks {
                let part = |at: usize| block[at].as_u64().unwrap().try_into().unwrap();
                snp::put_ack_block(out, part(0), part(1));
            }
        }
        kind => panic!("no such frame: {kind}"),
    }
    out.extend_from_slice(&data);
}

#[test]
fn frames() {
    for FrameCase { r#where, hex, packet, encode, frames } in cases("frames") {
        let plain = unhex(&hex);
        let mut reader = FrameReader::new(&plain);
        for expected in &frames {
            let frame = reader.next().unwrap_or_else(|e| panic!("{where}: {hex}: {e}"));
            let mut expected = expected.clone();
            expected.as_object_mut().unwrap().remove("end");
            assert_eq!(frame.as_ref().map(describe), Some(expected), "{where}: {hex}");
        }
        assert_eq!(reader.next(), Ok(None), "{where}: {hex}");
        if encode {
            let mut out = Vec::new();
            frames.iter().for_each(|frame| put(&mut out, frame, packet));
            assert_eq!(support::hex(&out), support::hex(&plain), "{where}");
        }
    }
}

/// A message as a fresh connection delivers it.
#[derive(Debug, PartialEq, Eq, Deserialize)]
struct Delivered {
    lane: u32,
    number: u64,
    text: String,
    reliable: bool,
}

#[derive(Default)]
struct Lane {
    highest: u64,
    last_reliable: u64,
    stream: Vec<u8>,
}

/// What a connection that has received nothing yet, and sent packet 1, makes of a packet.
fn receive(plain: &[u8], packet: u64) -> Result<Vec<Delivered>, String> {
    let fault = |error: FrameError| error.name().to_owned();
    let mut lanes: BTreeMap<u32, Lane> = BTreeMap::new();
    let (mut lane, mut running, mut end) = (0, None, None);
    let mut delivered = Vec::new();
    let mut reader = FrameReader::new(plain);
    while let Some(frame) = reader.next().map_err(fault)? {
        match frame {
            Frame::StopWaiting { offset } => {
                snp::stop_waiting_value(packet, offset)
                    .ok_or_else(|| fault(FrameError::StopWaitingOutOfRange { packet, offset }))?;
            }
            Frame::SelectLane(selected) => (lane, running, end) = (selected, None, None),
            Frame::Ack(ack) => {
                let latest = snp::expand_ack_latest(2, ack.latest);
                let mut below = latest.ok_or_else(|| fault(FrameError::AckLatestOutOfRange))? + 1;
                let mut blocks = ack.blocks;
                while let Some(block) = blocks.next().map_err(fault)? {
                    below = below
                        .checked_sub(block.acked.into())
                        .ok_or_else(|| fault(FrameError::AckRangeUnderflow))?;
                    below = below
                        .checked_sub(block.missing.into())
                        .ok_or_else(|| fault(FrameError::MissingRangeUnderflow))?;
                }
            }
            Frame::Unreliable(segment) => {
                let state = lanes.entry(lane).or_default();
                let number = snp::expand_number(running.unwrap_or(state.highest), segment.number)
                    .ok_or_else(|| fault(FrameError::NumberOutOfRange))?;
                running = Some(number);
                state.highest = state.highest.max(number);
                let text = String::from_utf8_lossy(segment.data).into_owned();
                delivered.push(Delivered { lane, number, text, reliable: false });
            }
            Frame::Reliable(segment) => {
                let state = lanes.entry(lane).or_default();
                let expected = state.stream.len() as u64 + 1;
                let position = snp::expand_position(end.unwrap_or(expected), segment.position)
                    .ok_or_else(|| fault(FrameError::PositionOutOfRange))?;
                end = Some(position + segment.data.len() as u64);
                running = running.map(|number| number + 1);
                if position != expected {
                    continue;
                }
                state.stream.extend_from_slice(segment.data);
                let header = MessageHeaderReader::decode(segment.data);
                let header = header.map_err(|error: HeaderError| error.name().to_owned())?;
                if let Some((MessageHeader { delta, size }, used)) = header {
                    let number = state.last_reliable + delta;
                    state.last_reliable = number;
                    state.highest = state.highest.max(number);
                    let body = &segment.data[used..][..usize::try_from(size).unwrap()];
                    let text = String::from_utf8_lossy(body).into_owned();
                    delivered.push(Delivered { lane, number, text, reliable: true });
                }
            }
        }
    }
    Ok(delivered)
}

#[derive(Deserialize)]
struct PacketCase {
    hex: String,
    packet: u64,
    messages: Vec<Delivered>,
}

#[test]
fn packets() {
    for PacketCase { hex, packet, messages } in cases("packets") {
        assert_eq!(receive(&unhex(&hex), packet), Ok(messages), "{hex}");
    }
}

#[derive(Deserialize)]
struct RejectedCase {
    hex: String,
    packet: u64,
    error: String,
}

#[test]
fn rejected_packets() {
    for RejectedCase { hex, packet, error } in cases("rejected") {
        assert_eq!(receive(&unhex(&hex), packet), Err(error), "{hex}");
    }
}

#[derive(Deserialize)]
struct MessageHeaderCase {
    hex: String,
    delta: u64,
    size: u64,
    used: usize,
}

#[test]
fn message_headers() {
    for MessageHeaderCase { hex, delta, size, used } in cases("message_headers") {
        let bytes = unhex(&hex);
        let header = MessageHeader { delta, size };
        assert_eq!(MessageHeaderReader::decode(&bytes), Ok(Some((header, used))), "{hex}");
        for short in 0..used {
            assert_eq!(MessageHeaderReader::decode(&bytes[..short]), Ok(None), "{hex}");
        }
        let mut out = Vec::new();
        stream::put_message_header(&mut out, delta, size);
        assert_eq!(out, bytes[..used]);
    }
}

#[derive(Deserialize)]
struct StatsCase {
    hex: String,
    flags: Option<u32>,
    effective: u32,
    instantaneous: Option<BTreeMap<String, u32>>,
}

#[test]
fn stats() {
    for StatsCase { hex, flags, effective, instantaneous } in cases("stats") {
        let blob = unhex(&hex);
        let decoded = datagram::decode_stats(&blob).unwrap();
        let instantaneous = instantaneous.map(|fields| {
            let field = |name: &str| fields.get(name).copied();
            msg::LinkInstantaneousStats {
                out_packets_per_sec_x10: field("out_packets_per_sec_x10"),
                out_bytes_per_sec: field("out_bytes_per_sec"),
                in_packets_per_sec_x10: field("in_packets_per_sec_x10"),
                in_bytes_per_sec: field("in_bytes_per_sec"),
                ping_ms: field("ping_ms"),
                packets_dropped_pct: field("packets_dropped_pct"),
                packets_weird_sequence_pct: field("packets_weird_sequence_pct"),
                peak_jitter_usec: field("peak_jitter_usec"),
            }
        });
        let stats = instantaneous.map(|instantaneous| msg::ConnectionQuality {
            instantaneous: Some(instantaneous),
            lifetime: None,
        });
        let mut expected = msg::UdpStats { stats, flags };
        assert_eq!(decoded, expected, "{hex}");
        assert_eq!(decoded.effective_flags(), effective, "{hex}");
        assert_eq!(decoded.encode_to_vec(), blob);
        expected.flags = None;
        expected.set_effective_flags(effective);
        assert_eq!(expected, decoded, "the short way of writing {effective}");
    }
}

#[derive(Deserialize)]
struct RendezvousCase {
    name: String,
    hex: String,
    len: usize,
    fields: RendezvousFields,
}

#[derive(Deserialize)]
struct RendezvousFields {
    to_connection_id: Option<u32>,
    from_connection_id: Option<u32>,
    ice_enabled: Option<bool>,
    from_identity: Option<String>,
    to_identity: Option<String>,
    ack_reliable_msg: Option<u32>,
    first_reliable_msg: Option<u32>,
    password: Option<String>,
    candidates: Vec<String>,
    virtual_ports: Option<(u32, u32)>,
    cert: Option<String>,
    info: Option<String>,
    signature: Option<String>,
    closed: Option<ClosedFields>,
}

#[derive(Deserialize)]
struct ClosedFields {
    debug: String,
    reason_code: u32,
}

#[test]
fn rendezvous_signals() {
    for RendezvousCase { name, hex, len, fields } in cases("rendezvous") {
        let bytes = unhex(&hex);
        assert_eq!(bytes.len(), len, "{name}");
        let password = fields.password.map(|pwd| msg::IceRendezvous {
            auth: Some(msg::IceAuth { pwd_frag: Some(pwd) }),
            add_candidate: None,
        });
        let candidates = fields.candidates.into_iter().map(|line| msg::IceRendezvous {
            add_candidate: Some(msg::IceCandidate { candidate: Some(line) }),
            auth: None,
        });
        let steps = password.into_iter().chain(candidates);
        let expected = msg::P2pRendezvous {
            to_connection_id: fields.to_connection_id,
            connect_request: fields.virtual_ports.map(|(to, from)| msg::P2pConnectRequest {
                crypt: signed_info(fields.info.as_ref(), fields.signature.as_ref()),
                cert: signed_cert(fields.cert.as_ref()),
                to_virtual_port: Some(to),
                from_virtual_port: Some(from),
                from_fakeip: None,
            }),
            connection_closed: fields.closed.map(|closed| msg::P2pConnectionClosed {
                debug: Some(closed.debug),
                reason_code: Some(closed.reason_code),
            }),
            ice_enabled: fields.ice_enabled,
            from_identity: fields.from_identity,
            from_connection_id: fields.from_connection_id,
            to_identity: fields.to_identity,
            ack_reliable_msg: fields.ack_reliable_msg,
            first_reliable_msg: fields.first_reliable_msg,
            reliable_messages: steps.map(|ice| msg::P2pReliableMessage { ice: Some(ice) }).collect(),
            ..Default::default()
        };
        assert_eq!(msg::decode(&bytes).as_ref(), Ok(&expected), "{name}");
        assert_eq!(support::hex(&expected.encode_to_vec()), support::hex(&bytes), "{name}");
    }
}

#[derive(Deserialize)]
struct MessagesHeaderCase {
    hex: String,
    channel: i32,
}

#[test]
fn messages_headers() {
    for MessagesHeaderCase { hex, channel } in cases("messages_headers") {
        let bytes = unhex(&hex);
        assert_eq!(messages_header::split(&bytes), Ok((channel, &[][..])));
        let mut out = Vec::new();
        messages_header::put_header(&mut out, channel);
        assert_eq!(out, bytes);
    }
}
