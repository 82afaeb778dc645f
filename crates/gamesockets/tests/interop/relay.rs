//! A hop between two programs that looks at the sizes of what passes.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

/// Larger than any datagram of the protocol.
const DATAGRAM_BYTES_MAX: usize = 2048;
/// How often a waiting thread looks whether it is still wanted.
const LOOK: Duration = Duration::from_millis(100);

/// Passes datagrams between one client and one server until it is dropped.
pub(crate) struct Relay {
    address: SocketAddr,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    from_client: AtomicUsize,
    from_server: AtomicUsize,
    over: AtomicBool,
}

impl Relay {
    /// Starts to pass datagrams on to `server`.
    pub(crate) fn start(server: SocketAddr) -> Result<Self, String> {
        let fail = |e: std::io::Error| format!("no relay: {e}");
        let front = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).map_err(fail)?;
        let back = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).map_err(fail)?;
        let address = front.local_addr().map_err(fail)?;
        for socket in [&front, &back] {
            socket.set_read_timeout(Some(LOOK)).map_err(fail)?;
        }
        let seen = Arc::new(Seen::default());
        let (front_out, back_out) = (front.try_clone().map_err(fail)?, back.try_clone().map_err(fail)?);
        let (client_learned, client_known) = std::sync::mpsc::channel();
        let shared = seen.clone();
        thread::spawn(move || {
            pass(&front, &shared, &shared.from_client, |data, from| {
                let _ = client_learned.send(from);
                let _ = back_out.send_to(data, server);
            });
        });
        let shared = seen.clone();
        thread::spawn(move || {
            let mut client = None;
            pass(&back, &shared, &shared.from_server, |data, _| {
                client = client_known.try_iter().last().or(client);
                if let Some(client) = client {
                    let _ = front_out.send_to(data, client);
                }
            });
        });
        Ok(Self { address, seen })
    }

    /// Where the client has to connect to.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Forgets what was seen so far.
    pub(crate) fn forget(&self) {
        self.seen.from_client.store(0, Relaxed);
        self.seen.from_server.store(0, Relaxed);
    }

    /// The largest datagrams since then, in bytes: from the client, from the server.
    pub(crate) fn largest(&self) -> (usize, usize) {
        (self.seen.from_client.load(Relaxed), self.seen.from_server.load(Relaxed))
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.seen.over.store(true, Relaxed);
    }
}

fn pass(from: &UdpSocket, seen: &Seen, largest: &AtomicUsize, mut to: impl FnMut(&[u8], SocketAddr)) {
    let mut buffer = [0; DATAGRAM_BYTES_MAX];
    while !seen.over.load(Relaxed) {
        if let Ok((len, sender)) = from.recv_from(&mut buffer) {
            largest.fetch_max(len, Relaxed);
            to(&buffer[..len], sender);
        }
    }
}
