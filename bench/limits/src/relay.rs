//! What one core can forward: a relaying thread between a sender and a receiver, without cryptography. These two share
//! the other core, so that the figure to read is the relay's own processor time per packet.

use crate::How;
use crate::report::{Figure, Report, figure};
use bench_common::batch::Batch;
use bench_common::process::{pin, thread_cpu_ns};
use bench_common::{Result, socket};
use std::net::UdpSocket;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};
use std::time::{Duration, Instant};

const SIZE: usize = 1200;
/// Packets of a burst: as many as fit into the largest datagram.
const SEGMENTS: usize = 54;
/// Packets of one call, and packets that may be on their way.
const BATCH: usize = 64;
const WINDOW: u64 = 512;
/// How long a thread waits before it looks whether it is over.
const WAIT: Duration = Duration::from_millis(100);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Io {
    /// `recvmmsg` and `sendmmsg` of single packets
    Mmsg,
    /// Coalesced receives, segmented sends: one flow with long bursts
    GroGso,
}

impl Io {
    fn batch(self) -> Batch {
        match self {
            Self::Mmsg => Batch::new(BATCH, SIZE, false),
            Self::GroGso => Batch::new(1, SEGMENTS * SIZE, false),
        }
    }

    fn inbox(self) -> Batch {
        match self {
            Self::Mmsg => Batch::new(BATCH, SIZE, false),
            Self::GroGso => Batch::new(1, 1 << 16, true),
        }
    }
}

#[derive(Default)]
struct Shared {
    received: AtomicU64,
    over: AtomicBool,
}

fn count(batch: &mut Batch, slots: usize) -> u64 {
    (0..slots).map(|slot| batch.datagrams(slot).count() as u64).sum()
}

/// Gives the packets forwarded and the time they took of the processor.
fn forward(io: Io, front: &UdpSocket, back: &UdpSocket, shared: &Shared) -> Result<(u64, u64)> {
    pin(0)?;
    let (mut inbox, mut out) = (io.inbox(), io.batch());
    let (mut packets, cpu) = (0, thread_cpu_ns());
    while !shared.over.load(Relaxed) {
        let Ok(slots) = inbox.receive(front) else { continue };
        packets += count(&mut inbox, slots);
        // What is forwarded is what came: same sizes, bytes copied as a relay does that rewrites headers.
        let sent = if io == Io::Mmsg { slots } else { 1 };
        let length = inbox.buffer.len().min(out.buffer.len());
        if let (Some(to), Some(from)) = (out.buffer.get_mut(..length), inbox.buffer.get(..length)) {
            to.copy_from_slice(from);
        }
        // The receiver's window makes up for what does not fit.
        let _ = out.send(back, sent);
    }
    Ok((packets, thread_cpu_ns() - cpu))
}

fn receive(io: Io, socket: &UdpSocket, shared: &Shared) -> Result<()> {
    pin(1)?;
    let (mut inbox, mut packets) = (io.inbox(), 0);
    while !shared.over.load(Relaxed) {
        if let Ok(slots) = inbox.receive(socket) {
            packets += count(&mut inbox, slots);
            shared.received.store(packets, Release);
        }
    }
    Ok(())
}

fn send(io: Io, socket: &UdpSocket, shared: &Shared, span: Duration) -> Result<()> {
    pin(1)?;
    let (mut batch, begin, mut sent) = (io.batch(), Instant::now(), 0u64);
    let (slots, per_slot) = if io == Io::Mmsg { (BATCH, 1) } else { (1, SEGMENTS as u64) };
    let (mut seen, mut seen_at) = (0, begin);
    while begin.elapsed() < span {
        let received = shared.received.load(Acquire);
        if received != seen {
            (seen, seen_at) = (received, Instant::now());
        }
        if sent > received + WINDOW {
            // Without progress something was lost on the way: do not wait for it.
            if seen_at.elapsed() > Duration::from_millis(10) {
                sent = received;
            }
            std::thread::yield_now();
            continue;
        }
        sent += batch.send(socket, slots).map_or(0, |slots| slots as u64 * per_slot);
    }
    Ok(())
}

fn measure(io: Io, span: Duration) -> Result<Vec<Figure>> {
    let (from, front) = socket::pair()?;
    let (back, to) = socket::pair()?;
    for side in [&front, &to] {
        side.set_read_timeout(Some(WAIT))?;
    }
    if io == Io::GroGso {
        [&from, &back].into_iter().try_for_each(|side| socket::send_segments(side, SIZE))?;
        [&front, &to].into_iter().try_for_each(socket::receive_coalesced)?;
    }
    let shared = Shared::default();
    let (packets, cpu) = std::thread::scope(|scope| {
        let relay = scope.spawn(|| forward(io, &front, &back, &shared));
        let receiver = scope.spawn(|| receive(io, &to, &shared));
        let sender = scope.spawn(|| send(io, &from, &shared, span));
        let sent = sender.join();
        shared.over.store(true, Relaxed);
        let relayed = relay.join().map_err(|_| "the relay panicked")?;
        receiver.join().map_err(|_| "the receiver panicked")??;
        sent.map_err(|_| "the sender panicked")??;
        relayed
    })?;
    let name = format!("relay {io:?}");
    let each = cpu as f64 / packets.max(1) as f64;
    Ok(vec![figure(&name, "ns/packet", each), figure(&name, "kpackets/s/core", 1e6 / each)])
}

pub(crate) fn run(how: &How) -> Result<Report> {
    let mut report = Report::default();
    for _ in 0..how.reps {
        for io in [Io::Mmsg, Io::GroGso].into_iter().filter(|io| format!("relay {io:?}").contains(&how.only))
        {
            report.take(|| measure(io, how.span()))?;
        }
    }
    Ok(report)
}
