//! Whom to connect to: an address, or a host name that has to be looked up first.

use super::limits::{ADDRESSES_MAX, NAME_BYTES_MAX};
use gamesockets::config::{ConfigKey, ConfigValue};
use std::collections::VecDeque;
use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// Whom to connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Address(SocketAddr),
    Name(String, u16),
}

/// Looks a host name up, in the background: nothing while it goes on, then its addresses or why there are none.
pub(super) type Lookup = Box<dyn FnMut() -> Option<Result<Vec<IpAddr>, String>> + Send>;

/// Reads a text and a port; the port may be part of the text.
pub(super) fn target(text: &str, port: i64) -> Result<Target, String> {
    let apart = u16::try_from(port).map_err(|_| format!("{port} is no port; they are 1 to 65535"))?;
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let (target, port) = if let Ok(ip) = bare.parse() {
        (Target::Address(SocketAddr::new(ip, apart)), apart)
    } else if let Ok(at) = text.parse::<SocketAddr>() {
        (Target::Address(at), at.port())
    } else {
        let (name, port) = match text.rsplit_once(':') {
            Some((name, port)) => (name, port.parse().map_err(|_| not_an_address(text))?),
            None => (text, apart),
        };
        if !is_name(name) {
            return Err(not_an_address(text));
        }
        (Target::Name(name.to_owned(), port), port)
    };
    if port == 0 { Err("port 0 is none; they are 1 to 65535".to_owned()) } else { Ok(target) }
}

fn not_an_address(text: &str) -> String {
    format!("`{text}` is no IP address and no host name")
}

/// Whether a text may be a host name: labels of letters, digits, `-` and `_`, and not a number, which is a slip.
fn is_name(text: &str) -> bool {
    let name = text.strip_suffix('.').unwrap_or(text);
    let good = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    let last = name.rsplit('.').next().unwrap_or_default();
    name.len() <= NAME_BYTES_MAX && name.split('.').all(good) && !last.bytes().all(|b| b.is_ascii_digit())
}

/// The same where names are not looked up.
pub(super) fn address(text: &str, port: i64) -> Result<SocketAddr, String> {
    match target(text, port)? {
        Target::Address(at) => Ok(at),
        Target::Name(name, _) => Err(format!("`{name}` is no IP address, and names are not looked up here")),
    }
}

/// An attempt to reach a host of which only the name is known.
pub(super) struct Dialing {
    pub(super) lookup: Option<Lookup>,
    pub(super) port: u16,
    /// Addresses not tried yet.
    pub(super) left: VecDeque<IpAddr>,
    /// Settings of the connection.
    pub(super) options: Vec<(ConfigKey, ConfigValue)>,
}

impl Dialing {
    pub(super) fn new(lookup: Lookup, port: u16, options: &[(ConfigKey, ConfigValue)]) -> Self {
        Self { lookup: Some(lookup), port, left: VecDeque::new(), options: options.to_vec() }
    }

    /// Goes on with the lookup. An error once it has failed.
    pub(super) fn look(&mut self) -> Result<(), String> {
        let Some(found) = self.lookup.as_mut().and_then(|lookup| lookup()) else { return Ok(()) };
        self.lookup = None;
        for ip in found? {
            if self.left.len() < ADDRESSES_MAX && !self.left.contains(&ip) {
                self.left.push_back(ip);
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Dialing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialing").field("port", &self.port).field("left", &self.left).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_and_names_are_told_apart() {
        let at = |text: &str| Ok(Target::Address(text.parse().unwrap()));
        let name = |name: &str, port| Ok(Target::Name(name.to_owned(), port));
        assert_eq!(target("127.0.0.1", 5), at("127.0.0.1:5"));
        assert_eq!(target("127.0.0.1:6", 0), at("127.0.0.1:6"));
        assert_eq!(target("::1", 5), at("[::1]:5"));
        assert_eq!(target("[::1]", 5), at("[::1]:5"));
        assert_eq!(target("[::1]:6", 5), at("[::1]:6"));
        assert_eq!(target("localhost", 5), name("localhost", 5));
        assert_eq!(target("play.example.org:6", 0), name("play.example.org", 6));
        assert_eq!(target("a_b-c.", 5), name("a_b-c.", 5));
        assert_eq!(address("127.0.0.1", 5), Ok("127.0.0.1:5".parse().unwrap()));
        assert!(address("localhost", 5).is_err());
    }

    #[test]
    fn what_is_neither_is_refused() {
        let long = "a".repeat(64);
        let longer = ["a"; 128].join(".");
        for text in [
            "",
            " ",
            ".",
            "a..b",
            ".a",
            "a b",
            "a/b",
            "a:b",
            "a:",
            ":5",
            "1.2.3",
            "1.2.3.4.5",
            "999",
            "fe80::1%2",
            "[::1",
            "a:70000",
            "ä.org",
            &long,
            &longer,
        ] {
            assert!(target(text, 5).is_err(), "{text}");
        }
        for port in [0, -1, 65536, i64::MIN, i64::MAX] {
            assert!(target("127.0.0.1", port).is_err(), "{port}");
            assert!(target("localhost", port).is_err(), "{port}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".{0,40}", port: i64) {
            if let Ok(Target::Name(name, port)) = target(&text, port) {
                prop_assert!(port != 0 && name.is_ascii() && name.len() <= NAME_BYTES_MAX);
            }
        }
    }
}
