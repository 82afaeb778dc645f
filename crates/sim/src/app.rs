//! Applications on top of an endpoint.

use crate::ctx::Ctx;
use crate::trace::Check;
use core::cell::RefCell;
use core::fmt::Debug;
use gamesockets_endpoint::slab::ConnId;
use gamesockets_endpoint::types::Event;
use gamesockets_proto::connection::ConnectionState as State;
use gamesockets_proto::message::Message;
use std::rc::Rc;

/// What runs on a host. Called while the host's loop runs its turn.
pub trait App: Debug {
    /// The endpoint reported something.
    ///
    /// # Errors
    /// A rule was broken: the world stops.
    fn on_event(&mut self, ctx: &mut Ctx<'_>, event: &Event) -> Check;

    /// A connection got messages.
    ///
    /// # Errors
    /// A rule was broken: the world stops.
    fn on_readable(&mut self, ctx: &mut Ctx<'_>, conn: ConnId) -> Check;

    /// The time came that was given to [`Ctx::think_at`].
    ///
    /// # Errors
    /// A rule was broken: the world stops.
    fn on_think(&mut self, ctx: &mut Ctx<'_>, token: u64) -> Check {
        let _ = (ctx, token);
        Ok(())
    }

    /// The faults are over: nothing new is to be sent, everything is to be read.
    ///
    /// # Errors
    /// A rule was broken: the world stops.
    fn calm_down(&mut self, ctx: &mut Ctx<'_>) -> Check {
        let _ = ctx;
        Ok(())
    }
}

/// A message as an application got it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Got {
    /// Virtual time, microseconds.
    pub at_us: u64,
    /// On this connection.
    pub conn: ConnId,
    /// The message.
    pub message: Message,
}

/// Messages that an application got, for somebody outside to look at.
pub type Record = Rc<RefCell<Vec<Got>>>;

/// The plainest application: accepts if told so, reads everything at once, and keeps it if told so. The rest is done
/// by the test that owns the world.
#[derive(Debug, Clone)]
pub struct Plain {
    /// Messages are kept here.
    pub record: Option<Record>,
    /// Accept incoming connections at once.
    pub accept: bool,
    /// Read messages as soon as they come.
    pub read: bool,
    /// Close connections that ended by themselves.
    pub close: bool,
}

impl Default for Plain {
    fn default() -> Self {
        Self { record: None, accept: true, read: true, close: false }
    }
}

impl Plain {
    /// One that keeps what it reads, and where.
    pub fn recording() -> (Self, Record) {
        let record = Record::default();
        (Self { record: Some(record.clone()), ..Self::default() }, record)
    }
}

impl App for Plain {
    fn on_event(&mut self, ctx: &mut Ctx<'_>, event: &Event) -> Check {
        let Event::StateChanged { conn, listener, old, new, .. } = event else { return Ok(()) };
        if self.accept && listener.is_some() && *old == State::None {
            ctx.accept(*conn);
        }
        if self.close && *new >= State::ClosedByPeer {
            ctx.read_all(*conn)?;
            ctx.close(*conn, 0, "", false)?;
        }
        Ok(())
    }

    fn on_readable(&mut self, ctx: &mut Ctx<'_>, conn: ConnId) -> Check {
        if !self.read {
            return Ok(());
        }
        let messages = ctx.read_all(conn)?;
        if let Some(record) = &self.record {
            let at_us = ctx.now_us();
            record.borrow_mut().extend(messages.into_iter().map(|message| Got { at_us, conn, message }));
        }
        Ok(())
    }
}
