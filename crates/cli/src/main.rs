//! The `gamesockets` command.
fn main() {}
