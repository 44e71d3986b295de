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

use nl_dissector::decode::{Endian, flags, messages};

use super::owner::{Certainty, Direction, Known};
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

/// The frames that wait.
#[derive(Default)]
pub(in crate::record) struct Held {
    new: VecDeque<Kept>,
    all: VecDeque<Waiting>,
    /// Requests that what came after them did not wait for.
    late: VecDeque<Waiting>,
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
        let sequence = first.as_ref().map(|message| message.sequence);
        let asks = first.is_some_and(|message| message.flags & flags::REQUEST != 0);
        let open = sequence.filter(|_| asks && known.owners.is_empty());
        if known.direction == Direction::Inbound && known.certainty != Certainty::Group {
            let is_asked = |waiting: &Waiting| {
                waiting.open.is_some()
                    && waiting.open == sequence
                    && waiting.kept.interface == frame.interface
                    && waiting.kept.header.protocol == frame.header.protocol
            };
            if let Some(at) = self.all.iter().rposition(is_asked) {
                self.all[at].is_of(&known);
            } else if let Some(at) = self.late.iter().rposition(is_asked)
                && let Some(mut asked) = self.late.remove(at)
            {
                asked.is_of(&known);
                self.all.push_back(asked);
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

    /// Gives what is known, up to a request that is not answered yet but may be.
    fn flush(&mut self, now: Duration, give: &mut impl FnMut(&Frame<'_>, &Known)) {
        while let Some(first) = self.all.front() {
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

    /// Gives the requests from before a time that were not answered.
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
