//! `gamesockets decode`: a datagram, or the decrypted inside of one, in words.

use crate::exit::{Code, Failure};
use crate::text::{hex, unhex};
use clap::Args;
use gamesockets_wire::datagram::{Control, DataHeader, Lead, decode_stats, is_data};
use gamesockets_wire::snp::{AckBlocks, AckFrame, Frame, FrameReader};

/// Bytes of message data shown; the rest is counted.
const SHOWN_BYTES: usize = 32;

const AFTER_HELP: &str = "\
Without --plain the bytes are a whole UDP payload; what is encrypted stays unread.
With --plain they are the decrypted inside of a data packet: frames of the payload protocol.

Examples:
  gamesockets decode 25090100000011020000 00
  gamesockets decode --plain 88 05";

/// Explains a datagram.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct DecodeArgs {
    /// The bytes as hexadecimal digits; blanks and colons do not matter
    #[arg(required = true)]
    hex: Vec<String>,
    /// The bytes are the decrypted inside of a data packet
    #[arg(long)]
    plain: bool,
}

pub(crate) fn run(args: &DecodeArgs) -> Result<(), Failure> {
    let text = args.hex.concat();
    let bytes = unhex(&text).ok_or_else(|| {
        Failure::new(Code::Usage, "the bytes have to be pairs of hexadecimal digits, as in `25 09 01`")
    })?;
    let (lines, fault) = if args.plain { frames(&bytes) } else { datagram(&bytes) };
    for line in lines {
        println!("{line}");
    }
    fault.map_or(Ok(()), |fault| Err(Failure::new(Code::Failed, fault)))
}

/// The lines, and what is wrong with the bytes if anything is.
type Explained = (Vec<String>, Option<String>);

fn datagram(bytes: &[u8]) -> Explained {
    let Some(&first) = bytes.first() else { return (Vec::new(), Some("there are no bytes".into())) };
    if is_data(first) {
        return data_packet(bytes);
    }
    match Control::decode(bytes) {
        Ok(control) => {
            let name = Lead::from_byte(first).map_or("message", Lead::name);
            let text = format!("{control:#?}");
            let lines = std::iter::once(format!("{name}, {} bytes", bytes.len()));
            (lines.chain(text.lines().map(|l| format!("  {l}"))).collect(), None)
        }
        Err(e) => (Vec::new(), Some(e.to_string())),
    }
}

fn data_packet(bytes: &[u8]) -> Explained {
    let header = match DataHeader::decode(bytes) {
        Ok(header) => header,
        Err(e) => return (Vec::new(), Some(e.to_string())),
    };
    let chunk = bytes.len().saturating_sub(header.len);
    let mut lines = vec![
        format!("data packet, {} bytes", bytes.len()),
        format!(
            "  to connection {:#010x}, packet number ends in {}",
            header.connection_id, header.wire_number
        ),
    ];
    if let Some(units) = header.time_since_prev {
        let us = u64::from(units) * gamesockets_wire::datagram::TIME_SINCE_PREV_UNIT_US;
        lines.push(format!("  {us} us after the packet before"));
    }
    let mut fault = None;
    match header.stats.map(decode_stats) {
        None => {}
        Some(Ok(stats)) => lines.extend(format!("{stats:#?}").lines().map(|l| format!("  {l}"))),
        Some(Err(e)) => fault = Some(e.to_string()),
    }
    lines.push(format!("  encrypted: {chunk} bytes, the last 16 of them the tag"));
    (lines, fault)
}

fn frames(bytes: &[u8]) -> Explained {
    let mut reader = FrameReader::new(bytes);
    let mut lines = Vec::new();
    loop {
        match reader.next() {
            Ok(None) => return (lines, None),
            Ok(Some(frame)) => lines.extend(explain(&frame)),
            Err(e) => return (lines, Some(e.to_string())),
        }
    }
}

fn explain(frame: &Frame<'_>) -> Vec<String> {
    match frame {
        Frame::Unreliable(f) => {
            let last = if f.last { ", ends the message" } else { "" };
            vec![format!("unreliable: number {:?}, offset {}{last}, {}", f.number, f.offset, shown(f.data))]
        }
        Frame::Reliable(f) => vec![format!("reliable: position {:?}, {}", f.position, shown(f.data))],
        Frame::StopWaiting { offset } => {
            vec![format!("stop waiting: below this packet's number - {offset} - 1")]
        }
        Frame::SelectLane(lane) => vec![format!("lane {lane}:")],
        Frame::Ack(ack) => explain_ack(ack),
    }
}

fn explain_ack(ack: &AckFrame<'_>) -> Vec<String> {
    let delay = ack.delay.map_or_else(|| "unknown delay".into(), |us| format!("delay {us} us"));
    let mut lines =
        vec![format!("acknowledgement: up to {:?}, {delay}, {} blocks", ack.latest, ack.block_count())];
    let mut blocks: AckBlocks<'_> = ack.blocks;
    while let Ok(Some(block)) = blocks.next() {
        lines.push(format!("  going down: {} received, {} missing", block.acked, block.missing));
    }
    lines
}

fn shown(data: &[u8]) -> String {
    let begin = data.get(..SHOWN_BYTES).unwrap_or(data);
    let more = if begin.len() < data.len() { "..." } else { "" };
    format!("{} bytes: {}{more}", data.len(), hex(begin))
}

#[cfg(test)]
mod tests {
    use super::*;
    use gamesockets_wire::datagram::put_data_header;
    use gamesockets_wire::msg::NoConnection;
    use gamesockets_wire::snp::{put_ack_block, put_ack_header, put_select_lane};

    #[test]
    fn messages_and_data_packets() {
        let mut bytes = Vec::new();
        Control::NoConnection(NoConnection { from_connection_id: Some(7), to_connection_id: None })
            .encode(&mut bytes);
        let (lines, fault) = datagram(&bytes);
        assert!(lines[0].starts_with("no_connection") && fault.is_none(), "{lines:?}");
        bytes.clear();
        put_data_header(&mut bytes, 0x1234_5678, 9, None, Some(2));
        bytes.extend([0; 20]);
        let (lines, fault) = datagram(&bytes);
        assert!(fault.is_none());
        assert!(lines.iter().any(|l| l.contains("0x12345678")), "{lines:?}");
        assert!(lines.iter().any(|l| l.contains("20 bytes")), "{lines:?}");
        assert!(datagram(&[]).1.is_some() && datagram(&[1, 2, 3]).1.is_some());
    }

    #[test]
    fn frames_one_per_line() {
        let mut bytes = Vec::new();
        put_select_lane(&mut bytes, 3);
        put_ack_header(&mut bytes, 100, Some(32), 1);
        put_ack_block(&mut bytes, 5, 2);
        let (lines, fault) = frames(&bytes);
        assert_eq!(fault, None);
        assert_eq!(lines[0], "lane 3:");
        assert!(lines[2].contains("5 received, 2 missing"), "{lines:?}");
        let (_, fault) = frames(&[0x98, 0]);
        assert!(fault.is_some());
    }
}
