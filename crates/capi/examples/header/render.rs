//! The C header: functions from the table of exports, structs and numbers from the tables of the interface.

use GameNetworkingSockets::exports::{all, library, messages, sockets, structs, utils};
use GameNetworkingSockets::ffi::export::Symbol;
use serde_json::Value;
use std::fmt::Write as _;

/// Longest line of a comment.
const WIDTH: usize = 110;

/// Numbers that are not in an enumeration.
const CONSTANTS: &[(&str, &str)] = &[
    ("k_HSteamNetConnection_Invalid", "0"),
    ("k_HSteamListenSocket_Invalid", "0"),
    ("k_HSteamNetPollGroup_Invalid", "0"),
    ("k_cchMaxSteamNetworkingErrMsg", "1024"),
    ("k_cbMaxSteamNetworkingSocketsMessageSizeSend", "524288"),
    ("k_cchSteamNetworkingMaxConnectionCloseReason", "128"),
    ("k_cchSteamNetworkingMaxConnectionDescription", "128"),
    ("k_cchMaxSteamNetworkingPingLocationString", "1024"),
    ("k_nSteamNetworkingPing_Failed", "(-1)"),
    ("k_nSteamNetworkingPing_Unknown", "(-2)"),
    ("k_nSteamNetworkConnectionInfoFlags_Unauthenticated", "1"),
    ("k_nSteamNetworkConnectionInfoFlags_Unencrypted", "2"),
    ("k_nSteamNetworkConnectionInfoFlags_LoopbackBuffers", "4"),
    ("k_nSteamNetworkConnectionInfoFlags_Fast", "8"),
    ("k_nSteamNetworkConnectionInfoFlags_Relayed", "16"),
    ("k_nSteamNetworkingSend_Unreliable", "0"),
    ("k_nSteamNetworkingSend_NoNagle", "1"),
    ("k_nSteamNetworkingSend_UnreliableNoNagle", "1"),
    ("k_nSteamNetworkingSend_NoDelay", "4"),
    ("k_nSteamNetworkingSend_UnreliableNoDelay", "5"),
    ("k_nSteamNetworkingSend_Reliable", "8"),
    ("k_nSteamNetworkingSend_ReliableNoNagle", "9"),
    ("k_nSteamNetworkingSend_UseCurrentThread", "16"),
    ("k_nSteamNetworkingSend_AutoRestartBrokenSession", "32"),
];

/// Structs in the order in which they need each other, with their alignment in the pragma and their short names.
const STRUCTS: &[(&str, usize, &str)] = &[
    ("SteamNetworkingIPAddr", 1, "IPAddr"),
    ("SteamNetworkingIdentity", 1, "Identity"),
    ("SteamNetConnectionInfo_t", 4, "ConnInfo"),
    ("SteamNetConnectionRealTimeStatus_t", 4, "RealTimeStatus"),
    ("SteamNetConnectionRealTimeLaneStatus_t", 4, "LaneStatus"),
    ("SteamNetworkingMessage_t", 8, "Message"),
    ("SteamNetworkPingLocation_t", 8, "PingLocation"),
    ("SteamNetworkingConfigValue_t", 8, "ConfigValue"),
    ("SteamNetConnectionStatusChangedCallback_t", 4, "StatusChanged"),
    ("SteamNetAuthenticationStatus_t", 4, "AuthStatus"),
    ("SteamNetworkingFakeIPResult_t", 4, "FakeIPResult"),
    ("SteamRelayNetworkStatus_t", 8, "RelayStatus"),
    ("SteamNetworkingMessagesSessionRequest_t", 1, "SessionRequest"),
    ("SteamNetworkingMessagesSessionFailed_t", 1, "SessionFailed"),
    ("SteamDatagramHostedAddress", 4, "HostedAddress"),
    ("SteamDatagramRelayAuthTicket::ExtraField", 4, ""),
    ("SteamDatagramRelayAuthTicket", 4, "Ticket"),
    ("SteamDatagramGameCoordinatorServerLogin", 4, "ServerLogin"),
];

/// Short names of what has no layout here, and what C calls it.
const OPAQUE: &[(&str, &str)] = &[
    ("Sockets", "ISteamNetworkingSockets"),
    ("Utils", "ISteamNetworkingUtils"),
    ("Messages", "ISteamNetworkingMessages"),
    ("Signaling", "ISteamNetworkingConnectionSignaling"),
    ("RecvContext", "ISteamNetworkingSignalingRecvContext"),
    ("FakeUDPPort", "ISteamNetworkingFakeUDPPort"),
];

const NUMBERS: &[(&str, &str)] = &[
    ("ErrMsg", "SteamNetworkingErrMsg"),
    ("i32", "int32_t"),
    ("i64", "int64_t"),
    ("u8", "uint8_t"),
    ("u16", "uint16_t"),
    ("u32", "uint32_t"),
    ("u64", "uint64_t"),
    ("isize", "intptr_t"),
    ("usize", "size_t"),
    ("f32", "float"),
];

/// The types that the C++ headers use in structs.
const FIELD_TYPES: &[(&str, &str)] = &[
    ("uint8", "uint8_t"),
    ("uint16", "uint16_t"),
    ("uint32", "uint32_t"),
    ("uint64", "uint64_t"),
    ("int32", "int32_t"),
    ("int64", "int64_t"),
    ("int", "int32_t"),
    ("SteamNetworkingMicroseconds", "int64_t"),
    ("HSteamNetConnection", "HSteamNetConnection"),
    ("HSteamListenSocket", "HSteamListenSocket"),
    ("SteamNetworkingPOPID", "SteamNetworkingPOPID"),
    ("RTime32", "uint32_t"),
    ("AppId_t", "uint32_t"),
    ("SteamDatagramRelayAuthTicket::ExtraField", "SteamDatagramRelayAuthTicket_ExtraField"),
];

fn abi() -> Value {
    serde_json::from_str(include_str!("../../../../testdata/capi/abi.json")).unwrap_or_default()
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

fn rows<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value[field].as_array().map_or(&[], Vec::as_slice)
}

/// The whole header.
pub(crate) fn header() -> String {
    let abi = abi();
    let mut out = String::new();
    // Writing into a String does not fail.
    let _ = writeln!(
        out,
        "/* The C interface of gamesockets: libGameNetworkingSockets. Generated; do not edit.\n\
         *\n\
         * For C99 and C++11 and later, on 64-bit Linux. Programs that use Valve's own headers need none of this.\n\
         * Interfaces are passed to functions but not looked at: null will do.\n\
         */\n\
         #ifndef GAMESOCKETS_H\n\
         #define GAMESOCKETS_H\n\n\
         #include <stdarg.h>\n#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\n\n\
         #ifdef __cplusplus\nextern \"C\" {{\n#endif\n\n\
         typedef uint32_t HSteamNetConnection;\ntypedef uint32_t HSteamListenSocket;\n\
         typedef uint32_t HSteamNetPollGroup;\ntypedef uint32_t SteamNetworkingPOPID;\n\
         typedef char SteamNetworkingErrMsg[1024];\n"
    );
    for (_, name) in OPAQUE {
        let _ = writeln!(out, "typedef struct {name} {name};");
    }
    constants(&abi, &mut out);
    for (name, pack, _) in STRUCTS {
        if let Some(row) = rows(&abi, "structs").iter().find(|row| text(row, "name") == *name) {
            structure(row, *pack, &mut out);
        }
    }
    for row in rows(&abi, "function_types") {
        let args =
            rows(row, "args").iter().map(|arg| (text(arg, "name").to_owned(), text(arg, "type").to_owned()));
        let args = parameters(args);
        let _ = writeln!(
            out,
            "typedef {} (*{})({args});",
            c_type(text(row, "returns")),
            function_type(text(row, "name"))
        );
    }
    for (title, table) in [
        ("Start and end, interfaces, hooks, text", library::LIBRARY),
        ("Structs", structs::STRUCTS),
        ("Sockets", sockets::SOCKETS),
        ("Utils", utils::UTILS),
        ("Messages", messages::MESSAGES),
    ] {
        let _ = writeln!(out, "\n/* ---- {title} ---- */");
        table.iter().for_each(|symbol| function(symbol, &mut out));
    }
    let _ = writeln!(out, "\n#ifdef __cplusplus\n}}\n#endif\n\n#endif");
    debug_assert!(all().count() > 137, "every table is above");
    out
}

fn constants(abi: &Value, out: &mut String) {
    out.push('\n');
    for (name, value) in CONSTANTS {
        let _ = writeln!(out, "#define {name} {value}");
    }
    for row in rows(abi, "enums") {
        let _ = writeln!(out, "\nenum {} {{", text(row, "name"));
        for value in rows(row, "values") {
            let _ = writeln!(out, "    {} = {},", text(value, "name"), value["value"]);
        }
        out.truncate(out.trim_end_matches([',', '\n']).len());
        out.push_str("\n};\n");
    }
}

fn structure(row: &Value, pack: usize, out: &mut String) {
    let name = text(row, "name").replace("::", "_");
    let _ = writeln!(out, "\n#pragma pack(push, {pack})\ntypedef struct {name} {name};\nstruct {name} {{");
    let fields = rows(row, "fields");
    let mut union: Option<u64> = None;
    for field in fields {
        let (offset, kind) = (field["offset"].as_u64().unwrap_or(0), text(field, "type"));
        if kind == "union" {
            union = Some(offset);
            let _ = writeln!(out, "    union {{");
            continue;
        }
        if union.is_some_and(|start| start != offset) {
            close_union(&name, out);
            union = None;
        }
        let inside = if union.is_some() { "    " } else { "" };
        // The view as IPv4 and the number by its parts are for C++.
        if kind.contains("IPv4MappedAddress") {
            continue;
        }
        let label =
            text(field, "name").rsplit('.').next().unwrap_or_default().trim_start_matches('_').to_owned();
        let _ = writeln!(out, "    {inside}{};", declaration(kind, &label));
    }
    if union.is_some() {
        close_union(&name, out);
    }
    let _ = writeln!(out, "}};\n#pragma pack(pop)");
}

/// C99 knows no unions without a name.
fn close_union(of: &str, out: &mut String) {
    let name = match of {
        "SteamNetworkingConfigValue_t" => "m_val",
        "SteamNetworkingIPAddr" => "m_addr",
        _ => "m_value",
    };
    let _ = writeln!(out, "    }} {name};");
}

fn declaration(kind: &str, name: &str) -> String {
    if kind.starts_with("void (*)") {
        return format!("void (*{name})(SteamNetworkingMessage_t *message)");
    }
    let (kind, array) = match kind.split_once(" [") {
        Some((kind, size)) => (kind, format!("[{size}")),
        None => (kind, String::new()),
    };
    let known = FIELD_TYPES.iter().find(|(from, _)| *from == kind).map(|(_, to)| *to);
    let is_enum = kind.strip_prefix('E').is_some_and(|rest| rest.starts_with("Steam") || rest == "Result");
    let kind = known.unwrap_or(if is_enum { "int32_t" } else { kind });
    let space = if kind.ends_with('*') { "" } else { " " };
    format!("{kind}{space}{name}{array}")
}

fn function_type(name: &str) -> String {
    format!("FnSteamNetworking{name}")
}

/// A type of the tables in C.
fn c_type(kind: &str) -> String {
    if let Some(name) = kind.strip_prefix("fn ") {
        return function_type(name);
    }
    let (constant, rest) = kind.strip_prefix("const ").map_or(("", kind), |rest| ("const ", rest));
    let base = rest.trim_end_matches('*');
    let stars = &rest[base.len()..];
    let structs = STRUCTS.iter().map(|(name, _, short)| (*short, *name));
    let known = NUMBERS.iter().copied().chain(OPAQUE.iter().copied()).chain(structs);
    let callback = rest.strip_suffix("_t*").map(|_| base);
    let base = known
        .into_iter()
        .find(|(short, _)| *short == base)
        .map_or_else(|| callback.unwrap_or(base), |(_, name)| name);
    let space = if stars.is_empty() { "" } else { " " };
    format!("{constant}{base}{space}{stars}")
}

fn parameters(args: impl Iterator<Item = (String, String)>) -> String {
    let args: Vec<String> = args.map(|(name, kind)| parameter(&name, &kind)).collect();
    if args.is_empty() { "void".to_owned() } else { args.join(", ") }
}

fn parameter(name: &str, kind: &str) -> String {
    let name = match name {
        "this" | "self" => "self_",
        "" => "arg",
        name => name,
    };
    if let Some(signature) = kind.strip_prefix("fn(") {
        let (args, returns) = signature.rsplit_once(')').unwrap_or((signature, ""));
        let returns = returns.trim().strip_prefix("-> ").unwrap_or("void");
        let args = args.split(", ").filter(|arg| !arg.is_empty()).map(|arg| match arg.split_once(": ") {
            Some((_, kind)) => c_type(kind),
            None => c_type(arg),
        });
        let args: Vec<String> = args.collect();
        let args = if args.is_empty() { "void".to_owned() } else { args.join(", ") };
        return format!("{} (*{name})({args})", c_type(returns));
    }
    let kind = c_type(kind);
    let space = if kind.ends_with('*') { "" } else { " " };
    format!("{kind}{space}{name}")
}

fn function(symbol: &Symbol, out: &mut String) {
    let doc: Vec<&str> = symbol.doc.iter().map(|line| line.trim()).collect();
    let _ = writeln!(out);
    comment(&doc.join(" "), out);
    let args = parameters((symbol.args)().into_iter().map(|(name, kind)| (name.to_owned(), kind)));
    let returns = c_type(symbol.returns);
    let space = if returns.ends_with('*') { "" } else { " " };
    let _ = writeln!(out, "{returns}{space}{}({args});", symbol.name);
}

fn comment(doc: &str, out: &mut String) {
    let mut line = "/*".to_owned();
    for word in doc.split_whitespace() {
        if line.len() + 1 + word.len() > WIDTH {
            let _ = writeln!(out, "{line}");
            line = "  ".to_owned();
        }
        line.push(' ');
        line.push_str(word);
    }
    let _ = writeln!(out, "{line} */");
}
