//! Functions: identities under names, to which other functions refer.

macro_rules! functions {
    ($Class:ident) => {
        #[godot_api(secondary)]
        impl $Class {
            /// Adds an empty identity under a name, or empties the one that is there. Returns `false` if the name is empty
            /// or 4096 names are taken.
            #[func(rename = addIdentity)]
            fn add_identity(&self, reference_name: Text) -> bool {
                self.ask("addIdentity", false, |face| {
                    face.add_identity(&reference_name.get("reference_name")?)
                })
            }

            /// Forgets a name and the identity under it.
            #[func(rename = clearIdentity)]
            fn clear_identity(&self, reference_name: Text) {
                self.ask("clearIdentity", (), |face| {
                    face.clear_identity(&reference_name.get("reference_name")?)
                });
            }

            /// All names: a list of dictionaries with `reference_name`, `steam_id` (0 if it is none) and
            /// `type`, a number of [enum NetworkingIdentityType].
            #[func(rename = getIdentities)]
            fn get_identities(&self) -> VarArray {
                let one = |(name, number, kind): (String, i64, i64)| {
                    vdict! { "reference_name" => &GString::from(&name), "steam_id" => number, "type" => kind }
                        .to_variant()
                };
                self.face().all_identities().into_iter().map(one).collect()
            }

            /// Whether there is no identity under a name; also for a name that is not known.
            #[func(rename = isIdentityInvalid)]
            fn is_identity_invalid(&self, reference_name: Text) -> bool {
                self.ask("isIdentityInvalid", true, |face| {
                    Ok(face.is_identity_invalid(&reference_name.get("reference_name")?))
                })
            }

            /// Makes it an ordinary account, by its number of 32 bits.
            #[func(rename = setIdentitySteamID)]
            fn set_identity_steam_id(&self, reference_name: Text, steam_id: Int) {
                self.ask("setIdentitySteamID", (), |face| {
                    face.set_steam_account(&reference_name.get("reference_name")?, steam_id.get("steam_id")?)
                });
            }

            /// The account number of 32 bits; 0 if it is no account.
            #[func(rename = getIdentitySteamID)]
            fn get_identity_steam_id(&self, reference_name: Text) -> i64 {
                self.ask("getIdentitySteamID", 0, |face| {
                    face.steam_account(&reference_name.get("reference_name")?)
                })
            }

            /// Makes it an account, by its number of 64 bits. A number that is none is refused.
            #[func(rename = setIdentitySteamID64)]
            fn set_identity_steam_id64(&self, reference_name: Text, steam_id: Int) {
                self.ask("setIdentitySteamID64", (), |face| {
                    face.set_steam_id(&reference_name.get("reference_name")?, steam_id.get("steam_id")?)
                });
            }

            /// The account number of 64 bits; 0 if it is no account.
            #[func(rename = getIdentitySteamID64)]
            fn get_identity_steam_id64(&self, reference_name: Text) -> i64 {
                self.ask("getIdentitySteamID64", 0, |face| {
                    face.steam_id(&reference_name.get("reference_name")?).map_err(Into::into)
                })
            }

            /// Makes it an address. [param ip_address_name] is a name ([method addIPAddress]) or text such as
            /// `192.0.2.1:27015`.
            #[func(rename = setIdentityIPAddr)]
            fn set_identity_ip_addr(&self, reference_name: Text, ip_address_name: Text) -> bool {
                self.ask("setIdentityIPAddr", false, |face| {
                    face.set_identity_address(
                        &reference_name.get("reference_name")?,
                        &ip_address_name.get("ip_address_name")?,
                    )
                })
            }

            /// The IPv4 address as a number, first byte highest; 0 if it is none.
            #[func(rename = getIdentityIPAddr)]
            fn get_identity_ip_addr(&self, reference_name: Text) -> i64 {
                self.ask("getIdentityIPAddr", 0, |face| {
                    face.identity_address(&reference_name.get("reference_name")?)
                })
            }

            /// Makes it localhost: nobody in particular.
            #[func(rename = setIdentityLocalHost)]
            fn set_identity_local_host(&self, reference_name: Text) {
                self.ask("setIdentityLocalHost", (), |face| {
                    face.set_localhost(&reference_name.get("reference_name")?)
                });
            }

            /// Whether it is localhost.
            #[func(rename = isIdentityLocalHost)]
            fn is_identity_local_host(&self, reference_name: Text) -> bool {
                self.ask("isIdentityLocalHost", false, |face| {
                    face.is_localhost(&reference_name.get("reference_name")?)
                })
            }

            /// Makes it text of up to 31 bytes. Returns `false` if it is longer.
            #[func(rename = setGenericString)]
            fn set_generic_string(&self, reference_name: Text, this_string: Text) -> bool {
                self.ask("setGenericString", false, |face| {
                    face.set_string(&reference_name.get("reference_name")?, &this_string.get("this_string")?)
                })
            }

            /// The text; empty if it is of another type.
            #[func(rename = getGenericString)]
            fn get_generic_string(&self, reference_name: Text) -> GString {
                GString::from(&self.ask("getGenericString", String::new(), |face| {
                    face.string(&reference_name.get("reference_name")?)
                }))
            }

            /// Makes it one byte, 0 to 255. For more there is [method setGenericBytesArray].
            #[func(rename = setGenericBytes)]
            fn set_generic_bytes(&self, reference_name: Text, data: Int) -> bool {
                self.ask("setGenericBytes", false, |face| {
                    face.set_byte(&reference_name.get("reference_name")?, data.get("data")?)
                })
            }

            /// The first byte; 0 if it is of another type.
            #[func(rename = getGenericBytes)]
            fn get_generic_bytes(&self, reference_name: Text) -> i64 {
                self.ask("getGenericBytes", 0, |face| face.first_byte(&reference_name.get("reference_name")?))
            }

            /// Makes it 1 to 32 bytes. Returns `false` if there are more, or none.
            #[func(rename = setGenericBytesArray)]
            fn set_generic_bytes_array(&self, reference_name: Text, data: Blob) -> bool {
                self.ask("setGenericBytesArray", false, |face| {
                    face.set_bytes(&reference_name.get("reference_name")?, data.get("data")?.as_slice())
                })
            }

            /// The bytes; none if it is of another type.
            #[func(rename = getGenericBytesArray)]
            fn get_generic_bytes_array(&self, reference_name: Text) -> PackedByteArray {
                PackedByteArray::from(self.ask("getGenericBytesArray", Vec::new(), |face| {
                    face.bytes(&reference_name.get("reference_name")?).map_err(Into::into)
                }))
            }

            /// Makes it an Xbox pairwise id, text of 1 to 32 bytes.
            #[func(rename = setXboxPairwiseID)]
            fn set_xbox_pairwise_id(&self, reference_name: Text, xbox_id: Text) -> bool {
                self.ask("setXboxPairwiseID", false, |face| {
                    face.set_xbox(&reference_name.get("reference_name")?, &xbox_id.get("xbox_id")?)
                })
            }

            /// The Xbox pairwise id; empty if it is of another type.
            #[func(rename = getXboxPairwiseID)]
            fn get_xbox_pairwise_id(&self, reference_name: Text) -> GString {
                GString::from(&self.ask("getXboxPairwiseID", String::new(), |face| {
                    face.xbox(&reference_name.get("reference_name")?)
                }))
            }

            /// Makes it an account of the PlayStation Network.
            #[func(rename = setPSNID)]
            fn set_psn_id(&self, reference_name: Text, psn_id: Int) {
                self.ask("setPSNID", (), |face| {
                    face.set_psn(&reference_name.get("reference_name")?, psn_id.get("psn_id")?)
                });
            }

            /// The account of the PlayStation Network; 0 if it is of another type.
            #[func(rename = getPSNID)]
            fn get_psn_id(&self, reference_name: Text) -> i64 {
                self.ask("getPSNID", 0, |face| face.psn(&reference_name.get("reference_name")?))
            }

            /// Makes it a number of the retired type 19.
            #[func(rename = setStadiaID)]
            fn set_stadia_id(&self, reference_name: Text, stadia_id: Int) {
                self.ask("setStadiaID", (), |face| {
                    face.set_stadia(&reference_name.get("reference_name")?, stadia_id.get("stadia_id")?)
                });
            }

            /// The number of the retired type 19; 0 if it is of another type.
            #[func(rename = getStadiaID)]
            fn get_stadia_id(&self, reference_name: Text) -> i64 {
                self.ask("getStadiaID", 0, |face| face.stadia(&reference_name.get("reference_name")?))
            }

            /// Makes it what the text says: `str:alice`, `ip:192.0.2.1:27015`, `gen:00ff`,
            /// `steamid:76561197960287930` and others. Returns `false` if it says nothing.
            #[func(rename = parseIdentityString)]
            fn parse_identity_string(&self, reference_name: Text, string_to_parse: Text) -> bool {
                self.ask("parseIdentityString", false, |face| {
                    face.parse_identity(
                        &reference_name.get("reference_name")?,
                        &string_to_parse.get("string_to_parse")?,
                    )
                })
            }

            /// The identity as text; `invalid` if it is empty.
            #[func(rename = toIdentityString)]
            fn to_identity_string(&self, reference_name: Text) -> GString {
                GString::from(&self.ask("toIdentityString", String::new(), |face| {
                    face.identity_text(&reference_name.get("reference_name")?)
                }))
            }
        }
    };
}

pub(super) use functions;
