//! Limits and odd moments: too early, too large, too slow, too many.

use super::ensure;
use crate::env::Need;
use crate::harness::{Case, Outcome};
use crate::side::{CLOSED_BY_PEER, CONNECTED, Got, Opt, PROBLEM, Value, keys};
use crate::world::{HANDSHAKE, Link, Role, Who, World, pattern};
use std::collections::HashSet;
use std::time::{Duration, Instant};

pub(super) const CASES: &[Case] = &[
    case("early::gns_listens", || early(Role::GnsListens)),
    case("early::gns_connects", || early(Role::GnsConnects)),
    case("undecided::gns_listens", || undecided(Role::GnsListens)),
    case("undecided::gns_connects", || undecided(Role::GnsConnects)),
    case("too_large::gns_listens", || too_large(Role::GnsListens)),
    case("too_large::gns_connects", || too_large(Role::GnsConnects)),
    case("slow_reader::bytes", || slow_reader(60_000, 60)),
    case("slow_reader::messages", || slow_reader(10, 3000)),
    case("many_lanes::gns_listens", || many_lanes(Role::GnsListens)),
    case("many_lanes::gns_connects", || many_lanes(Role::GnsConnects)),
    case("terrible_network::ours", || terrible(Role::GnsListens, Who::Ours)),
    case("terrible_network::theirs", || terrible(Role::GnsConnects, Who::Gns)),
];

const fn case(name: &'static str, run: fn() -> Outcome) -> Case {
    Case { name, needs: &[Need::Lib], limit: 60, run }
}

const FAST: &[Opt] = &[
    (keys::RATE_MIN, Value::Int(4_000_000)),
    (keys::RATE_MAX, Value::Int(4_000_000)),
    (keys::SEND_BUFFER, Value::Int(8 << 20)),
];

/// The one that connects sends before anybody has answered, the one that listens right after it accepted.
fn early(role: Role) -> Outcome {
    let mut w = World::start()?;
    let (server, client) = (role.listener(), role.listener().other());
    w.peer(server).accepts = false;
    let to = w.listen(role, &[])?;
    let conn = w.peer(client).side.connect(to, &[])?;
    for i in 0..20 {
        let sent = w.peer(client).side.send(conn, &pattern(i, 1000), true, 0);
        ensure!(matches!(sent, Ok(number) if number == i + 1), "message {i}: {sent:?}");
    }
    w.until(HANDSHAKE, "a request comes in", |w| Ok(w.peer(server).requests().next().is_some()))?;
    let other = w.peer(server).requests().next().ok_or("the request is gone")?;
    w.peer(server).side.accept(other)?;
    for i in 0..20 {
        let sent = w.peer(server).side.send(other, &pattern(100 + i, 1000), true, 0);
        ensure!(sent.is_ok(), "message {i}: {sent:?}");
    }
    let mut got = [Vec::new(), Vec::new()];
    w.until(HANDSHAKE, "all early messages arrive", |w| {
        got[0].extend(w.peer(server).side.receive(other));
        got[1].extend(w.peer(client).side.receive(conn));
        Ok(got.iter().all(|list| list.len() >= 20))
    })?;
    for (list, base) in got.iter().zip([0, 100]) {
        let right = list.iter().enumerate().all(|(i, m)| m.data == pattern(base + i as u64, 1000));
        ensure!(right && list.len() == 20, "wrong messages");
    }
    Ok("20 messages before the connection is up, 20 right after accepting".to_owned())
}

/// The application never says yes or no.
fn undecided(role: Role) -> Outcome {
    let mut w = World::start()?;
    let (server, client) = (role.listener(), role.listener().other());
    w.peer(server).accepts = false;
    let to = w.listen(role, &[(keys::TIMEOUT_INITIAL, Value::Int(1500))])?;
    let link = w.dial(role, to, &[])?;
    w.until(HANDSHAKE, "the attempt ends", |w| {
        Ok(w.peer(client).state(link.of(client)) == CLOSED_BY_PEER
            && w.peer(server).state(link.of(server)) == PROBLEM)
    })?;
    let [a, b] = [client, server].map(|who| w.facts(who, link));
    let (a, b) = (a?, b?);
    ensure!(a.end_reason == 5003 && b.end_reason == 5003, "reasons {} and {}", a.end_reason, b.end_reason);
    Ok(format!("5003 '{}'", a.end_debug))
}

/// A message beyond what the other side takes in ends the connection, and both know why.
fn too_large(role: Role) -> Outcome {
    let mut w = World::start()?;
    let mut texts = Vec::new();
    for from in Who::BOTH {
        let limited: &[Opt] = &[(keys::RECV_MESSAGE_SIZE, Value::Int(1000))];
        let (ours, theirs): (&[Opt], &[Opt]) =
            if from == Who::Ours { (&[], limited) } else { (limited, &[]) };
        let link = w.link(role, ours, theirs)?;
        w.send(from, link, &pattern(1, 1000), true, 0)?;
        w.until(HANDSHAKE, "the largest message arrives", |w| Ok(!w.receive(from.other(), link).is_empty()))?;
        w.send(from, link, &pattern(1, 1001), true, 0)?;
        w.until(HANDSHAKE, "the connection ends", |w| {
            Ok(w.peer(from).state(link.of(from)) == CLOSED_BY_PEER
                && w.peer(from.other()).state(link.of(from.other())) == PROBLEM)
        })?;
        let facts = w.facts(from, link)?;
        texts.push(format!("{from:?} sent: {} '{}'", facts.end_reason, facts.end_debug));
        ensure!(facts.end_reason == 5002, "{from:?} was told {}", facts.end_reason);
    }
    Ok(texts.join("; "))
}

/// More than the receive buffer holds is sent while the application does not read; nothing is lost.
fn slow_reader(size: usize, count: u64) -> Outcome {
    let mut w = World::start()?;
    let small: Vec<Opt> = FAST
        .iter()
        .copied()
        .chain([(keys::RECV_BUFFER, Value::Int(1 << 20)), (keys::RECV_MESSAGES, Value::Int(1000))])
        .collect();
    let mut text = String::new();
    for (role, from) in Role::BOTH.into_iter().zip(Who::BOTH) {
        let link = w.link(role, &small, &small)?;
        for i in 0..count {
            w.send(from, link, &pattern(i, size), true, 0)?;
        }
        w.run_for(Duration::from_millis(1500));
        let first = w.receive(from.other(), link);
        let held: usize = first.iter().map(|m| m.data.len()).sum();
        ensure!((first.len() as u64) < count, "all {count} messages were held though nobody read");
        ensure!(first.len() <= 1000 && held <= 1 << 20, "{} messages, {held} bytes were held", first.len());
        let mut got = first.clone();
        let time = w.until(Duration::from_secs(12), "the rest arrives", |w| {
            got.extend(w.receive(from.other(), link));
            Ok(got.len() as u64 >= count)
        })?;
        for (i, message) in got.iter().enumerate() {
            ensure!(message.data == pattern(i as u64, size), "message {i} from {from:?}: wrong bytes");
        }
        text.push_str(&format!(
            "{from:?} sent {count}, {} held, rest {:.1} s later; ",
            first.len(),
            time.as_secs_f64()
        ));
    }
    Ok(text.trim_end_matches("; ").to_owned())
}

/// Lanes are set up while data flows, and as many as there can be. The reference library receives on all of them, but
/// writes the selection of lanes from 8 on wrong, so that it can use only eight itself.
fn many_lanes(role: Role) -> Outcome {
    let mut w = World::start()?;
    let link = w.link(role, FAST, FAST)?;
    let mut got = [Vec::<Got>::new(), Vec::new()];
    for (list, from) in got.iter_mut().zip(Who::BOTH) {
        let mut expected = 0;
        let steps: &[u16] = if from == Who::Ours { &[1, 7, 8, 9, 100, 255] } else { &[1, 7, 8] };
        for &lanes in steps {
            w.peer(from).side.lanes(link.of(from), &vec![(0, 1); usize::from(lanes)])?;
            for lane in 0..lanes {
                w.send(from, link, &pattern(u64::from(lane), 300), true, lane)?;
                w.send(from, link, &pattern(u64::from(lane) + 1000, 40), false, lane)?;
                expected += 2;
            }
            w.until(HANDSHAKE, &format!("{lanes} lanes from {from:?}"), |w| {
                list.extend(w.receive(from.other(), link));
                Ok(list.len() >= expected)
            })?;
        }
        let right = list.iter().all(|m| {
            let lane = u64::from(m.lane);
            if m.reliable { m.data == pattern(lane, 300) } else { m.data == pattern(lane + 1000, 40) }
        });
        ensure!(right && list.len() == expected, "from {from:?}: wrong messages");
    }
    Ok(format!("{} messages on 255 lanes to them, {} on 8 lanes to us", got[0].len(), got[1].len()))
}

/// A quarter of the packets is lost, a fifth is late, a tenth comes twice, and none is on time.
const TERRIBLE: &[Opt] = &[
    (keys::LOSS_SEND, Value::Float(25.0)),
    (keys::LOSS_RECV, Value::Float(25.0)),
    (keys::REORDER_SEND, Value::Float(20.0)),
    (keys::REORDER_RECV, Value::Float(20.0)),
    (keys::REORDER_TIME, Value::Int(30)),
    (keys::DUP_SEND, Value::Float(10.0)),
    (keys::DUP_RECV, Value::Float(10.0)),
    (keys::JITTER_SEND, Value::Float(5.0)),
    (keys::JITTER_RECV, Value::Float(5.0)),
];
const TERRIBLE_COUNT: u64 = 150;
const TERRIBLE_LANES: [(i32, u16); 3] = [(0, 1), (1, 2), (1, 5)];

fn terrible(role: Role, simulator: Who) -> Outcome {
    let mut w = World::start()?;
    w.configure(simulator, TERRIBLE)?;
    let started = Instant::now();
    let link = w.link(role, FAST, FAST)?;
    let handshake = started.elapsed();
    for from in Who::BOTH {
        w.peer(from).side.lanes(link.of(from), &TERRIBLE_LANES)?;
        for number in 1..=TERRIBLE_COUNT {
            for lane in 0..TERRIBLE_LANES.len() as u16 {
                w.send(from, link, &terrible_message(from, lane, number), number % 3 != 0, lane)?;
            }
        }
    }
    let reliable = TERRIBLE_LANES.len() as u64 * (TERRIBLE_COUNT - TERRIBLE_COUNT / 3);
    let mut heard = Who::BOTH.map(Heard::new);
    w.until(Duration::from_secs(40), "everything reliable arrives", |w| {
        heard.iter_mut().try_for_each(|heard| heard.take(w, link))?;
        Ok(heard.iter().all(|heard| heard.reliable == reliable))
    })?;
    // The end has to get through as well; a lost goodbye is repeated when something more comes.
    for who in Who::BOTH {
        ensure!(w.facts(who, link)?.state == CONNECTED, "{who:?} is not connected any more");
    }
    let unreliable = heard.map(|heard| heard.seen.len() as u64 - reliable);
    Ok(format!(
        "connected in {:.1} s; {reliable} reliable messages each way in {:.1} s, {} and {} of {} unreliable ones",
        handshake.as_secs_f64(),
        started.elapsed().as_secs_f64(),
        unreliable[0],
        unreliable[1],
        TERRIBLE_LANES.len() as u64 * (TERRIBLE_COUNT / 3)
    ))
}

fn terrible_message(from: Who, lane: u16, number: u64) -> Vec<u8> {
    let seed = (from as u64 + 1) * 100_000 + u64::from(lane) * 10_000 + number;
    // Every third is unreliable and has up to four fragments.
    pattern(seed, (seed % 4500) as usize)
}

/// What arrived from one side.
struct Heard {
    from: Who,
    reliable: u64,
    last: [u64; TERRIBLE_LANES.len()],
    seen: HashSet<(u16, u64)>,
}

impl Heard {
    fn new(from: Who) -> Self {
        Self { from, reliable: 0, last: [0; TERRIBLE_LANES.len()], seen: HashSet::new() }
    }

    fn take(&mut self, w: &mut World, link: Link) -> Result<(), String> {
        for message in w.receive(self.from.other(), link) {
            let (lane, number) = (message.lane, message.number);
            let at = format!("from {:?}, lane {lane}, message {number}", self.from);
            ensure!(message.data == terrible_message(self.from, lane, number), "{at}: wrong bytes");
            let new = self.seen.insert((lane, number));
            if !message.reliable {
                // A whole unreliable message in a packet that came twice is not told apart by number.
                continue;
            }
            ensure!(new, "{at}: came twice");
            let last = &mut self.last[usize::from(lane)];
            ensure!(*last < number, "{at}: after message {last}");
            *last = number;
            self.reliable += 1;
        }
        Ok(())
    }
}
