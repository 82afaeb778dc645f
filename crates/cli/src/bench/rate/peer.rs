//! Who receives our flows, in the far namespace: our own library, or the reference library.

use super::cable::Lab;
use super::failed;
use super::flows::context;
use crate::exit::Failure;
use gamesockets::{ConnectionHandle, ConnectionState, Context, Event, Message, PollGroup};
use gamesockets_reference::{Gns, log_count};
use std::collections::HashMap;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// The lane of voice messages.
pub(super) const VOICE_LANE: u16 = 1;
/// Rest of the reference library's application between two looks.
const PAUSE: Duration = Duration::from_millis(1);
/// The reference library wants to be told a port; the namespace is ours alone.
const PORT: u16 = 27_015;
/// The reference library's numbers of states.
const CONNECTING: i32 = 1;
const CLOSED_BY_PEER: i32 = 4;
const PROBLEM: i32 = 5;
/// What its log says of data that it throws away because it is beyond its limits, at most some times a second.
const REFUSED: &str = "decode pkt";

/// What arrived so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Arrivals {
    /// Payload bytes of each flow, in the order in which they connected.
    pub(super) bytes: Vec<u64>,
    /// How long voice messages took, microseconds.
    pub(super) voice_us: Vec<u64>,
    /// Complaints of the reference library about data beyond its limits.
    pub(super) refused: usize,
}

impl Arrivals {
    fn take_in(&mut self, flow: usize, lane: u16, payload: &[u8], now_us: u64) {
        if lane == VOICE_LANE {
            let sent = payload.first_chunk().map_or(now_us, |b| u64::from_le_bytes(*b));
            self.voice_us.push(now_us.saturating_sub(sent));
        } else if let Some(bytes) = self.bytes.get_mut(flow) {
            *bytes += payload.len() as u64;
        }
    }
}

/// The receiver. Times count from a moment that it shares with the sender.
pub(super) enum Peer {
    Own(Own),
    Reference(Reference),
}

impl Peer {
    pub(super) const fn address(&self) -> SocketAddr {
        match self {
            Self::Own(own) => own.address,
            Self::Reference(reference) => reference.address,
        }
    }

    /// Accepts who comes, and adds what arrived.
    pub(super) fn turn(&mut self, arrivals: &mut Arrivals) -> Result<(), Failure> {
        match self {
            Self::Own(own) => own.turn(arrivals),
            Self::Reference(reference) => reference.turn(arrivals),
        }
    }
}

pub(super) struct Own {
    context: Context,
    group: PollGroup,
    address: SocketAddr,
    by_handle: HashMap<ConnectionHandle, usize>,
    inbox: Vec<Message>,
    began: Instant,
}

impl Own {
    pub(super) fn new(lab: &Lab, began: Instant) -> Result<Self, Failure> {
        let any = SocketAddr::from((lab.far.address, 0));
        let (context, listener) = lab.far.within(move || {
            let receiver = context()?;
            let listener = receiver.listen(any).map_err(failed)?;
            Ok::<_, Failure>((receiver, listener))
        })??;
        let group = context.create_poll_group().map_err(failed)?;
        let address = listener.local_addr();
        Ok(Self { context, group, address, by_handle: HashMap::new(), inbox: Vec::new(), began })
    }

    fn turn(&mut self, arrivals: &mut Arrivals) -> Result<(), Failure> {
        for event in self.context.poll_events() {
            let Event::ConnectionStatusChanged { connection, listener, new, .. } = event else { continue };
            if new == ConnectionState::Connecting && listener.is_some() {
                connection.set_poll_group(Some(&self.group)).map_err(failed)?;
                connection.accept().map_err(failed)?;
                self.by_handle.insert(connection.handle(), arrivals.bytes.len());
                arrivals.bytes.push(0);
            }
        }
        self.group.receive_into(&mut self.inbox, usize::MAX).map_err(failed)?;
        let now = self.began.elapsed().as_micros() as u64;
        for message in self.inbox.drain(..) {
            if let Some(flow) = self.by_handle.get(&message.connection()) {
                arrivals.take_in(*flow, message.lane(), message.payload(), now);
            }
        }
        Ok(())
    }
}

/// The reference library with its default settings, and a thread that reads what it received.
pub(super) struct Reference {
    address: SocketAddr,
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    stop: AtomicBool,
    arrivals: Mutex<Arrivals>,
    /// What went wrong.
    error: Mutex<Option<String>>,
}

impl Reference {
    pub(super) fn new(lab: &Lab, library: OsString, began: Instant) -> Result<Self, Failure> {
        let address = SocketAddr::from((lab.far.address, PORT));
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        let thread = lab.far.within(move || {
            thread::spawn(move || {
                if let Err(error) = receive(&library, address, began, &shared) {
                    *shared.error.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                }
            })
        })?;
        Ok(Self { address, state, thread: Some(thread) })
    }

    fn turn(&self, arrivals: &mut Arrivals) -> Result<(), Failure> {
        if let Some(error) = self.state.error.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return Err(failed(error));
        }
        let mut there = self.state.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
        arrivals.bytes.clone_from(&there.bytes);
        arrivals.voice_us.append(&mut there.voice_us);
        arrivals.refused = there.refused;
        Ok(())
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        self.state.stop.store(true, Relaxed);
        // The next row starts the library again.
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Receives until told to stop.
fn receive(library: &OsString, at: SocketAddr, began: Instant, state: &State) -> Result<(), String> {
    let gns = Gns::start(library, None)?;
    gns.changes();
    gns.listen(at, &[])?;
    let complained = log_count(REFUSED);
    let mut flows = Vec::new();
    while !state.stop.load(Relaxed) {
        for change in gns.changes() {
            match change.info.state {
                CONNECTING if change.info.listener != 0 && !flows.contains(&change.conn) => {
                    gns.accept(change.conn);
                    flows.push(change.conn);
                    state.arrivals.lock().unwrap_or_else(PoisonError::into_inner).bytes.push(0);
                }
                CLOSED_BY_PEER | PROBLEM => {
                    return Err(format!(
                        "the reference library lost a connection: {}",
                        change.info.end_debug
                    ));
                }
                _ => {}
            }
        }
        for (flow, connection) in flows.iter().enumerate() {
            let messages = gns.receive(*connection);
            let now = began.elapsed().as_micros() as u64;
            let mut arrivals = state.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
            for message in messages {
                arrivals.take_in(flow, message.lane, &message.data, now);
            }
            arrivals.refused = log_count(REFUSED).saturating_sub(complained);
        }
        thread::sleep(PAUSE);
    }
    Ok(())
}
