//! Golden vectors (protocol.md §9.1 to §9.5): bytes that other implementations made or accepted.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing helper is a failing test")]

use aws_lc_rs::{digest, hmac};
use gamesockets_crypto::aead::PacketKey;
use gamesockets_crypto::cert::{
    CertBody, CertPolicy, LocalCertificate, TrustStore, check_peer, claimed_identity,
};
use gamesockets_crypto::cookie::{ChallengeKey, CookieError};
use gamesockets_crypto::kex::KexSecret;
use gamesockets_crypto::schedule::{KeyInputs, SessionKeys, derive};
use gamesockets_crypto::sign::{self, SigningKey, key_id};
use gamesockets_wire::msg::{
    self, CIPHER_AES_256_GCM, Certificate, CertificateSigned, KEY_EXCHANGE_CURVE25519, Message as _,
    SessionCryptInfo, SessionCryptInfoSigned,
};
use gamesockets_wire::{Identity, PopId, Timestamp};
use serde_json::Value;

const PROTOCOL_VERSION: u32 = 13;

macro_rules! vectors {
    ($name:literal) => {
        serde_json::from_str::<Value>(include_str!(concat!("../../../testdata/crypto/", $name))).unwrap()
    };
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_else(|| panic!("no text {field} in {value}"))
}

fn unhex(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(2), "{text}");
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
}

fn bytes(value: &Value, field: &str) -> Vec<u8> {
    unhex(text(value, field))
}

fn array<const N: usize>(value: &Value, field: &str) -> [u8; N] {
    bytes(value, field).try_into().unwrap()
}

fn number(value: &Value, field: &str) -> u64 {
    u64::from_str_radix(text(value, field), 16).unwrap()
}

#[test]
fn key_ids() {
    for vector in vectors!("key_ids.json")["key_ids"].as_array().unwrap() {
        assert_eq!(key_id(&array(vector, "public_key")).to_string(), text(vector, "key_id"));
    }
}

#[test]
fn challenge_cookie() {
    let vector = vectors!("cookie.json");
    let key = ChallengeKey::from_bytes(array(&vector, "key"));
    let units = vector["time_units"].as_u64().unwrap();
    let from = text(&vector, "address").parse().unwrap();
    let cookie = number(&vector, "cookie");
    // The time is 16 bits wide on the wire and wider on the clock.
    for epoch in [units, units + (5 << 16)] {
        let now = Timestamp::from_micros(epoch << 20);
        assert_eq!(key.make(now, from), cookie);
        assert_eq!(key.check(now, from, cookie), Ok(()));
        assert_eq!(key.check(now.plus_micros(3_100_000), from, cookie), Ok(()));
        let late = now.plus_micros(4_300_000);
        assert_eq!(key.check(late, from, cookie), Err(CookieError::Expired { units: 4 }));
    }
    assert_eq!(cookie.to_le_bytes(), array::<8>(&vector, "wire"));
}

/// What one side of `derivation.json` says about itself.
struct Side {
    id: u32,
    nonce: u64,
    cert: Vec<u8>,
    info: Vec<u8>,
}

impl Side {
    fn read(value: &Value) -> Self {
        Self {
            id: number(value, "connection_id") as u32,
            nonce: number(value, "nonce"),
            cert: bytes(value, "cert"),
            info: bytes(value, "info"),
        }
    }
}

fn derive_between(client: &Side, server: &Side, shared: &[u8; 32]) -> SessionKeys {
    derive(&KeyInputs {
        client_id: client.id,
        server_id: server.id,
        client_nonce: client.nonce,
        server_nonce: server.nonce,
        client_cert: &client.cert,
        server_cert: &server.cert,
        client_info: &client.info,
        server_info: &server.info,
        shared,
    })
}

fn assert_keys(keys: &SessionKeys, vector: &Value) {
    assert_eq!(keys.client_to_server, (array(vector, "client_key"), array(vector, "client_iv")));
    assert_eq!(keys.server_to_client, (array(vector, "server_key"), array(vector, "server_iv")));
}

/// Seals and opens every recorded packet, with the header in front.
fn assert_packets(client: &mut PacketKey, server: &mut PacketKey, vector: &Value) {
    for packet in vector["packets"].as_array().unwrap() {
        let key = if text(packet, "from") == "client" { &mut *client } else { &mut *server };
        let (header, plain, chunk) =
            (bytes(packet, "header"), bytes(packet, "plain"), bytes(packet, "chunk"));
        let number = packet["number"].as_u64().unwrap();

        let mut sealed = [header.clone(), plain.clone()].concat();
        key.seal(number, &mut sealed, header.len()).unwrap();
        assert_eq!(sealed, [header.clone(), chunk].concat());
        assert_eq!(key.open(number, &mut sealed[header.len()..]).unwrap(), plain);
    }
}

#[test]
fn own_certificates_and_signatures_are_byte_exact() {
    let vector = vectors!("derivation.json");
    for side in [&vector["client"], &vector["server"]] {
        let key = SigningKey::from_seed(array(side, "sign_seed"));
        assert_eq!(key.public(), array(side, "sign_public"));
        let identity: Identity = text(side, "identity").parse().unwrap();
        let cert = LocalCertificate::self_signed_with(key, &identity, 0);
        assert_eq!(cert.cert_bytes(), bytes(side, "cert"));
        assert_eq!(cert.signed().encode_to_vec(), signed_as_on_the_wire(&bytes(side, "cert")));

        let kex = KexSecret::from_bytes(array(side, "kex_secret"));
        assert_eq!(kex.public(), array(side, "kex_public"));
        let info = SessionCryptInfo {
            key_type: Some(KEY_EXCHANGE_CURVE25519),
            key_data: Some(kex.public().to_vec()),
            nonce: Some(number(side, "nonce")),
            protocol_version: Some(PROTOCOL_VERSION),
            ciphers: vec![CIPHER_AES_256_GCM],
            keeps_ahead_kib: None,
        };
        let crypt = cert.sign_info(info.encode_to_vec());
        assert_eq!(crypt.info, Some(bytes(side, "info")));
        assert_eq!(crypt.signature, Some(bytes(side, "info_signature")));
    }
}

/// Field 4 alone: neither a private key nor CA fields travel with a self-made certificate.
fn signed_as_on_the_wire(cert: &[u8]) -> Vec<u8> {
    [&[0x22, cert.len() as u8], cert].concat()
}

#[test]
fn keys_and_packets_from_fixed_inputs() {
    let vector = vectors!("derivation.json");
    let (client, server) = (Side::read(&vector["client"]), Side::read(&vector["server"]));
    let ours = KexSecret::from_bytes(array(&vector["client"], "kex_secret"));
    let theirs = KexSecret::from_bytes(array(&vector["server"], "kex_secret"));
    let shared = ours.agree(&theirs.public()).unwrap();
    assert_eq!(*shared, array(&vector, "shared"));
    assert_eq!(theirs.agree(&ours.public()).unwrap(), shared);

    let keys = derive_between(&client, &server, &shared);
    assert_keys(&keys, &vector);
    assert_packets(&mut keys.client_key(), &mut keys.server_key(), &vector);
}

/// The steps between the shared secret and the keys, spelled out apart from the crate: they are in the vectors so that
/// somebody who writes another implementation can see where it goes wrong, so they must be right.
#[test]
fn intermediate_values_of_the_derivation() {
    let vector = vectors!("derivation.json");
    let (client, server) = (Side::read(&vector["client"]), Side::read(&vector["server"]));
    let mac = |key: &[u8], message: &[u8]| {
        hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message).as_ref().to_vec()
    };
    let sha256 = |data: &[u8]| digest::digest(&digest::SHA256, data).as_ref().to_vec();

    assert_eq!(sha256(&bytes(&vector, "shared")), bytes(&vector, "premaster"));
    assert_eq!([server.nonce.to_le_bytes(), client.nonce.to_le_bytes()].concat(), bytes(&vector, "salt"));
    assert_eq!(mac(&bytes(&vector, "premaster"), &bytes(&vector, "salt")), bytes(&vector, "prk"));
    let ids = [client.id.to_le_bytes(), server.id.to_le_bytes()].concat();
    let context =
        [&ids[..], b"Steam datagram", &server.cert, &client.cert, &server.info, &client.info].concat();
    assert_eq!((context.len(), sha256(&context)), (246, bytes(&vector, "context_sha256")));
    let first = mac(&bytes(&vector, "prk"), &[&context[..], &[1]].concat());
    assert_eq!(first, bytes(&vector, "client_key"));
}

/// Our side of a handshake with another implementation, from its recorded messages to its packets.
#[test]
fn a_recorded_session_opens() {
    let vector = vectors!("session.json");
    let fixed = vectors!("derivation.json");
    let packet = bytes(&vector, "connect_ok");
    let ok: msg::ConnectOk = msg::decode(&packet[1..]).unwrap();
    let (cert, crypt) = (ok.cert.unwrap(), ok.crypt.unwrap());

    let identity = claimed_identity(&cert).unwrap().unwrap();
    assert_eq!(identity.to_string(), text(&vector["server"], "identity"));
    let policy = CertPolicy { app_id: 0, now_unix: 0, allow_unsigned: true, expect_pop: None };
    let peer = check_peer(&cert, &TrustStore::new(), &policy, &identity).unwrap();
    assert_eq!(peer.public_key, array(&vector["server"], "sign_public"));
    assert!(!peer.signed_by_ca && peer.ca_fault.is_none());

    let info_bytes = peer.session_info(&crypt).unwrap();
    assert_eq!(info_bytes, bytes(&vector["server"], "info"));
    let info: SessionCryptInfo = msg::decode(info_bytes).unwrap();
    let server = Side {
        id: ok.server_connection_id.unwrap(),
        nonce: info.nonce.unwrap(),
        cert: cert.cert.unwrap(),
        info: info_bytes.to_vec(),
    };
    assert_eq!(u64::from(server.id), number(&vector["server"], "connection_id"));
    assert_eq!(server.nonce, number(&vector["server"], "nonce"));

    let kex = KexSecret::from_bytes(array(&fixed["client"], "kex_secret"));
    let shared = kex.agree(&info.key_data.unwrap().try_into().unwrap()).unwrap();
    assert_eq!(*shared, array(&vector, "shared"));
    let keys = derive_between(&Side::read(&fixed["client"]), &server, &shared);
    assert_keys(&keys, &vector);
    assert_packets(&mut keys.client_key(), &mut keys.server_key(), &vector);
}

#[test]
fn a_changed_session_is_not_signed() {
    let side = &vectors!("session.json")["server"];
    let signed = CertificateSigned { cert: Some(bytes(side, "cert")), ..Default::default() };
    let policy = CertPolicy { app_id: 0, now_unix: 0, allow_unsigned: true, expect_pop: None };
    let peer = check_peer(&signed, &TrustStore::new(), &policy, &Identity::localhost()).unwrap();
    let (info, signature) = (bytes(side, "info"), bytes(side, "info_signature"));
    for bit in 0..info.len() * 8 {
        let mut changed = info.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let crypt = SessionCryptInfoSigned { info: Some(changed), signature: Some(signature.clone()) };
        assert!(peer.session_info(&crypt).is_err(), "bit {bit}");
    }
}

#[test]
fn identity_fields_of_self_made_certificates() {
    for vector in vectors!("certificates.json")["certificates"].as_array().unwrap() {
        let identity: Identity = text(vector, "identity").parse().unwrap();
        let key = SigningKey::from_seed([1; 32]);
        let cert = LocalCertificate::self_signed_with(key, &identity, 0);
        let body: Certificate = msg::decode(cert.cert_bytes()).unwrap();
        assert_eq!(body.identity_string.as_deref(), Some(text(vector, "identity")));
        assert_eq!(
            body.legacy_identity_binary.unwrap().encode_to_vec(),
            bytes(vector, "field_11"),
            "{identity}"
        );
        assert_eq!(body.legacy_steam_id.map(|id| id.to_string()).as_deref(), vector["field_4"].as_str());
        assert_eq!(body.app_ids, [0]);
        assert_eq!((body.time_created, body.time_expiry), (None, None));
        assert_eq!(CertBody::decode(cert.cert_bytes()).unwrap().identity, Some(identity));
    }
}

#[test]
fn keys_of_openssh() {
    let vector = vectors!("openssh.json");
    let key = SigningKey::from_openssh(text(&vector, "private")).unwrap();
    let line = text(&vector, "public");
    assert_eq!(sign::public_from_openssh(line), Ok(key.public()));
    assert_eq!(sign::public_to_openssh(&key.public(), text(&vector, "comment")), line.trim());
}

#[test]
fn place_codes() {
    for (code, id) in [
        ("iad", 6_906_212),
        ("sto", 7_566_447),
        ("mwh", 7_173_992),
        ("dev", 6_579_574),
        ("sto2", 846_427_247),
    ] {
        assert_eq!(code.parse(), Ok(PopId(id)));
    }
}
