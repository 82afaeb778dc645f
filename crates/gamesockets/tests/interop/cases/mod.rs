//! The cases, in the order they run.

mod auth;
mod chat;
mod close;
mod crowd;
mod crypto;
mod echo;
mod edges;
mod files;
mod liveness;
mod messages;

use crate::harness::Case;

/// All cases.
pub(crate) fn all() -> Vec<&'static Case> {
    [
        echo::CASES,
        messages::CASES,
        close::CASES,
        edges::CASES,
        crypto::CASES,
        auth::CASES,
        crowd::CASES,
        files::CASES,
        liveness::CASES,
        chat::CASES,
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// An error unless the condition holds.
macro_rules! ensure {
    ($condition:expr, $($text:tt)+) => {
        if !$condition {
            return Err(format!($($text)+));
        }
    };
}
pub(crate) use ensure;

/// What this program does when a case starts it as a peer process.
pub(crate) fn peer(words: &[String]) -> Result<(), String> {
    liveness::peer(words)
}
