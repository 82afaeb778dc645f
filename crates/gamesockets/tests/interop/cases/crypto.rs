//! Encryption: who gets which cipher.

use super::ensure;
use crate::env::Need;
use crate::harness::{Case, Outcome};
use crate::side::{CONNECTED, Facts, UNENCRYPTED, Value, keys};
use crate::world::{Role, Who, World};
use std::time::Duration;

pub(super) const CASES: &[Case] = &[
    Case { name: "cipher::gns_listens", needs: &[Need::Lib], limit: 60, run: || cipher(Role::GnsListens) },
    Case { name: "cipher::gns_connects", needs: &[Need::Lib], limit: 60, run: || cipher(Role::GnsConnects) },
];

/// What two settings agree on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Agreed {
    Aes,
    Null,
    Nothing,
}

/// By the setting of the one that listens, then of the one that connects (protocol.md §2.5).
const AGREED: [[Agreed; 4]; 4] = {
    use Agreed::{Aes, Nothing, Null};
    [[Aes, Aes, Aes, Nothing], [Aes, Aes, Aes, Null], [Aes, Null, Null, Null], [Nothing, Null, Null, Null]]
};

fn cipher(role: Role) -> Outcome {
    let mut w = World::start()?;
    let (server, client) = (role.listener(), role.listener().other());
    let mut tries = Vec::new();
    for (listening, row) in AGREED.iter().enumerate() {
        let option = |mode: usize| (keys::UNENCRYPTED, Value::Int(mode as i32));
        let to = w.listen(role, &[option(listening)])?;
        for (connecting, agreed) in row.iter().enumerate() {
            let link = w.dial(role, to, &[option(connecting)])?;
            tries.push((link, *agreed, format!("listening with {listening}, connecting with {connecting}")));
        }
    }
    // Long enough for those that will not agree to say so.
    w.run_for(Duration::from_secs(2));
    let mut ends = Vec::new();
    for (link, agreed, what) in &tries {
        let [a, b] = [server, client].map(|who| w.facts(who, *link));
        let (a, b) = (a?, b?);
        if *agreed == Agreed::Nothing {
            ensure!(a.state != CONNECTED && b.state != CONNECTED, "{what}: connected all the same");
            ends = vec![end(&a), end(&b)];
            continue;
        }
        for (who, facts) in [(server, &a), (client, &b)] {
            ensure!(facts.state == CONNECTED, "{what}: {who:?} has {}\n{}", end(facts), w.autopsy());
            let null = facts.flags & UNENCRYPTED != 0;
            ensure!(null == (*agreed == Agreed::Null), "{what}: {who:?} has flags {:#x}", facts.flags);
        }
        for from in Who::BOTH {
            w.send(from, *link, what.as_bytes(), true, 0)?;
            w.until(Duration::from_secs(3), what, |w| {
                Ok(w.receive(from.other(), *link).iter().any(|m| m.data == what.as_bytes()))
            })?;
        }
    }
    Ok(format!("16 combinations as the table says; no agreement: {}, {}", ends[0], ends[1]))
}

fn end(facts: &Facts) -> String {
    format!("state {} reason {} '{}'", facts.state, facts.end_reason, facts.end_debug)
}
