//! What the tests share: waiting with generous limits, and ready-made pairs over loopback.
#![allow(dead_code, reason = "not every test uses everything")]

use gamesockets::{Connection, ConnectionState, Context, ContextBuilder, Event, Listener, Message};
use std::time::{Duration, Instant};

/// Longest wait for anything; reached only when something is broken.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// I/O threads of each context: the test `three_threads` runs what other files test once more with three of them.
pub(crate) const IO_THREADS: usize =
    if matches!(env!("CARGO_CRATE_NAME").as_bytes(), b"three_threads") { 3 } else { 1 };

/// Whether the system can deal out the peers of one port to several threads.
pub(crate) const DEALS_OUT: bool = cfg!(any(target_os = "linux", target_os = "android"));

/// Sockets of a listen socket: one for each thread where the system can deal out the peers.
pub(crate) const LISTEN_SOCKETS: usize = if DEALS_OUT { IO_THREADS } else { 1 };

/// Starts describing a context.
pub(crate) fn builder() -> ContextBuilder {
    Context::builder().io_threads(IO_THREADS)
}

/// A context like any other.
pub(crate) fn context() -> Context {
    builder().build().expect("context")
}

/// Asks `ready` again and again until it gives something.
pub(crate) fn wait_for<T>(what: &str, mut ready: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(value) = ready() {
            return value;
        }
        assert!(begin.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// A condition to come true.
pub(crate) fn wait_until(what: &str, mut ready: impl FnMut() -> bool) {
    wait_for(what, || ready().then_some(()));
}

/// Accepts everybody who wants to connect, and returns them.
pub(crate) fn accept_all(context: &Context) -> Vec<Connection> {
    let mut accepted = Vec::new();
    for event in context.poll_events() {
        if let Event::ConnectionStatusChanged {
            connection,
            listener: Some(_),
            old: ConnectionState::None,
            new: ConnectionState::Connecting,
            ..
        } = event
        {
            connection.accept().expect("a fresh request can be accepted");
            accepted.push(connection);
        }
    }
    accepted
}

/// Connects `client` to `listener` of `server`; both ends are connected at return.
pub(crate) fn connect_to(
    client: &Context,
    server: &Context,
    listener: &Listener,
) -> (Connection, Connection) {
    let to = client.connect(listener.local_addr()).expect("connect");
    let from = wait_for("a request to connect", || accept_all(server).pop());
    wait_until("both ends to be connected", || {
        to.state() == ConnectionState::Connected && from.state() == ConnectionState::Connected
    });
    (to, from)
}

/// Two contexts and a connection between them over 127.0.0.1: client end, server end.
pub(crate) struct Pair {
    pub(crate) client: Context,
    pub(crate) server: Context,
    pub(crate) listener: Listener,
    pub(crate) to: Connection,
    pub(crate) from: Connection,
}

pub(crate) fn pair() -> Pair {
    let client = context();
    let server = context();
    let listener = server.listen("127.0.0.1:0".parse().expect("address")).expect("listen");
    let (to, from) = connect_to(&client, &server, &listener);
    Pair { client, server, listener, to, from }
}

/// Receives until there are `count` messages.
pub(crate) fn receive(connection: &Connection, count: usize) -> Vec<Message> {
    let mut messages = Vec::new();
    wait_until("messages", || {
        let left = count - messages.len();
        connection.receive_into(&mut messages, left).expect("receive");
        messages.len() >= count
    });
    messages
}

/// Bytes that differ everywhere.
pub(crate) fn pattern(len: usize, seed: u32) -> Vec<u8> {
    let mut x = seed | 1;
    let mut next = || {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        x as u8
    };
    (0..len).map(|_| next()).collect()
}
