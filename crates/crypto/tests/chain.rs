//! The trust store and the verdict on peers: every reason to refuse is reached.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing helper is a failing test")]

use gamesockets_crypto::cert::{
    BodyError, CertError, CertPolicy, Distrust, IssueError, LocalCertificate, MAX_CERT_LEN,
    MAX_INTERMEDIATES, MAX_REVOCATIONS, MAX_ROOTS, StoreError, Template, TrustStore, VerifiedCert,
    check_peer, claimed_identity, issue, issue_intermediate, issue_root,
};
use gamesockets_crypto::rng::Rng;
use gamesockets_crypto::sign::{SignatureError, SigningKey, key_id};
use gamesockets_wire::identity::IdentityError;
use gamesockets_wire::msg::{Certificate, CertificateSigned, Message as _, SessionCryptInfoSigned, decode};
use gamesockets_wire::{EndReason, Identity, PopId};
use proptest::prelude::*;

const APP: u32 = 480;
const CREATED: u32 = 1_700_000_000;
const EXPIRES: u32 = 1_800_000_000;
const NOW: u64 = 1_750_000_000;
/// Account type 4: a game server that logged in without an account.
const ANONYMOUS_SERVER: u64 = 1 << 56 | 4 << 52 | 7;

fn key(number: u8) -> SigningKey {
    SigningKey::from_seed([number; 32])
}

fn id(number: u8) -> u64 {
    key_id(&key(number).public())
}

fn pop(code: &str) -> PopId {
    code.parse().unwrap()
}

fn who(text: &str) -> Identity {
    text.parse().unwrap()
}

fn alice() -> Identity {
    who("str:alice")
}

/// Certificate of an authority: no identity, no restriction.
fn ca_template() -> Template {
    Template { created: CREATED, expires: EXPIRES, ..Template::default() }
}

fn leaf_template() -> Template {
    Template { identity: Some(alice()), app_ids: vec![APP], ..ca_template() }
}

fn policy() -> CertPolicy {
    CertPolicy { app_id: APP, now_unix: NOW, allow_unsigned: false, expect_pop: None }
}

const ROOT: u8 = 1;
const LEAF: u8 = 9;

/// `by` vouches for `subject`.
fn vouch(by: u8, subject: u8, template: &Template) -> CertificateSigned {
    issue_intermediate(&key(by), &key(subject).public(), template).unwrap()
}

fn leaf(by: u8, template: &Template) -> CertificateSigned {
    issue(&key(by), &key(LEAF).public(), template).unwrap()
}

fn rooted() -> TrustStore {
    let mut store = TrustStore::new();
    assert_eq!(store.add_root(key(ROOT).public()), Ok(id(ROOT)));
    store
}

fn judge(store: &TrustStore, cert: &CertificateSigned) -> Result<VerifiedCert, CertError> {
    check_peer(cert, store, &policy(), &alice())
}

/// A body that `issue` would refuse to make, signed by the root.
fn forced(edit: impl FnOnce(&mut Certificate)) -> CertificateSigned {
    let mut body: Certificate = decode(leaf(ROOT, &leaf_template()).cert.as_deref().unwrap()).unwrap();
    edit(&mut body);
    let bytes = body.encode_to_vec();
    CertificateSigned {
        private_key_data: None,
        ca_key_id: Some(id(ROOT)),
        ca_signature: Some(key(ROOT).sign(&bytes).to_vec()),
        cert: Some(bytes),
    }
}

#[test]
fn accepted_chains() {
    let direct = leaf(ROOT, &leaf_template());
    let verified = judge(&rooted(), &direct).unwrap();
    let expected = VerifiedCert {
        identity: Some(alice()),
        public_key: key(LEAF).public(),
        signed_by_ca: true,
        ca_fault: None,
    };
    assert_eq!(verified, expected);
    assert_eq!(claimed_identity(&direct), Ok(Some(alice())));

    // Root, two intermediates, leaf; the intermediates come in the order that makes each wait for its signer.
    let mut store = TrustStore::new();
    store.add_intermediate(&vouch(2, 3, &ca_template())).unwrap();
    store.add_intermediate(&vouch(ROOT, 2, &ca_template())).unwrap();
    let cert = leaf(3, &leaf_template());
    assert_eq!(
        judge(&store, &cert),
        Err(CertError::UntrustedCa { key_id: id(3), why: Distrust::Unknown { key_id: id(ROOT) } })
    );
    store.add_root_certificate(&issue_root(&key(ROOT), &ca_template()).unwrap()).unwrap();
    assert!(judge(&store, &cert).unwrap().signed_by_ca);
}

#[test]
fn expiry_is_inclusive() {
    let cert = leaf(ROOT, &leaf_template());
    let at = |now_unix| check_peer(&cert, &rooted(), &CertPolicy { now_unix, ..policy() }, &alice());
    assert!(at(u64::from(EXPIRES)).is_ok());
    let now = u64::from(EXPIRES) + 1;
    assert_eq!(at(now), Err(CertError::Expired { expired: EXPIRES, now }));
    // The time of making is not looked at: the clocks of players are often wrong.
    assert!(at(0).is_ok());
}

/// Each row: what it shows, a store, a certificate, the expected refusal and its number on the wire.
#[test]
fn every_reason_to_refuse_a_peer() {
    let good = leaf(ROOT, &leaf_template());
    let with = |edit: &dyn Fn(&mut CertificateSigned)| {
        let mut cert = good.clone();
        edit(&mut cert);
        cert
    };
    let revoked = |number: u8| {
        let mut store = rooted();
        store.add_intermediate(&vouch(ROOT, 2, &ca_template())).unwrap();
        store.revoke(id(number)).unwrap();
        store
    };
    let with_intermediate = |template: &Template| {
        let mut store = rooted();
        store.add_intermediate(&vouch(ROOT, 2, template)).unwrap();
        store
    };
    let by_2 = leaf(2, &leaf_template());
    let self_made = LocalCertificate::self_signed(&mut Rng::new([0; 32]), &alice(), APP).signed().clone();

    let bad_crypt = EndReason::REMOTE_BAD_CRYPT;
    let bad_cert = EndReason::REMOTE_BAD_CERT;
    let rows: Vec<(TrustStore, CertificateSigned, CertError, EndReason)> = vec![
        (rooted(), CertificateSigned::default(), CertError::Missing, bad_crypt),
        (rooted(), with(&|c| c.cert = Some(vec![])), CertError::Missing, bad_crypt),
        (
            rooted(),
            with(&|c| c.cert = Some(vec![0; MAX_CERT_LEN + 1])),
            BodyError::TooLong { len: MAX_CERT_LEN + 1 }.into(),
            bad_crypt,
        ),
        (
            rooted(),
            with(&|c| c.cert = Some(vec![0xff])),
            BodyError::Malformed(gamesockets_wire::msg::BlobError::Malformed).into(),
            bad_crypt,
        ),
        (
            rooted(),
            forced(|body| body.key_type = Some(2)),
            BodyError::KeyType { found: Some(2) }.into(),
            bad_crypt,
        ),
        (rooted(), forced(|body| body.key_type = None), BodyError::KeyType { found: None }.into(), bad_crypt),
        (
            rooted(),
            forced(|body| body.key_data = Some(vec![1; 31])),
            BodyError::KeyLength { len: 31 }.into(),
            bad_crypt,
        ),
        (
            rooted(),
            forced(|body| body.identity_string = Some("steamid:x".into())),
            BodyError::Identity(IdentityError::BadNumber).into(),
            bad_cert,
        ),
        (rooted(), with(&|c| c.ca_key_id = None), CertError::NoCaKey, bad_cert),
        (rooted(), with(&|c| c.ca_key_id = Some(0)), CertError::NoCaKey, bad_cert),
        (rooted(), by_2.clone(), CertError::UnknownCa { key_id: id(2) }, bad_cert),
        (TrustStore::new(), good.clone(), CertError::UnknownCa { key_id: id(ROOT) }, bad_cert),
        (revoked(2), by_2.clone(), CertError::RevokedCa { key_id: id(2), revoked: id(2) }, bad_cert),
        (revoked(ROOT), by_2.clone(), CertError::RevokedCa { key_id: id(2), revoked: id(ROOT) }, bad_cert),
        (revoked(LEAF), good.clone(), CertError::RevokedKey { key_id: id(LEAF) }, bad_cert),
        (
            with_intermediate(&Template { expires: CREATED + 1, ..ca_template() }),
            by_2.clone(),
            CertError::ChainExpired { key_id: id(2), expired: CREATED + 1, now: NOW },
            bad_cert,
        ),
        (
            rooted(),
            with(&|c| c.ca_signature.as_mut().unwrap()[5] ^= 1),
            CertError::BadCaSignature { key_id: id(ROOT), why: SignatureError::Mismatch },
            bad_cert,
        ),
        (
            rooted(),
            with(&|c| c.ca_signature = Some(vec![])),
            CertError::BadCaSignature { key_id: id(ROOT), why: SignatureError::Length { len: 0 } },
            bad_cert,
        ),
        (
            rooted(),
            leaf(ROOT, &Template { expires: CREATED + 1, ..leaf_template() }),
            CertError::Expired { expired: CREATED + 1, now: NOW },
            bad_cert,
        ),
        (
            rooted(),
            forced(|body| body.time_expiry = None),
            CertError::Expired { expired: 0, now: NOW },
            bad_cert,
        ),
        (
            rooted(),
            leaf(ROOT, &Template { identity: Some(who("str:bob")), ..leaf_template() }),
            CertError::WrongIdentity { issued_to: who("str:bob"), claimed: alice() },
            bad_cert,
        ),
        (
            rooted(),
            forced(|body| body.app_ids.clear()),
            CertError::NotBoundToApp { issued_to: alice() },
            bad_cert,
        ),
        (
            rooted(),
            leaf(ROOT, &Template { identity: None, pop_ids: vec![pop("iad")], ..leaf_template() }),
            CertError::NoIdentity { claimed: alice() },
            bad_cert,
        ),
        (
            rooted(),
            forced(|body| {
                body.identity_string = Some("ip:::1".into());
                body.legacy_identity_binary = None;
            }),
            CertError::NoIdentity { claimed: alice() },
            bad_cert,
        ),
        (
            rooted(),
            leaf(ROOT, &Template { app_ids: vec![7, 8], ..leaf_template() }),
            CertError::WrongApp { app_id: APP, listed: vec![7, 8] },
            bad_cert,
        ),
        (
            with_intermediate(&Template { app_ids: vec![7], ..ca_template() }),
            by_2,
            CertError::ChainForbidsApp { app_id: APP, key_id: id(2) },
            bad_cert,
        ),
        (rooted(), self_made, CertError::UnsignedNotAllowed, bad_cert),
    ];
    for (store, cert, expected, reason) in rows {
        assert_eq!(judge(&store, &cert).as_ref(), Err(&expected));
        assert_eq!(expected.reason(), reason, "{expected}");
        assert!(expected.to_string().len() > 20, "{expected}");
    }
}

#[test]
fn reasons_to_distrust_a_chain() {
    let refused = |store: &TrustStore, by: u8| match judge(store, &leaf(by, &leaf_template())) {
        Err(CertError::UntrustedCa { key_id, why }) if key_id == id(by) => why,
        other => panic!("{other:?}"),
    };

    let mut circle = rooted();
    circle.add_intermediate(&vouch(3, 2, &ca_template())).unwrap();
    circle.add_intermediate(&vouch(4, 3, &ca_template())).unwrap();
    circle.add_intermediate(&vouch(2, 4, &ca_template())).unwrap();
    for by in [2, 3, 4] {
        assert_eq!(refused(&circle, by), Distrust::Circle { key_id: id(by) });
    }

    let mut disjoint = rooted();
    disjoint.add_intermediate(&vouch(ROOT, 2, &Template { app_ids: vec![7, APP], ..ca_template() })).unwrap();
    disjoint.add_intermediate(&vouch(2, 3, &Template { app_ids: vec![8], ..ca_template() })).unwrap();
    assert_eq!(refused(&disjoint, 3), Distrust::EmptyScope { key_id: id(3) });

    // The signature could not be checked when the certificate came, and proves wrong when the signer comes.
    let mut forged = vouch(2, 3, &ca_template());
    forged.ca_signature.as_mut().unwrap()[0] ^= 1;
    let mut waiting = rooted();
    waiting.add_intermediate(&forged).unwrap();
    waiting.add_intermediate(&vouch(ROOT, 2, &ca_template())).unwrap();
    assert_eq!(refused(&waiting, 3), Distrust::BadSignature { key_id: id(3), issuer: id(2) });
    // The genuine one is still welcome.
    waiting.add_intermediate(&vouch(2, 3, &ca_template())).unwrap();
    assert!(judge(&waiting, &leaf(3, &leaf_template())).is_ok());

    // Eight certificates to the root are the limit: keys 10 to 17, then one too many.
    let mut long = rooted();
    long.add_intermediate(&vouch(ROOT, 10, &ca_template())).unwrap();
    for by in 10..18 {
        long.add_intermediate(&vouch(by, by + 1, &ca_template())).unwrap();
    }
    assert!(judge(&long, &leaf(17, &leaf_template())).is_ok());
    assert_eq!(refused(&long, 18), Distrust::TooLong);
}

#[test]
fn a_store_full_of_circles_answers() {
    // Every key vouches for every other one, and no root is in reach: without a limit on the search this would take
    // years.
    let mut store = TrustStore::new();
    for by in 20..35 {
        for subject in (20..35).filter(|subject| *subject != by) {
            store.add_intermediate(&vouch(by, subject, &ca_template())).unwrap();
        }
    }
    assert!(store.scope_of(id(20)).is_err());
}

#[test]
fn trust_does_not_depend_on_where_the_search_begins() {
    // 2 is vouched for by the root, and later by 3, which itself hangs on 2.
    let mut store = rooted();
    store.add_intermediate(&vouch(ROOT, 2, &ca_template())).unwrap();
    store.add_intermediate(&vouch(3, 2, &Template { created: CREATED + 1, ..ca_template() })).unwrap();
    store.add_intermediate(&vouch(2, 3, &ca_template())).unwrap();
    for by in [3, 2, 3] {
        assert!(judge(&store, &leaf(by, &leaf_template())).is_ok());
    }
}

#[test]
fn the_newest_valid_certificate_of_a_key_decides() {
    let with_apps = |created, apps: &[u32], expires| Template {
        created,
        app_ids: apps.to_vec(),
        expires,
        ..ca_template()
    };
    let newer = vouch(ROOT, 2, &with_apps(CREATED + 10, &[7], EXPIRES));
    let older = vouch(ROOT, 2, &with_apps(CREATED, &[APP], EXPIRES));
    for order in [[&newer, &older], [&older, &newer]] {
        let mut store = rooted();
        for cert in order {
            store.add_intermediate(cert).unwrap();
        }
        let scope = store.scope_of(id(2)).unwrap();
        assert!(scope.allows_app(7) && !scope.allows_app(APP));
    }

    // One that leads nowhere is not valid, however new.
    let mut store = rooted();
    store.add_intermediate(&older).unwrap();
    store.add_intermediate(&vouch(5, 2, &with_apps(CREATED + 20, &[7], EXPIRES))).unwrap();
    assert!(store.scope_of(id(2)).unwrap().allows_app(APP));

    // One that has expired still decides, so that waiting does not bring withdrawn rights back.
    let mut store = rooted();
    store.add_intermediate(&older).unwrap();
    store.add_intermediate(&vouch(ROOT, 2, &with_apps(CREATED + 10, &[APP], CREATED + 20))).unwrap();
    let expected = CertError::ChainExpired { key_id: id(2), expired: CREATED + 20, now: NOW };
    assert_eq!(judge(&store, &leaf(2, &leaf_template())), Err(expected));
}

#[test]
fn scope_is_what_all_certificates_have_in_common() {
    let mut store = TrustStore::new();
    let root = Template { app_ids: vec![1, 2, 3], expires: EXPIRES - 5, ..ca_template() };
    store.add_root_certificate(&issue_root(&key(ROOT), &root).unwrap()).unwrap();
    let middle = Template { pop_ids: vec![pop("iad"), pop("sto")], expires: EXPIRES - 9, ..ca_template() };
    store.add_intermediate(&vouch(ROOT, 2, &middle)).unwrap();
    let last = Template { app_ids: vec![3, 4], pop_ids: vec![pop("sto"), pop("mwh")], ..ca_template() };
    store.add_intermediate(&vouch(2, 3, &last)).unwrap();

    let scope = store.scope_of(id(3)).unwrap();
    let allowed: Vec<u32> = (0..6).filter(|app| scope.allows_app(*app)).collect();
    assert_eq!(allowed, [3]);
    let places = ["iad", "sto", "mwh"].map(|code| scope.allows_pop(pop(code)));
    assert_eq!(places, [false, true, false]);
    assert_eq!(scope.expires(), Some(EXPIRES - 9));
    assert_eq!(rooted().scope_of(id(ROOT)).unwrap().expires(), None);
}

#[test]
fn places_of_hosted_servers() {
    let anonymous = Identity::steam_id(ANONYMOUS_SERVER).unwrap();
    let cert =
        |pops: &[PopId]| leaf(2, &Template { identity: None, pop_ids: pops.to_vec(), ..leaf_template() });
    let judge_at = |chain: &[PopId], cert: &CertificateSigned, place: Option<PopId>| {
        let mut store = rooted();
        let template = Template { pop_ids: chain.to_vec(), ..ca_template() };
        store.add_intermediate(&vouch(ROOT, 2, &template)).unwrap();
        check_peer(cert, &store, &CertPolicy { expect_pop: place, ..policy() }, &anonymous)
    };
    let (iad, sto) = (pop("iad"), pop("sto"));

    let verified = judge_at(&[], &cert(&[iad]), Some(iad)).unwrap();
    assert_eq!((verified.identity, verified.signed_by_ca), (None, true));
    // A server that is reached directly does not claim to be anywhere.
    assert!(judge_at(&[sto], &cert(&[iad]), None).is_ok());
    let wrong = CertError::WrongPop { pop: sto, listed: vec![iad] };
    assert_eq!(judge_at(&[], &cert(&[iad]), Some(sto)), Err(wrong.clone()));
    let forbidden = CertError::ChainForbidsPop { pop: iad, key_id: id(2) };
    assert_eq!(judge_at(&[sto], &cert(&[iad]), Some(iad)), Err(forbidden.clone()));
    assert_eq!(
        (wrong.reason(), forbidden.reason()),
        (EndReason::REMOTE_BAD_CERT, EndReason::REMOTE_BAD_CERT)
    );

    let nobody = forced(|body| {
        *body = Certificate { app_ids: vec![APP], ..body.clone() };
        (body.identity_string, body.legacy_identity_binary) = (None, None);
    });
    assert_eq!(judge_at(&[], &nobody, None), Err(CertError::NoIdentityNoPop));
}

#[test]
fn where_unsigned_is_allowed_a_bad_ca_signature_counts_as_none() {
    let lax = CertPolicy { allow_unsigned: true, ..policy() };
    let mut forged = leaf(ROOT, &leaf_template());
    forged.ca_signature.as_mut().unwrap()[9] ^= 4;
    let unknown = leaf(2, &leaf_template());
    let expired = leaf(ROOT, &Template { expires: CREATED + 1, ..leaf_template() });
    for cert in [&forged, &unknown, &expired] {
        let verified = check_peer(cert, &rooted(), &lax, &alice()).unwrap();
        assert!(!verified.signed_by_ca);
        assert_eq!(verified.ca_fault, judge(&rooted(), cert).err());
        assert!(verified.ca_fault.is_some());
    }
    let genuine = check_peer(&leaf(ROOT, &leaf_template()), &rooted(), &lax, &alice()).unwrap();
    assert!(genuine.signed_by_ca && genuine.ca_fault.is_none());

    // All other faults stay fatal.
    let mut rng = Rng::new([0; 32]);
    let self_made = LocalCertificate::self_signed(&mut rng, &alice(), APP);
    assert!(check_peer(self_made.signed(), &rooted(), &lax, &alice()).is_ok());
    let bob = who("str:bob");
    let stolen = check_peer(self_made.signed(), &rooted(), &lax, &bob);
    assert_eq!(stolen, Err(CertError::WrongIdentity { issued_to: alice(), claimed: bob }));
    let other_app = CertPolicy { app_id: 0, ..lax };
    let refused = check_peer(self_made.signed(), &rooted(), &other_app, &alice());
    assert_eq!(refused, Err(CertError::WrongApp { app_id: 0, listed: vec![APP] }));
    // A localhost certificate names nobody: any observed address may stand behind it.
    let nameless = LocalCertificate::self_signed(&mut rng, &Identity::localhost(), APP);
    assert!(check_peer(nameless.signed(), &rooted(), &lax, &who("ip:192.0.2.1:5")).is_ok());
}

#[test]
fn session_data_must_be_signed() {
    let local = LocalCertificate::self_signed(&mut Rng::new([1; 32]), &alice(), APP);
    let lax = CertPolicy { allow_unsigned: true, ..policy() };
    let peer = check_peer(local.signed(), &TrustStore::new(), &lax, &alice()).unwrap();
    let good = local.sign_info(b"info".to_vec());
    assert_eq!(peer.session_info(&good), Ok(&b"info"[..]));
    let with = |edit: &dyn Fn(&mut SessionCryptInfoSigned)| {
        let mut crypt = good.clone();
        edit(&mut crypt);
        peer.session_info(&crypt).map(|_| ()).unwrap_err()
    };
    let rows = [
        (with(&|c| c.info = None), CertError::MissingInfo),
        (with(&|c| c.signature = None), CertError::MissingInfoSignature),
        (
            with(&|c| c.signature = Some(vec![1; 63])),
            CertError::BadInfoSignature(SignatureError::Length { len: 63 }),
        ),
        (with(&|c| c.info = Some(b"other".to_vec())), CertError::BadInfoSignature(SignatureError::Mismatch)),
    ];
    for (found, expected) in rows {
        assert_eq!(found, expected);
        assert_eq!(found.reason(), EndReason::REMOTE_BAD_CRYPT);
    }
    let weak = VerifiedCert { public_key: [0; 32], ..peer.clone() };
    assert_eq!(weak.session_info(&good), Err(CertError::BadInfoSignature(SignatureError::PublicKey)));
}

#[test]
fn what_the_store_does_not_take() {
    let good = || vouch(ROOT, 2, &ca_template());
    // Signs an altered body, so that the alteration is all that is wrong.
    let altered = |edit: &dyn Fn(&mut Certificate)| {
        let mut body: Certificate = decode(good().cert.as_deref().unwrap()).unwrap();
        edit(&mut body);
        let bytes = body.encode_to_vec();
        let ca_signature = Some(key(ROOT).sign(&bytes).to_vec());
        CertificateSigned { cert: Some(bytes), ca_signature, ..good() }
    };
    let rows = [
        (CertificateSigned::default(), StoreError::Missing),
        (altered(&|b| b.key_type = None), BodyError::KeyType { found: None }.into()),
        (altered(&|b| b.identity_string = Some("str:x".into())), StoreError::HasIdentity { key_id: id(2) }),
        (altered(&|b| b.time_expiry = None), StoreError::NoExpiry { key_id: id(2) }),
        (CertificateSigned { ca_key_id: None, ..good() }, StoreError::NotSigned { key_id: id(2) }),
        (CertificateSigned { ca_signature: None, ..good() }, StoreError::NotSigned { key_id: id(2) }),
        (
            CertificateSigned { ca_signature: Some(vec![0; 64]), ..good() },
            StoreError::BadSignature { key_id: id(2), issuer: id(ROOT), why: SignatureError::Mismatch },
        ),
        (issue_root(&key(2), &ca_template()).unwrap(), StoreError::SelfSigned { key_id: id(2) }),
    ];
    for (cert, expected) in rows {
        assert_eq!(rooted().add_intermediate(&cert), Err(expected));
        assert!(expected.to_string().len() > 20);
    }

    let mut store = TrustStore::new();
    assert!(!store.has_roots());
    let not_self = StoreError::NotSelfSigned { key_id: id(2), issuer: id(ROOT) };
    assert_eq!(store.add_root_certificate(&good()), Err(not_self));
    let mut root = issue_root(&key(2), &ca_template()).unwrap();
    root.ca_signature.as_mut().unwrap()[1] ^= 1;
    let bad = StoreError::BadSignature { key_id: id(2), issuer: id(2), why: SignatureError::Mismatch };
    assert_eq!(store.add_root_certificate(&root), Err(bad));
    assert_eq!(store.add_root([0; 32]), Err(StoreError::BadKey { key_id: key_id(&[0; 32]) }));
    assert!(!store.has_roots());
}

#[test]
fn a_bare_root_outranks_root_certificates() {
    let narrow = issue_root(&key(ROOT), &Template { app_ids: vec![7], ..ca_template() }).unwrap();
    let newer = issue_root(&key(ROOT), &Template { app_ids: vec![8], created: CREATED + 1, ..ca_template() })
        .unwrap();
    let mut store = TrustStore::new();
    for cert in [&newer, &narrow] {
        store.add_root_certificate(cert).unwrap();
        assert!(store.scope_of(id(ROOT)).unwrap().allows_app(8));
    }
    store.add_root(key(ROOT).public()).unwrap();
    store.add_root_certificate(&newer).unwrap();
    assert!(store.scope_of(id(ROOT)).unwrap().allows_app(APP));
    assert!(store.has_roots());
}

#[test]
fn the_store_is_bounded() {
    let mut store = TrustStore::new();
    for number in 0..MAX_ROOTS as u8 {
        store.add_root(key(number).public()).unwrap();
    }
    let full = StoreError::Full { what: "roots", max: MAX_ROOTS };
    assert_eq!(store.add_root(key(200).public()), Err(full));
    store.add_root(key(0).public()).unwrap();

    for number in 0..MAX_INTERMEDIATES as u32 {
        let template = Template { created: CREATED + number, ..ca_template() };
        store.add_intermediate(&vouch(0, 100, &template)).unwrap();
        // Once more: nothing happens.
        store.add_intermediate(&vouch(0, 100, &template)).unwrap();
    }
    let full = StoreError::Full { what: "intermediate certificates", max: MAX_INTERMEDIATES };
    assert_eq!(store.add_intermediate(&vouch(0, 101, &ca_template())), Err(full));

    for number in 0..MAX_REVOCATIONS as u64 {
        store.revoke(number).unwrap();
    }
    let full = StoreError::Full { what: "revoked keys", max: MAX_REVOCATIONS };
    assert_eq!(store.revoke(u64::MAX), Err(full));
    store.revoke(5).unwrap();
    assert!(store.is_revoked(5) && !store.is_revoked(u64::MAX));
}

#[test]
fn what_is_not_issued() {
    let named = leaf_template();
    let by = key(ROOT);
    let subject = key(LEAF).public();
    assert_eq!(issue_root(&by, &named), Err(IssueError::AuthorityWithIdentity));
    assert_eq!(issue_intermediate(&by, &subject, &named), Err(IssueError::AuthorityWithIdentity));
    assert_eq!(issue_intermediate(&by, &by.public(), &ca_template()), Err(IssueError::SelfIssued));
    assert_eq!(issue(&by, &by.public(), &named), Err(IssueError::SelfIssued));
    let rows = [
        (Template { identity: None, ..named.clone() }, IssueError::NoOwner),
        (Template { identity: Some(Identity::Invalid), ..named.clone() }, IssueError::UnusableIdentity),
        (Template { identity: Some(Identity::localhost()), ..named.clone() }, IssueError::UnusableIdentity),
        (Template { app_ids: vec![], ..named.clone() }, IssueError::NoApps),
        (
            Template { expires: CREATED, ..named.clone() },
            IssueError::Validity { created: CREATED, expires: CREATED },
        ),
    ];
    for (template, expected) in rows {
        assert_eq!(issue(&by, &subject, &template), Err(expected));
    }
    let huge = Template { pop_ids: vec![PopId(1); MAX_CERT_LEN / 5], ..named };
    assert!(matches!(issue(&by, &subject, &huge), Err(IssueError::TooLong { .. })));
}

#[test]
fn long_lists_are_cut_in_messages() {
    let error = CertError::WrongApp { app_id: 1, listed: (10..500).collect() };
    assert_eq!(error.to_string(), "certificate is not valid for app 1, only for 10, 11, 12, 13 and 486 more");
}

proptest! {
    #[test]
    fn arbitrary_certificates_never_panic(
        cert in prop::option::of(prop::collection::vec(any::<u8>(), 0..200)),
        ca_key_id in prop::option::of(prop_oneof![Just(id(ROOT)), any::<u64>()]),
        ca_signature in prop::option::of(prop::collection::vec(any::<u8>(), 0..80)),
        allow_unsigned: bool,
    ) {
        let signed = CertificateSigned { private_key_data: None, cert, ca_key_id, ca_signature };
        let mut store = rooted();
        let policy = CertPolicy { allow_unsigned, ..policy() };
        prop_assert!(!check_peer(&signed, &store, &policy, &alice()).is_ok_and(|cert| cert.signed_by_ca));
        let _ = store.add_intermediate(&signed);
        let _ = store.add_root_certificate(&signed);
    }

    #[test]
    fn any_flipped_bit_of_a_signed_certificate_is_noticed(pick: prop::sample::Index) {
        let mut cert = leaf(ROOT, &leaf_template());
        let body = cert.cert.as_mut().unwrap();
        let bit = pick.index(body.len() * 8);
        body[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(judge(&rooted(), &cert).is_err());
    }
}
