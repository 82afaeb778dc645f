//! Writes the C header to standard output: `cargo run -q -p gamesockets-capi --example header`.

mod render;

fn main() {
    print!("{}", render::header());
}
