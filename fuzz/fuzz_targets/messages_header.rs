//! Fuzz target: hands its input to the check `wire::messages_header`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gamesockets_fuzz::wire::messages_header(data));
