//! What loss costs, and what it must not cost.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]

mod common;

use common::{Client, Pair, RELIABLE, SECOND};
use gamesockets_proto::config::ConnConfig;
use gamesockets_sim::LinkConfig;

const MESSAGE_BYTES: usize = 64 * 1024;

/// Reliable bytes that arrive per second at a fixed rate, and bytes sent for each of them.
fn goodput(recv_buffer_size: i32, link: &LinkConfig, rate: i32) -> (f64, f64) {
    let config = ConnConfig {
        send_rate_min: rate,
        send_rate_max: rate,
        send_buffer_size: 4 << 20,
        recv_buffer_size,
        recv_buffer_messages: 100_000,
        ..ConnConfig::default()
    };
    let mut p = Pair::connected(21, link.clone(), &config);
    let (mut delivered, mut sent) = (Vec::new(), Vec::new());
    for turn in 1..=300 {
        let (host, conn) = p.at(Client);
        while p.world.ctx(host).send(conn, MESSAGE_BYTES, RELIABLE, 0).unwrap().is_ok() {}
        p.run(SECOND / 100);
        if turn == 100 || turn == 300 {
            delivered.push(p.totals(Client).1);
            sent.push(p.world.link(p.client, p.server).counters().bytes);
        }
    }
    let arrived = ((delivered[1] - delivered[0]) * MESSAGE_BYTES as u64) as f64;
    (arrived / 2.0, (sent[1] - sent[0]) as f64 / arrived)
}

#[test]
fn a_higher_rate_never_carries_less() {
    for (loss, share) in [(0.01, 0.85), (0.05, 0.8), (0.2, 0.6)] {
        let mut before = 0.0;
        for rate in [2 << 20, 8 << 20, 24 << 20] {
            let (now, _) = goodput(32 << 20, &LinkConfig::delay_ms(50).with_loss(loss), rate);
            assert!(now > before, "{now} bytes/s at {rate}, {before} at the rate before; loss {loss}");
            assert!(now >= share * f64::from(rate), "{now} bytes/s at {rate}, loss {loss}");
            before = now;
        }
    }
}

#[test]
fn a_small_receive_buffer_bounds_and_does_not_break() {
    let mut before = 0.0;
    for rate in [2 << 20, 8 << 20, 32 << 20] {
        let (now, cost) = goodput(1 << 20, &LinkConfig::delay_ms(200).with_loss(0.01), rate);
        assert!(now >= 0.9 * before, "{now} bytes/s at {rate}, {before} at the rate before");
        assert!(cost < 1.4, "{cost} bytes sent for each that arrived, at {rate}");
        before = now;
    }
    assert!(before > 4e6, "{before} bytes/s");
}
