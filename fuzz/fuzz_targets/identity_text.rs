//! Fuzz target: hands its input to the check `wire::identity_text`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gamesockets_fuzz::wire::identity_text(data));
