//! Listening, connecting, accepting, closing, poll groups.

use super::addresses::Address;
use super::fault::verdict;
use super::results::{OK, of_accept};
use super::{Face, Fault, Outcome};
use crate::ending;
use gamesockets::SocketPairKind;
use gamesockets::config::{ConfigKey, ConfigValue};

/// A setting of something that is about to be made.
pub(crate) type OptionValue = (ConfigKey, ConfigValue);

/// Where the address of a listen socket is kept when it was asked for.
const LISTEN_ADDRESS: &str = "listen_socket_address";

impl Face {
    pub(crate) fn listen_ip(&self, reference: &str, options: &[OptionValue]) -> Outcome<i64> {
        let address = self.socket_addr(reference)?;
        if address.port() == 0 {
            return Err(Fault::new(&format!("{address} has no port: give one, 1 to 65535")));
        }
        let context = self.context()?;
        match ending::listen(address.port(), || context.listen_with(address, options)) {
            Ok(listener) => Ok(listener.handle().to_raw().into()),
            Err(why) => Err(Fault::new(&why)),
        }
    }

    pub(crate) fn connect_ip(&self, address: &str, options: &[OptionValue]) -> Outcome<i64> {
        let address = self.socket_addr(address)?;
        if address.port() == 0 {
            return Err(Fault::new(&format!(
                "{address} has no port: write it behind, as in 192.0.2.1:27015"
            )));
        }
        match self.context()?.connect_with(address, options) {
            Ok(connection) => Ok(connection.handle().to_raw().into()),
            Err(why) => Err(Fault::new(&why)),
        }
    }

    pub(crate) fn accept(&self, connection: i64) -> Outcome<i64> {
        match self.connection(connection)?.accept() {
            Ok(()) => Ok(OK),
            Err(why) => verdict(of_accept(&why), &why),
        }
    }

    pub(crate) fn close(&self, connection: i64, reason: i64, text: &str, linger: bool) -> Outcome<bool> {
        // Numbers that are no reason are replaced; a negative one is as wrong as a large one.
        let reason = u32::try_from(reason).unwrap_or(u32::MAX);
        match self.connection(connection)?.close(reason, text, linger) {
            Ok(()) => Ok(true),
            Err(why) => Err(Fault::new(&why)),
        }
    }

    pub(crate) fn close_listener(&self, listener: i64) -> Outcome<bool> {
        match self.listener(listener)?.close() {
            Ok(()) => Ok(true),
            Err(why) => Err(Fault::new(&why)),
        }
    }

    /// Whether the listen socket has an address; it is kept under a name too.
    pub(crate) fn listener_address(&self, listener: i64) -> Outcome<bool> {
        let address = Address::of_local(self.listener(listener)?.local_addr());
        self.keep_address(LISTEN_ADDRESS, address);
        Ok(true)
    }

    pub(crate) fn listener_address_text(&self, listener: i64, with_port: bool) -> Outcome<String> {
        Ok(Address::of_local(self.listener(listener)?.local_addr()).text(with_port))
    }

    /// Two connections, each other's peers. Whom they see is whom the references mean.
    pub(crate) fn socket_pair(&self, network: bool, references: [&str; 2]) -> Outcome<[i64; 2]> {
        let kind = if network { SocketPairKind::Network } else { SocketPairKind::Memory };
        let seen = references.map(|reference| self.who_or_localhost(reference));
        match self.context()?.socket_pair(kind, seen) {
            Ok((one, other)) => Ok([one, other].map(|end| end.handle().to_raw().into())),
            Err(why) => Err(Fault::new(&why)),
        }
    }

    pub(crate) fn create_poll_group(&self) -> Outcome<i64> {
        match self.context()?.create_poll_group() {
            Ok(group) => Ok(group.handle().to_raw().into()),
            Err(why) => Err(Fault::new(&why)),
        }
    }

    pub(crate) fn destroy_poll_group(&self, group: i64) -> Outcome<bool> {
        match self.poll_group(group)?.destroy() {
            Ok(()) => Ok(true),
            Err(why) => Err(Fault::new(&why)),
        }
    }

    /// Into a group, or out of any with 0.
    pub(crate) fn set_poll_group(&self, connection: i64, group: i64) -> Outcome<bool> {
        let connection = self.connection(connection)?;
        let group = if group == 0 { None } else { Some(self.poll_group(group)?) };
        match connection.set_poll_group(group.as_ref()) {
            Ok(()) => Ok(true),
            Err(why) => Err(Fault::new(&why)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_made_grouped_and_closed() {
        let face = Face::new(&[]);
        face.set_string("me", "me").unwrap();
        let [a, b] = face.socket_pair(false, ["me", ""]).unwrap();
        assert_eq!(face.facts(a).unwrap().identity, "str:me");
        let group = face.create_poll_group().unwrap();
        assert_eq!(face.set_poll_group(a, group), Ok(true));
        assert_eq!(face.set_poll_group(a, 0), Ok(true));
        assert!(face.set_poll_group(a, a).is_err(), "a handle of another kind");
        assert_eq!(face.destroy_poll_group(group), Ok(true));
        assert!(face.destroy_poll_group(group).is_err());
        for handle in [a, b] {
            assert_eq!(face.close(handle, -1, "bye", true), Ok(true));
            assert!(face.close(handle, 0, "", false).is_err());
        }
    }

    #[test]
    fn numbers_that_are_no_handle_are_told() {
        let face = Face::new(&[]);
        for number in [0, -1, 1, i64::MIN, i64::MAX, 1 << 32] {
            assert!(face.accept(number).unwrap_err().why.contains(&number.to_string()));
            assert!(face.close_listener(number).is_err());
            assert!(face.destroy_poll_group(number).is_err());
            assert!(face.listener_address(number).is_err());
        }
    }

    #[test]
    fn listening_needs_a_port() {
        let face = Face::new(&[]);
        for bad in ["", "nobody", "127.0.0.1", "127.0.0.1:0"] {
            assert!(face.listen_ip(bad, &[]).is_err(), "{bad}");
            assert!(face.connect_ip(bad, &[]).is_err(), "{bad}");
        }
    }
}
