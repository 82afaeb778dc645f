//! Addresses under names.

use super::{Face, Outcome};
use gamesockets::addr::{AddrText, canonical_ip, parse, to_mapped};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// An address in its 128-bit form; IPv4 is mapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Address {
    ip: Ipv6Addr,
    port: u16,
}

impl Address {
    const NONE: Self = Self { ip: Ipv6Addr::UNSPECIFIED, port: 0 };

    fn of(address: SocketAddr) -> Self {
        Self { ip: to_mapped(address.ip()), port: address.port() }
    }

    /// An address that is bound to: every address of the machine is all zeros, of whatever family.
    pub(super) fn of_local(address: SocketAddr) -> Self {
        if address.ip().is_unspecified() {
            return Self { port: address.port(), ..Self::NONE };
        }
        Self::of(address)
    }

    /// IPv4 as IPv4.
    const fn socket_addr(self) -> SocketAddr {
        SocketAddr::new(canonical_ip(IpAddr::V6(self.ip)), self.port)
    }

    pub(super) fn text(self, with_port: bool) -> String {
        AddrText { ip: IpAddr::V6(self.ip), port: with_port.then_some(self.port) }.to_string()
    }
}

/// An address as the interface prints it; what is not known is all zeros.
pub(super) fn text_of(address: Option<SocketAddr>) -> String {
    address.map_or(Address::NONE, Address::of).text(true)
}

fn port(number: i64) -> Result<u16, String> {
    u16::try_from(number).map_err(|_| format!("{number} is no port, 0 to 65535"))
}

impl Face {
    fn address(&self, reference: &str) -> Result<Address, String> {
        if let Some(address) = self.addresses.get(reference) {
            return Ok(address);
        }
        let (ip, port) = parse(reference)
            .map_err(|why| format!("{reference:?} is neither a known name nor an address: {why}"))?;
        Ok(Address::of(SocketAddr::new(ip, port.unwrap_or(0))))
    }

    /// The address that a reference means: a name, or text.
    pub(super) fn socket_addr(&self, reference: &str) -> Result<SocketAddr, String> {
        self.address(reference).map(Address::socket_addr)
    }

    /// Keeps an address under a name, as some calls promise.
    pub(super) fn keep_address(&self, reference: &str, address: Address) {
        // The table may be full: then the caller sees no entry, which is what a full table is.
        let _ = self.addresses.put(reference, address);
    }

    pub(crate) fn add_address(&self, reference: &str) -> Outcome<bool> {
        self.addresses.put(reference, Address::NONE)?;
        Ok(true)
    }

    /// Forgets the name; one that is not known is gone already.
    pub(crate) fn clear_address(&self, reference: &str) -> Outcome<()> {
        self.addresses.remove(reference);
        Ok(())
    }

    /// Name, whether it is this machine, and the IPv4 number (0 if it is none) of each.
    pub(crate) fn all_addresses(&self) -> Vec<(String, bool, i64)> {
        let all = self.addresses.all().into_iter();
        all.map(|(name, address)| (name, is_local(address), v4_number(address))).collect()
    }

    pub(crate) fn set_v4(&self, reference: &str, ip: i64, port_number: i64) -> Outcome<()> {
        let bits = u32::try_from(ip).map_err(|_| format!("{ip} is no IPv4 address, a number of 32 bits"))?;
        let ip = Ipv4Addr::from_bits(bits).to_ipv6_mapped();
        Ok(self.addresses.put(reference, Address { ip, port: port(port_number)? })?)
    }

    pub(crate) fn v4(&self, reference: &str) -> Outcome<i64> {
        Ok(v4_number(self.address(reference)?))
    }

    pub(crate) fn is_v4(&self, reference: &str) -> Outcome<bool> {
        Ok(self.address(reference)?.ip.to_ipv4_mapped().is_some())
    }

    /// The address whose last byte this is.
    pub(crate) fn set_v6_byte(&self, reference: &str, last: i64, port_number: i64) -> Outcome<()> {
        let last = u8::try_from(last)
            .map_err(|_| format!("{last} is no byte, 0 to 255; for a whole address there is setIPv6Array"))?;
        let ip = Ipv6Addr::from_bits(u128::from(last));
        Ok(self.addresses.put(reference, Address { ip, port: port(port_number)? })?)
    }

    pub(crate) fn set_v6(&self, reference: &str, bytes: &[u8], port_number: i64) -> Outcome<()> {
        let octets: [u8; 16] =
            bytes.try_into().map_err(|_| format!("an IPv6 address has 16 bytes, not {}", bytes.len()))?;
        Ok(self.addresses.put(reference, Address { ip: octets.into(), port: port(port_number)? })?)
    }

    pub(crate) fn set_v6_localhost(&self, reference: &str, port_number: i64) -> Outcome<()> {
        Ok(self.addresses.put(reference, Address { ip: Ipv6Addr::LOCALHOST, port: port(port_number)? })?)
    }

    pub(crate) fn is_zeros(&self, reference: &str) -> Outcome<bool> {
        Ok(self.address(reference)?.ip.is_unspecified())
    }

    pub(crate) fn is_local(&self, reference: &str) -> Outcome<bool> {
        Ok(is_local(self.address(reference)?))
    }

    pub(crate) fn parse_address(&self, reference: &str, text: &str) -> Outcome<bool> {
        let (ip, port) = parse(text).map_err(|why| format!("{text:?} is no address: {why}"))?;
        self.addresses.put(reference, Address::of(SocketAddr::new(ip, port.unwrap_or(0))))?;
        Ok(true)
    }

    pub(crate) fn address_text(&self, reference: &str, with_port: bool) -> Outcome<String> {
        Ok(self.address(reference)?.text(with_port))
    }
}

fn is_local(address: Address) -> bool {
    address.ip == Ipv6Addr::LOCALHOST || address.ip.to_ipv4_mapped() == Some(Ipv4Addr::LOCALHOST)
}

fn v4_number(address: Address) -> i64 {
    address.ip.to_ipv4_mapped().map_or(0, |ip| i64::from(ip.to_bits()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_set_and_read() {
        let face = Face::new(&[]);
        face.set_v4("a", 0x7f00_0001, 27015).unwrap();
        assert_eq!(face.address_text("a", true), Ok("127.0.0.1:27015".to_owned()));
        assert_eq!(face.address_text("a", false), Ok("127.0.0.1".to_owned()));
        assert_eq!(
            (face.v4("a"), face.is_v4("a"), face.is_local("a")),
            (Ok(0x7f00_0001), Ok(true), Ok(true))
        );
        face.set_v6_byte("b", 1, 5).unwrap();
        assert_eq!(face.address_text("b", true), Ok("[::1]:5".to_owned()));
        face.set_v6("b", &[0; 16], 0).unwrap();
        assert_eq!(face.is_zeros("b"), Ok(true));
        face.set_v6_localhost("b", 1).unwrap();
        assert_eq!((face.is_v4("b"), face.v4("b")), (Ok(false), Ok(0)));
        assert_eq!(face.parse_address("c", "[2001:db8::1]:9"), Ok(true));
        assert_eq!(face.socket_addr("c").unwrap().port(), 9);
        assert_eq!(face.socket_addr("192.0.2.1:7").unwrap().to_string(), "192.0.2.1:7");
        assert_eq!(text_of(None), "[::]:0");
    }

    #[test]
    fn what_is_wrong_changes_nothing() {
        let face = Face::new(&[]);
        face.set_v4("a", 1, 1).unwrap();
        for number in [-1, 1 << 32, i64::MIN] {
            assert!(face.set_v4("a", number, 1).is_err());
        }
        for number in [-1, 65536, i64::MAX] {
            assert!(face.set_v4("a", 2, number).is_err());
            assert!(face.set_v6_localhost("a", number).is_err());
        }
        assert!(face.set_v6("a", &[1; 15], 1).is_err());
        assert!(face.set_v6_byte("a", 256, 1).is_err());
        assert!(face.parse_address("a", "").is_err());
        assert_eq!(face.v4("a"), Ok(1));
        assert!(face.v4("unknown").is_err());
    }
}
