//! A peer that holds real keys: it speaks the handshake and the packet format, and says whatever it wants inside.

use super::deed::Deed;
use super::hello::{Heard, Hello};
use crate::shared::{Shared, Todo};
use crate::trace::HostId;
use core::net::{Ipv4Addr, SocketAddr};
use gamesockets_crypto::aead::PacketKey;
use gamesockets_crypto::rng::Rng;
use gamesockets_wire::datagram::{Control, DataHeader, decode_stats, is_data, put_data_header};
use gamesockets_wire::identity::Identity;
use gamesockets_wire::msg;
use std::collections::{BTreeMap, VecDeque};

/// Packets remembered for a test to look at.
const OPENED_MAX: usize = 4096;
/// The connect attempt is repeated after this time, microseconds.
const RETRY_US: u64 = 500_000;
/// Insiders count as hosts from this number on when links are looked up.
pub(crate) const INSIDER_HOSTS: u32 = 100_000;

/// Which side of the handshake it plays.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// Connects to this address.
    Client(SocketAddr),
    /// Waits for connections.
    Server,
}

/// What an insider is like.
#[derive(Clone, Debug)]
pub struct InsiderConfig {
    /// Distinguishes insiders; decides the address.
    pub number: u16,
    /// Which side it plays.
    pub side: Side,
    /// The protocol version it claims.
    pub version: u32,
    /// The application id in its certificate.
    pub app_id: u32,
    /// The ciphers it offers, or the one it settles on.
    pub ciphers: Vec<i32>,
    /// What it does once connected.
    pub deed: Deed,
    /// How often, microseconds.
    pub period_us: u64,
}

impl Default for InsiderConfig {
    fn default() -> Self {
        Self {
            number: 0,
            side: Side::Server,
            version: 13,
            app_id: 0,
            ciphers: vec![msg::CIPHER_AES_256_GCM],
            deed: Deed::Behave,
            period_us: 20_000,
        }
    }
}

/// A packet of the peer, opened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Opened {
    /// Its number.
    pub number: u64,
    /// When it arrived, microseconds.
    pub at_us: u64,
    /// Whether its header had the time field.
    pub time_field: bool,
    /// What its header asked for: an acknowledgement, and that at once.
    pub asks: (bool, bool),
    /// Its content.
    pub plain: Vec<u8>,
}

/// One connection of an insider.
#[derive(Debug)]
pub struct Session {
    hello: Hello,
    local_id: u32,
    remote_id: u32,
    keys: Option<(PacketKey, PacketKey)>,
    asked_at: Option<u64>,
    /// Number of the next packet.
    pub next_number: u64,
    /// The highest packet number received.
    pub highest: u64,
    /// Packets received, newest last.
    pub opened: VecDeque<Opened>,
    /// Packets that did not open.
    pub unreadable: u64,
    /// The reason in a close that came.
    pub closed: Option<(u32, String)>,
    /// What the deed did so far.
    pub(super) progress: u64,
    /// Contents to send as they are.
    pub outbox: VecDeque<Vec<u8>>,
    /// Set to close the connection after everything in the outbox.
    pub farewell: bool,
    /// When the deed acts next, microseconds.
    next_deed: u64,
}

impl Session {
    /// Whether keys are agreed.
    pub const fn is_established(&self) -> bool {
        self.keys.is_some()
    }
}

/// See the module's documentation.
#[derive(Debug)]
pub struct Insider {
    config: InsiderConfig,
    address: SocketAddr,
    rng: Rng,
    inbox: VecDeque<(SocketAddr, Vec<u8>)>,
    sessions: BTreeMap<SocketAddr, Session>,
    /// When it acts next by itself, microseconds.
    planned_us: u64,
    silent: bool,
}

impl Insider {
    /// An insider with a seed of its own.
    pub fn new(config: InsiderConfig, seed: [u8; 32]) -> Self {
        let [high, low] = config.number.to_be_bytes();
        let address = SocketAddr::from((Ipv4Addr::new(10, 9, high, low), 6666));
        Self {
            config,
            address,
            rng: Rng::new(seed),
            inbox: VecDeque::new(),
            sessions: BTreeMap::new(),
            planned_us: 0,
            silent: false,
        }
    }

    /// Where it lives.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The connection with the peer at `remote`.
    pub fn session(&mut self, remote: SocketAddr) -> Option<&mut Session> {
        self.sessions.get_mut(&remote)
    }

    /// All connections.
    pub fn sessions(&self) -> impl Iterator<Item = (&SocketAddr, &Session)> {
        self.sessions.iter()
    }

    /// Stops doing anything at all.
    pub const fn silence(&mut self) {
        self.silent = true;
    }

    /// The host that links to it are set up with.
    pub fn host(index: usize) -> HostId {
        HostId(INSIDER_HOSTS + index as u32)
    }

    pub(crate) fn arrive(&mut self, _shared: &mut Shared, from: SocketAddr, data: Vec<u8>) {
        self.inbox.push_back((from, data));
    }

    /// Reads what came, then does what it wants.
    pub(crate) fn act(&mut self, shared: &mut Shared, index: usize) {
        let host = Self::host(index);
        if self.silent {
            self.inbox.clear();
            return;
        }
        let now_us = shared.now_us;
        let mut out = Vec::new();
        while let Some((from, mut data)) = self.inbox.pop_front() {
            self.take_in(now_us, from, &mut data, &mut out);
        }
        if let Side::Client(to) = self.config.side {
            self.keep_asking(now_us, to, &mut out);
        }
        for (remote, session) in &mut self.sessions {
            let due = session.next_deed <= now_us && session.is_established() && session.closed.is_none();
            if due {
                session.next_deed = now_us + self.config.period_us;
                self.config.deed.act(&mut self.rng, session);
            }
            while let Some(plain) = session.outbox.pop_front() {
                out.extend(seal(session, &plain).map(|d| (*remote, d)));
            }
            if core::mem::take(&mut session.farewell) {
                let closed = msg::ConnectionClosed {
                    debug: Some("enough".into()),
                    reason_code: Some(1000),
                    to_connection_id: Some(session.remote_id),
                    from_connection_id: Some(session.local_id),
                };
                out.push((*remote, encode(&Control::ConnectionClosed(closed))));
            }
        }
        for (to, data) in out {
            shared.carry(host, self.address, to, data);
        }
        if self.planned_us <= now_us {
            self.planned_us = now_us + self.config.period_us;
            shared.push(self.planned_us, Todo::Insider(index));
        }
    }

    fn new_session(&mut self) -> Session {
        let identity = Identity::Invalid;
        let name = Identity::string(&format!("insider{}", self.config.number)).unwrap_or(identity);
        let c = &self.config;
        let hello = Hello::new(&mut self.rng, &name, c.app_id, c.version, &c.ciphers);
        Session {
            hello,
            local_id: self.rng.next_u32() | 0x0001_0001,
            remote_id: 0,
            keys: None,
            asked_at: None,
            next_number: if c.version < 10 { 1 } else { 2 },
            highest: 1,
            opened: VecDeque::new(),
            unreadable: 0,
            closed: None,
            progress: 0,
            outbox: VecDeque::new(),
            farewell: false,
            next_deed: 0,
        }
    }

    fn keep_asking(&mut self, now_us: u64, to: SocketAddr, out: &mut Vec<(SocketAddr, Vec<u8>)>) {
        if !self.sessions.contains_key(&to) {
            let session = self.new_session();
            self.sessions.insert(to, session);
        }
        let Some(s) = self.sessions.get_mut(&to) else { return };
        let waits = s.asked_at.is_some_and(|at| now_us < at + RETRY_US);
        if s.is_established() || s.closed.is_some() || waits {
            return;
        }
        s.asked_at = Some(now_us);
        out.push((
            to,
            encode(&Control::ChallengeRequest(msg::ChallengeRequest {
                connection_id: Some(s.local_id),
                my_timestamp: Some(now_us),
                protocol_version: Some(self.config.version),
            })),
        ));
    }

    fn take_in(
        &mut self,
        now_us: u64,
        from: SocketAddr,
        data: &mut [u8],
        out: &mut Vec<(SocketAddr, Vec<u8>)>,
    ) {
        if data.first().is_some_and(|lead| is_data(*lead)) {
            if let Some(s) = self.sessions.get_mut(&from) {
                open(s, now_us, data);
            }
            return;
        }
        match Control::decode(data) {
            Ok(Control::ChallengeRequest(m)) if self.config.side == Side::Server => {
                out.push((
                    from,
                    encode(&Control::ChallengeReply(msg::ChallengeReply {
                        connection_id: m.connection_id,
                        challenge: Some(1),
                        your_timestamp: m.my_timestamp,
                        protocol_version: Some(self.config.version),
                    })),
                ));
            }
            Ok(Control::ConnectRequest(m)) if self.config.side == Side::Server => {
                out.extend(self.serve(from, &m).map(|d| (from, d)));
            }
            Ok(Control::ChallengeReply(m)) => {
                let Some(s) = self.sessions.get_mut(&from).filter(|s| m.connection_id == Some(s.local_id))
                else {
                    return;
                };
                out.push((
                    from,
                    encode(&Control::ConnectRequest(msg::ConnectRequest {
                        client_connection_id: Some(s.local_id),
                        challenge: m.challenge,
                        cert: Some(s.hello.cert()),
                        my_timestamp: Some(now_us),
                        crypt: Some(s.hello.crypt()),
                        ..msg::ConnectRequest::default()
                    })),
                ));
            }
            Ok(Control::ConnectOk(m)) => self.connected(from, &m),
            Ok(Control::ConnectionClosed(m)) => {
                if let Some(s) = self.sessions.get_mut(&from) {
                    s.closed = Some((m.reason_code.unwrap_or(0), m.debug.unwrap_or_default()));
                }
            }
            _ => {}
        }
    }

    fn serve(&mut self, from: SocketAddr, m: &msg::ConnectRequest) -> Option<Vec<u8>> {
        let heard = Heard::read(m.cert.as_ref(), m.crypt.as_ref())?;
        let client_id = m.client_connection_id?;
        if self.sessions.get(&from).is_none_or(|s| s.remote_id != client_id) {
            let mut session = self.new_session();
            session.remote_id = client_id;
            session.keys = session.hello.keys(false, (client_id, session.local_id), &heard);
            self.sessions.insert(from, session);
        }
        let s = self.sessions.get(&from)?;
        Some(encode(&Control::ConnectOk(msg::ConnectOk {
            client_connection_id: Some(client_id),
            your_timestamp: m.my_timestamp,
            delay_time_usec: Some(0),
            server_connection_id: Some(s.local_id),
            crypt: Some(s.hello.crypt()),
            cert: Some(s.hello.cert()),
            ..msg::ConnectOk::default()
        })))
    }

    fn connected(&mut self, from: SocketAddr, m: &msg::ConnectOk) {
        let Some(s) = self.sessions.get_mut(&from) else { return };
        if s.is_established() || m.client_connection_id != Some(s.local_id) {
            return;
        }
        let Some(heard) = Heard::read(m.cert.as_ref(), m.crypt.as_ref()) else { return };
        s.remote_id = m.server_connection_id.unwrap_or(0);
        s.keys = s.hello.keys(true, (s.local_id, s.remote_id), &heard);
        if heard.crypt.ciphers == [msg::CIPHER_NULL] {
            s.keys = Some((PacketKey::null(), PacketKey::null()));
        }
    }
}

fn encode(control: &Control) -> Vec<u8> {
    let mut out = Vec::new();
    control.encode(&mut out);
    out
}

fn open(s: &mut Session, now_us: u64, data: &mut [u8]) {
    let Ok(header) = DataHeader::decode(data) else { return };
    let (wire, start, time_field) = (header.wire_number, header.len, header.time_since_prev.is_some());
    let stats = header.stats.and_then(|blob| decode_stats(blob).ok());
    let flags = stats.as_ref().and_then(|s| s.flags).unwrap_or(0);
    let asked = flags & msg::STATS_FLAG_ACK_REQUEST_E2E != 0 || stats.is_some_and(|s| s.stats.is_some());
    let asks = (asked, asked && flags & msg::STATS_FLAG_ACK_REQUEST_IMMEDIATE != 0);
    let gap = i64::from(wire.wrapping_sub(s.highest as u16) as i16);
    let number = s.highest.saturating_add_signed(gap);
    let Some((_, key)) = &mut s.keys else { return };
    match key.open(number, data.get_mut(start..).unwrap_or_default()) {
        Ok(plain) => {
            s.highest = s.highest.max(number);
            if s.opened.len() == OPENED_MAX {
                s.opened.pop_front();
            }
            s.opened.push_back(Opened { number, at_us: now_us, time_field, asks, plain: plain.to_vec() });
        }
        Err(_) => s.unreadable += 1,
    }
}

fn seal(s: &mut Session, plain: &[u8]) -> Option<Vec<u8>> {
    let (key, _) = s.keys.as_mut()?;
    let mut out = Vec::new();
    let number = s.next_number;
    s.next_number += 1;
    put_data_header(&mut out, s.remote_id, number as u16, None, None);
    let chunk = out.len();
    out.extend_from_slice(plain);
    key.seal(number, &mut out, chunk).ok()?;
    Some(out)
}
