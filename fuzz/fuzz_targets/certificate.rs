//! Fuzz target: hands its input to the check `wire::certificate`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gamesockets_fuzz::wire::certificate(data));
