//! What goes over the link: our connections, and TCP of the kernel.

use super::cable::Lab;
use super::failed;
use super::peer::{Arrivals, Own, Peer, Reference, VOICE_LANE};
use crate::exit::{Code, Failure};
use gamesockets::config::{ConfigKey, ConfigValue, Scope};
use gamesockets::{Connection, ConnectionState, Context, Event, LaneConfig, SendFlags};
use nix::sys::socket::{setsockopt, sockopt};
use std::ffi::OsString;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

const BULK: usize = 8000;
/// Bytes that wait in the sender.
const WAITING: u32 = 800_000;
const VOICE: usize = 100;
const VOICE_EVERY: Duration = Duration::from_millis(20);
const PAUSE: Duration = Duration::from_millis(1);
/// Longer than anything waits in the link.
const SETTLE: Duration = Duration::from_millis(400);
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// Limits of the estimation, bytes per second.
const RATE_MIN: i32 = 16 * 1024;
const RATE_MAX: i32 = 100 << 20;

/// Our senders in the near namespace, and a receiver in the far one.
pub(super) struct Ours<'a> {
    lab: &'a Lab,
    sender: Arc<Context>,
    peer: Peer,
    pub(super) flows: Vec<Connection>,
    pub(super) arrivals: Arrivals,
    voice: Option<Instant>,
    began: Instant,
}

pub(super) fn context() -> Result<Context, Failure> {
    let context = Context::new().map_err(failed)?;
    for (key, value) in [
        (ConfigKey::SendRateMin, RATE_MIN),
        (ConfigKey::SendRateMax, RATE_MAX),
        (ConfigKey::SendBufferSize, 4 << 20),
        (ConfigKey::RecvBufferSize, 16 << 20),
        (ConfigKey::RecvBufferMessages, 100_000),
    ] {
        context.set_config(Scope::Global, key, Some(ConfigValue::Int32(value))).map_err(failed)?;
    }
    Ok(context)
}

impl<'a> Ours<'a> {
    /// `reference`: the file of the reference library, if that is to receive.
    pub(super) fn new(lab: &'a Lab, reference: Option<OsString>) -> Result<Self, Failure> {
        let began = Instant::now();
        let peer = match reference {
            None => Peer::Own(Own::new(lab, began)?),
            Some(library) => Peer::Reference(Reference::new(lab, library, began)?),
        };
        Ok(Self {
            lab,
            sender: Arc::new(lab.near.within(context)??),
            peer,
            flows: Vec::new(),
            arrivals: Arrivals::default(),
            voice: None,
            began,
        })
    }

    /// One more flow; waits until it is connected.
    pub(super) fn join(&mut self) -> Result<(), Failure> {
        let (sender, to) = (Arc::clone(&self.sender), self.peer.address());
        let connection = self.lab.near.within(move || sender.connect(to))?.map_err(failed)?;
        let accepted = self.arrivals.bytes.len();
        let deadline = Instant::now() + CONNECT_WITHIN;
        while connection.state() != ConnectionState::Connected || self.arrivals.bytes.len() == accepted {
            if Instant::now() > deadline {
                return Err(Failure::new(Code::CannotConnect, "no connection over the test network"));
            }
            self.turn()?;
        }
        self.flows.push(connection);
        Ok(())
    }

    /// A second, more urgent lane beside the bulk lane of the first flow.
    pub(super) fn start_voice(&mut self) -> Result<(), Failure> {
        let lanes = [LaneConfig { priority: 1, weight: 1 }, LaneConfig { priority: 0, weight: 1 }];
        if let Some(flow) = self.flows.first() {
            flow.configure_lanes(&lanes).map_err(failed)?;
        }
        self.voice = Some(Instant::now());
        Ok(())
    }

    /// What the first flow is thought to be able to send, bytes per second.
    pub(super) fn estimate(&self) -> Result<u32, Failure> {
        let flow = self.flows.first().ok_or_else(|| failed("no flow"))?;
        Ok(flow.status().map_err(failed)?.send_rate_bytes_per_sec)
    }

    /// Fills the senders, empties the receiver, rests for a millisecond.
    pub(super) fn turn(&mut self) -> Result<(), Failure> {
        for event in self.sender.poll_events() {
            let Event::ConnectionStatusChanged { new, info, .. } = event else { continue };
            if matches!(new, ConnectionState::ClosedByPeer | ConnectionState::ProblemDetectedLocally) {
                return Err(failed(format!("connection lost: {}", info.end_debug)));
            }
        }
        self.fill()?;
        self.peer.turn(&mut self.arrivals)?;
        thread::sleep(PAUSE);
        Ok(())
    }

    /// Ends the flows, and waits until nothing of them is on its way: the next receiver has the same address.
    pub(super) fn end(self) {
        drop(self);
        thread::sleep(SETTLE);
    }

    fn fill(&mut self) -> Result<(), Failure> {
        let now = Instant::now();
        for flow in &self.flows {
            let waiting = flow.status().map_err(failed)?.pending_reliable;
            for _ in waiting / BULK as u32..WAITING / BULK as u32 {
                flow.send(&[0; BULK], SendFlags::RELIABLE).map_err(failed)?;
            }
        }
        while let (Some(due), Some(flow)) = (self.voice.filter(|due| *due <= now), self.flows.first()) {
            let mut message = [0; VOICE];
            let at = now.duration_since(self.began).as_micros() as u64;
            if let Some(place) = message.first_chunk_mut() {
                *place = at.to_le_bytes();
            }
            // What is dropped counts as never arrived.
            let _ = flow.send_on_lane(&message, SendFlags::UNRELIABLE | SendFlags::NO_NAGLE, VOICE_LANE);
            self.voice = Some(due + VOICE_EVERY);
        }
        Ok(())
    }
}

/// Names of the kernel's congestion controls that may be used.
pub(super) fn kernel_has(name: &str) -> bool {
    std::fs::read_to_string("/proc/sys/net/ipv4/tcp_available_congestion_control")
        .is_ok_and(|all| all.split_whitespace().any(|n| n == name))
}

/// A TCP flow of the kernel in bulk, until dropped.
pub(super) struct Tcp {
    stop: Arc<AtomicBool>,
    arrived: Arc<AtomicU64>,
}

impl Tcp {
    pub(super) fn start(lab: &Lab, congestion: &str) -> Result<Self, Failure> {
        let far = SocketAddr::from((lab.far.address, 0));
        let listener = lab.far.within(move || TcpListener::bind(far))??;
        let to = listener.local_addr()?;
        let stream = lab.near.within(move || TcpStream::connect(to))??;
        setsockopt(&stream, sockopt::TcpCongestion, &OsString::from(congestion))
            .map_err(|e| failed(e).about(format!("TCP congestion control {congestion}")))?;
        let (stop, arrived) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (mut incoming, _) = listener.accept()?;
        let (stopped, count) = (Arc::clone(&stop), Arc::clone(&arrived));
        let mut outgoing = stream.try_clone()?;
        thread::spawn(move || while outgoing.write_all(&[0; 1 << 16]).is_ok() {});
        thread::spawn(move || {
            let mut buffer = vec![0; 1 << 16];
            while let Ok(n @ 1..) = incoming.read(&mut buffer) {
                count.fetch_add(n as u64, Relaxed);
                if stopped.load(Relaxed) {
                    break;
                }
            }
            // The sender ends by that.
            let _ = incoming.shutdown(std::net::Shutdown::Both);
            let _ = stream.shutdown(std::net::Shutdown::Both);
        });
        Ok(Self { stop, arrived })
    }

    /// Bytes that arrived so far.
    pub(super) fn arrived(&self) -> u64 {
        self.arrived.load(Relaxed)
    }
}

impl Drop for Tcp {
    fn drop(&mut self) {
        self.stop.store(true, Relaxed);
    }
}
