//! Ends: with a reason, with words, with data still on its way.

use super::ensure;
use crate::env::Need;
use crate::harness::{Case, Outcome};
use crate::side::{CLOSED_BY_PEER, Facts, Opt, Value, keys};
use crate::world::{HANDSHAKE, Link, Role, Who, World, pattern};
use std::time::Duration;

/// What is still on its way when a lingering connection is closed.
const LINGER_MESSAGES: u64 = 40;
const LINGER_BYTES: usize = 10_000;
const REASON: i32 = 1234;
const TEXT: &str = "time to go";

pub(super) const CASES: &[Case] = &[
    Case { name: "close::gns_listens", needs: &[Need::Lib], limit: 60, run: || close(Role::GnsListens) },
    Case { name: "close::gns_connects", needs: &[Need::Lib], limit: 60, run: || close(Role::GnsConnects) },
    Case { name: "refuse::gns_listens", needs: &[Need::Lib], limit: 30, run: || refuse(Role::GnsListens) },
    Case { name: "refuse::gns_connects", needs: &[Need::Lib], limit: 30, run: || refuse(Role::GnsConnects) },
];

const OPTIONS: &[Opt] = &[
    (keys::RATE_MIN, Value::Int(400_000)),
    (keys::RATE_MAX, Value::Int(400_000)),
    (keys::SEND_BUFFER, Value::Int(1 << 20)),
];

fn close(role: Role) -> Outcome {
    let mut w = World::start()?;
    for closer in Who::BOTH {
        let link = w.link(role, OPTIONS, OPTIONS)?;
        w.peer(closer).side.close(link.of(closer), REASON, TEXT, false)?;
        check(&goodbye(&mut w, closer.other(), link, HANDSHAKE)?, REASON, TEXT)?;
        w.peer(closer.other()).side.close(link.of(closer.other()), 0, "", false)?;
    }
    for closer in Who::BOTH {
        let link = w.link(role, OPTIONS, OPTIONS)?;
        for i in 0..LINGER_MESSAGES {
            w.send(closer, link, &pattern(i, LINGER_BYTES), true, 0)?;
        }
        w.peer(closer).side.close(link.of(closer), REASON + 1, TEXT, true)?;
        let mut got = Vec::new();
        let facts = {
            let reader = closer.other();
            w.until(HANDSHAKE, &format!("{closer:?} lingers until its data is there"), |w| {
                got.extend(w.receive(reader, link));
                Ok(w.peer(reader).reported(link.of(reader), CLOSED_BY_PEER).is_some())
            })?;
            got.extend(w.receive(reader, link));
            goodbye(&mut w, reader, link, HANDSHAKE)?
        };
        check(&facts, REASON + 1, TEXT)?;
        ensure!(got.len() as u64 == LINGER_MESSAGES, "{closer:?} lingered, {} messages arrived", got.len());
        for (i, message) in got.iter().enumerate() {
            ensure!(
                message.data == pattern(i as u64, LINGER_BYTES),
                "message {i} from {closer:?}: wrong bytes"
            );
        }
    }
    Ok(format!("reason and text both ways; {LINGER_MESSAGES} messages behind a lingering close both ways"))
}

/// The peer says no before it accepts.
fn refuse(role: Role) -> Outcome {
    let mut w = World::start()?;
    w.peer(role.listener()).accepts = false;
    let to = w.listen(role, &[])?;
    let link = w.dial(role, to, &[])?;
    w.run_for(Duration::from_millis(300));
    let server = role.listener();
    w.peer(server).side.close(link.of(server), REASON, "no room", false)?;
    let facts = goodbye(&mut w, server.other(), link, HANDSHAKE)?;
    check(&facts, REASON, "no room")?;
    Ok(format!("{} '{}'", facts.end_reason, facts.end_debug))
}

fn goodbye(w: &mut World, at: Who, link: Link, limit: Duration) -> Result<Facts, String> {
    let what = format!("{at:?} sees the end");
    w.until(limit, &what, |w| Ok(w.peer(at).reported(link.of(at), CLOSED_BY_PEER).is_some()))?;
    w.peer(at).reported(link.of(at), CLOSED_BY_PEER).cloned().ok_or(what)
}

fn check(facts: &Facts, reason: i32, text: &str) -> Result<(), String> {
    ensure!(facts.end_reason == reason, "reason {} instead of {reason}", facts.end_reason);
    ensure!(facts.end_debug == text, "text '{}' instead of '{text}'", facts.end_debug);
    Ok(())
}
