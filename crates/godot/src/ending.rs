//! The end of a session or a context, behind the game's back: what was sent before still arrives, and no frame waits for
//! it.

use gamesockets::{Context, ListenError, Listener};
use std::io::ErrorKind;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Systems show 15 characters.
const THREAD_NAME: &str = "gamesockets-end";
/// How long what was closed goes on in the background, to deliver what was sent before.
const ENDING_TIME: Duration = Duration::from_secs(10);
/// Sessions and contexts that end in the background at once. Further ones are cut off.
const ENDINGS_MAX: usize = 256;
/// Between two looks at what ends.
const ENDING_TICK: Duration = Duration::from_millis(5);
/// So long whoever listens at the port of one that still ends lets that one go on. Then that one is cut off.
const REBIND_TIME: Duration = Duration::from_millis(100);
/// What peers of a context read that ends with all its connections.
const CONTEXT_ENDED: Farewell = (2999, "shutdown");

/// A reason, and a text.
pub(crate) type Farewell = (u32, &'static str);

/// One that ends.
#[derive(Debug)]
struct Ending {
    listeners: Vec<Listener>,
    hurry: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

/// Those that end.
#[derive(Debug)]
struct Endings {
    list: Vec<Ending>,
    /// At once; 0 when the library is about to go, and no thread may begin any more.
    most: usize,
}

static ENDINGS: Mutex<Endings> = Mutex::new(Endings { list: Vec::new(), most: ENDINGS_MAX });

fn lock(endings: &Mutex<Endings>) -> MutexGuard<'_, Endings> {
    endings.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is left when connections were closed.
#[derive(Debug)]
pub(crate) struct Rest {
    pub(crate) context: Context,
    /// The context goes too.
    pub(crate) owned: bool,
    /// They keep who comes in.
    pub(crate) listeners: Vec<Listener>,
    /// For those who come too late.
    pub(crate) farewell: Farewell,
}

/// Ends a context with all its connections. Those that were closed with `linger` deliver what was promised.
pub(crate) fn end(context: Context) {
    let (reason, text) = CONTEXT_ENDED;
    let listeners = context.listeners();
    listeners.iter().for_each(Listener::keep_incoming);
    for connection in context.connections() {
        // One that somebody else has closed is as good.
        let _ = connection.close(reason, text, false);
    }
    Rest { context, owned: true, listeners, farewell: CONTEXT_ENDED }.end();
}

impl Rest {
    /// Lets it end, now or a little later.
    pub(crate) fn end(self) {
        self.end_among(&ENDINGS);
    }

    fn end_among(self, endings: &Mutex<Endings>) {
        if !self.owned && (self.listeners.is_empty() || self.context.lingering() == 0) {
            // Connections that this side made finish by themselves.
            return self.finish(false);
        }
        let (listeners, hurry) = (self.listeners.clone(), Arc::new(AtomicBool::new(false)));
        let mut endings = lock(endings);
        endings.list.retain(|ending| !ending.thread.is_finished());
        let flag = hurry.clone();
        let thread = thread::Builder::new().name(THREAD_NAME.to_owned());
        let room = endings.list.len() < endings.most;
        match room.then(|| thread.spawn(move || self.go_on(&flag))) {
            Some(Ok(thread)) => endings.list.push(Ending { listeners, hurry, thread }),
            // Too many: who came in is cut off, and the context, if it goes, makes whoever drops it wait for the others.
            _ => close_all(&listeners),
        }
    }

    /// Waits until everything is delivered.
    fn go_on(self, hurry: &AtomicBool) {
        let begin = Instant::now();
        while self.context.lingering() > 0 && begin.elapsed() < ENDING_TIME && !hurry.load(Relaxed) {
            self.turn_away();
            thread::park_timeout(ENDING_TICK);
        }
        self.finish(hurry.load(Relaxed));
    }

    fn finish(&self, hurry: bool) {
        self.turn_away();
        if self.owned {
            self.context.shutdown();
        } else if !hurry {
            close_all(&self.listeners);
        }
    }

    /// Whoever comes now is late.
    fn turn_away(&self) {
        let (reason, text) = self.farewell;
        for listener in &self.listeners {
            while let Some(late) = listener.next_incoming() {
                let _ = late.close(reason, text, false);
            }
        }
    }
}

fn close_all(listeners: &[Listener]) {
    for listener in listeners {
        // Somebody else may have closed it.
        let _ = listener.close();
    }
}

/// Listens at that port, which one may have that is about to end: it gets some time, then it loses the port.
///
/// # Errors
/// That of the first attempt, if the port is somebody else's, or there is another reason.
pub(crate) fn listen(
    port: u16,
    attempt: impl Fn() -> Result<Listener, ListenError>,
) -> Result<Listener, ListenError> {
    let taken = |why: &ListenError| matches!(why, ListenError::Bind { source, .. } if source.kind() == ErrorKind::AddrInUse);
    attempt().or_else(|why| match why {
        why if taken(&why) => retry(port, || attempt().ok()).ok_or(why),
        why => Err(why),
    })
}

fn retry<T>(port: u16, attempt: impl Fn() -> Option<T>) -> Option<T> {
    let all = lock(&ENDINGS).list.iter().flat_map(|ending| ending.listeners.clone()).collect::<Vec<_>>();
    let listeners: Vec<_> = all.into_iter().filter(|listener| listener.local_addr().port() == port).collect();
    if listeners.is_empty() {
        return None;
    }
    let begin = Instant::now();
    while begin.elapsed() < 2 * REBIND_TIME {
        if let Some(done) = attempt() {
            return Some(done);
        }
        if begin.elapsed() > REBIND_TIME {
            close_all(&listeners);
        }
        thread::sleep(ENDING_TICK / 5);
    }
    attempt()
}

/// Ends all that is still ending, soon: the library is about to go.
pub(crate) fn finish_all() {
    let endings = {
        let mut endings = lock(&ENDINGS);
        endings.most = 0;
        std::mem::take(&mut endings.list)
    };
    for ending in &endings {
        ending.hurry.store(true, Relaxed);
        ending.thread.thread().unpark();
    }
    for ending in endings {
        // A thread that panicked has ended too.
        let _ = ending.thread.join();
    }
}

/// How many still end at that port.
#[cfg(test)]
pub(crate) fn count(port: u16) -> usize {
    let at = |ending: &&Ending| ending.listeners.iter().any(|l| l.local_addr().port() == port);
    lock(&ENDINGS).list.iter().filter(|ending| !ending.thread.is_finished()).filter(at).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::face::{Face, Happened};
    use gamesockets::config::{ConfigKey, ConfigValue, Scope};
    use gamesockets::{Connection, ConnectionState};

    #[test]
    fn beyond_the_most_sessions_end_at_once() {
        let own = Mutex::new(Endings { list: Vec::new(), most: 1 });
        let alone = || {
            let context = Context::new().unwrap();
            let listener = context.listen("127.0.0.1:0".parse().unwrap()).unwrap();
            listener.keep_incoming();
            // Somebody who never gets what he was promised.
            let deaf = Context::builder().manual_poll(true).build().unwrap();
            let client = deaf.connect(listener.local_addr()).unwrap();
            let server = loop {
                let _ = deaf.poll(ENDING_TICK);
                if let Some(incoming) = listener.next_incoming() {
                    incoming.accept().unwrap();
                    break incoming;
                }
            };
            while client.state() != ConnectionState::Connected {
                let _ = deaf.poll(ENDING_TICK);
            }
            server.send(b"promised", gamesockets::SendFlags::RELIABLE).unwrap();
            server.close(0, "", true).unwrap();
            (
                Rest {
                    context: context.clone(),
                    owned: true,
                    listeners: vec![listener.clone()],
                    farewell: CONTEXT_ENDED,
                },
                listener,
                context,
                deaf,
            )
        };
        let (first, listener, context, _deaf) = alone();
        first.end_among(&own);
        assert!(listener.is_open() && context.lingering() == 1, "it goes on");
        let (second, other, cut_off, _deaf) = alone();
        assert_eq!(cut_off.lingering(), 1);
        second.end_among(&own);
        assert!(!other.is_open() && cut_off.lingering() == 0, "cut off");
        assert_eq!(lock(&own).list.len(), 1);
        for ending in lock(&own).list.drain(..) {
            ending.hurry.store(true, Relaxed);
            listener.close().unwrap();
            ending.thread.join().unwrap();
        }
    }

    /// A face that closed its connection with something promised, to somebody who is deaf.
    fn promised() -> (Face, Context, Connection, u16) {
        let port = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (face, other) = (Face::new(&[]), Context::new().unwrap());
        let at = format!("127.0.0.1:{port}");
        face.listen_ip(&at, &[]).unwrap();
        let client = other.connect(at.parse().unwrap()).unwrap();
        let incoming = loop {
            if let Some(Happened::Status { connection, .. }) = face.take_events().into_iter().next() {
                break connection;
            }
            thread::yield_now();
        };
        face.accept(incoming).unwrap();
        while client.state() != ConnectionState::Connected {
            thread::yield_now();
        }
        lose(&other, 100.0);
        face.send(incoming, b"promised", 8, 0).unwrap();
        face.close(incoming, 1003, "done", true).unwrap();
        (face, other, client, port)
    }

    fn lose(context: &Context, percent: f32) {
        let value = Some(ConfigValue::Float(percent));
        context.set_config(Scope::Global, ConfigKey::FakePacketLossRecv, value).unwrap();
    }

    #[test]
    fn a_context_keeps_its_promises_behind_the_games_back() {
        let (face, other, client, port) = promised();
        drop(face);
        assert_eq!(count(port), 1, "nobody waited for it");
        lose(&other, 0.0);
        while client.ended().is_none() {
            thread::yield_now();
        }
        assert_eq!(client.receive(2).unwrap()[0].payload(), "promised");
        assert_eq!(client.info().unwrap().end_reason.0, 1003);
        while count(port) > 0 {
            thread::yield_now();
        }
    }

    #[test]
    fn a_port_is_had_again_from_a_context_that_ends() {
        let (face, _other, _client, port) = promised();
        drop(face);
        assert_eq!(count(port), 1);
        assert!(Face::new(&[]).listen_ip(&format!("127.0.0.1:{port}"), &[]).is_ok());
        // Another one's port stays taken.
        let taken = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let at = taken.local_addr().unwrap().to_string();
        assert!(Face::new(&[]).listen_ip(&at, &[]).is_err());
    }
}
