// SPDX-License-Identifier: GPL-2.0-or-later
//! Frames that wait until it is known whose they are.
//!
//! What a process that runs already sends is not intercepted, and its requests name no
//! port id as a rule. But the kernel answers a request while it takes it, and the answer
//! names the socket.
//!
//! # States
//!
//! - new: until the processes have been scanned once more after its time, since their new
//!   sockets are found only then. Then the [`Attributor`] is asked.
//! - waiting: in the order of the tap, until each request at the front has been answered or
//!   has waited for [`PATIENCE`]. An answer gives its request its owners.
//! - overtaken: a request that has waited so long, as one to remove an interface. What came
//!   after it goes on. It is given just before its answer, or after [`LATE`] as unknown.

use std::collections::VecDeque;
use std::time::Duration;

use ynl::decode::{Endian, Message, flags, messages, types};

use super::attributor::Attributor;
use super::owner::{Attribution, Port};
use crate::messages::packet::{Direction, Frame};
use crate::messages::process::Certainty;

/// How long all that comes after a request waits for its answer.
const PATIENCE: Duration = Duration::from_millis(25);

/// How long it waits alone after that.
const LATE: Duration = Duration::from_secs(2);

/// How many frames, and bytes of them, wait.
const FRAMES: usize = 4096;
const BYTES: usize = 1 << 23;

/// Of how many sockets and numbers it is remembered which request was answered last.
const ANSWERED: usize = 64;

/// A copy of a frame: its bytes are gone from the ring when the next one is read.
struct OwnedFrame {
    time: Duration,
    interface: u32,
    protocol: u16,
    original_length: u32,
    messages: Vec<u8>,
}

impl OwnedFrame {
    fn of(frame: &Frame<'_>) -> Self {
        Self {
            time: frame.time,
            interface: frame.interface,
            protocol: frame.protocol,
            original_length: frame.original_length,
            messages: frame.messages.to_vec(),
        }
    }

    fn borrow(&self) -> Frame<'_> {
        Frame {
            time: self.time,
            interface: self.interface,
            protocol: self.protocol,
            original_length: self.original_length,
            messages: &self.messages,
        }
    }
}

/// A frame that the attributor has seen.
struct PendingFrame {
    frame: OwnedFrame,
    attribution: Attribution,
    /// The sequence numbers of requests of which it is not known whose they are: a batch
    /// of nf_tables has many, and only some are answered.
    unanswered: Vec<u32>,
}

impl PendingFrame {
    /// Gives a request the owners of its answer.
    fn take_owners(&mut self, answer: &Attribution) {
        self.unanswered.clear();
        self.attribution.owners = answer.owners.clone();
        self.attribution.certainty = answer.certainty;
    }
}

/// What an answer repeats of its request: the socket that it goes to, and the number.
#[derive(Clone, Copy, PartialEq, Eq)]
struct AnswerKey {
    port: Port,
    sequence: u32,
}

impl AnswerKey {
    fn of(frame: &Frame<'_>, message: &Message<'_>) -> Self {
        Self {
            port: Port::of(frame, message.port),
            sequence: message.sequence,
        }
    }
}

/// The request that was answered last by a number: those before it with the same number,
/// unanswered still, are of other sockets, as each sender numbers its own.
#[derive(Clone, Copy)]
struct AnsweredRequest {
    key: AnswerKey,
    /// The time of the request.
    asked: Duration,
    /// There is more of it to come: no answer to another begins before its end.
    goes_on: bool,
}

/// Whether more frames of an answer follow this one, which begins with that message.
fn goes_on(frame: &Frame<'_>, first: &Message<'_>) -> bool {
    let is_end = |message: Message<'_>| matches!(message.kind, types::DONE | types::ERROR);
    first.flags & flags::MULTI != 0
        && !messages(frame.messages, Endian::native())
            .flatten()
            .any(is_end)
}

/// Whether one of the messages of a request has that header.
fn contains_header(request: &[u8], header: &[u8]) -> bool {
    let mut at = 0;
    messages(request, Endian::native())
        .flatten()
        .any(|message| {
            let begin = at;
            at += (message.length as usize).next_multiple_of(4);
            request.get(begin..begin + header.len()) == Some(header)
        })
}

/// The frames that wait.
#[derive(Default)]
pub(crate) struct PendingFrames {
    new: VecDeque<OwnedFrame>,
    waiting: VecDeque<PendingFrame>,
    /// Requests that were passed by what came after them.
    overtaken: VecDeque<PendingFrame>,
    answered: VecDeque<AnsweredRequest>,
    bytes: usize,
    /// When the last scan of the processes began: their sockets from before are known.
    scanned: Duration,
}

impl PendingFrames {
    /// Takes a frame.
    pub(crate) fn take(&mut self, frame: &Frame<'_>) {
        self.bytes += frame.messages.len();
        self.new.push_back(OwnedFrame::of(frame));
    }

    /// Gives what is known by now, or has waited long enough; the last scan of the
    /// processes began at `scanned`.
    pub(crate) fn release(
        &mut self,
        now: Duration,
        scanned: Duration,
        attributor: &mut Attributor,
        give: &mut impl FnMut(&Frame<'_>, &Attribution),
    ) {
        // What has a time from before the clock was set back would wait for that.
        let scanned = match scanned < std::mem::replace(&mut self.scanned, scanned) {
            true => Duration::MAX,
            false => scanned,
        };
        // Too many overtaken requests must not make new frames wait for less than a scan.
        self.give_up(Duration::ZERO, give);
        while let Some(first) = self.new.front() {
            if first.time >= scanned && !self.is_much(self.new.len()) {
                break;
            }
            let Some(first) = self.new.pop_front() else {
                break;
            };
            self.bytes -= first.messages.len();
            if let Some(attribution) = attributor.attribute(&first.borrow()) {
                self.pair(first, attribution, give);
            }
        }
        self.flush(now.min(scanned), give);
        self.give_up(now.min(scanned).saturating_sub(LATE), give);
    }

    fn is_much(&self, frames: usize) -> bool {
        frames > FRAMES || self.bytes > BYTES
    }

    /// Takes a frame that the attributor has seen: a request waits, an answer finds its own.
    fn pair(
        &mut self,
        frame: OwnedFrame,
        attribution: Attribution,
        give: &mut impl FnMut(&Frame<'_>, &Attribution),
    ) {
        let borrowed = &frame.borrow();
        let time = frame.time;
        let first = messages(borrowed.messages, Endian::native())
            .flatten()
            .next();
        let mut unanswered = Vec::new();
        if let Some(message) = first {
            if !message.is_request() {
                if attribution.direction == Direction::Inbound
                    && attribution.certainty != Certainty::Group
                {
                    self.answer(borrowed, &message, &attribution);
                }
            } else if attribution.owners.is_empty() {
                let all = messages(borrowed.messages, Endian::native()).flatten();
                let requests = all.filter(Message::is_request);
                unanswered.extend(requests.map(|message| message.sequence));
            } else {
                // It names its port id: what is answered there is this one.
                self.note_answered(AnswerKey::of(borrowed, &message), time, false);
            }
        }
        self.bytes += frame.messages.len();
        self.waiting.push_back(PendingFrame {
            frame,
            attribution,
            unanswered,
        });
        self.flush(time, give);
    }

    /// Finds the request that a message answers, the last one by its number.
    fn answer(&mut self, frame: &Frame<'_>, message: &Message<'_>, attribution: &Attribution) {
        let key = AnswerKey::of(frame, message);
        let before = self.answered.iter().find(|it| it.key == key).copied();
        let goes_on = goes_on(frame, message);
        if let Some(before) = before.filter(|it| it.goes_on) {
            return self.note_answered(key, before.asked, goes_on);
        }
        // An error repeats the header of its request.
        let repeated = message.refused();
        let is_asked = |pending: &PendingFrame| {
            pending.unanswered.contains(&message.sequence)
                && pending.frame.interface == frame.interface
                && pending.frame.protocol == frame.protocol
                && before.is_none_or(|it| it.asked < pending.frame.time)
                && repeated.is_none_or(|header| contains_header(&pending.frame.messages, header))
        };
        let asked = if let Some(at) = self.waiting.iter().rposition(is_asked) {
            self.waiting[at].take_owners(attribution);
            self.waiting[at].frame.time
        } else if let Some(at) = self.overtaken.iter().rposition(is_asked)
            && let Some(mut asked) = self.overtaken.remove(at)
        {
            asked.take_owners(attribution);
            let time = asked.frame.time;
            self.waiting.push_back(asked);
            time
        } else {
            return;
        };
        self.note_answered(key, asked, goes_on);
    }

    /// Notes that the answers of this key are of the request of that time from now on.
    fn note_answered(&mut self, key: AnswerKey, asked: Duration, goes_on: bool) {
        // By 0 the kernel says what is no answer, too.
        if key.sequence == 0 {
            return;
        }
        self.answered.retain(|it| it.key != key);
        if self.answered.len() >= ANSWERED {
            self.answered.pop_front();
        }
        self.answered.push_back(AnsweredRequest {
            key,
            asked,
            goes_on,
        });
    }

    /// Gives what is known, up to a request that is not answered yet but may be.
    fn flush(&mut self, now: Duration, give: &mut impl FnMut(&Frame<'_>, &Attribution)) {
        loop {
            self.give_up(Duration::ZERO, give);
            let Some(first) = self.waiting.front() else {
                return;
            };
            let is_late = first.frame.time.saturating_add(PATIENCE) < now;
            if !first.unanswered.is_empty() && !is_late && !self.is_much(self.waiting.len()) {
                return;
            }
            let Some(first) = self.waiting.pop_front() else {
                return;
            };
            match first.unanswered.is_empty() {
                true => self.give(&first, give),
                false => self.overtaken.push_back(first),
            }
        }
    }

    /// Gives the requests from before a time that were not answered, and the oldest of
    /// those where they are too many.
    fn give_up(&mut self, old: Duration, give: &mut impl FnMut(&Frame<'_>, &Attribution)) {
        while let Some(first) = self.overtaken.front() {
            if first.frame.time >= old && !self.is_much(self.overtaken.len()) {
                return;
            }
            let Some(mut first) = self.overtaken.pop_front() else {
                return;
            };
            first.attribution.certainty = Certainty::Unknown;
            self.give(&first, give);
        }
    }

    fn give(&mut self, it: &PendingFrame, give: &mut impl FnMut(&Frame<'_>, &Attribution)) {
        self.bytes -= it.frame.messages.len();
        give(&it.frame.borrow(), &it.attribution);
    }
}

#[cfg(test)]
mod tests;
