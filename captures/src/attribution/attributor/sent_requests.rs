// SPDX-License-Identifier: GPL-2.0-or-later
//! The subject's requests that were on the tap: an answer repeats their port id and sequence
//! number.

use std::collections::HashSet;

use ynl::decode::{Endian, Message, types};

use super::super::owner::{Owner, Port};
use crate::messages::packet::Frame;
use crate::messages::requests::{RequestTable, Sighting};

/// How many answers to requests that were not intercepted are counted.
const MOST: usize = 1 << 16;

/// The request that a message may answer.
pub(super) enum RequestMatch {
    /// It is an answer to this owner's request.
    Answer(Owner),
    /// It notifies others of the change that was asked for.
    Notification,
    /// There is no such request.
    None,
}

pub(super) struct SentRequests {
    table: RequestTable<Owner>,
    /// Counts frames of requests.
    frames: u64,
    /// Keys of answers to requests that were not intercepted.
    unintercepted: HashSet<(Port, u32)>,
}

impl Default for SentRequests {
    fn default() -> Self {
        Self {
            table: RequestTable::remembering(),
            frames: 0,
            unintercepted: HashSet::new(),
        }
    }
}

impl SentRequests {
    /// Remembers the requests of a frame, which was sent by the socket of that port id and
    /// inode.
    pub(super) fn insert<'a>(
        &mut self,
        frame: &Frame<'_>,
        port: Port,
        inode: u64,
        owner: &Owner,
        requests: impl Iterator<Item = Message<'a>>,
    ) {
        self.frames += 1;
        let at = Sighting {
            frame: self.frames,
            ..sighting(frame, inode, port.number)
        };
        for request in requests {
            self.table.insert(at, &request, owner.clone());
        }
    }

    /// The request that a message to the socket of an inode may answer.
    pub(super) fn find(
        &mut self,
        frame: &Frame<'_>,
        message: &Message<'_>,
        inode: u64,
    ) -> RequestMatch {
        let at = sighting(frame, inode, message.port);
        let answered = (self.table).answer(at, message, Endian::native(), |_| false);
        if let Some(answered) = answered {
            return RequestMatch::Answer(answered.request);
        }
        match self.table.asked(at, message) {
            Some((request, _)) if message.kind >= types::FIRST && request.is_change() => {
                RequestMatch::Notification
            }
            Some((_, owner)) => RequestMatch::Answer(owner.clone()),
            None => RequestMatch::None,
        }
    }

    /// Whether there is a request of that port id and number.
    pub(super) fn contains(&self, frame: &Frame<'_>, message: &Message<'_>) -> bool {
        let at = Sighting {
            socket: None,
            ..sighting(frame, 0, message.port)
        };
        self.table.asked(at, message).is_some()
    }

    /// Notes that a request must have been sent, because its answer was seen.
    pub(super) fn note_unintercepted(&mut self, key: (Port, u32)) {
        if self.unintercepted.len() < MOST {
            self.unintercepted.insert(key);
        }
    }

    /// How many requests were not intercepted but answered.
    pub(super) fn unintercepted(&self) -> u64 {
        self.unintercepted.len() as u64
    }
}

fn sighting(frame: &Frame<'_>, inode: u64, port: u32) -> Sighting {
    Sighting {
        tap: frame.interface,
        protocol: frame.protocol,
        frame: 0,
        time: frame.time,
        socket: Some((0, inode)),
        port,
    }
}
