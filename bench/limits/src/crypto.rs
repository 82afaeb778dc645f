//! Rates of the cryptography that a secure transport needs, on one core, with the library that gamesockets uses.

use crate::How;
use crate::report::{Report, figure};
use aws_lc_rs::agreement::{self, PrivateKey, X25519};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use bench_common::Result;
use bench_common::seal::Seal;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Operations between two looks at the clock.
const BLOCK: u32 = 16;
/// For measuring only.
const SEED: [u8; 32] = [7; 32];

/// Nanoseconds of one operation.
fn each(span: Duration, mut operation: impl FnMut() -> Result<()>) -> Result<f64> {
    let (begin, mut count) = (Instant::now(), 0u32);
    while begin.elapsed() < span {
        (0..BLOCK).try_for_each(|_| operation())?;
        count += BLOCK;
    }
    Ok(begin.elapsed().as_nanos() as f64 / f64::from(count))
}

fn packets(report: &mut Report, size: usize, span: Duration) -> Result<()> {
    report.take(|| {
        let seal = Seal::new()?;
        let (mut packet, mut number) = (vec![0; size], 0);
        let sealing = each(span, || {
            number += 1;
            seal.seal(number, &mut packet)
        })?;
        seal.seal(1, &mut packet)?;
        let sealed = packet.clone();
        let opening = each(span, || {
            packet.copy_from_slice(&sealed);
            seal.open(&mut packet)
        })?;
        let name = format!("AES-256-GCM {size} B");
        let rate = |ns: f64| size as f64 / ns * 1e3;
        Ok(vec![
            figure(&name, "seal ns", sealing),
            figure(&name, "seal MB/s", rate(sealing)),
            figure(&name, "open ns", opening),
        ])
    })
}

fn handshake(report: &mut Report, span: Duration) -> Result<()> {
    report.take(|| {
        let secret = PrivateKey::from_private_key(&X25519, &SEED)?;
        let peer = PrivateKey::from_private_key(&X25519, &[9; 32])?.compute_public_key()?;
        let signing = Ed25519KeyPair::from_seed_unchecked(&SEED).map_err(|e| e.to_string())?;
        let message = [3; 256];
        let signature = signing.sign(&message);
        let key = UnparsedPublicKey::new(&ED25519, signing.public_key().as_ref());
        let generate = each(span, || {
            black_box(PrivateKey::from_private_key(&X25519, black_box(&SEED))?.compute_public_key()?);
            Ok(())
        })?;
        let agree = each(span, || {
            let peer = agreement::UnparsedPublicKey::new(&X25519, peer.as_ref());
            agreement::agree(&secret, peer, "no agreement".into(), |shared| {
                black_box(shared.first());
                Ok(())
            })
        })?;
        let sign = each(span, || {
            black_box(signing.sign(black_box(&message)));
            Ok(())
        })?;
        let verify = each(span, || Ok(key.verify(&message, signature.as_ref())?))?;
        let side = generate + agree + sign + verify;
        let all = [
            ("X25519 generate", generate),
            ("X25519 agree", agree),
            ("Ed25519 sign", sign),
            ("Ed25519 verify", verify),
        ];
        let mut figures: Vec<_> = all.iter().map(|(name, ns)| figure(name, "1/s", 1e9 / ns)).collect();
        figures.push(figure("one side of a handshake", "1/s", 1e9 / side));
        figures.push(figure("both sides of a handshake", "1/s", 0.5e9 / side));
        Ok(figures)
    })
}

pub(crate) fn run(how: &How) -> Result<Report> {
    let mut report = Report::default();
    for _ in 0..how.reps {
        for size in [64, 256, 1200] {
            packets(&mut report, size, how.span() / 4)?;
        }
        handshake(&mut report, how.span() / 4)?;
    }
    Ok(report)
}
