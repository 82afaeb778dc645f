//! The initiating side of the UDP handshake (protocol.md §1.5).

use super::{Connection, Drop, Env, HandshakePart, Phase};
use crate::handshake::{
    LocalHello, MessageFields, PeerHello, PeerPolicy, VERSION_CURRENT, VERSION_MIN, cert_message,
    claimed_identity, derive_keys, steam_id,
};
use core::net::SocketAddr;
use core::time::Duration;
use gamesockets_wire::datagram::Control;
use gamesockets_wire::msg;
use gamesockets_wire::reason::EndReason;
use gamesockets_wire::time::Timestamp;

/// The handshake starts over when nothing came for this long (protocol.md §1.7).
pub(super) const RETRY: Duration = Duration::from_millis(500);
/// An echoed timestamp older than this gives no round-trip sample, microseconds (protocol.md §1.4).
const ECHO_MAX_US: u64 = 2_000_000;

/// What the initiating side knows while it connects.
#[derive(Debug)]
pub(super) struct ClientHandshake {
    pub(super) hello: LocalHello,
    pub(super) last_sent: Timestamp,
    challenge: u64,
    peer_version: Option<u32>,
}

impl ClientHandshake {
    pub(super) const fn new(now: Timestamp, hello: LocalHello) -> Self {
        Self { hello, last_sent: now, challenge: 0, peer_version: None }
    }
}

impl Connection {
    /// The message that the initiating side has to send now.
    pub(super) fn client_message(&mut self, now: Timestamp, part: HandshakePart) -> Option<Control> {
        let ping = self.ping.smoothed_ms();
        let local_id = self.local_id;
        let HandshakeRef::Client(hs) = self.handshake.as_client() else { return None };
        hs.last_sent = now;
        Some(match part {
            HandshakePart::Challenge => Control::ChallengeRequest(msg::ChallengeRequest {
                connection_id: Some(local_id),
                my_timestamp: Some(now.as_micros()),
                protocol_version: Some(VERSION_CURRENT),
            }),
            HandshakePart::Request => Control::ConnectRequest(msg::ConnectRequest {
                client_connection_id: Some(local_id),
                challenge: Some(hs.challenge),
                legacy_client_steam_id: steam_id(hs.hello.cert()),
                cert: Some(cert_message(hs.hello.cert())),
                my_timestamp: Some(now.as_micros()),
                ping_est_ms: ping,
                crypt: Some(hs.hello.crypt_message()),
                ..msg::ConnectRequest::default()
            }),
            HandshakePart::Ok => return None,
        })
    }

    pub(super) fn on_challenge_reply(&mut self, now: Timestamp, m: &msg::ChallengeReply) -> Result<(), Drop> {
        if m.connection_id != Some(self.local_id) || self.phase != Phase::Connecting {
            return Err(Drop::Unexpected);
        }
        let HandshakeRef::Client(hs) = self.handshake.as_client() else { return Err(Drop::Unexpected) };
        let version = m.protocol_version.unwrap_or(0);
        hs.challenge = m.challenge.unwrap_or(0);
        hs.peer_version = Some(version);
        if version < VERSION_MIN {
            self.fail(
                now,
                EndReason::MISC_GENERIC,
                "the peer runs software too old to talk to: update it (protocol version below 8)",
            );
            return Ok(());
        }
        self.take_echo(now, m.your_timestamp, 0);
        self.outgoing.handshake = Some(HandshakePart::Request);
        Ok(())
    }

    fn take_echo(&mut self, now: Timestamp, echo: Option<u64>, delay_us: u64) {
        let Some(age) = echo.and_then(|t| now.as_micros().checked_sub(t)) else { return };
        if age <= ECHO_MAX_US {
            let rtt = age.saturating_sub(delay_us);
            self.take_rtt(now, rtt, 0);
        }
    }

    pub(super) fn on_connect_ok(
        &mut self,
        env: &Env<'_>,
        now: Timestamp,
        from: SocketAddr,
        m: &msg::ConnectOk,
    ) -> Result<(), Drop> {
        if m.client_connection_id != Some(self.local_id) || !self.initiated() {
            return Err(Drop::Unexpected);
        }
        match self.phase {
            Phase::Connecting => {}
            Phase::Connected | Phase::Linger => return Ok(()),
            _ => {
                self.answer_straggler(now);
                return Ok(());
            }
        }
        let claimed = claimed_identity(m.cert.as_ref(), MessageFields::from(m), from)
            .map_err(|_| Drop::UnusableIdentity)?;
        if claimed.anonymous && !env.allow_unsigned {
            return Err(Drop::UnusableIdentity);
        }
        let server_id = m.server_connection_id.unwrap_or(0);
        if server_id & 0xffff == 0 {
            self.fail(now, EndReason::REMOTE_BAD_CRYPT, "the peer's connection id is not usable");
            return Ok(());
        }
        self.take_echo(now, m.your_timestamp, u64::from(m.delay_time_usec.unwrap_or(0)));
        let lanes = self.sender.lane_count();
        let HandshakeRef::Client(hs) = self.handshake.as_client() else { return Err(Drop::Unexpected) };
        let policy = PeerPolicy {
            trust: env.trust,
            app_id: env.app_id,
            now_unix: env.unix_now,
            allow_unsigned: env.allow_unsigned,
            earlier_version: hs.peer_version,
            lanes,
        };
        let ids = (self.local_id, server_id);
        let outcome = PeerHello::verify(m.cert.as_ref(), m.crypt.as_ref(), &claimed.identity, &policy)
            .and_then(|peer| Ok((peer.one_cipher()?, peer)))
            .and_then(|(cipher, peer)| Ok((derive_keys(true, ids, &hs.hello, &peer, cipher)?, cipher, peer)));
        self.remote_id = server_id;
        self.remote_identity = claimed.identity;
        match outcome {
            Ok((keys, cipher, peer)) => self.establish(now, keys, cipher, &peer),
            Err(e) => self.fail(now, e.reason(), &alloc::format!("{e}")),
        }
        Ok(())
    }
}

/// A look at the handshake as one kind.
pub(super) enum HandshakeRef<'a> {
    Client(&'a mut ClientHandshake),
    Other,
}
