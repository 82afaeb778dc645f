//! Functions: messages and lanes.

macro_rules! functions {
    ($Class:ident) => {
        #[godot_api(secondary)]
        impl $Class {
            /// Sends a message of up to 524288 bytes on lane 0.
            ///
            /// [param flags] is a sum of [enum NetworkingSendFlags]; 8 is reliable. Returns `result`, which is 1,
            /// or 8 for a bad handle or a message that is too large, 3 if the connection is over, 25 if too much waits
            /// already, 41 if a no-delay message would have had to wait; and `message_number`, which counts from
            /// 1, or is -1.
            #[func(gd_self, rename = sendMessageToConnection)]
            fn send_message_to_connection(
                this: Gd<Self>,
                connection_handle: Int,
                data: Blob,
                flags: Int,
            ) -> VarDictionary {
                let face = Self::face_of(&this);
                let send = || {
                    let connection = connection_handle.get("connection_handle")?;
                    face.send(connection, data.get("data")?.as_slice(), flags.get("flags")?, 0)
                };
                convert::sent(answer("sendMessageToConnection", NOT_SENT, send()))
            }

            /// As [method sendMessageToConnection], on a lane that [method configureConnectionLanes] made.
            #[func(gd_self, rename = sendMessageToConnectionOnLane)]
            fn send_message_to_connection_on_lane(
                this: Gd<Self>,
                connection_handle: Int,
                data: Blob,
                flags: Int,
                lane: Int,
            ) -> VarDictionary {
                let face = Self::face_of(&this);
                let send = || {
                    let connection = connection_handle.get("connection_handle")?;
                    let (flags, lane) = (flags.get("flags")?, lane.get("lane")?);
                    face.send(connection, data.get("data")?.as_slice(), flags, lane)
                };
                convert::sent(answer("sendMessageToConnectionOnLane", NOT_SENT, send()))
            }

            /// Sends the same message [param messages] times in one operation, and stops at the first that is not taken.
            /// Nothing is sent for 0 or less. See [method sendMessagesArray] for messages that differ.
            #[func(rename = sendMessages)]
            fn send_messages(&self, messages: Int, data: Blob, connection_handle: Int, flags: Int) {
                self.ask("sendMessages", (), |face| {
                    let (messages, data) = (messages.get("messages")?, data.get("data")?);
                    let connection = connection_handle.get("connection_handle")?;
                    face.send_copies(messages, data.as_slice(), connection, flags.get("flags")?)
                });
            }

            /// Sends a list of messages in one operation. Returns one number for each: its message number, or the result it
            /// failed with as a negative number, or 0 if it was not tried because one before it had failed. If an element
            /// is no PackedByteArray, nothing is sent and the list is empty.
            #[func(rename = sendMessagesArray)]
            fn send_messages_array(&self, messages: List, connection_handle: Int, flags: Int) -> VarArray {
                let results = self.ask("sendMessagesArray", Vec::new(), |face| {
                    let messages = messages.blobs("messages")?;
                    let list: Vec<&[u8]> = messages.iter().map(PackedByteArray::as_slice).collect();
                    let refused = |why: String| Fault::with(vec![-results::INVALID_PARAM; list.len()], &why);
                    let connection = connection_handle.get("connection_handle").map_err(refused)?;
                    face.send_list(&list, connection, flags.get("flags").map_err(refused)?)
                });
                results.iter().map(|result| result.to_variant()).collect()
            }

            /// Sends what waits for company at once. Returns 1, 8 for a bad handle, 3 if the connection is over, 41 if it is
            /// not connected yet.
            #[func(rename = flushMessagesOnConnection)]
            fn flush_messages_on_connection(&self, connection_handle: Int) -> i64 {
                self.ask("flushMessagesOnConnection", results::INVALID_PARAM, |face| {
                    face.flush(connection_handle.get("connection_handle")?)
                })
            }

            /// Takes up to [param max_messages] messages of a connection, oldest first.
            ///
            /// Each is a dictionary: `payload` (bytes), `payload_string` (the same as text, up to a
            /// zero byte), `size` (bytes), `connection`, `identity` of the peer,
            /// `user_data` of the connection, `time_received` (microseconds of the local clock),
            /// `message_number`, `channel` (-1), `flags` (8 if reliable),
            /// `receiver_user_data`, `sender_user_data` (0) and `lane`. Empty if none
            /// waits, and for a bad handle.
            #[func(gd_self, rename = receiveMessagesOnConnection)]
            fn receive_messages_on_connection(
                this: Gd<Self>,
                connection_handle: Int,
                max_messages: Int,
            ) -> VarArray {
                let face = Self::face_of(&this);
                let receive = || {
                    let connection = connection_handle.get("connection_handle")?;
                    face.receive(connection, max_messages.get("max_messages")?)
                };
                let messages = answer("receiveMessagesOnConnection", Vec::new(), receive());
                convert::messages(&messages)
            }

            /// As [method receiveMessagesOnConnection], over all connections of a poll group, in the order in which the
            /// messages were complete.
            #[func(gd_self, rename = receiveMessagesOnPollGroup)]
            fn receive_messages_on_poll_group(this: Gd<Self>, pollGroup: Int, max_messages: Int) -> VarArray {
                let face = Self::face_of(&this);
                let receive = || {
                    let group = pollGroup.get("pollGroup")?;
                    face.receive_from_group(group, max_messages.get("max_messages")?)
                };
                let messages = answer("receiveMessagesOnPollGroup", Vec::new(), receive());
                convert::messages(&messages)
            }

            /// Divides what we send over a connection into lanes.
            ///
            /// [param lanes] is 1 to 255 and never fewer than before. [param priorities] has any number for each lane, or is
            /// empty for all the same: a lane is served only while those with larger numbers are empty.
            /// [param weights] has 1 to 65535 for each lane, or is empty: shares among lanes of the same priority. Returns
            /// 1, 3 for a bad handle, 8 for bad numbers, 11 if the connection is over, 2 if the peer is too old.
            #[func(rename = configureConnectionLanes)]
            fn configure_connection_lanes(
                &self,
                #[opt(default = Int::from(0))] connection_handle: Int,
                #[opt(default = Int::from(1))] lanes: Int,
                #[opt(default = List::empty())] priorities: List,
                #[opt(default = List::empty())] weights: List,
            ) -> i64 {
                self.ask("configureConnectionLanes", results::INVALID_PARAM, |face| {
                    let connection = connection_handle
                        .get("connection_handle")
                        .map_err(|why| Fault::with(results::NO_CONNECTION, &why))?;
                    let lanes = lanes.get("lanes");
                    let (priorities, weights) =
                        (priorities.numbers("priorities"), weights.numbers("weights"));
                    face.configure_lanes(connection, lanes, priorities, weights, Order::HighFirst)
                })
            }

            /// As [method configureConnectionLanes], with the order of the C interface: smaller numbers are served first.
            #[func(rename = configureConnectionLanesLowFirst)]
            fn configure_connection_lanes_low_first(
                &self,
                #[opt(default = Int::from(0))] connection_handle: Int,
                #[opt(default = Int::from(1))] lanes: Int,
                #[opt(default = List::empty())] priorities: List,
                #[opt(default = List::empty())] weights: List,
            ) -> i64 {
                self.ask("configureConnectionLanesLowFirst", results::INVALID_PARAM, |face| {
                    let connection = connection_handle
                        .get("connection_handle")
                        .map_err(|why| Fault::with(results::NO_CONNECTION, &why))?;
                    let lanes = lanes.get("lanes");
                    let (priorities, weights) =
                        (priorities.numbers("priorities"), weights.numbers("weights"));
                    face.configure_lanes(connection, lanes, priorities, weights, Order::LowFirst)
                })
            }
        }
    };
}

pub(super) use functions;
