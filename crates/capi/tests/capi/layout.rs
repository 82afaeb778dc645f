//! Structs and numbers beside the published tables.

use crate::tables::{number, row, rows};
use GameNetworkingSockets::abi::numbers;
use GameNetworkingSockets::abi::structs::{self as s, Layout};
use gamesockets::config::{ConfigKey, DataType, ScopeKind};
use gamesockets::{Availability, ConnectionState, DebugLevel, IdentityKind};
use std::collections::BTreeSet;

fn check<T: Layout>(name: &str) -> &'static str {
    let row = row("structs", name);
    assert_eq!((number(&row["size"]), number(&row["align"])), (T::SIZE, T::ALIGN), "{name}");
    let published: BTreeSet<usize> =
        row["fields"].as_array().unwrap().iter().map(|field| number(&field["offset"])).collect();
    let ours: BTreeSet<usize> = T::FIELDS.iter().map(|(_, offset)| *offset).collect();
    assert_eq!(ours, published, "{name}: offsets of fields");
    row["name"].as_str().unwrap()
}

#[test]
fn every_struct_lies_as_published() {
    let mut checked: BTreeSet<&str> = [
        check::<s::IPAddr>("SteamNetworkingIPAddr"),
        check::<s::Identity>("SteamNetworkingIdentity"),
        check::<s::ConnInfo>("SteamNetConnectionInfo_t"),
        check::<s::RealTimeStatus>("SteamNetConnectionRealTimeStatus_t"),
        check::<s::LaneStatus>("SteamNetConnectionRealTimeLaneStatus_t"),
        check::<s::Message>("SteamNetworkingMessage_t"),
        check::<s::PingLocation>("SteamNetworkPingLocation_t"),
        check::<s::ConfigValue>("SteamNetworkingConfigValue_t"),
        check::<s::StatusChanged>("SteamNetConnectionStatusChangedCallback_t"),
        check::<s::AuthStatus>("SteamNetAuthenticationStatus_t"),
        check::<s::FakeIPResult>("SteamNetworkingFakeIPResult_t"),
        check::<s::RelayStatus>("SteamRelayNetworkStatus_t"),
        check::<s::SessionRequest>("SteamNetworkingMessagesSessionRequest_t"),
        check::<s::SessionFailed>("SteamNetworkingMessagesSessionFailed_t"),
        check::<s::HostedAddress>("SteamDatagramHostedAddress"),
        check::<s::Ticket>("SteamDatagramRelayAuthTicket"),
        check::<s::TicketField>("SteamDatagramRelayAuthTicket::ExtraField"),
        check::<s::ServerLogin>("SteamDatagramGameCoordinatorServerLogin"),
    ]
    .into();
    // Parts of structs that only C++ names.
    checked.extend(["SteamNetworkingIPAddr::IPv4MappedAddress", "CSteamID"]);
    let published: BTreeSet<&str> = rows("structs").iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(checked, published);
}

fn value(name: &str) -> Option<i64> {
    let values = rows("enums").iter().flat_map(|row| row["values"].as_array().unwrap());
    values.into_iter().find(|value| value["name"] == name).map(|value| value["value"].as_i64().unwrap())
}

#[test]
fn numbers_are_the_published_ones() {
    for (name, number) in numbers::ALL {
        assert_eq!(value(name), Some(i64::from(*number)), "{name}");
    }
    for key in ConfigKey::ALL {
        let name = format!("k_ESteamNetworkingConfig_{key}");
        assert_eq!(value(&name), Some(i64::from(key.number())), "{name}");
    }
    let one_by_one: &[(&str, &str, i32)] = &[
        ("ESteamNetworkingAvailability", "CannotTry", Availability::CannotTry as i32),
        ("ESteamNetworkingAvailability", "Failed", Availability::Failed as i32),
        ("ESteamNetworkingAvailability", "Previously", Availability::Previously as i32),
        ("ESteamNetworkingAvailability", "Retrying", Availability::Retrying as i32),
        ("ESteamNetworkingAvailability", "NeverTried", Availability::NeverTried as i32),
        ("ESteamNetworkingAvailability", "Waiting", Availability::Waiting as i32),
        ("ESteamNetworkingAvailability", "Attempting", Availability::Attempting as i32),
        ("ESteamNetworkingAvailability", "Current", Availability::Current as i32),
        ("ESteamNetworkingAvailability", "Unknown", Availability::Unknown as i32),
        ("ESteamNetworkingConnectionState", "None", ConnectionState::None as i32),
        ("ESteamNetworkingConnectionState", "Connecting", ConnectionState::Connecting as i32),
        ("ESteamNetworkingConnectionState", "FindingRoute", ConnectionState::FindingRoute as i32),
        ("ESteamNetworkingConnectionState", "Connected", ConnectionState::Connected as i32),
        ("ESteamNetworkingConnectionState", "ClosedByPeer", ConnectionState::ClosedByPeer as i32),
        (
            "ESteamNetworkingConnectionState",
            "ProblemDetectedLocally",
            ConnectionState::ProblemDetectedLocally as i32,
        ),
        ("ESteamNetworkingIdentityType", "Invalid", IdentityKind::Invalid as i32),
        ("ESteamNetworkingIdentityType", "SteamID", IdentityKind::SteamId as i32),
        ("ESteamNetworkingIdentityType", "XboxPairwiseID", IdentityKind::XboxPairwise as i32),
        ("ESteamNetworkingIdentityType", "SonyPSN", IdentityKind::SonyPsn as i32),
        ("ESteamNetworkingIdentityType", "IPAddress", IdentityKind::IpAddress as i32),
        ("ESteamNetworkingIdentityType", "GenericString", IdentityKind::GenericString as i32),
        ("ESteamNetworkingIdentityType", "GenericBytes", IdentityKind::GenericBytes as i32),
        ("ESteamNetworkingIdentityType", "UnknownType", IdentityKind::Unknown as i32),
        ("ESteamNetworkingSocketsDebugOutputType", "Bug", DebugLevel::Bug as i32),
        ("ESteamNetworkingSocketsDebugOutputType", "Everything", DebugLevel::Everything as i32),
    ];
    for (family, name, number) in one_by_one {
        assert_eq!(value(&format!("k_{family}_{name}")), Some(i64::from(*number)), "{name}");
    }
    for (name, number) in [
        ("Int32", DataType::Int32.number()),
        ("Int64", DataType::Int64.number()),
        ("Float", DataType::Float.number()),
        ("String", DataType::String.number()),
        ("Ptr", DataType::Ptr.number()),
        ("Global", ScopeKind::Global.number()),
        ("SocketsInterface", ScopeKind::SocketsInterface.number()),
        ("ListenSocket", ScopeKind::ListenSocket.number()),
        ("Connection", ScopeKind::Connection.number()),
    ] {
        assert_eq!(value(&format!("k_ESteamNetworkingConfig_{name}")), Some(i64::from(number)), "{name}");
    }
}
