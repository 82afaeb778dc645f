//! Dictionaries that are made for each message, quickly.
//!
//! godot-rust makes a key anew for each place, and asks the engine each time whether the dictionary may be written to.
//! Together that costs as much as the engine needs for all the rest of a dictionary.

use godot::builtin::{GString, VarDictionary, Variant};
use godot::meta::ToGodot;
use godot::sys;
use godot::sys::GodotFfi;
use std::sync::OnceLock;

/// A dictionary in the making, which nobody else knows: it is neither typed nor read-only.
pub(super) struct Record(VarDictionary);

macro_rules! keys {
    ($($Key:ident = $name:literal),* $(,)?) => {
        /// What a value is filed under.
        #[derive(Debug, Clone, Copy)]
        pub(super) enum Key { $($Key),* }

        const NAMES: [&str; [$($name),*].len()] = [$($name),*];
    };
}

keys! {
    Payload = "payload",
    Size = "size",
    Connection = "connection",
    Identity = "identity",
    UserData = "user_data",
    TimeReceived = "time_received",
    MessageNumber = "message_number",
    Channel = "channel",
    Flags = "flags",
    ReceiverUserData = "receiver_user_data",
    SenderUserData = "sender_user_data",
    Lane = "lane",
    PayloadString = "payload_string",
    Result = "result",
}

/// The keys as the engine wants them. They stay until the process ends.
struct Keys([Variant; NAMES.len()]);

// SAFETY: each is text that nobody writes to, and the engine counts its users atomically.
unsafe impl Send for Keys {}
// SAFETY: as above; what is shared is only read.
unsafe impl Sync for Keys {}

static KEYS: OnceLock<Keys> = OnceLock::new();

impl Record {
    pub(super) fn new() -> Self {
        Self(VarDictionary::new())
    }

    /// Files a value.
    pub(super) fn put(&mut self, key: Key, value: Variant) {
        let keys = KEYS.get_or_init(|| Keys(NAMES.map(|name| GString::from(name).to_variant())));
        let key = &keys.0[key as usize];
        let index = sys::interface_fn!(dictionary_operator_index);
        // SAFETY: both are alive; the engine makes the place if it is not there, and copies the key.
        let place = unsafe { index(self.0.sys_mut(), key.var_sys()) };
        // SAFETY: `Variant` has the engine's layout, and the place holds a value until the dictionary changes again.
        unsafe { *place.cast::<Variant>() = value };
    }

    pub(super) fn done(self) -> VarDictionary {
        self.0
    }
}
