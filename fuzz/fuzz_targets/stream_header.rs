//! Fuzz target: hands its input to the check `wire::stream_header`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gamesockets_fuzz::wire::stream_header(data));
