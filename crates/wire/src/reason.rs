//! Why a connection ended: the numbers both sides exchange when they close (protocol.md §4.6).

use core::fmt;

/// The reason of a close. A peer may send any number; it is kept as it came.
///
/// The ranges say who is to blame: 1000 to 1999 the application, in an ordinary way; 2000 to 2999 the
/// application, in an unusual way; 3000 to 3999 this host; 4000 to 4999 the other host; 5000 to 5999
/// cannot be told.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct EndReason(pub u32);

impl EndReason {
    /// Not closed, or no reason known.
    pub const NONE: Self = Self(0);
    /// The application closed in an ordinary way.
    pub const APP_GENERIC: Self = Self(1000);
    /// The messages interface: the application closed the session with this user.
    pub const APP_SESSION_CLOSED: Self = Self(1001);
    /// The messages interface: the session was idle for too long.
    pub const APP_SESSION_IDLE: Self = Self(1002);
    /// Last number of the ordinary application range; stands in for numbers outside both ranges.
    pub const APP_MAX: Self = Self(1999);
    /// The application closed in an unusual way.
    pub const APP_EXCEPTION_GENERIC: Self = Self(2000);
    /// Last number of the unusual application range; sent when the library shuts down.
    pub const APP_EXCEPTION_MAX: Self = Self(2999);
    /// Local: networking is switched off here.
    pub const LOCAL_OFFLINE_MODE: Self = Self(3001);
    /// Local: trouble reaching many relays.
    pub const LOCAL_MANY_RELAY_CONNECTIVITY: Self = Self(3002);
    /// Local: a hosted server lost its main relay.
    pub const LOCAL_HOSTED_SERVER_PRIMARY_RELAY: Self = Self(3003);
    /// Local: the network configuration could not be obtained.
    pub const LOCAL_NETWORK_CONFIG: Self = Self(3004);
    /// Local: not allowed to do this.
    pub const LOCAL_RIGHTS: Self = Self(3005);
    /// Local: no public address found for a peer-to-peer connection.
    pub const LOCAL_P2P_ICE_NO_PUBLIC_ADDRESSES: Self = Self(3006);
    /// Internal to this host: direct peer-to-peer paths were given up for a special reason.
    pub const LOCAL_P2P_ICE_ABORTED: Self = Self(3997);
    /// Internal to this host: direct peer-to-peer paths are switched off by the settings.
    pub const LOCAL_P2P_ICE_DISABLED: Self = Self(3998);
    /// Internal to this host: direct peer-to-peer paths are not built in.
    pub const LOCAL_P2P_ICE_NOT_COMPILED: Self = Self(3999);
    /// Remote: the peer stopped answering.
    pub const REMOTE_TIMEOUT: Self = Self(4001);
    /// Remote: the peer's key exchange is wrong.
    pub const REMOTE_BAD_CRYPT: Self = Self(4002);
    /// Remote: the peer's certificate is not good enough.
    pub const REMOTE_BAD_CERT: Self = Self(4003);
    /// Remote: the peer speaks a protocol version we do not.
    pub const REMOTE_BAD_PROTOCOL_VERSION: Self = Self(4006);
    /// Remote: the peer found no public address for a peer-to-peer connection.
    pub const REMOTE_P2P_ICE_NO_PUBLIC_ADDRESSES: Self = Self(4007);
    /// Internal to this host: the peer has direct peer-to-peer paths switched off.
    pub const REMOTE_P2P_ICE_DISABLED: Self = Self(4999);
    /// A failure without a number of its own.
    pub const MISC_GENERIC: Self = Self(5001);
    /// Something that must not happen; also every malformed payload frame.
    pub const MISC_INTERNAL_ERROR: Self = Self(5002);
    /// The connection attempt or the connection timed out.
    pub const MISC_TIMEOUT: Self = Self(5003);
    /// Trouble with the connection to the service.
    pub const MISC_SERVICE_CONNECTIVITY: Self = Self(5005);
    /// The server's relay has no session to this client.
    pub const MISC_NO_RELAY_SESSIONS_TO_CLIENT: Self = Self(5006);
    /// The peers could not be introduced to each other.
    pub const MISC_P2P_RENDEZVOUS: Self = Self(5008);
    /// No direct path through the routers between the peers.
    pub const MISC_P2P_NAT_FIREWALL: Self = Self(5009);
    /// The peer says it knows no such connection.
    pub const MISC_PEER_SENT_NO_CONNECTION: Self = Self(5010);
    /// Signalling only: there is no such connection and no answer is wanted.
    pub const SIGNAL_NO_CONNECTION: Self = Self(9999);

    /// Whether the number is in one of the two ranges an application may use.
    #[inline]
    pub const fn is_app(self) -> bool {
        self.0 >= Self::APP_GENERIC.0 && self.0 <= Self::APP_EXCEPTION_MAX.0
    }

    /// Whether the number is in the range for unusual ends by the application.
    #[inline]
    pub const fn is_app_exception(self) -> bool {
        self.0 >= Self::APP_EXCEPTION_GENERIC.0 && self.0 <= Self::APP_EXCEPTION_MAX.0
    }

    /// A short name in snake case; ranges have a common name.
    pub const fn name(self) -> &'static str {
        match self.0 {
            0 => "none",
            1001 => "app_session_closed",
            1002 => "app_session_idle",
            1000..=1999 => "app",
            2000..=2999 => "app_exception",
            3001 => "local_offline_mode",
            3002 => "local_many_relay_connectivity",
            3003 => "local_hosted_server_primary_relay",
            3004 => "local_network_config",
            3005 => "local_rights",
            3006 => "local_p2p_ice_no_public_addresses",
            3997 => "local_p2p_ice_aborted",
            3998 => "local_p2p_ice_disabled",
            3999 => "local_p2p_ice_not_compiled",
            3000..=3999 => "local",
            4001 => "remote_timeout",
            4002 => "remote_bad_crypt",
            4003 => "remote_bad_cert",
            4006 => "remote_bad_protocol_version",
            4007 => "remote_p2p_ice_no_public_addresses",
            4999 => "remote_p2p_ice_disabled",
            4000..=4999 => "remote",
            5001 => "misc_generic",
            5002 => "misc_internal_error",
            5003 => "misc_timeout",
            5005 => "misc_service_connectivity",
            5006 => "misc_no_relay_sessions_to_client",
            5008 => "misc_p2p_rendezvous",
            5009 => "misc_p2p_nat_firewall",
            5010 => "misc_peer_sent_no_connection",
            5000..=5999 => "misc",
            9999 => "signal_no_connection",
            _ => "unknown",
        }
    }

    /// A sentence for people, used when a close carries no text of its own.
    pub const fn default_text(self) -> &'static str {
        match self.0 {
            0 => "The connection has not ended.",
            1001 => "The session was closed by the application.",
            1002 => "The session was idle for too long.",
            1000..=1999 => "Application closed connection",
            2000..=2999 => "Application closed connection in an unusual way",
            3001 => "Networking is switched off on this host.",
            3002 => "This host cannot reach enough relays.",
            3003 => "The server lost its main relay.",
            3004 => "This host could not obtain the network configuration.",
            3005 => "This host is not allowed to use the service.",
            3006 => "This host found no public address of its own.",
            3000..=3999 => "A problem on this host ended the connection.",
            4001 => "The remote host stopped answering.",
            4002 => "The key exchange of the remote host is not valid.",
            4003 => "The certificate of the remote host is not accepted.",
            4006 => "The remote host speaks an incompatible protocol version.",
            4007 => "The remote host found no public address of its own.",
            4000..=4999 => "A problem on the remote host ended the connection.",
            5002 => "An internal error ended the connection.",
            5003 => "The connection timed out.",
            5005 => "The connection to the service failed.",
            5006 => "The relay has no session to the client.",
            5008 => "The hosts could not be introduced to each other.",
            5009 => "No path through the routers between the hosts was found.",
            5010 => "The remote host knows no such connection.",
            5000..=5999 => "The connection ended for an unknown reason.",
            9999 => "There is no such connection.",
            _ => "The connection ended with an unknown reason number.",
        }
    }
}

impl From<u32> for EndReason {
    fn from(number: u32) -> Self {
        Self(number)
    }
}

impl From<EndReason> for u32 {
    fn from(reason: EndReason) -> Self {
        reason.0
    }
}

impl fmt::Display for EndReason {
    /// Number and name, as in `5003 misc_timeout`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0, self.name())
    }
}

impl fmt::Debug for EndReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EndReason({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn application_ranges() {
        for (number, app, exception) in
            [(0, false, false), (999, false, false), (1000, true, false), (1999, true, false)]
        {
            assert_eq!((EndReason(number).is_app(), EndReason(number).is_app_exception()), (app, exception));
        }
        for (number, app) in [(2000, true), (2999, true), (3000, false), (u32::MAX, false)] {
            assert_eq!((EndReason(number).is_app(), EndReason(number).is_app_exception()), (app, app));
        }
    }

    #[test]
    fn every_number_has_a_name_and_a_text() {
        for number in (0..11_000).chain([u32::MAX]) {
            assert!(!EndReason(number).name().is_empty());
            assert!(!EndReason(number).default_text().is_empty());
        }
        assert_eq!(EndReason::MISC_TIMEOUT.to_string(), "5003 misc_timeout");
        assert_eq!(format!("{:?}", EndReason(1234)), "EndReason(1234 app)");
    }
}
