//! An echo server and a client, both with futures. Run with `--features async`.

use gamesockets::asynchronous::{AsyncConnection, AsyncListener};
use gamesockets::{Context, SendFlags};

async fn echo(connection: AsyncConnection) {
    while let Ok(message) = connection.recv().await {
        // If the peer has gone meanwhile, the next `recv` says so.
        let _ = connection.send(message.payload(), SendFlags::RELIABLE | SendFlags::NO_NAGLE);
    }
    let _ = connection.close(0, "", false);
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let context = Context::new()?;
    let listener = AsyncListener::new(context.listen("127.0.0.1:0".parse()?)?);
    println!("listening at {}", listener.local_addr());

    let client = AsyncConnection::new(context.connect(listener.local_addr())?);
    tokio::spawn(echo(listener.accept().await?));

    client.connected().await?;
    for word in ["hello", "from", "the", "future"] {
        client.send(word.as_bytes(), SendFlags::RELIABLE | SendFlags::NO_NAGLE)?;
        let answer = client.recv().await?;
        println!("{}", String::from_utf8_lossy(answer.payload()));
    }
    client.close(0, "that was all", true)?;
    Ok(())
}
