//! From a request to an installed certificate, and every reason not to install one.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing helper is a failing test")]

use gamesockets_crypto::cert::{
    BodyError, CertError, CertPolicy, InstallError, LocalCertificate, MAX_CERT_LEN, Template, TrustStore,
    bundle, check_peer, install, issue, issue_root, parse_request, request,
};
use gamesockets_crypto::sign::{SigningKey, key_id};
use gamesockets_crypto::text;
use gamesockets_wire::msg::{BlobError, Certificate, CertificateSigned, Message as _, decode};
use gamesockets_wire::{Identity, PopId};
use proptest::prelude::*;

const APP: u32 = 480;
const NOW: u64 = 1_750_000_000;

fn ca() -> SigningKey {
    SigningKey::from_seed([1; 32])
}

fn ours() -> SigningKey {
    SigningKey::from_seed([2; 32])
}

fn alice() -> Identity {
    "str:alice".parse().unwrap()
}

fn template() -> Template {
    Template {
        identity: Some(alice()),
        app_ids: vec![APP],
        pop_ids: vec![],
        created: NOW as u32 - 10,
        expires: NOW as u32 + 1000,
    }
}

fn cert() -> CertificateSigned {
    issue(&ca(), &ours().public(), &template()).unwrap()
}

fn store() -> TrustStore {
    let mut store = TrustStore::new();
    store.add_root(ca().public()).unwrap();
    store
}

/// The certificate with an altered body; its signature is not renewed, as ours is not ours to judge.
fn altered(edit: impl FnOnce(&mut Certificate)) -> Vec<u8> {
    let mut signed = cert();
    let mut body: Certificate = decode(signed.cert.as_deref().unwrap()).unwrap();
    edit(&mut body);
    signed.cert = Some(body.encode_to_vec());
    signed.encode_to_vec()
}

#[test]
fn request_issue_install_present() {
    let blob = request(&alice(), &ours(), None);
    let asked = parse_request(&blob).unwrap();
    assert_eq!((asked.public_key, asked.identity.clone()), (ours().public(), Some(alice())));
    let answer =
        issue(&ca(), &asked.public_key, &Template { identity: asked.identity, ..template() }).unwrap();
    let carried = text::decode_cert(&text::encode_cert(&answer.encode_to_vec())).unwrap();

    for identity in [alice(), Identity::localhost(), Identity::Invalid] {
        let installed = install(&carried, Some(&ours()), &identity, APP, NOW, &store()).unwrap();
        assert_eq!(installed.distrust, None);
        let cert = installed.certificate;
        assert_eq!(cert.identity(), Some(&alice()));
        assert!(cert.has_ca_signature() && !cert.is_expired(NOW) && cert.is_expired(NOW + 1001));
        assert_eq!(cert.expires(), Some(NOW as u32 + 1000));

        let policy = CertPolicy { app_id: APP, now_unix: NOW, allow_unsigned: false, expect_pop: None };
        let seen = check_peer(cert.signed(), &store(), &policy, &alice()).unwrap();
        assert_eq!(seen.session_info(&cert.sign_info(vec![1, 2])), Ok(&[1, 2][..]));
    }
}

#[test]
fn requests_leave_out_what_is_unknown() {
    let anonymous = request(&Identity::localhost(), &ours(), None);
    assert_eq!(anonymous.len(), 38);
    assert_eq!(request(&Identity::Invalid, &ours(), None), anonymous);
    assert_eq!(parse_request(&anonymous).unwrap().identity, None);
    let place: PopId = "iad".parse().unwrap();
    assert_eq!(parse_request(&request(&alice(), &ours(), Some(place))).unwrap().pop_ids, [place]);
    assert_eq!(parse_request(&[]), Err(BodyError::KeyType { found: None }));
    assert_eq!(parse_request(&[0xff]), Err(BodyError::Malformed(BlobError::Malformed)));
}

#[test]
fn a_bundle_brings_its_key_and_does_not_pass_it_on() {
    let blob = bundle(&cert(), &ours());
    for key in [None, Some(ours())] {
        let installed = install(&blob, key.as_ref(), &alice(), APP, NOW, &store()).unwrap();
        assert_eq!(installed.certificate.key().public(), ours().public());
        assert_eq!(installed.certificate.signed().private_key_data, None);
        assert_eq!(installed.certificate.signed(), &cert());
    }
    let alone = LocalCertificate::from_signed(&blob, ours()).unwrap();
    assert_eq!(alone.signed().private_key_data, None);

    // Other programs store 64 bytes, with the public key on either side.
    let (seed, public) = (ours().seed().to_vec(), ours().public().to_vec());
    for pair in [[seed.clone(), public.clone()], [public, seed]] {
        let blob = CertificateSigned { private_key_data: Some(pair.concat()), ..cert() }.encode_to_vec();
        assert!(install(&blob, None, &alice(), APP, NOW, &store()).is_ok());
    }
}

#[test]
fn our_own_distrust_is_only_reported() {
    let blob = cert().encode_to_vec();
    let ca_id = key_id(&ca().public());
    let distrust = |store: &TrustStore, blob: &[u8]| {
        install(blob, Some(&ours()), &alice(), APP, NOW, store).unwrap().distrust
    };
    assert_eq!(distrust(&store(), &blob), None);
    assert_eq!(distrust(&TrustStore::new(), &blob), Some(CertError::UnknownCa { key_id: ca_id }));
    let unsigned = CertificateSigned { ca_signature: None, ..cert() }.encode_to_vec();
    assert_eq!(distrust(&store(), &unsigned), Some(CertError::UnsignedNotAllowed));
    let mut narrow = TrustStore::new();
    let root = Template { identity: None, app_ids: vec![7], ..template() };
    narrow.add_root_certificate(&issue_root(&ca(), &root).unwrap()).unwrap();
    let forbidden = CertError::ChainForbidsApp { app_id: APP, key_id: ca_id };
    assert_eq!(distrust(&narrow, &blob), Some(forbidden));
}

#[test]
fn every_reason_not_to_install() {
    let good = cert().encode_to_vec();
    let with_key =
        |data: &[u8]| CertificateSigned { private_key_data: Some(data.to_vec()), ..cert() }.encode_to_vec();
    let other = SigningKey::from_seed([3; 32]);
    let bob: Identity = "str:bob".parse().unwrap();
    let rows: Vec<(Vec<u8>, Option<SigningKey>, Identity, InstallError)> = vec![
        (vec![0; MAX_CERT_LEN + 1], Some(ours()), alice(), InstallError::TooLong { len: MAX_CERT_LEN + 1 }),
        (b"not a blob".to_vec(), Some(ours()), alice(), InstallError::Malformed(BlobError::Malformed)),
        (vec![], Some(ours()), alice(), InstallError::Missing),
        (
            altered(|body| body.key_data = Some(vec![0; 31])),
            Some(ours()),
            alice(),
            BodyError::KeyLength { len: 31 }.into(),
        ),
        (
            altered(|body| {
                (body.identity_string, body.legacy_identity_binary) = (None, None);
            }),
            Some(ours()),
            alice(),
            InstallError::NoIdentity,
        ),
        (
            altered(|body| body.identity_string = Some("ip:::1".into())),
            Some(ours()),
            Identity::localhost(),
            InstallError::NoIdentity,
        ),
        (
            good.clone(),
            Some(ours()),
            bob.clone(),
            InstallError::WrongIdentity { issued_to: alice(), ours: bob },
        ),
        (with_key(&[0; 31]), None, alice(), InstallError::PrivateKeyLength { len: 31 }),
        (with_key(&[0; 33]), None, alice(), InstallError::PrivateKeyLength { len: 33 }),
        (with_key(&[0; 65]), None, alice(), InstallError::PrivateKeyLength { len: 65 }),
        (with_key(&*other.seed()), Some(ours()), alice(), InstallError::PrivateKeyConflict),
        (good.clone(), None, alice(), InstallError::NoPrivateKey),
        (good.clone(), Some(other.clone()), alice(), InstallError::KeyPairMismatch),
        (with_key(&*other.seed()), None, alice(), InstallError::KeyPairMismatch),
        (
            altered(|body| body.app_ids.clear()),
            Some(ours()),
            alice(),
            InstallError::NotBoundToApp { issued_to: alice(), app_id: APP },
        ),
        (
            altered(|body| body.app_ids = vec![0]),
            Some(ours()),
            alice(),
            InstallError::WrongApp { app_id: APP, listed: vec![0] },
        ),
        (
            altered(|body| body.time_expiry = Some(NOW as u32 - 1)),
            Some(ours()),
            alice(),
            InstallError::Expired { expired: NOW as u32 - 1, now: NOW },
        ),
        (
            altered(|body| body.time_expiry = None),
            Some(ours()),
            alice(),
            InstallError::Expired { expired: 0, now: NOW },
        ),
    ];
    for (blob, key, identity, expected) in rows {
        let found = install(&blob, key.as_ref(), &identity, APP, NOW, &store());
        assert_eq!(found.map(|_| ()).unwrap_err(), expected);
        assert!(expected.to_string().len() > 20, "{expected}");
    }
    let mismatch = LocalCertificate::from_signed(&good, other).map(|_| ()).unwrap_err();
    assert_eq!(mismatch, InstallError::KeyPairMismatch);
}

#[test]
fn self_made_certificates_of_nobody() {
    let cert = LocalCertificate::self_signed_with(ours(), &Identity::Invalid, 0);
    assert_eq!(cert.identity(), None);
    let body: Certificate = decode(cert.cert_bytes()).unwrap();
    assert_eq!((body.identity_string, body.legacy_identity_binary), (None, None));
    assert!(!cert.has_ca_signature() && !cert.is_expired(u64::MAX));
}

#[test]
fn debug_shows_no_private_key() {
    let shown = format!("{:?}", LocalCertificate::self_signed_with(ours(), &alice(), 0));
    let seed: String = ours().seed().iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(shown.contains("alice") && !shown.contains(&seed), "{shown}");
    assert!(!shown.contains("2, 2, 2, 2"), "{shown}");
}

proptest! {
    #[test]
    fn arbitrary_blobs_never_panic(blob in prop::collection::vec(any::<u8>(), 0..300), have_key: bool) {
        let key = have_key.then(ours);
        prop_assert!(install(&blob, key.as_ref(), &alice(), APP, NOW, &store()).is_err());
        let _ = parse_request(&blob);
        let _ = LocalCertificate::from_signed(&blob, ours());
    }

    #[test]
    fn damaged_blobs_never_panic(edits in prop::collection::vec(any::<(prop::sample::Index, u8)>(), 1..4)) {
        let mut blob = cert().encode_to_vec();
        for (at, value) in edits {
            let at = at.index(blob.len());
            blob[at] = value;
        }
        let _ = install(&blob, Some(&ours()), &alice(), APP, NOW, &store());
        let _ = parse_request(&blob);
    }

    #[test]
    fn any_text_identity_comes_back(name in "[ -~]{1,31}", app: u32, pops in prop::collection::vec(any::<u32>(), 0..5)) {
        let identity = Identity::string(&name).unwrap();
        let template = Template {
            identity: Some(identity.clone()),
            app_ids: vec![app],
            pop_ids: pops.into_iter().map(PopId).collect(),
            ..template()
        };
        let signed = issue(&ca(), &ours().public(), &template).unwrap();
        let blob = signed.encode_to_vec();
        let installed = install(&blob, Some(&ours()), &identity, app, NOW, &store()).unwrap();
        prop_assert_eq!(installed.distrust, None);
    }
}
