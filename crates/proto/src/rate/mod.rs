//! How fast a connection sends: the rate decides, the pacer spreads.

mod delivery;
mod estimator;
mod fixed;
mod overrun;
mod pacer;
mod select;

pub use estimator::Estimator;
pub use fixed::FixedRate;
pub use pacer::Pacer;
pub use select::SelectedRate;

use core::fmt::Debug;
use gamesockets_wire::time::Timestamp;

/// Decides the send rate from what is sent, acknowledged and lost. One per connection; an implementation keeps what it
/// needs about each packet itself, by number.
pub trait RateController: Debug + Send {
    /// New limits in bytes per second; `min <= max`. Equal limits ask for exactly that rate.
    fn set_limits(&mut self, now: Timestamp, min: u64, max: u64);
    /// The smoothed round trip is known for the first time, or changed; microseconds.
    fn on_ping(&mut self, now: Timestamp, rtt_us: u64);
    /// Packet `number` of `bytes` UDP payload bytes goes out; `in_flight` counts it. `app_limited`: nothing more waits.
    fn on_sent(&mut self, now: Timestamp, number: u64, bytes: u16, in_flight: u64, app_limited: bool);
    /// The peer has packet `number`; `was_lost` if it had been taken for lost.
    fn on_acked(&mut self, now: Timestamp, number: u64, sent_at: Timestamp, bytes: u16, was_lost: bool);
    /// Packet `number` is taken for lost.
    fn on_lost(&mut self, now: Timestamp, number: u64, sent_at: Timestamp, bytes: u16);
    /// All of one acknowledgement was reported; `rtt_us` if it gave a sample.
    fn on_ack_done(&mut self, now: Timestamp, rtt_us: Option<u64>, in_flight: u64);
    /// The rate to send at, bytes of UDP payload per second.
    fn rate(&self) -> u64;
    /// What the path is thought to carry, bytes per second, within the limits: the rate without its swings for probing.
    fn estimate(&self) -> u64 {
        self.rate()
    }
    /// Most bytes to have in flight, if the algorithm limits that.
    fn window(&self) -> Option<u64>;
    /// Whether the next packet should ask for an acknowledgement: data that need not arrive is not acknowledged by
    /// itself. Asked once per data packet; true counts as asked.
    fn wants_ack(&mut self, now: Timestamp) -> bool {
        let _ = now;
        false
    }
}
