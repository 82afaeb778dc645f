//! Fuzz target: hands its input to the check `engine::endpoint_datagrams`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gamesockets_fuzz::engine::endpoint_datagrams(data));
