//! Those who do not keep to the rules: strangers on the wires, and peers with real keys.

mod deed;
mod hello;
mod insider;
mod outsider;

pub use deed::{BAD_FRAMES, Deed};
pub(crate) use insider::INSIDER_HOSTS;
pub use insider::{Insider, InsiderConfig, Opened, Session, Side};
pub use outsider::{Outsider, OutsiderConfig, Trick};
