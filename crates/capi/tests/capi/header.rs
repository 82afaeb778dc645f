//! The committed header is the one that is made now.

#[path = "../../examples/header/render.rs"]
mod render;

#[test]
fn the_committed_header_is_current() {
    let made = render::header();
    let committed = include_str!("../../include/gamesockets.h");
    let differs = made.lines().zip(committed.lines()).position(|(a, b)| a != b);
    let count = (made.lines().count(), committed.lines().count());
    assert!(
        made == committed,
        "line {differs:?} of {count:?} differs: cargo run -q -p gamesockets-capi --example header > \
         crates/capi/include/gamesockets.h"
    );
}
