//! The settings of one connection, resolved to plain numbers.
//!
//! Where a setting comes from (global, interface, listen socket, connection) and how it is checked is not known
//! here: the configuration tree of the endpoint crate resolves it and hands the result over.

/// Bytes between the largest datagram and the message size that is promised to fit into one packet
/// (protocol.md §1.1, §7).
pub const MTU_DATA_RESERVE: i32 = 100;

/// Every numeric setting that a connection obeys; the default is the table of protocol.md §7.
///
/// Values made by the configuration tree are inside the ranges given here. The types are those of the
/// configuration interface, so that nothing is lost between the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConnConfig {
    /// Longest wait in Connecting and in FindingRoute, each; milliseconds, from 0.
    pub timeout_initial_ms: i32,
    /// Silence after the first unanswered probe that ends a connection; milliseconds, from 0.
    pub timeout_connected_ms: i32,
    /// Most bytes of messages that wait to be sent; 4096 to 2^28.
    pub send_buffer_size: i32,
    /// Most bytes of messages that wait to be read; 4096 to 2^28.
    pub recv_buffer_size: i32,
    /// Most messages that wait to be read; 2 to 2^28.
    pub recv_buffer_messages: i32,
    /// Largest message taken in, bytes; 64 to 2^28. A larger one ends the connection.
    pub recv_max_message_size: i32,
    /// Most message segments looked at in one packet; 1 to 1300.
    pub recv_max_segments_per_packet: i32,
    /// The application's number for the connection; -1 if it gave none.
    pub user_data: i64,
    /// Lower limit of the send rate, bytes per second; 1024 to 2^28.
    pub send_rate_min: i32,
    /// Upper limit of the send rate, bytes per second; 1024 to 2^28.
    pub send_rate_max: i32,
    /// How long a small message waits for company; microseconds, 0 to 20000.
    pub nagle_us: i32,
    /// Largest UDP payload; bytes, 200 to 1300.
    pub mtu_packet_size: i32,
    /// Whether peers must prove who they are: 0 yes, 1 try and warn, 2 no (protocol.md §2.9).
    pub ip_allow_without_auth: i32,
    /// The same for peers on this machine; the larger of the two counts for them.
    pub ip_localhost_allow_without_auth: i32,
    /// Unencrypted packets: 0 never, 1 allowed, 2 preferred, 3 required (protocol.md §2.5).
    pub unencrypted: i32,
    /// 1 if both peers may connect to each other at once and end up with one connection (protocol.md §4.9).
    pub symmetric_connect: i32,
    /// Local virtual port of a peer-to-peer connection; -1 if not chosen.
    pub local_virtual_port: i32,
    /// Time since the previous packet in every data packet: 0 no, 1 yes, -1 as the kind of connection does.
    pub send_time_since_previous: i32,
    /// Kinds of direct paths offered to peers: 1 via relay, 2 private, 4 public addresses; 0x7fffffff all.
    pub ice_enable: i32,
    /// Milliseconds added to the score of direct paths, from 0.
    pub ice_penalty: i32,
    /// Milliseconds added to the score of relayed paths, from 0.
    pub sdr_penalty: i32,
    /// Which engine finds direct paths: 0 any, 1 native, 2 WebRTC.
    pub ice_implementation: i32,
    /// Log threshold for round-trip times, 2 to 8; likewise for the following ones.
    pub log_level_ack_rtt: i32,
    /// Log threshold for the content of packets.
    pub log_level_packet_decode: i32,
    /// Log threshold for messages.
    pub log_level_message: i32,
    /// Log threshold for missing packets.
    pub log_level_packet_gaps: i32,
    /// Log threshold for peer-to-peer rendezvous.
    pub log_level_p2p_rendezvous: i32,
}

impl ConnConfig {
    /// What `MTU_DataSize` reports, bytes: messages up to this size go into one packet.
    pub const fn mtu_data_size(&self) -> i32 {
        let size = self.mtu_packet_size.saturating_sub(MTU_DATA_RESERVE);
        if size < 0 { 0 } else { size }
    }

    /// The authentication rule for a peer, 0 to 2, by whether it is on this machine (protocol.md §2.9).
    pub const fn allow_without_auth(&self, peer_is_local: bool) -> i32 {
        if peer_is_local && self.ip_localhost_allow_without_auth > self.ip_allow_without_auth {
            self.ip_localhost_allow_without_auth
        } else {
            self.ip_allow_without_auth
        }
    }
}

impl Default for ConnConfig {
    fn default() -> Self {
        const LOG_WARNINGS: i32 = 4;
        Self {
            timeout_initial_ms: 10_000,
            timeout_connected_ms: 10_000,
            send_buffer_size: 512 * 1024,
            recv_buffer_size: 1024 * 1024,
            recv_buffer_messages: 1000,
            recv_max_message_size: 512 * 1024,
            recv_max_segments_per_packet: 1300,
            user_data: -1,
            send_rate_min: 256 * 1024,
            send_rate_max: 256 * 1024,
            nagle_us: 5000,
            mtu_packet_size: 1300,
            ip_allow_without_auth: 2,
            ip_localhost_allow_without_auth: 2,
            unencrypted: 0,
            symmetric_connect: 0,
            local_virtual_port: -1,
            send_time_since_previous: -1,
            ice_enable: i32::MAX,
            ice_penalty: 0,
            sdr_penalty: 0,
            ice_implementation: 0,
            log_level_ack_rtt: LOG_WARNINGS,
            log_level_packet_decode: LOG_WARNINGS,
            log_level_message: LOG_WARNINGS,
            log_level_packet_gaps: LOG_WARNINGS,
            log_level_p2p_rendezvous: LOG_WARNINGS,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_larger_rule_counts_on_this_machine() {
        let config =
            ConnConfig { ip_allow_without_auth: 0, ip_localhost_allow_without_auth: 2, ..Default::default() };
        assert_eq!((config.allow_without_auth(true), config.allow_without_auth(false)), (2, 0));
        let config =
            ConnConfig { ip_allow_without_auth: 2, ip_localhost_allow_without_auth: 1, ..Default::default() };
        assert_eq!((config.allow_without_auth(true), config.allow_without_auth(false)), (2, 2));
    }

    #[test]
    fn the_data_size_follows_the_packet_size() {
        assert_eq!(ConnConfig::default().mtu_data_size(), 1200);
        assert_eq!(ConnConfig { mtu_packet_size: 50, ..Default::default() }.mtu_data_size(), 0);
    }
}
