// SPDX-License-Identifier: GPL-2.0-or-later
//! Requests as they are read in a recording, and the answers tied to them.

use std::rc::Rc;
use std::time::Duration;

use ynl::decode::{
    Endian, MESSAGE_HEADER, Message, asked_protocol, flags, messages, protocols, types,
};

use super::packet::Packet;
use super::process::Process;
use super::requests::{Answered, RequestTable, Sighting};

/// The most bytes of a request that are kept, to name in it what an error
/// points at.
pub(crate) const KEPT: usize = 4096;

/// A request as it was.
#[derive(Debug)]
pub(crate) struct Request {
    /// Number of its packet in the file, and of the message in that, each from 1.
    pub(crate) frame: u64,
    pub(crate) number: u32,
    pub(crate) time: Duration,
    /// `nlmsg_type`, and behind it the command of generic netlink.
    pub(crate) kind: u16,
    /// What the operation is called, and its family.
    pub(crate) family: Rc<str>,
    pub(crate) operation: Rc<str>,
    pub(crate) process: Option<Process>,
    /// The message, or the beginning of it.
    pub(crate) bytes: Box<[u8]>,
}

impl Request {
    /// The message; of a long one as much as is kept.
    pub(crate) fn message(&self, endian: Endian) -> Option<Message<'_>> {
        messages(&self.bytes, endian).next()?.ok()
    }
}

/// What an answer is tied to.
pub(crate) type Tie = Answered<Rc<Request>>;

/// The requests so far.
#[derive(Debug, Default)]
pub(crate) struct Conversations {
    table: RequestTable<Rc<Request>>,
}

impl Conversations {
    /// Remembers a request.
    pub(crate) fn ask(&mut self, packet: &Packet<'_>, message: &Message<'_>, request: Request) {
        let at = sighting(packet, request.frame);
        self.table.insert(at, message, Rc::new(request));
    }

    /// The request that a message of the kernel answers.
    pub(crate) fn answer(&mut self, packet: &Packet<'_>, message: &Message<'_>) -> Option<Tie> {
        let repeated = repeated(message);
        let is_repeated = |it: &Rc<Request>| {
            let kept = it.bytes.len().min(repeated.len());
            kept > MESSAGE_HEADER && it.bytes[..kept] == repeated[..kept]
        };
        let at = sighting(packet, 0);
        self.table.answer(at, message, packet.endian, is_repeated)
    }

    /// Whether a message that answers nothing has the number and port id of a request: then it
    /// notifies others of what that changed.
    pub(crate) fn is_about_change(&self, packet: &Packet<'_>, message: &Message<'_>) -> bool {
        message.port != 0 && (self.table.asked(sighting(packet, 0), message)).is_some()
    }

    /// Dumps that have begun to be answered, and have had no end.
    pub(crate) fn unfinished_dumps(&self) -> impl Iterator<Item = &Request> {
        self.table.unfinished_dumps().map(|it| &**it)
    }

    /// How many requests were given up, unanswered, for want of room.
    pub(crate) fn given_up(&self) -> u64 {
        self.table.given_up()
    }
}

fn sighting(packet: &Packet<'_>, frame: u64) -> Sighting {
    Sighting {
        tap: packet.tap,
        protocol: packet.protocol,
        frame,
        time: packet.time,
        socket: packet.process.as_ref().and_then(Process::socket_id),
        port: 0,
    }
}

/// The request in an error, which the kernel repeats unless it was asked not to.
fn repeated<'a>(message: &Message<'a>) -> &'a [u8] {
    let is_whole = message.kind == types::ERROR && message.flags & flags::CAPPED == 0;
    let behind = message.payload.get(4..).filter(|_| is_whole);
    behind.unwrap_or_default()
}

/// Which protocol's sockets an answer is about, by the request: answers need not say it.
pub(crate) fn sockets(packet: &Packet<'_>, tie: &Tie) -> Option<u64> {
    (packet.protocol == protocols::SOCK_DIAG).then_some(())?;
    asked_protocol(&tie.request.message(packet.endian)?, packet.endian)
}

/// As much of a request as is kept.
pub(crate) fn kept(bytes: &[u8]) -> Box<[u8]> {
    bytes[..bytes.len().min(KEPT)].into()
}
