//! Every exported function with everything that a program may get wrong.

use crate::c::{THIS, call_raw, close, pair, start, turn};
use crate::tables::rows;
use GameNetworkingSockets::exports::{all, sockets, structs};
use GameNetworkingSockets::ffi::export::Symbol;
use std::collections::BTreeMap;

/// Functions that change the process itself: other tests are about them.
const APART: &[&str] = &[
    "GameNetworkingSockets_Init",
    "GameNetworkingSockets_Kill",
    "SteamNetworkingSockets_SetManualPollMode",
    // Makes an object that has to be released.
    "SteamAPI_ISteamNetworkingSockets_CreateCustomSignaling",
];
/// Bytes of the memory that pointers lead to: more than any count below asks for.
const SCRATCH_BYTES: usize = 1 << 20;

/// The part of a register that counts, as a signed number.
fn returned(symbol: &Symbol, register: usize) -> Option<i64> {
    match symbol.returns {
        "void" | "f32" => None,
        "bool" => Some(i64::from(register as u8)),
        "u16" => Some(i64::from(register as u16)),
        "i32" => Some(i64::from(register as i32)),
        "u32" => Some(i64::from(register as u32)),
        // Addresses: there or not. The clock: running or not.
        _ => Some(i64::from(register != 0 && register as i64 != -1) - i64::from(register as i64 == -1)),
    }
}

fn with_nothing(symbol: &Symbol) -> Option<i64> {
    returned(symbol, call_raw((symbol.address)(), [0; 8]))
}

/// What functions answer to nothing but zeros and null pointers.
fn expected() -> BTreeMap<&'static str, [Option<i64>; 2]> {
    let number = |value: &serde_json::Value| value.as_i64();
    rows("answers_to_nothing")
        .iter()
        .map(|row| (row["name"].as_str().unwrap(), [number(&row["stopped"]), number(&row["running"])]))
        .collect()
}

#[test]
fn zeros_and_null_pointers_get_the_documented_answer() {
    let expected = expected();
    let check = |state: usize| {
        let mut wrong = Vec::new();
        for symbol in all().filter(|symbol| !APART.contains(&symbol.name)) {
            let answer = with_nothing(symbol);
            if expected.get(symbol.name).map(|answers| answers[state]) != Some(answer) {
                wrong.push(format!("{} {state} {answer:?}", symbol.name));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    };
    {
        let _turn = turn();
        check(0);
    }
    {
        let _started = start();
        check(1);
    }
    // After Kill as before Init.
    let _turn = turn();
    check(0);
    let apart = all().filter(|symbol| APART.contains(&symbol.name)).count();
    assert_eq!((expected.len() + apart, apart), (all().count(), APART.len()), "a row for each function");
}

/// Handles of every kind that is not a connection's.
struct Handles {
    all: Vec<usize>,
}

impl Handles {
    fn make() -> Self {
        let (closed, other) = pair(true);
        close(closed);
        close(other);
        let (open, _) = pair(false);
        let group = c!(sockets::SteamAPI_ISteamNetworkingSockets_CreatePollGroup(THIS));
        let destroyed = c!(sockets::SteamAPI_ISteamNetworkingSockets_CreatePollGroup(THIS));
        c!(sockets::SteamAPI_ISteamNetworkingSockets_DestroyPollGroup(THIS, destroyed));
        let numbers = [closed, other, group, destroyed, 1, u32::MAX, 0x4000_0000, 0x8000_0000, open];
        Self { all: numbers.into_iter().map(|n| n as usize).collect() }
    }
}

/// Memory that pointers lead to.
struct Scratch {
    zeros: Vec<u8>,
    ones: Vec<u8>,
    /// Text without end for longer than any limit, then an end.
    endless: Vec<u8>,
    room: Vec<u8>,
}

impl Scratch {
    fn make() -> Self {
        let mut endless = vec![b'x'; SCRATCH_BYTES];
        endless[SCRATCH_BYTES - 1] = 0;
        let ones = vec![0xff; SCRATCH_BYTES];
        Self { zeros: vec![0; SCRATCH_BYTES], ones, endless, room: vec![0; SCRATCH_BYTES] }
    }

    /// Values for a parameter, the harmless one first.
    fn values(&mut self, name: &str, kind: &str, handles: &Handles) -> Vec<usize> {
        let at = |bytes: &[u8]| bytes.as_ptr() as usize;
        let numbers = [0_i64, 1, -1, i64::from(i32::MAX), i64::from(i32::MIN)].map(|n| n as usize);
        match kind {
            "const char*" => vec![0, at(&self.endless), at(b"\0"), at(b"\xff\xfe%s%n\0"), at(b"str:x\0")],
            "const void*" => vec![0, at(&self.zeros), at(&self.ones)],
            // Behind these pointers is code, or objects that only the library makes.
            kind if kind.starts_with("fn") || kind == "va_list" || kind == "Message*" => vec![0],
            "Signaling*" | "RecvContext*" => vec![0],
            // An array of null pointers.
            "Message**" => vec![0, at(&self.zeros)],
            kind if kind.starts_with("const ") => vec![0, at(&self.zeros), at(&self.ones)],
            kind if kind.ends_with('*') => vec![0, self.room.as_mut_ptr() as usize],
            "bool" => vec![0, 1, 0xff],
            // As many as lie behind the pointer, and numbers that are none.
            _ if name.contains("count") || name.starts_with("max_") || name == "list_sz" => {
                vec![0, 3, -1_i64 as usize, i64::from(i32::MIN) as usize]
            }
            _ if name.contains("len") || name.contains("size") => vec![0, 1, 1000, -1_i64 as usize],
            "u32" => [vec![0], handles.all.clone()].concat(),
            _ => numbers.to_vec(),
        }
    }
}

/// Lengths that are behind no memory of this test, though a pointer is there.
fn lies(names: &[(&str, String)], arguments: &[usize; 8]) -> bool {
    names.iter().zip(arguments).any(|((name, kind), value)| {
        let unsigned = matches!(kind.as_str(), "u32" | "usize");
        name.contains("len") && unsigned && *value > SCRATCH_BYTES
    })
}

#[test]
fn no_combination_of_bad_arguments_does_harm() {
    let _started = start();
    let handles = Handles::make();
    let mut scratch = Scratch::make();
    let mut calls = 0_usize;
    for symbol in all().filter(|symbol| !APART.contains(&symbol.name)) {
        let names = (symbol.args)();
        let values: Vec<Vec<usize>> =
            names.iter().map(|(name, kind)| scratch.values(name, kind, &handles)).collect();
        // All parameters harmless, or all of them something; and each of them everything.
        for base in [0, usize::MAX] {
            let pick = |list: &Vec<usize>| *list.get(base).unwrap_or_else(|| list.last().unwrap());
            for changed in 0..=values.len() {
                for value in values.get(changed).map_or(&[0][..], Vec::as_slice) {
                    let mut arguments = [0; 8];
                    for (to, list) in arguments.iter_mut().zip(&values) {
                        *to = pick(list);
                    }
                    if changed < values.len() {
                        arguments[changed] = *value;
                    }
                    if lies(&names, &arguments) {
                        continue;
                    }
                    let register = call_raw((symbol.address)(), arguments);
                    if symbol.returns == "Message*" {
                        c!(structs::SteamAPI_SteamNetworkingMessage_t_Release(register as *mut _));
                    }
                    calls += 1;
                }
            }
        }
    }
    assert!(calls > 2500, "{calls}");
}
