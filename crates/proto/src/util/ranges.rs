//! Sets of numbers kept as sorted, disjoint, half-open ranges.

use alloc::collections::VecDeque;
use core::ops::Range;

/// A set of `u64` stored as ranges; cheap while the numbers come nearly in order.
#[derive(Clone, Debug, Default)]
pub struct Ranges {
    spans: VecDeque<Range<u64>>,
}

impl Ranges {
    /// An empty set; allocates nothing.
    pub const fn new() -> Self {
        Self { spans: VecDeque::new() }
    }

    /// A set of one range, in no more memory than that needs: it may stay the only one for long.
    pub fn of(range: Range<u64>) -> Self {
        let mut spans = VecDeque::new();
        spans.reserve_exact(1);
        spans.push_back(range);
        Self { spans }
    }

    /// Whether nothing is in the set.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// How many ranges the set consists of.
    pub fn span_count(&self) -> usize {
        self.spans.len()
    }

    /// How many numbers are in the set.
    pub fn total(&self) -> u64 {
        self.spans.iter().map(|r| r.end - r.start).sum()
    }

    /// The ranges in ascending order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Range<u64>> + ExactSizeIterator {
        self.spans.iter()
    }

    /// The ranges with numbers from `n` up, in ascending order.
    pub fn iter_from(&self, n: u64) -> impl Iterator<Item = &Range<u64>> {
        self.spans.range(self.spans.partition_point(|r| r.end <= n)..)
    }

    /// The lowest range.
    pub fn first(&self) -> Option<Range<u64>> {
        self.spans.front().cloned()
    }

    /// The highest range.
    pub fn last(&self) -> Option<Range<u64>> {
        self.spans.back().cloned()
    }

    /// Removes and returns the lowest range.
    pub fn pop_first(&mut self) -> Option<Range<u64>> {
        self.spans.pop_front()
    }

    /// Whether `n` is in the set.
    pub fn contains(&self, n: u64) -> bool {
        let i = self.spans.partition_point(|r| r.end <= n);
        self.spans.get(i).is_some_and(|r| r.start <= n)
    }

    /// Adds all numbers of `add`.
    pub fn insert(&mut self, add: Range<u64>) {
        self.insert_with(add, |_| ());
    }

    /// Adds all numbers of `add` and calls `fresh` for each part that was not in the set before, lowest first.
    pub fn insert_with(&mut self, add: Range<u64>, mut fresh: impl FnMut(Range<u64>)) {
        if add.is_empty() {
            return;
        }
        // In order, the common case: right at or behind the last range.
        match self.spans.back_mut() {
            Some(last) if add.start == last.end => {
                last.end = add.end;
                fresh(add);
                return;
            }
            Some(last) if add.start > last.end => {
                self.spans.push_back(add.clone());
                fresh(add);
                return;
            }
            None => {
                self.spans.push_back(add.clone());
                fresh(add);
                return;
            }
            Some(_) => {}
        }
        // All ranges that touch or overlap `add` become one.
        let from = self.spans.partition_point(|r| r.end < add.start);
        let mut merged = add.clone();
        let mut cursor = add.start;
        let mut to = from;
        while let Some(r) = self.spans.get(to).filter(|r| r.start <= add.end) {
            if cursor < r.start {
                fresh(cursor..r.start);
            }
            cursor = cursor.max(r.end);
            merged = merged.start.min(r.start)..merged.end.max(r.end);
            to += 1;
        }
        if cursor < add.end {
            fresh(cursor..add.end);
        }
        self.replace(from..to, merged);
    }

    fn replace(&mut self, old: Range<usize>, new: Range<u64>) {
        if old.is_empty() {
            self.spans.insert(old.start, new);
            return;
        }
        if let Some(slot) = self.spans.get_mut(old.start) {
            *slot = new;
        }
        if old.len() > 1 {
            self.spans.drain(old.start + 1..old.end);
        }
    }

    /// Takes all numbers of `cut` out and calls `gone` for each part that was in the set, lowest first.
    pub fn remove_with(&mut self, cut: Range<u64>, mut gone: impl FnMut(Range<u64>)) {
        if cut.is_empty() {
            return;
        }
        let mut i = self.spans.partition_point(|r| r.end <= cut.start);
        while let Some(r) = self.spans.get(i).cloned().filter(|r| r.start < cut.end) {
            gone(r.start.max(cut.start)..r.end.min(cut.end));
            let left = r.start..cut.start.max(r.start);
            let right = cut.end.min(r.end)..r.end;
            match (left.is_empty(), right.is_empty()) {
                (true, true) => {
                    self.spans.remove(i);
                }
                (false, true) => {
                    self.spans[i] = left;
                    i += 1;
                }
                (true, false) => {
                    self.spans[i] = right;
                    i += 1;
                }
                (false, false) => {
                    self.spans[i] = left;
                    self.spans.insert(i + 1, right);
                    i += 2;
                }
            }
        }
    }

    /// Takes all numbers of `cut` out.
    pub fn remove(&mut self, cut: Range<u64>) {
        self.remove_with(cut, |_| ());
    }

    /// Takes everything below `floor` out.
    pub fn remove_below(&mut self, floor: u64) {
        while let Some(r) = self.spans.front_mut() {
            if r.end <= floor {
                self.spans.pop_front();
                continue;
            }
            r.start = r.start.max(floor);
            break;
        }
    }

    /// Gives memory back that an empty set does not need.
    pub fn shrink(&mut self) {
        if self.spans.is_empty() {
            self.spans = VecDeque::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    fn check(r: &Ranges, model: &BTreeSet<u64>) {
        let flat: Vec<u64> = r.iter().flat_map(Clone::clone).collect();
        assert_eq!(flat, model.iter().copied().collect::<Vec<_>>());
        for (a, b) in r.iter().zip(r.iter().skip(1)) {
            assert!(a.end < b.start, "ranges touch: {a:?} {b:?}");
        }
        assert_eq!(r.total(), model.len() as u64);
    }

    proptest! {
        #[test]
        fn behaves_like_a_set(ops in prop::collection::vec((0u8..4, 0u64..60, 0u64..12), 1..80)) {
            let (mut r, mut model) = (Ranges::new(), BTreeSet::new());
            for (op, start, len) in ops {
                let span = start..start + len;
                match op {
                    0 | 1 => {
                        let mut fresh = Vec::new();
                        r.insert_with(span.clone(), |f| fresh.extend(f));
                        let expected: Vec<u64> = span.filter(|n| model.insert(*n)).collect();
                        prop_assert_eq!(fresh, expected);
                    }
                    2 => {
                        let mut gone = Vec::new();
                        r.remove_with(span.clone(), |g| gone.extend(g));
                        let expected: Vec<u64> = span.filter(|n| model.remove(n)).collect();
                        prop_assert_eq!(gone, expected);
                    }
                    _ => {
                        r.remove_below(start);
                        model.retain(|n| *n >= start);
                    }
                }
                check(&r, &model);
                for n in 0..75 {
                    prop_assert_eq!(r.contains(n), model.contains(&n));
                }
            }
        }
    }
}
