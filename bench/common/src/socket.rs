//! UDP sockets on loopback with large buffers, and waiting for them.

use crate::Result;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::socket::{setsockopt, sockopt};
use nix::sys::time::TimeSpec;
use std::net::{Ipv4Addr, UdpSocket};
use std::os::fd::AsFd;
use std::time::Duration;

/// Bytes asked for each buffer of a measured socket.
const BUFFER: usize = 4 << 20;
/// Bytes asked for the buffers of a path, where we may have more than the system's limit.
const PATH_BUFFER: usize = 64 << 20;

/// A socket on a free port.
///
/// # Errors
/// The system has none.
pub fn bind() -> Result<UdpSocket> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    big_buffers(&socket)?;
    Ok(socket)
}

/// Two sockets that are connected to each other.
///
/// # Errors
/// The system has none.
pub fn pair() -> Result<(UdpSocket, UdpSocket)> {
    let (a, b) = (bind()?, bind()?);
    a.connect(b.local_addr()?)?;
    b.connect(a.local_addr()?)?;
    Ok((a, b))
}

/// Large buffers in both directions.
///
/// # Errors
/// The system refuses.
pub fn big_buffers(socket: &UdpSocket) -> Result<()> {
    let socket = socket2::SockRef::from(socket);
    socket.set_recv_buffer_size(BUFFER)?;
    socket.set_send_buffer_size(BUFFER)?;
    Ok(())
}

/// Still larger receive buffers where the system allows it: for a path that must not lose by itself.
pub fn path_buffers(socket: &UdpSocket) {
    // Only the administrator may; the others keep what they have.
    let _ = setsockopt(socket, sockopt::RcvBufForce, &PATH_BUFFER);
}

/// Datagrams that one call sends are cut into segments of this many bytes.
///
/// # Errors
/// The system cannot.
pub fn send_segments(socket: &UdpSocket, bytes: usize) -> Result<()> {
    let bytes = i32::try_from(bytes)?;
    setsockopt(socket, sockopt::UdpGsoSegment, &bytes)
        .map_err(|e| format!("segmentation offload: {e}").into())
}

/// One call may receive several datagrams of a sender as one.
///
/// # Errors
/// The system cannot.
pub fn receive_coalesced(socket: &UdpSocket) -> Result<()> {
    setsockopt(socket, sockopt::UdpGroSegment, &true).map_err(|e| format!("receive offload: {e}").into())
}

/// Waits until one of the sockets is readable or the time is over.
pub fn wait_readable(sockets: &[&UdpSocket], at_most: Duration) {
    let mut polled: Vec<PollFd<'_>> =
        sockets.iter().map(|socket| PollFd::new(socket.as_fd(), PollFlags::POLLIN)).collect();
    // An interrupted wait is a short wait.
    let _ = ppoll(&mut polled, Some(TimeSpec::from_duration(at_most)), None);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn datagrams_arrive_and_wake() {
        let (a, b) = pair().unwrap();
        a.send(b"x").unwrap();
        wait_readable(&[&b], Duration::from_secs(5));
        b.set_nonblocking(true).unwrap();
        assert_eq!(b.recv(&mut [0; 8]).unwrap(), 1);
    }
}
