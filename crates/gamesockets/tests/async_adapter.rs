//! The futures, driven by tokio.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{PATIENCE, pattern};
use gamesockets::asynchronous::{AsyncConnection, AsyncListener};
use gamesockets::config::{ConfigKey, ConfigValue, Scope};
use gamesockets::{Context, EndReason, Identity, SendFlags, SocketPairKind};
use std::future::Future;
use tokio::time::timeout;

async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

fn listen() -> (Context, AsyncListener) {
    let context = common::context();
    let listener = AsyncListener::new(context.listen("127.0.0.1:0".parse().unwrap()).unwrap());
    (context, listener)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_serves_many_clients() {
    let (server, listener) = listen();
    let address = listener.local_addr();
    let serving = tokio::spawn(async move {
        for _ in 0..20 {
            let connection = listener.accept().await.unwrap();
            tokio::spawn(async move {
                while let Ok(message) = connection.recv().await {
                    connection.send(message.payload(), SendFlags::RELIABLE | SendFlags::NO_NAGLE).unwrap();
                }
                connection.close(0, "", false).unwrap();
            });
        }
    });
    let client = common::context();
    let tasks: Vec<_> = (0..20u32)
        .map(|i| {
            let connection = AsyncConnection::new(client.connect(address).unwrap());
            tokio::spawn(async move {
                connection.connected().await.unwrap();
                for n in 0..10 {
                    let text = format!("{i} {n}");
                    connection.send(text.as_bytes(), SendFlags::RELIABLE | SendFlags::NO_NAGLE).unwrap();
                    assert_eq!(connection.recv().await.unwrap().payload(), &text);
                }
                connection.close(1000, "done", true).unwrap();
            })
        })
        .collect();
    for task in tasks {
        soon("a client", task).await.unwrap();
    }
    soon("the server", serving).await.unwrap();
    assert!(server.poll_events().is_empty() && client.poll_events().is_empty());
}

#[tokio::test]
async fn the_end_comes_after_the_last_message() {
    let (_server, listener) = listen();
    let client = common::context();
    let to = AsyncConnection::new(client.connect(listener.local_addr()).unwrap());
    let from = soon("the request", listener.accept()).await.unwrap();
    soon("the connection", to.connected()).await.unwrap();
    to.send(b"last", SendFlags::RELIABLE).unwrap();
    to.close(2001, "enough", true).unwrap();
    assert_eq!(soon("the message", from.recv()).await.unwrap().payload(), "last");
    let ended = soon("the end", from.recv()).await.unwrap_err();
    assert_eq!((ended.reason, ended.text.as_str(), ended.by_peer), (EndReason(2001), "enough", true));
    assert_eq!(from.closed().await, ended);
    from.close(0, "", false).unwrap();
    assert!(soon("nothing", from.recv()).await.is_err());
    listener.close().unwrap();
    assert!(soon("nothing", listener.accept()).await.is_err());
}

#[tokio::test]
async fn closing_wakes_who_waits() {
    let context = common::context();
    let nobody = || Identity::localhost();
    let (a, b) = context.socket_pair(SocketPairKind::Network, [nobody(), nobody()]).unwrap();
    let (a, b) = (AsyncConnection::new(a), AsyncConnection::new(b));
    let waiting = {
        let b = b.clone();
        tokio::spawn(async move { b.recv().await })
    };
    tokio::task::yield_now().await;
    b.close(0, "", false).unwrap();
    assert!(soon("the waiting task", waiting).await.unwrap().is_err());
    assert!(soon("the other end", a.recv()).await.unwrap_err().by_peer);

    let (_server, listener) = listen();
    let waiting = {
        let listener = listener.clone();
        tokio::spawn(async move { listener.accept().await })
    };
    tokio::task::yield_now().await;
    listener.close().unwrap();
    assert!(soon("the waiting task", waiting).await.unwrap().is_err());
}

#[tokio::test]
async fn the_end_of_the_context_wakes_who_waits() {
    let (context, listener) = listen();
    let waiting = tokio::spawn(async move { listener.accept().await });
    let connection = AsyncConnection::new(context.connect("127.0.0.1:9".parse().unwrap()).unwrap());
    let also = tokio::spawn(async move { connection.connected().await });
    tokio::task::yield_now().await;
    tokio::task::spawn_blocking(move || drop(context)).await.unwrap();
    assert!(soon("accept", waiting).await.unwrap().is_err());
    assert!(soon("connected", also).await.unwrap().is_err());
}

#[tokio::test]
async fn sending_waits_for_room() {
    let context = common::context();
    for key in [ConfigKey::SendRateMin, ConfigKey::SendRateMax] {
        context.set_config(Scope::Global, key, Some(ConfigValue::Int32(100 << 20))).unwrap();
    }
    context.set_config(Scope::Global, ConfigKey::SendBufferSize, Some(ConfigValue::Int32(100_000))).unwrap();
    let nobody = || Identity::localhost();
    let (a, b) = context.socket_pair(SocketPairKind::Network, [nobody(), nobody()]).unwrap();
    let (a, b) = (AsyncConnection::new(a), AsyncConnection::new(b));
    let data = bytes::Bytes::from(pattern(60_000, 5));
    let sending = {
        let data = data.clone();
        tokio::spawn(async move {
            for _ in 0..50 {
                a.send_when_possible(data.clone(), SendFlags::RELIABLE, 0).await.unwrap();
            }
            let too_large = a.send_when_possible(pattern(100_001, 1).into(), SendFlags::RELIABLE, 0).await;
            assert!(too_large.is_err());
        })
    };
    for _ in 0..50 {
        assert_eq!(soon("a message", b.recv()).await.unwrap().payload(), &data);
    }
    soon("the sender", sending).await.unwrap();
}
