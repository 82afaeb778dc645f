//! Everything by quinn-udp, which falls back by itself to what a system has.

use mio::net::UdpSocket;
use quinn_udp::{RecvMeta, Transmit, UdpSockRef, UdpSocketState};
use socket2::{Domain, Protocol, Socket, Type};
use std::io::{self, IoSliceMut};
use std::net::SocketAddr;

/// Whether a socket that is closed is no longer watched without saying so.
pub(in crate::io) const CLOSING_UNWATCHES: bool = false;

/// A UDP socket that does not block.
pub(in crate::io) fn open(domain: Domain) -> io::Result<Socket> {
    let socket = Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// How to send over one socket.
#[derive(Debug)]
pub(in crate::io) struct Calls(UdpSocketState);

impl Calls {
    /// Prepares a bound socket.
    pub(in crate::io) fn new(socket: &UdpSocket, _domain: Domain) -> io::Result<Self> {
        UdpSocketState::new(UdpSockRef::from(socket)).map(Self)
    }

    /// Datagrams that one call can send now.
    pub(in crate::io) fn send_segments(&self) -> usize {
        self.0.max_gso_segments()
    }

    /// Datagrams that the system may join when receiving.
    pub(in crate::io) fn recv_segments(&self) -> usize {
        self.0.gro_segments()
    }

    /// Sends datagrams of `segment` bytes, of which the last may be shorter; or one without `segment`.
    pub(in crate::io) fn send(
        &self,
        socket: &UdpSocket,
        to: SocketAddr,
        contents: &[u8],
        segment: Option<usize>,
    ) -> io::Result<()> {
        let transmit = Transmit { destination: to, ecn: None, contents, segment_size: segment, src_ip: None };
        socket.try_io(|| self.0.try_send(UdpSockRef::from(socket), &transmit))
    }
}

/// How to receive over any socket of a loop.
#[derive(Debug)]
pub(in crate::io) struct Reader;

impl Reader {
    #[allow(clippy::unnecessary_wraps, reason = "the same signature as on Linux")]
    pub(in crate::io) const fn new() -> io::Result<Self> {
        Ok(Self)
    }

    /// Reads a batch; returns how many runs of datagrams there are.
    pub(in crate::io) fn recv(
        &self,
        calls: &Calls,
        socket: &UdpSocket,
        bufs: &mut [IoSliceMut<'_>],
        metas: &mut [RecvMeta],
    ) -> io::Result<usize> {
        socket.try_io(|| calls.0.recv(UdpSockRef::from(socket), bufs, metas))
    }
}
