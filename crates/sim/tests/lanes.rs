//! Lanes share a connection as they were told, and a slow reader holds the sender back without losing anything.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]

mod common;

use common::{Client, Pair, RELIABLE, SECOND, Server, UNRELIABLE};
use gamesockets_proto::config::ConnConfig;
use gamesockets_proto::message::SendFlags;
use gamesockets_proto::snp::send::LaneConfig;
use gamesockets_sim::{LinkConfig, Plain};

fn lanes(of: &[(i32, u16)]) -> Vec<LaneConfig> {
    of.iter().map(|&(priority, weight)| LaneConfig { priority, weight }).collect()
}

fn roomy() -> ConnConfig {
    ConnConfig { send_buffer_size: 8 << 20, recv_buffer_size: 8 << 20, ..ConnConfig::default() }
}

fn configure(p: &mut Pair, of: &[(i32, u16)]) {
    p.world.ctx(p.client).configure_lanes(p.c, &lanes(of)).unwrap();
}

/// Queues messages of 1000 bytes on a lane.
fn fill(p: &mut Pair, lane: u16, count: usize, flags: SendFlags) {
    for _ in 0..count {
        p.send(Client, 1000, flags, lane);
    }
}

/// Messages per lane among those the server got, from `skip` on.
fn shares(p: &Pair, lanes: usize, skip: usize) -> Vec<usize> {
    let mut out = vec![0; lanes];
    for g in p.got_by_server.borrow().iter().skip(skip) {
        out[usize::from(g.message.lane)] += 1;
    }
    out
}

#[test]
fn a_lower_priority_number_goes_first_strictly() {
    let mut p = Pair::connected(1, LinkConfig::delay_ms(10), &roomy());
    configure(&mut p, &[(5, 1), (0, 1), (9, 1)]);
    for lane in [2, 0, 1] {
        fill(&mut p, lane, 100, RELIABLE);
    }
    p.run(3 * SECOND);
    let order: Vec<u16> = p.got_by_server.borrow().iter().map(|g| g.message.lane).collect();
    assert_eq!(order.len(), 300);
    // The packet that was filled before the better lanes had anything is the only exception.
    let misplaced = order[..100].iter().filter(|l| **l != 1).count();
    assert!(misplaced <= 2, "{misplaced} of the first 100 are from other lanes");
    let misplaced = order[200..].iter().filter(|l| **l != 2).count();
    assert!(misplaced <= 2, "{misplaced} of the last 100 are from other lanes");
    p.finish();
}

#[test]
fn weights_are_kept_within_ten_percent() {
    for (weights, flags) in
        [([3, 1], RELIABLE), ([1, 1], RELIABLE), ([10, 1], RELIABLE), ([3, 1], UNRELIABLE)]
    {
        let mut p = Pair::connected(2, LinkConfig::delay_ms(10), &roomy());
        configure(&mut p, &[(0, weights[0]), (0, weights[1])]);
        for lane in [0, 1] {
            fill(&mut p, lane, 1000, flags);
        }
        // Less than half of it all: both lanes always have something.
        p.run(3 * SECOND);
        let got = shares(&p, 2, 0);
        let (share, wanted) = (got[0] as f64 / got[1] as f64, f64::from(weights[0]) / f64::from(weights[1]));
        assert!((share / wanted - 1.0).abs() < 0.1, "{got:?} for weights {weights:?}");
        p.finish();
    }
}

#[test]
fn weights_hold_under_loss() {
    let mut p = Pair::connected(3, LinkConfig::delay_ms(20).with_loss(0.05), &roomy());
    configure(&mut p, &[(0, 4), (0, 1)]);
    for lane in [0, 1] {
        fill(&mut p, lane, 1500, RELIABLE);
    }
    p.run(4 * SECOND);
    let got = shares(&p, 2, 0);
    let share = got[0] as f64 / got[1] as f64;
    assert!((3.2..4.8).contains(&share), "{got:?}");
    p.finish();
}

#[test]
fn other_priorities_take_effect_on_what_waits_already() {
    let mut p = Pair::connected(4, LinkConfig::delay_ms(10), &roomy());
    configure(&mut p, &[(0, 1), (1, 1)]);
    for lane in [0, 1] {
        fill(&mut p, lane, 500, RELIABLE);
    }
    p.run(SECOND / 2);
    let before = shares(&p, 2, 0);
    assert!(before[0] > 50 && before[1] <= 2, "{before:?}");
    configure(&mut p, &[(1, 1), (0, 1)]);
    p.run(SECOND / 10);
    let settled = p.got_by_server.borrow().len();
    p.run(SECOND / 2);
    let after = shares(&p, 2, settled);
    assert!(after[1] > 50 && after[0] <= 2, "{after:?}");
    p.finish();
}

#[test]
fn all_lanes_there_are_work_at_once() {
    let mut p = Pair::connected(5, LinkConfig::delay_ms(10).with_loss(0.05), &roomy());
    let all: Vec<(i32, u16)> = (0..255).map(|i| (i % 5, 1 + i as u16)).collect();
    configure(&mut p, &all);
    for n in 0..3u16 {
        for lane in 0..255 {
            let flags = if (lane + n) % 4 == 0 { UNRELIABLE } else { RELIABLE };
            p.send(Client, usize::from(lane * 7), flags, lane);
        }
    }
    p.finish();
}

#[test]
fn a_full_send_buffer_refuses_and_recovers() {
    let config = ConnConfig { send_buffer_size: 20_000, ..ConnConfig::default() };
    let mut p = Pair::connected(6, LinkConfig::delay_ms(10), &config);
    let (host, conn) = p.at(Client);
    let mut refused = 0;
    for _ in 0..40 {
        let sent = p.world.ctx(host).send(conn, 1000, RELIABLE, 0).unwrap();
        refused += u32::from(sent.is_err());
    }
    assert!((19..=21).contains(&refused), "{refused} of 40 refused");
    p.run(SECOND);
    p.send(Client, 1000, RELIABLE, 0);
    p.finish();
}

#[test]
fn no_delay_messages_do_not_queue() {
    let mut p = Pair::connected(7, LinkConfig::delay_ms(10), &ConnConfig::default());
    // A quarter of a second of data at the default rate.
    for _ in 0..64 {
        p.send(Client, 1024, RELIABLE, 0);
    }
    let (host, conn) = p.at(Client);
    let late = p.world.ctx(host).send(conn, 10, SendFlags::NO_DELAY, 0).unwrap();
    assert!(late.is_err(), "{late:?}");
    p.run(SECOND);
    assert!(p.world.ctx(host).send(conn, 10, SendFlags::NO_DELAY, 0).unwrap().is_ok());
    p.finish();
}

#[test]
fn nagle_waits_and_flush_does_not() {
    let config = ConnConfig { nagle_us: 20_000, ..ConnConfig::default() };
    let mut p = Pair::connected(8, LinkConfig::delay_ms(10), &config);
    p.run(SECOND);
    let took = |p: &mut Pair, flags: SendFlags, flush: bool| {
        let begin = p.world.now_us();
        let number = p.send(Client, 10, flags, 0);
        if flush {
            p.world.ctx(p.client).flush(p.c).unwrap();
        }
        let got = p.got_by_server.clone();
        p.world.run_until(SECOND, |_| got.borrow().iter().any(|g| g.message.number == number)).unwrap();
        p.world.now_us() - begin
    };
    assert!((29_000..32_000).contains(&took(&mut p, RELIABLE, false)));
    assert!((10_000..11_500).contains(&took(&mut p, RELIABLE, true)));
    assert!((10_000..11_500).contains(&took(&mut p, RELIABLE | SendFlags::NO_NAGLE, false)));
    p.finish();
}

/// A server that reads so many messages every 50 ms.
fn read_slowly(p: &mut Pair, rounds: usize, each: usize) -> usize {
    let mut read = 0;
    for _ in 0..rounds {
        let (host, conn) = p.at(Server);
        read += p.world.ctx(host).receive(conn, each).unwrap().len();
        p.run(50_000);
    }
    read
}

#[test]
fn a_slow_reader_slows_the_sender_and_loses_nothing() {
    for loss in [0.0, 0.1] {
        let config = ConnConfig { recv_buffer_messages: 20, recv_buffer_size: 64 * 1024, ..roomy() };
        let link =
            LinkConfig { reorder: loss, reorder_us: 10_000, ..LinkConfig::delay_ms(10).with_loss(loss) };
        let mut p = Pair::starting(9, link, &config, Plain { read: false, ..Plain::default() });
        p.meet(10);
        for n in 0..300 {
            p.send(Client, n * 13 % 2000, RELIABLE, 0);
        }
        let read = read_slowly(&mut p, 150, 5);
        assert_eq!(read, 300, "loss {loss}");
        p.finish();
    }
}

#[test]
fn many_tiny_messages_pass_a_reader_with_a_tiny_queue() {
    let config = ConnConfig { recv_buffer_messages: 2, ..roomy() };
    let mut p = Pair::connected(10, LinkConfig::delay_ms(10), &config);
    for n in 0..2000 {
        p.send(Client, n % 3, RELIABLE, 0);
    }
    let got = p.got_by_server.clone();
    p.world.run_until(30 * SECOND, |_| got.borrow().len() == 2000).unwrap();
    p.finish();
}

#[test]
fn what_was_acknowledged_survives_the_close_of_a_lingering_peer() {
    for seed in 0..20 {
        let config = ConnConfig { recv_buffer_messages: 10, ..roomy() };
        let link = LinkConfig { reorder: 0.3, reorder_us: 20_000, ..LinkConfig::delay_ms(10).with_loss(0.1) };
        let mut p = Pair::starting(50 + seed, link, &config, Plain { read: false, ..Plain::default() });
        p.meet(10);
        for n in 0..40 {
            p.send(Client, n * 131 % 3000, RELIABLE, 0);
        }
        p.world.ctx(p.client).close(p.c, 0, "", true).unwrap();
        let mut read = read_slowly(&mut p, 100, 1);
        let (host, conn) = p.at(Server);
        read += p.world.ctx(host).read_all(conn).unwrap().len();
        assert_eq!(read, 40, "seed {seed}");
        p.finish();
    }
}
