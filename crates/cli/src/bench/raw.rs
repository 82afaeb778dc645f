//! Plain UDP with the same batching as ours, and nothing else: what the machine can do.

use super::peer::{Plan, Scenario, Side, result};
use super::stats::{Window, cpu_seconds, percentile, resident_bytes};
use crate::exit::{Code, Failure};
use crate::limits::allow_sockets;
use crate::process::report;
use mio::{Events, Interest, Poll, Token};
use quinn_udp::{BATCH_SIZE, RecvMeta, Transmit, UdpSocketState};
use serde_json::json;
use std::collections::HashMap;
use std::io::{self, IoSliceMut};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::{Duration, Instant};

/// Bytes of one receive buffer: the largest burst that the system puts together.
pub(super) const BURST_BYTES: usize = 65_535;
/// Bytes of the kernel's buffers, as for our own sockets.
const KERNEL_BUFFER_BYTES: usize = 4 << 20;
/// Bytes of the datagrams of a connection set-up: large enough that nobody is used as an amplifier.
const SETUP_BYTES: usize = 512;
/// Round trips of a connection set-up: the cookie, then the connection.
const SETUP_ROUND_TRIPS: u32 = 2;
/// How long to wait at most before looking whether it is over.
const WAIT: Duration = Duration::from_millis(50);

/// A socket with segmentation offload in both directions.
pub(super) struct Raw {
    pub(super) socket: mio::net::UdpSocket,
    state: UdpSocketState,
}

impl Raw {
    pub(super) fn bind() -> io::Result<Self> {
        let socket = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.set_nonblocking(true)?;
        let state = UdpSocketState::new((&socket).into())?;
        // The system may grant less; both sides of the comparison live with the same.
        let _ = state.set_recv_buffer_size((&socket).into(), KERNEL_BUFFER_BYTES);
        let _ = state.set_send_buffer_size((&socket).into(), KERNEL_BUFFER_BYTES);
        Ok(Self { socket: mio::net::UdpSocket::from_std(socket), state })
    }

    /// Datagrams that one call takes.
    pub(super) fn segments_max(&self) -> usize {
        self.state.max_gso_segments().max(1)
    }

    fn port(&self) -> io::Result<u16> {
        Ok(self.socket.local_addr()?.port())
    }

    /// Sends a burst of datagrams of `segment` bytes; false if the kernel has no room now.
    pub(super) fn send(&self, to: SocketAddr, burst: &[u8], segment: usize) -> io::Result<bool> {
        let transmit = Transmit {
            destination: to,
            ecn: None,
            contents: burst,
            segment_size: Some(segment),
            src_ip: None,
        };
        let sent = self.socket.try_io(|| self.state.try_send((&self.socket).into(), &transmit));
        match sent {
            Ok(()) => Ok(true),
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => Ok(false),
            // The other side may be gone already; datagrams get lost.
            Err(e) if e.kind() == io::ErrorKind::ConnectionRefused => Ok(true),
            Err(e) => Err(e),
        }
    }
}

/// A socket that sends and receives one datagram with one call.
pub(super) struct Plain(pub(super) mio::net::UdpSocket);

impl Plain {
    pub(super) fn bind() -> io::Result<Self> {
        let socket = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.set_nonblocking(true)?;
        // Nothing that joins datagrams is turned on here. The system may grant smaller buffers.
        #[cfg(unix)]
        {
            use rustix::net::sockopt::{set_socket_recv_buffer_size, set_socket_send_buffer_size};
            let _ = set_socket_recv_buffer_size(&socket, KERNEL_BUFFER_BYTES);
            let _ = set_socket_send_buffer_size(&socket, KERNEL_BUFFER_BYTES);
        }
        Ok(Self(mio::net::UdpSocket::from_std(socket)))
    }

    /// False if the kernel has no room now.
    pub(super) fn send(&self, to: SocketAddr, datagram: &[u8]) -> io::Result<bool> {
        match self.0.send_to(datagram, to) {
            Ok(_) => Ok(true),
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(e) if e.kind() == io::ErrorKind::ConnectionRefused => Ok(true),
            Err(e) => Err(e),
        }
    }

    /// The next datagram and its sender, if one is there.
    pub(super) fn receive<'a>(&self, memory: &'a mut [u8]) -> io::Result<Option<(SocketAddr, &'a mut [u8])>> {
        match self.0.recv_from(memory) {
            Ok((len, from)) => Ok(memory.get_mut(..len).map(|datagram| (from, datagram))),
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(e) if e.kind() == io::ErrorKind::ConnectionRefused => Ok(None),
            Err(e) => Err(e),
        }
    }
}

/// Buffers for receiving.
struct Inbox {
    memory: Vec<Vec<u8>>,
    meta: [RecvMeta; BATCH_SIZE],
}

impl Inbox {
    fn new() -> Self {
        Self { memory: vec![vec![0; BURST_BYTES]; BATCH_SIZE], meta: [RecvMeta::default(); BATCH_SIZE] }
    }

    /// Receives once, and shows each burst: sender, bytes, bytes per datagram. False if nothing was there.
    fn receive(&mut self, raw: &Raw, mut each: impl FnMut(SocketAddr, &mut [u8], usize)) -> io::Result<bool> {
        let got = {
            let mut slices: Vec<IoSliceMut<'_>> =
                self.memory.iter_mut().map(|m| IoSliceMut::new(m)).collect();
            let meta = &mut self.meta;
            raw.socket.try_io(|| raw.state.recv((&raw.socket).into(), &mut slices, meta))
        };
        let got = match got {
            Ok(got) => got,
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(false),
            Err(e) if e.kind() == io::ErrorKind::ConnectionRefused => return Ok(true),
            Err(e) => return Err(e),
        };
        for (meta, memory) in self.meta.iter().zip(&mut self.memory).take(got) {
            if let Some(burst) = memory.get_mut(..meta.len) {
                each(meta.addr, burst, meta.stride.max(1));
            }
        }
        Ok(true)
    }
}

/// Waits for one of few sockets.
pub(super) struct Waiter {
    poll: Poll,
    events: Events,
}

impl Waiter {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { poll: Poll::new()?, events: Events::with_capacity(256) })
    }

    pub(super) fn add(
        &self,
        socket: &mut mio::net::UdpSocket,
        token: usize,
        interest: Interest,
    ) -> io::Result<()> {
        self.poll.registry().register(socket, Token(token), interest)
    }

    pub(super) fn wait(&mut self) -> io::Result<()> {
        match self.poll.poll(&mut self.events, Some(WAIT)) {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => Ok(()),
            other => other,
        }
    }
}

/// Runs this process's part of a measurement; `parent` ends when the parent has seen enough.
pub(super) fn run(plan: &Plan, parent: &Receiver<String>) -> Result<(), Failure> {
    match (plan.side, plan.scenario) {
        (Side::Server, Scenario::Reliable | Scenario::Unreliable) => sink(plan, parent),
        (Side::Server, Scenario::PingPong | Scenario::Setup) => echo(parent),
        (Side::Server, Scenario::PingPongBusy) => echo_busy(parent),
        (Side::Server, Scenario::Idle | Scenario::Hold) => remember(parent),
        (Side::Client, Scenario::Reliable | Scenario::Unreliable) => flood(plan),
        (Side::Client, Scenario::PingPong) => ping_pong(plan),
        (Side::Client, Scenario::PingPongBusy) => ping_pong_busy(plan),
        (Side::Client, Scenario::Setup) => set_up(plan),
        (Side::Client, Scenario::Idle | Scenario::Hold) => open_many(plan, parent),
        (_, Scenario::Scale) => Err(Failure::new(Code::Usage, "plain UDP has no connections to count")),
    }
}

pub(super) fn is_over(parent: &Receiver<String>) -> bool {
    parent.try_recv() == Err(TryRecvError::Disconnected)
}

/// [`is_over`]; answers a parent that asks what this process took of the processor.
pub(super) fn is_over_or_answer(parent: &Receiver<String>) -> io::Result<bool> {
    match parent.try_recv() {
        Ok(_) => report(&json!({ "cpu": cpu_seconds() })).map(|()| false),
        Err(e) => Ok(e == TryRecvError::Disconnected),
    }
}

pub(super) fn serve(
    parent: &Receiver<String>,
    mut each: impl FnMut(&Raw, SocketAddr, &mut [u8], usize),
) -> Result<(), Failure> {
    let mut raw = Raw::bind()?;
    let mut waiter = Waiter::new()?;
    waiter.add(&mut raw.socket, 0, Interest::READABLE)?;
    report(&json!({ "port": raw.port()? }))?;
    let mut inbox = Inbox::new();
    while !is_over_or_answer(parent)? {
        waiter.wait()?;
        while inbox.receive(&raw, |from, burst, stride| each(&raw, from, burst, stride))? {}
    }
    Ok(())
}

fn sink(plan: &Plan, parent: &Receiver<String>) -> Result<(), Failure> {
    let mut window = Window::new(plan.warmup, plan.span);
    serve(parent, |_, _, burst, stride| {
        window.add(Instant::now(), burst.len().div_ceil(stride) as u64, burst.len() as u64);
    })?;
    report_arrivals(&window)
}

/// Tells the parent what a side that only receives has counted.
pub(super) fn report_arrivals(window: &Window) -> Result<(), Failure> {
    let rates = window.rates();
    result(json!({
        "messages_per_sec": rates.messages,
        "bytes_per_sec": rates.bytes,
        "received": window.messages(),
        "received_bytes": window.bytes(),
    }))
}

fn echo_busy(parent: &Receiver<String>) -> Result<(), Failure> {
    let plain = Plain::bind()?;
    report(&json!({ "port": plain.0.local_addr()?.port() }))?;
    let mut memory = vec![0; BURST_BYTES];
    while !is_over(parent) {
        if let Some((from, datagram)) = plain.receive(&mut memory)? {
            plain.send(from, datagram)?;
        }
    }
    result(json!({}))
}

fn ping_pong_busy(plan: &Plan) -> Result<(), Failure> {
    let plain = Plain::bind()?;
    let (ball, mut memory) = (vec![0x5a; plan.size.max(1)], vec![0; BURST_BYTES]);
    let mut times = Vec::new();
    let until = Instant::now() + plan.span;
    while Instant::now() < until && times.len() < plan.count {
        let start = Instant::now();
        plain.send(plan.to, &ball)?;
        let mut back = false;
        // A datagram lost on the way costs one try.
        while !back && start.elapsed() < Duration::from_secs(1) {
            back = plain.receive(&mut memory)?.is_some();
        }
        if back {
            times.push(start.elapsed().as_secs_f64() * 1e6);
        }
    }
    report_times(&mut times)
}

/// Tells the parent about round trips, microseconds.
pub(super) fn report_times(times: &mut [f64]) -> Result<(), Failure> {
    result(json!({
        "round_trips": times.len(),
        "p50_us": percentile(times, 50.0),
        "p99_us": percentile(times, 99.0),
    }))
}

fn echo(parent: &Receiver<String>) -> Result<(), Failure> {
    let mut failed = None;
    serve(parent, |raw, from, burst, stride| {
        // A reply that finds no room is lost like any datagram; the client asks again.
        if let Err(e) = raw.send(from, burst, stride) {
            failed = Some(e);
        }
    })?;
    result(json!({}))?;
    failed.map_or(Ok(()), |e| Err(e.into()))
}

fn remember(parent: &Receiver<String>) -> Result<(), Failure> {
    let mut known: HashMap<SocketAddr, Instant> = HashMap::new();
    let before = resident_bytes();
    serve(parent, |_, from, _, _| {
        known.insert(from, Instant::now());
    })?;
    let count = known.len();
    let grown = resident_bytes().zip(before).map(|(after, before)| after.saturating_sub(before));
    result(json!({ "connections": count, "grown_bytes": grown }))
}

fn flood(plan: &Plan) -> Result<(), Failure> {
    let mut raw = Raw::bind()?;
    let mut waiter = Waiter::new()?;
    waiter.add(&mut raw.socket, 0, Interest::WRITABLE)?;
    let segment = plan.size.clamp(1, super::RAW_DATAGRAM_BYTES_MAX);
    let count = raw.state.max_gso_segments().min(BURST_BYTES / segment).max(1);
    let burst = vec![0x5a; segment * count];
    let until = Instant::now() + plan.warmup + plan.span + plan.span / 4;
    let mut sent = 0u64;
    while Instant::now() < until {
        if raw.send(plan.to, &burst, segment)? {
            sent += count as u64;
        } else {
            waiter.wait()?;
        }
    }
    result(json!({ "sent": sent }))
}

fn ping_pong(plan: &Plan) -> Result<(), Failure> {
    let mut raw = Raw::bind()?;
    let mut waiter = Waiter::new()?;
    waiter.add(&mut raw.socket, 0, Interest::READABLE)?;
    let mut inbox = Inbox::new();
    let ball = vec![0x5a; plan.size.max(1)];
    let mut times = Vec::new();
    let until = Instant::now() + plan.span;
    while Instant::now() < until && times.len() < plan.count {
        let start = Instant::now();
        raw.send(plan.to, &ball, ball.len())?;
        let mut back = false;
        // A datagram lost on the way costs one try.
        while !back && start.elapsed() < Duration::from_secs(1) {
            inbox.receive(&raw, |_, _, _| back = true)?;
            if !back {
                waiter.wait()?;
            }
        }
        if back {
            times.push(start.elapsed().as_secs_f64() * 1e6);
        }
    }
    report_times(&mut times)
}

/// One attempt to set up a connection: its socket, when it began, and the round trips that are left.
struct Attempt {
    raw: Raw,
    start: Instant,
    left: u32,
}

fn set_up(plan: &Plan) -> Result<(), Failure> {
    let mut waiter = Waiter::new()?;
    let mut inbox = Inbox::new();
    let datagram = [0x5a; SETUP_BYTES];
    let start_one = |waiter: &Waiter, token: usize| -> io::Result<Attempt> {
        let start = Instant::now();
        let mut raw = Raw::bind()?;
        waiter.add(&mut raw.socket, token, Interest::READABLE)?;
        raw.send(plan.to, &datagram, SETUP_BYTES)?;
        Ok(Attempt { raw, start, left: SETUP_ROUND_TRIPS })
    };
    let mut attempts = Vec::new();
    for token in 0..plan.concurrency {
        attempts.push(start_one(&waiter, token)?);
    }
    let (begin, mut times) = (Instant::now(), Vec::new());
    while begin.elapsed() < plan.span {
        waiter.wait()?;
        let ready: Vec<usize> = waiter.events.iter().map(|e| e.token().0).collect();
        for token in ready {
            let Some(attempt) = attempts.get_mut(token) else { continue };
            let mut answers = 0;
            while inbox.receive(&attempt.raw, |_, _, _| answers += 1)? {}
            if answers == 0 {
                continue;
            }
            attempt.left -= 1;
            if attempt.left == 0 {
                times.push(attempt.start.elapsed().as_secs_f64() * 1e6);
                *attempt = start_one(&waiter, token)?;
            } else {
                attempt.raw.send(plan.to, &datagram, SETUP_BYTES)?;
            }
        }
    }
    let per_sec = times.len() as f64 / begin.elapsed().as_secs_f64();
    result(json!({ "set_ups_per_sec": per_sec, "p50_us": percentile(&mut times, 50.0) }))
}

fn open_many(plan: &Plan, parent: &Receiver<String>) -> Result<(), Failure> {
    allow_sockets(plan.count)?;
    let before = resident_bytes();
    let mut open = Vec::with_capacity(plan.count);
    for _ in 0..plan.count {
        let raw = Raw::bind()?;
        raw.send(plan.to, &[0x5a; SETUP_BYTES], SETUP_BYTES)?;
        open.push(raw);
    }
    let grown = resident_bytes().zip(before).map(|(after, before)| after.saturating_sub(before));
    let cpu = cpu_seconds();
    report(&json!({ "settled": open.len() }))?;
    std::thread::sleep(plan.span);
    let cpu_share = (cpu_seconds() - cpu) / plan.span.as_secs_f64();
    result(json!({ "connections": open.len(), "grown_bytes": grown, "cpu_share": cpu_share }))?;
    while !is_over(parent) {
        std::thread::sleep(WAIT);
    }
    Ok(())
}
