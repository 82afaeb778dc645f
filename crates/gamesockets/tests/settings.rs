//! Settings at all scopes, identities and certificates.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{connect_to, pair, receive, wait_until};
use gamesockets::cert::TrustStore;
use gamesockets::config::{ConfigKey, ConfigValue, GetError, Scope, SetError};
use gamesockets::{
    Availability, ConnectError, Connection, ConnectionState, Context, Event, FLAG_UNAUTHENTICATED, Identity,
    ListenError, SendFlags, SocketPairKind,
};
use gamesockets_crypto::cert::{Template, issue, parse_request};
use gamesockets_crypto::sign::SigningKey;
use prost::Message as _;

const INT: fn(i32) -> Option<ConfigValue> = |v| Some(ConfigValue::Int32(v));

fn nagle(c: &Connection) -> (i32, bool) {
    let v = c.config(ConfigKey::NagleTime).unwrap();
    (v.value.as_i32().unwrap(), v.inherited)
}

#[test]
fn narrower_scopes_win_and_the_rest_is_inherited() {
    let p = pair();
    assert_eq!(nagle(&p.from), (5000, true));
    p.server.set_config(Scope::Global, ConfigKey::NagleTime, INT(1000)).unwrap();
    assert_eq!(nagle(&p.from), (1000, true));
    p.server.set_config(Scope::SocketsInterface, ConfigKey::NagleTime, INT(2000)).unwrap();
    assert_eq!(nagle(&p.from), (2000, true));
    p.listener.set_config(ConfigKey::NagleTime, INT(3000)).unwrap();
    assert_eq!(nagle(&p.from), (3000, true));
    p.from.set_config(ConfigKey::NagleTime, INT(99_999)).unwrap();
    assert_eq!(nagle(&p.from), (20_000, false), "brought into range");
    p.from.set_config(ConfigKey::NagleTime, None).unwrap();
    assert_eq!(nagle(&p.from), (3000, true));
    let (_, second) = connect_to(&p.client, &p.server, &p.listener);
    assert_eq!(nagle(&second), (3000, true));
    assert_eq!(nagle(&p.to), (5000, true), "another context");
    p.from.close(0, "", false).unwrap();
    assert!(matches!(p.from.config(ConfigKey::NagleTime), Err(GetError::BadScopeObject { .. })));
    assert!(matches!(p.from.set_config(ConfigKey::NagleTime, INT(1)), Err(SetError::NoSuchObject(_))));
    assert!(matches!(
        p.to.set_config(ConfigKey::FakePacketLagSend, INT(1)),
        Err(SetError::WrongScope { .. })
    ));
    assert!(matches!(p.to.set_config(ConfigKey::Unencrypted, INT(1)), Err(SetError::Locked { .. })));
    assert!(Context::config_keys(false).count() > 50);
}

#[test]
fn options_count_from_the_beginning_or_nothing_is_made() {
    let context = common::context();
    let options = [
        (ConfigKey::SendBufferSize, ConfigValue::Int32(5000)),
        (ConfigKey::ConnectionUserData, ConfigValue::Int64(7)),
    ];
    let listener = context.listen_with("127.0.0.1:0".parse().unwrap(), &options).unwrap();
    let c = context.connect_with(listener.local_addr(), &options).unwrap();
    assert_eq!((c.user_data().unwrap(), c.info().unwrap().user_data), (7, 7));
    assert!(c.send(&[0; 6000], SendFlags::RELIABLE).is_err());
    let mut from = Vec::new();
    wait_until("a request", || {
        from.extend(common::accept_all(&context));
        !from.is_empty()
    });
    assert_eq!(from[0].user_data().unwrap(), 7);
    assert!(from[0].send(&[0; 6000], SendFlags::RELIABLE).is_err());
    let bad = [
        (ConfigKey::NagleTime, ConfigValue::Int32(1)),
        (ConfigKey::FakePacketLagSend, ConfigValue::Int32(1)),
    ];
    let sockets = context.socket_count();
    assert!(matches!(
        context.connect_with(listener.local_addr(), &bad),
        Err(ConnectError::Option(e)) if e.index == 1
    ));
    assert!(matches!(context.listen_with("127.0.0.1:0".parse().unwrap(), &bad), Err(ListenError::Option(_))));
    let symmetric = [(ConfigKey::SymmetricConnect, ConfigValue::Int32(1))];
    let refused = context.listen_with("127.0.0.1:0".parse().unwrap(), &symmetric);
    assert!(matches!(refused, Err(ListenError::Refused(_))));
    assert_eq!(context.socket_count(), sockets);
}

#[test]
fn user_data_belongs_to_the_connection() {
    let p = pair();
    assert_eq!(p.from.user_data().unwrap(), -1);
    let before = p.server.counters().datagrams_in;
    p.to.send(b"waits", SendFlags::RELIABLE | SendFlags::NO_NAGLE).unwrap();
    wait_until("the message", || p.server.counters().datagrams_in > before);
    p.from.set_user_data(5).unwrap();
    assert_eq!(receive(&p.from, 1)[0].user_data(), 5, "messages that wait get it too");
    let v = p.from.config(ConfigKey::ConnectionUserData).unwrap();
    assert_eq!(v.value, ConfigValue::Int64(5));
    p.from.set_config(ConfigKey::ConnectionUserData, Some(ConfigValue::Int64(6))).unwrap();
    assert_eq!(p.from.info().unwrap().user_data, 6);
    p.from.close(0, "", false).unwrap();
    let told = p.server.poll_events().into_iter().find_map(|e| match e {
        Event::ConnectionStatusChanged { new: ConnectionState::None, info, .. } => Some(info.user_data),
        _ => None,
    });
    assert_eq!(told, Some(6));
}

#[test]
fn pipes_have_limits_of_their_own_and_can_be_set() {
    let context = common::context();
    let nobody = || Identity::localhost();
    let (a, _b) = context.socket_pair(SocketPairKind::Memory, [nobody(), nobody()]).unwrap();
    assert_eq!(a.config(ConfigKey::RecvMaxMessageSize).unwrap().value, ConfigValue::Int32(0x1000_0000));
    context.set_config(Scope::Global, ConfigKey::NagleTime, INT(7)).unwrap();
    assert_eq!(a.config(ConfigKey::NagleTime).unwrap().value, ConfigValue::Int32(0));
}

#[test]
fn names_reach_the_peer() {
    let make = |name| common::builder().identity(Identity::string(name).unwrap()).build().unwrap();
    let (client, server) = (make("alice"), make("bob"));
    let listener = server.listen("127.0.0.1:0".parse().unwrap()).unwrap();
    let (to, from) = connect_to(&client, &server, &listener);
    assert_eq!(
        (to.identity().to_string(), from.identity().to_string()),
        ("str:bob".into(), "str:alice".into())
    );

    client.reset_identity(Some(Identity::string("carol").unwrap()));
    assert_eq!(client.identity().to_string(), "str:carol");
    assert_eq!(to.state(), ConnectionState::None);
    wait_until("the goodbye", || from.state() == ConnectionState::ClosedByPeer);
    assert_eq!(from.info().unwrap().end_reason.0, 2999);
    let (_, from) = connect_to(&client, &server, &listener);
    assert_eq!(from.identity().to_string(), "str:carol");

    let (incoming, group) = (from, server.create_poll_group().unwrap());
    server.reset_identity(None);
    assert!(server.identity().is_localhost() && !listener.is_open() && group.receive(1).is_err());
    assert_eq!((incoming.state(), server.socket_count()), (ConnectionState::None, 0));
}

/// An authority's answer to the certificate request of `context`.
fn certificate_for(context: &Context, ca: &SigningKey, who: &str) -> Vec<u8> {
    let request = parse_request(&context.certificate_request()).unwrap();
    let now = u32::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_secs()).unwrap();
    let template = Template {
        identity: Some(Identity::string(who).unwrap()),
        app_ids: vec![440],
        created: now,
        expires: now + 3600,
        ..Template::default()
    };
    issue(ca, &request.public_key, &template).unwrap().encode_to_vec()
}

#[test]
fn certificates_prove_who_somebody_is() {
    let ca = SigningKey::from_seed([1; 32]);
    let mut trust = TrustStore::new();
    trust.add_root(ca.public()).unwrap();
    let make = || common::builder().app_id(440).trust(trust.clone()).build().unwrap();
    let (client, server) = (make(), make());
    assert_eq!(client.init_authentication(), Availability::CannotTry);
    assert_eq!(client.certificate_request(), client.certificate_request(), "the key stays");
    assert!(client.set_certificate(b"rubbish").is_err());
    for (context, who) in [(&client, "alice"), (&server, "bob")] {
        context.set_certificate(&certificate_for(context, &ca, who)).unwrap();
        assert_eq!(context.identity().to_string(), format!("str:{who}"), "adopted");
        assert_eq!(context.authentication_status().availability, Availability::Current);
        assert!(matches!(
            &context.poll_events()[..],
            [Event::AuthenticationStatus(s)] if s.availability == Availability::Current
        ));
    }
    // Proof is asked of peers on this machine too.
    let strict = [
        (ConfigKey::IpAllowWithoutAuth, ConfigValue::Int32(0)),
        (ConfigKey::IpLocalhostAllowWithoutAuth, ConfigValue::Int32(0)),
    ];
    let listener = server.listen_with("127.0.0.1:0".parse().unwrap(), &strict).unwrap();
    let to = client.connect_with(listener.local_addr(), &strict).unwrap();
    let mut from = Vec::new();
    wait_until("the connection", || {
        from.extend(common::accept_all(&server));
        to.state() == ConnectionState::Connected
    });
    assert_eq!(
        (to.identity().to_string(), from[0].identity().to_string()),
        ("str:bob".into(), "str:alice".into())
    );
    assert_eq!(to.info().unwrap().flags & FLAG_UNAUTHENTICATED, 0);
    assert_eq!(from[0].info().unwrap().flags & FLAG_UNAUTHENTICATED, 0);

    client.reset_identity(None);
    assert_eq!(client.authentication_status().availability, Availability::CannotTry);
    assert!(matches!(client.connect_with(listener.local_addr(), &strict), Err(ConnectError::Refused(_))));
}
