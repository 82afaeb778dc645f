//! A call that was wrong: what to tell, and what to answer.

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

impl<T> From<String> for Fault<T> {
    fn from(why: String) -> Self {
        Self { why, answer: None }
    }
}
