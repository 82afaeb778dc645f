//! Many datagrams per system call. The leaf with `unsafe`: these calls have no safe form without an allocation each.

use nix::libc;
use std::io;
use std::mem::size_of;
use std::net::UdpSocket;
use std::os::fd::AsRawFd;
use std::ptr;

/// Room for one control message with a segment size, aligned for its header.
type Control = [u64; 4];

/// Buffers for the datagrams of one call. Every slot has its own part of `buffer`.
pub struct Batch {
    /// The slots' bytes, one slot after the other.
    pub buffer: Vec<u8>,
    each: usize,
    control: Vec<Control>,
    io: Vec<libc::iovec>,
    headers: Vec<libc::mmsghdr>,
    with_control: bool,
}

impl Batch {
    /// `slots` datagrams of `each` bytes. `with_control`: room for what the system says about coalesced datagrams.
    #[must_use]
    pub fn new(slots: usize, each: usize, with_control: bool) -> Self {
        let io = libc::iovec { iov_base: ptr::null_mut(), iov_len: each };
        // SAFETY: the struct is plain data for which zeros are valid: null pointers and no lengths.
        let header: libc::mmsghdr = unsafe { std::mem::zeroed() };
        Self {
            buffer: vec![0x5a; slots * each],
            each,
            control: vec![[0; 4]; slots],
            io: vec![io; slots],
            headers: vec![header; slots],
            with_control,
        }
    }

    /// Points the headers at the buffers; done before each call, so that the batch may be moved between calls.
    fn arm(&mut self) {
        let slots =
            self.buffer.chunks_mut(self.each).zip(&mut self.control).zip(&mut self.io).zip(&mut self.headers);
        for (((bytes, control), io), header) in slots {
            io.iov_base = bytes.as_mut_ptr().cast();
            header.msg_hdr.msg_iov = io;
            header.msg_hdr.msg_iovlen = 1;
            if self.with_control {
                header.msg_hdr.msg_control = control.as_mut_ptr().cast();
                header.msg_hdr.msg_controllen = size_of::<Control>() as _;
            }
        }
    }

    /// Sends the first `count` slots; gives how many the system took.
    ///
    /// # Errors
    /// The system's.
    pub fn send(&mut self, socket: &UdpSocket, count: usize) -> io::Result<usize> {
        self.arm();
        let count = count.min(self.headers.len()) as u32;
        // SAFETY: `count` headers exist and point at buffers of this batch, which live longer than the call.
        let sent = unsafe { libc::sendmmsg(socket.as_raw_fd(), self.headers.as_mut_ptr(), count, 0) };
        usize::try_from(sent).map_err(|_| io::Error::last_os_error())
    }

    /// Receives; waits for the first datagram only, if the socket waits at all. Gives how many slots are filled.
    ///
    /// # Errors
    /// The system's.
    pub fn receive(&mut self, socket: &UdpSocket) -> io::Result<usize> {
        self.arm();
        let count = self.headers.len() as u32;
        let (fd, headers, flags) = (socket.as_raw_fd(), self.headers.as_mut_ptr(), libc::MSG_WAITFORONE);
        // SAFETY: `count` headers exist and point at buffers of this batch, which live longer than the call.
        let got = unsafe { libc::recvmmsg(fd, headers, count, flags as _, ptr::null_mut()) };
        usize::try_from(got).map_err(|_| io::Error::last_os_error())
    }

    /// The datagrams of a filled slot: several if the system coalesced them.
    pub fn datagrams(&mut self, slot: usize) -> impl Iterator<Item = &mut [u8]> {
        let header = self.headers.get(slot);
        let length = header.map_or(0, |header| header.msg_len as usize).min(self.each);
        let segment = header.and_then(|header| segment_size(&header.msg_hdr)).unwrap_or(length).max(1);
        let from = slot * self.each;
        self.buffer.get_mut(from..from + length).unwrap_or_default().chunks_mut(segment)
    }
}

/// What the system says about the datagrams it coalesced.
fn segment_size(header: &libc::msghdr) -> Option<usize> {
    if header.msg_control.is_null() {
        return None;
    }
    // SAFETY: the header's control buffer is as long as the system said when it filled it.
    let mut next = unsafe { libc::CMSG_FIRSTHDR(header) };
    while !next.is_null() {
        // SAFETY: the pointer is not null and inside the control buffer, which is aligned for it.
        let control = unsafe { *next };
        if control.cmsg_level == libc::SOL_UDP && control.cmsg_type == libc::UDP_GRO {
            // SAFETY: computes the place behind the header.
            let data = unsafe { libc::CMSG_DATA(next) };
            // SAFETY: a message of this type carries a 32-bit number, at any alignment.
            let size = unsafe { data.cast::<i32>().read_unaligned() };
            return usize::try_from(size).ok();
        }
        // SAFETY: both belong to the same control buffer.
        next = unsafe { libc::CMSG_NXTHDR(header, next) };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socket::{pair, receive_coalesced, send_segments};

    #[test]
    fn batches_arrive_as_they_were_sent() {
        let (a, b) = pair().unwrap();
        let mut out = Batch::new(3, 100, false);
        out.buffer[100] = 7;
        assert_eq!(out.send(&a, 3).unwrap(), 3);
        let mut inbox = Batch::new(8, 2048, false);
        assert_eq!(inbox.receive(&b).unwrap(), 3);
        let sizes: Vec<usize> =
            (0..4).flat_map(|slot| inbox.datagrams(slot).map(|d| d.len()).collect::<Vec<_>>()).collect();
        assert_eq!(sizes, [100, 100, 100]);
        assert_eq!(inbox.buffer[2048], 7);
    }

    #[test]
    fn coalesced_datagrams_come_apart_again() {
        let (a, b) = pair().unwrap();
        send_segments(&a, 100).unwrap();
        receive_coalesced(&b).unwrap();
        assert_eq!(Batch::new(1, 250, false).send(&a, 1).unwrap(), 1);
        let mut inbox = Batch::new(4, 65536, true);
        let mut sizes = Vec::new();
        while sizes.iter().sum::<usize>() < 250 {
            let slots = inbox.receive(&b).unwrap();
            (0..slots).for_each(|slot| sizes.extend(inbox.datagrams(slot).map(|d| d.len())));
        }
        assert_eq!(sizes, [100, 100, 50]);
    }
}
