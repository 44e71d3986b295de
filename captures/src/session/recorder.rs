// SPDX-License-Identifier: GPL-2.0-or-later
//! The recording as a pcapng file: the sink of `nlcap record`.

use std::io;
use std::time::Duration;

use super::outlet::Outlet;
use super::sink::Sink;
use crate::attribution::{Certainty, Direction, Event, Known, Owner, Told};
use crate::file::ADDED;
use crate::file::cooked::{self, ARPHRD_NETLINK, TO_KERNEL, TO_USER};
use crate::file::writer::{Counters, Frame, INBOUND, Interface, Note, OUTBOUND, Origin, Writer};
use crate::terminal::text;

/// A recording in the making.
pub(crate) struct Recorder {
    writer: Writer<Outlet>,
}

impl Recorder {
    /// Begins the file.
    pub(crate) fn new(outlet: Outlet, origin: &Origin) -> io::Result<Self> {
        Ok(Self {
            writer: Writer::new(outlet, origin)?,
        })
    }

    /// Its name for a message.
    pub(crate) fn shown(&mut self) -> String {
        self.writer.output().shown()
    }
}

/// The outlet takes everything, and keeps the error for the session.
fn queued(result: io::Result<()>) {
    debug_assert!(result.is_ok(), "{result:?}");
}

impl Sink for Recorder {
    fn interface(&mut self, interface: &Interface) {
        queued(self.writer.interface(interface));
    }

    fn added(&mut self, frame: &Frame<'_>) {
        queued(self.writer.added(frame));
    }

    fn frame(&mut self, frame: &Frame<'_>, known: &Known) {
        queued(self.writer.frame(frame, &note(known)));
    }

    fn event(&mut self, told: &Told) {
        let (messages, flags, what) = match &told.event {
            Event::Refused(bytes) => (
                bytes.clone(),
                OUTBOUND,
                String::from("sent=no errno=unknown"),
            ),
            Event::Dropped(number) => (overrun(told.port), INBOUND, format!("drops={number}")),
        };
        let header = cooked::Header {
            packet_type: if flags == OUTBOUND {
                TO_KERNEL
            } else {
                TO_USER
            },
            hardware_type: ARPHRD_NETLINK,
            protocol: told.protocol,
            ..cooked::Header::default()
        };
        let frame = Frame {
            time: told.time,
            interface: told.interface,
            header,
            original_length: u32::try_from(messages.len()).unwrap_or(u32::MAX),
            messages: &messages,
        };
        let note = Note {
            comments: vec![
                String::from(ADDED),
                comment(&told.owner, &format!("exact {what}")),
            ],
            flags: Some(flags),
            task: Some(task(&told.owner)),
        };
        queued(self.writer.frame(&frame, &note));
    }

    fn finish(&mut self, now: Duration, counters: &[Counters]) {
        queued(self.writer.finish(now, counters));
    }

    fn outlets(&mut self) -> Vec<&mut Outlet> {
        vec![self.writer.output()]
    }
}

/// The options of a frame's block; docs/nlcap.md describes the comment.
pub(crate) fn note(known: &Known) -> Note {
    let flags = match known.direction {
        Direction::Outbound => OUTBOUND,
        Direction::Inbound => INBOUND,
    };
    let how = match known.certainty {
        Certainty::Exact => "exact",
        Certainty::Port => "port",
        Certainty::Group => "group",
        Certainty::Guessed => "guessed",
        Certainty::Unknown => "unknown",
    };
    let mut comments: Vec<_> = known
        .owners
        .iter()
        .map(|owner| comment(owner, how))
        .collect();
    if comments.is_empty() {
        let unknown = known.certainty == Certainty::Unknown;
        let owner = if unknown { "unknown" } else { "other" };
        comments.push(format!("owner={owner}"));
    }
    Note {
        comments,
        flags: Some(flags),
        task: known.owners.first().map(task),
    }
}

/// Process and thread id.
fn task(owner: &Owner) -> (u32, u32) {
    let program = &owner.program;
    (program.pid.cast_unsigned(), program.tid.cast_unsigned())
}

/// NLMSG_OVERRUN to a port id: the message of linux/netlink.h for data that was lost. No
/// kernel sends one.
fn overrun(port: u32) -> Vec<u8> {
    let mut bytes = 16_u32.to_ne_bytes().to_vec();
    bytes.extend((libc::NLMSG_OVERRUN as u16).to_ne_bytes());
    // Flags and sequence number.
    bytes.extend([0; 6]);
    bytes.extend(port.to_ne_bytes());
    bytes
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

    use super::*;
    use crate::attribution::Program;

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
}
