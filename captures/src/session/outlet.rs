// SPDX-License-Identifier: GPL-2.0-or-later
//! Output that never waits: a queue before a file, a pipe, a socket or a terminal.
//!
//! # Design decisions
//!
//! - One thread does all, so that a write(2) which waits for a reader would keep
//!   signals, and the command's calls, waiting too. Whoever writes puts it into the
//!   queue; the session pushes it out as far as it goes, polls for more room, and
//!   takes nothing from the tap as long as the queue is full.
//! - A pipe or terminal that was there before us is opened anew by its name in
//!   /proc: O_NONBLOCK on the one that we were given would be its other holders' too.
//! - What stands in a file that is there is kept until [`Outlet::begin`].

use std::fs::{self, File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileExt, FileTypeExt, OpenOptionsExt};
use std::path::PathBuf;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{MsgFlags, send};

use crate::terminal::text;

/// Bytes in the queue from which on nothing more is taken from the tap.
const FULL: usize = 1 << 22;

/// What a pipe with any room takes at once: PIPE_BUF.
const PIECE: usize = 4096;

/// How writing to it does not wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A write to a file, and to most devices, waits for nobody.
    File,
    /// It was opened with O_NONBLOCK.
    Stream,
    /// MSG_DONTWAIT.
    Socket,
    /// In pieces, after a poll.
    Blocking,
}

/// An output with its queue. Dropped before it has begun, it leaves nothing behind.
#[derive(Debug)]
pub(crate) struct Outlet {
    file: File,
    kind: Kind,
    /// Where it is; None for one that was open when we were started.
    path: Option<PathBuf>,
    /// What that one is called.
    name: &'static str,
    /// Whether the file was made by us.
    new: bool,
    begun: bool,
    queue: Vec<u8>,
    /// Bytes of the queue that are written.
    head: usize,
    /// Where in the queue each piece that was put in ends.
    ends: Vec<usize>,
    /// Bytes written before the queue's first.
    written: u64,
    waits: bool,
    /// Pieces that were in the queue when an error came.
    unwritten: u64,
    error: Option<io::Error>,
}

impl Outlet {
    /// Standard output.
    pub(super) fn stdout() -> io::Result<Self> {
        Self::given("standard output", io::stdout().as_fd())
    }

    /// Standard error.
    pub(crate) fn stderr() -> io::Result<Self> {
        Self::given("standard error", io::stderr().as_fd())
    }

    fn given(name: &'static str, fd: BorrowedFd<'_>) -> io::Result<Self> {
        let (file, kind) = never_waiting(fd.try_clone_to_owned()?)?;
        let mut outlet = Self::new(file, kind, None, false);
        outlet.name = name;
        Ok(outlet)
    }

    /// A file, FIFO or device that was opened by its name with O_NONBLOCK; `new`
    /// where it was not there before.
    pub(super) fn named(file: File, path: PathBuf, new: bool) -> io::Result<Self> {
        let is_file = file.metadata()?.is_file();
        let kind = if is_file { Kind::File } else { Kind::Stream };
        Ok(Self::new(file, kind, Some(path), new))
    }

    fn new(file: File, kind: Kind, path: Option<PathBuf>, new: bool) -> Self {
        Self {
            file,
            kind,
            path,
            name: "an output",
            new,
            begun: false,
            queue: Vec::new(),
            head: 0,
            ends: Vec::new(),
            written: 0,
            waits: false,
            unwritten: 0,
            error: None,
        }
    }

    /// Its name for a message.
    pub(crate) fn shown(&self) -> String {
        self.path
            .as_ref()
            .map_or_else(|| self.name.to_owned(), text::escape_os)
    }

    /// Begins to write: what an existing file held is gone now.
    pub(super) fn begin(&mut self) {
        if self.begun {
            return;
        }
        self.begun = true;
        if self.is_own_file() && !self.new {
            self.error = self.file.set_len(0).err();
        }
    }

    /// Whether it is a file that begins and ends with what we write.
    fn is_own_file(&self) -> bool {
        self.kind == Kind::File
            && self.path.is_some()
            && self.file.metadata().is_ok_and(|about| about.is_file())
    }

    /// Hands on what is in the queue, as far as it goes without waiting.
    pub(super) fn push(&mut self) {
        if !self.begun || self.error.is_some() {
            return;
        }
        self.waits = false;
        while self.error.is_none() && self.head < self.queue.len() {
            match self.write_some() {
                Ok(0) => self.error = Some(io::ErrorKind::WriteZero.into()),
                Ok(length) => self.head += length,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.waits = true;
                    return;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => self.error = Some(error),
            }
        }
        if self.error.is_some() {
            self.cut();
            let whole = self.ends.partition_point(|end| *end <= self.head);
            self.unwritten = (self.ends.len() - whole) as u64;
        }
        self.written += self.head as u64;
        self.queue.clear();
        self.ends.clear();
        self.head = 0;
    }

    fn write_some(&mut self) -> io::Result<usize> {
        let rest = &self.queue[self.head..];
        match self.kind {
            Kind::File | Kind::Stream => self.file.write(rest),
            Kind::Socket => {
                let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
                Ok(send(self.file.as_raw_fd(), rest, flags)?)
            }
            Kind::Blocking => {
                let mut room = [PollFd::new(self.file.as_fd(), PollFlags::POLLOUT)];
                if poll(&mut room, PollTimeout::ZERO)? == 0 {
                    return Err(io::ErrorKind::WouldBlock.into());
                }
                let piece = &rest[..rest.len().min(PIECE)];
                (&self.file).write(piece)
            }
        }
    }

    /// Takes a piece that was written in part out of the file again, so that it ends
    /// with a whole one.
    fn cut(&mut self) {
        let whole = self.ends.partition_point(|end| *end <= self.head);
        let end = whole.checked_sub(1).map_or(0, |last| self.ends[last]);
        if self.is_own_file() && self.file.set_len(self.written + end as u64).is_ok() {
            self.head = end;
        }
    }

    /// Puts one more piece at the end of what could be written, after an error: on a
    /// full disk there is room for a few bytes as a rule.
    fn add_last(&mut self, piece: &[u8]) {
        if !self.is_own_file() {
            return;
        }
        match self.file.write_all_at(piece, self.written) {
            Ok(()) => self.written += piece.len() as u64,
            // Nothing is worse than half a piece.
            Err(_) => drop(self.file.set_len(self.written)),
        }
    }

    /// Whether it is a terminal.
    pub(crate) fn is_terminal(&self) -> bool {
        self.file.is_terminal()
    }

    /// Whether nothing more should be put in for now.
    pub(super) fn is_full(&self) -> bool {
        self.error.is_none() && self.queue.len() - self.head >= FULL
    }

    /// Whether there is something to write for which there was no room.
    pub(super) fn waits(&self) -> bool {
        self.waits && self.error.is_none()
    }

    /// Gives up what is still in the queue.
    pub(super) fn abandon(&mut self) {
        let whole = self.ends.partition_point(|end| *end <= self.head);
        self.unwritten = (self.ends.len() - whole) as u64;
        self.queue.clear();
        self.ends.clear();
        self.head = 0;
    }

    /// How many pieces were not written because of the error, or were given up.
    pub(super) fn unwritten(&self) -> u64 {
        self.unwritten
    }

    /// The first error. What is put in after it is written only where it ends a file.
    pub(super) fn error(&self) -> Option<&io::Error> {
        self.error.as_ref()
    }
}

impl Write for Outlet {
    /// Puts a piece into the queue.
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        if self.error.is_some() {
            self.add_last(piece);
        } else {
            if self.head > 0 && self.queue.len() + piece.len() > self.queue.capacity() {
                self.compact();
            }
            self.queue.extend_from_slice(piece);
            self.ends.push(self.queue.len());
        }
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Outlet {
    /// Takes the pieces that are written out of the queue.
    fn compact(&mut self) {
        let whole = self.ends.partition_point(|end| *end <= self.head);
        let Some(last) = whole.checked_sub(1) else {
            return;
        };
        let gone = self.ends[last];
        self.queue.drain(..gone);
        self.ends.drain(..whole);
        self.ends.iter_mut().for_each(|end| *end -= gone);
        self.head -= gone;
        self.written += gone as u64;
    }
}

impl AsFd for Outlet {
    /// Writable when there is room.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl Drop for Outlet {
    fn drop(&mut self) {
        if let (Some(path), true, false) = (&self.path, self.new, self.begun) {
            // What stays behind is an empty recording.
            let _ = fs::remove_file(path);
        }
    }
}

/// The descriptor, or another of the same file, and how it does not wait.
fn never_waiting(given: OwnedFd) -> io::Result<(File, Kind)> {
    let given = File::from(given);
    let kind = given.metadata()?.file_type();
    if kind.is_file() || kind.is_block_device() {
        return Ok((given, Kind::File));
    }
    if kind.is_socket() {
        return Ok((given, Kind::Socket));
    }
    let again = OpenOptions::new()
        .write(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY)
        .open(format!("/proc/self/fd/{}", given.as_raw_fd()));
    Ok(match again {
        Ok(file) => (file, Kind::Stream),
        Err(_) => (given, Kind::Blocking),
    })
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn at(path: &std::path::Path, new: bool) -> Outlet {
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .unwrap();
        Outlet::named(file, path.to_owned(), new).unwrap()
    }

    #[test]
    fn an_existing_file_keeps_its_content_until_the_recording_begins() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        fs::write(&path, "old and long").unwrap();
        let mut outlet = at(&path, false);
        outlet.write_all(b"new").unwrap();
        outlet.push();
        assert_eq!(fs::read(&path).unwrap(), b"old and long");
        outlet.begin();
        outlet.push();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        drop(at(&path, false));
        assert!(path.exists(), "a file that was there is not removed");
    }

    #[test]
    fn a_new_file_is_removed_where_the_recording_never_began() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        drop(at(&path, true));
        assert!(!path.exists());
    }

    #[test]
    fn a_pipe_that_is_full_is_waited_for_and_nothing_is_lost() {
        let (mut read, write) = io::pipe().unwrap();
        for kind in [None, Some(Kind::Blocking)] {
            let given = OwnedFd::from(write.try_clone().unwrap());
            let (file, found) = never_waiting(given).unwrap();
            assert_eq!(found, Kind::Stream);
            let (file, kind) = match kind {
                None => (file, found),
                Some(kind) => (OwnedFd::from(write.try_clone().unwrap()).into(), kind),
            };
            let mut outlet = Outlet::new(file, kind, None, false);
            outlet.begin();
            let sent: Vec<u8> = (0..300_000_u32).map(|byte| byte as u8).collect();
            let mut seen: Vec<u8> = Vec::new();
            for piece in sent.chunks(1000) {
                outlet.write_all(piece).unwrap();
                outlet.push();
                if outlet.waits() && seen.len() < 100_000 {
                    let mut some = [0; 50_000];
                    let length = read.read(&mut some).unwrap();
                    seen.extend(&some[..length]);
                }
            }
            while seen.len() < sent.len() {
                let mut some = [0; 50_000];
                let length = read.read(&mut some).unwrap();
                seen.extend(&some[..length]);
                outlet.push();
            }
            assert!(seen == sent && !outlet.waits());
        }
    }

    #[test]
    fn a_queue_that_nobody_empties_says_so() {
        let (_read, write) = io::pipe().unwrap();
        let (file, kind) = never_waiting(write.into()).unwrap();
        let mut outlet = Outlet::new(file, kind, None, false);
        outlet.begin();
        let piece = vec![0; 1 << 20];
        for _ in 0..4 {
            assert!(!outlet.is_full());
            outlet.write_all(&piece).unwrap();
            outlet.push();
        }
        outlet.write_all(&piece).unwrap();
        assert!(outlet.is_full() && outlet.waits());
    }

    #[test]
    fn the_reader_of_a_pipe_that_is_gone_is_an_error_of_the_outlet() {
        let (read, write) = io::pipe().unwrap();
        let (file, kind) = never_waiting(write.into()).unwrap();
        let mut outlet = Outlet::new(file, kind, None, false);
        outlet.begin();
        drop(read);
        outlet.write_all(b"x").unwrap();
        outlet.push();
        let error = outlet.error().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    }
}
