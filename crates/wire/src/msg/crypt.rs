//! Key exchange, certificates and identities (protocol.md §2.1).

use alloc::string::String;
use alloc::vec::Vec;

use prost::Message;

/// One half of the key exchange. Travels serialized in [`SessionCryptInfoSigned`].
#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub struct SessionCryptInfo {
    /// [`KEY_EXCHANGE_CURVE25519`](super::KEY_EXCHANGE_CURVE25519).
    #[prost(int32, optional, tag = "1")]
    pub key_type: Option<i32>,
    /// The public key: 32 bytes.
    #[prost(bytes = "vec", optional, tag = "2")]
    pub key_data: Option<Vec<u8>>,
    /// Random, goes into the key derivation.
    #[prost(fixed64, optional, tag = "3")]
    pub nonce: Option<u64>,
    /// The version that counts.
    #[prost(uint32, optional, tag = "4")]
    pub protocol_version: Option<u32>,
    /// A client's list of ciphers, or the one a server chose; an empty list means AES-256-GCM.
    #[prost(int32, repeated, packed = "false", tag = "5")]
    pub ciphers: Vec<i32>,
    /// Our own addition, which others skip: how far beyond a hole in a lane's stream the sender of this message keeps what
    /// it receives, in units of 1024 bytes.
    #[prost(uint32, optional, tag = "2001")]
    pub keeps_ahead_kib: Option<u32>,
}

/// A [`SessionCryptInfo`] and its signature.
#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub struct SessionCryptInfoSigned {
    /// The exact bytes that were signed and go into the key derivation.
    #[prost(bytes = "vec", optional, tag = "1")]
    pub info: Option<Vec<u8>>,
    /// Ed25519 signature of `info` by the key in the certificate: 64 bytes.
    #[prost(bytes = "vec", optional, tag = "2")]
    pub signature: Option<Vec<u8>>,
}

/// Binds a key to an identity. Travels serialized in [`CertificateSigned`].
#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub struct Certificate {
    /// [`KEY_TYPE_ED25519`](super::KEY_TYPE_ED25519).
    #[prost(int32, optional, tag = "1")]
    pub key_type: Option<i32>,
    /// The public key: 32 bytes.
    #[prost(bytes = "vec", optional, tag = "2")]
    pub key_data: Option<Vec<u8>>,
    /// The identity as an account number, if it is one.
    #[prost(fixed64, optional, tag = "4")]
    pub legacy_steam_id: Option<u64>,
    /// Places the key may be used at ([`PopId`](crate::PopId)); empty means everywhere.
    #[prost(fixed32, repeated, packed = "false", tag = "5")]
    pub gameserver_datacenter_ids: Vec<u32>,
    /// Unix seconds.
    #[prost(fixed32, optional, tag = "8")]
    pub time_created: Option<u32>,
    /// Unix seconds; a signed certificate without it counts as expired.
    #[prost(fixed32, optional, tag = "9")]
    pub time_expiry: Option<u32>,
    /// Applications the key may be used for.
    #[prost(uint32, repeated, packed = "false", tag = "10")]
    pub app_ids: Vec<u32>,
    /// The identity in binary form.
    #[prost(message, optional, tag = "11")]
    pub legacy_identity_binary: Option<IdentityLegacyBinary>,
    /// The identity as text.
    #[prost(string, optional, tag = "12")]
    pub identity_string: Option<String>,
    /// Not evaluated.
    #[prost(string, repeated, tag = "13")]
    pub ip_addresses: Vec<String>,
}

/// A [`Certificate`] and the signature of an authority, if it has one.
#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub struct CertificateSigned {
    /// For local storage only, never sent.
    #[prost(bytes = "vec", optional, tag = "1")]
    pub private_key_data: Option<Vec<u8>>,
    /// The exact bytes that were signed and go into the key derivation.
    #[prost(bytes = "vec", optional, tag = "4")]
    pub cert: Option<Vec<u8>>,
    /// Which key signed: the first 8 bytes of the SHA-256 of the public key, little-endian.
    #[prost(fixed64, optional, tag = "5")]
    pub ca_key_id: Option<u64>,
    /// Ed25519 signature of `cert`: 64 bytes.
    #[prost(bytes = "vec", optional, tag = "6")]
    pub ca_signature: Option<Vec<u8>>,
}

/// Asks an authority to sign a certificate.
#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub struct CertificateRequest {
    /// A serialized [`Certificate`] without application ids.
    #[prost(bytes = "vec", optional, tag = "1")]
    pub cert: Option<Vec<u8>>,
}

/// An identity as older peers read it; see [`Identity`](crate::Identity).
#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub struct IdentityLegacyBinary {
    /// Payload of a `gen:` identity.
    #[prost(bytes = "vec", optional, tag = "2")]
    pub generic_bytes: Option<Vec<u8>>,
    /// Payload of a `str:` identity.
    #[prost(string, optional, tag = "3")]
    pub generic_string: Option<String>,
    /// 16 bytes of address and 2 of port, high byte first.
    #[prost(bytes = "vec", optional, tag = "4")]
    pub ipv6_and_port: Option<Vec<u8>>,
    /// Payload of a `steamid:` identity.
    #[prost(fixed64, optional, tag = "16")]
    pub steam_id: Option<u64>,
}
