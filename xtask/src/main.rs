//! Builds, tests and checks of the repository.
fn main() {}
