//! What the Rust interface does by itself, in the way in which the scripts use it.

use super::BYTES;
use gamesockets::config::{ConfigKey, ConfigValue};
use gamesockets::{Connection, ConnectionState, Context, Message, SendFlags};
use std::time::{Duration, Instant};

/// The fastest rate there is, bytes per second: no limit.
const RATE: i32 = 0x1000_0000;
/// What may wait to be read, in bytes and in messages, as with the multiplayer peer.
const BUFFER: i32 = 4 << 20;
const MESSAGES: i32 = 16 << 10;
const PATIENCE: Duration = Duration::from_secs(5);
/// Unreliable messages that stay away this long are lost.
const SILENCE: Duration = Duration::from_millis(50);

/// Two contexts that are connected over loopback.
pub(super) struct Pair {
    from: Connection,
    to: Connection,
    /// Their threads run as long as they live.
    _contexts: [Context; 2],
}

/// What came of a run.
pub(super) struct Count {
    pub(super) sent: usize,
    pub(super) arrived: usize,
    /// From the first message to the last that arrived.
    pub(super) time: Duration,
}

impl Pair {
    pub(super) fn connect() -> Result<Self, String> {
        let options = [
            (ConfigKey::SendRateMin, ConfigValue::Int32(RATE)),
            (ConfigKey::SendRateMax, ConfigValue::Int32(RATE)),
            (ConfigKey::RecvBufferSize, ConfigValue::Int32(BUFFER)),
            (ConfigKey::RecvBufferMessages, ConfigValue::Int32(MESSAGES)),
        ];
        let text = |why: &dyn ToString| why.to_string();
        let contexts = [Context::new(), Context::new()];
        let [server, client] = contexts.map(|context| context.map_err(|why| text(&why)));
        let (server, client) = (server?, client?);
        let listener = server.listen_with(([127, 0, 0, 1], 0).into(), &options).map_err(|why| text(&why))?;
        let from = client.connect_with(listener.local_addr(), &options).map_err(|why| text(&why))?;
        let begin = Instant::now();
        loop {
            if begin.elapsed() > PATIENCE {
                return Err("no connection".to_owned());
            }
            if let Some(to) = server.connections().into_iter().next() {
                let _ = to.accept();
                if from.state() == ConnectionState::Connected && to.state() == ConnectionState::Connected {
                    return Ok(Self { from, to, _contexts: [server, client] });
                }
            }
            std::thread::yield_now();
        }
    }

    /// Sends a batch wherever the window has room for it, and takes what arrived, for that time.
    pub(super) fn run(
        &self,
        flags: SendFlags,
        batch: usize,
        window: usize,
        time: Duration,
    ) -> Result<Count, String> {
        let data = [b'x'; BYTES];
        let (mut sent, mut arrived, mut given_up) = (0, 0, 0);
        let mut messages: Vec<Message> = Vec::with_capacity(batch);
        let begin = Instant::now();
        let (mut last_arrival, mut progress) = (begin, begin);
        loop {
            let now = Instant::now();
            let sending = now.duration_since(begin) < time;
            if sending && sent + batch <= arrived + given_up + window {
                for _ in 0..batch {
                    self.from.send(&data, flags).map_err(|why| why.to_string())?;
                }
                sent += batch;
            }
            messages.clear();
            let count = self.to.receive_into(&mut messages, batch).map_err(|why| why.to_string())?;
            if count > 0 {
                arrived += messages.iter().filter(|message| message.payload().len() == BYTES).count();
                (last_arrival, progress) = (now, now);
            } else if now.duration_since(progress) > SILENCE {
                given_up = sent - arrived;
                progress = now;
            }
            if !sending && sent <= arrived + given_up {
                return Ok(Count { sent, arrived, time: last_arrival.duration_since(begin) });
            }
        }
    }
}
