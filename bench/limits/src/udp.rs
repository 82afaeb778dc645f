//! Raw and sealed packet rates, one sending and one receiving thread.

use crate::How;
use crate::report::{Figure, Report, figure};
use bench_common::batch::Batch;
use bench_common::process::{pin, thread_cpu_ns};
use bench_common::seal::Seal;
use bench_common::{Result, socket};
use std::io::ErrorKind;
use std::net::UdpSocket;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};
use std::time::{Duration, Instant};

/// Packets that may be on their way where none may be lost.
const WINDOW: u64 = 1024;
/// Packets of one call without offload.
const BATCH: usize = 64;
/// Bytes of one burst that the system cuts into packets, and how many at most; bursts of one call.
const BURST: usize = 65_000;
const SEGMENTS_MAX: usize = 64;
const BURSTS: usize = 4;
/// How long the receiver waits before it looks whether it is over.
const WAIT: Duration = Duration::from_millis(100);

/// How packets pass the system.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Io {
    /// One packet per call
    Plain,
    /// `sendmmsg` and `recvmmsg` of single packets
    Mmsg,
    /// One segmented burst per call, coalesced receives
    Gso,
    /// Several of them per call
    GsoMmsg,
    /// Segmented bursts, received packet by packet
    GsoNoGro,
}

impl Io {
    const fn segments(self) -> bool {
        matches!(self, Self::Gso | Self::GsoMmsg | Self::GsoNoGro)
    }

    const fn coalesces(self) -> bool {
        matches!(self, Self::Gso | Self::GsoMmsg)
    }
}

#[derive(Clone, Copy)]
struct Case {
    io: Io,
    size: usize,
    sealed: bool,
    /// Nothing is lost; otherwise the sender does not look.
    lossless: bool,
}

/// What the two threads know of each other.
#[derive(Default)]
struct Shared {
    received: AtomicU64,
    over: AtomicBool,
}

struct Received {
    packets: u64,
    bytes: u64,
    cpu_ns: u64,
    seconds: f64,
}

fn receive(case: Case, socket: &UdpSocket, shared: &Shared) -> Result<Received> {
    pin(1)?;
    let seal = case.sealed.then(Seal::new).transpose()?;
    let mut batch = match case.io {
        Io::Plain => Batch::new(1, 2048, false),
        Io::Mmsg | Io::GsoNoGro => Batch::new(BATCH, 2048, false),
        Io::Gso => Batch::new(1, 1 << 16, true),
        Io::GsoMmsg => Batch::new(BURSTS, 1 << 16, true),
    };
    let (mut packets, mut bytes, mut span) = (0, 0, None);
    let cpu = thread_cpu_ns();
    loop {
        match batch.receive(socket) {
            Ok(slots) => {
                for slot in 0..slots {
                    for packet in batch.datagrams(slot) {
                        seal.as_ref().map_or(Ok(()), |seal| seal.open(packet))?;
                        packets += 1;
                        bytes += packet.len() as u64;
                    }
                }
            }
            Err(_) if shared.over.load(Relaxed) => break,
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => continue,
            Err(e) => return Err(e.into()),
        }
        let now = Instant::now();
        span = Some((span.map_or(now, |(first, _)| first), now));
        shared.received.store(packets, Release);
    }
    let seconds = span.map_or(0.0, |(first, last): (Instant, Instant)| (last - first).as_secs_f64());
    Ok(Received { packets, bytes, cpu_ns: thread_cpu_ns() - cpu, seconds })
}

/// Gives the packets sent and the time they took of the processor.
fn send(case: Case, socket: &UdpSocket, shared: &Shared, span: Duration) -> Result<(u64, u64)> {
    pin(0)?;
    let seal = case.sealed.then(Seal::new).transpose()?;
    let segments = if case.io.segments() { (BURST / case.size).min(SEGMENTS_MAX) } else { 1 };
    let slots = match case.io {
        Io::Plain | Io::Gso | Io::GsoNoGro => 1,
        Io::Mmsg => BATCH,
        Io::GsoMmsg => BURSTS,
    };
    let mut batch = Batch::new(slots, segments * case.size, false);
    let per_call = (slots * segments) as u64;
    let mut sent = 0;
    let (cpu, begin) = (thread_cpu_ns(), Instant::now());
    while begin.elapsed() < span {
        if case.lossless && sent + per_call > shared.received.load(Acquire) + WINDOW {
            std::hint::spin_loop();
            continue;
        }
        if let Some(seal) = &seal {
            for (packet, number) in batch.buffer.chunks_mut(case.size).zip(sent..) {
                seal.seal(number, packet)?;
            }
        }
        // A full queue takes fewer; the next call goes on.
        sent += batch.send(socket, slots).map_or(0, |slots| (slots * segments) as u64);
    }
    Ok((sent, thread_cpu_ns() - cpu))
}

fn measure(name: &str, case: Case, span: Duration) -> Result<Vec<Figure>> {
    let (from, to) = socket::pair()?;
    to.set_read_timeout(Some(WAIT))?;
    if case.io.segments() {
        socket::send_segments(&from, case.size)?;
    }
    if case.io.coalesces() {
        socket::receive_coalesced(&to)?;
    }
    let shared = Shared::default();
    let ((sent, send_cpu), got) = std::thread::scope(|scope| {
        let receiver = scope.spawn(|| receive(case, &to, &shared));
        let sender = scope.spawn(|| send(case, &from, &shared, span));
        let sent = sender.join();
        shared.over.store(true, Relaxed);
        let got = receiver.join().map_err(|_| "the receiver panicked")??;
        Result::Ok((sent.map_err(|_| "the sender panicked")??, got))
    })?;
    let per = |total: u64, count: u64| total as f64 / count.max(1) as f64;
    let mut figures = vec![
        figure(name, "kpackets/s", got.packets as f64 / got.seconds / 1e3),
        figure(name, "MB/s", got.bytes as f64 / got.seconds / 1e6),
        figure(name, "ns/sent", per(send_cpu, sent)),
        figure(name, "ns/received", per(got.cpu_ns, got.packets)),
    ];
    if !case.lossless {
        figures.push(figure(name, "lost %", 100.0 * (1.0 - per(got.packets, sent))));
    }
    Ok(figures)
}

pub(crate) fn run(how: &How) -> Result<Report> {
    let mut cases = Vec::new();
    for sealed in [false, true] {
        for size in [1200, 96] {
            for io in [Io::Plain, Io::Mmsg, Io::Gso, Io::GsoMmsg, Io::GsoNoGro] {
                for lossless in [true, false] {
                    let case = Case { io, size, sealed, lossless };
                    let (seal, loss) =
                        (if sealed { "sealed" } else { "raw" }, if lossless { "lossless" } else { "flood" });
                    cases.push((format!("udp {seal} {io:?} {size} B {loss}"), case));
                }
            }
        }
    }
    let mut report = Report::default();
    for _ in 0..how.reps {
        for (name, case) in cases.iter().filter(|(name, _)| name.contains(&how.only)) {
            report.take(|| measure(name, *case, how.span()))?;
        }
    }
    Ok(report)
}
