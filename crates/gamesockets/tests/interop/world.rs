//! Both libraries in one process, and connections between them.

use crate::env;
use crate::gns::{self, Gns};
use crate::ours::{self, Ours};
use crate::side::{CONNECTED, CONNECTING, Change, Facts, Figures, Got, NotSent, Opt, Side, Theirs, Value};
use std::net::SocketAddr;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long a connection may take on this machine.
pub(crate) const HANDSHAKE: Duration = Duration::from_secs(8);
/// Pause between two looks at both libraries.
const TICK: Duration = Duration::from_millis(1);
/// Lines of the peer's log in the text of a failure.
const LOG_LINES: usize = 25;

/// Which part the reference library plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// It listens, we connect.
    GnsListens,
    /// We listen, it connects.
    GnsConnects,
}

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// This project.
    Ours,
    /// The reference library.
    Gns,
}

impl Who {
    pub(crate) const BOTH: [Self; 2] = [Self::Ours, Self::Gns];

    pub(crate) const fn other(self) -> Self {
        match self {
            Self::Ours => Self::Gns,
            Self::Gns => Self::Ours,
        }
    }
}

impl Role {
    pub(crate) const BOTH: [Self; 2] = [Self::GnsListens, Self::GnsConnects];

    pub(crate) const fn listener(self) -> Who {
        match self {
            Self::GnsListens => Who::Gns,
            Self::GnsConnects => Who::Ours,
        }
    }
}

/// A library with what it reported so far.
pub(crate) struct Peer {
    pub(crate) side: Box<dyn Side>,
    /// Everything it reported, in order.
    pub(crate) changes: Vec<Change>,
    /// Whether requests are accepted at once.
    pub(crate) accepts: bool,
}

impl Peer {
    pub(crate) fn new(side: Box<dyn Side>) -> Self {
        Self { side, changes: Vec::new(), accepts: true }
    }

    /// Takes reports in and accepts who asks.
    pub(crate) fn pump(&mut self) {
        for change in self.side.changes() {
            if change.facts.state == CONNECTING && change.facts.incoming && self.accepts {
                // What becomes of it is seen by its next change.
                let _ = self.side.accept(change.conn);
            }
            self.changes.push(change);
        }
    }

    /// The first report of this state for the connection.
    pub(crate) fn reported(&self, conn: u32, state: i32) -> Option<&Facts> {
        self.changes.iter().find(|c| c.conn == conn && c.facts.state == state).map(|c| &c.facts)
    }

    /// Requests that came in, in order.
    pub(crate) fn requests(&self) -> impl Iterator<Item = u32> {
        let asks = |c: &&Change| c.facts.state == CONNECTING && c.facts.incoming;
        self.changes.iter().filter(asks).map(|c| c.conn)
    }

    pub(crate) fn state(&mut self, conn: u32) -> i32 {
        self.side.facts(conn).map_or(0, |facts| facts.state)
    }
}

/// Starts one of the libraries alone.
pub(crate) fn start(who: Who, identity: Option<&str>) -> Result<Peer, String> {
    Ok(Peer::new(match who {
        Who::Ours => Box::new(Ours::start(identity, ours::Traits::default())?),
        Who::Gns => {
            let lib = env::gns_lib().ok_or("the reference library is not named")?;
            Box::new(Theirs(Gns::start(&lib, identity)?))
        }
    }))
}

/// Both handles of one connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    pub(crate) ours: u32,
    pub(crate) gns: u32,
}

impl Link {
    pub(crate) const fn of(self, who: Who) -> u32 {
        match who {
            Who::Ours => self.ours,
            Who::Gns => self.gns,
        }
    }
}

/// Both libraries, started.
pub(crate) struct World {
    pub(crate) ours: Peer,
    pub(crate) gns: Peer,
    /// Connections made so far, for the text of a failure.
    links: Vec<Link>,
}

impl World {
    /// Both libraries with identities of their own.
    pub(crate) fn start() -> Result<Self, String> {
        Ok(Self::of(start(Who::Ours, Some("str:ours"))?, start(Who::Gns, Some("str:theirs"))?))
    }

    /// Both libraries as they were started by the caller.
    pub(crate) const fn of(ours: Peer, gns: Peer) -> Self {
        Self { ours, gns, links: Vec::new() }
    }

    pub(crate) fn peer(&mut self, who: Who) -> &mut Peer {
        match who {
            Who::Ours => &mut self.ours,
            Who::Gns => &mut self.gns,
        }
    }

    pub(crate) fn pump(&mut self) {
        self.ours.pump();
        self.gns.pump();
    }

    /// Keeps both going until `done` says so. After `limit` it is a failure, with everything that is known.
    pub(crate) fn until(
        &mut self,
        limit: Duration,
        what: &str,
        mut done: impl FnMut(&mut Self) -> Result<bool, String>,
    ) -> Result<Duration, String> {
        let started = Instant::now();
        loop {
            self.pump();
            match done(self) {
                Ok(true) => return Ok(started.elapsed()),
                Ok(false) if started.elapsed() < limit => sleep(TICK),
                Ok(false) => {
                    let seconds = limit.as_secs_f32();
                    return Err(format!("not within {seconds} s: {what}\n{}", self.autopsy()));
                }
                Err(text) => return Err(format!("{what}: {text}\n{}", self.autopsy())),
            }
        }
    }

    /// Keeps both going for a while.
    pub(crate) fn run_for(&mut self, time: Duration) {
        let started = Instant::now();
        while started.elapsed() < time {
            self.pump();
            sleep(TICK);
        }
    }

    /// What both know, for the text of a failure.
    pub(crate) fn autopsy(&mut self) -> String {
        let mut text = String::new();
        for link in self.links.iter().rev().take(1) {
            for (peer, conn, name) in
                [(&mut self.ours, link.ours, "ours"), (&mut self.gns, link.gns, "theirs")]
            {
                let facts = peer.side.facts(conn);
                text.push_str(&format!("-- {name}: {facts:?}\n{}\n", peer.side.detailed(conn)));
            }
        }
        text.push_str("-- their log\n");
        text.push_str(&gns::log_tail(LOG_LINES).join("\n"));
        text
    }

    /// Listens on one side; gives the address.
    pub(crate) fn listen(&mut self, role: Role, options: &[Opt]) -> Result<SocketAddr, String> {
        Ok(self.peer(role.listener()).side.listen(options)?.1)
    }

    /// Starts to connect and waits for the other side to be asked. Gives both handles.
    pub(crate) fn dial(&mut self, role: Role, to: SocketAddr, options: &[Opt]) -> Result<Link, String> {
        let server = role.listener();
        let before = self.peer(server).requests().count();
        let client_conn = self.peer(server.other()).side.connect(to, options)?;
        self.until(HANDSHAKE, "a request comes in", |w| Ok(w.peer(server).requests().count() > before))?;
        let server_conn = self.peer(server).requests().nth(before).ok_or("the request is gone")?;
        let link = match server {
            Who::Ours => Link { ours: server_conn, gns: client_conn },
            Who::Gns => Link { ours: client_conn, gns: server_conn },
        };
        self.links.push(link);
        Ok(link)
    }

    /// A connection between the two; gives its handles once both call it connected.
    pub(crate) fn link(&mut self, role: Role, ours: &[Opt], theirs: &[Opt]) -> Result<Link, String> {
        let (server, client) = match role {
            Role::GnsListens => (theirs, ours),
            Role::GnsConnects => (ours, theirs),
        };
        let to = self.listen(role, server)?;
        let link = self.dial(role, to, client)?;
        self.connected(link)?;
        Ok(link)
    }

    /// Waits until both call it connected.
    pub(crate) fn connected(&mut self, link: Link) -> Result<(), String> {
        self.until(HANDSHAKE, "both are connected", |w| {
            Ok(Who::BOTH.iter().all(|who| w.peer(*who).state(link.of(*who)) == CONNECTED))
        })?;
        Ok(())
    }

    pub(crate) fn facts(&mut self, who: Who, link: Link) -> Result<Facts, String> {
        self.peer(who).side.facts(link.of(who)).ok_or_else(|| format!("{who:?}: the connection is gone"))
    }

    pub(crate) fn figures(&mut self, who: Who, link: Link) -> Result<Figures, String> {
        self.peer(who).side.figures(link.of(who)).ok_or_else(|| format!("{who:?}: no figures"))
    }

    /// Sends; fails if the buffer is full.
    pub(crate) fn send(
        &mut self,
        who: Who,
        link: Link,
        data: &[u8],
        reliable: bool,
        lane: u16,
    ) -> Result<u64, String> {
        self.try_send(who, link, data, reliable, lane)?
            .ok_or_else(|| format!("{who:?}: the send buffer is full"))
    }

    /// Sends; `None` if the buffer is full.
    pub(crate) fn try_send(
        &mut self,
        who: Who,
        link: Link,
        data: &[u8],
        reliable: bool,
        lane: u16,
    ) -> Result<Option<u64>, String> {
        match self.peer(who).side.send(link.of(who), data, reliable, lane) {
            Ok(number) => Ok(Some(number)),
            Err(NotSent::Full) => Ok(None),
            Err(NotSent::Other(text)) => Err(text),
        }
    }

    pub(crate) fn receive(&mut self, who: Who, link: Link) -> Vec<Got> {
        self.peer(who).side.receive(link.of(who))
    }

    /// Changes a setting of everything on one side.
    pub(crate) fn configure(&mut self, who: Who, settings: &[(i32, Value)]) -> Result<(), String> {
        settings.iter().try_for_each(|(key, value)| self.peer(who).side.configure(*key, *value))
    }
}

/// Bytes that differ for every seed and do not repeat.
pub(crate) fn pattern(seed: u64, len: usize) -> Vec<u8> {
    let mut x = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        bytes.extend_from_slice(&x.to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}
