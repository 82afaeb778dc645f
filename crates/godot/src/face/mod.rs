//! The work behind the functions, without Godot: everything by `&self`, from any thread.

mod addresses;
mod auth;
mod calls;
pub(crate) mod config;
mod events;
mod fault;
mod handles;
mod identities;
mod later;
mod messages;
pub(crate) mod results;
mod status;
mod table;

pub(crate) use auth::ROOTS_SETTING;
pub(crate) use calls::OptionValue;
pub(crate) use events::Happened;
pub(crate) use fault::{Fault, Outcome};
pub(crate) use later::FAKE_IP_IDENTITY;
pub(crate) use messages::{Arrived, Order, Sent};
pub(crate) use status::{Facts, LaneFigures, RealTime};

use crate::ending;
use addresses::Address;
use gamesockets::Context;
use gamesockets::cert::TrustStore;
use identities::Named;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use table::Table;

/// One instance: a context, and the tables of names that belong to it.
#[derive(Debug)]
pub(crate) struct Face {
    context: Result<Context, String>,
    trust: Mutex<TrustStore>,
    identities: Table<Named>,
    addresses: Table<Address>,
    /// What happened without the context's doing.
    own_events: Mutex<VecDeque<Happened>>,
    /// The result of the last request for a fake address.
    fake_ip: Mutex<Option<i64>>,
}

impl Face {
    /// An instance that trusts these authorities, public keys as OpenSSH writes them. If one of them is none, every
    /// call says so.
    pub(crate) fn new(trusted_roots: &[String]) -> Self {
        let roots = auth::roots(trusted_roots);
        Self {
            context: roots.clone().and_then(build),
            trust: Mutex::new(roots.unwrap_or_default()),
            identities: Table::default(),
            addresses: Table::default(),
            own_events: Mutex::default(),
            fake_ip: Mutex::default(),
        }
    }

    /// The context, or why there is none.
    pub(crate) fn context(&self) -> Result<&Context, String> {
        self.context.as_ref().map_err(Clone::clone)
    }
}

impl Drop for Face {
    /// Connections end; what was promised still goes, in the background.
    fn drop(&mut self) {
        if let Ok(context) = &self.context {
            ending::end(context.clone());
        }
    }
}

/// A context that trusts these authorities, public keys as OpenSSH writes them.
pub(crate) fn new_context(trusted_roots: &[String]) -> Result<Context, String> {
    auth::roots(trusted_roots).and_then(build)
}

fn build(trust: TrustStore) -> Result<Context, String> {
    Context::builder().trust(trust).build().map_err(|why| format!("networking did not start: {why}"))
}

/// Locks. What a panicking thread left behind is used as it is.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
