//! Datagrams going out: one connection after the other, each a bounded burst at a time.

use super::Endpoint;
use crate::fakenet::{Direction, Packet};
use crate::slab::ConnId;
use crate::types::Transmit;
use alloc::vec::Vec;
use gamesockets_proto::limits::PACKETS_PER_TURN_MAX;
use gamesockets_wire::time::Timestamp;

impl Endpoint {
    /// Fills `buf` (whose former content is dropped) with datagrams of one size for one destination, at most
    /// `max_segments` of them. `None` when nothing has to be sent now.
    pub fn poll_transmit(
        &mut self,
        now: Timestamp,
        buf: &mut Vec<u8>,
        max_segments: usize,
    ) -> Option<Transmit> {
        let max_segments = max_segments.clamp(1, PACKETS_PER_TURN_MAX);
        if self.fake.is_active(Direction::Send) {
            while let Some(t) = self.next_transmit(now, buf, max_segments) {
                for datagram in buf.chunks(t.segment) {
                    let packet = Packet { socket: t.socket, peer: t.to, data: datagram.to_vec() };
                    self.fake.submit(now, Direction::Send, packet);
                }
            }
            let packet = self.fake.pop_due(now, Direction::Send)?;
            buf.clear();
            buf.extend_from_slice(&packet.data);
            let len = packet.data.len();
            return Some(self.counted(Transmit {
                socket: packet.socket,
                to: packet.peer,
                len,
                segment: len,
                count: 1,
            }));
        }
        let t = self.next_transmit(now, buf, max_segments)?;
        Some(self.counted(t))
    }

    const fn counted(&mut self, t: Transmit) -> Transmit {
        self.counters.datagrams_out = self.counters.datagrams_out.saturating_add(t.count as u64);
        self.counters.bytes_out = self.counters.bytes_out.saturating_add(t.len as u64);
        t
    }

    fn next_transmit(&mut self, now: Timestamp, buf: &mut Vec<u8>, max_segments: usize) -> Option<Transmit> {
        if let Some(s) = self.stateless.pop_front() {
            buf.clear();
            buf.extend_from_slice(&s.data);
            let len = s.data.len();
            return Some(Transmit { socket: s.socket, to: s.to, len, segment: len, count: 1 });
        }
        while let Some(id) = self.ready.front().copied() {
            buf.clear();
            let Some(e) = self.conns.get_mut(id) else {
                self.ready.pop_front();
                continue;
            };
            let burst = e.conn.poll_transmit(now, buf, max_segments);
            let (socket, to, pipe) = (e.socket, e.remote, e.pipe);
            self.ready.pop_front();
            match burst {
                Some(burst) => {
                    // The others get their turn before this one goes on.
                    self.ready.push_back(id);
                    if let Some(other) = pipe {
                        self.through_pipe(now, id, other, buf, burst.segment);
                        continue;
                    }
                    return Some(Transmit {
                        socket,
                        to,
                        len: buf.len(),
                        segment: burst.segment,
                        count: burst.count,
                    });
                }
                None => self.rest(id),
            }
        }
        None
    }

    /// The connection has nothing to send now: its next deadline counts.
    fn rest(&mut self, id: ConnId) {
        let Some(e) = self.conns.get_mut(id) else { return };
        e.in_ready = false;
        if let Some((at, _)) = e.conn.poll_timeout() {
            self.timers.schedule(id, at);
        }
    }

    /// Hands datagrams straight to the other end of an in-process pipe.
    fn through_pipe(&mut self, now: Timestamp, id: ConnId, other: ConnId, buf: &mut [u8], stride: usize) {
        let Some(from) = self.conns.get(id).map(|e| e.remote) else { return };
        for datagram in buf.chunks_mut(stride) {
            self.hand_to_connection(now, other, from, datagram);
        }
    }
}
