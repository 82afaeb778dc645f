//! Lanes: a large download does not hold up what is urgent, and two downloads share as told.

use gamesockets::{Context, Identity, LaneConfig, SendFlags, SocketPairKind};
use std::time::Duration;

const URGENT: u16 = 0;
const MAP: u16 = 1;
const MUSIC: u16 = 2;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let context = Context::new()?;
    let nobody = Identity::localhost;
    let (server, player) = context.socket_pair(SocketPairKind::Network, [nobody(), nobody()])?;

    // Smaller priority numbers go first; the map gets three times what the music gets.
    server.configure_lanes(&[
        LaneConfig { priority: 0, weight: 1 },
        LaneConfig { priority: 1, weight: 3 },
        LaneConfig { priority: 1, weight: 1 },
    ])?;
    for _ in 0..15 {
        server.send_on_lane(&[0; 8192], SendFlags::RELIABLE, MAP)?;
        server.send_on_lane(&[0; 8192], SendFlags::RELIABLE, MUSIC)?;
    }
    server.send_on_lane(b"the door opens", SendFlags::RELIABLE | SendFlags::NO_NAGLE, URGENT)?;

    let mut left = 31;
    while left > 0 {
        for message in player.receive(100)? {
            let name = ["urgent", "map", "music"].get(usize::from(message.lane())).unwrap_or(&"?");
            println!("{name} {}: {} bytes", message.number(), message.payload().len());
            left -= 1;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    let (status, lanes) = server.status_with_lanes(3)?;
    println!("ping {} ms, {} bytes in flight", status.ping_ms, status.sent_unacked_reliable);
    println!("waiting per lane: {:?}", lanes.iter().map(|l| l.pending_reliable).collect::<Vec<_>>());
    Ok(())
}
