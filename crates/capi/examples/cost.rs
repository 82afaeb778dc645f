//! Sends and receives 64-byte messages on one thread, through the Rust API or through the C interface, for a tool that
//! counts: `cost rust 1000000`, `cost c 1000000`. Both run the same engine; what differs is the interface.

use GameNetworkingSockets::abi::structs::Message;
use GameNetworkingSockets::exports::{library, sockets, structs, utils};
use gamesockets::config::{ConfigKey, ConfigValue, Scope};
use gamesockets::{Context, Identity, SendFlags, SocketPairKind};
use std::ptr::{null, null_mut};
use std::time::Duration;

/// Messages between two looks at the network: a busy server's frame.
const BURST: usize = 64;
const PAYLOAD: [u8; 64] = [7; 64];
/// No limit of the rate, and room for bursts.
const SETTINGS: [(i32, i32); 4] = [(10, 0x1000_0000), (11, 0x1000_0000), (9, 1 << 24), (47, 1 << 24)];

fn rust(count: usize) -> Result<usize, Box<dyn std::error::Error>> {
    let context = Context::builder().manual_poll(true).build()?;
    for (key, value) in SETTINGS {
        context.set_config(Scope::Global, ConfigKey::try_from(key)?, Some(ConfigValue::Int32(value)))?;
    }
    let identities = [Identity::localhost(), Identity::localhost()];
    let (a, b) = context.socket_pair(SocketPairKind::Network, identities)?;
    let (mut sent, mut received) = (0, 0);
    let mut messages = Vec::new();
    while received < count {
        for _ in 0..BURST.min(count - sent) {
            a.send(&PAYLOAD, SendFlags::RELIABLE)?;
            sent += 1;
        }
        context.poll(Duration::ZERO)?;
        b.receive_into(&mut messages, 256)?;
        received += messages.len();
        for message in messages.drain(..) {
            assert_eq!(message.payload().len(), PAYLOAD.len());
        }
    }
    Ok(received)
}

macro_rules! c {
    ($call:expr) => {{
        // SAFETY: pointers lead to what the function asks for.
        unsafe { $call }
    }};
}

fn c(count: usize) -> usize {
    c!(library::SteamNetworkingSockets_SetManualPollMode(1));
    assert!(c!(library::GameNetworkingSockets_Init(null(), null_mut())));
    for (key, value) in SETTINGS {
        assert!(c!(utils::SteamAPI_ISteamNetworkingUtils_SetGlobalConfigValueInt32(null_mut(), key, value)));
    }
    let (mut a, mut b) = (0, 0);
    assert!(c!(sockets::SteamAPI_ISteamNetworkingSockets_CreateSocketPair(
        null_mut(),
        &raw mut a,
        &raw mut b,
        1,
        null(),
        null()
    )));
    let (mut sent, mut received) = (0, 0);
    let mut messages: [*mut Message; 256] = [null_mut(); 256];
    while received < count {
        for _ in 0..BURST.min(count - sent) {
            let (data, size) = (PAYLOAD.as_ptr().cast(), PAYLOAD.len() as u32);
            let result = c!(sockets::SteamAPI_ISteamNetworkingSockets_SendMessageToConnection(
                null_mut(),
                a,
                data,
                size,
                8,
                null_mut()
            ));
            assert_eq!(result, 1);
            sent += 1;
        }
        c!(library::SteamNetworkingSockets_Poll(0));
        let fetched = c!(sockets::SteamAPI_ISteamNetworkingSockets_ReceiveMessagesOnConnection(
            null_mut(),
            b,
            messages.as_mut_ptr(),
            256
        )) as usize;
        received += fetched;
        for message in messages.iter().take(fetched) {
            c!(structs::SteamAPI_SteamNetworkingMessage_t_Release(*message));
        }
    }
    c!(library::GameNetworkingSockets_Kill());
    received
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let way = words.next().unwrap_or_default();
    let count = words.next().map_or(Ok(100_000), |count| count.parse())?;
    let received = match way.as_str() {
        "rust" => rust(count)?,
        "c" => c(count),
        _ => return Err("say `rust` or `c`, and how many messages".into()),
    };
    println!("{received} messages");
    Ok(())
}
