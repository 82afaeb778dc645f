//! Rates inside a span of time.

use std::time::{Duration, Instant};

/// Counts what arrives in a span that begins `warmup` after the first arrival.
#[derive(Clone)]
pub struct Window {
    warmup: Duration,
    span: Duration,
    first: Option<Instant>,
    begin: Option<Mark>,
    end: Option<Mark>,
    now: Option<Mark>,
    messages: u64,
    bytes: u64,
}

#[derive(Clone, Copy)]
struct Mark {
    at: Instant,
    messages: u64,
    bytes: u64,
}

/// What arrived per second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rates {
    /// Messages per second.
    pub messages: f64,
    /// Bytes per second.
    pub bytes: f64,
}

impl Window {
    /// An empty window.
    #[must_use]
    pub const fn new(warmup: Duration, span: Duration) -> Self {
        Self { warmup, span, first: None, begin: None, end: None, now: None, messages: 0, bytes: 0 }
    }

    /// `messages` messages with together `bytes` bytes have arrived just now.
    pub fn add(&mut self, messages: u64, bytes: u64) {
        self.add_at(Instant::now(), messages, bytes);
    }

    fn add_at(&mut self, at: Instant, messages: u64, bytes: u64) {
        self.messages += messages;
        self.bytes += bytes;
        let mark = Mark { at, messages: self.messages, bytes: self.bytes };
        self.now = Some(mark);
        let first = *self.first.get_or_insert(at);
        match (self.begin, self.end) {
            (None, _) if at - first >= self.warmup => self.begin = Some(mark),
            (Some(begin), None) if at - begin.at >= self.span => self.end = Some(mark),
            _ => {}
        }
    }

    /// All messages ever added.
    #[must_use]
    pub const fn messages(&self) -> u64 {
        self.messages
    }

    /// All bytes ever added.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Rates in the span; of one that was not filled, of what came, over the whole span.
    #[must_use]
    pub fn rates(&self) -> Rates {
        let (Some(begin), Some(end)) = (self.begin, self.end.or(self.now)) else { return Rates::default() };
        let mut seconds = (end.at - begin.at).as_secs_f64();
        if self.end.is_none() {
            seconds = seconds.max(self.span.as_secs_f64());
        }
        let per_second = |n: u64| n as f64 / seconds;
        Rates {
            messages: per_second(end.messages - begin.messages),
            bytes: per_second(end.bytes - begin.bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_warm_up_does_not_count() {
        let t = Instant::now();
        let mut window = Window::new(Duration::from_secs(1), Duration::from_secs(2));
        for i in 0..50 {
            window.add_at(t + Duration::from_millis(100 * i), 1, 10);
        }
        assert_eq!(window.rates(), Rates { messages: 10.0, bytes: 100.0 });
        assert_eq!((window.messages(), window.bytes()), (50, 500));
    }

    #[test]
    fn a_span_that_was_not_filled_counts_in_whole() {
        let t = Instant::now();
        let mut window = Window::new(Duration::ZERO, Duration::from_secs(2));
        window.add_at(t, 1, 1);
        window.add_at(t + Duration::from_secs(1), 4, 4);
        assert_eq!(window.rates().messages, 2.0);
        assert_eq!(Window::new(Duration::ZERO, Duration::ZERO).rates(), Rates::default());
    }
}
