//! Between the structs of C and the values of Rust.

use crate::abi::structs::{ConnInfo, IPAddr, Identity};
use crate::ffi::ptr::{read, zeroed};
use gamesockets::addr::{AddrText, canonical_ip, to_mapped};
use gamesockets::{ConnectionInfo, Identity as Who, IdentityKind};
use std::ffi::c_char;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// Longest text of each kind, with its end: sizes of the fields.
pub(crate) const STRING_ROOM: usize = 32;
pub(crate) const XBOX_ROOM: usize = 33;
pub(crate) const RAW_ROOM: usize = 128;
const ADDR_BYTES: usize = size_of::<IPAddr>();
const NUMBER_BYTES: usize = size_of::<u64>();

impl IPAddr {
    /// The same address for C.
    pub(crate) const fn of(addr: SocketAddr) -> Self {
        Self { ipv6: to_mapped(addr.ip()).octets(), port: addr.port() }
    }

    /// All 128 bits.
    pub(crate) fn ip(self) -> Ipv6Addr {
        Ipv6Addr::from(self.ipv6)
    }

    /// The same address for Rust, IPv4 as IPv4.
    pub(crate) fn socket_addr(self) -> SocketAddr {
        SocketAddr::new(canonical_ip(IpAddr::V6(self.ip())), self.port)
    }

    /// As people write it.
    pub(crate) fn text(self, with_port: bool) -> String {
        AddrText { ip: IpAddr::V6(self.ip()), port: with_port.then_some(self.port) }.to_string()
    }

    fn bytes(self) -> [u8; ADDR_BYTES] {
        let mut bytes = [0; ADDR_BYTES];
        let (ip, port) = bytes.split_at_mut(16);
        ip.copy_from_slice(&self.ipv6);
        port.copy_from_slice(&{ self.port }.to_ne_bytes());
        bytes
    }
}

impl Identity {
    /// An identity of a kind, with the bytes that count; what does not fit is left out.
    pub(crate) fn new(kind: IdentityKind, data: &[u8], size: usize) -> Self {
        let mut identity: Self = zeroed();
        identity.kind = kind as i32;
        identity.size = i32::try_from(size).unwrap_or(0);
        if let Some(room) = identity.data.get_mut(..data.len()) {
            room.copy_from_slice(data);
        }
        identity
    }

    /// Nobody.
    pub(crate) fn invalid() -> Self {
        Self::new(IdentityKind::Invalid, &[], 0)
    }

    /// Text with its end.
    pub(crate) fn text(kind: IdentityKind, text: &str) -> Self {
        Self::new(kind, text.as_bytes(), text.len() + 1)
    }

    /// A number.
    pub(crate) fn number(kind: IdentityKind, number: u64) -> Self {
        Self::new(kind, &number.to_ne_bytes(), NUMBER_BYTES)
    }

    /// An address.
    pub(crate) fn addr(addr: IPAddr) -> Self {
        Self::new(IdentityKind::IpAddress, &addr.bytes(), ADDR_BYTES)
    }

    /// The same identity for C.
    pub(crate) fn of(who: &Who) -> Self {
        match who {
            Who::Invalid => Self::invalid(),
            Who::Ip(ip) => Self::addr(IPAddr { ipv6: ip.addr.octets(), port: ip.port }),
            Who::String(text) => Self::text(IdentityKind::GenericString, text),
            Who::Bytes(bytes) => Self::new(IdentityKind::GenericBytes, bytes, bytes.len()),
            Who::Unknown(text) => Self::text(IdentityKind::Unknown, text),
            Who::SteamId(number) => Self::number(IdentityKind::SteamId, *number),
            Who::XboxPairwise(text) => Self::text(IdentityKind::XboxPairwise, text),
            Who::SonyPsn(number) => Self::number(IdentityKind::SonyPsn, *number),
        }
    }

    /// Whether it is of that kind.
    pub(crate) fn is(&self, kind: IdentityKind) -> bool {
        let own = self.kind;
        own == kind as i32
    }

    /// The text up to its end, within the room of its kind.
    pub(crate) fn text_in(&self, room: usize) -> Option<&str> {
        let bytes = self.data.get(..room)?;
        let end = bytes.iter().position(|b| *b == 0)?;
        std::str::from_utf8(bytes.get(..end)?).ok()
    }

    /// The number.
    pub(crate) fn as_number(&self) -> u64 {
        read(&self.data, 0).unwrap_or(0)
    }

    /// The address.
    pub(crate) fn as_addr(&self) -> IPAddr {
        read(&self.data, 0).unwrap_or_default()
    }

    /// The bytes that count, none if their number makes no sense.
    pub(crate) fn counted(&self) -> &[u8] {
        let size = usize::try_from(self.size).unwrap_or(0);
        self.data.get(..size).unwrap_or_default()
    }

    /// The same identity for Rust; invalid if it is none.
    pub(crate) fn who(&self) -> Who {
        let kind = self.kind;
        let is = |k: IdentityKind| kind == k as i32;
        let who = if is(IdentityKind::IpAddress) {
            let addr = self.as_addr();
            Some(Who::from_ip(SocketAddr::new(IpAddr::V6(addr.ip()), addr.port)))
        } else if is(IdentityKind::GenericString) {
            self.text_in(STRING_ROOM).and_then(|t| Who::string(t).ok())
        } else if is(IdentityKind::GenericBytes) {
            Who::bytes(self.counted()).ok()
        } else if is(IdentityKind::Unknown) {
            self.text_in(RAW_ROOM).and_then(|t| t.parse().ok())
        } else if is(IdentityKind::SteamId) {
            Who::steam_id(self.as_number()).ok()
        } else if is(IdentityKind::XboxPairwise) {
            self.text_in(XBOX_ROOM).and_then(|t| Who::xbox_pairwise(t).ok())
        } else if is(IdentityKind::SonyPsn) {
            Some(Who::SonyPsn(self.as_number()))
        } else {
            None
        };
        who.unwrap_or_default()
    }
}

/// Text in a field of a struct, cut at a character, terminated.
pub(crate) fn field<const N: usize>(text: &str) -> [c_char; N] {
    let mut end = text.len().min(N.saturating_sub(1));
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let mut field = [0; N];
    for (to, from) in field.iter_mut().zip(text.bytes().take(end)) {
        *to = from as c_char;
    }
    field
}

/// The facts about a connection for C.
pub(crate) fn info(facts: &ConnectionInfo) -> ConnInfo {
    let mut info: ConnInfo = zeroed();
    info.identity_remote = Identity::of(&facts.identity);
    info.user_data = facts.user_data;
    info.listen_socket = facts.listener.map_or(0, gamesockets::ListenerHandle::to_raw);
    info.addr_remote = facts.remote.map_or_else(IPAddr::default, IPAddr::of);
    info.state = facts.state as i32;
    info.end_reason = facts.end_reason.0 as i32;
    info.end_debug = field(&facts.end_debug);
    info.description = field(&facts.description);
    info.flags = facts.flags as i32;
    info
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_of_every_kind_survive_the_way_there_and_back() {
        for text in [
            "ip:192.0.2.7:27015",
            "ip:::1",
            "str:",
            "str:Locke",
            "gen:00ff10",
            "stadia:5",
            "steamid:76561197960287930",
            "xboxpwid:8fg37rfsdf",
            "psn:17",
        ] {
            let who: Who = text.parse().unwrap();
            let there = Identity::of(&who);
            assert_eq!(there.who(), who, "{text}");
            assert_eq!(there.who().to_string(), text);
        }
        assert_eq!(Identity::of(&Who::Invalid).who(), Who::Invalid);
    }

    #[test]
    fn nonsense_is_nobody() {
        let mut identity = Identity::text(IdentityKind::GenericString, "x");
        identity.data = [b'x'; 128];
        assert!(identity.who().is_invalid(), "text without end");
        let mut identity = Identity::new(IdentityKind::GenericBytes, &[1], 1);
        for size in [-1, 0, 33, i32::MAX] {
            identity.size = size;
            assert!(identity.who().is_invalid(), "{size}");
        }
        identity.kind = 99;
        assert!(identity.who().is_invalid());
        assert!(Identity::number(IdentityKind::SteamId, 5).who().is_invalid());
    }

    #[test]
    fn fields_are_cut_at_characters() {
        assert_eq!(field::<4>("ab\u{e4}"), [b'a' as c_char, b'b' as c_char, 0, 0]);
        assert_eq!(field::<2>("ab"), [b'a' as c_char, 0]);
        assert_eq!(field::<1>("ab"), [0]);
    }
}
