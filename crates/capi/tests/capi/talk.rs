//! A program on one library talks to the same program on the other, with certificates and without. Where the reference's
//! libraries are, environment variables say (CONTRIBUTING.md); ours talks to itself in any case.

use crate::programs::{self, TALK};
use crate::reference::{LIBRARY_VARIABLE, variable};
use crate::symbols::shared_library;
use gamesockets_crypto::cert::{Template, issue, parse_request};
use gamesockets_crypto::sign::{SigningKey, public_to_openssh};
use gamesockets_wire::msg::Message as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The reference library with another root of trust: [`authority`].
const AUTH_LIBRARY_VARIABLE: &str = "GAMESOCKETS_GNS_AUTH_LIB";
/// The file of public keys that our library trusts.
const ROOTS_VARIABLE: &str = "GAMESOCKETS_TRUSTED_ROOTS";
const PATIENCE: Duration = Duration::from_secs(30);

fn authority() -> SigningKey {
    SigningKey::from_seed(std::array::from_fn(|i| i as u8))
}

/// Nobody trusts this one.
fn impostor() -> SigningKey {
    SigningKey::from_seed([7; 32])
}

/// How a side comes to a certificate.
#[derive(Clone, Copy)]
enum Proof<'a> {
    /// Nobody asks for one.
    Open,
    /// It insists that the other has one, and has this authority sign its own; `None`: it has none.
    Strict(Option<&'a SigningKey>),
}

/// The program on one of the libraries.
struct End {
    process: Child,
    input: ChildStdin,
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl End {
    fn start(program: &Path, library: &Path, role: &str, port: u16, proof: Proof<'_>) -> Self {
        let mut process = Command::new(program)
            .args([role, &port.to_string(), &identity(role)])
            .args(matches!(proof, Proof::Strict(_)).then_some("strict"))
            .env("LD_LIBRARY_PATH", library.parent().unwrap())
            .env(ROOTS_VARIABLE, roots())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (to, lines) = channel();
        let output = BufReader::new(process.stdout.take().unwrap());
        std::thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| to.send(line)));
        let input = process.stdin.take().unwrap();
        let mut end = Self { process, input, lines, seen: Vec::new() };
        if let Proof::Strict(signer) = proof {
            let request = end.wait_for("request ");
            let answer =
                signer.map_or_else(|| "-".to_owned(), |signer| sign(&request, &identity(role), signer));
            writeln!(end.input, "{answer}").unwrap();
        }
        end
    }

    /// What stands behind `start` in the next line that begins with it.
    fn wait_for(&mut self, start: &str) -> String {
        loop {
            let Ok(line) = self.lines.recv_timeout(PATIENCE) else {
                panic!("no `{start}` in {:#?}", self.seen);
            };
            self.seen.push(line.clone());
            if let Some(rest) = line.strip_prefix(start) {
                return rest.to_owned();
            }
        }
    }

    fn ends_well(&mut self) {
        self.wait_for("received 100");
        assert!(self.process.wait().unwrap().success(), "{:#?}", self.seen);
    }
}

impl Drop for End {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn identity(role: &str) -> String {
    format!("str:the-{role}")
}

/// The file with [`authority`]'s public key, as people write keys down.
fn roots() -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("trusted-roots");
    let key = public_to_openssh(&authority().public(), "for tests");
    std::fs::write(&path, format!("# who may vouch for players\n\n{key}\n")).unwrap();
    path
}

fn sign(request: &str, identity: &str, signer: &SigningKey) -> String {
    let request = parse_request(&from_hex(request)).unwrap();
    assert_eq!(request.identity.as_ref().map(ToString::to_string).as_deref(), Some(identity));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as u32;
    let template = Template {
        identity: request.identity,
        app_ids: vec![0],
        created: now - 60,
        expires: now + 3600,
        ..Template::default()
    };
    let certificate = issue(signer, &request.public_key, &template).unwrap().encode_to_vec();
    certificate.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(digits: &str) -> Vec<u8> {
    (0..digits.len() / 2).map(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap()).collect()
}

fn free_port() -> u16 {
    UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Server and client on those libraries: both get to know each other and all messages, there and back.
fn converse(program: &Path, server: &Path, client: &Path, proof: Proof<'_>, word: &str) {
    let port = free_port();
    let mut host = End::start(program, server, "server", port, proof);
    host.wait_for("begun");
    let mut guest = End::start(program, client, "client", port, proof);
    assert_eq!(host.wait_for("connected to "), format!("str:the-client, {word}"));
    assert_eq!(guest.wait_for("connected to "), format!("str:the-server, {word}"));
    guest.ends_well();
    assert!(host.wait_for("ended: ").starts_with("state 4, reason 1000: said everything"));
    host.ends_well();
}

/// Server and client on our library and the one that the variable names, each way round.
fn pairings(variable_name: &str) -> Vec<(PathBuf, PathBuf)> {
    let ours = shared_library();
    let mut pairings = vec![(ours.clone(), ours.clone())];
    if let Some(theirs) = variable(variable_name) {
        pairings.extend([(ours.clone(), theirs.clone()), (theirs, ours)]);
    }
    pairings
}

#[test]
fn both_libraries_talk_without_certificates() {
    let Some(program) = programs::built("talk-open", &TALK) else { return };
    for (server, client) in pairings(LIBRARY_VARIABLE) {
        converse(&program, &server, &client, Proof::Open, "unauthenticated");
    }
}

#[test]
fn both_libraries_talk_with_certificates() {
    let Some(program) = programs::built("talk-certified", &TALK) else { return };
    let ca = authority();
    for (server, client) in pairings(AUTH_LIBRARY_VARIABLE) {
        converse(&program, &server, &client, Proof::Strict(Some(&ca)), "authenticated");
    }
}

#[test]
fn who_cannot_prove_who_he_is_gets_nowhere() {
    let Some(program) = programs::built("talk-refused", &TALK) else { return };
    let (ca, other) = (authority(), impostor());
    // The reference's library takes no certificate for itself that it does not trust, so the liar is always ours.
    let ours = shared_library();
    let mut servers = vec![ours.clone()];
    servers.extend(variable(AUTH_LIBRARY_VARIABLE));
    for server in servers {
        for liar in [Proof::Open, Proof::Strict(Some(&other))] {
            let port = free_port();
            let mut host = End::start(&program, &server, "server", port, Proof::Strict(Some(&ca)));
            host.wait_for("begun");
            let mut guest = End::start(&program, &ours, "client", port, liar);
            let end = guest.wait_for("ended: ");
            assert!(end.contains("reason 4003") || end.contains("reason 5003"), "{end}");
            guest.wait_for("received 0");
            host.process.kill().unwrap();
            while let Ok(line) = host.lines.recv_timeout(PATIENCE) {
                assert!(!line.starts_with("connected"), "{line}");
            }
        }
    }
}
