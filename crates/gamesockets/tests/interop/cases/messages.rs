//! Messages of every kind: unreliable and in fragments, on lanes, at a game's pace, in small packets.

use super::ensure;
use crate::env::Need;
use crate::harness::{Case, Outcome};
use crate::relay::Relay;
use crate::side::{Got, Opt, Value, keys};
use crate::world::{HANDSHAKE, Link, Role, Who, World, pattern};
use std::collections::HashSet;
use std::time::{Duration, Instant};

const FAST: &[Opt] = &[
    (keys::RATE_MIN, Value::Int(2_000_000)),
    (keys::RATE_MAX, Value::Int(2_000_000)),
    (keys::SEND_BUFFER, Value::Int(4 << 20)),
];

pub(super) const CASES: &[Case] = &[
    case("unreliable::gns_listens", 30, || unreliable(Role::GnsListens)),
    case("unreliable::gns_connects", 30, || unreliable(Role::GnsConnects)),
    case("lanes::gns_listens", 30, || lanes(Role::GnsListens)),
    case("lanes::gns_connects", 30, || lanes(Role::GnsConnects)),
    case("small_packets::ours", 40, || small_packets(Role::GnsListens, &[Who::Ours])),
    case("small_packets::theirs", 40, || small_packets(Role::GnsConnects, &[Who::Gns])),
    case("small_packets::both", 40, || small_packets(Role::GnsListens, &Who::BOTH)),
    case("game::both_roles", 60, game),
];

const fn case(name: &'static str, limit: u64, run: fn() -> Outcome) -> Case {
    Case { name, needs: &[Need::Lib], limit, run }
}

/// Sizes of unreliable messages: whole ones, and up to the 15 fragments that still count as unreliable.
const UNRELIABLE_SIZES: &[usize] = &[0, 1, 100, 1150, 1300, 5000, 16_000, 16_500];
const UNRELIABLE_ROUNDS: usize = 25;
/// The next size is sent reliably whatever was asked for.
const BECOMES_RELIABLE: usize = 16_501;

fn unreliable(role: Role) -> Outcome {
    let mut w = World::start()?;
    let link = w.link(role, FAST, FAST)?;
    let mut bytes = 0;
    for from in Who::BOTH {
        let mut seed = 0;
        for size in std::iter::repeat_n(UNRELIABLE_SIZES, UNRELIABLE_ROUNDS).flatten().copied() {
            seed += 1;
            let data = pattern(seed, size);
            bytes += size;
            w.send(from, link, &data, false, 0)?;
            let got = one(&mut w, from.other(), link, &format!("{size} bytes from {from:?}"))?;
            ensure!(got.data == data, "{size} bytes from {from:?}: {} other bytes arrived", got.data.len());
            ensure!(!got.reliable, "{size} bytes from {from:?} came as reliable");
        }
        let data = pattern(99, BECOMES_RELIABLE);
        w.send(from, link, &data, false, 0)?;
        let got = one(&mut w, from.other(), link, "the long message")?;
        ensure!(
            got.data == data && got.reliable,
            "{BECOMES_RELIABLE} bytes from {from:?} came as unreliable"
        );
    }
    let count = UNRELIABLE_SIZES.len() * UNRELIABLE_ROUNDS;
    Ok(format!("{count} messages each way, {:.1} MB, all arrived", bytes as f64 / 1e6))
}

/// The next message, and only one.
fn one(w: &mut World, at: Who, link: Link, what: &str) -> Result<Got, String> {
    let mut got = Vec::new();
    w.until(HANDSHAKE, what, |w| {
        got.extend(w.receive(at, link));
        Ok(!got.is_empty())
    })?;
    ensure!(got.len() == 1, "{what}: {} messages instead of one", got.len());
    Ok(got.remove(0))
}

/// Priority and weight of each lane; a smaller number goes first.
const LANES: [(i32, u16); 8] = [(0, 1), (0, 3), (1, 1), (1, 3), (2, 10), (2, 100), (3, 1), (3, 65_535)];
const PER_LANE: u64 = 40;

fn lanes(role: Role) -> Outcome {
    let slow: &[Opt] = &[
        (keys::RATE_MIN, Value::Int(500_000)),
        (keys::RATE_MAX, Value::Int(500_000)),
        (keys::SEND_BUFFER, Value::Int(4 << 20)),
    ];
    let mut w = World::start()?;
    let link = w.link(role, slow, slow)?;
    let mut bytes = 0;
    for who in Who::BOTH {
        w.peer(who).side.lanes(link.of(who), &LANES)?;
        for number in 1..=PER_LANE {
            // The least important lane first, so that the order of arrival shows the priorities.
            for lane in (0..LANES.len() as u16).rev() {
                let data = lane_message(who, lane, number);
                bytes += data.len();
                let assigned = w.send(who, link, &data, number % 5 != 0, lane)?;
                ensure!(assigned == number, "{who:?}: message {number} of lane {lane} has number {assigned}");
            }
        }
    }
    let mut arrived = [Vec::new(), Vec::new()];
    let total = PER_LANE as usize * LANES.len();
    let time = w.until(Duration::from_secs(20), "all messages are there", |w| {
        for (list, who) in arrived.iter_mut().zip(Who::BOTH) {
            list.extend(w.receive(who.other(), link));
        }
        Ok(arrived.iter().all(|list| list.len() >= total))
    })?;
    let mut means = Vec::new();
    for (list, from) in arrived.iter().zip(Who::BOTH) {
        means.push(check_lanes(list, from)?);
    }
    Ok(format!(
        "{total} messages each way, {:.1} MB in {:.1} s; mean place by priority: from us {}, from them {}",
        bytes as f64 / 1e6,
        time.as_secs_f64(),
        means[0],
        means[1]
    ))
}

fn lane_message(from: Who, lane: u16, number: u64) -> Vec<u8> {
    let seed = (from as u64 + 1) * 1_000_000 + u64::from(lane) * 1000 + number;
    pattern(seed, 100 + (seed % 5900) as usize)
}

/// All messages are there, each once, the reliable ones of a lane in order, and important lanes first.
fn check_lanes(list: &[Got], from: Who) -> Result<String, String> {
    let mut seen = HashSet::new();
    let mut last_reliable = [0; LANES.len()];
    let mut places = [(0usize, 0usize); 4];
    for (place, message) in list.iter().enumerate() {
        let (lane, number) = (message.lane, message.number);
        let at = format!("from {from:?}, lane {lane}, message {number}");
        ensure!(usize::from(lane) < LANES.len(), "{at}: no such lane");
        ensure!(message.data == lane_message(from, lane, number), "{at}: wrong bytes");
        ensure!(seen.insert((lane, number)), "{at}: came twice");
        ensure!(message.reliable == (number % 5 != 0), "{at}: wrong kind");
        if message.reliable {
            let last = &mut last_reliable[usize::from(lane)];
            ensure!(*last < number, "{at}: came after message {last}");
            *last = number;
        }
        let (sum, count) = &mut places[LANES[usize::from(lane)].0 as usize];
        *sum += place;
        *count += 1;
    }
    let means = places.map(|(sum, count)| sum / count.max(1));
    ensure!(means.is_sorted(), "from {from:?}: mean places by priority are {means:?}");
    Ok(format!("{means:?}"))
}

/// Largest packet asked for, bytes.
const SMALL: usize = 200;

fn small_packets(role: Role, small: &[Who]) -> Outcome {
    let options = |who| {
        let mut options = FAST.to_vec();
        if small.contains(&who) {
            options.push((keys::MTU, Value::Int(SMALL as i32)));
        }
        options
    };
    let [ours, theirs] = Who::BOTH.map(options);
    let mut w = World::start()?;
    let (server, client) = if role.listener() == Who::Ours { (&ours, &theirs) } else { (&theirs, &ours) };
    let relay = Relay::start(w.listen(role, server)?)?;
    let link = w.dial(role, relay.address(), client)?;
    w.connected(link)?;
    // Handshake messages are padded and do not obey the setting.
    relay.forget();
    let mut count = 0;
    for (size, reliable) in [(10, true), (199, false), (2500, false), (50_000, true), (300_000, true)] {
        for from in Who::BOTH {
            let data = pattern(size as u64, size);
            w.send(from, link, &data, reliable, 0)?;
            let got = one(&mut w, from.other(), link, &format!("{size} bytes from {from:?}"))?;
            ensure!(got.data == data, "{size} bytes from {from:?}: wrong bytes");
            count += 1;
        }
    }
    let (from_client, from_server) = relay.largest();
    let (ours, theirs) =
        if role.listener() == Who::Ours { (from_server, from_client) } else { (from_client, from_server) };
    for (who, largest) in [(Who::Ours, ours), (Who::Gns, theirs)] {
        let most = if small.contains(&who) { SMALL } else { 1300 };
        ensure!(largest <= most, "{who:?} sent a packet of {largest} bytes, more than {most}");
    }
    Ok(format!("{count} messages; largest packets: ours {ours} bytes, theirs {theirs}"))
}

/// Messages of each kind.
const GAME_COUNT: u32 = 1000;
const FRAME: Duration = Duration::from_micros(16_667);

/// A connection of each role at the same time: 60 times a second a reliable and an unreliable message each way.
fn game() -> Outcome {
    let mut w = World::start()?;
    let mut links = Vec::new();
    for role in Role::BOTH {
        // With the field that times packets, which neither side sends by itself.
        let timed = &[(keys::TIME_SINCE_PREVIOUS, Value::Int(1))];
        links.push(w.link(role, timed, timed)?);
    }
    let mut tallies: Vec<Tally> = links
        .iter()
        .flat_map(|&link| Who::BOTH.map(|from| Tally { link, from, reliable: 0, unreliable: HashSet::new() }))
        .collect();
    let started = Instant::now();
    for tick in 0..GAME_COUNT {
        for &link in &links {
            for from in Who::BOTH {
                for reliable in [true, false] {
                    w.send(from, link, &game_message(from, tick, reliable), reliable, 0)?;
                }
            }
        }
        while started.elapsed() < FRAME * (tick + 1) {
            w.run_for(Duration::from_millis(2));
            tallies.iter_mut().try_for_each(|tally| tally.take(&mut w))?;
        }
    }
    w.until(HANDSHAKE, "everything arrives", |w| {
        tallies.iter_mut().try_for_each(|tally| tally.take(w))?;
        Ok(tallies.iter().all(Tally::complete))
    })?;
    let text = figures(&mut w, &links)?;
    Ok(format!("{GAME_COUNT}+{GAME_COUNT} messages on 2 connections, each way; {text}"))
}

/// Goes on playing until both sides have told each other how they receive, and looks at all figures.
fn figures(w: &mut World, links: &[Link]) -> Result<String, String> {
    let mut next = Instant::now();
    w.until(Duration::from_secs(25), "both sides know how the other one receives", |w| {
        let mut known = true;
        for &link in links {
            for who in Who::BOTH {
                known &= w.figures(who, link)?.quality_remote >= 0.0;
                w.receive(who, link);
            }
        }
        if next < Instant::now() {
            next += FRAME;
            for &link in links {
                for who in Who::BOTH {
                    w.send(who, link, b"a move", false, 0)?;
                    w.send(who, link, b"a shot", true, 0)?;
                }
            }
        }
        Ok(known)
    })?;
    let mut text = String::new();
    for (role, &link) in Role::BOTH.iter().zip(links) {
        for who in Who::BOTH {
            let f = w.figures(who, link)?;
            let at = format!("{role:?}, {who:?}");
            ensure!((0..=30).contains(&f.ping_ms), "{at}: ping of {} ms", f.ping_ms);
            ensure!((0.97..=1.0).contains(&f.quality_local), "{at}: local quality {}", f.quality_local);
            ensure!((0.97..=1.0).contains(&f.quality_remote), "{at}: remote quality {}", f.quality_remote);
            // Two messages per frame leave in one packet or two; acknowledgements add some.
            for (way, rate) in [("out", f.out_packets), ("in", f.in_packets)] {
                ensure!((40.0..=260.0).contains(&rate), "{at}: {rate} packets per second {way}");
            }
            if text.is_empty() {
                text = format!("ping {} ms, {:.0}/{:.0} packets/s", f.ping_ms, f.out_packets, f.in_packets);
            }
        }
    }
    Ok(text)
}

fn game_message(from: Who, tick: u32, reliable: bool) -> Vec<u8> {
    let seed = u64::from(tick) * 4 + u64::from(reliable) * 2 + from as u64;
    let mut data = tick.to_le_bytes().to_vec();
    data.extend(pattern(seed, 20 + (seed % 60) as usize));
    data
}

/// What came of one direction of a connection.
struct Tally {
    link: Link,
    from: Who,
    reliable: u32,
    unreliable: HashSet<u32>,
}

impl Tally {
    fn take(&mut self, w: &mut World) -> Result<(), String> {
        for message in w.receive(self.from.other(), self.link) {
            let tick = message.data.first_chunk().map_or(u32::MAX, |bytes| u32::from_le_bytes(*bytes));
            let at = format!("from {:?}: message {} of tick {tick}", self.from, message.number);
            ensure!(message.data == game_message(self.from, tick, message.reliable), "{at}: wrong bytes");
            // Each frame sends the reliable one first.
            let number = u64::from(tick) * 2 + if message.reliable { 1 } else { 2 };
            ensure!(message.number == number, "{at} should have number {number}");
            if message.reliable {
                ensure!(tick == self.reliable, "{at} comes when {} is due", self.reliable);
                self.reliable += 1;
            } else {
                ensure!(self.unreliable.insert(tick), "{at} came twice");
            }
        }
        Ok(())
    }

    fn complete(&self) -> bool {
        self.reliable == GAME_COUNT && self.unreliable.len() == GAME_COUNT as usize
    }
}
