//! The two classes. They have the same functions and signals; godot-rust's classes cannot inherit from each other, so the
//! functions are macros that take the class.
#![allow(non_snake_case, reason = "two arguments have names of their own in the interface")]

use super::arg::{Blob, Flag, Int, List, Loose, Real, Text};
use super::convert::{self, tell};
use super::core::{Core, answer};
use super::instances;
use crate::face::config::Setting;
use crate::face::{Face, Fault, Order, Outcome, Sent, results};
use gamesockets::config::ConfigValue;
use godot::classes::Object;
use godot::prelude::*;
use std::sync::Arc;

/// The answer to what cannot be sent.
const NOT_SENT: Sent = Sent::refused(results::INVALID_PARAM);

/// Encrypted, message-oriented UDP connections for games.
///
/// The engine singleton of the extension: the functions, signals and constants of the Networking Sockets page, without
/// Steam. Listen with [method createListenSocketIP], connect with [method connectByIPAddress], and watch
/// [signal network_connection_status_changed]: accept what comes in with [method acceptConnection], and close what ended
/// with [method closeConnection]. Messages are sent with [method sendMessageToConnection] and read with
/// [method receiveMessagesOnConnection].
///
/// A bad argument is answered with the function's neutral value and one error line that begins with the function's name.
/// All functions may be called from any thread; signals are emitted by the thread that calls [method run_callbacks].
#[derive(GodotClass)]
#[class(tool, init, singleton, base = Object)]
pub(crate) struct NetworkingSockets {
    core: Core,
    base: Base<Object>,
}

/// An instance of its own, beside the singleton [NetworkingSockets] and with the same functions and signals.
///
/// Several of them play several players inside one process: each has its own identity, settings, simulated network,
/// connections and tables of names. It ends, with all its connections, when the last reference to it goes; what was closed
/// with `linger` is still delivered, in the background, for up to 10 seconds.
#[derive(GodotClass)]
#[class(tool, init, base = RefCounted)]
pub(crate) struct NetworkingSocketsContext {
    core: Core,
    base: Base<RefCounted>,
}

/// What both classes can do besides their functions.
macro_rules! class {
    ($Class:ident) => {
        impl $Class {
            fn face(&self) -> &Face {
                self.core.face(stringify!($Class), || self.to_gd().upcast())
            }

            /// The same without borrowing the object.
            fn face_of(this: &Gd<Self>) -> Arc<Face> {
                instances::find(this.instance_id_unchecked()).unwrap_or_else(|| {
                    let bound = this.bind();
                    let object = || this.clone().upcast();
                    Arc::clone(bound.core.face(stringify!($Class), object))
                })
            }

            fn ask<T>(&self, function: &str, neutral: T, work: impl FnOnce(&Face) -> Outcome<T>) -> T {
                answer(function, neutral, work(self.face()))
            }

            /// Emits the signals of what happened. Neither lock nor guard is held meanwhile: a handler may let go of the
            /// last reference to the object.
            pub(crate) fn deliver(this: &Gd<Self>) {
                let Some(teller) = this.bind().core.teller() else { return };
                let mut object = this.clone().upcast::<Object>();
                let take = || teller.face.take_events();
                teller.delivery.deliver(take, |event| tell(&mut object, &teller.callables, event));
            }

            /// Forgets the callables of scripts, which are about to go.
            pub(crate) fn forget_scripts(&self) {
                self.core.callables.clear();
            }
        }

        #[godot_api]
        impl $Class {
            /// A request for a fake address ended ([method beginAsyncRequestFakeIP]); once per accepted request.
            ///
            /// [param result] is 1 for success, 20 when no service can be reached, 25 for too many ports, 8 for less than
            /// one. [param identity] is always the name `fake_ip_identity`, under which our identity is kept.
            /// [param fake_ip] is the address as `a.b.c.d`, [param port_list] the ports that belong to it.
            #[signal]
            fn fake_ip_result(result: i64, identity: GString, fake_ip: GString, port_list: VarArray);

            /// Our readiness to prove who we are changed.
            ///
            /// [param available] is a number of [enum NetworkingAvailability], [param debug_message] a sentence about it.
            #[signal]
            fn network_authentication_status(available: i64, debug_message: GString);

            /// A connection was made, changed its state, or went.
            ///
            /// [param connect_handle] is the connection. [param connection] holds the keys of
            /// [method getConnectionInfo] as they were at that moment, but `end_reason` is text here and
            /// `end_reason_code` the number. [param old_state] is the state before, a number of
            /// [enum NetworkingConnectionState].
            ///
            /// Old state 0, new state 1 and a listen socket: somebody wants to connect; accept or close it. New state 4 or
            /// 5: it ended; read what is left and close it. New state 0: the handle is gone already.
            #[signal]
            fn network_connection_status_changed(
                connect_handle: i64,
                connection: VarDictionary,
                old_state: i64,
            );
        }

        super::connections::functions!($Class);
        super::messages::functions!($Class);
        super::information::functions!($Class);
        super::authentication::functions!($Class);
        super::later::functions!($Class);
        super::identities::functions!($Class);
        super::addresses::functions!($Class);
        super::configuration::functions!($Class);
    };
}

impl NetworkingSocketsContext {
    /// What it is inside, for others who listen and connect as it does.
    pub(crate) fn context(&self) -> Result<gamesockets::Context, String> {
        self.face().context().cloned()
    }
}

class!(NetworkingSockets);
class!(NetworkingSocketsContext);
