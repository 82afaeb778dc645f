//! What the commands need of the library, with words for the user where it says no.

use crate::exit::{Code, Failure};
use gamesockets::config::{ConfigKey, ConfigValue, Scope};
use gamesockets::{
    Connection, ConnectionState, Context, EndReason, Event, ListenError, Listener, Message, PollGroup,
};
use std::fmt;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// Messages taken out of the library at once.
const MESSAGES_AT_ONCE: usize = 256;
/// Longest pause between two looks at the queues, and the shortest.
const PAUSE_MAX: Duration = Duration::from_millis(2);
const PAUSE_MIN: Duration = Duration::from_micros(100);
/// How long everything that was said may take to arrive when a command ends.
const FINISH_WITHIN: Duration = Duration::from_secs(30);
/// How long goodbyes get to arrive, and to be asked for again: some round trips, but not less nor more than these.
const GOODBYE_ROUND_TRIPS: u32 = 4;
const GOODBYE_MIN: Duration = Duration::from_millis(20);
const GOODBYE_MAX: Duration = Duration::from_millis(1000);
/// Our reason number for an end that needs no explanation.
pub(crate) const REASON_OK: u32 = 1000;

/// Something happened to a connection.
pub(crate) enum News {
    /// Somebody wants in: accept or close.
    Incoming(Connection),
    Connected(Connection),
    /// It is over; close the handle.
    Ended(Connection, End),
}

/// How a connection ended.
#[derive(Clone, Debug)]
pub(crate) struct End {
    pub(crate) by_peer: bool,
    reason: EndReason,
    pub(crate) text: String,
    /// The other end, for messages.
    peer: String,
    was_connected: bool,
}

impl End {
    /// Whether the peer meant to leave and had no complaint.
    pub(crate) fn is_ordinary(&self) -> bool {
        self.by_peer && self.reason.is_app() && !self.reason.is_app_exception()
    }

    /// The end as the reason why a command fails.
    pub(crate) fn failure(&self) -> Failure {
        let code = if !self.was_connected {
            Code::CannotConnect
        } else if self.by_peer {
            Code::Failed
        } else {
            Code::Timeout
        };
        let what = match (self.was_connected, self.by_peer) {
            (false, true) => "refused the connection",
            (false, false) => "cannot connect; is the program running there, and the way open for UDP?",
            (true, true) => "closed the connection",
            (true, false) => "connection lost",
        };
        Failure::new(code, format!("{what} ({self})")).about(&self.peer)
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = crate::text::harmless(self.text.as_bytes(), 200);
        if text.is_empty() {
            write!(f, "reason {}", self.reason.0)
        } else {
            write!(f, "{}: {text}", self.reason.0)
        }
    }
}

/// Settings of a transport that the commands change.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rates {
    /// Bytes per second; 0 for the default.
    pub(crate) rate: u64,
    /// Bytes; 0 for the default.
    pub(crate) send_buffer: i32,
    pub(crate) recv_buffer: i32,
    /// Messages; 0 for the default.
    pub(crate) recv_messages: i32,
}

impl Rates {
    pub(crate) fn options(&self) -> Vec<(ConfigKey, ConfigValue)> {
        let rate = i32::try_from(self.rate).unwrap_or(i32::MAX);
        let all = [
            // The lower limit too: without it a connection starts far below.
            (ConfigKey::SendRateMin, rate),
            (ConfigKey::SendRateMax, rate),
            (ConfigKey::SendBufferSize, self.send_buffer),
            (ConfigKey::RecvBufferSize, self.recv_buffer),
            (ConfigKey::RecvBufferMessages, self.recv_messages),
        ];
        all.into_iter().filter(|(_, n)| *n > 0).map(|(key, n)| (key, ConfigValue::Int32(n))).collect()
    }
}

/// A context whose connections are all read together.
pub(crate) struct Net {
    context: Context,
    group: PollGroup,
    inbox: Vec<Message>,
}

impl Net {
    /// A context with these global settings.
    pub(crate) fn new(settings: &[(ConfigKey, ConfigValue)]) -> Result<Self, Failure> {
        Self::with_threads(1, settings)
    }

    /// The same with several I/O threads.
    pub(crate) fn with_threads(
        threads: usize,
        settings: &[(ConfigKey, ConfigValue)],
    ) -> Result<Self, Failure> {
        let failed = |e: &dyn fmt::Display| Failure::new(Code::Failed, e);
        let context = Context::builder().io_threads(threads).build().map_err(|e| failed(&e))?;
        for (key, value) in settings {
            context.set_config(Scope::Global, *key, Some(value.clone())).map_err(|e| failed(&e))?;
        }
        let group = context.create_poll_group().map_err(|e| failed(&e))?;
        Ok(Self { context, group, inbox: Vec::new() })
    }

    pub(crate) fn listen(&self, address: SocketAddr) -> Result<Listener, Failure> {
        self.context.listen(address).map_err(|error| {
            let help = match &error {
                ListenError::Bind { source, .. } if source.kind() == std::io::ErrorKind::AddrInUse => {
                    "; another program uses it, choose another port or 0 for a free one"
                }
                _ => "",
            };
            Failure::new(Code::CannotListen, format!("{error}{help}"))
        })
    }

    /// Starts a connection whose messages come with everybody's.
    pub(crate) fn connect(&self, to: SocketAddr) -> Result<Connection, Failure> {
        let failed = |e: &dyn fmt::Display| Failure::new(Code::CannotConnect, e).about(to);
        let connection = self.context.connect(to).map_err(|e| failed(&e))?;
        connection.set_poll_group(Some(&self.group)).map_err(|e| failed(&e))?;
        Ok(connection)
    }

    /// Connects, or tells why not; the library's own limit ends the waiting.
    pub(crate) fn connect_and_wait(&mut self, to: SocketAddr) -> Result<Connection, Failure> {
        let connection = self.connect(to)?;
        let stop = stop_requested()?;
        loop {
            for news in self.wait(Duration::from_millis(50))? {
                match news {
                    News::Connected(c) if c == connection => return Ok(connection),
                    News::Ended(c, end) if c == connection => return Err(end.failure()),
                    _ => {}
                }
            }
            if stop.is_set() {
                return Err(Failure::new(Code::Interrupted, "interrupted"));
            }
        }
    }

    /// Waits until something happened or a message came, but not longer than `at_most`.
    pub(crate) fn wait(&mut self, at_most: Duration) -> Result<Vec<News>, Failure> {
        let until = Instant::now() + at_most;
        let mut pause = PAUSE_MIN;
        loop {
            // Events first: what came before the end of a connection is then certainly among the messages.
            let news: Vec<News> =
                self.context.poll_events().into_iter().filter_map(|e| self.news(e)).collect();
            self.fetch()?;
            let left = until.saturating_duration_since(Instant::now());
            if !news.is_empty() || !self.inbox.is_empty() || left.is_zero() {
                return Ok(news);
            }
            std::thread::sleep(pause.min(left));
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    fn fetch(&mut self) -> Result<(), Failure> {
        if self.inbox.is_empty() {
            let got = self.group.receive_into(&mut self.inbox, MESSAGES_AT_ONCE);
            got.map_err(|e| Failure::new(Code::Failed, e))?;
        }
        Ok(())
    }

    /// The messages that [`wait`](Self::wait) found, a bounded number of them.
    pub(crate) fn messages(&mut self) -> Vec<Message> {
        std::mem::take(&mut self.inbox)
    }

    /// All that is left to read of a connection that ended, after [`messages`](Self::messages).
    pub(crate) fn rest_of(connection: &Connection) -> Vec<Message> {
        connection.receive(usize::MAX).unwrap_or_default()
    }

    fn news(&self, event: Event) -> Option<News> {
        let Event::ConnectionStatusChanged { connection, listener, old, new, info, .. } = event else {
            return None;
        };
        match new {
            ConnectionState::Connecting if listener.is_some() => {
                // A handle that was closed meanwhile is no news.
                connection.set_poll_group(Some(&self.group)).ok()?;
                Some(News::Incoming(connection))
            }
            ConnectionState::Connected => Some(News::Connected(connection)),
            ConnectionState::ClosedByPeer | ConnectionState::ProblemDetectedLocally => {
                let end = End {
                    by_peer: new == ConnectionState::ClosedByPeer,
                    reason: info.end_reason,
                    text: info.end_debug,
                    peer: info.remote.map_or_else(|| "the peer".into(), |a| a.to_string()),
                    was_connected: old == ConnectionState::Connected,
                };
                Some(News::Ended(connection, end))
            }
            _ => None,
        }
    }

    /// The address of the other end, for messages.
    pub(crate) fn peer_of(connection: &Connection) -> String {
        let remote = connection.info().ok().and_then(|info| info.remote);
        remote.map_or_else(|| "somebody".into(), |a| a.to_string())
    }

    /// Closes a handle; one that is closed already stays so.
    pub(crate) fn close(connection: &Connection, reason: u32, text: &str, linger: bool) {
        let _ = connection.close(reason, text, linger);
    }

    /// Waits until the peers have everything that was sent to them, closes the connections, and ends the context after
    /// a moment in which a peer that missed the goodbye learns of it when it sends again.
    /// Messages that come meanwhile are kept for [`messages`](Self::messages).
    ///
    /// # Errors
    /// A peer did not take everything in time.
    pub(crate) fn finish(
        &mut self,
        connections: &[Connection],
        reason: u32,
        text: &str,
    ) -> Result<(), Failure> {
        let until = Instant::now() + FINISH_WITHIN;
        let mut open: Vec<&Connection> = connections.iter().collect();
        let mut kept = std::mem::take(&mut self.inbox);
        let pings = connections.iter().filter_map(|c| u64::try_from(c.status().ok()?.ping_ms).ok());
        let round_trip = Duration::from_millis(pings.max().unwrap_or(0));
        while !open.is_empty() && Instant::now() < until {
            open.retain(|connection| {
                let done = is_delivered(connection);
                if done {
                    kept.extend(Self::rest_of(connection));
                    Self::close(connection, reason, text, true);
                }
                !done
            });
            if !open.is_empty() {
                std::thread::sleep(PAUSE_MAX);
            }
        }
        let late = open.len();
        for connection in open {
            kept.extend(Self::rest_of(connection));
            Self::close(connection, reason, text, true);
        }
        if !connections.is_empty() {
            std::thread::sleep((round_trip * GOODBYE_ROUND_TRIPS).clamp(GOODBYE_MIN, GOODBYE_MAX));
        }
        self.context.shutdown();
        self.inbox = kept;
        if late > 0 {
            let text = format!("{late} peers did not take everything within {} s", FINISH_WITHIN.as_secs());
            return Err(Failure::new(Code::Timeout, text));
        }
        Ok(())
    }

    /// [`finish`](Self::finish) for the one connection of a client, whose end by itself is a failure.
    ///
    /// # Errors
    /// The peer did not take everything, or complained.
    pub(crate) fn leave(&mut self, connection: &Connection, text: &str) -> Result<(), Failure> {
        let until = Instant::now() + FINISH_WITHIN;
        while !is_delivered(connection) && Instant::now() < until {
            std::thread::sleep(PAUSE_MAX);
        }
        let end = connection.ended().map(|ended| End {
            by_peer: ended.by_peer,
            reason: ended.reason,
            text: ended.text,
            peer: Self::peer_of(connection),
            was_connected: true,
        });
        self.finish(std::slice::from_ref(connection), REASON_OK, text)?;
        match end {
            Some(end) if !end.is_ordinary() => Err(end.failure()),
            _ => Ok(()),
        }
    }

    /// The library itself, for what is asked only once.
    pub(crate) const fn context(&self) -> &Context {
        &self.context
    }
}

/// Whether nothing reliable is under way or waiting, or never will be again.
fn is_delivered(connection: &Connection) -> bool {
    match connection.status() {
        Ok(s) if s.state == ConnectionState::Connected => {
            s.pending_reliable == 0 && s.sent_unacked_reliable == 0
        }
        Ok(_) | Err(_) => true,
    }
}

/// The address that `text` means: numbers or a name, with or without a port.
pub(crate) fn resolve(text: &str, default_port: u16) -> Result<SocketAddr, Failure> {
    let usage = |why: &str| {
        let text = format!(
            "`{text}` is not an address{why}; write for example 127.0.0.1:{default_port} or [::1]:{default_port}"
        );
        Failure::new(Code::Usage, text)
    };
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Ok(address);
    }
    if let Ok(ip) = text.trim_matches(['[', ']']).parse::<std::net::IpAddr>() {
        return Ok((ip, default_port).into());
    }
    let (name, port) = match text.rsplit_once(':') {
        Some((name, port)) => (name, port.parse().map_err(|_| usage(" with a port"))?),
        None => (text, default_port),
    };
    if name.is_empty() || name.contains([':', '/', ' ', '@', '[', ']']) {
        return Err(usage(""));
    }
    let found = (name, port).to_socket_addrs();
    let first =
        found.map_err(|e| Failure::new(Code::CannotConnect, e).about(name))?.min_by_key(SocketAddr::is_ipv6);
    first.ok_or_else(|| Failure::new(Code::CannotConnect, "the name has no address").about(name))
}

/// Whether the user asked to stop.
#[derive(Clone, Debug)]
pub(crate) struct Stop(Arc<AtomicBool>);

impl Stop {
    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Relaxed)
    }
}

/// Takes interrupts from now on; the second one ends the program at once.
pub(crate) fn stop_requested() -> Result<Stop, Failure> {
    static STOP: std::sync::OnceLock<Stop> = std::sync::OnceLock::new();
    let mut installed = Ok(());
    let stop = STOP.get_or_init(|| {
        let flag = Arc::new(AtomicBool::new(false));
        let ours = flag.clone();
        installed = ctrlc::set_handler(move || {
            if ours.swap(true, Relaxed) {
                std::process::exit(i32::from(Code::Interrupted as u8));
            }
        });
        Stop(flag)
    });
    installed.map_err(|e| Failure::new(Code::Failed, format!("cannot take interrupts: {e}")))?;
    Ok(stop.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_with_and_without_port() {
        let all = [
            ("127.0.0.1:5", "127.0.0.1:5"),
            ("127.0.0.1", "127.0.0.1:9"),
            ("::1", "[::1]:9"),
            ("[::1]", "[::1]:9"),
            ("[::1]:7", "[::1]:7"),
            ("localhost:3", "127.0.0.1:3"),
        ];
        for (text, address) in all {
            assert_eq!(resolve(text, 9).unwrap().to_string(), address, "{text}");
        }
        for text in ["", ":5", "1.2.3.4:x", "a b:5", "http://x:5", "127.0.0.1:99999"] {
            assert_eq!(resolve(text, 9).unwrap_err().code, Code::Usage, "{text}");
        }
    }

    #[test]
    fn only_what_was_asked_for_is_set() {
        assert!(Rates::default().options().is_empty());
        let options = Rates { rate: 1 << 40, ..Rates::default() }.options();
        assert_eq!(options[1], (ConfigKey::SendRateMax, ConfigValue::Int32(i32::MAX)));
    }
}
