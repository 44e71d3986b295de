// SPDX-License-Identifier: GPL-2.0-or-later
//! Whose a packet is, and how that is known.

use std::rc::Rc;

use super::requests::SocketId;
use crate::terminal::text;

/// A process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Process {
    /// Process id.
    pub(crate) pid: u32,
    /// Thread id, where it is known.
    pub(crate) tid: Option<u32>,
    /// The recorder's number of the socket, where it is known.
    pub(crate) socket: Option<u64>,
    /// The name, escaped as by [`Process::name`]; one from a file is not to be trusted.
    pub(crate) comm: Option<Rc<str>>,
}

impl Process {
    /// Its socket, as the recorder calls it.
    pub(crate) fn socket_id(&self) -> Option<SocketId> {
        Some((self.pid, self.socket?))
    }

    /// A thread's name (comm) as it stands in quotes.
    pub(crate) fn name(comm: &[u8]) -> Rc<str> {
        let shown = text::escape(&String::from_utf8_lossy(comm));
        Rc::from(shown.replace('\\', "\\\\").replace('"', "\\\""))
    }
}

/// How an owner is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Certainty {
    /// The kernel said so while the call waited, or it answers such a message.
    Exact,
    /// By the port id of a socket of the tree.
    Port,
    /// By the multicast groups of a socket of the tree.
    Group,
    /// By the port id of a socket that is older than the recording: another process
    /// may have it too.
    Guessed,
    /// Not at all: it may be the subject's.
    Unknown,
}

/// What became of a message, where it was not sent and received whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The call that was to send it failed, with this errno where that is known.
    NotSent(Option<i32>),
    /// A call that was to receive failed with this errno, and a message was lost.
    NotRead(i32),
    /// It was received into a buffer that was too small for it.
    Truncated,
    /// So many messages the socket had no room for.
    Dropped(u64),
}
