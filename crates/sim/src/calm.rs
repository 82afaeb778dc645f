//! What must hold once the faults are over: everything is delivered, counters return to zero, idle connections are
//! quiet, and closed ones leave nothing behind.

use crate::book::Role;
use crate::trace::{Broken, Check, Failure, HostId, broken, rule};
use crate::world::World;
use gamesockets_endpoint::slab::ConnId;

/// How often the rules are looked at while waiting for them to hold, microseconds.
const LOOK_EVERY_US: u64 = 250_000;
/// What was sent before the faults ended may be under way for this long, microseconds.
const STRAY_US: u64 = 10_000_000;
/// A closed connection answers stragglers for five seconds; then nothing of it may be left.
const GONE_AFTER_US: u64 = 8_000_000;
/// Wake-ups per connection and minute of silence. A keep-alive every ten seconds makes a few each: the question, the
/// answer, the answer's acknowledgement, and the deadlines around them; statistics add some.
const WAKEUPS_PER_MINUTE_MAX: u64 = 90;
/// Datagrams per connection and minute of silence.
const DATAGRAMS_PER_MINUTE_MAX: u64 = 40;

impl World {
    /// Tells all applications to send nothing new and to read everything.
    ///
    /// # Errors
    /// A rule was broken.
    pub fn calm_down(&mut self) -> Result<(), Failure> {
        for i in 0..self.hosts.len() {
            let done = self.hosts[i].with_app(&mut self.shared, |app, ctx| app.calm_down(ctx));
            done.map_err(|b| self.failure(&b))?;
        }
        Ok(())
    }

    /// Runs until every connection is established at both ends or at none, none is under way to either, and everything
    /// sent has come out.
    ///
    /// # Errors
    /// A rule was broken, or that did not happen within `limit_us` microseconds.
    pub fn settle(&mut self, limit_us: u64) -> Result<(), Failure> {
        let end = self.shared.now_us + limit_us;
        loop {
            let settled = self.shared.book.check_settled();
            let settled =
                settled.and_then(|()| self.shared.book.check_decided()).and_then(|()| self.check_drained());
            match settled {
                Ok(()) => return Ok(()),
                Err(b) if self.shared.now_us >= end => return Err(self.unsettled(&b)),
                Err(_) => self.run_for(LOOK_EVERY_US)?,
            }
        }
    }

    /// The failure, with what every connection says about itself.
    fn unsettled(&mut self, broken: &Broken) -> Failure {
        for (host, conn) in self.live() {
            let Some(flow) = self.hosts[host.0 as usize].flow(conn) else { continue };
            let text = self.ctx(host).detailed_status(conn);
            let flow = self.shared.book.flow(flow);
            let text = format!("{} of {host}, peer {:?}: {text}{:?}", flow.id, flow.peer, flow.config);
            self.note(&text);
        }
        self.failure(broken)
    }

    /// All live connections with their hosts.
    pub fn live(&self) -> Vec<(HostId, ConnId)> {
        let live = self.shared.book.flows().iter().filter(|f| f.is_live());
        live.map(|f| (f.host, f.conn)).collect()
    }

    /// Nothing waits, is in flight or unread on any established connection.
    fn check_drained(&mut self) -> Check {
        use core::sync::atomic::Ordering::Relaxed;
        for (host, conn) in self.live() {
            let mut ctx = self.ctx(host);
            let Some(flow) = ctx.flow(conn) else { return Err(broken!("{conn:?} of {host} has no flow")) };
            let Some((s, _)) = ctx.status(conn, 0) else { return Err(broken!("{flow} has no status")) };
            rule!(
                s.pending_reliable == 0 && s.pending_unreliable == 0 && s.sent_unacked_reliable == 0,
                "{flow} is quiet, yet {} reliable and {} unreliable bytes wait, {} are in flight",
                s.pending_reliable,
                s.pending_unreliable,
                s.sent_unacked_reliable
            );
            let gauges = ctx.endpoint().gauges(conn).map_err(|e| broken!("{flow} has no gauges: {e}"))?;
            let unread = (gauges.recv_messages.load(Relaxed), gauges.recv_bytes.load(Relaxed));
            rule!(
                unread == (0, 0),
                "{flow} was read to its end, yet counts {unread:?} unread messages and bytes"
            );
        }
        Ok(())
    }

    /// Lets the world idle and counts what happens.
    ///
    /// # Errors
    /// A rule was broken: too many wake-ups or datagrams, or a connection ended.
    pub fn idle(&mut self, minutes: u64) -> Result<(), Failure> {
        self.run_for(STRAY_US)?;
        let live = self.live();
        let before: Vec<_> = self.hosts.iter().map(|h| *h.counters()).collect();
        self.run_for(minutes * 60_000_000)?;
        let after = self.live();
        if live != after {
            let b = broken!("{} connections became {} while nothing happened", live.len(), after.len());
            return Err(self.failure(&b));
        }
        for (host, before) in self.hosts.iter().zip(before) {
            let conns = live.iter().filter(|(h, _)| *h == host.id()).count() as u64;
            let wakeups = host.counters().wakeups - before.wakeups;
            let sent = host.counters().sent - before.sent;
            if wakeups > conns * WAKEUPS_PER_MINUTE_MAX * minutes {
                let b = broken!(
                    "{} woke {wakeups} times in {minutes} idle minutes, {conns} connections",
                    host.id()
                );
                return Err(self.failure(&b));
            }
            if sent > conns * DATAGRAMS_PER_MINUTE_MAX * minutes {
                let b = broken!(
                    "{} sent {sent} datagrams in {minutes} idle minutes, {conns} connections",
                    host.id()
                );
                return Err(self.failure(&b));
            }
        }
        Ok(())
    }

    /// The ping of every connection must be near what its links delay. `slack_ms` is for late loops.
    ///
    /// # Errors
    /// It is not.
    pub fn check_pings(&mut self, slack_ms: u64) -> Result<(), Failure> {
        for (host, conn) in self.live() {
            let Some(flow) = self.hosts[host.0 as usize].flow(conn) else { continue };
            let peer = self.shared.book.flow(flow).peer;
            let Some(other) = peer.map(|p| self.shared.book.flow(p).host) else { continue };
            if self.shared.book.flow(flow).role == Role::Pipe {
                continue;
            }
            let delay_us =
                self.link(host, other).config().delay_us + self.link(other, host).config().delay_us;
            let (low, high) = (delay_us / 1000, delay_us / 1000 + slack_ms);
            let Some((status, _)) = self.ctx(host).status(conn, 0) else { continue };
            let ping = i64::from(status.ping_ms);
            if ping < low as i64 - 1 || ping > high as i64 + 2 {
                return Err(self
                    .failure(&broken!("{flow} has a ping of {ping} ms, the links make it {low} to {high}")));
            }
        }
        Ok(())
    }

    /// Closes everything and waits until nothing is left.
    ///
    /// # Errors
    /// A rule was broken: something is left.
    pub fn close_all(&mut self) -> Result<(), Failure> {
        let open: Vec<_> =
            self.shared.book.flows().iter().filter(|f| f.closed.is_none() && !f.destroyed).collect();
        let open: Vec<_> = open.into_iter().map(|f| (f.host, f.conn)).collect();
        for (host, conn) in open {
            let linger = self.rng.chance(0.5);
            self.ctx(host).close(conn, 0, "the world ends", linger).map_err(|b| self.failure(&b))?;
        }
        for id in self.host_ids() {
            let listeners: Vec<_> = self.hosts[id.0 as usize].listeners.keys().copied().collect();
            for listener in listeners {
                self.ctx(id).close_listener(listener).map_err(|b| self.failure(&b))?;
            }
        }
        self.run_for(GONE_AFTER_US)?;
        self.check_nothing_left().map_err(|b| self.failure(&b))
    }

    fn check_nothing_left(&mut self) -> Check {
        for host in &mut self.hosts {
            let id = host.id();
            let left = host.endpoint.connection_count();
            rule!(left == 0, "{id} still has {left} connections after all were closed");
            let deadline = host.endpoint.poll_timeout();
            rule!(deadline.is_none(), "{id} has no connections and wants to wake at {deadline:?}");
            let sockets: Vec<_> = host.sockets.values().collect();
            rule!(sockets.is_empty(), "{id} has no connections and never released {sockets:?}");
            let leftover = host.endpoint.leftover();
            rule!(leftover.is_none(), "{id} has no connections and yet {leftover:?}");
        }
        for flow in self.shared.book.flows() {
            rule!(flow.destroyed, "{} of {} was never destroyed", flow.id, flow.host);
        }
        Ok(())
    }
}
