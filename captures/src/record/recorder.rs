// SPDX-License-Identifier: GPL-2.0-or-later
//! What is done with each frame: it is counted and written.

use std::io::{self, Write};
use std::time::Duration;

use nl_dissector::decode::{Endian, messages};

use crate::file::writer::{Counters, Frame, Origin, Writer};
use crate::text::count;

/// What a recording holds, without what nlcap added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Summary {
    /// Netlink messages.
    pub(super) messages: u64,
    /// Frames: what was sent at once.
    pub(super) frames: u64,
    /// Frames that the tap had no room for.
    pub(super) lost: u64,
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let messages = count(self.messages, "message");
        let frames = count(self.frames, "frame");
        write!(f, "{messages} in {frames}, {} lost", self.lost)
    }
}

/// A recording in the making.
///
/// After the first error nothing more is written, but all is still counted.
pub(super) struct Recorder<W: Write> {
    writer: Writer<W>,
    summary: Summary,
    written: io::Result<()>,
}

impl<W: Write> Recorder<W> {
    /// Begins the file.
    pub(super) fn new(output: W, origin: &Origin) -> io::Result<Self> {
        let writer = Writer::new(output, origin)?;
        Ok(Self {
            writer,
            summary: Summary::default(),
            written: Ok(()),
        })
    }

    /// Takes a frame that was not on the tap.
    pub(super) fn add(&mut self, frame: &Frame<'_>) -> io::Result<()> {
        self.writer.added(frame)
    }

    /// Takes a frame of the tap.
    pub(super) fn take(&mut self, frame: &Frame<'_>) {
        self.summary.frames += 1;
        self.summary.messages +=
            messages(frame.messages, Endian::native()).flatten().count() as u64;
        if self.written.is_ok() {
            self.written = self.writer.frame(frame);
        }
    }

    /// Hands to the kernel what was gathered for the file.
    pub(super) fn flush(&mut self) {
        if self.written.is_ok() {
            self.written = self.writer.flush();
        }
    }

    /// Ends the file; the first error that there was with it.
    pub(super) fn finish(self, now: Duration, counters: Counters) -> io::Result<Summary> {
        self.written?;
        self.writer.finish(now, counters)?.flush()?;
        Ok(Summary {
            lost: counters.dropped,
            ..self.summary
        })
    }
}
