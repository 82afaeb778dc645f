//! Runs checks over the committed inputs, without a fuzzer.

use std::path::PathBuf;

/// A check: takes any bytes, panics if a promise is broken.
pub type Check = fn(&[u8]);

/// Runs each check over its folder in `seeds/`: every input as it is, cut short at every length, and with every byte
/// changed in turn, since most faults sit next to a valid input.
pub fn check_seeds(targets: &[(&'static str, Check)]) {
    let seeds = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds");
    for (name, check) in targets {
        let folder = seeds.join(name);
        let mut count = 0;
        for entry in std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
            let data = std::fs::read(entry.unwrap().path()).unwrap();
            for cut in 0..=data.len().min(600) {
                check(&data[..cut]);
            }
            for at in 0..data.len().min(600) {
                for with in [0x01, 0x80, 0xff] {
                    let mut changed = data.clone();
                    changed[at] ^= with;
                    check(&changed);
                }
            }
            check(&data);
            count += 1;
        }
        assert!(count > 0, "{} is empty", folder.display());
    }
}
