//! Plain UDP with every datagram encrypted as ours are, and nothing else: what encryption leaves of the machine.

use super::peer::{Plan, Side, result};
use super::raw::{BURST_BYTES, Plain, Raw, Waiter, is_over, report_arrivals};
use super::stats::Window;
use crate::exit::{Code, Failure};
use crate::process::report;
use gamesockets_crypto::aead::{IV_LEN, KEY_LEN, PacketKey, TAG_LEN};
use gamesockets_wire::datagram::MAX_SEND_LEN;
use mio::Interest;
use serde_json::json;
use std::sync::mpsc::Receiver;
use std::time::Instant;

/// Bytes of a datagram: what our engine fills on loopback.
pub(super) const DATAGRAM_BYTES: usize = MAX_SEND_LEN;
/// Bytes before what is encrypted: the packet number.
const HEADER_BYTES: usize = 8;
/// Bytes that a datagram carries.
const PAYLOAD_BYTES: usize = DATAGRAM_BYTES - HEADER_BYTES - TAG_LEN;
/// Datagrams handed to the system at once, as by ours.
const SEGMENTS_MAX: usize = 48;
/// Datagrams sent between two looks at the clock, one call each.
const SINGLE_BATCH: usize = 64;

/// How datagrams go to the system and come from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Calls {
    /// Many with one call (segmentation offload).
    Joined,
    /// One with one call.
    Single,
}

/// The same key on both sides; nothing here is secret.
fn key() -> PacketKey {
    PacketKey::aes([0x42; KEY_LEN], [0x17; IV_LEN])
}

/// Runs this process's part of a measurement of throughput.
pub(super) fn run(plan: &Plan, parent: &Receiver<String>, calls: Calls) -> Result<(), Failure> {
    match (plan.side, calls) {
        (Side::Server, Calls::Joined) => sink_joined(plan, parent),
        (Side::Server, Calls::Single) => sink_single(plan, parent),
        (Side::Client, Calls::Joined) => flood_joined(plan),
        (Side::Client, Calls::Single) => flood_single(plan),
    }
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::new(Code::Failed, error)
}

/// Seals datagrams with numbers that only grow.
struct Sealer {
    key: PacketKey,
    number: u64,
}

impl Sealer {
    const fn new(key: PacketKey) -> Self {
        Self { key, number: 0 }
    }

    /// Copies `payload` into `datagram` and seals it there.
    fn fill(&mut self, datagram: &mut [u8], payload: &[u8]) -> Result<(), Failure> {
        self.number += 1;
        let Some((header, rest)) = datagram.split_at_mut_checked(HEADER_BYTES) else {
            return Err(failed("a datagram without room for its header"));
        };
        header.copy_from_slice(&self.number.to_le_bytes());
        let Some((plain, tag)) = rest.split_at_mut_checked(payload.len()) else {
            return Err(failed("a datagram without room for its payload"));
        };
        plain.copy_from_slice(payload);
        tag.copy_from_slice(&self.key.seal_slices(self.number, plain).map_err(failed)?);
        Ok(())
    }
}

/// Opens a datagram; gives the bytes it carried.
fn open(key: &mut PacketKey, datagram: &mut [u8]) -> Result<usize, Failure> {
    let Some((number, chunk)) = datagram.split_first_chunk_mut::<HEADER_BYTES>() else {
        return Err(failed("a datagram came shorter than its header"));
    };
    Ok(key.open(u64::from_le_bytes(*number), chunk).map_err(failed)?.len())
}

fn sink_joined(plan: &Plan, parent: &Receiver<String>) -> Result<(), Failure> {
    let (mut key, mut window, mut broken) = (key(), Window::new(plan.warmup, plan.span), None);
    super::raw::serve(parent, |_, _, burst, stride| {
        let (mut count, mut bytes) = (0, 0);
        for datagram in burst.chunks_mut(stride) {
            match open(&mut key, datagram) {
                Ok(len) => (count, bytes) = (count + 1, bytes + len as u64),
                Err(e) => broken = Some(e),
            }
        }
        window.add(Instant::now(), count, bytes);
    })?;
    broken.map_or_else(|| report_arrivals(&window), Err)
}

fn sink_single(plan: &Plan, parent: &Receiver<String>) -> Result<(), Failure> {
    let mut plain = Plain::bind()?;
    let mut waiter = Waiter::new()?;
    waiter.add(&mut plain.0, 0, Interest::READABLE)?;
    report(&json!({ "port": plain.0.local_addr()?.port() }))?;
    let (mut key, mut window) = (key(), Window::new(plan.warmup, plan.span));
    let mut memory = vec![0; BURST_BYTES];
    while !is_over(parent) {
        waiter.wait()?;
        while let Some((_, datagram)) = plain.receive(&mut memory)? {
            let bytes = open(&mut key, datagram)?;
            window.add(Instant::now(), 1, bytes as u64);
        }
    }
    report_arrivals(&window)
}

fn until_end(plan: &Plan) -> Instant {
    Instant::now() + plan.warmup + plan.span + plan.span / 4
}

fn flood_joined(plan: &Plan) -> Result<(), Failure> {
    let mut raw = Raw::bind()?;
    let mut waiter = Waiter::new()?;
    waiter.add(&mut raw.socket, 0, Interest::WRITABLE)?;
    let count = raw.segments_max().min(SEGMENTS_MAX);
    let mut burst = vec![0; DATAGRAM_BYTES * count];
    let (payload, mut sealer) = ([0x5a; PAYLOAD_BYTES], Sealer::new(key()));
    let (until, mut sent) = (until_end(plan), 0u64);
    while Instant::now() < until {
        for datagram in burst.chunks_exact_mut(DATAGRAM_BYTES) {
            sealer.fill(datagram, &payload)?;
        }
        while !raw.send(plan.to, &burst, DATAGRAM_BYTES)? {
            waiter.wait()?;
        }
        sent += count as u64;
    }
    result(json!({ "sent": sent }))
}

fn flood_single(plan: &Plan) -> Result<(), Failure> {
    let mut plain = Plain::bind()?;
    let mut waiter = Waiter::new()?;
    waiter.add(&mut plain.0, 0, Interest::WRITABLE)?;
    let mut datagram = vec![0; DATAGRAM_BYTES];
    let (payload, mut sealer) = ([0x5a; PAYLOAD_BYTES], Sealer::new(key()));
    let (until, mut sent) = (until_end(plan), 0u64);
    while Instant::now() < until {
        for _ in 0..SINGLE_BATCH {
            sealer.fill(&mut datagram, &payload)?;
            while !plain.send(plan.to, &datagram)? {
                waiter.wait()?;
            }
            sent += 1;
        }
    }
    result(json!({ "sent": sent }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_again_and_only_so() {
        let (mut sealer, mut key) = (Sealer::new(key()), key());
        let mut datagrams = vec![0; 2 * DATAGRAM_BYTES];
        for (i, datagram) in datagrams.chunks_exact_mut(DATAGRAM_BYTES).enumerate() {
            sealer.fill(datagram, &[i as u8; PAYLOAD_BYTES]).unwrap();
            assert_eq!(datagram[0], i as u8 + 1, "the packet number");
        }
        assert_ne!(datagrams[HEADER_BYTES..][..4], [0; 4]);
        datagrams[DATAGRAM_BYTES] = 7;
        let (first, second) = datagrams.split_at_mut(DATAGRAM_BYTES);
        assert_eq!(open(&mut key, first).unwrap(), PAYLOAD_BYTES);
        assert_eq!(first[HEADER_BYTES..][..PAYLOAD_BYTES], [0; PAYLOAD_BYTES]);
        assert!(open(&mut key, second).is_err(), "another number is another nonce");
        assert!(open(&mut key, &mut [0; 3]).is_err());
    }
}
