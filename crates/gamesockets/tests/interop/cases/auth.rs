//! Certificates: who must prove who they are, and to whom.
//!
//! The reference library trusts one root that is compiled in; nothing in its C interface adds another. So with the
//! ordinary library it can only be seen to refuse. Cases that need it to trust, or to carry a certificate at all
//! (it does not take one that it does not trust itself), use a library whose root is [`authority`].

use super::ensure;
use crate::env::{self, Need};
use crate::gns::{self, Gns};
use crate::harness::{Case, Outcome};
use crate::ours::{Ours, Traits};
use crate::side::{CLOSED_BY_PEER, CONNECTED, Facts, Opt, PROBLEM, Theirs, UNAUTHENTICATED, Value, keys};
use crate::world::{HANDSHAKE, Link, Peer, Role, Who, World, start};
use gamesockets_crypto::cert::{Template, issue, parse_request};
use gamesockets_crypto::sign::SigningKey;
use gamesockets_wire::msg::Message as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub(super) const CASES: &[Case] = &[
    case("auth::open_gns_listens", &[Need::Lib], || open(Role::GnsListens)),
    case("auth::open_gns_connects", &[Need::Lib], || open(Role::GnsConnects)),
    case("auth::app_id_gns_listens", &[Need::Lib], || other_app(Role::GnsListens)),
    case("auth::app_id_gns_connects", &[Need::Lib], || other_app(Role::GnsConnects)),
    case("auth::gns_demands_we_have_none", &[Need::Lib], gns_demands),
    case("auth::gns_demands_unknown_authority", &[Need::Lib], gns_knows_no_authority),
    case("auth::we_demand_gns_listens", &[Need::Lib], || we_demand(Role::GnsListens)),
    case("auth::we_demand_gns_connects", &[Need::Lib], || we_demand(Role::GnsConnects)),
    case("auth::both_prove_gns_listens", &[Need::AuthLib], || both_prove(Role::GnsListens)),
    case("auth::both_prove_gns_connects", &[Need::AuthLib], || both_prove(Role::GnsConnects)),
    case("auth::trusting_gns_refuses_unsigned", &[Need::AuthLib], trusting_gns_refuses),
    case("auth::certificate_of_another_authority", &[Need::AuthLib], other_authority),
];

const fn case(name: &'static str, needs: &'static [Need], run: fn() -> Outcome) -> Case {
    Case { name, needs, limit: 40, run }
}

const OURS: &str = "str:ours";
const THEIRS: &str = "str:theirs";
/// A certificate that does not fit, and a connection that timed out.
const BAD_CERT: i32 = 4003;
const TIMEOUT: i32 = 5003;
/// Attempts that nobody answers end soon.
const HASTE: Opt = (keys::TIMEOUT_INITIAL, Value::Int(2500));
const REFUSED: Duration = Duration::from_secs(6);

/// The root of trust of [`Need::AuthLib`].
fn authority() -> SigningKey {
    SigningKey::from_seed(std::array::from_fn(|i| i as u8))
}

fn demand(level: i32) -> [Opt; 2] {
    [(keys::ALLOW_WITHOUT_AUTH, Value::Int(level)), (keys::LOCALHOST_ALLOW_WITHOUT_AUTH, Value::Int(level))]
}

/// Starts our side, trusting `root`, with a certificate of `signer` if there is one.
fn ours(root: Option<&SigningKey>, signer: Option<&SigningKey>) -> Result<Peer, String> {
    let traits = Traits { root: root.map(SigningKey::public), app_id: 0 };
    certified(Peer::new(Box::new(Ours::start(Some(OURS), traits)?)), OURS, signer)
}

/// Starts the reference library that trusts [`authority`], with a certificate of `signer` if there is one.
fn trusting_gns(signer: Option<&SigningKey>) -> Result<Peer, String> {
    let lib = env::gns_auth_lib().ok_or("the library with our root is not named")?;
    certified(Peer::new(Box::new(Theirs(Gns::start(&lib, Some(THEIRS))?))), THEIRS, signer)
}

fn certified(mut peer: Peer, identity: &str, signer: Option<&SigningKey>) -> Result<Peer, String> {
    if let Some(signer) = signer {
        let request = peer.side.certificate_request()?;
        peer.side.set_certificate(&signed(&request, identity, signer)?)?;
    }
    Ok(peer)
}

/// What an authority answers to a request.
fn signed(request: &[u8], identity: &str, signer: &SigningKey) -> Result<Vec<u8>, String> {
    let request = parse_request(request).map_err(|e| format!("the request cannot be read: {e}"))?;
    let asks = request.identity.as_ref().map(ToString::to_string);
    ensure!(asks.as_deref() == Some(identity), "the request is for {asks:?}");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|e| e.to_string())?.as_secs() as u32;
    let template = Template {
        identity: request.identity,
        app_ids: vec![0],
        created: now - 60,
        expires: now + 3600,
        ..Template::default()
    };
    let certificate = issue(signer, &request.public_key, &template).map_err(|e| e.to_string())?;
    Ok(certificate.encode_to_vec())
}

/// Connects without waiting for a request, which may never be shown to the application.
fn attempt(w: &mut World, role: Role, listener: &[Opt], client: &[Opt]) -> Result<(u32, u32), String> {
    let server = role.listener();
    let before: Vec<Opt> = listener.iter().copied().filter(|(_, value)| *value != Value::Int(0)).collect();
    let (id, to) = w.peer(server).side.listen(&before)?;
    // The reference library refuses to make a listen socket that demands what it cannot check; later it lets itself
    // be told.
    for (key, value) in listener {
        w.peer(server).side.configure_listener(id, *key, *value)?;
    }
    let mut options = client.to_vec();
    options.push(HASTE);
    let conn = w.peer(server.other()).side.connect(to, &options)?;
    Ok((id, conn))
}

/// The end of an attempt, as the one that connects sees it. The other side must not have got a connection.
fn refusal(w: &mut World, role: Role, conn: u32) -> Result<Facts, String> {
    let client = role.listener().other();
    w.until(REFUSED, "the attempt ends", |w| {
        let state = w.peer(client).state(conn);
        ensure!(state != CONNECTED, "{client:?} is connected");
        Ok(state == CLOSED_BY_PEER || state == PROBLEM)
    })?;
    let mut requests = w.peer(role.listener()).requests().collect::<Vec<_>>().into_iter();
    // It says in its log what it refuses; that is what is wanted here.
    gns::complaints();
    let up = requests.find(|conn| w.peer(role.listener()).reported(*conn, CONNECTED).is_some());
    ensure!(up.is_none(), "{:?} was connected", role.listener());
    w.peer(client).side.facts(conn).ok_or_else(|| "the connection is gone".to_owned())
}

fn end(facts: &Facts) -> String {
    format!("{} '{}'", facts.end_reason, facts.end_debug)
}

/// Nobody has a certificate, and both sides put up with that in all the ways there are.
fn open(role: Role) -> Outcome {
    let mut w = World::start()?;
    let levels = [(2, 2), (2, 0), (1, 0), (1, 1), (1, 2), (0, 1), (0, 2)];
    for (everybody, localhost) in levels {
        let options =
            [(keys::ALLOW_WITHOUT_AUTH, everybody), (keys::LOCALHOST_ALLOW_WITHOUT_AUTH, localhost)]
                .map(|(key, level)| (key, Value::Int(level)));
        let (server, client) = (role.listener(), role.listener().other());
        let known = w.peer(server).requests().count();
        // Without a certificate the reference library does not even start to connect at level 1.
        let starts = client == Who::Ours || everybody.max(localhost) == 2;
        let (_, conn) = attempt(&mut w, role, &options, if starts { &options } else { &[] })
            .map_err(|e| format!("levels {everybody} and {localhost}: {e}"))?;
        w.until(HANDSHAKE, &format!("a connection with levels {everybody} and {localhost}"), |w| {
            Ok(w.peer(server).requests().count() > known && w.peer(client).state(conn) == CONNECTED)
        })?;
        let accepted = w.peer(server).requests().nth(known).ok_or("the request is gone")?;
        for (who, conn) in [(client, conn), (server, accepted)] {
            let facts = w.peer(who).side.facts(conn).unwrap_or_default();
            ensure!(facts.flags & UNAUTHENTICATED != 0, "{who:?} says the peer is authenticated");
        }
    }
    // At level 1 it finds it odd that it has no certificate itself.
    gns::complaints();
    Ok(format!("connected with {} pairs of levels", levels.len()))
}

/// A certificate for another application is refused even where none is needed.
fn other_app(role: Role) -> Outcome {
    let traits = Traits { root: None, app_id: 480 };
    let us = Peer::new(Box::new(Ours::start(Some(OURS), traits)?));
    let mut w = World::of(us, start(Who::Gns, Some(THEIRS))?);
    let (_, conn) = attempt(&mut w, role, &[], &[])?;
    let facts = refusal(&mut w, role, conn)?;
    Ok(format!("the one that connects: {}", end(&facts)))
}

/// The reference library demands a certificate and we have none.
fn gns_demands() -> Outcome {
    let mut w = World::start()?;
    let denied = w.peer(Who::Gns).side.listen(&demand(0)).err();
    let denied = denied.ok_or("the reference library listens though it could not check anybody")?;
    let (_, conn) = attempt(&mut w, Role::GnsListens, &demand(0), &[])?;
    let facts = refusal(&mut w, Role::GnsListens, conn)?;
    ensure!(facts.end_reason == TIMEOUT, "ended with {}", end(&facts));
    ensure!(w.peer(Who::Gns).requests().count() == 0, "the request was shown to the application");
    Ok(format!("we: {}; at creation: {denied}", end(&facts)))
}

/// It demands one, and ours is of an authority that it does not know. It does not take such a one for itself either.
fn gns_knows_no_authority() -> Outcome {
    let ca = authority();
    let mut w = World::of(ours(Some(&ca), Some(&ca))?, start(Who::Gns, Some(THEIRS))?);
    let (_, conn) = attempt(&mut w, Role::GnsListens, &demand(0), &[])?;
    let facts = refusal(&mut w, Role::GnsListens, conn)?;
    ensure!(facts.end_reason == TIMEOUT, "ended with {}", end(&facts));
    // Where it does not insist, the same certificate is as good as none.
    let link = w.link(Role::GnsListens, &[], &demand(1))?;
    let facts = w.facts(Who::Gns, link)?;
    ensure!(facts.identity == OURS && facts.flags & UNAUTHENTICATED != 0, "they see {facts:?}");
    let request = w.peer(Who::Gns).side.certificate_request()?;
    let answer = signed(&request, THEIRS, &ca)?;
    let own = w.peer(Who::Gns).side.set_certificate(&answer);
    gns::complaints();
    let own = if own.is_ok() { "taken" } else { "refused" };
    Ok(format!("refused; without insisting unauthenticated; a certificate for itself is {own}"))
}

/// We demand a certificate and the reference library has none.
fn we_demand(role: Role) -> Outcome {
    let ca = authority();
    let mut w = World::of(ours(Some(&ca), Some(&ca))?, start(Who::Gns, Some(THEIRS))?);
    let (listener, client): (&[Opt], &[Opt]) = match role {
        Role::GnsListens => (&[], &demand(0)),
        Role::GnsConnects => (&demand(0), &[]),
    };
    let (_, conn) = attempt(&mut w, role, listener, client)?;
    w.until(REFUSED, "the attempt ends", |w| {
        let state = w.peer(role.listener().other()).state(conn);
        ensure!(state != CONNECTED, "connected all the same");
        Ok(state == CLOSED_BY_PEER || state == PROBLEM)
    })?;
    let facts = w.peer(role.listener().other()).side.facts(conn).unwrap_or_default();
    if role == Role::GnsConnects {
        ensure!(facts.end_reason == TIMEOUT, "they ended with {}", end(&facts));
        ensure!(w.peer(Who::Ours).requests().count() == 0, "the request was shown to the application");
        return Ok(format!("they: {}", end(&facts)));
    }
    ensure!(facts.end_reason == BAD_CERT, "we ended with {}", end(&facts));
    // They have accepted us, and are told.
    let server_conn = w.peer(Who::Gns).requests().next().ok_or("no request came in")?;
    w.until(HANDSHAKE, "they are told", |w| Ok(w.peer(Who::Gns).state(server_conn) == CLOSED_BY_PEER))?;
    let theirs = w.peer(Who::Gns).side.facts(server_conn).unwrap_or_default();
    ensure!(theirs.end_reason == BAD_CERT, "they were told {}", end(&theirs));
    Ok(format!("we: {}", end(&facts)))
}

/// Both demand a certificate and both have one.
fn both_prove(role: Role) -> Outcome {
    let ca = authority();
    let mut w = World::of(ours(Some(&ca), Some(&ca))?, trusting_gns(Some(&ca))?);
    let known = w.peer(role.listener()).requests().count();
    let (_, conn) = attempt(&mut w, role, &demand(0), &demand(0))?;
    let (server, client) = (role.listener(), role.listener().other());
    w.until(HANDSHAKE, "a connection of two who proved themselves", |w| {
        Ok(w.peer(server).requests().count() > known && w.peer(client).state(conn) == CONNECTED)
    })?;
    let other = w.peer(server).requests().nth(known).ok_or("the request is gone")?;
    let link = match server {
        Who::Ours => Link { ours: other, gns: conn },
        Who::Gns => Link { ours: conn, gns: other },
    };
    w.connected(link)?;
    for (who, peer) in [(Who::Ours, THEIRS), (Who::Gns, OURS)] {
        let facts = w.facts(who, link)?;
        ensure!(facts.identity == peer, "{who:?} sees {}", facts.identity);
        ensure!(facts.flags & UNAUTHENTICATED == 0, "{who:?} calls the peer unauthenticated");
        w.send(who, link, b"proven", true, 0)?;
        w.until(HANDSHAKE, "a message", |w| Ok(!w.receive(who.other(), link).is_empty()))?;
    }
    Ok("both authenticated, each to the other".to_owned())
}

/// The reference library, able to check, demands a certificate and we have none.
fn trusting_gns_refuses() -> Outcome {
    let ca = authority();
    let mut texts = Vec::new();
    let mut w = World::of(ours(None, None)?, trusting_gns(Some(&ca))?);
    let (_, conn) = attempt(&mut w, Role::GnsListens, &demand(0), &[])?;
    let facts = refusal(&mut w, Role::GnsListens, conn)?;
    ensure!(facts.end_reason == TIMEOUT, "ended with {}", end(&facts));
    texts.push(format!("we: {}", end(&facts)));
    let (_, conn) = attempt(&mut w, Role::GnsConnects, &[], &demand(0))?;
    let facts = refusal(&mut w, Role::GnsConnects, conn);
    let facts = facts.or_else(|_| w.peer(Who::Gns).side.facts(conn).ok_or("the connection is gone"))?;
    ensure!(facts.end_reason == BAD_CERT, "they ended with {}", end(&facts));
    texts.push(format!("they: {}", end(&facts)));
    gns::complaints();
    Ok(texts.join("; "))
}

/// Each side demands a certificate and gets one of an authority that it does not trust.
fn other_authority() -> Outcome {
    let (ca, other) = (authority(), SigningKey::from_seed([0x77; 32]));
    let mut w = World::of(ours(Some(&other), Some(&other))?, trusting_gns(Some(&ca))?);
    let mut texts = Vec::new();
    // The one that listens stays silent, the one that connects says why.
    let (_, conn) = attempt(&mut w, Role::GnsListens, &demand(0), &[])?;
    let facts = refusal(&mut w, Role::GnsListens, conn)?;
    ensure!(facts.end_reason == TIMEOUT, "we ended with {}", end(&facts));
    ensure!(gns::log_count("is not known to us") > 0, "their log does not say why");
    let (_, conn) = attempt(&mut w, Role::GnsConnects, &demand(0), &[])?;
    let facts = refusal(&mut w, Role::GnsConnects, conn)?;
    ensure!(facts.end_reason == TIMEOUT, "they ended with {}", end(&facts));
    for (role, who) in [(Role::GnsListens, Who::Ours), (Role::GnsConnects, Who::Gns)] {
        let (_, conn) = attempt(&mut w, role, &[], &demand(0))?;
        w.until(REFUSED, &format!("{who:?} refuses"), |w| {
            let state = w.peer(who).state(conn);
            ensure!(state != CONNECTED, "{who:?} is connected");
            Ok(state == PROBLEM)
        })?;
        let facts = w.peer(who).side.facts(conn).unwrap_or_default();
        ensure!(facts.end_reason == BAD_CERT, "{who:?} ended with {}", end(&facts));
        texts.push(format!("{who:?}: {}", end(&facts)));
    }
    gns::complaints();
    Ok(texts.join("; "))
}
