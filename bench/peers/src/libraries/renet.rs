//! renet 2 over `renet_netcode` (ChaCha20-Poly1305; keys come in a token, there is no key exchange).
//!
//! The library is driven by ticks. Here a tick runs whenever a packet has come and at least once per millisecond (60
//! times a second while idle), which is the kindest way to drive it. Settings: `window-kb=N`, `poll=busy`.

use crate::child::{ChildArgs, Parent, Scenario, measure_rtt, nanos, say, say_setups, say_window};
use bench_common::process::allow_sockets;
use bench_common::{Result, socket};
use bytes::Bytes;
use renet::{ChannelConfig, ConnectionConfig, RenetClient, RenetServer, SendType};
use renet_netcode::{
    ClientAuthentication, ConnectToken, NetcodeClientTransport, NetcodeServerTransport, ServerAuthentication,
    ServerConfig,
};
use std::net::{Ipv4Addr, UdpSocket};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// For measuring only.
const KEY: [u8; 32] = [9; 32];
const PROTOCOL: u64 = 7;
const UNRELIABLE: u8 = 0;
const RELIABLE: u8 = 2;
/// The library's limit.
const CLIENTS_MAX: usize = 1024;
/// Bytes of a channel's memory.
const CHANNEL: usize = 64 << 20;
/// Bytes of unreliable messages per tick: nothing tells how many are too many.
const STEP: usize = 64 << 10;
/// Longest sleep: while something is measured, while nothing is.
const SLEEP: Duration = Duration::from_millis(1);
const LONG_SLEEP: Duration = Duration::from_millis(16);
/// How long a connection may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// An answer that takes longer was lost.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);
/// Connection attempts at one time, for idle connections.
const BATCH: usize = 64;
/// Connections of one measurement of set-ups.
const SETUPS_MAX: u64 = 20_000;
/// How long a token is good, and how long a connection may be silent; seconds.
const TOKEN_SECONDS: u64 = 300;
const SILENT_SECONDS: i32 = 15;

fn config() -> ConnectionConfig {
    let channel =
        |channel_id, send_type| ChannelConfig { channel_id, max_memory_usage_bytes: CHANNEL, send_type };
    let both = vec![
        channel(UNRELIABLE, SendType::Unreliable),
        channel(RELIABLE, SendType::ReliableOrdered { resend_time: Duration::from_millis(300) }),
    ];
    ConnectionConfig {
        available_bytes_per_tick: CHANNEL as u64,
        server_channels_config: both.clone(),
        client_channels_config: both,
    }
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Behind a path the address in a signed token would not be the server's; without tokens it is not looked at, and
/// packets are encrypted in the same way with a known key.
const fn without_tokens(args: &ChildArgs) -> bool {
    matches!(args.scenario, Scenario::Lossy)
}

pub(super) fn server(args: &ChildArgs, parent: &Parent) -> Result<()> {
    let socket = socket::bind()?;
    let (watched, address) = (socket.try_clone()?, socket.local_addr()?);
    let mut server = RenetServer::new(config());
    let secure = ServerAuthentication::Secure { private_key: KEY };
    let config = ServerConfig {
        current_time: now(),
        max_clients: CLIENTS_MAX,
        protocol_id: PROTOCOL,
        public_addresses: vec![address],
        authentication: if without_tokens(args) { ServerAuthentication::Unsecure } else { secure },
    };
    let mut transport = NetcodeServerTransport::new(config, socket)?;
    say("port", address.port())?;
    let (busy, mut window, mut last) = (args.is("poll", "busy"), args.window(), Instant::now());
    while !parent.is_over() {
        if args.scenario == Scenario::Idle {
            std::thread::sleep(LONG_SLEEP);
        } else if !busy {
            socket::wait_readable(&[&watched], SLEEP);
        }
        let elapsed = last.elapsed();
        last += elapsed;
        server.update(elapsed);
        transport.update(elapsed, &mut server)?;
        while server.get_event().is_some() {}
        for id in server.clients_id() {
            for channel in [RELIABLE, UNRELIABLE] {
                while let Some(message) = server.receive_message(id, channel) {
                    if args.scenario == Scenario::Rtt {
                        server.send_message(id, channel, message);
                    } else {
                        window.add(1, message.len() as u64);
                    }
                }
            }
        }
        transport.send_packets(&mut server);
    }
    say_window(&window)
}

/// One connection.
struct Client {
    client: RenetClient,
    transport: NetcodeClientTransport,
    watched: UdpSocket,
    last: Instant,
    busy: bool,
}

impl Client {
    fn new(args: &ChildArgs, id: u64) -> Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        if !matches!(args.scenario, Scenario::Idle | Scenario::Setup) {
            socket::big_buffers(&socket)?;
        }
        let server = args.server();
        let authentication = if without_tokens(args) {
            let (protocol_id, client_id, server_addr) = (PROTOCOL, id, server);
            ClientAuthentication::Unsecure { protocol_id, client_id, server_addr, user_data: None }
        } else {
            let to = vec![server];
            let token =
                ConnectToken::generate(now(), PROTOCOL, TOKEN_SECONDS, id, SILENT_SECONDS, to, None, &KEY)?;
            ClientAuthentication::Secure { connect_token: token }
        };
        Ok(Self {
            client: RenetClient::new(config()),
            watched: socket.try_clone()?,
            transport: NetcodeClientTransport::new(now(), authentication, socket)?,
            last: Instant::now(),
            busy: args.is("poll", "busy"),
        })
    }

    fn tick(&mut self) -> Result<()> {
        let elapsed = self.last.elapsed();
        self.last += elapsed;
        self.client.update(elapsed);
        Ok(self.transport.update(elapsed, &mut self.client)?)
    }

    fn flush(&mut self) {
        // Before a connection is up there is nothing to send to.
        let _ = self.transport.send_packets(&mut self.client);
    }

    fn wait(&self) {
        if !self.busy {
            socket::wait_readable(&[&self.watched], SLEEP);
        }
    }

    /// Two ticks: the second one sees the state that packets of the first one made.
    fn connect_step(&mut self) -> Result<()> {
        for _ in 0..2 {
            self.tick()?;
            self.flush();
        }
        Ok(())
    }

    fn connect(args: &ChildArgs, id: u64) -> Result<Self> {
        let mut client = Self::new(args, id)?;
        client.connect_step()?;
        let begin = Instant::now();
        while !client.client.is_connected() {
            if begin.elapsed() > CONNECT_WITHIN {
                return Err("no connection came about".into());
            }
            client.wait();
            client.connect_step()?;
        }
        Ok(client)
    }
}

pub(super) fn client(args: &ChildArgs, parent: &Parent) -> Result<()> {
    match args.scenario {
        Scenario::Setup => set_up(args),
        Scenario::Idle => idle(args, parent),
        Scenario::Rtt => ping(args),
        Scenario::Reliable | Scenario::Lossy => flood(args),
        Scenario::Unreliable => pour(args),
    }
}

fn ping(args: &ChildArgs) -> Result<()> {
    let mut c = Client::connect(args, 1)?;
    let message = Bytes::from(vec![1; args.size()]);
    measure_rtt(args, || {
        let begin = Instant::now();
        c.client.send_message(UNRELIABLE, message.clone());
        c.flush();
        while c.client.receive_message(UNRELIABLE).is_none() {
            if begin.elapsed() > ANSWER_WITHIN {
                return Ok(false);
            }
            c.wait();
            c.tick()?;
            c.flush();
        }
        Ok(true)
    })
}

fn flood(args: &ChildArgs) -> Result<()> {
    let mut c = Client::connect(args, 1)?;
    let message = Bytes::from(vec![1; args.size()]);
    // Bytes in the channel that are not acknowledged yet.
    let window = usize::try_from(args.number("window-kb", 1024)? * 1024)?.min(CHANNEL);
    let mut sent = 0u64;
    let end = Instant::now() + args.send_for();
    while Instant::now() < end {
        c.tick()?;
        let mut used = CHANNEL.saturating_sub(c.client.channel_available_memory(RELIABLE));
        while used + args.size() <= window {
            c.client.send_message(RELIABLE, message.clone());
            used += args.size();
            sent += 1;
        }
        c.flush();
        c.wait();
    }
    say("tx_msgs", sent)
}

fn pour(args: &ChildArgs) -> Result<()> {
    let mut c = Client::connect(args, 1)?;
    let message = Bytes::from(vec![1; args.size()]);
    let mut sent = 0u64;
    let end = Instant::now() + args.send_for();
    while Instant::now() < end {
        c.tick()?;
        for _ in 0..STEP / args.size() {
            c.client.send_message(UNRELIABLE, message.clone());
            sent += 1;
        }
        c.flush();
    }
    say("tx_msgs", sent)
}

/// One after the other: the client's side has no cost that would be worth overlapping.
fn set_up(args: &ChildArgs) -> Result<()> {
    let (begin, mut times) = (Instant::now(), Vec::new());
    for id in 1..SETUPS_MAX {
        if begin.elapsed() >= args.span() {
            break;
        }
        let since = Instant::now();
        let mut client = Client::connect(args, id)?;
        times.push(nanos(since.elapsed()));
        client.transport.disconnect();
    }
    say_setups(&mut times, begin.elapsed())
}

fn idle(args: &ChildArgs, parent: &Parent) -> Result<()> {
    let count = args.count.min(CLIENTS_MAX);
    allow_sockets(count * 2)?;
    let mut all = Vec::with_capacity(count);
    for id in 0..super::BASE.min(count) {
        all.push(Client::connect(args, id as u64 + 1)?);
    }
    say("base", all.len())?;
    parent.wait_line();
    while all.len() < count {
        let ids = all.len()..(all.len() + BATCH).min(count);
        let mut new = ids.map(|id| Client::new(args, id as u64 + 1)).collect::<Result<Vec<_>>>()?;
        let begin = Instant::now();
        while new.iter().any(|c| !c.client.is_connected()) {
            if begin.elapsed() > CONNECT_WITHIN {
                return Err(format!("only {} of {count} connections came about", all.len()).into());
            }
            new.iter_mut().try_for_each(Client::connect_step)?;
            std::thread::sleep(Duration::from_millis(2));
        }
        all.append(&mut new);
        all.iter_mut().try_for_each(Client::connect_step)?;
    }
    say("ready", all.iter().filter(|c| c.client.is_connected()).count())?;
    while !parent.is_over() {
        std::thread::sleep(LONG_SLEEP);
        for c in &mut all {
            c.tick()?;
            c.flush();
        }
    }
    Ok(())
}
