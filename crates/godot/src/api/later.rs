//! Functions: peers behind NAT, hosted servers, tickets, fake addresses. See `face::later`.

macro_rules! functions {
    ($Class:ident) => {
        #[godot_api(secondary)]
        impl $Class {
            /// Listens for peers that connect by our identity ([method connectP2P]) on a virtual port, 0 to 65535. Needs a
            /// rendezvous service, which this version does not have: returns 0.
            #[func(rename = createListenSocketP2P)]
            fn create_listen_socket_p2p(&self, virtual_port: Int, options: List) -> i64 {
                self.ask("createListenSocketP2P", 0, |face| {
                    options.options(&self.core.callables)?;
                    face.listen_p2p(virtual_port.get("virtual_port")?)
                })
            }

            /// Listens for peers that connect to our fake address. [param fake_port] is the index of a port that
            /// [method beginAsyncRequestFakeIP] asked for, 0 to 3. Nobody gives fake addresses in this version: returns 0.
            #[func(rename = createListenSocketP2PFakeIP)]
            fn create_listen_socket_p2p_fake_ip(&self, fake_port: Int, options: List) -> i64 {
                self.ask("createListenSocketP2PFakeIP", 0, |face| {
                    options.options(&self.core.callables)?;
                    face.listen_fake(fake_port.get("fake_port")?)
                })
            }

            /// Listens for clients with tickets on a server in a data centre. Not in this version: returns 0.
            #[func(rename = createHostedDedicatedServerListenSocket)]
            fn create_hosted_dedicated_server_listen_socket(&self, virtual_port: Int, options: List) -> i64 {
                self.ask("createHostedDedicatedServerListenSocket", 0, |face| {
                    options.options(&self.core.callables)?;
                    face.listen_hosted(virtual_port.get("virtual_port")?)
                })
            }

            /// Starts connecting to a peer by its identity, and a virtual port, 0 to 65535. Needs a rendezvous service,
            /// which this version does not have: returns 0.
            #[func(rename = connectP2P)]
            fn connect_p2p(&self, identity_reference: Text, port: Int, options: List) -> i64 {
                self.ask("connectP2P", 0, |face| {
                    options.options(&self.core.callables)?;
                    face.connect_p2p(&identity_reference.get("identity_reference")?, port.get("port")?)
                })
            }

            /// Starts connecting to a server in a data centre, with a ticket for it. Not in this version: returns 0.
            #[func(rename = connectToHostedDedicatedServer)]
            fn connect_to_hosted_dedicated_server(
                &self,
                identity_reference: Text,
                virtual_port: Int,
                options: List,
            ) -> i64 {
                self.ask("connectToHostedDedicatedServer", 0, |face| {
                    options.options(&self.core.callables)?;
                    let reference = identity_reference.get("identity_reference")?;
                    face.connect_hosted(&reference, virtual_port.get("virtual_port")?)
                })
            }

            /// Gets ready for relays early. There are none in this version, so nothing happens.
            #[func(rename = initRelayNetworkAccess)]
            fn init_relay_network_access(&self) {
                self.ask("initRelayNetworkAccess", (), Face::init_relays);
            }

            /// Asks for a fake IPv4 address with 1 to 4 ports. [signal fake_ip_result] follows once; with result 20 in this
            /// version, where nobody gives any, 25 for more ports, 8 for less than one. Returns `false` if nothing
            /// was asked.
            #[func(rename = beginAsyncRequestFakeIP)]
            fn begin_async_request_fake_ip(&self, num_ports: Int) -> bool {
                self.ask("beginAsyncRequestFakeIP", false, |face| {
                    face.request_fake_ip(num_ports.get("num_ports")?)
                })
            }

            /// Our fake address. `result` is 1, 10 while it is being asked for, 42 if nobody asked for one, 8 if
            /// [param first_port] is not 0, or why there is none, as
            /// [signal fake_ip_result] told; the other keys are 0 or empty unless it is 1.
            #[func(rename = getFakeIP)]
            fn get_fake_ip(&self, #[opt(default = Int::from(0))] first_port: Int) -> VarDictionary {
                let result = self.ask("getFakeIP", results::INVALID_PARAM, |face| {
                    face.fake_ip(first_port.get("first_port")?)
                });
                vdict! {
                    "result" => result,
                    "identity_type" => 0_i64,
                    "ip" => 0_i64,
                    "ports" => 0_i64,
                    "identity" => "",
                    "ip_address" => "",
                    "port_list" => &VarArray::new(),
                }
            }

            /// The fake address that stands for a connection's peer. `result` is 1, 8 for a bad handle, 31 if the
            /// connection has none, as all in this version; `port`, `ip_type` (of
            /// [enum NetworkingFakeIPType]) and `ip_address` are 0 or empty unless it is 1.
            #[func(rename = getRemoteFakeIPForConnection)]
            fn get_remote_fake_ip_for_connection(&self, connection_handle: Int) -> VarDictionary {
                let result = self.ask("getRemoteFakeIPForConnection", results::INVALID_PARAM, |face| {
                    face.remote_fake_ip(connection_handle.get("connection_handle")?)
                });
                vdict! { "result" => result, "port" => 0_i64, "ip_type" => 0_i64, "ip_address" => "" }
            }

            /// Makes a port that datagrams to fake addresses are sent from. [param fake_server_port] is the index of one of
            /// our own ports, 0 to 3, or -1 for a client's. Not in this version: nothing is made.
            #[func(rename = createFakeUDPPort)]
            fn create_fake_udp_port(&self, fake_server_port: Int) {
                self.ask("createFakeUDPPort", 0, |face| {
                    face.create_fake_port(fake_server_port.get("fake_server_port")?)
                });
            }

            /// As [method createFakeUDPPort], and returns the port as a number; 0 in this version.
            #[func(rename = createFakeUDPPortHandle)]
            fn create_fake_udp_port_handle(&self, fake_server_port: Int) -> i64 {
                self.ask("createFakeUDPPortHandle", 0, |face| {
                    face.create_fake_port(fake_server_port.get("fake_server_port")?)
                })
            }

            /// Sends a datagram from a fake UDP port to a fake address. There are no such ports in this version: returns 80.
            #[func(rename = sendMessageToFakeIP)]
            fn send_message_to_fake_ip(&self, port: Int, ip_reference: Text, data: Blob, flags: Int) -> i64 {
                self.ask("sendMessageToFakeIP", results::INVALID_PARAM, |face| {
                    ip_reference.get("ip_reference")?;
                    data.get("data")?;
                    flags.get("flags")?;
                    face.fake_port(port.get("port")?)
                })
            }

            /// Takes datagrams of a fake UDP port. There are no such ports in this version: returns an empty list.
            #[func(rename = receiveMessagesOnFakeUDPPort)]
            fn receive_messages_on_fake_udp_port(&self, port: Int, max_messages: Int) -> VarArray {
                self.ask("receiveMessagesOnFakeUDPPort", 0, |face| {
                    max_messages.get("max_messages")?;
                    face.fake_port(port.get("port")?)
                });
                VarArray::new()
            }

            /// Forgets a peer of a fake UDP port soon. There are no such ports in this version.
            #[func(rename = scheduleFakeUDPPortCleanup)]
            fn schedule_fake_udp_port_cleanup(&self, port: Int, ip_reference: Text) {
                self.ask("scheduleFakeUDPPortCleanup", 0, |face| {
                    ip_reference.get("ip_reference")?;
                    face.fake_port(port.get("port")?)
                });
            }

            /// Destroys a fake UDP port. There are no such ports in this version.
            #[func(rename = destroyFakeUDPPort)]
            fn destroy_fake_udp_port(&self, port: Int) {
                self.ask("destroyFakeUDPPort", 0, |face| face.fake_port(port.get("port")?));
            }

            /// Takes a ticket for a server in a data centre. Tickets are not part of this version: returns an empty
            /// dictionary.
            #[func(rename = receivedRelayAuthTicket)]
            fn received_relay_auth_ticket(
                &self,
                #[opt(default = Blob::empty())] ticket: Blob,
            ) -> VarDictionary {
                self.ask("receivedRelayAuthTicket", VarDictionary::new(), |face| {
                    ticket.get("ticket")?;
                    face.received_ticket()
                })
            }

            /// Seconds that a ticket for a server is still good for; 0 without one, as always in this version.
            /// [param gameServer] is an account number, [param port] a virtual port, or -1 for any.
            #[func(rename = findRelayAuthTicketForServer)]
            fn find_relay_auth_ticket_for_server(&self, gameServer: Int, port: Int) -> i64 {
                self.ask("findRelayAuthTicketForServer", 0, |face| {
                    gameServer.get("gameServer")?;
                    face.find_ticket(port.get("port")?)
                })
            }

            /// As [method findRelayAuthTicketForServer], for a server named by an identity.
            #[func(rename = findRelayAuthTicketForServerByIdentity)]
            fn find_relay_auth_ticket_for_server_by_identity(
                &self,
                identity_reference: Text,
                port: Int,
            ) -> i64 {
                self.ask("findRelayAuthTicketForServerByIdentity", 0, |face| {
                    face.find_ticket_of(&identity_reference.get("identity_reference")?, port.get("port")?)
                })
            }

            /// The UDP port of a hosted server, from the environment variable SDR_LISTEN_PORT; else 0.
            #[func(rename = getHostedDedicatedServerPort)]
            fn get_hosted_dedicated_server_port(&self) -> i64 {
                self.face().hosted_port()
            }

            /// The packed code of the data centre that we run in, from SDR_POPID; 0 without SDR_LISTEN_PORT,
            /// [constant k_SteamDatagramPOPID_dev] without a code.
            #[func(rename = getHostedDedicatedServerPOPId)]
            fn get_hosted_dedicated_server_pop_id_seed(&self) -> i64 {
                self.face().hosted_pop()
            }

            /// The same as [method getHostedDedicatedServerPOPId].
            #[func(rename = getHostedDedicatedServerPOPID)]
            fn get_hosted_dedicated_server_pop_id(&self) -> i64 {
                self.face().hosted_pop()
            }

            /// Whether clients can be told how to reach this hosted server: 1; 11 if hosting is not configured; 2 if this
            /// version cannot, as always now.
            #[func(rename = getHostedDedicatedServerAddress)]
            fn get_hosted_dedicated_server_address(&self) -> i64 {
                self.face().hosted_address()
            }

            /// As [method getHostedDedicatedServerAddress]: `result`, `pop_id` and the bytes
            /// `routing`, which are empty unless the result is 1.
            #[func(rename = getHostedDedicatedServerAddressInfo)]
            fn get_hosted_dedicated_server_address_info(&self) -> VarDictionary {
                let face = self.face();
                vdict! {
                    "result" => face.hosted_address(),
                    "pop_id" => face.hosted_pop(),
                    "routing" => &PackedByteArray::new(),
                }
            }

            /// Makes a signed login for the operator's backend, with up to 2048 bytes of [param app_data], a String or a
            /// PackedByteArray. Returns 1; 21 while we have no identity; 8 for too much data; else as
            /// [method getHostedDedicatedServerAddress].
            #[func(rename = getGameCoordinatorServerLogin)]
            fn get_game_coordinator_server_login(
                &self,
                #[opt(default = Loose::default())] app_data: Loose,
            ) -> i64 {
                self.ask("getGameCoordinatorServerLogin", results::INVALID_PARAM, |face| {
                    face.server_login(&app_data.bytes("app_data")?)
                })
            }

            /// The login that [method getGameCoordinatorServerLogin] made last; empty in this version, which makes none.
            #[func(rename = getGameCoordinatorServerLoginBlob)]
            fn get_game_coordinator_server_login_blob(&self) -> PackedByteArray {
                PackedByteArray::new()
            }
        }
    };
}

pub(super) use functions;
