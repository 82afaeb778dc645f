//! Properties of the encoders and decoders: what is written reads back, and any bytes are answered.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

#[allow(unreachable_pub, dead_code, reason = "it is a public module of the fuzz package as well")]
#[path = "../../../fuzz/src/wire.rs"]
mod checks;

use gamesockets_wire::datagram::{self, Control, DataHeader, DatagramError, Lead};
use gamesockets_wire::msg::{self, Message};
use gamesockets_wire::snp::stream::{self, HeaderError, MessageHeader, MessageHeaderReader};
use gamesockets_wire::snp::{
    self, AckBlock, FirstOrGap, FirstOrNext, Frame, FrameReader, NumberField, PositionField, SizeField,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

fn bytes(max: usize) -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..=max)
}

fn legacy_binary() -> impl Strategy<Value = msg::IdentityLegacyBinary> {
    (option::of(bytes(20)), option::of(".{0,8}"), option::of(bytes(20)), any::<Option<u64>>()).prop_map(
        |(generic_bytes, generic_string, ipv6_and_port, steam_id)| msg::IdentityLegacyBinary {
            generic_bytes,
            generic_string,
            ipv6_and_port,
            steam_id,
        },
    )
}

fn signed_cert() -> impl Strategy<Value = msg::CertificateSigned> {
    (option::of(bytes(40)), option::of(bytes(80)), any::<Option<u64>>(), option::of(bytes(64))).prop_map(
        |(private_key_data, cert, ca_key_id, ca_signature)| msg::CertificateSigned {
            private_key_data,
            cert,
            ca_key_id,
            ca_signature,
        },
    )
}

fn signed_info() -> impl Strategy<Value = msg::SessionCryptInfoSigned> {
    (option::of(bytes(60)), option::of(bytes(64)))
        .prop_map(|(info, signature)| msg::SessionCryptInfoSigned { info, signature })
}

fn certificate() -> impl Strategy<Value = msg::Certificate> {
    let key = (any::<Option<i32>>(), option::of(bytes(32)), any::<Option<u64>>());
    let scope =
        (vec(any::<u32>(), 0..4), any::<Option<u32>>(), any::<Option<u32>>(), vec(any::<u32>(), 0..4));
    let names = (option::of(legacy_binary()), option::of(".{0,8}"), vec(".{0,8}", 0..3));
    (key, scope, names).prop_map(|(key, scope, names)| msg::Certificate {
        key_type: key.0,
        key_data: key.1,
        legacy_steam_id: key.2,
        gameserver_datacenter_ids: scope.0,
        time_created: scope.1,
        time_expiry: scope.2,
        app_ids: scope.3,
        legacy_identity_binary: names.0,
        identity_string: names.1,
        ip_addresses: names.2,
    })
}

fn session_info() -> impl Strategy<Value = msg::SessionCryptInfo> {
    let key = (any::<Option<i32>>(), option::of(bytes(32)), any::<Option<u64>>());
    let numbers = (any::<Option<u32>>(), any::<Option<u32>>());
    (key, numbers, vec(any::<i32>(), 0..4)).prop_map(|(key, (protocol_version, keeps_ahead_kib), ciphers)| {
        msg::SessionCryptInfo {
            key_type: key.0,
            key_data: key.1,
            nonce: key.2,
            protocol_version,
            ciphers,
            keeps_ahead_kib,
        }
    })
}

fn connect_request() -> impl Strategy<Value = msg::ConnectRequest> {
    let numbers = (any::<Option<u32>>(), any::<Option<u64>>(), any::<Option<u64>>(), any::<Option<u64>>());
    let more = (any::<Option<u32>>(), any::<Option<u32>>());
    let parts = (option::of(signed_cert()), option::of(signed_info()), option::of(legacy_binary()));
    (numbers, more, parts, option::of(".{0,8}")).prop_map(|(numbers, more, parts, identity_string)| {
        msg::ConnectRequest {
            client_connection_id: numbers.0,
            challenge: numbers.1,
            legacy_client_steam_id: numbers.2,
            cert: parts.0,
            my_timestamp: numbers.3,
            ping_est_ms: more.0,
            crypt: parts.1,
            legacy_protocol_version: more.1,
            legacy_identity_binary: parts.2,
            identity_string,
        }
    })
}

fn connect_ok() -> impl Strategy<Value = msg::ConnectOk> {
    let numbers = (any::<Option<u32>>(), any::<Option<u64>>(), any::<Option<u64>>());
    let more = (any::<Option<u32>>(), any::<Option<u32>>());
    let parts = (option::of(signed_info()), option::of(signed_cert()), option::of(legacy_binary()));
    (numbers, more, parts, option::of(".{0,8}")).prop_map(|(numbers, more, parts, identity_string)| {
        msg::ConnectOk {
            client_connection_id: numbers.0,
            legacy_server_steam_id: numbers.1,
            your_timestamp: numbers.2,
            delay_time_usec: more.0,
            server_connection_id: more.1,
            crypt: parts.0,
            cert: parts.1,
            legacy_identity_binary: parts.2,
            identity_string,
        }
    })
}

fn control() -> impl Strategy<Value = Control> {
    let request = (1u32.., any::<Option<u64>>(), any::<Option<u32>>()).prop_map(|(id, time, version)| {
        Control::ChallengeRequest(msg::ChallengeRequest {
            connection_id: Some(id),
            my_timestamp: time,
            protocol_version: version,
        })
    });
    let reply = (any::<Option<u32>>(), any::<Option<u64>>(), any::<Option<u64>>(), any::<Option<u32>>())
        .prop_map(|(connection_id, challenge, your_timestamp, protocol_version)| {
            Control::ChallengeReply(msg::ChallengeReply {
                connection_id,
                challenge,
                your_timestamp,
                protocol_version,
            })
        });
    let closed = (option::of(".{0,30}"), any::<u32>(), any::<Option<u32>>(), any::<Option<u32>>()).prop_map(
        |(debug, reason, to_connection_id, from_connection_id)| {
            Control::ConnectionClosed(msg::ConnectionClosed {
                debug,
                reason_code: Some(reason),
                to_connection_id,
                from_connection_id,
            })
        },
    );
    let none =
        (any::<Option<u32>>(), any::<Option<u32>>()).prop_map(|(from_connection_id, to_connection_id)| {
            Control::NoConnection(msg::NoConnection { from_connection_id, to_connection_id })
        });
    prop_oneof![
        request,
        reply,
        connect_request().prop_map(Control::ConnectRequest),
        connect_ok().prop_map(Control::ConnectOk),
        closed,
        none
    ]
}

fn signal() -> impl Strategy<Value = msg::P2pRendezvous> {
    let ids = (any::<Option<u32>>(), any::<Option<u32>>(), any::<Option<u32>>(), any::<Option<u32>>());
    let names = (option::of(".{0,8}"), option::of(".{0,8}"), any::<Option<bool>>());
    let request =
        (option::of(signed_info()), option::of(signed_cert()), any::<Option<u32>>(), any::<Option<u32>>())
            .prop_map(|(crypt, cert, to_virtual_port, from_virtual_port)| msg::P2pConnectRequest {
                crypt,
                cert,
                to_virtual_port,
                from_virtual_port,
                from_fakeip: None,
            });
    let ok = (option::of(signed_info()), option::of(signed_cert()))
        .prop_map(|(crypt, cert)| msg::P2pConnectOk { crypt, cert });
    let closed = (option::of(".{0,8}"), any::<Option<u32>>())
        .prop_map(|(debug, reason_code)| msg::P2pConnectionClosed { debug, reason_code });
    let step = (option::of(".{0,8}"), option::of(".{0,8}")).prop_map(|(candidate, pwd_frag)| {
        msg::P2pReliableMessage {
            ice: Some(msg::IceRendezvous {
                add_candidate: Some(msg::IceCandidate { candidate }),
                auth: Some(msg::IceAuth { pwd_frag }),
            }),
        }
    });
    let early =
        (option::of(bytes(20)), any::<Option<u64>>(), any::<Option<u32>>(), any::<Option<u32>>()).prop_map(
            |(data, msg_num, flags, lane_idx)| msg::P2pApplicationMessage { data, msg_num, flags, lane_idx },
        );
    let parts = (option::of(request), option::of(ok), option::of(closed), vec(step, 0..3), vec(early, 0..3));
    (ids, names, parts).prop_map(|(ids, names, parts)| msg::P2pRendezvous {
        to_connection_id: ids.0,
        from_connection_id: ids.1,
        ack_reliable_msg: ids.2,
        first_reliable_msg: ids.3,
        from_identity: names.0,
        to_identity: names.1,
        ice_enabled: names.2,
        connect_request: parts.0,
        connect_ok: parts.1,
        connection_closed: parts.2,
        reliable_messages: parts.3,
        application_messages: parts.4,
        ..Default::default()
    })
}

/// A frame to write. Which forms are right depends on the frames before, so the numbers are chosen when
/// the packet is put together.
#[derive(Debug, Clone)]
enum Piece {
    Unreliable { raw: u64, offset: u32, last: bool, data: Vec<u8> },
    Reliable { raw: u64, data: Vec<u8> },
    StopWaiting { offset: u64 },
    Lane(u8),
    Ack { latest: u32, wide: bool, delay: Option<u16>, blocks: Vec<(u32, u32)> },
}

fn small_or_any() -> impl Strategy<Value = u32> {
    prop_oneof![Just(0), 1u32..300, any::<u32>()]
}

fn piece() -> impl Strategy<Value = Piece> {
    let count = || prop_oneof![0u32..8, 8u32..300, 0..=snp::MAX_ACK_BLOCK_COUNT];
    prop_oneof![
        (any::<u64>(), small_or_any(), any::<bool>(), bytes(40))
            .prop_map(|(raw, offset, last, data)| Piece::Unreliable { raw, offset, last, data }),
        (any::<u64>(), bytes(40)).prop_map(|(raw, data)| Piece::Reliable { raw, data }),
        (0u32..64, any::<u64>()).prop_map(|(shift, raw)| Piece::StopWaiting { offset: (raw >> shift) / 2 }),
        any::<u8>().prop_map(Piece::Lane),
        (any::<u32>(), any::<bool>(), any::<Option<u16>>(), vec((count(), count()), 0..12)).prop_map(
            |(latest, wide, delay, blocks)| Piece::Ack {
                latest,
                wide,
                delay: delay.filter(|delay| *delay != u16::MAX),
                blocks,
            }
        ),
    ]
}

/// Writes one piece and checks the length function. Returns the frame to expect, with the blocks of an
/// acknowledgement apart.
fn write<'a>(
    out: &mut Vec<u8>,
    piece: &'a Piece,
    to_end: bool,
    seen: &mut (bool, bool),
) -> (Option<Frame<'a>>, Vec<AckBlock>) {
    let before = out.len();
    let size = |data: &[u8]| if to_end { SizeField::ToEnd } else { SizeField::Explicit(data.len() as u16) };
    let frame = match piece {
        Piece::Unreliable { raw, offset, last, data } => {
            let (number, field) = match (seen.0, raw % 2) {
                (false, _) => (FirstOrNext::First(*raw), NumberField::Low32(*raw as u32)),
                (true, 0) => (FirstOrNext::Next, NumberField::Next),
                (true, _) => (FirstOrNext::Delta(raw >> 1), NumberField::Delta(raw >> 1)),
            };
            seen.0 = true;
            snp::put_unreliable_header(out, number, *offset, *last, size(data));
            assert_eq!(out.len() - before, snp::unreliable_header_len(number, *offset, size(data)));
            out.extend_from_slice(data);
            Frame::Unreliable(snp::UnreliableFrame { number: field, offset: *offset, last: *last, data })
        }
        Piece::Reliable { raw, data } => {
            let gap = (*raw as u32) >> (raw >> 59);
            let (position, field) = match (seen.1, gap) {
                (false, _) => (FirstOrGap::First(*raw), PositionField::Low48(raw & 0xffff_ffff_ffff)),
                (true, 0) => (FirstOrGap::Gap(0), PositionField::Follows),
                (true, gap) => (FirstOrGap::Gap(gap), PositionField::Gap(gap)),
            };
            seen.1 = true;
            snp::put_reliable_header(out, position, size(data));
            assert_eq!(out.len() - before, snp::reliable_header_len(position, size(data)));
            out.extend_from_slice(data);
            Frame::Reliable(snp::ReliableFrame { position: field, data })
        }
        Piece::StopWaiting { offset } => {
            let value = u64::MAX - 1 - offset;
            snp::put_stop_waiting(out, u64::MAX, value);
            assert_eq!(out.len() - before, snp::stop_waiting_len(u64::MAX, value));
            Frame::StopWaiting { offset: *offset }
        }
        Piece::Lane(lane) => {
            *seen = (false, false);
            snp::put_select_lane(out, *lane);
            assert_eq!(out.len() - before, snp::select_lane_len(*lane));
            Frame::SelectLane((*lane).into())
        }
        Piece::Ack { latest, wide, delay, blocks } => {
            let delay = delay.map(|units| u64::from(units) * 32 + 31);
            let count = blocks.len() as u8;
            if *wide {
                snp::put_ack_header_wide(out, (*latest).into(), delay, count);
            } else {
                snp::put_ack_header(out, (*latest).into(), delay, count);
                assert_eq!(out.len() - before, snp::ack_header_len(count));
            }
            for &(acked, missing) in blocks {
                let before = out.len();
                snp::put_ack_block(out, acked, missing);
                assert_eq!(out.len() - before, snp::ack_block_len(acked, missing));
            }
            return (None, blocks.iter().map(|&(acked, missing)| AckBlock { acked, missing }).collect());
        }
    };
    (Some(frame), Vec::new())
}

/// Bytes that begin the way something the decoders know does.
fn plausible() -> impl Strategy<Value = Vec<u8>> {
    (select(vec![0x20u8, 0x21, 0x22, 0x23, 0x24, 0x25, 0x80, 0x81, 0x83, 0x88, 0x98, 0x9f, 0x0a]), bytes(700))
        .prop_map(|(first, rest)| [vec![first], rest].concat())
}

fn run_all(data: &[u8]) {
    for (_, check) in checks::TARGETS {
        check(data);
    }
}

proptest! {
    #[test]
    fn any_bytes_are_answered(data in prop_oneof![bytes(80), bytes(1600), plausible()]) {
        run_all(&data);
    }

    #[test]
    fn padded_bytes_are_answered(lead in select(vec![32u8, 36]), len in 0u16..600, body in bytes(40)) {
        let mut data = vec![lead];
        data.extend(len.to_le_bytes());
        data.extend(body);
        data.resize(512, 0);
        checks::datagram_control(&data);
    }

    #[test]
    fn any_message_with_flipped_bytes_is_answered(
        message in control(), flips in vec((any::<usize>(), any::<u8>()), 0..6), cut: usize,
    ) {
        let mut out = Vec::new();
        message.encode(&mut out);
        for (at, with) in flips {
            let at = at % out.len();
            out[at] ^= with;
        }
        run_all(&out);
        run_all(&out[..cut % out.len()]);
    }

    #[test]
    fn control_messages_round_trip(message in control()) {
        let mut out = Vec::new();
        message.encode(&mut out);
        prop_assert_eq!(message.kind().is_padded(), out.len() == datagram::PADDED_LEN);
        prop_assert_eq!(Control::decode(&out), Ok(message));
    }

    #[test]
    fn blobs_round_trip(cert in certificate(), info in session_info(), signal in signal()) {
        prop_assert_eq!(msg::decode(&cert.encode_to_vec()), Ok(cert));
        prop_assert_eq!(msg::decode(&info.encode_to_vec()), Ok(info));
        let bytes = signal.encode_to_vec();
        checks::p2p_rendezvous(&bytes);
        prop_assert_eq!(msg::decode(&bytes), Ok(signal));
    }

    #[test]
    fn data_headers_round_trip(
        connection_id: u32, wire_number: u16, stats in option::of(bytes(200)), time: Option<u16>, chunk in bytes(60),
    ) {
        let mut out = Vec::new();
        datagram::put_data_header(&mut out, connection_id, wire_number, stats.as_deref(), time);
        let len = out.len();
        prop_assert_eq!(len, datagram::data_header_len(stats.as_ref().map(Vec::len), time.is_some()));
        out.extend(chunk);
        let header = DataHeader::decode(&out);
        prop_assert_eq!(
            header,
            Ok(DataHeader { connection_id, wire_number, stats: stats.as_deref(), time_since_prev: time, len })
        );
        for cut in 0..len {
            prop_assert!(DataHeader::decode(&out[..cut]).is_err());
        }
    }

    #[test]
    fn packets_round_trip(pieces in vec(piece(), 0..12), to_end: bool) {
        let mut out = Vec::new();
        let mut seen = (false, false);
        let mut expected = Vec::new();
        for (index, piece) in pieces.iter().enumerate() {
            expected.push(write(&mut out, piece, to_end && index + 1 == pieces.len(), &mut seen));
        }
        let mut reader = FrameReader::new(&out);
        for ((frame, blocks), piece) in expected.into_iter().zip(&pieces) {
            let read = reader.next().unwrap().unwrap();
            let Piece::Ack { latest, wide, delay, .. } = piece else {
                prop_assert_eq!(Some(read), frame);
                continue;
            };
            let Frame::Ack(ack) = read else { panic!("{read:?}") };
            let low = if *wide { snp::AckLatest::Low32(*latest) } else { snp::AckLatest::Low16(*latest as u16) };
            prop_assert_eq!((ack.latest, ack.delay), (low, delay.map(|units| u32::from(units) * 32)));
            prop_assert_eq!(usize::from(ack.block_count()), blocks.len());
            let mut rest = ack.blocks;
            for block in blocks {
                prop_assert_eq!(rest.next(), Ok(Some(block)));
            }
            prop_assert_eq!(rest.next(), Ok(None));
        }
        prop_assert_eq!(reader.next(), Ok(None));
        // Cut anywhere, the packet gives frames or a fault, never more than it had.
        for cut in 0..out.len() {
            checks::snp_frames(&out[..cut]);
        }
    }

    #[test]
    fn message_headers_round_trip(delta in 0..=stream::MAX_NUMBER_DELTA, size in 0..=stream::MAX_SIZE, shift in 0u32..32) {
        let (delta, size) = (delta >> (shift % 20), size >> shift);
        let mut out = Vec::new();
        stream::put_message_header(&mut out, delta, size);
        prop_assert_eq!(out.len(), stream::message_header_len(delta, size));
        for cut in 0..out.len() {
            prop_assert_eq!(MessageHeaderReader::decode(&out[..cut]), Ok(None));
        }
        let used = out.len();
        out.push(0xff);
        prop_assert_eq!(MessageHeaderReader::decode(&out), Ok(Some((MessageHeader { delta, size }, used))));
    }
}

#[test]
fn message_headers_that_make_no_sense() {
    let decode = MessageHeaderReader::decode;
    assert_eq!(decode(&[]), Ok(None));
    assert_eq!(decode(&[0x80]), Err(HeaderError::BadLead(0x80)));
    assert_eq!(decode(&[0xff, 0, 0]), Err(HeaderError::BadLead(0xff)));
    // The largest step, and one more.
    assert!(matches!(
        decode(&[0x40, 0xc0, 0x84, 0x3d]),
        Ok(Some((MessageHeader { delta: 1_000_000, .. }, 4)))
    ));
    assert_eq!(decode(&[0x40, 0xc1, 0x84, 0x3d]), Err(HeaderError::NumberJump(1_000_001)));
    // The largest size, and 32 more.
    let largest = [0x3f, 0xff, 0xff, 0xff, 0x3f];
    assert!(matches!(decode(&largest), Ok(Some((MessageHeader { size: stream::MAX_SIZE, .. }, 5)))));
    assert_eq!(decode(&[0x20, 0x80, 0x80, 0x80, 0x40]), Err(HeaderError::TooLarge(1 << 32)));
    // A number without end is not mistaken for one that is still on its way.
    let endless = [&[0x40][..], &[0x80; 20]].concat();
    assert_eq!(decode(&endless), Err(HeaderError::LongVarint));
    assert_eq!(decode(&endless[..10]), Ok(None));
    let endless = [&[0x60, 0x01][..], &[0x80; 20]].concat();
    assert_eq!(decode(&endless), Err(HeaderError::LongVarint));
}

#[test]
fn datagrams_that_make_no_sense() {
    let decode = Control::decode;
    let padded = |head: &[u8], len: usize| {
        let mut datagram = head.to_vec();
        datagram.resize(len, 0);
        datagram
    };
    assert_eq!(decode(&[]), Err(DatagramError::Truncated));
    for lead in [0, 31, 38, 0x7f, 0x80, 0xff] {
        assert_eq!(decode(&[lead; 20]), Err(DatagramError::UnknownLead(lead)));
    }
    assert_eq!(decode(&padded(&[37], 1501)), Err(DatagramError::TooLong));
    for lead in [32, 36] {
        assert_eq!(decode(&padded(&[lead, 2, 0, 0x78, 5], 511)), Err(DatagramError::NotPadded));
        assert_eq!(decode(&padded(&[lead, 0, 0], 512)), Err(DatagramError::BadLength));
        assert_eq!(decode(&padded(&[lead, 0xfe, 1], 512)), Err(DatagramError::BadLength));
        // The length may reach the end, but zeros are not protobuf.
        let kind = Lead::from_byte(lead).unwrap();
        assert_eq!(decode(&padded(&[lead, 0xfd, 1], 512)), Err(DatagramError::Malformed(kind)));
        assert!(decode(&padded(&[lead, 2, 0, 0x78, 5], 512)).is_ok());
        assert!(decode(&padded(&[lead, 2, 0, 0x78, 5], 1500)).is_ok());
    }
    // Filler after a message that is not padded is read as part of it.
    assert_eq!(decode(&padded(&[34, 0x30, 20], 512)), Err(DatagramError::Malformed(Lead::ConnectRequest)));
    assert_eq!(decode(&[33]), Ok(Control::ChallengeReply(msg::ChallengeReply::default())));
}

#[test]
fn unknown_fields_and_any_order_are_fine() {
    let datagram = [37, 0x1d, 1, 0, 0, 0, 0xf8, 0x07, 5, 0x15, 2, 0, 0, 0];
    let expected = msg::NoConnection { from_connection_id: Some(2), to_connection_id: Some(1) };
    assert_eq!(Control::decode(&datagram), Ok(Control::NoConnection(expected)));
}

#[test]
fn close_text_may_be_in_any_encoding_and_is_cut_when_sent() {
    let mut datagram = vec![36, 8, 0, 0x12, 3, b'a', 0xff, b'b', 0x18, 0xe8, 0x07];
    datagram.resize(512, 0);
    let Ok(Control::ConnectionClosed(closed)) = Control::decode(&datagram) else { panic!() };
    assert_eq!((closed.debug.as_deref(), closed.reason_code), (Some("a\u{fffd}b"), Some(1000)));

    let long = msg::ConnectionClosed { debug: Some("ö".repeat(40_000)), ..Default::default() };
    let mut out = Vec::new();
    Control::ConnectionClosed(long).encode(&mut out);
    assert_eq!(out.len(), 512);
    let Ok(Control::ConnectionClosed(closed)) = Control::decode(&out) else { panic!() };
    assert_eq!(closed.debug, Some("ö".repeat(63)));
}

#[test]
fn data_headers_that_make_no_sense() {
    let head = |flags: u8, rest: &[u8]| [&[0x80 | flags, 1, 2, 3, 4, 5, 6][..], rest].concat();
    for (datagram, error) in [
        (vec![0x80, 1, 2, 3, 4, 5], DatagramError::Truncated),
        (vec![0x20; 7], DatagramError::UnknownLead(0x20)),
        (head(1, &[]), DatagramError::Truncated),
        (head(1, &[0x80]), DatagramError::Truncated),
        (head(1, &[2, 0]), DatagramError::StatsOverrun),
        (head(1, &[0xff, 0xff, 0xff, 0xff, 0x0f]), DatagramError::StatsOverrun),
        (head(2, &[0]), DatagramError::Truncated),
        (head(3, &[1, 0, 0]), DatagramError::Truncated),
    ] {
        assert_eq!(DataHeader::decode(&datagram), Err(error), "{datagram:02x?}");
    }
    assert_eq!(datagram::decode_stats(&[0x0a]), Err(DatagramError::MalformedStats));
    assert_eq!(datagram::decode_stats(&[0; 1501]), Err(DatagramError::TooLong));
    // Empty statistics and unknown flags are fine.
    let empty = head(1, &[0]);
    assert_eq!(DataHeader::decode(&empty).map(|h| (h.stats, h.len)), Ok((Some(&[][..]), 8)));
    let unknown = head(0x7c, &[9]);
    let header = DataHeader::decode(&unknown);
    assert_eq!(header.map(|h| (h.stats, h.time_since_prev, h.len)), Ok((None, None, 7)));
    for short in [&[][..], &[0x80], &[0x80, 1, 2, 3], &[0x7f, 1, 2, 3, 4]] {
        assert_eq!(datagram::peek_connection_id(short), None);
    }
    assert_eq!(datagram::peek_connection_id(&[0x80, 1, 2, 3, 4]), Some(0x0403_0201));
}

#[test]
fn blobs_are_bounded() {
    let blob =
        |len| [&[0x0a, (len as u8 & 0x7f) | 0x80, (len >> 7) as u8 | 0x80, 0][..], &vec![1; len]].concat();
    assert!(msg::decode::<msg::CertificateRequest>(&blob(msg::MAX_BLOB_LEN - 4)).is_ok());
    assert_eq!(
        msg::decode::<msg::CertificateRequest>(&blob(msg::MAX_BLOB_LEN - 3)),
        Err(msg::BlobError::TooLong)
    );
    assert_eq!(msg::decode::<msg::CertificateRequest>(&[0x0a, 5]), Err(msg::BlobError::Malformed));
}

#[test]
fn counts_beyond_the_largest_are_cut() {
    let mut out = Vec::new();
    snp::put_ack_header(&mut out, 9, Some(3_000_000), 1);
    snp::put_ack_block(&mut out, u32::MAX, 3);
    let Ok(Some(Frame::Ack(mut ack))) = FrameReader::new(&out).next() else { panic!() };
    assert_eq!(ack.delay, None);
    assert_eq!(ack.blocks.next(), Ok(Some(AckBlock { acked: snp::MAX_ACK_BLOCK_COUNT, missing: 3 })));
}
