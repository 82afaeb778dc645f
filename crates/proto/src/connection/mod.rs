//! One connection: takes datagrams, time and messages in; gives datagrams, messages and state changes out.
//!
//! The owner calls, in any order and as often as it likes:
//!
//! * inputs: [`Connection::handle_datagram`], [`Connection::handle_timeout`], [`Connection::absorb`] and the other
//!   commands of the application;
//! * outputs: [`Connection::poll_transmit`] until it gives nothing, [`Connection::take_messages`],
//!   [`Connection::poll_change`];
//! * then [`Connection::poll_timeout`] tells when to call `handle_timeout`, unless something comes in before.
//!
//! A connection never sees where its packets go: addresses belong to its owner.

mod client;
mod input;
mod output;
mod pair;
mod server;
mod state;
mod status;
mod timers;

pub use output::Burst;
pub use server::AcceptError;
pub use state::{ConnectionState, End, StateChange};
pub use status::{LaneStatus, RealTimeStatus};
pub use timers::TimerReason;

use crate::config::ConnConfig;
use crate::handshake::{
    Cipher, Keys, LocalHello, PeerHello, VERSION_COUNTS_HANDSHAKE, VERSION_LANES, cipher_list,
};
use crate::limits::{AHEAD_BYTES_MAX, AHEAD_BYTES_MIN, SEND_RATE_TOP, SEND_RATE_UNLIMITED};
use crate::message::{Gauges, Message};
use crate::rate::{Pacer, RateController, SelectedRate};
use crate::snp::recv::{Receiver, RecvLimits};
use crate::snp::send::{LaneConfig, Outbox, SendLimits, Sender};
use crate::stats::{LinkStats, Liveness, PingTracker, Rtt};
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use client::{ClientHandshake, HandshakeRef};
use core::time::Duration;
use gamesockets_crypto::cert::{LocalCertificate, TrustStore};
use gamesockets_crypto::rng::Rng;
use gamesockets_wire::identity::Identity;
use gamesockets_wire::msg;
use gamesockets_wire::reason::EndReason;
use gamesockets_wire::time::Timestamp;
use server::ServerHandshake;
use state::Phase;

/// A direction without packets for this long gives back the memory that only a busy one needs.
const QUIET: Duration = Duration::from_secs(1);

/// Which end of the handshake a connection is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// It was initiated here.
    Client,
    /// It was initiated by the peer and accepted here.
    Server,
    /// One end of a socket pair: there was no handshake.
    Paired,
}

/// What a connection borrows from its surroundings while it works.
#[derive(Debug)]
pub struct Env<'a> {
    /// Who vouches for certificates.
    pub trust: &'a TrustStore,
    /// Our application id.
    pub app_id: u32,
    /// Wall clock, seconds since 1970.
    pub unix_now: u64,
    /// Whether a peer's certificate that nobody vouches for is enough, for this connection.
    pub allow_unsigned: bool,
    /// Where random numbers come from.
    pub rng: &'a mut Rng,
}

/// What a new connection is made of.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Our id of the connection on the wire; both halves nonzero.
    pub local_id: u32,
    /// The certificate we show.
    pub cert: Arc<LocalCertificate>,
    /// Settings.
    pub config: Arc<ConnConfig>,
    /// Figures shared with the application's side.
    pub gauges: Arc<Gauges>,
}

/// Why a datagram was dropped without effect on the connection.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Drop {
    /// It cannot be read.
    Malformed,
    /// A data packet for another connection id.
    WrongConnectionId(u32),
    /// A data packet before there are keys.
    NoKeys,
    /// A packet number received before.
    Duplicate,
    /// A packet number too far behind.
    TooOld,
    /// It does not open with our key.
    BadTag,
    /// It acknowledges a packet that was never sent.
    AckOfUnsent,
    /// A handshake message that does not fit the connection's state or ids.
    Unexpected,
    /// A handshake message with an identity that cannot be used.
    UnusableIdentity,
    /// The connection is over.
    Closed,
}

/// The handshake message that waits to be sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum HandshakePart {
    Challenge,
    Request,
    Ok,
}

#[derive(Debug, Default)]
enum Handshake {
    #[default]
    Done,
    Client(Box<ClientHandshake>),
    Server(Box<ServerHandshake>),
}

impl Handshake {
    fn as_client(&mut self) -> HandshakeRef<'_> {
        match self {
            Self::Client(hs) => HandshakeRef::Client(hs),
            _ => HandshakeRef::Other,
        }
    }
}

/// Messages outside the data stream that wait to be sent.
#[derive(Debug, Default)]
struct Outgoing {
    handshake: Option<HandshakePart>,
    closed: bool,
    no_connection: Option<msg::NoConnection>,
}

/// When and how often to acknowledge.
#[derive(Debug, Default)]
struct AckState {
    due: Option<Timestamp>,
    /// Packets with reliable data since the last acknowledgement was sent.
    unreported: u32,
    /// In how many further packets the acknowledgement rides along, against loss.
    repeat: u8,
}

/// One connection.
#[derive(Debug)]
pub struct Connection {
    role: Role,
    phase: Phase,
    since: Timestamp,
    created_at: Timestamp,
    local_id: u32,
    remote_id: u32,
    local_cert: Arc<LocalCertificate>,
    remote_identity: Identity,
    authenticated: bool,
    encrypted: bool,
    peer_version: u32,
    config: Arc<ConnConfig>,
    gauges: Arc<Gauges>,
    keys: Option<Box<Keys>>,
    handshake: Handshake,
    sender: Sender,
    receiver: Receiver,
    pacer: Pacer,
    rate: Box<dyn RateController>,
    ping: PingTracker,
    rtt: Rtt,
    stats: LinkStats,
    liveness: Liveness,
    ack: AckState,
    last_sent_at: Option<Timestamp>,
    outgoing: Outgoing,
    straggler_answered_at: Option<Timestamp>,
    unblock_tried_at: Timestamp,
    changes: VecDeque<StateChange>,
    end: Option<Box<End>>,
}

impl Connection {
    fn new(now: Timestamp, role: Role, setup: Setup) -> Self {
        let Setup { local_id, cert, config, gauges } = setup;
        let (min, max) = rate_limits(&config);
        let rate = Box::new(SelectedRate::new(now, min, max, u64::from(local_id)));
        let mut c = Self {
            role,
            phase: Phase::Connecting,
            since: now,
            created_at: now,
            local_id,
            remote_id: 0,
            local_cert: cert,
            remote_identity: Identity::Invalid,
            authenticated: false,
            encrypted: false,
            peer_version: 0,
            config,
            sender: Sender::new(gauges.clone()),
            receiver: Receiver::new(gauges.clone()),
            gauges,
            keys: None,
            handshake: Handshake::Done,
            pacer: Pacer::new(now),
            rate,
            ping: PingTracker::new(),
            rtt: Rtt::new(),
            stats: LinkStats::new(now),
            liveness: Liveness::new(now),
            ack: AckState::default(),
            last_sent_at: None,
            outgoing: Outgoing::default(),
            straggler_answered_at: None,
            unblock_tried_at: now,
            changes: VecDeque::new(),
            end: None,
        };
        c.changes.push_back(StateChange { old: ConnectionState::None, new: ConnectionState::Connecting });
        c.publish_rate();
        c
    }

    /// A connection that starts its handshake with the next transmission.
    pub fn outgoing(env: &mut Env<'_>, now: Timestamp, setup: Setup) -> Self {
        let ciphers = cipher_list(setup.config.unencrypted);
        let hello = LocalHello::new(setup.cert.clone(), ciphers, keeps_ahead(&setup.config), env.rng);
        let mut c = Self::new(now, Role::Client, setup);
        c.handshake = Handshake::Client(Box::new(ClientHandshake::new(now, hello)));
        c.outgoing.handshake = Some(HandshakePart::Challenge);
        c
    }

    /// Keys are known: data may flow.
    fn establish(&mut self, now: Timestamp, keys: Keys, cipher: Cipher, peer: &PeerHello) {
        self.keys = Some(Box::new(keys));
        self.encrypted = cipher != Cipher::Null;
        self.authenticated = peer.authenticated;
        self.peer_version = peer.version;
        if let Some(bytes) = peer.keeps_ahead {
            self.sender.set_peer_keeps(bytes);
            self.receiver.numbers.allow_partial_acks();
        }
        if peer.version < VERSION_COUNTS_HANDSHAKE {
            self.sender.count_from_one();
            self.receiver.numbers.start_with_first();
        }
        if self.role == Role::Client {
            self.handshake = Handshake::Done;
        }
        self.outgoing.handshake = None;
        let liveness = Liveness::new(now);
        self.liveness = if self.role == Role::Server { liveness.yielding() } else { liveness };
        self.stats.on_connected(now);
        self.enter(now, Phase::Connected);
    }

    /// Our id on the wire.
    pub const fn local_id(&self) -> u32 {
        self.local_id
    }

    /// The peer's id on the wire; 0 while unknown.
    pub const fn remote_id(&self) -> u32 {
        self.remote_id
    }

    /// Whether the connection was initiated here.
    pub fn initiated(&self) -> bool {
        self.role == Role::Client
    }

    /// Who the peer is; invalid while unknown.
    pub const fn remote_identity(&self) -> &Identity {
        &self.remote_identity
    }

    /// Whether an authority vouches for the peer's identity.
    pub const fn is_authenticated(&self) -> bool {
        self.authenticated
    }

    /// Whether packets are encrypted; false also before the handshake is done.
    pub const fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// State as the application sees it.
    pub const fn state(&self) -> ConnectionState {
        self.phase.api()
    }

    /// Whether nothing is left to do: the owner may drop the connection.
    pub fn is_dead(&self) -> bool {
        self.phase == Phase::Dead && self.changes.is_empty()
    }

    /// How the connection ended, if it did.
    pub fn end(&self) -> Option<&End> {
        self.end.as_deref()
    }

    /// When the connection was made.
    pub const fn created_at(&self) -> Timestamp {
        self.created_at
    }

    /// The settings in force.
    pub const fn config(&self) -> &Arc<ConnConfig> {
        &self.config
    }

    /// Figures shared with the application's side.
    pub const fn gauges(&self) -> &Arc<Gauges> {
        &self.gauges
    }

    /// The next change of the state that the application sees.
    pub fn poll_change(&mut self) -> Option<StateChange> {
        self.changes.pop_front()
    }

    /// Replaces the settings; those that shaped the handshake keep their effect.
    pub fn set_config(&mut self, now: Timestamp, config: Arc<ConnConfig>) {
        let (min, max) = rate_limits(&config);
        self.rate.set_limits(now, min, max);
        self.config = config;
        self.publish_rate();
    }

    /// Takes over what the application staged. Dropped when the connection is over.
    pub fn absorb(&mut self, outbox: &mut Outbox) {
        self.sender.absorb(outbox);
        if self.phase.is_closed() || self.phase == Phase::Linger && !self.sender.reliable_outstanding() {
            self.sender.clear();
        }
    }

    /// Lets all waiting messages go at once.
    pub fn flush(&mut self) {
        self.sender.release();
    }

    /// Sets number, priorities and weights of the lanes we send on.
    ///
    /// # Errors
    /// The peer's protocol version knows no lanes. The connection ended with it.
    pub fn configure_lanes(
        &mut self,
        now: Timestamp,
        lanes: &[LaneConfig],
    ) -> Result<(), crate::handshake::HandshakeError> {
        self.sender.configure_lanes(lanes);
        if lanes.len() > 1 && self.keys.is_some() && self.peer_version < VERSION_LANES {
            let e = crate::handshake::HandshakeError::NoLanes(self.peer_version);
            self.fail(now, e.reason(), &alloc::format!("{e}"));
            return Err(e);
        }
        Ok(())
    }

    /// How many lanes we send on.
    pub fn lane_count(&self) -> usize {
        self.sender.lane_count()
    }

    /// Moves all messages that arrived to the end of `out`. Returns whether there were any.
    pub fn take_messages(&mut self, out: &mut Vec<Message>) -> bool {
        let any = !self.receiver.inbox.is_empty();
        self.receiver.inbox.take(out);
        any
    }

    /// Whether messages wait to be taken.
    pub fn has_messages(&self) -> bool {
        !self.receiver.inbox.is_empty()
    }

    /// What the outbox has to know about the connection.
    pub fn send_limits(&self) -> SendLimits {
        use core::sync::atomic::Ordering::Relaxed;
        SendLimits {
            message_bytes_max: crate::limits::MESSAGE_BYTES_MAX,
            buffer_bytes_max: self.config.send_buffer_size as u64,
            nagle_us: self.config.nagle_us as u64,
            connected: self.phase == Phase::Connected,
            engine_pending: self.gauges.send_pending.load(Relaxed),
            rate: self.rate.estimate(),
        }
    }

    fn recv_limits(&self) -> RecvLimits {
        RecvLimits {
            ahead_bytes: keeps_ahead(&self.config),
            unread_bytes_max: self.config.recv_buffer_size as u64,
            buffer_messages: self.config.recv_buffer_messages as u32,
            message_bytes_max: self.config.recv_max_message_size as usize,
            segments_per_packet: self.config.recv_max_segments_per_packet as u32,
            accept_unreliable: self.phase == Phase::Connected,
            discard_reliable: self.phase == Phase::Linger,
        }
    }

    fn take_rtt(&mut self, now: Timestamp, rtt_us: u64, delay_us: u64) {
        self.ping.on_sample(now, (rtt_us / 1000) as i64);
        self.rtt.on_sample(now, rtt_us, delay_us);
        if let Some(us) = self.rtt.smoothed_us() {
            self.rate.on_ping(now, u64::from(us));
        }
        self.publish_rate();
    }

    fn publish_rate(&self) {
        let rate = u32::try_from(self.rate.estimate()).unwrap_or(u32::MAX);
        self.gauges.send_rate.store(rate, core::sync::atomic::Ordering::Relaxed);
    }

    /// A one-line description: `#<id> <kind> <peer>`.
    pub fn describe(&self) -> String {
        let kind = match self.role {
            Role::Client => "to",
            Role::Server => "from",
            Role::Paired => "pair",
        };
        alloc::format!("#{} {kind} {}", self.local_id, self.remote_identity)
    }

    /// The default close text for a silent peer.
    fn time_out(&mut self, now: Timestamp, text: &str) {
        self.fail(now, EndReason::MISC_TIMEOUT, text);
    }
}

/// The configured limits as bytes per second. The largest value that can be set stands for no limit.
fn rate_limits(config: &ConnConfig) -> (u64, u64) {
    let limit = |value: i32| match u64::try_from(value) {
        Ok(_) if value >= SEND_RATE_TOP => SEND_RATE_UNLIMITED,
        value => value.unwrap_or(0),
    };
    let (min, max) = (limit(config.send_rate_min), limit(config.send_rate_max));
    (min, max.max(min))
}

/// How far beyond a hole in a lane's stream we keep what arrives, bytes.
fn keeps_ahead(config: &ConnConfig) -> usize {
    usize::try_from(config.recv_buffer_size).unwrap_or(0).clamp(AHEAD_BYTES_MIN, AHEAD_BYTES_MAX)
}
