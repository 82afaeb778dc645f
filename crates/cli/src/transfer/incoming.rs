//! The receiving half of a transfer, without a network: messages in, messages out, and a folder.

use super::digest::{Hasher, Sha256};
use super::frames::{Frame, FrameError, Refusal, VERSION, refused};
use super::journal::Journal;
use super::names::{self, JOURNAL_END, NameError, PARTIAL_END};
use crate::exit::{Code, Failure};
use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Bytes a sender may have under way: 80 MB/s over 100 ms, and little beside what a receiver has of memory.
pub(crate) const WINDOW_BYTES: u64 = 8 << 20;
/// Bytes of an unfinished file that are hashed in one turn, so that other transfers get theirs.
const HASH_TURN_BYTES: u64 = 8 << 20;
/// Bytes after which the disk is synchronised and the journal written: lost at most by a crash.
const JOURNAL_EVERY_BYTES: u64 = 4 << 20;
/// Bytes after which the sender is told.
const REPORT_EVERY_BYTES: u64 = 512 << 10;

/// Why a file was not received.
#[derive(Debug, Error)]
pub(crate) enum IncomingError {
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error("the sender said something out of turn")]
    Unexpected,
    #[error("the sender speaks version {0} of the transfer protocol, we speak {VERSION}")]
    Version(u8),
    #[error(transparent)]
    Name(#[from] NameError),
    #[error("{0} exists already; start the receiver with --force to replace files")]
    Exists(String),
    #[error("somebody else is sending {0} at this moment")]
    Busy(String),
    #[error("{size} bytes are more than the limit of {limit}")]
    TooLarge { size: u64, limit: u64 },
    #[error(
        "the file has SHA-256 {found} but the sender announced {announced}; the copy was removed, send again"
    )]
    Integrity { announced: Sha256, found: Sha256 },
    #[error("the sender sent {got} bytes of a file of {size}")]
    Length { got: u64, size: u64 },
    #[error("the disk of {path} is full; the unfinished file is kept, make room and send again")]
    DiskFull { path: PathBuf },
    #[error("{path}: {source}")]
    Disk { path: PathBuf, source: io::Error },
}

impl IncomingError {
    fn disk(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path },
            _ => Self::Disk { path, source },
        }
    }

    /// What the sender is told. It learns nothing of our folders.
    pub(crate) fn refusal(&self) -> Vec<u8> {
        let reason = match self {
            Self::Frame(_) | Self::Unexpected | Self::Version(_) | Self::Length { .. } => Refusal::Protocol,
            Self::Name(_) => Refusal::Name,
            Self::Exists(_) => Refusal::Exists,
            Self::Busy(_) => Refusal::Busy,
            Self::TooLarge { .. } => Refusal::TooLarge,
            Self::Integrity { .. } => Refusal::Integrity,
            Self::DiskFull { .. } => Refusal::DiskFull,
            Self::Disk { .. } => Refusal::Disk,
        };
        match self {
            Self::DiskFull { .. } => refused(reason, "its disk is full; what arrived so far is kept"),
            Self::Disk { source, .. } => refused(reason, &format!("it cannot write the file ({source})")),
            other => refused(reason, &other.to_string()),
        }
    }
}

impl From<IncomingError> for Failure {
    fn from(error: IncomingError) -> Self {
        let code = match &error {
            IncomingError::Integrity { .. } => Code::Integrity,
            IncomingError::DiskFull { .. } | IncomingError::Disk { .. } => Code::File,
            _ => Code::Failed,
        };
        Self::new(code, error)
    }
}

/// Where files go, and which are being received.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    force: bool,
    size_max: u64,
    /// Names in lower case: some file systems do not tell them apart.
    busy: BTreeSet<String>,
}

impl Folder {
    pub(crate) const fn new(path: PathBuf, force: bool, size_max: u64) -> Self {
        Self { path, force, size_max, busy: BTreeSet::new() }
    }
}

/// The file being received.
struct Target {
    name: String,
    size: u64,
    path: PathBuf,
    partial: PathBuf,
    journal: PathBuf,
    file: File,
    hasher: Hasher,
    /// Bytes written, or while the beginning is hashed: bytes to hash.
    offset: u64,
    hashed: u64,
    reported: u64,
    saved: u64,
    resumed_at: u64,
}

enum State {
    /// For an offer.
    Waiting,
    Hashing(Box<Target>),
    /// The sender knows what we have; it says where it starts.
    Offered(Box<Target>),
    Receiving(Box<Target>),
    Over,
}

/// What a finished transfer brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Received {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) size: u64,
    pub(crate) resumed_at: u64,
    pub(crate) sha256: Sha256,
}

/// What a message led to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) reply: Option<Vec<u8>>,
    pub(crate) received: Option<Received>,
}

impl Outcome {
    const fn reply(message: Vec<u8>) -> Self {
        Self { reply: Some(message), received: None }
    }
}

/// One sender's transfer.
pub(crate) struct Incoming {
    state: State,
    /// The entry in [`Folder::busy`].
    claim: Option<String>,
}

impl Incoming {
    pub(crate) const fn new() -> Self {
        Self { state: State::Waiting, claim: None }
    }

    /// Name, size and bytes written of the file in work.
    pub(crate) fn progress(&self) -> Option<(&str, u64, u64)> {
        match &self.state {
            State::Hashing(t) | State::Offered(t) | State::Receiving(t) => Some((&t.name, t.size, t.offset)),
            State::Waiting | State::Over => None,
        }
    }

    /// Whether [`turn`](Self::turn) has something to do.
    pub(crate) const fn has_work(&self) -> bool {
        matches!(self.state, State::Hashing(_))
    }

    /// Whether nothing more is to come.
    pub(crate) const fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// Takes a message of the sender.
    ///
    /// # Errors
    /// See [`IncomingError`]; the transfer is over then, and its refusal is to be sent.
    pub(crate) fn on_message(
        &mut self,
        folder: &mut Folder,
        message: &[u8],
    ) -> Result<Outcome, IncomingError> {
        let result = self.handle(folder, message);
        if result.is_err() {
            self.give_up(folder);
        }
        result
    }

    /// Does a bounded piece of work that no message asks for.
    ///
    /// # Errors
    /// As [`on_message`](Self::on_message).
    pub(crate) fn turn(&mut self, folder: &mut Folder) -> Result<Outcome, IncomingError> {
        let State::Hashing(target) = &mut self.state else { return Ok(Outcome::default()) };
        let want = (target.offset - target.hashed).min(HASH_TURN_BYTES);
        let got = match target.hasher.update_from(&mut target.file, want) {
            Ok(got) => got,
            Err(e) => {
                let error = IncomingError::disk(&target.partial, e);
                self.give_up(folder);
                return Err(error);
            }
        };
        target.hashed += got;
        if got < want {
            // Shorter than a moment ago: only what could be read counts.
            target.offset = target.hashed;
        }
        if target.hashed < target.offset {
            return Ok(Outcome::default());
        }
        let reply =
            Frame::Have { offset: target.offset, window: WINDOW_BYTES, sha256: target.hasher.value() }
                .encode();
        if let State::Hashing(target) = std::mem::replace(&mut self.state, State::Over) {
            self.state = State::Offered(target);
        }
        Ok(Outcome::reply(reply))
    }

    /// The sender is gone, or did something wrong: what was written stays for the next time.
    pub(crate) fn give_up(&mut self, folder: &mut Folder) {
        if let State::Receiving(mut target) = std::mem::replace(&mut self.state, State::Over) {
            // The journal of the last synchronisation stands if this one fails.
            let _ = target.save();
        }
        self.release(folder);
    }

    fn release(&mut self, folder: &mut Folder) {
        if let Some(claim) = self.claim.take() {
            folder.busy.remove(&claim);
        }
    }

    fn handle(&mut self, folder: &mut Folder, message: &[u8]) -> Result<Outcome, IncomingError> {
        let frame = Frame::decode(message)?;
        match (frame, std::mem::replace(&mut self.state, State::Over)) {
            (Frame::Offer { version, size, name }, State::Waiting) => {
                if version != VERSION {
                    return Err(IncomingError::Version(version));
                }
                self.take_offer(folder, name, size)?;
                self.turn(folder)
            }
            (Frame::Start { offset }, State::Offered(mut target)) => {
                target.start(offset)?;
                self.state = State::Receiving(target);
                Ok(Outcome::default())
            }
            (Frame::Data(data), State::Receiving(mut target)) => {
                let written = target.write(data);
                let reply = target.report();
                self.state = State::Receiving(target);
                written?;
                Ok(Outcome { reply, received: None })
            }
            (Frame::End { sha256 }, State::Receiving(target)) => {
                let received = target.finish(sha256, folder.force)?;
                self.release(folder);
                Ok(Outcome { reply: Some(Frame::Done.encode()), received: Some(received) })
            }
            // What was written stays usable.
            (_, state) => {
                self.state = state;
                Err(IncomingError::Unexpected)
            }
        }
    }

    fn take_offer(&mut self, folder: &mut Folder, name: &str, size: u64) -> Result<(), IncomingError> {
        names::check(name)?;
        if size > folder.size_max {
            return Err(IncomingError::TooLarge { size, limit: folder.size_max });
        }
        let path = folder.path.join(name);
        if !folder.force && fs::symlink_metadata(&path).is_ok() {
            return Err(IncomingError::Exists(name.to_owned()));
        }
        let claim = name.to_lowercase();
        if !folder.busy.insert(claim.clone()) {
            return Err(IncomingError::Busy(name.to_owned()));
        }
        self.claim = Some(claim);
        self.state = State::Hashing(Box::new(Target::open(&folder.path, name, size)?));
        Ok(())
    }
}

impl Target {
    fn open(folder: &Path, name: &str, size: u64) -> Result<Self, IncomingError> {
        let beside = |end: &str| folder.join(format!("{name}{end}"));
        let (partial, journal) = (beside(PARTIAL_END), beside(JOURNAL_END));
        let on_disk = match fs::symlink_metadata(&partial) {
            Ok(meta) if meta.is_file() => meta.len(),
            Ok(_) => {
                return Err(IncomingError::disk(
                    &partial,
                    io::Error::other("is not a plain file; remove it"),
                ));
            }
            Err(_) => 0,
        };
        let offset = Journal::load(&journal)
            .filter(|j| j.name == name && j.size == size)
            .map_or(0, |j| j.offset.min(on_disk));
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&partial)
            .map_err(|e| IncomingError::disk(&partial, e))?;
        Ok(Self {
            name: name.to_owned(),
            size,
            path: folder.join(name),
            partial,
            journal,
            file,
            hasher: Hasher::new(),
            offset,
            hashed: 0,
            reported: offset,
            saved: offset,
            resumed_at: 0,
        })
    }

    fn failed(&self, error: io::Error) -> IncomingError {
        IncomingError::disk(&self.partial, error)
    }

    fn start(&mut self, offset: u64) -> Result<(), IncomingError> {
        if offset != self.offset && offset != 0 {
            return Err(IncomingError::Unexpected);
        }
        if offset == 0 {
            self.hasher = Hasher::new();
        }
        (self.offset, self.reported, self.saved, self.resumed_at) = (offset, offset, offset, offset);
        self.file.set_len(offset).map_err(|e| self.failed(e))?;
        self.file.seek(SeekFrom::Start(offset)).map_err(|e| self.failed(e))?;
        self.save()
    }

    fn write(&mut self, data: &[u8]) -> Result<(), IncomingError> {
        let got = self.offset + data.len() as u64;
        if got > self.size {
            return Err(IncomingError::Length { got, size: self.size });
        }
        self.file.write_all(data).map_err(|e| self.failed(e))?;
        self.hasher.update(data);
        self.offset = got;
        if self.offset - self.saved >= JOURNAL_EVERY_BYTES { self.save() } else { Ok(()) }
    }

    fn report(&mut self) -> Option<Vec<u8>> {
        if self.offset - self.reported < REPORT_EVERY_BYTES {
            return None;
        }
        self.reported = self.offset;
        Some(Frame::Written { offset: self.offset }.encode())
    }

    fn save(&mut self) -> Result<(), IncomingError> {
        self.file.sync_data().map_err(|e| self.failed(e))?;
        let journal = Journal::new(&self.name, self.size, self.offset);
        journal.store(&self.journal).map_err(|e| IncomingError::disk(&self.journal, e))?;
        self.saved = self.offset;
        Ok(())
    }

    fn finish(self, announced: Sha256, force: bool) -> Result<Received, IncomingError> {
        if self.offset != self.size {
            return Err(IncomingError::Length { got: self.offset, size: self.size });
        }
        let found = self.hasher.value();
        if found != announced {
            self.remove();
            return Err(IncomingError::Integrity { announced, found });
        }
        self.file.sync_all().map_err(|e| self.failed(e))?;
        place(&self.partial, &self.path, force).map_err(|e| match e.kind() {
            io::ErrorKind::AlreadyExists => IncomingError::Exists(self.name.clone()),
            _ => IncomingError::disk(&self.path, e),
        })?;
        // The file is complete; a journal left behind would only be ignored.
        let _ = fs::remove_file(&self.journal);
        let Self { name, path, size, resumed_at, .. } = self;
        Ok(Received { name, path, size, resumed_at, sha256: found })
    }

    fn remove(&self) {
        // What cannot be removed is recognised by its hash the next time.
        let _ = fs::remove_file(&self.partial);
        let _ = fs::remove_file(&self.journal);
    }
}

/// Gives the finished file its name; without `force` never in place of another one, not even of one made just now.
fn place(from: &Path, to: &Path, force: bool) -> io::Result<()> {
    if force {
        return fs::rename(from, to);
    }
    match fs::hard_link(from, to) {
        Ok(()) => fs::remove_file(from),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Err(e),
        // A file system without hard links: look, then rename.
        Err(_) if fs::symlink_metadata(to).is_ok() => Err(io::ErrorKind::AlreadyExists.into()),
        Err(_) => fs::rename(from, to),
    }
}

#[cfg(test)]
#[path = "incoming_tests.rs"]
mod tests;
