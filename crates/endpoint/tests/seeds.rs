//! The checks of the fuzz targets, run over the seeds in the repository.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

#[allow(unreachable_pub, dead_code, reason = "it is a public module of the fuzz package as well")]
#[path = "../../../fuzz/src/engine.rs"]
mod checks;
#[allow(unreachable_pub, reason = "shared with the other crates' tests")]
#[path = "../../../fuzz/src/seeds.rs"]
mod seeds;

#[test]
fn seeds_pass_every_check() {
    seeds::check_seeds(checks::TARGETS);
}
