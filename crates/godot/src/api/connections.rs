//! Functions: listening, connecting, accepting, closing, poll groups.

macro_rules! functions {
    ($Class:ident) => {
        #[godot_api(secondary)]
        impl $Class {
            /// Listens at an address of this machine, over UDP.
            ///
            /// [param ip_reference] is a name ([method addIPAddress]) or text such as `0.0.0.0:27015` or
            /// `[::]:27015`; all zeros stand for every address. The port has to be 1 to 65535.
            /// [param options] is a list of `[config value, data type, data value]`; connections that come in
            /// inherit them. Returns the listen socket, or 0 if the address or an option cannot be used.
            #[func(rename = createListenSocketIP)]
            fn create_listen_socket_ip(&self, ip_reference: Text, options: List) -> i64 {
                self.ask("createListenSocketIP", 0, |face| {
                    let reference = ip_reference.get("ip_reference")?;
                    let options = options.options(&self.core.callables)?;
                    let made = face.listen_ip(&reference, options.values())?;
                    options.settle();
                    Ok(made)
                })
            }

            /// Starts connecting to a listen socket, over UDP.
            ///
            /// [param ip_address_with_port] is text such as `192.0.2.1:27015` or
            /// `[2001:db8::1]:27015`, or a name ([method addIPAddress]). [param options] is a list of
            /// `[config value, data type, data value]`. Returns the connection, which is in state 1, or 0. How
            /// it goes on is told by [signal network_connection_status_changed]; without an answer it ends after 10 seconds
            /// with reason 5003.
            #[func(rename = connectByIPAddress)]
            fn connect_by_ip_address(&self, ip_address_with_port: Text, options: List) -> i64 {
                self.ask("connectByIPAddress", 0, |face| {
                    let address = ip_address_with_port.get("ip_address_with_port")?;
                    let options = options.options(&self.core.callables)?;
                    let made = face.connect_ip(&address, options.values())?;
                    options.settle();
                    Ok(made)
                })
            }

            /// Lets a connection in that waits for it.
            ///
            /// Returns 1, 8 for a bad handle or a connection of our own making, 11 if it does not wait, 36 if the peers'
            /// keys do not go together.
            #[func(rename = acceptConnection)]
            fn accept_connection(&self, connection_handle: Int) -> i64 {
                self.ask("acceptConnection", results::INVALID_PARAM, |face| {
                    face.accept(connection_handle.get("connection_handle")?)
                })
            }

            /// Ends a connection and frees its handle. Messages that were not read are dropped.
            ///
            /// [param reason] is 0 for the ordinary reason (1000), or 1000 to 2999; anything else becomes 1999.
            /// [param debug_message] goes to the peer, up to 127 bytes of it. With [param linger] reliable messages still
            /// leave; without, they are dropped. Returns `false` for a bad handle.
            #[func(rename = closeConnection)]
            fn close_connection(&self, peer: Int, reason: Int, debug_message: Text, linger: Flag) -> bool {
                self.ask("closeConnection", false, |face| {
                    let (peer, reason) = (peer.get("peer")?, reason.get("reason")?);
                    face.close(peer, reason, &debug_message.get("debug_message")?, linger.get("linger")?)
                })
            }

            /// Stops listening, and destroys all connections that came in there. Their peers are not told: close the
            /// connections first to say goodbye. Returns `false` for a bad handle.
            #[func(rename = closeListenSocket)]
            fn close_listen_socket(&self, socket: Int) -> bool {
                self.ask("closeListenSocket", false, |face| face.close_listener(socket.get("socket")?))
            }

            /// Makes two connections that are each other's peers and connected at once.
            ///
            /// With [param loopback] they talk over two sockets of this machine, encrypted and with the simulated network;
            /// without, messages are handed over inside the process. [param identity_reference1] is whom the first
            /// connection sees as its peer; empty or unknown stands for localhost. Returns `success`,
            /// `connection1` and `connection2`, which are 0 on failure. Both have to be closed.
            #[func(rename = createSocketPair)]
            fn create_socket_pair(
                &self,
                loopback: Flag,
                identity_reference1: Text,
                identity_reference2: Text,
            ) -> VarDictionary {
                let pair = self.ask("createSocketPair", [0, 0], |face| {
                    let one = identity_reference1.get("identity_reference1")?;
                    let other = identity_reference2.get("identity_reference2")?;
                    face.socket_pair(loopback.get("loopback")?, [&one, &other])
                });
                vdict! { "success" => pair[0] != 0, "connection1" => pair[0], "connection2" => pair[1] }
            }

            /// Whether a listen socket has an address of this machine. The address is then kept under the name
            /// `listen_socket_address`; see also [method getListenSocketAddressString].
            #[func(rename = getListenSocketAddress)]
            fn get_listen_socket_address(&self, socket: Int) -> bool {
                self.ask("getListenSocketAddress", false, |face| face.listener_address(socket.get("socket")?))
            }

            /// The address that a listen socket is bound to; all zeros for every address of the machine, empty for a bad
            /// handle.
            #[func(rename = getListenSocketAddressString)]
            fn get_listen_socket_address_string(
                &self,
                socket: Int,
                #[opt(default = Flag::from(true))] with_port: Flag,
            ) -> GString {
                let text = self.ask("getListenSocketAddressString", String::new(), |face| {
                    face.listener_address_text(socket.get("socket")?, with_port.get("with_port")?)
                });
                GString::from(&text)
            }

            /// Makes an empty poll group: one queue of messages for many connections. Returns 0 if there are 4096 already.
            #[func(rename = createPollGroup)]
            fn create_poll_group(&self) -> i64 {
                self.ask("createPollGroup", 0, Face::create_poll_group)
            }

            /// Destroys a poll group. Its connections stay open and keep their messages. Returns `false` for a
            /// bad handle.
            #[func(rename = destroyPollGroup)]
            fn destroy_poll_group(&self, poll_group: Int) -> bool {
                self.ask("destroyPollGroup", false, |face| {
                    face.destroy_poll_group(poll_group.get("poll_group")?)
                })
            }

            /// Moves a connection into a poll group, or out of any with 0. Messages that wait come along. Returns
            /// `false` if either handle is bad.
            #[func(rename = setConnectionPollGroup)]
            fn set_connection_poll_group(&self, connection_handle: Int, pollGroup: Int) -> bool {
                self.ask("setConnectionPollGroup", false, |face| {
                    face.set_poll_group(
                        connection_handle.get("connection_handle")?,
                        pollGroup.get("pollGroup")?,
                    )
                })
            }

            /// Emits the signals of everything that happened since the last call, on this thread. Harmless beside
            /// [method run_callbacks] and beside the automatic callbacks of the project settings.
            #[func(rename = runNetworkingCallbacks, gd_self)]
            fn run_networking_callbacks(this: Gd<Self>) {
                Self::deliver(&this);
            }

            /// Emits the signals of everything that happened since the last call, on this thread. To be called every frame,
            /// unless the project setting `gamesockets/automatic_callbacks` is on.
            #[func(gd_self)]
            fn run_callbacks(this: Gd<Self>) {
                Self::deliver(&this);
            }
        }
    };
}

pub(super) use functions;
