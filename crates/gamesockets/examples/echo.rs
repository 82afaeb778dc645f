//! An echo server and a client in one program, the way a game would do it: poll every frame.

use gamesockets::{Connection, ConnectionState, Context, Event, SendFlags};
use std::time::Duration;

/// What a server does every frame.
fn serve(context: &Context, clients: &mut Vec<Connection>) -> Result<(), Box<dyn std::error::Error>> {
    for event in context.poll_events() {
        let Event::ConnectionStatusChanged { connection, new, info, .. } = event else { continue };
        match new {
            ConnectionState::Connecting if info.listener.is_some() => {
                connection.accept()?;
                clients.push(connection);
            }
            ConnectionState::ClosedByPeer | ConnectionState::ProblemDetectedLocally => {
                println!("{} left: {} {}", info.description, info.end_reason, info.end_debug);
                clients.retain(|c| *c != connection);
                connection.close(0, "", false)?;
            }
            _ => {}
        }
    }
    for client in clients {
        for message in client.receive(100)? {
            client.send(message.payload(), SendFlags::RELIABLE | SendFlags::NO_NAGLE)?;
        }
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = Context::new()?;
    let listener = server.listen("127.0.0.1:0".parse()?)?;
    println!("listening at {}", listener.local_addr());
    let mut clients = Vec::new();

    let client = Context::new()?;
    let connection = client.connect(listener.local_addr())?;
    for word in ["hello", "from", "the", "example"] {
        // Not connected yet: the words wait.
        connection.send(word.as_bytes(), SendFlags::RELIABLE)?;
    }
    let mut echoed = 0;
    while echoed < 4 {
        serve(&server, &mut clients)?;
        for message in connection.receive(10)? {
            println!("{}", String::from_utf8_lossy(message.payload()));
            echoed += 1;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    connection.close(1000, "that was all", true)?;
    while !clients.is_empty() {
        serve(&server, &mut clients)?;
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}
