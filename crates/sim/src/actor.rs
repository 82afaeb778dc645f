//! A scripted application: listens, connects, talks, reads, closes, and comes back, all by a plan and its own dice.

use crate::app::App;
use crate::ctx::Ctx;
use crate::trace::{Check, broken};
use core::net::SocketAddr;
use gamesockets_endpoint::slab::{ConnId, ListenerId};
use gamesockets_endpoint::types::Event;
use gamesockets_proto::config::ConnConfig;
use gamesockets_proto::connection::ConnectionState as State;
use gamesockets_proto::message::{SendError, SendFlags};
use gamesockets_proto::snp::send::LaneConfig;
use std::collections::BTreeMap;
use std::sync::Arc;

/// When incoming connections are accepted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Accept {
    /// As soon as they come.
    AtOnce,
    /// Up to this much later, microseconds.
    Late(u64),
    /// Not at all: they time out.
    Never,
    /// About one in this many is refused; the others are accepted at once.
    Refuse(u64),
}

/// When messages are read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Read {
    /// As soon as they come.
    AtOnce,
    /// So many at most, once per this time in microseconds.
    Slow(usize, u64),
}

/// How a connection is used for talking.
#[derive(Clone, Debug, PartialEq)]
pub struct Talk {
    /// Time between two rounds of sending, at most; microseconds.
    pub every_us: u64,
    /// Messages in a round, at most.
    pub burst: u64,
    /// Largest message, bytes. Small ones are as frequent as large ones.
    pub size_max: u64,
    /// Bytes that one side sends over one connection, about.
    pub bytes_max: u64,
    /// Share of reliable messages.
    pub reliable: f64,
    /// Share of messages with other flags set.
    pub odd_flags: f64,
    /// Chance that a round ends with a flush.
    pub flush: f64,
    /// Most lanes configured.
    pub lanes_max: u64,
    /// Chance that a round begins with other priorities.
    pub relane: f64,
    /// Chance that a round begins with other settings.
    pub reconfigure: f64,
}

/// What an application does.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The port it listens on.
    pub listen: Option<u16>,
    /// When it accepts.
    pub accept: Accept,
    /// Whom it connects to.
    pub connect: Vec<SocketAddr>,
    /// The first attempts start within this time, microseconds.
    pub start_within_us: u64,
    /// Settings of its connections.
    pub config: Arc<ConnConfig>,
    /// How it talks; `None` for listening only.
    pub talk: Option<Talk>,
    /// How it reads.
    pub read: Read,
    /// It closes connections after up to this time, microseconds; 0 for never.
    pub close_within_us: u64,
    /// Share of closes that linger.
    pub linger: f64,
    /// It connects again after a connection is over.
    pub reconnect: bool,
    /// It uses the same port again.
    pub reuse_port: bool,
    /// Chance to leave a connection that ended unclosed.
    pub forget: f64,
    /// In-process pipes and loopback pairs it makes for itself.
    pub pairs: (u64, u64),
    /// The listen socket is closed and opened again about every so often, microseconds; 0 for never.
    pub relisten_us: u64,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            listen: None,
            accept: Accept::AtOnce,
            connect: Vec::new(),
            start_within_us: 100_000,
            config: Arc::default(),
            talk: None,
            read: Read::AtOnce,
            close_within_us: 0,
            linger: 0.5,
            reconnect: false,
            reuse_port: false,
            forget: 0.0,
            pairs: (0, 0),
            relisten_us: 0,
        }
    }
}

/// What is known about one connection.
#[derive(Debug, Default)]
struct Chat {
    lanes: u64,
    sent: u64,
    talks: bool,
    reading: bool,
    /// Which entry of the plan's list it goes to.
    target: Option<usize>,
}

/// What a thought is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u64)]
enum Thought {
    Start = 1,
    Connect,
    Accept,
    Talk,
    Read,
    Close,
    Relisten,
}

const THOUGHTS: [Thought; 7] = [
    Thought::Start,
    Thought::Connect,
    Thought::Accept,
    Thought::Talk,
    Thought::Read,
    Thought::Close,
    Thought::Relisten,
];

/// An application that follows a [`Plan`].
#[derive(Debug)]
pub struct Actor {
    plan: Plan,
    chats: BTreeMap<ConnId, Chat>,
    listener: Option<ListenerId>,
    ports: BTreeMap<usize, u16>,
    calm: bool,
}

/// Give the host this thought to start the actor.
pub const START: u64 = (Thought::Start as u64) << 32;

impl Actor {
    /// An actor that has not begun; it does with the thought [`START`].
    pub const fn new(plan: Plan) -> Self {
        Self { plan, chats: BTreeMap::new(), listener: None, ports: BTreeMap::new(), calm: false }
    }

    fn later(ctx: &mut Ctx<'_>, within_us: u64, thought: Thought, about: u32) {
        let wait = ctx.rng().below(within_us + 1);
        let at = ctx.now_us() + wait;
        ctx.think_at(at, (thought as u64) << 32 | u64::from(about));
    }

    fn start(&mut self, ctx: &mut Ctx<'_>) -> Check {
        self.open_listener(ctx)?;
        for i in 0..self.plan.connect.len() {
            Self::later(ctx, self.plan.start_within_us, Thought::Connect, i as u32);
        }
        for _ in 0..self.plan.pairs.0 {
            let pair = ctx.pair_memory(&self.plan.config).map_err(|e| broken!("no pipe: {e}"))?;
            pair.into_iter().for_each(|c| self.begin(ctx, c, None));
        }
        for _ in 0..self.plan.pairs.1 {
            let pair = ctx.pair_network(&self.plan.config).map_err(|e| broken!("no pair: {e}"))?;
            pair.into_iter().for_each(|c| self.begin(ctx, c, None));
        }
        Ok(())
    }

    fn open_listener(&mut self, ctx: &mut Ctx<'_>) -> Check {
        let Some(port) = self.plan.listen else { return Ok(()) };
        match ctx.listen(port, &self.plan.config) {
            Ok((id, _)) => self.listener = Some(id),
            // The port is busy until the last connection over it is gone.
            Err(_) if self.plan.relisten_us > 0 => Self::later(ctx, 1_000_000, Thought::Relisten, 0),
            Err(e) => return Err(broken!("{} cannot listen: {e}", ctx.id())),
        }
        if self.plan.relisten_us > 0 {
            Self::later(ctx, self.plan.relisten_us * 2, Thought::Relisten, 0);
        }
        Ok(())
    }

    fn relisten(&mut self, ctx: &mut Ctx<'_>) -> Check {
        if self.calm {
            return Ok(());
        }
        match self.listener.take() {
            Some(id) => {
                ctx.close_listener(id)?;
                Self::later(ctx, 500_000, Thought::Relisten, 0);
                Ok(())
            }
            None => self.open_listener(ctx),
        }
    }

    fn connect(&mut self, ctx: &mut Ctx<'_>, target: usize) -> Check {
        let Some(to) = self.plan.connect.get(target).copied() else { return Ok(()) };
        if self.calm {
            return Ok(());
        }
        let port = self.ports.get(&target).copied().filter(|_| self.plan.reuse_port);
        let Ok(socket) = ctx.bind(port) else {
            // Our own old connection has it still.
            Self::later(ctx, 2_000_000, Thought::Connect, target as u32);
            return Ok(());
        };
        let conn =
            ctx.connect_from(socket, to, &self.plan.config).map_err(|e| broken!("no connection: {e}"))?;
        if let Some(address) = ctx.local(socket) {
            self.ports.insert(target, address.port());
        }
        self.begin(ctx, conn, Some(target));
        if ctx.rng().chance(0.3) {
            // Some talk before they are through.
            self.talk(ctx, conn)?;
        }
        Ok(())
    }

    fn begin(&mut self, ctx: &mut Ctx<'_>, conn: ConnId, target: Option<usize>) {
        let talks = self.plan.talk.is_some();
        self.chats.insert(conn, Chat { lanes: 1, talks, target, ..Chat::default() });
        if self.plan.close_within_us > 0 {
            Self::later(ctx, self.plan.close_within_us, Thought::Close, conn.to_raw());
        }
        if let Some(talk) = &self.plan.talk {
            Self::later(ctx, talk.every_us, Thought::Talk, conn.to_raw());
        }
    }

    fn incoming(&mut self, ctx: &mut Ctx<'_>, conn: ConnId) -> Check {
        self.begin(ctx, conn, None);
        match self.plan.accept {
            Accept::AtOnce => self.accept(ctx, conn),
            Accept::Late(us) => Self::later(ctx, us, Thought::Accept, conn.to_raw()),
            Accept::Never => {}
            Accept::Refuse(n) => {
                if ctx.rng().below(n.max(1)) == 0 {
                    self.chats.remove(&conn);
                    return ctx.close(conn, 1100, "not today", false);
                }
                self.accept(ctx, conn);
            }
        }
        Ok(())
    }

    fn accept(&self, ctx: &mut Ctx<'_>, conn: ConnId) {
        if ctx.state(conn) == State::Connecting {
            // Errors show as a change of state.
            ctx.accept(conn);
        }
    }

    fn talk(&mut self, ctx: &mut Ctx<'_>, conn: ConnId) -> Check {
        let Some(talk) = self.plan.talk.clone() else { return Ok(()) };
        let Some(chat) = self.chats.get_mut(&conn).filter(|c| c.talks && c.sent < talk.bytes_max) else {
            return Ok(());
        };
        if self.calm || ctx.is_closed(conn) || ctx.state(conn) > State::Connected {
            return Ok(());
        }
        if ctx.rng().chance(0.02) {
            // Somebody watches.
            let lanes = chat.lanes as usize;
            if ctx.status(conn, lanes).is_none() || ctx.detailed_status(conn).is_empty() {
                return Err(broken!("{} gets no status of {lanes} lanes", ctx.id()));
            }
        }
        if ctx.rng().chance(talk.relane) {
            relane(ctx, conn, chat, talk.lanes_max);
        }
        if ctx.rng().chance(talk.reconfigure) {
            reconfigure(ctx, conn, &self.plan.config);
        }
        for _ in 0..ctx.rng().between(1, talk.burst) {
            let len = ctx.rng().magnitude(0, talk.size_max) as usize;
            let mut flags =
                if ctx.rng().chance(talk.reliable) { SendFlags::RELIABLE } else { SendFlags::UNRELIABLE };
            if ctx.rng().chance(talk.odd_flags) {
                flags = flags | SendFlags(ctx.rng().below(64) as u32 & !SendFlags::RELIABLE.0);
            }
            let lane = ctx.rng().below(chat.lanes) as u16;
            match ctx.send(conn, len, flags, lane)? {
                Ok(_) => chat.sent += len as u64 + 16,
                Err(SendError::LimitExceeded { .. } | SendError::Ignored) => {}
                Err(e) => return Err(broken!("{} could not send {len} bytes on lane {lane}: {e}", ctx.id())),
            }
        }
        if ctx.rng().chance(talk.flush) {
            let _ = ctx.flush(conn);
        }
        Self::later(ctx, talk.every_us * 2, Thought::Talk, conn.to_raw());
        Ok(())
    }

    fn read(&mut self, ctx: &mut Ctx<'_>, conn: ConnId) -> Check {
        let Some(chat) = self.chats.get_mut(&conn) else { return Ok(()) };
        chat.reading = false;
        match self.plan.read {
            Read::Slow(max, every_us) if !self.calm => {
                if !ctx.receive(conn, max)?.is_empty() {
                    chat.reading = true;
                    Self::later(ctx, every_us, Thought::Read, conn.to_raw());
                }
            }
            _ => drop(ctx.read_all(conn)?),
        }
        Ok(())
    }

    fn close(&mut self, ctx: &mut Ctx<'_>, conn: ConnId) -> Check {
        let Some(chat) = self.chats.remove(&conn) else { return Ok(()) };
        let linger = ctx.rng().chance(self.plan.linger);
        let reason = ctx.rng().pick(&[0, 1000, 1001, 1500, 1999, 2000, 2999, 7, 4001]).unwrap_or(0);
        let text = ctx.rng().pick(&["", "bye", "time is up", LONG_TEXT]).unwrap_or("");
        ctx.close(conn, reason, text, linger)?;
        self.again(ctx, &chat);
        Ok(())
    }

    fn again(&self, ctx: &mut Ctx<'_>, chat: &Chat) {
        if let Some(target) = chat.target.filter(|_| self.plan.reconnect && !self.calm) {
            Self::later(ctx, 3_000_000, Thought::Connect, target as u32);
        }
    }

    /// The connection ended by itself.
    fn ended(&mut self, ctx: &mut Ctx<'_>, conn: ConnId) -> Check {
        if ctx.rng().chance(self.plan.forget) {
            return Ok(());
        }
        if ctx.rng().chance(0.5) {
            return self.close(ctx, conn);
        }
        Self::later(ctx, 2_000_000, Thought::Close, conn.to_raw());
        Ok(())
    }
}

/// Longer than a close may carry, with a character across the limit.
const LONG_TEXT: &str = "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456é and more";

fn relane(ctx: &mut Ctx<'_>, conn: ConnId, chat: &mut Chat, lanes_max: u64) {
    let count = ctx.rng().between(chat.lanes, lanes_max.max(chat.lanes));
    let lanes: Vec<LaneConfig> = (0..count)
        .map(|_| LaneConfig {
            priority: ctx.rng().between(0, 3) as i32 - 1,
            weight: ctx.rng().magnitude(1, 65_535) as u16,
        })
        .collect();
    if ctx.configure_lanes(conn, &lanes).is_ok() {
        chat.lanes = count;
    }
}

/// Other settings at run time. Limits of the receiving side only grow, so that what holds once holds on.
fn reconfigure(ctx: &mut Ctx<'_>, conn: ConnId, base: &Arc<ConnConfig>) {
    let mut c = ConnConfig::clone(base);
    let rng = ctx.rng();
    c.mtu_packet_size = rng.between(200, 1300) as i32;
    c.nagle_us = rng.pick(&[0, 5000, 20_000]).unwrap_or(5000);
    c.send_rate_min = rng.magnitude(64 * 1024, 4 << 20) as i32;
    c.send_rate_max = c.send_rate_min * rng.between(1, 3) as i32;
    c.send_time_since_previous = rng.between(0, 2) as i32 - 1;
    ctx.set_config(conn, &Arc::new(c));
}

impl App for Actor {
    fn on_event(&mut self, ctx: &mut Ctx<'_>, event: &Event) -> Check {
        let Event::StateChanged { conn, listener, old, new, .. } = event else { return Ok(()) };
        match (*old, *new) {
            (State::None, State::Connecting) if listener.is_some() => self.incoming(ctx, *conn),
            (_, State::ClosedByPeer | State::ProblemDetectedLocally) => self.ended(ctx, *conn),
            (_, State::None) => {
                // Also when the listen socket took it along.
                self.chats.remove(conn);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn on_readable(&mut self, ctx: &mut Ctx<'_>, conn: ConnId) -> Check {
        let Some(chat) = self.chats.get_mut(&conn) else {
            // Closed, or forgotten.
            return Ok(());
        };
        match self.plan.read {
            Read::AtOnce => self.read(ctx, conn),
            Read::Slow(_, every_us) => {
                if !chat.reading {
                    chat.reading = true;
                    Self::later(ctx, every_us, Thought::Read, conn.to_raw());
                }
                Ok(())
            }
        }
    }

    fn on_think(&mut self, ctx: &mut Ctx<'_>, token: u64) -> Check {
        let about = token as u32;
        let Some(thought) = THOUGHTS.iter().find(|t| **t as u64 == token >> 32) else { return Ok(()) };
        let conn = ConnId::from_raw(about).filter(|c| self.chats.contains_key(c));
        match (thought, conn) {
            (Thought::Start, _) => self.start(ctx),
            (Thought::Connect, _) => self.connect(ctx, about as usize),
            (Thought::Relisten, _) => self.relisten(ctx),
            (Thought::Accept, Some(conn)) => {
                self.accept(ctx, conn);
                Ok(())
            }
            (Thought::Talk, Some(conn)) => self.talk(ctx, conn),
            (Thought::Read, Some(conn)) => self.read(ctx, conn),
            (Thought::Close, Some(conn)) if !self.calm => self.close(ctx, conn),
            _ => Ok(()),
        }
    }

    fn calm_down(&mut self, ctx: &mut Ctx<'_>) -> Check {
        self.calm = true;
        self.plan.read = Read::AtOnce;
        if self.plan.listen.is_some() && self.listener.is_none() {
            self.plan.listen = None;
        }
        let conns: Vec<ConnId> = self.chats.keys().copied().collect();
        for conn in conns {
            drop(ctx.read_all(conn)?);
        }
        Ok(())
    }
}
