//! Addresses: one canonical form, their text (protocol.md §2.3) and the 18-byte layout (protocol.md §2.1).
//!
//! IPv4 addresses appear in three dresses: as IPv4, as IPv6 with the `::ffff:` prefix (dual-stack sockets,
//! binary layouts) and as text. Everything here treats the first two as the same address.
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::arithmetic_side_effects))]

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

/// Bytes of the binary layout: 16 of address, 2 of port.
pub const ADDR_LEN: usize = 18;

/// The longest text [`parse`] looks at: a full IPv6 address in brackets and a port take 47 characters.
pub const MAX_TEXT_LEN: usize = 64;

/// What is wrong with the text of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddrError {
    /// Neither `a.b.c.d` nor an IPv6 address.
    #[error("not an IP address: expected a.b.c.d, a.b.c.d:port, an IPv6 address or [IPv6]:port")]
    BadAddress,
    /// What follows the address is not a number from 0 to 65535.
    #[error("the port is not a number from 0 to 65535")]
    BadPort,
}

/// The same address without the IPv6 dress of an IPv4 address.
#[inline]
pub const fn canonical_ip(ip: IpAddr) -> IpAddr {
    ip.to_canonical()
}

/// The same endpoint in the form used as a key: IPv4 if it can be, and no flow label. The scope of a
/// link-local IPv6 address stays, because it is needed to send there.
#[inline]
pub const fn canonical(addr: SocketAddr) -> SocketAddr {
    match addr {
        SocketAddr::V4(_) => addr,
        SocketAddr::V6(v6) => match canonical_ip(IpAddr::V6(*v6.ip())) {
            ip @ IpAddr::V4(_) => SocketAddr::new(ip, v6.port()),
            IpAddr::V6(ip) => SocketAddr::V6(SocketAddrV6::new(ip, v6.port(), 0, v6.scope_id())),
        },
    }
}

/// The 128-bit form: IPv4 becomes `::ffff:a.b.c.d`.
#[inline]
pub const fn to_mapped(ip: IpAddr) -> Ipv6Addr {
    match ip {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => v6,
    }
}

/// Whether this is the own host, in either dress.
#[inline]
pub const fn is_loopback(ip: IpAddr) -> bool {
    canonical_ip(ip).is_loopback()
}

/// The 18-byte layout: address in 128-bit form, then the port with its high byte first.
#[inline]
pub const fn to_bytes(ip: Ipv6Addr, port: u16) -> [u8; ADDR_LEN] {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = ip.octets();
    let [high, low] = port.to_be_bytes();
    [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, high, low]
}

/// Reads the 18-byte layout; the address stays in 128-bit form.
#[inline]
pub const fn from_bytes(bytes: &[u8; ADDR_LEN]) -> (Ipv6Addr, u16) {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, high, low] = *bytes;
    let octets = [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p];
    (Ipv6Addr::from_bits(u128::from_be_bytes(octets)), u16::from_be_bytes([high, low]))
}

/// Reads `1.2.3.4`, `1.2.3.4:80`, `::1`, `[::1]` or `[::1]:80`.
///
/// The address comes back in canonical form, the port as `None` if the text has none. Nothing may stand
/// before or after; scopes (`%eth0`) have no place in this form.
///
/// # Errors
/// [`AddrError`] says which part is wrong.
pub fn parse(text: &str) -> Result<(IpAddr, Option<u16>), AddrError> {
    if text.len() > MAX_TEXT_LEN {
        return Err(AddrError::BadAddress);
    }
    if let Some(inside) = text.strip_prefix('[') {
        let (ip, after) = inside.split_once(']').ok_or(AddrError::BadAddress)?;
        let ip: Ipv6Addr = ip.parse().map_err(|_| AddrError::BadAddress)?;
        let port = match after.strip_prefix(':') {
            Some(port) => Some(parse_port(port)?),
            None if after.is_empty() => None,
            None => return Err(AddrError::BadPort),
        };
        return Ok((canonical_ip(ip.into()), port));
    }
    if let Ok(ip) = text.parse::<Ipv6Addr>() {
        return Ok((canonical_ip(ip.into()), None));
    }
    let (ip, port) = match text.split_once(':') {
        Some((ip, port)) => (ip, Some(port)),
        None => (text, None),
    };
    let ip: Ipv4Addr = ip.parse().map_err(|_| AddrError::BadAddress)?;
    Ok((ip.into(), port.map(parse_port).transpose()?))
}

fn parse_port(text: &str) -> Result<u16, AddrError> {
    // `u16::from_str` would take a plus sign.
    if text.is_empty() || !text.bytes().all(|c| c.is_ascii_digit()) {
        return Err(AddrError::BadPort);
    }
    text.parse().map_err(|_| AddrError::BadPort)
}

/// Prints an address the way identities and the API do: IPv4 with dots in either dress, IPv6 in brackets
/// only if a port follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddrText {
    /// The address.
    pub ip: IpAddr,
    /// Printed after the address unless `None`.
    pub port: Option<u16>,
}

impl From<SocketAddr> for AddrText {
    fn from(addr: SocketAddr) -> Self {
        Self { ip: addr.ip(), port: Some(addr.port()) }
    }
}

impl fmt::Display for AddrText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (canonical_ip(self.ip), self.port) {
            (IpAddr::V6(ip), Some(port)) => write!(f, "[{ip}]:{port}"),
            (IpAddr::V4(ip), Some(port)) => write!(f, "{ip}:{port}"),
            (ip, None) => write!(f, "{ip}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn mapped_addresses_become_ipv4() {
        let mapped: SocketAddr = "[::ffff:10.1.2.3]:99".parse().unwrap();
        assert_eq!(canonical(mapped), "10.1.2.3:99".parse().unwrap());
        assert!(is_loopback("::ffff:127.0.0.1".parse().unwrap()));
        assert!(is_loopback("::1".parse().unwrap()));
        assert!(!is_loopback("::2".parse().unwrap()));
    }

    #[test]
    fn flow_label_goes_scope_stays() {
        let link_local = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);
        let addr = SocketAddr::V6(SocketAddrV6::new(link_local, 7, 0xabc, 3));
        assert_eq!(canonical(addr), SocketAddr::V6(SocketAddrV6::new(link_local, 7, 0, 3)));
    }

    #[test]
    fn reads_and_prints_the_usual_forms() {
        for (text, printed) in [
            ("1.2.3.4", "1.2.3.4"),
            ("1.2.3.4:0", "1.2.3.4:0"),
            ("1.2.3.4:65535", "1.2.3.4:65535"),
            ("::1", "::1"),
            ("[::1]", "::1"),
            ("[2001:DB8:0::1]:80", "[2001:db8::1]:80"),
            ("::ffff:1.2.3.4", "1.2.3.4"),
            ("[::ffff:1.2.3.4]:5", "1.2.3.4:5"),
        ] {
            let (ip, port) = parse(text).unwrap();
            assert_eq!(AddrText { ip, port }.to_string(), printed, "{text}");
        }
    }

    #[test]
    fn refuses_everything_else() {
        for text in
            ["", "1.2.3", "1.2.3.256", "1.2.3.4 ", "localhost", "[::1", "::1]", "[1.2.3.4]:5", "fe80::1%1"]
        {
            assert_eq!(parse(text), Err(AddrError::BadAddress), "{text}");
        }
        for text in ["1.2.3.4:", "1.2.3.4:x", "1.2.3.4:65536", "[::1]:", "[::1]80", "[::1]:+1", "1.2.3.4:5:6"]
        {
            assert_eq!(parse(text), Err(AddrError::BadPort), "{text}");
        }
        assert_eq!(parse(&"1".repeat(1000)), Err(AddrError::BadAddress));
    }

    proptest! {
        #[test]
        fn text_and_bytes_round_trip(ip: IpAddr, port: Option<u16>) {
            let ip = canonical_ip(ip);
            prop_assert_eq!(parse(&AddrText { ip, port }.to_string()), Ok((ip, port)));
            let port = port.unwrap_or(0);
            let (back, back_port) = from_bytes(&to_bytes(to_mapped(ip), port));
            prop_assert_eq!((canonical_ip(back.into()), back_port), (ip, port));
        }

        #[test]
        fn any_text_is_answered(text in "[0-9a-f:.\\[\\]%]{0,30}|\\PC{0,70}") {
            if let Ok((ip, port)) = parse(&text) {
                prop_assert_eq!(parse(&AddrText { ip, port }.to_string()), Ok((ip, port)));
            }
        }
    }
}
