//! Who a peer is (protocol.md §2.3): text forms, binary forms and comparison.
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::arithmetic_side_effects))]

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::net::{IpAddr, Ipv6Addr, SocketAddr};
use core::ops::Deref;
use core::str::FromStr;

use crate::addr::{self, AddrText};
use crate::msg::IdentityLegacyBinary;

/// Longest payload of a `str:` identity in bytes.
pub const MAX_STRING_LEN: usize = 31;
/// Longest payload of a `gen:` identity in bytes.
pub const MAX_BYTES_LEN: usize = 32;
/// Longest payload of an `xboxpwid:` identity in bytes.
pub const MAX_XBOX_LEN: usize = 32;
/// Longest prefix of an identity of a kind that is not known here, without the colon.
pub const MAX_UNKNOWN_PREFIX: usize = 16;
/// Longest identity text in bytes, of any kind.
pub const MAX_TEXT_LEN: usize = 127;

/// An identity. Cheap to clone: at most 24 bytes and a shared allocation.
///
/// Two identities are the same exactly if their printed forms are. The payloads of the text kinds can
/// only be built through the checked constructors, so printing always gives a text that parses back,
/// except for [`Identity::Invalid`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Identity {
    /// No identity. Prints as `invalid`, which does not parse.
    #[default]
    Invalid,
    /// `ip:…`: the peer is whoever sits at this address.
    Ip(IpIdentity),
    /// `str:…`: any text of the application.
    String(Text),
    /// `gen:…`: any bytes of the application, printed in hexadecimal.
    Bytes(Bytes),
    /// A kind this version does not know, kept as it came, prefix included.
    Unknown(Text),
    /// `steamid:…`: a Steam account number.
    SteamId(u64),
    /// `xboxpwid:…`: an Xbox pairwise id.
    XboxPairwise(Text),
    /// `psn:…`: a Sony account number.
    SonyPsn(u64),
}

/// The kinds of identities with their numbers in the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i32)]
pub enum IdentityKind {
    /// No identity.
    Invalid = 0,
    /// An IP address and port.
    IpAddress = 1,
    /// Text of the application.
    GenericString = 2,
    /// Bytes of the application.
    GenericBytes = 3,
    /// A kind this version does not know.
    Unknown = 4,
    /// A Steam account.
    SteamId = 16,
    /// An Xbox pairwise id.
    XboxPairwise = 17,
    /// A Sony account.
    SonyPsn = 18,
}

/// Payload of an IP identity.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IpIdentity {
    /// The address in 128-bit form; IPv4 is `::ffff:a.b.c.d`.
    pub addr: Ipv6Addr,
    /// The port; 0 means none and is not printed.
    pub port: u16,
}

/// Bounded text inside an identity; no NUL byte.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(Arc<str>);

/// Bounded bytes inside an identity; never empty.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(Arc<[u8]>);

/// Why a text or a message does not give an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// There is no text or no payload.
    #[error("the identity is empty")]
    Empty,
    /// The text does not start with 1 to 16 characters of `a-z 0-9 _` and a colon.
    #[error("the identity does not start with a lower-case kind and a colon, as in str:name")]
    BadPrefix,
    /// The payload is longer than its kind allows.
    #[error("the identity is longer than its kind allows")]
    TooLong,
    /// The text contains a NUL byte.
    #[error("the identity contains a NUL byte")]
    Nul,
    /// The address of an `ip:` identity does not parse.
    #[error("the address of the identity does not parse")]
    BadAddress,
    /// A numeric identity is not a decimal 64-bit number.
    #[error("the identity is not a decimal 64-bit number")]
    BadNumber,
    /// A `gen:` identity is not an even number of hexadecimal digits.
    #[error("the identity is not an even number of hexadecimal digits")]
    BadHex,
    /// The number is not the number of a Steam account.
    #[error("the number is not that of a Steam account")]
    BadSteamId,
    /// The binary form has none of the known fields.
    #[error("the binary identity holds no known kind")]
    UnknownBinary,
}

impl Text {
    fn new(text: &str, max: usize) -> Result<Self, IdentityError> {
        if text.len() > max {
            return Err(IdentityError::TooLong);
        }
        if text.as_bytes().contains(&0) {
            return Err(IdentityError::Nul);
        }
        Ok(Self(text.into()))
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Bytes {
    /// Lower-case hexadecimal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl IpIdentity {
    /// The endpoint in canonical form.
    pub const fn socket_addr(self) -> SocketAddr {
        SocketAddr::new(addr::canonical_ip(IpAddr::V6(self.addr)), self.port)
    }
}

impl Identity {
    /// The identity of a program that sets none: `ip:::1`.
    pub const fn localhost() -> Self {
        Self::Ip(IpIdentity { addr: Ipv6Addr::LOCALHOST, port: 0 })
    }

    /// An IP identity; the port 0 means none.
    pub const fn from_ip(addr: SocketAddr) -> Self {
        Self::Ip(IpIdentity { addr: addr::to_mapped(addr.ip()), port: addr.port() })
    }

    /// A `str:` identity of 0 to 31 bytes without NUL.
    ///
    /// # Errors
    /// [`IdentityError::TooLong`] or [`IdentityError::Nul`].
    pub fn string(text: &str) -> Result<Self, IdentityError> {
        Text::new(text, MAX_STRING_LEN).map(Self::String)
    }

    /// A `gen:` identity of 1 to 32 bytes.
    ///
    /// # Errors
    /// [`IdentityError::Empty`] or [`IdentityError::TooLong`].
    pub fn bytes(bytes: &[u8]) -> Result<Self, IdentityError> {
        match bytes.len() {
            0 => Err(IdentityError::Empty),
            1..=MAX_BYTES_LEN => Ok(Self::Bytes(Bytes(bytes.into()))),
            _ => Err(IdentityError::TooLong),
        }
    }

    /// An `xboxpwid:` identity of 1 to 32 bytes without NUL.
    ///
    /// # Errors
    /// [`IdentityError::Empty`], [`IdentityError::TooLong`] or [`IdentityError::Nul`].
    pub fn xbox_pairwise(text: &str) -> Result<Self, IdentityError> {
        if text.is_empty() {
            return Err(IdentityError::Empty);
        }
        Text::new(text, MAX_XBOX_LEN).map(Self::XboxPairwise)
    }

    /// A `steamid:` identity; the number must be well-formed ([`steam_id_is_well_formed`]).
    ///
    /// # Errors
    /// [`IdentityError::BadSteamId`].
    pub const fn steam_id(number: u64) -> Result<Self, IdentityError> {
        if steam_id_is_well_formed(number) {
            Ok(Self::SteamId(number))
        } else {
            Err(IdentityError::BadSteamId)
        }
    }

    /// Whether this is no identity at all.
    pub const fn is_invalid(&self) -> bool {
        matches!(self, Self::Invalid)
    }

    /// Whether this is the own host: ::1 or 127.0.0.1 with any port.
    pub const fn is_localhost(&self) -> bool {
        const V4: u128 = core::net::Ipv4Addr::LOCALHOST.to_ipv6_mapped().to_bits();
        const V6: u128 = Ipv6Addr::LOCALHOST.to_bits();
        match self {
            Self::Ip(ip) => matches!(ip.addr.to_bits(), V4 | V6),
            _ => false,
        }
    }

    /// The kind.
    pub const fn kind(&self) -> IdentityKind {
        match self {
            Self::Invalid => IdentityKind::Invalid,
            Self::Ip(_) => IdentityKind::IpAddress,
            Self::String(_) => IdentityKind::GenericString,
            Self::Bytes(_) => IdentityKind::GenericBytes,
            Self::Unknown(_) => IdentityKind::Unknown,
            Self::SteamId(_) => IdentityKind::SteamId,
            Self::XboxPairwise(_) => IdentityKind::XboxPairwise,
            Self::SonyPsn(_) => IdentityKind::SonyPsn,
        }
    }

    /// The endpoint of an IP identity.
    pub const fn ip(&self) -> Option<SocketAddr> {
        match self {
            Self::Ip(ip) => Some(ip.socket_addr()),
            _ => None,
        }
    }

    /// The number for the legacy account fields of messages, if this is an account that may stand there
    /// (protocol.md §2.3).
    pub const fn to_legacy_steam_id(&self) -> Option<u64> {
        match self {
            Self::SteamId(number) if steam_id_is_user_or_server(*number) => Some(*number),
            _ => None,
        }
    }

    /// The binary form older peers read (protocol.md §2.1); `None` for kinds that have none.
    pub fn to_legacy_binary(&self) -> Option<IdentityLegacyBinary> {
        let mut msg = IdentityLegacyBinary::default();
        match self {
            Self::Ip(ip) => msg.ipv6_and_port = Some(addr::to_bytes(ip.addr, ip.port).to_vec()),
            Self::String(text) => msg.generic_string = Some((**text).into()),
            Self::Bytes(bytes) => msg.generic_bytes = Some(bytes.to_vec()),
            Self::SteamId(_) => msg.steam_id = Some(self.to_legacy_steam_id()?),
            Self::Invalid | Self::Unknown(_) | Self::XboxPairwise(_) | Self::SonyPsn(_) => return None,
        }
        Some(msg)
    }

    /// Reads the binary form. The first field present decides, in the order account, string, bytes,
    /// address (protocol.md §2.1).
    ///
    /// # Errors
    /// The deciding field is malformed, or no known field is there.
    pub fn from_legacy_binary(msg: &IdentityLegacyBinary) -> Result<Self, IdentityError> {
        if let Some(number) = msg.steam_id {
            return Self::from_legacy_steam_id(number);
        }
        if let Some(text) = &msg.generic_string {
            return Self::string(text);
        }
        if let Some(bytes) = &msg.generic_bytes {
            return Self::bytes(bytes);
        }
        if let Some(bytes) = &msg.ipv6_and_port {
            let bytes = bytes.as_slice().try_into().map_err(|_| IdentityError::BadAddress)?;
            let (addr, port) = addr::from_bytes(bytes);
            return Ok(Self::Ip(IpIdentity { addr, port }));
        }
        Err(IdentityError::UnknownBinary)
    }

    /// Reads the legacy account field of messages and certificates.
    ///
    /// # Errors
    /// [`IdentityError::BadSteamId`] unless it is the account of a user or of a game server.
    pub const fn from_legacy_steam_id(number: u64) -> Result<Self, IdentityError> {
        if steam_id_is_user_or_server(number) {
            Ok(Self::SteamId(number))
        } else {
            Err(IdentityError::BadSteamId)
        }
    }

    /// The identity that a message or certificate names in its three identity fields; `None` if all are
    /// absent. The first one present decides, in the order text, binary form, account (protocol.md §2.3).
    ///
    /// # Errors
    /// The deciding field is malformed.
    pub fn from_fields(
        identity_string: Option<&str>,
        legacy_binary: Option<&IdentityLegacyBinary>,
        legacy_steam_id: Option<u64>,
    ) -> Result<Option<Self>, IdentityError> {
        if let Some(text) = identity_string {
            return text.parse().map(Some);
        }
        if let Some(msg) = legacy_binary {
            return Self::from_legacy_binary(msg).map(Some);
        }
        legacy_steam_id.map(Self::from_legacy_steam_id).transpose()
    }
}

impl FromStr for Identity {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, IdentityError> {
        if text.is_empty() {
            return Err(IdentityError::Empty);
        }
        // Looked for within the longest prefix only, so that a long text costs nothing.
        let colon = text.bytes().take(MAX_UNKNOWN_PREFIX.saturating_add(1)).position(|c| c == b':');
        let (prefix, after) =
            colon.and_then(|at| text.split_at_checked(at)).ok_or(IdentityError::BadPrefix)?;
        let payload = after.strip_prefix(':').ok_or(IdentityError::BadPrefix)?;
        match prefix {
            "ip" => {
                let (ip, port) = addr::parse(payload).map_err(|_| IdentityError::BadAddress)?;
                Ok(Self::from_ip(SocketAddr::new(ip, port.unwrap_or(0))))
            }
            "str" => Self::string(payload),
            "gen" => parse_hex(payload).and_then(|bytes| Self::bytes(&bytes)),
            "steamid" => Self::steam_id(parse_number(payload)?),
            "xboxpwid" => Self::xbox_pairwise(payload),
            "psn" => parse_number(payload).map(Self::SonyPsn),
            "" => Err(IdentityError::BadPrefix),
            _ if prefix.bytes().all(|c| matches!(c, b'a'..=b'z' | b'0'..=b'9' | b'_')) => {
                Text::new(text, MAX_TEXT_LEN).map(Self::Unknown)
            }
            _ => Err(IdentityError::BadPrefix),
        }
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid => f.write_str("invalid"),
            Self::Ip(ip) => {
                let port = (ip.port != 0).then_some(ip.port);
                write!(f, "ip:{}", AddrText { ip: IpAddr::V6(ip.addr), port })
            }
            Self::String(text) => write!(f, "str:{}", &**text),
            Self::Bytes(bytes) => write!(f, "gen:{bytes}"),
            Self::Unknown(text) => f.write_str(text),
            Self::SteamId(number) => write!(f, "steamid:{number}"),
            Self::XboxPairwise(text) => write!(f, "xboxpwid:{}", &**text),
            Self::SonyPsn(number) => write!(f, "psn:{number}"),
        }
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({self})")
    }
}

fn parse_number(text: &str) -> Result<u64, IdentityError> {
    // `u64::from_str` would take a plus sign.
    if text.is_empty() || !text.bytes().all(|c| c.is_ascii_digit()) {
        return Err(IdentityError::BadNumber);
    }
    text.parse().map_err(|_| IdentityError::BadNumber)
}

fn parse_hex(text: &str) -> Result<Vec<u8>, IdentityError> {
    if text.len() > MAX_BYTES_LEN.saturating_mul(2) {
        return Err(IdentityError::TooLong);
    }
    let digit = |c: u8| (c as char).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let (pairs, odd) = text.as_bytes().as_chunks::<2>();
    if !odd.is_empty() {
        return Err(IdentityError::BadHex);
    }
    pairs
        .iter()
        .map(|&[high, low]| Some(digit(high)?.wrapping_shl(4) | digit(low)?))
        .collect::<Option<Vec<u8>>>()
        .ok_or(IdentityError::BadHex)
}

/// The fields of a Steam account number (protocol.md §2.3).
struct SteamIdParts {
    account: u32,
    instance: u32,
    account_type: u8,
    universe: u8,
}

const TYPE_INDIVIDUAL: u8 = 1;
const TYPE_GAME_SERVER: u8 = 3;
const TYPE_ANON_GAME_SERVER: u8 = 4;
const TYPE_CLAN: u8 = 7;
const TYPE_CONSOLE_USER: u8 = 9;
const TYPE_LAST: u8 = 10;
const UNIVERSE_LAST: u8 = 4;
/// The one instance an individual account has.
const INSTANCE_DESKTOP: u32 = 1;

const fn steam_id_parts(number: u64) -> SteamIdParts {
    SteamIdParts {
        account: number as u32,
        instance: (number >> 32) as u32 & 0xf_ffff,
        account_type: (number >> 52) as u8 & 0xf,
        universe: (number >> 56) as u8,
    }
}

/// Whether the number is built like that of a Steam account: known type and universe, and the parts that
/// the type asks for.
pub const fn steam_id_is_well_formed(number: u64) -> bool {
    let SteamIdParts { account, instance, account_type, universe } = steam_id_parts(number);
    let known = account_type >= 1 && account_type <= TYPE_LAST && universe >= 1 && universe <= UNIVERSE_LAST;
    known
        && match account_type {
            TYPE_INDIVIDUAL => account != 0 && instance == INSTANCE_DESKTOP,
            TYPE_CLAN => account != 0 && instance == 0,
            TYPE_GAME_SERVER => account != 0,
            _ => true,
        }
}

/// Whether the number may stand in the legacy fields: a user's or a game server's account, not zero.
pub const fn steam_id_is_user_or_server(number: u64) -> bool {
    let SteamIdParts { account, account_type, .. } = steam_id_parts(number);
    account != 0
        && matches!(
            account_type,
            TYPE_INDIVIDUAL | TYPE_CONSOLE_USER | TYPE_GAME_SERVER | TYPE_ANON_GAME_SERVER
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const USER: u64 = 76_561_197_960_287_930;

    #[test]
    fn is_small() {
        assert!(size_of::<Identity>() <= 24);
    }

    #[test]
    fn default_is_invalid_and_does_not_parse() {
        assert!(Identity::default().is_invalid());
        assert_eq!(Identity::Invalid.to_string(), "invalid");
        assert_eq!("invalid".parse::<Identity>(), Err(IdentityError::BadPrefix));
        assert_eq!(Identity::Invalid.to_legacy_binary(), None);
    }

    #[test]
    fn text_forms_round_trip() {
        for (text, kind) in [
            ("ip:1.2.3.4", IdentityKind::IpAddress),
            ("ip:1.2.3.4:27015", IdentityKind::IpAddress),
            ("ip:::1", IdentityKind::IpAddress),
            ("ip:[2001:db8::1]:80", IdentityKind::IpAddress),
            ("str:alice", IdentityKind::GenericString),
            ("str:", IdentityKind::GenericString),
            ("gen:deadbeef00", IdentityKind::GenericBytes),
            ("steamid:76561197960287930", IdentityKind::SteamId),
            ("xboxpwid:ABCDEF0123456789", IdentityKind::XboxPairwise),
            ("psn:18446744073709551615", IdentityKind::SonyPsn),
            ("stadia:5", IdentityKind::Unknown),
            ("a_9:", IdentityKind::Unknown),
        ] {
            let id: Identity = text.parse().unwrap();
            assert_eq!((id.kind(), id.to_string().as_str()), (kind, text));
        }
    }

    #[test]
    fn other_spellings_print_canonically() {
        for (text, printed) in [
            ("ip:[::1]:0", "ip:::1"),
            ("ip:::ffff:1.2.3.4", "ip:1.2.3.4"),
            ("gen:DEADbeef", "gen:deadbeef"),
            ("psn:007", "psn:7"),
        ] {
            assert_eq!(text.parse::<Identity>().unwrap().to_string(), printed);
        }
    }

    #[test]
    fn bad_texts_name_their_fault() {
        use IdentityError::{BadAddress, BadHex, BadNumber, BadPrefix, BadSteamId, Empty, Nul, TooLong};
        let long = |prefix: &str, n: usize| format!("{prefix}{}", "a".repeat(n));
        let cases = [
            (String::new(), Empty),
            ("alice".into(), BadPrefix),
            (":x".into(), BadPrefix),
            ("Str:x".into(), BadPrefix),
            ("a b:x".into(), BadPrefix),
            ("abcdefghijklmnopq:x".into(), BadPrefix),
            ("ip:".into(), BadAddress),
            ("ip:1.2.3.4x".into(), BadAddress),
            (long("str:", 32), TooLong),
            ("str:a\0b".into(), Nul),
            ("gen:".into(), Empty),
            ("gen:abc".into(), BadHex),
            ("gen:+1".into(), BadHex),
            ("gen:é".into(), BadHex),
            (long("gen:", 66), TooLong),
            ("steamid:".into(), BadNumber),
            ("steamid:+76561197960287930".into(), BadNumber),
            ("steamid:0".into(), BadSteamId),
            ("steamid:99999999999999999999".into(), BadNumber),
            ("xboxpwid:".into(), Empty),
            (long("xboxpwid:", 33), TooLong),
            ("psn:-1".into(), BadNumber),
            (long("foo:", 124), TooLong),
        ];
        for (text, error) in cases {
            assert_eq!(text.parse::<Identity>(), Err(error), "{text:?}");
        }
        assert!(long("foo:", 123).parse::<Identity>().is_ok());
        assert!(long("abcdefghijklmnop:", 1).parse::<Identity>().is_ok());
        assert!(long("str:", 31).parse::<Identity>().is_ok());
        assert!(long("gen:", 64).parse::<Identity>().is_ok());
        assert!(long("xboxpwid:", 32).parse::<Identity>().is_ok());
    }

    #[test]
    fn localhost_in_both_families_with_any_port() {
        for text in ["ip:::1", "ip:[::1]:5", "ip:127.0.0.1", "ip:127.0.0.1:9"] {
            assert!(text.parse::<Identity>().unwrap().is_localhost(), "{text}");
        }
        for text in ["ip:127.0.0.2", "ip:::2", "str:localhost"] {
            assert!(!text.parse::<Identity>().unwrap().is_localhost(), "{text}");
        }
        assert_eq!(Identity::localhost().to_string(), "ip:::1");
    }

    #[test]
    fn account_numbers() {
        assert!(steam_id_is_well_formed(USER) && steam_id_is_user_or_server(USER));
        // Another instance, no account, no universe, a type that does not exist.
        for bad in [USER + (1 << 32), USER & !0xffff_ffff, USER & !(0xff << 56), USER | (0xf << 52)] {
            assert!(!steam_id_is_well_formed(bad), "{bad:#x}");
        }
        let clan = (1 << 56) | (7 << 52) | 5;
        assert!(steam_id_is_well_formed(clan) && !steam_id_is_user_or_server(clan));
        let id = Identity::steam_id(clan).unwrap();
        assert_eq!((id.to_legacy_steam_id(), id.to_legacy_binary()), (None, None));
        assert_eq!(Identity::from_legacy_steam_id(clan), Err(IdentityError::BadSteamId));
    }

    #[test]
    fn the_first_field_present_decides() {
        let mut msg = IdentityLegacyBinary {
            steam_id: Some(USER),
            generic_string: Some("s".into()),
            generic_bytes: Some(vec![1]),
            ipv6_and_port: Some(vec![0; 18]),
        };
        assert_eq!(Identity::from_legacy_binary(&msg), Ok(Identity::SteamId(USER)));
        msg.steam_id = None;
        assert_eq!(Identity::from_legacy_binary(&msg), Identity::string("s"));
        msg.generic_string = None;
        assert_eq!(Identity::from_legacy_binary(&msg), Identity::bytes(&[1]));
        msg.generic_bytes = None;
        assert_eq!(Identity::from_legacy_binary(&msg).map(|id| id.to_string()), Ok("ip:::".into()));
        assert_eq!(
            Identity::from_fields(Some("str:x"), Some(&msg), Some(0)),
            Ok(Some(Identity::string("x").unwrap()))
        );
        msg.ipv6_and_port = Some(vec![0; 17]);
        assert_eq!(Identity::from_legacy_binary(&msg), Err(IdentityError::BadAddress));
        msg.ipv6_and_port = None;
        assert_eq!(Identity::from_legacy_binary(&msg), Err(IdentityError::UnknownBinary));
        assert!(Identity::from_fields(None, Some(&msg), Some(USER)).is_err());
        assert_eq!(Identity::from_fields(None, None, Some(USER)), Ok(Some(Identity::SteamId(USER))));
        assert_eq!(Identity::from_fields(None, None, None), Ok(None));
    }

    fn any_identity() -> impl Strategy<Value = Identity> {
        prop_oneof![
            any::<SocketAddr>().prop_map(Identity::from_ip),
            "[^\0]{0,7}".prop_map(|s| Identity::string(&s).unwrap()),
            proptest::collection::vec(any::<u8>(), 1..=32).prop_map(|b| Identity::bytes(&b).unwrap()),
            "[^\0]{1,8}".prop_map(|s| Identity::xbox_pairwise(&s).unwrap()),
            any::<u64>().prop_map(Identity::SonyPsn),
            (1u32.., 1u64..=4)
                .prop_map(|(a, u)| Identity::steam_id(u64::from(a) | (0x10_0001 << 32) | (u << 56)).unwrap()),
            "x[a-z0-9_]{1,15}:[^\0]{0,20}".prop_map(|s| s.parse().unwrap()),
        ]
    }

    proptest! {
        #[test]
        fn printed_forms_parse_back(id in any_identity()) {
            let text = id.to_string();
            prop_assert!(text.len() <= MAX_TEXT_LEN);
            prop_assert_eq!(text.parse::<Identity>(), Ok(id.clone()));
            if let Some(msg) = id.to_legacy_binary() {
                prop_assert_eq!(Identity::from_legacy_binary(&msg), Ok(id));
            }
        }

        #[test]
        fn any_text_is_answered(text in "(ip|str|gen|steamid|xboxpwid|psn|foo):\\PC{0,40}|\\PC{0,140}|[0-9a-z:_.]{0,40}") {
            if let Ok(id) = text.parse::<Identity>() {
                prop_assert_eq!(id.to_string().parse::<Identity>(), Ok(id));
            }
        }
    }
}
