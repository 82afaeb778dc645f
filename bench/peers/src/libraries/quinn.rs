//! quinn (QUIC: TLS 1.3, AES-256-GCM), on a runtime with one thread.
//!
//! Settings: `mode=uni` (a stream for each message, the default) or `mode=buf` (messages with a length before them on
//! one stream, gathered into writes of up to 16 KiB); `cc=cubic|bbr`; `window-kb=N` (bytes not acknowledged yet).

use crate::child::{ChildArgs, Parent, Scenario, nanos, say, say_rtt, say_setups, say_window};
use bench_common::window::Window;
use bench_common::{Result, socket};
use bytes::Bytes;
use quinn::congestion::{BbrConfig, CubicConfig};
use quinn::{ClientConfig, Connection, Endpoint, EndpointConfig, RecvStream, ServerConfig, TransportConfig};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// The name both sides agree on.
const NAME: &str = "localhost";
/// PKCS #8 of an Ed25519 key whose seed is 32 bytes of 7: for measuring only.
const KEY_HEAD: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
const KEY_SEED: [u8; 32] = [7; 32];
/// Windows that are never the limit; the defaults are made for 100 Mbit/s over 100 ms.
const STREAM_WINDOW: u32 = 64 << 20;
const RECEIVE_WINDOW: u32 = 128 << 20;
const DATAGRAM_RECEIVE: usize = 8 << 20;
const DATAGRAM_SEND: usize = 1 << 20;
const STREAMS: u32 = 4096;
/// Bytes of one write of several messages.
const WRITE: usize = 16_384;
/// Bytes after which a sender lets the library's own tasks run on its thread.
const TURN: usize = 64 << 10;
/// Connection attempts at one time, for idle connections.
const BATCH: usize = 32;
/// Time beyond the run after which a sender that still waits is stopped.
const BLOCKED: Duration = Duration::from_millis(200);
const KEEP_ALIVE: Duration = Duration::from_secs(10);

type Counted = Arc<Mutex<Window>>;

fn add(window: &Counted, messages: u64, bytes: u64) {
    window.lock().unwrap_or_else(PoisonError::into_inner).add(messages, bytes);
}

fn transport(args: &ChildArgs) -> Result<Arc<TransportConfig>> {
    let mut t = TransportConfig::default();
    t.keep_alive_interval(Some(KEEP_ALIVE));
    if matches!(args.scenario, Scenario::Idle | Scenario::Setup) {
        // The many streams allowed below cost memory and time in every connection.
        return Ok(Arc::new(t));
    }
    t.stream_receive_window(STREAM_WINDOW.into())
        .receive_window(RECEIVE_WINDOW.into())
        .send_window(args.number("window-kb", 8192)? * 1024)
        .max_concurrent_uni_streams(STREAMS.into())
        .datagram_receive_buffer_size(Some(DATAGRAM_RECEIVE))
        .datagram_send_buffer_size(DATAGRAM_SEND);
    if args.is("cc", "bbr") {
        t.congestion_controller_factory(Arc::new(BbrConfig::default()));
    } else {
        t.congestion_controller_factory(Arc::new(CubicConfig::default()));
    }
    Ok(Arc::new(t))
}

fn endpoint(server: Option<ServerConfig>) -> Result<Endpoint> {
    let runtime = Arc::new(quinn::TokioRuntime);
    Ok(Endpoint::new(EndpointConfig::default(), server, socket::bind()?, runtime)?)
}

/// A fixed identity, so that both processes agree on it.
fn identity() -> Result<(CertificateDer<'static>, PrivateKeyDer<'static>)> {
    let key = PrivatePkcs8KeyDer::from([&KEY_HEAD[..], &KEY_SEED[..]].concat());
    let pair = rcgen::KeyPair::from_pkcs8_der_and_sign_algo(&key, &rcgen::PKCS_ED25519)?;
    let mut params = rcgen::CertificateParams::new(vec![NAME.into()])?;
    params.serial_number = Some(1u64.into());
    let certificate = params.self_signed(&pair)?;
    Ok((certificate.der().clone(), key.into()))
}

fn server_config(args: &ChildArgs) -> Result<ServerConfig> {
    let (certificate, key) = identity()?;
    let mut config = ServerConfig::with_single_cert(vec![certificate], key)?;
    config.transport_config(transport(args)?);
    Ok(config)
}

fn client_config(args: &ChildArgs) -> Result<ClientConfig> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(identity()?.0)?;
    let provider = rustls::crypto::ring::default_provider();
    let mut tls = rustls::ClientConfig::builder_with_provider(provider.into())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_root_certificates(roots)
        .with_no_client_auth();
    tls.resumption = rustls::client::Resumption::disabled();
    let mut config = ClientConfig::new(Arc::new(quinn::crypto::rustls::QuicClientConfig::try_from(tls)?));
    config.transport_config(transport(args)?);
    Ok(config)
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    // The one that is there already is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

pub(super) fn server(args: &ChildArgs, parent: &Parent) -> Result<()> {
    let config = server_config(args)?;
    let window = Arc::new(Mutex::new(args.window()));
    let runtime = runtime()?;
    std::thread::scope(|scope| {
        let (over, is_over) = oneshot::channel::<()>();
        let (task, counted) = (Arc::new(args.clone()), Arc::clone(&window));
        let serving = move || -> Result<()> {
            let serve = async move {
                let endpoint = endpoint(Some(config))?;
                say("port", endpoint.local_addr()?.port())?;
                while let Some(incoming) = endpoint.accept().await {
                    let (task, counted) = (Arc::clone(&task), Arc::clone(&counted));
                    tokio::spawn(async move {
                        if let Ok(connection) = incoming.await {
                            // A connection that ends is the client's affair.
                            let _ = serve(connection, &task, counted).await;
                        }
                    });
                }
                Ok(())
            };
            runtime.block_on(async {
                tokio::select! {
                    done = serve => done,
                    _ = is_over => Ok(()),
                }
            })
        };
        let serving = scope.spawn(serving);
        while !serving.is_finished() && !parent.wait_end(Duration::from_millis(100)) {}
        // A server that ended by itself does not listen any more.
        let _ = over.send(());
        serving.join().map_err(|_| "the server's thread panicked")?
    })?;
    let window = window.lock().unwrap_or_else(PoisonError::into_inner);
    say_window(&window)
}

async fn serve(c: Connection, args: &ChildArgs, window: Counted) -> Result<()> {
    match (args.scenario, args.text("mode").unwrap_or("uni")) {
        (Scenario::Reliable | Scenario::Lossy, "buf") => {
            let mut stream = c.accept_uni().await?;
            let message = args.size() + 4;
            let mut left = 0;
            while let Some(chunk) = stream.read_chunk(usize::MAX, true).await? {
                left += chunk.bytes.len();
                let whole = (left / message) as u64;
                left %= message;
                add(&window, whole, whole * args.size() as u64);
            }
        }
        (Scenario::Reliable | Scenario::Lossy, _) => loop {
            let stream = c.accept_uni().await?;
            let mut read = Box::pin(read_one(stream, args.size(), Arc::clone(&window)));
            // Streams that are whole already are read at once, the others in a task.
            if !poll_once(&mut read).await {
                tokio::spawn(read);
            }
        },
        (Scenario::Unreliable, _) => loop {
            add(&window, 1, c.read_datagram().await?.len() as u64);
        },
        (Scenario::Rtt, _) => {
            let (mut write, mut read) = c.accept_bi().await?;
            let mut buffer = vec![0; args.size()];
            while read.read_exact(&mut buffer).await.is_ok() {
                write.write_all(&buffer).await?;
            }
        }
        _ => drop(c.closed().await),
    }
    Ok(())
}

async fn read_one(mut stream: RecvStream, size: usize, window: Counted) {
    let mut got = 0;
    while let Ok(Some(chunk)) = stream.read_chunk(usize::MAX, true).await {
        got += chunk.bytes.len();
    }
    if got == size {
        add(&window, 1, got as u64);
    }
}

/// Polls a future once; true when it finished.
async fn poll_once<F: Future<Output = ()> + Unpin>(future: &mut F) -> bool {
    std::future::poll_fn(|cx| std::task::Poll::Ready(Pin::new(&mut *future).poll(cx).is_ready())).await
}

pub(super) fn client(args: &ChildArgs, parent: &Parent) -> Result<()> {
    let config = client_config(args)?;
    let runtime = runtime()?;
    runtime.block_on(async {
        let mut endpoint = endpoint(None)?;
        endpoint.set_default_client_config(config);
        match args.scenario {
            Scenario::Setup => return set_up(&endpoint, args).await,
            Scenario::Idle => return idle(&endpoint, args, parent).await,
            _ => {}
        }
        let connection = connect(&endpoint, args).await?;
        if args.scenario == Scenario::Rtt {
            return ping(&connection, args).await;
        }
        // A send that waits for a blocked path must not outlast the run.
        match tokio::time::timeout(args.send_for() + BLOCKED, flood(&connection, args)).await {
            Ok(done) => done?,
            Err(_) => say("stopped_while_blocked", 1)?,
        }
        let path = connection.stats().path;
        say("mtu", path.current_mtu)?;
        say("lost_packets", path.lost_packets)
    })
}

async fn connect(endpoint: &Endpoint, args: &ChildArgs) -> Result<Connection> {
    Ok(endpoint.connect(args.server(), NAME)?.await?)
}

async fn flood(c: &Connection, args: &ChildArgs) -> Result<()> {
    let end = Instant::now() + args.send_for();
    let (mut sent, mut unyielded) = (0u64, 0);
    match (args.scenario, args.text("mode").unwrap_or("uni")) {
        (Scenario::Unreliable, _) => {
            let message = Bytes::from(vec![1; args.size()]);
            while Instant::now() < end {
                c.send_datagram_wait(message.clone()).await?;
                sent += 1;
                give_way(&mut unyielded, args.size()).await;
            }
        }
        (_, "buf") => {
            let mut stream = c.open_uni().await?;
            let length = u32::try_from(args.size())?.to_le_bytes();
            let message = [&length[..], &vec![1; args.size()]].concat();
            let per_write = (WRITE / message.len()).max(1);
            let block = message.repeat(per_write);
            while Instant::now() < end {
                stream.write_all(&block).await?;
                sent += per_write as u64;
                give_way(&mut unyielded, block.len()).await;
            }
        }
        _ => {
            let message = vec![1; args.size()];
            while Instant::now() < end {
                let mut stream = c.open_uni().await?;
                stream.write_all(&message).await?;
                stream.finish()?;
                sent += 1;
                give_way(&mut unyielded, message.len()).await;
            }
        }
    }
    say("tx_msgs", sent)
}

/// A writer that never waits would starve the library's own tasks on the same thread.
async fn give_way(bytes: &mut usize, more: usize) {
    *bytes += more;
    if *bytes >= TURN {
        *bytes = 0;
        tokio::task::yield_now().await;
    }
}

async fn ping(c: &Connection, args: &ChildArgs) -> Result<()> {
    let message = vec![1; args.size()];
    let mut buffer = vec![0; args.size()];
    let (mut write, mut read) = c.open_bi().await?;
    let mut times = Vec::with_capacity(1 << 16);
    let end = Instant::now() + args.span();
    while Instant::now() < end {
        let begin = Instant::now();
        write.write_all(&message).await?;
        read.read_exact(&mut buffer).await?;
        times.push(nanos(begin.elapsed()));
    }
    say_rtt(&mut times, 0)
}

async fn set_up(endpoint: &Endpoint, args: &ChildArgs) -> Result<()> {
    let begin = Instant::now();
    let end = begin + args.span();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..args.concurrency.max(1) {
        let (endpoint, args) = (endpoint.clone(), args.clone());
        tasks.spawn(async move {
            let mut times = Vec::new();
            while Instant::now() < end {
                let since = Instant::now();
                let connection = connect(&endpoint, &args).await?;
                times.push(nanos(since.elapsed()));
                connection.close(0u32.into(), b"");
            }
            Result::Ok(times)
        });
    }
    let mut all = Vec::new();
    while let Some(times) = tasks.join_next().await {
        all.extend(times??);
    }
    say_setups(&mut all, begin.elapsed())
}

async fn idle(endpoint: &Endpoint, args: &ChildArgs, parent: &Parent) -> Result<()> {
    let mut all = Vec::with_capacity(args.count);
    for _ in 0..super::BASE.min(args.count) {
        all.push(connect(endpoint, args).await?);
    }
    say("base", all.len())?;
    while !parent.has_line() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    while all.len() < args.count {
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..(args.count - all.len()).min(BATCH) {
            let (endpoint, args) = (endpoint.clone(), args.clone());
            tasks.spawn(async move { connect(&endpoint, &args).await });
        }
        while let Some(connection) = tasks.join_next().await {
            all.push(connection??);
        }
    }
    say("ready", all.iter().filter(|c| c.close_reason().is_none()).count())?;
    while !parent.is_over() {
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    Ok(())
}
