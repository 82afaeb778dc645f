//! Round trips of 64 bytes between two threads, in several styles of waiting.

use crate::How;
use crate::report::{Report, figure};
use bench_common::process::pin;
use bench_common::stats::percentile_us;
use bench_common::{Result, socket};
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use std::io::ErrorKind;
use std::net::UdpSocket;
use std::time::{Duration, Instant};

const SIZE: usize = 64;
/// Round trips that are kept.
const COUNT_MAX: usize = 200_000;
/// An answer that takes longer means that something is broken.
const WITHIN: Duration = Duration::from_secs(2);

/// How a thread waits for a datagram.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Style {
    /// Asks again and again
    Spinning,
    /// Sleeps in the receiving call
    Blocking,
    /// Tries, and sleeps in epoll: as an event loop does
    Epoll,
}

/// A socket and its way of waiting.
struct End {
    socket: UdpSocket,
    style: Style,
    epoll: Epoll,
}

impl End {
    fn new(socket: UdpSocket, style: Style) -> Result<Self> {
        socket.set_nonblocking(style != Style::Blocking)?;
        socket.set_read_timeout(Some(WITHIN))?;
        let epoll = Epoll::new(EpollCreateFlags::empty())?;
        epoll.add(&socket, EpollEvent::new(EpollFlags::EPOLLIN, 0))?;
        Ok(Self { socket, style, epoll })
    }

    fn receive(&self, buffer: &mut [u8]) -> Result<usize> {
        let begin = Instant::now();
        loop {
            match self.socket.recv(buffer) {
                Ok(length) => return Ok(length),
                Err(e) if e.kind() != ErrorKind::WouldBlock || self.style == Style::Blocking => {
                    return Err(e.into());
                }
                Err(_) => {}
            }
            if begin.elapsed() > WITHIN {
                return Err("no answer".into());
            }
            match self.style {
                Style::Epoll => drop(self.epoll.wait(&mut [EpollEvent::empty()], EpollTimeout::from(100u8))?),
                Style::Spinning | Style::Blocking => std::hint::spin_loop(),
            }
        }
    }
}

/// Answers until an empty datagram comes.
fn echo(end: &End, cpu: usize) -> Result<()> {
    pin(cpu)?;
    let mut buffer = [0; 2048];
    loop {
        let length = end.receive(&mut buffer)?;
        if length == 0 {
            return Ok(());
        }
        end.socket.send(buffer.get(..length).unwrap_or_default())?;
    }
}

fn ping(end: &End, cpu: usize, span: Duration) -> Result<Vec<u64>> {
    pin(cpu)?;
    let (mut times, begin, mut buffer) = (Vec::new(), Instant::now(), [0; 2048]);
    while times.len() < COUNT_MAX && begin.elapsed() < span {
        let once = Instant::now();
        end.socket.send(&[1; SIZE])?;
        end.receive(&mut buffer)?;
        times.push(u64::try_from(once.elapsed().as_nanos())?);
    }
    Ok(times)
}

fn measure(style: Style, cpus: [usize; 2], span: Duration) -> Result<Vec<u64>> {
    let (a, b) = socket::pair()?;
    let (a, b) = (End::new(a, style)?, End::new(b, style)?);
    std::thread::scope(|scope| {
        let answering = scope.spawn(|| echo(&b, cpus[1]));
        let asking = scope.spawn(|| ping(&a, cpus[0], span)).join();
        a.socket.send(&[])?;
        answering.join().map_err(|_| "the echo panicked")??;
        asking.map_err(|_| "the ping panicked")?
    })
}

pub(crate) fn run(how: &How) -> Result<Report> {
    let cases = [
        ("rtt spinning, two cores", Style::Spinning, [0, 1]),
        ("rtt blocking, two cores", Style::Blocking, [0, 1]),
        ("rtt blocking, one core", Style::Blocking, [0, 0]),
        ("rtt epoll, two cores", Style::Epoll, [0, 1]),
        ("rtt epoll, one core", Style::Epoll, [0, 0]),
    ];
    let mut report = Report::default();
    for _ in 0..how.reps {
        for (name, style, cpus) in cases.iter().filter(|(name, ..)| name.contains(&how.only)) {
            report.take(|| {
                let mut times = measure(*style, *cpus, how.span())?;
                let percentiles = [("p0 us", 0.0), ("p50 us", 50.0), ("p99 us", 99.0)];
                Ok(percentiles.map(|(unit, p)| figure(name, unit, percentile_us(&mut times, p))).into())
            })?;
        }
    }
    Ok(report)
}
