//! Drawn worlds: they repeat, and they hold.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]

use gamesockets_sim::scenario::Scenario;
use gamesockets_sim::soak::run_scenario;
use gamesockets_sim::{Budget, soak};
use std::ops::ControlFlow;

#[test]
fn the_same_seed_gives_the_same_world() {
    for seed in [2, 5, 17, 18] {
        let run = || run_scenario(&Scenario::draw(seed)).unwrap();
        assert_eq!(run(), run(), "seed {seed}");
    }
}

#[test]
fn other_seeds_give_other_worlds() {
    let hash = |seed| run_scenario(&Scenario::draw(seed)).unwrap().hash;
    assert_ne!(hash(5), hash(17));
}

#[test]
fn the_first_worlds_hold() {
    let mut seen = 0;
    let report = soak(1001, Budget::Seeds(16), &mut |p| {
        assert_eq!(p.seed, 1001 + seen);
        seen += 1;
        ControlFlow::Continue(())
    });
    if let Some(failure) = report.failure {
        panic!("{failure}");
    }
    assert_eq!((report.seeds, seen), (16, 16));
    assert!(report.delivered > 500 && report.datagrams > 1000);
}

#[test]
fn a_soak_stops_when_told() {
    let report = soak(1, Budget::UntilStopped, &mut |p| {
        if p.done == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert_eq!((report.seeds, report.failure.is_none()), (2, true));
}
