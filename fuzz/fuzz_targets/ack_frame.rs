//! Fuzz target: hands its input to the check `wire::ack_frame`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gamesockets_fuzz::wire::ack_frame(data));
