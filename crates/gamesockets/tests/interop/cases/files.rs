//! Large reliable messages, both ways at once, over a network that loses and reorders.

use super::ensure;
use crate::env::Need;
use crate::harness::{Case, Outcome};
use crate::side::{Opt, Value, keys};
use crate::world::{Role, Who, World, pattern};
use std::time::Duration;

/// Bytes per second allowed: enough to be done in seconds, little enough for a small machine.
const RATE: i32 = 4_000_000;
const SMALL_RATE: i32 = 2_500_000;
/// Room for waiting messages, bytes.
const BUFFER: i32 = 4 << 20;
const LIMIT: Duration = Duration::from_secs(50);

/// Two files of 8 MB: in messages of 512 KiB and of 100 kB.
const PARTS: &[(usize, usize)] = &[(16, 512 * 1024), (80, 100_000)];

/// In packets of 200 bytes, which hold at most 132 for messages, the 16 bits that number packets on the wire come round.
const MANY_PACKETS: &[(usize, usize)] = &[(18, 512 * 1024)];
const _: () = assert!(MANY_PACKETS[0].0 * MANY_PACKETS[0].1 > 0x1_0000 * 132);

/// One packet in 20 is lost, one in 10 is late and one in 50 comes twice, in both directions.
const BAD: &[Opt] = &[
    (keys::LOSS_SEND, Value::Float(5.0)),
    (keys::LOSS_RECV, Value::Float(5.0)),
    (keys::REORDER_SEND, Value::Float(10.0)),
    (keys::REORDER_RECV, Value::Float(10.0)),
    (keys::REORDER_TIME, Value::Int(10)),
    (keys::DUP_SEND, Value::Float(2.0)),
    (keys::DUP_RECV, Value::Float(2.0)),
];
/// A round trip of 80 ms, with one packet in 50 lost in each direction.
const FAR: &[Opt] = &[
    (keys::LAG_SEND, Value::Int(40)),
    (keys::LAG_RECV, Value::Int(40)),
    (keys::LOSS_SEND, Value::Float(2.0)),
    (keys::LOSS_RECV, Value::Float(2.0)),
];

const OPTIONS: &[Opt] = &[
    (keys::RATE_MIN, Value::Int(RATE)),
    (keys::RATE_MAX, Value::Int(RATE)),
    (keys::SEND_BUFFER, Value::Int(BUFFER)),
];

/// Not faster: the reference library cuts what it sends to 37 bytes then, and ends its process when more than 65,535 such
/// pieces are not acknowledged.
const SMALL_PACKETS: &[Opt] = &[
    (keys::RATE_MIN, Value::Int(SMALL_RATE)),
    (keys::RATE_MAX, Value::Int(SMALL_RATE)),
    (keys::SEND_BUFFER, Value::Int(BUFFER)),
    (keys::MTU, Value::Int(200)),
];

pub(super) const CASES: &[Case] = &[
    case("files::clean_gns_listens", || files(Role::GnsListens, Who::Ours, &[])),
    case("files::clean_gns_connects", || files(Role::GnsConnects, Who::Ours, &[])),
    case("files::our_loss_gns_listens", || files(Role::GnsListens, Who::Ours, BAD)),
    case("files::our_loss_gns_connects", || files(Role::GnsConnects, Who::Ours, BAD)),
    case("files::their_loss_gns_listens", || files(Role::GnsListens, Who::Gns, BAD)),
    case("files::their_loss_gns_connects", || files(Role::GnsConnects, Who::Gns, BAD)),
    case("files::our_lag_gns_listens", || files(Role::GnsListens, Who::Ours, FAR)),
    case("files::their_lag_gns_connects", || files(Role::GnsConnects, Who::Gns, FAR)),
    case("files::many_packets_gns_listens", || transfer(Role::GnsListens, SMALL_PACKETS, MANY_PACKETS)),
];

const fn case(name: &'static str, run: fn() -> Outcome) -> Case {
    Case { name, needs: &[Need::Lib], limit: 60, run }
}

/// One direction.
struct Stream {
    from: Who,
    messages: Vec<Vec<u8>>,
    sent: usize,
    got: usize,
}

impl Stream {
    fn new(from: Who, parts: &[(usize, usize)]) -> Self {
        let sizes = parts.iter().flat_map(|&(count, size)| std::iter::repeat_n(size, count));
        let seed = if from == Who::Ours { 1000 } else { 2000 };
        let messages = sizes.enumerate().map(|(i, size)| pattern(seed + i as u64, size)).collect();
        Self { from, messages, sent: 0, got: 0 }
    }

    fn done(&self) -> bool {
        self.got == self.messages.len()
    }
}

/// `simulator` is the side whose simulated network makes the real one worse.
fn files(role: Role, simulator: Who, network: &[Opt]) -> Outcome {
    let mut w = World::start()?;
    w.configure(simulator, network)?;
    exchange(&mut w, role, OPTIONS, PARTS)
}

fn transfer(role: Role, options: &[Opt], parts: &[(usize, usize)]) -> Outcome {
    exchange(&mut World::start()?, role, options, parts)
}

fn exchange(w: &mut World, role: Role, options: &[Opt], parts: &[(usize, usize)]) -> Outcome {
    let link = w.link(role, options, options)?;
    let mut streams = Who::BOTH.map(|from| Stream::new(from, parts));
    let time = w.until(LIMIT, "all files are there", |w| {
        for stream in &mut streams {
            while let Some(data) = stream.messages.get(stream.sent) {
                let Some(number) = w.try_send(stream.from, link, data, true, 0)? else { break };
                stream.sent += 1;
                ensure!(number == stream.sent as u64, "message {} has number {number}", stream.sent);
            }
            for message in w.receive(stream.from.other(), link) {
                let right = stream.messages.get(stream.got);
                let at = format!("message {} from {:?}", stream.got + 1, stream.from);
                ensure!(right == Some(&message.data), "{at}: wrong bytes ({} of them)", message.data.len());
                stream.got += 1;
                ensure!(message.number == stream.got as u64, "{at} has number {}", message.number);
            }
        }
        Ok(streams.iter().all(Stream::done))
    })?;
    let bytes: usize = parts.iter().map(|(count, size)| count * size).sum();
    let megabytes = bytes as f64 / 1e6;
    let rate = megabytes / time.as_secs_f64();
    Ok(format!("{megabytes:.1} MB each way in {:.1} s, {rate:.1} MB/s", time.as_secs_f64()))
}
