// SPDX-License-Identifier: GPL-2.0-or-later
//! What was asked again though it had been answered.

use std::hash::{BuildHasher, RandomState};

use foldhash::HashMap;
use ynl::decode::{MESSAGE_HEADER, Message};

use crate::messages::conversation::{KEPT, Request};
use crate::messages::event::{Event, Role};
use crate::messages::process::Process;
use crate::report::model::{Figures, Waste, WasteKind, Who};

/// The most different requests that are remembered.
pub(super) const MOST: usize = 1 << 14;

/// The most different requests in the report.
const MOST_LISTED: usize = 32;

struct RepeatedRequest {
    who: usize,
    what: String,
    /// Whether it was answered with data.
    answered: bool,
    /// How often it was asked again after that.
    again: u64,
    /// Bytes of requests and answers, from the second time on.
    bytes: u64,
}

/// The requests so far, by a hash of what they ask for. Its key is a secret of
/// this run: nobody can write a file whose requests have the same one.
#[derive(Default)]
pub(super) struct Repeats {
    known: HashMap<u64, usize>,
    all: Vec<RepeatedRequest>,
    hasher: RandomState,
    /// Requests that were not remembered.
    pub(super) left_out: u64,
}

impl Repeats {
    /// All but number and port id of a request; None for a long one, which is
    /// not kept whole.
    fn hash(&self, process: Option<&Process>, message: &Message<'_>) -> Option<u64> {
        let pid = process.map(|it| it.pid);
        let what = (pid, message.kind, message.flags, message.payload);
        let is_short = MESSAGE_HEADER + message.payload.len() < KEPT;
        is_short.then(|| self.hasher.hash_one(what))
    }

    /// Takes a request.
    pub(super) fn ask(&mut self, event: &Event<'_>, who: usize) {
        let Some(hash) = self.hash(event.process.as_ref(), &event.message) else {
            return;
        };
        match self.known.get(&hash) {
            Some(at) => {
                let asked = &mut self.all[*at];
                if asked.answered {
                    asked.again += 1;
                    asked.bytes += u64::from(event.message.length);
                }
            }
            None if self.all.len() >= MOST => self.left_out += 1,
            None => {
                self.known.insert(hash, self.all.len());
                self.all.push(RepeatedRequest {
                    who,
                    what: format!("{} {}", event.family, event.operation),
                    answered: false,
                    again: 0,
                    bytes: 0,
                });
            }
        }
    }

    /// The request of an answer: it was answered once more, where it is one that
    /// was asked again.
    pub(super) fn answer(&mut self, request: &Request, event: &Event<'_>) -> Option<usize> {
        let asked = request.message(event.packet.endian)?;
        let hash = self.hash(request.process.as_ref(), &asked)?;
        let at = *self.known.get(&hash)?;
        let asked = &mut self.all[at];
        let again = asked.again > 0;
        asked.answered |= event.role == Role::Reply;
        again.then_some(at)
    }

    /// Counts a message of an answer to what was asked again.
    pub(super) fn cost(&mut self, at: usize, bytes: u32) {
        self.all[at].bytes += u64::from(bytes);
    }

    /// What was asked again, most bytes first; what several processes of a program asked for is
    /// one.
    pub(super) fn finish(&mut self, programs: &[Who]) -> Vec<Waste> {
        let mut all: Vec<Waste> = Vec::new();
        let mut places: HashMap<(&Who, &str), usize> = HashMap::default();
        for it in self.all.iter().filter(|it| it.again > 0) {
            let who = &programs[it.who];
            let of_several = who.pid.is_none() && who.comm.is_some();
            let same = places.get(&(who, &*it.what)).filter(|_| of_several);
            if let Some(Waste {
                count: Some(count),
                bytes: Some(bytes),
                ..
            }) = same.map(|at| &mut all[*at])
            {
                *count += it.again;
                *bytes += it.bytes;
                continue;
            }
            places.insert((who, &it.what), all.len());
            all.push(Waste {
                kind: WasteKind::AskedTwice,
                who: Some(who.clone()),
                what: Some(it.what.clone()),
                count: Some(it.again),
                bytes: Some(it.bytes),
                printed: None,
            });
        }
        all.sort_by_key(|it| std::cmp::Reverse(it.bytes));
        all.truncate(MOST_LISTED);
        all
    }
}

/// What a command received, and what it printed of it, where that is known.
pub(crate) fn unprinted(figures: &Figures, printed: Option<u64>) -> Waste {
    Waste {
        kind: WasteKind::Unprinted,
        who: None,
        what: None,
        count: None,
        bytes: Some(figures.bytes),
        printed,
    }
}
