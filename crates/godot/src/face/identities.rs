//! Identities under names.

use super::{Face, Fault, Outcome};
use gamesockets::Identity;
use std::net::IpAddr;

/// The number of a retired kind, which has no form of its own any more.
const STADIA: i64 = 19;
/// The universe, instance and kind of an ordinary account, above its 32-bit number.
const ORDINARY_ACCOUNT: u64 = 0x0110_0001_0000_0000;

/// What stands under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Named {
    Who(Identity),
    /// A number of the retired kind.
    Stadia(u64),
}

impl Named {
    fn kind(&self) -> i64 {
        match self {
            Self::Who(who) => who.kind() as i64,
            Self::Stadia(_) => STADIA,
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Who(who) => who.to_string(),
            Self::Stadia(number) => format!("stadia:{number}"),
        }
    }

    fn who(&self) -> Identity {
        match self {
            Self::Who(who) => who.clone(),
            Self::Stadia(_) => self.text().parse().unwrap_or_default(),
        }
    }
}

/// A signed number of Godot's as the unsigned one that it stands for.
const fn unsigned(number: i64) -> u64 {
    number.cast_unsigned()
}

impl Face {
    /// The identity that a reference means: a name, or text.
    pub(super) fn who(&self, reference: &str) -> Result<Identity, String> {
        let who = match self.identities.get(reference) {
            Some(named) => named.who(),
            None => reference
                .parse()
                .map_err(|why| format!("{reference:?} is neither a known name nor an identity: {why}"))?,
        };
        if who.is_invalid() {
            return Err(format!("the identity named {reference:?} is empty: set it first"));
        }
        Ok(who)
    }

    /// As [`who`](Self::who), but an empty reference, or one that means nothing, means localhost.
    pub(super) fn who_or_localhost(&self, reference: &str) -> Identity {
        self.who(reference).unwrap_or_else(|_| Identity::localhost())
    }

    fn named(&self, reference: &str) -> Result<Named, String> {
        match self.identities.get(reference) {
            Some(named) => Ok(named),
            None => self.who(reference).map(Named::Who),
        }
    }

    fn put(&self, reference: &str, who: Identity) -> Result<(), String> {
        self.identities.put(reference, Named::Who(who))
    }

    /// Puts an identity under the name, or says why there is none.
    fn put_checked<E: std::fmt::Display>(
        &self,
        reference: &str,
        who: Result<Identity, E>,
    ) -> Result<(), String> {
        self.put(reference, who.map_err(|why| why.to_string())?)
    }

    pub(crate) fn add_identity(&self, reference: &str) -> Outcome<bool> {
        self.put(reference, Identity::Invalid)?;
        Ok(true)
    }

    /// Forgets the name; one that is not known is gone already.
    pub(crate) fn clear_identity(&self, reference: &str) -> Outcome<()> {
        self.identities.remove(reference);
        Ok(())
    }

    /// Name, account number (0 if it is none) and kind of each.
    pub(crate) fn all_identities(&self) -> Vec<(String, i64, i64)> {
        let number = |named: &Named| match named.who() {
            Identity::SteamId(number) => number.cast_signed(),
            _ => 0,
        };
        let all = self.identities.all().into_iter();
        all.map(|(name, named)| (name, number(&named), named.kind())).collect()
    }

    pub(crate) fn is_identity_invalid(&self, reference: &str) -> bool {
        self.who(reference).is_err()
    }

    pub(crate) fn set_steam_account(&self, reference: &str, account: i64) -> Outcome<()> {
        let account = u32::try_from(account).map_err(|_| {
            format!("{account} is no account number of 32 bits; for 64 bits there is setIdentitySteamID64")
        })?;
        Ok(self.put_checked(reference, Identity::steam_id(ORDINARY_ACCOUNT | u64::from(account)))?)
    }

    /// The lower half of an account's number; 0 if the identity is none.
    pub(crate) fn steam_account(&self, reference: &str) -> Outcome<i64> {
        Ok(self.steam_id(reference)? & 0xffff_ffff)
    }

    pub(crate) fn set_steam_id(&self, reference: &str, number: i64) -> Outcome<()> {
        Ok(self.put_checked(reference, Identity::steam_id(unsigned(number)))?)
    }

    pub(crate) fn steam_id(&self, reference: &str) -> Result<i64, String> {
        Ok(match self.named(reference)? {
            Named::Who(Identity::SteamId(number)) => number.cast_signed(),
            _ => 0,
        })
    }

    pub(crate) fn set_identity_address(&self, reference: &str, address: &str) -> Outcome<bool> {
        let address = self.socket_addr(address)?;
        self.put(reference, Identity::from_ip(address))?;
        Ok(true)
    }

    /// The IPv4 address as a number; 0 if the identity is none.
    pub(crate) fn identity_address(&self, reference: &str) -> Outcome<i64> {
        Ok(match self.named(reference)?.who().ip().map(|address| address.ip()) {
            Some(IpAddr::V4(ip)) => i64::from(ip.to_bits()),
            _ => 0,
        })
    }

    pub(crate) fn set_localhost(&self, reference: &str) -> Outcome<()> {
        Ok(self.put(reference, Identity::localhost())?)
    }

    pub(crate) fn is_localhost(&self, reference: &str) -> Outcome<bool> {
        Ok(self.named(reference)?.who().is_localhost())
    }

    pub(crate) fn set_string(&self, reference: &str, text: &str) -> Outcome<bool> {
        self.put_checked(reference, Identity::string(text))?;
        Ok(true)
    }

    /// The text; empty if the identity is none.
    pub(crate) fn string(&self, reference: &str) -> Outcome<String> {
        Ok(match self.named(reference)?.who() {
            Identity::String(text) => (*text).to_owned(),
            _ => String::new(),
        })
    }

    pub(crate) fn set_bytes(&self, reference: &str, bytes: &[u8]) -> Outcome<bool> {
        self.put_checked(reference, Identity::bytes(bytes))?;
        Ok(true)
    }

    pub(crate) fn set_byte(&self, reference: &str, byte: i64) -> Outcome<bool> {
        let byte = u8::try_from(byte)
            .map_err(|_| format!("{byte} is no byte, 0 to 255; for more there is setGenericBytesArray"))?;
        self.set_bytes(reference, &[byte])
    }

    /// The bytes; none if the identity is of another kind.
    pub(crate) fn bytes(&self, reference: &str) -> Result<Vec<u8>, String> {
        Ok(match self.named(reference)?.who() {
            Identity::Bytes(bytes) => bytes.to_vec(),
            _ => Vec::new(),
        })
    }

    /// The first byte; 0 if there is none.
    pub(crate) fn first_byte(&self, reference: &str) -> Outcome<i64> {
        Ok(self.bytes(reference)?.first().copied().map_or(0, i64::from))
    }

    pub(crate) fn set_xbox(&self, reference: &str, text: &str) -> Outcome<bool> {
        self.put_checked(reference, Identity::xbox_pairwise(text))?;
        Ok(true)
    }

    /// The text; empty if the identity is of another kind.
    pub(crate) fn xbox(&self, reference: &str) -> Outcome<String> {
        Ok(match self.named(reference)?.who() {
            Identity::XboxPairwise(text) => (*text).to_owned(),
            _ => String::new(),
        })
    }

    pub(crate) fn set_psn(&self, reference: &str, number: i64) -> Outcome<()> {
        Ok(self.put(reference, Identity::SonyPsn(unsigned(number)))?)
    }

    /// The number; 0 if the identity is of another kind.
    pub(crate) fn psn(&self, reference: &str) -> Outcome<i64> {
        Ok(match self.named(reference)?.who() {
            Identity::SonyPsn(number) => number.cast_signed(),
            _ => 0,
        })
    }

    pub(crate) fn set_stadia(&self, reference: &str, number: i64) -> Outcome<()> {
        Ok(self.identities.put(reference, Named::Stadia(unsigned(number)))?)
    }

    /// The number; 0 if the identity is of another kind.
    pub(crate) fn stadia(&self, reference: &str) -> Outcome<i64> {
        Ok(match self.named(reference)? {
            Named::Stadia(number) => number.cast_signed(),
            Named::Who(_) => 0,
        })
    }

    pub(crate) fn parse_identity(&self, reference: &str, text: &str) -> Outcome<bool> {
        let who: Identity = text.parse().map_err(|why| format!("{text:?} is no identity: {why}"))?;
        self.put(reference, who)?;
        Ok(true)
    }

    pub(crate) fn identity_text(&self, reference: &str) -> Outcome<String> {
        Ok(self.named(reference)?.text())
    }

    /// Keeps who we are under a name, as some calls promise.
    pub(super) fn keep_identity(&self, reference: &str, who: Identity) {
        // The table may be full: then the caller sees no entry, which is what a full table is.
        let _ = self.put(reference, who);
    }

    /// Our identity as text; empty while unknown.
    pub(crate) fn identity(&self) -> Outcome<String> {
        let who = self.context()?.identity();
        Ok(if who.is_invalid() { String::new() } else { who.to_string() })
    }

    /// Becomes somebody else: the one referred to, or nobody in particular.
    pub(crate) fn reset_identity(&self, reference: &str) -> Outcome<()> {
        let context = self.context()?;
        match self.who(reference) {
            Ok(who) => context.reset_identity(Some(who)),
            Err(why) => {
                context.reset_identity(None);
                if !reference.is_empty() {
                    return Err(Fault::from(format!("{why}; we are nobody in particular now")));
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_set_and_read() {
        let face = Face::new(&[]);
        assert_eq!(face.set_steam_account("a", 5), Ok(()));
        assert_eq!(face.steam_id("a"), Ok(76_561_197_960_265_733));
        assert_eq!(face.steam_account("a"), Ok(5));
        assert_eq!(face.set_string("b", "Locke"), Ok(true));
        assert_eq!(face.string("b"), Ok("Locke".to_owned()));
        assert_eq!(face.string("a"), Ok(String::new()), "of another kind");
        assert_eq!(face.set_byte("c", 7), Ok(true));
        assert_eq!(face.first_byte("c"), Ok(7));
        assert_eq!(face.set_xbox("d", "x"), Ok(true));
        assert_eq!(face.xbox("d"), Ok("x".to_owned()));
        assert_eq!(face.set_psn("e", -1), Ok(()));
        assert_eq!(face.psn("e"), Ok(-1));
        assert_eq!(face.set_stadia("f", 5), Ok(()));
        assert_eq!(face.stadia("f"), Ok(5));
        assert_eq!(face.identity_text("f"), Ok("stadia:5".to_owned()));
        assert_eq!(face.set_identity_address("g", "192.0.2.7:9"), Ok(true));
        assert_eq!(face.identity_address("g"), Ok(0xc000_0207));
        assert_eq!(face.identity_text("str:x"), Ok("str:x".to_owned()), "text is a reference too");
        let kinds: Vec<i64> = face.all_identities().into_iter().map(|(_, _, kind)| kind).collect();
        assert_eq!(kinds, [16, 2, 3, 17, 18, 19, 1]);
    }

    #[test]
    fn what_is_wrong_changes_nothing() {
        let face = Face::new(&[]);
        face.set_string("a", "x").unwrap();
        assert!(face.set_steam_id("a", 1).is_err());
        assert!(face.set_steam_account("a", -1).is_err());
        assert!(face.set_steam_account("a", 1 << 32).is_err());
        assert!(face.set_string("a", &"x".repeat(32)).is_err());
        assert!(face.set_byte("a", 256).is_err());
        assert!(face.set_xbox("a", "").is_err());
        assert!(face.parse_identity("a", "invalid").is_err());
        assert!(face.set_identity_address("a", "nowhere").is_err());
        assert_eq!(face.identity_text("a"), Ok("str:x".to_owned()));
        assert!(face.identity_text("nobody").is_err());
        assert!(face.is_identity_invalid("nobody"));
        face.add_identity("empty").unwrap();
        assert!(face.who("empty").unwrap_err().contains("empty"));
        assert_eq!(face.who_or_localhost("empty"), Identity::localhost());
    }

    #[test]
    fn nobody_in_particular_is_localhost() {
        let face = Face::new(&[]);
        assert_eq!(face.identity(), Ok("ip:::1".to_owned()));
        face.reset_identity("str:me").unwrap();
        assert_eq!(face.identity(), Ok("str:me".to_owned()));
        assert!(face.reset_identity("unknown").is_err());
        assert_eq!(face.identity(), Ok("ip:::1".to_owned()));
    }
}
