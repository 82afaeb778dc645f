//! One fixed piece of work of the engine, for an instrument that counts instructions (`./x counts`).
//!
//! `counts CASE` builds the same world every time: two endpoints, a cable of 1 ms, a clock that jumps from event to
//! event, one seed. The cases build on each other, so that the difference of two totals is the cost of one step alone.
#![forbid(unsafe_code)]

use core::net::SocketAddr;
use gamesockets_endpoint::{ConnId, Endpoint, EndpointConfig, Event, SocketId};
use gamesockets_proto::config::ConnConfig;
use gamesockets_proto::connection::ConnectionState;
use gamesockets_proto::message::{Message, SendFlags};
use gamesockets_wire::time::Timestamp;
use std::collections::VecDeque;
use std::process::ExitCode;
use std::sync::Arc;

/// Virtual time from one end of the cable to the other, microseconds.
const DELAY_US: u64 = 1_000;
/// Bytes per second and direction: enough to keep the pacer out of the picture, low enough to be possible.
const RATE: i32 = 20_000_000;
/// Bytes that may wait at the sender: more than any case sends.
const BUFFER: i32 = 4 << 20;
/// Small messages of the case `sends`.
const SENDS: usize = 1_000;
/// Bytes of a small message.
const SMALL_BYTES: usize = 64;
/// Messages of the case `bulk`, together 1 MiB.
const BLOCKS: usize = 64;
/// Bytes of a message of the case `bulk`.
const BLOCK_BYTES: usize = 16 << 10;
/// Virtual time within which everything sent has arrived, microseconds.
const PATIENCE_US: u64 = 10_000_000;
/// Virtual time of the case `idle`, microseconds.
const HOUR_US: u64 = 3_600_000_000;
/// Datagrams of one burst.
const BURST: usize = 16;

const SERVER: usize = 0;
const CLIENT: usize = 1;
const ADDRESSES: [([u8; 4], u16); 2] = [([10, 0, 0, 1], 1000), ([10, 0, 0, 2], 1000)];

type Outcome<T> = Result<T, String>;

/// A burst under way.
struct Flight {
    arrives: Timestamp,
    to: usize,
    segment: usize,
    data: Vec<u8>,
}

/// Two endpoints and the cable.
struct World {
    now: Timestamp,
    ends: [Endpoint; 2],
    cable: VecDeque<Flight>,
    server_side: Option<ConnId>,
}

fn main() -> ExitCode {
    let case = std::env::args().nth(1).unwrap_or_default();
    match run(&case) {
        Ok(()) => {
            println!("cpu {}", cpu());
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("counts {case}: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run(case: &str) -> Outcome<()> {
    let mut world = World::new()?;
    if case == "nothing" {
        return Ok(());
    }
    let client = world.connect()?;
    match case {
        "handshake" => Ok(()),
        "sends" => world.deliver(client, &[1; SMALL_BYTES], SENDS),
        "bulk" => world.deliver(client, &[2; BLOCK_BYTES], BLOCKS),
        "idle" => world.idle(client),
        _ => Err("the cases are nothing, handshake, sends, bulk, idle".into()),
    }
}

/// What decides which code the cryptography and the copying take.
fn cpu() -> String {
    #[cfg(target_arch = "x86_64")]
    {
        let has = |name: &str, yes: bool| if yes { format!("+{name}") } else { format!("-{name}") };
        [
            has("aes", std::is_x86_feature_detected!("aes")),
            has("avx2", std::is_x86_feature_detected!("avx2")),
            has("pclmulqdq", std::is_x86_feature_detected!("pclmulqdq")),
            has("sha", std::is_x86_feature_detected!("sha")),
            has("vaes", std::is_x86_feature_detected!("vaes")),
        ]
        .join("")
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        std::env::consts::ARCH.into()
    }
}

fn config() -> Arc<ConnConfig> {
    Arc::new(ConnConfig {
        send_rate_min: RATE,
        send_rate_max: RATE,
        send_buffer_size: BUFFER,
        recv_buffer_size: BUFFER,
        ..ConnConfig::default()
    })
}

impl World {
    fn new() -> Outcome<Self> {
        let now = Timestamp::from_micros(5_000_000);
        let end = |seed| Endpoint::new(EndpointConfig::default(), [seed; 32], now);
        let mut world = Self { now, ends: [end(1), end(2)], cable: VecDeque::new(), server_side: None };
        let at = SocketAddr::from(ADDRESSES[SERVER]);
        world.ends[SERVER].listen(now, SocketId(0), at, config()).map_err(|e| e.to_string())?;
        Ok(world)
    }

    /// A handshake, until both ends are connected.
    fn connect(&mut self) -> Outcome<ConnId> {
        let to = SocketAddr::from(ADDRESSES[SERVER]);
        let client =
            self.ends[CLIENT].connect(self.now, SocketId(0), to, config()).map_err(|e| e.to_string())?;
        let until = self.now.plus_micros(PATIENCE_US);
        while self.state(Some(client), CLIENT) != ConnectionState::Connected
            || self.state(self.server_side, SERVER) != ConnectionState::Connected
        {
            self.turn(until)?;
        }
        Ok(client)
    }

    fn state(&self, id: Option<ConnId>, end: usize) -> ConnectionState {
        id.map_or(ConnectionState::None, |id| self.ends[end].state(id))
    }

    /// Sends `count` times `payload`, reliably, until the server has received and the client knows it.
    fn deliver(&mut self, client: ConnId, payload: &[u8], count: usize) -> Outcome<()> {
        let server = self.server_side.ok_or("the server has no connection")?;
        let until = self.now.plus_micros(PATIENCE_US);
        for _ in 0..count {
            self.ends[CLIENT]
                .send(self.now, client, payload, SendFlags::RELIABLE, 0)
                .map_err(|e| e.to_string())?;
        }
        let (mut got, mut arrived) = (Vec::<Message>::new(), 0);
        while arrived < count {
            self.turn(until)?;
            self.ends[SERVER].receive(server, &mut got, count).map_err(|e| e.to_string())?;
            arrived += got.iter().filter(|message| message.payload == payload).count();
            got.clear();
        }
        Ok(())
    }

    /// An hour in which nobody sends.
    fn idle(&mut self, client: ConnId) -> Outcome<()> {
        let until = self.now.plus_micros(HOUR_US);
        while self.turn(until).is_ok() {}
        let states = [self.state(self.server_side, SERVER), self.state(Some(client), CLIENT)];
        if states == [ConnectionState::Connected; 2] {
            return Ok(());
        }
        Err(format!("the idle connection ended: {states:?}"))
    }

    /// Everything due now, then on to the next event; an error if that is not before `until`.
    fn turn(&mut self, until: Timestamp) -> Outcome<()> {
        for (index, end) in self.ends.iter_mut().enumerate() {
            end.handle_timeout(self.now);
            let mut data = Vec::new();
            while let Some(transmit) = end.poll_transmit(self.now, &mut data, BURST) {
                self.cable.push_back(Flight {
                    arrives: self.now.plus_micros(DELAY_US),
                    to: 1 - index,
                    segment: transmit.segment,
                    data: core::mem::take(&mut data),
                });
            }
            while let Some(event) = end.poll_event() {
                if let (SERVER, Event::StateChanged { conn, old: ConnectionState::None, .. }) = (index, event)
                {
                    end.accept(self.now, conn).map_err(|e| e.to_string())?;
                    self.server_side = Some(conn);
                }
            }
        }
        let timers = self.ends.iter_mut().filter_map(Endpoint::poll_timeout);
        let next = timers.chain(self.cable.front().map(|flight| flight.arrives)).min();
        self.now = next.filter(|next| *next < until).ok_or("not done in time")?.max(self.now);
        while self.cable.front().is_some_and(|flight| flight.arrives <= self.now) {
            let Some(Flight { to, segment, mut data, .. }) = self.cable.pop_front() else { break };
            let from = SocketAddr::from(ADDRESSES[1 - to]);
            self.ends[to].handle_datagrams(self.now, SocketId(0), from, &mut data, segment);
        }
        Ok(())
    }
}
