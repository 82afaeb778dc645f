//! A connection over links of all kinds.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]

mod common;

use common::{Client, Pair, RELIABLE, SECOND, Server, UNRELIABLE};
use gamesockets_endpoint::fakenet::{DirectionConfig, FakeNetConfig};
use gamesockets_proto::config::ConnConfig;
use gamesockets_proto::connection::ConnectionState as State;
use gamesockets_sim::LinkConfig;
use gamesockets_sim::host::DriverConfig;
use gamesockets_sim::link::Burst;

fn fast() -> ConnConfig {
    ConnConfig {
        send_rate_min: 4 << 20,
        send_rate_max: 4 << 20,
        send_buffer_size: 4 << 20,
        ..ConnConfig::default()
    }
}

#[test]
fn over_a_perfect_link_everything_arrives_the_unreliable_included() {
    let mut p = Pair::connected(1, LinkConfig::delay_ms(10), &ConnConfig::default());
    p.chatter(300, 3000);
    p.run(2 * SECOND);
    for end in [Client, Server] {
        assert_eq!(p.totals(end), (300, 300));
    }
    let ping = p.status(Client).ping_ms;
    assert!((20..=22).contains(&ping), "{ping} ms");
    p.finish();
}

#[test]
fn messages_of_every_size_arrive_whole() {
    let mut p = Pair::connected(2, LinkConfig::delay_ms(5), &fast());
    for len in
        [0, 1, 31, 32, 33, 1000, 1100, 1132, 1133, 1137, 1200, 1232, 1233, 5000, 16_500, 16_501, 512 * 1024]
    {
        for flags in [RELIABLE, UNRELIABLE] {
            p.send(Client, len, flags, 0);
            p.send(Server, len, flags, 0);
            p.run(SECOND);
        }
    }
    assert_eq!((p.totals(Client), p.totals(Server)), ((34, 34), (34, 34)));
    p.finish();
}

#[test]
fn five_percent_loss() {
    let mut p = Pair::connected(3, LinkConfig::delay_ms(20).with_loss(0.05), &ConnConfig::default());
    p.chatter(500, 3000);
    p.finish();
}

#[test]
fn twenty_percent_loss() {
    let mut p = Pair::connected(4, LinkConfig::delay_ms(20).with_loss(0.2), &ConnConfig::default());
    p.chatter(500, 3000);
    p.finish();
}

#[test]
fn lost_data_is_sent_again_within_a_few_round_trips() {
    let mut p = Pair::connected(5, LinkConfig::delay_ms(25).with_loss(0.1), &fast());
    let mut slow = 0;
    for n in 0..200u64 {
        let sent_at = p.world.now_us();
        let number = p.send(Client, 100, RELIABLE, 0);
        let got = p.got_by_server.clone();
        p.world.run_until(5 * SECOND, |_| got.borrow().iter().any(|g| g.message.number == number)).unwrap();
        let took = p.world.now_us() - sent_at;
        // Four losses in a row: 25 ms out, time-outs of 210, 420, 840 and 1680 ms.
        assert!(took < 3_500_000, "message {n} took {took} us");
        slow += u32::from(took > 450_000);
    }
    // One loss costs a time-out of 210 ms; two of the same message are rare.
    assert!(slow <= 8, "{slow} of 200 messages took longer than one time-out explains");
    p.finish();
}

#[test]
fn bursts_of_loss() {
    let burst = Some(Burst { to_bad: 0.05, to_good: 0.3, loss: 0.9 });
    let mut p = Pair::connected(6, LinkConfig { burst, ..LinkConfig::delay_ms(30) }, &ConnConfig::default());
    p.chatter(300, 5000);
    p.finish();
}

#[test]
fn two_hundred_milliseconds_of_delay() {
    let mut p = Pair::connected(7, LinkConfig::delay_ms(200), &fast());
    p.chatter(200, 20_000);
    let ping = p.status(Server).ping_ms;
    assert!((400..=410).contains(&ping), "{ping} ms");
    p.finish();
}

#[test]
fn reordering_by_thirty_milliseconds_loses_nothing() {
    let link = LinkConfig { reorder: 0.3, reorder_us: 30_000, ..LinkConfig::delay_ms(20) };
    let mut p = Pair::connected(8, link, &fast());
    p.chatter(400, 5000);
    p.run(2 * SECOND);
    for end in [Client, Server] {
        let (sent, delivered) = p.totals(end);
        assert_eq!(sent, delivered, "late is not lost, {end:?}");
    }
    p.finish();
}

#[test]
fn duplicates_are_delivered_once() {
    let link = LinkConfig { duplicate: 0.5, duplicate_us: 500_000, ..LinkConfig::delay_ms(20) };
    let mut p = Pair::connected(9, link, &ConnConfig::default());
    p.chatter(400, 2000);
    p.run(2 * SECOND);
    assert_eq!((p.totals(Client), p.totals(Server)), ((400, 400), (400, 400)));
    assert!(p.world.host(p.server).endpoint().counters().drop_duplicate > 50);
    p.finish();
}

#[test]
fn damaged_datagrams_are_as_good_as_lost() {
    let mut p =
        Pair::connected(10, LinkConfig { corrupt: 0.1, ..LinkConfig::delay_ms(20) }, &ConnConfig::default());
    p.chatter(400, 3000);
    assert_eq!((p.state(Client), p.state(Server)), (State::Connected, State::Connected));
    p.finish();
}

#[test]
fn a_bottleneck_with_a_short_queue_still_lets_everything_through() {
    let link = LinkConfig { rate: Some(64 * 1024), queue_bytes: 32 * 1024, ..LinkConfig::delay_ms(20) };
    let mut p = Pair::connected(11, link, &ConnConfig::default());
    for _ in 0..8 {
        p.send(Client, 32 * 1024, RELIABLE, 0);
    }
    let got = p.got_by_server.clone();
    p.world.run_until(60 * SECOND, |_| got.borrow().len() == 8).unwrap();
    assert!(p.world.now_us() > 4 * SECOND, "faster than the link");
    p.finish();
}

#[test]
fn a_blackout_of_five_seconds_is_survived() {
    let mut p = Pair::connected(12, LinkConfig::delay_ms(20), &ConnConfig::default());
    p.chatter(50, 1000);
    let now = p.world.now_us();
    p.world.black_out(p.client, p.server, now, now + 5 * SECOND);
    p.chatter(400, 1000);
    p.run(3 * SECOND);
    assert_eq!((p.state(Client), p.state(Server)), (State::Connected, State::Connected));
    p.finish();
}

#[test]
fn a_blackout_of_twenty_five_seconds_ends_both_sides() {
    let mut p = Pair::connected(13, LinkConfig::delay_ms(20), &ConnConfig::default());
    p.chatter(50, 1000);
    let now = p.world.now_us();
    p.world.black_out(p.client, p.server, now, now + 25 * SECOND);
    p.world.explain().outages = true;
    p.run(25 * SECOND);
    for end in [Client, Server] {
        assert_eq!(p.state(end), State::ProblemDetectedLocally);
        assert_eq!(p.reason(end), Some(5003));
        let after = p.ended_at(end) - now as f64 / 1e6;
        assert!((9.0..22.0).contains(&after), "{end:?} gave up after {after} s");
    }
    p.finish();
}

#[test]
fn slow_loops_keep_the_rate() {
    for (seed, driver) in [
        (14, DriverConfig { late_us: 15_000, ..DriverConfig::default() }),
        (15, DriverConfig { period_us: 16_667, ..DriverConfig::default() }),
    ] {
        let mut p = Pair::connected(seed, LinkConfig::delay_ms(10), &ConnConfig::default());
        for host in [p.client, p.server] {
            p.world.set_driver(host, driver.clone());
        }
        let begin = p.world.now_us();
        for _ in 0..4 {
            p.send(Client, 120 * 1024, RELIABLE, 0);
        }
        let got = p.got_by_server.clone();
        p.world.run_until(20 * SECOND, |_| got.borrow().len() == 4).unwrap();
        let took = (p.world.now_us() - begin) as f64 / 1e6;
        assert!((1.8..2.3).contains(&took), "{took} s for 480 KiB at 256 KiB/s, {driver:?}");
        p.finish();
    }
}

#[test]
fn the_network_simulated_inside_the_endpoint() {
    let mut p = Pair::connected(16, LinkConfig::default(), &ConnConfig::default());
    let direction =
        DirectionConfig { loss_pct: 10.0, lag_ms: 50, dup_pct: 5.0, ..DirectionConfig::default() };
    let explain = p.world.explain();
    (explain.loss, explain.duplicate, explain.reorder, explain.retries) = (true, true, true, true);
    p.world.ctx(p.client).set_fake_network(FakeNetConfig { send: direction, recv: direction });
    p.chatter(300, 3000);
    let ping = p.status(Server).ping_ms;
    assert!((100..=130).contains(&ping), "{ping} ms");
    p.finish();
}

#[test]
fn small_packets_carry_everything() {
    for mtu in [200, 333, 576] {
        let config = ConnConfig { mtu_packet_size: mtu, ..ConnConfig::default() };
        let mut p = Pair::connected(17, LinkConfig::delay_ms(5).with_loss(0.05), &config);
        p.chatter(150, 20_000);
        p.finish();
    }
}

#[test]
fn a_handshake_survives_the_loss_of_half_of_everything() {
    for seed in 0..10 {
        let config = ConnConfig { timeout_initial_ms: 60_000, ..ConnConfig::default() };
        let link = LinkConfig::delay_ms(30).with_loss(0.5);
        let mut p = Pair::starting(100 + seed, link, &config, gamesockets_sim::Plain::default());
        p.meet(60);
        p.finish();
    }
}

#[test]
fn nobody_sends_faster_than_allowed() {
    const RATE: u64 = 256 * 1024;
    for driver in [
        DriverConfig::default(),
        DriverConfig { late_us: 10_000, ..DriverConfig::default() },
        DriverConfig { period_us: 16_667, ..DriverConfig::default() },
    ] {
        let mut p = Pair::connected(18, LinkConfig::delay_ms(10), &ConnConfig::default());
        p.world.set_driver(p.client, driver.clone());
        p.run(2 * SECOND);
        for _ in 0..16 {
            p.send(Client, 30_000, RELIABLE, 0);
        }
        let bytes = |p: &mut Pair| p.world.link(p.client, p.server).counters().bytes;
        let mut before = bytes(&mut p);
        let mut total = 0;
        for _ in 0..15 {
            p.run(100_000);
            let now = bytes(&mut p);
            // What a late loop missed may follow, up to 20 ms of it, and a packet may be begun on credit.
            assert!(
                now - before <= RATE / 10 + RATE / 50 + 2600,
                "{} bytes in 100 ms, {driver:?}",
                now - before
            );
            total += now - before;
            before = now;
        }
        assert!((RATE * 14 / 10..=RATE * 16 / 10).contains(&total), "{total} bytes in 1.5 s, {driver:?}");
        p.finish();
    }
}

#[test]
fn both_sides_see_how_good_the_link_is() {
    for (loss, low, high) in [(0.0, 0.99, 1.0), (0.2, 0.7, 0.9)] {
        let mut p = Pair::connected(19, LinkConfig::delay_ms(10).with_loss(loss), &ConnConfig::default());
        p.chatter(2500, 500);
        for end in [Client, Server] {
            let status = p.status(end);
            let sides = [status.quality_local, status.quality_remote];
            assert!(sides.iter().all(|q| (low..=high).contains(q)), "loss {loss}: {sides:?} at {end:?}");
            assert!(status.in_packets_per_sec > 20.0 && status.out_packets_per_sec > 20.0);
        }
        p.finish();
    }
}
