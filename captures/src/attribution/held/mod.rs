// SPDX-License-Identifier: GPL-2.0-or-later
//! Requests that wait until an answer says whose they are.
//!
//! What a process that runs already sends is not told to us, and its requests name no
//! port id as a rule. But the kernel answers a request while it takes it, and the answer
//! names the socket: so a request is held until a message with its sequence number comes,
//! and all that comes after it waits too, for the order's sake. One that the kernel is long
//! about, as to remove an interface, waits alone, and is given before its answer. Before
//! that each frame waits until the processes have been looked at once more: their new
//! sockets are found only then.

use std::collections::VecDeque;
use std::time::Duration;

use ynl::decode::{Endian, Message, flags, messages, types};

use super::owner::{Known, Port};
use super::owners::Owners;
use crate::messages::packet::{Direction, Frame};
use crate::messages::process::Certainty;

/// How long all that comes after a request waits for its answer.
const PATIENCE: Duration = Duration::from_millis(25);

/// How long it waits alone after that.
const LATE: Duration = Duration::from_secs(2);

/// How many frames, and bytes of them, wait.
const FRAMES: usize = 4096;
const BYTES: usize = 1 << 23;

/// Of how many answers it is remembered which request they were of.
const ANSWERED: usize = 64;

/// A frame of our own.
struct Kept {
    time: Duration,
    interface: u32,
    protocol: u16,
    original_length: u32,
    messages: Vec<u8>,
}

impl Kept {
    fn of(frame: &Frame<'_>) -> Self {
        Self {
            time: frame.time,
            interface: frame.interface,
            protocol: frame.protocol,
            original_length: frame.original_length,
            messages: frame.messages.to_vec(),
        }
    }

    fn frame(&self) -> Frame<'_> {
        Frame {
            time: self.time,
            interface: self.interface,
            protocol: self.protocol,
            original_length: self.original_length,
            messages: &self.messages,
        }
    }
}

/// A frame whose owner was looked for.
struct Waiting {
    kept: Kept,
    known: Known,
    /// The sequence numbers of requests of which it is not known whose they are: a batch
    /// of nf_tables has many, and only some are answered.
    open: Vec<u32>,
}

impl Waiting {
    /// The request is of those whom an answer is for.
    fn is_of(&mut self, answer: &Known) {
        self.open.clear();
        self.known.owners = answer.owners.clone();
        self.known.certainty = answer.certainty;
    }
}

/// To whom a message is an answer, and by which number.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Place {
    port: Port,
    sequence: u32,
}

impl Place {
    fn of(frame: &Frame<'_>, message: &Message<'_>) -> Self {
        Self {
            port: Port::of(frame, message.port),
            sequence: message.sequence,
        }
    }
}

/// Which request the last answer there was of: older ones are of other sockets, as
/// numbers of requests are their senders' own.
#[derive(Clone, Copy)]
struct Answered {
    place: Place,
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
fn has(request: &[u8], header: &[u8]) -> bool {
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
pub(crate) struct Held {
    new: VecDeque<Kept>,
    all: VecDeque<Waiting>,
    /// Requests that what came after them did not wait for.
    late: VecDeque<Waiting>,
    answered: VecDeque<Answered>,
    bytes: usize,
    /// Since when there was nothing new of the processes, as was said last.
    looked: Duration,
}

impl Held {
    /// Takes a frame.
    pub(crate) fn take(&mut self, frame: &Frame<'_>) {
        self.bytes += frame.messages.len();
        self.new.push_back(Kept::of(frame));
    }

    /// Gives what is known by now, or has waited long enough; the processes were looked at
    /// from `looked` on.
    pub(crate) fn release(
        &mut self,
        now: Duration,
        looked: Duration,
        owners: &mut Owners,
        give: &mut impl FnMut(&Frame<'_>, &Known),
    ) {
        // What has a time from before the clock was set back would wait for that.
        let looked = match looked < std::mem::replace(&mut self.looked, looked) {
            true => Duration::MAX,
            false => looked,
        };
        // Rather than that owners are looked for too early.
        self.give_up(Duration::ZERO, give);
        while let Some(first) = self.new.front() {
            if first.time >= looked && !self.is_much(self.new.len()) {
                break;
            }
            let Some(first) = self.new.pop_front() else {
                break;
            };
            self.bytes -= first.messages.len();
            if let Some(known) = owners.whose(&first.frame()) {
                self.pair(first, known, give);
            }
        }
        self.flush(now.min(looked), give);
        self.give_up(now.min(looked).saturating_sub(LATE), give);
    }

    fn is_much(&self, frames: usize) -> bool {
        frames > FRAMES || self.bytes > BYTES
    }

    /// Takes a frame of which is known what can be, with the request that it answers.
    fn pair(&mut self, kept: Kept, known: Known, give: &mut impl FnMut(&Frame<'_>, &Known)) {
        let frame = &kept.frame();
        let time = frame.time;
        let first = messages(frame.messages, Endian::native()).flatten().next();
        let mut open = Vec::new();
        if let Some(message) = first {
            if !message.is_request() {
                if known.direction == Direction::Inbound && known.certainty != Certainty::Group {
                    self.answer(frame, &message, &known);
                }
            } else if known.owners.is_empty() {
                let all = messages(frame.messages, Endian::native()).flatten();
                let requests = all.filter(Message::is_request);
                open.extend(requests.map(|message| message.sequence));
            } else {
                // It names its port id: what is answered there is this one.
                self.is_answered(Place::of(frame, &message), time, false);
            }
        }
        self.bytes += frame.messages.len();
        self.all.push_back(Waiting { kept, known, open });
        self.flush(time, give);
    }

    /// Finds the request that a message answers, the last one by its number.
    fn answer(&mut self, frame: &Frame<'_>, message: &Message<'_>, known: &Known) {
        let place = Place::of(frame, message);
        let before = self.answered.iter().find(|it| it.place == place).copied();
        let goes_on = goes_on(frame, message);
        if let Some(before) = before.filter(|it| it.goes_on) {
            return self.is_answered(place, before.asked, goes_on);
        }
        // An error repeats the header of its request.
        let repeated = message.refused();
        let is_asked = |waiting: &Waiting| {
            waiting.open.contains(&message.sequence)
                && waiting.kept.interface == frame.interface
                && waiting.kept.protocol == frame.protocol
                && before.is_none_or(|it| it.asked < waiting.kept.time)
                && repeated.is_none_or(|header| has(&waiting.kept.messages, header))
        };
        let asked = if let Some(at) = self.all.iter().rposition(is_asked) {
            self.all[at].is_of(known);
            self.all[at].kept.time
        } else if let Some(at) = self.late.iter().rposition(is_asked)
            && let Some(mut asked) = self.late.remove(at)
        {
            asked.is_of(known);
            let time = asked.kept.time;
            self.all.push_back(asked);
            time
        } else {
            return;
        };
        self.is_answered(place, asked, goes_on);
    }

    /// A socket's answers by a number are of the request of that time by now.
    fn is_answered(&mut self, place: Place, asked: Duration, goes_on: bool) {
        // By 0 the kernel says what is no answer, too.
        if place.sequence == 0 {
            return;
        }
        self.answered.retain(|it| it.place != place);
        if self.answered.len() >= ANSWERED {
            self.answered.pop_front();
        }
        self.answered.push_back(Answered {
            place,
            asked,
            goes_on,
        });
    }

    /// Gives what is known, up to a request that is not answered yet but may be.
    fn flush(&mut self, now: Duration, give: &mut impl FnMut(&Frame<'_>, &Known)) {
        loop {
            self.give_up(Duration::ZERO, give);
            let Some(first) = self.all.front() else {
                return;
            };
            let is_late = first.kept.time.saturating_add(PATIENCE) < now;
            if !first.open.is_empty() && !is_late && !self.is_much(self.all.len()) {
                return;
            }
            let Some(first) = self.all.pop_front() else {
                return;
            };
            match first.open.is_empty() {
                true => self.give(&first, give),
                false => self.late.push_back(first),
            }
        }
    }

    /// Gives the requests from before a time that were not answered, and the oldest of
    /// those where they are too many.
    fn give_up(&mut self, old: Duration, give: &mut impl FnMut(&Frame<'_>, &Known)) {
        while let Some(first) = self.late.front() {
            if first.kept.time >= old && !self.is_much(self.late.len()) {
                return;
            }
            let Some(mut first) = self.late.pop_front() else {
                return;
            };
            first.known.certainty = Certainty::Unknown;
            self.give(&first, give);
        }
    }

    fn give(&mut self, it: &Waiting, give: &mut impl FnMut(&Frame<'_>, &Known)) {
        self.bytes -= it.kept.messages.len();
        give(&it.kept.frame(), &it.known);
    }
}

#[cfg(test)]
mod tests;
