//! Helpers of the structs for identities and addresses. They work on the caller's struct alone.

use super::convert::{RAW_ROOM, STRING_ROOM, XBOX_ROOM};
use crate::abi::numbers::{FAKE_IP_GLOBAL, FAKE_IP_INVALID, FAKE_IP_LOCAL, FAKE_IP_NOT_FAKE};
use crate::abi::structs::{HostedAddress, IPAddr, Identity};
use crate::ffi::objects::{Interface, Utils};
use crate::ffi::ptr::{Bytes, In, Out, Text, TextRoom};
use gamesockets::addr::parse;
use gamesockets::{Identity as Who, IdentityKind};
use std::ffi::c_char;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

/// Longest text of an address or an identity that is looked at.
const TEXT_MAX: usize = 127;
/// Where the payload of an identity begins.
const DATA: usize = std::mem::offset_of!(Identity, data);
/// The two bytes that fake addresses begin with, and where those made by a process begin.
const FAKE_NETWORK: [u8; 2] = [169, 254];
const FAKE_LOCAL_FROM: u8 = 240;

const fn v4(ip: u32, port: u16) -> IPAddr {
    IPAddr { ipv6: Ipv4Addr::from_bits(ip).to_ipv6_mapped().octets(), port }
}

const fn localhost(port: u16) -> IPAddr {
    IPAddr { ipv6: Ipv6Addr::LOCALHOST.octets(), port }
}

fn as_v4(addr: IPAddr) -> Option<Ipv4Addr> {
    addr.ip().to_ipv4_mapped()
}

pub(crate) fn addr_clear(this: Out<'_, IPAddr>) {
    this.set(IPAddr::default());
}

pub(crate) fn addr_is_zeros(this: Out<'_, IPAddr>) -> bool {
    this.get().is_some_and(|addr| addr.ip().is_unspecified())
}

pub(crate) fn addr_set_v6(this: Out<'_, IPAddr>, ipv6: In<'_, u8>, port: u16) {
    let ip = std::array::from_fn(|i| ipv6.at(i).unwrap_or(0));
    this.set(IPAddr { ipv6: ip, port });
}

pub(crate) fn addr_set_v4(this: Out<'_, IPAddr>, ip: u32, port: u16) {
    this.set(v4(ip, port));
}

pub(crate) fn addr_is_v4(this: Out<'_, IPAddr>) -> bool {
    this.get().is_some_and(|addr| as_v4(addr).is_some())
}

pub(crate) fn addr_v4(this: Out<'_, IPAddr>) -> u32 {
    this.get().and_then(as_v4).map_or(0, Ipv4Addr::to_bits)
}

pub(crate) fn addr_set_localhost(this: Out<'_, IPAddr>, port: u16) {
    this.set(localhost(port));
}

pub(crate) fn addr_is_localhost(this: Out<'_, IPAddr>) -> bool {
    this.get()
        .is_some_and(|addr| addr.ip() == Ipv6Addr::LOCALHOST || as_v4(addr) == Some(Ipv4Addr::LOCALHOST))
}

pub(crate) fn addr_equal(this: Out<'_, IPAddr>, x: In<'_, IPAddr>) -> bool {
    this.get().zip(x.get()).is_some_and(|(a, b)| a == b)
}

pub(crate) fn addr_to_text(addr: In<'_, IPAddr>, buf: TextRoom<'_>, buf_len: usize, with_port: bool) {
    if let Some(addr) = addr.get() {
        buf.put(&addr.text(with_port), buf_len);
    }
}

pub(crate) fn addr_parse(this: Out<'_, IPAddr>, text: Text<'_>) -> bool {
    let Some(Ok((ip, port))) = text.get(TEXT_MAX).map(parse) else { return false };
    this.set(IPAddr::of(SocketAddr::new(ip, port.unwrap_or(0))));
    !this.is_null()
}

/// What an IPv4 address is in terms of fake ones.
pub(super) const fn fake_type(ip: Ipv4Addr) -> i32 {
    let [a, b, c, _] = ip.octets();
    if a != FAKE_NETWORK[0] || b != FAKE_NETWORK[1] {
        FAKE_IP_NOT_FAKE
    } else if c >= FAKE_LOCAL_FROM {
        FAKE_IP_LOCAL
    } else {
        FAKE_IP_GLOBAL
    }
}

pub(super) fn fake_type_of(addr: IPAddr) -> i32 {
    match as_v4(addr) {
        Some(ip) => fake_type(ip),
        None if addr.ip().is_unspecified() => FAKE_IP_INVALID,
        None => FAKE_IP_NOT_FAKE,
    }
}

pub(crate) fn addr_fake_type(addr: In<'_, IPAddr>) -> i32 {
    addr.get().map_or(FAKE_IP_INVALID, fake_type_of)
}

pub(crate) fn addr_fake_type_method(_: Interface<Utils>, addr: In<'_, IPAddr>) -> i32 {
    addr_fake_type(addr)
}

pub(crate) fn addr_is_fake(this: Out<'_, IPAddr>) -> bool {
    this.get().is_some_and(|addr| fake_type_of(addr) > FAKE_IP_NOT_FAKE)
}

pub(crate) fn addr_fake_type_of(this: Out<'_, IPAddr>) -> i32 {
    this.get().map_or(FAKE_IP_INVALID, fake_type_of)
}

pub(crate) fn v4_fake_type(_: Interface<Utils>, ip: u32) -> i32 {
    if ip == 0 { FAKE_IP_INVALID } else { fake_type(Ipv4Addr::from_bits(ip)) }
}

pub(crate) fn v4_is_fake(_: Interface<Utils>, ip: u32) -> bool {
    ip != 0 && fake_type(Ipv4Addr::from_bits(ip)) > FAKE_IP_NOT_FAKE
}

pub(crate) fn addr_to_text_method(
    _: Interface<Utils>,
    addr: In<'_, IPAddr>,
    buf: TextRoom<'_>,
    buf_len: usize,
    with_port: bool,
) {
    addr_to_text(addr, buf, buf_len, with_port);
}

pub(crate) fn addr_parse_method(_: Interface<Utils>, addr: Out<'_, IPAddr>, text: Text<'_>) -> bool {
    addr_parse(addr, text)
}

pub(crate) fn clear(this: Out<'_, Identity>) {
    this.set(Identity::invalid());
}

pub(crate) fn is_invalid(this: Out<'_, Identity>) -> bool {
    this.get().is_none_or(|identity| identity.is(IdentityKind::Invalid))
}

pub(crate) fn set_steam_id(this: Out<'_, Identity>, number: u64) {
    this.set(Identity::number(IdentityKind::SteamId, number));
}

fn number_of(this: Out<'_, Identity>, kind: IdentityKind) -> u64 {
    this.get().filter(|identity| identity.is(kind)).map_or(0, |identity| identity.as_number())
}

pub(crate) fn steam_id(this: Out<'_, Identity>) -> u64 {
    number_of(this, IdentityKind::SteamId)
}

pub(crate) fn set_psn_id(this: Out<'_, Identity>, number: u64) {
    this.set(Identity::number(IdentityKind::SonyPsn, number));
}

pub(crate) fn psn_id(this: Out<'_, Identity>) -> u64 {
    number_of(this, IdentityKind::SonyPsn)
}

/// Sets text that fits into `room` with its end; nothing changes if it does not.
fn set_text(this: Out<'_, Identity>, kind: IdentityKind, text: Text<'_>, room: usize, least: usize) -> bool {
    let Some(text) = text.get(room - 1).filter(|t| t.len() >= least) else { return false };
    this.set(Identity::text(kind, text));
    !this.is_null()
}

/// Where the payload is, if the identity is of this kind.
fn payload(this: Out<'_, Identity>, kind: IdentityKind) -> Option<*const c_char> {
    this.get().filter(|identity| identity.is(kind)).map(|_| this.address(DATA).cast())
}

pub(crate) fn set_xbox(this: Out<'_, Identity>, text: Text<'_>) -> bool {
    set_text(this, IdentityKind::XboxPairwise, text, XBOX_ROOM, 1)
}

pub(crate) fn xbox(this: Out<'_, Identity>) -> *const c_char {
    payload(this, IdentityKind::XboxPairwise).unwrap_or(std::ptr::null())
}

pub(crate) fn set_addr(this: Out<'_, Identity>, addr: In<'_, IPAddr>) {
    if let Some(addr) = addr.get() {
        this.set(Identity::addr(addr));
    }
}

pub(crate) fn addr(this: Out<'_, Identity>) -> *const IPAddr {
    payload(this, IdentityKind::IpAddress).map_or(std::ptr::null(), <*const c_char>::cast)
}

pub(crate) fn set_v4(this: Out<'_, Identity>, ip: u32, port: u16) {
    this.set(Identity::addr(v4(ip, port)));
}

pub(crate) fn v4_of(this: Out<'_, Identity>) -> u32 {
    let identity = this.get().filter(|identity| identity.is(IdentityKind::IpAddress));
    identity.and_then(|identity| as_v4(identity.as_addr())).map_or(0, Ipv4Addr::to_bits)
}

pub(crate) fn set_localhost(this: Out<'_, Identity>) {
    this.set(Identity::addr(localhost(0)));
}

pub(crate) fn is_localhost(this: Out<'_, Identity>) -> bool {
    this.get().is_some_and(|identity| identity.who().is_localhost())
}

pub(crate) fn set_string(this: Out<'_, Identity>, text: Text<'_>) -> bool {
    set_text(this, IdentityKind::GenericString, text, STRING_ROOM, 0)
}

pub(crate) fn string(this: Out<'_, Identity>) -> *const c_char {
    payload(this, IdentityKind::GenericString).unwrap_or(std::ptr::null())
}

pub(crate) fn set_bytes(this: Out<'_, Identity>, data: Bytes<'_>, len: u32) -> bool {
    let Some(bytes) = data.get(len as usize).filter(|b| b.len() <= STRING_ROOM) else { return false };
    this.set(Identity::new(IdentityKind::GenericBytes, bytes, bytes.len()));
    !this.is_null()
}

pub(crate) fn bytes(this: Out<'_, Identity>, len: Out<'_, i32>) -> *const u8 {
    match payload(this, IdentityKind::GenericBytes) {
        Some(bytes) => {
            len.set(this.get().map_or(0, |identity| identity.size));
            bytes.cast()
        }
        None => {
            len.set(0);
            std::ptr::null()
        }
    }
}

pub(crate) fn equal(this: Out<'_, Identity>, x: In<'_, Identity>) -> bool {
    this.get().zip(x.get()).is_some_and(|(a, b)| {
        let ((kind, size), (other_kind, other_size)) = ((a.kind, a.size), (b.kind, b.size));
        kind == other_kind && size == other_size && a.counted() == b.counted()
    })
}

/// As people write it; a kind that this library does not know is named by its number.
fn text_of(identity: &Identity) -> String {
    let who = identity.who();
    let kind = { identity.kind };
    match who {
        Who::Invalid if identity.is(IdentityKind::SteamId) => format!("steamid:{}", identity.as_number()),
        Who::Invalid if kind != 0 => format!("bad_type:{kind}"),
        who => who.to_string(),
    }
}

pub(crate) fn to_text(identity: In<'_, Identity>, buf: TextRoom<'_>, buf_len: usize) {
    if let Some(identity) = identity.get() {
        buf.put(&text_of(&identity), buf_len);
    }
}

pub(crate) fn parse_text(identity: Out<'_, Identity>, sizeof_identity: usize, text: Text<'_>) -> bool {
    if sizeof_identity < size_of::<Identity>() {
        return false;
    }
    let Some(Ok(who)) = text.get(RAW_ROOM - 1).map(str::parse::<Who>) else { return false };
    identity.set(Identity::of(&who));
    !identity.is_null()
}

pub(crate) fn to_text_method(
    _: Interface<Utils>,
    identity: In<'_, Identity>,
    buf: TextRoom<'_>,
    buf_len: usize,
) {
    to_text(identity, buf, buf_len);
}

pub(crate) fn parse_text_method(_: Interface<Utils>, identity: Out<'_, Identity>, text: Text<'_>) -> bool {
    parse_text(identity, size_of::<Identity>(), text)
}

pub(crate) fn identity_fake_type(this: Out<'_, Identity>) -> i32 {
    let identity = this.get().filter(|identity| identity.is(IdentityKind::IpAddress));
    identity.map_or(FAKE_IP_INVALID, |identity| fake_type_of(identity.as_addr()))
}

pub(crate) fn identity_is_fake(this: Out<'_, Identity>) -> bool {
    identity_fake_type(this) > FAKE_IP_NOT_FAKE
}

/// Bytes of the development form of a hosted address.
const DEV_ADDRESS_BYTES: i32 = 12;

pub(crate) fn hosted_clear(this: Out<'_, HostedAddress>) {
    this.set(HostedAddress { size: 0, data: [0; 128] });
}

/// Packs up to four characters: three stand in the low bytes, a fourth one in the high byte.
pub(super) const fn pop_id(code: [u8; 4]) -> u32 {
    let [a, b, c, d] = code;
    u32::from_be_bytes([d, a, b, c])
}

const fn pop_code(id: u32) -> [u8; 4] {
    let [d, a, b, c] = id.to_be_bytes();
    [a, b, c, d]
}

pub(crate) fn hosted_pop(this: Out<'_, HostedAddress>) -> u32 {
    let Some(address) = this.get().filter(|a| { a.size } >= 4) else { return 0 };
    let [a, b, c, d, ..] = address.data;
    pop_id([a, b, c, d])
}

pub(crate) fn hosted_set_dev(this: Out<'_, HostedAddress>, ip: u32, port: u16, pop: u32) {
    let mut data = [0; 128];
    let [p0, p1] = port.to_le_bytes();
    let [i0, i1, i2, i3] = ip.to_le_bytes();
    let [a, b, c, d] = pop_code(pop);
    let form = [a, b, c, d, 1, 1, p0, p1, i0, i1, i2, i3];
    for (to, from) in data.iter_mut().zip(form) {
        *to = from;
    }
    this.set(HostedAddress { size: DEV_ADDRESS_BYTES, data });
}
