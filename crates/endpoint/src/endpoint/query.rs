//! What the application asks about, and the identity it goes by.

use super::{Endpoint, Entry, describe};
use crate::slab::ConnId;
use crate::types::{BadHandle, ConnectionInfo};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use gamesockets_crypto::cert::{LocalCertificate, TrustStore};
use gamesockets_proto::connection::{ConnectionState, LaneStatus, RealTimeStatus};
use gamesockets_proto::message::Gauges;
use gamesockets_wire::identity::Identity;
use gamesockets_wire::time::Timestamp;

/// Why no figures were given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatusError {
    /// No such connection.
    #[error(transparent)]
    BadHandle(#[from] BadHandle),
    /// More lanes asked about than there are.
    #[error("figures of {asked} lanes asked for, {have} exist")]
    NoSuchLane {
        /// Lanes asked for.
        asked: usize,
        /// Lanes there are.
        have: usize,
    },
}

impl Endpoint {
    fn entry(&self, id: ConnId) -> Result<&Entry, BadHandle> {
        self.conns.get(id).map(Box::as_ref).filter(|e| !e.handle_closed).ok_or(BadHandle)
    }

    /// The facts about a connection.
    ///
    /// # Errors
    /// The handle names no connection.
    pub fn info(&self, id: ConnId) -> Result<ConnectionInfo, BadHandle> {
        self.entry(id).map(describe)
    }

    /// State of a connection as the application sees it.
    pub fn state(&self, id: ConnId) -> ConnectionState {
        self.entry(id).map_or(ConnectionState::None, |e| e.conn.state())
    }

    /// Figures of a connection, and of its first `lanes.len()` lanes. Reading the jitter clears it.
    ///
    /// # Errors
    /// See [`StatusError`].
    pub fn status(
        &mut self,
        now: Timestamp,
        id: ConnId,
        lanes: &mut [LaneStatus],
    ) -> Result<RealTimeStatus, StatusError> {
        let e = self.conns.get_mut(id).filter(|e| !e.handle_closed).ok_or(BadHandle)?;
        let have = e.conn.lane_count();
        if lanes.len() > have {
            return Err(StatusError::NoSuchLane { asked: lanes.len(), have });
        }
        for (i, lane) in lanes.iter_mut().enumerate() {
            *lane = e.conn.lane_status(i).unwrap_or_default();
        }
        Ok(e.conn.status(now))
    }

    /// Everything worth knowing about a connection, as text.
    ///
    /// # Errors
    /// The handle names no connection.
    pub fn detailed_status(&mut self, now: Timestamp, id: ConnId) -> Result<String, BadHandle> {
        let e = self.conns.get_mut(id).filter(|e| !e.handle_closed).ok_or(BadHandle)?;
        Ok(e.conn.detailed_status(now))
    }

    /// The figures that a connection shares with the application's side.
    ///
    /// # Errors
    /// The handle names no connection.
    pub fn gauges(&self, id: ConnId) -> Result<Arc<Gauges>, BadHandle> {
        self.entry(id).map(|e| e.conn.gauges().clone())
    }

    /// A table that still has entries, and how many. Without connections and with everything taken out there is none:
    /// a simulated world checks it at its end.
    pub fn leftover(&self) -> Option<(&'static str, usize)> {
        let tables = [
            ("wire ids", self.wire_ids.len()),
            ("claims", self.claims.len()),
            ("undecided connections", self.undecided),
            ("ready connections", self.ready.len()),
            ("readable connections", self.readable.len()),
            ("events", self.events.len()),
            ("answers to strangers", self.stateless.len()),
        ];
        tables.into_iter().find(|(_, entries)| *entries > 0)
    }

    /// Who we are.
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Takes another identity for connections made from now on; certificates are dropped.
    pub fn set_identity(&mut self, identity: Identity) {
        self.identity = identity;
        self.certificate = None;
        self.self_made = None;
    }

    /// Shows this certificate on connections made from now on.
    pub fn set_certificate(&mut self, certificate: Arc<LocalCertificate>) {
        self.certificate = Some(certificate);
    }

    /// Who vouches for peers from now on.
    pub fn set_trust(&mut self, trust: TrustStore) {
        self.trust = trust;
    }

    /// Wall clock as the endpoint reckons it, seconds since 1970.
    pub fn wall_clock(&self, now: Timestamp) -> u64 {
        self.unix_now(now)
    }
}
