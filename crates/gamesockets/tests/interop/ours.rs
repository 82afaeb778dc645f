//! This project's side, over its public interface.

use crate::side::{Change, Facts, Figures, Got, NotSent, Opt, Side, Value};
use gamesockets::cert::TrustStore;
use gamesockets::config::{ConfigKey, ConfigValue, Scope};
use gamesockets::{
    Connection, ConnectionInfo, Context, Event, LaneConfig, ListenerHandle, SendError, SendFlags,
};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

/// Messages taken at once.
const FETCH: usize = 10_000;

/// What the context is to be beside its identity.
#[derive(Clone, Copy, Default)]
pub(crate) struct Traits {
    /// The public key of the authority that it trusts.
    pub(crate) root: Option<[u8; 32]>,
    /// Its application.
    pub(crate) app_id: u32,
}

/// A context with the connections it told of.
pub(crate) struct Ours {
    context: Context,
    connections: HashMap<u32, Connection>,
}

impl Ours {
    pub(crate) fn start(identity: Option<&str>, traits: Traits) -> Result<Self, String> {
        let mut builder = Context::builder().app_id(traits.app_id);
        if let Some(text) = identity {
            builder = builder.identity(text.parse().map_err(|e| format!("{text}: {e}"))?);
        }
        if let Some(root) = traits.root {
            let mut trust = TrustStore::new();
            trust.add_root(root).map_err(text)?;
            builder = builder.trust(trust);
        }
        Ok(Self { context: builder.build().map_err(text)?, connections: HashMap::new() })
    }

    fn connection(&self, conn: u32) -> Result<&Connection, String> {
        self.connections.get(&conn).ok_or_else(|| format!("no connection {conn}"))
    }
}

fn text(error: impl std::error::Error) -> String {
    error.to_string()
}

fn options(options: &[Opt]) -> Result<Vec<(ConfigKey, ConfigValue)>, String> {
    options
        .iter()
        .map(|&(key, value)| Ok((ConfigKey::try_from(key).map_err(text)?, config_value(value))))
        .collect()
}

const fn config_value(value: Value) -> ConfigValue {
    match value {
        Value::Int(v) => ConfigValue::Int32(v),
        Value::Float(v) => ConfigValue::Float(v),
    }
}

fn facts(info: &ConnectionInfo) -> Facts {
    Facts {
        identity: info.identity.to_string(),
        state: info.state as i32,
        end_reason: info.end_reason.0 as i32,
        end_debug: info.end_debug.clone(),
        flags: info.flags as i32,
        incoming: info.listener.is_some(),
    }
}

impl Side for Ours {
    fn listen_at(&mut self, at: IpAddr, with: &[Opt]) -> Result<(u32, SocketAddr), String> {
        let listener = self.context.listen_with((at, 0).into(), &options(with)?).map_err(text)?;
        Ok((listener.handle().to_raw(), listener.local_addr()))
    }

    fn connect(&mut self, to: SocketAddr, with: &[Opt]) -> Result<u32, String> {
        let connection = self.context.connect_with(to, &options(with)?).map_err(text)?;
        let id = connection.handle().to_raw();
        self.connections.insert(id, connection);
        Ok(id)
    }

    fn accept(&mut self, conn: u32) -> Result<(), String> {
        self.connection(conn)?.accept().map_err(text)
    }

    fn close(&mut self, conn: u32, reason: i32, words: &str, linger: bool) -> Result<(), String> {
        self.connection(conn)?.close(reason.unsigned_abs(), words, linger).map_err(text)
    }

    fn send(&mut self, conn: u32, data: &[u8], reliable: bool, lane: u16) -> Result<u64, NotSent> {
        let flags = if reliable { SendFlags::RELIABLE } else { SendFlags::UNRELIABLE };
        let connection = self.connection(conn).map_err(NotSent::Other)?;
        connection.send_on_lane(data, flags, lane).map_err(|e| match e {
            SendError::LimitExceeded { .. } => NotSent::Full,
            e => NotSent::Other(e.to_string()),
        })
    }

    fn receive(&mut self, conn: u32) -> Vec<Got> {
        let messages = self.connection(conn).ok().and_then(|c| c.receive(FETCH).ok()).unwrap_or_default();
        let got = messages.into_iter().map(|m| Got {
            number: m.number(),
            reliable: m.is_reliable(),
            lane: m.lane(),
            data: m.into_payload().to_vec(),
        });
        got.collect()
    }

    fn changes(&mut self) -> Vec<Change> {
        let mut changes = Vec::new();
        for event in self.context.poll_events() {
            if let Event::ConnectionStatusChanged { connection, info, .. } = event {
                let conn = connection.handle().to_raw();
                self.connections.insert(conn, connection);
                changes.push(Change { conn, facts: facts(&info) });
            }
        }
        changes
    }

    fn facts(&mut self, conn: u32) -> Option<Facts> {
        self.connection(conn).ok()?.info().ok().map(|info| facts(&info))
    }

    fn figures(&mut self, conn: u32) -> Option<Figures> {
        let status = self.connection(conn).ok()?.status().ok()?;
        Some(Figures {
            ping_ms: status.ping_ms,
            quality_local: status.quality_local,
            quality_remote: status.quality_remote,
            out_packets: status.out_packets_per_sec,
            in_packets: status.in_packets_per_sec,
        })
    }

    fn lanes(&mut self, conn: u32, lanes: &[(i32, u16)]) -> Result<(), String> {
        let lanes: Vec<LaneConfig> =
            lanes.iter().map(|&(priority, weight)| LaneConfig { priority, weight }).collect();
        self.connection(conn)?.configure_lanes(&lanes).map_err(text)
    }

    fn configure(&mut self, key: i32, value: Value) -> Result<(), String> {
        let key = ConfigKey::try_from(key).map_err(text)?;
        self.context.set_config(Scope::Global, key, Some(config_value(value))).map_err(text)
    }

    fn configure_listener(&mut self, listener: u32, key: i32, value: Value) -> Result<(), String> {
        let key = ConfigKey::try_from(key).map_err(text)?;
        let handle = ListenerHandle::from_raw(listener).ok_or("not the handle of a listen socket")?;
        let listener = self.context.listener(handle).ok_or("no such listen socket")?;
        listener.set_config(key, Some(config_value(value))).map_err(text)
    }

    fn certificate_request(&mut self) -> Result<Vec<u8>, String> {
        Ok(self.context.certificate_request())
    }

    fn set_certificate(&mut self, blob: &[u8]) -> Result<(), String> {
        self.context.set_certificate(blob).map_err(text)
    }

    fn detailed(&mut self, conn: u32) -> String {
        self.connection(conn).ok().and_then(|c| c.detailed_status().ok()).unwrap_or_default()
    }
}
