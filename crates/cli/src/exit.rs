//! How a command ends: exit codes and the error that carries one.

use std::fmt;

/// Exit codes of the program. Scripts rely on them: never renumber.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Code {
    /// The command ran and failed, or something was lost that should not be.
    Failed = 1,
    /// The arguments make no sense.
    Usage = 2,
    /// No connection came about.
    CannotConnect = 3,
    /// An established connection went silent, or a time limit passed.
    Timeout = 4,
    /// Data arrived but is not what was sent.
    Integrity = 5,
    /// The peer refused.
    Refused = 6,
    /// A local file, folder or disk gave trouble.
    File = 7,
    /// The local address cannot be used for listening.
    CannotListen = 8,
    /// This machine lacks what the command needs.
    Unavailable = 9,
    /// Stopped by the user.
    Interrupted = 130,
}

/// The table shown in `--help`.
pub(crate) const HELP: &str = "Exit codes:
  0  ok
  1  failed, or something was lost that should not be
  2  wrong arguments
  3  cannot connect
  4  timeout: the peer went silent, or a time limit passed
  5  integrity: data arrived but is not what was sent
  6  refused by the peer
  7  a local file, folder or disk gave trouble
  8  cannot listen on the local address
  9  this machine lacks what the command needs
  130  interrupted";

/// Why a command ends without success: what happened, in words for the user, and the exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: Code,
    message: String,
}

impl Failure {
    pub(crate) fn new(code: Code, message: impl fmt::Display) -> Self {
        Self { code, message: message.to_string() }
    }

    /// Puts the culprit in front, as in `notes.txt: no space left`.
    pub(crate) fn about(self, culprit: impl fmt::Display) -> Self {
        Self { code: self.code, message: format!("{culprit}: {}", self.message) }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<std::io::Error> for Failure {
    /// Standard output gone, a process that does not start and the like; files have typed errors of their own.
    fn from(error: std::io::Error) -> Self {
        Self::new(Code::Failed, error)
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::new(Code::Failed, error)
    }
}
