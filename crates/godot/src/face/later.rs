//! Peers behind NAT, hosted servers, tickets and fake addresses: what is answered while nothing of that is there.

use super::results::{
    DISABLED, FAIL, INVALID_PARAM, INVALID_STATE, IP_NOT_FOUND, LIMIT_EXCEEDED, NO_MATCH, NOT_LOGGED_ON,
    SERVICE_UNAVAILABLE,
};
use super::{Face, Fault, Happened, Outcome, lock};

/// Most ports of one fake address.
const FAKE_PORTS_MAX: i64 = 4;
/// Largest text of the application in a login, bytes.
const APP_DATA_MAX: usize = 2048;
/// The port that a hosted server listens at, and the code of the data centre it is in.
const PORT_VARIABLE: &str = "SDR_LISTEN_PORT";
const POP_VARIABLE: &str = "SDR_POPID";
/// The data centre of a developer's machine.
pub(crate) const POP_DEV: i64 = 0x0064_6576;

/// The name under which our identity is kept when a fake address was asked for.
pub(crate) const FAKE_IP_IDENTITY: &str = "fake_ip_identity";

const NO_RENDEZVOUS: &str =
    "there is no rendezvous service to find peers with in this version: connect by address";
const NO_HOSTING: &str = "hosted servers are not part of this version: listen and connect by address";
const NO_TICKETS: &str = "tickets are not part of this version: the server's address is enough";
const NO_FAKE_IP: &str = "no fake address was asked for, and nobody gives any in this version";

fn virtual_port(port: i64) -> Result<(), String> {
    if (0..=65535).contains(&port) { Ok(()) } else { Err(format!("{port} is no virtual port, 0 to 65535")) }
}

/// Three characters stand in the low bytes, a fourth one in the high byte.
fn pop_id(code: &str) -> i64 {
    let mut bytes = code.bytes().chain(std::iter::repeat(0));
    let mut next = || bytes.next().unwrap_or(0);
    let (a, b, c, d) = (next(), next(), next(), next());
    u32::from_be_bytes([d, a, b, c]).into()
}

impl Face {
    pub(crate) fn listen_p2p(&self, port: i64) -> Outcome<i64> {
        virtual_port(port)?;
        Err(Fault::new(&NO_RENDEZVOUS))
    }

    pub(crate) fn listen_fake(&self, index: i64) -> Outcome<i64> {
        if !(0..FAKE_PORTS_MAX).contains(&index) {
            return Err(Fault::new(&format!("{index} is no index of a fake port, 0 to 3")));
        }
        Err(Fault::new(&NO_FAKE_IP))
    }

    pub(crate) fn listen_hosted(&self, port: i64) -> Outcome<i64> {
        virtual_port(port)?;
        Err(Fault::new(&NO_HOSTING))
    }

    pub(crate) fn connect_p2p(&self, reference: &str, port: i64) -> Outcome<i64> {
        self.who(reference)?;
        virtual_port(port)?;
        Err(Fault::new(&NO_RENDEZVOUS))
    }

    pub(crate) fn connect_hosted(&self, reference: &str, port: i64) -> Outcome<i64> {
        self.who(reference)?;
        virtual_port(port)?;
        Err(Fault::new(&NO_TICKETS))
    }

    /// Asks for a fake address; how it went is told with the next events.
    pub(crate) fn request_fake_ip(&self, ports: i64) -> Outcome<bool> {
        let (result, why) = match ports {
            ..=0 => (INVALID_PARAM, Some(format!("{ports} ports: ask for 1 to {FAKE_PORTS_MAX}"))),
            1..=FAKE_PORTS_MAX => (SERVICE_UNAVAILABLE, None),
            _ => (LIMIT_EXCEEDED, Some(format!("{ports} ports: {FAKE_PORTS_MAX} are possible"))),
        };
        let who = self.context()?.identity();
        self.keep_identity(FAKE_IP_IDENTITY, who);
        self.tell(Happened::FakeIp { result })?;
        *lock(&self.fake_ip) = Some(result);
        why.map_or(Ok(true), |why| Err(Fault::with(true, &why)))
    }

    /// How the last request for our fake address ended.
    pub(crate) fn fake_ip(&self, first_port: i64) -> Outcome<i64> {
        if first_port == 0 {
            return Ok(lock(&self.fake_ip).unwrap_or(NO_MATCH));
        }
        Err(Fault::with(INVALID_PARAM, &format!("first_port {first_port}: only 0 is possible")))
    }

    pub(crate) fn remote_fake_ip(&self, connection: i64) -> Outcome<i64> {
        self.connection(connection)?;
        Ok(IP_NOT_FOUND)
    }

    pub(crate) fn create_fake_port(&self, index: i64) -> Outcome<i64> {
        if !(-1..FAKE_PORTS_MAX).contains(&index) {
            return Err(Fault::new(&format!("{index} is no index of a fake port, -1 to 3")));
        }
        Err(Fault::new(&NO_FAKE_IP))
    }

    /// No port can be meant, since none can be made.
    pub(crate) fn fake_port(&self, port: i64) -> Outcome<i64> {
        Err(Fault::with(DISABLED, &format!("{port} is no fake UDP port: {NO_FAKE_IP}")))
    }

    pub(crate) fn find_ticket(&self, port: i64) -> Outcome<i64> {
        if port == -1 {
            return Ok(0);
        }
        virtual_port(port)?;
        Ok(0)
    }

    pub(crate) fn find_ticket_of(&self, reference: &str, port: i64) -> Outcome<i64> {
        self.who(reference)?;
        self.find_ticket(port)
    }

    pub(crate) fn received_ticket<T>(&self) -> Outcome<T> {
        Err(Fault::new(&NO_TICKETS))
    }

    pub(crate) fn hosted_port(&self) -> i64 {
        let port = std::env::var(PORT_VARIABLE).ok().and_then(|text| text.trim().parse::<u16>().ok());
        port.map_or(0, i64::from)
    }

    pub(crate) fn hosted_pop(&self) -> i64 {
        if self.hosted_port() == 0 {
            return 0;
        }
        let code = std::env::var(POP_VARIABLE).ok().filter(|code| (3..=4).contains(&code.len()));
        code.map_or(POP_DEV, |code| pop_id(&code))
    }

    /// The result of asking where clients' packets should go.
    pub(crate) fn hosted_address(&self) -> i64 {
        if self.hosted_port() == 0 { INVALID_STATE } else { FAIL }
    }

    /// The result of making a login with this text of the application.
    pub(crate) fn server_login(&self, app_data: &[u8]) -> Outcome<i64> {
        if app_data.len() > APP_DATA_MAX {
            let why = format!("app_data has {} bytes, {APP_DATA_MAX} are possible", app_data.len());
            return Err(Fault::with(INVALID_PARAM, &why));
        }
        let who = self.context()?.identity();
        if who.is_invalid() || who.is_localhost() {
            return Ok(NOT_LOGGED_ON);
        }
        Ok(self.hosted_address())
    }

    /// There are no relays to get ready for; the call is here so that programs can make it early.
    pub(crate) fn init_relays(&self) -> Outcome<()> {
        self.context()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_for_a_fake_address_is_answered_once() {
        let face = Face::new(&[]);
        assert_eq!(face.fake_ip(0), Ok(NO_MATCH));
        assert_eq!(face.request_fake_ip(1), Ok(true));
        assert_eq!(face.fake_ip(0), Ok(SERVICE_UNAVAILABLE));
        assert_eq!(face.request_fake_ip(5).unwrap_err().answer, Some(true));
        assert_eq!(face.request_fake_ip(0).unwrap_err().answer, Some(true));
        let results: Vec<Happened> = face.take_events();
        let wanted = [SERVICE_UNAVAILABLE, LIMIT_EXCEEDED, INVALID_PARAM];
        assert_eq!(results, wanted.map(|result| Happened::FakeIp { result }));
        for _ in 0..100 {
            face.request_fake_ip(1).unwrap();
        }
        assert!(face.request_fake_ip(1).unwrap_err().why.contains("run_callbacks"));
        assert_eq!(face.take_events().len(), 100);
    }

    #[test]
    fn codes_of_data_centres_are_packed() {
        assert_eq!(pop_id("dev"), POP_DEV);
        assert_eq!(pop_id("eatx"), 0x7865_6174);
    }

    #[test]
    fn a_login_needs_an_identity() {
        let face = Face::new(&[]);
        assert_eq!(face.server_login(b""), Ok(NOT_LOGGED_ON));
        assert_eq!(face.server_login(&[0; 2049]).unwrap_err().answer, Some(INVALID_PARAM));
        face.reset_identity("str:server").unwrap();
        assert_eq!(face.server_login(b""), Ok(INVALID_STATE));
    }
}
