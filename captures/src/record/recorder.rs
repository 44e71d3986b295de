// SPDX-License-Identifier: GPL-2.0-or-later
//! What is done with each frame: its owner is found, it is counted and written.

use std::io::{self, Write};
use std::time::Duration;

use nl_dissector::decode::{Endian, messages};

use super::tree::{Certainty, Direction, Known, Owner, Owners};
use crate::file::cooked::{TO_KERNEL, TO_USER};
use crate::file::writer::{Counters, Frame, INBOUND, Note, OUTBOUND, Origin, Writer};
use crate::text::{self, count};

/// Copies of one multicast for its receivers come within this time.
const COPIES: Duration = Duration::from_millis(100);

/// What is kept of what is on the tap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Choice {
    /// Others' messages too.
    pub(super) all: bool,
    /// Each receiver's copy of a multicast.
    pub(super) raw: bool,
}

/// What a recording holds, without what nlcap added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Summary {
    /// Netlink messages.
    pub(super) messages: u64,
    /// Frames: what was sent at once.
    pub(super) frames: u64,
    /// Messages of the command, by how their owner is known.
    pub(super) exact: u64,
    pub(super) by_port: u64,
    pub(super) by_group: u64,
    /// Messages of others, written or not.
    pub(super) others: u64,
    /// Whether those are written.
    pub(super) all: bool,
    /// Frames that the tap had no room for.
    pub(super) lost: u64,
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let messages = count(self.messages, "message");
        let frames = count(self.frames, "frame");
        write!(f, "{messages} in {frames}, {} lost", self.lost)?;
        let kinds = [
            (self.exact, "exact"),
            (self.by_port, "by port id"),
            (self.by_group, "by group"),
            (if self.all { self.others } else { 0 }, "of others"),
        ];
        let kinds: Vec<_> = kinds
            .iter()
            .filter(|(number, _)| *number > 0)
            .map(|(number, kind)| format!("{number} {kind}"))
            .collect();
        if !kinds.is_empty() {
            write!(f, " ({})", kinds.join(", "))?;
        }
        if self.others > 0 && !self.all {
            write!(f, ", {} of others left out", self.others)?;
        }
        Ok(())
    }
}

/// A recording in the making.
///
/// After the first error nothing more is written, but all is still counted.
pub(super) struct Recorder<W: Write> {
    writer: Writer<W>,
    choice: Choice,
    summary: Summary,
    written: io::Result<()>,
    /// The last multicast: when, and in which protocol.
    multicast: Option<(Duration, u16)>,
    multicast_bytes: Vec<u8>,
}

impl<W: Write> Recorder<W> {
    /// Begins the file.
    pub(super) fn new(output: W, origin: &Origin, choice: Choice) -> io::Result<Self> {
        let writer = Writer::new(output, origin)?;
        Ok(Self {
            writer,
            choice,
            summary: Summary {
                all: choice.all,
                ..Summary::default()
            },
            written: Ok(()),
            multicast: None,
            multicast_bytes: Vec::new(),
        })
    }

    /// Takes a frame that was not on the tap.
    pub(super) fn add(&mut self, frame: &Frame<'_>) -> io::Result<()> {
        self.writer.added(frame)
    }

    /// Takes a frame of the tap.
    pub(super) fn take(&mut self, frame: &Frame<'_>, owners: &mut Owners) {
        let known = owners.whose(frame);
        if self.is_copy(frame, &known) {
            return;
        }
        let here = messages(frame.messages, Endian::native()).flatten().count() as u64;
        let summary = &mut self.summary;
        *match (known.owners.is_empty(), known.certainty) {
            (true, _) => &mut summary.others,
            (_, Certainty::Exact) => &mut summary.exact,
            (_, Certainty::Port) => &mut summary.by_port,
            (_, Certainty::Group) => &mut summary.by_group,
        } += here;
        if known.owners.is_empty() && !self.choice.all {
            return;
        }
        summary.frames += 1;
        summary.messages += here;
        if self.written.is_ok() {
            let mut frame = *frame;
            frame.header.packet_type = match known.direction {
                Direction::Outbound => TO_KERNEL,
                Direction::Inbound => TO_USER,
            };
            self.written = self.writer.frame(&frame, &note(&known));
        }
    }

    /// Whether it is a multicast's copy for another receiver.
    fn is_copy(&mut self, frame: &Frame<'_>, known: &Known) -> bool {
        if self.choice.raw || known.certainty != Certainty::Group || known.owners.is_empty() {
            return false;
        }
        let protocol = frame.header.protocol;
        let copy = self.multicast.is_some_and(|(time, of)| {
            of == protocol
                && frame.time.saturating_sub(time) < COPIES
                && self.multicast_bytes == frame.messages
        });
        if !copy {
            self.multicast = Some((frame.time, protocol));
            self.multicast_bytes.clear();
            self.multicast_bytes.extend_from_slice(frame.messages);
        }
        copy
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

/// The options of a frame's block; docs/nlcap.md describes the comment.
fn note(known: &Known) -> Note {
    let flags = match known.direction {
        Direction::Outbound => OUTBOUND,
        Direction::Inbound => INBOUND,
    };
    let how = match known.certainty {
        Certainty::Exact => "exact",
        Certainty::Port => "port",
        Certainty::Group => "group",
    };
    let mut comments: Vec<_> = known
        .owners
        .iter()
        .map(|owner| comment(owner, how))
        .collect();
    if comments.is_empty() {
        comments.push(String::from("owner=other"));
    }
    Note {
        comments,
        flags: Some(flags),
        task: known.owners.first().map(|owner| {
            let program = &owner.program;
            (program.pid.cast_unsigned(), program.tid.cast_unsigned())
        }),
    }
}

fn comment(owner: &Owner, how: &str) -> String {
    let Owner { program, fd } = owner;
    let comm = text::escape(&String::from_utf8_lossy(&program.comm))
        .replace('\\', "\\\\")
        .replace('"', "\\\"");
    format!(
        "pid={} tid={} socket={fd} owner={how} comm=\"{comm}\"",
        program.pid, program.tid
    )
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::super::tree::Program;
    use super::*;

    #[test]
    fn a_comment_ends_with_the_programs_name_escaped() {
        let program = |comm: &[u8]| Owner {
            program: Rc::new(Program {
                pid: 812,
                tid: 813,
                comm: comm.to_vec(),
            }),
            fd: 3,
        };
        assert_eq!(
            comment(&program(b"ip"), "exact"),
            r#"pid=812 tid=813 socket=3 owner=exact comm="ip""#
        );
        assert_eq!(
            comment(&program(b"a \"b\\\x1b"), "port"),
            r#"pid=812 tid=813 socket=3 owner=port comm="a \"b\\\\u{1b}""#
        );
    }

    #[test]
    fn the_closing_line_counts_each_way_an_owner_is_known() {
        let summary = Summary {
            messages: 5,
            frames: 4,
            exact: 3,
            by_port: 1,
            by_group: 1,
            others: 7,
            all: false,
            lost: 0,
        };
        assert_eq!(
            summary.to_string(),
            "5 messages in 4 frames, 0 lost (3 exact, 1 by port id, 1 by group), 7 of others left out"
        );
    }
}
