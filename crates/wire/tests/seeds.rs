//! The checks of the fuzz targets, run over the seeds in the repository.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

#[allow(unreachable_pub, dead_code, reason = "it is a public module of the fuzz package as well")]
#[path = "../../../fuzz/src/wire.rs"]
mod checks;

use std::path::PathBuf;

#[test]
fn seeds_pass_every_check() {
    let seeds = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds");
    for (name, check) in checks::TARGETS {
        let folder = seeds.join(name);
        let mut count = 0;
        for entry in std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
            let path = entry.unwrap().path();
            let data = std::fs::read(&path).unwrap();
            // Cut short and with every byte changed in turn, too: most faults sit next to a valid input.
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
