//! Challenge cookies of a listen socket (protocol.md §1.6).
//!
//! A cookie proves that whoever sends it can receive at the address it sends from. The server keeps nothing per
//! stranger: it recomputes the cookie. Only the server that made one reads it, so the layout is a private matter; it
//! is the same as in other implementations, so that one set of test vectors serves all.

use core::fmt;
use core::net::{IpAddr, SocketAddr};

use gamesockets_wire::Timestamp;
use siphasher::sip::SipHasher24;
use zeroize::Zeroize;

use crate::rng::Rng;

/// Binary logarithm of the time unit in microseconds: one unit is 1.048576 s.
const UNIT_SHIFT: u32 = 20;
/// A cookie is accepted in its own unit and in this many after it, that is for 3.15 to 4.19 s. A client answers a
/// challenge at once and asks for a new one after half a second of silence.
pub const MAX_AGE_UNITS: u16 = 3;

/// Why a cookie was refused. The packet is dropped without an answer in both cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CookieError {
    /// Made too long ago (or in another life of this server): the client should ask for a new challenge.
    #[error("challenge cookie is {units} time units old, at most 3 are accepted")]
    Expired {
        /// Age in units of 1.048576 s, modulo 65536.
        units: u16,
    },
    /// Not made by us for this address, port and time.
    #[error("challenge cookie was not issued to this address")]
    Wrong,
}

/// The secret of one listen socket under which cookies are made. Wiped on drop.
pub struct ChallengeKey {
    key: [u8; 16],
}

impl ChallengeKey {
    /// Draws a key; one per listen socket, for the life of the socket.
    pub fn generate(rng: &mut Rng) -> Self {
        Self::from_bytes(rng.array())
    }

    /// Uses the given 16 bytes as the key.
    pub const fn from_bytes(key: [u8; 16]) -> Self {
        Self { key }
    }

    /// The cookie for a client at `from`.
    ///
    /// An IPv4 address and its form mapped into IPv6 give the same cookie.
    pub fn make(&self, now: Timestamp, from: SocketAddr) -> u64 {
        self.at(time_units(now), from)
    }

    /// Checks a cookie that came back from `from`.
    ///
    /// # Errors
    /// [`CookieError::Expired`] is decided by the time inside the cookie alone, [`CookieError::Wrong`] by the hash.
    pub fn check(&self, now: Timestamp, from: SocketAddr, cookie: u64) -> Result<(), CookieError> {
        let made_at = cookie as u16;
        let units = time_units(now).wrapping_sub(made_at);
        if units > MAX_AGE_UNITS {
            return Err(CookieError::Expired { units });
        }
        if self.at(made_at, from) == cookie { Ok(()) } else { Err(CookieError::Wrong) }
    }

    /// Layout of the hashed bytes: time (2), port (2), address as IPv6 (16), all numbers little endian.
    fn at(&self, units: u16, from: SocketAddr) -> u64 {
        let address = match from.ip() {
            IpAddr::V4(v4) => v4.to_ipv6_mapped(),
            IpAddr::V6(v6) => v6,
        };
        let mut input = [0; 20];
        input[..2].copy_from_slice(&units.to_le_bytes());
        input[2..4].copy_from_slice(&from.port().to_le_bytes());
        input[4..].copy_from_slice(&address.octets());
        let hash = SipHasher24::new_with_key(&self.key).hash(&input);
        hash & !0xffff | u64::from(units)
    }
}

impl Drop for ChallengeKey {
    fn drop(&mut self) {
        self.key.zeroize();
    }
}

impl fmt::Debug for ChallengeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChallengeKey(..)")
    }
}

const fn time_units(now: Timestamp) -> u16 {
    (now.as_micros() >> UNIT_SHIFT) as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const UNIT: u64 = 1 << UNIT_SHIFT;

    #[test]
    fn sip_hash_is_the_published_one() {
        let key = core::array::from_fn(|i| i as u8);
        let message: [u8; 15] = core::array::from_fn(|i| i as u8);
        assert_eq!(SipHasher24::new_with_key(&key).hash(&message), 0xa129_ca61_49be_45e5);
    }

    #[test]
    fn mapped_addresses_are_the_same_client() {
        let key = ChallengeKey::from_bytes([1; 16]);
        let now = Timestamp::from_micros(77 * UNIT);
        let cookie = key.make(now, "192.0.2.7:4000".parse().unwrap());
        assert_eq!(key.check(now, "[::ffff:192.0.2.7]:4000".parse().unwrap(), cookie), Ok(()));
    }

    #[test]
    fn debug_shows_no_key() {
        assert_eq!(alloc::format!("{:?}", ChallengeKey::from_bytes([1; 16])), "ChallengeKey(..)");
    }

    fn any_address() -> impl Strategy<Value = SocketAddr> {
        (any::<IpAddr>(), any::<u16>()).prop_map(|(ip, port)| SocketAddr::new(ip, port))
    }

    proptest! {
        #[test]
        fn accepted_for_three_units_and_refused_after(
            secret: [u8; 16], start in 1u64..u64::MAX / 2, from in any_address(), late in 0u64..10 * UNIT,
        ) {
            let key = ChallengeKey::from_bytes(secret);
            let made = Timestamp::from_micros(start);
            let cookie = key.make(made, from);
            let units = ((start + late) >> UNIT_SHIFT) - (start >> UNIT_SHIFT);
            let expected =
                if units <= 3 { Ok(()) } else { Err(CookieError::Expired { units: units as u16 }) };
            prop_assert_eq!(key.check(made.plus_micros(late), from, cookie), expected);
            // The two bounds that follow for every phase.
            prop_assert!(expected.is_ok() || late > 3 * UNIT);
            prop_assert!(expected.is_err() || late < 4 * UNIT);
        }

        #[test]
        fn bound_to_address_port_key_and_every_bit(
            from in any_address(), other in any_address(), bit in 0u32..64,
        ) {
            let key = ChallengeKey::from_bytes([1; 16]);
            let now = Timestamp::from_micros(1 << 40);
            let cookie = key.make(now, from);
            prop_assert!(key.check(now, from, cookie ^ 1 << bit).is_err());
            prop_assert!(ChallengeKey::from_bytes([2; 16]).check(now, from, cookie).is_err());
            if other != from {
                prop_assert_eq!(key.check(now, other, cookie), Err(CookieError::Wrong));
            }
        }
    }
}
