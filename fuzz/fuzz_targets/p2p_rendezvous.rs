//! Fuzz target: hands its input to the check `wire::p2p_rendezvous`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gamesockets_fuzz::wire::p2p_rendezvous(data));
