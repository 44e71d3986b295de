// SPDX-License-Identifier: GPL-2.0-or-later
//! Whether what processes received is whole.

use std::rc::Rc;

use foldhash::HashMap;
use ynl::decode::{flags, types};

use crate::messages::conversation::Request;
use crate::messages::event::{Event, Role};
use crate::messages::process::Fate;
use crate::report::explain;
use crate::report::model::{Ailment, Condition, Sufferer, Who};

/// A message that is longer than this does not fit the length of an attribute,
/// and is longer than most receive buffers.
const LONG: u32 = 1 << 16;

/// All that is looked for, in the order of the report.
const ALL: [Ailment; 13] = [
    Ailment::InterruptedDump,
    Ailment::UnfinishedDump,
    Ailment::FullBuffer,
    Ailment::Overrun,
    Ailment::TruncatedRead,
    Ailment::SocketDrop,
    Ailment::FailedSend,
    Ailment::LongMessage,
    Ailment::CutMessage,
    Ailment::Malformed,
    Ailment::AmbiguousAnswer,
    Ailment::TrailingZeros,
    Ailment::RecorderLoss,
];

/// The most sockets of which the last count of drops is kept.
const MOST_SOCKETS: usize = 1 << 14;

/// A socket: whose, with its tap, netlink protocol and port id.
type Socket = (usize, u32, u16, u32);

/// What was found so far, with whom.
#[derive(Default)]
pub(super) struct HealthCheck {
    /// The end of a dump may be in a frame that was lost.
    pub(super) may_lack_ends: bool,
    found: HashMap<(Ailment, Option<usize>), u64>,
    /// What each socket had dropped when it was looked at last.
    drops: HashMap<Socket, u64>,
    /// The dump that was interrupted last: each of its parts may say so.
    interrupted: Option<Rc<Request>>,
}

impl HealthCheck {
    /// Counts what is wrong with somebody.
    pub(super) fn add(&mut self, what: Ailment, who: Option<usize>, count: u64) {
        if count > 0 {
            *self.found.entry((what, who)).or_default() += count;
        }
    }

    /// Counts what nlcap has recorded of a socket or a call.
    pub(super) fn note_fate(&mut self, fate: Fate, event: &Event<'_>, who: usize) {
        let now = match fate {
            Fate::NotSent(_) => return self.add(Ailment::FailedSend, Some(who), 1),
            Fate::NotRead(_) => return self.add(Ailment::FullBuffer, Some(who), 1),
            Fate::Truncated => return self.add(Ailment::TruncatedRead, Some(who), 1),
            Fate::Dropped(now) => now,
        };
        let packet = event.packet;
        let socket = (who, packet.tap, packet.protocol, event.message.port);
        // Each count has those before in it, unless the port id is another socket's.
        let before = self.drops.get(&socket).copied().unwrap_or(0);
        let new = now.checked_sub(before).unwrap_or(now);
        if self.drops.len() < MOST_SOCKETS || before > 0 {
            self.drops.insert(socket, now);
        }
        self.add(Ailment::SocketDrop, Some(who), new);
    }

    /// Looks at a message.
    pub(super) fn message(&mut self, event: &Event<'_>, who: usize) {
        let message = &event.message;
        if message.flags & flags::DUMP_INTR != 0 && event.role != Role::Request {
            self.interrupt(event, who);
        }
        if message.kind == types::OVERRUN && event.role != Role::Request {
            self.add(Ailment::Overrun, Some(who), 1);
        }
        if message.length > LONG {
            self.add(Ailment::LongMessage, Some(who), 1);
        }
        if event.tie.as_ref().is_some_and(|it| it.is_ambiguous) {
            self.add(Ailment::AmbiguousAnswer, Some(who), 1);
        }
        if message.is_cut() {
            self.add(Ailment::CutMessage, Some(who), 1);
        }
    }

    fn interrupt(&mut self, event: &Event<'_>, who: usize) {
        let request = event.tie.as_ref().map(|it| &it.request);
        let known = self.interrupted.as_ref().zip(request);
        if known.is_some_and(|(known, request)| Rc::ptr_eq(known, request)) {
            return;
        }
        self.interrupted = request.map(Rc::clone);
        self.add(Ailment::InterruptedDump, Some(who), 1);
    }

    /// Looks at the bytes of a packet of whoever it was that are no message.
    pub(super) fn rest(&mut self, who: Option<usize>, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let what = match bytes.iter().all(|byte| *byte == 0) {
            true => Ailment::TrailingZeros,
            false => Ailment::Malformed,
        };
        self.add(what, who, 1);
    }

    /// The list; `lost` are the frames that the recorder lost.
    pub(super) fn finish(
        mut self,
        names: &[Who],
        lost: Option<u64>,
        has_results: bool,
    ) -> Vec<Condition> {
        self.add(Ailment::RecorderLoss, None, lost.unwrap_or(0));
        let condition = |what: Ailment| {
            let found = self.found.iter().filter(|((it, _), _)| *it == what);
            let count: u64 = found.clone().map(|(_, count)| count).sum();
            let known = match what {
                Ailment::RecorderLoss => lost.is_some(),
                Ailment::UnfinishedDump => !self.may_lack_ends,
                // What a call returned is in files of the tap of system calls alone; where
                // somebody says it, it is.
                Ailment::FullBuffer | Ailment::TruncatedRead | Ailment::FailedSend => {
                    has_results || count > 0
                }
                Ailment::SocketDrop => count > 0,
                _ => true,
            };
            let mut who: Vec<Sufferer> = Vec::new();
            for ((_, at), count) in found {
                let Some(at) = at else { continue };
                match who.iter_mut().find(|it| it.who == names[*at]) {
                    Some(sufferer) => sufferer.count += count,
                    None => who.push(Sufferer {
                        who: names[*at].clone(),
                        count: *count,
                    }),
                }
            }
            who.sort_by_key(|it| (std::cmp::Reverse(it.count), it.who.pid, it.who.port));
            Condition {
                what,
                count: known.then_some(count),
                who,
                advice: (count > 0).then(|| explain::advice(what).to_owned()),
            }
        };
        ALL.into_iter().map(condition).collect()
    }
}
