//! A UDP path with constant delay and independent random loss, each way, and optionally a rate with a
//! drop-tail queue. One client, one server; packets keep their order. Loss comes before the queue.

use crate::child::{Parent, bind_to_driver, say};
use bench_common::{Result, socket};
use clap::Args;
use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// Datagrams taken from one side before the other side's turn.
const BATCH: usize = 256;
/// Longest sleep, after which the driver is asked whether it is over.
const SLEEP: Duration = Duration::from_millis(50);
/// Bytes of the IPv4 and UDP headers, which take room on a real path.
const HEADERS: usize = 28;
/// Packets on their way in one direction: 100 ms at more than a gigabyte per second.
const QUEUE_MAX: usize = 200_000;
/// Empty buffers that are kept.
const SPARE_MAX: usize = 10_000;

/// A path.
#[derive(Args, Clone, Debug)]
pub(crate) struct ProxyArgs {
    /// Port of the server
    #[arg(long)]
    target: u16,
    /// Datagrams lost each way, percent
    #[arg(long, default_value_t = 0.0)]
    loss: f64,
    /// Delay each way
    #[arg(long, default_value_t = 0)]
    delay_ms: u64,
    /// Megabytes per second each way, headers included; 0: no limit
    #[arg(long, default_value_t = 0.0)]
    path_mb: f64,
    /// Room before the bottleneck, as time
    #[arg(long, default_value_t = 100)]
    queue_ms: u64,
}

/// One direction.
struct Lane {
    on_the_way: VecDeque<(Instant, Vec<u8>)>,
    spare: Vec<Vec<u8>>,
    /// When the bottleneck has sent everything it accepted so far.
    free_at: Instant,
    dropped_by_queue: u64,
}

/// What happens to packets.
struct Path {
    loss: f64,
    delay: Duration,
    seconds_per_byte: f64,
    queue: Duration,
    dice: u64,
}

impl Path {
    /// Whether the next packet is lost: xorshift, so that every run loses alike.
    const fn loses(&mut self) -> bool {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        ((self.dice >> 11) as f64 / (1u64 << 53) as f64) < self.loss
    }
}

impl Lane {
    fn new() -> Self {
        Self { on_the_way: VecDeque::new(), spare: Vec::new(), free_at: Instant::now(), dropped_by_queue: 0 }
    }

    fn take(&mut self, packet: &[u8], path: &mut Path) {
        if path.loses() {
            return;
        }
        let now = Instant::now();
        let mut leaves = now;
        if path.seconds_per_byte > 0.0 {
            if self.free_at > now + path.queue {
                self.dropped_by_queue += 1;
                return;
            }
            let takes = Duration::from_secs_f64((packet.len() + HEADERS) as f64 * path.seconds_per_byte);
            self.free_at = self.free_at.max(now) + takes;
            leaves = self.free_at;
        }
        if self.on_the_way.len() >= QUEUE_MAX {
            self.dropped_by_queue += 1;
            return;
        }
        let mut copy = self.spare.pop().unwrap_or_default();
        copy.clear();
        copy.extend_from_slice(packet);
        self.on_the_way.push_back((leaves + path.delay, copy));
    }

    /// Hands out what has arrived by now.
    fn give(&mut self, mut send: impl FnMut(&[u8])) {
        let now = Instant::now();
        while self.next().is_some_and(|at| at <= now) {
            let Some((_, packet)) = self.on_the_way.pop_front() else { break };
            send(&packet);
            if self.spare.len() < SPARE_MAX {
                self.spare.push(packet);
            }
        }
    }

    fn next(&self) -> Option<Instant> {
        self.on_the_way.front().map(|(at, _)| *at)
    }
}

pub(crate) fn run(args: &ProxyArgs) -> Result<()> {
    bind_to_driver();
    let parent = Parent::new();
    let (front, back) = (socket::bind()?, socket::bind()?);
    back.connect(SocketAddr::from((Ipv4Addr::LOCALHOST, args.target)))?;
    for side in [&front, &back] {
        side.set_nonblocking(true)?;
        socket::path_buffers(side);
    }
    let rate = args.path_mb * 1e6;
    let path = Path {
        loss: args.loss / 100.0,
        delay: Duration::from_millis(args.delay_ms),
        seconds_per_byte: if rate > 0.0 { 1.0 / rate } else { 0.0 },
        queue: Duration::from_millis(args.queue_ms),
        dice: 0x9e37_79b9_7f4a_7c15,
    };
    say("port", front.local_addr()?.port())?;
    let (up, down) = forward(&front, &back, path, &parent);
    say("path_queue_drops_up", up.dropped_by_queue)?;
    say("path_queue_drops_down", down.dropped_by_queue)
}

fn forward(front: &UdpSocket, back: &UdpSocket, mut path: Path, parent: &Parent) -> (Lane, Lane) {
    let (mut up, mut down) = (Lane::new(), Lane::new());
    let mut client = None;
    let mut buffer = vec![0; 1 << 16];
    while !parent.is_over() {
        for _ in 0..BATCH {
            let Ok((length, from)) = front.recv_from(&mut buffer) else { break };
            client = Some(from);
            up.take(&buffer[..length], &mut path);
        }
        for _ in 0..BATCH {
            let Ok(length) = back.recv(&mut buffer) else { break };
            down.take(&buffer[..length], &mut path);
        }
        // What the system has no room for is lost, as on any path.
        up.give(|packet| drop(back.send(packet)));
        down.give(|packet| {
            if let Some(client) = client {
                drop(front.send_to(packet, client));
            }
        });
        let next = [up.next(), down.next()].into_iter().flatten().min();
        let sleep = next.map_or(SLEEP, |at| at.saturating_duration_since(Instant::now()).min(SLEEP));
        socket::wait_readable(&[front, back], sleep);
    }
    (up, down)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(loss: f64, bytes_per_second: f64) -> Path {
        let seconds_per_byte = if bytes_per_second > 0.0 { 1.0 / bytes_per_second } else { 0.0 };
        Path {
            loss,
            delay: Duration::ZERO,
            seconds_per_byte,
            queue: Duration::from_millis(100),
            dice: 1 << 40 | 5,
        }
    }

    #[test]
    fn the_share_that_is_lost_is_the_one_asked_for() {
        let mut path = path(0.05, 0.0);
        let lost = (0..100_000).filter(|_| path.loses()).count();
        assert!((4500..5500).contains(&lost), "{lost}");
    }

    #[test]
    fn a_full_queue_drops() {
        let (mut lane, mut path) = (Lane::new(), path(0.0, 1.0));
        (0..5).for_each(|_| lane.take(&[0; 72], &mut path));
        assert_eq!((lane.on_the_way.len(), lane.dropped_by_queue), (1, 4));
    }

    #[test]
    fn packets_come_out_in_order() {
        let (mut lane, mut path) = (Lane::new(), path(0.0, 0.0));
        (0..3).for_each(|n| lane.take(&[n], &mut path));
        let mut out = Vec::new();
        lane.give(|packet| out.extend_from_slice(packet));
        assert_eq!(out, [0, 1, 2]);
        assert!(lane.next().is_none());
    }
}
