//! Settings as the rest of the library uses them: plain numbers.

use gamesockets_proto::config::ConnConfig;

use super::table::ConfigKey;
use super::tree::{Chain, ConfigTree, GetError, Scope};
use crate::fakenet::{DirectionConfig, FakeNetConfig, RATE_QUEUE_BYTES};

impl ConfigTree {
    /// Every numeric setting of a connection, or those that a new one would inherit from another scope.
    ///
    /// # Errors
    /// [`GetError::BadScopeObject`] if the object does not exist.
    pub fn resolve_conn(&self, scope: Scope) -> Result<ConnConfig, GetError> {
        let chain = self.chain(scope).ok_or(GetError::BadScopeObject { scope })?;
        let int = |key| self.int(chain, scope, key);
        Ok(ConnConfig {
            timeout_initial_ms: int(ConfigKey::TimeoutInitial),
            timeout_connected_ms: int(ConfigKey::TimeoutConnected),
            send_buffer_size: int(ConfigKey::SendBufferSize),
            recv_buffer_size: int(ConfigKey::RecvBufferSize),
            recv_buffer_messages: int(ConfigKey::RecvBufferMessages),
            recv_max_message_size: int(ConfigKey::RecvMaxMessageSize),
            recv_max_segments_per_packet: int(ConfigKey::RecvMaxSegmentsPerPacket),
            user_data: self.look_up(chain, scope, ConfigKey::ConnectionUserData).value.as_i64().unwrap_or(-1),
            send_rate_min: int(ConfigKey::SendRateMin),
            send_rate_max: int(ConfigKey::SendRateMax),
            nagle_us: int(ConfigKey::NagleTime),
            mtu_packet_size: int(ConfigKey::MtuPacketSize),
            ip_allow_without_auth: int(ConfigKey::IpAllowWithoutAuth),
            ip_localhost_allow_without_auth: int(ConfigKey::IpLocalhostAllowWithoutAuth),
            unencrypted: int(ConfigKey::Unencrypted),
            symmetric_connect: int(ConfigKey::SymmetricConnect),
            local_virtual_port: int(ConfigKey::LocalVirtualPort),
            send_time_since_previous: int(ConfigKey::SendTimeSincePreviousPacket),
            ice_enable: int(ConfigKey::P2pTransportIceEnable),
            ice_penalty: int(ConfigKey::P2pTransportIcePenalty),
            sdr_penalty: int(ConfigKey::P2pTransportSdrPenalty),
            ice_implementation: int(ConfigKey::P2pTransportIceImplementation),
            log_level_ack_rtt: int(ConfigKey::LogLevelAckRtt),
            log_level_packet_decode: int(ConfigKey::LogLevelPacketDecode),
            log_level_message: int(ConfigKey::LogLevelMessage),
            log_level_packet_gaps: int(ConfigKey::LogLevelPacketGaps),
            log_level_p2p_rendezvous: int(ConfigKey::LogLevelP2pRendezvous),
        })
    }

    /// The simulated network.
    pub fn resolve_fakenet(&self) -> FakeNetConfig {
        let send = DirectionConfig {
            loss_pct: self.global_float(ConfigKey::FakePacketLossSend),
            lag_ms: self.global_int(ConfigKey::FakePacketLagSend),
            reorder_pct: self.global_float(ConfigKey::FakePacketReorderSend),
            reorder_ms: self.global_int(ConfigKey::FakePacketReorderTime),
            dup_pct: self.global_float(ConfigKey::FakePacketDupSend),
            dup_max_ms: self.global_int(ConfigKey::FakePacketDupTimeMax),
            jitter_avg_ms: self.global_float(ConfigKey::FakePacketJitterSendAvg),
            jitter_max_ms: self.global_float(ConfigKey::FakePacketJitterSendMax),
            jitter_pct: self.global_float(ConfigKey::FakePacketJitterSendPct),
            rate: self.global_int(ConfigKey::FakeRateLimitSendRate),
            burst: self.global_int(ConfigKey::FakeRateLimitSendBurst),
            rate_queue_bytes: RATE_QUEUE_BYTES,
        };
        let recv = DirectionConfig {
            loss_pct: self.global_float(ConfigKey::FakePacketLossRecv),
            lag_ms: self.global_int(ConfigKey::FakePacketLagRecv),
            reorder_pct: self.global_float(ConfigKey::FakePacketReorderRecv),
            dup_pct: self.global_float(ConfigKey::FakePacketDupRecv),
            jitter_avg_ms: self.global_float(ConfigKey::FakePacketJitterRecvAvg),
            jitter_max_ms: self.global_float(ConfigKey::FakePacketJitterRecvMax),
            jitter_pct: self.global_float(ConfigKey::FakePacketJitterRecvPct),
            rate: self.global_int(ConfigKey::FakeRateLimitRecvRate),
            burst: self.global_int(ConfigKey::FakeRateLimitRecvBurst),
            ..send
        };
        FakeNetConfig { send, recv }
    }

    /// A 32-bit value of the process; for values that have no place in a resolved structure. 0 for other types.
    pub fn global_int(&self, key: ConfigKey) -> i32 {
        self.get(Scope::Global, key).ok().and_then(|v| v.value.as_i32()).unwrap_or(0)
    }

    fn global_float(&self, key: ConfigKey) -> f32 {
        self.get(Scope::Global, key).ok().and_then(|v| v.value.as_f32()).unwrap_or(0.0)
    }

    fn int(&self, chain: Chain<'_>, scope: Scope, key: ConfigKey) -> i32 {
        self.look_up(chain, scope, key).value.as_i32().unwrap_or(0)
    }
}
