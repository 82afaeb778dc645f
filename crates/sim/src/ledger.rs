//! What was sent on one lane of one connection, and what of it came out at the other end.

use crate::rng::{SimRng, spread};
use crate::trace::{Check, FlowId, rule};
use gamesockets_proto::message::Message;

/// The bytes of a message: they follow from where it belongs, so that any mix-up shows.
pub fn content(flow: FlowId, lane: u16, number: u64, len: usize) -> Vec<u8> {
    let place = spread(u64::from(flow.0) << 16 | u64::from(lane)) ^ spread(number);
    let mut out = vec![0; len];
    SimRng::new(place ^ len as u64).fill(&mut out);
    out
}

#[derive(Clone, Copy, Debug)]
struct Sent {
    len: u32,
    reliable: bool,
    delivered: bool,
}

/// One lane, one direction.
#[derive(Clone, Debug, Default)]
pub struct LaneLedger {
    sent: Vec<Sent>,
    /// Index of the first reliable message that was not delivered; what comes before it is settled.
    next_reliable: usize,
    delivered: u64,
}

impl LaneLedger {
    /// A message was accepted for sending.
    ///
    /// # Errors
    /// Its number is not the next one.
    pub fn on_sent(&mut self, number: u64, len: usize, reliable: bool) -> Check {
        let expected = self.sent.len() as u64 + 1;
        rule!(number == expected, "a message got number {number}, the next one is {expected}");
        self.sent.push(Sent { len: len as u32, reliable, delivered: false });
        Ok(())
    }

    /// Number of the next message.
    pub const fn next_number(&self) -> u64 {
        self.sent.len() as u64 + 1
    }

    /// A message came out. `flow` is the connection that sent it.
    ///
    /// # Errors
    /// It was never sent, came before, came out of order, or is not what was sent.
    pub fn on_delivered(&mut self, flow: FlowId, m: &Message) -> Check {
        let (lane, number) = (m.lane, m.number);
        let at = number.checked_sub(1).and_then(|n| usize::try_from(n).ok());
        let sent = at.and_then(|i| self.sent.get(i)).copied();
        let (Some(at), Some(sent)) = (at, sent) else {
            rule!(false, "{flow} never sent message {number} on lane {lane}, but it was delivered");
            return Ok(());
        };
        let kind = if m.reliable { "reliable" } else { "unreliable" };
        rule!(sent.reliable == m.reliable, "{flow} {lane}:{number} came as {kind} and was not sent so");
        rule!(!sent.delivered, "{flow} {lane}:{number} ({kind}) was delivered twice");
        if m.reliable {
            let expected = self.first_missing();
            rule!(
                expected == Some(at),
                "{flow} {lane}:{number} (reliable) was delivered before {lane}:{}",
                expected.map_or(0, |e| e + 1)
            );
        }
        let len = sent.len as usize;
        rule!(
            m.payload.len() == len,
            "{flow} {lane}:{number} has {} bytes, {len} were sent",
            m.payload.len()
        );
        rule!(m.payload == content(flow, lane, number, len), "{flow} {lane}:{number} has the wrong content");
        if let Some(entry) = self.sent.get_mut(at) {
            entry.delivered = true;
        }
        self.delivered += 1;
        Ok(())
    }

    fn first_missing(&mut self) -> Option<usize> {
        while self.sent.get(self.next_reliable).is_some_and(|s| !s.reliable || s.delivered) {
            self.next_reliable += 1;
        }
        (self.next_reliable < self.sent.len()).then_some(self.next_reliable)
    }

    /// Number of the first reliable message that was not delivered yet.
    pub fn first_undelivered(&mut self) -> Option<u64> {
        self.first_missing().map(|i| i as u64 + 1)
    }

    /// Messages accepted for sending.
    pub const fn sent(&self) -> u64 {
        self.sent.len() as u64
    }

    /// Messages that came out.
    pub const fn delivered(&self) -> u64 {
        self.delivered
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gamesockets_wire::time::Timestamp;

    fn message(number: u64, reliable: bool, len: usize) -> Message {
        let received_at = Timestamp::from_micros(1);
        Message { payload: content(FlowId(3), 2, number, len).into(), number, lane: 2, reliable, received_at }
    }

    fn ledger() -> LaneLedger {
        let mut l = LaneLedger::default();
        for (number, len, reliable) in [(1, 10, true), (2, 20, false), (3, 0, true)] {
            l.on_sent(number, len, reliable).unwrap();
        }
        l
    }

    #[test]
    fn the_right_messages_pass() {
        let mut l = ledger();
        assert_eq!(l.first_undelivered(), Some(1));
        for m in [message(1, true, 10), message(3, true, 0), message(2, false, 20)] {
            l.on_delivered(FlowId(3), &m).unwrap();
        }
        assert_eq!((l.first_undelivered(), l.delivered()), (None, 3));
    }

    #[test]
    fn every_lie_is_found() {
        let found = |m: Message| ledger().on_delivered(FlowId(3), &m).unwrap_err().0;
        assert!(found(message(4, true, 1)).contains("never sent"));
        assert!(found(message(0, true, 1)).contains("never sent"));
        assert!(found(message(3, true, 0)).contains("before 2:1"));
        assert!(found(message(2, true, 20)).contains("not sent so"));
        assert!(found(message(1, true, 9)).contains("9 bytes"));
        let mut wrong = message(2, false, 20);
        wrong.payload = content(FlowId(4), 2, 2, 20).into();
        assert!(found(wrong).contains("content"));
        let mut l = ledger();
        l.on_delivered(FlowId(3), &message(2, false, 20)).unwrap();
        assert!(l.on_delivered(FlowId(3), &message(2, false, 20)).unwrap_err().0.contains("twice"));
        assert!(ledger().on_sent(5, 1, true).is_err());
    }
}
