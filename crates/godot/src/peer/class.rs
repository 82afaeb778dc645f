//! What Godot sees of the multiplayer peer.

use super::limits::PEERS_MAX;
use super::resolve::lookup;
use super::session::{Home, Session};
use super::state::{Shared, lock};
use super::target::{Target, address, target};
use super::virtuals;
use crate::api::{List, NetworkingSocketsContext, read_options, short};
use crate::{face, settings};
use godot::classes::MultiplayerPeerExtension;
use godot::global::Error;
use godot::prelude::*;

/// A multiplayer peer over encrypted networking sockets, for RPCs, spawners and synchronizers.
///
/// Use it in place of an `ENetMultiplayerPeer`: `create_server(port)` or `create_client(address, port)`, then set it as
/// the `multiplayer_peer`. Packets have up to 8 MiB; unreliable ones above 256 KiB are sent reliably, and the transport
/// does so from 16 500 bytes on. Up to 16 MiB wait to be sent to a peer, what comes then is refused with an error.
/// Channels are 0 to 63. The send rate is estimated. A peer that ended is reported when its packets were read, or after 10 s.
///
/// Where a function takes `options`, these are as those of `connectByIPAddress`: a list of `[setting, type, value]`. They
/// count for the connections that the call leads to.
#[derive(GodotClass)]
#[class(tool, init, base = MultiplayerPeerExtension)]
pub(crate) struct NetworkingSocketsMultiplayerPeer {
    pub(super) state: Shared,
    /// Where to listen and connect, if not in a context of the peer's own. It counts for the next `create_...`, which puts
    /// the peer's connections beside those of the game: they have the context's identity, certificate, trusted roots,
    /// settings and simulated network, and its functions take their handles. Closing the peer leaves the context as it
    /// was. Messages of these connections are the peer's; no signals of the context tell of them.
    #[var]
    context: Option<Gd<NetworkingSocketsContext>>,
    base: Base<MultiplayerPeerExtension>,
}

fn peers_max(count: i64) -> Result<usize, String> {
    let count = usize::try_from(count).ok().filter(|count| (1..=PEERS_MAX).contains(count));
    count.ok_or_else(|| format!("the number of peers must be 1 to {PEERS_MAX}"))
}

#[godot_api]
impl NetworkingSocketsMultiplayerPeer {
    /// A peer ended, or was never reached; `peer_disconnected` follows if it had been connected.
    #[signal]
    fn peer_ended(id: i64, reason: i64, text: GString);

    /// Becomes the server, unique id 1, for up to `max_clients` (1 to 4095) at a port of this machine. `*` and `::` are
    /// all of its addresses. If a peer of this process that was closed has the port because it still delivers what was
    /// sent, it gets up to 0.1 s to be done with it; then that is lost.
    #[func]
    fn create_server(
        &self,
        port: i64,
        #[opt(default = 32)] max_clients: i64,
        #[opt(default = "::")] bind_address: GString,
        #[opt(default = List::empty())] options: List,
    ) -> Error {
        let made = peers_max(max_clients).and_then(|peers| {
            let (at, options) = (local(&bind_address, port)?, read_options(&options)?);
            Ok(move |home| Session::server(home, at, peers, &options))
        });
        self.start("create_server", made)
    }

    /// Starts connecting to a server: an IP address, or a host name, which is looked up in the background. Without
    /// `port`, `address` has to hold it. Up to four addresses of a name are tried one after the other.
    #[func]
    fn create_client(
        &self,
        address: GString,
        #[opt(default = 0)] port: i64,
        #[opt(default = List::empty())] options: List,
    ) -> Error {
        let id = i32::try_from(self.base().generate_unique_id()).unwrap_or(2).max(2);
        let made = target(&address.to_string(), port).and_then(|to| {
            let options = read_options(&options)?;
            Ok(move |home| match to {
                Target::Address(to) => Session::client(home, to, id, &options),
                Target::Name(name, port) => Session::client_of_name(home, lookup(&name), port, id, &options),
            })
        });
        self.start("create_client", made)
    }

    /// Becomes a member of a mesh. It listens unless the port is 0, and connects to others with `add_mesh_peer`. If two
    /// members connect to each other at once, one of the connections is dropped.
    #[func]
    fn create_mesh(
        &self,
        unique_id: i64,
        #[opt(default = 0)] port: i64,
        #[opt(default = "::")] bind_address: GString,
        #[opt(default = List::empty())] options: List,
    ) -> Error {
        let id = i32::try_from(unique_id).ok().filter(|id| *id > 0);
        let made = id.ok_or_else(|| format!("{unique_id} is no unique id; they are 1 to 2147483647"));
        let made = made.and_then(|id| {
            let at = if port == 0 { None } else { Some(local(&bind_address, port)?) };
            let options = read_options(&options)?;
            Ok(move |home| Session::mesh(home, id, at, PEERS_MAX, &options))
        });
        self.start("create_mesh", made)
    }

    /// Connects to a member of the mesh whose unique id is known, by its IP address.
    #[func]
    fn add_mesh_peer(
        &self,
        unique_id: i64,
        address: GString,
        #[opt(default = 0)] port: i64,
        #[opt(default = List::empty())] options: List,
    ) -> Error {
        let to = self::address(&address.to_string(), port).and_then(|to| Ok((to, read_options(&options)?)));
        let id = i32::try_from(unique_id).unwrap_or(0);
        let result = match (lock(&self.state).session.as_mut(), to) {
            (Some(session), Ok((to, options))) if !session.has_relay() => session.connect(to, id, &options),
            (_, Err(why)) => Err(why),
            _ => Err("this is no mesh; call create_mesh first".to_owned()),
        };
        match result {
            Ok(()) => Error::OK,
            Err(why) => fail("add_mesh_peer", &why, Error::ERR_INVALID_PARAMETER),
        }
    }

    /// Why the last peer ended: its reason code, 0 if none ended.
    #[func]
    fn get_last_disconnect_reason(&self) -> i64 {
        i64::from(lock(&self.state).end().0)
    }

    /// A sentence about the end of the last peer.
    #[func]
    fn get_last_disconnect_text(&self) -> GString {
        GString::from(&lock(&self.state).end().1)
    }

    /// The handle of the connection to a peer; 0 if there is none.
    #[func]
    fn get_connection_handle(&self, peer: i64) -> i64 {
        self.connection("get_connection_handle", peer).map_or(0, |c| i64::from(c.handle().to_raw()))
    }

    /// The IP address of a peer; empty if there is none.
    #[func]
    fn get_peer_address(&self, peer: i64) -> GString {
        let remote = self.connection("get_peer_address", peer).and_then(|c| c.info().ok()?.remote);
        remote.map(|at| GString::from(&at.ip().to_canonical().to_string())).unwrap_or_default()
    }

    /// The UDP port of a peer; 0 if there is none.
    #[func]
    fn get_peer_port(&self, peer: i64) -> i64 {
        let remote = self.connection("get_peer_port", peer).and_then(|c| c.info().ok()?.remote);
        remote.map_or(0, |at| i64::from(at.port()))
    }

    /// Figures of the connection to a peer: ping in milliseconds, qualities 0 to 1, rates per second, bytes that wait.
    /// Empty if there is no such peer; -1 for what is not known.
    #[func]
    fn get_peer_statistics(&self, peer: i64) -> VarDictionary {
        let status = self.connection("get_peer_statistics", peer).and_then(|c| c.status().ok());
        let Some(s) = status else { return VarDictionary::new() };
        vdict! {
            "ping" => s.ping_ms,
            "quality_local" => s.quality_local,
            "quality_remote" => s.quality_remote,
            "out_packets_per_second" => s.out_packets_per_sec,
            "out_bytes_per_second" => s.out_bytes_per_sec,
            "in_packets_per_second" => s.in_packets_per_sec,
            "in_bytes_per_second" => s.in_bytes_per_sec,
            "send_rate" => s.send_rate_bytes_per_sec,
            "pending_unreliable" => s.pending_unreliable,
            "pending_reliable" => s.pending_reliable,
            "sent_unacknowledged_reliable" => s.sent_unacked_reliable,
            "queue_time" => s.queue_time_us,
        }
    }

    fn connection(&self, function: &str, peer: i64) -> Option<gamesockets::Connection> {
        let id = i32::try_from(peer).ok();
        let found = id.and_then(|id| lock(&self.state).session.as_ref()?.connection(id).cloned());
        if found.is_none() {
            godot_error!("{function}: there is no peer {peer}");
        }
        found
    }

    /// The context that is set, or a new one.
    fn home(&self) -> Result<Home, String> {
        match &self.context {
            Some(context) => context.bind().context().map(Home::shared),
            None => face::new_context(&settings::trusted_roots()).map(Home::owned),
        }
    }

    fn start<F>(&self, function: &str, made: Result<F, String>) -> Error
    where
        F: FnOnce(Home) -> Result<Session, String>,
    {
        let in_use = || fail(function, "it is in use already; call close first", Error::ERR_ALREADY_IN_USE);
        if lock(&self.state).session.is_some() {
            return in_use();
        }
        let make = match made {
            Ok(make) => make,
            Err(why) => return fail(function, &why, Error::ERR_INVALID_PARAMETER),
        };
        let session = match self.home().and_then(make) {
            Ok(session) => session,
            Err(why) => return fail(function, &why, Error::ERR_CANT_CREATE),
        };
        let too_late = lock(&self.state).start(session);
        if too_late.is_some() { in_use() } else { Error::OK }
    }
}

impl Drop for NetworkingSocketsMultiplayerPeer {
    fn drop(&mut self) {
        virtuals::forget(self.base.obj_sys());
    }
}

pub(super) fn fail(function: &str, why: &str, error: Error) -> Error {
    godot_error!("{function}: {}", short(why));
    error
}

/// An address of this machine.
fn local(text: &GString, port: i64) -> Result<std::net::SocketAddr, String> {
    let text = text.to_string();
    address(if text == "*" { "::" } else { &text }, port)
}
