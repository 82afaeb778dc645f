//! Functions: addresses under names, to which other functions refer.

macro_rules! functions {
    ($Class:ident) => {
        #[godot_api(secondary)]
        impl $Class {
            /// Adds an address of all zeros under a name, or clears the one that is there. Returns `false` if the name is
            /// empty or 4096 names are taken.
            #[func(rename = addIPAddress)]
            fn add_ip_address(&self, reference_name: Text) -> bool {
                self.ask("addIPAddress", false, |face| face.add_address(&reference_name.get("reference_name")?))
            }

            /// Forgets a name and the address under it.
            #[func(rename = clearIPAddress)]
            fn clear_ip_address(&self, reference_name: Text) {
                self.ask("clearIPAddress", (), |face| face.clear_address(&reference_name.get("reference_name")?));
            }

            /// All names: a list of dictionaries with `reference_name`, `localhost` and
            /// `ip_address`, the IPv4 address as a number.
            #[func(rename = getIPAddresses)]
            fn get_ip_addresses(&self) -> VarArray {
                let one = |(name, local, number): (String, bool, i64)| {
                    vdict! { "reference_name" => &GString::from(&name), "localhost" => local, "ip_address" => number }.to_variant()
                };
                self.face().all_addresses().into_iter().map(one).collect()
            }

            /// Makes it an IPv4 address, a number whose highest byte comes first, and a port, 0 to 65535.
            #[func(rename = setIPv4)]
            fn set_ipv4(&self, reference_name: Text, ip: Int, port: Int) {
                self.ask("setIPv4", (), |face| face.set_v4(&reference_name.get("reference_name")?, ip.get("ip")?, port.get("port")?));
            }

            /// The IPv4 address as a number; 0 if it is none.
            #[func(rename = getIPv4)]
            fn get_ipv4(&self, reference_name: Text) -> i64 {
                self.ask("getIPv4", 0, |face| face.v4(&reference_name.get("reference_name")?))
            }

            /// Whether it is an IPv4 address.
            #[func(rename = isIPv4)]
            fn is_ipv4(&self, reference_name: Text) -> bool {
                self.ask("isIPv4", false, |face| face.is_v4(&reference_name.get("reference_name")?))
            }

            /// Makes it the IPv6 address `::N`, with one byte, 0 to 255, and a port. For a whole address there is
            /// [method setIPv6Array].
            #[func(rename = setIPv6)]
            fn set_ipv6(&self, reference_name: Text, ipv6: Int, port: Int) {
                self.ask("setIPv6", (), |face| face.set_v6_byte(&reference_name.get("reference_name")?, ipv6.get("ipv6")?, port.get("port")?));
            }

            /// Makes it an IPv6 address of 16 bytes, and a port, 0 to 65535.
            #[func(rename = setIPv6Array)]
            fn set_ipv6_array(&self, reference_name: Text, ipv6: Blob, port: Int) {
                self.ask("setIPv6Array", (), |face| face.set_v6(&reference_name.get("reference_name")?, ipv6.get("ipv6")?.as_slice(), port.get("port")?));
            }

            /// Makes it this machine, with a port, 0 to 65535.
            #[func(rename = setIPv6LocalHost)]
            fn set_ipv6_local_host(&self, reference_name: Text, port: Int) {
                self.ask("setIPv6LocalHost", (), |face| face.set_v6_localhost(&reference_name.get("reference_name")?, port.get("port")?));
            }

            /// Whether the address is all zeros.
            #[func(rename = isIPv6AllZeros)]
            fn is_ipv6_all_zeros(&self, reference_name: Text) -> bool {
                self.ask("isIPv6AllZeros", false, |face| face.is_zeros(&reference_name.get("reference_name")?))
            }

            /// Whether the address is this machine.
            #[func(rename = isAddressLocalHost)]
            fn is_address_local_host(&self, reference_name: Text) -> bool {
                self.ask("isAddressLocalHost", false, |face| face.is_local(&reference_name.get("reference_name")?))
            }

            /// Makes it what the text says: `192.0.2.1`, `192.0.2.1:27015`, `[2001:db8::1]:27015`.
            /// Returns `false` if it is no address.
            #[func(rename = parseIPAddressString)]
            fn parse_ip_address_string(&self, reference_name: Text, string_to_parse: Text) -> bool {
                self.ask("parseIPAddressString", false, |face| face.parse_address(&reference_name.get("reference_name")?, &string_to_parse.get("string_to_parse")?))
            }

            /// The address as text, with or without its port.
            #[func(rename = toIPAddressString)]
            fn to_ip_address_string(&self, reference_name: Text, with_port: Flag) -> GString {
                GString::from(&self.ask("toIPAddressString", String::new(), |face| face.address_text(&reference_name.get("reference_name")?, with_port.get("with_port")?)))
            }
        }
    };
}

pub(super) use functions;
