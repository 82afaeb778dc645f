//! Functions: proving who we are.

macro_rules! functions {
    ($Class:ident) => {
        #[godot_api(secondary)]
        impl $Class {
            /// Starts getting what is needed to prove who we are, or tries again. Returns how things are, a number of
            /// [enum NetworkingAvailability]; without an authority to ask, -102 until [method setCertificate].
            #[func(rename = initAuthentication)]
            fn init_authentication(&self) -> i64 {
                self.ask("initAuthentication", 0, Face::init_authentication)
            }

            /// Whether we can prove who we are, a number of [enum NetworkingAvailability].
            #[func(rename = getAuthenticationStatus)]
            fn get_authentication_status(&self) -> i64 {
                self.ask("getAuthenticationStatus", 0, Face::authentication_status)
            }

            /// A request for a certificate, for an authority to sign. The private key behind it never leaves this process.
            ///
            /// `certificate_data` is the request, `cert_size` its size in bytes,
            /// `certificate` a number that is not 0, `error_message` is empty. On failure the numbers
            /// are 0 and the message says why.
            #[func(rename = getCertificateRequest)]
            fn get_certificate_request(&self) -> VarDictionary {
                let (data, error) = match self.face().certificate_request() {
                    Ok(data) => (data, String::new()),
                    Err(why) => {
                        self.ask("getCertificateRequest", (), |_| Err(why.clone().into()));
                        (Vec::new(), why)
                    }
                };
                let size = i64::try_from(data.len()).unwrap_or(i64::MAX);
                vdict! {
                    "certificate" => i64::from(!data.is_empty()),
                    "cert_size" => size,
                    "error_message" => &GString::from(&error),
                    "certificate_data" => &PackedByteArray::from(data),
                }
            }

            /// Installs the certificate that an authority made of our request. `response` says whether it is
            /// ours now, `error` why not.
            #[func(rename = setCertificate)]
            fn set_certificate(&self, certificate: Blob) -> VarDictionary {
                let error = self.ask("setCertificate", None, |face| {
                    let done = certificate
                        .get("certificate")
                        .and_then(|certificate| face.set_certificate(certificate.as_slice()));
                    done.map(|()| None).map_err(|why| Fault::with(Some(why.clone()), &why))
                });
                vdict! { "response" => error.is_none(), "error" => &GString::from(&error.unwrap_or_default()) }
            }

            /// From now on the owner of this key may vouch for peers, and peers on other machines have to prove who they
            /// are.
            ///
            /// [param public_key] is an ed25519 key as OpenSSH writes it. The project setting
            /// `gamesockets/trusted_roots` does the same from the start. Returns whether it is a key.
            #[func(rename = addTrustedRoot)]
            fn add_trusted_root(&self, public_key: Text) -> bool {
                self.ask("addTrustedRoot", false, |face| {
                    face.add_trusted_root(&public_key.get("public_key")?)
                })
            }
        }
    };
}

pub(super) use functions;
