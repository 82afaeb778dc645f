//! Fuzz target: hands its input to the check `wire::datagram_control`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gamesockets_fuzz::wire::datagram_control(data));
