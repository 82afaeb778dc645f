//! Every configuration value there is: number, names, type, scope, default, range.

use core::fmt;

use super::value::{ConfigValue, ConvertError, DataType};

/// What Godot names and C names have in front; neither is part of the names in the table.
pub const GODOT_PREFIX: &str = "NETWORKING_CONFIG_";
/// What C names have in front.
pub const API_PREFIX: &str = "k_ESteamNetworkingConfig_";

/// Where a value can be set, with the numbers of the C interface (protocol.md §7).
///
/// In the table only the two ends occur: `Global` for values of the whole process, `Connection` for values that every
/// scope can set and narrower scopes inherit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(i32)]
pub enum ScopeKind {
    /// The whole process.
    Global = 1,
    /// One sockets interface.
    SocketsInterface = 2,
    /// One listen socket and the connections that come in through it.
    ListenSocket = 3,
    /// One connection.
    Connection = 4,
}

impl ScopeKind {
    /// The number of the C interface, 1 to 4.
    pub const fn number(self) -> i32 {
        self as i32
    }
}

/// A number that names no scope.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0} is no scope of configuration values; they are 1 to 4")]
pub struct UnknownScope(pub i32);

impl TryFrom<i32> for ScopeKind {
    type Error = UnknownScope;

    fn try_from(number: i32) -> Result<Self, UnknownScope> {
        Ok(match number {
            1 => Self::Global,
            2 => Self::SocketsInterface,
            3 => Self::ListenSocket,
            4 => Self::Connection,
            _ => return Err(UnknownScope(number)),
        })
    }
}

impl fmt::Display for ScopeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Global => "global",
            Self::SocketsInterface => "interface",
            Self::ListenSocket => "listen socket",
            Self::Connection => "connection",
        })
    }
}

/// From when on a value of a connection is fixed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lock {
    /// It can be changed at any time.
    Never,
    /// Once the object exists: only options given at its creation count.
    Creation,
    /// Once the handshake of the connection has begun: for connections started here that is their creation, for
    /// incoming ones their acceptance.
    Handshake,
}

/// Whether a list of values for people to edit shows a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Listed {
    /// In every list.
    Always,
    /// In lists that include developer values.
    Dev,
    /// In no list: callbacks, and what only makes sense for one object.
    Never,
}

/// Type, default and range of a value.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Domain {
    /// A 32-bit integer in `min..=max`.
    Int32 {
        /// When nothing is set.
        default: i32,
        /// Smallest; less becomes this.
        min: i32,
        /// Largest; more becomes this.
        max: i32,
    },
    /// Any 64-bit integer.
    Int64 {
        /// When nothing is set.
        default: i64,
    },
    /// A number in `min..=max`.
    Float {
        /// When nothing is set.
        default: f32,
        /// Smallest; less becomes this.
        min: f32,
        /// Largest; more becomes this.
        max: f32,
    },
    /// Text; empty when nothing is set.
    String,
    /// A pointer; null when nothing is set.
    Ptr,
}

/// How a value may be used, beside its domain.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Rules {
    /// `Global`, or `Connection` for every scope.
    pub scope: ScopeKind,
    /// From when on it is fixed.
    pub lock: Lock,
    /// Computed: it cannot be set.
    pub read_only: bool,
    /// Whether lists show it.
    pub listed: Listed,
}

impl Rules {
    const fn of(scope: ScopeKind) -> Self {
        Self { scope, lock: Lock::Never, read_only: false, listed: Listed::Always }
    }

    const fn listed(self, listed: Listed) -> Self {
        Self { listed, ..self }
    }

    const fn locked(self, lock: Lock) -> Self {
        Self { lock, ..self }
    }

    const fn read_only(self) -> Self {
        Self { read_only: true, listed: Listed::Never, ..self }
    }
}

/// One row of the table.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ConfigInfo {
    /// The value.
    pub key: ConfigKey,
    /// Its name in the C interface, without [`API_PREFIX`].
    pub api_name: &'static str,
    /// Its name at the Godot surface, without [`GODOT_PREFIX`].
    pub godot_name: &'static str,
    /// Further spellings of the Godot name.
    pub aliases: &'static [&'static str],
    /// Type, default and range.
    pub domain: Domain,
    /// Scope and restrictions.
    pub rules: Rules,
    /// One line for people.
    pub doc: &'static str,
}

impl ConfigInfo {
    /// The type of the value.
    pub const fn data_type(&self) -> DataType {
        match self.domain {
            Domain::Int32 { .. } => DataType::Int32,
            Domain::Int64 { .. } => DataType::Int64,
            Domain::Float { .. } => DataType::Float,
            Domain::String => DataType::String,
            Domain::Ptr => DataType::Ptr,
        }
    }

    /// What counts when no scope sets the value.
    pub fn default_value(&self) -> ConfigValue {
        match self.domain {
            Domain::Int32 { default, .. } => ConfigValue::Int32(default),
            Domain::Int64 { default } => ConfigValue::Int64(default),
            Domain::Float { default, .. } => ConfigValue::Float(default),
            Domain::String => ConfigValue::text(""),
            Domain::Ptr => ConfigValue::Ptr(0),
        }
    }

    /// `value` as it would be stored: converted to the row's type and brought into its range.
    ///
    /// # Errors
    /// [`ConvertError`] if the types do not convert; being out of range is no error.
    pub fn fit(&self, value: &ConfigValue) -> Result<ConfigValue, ConvertError> {
        let value = value.convert(self.data_type())?;
        Ok(match (self.domain, value) {
            (Domain::Int32 { min, max, .. }, ConfigValue::Int32(v)) => {
                ConfigValue::Int32(v.max(min).min(max))
            }
            (Domain::Float { min, max, .. }, ConfigValue::Float(v)) => {
                ConfigValue::Float(v.max(min).min(max))
            }
            (_, value) => value,
        })
    }
}

/// A number or name that no configuration value has.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("there is no configuration value with the number {0}")]
pub struct UnknownKey(pub i32);

impl ConfigKey {
    /// The first value that a list for people shows after `self`, in the order of the numbers; `None` at the end.
    pub fn next_listed(self, include_dev: bool) -> Option<Self> {
        Self::listed(include_dev).find(|key| *key > self)
    }

    /// All values that a list for people shows, in the order of their numbers (protocol.md §7).
    pub fn listed(include_dev: bool) -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(move |key| match key.info().rules.listed {
            Listed::Always => true,
            Listed::Dev => include_dev,
            Listed::Never => false,
        })
    }

    /// The value with this name: of the C interface or the Godot surface, with or without prefix, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        let bare = [API_PREFIX, GODOT_PREFIX].iter().find_map(|prefix| {
            let head = name.get(..prefix.len())?;
            head.eq_ignore_ascii_case(prefix).then(|| name.get(prefix.len()..)).flatten()
        });
        let bare = bare.unwrap_or(name);
        Self::ALL.iter().copied().find(|key| {
            let info = key.info();
            let mut names = [info.api_name, info.godot_name].into_iter().chain(info.aliases.iter().copied());
            names.any(|n| n.eq_ignore_ascii_case(bare))
        })
    }
}

impl fmt::Display for ConfigKey {
    /// The name in the C interface, without prefix.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.info().api_name)
    }
}

const GLOBAL: Rules = Rules::of(ScopeKind::Global);
const GLOBAL_DEV: Rules = GLOBAL.listed(Listed::Dev);
const GLOBAL_PTR: Rules = GLOBAL.listed(Listed::Never);
const CONN: Rules = Rules::of(ScopeKind::Connection);
const CONN_UNLISTED: Rules = CONN.listed(Listed::Never);
const CONN_READ_ONLY: Rules = CONN.read_only();
const CONN_CREATION: Rules = CONN_UNLISTED.locked(Lock::Creation);
const CONN_LOCKED: Rules = CONN.locked(Lock::Handshake);
const CONN_LOCKED_DEV: Rules = CONN_LOCKED.listed(Listed::Dev);
const CONN_LOCKED_UNLISTED: Rules = CONN_LOCKED.listed(Listed::Never);

/// Largest size and rate of buffers and limits of connections.
const BIG: i32 = 0x1000_0000;
/// No upper limit.
const ANY: i32 = i32::MAX;

const fn int(default: i32, min: i32, max: i32) -> Domain {
    Domain::Int32 { default, min, max }
}

const fn float(default: f32, min: f32, max: f32) -> Domain {
    Domain::Float { default, min, max }
}

const PERCENT: Domain = float(0.0, 0.0, 100.0);
const DELAY_MS: Domain = int(0, 0, 5000);
const LOG_LEVEL: Domain = int(4, 2, 8);
const SERVERS: Domain = Domain::String;

macro_rules! config_values {
    ($($key:ident = $number:literal $api:literal $godot:literal $([$($alias:literal),+])? $rules:ident $domain:expr, $doc:literal;)+) => {
        /// A configuration value. The order is that of the numbers.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(i32)]
        pub enum ConfigKey {
            $(#[doc = $doc] $key = $number,)+
        }

        impl ConfigKey {
            /// All values in the order of their numbers.
            pub const ALL: &'static [Self] = &[$(Self::$key),+];

            /// The number of the C interface.
            pub const fn number(self) -> i32 {
                self as i32
            }

            /// The row of the table.
            pub const fn info(self) -> &'static ConfigInfo {
                match self {
                    $(Self::$key => {
                        const INFO: ConfigInfo = ConfigInfo {
                            key: ConfigKey::$key,
                            api_name: $api,
                            godot_name: $godot,
                            aliases: &[$($($alias),+)?],
                            domain: $domain,
                            rules: $rules,
                            doc: $doc,
                        };
                        &INFO
                    })+
                }
            }
        }

        impl TryFrom<i32> for ConfigKey {
            type Error = UnknownKey;

            fn try_from(number: i32) -> Result<Self, UnknownKey> {
                match number {
                    $($number => Ok(Self::$key),)+
                    _ => Err(UnknownKey(number)),
                }
            }
        }
    };
}

config_values! {
    FakePacketLossSend = 2 "FakePacketLoss_Send" "FAKE_PACKET_LOSS_SEND" GLOBAL PERCENT,
        "Percent of outgoing datagrams that get lost.";
    FakePacketLossRecv = 3 "FakePacketLoss_Recv" "FAKE_PACKET_LOSS_RECV" GLOBAL PERCENT,
        "Percent of incoming datagrams that get lost.";
    FakePacketLagSend = 4 "FakePacketLag_Send" "FAKE_PACKET_LAG_SEND" GLOBAL DELAY_MS,
        "Delay of every outgoing datagram, ms.";
    FakePacketLagRecv = 5 "FakePacketLag_Recv" "FAKE_PACKET_LAG_RECV" GLOBAL DELAY_MS,
        "Delay of every incoming datagram, ms.";
    FakePacketReorderSend = 6 "FakePacketReorder_Send" "FAKE_PACKET_REORDER_SEND" GLOBAL PERCENT,
        "Percent of outgoing datagrams delayed further, so that others overtake them.";
    FakePacketReorderRecv = 7 "FakePacketReorder_Recv" "FAKE_PACKET_REORDER_RECV" GLOBAL PERCENT,
        "Percent of incoming datagrams delayed further, so that others overtake them.";
    FakePacketReorderTime = 8 "FakePacketReorder_Time" "FAKE_PACKET_REORDER_TIME" GLOBAL int(15, 0, 5000),
        "The further delay of reordered datagrams in both directions, ms.";
    SendBufferSize = 9 "SendBufferSize" "SEND_BUFFER_SIZE" CONN int(512 * 1024, 4096, BIG),
        "Most bytes of messages that wait to be sent; beyond that sending is refused.";
    SendRateMin = 10 "SendRateMin" "SEND_RATE_MIN" CONN int(256 * 1024, 1024, BIG),
        "Lower limit of the send rate, bytes per second.";
    SendRateMax = 11 "SendRateMax" "SEND_RATE_MAX" CONN int(256 * 1024, 1024, BIG),
        "Upper limit of the send rate, bytes per second.";
    NagleTime = 12 "NagleTime" "NAGLE_TIME" CONN int(5000, 0, 20_000),
        "How long a small message waits for others to share a packet with, microseconds.";
    LogLevelAckRtt = 13 "LogLevel_AckRTT" "LOG_LEVEL_ACK_RTT" CONN LOG_LEVEL,
        "Log threshold for round-trip times.";
    LogLevelPacketDecode = 14 "LogLevel_PacketDecode" "LOG_LEVEL_PACKET_DECODE" CONN LOG_LEVEL,
        "Log threshold for the content of packets.";
    LogLevelMessage = 15 "LogLevel_Message" "LOG_LEVEL_MESSAGE" CONN LOG_LEVEL,
        "Log threshold for messages sent and received.";
    LogLevelPacketGaps = 16 "LogLevel_PacketGaps" "LOG_LEVEL_PACKET_GAPS" CONN LOG_LEVEL,
        "Log threshold for missing packets.";
    LogLevelP2pRendezvous = 17 "LogLevel_P2PRendezvous" "LOG_LEVEL_P2P_RENDEZVOUS" CONN LOG_LEVEL,
        "Log threshold for peer-to-peer rendezvous messages.";
    LogLevelSdrRelayPings = 18 "LogLevel_SDRRelayPings" "LOG_LEVEL_SRD_RELAY_PINGS" ["LOG_LEVEL_SDR_RELAY_PINGS"]
        GLOBAL LOG_LEVEL,
        "Log threshold for probes to relays.";
    SdrClientConsecutivePingTimeoutsFailInitial = 19 "SDRClient_ConsecutitivePingTimeoutsFailInitial"
        "SDR_CLIENT_CONSEC_PING_TIMEOUT_FAIL_INITIAL" GLOBAL int(2, 1, 100),
        "Lost probes in a row after which a relay port that never answered counts as dead.";
    SdrClientConsecutivePingTimeoutsFail = 20 "SDRClient_ConsecutitivePingTimeoutsFail"
        "SDR_CLIENT_CONSEC_PING_TIMEOUT_FAIL" GLOBAL int(4, 1, 100),
        "Lost probes in a row after which a relay port that answered before counts as dead.";
    SdrClientMinPingsBeforePingAccurate = 21 "SDRClient_MinPingsBeforePingAccurate"
        "SDR_CLIENT_MIN_PINGS_BEFORE_PING_ACCURATE" GLOBAL int(10, 1, 100),
        "Probes to a relay before its ping counts as known.";
    SdrClientSingleSocket = 22 "SDRClient_SingleSocket" "SDR_CLIENT_SINGLE_SOCKET" GLOBAL int(0, 0, 1),
        "1 to talk to all relays from one local port.";
    IpAllowWithoutAuth = 23 "IP_AllowWithoutAuth" "IP_ALLOW_WITHOUT_AUTH" CONN_LOCKED_DEV int(2, 0, 2),
        "Peers that prove nothing: 0 refused, 1 accepted with a warning, 2 accepted.";
    TimeoutInitial = 24 "TimeoutInitial" "TIMEOUT_INITIAL" CONN int(10_000, 0, ANY),
        "Longest wait for a connection to be made, ms.";
    TimeoutConnected = 25 "TimeoutConnected" "TIMEOUT_CONNECTED" CONN int(10_000, 0, ANY),
        "Silence of the peer after an unanswered probe that ends a connection, ms.";
    FakePacketDupSend = 26 "FakePacketDup_Send" "FAKE_PACKET_DUP_SEND" GLOBAL PERCENT,
        "Percent of outgoing datagrams sent twice.";
    FakePacketDupRecv = 27 "FakePacketDup_Recv" "FAKE_PACKET_DUP_REVC" ["FAKE_PACKET_DUP_RECV"] GLOBAL PERCENT,
        "Percent of incoming datagrams that arrive twice.";
    FakePacketDupTimeMax = 28 "FakePacketDup_TimeMax" "FAKE_PACKET_DUP_TIME_MAX" GLOBAL int(10, 0, 5000),
        "Longest delay of the second copy in both directions, ms.";
    SdrClientForceRelayCluster = 29 "SDRClient_ForceRelayCluster" "SDR_CLIENT_FORCE_RELAY_CLUSTER"
        GLOBAL Domain::String,
        "Code of the only relay location to use.";
    SdrClientDevTicket = 30 "SDRClient_DevTicket" "SDR_CLIENT_DEBUG_TICKET_ADDRESS" ["SDR_CLIENT_DEV_TICKET"]
        CONN_LOCKED Domain::String,
        "Base-64 ticket for a hosted server, for development.";
    SdrClientForceProxyAddr = 31 "SDRClient_ForceProxyAddr" "SDR_CLIENT_FORCE_PROXY_ADDR" GLOBAL SERVERS,
        "Relays to use in place of the configured ones: ip:port, separated by commas.";
    MtuPacketSize = 32 "MTU_PacketSize" "MTU_PACKET_SIZE" CONN int(1300, 200, 1300),
        "Largest UDP payload, bytes.";
    MtuDataSize = 33 "MTU_DataSize" "MTU_DATA_SIZE" CONN_READ_ONLY int(1200, 0, 1200),
        "Largest message that goes into one packet for certain, bytes; follows from MTU_PacketSize.";
    Unencrypted = 34 "Unencrypted" "UNENCRYPTED" CONN_LOCKED_DEV int(0, 0, 3),
        "Unencrypted packets: 0 never, 1 allowed, 2 preferred, 3 required.";
    SdrClientFakeClusterPing = 36 "SDRClient_FakeClusterPing" "SDR_CLIENT_FAKE_CLUSTER_PING"
        GLOBAL_DEV Domain::String,
        "Pretended pings to relay locations, as in sto=32,iad=100.";
    SymmetricConnect = 37 "SymmetricConnect" "SYMMETRIC_CONNECT" CONN_LOCKED_UNLISTED int(0, 0, 1),
        "1 if two peers that connect to each other shall end up with one connection; peer-to-peer only.";
    LocalVirtualPort = 38 "LocalVirtualPort" "LOCAL_VIRTUAL_PORT" CONN_CREATION int(-1, -1, ANY),
        "Local virtual port of a peer-to-peer connection; -1 for the same as the remote one.";
    DualWifiEnable = 39 "DualWifi_Enable" "DUAL_WIFI_ENABLE" CONN int(1, 0, 2),
        "Second wireless path: 0 no, 1 yes, 2 pretend; kept but without effect.";
    ConnectionUserData = 40 "ConnectionUserData" "CONNECTION_USER_DATA" CONN_UNLISTED Domain::Int64 { default: -1 },
        "The application's own number; bound to a connection at its creation.";
    PacketTraceMaxBytes = 41 "PacketTraceMaxBytes" "PACKET_TRACE_MAX_BYTES" GLOBAL int(-1, -1, 99_999),
        "Log every datagram with at most this many bytes; 0 without content, -1 not at all.";
    FakeRateLimitSendRate = 42 "FakeRateLimit_Send_Rate" "FAKE_RATE_LIMIT_SEND_RATE" GLOBAL int(0, 0, 1 << 30),
        "Most bytes per second that go out; 0 for no limit.";
    FakeRateLimitSendBurst = 43 "FakeRateLimit_Send_Burst" "FAKE_RATE_LIMIT_SEND_BURST"
        GLOBAL int(16_384, 0, 1 << 20),
        "Most bytes that go out at once under the limit.";
    FakeRateLimitRecvRate = 44 "FakeRateLimit_Recv_Rate" "FAKE_RATE_LIMIT_RECV_RATE" GLOBAL int(0, 0, 1 << 30),
        "Most bytes per second that come in; 0 for no limit.";
    FakeRateLimitRecvBurst = 45 "FakeRateLimit_Recv_Burst" "FAKE_RATE_LIMIT_RECV_BURST"
        GLOBAL int(16_384, 0, 1 << 20),
        "Most bytes that come in at once under the limit.";
    EnableDiagnosticsUi = 46 "EnableDiagnosticsUI" "ENABLE_DIAGNOSTICS_UI" CONN int(1, 0, 1),
        "1 to report to a diagnostics window of the platform; kept but without effect.";
    RecvBufferSize = 47 "RecvBufferSize" "RECV_BUFFER_SIZE" CONN int(1024 * 1024, 4096, BIG),
        "Most bytes of messages that wait to be read; beyond that packets are dropped.";
    RecvBufferMessages = 48 "RecvBufferMessages" "RECV_BUFFER_MESSAGES" CONN int(1000, 2, BIG),
        "Most messages that wait to be read; beyond that packets are dropped.";
    RecvMaxMessageSize = 49 "RecvMaxMessageSize" "RECV_MAX_MESSAGE_SIZE" CONN int(512 * 1024, 64, BIG),
        "Largest message taken in, bytes; a larger one ends the connection.";
    RecvMaxSegmentsPerPacket = 50 "RecvMaxSegmentsPerPacket" "RECV_MAX_SEGMENTS_PER_PACKET" CONN int(1300, 1, 1300),
        "Most message segments looked at in one packet.";
    OutOfOrderCorrectionWindow = 51 "OutOfOrderCorrectionWindowMicroseconds"
        "OUT_OF_ORDER_CORRECTION_WINDOW_MICROSECONDS" GLOBAL int(1000, 0, 50_000),
        "How long a packet may wait for one before it, microseconds.";
    IpLocalhostAllowWithoutAuth = 52 "IPLocalHost_AllowWithoutAuth" "IP_LOCALHOST_ALLOW_WITHOUT_AUTH"
        CONN_LOCKED int(2, 0, 2),
        "As IP_AllowWithoutAuth, for peers on this machine; the larger one counts.";
    FakePacketJitterSendAvg = 53 "FakePacketJitter_Send_Avg" "FAKE_PACKET_JITTER_SEND_AVG"
        GLOBAL float(0.0, 0.0, 2000.0),
        "Mean of the random delay of outgoing datagrams, ms; 0 for none.";
    FakePacketJitterSendMax = 54 "FakePacketJitter_Send_Max" "FAKE_PACKET_JITTER_SEND_MAX"
        GLOBAL float(100.0, 0.0, 5000.0),
        "Longest random delay of outgoing datagrams, ms.";
    FakePacketJitterSendPct = 55 "FakePacketJitter_Send_Pct" "FAKE_PACKET_JITTER_SEND_PCT"
        GLOBAL float(75.0, 0.0, 100.0),
        "Percent of outgoing datagrams with a random delay.";
    FakePacketJitterRecvAvg = 56 "FakePacketJitter_Recv_Avg" "FAKE_PACKET_JITTER_RECV_AVG"
        GLOBAL float(0.0, 0.0, 2000.0),
        "Mean of the random delay of incoming datagrams, ms; 0 for none.";
    FakePacketJitterRecvMax = 57 "FakePacketJitter_Recv_Max" "FAKE_PACKET_JITTER_RECV_MAX"
        GLOBAL float(100.0, 0.0, 5000.0),
        "Longest random delay of incoming datagrams, ms.";
    FakePacketJitterRecvPct = 58 "FakePacketJitter_Recv_Pct" "FAKE_PACKET_JITTER_RECV_PCT"
        GLOBAL float(75.0, 0.0, 100.0),
        "Percent of incoming datagrams with a random delay.";
    SendTimeSincePreviousPacket = 59 "SendTimeSincePreviousPacket" "SEND_TIME_SINCE_PREVIOUS_PACKET"
        CONN int(-1, -1, 1),
        "Time since the previous packet in every packet: 0 no, 1 yes, -1 only through relays.";
    SdrClientLimitPingProbesToNearestN = 60 "SDRClient_LimitPingProbesToNearestN"
        "SDR_CLIENT_LIMIT_PING_PROBES_TO_NEAREST_N" GLOBAL int(0, 0, 1000),
        "Probe only this many of the nearest relay locations; 0 for all.";
    P2pStunServerList = 103 "P2P_STUN_ServerList" "P2P_STUN_SERVER_LIST" CONN SERVERS,
        "STUN servers, host:port, separated by commas; without any, no way through NAT is looked for.";
    P2pTransportIceEnable = 104 "P2P_Transport_ICE_Enable" "P2P_TRANSPORT_ICE_ENABLE" CONN_LOCKED int(ANY, 0, ANY),
        "Kinds of addresses offered to peers: 1 relayed, 2 private, 4 public, 0x7fffffff all.";
    P2pTransportIcePenalty = 105 "P2P_Transport_ICE_Penalty" "P2P_TRANSPORT_ICE_PENALTY" CONN int(0, 0, ANY),
        "Added to the score of direct paths, ms.";
    P2pTransportSdrPenalty = 106 "P2P_Transport_SDR_Penalty" "P2P_TRANSPORT_SDR_PENALTY" CONN int(0, 0, ANY),
        "Added to the score of paths through our relays, ms.";
    P2pTurnServerList = 107 "P2P_TURN_ServerList" "P2P_TURN_SERVER_LIST" CONN SERVERS,
        "TURN servers, host:port, separated by commas.";
    P2pTurnUserList = 108 "P2P_TURN_UserList" "P2P_TURN_USER_LIST" CONN Domain::String,
        "User names for the TURN servers, in the same order.";
    P2pTurnPassList = 109 "P2P_TURN_PassList" "P2P_TURN_PASS_LIST" CONN Domain::String,
        "Passwords for the TURN servers, in the same order.";
    P2pTransportIceImplementation = 110 "P2P_Transport_ICE_Implementation" "P2P_TRANSPORT_ICE_IMPLEMENTATION"
        CONN_LOCKED int(0, 0, 2),
        "What finds direct paths: 0 any, 1 our own engine, 2 WebRTC.";
    CallbackConnectionStatusChanged = 201 "Callback_ConnectionStatusChanged" "CALLBACK_CONNECTION_STATUS_CHANGED"
        CONN_UNLISTED Domain::Ptr,
        "Called when the state of a connection changes.";
    CallbackAuthStatusChanged = 202 "Callback_AuthStatusChanged" "CALLBACK_AUTH_STATUS_CHANGED"
        GLOBAL_PTR Domain::Ptr,
        "Called when our readiness for authentication changes.";
    CallbackRelayNetworkStatusChanged = 203 "Callback_RelayNetworkStatusChanged"
        "CALLBACK_RELAY_NETWORK_STATUS_CHANGED" GLOBAL_PTR Domain::Ptr,
        "Called when the availability of relays changes.";
    CallbackMessagesSessionRequest = 204 "Callback_MessagesSessionRequest" "CALLBACK_MESSAGE_SESSION_REQUEST"
        GLOBAL_PTR Domain::Ptr,
        "Called when a peer wants a session of the messages interface.";
    CallbackMessagesSessionFailed = 205 "Callback_MessagesSessionFailed" "CALLBACK_MESSAGES_SESSION_FAILED"
        GLOBAL_PTR Domain::Ptr,
        "Called when a session of the messages interface breaks.";
    CallbackCreateConnectionSignaling = 206 "Callback_CreateConnectionSignaling"
        "CALLBACK_CREATE_CONNECTION_SIGNALING" GLOBAL_PTR Domain::Ptr,
        "Called to make the signaling of a peer-to-peer connection started here.";
    CallbackFakeIpResult = 207 "Callback_FakeIPResult" "CALLBACK_FAKE_IP_RESULT" GLOBAL_PTR Domain::Ptr,
        "Called when a request for a fake address is answered.";
    SdrClientEnableTosProbes = 998 "SDRClient_EnableTOSProbes" "SDR_CLIENT_ENABLE_TOS_PROBES" GLOBAL int(0, 0, 1),
        "1 to find out whether the way to relays changes the service class of packets.";
    Ecn = 999 "ECN" "ECN" GLOBAL int(-1, -1, 2),
        "Congestion marking of outgoing packets: 0 to 2, or -1 to decide by the network.";
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use std::collections::BTreeSet;

    fn facts() -> Value {
        serde_json::from_str(include_str!("../../../../testdata/config/values.json")).unwrap()
    }

    fn text<'a>(row: &'a Value, field: &str) -> &'a str {
        row[field].as_str().unwrap_or_else(|| panic!("{field} of {row}"))
    }

    #[test]
    fn the_table_is_the_published_one() {
        let facts = facts();
        let rows = facts["values"].as_array().unwrap();
        assert_eq!(rows.len(), ConfigKey::ALL.len());
        for (row, key) in rows.iter().zip(ConfigKey::ALL) {
            let info = key.info();
            assert_eq!(row["number"].as_i64(), Some(i64::from(key.number())), "{row}");
            assert_eq!(text(row, "api_name"), info.api_name);
            assert_eq!(text(row, "godot_name"), info.godot_name);
            assert_eq!(row["aliases"], serde_json::json!(info.aliases), "{row}");
            assert_eq!(text(row, "type"), info.data_type().to_string());
            assert_eq!(text(row, "scope"), info.rules.scope.to_string(), "{row}");
            assert_eq!(text(row, "lock"), format!("{:?}", info.rules.lock).to_lowercase(), "{row}");
            assert_eq!(text(row, "listed"), format!("{:?}", info.rules.listed).to_lowercase(), "{row}");
            assert_eq!(row["read_only"].as_bool(), Some(info.rules.read_only), "{row}");
            let (default, range) = match info.domain {
                Domain::Int32 { default, min, max } => {
                    (f64::from(default), Some((f64::from(min), f64::from(max))))
                }
                Domain::Float { default, min, max } => {
                    (f64::from(default), Some((f64::from(min), f64::from(max))))
                }
                Domain::Int64 { default } => (default as f64, None),
                Domain::String => {
                    assert_eq!(text(row, "default"), "");
                    continue;
                }
                Domain::Ptr => (0.0, None),
            };
            assert_eq!(row["default"].as_f64(), Some(default), "{row}");
            assert_eq!(row["min"].as_f64(), range.map(|r| r.0), "{row}");
            assert_eq!(row["max"].as_f64(), range.map(|r| r.1), "{row}");
        }
    }

    #[test]
    fn numbers_that_are_no_values_are_refused() {
        let facts = facts();
        let others = facts["not_values"].as_array().unwrap();
        assert_eq!(others.len() + ConfigKey::ALL.len(), 78);
        for row in others {
            let number = i32::try_from(row["number"].as_i64().unwrap()).unwrap();
            assert_eq!(ConfigKey::try_from(number), Err(UnknownKey(number)));
        }
        let known: BTreeSet<_> = ConfigKey::ALL.iter().map(|k| k.number()).collect();
        for number in (-10..2000).chain([i32::MIN, i32::MAX]) {
            assert_eq!(ConfigKey::try_from(number).ok().map(ConfigKey::number), known.get(&number).copied());
        }
    }

    #[test]
    fn rows_are_sorted_sound_and_in_our_words() {
        assert!(ConfigKey::ALL.windows(2).all(|w| w[0] < w[1] && w[0].number() < w[1].number()));
        for key in ConfigKey::ALL {
            let info = key.info();
            assert_eq!(info.key, *key);
            assert!(matches!(info.rules.scope, ScopeKind::Global | ScopeKind::Connection));
            assert!(info.rules.lock == Lock::Never || info.rules.scope == ScopeKind::Connection);
            assert!(info.doc.ends_with('.') && info.doc.len() < 110, "{key}");
            assert_eq!(info.default_value().data_type(), info.data_type());
            assert_eq!(
                info.fit(&info.default_value()),
                Ok(info.default_value()),
                "default of {key} out of range"
            );
            assert!(info.data_type() != DataType::Ptr || info.rules.listed == Listed::Never);
        }
    }

    #[test]
    fn every_name_leads_to_its_row() {
        for key in ConfigKey::ALL {
            let info = key.info();
            for name in [info.api_name, info.godot_name].iter().chain(info.aliases) {
                assert_eq!(ConfigKey::from_name(name), Some(*key), "{name}");
            }
            assert_eq!(ConfigKey::from_name(&format!("{API_PREFIX}{}", info.api_name)), Some(*key));
            let godot = format!("{GODOT_PREFIX}{}", info.godot_name).to_lowercase();
            assert_eq!(ConfigKey::from_name(&godot), Some(*key));
        }
        for name in ["", "NoSuchThing", GODOT_PREFIX, "k_ESteamNetworkingConfig_é", "ééééééééééééééééé"]
        {
            assert_eq!(ConfigKey::from_name(name), None, "{name}");
        }
    }

    #[test]
    fn lists_leave_out_what_people_should_not_edit() {
        let plain: Vec<_> = ConfigKey::listed(false).collect();
        let dev: Vec<_> = ConfigKey::listed(true).collect();
        let extra: Vec<_> = dev.iter().filter(|k| !plain.contains(k)).map(|k| k.number()).collect();
        assert_eq!(extra, [23, 34, 36]);
        let hidden: Vec<_> = ConfigKey::ALL.iter().filter(|k| !dev.contains(k)).map(|k| k.number()).collect();
        assert_eq!(hidden, [33, 37, 38, 40, 201, 202, 203, 204, 205, 206, 207]);
        let mut walked = vec![plain[0]];
        while let Some(next) = walked[walked.len() - 1].next_listed(false) {
            walked.push(next);
        }
        assert_eq!(walked, plain);
    }

    #[test]
    fn values_are_brought_into_range() {
        let fit = |key: ConfigKey, v: ConfigValue| key.info().fit(&v);
        use ConfigValue::{Float, Int32, Int64};
        assert_eq!(fit(ConfigKey::NagleTime, Int32(-5)), Ok(Int32(0)));
        assert_eq!(fit(ConfigKey::NagleTime, Int64(1_000_000)), Ok(Int32(20_000)));
        assert_eq!(fit(ConfigKey::NagleTime, ConfigValue::text("77us")), Ok(Int32(77)));
        assert_eq!(fit(ConfigKey::FakePacketLossSend, Float(f32::INFINITY)), Ok(Float(100.0)));
        assert_eq!(fit(ConfigKey::FakePacketLossSend, Int32(-1)), Ok(Float(0.0)));
        assert_eq!(fit(ConfigKey::ConnectionUserData, Int64(i64::MIN)), Ok(Int64(i64::MIN)));
        assert_eq!(fit(ConfigKey::NagleTime, Int64(1 << 40)), Err(ConvertError::DoesNotFit(1 << 40)));
    }

    #[test]
    fn scopes_have_the_numbers_of_the_interface() {
        for number in -1..7 {
            assert_eq!(
                ScopeKind::try_from(number).map(ScopeKind::number).ok(),
                (1..=4).contains(&number).then_some(number)
            );
        }
    }
}
