//! A byte stream kept in the pieces in which it was handed over.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use bytes::Bytes;

/// One piece of a rope.
#[derive(Clone, Debug)]
pub enum Piece {
    /// Small messages, copied one behind the other when they were handed over.
    Copied(Vec<u8>),
    /// A message whose owner gave it away; never copied until it enters a packet.
    Owned(Bytes),
}

impl Piece {
    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        match self {
            Self::Copied(v) => v,
            Self::Owned(b) => b,
        }
    }
}

/// Bytes with absolute positions, appended at the end and released at the front.
#[derive(Debug)]
pub struct Rope {
    pieces: VecDeque<(u64, Piece)>,
    end: u64,
}

impl Rope {
    /// An empty rope whose first byte will have position `start`.
    pub const fn new(start: u64) -> Self {
        Self { pieces: VecDeque::new(), end: start }
    }

    /// Position behind the last byte.
    pub const fn end(&self) -> u64 {
        self.end
    }

    /// Appends a piece; an empty one is dropped.
    pub fn push(&mut self, piece: Piece) {
        let len = piece.as_slice().len() as u64;
        if len > 0 {
            self.pieces.push_back((self.end, piece));
            self.end += len;
        }
    }

    /// Appends the bytes `[pos, pos + len)` to `out`. Bytes that the rope does not hold are left out: callers ask only
    /// for positions between the released front and the end.
    pub fn copy_to(&self, pos: u64, len: usize, out: &mut Vec<u8>) {
        let mut i = match self.pieces.front() {
            // Positions are mostly in the first pieces: skip the search there.
            Some((start, p)) if pos < start + p.as_slice().len() as u64 => 0,
            _ => self.pieces.partition_point(|(start, _)| *start <= pos).saturating_sub(1),
        };
        let (mut pos, mut left) = (pos, len);
        while left > 0 {
            let Some((start, piece)) = self.pieces.get(i) else { break };
            let Some(from) = pos.checked_sub(*start).and_then(|o| piece.as_slice().get(o as usize..)) else {
                break;
            };
            let n = from.len().min(left);
            out.extend_from_slice(from.get(..n).unwrap_or_default());
            pos += n as u64;
            left -= n;
            i += 1;
        }
        debug_assert_eq!(left, 0, "rope asked for bytes it does not hold");
    }

    /// Drops all pieces that lie wholly below `pos`.
    pub fn release_below(&mut self, pos: u64) {
        while self.pieces.front().is_some_and(|(start, p)| start + p.as_slice().len() as u64 <= pos) {
            self.pieces.pop_front();
        }
        if self.pieces.is_empty() && self.pieces.capacity() > 8 {
            self.pieces = VecDeque::new();
        }
    }

    /// Drops everything; positions go on from the end.
    pub fn clear(&mut self) {
        self.pieces = VecDeque::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn copies_across_pieces_and_releases_whole_ones() {
        let mut r = Rope::new(1);
        r.push(Piece::Copied(vec![1, 2, 3]));
        r.push(Piece::Owned(Bytes::from_static(&[4, 5])));
        r.push(Piece::Copied(vec![]));
        r.push(Piece::Copied(vec![6]));
        assert_eq!(r.end(), 7);
        let mut out = vec![];
        r.copy_to(2, 5, &mut out);
        assert_eq!(out, [2, 3, 4, 5, 6]);
        r.release_below(3);
        out.clear();
        r.copy_to(1, 1, &mut out);
        assert_eq!(out, [1], "a piece stays whole until its last byte is released");
        r.release_below(6);
        out.clear();
        r.copy_to(6, 1, &mut out);
        assert_eq!(out, [6]);
    }
}
