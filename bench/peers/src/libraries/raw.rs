//! Plain UDP: what any transport is measured against. No reliability; sealed or not, a call per packet or batches.
//!
//! The client may be [`WINDOW`] packets ahead of what the server reports, so that next to nothing is lost; the
//! server reports seldom. Settings: `io=plain` (a call per packet) or `io=gso` (segmentation offload and
//! coalesced receives), `seal=yes` (AES-256-GCM), `poll=busy` for round trips without sleeping.

use crate::child::{ChildArgs, Parent, Scenario, measure_rtt, say, say_window};
use bench_common::batch::Batch;
use bench_common::seal::{OVERHEAD, Seal};
use bench_common::window::Window;
use bench_common::{Error, Result, socket};
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// Bytes of the largest datagram: what fits through every path together with headers.
const DATAGRAM_MAX: usize = 1200;
/// Packets that may be on their way.
const WINDOW: u64 = 1024;
/// Packets between two reports of the server.
const REPORT_EVERY: u64 = 128;
/// Bytes of one call's datagrams, and how many the system cuts at most.
const BURST: usize = 65_000;
const SEGMENTS_MAX: usize = 64;
/// Bursts per call.
const BURSTS: usize = 4;
/// No report for this long means that packets were lost: go on.
const STALLED: Duration = Duration::from_millis(20);
/// Longest sleep.
const SLEEP: Duration = Duration::from_millis(50);
/// An answer that takes longer was lost.
const ANSWER_WITHIN: Duration = Duration::from_millis(500);
/// The number of a packet, behind the part of the header that the cipher uses for zeros.
const NUMBER: std::ops::Range<usize> = 4..12;

fn number_of(packet: &[u8]) -> u64 {
    packet.get(NUMBER).and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_le_bytes)
}

fn datagram(args: &ChildArgs) -> usize {
    (args.size() + OVERHEAD).min(DATAGRAM_MAX)
}

fn sealer(args: &ChildArgs) -> Result<Option<Seal>> {
    args.is("seal", "yes").then(Seal::new).transpose()
}

pub(super) fn server(args: &ChildArgs, parent: &Parent) -> Result<()> {
    match args.scenario {
        Scenario::Reliable | Scenario::Unreliable => sink(args, parent),
        Scenario::Rtt => echo(args, parent),
        _ => Err("plain UDP has no connections".into()),
    }
}

pub(super) fn client(args: &ChildArgs) -> Result<()> {
    match args.scenario {
        Scenario::Reliable | Scenario::Unreliable => flood(args),
        Scenario::Rtt => ping(args),
        _ => Err("plain UDP has no connections".into()),
    }
}

/// Counts, and reports how far it is.
struct Sink {
    socket: UdpSocket,
    seal: Option<Seal>,
    client: Option<SocketAddr>,
    seen: u64,
    reported: u64,
}

impl Sink {
    fn packet(&mut self, packet: &mut [u8]) -> Result<()> {
        self.seen = self.seen.max(number_of(packet));
        self.seal.as_ref().map_or(Ok(()), |seal| seal.open(packet))
    }

    fn report(&mut self) {
        if let Some(client) = self.client.filter(|_| self.seen >= self.reported + REPORT_EVERY) {
            self.reported = self.seen;
            // The next report makes up for one that is lost.
            let _ = self.socket.send_to(&self.seen.to_le_bytes(), client);
        }
    }
}

fn sink(args: &ChildArgs, parent: &Parent) -> Result<()> {
    let socket = socket::bind()?;
    socket.set_nonblocking(true)?;
    let gso = args.is("io", "gso");
    if gso {
        socket::receive_coalesced(&socket)?;
    }
    say("port", socket.local_addr()?.port())?;
    let mut sink = Sink { socket, seal: sealer(args)?, client: None, seen: 0, reported: 0 };
    let mut window = args.window();
    // The first packet tells where reports go.
    while sink.client.is_none() && !parent.is_over() {
        socket::wait_readable(&[&sink.socket], SLEEP);
        sink.client = sink.socket.peek_from(&mut [0; 64]).ok().map(|(_, from)| from);
    }
    if gso {
        receive_batches(&mut sink, &mut window, parent)?
    } else {
        receive_one_by_one(&mut sink, &mut window, parent)?
    }
    say_window(&window)
}

fn receive_one_by_one(sink: &mut Sink, window: &mut Window, parent: &Parent) -> Result<()> {
    let mut buffer = vec![0; 2048];
    while !parent.is_over() {
        match sink.socket.recv_from(&mut buffer) {
            Ok((length, _)) => {
                sink.packet(buffer.get_mut(..length).unwrap_or_default())?;
                window.add(1, length as u64);
                sink.report();
            }
            Err(e) => idle_or_fail(&sink.socket, e)?,
        }
    }
    Ok(())
}

fn receive_batches(sink: &mut Sink, window: &mut Window, parent: &Parent) -> Result<()> {
    let mut batch = Batch::new(BURSTS, 1 << 16, true);
    while !parent.is_over() {
        match batch.receive(&sink.socket) {
            Ok(slots) => {
                let (mut packets, mut bytes) = (0, 0);
                for slot in 0..slots {
                    for packet in batch.datagrams(slot) {
                        sink.packet(packet)?;
                        packets += 1;
                        bytes += packet.len() as u64;
                    }
                }
                window.add(packets, bytes);
                sink.report();
            }
            Err(e) => idle_or_fail(&sink.socket, e)?,
        }
    }
    Ok(())
}

fn idle_or_fail(socket: &UdpSocket, error: std::io::Error) -> Result<()> {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::Interrupted => socket::wait_readable(&[socket], SLEEP),
        // The other end is gone: the driver ends us.
        ErrorKind::ConnectionRefused => std::thread::sleep(SLEEP),
        _ => return Err(error.into()),
    }
    Ok(())
}

/// What the client knows about its packets.
struct Flow {
    socket: UdpSocket,
    sent: u64,
    seen: u64,
}

impl Flow {
    /// Waits until `count` more packets may go.
    fn wait_for(&mut self, count: u64, end: Instant) {
        let mut begin = None;
        while self.sent + count > self.seen + WINDOW {
            let mut report = [0; 8];
            if self.socket.recv(&mut report).is_ok() {
                self.seen = self.seen.max(u64::from_le_bytes(report));
                continue;
            }
            let now = Instant::now();
            if now - *begin.get_or_insert(now) > STALLED {
                self.seen = self.sent;
            }
            if now >= end {
                return;
            }
            std::hint::spin_loop();
        }
    }
}

fn flood(args: &ChildArgs) -> Result<()> {
    let socket = socket::bind()?;
    socket.connect(args.server())?;
    socket.set_nonblocking(true)?;
    let size = datagram(args);
    let gso = args.is("io", "gso");
    let segments = if gso { (BURST / size).min(SEGMENTS_MAX) } else { 1 };
    let slots = if gso { BURSTS } else { 1 };
    if gso {
        socket::send_segments(&socket, size)?;
    }
    let seal = sealer(args)?;
    let mut batch = Batch::new(slots, segments * size, false);
    let mut flow = Flow { socket, sent: 0, seen: 0 };
    let end = Instant::now() + args.send_for();
    while Instant::now() < end {
        flow.wait_for((segments * slots) as u64, end);
        for (packet, number) in batch.buffer.chunks_mut(size).zip(flow.sent..) {
            match &seal {
                Some(seal) => seal.seal(number, packet)?,
                None => packet[NUMBER].copy_from_slice(&number.to_le_bytes()),
            }
        }
        let sent =
            if gso { batch.send(&flow.socket, slots) } else { flow.socket.send(&batch.buffer).map(|_| 1) };
        match sent {
            Ok(sent) => flow.sent += (sent * segments) as u64,
            Err(e) if e.kind() == ErrorKind::WouldBlock => std::hint::spin_loop(),
            Err(e) => return Err(e.into()),
        }
    }
    say("tx_msgs", flow.sent)
}

/// A socket that is waited for as an event loop does.
struct Waiter {
    socket: UdpSocket,
    epoll: Epoll,
    busy: bool,
}

impl Waiter {
    fn new(socket: UdpSocket, args: &ChildArgs) -> Result<Self> {
        socket.set_nonblocking(true)?;
        let epoll = Epoll::new(EpollCreateFlags::empty())?;
        epoll.add(&socket, EpollEvent::new(EpollFlags::EPOLLIN, 0))?;
        Ok(Self { socket, epoll, busy: args.is("poll", "busy") })
    }

    fn wait(&self) -> Result<()> {
        if self.busy {
            std::hint::spin_loop();
            return Ok(());
        }
        let sleep = EpollTimeout::try_from(SLEEP).map_err(|_| "a wait that is too long")?;
        match self.epoll.wait(&mut [EpollEvent::empty()], sleep) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => Ok(()),
            Err(e) => Err(Error::from(e)),
        }
    }
}

fn echo(args: &ChildArgs, parent: &Parent) -> Result<()> {
    let socket = socket::bind()?;
    say("port", socket.local_addr()?.port())?;
    let waiter = Waiter::new(socket, args)?;
    let mut buffer = [0; 2048];
    while !parent.is_over() {
        waiter.wait()?;
        while let Ok((length, from)) = waiter.socket.recv_from(&mut buffer) {
            // An answer that is lost is asked for again.
            let _ = waiter.socket.send_to(&buffer[..length], from);
        }
    }
    Ok(())
}

fn ping(args: &ChildArgs) -> Result<()> {
    let socket = socket::bind()?;
    socket.connect(args.server())?;
    let waiter = Waiter::new(socket, args)?;
    let message = vec![1; args.size()];
    let mut buffer = [0; 2048];
    measure_rtt(args, || {
        let begin = Instant::now();
        waiter.socket.send(&message)?;
        while waiter.socket.recv(&mut buffer).is_err() {
            if begin.elapsed() > ANSWER_WITHIN {
                return Ok(false);
            }
            waiter.wait()?;
        }
        Ok(true)
    })
}
