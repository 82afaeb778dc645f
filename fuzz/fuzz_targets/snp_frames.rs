//! Fuzz target: hands its input to the check `wire::snp_frames`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gamesockets_fuzz::wire::snp_frames(data));
