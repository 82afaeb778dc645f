//! Many connections of one process.

use super::ensure;
use crate::env::Need;
use crate::harness::{Case, Outcome};
use crate::side::CONNECTED;
use crate::world::{Role, World};
use std::collections::HashMap;
use std::time::Duration;

const CONNECTIONS: usize = 200;
const LIMIT: Duration = Duration::from_secs(25);

pub(super) const CASES: &[Case] = &[
    Case { name: "crowd::gns_listens", needs: &[Need::Lib], limit: 60, run: || crowd(Role::GnsListens) },
    Case { name: "crowd::gns_connects", needs: &[Need::Lib], limit: 60, run: || crowd(Role::GnsConnects) },
];

fn crowd(role: Role) -> Outcome {
    let mut w = World::start()?;
    let (server, client) = (role.listener(), role.listener().other());
    let to = w.listen(role, &[])?;
    let mut clients = Vec::new();
    for _ in 0..CONNECTIONS {
        clients.push(w.peer(client).side.connect(to, &[])?);
    }
    let connected = w.until(LIMIT, "all are connected", |w| {
        let servers: Vec<u32> = w.peer(server).requests().collect();
        let up = |w: &mut World, who, conns: &[u32]| conns.iter().all(|c| w.peer(who).state(*c) == CONNECTED);
        Ok(servers.len() == CONNECTIONS && up(w, client, &clients) && up(w, server, &servers))
    })?;
    let servers: Vec<u32> = w.peer(server).requests().collect();
    for (i, conn) in clients.iter().enumerate() {
        let text = format!("number {i}");
        w.peer(client).side.send(*conn, text.as_bytes(), true, 0).map_err(|e| format!("{text}: {e:?}"))?;
    }
    // The server sends back what it got; every client gets its own.
    let mut answered = HashMap::new();
    let echoed = w.until(LIMIT, "everybody got an answer", |w| {
        for conn in &servers {
            for message in w.peer(server).side.receive(*conn) {
                let sent = w.peer(server).side.send(*conn, &message.data, true, 0);
                sent.map_err(|e| format!("no answer: {e:?}"))?;
            }
        }
        for (i, conn) in clients.iter().enumerate() {
            for message in w.peer(client).side.receive(*conn) {
                ensure!(
                    message.data == format!("number {i}").as_bytes(),
                    "client {i} got somebody else's answer"
                );
                ensure!(answered.insert(i, ()).is_none(), "client {i} got two answers");
            }
        }
        Ok(answered.len() == CONNECTIONS)
    })?;
    let (connected, echoed) = (connected.as_secs_f64() * 1e3, echoed.as_secs_f64() * 1e3);
    Ok(format!("{CONNECTIONS} connected in {connected:.0} ms, all answered in {echoed:.0} ms"))
}
