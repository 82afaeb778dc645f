//! A call that was wrong: what to tell, and what to answer.

use std::fmt::Display;

/// What a function of the face returns.
pub(crate) type Outcome<T> = Result<T, Fault<T>>;

/// A call that was wrong.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault<T> {
    /// What is wrong and what to do.
    pub(crate) why: String,
    /// What to answer; the function's neutral value if there is nothing better.
    pub(crate) answer: Option<T>,
}

impl<T> Fault<T> {
    /// A fault that is answered with the neutral value.
    pub(crate) fn new(why: &dyn Display) -> Self {
        Self { why: why.to_string(), answer: None }
    }

    /// A fault with an answer of its own.
    pub(crate) fn with(answer: T, why: &dyn Display) -> Self {
        Self { why: why.to_string(), answer: Some(answer) }
    }
}

impl<T> From<String> for Fault<T> {
    fn from(why: String) -> Self {
        Self { why, answer: None }
    }
}

/// A result number, with a line if the caller made a mistake.
pub(super) fn verdict((number, mistake): super::results::Verdict, why: &dyn Display) -> Outcome<i64> {
    if mistake { Err(Fault::with(number, why)) } else { Ok(number) }
}
