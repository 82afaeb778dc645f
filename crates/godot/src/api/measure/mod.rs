//! Classes for `./x godot rate`: what scripts and the binding cost when nothing is sent. Only with the feature `measure`.
//!
//! They have the functions of the classes that they stand for, so that the same script runs over each.

mod alone;

use super::arg::{Blob, Int, List};
use super::convert;
use crate::face::{Arrived, Sent, results};
use alone::Pair;
use gamesockets::SendFlags;
use godot::prelude::*;
use std::cell::{Cell, RefCell};
use std::mem::ManuallyDrop;
use std::time::Duration;

/// Bytes of a message.
const BYTES: usize = 64;
/// Identity and user data as those of a usual connection.
const IDENTITY: &str = "ip:127.0.0.1:27015";

const SENT: Sent = Sent { result: results::OK, number: 1 };

fn arrived() -> Arrived {
    Arrived {
        payload: vec![b'x'; BYTES].into(),
        connection: 1,
        identity: IDENTITY.into(),
        user_data: -1,
        time: 1,
        number: 1,
        flags: 8,
        lane: 0,
    }
}

/// What both classes know. Their functions do not borrow the object either.
struct State {
    waiting: Cell<i64>,
    sent: VarDictionary,
    numbers: RefCell<VarArray>,
    /// One of them for each number of messages.
    kept: RefCell<Vec<VarArray>>,
}

thread_local! {
    // Never dropped: the engine may be gone by then.
    static STATE: ManuallyDrop<State> = ManuallyDrop::new(State {
        waiting: Cell::new(0),
        sent: convert::sent(SENT),
        numbers: RefCell::default(),
        kept: RefCell::default(),
    });
}

impl State {
    fn wait(&self, messages: i64) {
        self.waiting.set(self.waiting.get() + messages);
    }

    /// How many of the messages that were sent a function hands out.
    fn take(&self, max: i64) -> i64 {
        let count = self.waiting.get().min(max).max(0);
        self.wait(-count);
        count
    }

    fn numbers(&self, count: usize) -> VarArray {
        let mut numbers = self.numbers.borrow_mut();
        if numbers.len() != count {
            *numbers = (1..=count).map(|number| (number as i64).to_variant()).collect();
        }
        numbers.clone()
    }

    fn messages(&self, count: usize) -> VarArray {
        let mut kept = self.kept.borrow_mut();
        while kept.len() <= count {
            let messages = vec![arrived(); kept.len()];
            kept.push(convert::messages(&messages));
        }
        kept.get(count).cloned().unwrap_or_default()
    }
}

/// Functions that do nothing and answer with what they keep: what is left is the script's own.
#[derive(GodotClass)]
#[class(init, base = RefCounted)]
struct NetworkingSocketsIdle {}

#[godot_api]
#[allow(non_snake_case, reason = "names of the interface")]
impl NetworkingSocketsIdle {
    #[func(gd_self)]
    fn sendMessageToConnection(
        _this: Gd<Self>,
        _handle: i64,
        _data: PackedByteArray,
        _flags: i64,
    ) -> VarDictionary {
        STATE.with(|state| {
            state.wait(1);
            state.sent.clone()
        })
    }

    #[func(gd_self)]
    fn sendMessages(_this: Gd<Self>, messages: i64, _data: PackedByteArray, _handle: i64, _flags: i64) {
        STATE.with(|state| state.wait(messages));
    }

    #[func(gd_self)]
    fn sendMessagesArray(_this: Gd<Self>, messages: AnyArray, _handle: i64, _flags: i64) -> VarArray {
        STATE.with(|state| {
            state.wait(i64::try_from(messages.len()).unwrap_or(0));
            state.numbers(messages.len())
        })
    }

    #[func(gd_self)]
    fn receiveMessagesOnConnection(_this: Gd<Self>, _handle: i64, max_messages: i64) -> VarArray {
        STATE.with(|state| state.messages(usize::try_from(state.take(max_messages)).unwrap_or(0)))
    }

    #[func(gd_self)]
    fn receiveMessagesOnPollGroup(_this: Gd<Self>, _group: i64, max_messages: i64) -> VarArray {
        STATE.with(|state| state.messages(usize::try_from(state.take(max_messages)).unwrap_or(0)))
    }
}

/// Functions that convert as the real ones do, from and to values that they make up.
#[derive(GodotClass)]
#[class(init, base = RefCounted)]
struct NetworkingSocketsEcho {}

#[godot_api]
#[allow(non_snake_case, reason = "names of the interface")]
impl NetworkingSocketsEcho {
    #[func(gd_self)]
    fn sendMessageToConnection(_this: Gd<Self>, handle: Int, data: Blob, flags: Int) -> VarDictionary {
        let good = handle.get("").is_ok() && data.get("").is_ok() && flags.get("").is_ok();
        STATE.with(|state| state.wait(i64::from(good)));
        convert::sent(SENT)
    }

    #[func(gd_self)]
    fn sendMessages(_this: Gd<Self>, messages: Int, data: Blob, handle: Int, flags: Int) {
        let good = handle.get("").is_ok() && data.get("").is_ok() && flags.get("").is_ok();
        STATE.with(|state| state.wait(messages.get("").unwrap_or(0) * i64::from(good)));
    }

    #[func(gd_self)]
    fn sendMessagesArray(_this: Gd<Self>, messages: List, handle: Int, flags: Int) -> VarArray {
        let good = handle.get("").is_ok() && flags.get("").is_ok();
        let blobs = messages.blobs("").unwrap_or_default();
        STATE.with(|state| state.wait(i64::try_from(blobs.len()).unwrap_or(0) * i64::from(good)));
        blobs.iter().map(|blob| (blob.len() as i64).to_variant()).collect()
    }

    #[func(gd_self)]
    fn receiveMessagesOnConnection(_this: Gd<Self>, _handle: Int, max_messages: Int) -> VarArray {
        let count = STATE.with(|state| state.take(max_messages.get("").unwrap_or(0)));
        convert::messages(&vec![arrived(); usize::try_from(count).unwrap_or(0)])
    }

    #[func(gd_self)]
    fn receiveMessagesOnPollGroup(this: Gd<Self>, group: Int, max_messages: Int) -> VarArray {
        Self::receiveMessagesOnConnection(this, group, max_messages)
    }

    /// The Rust interface by itself: two contexts of this thread, the same batches, so many milliseconds.
    #[func]
    fn alone(&self, flags: i64, batch: i64, window: i64, milliseconds: i64) -> VarDictionary {
        let flags = SendFlags(u32::try_from(flags).unwrap_or(0));
        let time = Duration::from_millis(u64::try_from(milliseconds).unwrap_or(0));
        let [batch, window] = [batch, window].map(|number| usize::try_from(number).unwrap_or(1));
        match Pair::connect().and_then(|pair| pair.run(flags, batch, window, time)) {
            Ok(count) => vdict! {
                "sent" => count.sent as i64,
                "arrived" => count.arrived as i64,
                "refused" => 0_i64,
                "usec" => i64::try_from(count.time.as_micros()).unwrap_or(i64::MAX),
            },
            Err(why) => {
                godot_error!("alone: {why}");
                VarDictionary::new()
            }
        }
    }
}
