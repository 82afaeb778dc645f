//! Constants, grouped as enums, with their documentation.
//!
//! Godot's own way to declare constants knows no groups, so they are registered by hand. Settings come from the table of
//! settings; the others are here.

use super::class::{NetworkingSockets, NetworkingSocketsContext};
use super::raw;
use gamesockets::config::{ConfigKey, GODOT_PREFIX};
use godot::builtin::StringName;
use godot::obj::GodotClass;
use godot::private::{__GODOT_DOCS_REGISTRY, DocsItem, DocsShard, InherentImplDocs};
use godot::sys;

/// An enum and its constants: name, value, what it means.
type Group = (&'static str, &'static [(&'static str, i64, &'static str)]);

/// The enum of settings.
const SETTINGS: &str = "NetworkingConfigValue";

const GROUPS: &[Group] = &[
    (
        "NetworkingConfigValue",
        &[
            ("NETWORKING_CONFIG_INVALID", 0, "No setting."),
            (
                "NETWORKING_CONFIG_DELETED_ENUMERATE_DEV_VARS",
                35,
                "Retired; there is no such setting any more.",
            ),
            (
                "NETWORKING_CONFIG_VALUE_FORCE32BIT",
                0x7fff_ffff,
                "No value; makes the type 32 bits wide in C.",
            ),
        ],
    ),
    (
        "NetworkingGetConfigValueResult",
        &[
            ("NETWORKING_GET_CONFIG_VALUE_BAD_VALUE", -1, "There is no such setting."),
            (
                "NETWORKING_GET_CONFIG_VALUE_BAD_SCOPE_OBJ",
                -2,
                "There is no such object, or the setting does not belong to its kind.",
            ),
            (
                "NETWORKING_GET_CONFIG_VALUE_BUFFER_TOO_SMALL",
                -3,
                "The value does not fit; never returned here.",
            ),
            ("NETWORKING_GET_CONFIG_VALUE_OK", 1, "The value was set for this object."),
            ("NETWORKING_GET_CONFIG_VALUE_OK_INHERITED", 2, "The value comes from a wider scope."),
            (
                "NETWORKING_GET_CONFIG_VALUE_FORCE_32BIT",
                0x7fff_ffff,
                "No value; makes the type 32 bits wide in C.",
            ),
        ],
    ),
    (
        "NetworkingConnectionState",
        &[
            ("CONNECTION_STATE_NONE", 0, "No such connection, or it was just closed."),
            ("CONNECTION_STATE_CONNECTING", 1, "The handshake goes on, or somebody still has to accept."),
            ("CONNECTION_STATE_FINDING_ROUTE", 2, "Accepted, but no way to the peer is known yet."),
            ("CONNECTION_STATE_CONNECTED", 3, "Messages flow."),
            (
                "CONNECTION_STATE_CLOSED_BY_PEER",
                4,
                "The peer closed it. Read what is left, then close the handle.",
            ),
            (
                "CONNECTION_STATE_PROBLEM_DETECTED_LOCALLY",
                5,
                "It timed out or failed here. Read what is left, then close the handle.",
            ),
            ("CONNECTION_STATE_FIN_WAIT", -1, "Inside only; never returned."),
            ("CONNECTION_STATE_LINGER", -2, "Inside only; never returned."),
            ("CONNECTION_STATE_DEAD", -3, "Inside only; never returned."),
            ("CONNECTION_STATE_FORCE32BIT", 0x7fff_ffff, "No value; makes the type 32 bits wide in C."),
            ("CONNECTION_STATE_FORCE_32BIT", 0x7fff_ffff, "No value; makes the type 32 bits wide in C."),
        ],
    ),
    (
        "NetworkingConnectionEnd",
        &[
            ("CONNECTION_END_INVALID", 0, "It has not ended."),
            (
                "CONNECTION_END_APP_MIN",
                1000,
                "The game closed it in the ordinary way; the first number of the game's own, and the default.",
            ),
            (
                "CONNECTION_END_MAX",
                1999,
                "The last number for ordinary ends; also stands for a reason that is none.",
            ),
            (
                "CONNECTION_END_APP_MAX",
                1999,
                "The last number for ordinary ends; also stands for a reason that is none.",
            ),
            (
                "CONNECTION_END_APP_EXCEPTION_MIN",
                2000,
                "The game closed it for something unusual; the first such number.",
            ),
            ("CONNECTION_END_APP_EXCEPTION_MAX", 2999, "The last number for unusual ends."),
            ("CONNECTION_END_LOCAL_MIN", 3000, "First number of causes on our side."),
            ("CONNECTION_END_LOCAL_OFFLINE_MODE", 3001, "A service would be needed, but we are offline."),
            ("CONNECTION_END_LOCAL_MANY_RELAY_CONNECTIVITY", 3002, "Of several relays none can be reached."),
            (
                "CONNECTION_END_LOCAL_HOSTED_sERVER_PRIMARY_RELAY",
                3003,
                "A hosted server lost the relay that the client used.",
            ),
            (
                "CONNECTION_END_LOCAL_HOSTED_SERVER_PRIMARY_RELAY",
                3003,
                "A hosted server lost the relay that the client used.",
            ),
            ("CONNECTION_END_LOCAL_NETWORK_CONFIG", 3004, "The configuration of relays could not be had."),
            ("CONNECTION_END_LOCAL_RIGHTS", 3005, "We are not allowed to do this."),
            ("CONNECTION_END_LOCAL_MAX", 3999, "Last number of causes on our side."),
            ("CONNECTION_END_REMOVE_MIN", 4000, "First number of causes on the other side."),
            ("CONNECTION_END_REMOTE_MIN", 4000, "First number of causes on the other side."),
            ("CONNECTION_END_REMOTE_TIMEOUT", 4001, "The peer is silent while our own way works."),
            ("CONNECTION_END_REMOTE_BAD_CRYPT", 4002, "The peer's key exchange cannot be used."),
            ("CONNECTION_END_REMOTE_BAD_CERT", 4003, "The peer's certificate is not acceptable."),
            ("CONNECTION_END_REMOTE_NOT_LOGGED_IN", 4004, "Retired; never produced."),
            ("CONNECTION_END_REMOTE_NOT_RUNNING_APP", 4005, "Retired; never produced."),
            ("CONNECTION_END_BAD_PROTOCOL_VERSION", 4006, "The peer's protocol is too old or too new."),
            (
                "CONNECTION_END_REMOTE_BAD_PROTOCOL_VERSION",
                4006,
                "The peer's protocol is too old or too new.",
            ),
            ("CONNECTION_END_REMOTE_MAX", 4999, "Last number of causes on the other side."),
            ("CONNECTION_END_MISC_MIN", 5000, "First number of other causes."),
            ("CONNECTION_END_MISC_GENERIC", 5001, "The debug text says what."),
            (
                "CONNECTION_END_MISC_INTERNAL_ERROR",
                5002,
                "Somebody broke the protocol, as with a message that is too large.",
            ),
            (
                "CONNECTION_END_MISC_TIMEOUT",
                5003,
                "Silence, whosever fault; also a connection that nobody accepted in time.",
            ),
            ("CONNECTION_END_MISC_RELAY_CONNECTIVITY", 5004, "Retired; never produced."),
            ("CONNECTION_END_MISC_STEAM_CONNECTIVITY", 5005, "The service behind us cannot be reached."),
            (
                "CONNECTION_END_MISC_NO_RELAY_SESSIONS_TO_CLIENT",
                5006,
                "A hosted server has no relay left to the client.",
            ),
            ("CONNECTION_END_MISC_MAX", 5999, "Last number of other causes."),
            ("CONNECTION_END_APP_GENERIC", 1000, "The game closed it in the ordinary way."),
            ("CONNECTION_END_APP_EXCEPTION_GENERIC", 2000, "The game closed it for something unusual."),
            (
                "CONNECTION_END_NO_PUBLIC_ADDRESS",
                3006,
                "We found no public address of our own to meet the peer at.",
            ),
            (
                "CONNECTION_END_LOCAL_P2P_ICE_NO_PUBLIC_ADDRESSES",
                3006,
                "We found no public address of our own to meet the peer at.",
            ),
            (
                "CONNECTION_END_REMOTE_P2P_ICE_NO_PUBLIC_ADDRESSES",
                4007,
                "The peer told no public address to meet it at.",
            ),
            ("CONNECTION_END_MISC_P2P_RENDEZVOUS", 5008, "The peer was not found by its identity."),
            ("CONNECTION_END_MISC_P2P_NAT_FIREWALL", 5009, "No way through the routers between us."),
            ("CONNECTION_END_MISC_PEER_SENT_NO_CONNECTION", 5010, "The peer knows of no such connection."),
            ("CONNECTION_END_FORCE32BIT", 0x7fff_ffff, "No value; makes the type 32 bits wide in C."),
        ],
    ),
    (
        "NetworkingIdentityType",
        &[
            ("IDENTITY_TYPE_INVALID", 0, "No identity."),
            ("IDENTITY_TYPE_STEAMID", 16, "A Steam account number."),
            ("IDENTITY_TYPE_IP_ADDRESS", 1, "An address and port; never authenticated."),
            ("IDENTITY_TYPE_GENERIC_STRING", 2, "Text of up to 31 bytes."),
            ("IDENTITY_TYPE_GENERIC_BYTES", 3, "1 to 32 bytes."),
            ("IDENTITY_TYPE_UNKNOWN_TYPE", 4, "Of a type that this version does not know, kept as it is."),
            ("IDENTITY_TYPE_XBOX_PAIRWISE", 17, "An Xbox pairwise id."),
            ("IDENTITY_TYPE_SONY_PSN", 18, "An account of the PlayStation Network."),
            ("IDENTITY_TYPE_GOOGLE_STADIA", 19, "A number of a retired type."),
            ("IDENTITY_TYPE_FORCE_32BIT", 0x7fff_ffff, "No value; makes the type 32 bits wide in C."),
        ],
    ),
    (
        "NetworkingSocketsDebugOutputType",
        &[
            ("NETWORKING_SOCKET_DEBUG_OUTPUT_TYPE_NONE", 0, "Nothing."),
            ("NETWORKING_SOCKET_DEBUG_OUTPUT_TYPE_BUG", 1, "Misuse, or a fault inside."),
            ("NETWORKING_SOCKET_DEBUG_OUTPUT_TYPE_ERROR", 2, "Something failed."),
            ("NETWORKING_SOCKET_DEBUG_OUTPUT_TYPE_IMPORTANT", 3, "Worth knowing, and rare."),
            ("NETWORKING_SOCKET_DEBUG_OUTPUT_TYPE_WARNING", 4, "Looks wrong."),
            ("NETWORKING_SOCKET_DEBUG_OUTPUT_TYPE_MSG", 5, "What people want to see while they develop."),
            ("NETWORKING_SOCKET_DEBUG_OUTPUT_TYPE_VERBOSE", 6, "More of that."),
            ("NETWORKING_SOCKET_DEBUG_OUTPUT_TYPE_DEBUG", 7, "For those who work on the library."),
            ("NETWORKING_SOCKET_DEBUG_OUTPUT_TYPE_EVERYTHING", 8, "Down to the content of packets."),
            (
                "NETWORKING_SOCKET_DEBUG_OUTPUT_TYPE_FORCE_32BIT",
                0x7fff_ffff,
                "No value; makes the type 32 bits wide in C.",
            ),
        ],
    ),
    (
        "NetworkingAvailability",
        &[
            ("NETWORKING_AVAILABILITY_CANNOT_TRY", -102, "Something that is needed is missing."),
            ("NETWORKING_AVAILABILITY_FAILED", -101, "Tried, and never worked."),
            ("NETWORKING_AVAILABILITY_PREVIOUSLY", -100, "Worked before, but not now."),
            ("NETWORKING_AVAILABILITY_RETRYING", -10, "Failed, and is tried again."),
            ("NETWORKING_AVAILABILITY_UNKNOWN", 0, "Not known."),
            ("NETWORKING_AVAILABILITY_NEVER_TRIED", 1, "Nobody asked for it yet."),
            ("NETWORKING_AVAILABILITY_WAITING", 2, "Waits for something else."),
            ("NETWORKING_AVAILABILITY_ATTEMPTING", 3, "Is tried for the first time."),
            ("NETWORKING_AVAILABILITY_CURRENT", 100, "Ready."),
            (
                "NETWORKING_AVAILABILITY_FORCE_32BIT",
                0x7fff_ffff,
                "No value; makes the type 32 bits wide in C.",
            ),
        ],
    ),
    (
        "NetworkingConfigScope",
        &[
            ("NETWORKING_CONFIG_SCOPE_GLOBAL", 1, "The whole instance."),
            ("NETWORKING_CONFIG_SCOPE_SOCKETS_INTERFACE", 2, "The interface; here the same as the instance."),
            (
                "NETWORKING_CONFIG_SCOPE_LISTEN_SOCKET",
                3,
                "A listen socket and the connections that come in there.",
            ),
            ("NETWORKING_CONFIG_SCOPE_CONNECTION", 4, "One connection."),
            (
                "NETWORKING_CONFIG_SCOPE_FORCE_32BIT",
                0x7fff_ffff,
                "No value; makes the type 32 bits wide in C.",
            ),
        ],
    ),
    (
        "NetworkingConfigDataType",
        &[
            ("NETWORKING_CONFIG_TYPE_INT32", 1, "A whole number of 32 bits."),
            ("NETWORKING_CONFIG_TYPE_INT64", 2, "A whole number of 64 bits."),
            ("NETWORKING_CONFIG_TYPE_FLOAT", 3, "A float."),
            ("NETWORKING_CONFIG_TYPE_STRING", 4, "Text."),
            ("NETWORKING_CONFIG_TYPE_FUNCTION_PTR", 5, "A Callable."),
            (
                "NETWORKING_CONFIG_TYPE_FORCE_32BIT",
                0x7fff_ffff,
                "No value; makes the type 32 bits wide in C.",
            ),
        ],
    ),
    (
        "NetworkingFakeIPType",
        &[
            ("FAKE_IP_TYPE_INVALID", 0, "No address."),
            ("FAKE_IP_TYPE_NOT_FAKE", 1, "A real address."),
            ("FAKE_IP_TYPE_GLOBAL_IPV4", 2, "A fake address that means the same everywhere."),
            ("FAKE_IP_TYPE_LOCAL_IPV4", 3, "A fake address that means something in this process alone."),
            ("FAKE_IP_TYPE_FORCE32BIT", 0x7fff_ffff, "No value; makes the type 32 bits wide in C."),
        ],
    ),
    (
        "NetworkingSendFlags",
        &[
            ("NETWORKING_SEND_UNRELIABLE", 0, "May get lost, arrive twice or out of order."),
            ("NETWORKING_SEND_NO_NAGLE", 1, "Do not wait for other messages to share a packet with."),
            ("NETWORKING_SEND_NO_DELAY", 4, "Drop the message rather than let it wait."),
            ("NETWORKING_SEND_RELIABLE", 8, "Arrives once and in order, or the connection ends."),
            ("NETWORKING_SEND_UNRELIABLE_NO_NAGLE", 1, "Unreliable, at once."),
            ("NETWORKING_SEND_UNRELIABLE_NO_DELAY", 5, "Unreliable, at once or not at all."),
            ("NETWORKING_SEND_RELIABLE_NO_NAGLE", 9, "Reliable, at once."),
            (
                "NETWORKING_SEND_USE_CURRENT_THREAD",
                16,
                "Do the work before the call returns; kept but without effect.",
            ),
            (
                "NETWORKING_SEND_AUTO_RESTART_BROKEN_SESSION",
                32,
                "For another interface; without effect here.",
            ),
        ],
    ),
    ("", &[("k_SteamDatagramPOPID_dev", 0x0064_6576, "The data centre of a developer's machine.")]),
];

/// All constants: enum, name, value, what it means.
fn all() -> impl Iterator<Item = (&'static str, String, i64, &'static str)> {
    let groups = GROUPS.iter().flat_map(|(group, constants)| {
        constants.iter().map(|(name, value, meaning)| (*group, (*name).to_owned(), *value, *meaning))
    });
    let settings = ConfigKey::ALL.iter().flat_map(|key| {
        let info = key.info();
        let names = std::iter::once(&info.godot_name).chain(info.aliases);
        let value = i64::from(key.number());
        names.map(move |name| (SETTINGS, format!("{GODOT_PREFIX}{name}"), value, info.doc))
    });
    groups.chain(settings)
}

/// Gives a class all constants.
pub(crate) fn register<C: GodotClass>() {
    let class = C::class_id().to_string_name();
    for (group, name, value, _) in all() {
        raw::register_constant(&class, &StringName::from(group), &StringName::from(&name), value);
    }
}

/// The constants as a part of the editor's documentation.
fn documentation() -> InherentImplDocs {
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let one = |(group, name, value, meaning): (&str, String, i64, &str)| {
        let group = if group.is_empty() { String::new() } else { format!(" enum=\"{group}\"") };
        format!("<constant name=\"{name}\" value=\"{value}\"{group}>{}</constant>", escaped(meaning))
    };
    let text: String = all().map(one).collect();
    // Made once for each class, and kept for as long as the extension is loaded.
    InherentImplDocs { constants_xml: Box::leak(text.into_boxed_str()), ..InherentImplDocs::default() }
}

sys::shard_add!(__GODOT_DOCS_REGISTRY; DocsShard::new::<NetworkingSockets>(DocsItem::InherentImpl(documentation())));
sys::shard_add!(__GODOT_DOCS_REGISTRY; DocsShard::new::<NetworkingSocketsContext>(DocsItem::InherentImpl(documentation())));

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique_and_explained() {
        let mut names = BTreeSet::new();
        for (group, name, _, meaning) in all() {
            assert!(meaning.len() > 4, "{group} {name}");
            assert!(names.insert(name.clone()), "{name}");
        }
    }
}
