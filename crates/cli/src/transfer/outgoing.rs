//! The sending half of a transfer, without a network: messages in, messages out, and a file.

use super::digest::{Hasher, Sha256};
use super::frames::{DATA_BYTES_MAX, Frame, FrameError, Refusal, VERSION};
use crate::exit::{Code, Failure};
use std::io::{self, Read, Seek, SeekFrom};
use thiserror::Error;

/// Why a file was not sent.
#[derive(Debug, Error)]
pub(crate) enum OutgoingError {
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error("the peer answered out of turn; is it a receiver of files?")]
    Unexpected,
    #[error("the receiver refused: {text}")]
    Refused { reason: Refusal, text: String },
    #[error("reading failed: {0}")]
    Read(#[from] io::Error),
    #[error("the file became shorter while it was sent; send it again when nobody writes to it")]
    Shrunk,
}

impl From<OutgoingError> for Failure {
    fn from(error: OutgoingError) -> Self {
        let code = match &error {
            OutgoingError::Frame(_) | OutgoingError::Unexpected => Code::Failed,
            OutgoingError::Refused { reason: Refusal::Integrity, .. } => Code::Integrity,
            OutgoingError::Refused { .. } => Code::Refused,
            OutgoingError::Read(_) | OutgoingError::Shrunk => Code::File,
        };
        Self::new(code, error)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The offer is out.
    Offered,
    Sending,
    /// Everything is out; the receiver checks.
    Ended,
    Done,
}

/// A file on its way out.
pub(crate) struct Outgoing<F> {
    file: F,
    name: String,
    size: u64,
    state: State,
    hasher: Hasher,
    /// Bytes read from the file and handed out.
    read: u64,
    /// Bytes the receiver reported as written.
    written: u64,
    /// Where the receiver let us start.
    resumed_at: u64,
    window: u64,
}

impl<F: Read + Seek> Outgoing<F> {
    pub(crate) fn new(file: F, name: &str, size: u64) -> Self {
        Self {
            file,
            name: name.to_owned(),
            size,
            state: State::Offered,
            hasher: Hasher::new(),
            read: 0,
            written: 0,
            resumed_at: 0,
            window: 0,
        }
    }

    /// The first message.
    pub(crate) fn offer(&self) -> Vec<u8> {
        Frame::Offer { version: VERSION, size: self.size, name: &self.name }.encode()
    }

    /// Bytes the receiver has for certain.
    pub(crate) const fn written(&self) -> u64 {
        self.written
    }

    /// The offset at which the receiver already was when we came.
    pub(crate) const fn resumed_at(&self) -> u64 {
        self.resumed_at
    }

    /// Whether the receiver has everything, checked and in place.
    pub(crate) const fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// SHA-256 of what was read so far; of the file once it is done.
    pub(crate) fn sha256(&self) -> Sha256 {
        self.hasher.value()
    }

    /// Takes a message of the receiver, and gives the answer to send.
    ///
    /// # Errors
    /// See [`OutgoingError`]; the transfer is over then.
    pub(crate) fn on_message(&mut self, message: &[u8]) -> Result<Option<Vec<u8>>, OutgoingError> {
        match (Frame::decode(message)?, self.state) {
            (Frame::Refused { reason, text }, _) => {
                let text = crate::text::harmless(text.as_bytes(), 500);
                Err(OutgoingError::Refused { reason, text })
            }
            (Frame::Have { offset, window, sha256 }, State::Offered) => {
                self.window = window;
                let start = self.find_start(offset, sha256)?;
                self.state = State::Sending;
                (self.read, self.written, self.resumed_at) = (start, start, start);
                Ok(Some(Frame::Start { offset: start }.encode()))
            }
            (Frame::Written { offset }, State::Sending | State::Ended) => {
                self.written = self.written.max(offset.min(self.read));
                Ok(None)
            }
            (Frame::Done, State::Ended) => {
                self.state = State::Done;
                self.written = self.size;
                Ok(None)
            }
            _ => Err(OutgoingError::Unexpected),
        }
    }

    /// The next message, unless the receiver has to say something first.
    ///
    /// # Errors
    /// See [`OutgoingError`]; the transfer is over then.
    pub(crate) fn next_message(&mut self) -> Result<Option<Vec<u8>>, OutgoingError> {
        if self.state != State::Sending {
            return Ok(None);
        }
        if self.read == self.size {
            self.state = State::Ended;
            return Ok(Some(Frame::End { sha256: self.hasher.value() }.encode()));
        }
        let room = self.window.saturating_sub(self.read - self.written);
        let want = room.min(self.size - self.read).min(DATA_BYTES_MAX as u64);
        if want == 0 {
            return Ok(None);
        }
        let mut data = Vec::with_capacity(DATA_BYTES_MAX);
        (&mut self.file).take(want).read_to_end(&mut data)?;
        if (data.len() as u64) < want {
            return Err(OutgoingError::Shrunk);
        }
        self.read += want;
        self.hasher.update(&data);
        Ok(Some(Frame::Data(&data).encode()))
    }

    /// The offset to start from: the receiver's if its bytes before are ours.
    fn find_start(&mut self, offset: u64, sha256: Sha256) -> Result<u64, OutgoingError> {
        if offset > 0 && offset <= self.size {
            self.file.seek(SeekFrom::Start(0))?;
            let mut hasher = Hasher::new();
            if hasher.update_from(&mut self.file, offset)? < offset {
                return Err(OutgoingError::Shrunk);
            }
            if hasher.value() == sha256 {
                self.hasher = hasher;
                return Ok(offset);
            }
        }
        self.file.seek(SeekFrom::Start(0))?;
        self.hasher = Hasher::new();
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn have(offset: u64, window: u64, data: &[u8]) -> Vec<u8> {
        let mut h = Hasher::new();
        h.update(data);
        Frame::Have { offset, window, sha256: h.value() }.encode()
    }

    #[test]
    fn stays_inside_the_window() {
        let data = vec![5; 200_000];
        let mut out = Outgoing::new(Cursor::new(&data), "x", 200_000);
        assert_eq!(out.next_message().unwrap(), None, "nothing before the answer");
        assert_eq!(
            out.on_message(&have(0, 100_000, &[])).unwrap(),
            Some(Frame::Start { offset: 0 }.encode())
        );
        let mut got = 0;
        while let Some(m) = out.next_message().unwrap() {
            got += m.len() - 1;
        }
        assert_eq!(got, 100_000);
        out.on_message(&Frame::Written { offset: 1 << 60 }.encode()).unwrap();
        assert_eq!(out.written(), 100_000, "not more than was sent");
        while let Some(m) = out.next_message().unwrap() {
            got += if m[0] == 3 { m.len() - 1 } else { 0 };
            let written = out.read;
            out.on_message(&Frame::Written { offset: written }.encode()).unwrap();
        }
        assert_eq!(got, 200_000);
        assert!(!out.is_done());
        out.on_message(&Frame::Done.encode()).unwrap();
        assert!(out.is_done());
    }

    #[test]
    fn continues_only_behind_the_same_bytes() {
        let data = b"0123456789";
        let start = |offset, theirs: &[u8]| {
            let mut out = Outgoing::new(Cursor::new(&data[..]), "x", 10);
            out.on_message(&have(offset, 1000, theirs)).unwrap();
            (out.resumed_at(), out.next_message().unwrap().unwrap()[1..].to_vec())
        };
        assert_eq!(start(4, b"0123"), (4, b"456789".to_vec()));
        assert_eq!(start(4, b"012x"), (0, data.to_vec()));
        assert_eq!(start(11, b"0123456789a"), (0, data.to_vec()));
        let mut out = Outgoing::new(Cursor::new(&data[..]), "x", 10);
        out.on_message(&have(10, 1000, data)).unwrap();
        assert_eq!(out.next_message().unwrap().unwrap()[0], 4, "all there: the end at once");
    }

    #[test]
    fn refusals_and_nonsense_end_it() {
        let refused = super::super::frames::refused(Refusal::Exists, "there is\x1b one");
        let mut out = Outgoing::new(Cursor::new(b""), "x", 0);
        let error = out.on_message(&refused).unwrap_err();
        assert_eq!(error.to_string(), "the receiver refused: there is one");
        assert_eq!(Failure::from(error).code, Code::Refused);
        assert!(matches!(out.on_message(&Frame::Done.encode()), Err(OutgoingError::Unexpected)));
        assert!(matches!(out.on_message(b"hi"), Err(OutgoingError::Frame(_))));
    }

    #[test]
    fn a_file_that_shrinks_is_noticed() {
        let mut out = Outgoing::new(Cursor::new(b"abc"), "x", 10);
        out.on_message(&have(0, 1000, b"")).unwrap();
        assert!(matches!(out.next_message(), Err(OutgoingError::Shrunk)));
    }
}
