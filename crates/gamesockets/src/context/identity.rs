//! Who the context is, and its certificate.

use super::Context;
use crate::clock;
use crate::debug::DebugLevel;
use crate::event::Queued;
use crate::identity::{AuthenticationStatus, Availability};
use crate::io::IoLoop;
use crate::listener::ListenerBlock;
use crate::shared::Shared;
use crate::sync::lock;
use gamesockets_crypto::cert::{InstallError, TrustStore, install, request};
use gamesockets_crypto::sign::SigningKey;
use gamesockets_endpoint::slab::ListenerId;
use gamesockets_wire::{Identity, Timestamp};
use std::sync::Arc;

/// Turns that goodbyes get to leave when the identity is given up; each sends hundreds of datagrams.
const GOODBYE_TURNS: usize = 256;

impl Context {
    /// Who we are. Localhost is nobody in particular.
    pub fn identity(&self) -> Identity {
        lock(&self.shared.authentication).identity.clone()
    }

    /// Becomes somebody else; `None` for nobody in particular. All connections end at once with reason 2999, listen
    /// sockets are closed, poll groups destroyed, the private key and the certificate forgotten.
    pub fn reset_identity(&self, identity: Option<Identity>) {
        let identity = identity.unwrap_or_else(Identity::localhost);
        let shared = &self.shared;
        let mut listeners = None;
        shared.everywhere(|io, now| {
            let listeners = listeners.get_or_insert_with(|| {
                shared.close_groups();
                shared.take_listeners()
            });
            shared.drop_all(io, now, listeners);
            io.endpoint.set_identity(identity.clone());
            let mut a = lock(&shared.authentication);
            a.identity = identity.clone();
            a.key = None;
        });
        let mut config = lock(&shared.config);
        for (id, _) in listeners.into_iter().flatten() {
            config.remove_listener(id.to_raw());
        }
        drop(config);
        self.set_status(AuthenticationStatus::without_certificate());
    }

    /// A request for a certificate, to be signed by an authority; the answer goes to
    /// [`set_certificate`](Self::set_certificate). The private key is made with the first request, never leaves the
    /// context, and is kept until [`reset_identity`](Self::reset_identity).
    ///
    /// ```
    /// use gamesockets::{Availability, Context};
    ///
    /// let context = Context::new()?;
    /// let request = context.certificate_request();
    /// assert_eq!(request, context.certificate_request(), "the same key every time");
    /// assert_eq!(context.authentication_status().availability, Availability::CannotTry);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn certificate_request(&self) -> Vec<u8> {
        let mut a = lock(&self.shared.authentication);
        let key = match &a.key {
            Some(key) => key.clone(),
            None => {
                let key = SigningKey::generate(&mut a.rng);
                a.key = Some(key.clone());
                key
            }
        };
        request(&a.identity, &key, None)
    }

    /// Installs a certificate that an authority made for us. Connections made from now on show it; if we were nobody in
    /// particular, we become who it names.
    ///
    /// # Errors
    /// See [`InstallError`]; nothing changed then.
    pub fn set_certificate(&self, certificate: &[u8]) -> Result<(), InstallError> {
        let (installed, identity) = {
            let mut a = lock(&self.shared.authentication);
            let now = clock::unix_now();
            let installed = install(certificate, a.key.as_ref(), &a.identity, a.app_id, now, &a.trust)?;
            a.key = Some(installed.certificate.key().clone());
            if let Some(identity) = installed.certificate.identity() {
                a.identity = identity.clone();
            }
            (installed, a.identity.clone())
        };
        if let Some(why) = &installed.distrust {
            let line = format!("the certificate just installed is not trusted by our own roots: {why}");
            self.shared.debug.say(DebugLevel::Warning, &line);
        }
        let certificate = Arc::new(installed.certificate);
        self.shared.everywhere(|io, _| {
            if io.endpoint.identity() != &identity {
                io.endpoint.set_identity(identity.clone());
            }
            io.endpoint.set_certificate(certificate.clone());
        });
        self.set_status(AuthenticationStatus::with_certificate(&identity));
        Ok(())
    }

    /// Who vouches for peers from now on.
    pub fn set_trust(&self, trust: TrustStore) {
        lock(&self.shared.config).authentication_configured(trust.has_roots());
        lock(&self.shared.authentication).trust = trust.clone();
        self.shared.everywhere(|io, _| io.endpoint.set_trust(trust.clone()));
    }

    /// Starts getting what is needed for proving who we are, or tries again, and returns how things are. There is no
    /// authority to ask automatically so far: a certificate has to be [installed](Self::set_certificate).
    pub fn init_authentication(&self) -> Availability {
        lock(&self.shared.authentication).status.availability
    }

    /// Whether we can prove who we are.
    pub fn authentication_status(&self) -> AuthenticationStatus {
        lock(&self.shared.authentication).status.clone()
    }

    fn set_status(&self, status: AuthenticationStatus) {
        let changed = {
            let mut a = lock(&self.shared.authentication);
            let changed = a.status != status;
            a.status = status.clone();
            changed
        };
        if changed {
            self.shared.command(self.shared.shards.first(), |io, _| {
                self.shared.post(Queued::Authentication(status), &mut io.after.lines);
                io.delivered = true;
            });
        }
    }
}

impl Shared {
    /// Ends all connections of a shard, and these listen sockets.
    fn drop_all(&self, io: &mut IoLoop, now: Timestamp, listeners: &[(ListenerId, Arc<ListenerBlock>)]) {
        for block in self.shards.get(io.number).blocks() {
            // A handle that is gone is what we want.
            let _ = io.endpoint.close(now, block.local, 2999, "the identity was reset", false);
        }
        // The goodbyes of connections that came in have to leave before their listen sockets go.
        for _ in 0..GOODBYE_TURNS {
            if !io.settle(self, now) {
                break;
            }
        }
        for (id, block) in listeners {
            block.close(&mut io.after);
            io.close_listener(*id);
        }
    }
}
