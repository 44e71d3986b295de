// SPDX-License-Identifier: GPL-2.0-or-later
//! What host and guest say to each other over the guest's second console: a
//! kind, a length (u32, little-endian), that many bytes.

use std::io::{self, ErrorKind, Read, Write};

/// Longest body of a frame; one console buffer of User-Mode Linux.
pub(crate) const MAX: usize = 4096;

/// How many [`Frame::Job`] and [`Frame::Stdin`] may be under way, and how long
/// their bodies are. Together they stay below what the guest's terminal holds
/// unread (4096 bytes, `N_TTY_BUF_SIZE`) less the 128 at which it throttles:
/// User-Mode Linux may never wake up from that, unless more input arrives.
pub(crate) const WINDOW: usize = 3;
/// See [`WINDOW`].
pub(crate) const CHUNK: usize = 1024;
const _: () = assert!(WINDOW * (CHUNK + 5) < 4096 - 128 - 512, "room for signals");

/// One thing said.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    /// Guest: the console is raw, the host may speak.
    Ready,
    /// Guest: one [`Frame::Job`] is heard, or one [`Frame::Stdin`] is written to
    /// the command, which may be done with its input.
    Taken,
    /// Guest: the command is about to run.
    Starting,
    /// Guest: the command wrote this to standard output.
    Stdout(Vec<u8>),
    /// Guest: the command wrote this to standard error.
    Stderr(Vec<u8>),
    /// Guest: the command ended with this exit status, and all is said.
    Exit(u8),
    /// Guest: the command could not be run, and why.
    Failed(String),
    /// Host: a piece of the job; an empty one says that it is whole.
    Job(Vec<u8>),
    /// Host: this came on standard input; empty for its end.
    Stdin(Vec<u8>),
    /// Host: send the command this signal.
    Signal(u8),
    /// Host: the terminal has this many rows and columns.
    Resize(u16, u16),
}

impl Frame {
    fn parts(&self) -> (u8, Vec<u8>) {
        match self {
            Self::Ready => (b'R', Vec::new()),
            Self::Taken => (b't', Vec::new()),
            Self::Starting => (b'S', Vec::new()),
            Self::Job(data) => (b'j', data.clone()),
            Self::Stdout(data) => (b'o', data.clone()),
            Self::Stderr(data) => (b'e', data.clone()),
            Self::Exit(status) => (b'x', vec![*status]),
            Self::Failed(text) => (b'f', text.as_bytes()[..text.len().min(MAX)].to_vec()),
            Self::Stdin(data) => (b'i', data.clone()),
            Self::Signal(signal) => (b's', vec![*signal]),
            Self::Resize(rows, cols) => (b'w', [rows.to_le_bytes(), cols.to_le_bytes()].concat()),
        }
    }

    /// Writes it in one piece.
    pub(crate) fn write(&self, to: &mut impl Write) -> io::Result<()> {
        let (kind, body) = self.parts();
        debug_assert!(body.len() <= MAX);
        let length = u32::try_from(body.len()).map_err(io::Error::other)?;
        let mut bytes = vec![kind];
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(&body);
        to.write_all(&bytes)?;
        to.flush()
    }

    /// Reads one; `None` where the other side has ended between two frames.
    pub(crate) fn read(from: &mut impl Read) -> io::Result<Option<Self>> {
        let mut head = [0; 5];
        match from.read_exact(&mut head[..1]) {
            Err(err) if err.kind() == ErrorKind::UnexpectedEof => return Ok(None),
            result => result?,
        }
        from.read_exact(&mut head[1..])?;
        let [kind, length @ ..] = head;
        let length = u32::from_le_bytes(length) as usize;
        if length > MAX {
            return Err(invalid("a frame is too long"));
        }
        let mut body = vec![0; length];
        from.read_exact(&mut body)?;
        let frame = match (kind, body.as_slice()) {
            (b'R', []) => Self::Ready,
            (b't', []) => Self::Taken,
            (b'S', []) => Self::Starting,
            (b'j', _) => Self::Job(body),
            (b'o', _) => Self::Stdout(body),
            (b'e', _) => Self::Stderr(body),
            (b'x', &[status]) => Self::Exit(status),
            (b'f', _) => Self::Failed(String::from_utf8_lossy(&body).into_owned()),
            (b'i', _) => Self::Stdin(body),
            (b's', &[signal]) => Self::Signal(signal),
            (b'w', &[a, b, c, d]) => {
                Self::Resize(u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d]))
            }
            _ => return Err(invalid("a frame makes no sense")),
        };
        Ok(Some(frame))
    }
}

fn invalid(text: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_frame_comes_back_as_it_was_sent() {
        let frames = [
            Frame::Ready,
            Frame::Taken,
            Frame::Starting,
            Frame::Job(b"{".into()),
            Frame::Stdout((0..=255).collect()),
            Frame::Stderr(vec![0; MAX]),
            Frame::Exit(255),
            Frame::Failed("why".into()),
            Frame::Stdin(Vec::new()),
            Frame::Signal(15),
            Frame::Resize(24, 80),
        ];
        let mut bytes = Vec::new();
        for frame in &frames {
            frame.write(&mut bytes).unwrap();
        }
        let mut from = bytes.as_slice();
        for frame in frames {
            assert_eq!(Frame::read(&mut from).unwrap(), Some(frame));
        }
        assert_eq!(Frame::read(&mut from).unwrap(), None);
    }

    #[test]
    fn a_frame_cut_short_or_too_long_is_an_error() {
        assert!(Frame::read(&mut &b"o\x04\0\0\0abc"[..]).is_err());
        assert!(Frame::read(&mut &b"o\xff\xff\xff\xff"[..]).is_err());
        assert!(Frame::read(&mut &b"?\0\0\0\0"[..]).is_err());
    }
}
