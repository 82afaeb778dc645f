//! Handshake, identities and a message there and back.

use super::ensure;
use crate::env::Need;
use crate::harness::{Case, Outcome};
use crate::side::{Opt, UNAUTHENTICATED, UNENCRYPTED, Value, keys};
use crate::world::{HANDSHAKE, Link, Role, Who, World, pattern, start};
use std::net::Ipv6Addr;
use std::time::Instant;

/// Sizes of the messages that go there and back, in bytes.
const SIZES: &[usize] = &[0, 1, 2, 63, 64, 500, 1100, 1199, 1200, 1201, 3000, 20_000, 200_000];

/// So that the large ones do not take long.
const OPTIONS: &[Opt] = &[(keys::RATE_MIN, Value::Int(2_000_000)), (keys::RATE_MAX, Value::Int(2_000_000))];

pub(super) const CASES: &[Case] = &[
    Case { name: "echo::gns_listens", needs: &[Need::Lib], limit: 30, run: || echo(Role::GnsListens) },
    Case { name: "echo::gns_connects", needs: &[Need::Lib], limit: 30, run: || echo(Role::GnsConnects) },
    Case { name: "nobody::gns_listens", needs: &[Need::Lib], limit: 30, run: || nobody(Role::GnsListens) },
    Case {
        name: "ipv6::gns_listens",
        needs: &[Need::Lib, Need::Ipv6],
        limit: 30,
        run: || ipv6(Role::GnsListens),
    },
    Case {
        name: "ipv6::gns_connects",
        needs: &[Need::Lib, Need::Ipv6],
        limit: 30,
        run: || ipv6(Role::GnsConnects),
    },
    Case { name: "nobody::gns_connects", needs: &[Need::Lib], limit: 30, run: || nobody(Role::GnsConnects) },
];

fn echo(role: Role) -> Outcome {
    let mut w = World::start()?;
    let started = Instant::now();
    let link = w.link(role, OPTIONS, OPTIONS)?;
    let handshake = started.elapsed();
    for (who, peer) in [(Who::Ours, "str:theirs"), (Who::Gns, "str:ours")] {
        let facts = w.facts(who, link)?;
        ensure!(facts.identity == peer, "{who:?} sees the peer as {}, not as {peer}", facts.identity);
        let protection = facts.flags & (UNAUTHENTICATED | UNENCRYPTED);
        ensure!(protection == UNAUTHENTICATED, "{who:?} has flags {:#x}", facts.flags);
    }
    let bytes = there_and_back(&mut w, link)?;
    Ok(format!("connected in {:.0} ms, {bytes} bytes each way", handshake.as_secs_f64() * 1e3))
}

fn nobody(role: Role) -> Outcome {
    let mut w = World::of(start(Who::Ours, None)?, start(Who::Gns, None)?);
    let link = w.link(role, OPTIONS, OPTIONS)?;
    let mut seen = Vec::new();
    for who in Who::BOTH {
        let facts = w.facts(who, link)?;
        ensure!(facts.identity.starts_with("ip:127.0.0.1:"), "{who:?} sees the peer as {}", facts.identity);
        seen.push(facts.identity);
    }
    there_and_back(&mut w, link)?;
    Ok(format!("we see {}, they see {}", seen[0], seen[1]))
}

fn ipv6(role: Role) -> Outcome {
    let mut w = World::of(start(Who::Ours, None)?, start(Who::Gns, None)?);
    let to = w.peer(role.listener()).side.listen_at(Ipv6Addr::LOCALHOST.into(), OPTIONS)?.1;
    let link = w.dial(role, to, OPTIONS)?;
    w.connected(link)?;
    for who in Who::BOTH {
        let facts = w.facts(who, link)?;
        ensure!(facts.identity.starts_with("ip:[::1]:"), "{who:?} sees the peer as {}", facts.identity);
    }
    there_and_back(&mut w, link)?;
    Ok(format!("{to}"))
}

/// Every size from each side, sent back by the other, reliably and not.
fn there_and_back(w: &mut World, link: Link) -> Result<usize, String> {
    let mut bytes = 0;
    for (i, &size) in SIZES.iter().enumerate() {
        for from in Who::BOTH {
            // What is larger than some fragments is sent reliably anyway.
            for reliable in [true, size > 16_000] {
                let data = pattern(i as u64 + 1, size);
                bytes += data.len();
                w.send(from, link, &data, reliable, 0)?;
                expect(w, from.other(), link, &data, reliable)?;
                w.send(from.other(), link, &data, reliable, 0)?;
                expect(w, from, link, &data, reliable)?;
            }
        }
    }
    Ok(bytes)
}

fn expect(w: &mut World, at: Who, link: Link, data: &[u8], reliable: bool) -> Result<(), String> {
    let what = format!("{at:?} gets {} bytes", data.len());
    w.until(HANDSHAKE, &what, |w| {
        let got = w.receive(at, link);
        let Some(message) = got.first() else { return Ok(false) };
        ensure!(got.len() == 1, "{} messages instead of one", got.len());
        ensure!(message.data == data, "other bytes ({} of them) arrived", message.data.len());
        ensure!(message.reliable == reliable, "arrived as reliable: {}", message.reliable);
        Ok(true)
    })?;
    Ok(())
}
