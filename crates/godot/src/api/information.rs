//! Functions: what is known about connections and about us.

macro_rules! functions {
    ($Class:ident) => {
        #[godot_api(secondary)]
        impl $Class {
            /// The facts about a connection at this moment; empty for a bad handle.
            ///
            /// `identity` of the peer, `invalid` while unknown; `user_data`;
            /// `listen_socket` that it came in through, or 0; `remote_address`, all zeros if there is
            /// none; `remote_pop` and `pop_relay`, codes of data centres, 0 without relays;
            /// `connection_state`, of [enum NetworkingConnectionState]; `end_reason` and
            /// `end_reason_code`, 0 while it lives; `end_debug`, a sentence about the end;
            /// `debug_description`, a line for logs; `flags`, a sum of 1 unauthenticated, 2
            /// unencrypted, 4 inside this process, 8 fast, 16 relayed.
            #[func(rename = getConnectionInfo)]
            fn get_connection_info(&self, connection_handle: Int) -> VarDictionary {
                self.ask("getConnectionInfo", VarDictionary::new(), |face| {
                    let facts = face.facts(connection_handle.get("connection_handle")?);
                    facts.map(|facts| convert::info(&facts)).map_err(|fault| fault.why.into())
                })
            }

            /// How a connection does: ping, quality, rates, and what waits, in all and in its first [param lanes] lanes.
            ///
            /// `response` is 1, 3 for a bad handle, 8 for more lanes than there are; only with 1 there are
            /// `connection_status` (empty unless [param get_status]) and `lanes_status`. Of the keys
            /// in there, `ping` is in milliseconds, qualities are 0 to 1, and -1 stands for unknown; rates are per
            /// second; `send_rate` is bytes per second, `pending_*` and
            /// `*_unacknowledged_*` bytes; `queue_time` and `max_jitter` microseconds.
            #[func(rename = GetConnectionRealTimeStatus)]
            fn get_connection_real_time_status_seed(
                &self,
                connection_handle: Int,
                #[opt(default = Int::from(0))] lanes: Int,
                #[opt(default = Flag::from(true))] get_status: Flag,
            ) -> VarDictionary {
                self.real_time("GetConnectionRealTimeStatus", connection_handle, lanes, get_status)
            }

            /// The same as [method GetConnectionRealTimeStatus].
            #[func(rename = getConnectionRealTimeStatus)]
            fn get_connection_real_time_status(
                &self,
                connection_handle: Int,
                #[opt(default = Int::from(0))] lanes: Int,
                #[opt(default = Flag::from(true))] get_status: Flag,
            ) -> VarDictionary {
                self.real_time("getConnectionRealTimeStatus", connection_handle, lanes, get_status)
            }

            /// Several lines of diagnostics. `success` is 0, or -1 for a bad handle; `buffer` and
            /// `status` are the text, whose form may change.
            #[func(rename = getDetailedConnectionStatus)]
            fn get_detailed_connection_status(&self, connection_handle: Int) -> VarDictionary {
                let text = self.ask("getDetailedConnectionStatus", None, |face| {
                    let text = face.detailed(connection_handle.get("connection_handle")?);
                    text.map(Some).map_err(|fault| fault.why.into())
                });
                let success = if text.is_some() { 0_i64 } else { -1 };
                let text = GString::from(&text.unwrap_or_default());
                vdict! { "success" => success, "buffer" => &text, "status" => &text }
            }

            /// The number attached to a connection; -1 if there is none, and for a bad handle.
            #[func(rename = getConnectionUserData)]
            fn get_connection_user_data(&self, peer: Int) -> i64 {
                self.ask("getConnectionUserData", -1, |face| face.user_data(peer.get("peer")?))
            }

            /// Attaches a number of 64 bits with sign to a connection. Messages that wait show it too. Returns
            /// `false` for a bad handle.
            #[func(rename = setConnectionUserData)]
            fn set_connection_user_data(&self, peer: Int, user_data: Int) -> bool {
                self.ask("setConnectionUserData", false, |face| {
                    face.set_user_data(peer.get("peer")?, user_data.get("user_data")?)
                })
            }

            /// Names a connection for debugging; 31 bytes are kept.
            #[func(rename = setConnectionName)]
            fn set_connection_name(&self, peer: Int, name: Text) {
                self.ask("setConnectionName", (), |face| {
                    face.set_name(peer.get("peer")?, &name.get("name")?)
                });
            }

            /// The name of a connection; empty for a bad handle.
            #[func(rename = getConnectionName)]
            fn get_connection_name(&self, peer: Int) -> GString {
                let name = self.ask("getConnectionName", String::new(), |face| face.name(peer.get("peer")?));
                GString::from(&name)
            }

            /// Who we are, as text; empty while unknown. `ip:::1` is localhost: nobody in particular.
            #[func(rename = getIdentity)]
            fn get_identity(&self) -> GString {
                GString::from(&self.ask("getIdentity", String::new(), Face::identity))
            }

            /// Becomes somebody else. All connections end with reason 2999, listen sockets and poll groups go, certificate
            /// and key are forgotten.
            ///
            /// [param identity_reference] is a name ([method addIdentity]) or text such as `str:alice`; empty for
            /// nobody in particular.
            #[func(rename = resetIdentity)]
            fn reset_identity(&self, identity_reference: Text) {
                self.ask("resetIdentity", (), |face| {
                    face.reset_identity(&identity_reference.get("identity_reference")?)
                });
            }
        }

        impl $Class {
            fn real_time(
                &self,
                function: &str,
                connection_handle: Int,
                lanes: Int,
                get_status: Flag,
            ) -> VarDictionary {
                let response = |number: i64| vdict! { "response" => number };
                self.ask(function, response(results::INVALID_PARAM), |face| {
                    let connection = connection_handle
                        .get("connection_handle")
                        .map_err(|why| Fault::with(response(results::NO_CONNECTION), &why))?;
                    let lanes = lanes.get("lanes")?;
                    let get_status = get_status.get("get_status")?;
                    face.real_time(connection, lanes)
                        .map(|status| convert::real_time(&status, get_status))
                        .map_err(|fault| Fault { why: fault.why, answer: fault.answer.map(response) })
                })
            }
        }
    };
}

pub(super) use functions;
