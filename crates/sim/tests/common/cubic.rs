//! A small model of a Cubic sender (RFC 9438): ack-clocked, loss found a round trip late, no pacing.
#![allow(unreachable_pub, reason = "shared by tests")]

use std::collections::VecDeque;

/// Multiplicative decrease (section 4.6) and the constant C (section 5).
const BETA: f64 = 0.7;
const C: f64 = 0.4;
const PACKET: usize = 1255;

pub struct Cubic {
    window: f64,
    threshold: f64,
    w_max: f64,
    epoch_us: Option<u64>,
    w_est: f64,
    /// (acknowledged at, sent at, whether it was lost)
    flying: VecDeque<(u64, u64, bool)>,
    recover_until_us: u64,
    back_us: u64,
    last_arrival_us: u64,
    pub delivered: u64,
}

impl Cubic {
    pub fn new(back_us: u64) -> Self {
        Self {
            window: 10.0,
            threshold: f64::INFINITY,
            w_max: 0.0,
            epoch_us: None,
            w_est: 0.0,
            flying: VecDeque::new(),
            recover_until_us: 0,
            back_us,
            last_arrival_us: 0,
            delivered: 0,
        }
    }

    /// Takes acknowledgements due at `now_us` and sends what the window allows; `carry` tells when a packet arrives.
    pub fn step(&mut self, now_us: u64, mut carry: impl FnMut(usize) -> Option<u64>) {
        while let Some((due, sent, lost)) = self.flying.front().copied()
            && due <= now_us
        {
            self.flying.pop_front();
            if lost { self.on_loss(now_us, sent) } else { self.on_ack(now_us, now_us - sent) }
        }
        while (self.flying.len() as f64) < self.window {
            let arrival = carry(PACKET);
            // A hole is seen when the packet behind it is acknowledged.
            let at = arrival.unwrap_or_else(|| self.last_arrival_us.max(now_us) + 1000);
            self.last_arrival_us = at;
            self.flying.push_back((at + self.back_us, now_us, arrival.is_none()));
        }
    }

    fn on_ack(&mut self, now_us: u64, rtt_us: u64) {
        self.delivered += PACKET as u64;
        if self.window < self.threshold {
            self.window += 1.0;
            return;
        }
        let epoch = *self.epoch_us.get_or_insert(now_us);
        let k = (self.w_max * (1.0 - BETA) / C).cbrt();
        let t = (now_us - epoch + rtt_us) as f64 / 1e6;
        let target = (C * (t - k).powi(3) + self.w_max).clamp(self.window, self.window * 1.5);
        self.window += (target - self.window) / self.window;
        // The region where Reno would be faster (section 4.3).
        self.w_est += 3.0 * (1.0 - BETA) / (1.0 + BETA) / self.window;
        self.window = self.window.max(self.w_est);
    }

    fn on_loss(&mut self, now_us: u64, sent_us: u64) {
        if sent_us < self.recover_until_us {
            return;
        }
        self.recover_until_us = now_us;
        self.w_max = if self.window < self.w_max { self.window * (1.0 + BETA) / 2.0 } else { self.window };
        self.window = (self.window * BETA).max(2.0);
        self.threshold = self.window;
        self.w_est = self.window;
        self.epoch_us = None;
    }
}
