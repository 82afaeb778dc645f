//! Seeded random numbers.
//!
//! One generator is given to the endpoint; it forks one child for values that anybody may see (connection ids,
//! jitter, simulated loss) and one for secrets (keys, cookies). A fork never reveals its siblings, so logging every
//! public value of a run gives nothing away about the secrets of the same seed.

use core::fmt;

use aws_lc_rs::digest;
use chacha20::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _};
use zeroize::Zeroizing;

/// Separates fork seeds from every other use of SHA-256 in this crate.
const FORK_DOMAIN: &[u8] = b"gamesockets rng fork 1";

/// Most draws that [`Rng::range_u64`] throws away before it accepts a biased one. Each draw is refused with a
/// probability below one half, so the bound is never met in practice; it is there because no loop is unbounded.
const MAX_REJECTED_DRAWS: u32 = 128;

/// A cryptographically secure generator: the ChaCha20 key stream of a 32-byte seed.
///
/// Equal seeds give equal streams on every platform. Deliberately not `Clone`: two holders of one stream would draw
/// the same nonce. The state is wiped on drop.
pub struct Rng {
    stream: ChaCha20Rng,
}

impl Rng {
    /// Starts the stream of `seed`.
    ///
    /// The driver draws the seed from the operating system; a simulation takes it from its own seed.
    pub fn new(seed: [u8; 32]) -> Self {
        let seed = Zeroizing::new(seed);
        Self { stream: ChaCha20Rng::from_seed(*seed) }
    }

    /// Makes an independent generator and advances this one by 32 bytes.
    ///
    /// The child depends on the label too, so two forks that swap places in the code do not swap streams silently.
    pub fn fork(&mut self, label: &str) -> Self {
        let drawn = Zeroizing::new(self.bytes32());
        let mut hash = digest::Context::new(&digest::SHA256);
        hash.update(FORK_DOMAIN);
        hash.update(&*drawn);
        hash.update(label.as_bytes());
        let mut seed = Zeroizing::new([0; 32]);
        seed.copy_from_slice(hash.finish().as_ref());
        Self::new(*seed)
    }

    /// Fills `out` with random bytes.
    pub fn fill(&mut self, out: &mut [u8]) {
        self.stream.fill_bytes(out);
    }

    /// The next 32 random bits.
    pub fn next_u32(&mut self) -> u32 {
        self.stream.next_u32()
    }

    /// The next 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.stream.next_u64()
    }

    /// An array of random bytes.
    pub fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut out = [0; N];
        self.fill(&mut out);
        out
    }

    /// 32 random bytes: the size of every seed and secret key in the protocol.
    pub fn bytes32(&mut self) -> [u8; 32] {
        self.array()
    }

    /// A uniform number in `0..n`; 0 if `n` is 0.
    pub fn range_u64(&mut self, n: u64) -> u64 {
        let Some(excess) = n.wrapping_neg().checked_rem(n) else { return 0 };
        // High half of a 128-bit product; the low halves below `excess` are the draws that would favour some values.
        let mut product = u128::from(self.next_u64()) * u128::from(n);
        for _ in 0..MAX_REJECTED_DRAWS {
            if product as u64 >= excess {
                break;
            }
            product = u128::from(self.next_u64()) * u128::from(n);
        }
        (product >> 64) as u64
    }

    /// True with probability `p`, in steps of 2^-53. Values below 0 (and NaN) count as 0, above 1 as 1.
    ///
    /// The comparison is between integers and scaling by a power of two is exact, so a seed gives the same answers
    /// on every platform. Always draws exactly one number.
    pub fn chance(&mut self, p: f64) -> bool {
        const STEPS: u64 = 1 << 53;
        let threshold = (p.clamp(0.0, 1.0) * STEPS as f64) as u64;
        (self.next_u64() >> 11) < threshold
    }
}

impl fmt::Debug for Rng {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rng(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stream_is_chacha20_of_the_seed() {
        // First block of ChaCha20 with an all-zero key, nonce and counter (RFC 8439, appendix A.1, vector 1).
        let mut rng = Rng::new([0; 32]);
        assert_eq!(rng.array::<8>(), [0x76, 0xb8, 0xe0, 0xad, 0xa0, 0xf1, 0x3d, 0x90]);
    }

    #[test]
    fn equal_seeds_agree_and_labels_separate() {
        let (mut a, mut b) = (Rng::new([7; 32]), Rng::new([7; 32]));
        assert_eq!(a.fork("secret").bytes32(), b.fork("secret").bytes32());
        assert_eq!(a.next_u64(), b.next_u64());
        assert_ne!(a.fork("one").bytes32(), b.fork("two").bytes32());
        assert_ne!(a.fork("x").bytes32(), a.fork("x").bytes32());
    }

    #[test]
    fn range_stays_inside_and_reaches_everything() {
        let mut rng = Rng::new([1; 32]);
        assert_eq!(rng.range_u64(0), 0);
        assert_eq!(rng.range_u64(1), 0);
        let mut seen = [0u32; 6];
        for _ in 0..6000 {
            seen[rng.range_u64(6) as usize] += 1;
        }
        assert!(seen.iter().all(|n| (800..1200).contains(n)), "{seen:?}");
        for n in [3, 1 << 40, (1 << 63) + 1, u64::MAX] {
            assert!(rng.range_u64(n) < n);
        }
    }

    #[test]
    fn chance_respects_its_ends_and_odd_input() {
        let mut rng = Rng::new([2; 32]);
        for _ in 0..100 {
            assert!(!rng.chance(0.0) && !rng.chance(-1.0) && !rng.chance(f64::NAN));
            assert!(rng.chance(1.0) && rng.chance(f64::INFINITY));
        }
        let hits = (0..10_000).filter(|_| rng.chance(0.25)).count();
        assert!((2300..2700).contains(&hits), "{hits}");
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(alloc::format!("{:?}", Rng::new([3; 32])), "Rng(..)");
    }
}
