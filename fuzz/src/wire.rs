//! Checks of the decoders in `gamesockets-wire`.
//!
//! Every function takes any bytes. It panics if a decoder breaks a promise, and returns quietly otherwise.

use std::net::SocketAddr;

use gamesockets_wire::datagram::{self, Control, DataHeader};
use gamesockets_wire::identity::Identity;
use gamesockets_wire::msg::{self, Message};
use gamesockets_wire::snp::stream::{self, MessageHeader, MessageHeaderReader};
use gamesockets_wire::snp::{
    self, AckFrame, AckLatest, FirstOrGap, FirstOrNext, Frame, FrameReader, NumberField, PositionField,
    ReliableFrame, SizeField, UnreliableFrame,
};
use gamesockets_wire::{PopId, addr, base64, messages_header};

/// A check and the name of its target.
pub type Target = (&'static str, fn(&[u8]));

/// All checks of this module.
pub const TARGETS: &[Target] = &[
    ("ack_frame", ack_frame),
    ("certificate", certificate),
    ("data_header", data_header),
    ("datagram_control", datagram_control),
    ("identity_text", identity_text),
    ("messages_header", messages_header),
    ("p2p_rendezvous", p2p_rendezvous),
    ("snp_frames", snp_frames),
    ("stream_header", stream_header),
];

/// A message datagram that decodes can be encoded and decodes to the same message.
pub fn datagram_control(data: &[u8]) {
    let Ok(mut first) = Control::decode(data) else { return };
    assert!(data.len() <= datagram::MAX_CONTROL_LEN);
    assert_eq!(data.first().copied(), Some(first.kind() as u8));
    if let Control::ConnectionClosed(closed) = &mut first {
        closed.debug = closed.debug.as_deref().map(|text| datagram::clip_debug(text).to_owned());
    }
    let mut out = vec![0xaa; 3];
    first.encode(&mut out);
    let written = &out[3..];
    if first.kind().is_padded() {
        assert!(written.len() >= datagram::PADDED_LEN);
        // A message of unknown fields only is empty when written again, and nobody reads an empty one.
        if written[1..3] == [0, 0] {
            return;
        }
    }
    assert_eq!(Control::decode(written).as_ref(), Ok(&first));
}

/// A data header that decodes lies within the datagram and survives being written again.
pub fn data_header(data: &[u8]) {
    let peeked = datagram::peek_connection_id(data);
    let Ok(header) = DataHeader::decode(data) else { return };
    assert_eq!(peeked, Some(header.connection_id));
    assert!(header.len >= datagram::MIN_DATA_HEADER_LEN && header.len <= data.len());
    let DataHeader { connection_id, wire_number, stats, time_since_prev, .. } = header;
    let mut out = Vec::new();
    datagram::put_data_header(&mut out, connection_id, wire_number, stats, time_since_prev);
    let len = datagram::data_header_len(stats.map(<[u8]>::len), time_since_prev.is_some());
    assert_eq!(out.len(), len);
    assert_eq!(DataHeader::decode(&out), Ok(DataHeader { len, ..header }));
    if let Some(Ok(stats)) = stats.map(datagram::decode_stats) {
        let mut again = stats.clone();
        again.set_effective_flags(stats.effective_flags());
        assert_eq!(again.effective_flags(), stats.effective_flags());
        assert_eq!(datagram::decode_stats(&stats.encode_to_vec()), Ok(stats));
    }
}

/// The frames of a packet can be written and read back; the length functions tell the truth.
pub fn snp_frames(data: &[u8]) {
    let mut frames = Vec::new();
    let mut reader = FrameReader::new(data);
    let fault = loop {
        match reader.next() {
            Ok(Some(frame)) => frames.push(frame),
            Ok(None) => break None,
            Err(fault) => break Some(fault),
        }
    };
    // A frame takes at least a byte, and nothing comes after a fault.
    assert!(frames.len() <= data.len());
    assert_eq!(reader.next(), Ok(None));
    if let Some(fault) = fault {
        assert!(!fault.name().is_empty() && !fault.to_string().is_empty());
    }
    let mut out = Vec::new();
    let base = u64::from(data.first().copied().unwrap_or(0)) << (data.len() % 57);
    for (index, frame) in frames.iter().enumerate() {
        expand(base, frame);
        // Written to the end of the packet where that is possible, which is a form of its own.
        put_frame(&mut out, frame, index + 1 == frames.len() && data.len().is_multiple_of(2));
    }
    let mut again = FrameReader::new(&out);
    for frame in frames {
        // A segment of more bytes than a size code can express only fits the end of a packet.
        if oversize(&frame) {
            return;
        }
        match (widened(frame), again.next()) {
            (Frame::StopWaiting { offset: u64::MAX }, _) => return,
            (Frame::Ack(ack), Ok(Some(Frame::Ack(read)))) => assert_same_ack(ack, read),
            (wide, read) => assert_eq!(read, Ok(Some(wide))),
        }
    }
}

/// The same acknowledgement, whatever the bytes of its blocks.
fn assert_same_ack(left: AckFrame<'_>, right: AckFrame<'_>) {
    assert_eq!(
        (left.latest, left.delay, left.block_count()),
        (right.latest, right.delay, right.block_count())
    );
    let (mut left, mut right) = (left.blocks, right.blocks);
    loop {
        let block = left.next();
        assert_eq!(block, right.next());
        if block == Ok(None) {
            return;
        }
    }
}

fn expand(base: u64, frame: &Frame<'_>) {
    let within = |n: Option<u64>| assert!(n.is_none_or(|n| n <= snp::MAX_NUMBER));
    match frame {
        Frame::Unreliable(segment) => within(snp::expand_number(base, segment.number)),
        Frame::Reliable(segment) => within(snp::expand_position(base, segment.position)),
        Frame::StopWaiting { offset } => {
            assert!(snp::stop_waiting_value(base, *offset).is_none_or(|value| value < base));
        }
        Frame::SelectLane(lane) => assert!(*lane <= snp::MAX_LANE),
        Frame::Ack(ack) => within(snp::expand_ack_latest(base, ack.latest)),
    }
}

fn oversize(frame: &Frame<'_>) -> bool {
    let data = match frame {
        Frame::Unreliable(segment) => segment.data,
        Frame::Reliable(segment) => segment.data,
        _ => &[],
    };
    data.len() > usize::from(snp::MAX_EXPLICIT_SIZE)
}

/// The frame with its shortened numbers in the forms that senders use.
fn widened(frame: Frame<'_>) -> Frame<'_> {
    match frame {
        Frame::Unreliable(UnreliableFrame { number: NumberField::Low16(low), offset, last, data }) => {
            Frame::Unreliable(UnreliableFrame { number: NumberField::Low32(low.into()), offset, last, data })
        }
        Frame::Reliable(ReliableFrame { position, data }) => {
            let position = match position {
                PositionField::Low24(low) | PositionField::Low32(low) => PositionField::Low48(low.into()),
                PositionField::Gap(0) => PositionField::Follows,
                position => position,
            };
            Frame::Reliable(ReliableFrame { position, data })
        }
        frame => frame,
    }
}

/// Writes a frame as senders do; `to_end` leaves the size out.
pub fn put_frame(out: &mut Vec<u8>, frame: &Frame<'_>, to_end: bool) {
    let before = out.len();
    let size = |data: &[u8]| match u16::try_from(data.len()) {
        Ok(len) if len <= snp::MAX_EXPLICIT_SIZE && !to_end => SizeField::Explicit(len),
        _ => SizeField::ToEnd,
    };
    let (expected, data) = match *frame {
        Frame::Unreliable(UnreliableFrame { number, offset, last, data }) => {
            let number = match number {
                NumberField::Low16(low) => FirstOrNext::First(low.into()),
                NumberField::Low32(low) => FirstOrNext::First(low.into()),
                NumberField::Next => FirstOrNext::Next,
                NumberField::Delta(delta) => FirstOrNext::Delta(delta),
            };
            snp::put_unreliable_header(out, number, offset, last, size(data));
            (snp::unreliable_header_len(number, offset, size(data)), data)
        }
        Frame::Reliable(ReliableFrame { position, data }) => {
            let position = match position {
                PositionField::Low24(low) | PositionField::Low32(low) => FirstOrGap::First(low.into()),
                PositionField::Low48(low) => FirstOrGap::First(low),
                PositionField::Follows => FirstOrGap::Follows,
                PositionField::Gap(gap) => FirstOrGap::Gap(gap),
            };
            snp::put_reliable_header(out, position, size(data));
            (snp::reliable_header_len(position, size(data)), data)
        }
        Frame::StopWaiting { offset } => {
            // In a packet with the largest number every offset has a value, but for the largest of all.
            let value = (u64::MAX - 1).saturating_sub(offset);
            snp::put_stop_waiting(out, u64::MAX, value);
            (snp::stop_waiting_len(u64::MAX, value), &[][..])
        }
        Frame::SelectLane(lane) => {
            let lane = u8::try_from(lane).expect("a lane is at most 255");
            snp::put_select_lane(out, lane);
            (snp::select_lane_len(lane), &[][..])
        }
        Frame::Ack(ack) => {
            put_ack(out, &ack);
            return;
        }
    };
    assert_eq!(out.len() - before, expected, "{frame:?}");
    out.extend_from_slice(data);
}

fn put_ack(out: &mut Vec<u8>, ack: &AckFrame<'_>) {
    let before = out.len();
    let delay = ack.delay.map(u64::from);
    let mut expected = snp::ack_header_len(ack.block_count());
    match ack.latest {
        AckLatest::Low16(low) => snp::put_ack_header(out, low.into(), delay, ack.block_count()),
        AckLatest::Low32(low) => {
            snp::put_ack_header_wide(out, low.into(), delay, ack.block_count());
            expected += 2;
        }
    }
    let mut blocks = ack.blocks;
    let mut count = 0;
    while let Some(block) = blocks.next().expect("the blocks of a frame were checked when it was read") {
        assert!(block.acked <= snp::MAX_ACK_BLOCK_COUNT && block.missing <= snp::MAX_ACK_BLOCK_COUNT);
        snp::put_ack_block(out, block.acked, block.missing);
        expected += snp::ack_block_len(block.acked, block.missing);
        count += 1;
    }
    assert_eq!(count, ack.block_count());
    assert_eq!(out.len() - before, expected);
}

/// An acknowledgement is read as far as it goes and survives being written again.
pub fn ack_frame(data: &[u8]) {
    let Some((lead, rest)) = data.split_first() else { return };
    let plain = [&[0x90 | (lead & 0x0f)], rest].concat();
    let Ok(Some(Frame::Ack(ack))) = FrameReader::new(&plain).next() else { return };
    let mut out = Vec::new();
    put_ack(&mut out, &ack);
    let Ok(Some(Frame::Ack(again))) = FrameReader::new(&out).next() else {
        panic!("what was written does not read: {out:02x?}");
    };
    assert_same_ack(ack, again);
}

/// A header is found exactly when all of its bytes are there, and survives being written again.
pub fn stream_header(data: &[u8]) {
    let decoded = MessageHeaderReader::decode(data);
    match decoded {
        Ok(Some((header, used))) => {
            assert!(used >= 1 && used <= data.len() && used <= stream::MAX_HEADER_LEN);
            for short in 0..used {
                assert_eq!(MessageHeaderReader::decode(&data[..short]), Ok(None));
            }
            let MessageHeader { delta, size } = header;
            assert!(delta <= stream::MAX_NUMBER_DELTA && size <= stream::MAX_SIZE);
            let mut out = Vec::new();
            stream::put_message_header(&mut out, delta, size);
            assert_eq!(out.len(), stream::message_header_len(delta, size));
            assert!(out.len() <= used);
            assert_eq!(MessageHeaderReader::decode(&out), Ok(Some((header, out.len()))));
        }
        Ok(None) => assert!(data.len() < stream::MAX_HEADER_LEN),
        Err(error) => assert!(!error.name().is_empty() && !error.to_string().is_empty()),
    }
}

/// Every text form either fails or prints to something that reads back the same.
pub fn identity_text(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(identity) = text.parse::<Identity>() {
        let printed = identity.to_string();
        assert!(printed.len() <= gamesockets_wire::identity::MAX_TEXT_LEN);
        assert_eq!(printed.parse::<Identity>().as_ref(), Ok(&identity));
        if let Some(msg) = identity.to_legacy_binary() {
            assert_eq!(Identity::from_legacy_binary(&msg).as_ref(), Ok(&identity));
        }
    }
    if let Ok((ip, port)) = addr::parse(text) {
        let printed = addr::AddrText { ip, port }.to_string();
        assert_eq!(addr::parse(&printed), Ok((ip, port)));
        let addr = SocketAddr::new(ip, port.unwrap_or(0));
        assert_eq!(addr::canonical(addr), addr);
    }
    if let Ok(pop) = text.parse::<PopId>() {
        assert_eq!(pop.to_string(), text);
    }
    if let Ok(bytes) = base64::decode(text) {
        assert_eq!(base64::decode(&base64::encode(&bytes)).as_ref(), Ok(&bytes));
    }
    if let Ok(bytes) = base64::decode_block(base64::CERTIFICATE_LABEL, text) {
        let block = base64::encode_block(base64::CERTIFICATE_LABEL, &bytes);
        assert_eq!(base64::decode_block(base64::CERTIFICATE_LABEL, &block).as_ref(), Ok(&bytes));
    }
}

/// Certificates, signed and bare, and the halves of a key exchange read without harm and write back.
pub fn certificate(data: &[u8]) {
    round_trip::<msg::CertificateRequest>(data);
    round_trip::<msg::SessionCryptInfo>(data);
    round_trip::<msg::SessionCryptInfoSigned>(data);
    identity_of(data);
    if let Some(signed) = round_trip::<msg::CertificateSigned>(data) {
        identity_of(&signed.cert.unwrap_or_default());
    }
}

fn identity_of(certificate: &[u8]) {
    let Some(cert) = round_trip::<msg::Certificate>(certificate) else { return };
    let named = Identity::from_fields(
        cert.identity_string.as_deref(),
        cert.legacy_identity_binary.as_ref(),
        cert.legacy_steam_id,
    );
    if let Ok(Some(identity)) = named {
        assert!(!identity.is_invalid());
    }
}

/// A signal reads without harm and writes back.
pub fn p2p_rendezvous(data: &[u8]) {
    if let Some(signal) = round_trip::<msg::P2pRendezvous>(data) {
        for name in [&signal.from_identity, &signal.to_identity].into_iter().flatten() {
            identity_text(name.as_bytes());
        }
    }
    round_trip::<msg::IceSessionSummary>(data);
}

fn round_trip<M: Message + Default + PartialEq + std::fmt::Debug>(data: &[u8]) -> Option<M> {
    let message: M = msg::decode(data).ok()?;
    let bytes = message.encode_to_vec();
    assert_eq!(bytes.len(), message.encoded_len());
    // Packed numbers come out one by one, which takes more room than the limit may leave.
    if bytes.len() <= msg::MAX_BLOB_LEN {
        assert_eq!(msg::decode::<M>(&bytes).as_ref(), Ok(&message));
    }
    Some(message)
}

/// The header of the messages interface.
pub fn messages_header(data: &[u8]) {
    let split = messages_header::split(data);
    assert_eq!(split.is_ok(), data.len() >= messages_header::HEADER_LEN);
    if let Ok((channel, body)) = split {
        let mut out = Vec::new();
        messages_header::put_header(&mut out, channel);
        assert_eq!(out[1..], data[1..messages_header::HEADER_LEN]);
        assert_eq!(body, &data[messages_header::HEADER_LEN..]);
    }
}
