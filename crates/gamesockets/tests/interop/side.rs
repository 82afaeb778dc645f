//! What both libraries can do, said once, so that a case does not care which of them plays which part.

use crate::gns::{self, Gns, Scope};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};

pub(crate) use crate::gns::{Figures, Value};

/// Numbers of settings, the same in both libraries.
pub(crate) mod keys {
    pub(crate) const LOSS_SEND: i32 = 2;
    pub(crate) const LOSS_RECV: i32 = 3;
    pub(crate) const LAG_SEND: i32 = 4;
    pub(crate) const LAG_RECV: i32 = 5;
    pub(crate) const REORDER_SEND: i32 = 6;
    pub(crate) const REORDER_RECV: i32 = 7;
    pub(crate) const REORDER_TIME: i32 = 8;
    pub(crate) const SEND_BUFFER: i32 = 9;
    pub(crate) const RATE_MIN: i32 = 10;
    pub(crate) const RATE_MAX: i32 = 11;
    pub(crate) const ALLOW_WITHOUT_AUTH: i32 = 23;
    pub(crate) const TIMEOUT_INITIAL: i32 = 24;
    pub(crate) const DUP_SEND: i32 = 26;
    pub(crate) const DUP_RECV: i32 = 27;
    pub(crate) const MTU: i32 = 32;
    pub(crate) const UNENCRYPTED: i32 = 34;
    pub(crate) const RECV_BUFFER: i32 = 47;
    pub(crate) const RECV_MESSAGES: i32 = 48;
    pub(crate) const RECV_MESSAGE_SIZE: i32 = 49;
    pub(crate) const LOCALHOST_ALLOW_WITHOUT_AUTH: i32 = 52;
    pub(crate) const JITTER_SEND: i32 = 53;
    pub(crate) const JITTER_RECV: i32 = 56;
    pub(crate) const TIME_SINCE_PREVIOUS: i32 = 59;
}

/// A setting and its value.
pub(crate) type Opt = (i32, Value);

/// States, as numbers.
pub(crate) const CONNECTING: i32 = 1;
pub(crate) const CONNECTED: i32 = 3;
pub(crate) const CLOSED_BY_PEER: i32 = 4;
pub(crate) const PROBLEM: i32 = 5;

/// Bits of [`Facts::flags`].
pub(crate) const UNAUTHENTICATED: i32 = 1;
pub(crate) const UNENCRYPTED: i32 = 2;

/// What a side knows about a connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    /// Text form.
    pub(crate) identity: String,
    pub(crate) state: i32,
    pub(crate) end_reason: i32,
    pub(crate) end_debug: String,
    pub(crate) flags: i32,
    /// It came in through a listen socket.
    pub(crate) incoming: bool,
}

/// A change of state.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) conn: u32,
    pub(crate) facts: Facts,
}

/// A message that arrived.
#[derive(Clone, Debug)]
pub(crate) struct Got {
    pub(crate) data: Vec<u8>,
    pub(crate) number: u64,
    pub(crate) reliable: bool,
    pub(crate) lane: u16,
}

/// Why a message was not taken.
#[derive(Debug)]
pub(crate) enum NotSent {
    /// Too much waits already: try later.
    Full,
    /// Anything else.
    Other(String),
}

/// One of the two libraries, started.
pub(crate) trait Side {
    /// Listens on a free port of the address.
    fn listen_at(&mut self, at: IpAddr, options: &[Opt]) -> Result<(u32, SocketAddr), String>;
    /// Listens on a free port of this machine.
    fn listen(&mut self, options: &[Opt]) -> Result<(u32, SocketAddr), String> {
        self.listen_at(Ipv4Addr::LOCALHOST.into(), options)
    }
    /// Starts to connect.
    fn connect(&mut self, to: SocketAddr, options: &[Opt]) -> Result<u32, String>;
    /// Accepts an incoming connection.
    fn accept(&mut self, conn: u32) -> Result<(), String>;
    /// Closes a connection.
    fn close(&mut self, conn: u32, reason: i32, text: &str, linger: bool) -> Result<(), String>;
    /// Sends a message; gives its number.
    fn send(&mut self, conn: u32, data: &[u8], reliable: bool, lane: u16) -> Result<u64, NotSent>;
    /// Everything that waits to be read.
    fn receive(&mut self, conn: u32) -> Vec<Got>;
    /// Changes since the last call. Has to be called often.
    fn changes(&mut self) -> Vec<Change>;
    /// Facts about a connection.
    fn facts(&mut self, conn: u32) -> Option<Facts>;
    /// Figures about a connection.
    fn figures(&mut self, conn: u32) -> Option<Figures>;
    /// Sets up lanes: priority and weight of each.
    fn lanes(&mut self, conn: u32, lanes: &[(i32, u16)]) -> Result<(), String>;
    /// Changes a setting of everything.
    fn configure(&mut self, key: i32, value: Value) -> Result<(), String>;
    /// Everything known about a connection, as text.
    fn detailed(&mut self, conn: u32) -> String;
    /// Changes a setting of a listen socket and of what comes in through it from now on.
    fn configure_listener(&mut self, listener: u32, key: i32, value: Value) -> Result<(), String>;
    /// What to send to an authority.
    fn certificate_request(&mut self) -> Result<Vec<u8>, String>;
    /// Takes what the authority answered.
    fn set_certificate(&mut self, blob: &[u8]) -> Result<(), String>;
}

/// The other library.
pub(crate) struct Theirs(pub(crate) Gns);

impl Side for Theirs {
    fn listen_at(&mut self, at: IpAddr, options: &[Opt]) -> Result<(u32, SocketAddr), String> {
        let at = free_port(at)?;
        Ok((self.0.listen(at, options)?, at))
    }

    fn connect(&mut self, to: SocketAddr, options: &[Opt]) -> Result<u32, String> {
        self.0.connect(to, options)
    }

    fn accept(&mut self, conn: u32) -> Result<(), String> {
        match self.0.accept(conn) {
            gns::OK => Ok(()),
            result => Err(format!("the peer does not accept: result {result}")),
        }
    }

    fn close(&mut self, conn: u32, reason: i32, text: &str, linger: bool) -> Result<(), String> {
        let known = self.0.close(conn, reason, text, linger)?;
        if known { Ok(()) } else { Err("the peer does not know the connection".to_owned()) }
    }

    fn send(&mut self, conn: u32, data: &[u8], reliable: bool, lane: u16) -> Result<u64, NotSent> {
        let sent = self.0.send(conn, data, if reliable { 8 } else { 0 }, lane);
        sent.map(i64::unsigned_abs).map_err(|result| match result {
            gns::LIMIT_EXCEEDED => NotSent::Full,
            result => NotSent::Other(format!("the peer does not send: result {result}")),
        })
    }

    fn receive(&mut self, conn: u32) -> Vec<Got> {
        let messages = self.0.receive(conn).into_iter();
        let got = messages.map(|m| Got {
            data: m.data,
            number: m.number.unsigned_abs(),
            reliable: m.flags & 8 != 0,
            lane: m.lane,
        });
        got.collect()
    }

    fn changes(&mut self) -> Vec<Change> {
        self.0.changes().into_iter().map(|c| Change { conn: c.conn, facts: facts(c.info) }).collect()
    }

    fn facts(&mut self, conn: u32) -> Option<Facts> {
        self.0.info(conn).map(facts)
    }

    fn figures(&mut self, conn: u32) -> Option<Figures> {
        self.0.figures(conn)
    }

    fn lanes(&mut self, conn: u32, lanes: &[(i32, u16)]) -> Result<(), String> {
        match self.0.lanes(conn, lanes) {
            gns::OK => Ok(()),
            result => Err(format!("the peer does not set up lanes: result {result}")),
        }
    }

    fn configure(&mut self, key: i32, value: Value) -> Result<(), String> {
        self.0.configure(Scope::Global, key, value)
    }

    fn detailed(&mut self, conn: u32) -> String {
        self.0.detailed(conn)
    }

    fn configure_listener(&mut self, listener: u32, key: i32, value: Value) -> Result<(), String> {
        self.0.configure(Scope::Listener(listener), key, value)
    }

    fn certificate_request(&mut self) -> Result<Vec<u8>, String> {
        self.0.certificate_request()
    }

    fn set_certificate(&mut self, blob: &[u8]) -> Result<(), String> {
        self.0.set_certificate(blob)
    }
}

fn facts(info: gns::Info) -> Facts {
    Facts {
        identity: info.identity,
        state: info.state,
        end_reason: info.end_reason,
        end_debug: info.end_debug,
        flags: info.flags,
        incoming: info.listener != 0,
    }
}

/// A port that was free a moment ago, for a library that cannot choose one itself.
pub(crate) fn free_port(at: IpAddr) -> Result<SocketAddr, String> {
    let socket = UdpSocket::bind((at, 0)).map_err(|e| format!("no free port: {e}"))?;
    socket.local_addr().map_err(|e| format!("no free port: {e}"))
}
