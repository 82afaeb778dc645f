//! Somebody on the wires who has no keys: sees datagrams, and sends whatever it wants from whatever address.

use crate::link::corrupted;
use crate::rng::SimRng;
use crate::shared::{Shared, Tapped, Todo};
use core::net::{Ipv4Addr, SocketAddr};
use gamesockets_wire::datagram::{Control, is_data};
use gamesockets_wire::msg;

/// Something a stranger does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trick {
    /// Sends a datagram again that it saw.
    Replay,
    /// Sends a damaged copy of one.
    Damage,
    /// Random bytes from an address that is in use.
    Garbage,
    /// Datagrams larger than any that are sent.
    Oversize,
    /// Challenge requests from addresses that are not its own.
    Flood,
    /// Connect requests with a challenge that was never given out.
    WrongChallenge,
    /// Closing messages with ids it guesses.
    WrongClose,
    /// The same messages to listen sockets, from nowhere.
    StrayClose,
    /// Data packets with guessed ids, from an address in use and from nowhere.
    WrongData,
}

impl Trick {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Replay,
        Self::Damage,
        Self::Garbage,
        Self::Oversize,
        Self::Flood,
        Self::WrongChallenge,
        Self::WrongClose,
        Self::StrayClose,
        Self::WrongData,
    ];
}

/// What a stranger is like.
#[derive(Clone, Debug)]
pub struct OutsiderConfig {
    /// What it does.
    pub tricks: Vec<Trick>,
    /// How often, microseconds.
    pub period_us: u64,
    /// How many datagrams each time.
    pub burst: u64,
    /// Listen sockets it knows.
    pub targets: Vec<SocketAddr>,
}

/// See the module's documentation.
#[derive(Debug)]
pub struct Outsider {
    config: OutsiderConfig,
    rng: SimRng,
    sent: u64,
}

impl Outsider {
    /// A stranger with random numbers of its own.
    pub const fn new(config: OutsiderConfig, seed: u64) -> Self {
        Self { config, rng: SimRng::new(seed), sent: 0 }
    }

    /// Datagrams sent so far.
    pub const fn sent(&self) -> u64 {
        self.sent
    }

    pub(crate) fn act(&mut self, shared: &mut Shared, index: usize) {
        for _ in 0..self.rng.between(1, self.config.burst.max(1)) {
            let Some(trick) = self.rng.pick(&self.config.tricks) else { return };
            if let Some((from, to, data)) = self.forge(shared, trick) {
                let later = self.rng.magnitude(0, 2_000_000);
                shared.push(shared.now_us + later, Todo::Arrive { from, to, data });
                self.sent += 1;
            }
        }
        let wait = self.rng.between(1, self.config.period_us.max(1) * 2);
        shared.push(shared.now_us + wait, Todo::Attack(index));
    }

    fn forge(&mut self, shared: &Shared, trick: Trick) -> Option<(SocketAddr, SocketAddr, Vec<u8>)> {
        match trick {
            Trick::Replay => self.seen(shared, |_| true).map(|t| (t.from, t.to, t.data)),
            Trick::Damage => {
                let t = self.seen(shared, |_| true)?;
                Some((t.from, t.to, corrupted(&mut self.rng, t.data)))
            }
            Trick::Garbage => {
                let t = self.seen(shared, |_| true)?;
                let mut data = vec![0; self.rng.below(1500) as usize];
                self.rng.fill(&mut data);
                if let Some(lead) = data.first_mut() {
                    *lead = self.rng.pick(&[32, 33, 34, 35, 36, 37, 0x80, 0x81, 0x83, *lead])?;
                }
                Some((t.from, t.to, data))
            }
            Trick::Oversize => {
                let t = self.seen(shared, |_| true)?;
                let mut data = t.data;
                data.resize(self.rng.between(1400, 9000) as usize, 0);
                Some((t.from, t.to, data))
            }
            Trick::Flood => {
                let id = self.rng.next_u64() as u32;
                let control = Control::ChallengeRequest(msg::ChallengeRequest {
                    connection_id: Some(id),
                    my_timestamp: Some(self.rng.next_u64()),
                    protocol_version: Some(self.rng.below(20) as u32),
                });
                self.out_of_nowhere(&control)
            }
            Trick::WrongChallenge => self.wrong_challenge(shared),
            Trick::WrongClose => {
                let t = self.seen(shared, |t| t.data.first().is_some_and(|b| is_data(*b)))?;
                Some((t.from, t.to, encode(&self.close())))
            }
            Trick::StrayClose => {
                let control = self.close();
                self.out_of_nowhere(&control)
            }
            Trick::WrongData => {
                let mut data = vec![0; self.rng.between(5, 1300) as usize];
                self.rng.fill(&mut data);
                if let Some(lead) = data.first_mut() {
                    *lead |= 0x80;
                }
                if self.rng.chance(0.5) {
                    let to = self.rng.pick(&self.config.targets)?;
                    return Some((self.nowhere(), to, data));
                }
                let t = self.seen(shared, |_| true)?;
                Some((t.from, t.to, data))
            }
        }
    }

    /// A datagram that passed lately.
    fn seen(&mut self, shared: &Shared, good: impl Fn(&Tapped) -> bool) -> Option<Tapped> {
        let tap = shared.tap.as_ref()?;
        let at = self.rng.below(tap.len() as u64) as usize;
        tap.get(at).filter(|t| good(t)).cloned()
    }

    fn nowhere(&mut self) -> SocketAddr {
        let bits = self.rng.next_u64();
        let [a, b, ..] = bits.to_le_bytes();
        SocketAddr::from((Ipv4Addr::new(192, 168, a, b), (bits >> 32) as u16 | 1))
    }

    fn out_of_nowhere(&mut self, control: &Control) -> Option<(SocketAddr, SocketAddr, Vec<u8>)> {
        let to = self.rng.pick(&self.config.targets)?;
        Some((self.nowhere(), to, encode(control)))
    }

    fn wrong_challenge(&mut self, shared: &Shared) -> Option<(SocketAddr, SocketAddr, Vec<u8>)> {
        let t = self.seen(shared, |t| t.data.first() == Some(&34))?;
        let Ok(Control::ConnectRequest(mut m)) = Control::decode(&t.data) else { return None };
        if self.rng.chance(0.5) {
            m.challenge = Some(self.rng.next_u64());
            m.client_connection_id = Some(self.rng.next_u64() as u32);
        }
        // A right challenge from another address is wrong as well.
        let to = self.rng.pick(&self.config.targets)?;
        Some((self.nowhere(), to, encode(&Control::ConnectRequest(m))))
    }

    fn close(&mut self) -> Control {
        let (a, b) = (self.rng.next_u64() as u32, self.rng.next_u64() as u32);
        if self.rng.chance(0.5) {
            return Control::NoConnection(msg::NoConnection {
                from_connection_id: self.rng.chance(0.8).then_some(a),
                to_connection_id: self.rng.chance(0.8).then_some(b),
            });
        }
        Control::ConnectionClosed(msg::ConnectionClosed {
            debug: Some("forged".into()),
            reason_code: Some(1000),
            to_connection_id: self.rng.chance(0.8).then_some(b),
            from_connection_id: self.rng.chance(0.8).then_some(a),
        })
    }
}

fn encode(control: &Control) -> Vec<u8> {
    let mut out = Vec::new();
    control.encode(&mut out);
    out
}
