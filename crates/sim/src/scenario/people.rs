//! Who lives in a drawn world, and what they do.

use super::{Climate, Person, Scenario};
use crate::actor::{Accept, Plan, Read, Talk};
use crate::attack::{BAD_FRAMES, Deed, InsiderConfig, OutsiderConfig, Side, Trick};
use crate::host::DriverConfig;
use crate::rng::SimRng;
use core::net::{Ipv4Addr, SocketAddr};
use gamesockets_crypto::cert::{LocalCertificate, Template, TrustStore, bundle};
use gamesockets_crypto::rng::Rng;
use gamesockets_crypto::sign::SigningKey;
use gamesockets_endpoint::endpoint::EndpointConfig;
use gamesockets_endpoint::fakenet::{DirectionConfig, FakeNetConfig};
use gamesockets_proto::config::ConnConfig;
use gamesockets_wire::identity::Identity;
use std::sync::Arc;

/// Seconds since 1970 at the beginning of every drawn world.
pub(super) const UNIX_START: u64 = 1_800_000_000;
/// The port that servers listen on.
const PORT: u16 = 27_015;
/// Bytes that all connections of a world send together, about; keeps a world's run short.
const WORLD_BYTES: u64 = 6 << 20;

/// What all people of a world have in common.
struct Customs {
    talk: Talk,
    encrypt: bool,
    authority: Option<SigningKey>,
    doorman: bool,
}

pub(super) fn draw(scenario: &mut Scenario, rng: &mut SimRng) {
    let hosts = match rng.weighted(&[5, 4, 1]) {
        0 => rng.between(2, 4),
        1 => rng.between(3, 12),
        _ => rng.between(10, 50),
    };
    scenario.servers = rng.between(1, (hosts / 3).clamp(1, 3)) as usize;
    let hostile = rng.chance(0.25);
    let customs = customs(scenario, rng, hosts, hostile);
    for i in 0..hosts {
        let person = if (i as usize) < scenario.servers {
            server(scenario, rng, &customs, i)
        } else {
            client(scenario, rng, &customs, i)
        };
        scenario.people.push(person);
    }
    let crowd = customs.talk.clone();
    if hostile {
        enemies(scenario, rng, &crowd);
    }
    if rng.chance(0.1) {
        scenario.tags.push("crashes");
        let victim = rng.below(hosts) as usize;
        let at = rng.between(1_000_000, scenario.duration_us.max(2_000_000));
        if let Some(p) = scenario.people.get_mut(victim) {
            p.crash_us = Some(at);
        }
    }
}

fn customs(scenario: &mut Scenario, rng: &mut SimRng, hosts: u64, hostile: bool) -> Customs {
    let encrypt = hostile || scenario.climate.damages() || rng.chance(0.8);
    if !encrypt {
        scenario.tags.push("unequal ciphers");
    }
    let authority = rng.chance(0.15).then(|| SigningKey::from_seed(rng.bytes32()));
    let doorman = authority.is_some() && rng.chance(0.5);
    if authority.is_some() {
        scenario.tags.push(if doorman { "unsigned at the door" } else { "certificates" });
    }
    let size_max = match rng.weighted(&[4, 4, 1]) {
        0 => 1500,
        1 => 20_000,
        _ => 512 * 1024,
    };
    let talk = Talk {
        every_us: rng.magnitude(1_000, 1_000_000),
        burst: rng.magnitude(1, 60),
        size_max,
        bytes_max: (WORLD_BYTES / hosts).min(rng.magnitude(1024, 2 << 20)),
        reliable: rng.pick(&[0.0, 0.2, 0.5, 0.8, 1.0]).unwrap_or(0.5),
        odd_flags: rng.pick(&[0.0, 0.3]).unwrap_or(0.0),
        flush: rng.pick(&[0.0, 0.1]).unwrap_or(0.0),
        lanes_max: rng.pick(&[1, 1, 3, 8, 255]).unwrap_or(1),
        relane: rng.pick(&[0.0, 0.1]).unwrap_or(0.0),
        reconfigure: rng.pick(&[0.0, 0.0, 0.05]).unwrap_or(0.0),
    };
    Customs { talk, encrypt, authority, doorman }
}

fn config(scenario: &mut Scenario, rng: &mut SimRng, customs: &Customs) -> ConnConfig {
    let largest = (customs.talk.size_max as i32).max(64);
    // A sender much faster than the link only fills the queue: it knows no other rate than the one it is given.
    let fastest = if scenario.climate == Climate::Narrow { 512 << 10 } else { 8 << 20 };
    let rate = rng.magnitude(64 * 1024, fastest) as i32;
    let mut c = ConnConfig {
        send_rate_min: rate,
        send_rate_max: if rng.chance(0.5) { rate } else { rate.saturating_mul(4).min(1 << 28) },
        send_buffer_size: largest.max(rng.magnitude(4096, 2 << 20) as i32),
        recv_buffer_size: largest.max(rng.magnitude(64 * 1024, 2 << 20) as i32) + 8,
        recv_buffer_messages: rng.magnitude(2, 1000) as i32,
        mtu_packet_size: rng.pick(&[1300, 1300, 1200, 576, 200]).unwrap_or(1300),
        nagle_us: rng.pick(&[5000, 5000, 0, 20_000]).unwrap_or(5000),
        send_time_since_previous: rng.pick(&[-1, -1, 0, 1]).unwrap_or(-1),
        ..ConnConfig::default()
    };
    if rng.chance(0.05) {
        // A packet with one segment on each of all lanes must pass: a lower limit than that is for ever in its way.
        c.recv_max_segments_per_packet = rng.between(300, 1300) as i32;
    }
    if !customs.encrypt {
        c.unencrypted = rng.below(4) as i32;
    }
    if rng.chance(0.1) {
        c.timeout_connected_ms = rng.between(4_000, 20_000) as i32;
        c.timeout_initial_ms = rng.between(2_000, 15_000) as i32;
        scenario.tags.push("short time-outs");
    }
    c
}

fn person(scenario: &mut Scenario, rng: &mut SimRng, customs: &Customs, i: u64) -> Person {
    let named = customs.authority.is_some() || rng.chance(0.7);
    let identity = if named { Identity::string(&format!("person{i}")) } else { Ok(Identity::localhost()) };
    let identity = identity.unwrap_or(Identity::Invalid);
    let mut trust = TrustStore::default();
    let mut certificate = None;
    if let Some(ca) = &customs.authority {
        // A full store cannot happen: it is empty.
        let _ = trust.add_root(ca.public());
        let signed = !customs.doorman || (i as usize) < scenario.servers || rng.chance(0.6);
        certificate = signed.then(|| certify(ca, rng, &identity)).flatten();
    }
    let config = config(scenario, rng, customs);
    let mut plan = Plan { config: Arc::new(config), talk: Some(customs.talk.clone()), ..Plan::default() };
    plan.start_within_us = rng.magnitude(1, scenario.duration_us / 2);
    plan.linger = rng.pick(&[0.0, 0.5, 1.0]).unwrap_or(0.5);
    plan.forget = rng.pick(&[0.0, 0.0, 0.2]).unwrap_or(0.0);
    if rng.chance(0.4) {
        plan.close_within_us = rng.magnitude(100_000, scenario.duration_us * 2);
        plan.reconnect = rng.chance(0.7);
    }
    if rng.chance(0.2) {
        plan.read = Read::Slow(rng.magnitude(1, 100) as usize, rng.magnitude(1_000, 500_000));
        scenario.tags.push("slow reader");
    }
    if rng.chance(0.1) {
        plan.pairs = (rng.below(2), rng.below(3));
    }
    Person {
        endpoint: EndpointConfig {
            identity,
            trust,
            unix_time_at_start: UNIX_START,
            ..EndpointConfig::default()
        },
        certificate,
        plan,
        driver: driver(rng),
        fake: fake(scenario, rng),
        crash_us: None,
    }
}

fn certify(ca: &SigningKey, rng: &mut SimRng, identity: &Identity) -> Option<Arc<LocalCertificate>> {
    let key = SigningKey::generate(&mut Rng::new(rng.bytes32()));
    let template = Template {
        identity: Some(identity.clone()),
        app_ids: vec![0],
        created: UNIX_START as u32 - 1000,
        expires: UNIX_START as u32 + 100_000,
        ..Template::default()
    };
    let signed = gamesockets_crypto::cert::issue(ca, &key.public(), &template).ok()?;
    let blob = bundle(&signed, &key);
    LocalCertificate::from_signed(&blob, key).ok().map(Arc::new)
}

fn driver(rng: &mut SimRng) -> DriverConfig {
    let mut d = DriverConfig {
        receive_batch: rng.magnitude(1, 64),
        send_batch: rng.magnitude(1, 128),
        socket_errors: rng.pick(&[0.0, 0.5]).unwrap_or(0.0),
        boxes: rng.chance(0.5),
        mapped: rng.chance(0.3),
        ..DriverConfig::default()
    };
    match rng.weighted(&[5, 3, 2]) {
        0 => {}
        1 => d.late_us = rng.magnitude(100, 15_000),
        _ => d.period_us = rng.pick(&[4_000, 8_333, 16_667]).unwrap_or(16_667),
    }
    d
}

fn fake(scenario: &mut Scenario, rng: &mut SimRng) -> Option<FakeNetConfig> {
    if !rng.chance(0.03) {
        return None;
    }
    scenario.tags.push("fake network");
    let mut direction = || DirectionConfig {
        loss_pct: rng.below(10) as f32,
        lag_ms: rng.below(100) as i32,
        reorder_pct: rng.below(20) as f32,
        reorder_ms: rng.below(30) as i32,
        dup_pct: rng.below(10) as f32,
        jitter_avg_ms: rng.below(5) as f32,
        ..DirectionConfig::default()
    };
    Some(FakeNetConfig { send: direction(), recv: direction() })
}

fn server(scenario: &mut Scenario, rng: &mut SimRng, customs: &Customs, i: u64) -> Person {
    let mut p = person(scenario, rng, customs, i);
    p.plan.listen = Some(PORT);
    if customs.doorman {
        let config = ConnConfig { ip_allow_without_auth: 0, ..*p.plan.config };
        p.plan.config = Arc::new(config);
    }
    p.plan.accept = match rng.weighted(&[12, 3, 1, 2]) {
        0 => Accept::AtOnce,
        1 => {
            scenario.tags.push("slow accept");
            Accept::Late(rng.magnitude(1_000, 8_000_000))
        }
        2 => {
            scenario.tags.push("no accept");
            Accept::Never
        }
        _ => Accept::Refuse(rng.between(1, 4)),
    };
    if rng.chance(0.1) {
        scenario.tags.push("relisten");
        p.plan.relisten_us = rng.magnitude(1_000_000, 20_000_000);
    }
    p
}

fn client(scenario: &mut Scenario, rng: &mut SimRng, customs: &Customs, i: u64) -> Person {
    let mut p = person(scenario, rng, customs, i);
    for _ in 0..rng.magnitude(1, 3) {
        let server = rng.below(scenario.servers as u64);
        p.plan.connect.push(address(server));
    }
    if rng.chance(0.2) {
        scenario.tags.push("port reuse");
        p.plan.reuse_port = true;
    }
    p
}

fn address(host: u64) -> SocketAddr {
    let [high, low] = (host as u16).to_be_bytes();
    SocketAddr::from((Ipv4Addr::new(10, 0, high, low), PORT))
}

fn enemies(scenario: &mut Scenario, rng: &mut SimRng, talk: &Talk) {
    let targets: Vec<SocketAddr> = (0..scenario.servers as u64).map(address).collect();
    if rng.chance(0.7) {
        scenario.tags.push("outsider");
        let mut tricks: Vec<Trick> = Trick::ALL.into_iter().filter(|_| rng.chance(0.5)).collect();
        tricks.push(Trick::Replay);
        let (period_us, burst) = (rng.magnitude(1_000, 500_000), rng.magnitude(1, 20));
        scenario.outsider = Some(OutsiderConfig { tricks, period_us, burst, targets: targets.clone() });
    }
    for number in 0..rng.below(4) as u16 {
        let deed = draw_deed(rng);
        let side = match rng.pick(&targets) {
            Some(to) if rng.chance(0.6) => Side::Client(to),
            _ => Side::Server,
        };
        let config = InsiderConfig {
            number,
            side,
            deed,
            period_us: rng.magnitude(5_000, 200_000),
            ..InsiderConfig::default()
        };
        if side == Side::Server {
            // Somebody walks into it.
            let trap = SocketAddr::from((Ipv4Addr::new(10, 9, 0, number as u8), 6666));
            if let Some(p) = scenario.people.last_mut() {
                p.plan.connect.push(trap);
            }
        }
        scenario.insiders.push(config);
    }
    let _ = talk;
}

fn draw_deed(rng: &mut SimRng) -> Deed {
    let bad = Deed::BadFrame(rng.below(BAD_FRAMES.len() as u64 - 1) as u8);
    rng.pick(&[
        Deed::Behave,
        Deed::Silent,
        Deed::NeverAck,
        Deed::AckUnsent,
        Deed::AckStorm,
        bad,
        bad,
        Deed::Noise,
        Deed::ManyLanes,
        Deed::HalfMessages,
        Deed::Holes,
        Deed::Fragments,
        Deed::PacketJumps,
        Deed::Flood,
        Deed::Overlaps,
    ])
    .unwrap_or(Deed::Behave)
}

impl Climate {
    /// Whether the climate may be met by plain text: nothing damages datagrams.
    pub const fn allows_plain_text(self) -> bool {
        !self.damages()
    }
}
