//! One UDP socket: opening it, and moving datagrams in batches as far as the system can.

use super::calls::{Calls, Reader, open};
use gamesockets_wire::addr::{canonical, to_mapped};
use mio::net::UdpSocket;
use quinn_udp::RecvMeta;
use socket2::{Domain, SockRef};
use std::io::{self, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Asked of the system for each direction, bytes; it gives what it allows. Room for a tenth of a second at 40 MB/s.
const SOCKET_BUFFER_BYTES: usize = 4 << 20;
/// Datagrams, or runs of datagrams that the system joined, read at once.
const RECV_BATCH: usize = 32;
/// Read at once from a socket that has little. One more than mostly comes, so that a batch which is not full says that
/// nothing is left.
const RECV_BATCH_MIN: usize = 2;
/// Room for one of them: the largest UDP datagram, which is also the most that systems join.
const RECV_SLOT_BYTES: usize = 65_536;
/// Datagrams handed to the system in one call at most: with 1300 bytes each they stay below the 64 KiB that one call
/// may carry.
pub(crate) const SEND_SEGMENTS_MAX: usize = 48;

/// A bound socket that does not block.
#[derive(Debug)]
pub(crate) struct Socket {
    pub(crate) inner: UdpSocket,
    calls: Calls,
    /// IPv6, and perhaps IPv4 too.
    v6: bool,
    /// How much to ask for next: preparing for many datagrams costs time, and most sockets of a client have one.
    batch: usize,
    /// The system may hold datagrams that were not read yet.
    pub(crate) readable: bool,
    /// Errors in a row when reading.
    pub(crate) errors: u8,
}

/// Memory to read into; one per loop, since nothing stays in it.
#[derive(Debug)]
pub(crate) struct RecvArea {
    reader: Reader,
    bytes: Vec<u8>,
    metas: [RecvMeta; RECV_BATCH],
}

/// Datagrams of one source in a [`RecvArea`].
#[derive(Debug)]
pub(crate) struct Received<'a> {
    pub(crate) from: SocketAddr,
    pub(crate) data: &'a mut [u8],
    pub(crate) stride: usize,
}

impl RecvArea {
    pub(crate) fn new() -> io::Result<Self> {
        let (bytes, metas) = (vec![0; RECV_BATCH * RECV_SLOT_BYTES], [RecvMeta::default(); RECV_BATCH]);
        Ok(Self { reader: Reader::new()?, bytes, metas })
    }

    /// The first `count` runs of the last batch.
    pub(crate) fn runs(&mut self, count: usize) -> impl Iterator<Item = Received<'_>> {
        self.bytes.chunks_mut(RECV_SLOT_BYTES).zip(&self.metas).take(count).filter_map(|(slot, meta)| {
            let data = slot.get_mut(..meta.len)?;
            Some(Received { from: meta.addr, data, stride: meta.stride.max(1) })
        })
    }
}

/// What the system can do for a socket, for the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Abilities {
    /// Datagrams that one call can send.
    pub(crate) send_segments: usize,
    /// Datagrams that the system may join when receiving.
    pub(crate) recv_segments: usize,
    /// Bytes of the buffers that the system gave.
    pub(crate) buffers: (usize, usize),
}

impl std::fmt::Display for Abilities {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (send, recv) = (self.buffers.0 >> 10, self.buffers.1 >> 10);
        write!(f, "{} datagrams per send, {} joined per receive, ", self.send_segments, self.recv_segments)?;
        write!(f, "buffers of {send} and {recv} KiB")
    }
}

impl Socket {
    /// Binds to `address`. The wildcard address of IPv6 takes IPv4 too where the system can, and becomes the one of
    /// IPv4 where there is no IPv6.
    pub(crate) fn bind(address: SocketAddr) -> io::Result<Self> {
        match Self::bind_exactly(address) {
            Err(e) if address.ip() == IpAddr::V6(Ipv6Addr::UNSPECIFIED) && lacks_ipv6(&e) => {
                Self::bind_exactly((Ipv4Addr::UNSPECIFIED, address.port()).into())
            }
            other => other,
        }
    }

    /// One socket for each of `count` loops, all bound to `address`; or just one where the system has no means to
    /// share an address fairly. With several, the system deals datagrams out by the addresses and ports of both sides:
    /// those of one peer always come to the same socket as long as there are neither more nor fewer sockets.
    pub(crate) fn bind_for(address: SocketAddr, count: usize) -> io::Result<Vec<Self>> {
        let mut sockets = vec![Self::bind(address)?];
        if let Some(first) = sockets.first().filter(|_| count > 1 && CAN_SHARE) {
            // Bound alone before it is shared: so nobody else has the address, which a shared one would not notice.
            let address = first.inner.local_addr()?;
            share(&SockRef::from(&first.inner))?;
            for _ in 1..count {
                sockets.push(Self::bind_as(address, true)?);
            }
        }
        Ok(sockets)
    }

    /// A socket for talking to `peer` from any port.
    pub(crate) fn bind_towards(peer: SocketAddr) -> io::Result<Self> {
        let any: IpAddr = match canonical(peer) {
            SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        Self::bind_exactly((any, 0).into())
    }

    fn bind_exactly(address: SocketAddr) -> io::Result<Self> {
        Self::bind_as(address, false)
    }

    fn bind_as(address: SocketAddr, shared: bool) -> io::Result<Self> {
        let domain = Domain::for_address(address);
        let socket = open(domain)?;
        if let SocketAddr::V6(v6) = address {
            let both = v6.ip().is_unspecified();
            // Where a socket cannot be for both, it is for IPv6.
            if socket.set_only_v6(!both).is_err() {
                socket.set_only_v6(true)?;
            }
        }
        // More would be better; less works.
        let _ = socket.set_recv_buffer_size(SOCKET_BUFFER_BYTES);
        let _ = socket.set_send_buffer_size(SOCKET_BUFFER_BYTES);
        if shared {
            share(&SockRef::from(&socket))?;
        }
        socket.bind(&address.into())?;
        let inner = UdpSocket::from_std(socket.into());
        let calls = Calls::new(&inner, domain)?;
        let v6 = address.is_ipv6();
        Ok(Self { inner, calls, v6, batch: RECV_BATCH_MIN, readable: false, errors: 0 })
    }

    /// Where it is bound; `[::]` stands for every address. Asks the system.
    ///
    /// # Errors
    /// The system does not say.
    pub(crate) fn local(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr().map(canonical)
    }

    pub(crate) fn abilities(&self) -> Abilities {
        let socket = SockRef::from(&self.inner);
        Abilities {
            send_segments: self.calls.send_segments(),
            recv_segments: self.calls.recv_segments(),
            buffers: (socket.send_buffer_size().unwrap_or(0), socket.recv_buffer_size().unwrap_or(0)),
        }
    }

    /// Datagrams that one call can send now; falls to 1 when the system turns out not to be able to.
    pub(crate) fn send_segments(&self) -> usize {
        self.calls.send_segments().clamp(1, SEND_SEGMENTS_MAX)
    }

    /// Sends `contents`, datagrams of `segment` bytes of which the last may be shorter, in one call.
    pub(crate) fn send(&self, to: SocketAddr, contents: &[u8], segment: usize) -> io::Result<()> {
        let to = match to {
            SocketAddr::V4(v4) if self.v6 => SocketAddr::from((to_mapped(IpAddr::V4(*v4.ip())), v4.port())),
            _ => to,
        };
        self.calls.send(&self.inner, to, contents, (segment < contents.len()).then_some(segment))
    }

    /// Reads a batch. Returns how many runs there are, and whether the system has no more for now.
    pub(crate) fn recv(&mut self, area: &mut RecvArea) -> io::Result<(usize, bool)> {
        let batch = self.batch;
        let mut slots = area.bytes.chunks_mut(RECV_SLOT_BYTES);
        let mut bufs: [IoSliceMut<'_>; RECV_BATCH] =
            std::array::from_fn(|_| IoSliceMut::new(slots.next().unwrap_or_default()));
        let bufs = bufs.get_mut(..batch).unwrap_or_default();
        let count = area.reader.recv(&self.calls, &self.inner, bufs, &mut area.metas)?;
        self.batch = if count == batch { batch * 4 } else { count * 2 }.clamp(RECV_BATCH_MIN, RECV_BATCH);
        // A batch that is not full was all there was, and the next datagram is a new event. Windows reports events
        // only after a call that found nothing, and its batches have one entry.
        Ok((count, !cfg!(windows) && quinn_udp::BATCH_SIZE >= RECV_BATCH && count < batch))
    }
}

/// Whether several sockets can have the same address with the system dealing the datagrams out among them. Others have
/// the option too, but give all datagrams to one of the sockets.
pub(crate) const CAN_SHARE: bool = cfg!(any(target_os = "linux", target_os = "android"));

/// Lets other sockets of the same user have the socket's address too.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn share(socket: &SockRef<'_>) -> io::Result<()> {
    socket.set_reuse_port(true)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn share(_: &SockRef<'_>) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Whether an error says that the machine has no IPv6.
fn lacks_ipv6(e: &io::Error) -> bool {
    /// "Address family not supported" of Linux, of the BSDs and Apple's systems, and of Windows; std has no name for it.
    const NO_FAMILY: [i32; 3] = [97, 47, 10047];
    matches!(e.kind(), io::ErrorKind::Unsupported | io::ErrorKind::AddrNotAvailable)
        || e.raw_os_error().is_some_and(|code| NO_FAMILY.contains(&code))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(socket: &mut Socket, area: &mut RecvArea, expect: usize) -> Vec<(SocketAddr, Vec<u8>)> {
        let mut got = Vec::new();
        for _ in 0..2000 {
            match socket.recv(area) {
                Ok((count, _)) => {
                    for run in area.runs(count) {
                        got.extend(run.data.chunks(run.stride).map(|d| (canonical(run.from), d.to_vec())));
                    }
                }
                Err(e) => assert_eq!(e.kind(), io::ErrorKind::WouldBlock),
            }
            if got.len() >= expect {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        got
    }

    #[test]
    fn runs_of_datagrams_arrive_whole_over_every_kind_of_socket() {
        let mut area = RecvArea::new().unwrap();
        for listen in ["127.0.0.1:0", "[::1]:0", "[::]:0"] {
            let mut a = Socket::bind(listen.parse().unwrap()).unwrap();
            let port = a.local().unwrap().port();
            let mut targets = vec![SocketAddr::from((a.local().unwrap().ip(), port))];
            if a.local().unwrap().ip().is_unspecified() {
                targets = vec![(Ipv4Addr::LOCALHOST, port).into(), (Ipv6Addr::LOCALHOST, port).into()];
            }
            for to in targets {
                let mut b = Socket::bind_towards(to).unwrap();
                let data: Vec<u8> = (0..2500u32).map(|i| i as u8).collect();
                let per_call = b.send_segments();
                for part in data.chunks(1000 * per_call.min(3)) {
                    b.send(to, part, 1000).unwrap();
                }
                let got = read_all(&mut a, &mut area, 3);
                let bytes: Vec<u8> = got.iter().flat_map(|g| g.1.clone()).collect();
                assert_eq!((got.len(), bytes), (3, data), "{listen} {to}");
                a.send(got[0].0, b"back", 4).unwrap();
                assert_eq!(read_all(&mut b, &mut area, 1)[0].1, b"back");
            }
        }
    }

    #[test]
    fn the_same_address_cannot_be_bound_twice() {
        let a = Socket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        assert_eq!(Socket::bind(a.local().unwrap()).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        let abilities = a.abilities();
        assert!(abilities.send_segments >= 1 && abilities.recv_segments >= 1 && abilities.buffers.1 > 0);
    }
}
