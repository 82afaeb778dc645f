//! Linux: options are set once, and only those that count.

use mio::net::UdpSocket;
use nix::sys::socket::sockopt::{Ipv6DontFrag, UdpGroSegment, UdpGsoSegment};
use nix::sys::socket::{
    ControlMessage, MsgFlags, SockaddrIn, SockaddrIn6, SockaddrLike, sendmsg, setsockopt,
};
use quinn_udp::{RecvMeta, UdpSockRef, UdpSocketState};
use rustix::net::sockopt::{
    Ipv4PathMtuDiscovery, Ipv6PathMtuDiscovery, set_ip_mtu_discover, set_ipv6_mtu_discover,
};
use socket2::{Domain, Protocol, Socket, Type};
use std::cell::Cell;
use std::io::{self, IoSlice, IoSliceMut};
use std::net::SocketAddr;
use std::os::fd::AsRawFd as _;
use std::sync::OnceLock;

/// Whether a socket that is closed is no longer watched without saying so.
pub(in crate::io) const CLOSING_UNWATCHES: bool = true;
/// Every Linux that cuts at all cuts so many datagrams out of one call, and joins as many (UDP_MAX_SEGMENTS,
/// UDP_GRO_CNT_MAX).
const SEGMENTS_MAX: usize = 64;
/// Any size of datagrams will do to ask whether the system can cut.
const ANY_SEGMENT: i32 = 1300;

/// A UDP socket that does not block.
pub(in crate::io) fn open(domain: Domain) -> io::Result<Socket> {
    Socket::new(domain, Type::DGRAM.nonblocking(), Some(Protocol::UDP))
}

/// How to send over one socket.
#[derive(Debug)]
pub(in crate::io) struct Calls {
    send_segments: Cell<usize>,
    recv_segments: usize,
}

impl Calls {
    /// Prepares a bound socket.
    #[allow(clippy::unnecessary_wraps, reason = "the same signature as elsewhere")]
    pub(in crate::io) fn new(socket: &UdpSocket, domain: Domain) -> io::Result<Self> {
        // Datagrams are never cut on the way: one that is too large is an error that can be told. Where the system does
        // not know the option, nothing is lost but that.
        let _ = set_ip_mtu_discover(socket, Ipv4PathMtuDiscovery::PROBE);
        if domain == Domain::IPV6 {
            let _ = set_ipv6_mtu_discover(socket, Ipv6PathMtuDiscovery::PROBE);
            let _ = setsockopt(socket, Ipv6DontFrag, &true);
        }
        let joins = setsockopt(socket, UdpGroSegment, &true).is_ok();
        Ok(Self {
            send_segments: Cell::new(segments_to_send(socket)),
            recv_segments: if joins { SEGMENTS_MAX } else { 1 },
        })
    }

    /// Datagrams that one call can send now; 1 once the system refused to send joined ones.
    pub(in crate::io) const fn send_segments(&self) -> usize {
        self.send_segments.get()
    }

    /// Datagrams that the system may join when receiving.
    pub(in crate::io) const fn recv_segments(&self) -> usize {
        self.recv_segments
    }

    /// Sends datagrams of `segment` bytes, of which the last may be shorter; or one without `segment`.
    pub(in crate::io) fn send(
        &self,
        socket: &UdpSocket,
        to: SocketAddr,
        contents: &[u8],
        segment: Option<usize>,
    ) -> io::Result<()> {
        let sent = again(|| match (segment, to) {
            (None, _) => socket.send_to(contents, to).map(drop),
            (Some(size), SocketAddr::V4(to)) => send_joined(socket, &SockaddrIn::from(to), contents, size),
            (Some(size), SocketAddr::V6(to)) => send_joined(socket, &SockaddrIn6::from(to), contents, size),
        });
        if segment.is_some() && sent.as_ref().is_err_and(refuses_joined) {
            self.send_segments.set(1);
        }
        sent
    }
}

/// One call for datagrams of `size` bytes that lie one behind the other.
fn send_joined(socket: &UdpSocket, to: &impl SockaddrLike, contents: &[u8], size: usize) -> io::Result<()> {
    let size = u16::try_from(size).map_err(|_| io::ErrorKind::InvalidInput)?;
    let control = [ControlMessage::UdpGsoSegments(&size)];
    sendmsg(socket.as_raw_fd(), &[IoSlice::new(contents)], &control, MsgFlags::empty(), Some(to))?;
    Ok(())
}

/// Whether an error can mean that a network card or its driver does not cut datagrams.
fn refuses_joined(e: &io::Error) -> bool {
    [nix::errno::Errno::EIO, nix::errno::Errno::EINVAL].iter().any(|n| e.raw_os_error() == Some(*n as i32))
}

/// Repeats a call that a signal interrupted.
fn again<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

/// How many datagrams the system takes in one call; found out with the first socket of the process.
fn segments_to_send(socket: &UdpSocket) -> usize {
    static FOUND: OnceLock<usize> = OnceLock::new();
    *FOUND.get_or_init(|| {
        let known = setsockopt(socket, UdpGsoSegment, &ANY_SEGMENT).is_ok();
        // Back to cutting only what says so.
        let _ = setsockopt(socket, UdpGsoSegment, &0);
        if known { SEGMENTS_MAX } else { 1 }
    })
}

/// How to receive over any socket of a loop.
#[derive(Debug)]
pub(in crate::io) struct Reader(UdpSocketState);

impl Reader {
    pub(in crate::io) fn new() -> io::Result<Self> {
        // quinn-udp wants a socket to prepare and keeps nothing of it that matters for receiving here. It gets one that
        // is closed again, since it asks for what nobody looks at.
        let socket = open(Domain::IPV4).or_else(|_| open(Domain::IPV6))?;
        UdpSocketState::new(UdpSockRef::from(&socket)).map(Self)
    }

    /// Reads a batch; returns how many runs of datagrams there are.
    pub(in crate::io) fn recv(
        &self,
        _: &Calls,
        socket: &UdpSocket,
        bufs: &mut [IoSliceMut<'_>],
        metas: &mut [RecvMeta],
    ) -> io::Result<usize> {
        self.0.recv(UdpSockRef::from(socket), bufs, metas)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::socket::getsockopt;
    use rustix::net::sockopt::{ip_mtu_discover, ipv6_mtu_discover};

    fn bound(address: &str) -> (UdpSocket, Calls) {
        let address: SocketAddr = address.parse().unwrap();
        let domain = Domain::for_address(address);
        let socket = open(domain).unwrap();
        socket.bind(&address.into()).unwrap();
        let socket = UdpSocket::from_std(socket.into());
        let calls = Calls::new(&socket, domain).unwrap();
        (socket, calls)
    }

    #[test]
    fn datagrams_are_joined_and_never_cut_on_the_way() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let (socket, calls) = bound(address);
            assert_eq!(ip_mtu_discover(&socket).unwrap(), Ipv4PathMtuDiscovery::PROBE);
            let joins = getsockopt(&socket, UdpGroSegment).unwrap();
            assert_eq!(calls.recv_segments(), if joins { SEGMENTS_MAX } else { 1 });
            // Asking left nothing behind: single datagrams stay single.
            assert_eq!(getsockopt(&socket, UdpGsoSegment).unwrap(), 0);
            if address.starts_with('[') {
                assert_eq!(ipv6_mtu_discover(&socket).unwrap(), Ipv6PathMtuDiscovery::PROBE);
                assert!(getsockopt(&socket, Ipv6DontFrag).unwrap());
            }
        }
    }

    #[test]
    fn a_refusal_of_joined_datagrams_is_remembered_and_nothing_else_is_taken_for_one() {
        let (socket, calls) = bound("127.0.0.1:0");
        let (other, _) = bound("127.0.0.1:0");
        let to = other.local_addr().unwrap();
        let before = calls.send_segments();
        // Too large for the network at all: the fault of this datagram.
        let too_large = calls.send(&socket, to, &[0; 65_535], None).unwrap_err();
        assert!(quinn_udp::is_msg_size_err(&too_large), "{too_large}");
        assert_eq!(calls.send_segments(), before);
        // More pieces than the system cuts: it says so with the error that also means that it cannot cut.
        let many = [0; 64 * SEGMENTS_MAX];
        assert!(refuses_joined(&calls.send(&socket, to, &many, Some(1)).unwrap_err()));
        assert_eq!(calls.send_segments(), 1);
        calls.send(&socket, to, &many, None).unwrap();
    }

    #[test]
    fn interrupted_calls_are_repeated() {
        let mut left = 3;
        let done = again(|| {
            left -= 1;
            if left > 0 { Err(io::ErrorKind::Interrupted.into()) } else { Ok(left) }
        });
        assert_eq!(done.unwrap(), 0);
        assert_eq!(
            again(|| Err::<(), _>(io::ErrorKind::WouldBlock.into())).unwrap_err().kind(),
            io::ErrorKind::WouldBlock
        );
    }
}
