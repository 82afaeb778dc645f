//! The simulator's own generator: small, fast, and the same on every machine.
//!
//! Nothing here guards a secret. The endpoints under test get seeds drawn from it and make their own, cryptographic,
//! numbers from those.

/// A xoshiro256++ generator.
#[derive(Clone, Debug)]
pub struct SimRng {
    state: [u64; 4],
}

/// One step of splitmix64: spreads a counter over 64 bits.
pub(crate) const fn spread(x: u64) -> u64 {
    let z = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl SimRng {
    /// The generator of a seed.
    pub const fn new(seed: u64) -> Self {
        let a = spread(seed);
        let b = spread(a);
        let c = spread(b);
        Self { state: [a, b, c, spread(c)] }
    }

    /// A generator of its own for one part of the world, so that drawing more in one part changes nothing in another.
    pub const fn fork(&mut self, label: u64) -> Self {
        Self::new(self.next_u64() ^ spread(label))
    }

    /// The next 64 bits.
    pub const fn next_u64(&mut self) -> u64 {
        let [a, b, c, d] = self.state;
        let out = a.wrapping_add(d).rotate_left(23).wrapping_add(a);
        let t = b << 17;
        let c2 = c ^ a;
        let d2 = d ^ b;
        self.state = [a ^ d2, b ^ c2, c2 ^ t, d2.rotate_left(45)];
        out
    }

    /// A number below `n`; 0 if `n` is 0. Not perfectly even, which no scenario notices.
    pub const fn below(&mut self, n: u64) -> u64 {
        ((self.next_u64() as u128 * n as u128) >> 64) as u64
    }

    /// A number from `low` to `high`, both included.
    pub const fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low).saturating_add(1))
    }

    /// A number from `low` to `high` whose magnitude is even: small ones come as often as large ones.
    pub const fn magnitude(&mut self, low: u64, high: u64) -> u64 {
        let bits =
            self.between(u64::BITS as u64 - low.leading_zeros() as u64, 64 - high.leading_zeros() as u64);
        let n = if bits == 0 { 0 } else { (1 << (bits - 1)) | self.below(1 << (bits - 1)) };
        if n < low {
            low
        } else if n > high {
            high
        } else {
            n
        }
    }

    /// True with probability `p`.
    pub fn chance(&mut self, p: f64) -> bool {
        const STEPS: u64 = 1 << 53;
        (self.next_u64() >> 11) < (p.clamp(0.0, 1.0) * STEPS as f64) as u64
    }

    /// One of `items`.
    pub fn pick<T: Copy>(&mut self, items: &[T]) -> Option<T> {
        items.get(self.below(items.len() as u64) as usize).copied()
    }

    /// An index below `weights.len()`, each as often as its weight says.
    pub fn weighted(&mut self, weights: &[u64]) -> usize {
        let mut at = self.below(weights.iter().sum());
        for (i, w) in weights.iter().enumerate() {
            if at < *w {
                return i;
            }
            at -= w;
        }
        0
    }

    /// Fills `out`.
    pub fn fill(&mut self, out: &mut [u8]) {
        let (whole, rest) = out.as_chunks_mut::<8>();
        for chunk in whole {
            *chunk = self.next_u64().to_le_bytes();
        }
        if !rest.is_empty() {
            let bytes = self.next_u64().to_le_bytes();
            rest.iter_mut().zip(bytes).for_each(|(o, b)| *o = b);
        }
    }

    /// A seed for something that draws its own numbers.
    pub fn bytes32(&mut self) -> [u8; 32] {
        let mut out = [0; 32];
        self.fill(&mut out);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_and_stays_inside() {
        let (mut a, mut b) = (SimRng::new(7), SimRng::new(7));
        for _ in 0..1000 {
            assert_eq!(a.next_u64(), b.next_u64());
            assert!((3..=9).contains(&a.between(3, 9)));
            b.between(3, 9);
            let m = a.magnitude(0, 500_000);
            assert!(m <= 500_000);
            assert_eq!(m, b.magnitude(0, 500_000));
        }
        assert_eq!(a.below(0), 0);
        assert_eq!(a.magnitude(5, 5), 5);
        assert_eq!(a.pick::<u8>(&[]), None);
    }

    #[test]
    fn chance_and_weights_are_about_right() {
        let mut r = SimRng::new(1);
        let hits = (0..10_000).filter(|_| r.chance(0.25)).count();
        assert!((2300..2700).contains(&hits), "{hits}");
        let mut seen = [0; 3];
        for _ in 0..4000 {
            seen[r.weighted(&[1, 0, 3])] += 1;
        }
        assert!(seen[1] == 0 && (800..1200).contains(&seen[0]), "{seen:?}");
    }
}
