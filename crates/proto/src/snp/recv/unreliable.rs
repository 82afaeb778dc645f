//! Fragments of unreliable messages on one lane (protocol.md §3.14).

use crate::limits::{FRAGMENT_END_MAX, FRAGMENTS_PER_LANE_MAX};
use alloc::boxed::Box;
use alloc::vec::Vec;
use bytes::Bytes;

#[derive(Debug)]
struct Fragment {
    number: u64,
    offset: u32,
    last: bool,
    data: Box<[u8]>,
}

/// Fragments of one lane that wait for the rest of their message, ordered by message and offset.
#[derive(Debug, Default)]
pub(super) struct Fragments {
    held: Vec<Fragment>,
}

impl Fragments {
    pub(super) const fn new() -> Self {
        Self { held: Vec::new() }
    }

    pub(super) const fn len(&self) -> usize {
        self.held.len()
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Keeps a fragment; gives the message when it is complete now.
    pub(super) fn add(&mut self, number: u64, offset: u32, last: bool, data: &[u8]) -> Option<Bytes> {
        if u64::from(offset) + data.len() as u64 > FRAGMENT_END_MAX {
            return None;
        }
        let key = (number, offset);
        let Err(at) = self.held.binary_search_by_key(&key, |f| (f.number, f.offset)) else { return None };
        self.held.insert(at, Fragment { number, offset, last, data: data.into() });
        if let Some(payload) = self.join(number) {
            self.held.retain(|f| f.number != number);
            self.shrink();
            return Some(payload);
        }
        if self.held.len() > FRAGMENTS_PER_LANE_MAX {
            self.drop_oldest();
        }
        None
    }

    /// Drops all fragments of the lowest message number.
    pub(super) fn drop_oldest(&mut self) {
        if let Some(lowest) = self.held.first().map(|f| f.number) {
            self.held.retain(|f| f.number != lowest);
            self.shrink();
        }
    }

    fn shrink(&mut self) {
        if self.held.is_empty() {
            self.held = Vec::new();
        }
    }

    /// The whole message, if its fragments reach from 0 to one that is marked last. Overlaps are allowed.
    fn join(&self, number: u64) -> Option<Bytes> {
        let from = self.held.partition_point(|f| f.number < number);
        let parts = || self.held.iter().skip(from).take_while(move |f| f.number == number);
        let mut covered = 0u64;
        let mut ended = false;
        for f in parts() {
            if u64::from(f.offset) > covered {
                return None;
            }
            covered = covered.max(u64::from(f.offset) + f.data.len() as u64);
            if f.last {
                ended = true;
                break;
            }
        }
        if !ended {
            return None;
        }
        let mut whole = Vec::with_capacity(usize::try_from(covered).ok()?);
        for f in parts() {
            let skip = whole.len().saturating_sub(f.offset as usize);
            whole.extend_from_slice(f.data.get(skip..).unwrap_or_default());
            if f.last {
                break;
            }
        }
        Some(Bytes::from(whole))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn out_of_order_fragments_make_one_message() {
        let mut f = Fragments::new();
        assert_eq!(f.add(1, 3, true, b"def"), None);
        assert_eq!(f.add(1, 0, false, b"abc"), Some(Bytes::from_static(b"abcdef")));
        assert!(f.is_empty());
    }

    #[test]
    fn holes_and_missing_ends_wait_and_the_oldest_goes_first() {
        let mut f = Fragments::new();
        for n in 0..300u64 {
            assert_eq!(f.add(n + 1, 5, true, b"x"), None);
            assert!(f.len() <= FRAGMENTS_PER_LANE_MAX);
        }
        assert_eq!(f.add(300, 0, false, b"01234"), Some(Bytes::from_static(b"01234x")));
        assert_eq!(f.add(301, FRAGMENT_END_MAX as u32, true, b"y"), None, "beyond the end is dropped");
    }

    proptest! {
        #[test]
        fn any_cut_in_any_order_comes_out_whole(
            message in prop::collection::vec(any::<u8>(), 1..3000),
            mut cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
            order in prop::collection::vec(any::<u64>(), 10),
        ) {
            let mut at: Vec<usize> = cuts.drain(..).map(|c| c.index(message.len())).collect();
            at.extend([0, message.len()]);
            at.sort_unstable();
            at.dedup();
            let mut parts: Vec<(usize, usize)> = at.windows(2).map(|w| (w[0], w[1])).collect();
            let mut keys = order.into_iter().cycle();
            parts.sort_by_cached_key(|_| keys.next());
            let mut f = Fragments::new();
            let mut got = None;
            for (from, to) in parts {
                prop_assert!(got.is_none());
                got = f.add(7, from as u32, to == message.len(), &message[from..to]);
            }
            prop_assert_eq!(got.map(|b| b.to_vec()), Some(message));
        }
    }
}
