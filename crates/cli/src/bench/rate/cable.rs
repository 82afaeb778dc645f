//! The link: two network namespaces of this process, a TUN device in each, and a cable in user space between them with
//! a rate, a delay, a queue and loss. All of it goes away with the process.

use super::failed;
use crate::exit::{Code, Failure};
use nix::sched::{CloneFlags, unshare};
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use tun_rs::{DeviceBuilder, SyncDevice};

/// Bytes of the largest packet, as on Ethernet.
const MTU: u16 = 1500;
/// Both ends are in one network of this size.
const NETMASK_BITS: u8 = 24;
/// Packets between the two ends of the cable: more than any delay times rate asked for here.
const PACKETS_MAX: usize = 100_000;
/// Queueing delays kept until they are taken: several minutes at the highest rate.
const SAMPLES_MAX: usize = 4_000_000;

type Job = Box<dyn FnOnce() + Send>;

/// A network namespace: sockets belong to the one that the thread which opens them is in.
pub(super) struct Namespace {
    jobs: Sender<Job>,
    pub(super) address: Ipv4Addr,
}

impl Namespace {
    fn new(address: Ipv4Addr) -> Result<(Self, SyncDevice), Failure> {
        let (jobs, inbox) = channel::<Job>();
        let (tell, told) = sync_channel(1);
        thread::spawn(move || {
            let made = unshare(CloneFlags::CLONE_NEWNET)
                .map_err(|e| missing(format!("no network namespace ({e})")))
                .and_then(|()| device(address));
            let fine = made.is_ok();
            if tell.send(made).is_ok() && fine {
                inbox.into_iter().for_each(|job| job());
            }
        });
        Ok((Self { jobs, address }, told.recv().map_err(failed)??))
    }

    /// Runs `what` on the thread in this namespace; threads that it starts are in it as well.
    pub(super) fn within<T: Send + 'static>(
        &self,
        what: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let (tell, told) = sync_channel(1);
        let job = move || {
            // Nobody waits for the answer only if the command is over.
            let _ = tell.send(what());
        };
        self.jobs.send(Box::new(job)).map_err(failed)?;
        told.recv().map_err(failed)
    }
}

fn missing(what: impl std::fmt::Display) -> Failure {
    let text = format!(
        "this machine cannot have the test network: {what}; needed are Linux, /dev/net/tun, and either root or \
         unprivileged user namespaces"
    );
    Failure::new(Code::Unavailable, text)
}

fn device(address: Ipv4Addr) -> Result<SyncDevice, Failure> {
    let device = DeviceBuilder::new().ipv4(address, NETMASK_BITS, None).mtu(MTU).build_sync();
    device.map_err(|e| missing(format!("no TUN device ({e})")))
}

/// What the cable does to packets, changeable while it runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    /// Bytes per second from the first namespace to the second; the other direction is not limited.
    pub(super) rate: u64,
    /// Each way.
    pub(super) delay: Duration,
    /// Bytes that wait at most.
    pub(super) queue_bytes: u64,
    /// Share lost at random, per mille.
    pub(super) loss: u64,
}

#[derive(Debug, Default)]
struct Shared {
    rate: AtomicU64,
    delay_us: AtomicU64,
    queue_bytes: AtomicU64,
    loss: AtomicU64,
    /// Queueing delays of the packets since they were taken last, microseconds.
    waited_us: Mutex<Vec<u64>>,
}

/// Two namespaces and what is between them.
pub(super) struct Lab {
    pub(super) near: Namespace,
    pub(super) far: Namespace,
    shared: Arc<Shared>,
}

impl Lab {
    /// Makes everything. To be called before the process has other threads: user namespaces ask for that.
    pub(super) fn new() -> Result<Self, Failure> {
        if !nix::unistd::geteuid().is_root() {
            unshare(CloneFlags::CLONE_NEWUSER).map_err(|e| missing(format!("no user namespace ({e})")))?;
        }
        let (near, near_device) = Namespace::new(Ipv4Addr::new(10, 77, 0, 1))?;
        let (far, far_device) = Namespace::new(Ipv4Addr::new(10, 77, 0, 2))?;
        let shared = Arc::new(Shared::default());
        let ends = (Arc::new(near_device), Arc::new(far_device));
        direction(&ends.0, &ends.1, &shared, true);
        direction(&ends.1, &ends.0, &shared, false);
        Ok(Self { near, far, shared })
    }

    /// Packets that come from now on are treated like this.
    pub(super) fn set(&self, link: Link) {
        self.shared.rate.store(link.rate, Relaxed);
        self.shared.delay_us.store(link.delay.as_micros() as u64, Relaxed);
        self.shared.queue_bytes.store(link.queue_bytes, Relaxed);
        self.shared.loss.store(link.loss, Relaxed);
    }

    /// How long packets waited for the rate limit since the last call, microseconds.
    pub(super) fn take_waits(&self) -> Vec<u64> {
        std::mem::take(&mut *self.shared.waited_us.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// One direction: a thread takes packets and says when they are due, another one delivers them in order.
fn direction(from: &Arc<SyncDevice>, to: &Arc<SyncDevice>, shared: &Arc<Shared>, limited: bool) {
    let (put, due) = sync_channel(PACKETS_MAX);
    let (from, to, shared) = (Arc::clone(from), Arc::clone(to), Arc::clone(shared));
    thread::spawn(move || take(&from, &shared, limited, &put));
    thread::spawn(move || deliver(&to, &due));
}

fn take(from: &SyncDevice, shared: &Shared, limited: bool, put: &SyncSender<(Instant, Vec<u8>)>) {
    let mut buffer = [0; 1 << 16];
    let mut free = Instant::now();
    let mut random = 0x9E37_79B9_7F4A_7C15u64;
    while let Ok(bytes) = from.recv(&mut buffer) {
        let Some(packet) = buffer.get(..bytes).filter(|p| p.first().is_some_and(|b| b >> 4 == 4)) else {
            continue;
        };
        let now = Instant::now();
        let mut leaves = now;
        if limited {
            let rate = shared.rate.load(Relaxed).max(1);
            let begins = free.max(now);
            let wait = begins - now;
            if wait.as_micros() as u64 * rate / 1_000_000 + bytes as u64 > shared.queue_bytes.load(Relaxed) {
                continue;
            }
            let mut waits = shared.waited_us.lock().unwrap_or_else(PoisonError::into_inner);
            if waits.len() < SAMPLES_MAX {
                waits.push(wait.as_micros() as u64);
            }
            free = begins + Duration::from_nanos(bytes as u64 * 1_000_000_000 / rate);
            leaves = free;
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            if random % 1000 < shared.loss.load(Relaxed) {
                continue;
            }
        }
        let delay = Duration::from_micros(shared.delay_us.load(Relaxed));
        if put.send((leaves + delay, packet.to_vec())).is_err() {
            return;
        }
    }
}

fn deliver(to: &SyncDevice, due: &Receiver<(Instant, Vec<u8>)>) {
    while let Ok((at, packet)) = due.recv() {
        let wait = at.saturating_duration_since(Instant::now());
        if !wait.is_zero() {
            thread::sleep(wait);
        }
        // A full device drops it, like any network.
        let _ = to.send(&packet);
    }
}
