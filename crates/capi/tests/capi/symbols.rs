//! Names, parameters and slots beside the published tables.

use crate::c::{methods, start};
use crate::tables::{number, row, rows};
use GameNetworkingSockets::exports::{all, library};
use GameNetworkingSockets::{MESSAGES_METHODS, SOCKETS_METHODS, UTILS_METHODS};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;

/// The shared library, beside the tests.
pub(crate) fn shared_library() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let deps = test.parent().unwrap();
    let name = "libGameNetworkingSockets.so";
    let places = [deps.join(name), deps.parent().unwrap().join(name)];
    places.into_iter().find(|path| path.exists()).expect("cargo builds the library before its tests")
}

#[test]
fn every_published_function_is_exported_with_its_parameters() {
    let ours: BTreeMap<&str, _> = all().map(|symbol| (symbol.name, symbol)).collect();
    assert_eq!(rows("symbols").len(), 137);
    for published in rows("symbols") {
        let name = published["name"].as_str().unwrap();
        let symbol = ours.get(name).unwrap_or_else(|| panic!("{name} is missing"));
        let args: Vec<String> = (symbol.args)().into_iter().map(|(_, r#type)| r#type).collect();
        let expect: Vec<&str> =
            published["args"].as_array().unwrap().iter().map(|arg| arg["type"].as_str().unwrap()).collect();
        assert_eq!(args, expect, "{name}");
        assert_eq!(symbol.returns, published["returns"].as_str().unwrap(), "{name}");
    }
}

#[test]
fn the_shared_library_exports_them_and_nothing_else() {
    let library = shared_library();
    let Ok(output) = Command::new("nm").arg("-D").arg("--defined-only").arg(&library).output() else {
        println!("skipped: no nm to look into the library with");
        return;
    };
    let listed = String::from_utf8(output.stdout).unwrap();
    let exported: BTreeSet<&str> = listed.lines().filter_map(|line| line.split_whitespace().nth(2)).collect();
    let ours: BTreeSet<&str> = all().map(|symbol| symbol.name).collect();
    assert_eq!(exported, ours);
    for published in rows("symbols") {
        assert!(exported.contains(published["name"].as_str().unwrap()), "{published}");
    }
}

#[test]
fn methods_stand_in_their_slots() {
    let _started = start();
    let addresses: BTreeMap<String, usize> =
        all().map(|symbol| (symbol.name.to_owned(), (symbol.address)())).collect();
    let objects = [
        ("ISteamNetworkingSockets", SOCKETS_METHODS, c!(library::SteamNetworkingSockets_LibV12()).as_ptr()),
        ("ISteamNetworkingUtils", UTILS_METHODS, c!(library::SteamNetworkingUtils_LibV4()).as_ptr()),
        ("ISteamNetworkingMessages", MESSAGES_METHODS, c!(library::SteamNetworkingMessages_LibV2()).as_ptr()),
    ];
    for (class, names, object) in objects {
        let published = row("vtables", class)["slots"].as_array().unwrap();
        assert_eq!(published.len(), names.len(), "{class}");
        let slots = methods(object, names.len());
        for ((slot, name), address) in published.iter().zip(names).zip(slots) {
            assert_eq!(slot["method"].as_str(), Some(*name), "{class}");
            assert_eq!(number(&slot["offset"]), 8 * number(&slot["slot"]));
            let flat = format!("SteamAPI_{class}_{name}");
            assert_eq!(addresses.get(&flat), Some(&address), "{flat}");
            let args = symbol_args(&flat);
            let expect: Vec<&str> =
                slot["args"].as_array().unwrap().iter().map(|arg| arg["type"].as_str().unwrap()).collect();
            assert_eq!(args[1..], expect, "{flat}");
        }
    }
}

fn symbol_args(name: &str) -> Vec<String> {
    let symbol = all().find(|symbol| symbol.name == name).unwrap();
    (symbol.args)().into_iter().map(|(_, r#type)| r#type).collect()
}

#[test]
fn interfaces_are_there_from_init_to_kill() {
    {
        let _started = start();
        let sockets = c!(library::SteamNetworkingSockets_LibV12()).as_ptr();
        assert!(!sockets.is_null());
        for same in [
            c!(library::SteamGameServerNetworkingSockets_LibV12()),
            c!(library::SteamAPI_SteamNetworkingSockets_v009()),
            c!(library::SteamAPI_SteamNetworkingSockets_SteamAPI_v012()),
        ] {
            assert_eq!(same.as_ptr(), sockets);
        }
        assert!(!c!(library::SteamNetworkingMessages_LibV2()).as_ptr().is_null());
    }
    let _turn = crate::c::turn();
    assert!(c!(library::SteamNetworkingSockets_LibV12()).as_ptr().is_null());
    assert!(c!(library::SteamNetworkingMessages_LibV2()).as_ptr().is_null());
    assert!(!c!(library::SteamNetworkingUtils_LibV4()).as_ptr().is_null());
}
