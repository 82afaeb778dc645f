//! The accepting side of the UDP handshake (protocol.md §1.5). The part before a connection exists is stateless and
//! belongs to the owner of the listen socket.

use super::{Connection, Drop, Env, Handshake, HandshakePart, Phase, Role, Setup, keeps_ahead};
use crate::handshake::{
    ClaimedIdentity, HandshakeError, LocalHello, PeerHello, PeerPolicy, cert_message, cipher_list,
    derive_keys, steam_id,
};
use alloc::boxed::Box;
use core::time::Duration;
use gamesockets_wire::datagram::Control;
use gamesockets_wire::msg;
use gamesockets_wire::time::Timestamp;
use prost::Message as _;

/// An echo of the client's timestamp is only sent while it is younger than this (protocol.md §1.7).
const ECHO_AGE_MAX: Duration = Duration::from_secs(4);
/// A client's own estimate of the round trip counts up to this, milliseconds (protocol.md §1.4).
const PING_CLAIM_MAX_MS: u32 = 1500;

/// What the accepting side keeps until the application decides, and then until the client is heard.
#[derive(Debug)]
pub(super) struct ServerHandshake {
    step: Step,
    client_timestamp: Option<u64>,
    received_at: Timestamp,
}

/// How far the accepting side is.
#[derive(Debug)]
enum Step {
    /// The application decides; this is what the client showed.
    Undecided(Box<PeerHello>),
    /// Accepted; our signed half of the key exchange, in case the answer has to be repeated.
    Accepted(Box<[u8]>),
}

/// The application's acceptance came at the wrong time or cannot be carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AcceptError {
    /// Our own outgoing attempt.
    #[error("this connection was initiated here; only incoming ones are accepted")]
    NotIncoming,
    /// Not waiting for acceptance.
    #[error("the connection does not wait to be accepted: it is {0:?}")]
    InvalidState(super::ConnectionState),
    /// The key exchange cannot be completed; the connection ended with it.
    #[error("the key exchange cannot be completed: {0}")]
    Handshake(#[from] HandshakeError),
}

impl Connection {
    /// A connection for a client's request whose address was proven by its challenge.
    ///
    /// # Errors
    /// The client's certificate or key exchange is not acceptable. The reference answers such requests with silence.
    pub fn incoming(
        env: &mut Env<'_>,
        now: Timestamp,
        setup: Setup,
        request: &msg::ConnectRequest,
        claimed: ClaimedIdentity,
    ) -> Result<Self, HandshakeError> {
        let policy = PeerPolicy {
            trust: env.trust,
            app_id: env.app_id,
            now_unix: env.unix_now,
            allow_unsigned: env.allow_unsigned,
            earlier_version: None,
            lanes: 1,
        };
        let peer =
            PeerHello::verify(request.cert.as_ref(), request.crypt.as_ref(), &claimed.identity, &policy)?;
        let mut c = Self::new(now, Role::Server, setup);
        c.remote_id = request.client_connection_id.unwrap_or(0);
        c.remote_identity = claimed.identity;
        c.authenticated = peer.authenticated;
        if let Some(ms) = request.ping_est_ms.filter(|ms| *ms <= PING_CLAIM_MAX_MS) {
            // Whole milliseconds: good for the ping, too coarse for the finer estimate.
            c.ping.on_sample(now, i64::from(ms));
        }
        c.handshake = Handshake::Server(Box::new(ServerHandshake {
            step: Step::Undecided(Box::new(peer)),
            client_timestamp: request.my_timestamp,
            received_at: now,
        }));
        Ok(c)
    }

    /// The application takes the connection. The client is answered, and data may flow at once.
    ///
    /// # Errors
    /// See [`AcceptError`]; on `Handshake` the connection ended and the client is told.
    pub fn accept(&mut self, env: &mut Env<'_>, now: Timestamp) -> Result<(), AcceptError> {
        if self.role != Role::Server {
            return Err(AcceptError::NotIncoming);
        }
        if self.phase != Phase::Connecting {
            return Err(AcceptError::InvalidState(self.phase.api()));
        }
        let Handshake::Server(mut hs) = core::mem::take(&mut self.handshake) else {
            return Err(AcceptError::InvalidState(self.phase.api()));
        };
        let Step::Undecided(peer) = &hs.step else {
            return Err(AcceptError::InvalidState(self.phase.api()));
        };
        match self.complete_accept(env, now, peer) {
            Ok(crypt) => {
                hs.step = Step::Accepted(crypt);
                self.handshake = Handshake::Server(hs);
                self.outgoing.handshake = Some(HandshakePart::Ok);
                Ok(())
            }
            Err(e) => {
                self.fail(now, e.reason(), &alloc::format!("{e}"));
                Err(e.into())
            }
        }
    }

    /// Derives the keys. Returns our signed half of the exchange, encoded.
    fn complete_accept(
        &mut self,
        env: &mut Env<'_>,
        now: Timestamp,
        peer: &PeerHello,
    ) -> Result<Box<[u8]>, HandshakeError> {
        let cipher = peer.choose_cipher(cipher_list(self.config.unencrypted))?;
        let hello = LocalHello::new(self.local_cert.clone(), &[cipher], keeps_ahead(&self.config), env.rng);
        let keys = derive_keys(false, (self.local_id, self.remote_id), &hello, peer, cipher)?;
        self.establish(now, keys, cipher, peer);
        Ok(hello.crypt_message().encode_to_vec().into())
    }

    /// The answer to the client's request, with the time it waited.
    pub(super) fn server_message(&self, now: Timestamp) -> Option<Control> {
        let Handshake::Server(hs) = &self.handshake else { return None };
        let Step::Accepted(crypt) = &hs.step else { return None };
        let waited = now.saturating_since(hs.received_at);
        let echo = hs.client_timestamp.filter(|_| waited < ECHO_AGE_MAX);
        Some(Control::ConnectOk(msg::ConnectOk {
            client_connection_id: Some(self.remote_id),
            legacy_server_steam_id: steam_id(&self.local_cert),
            server_connection_id: Some(self.local_id),
            // Our own encoding, so it can be decoded.
            crypt: msg::SessionCryptInfoSigned::decode(&**crypt).ok(),
            cert: Some(cert_message(&self.local_cert)),
            your_timestamp: echo,
            delay_time_usec: echo.map(|_| waited.as_micros() as u32),
            ..msg::ConnectOk::default()
        }))
    }

    /// The client repeats its request: it may not have heard the answer.
    pub(super) fn on_repeated_request(
        &mut self,
        now: Timestamp,
        client_id: Option<u32>,
        timestamp: Option<u64>,
    ) -> Result<(), Drop> {
        if self.role != Role::Server || client_id != Some(self.remote_id) {
            return Err(Drop::Unexpected);
        }
        if self.phase.is_closed() {
            self.answer_straggler(now);
            return Ok(());
        }
        if let Handshake::Server(hs) = &mut self.handshake
            && matches!(hs.step, Step::Accepted(_))
        {
            // A fresh timestamp makes the echo a fresh sample.
            if timestamp.is_some() {
                hs.client_timestamp = timestamp;
                hs.received_at = now;
            }
            self.outgoing.handshake = Some(HandshakePart::Ok);
        }
        Ok(())
    }
}
