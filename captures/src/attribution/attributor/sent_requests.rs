// SPDX-License-Identifier: GPL-2.0-or-later
//! The subject's requests that were on the tap, by port id and sequence number: an answer
//! repeats both.

use std::collections::{HashMap, HashSet, VecDeque};

use super::super::owner::{Owner, Port};

/// How many requests are remembered for their answers.
const MOST: usize = 1 << 16;

/// A request of the subject.
#[derive(Clone)]
pub(super) struct SentRequest {
    pub(super) owner: Owner,
    /// Of its socket.
    pub(super) inode: u64,
    /// It changes something, of which the kernel notifies others under its number.
    pub(super) is_change: bool,
}

/// The request that a message may answer.
pub(super) enum RequestMatch {
    /// It is an answer to this owner's request.
    Answer(Owner),
    /// It notifies others of the change that was asked for.
    Notification,
    /// There is no such request.
    None,
}

#[derive(Default)]
pub(super) struct SentRequests {
    by_key: HashMap<(Port, u32), SentRequest>,
    /// The keys, oldest first.
    order: VecDeque<(Port, u32)>,
    /// Keys of answers to requests that were not intercepted.
    unintercepted: HashSet<(Port, u32)>,
}

impl SentRequests {
    /// The latest request of that port id and number.
    pub(super) fn get(&self, key: (Port, u32)) -> Option<&SentRequest> {
        self.by_key.get(&key)
    }

    pub(super) fn insert(&mut self, key: (Port, u32), request: SentRequest) {
        if self.by_key.insert(key, request).is_none() {
            self.order.push_back(key);
        }
        if self.order.len() > MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_key.remove(&oldest);
        }
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
