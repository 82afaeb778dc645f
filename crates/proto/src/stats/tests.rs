//! The parts together: rules of protocol.md §3.16, the blobs of §9.8, and arbitrary sequences of events.

use super::*;
use core::mem::size_of;
use core::time::Duration;
use gamesockets_wire::msg;
use gamesockets_wire::msg::Message as _;
use gamesockets_wire::time::Timestamp;
use proptest::prelude::*;

fn at(ms: u64) -> Timestamp {
    Timestamp::from_micros(7_000_000 + ms * 1_000)
}

fn connected() -> LinkStats {
    let mut link = LinkStats::new(at(0));
    link.on_connected(at(0));
    link
}

const IN_ORDER: SequencedEvent = SequencedEvent::InOrder { sender_gap_us: None };

fn receive(link: &mut LinkStats, now: Timestamp, event: SequencedEvent) {
    link.on_packet_received(now, 100);
    link.on_sequenced(now, event);
}

// ---- memory --------------------------------------------------------------------------------------------------------

#[test]
fn all_parts_of_an_idle_connection_fit_400_bytes() {
    let parts = [
        ("ping", size_of::<PingTracker>()),
        ("rtt", size_of::<Rtt>()),
        ("link", size_of::<LinkStats>()),
        ("liveness", size_of::<Liveness>()),
    ];
    let total: usize = parts.iter().map(|(_, bytes)| bytes).sum();
    assert!(total <= 400, "{total}: {parts:?}");
}

// ---- quality -------------------------------------------------------------------------------------------------------

#[test]
fn quality_of_an_interval() {
    use SequencedEvent::{Duplicate, Gap, Lurch, OutOfOrder, TooOld};
    // (good packets, other events, expected bucket, quality of the last interval, dropped %, weird %)
    type Row<'a> = (u32, &'a [SequencedEvent], Option<usize>, f32, Option<u8>, Option<u8>);
    let table: &[Row<'_>] = &[
        (0, &[], None, -1.0, None, None),
        (5, &[], None, 1.0, Some(0), Some(0)), // too few for the histogram, enough for the status
        (6, &[], Some(0), 1.0, Some(0), Some(0)),
        (999, &[Gap { missing: 1 }], Some(1), 1000.0 / 1001.0, Some(0), Some(0)), // never 100 with a loss
        (999, &[Duplicate], Some(1), 0.999, Some(0), Some(0)),
        (96, &[Gap { missing: 3 }], Some(2), 0.97, Some(3), Some(0)),
        (95, &[Gap { missing: 5 }], Some(3), 96.0 / 101.0, Some(4), Some(0)),
        (89, &[Gap { missing: 10 }], Some(4), 0.9, Some(10), Some(0)),
        (74, &[Gap { missing: 25 }], Some(5), 0.75, Some(25), Some(0)),
        (49, &[Gap { missing: 50 }], Some(6), 0.5, Some(50), Some(0)),
        (6, &[Gap { missing: 93 }], Some(7), 0.07, Some(93), Some(0)),
        (0, &[Lurch, Lurch, Lurch, TooOld, TooOld, Duplicate], Some(7), 0.0, Some(0), Some(100)), // 1, not dead
        (8, &[Gap { missing: 1 }, OutOfOrder], Some(4), 0.9, Some(0), Some(10)), // the late one no longer counts as lost
        (8, &[OutOfOrder, Duplicate], Some(5), 0.8, Some(0), Some(20)),
    ];
    for (good, others, bucket, quality, dropped, weird) in table {
        let mut link = connected();
        for _ in 0..*good {
            receive(&mut link, at(100), IN_ORDER);
        }
        for &event in *others {
            receive(&mut link, at(4_999), event);
        }
        assert_eq!(link.status(at(4_999)).quality_local, -1.0, "{others:?}: not before the interval ends");
        let status = link.status(at(5_000));
        assert!((status.quality_local - quality).abs() < 1e-6, "{others:?}: {status:?}");
        let ping = PingTracker::new();
        let report = link.instantaneous(at(5_000), &ping);
        assert_eq!((report.dropped_pct, report.weird_pct), (*dropped, *weird), "{others:?}");
        let counts = link.lifetime(at(5_000), &ping).quality.0;
        assert_eq!(counts.iter().position(|&count| count == 1), *bucket, "{others:?}");
        assert_eq!(counts.iter().sum::<u32>(), u32::from(bucket.is_some()), "{others:?}");
        // Half a minute later the interval is long gone.
        assert_eq!(link.status(at(35_000)).quality_local, -1.0);
        assert_eq!(link.instantaneous(at(35_000), &ping), InstantaneousReport::default());
    }
}

#[test]
fn forward_jumps_up_to_99_are_losses() {
    use SequencedEvent::{Duplicate, Gap, Lurch};
    let table = [
        (0, Duplicate),
        (1, SequencedEvent::InOrder { sender_gap_us: Some(7) }),
        (2, Gap { missing: 1 }),
        (99, Gap { missing: 98 }),
        (100, Lurch),
        (u64::MAX, Lurch),
    ];
    for (jump, event) in table {
        assert_eq!(SequencedEvent::forward(jump, Some(7)), event, "{jump}");
    }
}

#[test]
fn counters_of_sequenced_packets() {
    use SequencedEvent::{Duplicate, Gap, Lurch, OutOfOrder, TooOld};
    let mut link = connected();
    for event in [IN_ORDER, Gap { missing: 3 }, OutOfOrder, Duplicate, TooOld, Lurch, IN_ORDER] {
        link.on_sequenced(at(1), event);
    }
    let c = link.counters();
    assert_eq!((c.sequenced, c.dropped, c.out_of_order, c.duplicate, c.lurch), (7, 2, 1, 1, 2));
}

#[test]
fn a_silent_peer_that_is_asked_makes_dead_intervals() {
    let ping = PingTracker::new();
    let dead = |sent: u32, timeouts: u32, received: u32| {
        let mut link = connected();
        for _ in 0..received {
            link.on_packet_received(at(0), 50);
        }
        for _ in 0..sent {
            link.on_packet_sent(at(1), 50);
        }
        for _ in 0..timeouts {
            link.on_reply_timeout(at(2));
        }
        link.lifetime(at(60_000), &ping).quality.0[8]
    };
    assert_eq!(dead(6, 2, 0), 1);
    assert_eq!(dead(5, 2, 0), 0);
    assert_eq!(dead(6, 1, 0), 0);
    assert_eq!(dead(6, 2, 1), 0);
    // A packet clears the missed replies.
    let mut link = connected();
    for _ in 0..5 {
        link.on_reply_timeout(at(0));
    }
    link.on_packet_received(at(1), 50);
    for _ in 0..10 {
        link.on_packet_sent(at(5_001), 50);
    }
    assert_eq!(link.lifetime(at(60_000), &ping).quality.total(), 0);
}

// ---- rates ---------------------------------------------------------------------------------------------------------

#[test]
fn interval_rates_have_their_wire_units() {
    let mut link = connected();
    let ping = PingTracker::new();
    for i in 0..16 {
        link.on_packet_sent(at(i * 300), 100);
    }
    link.on_packet_received(at(4_999), 64);
    let report = link.instantaneous(at(9_999), &ping);
    assert_eq!((report.out_packets_x10, report.out_bytes), (32, 320));
    assert_eq!((report.in_packets_x10, report.in_bytes), (2, 12));
    assert_eq!(link.instantaneous(at(10_000), &ping), InstantaneousReport::default());
}

#[test]
fn asking_late_or_often_gives_the_same_answer() {
    // The same traffic, once with a question every 10 ms and once with a single one at the end.
    for end in [15_000u64, 20_000, 21_234, 24_999, 25_000, 26_000, 60_000, 3_600_000] {
        let mut asked = connected();
        let mut quiet = connected();
        let ping = PingTracker::new();
        for ms in (0..end).step_by(10) {
            asked.status(at(ms));
            if ms < 15_500 && (ms % 70 == 0 || ms % 330 == 0) {
                for link in [&mut asked, &mut quiet] {
                    link.on_packet_sent(at(ms), 300);
                    receive(link, at(ms), IN_ORDER);
                }
            }
        }
        assert_eq!(asked.status(at(end)), quiet.status(at(end)), "{end}");
        assert_eq!(asked.instantaneous(at(end), &ping), quiet.instantaneous(at(end), &ping), "{end}");
        assert_eq!(asked.lifetime(at(end), &ping), quiet.lifetime(at(end), &ping), "{end}");
    }
}

#[test]
fn smoothed_rates_follow_within_seconds() {
    let mut link = connected();
    assert_eq!(link.status(at(0)).out_packets_per_sec, 0.0);
    let mut ms = 0;
    // Fifty packets of 200 bytes per second.
    while ms < 500 {
        link.on_packet_sent(at(ms), 200);
        ms += 20;
    }
    assert_eq!(link.status(at(500)).out_packets_per_sec, 25.0); // the first half second, as it is
    while ms < 10_000 {
        link.on_packet_sent(at(ms), 200);
        ms += 20;
    }
    let status = link.status(at(10_000));
    assert!((status.out_packets_per_sec - 50.0).abs() < 0.1, "{status:?}");
    assert!((status.out_bytes_per_sec - 10_000.0).abs() < 10.0, "{status:?}");
    assert_eq!(status.in_packets_per_sec, 0.0);
    // Ten times as much: most of the way after five seconds.
    while ms < 15_000 {
        link.on_packet_sent(at(ms), 200);
        ms += 2;
    }
    let status = link.status(at(15_000));
    assert!((350.0..=500.0).contains(&status.out_packets_per_sec), "{status:?}");
    // And back to nothing.
    let status = link.status(at(20_000));
    assert!((50.0..=150.0).contains(&status.out_packets_per_sec), "{status:?}");
    assert_eq!(link.status(at(120_000)).out_packets_per_sec, 0.0);
    assert_eq!(link.status(at(120_000)).out_bytes_per_sec, 0.0);
}

// ---- jitter --------------------------------------------------------------------------------------------------------

#[test]
fn jitter_compares_the_gaps_of_both_sides() {
    let with_gap = |us| SequencedEvent::InOrder { sender_gap_us: Some(us) };
    // (gap here ms, gap there µs, jitter µs)
    let table = [
        (20, 20_000, 0),
        (25, 20_000, 5_000),
        (15, 20_000, 5_000),
        (0, 249_999, 249_999),
        (249, 0, 249_000),
        (250, 249_000, -1), // too far apart to mean anything
        (10, 250_000, -1),
    ];
    for (here_ms, there_us, jitter) in table {
        let mut link = connected();
        link.on_sequenced(at(1_000), with_gap(10));
        assert_eq!(link.take_max_jitter_us(), -1, "no packet to compare with");
        link.on_sequenced(at(1_000 + here_ms), with_gap(there_us));
        assert_eq!(link.take_max_jitter_us(), jitter, "{here_ms} {there_us}");
        assert_eq!(link.take_max_jitter_us(), -1, "reading clears");
        let report = link.instantaneous(at(5_000), &PingTracker::new());
        assert_eq!(report.peak_jitter_us, u32::try_from(jitter).ok());
        let counts = link.lifetime(at(5_000), &PingTracker::new()).jitter;
        assert_eq!(counts.total(), u64::from(jitter >= 0));
    }
}

#[test]
fn jitter_needs_two_packets_in_order() {
    let with_gap = SequencedEvent::InOrder { sender_gap_us: Some(20_000) };
    let mut link = connected();
    link.on_sequenced(at(0), IN_ORDER);
    link.on_sequenced(at(10), SequencedEvent::OutOfOrder); // does not move the reference
    link.on_sequenced(at(20), with_gap);
    assert_eq!(link.take_max_jitter_us(), 0);
    link.on_sequenced(at(60), SequencedEvent::Gap { missing: 1 }); // does
    link.on_sequenced(at(81), with_gap);
    assert_eq!(link.take_max_jitter_us(), 1_000);
    // The peak of several.
    link.on_sequenced(at(100), with_gap);
    link.on_sequenced(at(150), with_gap);
    link.on_sequenced(at(170), with_gap);
    assert_eq!(link.take_max_jitter_us(), 30_000);
}

// ---- exchange ------------------------------------------------------------------------------------------------------

#[test]
fn nothing_is_sent_before_the_connection_stands() {
    let mut link = LinkStats::new(at(0));
    for i in 0..1_000 {
        link.on_packet_sent(at(i), 100);
    }
    assert_eq!(link.stats_wanted(at(500_000)), StatsWanted::default());
    assert_eq!(link.next_deadline(), None);
    link.on_connected(at(500_000));
    assert_eq!(link.stats_wanted(at(529_000)), StatsWanted::default());
}

#[test]
fn exchange_with_the_link() {
    let mut link = connected();
    let ping = PingTracker::new();
    for i in 0..200 {
        link.on_packet_sent(at(i * 100), 100);
        receive(&mut link, at(i * 100 + 50), IN_ORDER);
    }
    assert_eq!(link.next_deadline(), Some(at(30_000)));
    let wanted = link.stats_wanted(at(20_000));
    assert_eq!(wanted, StatsWanted { instantaneous: Want::MayRide, lifetime: Want::No });
    assert!(wanted.any() && !wanted.must());
    let blob = link.build(at(20_000), wanted, &ping).unwrap();
    assert!(blob.instantaneous.is_some() && blob.lifetime.is_none());
    // Building alone changes nothing.
    assert_eq!(link.stats_wanted(at(20_000)), wanted);
    link.on_stats_sent(wanted);
    assert_eq!(link.stats_wanted(at(140_000)), StatsWanted::default());
    assert_eq!(link.build(at(140_000), wanted, &ping), None);
    link.on_stats_lost();
    let both = link.stats_wanted(at(140_000));
    assert_eq!(both, StatsWanted { instantaneous: Want::Must, lifetime: Want::Must });
    assert!(both.must() && !both.without_lifetime().lifetime.eq(&Want::Must));
    let blob = link.build(at(140_000), both, &ping).unwrap();
    assert_eq!(blob.lifetime.as_ref().unwrap().packets_sent, Some(200));
    link.on_stats_sent(both);
    link.on_stats_acked(at(140_100));
    assert_eq!(link.stats_wanted(at(160_000)), StatsWanted::default());
    assert_eq!(link.next_deadline(), None);
    assert_eq!(link.build(at(160_000), StatsWanted::default(), &ping), None);
}

#[test]
fn connected_time_rounds_and_is_at_least_one() {
    let mut link = LinkStats::new(at(0));
    let ping = PingTracker::new();
    assert_eq!(link.lifetime(at(9_000), &ping).connected_seconds, Some(0));
    link.on_connected(at(10_000));
    for (ms, seconds) in [(0, 1), (1_499, 1), (1_500, 2), (2_499, 2), (3_600_000, 3_600)] {
        assert_eq!(link.lifetime(at(10_000 + ms), &ping).connected_seconds, Some(seconds), "{ms}");
    }
}

#[test]
fn kilobytes_round_to_nearest() {
    for (bytes, kb) in [(0, 0), (511, 0), (512, 1), (1_024, 1), (1_535, 1), (1_536, 2)] {
        let mut link = connected();
        link.on_packet_sent(at(0), bytes);
        link.on_packet_received(at(0), bytes);
        let report = link.lifetime(at(0), &PingTracker::new());
        assert_eq!((report.kb_sent, report.kb_received), (kb, kb), "{bytes}");
    }
}

// ---- blobs ---------------------------------------------------------------------------------------------------------

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
}

#[test]
fn golden_blobs() {
    let rates =
        InstantaneousReport { out_packets_x10: 69, out_bytes: 230, ping_ms: Some(11), ..Default::default() };
    let clean = InstantaneousReport {
        in_packets_x10: 3,
        in_bytes: 12,
        ping_ms: Some(0),
        dropped_pct: Some(0),
        weird_pct: Some(0),
        ..Default::default()
    };
    let table = [
        ("1802", None, Some(2)),
        ("1806", None, Some(6)),
        ("0a0d0a0b084510e60118002000280b", Some(rates), None),
        ("0a0d0a0b084510e60118002000280b1806", Some(rates), Some(6)),
        ("0a100a0e080010001803200c280030003800", Some(clean), None),
    ];
    for (hex, report, flags) in table {
        let decoded = msg::UdpStats::decode(unhex(hex).as_slice()).unwrap();
        assert_eq!(decoded.flags, flags, "{hex}");
        let mut link = connected();
        if let Some(stats) = &decoded.stats {
            link.on_remote_stats(at(1), stats);
        }
        let seen = link.remote().and_then(|remote| remote.instantaneous);
        assert_eq!(seen, report.map(|report| (at(1), report)), "{hex}");
        // And the same bytes the other way.
        let stats = report.map(|report| msg::ConnectionQuality {
            instantaneous: Some(report.to_message()),
            lifetime: None,
        });
        assert_eq!(msg::UdpStats { stats, flags }.encode_to_vec(), unhex(hex), "{hex}");
    }
}

#[test]
fn a_link_builds_the_captured_blob() {
    // 6.9 packets and 230 bytes per second are not multiples of the interval's 1/5: 34 packets, 1150 bytes give 6.8.
    let mut link = connected();
    for i in 0..34u64 {
        link.on_packet_sent(at(i * 100), if i == 0 { 160 } else { 30 });
    }
    let mut ping = PingTracker::new();
    ping.on_sample(at(10), 11);
    let wanted = StatsWanted { instantaneous: Want::Must, lifetime: Want::No };
    let stats = link.build(at(5_000), wanted, &ping);
    let blob = msg::UdpStats { stats, flags: None }.encode_to_vec();
    assert_eq!(blob, unhex("0a0d0a0b084410e60118002000280b"));
}

#[test]
fn lifetime_reports_survive_the_wire() {
    let mut link = connected();
    let mut ping = PingTracker::new();
    for i in 0..60_000u64 {
        let now = at(i * 10);
        link.on_packet_sent(now, 200);
        ping.on_sample(now, (i * 7 % 400) as i64);
        let event = match i % 97 {
            3 => SequencedEvent::Gap { missing: (i % 30) as u32 },
            5 => SequencedEvent::OutOfOrder,
            7 => SequencedEvent::Duplicate,
            11 if i % 11 == 0 => SequencedEvent::Lurch,
            _ => SequencedEvent::InOrder { sender_gap_us: Some((i * 131 % 40_000) as u32) },
        };
        receive(&mut link, now, event);
    }
    let now = at(600_000);
    let report = link.lifetime(now, &ping);
    assert_eq!(report.connected_seconds, Some(600));
    assert_eq!(report.quality.total(), 120);
    assert!(report.quality_ntiles.p2.is_some() && report.ping_ntiles.p98.is_some());
    assert!(report.quality_ntiles.p2 <= report.quality_ntiles.p50);
    assert!(report.jitter.0.iter().all(|&count| count > 0));
    let stats = msg::ConnectionQuality { instantaneous: None, lifetime: Some(report.to_message()) };
    let bytes = msg::UdpStats { stats: Some(stats), flags: None }.encode_to_vec();
    assert!(bytes.len() <= 300, "{}", bytes.len());
    let decoded = msg::UdpStats::decode(bytes.as_slice()).unwrap().stats.unwrap();
    let mut other = connected();
    other.on_remote_stats(now, &decoded);
    assert_eq!(other.remote().unwrap().lifetime, Some((now, report)));
}

#[test]
fn the_largest_blob_has_a_bound() {
    let lifetime = LifetimeReport {
        connected_seconds: Some(u32::MAX),
        packets_sent: u64::MAX,
        kb_sent: u64::MAX,
        packets_received: u64::MAX,
        kb_received: u64::MAX,
        sequenced: u64::MAX,
        dropped: u64::MAX,
        out_of_order: u64::MAX,
        out_of_order_corrected: u64::MAX,
        duplicate: u64::MAX,
        lurch: u64::MAX,
        quality: QualityCounts([u32::MAX; 9]),
        quality_ntiles: QualityNtiles { p2: Some(100), p5: Some(100), p25: Some(100), p50: Some(100) },
        ping: PingCounts([u32::MAX; 9]),
        ping_ntiles: PingNtiles {
            p5: Some(2047),
            p50: Some(2047),
            p75: Some(2047),
            p95: Some(2047),
            p98: Some(2047),
        },
        jitter: JitterCounts([u32::MAX; 6]),
    };
    let instantaneous = InstantaneousReport {
        out_packets_x10: u32::MAX,
        out_bytes: u32::MAX,
        in_packets_x10: u32::MAX,
        in_bytes: u32::MAX,
        ping_ms: Some(u16::MAX),
        dropped_pct: Some(100),
        weird_pct: Some(100),
        peak_jitter_us: Some(u32::MAX),
    };
    let stats = msg::ConnectionQuality {
        instantaneous: Some(instantaneous.to_message()),
        lifetime: Some(lifetime.to_message()),
    };
    let bytes = msg::UdpStats { stats: Some(stats), flags: Some(6) }.encode_to_vec();
    assert!(bytes.len() <= 400, "{}", bytes.len());
}

#[test]
fn hostile_statistics_are_cut() {
    let everything = msg::LinkInstantaneousStats {
        out_packets_per_sec_x10: Some(u32::MAX),
        out_bytes_per_sec: Some(u32::MAX),
        in_packets_per_sec_x10: Some(u32::MAX),
        in_bytes_per_sec: Some(u32::MAX),
        ping_ms: Some(u32::MAX),
        packets_dropped_pct: Some(u32::MAX),
        packets_weird_sequence_pct: Some(u32::MAX),
        peak_jitter_usec: Some(u32::MAX),
    };
    let lifetime = msg::LinkLifetimeStats {
        quality_ntile_2nd: Some(u32::MAX),
        ping_ntile_98th: Some(u32::MAX),
        ping_histogram_max: Some(u32::MAX),
        kb_recv: Some(u64::MAX),
        ..Default::default()
    };
    let mut link = connected();
    link.on_remote_stats(
        at(1),
        &msg::ConnectionQuality { instantaneous: Some(everything), lifetime: Some(lifetime) },
    );
    let remote = *link.remote().unwrap();
    let (_, report) = remote.instantaneous.unwrap();
    assert_eq!(
        (report.ping_ms, report.dropped_pct, report.weird_pct),
        (Some(u16::MAX), Some(100), Some(100))
    );
    assert_eq!(report.peak_jitter_us, Some(i32::MAX as u32));
    let (_, report) = remote.lifetime.unwrap();
    assert_eq!((report.quality_ntiles.p2, report.ping_ntiles.p98), (Some(100), Some(u16::MAX)));
    assert_eq!(link.last_status().quality_remote, 0.0);
    // A message without content allocates nothing and changes nothing.
    let mut link = connected();
    link.on_remote_stats(at(1), &msg::ConnectionQuality { instantaneous: None, lifetime: None });
    assert!(link.remote().is_none());
    assert_eq!(link.last_status().quality_remote, -1.0);
}

#[test]
fn remote_quality() {
    let table = [
        (None, None, -1.0),
        (None, Some(5), -1.0),
        (Some(0), Some(0), 1.0),
        (Some(10), Some(5), 0.85),
        (Some(10), None, 0.9),
        (Some(80), Some(80), 0.0),
    ];
    for (dropped, weird, quality) in table {
        let report = InstantaneousReport { dropped_pct: dropped, weird_pct: weird, ..Default::default() };
        let mut link = connected();
        let stats = msg::ConnectionQuality { instantaneous: Some(report.to_message()), lifetime: None };
        link.on_remote_stats(at(1), &stats);
        assert!((link.last_status().quality_remote - quality).abs() < 1e-6, "{dropped:?} {weird:?}");
    }
}

// ---- arbitrary events ----------------------------------------------------------------------------------------------

#[derive(Clone, Debug)]
enum Step {
    Wait(u64),
    Sent(usize),
    Received(usize),
    Sequenced(SequencedEvent),
    Ping(i64),
    Rtt(u64, u64),
    Expect(u64, bool),
    Ask(u64, bool),
    Timeout,
    Decrypted,
    Exchange,
    Acked,
    Lost,
    Remote(Vec<u8>),
    Connected,
    Look,
}

fn any_event() -> impl Strategy<Value = SequencedEvent> {
    prop_oneof![
        any::<Option<u32>>().prop_map(|sender_gap_us| SequencedEvent::InOrder { sender_gap_us }),
        any::<u32>().prop_map(|missing| SequencedEvent::Gap { missing }),
        any::<u64>().prop_map(|jump| SequencedEvent::forward(jump % 300, None)),
        Just(SequencedEvent::Lurch),
        Just(SequencedEvent::OutOfOrder),
        Just(SequencedEvent::Duplicate),
        Just(SequencedEvent::TooOld),
    ]
}

fn any_wait() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), 0..300_000u64, 0..12_000_000u64, 0..200_000_000u64, 0..1u64 << 50]
}

fn any_step() -> impl Strategy<Value = Step> {
    let size = prop_oneof![0..1_500usize, any::<usize>()];
    prop_oneof![
        4 => any_wait().prop_map(Step::Wait),
        3 => size.clone().prop_map(Step::Sent),
        3 => size.prop_map(Step::Received),
        6 => any_event().prop_map(Step::Sequenced),
        2 => prop_oneof![-3..2_100i64, any::<i64>()].prop_map(Step::Ping),
        2 => (any_wait(), any_wait()).prop_map(|(rtt, delay)| Step::Rtt(rtt, delay)),
        1 => (any_wait(), any::<bool>()).prop_map(|(us, immediate)| Step::Expect(us, immediate)),
        1 => (any_wait(), any::<bool>()).prop_map(|(us, immediate)| Step::Ask(us, immediate)),
        2 => Just(Step::Timeout),
        1 => Just(Step::Decrypted),
        2 => Just(Step::Exchange),
        1 => Just(Step::Acked),
        1 => Just(Step::Lost),
        1 => proptest::collection::vec(any::<u8>(), 0..64).prop_map(Step::Remote),
        1 => Just(Step::Connected),
        2 => Just(Step::Look),
    ]
}

struct All {
    now: Timestamp,
    ping: PingTracker,
    rtt: Rtt,
    link: LinkStats,
    life: Liveness,
}

impl All {
    fn new() -> Self {
        let now = at(0);
        Self { now, ping: PingTracker::new(), rtt: Rtt::new(), link: connected(), life: Liveness::new(now) }
    }

    fn step(&mut self, step: &Step) {
        let now = self.now;
        match step {
            Step::Wait(us) => self.now = now.plus_micros(*us),
            Step::Sent(bytes) => self.link.on_packet_sent(now, *bytes),
            Step::Received(bytes) => self.link.on_packet_received(now, *bytes),
            Step::Sequenced(event) => self.link.on_sequenced(now, *event),
            Step::Ping(ms) => {
                self.ping.on_sample(now, *ms);
            }
            Step::Rtt(rtt, delay) => self.rtt.on_sample(now, *rtt, *delay),
            Step::Expect(us, immediate) => {
                self.life.on_reply_expected(now, Duration::from_micros(*us), *immediate);
            }
            Step::Ask(us, immediate) => {
                let request = AckRequest { immediate: *immediate };
                self.life.on_ack_requested(now, Duration::from_micros(*us), request);
            }
            Step::Timeout => {
                if self.life.on_timeout(now) {
                    self.link.on_reply_timeout(now);
                }
            }
            Step::Decrypted => self.life.on_packet_decrypted(now),
            Step::Exchange => {
                let wanted = self.link.stats_wanted(now);
                if let Some(stats) = self.link.build(now, wanted, &self.ping) {
                    assert!(stats.encoded_len() <= 400);
                    self.link.on_stats_sent(wanted);
                }
                // Whoever asked is not told to hurry again for the same reason, unless something is due.
                if let Some(deadline) = self.link.next_deadline() {
                    assert!(deadline > now || self.link.stats_wanted(now).must());
                }
            }
            Step::Acked => self.link.on_stats_acked(now),
            Step::Lost => self.link.on_stats_lost(),
            Step::Remote(bytes) => {
                if let Ok(stats) = msg::ConnectionQuality::decode(bytes.as_slice()) {
                    self.link.on_remote_stats(now, &stats);
                }
            }
            Step::Connected => self.link.on_connected(now),
            Step::Look => self.look(),
        }
    }

    fn look(&mut self) {
        let now = self.now;
        let status = self.link.status(now);
        for quality in [status.quality_local, status.quality_remote] {
            assert!(quality == -1.0 || (0.0..=1.0).contains(&quality), "{quality}");
        }
        let report = self.link.instantaneous(now, &self.ping);
        assert!(report.dropped_pct.unwrap_or(0) <= 100 && report.weird_pct.unwrap_or(0) <= 100);
        let life = self.link.lifetime(now, &self.ping);
        assert_eq!(LifetimeReport::from_message(&life.to_message()), life);
        assert!((-1..=250_000).contains(&self.link.take_max_jitter_us()));
        assert!(self.ping.smoothed_ms() <= self.ping.worst_ms());
        assert!(self.ping.conservative_timeout() <= Duration::from_millis(1_250));
        assert!(self.rtt.min_us() <= self.rtt.latest_us());
        assert!(self.life.next_deadline().is_some());
        self.life.probe_wanted(now);
        self.life.tracer_wanted(now, self.ping.last_sample_at());
        let dead = self.life.is_dead(now, Duration::from_secs(10));
        assert!(!dead || self.life.reply_timeouts() >= 4);
    }
}

proptest! {
    #[test]
    fn no_sequence_of_events_breaks_anything(steps in proptest::collection::vec(any_step(), 0..200)) {
        let mut all = All::new();
        for step in &steps {
            all.step(step);
        }
        all.look();
    }

    #[test]
    fn nobody_dies_who_answers(waits in proptest::collection::vec(0..9_999u64, 1..100)) {
        let mut life = Liveness::new(at(0));
        let mut ms = 0;
        for wait in waits {
            life.on_ack_requested(at(ms), Duration::from_millis(250), AckRequest { immediate: true });
            ms += wait;
            while let Some(due) = life.next_deadline().filter(|&due| due <= at(ms)) {
                life.on_timeout(due);
                if life.probe_wanted(due).is_some() {
                    life.on_ack_requested(due, Duration::from_millis(250), AckRequest { immediate: true });
                }
                prop_assert!(!life.is_dead(due, Duration::from_secs(10)));
            }
            life.on_packet_decrypted(at(ms));
        }
    }

    #[test]
    fn rates_do_not_depend_on_who_looks(
        events in proptest::collection::vec((0..2_500u64, any_event(), any::<bool>()), 1..100),
        pause in 0..100_000u64,
    ) {
        let ping = PingTracker::new();
        let mut watched = connected();
        let mut alone = connected();
        let mut ms = 0;
        for (wait, event, look) in events {
            if look {
                watched.status(at(ms + wait / 2));
                watched.lifetime(at(ms + wait / 2), &ping);
            }
            ms += wait;
            for link in [&mut watched, &mut alone] {
                link.on_packet_sent(at(ms), 500);
                link.on_packet_received(at(ms), 500);
                link.on_sequenced(at(ms), event);
            }
        }
        for second in 0..pause / 1_000 {
            watched.status(at(ms + second * 1_000));
        }
        let end = at(ms + pause);
        prop_assert_eq!(watched.status(end), alone.status(end));
        prop_assert_eq!(watched.instantaneous(end, &ping), alone.instantaneous(end, &ping));
        prop_assert_eq!(watched.lifetime(end, &ping), alone.lifetime(end, &ping));
    }
}
