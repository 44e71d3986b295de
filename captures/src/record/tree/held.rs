// SPDX-License-Identifier: GPL-2.0-or-later
//! Requests that wait until an answer says whose they are.
//!
//! What a process that runs already sends is not told to us, and its requests name no
//! port id as a rule. But the kernel answers a request while it takes it, and the answer
//! names the socket: so a request is held until a message with its sequence number comes,
//! and all that comes after it waits too, for the order's sake. Before that each frame
//! waits until the processes have been looked at once more: their new sockets are found
//! only then.

use std::collections::VecDeque;
use std::time::Duration;

use nl_dissector::decode::{Endian, flags, messages};

use super::owner::{Certainty, Direction, Known};
use super::owners::Owners;
use crate::file::cooked::Header;
use crate::file::writer::Frame;

/// How long a request waits for its answer.
const PATIENCE: Duration = Duration::from_millis(100);

/// How long a frame waits until its owner is looked for: longer than what lies between
/// two looks at the processes.
const DELAY: Duration = Duration::from_millis(200);

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

/// The frames that wait.
#[derive(Default)]
pub(in crate::record) struct Held {
    new: VecDeque<Kept>,
    all: VecDeque<Waiting>,
    bytes: usize,
}

impl Held {
    /// Takes a frame.
    pub(in crate::record) fn take(&mut self, frame: &Frame<'_>) {
        self.bytes += frame.messages.len();
        self.new.push_back(Kept::of(frame));
    }

    /// Gives what is known by now, or has waited long enough.
    pub(in crate::record) fn release(
        &mut self,
        now: Duration,
        owners: &mut Owners,
        give: &mut impl FnMut(&Frame<'_>, &Known),
    ) {
        while let Some(first) = self.new.front() {
            let is_much = self.new.len() > FRAMES || self.bytes > BYTES;
            if first.time.saturating_add(DELAY) > now && !is_much {
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
        self.flush(now, give);
    }

    /// Takes a frame of which is known what can be, with the request that it answers.
    fn pair(&mut self, frame: &Frame<'_>, known: Known, give: &mut impl FnMut(&Frame<'_>, &Known)) {
        let first = messages(frame.messages, Endian::native()).flatten().next();
        let sequence = first.as_ref().map(|message| message.sequence);
        let asks = first.is_some_and(|message| message.flags & flags::REQUEST != 0);
        let open = sequence.filter(|_| asks && known.owners.is_empty());
        if known.direction == Direction::Inbound && known.certainty != Certainty::Group {
            let asked = self.all.iter_mut().rev().find(|waiting| {
                waiting.open.is_some()
                    && waiting.open == sequence
                    && waiting.kept.interface == frame.interface
                    && waiting.kept.header.protocol == frame.header.protocol
            });
            if let Some(asked) = asked {
                asked.open = None;
                asked.known.owners = known.owners.clone();
                asked.known.certainty = known.certainty;
            }
        }
        if self.all.is_empty() && open.is_none() {
            return give(frame, &known);
        }
        self.bytes += frame.messages.len();
        self.all.push_back(Waiting {
            kept: Kept::of(frame),
            known,
            open,
        });
        self.flush(frame.time, give);
    }

    /// Gives what is known, or was not answered in time.
    fn flush(&mut self, now: Duration, give: &mut impl FnMut(&Frame<'_>, &Known)) {
        while let Some(first) = self.all.front() {
            let is_late = first.kept.time.saturating_add(DELAY + PATIENCE) < now;
            let is_much = self.all.len() > FRAMES || self.bytes > BYTES;
            if first.open.is_some() && !is_late && !is_much {
                return;
            }
            let Some(mut first) = self.all.pop_front() else {
                return;
            };
            self.bytes -= first.kept.messages.len();
            if first.open.is_some() {
                first.known.certainty = Certainty::Unknown;
            }
            give(&first.kept.frame(), &first.known);
        }
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

    #[test]
    fn a_request_waits_for_its_answer_and_what_follows_for_the_request() {
        use Direction::{Inbound, Outbound};
        let mut held = Held::default();
        let mut given = Vec::new();
        let mut take = |number, kind, flags, sequence, direction, fds: &[i32]| {
            let bytes = sample::message(kind, flags, sequence, &[0; 16]);
            let frame = sample::frame(number, 0, &bytes);
            held.pair(&frame, known(direction, fds), &mut |frame, known| {
                given.push((frame.time, known.owners.len(), known.certainty));
            });
        };
        take(1, 18, flags::REQUEST, 5, Outbound, &[]);
        take(2, 18, flags::REQUEST, 6, Outbound, &[]);
        take(3, 16, 0, 6, Inbound, &[]);
        take(4, 16, 0, 5, Inbound, &[3]);
        // Never answered.
        take(5, 18, flags::REQUEST, 9, Outbound, &[]);
        take(500, 16, 0, 77, Inbound, &[3]);
        let at = |number| sample::frame(number, 0, &[]).time;
        let guessed = Certainty::Guessed;
        assert_eq!(
            given,
            [
                (at(1), 1, guessed),
                (at(2), 0, guessed),
                (at(3), 0, guessed),
                (at(4), 1, guessed),
                (at(5), 0, Certainty::Unknown),
                (at(500), 1, guessed),
            ]
        );
    }
}
