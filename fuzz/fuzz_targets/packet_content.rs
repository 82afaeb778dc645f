//! Fuzz target: hands its input to the check `engine::packet_content`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gamesockets_fuzz::engine::packet_content(data));
