//! The file of the demonstration: made here, the same every time.

use crate::transfer::digest::{Hasher, Sha256};
use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;

/// Bytes made at once.
const BLOCK_BYTES: u64 = 64 * 1024;
/// Where the numbers begin; said in the output, so that everybody can make the same file.
pub(super) const SEED: u64 = 2024;

/// SplitMix64 after Steele, Lea and Flood: small, and its bytes do not compress.
struct SplitMix(u64);

impl SplitMix {
    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// Writes `size` bytes to `path`, and gives their hash.
pub(super) fn make(path: &Path, size: u64) -> io::Result<Sha256> {
    let mut numbers = SplitMix(SEED);
    let mut hasher = Hasher::new();
    let mut file = BufWriter::new(File::create(path)?);
    let mut left = size;
    while left > 0 {
        let len = left.min(BLOCK_BYTES);
        let mut block: Vec<u8> = (0..len.div_ceil(8)).flat_map(|_| numbers.next().to_le_bytes()).collect();
        block.truncate(usize::try_from(len).unwrap_or(usize::MAX));
        hasher.update(&block);
        file.write_all(&block)?;
        left -= len;
    }
    file.flush()?;
    Ok(hasher.value())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn the_same_every_time_and_of_the_right_size() {
        // First value of the generator for seed 0, from its authors' program.
        assert_eq!(SplitMix(0).next(), 0xe220_a839_7b1d_cdaf);
        let dir = Scratch::new("material").unwrap();
        let (a, b) = (dir.path().join("a"), dir.path().join("b"));
        assert_eq!(make(&a, 100_001).unwrap(), make(&b, 100_001).unwrap());
        let bytes = std::fs::read(&a).unwrap();
        assert_eq!((bytes.len(), bytes == std::fs::read(&b).unwrap()), (100_001, true));
    }
}
