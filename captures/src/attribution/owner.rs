// SPDX-License-Identifier: GPL-2.0-or-later
//! Whose a message is, which way it goes, and how that is known.

use std::borrow::Cow;
use std::rc::Rc;
use std::time::Duration;

use crate::messages::packet::{Direction, Frame};
use crate::messages::process::{Certainty, Fate, Process};

/// Who makes a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Program {
    /// Process id, as our process id namespace has it.
    pub(crate) pid: i32,
    /// Thread id, likewise.
    pub(crate) tid: i32,
    /// The thread's name (comm), which is the program's as a rule; escaped.
    pub(crate) comm: Rc<str>,
}

/// A descriptor of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) program: Rc<Program>,
    pub(crate) fd: i32,
}

impl From<&Owner> for Process {
    fn from(owner: &Owner) -> Self {
        let program = &owner.program;
        Self {
            pid: program.pid.cast_unsigned(),
            tid: Some(program.tid.cast_unsigned()),
            socket: u64::try_from(owner.fd).ok(),
            comm: Some(Rc::clone(&program.comm)),
        }
    }
}

/// Which socket: its netlink protocol and port id in one network namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Port {
    /// The interface that records the namespace.
    pub(super) interface: u32,
    pub(super) protocol: u16,
    pub(super) number: u32,
}

impl Port {
    /// The port id of this number, where the frame was seen.
    pub(super) fn of(frame: &Frame<'_>, number: u32) -> Self {
        Self {
            interface: frame.interface,
            protocol: frame.protocol,
            number,
        }
    }
}

/// Whose a frame is, and how that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attribution {
    pub(crate) direction: Direction,
    /// The tree's owners, several for a multicast; none where it is nobody's.
    pub(crate) owners: Vec<Owner>,
    pub(crate) certainty: Certainty,
    /// A multicast's copy for another receiver.
    pub(crate) is_copy: bool,
    /// Whether it is known for a multicast.
    pub(crate) is_multicast: bool,
    /// What became of it, where it was not sent and received whole.
    pub(crate) fate: Option<Fate>,
}

impl Attribution {
    pub(crate) fn new(direction: Direction, owners: Vec<Owner>, certainty: Certainty) -> Self {
        Self {
            direction,
            owners,
            certainty,
            is_copy: false,
            is_multicast: certainty == Certainty::Group,
            fate: None,
        }
    }
}

/// What happened to a message or to a socket besides what is on the tap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SocketEventKind {
    /// These bytes were to be sent, and never came to the tap: the call failed, with this
    /// errno where that is known.
    Refused(Vec<u8>, Option<i32>),
    /// A message was lost in a receive, which failed with this errno.
    Unread(i32),
    /// So many messages the socket had no room for until now.
    Dropped(u32),
}

/// Something that happened to a socket, with its place and time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SocketEvent {
    pub(crate) time: Duration,
    pub(crate) interface: u32,
    pub(crate) protocol: u16,
    /// The socket's port id.
    pub(crate) port: u32,
    pub(crate) owner: Owner,
    /// Bytes that were to be sent, where that is more than is kept of them.
    pub(crate) original_length: u32,
    pub(crate) kind: SocketEventKind,
}

impl SocketEvent {
    /// The netlink messages that stand for it, their direction, and what became of them.
    pub(crate) fn messages(&self) -> (Cow<'_, [u8]>, Direction, Fate) {
        let overrun = || Cow::Owned(overrun(self.port));
        match &self.kind {
            SocketEventKind::Refused(bytes, errno) => {
                (bytes.into(), Direction::Outbound, Fate::NotSent(*errno))
            }
            SocketEventKind::Unread(errno) => {
                (overrun(), Direction::Inbound, Fate::NotRead(*errno))
            }
            SocketEventKind::Dropped(number) => (
                overrun(),
                Direction::Inbound,
                Fate::Dropped((*number).into()),
            ),
        }
    }

    /// These messages as a frame, in its place and at its time.
    pub(crate) fn frame<'a>(&self, messages: &'a [u8]) -> Frame<'a> {
        Frame {
            time: self.time,
            interface: self.interface,
            protocol: self.protocol,
            original_length: u32::try_from(messages.len())
                .unwrap_or(u32::MAX)
                .max(self.original_length),
            messages,
        }
    }

    /// What a frame of a tap stands for that was not sent, or was lost.
    pub(crate) fn of(frame: &Frame<'_>, attribution: &Attribution) -> Option<Self> {
        let kind = match attribution.fate? {
            Fate::NotSent(errno) => SocketEventKind::Refused(frame.messages.to_vec(), errno),
            Fate::NotRead(errno) => SocketEventKind::Unread(errno),
            Fate::Truncated | Fate::Dropped(_) => return None,
        };
        Some(Self {
            time: frame.time,
            interface: frame.interface,
            protocol: frame.protocol,
            port: 0,
            owner: attribution.owners.first()?.clone(),
            original_length: frame.original_length,
            kind,
        })
    }
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
