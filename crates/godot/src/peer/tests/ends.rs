//! How sessions end, and what is left of them.

use super::*;
use crate::ending;
use gamesockets::Context;
use gamesockets::cert::TrustStore;
use gamesockets::config::Scope;
use gamesockets_crypto::cert::{Template, issue, parse_request};
use gamesockets_crypto::sign::SigningKey;
use prost::Message as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A context whose packets are all lost while it has to.
struct Deaf(Context);

impl Deaf {
    fn new() -> Self {
        Self(Context::new().unwrap())
    }

    fn lose(&self, percent: f32) {
        let value = Some(ConfigValue::Float(percent));
        self.0.set_config(Scope::Global, ConfigKey::FakePacketLossRecv, value).unwrap();
    }
}

/// A server and a client that hears nothing from now on, with something for it on the way.
fn cut_off() -> (Deaf, Session, Session, SocketAddr) {
    let deaf = Deaf::new();
    let (mut server, at) = server(4);
    let mut client = Session::client(Home::owned(deaf.0.clone()), at, 77, FAST).unwrap();
    until(&mut [&mut server, &mut client], |s| {
        s[0].connection(77).is_some() && s[1].connection(SERVER).is_some()
    });
    signals(&mut client);
    deaf.lose(100.0);
    server.put(77, Mode::Reliable, 0, b"farewell").unwrap();
    (deaf, server, client, at)
}

#[test]
fn an_end_does_not_wait_but_delivers() {
    let (deaf, server, mut client, at) = cut_off();
    drop(server);
    assert_eq!(ending::count(at.port()), 1, "it goes on in the background");
    assert_eq!(client.waiting(), 0);
    deaf.lose(0.0);
    until(&mut [&mut client], |s| s[0].waiting() == 1);
    assert_eq!(client.pop().unwrap().data, "farewell");
    until(&mut [&mut client], |s| s[0].status() == Status::Disconnected);
    assert_eq!(signals(&mut client), [ended(SERVER, reason::LEFT), Signal::Disconnected(SERVER)]);
    until(&mut [], |_| ending::count(at.port()) == 0);
}

#[test]
fn a_port_is_free_again_at_once() {
    let (_deaf, server, client, at) = cut_off();
    drop(server);
    assert_eq!(ending::count(at.port()), 1);
    let mut again = Session::server(home(), at, 4, FAST).unwrap();
    until(&mut [], |_| ending::count(at.port()) == 0);
    assert_eq!(client.waiting(), 0, "it was cut off");
    let mut other = Session::client(home(), at, 5, FAST).unwrap();
    until(&mut [&mut again, &mut other], |s| s[0].connection(5).is_some());
    drop(client);
    let taken = Session::server(home(), at, 4, FAST).unwrap_err();
    assert!(taken.contains("cannot bind"), "{taken}");
}

#[test]
fn a_shared_context_stays_as_it_was() {
    let context = Context::new().unwrap();
    let rate = |key| context.config(Scope::Global, key).unwrap().value.as_i32().unwrap();
    context.set_config(Scope::Global, ConfigKey::SendRateMax, Some(ConfigValue::Int32(1_000_000))).unwrap();
    let mut server = Session::server(Home::shared(context.clone()), loopback(), 4, &[]).unwrap();
    let at = server.local().unwrap();
    let mut client = Session::client(Home::shared(context.clone()), at, 5, &[]).unwrap();
    until(&mut [&mut server, &mut client], |s| {
        s[1].connection(SERVER).is_some() && s[0].connection(5).is_some()
    });
    let link = client.connection(SERVER).unwrap().clone();
    let of_link = |key| link.config(key).unwrap().value.as_i32();
    assert_eq!(
        of_link(ConfigKey::SendRateMax),
        Some(rate(ConfigKey::SendRateMax)),
        "what the game set counts"
    );
    assert_eq!(of_link(ConfigKey::SendBufferSize), Some(16 << 20), "what it did not set is ours");
    assert!(context.connection(link.handle()).is_some(), "its handle is one of the context");
    server.put(5, Mode::Reliable, 0, b"x").unwrap();
    until(&mut [&mut server, &mut client], |s| s[1].waiting() == 1);
    let groups = [server.group(), client.group()];
    drop((server, client));
    assert!(groups.iter().all(|group| context.poll_group(*group).is_none()), "no queue is left");
    assert!(context.poll_events().is_empty(), "the game hears of none of it");
    until(&mut [], |_| context.connections().is_empty() && ending::count(at.port()) == 0);
    context.listen(at).unwrap();
    assert_eq!(context.create_poll_group().unwrap().receive(1).unwrap().len(), 0, "it lives");
}

#[test]
fn a_shared_context_delivers_too() {
    let context = Context::new().unwrap();
    let mut server = Session::server(Home::shared(context.clone()), loopback(), 4, FAST).unwrap();
    let at = server.local().unwrap();
    let deaf = Deaf::new();
    let mut client = Session::client(Home::owned(deaf.0.clone()), at, 5, FAST).unwrap();
    until(&mut [&mut server, &mut client], |s| {
        s[1].connection(SERVER).is_some() && s[0].connection(5).is_some()
    });
    deaf.lose(100.0);
    server.put(5, Mode::Reliable, 0, b"farewell").unwrap();
    drop(server);
    let mut late = Session::client(home(), at, 6, FAST).unwrap();
    until(&mut [&mut late], |s| s[0].status() == Status::Disconnected);
    assert_eq!(signals(&mut late), [ended(SERVER, reason::LEFT)], "nobody gets in any more");
    assert_eq!(ending::count(at.port()), 1);
    deaf.lose(0.0);
    until(&mut [&mut client], |s| s[0].waiting() == 1);
    until(&mut [], |_| ending::count(at.port()) == 0);
    assert!(context.listen(at).is_ok(), "the listen socket went");
}

#[test]
fn a_context_that_is_reset_ends_its_sessions() {
    let context = Context::new().unwrap();
    let mut server = Session::server(Home::shared(context.clone()), loopback(), 4, FAST).unwrap();
    let mut mesh = Session::mesh(Home::shared(context.clone()), 8, None, 4, FAST).unwrap();
    let mut client = Session::client(home(), server.local().unwrap(), 5, FAST).unwrap();
    until(&mut [&mut server, &mut client], |s| {
        s[1].connection(SERVER).is_some() && s[0].connection(5).is_some()
    });
    assert_eq!(
        (signals(&mut server), signals(&mut client)),
        (vec![Signal::Connected(5)], vec![Signal::Connected(SERVER)])
    );
    mesh.poll();
    assert_eq!(mesh.status(), Status::Connected);
    context.reset_identity(None);
    until(&mut [&mut server, &mut mesh, &mut client], |s| {
        s.iter().all(|s| s.status() == Status::Disconnected)
    });
    assert!(matches!(signals(&mut server)[..], [Signal::Ended { id: 5, .. }, Signal::Disconnected(5)]));
    assert_eq!(signals(&mut mesh), []);
    assert!(matches!(
        signals(&mut client)[..],
        [Signal::Ended { id: SERVER, reason: 2999, .. }, Signal::Disconnected(SERVER)]
    ));
}

/// A context that trusts an authority and, if it has a name, has a certificate of it.
fn certified(who: Option<&str>) -> Context {
    let authority = SigningKey::from_seed([1; 32]);
    let mut trust = TrustStore::new();
    trust.add_root(authority.public()).unwrap();
    let context = Context::builder().trust(trust).build().unwrap();
    if let Some(who) = who {
        let request = parse_request(&context.certificate_request()).unwrap();
        let now = u32::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_secs()).unwrap();
        let identity = Some(gamesockets::Identity::string(who).unwrap());
        let template =
            Template { identity, app_ids: vec![0], created: now, expires: now + 3600, ..Template::default() };
        let certificate = issue(&authority, &request.public_key, &template).unwrap();
        context.set_certificate(&certificate.encode_to_vec()).unwrap();
    }
    context
}

#[test]
fn certificates_of_the_context_count() {
    let strict = [
        FAST,
        &[
            (ConfigKey::IpAllowWithoutAuth, ConfigValue::Int32(0)),
            (ConfigKey::IpLocalhostAllowWithoutAuth, ConfigValue::Int32(0)),
            (ConfigKey::TimeoutInitial, ConfigValue::Int32(1000)),
        ],
    ]
    .concat();
    let host = certified(Some("host"));
    let mut server = Session::server(Home::shared(host.clone()), loopback(), 4, &strict).unwrap();
    let at = server.local().unwrap();
    let mut ann = Session::client(Home::shared(certified(Some("ann"))), at, 5, &strict).unwrap();
    until(&mut [&mut server, &mut ann], |s| {
        s[1].connection(SERVER).is_some() && s[0].connection(5).is_some()
    });
    let link = server.connection(5).unwrap();
    assert_eq!(link.identity().to_string(), "str:ann");
    assert_eq!(link.info().unwrap().flags & gamesockets::FLAG_UNAUTHENTICATED, 0, "proven");
    let options = [(ConfigKey::TimeoutInitial, ConfigValue::Int32(1000))];
    let mut nobody = Session::client(home(), at, 6, &options).unwrap();
    until(&mut [&mut server, &mut ann, &mut nobody], |s| s[2].status() == Status::Disconnected);
    assert_eq!(signals(&mut server), [Signal::Connected(5)]);
    let refused = Session::client(Home::shared(certified(None)), at, 7, &strict).unwrap_err();
    assert!(!refused.is_empty(), "there is nothing to prove it with");
}

/// A lookup that takes some polls.
fn lookup(mut polls: usize, found: Result<Vec<IpAddr>, String>) -> crate::peer::target::Lookup {
    Box::new(move || {
        if polls > 0 {
            polls -= 1;
            return None;
        }
        Some(found.clone())
    })
}

const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn by_name(found: Result<Vec<IpAddr>, String>, port: u16, options: &[(ConfigKey, ConfigValue)]) -> Session {
    Session::client_of_name(home(), lookup(3, found), port, 9, options).unwrap()
}

#[test]
fn a_name_leads_to_its_address() {
    let (mut server, at) = server(4);
    let mut client = by_name(Ok(vec![V4]), at.port(), FAST);
    client.poll();
    assert_eq!(client.status(), Status::Connecting, "while it is looked up");
    until(&mut [&mut server, &mut client], |s| s[1].status() == Status::Connected);
    assert_eq!(signals(&mut client), [Signal::Connected(SERVER)]);
}

#[test]
fn the_addresses_of_a_name_are_tried_in_turn() {
    let (mut server, at) = server(4);
    // Nobody listens at the first: the server is bound to the second alone.
    let quick = [FAST, &[(ConfigKey::TimeoutInitial, ConfigValue::Int32(300))]].concat();
    let addresses = vec![IpAddr::V6(Ipv6Addr::LOCALHOST), V4];
    let mut client = by_name(Ok(addresses), at.port(), &quick);
    until(&mut [&mut server, &mut client], |s| s[1].status() != Status::Connecting);
    assert_eq!(signals(&mut client), [Signal::Connected(SERVER)]);
}

#[test]
fn a_refusal_is_the_answer_of_the_host() {
    let (mut server, at) = server(4);
    server.refuses = true;
    let mut client = by_name(Ok(vec![V4, V4, IpAddr::V6(Ipv6Addr::LOCALHOST)]), at.port(), FAST);
    until(&mut [&mut server, &mut client], |s| s[1].status() == Status::Disconnected);
    client.poll();
    assert_eq!(signals(&mut client), [ended(SERVER, reason::REFUSED)]);
}

#[test]
fn a_name_that_leads_nowhere_is_an_end() {
    let nobody = [(ConfigKey::TimeoutInitial, ConfigValue::Int32(200))];
    let why = || "no such host".to_owned();
    for (found, wanted) in
        [(Err(why()), reason::NO_HOST), (Ok(vec![]), reason::NO_HOST), (Ok(vec![V4]), 5003)]
    {
        let mut client = by_name(found, 9, &nobody);
        until(&mut [&mut client], |s| s[0].status() == Status::Disconnected);
        client.poll();
        let told = signals(&mut client);
        assert!(
            matches!(&told[..], [Signal::Ended { id: SERVER, reason, .. }] if *reason == wanted),
            "{told:?}"
        );
        assert_eq!(client.last_end().0, wanted);
    }
}
