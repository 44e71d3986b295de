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

use nl_dissector::decode::{Endian, Message, flags, messages, types};

use super::owner::{Certainty, Direction, Known, Port};
use super::owners::Owners;
use crate::file::cooked::Header;
use crate::file::writer::Frame;

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
    header: Header,
    original_length: u32,
    messages: Vec<u8>,
}

impl Kept {
    fn of(frame: &Frame<'_>) -> Self {
        Self {
            time: frame.time,
            interface: frame.interface,
            header: frame.header,
            original_length: frame.original_length,
            messages: frame.messages.to_vec(),
        }
    }

    fn frame(&self) -> Frame<'_> {
        Frame {
            time: self.time,
            interface: self.interface,
            header: self.header,
            original_length: self.original_length,
            messages: &self.messages,
        }
    }
}

/// A frame whose owner was looked for.
struct Waiting {
    kept: Kept,
    known: Known,
    /// The sequence number of a request of which it is not known whose it is.
    open: Option<u32>,
}

impl Waiting {
    /// The request is of those whom an answer is for.
    fn is_of(&mut self, answer: &Known) {
        self.open = None;
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
pub(in crate::record) struct Held {
    new: VecDeque<Kept>,
    all: VecDeque<Waiting>,
    /// Requests that what came after them did not wait for.
    late: VecDeque<Waiting>,
    answered: VecDeque<Answered>,
    bytes: usize,
}

impl Held {
    /// Takes a frame.
    pub(in crate::record) fn take(&mut self, frame: &Frame<'_>) {
        self.bytes += frame.messages.len();
        self.new.push_back(Kept::of(frame));
    }

    /// Gives what is known by now, or has waited long enough; the processes were looked at
    /// from `looked` on.
    pub(in crate::record) fn release(
        &mut self,
        now: Duration,
        looked: Duration,
        owners: &mut Owners,
        give: &mut impl FnMut(&Frame<'_>, &Known),
    ) {
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
                self.pair(&first.frame(), known, give);
            }
        }
        self.flush(now.min(looked), give);
        self.give_up(now.min(looked).saturating_sub(LATE), give);
    }

    fn is_much(&self, frames: usize) -> bool {
        frames > FRAMES || self.bytes > BYTES
    }

    /// Takes a frame of which is known what can be, with the request that it answers.
    fn pair(&mut self, frame: &Frame<'_>, known: Known, give: &mut impl FnMut(&Frame<'_>, &Known)) {
        let first = messages(frame.messages, Endian::native()).flatten().next();
        let mut open = None;
        if let Some(message) = first {
            if message.flags & flags::REQUEST == 0 {
                if known.direction == Direction::Inbound && known.certainty != Certainty::Group {
                    self.answer(frame, &message, &known);
                }
            } else if known.owners.is_empty() {
                open = Some(message.sequence);
            } else {
                // It names its port id: what is answered there is this one.
                self.is_answered(Place::of(frame, &message), frame.time, false);
            }
        }
        self.bytes += frame.messages.len();
        self.all.push_back(Waiting {
            kept: Kept::of(frame),
            known,
            open,
        });
        self.flush(frame.time, give);
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
        let repeated = (message.kind == types::ERROR).then(|| message.payload.get(4..20));
        let is_asked = |waiting: &Waiting| {
            waiting.open == Some(message.sequence)
                && waiting.kept.interface == frame.interface
                && waiting.kept.header.protocol == frame.header.protocol
                && before.is_none_or(|it| it.asked < waiting.kept.time)
                && (repeated.flatten()).is_none_or(|header| has(&waiting.kept.messages, header))
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
            if first.open.is_some() && !is_late && !self.is_much(self.all.len()) {
                return;
            }
            let Some(first) = self.all.pop_front() else {
                return;
            };
            match first.open {
                Some(_) => self.late.push_back(first),
                None => self.give(&first, give),
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
mod tests {
    use std::rc::Rc;

    use super::super::owner::Owner;
    use super::super::tasks::Program;
    use super::*;
    use crate::file::sample;

    fn known(direction: Direction, fds: &[i32]) -> Known {
        let program = Rc::new(Program {
            pid: 7,
            tid: 7,
            comm: b"x".to_vec(),
        });
        let owner = |fd: &i32| Owner {
            program: program.clone(),
            fd: *fd,
        };
        Known::new(
            direction,
            fds.iter().map(owner).collect(),
            Certainty::Guessed,
        )
    }

    /// What is given after these frames, each of a millisecond, and in the end.
    type Given = Vec<(Duration, usize, Certainty)>;

    fn at(number: u32) -> Duration {
        sample::frame(number, 0, &[]).time
    }

    /// A frame in milliseconds: its type, flags, sequence number, and whom it is known to
    /// be of.
    type Said<'a> = (u32, u16, u16, u32, Direction, &'a [i32]);

    fn given(all: &[Said<'_>], end: u32) -> Given {
        let mut held = Held::default();
        let mut given = Vec::new();
        let mut give = |frame: &Frame<'_>, known: &Known| {
            given.push((frame.time, known.owners.len(), known.certainty));
        };
        for &(number, kind, flags, sequence, direction, fds) in all {
            let bytes = sample::message(kind, flags, sequence, &[0; 16]);
            let frame = sample::frame(number, 0, &bytes);
            held.pair(&frame, known(direction, fds), &mut give);
        }
        held.release(at(end), at(end), &mut Owners::default(), &mut give);
        assert_eq!(held.bytes, 32 * (held.all.len() + held.late.len()));
        given
    }

    const ASKS: u16 = flags::REQUEST;
    const MULTI: u16 = flags::MULTI;
    const GUESSED: Certainty = Certainty::Guessed;

    #[test]
    fn a_request_waits_for_its_answer_and_what_follows_for_the_request() {
        use Direction::{Inbound, Outbound};
        let all: &[Said<'_>] = &[
            (1, 18, ASKS, 5, Outbound, &[]),
            (2, 18, ASKS, 6, Outbound, &[]),
            (3, 16, 0, 6, Inbound, &[]),
            (4, 16, 0, 5, Inbound, &[3]),
        ];
        let expected = [
            (at(1), 1, GUESSED),
            (at(2), 0, GUESSED),
            (at(3), 0, GUESSED),
            (at(4), 1, GUESSED),
        ];
        assert_eq!(given(all, 5), expected);
        assert_eq!(given(&all[..3], 5), [], "not answered yet");
    }

    #[test]
    fn a_request_that_the_kernel_is_long_about_is_given_before_its_answer() {
        use Direction::{Inbound, Outbound};
        let all: &[Said<'_>] = &[
            (1, 17, ASKS, 5, Outbound, &[]),
            (500, 16, 0, 77, Inbound, &[3]),
            (900, 2, 0, 5, Inbound, &[3]),
        ];
        let others = [(at(500), 1, GUESSED)];
        assert_eq!(given(&all[..2], 501), others);
        let expected = [others[0], (at(1), 1, GUESSED), (at(900), 1, GUESSED)];
        assert_eq!(given(all, 901), expected);
        // Never answered.
        let expected = [others[0], (at(1), 0, Certainty::Unknown)];
        assert_eq!(given(&all[..2], 9_000), expected);
    }

    #[test]
    fn further_frames_of_an_answer_are_of_no_other_request_of_that_number() {
        use Direction::{Inbound, Outbound};
        // One that asks for no answer, and one that is answered in parts.
        let all: &[Said<'_>] = &[
            (1, 16, ASKS, 5, Outbound, &[]),
            (500, 18, ASKS, 5, Outbound, &[]),
            (501, 16, MULTI, 5, Inbound, &[3]),
            (502, 18, ASKS, 5, Outbound, &[]),
            (503, 16, MULTI, 5, Inbound, &[3]),
            (504, 3, MULTI, 5, Inbound, &[3]),
        ];
        let answered = [500, 501].map(|number| (at(number), 1, GUESSED));
        let more = [503, 504].map(|number| (at(number), 1, GUESSED));
        let unknown = [1, 502].map(|number| (at(number), 0, Certainty::Unknown));
        assert_eq!(given(all, 9_000), [&answered[..], &more, &unknown].concat());
        // The next request by that number is answered anew.
        let again: &[Said<'_>] = &[
            (505, 18, ASKS, 5, Outbound, &[]),
            (506, 3, MULTI, 5, Inbound, &[3]),
        ];
        let given = given(&[all, again].concat(), 9_000);
        assert!(given.contains(&(at(505), 1, GUESSED)), "{given:?}");
        assert_eq!(given.last(), Some(&(at(502), 0, Certainty::Unknown)));
    }

    #[test]
    fn an_acknowledgement_is_of_the_request_whose_header_it_repeats() {
        use Direction::{Inbound, Outbound};
        let ours = sample::message(17, ASKS, 5, &[0; 16]);
        let others = sample::message(16, ASKS, 5, &[0; 16]);
        let ack = |request: &[u8]| {
            let payload = [&[0; 4], &request[..16]].concat();
            sample::message(2, flags::CAPPED, 5, &payload)
        };
        let mut held = Held::default();
        let mut given = Vec::new();
        for (number, bytes, direction, fds) in [
            (1, &ours, Outbound, &[][..]),
            (2, &others, Outbound, &[]),
            (3, &ack(&ours), Inbound, &[3]),
            (4, &ack(&others), Inbound, &[]),
        ] {
            let frame = sample::frame(number, 0, bytes);
            held.pair(&frame, known(direction, fds), &mut |frame, known| {
                given.push((frame.time, known.owners.len()));
            });
        }
        let expected = [(1, 1), (2, 0), (3, 1), (4, 0)].map(|(n, owners)| (at(n), owners));
        assert_eq!(given, expected);
    }

    #[test]
    fn what_is_late_takes_no_room_from_what_is_new() {
        let mut held = Held::default();
        let mut given = 0;
        let mut give = |_: &Frame<'_>, _: &Known| given += 1;
        let asks = sample::message(16, ASKS, 5, &vec![0; BYTES / 2]);
        for number in [1, 2, 3] {
            let known = known(Direction::Outbound, &[]);
            held.pair(&sample::frame(number, 0, &asks), known, &mut give);
        }
        held.take(&sample::frame(60, 0, &sample::message(16, 0, 6, &[])));
        held.release(at(70), at(60), &mut Owners::default(), &mut give);
        assert_eq!((held.new.len(), held.late.len()), (1, 1));
        assert_eq!(given, 2);
    }

    #[test]
    fn a_frame_waits_until_the_processes_were_looked_at_once_more() {
        let mut held = Held::default();
        let answer = sample::message(16, 0, 5, &[0; 16]);
        held.take(&sample::frame(10, 0, &answer));
        let mut count = |looked| {
            let mut count = 0;
            let give = &mut |_: &Frame<'_>, _: &Known| count += 1;
            held.release(at(99), looked, &mut Owners::default(), give);
            count
        };
        assert_eq!([count(at(9)), count(at(10)), count(at(11))], [0, 0, 1]);
    }
}
