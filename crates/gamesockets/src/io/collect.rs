//! From the endpoint to the shared blocks: messages, changes of state, sockets that nobody uses any more.

use super::IoLoop;
use super::socket::Socket;
use crate::block::Block;
use crate::debug::DebugLevel;
use crate::event::Queued;
use crate::shared::Shared;
use gamesockets_endpoint::slab::ConnId;
use gamesockets_endpoint::types::{ConnectionInfo, Event};
use gamesockets_proto::connection::ConnectionState;
use gamesockets_wire::Timestamp;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// An ended connection that is not closed after this time is taken for a mistake of the application.
const UNCLOSED_AFTER: Duration = Duration::from_secs(20);

/// A connection that ended, and when to ask whether it was closed.
#[derive(Debug)]
pub(super) struct Ended {
    block: Arc<Block>,
    ask_at: Timestamp,
}

impl IoLoop {
    /// Hands everything over that the endpoint has for the application.
    pub(crate) fn collect(&mut self, shared: &Shared, now: Timestamp) {
        let shard = shared.shards.get(self.number);
        // Messages first, so that whoever sees the end of a connection finds all of its messages.
        while let Some(id) = self.endpoint.poll_readable() {
            self.endpoint.take_messages(id, &mut self.arrived);
            match shard.block(id) {
                Some(block) if !self.arrived.is_empty() => {
                    self.delivered = true;
                    block.deliver(&mut self.arrived);
                    self.after.notify(&block);
                }
                _ => self.arrived.clear(),
            }
        }
        while let Some(event) = self.endpoint.poll_event() {
            match event {
                Event::StateChanged { conn, old, new, info, .. } => {
                    self.changed(shared, now, conn, old, new, info)
                }
                Event::Destroyed { conn } => {
                    if let Some(block) = shared.remove_block(shard, conn) {
                        block.close();
                    }
                }
                Event::SocketUnused { socket } => {
                    if let Some(closed) = self.sockets.remove(socket) {
                        self.after.lines.push(&shared.debug, DebugLevel::Debug, || {
                            format!("socket {} closed", local_text(&closed))
                        });
                    }
                }
            }
        }
    }

    fn changed(
        &mut self,
        shared: &Shared,
        now: Timestamp,
        conn: ConnId,
        old: ConnectionState,
        new: ConnectionState,
        mut info: Box<ConnectionInfo>,
    ) {
        let shard = shared.shards.get(self.number);
        let known = shard.block(conn);
        let incoming = old == ConnectionState::None && info.listener.is_some();
        let Some(block) = known.or_else(|| if incoming { self.make_block(shared, conn) } else { None })
        else {
            return;
        };
        self.after.lines.push(&shared.debug, DebugLevel::Verbose, || describe_change(old, new, &info));
        info.state = new;
        block.translate(&mut info);
        match new {
            ConnectionState::None => {
                shared.remove_block(shard, conn);
                block.publish((*info).clone());
                block.close();
            }
            ConnectionState::ClosedByPeer | ConnectionState::ProblemDetectedLocally => {
                self.ended.push_back(Ended { block: block.clone(), ask_at: now + UNCLOSED_AFTER });
                block.publish((*info).clone());
            }
            _ => block.publish((*info).clone()),
        }
        self.delivered = true;
        self.after.notify(&block);
        let offered = if incoming { shared.offer_to_listener(&block, &mut self.after) } else { None };
        if let Some(unwanted) = offered {
            for block in unwanted {
                // Already gone is as good.
                let text = "too many connections wait to be accepted";
                let _ = self.endpoint.close(now, block.local, 0, text, false);
            }
            return;
        }
        let callback = block.status_callback.load(Ordering::Relaxed);
        shared.post(Queued::Status { block, old, new, info, callback }, &mut self.after.lines);
    }

    /// The block of a connection that came in.
    fn make_block(&self, shared: &Shared, conn: ConnId) -> Option<Arc<Block>> {
        let info = self.endpoint.info(conn).ok()?;
        let gauges = self.endpoint.gauges(conn).ok()?;
        let listener = info.listener.and_then(|local| self.listeners.get(&local)).copied();
        let place = shared.shards.place(self.number, conn);
        let config = shared.config_of_incoming(place.handle, listener)?;
        let block = Arc::new(Block::new(place, listener, gauges, info, &config, false));
        shared.read_status_callback(&block);
        shared.shards.get(self.number).add_block(&block);
        Some(block)
    }

    pub(super) fn unclosed_at(&self) -> Option<Timestamp> {
        self.ended.front().map(|e| e.ask_at)
    }

    /// Complains about connections that ended long ago and were not closed.
    pub(super) fn report_unclosed(&mut self, shared: &Shared, now: Timestamp) {
        while self.ended.front().is_some_and(|e| e.ask_at <= now || e.block.is_closed()) {
            let Some(Ended { block, .. }) = self.ended.pop_front() else { return };
            if !block.is_closed() {
                self.after.lines.push(&shared.debug, DebugLevel::Bug, || {
                    let what = block.with_info(|info| info.description.clone());
                    format!(
                        "{what} ended {} s ago and was not closed: close ended connections",
                        UNCLOSED_AFTER.as_secs()
                    )
                });
            }
        }
    }
}

/// A socket's address for the log.
pub(crate) fn local_text(socket: &Socket) -> String {
    socket.local().map_or_else(|e| e.to_string(), |local| local.to_string())
}

fn describe_change(old: ConnectionState, new: ConnectionState, info: &ConnectionInfo) -> String {
    let mut line = format!("{}: {old:?} -> {new:?}", info.description);
    if let Some(remote) = info.remote {
        line.push_str(&format!(" ({remote})"));
    }
    if info.end_reason.0 != 0 {
        line.push_str(&format!(", {} {}", info.end_reason.0, info.end_debug));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Context, DebugLevel, SocketPairKind};
    use gamesockets_wire::Identity;
    use std::sync::Mutex;

    #[test]
    fn who_does_not_close_is_told_once() {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let copy = lines.clone();
        let context = Context::builder()
            .manual_poll(true)
            .debug_output(DebugLevel::Bug, move |_, line| crate::sync::lock(&copy).push(line.to_owned()))
            .build()
            .unwrap();
        let pair = || {
            context
                .socket_pair(SocketPairKind::Memory, [Identity::localhost(), Identity::localhost()])
                .unwrap()
        };
        let (a, b) = pair();
        let (c, d) = pair();
        a.close(0, "", false).unwrap();
        c.close(0, "", false).unwrap();
        b.close(0, "", false).unwrap();
        assert_eq!(d.state(), ConnectionState::ClosedByPeer);
        let after = |seconds| {
            let shared = &context.shared;
            let taken = shared.query(shared.shards.first(), |io, now| {
                io.report_unclosed(shared, now + Duration::from_secs(seconds));
                io.after.take()
            });
            taken.run(&shared.debug);
            crate::sync::lock(&lines).len()
        };
        assert_eq!((after(19), after(21), after(60)), (0, 1, 1));
        assert!(crate::sync::lock(&lines)[0].contains("was not closed"));
    }
}
